/* miou_sync.h: what tasks of one run share, on whatever domains: mutexes, conditions, lazy values,
 * triggers and computations.
 *
 * Any task of the run may use these objects; a cancelled task may where the call cannot suspend.
 * What a task wrote before it unlocked, signalled or completed is seen by the task that goes on
 * because of that [R9.31]. An object lives until it is freed or the run ends. Any number of tasks
 * may wait on one [R9.35].
 *
 * Unless a comment says otherwise, a call returns 0. Besides the errors that are named there:
 * - all calls: -EINVAL (NULL, stale, or of another run [R9.29]), MIOU_NOT_RUNNING [R9.33];
 * - calls that can suspend, and miou_mutex_try_lock and miou_mutex_protect: MIOU_CANCELLED [R9.32],
 *   MIOU_IN_FINALISER [R9.30];
 * - calls that create: MIOU_IN_FINALISER [R9.30], -ENOMEM;
 * - calls that free: -EBUSY (a task holds, computes or completes the object, or waits on it
 *   [R9.10]). All other calls are allowed in finalisers [R9.30]. */
#ifndef MIOU_SYNC_H
#define MIOU_SYNC_H

#include "miou.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Mutexes ---- */

typedef struct miou_mutex miou_mutex;

/* Make a mutex, which no task holds; give it back. */
int miou_mutex_create(miou_mutex **mutex);
int miou_mutex_free(miou_mutex *mutex);

/* Wait until no task holds the mutex, then hold it [R9.1]. Tasks are served in the order in which
 * they came [R9.2], across domains [R9.6]. A task that is cancelled while it waits leaves the
 * queue, and the mutex works on [R9.7].
 * Errors: -EDEADLK (the caller holds it [R9.3]). */
int miou_mutex_lock(miou_mutex *mutex);

/* Hold the mutex if no task does, without waiting [R9.5].
 * Errors: -EBUSY (a task holds it, the caller or another). */
int miou_mutex_try_lock(miou_mutex *mutex);

/* Let go of the mutex; the task that has waited longest holds it next. A task that ends without
 * having unlocked leaves it locked for good [R9.8].
 * Errors: -EPERM (the caller does not hold it [R9.4]). */
int miou_mutex_unlock(miou_mutex *mutex);

/* Lock the mutex, run fn(arg), and unlock it, also if the task has been cancelled meanwhile [R9.9],
 * but not if fn has unlocked it already. Returns what fn returned.
 * Errors, when fn was not called: -EINVAL (fn is NULL) and those of miou_mutex_lock. */
int miou_mutex_protect(miou_mutex *mutex, miou_task *fn, void *arg);

/* ---- Conditions ---- */

typedef struct miou_condition miou_condition;

/* Make a condition, on which no task waits; give it back. */
int miou_condition_create(miou_condition **condition);
int miou_condition_free(miou_condition *condition);

/* Unlock the mutex and wait for the condition, in one step, so that no signal sent under the mutex
 * is missed; then lock the mutex again [R9.11]. Other tasks may have held it in between, so test
 * what is waited for in a loop. If the call returns 0 the caller holds the mutex; if it returns an
 * error the caller does not [R9.15].
 * Errors: -EPERM (the caller does not hold the mutex [R9.14]), -EINVAL (also if the mutex has been
 * freed meanwhile [R9.11]). */
int miou_condition_wait(miou_condition *condition, miou_mutex *mutex);

/* Wake the task that has waited longest [R9.12], or all that wait [R9.13], on whatever domain
 * [R9.16]. Without effect if no task waits. No signal is lost to a task that has been cancelled
 * [R9.15]. */
int miou_condition_signal(miou_condition *condition);
int miou_condition_broadcast(miou_condition *condition);

/* ---- Lazy values ---- */

typedef struct miou_lazy miou_lazy;

/* Make a lazy value; give it back. fn(arg) computes the value when it is first asked for;
 * from_value makes one that is known, a value >= 0 or an error. arg must be valid until fn has
 * run. */
int miou_lazy_create(miou_lazy **lazy, miou_task *fn, void *arg);
int miou_lazy_from_value(miou_lazy **lazy, int value);
int miou_lazy_free(miou_lazy *lazy);

