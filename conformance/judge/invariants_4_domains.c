/* invariants of chapter 4: domains, and parallel. */
#include "invariants.h"

#include "findings.h"
#include "promises.h"

/* ---- Where tasks run ---- */

static void wrong_domain(struct inquiry *inquiry, const char *rule, int instance,
                         const char *expected)
{
    const struct instance *which = &inquiry->trace->instances[instance];
    int line = which->spawned >= 0 ? operation_of(inquiry, which->spawned)->line : 0;
    int parent = which->parent;

    report_finding(inquiry, rule, line, text_of("%s", expected),
                   parent < 0
                       ? text_of("%s", event_phrase(inquiry, which->begun).text)
                       : text_of("%s; its parent %s is on domain %d",
                                 event_phrase(inquiry, which->begun).text,
                                 task_phrase(inquiry, parent).text, inquiry->lives[parent].domain));
}

/* Whether it is the main task of a run that another run comes after. */
static bool runs(const struct inquiry *inquiry, int instance)
{
    const struct instance *which = &inquiry->trace->instances[instance];

    return which->parent >= 0 && operation_of(inquiry, which->spawned)->kind == OP_RUN;
}

static void check_begin(struct inquiry *inquiry, int instance)
{
    const struct instance *which = &inquiry->trace->instances[instance];
    int domain = inquiry->lives[instance].domain, from;
    const struct operation *operation;

    if (is_unknown_domain(domain))
        return;
    if ((instance == 0 || runs(inquiry, instance)) && domain != 0)
        wrong_domain(inquiry, "R4.1", instance, "the main task runs on domain 0");
    if (instance > 0 && which->parent < 0 && domain != 0 && !stands_aside(inquiry, instance))
        wrong_domain(inquiry, "R12.1", instance, "a handler runs on domain 0");
    if (which->parent < 0 || which->forced)
        return;
    from = inquiry->lives[which->parent].domain;
    operation = operation_of(inquiry, which->spawned);
    if (runs(inquiry, instance))
        return;
    if (operation->kind == OP_ASYNC) {
        if (domain != from && !is_unknown_domain(from))
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

/* Report a spawn that the runtime should have refused. */
static void check_spawned(struct inquiry *inquiry, int instance)
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
        report_finding(inquiry, rule, operation->line, text_of("%s", expected),
                       text_of("task %s was spawned", task_phrase(inquiry, instance).text));
}

void check_placement(struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->trace->instance_count; i++) {
        enum birth birth = inquiry->lives[i].birth;

        if (inquiry->trace->instances[i].begun >= 0 && birth != BIRTH_REFUSED)
            check_begin(inquiry, i);
        if (i > 0 && birth == BIRTH_SPAWNED)
            check_spawned(inquiry, i);
    }
}

/* ---- What operations say about domains ---- */

static bool has_member(struct outcomes list, enum outcome_kind kind)
{
    for (size_t i = 0; i < list.count; i++)
        if (list.of[i].kind == kind)
            return true;
    return false;
}

void check_domains(struct inquiry *inquiry)
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
            report_finding(inquiry, "R4.5", operation->line,
                           domains == 1
                               ? text_of("domain 1 can take the task")
                               : text_of("one of the domains 1 to %d can take the task", domains),
                           text_of("%s", event_phrase(inquiry, i).text));
        if (operation->kind == OP_AVAILABLE &&
            !outcome_equal(did->outcomes.of[0], (struct outcome){OUTCOME_OK, domains}))
            report_finding(inquiry, "R4.13", operation->line,
                           text_of("the number of domains beside domain 0 is %d", domains),
                           text_of("%s", event_phrase(inquiry, i).text));
    }
}

/* ---- Parallel ---- */

void check_parallel(struct promises *promises, int did)
{
    struct inquiry *inquiry = promises->inquiry;
    const struct event *events = inquiry->trace->events;
    struct outcomes list = events[did].outcomes;
    struct use use = {
        .event = did, .instance = actor(inquiry, did), .operation = operation_of(inquiry, did)};
    int event = inquiry->before[did];

    for (long k = (long)list.count - 1; k >= 0; k--, event = inquiry->before[event]) {
        struct slot slot = {.owner = use.instance};

        if (event < 0 || events[event].kind != EVENT_SPAWN ||
            events[event].operation != events[did].operation)
            return;
        slot.child = events[event].child;
        use.outcome = list.of[k];
        if (inquiry->lives[slot.child].birth != BIRTH_SPAWNED)
            continue;
        if (is_ending(use.outcome))
            check_outcome(promises, &use, slot.child);
        else
            report_use(promises, "R4.9", &use,
                       text_of("how task %s ended", task_phrase(inquiry, slot.child).text));
        settle_child(promises, &use, &slot);
    }
}
