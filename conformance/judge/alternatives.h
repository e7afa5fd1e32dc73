/* alternatives: of a scenario that is executed on every schedule, whether each outcome that it
 * allows was met on one of them. */
#ifndef ALTERNATIVES_H
#define ALTERNATIVES_H

#include "judge.h"

struct alternatives;

/* Those of a program, which must outlive them; none of them is met yet. */
struct alternatives *alternatives_create(const struct program *program);
void alternatives_free(struct alternatives *alternatives);

/* Take note of those that a trace meets. */
void alternatives_note(struct alternatives *alternatives, const struct trace *trace);

/* Whether all are met. */
bool alternatives_are_met(const struct alternatives *alternatives);

/* Write those that none of this many executions met to a verdict, which becomes a fail. */
void alternatives_tell(const struct alternatives *alternatives, size_t executions,
                       struct verdict *verdict);

#endif
