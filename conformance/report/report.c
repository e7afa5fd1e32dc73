/* report: the table of rules, everything that is known of each failure, and the conclusion. */
#include "report.h"

#include "causes.h"
#include "conclusion.h"
#include "failure.h"
#include "json.h"
#include "junit.h"
#include "machine/clock.h"
#include "paragraph.h"
#include "reason.h"
#include "scenario/memory.h"
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

/* ---- Text ---- */

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

static void write_row(const struct report *report, const struct suite_rule *rule)
{
    enum result_kind result = suite_result(rule);
    struct number number = number_of_tests(rule);
    size_t schedules = 0, i;
    bool all = true;

    for (i = 0; i < rule->count; i++) {
        const struct exploration *exploration = &rule->tests[i].exploration;

        schedules += exploration->schedules;
        all &= exploration->exhausted || !exploration->schedules;
    }
    fprintf(report->stream, "  %-6s %-6s ", rule->rule->id, level_name(rule->rule->level));
    paint(report, colour_of(result));
    fputs(result_name(result), report->stream);
    paint(report, "\033[m");
    fprintf(report->stream, "%*s  ", VERDICT_WIDTH - (int)strlen(result_name(result)), number.text);
    if (report->session->explore)
        fprintf(report->stream, "%6zu %-5s  ", schedules, !schedules ? "" : all ? "all" : "bound");
    fprintf(report->stream, "%s\n", rule->rule->title);
}

static void write_table(const struct report *report, const struct suite *suite)
{
    const struct chapter *chapter = NULL;
    size_t i;

    for (i = 0; i < suite->rule_count; i++) {
        const struct suite_rule *rule = &suite->rules[i];

        if (!rule->chosen)
            continue;
        if (rule->chapter != chapter)
            fprintf(report->stream, "%s%d %s\n", chapter ? "\n" : "", rule->chapter->number,
                    rule->chapter->title);
        chapter = rule->chapter;
        write_row(report, rule);
    }
}

/* Write everything that is known of the first failure of a cause. */
static void write_failure(const struct report *report, const struct test *test)
{
    const struct result *result = &test->result;
    FILE *stream = report->stream;

    fprintf(stream, "\n%s ", test->id);
    paint(report, colour_of(result->kind));
    fprintf(stream, "%s", result_name(result->kind));
    paint(report, "\033[m");
    fprintf(stream, "  %s {%s}\n", test->rule->title, level_name(test->rule->level));
    failure_write(stream, report, test);
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
            write_failure(report, first);
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

static bool was_skipped(const struct suite_rule *rule)
{
    return rule->chosen && suite_result(rule) == RESULT_SKIPPED;
}

/* Whether a rule before this one was skipped for the same reason. */
static bool is_listed(const struct suite *suite, const struct suite_rule *rule)
{
    const struct suite_rule *other = suite->rules;

    while (other < rule &&
           (!was_skipped(other) || strcmp(reason_untested(other), reason_untested(rule)) != 0))
        other++;
    return other < rule;
}

/* Write why rules were not tested, except those of declined parts, which the conclusion names. */
static void write_skipped(const struct report *report, const struct suite *suite)
{
    const struct suite_rule *end = suite->rules + suite->rule_count, *rule, *other;
    bool any = false;

    for (rule = suite->rules; rule < end; rule++) {
        char *text;
        size_t size;
        FILE *stream;

        if (!was_skipped(rule) || is_listed(suite, rule))
            continue;
        stream = must(open_memstream(&text, &size));
        for (other = rule; other < end; other++)
            if (was_skipped(other) && !strcmp(reason_untested(other), reason_untested(rule)))
                fprintf(stream, "%s ", other->rule->id);
        fprintf(stream, "untested: %s", reason_untested(rule));
        fclose(stream);
        fputs(any ? "" : "\n", report->stream);
        paragraph_write(report->stream, "", must(text));
        free(text);
        any = true;
    }
}

static void write_text(const struct report *report, const struct suite *suite)
{
    if (report->lacks)
        fprintf(report->stream, "This machine lacks %s.\n\n", report->lacks);
    write_table(report, suite);
    write_failures(report, suite);
    write_unknown(report, suite);
    write_skipped(report, suite);
    fputc('\n', report->stream);
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
    case REPORT_JSONL:
        written = json_end(report, suite);
        free(report->told);
        report->told = NULL;
        break;
    }
    return written && !ferror(report->stream);
}
