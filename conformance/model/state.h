/* state.h: where a run of a program is, as one value. It has no pointers: everything is named by
 * its place in an array, so that a state is copied, compared and hashed as bytes. What is not used
 * is zero, and the lowest free place is taken first, so that equal states have equal bytes. */
#ifndef MODEL_STATE_H
#define MODEL_STATE_H

#include "scenario/program.h"

enum {
    MODEL_UNITS_MAX = 250,
    MODEL_RESOURCES_MAX = 200,
    MODEL_OBJECTS_MAX = 100,
    MODEL_BINDINGS_MAX = 500,
    MODEL_DOMAINS_MAX = 8, /* dom0 included */
    MODEL_WATCH_MAX = 128
};

/* Places that are none of the array's. */
enum {
    NO_ONE = 255,
    STALE = 254, /* of a name: what it stood for has ended */
    SHARED = 253 /* of a name: all tasks know it */
};

/* How an operation, a task or a run ended. */
struct ending {
    int kind; /* an enum outcome_kind */
    int value;
};

/* ---- Units: the executions of tasks ---- */

enum life {
    LIFE_NONE,    /* a free place */
    LIFE_SPAWNED, /* has not begun */
    LIFE_BEGUN,
    LIFE_RETURNED, /* its function has; children or finalisers are left */
    LIFE_ENDED
};

enum place {
    PLACE_NONE,    /* a part of a task; or it has ended */
    PLACE_COMING,  /* ready, but its domain has not heard of that */
    PLACE_READY,   /* in the queue of its domain */
    PLACE_CURRENT, /* what its domain executes */
    PLACE_WAITING  /* for what `wait` says */
};

enum wait {
    WAIT_NOTHING,
    WAIT_CHILDREN, /* in an operation on promises or an orphanage */
    WAIT_END,      /* its function has returned, and children have not ended */
    WAIT_START,    /* it is below a cancelled task, and will be cancelled before it begins */
    WAIT_PARENT,   /* it broke a rule, and its parent neither is cancelled nor cancels it */
    WAIT_RUN,      /* it is outside, and a run that it has begun has not ended */
    WAIT_SLEEP,
    WAIT_MUTEX, /* from here on `on` is an object, and `rank` the place in its queue */
    WAIT_CONDITION,
    WAIT_LAZY,
    WAIT_TRIGGER,
    WAIT_COMPUTATION
};

enum cancellation {
    CANCEL_NO,
    CANCEL_TOLD, /* it is to be cancelled, but its domain has not heard of that */
    CANCEL_YES
};

struct unit {
    struct ending ending; /* once it has returned */
    struct ending given;  /* by a part, to the operation that executes it */
    struct ending kept;   /* by the first of several parts */
    uint32_t list;        /* outcomes of its operation up to now, see lists.h */
    uint16_t at;          /* its operation, from the task's first */
    uint16_t each;        /* which of the promises of its operation is next */
    uint32_t round;       /* how often its operation has been done */
    uint16_t instance;    /* what a trail calls it, from 1; 0: no trail is followed */
    uint8_t life;
    uint8_t task;   /* of the program */
    uint8_t parent; /* the unit that spawned it */
    uint8_t domain;
    uint8_t place;
    uint8_t wait;
    uint8_t on;        /* what it waits for: an object, or a child */
    uint8_t rank;      /* its place in the queue that it is in, from 0 */
    uint8_t with;      /* the event that made it ready made the one before it ready, too */
    uint8_t cancel;    /* an enum cancellation */
    uint8_t stage;     /* of its operation; 0: it has not begun */
    uint8_t chosen;    /* of its operation: a child that it takes */
    uint8_t outer;     /* the unit that it is a part of */
    uint8_t inner;     /* the part that it executes */
    uint8_t orphanage; /* the object that keeps its promise */
    uint8_t number;    /* of a miou_parallel: which argument, from 1 */
    uint8_t mutex;     /* of its miou_condition_wait, and the condition, which may become STALE */
    uint8_t condition;
    bool quiet;   /* a callback, in which suspending is forbidden */
    bool stopped; /* its last operation was */
    bool settled;
    bool known; /* its parent's domain has heard that it has ended */
    bool broke; /* it has broken a rule that ends the run */
};

/* Whether a unit is a child of a task, which has not let go of it; the parts of an operation are
 * not. */
static inline bool is_child(const struct unit *unit, uint8_t task)
{
    return unit->life != LIFE_NONE && unit->parent == task && unit->outer == NO_ONE;
}

/* ---- What units have and use ---- */

enum resource_phase {
    RESOURCE_NONE,
    RESOURCE_UNOWNED,
    RESOURCE_OWNED,
    RESOURCE_MOVING /* transferred, and the parent, its `owner`, does not own it yet */
};

/* One that has ended is gone: its names are stale. */
struct resource {
    uint8_t phase;
    uint8_t owner;
    uint8_t rank;     /* among those of its owner and phase, the oldest first, from 0 */
    uint8_t name;     /* with which it was created */
    uint8_t task;     /* that its finaliser executes; NO_ONE: none */
    uint8_t from;     /* moving: the child that has transferred it */
    uint16_t creator; /* the instance that created it, as of a unit */
};

/* Orphanages and what chapter 9 is about, by the kinds of their names. One that was given back is
 * gone: its names are stale. */
