/* sync.h: what the objects of miou_sync.h have in common. Tasks of all domains share them: each has
 * a guard, held for some instructions and never by a task that is suspended, and a queue of the
 * tasks that wait. */
#ifndef REF_SYNC_H
#define REF_SYNC_H

#include "runtime.h"

/* A task that waits, on its own stack, where it must stay until it has left the queue and, if
 * another took it from there, the message has come. */
struct sync_waiter {
    struct sync_waiter *next, **place; /* in the queue: what points here; else NULL */
    struct task *task;
    int outcome; /* of what was waited for */
    bool handed; /* taken alone: what that gives it, to hold or to pass on, is nobody else's */
    bool woken;  /* task's domain: the message has come */
    struct message message;
};

/* What is called when a trigger is signalled. */
struct action {
    void (*fn)(miou_trigger *trigger, void *arg);
    void *arg;
    miou_computation *from, *into; /* in place of fn: a canceller's */
};

struct sync {
    struct slot slot;
    enum pool_kind kind;
    pthread_mutex_t guard; /* of all that follows */
    struct sync_waiter *first, **end;
    bool complete; /* the value is known, the trigger signalled */
    int outcome;
    union {
        struct {             /* mutexes, lazy values */
            uint64_t holder; /* the task that has locked it or computes it; 0: none */
            miou_task *fn;
            void *arg;
        };
        struct {                           /* triggers */
            miou_computation *attached_to; /* to change it takes that one's guard as well */
            struct link attached;          /* under the guard of attached_to alone */
            struct action action;
        };
        struct { /* computations */
            struct list triggers;
            struct sync *next_completed; /* the completing task's */
            bool completing;             /* not all triggers have been signalled yet */
        };
    };
};

/* 0, or why the calling task may not suspend. */
static inline int sync_refusal(const struct task *self)
{
    if (self->domain->no_suspend)
        return MIOU_IN_FINALISER;
    return self->cancelled ? MIOU_CANCELLED : 0;
}

/* The calling task, if it may suspend: NULL, and why not, otherwise. */
static inline struct task *sync_self(int *error)
{
    struct task *self = task_current(error);

    return self == NULL || (*error = sync_refusal(self)) < 0 ? NULL : self;
}

/* A new object, nobody else's yet, whose handle will go to place. Returns 0, or the error of a call
 * that creates. */
int sync_new(struct sync **made, enum pool_kind kind, const void *place);

/* Called by a task: find the object of a handle and hold its guard. Returns 0 or -EINVAL. Of two
 * guards that of the computation comes first, then the trigger's. */
int sync_enter(struct sync **found, enum pool_kind kind, const void *handle);

/* The same, as the first thing in a call that does not suspend. May return MIOU_NOT_RUNNING. */
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

/* Free the object and leave it; or leave it as it is and return -EBUSY. */
int sync_free(struct sync *sync, bool busy);

/* ---- waiting; the guard is held, except as said ---- */

/* Put the task at the end of the queue. */
void sync_queue(struct sync *sync, struct sync_waiter *waiter, struct task *self);

/* Without the guard: wait until woken. Returns 0; or MIOU_CANCELLED, and then waiter->handed tells
 * whether the task was woken all the same and has something to pass on. */
int sync_wait(struct sync *sync, struct sync_waiter *waiter, enum miou_wait what);

/* Take the first from the queue, alone, or all with the object's outcome; NULL if there is none. */
struct sync_waiter *sync_take(struct sync *sync);
struct sync_waiter *sync_take_all(struct sync *sync);

/* Make the first the holder, if there is one. */
struct sync_waiter *sync_hand_over(struct sync *sync);

/* Without the guard: wake those taken, NULL being nobody. */
void sync_wake(struct sync_waiter *taken);

#endif
