/* records: a record for each resource, which the true finaliser gets as its value. Records are
 * never freed, since a mutant's process does not live long. */
#include "records.h"

#include <stdlib.h>

void (*record_finalise)(struct record *record);

static _Atomic(struct record *) newest;

struct record *records(void)
{
    return atomic_load(&newest);
}

struct record *record_of(const miou_resource *resource)
{
    struct record *record = records();

    while (record && record->resource != resource)
        record = record->older;
    return record;
}

bool record_is_mine(const struct record *record)
{
    return true_miou_check(record->resource) == 0;
}

void records_end_mine(int (*end)(miou_resource *resource))
{
    struct record *record;

    for (record = records(); record; record = record->older)
        if (record_is_mine(record))
            end(record->resource);
}

/* miou_care never suspends, and is refused in a cancelled task. */
bool self_is_cancelled(void)
{
    miou_orphans *orphans;
    miou_promise *promise;
    bool cancelled;

    if (true_miou_orphans_create(&orphans) < 0)
        return false;
    cancelled = true_miou_care(&promise, orphans) == MIOU_CANCELLED;
    true_miou_orphans_free(orphans);
    return cancelled;
}

static void finalise(void *value)
{
    struct record *record = value;

    if (record_finalise)
        record_finalise(record);
    else
        record->finaliser(record->value);
}

int record_create(miou_resource **resource, miou_finaliser *finaliser, void *value)
{
    struct record *record;
    int error;

    if (!resource || !finaliser)
        return true_miou_resource_create(resource, finaliser, value);
    record = calloc(1, sizeof *record);
    if (!record)
        abort();
    record->finaliser = finaliser;
    record->value = value;
    error = true_miou_resource_create(&record->resource, finalise, record);
    if (error < 0) {
        free(record);
        return error;
    }
    *resource = record->resource;
    record->older = records();
    while (!atomic_compare_exchange_weak(&newest, &record->older, record))
        ;
    return 0;
}

int record_own(miou_resource *resource)
{
    int error = true_miou_own(resource);
    struct record *record = error == 0 ? record_of(resource) : NULL;

    if (record) {
        record->owner = watch_self();
        record->domain = true_miou_domain_self();
    }
    return error;
}

static int spawn(spawner *spawn_watched, miou_promise **promise, const miou_spawn *options,
                 miou_task *fn, void *arg)
{
    bool kept = promise || (options && options->orphans);
    miou_promise *child;
    int error = spawn_watched(kept ? &child : NULL, options, fn, arg);
    size_t i;

    for (i = 0; error == 0 && options && i < options->give_count; i++) {
        struct record *record = record_of(options->give[i]);

        if (record)
            record->given = watch_task(child);
    }
    if (error == 0 && promise)
        *promise = child;
    return error;
}

int record_async(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    return spawn(watch_async, promise, options, fn, arg);
}

int record_call(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    return spawn(watch_call, promise, options, fn, arg);
}
