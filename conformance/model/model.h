/* model.h: the rules of the scenario language as an abstract machine. It has all behaviours that
 * the rules allow a program: wherever they leave something open, it takes every branch. It knows
 * the language and the rules, and neither a runtime nor what the judge checks.
 *
 * state.h says what a state is, moves.c what can happen next, turns.c what a task does, and a file
 * a chapter what each operation does; freedoms.h has the branches. */
#ifndef MODEL_H
#define MODEL_H

#include "step.h"

/* A word of the program that the model does not know; NULL: it can tell all its behaviours. Such a
 * word is an operation, or "give", "domains", "peer" and so on. */
const char *model_lacks(const struct program *program);

/* The program must outlive its model. */
struct model *model_create(const struct program *program);
void model_free(struct model *model);

/* All of its events are to be told, each in a step of its own. */
void model_be_observed(struct model *model);

/* The state in which a run begins. */
void model_begin(struct model *model, struct state *state);

/* Execute a step of `from`, in the first way, or, after a call that has returned true, in the next:
 * step->state becomes what it leads to, with its events in step->events. False: there is no other
 * way. The step is all zero at first, but for its state. `stuck` is set if nothing can happen. */
bool model_step(struct model *model, const struct state *from, struct step *step, bool *stuck);

/* Execute the step again that has picked this; else the same. */
void model_step_again(struct model *model, const struct state *from, struct step *step,
                      const uint16_t *picks, int count);

#endif
