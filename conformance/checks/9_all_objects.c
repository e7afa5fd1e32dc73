/* Rules R9.29, R9.30 and R9.32 to R9.34, which hold for all objects of chapter 9. */
#include "refused_calls.h"
#include "sync.h"

#include <errno.h>

int spread(int count, miou_task *fn, void *arg)
{
    miou_promise *promises[64];
    int sum = 0, outcome, i;

    for (i = 0; i < count; i++)
        TRY(spawn_on(i % (miou_domain_available() + 1), &promises[i], fn, arg));
    for (i = 0; i < count; i++) {
        TRY(outcome = await_and_free(promises[i]));
        sum += outcome;
    }
    return sum;
}

/* One of each. */
struct things {
    miou_mutex *mutex;
    miou_condition *condition;
    miou_lazy *lazy; /* of the value 7 */
    miou_trigger *trigger, *other;
    miou_computation *computation;
};

static int return_seven(void *arg)
{
    (void)arg;
    return 7;
}

static int things_create(struct things *things)
{
    TRY(miou_mutex_create(&things->mutex));
    TRY(miou_condition_create(&things->condition));
    TRY(miou_lazy_create(&things->lazy, return_seven, NULL));
    TRY(miou_trigger_create(&things->trigger));
    TRY(miou_trigger_create(&things->other));
    return miou_computation_create(&things->computation);
}

/* ---- calls that suspend, calls that create, and the others ---- */

/* Whether each call that can suspend returns that error. */
static int suspend_in_vain(const struct things *t, int error)
{
    int untouched = 77;

    EXPECT(miou_mutex_lock(t->mutex), error);
    EXPECT(miou_mutex_try_lock(t->mutex), error);
    EXPECT(miou_mutex_protect(t->mutex, return_seven, NULL), error);
    EXPECT(miou_lazy_force(t->lazy, &untouched), error);
    EXPECT(miou_trigger_await(t->trigger), error);
    EXPECT(miou_computation_await(t->computation, &untouched), error);
    EXPECT(untouched, 77);
    return 0;
}

static int create_in_vain(const struct things *t, int error)
{
    struct things made;

    EXPECT(miou_mutex_create(&made.mutex), error);
    EXPECT(miou_condition_create(&made.condition), error);
    EXPECT(miou_lazy_create(&made.lazy, return_seven, NULL), error);
    EXPECT(miou_lazy_from_value(&made.lazy, 7), error);
    EXPECT(miou_trigger_create(&made.trigger), error);
    EXPECT(miou_computation_create(&made.computation), error);
    EXPECT(miou_computation_canceller(&made.trigger, t->computation, t->computation), error);
    return 0;
}

static void count_call(miou_trigger *trigger, void *arg)
{
    (void)trigger;
    ++*(int *)arg;
}

/* The calls that do neither, unless another function here makes them. */
static int do_in_vain(const struct things *t, int error)
{
    int untouched = 77, called = 0;

    EXPECT(miou_mutex_unlock(t->mutex), error);
    EXPECT(miou_condition_signal(t->condition), error);
    EXPECT(miou_condition_broadcast(t->condition), error);
    EXPECT(miou_trigger_state(t->trigger), error);
    EXPECT(miou_trigger_signal(t->trigger), error);
    EXPECT(miou_trigger_on_signal(t->trigger, count_call, &called), error);
    EXPECT(miou_computation_complete(t->computation, 1), error);
    EXPECT(miou_computation_peek(t->computation, &untouched), error);
    EXPECT(miou_computation_attach(t->computation, t->trigger), error);
    EXPECT(miou_computation_detach(t->computation, t->trigger), error);
    EXPECT(miou_mutex_free(t->mutex), error);
    EXPECT(miou_condition_free(t->condition), error);
    EXPECT(miou_lazy_free(t->lazy), error);
    EXPECT(miou_trigger_free(t->trigger), error);
    EXPECT(miou_computation_free(t->computation), error);
    EXPECT(untouched, 77);
    EXPECT(called, 0);
    return 0;
}

