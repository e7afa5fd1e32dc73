/* Rules R11.1, R11.5 to R11.8, R11.10, R11.18 and R11.20: suspension points. */
#include "disturbed.h"
#include "refused_calls.h"
#include "station.h"

#include <errno.h>
#include <pthread.h>

/* ---- R11.1: suspending ---- */

enum { POINTS = 100 };

struct points {
    miou_syscall *points[POINTS];
    int suspended; /* calls of the function given to miou_suspend */
    int gone_on;   /* tasks that have gone on */
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
    NOTE(all->results[t->number], miou_suspend(all->points[t->number], note_suspended, t));
    all->order[all->gone_on++] = t->number;
    return t->number;
}

/* The point that is signalled at this place of the order. */
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
    TRY(let_others_run());
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
    return run_on(1, signal_points, arg);
}

static void assert_signalled(const struct points *t)
{
    int i;

    expect_number(t->suspended, POINTS);
    expect_number(t->early, 0);
    expect_number(t->signals, POINTS);
    expect_number(t->gone_on, POINTS);
    for (i = 0; i < POINTS; i++) {
        with_index(i);

        expect_number(t->order[i], shuffled(i));
        expect_noted(t->results[i], 0);
    }
}
#define assert_signalled(...) IN_HELPER(assert_signalled, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R11.1 R11.6", a_task_signals_points)
{
    struct stations stations = {0}, others = {0};
    struct points here = {0}, there = {0};

    expect_code(station_run(&stations, 0, signal_points, &here), 0);
    assert_signalled(&here);
    stations_assert_sound(&stations, 0);
    expect_code(station_run(&others, 1, signal_points_elsewhere, &there), 0);
    assert_signalled(&there);
    stations_assert_sound(&others, 1);
}

CHECK("R11.1", a_task_signals_points_with_the_posix_monitor)
{
    struct points here = {0}, there = {0};

    expect_code(unix_run_with(0, signal_points, &here), 0);
    assert_signalled(&here);
    expect_code(unix_run_with(1, signal_points_elsewhere, &there), 0);
    assert_signalled(&there);
}

/* A thread calls a passenger once the passenger's domain sleeps. */
struct caller {
    struct stations *stations;
    struct passenger passenger;
    int domain;
    double used; /* by the run, meanwhile */
};

static void *call_when_asleep(void *arg)
{
    struct caller *t = arg;

    until(&t->passenger.waits);
    until(&t->stations->at[t->domain].asleep);
    t->used = used_beside_us();
    passenger_call(&t->passenger);
    return NULL;
}

static int wait_for_the_thread(void *arg)
{
    struct caller *t = arg;

    return run_on(t->domain, passenger_task, &t->passenger);
}

static void assert_called(int domain)
{
    struct stations stations = {0};
    struct caller t = {.stations = &stations, .domain = domain};
    pthread_t thread;
    int result;

    start_thread(&thread, call_when_asleep, &t);
    NOTE(result, domain ? station_run(&stations, domain, wait_for_the_thread, &t)
                        : station_run(&stations, 0, passenger_task, &t.passenger));
    expect_number(pthread_join(thread, NULL), 0);
    expect_noted(result, 0);
    expect_at_most(t.used, AT_REST);
    stations_assert_sound(&stations, domain);
}
#define assert_called(...) IN_HELPER(assert_called, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R11.1 R11.3 R1.17", a_monitor_signals_points)
{
    assert_called(0);
    assert_called(1);
}

/* ---- R11.5: cancelled points ---- */

enum { CANCELLED = 40 };

struct cancelling {
    struct passenger passengers[CANCELLED];
    int reported; /* when miou_cancel had returned */
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
    return run_on(1, cancel_half, arg);
}

static void assert_half_reported(int domains, miou_task *fn)
{
    struct stations stations = {0};
    struct cancelling t = {0};

    expect_code(station_run(&stations, domains, fn, &t), 0);
    expect_number(t.reported, CANCELLED / 2);
    expect_number(t.stale, CANCELLED / 2);
    expect_number(t.outcomes, CANCELLED / 2);
    expect_number(stations.at[domains].cancelled, CANCELLED / 2);
    stations_assert_sound(&stations, domains);
}
#define assert_half_reported(...) IN_HELPER(assert_half_reported, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R11.5", cancelled_points_are_reported)
{
    assert_half_reported(0, cancel_half);
    assert_half_reported(1, cancel_half_there);
}

/* The passenger lies on the stack of the task, which is gone once the task has ended. */
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
    return let_others_run();
}

CHECK("R11.5", points_are_reported_before_suspend_returns)
{
    struct stations stations = {0};
    int cancelled = 0;

    expect_code(station_run(&stations, 0, cancel_on_the_stack, &cancelled), 0);
    expect_number(cancelled, 1);
    stations_assert_sound(&stations, 0);
}

