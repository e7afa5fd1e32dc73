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

/* Tasks: return 0; return the argument, a number; yield until cancelled, and return 0. */
int return_0(void *arg);
int return_number(void *number);
int yield_for_ever(void *arg);

/* A task that adds 1 to the int that is its argument, and returns 0. */
int count_one(void *number);

/* miou_async or miou_call. */
typedef int spawner(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);

/* miou_call, pinned. */
int call_on(int domain, miou_promise **promise, miou_task *fn, void *arg);

/* Spawn a task on a domain: on dom0, if the caller runs there, or, pinned, on another. */
int spawn_on(int domain, miou_promise **promise, miou_task *fn, void *arg);

/* Await a child and give its promise back; returns how it ended. */
int await_and_free(miou_promise *promise);

/* Spawn a task on a domain, and await it so. */
int run_on(int domain, miou_task *fn, void *arg);

/* Spawn a task on this domain, let it come to wait, and cancel it. */
int cancel_who_waits(miou_task *fn, void *arg);

/* A task of another domain that takes its time: yields until cancelled, and then does not look up
 * for some milliseconds. */
struct slow {
    atomic_bool begun, ended;
};

int end_slowly(void *slow);

/* Yield so often that every other task of the domain that can go on has. */
int let_others_run(void);

/* Idle for a moment that differs from round to round, so that another domain is met awake, asleep
 * and, above all, on its way between. */
void dawdle(int round);

/* Do something so often, and then as often once more: by how many bytes the process grew meanwhile.
 * Fails as what is done does, or with -ENOTSUP if it cannot be told. */
int grow_by(long *bytes, int times, int (*once)(void *arg), void *arg);

/* Wait until it is so, with the thread, as none of the tasks of a domain may. */
void until(atomic_bool *flag);

#endif
