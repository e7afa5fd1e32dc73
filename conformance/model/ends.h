/* ends.h: how tasks are cancelled, how they end, and how the news of that travels (chapter 2). */
#ifndef MODEL_ENDS_H
#define MODEL_ENDS_H

#include "step.h"

/* Whether a child has ended, as far as its parent can know. */
static inline bool has_ended(const struct state *state, uint8_t child)
{
    return state->units[child].life == LIFE_ENDED && state->units[child].known;
}

bool all_children_ended(const struct state *state, uint8_t task);

/* Store in *promise the n-th promise, from 0, of those that an operation lists, name after name:
 * NO_ONE for a null pointer, STALE for a promise that has ended. Return false if it lists fewer. */
bool listed(const struct state *state, const struct program *program, uint8_t frame,
            const struct operation *operation, int n, uint8_t *promise);

/* A task is to be cancelled: on this domain it is at once, another has to hear of it [R2.14]. */
void tell_to_cancel(struct step *step, uint8_t task);
void cancel_children(struct step *step, uint8_t task);

/* Whether an event finalises what a task owned that has ended in the same step, without a turn of
 * its own. Others hear of that end only when the finaliser has been reported [R2.9]. */
bool ends_unbegun(const struct state *state, const struct event *event);

/* A cancelled task will not begin [R2.22]. */
void never_begins(struct step *step, uint8_t task);

/* The domain of a task hears that it is cancelled. */
void cancel_task(struct step *step, uint8_t task);

/* The function of the task whose turn it is has returned. */
void task_returns(struct step *step, uint8_t task, struct ending ending);

/* A task whose children have ended goes on to end: a finaliser runs, or nothing is left to be
 * done. */
void task_ends(struct step *step, uint8_t task);

/* Its parent's domain hears that a task has ended. */
void end_is_known(struct step *step, uint8_t task);

/* Whether a task that has broken a rule may end for its parent: that is cancelled [R2.3], or waits
 * in a miou_cancel of the task, which returns 0 as always [R2.23]. */
bool may_end_broken(const struct step *step, uint8_t task);

/* Whether the next thing that its parent does, or what it waits for, depends on that; else it may
 * as well hear of it later. Where the parent waits for all of several children, it may as well hear
 * of them in the order of their places. */
bool end_matters(const struct step *step, uint8_t task);

/* A resource that was transferred is its new owner's [R5.14]. */
void resource_arrives(struct step *step, uint8_t resource);

/* The run ends early, with this code unless it does already [R2.17]. */
void end_early(struct step *step, enum outcome_kind code);

#endif