/* Whether everything works that does not suspend; the mutex is the caller's. */
static int do_without_suspending(const struct things *t)
{
    int called = 0, outcome = 0;

    EXPECT(miou_mutex_unlock(t->mutex), 0);
    EXPECT(miou_mutex_unlock(t->mutex), -EPERM);
    EXPECT(miou_condition_signal(t->condition), 0);
    EXPECT(miou_condition_broadcast(t->condition), 0);
    EXPECT(miou_trigger_state(t->trigger), MIOU_TRIGGER_INITIAL);
    EXPECT(miou_trigger_on_signal(t->trigger, count_call, &called), 0);
    EXPECT(miou_computation_peek(t->computation, NULL), 0);
    EXPECT(miou_computation_attach(t->computation, t->trigger), 0);
    EXPECT(miou_computation_attach(t->computation, t->other), 0);
    EXPECT(miou_computation_detach(t->computation, t->other), 0);
    EXPECT(miou_trigger_signal(t->other), 0);
    EXPECT(miou_computation_complete(t->computation, 5), 0);
    EXPECT(called, 1);
    EXPECT(miou_computation_peek(t->computation, &outcome), 1);
    EXPECT(outcome, 5);
    EXPECT(miou_mutex_free(t->mutex), 0);
    EXPECT(miou_condition_free(t->condition), 0);
    EXPECT(miou_lazy_free(t->lazy), 0);
    EXPECT(miou_trigger_free(t->trigger), 0);
    EXPECT(miou_trigger_free(t->other), 0);
    EXPECT(miou_computation_free(t->computation), 0);
    return 0;
}

/* ---- R9.29 */

static int call_with_null(void *arg)
{
    static const struct things none;

    (void)arg;
    EXPECT(suspend_in_vain(&none, -EINVAL), 0);
    EXPECT(do_in_vain(&none, -EINVAL), 0);
    EXPECT(miou_condition_wait(NULL, NULL), -EINVAL);
    EXPECT(miou_mutex_create(NULL), -EINVAL);
    EXPECT(miou_condition_create(NULL), -EINVAL);
    EXPECT(miou_lazy_create(NULL, return_seven, NULL), -EINVAL);
    EXPECT(miou_lazy_from_value(NULL, 7), -EINVAL);
    EXPECT(miou_trigger_create(NULL), -EINVAL);
    EXPECT(miou_computation_create(NULL), -EINVAL);
    return 0;
}

static int call_with_half(void *arg)
{
    struct things t;
    miou_lazy *untouched = NULL;
    miou_trigger *nothing = NULL;

    (void)arg;
    TRY(things_create(&t));
    EXPECT(miou_lazy_create(&untouched, NULL, NULL), -EINVAL);
    EXPECT(untouched == NULL, true);
    EXPECT(miou_trigger_on_signal(t.trigger, NULL, NULL), -EINVAL);
    EXPECT(miou_trigger_state(t.trigger), MIOU_TRIGGER_INITIAL);
    EXPECT(miou_computation_canceller(NULL, t.computation, t.computation), -EINVAL);
    EXPECT(miou_computation_canceller(&nothing, NULL, t.computation), -EINVAL);
    EXPECT(miou_computation_canceller(&nothing, t.computation, NULL), -EINVAL);
    EXPECT(nothing == NULL, true);
    EXPECT(miou_computation_attach(t.computation, NULL), -EINVAL);
    EXPECT(miou_computation_attach(NULL, t.trigger), -EINVAL);
    EXPECT(miou_condition_wait(t.condition, NULL), -EINVAL);
    return 0;
}

CHECK("R9.29", null_is_no_object)
{
    expect_code(run_with(0, call_with_null, NULL), 0);
    expect_code(run_with(0, call_with_half, NULL), 0);
}

static int make_things(void *arg)
{
    return things_create(arg);
}

/* Objects of an earlier run, in a run that has made as many of its own. */
static int call_with_those_of_another_run(void *arg)
{
    struct things own;

    TRY(things_create(&own));
    EXPECT(suspend_in_vain(arg, -EINVAL), 0);
    EXPECT(do_in_vain(arg, -EINVAL), 0);
    EXPECT(miou_computation_attach(own.computation, ((struct things *)arg)->trigger), -EINVAL);
    EXPECT(miou_mutex_lock(own.mutex), 0);
    EXPECT(miou_condition_wait(((struct things *)arg)->condition, own.mutex), -EINVAL);
    return 0;
}

