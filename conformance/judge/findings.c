/* findings: reports what an execution did wrong, and words for it. */
#include "findings.h"

#include <stdio.h>
#include <stdlib.h>

void report_finding(struct inquiry *inquiry, const char *rule, int line, char *expected,
                    char *observed)
{
    struct verdict *verdict = inquiry->verdict;

    if (verdict->kind == VERDICT_PASS)
        verdict->kind = VERDICT_FAIL;
    if (verdict->finding_count < FINDINGS_MAX) {
        verdict->findings[verdict->finding_count++] =
            (struct finding){rule, line, expected, observed};
        return;
    }
    verdict->more++;
    free(expected);
    free(observed);
}

struct phrase task_phrase(const struct inquiry *inquiry, int instance)
{
    struct phrase phrase;

    instance_write(phrase.text, sizeof phrase.text, inquiry->program, inquiry->trace, instance);
    return phrase;
}

struct phrase event_phrase(const struct inquiry *inquiry, int event)
{
    char line[sizeof(struct phrase) - sizeof "'' (line 2147483647 of the trace)"];
    struct phrase phrase;

    event_write(line, sizeof line, inquiry->program, inquiry->trace, event);
    snprintf(phrase.text, sizeof phrase.text, "'%s' (line %d of the trace)", line,
             inquiry->trace->events[event].line);
    return phrase;
}

struct phrase list_phrase(const struct inquiry *inquiry, struct outcomes list)
{
    struct phrase phrase;

    outcomes_write(phrase.text, sizeof phrase.text, inquiry->program, list);
    return phrase;
}

struct phrase outcome_phrase(const struct inquiry *inquiry, struct outcome outcome)
{
    struct phrase phrase;

    outcome_write(phrase.text, sizeof phrase.text, inquiry->program, outcome);
    return phrase;
}

/* The operation's word and the first name behind it. */
struct phrase operation_phrase(const struct inquiry *inquiry, int operation)
{
    const struct operation *which = &inquiry->program->operations[operation];
    const char *word = operation_word(which->kind), *name = NULL;
    struct phrase phrase;

    if (which->name >= 0)
        name = program_name(inquiry->program, operation_names(which->kind), which->name);
    else if (which->task_count > 0)
        name = program_name(inquiry->program, NAME_TASK, which->tasks[0]);
    else if (which->promise_count > 0)
        name = program_name(inquiry->program, NAME_PROMISE, which->promises[0]);
    if (name != NULL)
        snprintf(phrase.text, sizeof phrase.text, "%s %s", word, name);
    else
        snprintf(phrase.text, sizeof phrase.text, "%s", word);
    return phrase;
}

char *seen_ending(const struct inquiry *inquiry, int instance)
{
    return inquiry->lives[instance].awaited_ok
               ? text_of("its parent's await said that it had ended")
               : text_of("the run ended with %s", outcome_phrase(inquiry, inquiry->run).text);
}
