/* Rules R10.1 to R10.10: sleeping. No check here demands that a sleep be short, only that it is
 * long enough and that sleeps end in the right order. */
#include "disturbed.h"
#include "refused_calls.h"
#include "sockets.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const int64_t MICROSECOND = 1000;

/* A task that sleeps once, and what it saw. */
struct sleeper {
    int64_t nanoseconds;
    int64_t before, after;
    atomic_bool begun;
    int result;
    int place; /* among those that have woken, from 1 on; 0: it has not */
    int *woken;
};

static int sleep_once(void *arg)
{
    struct sleeper *t = arg;

    t->before = now();
    atomic_store(&t->begun, true);
    NOTE(t->result, miou_sleep(t->nanoseconds));
    t->after = now();
    if (t->woken)
        t->place = ++*t->woken;
    return 0;
}

static int64_t slept(const struct sleeper *t)
{
    return t->after - t->before;
}

/* ---- R10.1: never too short ---- */

enum { LENGTHS = 9 };

static const int64_t lengths[LENGTHS] = {1,      999,     1000,    1001,   250000,
                                         999999, 1000001, 1999999, 7654321};

static int sleep_every_length(void *arg)
{
    struct sleeper *t = arg;
    int i;

    for (i = 0; i < LENGTHS; i++) {
        t[i].nanoseconds = lengths[i];
        TRY(sleep_once(&t[i]));
    }
    return 0;
}

static int sleep_every_length_elsewhere(void *arg)
{
    return run_on(1, sleep_every_length, arg);
}

static void assert_not_too_short(int domains, miou_task *fn)
{
    struct sleeper t[LENGTHS] = {{0}};
    int i;

    expect_code(unix_run_with(domains, fn, t), 0);
    for (i = 0; i < LENGTHS; i++) {
        with_index(i);

        expect_noted(t[i].result, 0);
        expect_true(slept(&t[i]) >= lengths[i]);
    }
}
#define assert_not_too_short(...) IN_HELPER(assert_not_too_short, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R10.1", sleeps_are_not_too_short)
{
    assert_not_too_short(0, sleep_every_length);
}

CHECK("R10.1", sleeps_elsewhere_are_not_too_short)
{
    assert_not_too_short(1, sleep_every_length_elsewhere);
}

static int sleep_beside_a_child(void *arg)
{
    miou_promise *promise;
    int ended = 0, seen;

    (void)arg;
    TRY(miou_async(&promise, NULL, count_one, &ended));
    TRY(miou_sleep(1));
    seen = ended;
    TRY(miou_await(promise, NULL));
    return seen;
}

CHECK("R10.1", the_shortest_sleep_suspends)
{
    expect_code(unix_run_with(0, sleep_beside_a_child, NULL), 1);
}

/* Signals, messages from other domains, bytes and the ends of other sleeps arrive all the time. */
struct disturbed {
    struct sleeper sleeper;
    struct pair pair;
    pthread_t sleeping;
    atomic_bool awake;
};

static void do_nothing_about(int number)
{
    (void)number;
}

static void *disturb(void *arg)
{
    struct disturbed *t = arg;

    while (!atomic_load(&t->awake)) {
        pthread_kill(t->sleeping, SIGUSR1);
        peer_send(t->pair.peer, "x", 1);
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    return NULL;
}

static int return_1(void *arg)
{
    (void)arg;
    return 1;
}

static int call_for_ever(void *arg)
{
    (void)arg;
    for (;;) {
        miou_promise *promise;

        TRY(miou_call(&promise, NULL, return_1, NULL));
        TRY(miou_await(promise, NULL));
        TRY(miou_promise_free(promise));
    }
}

static int read_for_ever(void *arg)
{
    struct disturbed *t = arg;
    char byte;

    for (;;)
        TRY(miou_read(t->pair.fd, &byte, 1));
}

static int sleep_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        TRY(miou_sleep(100 * MICROSECOND));
}

