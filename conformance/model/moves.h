/* moves.h: the steps that a run can take. */
#ifndef MODEL_MOVES_H
#define MODEL_MOVES_H

#include "step.h"

/* The state in which main has been spawned. */
void run_begins(struct step *step);

/* Take one of the steps that are possible. False: there is none, though the run has not ended. */
bool take_step(struct step *step);

#endif
