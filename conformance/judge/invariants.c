/* monitors.c: rules that hold for every program, checked on every trace. They may never accuse a
 * correct runtime, whatever its schedule. What may be relied on:
 *
 * - The lines of one task stand in the order in which it did things, and each was written before
 *   the task went on.
 * - What happens before something else, by program order, by a child's end before its await, by a
 *   spawn before its child's begin, or on the same domain, is written before it.
 * - Nothing else: of two domains, either may be first. */
#include "inquiry.h"

#include <stdlib.h>

/* ---- Each task follows its program ---- */

/* What the protocol itself demands has no number. */
static const char protocol[] = "scenario.md";

static const struct operation *current(const struct inquiry *inquiry, int instance)
{
    const struct task *task = &inquiry->program->tasks[inquiry->trace->instances[instance].task];
    const struct life *life = &inquiry->lives[instance];

    return life->at < task->count ? &inquiry->program->operations[task->first + life->at] : NULL;
}

static bool spawns(enum operation_kind kind)
{
    return operation_has(kind, OPERATION_SPAWNS);
}

/* How often an operation spawns or prints when nothing stops it; forces at most. */
static int full_times(const struct operation *operation)
{
    return operation->kind == OP_PARALLEL ? operation->repeat * operation->task_count
                                          : operation->repeat;
}

static bool is_how_a_child_ends(struct outcome outcome)
{
    return is_ok(outcome) || outcome.kind == OUTCOME_FAILED || outcome.kind == OUTCOME_CANCELLED;
}

/* Several turns of a parallel, of which one came to an error, that alone is in the list: which
 * spawn a member is of cannot be told. */
static bool has_failed_turns(const struct operation *operation, struct outcomes list)
{
    for (size_t i = 0; operation->repeat > 1 && i < list.count; i++)
        if (!is_how_a_child_ends(list.of[i]))
            return true;
    return false;
}

/* What became of the k-th spawn of a parallel. */
static enum birth parallel_birth(const struct operation *operation, struct outcomes list, int k)
{
    if (has_failed_turns(operation, list))
        return BIRTH_OPEN;
    if (member(list, k).kind == OUTCOME_STOPPED)
        return BIRTH_OPEN;
    return is_how_a_child_ends(member(list, k)) || list.count > 1 ? BIRTH_SPAWNED : BIRTH_REFUSED;
}

/* What the operation that `did` tells of made of its spawns, from the last to the first. */
static void settle_births(struct inquiry *inquiry, int did)
{
    const struct event *events = inquiry->trace->events;
    struct outcomes list = events[did].outcomes;
    const struct operation *operation = operation_of(inquiry, did);
    int event = inquiry->before[did];

    for (int k = inquiry->lives[events[did].instance].times - 1; k >= 0; k--) {
        struct life *child = &inquiry->lives[events[event].child];

        child->born = did;
        if (operation->kind == OP_PARALLEL)
            child->birth = parallel_birth(operation, list, k);
        else
            child->birth =
                operation->kind != OP_RUN && is_ok(member(list, k)) ? BIRTH_SPAWNED : BIRTH_REFUSED;
        event = inquiry->before[event];
    }
}

/* The lengths of lists: one outcome for each spawn; stopped only at the end. */
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

static void follow_did(struct inquiry *inquiry, int event)
{
    const struct event *did = &inquiry->trace->events[event];
    const struct operation *operation = operation_of(inquiry, event);
    struct life *life = &inquiry->lives[did->instance];
    bool stopped = did->outcomes.of[did->outcomes.count - 1].kind == OUTCOME_STOPPED;
    bool counted = spawns(operation->kind) || operation->kind == OP_PRINT;

    if (current(inquiry, did->instance) != operation || life->ending == ENDING_STOPPED ||
        !list_fits(operation, did->outcomes, life->times) ||
        (counted && !stopped && life->times != full_times(operation))) {
        find(inquiry, protocol, operation->line,
             text("each task does the operations of its program, one after the other"),
             text("%s", event_phrase(inquiry, event).text));
        return; /* a list that does not fit has no member for each spawn */
    }
    if (spawns(operation->kind))
        settle_births(inquiry, event);
    life->at++;
    life->times = 0;
    if (stopped)
        life->ending = ENDING_STOPPED;
}

