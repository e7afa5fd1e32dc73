/* timers.h: the tasks of a domain that sleep, the first to wake on top of a heap. */
#ifndef REF_TIMERS_H
#define REF_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct task;

/* A task that sleeps; lives on that task's stack. */
struct timer {
    int64_t deadline; /* nanoseconds, by the run's clock */
    uint64_t order;   /* of two with the same deadline the first to sleep wakes first */
    struct task *task;
    size_t place; /* in the heap, from 1; 0: in none any more */
};

struct timers {
    struct timer **heap; /* from 1 */
    size_t count, capacity;
    uint64_t order;
};

/* Returns 0, or -ENOMEM. */
int timers_add(struct timers *timers, struct timer *timer);
void timers_remove(struct timers *timers, struct timer *timer);

/* Take the first one out if its deadline has come; NULL: none has. */
struct timer *timers_due(struct timers *timers, int64_t now);

/* When the first deadline is; INT64_MAX: there is none. */
int64_t timers_first(const struct timers *timers);
void timers_destroy(struct timers *timers);

#endif
