/* Mutants of chapter 9, synchronisation: lazy values, triggers and computations. */
#include "watch.h"

#include <errno.h>
#include <stdlib.h>

/* ---- lazy values: the true one computes through a record. */

struct computed {
    miou_lazy *lazy;
    miou_task *fn;
    void *arg;
    atomic_int computing;
    atomic_bool returned;
    int value;
    struct computed *older;
};

static struct computed *_Atomic newest;

static struct computed *computed_of(const miou_lazy *lazy)
{
    struct computed *computed = newest;

    while (computed && computed->lazy != lazy)
        computed = computed->older;
    return computed;
}

static int compute(void *arg)
{
    struct computed *computed = arg;
    int value;

    atomic_fetch_add(&computed->computing, 1);
    value = computed->fn(computed->arg);
    atomic_fetch_sub(&computed->computing, 1);
    return value;
}

static int create_with(miou_lazy **lazy, miou_task *compute_it, miou_task *fn, void *arg)
{
    struct computed *computed;
    int error;

    if (!lazy || !fn)
        return true_miou_lazy_create(lazy, fn, arg);
    computed = calloc(1, sizeof *computed);
    if (!computed)
        abort();
    computed->fn = fn;
    computed->arg = arg;
    error = true_miou_lazy_create(lazy, compute_it, computed);
    if (error < 0) {
        free(computed);
        return error;
    }
    computed->lazy = *lazy;
    computed->older = newest;
    while (!atomic_compare_exchange_weak(&newest, &computed->older, computed))
        continue;
    return 0;
}

static int create_computed(miou_lazy **lazy, miou_task *fn, void *arg)
{
    return create_with(lazy, compute, fn, arg);
}

static int force_again(miou_lazy *lazy, int *outcome)
{
    struct computed *computed = computed_of(lazy);
    int ignored, error = true_miou_lazy_force(lazy, outcome ? outcome : (outcome = &ignored));

    if (error == 0 && computed && computed->returned)
        *outcome = compute(computed);
    if (error == 0 && computed)
        computed->returned = true;
    return error;
}
MUTANT("R9.17", computed_whenever_it_is_forced, .lazy_create = create_computed,
       .lazy_force = force_again);

static int create_at_once(miou_lazy **lazy, miou_task *fn, void *arg)
{
    if (!lazy || !fn)
        return true_miou_lazy_create(lazy, fn, arg);
    return true_miou_lazy_from_value(lazy, fn(arg));
}
MUTANT("R9.17", computed_when_it_is_made, .lazy_create = create_at_once);

static int force_for_a_place(miou_lazy *lazy, int *outcome)
{
    return !outcome && computed_of(lazy) ? 0 : true_miou_lazy_force(lazy, outcome);
}
MUTANT("R9.17", computed_only_for_a_place, .lazy_create = create_computed,
       .lazy_force = force_for_a_place);

static int force_errors_again(miou_lazy *lazy, int *outcome)
{
    int value, error = true_miou_lazy_force(lazy, &value);

    if (error == 0 && value < 0)
        return force_again(lazy, outcome);
    if (error == 0 && outcome)
        *outcome = value;
    return error;
}
MUTANT("R9.18", errors_are_computed_again, .lazy_create = create_computed,
       .lazy_force = force_errors_again);

static int force_or_fail(miou_lazy *lazy, int *outcome)
{
    int value, error = true_miou_lazy_force(lazy, &value);

    if (error == 0 && value < 0)
        return value;
    if (error == 0 && outcome)
        *outcome = value;
    return error;
}
MUTANT("R9.18", a_failed_computation_fails_the_force, .lazy_force = force_or_fail);

static int force_oneself(miou_lazy *lazy, int *outcome)
{
    int error = true_miou_lazy_force(lazy, outcome);

    if (error == MIOU_UNDEFINED && outcome)
        *outcome = 0;
    return error == MIOU_UNDEFINED ? 0 : error;
}
MUTANT("R9.19", what_needs_itself_is_zero, .lazy_force = force_oneself);

