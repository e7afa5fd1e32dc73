/* stack.c: cuts stacks from mappings of 32, with a guard below each. */
#include "stack.h"
#include "annotate.h"
#include "system.h"

#include <errno.h>
#include <stdint.h>

enum {
    CHUNK = 32,      /* stacks a mapping */
    COLOURS = 16,    /* the ends of stacks are shifted by 0 to 15 ... */
    COLOUR = 2 * 64,    /* ... times this, so that their hot lines do not fall into the same set */
    HEADROOM = 4096,    /* for the head, the shift and the runtime's own frames */
    GUARD = 256 * 1024, /* a frame of this size cannot leap over it */
    DEFAULT = 64 * 1024,
};

int stacks_init(struct stacks *stacks, size_t size)
{
    size_t page = sys_page_size();

    if (size == 0)
        size = DEFAULT;
    if (size > SIZE_MAX / 2 / CHUNK)
        return -ENOMEM;
    size += HEADROOM + sys_signal_frame();
    *stacks = (struct stacks){.stride = (size + page - 1) / page * page + GUARD};
    stacks->room = stacks->stride - GUARD - COLOURS * COLOUR - sizeof(struct stack);
    return 0;
}

static void unregister(struct stack *stack)
{
    ANNOTATE_NO_STACK(stack->registered);
}

void stacks_destroy(struct stacks *stacks)
{
    struct stack *stack, *next;

    for (stack = stacks->free; stack != NULL; stack = stack->next)
        unregister(stack);
    if (stacks->fresh_left == CHUNK)
        sys_unmap(stacks->fresh, CHUNK * stacks->stride);
    for (stack = stacks->chunks; stack != NULL; stack = next) {
        /* The head is less than a page below the end of its stack, and the first stack of a mapping
         * ends one stride above its start. */
        uintptr_t page = sys_page_size(), end = ((uintptr_t)(stack + 1) + page - 1) / page * page;

        next = stack->next_chunk;
        sys_unmap((void *)(end - stacks->stride), CHUNK * stacks->stride);
    }
}

static struct stack *cut(struct stacks *stacks)
{
    size_t colour = stacks->made % COLOURS * COLOUR;
    char *end = stacks->fresh + stacks->stride;
    struct stack *stack = (struct stack *)(end - colour) - 1;

    if (sys_guard(stacks->fresh, GUARD) < 0)
        return NULL;
    if (stacks->fresh_left == CHUNK) {
        stack->next_chunk = stacks->chunks;
        stacks->chunks = stack;
    }
    stack->registered = ANNOTATE_STACK(stacks->fresh + GUARD, end);
    stacks->fresh = end;
    stacks->fresh_left--;
    stacks->made++;
    return stack;
}

struct stack *stack_take(struct stacks *stacks)
{
    struct stack *stack = stacks->free;

    if (stack != NULL) {
        stacks->free = stack->next;
        return stack;
    }
    if (stacks->fresh_left == 0) {
        char *chunk = sys_map(CHUNK * stacks->stride);

        if (chunk == NULL)
            return NULL;
        stacks->fresh = chunk;
        stacks->fresh_left = CHUNK;
    }
    return cut(stacks);
}

void stack_give(struct stacks *stacks, struct stack *stack)
{
    stack->next = stacks->free;
    stacks->free = stack;
}
