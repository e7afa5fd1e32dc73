/* hashes: an open table, at most half full. */
#include "hashes.h"

#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1 << 8 };

void hashes_create(struct hashes *hashes)
{
    *hashes = (struct hashes){.room = FIRST_ROOM};
    hashes->table = zeroed(FIRST_ROOM, sizeof *hashes->table);
}

void hashes_free(struct hashes *hashes)
{
    free(hashes->table);
}

void hashes_clear(struct hashes *hashes)
{
    if (hashes->count > 0)
        memset(hashes->table, 0, hashes->room * sizeof *hashes->table);
    hashes->count = 0;
}

static bool is_free(const struct hash *place)
{
    return (place->a | place->b) == 0;
}

/* The place of a hash, or a free one for it. */
static struct hash *place_of(const struct hashes *hashes, struct hash hash)
{
    size_t at = hash.a & (hashes->room - 1);

    while (!is_free(&hashes->table[at]) &&
           (hashes->table[at].a != hash.a || hashes->table[at].b != hash.b))
        at = (at + 1) & (hashes->room - 1);
    return &hashes->table[at];
}

static void widen(struct hashes *hashes)
{
    struct hashes wider = {.room = 2 * hashes->room, .count = hashes->count};

    wider.table = zeroed(wider.room, sizeof *wider.table);
    for (size_t i = 0; i < hashes->room; i++)
        if (!is_free(&hashes->table[i]))
            *place_of(&wider, hashes->table[i]) = hashes->table[i];
    free(hashes->table);
    *hashes = wider;
}

bool hashes_add(struct hashes *hashes, struct hash hash)
{
    struct hash *place = place_of(hashes, hash);

    if (!is_free(place))
        return false;
    *place = hash;
    if (++hashes->count > hashes->room / 2)
        widen(hashes);
    return true;
}
