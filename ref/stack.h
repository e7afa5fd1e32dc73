/* stack.h: a domain's stacks. One that was used lately is handed out again first, since it is warm.
 */
#ifndef REF_STACK_H
#define REF_STACK_H

#include <stddef.h>

/* The head of a stack, above what the task uses. */
struct stack {
    struct stack *next;       /* of those that are free */
    struct stack *next_chunk; /* on the first stack of a mapping: the mapping made before it */
    unsigned registered;      /* valgrind's number for it */
};

struct stacks {
    size_t stride; /* from one stack to the next, guard page and all */
    size_t room;   /* what a task has below the head */
    struct stack *free;
    struct stack *chunks;
    char *fresh; /* the lowest address of what was mapped and never used */
    unsigned fresh_left;
    unsigned made;
};

/* Returns -EINVAL if no such stack can be addressed. */
int stacks_init(struct stacks *stacks, size_t size);
void stacks_destroy(struct stacks *stacks);

/* NULL if there is no memory. */
struct stack *stack_take(struct stacks *stacks);
void stack_give(struct stacks *stacks, struct stack *stack);

#endif
