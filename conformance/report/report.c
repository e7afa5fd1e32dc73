/* report: the table of rules, everything that is known of each failure, and the conclusion. */
#include "report.h"

#include "causes.h"
#include "conclusion.h"
#include "failure.h"
#include "html.h"
#include "ids.h"
#include "json.h"
#include "junit.h"
#include "machine/clock.h"
#include "paragraph.h"
#include "reason.h"
#include "scenario/memory.h"
#include "shown.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

enum {
    CAUSES_MAX = 20, /* of failures that are explained in full */
    VERDICT_WIDTH = 19
};

void report_list(FILE *stream, const struct suite *suite)
{
    size_t i;

    for (i = 0; i < suite->rule_count; i++) {
        const struct suite_rule *rule = &suite->rules[i];

        if (rule->chosen)
            fprintf(stream, "%-6s %-6s %3zu  %s\n", rule->rule->id, level_name(rule->rule->level),
                    rule->count, rule->rule->title);
    }
}

void report_list_tests(FILE *stream, const struct suite *suite)
{
    size_t i;

    for (i = 0; i < suite->count; i++)
        if (suite->tests[i].chosen)
            fprintf(stream, "%s\n", suite->tests[i].id);
}

/* ---- The table ---- */

static void paint(const struct report *report, const char *colour)
{
    if (report->colour)
        fputs(colour, report->stream);
}

static const char *colour_of(enum result_kind kind)
{
    return kind == RESULT_PASS ? "\033[32m" : result_is_failure(kind) ? "\033[31m" : "\033[33m";
}

/* The number of a rule's tests, or how many of them passed: "5", "4/5". */
static struct number {
    char text[48];
} number_of_tests(const struct suite_rule *rule)
{
    struct share share = suite_share(rule);
    struct number number;
    size_t chosen = 0, i;

    for (i = 0; i < rule->count; i++)
        chosen += rule->tests[i].chosen;
    if (share.passed < share.of && (share.passed > 0 || result_is_failure(suite_result(rule))))
        snprintf(number.text, sizeof number.text, "%zu/%zu", share.passed, share.of);
    else
        snprintf(number.text, sizeof number.text, "%zu", share.of > 0 ? share.of : chosen);
    return number;
}

/* Write the title of a row, from this column on, and the end of the row. */
static void write_title(const struct report *report, int column, const char *title)
{
    static const char cut[] = "...";
    int room = report->width - column, size = (int)strlen(title);

    if (report->width && room > (int)sizeof cut && size > room)
        fprintf(report->stream, "%.*s%s\n", room - (int)strlen(cut), title, cut);
    else
        fprintf(report->stream, "%s\n", title);
}

static void write_row(const struct report *report, const struct suite_rule *rule)
{
    enum result_kind result = suite_result(rule);
    struct number number = number_of_tests(rule);
    size_t schedules = 0, i;
    int column = VERDICT_WIDTH + 2;
    bool all = true;

    for (i = 0; i < rule->count; i++) {
        const struct exploration *exploration = &rule->tests[i].exploration;

        schedules += exploration->schedules;
        all &= exploration->exhausted || !exploration->schedules;
    }
    column +=
        fprintf(report->stream, "  %-6s %-6s ", rule->rule->id, level_name(rule->rule->level));
    paint(report, colour_of(result));
    fputs(result_name(result), report->stream);
    paint(report, "\033[m");
    fprintf(report->stream, "%*s  ", VERDICT_WIDTH - (int)strlen(result_name(result)), number.text);
    if (report->session->explore)
        column += fprintf(report->stream, "%6zu %-5s  ", schedules,
                          !schedules ? ""
                          : all      ? "all"
                                     : "bound");
    write_title(report, column, rule->rule->title);
}

enum { MANY = 3 /* neighbours that have one row */ };

/* How many chosen rules from this one on, of its chapter, were not tested for the same reason; the
 * number of rules up to the last of them becomes *size. */
