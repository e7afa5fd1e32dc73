/* follow: follows each task through its program. */
#include "follow.h"

#include "findings.h"

#include <stdlib.h>

/* What the protocol itself demands is not a numbered rule. */
static const char protocol[] = "scenario.md";

static const struct operation *current_operation(const struct inquiry *inquiry, int instance)
{
    const struct task *task = &inquiry->program->tasks[inquiry->trace->instances[instance].task];
    const struct life *life = &inquiry->lives[instance];

    return life->at < task->count ? &inquiry->program->operations[task->first + life->at] : NULL;
}

static bool spawns(enum operation_kind kind)
{
    return operation_has(kind, OPERATION_SPAWNS);
}

/* How often an operation spawns or prints when nothing stops it; how often it forces, at most. */
static int full_times(const struct operation *operation)
{
    return operation->kind == OP_PARALLEL || operation->kind == OP_PROTECT
               ? operation->repeat * operation->task_count
               : operation->repeat;
}

static bool is_how_a_child_ends(struct outcome outcome)
{
    return is_ok(outcome) || outcome.kind == OUTCOME_FAILED || outcome.kind == OUTCOME_CANCELLED;
}

/* Whether a turn of a repeated parallel was refused: the list then has that error alone for all its
 * tasks, so that it is not known which spawn a member belongs to. */
static bool has_failed_turns(const struct operation *operation, struct outcomes list)
{
    for (size_t i = 0; operation->repeat > 1 && i < list.count; i++)
        if (!is_how_a_child_ends(list.of[i]))
            return true;
    return false;
}

/* The fate of the k-th spawn of a parallel. */
static enum birth parallel_birth(const struct operation *operation, struct outcomes list, int k)
{
    if (has_failed_turns(operation, list))
        return BIRTH_OPEN;
    if (member(list, k).kind == OUTCOME_STOPPED || is_expired(member(list, k)))
        return BIRTH_OPEN;
    return is_how_a_child_ends(member(list, k)) || list.count > 1 ? BIRTH_SPAWNED : BIRTH_REFUSED;
}

/* The fate of the spawns of the operation that `did` tells of, from the last to the first. */
static void settle_births(struct inquiry *inquiry, int did)
{
    const struct event *events = inquiry->trace->events;
    struct outcomes list = events[did].outcomes;
    const struct operation *operation = operation_of(inquiry, did);
    int event = inquiry->before[did];

    for (int k = inquiry->lives[events[did].instance].times - 1; k >= 0; k--) {
        struct life *child = &inquiry->lives[events[event].child];

        child->born = did;
        child->asked = expires(list); /* only a parallel can: it has cancelled them [R14.7] */
        if (operation->kind == OP_PARALLEL)
            child->birth = parallel_birth(operation, list, k);
        else if (operation->kind == OP_RUN && stands_aside(inquiry, events[did].instance))
            child->birth = BIRTH_OPEN; /* the main task of a run of its own */
        else
            child->birth =
                operation->kind != OP_RUN && is_ok(member(list, k)) ? BIRTH_SPAWNED : BIRTH_REFUSED;
        event = inquiry->before[event];
    }
}

/* Whether a list has an outcome for each spawn, and stopped only at its end. */
static bool list_fits(const struct operation *operation, struct outcomes list, int times)
{
    for (size_t i = 0; i + 1 < list.count; i++)
        if (list.of[i].kind == OUTCOME_STOPPED)
            return false;
    if (operation->kind == OP_PARALLEL && has_failed_turns(operation, list))
        return list.count <= (size_t)times;
    if (spawns(operation->kind))
        return list.count == 1 || list.count == (size_t)times;
    if (operation_has(operation->kind, OPERATION_LISTS))
        return true;
    return list.count <= (size_t)operation->repeat;
}

static const char *part_word(const struct operation *operation)
{
    return operation->kind == OP_PRINT ? "print" : operation->kind == OP_FORCE ? "force" : "spawn";
}

/* What should have been in place of an event of an operation that does not fit. */
static char *what_fits(const struct inquiry *inquiry, int event, const struct operation *operation)
{
    const struct event *which = &inquiry->trace->events[event];
    const struct operation *next = current_operation(inquiry, which->instance);
    const struct life *life = &inquiry->lives[which->instance];
    struct phrase task = task_phrase(inquiry, which->instance);

    if (life->ending == ENDING_STOPPED)
        return text_of("task %s does nothing after its outcome stopped", task.text);
    if (next == NULL)
        return text_of("task %s does nothing after the end of its program", task.text);
    if (next != operation)
        return text_of(
            "task %s does its operations one after the other, and that of line %d is next",
            task.text, next->line);
    if (which->kind == EVENT_DID && !list_fits(operation, which->outcomes, life->times))
        return text_of("a list has an outcome for each thing done, and stopped only at its end");
    return text_of("an operation has a line '%s' for each time, %s %d, before its 'did'",
                   part_word(operation), operation->kind == OP_FORCE ? "at most" : "in all",
                   full_times(operation));
}

