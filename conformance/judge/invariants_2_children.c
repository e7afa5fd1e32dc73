/* invariants of chapter 2: children, and the operations on single promises. A task's end also
 * concerns R5.6, R5.7 and R8.7; a refused run of the runtime inside a run, R1.5. */
#include "invariants.h"

#include "findings.h"
#include "promises.h"

/* ---- Spawns ---- */

void check_refused_spawns(struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->trace->instance_count; i++) {
        const struct instance *which = &inquiry->trace->instances[i];

        if (which->begun >= 0 && inquiry->lives[i].birth == BIRTH_REFUSED) {
            const struct operation *operation = operation_of(inquiry, which->spawned);

            report_finding(
                inquiry, operation->kind == OP_RUN ? "R1.5" : "R2.16", operation->line,
                text_of("'%s' was refused, and task %s never begins",
                        operation_phrase(inquiry, inquiry->trace->events[which->spawned].operation)
                            .text,
                        task_phrase(inquiry, i).text),
                text_of("%s", event_phrase(inquiry, which->begun).text));
        }
    }
}

/* ---- One promise ---- */

void check_outcome(struct promises *promises, const struct use *use, int child)
{
    struct inquiry *inquiry = promises->inquiry;
    struct life *life = &inquiry->lives[child];
    int ended = inquiry->trace->instances[child].ended;

    if (use->outcome.kind == OUTCOME_CANCELLED) {
        /* Whether anything else cancelled it is known only later. */
        if (!life->asked && life->unasked < 0)
            life->unasked = use->event;
        return;
    }
    life->awaited_ok = life->awaited_ok || is_ok(use->outcome);
    if (use->outcome.kind == OUTCOME_NO_MEMORY && life->ending == ENDING_NONE)
        return;
    if (life->cancelled)
        report_use(
            promises, "R2.13", use,
            text_of("cancelled: task %s was cancelled before", task_phrase(inquiry, child).text));
    else if (ended < 0 || ended > use->event)
        report_use(
            promises, "R2.9", use,
            text_of("task %s ends before its await returns", task_phrase(inquiry, child).text));
    else if (life->ending == ENDING_STOPPED)
        report_use(promises, "R2.14", use,
                   text_of("cancelled: task %s was stopped", task_phrase(inquiry, child).text));
    else if (!outcome_equal(life->result, use->outcome))
        report_use(promises, "R2.4", use,
                   text_of("%s, as task %s ended", outcome_phrase(inquiry, life->result).text,
                           task_phrase(inquiry, child).text));
}

/* The same for a child that is not known: its outcome cannot change, except by a cancel. */
static void check_again(struct promises *promises, const struct use *use, struct slot *slot)
{
    struct inquiry *inquiry = promises->inquiry;
    const struct life *owner = &inquiry->lives[slot->owner];
    bool cancelled = use->outcome.kind == OUTCOME_CANCELLED;

    if (slot->cancelled && !cancelled)
        report_use(promises, "R2.13", use, text_of("cancelled: it was cancelled before"));
    else if (slot->has_outcome && !outcome_equal(slot->outcome, use->outcome) &&
             !(cancelled && (slot->cancelled || owner->cancels)))
        report_use(promises, "R2.5", use,
                   text_of("%s, as when it was awaited before",
                           outcome_phrase(inquiry, slot->outcome).text));
    slot->has_outcome = true;
    slot->outcome = use->outcome;
}

static void give_back(struct promises *promises, const struct use *use, struct slot *slot)
{
    struct life *owner = &promises->inquiry->lives[slot->owner];

    if (!may_be_settled(promises, slot))
        report_use(promises, "R2.15", use,
                   text_of("busy: the child is neither awaited nor cancelled"));
    owner->frees = true;
    if (slot->child < 0) {
        owner->frees_unknown = true;
        slot->freed = true;
    } else {
        promises->inquiry->lives[slot->child].freed = true;
    }
}

