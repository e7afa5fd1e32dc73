/* invariants of chapter 5: ownership. A resource that its instance creates once has a history: it
 * is owned once, goes from task to task by give and transfer, and ends once. A name under which an
 * instance creates several resources does not tell them apart: they are only counted. */
#include "invariants.h"

#include "findings.h"
#include "variables.h"

#include <stdlib.h>
#include <string.h>

/* An operation on a resource: own, check, disown, release, transfer, or a spawn that lists it to be
 * given. */
struct deed {
    int event; /* did */
    int instance;
    const struct operation *operation;
    int times; /* how often it was ok */
};

/* The time in which a task owns a resource: from after some event, up to the event of the deed by
 * which it lost the resource. What a child transfers becomes its parent's at some moment after
 * `since`, and surely is after `surely`. */
struct holding {
    int instance;
    int since;
    int surely;
    const struct deed *lost; /* NULL: it owned the resource at its end */
    bool transferred;
};

struct resource {
    int name;
    struct deed *deeds; /* by instance, then by event */
    int deed_count;
    struct holding *holdings; /* in order of time; later by instance and event */
    int holding_count;
    struct holding last; /* the last of them */
    int created;         /* times */
    bool foreign;        /* it has been that of a descriptor */
    int owned;
    int disowned;
    int finalised;
    int finaliser; /* the first such event; -1 */
};

struct ownership {
    struct inquiry *inquiry;
    struct variables *variables;
    struct resource *resources; /* by variable */
    struct deed *deeds;         /* of all, by resource */
    struct holding *holdings;   /* likewise */
    bool untold;                /* it owned some resource whose history is not known */
};

static void report_deed(struct ownership *ownership, const char *rule, const struct deed *deed,
                        char *expected)
{
    report_finding(ownership->inquiry, rule, deed->operation->line, expected,
                   text_of("%s", event_phrase(ownership->inquiry, deed->event).text));
}

static const char *name_of(const struct ownership *ownership, const struct resource *resource)
{
    return program_name(ownership->inquiry->program, NAME_RESOURCE, resource->name);
}

static struct resource *resource_of(struct ownership *ownership, int instance, int name)
{
    struct resource *resource =
        &ownership->resources[variable_of(ownership->variables, instance, name)];

    resource->name = name;
    return resource;
}

/* ---- Gathering ---- */

static bool is_deed(enum operation_kind kind)
{
    return kind == OP_OWN || kind == OP_CHECK || kind == OP_DISOWN || kind == OP_RELEASE ||
           kind == OP_TRANSFER;
}

static int gives(const struct operation *operation, int name)
{
    int times = 0;

    for (int i = 0; i < operation->give_count; i++)
        times += operation->give[i] == name;
    return times;
}

/* Whether an operation lists a resource at place i for the first time. */
static bool lists_first(const struct operation *operation, int i)
{
    for (int j = 0; j < i; j++)
        if (operation->give[j] == operation->give[i])
            return false;
    return true;
}

static void add_deed(struct ownership *ownership, int name, struct deed deed)
{
    const struct event *event = &ownership->inquiry->trace->events[deed.event];
    struct resource *resource = resource_of(ownership, event->instance, name);

    if (resource->deeds != NULL)
        resource->deeds[resource->deed_count] = deed;
    resource->deed_count++;
}

static void add_deeds(struct ownership *ownership, int did)
{
    struct inquiry *inquiry = ownership->inquiry;
    const struct operation *operation = operation_of(inquiry, did);
    struct deed deed = {did, actor(inquiry, did), operation, times_ok(inquiry, did)};

    if (is_deed(operation->kind))
        add_deed(ownership, operation->name, deed);
    for (int i = 0; i < operation->give_count; i++)
        if (lists_first(operation, i))
            add_deed(ownership, operation->give[i], deed);
}

