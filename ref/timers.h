/* timers.h: the sleeping tasks of a domain, and the deadlines of others, in a heap with the next
 * one on top. */
#ifndef REF_TIMERS_H
#define REF_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task;

/* A task's sleep, or its deadline. Lives on that task's stack. */
struct timer {
    int64_t deadline; /* nanoseconds, by the run's clock */
    uint64_t order;   /* among equal deadlines, the first to sleep wakes first */
    struct task *task;
    size_t place; /* in the heap, from 1; 0: no longer there */
    bool expires; /* a deadline, which ends the task's waits */
    bool late;    /* a sleep whose task's deadline passed before the sleep was over */
};

struct timers {
    struct timer **heap; /* from 1 */
    size_t count, capacity;
    uint64_t order;
};

/* Start a timer of a task of this domain, for nanoseconds from now on. Returns 0, or -ENOMEM. */
int timers_add(struct timers *timers, struct timer *timer, struct task *task, int64_t nanoseconds);
void timers_remove(struct timers *timers, struct timer *timer);

/* Remove and return the first timer if its deadline has come; otherwise NULL. */
struct timer *timers_due(struct timers *timers, int64_t now);

/* The timer's time has come: wake its task. */
void timer_ring(struct timer *timer);

/* The first deadline; INT64_MAX if there is none. */
static inline int64_t timers_first(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[1]->deadline : INT64_MAX;
}

void timers_destroy(struct timers *timers);

#endif
