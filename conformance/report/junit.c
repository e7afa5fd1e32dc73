/* junit: the report as XML. A test that fails is a failure, one that hangs or crashes an error, and
 * one of which nothing can be said is skipped. */
#include "junit.h"

#include "failure.h"
#include "legible.h"
#include "reason.h"
#include "scenario/memory.h"

#include <libxml/xmlwriter.h>
#include <stdlib.h>
#include <string.h>

struct junit {
    const struct report *report;
    const struct suite *suite;
    xmlTextWriterPtr writer;
};

/* ---- XML ---- */

/* Memory is all that can be lacking. */
static void need(int written)
{
    must(written < 0 ? NULL : &written);
}

static void begin(const struct junit *junit, const char *element)
{
    need(xmlTextWriterStartElement(junit->writer, BAD_CAST element));
}

static void end(const struct junit *junit)
{
    need(xmlTextWriterEndElement(junit->writer));
}

static void attribute(const struct junit *junit, const char *name, const char *text)
{
    char *line = legible_line(text);

    need(xmlTextWriterWriteAttribute(junit->writer, BAD_CAST name, BAD_CAST line));
    free(line);
}

static void number(const struct junit *junit, const char *name, size_t value)
{
    char *text = text_of("%zu", value);

    attribute(junit, name, text);
    free(text);
}

/* Milliseconds are as much as Surefire allows. */
static void seconds(const struct junit *junit, double value)
{
    char *text = text_of("%.3f", value);

    attribute(junit, "time", text);
    free(text);
}

static void body(const struct junit *junit, const char *text)
{
    char *copy = legible(text);

    need(xmlTextWriterWriteString(junit->writer, BAD_CAST copy));
    free(copy);
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

    begin(junit, "testcase");
    attribute(junit, "name", id);
    attribute(junit, "classname", classname(rule->chapter, &name));
    seconds(junit, time);
    free(name);
}

static void skipped(const struct junit *junit, const char *verdict, const char *reason)
{
    char *message = text_of("%s%s%s", verdict, reason ? ": " : "", reason ? reason : "");

    begin(junit, "skipped");
    attribute(junit, "message", message);
    end(junit);
    free(message);
}

static void failed(const struct junit *junit, const struct test *test)
{
    const struct result *result = &test->result;
    char *text, *message = reason_line(result);
    size_t size;
    FILE *stream = must(open_memstream(&text, &size));

    fprintf(stream, "%s {%s} %s\n", test->rule->title, level_name(test->rule->level),
            result_name(result->kind));
    failure_write(stream, junit->report, test);
    fclose(stream);
    begin(junit, result->kind == RESULT_FAIL ? "failure" : "error");
    attribute(junit, "message", message);
    attribute(junit, "type", result_name(result->kind));
    body(junit, must(text));
    end(junit);
    free(message);
    free(text);
}

static void write_rule(const struct junit *junit, const struct suite_rule *rule)
{
    size_t i;

    if (rule->count == 0) {
        begin_case(junit, rule, rule->rule->id, 0);
        skipped(junit, result_name(RESULT_SKIPPED), reason_untested(rule));
        end(junit);
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
        end(junit);
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
    begin(junit, "property");
    attribute(junit, "name", name);
    attribute(junit, "value", value);
    end(junit);
}

static void properties(const struct junit *junit, const char *date)
{
    const struct report *report = junit->report;
    const struct session *session = report->session;

    begin(junit, "properties");
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
    end(junit);
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
    begin(junit, "testsuite");
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
    properties(junit, date);
    for (rule = junit->suite->rules; rule < last; rule++)
        if (rule->chosen && (!chapter || rule->chapter == chapter))
            write_rule(junit, rule);
    if (chapter) {
        begin(junit, "system-out");
        end(junit);
        begin(junit, "system-err");
        end(junit);
    }
    end(junit);
}

static void write_suites(const struct junit *junit)
{
    const struct suite *suite = junit->suite;
    const struct chapter *chapter = NULL;
    size_t place = 0, i;

    begin(junit, "testsuites");
    for (i = 0; i < suite->rule_count; i++) {
        if (!suite->rules[i].chosen || suite->rules[i].chapter == chapter)
            continue;
        chapter = suite->rules[i].chapter;
        write_suite(junit, chapter, place++);
    }
    end(junit);
}

void report_junit(const struct report *report, const struct suite *suite)
{
    xmlBufferPtr buffer = must(xmlBufferCreate());
    struct junit junit = {
        .report = report, .suite = suite, .writer = must(xmlNewTextWriterMemory(buffer, 0))};

    need(xmlTextWriterSetIndent(junit.writer, 1));
    need(xmlTextWriterStartDocument(junit.writer, NULL, "UTF-8", NULL));
    if (report->format == REPORT_SUREFIRE)
        write_suite(&junit, NULL, 0);
    else
        write_suites(&junit);
    need(xmlTextWriterEndDocument(junit.writer));
    xmlFreeTextWriter(junit.writer);
    fputs((const char *)xmlBufferContent(buffer), report->stream);
    xmlBufferFree(buffer);
}
