/* virtual_clock: how to write a monitor, by the example of a clock that never waits. Rule R11.13.
 *
 * A run knows its tasks and nothing of the system. To give tasks something new to wait for, write
 *
 * - a call for the tasks, here clock_sleep: it makes a suspension point, notes what the point waits
 *   for where the monitor will find it, and suspends;
 * - a monitor, here clock_monitor, whose select looks at these notes, and signals the points whose
 *   waiting is over.
 *
 * Each domain has a state of its own and calls its monitor itself, so no locks are needed. Only
 * interrupt is called by other threads and in signal handlers, where a semaphore may be used.
 *
 * The time of this clock is a number. It stands still while any task of the domain can run, and
 * jumps to the next time that a task waits for when none can: a year of sleep passes in no time. A
 * clock of real time would differ in select alone, which would sleep until then. */
#include "check.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>

/* ---- The monitor ---- */

/* A note: the point of a task that waits, and until when it waits. It lies on the task's stack. */
struct sleeper {
    miou_syscall *point;
    uint64_t until;
    struct sleeper *next;
};

/* The state of one domain. */
struct clock {
    uint64_t now;
    struct sleeper *sleepers; /* by time, and in the order of their notes if that is equal */
    sem_t interrupted;
};

static int clock_create(void **state, int domain, void *arg)
{
    struct clock *clock = calloc(1, sizeof *clock);

    (void)domain;
    (void)arg;
    if (!clock)
        return -ENOMEM;
    sem_init(&clock->interrupted, 0, 0);
    *state = clock;
    return 0;
}

/* With block 1 no task of the domain can run, so time may pass. If no task waits for a time, only
 * an interrupt can bring something to do. */
static int clock_select(void *state, int block)
{
    struct clock *clock = state;

    if (block && clock->sleepers)
        clock->now = clock->sleepers->until;
    else if (block)
        sem_wait(&clock->interrupted);
    while (clock->sleepers && clock->sleepers->until <= clock->now) {
        struct sleeper *first = clock->sleepers;

        clock->sleepers = first->next;
        miou_signal(first->point);
    }
    return 0;
}

static void clock_interrupt(void *state)
{
    struct clock *clock = state;

    sem_post(&clock->interrupted);
}

/* The task will go on without having been signalled, and its stack with the note will go. There is
 * no note if select has tried to signal the point since the task was cancelled. */
static void clock_cancelled(void *state, miou_syscall *point)
{
    struct clock *clock = state;
    struct sleeper **place = &clock->sleepers;

    while (*place && (*place)->point != point)
        place = &(*place)->next;
    if (*place)
        *place = (*place)->next;
}

static void clock_finalise(void *state)
{
    struct clock *clock = state;

    sem_destroy(&clock->interrupted);
    free(clock);
}

static const miou_monitor clock_monitor = {.create = clock_create,
                                           .select = clock_select,
                                           .interrupt = clock_interrupt,
                                           .cancelled = clock_cancelled,
                                           .finalise = clock_finalise};

/* ---- The call ---- */

static uint64_t clock_now(void)
{
    const struct clock *clock = miou_monitor_state();

    return clock->now;
}

/* miou_suspend calls this when the task is suspended, but not if the task was cancelled before. So
 * exactly the tasks that wait have a note. */
static void note(void *arg)
{
    struct clock *clock = miou_monitor_state();
    struct sleeper *sleeper = arg, **place = &clock->sleepers;

    while (*place && (*place)->until <= sleeper->until)
        place = &(*place)->next;
    sleeper->next = *place;
    *place = sleeper;
}

static int clock_sleep(uint64_t time)
{
    struct sleeper sleeper = {.until = clock_now() + time};
    int error = miou_syscall_create(&sleeper.point);

    return error ? error : miou_suspend(sleeper.point, note, &sleeper);
}

/* ---- The check ---- */

enum { SLEEPERS = 7 };

static const uint64_t day = 86400;

/* What happened on one domain. */
struct diary {
    int count, order[SLEEPERS];
    uint64_t times[SLEEPERS];
    uint64_t cancelled_at, stood_still;
    int cancelled, outcome;
};

struct dreamer {
    struct diary *diary;
    int number;
    uint64_t time;
};

static int dream(void *arg)
{
    struct dreamer *t = arg;
    int error = clock_sleep(t->time);

    if (error)
        return error;
    t->diary->order[t->diary->count] = t->number;
    t->diary->times[t->diary->count++] = clock_now();
    return t->number;
}

/* Number 5 is cancelled by the task that slept for a day and a half. */
static int sleep_and_cancel(struct diary *diary, miou_promise *promise)
{
    int i, error = clock_sleep(day + day / 2);

    diary->cancelled_at = clock_now();
    for (i = 0; !error && i < 1000; i++)
        error = miou_yield();
    diary->stood_still = clock_now();
    return error ? error : miou_cancel(promise);
}

static int live(void *arg)
{
    static const uint64_t days[SLEEPERS] = {365, 1, 30, 7, 1, 2, 30};
    struct diary *diary = arg;
    struct dreamer dreamers[SLEEPERS];
    miou_promise *promises[SLEEPERS];
    int i, error = 0;

    for (i = 0; !error && i < SLEEPERS; i++) {
        dreamers[i] = (struct dreamer){diary, i, days[i] * day};
        error = miou_async(&promises[i], NULL, dream, &dreamers[i]);
    }
    if (!error)
        error = sleep_and_cancel(diary, promises[5]);
    for (i = 0; !error && i < SLEEPERS; i++) {
        error = miou_await(promises[i], &diary->outcome);
        diary->cancelled += !error && diary->outcome == MIOU_CANCELLED;
    }
    return error;
}

static int live_everywhere(void *arg)
{
    struct diary *diaries = arg;

    return miou_parallel(NULL, live, (void *[]){&diaries[1], &diaries[2]}, 2) < 0
               ? -1
               : live(&diaries[0]);
}

static void assert_diary(const struct diary *diary)
{
    static const int order[SLEEPERS - 1] = {1, 4, 3, 2, 6, 0};
    static const uint64_t days[SLEEPERS - 1] = {1, 1, 7, 30, 30, 365};
    int i;

    expect_number(diary->count, SLEEPERS - 1);
    for (i = 0; i < SLEEPERS - 1; i++) {
        with_index(i);

        expect_number(diary->order[i], order[i]);
        expect_number(diary->times[i], days[i] * day);
    }
    expect_number(diary->cancelled, 1);
    expect_number(diary->cancelled_at, day + day / 2);
    expect_number(diary->stood_still, diary->cancelled_at);
}
#define assert_diary(...) IN_HELPER(assert_diary, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R11.13", virtual_clock)
{
    miou_options options = {.domains = 2, .monitor = &clock_monitor};
    struct diary diaries[3] = {{0}};
    int i;

    expect_code(run_by(miou_run, &options, live_everywhere, diaries), 0);
    for (i = 0; i < 3; i++) {
        with_index(i);

        assert_diary(&diaries[i]);
    }
}
