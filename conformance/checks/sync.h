/* sync: what the checks of chapter 9 share. */
#ifndef SYNC_H
#define SYNC_H

#include "tasks.h"

enum { BOOM = MIOU_LAST - 1, DOMAINS = 2, ROUNDS = 300 };

/* Return this line's number unless a call returns what is expected. */
#define EXPECT(call_, expected_)                                                                   \
    do {                                                                                           \
        if ((call_) != (expected_))                                                                \
            return __LINE__;                                                                       \
    } while (0)

/* The same in the check itself: if the run returns a line, its tasks have failed there. */
#define assert_run(domains_, fn_, arg_) expect_code(run_with(domains_, fn_, arg_), 0)

/* Spawn this many tasks of fn(arg), at most 64, on all domains in turn, and await them. Returns the
 * sum of what they returned, or an error. */
int spread(int count, miou_task *fn, void *arg);

#endif