static int sleep_among_disturbers(void *arg)
{
    static miou_task *const disturbers[] = {call_for_ever, read_for_ever, sleep_for_ever};
    struct disturbed *t = arg;
    miou_promise *promises[3];
    pthread_t thread;
    int i;

    TRY(pair_open(&t->pair, 0));
    t->sleeping = pthread_self();
    start_thread(&thread, disturb, t);
    for (i = 0; i < 3; i++)
        TRY(miou_async(&promises[i], NULL, disturbers[i], t));
    sleep_once(&t->sleeper);
    atomic_store(&t->awake, true);
    pthread_join(thread, NULL);
    for (i = 0; i < 3; i++)
        TRY(miou_cancel(promises[i]));
    return miou_close(t->pair.fd);
}

CHECK("R10.1", nothing_ends_a_sleep_early)
{
    struct disturbed t = {.sleeper.nanoseconds = 20 * MILLISECOND};

    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = do_nothing_about}, NULL);
    expect_code(unix_run_with(1, sleep_among_disturbers, &t), 0);
    peer_close(t.pair.peer);
    expect_noted(t.sleeper.result, 0);
    expect_true(slept(&t.sleeper) >= t.sleeper.nanoseconds);
}

/* ---- R10.2: the order ---- */

enum { ROW = 8 };

/* The sleepers of one domain. Each calls miou_sleep after the one before it and before the next
 * one, so it is known roughly when each sleep began. */
struct row {
    struct sleeper sleepers[ROW];
    int64_t all_asleep, busy;
    int woken;
};

static void stay_busy(int64_t nanoseconds)
{
    int64_t end = now() + nanoseconds;

    while (now() < end)
        ;
}

