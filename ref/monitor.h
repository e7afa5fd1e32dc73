/* monitor.h: the POSIX monitor of a domain: which tasks wait for a descriptor or for time, and
 * where the domain sleeps when it has nothing to run. */
#ifndef REF_MONITOR_H
#define REF_MONITOR_H

#include "miou.h"
#include "timers.h"

#include <stdbool.h>

enum direction { READABLE, WRITABLE };

/* A task that waits for a descriptor. Lives on that task's stack. */
struct waiter {
    struct waiter *next;
    struct task *task;
    enum direction direction;
    uint64_t turn;
};

struct monitor {
    int bell;                /* other domains ring it to end a sleep */
    int capacity;            /* descriptors below this fit into the arrays */
    int highest;             /* no task waits for a descriptor above this */
    unsigned waiting;        /* tasks that wait for a descriptor ... */
    unsigned writing;        /* ... and how many of them wait to write */
    unsigned long *set;      /* four bitmaps in a row: wanted[2], ready[2] */
    struct waiter **waiters; /* by descriptor, in order of their turns */
    uint64_t turns;          /* that have been given out */
    struct timers timers;
};

/* For miou_run; its argument is the run. select wakes the tasks whose time has come and, for each
 * descriptor that is ready, the first that waits for it. */
extern const miou_monitor posix_monitor;

/* Suspend the task until the descriptor may be ready. *turn, 0 at first, is its place among those
 * that wait: a call that has to wait again has not lost it. Returns 0, MIOU_CANCELLED or -ENOMEM. */
int monitor_wait(struct monitor *monitor, int number, enum direction direction, struct task *task,
                 uint64_t *turn);

/* Wake all tasks that wait for the descriptor, which is about to be closed. */
void monitor_forget(struct monitor *monitor, int number);

#endif
