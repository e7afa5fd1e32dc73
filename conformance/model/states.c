/* states: a stack of packed states beside a table of hashes. */
#include "states.h"

#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1 << 8 };

void states_create(struct states *states)
{
    *states = (struct states){.table_room = FIRST_ROOM};
    states->table = zeroed(FIRST_ROOM, sizeof *states->table);
}

void states_free(struct states *states)
{
    free(states->stack);
    free(states->table);
}

void states_clear(struct states *states)
{
    memset(states->table, 0, states->table_room * sizeof *states->table);
    states->size = 0;
    states->count = 0;
}

/* ---- The table ---- */

static struct hash *place_of(struct hash *table, uint32_t room, struct hash hash)
{
    uint32_t at = (uint32_t)hash.a;

    while (table[at & (room - 1)].a | table[at & (room - 1)].b) {
        struct hash *there = &table[at & (room - 1)];

        if (there->a == hash.a && there->b == hash.b)
            return there;
        at++;
    }
    return &table[at & (room - 1)];
}

static void widen(struct states *states)
{
    uint32_t room = 2 * states->table_room;
    struct hash *table = zeroed(room, sizeof *table);

    for (uint32_t i = 0; i < states->table_room; i++)
        if (states->table[i].a | states->table[i].b)
            *place_of(table, room, states->table[i]) = states->table[i];
    free(states->table);
    states->table = table;
    states->table_room = room;
}

/* Whether it was not there before. */
static bool enter(struct states *states, struct hash hash)
{
    struct hash *place = place_of(states->table, states->table_room, hash);

    if (place->a | place->b)
        return false;
    *place = hash;
    if (++states->count > states->table_room / 2)
        widen(states);
    return true;
}

/* ---- The stack ---- */

void states_push(struct states *states, const unsigned char *bytes, size_t size,
                 const struct moment *moment)
{
    size_t all = size + sizeof *moment + sizeof size;
    struct hash hash = state_hash(bytes, size);

    hash.a += moment->ahead * 0x9fb21c651e98df25 + moment->focus;
    hash.b ^= ((uint64_t)(unsigned)moment->now << 1 | moment->pushed) * 0xff51afd7ed558ccd;
    hash.b |= 1;
    if (!enter(states, hash))
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