/* A spawn, a force or a print, of which an operation may have several. */
static void follow_part(struct inquiry *inquiry, int event)
{
    const struct event *part = &inquiry->trace->events[event];
    const struct operation *operation = current(inquiry, part->instance);
    struct life *life = &inquiry->lives[part->instance];
    bool fits = operation != NULL && life->ending != ENDING_STOPPED;

    if (fits && part->kind == EVENT_PRINT)
        fits = operation->kind == OP_PRINT && operation->name == part->word;
    else if (fits)
        fits = operation == operation_of(inquiry, event);
    if (!fits || life->times == full_times(operation))
        find(inquiry, protocol, operation != NULL ? operation->line : 0,
             text("each task does the operations of its program, one after the other"),
             text("%s", event_phrase(inquiry, event).text));
    life->times++;
}

static void follow_end(struct inquiry *inquiry, int event)
{
    int instance = inquiry->trace->events[event].instance;
    const struct operation *operation = current(inquiry, instance);
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
        find(inquiry, protocol, operation->line,
             text("task %s ends at the end of its program", task_phrase(inquiry, instance).text),
             text("%s", event_phrase(inquiry, event).text));
    }
}

/* What an event of a task breaks by its place; NULL: nothing. */
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

/* The parts of the trace that belong to the run are the finalisers and its end. */
static void follow(struct inquiry *inquiry, int event)
{
    const struct event *which = &inquiry->trace->events[event];

    const char *broken;

    if (which->instance < 0)
        return;
    broken = misplaced(inquiry, event);
    if (broken != NULL) {
        find(inquiry, protocol, 0,
             text("task %s %s", task_phrase(inquiry, which->instance).text, broken),
             text("%s", event_phrase(inquiry, event).text));
        return;
    }
    switch (which->kind) {
    case EVENT_BEGIN:
        inquiry->lives[which->instance].domain = which->domain;
        return;
    case EVENT_SPAWN:
    case EVENT_FORCE:
    case EVENT_PRINT:
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
                                          .a_forgotten = -1,
                                          .leaks = -1};
    }
}

static bool link_events(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;
    int *last = malloc((size_t)trace->instance_count * sizeof *last);

    if (last == NULL) {
        inquiry->no_memory = true;
        return false;
    }
    for (int i = 0; i < trace->instance_count; i++)
        last[i] = -1;
    for (int i = 0; i < trace->event_count; i++) {
        int instance = trace->events[i].instance;

        inquiry->before[i] = instance >= 0 ? last[instance] : -1;
        if (instance >= 0)
            last[instance] = i;
    }
    free(last);
    return true;
}

static int findings(const struct inquiry *inquiry)
{
    return inquiry->verdict->finding_count + inquiry->verdict->more;
}

/* Follow every task through its program to its end. False: one did not keep to it, and nothing
 * further can be concluded from the trace. */
static bool follow_all(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;
    int found = findings(inquiry);

    if (!link_events(inquiry))
        return false;
    start_lives(inquiry);
    for (int i = 0; i < trace->event_count && findings(inquiry) == found; i++)
        follow(inquiry, i);
    for (int i = 0; i < trace->instance_count && findings(inquiry) == found; i++)
        if (trace->instances[i].begun >= 0 && trace->instances[i].ended < 0)
            find(inquiry, "R2.9", 0, text("every task has ended when the run has"),
                 text("task %s has begun and not ended", task_phrase(inquiry, i).text));
    return findings(inquiry) == found;
}

/* ---- Where tasks run ---- */

static void wrong_domain(struct inquiry *inquiry, const char *rule, int instance,
                         const char *expected)
{
    const struct instance *which = &inquiry->trace->instances[instance];
    int line = which->spawned >= 0 ? operation_of(inquiry, which->spawned)->line : 0;
    int parent = which->parent;

    find(inquiry, rule, line, text("%s", expected),
         parent < 0
             ? text("%s", event_phrase(inquiry, which->begun).text)
             : text("%s; its parent %s is on domain %d", event_phrase(inquiry, which->begun).text,
                    task_phrase(inquiry, parent).text, inquiry->lives[parent].domain));
}

