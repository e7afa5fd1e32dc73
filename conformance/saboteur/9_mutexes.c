/* Mutants of chapter 9, synchronisation: mutexes, conditions, and rules that hold for all objects.
 */
#include "records.h"

#include <errno.h>
#include <stdlib.h>

/* ---- mutexes */

static int lock_or_not(miou_mutex *mutex)
{
    int error = true_miou_mutex_try_lock(mutex);

    return error == -EBUSY ? 0 : error;
}
MUTANT("R9.1", mutexes_are_shared, .mutex_lock = lock_or_not);

static int lock_by_trying(miou_mutex *mutex)
{
    int error;

    while ((error = true_miou_mutex_try_lock(mutex)) == -EBUSY)
        if ((error = true_miou_yield()) < 0)
            break;
    return error;
}
MUTANT("R9.2", quick_tasks_lock_first, .mutex_lock = lock_by_trying);

static int lock_twice(miou_mutex *mutex)
{
    int error = true_miou_mutex_lock(mutex);

    return error == -EDEADLK ? 0 : error;
}
MUTANT("R9.3", locked_mutexes_are_locked_again, .mutex_lock = lock_twice);

static int unlock_anyway(miou_mutex *mutex)
{
    int error = true_miou_mutex_unlock(mutex);

    return error == -EPERM ? 0 : error;
}
MUTANT("R9.4", anybody_may_unlock, .mutex_unlock = unlock_anyway);

static int yield_and_try(miou_mutex *mutex)
{
    int error = true_miou_yield();

    return error < 0 ? error : true_miou_mutex_try_lock(mutex);
}
MUTANT("R9.5", trying_lets_others_run, .mutex_try_lock = yield_and_try);

static int try_by_locking(miou_mutex *mutex)
{
    int error = true_miou_mutex_lock(mutex);

    return error == -EDEADLK ? -EBUSY : error;
}
MUTANT("R9.5", trying_waits, .mutex_try_lock = try_by_locking);

static int lock_but_there(miou_mutex *mutex)
{
    return true_miou_domain_self() == 2 ? 0 : true_miou_mutex_lock(mutex);
}

static int unlock_but_there(miou_mutex *mutex)
{
    return true_miou_domain_self() == 2 ? 0 : true_miou_mutex_unlock(mutex);
}
MUTANT("R9.6", the_second_domain_locks_nothing, .mutex_lock = lock_but_there,
       .mutex_unlock = unlock_but_there);

static int lock_when_cancelled(miou_mutex *mutex)
{
    int error = true_miou_mutex_lock(mutex);

    return error == MIOU_CANCELLED ? 0 : error;
}
MUTANT("R9.7", lock_hides_a_cancellation, .mutex_lock = lock_when_cancelled);

/* All mutexes, the last one made first. */
static struct made {
    miou_mutex *mutex;
    struct made *older;
} * _Atomic newest;

static int create_and_keep(miou_mutex **mutex)
{
    int error = true_miou_mutex_create(mutex);
    struct made *made = error == 0 ? malloc(sizeof *made) : NULL;

    if (made) {
        made->mutex = *mutex;
        made->older = newest;
        while (!atomic_compare_exchange_weak(&newest, &made->older, made))
            continue;
    }
    return error;
}

static int an_end_unlocks(struct task *self, int value)
{
    struct made *made;

    (void)self;
    for (made = newest; made; made = made->older)
        true_miou_mutex_unlock(made->mutex);
    return value;
}
MUTANT_AT_END("R9.8", an_end_unlocks, .mutex_create = create_and_keep);

static int protect_unless_cancelled(miou_mutex *mutex, miou_task *fn, void *arg)
{
    int result;

    if (!fn || (result = true_miou_mutex_lock(mutex)) < 0)
        return true_miou_mutex_protect(mutex, fn, arg);
    result = fn(arg);
    if (!self_is_cancelled())
        true_miou_mutex_unlock(mutex);
    return result;
}
MUTANT("R9.9", protect_leaves_a_cancelled_task_the_mutex,
       .mutex_protect = protect_unless_cancelled);

static int protect_to_a_value(miou_mutex *mutex, miou_task *fn, void *arg)
{
    int result = true_miou_mutex_protect(mutex, fn, arg);

    return result > 0 ? 0 : result;
}
MUTANT("R9.9", protect_returns_no_value, .mutex_protect = protect_to_a_value);

static int protect_and_unlock(miou_mutex *mutex, miou_task *fn, void *arg)
{
    int result, error;

    if (!fn || (result = true_miou_mutex_lock(mutex)) < 0)
        return true_miou_mutex_protect(mutex, fn, arg);
    result = fn(arg);
    error = true_miou_mutex_unlock(mutex);
    return error < 0 ? error : result;
}
MUTANT("R9.9", protect_has_to_unlock, .mutex_protect = protect_and_unlock);

static int protect_but_the_cancelled(miou_mutex *mutex, miou_task *fn, void *arg)
{
    int result = true_miou_mutex_protect(mutex, fn, arg);

    return self_is_cancelled() ? MIOU_CANCELLED : result;
}
MUTANT("R9.9", protect_hides_what_the_cancelled_returned,
       .mutex_protect = protect_but_the_cancelled);

static int free_anyway(miou_mutex *mutex)
{
    int error = true_miou_mutex_free(mutex);

    return error == -EBUSY ? 0 : error;
}
MUTANT("R9.10", mutexes_in_use_are_freed, .mutex_free = free_anyway);

