/* Not quite a liar: a runtime without a scheduler. It runs each task when it is spawned, and
 * returns true outcomes. What the driver prints about an execution on it can be predicted. */
#include "liar.h"

#include <stdlib.h>

struct miou_promise {
    int outcome;
};

struct miou_resource {
    miou_finaliser *finaliser;
    void *value;
};

struct miou_lazy {
    miou_task *fn; /* NULL: computed */
    void *arg;
    int value;
};

struct miou_computation {
    int complete;
    int outcome;
};

RUN
{
    return fn(arg);
}

EXPORT int miou_async(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    (void)options;
    if (!promise)
        return -22;
    *promise = malloc(sizeof **promise);
    (*promise)->outcome = fn(arg);
    return 0;
}

EXPORT int miou_call(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    (void)promise, (void)options, (void)fn, (void)arg;
    return MIOU_NO_DOMAIN_AVAILABLE;
}

EXPORT int miou_await(miou_promise *promise, int *outcome)
{
    if (!promise)
        return -22;
    if (outcome)
        *outcome = promise->outcome;
    return 0;
}

EXPORT int miou_parallel(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        outcomes[i] = fn(args[i]);
    return 0;
}

EXPORT int miou_resource_create(miou_resource **resource, miou_finaliser *finaliser, void *value)
{
    *resource = malloc(sizeof **resource);
    **resource = (miou_resource){finaliser, value};
    return 0;
}

EXPORT int miou_release(miou_resource *resource)
{
    resource->finaliser(resource->value);
    return 0;
}

EXPORT int miou_cancel(miou_promise *promise)
{
    (void)promise;
    return MIOU_CANCELLED;
}

EXPORT int miou_await_all(int *outcomes, miou_promise *const *promises, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (miou_await(promises[i], &outcomes[i]))
            return -22;
    return 0;
}

EXPORT int miou_await_one(size_t *which, int *outcome, miou_promise *const *promises, size_t count)
{
    if (count == 0)
        return -22;
    *which = count - 1;
    return miou_await(promises[*which], outcome);
}

/* Does not tell which one. */
EXPORT int miou_await_first(size_t *which, int *outcome, miou_promise *const *promises,
                            size_t count)
{
    (void)which;
    return miou_await(promises[count - 1], outcome);
}

EXPORT int miou_promise_state(miou_promise *promise)
{
    return !promise ? -22 : promise->outcome >= 0 ? MIOU_STATE_FINISHED : MIOU_STATE_FAILED;
}

EXPORT int miou_orphans_take(miou_promise **promise, miou_orphans *orphans)
{
    static miou_promise one = {.outcome = 7};

    (void)orphans;
    *promise = &one;
    return 1;
}

EXPORT int miou_orphans_get(int *outcome, miou_orphans *orphans)
{
    (void)orphans;
    *outcome = 8;
    return 1;
}

EXPORT int miou_orphans_length(miou_orphans *orphans)
{
    (void)orphans;
    return 9;
}

EXPORT int miou_sleep(int64_t nanoseconds)
{
    return nanoseconds == 1234000000 ? 0 : -22;
}

EXPORT int miou_lazy_create(miou_lazy **lazy, miou_task *fn, void *arg)
{
    *lazy = malloc(sizeof **lazy);
    **lazy = (miou_lazy){.fn = fn, .arg = arg};
    return 0;
}

EXPORT int miou_lazy_force(miou_lazy *lazy, int *outcome)
{
    if (lazy->fn)
        lazy->value = lazy->fn(lazy->arg);
    lazy->fn = NULL;
    *outcome = lazy->value;
    return 0;
}

EXPORT int miou_computation_create(miou_computation **computation)
{
    *computation = calloc(1, sizeof **computation);
    return 0;
}

EXPORT int miou_computation_complete(miou_computation *computation, int outcome)
{
    if (computation->complete)
        return -114;
    *computation = (miou_computation){1, outcome};
    return 0;
}

EXPORT int miou_computation_peek(miou_computation *computation, int *outcome)
{
    *outcome = computation->outcome;
    return computation->complete;
}

EXPORT int miou_computation_await(miou_computation *computation, int *outcome)
{
    *outcome = computation->outcome;
    return 0;
}

/* Returns another error of mutexes at each call, if the mutex is not NULL. */
EXPORT int miou_mutex_lock(miou_mutex *mutex)
{
    static const int errors[] = {0, -35, -1, -11, -16, MIOU_UNDEFINED, MIOU_DEADLOCK};
    static size_t next;

    return mutex ? errors[next++ % (sizeof errors / sizeof *errors)] : -22;
}

EXPORT int miou_mutex_create(miou_mutex **mutex)
{
    *mutex = malloc(1);
    return 0;
}

EXPORT int miou_condition_create(miou_condition **condition)
{
    *condition = malloc(1);
    return 0;
}

EXPORT int miou_condition_wait(miou_condition *condition, miou_mutex *mutex)
{
    return condition && mutex ? 0 : -22;
}
