/* Rules R11.2 to R11.4, R11.9, R11.11 and R11.12: when the functions of a monitor are called. */
#include "station.h"

#include <errno.h>
#include <pthread.h>

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
        with_index(i);

        miou_monitor monitor = whole;

        if (i == 0 || i == 4)
            monitor.create = NULL;
        if (i == 1 || i == 4)
            monitor.select = NULL;
        if (i == 2 || i == 4)
            monitor.interrupt = NULL;
        if (i == 3 || i == 4)
            monitor.finalise = NULL;
        expect_code(run_by(miou_run, &(miou_options){.monitor = &monitor}, count, &calls), -EINVAL);
    }
    expect_code(run_by(miou_unix_run, &(miou_options){.monitor = &whole}, count, &calls), -EINVAL);
    expect_number(calls, 0);
    expect_code(run_by(miou_run, &(miou_options){.monitor = &whole}, return_0, NULL), 0);
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
        station_run_alone(i);
        TRY(miou_yield());
    }
    return 0;
}

/* Has other tasks of the domain yield, so that there is always one that is ready. */
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
    return run_on(1, be_busy, arg);
}

CHECK("R11.3", select_does_not_block_what_can_run)
{
    struct stations stations = {0}, others = {0};
    struct busy here = {0}, there = {0};

    expect_code(station_run(&stations, 0, be_busy, &here), 0);
    expect_number(stations.at[0].dozes, 0);
    stations_assert_sound(&stations, 0);
    expect_code(station_run(&others, 1, be_busy_there, &there), 0);
    expect_number(others.at[1].dozes, 0);
    stations_assert_sound(&others, 1);
}

/* The passenger has been called, so it goes on as soon as select is called. */
static int yield_until_looked(void *arg)
{
    struct busy *t = arg;
    struct station *station = miou_monitor_state();
    miou_promise *passenger;

    TRY(miou_async(&passenger, NULL, passenger_task, &t->passenger));
    TRY(miou_yield());
    atomic_store(&station->busy, true);
    atomic_store(&t->passenger.called, true);
    while (atomic_load(&t->passenger.waits) && t->yields++ < PATIENCE) {
        station_run_alone(1);
        TRY(miou_yield());
    }
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
        TRY(miou_async(&child, NULL, return_0, NULL));
        TRY(miou_await(child, NULL));
        TRY(miou_promise_free(child));
    }
    return miou_await(passenger, NULL);
}

static int yield_until_looked_there(void *arg)
{
    return run_on(1, yield_until_looked, arg);
}

static void assert_looks(int domains, miou_task *fn)
{
    struct stations stations = {0};
    struct busy t = {0};

    expect_code(station_run(&stations, domains, fn, &t), 0);
    expect_true(t.yields < PATIENCE);
    expect_number(stations.at[domains].dozes, 0);
    stations_assert_sound(&stations, domains);
}
#define assert_looks(...) IN_HELPER(assert_looks, (__VA_ARGS__), #__VA_ARGS__)

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

/* Have the other domain sleep while a passenger waits there, and do something to it. */
struct interrupting {
    struct stations *stations;
    struct passenger there, here;
    int interrupts; /* of the domain that slept, since it fell asleep */
    int outcome;
};

static int run_into_sleeper(struct interrupting *t, bool cancel)
{
    struct station *station = &t->stations->at[1];
    miou_promise *passenger;

    TRY(call_on(1, &passenger, passenger_task, &t->there));
    until(&t->there.waits);
    t->interrupts = -until_fast_asleep(station);
    if (!cancel) {
        TRY(run_on(1, return_0, NULL));
        t->interrupts += station->rung;
        passenger_call(&t->there);
        return miou_await(passenger, &t->outcome);
    }
    TRY(miou_cancel(passenger));
    t->interrupts += station->rung;
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

    expect_code(station_run(&stations, 1, send_to_sleeper, &t), 0);
    expect_noted(t.outcome, 0);
    expect_at_least(t.interrupts, 1);
    stations_assert_sound(&stations, 1);
}

CHECK("R11.4 R11.5", a_cancellation_interrupts_a_domain_that_sleeps)
{
    struct stations stations = {0};
    struct interrupting t = {.stations = &stations};

    expect_code(station_run(&stations, 1, cancel_sleeper, &t), 0);
    expect_noted(t.outcome, MIOU_CANCELLED);
    expect_at_least(t.interrupts, 1);
    expect_number(stations.at[1].cancelled, 1);
    stations_assert_sound(&stations, 1);
}

/* Dom0 sleeps while a passenger waits there; then a child on another domain ends. */
static int end_when_dom0_sleeps(void *arg)
{
    struct interrupting *t = arg;

    until(&t->here.waits);
    t->interrupts = -until_fast_asleep(&t->stations->at[0]);
    return 5;
}

static int await_beside_a_passenger(void *arg)
{
    struct interrupting *t = arg;
    miou_promise *passenger;

    TRY(miou_async(&passenger, NULL, passenger_task, &t->here));
    NOTE(t->outcome, run_on(1, end_when_dom0_sleeps, t));
    t->interrupts += t->stations->at[0].rung;
    passenger_call(&t->here);
    return miou_await(passenger, NULL);
}

