/* states: a stack of packed states beside a set of hashes. */
#include "states.h"

#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

void states_create(struct states *states)
{
    *states = (struct states){.size = 0};
    hashes_create(&states->there);
}

void states_free(struct states *states)
{
    free(states->stack);
    hashes_free(&states->there);
}

void states_clear(struct states *states)
{
    states->size = 0;
    hashes_clear(&states->there);
}

void states_push(struct states *states, const unsigned char *bytes, size_t size,
                 const struct moment *moment)
{
    size_t all = size + sizeof *moment + sizeof size;
    struct hash hash = state_hash(bytes, size);

    hash.a += moment->ahead * 0x9fb21c651e98df25 + moment->focus + ((uint64_t)moment->mute << 8);
    hash.b ^= ((uint64_t)(unsigned)moment->now << 1 | moment->pushed) * 0xff51afd7ed558ccd;
    hash.b |= 1;
    if (!hashes_add(&states->there, hash))
        return;
    if (states->room < states->size + all) {
        states->room = 2 * (states->size + all);
        states->stack = resized(states->stack, states->room);
    }
    memcpy(states->stack + states->size, bytes, size);
    memcpy(states->stack + states->size + size, moment, sizeof *moment);
    memcpy(states->stack + states->size + size + sizeof *moment, &size, sizeof size);
    states->size += all;
}

bool states_pop(struct states *states, struct state *state, struct moment *moment)
{
    size_t size;

    if (states->size == 0)
        return false;
    states->size -= sizeof size;
    memcpy(&size, states->stack + states->size, sizeof size);
    states->size -= sizeof *moment;
    memcpy(moment, states->stack + states->size, sizeof *moment);
    states->size -= size;
    state_unpack(state, states->stack + states->size);
    return true;
}
