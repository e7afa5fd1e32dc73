/* html_failures: of each cause the first test stands open, the others are folded. */
#include "html_failures.h"

#include "causes.h"
#include "alike.h"
#include "commands.h"
#include "events.h"
#include "failure.h"
#include "markup.h"
#include "reason.h"
#include "scenario/memory.h"
#include "timeline.h"

#include <stdlib.h>
#include <string.h>

enum {
    CAUSES_SHOWN = 100, /* further ones are only named */
    TESTS_SHOWN = 300,  /* likewise */
    OTHERS_NAMED = 12   /* tests in the line of those that are folded */
};

/* ---- The program ---- */

/* The findings about a line of the program. */
static bool deviates(const struct verdict *verdict, int line)
{
    for (int i = 0; verdict && i < verdict->finding_count; i++)
        if (verdict->findings[i].line == line)
            return true;
    return false;
}

static void write_program(FILE *stream, const struct test *test)
{
    const char *text = test->scenario->text;
    int line = 0;

    fputs("<div class=\"program\">\n<h5>Program</h5>\n<ol class=\"lines\">\n", stream);
    while (*text) {
        size_t size = strcspn(text, "\n");

        fputs("<li id=\"", stream);
        timeline_line_id(stream, test, ++line);
        fprintf(stream, "\"%s><code>",
                deviates(test->result.verdict, line) ? " class=\"bad\"" : "");
        markup_bytes(stream, text, size);
        fputs("</code></li>\n", stream);
        text += size + (text[size] == '\n');
    }
    fputs("</ol>\n</div>\n", stream);
}

/* ---- Findings ---- */

static void write_side(FILE *stream, const char *side, const char *text)
{
    fprintf(stream, "<div class=\"%s\"><b>%s</b> ", side, side);
    markup_text(stream, text);
    fputs("</div>", stream);
}

/* Write a rule's id, as a link if the page has the rule. */
static void write_rule(FILE *stream, const struct suite *suite, const char *id)
{
    for (size_t i = 0; i < suite->rule_count; i++)
        if (suite->rules[i].chosen && !strcmp(suite->rules[i].rule->id, id)) {
            fprintf(stream, "<a href=\"#%s\">%s</a>", id, id);
            return;
        }
    markup_text(stream, id);
}

/* Write the titles of the rules that the oracle has named. */
static void write_rules(FILE *stream, const struct suite *suite, const struct finding *finding)
{
    char *text = text_of("%s %s", finding->expected, finding->observed);
    const char *at = text;
    const struct rule *rule;

    while ((rule = reason_next_rule(suite, &at, text))) {
        fputs("<div class=\"where\">", stream);
        write_rule(stream, suite, rule->id);
        fputs(": ", stream);
        markup_text(stream, rule->title);
        fputs("</div>", stream);
    }
    free(text);
}

static void write_finding(FILE *stream, const struct suite *suite, const struct test *test,
                          const struct finding *finding)
{
    bool oracle = reason_is_of_oracle(finding);

    if (finding->line || finding->rule)
        fputs("<div class=\"where\">", stream);
    if (finding->line) {
        fputs("<a href=\"#", stream);
        timeline_line_id(stream, test, finding->line);
        fprintf(stream, "\">line %d</a>", finding->line);
    }
    if (oracle)
        fprintf(stream, "%sno run that the rules allow goes on like this",
                finding->line ? ", " : "");
    else if (finding->rule) {
        fputs(finding->line ? ", " : "", stream);
        write_rule(stream, suite, finding->rule);
        fputs(", which holds for every program: ", stream);
        markup_text(stream, reason_title(suite, finding->rule));
    }
    if (finding->line || finding->rule)
        fputs("</div>", stream);
    write_side(stream, "expected", finding->expected);
    write_side(stream, "observed", finding->observed);
    if (oracle)
        write_rules(stream, suite, finding);
}

/* Write the findings that are like one, folded. */
static void write_alike(FILE *stream, const struct suite *suite, const struct test *test, int index)
{
    const struct verdict *verdict = test->result.verdict;

    if (!alike_write(stream, verdict, index, "<details class=\"alike\"><summary>"))
        return;
    fputs("</summary>\n<ol class=\"findings\">\n", stream);
    for (int i = index + 1; i < verdict->finding_count; i++)
        if (alike_to(verdict, i, index)) {
            fputs("<li>", stream);
            write_finding(stream, suite, test, &verdict->findings[i]);
            fputs("</li>\n", stream);
        }
    fputs("</ol></details>", stream);
}

