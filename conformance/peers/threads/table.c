/* table.c: handles. What a program gets is the number of a slot and a serial number that the
 * process gives out once only, so that a NULL, stale or foreign handle, or one of another kind, is
 * found out, as miou.h promises, and memory can be given back at once. */
#include "peer.h"

#define INDEX_BITS 24
#define INDEX_MASK (((uint64_t)1 << INDEX_BITS) - 1)

static _Atomic uint64_t last_serial;

static int grow(struct table *table)
{
    size_t i, size = table->size ? 2 * table->size : 64;
    struct slot *slots;

    if (size > INDEX_MASK || !(slots = realloc(table->slots, size * sizeof *slots)))
        return -ENOMEM;
    for (i = table->size; i < size; i++)
        slots[i] = (struct slot){.object = (void *)(i + 1 < size ? i + 2 : 0)};
    table->slots = slots;
    table->free = table->size + 1;
    table->size = size;
    return 0;
}

void *table_add(struct run *run, enum kind kind, void *object)
{
    struct table *table = &run->table;
    struct slot *slot;
    size_t index;

    if (!table->free && grow(table) < 0)
        return NULL;
    index = table->free - 1;
    slot = &table->slots[index];
    table->free = (size_t)slot->object;
    *slot = (struct slot){++last_serial, object, kind};
    return (void *)(uintptr_t)(slot->serial << INDEX_BITS | index);
}

static struct slot *find(struct table *table, const void *handle)
{
    uint64_t number = (uintptr_t)handle, index = number & INDEX_MASK;

    if (!handle || index >= table->size || table->slots[index].serial != number >> INDEX_BITS)
        return NULL;
    return &table->slots[index];
}

void *table_get(struct run *run, const void *handle, enum kind kind)
{
    struct slot *slot = find(&run->table, handle);

    return slot && slot->kind == kind ? slot->object : NULL;
}

void table_remove(struct run *run, void *handle)
{
    struct table *table = &run->table;
    struct slot *slot = find(table, handle);

    if (!slot)
        return;
    *slot = (struct slot){.object = (void *)table->free};
    table->free = (size_t)(slot - table->slots) + 1;
}

/* Whether objects of this kind are nothing but memory once the run is over. */
static bool only_memory(enum kind kind)
{
    return kind == MUTEX || kind == CONDITION || kind == LAZY || kind == TRIGGER ||
           kind == COMPUTATION || kind == POINT;
}

/* Give the table back with all objects that nobody has freed [R1.16]. */
void table_clear(struct run *run)
{
    size_t i;

    for (i = 0; i < run->table.size; i++)
        if (run->table.slots[i].serial && only_memory(run->table.slots[i].kind))
            free(run->table.slots[i].object);
    free(run->table.slots);
}
