/* watch: follows the tasks of the true runtime from outside, for mutants that must know the calling
 * task, the child of a promise, or how a task ended. It breaks no rule itself. */
#ifndef WATCH_H
#define WATCH_H

#include "saboteur.h"

#include <stdatomic.h>
#include <stdbool.h>

struct task {
    miou_task *fn;
    void *arg;
    struct task *parent; /* NULL: main */
    miou_promise *promise;
    miou_orphans *orphans; /* that keeps the promise, or NULL */
    struct task *children; /* the last one spawned first, linked by next */
    struct task *next;
    int depth; /* of main: 0 */
    atomic_bool begun;
    atomic_bool returned; /* its function has returned value */
    int value;
    bool awaited, cancelled; /* by its parent */
    atomic_int mark;         /* for the mutant's own use, here and below: 0 at first */
};

/* The calling task; NULL if it was not spawned through here. The task of a promise, or NULL. */
struct task *watch_self(void);
struct task *watch_task(const miou_promise *promise);

/* A mark for any object, 0 at first. */
atomic_int *watch_mark(const void *object);

/* Whether a child has been awaited or cancelled; and the first that has not, from this one on. */
bool watch_settled(const struct task *child);
struct task *watch_unsettled(struct task *child);

/* Called when a task starts. */
extern void (*watch_at_start)(struct task *self);

/* Called when a task's function has returned; returns the value to use instead. */
extern int (*watch_at_end)(struct task *self, int value);

/* miou_async or miou_call. */
typedef int spawner(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);

/* The interface's functions, which record what they do. Mutants call these or the true ones.
 * watch_call_marked also marks the child with 1. */
int watch_run(const miou_options *options, miou_task *fn, void *arg);
int watch_async(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);
int watch_call(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);
int watch_call_marked(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);
int watch_parallel(int *outcomes, miou_task *fn, void *const *args, size_t count);
int watch_yield(void);
int watch_await(miou_promise *promise, int *outcome);
int watch_cancel(miou_promise *promise);

/* What every mutant that watches replaces, beside run, await and cancel. */
#define WATCHED                                                                                    \
    .async = watch_async, .call = watch_call, .parallel = watch_parallel, .yield = watch_yield

/* A mutant that calls its function of the same name at the end of each task. */
#define MUTANT_AT_END(rule_, name_, ...)                                                           \
    static int run_##name_(const miou_options *options, miou_task *fn, void *arg)                  \
    {                                                                                              \
        watch_at_end = name_;                                                                      \
        return watch_run(options, fn, arg);                                                        \
    }                                                                                              \
    MUTANT(rule_, name_, WATCHED, .run = run_##name_, __VA_ARGS__)

#endif