static int sleep_in_a_row(void *arg)
{
    struct row *t = arg;
    miou_promise *promises[ROW];
    int i;

    for (i = 0; i < ROW; i++) {
        t->sleepers[i].woken = &t->woken;
        TRY(miou_async(&promises[i], NULL, sleep_once, &t->sleepers[i]));
    }
    TRY(miou_yield());
    t->all_asleep = now();
    stay_busy(t->busy);
    for (i = 0; i < ROW; i++)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

static int sleep_in_a_row_elsewhere(void *arg)
{
    return run_on(1, sleep_in_a_row, arg);
}

/* The earliest and the latest time at which a sleep can have ended. */
static int64_t earliest(const struct row *t, int i)
{
    return t->sleepers[i].before + t->sleepers[i].nanoseconds;
}

static int64_t latest(const struct row *t, int i)
{
    int64_t begun = i + 1 < ROW ? t->sleepers[i + 1].before : t->all_asleep;

    return begun + t->sleepers[i].nanoseconds;
}

/* Returns the number of pairs whose later sleep ended first. */
static int assert_in_order(const struct row *t)
{
    int i, j, overtaken = 0;

    for (i = 0; i < ROW; i++) {
        with_index(i);

        for (j = 0; j < ROW; j++) {
            with_index(j);

            if (latest(t, i) < earliest(t, j)) {
                expect_true(t->sleepers[i].place < t->sleepers[j].place);
                overtaken += i > j;
            }
        }
    }
    return overtaken;
}

/* On a busy machine, or if tasks begin slowly, it takes several rounds, of ever longer sleeps,
 * until the sleeps begin so close together that one is over before another that began earlier. */
static void assert_shorter_first(int domains, miou_task *fn, int busy, int64_t unit)
{
    static const int units[ROW] = {13, 5, 9, 1, 11, 3, 7, 2};
    int i, overtaken = 0;

    for (; overtaken == 0 && unit < 200 * MILLISECOND; unit += unit / 4) {
        struct row t = {.busy = busy * unit};

        for (i = 0; i < ROW; i++)
            t.sleepers[i].nanoseconds = units[i] * unit;
        expect_code(unix_run_with(domains, fn, &t), 0);
        expect_number(t.woken, ROW);
        overtaken = assert_in_order(&t);
    }
    if (overtaken == 0)
        cannot_test("in no run did a sleep begin early enough to end before an earlier one");
}
#define assert_shorter_first(...) IN_HELPER(assert_shorter_first, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R10.2", shorter_sleeps_end_first)
{
    assert_shorter_first(0, sleep_in_a_row, 0, MILLISECOND);
}

CHECK("R10.2", shorter_sleeps_elsewhere_end_first)
{
    assert_shorter_first(1, sleep_in_a_row_elsewhere, 0, MILLISECOND);
}

/* All are over when the domain looks. */
CHECK("R10.2", shorter_sleeps_end_first_after_work)
{
    assert_shorter_first(0, sleep_in_a_row, 20, MILLISECOND);
}

/* All within the same millisecond, as a rule. */
CHECK("R10.2", slightly_shorter_sleeps_end_first)
{
    assert_shorter_first(0, sleep_in_a_row, 20, 20 * MICROSECOND);
}

static void assert_equal_in_order(int64_t nanoseconds, int64_t busy)
{
    struct row t = {.busy = busy};
    int i;

    for (i = 0; i < ROW; i++)
        t.sleepers[i].nanoseconds = nanoseconds;
    expect_code(unix_run_with(0, sleep_in_a_row, &t), 0);
    for (i = 0; i < ROW; i++) {
        with_index(i);

        expect_number(t.sleepers[i].place, i + 1);
    }
}
#define assert_equal_in_order(...) IN_HELPER(assert_equal_in_order, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R10.2", equal_sleeps_end_as_they_began)
{
    int i;

    for (i = 1; i <= 20; i++) {
        with_index(i);

        assert_equal_in_order(i * 50 * MICROSECOND, 0);
    }
    assert_equal_in_order(2 * MILLISECOND, 5 * MILLISECOND);
}

/* ---- R10.3: nothing to sleep ---- */

enum { NOTHINGS = 4 };

static int sleep_nothings(void *arg)
{
    static const int64_t nothings[NOTHINGS] = {0, -1, -HOUR, INT64_MIN};
    int *results = arg;
    int i;

    for (i = 0; i < NOTHINGS; i++)
        NOTE(results[i], miou_sleep(nothings[i]));
    return 0;
}

CHECK("R10.3", zero_and_negative_sleeps_end_at_once)
{
    int (*const runs[])(int, miou_task *, void *) = {unix_run_with, run_with};
    int i, run;

    for (run = 0; run < 2; run++) {
        with_index(run);
        int results[NOTHINGS] = {1, 1, 1, 1};

        expect_code(runs[run](0, sleep_nothings, results), 0);
        for (i = 0; i < NOTHINGS; i++) {
            with_index(i);

            expect_noted(results[i], 0);
        }
    }
}

/* ---- R10.4: cancelled ---- */

struct cancelled_sleep {
    struct sleeper sleeper;
    int again[3];
};

static int sleep_until_cancelled(void *arg)
{
    struct cancelled_sleep *t = arg;

    sleep_once(&t->sleeper);
    NOTE(t->again[0], miou_sleep(HOUR));
    NOTE(t->again[1], miou_sleep(1));
    NOTE(t->again[2], miou_sleep(0));
    return 0;
}

static int cancel_sleeper(struct cancelled_sleep *t, bool elsewhere)
{
    miou_promise *promise;
    int outcome;

    TRY((elsewhere ? miou_call : miou_async)(&promise, NULL, sleep_until_cancelled, t));
    TRY(yield_until(&t->sleeper.begun));
    TRY(miou_sleep(MILLISECOND)); /* it should be asleep by then, but need not be */
    TRY(miou_cancel(promise));
    TRY(miou_await(promise, &outcome));
    return outcome;
}

static int cancel_sleeper_here(void *arg)
{
    return cancel_sleeper(arg, false);
}

static int cancel_sleeper_elsewhere(void *arg)
{
    return cancel_sleeper(arg, true);
}

static void assert_sleep_cancelled(miou_task *fn)
{
    struct cancelled_sleep t = {.sleeper.nanoseconds = HOUR, .again = {1, 1, 1}};
    int i;

    expect_code(unix_run_with(1, fn, &t), MIOU_CANCELLED);
    expect_noted(t.sleeper.result, MIOU_CANCELLED);
    for (i = 0; i < 3; i++) {
        with_index(i);

        expect_noted(t.again[i], MIOU_CANCELLED);
    }
}
#define assert_sleep_cancelled(...) IN_HELPER(assert_sleep_cancelled, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R10.4", sleeps_can_be_cancelled)
{
    assert_sleep_cancelled(cancel_sleeper_here);
}

CHECK("R10.4", sleeps_elsewhere_can_be_cancelled)
{
    assert_sleep_cancelled(cancel_sleeper_elsewhere);
}

/* Every other one of many sleepers is cancelled, also in the middle of the order. */
enum { HALF = 50 };

static int cancel_every_other(void *arg)
{
    struct sleeper *sleepers = arg;
    miou_promise *promises[2 * HALF];
    int i;

    for (i = 0; i < 2 * HALF; i++) {
        sleepers[i].nanoseconds = (1 + i * 37 % (2 * HALF)) * 50 * MICROSECOND;
        if (i % 2)
            sleepers[i].nanoseconds += HOUR;
        TRY(miou_async(&promises[i], NULL, sleep_once, &sleepers[i]));
    }
    TRY(miou_yield());
    for (i = 1; i < 2 * HALF; i += 2)
        TRY(miou_cancel(promises[i]));
    for (i = 0; i < 2 * HALF; i += 2)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

CHECK("R10.4", the_others_sleep_on)
{
    struct sleeper sleepers[2 * HALF] = {{0}};
    int i;

    expect_code(unix_run_with(0, cancel_every_other, sleepers), 0);
    for (i = 0; i < 2 * HALF; i++) {
        with_index(i);

        expect_noted(sleepers[i].result, i % 2 ? MIOU_CANCELLED : 0);
        expect_true(i % 2 || slept(&sleepers[i]) >= sleepers[i].nanoseconds);
    }
}

/* ---- R10.5: ten thousand ---- */

enum { MANY = 10000 };

struct many {
    struct sleeper sleepers[MANY];
    miou_promise *promises[MANY];
};

static int sleep_many(void *arg)
{
    struct many *t = arg;
    int i, outcome;

    for (i = 0; i < MANY; i++) {
        t->sleepers[i].nanoseconds = (i * 7919 % MANY + 1) * MICROSECOND;
        TRY(miou_async(&t->promises[i], NULL, sleep_once, &t->sleepers[i]));
    }
    for (i = 0; i < MANY; i++) {
        TRY(miou_await(t->promises[i], &outcome));
        TRY(outcome); /* there may have been no thread for it */
    }
    return 0;
}

static int sleep_many_elsewhere(void *arg)
{
    return run_on(1, sleep_many, arg);
}

static void assert_many(miou_task *fn)
{
    struct many *t = calloc(1, sizeof *t);
    int i;

    need_tasks(MANY);
    expect_true(t != NULL);
    expect_code(unix_run_with(1, fn, t), 0);
    for (i = 0; i < MANY; i++) {
        with_index(i);

        expect_noted(t->sleepers[i].result, 0);
        expect_true(slept(&t->sleepers[i]) >= t->sleepers[i].nanoseconds);
    }
    free(t);
}
#define assert_many(...) IN_HELPER(assert_many, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R10.5", ten_thousand_sleepers)
{
    assert_many(sleep_many);
}

CHECK("R10.5", ten_thousand_sleepers_elsewhere)
{
    assert_many(sleep_many_elsewhere);
}

/* ---- R10.6, R10.7: sleepers hold up no other task ---- */

struct meanwhile {
    struct sleeper sleeper;
    struct pair pair;
    char byte;
    bool done;
    int yields;
};

static int send_later(void *arg)
{
    struct meanwhile *t = arg;

    TRY(miou_sleep(MILLISECOND));
    return peer_send(t->pair.peer, "x", 1) == 1 ? 0 : -1;
}

static int read_beside_sleepers(void *arg)
{
    struct meanwhile *t = arg;
    miou_promise *sleeper, *sender;

    TRY(pair_open(&t->pair, 0));
    TRY(miou_async(&sleeper, NULL, sleep_once, &t->sleeper));
    TRY(miou_async(&sender, NULL, send_later, t));
    TRY(miou_read(t->pair.fd, &t->byte, 1));
    TRY(miou_await(sender, NULL));
    TRY(miou_cancel(sleeper));
    return miou_close(t->pair.fd);
}

CHECK("R10.6", reading_beside_a_sleeper)
{
    struct meanwhile t = {.sleeper.nanoseconds = HOUR};

    expect_code(unix_run_with(0, read_beside_sleepers, &t), 0);
    peer_close(t.pair.peer);
    expect_number(t.byte, 'x');
    expect_noted(t.sleeper.result, MIOU_CANCELLED);
}

static int sleep_and_say_so(void *arg)
{
    struct meanwhile *t = arg;

    TRY(miou_sleep(t->sleeper.nanoseconds));
    t->done = true;
    return 0;
}

/* Far more turns than a thread that has to end the sleep could miss. */
enum { PATIENCE = 20000000 };

/* The yields are counted from the end of the sleep on. */
static int yield_beside_a_sleeper(void *arg)
{
    struct meanwhile *t = arg;
    miou_promise *promise;
    int64_t end;

    TRY(miou_async(&promise, NULL, sleep_and_say_so, t));
    TRY(miou_yield());
    end = now() + t->sleeper.nanoseconds;
    while (!t->done && t->yields < PATIENCE) {
        TRY(miou_yield());
        t->yields += now() > end;
    }
    return miou_await(promise, NULL);
}

CHECK("R10.6", yielding_beside_a_sleeper)
{
    struct meanwhile t = {.sleeper.nanoseconds = MILLISECOND};

    expect_code(unix_run_with(0, yield_beside_a_sleeper, &t), 0);
    expect_true(t.yields < PATIENCE);
}

static int spawn_beside_a_sleeper(void *arg)
{
    struct meanwhile *t = arg;
    miou_promise *promise, *child;

    TRY(miou_async(&promise, NULL, sleep_and_say_so, t));
    while (!t->done && t->yields++ < PATIENCE) {
        TRY(miou_async(&child, NULL, return_1, NULL));
        TRY(miou_await(child, NULL));
        TRY(miou_promise_free(child));
    }
    return miou_await(promise, NULL);
}

CHECK("R10.6", spawning_beside_a_sleeper)
{
    struct meanwhile t = {.sleeper.nanoseconds = 1000};

    expect_code(unix_run_with(0, spawn_beside_a_sleeper, &t), 0);
    expect_true(t.yields < PATIENCE);
}

/* A task of the other domain runs without suspending until this one has slept. */
static int spin_until_slept(void *arg)
{
    atomic_bool *slept_here = arg;

    while (!atomic_load(slept_here))
        sched_yield();
    return 0;
}

static int sleep_beside_a_busy_domain(void *arg)
{
    atomic_bool slept_here = false;
    struct sleeper *t = arg;
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, spin_until_slept, &slept_here));
    sleep_once(t);
    atomic_store(&slept_here, true);
    return miou_await(promise, NULL);
}

