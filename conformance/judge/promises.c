/* promises: a name is bound by one task. In that task it is known which children it stands for; in
 * another, on another domain, the name may have been bound again meanwhile. */
#include "promises.h"

#include "findings.h"

#include <stdlib.h>
#include <string.h>

/* ---- What a name stands for ---- */

static void add_slot(struct promises *promises, int child, int owner)
{
    promises->slots = grown(promises->slots, (size_t)promises->slot_count, sizeof *promises->slots);
    promises->slots[promises->slot_count++] = (struct slot){.child = child, .owner = owner};
}

/* Add the children of a spawn in order; its spawn events are found from the last to the first. */
static void add_children(struct promises *promises, int did)
{
    struct inquiry *inquiry = promises->inquiry;
    const struct event *events = inquiry->trace->events;
    int first = promises->slot_count, last;

    for (int event = inquiry->before[did]; event >= 0 && events[event].kind == EVENT_SPAWN &&
                                           events[event].operation == events[did].operation;
         event = inquiry->before[event])
        if (inquiry->lives[events[event].child].birth == BIRTH_SPAWNED)
            add_slot(promises, events[event].child, actor(inquiry, did));
    last = promises->slot_count - 1;
    for (; first < last; first++, last--) {
        struct slot slot = promises->slots[first];

        promises->slots[first] = promises->slots[last];
        promises->slots[last] = slot;
    }
}

static void add_cared(struct promises *promises, int did)
{
    const struct event *event = &promises->inquiry->trace->events[did];
    struct outcomes list = event->outcomes;
    size_t count = list.count;

    if (count == 1)
        count = (size_t)operation_of(promises->inquiry, did)->repeat;
    for (size_t i = 0; i < count; i++)
        if (hands_out(member(list, (int)i)))
            add_slot(promises, -1, actor(promises->inquiry, did));
}

/* What a name stands for in the instance that does an operation. */
static struct bindings *bindings_of(const struct promises *promises, int did, int name)
{
    int instance = promises->inquiry->trace->events[did].instance;

    return &promises->names[variable_of(promises->variables, instance, name)];
}

static void add_binding(struct promises *promises, int did)
{
    struct inquiry *inquiry = promises->inquiry;
    const struct operation *operation = operation_of(inquiry, did);
    struct bindings *name = bindings_of(promises, did, operation->bind);
    int first = promises->slot_count;

    if (operation_has(operation->kind, OPERATION_SPAWNS))
        add_children(promises, did);
    else
        add_cared(promises, did);
    name->of = grown(name->of, (size_t)name->count, sizeof *name->of);
    name->of[name->count++] = (struct binding){did, first, promises->slot_count - first};
    name->binder = actor(inquiry, did);
}

void promises_bind(struct promises *promises, struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;

    *promises =
        (struct promises){.inquiry = inquiry, .variables = variables_create(inquiry, NAME_PROMISE)};
    promises->names = zeroed((size_t)promises->variables->count, sizeof *promises->names);
    for (int i = 0; i < promises->variables->count; i++)
        promises->names[i].binder = NOBODY;
    for (int i = 0; i < trace->event_count; i++)
        if (trace->events[i].kind == EVENT_DID && operation_of(inquiry, i)->bind >= 0)
            add_binding(promises, i);
}

void promises_free(struct promises *promises)
{
    free(promises->slots);
    free(promises->listed);
    for (int i = 0; i < promises->variables->count; i++)
        free(promises->names[i].of);
    free(promises->names);
    variables_free(promises->variables);
}

/* Find what a name stood for when the operation of `did` began, or its only turn. A task goes from
 * its event before straight to that operation, so a binding on its domain came before that event or
 * after the operation had begun. False: it cannot be told. */
static bool look_up(const struct promises *promises, int did, int which, struct binding *binding)
{
    const struct inquiry *inquiry = promises->inquiry;
    const struct bindings *name = bindings_of(promises, did, which);
    int task = actor(inquiry, did), low = 0, high = name->count;
    bool own = name->binder == NOBODY || name->binder == task;

    if (!own && (inquiry->lives[name->binder].domain != inquiry->lives[task].domain ||
                 operation_of(inquiry, did)->repeat > 1))
        return false;
    while (low < high) {
        int middle = (low + high) / 2;

        if (name->of[middle].event <= inquiry->before[did])
            low = middle + 1;
        else
            high = middle;
    }
    *binding = low > 0 ? name->of[low - 1] : (struct binding){-1, 0, 0};
    return true;
}

