/* alternatives: all answers of a program stand in one row: those of its operations, and then those
 * of its run. An operation with a single answer has no alternatives; it need not be executed. */
#include "alternatives.h"

#include "scenario/memory.h"

#include <stdlib.h>

struct alternatives {
    const struct program *program;
    const struct expectation *run;
    bool *met;  /* by operation and answer, then by answer of the run */
    int *first; /* by operation: the place of its first answer; behind the last one: the run's */
};

struct alternatives *alternatives_create(const struct program *program)
{
    struct alternatives *alternatives = zeroed(1, sizeof *alternatives);
    int i, count = 0;

    alternatives->program = program;
    alternatives->first = zeroed((size_t)program->operation_count + 1, sizeof(int));
    for (i = 0; i < program->operation_count; i++) {
        alternatives->first[i] = count;
        count += program->operations[i].answer_count;
    }
    alternatives->first[i] = count;
    for (i = 0; i < program->expectation_count; i++)
        if (program->expectations[i].kind == EXPECT_RUN)
            alternatives->run = &program->expectations[i];
    count += alternatives->run ? alternatives->run->answer_count : 0;
    alternatives->met = zeroed((size_t)count, sizeof(bool));
    return alternatives;
}

void alternatives_free(struct alternatives *alternatives)
{
    free(alternatives->first);
    free(alternatives->met);
    free(alternatives);
}

/* Whether outcomes are an answer, or, if it is no list, one of them is. */
static bool meets(struct outcomes outcomes, struct outcomes answer)
{
    bool same = outcomes.count == answer.count;
    size_t i;

    for (i = 0; i < outcomes.count && answer.count == 1; i++)
        if (outcome_equal(outcomes.of[i], answer.of[0]))
            return true;
    for (i = 0; i < outcomes.count && same; i++)
        same = outcome_equal(outcomes.of[i], answer.of[i]);
    return same;
}

static void note(struct outcomes outcomes, const struct outcomes *answers, int count, bool *met)
{
    int i;

    for (i = 0; i < count; i++)
        met[i] |= meets(outcomes, answers[i]);
}

void alternatives_note(struct alternatives *alternatives, const struct trace *trace)
{
    const struct program *program = alternatives->program;
    int i;

    for (i = 0; i < trace->event_count; i++) {
        const struct event *event = &trace->events[i];
        const struct operation *operation;

        if (event->kind == EVENT_DID) {
            operation = &program->operations[event->operation];
            note(event->outcomes, operation->answers, operation->answer_count,
                 &alternatives->met[alternatives->first[event->operation]]);
        } else if (event->kind == EVENT_RUN) {
            note(event->outcomes, alternatives->run->answers, alternatives->run->answer_count,
                 &alternatives->met[alternatives->first[program->operation_count]]);
        }
    }
}

/* Call tell for each answer, among several, that was not met. Returns whether there is none. */
static bool for_each_missing(const struct alternatives *alternatives,
                             void (*tell)(void *to, int line, const char *what,
                                          const struct outcomes *answer),
                             void *to)
{
    const struct program *program = alternatives->program;
    bool none = true;
    int i, a;

    for (i = 0; i <= program->operation_count; i++) {
        const struct operation *operation =
            i < program->operation_count ? &program->operations[i] : NULL;
        const struct outcomes *answers =
            operation ? operation->answers : alternatives->run->answers;
        int count = operation ? operation->answer_count : alternatives->run->answer_count;

        for (a = 0; a < count && count > 1; a++)
            if (!alternatives->met[alternatives->first[i] + a]) {
                none = false;
                tell(to, operation ? operation->line : alternatives->run->line,
                     operation ? operation_word(operation->kind) : "run", &answers[a]);
            }
    }
    return none;
}

static void tell_nothing(void *to, int line, const char *what, const struct outcomes *answer)
{
    (void)to, (void)line, (void)what, (void)answer;
}

bool alternatives_are_met(const struct alternatives *alternatives)
{
    return for_each_missing(alternatives, tell_nothing, NULL);
}

/* Where a missing answer is told. */
struct report {
    const struct program *program;
    size_t executions;
    struct verdict *verdict;
};

static void tell_verdict(void *to, int line, const char *what, const struct outcomes *answer)
{
    const struct report *report = to;
    char text[4 * OUTCOME_MAX];

    outcomes_write(text, sizeof text, report->program, *answer);
    verdict_add(
        report->verdict,
        (struct finding){
            .line = line,
            .expected = text_of("some schedule leads to the outcome %s of '%s'", text, what),
            .observed = text_of("none of %zu does", report->executions),
            .deviation = text_of("no schedule leads to the outcome %s of '%s'", text, what)});
}

void alternatives_tell(const struct alternatives *alternatives, size_t executions,
                       struct verdict *verdict)
{
    for_each_missing(alternatives, tell_verdict,
                     &(struct report){alternatives->program, executions, verdict});
}
