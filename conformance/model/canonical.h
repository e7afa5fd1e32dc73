/* canonical.h: states that differ only in which of several like tasks is which become the same. */
#ifndef MODEL_CANONICAL_H
#define MODEL_CANONICAL_H

#include "state.h"

/* Whether an expectation can tell in which order a list of promises has its outcomes: then tasks
 * that one line spawns are not alike. */
bool tells_order(const struct program *program);

/* Number units and resources anew, by what they are and do, and not by when they were made. */
void make_canonical(struct state *state, const struct program *program);

#endif
