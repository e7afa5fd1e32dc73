/* sync.h: what mutexes, conditions, lazy values, triggers and computations have in common. Tasks of
 * all domains share them. Each has a queue of the tasks that wait, and a guard, a lock that is held
 * for a few instructions and never by a suspended task. */
#ifndef REF_SYNC_H
#define REF_SYNC_H

#include "runtime.h"

/* A task that waits. Lives on that task's stack, until it has left the queue and, if another task
 * took it out, the message has arrived. */
struct sync_waiter {
    struct sync_waiter *next, **place; /* place: the pointer that points here; NULL: not queued */
    struct task *task;
    int outcome; /* of what the task waited for */
    bool handed; /* given the mutex, signal or computation, which the task must keep or pass on */
    bool woken;  /* the message has arrived; belongs to the task's domain */
    struct message message;
};

/* What happens when a trigger is signalled. */
struct action {
    void (*fn)(miou_trigger *trigger, void *arg);
    void *arg;
    miou_computation *from, *into; /* a canceller's, which has no fn */
};

struct sync {
    struct slot slot;
    enum pool_kind kind;
    pthread_mutex_t guard; /* of all that follows, except as said */
    struct sync_waiter *first, **end;
    bool complete; /* has its value; of a trigger: has been signalled */
    int outcome;
    union {
        struct {             /* mutexes, lazy values */
            uint64_t holder; /* id of the task that has locked it, or computes it; 0: none */
            miou_task *fn;
            void *arg;
        };
        struct {                           /* triggers */
            miou_computation *attached_to; /* changed under the guards of both */
            struct link attached;          /* under the guard of attached_to */
            struct action action;
        };
        struct { /* computations */
            struct list triggers;
            struct sync *next_completed; /* belongs to the completing task */
            bool completing;             /* complete, but not all triggers are signalled yet */
        };
    };
};

/* Returns 0, or the error with which the calling task's attempt to suspend is refused. */
static inline int sync_refusal(const struct task *self)
{
    if (self->domain->no_suspend)
        return MIOU_IN_FINALISER;
    return self->cancelled ? MIOU_CANCELLED : 0;
}

/* Make an object, whose handle the caller will store in place. Returns 0 or an error for the
 * user. */
int sync_new(struct sync **made, enum pool_kind kind, const void *place);

/* Called by a task: find an object and take its guard. Returns 0 or -EINVAL. A computation's guard
 * is taken before a trigger's. */
int sync_enter(struct sync **found, enum pool_kind kind, const void *handle);

/* The same at the start of a call that does not suspend. May also return MIOU_NOT_RUNNING. */
static inline int sync_call(struct sync **found, enum pool_kind kind, const void *handle)
{
    int error;

    return task_current(&error) == NULL ? error : sync_enter(found, kind, handle);
}

static inline void sync_hold(struct sync *sync)
{
    pthread_mutex_lock(&sync->guard);
}

static inline void sync_leave(struct sync *sync)
{
    pthread_mutex_unlock(&sync->guard);
}

/* Whether a task waits. One that has been cancelled does not, even if it has not gone on yet; a
 * task of another domain does until then. The caller holds the guard. */
bool sync_is_awaited(const struct sync *sync);

/* Free an object, unless it is busy or tasks wait: then return -EBUSY. Releases the guard. */
int sync_free(struct sync *sync, bool busy);

/* ---- waiting; the caller holds the guard, except as said ---- */

/* Put the task at the end of the queue. */
void sync_queue(struct sync *sync, struct sync_waiter *waiter, struct task *self);

/* Without the guard: wait until woken. Returns 0; MIOU_EXPIRED; or MIOU_CANCELLED, in which case
 * the task must pass on what it was given if waiter->handed. */
int sync_wait(struct sync *sync, struct sync_waiter *waiter, enum miou_wait what);

/* Take from the queue the first waiter, which is handed something, or all, to which the object's
 * outcome is copied. NULL if no task waits. */
struct sync_waiter *sync_take(struct sync *sync);
struct sync_waiter *sync_take_all(struct sync *sync);

/* Take the first waiter and make it the holder; NULL, and no holder, if no task waits. */
struct sync_waiter *sync_hand_over(struct sync *sync);

/* Without the guard: wake the waiters taken, which may be NULL. */
void sync_wake(struct sync_waiter *taken);

#endif
