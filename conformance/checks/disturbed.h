/* disturbed: a task that waits in some call, while all that happens which could end the wait by
 * mistake: most of it is about something that the task has waited for before. */
#ifndef DISTURBED_H
#define DISTURBED_H

#include "tasks.h"

/* A call that waits. All functions but wait are called by the parent of the task that waits, on the
 * same domain; those that are NULL are left out. They return 0, or an error. */
struct disturbed_wait {
    int (*prepare)(void *state);
    int (*wait)(void *state);    /* makes the call */
    int (*release)(void *state); /* ends the wait; NULL: the task is cancelled */
    int (*finish)(void *state);  /* when the task has ended */
    int result;                  /* what wait must return */
    void *state;
};

/* Make the call again and again, on two domains, while one thing after another happens: assert that
 * it returns when it is released, and not before. */
void assert_undisturbed(const struct disturbed_wait *wait);
#define assert_undisturbed(...) IN_HELPER(assert_undisturbed, (__VA_ARGS__), #__VA_ARGS__)

/* The state of such a call that waits for children: those are released all at once. */
struct children {
    atomic_bool begun, released;
    miou_promise *promises[2];
};

/* A task that yields until the children are released, and returns 7. */
int end_when_released(void *children);

/* The same for a call that waits for such children, with their struct as its state. */
void assert_children_undisturbed(int (*wait)(void *children), int result);
#define assert_children_undisturbed(...)                                                           \
    IN_HELPER(assert_children_undisturbed, (__VA_ARGS__), #__VA_ARGS__)

#endif
