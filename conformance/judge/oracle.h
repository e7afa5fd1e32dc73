/* oracle.h: whether the rules allow a trace, as the model says. */
#ifndef ORACLE_H
#define ORACLE_H

#include "inquiry.h"

/* Follow the states in which the run may have been, event by event. The first event that none of
 * them allows is a finding, which tells what was allowed there, and where the run was. If the model
 * cannot decide, the verdict says why. */
void ask_oracle(struct inquiry *inquiry);

/* The same of a run that does not end: a finding tells what could have happened behind its last
 * event. If the runtime is declared to differ from all of that, the run is spared. */
void ask_oracle_of_hang(struct inquiry *inquiry);

#endif
