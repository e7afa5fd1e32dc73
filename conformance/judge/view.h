/* view: what the tasks of an execution have seen, each for itself, and the order of the events that
 * a scenario expects in order. Nothing else can tell two executions apart. */
#ifndef VIEW_H
#define VIEW_H

#include "trace.h"

/* A hash of what all tasks of an execution have seen: equal for executions of a program that no
 * task can tell apart. Never 0. */
uint64_t view_of(const struct program *program, const struct trace *trace);

/* Whether a scenario expects something of an event's place in the order of all events. */
bool view_is_ordered(const struct program *program, const struct trace *trace,
                     const struct event *event);

#endif