void check_success(struct promises *promises, const struct use *use, struct slot *slot)
{
    if (is_freed(promises, slot)) {
        report_use(promises, "R2.11", use, text_of("invalid: the promise has been given back"));
        return;
    }
    if (use->look != NULL) {
        if (slot->child >= 0)
            use->look(promises, use, slot->child);
        return;
    }
    if (use->operation->kind == OP_FREE) {
        give_back(promises, use, slot);
        return;
    }
    if (use->operation->kind == OP_CANCEL)
        mark_cancelled(promises, slot);
    else if (slot->child < 0)
        check_again(promises, use, slot);
    else
        check_outcome(promises, use, slot->child);
    settle_child(promises, use, slot);
}

static void check_refusal(struct promises *promises, const struct use *use, struct slot *slot)
{
    struct inquiry *inquiry = promises->inquiry;

    if (use->outcome.kind == OUTCOME_STOPPED) {
        if (use->operation->kind == OP_CANCEL && slot->child >= 0)
            inquiry->lives[slot->child].asked = true;
        else if (use->operation->kind == OP_CANCEL)
            inquiry->lives[slot->owner].cancels_unknown = true;
        return;
    }
    if (may_be_freed(promises, slot) || is_expired(use->outcome))
        return;
    if (use->operation->kind != OP_FREE)
        report_use(promises, use->own_rule, use,
                   text_of("no error: the child is one of task %s",
                           task_phrase(inquiry, use->instance).text));
    else if (is_settled(promises, slot))
        report_use(promises, "R2.15", use, text_of("ok: the child was awaited or cancelled"));
    else if (!may_be_settled(promises, slot) && use->outcome.kind != OUTCOME_BUSY)
        report_use(promises, "R2.15", use,
                   text_of("busy: the child is neither awaited nor cancelled"));
}

static void check_slot(struct promises *promises, const struct use *use, struct slot *slot)
{
    if (slot->owner != use->instance) {
        if (use_succeeds(use))
            report_stranger(promises, use);
    } else if (use_succeeds(use)) {
        check_success(promises, use, slot);
    } else {
        check_refusal(promises, use, slot);
    }
}

bool any_succeeds(struct use *use, struct outcomes list)
{
    for (size_t i = 0; i < list.count; i++) {
        use->outcome = list.of[i];
        if (use_succeeds(use))
            return true;
    }
    return false;
}

void report_null(struct promises *promises, const struct use *use)
{
    report_use(promises, "R2.11", use, text_of("invalid: the name stands for no promise"));
}

/* A folded list says the same of each promise in each turn; the second turn is like all that
 * follow. An operation that is stopped ends there. */
void check_each(struct promises *promises, struct use *use, struct outcomes list)
{
    long turns = use->operation->repeat, count = (long)list.count;

    if (count == 1 && list.of[0].kind != OUTCOME_STOPPED)
        count = (turns < 2 ? turns : 2) * promises->listed_count;
    for (long k = 0; k < count; k++) {
        int slot = promises->listed[k % promises->listed_count];

        use->outcome = member(list, (int)k);
        if (slot >= 0) {
            check_slot(promises, use, &promises->slots[slot]);
        } else if (use_succeeds(use)) {
            report_null(promises, use);
            return;
        }
    }
}

bool check_promise(struct promises *promises, int did)
{
    static const struct {
        const char *stranger;
        const char *own;
    } rules[OPERATION_KINDS] = {[OP_AWAIT] = {"R2.6", "R2.4"},
                                [OP_CANCEL] = {"R2.7", "R2.12"},
                                [OP_FREE] = {"R2.15", "R2.15"}};
    const struct operation *operation = operation_of(promises->inquiry, did);
    struct outcomes list = promises->inquiry->trace->events[did].outcomes;
    struct use use = {.event = did,
                      .instance = actor(promises->inquiry, did),
                      .operation = operation,
                      .stranger_rule = rules[operation->kind].stranger,
                      .own_rule = rules[operation->kind].own};

    if (use.own_rule == NULL)
        return false;
    if (promises_list(promises, did))
        check_each(promises, &use, list);
    else if (any_succeeds(&use, list))
        report_stranger(promises, &use);
    return true;
}

