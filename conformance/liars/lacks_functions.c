/* A liar: has only a few functions, which run the main task and do nothing else. */
#include "liar.h"

RUN
{
    return fn(arg);
}

EXPORT int miou_domain_self(void)
{
    return 0;
}

EXPORT int miou_await(miou_promise *promise, int *outcome)
{
    (void)promise;
    if (outcome)
        *outcome = 0;
    return 0;
}

EXPORT int miou_async(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    (void)promise, (void)options, (void)fn, (void)arg;
    return 0;
}
