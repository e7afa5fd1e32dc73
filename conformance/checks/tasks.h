/* tasks: functions for use inside tasks, which the checks share. Nothing here asserts. */
#ifndef TASKS_H
#define TASKS_H

#include "check.h"

#include <stdatomic.h>

/* Fail with the error of a call that must work. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        CALL_HERE;                                                                                 \
        int error_ = (int)(call);                                                                  \
        if (error_ < 0)                                                                            \
            return note_error(error_, #call, __FILE__, __LINE__);                                  \
    } while (0)

/* In nanoseconds. */
static const int64_t MILLISECOND = 1000000, HOUR = 3600000000000;

/* The monotonic clock, in nanoseconds. Checks ask that something was long enough, never that it was
 * short. */
int64_t now(void);

/* Tasks: return 0; return the argument, a number; yield until cancelled, and return 0; sleep for an
 * hour. */
int return_0(void *arg);
int return_number(void *number);
int yield_for_ever(void *arg);
int sleep_an_hour(void *arg);

/* A finaliser that does nothing; and a task that leaks a resource, and so ends the run. */
void ignore(void *value);
int leak(void *unused);

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

/* Spawn a task on a domain, await it and give its promise back; returns how it ended. */
int run_on(int domain, miou_task *fn, void *arg);

/* Spawn a task on this domain and cancel it while it waits: in its first call that can suspend or,
 * if there is a flag, in the first one after it has raised the flag. */
int cancel_waiting(miou_task *fn, void *arg, atomic_bool *waits);

/* A task that yields until it is cancelled, and ends some milliseconds later. */
struct slow {
    atomic_bool begun, ended;
};

int end_slowly(void *slow);

/* How often a task yields at most until another thread has done something: far more often than a
 * right runtime needs. */
enum { LONG_PATIENCE = 20000000 };

/* Yield until every other task of the domain that is ready has gone on. */
int let_others_run(void);

/* Waste a moment that varies from round to round, so that another domain is awake, asleep or just
 * falling asleep. */
void dawdle(int round);

/* How much the process has grown by something that was done again and again. */
struct growth {
    long each;  /* bytes that a round leaves behind, if it leaves anything */
    int rounds; /* how often it was done */
    int measured;
    long bytes; /* by how many it grew in those of the rounds in which it grew least */
    bool slow;  /* it was done less often in them than asked for */
};

/* Call once(arg) some times, and then as often again, this many times in the end, until the process
 * grows no more; but only four times as often as this: what a runtime keeps for later is full then.
 * So few rounds acquit, and only all accuse. A runtime that needs long for it makes fewer rounds,
 * and may keep more. `times` is a multiple of 8, and `each` the bytes that a round leaves behind,
 * if it leaves anything. Returns an error of once, or -ENOTSUP if memory cannot be measured. */
int grow_by(struct growth *growth, int times, long each, int (*once)(void *arg), void *arg);

/* Whether each round has left its bytes behind, beyond what is lost once. */
bool grew(const struct growth *growth);

/* Yield to the tasks of this domain, and now and then the processor to the threads of others: one
 * that waits for another domain may be in its way. */
int yield_to_all(void);

/* Do so until a flag is up. Returns an error of miou_yield. */
int yield_until(atomic_bool *flag);

/* Wait for a flag without suspending the task, which holds up the whole domain. */
void until(atomic_bool *flag);

#endif
