/* invariants of chapter 8: operations on several promises, and state. */
#include "invariants.h"

#include "findings.h"
#include "promises.h"

/* ---- State ---- */

/* What state says may have changed since, but it cannot have come from nowhere. */
static void check_state(struct promises *promises, const struct use *use, int child)
{
    struct inquiry *inquiry = promises->inquiry;
    struct life *life = &inquiry->lives[child];
    int ended = inquiry->trace->instances[child].ended;
    bool over = ended >= 0 && ended < use->event;
    const char *name =
        program_name(inquiry->program, NAME_TASK, inquiry->trace->instances[child].task);

    if (use->outcome.kind == OUTCOME_RUNNING) {
        if (life->settled)
            report_use(promises, "R8.12", use,
                       text_of("not running: a task %s was awaited or cancelled", name));
    } else if (use->outcome.kind == OUTCOME_FINISHED) {
        if (!over || life->ending != ENDING_RETURNED || life->cancelled)
            report_use(promises, "R8.12", use,
                       text_of("not finished: the task %s has not ended with a value", name));
    } else if (!(over && life->ending == ENDING_FAILED) && life->ending != ENDING_NONE &&
               !life->asked && life->unasked < 0) {
        life->unasked = use->event; /* who else may have cancelled it is known only later */
    }
}

/* ---- Several promises ---- */

/* An operation on several was refused as a whole. */
static void check_refused(struct promises *promises, const struct use *use)
{
    if (use->outcome.kind == OUTCOME_STOPPED || is_expired(use->outcome))
        return;
    for (int i = 0; i < promises->listed_count; i++) {
        int slot = promises->listed[i];

        if (slot < 0 || promises->slots[slot].owner != use->instance ||
            may_be_freed(promises, &promises->slots[slot]))
            return;
    }
    report_use(promises, use->own_rule, use,
               text_of("no error: the children are those of task %s",
                       task_phrase(promises->inquiry, use->instance).text));
}

/* Whether a child may be the one whose outcome was given. */
static bool may_be_taken(const struct promises *promises, const struct use *use,
                         const struct slot *slot)
{
    const struct life *life;
    int ended;

    if (slot->child < 0 || use->outcome.kind == OUTCOME_CANCELLED)
        return true;
    life = &promises->inquiry->lives[slot->child];
    ended = promises->inquiry->trace->instances[slot->child].ended;
    if (life->ending == ENDING_NONE)
        return use->outcome.kind == OUTCOME_NO_MEMORY;
    return !life->cancelled && life->ending != ENDING_STOPPED && ended < use->event &&
           outcome_equal(life->result, use->outcome);
}

static bool is_same(const struct slot *a, const struct slot *b)
{
    return a == b || (a->child >= 0 && a->child == b->child);
}

