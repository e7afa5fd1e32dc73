/* oracle: a trace in the words of the model. */
#include "oracle.h"

#include "findings.h"
#include "model/trail.h"
#include "scenario/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What it cannot decide ---- */

static bool is_of_memory(struct outcome outcome)
{
    return outcome.kind == OUTCOME_NO_MEMORY ||
           (outcome.kind == OUTCOME_ERROR && outcome.value == EAGAIN);
}

/* What happened in the run that the model does not know; NULL: nothing. */
static const char *unknown_event(const struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;

    for (int i = 0; i < trace->event_count; i++)
        for (size_t j = 0; j < trace->events[i].outcomes.count; j++)
            if (is_of_memory(trace->events[i].outcomes.of[j]))
                return "the system had no memory or no thread";
    if (!trace->says_domains && inquiry->program->domains > 0 &&
        (program_has(inquiry->program, OP_CALL) || program_has(inquiry->program, OP_PARALLEL)))
        return "the runtime does not say on which domain a task is";
    return NULL;
}

static void leave_open(struct inquiry *inquiry, char *why)
{
    inquiry->verdict->opinion = OPINION_OPEN;
    inquiry->verdict->open = why;
}

/* The runtime differs from a rule that may be behind what is wrong. */
static bool is_spared(const struct inquiry *inquiry)
{
    const struct program *program = inquiry->program;

    if (inquiry->oracle->spares_all)
        return true;
    for (int i = 0; i < program->operation_count; i++)
        if (inquiry->oracle->spares[program->operations[i].kind])
            return true;
    return false;
}

/* ---- The trace ---- */

static enum sight_kind kind_of(enum event_kind kind)
{
    switch (kind) {
    case EVENT_SPAWN:
        return SIGHT_SPAWN;
    case EVENT_FORCE:
    case EVENT_CALLBACK:
        return SIGHT_PART;
    case EVENT_BEGIN:
        return SIGHT_BEGIN;
    case EVENT_DID:
        return SIGHT_DID;
    case EVENT_PRINT:
        return SIGHT_PRINT;
    case EVENT_FINALISE:
        return SIGHT_FINALISE;
    case EVENT_END:
        return SIGHT_END;
    case EVENT_RUN:
        return SIGHT_RUN;
    default:
        return SIGHT_OTHER;
    }
}

static bool is_somewhere(const struct trace *trace, int domain)
{
    return trace->says_domains && !is_unknown_domain(domain);
}

/* Where the runtime does not say domains there is one for all tasks; what is outside the run counts
 * as being on dom0. */
static struct sight sight_of(const struct trace *trace, const struct event *event)
{
    bool has_domain = event->kind == EVENT_BEGIN || event->kind == EVENT_FINALISE;

    return (struct sight){.kind = kind_of(event->kind),
                          .instance =
                              event->kind == EVENT_FINALISE ? event->creator : event->instance,
                          .operation = event->operation,
                          .child = event->child,
                          .domain = !has_domain                          ? -1
                                    : is_somewhere(trace, event->domain) ? event->domain
                                                                         : 0,
                          .name = event->kind == EVENT_PRINT ? event->word : event->resource,
                          .outcomes = event->outcomes};
}

static struct sighted sighted_of(const struct trace *trace, const struct instance *instance)
{
    const struct event *event = instance->spawned < 0 ? NULL : &trace->events[instance->spawned];

    return (struct sighted){.task = instance->task,
                            .number = instance->number,
                            .cause = !event                          ? CAUSE_SPAWN
                                     : event->kind == EVENT_FORCE    ? CAUSE_PART
                                     : event->kind == EVENT_CALLBACK ? CAUSE_CALLBACK
                                                                     : CAUSE_SPAWN,
                            .parent = instance->parent,
                            .operation = event ? event->operation : -1};
}

static struct manner manner_of(const struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;
    bool steered = inquiry->program->schedule || trace->choice_count > 0;

    return (struct manner){steered ? trace->choice_count : -1, trace->beyond,
                           trace->end == TRACE_WHOLE};
}

/* Of a run that does not end, the trail is wrong behind its last event, since nothing is seen
 * there.
 */
static struct trail follow_trace(const struct inquiry *inquiry)
{
    static struct outcome nothing = {.kind = OUTCOME_ABSENT};
    const struct trace *trace = inquiry->trace;
    int count = trace->event_count + (trace->end != TRACE_WHOLE);
    struct sight *sights = zeroed((size_t)count, sizeof *sights);
    struct sighted *sighted = zeroed((size_t)trace->instance_count, sizeof *sighted);
    struct trail trail;

