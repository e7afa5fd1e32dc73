/* monitors_children.c: what happens to promises. A promise name belongs to the whole scenario, so
 * which child it stands for is known only where nobody else can have bound it meanwhile; where it
 * is not known, nothing is concluded from it. */
#include "inquiry.h"

#include <stdlib.h>
#include <string.h>

/* ---- What a name stands for ---- */

/* A promise under some name: of a child that is known, or of one that care handed out. */
struct slot {
    int child; /* -1: it is not known which */
    int owner; /* whose promise it is */
    /* The rest only if the child is not known: else it is in the child's life. */
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

/* All that was ever bound to a name. */
struct bindings {
    struct binding *of; /* in the order of the trace */
    int count;
    int room;
    int binder; /* the instance that binds it; -1: none, -2: several */
    int domain; /* where they all are; -2: on several */
};

struct promises {
    struct inquiry *inquiry;
    struct slot *slots;
    int slot_count;
    int slot_room;
    struct bindings names[PROGRAM_TASKS_MAX];
};

enum { NOBODY = -1, SEVERAL = -2 };

static bool grow(void *array, int count, int *room, size_t size)
{
    void *old, *larger;

    if (count < *room)
        return true;
    memcpy(&old, array, sizeof old);
    *room = *room > 0 ? 2 * *room : 16;
    larger = realloc(old, (size_t)*room * size);
    if (larger != NULL)
        memcpy(array, &larger, sizeof larger);
    return larger != NULL;
}

static bool add_slot(struct promises *promises, int child, int owner)
{
    if (!grow(&promises->slots, promises->slot_count, &promises->slot_room,
              sizeof *promises->slots))
        return false;
    promises->slots[promises->slot_count++] = (struct slot){.child = child, .owner = owner};
    return true;
}

/* The children that a spawn made, in order: its spawn events, found from the last. */
static bool add_children(struct promises *promises, int did)
{
    struct inquiry *inquiry = promises->inquiry;
    const struct event *events = inquiry->trace->events;
    int first = promises->slot_count, last;

    for (int event = inquiry->before[did]; event >= 0 && events[event].kind == EVENT_SPAWN &&
                                           events[event].operation == events[did].operation;
         event = inquiry->before[event])
        if (inquiry->lives[events[event].child].birth == BIRTH_SPAWNED &&
            !add_slot(promises, events[event].child, events[did].instance))
            return false;
    last = promises->slot_count - 1;
    for (; first < last; first++, last--) {
        struct slot slot = promises->slots[first];

        promises->slots[first] = promises->slots[last];
        promises->slots[last] = slot;
    }
    return true;
}

static bool hands_out(struct outcome outcome)
{
    return outcome.kind == OUTCOME_ENDED || outcome.kind == OUTCOME_TAKEN;
}

static bool add_cared(struct promises *promises, int did)
{
    const struct event *event = &promises->inquiry->trace->events[did];
    struct outcomes list = event->outcomes;
    size_t count = list.count;

    if (count == 1)
        count = (size_t)operation_of(promises->inquiry, did)->repeat;
    for (size_t i = 0; i < count; i++)
        if (hands_out(member(list, (int)i)) && !add_slot(promises, -1, event->instance))
            return false;
    return true;
}

static bool add_binding(struct promises *promises, int did)
{
    struct inquiry *inquiry = promises->inquiry;
    const struct operation *operation = operation_of(inquiry, did);
    struct bindings *name = &promises->names[operation->bind];
    int instance = inquiry->trace->events[did].instance, first = promises->slot_count;
    int domain = inquiry->lives[instance].domain;
    bool spawns = operation_has(operation->kind, OPERATION_SPAWNS);

    if (!(spawns ? add_children(promises, did) : add_cared(promises, did)) ||
        !grow(&name->of, name->count, &name->room, sizeof *name->of))
        return false;
    if (name->count == 0)
        name->domain = domain;
    name->of[name->count++] = (struct binding){did, first, promises->slot_count - first};
    name->binder = name->binder == NOBODY || name->binder == instance ? instance : SEVERAL;
    name->domain = name->domain == domain ? domain : SEVERAL;
    return true;
}

static bool bind_all(struct promises *promises)
{
    const struct trace *trace = promises->inquiry->trace;

    for (int i = 0; i < PROGRAM_TASKS_MAX; i++)
        promises->names[i].binder = NOBODY;
    for (int i = 0; i < trace->event_count; i++)
        if (trace->events[i].kind == EVENT_DID && operation_of(promises->inquiry, i)->bind >= 0 &&
            !add_binding(promises, i))
            return false;
    return true;
}

/* What the name stood for when the operation began that `did` tells of. A task goes on without
 * pause from its event before to that operation, so a binding on its domain came before that event
 * or after the operation had begun. False: it cannot be told. */
static bool look_up(const struct promises *promises, int did, struct binding *binding)
{
    const struct inquiry *inquiry = promises->inquiry;
    const struct operation *operation = operation_of(inquiry, did);
    const struct bindings *name = &promises->names[operation->name];
    int instance = inquiry->trace->events[did].instance, low = 0, high = name->count;
    bool own = name->binder == NOBODY || name->binder == instance;

    if (!own && name->domain != inquiry->lives[instance].domain)
        return false;
    while (low < high) {
        int middle = (low + high) / 2;

        if (name->of[middle].event <= inquiry->before[did])
            low = middle + 1;
        else
            high = middle;
    }
    *binding = low > 0 ? name->of[low - 1] : (struct binding){-1, 0, 0};
    return own || (operation->repeat == 1 && binding->count <= 1);
}

/* ---- One promise ---- */

/* An operation on one promise. */
struct attempt {
    int event;
    int instance;
    const struct operation *operation;
    struct outcome outcome;
};

/* Whether a task can end so. Without memory for its stack it ends before it has begun. */
static bool is_ending(struct outcome outcome)
{
    return outcome.kind == OUTCOME_OK || outcome.kind == OUTCOME_FAILED ||
           outcome.kind == OUTCOME_CANCELLED || outcome.kind == OUTCOME_NO_MEMORY;
}

static bool succeeds(const struct attempt *attempt)
{
    return attempt->operation->kind == OP_AWAIT ? is_ending(attempt->outcome)
                                                : is_ok(attempt->outcome);
}

static void wrong(struct promises *promises, const char *rule, const struct attempt *attempt,
                  char *expected)
{
    struct inquiry *inquiry = promises->inquiry;

    find(inquiry, rule, attempt->operation->line, expected,
         text("%s came to %s in %s", operation_word(attempt->operation->kind),
              outcome_phrase(inquiry, attempt->outcome).text,
              event_phrase(inquiry, attempt->event).text));
}

static const char *stranger_rule(enum operation_kind kind)
{
    return kind == OP_AWAIT ? "R2.6" : kind == OP_CANCEL ? "R2.7" : "R2.15";
}

static void stranger(struct promises *promises, const struct attempt *attempt)
{
    wrong(promises, stranger_rule(attempt->operation->kind), attempt,
          text("not-a-child: the promise is not one of task %s",
               task_phrase(promises->inquiry, attempt->instance).text));
}

/* Whether an outcome that await gave is how the child ended. */
static void check_outcome(struct promises *promises, const struct attempt *attempt, int child)
{
    struct inquiry *inquiry = promises->inquiry;
    struct life *life = &inquiry->lives[child];
    int ended = inquiry->trace->instances[child].ended;

    if (attempt->outcome.kind == OUTCOME_CANCELLED) {
        /* Who else may have cancelled it is known only later. */
        if (!life->asked && life->unasked < 0)
            life->unasked = attempt->event;
        return;
    }
    life->awaited_ok = life->awaited_ok || is_ok(attempt->outcome);
    if (attempt->outcome.kind == OUTCOME_NO_MEMORY && life->ending == ENDING_NONE)
        return;
    if (life->cancelled)
        wrong(promises, "R2.13", attempt,
              text("cancelled: task %s was cancelled before", task_phrase(inquiry, child).text));
    else if (ended < 0 || ended > attempt->event)
        wrong(promises, "R2.9", attempt,
              text("task %s ends before its await returns", task_phrase(inquiry, child).text));
    else if (life->ending == ENDING_STOPPED)
        wrong(promises, "R2.14", attempt,
              text("cancelled: task %s was stopped", task_phrase(inquiry, child).text));
    else if (!outcome_equal(life->result, attempt->outcome))
        wrong(promises, "R2.4", attempt,
              text("%s, as task %s ended", outcome_phrase(inquiry, life->result).text,
                   task_phrase(inquiry, child).text));
}

/* The same of a child that is not known: it cannot change, unless by a cancel. */
static void check_again(struct promises *promises, const struct attempt *attempt, struct slot *slot)
{
    struct inquiry *inquiry = promises->inquiry;
    const struct life *owner = &inquiry->lives[slot->owner];
    bool cancelled = attempt->outcome.kind == OUTCOME_CANCELLED;

    if (slot->cancelled && !cancelled)
        wrong(promises, "R2.13", attempt, text("cancelled: it was cancelled before"));
    else if (slot->has_outcome && !outcome_equal(slot->outcome, attempt->outcome) &&
             !(cancelled && (slot->cancelled || owner->cancels)))
        wrong(
            promises, "R2.5", attempt,
            text("%s, as when it was awaited before", outcome_phrase(inquiry, slot->outcome).text));
    slot->has_outcome = true;
    slot->outcome = attempt->outcome;
}

static void settle(struct promises *promises, const struct attempt *attempt, struct slot *slot)
{
    struct inquiry *inquiry = promises->inquiry;
    struct life *owner = &inquiry->lives[slot->owner], *life;
    int spawned;

    if (slot->child < 0) {
        owner->settled_cared += !slot->settled;
        slot->settled = true;
        return;
    }
    life = &inquiry->lives[slot->child];
    if (life->settled)
        return;
    life->settled = true;
    life->settled_at = attempt->event;
    spawned = inquiry->trace->instances[slot->child].spawned;
    owner->settled_orphans += operation_of(inquiry, spawned)->orphans >= 0;
}

static void mark_cancelled(struct promises *promises, struct slot *slot)
{
    struct life *owner = &promises->inquiry->lives[slot->owner];

    owner->cancels = true;
    if (slot->child < 0) {
        owner->cancels_unknown = true;
        slot->cancelled = true;
    } else {
        promises->inquiry->lives[slot->child].asked = true;
        promises->inquiry->lives[slot->child].cancelled = true;
    }
}

/* Whether a child may have been settled, or its promise given back, under a name that does not tell
 * which child it is; or, of one that care handed out, under another name. */
static bool may_be_settled(const struct promises *promises, const struct slot *slot)
{
    const struct life *owner = &promises->inquiry->lives[slot->owner];

    if (slot->child < 0)
        return slot->settled || owner->settled_orphans > 0 || owner->settles_unknown;
    return promises->inquiry->lives[slot->child].settled || owner->settled_cared > 0 ||
           owner->settles_unknown;
}

static bool is_settled(const struct promises *promises, const struct slot *slot)
{
    return slot->child < 0 ? slot->settled : promises->inquiry->lives[slot->child].settled;
}

static bool is_freed(const struct promises *promises, const struct slot *slot)
{
    return slot->child < 0 ? slot->freed : promises->inquiry->lives[slot->child].freed;
}

static bool may_be_freed(const struct promises *promises, const struct slot *slot)
{
    const struct life *owner = &promises->inquiry->lives[slot->owner];

    return is_freed(promises, slot) || (slot->child < 0 ? owner->frees : owner->frees_unknown);
}

static void give_back(struct promises *promises, const struct attempt *attempt, struct slot *slot)
{
    struct life *owner = &promises->inquiry->lives[slot->owner];

    if (!may_be_settled(promises, slot))
        wrong(promises, "R2.15", attempt, text("busy: the child is neither awaited nor cancelled"));
    owner->frees = true;
    if (slot->child < 0) {
        owner->frees_unknown = true;
        slot->freed = true;
    } else {
        promises->inquiry->lives[slot->child].freed = true;
    }
}

static void success(struct promises *promises, const struct attempt *attempt, struct slot *slot)
{
    if (is_freed(promises, slot)) {
        wrong(promises, "R2.11", attempt, text("invalid: the promise has been given back"));
        return;
    }
    switch (attempt->operation->kind) {
    case OP_FREE:
        give_back(promises, attempt, slot);
        return;
    case OP_CANCEL:
        mark_cancelled(promises, slot);
        break;
    default:
        if (slot->child < 0)
            check_again(promises, attempt, slot);
        else
            check_outcome(promises, attempt, slot->child);
    }
    settle(promises, attempt, slot);
}

static void failure(struct promises *promises, const struct attempt *attempt, struct slot *slot)
{
    struct inquiry *inquiry = promises->inquiry;

    if (attempt->outcome.kind == OUTCOME_STOPPED) {
        if (attempt->operation->kind == OP_CANCEL && slot->child >= 0)
            inquiry->lives[slot->child].asked = true;
        else if (attempt->operation->kind == OP_CANCEL)
            inquiry->lives[slot->owner].cancels_unknown = true;
        return;
    }
    if (may_be_freed(promises, slot))
        return;
    if (attempt->operation->kind != OP_FREE)
        wrong(promises, attempt->operation->kind == OP_AWAIT ? "R2.4" : "R2.12", attempt,
              text("no error: the child is one of task %s",
                   task_phrase(inquiry, attempt->instance).text));
    else if (is_settled(promises, slot))
        wrong(promises, "R2.15", attempt, text("ok: the child was awaited or cancelled"));
    else if (!may_be_settled(promises, slot) && attempt->outcome.kind != OUTCOME_BUSY)
        wrong(promises, "R2.15", attempt, text("busy: the child is neither awaited nor cancelled"));
}

static void try_slot(struct promises *promises, const struct attempt *attempt, struct slot *slot)
{
    if (slot->owner != attempt->instance) {
        if (succeeds(attempt))
            stranger(promises, attempt);
    } else if (succeeds(attempt)) {
        success(promises, attempt, slot);
    } else {
        failure(promises, attempt, slot);
    }
}

/* ---- Operations on promises ---- */

/* The name may stand for promises of the task, or of others. */
static void try_unknown(struct promises *promises, struct attempt *attempt, struct outcomes list)
{
    const struct bindings *name = &promises->names[attempt->operation->name];
    struct life *life = &promises->inquiry->lives[attempt->instance];
    bool any = false;

    for (size_t i = 0; i < list.count && !any; i++) {
        attempt->outcome = list.of[i];
        any = succeeds(attempt);
    }
    if (any && name->binder != SEVERAL) {
        stranger(promises, attempt);
    } else if (attempt->operation->kind == OP_FREE) {
        life->frees = life->frees || any;
        life->frees_unknown = life->frees_unknown || any;
    } else {
        life->settles_unknown = life->settles_unknown || any;
        if (attempt->operation->kind == OP_CANCEL)
            life->cancels = life->cancels_unknown = true;
    }
}

static void try_null(struct promises *promises, struct attempt *attempt, struct outcomes list)
{
    for (size_t i = 0; i < list.count; i++) {
        attempt->outcome = list.of[i];
        if (succeeds(attempt)) {
            wrong(promises, "R2.11", attempt, text("invalid: the name stands for no promise"));
            return;
        }
    }
}

/* A folded list says the same of each promise, and of each turn; the second turn is like all that
 * follow. One that is stopped ends there. */
static void try_all(struct promises *promises, struct attempt *attempt, struct outcomes list,
                    struct binding binding)
{
    long turns = attempt->operation->repeat, count = (long)list.count;