/* A promise that was not taken, or may not have been. */
static void pass_over(struct promises *promises, const struct use *use, struct slot *slot)
{
    struct life *owner = &promises->inquiry->lives[slot->owner];
    bool perhaps = may_be_taken(promises, use, slot);

    if (use->operation->kind == OP_AWAIT_FIRST) {
        settle_child(promises, use, slot);
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

/* Whether a child had surely ended with a value before the operation began: it is on the same
 * domain and had no children to wait for when its function returned. */
static bool had_a_value(const struct promises *promises, const struct use *use,
                        const struct slot *slot)
{
    const struct inquiry *inquiry = promises->inquiry;
    const struct life *owner = &inquiry->lives[use->instance], *life;
    int event;

    if (slot->child < 0 || owner->cancels_unknown || owner->settles_unknown)
        return false;
    life = &inquiry->lives[slot->child];
    event = inquiry->trace->instances[slot->child].ended;
    if (life->ending != ENDING_RETURNED || life->domain != owner->domain || life->settled ||
        life->candidate || life->asked || event < 0 || event > inquiry->before[use->event])
        return false;
    for (; event >= 0; event = inquiry->before[event])
        if (inquiry->trace->events[event].kind == EVENT_SPAWN)
            return false;
    return true;
}

/* A failure may be taken only if there was no value. */
static void check_failure(struct promises *promises, const struct use *use)
{
    if (use->outcome.kind != OUTCOME_FAILED || use->operation->repeat > 1)
        return;
    for (int i = 0; i < promises->listed_count; i++) {
        const struct slot *slot = &promises->slots[promises->listed[i]];

        if (had_a_value(promises, use, slot)) {
            report_use(promises, "R8.5", use,
                       text_of("the value of a child, as task %s had ended with one",
                               task_phrase(promises->inquiry, slot->child).text));
            return;
        }
    }
}

/* One of several was taken. It is known which if only one of them ended so. */
static void check_some(struct promises *promises, const struct use *use)
{
    struct slot *slots = promises->slots, *taken = NULL;
    bool only = true;

    for (int i = 0; i < promises->listed_count; i++) {
        struct slot *slot;

        if (promises->listed[i] < 0) {
            report_null(promises, use);
            return;
        }
        slot = &slots[promises->listed[i]];
        if (slot->owner != use->instance) {
            report_stranger(promises, use);
            return;
        }
        if (may_be_taken(promises, use, slot)) {
            only = taken == NULL || (only && is_same(taken, slot));
            taken = taken == NULL ? slot : taken;
        }
    }
    if (taken == NULL) {
        report_use(promises, use->own_rule, use,
                   text_of("how one of the children that it lists had ended"));
        return;
    }
    check_failure(promises, use);
    if (!only)
        promises->inquiry->lives[use->instance].settled_some++;
    else
        check_success(promises, use, taken);
    for (int i = 0; i < promises->listed_count; i++)
        if (!only || !is_same(taken, &slots[promises->listed[i]]))
            pass_over(promises, use, &slots[promises->listed[i]]);
}

/* Which children each turn took is not known. */
static void check_repeated(struct promises *promises, struct use *use, struct outcomes list)
{
    struct life *life = &promises->inquiry->lives[use->instance];

    if (any_succeeds(use, list))
        life->settles_unknown = true;
    if (use->operation->kind == OP_AWAIT_FIRST)
        life->cancels = life->cancels_unknown = true;
}

static void check_several(struct promises *promises, struct use *use, struct outcomes list)
{
    enum operation_kind kind = use->operation->kind;
    bool none = promises->listed_count == 0;

    use->outcome = list.of[0];
    if (use->operation->repeat > 1)
        check_repeated(promises, use, list);
    else if (none && use->outcome.kind != OUTCOME_STOPPED &&
             use->outcome.kind != (kind == OP_AWAIT_ALL ? OUTCOME_NONE : OUTCOME_INVALID))
        report_use(promises, "R8.8", use,
                   text_of("%s: there is no promise", kind == OP_AWAIT_ALL ? "none" : "invalid"));
    else if (none)
        return;
    else if (list.count == 1 && !is_ending(use->outcome))
        check_refused(promises, use);
    else if (kind != OP_AWAIT_ALL)
        check_some(promises, use);
    else if (list.count == 1 || list.count == (size_t)promises->listed_count)
        check_each(promises, use, list);
    else
        report_use(promises, "R8.1", use,
                   text_of("an outcome for each of %d promises", promises->listed_count));
}

void check_combinator(struct promises *promises, int did)
{
    static const struct {
        const char *stranger;
        const char *own;
    } rules[OPERATION_KINDS] = {[OP_STATE] = {"R8.12", "R8.12"},
                                [OP_AWAIT_ALL] = {"R8.10", "R8.1"},
                                [OP_AWAIT_ONE] = {"R8.10", "R8.3"},
                                [OP_AWAIT_FIRST] = {"R8.10", "R8.6"}};
    const struct operation *operation = operation_of(promises->inquiry, did);
    struct outcomes list = promises->inquiry->trace->events[did].outcomes;
    struct use use = {.event = did,
                      .instance = actor(promises->inquiry, did),
                      .operation = operation,
                      .stranger_rule = rules[operation->kind].stranger,
                      .own_rule = rules[operation->kind].own,
                      .look = operation->kind == OP_STATE ? check_state : NULL};

    if (use.own_rule == NULL)
        return;
    if (!promises_list(promises, did)) {
        if (any_succeeds(&use, list))
            report_stranger(promises, &use);
    } else if (operation->kind == OP_STATE) {
        check_each(promises, &use, list);
    } else {
        check_several(promises, &use, list);
    }
}
