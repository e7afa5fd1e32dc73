/* monitor.c: the POSIX monitor, whatever its poller: the tasks that wait for descriptors, and those
 * that sleep. */
#include "monitor.h"
#include "miou.h"
#include "runtime.h"
#include "system.h"

#include <errno.h>
#include <string.h>

enum { ROOM = 1024 /* descriptors at first */ };

static size_t waiters_size(int capacity)
{
    return (size_t)capacity * sizeof(struct waiter *);
}

/* Make room for a descriptor: copy all to larger arrays, or leave all as it is. */
static int grow(struct monitor *monitor, int number)
{
    int capacity = monitor->capacity > 0 ? monitor->capacity : ROOM, error;
    struct waiter **waiters;

    while (capacity <= number)
        capacity *= 2;
    if ((waiters = sys_map(waiters_size(capacity))) == NULL)
        return -ENOMEM;
    if ((error = monitor->poller->grow(monitor, capacity)) < 0) {
        sys_unmap(waiters, waiters_size(capacity));
        return error;
    }
    if (monitor->capacity > 0) {
        memcpy(waiters, monitor->waiters, waiters_size(monitor->capacity));
        sys_unmap(monitor->waiters, waiters_size(monitor->capacity));
    }
    monitor->waiters = waiters;
    monitor->capacity = capacity;
    return 0;
}

static void finalise(void *state)
{
    struct monitor *monitor = state;

    sys_close(monitor->bell);
    if (monitor->capacity > 0) {
        monitor->poller->end(monitor);
        sys_unmap(monitor->waiters, waiters_size(monitor->capacity));
    }
    timers_destroy(&monitor->timers);
}

static int create(void **state, int domain, void *arg)
{
    struct run *run = arg;
    struct monitor *monitor = &run->domains[domain].monitor;
    int error;

    monitor->poller = run->poller;
    if ((monitor->bell = sys_bell_create()) < 0)
        return monitor->bell;
    monitor->highest = monitor->bell;
    if ((error = grow(monitor, monitor->bell)) < 0 ||
        (error = monitor->poller->begin(monitor)) < 0) {
        finalise(monitor);
        return error;
    }
    *state = monitor;
    return 0;
}

static void interrupt(void *state)
{
    sys_bell_ring(((struct monitor *)state)->bell);
}

/* ---- tasks that wait ---- */

static void enlist(struct monitor *monitor, int number, struct waiter *waiter)
{
    struct waiter **place = &monitor->waiters[number];

    while (*place != NULL && (*place)->turn < waiter->turn)
        place = &(*place)->next;
    waiter->next = *place;
    *place = waiter;
    monitor->waiting++;
    waiter->task->domain->suspended++;
    monitor->writing += waiter->direction == WRITABLE;
    if (number > monitor->highest)
        monitor->highest = number;
}

static void lower_highest(struct monitor *monitor)
{
    while (monitor->highest > monitor->bell && monitor->waiters[monitor->highest] == NULL)
        monitor->highest--;
}

/* The first that waits in the direction; it points to NULL if none does. */
static struct waiter **first(struct monitor *monitor, int number, enum direction direction)
{
    struct waiter **place = &monitor->waiters[number];

    while (*place != NULL && (*place)->direction != direction)
        place = &(*place)->next;
    return place;
}

static void delist(struct monitor *monitor, int number, struct waiter **place)
{
    struct waiter *waiter = *place;

    *place = waiter->next;
    waiter->task->domain->suspended--;
    waiter->task = NULL; /* tells monitor_wait */
    monitor->waiting--;
    monitor->writing -= waiter->direction == WRITABLE;
    if (*first(monitor, number, waiter->direction) == NULL)
        monitor->poller->unwant(monitor, number, waiter->direction);
}

static void wake(struct monitor *monitor, int number, struct waiter **place)
{
    struct task *task = (*place)->task;

    delist(monitor, number, place);
    domain_wake(task);
}

bool monitor_wake_first(struct monitor *monitor, int number, enum direction direction)
{
    struct waiter **place = first(monitor, number, direction);

    if (*place == NULL)
        return false;
    wake(monitor, number, place);
    return true;
}

bool monitor_wake_all(struct monitor *monitor, int number, enum direction direction)
{
    bool woken = false;

    while (monitor_wake_first(monitor, number, direction))
        woken = true;
    return woken;
}

void monitor_forget(struct monitor *monitor, int number)
{
    if (number >= monitor->capacity)
        return;
    while (monitor->waiters[number] != NULL)
        wake(monitor, number, &monitor->waiters[number]);
    lower_highest(monitor);
}

int monitor_wait(struct monitor *monitor, int number, const void *fd, enum direction direction,
                 struct task *task, uint64_t *turn)
{
    struct waiter waiter = {.task = task, .direction = direction};
    struct waiter **place;
    bool again = false;
    int error;

    if (number >= monitor->capacity && (error = grow(monitor, number)) < 0)
        return error;
    if (*turn == 0)
        *turn = ++monitor->turns;
    else
        again = true;
    if ((error = monitor->poller->want(monitor, number, fd, direction, again)) != 0)
        return error < 0 ? error : 0;
    waiter.turn = *turn;
    enlist(monitor, number, &waiter);
    error = domain_suspend(task->domain, task);
    if (waiter.task != NULL) { /* woken for another reason, such as cancellation */
        for (place = &monitor->waiters[number]; *place != &waiter;)
            place = &(*place)->next;
        delist(monitor, number, place);
        lower_highest(monitor);
    }
    return error;
}

/* ---- looking ---- */

/* Wake the sleepers whose time has come. Returns 0 if there were any; otherwise the nanoseconds
 * until the next one wakes, or -1 if no task sleeps. */
static int64_t wake_sleepers(struct monitor *monitor)
{
    struct timer *timer;
    int64_t now;
    bool woken = false;

    if (monitor->timers.count == 0)
        return -1;
    now = run_clock(domain_self->run);
    while ((timer = timers_due(&monitor->timers, now)) != NULL) {
        timer_ring(timer);
        woken = true;
    }
    if (woken)
        return 0;
    return timers_first(&monitor->timers) - now;
}

/* The application has closed a descriptor that tasks wait for: wake them, to see the error. */
static void wake_closed(struct monitor *monitor)
{
    for (int number = 0; number <= monitor->highest; number++)
        if (monitor->waiters[number] != NULL && monitor->poller->is_gone(monitor, number))
            monitor_forget(monitor, number);
}

static int look(void *state, int block)
{
    struct monitor *monitor = state;
    int64_t wait = monitor->timers.count > 0 ? wake_sleepers(monitor) : -1;
    int found;

    if (!block)
        wait = 0;
    if (wait == 0 && monitor->waiting == 0)
        return 0;
    found = monitor->poller->ask(monitor, wait);
    if (found == -EBADF)
        wake_closed(monitor);
    else if (found < 0 && found != -EINTR)
        return found;
    if (block)
        wake_sleepers(monitor);
    lower_highest(monitor);
    return 0;
}

const miou_monitor posix_monitor = {
    .create = create, .select = look, .interrupt = interrupt, .finalise = finalise};
