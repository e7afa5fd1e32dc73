/* runtime.h: a run, its domains, its tasks and what each task owns.
 *
 * One thread steps a domain, and nearly all data here belongs to one domain, so that it needs no
 * lock; what domains share is atomic. A task's record has two sides: the child's belongs to the
 * domain on which the task runs, the parent's to the domain of its parent. Domains tell each other
 * things by message. */
#ifndef REF_RUNTIME_H
#define REF_RUNTIME_H

#include "context.h"
#include "inbox.h"
#include "list.h"
#include "miou_server.h"
#include "miou_sync.h"
#include "miou_unix.h"
#include "monitor.h"
#include "pool.h"
#include "stack.h"

#include <pthread.h>

enum task_state { TASK_NEW, TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_ENDED };

/* A task and its promise, in three cache lines:
 *
 *       0  slot | next | parent | domain | fn, arg; waits_on, waits_for; result | state, flags
 *      64  sibling | context | stack | children | resources | orphanage | live, unsettled
 *     128  points | transferred | orphanages | life | cancel
 *
 * A parent that awaits a child reads the first line only, and most tasks never touch the third. The
 * lists of a free record are empty, so that a spawn need not clear them. A task has a stack, see
 * stack.h, from its beginning to its end only. "child:" and "parent:" say to which side a field
 * belongs; bits of both sides do not share a byte. */
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
            const void *waits_on; /* child, once it has begun: the object that waits_for is about */
            enum miou_wait waits_for;
        };
        int result; /* child, once it has ended: how, unless its parent cancelled it */
    };
    enum task_state state : 8;    /* child */
    bool cancelled : 1;           /* child: from now on its calls are refused */
    bool awaits_children : 1;     /* child: waits until live is 0 */
    bool has_more : 1;            /* child: a list in the third line has been used */
    bool expired : 1;             /* child: a deadline that it is called under has passed */
    atomic_bool cancel_requested; /* parent; read by the child's descendants when they spawn */
    bool ended;                   /* parent */
    bool settled;                 /* parent: awaited or cancelled */
    bool watched;                 /* parent: waits for this child, perhaps among others */
    bool cancel_in_flight : 1;    /* parent: the cancel message has not come back */
    bool held : 1;                /* parent: not started; will be cancelled before it begins */
    bool background;              /* never changes: runs a signal's handler */

    struct link sibling; /* parent: among its children, or in the orphanage with the promise */
    struct context context;
    struct stack *stack;
    struct list children;
    struct list resources;
    struct orphanage *orphanage; /* parent: the one with the promise, or NULL */
    unsigned live;               /* children that have not ended, or whose end is not known yet */
    unsigned unsettled;          /* children neither awaited nor cancelled */

    struct list points;      /* child: suspension points that it has made */
    struct list transferred; /* child: resources on their way to the parent */
    struct list orphanages;  /* child */
    struct message life;     /* the start, later the end */
    struct message cancel;   /* the request, then the reply */
    unsigned passed;         /* child: how many deadlines that it is called under have passed */
    unsigned missing;        /* of all watched children, if it waits for all; otherwise 0 */
};

#ifndef CONTEXT_BOOST
_Static_assert(sizeof(struct task) <= 192, "a task's record takes three cache lines");
#endif

struct resource {
    struct slot slot;
    _Atomic(struct task *) owner; /* NULL: not owned yet. Atomic, because any task may ask */
    struct link link;
    miou_finaliser *finaliser;
    miou_finaliser *disowned; /* called instead of it when the resource is disowned; or NULL */
    void *value;
};

/* Some of the children in an orphanage. */
struct group {
    struct list members;
    size_t count;
};

struct orphanage {
    struct slot slot;
    struct task *owner;
    struct link link;
    struct group running, ended;
    bool watched; /* its owner waits for one of the children to end */
};

