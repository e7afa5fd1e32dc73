/* Rules R11.1 to R11.12: a monitor of the user's, and suspension points. */
#include "station.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

static const int AWHILE = 100; /* turns in which whoever can go on does */

static int yield_awhile(void)
{
    int i;

    for (i = 0; i < AWHILE; i++)
        TRY(miou_yield());
    return 0;
}

static int call_on(int domain, miou_promise **promise, miou_task *fn, void *arg)
{
    return miou_call(promise, &(miou_spawn){.pin = &domain}, fn, arg);
}

static int call_and_await(int domain, miou_task *fn, void *arg)
{
    miou_promise *promise;
    int outcome;

    TRY(call_on(domain, &promise, fn, arg));
    TRY(miou_await(promise, &outcome));
    TRY(miou_promise_free(promise));
    return outcome;
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* All that is true of stations however the run went. */
static void assert_sound(const struct stations *stations, int domains)
{
    int i;

    assert_int_equal(stations->made, domains + 1);
    for (i = 0; i <= domains; i++) {
        const struct station *station = &stations->at[i];

        assert_int_equal(station->strange, 0);
        assert_int_equal(station->strangers, 0);
        assert_int_equal(station->late, 0);
        assert_int_equal(station->finalised, 1);
    }
}

/* ---- R11.1: suspending ---- */

enum { POINTS = 100 };

struct points {
    miou_syscall *points[POINTS];
    int suspended; /* how often that was told */
    int gone_on;   /* tasks that have */
    int order[POINTS];
    int results[POINTS];
    int early, signals;
};

struct suspender {
    struct points *all;
    int number;
};

static void note_suspended(void *arg)
{
    ((struct suspender *)arg)->all->suspended++;
}

static int suspend_once(void *arg)
{
    struct suspender *t = arg;
    struct points *all = t->all;

    TRY(miou_syscall_create(&all->points[t->number]));
    all->results[t->number] = miou_suspend(all->points[t->number], note_suspended, t);
    all->order[all->gone_on++] = t->number;
    return t->number;
}

/* Which point is signalled in which place. */
static int shuffled(int place)
{
    return place * 37 % POINTS;
}

static int signal_points(void *arg)
{
    struct points *t = arg;
    struct suspender suspenders[POINTS];
    miou_promise *promises[POINTS];
    int i, outcome;

    for (i = 0; i < POINTS; i++) {
        suspenders[i] = (struct suspender){t, i};
        TRY(miou_async(&promises[i], NULL, suspend_once, &suspenders[i]));
    }
    TRY(yield_awhile());
    t->early = t->gone_on;
    for (i = 0; i < POINTS; i++) {
        t->signals += miou_signal(t->points[shuffled(i)]) == 0;
        TRY(miou_yield());
    }
    for (i = 0; i < POINTS; i++) {
        TRY(miou_await(promises[i], &outcome));
        if (outcome != i)
            return -1;
    }
    return 0;
}

static int signal_points_elsewhere(void *arg)
{
    return call_and_await(1, signal_points, arg);
}

static void assert_signalled(const struct points *t)
{
    int i;

    assert_int_equal(t->suspended, POINTS);
    assert_int_equal(t->early, 0);
    assert_int_equal(t->signals, POINTS);
    assert_int_equal(t->gone_on, POINTS);
    for (i = 0; i < POINTS; i++) {
        assert_int_equal(t->order[i], shuffled(i));
        assert_int_equal(t->results[i], 0);
    }
}

CHECK("R11.1 R11.6", a_task_signals_points)
{
    struct stations stations = {0}, others = {0};
    struct points here = {0}, there = {0};

    assert_int_equal(station_run(&stations, 0, signal_points, &here), 0);
    assert_signalled(&here);
    assert_sound(&stations, 0);
    assert_int_equal(station_run(&others, 1, signal_points_elsewhere, &there), 0);
    assert_signalled(&there);
    assert_sound(&others, 1);
}

CHECK("R11.1", a_task_signals_points_with_the_posix_monitor)
{
    struct points here = {0}, there = {0};

    assert_int_equal(unix_run_with(0, signal_points, &here), 0);
    assert_signalled(&here);
    assert_int_equal(unix_run_with(1, signal_points_elsewhere, &there), 0);
    assert_signalled(&there);
}

/* A thread calls a passenger once its domain has fallen asleep over it. */
struct caller {
    struct stations *stations;
    struct passenger passenger;
    int domain;
    double used; /* by the run meanwhile */
    bool before; /* the passenger was there then */
};

static void *call_when_asleep(void *arg)
{
    struct caller *t = arg;

    until(&t->stations->at[t->domain].asleep);
    t->used = used_beside_work();
    t->before = atomic_load(&t->passenger.waits);
    passenger_call(&t->passenger);
    return NULL;
}

static int wait_for_the_thread(void *arg)
{
    struct caller *t = arg;

    return call_and_await(t->domain, passenger_task, &t->passenger);
}

static void assert_called(int domain)
{
    struct stations stations = {0};
    struct caller t = {.stations = &stations, .domain = domain};
    pthread_t thread;
    int result;

    assert_int_equal(pthread_create(&thread, NULL, call_when_asleep, &t), 0);
    result = domain ? station_run(&stations, domain, wait_for_the_thread, &t)
                    : station_run(&stations, 0, passenger_task, &t.passenger);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(result, 0);
    assert_true(t.before);
    assert_true(t.used <= AT_REST);
    assert_sound(&stations, domain);
}

CHECK("R11.1 R11.3 R1.17", a_monitor_signals_points)
{
    assert_called(0);
    assert_called(1);
}

/* ---- R11.2: what a monitor is ---- */

static int count(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static int create_counted(void **state, int domain, void *arg)
{
    (void)domain;
    *state = arg;
    return count(arg);
}

static int do_not_select(void *state, int block)
{
    (void)block;
    return count(state);
}

static void do_nothing(void *state)
{
    (void)state;
}

CHECK("R11.2", monitors_that_lack_a_function)
{
    int calls = 0, i;
    const miou_monitor whole = {.create = create_counted,
                                .select = do_not_select,
                                .interrupt = do_nothing,
                                .finalise = do_nothing,
                                .arg = &calls};

    for (i = 0; i < 5; i++) {
        miou_monitor monitor = whole;

        if (i == 0 || i == 4)
            monitor.create = NULL;
        if (i == 1 || i == 4)
            monitor.select = NULL;
        if (i == 2 || i == 4)
            monitor.interrupt = NULL;
        if (i == 3 || i == 4)
            monitor.finalise = NULL;
        assert_int_equal(miou_run(&(miou_options){.monitor = &monitor}, count, &calls), -EINVAL);
    }
    assert_int_equal(miou_unix_run(&(miou_options){.monitor = &whole}, count, &calls), -EINVAL);
    assert_int_equal(calls, 0);
    assert_int_equal(miou_run(&(miou_options){.monitor = &whole}, nothing, NULL), 0);
}

/* ---- R11.3: when select is called ---- */

enum { TURNS = 1000, YIELDERS = 3, PATIENCE = 1000000 };

struct busy {
    struct stations *stations;
    struct passenger passenger;
    int domain;
    int turns;
    int yields; /* until select was called */
};

static int yield_and_count(void *arg)
{
    struct busy *t = arg;
    int i;

    for (i = 0; i < TURNS; i++) {
        t->turns++;
        TRY(miou_yield());
    }
    return 0;
}

/* Main of the domain: has others yield, who are never all suspended. */
static int be_busy(void *arg)
{
    struct busy *t = arg;
    struct station *station = miou_monitor_state();
    miou_promise *passenger, *promises[YIELDERS];
    int i, outcome;

    TRY(miou_async(&passenger, NULL, passenger_task, &t->passenger));
    TRY(miou_yield());
    atomic_store(&station->busy, true);
    for (i = 0; i < YIELDERS; i++)
        TRY(miou_async(&promises[i], NULL, yield_and_count, t));
    while (t->turns < YIELDERS * TURNS)
        TRY(miou_yield());
    atomic_store(&station->busy, false);
    for (i = 0; i < YIELDERS; i++)
        TRY(miou_await(promises[i], NULL));
    passenger_call(&t->passenger);
    TRY(miou_await(passenger, &outcome));
    return outcome;
}

static int be_busy_there(void *arg)
{
    return call_and_await(1, be_busy, arg);
}

CHECK("R11.3", select_does_not_block_what_can_run)
{
    struct stations stations = {0}, others = {0};
    struct busy here = {0}, there = {0};

    assert_int_equal(station_run(&stations, 0, be_busy, &here), 0);
    assert_int_equal(stations.at[0].dozes, 0);
    assert_sound(&stations, 0);
    assert_int_equal(station_run(&others, 1, be_busy_there, &there), 0);
    assert_int_equal(others.at[1].dozes, 0);
    assert_sound(&others, 1);
}

/* The passenger has been called: it goes on once select is. */
static int yield_until_looked(void *arg)
{
    struct busy *t = arg;
    struct station *station = miou_monitor_state();
    miou_promise *passenger;

    TRY(miou_async(&passenger, NULL, passenger_task, &t->passenger));
    TRY(miou_yield());
    atomic_store(&station->busy, true);
    atomic_store(&t->passenger.called, true);
    while (atomic_load(&t->passenger.waits) && t->yields++ < PATIENCE)
        TRY(miou_yield());
    atomic_store(&station->busy, false);
    return miou_await(passenger, NULL);
}

static int spawn_until_looked(void *arg)
{
    struct busy *t = arg;
    miou_promise *passenger, *child;

    TRY(miou_async(&passenger, NULL, passenger_task, &t->passenger));
    TRY(miou_yield());
    atomic_store(&t->passenger.called, true);
    while (atomic_load(&t->passenger.waits) && t->yields++ < PATIENCE) {
        TRY(miou_async(&child, NULL, nothing, NULL));
        TRY(miou_await(child, NULL));
        TRY(miou_promise_free(child));
    }
    return miou_await(passenger, NULL);
}

static int yield_until_looked_there(void *arg)
{
    return call_and_await(1, yield_until_looked, arg);
}

static void assert_looks(int domains, miou_task *fn)
{
    struct stations stations = {0};
    struct busy t = {0};

    assert_int_equal(station_run(&stations, domains, fn, &t), 0);
    assert_true(t.yields < PATIENCE);
    assert_int_equal(stations.at[domains].dozes, 0);
    assert_sound(&stations, domains);
}

CHECK("R11.3", select_is_called_while_tasks_yield)
{
    assert_looks(0, yield_until_looked);
    assert_looks(1, yield_until_looked_there);
}

CHECK("R11.3", select_is_called_while_tasks_spawn)
{
    assert_looks(0, spawn_until_looked);
}

/* ---- R11.4: interrupts ---- */

/* Have the other domain sleep over a passenger, and do something to it. */
struct interrupting {
    struct stations *stations;
    struct passenger there, here;
    int interrupts; /* of the other domain meanwhile */
    int outcome;
};

static int run_into_sleeper(struct interrupting *t, bool cancel)
{
    struct station *station = &t->stations->at[1];
    miou_promise *passenger;

    TRY(call_on(1, &passenger, passenger_task, &t->there));
    until(&t->there.waits);
    until(&station->asleep);
    t->interrupts = -station->interrupts;
    if (!cancel) {
        TRY(call_and_await(1, nothing, NULL));
        t->interrupts += station->interrupts;
        passenger_call(&t->there);
        return miou_await(passenger, &t->outcome);
    }
    TRY(miou_cancel(passenger));
    t->interrupts += station->interrupts;
    return miou_await(passenger, &t->outcome);
}

static int send_to_sleeper(void *arg)
{
    return run_into_sleeper(arg, false);
}

static int cancel_sleeper(void *arg)
{
    return run_into_sleeper(arg, true);
}

CHECK("R11.4", a_task_interrupts_a_domain_that_sleeps)
{
    struct stations stations = {0};
    struct interrupting t = {.stations = &stations};

    assert_int_equal(station_run(&stations, 1, send_to_sleeper, &t), 0);
    assert_int_equal(t.outcome, 0);
    assert_true(t.interrupts >= 1);
    assert_sound(&stations, 1);
}

CHECK("R11.4 R11.5", a_cancellation_interrupts_a_domain_that_sleeps)
{
    struct stations stations = {0};
    struct interrupting t = {.stations = &stations};

    assert_int_equal(station_run(&stations, 1, cancel_sleeper, &t), 0);
    assert_int_equal(t.outcome, MIOU_CANCELLED);
    assert_true(t.interrupts >= 1);
    assert_int_equal(stations.at[1].cancelled, 1);
    assert_sound(&stations, 1);
}

/* Dom0 sleeps over a passenger and a child elsewhere, which ends then. */
static int end_when_dom0_sleeps(void *arg)
{
    struct interrupting *t = arg;

    until(&t->here.waits);
    until(&t->stations->at[0].asleep);
    t->interrupts = -t->stations->at[0].interrupts;
    return 5;
}

static int await_beside_a_passenger(void *arg)
{
    struct interrupting *t = arg;
    miou_promise *passenger;

    TRY(miou_async(&passenger, NULL, passenger_task, &t->here));
    t->outcome = call_and_await(1, end_when_dom0_sleeps, t);
    t->interrupts += t->stations->at[0].interrupts;
    passenger_call(&t->here);
    return miou_await(passenger, NULL);
}

CHECK("R11.4", the_end_of_a_task_interrupts_dom0)
{
    struct stations stations = {0};
    struct interrupting t = {.stations = &stations};

    assert_int_equal(station_run(&stations, 1, await_beside_a_passenger, &t), 0);
    assert_int_equal(t.outcome, 5);
    assert_true(t.interrupts >= 1);
    assert_sound(&stations, 1);
}

enum { ROUNDS = 5000 };

static int go_back_and_forth(void *arg)
{
    int i;

    (void)arg;
    for (i = 0; i < ROUNDS; i++)
        TRY(call_and_await(1 + i % 2, nothing, NULL));
    return 0;
}

/* The same while passengers wait on every domain, so that all of them sleep in select. */
static int go_back_and_forth_beside_passengers(void *arg)
{
    struct passenger *passengers = arg;
    miou_promise *promises[3];
    int i;

    TRY(miou_async(&promises[0], NULL, passenger_task, &passengers[0]));
    for (i = 1; i < 3; i++)
        TRY(call_on(i, &promises[i], passenger_task, &passengers[i]));
    TRY(go_back_and_forth(NULL));
    for (i = 0; i < 3; i++)
        passenger_call(&passengers[i]);
    for (i = 0; i < 3; i++)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

CHECK("R11.4", no_interrupt_is_lost)
{
    struct stations stations = {0}, others = {0};
    struct passenger passengers[3] = {{0}};

    assert_int_equal(station_run(&stations, 2, go_back_and_forth, NULL), 0);
    assert_sound(&stations, 2);
    assert_int_equal(station_run(&others, 2, go_back_and_forth_beside_passengers, passengers), 0);
    assert_sound(&others, 2);
}

/* ---- R11.5: cancelled points ---- */

enum { CANCELLED = 40 };

struct cancelling {
    struct passenger passengers[CANCELLED];
    int reported; /* by the time that cancel returned */
    int outcome, outcomes;
    int stale; /* points that could not be signalled afterwards */
};

static int cancel_half(void *arg)
{
    struct cancelling *t = arg;
    struct station *station = miou_monitor_state();
    miou_promise *promises[CANCELLED];
    int i, outcome;

    for (i = 0; i < CANCELLED; i++)
        TRY(miou_async(&promises[i], NULL, passenger_task, &t->passengers[i]));
    TRY(miou_yield());
    for (i = 0; i < CANCELLED; i += 2) {
        TRY(miou_cancel(promises[i]));
        t->reported += station->cancelled == i / 2 + 1;
        t->stale += miou_signal(t->passengers[i].point) == -EINVAL;
    }
    for (i = 1; i < CANCELLED; i += 2)
        passenger_call(&t->passengers[i]);
    for (i = 1; i < CANCELLED; i += 2) {
        TRY(miou_await(promises[i], &outcome));
        t->outcomes += outcome == 0;
    }
    return 0;
}

static int cancel_half_there(void *arg)
{
    return call_and_await(1, cancel_half, arg);
}

static void assert_half_reported(int domains, miou_task *fn)
{
    struct stations stations = {0};
    struct cancelling t = {0};

    assert_int_equal(station_run(&stations, domains, fn, &t), 0);
    assert_int_equal(t.reported, CANCELLED / 2);
    assert_int_equal(t.stale, CANCELLED / 2);
    assert_int_equal(t.outcomes, CANCELLED / 2);
    assert_int_equal(stations.at[domains].cancelled, CANCELLED / 2);
    assert_sound(&stations, domains);
}

CHECK("R11.5", cancelled_points_are_reported)
{
    assert_half_reported(0, cancel_half);
    assert_half_reported(1, cancel_half_there);
}

/* The monitor's passenger lies on the stack of the task, which is gone once it has returned. */
static int wait_on_the_stack(void *arg)
{
    struct passenger passenger = {0};
    int result = passenger_wait(&passenger);

    *(int *)arg += ((struct station *)miou_monitor_state())->cancelled;
    return result;
}

static int cancel_on_the_stack(void *arg)
{
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, wait_on_the_stack, arg));
    TRY(miou_yield());
    TRY(miou_cancel(promise));
    return yield_awhile();
}

CHECK("R11.5", points_are_reported_before_suspend_returns)
{
    struct stations stations = {0};
    int cancelled = 0;

    assert_int_equal(station_run(&stations, 0, cancel_on_the_stack, &cancelled), 0);
    assert_int_equal(cancelled, 1);
    assert_sound(&stations, 0);
}

/* Signalled, the task would go on in its next turn, and is cancelled before. */
static int signal_and_cancel(void *arg)
{
    struct points *t = arg;
    struct suspender suspender = {t, 0};
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, suspend_once, &suspender));
    TRY(miou_yield());
    t->signals += miou_signal(t->points[0]) == 0;
    return miou_cancel(promise);
}