static void monitor_begin(struct inquiry *inquiry, int instance)
{
    const struct instance *which = &inquiry->trace->instances[instance];
    int domain = inquiry->lives[instance].domain, from;
    const struct operation *operation;

    if (which->parent < 0) {
        if (domain != 0)
            wrong_domain(inquiry, "R4.1", instance, "the main task runs on domain 0");
        return;
    }
    from = inquiry->lives[which->parent].domain;
    operation = operation_of(inquiry, which->spawned);
    if (which->forced) {
        if (domain != from)
            wrong_domain(inquiry, "R9.17", instance, "a lazy value is computed by who forces it");
    } else if (operation->kind == OP_ASYNC) {
        if (domain != from)
            wrong_domain(inquiry, "R4.2", instance, "async keeps to its parent's domain");
    } else if (domain == 0) {
        wrong_domain(inquiry, operation->kind == OP_CALL ? "R4.3" : "R4.12", instance,
                     "domain 0 takes no task from another domain");
    } else if (domain == from) {
        wrong_domain(inquiry, operation->kind == OP_CALL ? "R4.4" : "R4.12", instance,
                     "the task goes to another domain than its parent's");
    } else if (domain < 0 || domain > inquiry->program->domains) {
        wrong_domain(inquiry, "R4.14", instance, "domains are numbered up to how many there are");
    } else if (operation->pin >= 0 && domain != operation->pin) {
        wrong_domain(inquiry, "R4.7", instance, "the task runs where it is pinned");
    }
}

/* Who spawned could not have: a refusal was due. */
static void monitor_spawned(struct inquiry *inquiry, int instance)
{
    const struct instance *which = &inquiry->trace->instances[instance];
    const struct operation *operation = operation_of(inquiry, which->spawned);
    int domains = inquiry->program->domains, from = inquiry->lives[which->parent].domain;
    const char *rule = NULL, *expected = "";

    if (operation->kind == OP_ASYNC || which->forced)
        return;
    if (domains == 0) {
        rule = "R4.5";
        expected = "without another domain nothing is spawned there";
    } else if (domains == 1 && from == 1) {
        rule = "R4.6";
        expected = "the only domain beside domain 0 has none to call";
    } else if (operation->pin == PIN_SELF || operation->pin == 0 || operation->pin == from ||
               operation->pin > domains) {
        rule = "R4.8";
        expected = "a pin to nowhere is invalid";
    }
    if (rule != NULL)
        find(inquiry, rule, operation->line, text("%s", expected),
             text("task %s was spawned", task_phrase(inquiry, instance).text));
}

static void monitor_births(struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->trace->instance_count; i++) {
        const struct instance *which = &inquiry->trace->instances[i];
        const struct life *life = &inquiry->lives[i];

        if (which->begun >= 0 && life->birth == BIRTH_REFUSED) {
            const struct operation *operation = operation_of(inquiry, which->spawned);

            find(inquiry, operation->kind == OP_RUN ? "R1.5" : "R2.16", operation->line,
                 text("'%s' was refused, and task %s never begins",
                      operation_phrase(inquiry, inquiry->trace->events[which->spawned].operation)
                          .text,
                      task_phrase(inquiry, i).text),
                 text("%s", event_phrase(inquiry, which->begun).text));
            continue;
        }
        if (which->begun >= 0)
            monitor_begin(inquiry, i);
        if (i > 0 && life->birth == BIRTH_SPAWNED)
            monitor_spawned(inquiry, i);
    }
}

static bool has_member(struct outcomes list, enum outcome_kind kind)
{
    for (size_t i = 0; i < list.count; i++)
        if (list.of[i].kind == kind)
            return true;
    return false;
}

