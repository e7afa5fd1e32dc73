/* runtime.h: the runtime's own view of a run: its domains, its tasks, and what each owns.
 *
 * A domain is stepped by one thread, and everything below belongs to one domain: a task to the one
 * it runs on, except for the part of its record that its parent keeps, which belongs to the
 * parent's. What domains have to tell each other goes by message. */
#ifndef REF_RUNTIME_H
#define REF_RUNTIME_H

#include "context.h"
#include "inbox.h"
#include "list.h"
#include "miou_sync.h"
#include "miou_unix.h"
#include "monitor.h"
#include "pool.h"
#include "stack.h"

#include <pthread.h>

enum task_state { TASK_NEW, TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_ENDED };

/* A task and its promise. A field belongs to the child's side, its own domain, or to its parent's.
 * What every task needs fills the first two cache lines; the rest is all zero in a free record, and
 * stays so for most. */
struct task {
    struct slot slot;
    struct task *next; /* child: in the ready queue */
    struct task *parent;
    struct domain *domain;
    union {
        struct {
            miou_task *fn;
            void *arg;
        };
        struct {
            const void *waits_on; /* child, once it has begun: an object that goes with waits_for */
            enum miou_wait waits_for;
        };
    };
    struct stack *stack;

    struct link sibling; /* parent */
    struct context context;
    struct list children;
    struct list resources;
    unsigned live;         /* children that have not ended, or not been heard of */
    unsigned unsettled;    /* children neither awaited nor cancelled */
    int result;            /* child: how it ended, unless its parent cancelled it */
    enum task_state state; /* child */
    bool cancelled;        /* child: its calls are refused from now on */
    bool ended;            /* parent */
    bool settled;          /* parent: awaited or cancelled */
    bool cancel_requested; /* parent */
    bool cancel_in_flight; /* parent: the message has not come back */

    struct task *awaited;        /* child: whom it waits for; itself: all its children */
    struct list transferred;     /* child: resources on their way to the parent */
    struct list orphanages;      /* child */
    struct orphanage *orphanage; /* parent: that keeps the promise */
    union {
        struct message life; /* start, then end */
        struct link
            kept; /* parent, when nothing is under way: in its list of those that have ended */
    };
    struct message cancel; /* request, then reply */
};

struct resource {
    struct slot slot;
    _Atomic(struct task *) owner; /* NULL: nobody yet. Atomic, since strangers may ask */
    struct link link;
    miou_finaliser *finaliser;
    void *value;
};

struct orphanage {
    struct slot slot;
    struct task *owner;
    struct link link;
    struct list ended;
    size_t count; /* children in it, ended or not */
};

enum pool_kind { POOL_TASKS, POOL_RESOURCES, POOL_ORPHANAGES, POOL_DESCRIPTORS, POOL_KINDS };

struct domain {
    struct context scheduler;
    struct task *current;
    struct task *ready, **ready_end;
    int quantum; /* switches left before the scheduler looks after the rest */
    int id;
    int next_worker; /* where the next call goes */
    bool finalising;
    bool stopped;
    struct run *run;
    struct stacks stacks;
    struct pool_cache caches[POOL_KINDS];
    struct monitor monitor;
    struct message stop;
    pthread_t thread;
    _Alignas(64) struct inbox inbox;
};

struct run {
    int domain_count; /* with dom0 */
    bool has_io;      /* tasks may wait for descriptors */
    struct task *main;
    _Atomic int code; /* of the rule that ended the run; 0: none */
    struct message abort;
    struct pool pools[POOL_KINDS];
    struct domain domains[];
};

/* The domain whose thread this is; NULL outside a run. */
extern _Thread_local struct domain *domain_self __attribute__((tls_model("initial-exec")));

/* ---- domain.c ---- */

int domain_init(struct domain *domain, struct run *run, int id, size_t stack_size);
void domain_destroy(struct domain *domain);
void domain_loop(struct domain *domain);
void domain_send(struct domain *to, struct message *message);

