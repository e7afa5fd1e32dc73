/* invariants of chapter 3: what goes into an orphanage comes out once. The children of an orphanage
 * that is made only once can be counted; which of them comes out is not known. */
#include "invariants.h"

#include "findings.h"
#include "variables.h"

#include <stdlib.h>

struct orphanage {
    int made;   /* times */
    int maker;  /* instance */
    int since;  /* event */
    int *lasts; /* of each child in it: its last event; in order */
    int kept;   /* children that were spawned with it so far */
    int handed; /* those of them that were handed out so far, */
    int ended;  /* and those of these that were handed out as ended */
};

static int compare_ints(const void *a, const void *b)
{
    int first = *(const int *)a, second = *(const int *)b;

    return first < second ? -1 : first > second;
}

/* All orphanages of a trace. */
struct orphanages {
    struct variables *variables;
    struct orphanage *of; /* by variable */
};

/* What a name stands for in the instance of an event. */
static struct orphanage *orphanage_of(const struct inquiry *inquiry,
                                      const struct orphanages *orphanages, int event, int name)
{
    int instance = inquiry->trace->events[event].instance;

    return &orphanages->of[variable_of(orphanages->variables, instance, name)];
}

/* Gather when the children ended, for each orphanage that is made once. */
static void gather_orphans(struct inquiry *inquiry, struct orphanages *orphanages)
{
    const struct trace *trace = inquiry->trace;

    for (int i = 1; i < trace->instance_count; i++) {
        int spawn = trace->instances[i].spawned, o;
        struct orphanage *orphanage;

        if (inquiry->lives[i].birth != BIRTH_SPAWNED || !is_orphan(inquiry, i))
            continue;
        o = operation_of(inquiry, spawn)->orphans;
        orphanage = orphanage_of(inquiry, orphanages, spawn, o);
        if (orphanage->made != 1 || orphanage->maker != parent_of(inquiry, i) ||
            orphanage->since > spawn)
            continue;
        orphanage->lasts =
            grown(orphanage->lasts, (size_t)orphanage->kept, sizeof *orphanage->lasts);
        orphanage->lasts[orphanage->kept++] = inquiry->lives[i].last;
    }
    for (int i = 0; i < orphanages->variables->count; i++) {
        struct orphanage *orphanage = &orphanages->of[i];

        if (orphanage->kept > 0)
            qsort(orphanage->lasts, (size_t)orphanage->kept, sizeof(int), compare_ints);
        orphanage->kept = 0;
    }
}

static void report_orphans(struct inquiry *inquiry, int did, const char *rule, char *expected)
{
    report_finding(inquiry, rule, operation_of(inquiry, did)->line, expected,
                   text_of("%s", event_phrase(inquiry, did).text));
}

/* The rules that an operation which takes from an orphanage, or counts it, may break. */
struct orphan_rules {
    const char *stranger;  /* it did something for another task than the maker */
    const char *not_empty; /* it said empty, but there were children */
    const char *empty;     /* it gave a child, but there was none */
    const char *running;   /* it gave a child that had not ended */
};

static const struct orphan_rules orphan_rules[OPERATION_KINDS] = {
    [OP_CARE] = {"R3.7", "R3.2", "R3.4", "R3.3"},
    [OP_TAKE] = {"R3.7", "R3.17", "R3.17", NULL},
    [OP_GET] = {"R3.22", "R3.19", "R3.19", "R3.20"},
    [OP_LENGTH] = {"R3.22", NULL, NULL, NULL},
};

static void check_orphan(struct inquiry *inquiry, int did, struct outcome outcome,
                         struct orphanage *orphanage)
{
    enum operation_kind kind = operation_of(inquiry, did)->kind;
    const struct orphan_rules *rules = &orphan_rules[kind];
    int left = orphanage->kept - orphanage->handed;
    bool ended = outcome.kind == OUTCOME_ENDED || (kind == OP_GET && is_ending(outcome));

