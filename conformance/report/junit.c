/* junit: the report as XML. A test that fails is a failure, one that hangs or crashes an error, and
 * one of which nothing can be said is skipped. */
#include "junit.h"

#include "failure.h"
#include "legible.h"
#include "reason.h"
#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

struct junit {
    const struct report *report;
    const struct suite *suite;
    FILE *stream;
};

/* ---- XML ---- */

/* Write a legible text, which is freed, without the characters that mean something in XML. */
static void escaped(FILE *stream, char *text)
{
    for (const char *at = text; *at; at++)
        if (*at == '<')
            fputs("&lt;", stream);
        else if (*at == '>')
            fputs("&gt;", stream);
        else if (*at == '&')
            fputs("&amp;", stream);
        else if (*at == '"')
            fputs("&quot;", stream);
        else
            fputc(*at, stream);
    free(text);
}

static void attribute(const struct junit *junit, const char *name, const char *text)
{
    fprintf(junit->stream, " %s=\"", name);
    escaped(junit->stream, legible_line(text));
    fputc('"', junit->stream);
}

static void number(const struct junit *junit, const char *name, size_t value)
{
    fprintf(junit->stream, " %s=\"%zu\"", name, value);
}

/* Milliseconds are as much as Surefire allows. */
static void seconds(const struct junit *junit, double value)
{
    fprintf(junit->stream, " time=\"%.3f\"", value);
}

/* ---- Tests ---- */

static const char *classname(const struct chapter *chapter, char **text)
{
    *text = text_of("R%d %s", chapter->number, chapter->title);
    return *text;
}

static void begin_case(const struct junit *junit, const struct suite_rule *rule, const char *id,
                       double time)
{
    char *name;

    fputs("  <testcase", junit->stream);
    attribute(junit, "name", id);
    attribute(junit, "classname", classname(rule->chapter, &name));
    seconds(junit, time);
    fputs(">\n", junit->stream);
    free(name);
}

static void end_case(const struct junit *junit)
{
    fputs("  </testcase>\n", junit->stream);
}

static void skipped(const struct junit *junit, const char *verdict, const char *reason)
{
    char *message = text_of("%s%s%s", verdict, reason ? ": " : "", reason ? reason : "");

    fputs("   <skipped", junit->stream);
    attribute(junit, "message", message);
    fputs("/>\n", junit->stream);
    free(message);
}

static void failed(const struct junit *junit, const struct test *test)
{
    const struct result *result = &test->result;
    const char *element = result->kind == RESULT_FAIL ? "failure" : "error";
    char *text, *message = reason_line(result);
    size_t size;
    FILE *stream = must(open_memstream(&text, &size));

    fprintf(stream, "%s %s  %s {%s}\n", test->id, result_name(result->kind), test->rule->title,
            level_name(test->rule->level));
    failure_statement_write(stream, junit->suite, test);
    failure_write(stream, junit->report, junit->suite, test);
    fclose(stream);
    fprintf(junit->stream, "   <%s", element);
    attribute(junit, "message", message);
    attribute(junit, "type", result_name(result->kind));
    fputc('>', junit->stream);
    escaped(junit->stream, legible(must(text)));
    fprintf(junit->stream, "</%s>\n", element);
    free(message);
    free(text);
}

static void write_rule(const struct junit *junit, const struct suite_rule *rule)
{
    size_t i;

    if (rule->count == 0) {
        begin_case(junit, rule, rule->rule->id, 0);
        skipped(junit, result_name(RESULT_SKIPPED), reason_untested(rule));
        end_case(junit);
    }
    for (i = 0; i < rule->count; i++) {
        const struct test *test = &rule->tests[i];

        if (!test->chosen)
            continue;
        begin_case(junit, rule, test->id, test->result.seconds);
        if (result_is_failure(test->result.kind))
            failed(junit, test);
        else if (test->result.kind != RESULT_PASS)
            skipped(junit, result_name(test->result.kind), test->result.reason);
        end_case(junit);
    }
}

/* ---- Suites ---- */