/* A suspension point. */
struct point {
    struct slot slot;
    struct link link;
    struct domain *domain;
    struct task *task;
    bool suspended; /* the task waits, and the point has not been signalled */
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
    POOL_POINTS,
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
    int quantum; /* switches left before the scheduler looks at the inbox and the monitor */
    int id;
    int next_worker; /* where the next call goes */
    bool no_suspend; /* a finaliser or the like runs, which must not suspend */
    bool stopped;
    bool steered;
    unsigned suspended; /* tasks that the monitor will wake */
    struct run *run;
    struct stacks stacks;
    void (*task_main)(void); /* what a task's context executes */
    struct pool_cache caches[POOL_KINDS];
    struct monitor monitor; /* the POSIX monitor's state */
    void *monitor_state;
    struct list hooks;
    struct task *paused; /* in a steered run: left in the middle, to let another domain go on */
    struct message stop;
    pthread_t thread;
    _Alignas(64) struct inbox inbox;
};

/* The threads that execute functions which block, see blocking.c, and the functions that have not
 * begun. */
struct helpers {
    pthread_mutex_t lock;  /* of all that follows */
    pthread_cond_t wanted; /* there is a job, or the run has ended */
    struct job *first, **end;
    int jobs, count, idle; /* jobs in the queue; threads; and those of them that have no job */
    bool stopped;
    pthread_t threads[64];
};

struct run {
    int domain_count; /* with dom0 */
    int *candidates;  /* for the next turn of a steered run; one more than there are domains */
    bool has_monitor; /* tasks can wait for the system ... */
    bool has_io;      /* ... through the POSIX monitor */
    miou_monitor monitor;
    const struct poller *poller; /* of the POSIX monitor */
    miou_options options;
    struct task *main;
    _Atomic int code;       /* of the broken rule that ended the run; 0: none */
    _Atomic int cancelling; /* children being cancelled, plus 1 if main is */
    struct message abort;
    _Alignas(64) _Atomic int awake; /* domains awake, or asleep with tasks suspended */
    atomic_flag deadlocked;         /* the deadlock has been reported */
    _Atomic int handlers;           /* signals that have a handler */
    _Atomic uint64_t signals;       /* that have arrived, one bit each */
    struct list background;         /* the tasks of handlers */
    bool ending;                    /* main has returned: no further handlers begin */
    bool misled;                    /* choose has answered out of range, and is not asked again */
    int64_t now;                    /* in a steered run: nanoseconds since it began */
    struct domain *next;            /* in a steered run: chosen to go on next */
    struct helpers helpers;
    struct pool pools[POOL_KINDS];
    struct domain domains[];
};

/* ---- sched.c ---- */

/* glibc keeps some room for thread-local variables of libraries that dlopen(3) loads; musl has
 * none. */
#ifdef __GLIBC__
#define DOMAIN_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define DOMAIN_LOCAL _Thread_local
#endif

/* The domain that this thread steps; NULL outside a run. */
extern DOMAIN_LOCAL struct domain *domain_self;

/* Append a task to its domain's ready queue. */
void domain_ready(struct domain *domain, struct task *task);

/* Remove the first task from the queue, which must not be empty. */
struct task *domain_take(struct domain *domain);

/* Ready a task of the calling domain if it waits. It may be ready already, for another reason. */
static inline void domain_wake(struct task *task)
{
    if (task->state == TASK_WAITING)
        domain_ready(task->domain, task);
}

/* Refuse a task's calls from now on, and wake it. */
void task_cancel(struct task *task);

/* Give a new task its stack. Returns false if it must not begin, being cancelled, or cannot. */
bool task_begin(struct domain *domain, struct task *task);

/* Called by the running task: run others until it is readied. Returns 0, or MIOU_CANCELLED if the
 * task is cancelled. */
int domain_suspend(struct domain *domain, struct task *self);
int domain_yield(struct domain *domain, struct task *self);

/* Called by a task after a call that did not suspend: counts the call as a switch, so that the task
 * yields at the end of its quantum. */
int domain_charge(struct domain *domain, struct task *self);

/* Called by the running task: wait until it is readied, whatever its deadlines; what and on say
 * what for, in case of a deadlock. Returns 0, also when a deadline passes; or MIOU_CANCELLED. In
 * both cases what it waited for need not have happened. A task that has been cancelled already is
 * woken only by what it waits for, and by deadlines. */
static inline int task_wait_patiently(struct task *self, enum miou_wait what, const void *on)
{
    self->waits_for = what;
    self->waits_on = on;
    return domain_suspend(self->domain, self);
}

/* The same, but if a deadline of the task has passed, or passes meanwhile, return MIOU_EXPIRED.
 * What it waited for may have happened as well. */
