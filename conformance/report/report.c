/* report: the table of rules, everything that is known of each failure, and the conclusion. */
#include "report.h"

#include "reason.h"
#include "report_cmocka.h"

#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 96,       /* of a line */
    FAILURES_MAX = 20 /* that are shown in full */
};

struct counts {
    size_t passed;
    size_t failed;
    size_t unknown;
    size_t skipped;
};

static bool is_failure(enum result_kind kind)
{
    return kind >= RESULT_FAIL;
}

static struct counts count_tests(const struct suite *suite)
{
    struct counts counts = {0};
    size_t i;

    for (i = 0; i < suite->rule_count; i++)
        counts.skipped += suite->rules[i].chosen && suite->rules[i].count == 0;
    for (i = 0; i < suite->count; i++) {
        const struct test *test = &suite->tests[i];

        if (!test->chosen)
            continue;
        counts.passed += test->result.kind == RESULT_PASS;
        counts.failed += is_failure(test->result.kind);
        counts.unknown += test->result.kind == RESULT_UNKNOWN;
        counts.skipped += test->result.kind == RESULT_SKIPPED ||
                          test->result.kind == RESULT_DECLINED ||
                          test->result.kind == RESULT_NOT_IMPLEMENTED;
    }
    return counts;
}

/* Write how far the scenarios were explored; nothing if none was. */
static void write_explored(FILE *stream, const struct suite *suite)
{
    struct exploration sum = {0};
    size_t all = 0, bound = 0, failed = 0, not_steered = 0, seed = 0, i;

    for (i = 0; i < suite->count; i++) {
        const struct exploration *exploration = &suite->tests[i].exploration;

        if (!suite->tests[i].chosen || !suite->tests[i].scenario)
            continue;
        sum.schedules += exploration->schedules;
        sum.random += exploration->random;
        sum.traces += exploration->traces;
        seed = exploration->random > seed ? exploration->random : seed;
        if (!exploration->schedules)
            not_steered++;
        else if (suite->tests[i].result.kind != RESULT_PASS)
            failed++;
        else if (exploration->exhausted)
            all++;
        else
            bound++;
    }
    if (!sum.schedules)
        return;
    fprintf(stream, "scenarios explored: %zu, with %zu schedules and %zu different traces\n",
            all + bound + failed, sum.schedules, sum.traces);
    fprintf(stream, "  all their schedules: %zu\n", all);
    fprintf(stream, "  up to the bound: %zu", bound);
    if (sum.random)
        fprintf(stream, ", and %zu random schedules beyond, seeds from 1 to %zu", sum.random, seed);
    fputc('\n', stream);
    if (failed)
        fprintf(stream, "  up to one that does not pass: %zu\n", failed);
    if (not_steered)
        fprintf(stream, "  could not be steered: %zu\n", not_steered);
}

void report_counts(FILE *stream, const struct suite *suite)
{
    struct counts counts = count_tests(suite);

    write_explored(stream, suite);
    fprintf(stream, "%zu passed, %zu failed", counts.passed, counts.failed);
    if (counts.unknown)
        fprintf(stream, ", %zu unknown", counts.unknown);
    if (counts.skipped)
        fprintf(stream, ", %zu skipped", counts.skipped);
    if (suite->left_out)
        fprintf(stream, ", %zu left out", suite->left_out);
    fputc('\n', stream);
}

/* The number of chosen rules, either MUST rules or all others, whose result is as asked. */
static size_t count_rules(const struct suite *suite, bool must, bool (*asked)(enum result_kind))
{
    size_t i, rules = 0;

    for (i = 0; i < suite->rule_count; i++)
        rules += suite->rules[i].chosen && must == (suite->rules[i].rule->level == LEVEL_MUST) &&
                 asked(suite_result(&suite->rules[i]));
    return rules;
}

static bool is_missing(enum result_kind kind)
{
    return kind == RESULT_NOT_IMPLEMENTED;
}

static bool is_unknown(enum result_kind kind)
{
    return kind == RESULT_UNKNOWN;
}

static bool is_untested(enum result_kind kind)
{
    return kind == RESULT_SKIPPED;
}

