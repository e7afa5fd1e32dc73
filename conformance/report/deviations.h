/* deviations: which events of a trace are those that the judge's findings are about. */
#ifndef DEVIATIONS_H
#define DEVIATIONS_H

#include "judge/judge.h"

struct deviations {
    int *of_event;                 /* by event: the finding that it is marked for; -1: none */
    int first_event[FINDINGS_MAX]; /* by finding: the first event that is marked for it; -1: none */
};

/* Find the events. The verdict may be NULL: nothing deviates. */
void deviations_find(struct deviations *deviations, const struct program *program,
                     const struct trace *trace, const struct verdict *verdict);
void deviations_free(struct deviations *deviations);

#endif
