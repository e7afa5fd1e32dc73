/* timers.c: a binary heap of sleeping tasks and of deadlines. Each timer knows its place, so that
 * it can be removed from the middle. */
#include "timers.h"
#include "runtime.h"
#include "system.h"

#include <errno.h>
#include <string.h>

enum { ROOM = 512 }; /* timers at first, a page of pointers */

static bool is_before(const struct timer *a, const struct timer *b)
{
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->order < b->order;
}

static void put(struct timers *timers, struct timer *timer, size_t place)
{
    timers->heap[place] = timer;
    timer->place = place;
}

/* Put a timer at an empty place or above it, moving later timers down. */
static void rise(struct timers *timers, struct timer *timer, size_t place)
{
    for (; place > 1 && is_before(timer, timers->heap[place / 2]); place /= 2)
        put(timers, timers->heap[place / 2], place);
    put(timers, timer, place);
}

/* Put a timer at an empty place or below it, moving earlier timers up. */
static void sink(struct timers *timers, struct timer *timer, size_t place)
{
    size_t below;

    for (; (below = 2 * place) <= timers->count; place = below) {
        if (below < timers->count && is_before(timers->heap[below + 1], timers->heap[below]))
            below++;
        if (!is_before(timers->heap[below], timer))
            break;
        put(timers, timers->heap[below], place);
    }
    put(timers, timer, place);
}

static int grow(struct timers *timers)
{
    size_t capacity = timers->capacity > 0 ? 2 * timers->capacity : ROOM;
    struct timer **heap = sys_map(capacity * sizeof *heap);

    if (heap == NULL)
        return -ENOMEM;
    if (timers->capacity > 0) {
        memcpy(heap, timers->heap, timers->capacity * sizeof *heap);
        timers_destroy(timers);
    }
    timers->heap = heap;
    timers->capacity = capacity;
    return 0;
}

int timers_add(struct timers *timers, struct timer *timer, struct task *task, int64_t nanoseconds)
{
    if (timers->count + 1 >= timers->capacity && grow(timers) < 0)
        return -ENOMEM;
    timer->task = task;
    if (__builtin_add_overflow(run_clock(task->domain->run), nanoseconds, &timer->deadline))
        timer->deadline = INT64_MAX;
    timer->order = timers->order++;
    rise(timers, timer, ++timers->count);
    return 0;
}

void timers_remove(struct timers *timers, struct timer *timer)
{
    struct timer *last = timers->heap[timers->count--];
    size_t place = timer->place;

    timer->place = 0;
    if (last == timer)
        return;
    if (place > 1 && is_before(last, timers->heap[place / 2]))
        rise(timers, last, place);
    else
        sink(timers, last, place);
}

struct timer *timers_due(struct timers *timers, int64_t now)
{
    struct timer *first = timers->count > 0 ? timers->heap[1] : NULL;

    if (first == NULL || first->deadline > now)
        return NULL;
    timers_remove(timers, first);
    return first;
}

void timer_ring(struct timer *timer)
{
    if (timer->expires) {
        task_expire(timer->task, 1);
        timer->task->domain->suspended--;
    }
    timer->late = timer->task->expired;
    domain_wake(timer->task);
}

void timers_destroy(struct timers *timers)
{
    if (timers->capacity > 0)
        sys_unmap(timers->heap, timers->capacity * sizeof *timers->heap);
}

/* ---- sleeping ---- */

int miou_sleep(int64_t nanoseconds)
{
    int error;
    struct task *self = task_active(&error);
    struct timers *timers;
    struct timer timer = {.expires = false};

    if (self == NULL)
        return error;
    if (nanoseconds <= 0)
        return 0;
    if (!self->domain->run->has_io)
        return MIOU_NO_MONITOR;
    if (self->expired)
        return MIOU_EXPIRED;
    timers = &self->domain->monitor.timers;
    if ((error = timers_add(timers, &timer, self, nanoseconds)) < 0)
        return error;
    self->domain->suspended++;
    error = domain_suspend(self->domain, self);
    self->domain->suspended--;
    if (timer.place == 0)
        return error == 0 && timer.late ? MIOU_EXPIRED : error;
    timers_remove(timers, &timer); /* woken early: cancelled, or a deadline has passed */
    return error < 0 ? error : MIOU_EXPIRED;
}