CHECK("R11.4", the_end_of_a_task_interrupts_dom0)
{
    struct stations stations = {0};
    struct interrupting t = {.stations = &stations};

    expect_code(station_run(&stations, 1, await_beside_a_passenger, &t), 0);
    expect_noted(t.outcome, 5);
    expect_at_least(t.interrupts, 1);
    stations_assert_sound(&stations, 1);
}

enum { ROUNDS = 2000 };

static int go_back_and_forth(void *arg)
{
    int i;

    (void)arg;
    for (i = 0; i < ROUNDS; i++)
        TRY(run_on(1 + i % 2, return_0, NULL));
    return 0;
}

/* The same while a passenger waits on every domain, so that all domains sleep in select. */
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

/* Between workers alone. */
static int call_the_other_worker(void *arg)
{
    int i;

    (void)arg;
    for (i = 0; i < ROUNDS; i++)
        TRY(run_on(2, return_0, NULL));
    return 0;
}

static int go_back_and_forth_on_workers(void *arg)
{
    return run_on(1, call_the_other_worker, arg);
}

CHECK("R11.4", no_interrupt_is_lost)
{
    struct stations stations = {0}, others = {0}, workers = {0};
    struct passenger passengers[3] = {{0}};

    expect_code(station_run(&stations, 2, go_back_and_forth, NULL), 0);
    stations_assert_sound(&stations, 2);
    expect_code(station_run(&others, 2, go_back_and_forth_beside_passengers, passengers), 0);
    stations_assert_sound(&others, 2);
    expect_code(station_run(&workers, 2, go_back_and_forth_on_workers, NULL), 0);
    stations_assert_sound(&workers, 2);
}

/* ---- R11.9: the end of monitors ---- */

/* A task whose resource is finalised when it fails or is cancelled. */
static atomic_int tasks, resources, unfinished; /* unfinished: when a monitor was finalised */
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

CHECK("R11.9 R11.5 R11.12", monitors_are_finalised_once_in_every_ending)
{
    static const int results[WAYS] = {7, -7, MIOU_STILL_HAS_CHILDREN, MIOU_RESOURCE_LEAKED, -EIO};
    int way;

    for (way = 0; way < WAYS; way++) {
        with_index(way);
        struct stations stations = {.finalised = note_unfinished};
        struct ending t = {.way = way};

        expect_code(station_run(&stations, 1, end_somehow, &t), results[way]);
        expect_number(tasks, 0);
        expect_number(resources, 0);
        expect_number(unfinished, 0);
        expect_number(elsewhere, 0);
        expect_number(stations.at[0].cancelled, 1); /* `here` and `there`, in every ending */
        expect_number(stations.at[1].cancelled, 1);
        stations_assert_sound(&stations, 1);
    }
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
    TRY(run_on(1, note_state, &t->states[1]));
    TRY(run_on(2, note_state, &t->states[2]));
    return note_state(&t->states[0]);
}

CHECK("R11.11", a_monitor_is_made_for_each_domain)
{
    struct created t = {.made_before = -1};
    int i;

    expect_code(station_run(&t.stations, 2, note_states, &t), 0);
    expect_number(t.made_before, 3);
    stations_assert_sound(&t.stations, 2);
    for (i = 0; i < 3; i++) {
        with_index(i);

        expect_true(t.states[i] == &t.stations.at[i]);
        expect_number(t.stations.at[i].domain, i);
        expect_true(pthread_equal(t.stations.at[i].maker, pthread_self()));
    }
}

CHECK("R11.11", a_monitor_that_cannot_be_made)
{
    int domain, i, calls = 0;

    for (domain = 1; domain <= 3; domain++) {
        with_index(domain);
        struct stations stations = {.create_fails_on = domain};
        int finalised = 0;

        expect_code(station_run(&stations, 3, count, &calls), -EIO);
        for (i = 0; i <= 3; i++) {
            with_index(i);

            expect_at_most(stations.at[i].finalised, 1);
            finalised += stations.at[i].finalised;
            expect_number(stations.at[i].late, 0);
        }
        expect_number(finalised, stations.made);
        expect_number(stations.at[domain].finalised, 0);
    }
    expect_number(calls, 0);
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
    until(&t->there.waits);
    until(&t->stations.at[1].asleep);
    atomic_store(&t->stations.at[1].select_fails, -ENETDOWN);
    station_ring(&t->stations.at[1]);
    return passenger_wait(&t->here);
}

CHECK("R11.12", a_monitor_that_fails_on_another_domain)
{
    struct failing t = {.finalised = 0};

    expect_code(station_run(&t.stations, 1, wait_everywhere, &t), -ENETDOWN);
    stations_assert_sound(&t.stations, 1);
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

    expect_code(station_run(&t.stations, 0, run_beside_a_failing_monitor, &t), -ENETDOWN);
    expect_number(t.finalised, 1);
    stations_assert_sound(&t.stations, 0);
}
