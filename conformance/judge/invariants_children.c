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
    int *listed; /* slots that an operation is done to; -1: a name that stands for none */
    int listed_count;
    int listed_room;
    struct bindings names[PROGRAM_TASKS_MAX];
};

enum { NOBODY = -1, SEVERAL = -2 };

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
            !add_slot(promises, events[event].child, actor(inquiry, did)))
            return false;
    last = promises->slot_count - 1;
    for (; first < last; first++, last--) {
        struct slot slot = promises->slots[first];

        promises->slots[first] = promises->slots[last];
        promises->slots[last] = slot;
    }
    return true;
}

static bool add_cared(struct promises *promises, int did)
{
    const struct event *event = &promises->inquiry->trace->events[did];
    struct outcomes list = event->outcomes;
    size_t count = list.count;

    if (count == 1)
        count = (size_t)operation_of(promises->inquiry, did)->repeat;
    for (size_t i = 0; i < count; i++)
        if (hands_out(member(list, (int)i)) &&
            !add_slot(promises, -1, actor(promises->inquiry, did)))
            return false;
    return true;
}

static bool add_binding(struct promises *promises, int did)
{
    struct inquiry *inquiry = promises->inquiry;
    const struct operation *operation = operation_of(inquiry, did);
    struct bindings *name = &promises->names[operation->bind];
    int instance = actor(inquiry, did), first = promises->slot_count;
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

/* What a name stood for when the operation began that `did` tells of. A task goes on without pause
 * from its event before to that operation, so a binding on its domain came before that event or
 * after the operation had begun. False: it cannot be told. */
static bool look_up(const struct promises *promises, int did, int which, struct binding *binding)
{
    const struct inquiry *inquiry = promises->inquiry;
    const struct operation *operation = operation_of(inquiry, did);
    const struct bindings *name = &promises->names[which];
    int instance = actor(inquiry, did), low = 0, high = name->count;
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

static bool list_slot(struct promises *promises, int slot)
{
    if (!grow(&promises->listed, promises->listed_count, &promises->listed_room,
              sizeof *promises->listed)) {
        promises->inquiry->no_memory = true;
        return false;
    }
    promises->listed[promises->listed_count++] = slot;
    return true;
}

/* The promises that an operation is done to. False: it cannot be told. */
static bool list_slots(struct promises *promises, int did)
{
    const struct operation *operation = operation_of(promises->inquiry, did);
    bool each = operation_has(operation->kind, OPERATION_EACH);
    int names = each ? 1 : operation->promise_count;

    promises->listed_count = 0;
    for (int i = 0; i < names; i++) {
        struct binding binding;

        if (!look_up(promises, did, each ? operation->name : operation->promises[i], &binding))
            return false;
        if (binding.count == 0 && !list_slot(promises, -1))
            return false;
        for (int j = 0; j < binding.count; j++)
            if (!list_slot(promises, binding.first + j))
                return false;
    }
    return true;
}

/* ---- One promise ---- */

/* An operation on one promise. */
struct attempt {
    int event;
    int instance;
    const struct operation *operation;
    struct outcome outcome;
};

static bool is_state(struct outcome outcome)
{
    return outcome.kind == OUTCOME_RUNNING || outcome.kind == OUTCOME_FINISHED ||
           outcome.kind == OUTCOME_EXITED;
}

static bool succeeds(const struct attempt *attempt)
{
    switch (attempt->operation->kind) {
    case OP_CANCEL:
    case OP_FREE:
        return is_ok(attempt->outcome);
    case OP_STATE:
        return is_state(attempt->outcome);
    default:
        return is_ending(attempt->outcome);
    }
}

/* The rules that are broken by an operation that succeeds with a stranger's promise, or is refused
 * with one's own. */
struct rules {
    const char *stranger;
    const char *own;
};

static struct rules rules_of(enum operation_kind kind)
{
    static const struct rules rules[OPERATION_KINDS] = {
        [OP_AWAIT] = {"R2.6", "R2.4"},       [OP_CANCEL] = {"R2.7", "R2.12"},
        [OP_FREE] = {"R2.15", "R2.15"},      [OP_STATE] = {"R8.12", "R8.12"},
        [OP_AWAIT_ALL] = {"R8.10", "R8.1"},  [OP_AWAIT_ONE] = {"R8.10", "R8.3"},
        [OP_AWAIT_FIRST] = {"R8.10", "R8.6"}};

    return rules[kind];
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

static void stranger(struct promises *promises, const struct attempt *attempt)
{
    wrong(promises, rules_of(attempt->operation->kind).stranger, attempt,
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

/* What state says can have changed since, but not come from nowhere. */
static void check_state(struct promises *promises, const struct attempt *attempt, int child)
{
    struct inquiry *inquiry = promises->inquiry;
    struct life *life = &inquiry->lives[child];
    int ended = inquiry->trace->instances[child].ended;
    bool over = ended >= 0 && ended < attempt->event;
    const char *name =
        program_name(inquiry->program, NAME_TASK, inquiry->trace->instances[child].task);

    if (attempt->outcome.kind == OUTCOME_RUNNING) {
        if (life->settled)
            wrong(promises, "R8.12", attempt,
                  text("not running: a task %s was awaited or cancelled", name));
    } else if (attempt->outcome.kind == OUTCOME_FINISHED) {
        if (!over || life->ending != ENDING_RETURNED || life->cancelled)
            wrong(promises, "R8.12", attempt,
                  text("not finished: the task %s has not ended with a value", name));
    } else if (!(over && life->ending == ENDING_FAILED) && life->ending != ENDING_NONE &&
               !life->asked && life->unasked < 0) {
        life->unasked = attempt->event; /* who else may have cancelled it is known only later */
    }
}

static void settle(struct promises *promises, const struct attempt *attempt, struct slot *slot)
{
    struct inquiry *inquiry = promises->inquiry;
    struct life *owner = &inquiry->lives[slot->owner], *life;

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
    owner->settled_orphans += is_orphan(inquiry, slot->child);
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
    return promises->inquiry->lives[slot->child].settled ||
           promises->inquiry->lives[slot->child].candidate || owner->settled_cared > 0 ||
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

    if (is_freed(promises, slot))
        return true;
    return slot->child < 0
               ? owner->frees
               : owner->frees_unknown || (owner->gets && is_orphan(promises->inquiry, slot->child));
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
    case OP_STATE:
        if (slot->child >= 0)
            check_state(promises, attempt, slot->child);
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
        wrong(promises, rules_of(attempt->operation->kind).own, attempt,
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

/* A name may stand for promises of the task, or of others. */
static void try_unknown(struct promises *promises, struct attempt *attempt, struct outcomes list)
{
    enum operation_kind kind = attempt->operation->kind;
    struct life *life = &promises->inquiry->lives[attempt->instance];
    bool any = false;

    for (size_t i = 0; i < list.count && !any; i++) {
        attempt->outcome = list.of[i];
        any = succeeds(attempt);
    }
    if (any && operation_has(kind, OPERATION_EACH) &&
        promises->names[attempt->operation->name].binder != SEVERAL) {
        stranger(promises, attempt);
    } else if (kind == OP_FREE) {
        life->frees = life->frees || any;
        life->frees_unknown = life->frees_unknown || any;
    } else if (kind != OP_STATE) {
        life->settles_unknown = life->settles_unknown || any;
        if (kind == OP_CANCEL || kind == OP_AWAIT_FIRST)
            life->cancels = life->cancels_unknown = true;
    }
}

static void null_succeeds(struct promises *promises, const struct attempt *attempt)
{
    wrong(promises, "R2.11", attempt, text("invalid: the name stands for no promise"));
}

/* A folded list says the same of each promise, and of each turn; the second turn is like all that
 * follow. One that is stopped ends there. */
static void try_all(struct promises *promises, struct attempt *attempt, struct outcomes list)
{
    long turns = attempt->operation->repeat, count = (long)list.count;

    if (count == 1 && list.of[0].kind != OUTCOME_STOPPED)
        count = (turns < 2 ? turns : 2) * promises->listed_count;
    for (long k = 0; k < count; k++) {
        int slot = promises->listed[k % promises->listed_count];

        attempt->outcome = member(list, (int)k);
        if (slot >= 0) {
            try_slot(promises, attempt, &promises->slots[slot]);
        } else if (succeeds(attempt)) {
            null_succeeds(promises, attempt);
            return;
        }
    }
}

/* ---- Operations on several promises ---- */

/* An operation on several was refused as a whole. */
static void try_refused(struct promises *promises, const struct attempt *attempt)
{
    if (attempt->outcome.kind == OUTCOME_STOPPED)
        return;
    for (int i = 0; i < promises->listed_count; i++) {
        int slot = promises->listed[i];

        if (slot < 0 || promises->slots[slot].owner != attempt->instance ||
            may_be_freed(promises, &promises->slots[slot]))
            return;
    }
    wrong(promises, rules_of(attempt->operation->kind).own, attempt,
          text("no error: the children are those of task %s",
               task_phrase(promises->inquiry, attempt->instance).text));
}

/* Whether a child may be the one whose outcome came out. */
static bool may_be_taken(const struct promises *promises, const struct attempt *attempt,
                         const struct slot *slot)
{
    const struct life *life;
    int ended;

    if (slot->child < 0 || attempt->outcome.kind == OUTCOME_CANCELLED)
        return true;
    life = &promises->inquiry->lives[slot->child];
    ended = promises->inquiry->trace->instances[slot->child].ended;
    if (life->ending == ENDING_NONE)
        return attempt->outcome.kind == OUTCOME_NO_MEMORY;
    return !life->cancelled && life->ending != ENDING_STOPPED && ended < attempt->event &&
           outcome_equal(life->result, attempt->outcome);
}

static bool is_same(const struct slot *a, const struct slot *b)
{
    return a == b || (a->child >= 0 && a->child == b->child);
}

/* One that was not taken, or of which that is not known. */
static void pass_over(struct promises *promises, const struct attempt *attempt, struct slot *slot)
{
    struct life *owner = &promises->inquiry->lives[slot->owner];
    bool perhaps = may_be_taken(promises, attempt, slot);

    if (attempt->operation->kind == OP_AWAIT_FIRST) {
        settle(promises, attempt, slot);
        if (!perhaps)
            mark_cancelled(promises, slot);
        else if (slot->child >= 0)
            promises->inquiry->lives[slot->child].asked = true;
        else
            owner->cancels = owner->cancels_unknown = true;
    } else if (perhaps && slot->child >= 0) {
        promises->inquiry->lives[slot->child].candidate = true;
    } else if (perhaps) {
        owner->settles_unknown = true;
    }
}

/* Whether a child had surely ended with a value before the operation began: one of the same domain,
 * which has no children to wait for when its function has returned. */
static bool had_a_value(const struct promises *promises, const struct attempt *attempt,
                        const struct slot *slot)
{
    const struct inquiry *inquiry = promises->inquiry;
    const struct life *owner = &inquiry->lives[attempt->instance], *life;
    int event;

    if (slot->child < 0 || owner->cancels_unknown || owner->settles_unknown)
        return false;
    life = &inquiry->lives[slot->child];
    event = inquiry->trace->instances[slot->child].ended;
    if (life->ending != ENDING_RETURNED || life->domain != owner->domain || life->settled ||
        life->candidate || life->asked || event < 0 || event > inquiry->before[attempt->event])
        return false;
    for (; event >= 0; event = inquiry->before[event])
        if (inquiry->trace->events[event].kind == EVENT_SPAWN)
            return false;
    return true;
}

/* A failure was taken: there was no value. */
static void check_failure(struct promises *promises, const struct attempt *attempt)
{
    if (attempt->outcome.kind != OUTCOME_FAILED || attempt->operation->repeat > 1)
        return;
    for (int i = 0; i < promises->listed_count; i++) {
        const struct slot *slot = &promises->slots[promises->listed[i]];

        if (had_a_value(promises, attempt, slot)) {
            wrong(promises, "R8.5", attempt,
                  text("the value of a child, as task %s had ended with one",
                       task_phrase(promises->inquiry, slot->child).text));
            return;
        }
    }
}

/* One of several has been taken: it is known which if it is the only one that ended so. */
static void try_some(struct promises *promises, const struct attempt *attempt)
{
    struct slot *slots = promises->slots, *taken = NULL;
    bool only = true;

    for (int i = 0; i < promises->listed_count; i++) {
        struct slot *slot;

        if (promises->listed[i] < 0) {
            null_succeeds(promises, attempt);
            return;
        }
        slot = &slots[promises->listed[i]];
        if (slot->owner != attempt->instance) {
            stranger(promises, attempt);
            return;
        }
        if (may_be_taken(promises, attempt, slot)) {
            only = taken == NULL || (only && is_same(taken, slot));
            taken = taken == NULL ? slot : taken;
        }
    }
    if (taken == NULL) {
        wrong(promises, rules_of(attempt->operation->kind).own, attempt,
              text("how one of the children that it lists had ended"));
        return;
    }
    check_failure(promises, attempt);
    if (!only)
        promises->inquiry->lives[attempt->instance].settled_some++;
    else
        success(promises, attempt, taken);
    for (int i = 0; i < promises->listed_count; i++)
        if (!only || !is_same(taken, &slots[promises->listed[i]]))
            pass_over(promises, attempt, &slots[promises->listed[i]]);
}

static void try_several(struct promises *promises, struct attempt *attempt, struct outcomes list)
{
    enum operation_kind kind = attempt->operation->kind;
    bool none = promises->listed_count == 0;

    attempt->outcome = list.of[0];
    if (attempt->operation->repeat > 1)
        try_unknown(promises, attempt, list);
    else if (none && attempt->outcome.kind != OUTCOME_STOPPED &&
             attempt->outcome.kind != (kind == OP_AWAIT_ALL ? OUTCOME_NONE : OUTCOME_INVALID))
        wrong(promises, "R8.8", attempt,
              text("%s: there is no promise", kind == OP_AWAIT_ALL ? "none" : "invalid"));
    else if (none)
        return;
    else if (list.count == 1 && !is_ending(attempt->outcome))
        try_refused(promises, attempt);
    else if (kind != OP_AWAIT_ALL)
        try_some(promises, attempt);
    else if (list.count == 1 || list.count == (size_t)promises->listed_count)
        try_all(promises, attempt, list);
    else
        wrong(promises, "R8.1", attempt,
              text("an outcome for each of %d promises", promises->listed_count));
}

static void try_promises(struct promises *promises, int did)
{
    struct outcomes list = promises->inquiry->trace->events[did].outcomes;
    struct attempt attempt = {
        did, actor(promises->inquiry, did), operation_of(promises->inquiry, did), {0}};

    if (!list_slots(promises, did))
        try_unknown(promises, &attempt, list);
    else if (operation_has(attempt.operation->kind, OPERATION_EACH))
        try_all(promises, &attempt, list);
    else
        try_several(promises, &attempt, list);
}

/* What get takes out it has awaited, and given back. */
static void try_get(struct promises *promises, int did)
{
    struct inquiry *inquiry = promises->inquiry;
    struct outcomes list = inquiry->trace->events[did].outcomes;
    struct life *life = &inquiry->lives[actor(inquiry, did)];
    int count = list.count == 1 ? operation_of(inquiry, did)->repeat : (int)list.count;

    for (int i = 0; i < count; i++)
        if (is_ending(member(list, i))) {
            life->settled_cared++;
            life->gets = true;
        }
}

/* What parallel gave is what an await of each of its children would have given. */
static void try_parallel(struct promises *promises, int did)
{
    struct inquiry *inquiry = promises->inquiry;
    const struct event *events = inquiry->trace->events;
    struct outcomes list = events[did].outcomes;
    struct attempt attempt = {did, actor(inquiry, did), operation_of(inquiry, did), {0}};
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
        struct life *parent = &inquiry->lives[parent_of(inquiry, i)];

        if (inquiry->lives[i].birth != BIRTH_SPAWNED || inquiry->lives[i].settled)
            continue;
        parent->forgotten++;
        parent->a_forgotten = i;
        parent->forgotten_orphans += is_orphan(inquiry, i);
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
        if (kind == OP_PARALLEL)
            try_parallel(&promises, i);
        else if (kind == OP_GET)
            try_get(&promises, i);
        else if (rules_of(kind).own != NULL)
            try_promises(&promises, i);
    }
    count_forgotten(inquiry);
    free(promises.slots);
    free(promises.listed);
    for (int i = 0; i < PROGRAM_TASKS_MAX; i++)
        free(promises.names[i].of);
}
