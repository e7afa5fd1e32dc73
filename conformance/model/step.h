/* step.h: one step of a run, which the files of this room write together. A step is executed on a
 * copy of the state. Wherever the rules leave something open it asks `pick`, and is executed anew
 * for each answer. */
#ifndef MODEL_STEP_H
#define MODEL_STEP_H

#include "freedoms.h"
#include "lists.h"
#include "state.h"

/* What an observer of the run sees. Only a trail sees a spawn, and that a task will never begin. */
enum event_kind {
    EVENT_BEGIN,
    EVENT_END,
    EVENT_PRINT,
    EVENT_FINALISE,
    EVENT_DID,
    EVENT_SPAWN,
    EVENT_NEVER
};

/* Whether it is a line of a trace. */
static inline bool is_shown(enum event_kind kind)
{
    return kind != EVENT_SPAWN && kind != EVENT_NEVER;
}

struct event {
    enum event_kind kind;
    int which;    /* a task, a word, the name of a resource, or an operation of the program */
    uint8_t unit; /* that it is of */
    uint8_t domain;
    uint16_t instance; /* of the unit; finalise: that has created the resource */
    uint32_t list;     /* did: its outcomes; spawn: how many the operation has spawned before */
};

/* When sleeps are over that a program may call endless, see moves.h. */
enum long_sleeps {
    LONG_LAST,     /* if nothing else can happen, and after all that are shorter */
    LONG_AT_REST,  /* if no task can go on */
    LONG_ANY_TIME, /* as shorter ones */
    LONG_NEVER
};

enum { PICKS_MAX = 64, EVENTS_MAX = 2 * MODEL_UNITS_MAX };

/* A program as the model executes it. */
struct model {
    const struct program *program;
    struct lists *lists;
    uint16_t most_posts[PROGRAM_TASKS_MAX]; /* of each flag that anything waits for */
    bool late[PROGRAM_LINES_MAX]; /* operations whose end and its report are two steps, since an
                                     expectation orders the report */
    bool late_ends[PROGRAM_TASKS_MAX]; /* tasks whose end and its report are two steps likewise */
    bool unseen[PROGRAM_TASKS_MAX];    /* words that no expectation names */
    bool transfers;                    /* an operation is a transfer */
    bool acts;                         /* an operation attaches an action */
    bool frees;                        /* one frees a trigger or a computation, and there are
                                          several domains */
    enum long_sleeps long_sleeps;
    bool apart;                  /* each operation is a step of its own */
    bool without[FREEDOM_KINDS]; /* freedoms that are not taken: always the first branch */
    bool used[FREEDOM_KINDS];    /* those that left a step more than one branch */
    int (*choose)(void *chooser, enum freedom freedom, int count); /* the answer of a pick that is
                                                                      not known; NULL: the first */
    void *chooser;
    struct event events[EVENTS_MAX]; /* of the last step */
};

struct step {
    struct model *model;
    const struct program *program;
    struct state *state;
    uint8_t domain;   /* that executes it */
    unsigned held;    /* domains that execute nothing now, a bit each; they hear of things */
    unsigned mute;    /* domains of which no other hears that a task has ended, likewise */
    const int *begun; /* by which event each instance is seen to begin, -1: by none; NULL: that is
                         not known */
    bool never;       /* what is not seen to begin never will */
    bool beyond;      /* an answer is out of range now */
    uint8_t focus;    /* the domain, from 1, that alone may do anything; 0: all may */
    uint8_t told;  /* the unit, from 1, of which that domain has just heard that it is cancelled, if
                      only what depends on that may come next; 0: anything may */
    uint8_t heard; /* it is only that a domain, from 1, has heard of something that concerns no
                      other domain; 0: it is more than that */
    uint8_t ready; /* likewise: what it has heard is that this unit, from 1, is ready */
    uint8_t
        cancelled; /* likewise: that this unit, from 1, is cancelled, though nobody else can tell */
    uint32_t taken; /* a bit for each freedom for which it did not take the first branch */
    uint16_t picks[PICKS_MAX];
    uint16_t counts[PICKS_MAX];
    int pick_count;
    int picks_known;
    struct event *events; /* in the model, up to its next step */
    int event_count;
};

/* One of count alternatives, 1 or more; the first is what a plain runtime does. */
int pick(struct step *step, enum freedom freedom, int count);

/* Whether a runtime uses a freedom here. */
static inline bool may(struct step *step, enum freedom freedom)
{
    return pick(step, freedom, 2) == 1;
}

void emit(struct step *step, enum event_kind kind, int which, uint8_t unit, uint32_t list);

/* The same, of another instance than the unit's. */
void emit_of(struct step *step, enum event_kind kind, int which, uint8_t unit, uint16_t instance,
             uint32_t list);

static inline struct unit *unit_of(struct step *step, uint8_t unit)
{
    return &step->state->units[unit];
}

/* Make a unit ready, on its own domain at once, on another when that hears of it [R1.21]. `with`:
 * by the same event as the one before. */
void make_ready(struct step *step, uint8_t unit, bool with);

/* ---- An operation in a task's turn ---- */

struct turn {
    struct step *step;
    struct state *state;
    uint8_t task;  /* whose turn it is */
    uint8_t frame; /* the task, or the part of it that it executes: whose names are known */
    struct unit *self;
    struct unit *unit; /* of the frame */
    const struct operation *operation;
};

/* The operation has, or has once more, an outcome. */
void note(struct turn *turn, struct outcome outcome);
void note_kind(struct turn *turn, enum outcome_kind kind);

/* The task waits, and goes on with its operation at that stage. */
void turn_waits(struct turn *turn, enum wait wait, uint8_t on, int stage);

/* It lets others run, and goes on with its operation at that stage. */
void turn_yields(struct turn *turn, int stage);

/* A call that need not wait may let others run all the same, again and again, and is at that stage
 * meanwhile. Returns whether it does. */
bool turn_suspends(struct turn *turn, int stage);

/* A task of the program is executed as a part of the operation, which goes on at that stage. */
void begin_part(struct turn *turn, int task, int stage);

/* It is executed as a callback in the innermost part of a task. */
void begin_callback(struct step *step, uint8_t unit, int task);

/* What the operation's name stands for; NO_ONE: nothing, as NULL. */
uint8_t named(const struct turn *turn);

/* One of the errors of a set, a bit each. */
enum outcome_kind pick_error(struct turn *turn, uint64_t errors);

static inline uint64_t error(enum outcome_kind kind)
{
    return (uint64_t)1 << kind;
}

static inline bool is_cancelled(const struct turn *turn)
{
    return turn->self->cancel == CANCEL_YES;
}

#endif