struct sums {
    size_t tests;
    size_t failures;
    size_t errors;
    size_t skipped;
    double seconds;
};

static void add_rule(struct sums *sums, const struct suite_rule *rule)
{
    size_t i;

    sums->tests += rule->count == 0;
    sums->skipped += rule->count == 0;
    for (i = 0; i < rule->count; i++) {
        const struct result *result = &rule->tests[i].result;
        bool failure = result->kind == RESULT_FAIL;

        if (!rule->tests[i].chosen)
            continue;
        sums->tests++;
        sums->failures += failure;
        sums->errors += result_is_failure(result->kind) && !failure;
        sums->skipped += !result_is_failure(result->kind) && result->kind != RESULT_PASS;
        sums->seconds += result->seconds;
    }
}

static void property(const struct junit *junit, const char *name, const char *value)
{
    if (!value)
        return;
    fputs("   <property", junit->stream);
    attribute(junit, "name", name);
    attribute(junit, "value", value);
    fputs("/>\n", junit->stream);
}

static void properties(const struct junit *junit, const char *date)
{
    const struct report *report = junit->report;
    const struct session *session = report->session;

    fputs("  <properties>\n", junit->stream);
    property(junit, "library", session->runtime);
    property(junit, "driver", session->command);
    property(junit, "server", session->server);
    property(junit, "runtime", report->runtime);
    property(junit, "conform", report->version);
    property(junit, "specification", report->specification);
    property(junit, "date", date);
    property(junit, "machine lacks", report->lacks);
    property(junit, "options", session->replay);
    property(junit, "interrupted", report->interrupted ? "true" : NULL);
    fputs("  </properties>\n", junit->stream);
}

/* Write the chosen rules of a chapter, or of all chapters (NULL), as one suite. Surefire has no
 * place for what Ant demands. */
static void write_suite(const struct junit *junit, const struct chapter *chapter, size_t place)
{
    const struct suite_rule *rule, *last = junit->suite->rules + junit->suite->rule_count;
    char date[sizeof "-2147483648-12-31T23:59:60"], *name;
    struct sums sums = {0};
    struct tm time = {0};

    gmtime_r(&junit->report->date, &time);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &time);
    for (rule = junit->suite->rules; rule < last; rule++)
        if (rule->chosen && (!chapter || rule->chapter == chapter))
            add_rule(&sums, rule);
    fputs(" <testsuite", junit->stream);
    attribute(junit, "name", chapter ? classname(chapter, &name) : "conformance");
    number(junit, "tests", sums.tests);
    number(junit, "failures", sums.failures);
    number(junit, "errors", sums.errors);
    number(junit, "skipped", sums.skipped);
    seconds(junit, sums.seconds);
    if (chapter) {
        attribute(junit, "package", "conformance");
        number(junit, "id", place);
        attribute(junit, "timestamp", date);
        attribute(junit, "hostname", "localhost");
        free(name);
    }
    fputs(">\n", junit->stream);
    properties(junit, date);
    for (rule = junit->suite->rules; rule < last; rule++)
        if (rule->chosen && (!chapter || rule->chapter == chapter))
            write_rule(junit, rule);
    if (chapter)
        fputs("  <system-out/>\n  <system-err/>\n", junit->stream);
    fputs(" </testsuite>\n", junit->stream);
}

static void write_suites(const struct junit *junit)
{
    const struct suite *suite = junit->suite;
    const struct chapter *chapter = NULL;
    size_t place = 0, i;

    fputs("<testsuites>\n", junit->stream);
    for (i = 0; i < suite->rule_count; i++) {
        if (!suite->rules[i].chosen || suite->rules[i].chapter == chapter)
            continue;
        chapter = suite->rules[i].chapter;
        write_suite(junit, chapter, place++);
    }
    fputs("</testsuites>\n", junit->stream);
}

void report_junit(const struct report *report, const struct suite *suite)
{
    const struct junit junit = {.report = report, .suite = suite, .stream = report->stream};

    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", report->stream);
    if (report->format == REPORT_SUREFIRE)
        write_suite(&junit, NULL, 0);
    else
        write_suites(&junit);
}
