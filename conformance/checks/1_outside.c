/* Rules R1.4, R10.10, R11.18 and R12.11: what is refused outside a run and in a finaliser, of the
 * calls that came with combinators, time, monitors and signals. */
#include "station.h"

#include <errno.h>
#include <signal.h>

/* What the calls are made with: objects of a run, or NULL. */
struct objects {
    miou_promise *promise;
    miou_orphans *orphans;
    miou_syscall *point;
    miou_hook *hook;
};

/* Returns the first call that does not return that error, or NULL. */
#define MUST_RETURN(error, call)                                                                   \
    if ((call) != (error))                                                                         \
    return #call

static int finally(void *arg, int cancelled)
{
    (void)arg;
    return cancelled;
}

static const char *children_not_refused(const struct objects *with)
{
    miou_promise *out = NULL;
    uint64_t id = 7;
    size_t which = 7;
    int outcome = 7;

    MUST_RETURN(MIOU_NOT_RUNNING, miou_await_all(&outcome, &with->promise, 1));
    MUST_RETURN(MIOU_NOT_RUNNING, miou_await_all(NULL, NULL, 0));
    MUST_RETURN(MIOU_NOT_RUNNING, miou_await_one(&which, &outcome, &with->promise, 1));
    MUST_RETURN(MIOU_NOT_RUNNING, miou_await_first(&which, &outcome, &with->promise, 1));
    MUST_RETURN(MIOU_NOT_RUNNING, miou_await_first(NULL, NULL, NULL, 0));
    MUST_RETURN(MIOU_NOT_RUNNING, miou_promise_state(with->promise));
    MUST_RETURN(MIOU_NOT_RUNNING, miou_promise_id(&id, with->promise));
    MUST_RETURN(MIOU_NOT_RUNNING, miou_protect(return_0, NULL, finally, NULL));
    MUST_RETURN(MIOU_NOT_RUNNING, miou_orphans_take(&out, with->orphans));
    MUST_RETURN(MIOU_NOT_RUNNING, miou_orphans_get(&outcome, with->orphans));
    MUST_RETURN(MIOU_NOT_RUNNING, miou_orphans_length(with->orphans));
    return out || id != 7 || which != 7 || outcome != 7 ? "an argument that was written to" : NULL;
}

static void tell(void *arg)
{
    ++*(int *)arg;
}

static int hook(void *arg)
{
    return ++*(int *)arg;
}

/* calls counts those of tell and hook. */
static const char *monitors_not_refused(int error, const struct objects *with, int *calls)
{
    miou_syscall *point = NULL;
    miou_hook *made = NULL;

    MUST_RETURN(error, miou_syscall_create(&point));
    MUST_RETURN(error, miou_suspend(with->point, tell, calls));
    MUST_RETURN(error, miou_suspend(NULL, tell, calls));
    MUST_RETURN(error, miou_hook_add(&made, hook, calls));
    MUST_RETURN(error, miou_hook_remove(with->hook));
    MUST_RETURN(error, miou_hook_remove(NULL));
    return point || made ? "an argument that was written to" : NULL;
}

static const char *monitors_not_refused_outside(const struct objects *with)
{
    int calls = 0;
    const char *accepted = monitors_not_refused(MIOU_NOT_RUNNING, with, &calls);

    if (accepted || calls)
        return accepted ? accepted : "tell or hook";
    MUST_RETURN(MIOU_NOT_RUNNING, miou_signal(with->point));
    MUST_RETURN(NULL, miou_monitor_state());
    return NULL;
}

static void assert_refused(const char *accepted)
{
    if (accepted)
        fail_msg("not refused: %s", accepted);
}

/* Leaves objects behind, which nobody is to be reached by. */
static int leave_objects(void *arg)
{
    struct objects *t = arg;
    static int calls;

    TRY(miou_orphans_create(&t->orphans));
    TRY(miou_async(&t->promise, NULL, return_0, NULL));
    TRY(miou_await(t->promise, NULL));
    TRY(miou_syscall_create(&t->point));
    return miou_hook_add(&t->hook, hook, &calls);
}