struct object {
    struct ending ending; /* lazy, computation: once it is known */
    uint8_t kind;         /* an enum name_kind; 0 is a free place, as NAME_TASK is no object */
    uint8_t owner;        /* orphanage: its task; mutex: the holder; lazy: the task that computes;
                             computation: the frame whose call completes it */
    uint8_t task;         /* lazy: its function; trigger: its action */
    uint8_t by;         /* trigger, computation: the frame whose call has something left to do with
                           it, see objects.h */
    uint8_t to;         /* trigger: the computation that it is attached to */
    uint8_t from, into; /* trigger: a canceller's computations */
    bool done;          /* lazy: known; trigger: signalled; computation: complete */
};

/* What a name stands for. A promise name may have several, in this order. */
struct binding {
    uint8_t scope; /* the unit that knows it, or SHARED */
    uint8_t kind;
    uint8_t name;
    uint8_t what;
};

struct state {
    uint16_t units_used; /* places up to the last that is not free */
    uint16_t resources_used;
    uint16_t objects_used;
    uint16_t binding_count;
    uint16_t flag_count;
    uint16_t watch_size;
    uint8_t full;         /* there was no room for something: the state is not to be trusted */
    uint8_t over;         /* the run has ended */
    uint8_t early;        /* it ends early, with the code `ending` */
    uint8_t main;         /* of the run; outside a run, the same as `outside` */
    uint8_t outside;      /* the task that is executed outside the run; NO_ONE: none, or no more */
    uint8_t beyond;       /* an answer was out of range */
    struct ending ending; /* of the run */
    uint8_t current[MODEL_DOMAINS_MAX];
    uint16_t flags[PROGRAM_TASKS_MAX]; /* how often each was posted, as far as anything waits */
    uint8_t watch[MODEL_WATCH_MAX];    /* what an observer remembers, see watch.h */
    struct binding bindings[MODEL_BINDINGS_MAX];
    struct object objects[MODEL_OBJECTS_MAX];
    struct resource resources[MODEL_RESOURCES_MAX];
    struct unit units[MODEL_UNITS_MAX];
};

/* All that is in use of a state, one piece behind the other. `bytes` has room for STATE_BYTES_MAX.
 */
enum { STATE_BYTES_MAX = sizeof(struct state) };
size_t state_pack(const struct state *state, void *bytes);
void state_unpack(struct state *state, const void *bytes);
void state_copy(struct state *to, const struct state *from);

/* Of the bytes of a packed state; two states with the same hash are taken to be the same. */
struct hash {
    uint64_t a, b;
};
struct hash state_hash(const unsigned char *bytes, size_t size);

/* ---- Units ---- */

/* A new unit, without a place; NO_ONE: the state is full. */
uint8_t unit_create(struct state *state, int task, uint8_t parent, uint8_t domain);

/* A unit that is no child, ready on dom0, is main. */
void spawn_main(struct state *state, int task);

/* Forget the names that a unit knows, and what only those stood for. */
void names_drop(struct state *state, uint8_t unit);

/* Forget a unit that has ended; its promise is stale. */
void unit_drop(struct state *state, uint8_t unit);

/* The task that a unit is, or is a part of. */
uint8_t root_of(const struct state *state, uint8_t unit);

/* The part that a task executes, at its innermost; the task itself if it executes none. */
uint8_t innermost(const struct state *state, uint8_t task);

/* Put a unit at the end of a queue: of its domain, or of those that wait likewise. */
void queue_ready(struct state *state, uint8_t unit, bool with);
void queue_waiting(struct state *state, uint8_t unit, enum wait wait, uint8_t on);

/* Take it out of the queue that it is in. Its place is PLACE_NONE then. */
void unqueue(struct state *state, uint8_t unit);

/* The unit that waits for an object so, and has waited longest; NO_ONE: none does. */
uint8_t first_waiting(const struct state *state, enum wait wait, uint8_t on);

/* ---- Names ---- */

/* What a name stands for in a unit; NO_ONE: nothing. `which` counts what a promise name has. */
uint8_t name_value(const struct state *state, const struct program *program, uint8_t unit,
                   enum name_kind kind, int name, int which);

/* How many a name stands for. */
int count_of(const struct state *state, const struct program *program, uint8_t unit,
             enum name_kind kind, int name);

void clear_name(struct state *state, const struct program *program, uint8_t unit,
                enum name_kind kind, int name);

/* Bind it in addition to what it stands for already. */
void give_name(struct state *state, const struct program *program, uint8_t unit,
               enum name_kind kind, int name, uint8_t what);

/* ---- Resources and objects ---- */

uint8_t resource_create(struct state *state, int name, uint8_t task);
void resource_drop(struct state *state, uint8_t resource);

/* Give it another owner, of whom it is the newest. */
void resource_move(struct state *state, uint8_t resource, enum resource_phase phase, uint8_t owner);

/* The newest that a unit has in that phase, or the oldest; NO_ONE: it has none. */
uint8_t resource_newest(const struct state *state, enum resource_phase phase, uint8_t owner);
uint8_t resource_oldest(const struct state *state, enum resource_phase phase, uint8_t owner);

/* Nothing is left of a run but main. */
void drop_things(struct state *state);

uint8_t object_create(struct state *state, enum name_kind kind);
void object_end(struct state *state, uint8_t object);

#endif
