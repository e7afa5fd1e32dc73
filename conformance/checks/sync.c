/* sync: what the tests of chapter 9 share, and the rules that hold for all its objects. */
#include "sync.h"

#include <errno.h>

int spawn_on(miou_promise **promise, int domain, miou_task *fn, void *arg)
{
    if (domain == miou_domain_self())
        return miou_async(promise, NULL, fn, arg);
    return miou_call(promise, &(miou_spawn){.pin = &domain}, fn, arg);
}

int spawn_and_await(int domain, miou_task *fn, void *arg)
{
    miou_promise *promise;
    int outcome;

    TRY(spawn_on(&promise, domain, fn, arg));
    TRY(miou_await(promise, &outcome));
    TRY(miou_promise_free(promise));
    return outcome;
}

int spread(int count, miou_task *fn, void *arg)
{
    enum { MOST = 64 };
    miou_promise *promises[MOST];
    int sum = 0, outcome, i;

    if (count > MOST)
        return -EINVAL;
    for (i = 0; i < count; i++)
        TRY(spawn_on(&promises[i], i % (miou_domain_available() + 1), fn, arg));
    for (i = 0; i < count; i++) {
        TRY(miou_await(promises[i], &outcome));
        TRY(outcome);
        TRY(miou_promise_free(promises[i]));
        sum += outcome;
    }
    return sum;
}

void dawdle(int round)
{
    volatile int left = round * 37 % 256 * 16;

    while (left > 0)
        left--;
}
