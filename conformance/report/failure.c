/* failure: all that is known of a test that failed, for people. */
#include "failure.h"

#include "commands.h"
#include "events.h"
#include "paragraph.h"
#include "reason.h"
#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

#define KEY "begin TASK DOMAIN, spawn TASK LINE CHILD, did TASK LINE OUTCOME"

/* ---- The rule ---- */

enum { STATEMENT_MAX = 560 /* bytes, some eight lines */ };

size_t failure_statement_size(const char *statement)
{
    static const char end[] = ". ";
    size_t whole = strlen(statement), size = 0;
    const char *at = statement;

    if (whole <= STATEMENT_MAX)
        return whole;
    while ((at = strstr(at, end)) && (!size || at + 1 - statement <= STATEMENT_MAX))
        size = (size_t)(++at - statement);
    return size ? size : whole;
}

static const struct chapter *chapter_of(const struct suite *suite, const struct rule *rule)
{
    for (size_t i = 0; i < suite->rule_count; i++)
        if (suite->rules[i].rule == rule)
            return suite->rules[i].chapter;
    return NULL;
}

void failure_statement_write(FILE *stream, const struct suite *suite, const struct test *test)
{
    const char *statement = test->rule->statement;
    size_t size = failure_statement_size(statement);
    const struct chapter *chapter = chapter_of(suite, test->rule);
    char *text = statement[size] && chapter ? text_of("%.*s ... (the rest: %s:%d)", (int)size,
                                                      statement, chapter->file, test->rule->line)
                                            : copy_of(statement);

    paragraph_write(stream, "  ", text);
    free(text);
}

/* ---- The test ---- */

/* Write each line of a text behind its number, or behind a blank of the same width. */
static void write_lines(FILE *stream, const char *text, bool numbered)
{
    int number = 0;

    while (*text) {
        size_t size = strcspn(text, "\n");

        number++;
        if (numbered)
            fprintf(stream, "  %3d  ", number);
        fprintf(stream, "%s%.*s\n", numbered || !size ? "" : "       ", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

static void write_commands(FILE *stream, const struct report *report, const struct test *test)
{
    struct commands commands = commands_of(report, test);

    fprintf(stream, "  alone:    %s\n", commands.alone);
    if (commands.valgrind)
        fprintf(stream, "  valgrind: %s\n", commands.valgrind);
    if (commands.gdb)
        fprintf(stream, "  gdb:      %s\n", commands.gdb);
    commands_free(&commands);
}

const char *failure_output_title(const struct test *test)
{
    return test->scenario ? "last events (" KEY ")" : "last output";
}

const char *failure_source_title(const struct result *result)
{
    return strstr(result->source, "\n> ") ? "the check, > marks where it failed" : "the check";
}

/* Write a text behind a title, and free it. Returns whether there is one. */
static bool write_titled(FILE *stream, const char *title, char *text)
{
    bool any = text != NULL;

    if (any)
        fprintf(stream, "  %s:\n%s", title, text);
    free(text);
    return any;
}

/* Write what the driver said where it deviates, or else what was said last. */
static void write_said(FILE *stream, const struct test *test)
{
    const struct result *result = &test->result;

    write_titled(stream, "tasks that have not returned", events_pending(test));
    if (!write_titled(stream, "events, > marks what deviates (" KEY ")", events_deviating(test)) &&
        result->output) {
        fprintf(stream, "  %s:\n", failure_output_title(test));
        write_lines(stream, result->output, false);
    }
}

void failure_write(FILE *stream, const struct report *report, const struct suite *suite,
                   const struct test *test)
{
    const struct result *result = &test->result;

    if (test->scenario) {
        if (test->scenario->about)
            paragraph_write(stream, "  ", test->scenario->about);
        fprintf(stream, "  program:\n");
        write_lines(stream, test->scenario->text, true);
    }
    reason_write(stream, suite, result);
    if (result->source) {
        fprintf(stream, "  %s:\n", failure_source_title(result));
        write_lines(stream, result->source, false);
    }
    write_said(stream, test);
    if (result->errors) {
        fprintf(stream, "  standard error:\n");
        write_lines(stream, result->errors, false);
    }
    write_commands(stream, report, test);
}