static size_t count_alike(const struct suite *suite, size_t first, size_t *size)
{
    const struct suite_rule *rule = &suite->rules[first];
    enum result_kind kind = suite_result(rule);
    bool untested = kind == RESULT_NOT_IMPLEMENTED || kind == RESULT_LACKS ||
                    kind == RESULT_DECLINED || kind == RESULT_SKIPPED;
    size_t count = 1, i;

    *size = 1;
    for (i = first + 1; untested && i < suite->rule_count; i++) {
        if (suite->rules[i].chapter != rule->chapter)
            break;
        if (!suite->rules[i].chosen)
            continue;
        if (suite_result(&suite->rules[i]) != kind)
            break;
        count++;
        *size = i + 1 - first;
    }
    return count;
}

/* Write one row for several rules. */
static void write_row_of_many(const struct report *report, const struct suite_rule *rules,
                              size_t size, size_t count)
{
    enum result_kind result = suite_result(rules);
    char *ids = text_of("%s-%s", rules[0].rule->id, rules[size - 1].rule->id);
    size_t tests = 0, i, t;

    for (i = 0; i < size; i++)
        for (t = 0; t < rules[i].count; t++)
            tests += rules[i].tests[t].chosen;
    fprintf(report->stream, "  %-13s ", ids);
    paint(report, colour_of(result));
    fputs(result_name(result), report->stream);
    paint(report, "\033[m");
    fprintf(report->stream, "%*zu  %zu rules\n", VERDICT_WIDTH - (int)strlen(result_name(result)),
            tests, count);
    free(ids);
}

static void write_table(const struct report *report, const struct suite *suite)
{
    const struct chapter *chapter = NULL;
    size_t count, size, i;

    for (i = 0; i < suite->rule_count; i += size) {
        const struct suite_rule *rule = &suite->rules[i];

        size = 1;
        if (!rule->chosen)
            continue;
        if (rule->chapter != chapter)
            fprintf(report->stream, "%s%d %s\n", chapter ? "\n" : "", rule->chapter->number,
                    rule->chapter->title);
        chapter = rule->chapter;
        count = count_alike(suite, i, &size);
        if (count >= MANY) {
            write_row_of_many(report, rule, size, count);
            continue;
        }
        size = 1;
        write_row(report, rule);
    }
}

/* ---- Sums ---- */

struct sum {
    size_t rules, kept;
    size_t passed, failed, others;
    double seconds;
};

static void add_rule(struct sum *sum, const struct suite_rule *rule)
{
    size_t t;

    sum->rules++;
    sum->kept += suite_result(rule) == RESULT_PASS;
    for (t = 0; t < rule->count; t++) {
        const struct test *test = &rule->tests[t];
        bool passed = test->result.kind == RESULT_PASS;
        bool failed = result_is_failure(test->result.kind);

        sum->passed += test->chosen && passed;
        sum->failed += test->chosen && failed;
        sum->others += test->chosen && !passed && !failed;
        sum->seconds += test->chosen ? test->result.seconds : 0;
    }
}

static void write_sum(const struct report *report, const char *title, const struct sum *sum)
{
    fprintf(report->stream, "%-34.34s %4zu/%-4zu %7zu ", title, sum->kept, sum->rules, sum->passed);
    if (sum->failed)
        paint(report, colour_of(RESULT_FAIL));
    fprintf(report->stream, "%7zu", sum->failed);
    if (sum->failed)
        paint(report, "\033[m");
    fprintf(report->stream, " %7zu %8.1f\n", sum->others, sum->seconds);
}

/* Write how many rules of each chapter are kept, and how its tests ended; nothing for one chapter.
 */
static void write_sums(const struct report *report, const struct suite *suite)
{
    const struct suite_rule *rule = suite->rules, *end = rule + suite->rule_count, *last = NULL;
    struct sum all = {0}, sum;
    char *title;

    for (; rule < end; rule++)
        if (rule->chosen) {
            last = rule;
            add_rule(&all, rule);
        }
    for (rule = suite->rules; rule < end && !rule->chosen; rule++)
        ;
    if (!last || last->chapter == rule->chapter)
        return;
    fprintf(report->stream, "\n%-34s %9s %7s %7s %7s %8s\n", "Chapter", "kept", "passed", "failed",
            "others", "seconds");
    while (rule < end) {
        const struct chapter *chapter = rule->chapter;

        for (sum = (struct sum){0}; rule < end && rule->chapter == chapter; rule++)
            if (rule->chosen)
                add_rule(&sum, rule);
        title = text_of("%d %s", chapter->number, chapter->title);
        if (sum.rules)
            write_sum(report, title, &sum);
        free(title);
    }
    all.seconds = clock_now() - report->begun;
    title = text_of("All, %d %s at a time", report->session->jobs,
                    report->session->jobs == 1 ? "test" : "tests");
    write_sum(report, title, &all);
    free(title);
}

