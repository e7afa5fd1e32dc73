/* miou_sync.h: what tasks of one run share, on whatever domain: mutexes, conditions, lazy values,
 * triggers and computations.
 *
 * Any task of the run may use them, also one that is cancelled where the call does not suspend.
 * What a task wrote before it unlocked, signalled or completed is seen by the task that goes on
 * because of it [R9.31]. An object lives until it is freed, or until the run ends; any number of
 * tasks may wait on one [R9.35]. Errors common to all calls here, beside those named: -EINVAL
 * (NULL, stale or of another run [R9.29]), MIOU_NOT_RUNNING [R9.33]; of those that can suspend, and
 * of miou_mutex_try_lock: MIOU_CANCELLED [R9.32], MIOU_IN_FINALISER; of those that create:
 * MIOU_IN_FINALISER, -ENOMEM; of those that free: -EBUSY (a task holds, computes or completes it,
 * or waits on it [R9.10]). The others are allowed in finalisers [R9.30]. */
#ifndef MIOU_SYNC_H
#define MIOU_SYNC_H

#include "miou.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Mutexes ---- */

typedef struct miou_mutex miou_mutex;

int miou_mutex_create(miou_mutex **mutex);
int miou_mutex_free(miou_mutex *mutex);

/* Wait until nobody holds the mutex, and hold it [R9.1]: first come, first served [R9.2], across
 * domains [R9.6]. A task that is cancelled while it waits leaves the queue, and the mutex works on
 * [R9.7]. Errors: -EDEADLK (the caller holds it [R9.3]). */
int miou_mutex_lock(miou_mutex *mutex);

/* The same, but never waits [R9.5]. Errors: -EBUSY (a task holds it, be it the caller). */
int miou_mutex_try_lock(miou_mutex *mutex);

/* Let go of the mutex; the first that waits for it holds it next. A task that ends without having
 * unlocked leaves it locked for good [R9.8]. Errors: -EPERM (the caller does not hold it [R9.4]).
 */
int miou_mutex_unlock(miou_mutex *mutex);

/* Lock, run fn(arg), unlock, also if the task has been cancelled meanwhile [R9.9]. Returns what fn
 * returned. Errors, when fn was not called: -EINVAL (fn is NULL) and those of miou_mutex_lock. */
int miou_mutex_protect(miou_mutex *mutex, miou_task *fn, void *arg);

/* ---- Conditions ---- */

typedef struct miou_condition miou_condition;

int miou_condition_create(miou_condition **condition);
int miou_condition_free(miou_condition *condition);

/* Unlock the mutex and wait for the condition, in one step, so that no signal sent under the mutex
 * is missed; then lock it again [R9.11]. Others may have held it before: test what is waited for in
 * a loop. When it returns 0 the caller holds the mutex; when it returns an error the caller does
 * not [R9.15]. Errors: -EPERM (the caller does not hold the mutex [R9.14]). */
int miou_condition_wait(miou_condition *condition, miou_mutex *mutex);

/* Wake the task that has waited longest [R9.12], or all [R9.13], on whatever domain [R9.16].
 * Without effect if none waits. A signal is not lost to a task that has been cancelled [R9.15]. */
int miou_condition_signal(miou_condition *condition);
int miou_condition_broadcast(miou_condition *condition);

/* ---- Lazy values ---- */

typedef struct miou_lazy miou_lazy;

/* A value that fn(arg) will compute when it is first asked for; or, from_value, one that is known:
 * >= 0, or an error. */
int miou_lazy_create(miou_lazy **lazy, miou_task *fn, void *arg);
int miou_lazy_from_value(miou_lazy **lazy, int value);
int miou_lazy_free(miou_lazy *lazy);

/* Compute the value, in the calling task, unless that has been done: fn runs once [R9.17], and what
 * it returned, a value or an error, is everybody's from then on [R9.18]. While another task
 * computes it, wait for that [R9.20]. If that task is cancelled meanwhile, what it returns does not
 * count, and one of those that wait computes it [R9.21]. Returns 0 and writes to *outcome, which
 * may be NULL. Errors: MIOU_UNDEFINED (called by fn itself, or below it in the same task [R9.19]).
 */
int miou_lazy_force(miou_lazy *lazy, int *outcome);

/* ---- Triggers ---- */

/* Something that happens once. */
typedef struct miou_trigger miou_trigger;

int miou_trigger_create(miou_trigger **trigger);
int miou_trigger_free(miou_trigger *trigger);

enum miou_trigger_state {
    MIOU_TRIGGER_INITIAL = 0,
    MIOU_TRIGGER_AWAITED = 1, /* a task waits for it, or an action is attached */
    MIOU_TRIGGER_SIGNALLED = 2
};

/* Returns a miou_trigger_state. */
int miou_trigger_state(miou_trigger *trigger);

/* Wait until the trigger is signalled; returns 0 at once if it has been [R9.22]. A task that is
 * cancelled meanwhile leaves it as it was before. Errors: -EBUSY (it is awaited already [R9.23]).
 */
int miou_trigger_await(miou_trigger *trigger);

/* Signal the trigger: who awaits it goes on, its action has been called when this returns.
 * Signalling again does nothing [R9.22]. */
int miou_trigger_signal(miou_trigger *trigger);

/* Have fn(trigger, arg) called, once, by whoever signals the trigger [R9.24]. It must neither
 * suspend nor spawn nor change ownership: such calls return MIOU_IN_FINALISER there [R9.34].
 * Errors: -EALREADY (it has been signalled), -EBUSY (it is awaited [R9.23]), -EINVAL (fn is NULL).
 */
int miou_trigger_on_signal(miou_trigger *trigger, void (*fn)(miou_trigger *trigger, void *arg),
                           void *arg);

/* ---- Computations ---- */

/* The outcome of something that is under way, whoever does it. */
typedef struct miou_computation miou_computation;

int miou_computation_create(miou_computation **computation);
int miou_computation_free(miou_computation *computation);

/* Complete it with an outcome: >= 0, a value; < 0, the error it was cancelled with. Only the first
 * counts [R9.25]. Its triggers are signalled, and who awaits it goes on. Errors: -EALREADY (it is
 * complete). */
int miou_computation_complete(miou_computation *computation, int outcome);

/* Returns 1 and writes the outcome to *outcome, which may be NULL; 0 if it is not complete [R9.25].
 */
int miou_computation_peek(miou_computation *computation, int *outcome);

/* Wait until it is complete; any number of tasks may [R9.26]. Returns 0 and writes to *outcome,
 * which may be NULL. */
int miou_computation_await(miou_computation *computation, int *outcome);

/* Have the trigger signalled when it is complete [R9.27]; a trigger is attached to one computation
 * at most. Errors: -EALREADY (it is complete, or the trigger has been signalled), -EBUSY (the
 * trigger is attached). */
int miou_computation_attach(miou_computation *computation, miou_trigger *trigger);

/* Signal the trigger now, and forget it [R9.27]. Errors: -EINVAL (it is not attached here). */
int miou_computation_detach(miou_computation *computation, miou_trigger *trigger);

/* Make a trigger that, attached to from, completes into with from's error when from is completed
 * with one [R9.28]. */
int miou_computation_canceller(miou_trigger **trigger, miou_computation *from,
                               miou_computation *into);

#ifdef __cplusplus
}
#endif
#endif