/* Queue a task. */
void domain_ready(struct domain *domain, struct task *task);

/* Queue a task of the calling domain if it waits. It may have been woken before, for another
 * reason. */
static inline void domain_wake(struct task *task)
{
    if (task->state == TASK_WAITING)
        domain_ready(task->domain, task);
}

/* Called by the running task: let others run until somebody makes it ready. Returns 0, or
 * MIOU_CANCELLED if the task is cancelled. */
int domain_suspend(struct domain *domain, struct task *self);
int domain_yield(struct domain *domain, struct task *self);

/* Called by a task whose call has been served at once: it yields at the end of its quantum. */
int domain_charge(struct domain *domain, struct task *self);

/* ---- task.c ---- */

/* Make a task ready to be started by task_start; NULL if there is no memory. */
struct task *task_new(struct domain *on, struct domain *domain, struct task *parent, miou_task *fn,
                      void *arg);
void task_start(struct task *task);
void task_cancel(struct task *task);

/* Everything between the return of a task's function and its end. */
void task_finish(struct task *task, int result);

/* Tell the parent, once the task has left its stack. */
void task_notify(struct task *task);

/* The run cannot go on: cancel everything and end with code, unless it ends already. */
void run_abort(struct run *run, int code);

/* The task that calls, or whose finaliser does: NULL, and the error, if there is none. */
static inline struct task *task_current(int *error)
{
    struct domain *domain = domain_self;

    if (domain != NULL && domain->current != NULL)
        return domain->current;
    *error = MIOU_NOT_RUNNING;
    return NULL;
}

/* The calling task, if it may do what suspends, spawns or owns: NULL, and why not, otherwise. */
static inline struct task *task_self(int *error)
{
    struct task *self = task_current(error);

    if (self == NULL || !self->domain->finalising)
        return self;
    *error = MIOU_IN_FINALISER;
    return NULL;
}

/* The number that users know a task by, from its place and how often that has been used: small
 * numbers, and no two the same in a run. */
uint64_t task_id(const struct task *task);

/* Called by the running task: wait for what `on` stands for until somebody makes the task ready.
 * Returns 0, or MIOU_CANCELLED if it is cancelled by then, in which case whoever was to make it
 * ready may not have done so. A task that has been cancelled is woken by nobody but whom it waits
 * for. */
static inline int task_wait(struct task *self, enum miou_wait what, const void *on)
{
    self->waits_for = what;
    self->waits_on = on;
    return domain_suspend(self->domain, self);
}

static inline void *object_new(struct domain *domain, enum pool_kind kind)
{
    return pool_new(&domain->run->pools[kind], &domain->caches[kind]);
}

static inline void object_free(struct domain *domain, enum pool_kind kind, void *object)
{
    pool_free(&domain->caches[kind], object);
}

static inline void *object_get(struct domain *domain, enum pool_kind kind, const void *handle)
{
    return pool_get(&domain->run->pools[kind], handle);
}

/* ---- resource.c ---- */

static inline struct task *owner_of(const struct resource *resource)
{
    return atomic_load_explicit(&resource->owner, memory_order_relaxed);
}

/* Make what the task owns its child's: all or nothing. Returns 0, -EINVAL or MIOU_NOT_OWNER. */
int resources_give(struct task *from, struct task *to, miou_resource *const *give, size_t count);
void resources_finalise(struct task *task);
void resources_receive(struct task *parent, struct task *child);

/* Make a resource that the task owns; NULL if there is no memory. */
struct resource *resource_new(struct task *owner, miou_finaliser *finaliser, void *value);
void resource_end(struct resource *resource);

/* ---- orphans.c ---- */

void orphanage_child_ended(struct task *child);
void orphanage_leave(struct task *child);
void orphanages_free(struct task *owner);

/* ---- unix.c ---- */

/* Close what was left open. */
void descriptors_close(struct run *run);

#endif
