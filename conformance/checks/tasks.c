/* tasks: what the tests share that is to be done inside tasks. */
#include "tasks.h"

#include <sched.h>

int return_0(void *arg)
{
    (void)arg;
    return 0;
}

int call_on(int domain, miou_promise **promise, miou_task *fn, void *arg)
{
    return miou_call(promise, &(miou_spawn){.pin = &domain}, fn, arg);
}

int run_on(int domain, miou_task *fn, void *arg)
{
    miou_promise *promise;
    int outcome;

    TRY(call_on(domain, &promise, fn, arg));
    TRY(miou_await(promise, &outcome));
    TRY(miou_promise_free(promise));
    return outcome;
}

int yield_awhile(void)
{
    int i;

    for (i = 0; i < 100; i++)
        TRY(miou_yield());
    return 0;
}

void until(atomic_bool *flag)
{
    while (!atomic_load(flag))
        sched_yield();
}
