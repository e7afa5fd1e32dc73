/* sync_computation.c: triggers, and computations, which signal their triggers when they complete. A
 * chain of cancellers is worked off in a loop, without recursion, so that none is too long for a
 * stack. */
#include "sync.h"

#include <errno.h>

/* The computations that a call has completed and whose triggers it has yet to signal. */
struct completed {
    struct sync *first, **end;
};

/* ---- triggers ---- */

int miou_trigger_create(miou_trigger **trigger)
{
    struct sync *made;
    int error = sync_new(&made, POOL_TRIGGERS, trigger);

    if (error == 0)
        *trigger = pool_handle(made);
    return error;
}

static enum miou_trigger_state state_of(const struct sync *trigger)
{
    if (trigger->complete)
        return MIOU_TRIGGER_SIGNALLED;
    return sync_is_awaited(trigger) || trigger->action.fn != NULL || trigger->action.from != NULL
               ? MIOU_TRIGGER_AWAITED
               : MIOU_TRIGGER_INITIAL;
}

int miou_trigger_state(miou_trigger *trigger)
{
    struct sync *found;
    int state = sync_call(&found, POOL_TRIGGERS, trigger);

    if (state == 0) {
        state = state_of(found);
        sync_leave(found);
    }
    return state;
}

int miou_trigger_await(miou_trigger *trigger)
{
    int error;
    struct task *self = task_active(&error);
    struct sync_waiter waiter;
    struct sync *found;

    if (self == NULL || (error = sync_enter(&found, POOL_TRIGGERS, trigger)) < 0)
        return error;
    if (state_of(found) != MIOU_TRIGGER_INITIAL) {
        error = found->complete ? 0 : -EBUSY;
        sync_leave(found);
        return error;
    }
    sync_queue(found, &waiter, self);
    sync_leave(found);
    return sync_wait(found, &waiter, MIOU_WAIT_TRIGGER);
}

int miou_trigger_on_signal(miou_trigger *trigger, void (*fn)(miou_trigger *trigger, void *arg),
                           void *arg)
{
    struct sync *found;
    int error = sync_call(&found, POOL_TRIGGERS, trigger);

    if (error < 0)
        return error;
    if (fn == NULL)
        error = -EINVAL;
    else if (state_of(found) != MIOU_TRIGGER_INITIAL)
        error = found->complete ? -EALREADY : -EBUSY;
    else
        found->action = (struct action){.fn = fn, .arg = arg};
    sync_leave(found);
    return error;
}

/* ---- computations ---- */

int miou_computation_create(miou_computation **computation)
{
    struct sync *made;
    int error = sync_new(&made, POOL_COMPUTATIONS, computation);

    if (error == 0)
        *computation = pool_handle(made);
    return error;
}

static int peek(miou_computation *computation, int *outcome)
{
    struct sync *found;
    int complete = sync_enter(&found, POOL_COMPUTATIONS, computation);

    if (complete < 0)
        return complete;
    complete = found->complete;
    if (complete && outcome != NULL)
        *outcome = found->outcome;
    sync_leave(found);
    return complete;
}

int miou_computation_peek(miou_computation *computation, int *outcome)
{
    int error;

    return task_current(&error) == NULL ? error : peek(computation, outcome);
}

int miou_computation_await(miou_computation *computation, int *outcome)
{
    int error;
    struct task *self = task_active(&error);
    struct sync_waiter waiter;
    struct sync *found;

    if (self == NULL || (error = sync_enter(&found, POOL_COMPUTATIONS, computation)) < 0)
        return error;
    waiter.outcome = found->outcome;
    if (found->complete && !found->completing) {
        sync_leave(found);
    } else {
        sync_queue(found, &waiter, self);
        sync_leave(found);
        error = sync_wait(found, &waiter, MIOU_WAIT_COMPUTATION);
    }
    if (error == 0 && outcome != NULL)
        *outcome = waiter.outcome;
    return error;
}

/* ---- triggers attached to a computation ---- */

int miou_computation_attach(miou_computation *computation, miou_trigger *trigger)
{
    struct sync *found, *attached;
    int error = sync_call(&found, POOL_COMPUTATIONS, computation);

    if (error < 0)
        return error;
    if ((error = sync_enter(&attached, POOL_TRIGGERS, trigger)) == 0) {
        if (found->complete || attached->complete) {
            error = -EALREADY;
        } else if (attached->attached_to != NULL) {
            error = -EBUSY;
        } else {
            attached->attached_to = computation;
            list_add(&found->triggers, &attached->attached);
        }
        sync_leave(attached);
    }
    sync_leave(found);
    return error;
}

/* The caller holds the guards of both. */
static void detach(struct sync *trigger)
{
    trigger->attached_to = NULL;
    list_remove(&trigger->attached);
}

/* Detach one of a computation's triggers and take the trigger's guard; NULL if none is attached.
 * The caller holds the computation's guard. */
static struct sync *enter_attached(struct sync *computation)
{
    struct sync *trigger = NULL;

    if (!list_empty(&computation->triggers)) {
        trigger = CONTAINER(computation->triggers.first, struct sync, attached);
        sync_hold(trigger);
        detach(trigger);
    }
    return trigger;
}

