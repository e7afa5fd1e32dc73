/* moves.h: the steps that a run can take. */
#ifndef MODEL_MOVES_H
#define MODEL_MOVES_H

#include "step.h"

/* The state in which main has been spawned, or what is executed before it. */
void run_begins(struct step *step);

/* A program may call a sleep endless that is this long, in milliseconds [R13.9]. */
enum { LONG_SLEEP = 100000 };

/* Take one of the steps that are possible. False: there is none, though the run has not ended. */
bool take_step(struct step *step);

#endif
