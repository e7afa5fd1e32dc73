/* trail.h: a run of a program as it was observed, followed through the model: whether the model has
 * a way on which it shows the same. If not, the event is wrong that no way reaches.
 *
 * Events of one domain happen in their order. What one domain does and another reports in between
 * may be the other way round: an operation has happened between the last event of its domain and
 * its own report. */
#ifndef MODEL_TRAIL_H
#define MODEL_TRAIL_H

#include "scenario/program.h"

/* What is seen of a run. */
enum sight_kind {
    SIGHT_SPAWN, /* an operation is about to spawn a child */
    SIGHT_BEGIN,
    SIGHT_DID,
    SIGHT_PRINT,
    SIGHT_FINALISE,
    SIGHT_END,
    SIGHT_RUN,
    SIGHT_PART, /* an operation is about to execute a part, or a callback begins */
    SIGHT_OTHER /* nothing that the model has to say anything about */
};

struct sight {
    enum sight_kind kind;
    int instance;             /* whose event; finalise: that has created the resource; run: -1 */
    int operation;            /* spawn, did: a place in program.operations; else -1 */
    int child;                /* spawn, part: the instance; else -1 */
    int domain;               /* begin, finalise; else -1 */
    int name;                 /* print: a word; finalise: a resource; else -1 */
    struct outcomes outcomes; /* did, run */
};

/* An instance that was seen. */
enum cause { CAUSE_SPAWN, CAUSE_PART, CAUSE_CALLBACK };

struct sighted {
    int task;
    int number;       /* among those of its task, from 1 */
    enum cause cause; /* main: spawn */
    int parent;       /* spawn, part: whose operation it was; else -1 */
    int operation;    /* that it was; main: -1 */
};

enum trail_end {
    TRAIL_ALLOWED, /* up to its last event */
    TRAIL_WRONG,
    TRAIL_LOST, /* there are too many states, */
    TRAIL_FULL  /* or one is too large: there are too many tasks at a time, or other things */
};

enum {
    TRAIL_STEPS_MAX = 10000000, /* that are usually tried of one run, each counted for each of its
                                  tasks */
    TRAIL_BYTES_MAX = 64 << 20  /* of states that are still to be looked at */
};

struct trail {
    enum trail_end end;
    int at;           /* wrong, lost: the number of the event that was not reached */
    char *allowed;    /* wrong: what could have happened instead, with rules; to be freed */
    char *state;      /* wrong: a state before it: each task and what it waits for; to be freed */
    const char *rule; /* wrong: the rule of what happened */
    uint64_t steps;   /* that were tried, for each task */
    uint32_t offered; /* freedoms that the run could take, a bit each */
    uint32_t taken;   /* allowed: those that it has taken on the first way that was found */
};

/* What of the program the model does not know, a word or what a trace cannot tell it; NULL:
 * nothing. */
const char *trail_lacks(const struct program *program);

/* How a run was executed. */
struct manner {
    int choices; /* that it was steered by; -1: it was not steered */
    int beyond;  /* how many events come before the answer that is out of range; -1: no answer is */
    bool ends;
    uint64_t steps; /* that are tried at most, such as TRAIL_STEPS_MAX */
};

/* Follow events of a program that the model knows. The first instance is main. */
struct trail trail_follow(const struct program *program, struct manner manner,
                          const struct sight *sights, int count, const struct sighted *sighted,
                          int sighted_count);
void trail_free(struct trail *trail);

#endif