CHECK("R11.5", signalled_points_are_not_reported)
{
    struct stations stations = {0};
    struct points t = {0};

    assert_int_equal(station_run(&stations, 0, signal_and_cancel, &t), 0);
    assert_int_equal(t.signals, 1);
    assert_int_equal(stations.at[0].cancelled, 0);
    assert_sound(&stations, 0);
}

/* A monitor that does not care what is cancelled. */
static int cancel_quietly(void *arg)
{
    miou_promise *promise;
    int outcome;

    TRY(miou_async(&promise, NULL, passenger_task, arg));
    TRY(miou_yield());
    TRY(miou_cancel(promise));
    TRY(miou_await(promise, &outcome));
    return outcome;
}

CHECK("R11.5", a_monitor_need_not_hear_of_it)
{
    struct stations stations = {.quietly = true};
    struct passenger passenger = {0};

    assert_int_equal(station_run(&stations, 0, cancel_quietly, &passenger), MIOU_CANCELLED);
    assert_sound(&stations, 0);
}

/* ---- R11.6 to R11.8: points ---- */

struct telling {
    miou_syscall *point;
    int told, signalled, result;
};

static void signal_at_once(void *arg)
{
    struct telling *t = arg;

    t->told++;
    t->signalled = miou_signal(t->point);
}