CHECK("R9.29", of_another_run)
{
    struct things things;

    expect_code(run_with(0, make_things, &things), 0);
    expect_code(run_with(1, call_with_those_of_another_run, &things), 0);
}

/* Each in the place of the next. */
static int call_with_other_kinds(void *arg)
{
    struct things t, mixed;

    (void)arg;
    TRY(things_create(&t));
    mixed = (struct things){.mutex = (miou_mutex *)t.computation,
                            .condition = (miou_condition *)t.mutex,
                            .lazy = (miou_lazy *)t.condition,
                            .trigger = (miou_trigger *)t.lazy,
                            .computation = (miou_computation *)t.trigger};
    EXPECT(suspend_in_vain(&mixed, -EINVAL), 0);
    EXPECT(do_in_vain(&mixed, -EINVAL), 0);
    EXPECT(miou_mutex_lock(t.mutex), 0);
    return do_without_suspending(&t);
}

CHECK("R9.29", of_another_kind)
{
    expect_code(run_with(0, call_with_other_kinds, NULL), 0);
}

/* ---- R9.30, R9.32: finalisers and cancelled tasks */

struct last_will {
    struct things things;
    atomic_bool holds; /* the mutex */
    int suspended, created, done;
};

static void call_in_a_finaliser(void *value)
{
    struct last_will *will = value;

    NOTE(will->suspended, suspend_in_vain(&will->things, MIOU_IN_FINALISER));
    NOTE(will->created, create_in_vain(&will->things, MIOU_IN_FINALISER));
    NOTE(will->done, do_without_suspending(&will->things));
}

/* Fail, holding the mutex and owning a resource. */
static int leave_a_will(void *arg)
{
    struct last_will *will = arg;
    miou_resource *resource;

    TRY(things_create(&will->things));
    TRY(miou_mutex_lock(will->things.mutex));
    TRY(miou_resource_create(&resource, call_in_a_finaliser, will));
    TRY(miou_own(resource));
    return BOOM;
}

static int leave_a_will_elsewhere(void *arg)
{
    return run_on(1, leave_a_will, arg);
}

CHECK("R9.30", calls_in_a_finaliser)
{
    struct last_will here = {.done = -1}, there = {.done = -1};

    expect_code(run_with(0, leave_a_will, &here), BOOM);
    expect_noted(here.suspended, 0);
    expect_noted(here.created, 0);
    expect_noted(here.done, 0);
    expect_code(run_with(1, leave_a_will_elsewhere, &there), BOOM);
    expect_noted(there.suspended, 0);
    expect_noted(there.created, 0);
    expect_noted(there.done, 0);
}

static void wait_in_a_finaliser(void *value)
{
    struct last_will *will = value;

    NOTE(will->suspended, miou_condition_wait(will->things.condition, will->things.mutex));
    NOTE(will->done, miou_mutex_unlock(will->things.mutex));
}

static int leave_a_wait(void *arg)
{
    struct last_will *will = arg;
    miou_resource *resource;

    TRY(things_create(&will->things));
    TRY(miou_mutex_lock(will->things.mutex));
    TRY(miou_resource_create(&resource, wait_in_a_finaliser, will));
    TRY(miou_own(resource));
    return miou_release(resource);
}

CHECK("R9.30 R9.15", waiting_in_a_finaliser)
{
    struct last_will will = {.done = -1};

    expect_code(run_with(0, leave_a_wait, &will), 0);
    expect_noted(will.suspended, MIOU_IN_FINALISER);
    expect_noted(will.done, -EPERM);
}

static int call_when_cancelled(void *arg)
{
    struct last_will *will = arg;

    TRY(things_create(&will->things));
    TRY(miou_mutex_lock(will->things.mutex));
    will->holds = true;
    yield_for_ever(NULL);
    NOTE(will->suspended, suspend_in_vain(&will->things, MIOU_CANCELLED));
    NOTE(will->done, do_without_suspending(&will->things));
    return 0;
}

