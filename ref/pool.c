/* pool.c: chunks of objects, listed in a directory that a handle's index leads into. */
#include "pool.h"
#include "annotate.h"
#include "system.h"

#include <errno.h>

_Static_assert(sizeof(void *) == 8, "a handle holds an index and a generation of 32 bits each");

int pool_init(struct pool *pool, uint32_t size, uint32_t salt)
{
    pool->size = (size + 63) / 64 * 64;
    pool->salt = salt & ~1u;
    ANNOTATE_ATOMIC(&pool->chunks);
    atomic_init(&pool->chunks, 0);
    pool->directory = sys_map(POOL_CHUNKS * sizeof *pool->directory);
    return pool->directory == NULL ? -ENOMEM : 0;
}

void pool_destroy(struct pool *pool)
{
    if (pool->directory == NULL)
        return;
    for (uint32_t i = 0; i < POOL_CHUNKS && pool->directory[i] != NULL; i++)
        sys_unmap(pool->directory[i], (size_t)POOL_CHUNK * pool->size);
    sys_unmap(pool->directory, POOL_CHUNKS * sizeof *pool->directory);
}

static int map_chunk(struct pool *pool, struct pool_cache *cache)
{
    size_t size = (size_t)POOL_CHUNK * pool->size;
    /* Who has filled one chunk will fill the next, and one call is cheaper than a fault for each
     * page. */
    char *chunk = cache->fresh != NULL ? sys_map_now(size) : sys_map(size);
    uint32_t number;

    if (chunk == NULL)
        return -ENOMEM;
    number = atomic_fetch_add(&pool->chunks, 1);
    if (number >= POOL_CHUNKS) {
        atomic_fetch_sub(&pool->chunks, 1);
        sys_unmap(chunk, size);
        return -ENOMEM;
    }
    ANNOTATE_ATOMIC(&pool->directory[number]);
    atomic_store_explicit(&pool->directory[number], chunk, memory_order_release);
    cache->fresh = chunk;
    cache->fresh_index = number << POOL_CHUNK_BITS;
    cache->fresh_left = POOL_CHUNK;
    return 0;
}

void *pool_new_slow(struct pool *pool, struct pool_cache *cache)
{
    struct slot *slot;

    if (cache->fresh_left == 0 && map_chunk(pool, cache) < 0)
        return NULL;
    slot = (struct slot *)cache->fresh;
    ANNOTATE_ATOMIC(&slot->generation);
    slot->index = cache->fresh_index++;
    atomic_init(&slot->generation, pool->salt + 1);
    cache->fresh += pool->size;
    cache->fresh_left--;
    return slot;
}

void pool_each(struct pool *pool, void (*visit)(void *object, void *arg), void *arg)
{
    if (pool->directory == NULL)
        return;
    for (uint32_t i = 0; i < POOL_CHUNKS && pool->directory[i] != NULL; i++)
        for (uint32_t j = 0; j < POOL_CHUNK; j++) {
            struct slot *slot = (struct slot *)(pool->directory[i] + (size_t)j * pool->size);

            if (slot->index != i * POOL_CHUNK + j)
                break; /* from here on none has been used */
            if (atomic_load_explicit(&slot->generation, memory_order_relaxed) & 1)
                visit(slot, arg);
        }
}
