/* judge: the verdict on a trace. First what its own scenario expects, then the invariants. */
#include "judge.h"

#include "expectations.h"
#include "findings.h"
#include "invariants.h"
#include "scenario/memory.h"

#include <stdlib.h>

/* Judge a trace that has no end of the run. */
static void judge_broken(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;

    switch (trace->end) {
    case TRACE_ABSENT:
        inquiry->verdict->kind = VERDICT_ABSENT;
        inquiry->verdict->absent = copy_of(trace->problem);
        return;
    case TRACE_GARBAGE:
        inquiry->verdict->kind = VERDICT_GARBAGE;
        report_finding(inquiry, NULL, 0, text_of("a driver that keeps to its protocol"),
                       text_of("line %d of its output: %s", trace->line, trace->problem));
        return;
    default:
        inquiry->verdict->kind = VERDICT_GARBAGE;
        report_finding(
            inquiry, NULL, 0, text_of("a run that ends"),
            trace->event_count > 0
                ? text_of("nothing after %s", event_phrase(inquiry, trace->event_count - 1).text)
                : text_of("no event at all"));
    }
}

static void judge_whole(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;

    inquiry->before = zeroed((size_t)trace->event_count, sizeof *inquiry->before);
    inquiry->lives = zeroed((size_t)trace->instance_count, sizeof *inquiry->lives);
    inquiry->run = trace->events[trace->event_count - 1].outcomes.of[0];
    inquiry->rule_ended = inquiry->run.kind == OUTCOME_STILL_HAS_CHILDREN ||
                          inquiry->run.kind == OUTCOME_RESOURCE_LEAKED ||
                          inquiry->run.kind == OUTCOME_ON_CANCELLATION_FAILED ||
                          inquiry->run.kind == OUTCOME_DEADLOCK;
    check_expectations(inquiry);
    check_invariants(inquiry);
}

struct verdict *judge(const struct program *program, const struct trace *trace)
{
    struct inquiry inquiry = {
        .program = program, .trace = trace, .verdict = zeroed(1, sizeof *inquiry.verdict)};

    if (trace->end == TRACE_WHOLE)
        judge_whole(&inquiry);
    else
        judge_broken(&inquiry);
    free(inquiry.before);
    free(inquiry.lives);
    return inquiry.verdict;
}

void verdict_free(struct verdict *verdict)
{
    if (verdict == NULL)
        return;
    for (int i = 0; i < verdict->finding_count; i++) {
        free(verdict->findings[i].expected);
        free(verdict->findings[i].observed);
    }
    free(verdict->absent);
    free(verdict);
}