    if (kind == OP_LENGTH) {
        if (is_ok(outcome) && outcome.value != left)
            report_orphans(inquiry, did, "R3.21", text_of("%d in the orphanage", left));
    } else if (outcome.kind == OUTCOME_EMPTY) {
        if (left > 0)
            report_orphans(inquiry, did, rules->not_empty,
                           text_of("not empty: %d in the orphanage", left));
    } else if (outcome.kind == OUTCOME_RUNNING) {
        if (left <= 0)
            report_orphans(inquiry, did, "R3.1", text_of("empty: all were handed out"));
    } else if (ended || outcome.kind == OUTCOME_TAKEN) {
        if (left <= 0)
            report_orphans(inquiry, did, rules->empty,
                           text_of("empty: all of %d were handed out", orphanage->kept));
        else if (ended && orphanage->lasts[orphanage->ended] > did)
            report_orphans(inquiry, did, rules->running, text_of("no further child has ended"));
        orphanage->handed += left > 0;
        orphanage->ended += left > 0 && ended;
    }
}

/* Whether an operation did anything with the orphanage, even if it found it empty. */
static bool has_looked(enum operation_kind kind, struct outcome outcome)
{
    return outcome.kind == OUTCOME_EMPTY || outcome.kind == OUTCOME_RUNNING || hands_out(outcome) ||
           (kind == OP_GET && is_ending(outcome)) || (kind == OP_LENGTH && is_ok(outcome));
}

static void check_orphans(struct inquiry *inquiry, int did, struct orphanage *orphanage)
{
    const struct operation *operation = operation_of(inquiry, did);
    struct outcomes list = inquiry->trace->events[did].outcomes;
    int instance = actor(inquiry, did);
    size_t count = list.count;

    if (instance != orphanage->maker) {
        for (size_t i = 0; i < count; i++)
            if (has_looked(operation->kind, list.of[i])) {
                report_orphans(inquiry, did, orphan_rules[operation->kind].stranger,
                               text_of("invalid: the orphanage is another task's"));
                return;
            }
        return;
    }
    /* A promise that is given back leaves its orphanage; which orphanage that is, is not followed.
     */
    if (inquiry->lives[instance].frees)
        return;
    if (count == 1)
        count = (size_t)operation->repeat;
    for (size_t i = 0; i < count; i++)
        check_orphan(inquiry, did, member(list, (int)i), orphanage);
}

static void check_kept(struct inquiry *inquiry, int did, struct orphanage *orphanage)
{
    const struct event *event = &inquiry->trace->events[did];

    if (actor(inquiry, did) == orphanage->maker) {
        if (orphanage->since < did)
            orphanage->kept += times_ok(inquiry, did);
    } else if (times_ok(inquiry, did) > 0 &&
               orphanage->since < inquiry->trace->instances[event->instance].begun) {
        report_orphans(inquiry, did, "R3.7", text_of("invalid: the orphanage is another task's"));
    }
}

static void note_made(struct inquiry *inquiry, const struct orphanages *orphanages, int did)
{
    const struct operation *operation = operation_of(inquiry, did);
    struct orphanage *orphanage;

    if (operation->kind != OP_ORPHANS || times_ok(inquiry, did) == 0)
        return;
    orphanage = orphanage_of(inquiry, orphanages, did, operation->name);
    orphanage->made += times_ok(inquiry, did);
    orphanage->maker = actor(inquiry, did);
    orphanage->since = did;
}

static void check_use(struct inquiry *inquiry, const struct orphanages *orphanages, int did)
{
    const struct operation *operation = operation_of(inquiry, did);
    bool takes = orphan_rules[operation->kind].stranger != NULL;
    int name = takes ? operation->name : operation->orphans;
    struct orphanage *orphanage;

    if (name < 0)
        return;
    orphanage = orphanage_of(inquiry, orphanages, did, name);
    if (orphanage->made != 1)
        return;
    if (takes)
        check_orphans(inquiry, did, orphanage);
    else
        check_kept(inquiry, did, orphanage);
}

void check_orphanages(struct inquiry *inquiry)
{
    struct orphanages orphanages = {.variables = variables_create(inquiry, NAME_ORPHANAGE)};
    const struct event *events = inquiry->trace->events;

    orphanages.of = zeroed((size_t)orphanages.variables->count, sizeof *orphanages.of);
    for (int i = 0; i < inquiry->trace->event_count; i++)
        if (events[i].kind == EVENT_DID)
            note_made(inquiry, &orphanages, i);
    gather_orphans(inquiry, &orphanages);
    for (int i = 0; i < inquiry->trace->event_count; i++)
        if (events[i].kind == EVENT_DID)
            check_use(inquiry, &orphanages, i);
    for (int i = 0; i < orphanages.variables->count; i++)
        free(orphanages.of[i].lasts);
    free(orphanages.of);
    variables_free(orphanages.variables);
}