/* ---- Ends ---- */

bool check_all_ended(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;
    bool all = true;

    for (int i = 0; i < trace->instance_count && all; i++) {
        all = trace->instances[i].begun < 0 || trace->instances[i].ended >= 0;
        if (!all)
            report_finding(
                inquiry, "R2.9", 0, text_of("every task has ended when the run has"),
                text_of("task %s has begun and not ended", task_phrase(inquiry, i).text));
    }
    return all;
}

/* Nothing happens in a task, or below it, after its await or cancel. */
static void check_end(struct inquiry *inquiry, int instance)
{
    const struct life *life = &inquiry->lives[instance];
    const struct event *last;
    const struct operation *operation;
    const char *rule = "R2.9";

    if (life->last < life->settled_at)
        return;
    last = &inquiry->trace->events[life->last];
    operation = operation_of(inquiry, life->settled_at);
    if (operation->kind == OP_AWAIT_FIRST)
        rule = "R8.7";
    else if (last->kind == EVENT_FINALISE)
        rule = operation->kind == OP_CANCEL ? "R5.7" : "R5.6";
    report_finding(inquiry, rule, operation->line,
                   text_of("nothing of task %s, nor below it, after %s",
                           task_phrase(inquiry, instance).text,
                           event_phrase(inquiry, life->settled_at).text),
                   text_of("%s", event_phrase(inquiry, life->last).text));
}

void check_ends(struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->trace->instance_count; i++) {
        const struct life *life = &inquiry->lives[i];
        int parent = parent_of(inquiry, i);

        check_end(inquiry, i);
        if (life->unasked >= 0 && !may_be_cancelled(inquiry, parent) &&
            !inquiry->lives[parent].cancels_unknown)
            report_finding(inquiry, "R2.4", operation_of(inquiry, life->unasked)->line,
                           text_of("how task %s ended: no task had cancelled it",
                                   task_phrase(inquiry, i).text),
                           text_of("%s", event_phrase(inquiry, life->unasked).text));
    }
}

void check_stopped(struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->trace->instance_count; i++)
        if (inquiry->lives[i].ending == ENDING_STOPPED && !may_be_cancelled(inquiry, i))
            report_finding(
                inquiry, "R2.14", 0,
                text_of("task %s is not stopped: no task cancelled it",
                        task_phrase(inquiry, i).text),
                text_of("%s",
                        event_phrase(inquiry, inquiry->before[inquiry->trace->instances[i].ended])
                            .text));
}

/* ---- Forgotten children ---- */

/* A task that forgot a child ends the run, and does not end for its parent. */
static void check_offence(struct inquiry *inquiry, int instance)
{
    const struct life *life = &inquiry->lives[instance];

    if (life->ending != ENDING_RETURNED || life->leaks >= 0 || !surely_forgets(life) ||
        ends_unseen(inquiry, instance))
        return;
    report_finding(
        inquiry, instance == 0 ? "R2.1" : "R2.3", 0,
        text_of("still-has-children: task %s returned and had neither awaited nor cancelled %s",
                task_phrase(inquiry, instance).text, task_phrase(inquiry, life->a_forgotten).text),
        seen_ending(inquiry, instance));
}

void check_forgotten(struct inquiry *inquiry)
{
    bool any = false;

    for (int i = 0; i < inquiry->trace->instance_count; i++) {
        const struct life *life = &inquiry->lives[i];

        if (!is_task(inquiry, i))
            continue;
        check_offence(inquiry, i);
        any = any || (life->ending == ENDING_RETURNED && may_forget(life));
    }
    if (inquiry->run.kind == OUTCOME_STILL_HAS_CHILDREN && !any)
        report_finding(
            inquiry, "R2.1", 0,
            text_of("not still-has-children: every task that ended normally had awaited or "
                    "cancelled its children"),
            text_of("the run ended with %s", outcome_phrase(inquiry, inquiry->run).text));
}