static int suspend_for_no_time(void *arg)
{
    struct telling *t = arg;

    TRY(miou_syscall_create(&t->point));
    t->result = miou_suspend(t->point, signal_at_once, t);
    return miou_yield();
}

CHECK("R11.6", a_point_may_be_signalled_when_the_task_is_suspended)
{
    struct stations stations = {0};
    struct telling t = {.result = 1};

    assert_int_equal(station_run(&stations, 0, suspend_for_no_time, &t), 0);
    assert_int_equal(t.told, 1);
    assert_int_equal(t.signalled, 0);
    assert_int_equal(t.result, 0);
    assert_sound(&stations, 0);
}

static void tell(void *arg)
{
    ((struct telling *)arg)->told++;
}

/* Its parent cancels it while it waits for its own child; then it suspends. */
static int suspend_when_cancelled(void *arg)
{
    struct telling *t = arg;

    TRY(miou_syscall_create(&t->point));
    while (miou_yield() == 0)
        ;
    t->result = miou_suspend(t->point, tell, t);
    return 0;
}

static int cancel_before_it_suspends(void *arg)
{
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, suspend_when_cancelled, arg));
    TRY(miou_yield());
    return miou_cancel(promise);
}

CHECK("R11.6", a_task_that_was_cancelled_before_is_never_suspended)
{
    struct stations stations = {0};
    struct telling t = {0};

    assert_int_equal(station_run(&stations, 0, cancel_before_it_suspends, &t), 0);
    assert_int_equal(t.result, MIOU_CANCELLED);
    assert_int_equal(t.told, 0);
    assert_int_equal(stations.at[0].cancelled, 0);
    assert_sound(&stations, 0);
}

