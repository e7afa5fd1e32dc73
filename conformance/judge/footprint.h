/* footprint: what each turn of a steered run may have touched, as far as its trace tells. Two turns
 * of different domains that touch nothing in common can change places, and no task notices. */
#ifndef FOOTPRINT_H
#define FOOTPRINT_H

#include "trace.h"

enum { FOOTPRINT_WORDS = 8 };

/* Sets of places: of domains' news, flags, names, objects and so on. Whoever writes to a place also
 * reads it. */
struct footprint {
    uint64_t reads[FOOTPRINT_WORDS];
    uint64_t writes[FOOTPRINT_WORDS];
    uint64_t awaited[FOOTPRINT_WORDS]; /* of what it reads: a task has waited until that was written
                                          to, and earlier it would have waited on */
    int polls; /* the turn did nothing but let tasks look for flags in vain: the number of these
                  tasks; else 0 */
};

/* The footprint of each turn of a trace that tells its turns; to be freed. */
struct footprint *footprints_of(const struct program *program, const struct trace *trace);

/* Whether two turns touch a place that one of them writes to. */
bool footprints_meet(const struct footprint *one, const struct footprint *other);

/* The same, but for what the other, a later turn, has waited for. */
bool footprints_race(const struct footprint *one, const struct footprint *later);

/* Make it meet all others. */
void footprint_fill(struct footprint *footprint);

/* The domain that had a turn, or TURN_TIME. */
int turn_taker(const struct trace *trace, int turn);

#endif
