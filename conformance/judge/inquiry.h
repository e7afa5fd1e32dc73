/* inquiry: what the parts of the judge know of one trace. The facts are gathered on the way, by the
 * file that is named with them. */
#ifndef INQUIRY_H
#define INQUIRY_H

#include "judge.h"

#include <assert.h>
#include <limits.h>

enum { NEVER = INT_MAX }; /* later than every event */

/* How a task's program ended. */
enum ending {
    ENDING_NONE, /* never begun */
    ENDING_RETURNED,
    ENDING_FAILED,
    ENDING_STOPPED
};

/* The fate of a spawn. */
enum birth {
    BIRTH_OPEN,    /* not known: a parallel that was stopped */
    BIRTH_SPAWNED, /* a child */
    BIRTH_REFUSED, /* no child */
};

/* What is known of an instance. Events are numbered as in the trace. */
struct life {
    /* By follow.c. */
    int task; /* the instance that it is a part of: itself, or, if it computes a lazy value, the one
                 that forces the value */
    enum birth birth;
    int born; /* the event that its spawn has returned; -1 */
    enum ending ending;
    struct outcome result; /* what its function returned */
    int domain;            /* where it began; -1: it never did */
    int at;                /* its place in its program */
    int times;             /* spawns or prints of its current operation so far */

    /* By the operations on promises: promises.c, invariants_2_children.c. */
    bool settled;    /* awaited or cancelled by its parent */
    int settled_at;  /* the first such event; NEVER */
    bool candidate;  /* an await-one took either it or another child */
    bool asked;      /* its parent has cancelled it, or tried to and was stopped itself */
    bool cancelled;  /* its parent's cancel has returned */
    bool freed;      /* its promise is given back */
    bool awaited_ok; /* its parent's await gave a value */
    int unasked;     /* the await that said cancelled although its parent had not asked; -1 */

    bool condemned; /* it may have been cancelled, even if the run did not cancel it; by facts.c */

    /* By invariants_5_ownership.c. */
    int first_final; /* the first finaliser of what it owned at its end: an event; NEVER */
    int last_final;  /* the last one; -1 */
    bool may_leak;   /* may have ended owning something */
    int leaks;       /* a resource that it surely owned at its end; -1 */

    /* By facts.c. */
    int last;  /* the last event of it and of all below it, including finalisers; -1 */
    int below; /* the last event of all below it; -1 */

    /* Its children, by the operations on promises. */
    int forgotten;         /* spawned and not settled, as far as is known */
    int forgotten_orphans; /* those of them that are in an orphanage */
    int a_forgotten;       /* one of them; -1 */
    int settled_orphans;   /* in an orphanage and settled under a name of their own */
    int settled_cared;     /* orphans that were settled; it is not known which */
    int settled_some;      /* candidates that were settled; it is not known which */
    bool gets;             /* get has given back a promise */
    bool settles_unknown;  /* has settled promises that are not known */
    bool cancels;          /* has cancelled any child */
    bool cancels_unknown;  /* has cancelled a child that is not known */
    bool frees;            /* has given back any promise */
    bool frees_unknown;    /* has given back a promise that is not known */
};

struct inquiry {
    const struct program *program;
    const struct trace *trace;
    const struct invariants *excused; /* NULL: none is */
    const struct oracle *oracle;      /* judges in place of the invariants; NULL: it does not */
    struct verdict *verdict;
    int *before;        /* by event: the one before it of the same instance; -1 */
    struct life *lives; /* by instance */
    struct outcome run; /* how the run ended */
    bool rule_ended;    /* with the code of a broken rule, so that every task was cancelled */
};

/* ---- Facts of an event ---- */

/* Only of an event that has one. */
static inline const struct operation *operation_of(const struct inquiry *inquiry, int event)
{
    int operation = inquiry->trace->events[event].operation;

    assert(operation >= 0);
    return &inquiry->program->operations[operation];
}

/* The task that an event is of. */
static inline int actor(const struct inquiry *inquiry, int event)
{
    return inquiry->lives[inquiry->trace->events[event].instance].task;
}

/* The task that spawned the instance; -1: main, a callback, or outside the run. */
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

/* Whether an instance is not a task, nor a part of one that is known: a finaliser, an action of a
 * trigger, or what is outside the run. A handler is a task. */
bool stands_aside(const struct inquiry *inquiry, int instance);

/* The k-th outcome of a list that may be folded. */
static inline struct outcome member(struct outcomes list, int k)
{
    return list.count == 1 ? list.of[0] : list.of[k];
}

static inline bool is_ok(struct outcome outcome)
{
    return outcome.kind == OUTCOME_OK;
}

static inline bool is_expired(struct outcome outcome)
{
    return outcome.kind == OUTCOME_EXPIRED;
}

static inline bool expires(struct outcomes list)
{
    for (size_t i = 0; i < list.count; i++)
        if (is_expired(list.of[i]))
            return true;
    return false;
}

/* Whether it is an outcome that a task can end with. Without memory for its stack it never begins.
 */
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

/* How often the event's operation was ok. */
int times_ok(const struct inquiry *inquiry, int event);

/* ---- Facts of an instance ---- */

/* Whether the instance may have been cancelled, by its parent or by the end of the run. */
static inline bool may_be_cancelled(const struct inquiry *inquiry, int instance)
{
    return inquiry->rule_ended || inquiry->lives[instance].condemned;
}

/* Whether a task certainly has, or may have, forgotten a child. A promise that care handed out
 * stands for one of its orphans, which may be one that was settled directly; the same holds for the
 * promise that await-one took. */
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

/* Whether it cannot be told from outside that a task has broken a rule at its end: it may have been
 * cancelled, and no await gave its value. */
static inline bool ends_unseen(const struct inquiry *inquiry, int instance)
{
    return !inquiry->lives[instance].awaited_ok && may_be_cancelled(inquiry, instance);
}

/* ---- Facts that are gathered: facts.c ---- */

/* Mark the instances that may have been cancelled. Needs all operations on promises. */
void mark_condemned(struct inquiry *inquiry);

/* Find the last event of each instance and of all below it. Needs the finalisers. */
void find_last_events(struct inquiry *inquiry);

#endif
