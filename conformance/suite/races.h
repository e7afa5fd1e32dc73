/* races: which turns of an execution happened before which others, and which of them could have
 * happened the other way round. */
#ifndef RACES_H
#define RACES_H

#include "judge/footprint.h"

struct races {
    const struct trace *trace;
    struct footprint *footprints; /* by turn */
    int *takers;                  /* by turn: 0: time; N + 1: domain N */
    int width;                    /* of a clock: all that take turns */
    int *clocks;                  /* by turn, then by taker: 1 more than the taker's last turn that
                                     happened before this one, or is this one; 0: none did */
    int *polled; /* by turn: how often the domain has polled in a row, to no avail */
};

/* Of a trace that tells its turns. */
struct races *races_create(const struct program *program, const struct trace *trace);
void races_free(struct races *races);

/* Called for a turn and a later one that race. To turn the race round, those turns between them
 * which the first has not happened before go first, and then the later one. Each of `first` could
 * take the first of these turns. */
typedef void races_see(void *to, int turn, int later, const int *first, int count);

/* Whether the one has happened before the other, a later turn. */
bool races_happened_before(const struct races *races, int one, int other);

/* Tell the races of the turns from one on with those before each; stop before the turn `end`. */
void races_tell(const struct races *races, int from, int end, races_see *see, void *to);

#endif