/* Compute the value, in the calling task, unless that has been done. fn runs once [R9.17], and what
 * it returned, a value or an error, is what every task gets from then on [R9.18]. While another
 * task computes it, wait for that [R9.20]. If the computing task is cancelled, what it returns does
 * not count, and one of the tasks that wait computes the value [R9.21]. *outcome, which may be
 * NULL, is the value.
 * Errors: MIOU_UNDEFINED (called by fn itself, or below it in the same task [R9.19]). */
int miou_lazy_force(miou_lazy *lazy, int *outcome);

/* ---- Triggers ---- */

/* Something that happens once. */
typedef struct miou_trigger miou_trigger;

/* Make a trigger, which is initial; give it back. */
int miou_trigger_create(miou_trigger **trigger);
int miou_trigger_free(miou_trigger *trigger);

enum miou_trigger_state {
    MIOU_TRIGGER_INITIAL = 0,
    MIOU_TRIGGER_AWAITED = 1, /* a task waits for it, or an action is attached */
    MIOU_TRIGGER_SIGNALLED = 2
};

/* Returns the trigger's state, a miou_trigger_state [R9.22]. */
int miou_trigger_state(miou_trigger *trigger);

/* Wait until the trigger is signalled; return at once if it has been [R9.22]. A task that is
 * cancelled meanwhile leaves the trigger as it was before.
 * Errors: -EBUSY (it is awaited already [R9.23]). */
int miou_trigger_await(miou_trigger *trigger);

/* Signal the trigger. The task that awaits it goes on; an action that is attached to it has been
 * called when this returns. Signalling it again does nothing [R9.22]. */
int miou_trigger_signal(miou_trigger *trigger);

/* Have fn(trigger, arg) called, once, by the task that signals the trigger [R9.24]. fn must neither
 * suspend nor spawn nor change ownership: such calls return MIOU_IN_FINALISER there [R9.34]. arg
 * must be valid until then.
 * Errors: -EALREADY (the trigger has been signalled), -EBUSY (it is awaited [R9.23]), -EINVAL (fn
 * is NULL). */
int miou_trigger_on_signal(miou_trigger *trigger, void (*fn)(miou_trigger *trigger, void *arg),
                           void *arg);

/* ---- Computations ---- */

/* The outcome of something that is under way, whichever task does it. */
typedef struct miou_computation miou_computation;

/* Make a computation, which is not complete; give it back. */
int miou_computation_create(miou_computation **computation);
int miou_computation_free(miou_computation *computation);

/* Complete the computation with an outcome: a value >= 0, or the error < 0 that it was cancelled
 * with. Only the first outcome counts [R9.25]. The triggers attached to it are signalled [R9.27],
 * and the tasks that await it go on.
 * Errors: -EALREADY (it is complete). */
int miou_computation_complete(miou_computation *computation, int outcome);

/* Ask for the outcome without waiting. Returns 1 and writes the outcome to *outcome, which may be
 * NULL; returns 0 if the computation is not complete [R9.25]. */
int miou_computation_peek(miou_computation *computation, int *outcome);

/* Wait until the computation is complete; any number of tasks may [R9.26]. *outcome, which may be
 * NULL, is its outcome. */
int miou_computation_await(miou_computation *computation, int *outcome);

/* Have the trigger signalled when the computation is complete [R9.27]. A trigger is attached to one
 * computation at most.
 * Errors: -EALREADY (the computation is complete, or the trigger has been signalled), -EBUSY (the
 * trigger is attached already). */
int miou_computation_attach(miou_computation *computation, miou_trigger *trigger);

/* Take the trigger off the computation and signal it now [R9.27].
 * Errors: -EINVAL (it is not attached to this computation). */
int miou_computation_detach(miou_computation *computation, miou_trigger *trigger);

/* Make a trigger that cancels into when from is cancelled: attached to from, it completes into with
 * from's error when from is completed with an error [R9.28], unless one of them has been freed by
 * then. The trigger is not attached yet. */
int miou_computation_canceller(miou_trigger **trigger, miou_computation *from,
                               miou_computation *into);

#ifdef __cplusplus
}
#endif
#endif
