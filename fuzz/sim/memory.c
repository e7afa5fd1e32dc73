/* memory.c: the memory of the simulated system. Unmapped memory is kept for the next run, which
 * usually asks for the same sizes, so that a run costs no mmap. Only what was written to is
 * cleaned. */
#include "parts.h"
#include "system.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, size)   ((void)(memory), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(memory, size) ((void)(memory), (void)(size))
#endif

enum {
    PAGE = 4096,
    PIECE = 512,       /* bytes that are looked at and cleaned together */
    SCANNED = 4 << 10, /* a mapping up to this size is cleaned wherever it was written to */
    FORBIDDEN = PAGE,  /* bytes of unmapped memory that the address sanitizer watches */
    SHELVES = 64,
};

/* Stands in the page before the memory. */
struct mapping {
    struct mapping *next;        /* among all mappings */
    struct mapping *next_free;   /* on its shelf */
    struct mapping *next_stacks; /* among those that hold stacks, which have guard pages */
    uint8_t *memory;
    size_t size;
    size_t asked; /* bytes of it that belong to whoever has mapped it last */
    bool used;
    bool holds_stacks;
    uint64_t guarded[496]; /* a bit a page */
};

_Static_assert(sizeof(struct mapping) <= PAGE, "it fits in a page");

bool sim_audits;

static struct mapping *all, *stacks;
static struct mapping *shelves[SHELVES]; /* free mappings, by size */
static int used;

static _Noreturn void misused(const char *what, const void *memory)
{
    fprintf(stderr, "sim: %s: %p\n", what, memory);
    abort();
}

/* ---- cleaning */

#if defined(__clang__)
#define UNCHECKED __attribute__((no_sanitize("address", "undefined", "coverage")))
#else
#define UNCHECKED __attribute__((no_sanitize("address", "undefined")))
#endif

typedef uint64_t pair __attribute__((vector_size(16), may_alias));

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

UNCHECKED static inline bool is_clean(const uint8_t *piece)
{
    const pair *pairs = (const pair *)(const void *)piece;
    pair any = {0, 0};

    for (size_t i = 0; i < PIECE / sizeof *pairs; i += 8)
        any |= pairs[i] | pairs[i + 1] | pairs[i + 2] | pairs[i + 3] | pairs[i + 4] | pairs[i + 5] |
               pairs[i + 6] | pairs[i + 7];
    return (any[0] | any[1]) == 0;
}

/* A large mapping is an array that is filled from its beginning, so all that follows a clean piece
 * is clean too; sim_audits makes sure of that. Stacks are not cleaned: they go from task to task,
 * so that the runtime cannot rely on what they hold. */
UNCHECKED static void clean(struct mapping *mapping)
{
    if (mapping->holds_stacks)
        return;
    for (size_t at = 0; at < mapping->asked; at += PIECE)
        if (!is_clean(mapping->memory + at))
            memset(mapping->memory + at, 0, least(PIECE, mapping->asked - at));
        else if (mapping->size > SCANNED)
            return;
}

UNCHECKED static void audit(const struct mapping *mapping)
{
    if (mapping->holds_stacks)
        return;
    for (size_t at = 0; at < mapping->size; at += PIECE)
        if (!is_clean(mapping->memory + at))
            misused("memory far from the beginning was written to and not cleaned",
                    mapping->memory + at);
}

/* ---- mappings */

static struct mapping *make(size_t size)
{
    uint8_t *header = mmap(NULL, PAGE + size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct mapping *made = (void *)header;

    if (header == MAP_FAILED)
        return NULL;
    made->memory = header + PAGE;
    made->size = size;
    made->next = all;
    return all = made;
}

static struct mapping **shelf(size_t size)
{
    return &shelves[size / PAGE % SHELVES];
}

/* A free mapping of this size, the one that was given back last; NULL if there is none. */
static struct mapping *take(size_t size)
{
    for (struct mapping **place = shelf(size); *place != NULL; place = &(*place)->next_free)
        if ((*place)->size == size) {
            struct mapping *taken = *place;

            *place = taken->next_free;
            return taken;
        }
    return NULL;
}

size_t sys_page_size(void)
{
    return PAGE;
}

size_t sys_signal_frame(void)
{
    return 0; /* no signal comes from outside */
}

void *sys_map(size_t size)
{
    size_t whole = (size + PAGE - 1) / PAGE * PAGE;
    struct mapping *mapping;

    if (whole == 0)
        return NULL;
    if ((mapping = take(whole)) != NULL) {
        if (sim_audits)
            audit(mapping);
    } else if ((mapping = make(whole)) == NULL) {
        return NULL;
    }
    mapping->used = true;
    mapping->asked = size;
    used++;
    ASAN_UNPOISON_MEMORY_REGION(mapping->memory, least(size, FORBIDDEN));
    return mapping->memory;
}

void *sys_map_now(size_t size)
{
    return sys_map(size);
}

void sys_unmap(void *memory, size_t size)
{
    struct mapping *mapping = (void *)((uint8_t *)memory - PAGE);

    if ((uintptr_t)memory % PAGE != 0 || mapping->memory != memory || !mapping->used)
        misused("unmapping memory that is not mapped", memory);
    if (mapping->size != (size + PAGE - 1) / PAGE * PAGE)
        misused("unmapping with another size than it was mapped with", memory);
    clean(mapping);
    ASAN_POISON_MEMORY_REGION(memory, least(mapping->asked, FORBIDDEN));
    mapping->used = false;
    mapping->next_free = *shelf(mapping->size);
    *shelf(mapping->size) = mapping;
    used--;
}

static bool holds(const struct mapping *mapping, const uint8_t *page)
{
    return mapping->used && page >= mapping->memory && page < mapping->memory + mapping->size;
}

static struct mapping *mapping_of(const void *page)
{
    for (struct mapping *mapping = stacks; mapping != NULL; mapping = mapping->next_stacks)
        if (holds(mapping, page))
            return mapping;
    for (struct mapping *mapping = all; mapping != NULL; mapping = mapping->next)
        if (holds(mapping, page)) {
            mapping->holds_stacks = true;
            mapping->next_stacks = stacks;
            return stacks = mapping;
        }
    misused("guarding memory that is not mapped", page);
}

/* A guard remains one for later runs, so that it costs only one call of the operating system. Its
 * first page stands for it. */
int sys_guard(void *page, size_t size)
{
    struct mapping *mapping = mapping_of(page);
    size_t at = (size_t)((uint8_t *)page - mapping->memory);
    uint64_t *word = &mapping->guarded[at / PAGE / 64], bit = (uint64_t)1 << at / PAGE % 64;

    if (at % PAGE != 0 || size % PAGE != 0 || size == 0 ||
        at / PAGE / 64 >= sizeof mapping->guarded / sizeof *word)
        misused("guarding what are not pages, or too far from the beginning", page);
    if (!(*word & bit) && mprotect(page, size, PROT_NONE) < 0)
        return -ENOMEM;
    *word |= bit;
    return 0;
}

void memory_check(const void *memory, size_t size)
{
    const volatile uint8_t *bytes = memory;

    if (bytes != NULL && size > 0)
        (void)bytes[0], (void)bytes[size - 1];
}

void memory_begin(void)
{
    for (struct mapping *m = all; used > 0; m = m->next)
        if (m->used)
            sys_unmap(m->memory, m->asked);
}

int memory_left(void)
{
    return used;
}
