/* memory.c: the saboteur's own memory. All of it is there from the start, because the saboteur
 * gives nothing back and the attack watches whether the server's memory grows. */
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ROOM = 64 << 20, ALIGNMENT = 16 };

atomic_size_t saboteur_taken;

void *saboteur_malloc(size_t size);
void *saboteur_calloc(size_t count, size_t size);
void saboteur_free(void *block);

static char *memory;

__attribute__((constructor(500))) static void map_memory(void)
{
    memory =
        mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED)
        abort();
}

void *saboteur_malloc(size_t size)
{
    size_t at;

    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    at = atomic_fetch_add(&saboteur_taken, size);
    return size <= ROOM && at <= ROOM - size ? memory + at : NULL;
}

void *saboteur_calloc(size_t count, size_t size)
{
    void *block = saboteur_malloc(count * size);

    return block != NULL ? memset(block, 0, count * size) : NULL;
}

void saboteur_free(void *block)
{
    (void)block;
}
