/* inbox.h: the messages to a domain. Any domain can send, without a lock; the owner takes all
 * messages at once. */
#ifndef REF_INBOX_H
#define REF_INBOX_H

#include "annotate.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct message {
    struct message *next;
    void (*deliver)(struct message *message); /* called on the receiving domain */
};

struct inbox {
    _Atomic(struct message *) newest; /* INBOX_ASLEEP: empty, and the owner sleeps */
    _Atomic int *awake;               /* how many owners are awake, of all inboxes of the run */
};

#define INBOX_ASLEEP ((struct message *)1)

static inline void inbox_init(struct inbox *inbox, _Atomic int *awake)
{
    inbox->awake = awake;
    ANNOTATE_ATOMIC(&inbox->newest);
    atomic_init(&inbox->newest, NULL);
}

/* Returns true to exactly one of the senders to a sleeping owner: that one must wake it. The sender
 * counts the owner as awake before it adds the message, so that the count is never too low. */
static inline bool inbox_send(struct inbox *inbox, struct message *message)
{
    struct message *newest = atomic_load_explicit(&inbox->newest, memory_order_relaxed);
    bool counted = false;

    do {
        if (newest == INBOX_ASLEEP && !counted) {
            atomic_fetch_add(inbox->awake, 1);
            counted = true;
        }
        message->next = newest == INBOX_ASLEEP ? NULL : newest;
        ANNOTATE_BEFORE(inbox);
    } while (!atomic_compare_exchange_weak_explicit(&inbox->newest, &newest, message,
                                                    memory_order_release, memory_order_relaxed));
    if (counted && newest != INBOX_ASLEEP) /* another sender was quicker, and has counted it */
        atomic_fetch_sub(inbox->awake, 1);
    return newest == INBOX_ASLEEP;
}

static inline bool inbox_empty(struct inbox *inbox)
{
    return atomic_load_explicit(&inbox->newest, memory_order_relaxed) == NULL;
}

/* Deliver all messages; those of one sender in the order in which it sent them. */
static inline void inbox_deliver(struct inbox *inbox)
{
    struct message *newest = atomic_exchange_explicit(&inbox->newest, NULL, memory_order_acquire);
    struct message *oldest = NULL, *next;

    ANNOTATE_AFTER(inbox);
    for (; newest != NULL; newest = next) {
        next = newest->next;
        newest->next = oldest;
        oldest = newest;
    }
    for (; oldest != NULL; oldest = next) {
        next = oldest->next; /* deliver may send the message again, or free it */
        oldest->deliver(oldest);
    }
}

/* Returns false if a message has arrived, so that the owner must not sleep. */
static inline bool inbox_sleep(struct inbox *inbox)
{
    struct message *empty = NULL;

    return atomic_compare_exchange_strong_explicit(&inbox->newest, &empty, INBOX_ASLEEP,
                                                   memory_order_relaxed, memory_order_relaxed);
}

/* Returns false if a message woke the owner; its sender has counted the owner as awake. */
static inline bool inbox_wake(struct inbox *inbox)
{
    struct message *asleep = INBOX_ASLEEP;

    return atomic_compare_exchange_strong_explicit(&inbox->newest, &asleep, NULL,
                                                   memory_order_relaxed, memory_order_relaxed);
}

#endif
