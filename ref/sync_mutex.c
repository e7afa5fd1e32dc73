/* sync_mutex.c: mutexes and conditions. Unlocking a mutex makes the first task that waits its
 * holder, so that no other task can take it in between. */
#include "sync.h"

#include <errno.h>

/* ---- mutexes ---- */

int miou_mutex_create(miou_mutex **mutex)
{
    struct sync *made;
    int error = sync_new(&made, POOL_MUTEXES, mutex);

    if (error == 0)
        *mutex = pool_handle(made);
    return error;
}

int miou_mutex_free(miou_mutex *mutex)
{
    struct sync *found;
    int error = sync_call(&found, POOL_MUTEXES, mutex);

    return error < 0 ? error : sync_free(found, found->holder != 0);
}

/* Returns 0, -EINVAL, or -EPERM if the task does not hold the mutex. */
static int unlock(struct task *self, miou_mutex *mutex)
{
    struct sync *found;
    struct sync_waiter *next;
    int error = sync_enter(&found, POOL_MUTEXES, mutex);

    if (error < 0)
        return error;
    if (found->holder != task_id(self)) {
        sync_leave(found);
        return -EPERM;
    }
    next = sync_hand_over(found);
    sync_leave(found);
    sync_wake(next);
    return 0;
}

int miou_mutex_unlock(miou_mutex *mutex)
{
    int error;
    struct task *self = task_current(&error);

    return self == NULL ? error : unlock(self, mutex);
}

static int acquire(struct task *self, miou_mutex *mutex, bool may_wait)
{
    struct sync_waiter waiter;
    struct sync *found;
    int error = sync_refusal(self);

    if (error < 0 || (error = sync_enter(&found, POOL_MUTEXES, mutex)) < 0)
        return error;
    if (found->holder == 0) {
        found->holder = task_id(self);
        sync_leave(found);
        return 0;
    }
    if (!may_wait || found->holder == task_id(self)) {
        sync_leave(found);
        return may_wait ? -EDEADLK : -EBUSY;
    }
    sync_queue(found, &waiter, self);
    sync_leave(found);
    error = sync_wait(found, &waiter, MIOU_WAIT_MUTEX);
    if (error < 0 && waiter.handed)
        unlock(self, mutex);
    return error;
}

int miou_mutex_lock(miou_mutex *mutex)
{
    int error;
    struct task *self = task_current(&error);

    return self == NULL ? error : acquire(self, mutex, true);
}

int miou_mutex_try_lock(miou_mutex *mutex)
{
    int error;
    struct task *self = task_current(&error);

    return self == NULL ? error : acquire(self, mutex, false);
}

int miou_mutex_protect(miou_mutex *mutex, miou_task *fn, void *arg)
{
    int result;
    struct task *self = task_active(&result);

    if (self == NULL)
        return result;
    if (fn == NULL)
        return -EINVAL;
    if ((result = acquire(self, mutex, true)) < 0)
        return result;
    result = fn(arg);
    unlock(self, mutex);
    return result;
}

/* ---- conditions ---- */

int miou_condition_create(miou_condition **condition)
{
    struct sync *made;
    int error = sync_new(&made, POOL_CONDITIONS, condition);

    if (error == 0)
        *condition = pool_handle(made);
    return error;
}

int miou_condition_free(miou_condition *condition)
{
    struct sync *found;
    int error = sync_call(&found, POOL_CONDITIONS, condition);

    return error < 0 ? error : sync_free(found, false);
}

static int wake(miou_condition *condition, struct sync_waiter *(*take)(struct sync *sync))
{
    struct sync_waiter *taken;
    struct sync *found;
    int error = sync_enter(&found, POOL_CONDITIONS, condition);

    if (error < 0)
        return error;
    taken = take(found);
    sync_leave(found);
    sync_wake(taken);
    return 0;
}

int miou_condition_signal(miou_condition *condition)
{
    int error;

    return task_current(&error) == NULL ? error : wake(condition, sync_take);
}

int miou_condition_broadcast(miou_condition *condition)
{
    int error;

    return task_current(&error) == NULL ? error : wake(condition, sync_take_all);
}

/* Returns 0 if the task holds the mutex, which only the task itself can change; -EPERM or
 * -EINVAL. */
static int check_holder(const struct task *self, miou_mutex *mutex)
{
    struct sync *found;
    int error = sync_enter(&found, POOL_MUTEXES, mutex);

    if (error < 0)
        return error;
    if (found->holder != task_id(self))
        error = -EPERM;
    sync_leave(found);
    return error;
}

/* Wait for a signal. Queues the task before it unlocks the mutex, so that no signal is missed. */
static int wait_unlocked(struct task *self, miou_condition *condition, miou_mutex *mutex)
{
    struct sync_waiter waiter;
    struct sync *found;
    int error = sync_enter(&found, POOL_CONDITIONS, condition);

    if (error < 0)
        return error;
    sync_queue(found, &waiter, self);
    sync_leave(found);
    unlock(self, mutex);
    if ((error = sync_wait(found, &waiter, MIOU_WAIT_CONDITION)) == 0)
        error = acquire(self, mutex, true);
    if (error < 0 && waiter.handed)
        wake(condition, sync_take); /* pass the signal on */
    return error;
}

int miou_condition_wait(miou_condition *condition, miou_mutex *mutex)
{
    int error;
    struct task *self = task_current(&error);

    if (self == NULL)
        return error;
    if ((error = sync_refusal(self)) == 0 && (error = check_holder(self, mutex)) == 0)
        error = wait_unlocked(self, condition, mutex);
    if (error < 0)
        unlock(self, mutex); /* a caller whose wait fails never holds the mutex */
    return error;
}