static void list_slot(struct promises *promises, int slot)
{
    promises->listed =
        grown(promises->listed, (size_t)promises->listed_count, sizeof *promises->listed);
    promises->listed[promises->listed_count++] = slot;
}

bool promises_list(struct promises *promises, int did)
{
    const struct operation *operation = operation_of(promises->inquiry, did);
    bool each = operation_has(operation->kind, OPERATION_EACH);
    int names = each ? 1 : operation->promise_count;

    promises->listed_count = 0;
    for (int i = 0; i < names; i++) {
        struct binding binding;

        if (!look_up(promises, did, each ? operation->name : operation->promises[i], &binding))
            return false;
        if (binding.count == 0)
            list_slot(promises, -1);
        for (int j = 0; j < binding.count; j++)
            list_slot(promises, binding.first + j);
    }
    return true;
}

/* ---- One promise ---- */

static bool is_state(struct outcome outcome)
{
    return outcome.kind == OUTCOME_RUNNING || outcome.kind == OUTCOME_FINISHED ||
           outcome.kind == OUTCOME_EXITED;
}

void settle_child(struct promises *promises, const struct use *use, struct slot *slot)
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
    life->settled_at = use->event;
    owner->settled_orphans += is_orphan(inquiry, slot->child);
}

void mark_cancelled(struct promises *promises, struct slot *slot)
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

bool may_be_settled(const struct promises *promises, const struct slot *slot)
{
    const struct life *owner = &promises->inquiry->lives[slot->owner];

    if (slot->child < 0)
        return slot->settled || owner->settled_orphans > 0 || owner->settles_unknown;
    return promises->inquiry->lives[slot->child].settled ||
           promises->inquiry->lives[slot->child].candidate || owner->settled_cared > 0 ||
           owner->settles_unknown;
}

bool is_settled(const struct promises *promises, const struct slot *slot)
{
    return slot->child < 0 ? slot->settled : promises->inquiry->lives[slot->child].settled;
}

bool is_freed(const struct promises *promises, const struct slot *slot)
{
    return slot->child < 0 ? slot->freed : promises->inquiry->lives[slot->child].freed;
}

/* Whether a promise was given back by what is no task of its own, such as the action of a trigger,
 * which acts for the task that signals it. */
static bool is_freed_aside(const struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->trace->event_count; i++)
        if (inquiry->trace->events[i].kind == EVENT_ASIDE &&
            operation_of(inquiry, i)->kind == OP_FREE && times_ok(inquiry, i) > 0)
            return true;
    return false;
}

bool may_be_freed(const struct promises *promises, const struct slot *slot)
{
    const struct life *owner = &promises->inquiry->lives[slot->owner];

    if (is_freed(promises, slot) || is_freed_aside(promises->inquiry))
        return true;
    return slot->child < 0
               ? owner->frees
               : owner->frees_unknown || (owner->gets && is_orphan(promises->inquiry, slot->child));
}

bool use_succeeds(const struct use *use)
{
    switch (use->operation->kind) {
    case OP_CANCEL:
    case OP_FREE:
        return is_ok(use->outcome);
    case OP_STATE:
        return is_state(use->outcome);
    default:
        return is_ending(use->outcome);
    }
}

void report_use(struct promises *promises, const char *rule, const struct use *use, char *expected)
{
    struct inquiry *inquiry = promises->inquiry;

    report_finding(inquiry, rule, use->operation->line, expected,
                   text_of("%s had the outcome %s in %s", operation_word(use->operation->kind),
                           outcome_phrase(inquiry, use->outcome).text,
                           event_phrase(inquiry, use->event).text));
}

void report_stranger(struct promises *promises, const struct use *use)
{
    report_use(promises, use->stranger_rule, use,
               text_of("not-a-child: the promise is not one of task %s",
                       task_phrase(promises->inquiry, use->instance).text));
}

void note_taken(struct promises *promises, int did)
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

void count_forgotten(struct inquiry *inquiry)
{
    for (int i = 1; i < inquiry->trace->instance_count; i++) {
        struct life *parent;

        if (inquiry->lives[i].birth != BIRTH_SPAWNED || inquiry->lives[i].settled)
            continue;
        parent = &inquiry->lives[parent_of(inquiry, i)];
        parent->forgotten++;
        parent->a_forgotten = i;
        parent->forgotten_orphans += is_orphan(inquiry, i);
    }
}