struct astray {
    struct telling telling;
    struct passenger passenger;
    int null, fresh, stale, there, again;
    bool still; /* the passenger was suspended after that */
};

static int signal_from_there(void *arg)
{
    struct astray *t = arg;

    return miou_signal(t->passenger.point);
}

static int signal_astray(void *arg)
{
    struct astray *t = arg;
    miou_syscall *fresh;
    miou_promise *promise;
    int outcome;

    t->null = miou_signal(NULL);
    TRY(miou_syscall_create(&fresh));
    t->fresh = miou_signal(fresh);
    TRY(suspend_for_no_time(&t->telling));
    t->stale = miou_signal(t->telling.point);
    TRY(miou_async(&promise, NULL, passenger_task, &t->passenger));
    TRY(miou_yield());
    t->there = call_and_await(1, signal_from_there, t);
    TRY(yield_awhile());
    t->still = atomic_load(&t->passenger.waits) && miou_signal(t->passenger.point) == 0;
    t->again = miou_signal(t->passenger.point);
    t->passenger.station->passengers = NULL;
    TRY(miou_await(promise, &outcome));
    return outcome;
}

CHECK("R11.7", signals_that_go_nowhere)
{
    struct stations stations = {0};
    struct astray t = {0};

    assert_int_equal(station_run(&stations, 1, signal_astray, &t), 0);
    assert_int_equal(t.null, -EINVAL);
    assert_int_equal(t.fresh, -EINVAL);
    assert_int_equal(t.stale, -EINVAL);
    assert_int_equal(t.there, -EINVAL);
    assert_int_equal(t.again, -EINVAL);
    assert_true(t.still);
}

