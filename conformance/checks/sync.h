/* sync: what the tests of chapter 9 share. */
#ifndef SYNC_H
#define SYNC_H

#include "check.h"

enum { BOOM = MIOU_LAST - 1 };

/* Return the error of a call, if it has one. */
#define TRY(call_)                                                                                 \
    do {                                                                                           \
        int error_ = (call_);                                                                      \
                                                                                                   \
        if (error_ < 0)                                                                            \
            return error_;                                                                         \
    } while (0)

/* Spawn fn(arg) on a domain, be it the caller's own. */
int spawn_on(miou_promise **promise, int domain, miou_task *fn, void *arg);

/* Spawn it, wait for it and give its promise back; returns its outcome. */
int spawn_and_await(int domain, miou_task *fn, void *arg);

/* Spawn so many tasks of fn(arg), over all domains in turn, await them, and give their promises
 * back. Returns the sum of what they returned, or an error. */
int spread(int count, miou_task *fn, void *arg);

/* Idle for a moment that differs from round to round. */
void dawdle(int round);

#endif
