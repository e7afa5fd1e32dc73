/* sync: what the tests of chapter 9 share. */
#ifndef SYNC_H
#define SYNC_H

#include "tasks.h"

enum { BOOM = MIOU_LAST - 1, DOMAINS = 2, ROUNDS = 300 };

/* Return this line's number if a call comes to anything else than expected. */
#define EXPECT(call_, expected_)                                                                   \
    do {                                                                                           \
        if ((call_) != (expected_))                                                                \
            return __LINE__;                                                                       \
    } while (0)

/* The same in a test itself: a task that returned a line has failed there. */
#define assert_run(domains_, fn_, arg_) assert_int_equal(run_with(domains_, fn_, arg_), 0)

/* Spawn so many tasks of fn(arg), at most 64, over all domains in turn, and wait for them. Returns
 * the sum of what they returned, or an error. */
int spread(int count, miou_task *fn, void *arg);

#endif