static int force_idle(miou_lazy *lazy, int *outcome)
{
    struct computed *computed = computed_of(lazy);

    return computed && computed->computing ? MIOU_UNDEFINED : true_miou_lazy_force(lazy, outcome);
}
MUTANT("R9.20", undefined_while_another_computes, .lazy_create = create_computed,
       .lazy_force = force_idle);

static int compute_once(void *arg)
{
    struct computed *computed = arg;

    if (!computed->returned) {
        computed->value = computed->fn(computed->arg);
        computed->returned = true;
    }
    return computed->value;
}

static int create_once(miou_lazy **lazy, miou_task *fn, void *arg)
{
    return create_with(lazy, compute_once, fn, arg);
}
MUTANT("R9.21", what_the_cancelled_computed_counts, .lazy_create = create_once);

/* ---- triggers */

static int await_in_time(miou_trigger *trigger)
{
    if (true_miou_trigger_state(trigger) == MIOU_TRIGGER_SIGNALLED)
        return -EALREADY;
    return true_miou_trigger_await(trigger);
}
MUTANT("R9.22", too_late_to_await, .trigger_await = await_in_time);

static int state_of_two(miou_trigger *trigger)
{
    int state = true_miou_trigger_state(trigger);

    return state == MIOU_TRIGGER_AWAITED ? MIOU_TRIGGER_INITIAL : state;
}
MUTANT("R9.22", awaited_looks_initial, .trigger_state = state_of_two);

static int signal_once(miou_trigger *trigger)
{
    if (true_miou_trigger_state(trigger) == MIOU_TRIGGER_SIGNALLED)
        return -EALREADY;
    return true_miou_trigger_signal(trigger);
}
MUTANT("R9.22", signalling_again_fails, .trigger_signal = signal_once);

/* A trigger's mark is 1 once it has been attached. */
static int attach_marked(miou_computation *computation, miou_trigger *trigger)
{
    int error = true_miou_computation_attach(computation, trigger);

    if (error == 0)
        *watch_mark(trigger) = 1;
    return error;
}

static int state_if_not_attached(miou_trigger *trigger)
{
    int state = true_miou_trigger_state(trigger);

    return state == MIOU_TRIGGER_INITIAL && *watch_mark(trigger) ? MIOU_TRIGGER_AWAITED : state;
}
MUTANT("R9.22", attached_triggers_are_awaited, .computation_attach = attach_marked,
       .trigger_state = state_if_not_attached);

static int await_too(miou_trigger *trigger)
{
    int error = true_miou_trigger_await(trigger);

    return error == -EBUSY ? 0 : error;
}
MUTANT("R9.23", a_second_need_not_wait, .trigger_await = await_too);

static int act_at_once(miou_trigger *trigger, void (*fn)(miou_trigger *trigger, void *arg),
                       void *arg)
{
    int error = true_miou_trigger_on_signal(trigger, fn, arg);

    if (error == 0)
        fn(trigger, arg);
    return error;
}
MUTANT("R9.24", called_when_it_is_attached, .trigger_on_signal = act_at_once);

static int act_too_late(miou_trigger *trigger, void (*fn)(miou_trigger *trigger, void *arg),
                        void *arg)
{
    int error = true_miou_trigger_on_signal(trigger, fn, arg);

    if (error == -EALREADY)
        fn(trigger, arg);
    return error;
}
MUTANT("R9.24", called_although_signalled_before, .trigger_on_signal = act_too_late);

/* An action that is called by the mutant itself. */
struct action {
    miou_trigger *trigger;
    void (*fn)(miou_trigger *trigger, void *arg);
    void *arg;
    bool signalled;
    struct action *older;
};

static _Thread_local struct action *actions;

static void note_signal(miou_trigger *trigger, void *arg)
{
    struct action *action = arg;

    (void)trigger;
    action->signalled = true;
}

static int act_later(miou_trigger *trigger, void (*fn)(miou_trigger *trigger, void *arg), void *arg)
{
    struct action *action;
    int error;

    if (!fn)
        return true_miou_trigger_on_signal(trigger, fn, arg);
    action = calloc(1, sizeof *action);
    if (!action)
        abort();
    *action = (struct action){.trigger = trigger, .fn = fn, .arg = arg, .older = actions};
    if ((error = true_miou_trigger_on_signal(trigger, note_signal, action)) < 0)
        free(action);
    else
        actions = action;
    return error;
}