CHECK("R1.4", combinators_outside_a_run)
{
    struct objects t = {NULL};

    assert_refused(children_not_refused(&t));
    assert_int_equal(run_with(0, leave_objects, &t), 0);
    assert_refused(children_not_refused(&t));
}

CHECK("R1.4 R11.18", monitors_outside_a_run)
{
    struct objects t = {NULL};

    assert_refused(monitors_not_refused_outside(&t));
    assert_int_equal(run_with(0, leave_objects, &t), 0);
    assert_refused(monitors_not_refused_outside(&t));
}

static void never(int number, void *arg)
{
    (void)number;
    ++*(int *)arg;
}

CHECK("R1.4 R10.10 R12.11", time_and_signals_outside_a_run)
{
    struct sigaction action;
    int calls = 0;

    assert_int_equal(miou_sleep(1), MIOU_NOT_RUNNING);
    assert_int_equal(miou_sleep(0), MIOU_NOT_RUNNING);
    assert_int_equal(miou_sleep(-1), MIOU_NOT_RUNNING);
    assert_int_equal(miou_signal_handle(SIGUSR1, never, &calls), MIOU_NOT_RUNNING);
    assert_int_equal(miou_signal_handle(SIGUSR1, MIOU_SIGNAL_IGNORE, NULL), MIOU_NOT_RUNNING);
    assert_int_equal(miou_signal_handle(0, never, &calls), MIOU_NOT_RUNNING);
    assert_int_equal(sigaction(SIGUSR1, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
}

/* ---- In a finaliser ---- */

struct finalising {
    struct objects objects;
    struct passenger passenger; /* whose point the finaliser signals */
    const char *accepted;
    int slept[3], handled, signalled, calls, hook_calls;
    bool state;
};

static void try_in_finaliser(void *value)
{
    struct finalising *t = value;

    t->slept[0] = miou_sleep(1);
    t->slept[1] = miou_sleep(0);
    t->slept[2] = miou_sleep(-1);
    t->handled = miou_signal_handle(SIGUSR1, never, &t->calls);
    t->accepted = monitors_not_refused(MIOU_IN_FINALISER, &t->objects, &t->calls);
    t->signalled = miou_signal(t->passenger.point);
    t->state = miou_monitor_state() != NULL;
}

static int finalise_beside_a_passenger(void *arg)
{
    struct finalising *t = arg;
    struct station *station = miou_monitor_state();
    miou_resource *resource;
    miou_promise *promise;
    int outcome, calls;

    TRY(miou_syscall_create(&t->objects.point));
    TRY(miou_async(&promise, NULL, passenger_task, &t->passenger));
    TRY(miou_yield());
    station->passengers = NULL; /* the finaliser will see to the one there is */
    TRY(miou_hook_add(&t->objects.hook, hook, &t->hook_calls));
    TRY(miou_resource_create(&resource, try_in_finaliser, t));
    TRY(miou_own(resource));
    TRY(miou_release(resource));
    calls = t->hook_calls;
    TRY(miou_yield());
    TRY(t->hook_calls > calls ? 0 : -1);
    TRY(miou_await(promise, &outcome));
    return outcome;
}

CHECK("R10.10 R11.18 R12.11", time_monitors_and_signals_in_a_finaliser)
{
    struct stations stations = {.made = 0};
    struct finalising t = {.signalled = 1};
    int i;

    assert_int_equal(station_run(&stations, 0, finalise_beside_a_passenger, &t), 0);
    assert_refused(t.accepted);
    for (i = 0; i < 3; i++)
        assert_int_equal(t.slept[i], MIOU_IN_FINALISER);
    assert_int_equal(t.handled, MIOU_IN_FINALISER);
    assert_int_equal(t.signalled, 0);
    assert_int_equal(t.calls, 0);
    assert_true(t.state);
    stations_assert_sound(&stations, 0);
}