struct points_of_others {
    struct telling telling;
    miou_syscall *point;
    int null, parents, stale, here, there, no_place;
};

static int suspend_on_parents(void *arg)
{
    struct points_of_others *t = arg;

    return miou_suspend(t->point, tell, &t->telling);
}

static int suspend_on_strange_points(void *arg)
{
    struct points_of_others *t = arg;
    miou_promise *promise;

    t->null = miou_suspend(NULL, tell, &t->telling);
    t->no_place = miou_syscall_create(NULL);
    TRY(miou_syscall_create(&t->point));
    TRY(miou_async(&promise, NULL, suspend_on_parents, t));
    TRY(miou_await(promise, &t->here));
    t->there = call_and_await(1, suspend_on_parents, t);
    TRY(suspend_for_no_time(&t->telling));
    t->stale = miou_suspend(t->telling.point, tell, &t->telling);
    return miou_yield();
}

CHECK("R11.8 R11.6", points_that_one_cannot_suspend_on)
{
    struct stations stations = {0};
    struct points_of_others t = {0};

    assert_int_equal(station_run(&stations, 1, suspend_on_strange_points, &t), 0);
    assert_int_equal(t.null, -EINVAL);
    assert_int_equal(t.no_place, -EINVAL);
    assert_int_equal(t.here, -EINVAL);
    assert_int_equal(t.there, -EINVAL);
    assert_int_equal(t.stale, -EINVAL);
    assert_int_equal(t.telling.told, 1); /* of the suspension that there was */
    assert_sound(&stations, 1);
}