static void follow_did(struct inquiry *inquiry, int event)
{
    const struct event *did = &inquiry->trace->events[event];
    const struct operation *operation = operation_of(inquiry, event);
    struct life *life = &inquiry->lives[did->instance];
    bool stopped = did->outcomes.of[did->outcomes.count - 1].kind == OUTCOME_STOPPED;
    bool counted = spawns(operation->kind) || operation->kind == OP_PRINT;

    if (current_operation(inquiry, did->instance) != operation || life->ending == ENDING_STOPPED ||
        !list_fits(operation, did->outcomes, life->times) ||
        (counted && !stopped && life->times != full_times(operation))) {
        report_finding(inquiry, protocol, operation->line, what_fits(inquiry, event, operation),
                       text_of("%s", event_phrase(inquiry, event).text));
        return; /* a list that does not fit lacks members for some spawns */
    }
    if (spawns(operation->kind))
        settle_births(inquiry, event);
    life->at++;
    life->times = 0;
    if (stopped)
        life->ending = ENDING_STOPPED;
}

/* A spawn, a force or a print; an operation may have several. */
static void follow_part(struct inquiry *inquiry, int event)
{
    const struct event *part = &inquiry->trace->events[event];
    const struct operation *operation = current_operation(inquiry, part->instance);
    struct life *life = &inquiry->lives[part->instance];
    bool fits = operation != NULL && life->ending != ENDING_STOPPED;

    if (fits && part->kind == EVENT_PRINT)
        fits = operation->kind == OP_PRINT && operation->name == part->word;
    else if (fits)
        fits = operation == operation_of(inquiry, event);
    if (!fits || life->times == full_times(operation))
        report_finding(inquiry, protocol, operation != NULL ? operation->line : 0,
                       what_fits(inquiry, event, fits ? operation : NULL),
                       text_of("%s", event_phrase(inquiry, event).text));
    life->times++;
}

static void follow_end(struct inquiry *inquiry, int event)
{
    int instance = inquiry->trace->events[event].instance;
    const struct operation *operation = current_operation(inquiry, instance);
    struct life *life = &inquiry->lives[instance];

    if (life->ending == ENDING_STOPPED)
        return;
    life->ending = ENDING_RETURNED;
    if (operation == NULL)
        return;
    if (operation->kind == OP_RETURN)
        life->result.value = operation->value;
    else if (operation->kind == OP_FAIL) {
        life->ending = ENDING_FAILED;
        life->result = (struct outcome){OUTCOME_FAILED, operation->name};
    } else {
        report_finding(
            inquiry, protocol, operation->line,
            text_of("task %s ends at the end of its program", task_phrase(inquiry, instance).text),
            text_of("%s", event_phrase(inquiry, event).text));
    }
}

/* What an event of a task breaks by its place in the trace; NULL: nothing. */
static const char *misplaced(const struct inquiry *inquiry, int event)
{
    const struct event *which = &inquiry->trace->events[event];
    const struct instance *instance = &inquiry->trace->instances[which->instance];

    if (instance->begun < 0 || event < instance->begun)
        return "does nothing before it begins";
    if (instance->ended >= 0 && event > instance->ended)
        return "does nothing after its end";
    if (which->kind == EVENT_BEGIN && event != instance->begun)
        return "begins once";
    return NULL;
}

/* Finalisers and the end of the run belong to no task. */
static void follow_event(struct inquiry *inquiry, int event)
{
    const struct event *which = &inquiry->trace->events[event];
    const char *broken;

    if (which->instance < 0)
        return;
    broken = misplaced(inquiry, event);
    if (broken != NULL) {
        report_finding(inquiry, protocol, 0,
                       text_of("task %s %s", task_phrase(inquiry, which->instance).text, broken),
                       text_of("%s", event_phrase(inquiry, event).text));
        return;
    }
    switch (which->kind) {
    case EVENT_BEGIN:
        inquiry->lives[which->instance].domain = which->domain;
        return;
    case EVENT_SPAWN:
    case EVENT_FORCE:
    case EVENT_PRINT:
    case EVENT_PORT:
        follow_part(inquiry, event);
        return;
    case EVENT_DID:
        follow_did(inquiry, event);
        return;
    default:
        follow_end(inquiry, event);
    }
}

static void start_lives(struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->trace->instance_count; i++) {
        const struct instance *instance = &inquiry->trace->instances[i];
        int task = instance->forced ? inquiry->lives[instance->parent].task : i;

        inquiry->lives[i] = (struct life){.task = task,
                                          .birth = i == 0 ? BIRTH_SPAWNED : BIRTH_OPEN,
                                          .born = -1,
                                          .domain = -1,
                                          .settled_at = NEVER,
                                          .unasked = -1,
                                          .first_final = NEVER,
                                          .last_final = -1,
                                          .last = -1,
                                          .below = -1,
                                          .a_forgotten = -1,
                                          .leaks = -1};
    }
}

static void link_events(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;
    int *last = zeroed((size_t)trace->instance_count, sizeof *last);

    for (int i = 0; i < trace->instance_count; i++)
        last[i] = -1;
    for (int i = 0; i < trace->event_count; i++) {
        int instance = trace->events[i].instance;

        inquiry->before[i] = instance >= 0 ? last[instance] : -1;
        if (instance >= 0)
            last[instance] = i;
    }
    free(last);
}

static int findings(const struct inquiry *inquiry)
{
    return inquiry->verdict->finding_count + inquiry->verdict->more;
}

bool follow_programs(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;
    int found = findings(inquiry);

    link_events(inquiry);
    start_lives(inquiry);
    for (int i = 0; i < trace->event_count && findings(inquiry) == found; i++)
        follow_event(inquiry, i);
    return findings(inquiry) == found;
}
