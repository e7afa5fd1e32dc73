/* pool.h: the objects that users hold, by handles instead of addresses. A handle is an index and a
 * generation, so that a stale or foreign one is recognised without reading memory that is not ours.
 *
 *     63         generation         32 31           index            0
 *     +-------------------------------+-------------------------------+
 *     | odd; differs with every use   | chunk (22 bits) | slot (10)   |
 *     +-------------------------------+-------------------------------+ */
#ifndef REF_POOL_H
#define REF_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first member of every object. */
struct slot {
    _Atomic uint32_t generation; /* odd while the object is live */
    uint32_t index;
    struct slot *next_free;
};

/* Shared by the domains of a run. */
struct pool {
    uint32_t size; /* of an object */
    uint32_t salt; /* where generations begin: elsewhere in every pool of every run */
    _Atomic uint32_t chunks;
    _Atomic(_Atomic(char *) *) directory; /* NULL until there is a chunk */
    pthread_mutex_t lock;
    _Atomic(struct slot *) surplus; /* free objects in no domain's cache; under the lock */
};

/* A domain's own free objects of a pool. A domain that frees objects which other domains make
 * returns the excess to the pool, where the others find it. */
struct pool_cache {
    struct slot *free;
    int64_t excess; /* objects freed here, minus those made here, minus those returned */
    char *fresh;
    uint32_t fresh_index, fresh_left;
};

/* A pool without objects takes no memory. */
void pool_init(struct pool *pool, uint32_t size, uint32_t salt);
void pool_destroy(struct pool *pool);

/* What pool_new does when the cache has no free object. */
void *pool_new_slow(struct pool *pool, struct pool_cache *cache);

enum {
    POOL_CHUNK_BITS = 10,
    POOL_CHUNK = 1 << POOL_CHUNK_BITS, /* objects mapped at a time */
    POOL_CHUNKS = 1 << 16,
    POOL_BATCH = 64 /* objects that move between a cache and the pool at a time */
};

/* Returns an object: zeroed if fresh, otherwise with the contents it had when it was freed; NULL if
 * there is no memory. */
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

/* Move a batch of free objects from the cache to the pool. */
void pool_give_back(struct pool *pool, struct pool_cache *cache);

/* Make a retired object free; but not one whose generations are used up, whose handles would come
 * round. That costs an object in 2^31 uses. */
static inline void pool_take_back(struct pool *pool, struct pool_cache *cache, void *object)
{
    struct slot *slot = object;

    if (atomic_load_explicit(&slot->generation, memory_order_relaxed) == pool->salt)
        return;
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

/* Whether the object that pool_get has found for the handle is still that. */
static inline bool pool_is_still(const void *object, const void *handle)
{
    const struct slot *slot = object;

    return atomic_load(&slot->generation) == (uint32_t)((uint64_t)(uintptr_t)handle >> 32);
}

/* Make the handle of an object stale, while other threads use it or do the same. Returns false if
 * it was stale already. */
static inline bool pool_retire(void *object, const void *handle)
{
    struct slot *slot = object;
    uint32_t generation = (uint32_t)((uint64_t)(uintptr_t)handle >> 32);

    return atomic_compare_exchange_strong(&slot->generation, &generation, generation + 1);
}

/* The live object that the handle stands for, or NULL. */
static inline void *pool_get(struct pool *pool, const void *handle)
{
    uint32_t index = (uint32_t)(uintptr_t)handle;
    uint32_t generation = (uint32_t)((uint64_t)(uintptr_t)handle >> 32);
    uint32_t chunk = index >> POOL_CHUNK_BITS;
    _Atomic(char *) *directory;
    struct slot *slot;
    char *base;

    if (!(generation & 1) || chunk >= atomic_load_explicit(&pool->chunks, memory_order_relaxed))
        return NULL;
    directory = atomic_load_explicit(&pool->directory, memory_order_acquire);
    if (directory == NULL ||
        (base = atomic_load_explicit(&directory[chunk], memory_order_acquire)) == NULL)
        return NULL;
    slot = (struct slot *)(base + (size_t)(index & (POOL_CHUNK - 1)) * pool->size);
    return atomic_load(&slot->generation) == generation ? slot : NULL;
}

/* Call visit with every live object; no other thread may use the pool meanwhile. */
void pool_each(struct pool *pool, void (*visit)(void *object, void *arg), void *arg);

#endif
