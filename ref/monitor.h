/* monitor.h: the POSIX monitor, a domain's view of the system: which tasks wait for which
 * descriptor and which for time, and where the domain sleeps when it has nothing to run. */
#ifndef REF_MONITOR_H
#define REF_MONITOR_H

#include "miou.h"
#include "timers.h"

#include <stdbool.h>

enum direction { READABLE, WRITABLE };

/* A task that waits; lives on that task's stack. */
struct waiter {
    struct waiter *next;
    struct task *task;
    enum direction direction;
};

struct monitor {
    int bell;                /* rung by other domains to end a sleep */
    int capacity;            /* descriptors that the arrays have room for */
    int highest;             /* no descriptor above it is waited for */
    unsigned waiting;        /* tasks that wait for a descriptor */
    unsigned writing;        /* of these, to write */
    unsigned long *set;      /* the bitmaps, one after the other: wanted[2], ready[2] */
    struct waiter **waiters; /* by descriptor, first come first */
    struct timers timers;
};

/* As miou_run takes it; its argument is the run. select wakes the tasks whose time has come, and of
 * those that wait for a descriptor that is ready the first. */
extern const miou_monitor posix_monitor;

/* Suspend the task until the descriptor is ready, or may be. Returns 0, MIOU_CANCELLED or -ENOMEM.
 */
int monitor_wait(struct monitor *monitor, int number, enum direction direction, struct task *task);

/* Make everybody ready that waits for the descriptor: it is about to be closed. */
void monitor_forget(struct monitor *monitor, int number);

#endif
