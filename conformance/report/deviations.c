/* deviations: a finding names events by their lines in the trace. One that names none is about the
 * end of the run, about the first print or finaliser that is not the expected one, or about
 * something that never happened. */
#include "deviations.h"

#include "scenario/memory.h"

#include <stdlib.h>

static void mark(struct deviations *deviations, int finding, int event)
{
    if (deviations->of_event[event] < 0)
        deviations->of_event[event] = finding;
    if (deviations->first_event[finding] < 0)
        deviations->first_event[finding] = event;
}

/* The event on a line of the trace; -1: none. */
static int event_on(const struct trace *trace, int line)
{
    int low = 0, high = trace->event_count;

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (trace->events[middle].line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low < trace->event_count && trace->events[low].line == line ? low : -1;
}

/* The expectation on a line; NULL: none. */
static const struct expectation *expectation_on(const struct program *program, int line)
{
    for (int i = 0; i < program->expectation_count; i++)
        if (program->expectations[i].line == line)
            return &program->expectations[i];
    return NULL;
}

static bool is_happening(const struct event *event, const struct happening *happening)
{
    return event->kind == EVENT_PRINT
               ? happening->kind == HAPPENS_PRINT && happening->which == event->word
               : happening->kind == HAPPENS_FINALISE && happening->which == event->resource;
}

/* The first print or finaliser that is not the next one expected; -1: there are too few. */
static int first_other(const struct trace *trace, const struct expectation *expectation)
{
    int matched = 0;

    for (int i = 0; i < trace->event_count; i++) {
        const struct event *event = &trace->events[i];

        if (event->kind != EVENT_PRINT && event->kind != EVENT_FINALISE)
            continue;
        if (matched == expectation->happening_count ||
            !is_happening(event, &expectation->happenings[matched++]))
            return i;
    }
    return -1;
}

/* The event that a finding is about which names none; -1: none. */
static int unnamed_event(const struct program *program, const struct trace *trace,
                         const struct finding *finding)
{
    const struct expectation *expectation = expectation_on(program, finding->line);

    if (expectation && expectation->kind == EXPECT_RUN)
        return trace->end == TRACE_WHOLE ? trace->event_count - 1 : -1;
    return expectation && expectation->kind == EXPECT_EXACTLY ? first_other(trace, expectation)
                                                              : -1;
}

void deviations_find(struct deviations *deviations, const struct program *program,
                     const struct trace *trace, const struct verdict *verdict)
{
    *deviations = (struct deviations){
        .of_event = zeroed((size_t)trace->event_count, sizeof *deviations->of_event)};
    for (int i = 0; i < trace->event_count; i++)
        deviations->of_event[i] = -1;
    for (int f = 0; verdict && f < verdict->finding_count; f++) {
        const char *text = verdict->findings[f].observed;
        int line, event;

        deviations->first_event[f] = -1;
        while ((line = finding_next_line(&text)) > 0)
            if ((event = event_on(trace, line)) >= 0)
                mark(deviations, f, event);
        event = unnamed_event(program, trace, &verdict->findings[f]);
        if (deviations->first_event[f] < 0 && event >= 0)
            mark(deviations, f, event);
    }
}

void deviations_free(struct deviations *deviations)
{
    free(deviations->of_event);
}
