/* test_stories.h: a story is a program, a trace of it that a correct runtime makes, which must
 * pass, and changes of that trace, each of which must be found. So every invariant is seen to pass
 * and to fail. The oracle is asked as well: it must allow the trace, and find each change, unless
 * it cannot decide. */
#ifndef TEST_STORIES_H
#define TEST_STORIES_H

#include "test_texts.h"

#include "judge.h"

struct change {
    const char *from; /* what in the trace is replaced; the first that is found */
    const char *to;
    const char *finding; /* part of "RULE LINE: expected / observed", RULE "-" for an expectation */
};

enum { CHANGES = 20 };

struct story {
    const char *program; /* `expect run` is put behind it, as the trace has it */
    const char *trace;   /* without its first line */
    const char *wrong;   /* "RULE LINE" of what the oracle finds wrong in the trace itself, and no
                            invariant asks for; NULL: nothing */
    struct change changes[CHANGES];
};

static inline void complain(void *to, int line, const char *text)
{
    note(to, "", line, text);
}

/* Write the findings, one a line, but for those of the excused rule; NULL: of none. */
static inline void judge_excusing(const char *rule, const char *text, const char *events,
                                  char *findings, size_t size)
{
    struct invariants excused = {.of = {false}};
    struct complaints complaints = {.size = 0};
    struct program *program =
        program_parse(text, strlen(text), PROGRAM_WITH_ANSWERS, complain, &complaints);
    char *output = malloc(strlen(events) + sizeof "scenario 1\n");
    struct trace *trace;
    struct verdict *verdict;

    if (program == NULL)
        fail_msg("%s\n%s", text, complaints.text);
    sprintf(output, "scenario 1\n%s", events);
    trace = trace_parse(program, 1, output, strlen(output));
    assert_non_null(trace);
    if (rule != NULL && invariant_of(rule) < 0)
        fail_msg("%s is not in invariant_rules", rule);
    if (rule != NULL)
        excused.of[invariant_of(rule)] = true;
    verdict = judge(program, trace, &excused);
    assert_non_null(verdict);
    assert_true(rule == NULL || verdict->broken.of[invariant_of(rule)]);
    *findings = '\0';
    for (int i = 0; i < verdict->finding_count; i++) {
        const struct finding *finding = &verdict->findings[i];
        size_t used = strlen(findings);

        snprintf(findings + used, size - used, "%s %d: %s / %s\n",
                 finding->rule != NULL ? finding->rule : "-", finding->line, finding->expected,
                 finding->observed);
    }
    assert_int_equal(verdict->kind == VERDICT_PASS, verdict->finding_count == 0);
    verdict_free(verdict);
    trace_free(trace);
    program_free(program);
    free(output);
}

static inline void judge_text(const char *text, const char *events, char *findings, size_t size)
{
    judge_excusing(NULL, text, events, findings, size);
}

/* Judge with an `expect run` of what the last line of the events says. */
static inline void judge_events(const char *excused, const struct story *story, const char *events,
                                char *findings, size_t size)
{
    const char *run = strstr(events, "\nrun ");
    char *program = malloc(strlen(story->program) + 200);

    assert_non_null(run);
    sprintf(program, "%sexpect run %.*s\n", story->program, (int)strcspn(run + 5, "\n"), run + 5);
    judge_excusing(excused, program, events, findings, size);
    free(program);
}

/* Where the rule of a finding is excused, nothing is said of it. */
static inline void excuse(const struct story *story, const char *events, const char *finding)
{
    char rule[16], findings[8192];
    int size = (int)strcspn(finding, " ");

    if (*finding != 'R')
        return;
    snprintf(rule, sizeof rule, "%.*s", size, finding);
    judge_events(rule, story, events, findings, sizeof findings);
    snprintf(rule, sizeof rule, "%.*s ", size, finding);
    if (strstr(findings, rule) != NULL)
        fail_msg("not excused:\n%s%s%s", story->program, events, findings);
}

/* What the oracle says of events: "", "open" or "RULE LINE". */
static inline void ask(const struct story *story, const char *events, char *said, size_t size)
{
    struct oracle oracle = {.alone = true};
    struct complaints complaints = {.size = 0};
    char *text = malloc(strlen(story->program) + sizeof "expect run ok\n");
    char *output = malloc(strlen(events) + sizeof "scenario 1\n");
    struct program *program;
    struct trace *trace;
    struct verdict *verdict;

    *said = '\0';
    sprintf(text, "%sexpect run ok\n", story->program);
    sprintf(output, "scenario 1\n%s", events);
    program = program_parse(text, strlen(text), PROGRAM_WITH_ANSWERS, complain, &complaints);
    if (program == NULL)
        fail_msg("%s\n%s", text, complaints.text);
    trace = trace_parse(program, 1, output, strlen(output));
    verdict = judge_by_oracle(program, trace, &oracle);
    if (verdict->finding_count > 0)
        snprintf(said, size, "%s %d",
                 verdict->findings[0].rule != NULL ? verdict->findings[0].rule : "-",
                 verdict->findings[0].line);
    else if (verdict->opinion != OPINION_ALLOWED)
        snprintf(said, size, "open");
    verdict_free(verdict);
    trace_free(trace);
    program_free(program);
    free(text);
    free(output);
}

static inline void tell(const struct story *story)
{
    char findings[8192], events[4096], said[64];

    ask(story, story->trace, said, sizeof said);
    if (strcmp(said, story->wrong != NULL ? story->wrong : "") != 0 && strcmp(said, "open") != 0)
        fail_msg("the oracle says '%s' of\n%s%s", said, story->program, story->trace);
    judge_events(NULL, story, story->trace, findings, sizeof findings);
    if (*findings != '\0')
        fail_msg("a good trace was found wrong:\n%s%s%s", story->program, story->trace, findings);
    for (const struct change *change = story->changes; change->from != NULL; change++) {
        const char *at = strstr(story->trace, change->from);

        if (at == NULL)
            fail_msg("nothing to change: %s", change->from);
        sprintf(events, "%.*s%s%s", (int)(at - story->trace), story->trace, change->to,
                at + strlen(change->from));
        judge_events(NULL, story, events, findings, sizeof findings);
        if (!contains(findings, change->finding))
            fail_msg("not found out:\n%s%s", story->program, events);
        excuse(story, events, change->finding);
        ask(story, events, said, sizeof said);
        if (*said == '\0')
            fail_msg("the oracle has not found out:\n%s%s", story->program, events);
    }
}

#endif