static void count_event(struct ownership *ownership, int event)
{
    const struct event *which = &ownership->inquiry->trace->events[event];
    const struct operation *operation;
    struct resource *resource;
    int times;

    if (which->kind == EVENT_FINALISE) {
        resource = resource_of(ownership, which->creator, which->resource);
        if (resource->finalised++ == 0)
            resource->finaliser = event;
        return;
    }
    if (which->kind != EVENT_DID)
        return;
    operation = operation_of(ownership->inquiry, event);
    if (operation_names(operation->kind) != NAME_RESOURCE)
        return;
    resource = resource_of(ownership, which->instance, operation->name);
    times = times_ok(ownership->inquiry, event);
    if (operation->kind == OP_CREATE)
        resource->created += times;
    else if (operation->kind == OP_RESOURCE)
        resource->foreign = true;
    else if (operation->kind == OP_OWN)
        resource->owned += times;
    else if (operation->kind == OP_DISOWN)
        resource->disowned += times;
}

static int compare_deeds(const void *a, const void *b)
{
    const struct deed *first = a, *second = b;

    return first->instance != second->instance ? first->instance - second->instance
                                               : first->event - second->event;
}

static void visit_deeds(struct ownership *ownership)
{
    const struct trace *trace = ownership->inquiry->trace;

    for (int i = 0; i < trace->event_count; i++)
        if (trace->events[i].kind == EVENT_DID)
            add_deeds(ownership, i);
}

/* First count the deeds of each resource, then put them into its part of one array. There is at
 * most one holding for each deed. */
static void gather(struct ownership *ownership)
{
    size_t total = 0;

    visit_deeds(ownership);
    for (int i = 0; i < ownership->variables->count; i++)
        total += (size_t)ownership->resources[i].deed_count;
    ownership->deeds = zeroed(total, sizeof *ownership->deeds);
    ownership->holdings = zeroed(total, sizeof *ownership->holdings);
    total = 0;
    for (int i = 0; i < ownership->variables->count; i++) {
        struct resource *resource = &ownership->resources[i];

        resource->deeds = ownership->deeds + total;
        resource->holdings = ownership->holdings + total;
        total += (size_t)resource->deed_count;
        resource->deed_count = 0;
    }
    visit_deeds(ownership);
    for (int i = 0; i < ownership->variables->count; i++)
        qsort(ownership->resources[i].deeds, (size_t)ownership->resources[i].deed_count,
              sizeof(struct deed), compare_deeds);
}

/* ---- From task to task ---- */