/* What operations say about domains. */
static void monitor_domains(struct inquiry *inquiry)
{
    int domains = inquiry->program->domains;

    for (int i = 0; i < inquiry->trace->event_count; i++) {
        const struct event *did = &inquiry->trace->events[i];
        const struct operation *operation;
        bool elsewhere;

        if (did->kind != EVENT_DID)
            continue;
        operation = operation_of(inquiry, i);
        elsewhere = domains > 1 || (domains == 1 && inquiry->lives[did->instance].domain == 0);
        if (elsewhere && (operation->kind == OP_CALL || operation->kind == OP_PARALLEL) &&
            has_member(did->outcomes, OUTCOME_NO_DOMAIN_AVAILABLE))
            find(inquiry, "R4.5", operation->line,
                 text("of %d domains beside domain 0, one can take the task", domains),
                 text("%s", event_phrase(inquiry, i).text));
        if (operation->kind == OP_AVAILABLE &&
            !outcome_equal(did->outcomes.of[0], (struct outcome){OUTCOME_OK, domains}))
            find(inquiry, "R4.13", operation->line,
                 text("there are %d domains beside domain 0", domains),
                 text("%s", event_phrase(inquiry, i).text));
    }
}

/* ---- Turns ---- */

static bool may_suspend(enum operation_kind kind)
{
    return operation_has(kind, OPERATION_SUSPENDS);
}

/* Whether a task cannot have been suspended between its event before and this one. */
static bool goes_on(const struct inquiry *inquiry, int event)
{
    switch (inquiry->trace->events[event].kind) {
    case EVENT_DID:
        return !may_suspend(operation_of(inquiry, event)->kind);
    case EVENT_SPAWN: /* the second turn of a repeated parallel follows the end of the first */
        return !may_suspend(operation_of(inquiry, event)->kind) ||
               operation_of(inquiry, event)->repeat == 1;
    case EVENT_PRINT:
    case EVENT_END:
        return true;
    default:
        return false;
    }
}

static void interrupted(struct inquiry *inquiry, int event, int by)
{
    const struct event *other = &inquiry->trace->events[by];
    int instance = inquiry->trace->events[event].instance;
    bool child =
        other->kind == EVENT_BEGIN && inquiry->trace->instances[other->instance].parent == instance;

    find(inquiry, child ? "R1.7" : "R1.10", 0,
         text("task %s does not suspend between %s and %s: no other task of its domain runs",
              task_phrase(inquiry, instance).text,
              event_phrase(inquiry, inquiry->before[event]).text,
              event_phrase(inquiry, event).text),
         text("%s", event_phrase(inquiry, by).text));
}

/* On each domain the task that runs goes on until it suspends: its events follow one another, with
 * no other event of that domain between. The finaliser that release calls is one of its own. */
static void monitor_turns(struct inquiry *inquiry)
{
    int last[PROGRAM_DOMAINS_MAX + 1];

    for (int i = 0; i <= PROGRAM_DOMAINS_MAX; i++)
        last[i] = -1;
    for (int i = 0; i < inquiry->trace->event_count; i++) {
        const struct event *event = &inquiry->trace->events[i];
        int domain = event->instance >= 0 ? inquiry->lives[event->instance].domain : event->domain;

        if (domain < 0 || domain > PROGRAM_DOMAINS_MAX)
            continue;
        if (event->instance >= 0 && goes_on(inquiry, i) && last[domain] != inquiry->before[i] &&
            !(event->kind == EVENT_DID && operation_of(inquiry, i)->kind == OP_RELEASE))
            interrupted(inquiry, i, last[domain]);
        last[domain] = i;
    }
}

/* ---- How the run ended ---- */

/* A rule that no task broke may not end the run. */
static void monitor_offender(struct inquiry *inquiry)
{
    bool leak = inquiry->run.kind == OUTCOME_RESOURCE_LEAKED, outdone = false;

    for (int i = 0; i < inquiry->trace->instance_count; i++) {
        const struct life *life = &inquiry->lives[i];

        if (life->ending != ENDING_RETURNED || !is_task(inquiry, i))
            continue;
        if (leak ? life->may_leak : may_forget(life) && life->leaks < 0)
            return;
        outdone = outdone || may_forget(life);
    }
    find(inquiry,
         leak      ? "R5.4"
         : outdone ? "R5.5"
                   : "R2.1",
         0,
         leak      ? text("not resource-leaked: no task ended normally and owned something")
         : outdone ? text("resource-leaked, which weighs more than a forgotten child")
                   : text("not still-has-children: every task that ended normally had awaited or "
                          "cancelled its children"),
         text("the run came to %s", outcome_phrase(inquiry, inquiry->run).text));
}

