/* promises: what the promise names of a program stand for, and what becomes of the promises. */
#ifndef PROMISES_H
#define PROMISES_H

#include "variables.h"

enum { NOBODY = -1 };

/* A promise under some name: of a known child, or one that care handed out. */
struct slot {
    int child; /* -1: not known */
    int owner; /* the task that it belongs to */
    /* The rest counts only if the child is not known; otherwise see the child's life. */
    bool settled;
    bool cancelled;
    bool freed;
    bool has_outcome;
    struct outcome outcome;
};

/* One execution of an operation with `p =`. */
struct binding {
    int event;
    int first; /* slot */
    int count;
};

/* All bindings of a variable. */
struct bindings {
    struct binding *of; /* in the order of the trace */
    int count;
    int binder; /* the only task that binds it; NOBODY */
};

struct promises {
    struct inquiry *inquiry;
    struct slot *slots;
    int slot_count;
    int *listed; /* the slots that an operation is done to; -1: a name that stands for none */
    int listed_count;
    struct variables *variables;
    struct bindings *names; /* by variable */
};

/* Find all that is ever bound to each name. */
void promises_bind(struct promises *promises, struct inquiry *inquiry);
void promises_free(struct promises *promises);

/* List the promises that an operation is done to. False: it cannot be told which, and some of them
 * are another task's. */
bool promises_list(struct promises *promises, int did);

/* ---- One promise ---- */

/* An operation on one promise. */
struct use {
    int event;
    int instance; /* the task that uses it */
    const struct operation *operation;
    struct outcome outcome;
    const char *stranger_rule; /* broken if it succeeds with the promise of another task, */
    const char *own_rule;      /* or if it is refused with the task's own */
    /* Check what an operation says that only looks at a child; NULL: it settles or frees. */
    void (*look)(struct promises *promises, const struct use *use, int child);
};

/* Whether the operation did with the promise what it is for. */
bool use_succeeds(const struct use *use);

/* Report that the outcome of a use breaks a rule. */
void report_use(struct promises *promises, const char *rule, const struct use *use, char *expected);

/* Report that an operation succeeded with a promise of another task. */
void report_stranger(struct promises *promises, const struct use *use);

/* ---- What becomes of it ---- */

void settle_child(struct promises *promises, const struct use *use, struct slot *slot);
void mark_cancelled(struct promises *promises, struct slot *slot);

bool is_settled(const struct promises *promises, const struct slot *slot);
bool is_freed(const struct promises *promises, const struct slot *slot);

/* Whether a child may have been settled, or its promise given back, also under a name that does not
 * tell which child it is, or, if care handed the promise out, under another name. */
bool may_be_settled(const struct promises *promises, const struct slot *slot);
bool may_be_freed(const struct promises *promises, const struct slot *slot);

/* Note the children that get has taken out: they are awaited, and their promises given back. */
void note_taken(struct promises *promises, int did);

/* Note the children that are not settled. */
void count_forgotten(struct inquiry *inquiry);

/* ---- Operations on single promises: invariants_2_children.c ---- */

/* Whether an outcome that an await gave is how the child ended. */
void check_outcome(struct promises *promises, const struct use *use, int child);

/* An operation succeeded with a promise of its task. */
void check_success(struct promises *promises, const struct use *use, struct slot *slot);

/* An operation succeeded with a name that stands for no promise. */
void report_null(struct promises *promises, const struct use *use);

/* Check an operation on each of the promises that are listed. */
void check_each(struct promises *promises, struct use *use, struct outcomes list);

/* Whether any outcome of the list, which becomes that of the use, is a success. */
bool any_succeeds(struct use *use, struct outcomes list);

#endif