/* ---- R11.9: the end of monitors ---- */

/* A task whose resource is finalised when it fails or is cancelled. */
static atomic_int tasks, resources, unfinished; /* the last: when a monitor was finalised */
static atomic_int elsewhere;                    /* monitors finalised by another thread */

static void note_unfinished(struct station *station)
{
    unfinished += tasks + resources;
    elsewhere += !pthread_equal(station->maker, pthread_self());
}

static void finalise_resource(void *value)
{
    (void)value;
    resources--;
}

static int wait_with_resource(void *passenger)
{
    miou_resource *resource;
    int result;

    TRY(miou_resource_create(&resource, finalise_resource, NULL));
    TRY(miou_own(resource));
    resources++;
    tasks++;
    result = passenger_wait(passenger);
    tasks--;
    return result;
}

struct ending {
    struct passenger here, there;
    int way;
};

enum { NORMALLY, FAILING, FORGETTING, LEAKING, MONITOR_FAILING, WAYS };

static int end_somehow(void *arg)
{
    struct ending *t = arg;
    struct station *station = miou_monitor_state();
    miou_promise *here, *there;
    miou_resource *resource;

    TRY(miou_async(&here, NULL, wait_with_resource, &t->here));
    TRY(call_on(1, &there, wait_with_resource, &t->there));
    until(&t->there.waits);
    TRY(miou_yield());
    switch (t->way) {
    case NORMALLY:
        TRY(miou_cancel(here));
        TRY(miou_cancel(there));
        return 7;
    case FAILING:
        return -7;
    case LEAKING:
        TRY(miou_resource_create(&resource, finalise_resource, NULL));
        TRY(miou_own(resource));
        resources++;
        TRY(miou_cancel(here));
        return miou_cancel(there);
    case MONITOR_FAILING:
        atomic_store(&station->select_fails, -EIO);
        return miou_await(here, NULL);
    default:
        return 0;
    }
}