CHECK("R10.7", sleeping_beside_a_busy_domain)
{
    struct sleeper t = {.nanoseconds = 2 * MILLISECOND};

    expect_code(unix_run_with(1, sleep_beside_a_busy_domain, &t), 0);
    expect_noted(t.result, 0);
    expect_true(slept(&t) >= t.nanoseconds);
}

/* ---- R10.8: no monitor ---- */

static int no_state(void **state, int domain, void *arg)
{
    (void)domain;
    *state = arg;
    return 0;
}

/* Tasks of this check wait only for other domains, and there are none. */
static int no_select(void *state, int block)
{
    (void)state;
    (void)block;
    return 0;
}

static void no_more(void *state)
{
    (void)state;
}

static const miou_monitor no_clock = {
    .create = no_state, .select = no_select, .interrupt = no_more, .finalise = no_more};

static int try_to_sleep(void *arg)
{
    int *results = arg;

    NOTE(results[0], miou_sleep(1));
    NOTE(results[1], miou_sleep(HOUR));
    return miou_yield();
}

CHECK("R10.8", sleeping_without_a_monitor)
{
    int results[2] = {1, 1};

    expect_code(run_with(0, try_to_sleep, results), 0);
    expect_noted(results[0], MIOU_NO_MONITOR);
    expect_noted(results[1], MIOU_NO_MONITOR);
}

