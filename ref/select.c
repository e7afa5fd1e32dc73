/* select.c: the POSIX monitor, on select(2), with bitmaps that reach to the highest descriptor. */
#include "miou.h"
#include "monitor.h"
#include "runtime.h"
#include "system.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum {
    WORD = sizeof(unsigned long) * CHAR_BIT,
    ROOM = 1024, /* descriptors at first */
    BITMAPS = 4
};

/* The bitmap of descriptors that tasks wait for, and the one for select's answer. */
static unsigned long *wanted(const struct monitor *monitor, enum direction direction)
{
    return monitor->set + direction * (monitor->capacity / WORD);
}

static unsigned long *ready(const struct monitor *monitor, enum direction direction)
{
    return wanted(monitor, direction) + 2 * (monitor->capacity / WORD);
}

static void set_bit(unsigned long *bits, int number)
{
    bits[number / WORD] |= 1UL << number % WORD;
}

static void clear_bit(unsigned long *bits, int number)
{
    bits[number / WORD] &= ~(1UL << number % WORD);
}

static size_t set_size(int capacity)
{
    return (size_t)capacity / WORD * BITMAPS * sizeof(unsigned long);
}

/* Make room for a descriptor: copy all to larger arrays, or leave all as it is. */
static int grow(struct monitor *monitor, int number)
{
    struct monitor old = *monitor;
    int capacity = old.capacity > 0 ? old.capacity : ROOM;

    while (capacity <= number)
        capacity *= 2;
    if ((monitor->set = sys_map(set_size(capacity))) != NULL)
        monitor->waiters = sys_map((size_t)capacity * sizeof *monitor->waiters);
    if (monitor->set == NULL || monitor->waiters == NULL) {
        if (monitor->set != NULL)
            sys_unmap(monitor->set, set_size(capacity));
        *monitor = old;
        return -ENOMEM;
    }
    monitor->capacity = capacity;
    if (old.capacity > 0) {
        for (enum direction d = READABLE; d <= WRITABLE; d++)
            memcpy(wanted(monitor, d), wanted(&old, d), (size_t)old.capacity / CHAR_BIT);
        memcpy(monitor->waiters, old.waiters, (size_t)old.capacity * sizeof *old.waiters);
        sys_unmap(old.set, set_size(old.capacity));
        sys_unmap(old.waiters, (size_t)old.capacity * sizeof *old.waiters);
    }
    return 0;
}

static int create(void **state, int domain, void *run)
{
    struct monitor *monitor = &((struct run *)run)->domains[domain].monitor;
    int error;

    if ((monitor->bell = sys_bell_create()) < 0)
        return monitor->bell;
    if ((error = grow(monitor, monitor->bell)) < 0) {
        sys_close(monitor->bell);
        return error;
    }
    set_bit(wanted(monitor, READABLE), monitor->bell);
    monitor->highest = monitor->bell;
    *state = monitor;
    return 0;
}

static void finalise(void *state)
{
    struct monitor *monitor = state;

    sys_close(monitor->bell);
    sys_unmap(monitor->set, set_size(monitor->capacity));
    sys_unmap(monitor->waiters, (size_t)monitor->capacity * sizeof *monitor->waiters);
    timers_destroy(&monitor->timers);
}

static void interrupt(void *state)
{
    sys_bell_ring(((struct monitor *)state)->bell);
}

/* ---- tasks that wait ---- */

static bool anyone_waits(const struct monitor *monitor, int number, enum direction direction)
{
    for (struct waiter *w = monitor->waiters[number]; w != NULL; w = w->next)
        if (w->direction == direction)
            return true;
    return false;
}

static void enlist(struct monitor *monitor, int number, struct waiter *waiter)
{
    struct waiter **place = &monitor->waiters[number];

    while (*place != NULL && (*place)->turn < waiter->turn)
        place = &(*place)->next;
    waiter->next = *place;
    *place = waiter;
    set_bit(wanted(monitor, waiter->direction), number);
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

static void delist(struct monitor *monitor, int number, struct waiter **place)
{
    struct waiter *waiter = *place;

    *place = waiter->next;
    waiter->task->domain->suspended--;
    waiter->task = NULL; /* tells monitor_wait */
    monitor->waiting--;
    monitor->writing -= waiter->direction == WRITABLE;
    if (!anyone_waits(monitor, number, waiter->direction))
        clear_bit(wanted(monitor, waiter->direction), number);
}

static struct waiter **first(struct monitor *monitor, int number, enum direction direction)
{
    struct waiter **place = &monitor->waiters[number];

    while (*place != NULL && (*place)->direction != direction)
        place = &(*place)->next;
    return place;
}

static void wake(struct monitor *monitor, int number, struct waiter **place)
{
    struct task *task = (*place)->task;

    delist(monitor, number, place);
    domain_wake(task);
}

void monitor_forget(struct monitor *monitor, int number)
{
    if (number >= monitor->capacity)
        return;
    while (monitor->waiters[number] != NULL)
        wake(monitor, number, &monitor->waiters[number]);
    lower_highest(monitor);
}

int monitor_wait(struct monitor *monitor, int number, enum direction direction, struct task *task,
                 uint64_t *turn)
{
    struct waiter waiter = {.task = task, .direction = direction};
    struct waiter **place;
    int error;

    if (*turn == 0)
        *turn = ++monitor->turns;
    waiter.turn = *turn;
    if (number >= monitor->capacity && (error = grow(monitor, number)) < 0)
        return error;
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

/* ---- waking ---- */

static void wake_ready(struct monitor *monitor, enum direction direction, int words)
{
    unsigned long *bits = ready(monitor, direction);

    for (int word = 0; word < words; word++)
        for (; bits[word] != 0; bits[word] &= bits[word] - 1) {
            int number = word * WORD + __builtin_ctzl(bits[word]);

            if (number == monitor->bell)
                sys_bell_clear(monitor->bell);
            else
                wake(monitor, number, first(monitor, number, direction));
        }
}

/* The application has closed a descriptor that tasks wait for: wake them, to see the error. */
static void wake_closed(struct monitor *monitor)
{
    for (int number = 0; number <= monitor->highest; number++)
        if (monitor->waiters[number] != NULL && !sys_is_open(number))
            while (monitor->waiters[number] != NULL)
                wake(monitor, number, &monitor->waiters[number]);
}

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

static void copy(unsigned long *to, const unsigned long *from, int words)
{
    for (int word = 0; word < words; word++)
        to[word] = from[word];
}

static int look(void *state, int block)
{
    struct monitor *monitor = state;
    int64_t wait = wake_sleepers(monitor);
    int words = monitor->highest / WORD + 1, found;
    bool writing = monitor->writing > 0;

    if (!block)
        wait = 0;
    if (wait == 0 && monitor->waiting == 0)
        return 0;
    copy(ready(monitor, READABLE), wanted(monitor, READABLE), words);
    if (writing)
        copy(ready(monitor, WRITABLE), wanted(monitor, WRITABLE), words);
    found = sys_select(monitor->highest + 1, ready(monitor, READABLE),
                       writing ? ready(monitor, WRITABLE) : NULL, monitor->waiting > 0, wait);
    if (found > 0) {
        wake_ready(monitor, READABLE, words);
        if (writing)
            wake_ready(monitor, WRITABLE, words);
    } else if (found == -EBADF) {
        wake_closed(monitor);
    } else if (found < 0 && found != -EINTR) {
        return found;
    }
    if (block)
        wake_sleepers(monitor);
    lower_highest(monitor);
    return 0;
}

const miou_monitor posix_monitor = {
    .create = create, .select = look, .interrupt = interrupt, .finalise = finalise};