static bool is_kept(enum result_kind kind)
{
    return kind == RESULT_PASS;
}

enum conclusion report_conclude(const struct suite *suite)
{
    struct counts counts = count_tests(suite);

    if (counts.passed + counts.failed == 0)
        return COULD_NOT_TELL;
    if (count_rules(suite, true, is_failure) || count_rules(suite, true, is_missing))
        return DOES_NOT_CONFORM;
    return count_rules(suite, true, is_unknown) ? COULD_NOT_TELL : CONFORMS;
}

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
    return kind == RESULT_PASS ? "\033[32m" : is_failure(kind) ? "\033[31m" : "\033[33m";
}

static void write_row(const struct report *report, const struct suite_rule *rule)
{
    enum result_kind result = suite_result(rule);
    size_t tests = 0, schedules = 0, i;
    bool all = true;

    for (i = 0; i < rule->count; i++) {
        const struct exploration *exploration = &rule->tests[i].exploration;

        tests += rule->tests[i].chosen;
        schedules += exploration->schedules;
        all &= exploration->exhausted || !exploration->schedules;
    }
    fprintf(report->stream, "  %-6s %-6s ", rule->rule->id, level_name(rule->rule->level));
    paint(report, colour_of(result));
    fprintf(report->stream, "%-15s", result_name(result));
    paint(report, "\033[m");
    fprintf(report->stream, " %3zu  ", tests);
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

/* Fill lines with the words of a text. */
static void write_wrapped(FILE *stream, const char *indent, const char *text)
{
    size_t column = 0;

    while (*(text += strspn(text, " \n"))) {
        size_t size = strcspn(text, " \n");

        if (column > 0 && column + 1 + size > WIDTH) {
            fputc('\n', stream);
            column = 0;
        }
        column += (size_t)fprintf(stream, "%s%.*s", column ? " " : indent, (int)size, text);
        text += size;
    }
    fputc('\n', stream);
}

/* Write each line of a text behind its number, or behind a blank of the same width. */
static void write_lines(FILE *stream, const char *text, bool numbered)
{
    int number = 0;

    while (*text) {
        size_t size = strcspn(text, "\n");

        number++;
        if (numbered)
            fprintf(stream, "  %3d  ", number);
        fprintf(stream, "%s%.*s\n", numbered ? "" : "       ", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

static void write_commands(const struct report *report, const struct test *test)
{
    const struct session *session = report->session;
    const char *replay = test->result.replay ? test->result.replay : "";
    const char *blank = *replay ? " " : "";
    FILE *stream = report->stream;

    fprintf(stream, "  alone:    %s --rule %s%s%s\n", report->again, test->id, blank, replay);
    if (session->command || session->server)
        return;
    fprintf(
        stream,
        "  valgrind: %s --rule %s%s%s --timeout 600 --under 'valgrind -q --error-exitcode=99'\n",
        report->again, test->id, blank, replay);
    if (test->scenario)
        fprintf(stream,
                "  gdb:      %s --print %s%s%s >scenario.txt; gdb -ex 'run <scenario.txt' --args "
                "%s %s\n",
                report->again, test->id, blank, replay, session->driver, session->runtime);
    else
        fprintf(stream, "  gdb:      gdb --args %s %s %s %s\n", session->checks, session->runtime,
                test->rule->id, test->name);
}

static void write_failure(const struct report *report, const struct test *test)
{
    const struct result *result = &test->result;
    FILE *stream = report->stream;

    fprintf(stream, "\n%s ", test->id);
    paint(report, colour_of(result->kind));
    fprintf(stream, "%s", result_name(result->kind));
    paint(report, "\033[m");
    fprintf(stream, "  %s {%s}\n", test->rule->title, level_name(test->rule->level));
    write_wrapped(stream, "  ", test->rule->statement);
    if (test->scenario) {
        if (test->scenario->about)
            write_wrapped(stream, "  ", test->scenario->about);
        fprintf(stream, "  program:\n");
        write_lines(stream, test->scenario->text, true);
    }
    reason_write(stream, result);
    if (result->output) {
        fprintf(stream, "  last events:\n");
        write_lines(stream, result->output, false);
    }
    if (result->errors) {
        fprintf(stream, "  standard error:\n");
        write_lines(stream, result->errors, false);
    }
    write_commands(report, test);
}

static void write_failures(const struct report *report, const struct suite *suite)
{
    size_t i, shown = 0;

    for (i = 0; i < suite->count; i++) {
        const struct test *test = &suite->tests[i];

        if (!test->chosen || !is_failure(test->result.kind))
            continue;
        if (shown++ < FAILURES_MAX)
            write_failure(report, test);
        else
            fprintf(report->stream, "%s%s %s: %s\n", shown == FAILURES_MAX + 1 ? "\n" : "",
                    test->id, result_name(test->result.kind), test->result.reason);
    }
}

/* The first chosen test of a rule with a result of this kind; NULL: there is none. */
static const struct test *first_with(const struct suite_rule *rule, enum result_kind kind)
{
    size_t i;

    for (i = 0; i < rule->count; i++)
        if (rule->tests[i].chosen && rule->tests[i].result.kind == kind)
            return &rule->tests[i];
    return NULL;
}

/* Write what could not be told of each rule, once, even if other tests of it failed. */
static void write_unknown(const struct report *report, const struct suite *suite)
{
    const struct test *test;
    bool any = false;
    size_t i;

    for (i = 0; i < suite->rule_count; i++) {
        test = first_with(&suite->rules[i], RESULT_UNKNOWN);
        if (!test)
            continue;
        fprintf(report->stream, "%scould not tell %s: %s\n", any ? "" : "\n", test->rule->id,
                test->result.reason);
        any = true;
    }
}

/* Why a rule was not tested, as the first chosen test says that got the rule's verdict, or was not
 * executed at all. */
static const char *why_not_tested(const struct suite_rule *rule, enum result_kind result)
{
    const struct test *test = first_with(rule, result);

    if (rule->count == 0)
        return rule->rule->untested;
    test = test ? test : first_with(rule, RESULT_DECLINED);
    return test && test->result.reason ? test->result.reason : "no test of it was chosen";
}

/* Write why each rule that was not tested was not, except those of declined parts, which the
 * conclusion names. */
static void write_skipped(const struct report *report, const struct suite *suite)
{
    bool any = false;
    size_t i;

    for (i = 0; i < suite->rule_count; i++) {
        const struct suite_rule *rule = &suite->rules[i];
        enum result_kind result = suite_result(rule);

        if (!rule->chosen || (result != RESULT_SKIPPED && result != RESULT_NOT_IMPLEMENTED))
            continue;
        fprintf(report->stream, "%s%s %s: %s\n", any ? "" : "\n", rule->rule->id,
                result_name(result), why_not_tested(rule, result));
        any = true;
    }
}

static void write_rules(FILE *stream, const struct suite *suite, bool must,
                        bool (*asked)(enum result_kind))
{
    size_t i;

    for (i = 0; i < suite->rule_count; i++)
        if (suite->rules[i].chosen && must == (suite->rules[i].rule->level == LEVEL_MUST) &&
            asked(suite_result(&suite->rules[i])))
            fprintf(stream, " %s", suite->rules[i].rule->id);
}

/* Whether the session tested all that can be tested. */
static bool is_all(const struct session *session, const struct suite *suite)
{
    bool all = !session->explore && !session->replay;
    size_t r, t;

    for (r = 0; r < suite->rule_count; r++) {
        const struct suite_rule *rule = &suite->rules[r];

        if (session->server && !suite_has_attacks(suite, rule->chapter))
            continue;
        all &= rule->chosen;
        for (t = 0; t < rule->count; t++)
            all &= rule->tests[t].chosen;
    }
    return all;
}

/* Write the chapters that a server is tested by, behind a word; nothing for a runtime. */
static void write_chapters(const struct report *report, const struct suite *suite, const char *word)
{
    const struct chapter *last = NULL;
    size_t i;

    for (i = 0; report->session->server && i < suite->rule_count; i++) {
        const struct chapter *chapter = suite->rules[i].chapter;

        if (chapter == last || !suite_has_attacks(suite, chapter))
            continue;
        fprintf(report->stream, "%s chapter %d", last ? " and" : word, chapter->number);
        last = chapter;
    }
}

static int count_declined(const struct suite *suite)
{
    int part, count = 0;

    for (part = 0; part < PARTS; part++)
        count += suite_declines(suite, part);
    return count;
}

/* Write the parts that the runtime declines: "A, B and C". */
static void write_declined(FILE *stream, const struct suite *suite)
{
    int part, left = count_declined(suite);

    for (part = 0; part < PARTS; part++)
        if (suite_declines(suite, part))
            fprintf(stream, "%s%s", part_name(part), --left > 1 ? ", " : left == 1 ? " and " : "");
}

/* Chosen MUST rules that have tests, of all parts that the runtime does not decline. */
static size_t count_testable(const struct suite *suite)
{
    size_t i, rules = 0;

    for (i = 0; i < suite->rule_count; i++) {
        const struct suite_rule *rule = &suite->rules[i];

        rules += rule->chosen && rule->count > 0 && rule->rule->level == LEVEL_MUST &&
                 suite_result(rule) != RESULT_DECLINED;
    }
    return rules;
}

/* Write what a runtime keeps that breaks nothing: all, or all that was tested. */
static void write_kept(const struct report *report, const struct suite *suite)
{
    size_t kept = count_rules(suite, true, is_kept), testable = count_testable(suite);
    bool all = is_all(report->session, suite), declined = count_declined(suite);
    FILE *stream = report->stream;

    if (!all) {
        fputs("keeps what was chosen", stream);
    } else if (kept < testable) {
        fprintf(stream, "keeps all of the %zu MUST rules", kept);
        write_chapters(report, suite, " of");
        fprintf(stream, " that were tested, of %zu", testable);
    } else {
        fputs("conforms", stream);
        write_chapters(report, suite, " to");
    }
    if (declined) {
        fputs(", without ", stream);
        write_declined(stream, suite);
    }
    if (declined && all && kept == testable)
        fprintf(stream, ": it keeps the %zu other MUST rules", kept);
    fputc('.', stream);
}

static void write_conclusion(const struct report *report, const struct suite *suite)
{
    FILE *stream = report->stream;
    bool broken = count_rules(suite, true, is_failure);
    bool missing = count_rules(suite, true, is_missing);
    bool unknown = count_rules(suite, true, is_unknown);
    bool untested = count_rules(suite, true, is_untested);

    switch (report_conclude(suite)) {
    case COULD_NOT_TELL:
        fprintf(stream, "could not tell whether the %s conforms",
                report->session->server ? "server" : "runtime");
        write_chapters(report, suite, " to");
        fputc('.', stream);
        break;
    case DOES_NOT_CONFORM:
        fputs("does not conform", stream);
        write_chapters(report, suite, " to");
        fputc('.', stream);
        break;
    case CONFORMS:
        write_kept(report, suite);
        break;
    }
    if (broken) {
        fputs(" Broken:", stream);
        write_rules(stream, suite, true, is_failure);
    }
    if (missing) {
        fputs(" Not implemented:", stream);
        write_rules(stream, suite, true, is_missing);
    }
    if (unknown) {
        fputs(" Unknown:", stream);
        write_rules(stream, suite, true, is_unknown);
    }
    if (count_declined(suite) && report_conclude(suite) != CONFORMS) {
        fputs(" Declined: ", stream);
        write_declined(stream, suite);
    }
    if (untested) {
        fputs(" Untested:", stream);
        write_rules(stream, suite, true, is_untested);
    }
    fputc('\n', stream);
    if (count_rules(suite, false, is_failure)) {
        fputs("broken, but no MUST:", stream);
        write_rules(stream, suite, false, is_failure);
        fputc('\n', stream);
    }
}

bool report_write(const struct report *report, const struct suite *suite)
{
    if (report->format != REPORT_TEXT)
        return report_cmocka(report, suite);
    if (report->lacks)
        fprintf(report->stream, "This machine lacks %s.\n\n", report->lacks);
    write_table(report, suite);
    write_failures(report, suite);
    write_unknown(report, suite);
    write_skipped(report, suite);
    fputc('\n', report->stream);
    write_conclusion(report, suite);
    report_counts(report->stream, suite);
    return true;
}