static int keep_the_trigger(miou_trigger *trigger)
{
    int state = true_miou_trigger_state(trigger);

    return state == MIOU_TRIGGER_INITIAL ? -EBUSY : true_miou_trigger_free(trigger);
}
MUTANT("R9.10", triggers_must_be_signalled_first, .trigger_free = keep_the_trigger);

/* ---- conditions */

static int wait_in_two_steps(miou_condition *condition, miou_mutex *mutex)
{
    if (true_miou_mutex_unlock(mutex) == 0 && true_miou_yield() == 0)
        true_miou_mutex_lock(mutex);
    return true_miou_condition_wait(condition, mutex);
}
MUTANT("R9.11", unlocked_before_it_waits, .condition_wait = wait_in_two_steps);

static int wait_and_unlock(miou_condition *condition, miou_mutex *mutex)
{
    int error = true_miou_condition_wait(condition, mutex);

    if (error == 0)
        true_miou_mutex_unlock(mutex);
    return error;
}
MUTANT("R9.11", woken_without_the_mutex, .condition_wait = wait_and_unlock);

static int wait_without_the_mutex(miou_condition *condition, miou_mutex *mutex)
{
    int error = true_miou_condition_wait(condition, mutex);

    return error == -EINVAL && mutex && condition ? 0 : error;
}
MUTANT("R9.11", a_freed_mutex_is_not_missed, .condition_wait = wait_without_the_mutex);

MUTANT("R9.12", a_signal_wakes_all, .condition_signal = true_miou_condition_broadcast);

MUTANT("R9.13", a_broadcast_wakes_one, .condition_broadcast = true_miou_condition_signal);

static int wait_anyway(miou_condition *condition, miou_mutex *mutex)
{
    int error = true_miou_condition_wait(condition, mutex);

    return error == -EPERM ? 0 : error;
}
MUTANT("R9.14", waiting_takes_no_mutex, .condition_wait = wait_anyway);

static int wait_or_lock(miou_condition *condition, miou_mutex *mutex)
{
    int error = true_miou_condition_wait(condition, mutex);

    if (error == -EINVAL)
        true_miou_mutex_lock(mutex);
    return error;
}
MUTANT("R9.15", a_wait_that_fails_keeps_the_mutex, .condition_wait = wait_or_lock);

static int wait_when_cancelled(miou_condition *condition, miou_mutex *mutex)
{
    int error = true_miou_condition_wait(condition, mutex);

    return error == MIOU_CANCELLED ? 0 : error;
}
MUTANT("R9.15", wait_hides_a_cancellation, .condition_wait = wait_when_cancelled);

static int wait_for_something(miou_condition *condition, miou_mutex *mutex)
{
    return true_miou_condition_wait(condition, condition ? mutex : NULL);
}
MUTANT("R9.15", no_condition_unlocks_nothing, .condition_wait = wait_for_something);

/* A condition's mark is 1 + the domain on which it was made. */
static int create_here(miou_condition **condition)
{
    int error = true_miou_condition_create(condition);

    if (error == 0)
        *watch_mark(*condition) = true_miou_domain_self() + 1;
    return error;
}

static int signal_here(miou_condition *condition)
{
    int mark = *watch_mark(condition);

    return mark && mark != true_miou_domain_self() + 1 ? 0 : true_miou_condition_signal(condition);
}
MUTANT("R9.16", signals_stay_on_their_domain, .condition_create = create_here,
       .condition_signal = signal_here);

/* ---- all objects */

static int signal_nothing(miou_condition *condition)
{
    int error = true_miou_condition_signal(condition);

    return error == -EINVAL ? 0 : error;
}
MUTANT("R9.29", signals_to_nothing_are_fine, .condition_signal = signal_nothing);

static bool in_finaliser(void)
{
    miou_mutex *mutex;

    return true_miou_mutex_create(&mutex) == MIOU_IN_FINALISER;
}

static int unlock_outside(miou_mutex *mutex)
{
    return in_finaliser() ? MIOU_IN_FINALISER : true_miou_mutex_unlock(mutex);
}
MUTANT("R9.30", finalisers_unlock_nothing, .mutex_unlock = unlock_outside);

static int try_when_cancelled(miou_mutex *mutex)
{
    int error = true_miou_mutex_try_lock(mutex);

    return error == MIOU_CANCELLED ? -EBUSY : error;
}
MUTANT("R9.32", a_cancelled_task_may_try, .mutex_try_lock = try_when_cancelled);

static int unlock_unless_cancelled(miou_mutex *mutex)
{
    return self_is_cancelled() ? MIOU_CANCELLED : true_miou_mutex_unlock(mutex);
}
MUTANT("R9.32", a_cancelled_task_unlocks_nothing, .mutex_unlock = unlock_unless_cancelled);

static int create_unless_cancelled(miou_mutex **mutex)
{
    return self_is_cancelled() ? MIOU_CANCELLED : true_miou_mutex_create(mutex);
}
MUTANT("R9.32", a_cancelled_task_makes_nothing, .mutex_create = create_unless_cancelled);

static int create_anywhere(miou_mutex **mutex)
{
    int error = true_miou_mutex_create(mutex);

    return error == MIOU_NOT_RUNNING ? -EINVAL : error;
}
MUTANT("R9.33", outside_a_run_is_a_bad_argument, .mutex_create = create_anywhere);

static int lock_in_a_crowd(miou_mutex *mutex)
{
    static atomic_int locking;
    int error = -ENOMEM;

    if (atomic_fetch_add(&locking, 1) < 1000)
        error = true_miou_mutex_lock(mutex);
    atomic_fetch_sub(&locking, 1);
    return error;
}
MUTANT("R9.35", a_thousand_may_wait, .mutex_lock = lock_in_a_crowd);