/* Detach a trigger and take its guard. Returns 0, or -EINVAL if it is not attached there. */
static int enter_detached(struct sync **found, miou_computation *computation, miou_trigger *trigger)
{
    struct sync *from;
    int error = sync_enter(&from, POOL_COMPUTATIONS, computation);

    if (error < 0)
        return error;
    if ((error = sync_enter(found, POOL_TRIGGERS, trigger)) == 0) {
        if ((*found)->attached_to == computation) {
            detach(*found);
        } else {
            error = -EINVAL;
            sync_leave(*found);
        }
    }
    sync_leave(from);
    return error;
}

int miou_trigger_free(miou_trigger *trigger)
{
    struct sync *found;
    int error = sync_call(&found, POOL_TRIGGERS, trigger);

    /* To detach, let go of the trigger's guard, since the computation's comes first. Meanwhile
     * another task may attach the trigger elsewhere. */
    while (error == 0 && found->attached_to != NULL && !sync_is_awaited(found)) {
        miou_computation *computation = found->attached_to;

        sync_leave(found);
        if (enter_detached(&found, computation, trigger) < 0)
            error = sync_enter(&found, POOL_TRIGGERS, trigger);
    }
    return error < 0 ? error : sync_free(found, false);
}

int miou_computation_free(miou_computation *computation)
{
    struct sync *found, *trigger;
    int error = sync_call(&found, POOL_COMPUTATIONS, computation);

    if (error < 0)
        return error;
    if (!sync_is_awaited(found) && !found->completing)
        while ((trigger = enter_attached(found)) != NULL)
            sync_leave(trigger);
    return sync_free(found, found->completing);
}

/* ---- signalling and completing ---- */

/* Complete a computation and add it to those completed. */
static int complete_one(struct completed *completed, miou_computation *computation, int outcome)
{
    struct sync *found;
    int error = sync_enter(&found, POOL_COMPUTATIONS, computation);

    if (error < 0)
        return error;
    if (found->complete) {
        error = -EALREADY;
    } else {
        found->complete = found->completing = true;
        found->outcome = outcome;
        *completed->end = found;
        completed->end = &found->next_completed;
    }
    sync_leave(found);
    return error;
}

static void act(struct completed *completed, const struct action *action, miou_trigger *trigger)
{
    struct domain *domain = domain_self;
    bool nested = domain->no_suspend;
    int outcome;

    if (action->fn != NULL) {
        domain->no_suspend = true;
        action->fn(trigger, action->arg);
        domain->no_suspend = nested;
    } else if (action->from != NULL && peek(action->from, &outcome) == 1 && outcome < 0) {
        complete_one(completed, action->into, outcome);
    }
}

/* Signal a trigger, whose guard the caller holds, and release the guard. */
static void signal_entered(struct completed *completed, struct sync *trigger)
{
    miou_trigger *handle = pool_handle(trigger);
    struct action action = {0};
    struct sync_waiter *taken;

    if (!trigger->complete)
        action = trigger->action;
    trigger->complete = true;
    taken = sync_take_all(trigger); /* also one that has been cancelled */
    sync_leave(trigger);
    sync_wake(taken);
    act(completed, &action, handle);
}

/* For each computation signal its triggers, then wake the tasks that await it: once they go on,
 * they may free it. */
static void signal_all(struct completed *completed)
{
    struct sync *trigger, *next;
    struct sync_waiter *taken;

    for (struct sync *computation = completed->first; computation != NULL; computation = next) {
        for (;;) {
            sync_hold(computation);
            if ((trigger = enter_attached(computation)) == NULL)
                break;
            sync_leave(computation);
            signal_entered(completed, trigger);
        }
        computation->completing = false;
        next = computation->next_completed;
        taken = sync_take_all(computation);
        sync_leave(computation);
        sync_wake(taken);
    }
}

int miou_trigger_signal(miou_trigger *trigger)
{
    struct completed completed = {.end = &completed.first};
    struct sync *found;
    int error = sync_call(&found, POOL_TRIGGERS, trigger);

    if (error == 0) {
        signal_entered(&completed, found);
        signal_all(&completed);
    }
    return error;
}

int miou_computation_detach(miou_computation *computation, miou_trigger *trigger)
{
    struct completed completed = {.end = &completed.first};
    struct sync *found;
    int error;

    if (task_current(&error) == NULL)
        return error;
    if ((error = enter_detached(&found, computation, trigger)) < 0)
        return error;
    signal_entered(&completed, found);
    signal_all(&completed);
    return 0;
}

int miou_computation_complete(miou_computation *computation, int outcome)
{
    struct completed completed = {.end = &completed.first};
    int error;

    if (task_current(&error) == NULL)
        return error;
    if ((error = complete_one(&completed, computation, outcome)) == 0)
        signal_all(&completed);
    return error;
}

int miou_computation_canceller(miou_trigger **trigger, miou_computation *from,
                               miou_computation *into)
{
    struct sync *made;
    int error = sync_new(&made, POOL_TRIGGERS, trigger);

    if (error < 0)
        return error;
    if (peek(from, NULL) < 0 || peek(into, NULL) < 0) {
        sync_hold(made);
        sync_free(made, false);
        return -EINVAL;
    }
    made->action = (struct action){.from = from, .into = into};
    *trigger = pool_handle(made);
    return 0;
}
