/* judge: the verdict on a trace. First what its own scenario expects, then the invariants. */
#include "judge.h"

#include "expectations.h"
#include "findings.h"
#include "follow.h"
#include "invariants.h"
#include "oracle.h"
#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

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
        report_deviation(inquiry, 0, text_of("it breaks the protocol: %s", trace->problem),
                         text_of("a driver that keeps to its protocol"),
                         text_of("line %d of its output: %s", trace->line, trace->problem));
        return;
    default:
        inquiry->verdict->kind = VERDICT_GARBAGE;
        if (!inquiry->oracle || !inquiry->oracle->alone)
            check_answers(inquiry);
        if (inquiry->oracle)
            ask_oracle_of_hang(inquiry);
        if (inquiry->verdict->finding_count > 0)
            return;
        report_deviation(
            inquiry, 0, text_of("the run does not end"), text_of("a run that ends"),
            trace->event_count > 0
                ? text_of("nothing after %s", event_phrase(inquiry, trace->event_count - 1).text)
                : text_of("no event at all"));
    }
}

static void open_inquiry(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;

    inquiry->before = zeroed((size_t)trace->event_count, sizeof *inquiry->before);
    inquiry->lives = zeroed((size_t)trace->instance_count, sizeof *inquiry->lives);
}

static void close_inquiry(struct inquiry *inquiry)
{
    free(inquiry->before);
    free(inquiry->lives);
}

/* The model has no choices. */
static void judge_by_model(struct inquiry *inquiry)
{
    if (check_last_choice(inquiry))
        ask_oracle(inquiry);
    else
        inquiry->verdict->opinion = OPINION_WRONG;
}

static void judge_whole(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;

    open_inquiry(inquiry);
    inquiry->run = trace->events[trace->event_count - 1].outcomes.of[0];
    inquiry->rule_ended = inquiry->run.kind == OUTCOME_STILL_HAS_CHILDREN ||
                          inquiry->run.kind == OUTCOME_RESOURCE_LEAKED ||
                          inquiry->run.kind == OUTCOME_ON_CANCELLATION_FAILED ||
                          inquiry->run.kind == OUTCOME_DEADLOCK || is_answered_beyond(trace);
    if (!inquiry->oracle || !inquiry->oracle->alone)
        check_expectations(inquiry);
    if (!inquiry->oracle)
        check_invariants(inquiry);
    else if (follow_programs(inquiry))
        judge_by_model(inquiry);
    close_inquiry(inquiry);
}

/* ---- What the runtime does not have ---- */

static bool is_absent(const struct event *event)
{
    for (size_t i = 0; event->kind == EVENT_DID && i < event->outcomes.count; i++)
        if (event->outcomes.of[i].kind == OUTCOME_ABSENT)
            return true;
    return false;
}

/* Whether the driver has executed what is outside the run. */
static bool has_outside(const struct trace *trace)
{
    for (int i = 0; i < trace->event_count; i++)
        if (trace->events[i].kind == EVENT_OUTSIDE)
            return true;
    return false;
}

static bool asks_for_domains(const struct program *program)
{
    for (int i = 0; i < program->expectation_count; i++)
        if (program->expectations[i].kind == EXPECT_ON ||
            program->expectations[i].kind == EXPECT_APART)
            return true;
    return false;
}

const char *judge_absent(const struct program *program, const struct trace *trace)
{
    for (int i = 0; i < trace->event_count; i++) {
        const struct operation *operation;

        if (!is_absent(&trace->events[i]))
            continue;
        operation = &program->operations[trace->events[i].operation];
        if (!program_can_lack(program, operation))
            return operation_word(operation->kind);
    }
    if (trace->end == TRACE_WHOLE && program->outside_task >= 0 && !has_outside(trace))
        return "outside";
    return !trace->says_domains && asks_for_domains(program) ? "miou_domain_self" : NULL;
}

static bool lacks_something(const struct trace *trace)
{
    for (int i = 0; i < trace->event_count; i++)
        if (is_absent(&trace->events[i]))
            return true;
    return false;
}

/* The program's operations, in which nothing is expected of those that were absent. */
static struct operation *spare(const struct program *program, const struct trace *trace)
{
    size_t size = (size_t)program->operation_count * sizeof *program->operations;
    struct operation *operations = must(malloc(size));

    memcpy(operations, program->operations, size);
    for (int i = 0; i < trace->event_count; i++)
        if (is_absent(&trace->events[i])) {
            struct operation *operation = &operations[trace->events[i].operation];

            operation->kind = OP_ABSENT;
            operation->name = operation->other = -1;
            operation->answer_count = 0;
        }
    return operations;
}

static void judge_trace(struct inquiry *inquiry)
{
    if (inquiry->trace->end == TRACE_WHOLE)
        judge_whole(inquiry);
    else
        judge_broken(inquiry);
}

/* Examine what was not absent. The inquiry has no verdict yet. */
static struct verdict *hold(struct inquiry inquiry, void (*examine)(struct inquiry *))
{
    struct verdict *verdict = zeroed(1, sizeof *verdict);
    const char *absent = judge_absent(inquiry.program, inquiry.trace);
    bool spared = !absent && lacks_something(inquiry.trace);
    struct program without = *inquiry.program;

    inquiry.verdict = verdict;
    if (absent) {
        verdict->kind = VERDICT_ABSENT;
        verdict->absent = copy_of(absent);
        return verdict;
    }
    if (spared) {
        without.operations = spare(inquiry.program, inquiry.trace);
        inquiry.program = &without;
    }
    examine(&inquiry);
    if (spared)
        free(without.operations);
    return verdict;
}

struct verdict *judge(const struct program *program, const struct trace *trace,
                      const struct invariants *excused)
{
    return hold((struct inquiry){.program = program, .trace = trace, .excused = excused},
                judge_trace);
}

struct verdict *judge_by_oracle(const struct program *program, const struct trace *trace,
                                const struct oracle *oracle)
{
    return hold((struct inquiry){.program = program, .trace = trace, .oracle = oracle},
                judge_trace);
}

struct verdict *judge_begun(const struct program *program, const struct trace *trace)
{
    return hold((struct inquiry){.program = program, .trace = trace}, check_answers);
}

void verdict_add(struct verdict *verdict, struct finding finding)
{
    struct inquiry inquiry = {.verdict = verdict};

    report_deviation(&inquiry, finding.line, finding.deviation, finding.expected, finding.observed);
}

char *judge_protocol(const struct program *program, const struct trace *trace)
{
    struct verdict *verdict = zeroed(1, sizeof *verdict);
    struct program without = *program;
    struct inquiry inquiry = {.program = &without, .trace = trace, .verdict = verdict};
    char *why = NULL;

    without.operations = spare(program, trace);
    open_inquiry(&inquiry);
    if (!follow_programs(&inquiry))
        why = text_of("%s: %s", verdict->findings[0].observed, verdict->findings[0].expected);
    close_inquiry(&inquiry);
    free(without.operations);
    verdict_free(verdict);
    return why;
}

void verdict_free(struct verdict *verdict)
{
    if (verdict == NULL)
        return;
    for (int i = 0; i < verdict->finding_count; i++)
        finding_free(&verdict->findings[i]);
    free(verdict->absent);
    free(verdict->open);
    free(verdict);
}