CHECK("R11.9 R11.12", monitors_are_finalised_once_in_every_ending)
{
    static const int results[WAYS] = {7, -7, MIOU_STILL_HAS_CHILDREN, MIOU_RESOURCE_LEAKED, -EIO};
    int way;

    for (way = 0; way < WAYS; way++) {
        struct stations stations = {.finalised = note_unfinished};
        struct ending t = {.way = way};

        assert_int_equal(station_run(&stations, 1, end_somehow, &t), results[way]);
        assert_int_equal(tasks, 0);
        assert_int_equal(resources, 0);
        assert_int_equal(unfinished, 0);
        assert_int_equal(elsewhere, 0);
        assert_sound(&stations, 1);
    }
}

/* ---- R11.10: no monitor ---- */

static int suspend_on_nothing(void *arg)
{
    struct telling *t = arg;

    TRY(miou_syscall_create(&t->point));
    t->result = miou_suspend(t->point, tell, t);
    t->signalled = miou_monitor_state() != NULL;
    return miou_yield();
}

CHECK("R11.10", suspending_without_a_monitor)
{
    struct telling t = {.signalled = 1};

    assert_int_equal(run_with(0, suspend_on_nothing, &t), 0);
    assert_int_equal(t.result, MIOU_NO_MONITOR);
    assert_int_equal(t.told, 0);
    assert_int_equal(t.signalled, 0);
}