static int compare_seconds(const void *one, const void *other)
{
    double first = (*(const struct test *const *)one)->result.seconds;
    double second = (*(const struct test *const *)other)->result.seconds;

    return (first < second) - (first > second);
}

static void write_slowest(const struct report *report, const struct suite *suite)
{
    const struct test **tests = zeroed(suite->count, sizeof *tests);
    size_t count = 0, i;

    for (i = 0; i < suite->count; i++)
        if (suite->tests[i].chosen && suite->tests[i].result.seconds > 0)
            tests[count++] = &suite->tests[i];
    qsort(tests, count, sizeof *tests, compare_seconds);
    if (report->slowest && count)
        fprintf(report->stream, "\nThe slowest tests, in %.1f seconds of the session:\n",
                clock_now() - report->begun);
    for (i = 0; i < report->slowest && i < count; i++)
        fprintf(report->stream, "  %6.2f s  %s\n", tests[i]->result.seconds, tests[i]->id);
    free(tests);
}

/* ---- Failures ---- */

/* Write everything that is known of the first failure of a cause. Whoever has just read its rule's
 * statement need not read it again. */
static void write_failure(const struct report *report, const struct suite *suite,
                          const struct test *test, const struct rule *read)
{
    const struct result *result = &test->result;
    FILE *stream = report->stream;

    fprintf(stream, "\n%s ", test->id);
    paint(report, colour_of(result->kind));
    fprintf(stream, "%s", result_name(result->kind));
    paint(report, "\033[m");
    fprintf(stream, "  %s {%s}\n", test->rule->title, level_name(test->rule->level));
    if (test->rule != read)
        failure_statement_write(stream, suite, test);
    failure_write(stream, report, suite, test);
}

/* Write the other failures of a cause, but for the first. */
static void write_others(const struct report *report, const struct cause *cause)
{
    char *text;
    size_t size, i;
    FILE *stream = must(open_memstream(&text, &size));

    fprintf(stream, "The same cause, %s:", cause->words);
    for (i = 1; i < cause->count; i++)
        fprintf(stream, " %s", cause->tests[i]->id);
    fclose(stream);
    if (cause->count > 1)
        paragraph_write(report->stream, "  ", must(text));
    free(text);
}

static void write_failures(const struct report *report, const struct suite *suite)
{
    struct causes causes = causes_find(suite);
    size_t i;

    for (i = 0; i < causes.count; i++) {
        const struct cause *cause = &causes.of[i];
        const struct test *first = cause->tests[0];

        if (i < CAUSES_MAX)
            write_failure(report, suite, first, i ? causes.of[i - 1].tests[0]->rule : NULL);
        else
            fprintf(report->stream, "%s%s %s: %s\n", i == CAUSES_MAX ? "\n" : "", first->id,
                    result_name(first->result.kind), cause->words);
        write_others(report, cause);
    }
    causes_free(&causes);
}

/* Write what could not be told of each rule, once, even if other tests of it failed. */
static void write_unknown(const struct report *report, const struct suite *suite)
{
    const struct test *test;
    bool any = false;
    size_t i;

    for (i = 0; i < suite->rule_count; i++) {
        test = reason_first(&suite->rules[i], RESULT_UNKNOWN);
        if (!test)
            continue;
        fprintf(report->stream, "%scould not tell %s: %s\n", any ? "" : "\n", test->rule->id,
                test->result.reason);
        any = true;
    }
}

/* Write which tests failed at first, and not when they were executed again, alone. */
static void write_recovered(const struct report *report, const struct suite *suite)
{
    bool any = false;
    size_t i;

    for (i = 0; i < suite->count; i++) {
        const struct test *test = &suite->tests[i];
        char *text;

        if (!test->at_first)
            continue;
        if (!any)
            fputc('\n', report->stream);
        any = true;
        text = text_of("%s did not fail when it was executed again, alone. At first: %s.",
                       test->id, test->at_first);
        paragraph_write(report->stream, "", text);
        free(text);
    }
    if (any)
        fputs("A busy machine can be the cause, or a runtime that hangs now and then.\n",
              report->stream);
}

