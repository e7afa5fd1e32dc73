/* small.h: a program of thousands of tasks in a small version of itself. */
#ifndef MODEL_SMALL_H
#define MODEL_SMALL_H

#include "scenario/program.h"

/* Make large numbers of a scenario small: how often an operation is done, how many posts are waited
 * for, how often an event is expected, and how long an orphanage is. They keep their ratios, so
 * that what was as many as another still is. Returns whether anything was changed. */
bool make_small(struct program *program);

#endif
