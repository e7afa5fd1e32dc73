/* peer.h: what the files of this runtime share.
 *
 * Every task is a thread of its own (a "worker"). A domain is a baton: one of its tasks holds it
 * and runs; the others wait for it, in the order in which they became ready. One lock for each run
 * guards everything else. */
#ifndef PEER_H
#define PEER_H

#include "miou.h"
#include "miou_sync.h"
#include "miou_unix.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

/* ---- Lists: a ring with its head in it ---- */

struct list {
    struct list *next, *prev;
};

#define ENTRY(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_insert(struct list *after, struct list *node)
{
    node->prev = after;
    node->next = after->next;
    after->next->prev = node;
    after->next = node;
}

static inline void list_append(struct list *l, struct list *node)
{
    list_insert(l->prev, node);
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* ---- What there is ---- */

enum kind {
    PROMISE = 1,
    ORPHANS,
    RESOURCE,
    MUTEX,
    CONDITION,
    LAZY,
    TRIGGER,
    COMPUTATION,
    DESCRIPTOR,
    POINT,
    HOOK
};

/* A handle that a program holds is no address, but the place in this table and a number that no
 * other object of the process has, so that a stale one is always found out. */
struct table {
    struct slot {
        uint64_t serial;
        void *object;
        enum kind kind;
    } * slots;
    size_t size, used;
    size_t free; /* the first free slot, plus 1; its object is the next one */
};

/* The freedoms that MIOU_PEER turns on; each is used in one place, beside the rule that grants it.
 */
struct freedoms {
    bool newest, unbegun, late_tree, early_transfer, late_transfer, slow, yields, eager, hoards,
        other_errors;
};

struct worker {
    struct run *run;
    pthread_t thread;
    bool started;   /* has a thread */
    int descriptor; /* hoards: of no use; -1: none */
    sem_t go;       /* posted when the worker's task is handed the baton */
    struct task *task;
    struct list all;  /* in run.workers */
    struct list link; /* in run.spare or run.gone */
    struct worker *wake_next;
};

struct domain {
    struct run *run;
    int number;
    bool held;            /* someone holds the baton, or a thread looks for who is next */
    bool kicked;          /* in run.kicks */
    struct list ready;    /* the tasks that wait for the baton */
    struct list sleepers; /* the tasks that sleep, by deadline */
    struct list hooks;
    struct domain *kick_next;
    int64_t news_due; /* slow: when the last news that is under way arrives */
    void *state;      /* the monitor's */
    bool made;        /* the monitor's create has succeeded */
    bool selecting;   /* a thread is in the monitor's select, or about to be */
    bool failed;      /* select has failed */
    size_t points;    /* how many tasks are suspended on points */
    unsigned turns;
};

struct run {
    pthread_mutex_t lock;
    const miou_options *options;
    bool posix; /* started by miou_unix_run */
    struct freedoms freedoms;
    struct table table;
    struct domain *domains;
    int count; /* of domains beside dom0 */
    int next_domain;
    struct task *main;
    uint64_t last_id;
    int ending;              /* the code of the first rule that was broken, or 0 */
    size_t busy;             /* how many tasks, and news, can go on by themselves */
    struct domain *kicks;    /* domains to which a task came while nobody had the baton */
    struct worker *wakes;    /* workers to post when the lock is given back */
    struct list workers;     /* all but main's */
    struct list spare, gone; /* workers without a task; workers whose threads have to be joined */
    bool stopping;
    bool no_threads; /* the last one could not be started, and none has ended since */
    size_t spares;
    struct list descriptors;
    struct list orphaned; /* resources that no task owns */
    pthread_cond_t descriptor_left;
    sigset_t signals; /* blocked in the thread that called miou_run, and in those of tasks */
    int signal_slot;  /* of signals.c; -1: none */
    int handlers;     /* how many signals have a handler */
    pthread_t signal_thread;
    struct courier *courier;
    size_t stack_size;
    void *main_stack; /* NULL: the caller's serves */
    size_t main_size;
};

enum state { READY, RUNNING, WAITING, ENDED };

struct task {
    struct run *run;
    struct domain *domain;
    struct task *parent; /* NULL: main */
    struct worker *worker;
    miou_task *fn;
    void *arg;
    uint64_t id;
    void *promise; /* its handle; NULL: nobody has one */
    enum state state;
    bool begun, returned, cancelled;
    bool handler; /* of a signal: it is below main in the tree, but main's child only in that */
    bool ended;   /* as far as the parent knows */
    bool settled; /* awaited or cancelled */
    bool watched; /* the parent is waiting for it in particular */
    bool idle;    /* not counted in run.busy */
    atomic_bool kicked; /* is to leave poll */
    bool polling;
    bool told;        /* slow: the news of its cancellation is under way */
    int64_t news_due; /* slow: when the last news of it arrives */
    int outcome;
    struct list children, sibling;
    size_t live;       /* children that have not ended */
    struct list turn;  /* in domain.ready */
    struct list queue; /* in the queue of what it waits for */
    enum miou_wait what;
    const uint64_t *on; /* the number of the task that this is for; NULL: of none in particular */
    size_t watching;    /* how many watched children it still waits for */
    struct orphans *in, *asking; /* the orphanage that keeps it; the one that it waits for */
    struct list orphan, orphanages;
    struct list resources, transferred; /* the oldest first */
    struct point *point;                /* that it is suspended on */
    struct list points;                 /* that it has made */
    int64_t deadline;
    int woken; /* by what: of sync.c */
    int value; /* with which it was woken */
};

struct resource {
    void *handle;
    struct task *owner; /* NULL: none yet, or under way to a parent */
    bool under_way;
    bool marked; /* seen in a list of resources to give */
    miou_finaliser *finaliser;
    void *value;
    struct descriptor *descriptor; /* that it stands for */
    struct list link;
};

struct orphans {
    void *handle;
    struct task *owner;
    struct list running, ended;
    size_t length;
    struct list link; /* in owner.orphanages */
};

/* ---- Who calls (run.c) ---- */

enum place {
    OUTSIDE, /* no run */
    IN_TASK,
    IN_FORBID, /* in a finaliser or the like: must not suspend */
    IN_SELECT, /* in a function of a monitor: may signal points */
    IN_OTHER   /* anything else that a run calls: a hook, the deadlock function */
};

struct self {
    enum place place;
    struct run *run;
    struct domain *domain;
    struct task *task;
};

extern _Thread_local struct self self;

/* What refuses a call, besides MIOU_NOT_RUNNING. */
enum refuse { PLAIN = 0, NOT_IN_FINALISER = 1, NOT_IF_CANCELLED = 2, CAN_SUSPEND = 3 };

/* Begin a call: on success the run's lock is held. End it: give the lock back. */
int enter(enum refuse refuse);
int leave(int result);
void lock(struct run *run);
void unlock(struct run *run);
struct self change_place(enum place place); /* returns the former one, for restoring */
int64_t now(void);

/* table.c. All with the lock held. */
void *table_add(struct run *run, enum kind kind, void *object);
void *table_get(struct run *run, const void *handle, enum kind kind);
void table_remove(struct run *run, void *handle);
void table_clear(struct run *run);

/* baton.c */
bool leave_turn(struct task *task); /* true: the task itself is next, and goes on */
void await_turn(struct task *task);
void wait_for(struct task *task, enum miou_wait what, const uint64_t *on, struct list *queue);
void make_ready(struct task *task);
void push_ready(struct task *task);
void take_turns(struct task *task); /* yield */
int may_yield(struct task *task);   /* yield, if that freedom is on */
void end_run(struct run *run, int code);
void check_deadlock(struct run *run);
void run_main(struct task *task);
void workers_stop(struct run *run);
struct task *next_turn(struct domain *domain, struct worker *spare);
void ripen(struct domain *domain);

/* news.c */
enum news { NEWS_READY, NEWS_CANCEL, NEWS_END };
void send_news(enum news news, struct task *task);
void deliver(enum news news, struct task *task);
int courier_start(struct run *run);
void courier_stop(struct run *run);
void courier_forget(struct task *task);

/* task.c */
struct task *task_new(struct run *run, struct domain *domain, struct task *parent, miou_task *fn,
                      void *arg);
int task_spawn(struct task **child, struct domain *domain, const miou_spawn *options, miou_task *fn,
               void *arg);
void task_free(struct task *task);
void task_begin(struct task *task);
void task_finish(struct task *task, int value);
void bury(struct task *task, int outcome);
void cancel_now(struct task *task);
void cancel_tree(struct task *task);
void child_ended(struct task *task);
void settle(struct task *child);

/* children.c */
int wait_for_children(struct task **children, size_t count, bool any);

/* resource.c */
void adopt(struct task *child);
void finalise_all(struct task *task);
int give_check(struct task *task, const miou_spawn *options);
void give(struct task *child, const miou_spawn *options);
struct resource *resource_new(struct run *run, miou_finaliser *finaliser, void *value);
void resource_own(struct task *task, struct resource *resource);
void resource_end(struct run *run, struct resource *resource);
void resources_clear(struct run *run);

/* monitor.c */
void call_hooks(struct domain *domain);
void select_now(struct domain *domain, int block);
void point_cancelled(struct task *task);
void points_end(struct task *task);
void hooks_clear(struct domain *domain);

/* unix.c */
void descriptor_close(struct run *run, struct descriptor *descriptor);
void descriptor_disown(struct run *run, struct descriptor *descriptor);
void descriptors_clear(struct run *run);

/* signals.c */
void kick(struct task *task);
int kicks_begin(void);
void kicks_end(void);
void handlers_begin(struct run *run);
void signals_end(struct run *run);
bool poll_kicked(struct task *task, int number, short events, int64_t nanoseconds);

#endif
