/* The clock of the attack. */
#ifndef ATTACK_CLOCK_H
#define ATTACK_CLOCK_H

#include <time.h>

/* Seconds since some moment in the past. */
static inline double clock_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

#endif
