/* view.c: the number of an instance depends on which domain spawned first, which no task sees. So
 * an instance is known by its parent and by its place among the parent's children. */
#include "view.h"

#include "scenario/memory.h"

#include <stdlib.h>

/* What one instance has seen. */
struct witness {
    uint64_t name;
    uint64_t seen;     /* a hash of its events, in their order */
    uint64_t children; /* how many it has spawned */
};

/* ---- Order ---- */

static bool is_meant(const struct trace *trace, const struct event *event,
                     const struct happening *happening)
{
    int task = event->instance >= 0 ? trace->instances[event->instance].task : -1;

    switch (happening->kind) {
    case HAPPENS_PRINT:
        return event->kind == EVENT_PRINT && event->word == happening->which;
    case HAPPENS_FINALISE:
        return event->kind == EVENT_FINALISE && event->resource == happening->which;
    case HAPPENS_BEGIN:
        return event->kind == EVENT_BEGIN && task == happening->which;
    case HAPPENS_END:
        return event->kind == EVENT_END && task == happening->which;
    case HAPPENS_DONE:
        return event->kind == EVENT_DID && event->operation == happening->which;
    }
    return false;
}

bool view_is_ordered(const struct program *program, const struct trace *trace,
                     const struct event *event)
{
    for (int i = 0; i < program->expectation_count; i++) {
        const struct expectation *expectation = &program->expectations[i];

        if (expectation->kind == EXPECT_EXACTLY &&
            (event->kind == EVENT_PRINT || event->kind == EVENT_FINALISE))
            return true;
        for (int k = 0; k < expectation->happening_count && expectation->kind == EXPECT_ORDER; k++)
            if (is_meant(trace, event, &expectation->happenings[k]))
                return true;
    }
    return false;
}

/* ---- Hashes ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint64_t mix_event(uint64_t hash, const struct event *event)
{
    hash = mix(hash, (uint64_t)event->kind);
    hash = mix(hash, (uint64_t)event->operation);
    hash = mix(hash, (uint64_t)event->domain);
    hash = mix(hash, (uint64_t)event->word);
    hash = mix(hash, (uint64_t)event->resource);
    for (size_t i = 0; i < event->outcomes.count; i++) {
        hash = mix(hash, (uint64_t)event->outcomes.of[i].kind);
        hash = mix(hash, (uint64_t)event->outcomes.of[i].value);
    }
    return hash;
}

static uint64_t name_of(const struct trace *trace, struct witness *witnesses, int instance)
{
    const struct instance *which = &trace->instances[instance];
    uint64_t name = mix(1, (uint64_t)which->task);

    if (which->parent < 0)
        return mix(name, which->spawned < 0);
    return mix(mix(name, witnesses[which->parent].name), witnesses[which->parent].children++);
}

/* Whose event it is; NULL: that of no task. */
static struct witness *witness_of(const struct event *event, struct witness *witnesses)
{
    if (event->instance >= 0)
        return &witnesses[event->instance];
    return event->creator >= 0 && event->kind == EVENT_CALLBACK ? &witnesses[event->creator] : NULL;
}

static uint64_t look(const struct trace *trace, const struct event *event,
                     struct witness *witnesses)
{
    struct witness *witness = witness_of(event, witnesses);
    uint64_t seen = 0;

    if (event->child >= 0)
        witnesses[event->child].name = name_of(trace, witnesses, event->child);
    if (witness)
        witness->seen = mix_event(witness->seen, event);
    else
        seen = mix_event(event->creator >= 0 ? witnesses[event->creator].name : 0, event);
    return seen;
}

uint64_t view_of(const struct program *program, const struct trace *trace)
{
    struct witness *witnesses = zeroed((size_t)trace->instance_count, sizeof *witnesses);
    uint64_t view = 0, order = 0;
    int i;

    witnesses[0].name = 1;
    for (i = 0; i < trace->event_count; i++) {
        const struct event *event = &trace->events[i];

        view += look(trace, event, witnesses);
        if (view_is_ordered(program, trace, event))
            order = mix_event(
                mix(order, event->instance >= 0 ? witnesses[event->instance].name : 0), event);
    }
    for (i = 0; i < trace->instance_count; i++)
        view += mix(mix(0, witnesses[i].name), witnesses[i].seen);
    free(witnesses);
    view = mix(mix(view, order), (uint64_t)trace->end);
    return view ? view : 1;
}
