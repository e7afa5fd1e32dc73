/* turns.h: what a task does when it is its turn. */
#ifndef MODEL_TURNS_H
#define MODEL_TURNS_H

#include "step.h"

/* Whether the model knows an operation. */
bool knows(enum operation_kind kind);

/* The rule that says first of all what an operation does. */
const char *rule_of(enum operation_kind kind);

/* The task that its domain executes goes on: an operation, its return, or a finaliser. What it does
 * next goes along if no other domain can tell. */
void take_turn(struct step *step, uint8_t task);

/* A task that is ready gets its turn. */
void begin_turn(struct step *step, uint8_t task);

#endif
