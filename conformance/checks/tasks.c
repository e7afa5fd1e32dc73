/* tasks: functions for use inside tasks, which the checks share. */
#include "tasks.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int return_0(void *arg)
{
    (void)arg;
    return 0;
}

int return_number(void *number)
{
    return (int)(intptr_t)number;
}

int count_one(void *number)
{
    ++*(int *)number;
    return 0;
}

int yield_for_ever(void *arg)
{
    (void)arg;
    while (yield_to_all() == 0)
        ;
    return 0;
}

void ignore(void *value)
{
    (void)value;
}

int leak(void *unused)
{
    miou_resource *resource;

    (void)unused;
    TRY(miou_resource_create(&resource, ignore, NULL));
    return miou_own(resource);
}

int call_on(int domain, miou_promise **promise, miou_task *fn, void *arg)
{
    return miou_call(promise, &(miou_spawn){.pin = &domain}, fn, arg);
}

int spawn_on(int domain, miou_promise **promise, miou_task *fn, void *arg)
{
    return domain == 0 ? miou_async(promise, NULL, fn, arg) : call_on(domain, promise, fn, arg);
}

int await_and_free(miou_promise *promise)
{
    int outcome;

    TRY(miou_await(promise, &outcome));
    TRY(miou_promise_free(promise));
    return outcome;
}

int run_on(int domain, miou_task *fn, void *arg)
{
    miou_promise *promise;

    TRY(spawn_on(domain, &promise, fn, arg));
    return await_and_free(promise);
}

struct waiting {
    miou_task *fn;
    void *arg;
    atomic_bool begun, *waits;
};

static int wait_or_end(void *arg)
{
    struct waiting *t = arg;
    int result;

    atomic_store(&t->begun, true);
    result = t->fn(t->arg);
    atomic_store(t->waits, true); /* it has failed before */
    return result;
}

/* Its call may let others run for some turns before it waits. */
int cancel_waiting(miou_task *fn, void *arg, atomic_bool *waits)
{
    struct waiting t = {.fn = fn, .arg = arg};
    miou_promise *promise;

    t.waits = waits ? waits : &t.begun;
    TRY(miou_async(&promise, NULL, wait_or_end, &t));
    TRY(yield_until(t.waits));
    TRY(let_others_run());
    return miou_cancel(promise);
}

int sleep_an_hour(void *arg)
{
    (void)arg;
    return miou_sleep(HOUR);
}

int end_slowly(void *arg)
{
    struct slow *slow = arg;

    atomic_store(&slow->begun, true);
    while (miou_yield() == 0)
        ;
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    atomic_store(&slow->ended, true);
    return 0;
}

int let_others_run(void)
{
    int i;

    for (i = 0; i < 100; i++)
        TRY(miou_yield());
    return 0;
}

void dawdle(int round)
{
    volatile int left = round * 37 % 256 * 16;

    while (left > 0)
        left--;
}

/* Leave the processor to others for a moment; but not for ever, so that a check that waits in vain
 * is seen to work. */
static void rest(void)
{
    enum { RESTS = 5000 };
    static atomic_int rests;

    if (atomic_fetch_add_explicit(&rests, 1, memory_order_relaxed) < RESTS)
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    else
        sched_yield();
}

int yield_to_all(void)
{
    const unsigned rarely = 256; /* other tasks of the domain may need many turns */
    static _Thread_local unsigned count;

    if (++count % rarely == 0)
        rest();
    return miou_yield();
}

int yield_until(atomic_bool *flag)
{
    while (!atomic_load(flag))
        TRY(yield_to_all());
    return 0;
}

void until(atomic_bool *flag)
{
    const int soon = 64;
    int looks;

    for (looks = 0; !atomic_load(flag); looks++)
        if (looks < soon)
            sched_yield();
        else
            rest();
}

/* Returns how many rounds there were, or an error. The time decides only how exactly is measured.
 */
static int go_round(int least, int most, int (*once)(void *arg), void *arg)
{
    const int64_t patience = 4000 * MILLISECOND;
    int64_t begun = now();
    int i;

    for (i = 0; i < most && (i < least || now() - begun < patience); i++)
        TRY(once(arg));
    return i;
}

int grow_by(struct growth *growth, int times, long each, int (*once)(void *arg), void *arg)
{
    const int least = times / 20, tries = 4;
    int most = times / 8, tried = 0, measured;
    long before, bytes;

    growth->each = each;
    TRY(growth->rounds = go_round(least, most, once, arg));
    do {
        before = memory_resident();
        TRY(measured = go_round(least, most, once, arg));
        growth->rounds += measured;
        bytes = memory_resident() - before;
        if (before < 0)
            return -ENOTSUP;
        if (tried == 0 || bytes < growth->bytes) {
            growth->bytes = bytes;
            growth->measured = measured;
            growth->slow = measured < most;
        }
        if (most < times)
            most *= 2;
        else
            tried++;
    } while (growth->bytes >= each * growth->measured && tried < tries);
    return 0;
}

bool grew(const struct growth *growth)
{
    const long once = growth->slow ? 2 << 20 : 128 << 10;

    return growth->bytes >= growth->each * growth->measured + once;
}
