/* findings: reports what an execution did wrong, and words for it. */
#include "findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* R13.6 is broken by two executions that differ, which suite/replay.c compares. */
const char *const invariant_rules[] = {
    "R1.1",  "R1.2",  "R1.5",  "R1.7",  "R1.10", "R2.1",  "R2.3",  "R2.4",  "R2.5",  "R2.6",
    "R2.7",  "R2.9",  "R2.11", "R2.12", "R2.13", "R2.14", "R2.15", "R2.16", "R3.1",  "R3.2",
    "R3.3",  "R3.4",  "R3.7",  "R3.17", "R3.19", "R3.20", "R3.21", "R3.22", "R4.1",  "R4.2",
    "R4.3",  "R4.4",  "R4.5",  "R4.6",  "R4.7",  "R4.8",  "R4.9",  "R4.12", "R4.13", "R4.14",
    "R5.1",  "R5.2",  "R5.3",  "R5.4",  "R5.5",  "R5.6",  "R5.7",  "R5.8",  "R5.9",  "R5.10",
    "R5.13", "R5.14", "R5.15", "R5.17", "R5.19", "R5.21", "R5.25", "R6.4",  "R6.8",  "R6.34",
    "R6.36", "R6.38", "R8.1",  "R8.3",  "R8.5",  "R8.6",  "R8.7",  "R8.8",  "R8.10", "R8.12",
    "R8.14", "R9.1",  "R9.2",  "R9.3",  "R9.4",  "R9.5",  "R9.9",  "R9.10", "R9.14", "R9.17",
    "R9.18", "R9.19", "R9.20", "R9.22", "R9.23", "R9.25", "R9.27", "R9.29", "R10.2", "R12.1",
    "R13.3", "R13.6", "R13.7", "R14.1", "R14.2", NULL};
_Static_assert(sizeof invariant_rules / sizeof *invariant_rules == INVARIANTS + 1,
               "a place in struct invariants for every rule");

int invariant_of(const char *rule)
{
    for (int i = 0; i < INVARIANTS; i++)
        if (strcmp(invariant_rules[i], rule) == 0)
            return i;
    return -1;
}

static void add_finding(struct verdict *verdict, struct finding finding)
{
    if (verdict->kind == VERDICT_PASS)
        verdict->kind = VERDICT_FAIL;
    if (verdict->finding_count < FINDINGS_MAX) {
        verdict->findings[verdict->finding_count++] = finding;
        return;
    }
    verdict->more++;
    finding_free(&finding);
}

void report_finding(struct inquiry *inquiry, const char *rule, int line, char *expected,
                    char *observed)
{
    struct finding finding = {rule, line, expected, observed, NULL};
    int invariant = invariant_of(rule);

    if (invariant >= 0)
        inquiry->verdict->broken.of[invariant] = true;
    if (invariant >= 0 && inquiry->excused != NULL && inquiry->excused->of[invariant])
        finding_free(&finding);
    else
        add_finding(inquiry->verdict, finding);
}

void report_deviation(struct inquiry *inquiry, int line, char *deviation, char *expected,
                      char *observed)
{
    add_finding(inquiry->verdict, (struct finding){NULL, line, expected, observed, deviation});
}

void report_disallowed(struct inquiry *inquiry, const char *rule, int line, char *deviation,
                       char *expected, char *observed)
{
    add_finding(inquiry->verdict, (struct finding){rule, line, expected, observed, deviation});
}

void finding_free(struct finding *finding)
{
    free(finding->expected);
    free(finding->observed);
    free(finding->deviation);
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

int finding_next_line(const char **text)
{
    static const char before[] = " (line ", behind[] = " of the trace)";

    while ((*text = strstr(*text, before))) {
        char *end;
        long line = strtol(*text += strlen(before), &end, 10);

        if (strncmp(end, behind, strlen(behind)) == 0 && line > 0 && line <= INT_MAX)
            return (int)line;
    }
    *text = "";
    return 0;
}

const char *finding_next_rule(const char **at, const char *text, size_t *size)
{
    const char *rule;

    while ((rule = strstr(*at, "[R"))) {
        *at = rule + strcspn(rule, "]");
        *size = (size_t)(*at - ++rule);
        if (memmem(text, (size_t)(rule - text), rule, *size + 1) == NULL)
            return rule;
    }
    return NULL;
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