    for (int i = 0; i < trace->event_count; i++)
        sights[i] = sight_of(trace, &trace->events[i]);
    if (trace->end != TRACE_WHOLE)
        sights[count - 1] = (struct sight){.kind = SIGHT_RUN,
                                           .instance = -1,
                                           .operation = -1,
                                           .child = -1,
                                           .domain = -1,
                                           .name = -1,
                                           .outcomes = {.of = &nothing, .count = 1}};
    for (int i = 0; i < trace->instance_count; i++)
        sighted[i] = sighted_of(trace, &trace->instances[i]);
    trail = trail_follow(inquiry->program, manner_of(inquiry), sights, count, sighted,
                         trace->instance_count);
    free(sights);
    free(sighted);
    return trail;
}

/* ---- The verdict ---- */

static int line_of(const struct inquiry *inquiry, int event)
{
    int operation = inquiry->trace->events[event].operation;

    return operation < 0 ? 0 : inquiry->program->operations[operation].line;
}

/* "R2.12, where the rules allow R2.14, R1.21": that of what happened, and those of what could have.
 */
static char *deviation_of(const char *what, const struct trail *trail)
{
    const char *at = trail->allowed, *rule;
    char *text;
    size_t size, length;
    FILE *stream = must(open_memstream(&text, &size));

    fprintf(stream, "%s, where the rules allow", what);
    while ((rule = finding_next_rule(&at, trail->allowed, &length)))
        fprintf(stream, " %.*s", (int)length, rule);
    fprintf(stream, *trail->allowed ? "" : " nothing more of that domain");
    fclose(stream);
    return must(text);
}

static void accuse(struct inquiry *inquiry, const struct trail *trail)
{
    inquiry->verdict->opinion = OPINION_WRONG;
    report_disallowed(inquiry, trail->rule, line_of(inquiry, trail->at),
                      deviation_of(trail->rule, trail),
                      *trail->allowed ? text_of("one of %s", trail->allowed)
                                      : text_of("nothing more of that domain"),
                      text_of("%s [%s], where %s", event_phrase(inquiry, trail->at).text,
                              trail->rule, trail->state));
}

/* Whether the program can be judged; if not, the verdict says why. */
static bool can_tell(struct inquiry *inquiry)
{
    const char *lacks = trail_lacks(inquiry->program), *unknown = unknown_event(inquiry);

    if (lacks || unknown)
        leave_open(inquiry,
                   lacks ? text_of("the model does not know %s", lacks) : copy_of(unknown));
    return !lacks && !unknown;
}

/* Whether the runtime differs from the rules of all that could have happened. */
static bool differs_from_all(const struct oracle *oracle, const char *allowed)
{
    const char *at = allowed, *rule;
    size_t length;
    bool all = *allowed != '\0';

    while (all && (rule = finding_next_rule(&at, allowed, &length))) {
        char *word = text_of(" %.*s ", (int)length, rule);

        all = oracle->differs && strstr(oracle->differs, word);
        free(word);
    }
    return all;
}

/* Nothing is said of an earlier event, since others may be lost that were before it. */
void ask_oracle_of_hang(struct inquiry *inquiry)
{
    struct trail trail;

    if (!can_tell(inquiry))
        return;
    trail = follow_trace(inquiry);
    if (trail.end != TRAIL_WRONG || trail.at < inquiry->trace->event_count || !*trail.allowed) {
        leave_open(inquiry, copy_of("the run does not end"));
    } else if (differs_from_all(inquiry->oracle, trail.allowed)) {
        inquiry->verdict->spared = true;
        leave_open(inquiry, copy_of("the runtime differs"));
    } else {
        inquiry->verdict->opinion = OPINION_WRONG;
        report_deviation(inquiry, 0, deviation_of("the run does not end", &trail),
                         text_of("one of %s", trail.allowed),
                         text_of("nothing more, where %s", trail.state));
    }
    trail_free(&trail);
}

void ask_oracle(struct inquiry *inquiry)
{
    struct trail trail;

    if (!can_tell(inquiry))
        return;
    trail = follow_trace(inquiry);
    inquiry->verdict->offered = trail.offered;
    inquiry->verdict->taken = trail.taken;
    switch (trail.end) {
    case TRAIL_ALLOWED:
        inquiry->verdict->opinion = OPINION_ALLOWED;
        break;
    case TRAIL_LOST:
        leave_open(inquiry, copy_of("there are too many states"));
        break;
    case TRAIL_FULL:
        leave_open(inquiry, copy_of("there are too many tasks"));
        break;
    case TRAIL_WRONG:
        if (is_spared(inquiry))
            leave_open(inquiry, copy_of("the runtime differs"));
        else
            accuse(inquiry, &trail);
    }
    trail_free(&trail);
}