static bool was_skipped(const struct suite_rule *rule)
{
    return rule->chosen && suite_result(rule) == RESULT_SKIPPED;
}

static bool is_skipped_as(const struct suite_rule *rule, const void *why)
{
    return was_skipped(rule) && !strcmp(reason_untested(rule), why);
}

/* Whether a rule before this one was skipped for the same reason. */
static bool is_listed(const struct suite *suite, const struct suite_rule *rule)
{
    const struct suite_rule *other = suite->rules;

    while (other < rule && !is_skipped_as(other, reason_untested(rule)))
        other++;
    return other < rule;
}

/* Write why rules were not tested, except those of declined parts, which the conclusion names. */
static void write_skipped(const struct report *report, const struct suite *suite)
{
    const struct suite_rule *end = suite->rules + suite->rule_count, *rule;
    bool any = false;

    for (rule = suite->rules; rule < end; rule++) {
        char *text;
        size_t size;
        FILE *stream;

        if (!was_skipped(rule) || is_listed(suite, rule))
            continue;
        stream = must(open_memstream(&text, &size));
        ids_write(stream, suite, is_skipped_as, reason_untested(rule), 0);
        fprintf(stream, " untested: %s", reason_untested(rule));
        fclose(stream);
        fputs(any ? "" : "\n", report->stream);
        paragraph_write(report->stream, "", must(text));
        free(text);
        any = true;
    }
}

/* ---- The report ---- */

/* What was tested, by which specification, and by what. */
static void write_head(const struct report *report)
{
    const struct session *session = report->session;
    const char *what = session->server    ? session->server
                       : session->command ? session->command
                                          : session->runtime;
    const struct greeting *greeting = drivers_greeting(session->drivers);
    char *driver =
        session->command && greeting ? text_of(", driver %s", greeting->driver) : copy_of("");
    char *text = text_of(
        "%s%s; specification %s; conform %s", report->runtime ? report->runtime : what, driver,
        report->specification ? report->specification : "without a version", report->version);

    paragraph_write(report->stream, "", text);
    if (report->lacks)
        fprintf(report->stream, "This machine lacks %s.\n", report->lacks);
    fputc('\n', report->stream);
    free(driver);
    free(text);
}

static void write_text(const struct report *report, const struct suite *suite)
{
    write_head(report);
    write_table(report, suite);
    write_sums(report, suite);
    write_slowest(report, suite);
    write_failures(report, suite);
    write_unknown(report, suite);
    write_recovered(report, suite);
    write_skipped(report, suite);
    fputc('\n', report->stream);
    if (opinions_are_any(report->session->opinions))
        shown_write(report->stream, report->session->opinions);
    conclusion_write(report->stream, report->session, suite);
    conclusion_counts(report->stream, suite);
}

/* ---- All formats ---- */

/* The date is the one that SOURCE_DATE_EPOCH gives, in seconds since 1970, if it does. */
static time_t date_of_now(void)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    char *end;
    long long value = text ? strtoll(text, &end, 10) : 0;

    return text && *text && !*end && value >= 0 ? (time_t)value : time(NULL);
}

void report_begin(struct report *report, const struct suite *suite)
{
    report->date = date_of_now();
    report->begun = clock_now();
    if (report->format == REPORT_JSONL)
        report->told = json_begin(report, suite);
}

void report_see(void *to, const struct suite *suite, const struct test *test)
{
    const struct report *report = to;

    if (report->format == REPORT_JSONL)
        json_see(report, suite, test);
}

bool report_write(struct report *report, const struct suite *suite)
{
    bool written = true;

    switch (report->format) {
    case REPORT_TEXT:
        write_text(report, suite);
        break;
    case REPORT_TAP:
        report_tap(report, suite);
        break;
    case REPORT_JUNIT:
    case REPORT_SUREFIRE:
        report_junit(report, suite);
        break;
    case REPORT_JSON:
        written = report_json(report, suite);
        break;
    case REPORT_HTML:
        html_write(report, suite);
        break;
    case REPORT_JSONL:
        written = json_end(report, suite);
        free(report->told);
        report->told = NULL;
        break;
    }
    return written && !ferror(report->stream);
}
