/* sync: what the checks of chapter 9 share. */
#ifndef SYNC_H
#define SYNC_H

#include "tasks.h"

enum { BOOM = MIOU_LAST - 1, DOMAINS = 2, ROUNDS = 300 };

/* Return this line's number unless a call returns what is expected. If the run returns it as well,
 * a failure tells the call. */
#define EXPECT(call_, expected_)                                                                   \
    do {                                                                                           \
        long long code_ = (call_), right_ = (expected_);                                           \
        if (code_ != right_)                                                                       \
            return note_other(code_, #expected_, right_, #call_, __FILE__, __LINE__);              \
    } while (0)

/* Spawn this many tasks of fn(arg), at most 64, on all domains in turn, and await them. Returns the
 * sum of what they returned, or an error. */
int spread(int count, miou_task *fn, void *arg);

#endif