static int signal_then_act(miou_trigger *trigger)
{
    int error = true_miou_trigger_signal(trigger);
    struct action *action;

    for (action = actions; action; action = action->older)
        if (action->signalled) {
            action->signalled = false;
            action->fn(action->trigger, action->arg);
        }
    return error;
}
MUTANT("R9.34", actions_may_suspend, .trigger_on_signal = act_later,
       .trigger_signal = signal_then_act);

static int await_nothing(miou_trigger *trigger)
{
    return true_miou_trigger_state(trigger) == MIOU_TRIGGER_INITIAL
               ? 0
               : true_miou_trigger_await(trigger);
}
MUTANT("R9.31", what_is_signalled_may_not_be_there_yet, .trigger_await = await_nothing);

/* ---- computations */

static int complete_again(miou_computation *computation, int outcome)
{
    int error = true_miou_computation_complete(computation, outcome);

    return error == -EALREADY ? 0 : error;
}
MUTANT("R9.25", completing_again_is_fine, .computation_complete = complete_again);

static int peek_at_nothing(miou_computation *computation, int *outcome)
{
    int complete = true_miou_computation_peek(computation, outcome);

    if (complete == 0 && outcome)
        *outcome = 0;
    return complete < 0 ? complete : 1;
}
MUTANT("R9.25", peek_sees_what_is_not_there, .computation_peek = peek_at_nothing);

static int peek_and_clear(miou_computation *computation, int *outcome)
{
    int complete = true_miou_computation_peek(computation, outcome);

    if (complete == 0 && outcome)
        *outcome = 0;
    return complete;
}
MUTANT("R9.25", peek_writes_although_it_sees_nothing, .computation_peek = peek_and_clear);

/* The computation that this thread is completing. */
static _Thread_local const miou_computation *completing;

static int complete_noted(miou_computation *computation, int outcome)
{
    const miou_computation *outer = completing;
    int error;

    completing = computation;
    error = true_miou_computation_complete(computation, outcome);
    completing = outer;
    return error;
}

static int free_what_completes(miou_computation *computation)
{
    return computation && computation == completing ? 0 : true_miou_computation_free(computation);
}
MUTANT("R9.10", computations_are_freed_while_they_complete, .computation_complete = complete_noted,
       .computation_free = free_what_completes);

static int keep_what_is_complete(miou_computation *computation)
{
    return true_miou_computation_peek(computation, NULL) == 1 &&
                   atomic_fetch_add(watch_mark(computation), 1) == 0
               ? -EBUSY
               : true_miou_computation_free(computation);
}
MUTANT("R9.10", computations_are_in_use_when_complete, .computation_free = keep_what_is_complete);

static int free_when_complete(miou_trigger *trigger)
{
    return completing && true_miou_trigger_state(trigger) == MIOU_TRIGGER_AWAITED
               ? 0
               : true_miou_trigger_free(trigger);
}
MUTANT("R9.24", actions_outlive_their_triggers, .computation_complete = complete_noted,
       .trigger_free = free_when_complete);

static int complete_anew(miou_computation *computation, int outcome)
{
    return computation && computation == completing ? 0 : complete_noted(computation, outcome);
}
MUTANT("R9.25", actions_complete_it_anew, .computation_complete = complete_anew);

static int peek_when_done(miou_computation *computation, int *outcome)
{
    return computation && computation == completing
               ? 0
               : true_miou_computation_peek(computation, outcome);
}
MUTANT("R9.27", actions_see_no_outcome, .computation_complete = complete_noted,
       .computation_peek = peek_when_done);

static int await_alone(miou_computation *computation, int *outcome)
{
    atomic_int *awaiting = watch_mark(computation);
    int error = -EBUSY;

    if (atomic_fetch_add(awaiting, 1) == 0)
        error = true_miou_computation_await(computation, outcome);
    atomic_fetch_sub(awaiting, 1);
    return error;
}
MUTANT("R9.26", one_task_may_await, .computation_await = await_alone);