CHECK("R10.8", sleeping_with_a_monitor_that_cannot)
{
    int results[2] = {1, 1};

    expect_code(run_by(miou_run, &(miou_options){.monitor = &no_clock}, try_to_sleep, results), 0);
    expect_noted(results[0], MIOU_NO_MONITOR);
    expect_noted(results[1], MIOU_NO_MONITOR);
}

/* ---- R10.9: very long ---- */

enum { LONG = 7 };

struct long_sleeps {
    struct sleeper longs[LONG];
    struct sleeper shorter;
};

static int sleep_for_long(void *arg)
{
    /* The last ones are short if they are counted in 32 bits, of some unit. */
    static const int64_t nanoseconds[LONG] = {INT64_MAX,
                                              INT64_MAX - 1,
                                              INT64_MAX / 2,
                                              (int64_t)1 << 53,
                                              (1000 * MILLISECOND << 32) + 1,
                                              (MILLISECOND << 32) + 1,
                                              (MICROSECOND << 32) + 1};
    struct long_sleeps *t = arg;
    miou_promise *promises[LONG];
    int i;

    for (i = 0; i < LONG; i++) {
        t->longs[i].nanoseconds = nanoseconds[i];
        TRY((i % 2 ? miou_call : miou_async)(&promises[i], NULL, sleep_once, &t->longs[i]));
    }
    for (i = 0; i < LONG; i++)
        TRY(yield_until(&t->longs[i].begun));
    TRY(sleep_once(&t->shorter));
    for (i = 0; i < LONG; i++)
        TRY(miou_cancel(promises[i]));
    return 0;
}