/* The task would go on because of the signal, but is cancelled before its turn. */
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

    expect_code(station_run(&stations, 0, signal_and_cancel, &t), 0);
    expect_number(t.signals, 1);
    expect_one_of(t.results[0], 0, MIOU_CANCELLED);
    expect_number(stations.at[0].cancelled, 0);
    stations_assert_sound(&stations, 0);
}

/* A task signals the point as soon as the task that is suspended on it has been cancelled, whether
 * that one has gone on already or not. */
struct late {
    struct passenger passenger;
    bool cancelling;
    int signalled;
};

static int signal_once_cancelled(void *arg)
{
    struct late *t = arg;

    while (!t->cancelling)
        TRY(miou_yield());
    NOTE(t->signalled, miou_signal(t->passenger.point));
    return 0;
}

static int cancel_beside_a_signaller(void *arg)
{
    struct late *t = arg;
    miou_promise *waiting, *signaller;

    TRY(miou_async(&waiting, NULL, passenger_task, &t->passenger));
    TRY(miou_async(&signaller, NULL, signal_once_cancelled, t));
    TRY(let_others_run());
    t->cancelling = true;
    TRY(miou_cancel(waiting));
    return miou_await(signaller, NULL);
}

static int cancel_beside_a_signaller_there(void *arg)
{
    return run_on(1, cancel_beside_a_signaller, arg);
}

static void assert_late(int domains, miou_task *fn)
{
    struct stations stations = {0};
    struct late t = {.signalled = 1};

    expect_code(station_run(&stations, domains, fn, &t), 0);
    if (t.signalled != 0) /* as it may be if the cancellation has let others go on first */
        expect_noted(t.signalled, -EINVAL);
    expect_number(stations.at[domains].cancelled, t.signalled != 0);
}
#define assert_late(...) IN_HELPER(assert_late, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R11.5 R11.7", a_point_is_stale_once_its_task_is_cancelled)
{
    assert_late(0, cancel_beside_a_signaller);
    assert_late(1, cancel_beside_a_signaller_there);
}

/* A task is cancelled by another domain while its suspended runs, which enters the station late. */
struct hesitating {
    struct passenger passenger;
    atomic_bool suspending, cancelling, sent;
    int reported; /* when suspended was about to return */
    int outcome;
};

static void enter_late(void *arg)
{
    struct hesitating *t = arg;

    atomic_store(&t->suspending, true);
    until(&t->sent);
    t->reported = t->passenger.station->cancelled;
    passenger_enter(&t->passenger);
}

static int hesitate(void *arg)
{
    struct hesitating *t = arg;

    t->passenger.station = miou_monitor_state();
    TRY(miou_syscall_create(&t->passenger.point));
    return miou_suspend(t->passenger.point, enter_late, t);
}

/* It goes on when main waits in miou_cancel. */
static int tell_of_the_cancellation(void *arg)
{
    struct hesitating *t = arg;

    TRY(yield_until(&t->cancelling));
    atomic_store(&t->sent, true);
    return 0;
}

static int cancel_a_hesitating_task(void *arg)
{
    struct hesitating *t = arg;
    miou_promise *hesitating, *telling;

    TRY(call_on(1, &hesitating, hesitate, t));
    TRY(miou_async(&telling, NULL, tell_of_the_cancellation, t));
    TRY(yield_until(&t->suspending));
    atomic_store(&t->cancelling, true);
    TRY(miou_cancel(hesitating));
    TRY(miou_await(hesitating, &t->outcome));
    return miou_await(telling, NULL);
}

CHECK("R11.5", cancelled_while_suspended_runs)
{
    struct stations stations = {0};
    struct hesitating t = {.reported = -1};

    expect_code(station_run(&stations, 1, cancel_a_hesitating_task, &t), 0);
    expect_number(t.reported, 0);
    expect_code(t.outcome, MIOU_CANCELLED);
    expect_number(stations.at[1].cancelled, 1);
    stations_assert_sound(&stations, 1);
}

/* A monitor that has no function for cancelled points. */
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

    expect_code(station_run(&stations, 0, cancel_quietly, &passenger), MIOU_CANCELLED);
    stations_assert_sound(&stations, 0);
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
    NOTE(t->signalled, miou_signal(t->point));
}

static int suspend_for_no_time(void *arg)
{
    struct telling *t = arg;

    TRY(miou_syscall_create(&t->point));
    NOTE(t->result, miou_suspend(t->point, signal_at_once, t));
    return miou_yield();
}