    if (count == 1 && list.of[0].kind != OUTCOME_STOPPED)
        count = (turns < 2 ? turns : 2) * binding.count;
    for (long k = 0; k < count; k++) {
        attempt->outcome = member(list, (int)k);
        try_slot(promises, attempt, &promises->slots[binding.first + k % binding.count]);
    }
}

static void try_promises(struct promises *promises, int did)
{
    const struct event *event = &promises->inquiry->trace->events[did];
    struct attempt attempt = {did, event->instance, operation_of(promises->inquiry, did), {0}};
    struct binding binding;

    if (!look_up(promises, did, &binding))
        try_unknown(promises, &attempt, event->outcomes);
    else if (binding.count == 0)
        try_null(promises, &attempt, event->outcomes);
    else
        try_all(promises, &attempt, event->outcomes, binding);
}

/* What parallel gave is what an await of each of its children would have given. */
static void try_parallel(struct promises *promises, int did)
{
    struct inquiry *inquiry = promises->inquiry;
    const struct event *events = inquiry->trace->events;
    struct outcomes list = events[did].outcomes;
    struct attempt attempt = {did, events[did].instance, operation_of(inquiry, did), {0}};
    int event = inquiry->before[did];

    for (long k = (long)list.count - 1; k >= 0; k--, event = inquiry->before[event]) {
        struct slot slot = {.owner = attempt.instance};

        if (event < 0 || events[event].kind != EVENT_SPAWN ||
            events[event].operation != events[did].operation)
            return;
        slot.child = events[event].child;
        attempt.outcome = list.of[k];
        if (inquiry->lives[slot.child].birth != BIRTH_SPAWNED)
            continue;
        if (is_ending(attempt.outcome))
            check_outcome(promises, &attempt, slot.child);
        else
            wrong(promises, "R4.9", &attempt,
                  text("how task %s ended", task_phrase(inquiry, slot.child).text));
        settle(promises, &attempt, &slot);
    }
}

static void count_forgotten(struct inquiry *inquiry)
{
    for (int i = 1; i < inquiry->trace->instance_count; i++) {
        const struct instance *which = &inquiry->trace->instances[i];
        struct life *parent = &inquiry->lives[which->parent];

        if (inquiry->lives[i].birth != BIRTH_SPAWNED || inquiry->lives[i].settled)
            continue;
        parent->forgotten++;
        parent->a_forgotten = i;
        parent->forgotten_orphans += operation_of(inquiry, which->spawned)->orphans >= 0;
    }
}

void monitor_promises(struct inquiry *inquiry)
{
    struct promises promises = {.inquiry = inquiry};
    const struct trace *trace = inquiry->trace;

    if (!bind_all(&promises))
        inquiry->no_memory = true;
    for (int i = 0; i < trace->event_count && !inquiry->no_memory; i++) {
        enum operation_kind kind;

        if (trace->events[i].kind != EVENT_DID)
            continue;
        kind = operation_of(inquiry, i)->kind;
        if (kind == OP_AWAIT || kind == OP_CANCEL || kind == OP_FREE)
            try_promises(&promises, i);
        else if (kind == OP_PARALLEL)
            try_parallel(&promises, i);
        else if (kind == OP_AWAIT_ALL || kind == OP_AWAIT_ONE || kind == OP_AWAIT_FIRST ||
                 kind == OP_GET) {
            struct life *life = &inquiry->lives[trace->events[i].instance];

            life->settles_unknown = life->frees = life->frees_unknown = true;
            life->cancels = life->cancels_unknown = true;
        }
    }
    count_forgotten(inquiry);
    free(promises.slots);
    for (int i = 0; i < PROGRAM_TASKS_MAX; i++)
        free(promises.names[i].of);
}

/* ---- Nothing happens after the end ---- */

static int later(int a, int b)
{
    return a > b ? a : b;
}

/* From the youngest up: children have higher numbers than their parents. */
static void find_lasts(struct inquiry *inquiry, int *below)
{
    const struct trace *trace = inquiry->trace;

    for (int i = 0; i < trace->instance_count; i++)
        below[i] = -1;
    for (int i = 0; i < trace->event_count; i++)
        if (trace->events[i].instance >= 0)
            inquiry->lives[trace->events[i].instance].last = i;
    for (int i = trace->instance_count - 1; i >= 0; i--) {
        struct life *life = &inquiry->lives[i];
        int parent = trace->instances[i].parent;

        life->last = later(later(life->last, life->last_final), below[i]);
        if (parent >= 0)
            below[parent] = later(below[parent], life->last);
    }
}

/* Nothing of a task, and nothing below it, after its await or cancel. */
static void monitor_end(struct inquiry *inquiry, int instance)
{
    const struct life *life = &inquiry->lives[instance];
    const struct event *last;
    const struct operation *operation;
    const char *rule = "R2.9";

    if (life->last < life->settled_at)
        return;
    last = &inquiry->trace->events[life->last];
    operation = operation_of(inquiry, life->settled_at);
    if (last->kind == EVENT_FINALISE)
        rule = operation->kind == OP_CANCEL ? "R5.7" : "R5.6";
    find(inquiry, rule, operation->line,
         text("nothing of task %s, nor below it, after %s", task_phrase(inquiry, instance).text,
              event_phrase(inquiry, life->settled_at).text),
         text("%s", event_phrase(inquiry, life->last).text));
}

void monitor_ends(struct inquiry *inquiry)
{
    int *below = malloc((size_t)inquiry->trace->instance_count * sizeof *below);

    if (below == NULL) {
        inquiry->no_memory = true;
        return;
    }
    find_lasts(inquiry, below);
    for (int i = 0; i < inquiry->trace->instance_count; i++) {
        const struct life *life = &inquiry->lives[i];
        int parent = inquiry->trace->instances[i].parent;

        monitor_end(inquiry, i);
        if (life->first_final < below[i])
            find(inquiry, "R5.25", 0,
                 text("the children of task %s end before what it owns is finalised",
                      task_phrase(inquiry, i).text),
                 text("%s, but then %s", event_phrase(inquiry, life->first_final).text,
                      event_phrase(inquiry, below[i]).text));
        if (life->unasked >= 0 && !may_be_cancelled(inquiry, parent) &&
            !inquiry->lives[parent].cancels_unknown)
            find(inquiry, "R2.4", operation_of(inquiry, life->unasked)->line,
                 text("how task %s ended: nobody had cancelled it", task_phrase(inquiry, i).text),
                 text("%s", event_phrase(inquiry, life->unasked).text));
    }
    free(below);
}

/* ---- Orphanages ---- */

struct orphanage {
    int made;   /* times */
    int maker;  /* instance */
    int since;  /* event */
    int *lasts; /* of each child in it: its last event; in order */
    int kept;   /* children that were spawned with it, so far */
    int handed; /* of them handed out, so far */
};

static int compare_ints(const void *a, const void *b)
{
    int first = *(const int *)a, second = *(const int *)b;

    return first < second ? -1 : first > second;
}

/* Of an orphanage that is made once, gather when its children ended. */
static bool gather_orphans(struct inquiry *inquiry, struct orphanage *orphanages)
{
    const struct trace *trace = inquiry->trace;
    int room[PROGRAM_TASKS_MAX] = {0};

    for (int i = 1; i < trace->instance_count; i++) {
        int o = operation_of(inquiry, trace->instances[i].spawned)->orphans;
        struct orphanage *orphanage = &orphanages[o >= 0 ? o : 0];

        if (o < 0 || inquiry->lives[i].birth != BIRTH_SPAWNED || orphanage->made != 1 ||
            orphanage->maker != trace->instances[i].parent ||
            orphanage->since > trace->instances[i].spawned)
            continue;
        if (!grow(&orphanage->lasts, orphanage->kept, &room[o], sizeof *orphanage->lasts))
            return false;
        orphanage->lasts[orphanage->kept++] = inquiry->lives[i].last;
    }
    for (int i = 0; i < PROGRAM_TASKS_MAX; i++) {
        if (orphanages[i].kept > 0)
            qsort(orphanages[i].lasts, (size_t)orphanages[i].kept, sizeof(int), compare_ints);
        orphanages[i].kept = 0;
    }
    return true;
}

static void wrong_care(struct inquiry *inquiry, int did, const char *rule, char *expected)
{
    find(inquiry, rule, operation_of(inquiry, did)->line, expected,
         text("%s", event_phrase(inquiry, did).text));
}

static void check_care(struct inquiry *inquiry, int did, struct outcome outcome,
                       struct orphanage *orphanage)
{
    int left = orphanage->kept - orphanage->handed;

