/* delays: a runtime library that passes every call on to a true one, and now and then lets the
 * calling thread wait, before the call or after it. So events meet in other orders than usual, and
 * no rule is broken.
 *
 * MIOU_DELAYED is the path of the true runtime; MIOU_DELAYS is a number from which the waits are
 * drawn, 0 without it. Most waits last some microseconds, a few some milliseconds. */
#include "driver/interface.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    ONE_IN = 8,       /* calls, of which one waits */
    LONG_ONE_IN = 64, /* waits, of which one is long */
    SHORT = 50000,    /* nanoseconds, at most */
    LONG = 5000000,
    BUDGET = 200 /* milliseconds that a process waits in all, so that a hundred thousand
                    calls do not take minutes */
};

static struct interface truth;
static uint64_t seed;
static atomic_ulong threads;
static atomic_long left = BUDGET * 1000000L;

__attribute__((constructor)) static void start(void)
{
    const char *delayed = getenv("MIOU_DELAYED"), *number = getenv("MIOU_DELAYS");
    const char *error = interface_open(&truth, delayed ? delayed : "");

    if (error) {
        fprintf(stderr, "delays: cannot open MIOU_DELAYED: %s\n", error);
        abort();
    }
    seed = number ? strtoull(number, NULL, 10) : 0;
}

/* SplitMix64, one generator a thread. */
static uint64_t draw(void)
{
    static _Thread_local uint64_t state;
    uint64_t z;

    if (!state)
        state = (seed + 1) * 0x9e3779b97f4a7c15 + atomic_fetch_add(&threads, 1);
    z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void delay(void)
{
    uint64_t drawn = draw();
    long longest, wait;

    if (drawn % ONE_IN)
        return;
    drawn /= ONE_IN;
    longest = drawn % LONG_ONE_IN ? SHORT : LONG;
    wait = (long)(drawn / LONG_ONE_IN % (uint64_t)longest);
    if (atomic_fetch_sub(&left, wait) < wait)
        return;
    nanosleep(&(struct timespec){.tv_nsec = wait}, NULL);
}

/* What the true runtime lacks returns -ENOSYS, which means the same. */
#define FUNCTION(result, name, parameters, arguments)                                              \
    __attribute__((visibility("default"))) result miou_##name parameters                           \
    {                                                                                              \
        result returned;                                                                           \
                                                                                                   \
        if (!truth.name)                                                                           \
            return (result)-ENOSYS;                                                                \
        delay();                                                                                   \
        returned = truth.name arguments;                                                           \
        delay();                                                                                   \
        return returned;                                                                           \
    }
#include "driver/interface.def"