static inline int task_wait(struct task *self, enum miou_wait what, const void *on)
{
    int error = self->expired ? 0 : task_wait_patiently(self, what, on);

    return error == 0 && self->expired ? MIOU_EXPIRED : error;
}

/* A deadline that the task is called under has passed (1), or one that has is over (-1). */
static inline void task_expire(struct task *task, int change)
{
    task->passed += (unsigned)change;
    task->expired = task->passed > 0;
}

/* Send a message to a domain, and wake the domain if it sleeps. */
void domain_send(struct domain *to, struct message *message);

/* ---- abort.c ---- */

/* Cancel everything and end the run with this code, unless it is ending already. */
void run_abort(struct run *run, int code);

/* ---- choose.c ---- */

/* Ask options.choose for one of count alternatives. */
size_t run_ask(struct run *run, size_t count);

/* Pick one of count alternatives; 0 if the run is not steered. */
static inline size_t run_choose(struct run *run, size_t count)
{
    return count < 2 || run->options.choose == NULL || run->misled ? 0 : run_ask(run, count);
}

/* Nanoseconds by the run's clock. */
int64_t run_clock(struct run *run);

/* Whether the domain has something to do, and how many domains of the run have. */
static inline bool domain_can_go_on(struct domain *domain)
{
    return domain->paused != NULL || domain->ready != NULL || !inbox_empty(&domain->inbox) ||
           (domain->id == 0 && atomic_load(&domain->run->signals) != 0);
}

static inline size_t run_count_able(struct run *run)
{
    struct domain *domain = run->domains, *end = domain + run->domain_count;
    size_t count = 0;

    for (; domain < end; domain++)
        count += domain_can_go_on(domain);
    return count;
}

/* The n-th domain in turn after this one, from 0, of those that can go on. */
struct domain *domain_able_after(struct domain *domain, size_t n);

/* Tell options.turn who can have the next turn: `first`, unless it is NULL, then the other domains
 * that can go on, in turn after `last`, and time, if it may pass. */
void run_list_turn(struct run *run, struct domain *first, struct domain *last, bool may_pass);

static inline void run_tell_turn(struct run *run, struct domain *first, struct domain *last,
                                 bool may_pass)
{
    if (run->options.turn != NULL)
        run_list_turn(run, first, last, may_pass);
}

/* Called by the running task: let another domain go on first, if one is chosen. */
void domain_pause(struct domain *domain) __attribute__((cold));

/* ---- what a call does first ---- */

/* The calling task, which may be in a finaliser; NULL and the error if there is none. A scheduling
 * point of steered runs. */
static inline struct task *task_current(int *error)
{
    struct domain *domain = domain_self;

    if (domain == NULL || domain->current == NULL) {
        *error = MIOU_NOT_RUNNING;
        return NULL;
    }
    if (__builtin_expect(domain->steered, false))
        domain_pause(domain);
    return domain->current;
}

/* The same for calls that create or own: also refused where suspending is. */
static inline struct task *task_self(int *error)
{
    struct task *self = task_current(error);

    if (self == NULL || !self->domain->no_suspend)
        return self;
    *error = MIOU_IN_FINALISER;
    return NULL;
}

/* The same for calls that suspend or spawn: also refused in a cancelled task. A call asks this
 * before it looks at its arguments. */
static inline struct task *task_active(int *error)
{
    struct task *self = task_self(error);

    if (self == NULL || !self->cancelled)
        return self;
    *error = MIOU_CANCELLED;
    return NULL;
}

