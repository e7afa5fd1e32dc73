/* pool.h: the objects that users hold. What they hold is no address but a handle, an index and a
 * generation, so that a stale or foreign one is told from a live one without touching memory that
 * is not ours. */
#ifndef REF_POOL_H
#define REF_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The head of every object. */
struct slot {
    _Atomic uint32_t generation; /* odd while the object is live */
    uint32_t index;
    struct slot *next_free;
};

/* Shared by the domains of a run. */
struct pool {
    uint32_t size; /* of an object */
    uint32_t salt; /* the first generation, of no other pool and run */
    _Atomic uint32_t chunks;
    _Atomic(char *) *directory;
    pthread_mutex_t lock;
    _Atomic(struct slot *) surplus; /* free objects that no domain keeps; under the lock */
};

/* A domain's own free objects of a pool. A domain that frees more than it makes, because others
 * make them, gives what it has too much of to the pool, where those find it. */
struct pool_cache {
    struct slot *free;
    int64_t excess; /* what it freed, less what it made, and less what it has given */
    char *fresh;
    uint32_t fresh_index, fresh_left;
};

int pool_init(struct pool *pool, uint32_t size, uint32_t salt);
void pool_destroy(struct pool *pool);

/* An object: all zero when new, as it was left when it had been freed before. NULL if there is no
 * memory. */
void *pool_new_slow(struct pool *pool, struct pool_cache *cache);

enum {
    POOL_CHUNK_BITS = 10,
    POOL_CHUNK = 1 << POOL_CHUNK_BITS, /* objects mapped at a time */
    POOL_CHUNKS = 1 << 16,
    POOL_BATCH = 64 /* objects that go to the pool and come from there at a time */
};

static inline void *pool_new(struct pool *pool, struct pool_cache *cache)
{
    struct slot *slot = cache->free;
    uint32_t generation;

    if (slot == NULL)
        return pool_new_slow(pool, cache);
    cache->free = slot->next_free;
    cache->excess--;
    generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);
    atomic_store_explicit(&slot->generation, generation + 1, memory_order_relaxed);
    return slot;
}

void pool_give_back(struct pool *pool, struct pool_cache *cache);

/* Take an object back that was retired. */
static inline void pool_take_back(struct pool *pool, struct pool_cache *cache, void *object)
{
    struct slot *slot = object;

    slot->next_free = cache->free;
    cache->free = slot;
    if (++cache->excess >= POOL_BATCH)
        pool_give_back(pool, cache);
}

static inline void pool_free(struct pool *pool, struct pool_cache *cache, void *object)
{
    struct slot *slot = object;
    uint32_t generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);

    atomic_store_explicit(&slot->generation, generation + 1, memory_order_relaxed);
    pool_take_back(pool, cache, object);
}

static inline void *pool_handle(const void *object)
{
    const struct slot *slot = object;
    uint64_t generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);

    return (void *)(uintptr_t)(generation << 32 | slot->index);
}

/* Make the handle of an object stale, while others may do so or look. Returns false if it was stale
 * already. */
static inline bool pool_retire(void *object, const void *handle)
{
    struct slot *slot = object;
    uint32_t generation = (uint32_t)((uint64_t)(uintptr_t)handle >> 32);

    return atomic_compare_exchange_strong(&slot->generation, &generation, generation + 1);
}

/* The live object of a handle, or NULL. */
static inline void *pool_get(struct pool *pool, const void *handle)
{
    uint32_t index = (uint32_t)(uintptr_t)handle;
    uint32_t generation = (uint32_t)((uint64_t)(uintptr_t)handle >> 32);
    uint32_t chunk = index >> POOL_CHUNK_BITS;
    struct slot *slot;
    char *base;

    if (!(generation & 1) || chunk >= atomic_load_explicit(&pool->chunks, memory_order_relaxed))
        return NULL;
    base = atomic_load_explicit(&pool->directory[chunk], memory_order_acquire);
    if (base == NULL)
        return NULL;
    slot = (struct slot *)(base + (size_t)(index & (POOL_CHUNK - 1)) * pool->size);
    return atomic_load(&slot->generation) == generation ? slot : NULL;
}

/* Calls visit with every live object and arg; nobody else may use the pool meanwhile. */
void pool_each(struct pool *pool, void (*visit)(void *object, void *arg), void *arg);

#endif