/* The first deed of an instance after an event. */
static int deed_after(const struct resource *resource, int instance, int event)
{
    struct deed key = {.instance = instance, .event = event};
    int low = 0, high = resource->deed_count;

    while (low < high) {
        int middle = (low + high) / 2;

        if (compare_deeds(&resource->deeds[middle], &key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool loses(const struct deed *deed)
{
    return deed->times > 0 && deed->operation->kind != OP_OWN && deed->operation->kind != OP_CHECK;
}

/* The child that a spawn gave to: the first that it made. */
static int child_of(const struct inquiry *inquiry, int did)
{
    const struct event *events = inquiry->trace->events;
    int child = -1;

    for (int event = inquiry->before[did]; event >= 0 && events[event].kind == EVENT_SPAWN &&
                                           events[event].operation == events[did].operation;
         event = inquiry->before[event])
        if (inquiry->lives[events[event].child].birth == BIRTH_SPAWNED)
            child = events[event].child;
    return child;
}

static struct holding given(const struct inquiry *inquiry, int did)
{
    int child = child_of(inquiry, did);
    int spawned = child >= 0 ? inquiry->trace->instances[child].spawned : 0;

    return (struct holding){.instance = child, .since = spawned, .surely = spawned};
}

/* The child began the transfer after its event before, and its parent can use what it got in what
 * it does after the spawn. Of another domain, the line of the transfer may stand later than what
 * the parent did with it. */
static struct holding transferred(const struct inquiry *inquiry, const struct holding *from)
{
    const struct life *child = &inquiry->lives[from->instance];
    struct holding to = {.instance = parent_of(inquiry, from->instance),
                         .since = inquiry->before[from->lost->event],
                         .surely = child->settled_at,
                         .transferred = true};

    if (to.since < child->born)
        to.since = child->born;
    if (to.surely != NEVER && operation_of(inquiry, to.surely)->kind == OP_PARALLEL)
        to.surely = NEVER;
    return to;
}

/* Write the next holding. False: there is none. */
static bool pass_on(const struct inquiry *inquiry, const struct holding *from, struct holding *to)
{
    switch (from->lost->operation->kind) {
    case OP_ASYNC:
    case OP_CALL:
        *to = given(inquiry, from->lost->event);
        break;
    case OP_TRANSFER:
        *to = transferred(inquiry, from);
        break;
    default:
        return false;
    }
    return to->instance >= 0;
}

/* The deed by which a resource that was created once was owned. NULL: none. */
static const struct deed *first_owner(const struct resource *resource)
{
    for (int i = 0; i < resource->deed_count; i++)
        if (resource->deeds[i].operation->kind == OP_OWN && resource->deeds[i].times > 0)
            return &resource->deeds[i];
    return NULL;
}

/* Follow a resource from the task that owned it first. */
static void follow_resource(const struct ownership *ownership, struct resource *resource)
{
    const struct deed *own = first_owner(resource);
    struct holding holding;

    if (own == NULL)
        return;
    holding =
        (struct holding){.instance = own->instance, .since = own->event, .surely = own->event};
    do {
        int i = deed_after(resource, holding.instance, holding.since);

        while (i < resource->deed_count && resource->deeds[i].instance == holding.instance &&
               !loses(&resource->deeds[i]))
            i++;
        if (i < resource->deed_count && resource->deeds[i].instance == holding.instance)
            holding.lost = &resource->deeds[i];
        resource->holdings[resource->holding_count++] = holding;
    } while (
        holding.lost != NULL && resource->holding_count < resource->deed_count &&
        pass_on(ownership->inquiry, &resource->holdings[resource->holding_count - 1], &holding));
}

static int compare_holdings(const void *a, const void *b)
{
    const struct holding *first = a, *second = b;

    return first->instance != second->instance ? first->instance - second->instance
                                               : first->since - second->since;
}

/* ---- What was done with it ---- */

enum holds { HOLDS_NOT, HOLDS_PERHAPS, HOLDS_SURELY };

static enum holds holds(const struct resource *resource, int instance, int event)
{
    int low = 0, high = resource->holding_count;
    struct holding key = {.instance = instance, .since = event - 1};
    const struct holding *holding;

    while (low < high) {
        int middle = (low + high) / 2;

        if (compare_holdings(&resource->holdings[middle], &key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return HOLDS_NOT;
    holding = &resource->holdings[low - 1];
    if (holding->instance != instance || (holding->lost != NULL && holding->lost->event < event))
        return HOLDS_NOT;
    return holding->surely < event ? HOLDS_SURELY : HOLDS_PERHAPS;
}

/* Report an operation that was refused although the task owns the resource. */
static void report_refusal(struct ownership *ownership, const struct resource *resource,
                           const struct deed *deed)
{
    static const char *const rules[OPERATION_KINDS] = {
        [OP_CHECK] = "R5.1", [OP_DISOWN] = "R5.8", [OP_RELEASE] = "R5.9", [OP_TRANSFER] = "R5.14"};
    const char *rule = rules[deed->operation->kind];

    if (rule == NULL ||
        (deed->operation->kind == OP_TRANSFER && parent_of(ownership->inquiry, deed->instance) < 0))
        return;
    report_deed(ownership, rule, deed,
                text_of("ok: task %s owns %s", task_phrase(ownership->inquiry, deed->instance).text,
                        name_of(ownership, resource)));
}

static void check_deed(struct ownership *ownership, const struct resource *resource,
                       const struct deed *deed)
{
    enum operation_kind kind = deed->operation->kind;
    enum holds has = holds(resource, deed->instance, deed->event);
    const char *task_name =
        program_name(ownership->inquiry->program, NAME_TASK, deed->operation->task);

    if (kind == OP_OWN)
        return;
    if (deed->times == 0 && has == HOLDS_SURELY)
        report_refusal(ownership, resource, deed);
    else if (deed->times > 0 && has == HOLDS_NOT)
        report_deed(
            ownership, is_deed(kind) ? "R5.2" : "R5.13", deed,
            text_of("not-owner: task %s does not own %s", task_name, name_of(ownership, resource)));
    else if (deed->times > 0 && kind == OP_TRANSFER && deed->instance == 0)
        report_deed(ownership, "R5.15", deed, text_of("invalid: main has no parent"));
    else if (deed->times > 1 && is_deed(kind) && kind != OP_CHECK)
        report_deed(ownership, "R5.10", deed, text_of("ok once"));
    else if (deed->times > 0 && gives(deed->operation, resource->name) > 1)
        report_deed(ownership, "R5.13", deed,
                    text_of("not-owner: %s is listed twice", name_of(ownership, resource)));
}

/* ---- How it ended ---- */

static const char *ending_rule(enum ending ending)
{
    switch (ending) {
    case ENDING_RETURNED:
        return "R5.4";
    case ENDING_FAILED:
        return "R5.6";
    case ENDING_STOPPED:
        return "R5.7";
    default:
        return "R5.17";
    }
}

static void report_finaliser(struct ownership *ownership, const struct resource *resource,
                             const char *rule, char *expected)
{
    struct inquiry *inquiry = ownership->inquiry;

    report_finding(inquiry, rule, 0, expected,
                   resource->finalised == 0 ? text_of("the finaliser was not called")
                   : resource->finalised == 1
                       ? text_of("%s", event_phrase(inquiry, resource->finaliser).text)
                       : text_of("the finaliser was called %d times, first as %s",
                                 resource->finalised,
                                 event_phrase(inquiry, resource->finaliser).text));
}

/* Whether a finaliser ran on another domain than this one, as far as the runtime says. */
static bool is_elsewhere(const struct inquiry *inquiry, int finaliser, int domain)
{
    int there = inquiry->trace->events[finaliser].domain;

    return there != domain && !is_unknown_domain(there) && !is_unknown_domain(domain);
}

static void check_released(struct ownership *ownership, const struct resource *resource,
                           const struct deed *release)
{
    struct inquiry *inquiry = ownership->inquiry;

    if (resource->finalised != 1 || resource->finaliser > release->event ||
        resource->finaliser < inquiry->before[release->event])
        report_finaliser(ownership, resource, "R5.9",
                         text_of("release of %s calls its finaliser once, before it returns",
                                 name_of(ownership, resource)));
    else if (is_elsewhere(inquiry, resource->finaliser, inquiry->lives[release->instance].domain))
        report_finaliser(ownership, resource, "R5.19",
                         text_of("%s is finalised on domain %d, that of its owner %s",
                                 name_of(ownership, resource),
                                 inquiry->lives[release->instance].domain,
                                 task_phrase(inquiry, release->instance).text));
}

/* Of a child that never began, the domain is known only if it is its parent's. */
static int domain_of(const struct inquiry *inquiry, int instance)
{
    const struct instance *which = &inquiry->trace->instances[instance];

    if (which->begun < 0 && which->parent >= 0 &&
        operation_of(inquiry, which->spawned)->kind == OP_ASYNC)
        return inquiry->lives[which->parent].domain;
    return inquiry->lives[instance].domain;
}

/* A resource that its last owner had at its end. */
static void check_kept(struct ownership *ownership, const struct resource *resource,
                       const struct holding *holding)
{
    struct inquiry *inquiry = ownership->inquiry;
    const struct instance *owner = &inquiry->trace->instances[holding->instance];
    struct life *life = &inquiry->lives[holding->instance];
    int after = owner->ended >= 0 ? owner->ended : holding->since;
    int domain = domain_of(inquiry, holding->instance);

    if (life->ending == ENDING_RETURNED) {
        life->may_leak = true;
        if (holding->surely < owner->ended)
            life->leaks = resource->name;
    }
    if (resource->finalised != 1 || resource->finaliser < after) {
        report_finaliser(ownership, resource, ending_rule(life->ending),
                         text_of("%s is finalised once, when its owner %s has ended",
                                 name_of(ownership, resource),
                                 task_phrase(inquiry, holding->instance).text));
        return;
    }
    if (domain >= 0 && is_elsewhere(inquiry, resource->finaliser, domain))
        report_finaliser(ownership, resource, "R5.19",
                         text_of("%s is finalised on domain %d, that of its owner %s",
                                 name_of(ownership, resource), domain,
                                 task_phrase(inquiry, holding->instance).text));
    if (resource->finaliser < life->first_final)
        life->first_final = resource->finaliser;
    if (resource->finaliser > life->last_final)
        life->last_final = resource->finaliser;
}

static void check_end(struct ownership *ownership, const struct resource *resource)
{
    const struct holding *last = &resource->last;

    if (resource->holding_count == 0) {
        if (resource->finalised > 0)
            report_finaliser(ownership, resource, "R5.21",
                             text_of("%s is not finalised: no task ever owned it",
                                     name_of(ownership, resource)));
    } else if (last->lost == NULL) {
        check_kept(ownership, resource, last);
    } else if (last->lost->operation->kind == OP_RELEASE) {
        check_released(ownership, resource, last->lost);
    } else if (last->lost->operation->kind == OP_DISOWN && resource->finalised > 0) {
        report_finaliser(
            ownership, resource, "R5.8",
            text_of("%s is not finalised: it was disowned", name_of(ownership, resource)));
    }
}

/* Resources with the same owner at its end, the one that it owned first before the others. */
static int compare_owned(const void *a, const void *b)
{
    const struct resource *first = *(const struct resource *const *)a,
                          *second = *(const struct resource *const *)b;

    return compare_holdings(&first->last, &second->last);
}

/* What a task owned later is finalised earlier. Resources that were given together have no order.
 */
static void check_order(struct ownership *ownership, const struct resource *a,
                        const struct resource *b)
{
    const struct holding *older = &a->last, *newer = &b->last;

    if (older->since == newer->since || b->finaliser < a->finaliser)
        return;
    report_finding(
        ownership->inquiry, "R5.6", 0,
        text_of("%s, which its owner %s owned later, is finalised before %s", name_of(ownership, b),
                task_phrase(ownership->inquiry, newer->instance).text, name_of(ownership, a)),
        text_of("%s, and then %s", event_phrase(ownership->inquiry, a->finaliser).text,
                event_phrase(ownership->inquiry, b->finaliser).text));
}

/* It is not known exactly when a task got a resource that a child transferred. */
static void check_orders(struct ownership *ownership)
{
    int total = ownership->variables->count, count = 0;
    const struct resource **owned = zeroed((size_t)total, sizeof *owned);

    for (int i = 0; i < total; i++) {
        const struct resource *resource = &ownership->resources[i];

        if (resource->holding_count > 0 && resource->last.lost == NULL &&
            !resource->last.transferred && resource->finalised == 1)
            owned[count++] = resource;
    }
    qsort(owned, (size_t)count, sizeof *owned, compare_owned);
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count && owned[j]->last.instance == owned[i]->last.instance; j++)
            check_order(ownership, owned[i], owned[j]);
    free(owned);
}

/* ---- All resources ---- */

/* Whether the history of a name is known: it stands for one resource, and no operation gave it
 * twice. */
static bool can_tell(const struct resource *resource)
{
    if (resource->created != 1)
        return false;
    for (int i = 0; i < resource->deed_count; i++)
        if (resource->deeds[i].times > 1 && !is_deed(resource->deeds[i].operation->kind))
            return false;
    return true;
}

/* Each resource that was owned ends once, whichever it is. */
static void check_sum(struct ownership *ownership, const struct resource *resource)
{
    struct inquiry *inquiry = ownership->inquiry;

    if (resource->disowned + resource->finalised != resource->owned)
        report_finding(
            inquiry, "R5.4", 0,
            text_of("every %s that was owned is disowned or finalised, once: %d in all",
                    name_of(ownership, resource), resource->owned),
            text_of("%d disowned, %d finalised", resource->disowned, resource->finalised));
    ownership->untold = ownership->untold || resource->owned > 0;
}

static void check_resource(struct ownership *ownership, struct resource *resource)
{
    if (resource->foreign) /* nothing tells when a descriptor begins or ends to be owned */
        return;
    if (!can_tell(resource)) {
        check_sum(ownership, resource);
        return;
    }
    if (resource->owned > 1) {
        report_finding(
            ownership->inquiry, "R5.3", 0,
            text_of("%s is owned once, and is not free after that", name_of(ownership, resource)),
            text_of("own of it was ok %d times", resource->owned));
        return;
    }
    follow_resource(ownership, resource);
    if (resource->holding_count > 0)
        resource->last = resource->holdings[resource->holding_count - 1];
    check_end(ownership, resource);
    qsort(resource->holdings, (size_t)resource->holding_count, sizeof *resource->holdings,
          compare_holdings);
    for (int i = 0; i < resource->deed_count; i++)
        check_deed(ownership, resource, &resource->deeds[i]);
}

static bool owns_descriptors(const struct program *program)
{
    for (int i = 0; i < program->operation_count; i++)
        if (program->operations[i].owned)
            return true;
    return false;
}

void check_resources(struct inquiry *inquiry)
{
    struct ownership ownership = {.inquiry = inquiry,
                                  .variables = variables_create(inquiry, NAME_RESOURCE)};
    int count = ownership.variables->count;

    ownership.resources = zeroed((size_t)count, sizeof *ownership.resources);
    for (int i = 0; i < count; i++)
        ownership.resources[i].finaliser = -1;
    for (int i = 0; i < inquiry->trace->event_count; i++)
        count_event(&ownership, i);
    ownership.untold = owns_descriptors(inquiry->program);
    gather(&ownership);
    for (int i = 0; i < count; i++)
        check_resource(&ownership, &ownership.resources[i]);
    for (int i = 0; i < inquiry->trace->instance_count && ownership.untold; i++)
        inquiry->lives[i].may_leak = true;
    check_orders(&ownership);
    variables_free(ownership.variables);
    free(ownership.resources);
    free(ownership.deeds);
    free(ownership.holdings);
}

/* ---- The ends of tasks and of the run ---- */

void check_finaliser_order(struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->trace->instance_count; i++) {
        const struct life *life = &inquiry->lives[i];

        if (life->first_final < life->below)
            report_finding(inquiry, "R5.25", 0,
                           text_of("the children of task %s end before what it owns is finalised",
                                   task_phrase(inquiry, i).text),
                           text_of("%s, but then %s", event_phrase(inquiry, life->first_final).text,
                                   event_phrase(inquiry, life->below).text));
    }
}

/* A task that leaked a resource ends the run, and does not end for its parent. */
static void check_leak(struct inquiry *inquiry, int instance)
{
    const struct life *life = &inquiry->lives[instance];

    if (life->ending == ENDING_RETURNED && life->leaks >= 0 && !ends_unseen(inquiry, instance))
        report_finding(inquiry, "R5.4", 0,
                       text_of("resource-leaked: task %s returned and owned %s",
                               task_phrase(inquiry, instance).text,
                               program_name(inquiry->program, NAME_RESOURCE, life->leaks)),
                       seen_ending(inquiry, instance));
}

/* The run may end with the code of a rule only if some task may have broken that rule. */
void check_leaks(struct inquiry *inquiry)
{
    bool may_leak = false, may_have_forgotten = false, all_leaked = true;

    for (int i = 0; i < inquiry->trace->instance_count; i++) {
        const struct life *life = &inquiry->lives[i];

        if (!is_task(inquiry, i))
            continue;
        check_leak(inquiry, i);
        if (life->ending != ENDING_RETURNED)
            continue;
        may_leak = may_leak || life->may_leak;
        may_have_forgotten = may_have_forgotten || may_forget(life);
        all_leaked = all_leaked && (!may_forget(life) || life->leaks >= 0);
    }
    if (inquiry->run.kind == OUTCOME_RESOURCE_LEAKED && !may_leak)
        report_finding(
            inquiry, "R5.4", 0,
            text_of("not resource-leaked: no task ended normally and owned something"),
            text_of("the run ended with %s", outcome_phrase(inquiry, inquiry->run).text));
    if (inquiry->run.kind == OUTCOME_STILL_HAS_CHILDREN && may_have_forgotten && all_leaked)
        report_finding(
            inquiry, "R5.5", 0,
            text_of("resource-leaked, which takes precedence over a forgotten child"),
            text_of("the run ended with %s", outcome_phrase(inquiry, inquiry->run).text));
}
