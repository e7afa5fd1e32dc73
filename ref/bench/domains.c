/* domains.c: calls a task on another domain and awaits it, beside two bare threads that wake
 * each other by futex. The cost of waking a thread depends mostly on the processor on which it
 * sleeps, so both sides are bound to processors: to the same one, or to two. */
#include "bench.h"
#include "miou_unix.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROUND_TRIPS = 20000 };

/* Bind the calling thread to the nth of the allowed processors, or to the last one. */
static void bind_to(const cpu_set_t *allowed, size_t nth)
{
    cpu_set_t one;
    int cpu, chosen = -1;

    for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, allowed)) {
            chosen = cpu;
            if (nth-- == 0)
                break;
        }
    CPU_ZERO(&one);
    CPU_SET(chosen, &one);
    sched_setaffinity(0, sizeof one, &one);
}

struct trip {
    cpu_set_t allowed;
    size_t processors; /* 1 or 2 */
    double cost;
};

/* ---- ours */

static int bind_worker(void *arg)
{
    const struct trip *trip = arg;

    bind_to(&trip->allowed, trip->processors - 1);
    return 0;
}

static void call_and_await(miou_task *fn, void *arg)
{
    miou_promise *promise;

    must("call", miou_call(&promise, NULL, fn, arg));
    must("await", miou_await(promise, NULL));
    must("promise_free", miou_promise_free(promise));
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int round_trips(void *arg)
{
    struct trip *trip = arg;
    double start;
    int i;

    call_and_await(bind_worker, trip);
    start = nanoseconds();
    for (i = 0; i < ROUND_TRIPS; i++)
        call_and_await(nothing, NULL);
    trip->cost = (nanoseconds() - start) / ROUND_TRIPS;
    return 0;
}

double call_ours(size_t processors)
{
    struct trip trip = {.processors = processors};

    sched_getaffinity(0, sizeof trip.allowed, &trip.allowed);
    bind_to(&trip.allowed, 0);
    must("unix_run", miou_unix_run(&(miou_options){.domains = 1}, round_trips, &trip));
    sched_setaffinity(0, sizeof trip.allowed, &trip.allowed);
    return trip.cost;
}

/* ---- the limit: two threads, each of which sleeps until the other has woken it */

struct court {
    struct trip trip;
    _Atomic uint32_t ball[2]; /* 1: this side has it */
};

static void wait_for_ball(_Atomic uint32_t *ball)
{
    while (!atomic_exchange(ball, 0))
        syscall(SYS_futex, ball, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void pass_ball(_Atomic uint32_t *ball)
{
    atomic_store(ball, 1);
    syscall(SYS_futex, ball, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *return_balls(void *arg)
{
    struct court *court = arg;
    int i;

    bind_to(&court->trip.allowed, court->trip.processors - 1);
    for (i = 0; i < 1 + ROUND_TRIPS; i++) {
        wait_for_ball(&court->ball[1]);
        pass_ball(&court->ball[0]);
    }
    return NULL;
}

double call_limit(size_t processors)
{
    struct court court = {.trip = {.processors = processors}};
    double start = 0;
    pthread_t thread;
    int i;

    sched_getaffinity(0, sizeof court.trip.allowed, &court.trip.allowed);
    bind_to(&court.trip.allowed, 0);
    must("pthread_create", -pthread_create(&thread, NULL, return_balls, &court));
    for (i = 0; i < 1 + ROUND_TRIPS; i++) {
        if (i == 1) /* the first round trip waits for the thread to start */
            start = nanoseconds();
        pass_ball(&court.ball[1]);
        wait_for_ball(&court.ball[0]);
    }
    start = nanoseconds() - start;
    pthread_join(thread, NULL);
    sched_setaffinity(0, sizeof court.trip.allowed, &court.trip.allowed);
    return start / ROUND_TRIPS;
}

/* ---- a burst: many tasks on two other domains at once */

struct burst {
    miou_promise **promises;
    size_t count;
    int (*spawn)(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);
    double cost;
};

static void send_burst(struct burst *burst)
{
    for (size_t i = 0; i < burst->count; i++)
        must("spawn", burst->spawn(&burst->promises[i], NULL, nothing, NULL));
    for (size_t i = 0; i < burst->count; i++)
        must("await", miou_await(burst->promises[i], NULL));
    for (size_t i = 0; i < burst->count; i++)
        must("promise_free", miou_promise_free(burst->promises[i]));
}

static int send_bursts(void *arg)
{
    enum { BURSTS = 50 };
    struct burst *burst = arg;
    double start;

    send_burst(burst);
    start = nanoseconds();
    for (int i = 0; i < BURSTS; i++)
        send_burst(burst);
    burst->cost = (nanoseconds() - start) / (double)burst->count / BURSTS;
    return 0;
}

static double measure_burst(struct burst burst)
{
    burst.promises = calloc(burst.count, sizeof *burst.promises);
    must("unix_run", miou_unix_run(&(miou_options){.domains = 2}, send_bursts, &burst));
    free(burst.promises);
    return burst.cost;
}

double burst_ours(size_t count)
{
    return measure_burst((struct burst){.count = count, .spawn = miou_call});
}

double burst_limit(size_t count)
{
    return measure_burst((struct burst){.count = count, .spawn = miou_async});
}