static void write_findings(FILE *stream, const struct suite *suite, const struct test *test)
{
    const struct verdict *verdict = test->result.verdict;

    if (!verdict || verdict->finding_count == 0)
        return;
    fputs("<ol class=\"findings\">\n", stream);
    for (int i = 0; i < verdict->finding_count; i++)
        if (alike_is_first(verdict, i)) {
            fputs("<li>", stream);
            write_finding(stream, suite, test, &verdict->findings[i]);
            write_alike(stream, suite, test, i);
            fputs("</li>\n", stream);
        }
    fputs("</ol>\n", stream);
    if (verdict->more)
        fprintf(stream, "<p>and %d more findings</p>\n", verdict->more);
}

/* ---- What else is known ---- */

static void write_text(FILE *stream, const char *title, const char *text, bool open)
{
    if (!text)
        return;
    fprintf(stream, "<details%s><summary>%s</summary><pre tabindex=\"0\">", open ? " open" : "",
            title);
    markup_text(stream, text);
    fputs("</pre></details>\n", stream);
}

/* Write the lines of a check; those that are marked stand out. */
static void write_source(FILE *stream, const struct result *result)
{
    const char *text = result->source;

    if (!text)
        return;
    fprintf(stream, "<details open><summary>%s</summary><pre class=\"source\" tabindex=\"0\">",
            failure_source_title(result));
    while (*text) {
        size_t size = strcspn(text, "\n");

        fputs(*text == '>' ? "<span class=\"bad\">" : "", stream);
        markup_bytes(stream, text, size);
        fputs(*text == '>' ? "</span>\n" : "\n", stream);
        text += size + (text[size] == '\n');
    }
    fputs("</pre></details>\n", stream);
}

static void write_command(FILE *stream, const char *name, const char *command)
{
    if (!command)
        return;
    fprintf(stream, "<dt>%s</dt><dd><code>", name);
    markup_text(stream, command);
    fputs("</code></dd>\n", stream);
}

static void write_commands(const struct report *report, const struct test *test)
{
    struct commands commands = commands_of(report, test);

    fputs("<dl class=\"commands\">\n", report->stream);
    write_command(report->stream, "alone", commands.alone);
    write_command(report->stream, "valgrind", commands.valgrind);
    write_command(report->stream, "gdb", commands.gdb);
    fputs("</dl>\n", report->stream);
    commands_free(&commands);
}

static void write_paragraph(FILE *stream, const char *class, const char *text)
{
    if (!text)
        return;
    fprintf(stream, "<p class=\"%s\">", class);
    markup_text(stream, text);
    fputs("</p>\n", stream);
}

/* The rest stands where the rule does. */
static void write_statement(FILE *stream, const struct rule *rule)
{
    size_t size = failure_statement_size(rule->statement);

    fputs("<p class=\"statement\">", stream);
    markup_bytes(stream, rule->statement, size);
    if (rule->statement[size])
        fprintf(stream, " <a href=\"#%s\">...</a>", rule->id);
    fputs("</p>\n", stream);
}

static void write_replay(FILE *stream, const char *replay)
{
    if (!replay)
        return;
    fputs("<p>with <code>", stream);
    markup_text(stream, replay);
    fputs("</code></p>\n", stream);
}

/* Write the reason of a result; that of a test in C in its parts. */
static void write_reason(FILE *stream, const char *text)
{
    struct reason reason = reason_split(text ? text : "");

    write_paragraph(stream, "reason", reason.what);
    if (reason.expected) {
        fputs("<ol class=\"findings\">\n<li>", stream);
        write_side(stream, "expected", reason.expected);
        write_side(stream, "observed", reason.observed);
        if (reason.where) {
            fputs("<pre class=\"where\" tabindex=\"0\">", stream);
            markup_text(stream, reason.where);
            fputs("</pre>", stream);
        }
        fputs("</li>\n</ol>\n", stream);
    }
    reason_free(&reason);
}

/* ---- Tests ---- */

static void write_heading(FILE *stream, const struct test *test)
{
    fputs("<h4><a href=\"#", stream);
    markup_name(stream, test->id);
    fputs("\">", stream);
    markup_text(stream, test->id);
    fputs("</a> ", stream);
    markup_result(stream, test->result.kind);
    fprintf(stream, " <span class=\"level %s\">%s</span> <span class=\"title\">",
            level_name(test->rule->level), level_name(test->rule->level));
    markup_text(stream, test->rule->title);
    fputs("</span></h4>\n", stream);
}

