/* sync.c: makes, finds and frees objects that tasks of several domains share, and their queues. */
#include "sync.h"

#include <errno.h>
#include <string.h>

int sync_new(struct sync **made, enum pool_kind kind, const void *place)
{
    int error;
    struct task *self = task_self(&error);
    struct sync *sync;

    if (self == NULL)
        return error;
    if (place == NULL)
        return -EINVAL;
    if ((sync = object_new(self->domain, kind)) == NULL)
        return -ENOMEM;
    /* The guard outlives the object: holders of a stale handle still lock it. */
    if (sync->end == NULL) {
        pthread_mutex_init(&sync->guard, NULL);
        sync->kind = kind;
    }
    memset(&sync->first, 0, sizeof *sync - offsetof(struct sync, first));
    sync->end = &sync->first;
    *made = sync;
    return 0;
}

int sync_enter(struct sync **found, enum pool_kind kind, const void *handle)
{
    struct domain *domain = domain_self;
    struct sync *sync = object_get(domain, kind, handle);

    if (sync == NULL)
        return -EINVAL;
    sync_hold(sync);
    /* Another task may have freed it before the guard was taken. */
    if (object_get(domain, kind, handle) == sync) {
        *found = sync;
        return 0;
    }
    sync_leave(sync);
    return -EINVAL;
}

/* The first that waits; NULL: none does. */
static struct sync_waiter *first_waiting(const struct sync *sync)
{
    struct sync_waiter *waiter = sync->first;

    while (waiter != NULL && waiter->task->domain == domain_self && waiter->task->cancelled)
        waiter = waiter->next;
    return waiter;
}

bool sync_is_awaited(const struct sync *sync)
{
    return first_waiting(sync) != NULL;
}

int sync_free(struct sync *sync, bool busy)
{
    struct sync_waiter *cancelled = NULL;

    busy |= sync_is_awaited(sync);
    if (!busy) {
        cancelled = sync_take_all(sync);
        object_free(domain_self, sync->kind, sync);
    }
    sync_leave(sync);
    sync_wake(cancelled);
    return busy ? -EBUSY : 0;
}

/* ---- the queue ---- */

void sync_queue(struct sync *sync, struct sync_waiter *waiter, struct task *self)
{
    *waiter = (struct sync_waiter){.task = self, .place = sync->end};
    *sync->end = waiter;
    sync->end = &waiter->next;
}

static void dequeue(struct sync *sync, struct sync_waiter *waiter)
{
    *waiter->place = waiter->next;
    if (waiter->next != NULL)
        waiter->next->place = waiter->place;
    else
        sync->end = waiter->place;
    waiter->next = NULL;
    waiter->place = NULL;
}

struct sync_waiter *sync_take(struct sync *sync)
{
    struct sync_waiter *first = first_waiting(sync);

    if (first != NULL) {
        dequeue(sync, first);
        first->handed = true;
    }
    return first;
}

struct sync_waiter *sync_take_all(struct sync *sync)
{
    struct sync_waiter *all = sync->first;

    for (struct sync_waiter *waiter = all; waiter != NULL; waiter = waiter->next) {
        waiter->place = NULL;
        waiter->outcome = sync->outcome;
    }
    sync->first = NULL;
    sync->end = &sync->first;
    return all;
}

struct sync_waiter *sync_hand_over(struct sync *sync)
{
    struct sync_waiter *next = sync_take(sync);

    sync->holder = next != NULL ? task_id(next->task) : 0;
    return next;
}

/* ---- waiting and waking ---- */

static void deliver_wake(struct message *message)
{
    struct sync_waiter *waiter = CONTAINER(message, struct sync_waiter, message);

    waiter->woken = true;
    domain_wake(waiter->task);
}

void sync_wake(struct sync_waiter *taken)
{
    for (struct sync_waiter *waiter = taken, *next; waiter != NULL; waiter = next) {
        struct domain *domain = waiter->task->domain;

        next = waiter->next; /* a waiter may vanish once it is woken */
        waiter->message.deliver = deliver_wake;
        if (domain == domain_self)
            deliver_wake(&waiter->message);
        else
            domain_send(domain, &waiter->message);
    }
}

/* Leave the queue. Returns false if the waiter had been taken out. The object may have been
 * replaced by another, but its guard is the same. */
static bool withdraw(struct sync *sync, struct sync_waiter *waiter)
{
    bool queued;

    sync_hold(sync);
    if ((queued = waiter->place != NULL))
        dequeue(sync, waiter);
    sync_leave(sync);
    return queued;
}

int sync_wait(struct sync *sync, struct sync_waiter *waiter, enum miou_wait what)
{
    struct task *self = waiter->task;
    int error = waiter->woken ? 0 : task_wait(self, what, sync);

    while (!waiter->woken) {
        if (error < 0 && withdraw(sync, waiter))
            return error;
        error = task_wait_patiently(self, what, sync); /* the message is on its way */
    }
    return self->cancelled ? MIOU_CANCELLED : 0;
}

uint64_t sync_holder(const void *on)
{
    struct sync *sync = (struct sync *)on;
    uint64_t holder;

    sync_hold(sync);
    holder = sync->holder;
    sync_leave(sync);
    return holder;
}
