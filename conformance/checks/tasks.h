/* tasks: what the tests share that is to be done inside tasks. Nothing here asserts. */
#ifndef TASKS_H
#define TASKS_H

#include "check.h"

#include <stdatomic.h>

/* Fail with the error of a call that must work. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        int error_ = (int)(call);                                                                  \
        if (error_ < 0)                                                                            \
            return error_;                                                                         \
    } while (0)

/* A task that returns 0. */
int return_0(void *arg);

/* miou_call, pinned. */
int call_on(int domain, miou_promise **promise, miou_task *fn, void *arg);

/* Call it, await it, and give its promise back; returns how it ended. */
int run_on(int domain, miou_task *fn, void *arg);

/* Yield so often that every other task of the domain that can go on has. */
int yield_awhile(void);

/* Wait until it is so, with the thread, as none of the tasks of a domain may. */
void until(atomic_bool *flag);

#endif
