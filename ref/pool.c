/* pool.c: chunks of objects, and a directory that finds the chunk of a handle's index. */
#include "pool.h"
#include "annotate.h"
#include "system.h"

#include <errno.h>

_Static_assert(sizeof(void *) == 8, "a handle holds an index and a generation of 32 bits each");

enum { DIRECTORY = POOL_CHUNKS * sizeof(_Atomic(char *)) /* its bytes */ };

void pool_init(struct pool *pool, uint32_t size, uint32_t salt)
{
    pool->size = (size + 63) / 64 * 64;
    pool->salt = salt & ~1u;
    ANNOTATE_ATOMIC(&pool->chunks);
    atomic_init(&pool->chunks, 0);
    pthread_mutex_init(&pool->lock, NULL);
    ANNOTATE_ATOMIC(&pool->surplus);
    atomic_init(&pool->surplus, NULL);
    ANNOTATE_ATOMIC(&pool->directory);
    atomic_init(&pool->directory, NULL);
}

void pool_destroy(struct pool *pool)
{
    _Atomic(char *) *directory = atomic_load(&pool->directory);

    pthread_mutex_destroy(&pool->lock);
    if (directory == NULL)
        return;
    for (uint32_t i = 0; i < POOL_CHUNKS && directory[i] != NULL; i++)
        sys_unmap(directory[i], (size_t)POOL_CHUNK * pool->size);
    sys_unmap(directory, DIRECTORY);
}

/* The directory, which comes with the first chunk; NULL: there is no memory. */
static _Atomic(char *) *directory_of(struct pool *pool)
{
    _Atomic(char *) *directory;

    pthread_mutex_lock(&pool->lock);
    directory = atomic_load_explicit(&pool->directory, memory_order_relaxed);
    if (directory == NULL) {
        directory = sys_map(DIRECTORY);
        atomic_store_explicit(&pool->directory, directory, memory_order_release);
    }
    pthread_mutex_unlock(&pool->lock);
    return directory;
}

static int map_chunk(struct pool *pool, struct pool_cache *cache)
{
    _Atomic(char *) *directory = directory_of(pool);
    size_t size = (size_t)POOL_CHUNK * pool->size;
    uint32_t number;
    char *chunk;

    if (directory == NULL)
        return -ENOMEM;
    /* A cache that has used up one chunk will use up the next, and mapping its pages now is cheaper
     * than a fault for each. */
    chunk = cache->fresh != NULL ? sys_map_now(size) : sys_map(size);
    if (chunk == NULL)
        return -ENOMEM;
    number = atomic_fetch_add(&pool->chunks, 1);
    if (number >= POOL_CHUNKS) {
        atomic_fetch_sub(&pool->chunks, 1);
        sys_unmap(chunk, size);
        return -ENOMEM;
    }
    ANNOTATE_ATOMIC(&directory[number]);
    atomic_store_explicit(&directory[number], chunk, memory_order_release);
    cache->fresh = chunk;
    cache->fresh_index = number << POOL_CHUNK_BITS;
    cache->fresh_left = POOL_CHUNK;
    return 0;
}

/* ---- surplus ---- */

/* Returns the count-th node; the list must be that long. */
static struct slot *nth(struct slot *slot, uint32_t count)
{
    while (--count > 0)
        slot = slot->next_free;
    return slot;
}

void pool_give_back(struct pool *pool, struct pool_cache *cache)
{
    struct slot *first = cache->free, *last = nth(first, POOL_BATCH);

    cache->free = last->next_free;
    cache->excess -= POOL_BATCH;
    pthread_mutex_lock(&pool->lock);
    last->next_free = atomic_load_explicit(&pool->surplus, memory_order_relaxed);
    atomic_store_explicit(&pool->surplus, first, memory_order_relaxed);
    pthread_mutex_unlock(&pool->lock);
}

/* Move a batch from the pool to the empty cache. Returns false if the pool has none. */
static bool take_surplus(struct pool *pool, struct pool_cache *cache)
{
    struct slot *first, *last;

    if (atomic_load_explicit(&pool->surplus, memory_order_relaxed) == NULL)
        return false;
    pthread_mutex_lock(&pool->lock);
    first = atomic_load_explicit(&pool->surplus, memory_order_relaxed);
    if (first != NULL) {
        last = nth(first, POOL_BATCH);
        atomic_store_explicit(&pool->surplus, last->next_free, memory_order_relaxed);
        last->next_free = NULL;
        cache->free = first;
        cache->excess += POOL_BATCH;
    }
    pthread_mutex_unlock(&pool->lock);
    return first != NULL;
}

void *pool_new_slow(struct pool *pool, struct pool_cache *cache)
{
    struct slot *slot;

    if (take_surplus(pool, cache))
        return pool_new(pool, cache);
    if (cache->fresh_left == 0 && map_chunk(pool, cache) < 0)
        return NULL;
    slot = (struct slot *)cache->fresh;
    ANNOTATE_ATOMIC(&slot->generation);
    slot->index = cache->fresh_index++;
    atomic_init(&slot->generation, pool->salt + 1);
    cache->fresh += pool->size;
    cache->fresh_left--;
    cache->excess--;
    return slot;
}

void pool_each(struct pool *pool, void (*visit)(void *object, void *arg), void *arg)
{
    _Atomic(char *) *directory = atomic_load(&pool->directory);

    if (directory == NULL)
        return;
    for (uint32_t i = 0; i < POOL_CHUNKS && directory[i] != NULL; i++)
        for (uint32_t j = 0; j < POOL_CHUNK; j++) {
            struct slot *slot = (struct slot *)(directory[i] + (size_t)j * pool->size);

            if (slot->index != i * POOL_CHUNK + j)
                break; /* it and all after it have never been used */
            if (atomic_load_explicit(&slot->generation, memory_order_relaxed) & 1)
                visit(slot, arg);
        }
}