/* A task that broke a rule ends the run, and does not end for its parent. */
static void monitor_offence(struct inquiry *inquiry, int instance)
{
    const struct life *life = &inquiry->lives[instance];
    bool unseen = !life->awaited_ok && may_be_cancelled(inquiry, instance);
    char *observed;

    if (life->ending != ENDING_RETURNED || unseen || (life->leaks < 0 && !surely_forgets(life)))
        return;
    observed = life->awaited_ok
                   ? text("its parent's await said that it had ended")
                   : text("the run came to %s", outcome_phrase(inquiry, inquiry->run).text);
    if (life->leaks >= 0)
        find(inquiry, "R5.4", 0,
             text("resource-leaked: task %s returned and owned %s",
                  task_phrase(inquiry, instance).text,
                  program_name(inquiry->program, NAME_RESOURCE, life->leaks)),
             observed);
    else
        find(inquiry, instance == 0 ? "R2.1" : "R2.3", 0,
             text("still-has-children: task %s returned and had neither awaited nor cancelled %s",
                  task_phrase(inquiry, instance).text,
                  task_phrase(inquiry, life->a_forgotten).text),
             observed);
}

static void monitor_run(struct inquiry *inquiry)
{
    const struct life *main_life = &inquiry->lives[0];

    for (int i = 0; i < inquiry->trace->instance_count; i++)
        if (is_task(inquiry, i))
            monitor_offence(inquiry, i);
    if (inquiry->run.kind == OUTCOME_STILL_HAS_CHILDREN ||
        inquiry->run.kind == OUTCOME_RESOURCE_LEAKED)
        monitor_offender(inquiry);
    else if (inquiry->rule_ended)
        return;
    else if (main_life->ending == ENDING_NONE) {
        if (is_ok(inquiry->run))
            find(inquiry, "R1.1", 0, text("the main task begins"), text("it never did"));
    } else if (main_life->ending != ENDING_STOPPED &&
               !outcome_equal(main_life->result, inquiry->run)) {
        find(inquiry, main_life->ending == ENDING_FAILED ? "R1.2" : "R1.1", 0,
             text("the run comes to what main came to: %s",
                  outcome_phrase(inquiry, main_life->result).text),
             text("%s", outcome_phrase(inquiry, inquiry->run).text));
    }
}

/* A task is stopped only if somebody cancelled it. */
static void monitor_stopped(struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->trace->instance_count; i++)
        if (inquiry->lives[i].ending == ENDING_STOPPED && !may_be_cancelled(inquiry, i))
            find(inquiry, "R2.14", 0,
                 text("task %s is not stopped: nobody cancelled it", task_phrase(inquiry, i).text),
                 text("%s",
                      event_phrase(inquiry, inquiry->before[inquiry->trace->instances[i].ended])
                          .text));
}

/* Who may have been cancelled: by the parent's cancel, its failure, or its own cancellation. */
static void condemn(struct inquiry *inquiry)
{
    for (int i = 1; i < inquiry->trace->instance_count; i++) {
        const struct life *parent = &inquiry->lives[parent_of(inquiry, i)];
        struct life *life = &inquiry->lives[i];

        life->condemned = parent->condemned;
        if (is_task(inquiry, i))
            life->condemned = life->condemned || parent->ending == ENDING_FAILED ||
                              parent->cancels_unknown || life->asked;
    }
}

void monitors(struct inquiry *inquiry)
{
    if (!follow_all(inquiry))
        return;
    monitor_births(inquiry);
    monitor_domains(inquiry);
    monitor_turns(inquiry);
    monitor_promises(inquiry);
    condemn(inquiry);
    monitor_resources(inquiry);
    monitor_ends(inquiry);
    monitor_orphanages(inquiry);
    monitor_sync(inquiry);
    monitor_sleeps(inquiry);
    monitor_deadlock(inquiry);
    monitor_stopped(inquiry);
    monitor_run(inquiry);
}