/* The same for calls that need the POSIX monitor. */
static inline struct task *task_with_io(int *error)
{
    struct task *self = task_active(error);

    if (self == NULL || self->domain->run->has_io)
        return self;
    *error = MIOU_NO_MONITOR;
    return NULL;
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

/* Make a resource owned by the task; NULL if there is no memory. */
struct resource *resource_new(struct task *owner, miou_finaliser *finaliser,
                              miou_finaliser *disowned, void *value);
void resource_end(struct resource *resource);

/* Make resources of one task its child's: all of them or none. Returns 0, -EINVAL or
 * MIOU_NOT_OWNER. */
int resources_give(struct task *from, struct task *to, miou_resource *const *give, size_t count);
void resources_receive(struct task *parent, struct task *child);
void resources_finalise(struct task *task);

/* ---- orphanage.c ---- */

void orphanage_keep(struct orphanage *orphanage, struct task *child);
void orphanage_child_ended(struct task *child);

/* Move a child from its orphanage, if it is in one, to its parent's other children. */
void orphanage_leave(struct task *child);
void orphanage_free(struct orphanage *orphanage);
void orphanages_free(struct task *owner);

/* ---- child.c ---- */

/* Make a task, which child_start starts; NULL if there is no memory. The record comes from the pool
 * of domain `on`. */
struct task *task_new(struct domain *on, struct domain *domain, struct task *parent, miou_task *fn,
                      void *arg);

/* The number that users know a task by: small, and unique in a run. */
uint64_t task_id(const struct task *task);

/* How many domains miou_call can choose from here; and the one after the last one taken, once
 * `skip` others have been skipped. */
int workers_for(const struct domain *domain);
struct domain *next_worker(struct domain *domain, size_t skip);

/* Add a child to the parent's, or to an orphanage of the parent. */
void child_adopt(struct task *parent, struct orphanage *orphanage, struct task *child);

/* Start a child, unless its parent is about to be cancelled. */
void child_start(struct task *child);

/* Find the task's child by its promise. Returns 0, -EINVAL or MIOU_NOT_A_CHILD. */
int child_find(struct task *self, struct task **child, const miou_promise *promise);

/* The child has ended and no message about it is in flight. */
static inline bool child_is_quiet(const struct task *child)
{
    return child->ended && !child->cancel_in_flight;
}

/* Wait until a child is quiet. Returns 0, or MIOU_CANCELLED if the caller is cancelled; child_await
 * also MIOU_EXPIRED. */
int child_await(struct task *self, struct task *child);
int child_await_patiently(struct task *self, struct task *child);
int child_outcome(const struct task *child);
void child_settle(struct task *child);

/* Request a child's cancellation, without waiting for its end. */
void child_cancel(struct task *child);

/* Free a quiet child's record: taken from the children first, or with all of them. */
void child_remove(struct task *child);
void child_free(struct task *child);

/* Tell the parent that the task has ended, once the task has left its stack. */
void task_notify(struct task *task);

/* ---- signals.c ---- */

/* Spawn the handlers of the signals that have arrived. */
void signals_deliver(struct domain *dom0);

/* The task of a handler cannot begin, since there is no memory: its signal comes again. */
void signals_unstarted(struct task *handler);

/* Main has returned: let the handlers of signals that have come begin, and cancel those that still
 * run. Later no handler begins. */
void signals_cancel(struct run *run);

/* Restore what the process did with each signal before the run. */
void signals_restore(struct run *run);

/* ---- task.c ---- */

/* What a task's context executes, and all that happens between the return of a task's function and
 * its end. */
void task_main(void);
void task_finish(struct task *task, int result);

/* ---- suspend.c ---- */

/* Free the points that a task has made, and not suspended on. */
void points_free(struct task *task);

void hooks_call(struct domain *domain);

/* ---- sync.c ---- */

/* The id of the task that holds the mutex or computes the lazy value that `on` is. */
uint64_t sync_holder(const void *on);

/* ---- unix.c ---- */

/* Close plain descriptors that were left open. */
void descriptors_close(struct run *run);

/* ---- blocking.c ---- */

void helpers_init(struct run *run);

/* End the threads, which have nothing left to do. */
void helpers_stop(struct run *run);

/* ---- deadlock.c ---- */

/* No task can go on: report what each waits for, and end the run. */
void run_deadlock(struct run *run);

/* ---- domain.c ---- */

int domain_init(struct domain *domain, struct run *run, int id);
void domain_destroy(struct domain *domain);

/* Step the domain on this thread until it is stopped. */
void domain_loop(struct domain *domain);

/* One step: go on with the paused task, if there is one; else deliver messages, look at the system,
 * then run tasks for a quantum. Returns false if there is nothing to run. */
bool domain_step(struct domain *domain);

/* Have the monitor wake tasks; block: sleep until there is a task or a message. */
void domain_look(struct domain *domain, bool block);

/* ---- steered.c ---- */

/* Step all domains on this thread, asking for every choice, until main has ended. */
void run_steered(struct run *run);

#endif
