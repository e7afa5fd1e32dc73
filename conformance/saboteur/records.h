/* records: follows the resources of the true runtime from outside, for mutants that must know what
 * a task owns, or that stand between a resource and its finaliser. It breaks no rule itself. */
#ifndef RECORDS_H
#define RECORDS_H

#include "watch.h"

struct record {
    miou_resource *resource;
    miou_finaliser *finaliser;
    void *value;
    _Atomic(struct task *) owner; /* the last to call miou_own; NULL: none has */
    _Atomic(struct task *) given; /* the last child it was given to; NULL: none */
    atomic_int domain;            /* the owner's */
    atomic_int mark;              /* for the mutant's own use: 0 at first */
    struct record *older;
};

/* All resources, the last one made first; and the record of one, or NULL. */
struct record *records(void);
struct record *record_of(const miou_resource *resource);

/* Whether the calling task owns it. */
bool record_is_mine(const struct record *record);

/* Call true_miou_release or true_miou_disown for all that the calling task owns, the last one made
 * first. */
void records_end_mine(int (*end)(miou_resource *resource));

/* Whether the calling task is cancelled. */
bool self_is_cancelled(void);

/* Called instead of the finaliser, if set. */
extern void (*record_finalise)(struct record *record);

int record_create(miou_resource **resource, miou_finaliser *finaliser, void *value);
int record_own(miou_resource *resource);
int record_async(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);
int record_call(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);

/* What every mutant that follows resources replaces, beside run. */
#define RECORDED                                                                                   \
    .async = record_async, .call = record_call, .parallel = watch_parallel, .yield = watch_yield,  \
    .await = watch_await, .cancel = watch_cancel, .resource_create = record_create

/* A mutant that calls its function of the same name in place of every finaliser; and one that calls
 * it at the end of each task. */
#define MUTANT_FINALISING(rule_, name_, ...)                                                       \
    MUTANT_RECORDING(rule_, name_, record_finalise = name_, __VA_ARGS__)
#define MUTANT_LEAVING(rule_, name_, ...)                                                          \
    MUTANT_RECORDING(rule_, name_, watch_at_end = name_, __VA_ARGS__)
#define MUTANT_RECORDING(rule_, name_, set_up_, ...)                                               \
    static int run_##name_(const miou_options *options, miou_task *fn, void *arg)                  \
    {                                                                                              \
        set_up_;                                                                                   \
        return watch_run(options, fn, arg);                                                        \
    }                                                                                              \
    MUTANT(rule_, name_, RECORDED, .run = run_##name_, __VA_ARGS__)

#endif