static void write_test(const struct report *report, const struct suite *suite,
                       const struct test *test)
{
    const struct result *result = &test->result;
    char *pending = events_pending(test);
    FILE *stream = report->stream;

    fputs("<article class=\"failure\" id=\"", stream);
    markup_name(stream, test->id);
    fprintf(stream, "\" data-rule=\"%s\">\n", test->rule->id);
    write_heading(stream, test);
    write_statement(stream, test->rule);
    write_reason(stream, result->reason);
    write_replay(stream, result->replay);
    write_findings(stream, suite, test);
    write_source(stream, result);
    write_text(stream, "Tasks that have not returned", pending, true);
    free(pending);
    write_text(stream, "Standard error", result->errors, !test->scenario);
    if (test->scenario) {
        write_paragraph(stream, "about", test->scenario->about);
        fputs("<div class=\"sides\">\n", stream);
        write_program(stream, test);
        timeline_write(stream, test);
        fputs("</div>\n", stream);
    }
    write_text(stream, failure_output_title(test), result->output, false);
    write_commands(report, test);
    fputs("</article>\n", stream);
}

static void write_links(FILE *stream, const struct cause *cause, size_t from)
{
    for (size_t i = from; i < cause->count; i++) {
        fprintf(stream, " <a data-rule=\"%s\" href=\"#%s\">", cause->tests[i]->rule->id,
                cause->tests[i]->rule->id);
        markup_text(stream, cause->tests[i]->id);
        fputs("</a>", stream);
    }
}

/* Write the other tests of a cause, in full for as long as there is room for tests. */
static void write_others(const struct report *report, const struct suite *suite,
                         const struct cause *cause, size_t room)
{
    size_t end = cause->count - 1 < room ? cause->count : room + 1;
    FILE *stream = report->stream;

    fprintf(stream,
            "<details class=\"others\"><summary>%zu more with the same cause:", cause->count - 1);
    for (size_t i = 1; i < cause->count && i <= OTHERS_NAMED; i++) {
        fputc(' ', stream);
        markup_text(stream, cause->tests[i]->id);
    }
    fputs(cause->count - 1 > OTHERS_NAMED ? " ...</summary>\n" : "</summary>\n", stream);
    for (size_t i = 1; i < end; i++)
        write_test(report, suite, cause->tests[i]);
    if (end < cause->count) {
        fprintf(stream, "<p>This page shows %d failures. Left out:", TESTS_SHOWN);
        write_links(stream, cause, end);
        fputs("</p>\n", stream);
    }
    fputs("</details>\n", stream);
}

static void write_cause(const struct report *report, const struct suite *suite,
                        const struct cause *cause, bool whole, size_t room)
{
    FILE *stream = report->stream;

    fputs("<section class=\"cause\">\n<h3>", stream);
    markup_text(stream, cause->words);
    fputs("</h3>\n", stream);
    if (whole) {
        write_test(report, suite, cause->tests[0]);
        if (cause->count > 1)
            write_others(report, suite, cause, room);
    } else {
        fputs("<p>Not shown in full:", stream);
        write_links(stream, cause, 0);
        fputs("</p>\n", stream);
    }
    fputs("</section>\n", stream);
}

void html_failures(const struct report *report, const struct suite *suite)
{
    struct causes causes = causes_find(suite);
    size_t shown = causes.count < CAUSES_SHOWN ? causes.count : CAUSES_SHOWN;

    if (causes.count > 0)
        fprintf(report->stream,
                "<section id=\"failures\">\n<h2>Failures <small>%zu %s</small></h2>\n",
                causes.count, causes.count == 1 ? "cause" : "causes");
    for (size_t i = 0; i < causes.count; i++) {
        size_t room = shown < TESTS_SHOWN ? TESTS_SHOWN - shown : 0, others;

        write_cause(report, suite, &causes.of[i], i < CAUSES_SHOWN, room);
        others = i < CAUSES_SHOWN ? causes.of[i].count - 1 : 0;
        shown += others < room ? others : room;
    }
    fputs(causes.count > 0 ? "</section>\n" : "", report->stream);
    causes_free(&causes);
}
