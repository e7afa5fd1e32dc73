/* states.h: states that are still to be looked at, the last one first, and a memory of those that
 * were there before. Such a state takes little room: it is kept as the step that leads to it. */
#ifndef MODEL_STATES_H
#define MODEL_STATES_H

#include "hashes.h"
#include "step.h"

/* A moment of a run that is followed: beside its state, how much of it was observed. */
struct moment {
    int now;        /* the next event that is to be observed */
    uint64_t ahead; /* for each domain a byte: how many of its next events have happened already */
    uint32_t taken; /* freedoms that were taken on the way, a bit each; does not count as different
                     */
    uint8_t mute;   /* domains, a bit each, whose report of how a task has ended is still to come */
    uint8_t focus;  /* a domain, from 1, that has heard of something, and does the next thing; 0 */
    uint8_t told;   /* if that was that a task is cancelled: its unit, from 1 */
    bool pushed;    /* it has heard only that tasks are ready */
};

/* What a step picks on its way to a state. */
struct way {
    uint16_t picks[PICKS_MAX];
    int count;
};

/* States as bases, each with the ways that lead on from it behind it. */
struct pile {
    unsigned char *bytes;
    size_t size;
    size_t room;
    size_t base; /* where the last one is */
    bool is_new; /* the state that is looked at is not a base of this pile yet */
};

struct states {
    const struct state *from; /* what is looked at, */
    struct moment moment;     /* and when that is */
    struct pile likely;
    struct pile unlikely; /* what is looked at once there is nothing else */
    struct hashes there;  /* of all that were ever there */
};

void states_create(struct states *states);
void states_free(struct states *states);
void states_clear(struct states *states);

/* The bytes of what is still to be looked at. */
size_t states_size(const struct states *states);

/* Whether a packed state was not there before at such a moment. It is from now on. */
bool states_is_new(struct states *states, const unsigned char *bytes, size_t size,
                   const struct moment *moment);

/* The ways that are added next lead on from this state, which stays until they are. */
void states_lead_from(struct states *states, const struct state *from, const struct moment *moment);
void states_push(struct states *states, const struct way *way, bool unlikely);

/* Take out the likely way that was added last or, if no likely one is left, the unlikely one.
 * False: no way is left. */
bool states_pop(struct states *states, struct state *from, struct moment *moment, struct way *way);

#endif
