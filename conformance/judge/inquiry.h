/* inquiry.h: what the parts of the judge share while they look into one trace: the facts that are
 * gathered on the way, and how a finding is told. */
#ifndef INQUIRY_H
#define INQUIRY_H

#include "judge.h"

#include <limits.h>

enum { NEVER = INT_MAX }; /* later than every event */

/* How a task's program came to its end. */
enum ending {
    ENDING_NONE, /* never begun */
    ENDING_RETURNED,
    ENDING_FAILED,
    ENDING_STOPPED
};

/* What became of a spawn. */
enum birth {
    BIRTH_OPEN,    /* cannot be told: a parallel that was stopped */
    BIRTH_SPAWNED, /* a child */
    BIRTH_REFUSED, /* no child */
};

/* What is known of an instance. Events are numbered as in the trace. */
struct life {
    int task; /* whose task it is a part of: itself, or, if it computes a lazy value, who forces */
    enum birth birth;
    int born; /* what its spawn came to; -1 */
    enum ending ending;
    struct outcome result; /* what its function returned */
    int domain;            /* where it began; -1: it never did */
    int at;                /* how far in its program */
    int times;             /* spawns or prints of the operation that it is in */

    bool settled;    /* awaited or cancelled by its parent */
    int settled_at;  /* the event when first; NEVER */
    bool candidate;  /* an await-one may have taken it, or another */
    bool asked;      /* its parent has cancelled it, or tried to when it was stopped itself */
    bool cancelled;  /* its parent's cancel has returned */
    bool freed;      /* the promise is given back */
    bool awaited_ok; /* its parent's await gave a value */
    int unasked;     /* when await said cancelled, and its parent had not asked; -1 */
    bool condemned;  /* somebody may have cancelled it, were it not for the end of the run */

    int first_final; /* the finalisers of what it owned at its end: events; NEVER */
    int last_final;  /* -1 */
    int last;        /* the last event of it and of all below it, finalisers with them; -1 */

    /* Of its children. */
    int forgotten;         /* spawned and not settled, as far as is known */
    int forgotten_orphans; /* of them in an orphanage */
    int a_forgotten;       /* one of them; -1 */
    int settled_orphans;   /* settled under a name of their own, and in an orphanage */
    int settled_cared;     /* settled, but which of the orphans it was is not known */
    int settled_some;      /* settled, but which of the candidates it was is not known */
    bool gets;             /* has had a promise given back by get */
    bool settles_unknown;  /* has settled promises of which nothing is known */
    bool cancels;          /* has cancelled any */
    bool cancels_unknown;  /* has cancelled one that is not known */
    bool frees;            /* has given back any promise */
    bool frees_unknown;    /* has given back one that is not known */

    bool may_leak; /* may have ended owning something */
    int leaks;     /* resource it surely owned at its end; -1 */
};

struct inquiry {
    const struct program *program;
    const struct trace *trace;
    struct verdict *verdict;
    bool no_memory;
    int *before;        /* the event before each of the same instance; -1 */
    struct life *lives; /* by instance */
    bool rule_ended;    /* the run ended with the code of a rule, and everything was cancelled */
    struct outcome run;
};

/* ---- Findings ---- */

/* A text made as by printf; NULL: no memory. */
__attribute__((format(printf, 1, 2))) char *text(const char *format, ...);

/* Tell a finding. The texts are taken over. */
void find(struct inquiry *inquiry, const char *rule, int line, char *expected, char *observed);

/* Short texts, returned by value so that they can stand in an argument list. */
struct phrase {
    char text[224];
};
struct phrase task_phrase(const struct inquiry *inquiry, int instance);
struct phrase event_phrase(const struct inquiry *inquiry, int event);
struct phrase list_phrase(const struct inquiry *inquiry, struct outcomes list);
struct phrase outcome_phrase(const struct inquiry *inquiry, struct outcome outcome);
struct phrase operation_phrase(const struct inquiry *inquiry, int operation);

