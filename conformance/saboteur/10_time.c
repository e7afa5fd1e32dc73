/* Mutants of chapter 10, time. */
#include "saboteur.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

static const int64_t MILLISECOND = 1000000;

static int sleep_half(int64_t nanoseconds)
{
    return true_miou_sleep(nanoseconds - nanoseconds / 2);
}
MUTANT("R10.1", sleeps_are_halved, .sleep = sleep_half);

static int sleep_whole_milliseconds(int64_t nanoseconds)
{
    return true_miou_sleep(nanoseconds / MILLISECOND * MILLISECOND);
}
MUTANT("R10.1", sleeps_are_rounded_down, .sleep = sleep_whole_milliseconds);

static int sleep_on_dom0(int64_t nanoseconds)
{
    return true_miou_domain_self() > 0 ? true_miou_yield() : true_miou_sleep(nanoseconds);
}
MUTANT("R10.1", only_dom0_sleeps, .sleep = sleep_on_dom0);

static int sleep_with_the_thread_if_short(int64_t nanoseconds)
{
    if (nanoseconds <= 0 || nanoseconds >= 1000)
        return true_miou_sleep(nanoseconds);
    nanosleep(&(struct timespec){.tv_nsec = nanoseconds}, NULL);
    return true_miou_sleep(0);
}
MUTANT("R10.1", short_sleeps_suspend_no_task, .sleep = sleep_with_the_thread_if_short);

static int sleep_by_the_dozen(int64_t nanoseconds)
{
    const int64_t dozen = 12 * MILLISECOND;

    if (nanoseconds <= 0 || nanoseconds > INT64_MAX - dozen)
        return true_miou_sleep(nanoseconds);
    return true_miou_sleep((nanoseconds + dozen - 1) / dozen * dozen);
}
MUTANT("R10.2", sleeps_are_rounded_up_a_lot, .sleep = sleep_by_the_dozen);

static int sleep_a_little_longer(int64_t nanoseconds)
{
    static atomic_int count;

    if (nanoseconds > 0 && nanoseconds < INT64_MAX - MILLISECOND && count++ % 2 == 0)
        nanoseconds += MILLISECOND;
    return true_miou_sleep(nanoseconds);
}
MUTANT("R10.2", every_other_sleep_is_longer, .sleep = sleep_a_little_longer);

static int sleep_until_a_tick(int64_t nanoseconds)
{
    if (nanoseconds <= 0 || nanoseconds > INT64_MAX - MILLISECOND)
        return true_miou_sleep(nanoseconds);
    return true_miou_sleep((nanoseconds + MILLISECOND - 1) / MILLISECOND * MILLISECOND);
}
MUTANT("R10.2", sleeps_are_rounded_up_a_little, .sleep = sleep_until_a_tick);

static int sleep_no_negative_time(int64_t nanoseconds)
{
    return nanoseconds < 0 ? -EINVAL : true_miou_sleep(nanoseconds);
}
MUTANT("R10.3", negative_sleeps_are_refused, .sleep = sleep_no_negative_time);

static int sleep_unsigned(int64_t nanoseconds)
{
    return true_miou_sleep(nanoseconds < 0 ? INT64_MAX : nanoseconds);
}
MUTANT("R10.3", negative_sleeps_are_long, .sleep = sleep_unsigned);

static int sleep_nothing_with_a_monitor(int64_t nanoseconds)
{
    return true_miou_sleep(nanoseconds == 0 ? 1 : nanoseconds);
}
MUTANT("R10.3", nothing_needs_a_monitor, .sleep = sleep_nothing_with_a_monitor);

static int sleep_and_forgive(int64_t nanoseconds)
{
    int error = true_miou_sleep(nanoseconds);

    return error == MIOU_CANCELLED ? 0 : error;
}
MUTANT("R10.4", cancelled_sleeps_are_over, .sleep = sleep_and_forgive);

static int sleep_nothing_for_free(int64_t nanoseconds)
{
    return nanoseconds <= 0 && true_miou_domain_self() >= 0 ? 0 : true_miou_sleep(nanoseconds);
}
MUTANT("R10.4", the_cancelled_may_sleep_for_nothing, .sleep = sleep_nothing_for_free);