CHECK("R11.6", a_point_may_be_signalled_when_the_task_is_suspended)
{
    struct stations stations = {0};
    struct telling t = {.result = 1};

    expect_code(station_run(&stations, 0, suspend_for_no_time, &t), 0);
    expect_number(t.told, 1);
    expect_noted(t.signalled, 0);
    expect_noted(t.result, 0);
    stations_assert_sound(&stations, 0);
}

static void tell(void *arg)
{
    ((struct telling *)arg)->told++;
}

/* A task looks whether another one has had a turn before it counts as suspended, and what is
 * refused then. */
struct strict {
    miou_syscall *point;
    int turns, before; /* of the other task; before: when the task suspends */
    bool alone, done;
    const char *accepted[2];
};

static int take_turns(void *arg)
{
    struct strict *t = arg;

    for (; !t->done; t->turns++)
        TRY(miou_yield());
    return 0;
}

static void look_around(void *arg)
{
    const struct objects none = {0};
    struct strict *t = arg;

    t->alone = t->turns == t->before;
    t->accepted[0] = first_accepted(TASK_CALLS, SUSPENDING_OR_OWNING, MIOU_IN_FINALISER, &none);
    t->accepted[1] = first_accepted(MONITOR_CALLS, SUSPENDING_OR_OWNING, MIOU_IN_FINALISER, &none);
    miou_signal(t->point);
}

static int suspend_beside_another(void *arg)
{
    struct strict *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, take_turns, t));
    TRY(miou_syscall_create(&t->point));
    TRY(miou_yield());
    t->before = t->turns;
    TRY(miou_suspend(t->point, look_around, t));
    t->done = true;
    return miou_await(promise, NULL);
}

CHECK("R11.6", nothing_comes_between_the_call_and_the_suspension)
{
    struct stations stations = {.made = 0};
    struct strict t = {.alone = false};

    expect_code(station_run(&stations, 0, suspend_beside_another, &t), 0);
    expect_true(t.alone);
    assert_all_refused(t.accepted[0]);
    assert_all_refused(t.accepted[1]);
    stations_assert_sound(&stations, 0);
}

/* The task suspends after it was cancelled while it awaited its child. */
static int suspend_when_cancelled(void *arg)
{
    struct telling *t = arg;

    TRY(miou_syscall_create(&t->point));
    while (miou_yield() == 0)
        ;
    NOTE(t->result, miou_suspend(t->point, tell, t));
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

    expect_code(station_run(&stations, 0, cancel_before_it_suspends, &t), 0);
    expect_noted(t.result, MIOU_CANCELLED);
    expect_number(t.told, 0);
    expect_number(stations.at[0].cancelled, 0);
    stations_assert_sound(&stations, 0);
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

    NOTE(t->null, miou_signal(NULL));
    TRY(miou_syscall_create(&fresh));
    NOTE(t->fresh, miou_signal(fresh));
    TRY(suspend_for_no_time(&t->telling));
    NOTE(t->stale, miou_signal(t->telling.point));
    TRY(miou_async(&promise, NULL, passenger_task, &t->passenger));
    TRY(miou_yield());
    NOTE(t->there, run_on(1, signal_from_there, t));
    TRY(let_others_run());
    t->still = atomic_load(&t->passenger.waits) && miou_signal(t->passenger.point) == 0;
    NOTE(t->again, miou_signal(t->passenger.point));
    t->passenger.station->passengers = NULL;
    TRY(miou_await(promise, &outcome));
    return outcome;
}

CHECK("R11.7", signals_that_go_nowhere)
{
    struct stations stations = {0};
    struct astray t = {0};

    expect_code(station_run(&stations, 1, signal_astray, &t), 0);
    expect_noted(t.null, -EINVAL);
    expect_noted(t.fresh, -EINVAL);
    expect_noted(t.stale, -EINVAL);
    expect_noted(t.there, -EINVAL);
    expect_noted(t.again, -EINVAL);
    expect_true(t.still);
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

    NOTE(t->null, miou_suspend(NULL, tell, &t->telling));
    NOTE(t->no_place, miou_syscall_create(NULL));
    TRY(miou_syscall_create(&t->point));
    TRY(miou_async(&promise, NULL, suspend_on_parents, t));
    TRY(miou_await(promise, &t->here));
    NOTE(t->there, run_on(1, suspend_on_parents, t));
    TRY(suspend_for_no_time(&t->telling));
    NOTE(t->stale, miou_suspend(t->telling.point, tell, &t->telling));
    return miou_yield();
}

