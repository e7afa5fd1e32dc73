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
#include "mutant.h"
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

    struct link
        sibling; /* parent: among its children, or in the orphanage that keeps the promise */
    struct context context;
    struct list children;
    struct list resources;
    unsigned live;                /* children that have not ended, or not been heard of */
    unsigned unsettled;           /* children neither awaited nor cancelled */
    int result;                   /* child: how it ended, unless its parent cancelled it */
    enum task_state state;        /* child */
    bool cancelled;               /* child: its calls are refused from now on */
    bool awaits_children;         /* child: waits until none is live */
    bool ended;                   /* parent */
    bool settled;                 /* parent: awaited or cancelled */
    bool watched;                 /* parent: waits for this child, perhaps among others */
    atomic_bool cancel_requested; /* parent; read by those below it when they spawn */
    bool cancel_in_flight;        /* parent: the message has not come back */
    bool held;                    /* parent: will not begin but to be cancelled */
    bool background;              /* parent: runs a signal's handler */

    struct list transferred;     /* child: resources on their way to the parent */
    struct list orphanages;      /* child */
    struct orphanage *orphanage; /* parent: that keeps the promise, or NULL */
    struct message life;         /* start, then end */
    struct message cancel;       /* request, then reply */
};

#if !defined(CONTEXT_ASAN) && !defined(CONTEXT_TSAN)
_Static_assert(sizeof(struct task) <= 192, "a task's record takes three cache lines");
#endif

struct resource {
    struct slot slot;
    _Atomic(struct task *) owner; /* NULL: nobody yet. Atomic, since strangers may ask */
    struct link link;
    miou_finaliser *finaliser;
    void *value;
};

/* Children that an orphanage keeps. */
struct group {
    struct list members;
    size_t count;
};

struct orphanage {
    struct slot slot;
    struct task *owner;
    struct link link;
    struct group running, ended;
    bool watched; /* its owner waits for one of them to end */
};

/* A suspension point. */
struct suspension {
    struct slot slot;
    struct domain *domain;
    struct task *task;
    bool suspended; /* the task waits, and nobody has signalled the point */
};

struct hook {
    struct slot slot;
    struct domain *domain;
    struct link link;
    int (*fn)(void *arg);
    void *arg;
};

enum pool_kind {
    POOL_TASKS,
    POOL_RESOURCES,
    POOL_ORPHANAGES,
    POOL_SUSPENSIONS,
    POOL_HOOKS,
    POOL_DESCRIPTORS,
    POOL_MUTEXES,
    POOL_CONDITIONS,
    POOL_LAZIES,
    POOL_TRIGGERS,
    POOL_COMPUTATIONS,
    POOL_KINDS
};

struct domain {
    struct context scheduler;
    struct task *current;
    struct task *ready, **ready_end;
    int quantum; /* switches left before the scheduler looks after the rest */
    int id;
    int next_worker; /* where the next call goes */
    bool finalising;
    bool stopped;
    bool driven;
    unsigned suspended; /* tasks that the monitor will wake */
    struct run *run;
    struct stacks stacks;
    struct pool_cache caches[POOL_KINDS];
    struct monitor monitor; /* the POSIX one's state */
    void *monitor_state;
    struct list hooks;
    struct task *paused; /* in a driven run: in the middle of it another domain goes on */
    struct message stop;
    pthread_t thread;
    _Alignas(64) struct inbox inbox;
};

struct run {
    int domain_count; /* with dom0 */
    bool has_monitor; /* tasks may wait for the system ... */
    bool has_io;      /* ... which is POSIX */
    miou_monitor monitor;
    miou_options options;
    struct task *main;
    _Atomic int code;       /* of the rule that ended the run; 0: none */
    _Atomic int cancelling; /* children being cancelled, and main */
    struct message abort;
    _Alignas(64) _Atomic int awake; /* domains that do not sleep, or sleep with tasks suspended */
    atomic_flag dead;               /* the deadlock has been told */
    _Atomic int handlers;           /* signals that have a handler */
    _Atomic uint64_t signals;       /* that have come, a bit each */
    struct list background;         /* the tasks of handlers */
    bool ending;                    /* main has returned: no further handlers begin */
    bool misled;                    /* a choice was out of range: no more questions */
    int64_t now;                    /* in a driven run: nanoseconds since it began */
    struct domain *next;            /* in a driven run: chosen to go on next */
    struct pool pools[POOL_KINDS];
    struct domain domains[];
};

/* The domain whose thread this is; NULL outside a run. */
extern _Thread_local struct domain *domain_self __attribute__((tls_model("initial-exec")));

/* ---- domain.c ---- */

int domain_init(struct domain *domain, struct run *run, int id);
void domain_destroy(struct domain *domain);
void domain_send(struct domain *to, struct message *message);

