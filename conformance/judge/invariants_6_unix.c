/* invariants of chapter 6: descriptors. A name under which one descriptor is made stands for it;
 * nothing is concluded from other names. */
#include "invariants.h"

#include "findings.h"
#include "variables.h"

#include <stdlib.h>

struct descriptor {
    int made;   /* times */
    int closed; /* the first close of it that was ok: an event; NEVER */
};

struct descriptors {
    struct inquiry *inquiry;
    struct variables *variables;
    struct descriptor *of; /* by variable */
};

static struct descriptor *descriptor_of(const struct descriptors *descriptors, int event, int name)
{
    int instance = descriptors->inquiry->trace->events[event].instance;

    return &descriptors->of[variable_of(descriptors->variables, instance, name)];
}

/* The descriptor that an operation uses; -1: none. */
static int used_by(const struct operation *operation)
{
    switch (operation->kind) {
    case OP_SOCKET:
    case OP_PIPE:
        return -1;
    case OP_ACCEPT:
    case OP_RESOURCE:
    case OP_SPLIT:
        return operation->other;
    default:
        return operation_is_io(operation->kind) ? operation->name : -1;
    }
}

/* Whether an event tells of an operation, of a task or not. */
static bool is_done(const struct inquiry *inquiry, int event)
{
    enum event_kind kind = inquiry->trace->events[event].kind;

    return (kind == EVENT_DID || kind == EVENT_ASIDE) &&
           operation_is_io(operation_of(inquiry, event)->kind);
}

static void note_made(const struct descriptors *descriptors, int event)
{
    const struct operation *operation = operation_of(descriptors->inquiry, event);
    int times = times_ok(descriptors->inquiry, event);

    if (operation->kind == OP_SOCKET || operation->kind == OP_PIPE ||
        operation->kind == OP_ACCEPT || operation->kind == OP_SPLIT)
        descriptor_of(descriptors, event, operation->name)->made += times;
    if (operation->kind == OP_PIPE)
        descriptor_of(descriptors, event, operation->other)->made += times;
}

static void check_garbled(struct inquiry *inquiry, int event)
{
    const struct operation *operation = operation_of(inquiry, event);
    struct outcomes list = inquiry->trace->events[event].outcomes;

    for (size_t i = 0; i < list.count; i++)
        if (list.of[i].kind == OUTCOME_GARBLED) {
            report_finding(inquiry,
                           operation->kind == OP_READ           ? "R6.4"
                           : operation->kind == OP_READ_EXACTLY ? "R6.34"
                                                                : "R6.36",
                           operation->line,
                           text_of("the bytes that were sent, each once and in their order"),
                           text_of("%s", event_phrase(inquiry, event).text));
            return;
        }
}

/* A descriptor ends once, and nothing can be done with it afterwards. */
static void check_use(const struct descriptors *descriptors, int event)
{
    struct inquiry *inquiry = descriptors->inquiry;
    const struct operation *operation = operation_of(inquiry, event);
    struct descriptor *descriptor = descriptor_of(descriptors, event, used_by(operation));
    int times = times_ok(inquiry, event);

    if (descriptor->made != 1 || times == 0)
        return;
    if (operation->kind == OP_CLOSE && (descriptor->closed != NEVER || times > 1))
        report_finding(inquiry, "R6.38", operation->line,
                       text_of("bad-descriptor: it is closed once"),
                       text_of("%s", event_phrase(inquiry, event).text));
    else if (operation->kind == OP_CLOSE)
        descriptor->closed = event;
    else if (descriptor->closed <= inquiry->before[event])
        report_finding(inquiry, "R6.8", operation->line,
                       text_of("bad-descriptor: it is closed by %s",
                               event_phrase(inquiry, descriptor->closed).text),
                       text_of("%s", event_phrase(inquiry, event).text));
}

void check_descriptors(struct inquiry *inquiry)
{
    struct descriptors descriptors = {.inquiry = inquiry,
                                      .variables = variables_create(inquiry, NAME_DESCRIPTOR)};
    int count = descriptors.variables->count;

    descriptors.of = zeroed((size_t)count, sizeof *descriptors.of);
    for (int i = 0; i < count; i++)
        descriptors.of[i].closed = NEVER;
    for (int i = 0; i < inquiry->trace->event_count; i++)
        if (is_done(inquiry, i))
            note_made(&descriptors, i);
    for (int i = 0; i < inquiry->trace->event_count; i++) {
        if (!is_done(inquiry, i))
            continue;
        check_garbled(inquiry, i);
        if (used_by(operation_of(inquiry, i)) >= 0)
            check_use(&descriptors, i);
    }
    variables_free(descriptors.variables);
    free(descriptors.of);
}
