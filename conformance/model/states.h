/* states.h: states that are still to be looked at, the last one first, and a memory of those that
 * were there before. */
#ifndef MODEL_STATES_H
#define MODEL_STATES_H

#include "hashes.h"

/* A moment of a run that is followed: beside its state, how much of it was observed. */
struct moment {
    int now;        /* the next event that is to be observed */
    uint64_t ahead; /* for each domain a byte: how many of its next events have happened already */
    uint32_t taken; /* freedoms that were taken on the way, a bit each; does not count as different
                     */
    uint8_t mute;   /* domains, a bit each: a task has ended of which not all is reported */
    uint8_t focus;  /* a domain, from 1, that has heard of something, and does the next thing; 0 */
    bool pushed;    /* it has heard only that tasks are ready */
};

struct states {
    unsigned char *stack; /* packed states, each before its moment and its size */
    size_t size;
    size_t room;
    struct hashes there; /* of all that were ever added */
};

void states_create(struct states *states);
void states_free(struct states *states);
void states_clear(struct states *states);

/* Add a packed state at a moment, unless it was there before. */
void states_push(struct states *states, const unsigned char *bytes, size_t size,
                 const struct moment *moment);

/* Take out the state that was added last. Returns false if there is none. */
bool states_pop(struct states *states, struct state *state, struct moment *moment);

#endif
