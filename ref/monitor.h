/* monitor.h: the POSIX monitor of a domain: which tasks wait for a descriptor or for time, and
 * where the domain sleeps when it has nothing to run. How it asks the system which descriptors are
 * ready is the affair of its poller. */
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
    const struct poller *poller;
    int bell;                /* other domains ring it to end a sleep */
    int capacity;            /* descriptors below this fit into the arrays */
    int highest;             /* no task waits for a descriptor above this */
    unsigned waiting;        /* tasks that wait for a descriptor ... */
    unsigned writing;        /* ... and how many of them wait to write */
    struct waiter **waiters; /* by descriptor, in order of their turns */
    uint64_t turns;          /* that have been given out */
    struct timers timers;

    unsigned long *set; /* select.c: four bitmaps in a row: wanted[2], ready[2] */

    struct registration *registered; /* epoll.c: by descriptor */
    int epoll;
};

/* For miou_run; its argument is the run. select wakes the tasks whose time has come and, for each
 * descriptor that is ready, the first that waits for it, and perhaps others. */
extern const miou_monitor posix_monitor;

/* Suspend the task until the descriptor fd with this number may be ready; fd is NULL if the number
 * is not the runtime's, and may stand for another file each time. *turn, 0 at first, is its
 * place among those that wait: a call that has to wait again has not lost it. Returns 0,
 * MIOU_CANCELLED, -ENOMEM, -EPERM if the system does not tell when such a file is ready, or another
 * error of the system. */
int monitor_wait(struct monitor *monitor, int number, const void *fd, enum direction direction,
                 struct task *task, uint64_t *turn);

/* Wake all tasks that wait for the number, which is about to be closed, or has been. */
void monitor_forget(struct monitor *monitor, int number);

/* ---- pollers ---- */

/* monitor.c calls these for a monitor whose bell and arrays are there. Errors are -errno. */
struct poller {
    int (*begin)(struct monitor *monitor);
    void (*end)(struct monitor *monitor);

    /* Make room for descriptors below capacity, or leave all as it is; monitor->capacity is what
     * there was room for before. */
    int (*grow)(struct monitor *monitor, int capacity);

    /* A task is about to wait for the descriptor; again: it did so before in the same call, and
     * then tried in vain. Returns 1 if the descriptor may be ready already: the task tries at once.
     */
    int (*want)(struct monitor *monitor, int number, const void *fd, enum direction direction,
                bool again);
    /* No task waits for it in this direction any more. */
    void (*unwant)(struct monitor *monitor, int number, enum direction direction);
    /* Whether the application has closed the number, for which tasks wait. */
    bool (*is_gone)(struct monitor *monitor, int number);

    /* Wait for at most so many nanoseconds, -1: as long as it takes, and wake tasks. Returns -EBADF
     * if numbers for which tasks wait may be gone. */
    int (*ask)(struct monitor *monitor, int64_t nanoseconds);
};

extern const struct poller select_poller, epoll_poller;

/* For pollers: wake the first task that waits for the number in this direction, or all. Returns
 * false if no task does. */
bool monitor_wake_first(struct monitor *monitor, int number, enum direction direction);
bool monitor_wake_all(struct monitor *monitor, int number, enum direction direction);

#endif