static int cancel_and_look(void *arg)
{
    int domain;

    for (domain = 0; domain <= miou_domain_available(); domain++) {
        struct last_will *will = arg;
        miou_promise *promise;

        will->holds = false;
        will->suspended = will->done = -1;
        TRY(spawn_on(domain, &promise, call_when_cancelled, will));
        while (!will->holds)
            TRY(miou_yield());
        TRY(miou_cancel(promise));
        EXPECT(will->suspended, 0);
        EXPECT(will->done, 0);
    }
    return 0;
}

CHECK("R9.32", calls_when_cancelled)
{
    struct last_will will;

    expect_code(run_with(1, cancel_and_look, &will), 0);
}

static int wait_when_cancelled(void *arg)
{
    struct last_will *will = arg;

    TRY(miou_mutex_lock(will->things.mutex));
    will->holds = true;
    yield_for_ever(NULL);
    NOTE(will->suspended, miou_condition_wait(will->things.condition, will->things.mutex));
    NOTE(will->done, miou_mutex_unlock(will->things.mutex));
    return 0;
}

static int cancel_and_lock(void *arg)
{
    struct last_will *will = arg;
    miou_promise *promise;

    TRY(things_create(&will->things));
    will->holds = false;
    TRY(miou_async(&promise, NULL, wait_when_cancelled, will));
    while (!will->holds)
        TRY(miou_yield());
    TRY(miou_cancel(promise));
    EXPECT(will->suspended, MIOU_CANCELLED);
    EXPECT(will->done, -EPERM);
    return miou_mutex_try_lock(will->things.mutex);
}

CHECK("R9.32 R9.15", waiting_when_cancelled)
{
    struct last_will will;

    expect_code(run_with(0, cancel_and_lock, &will), 0);
}

/* ---- R9.33 */

static void assert_not_running(const struct things *things)
{
    expect_code(suspend_in_vain(things, MIOU_NOT_RUNNING), 0);
    expect_code(create_in_vain(things, MIOU_NOT_RUNNING), 0);
    expect_code(do_in_vain(things, MIOU_NOT_RUNNING), 0);
    expect_code(miou_condition_wait(things->condition, things->mutex), MIOU_NOT_RUNNING);
}
#define assert_not_running(...) IN_HELPER(assert_not_running, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R9.33", outside_a_run)
{
    struct things things = {0};

    assert_not_running(&things);
    expect_code(run_with(0, make_things, &things), 0);
    assert_not_running(&things);
}

/* ---- R9.34 */

static void call_in_an_action(miou_trigger *trigger, void *arg)
{
    struct last_will *will = arg;
    miou_resource *resource;
    miou_promise *promise;

    (void)trigger;
    NOTE(will->suspended,
         miou_yield() != MIOU_IN_FINALISER ||
             miou_async(&promise, NULL, return_seven, NULL) != MIOU_IN_FINALISER ||
             miou_resource_create(&resource, wait_in_a_finaliser, will) != MIOU_IN_FINALISER ||
             suspend_in_vain(&will->things, MIOU_IN_FINALISER));
    NOTE(will->created, create_in_vain(&will->things, MIOU_IN_FINALISER));
    NOTE(will->done, do_without_suspending(&will->things));
}

static int act(void *arg)
{
    struct last_will *will = arg;
    miou_trigger *trigger;

    TRY(things_create(&will->things));
    TRY(miou_mutex_lock(will->things.mutex));
    TRY(miou_trigger_create(&trigger));
    TRY(miou_trigger_on_signal(trigger, call_in_an_action, will));
    TRY(miou_trigger_signal(trigger));
    return miou_yield();
}

CHECK("R9.34", calls_in_an_action)
{
    struct last_will will = {.done = -1};

    expect_code(run_with(0, act, &will), 0);
    expect_noted(will.suspended, 0);
    expect_noted(will.created, 0);
    expect_noted(will.done, 0);
}

CHECK("R9.34", whatever_an_action_passes_it_is_refused)
{
    assert_refused_in_actions(TASK_CALLS, miou_run);
}

CHECK("R9.34", whatever_an_action_passes_combinators_are_refused)
{
    assert_refused_in_actions(COMBINATOR_CALLS, miou_run);
}

CHECK("R9.34", whatever_an_action_passes_synchronisation_is_refused)
{
    assert_refused_in_actions(SYNC_CALLS, miou_run);
}
