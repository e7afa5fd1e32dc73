/* sync_lazy.c: values that are computed once, by the first task that asks. A task that is cancelled
 * while it computes hands the computation over to a task that waits. */
#include "sync.h"

#include <errno.h>

int miou_lazy_create(miou_lazy **lazy, miou_task *fn, void *arg)
{
    struct sync *made;
    int error = sync_new(&made, POOL_LAZIES, fn != NULL ? lazy : NULL);

    if (error < 0)
        return error;
    made->fn = fn;
    made->arg = arg;
    *lazy = pool_handle(made);
    return 0;
}

int miou_lazy_from_value(miou_lazy **lazy, int value)
{
    struct sync *made;
    int error = sync_new(&made, POOL_LAZIES, lazy);

    if (error < 0)
        return error;
    made->complete = true;
    made->outcome = value;
    *lazy = pool_handle(made);
    return 0;
}

int miou_lazy_free(miou_lazy *lazy)
{
    struct sync *found;
    int error = sync_call(&found, POOL_LAZIES, lazy);

    return error < 0 ? error : sync_free(found, found->holder != 0);
}

/* Called by the holder: compute the value or, if the task is cancelled by then or has run out of
 * time, leave that to the next task that waits. */
static int compute(struct task *self, struct sync *lazy, int *value)
{
    struct sync_waiter *taken;
    int error;

    if (!self->cancelled)
        *value = lazy->fn(lazy->arg);
    error = self->cancelled ? MIOU_CANCELLED : *value == MIOU_EXPIRED ? MIOU_EXPIRED : 0;
    sync_hold(lazy);
    if (error < 0) {
        taken = sync_hand_over(lazy);
    } else {
        lazy->complete = true;
        lazy->outcome = *value;
        lazy->holder = 0;
        taken = sync_take_all(lazy);
    }
    sync_leave(lazy);
    sync_wake(taken);
    return error;
}

/* Wait for the value, or to be the next to compute it. The caller holds the guard. */
static int await_value(struct task *self, struct sync *lazy, int *value)
{
    struct sync_waiter waiter;
    int error;

    sync_queue(lazy, &waiter, self);
    sync_leave(lazy);
    error = sync_wait(lazy, &waiter, MIOU_WAIT_LAZY);
    if (waiter.handed)
        return compute(self, lazy, value);
    *value = waiter.outcome;
    return error;
}

int miou_lazy_force(miou_lazy *lazy, int *outcome)
{
    int error, value = 0;
    struct task *self = task_active(&error);
    struct sync *found;

    if (self == NULL || (error = sync_enter(&found, POOL_LAZIES, lazy)) < 0)
        return error;
    if (found->complete) {
        value = found->outcome;
        sync_leave(found);
    } else if (found->holder == 0) {
        found->holder = task_id(self);
        sync_leave(found);
        error = compute(self, found, &value);
    } else if (found->holder == task_id(self)) {
        sync_leave(found);
        error = MIOU_UNDEFINED;
    } else {
        error = await_value(self, found, &value);
    }
    if (error == 0 && outcome != NULL)
        *outcome = value;
    return error;
}
