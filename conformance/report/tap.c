/* tap: the report in the Test Anything Protocol, version 13, of which every consumer reads the
 * lines, and some the YAML below them. That is as simple as the least of them needs it: no blank
 * line, and strings in double quotes, or as blocks whose first line is not indented. */
#include "tap.h"

#include "commands.h"
#include "legible.h"
#include "reason.h"
#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- YAML ---- */

static void write_string(FILE *stream, const char *indent, const char *key, const char *text)
{
    char *line = text ? legible_line(text) : NULL, *at;

    if (!line)
        return;
    fprintf(stream, "  %s%s: \"", indent, key);
    for (at = line; *at; at++)
        fprintf(stream, strchr("\"\\", *at) ? "\\%c" : "%c", *at);
    fputs("\"\n", stream);
    free(line);
}

/* Write each line of a text behind its number. */
static void write_program(FILE *stream, const char *text)
{
    char *copy = legible(text), *line;
    int number = 1;

    fputs("  program: |\n", stream);
    for (line = copy; *line; number++) {
        size_t size = strcspn(line, "\n");

        fprintf(stream, "    %-3d %.*s\n", number, (int)size, line);
        line += size + (line[size] == '\n');
    }
    free(copy);
}

static void write_block(FILE *stream, const char *key, const char *text)
{
    char *copy = text ? legible(text) : NULL, *line = copy;

    if (!copy)
        return;
    line += strspn(line, " \t\n");
    if (*line)
        fprintf(stream, "  %s: |\n", key);
    while (*line) {
        size_t size = strcspn(line, "\n");

        fprintf(stream, "    %.*s\n", (int)size, line);
        line += size + (line[size] == '\n');
    }
    free(copy);
}

static void write_findings(FILE *stream, const struct verdict *verdict)
{
    int i;

    fputs("  findings:\n", stream);
    for (i = 0; i < verdict->finding_count; i++) {
        const struct finding *finding = &verdict->findings[i];

        write_string(stream, "  - ", "expected", finding->expected);
        write_string(stream, "    ", "observed", finding->observed);
        write_string(stream, "    ", "rule", finding->rule);
        if (finding->line)
            fprintf(stream, "      line: %d\n", finding->line);
    }
}

static void write_failure(const struct report *report, const struct test *test)
{
    const struct result *result = &test->result;
    struct commands commands = commands_of(report, test);
    char *message = reason_line(result);
    FILE *stream = report->stream;

    fputs("  ---\n", stream);
    write_string(stream, "", "message", message);
    write_string(stream, "", "severity", result_name(result->kind));
    write_string(stream, "", "title", test->rule->title);
    fprintf(stream, "  duration_ms: %.3f\n", result->seconds * 1e3);
    write_string(stream, "", "level", level_name(test->rule->level));
    write_string(stream, "", "statement", test->rule->statement);
    if (result->verdict && result->verdict->finding_count)
        write_findings(stream, result->verdict);
    if (test->scenario)
        write_program(stream, test->scenario->text);
    write_block(stream, "source", result->source);
    write_block(stream, "output", result->output);
    write_block(stream, "errors", result->errors);
    write_string(stream, "", "alone", commands.alone);
    write_string(stream, "", "valgrind", commands.valgrind);
    write_string(stream, "", "gdb", commands.gdb);
    fputs("  ...\n", stream);
    commands_free(&commands);
    free(message);
}

/* ---- Lines ---- */

/* Write the line of a test, or of a rule that has none. It is called the same whatever the verdict.
 */
static void write_line(FILE *stream, size_t number, const char *id, enum result_kind kind,
                       const char *reason)
{
    char *why = legible_line(reason ? reason : "");

    fprintf(stream, "%s %zu - %s", result_is_failure(kind) ? "not ok" : "ok", number, id);
    if (kind != RESULT_PASS && !result_is_failure(kind))
        fprintf(stream, " # SKIP %s%s%s", result_name(kind), *why ? ": " : "", why);
    fputc('\n', stream);
    free(why);
}

/* Returns the number of lines. */
static size_t write_rule(const struct report *report, const struct suite_rule *rule, size_t number)
{
    size_t before = number, i;

    if (rule->count == 0)
        write_line(report->stream, number++, rule->rule->id, RESULT_SKIPPED, reason_untested(rule));
    for (i = 0; i < rule->count; i++) {
        const struct test *test = &rule->tests[i];

        if (!test->chosen)
            continue;
        write_line(report->stream, number++, test->id, test->result.kind, test->result.reason);
        if (result_is_failure(test->result.kind))
            write_failure(report, test);
    }
    return number - before;
}

static size_t count_lines(const struct suite *suite)
{
    size_t lines = 0, r, t;

    for (r = 0; r < suite->rule_count; r++) {
        const struct suite_rule *rule = &suite->rules[r];

        lines += rule->chosen && rule->count == 0;
        for (t = 0; t < rule->count; t++)
            lines += rule->tests[t].chosen;
    }
    return lines;
}

static void write_comment(FILE *stream, const char *what, const char *text)
{
    char *line = text ? legible_line(text) : NULL;

    if (line)
        fprintf(stream, "# %s%s\n", what, line);
    free(line);
}

void report_tap(const struct report *report, const struct suite *suite)
{
    const struct session *session = report->session;
    FILE *stream = report->stream;
    size_t number = 1, i;

    fputs("TAP version 13\n", stream);
    write_comment(stream, "library: ", session->runtime);
    write_comment(stream, "driver: ", session->command);
    write_comment(stream, "server: ", session->server);
    write_comment(stream, "runtime: ", report->runtime);
    write_comment(stream, "conform: ", report->version);
    write_comment(stream, "specification: ", report->specification);
    fprintf(stream, "1..%zu\n", count_lines(suite));
    for (i = 0; i < suite->rule_count; i++)
        if (suite->rules[i].chosen)
            number += write_rule(report, &suite->rules[i], number);
    write_comment(stream, "This machine lacks ", report->lacks);
    if (report->interrupted)
        fputs("# The session was interrupted.\n", stream);
}
