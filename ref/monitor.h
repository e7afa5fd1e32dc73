/* monitor.h: a domain's view of the system: which tasks wait for which descriptor, and where the
 * domain sleeps when it has nothing to run. */
#ifndef REF_MONITOR_H
#define REF_MONITOR_H

#include <stdbool.h>

struct task;

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
    unsigned waiting;        /* tasks that wait */
    unsigned writing;        /* of these, to write */
    unsigned long *set;      /* the bitmaps, one after the other: wanted[2], ready[2] */
    struct waiter **waiters; /* by descriptor, first come first */
};

int monitor_init(struct monitor *monitor);
void monitor_destroy(struct monitor *monitor);

/* Look which descriptors are ready, or sleep until one is or the bell is rung, and make the tasks
 * ready that waited for them, the first of each. */
void monitor_select(struct monitor *monitor, bool block);
void monitor_interrupt(struct monitor *monitor);

/* Suspend the task until the descriptor is ready, or may be. Returns 0, MIOU_CANCELLED or -ENOMEM.
 */
int monitor_wait(struct monitor *monitor, int number, enum direction direction, struct task *task);

/* Make everybody ready that waits for the descriptor: it is about to be closed. */
void monitor_forget(struct monitor *monitor, int number);

#endif
