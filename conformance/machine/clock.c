/* clock: how long things take. */
#include "clock.h"

#include <time.h>

static double seconds_of(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

double clock_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double clock_used(void)
{
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}