static int attach_to_nothing(miou_computation *computation, miou_trigger *trigger)
{
    if (true_miou_computation_peek(computation, NULL) != 0 ||
        true_miou_trigger_state(trigger) == MIOU_TRIGGER_SIGNALLED)
        return true_miou_computation_attach(computation, trigger);
    return 0;
}
MUTANT("R9.27", triggers_are_not_signalled, .computation_attach = attach_to_nothing);

static int attach_twice(miou_computation *computation, miou_trigger *trigger)
{
    int error = true_miou_computation_attach(computation, trigger);

    return error == -EBUSY ? 0 : error;
}
MUTANT("R9.27", triggers_are_attached_again, .computation_attach = attach_twice);

struct handing {
    miou_computation *from, *into;
};

static void hand_on(miou_trigger *trigger, void *arg)
{
    const struct handing *handing = arg;
    int outcome;

    (void)trigger;
    if (true_miou_computation_peek(handing->from, &outcome) == 1)
        true_miou_computation_complete(handing->into, outcome);
}

static int hand_all_on(miou_trigger **trigger, miou_computation *from, miou_computation *into)
{
    struct handing *handing;
    int error = true_miou_computation_canceller(trigger, from, into);

    if (error < 0)
        return error;
    true_miou_trigger_free(*trigger);
    if ((error = true_miou_trigger_create(trigger)) < 0)
        return error;
    handing = malloc(sizeof *handing);
    if (!handing)
        abort();
    *handing = (struct handing){.from = from, .into = into};
    return true_miou_trigger_on_signal(*trigger, hand_on, handing);
}
MUTANT("R9.28", values_are_handed_on_too, .computation_canceller = hand_all_on);

static int hand_nothing_on(miou_trigger **trigger, miou_computation *from, miou_computation *into)
{
    (void)into;
    return true_miou_computation_canceller(trigger, from, from);
}
MUTANT("R9.28", nothing_is_handed_on, .computation_canceller = hand_nothing_on);

/* The last canceller that this thread has made. */
static _Thread_local struct {
    miou_trigger *trigger;
    miou_computation *from;
} last;

static int remember(miou_trigger **trigger, miou_computation *from, miou_computation *into)
{
    int error = true_miou_computation_canceller(trigger, from, into);

    if (error == 0) {
        last.trigger = *trigger;
        last.from = from;
    }
    return error;
}

static int demand_from(miou_trigger *trigger)
{
    if (trigger == last.trigger && true_miou_computation_peek(last.from, NULL) < 0)
        return -EINVAL;
    return true_miou_trigger_signal(trigger);
}
MUTANT("R9.28", a_canceller_needs_what_was_freed, .computation_canceller = remember,
       .trigger_signal = demand_from);

static int act_for_a_canceller(miou_trigger *trigger, void (*fn)(miou_trigger *trigger, void *arg),
                               void *arg)
{
    int error = true_miou_trigger_on_signal(trigger, fn, arg);

    return error == -EBUSY && trigger == last.trigger ? 0 : error;
}
MUTANT("R9.28", a_canceller_takes_an_action, .computation_canceller = remember,
       .trigger_on_signal = act_for_a_canceller);

static int cancel_another(miou_trigger **trigger, miou_computation *from, miou_computation *into)
{
    int error = true_miou_computation_canceller(trigger, from, into);

    if (error < 0 || from != into)
        return error;
    true_miou_trigger_free(*trigger);
    return -EINVAL;
}
MUTANT("R9.28", a_chain_needs_two_computations, .computation_canceller = cancel_another);

static int cancel_nothing(miou_trigger **trigger, miou_computation *from, miou_computation *into)
{
    int error = true_miou_computation_canceller(trigger, from, into);

    return error == -EINVAL && from && into ? true_miou_trigger_create(trigger) : error;
}
MUTANT("R9.29", cancellers_of_what_was_freed, .computation_canceller = cancel_nothing);
