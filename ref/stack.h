/* stack.h: a domain's stacks. The one used last is handed out first, because it is still in the
 * processor's cache. Stacks are cut from mappings; each takes one stride of its mapping:
 *
 *     fresh + stride +----------------------------+
 *                    | 0 to 15 steps of 128 bytes |  so that heads lie in different cache sets
 *                    +----------------------------+
 *                    | struct stack, the head     |  what stack_take returns
 *                    +----------------------------+  where the task's first call begins
 *                    | the task's calls           |
 *                    |             |              |  at least as much as miou_options asks for
 *                    |             v              |
 *                    +----------------------------+
 *                    | guard                      |  touching it is a fault
 *              fresh +----------------------------+ */
#ifndef REF_STACK_H
#define REF_STACK_H

#include <stddef.h>

struct stack {
    struct stack *next;       /* in the list of free stacks */
    struct stack *next_chunk; /* on the first stack of a mapping: the mapping made before it */
    unsigned registered;      /* valgrind's number for it */
};

struct stacks {
    size_t stride; /* from one stack to the next, including the guard */
    size_t room;   /* bytes for the task, below the head */
    struct stack *free;
    struct stack *chunks;
    char *fresh; /* the next stack to cut from the newest mapping */
    unsigned fresh_left;
    unsigned made;
};

/* Returns 0, or -ENOMEM if stacks of this size, 0 for the usual one, cannot be addressed. */
int stacks_init(struct stacks *stacks, size_t size);
void stacks_destroy(struct stacks *stacks);

/* Returns NULL if there is no memory. */
struct stack *stack_take(struct stacks *stacks);
void stack_give(struct stacks *stacks, struct stack *stack);

#endif