/* Step the domain on this thread until it is stopped. */
void domain_loop(struct domain *domain);

/* One step: go on with the task that was paused, if one was; else hear the others, look at the
 * system, then run tasks for a quantum. Returns false if there is nothing to run. */
bool domain_step(struct domain *domain);

/* Have the monitor wake tasks; block: sleep until there are some. */
void domain_look(struct domain *domain, bool block);

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

/* ---- driven.c ---- */

/* Step all domains on this thread, asking for every choice, until main has ended. */
void run_driven(struct run *run);

/* One of count possibilities, of which 0 is the one without question. */
size_t run_choose(struct run *run, size_t count);

/* Called by the running task: go on with another domain first, if that is chosen. */
void domain_pause(struct domain *domain) __attribute__((cold));

/* Nanoseconds by the run's clock. */
int64_t run_clock(struct run *run);

/* ---- task.c ---- */

/* Make a task ready to be started by child_start; NULL if there is no memory. */
struct task *task_new(struct domain *on, struct domain *domain, struct task *parent, miou_task *fn,
                      void *arg);

/* Everything between the return of a task's function and its end. */
void task_finish(struct task *task, int result);

/* Tell the parent, once the task has left its stack. */
void task_notify(struct task *task);

/* Of the domains that miou_call may use here: how many there are, and the one after the last one
 * taken and those to skip. */
int workers_for(const struct domain *domain);
struct domain *next_worker(struct domain *domain, size_t skip);

/* What a parent does with its children. An orphanage may be NULL. A child whose parent is about to
 * be cancelled does not begin. */
void child_adopt(struct task *parent, struct orphanage *orphanage, struct task *child);
void child_start(struct task *child);

/* Returns 0, -EINVAL or MIOU_NOT_A_CHILD. */
int child_find(struct task *self, struct task **child, const miou_promise *promise);

/* Nothing of the child's is under way any more. */
static inline bool child_is_quiet(const struct task *child)
{
    bool forgotten = MUTANT(forgets_cancel_in_flight) ||
                     (MUTANT(forgets_it_at_the_end) && child->parent->awaits_children);

    return child->ended && (!child->cancel_in_flight || forgotten);
}

/* Wait until a child is quiet. Returns 0, or MIOU_CANCELLED if the caller is. */
int child_await(struct task *self, struct task *child);
int child_outcome(const struct task *child);
void child_settle(struct task *child);

/* See that the child is cancelled, soon. */
void child_cancel(struct task *child);

/* Give back a quiet child's record. */
void child_remove(struct task *child);

/* The run cannot go on: cancel everything and end with code, unless it ends already. */
void run_abort(struct run *run, int code);

/* The task that calls, or whose finaliser does: NULL, and the error, if there is none. In a driven
 * run another domain may go on first. */
static inline struct task *task_current(int *error)
{
    struct domain *domain = domain_self;

    if (domain == NULL || domain->current == NULL) {
        *error = MIOU_NOT_RUNNING;
        return NULL;
    }
    if (__builtin_expect(domain->driven, false))
        domain_pause(domain);
    return domain->current;
}

/* The calling task, if it may create or own: NULL, and why not, otherwise. */
static inline struct task *task_self(int *error)
{
    struct task *self = task_current(error);

    if (self == NULL || !self->domain->finalising)
        return self;
    *error = MIOU_IN_FINALISER;
    return NULL;
}

/* The calling task, if it may suspend or spawn: NULL, and why not, otherwise. A call asks this
 * before it looks at its arguments. */
static inline struct task *task_active(int *error)
{
    struct task *self = task_self(error);

    if (self == NULL || !self->cancelled)
        return self;
    *error = MIOU_CANCELLED;
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
    pool_free(&domain->run->pools[kind], &domain->caches[kind], object);
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

void orphanage_keep(struct orphanage *orphanage, struct task *child);
void orphanage_child_ended(struct task *child);

/* Out of the orphanage, if there is one, to the other children of its parent. */
void orphanage_leave(struct task *child);
void orphanages_free(struct task *owner);

/* ---- suspend.c ---- */

void hooks_call(struct domain *domain);

/* ---- signals.c ---- */

/* Spawn the handlers of the signals that have come. */
void signals_deliver(struct domain *dom0);

/* Main has returned: cancel the handlers that still run. */
void signals_cancel(struct run *run);

/* Handle no signals any more. */
void signals_restore(struct run *run);

/* ---- deadlock.c ---- */

/* No task can go on: say who waits for what, and end the run. */
void run_deadlock(struct run *run);

/* ---- sync.c ---- */

/* The id of the task that holds the mutex, or computes the lazy value, which a task waits on. */
uint64_t sync_holder(const void *on);

/* ---- unix.c ---- */

/* Close what was left open. */
void descriptors_close(struct run *run);

#endif