CHECK("R10.9", sleeps_of_centuries)
{
    struct long_sleeps t = {.shorter.nanoseconds = 2 * MILLISECOND};
    int i;

    expect_code(unix_run_with(1, sleep_for_long, &t), 0);
    expect_noted(t.shorter.result, 0);
    for (i = 0; i < LONG; i++) {
        with_index(i);

        expect_noted(t.longs[i].result, MIOU_CANCELLED);
    }
}

/* The main task is alone: its domain can only sleep. */
static int cancel_from_elsewhere(void *arg)
{
    struct cancelled_sleep *t = arg;

    TRY(yield_until(&t->sleeper.begun));
    TRY(miou_sleep(2 * MILLISECOND));
    return -7;
}

static int fail_beside_the_longest_sleep(void *arg)
{
    struct cancelled_sleep *t = arg;
    miou_promise *sleeper, *failing;
    int outcome;

    TRY(miou_call(&sleeper, NULL, sleep_until_cancelled, t));
    TRY(miou_async(&failing, NULL, cancel_from_elsewhere, t));
    TRY(miou_await(failing, &outcome));
    return outcome;
}

CHECK("R10.9", the_longest_sleep_alone)
{
    struct cancelled_sleep t = {.sleeper.nanoseconds = INT64_MAX};

    expect_code(unix_run_with(1, fail_beside_the_longest_sleep, &t), -7);
    expect_noted(t.sleeper.result, MIOU_CANCELLED);
}

/* ---- R10.10: in a finaliser ---- */

CHECK("R10.10 R5.18", finalisers_cannot_sleep)
{
    assert_refused_in_finalisers(SLEEP_CALLS, miou_run);
    assert_refused_in_finalisers(SLEEP_CALLS, miou_unix_run);
}

/* ---- R10.1: whatever else wakes tasks ---- */

CHECK("R10.1", nothing_that_wakes_others_ends_a_sleep)
{
    assert_undisturbed(&(struct disturbed_wait){.wait = sleep_an_hour, .result = MIOU_CANCELLED});
}