/* The last part of a long sleep cannot be cancelled. */
static int sleep_soundly(int64_t nanoseconds)
{
    int error = true_miou_sleep(nanoseconds);

    if (error == MIOU_CANCELLED && nanoseconds > 1000 * MILLISECOND)
        for (;;)
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    return error;
}
MUTANT("R10.4", long_sleeps_are_deep, .sleep = sleep_soundly);

static int sleep_if_there_is_room(int64_t nanoseconds)
{
    static atomic_int asleep;
    int error = -ENOMEM;

    if (++asleep < 10000)
        error = true_miou_sleep(nanoseconds);
    asleep--;
    return error;
}
MUTANT("R10.5", fewer_than_ten_thousand_sleep, .sleep = sleep_if_there_is_room);

static int sleep_with_the_thread(int64_t nanoseconds)
{
    if (true_miou_domain_self() < 0)
        return MIOU_NOT_RUNNING;
    if (nanoseconds > 0)
        nanosleep(&(struct timespec){.tv_sec = nanoseconds / 1000000000,
                                     .tv_nsec = nanoseconds % 1000000000},
                  NULL);
    return true_miou_sleep(0);
}
MUTANT("R10.6", sleeping_holds_up_the_domain, .sleep = sleep_with_the_thread);

static int sleep_and_wait(int64_t nanoseconds)
{
    int i, error = true_miou_sleep(nanoseconds);

    for (i = 0; i < 40000000 && error == 0 && nanoseconds > 0; i++)
        error = true_miou_yield();
    return error;
}
MUTANT("R10.6", sleepers_come_last, .sleep = sleep_and_wait);

/* While one task sleeps, no task of another domain may, and no other task wakes the first one. */
static int sleep_one_at_a_time(int64_t nanoseconds)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};

    if (nanoseconds <= 0)
        return true_miou_sleep(nanoseconds);
    pthread_mutex_lock(&lock);
    nanosleep(&time, NULL);
    pthread_mutex_unlock(&lock);
    return 0;
}
MUTANT("R10.7", one_task_sleeps_at_a_time, .sleep = sleep_one_at_a_time);

static int sleep_anyhow(int64_t nanoseconds)
{
    int error = true_miou_sleep(nanoseconds);

    return error == MIOU_NO_MONITOR ? true_miou_yield() : error;
}
MUTANT("R10.8", without_a_monitor_no_task_sleeps, .sleep = sleep_anyhow);

static int sleep_for_years(int64_t nanoseconds)
{
    /* the sum with the current time must not overflow */
    return nanoseconds > INT64_MAX - 1000 * MILLISECOND ? true_miou_yield()
                                                        : true_miou_sleep(nanoseconds);
}
MUTANT("R10.9", centuries_overflow, .sleep = sleep_for_years);

static int sleep_in_an_int(int64_t nanoseconds)
{
    return true_miou_sleep(nanoseconds < 0 ? nanoseconds : nanoseconds & UINT_MAX);
}
MUTANT("R10.9", sleeps_have_32_bits, .sleep = sleep_in_an_int);

static int sleep_in_milliseconds(int64_t nanoseconds)
{
    int64_t milliseconds = nanoseconds / MILLISECOND + (nanoseconds % MILLISECOND > 0);

    return true_miou_sleep(nanoseconds < 0 ? nanoseconds : (milliseconds & UINT_MAX) * MILLISECOND);
}
MUTANT("R10.9", milliseconds_have_32_bits, .sleep = sleep_in_milliseconds);

static int sleep_anywhere(int64_t nanoseconds)
{
    return nanoseconds <= 0 ? 0 : true_miou_sleep(nanoseconds);
}
MUTANT("R10.10", nothing_can_be_slept_anywhere, .sleep = sleep_anywhere);

static int sleep_in_finaliser(int64_t nanoseconds)
{
    int error = true_miou_sleep(nanoseconds);

    return error == MIOU_IN_FINALISER ? 0 : error;
}
MUTANT("R10.10", finalisers_sleep, .sleep = sleep_in_finaliser);