CHECK("R11.8 R11.6", points_that_one_cannot_suspend_on)
{
    struct stations stations = {0};
    struct points_of_others t = {0};

    expect_code(station_run(&stations, 1, suspend_on_strange_points, &t), 0);
    expect_noted(t.null, -EINVAL);
    expect_noted(t.no_place, -EINVAL);
    expect_code(t.here, -EINVAL);
    expect_noted(t.there, -EINVAL);
    expect_noted(t.stale, -EINVAL);
    expect_number(t.telling.told, 1); /* of the only suspension there was */
    stations_assert_sound(&stations, 1);
}

/* ---- R11.10: no monitor ---- */

static int suspend_on_nothing(void *arg)
{
    struct telling *t = arg;

    TRY(miou_syscall_create(&t->point));
    NOTE(t->result, miou_suspend(t->point, tell, t));
    t->signalled = miou_monitor_state() != NULL;
    return miou_yield();
}

CHECK("R11.10", suspending_without_a_monitor)
{
    struct telling t = {.signalled = 1};

    expect_code(run_with(0, suspend_on_nothing, &t), 0);
    expect_noted(t.result, MIOU_NO_MONITOR);
    expect_number(t.told, 0);
    expect_noted(t.signalled, 0);
}

/* ---- R11.18: in a finaliser ---- */

CHECK("R11.18 R5.18", finalisers_cannot_suspend)
{
    assert_refused_in_finalisers(MONITOR_CALLS, miou_run);
    assert_refused_in_finalisers(MONITOR_CALLS, miou_unix_run);
}

struct finalising {
    struct objects objects;     /* a point */
    struct passenger passenger; /* whose point the finaliser signals */
    const char *accepted;
    int signalled;
    bool state;
};

static void signal_in_finaliser(void *value)
{
    struct finalising *t = value;

    t->accepted =
        first_accepted(MONITOR_CALLS, SUSPENDING_OR_OWNING, MIOU_IN_FINALISER, &t->objects);
    NOTE(t->signalled, miou_signal(t->passenger.point));
    t->state = miou_monitor_state() != NULL;
}

static int finalise_beside_a_passenger(void *arg)
{
    struct finalising *t = arg;
    struct station *station = miou_monitor_state();
    miou_resource *resource;
    miou_promise *promise;
    int outcome;

    TRY(miou_syscall_create(&t->objects.point));
    TRY(miou_async(&promise, NULL, passenger_task, &t->passenger));
    TRY(miou_yield());
    station->passengers = NULL; /* the finaliser signals the only passenger */
    TRY(miou_resource_create(&resource, signal_in_finaliser, t));
    TRY(miou_own(resource));
    TRY(miou_release(resource));
    TRY(miou_await(promise, &outcome));
    return outcome;
}

CHECK("R11.18", finalisers_can_signal_points)
{
    struct stations stations = {.made = 0};
    struct finalising t = {.signalled = 1};

    expect_code(station_run(&stations, 0, finalise_beside_a_passenger, &t), 0);
    assert_all_refused(t.accepted);
    expect_noted(t.signalled, 0);
    expect_true(t.state);
    stations_assert_sound(&stations, 0);
}

/* ---- R11.1: whatever else wakes tasks ---- */

static int suspend_undisturbed(void *arg)
{
    miou_syscall **point = arg;

    TRY(miou_syscall_create(point));
    return miou_suspend(*point, NULL, NULL);
}

static int signal_undisturbed(void *arg)
{
    return miou_signal(*(miou_syscall **)arg);
}

CHECK("R11.1", nothing_but_its_signal_ends_a_suspension)
{
    miou_syscall *point = NULL;

    assert_undisturbed(&(struct disturbed_wait){
        .wait = suspend_undisturbed, .release = signal_undisturbed, .state = &point});
}

/* ---- R11.20: points that no task suspends on ---- */

static int make_a_point(void *number)
{
    miou_syscall *point;

    TRY(miou_syscall_create(&point));
    TRY(miou_yield());
    return return_number(number);
}

/* One ends with a value, one fails, and one is cancelled. */
static int make_points_and_end(void *arg)
{
    miou_promise *promises[3];
    int i;

    (void)arg;
    for (i = 0; i < 3; i++)
        TRY(miou_async(&promises[i], NULL, make_a_point, i == 1 ? (void *)-EIO : NULL));
    TRY(miou_yield());
    TRY(miou_cancel(promises[2]));
    TRY(miou_await_all(NULL, promises, 3));
    for (i = 0; i < 3; i++)
        TRY(miou_promise_free(promises[i]));
    return 0;
}

static int make_points_for_ever(void *arg)
{
    return grow_by(arg, 20000, 20, make_points_and_end, NULL);
}

/* 20 bytes each: less than any record of one. */
CHECK("R11.20", points_that_are_left_take_no_memory)
{
    struct growth growth = {0};

    expect_code(run_with(0, make_points_for_ever, &growth), 0);
    expect_false(grew(&growth));
}