/* ---- Facts ---- */

static inline const struct operation *operation_of(const struct inquiry *inquiry, int event)
{
    return &inquiry->program->operations[inquiry->trace->events[event].operation];
}

/* The task that an event is of. */
static inline int actor(const struct inquiry *inquiry, int event)
{
    return inquiry->lives[inquiry->trace->events[event].instance].task;
}

/* The task whose child the instance is; -1: main. */
static inline int parent_of(const struct inquiry *inquiry, int instance)
{
    int parent = inquiry->trace->instances[instance].parent;

    return parent < 0 ? -1 : inquiry->lives[parent].task;
}

/* Whether the instance is a task, and not a part of one. */
static inline bool is_task(const struct inquiry *inquiry, int instance)
{
    return inquiry->lives[instance].task == instance;
}

/* The k-th outcome of a list that may be folded. */
static inline struct outcome member(struct outcomes list, int k)
{
    return list.count == 1 ? list.of[0] : list.of[k];
}

static inline bool is_ok(struct outcome outcome)
{
    return outcome.kind == OUTCOME_OK;
}

/* Whether a task can end so. Without memory for its stack it ends before it has begun. */
static inline bool is_ending(struct outcome outcome)
{
    return outcome.kind == OUTCOME_OK || outcome.kind == OUTCOME_FAILED ||
           outcome.kind == OUTCOME_CANCELLED || outcome.kind == OUTCOME_NO_MEMORY;
}

/* Whether care or take handed a promise out. */
static inline bool hands_out(struct outcome outcome)
{
    return outcome.kind == OUTCOME_ENDED || outcome.kind == OUTCOME_TAKEN;
}

static inline bool is_orphan(const struct inquiry *inquiry, int child)
{
    return operation_of(inquiry, inquiry->trace->instances[child].spawned)->orphans >= 0;
}

/* How often the event's operation came to ok. */
int times_ok(const struct inquiry *inquiry, int event);

/* Whether the instance may have been cancelled, by its parent or by the end of the run. */
static inline bool may_be_cancelled(const struct inquiry *inquiry, int instance)
{
    return inquiry->rule_ended || inquiry->lives[instance].condemned;
}

/* Whether a task certainly left a child that it had not settled, or perhaps. A promise that care
 * handed out stands for one of its orphans, and for one which was settled directly if there is one;
 * so does one of several that await-one took. */
static inline bool surely_forgets(const struct life *life)
{
    int covered = life->settled_cared < life->forgotten_orphans ? life->settled_cared
                                                                : life->forgotten_orphans;

    return !life->settles_unknown && life->forgotten > covered + life->settled_some;
}

static inline bool may_forget(const struct life *life)
{
    int covered = life->settled_cared > life->settled_orphans
                      ? life->settled_cared - life->settled_orphans
                      : 0;

    return life->forgotten > covered;
}

/* Make room for one more in an array, the address of whose pointer is given. False: no memory. */
bool grow(void *array, int count, int *room, size_t size);

/* ---- Monitors ---- */

/* All of them. */
void monitors(struct inquiry *inquiry);

/* monitors_children.c. Tells what is learnt of settling in the lives. */
void monitor_promises(struct inquiry *inquiry);

/* monitors_ends.c. Needs the finalisers' places in the lives, and tells the last event of each. */
void monitor_ends(struct inquiry *inquiry);

/* monitors_orphans.c. Needs the lives' last events. */
void monitor_orphanages(struct inquiry *inquiry);

/* monitors_sync.c */
void monitor_sync(struct inquiry *inquiry);

/* monitors_waits.c. The second needs to know who may have been cancelled. */
void monitor_sleeps(struct inquiry *inquiry);
void monitor_deadlock(struct inquiry *inquiry);

/* monitors_ownership.c. Needs what is learnt of settling. */
void monitor_resources(struct inquiry *inquiry);

#endif
