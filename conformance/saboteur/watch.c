/* watch: a record for each task, found through the calling thread or through its promise. Records
 * are never freed, since a mutant's process does not live long. */
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

void (*watch_at_start)(struct task *self);
int (*watch_at_end)(struct task *self, int value);

/* ---- Objects that are known by their address ---- */

#ifndef WATCH_BITS
#define WATCH_BITS 16
#endif

enum { BUCKETS = 1 << WATCH_BITS };

struct object {
    const void *address;
    struct task *task; /* if it is a promise */
    atomic_int mark;
    struct object *next;
};

static struct object *buckets[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct object *look_up(const void *address)
{
    uint64_t hash = (uint64_t)(uintptr_t)address * 0x9e3779b97f4a7c15u;
    struct object **bucket = &buckets[hash >> (64 - WATCH_BITS)], *object;

    pthread_mutex_lock(&lock);
    for (object = *bucket; object && object->address != address; object = object->next)
        ;
    if (!object) {
        object = calloc(1, sizeof *object);
        if (!object)
            abort();
        object->address = address;
        object->next = *bucket;
        *bucket = object;
    }
    pthread_mutex_unlock(&lock);
    return object;
}

atomic_int *watch_mark(const void *address)
{
    return &look_up(address)->mark;
}

struct task *watch_task(const miou_promise *promise)
{
    return promise ? look_up(promise)->task : NULL;
}

/* ---- Tasks ---- */

struct task *watch_self(void)
{
    return saboteur_caller;
}

bool watch_settled(const struct task *child)
{
    return child->awaited || child->cancelled;
}

struct task *watch_unsettled(struct task *child)
{
    while (child && watch_settled(child))
        child = child->next;
    return child;
}

static int watched_task(void *arg)
{
    struct task *self = arg;
    int value;

    saboteur_caller = self;
    self->begun = true;
    if (watch_at_start)
        watch_at_start(self);
    value = self->fn(self->arg);
    saboteur_caller = self;
    self->value = watch_at_end ? watch_at_end(self, value) : value;
    self->returned = true;
    return self->value;
}

static struct task *new_task(miou_task *fn, void *arg)
{
    struct task *task = calloc(1, sizeof *task);

    if (!task)
        abort();
    task->fn = fn;
    task->arg = arg;
    task->parent = saboteur_caller;
    task->depth = saboteur_caller ? saboteur_caller->depth + 1 : 0;
    return task;
}

int watch_run(const miou_options *options, miou_task *fn, void *arg)
{
    struct task *outer = saboteur_caller;
    int result;

    if (!fn || outer)
        return true_miou_run(options, fn, arg);
    result = true_miou_run(options, watched_task, new_task(fn, arg));
    saboteur_caller = NULL;
    return result;
}

static int watched_spawn(spawner *spawn, miou_promise **promise, const miou_spawn *options,
                         miou_task *fn, void *arg)
{
    miou_orphans *orphans = options ? options->orphans : NULL;
    struct task *child;
    int result;

    if (!fn || (!promise && !orphans))
        return spawn(promise, options, fn, arg);
    child = new_task(fn, arg);
    child->orphans = orphans;
    result = spawn(&child->promise, options, watched_task, child);
    if (result < 0) {
        free(child);
        return result;
    }
    look_up(child->promise)->task = child;
    if (saboteur_caller) {
        child->next = saboteur_caller->children;
        saboteur_caller->children = child;
    }
    if (promise)
        *promise = child->promise;
    return result;
}

int watch_async(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    return watched_spawn(true_miou_async, promise, options, fn, arg);
}

int watch_call(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    return watched_spawn(true_miou_call, promise, options, fn, arg);
}

int watch_call_marked(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    int result = watch_call(promise, options, fn, arg);

    if (result == 0 && promise)
        watch_task(*promise)->mark = 1;
    return result;
}

int watch_parallel(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    struct task *self = saboteur_caller;
    void **tasks;
    size_t i;
    int result;

    if (!fn || !args || count == 0)
        return true_miou_parallel(outcomes, fn, args, count);
    tasks = calloc(count, sizeof *tasks);
    if (!tasks)
        return -ENOMEM;
    for (i = 0; i < count; i++)
        tasks[i] = new_task(fn, args[i]);
    result = true_miou_parallel(outcomes, watched_task, tasks, count);
    saboteur_caller = self;
    free(tasks);
    return result;
}

int watch_yield(void)
{
    struct task *self = saboteur_caller;
    int result = true_miou_yield();

    saboteur_caller = self;
    return result;
}

int watch_await(miou_promise *promise, int *outcome)
{
    struct task *self = saboteur_caller, *child = watch_task(promise);
    int result = true_miou_await(promise, outcome);

    saboteur_caller = self;
    if (result == 0 && child)
        child->awaited = true;
    return result;
}

int watch_cancel(miou_promise *promise)
{
    struct task *self = saboteur_caller, *child = watch_task(promise);
    int result = true_miou_cancel(promise);

    saboteur_caller = self;
    if (result == 0 && child)
        child->cancelled = true;
    return result;
}
