/* states: two stacks beside a set of hashes. A stack has two kinds of entries, each with a mark at
 * its end: a base is a packed state and its moment; a way is what a step from the last base picks.
 */
#include "states.h"

#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

void states_create(struct states *states)
{
    *states = (struct states){0};
    hashes_create(&states->there);
}

void states_free(struct states *states)
{
    free(states->likely.bytes);
    free(states->unlikely.bytes);
    hashes_free(&states->there);
}

void states_clear(struct states *states)
{
    states->likely.size = states->unlikely.size = 0;
    states->likely.base = states->unlikely.base = 0;
    hashes_clear(&states->there);
}

size_t states_size(const struct states *states)
{
    return states->likely.size + states->unlikely.size;
}

bool states_is_new(struct states *states, const unsigned char *bytes, size_t size,
                   const struct moment *moment)
{
    struct hash hash = state_hash(bytes, size);

    hash.a += moment->ahead * 0x9fb21c651e98df25 + (moment->focus | (unsigned)moment->told << 8);
    hash.b ^= ((uint64_t)(unsigned)moment->now << 1 | moment->pushed) * 0xff51afd7ed558ccd;
    hash.b |= 1;
    return hashes_add(&states->there, hash);
}

/* ---- The stacks ---- */

struct mark {
    size_t size;
    size_t base; /* of a way, where its base is; of a base, where the one before it is */
    bool is_base;
};

static unsigned char *put(struct pile *pile, size_t size)
{
    if (pile->room < pile->size + size) {
        pile->room = 2 * (pile->size + size);
        pile->bytes = resized(pile->bytes, pile->room);
    }
    pile->size += size;
    return pile->bytes + pile->size - size;
}

static const void *take(struct pile *pile, size_t size)
{
    pile->size -= size;
    return pile->bytes + pile->size;
}

static void put_mark(struct pile *pile, size_t size, bool is_base)
{
    struct mark mark;

    memset(&mark, 0, sizeof mark);
    mark.size = size;
    mark.base = pile->base;
    mark.is_base = is_base;
    memcpy(put(pile, sizeof mark), &mark, sizeof mark);
}

static void put_base(struct pile *pile, const struct state *from, const struct moment *moment)
{
    size_t base = pile->size, size;

    memcpy(put(pile, sizeof *moment), moment, sizeof *moment);
    size = state_pack(from, put(pile, STATE_BYTES_MAX));
    pile->size -= STATE_BYTES_MAX - size;
    put_mark(pile, sizeof *moment + size, true);
    pile->base = base;
    pile->is_new = false;
}

void states_lead_from(struct states *states, const struct state *from, const struct moment *moment)
{
    states->from = from;
    states->moment = *moment;
    states->likely.is_new = states->unlikely.is_new = true;
}

void states_push(struct states *states, const struct way *way, bool unlikely)
{
    struct pile *pile = unlikely ? &states->unlikely : &states->likely;
    size_t size = (size_t)way->count * sizeof *way->picks;

    if (pile->is_new)
        put_base(pile, states->from, &states->moment);
    memcpy(put(pile, size), way->picks, size);
    put_mark(pile, size, false);
}

static bool pop(struct pile *pile, struct state *from, struct moment *moment, struct way *way)
{
    struct mark mark;

    while (pile->size > 0) {
        memcpy(&mark, take(pile, sizeof mark), sizeof mark);
        if (mark.is_base) {
            take(pile, mark.size);
            pile->base = mark.base;
            continue;
        }
        memcpy(way->picks, take(pile, mark.size), mark.size);
        way->count = (int)(mark.size / sizeof *way->picks);
        memcpy(moment, pile->bytes + mark.base, sizeof *moment);
        state_unpack(from, pile->bytes + mark.base + sizeof *moment);
        return true;
    }
    return false;
}

bool states_pop(struct states *states, struct state *from, struct moment *moment, struct way *way)
{
    return pop(&states->likely, from, moment, way) || pop(&states->unlikely, from, moment, way);
}