    if (outcome.kind == OUTCOME_EMPTY && left > 0)
        wrong_care(inquiry, did, "R3.2", text("running or ended: %d in the orphanage", left));
    else if (outcome.kind == OUTCOME_RUNNING && left <= 0)
        wrong_care(inquiry, did, "R3.1", text("empty: all were handed out"));
    else if (outcome.kind == OUTCOME_ENDED && left <= 0)
        wrong_care(inquiry, did, "R3.4", text("empty: all of %d were handed out", orphanage->kept));
    else if (outcome.kind == OUTCOME_ENDED && orphanage->lasts[orphanage->handed] > did)
        wrong_care(inquiry, did, "R3.3", text("running: no further child has ended"));
    if (outcome.kind == OUTCOME_ENDED && left > 0)
        orphanage->handed++;
}

static bool is_care(struct outcome outcome)
{
    return outcome.kind == OUTCOME_EMPTY || outcome.kind == OUTCOME_RUNNING ||
           outcome.kind == OUTCOME_ENDED;
}

static void try_care(struct inquiry *inquiry, int did, struct orphanage *orphanage)
{
    const struct event *event = &inquiry->trace->events[did];
    const struct life *life = &inquiry->lives[event->instance];
    size_t count = event->outcomes.count;

    if (event->instance != orphanage->maker) {
        for (size_t i = 0; i < count; i++)
            if (is_care(event->outcomes.of[i])) {
                wrong_care(inquiry, did, "R3.7", text("invalid: the orphanage is another task's"));
                return;
            }
        return;
    }
    /* A promise that is given back leaves its orphanage, and it is not followed which that was. */
    if (life->frees)
        return;
    if (count == 1)
        count = (size_t)operation_of(inquiry, did)->repeat;
    for (size_t i = 0; i < count; i++)
        check_care(inquiry, did, member(event->outcomes, (int)i), orphanage);
}

static void try_keep(struct inquiry *inquiry, int did, struct orphanage *orphanage)
{
    const struct event *event = &inquiry->trace->events[did];

    if (event->instance == orphanage->maker) {
        if (orphanage->since < did)
            orphanage->kept += times_ok(inquiry, did);
    } else if (times_ok(inquiry, did) > 0 &&
               orphanage->since < inquiry->trace->instances[event->instance].begun) {
        wrong_care(inquiry, did, "R3.7", text("invalid: the orphanage is another task's"));
    }
}

void monitor_orphanages(struct inquiry *inquiry)
{
    struct orphanage orphanages[PROGRAM_TASKS_MAX] = {{0}};
    const struct trace *trace = inquiry->trace;

    for (int i = 0; i < trace->event_count; i++) {
        const struct operation *operation;

        if (trace->events[i].kind != EVENT_DID)
            continue;
        operation = operation_of(inquiry, i);
        if (operation->kind == OP_ORPHANS && times_ok(inquiry, i) > 0) {
            orphanages[operation->name].made += times_ok(inquiry, i);
            orphanages[operation->name].maker = trace->events[i].instance;
            orphanages[operation->name].since = i;
        }
    }
    if (!gather_orphans(inquiry, orphanages))
        inquiry->no_memory = true;
    for (int i = 0; i < trace->event_count && !inquiry->no_memory; i++) {
        const struct operation *operation;

        if (trace->events[i].kind != EVENT_DID)
            continue;
        operation = operation_of(inquiry, i);
        if (operation->kind == OP_CARE && orphanages[operation->name].made == 1)
            try_care(inquiry, i, &orphanages[operation->name]);
        else if (operation->orphans >= 0 && orphanages[operation->orphans].made == 1)
            try_keep(inquiry, i, &orphanages[operation->orphans]);
    }
    for (int i = 0; i < PROGRAM_TASKS_MAX; i++)
        free(orphanages[i].lasts);
}
