/* objects.h: what objects of chapter 9 do to the tasks that wait for them. */
#ifndef MODEL_OBJECTS_H
#define MODEL_OBJECTS_H

#include "step.h"

/* The stages of a task's operation when it goes on. */
enum {
    STAGE_WAITED = 1,  /* for what it waited for, which has happened unless the task is cancelled */
    STAGE_LENT,        /* it need not wait, and lets others run */
    STAGE_SIGNALLED,   /* miou_condition_wait: a signal has woken it */
    STAGE_BROADCAST,   /* miou_condition_wait: a broadcast has */
    STAGE_CHOSEN,      /* miou_lazy_force: to compute the value */
    STAGE_KNOWN,       /* miou_lazy_force: the value is `given`, and it lets others run */
    STAGE_TAKEN,       /* miou_lazy_force: it will compute the value, and lets others run */
    STAGE_VALUE,       /* what it waited for has the ending `given` */
    STAGE_PART,        /* the part that it executes has returned `given` */
    STAGE_LAST,        /* protect: the part at the end has */
    STAGE_CANCELLED,   /* protect: the part for cancelled tasks has */
    STAGE_LOOKED,      /* until: the flag is not up */
    STAGE_REFUSED,     /* its outcome is `given`, an error, and it lets others run */
    STAGE_SIGNALS,     /* it signals triggers */
    STAGE_CALLS,       /* it calls an action, the task `chosen` */
    STAGE_REPORT = 255 /* it has its outcome, which is not reported yet */
};

/* Unlock a mutex for the task that has waited longest [R9.2]. */
void hand_mutex(struct step *step, uint8_t mutex, bool with);

/* Wake the task that has waited longest for a condition [R9.12]. */
void signal_condition(struct step *step, uint8_t condition, bool with, int stage);

/* Choose a task that waits for a lazy value to compute it [R9.21]. */
void choose_computer(struct step *step, uint8_t lazy);

/* Wake all that wait so; they get the ending. `with`: what the call did before made a task ready.
 */
void wake_all(struct step *step, enum wait wait, uint8_t on, struct ending ending, bool with);

/* A call that signals a trigger or completes a computation has several things to do, and other
 * domains, or the actions of triggers, may see it between two of them. What it has left to do is
 * marked with its frame: a computation whose triggers are to be detached and signalled, and whose
 * tasks are to be woken; a trigger that is to be signalled; or one whose action is to be called, or
 * whose canceller is to hand on an error. */

/* Complete a computation that is not complete [R9.25]. */
void complete(struct step *step, uint8_t computation, struct ending ending, uint8_t frame);

/* The call that has begun, or goes on, does one of these things, or all if nothing can see it
 * between them [R9.22, R9.24, R9.27, R9.28]. Returns whether nothing is left. */
bool signal_all(struct turn *turn);

/* Whether a task was woken for something that another can have: a mutex, a signal, a computation.
 */
bool has_to_pass_on(const struct step *step, uint8_t task);

/* Pass that on, if there is any; the task has been cancelled. */
void pass_on(struct step *step, uint8_t task);

#endif