/* ---- R11.11: the beginning of monitors ---- */

struct created {
    struct stations stations;
    struct station *states[3];
    int made_before; /* monitors, when main began */
};

static int note_state(void *arg)
{
    *(void **)arg = miou_monitor_state();
    return 0;
}

static int note_states(void *arg)
{
    struct created *t = arg;

    t->made_before = t->stations.made;
    TRY(call_and_await(1, note_state, &t->states[1]));
    TRY(call_and_await(2, note_state, &t->states[2]));
    return note_state(&t->states[0]);
}

CHECK("R11.11", a_monitor_is_made_for_each_domain)
{
    struct created t = {.made_before = -1};
    int i;

    assert_int_equal(station_run(&t.stations, 2, note_states, &t), 0);
    assert_int_equal(t.made_before, 3);
    assert_sound(&t.stations, 2);
    for (i = 0; i < 3; i++) {
        assert_ptr_equal(t.states[i], &t.stations.at[i]);
        assert_int_equal(t.stations.at[i].domain, i);
        assert_true(pthread_equal(t.stations.at[i].maker, pthread_self()));
    }
}

CHECK("R11.11", a_monitor_that_cannot_be_made)
{
    int domain, i, calls = 0;

    for (domain = 1; domain <= 3; domain++) {
        struct stations stations = {.create_fails_on = domain};
        int finalised = 0;

        assert_int_equal(station_run(&stations, 3, count, &calls), -EIO);
        for (i = 0; i <= 3; i++) {
            assert_true(stations.at[i].finalised <= 1);
            finalised += stations.at[i].finalised;
            assert_int_equal(stations.at[i].late, 0);
        }
        assert_int_equal(finalised, stations.made);
        assert_int_equal(stations.at[domain].finalised, 0);
    }
    assert_int_equal(calls, 0);
}

/* ---- R11.12: a monitor that fails ---- */

struct failing {
    struct stations stations;
    struct passenger here, there;
    int finalised;
};

static void finalise_nothing(void *value)
{
    ++*(int *)value;
}

/* The monitor of the other domain fails while all sleep. */
static int wait_everywhere(void *arg)
{
    struct failing *t = arg;
    miou_promise *there;

    TRY(call_on(1, &there, passenger_task, &t->there));
    until(&t->stations.at[1].asleep);
    atomic_store(&t->stations.at[1].select_fails, -ENETDOWN);
    sem_post(&t->stations.at[1].bell);
    return passenger_wait(&t->here);
}

CHECK("R11.12", a_monitor_that_fails_on_another_domain)
{
    struct failing t = {.finalised = 0};

    assert_int_equal(station_run(&t.stations, 1, wait_everywhere, &t), -ENETDOWN);
    assert_sound(&t.stations, 1);
}

/* It fails while tasks run, and main owns something. */
static int run_beside_a_failing_monitor(void *arg)
{
    struct failing *t = arg;
    miou_resource *resource;
    miou_promise *promise;
    int i;

    TRY(miou_resource_create(&resource, finalise_nothing, &t->finalised));
    TRY(miou_own(resource));
    TRY(miou_async(&promise, NULL, passenger_task, &t->here));
    TRY(miou_yield());
    atomic_store(&t->stations.at[0].select_fails, -ENETDOWN);
    for (i = 0; i < PATIENCE; i++)
        TRY(miou_yield());
    return 0;
}

CHECK("R11.12", a_monitor_that_fails_beside_tasks_that_run)
{
    struct failing t = {.finalised = 0};

    assert_int_equal(station_run(&t.stations, 0, run_beside_a_failing_monitor, &t), -ENETDOWN);
    assert_int_equal(t.finalised, 1);
    assert_sound(&t.stations, 0);
}
