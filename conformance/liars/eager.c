/* Not quite a liar: a runtime without a scheduler, whose tasks run when they are spawned and whose
 * outcomes are true. What the driver says about an execution on it is known beforehand. */
#include "liar.h"

#include <stdlib.h>

struct miou_promise {
    int outcome;
};

struct miou_resource {
    miou_finaliser *finaliser;
    void *value;
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
