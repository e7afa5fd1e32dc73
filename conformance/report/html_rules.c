/* html_rules: a chapter is a run of rules in the order of the suite. */
#include "html_rules.h"

#include "markup.h"
#include "reason.h"
#include "shown.h"
#include "suite/differences.h"

#include <stdlib.h>
#include <string.h>

struct tally {
    size_t rules;
    size_t of[RESULT_KINDS];
};

static bool is_last(const struct suite *suite, const struct suite_rule *rule)
{
    return rule + 1 == suite->rules + suite->rule_count || rule[1].chapter != rule->chapter;
}

/* The chosen rules of the chapter that a rule is in, or of all; counted by their verdicts. */
static struct tally tally(const struct suite *suite, const struct chapter *chapter)
{
    struct tally tally = {0};

    for (size_t i = 0; i < suite->rule_count; i++) {
        const struct suite_rule *rule = &suite->rules[i];

        if (!rule->chosen || (chapter && rule->chapter != chapter))
            continue;
        tally.rules++;
        tally.of[suite_result(rule)]++;
    }
    return tally;
}

/* "41 rules: 38 pass, 3 fail" */
static void write_tally(FILE *stream, const struct tally *tally)
{
    const char *before = ": ";

    fprintf(stream, "%zu %s", tally->rules, tally->rules == 1 ? "rule" : "rules");
    for (int kind = RESULT_KINDS - 1; kind >= 0; kind--) {
        if (tally->of[kind] == 0)
            continue;
        fprintf(stream, "%s%zu %s", before, tally->of[kind], result_name((enum result_kind)kind));
        before = ", ";
    }
}

static void write_data(FILE *stream, const struct suite_rule *rule)
{
    fprintf(stream, "data-rule=\"%s\"", rule->rule->id);
}

/* ---- The overview ---- */

static void write_cell(FILE *stream, const struct suite_rule *rule)
{
    enum result_kind result = suite_result(rule);

    fputs("<a class=\"", stream);
    markup_class(stream, result);
    fprintf(stream, "\" href=\"#%s\" tabindex=\"-1\" ", rule->rule->id);
    write_data(stream, rule);
    fprintf(stream, " title=\"%s %s: ", rule->rule->id, result_name(result));
    markup_text(stream, rule->rule->title);
    fputs("\"></a>", stream);
}

void html_overview(const struct report *report, const struct suite *suite)
{
    FILE *stream = report->stream;
    bool open = false;

    /* The tables below say the same, so that nobody has to step through hundreds of cells. */
    fputs("<section id=\"overview\" aria-hidden=\"true\">\n", stream);
    for (size_t i = 0; i < suite->rule_count; i++) {
        const struct suite_rule *rule = &suite->rules[i];

        if (rule->chosen && !open) {
            fprintf(stream, "<div class=\"chapter\"><span>%d ", rule->chapter->number);
            markup_text(stream, rule->chapter->title);
            fputs("</span><div class=\"cells\">", stream);
            open = true;
        }
        if (rule->chosen)
            write_cell(stream, rule);
        if (open && is_last(suite, rule)) {
            fputs("</div></div>\n", stream);
            open = false;
        }
    }
    fputs("</section>\n", stream);
}

/* ---- Filters ---- */

static void write_choice(FILE *stream, const char *name, const char *value, size_t count)
{
    fprintf(stream,
            "<label><input type=\"checkbox\" name=\"%s\" value=\"%s\" checked> "
            "%s <small>%zu</small></label>\n",
            name, value, value, count);
}

static size_t count_level(const struct suite *suite, enum rule_level level)
{
    size_t count = 0;

    for (size_t i = 0; i < suite->rule_count; i++)
        count += suite->rules[i].chosen && suite->rules[i].rule->level == level;
    return count;
}

void html_filters(const struct report *report, const struct suite *suite)
{
    static const enum rule_level levels[] = {LEVEL_MUST, LEVEL_SHOULD, LEVEL_MAY};
    struct tally all = tally(suite, NULL);
    FILE *stream = report->stream;

    fputs("<form id=\"filters\" hidden>\n"
          "<label class=\"search\">Search <input type=\"search\" name=\"words\" "
          "placeholder=\"id, title, test, reason\"></label>\n<fieldset><legend>Level</legend>\n",
          stream);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (count_level(suite, levels[i]) > 0)
            write_choice(stream, "level", level_name(levels[i]), count_level(suite, levels[i]));
    fputs("</fieldset>\n<fieldset><legend>Verdict</legend>\n", stream);
    for (int kind = RESULT_KINDS - 1; kind >= 0; kind--)
        if (all.of[kind] > 0)
            write_choice(stream, "verdict", result_name((enum result_kind)kind), all.of[kind]);
    fputs("</fieldset>\n<button type=\"reset\">Show all</button> "
          "<output aria-live=\"polite\"></output>\n</form>\n",
          stream);
}

/* ---- The tables ---- */

static void write_share(FILE *stream, const struct suite_rule *rule)
{
    struct share share = suite_share(rule);
    size_t chosen = 0;

    for (size_t i = 0; i < rule->count; i++)
        chosen += rule->tests[i].chosen;
    if (share.passed < share.of && (share.passed > 0 || result_is_failure(suite_result(rule))))
        fprintf(stream, "%zu/%zu", share.passed, share.of);
    else
        fprintf(stream, "%zu", share.of > 0 ? share.of : chosen);
}

static void write_test(FILE *stream, const struct test *test)
{
    bool failed = result_is_failure(test->result.kind);

    fputs("<li>", stream);
    markup_result(stream, test->result.kind);
    fputc(' ', stream);
    if (failed) {
        fputs("<a href=\"#", stream);
        markup_name(stream, test->id);
        fputs("\">", stream);
    }
    markup_text(stream, test->id);
    fputs(failed ? "</a>" : "", stream);
    if (test->result.seconds > 0)
        fprintf(stream, " <small>%.3f s</small>", test->result.seconds);
    if (test->exploration.schedules > 0)
        fprintf(stream, " <small>%zu schedules%s</small>", test->exploration.schedules,
                test->exploration.exhausted ? ", which are all" : "");
    if (test->result.reason) {
        fputs(" <span class=\"reason\">", stream);
        markup_text(stream, test->result.reason);
        fputs("</span>", stream);
    }
    fputs("</li>\n", stream);
}

/* `opinions`: the oracle's; NULL: it was not asked. */
static void write_rule(FILE *stream, const struct suite_rule *rule, const struct opinions *opinions)
{
    enum result_kind result = suite_result(rule);
    const char *level = level_name(rule->rule->level);
    const char *why = result == RESULT_SKIPPED ? reason_untested(rule)
                      : rule->difference       ? rule->difference->reason
                                               : NULL;

    fprintf(stream, "<tr id=\"%s\" ", rule->rule->id);
    write_data(stream, rule);
    fprintf(stream,
            " data-level=\"%s\" data-verdict=\"%s\">\n<th scope=\"row\">%s <span class=\"level "
            "%s\">%s</span></th>\n<td>",
            level, result_name(result), rule->rule->id, level, level);
    markup_result(stream, result);
    fputs(" <span class=\"share\">", stream);
    write_share(stream, rule);
    fputs("</span></td>\n", stream);
    if (opinions) {
        fputs("<td class=\"freedom\">", stream);
        shown_of_rule(stream, opinions, rule->rule->id);
        fputs("</td>\n", stream);
    }
    fputs("<td><details><summary>", stream);
    markup_text(stream, rule->rule->title);
    fputs("</summary>\n<p class=\"statement\">", stream);
    markup_text(stream, rule->rule->statement);
    fputs("</p>\n", stream);
    if (why) {
        fprintf(stream, "<p>%s: ", result == RESULT_SKIPPED ? "untested" : "declared");
        markup_text(stream, why);
        fputs("</p>\n", stream);
    }
    fputs("<ul class=\"tests\">\n", stream);
    for (size_t i = 0; i < rule->count; i++)
        if (rule->tests[i].chosen)
            write_test(stream, &rule->tests[i]);
    fputs("</ul></details></td>\n</tr>\n", stream);
}

static void begin_chapter(FILE *stream, const struct suite *suite, const struct chapter *chapter,
                          bool has_freedoms)
{
    struct tally counts = tally(suite, chapter);

    fprintf(stream, "<section class=\"chapter\">\n<h3>%d ", chapter->number);
    markup_text(stream, chapter->title);
    fputs(" <small>", stream);
    write_tally(stream, &counts);
    fprintf(stream,
            "</small></h3>\n<table class=\"rules\">\n<thead><tr><th scope=\"col\">Rule</th>"
            "<th scope=\"col\">Verdict, tests</th>%s<th scope=\"col\">Title</th></tr></thead>\n"
            "<tbody>\n",
            has_freedoms ? "<th scope=\"col\" class=\"freedom\">Freedom</th>" : "");
}

void html_rules(const struct report *report, const struct suite *suite)
{
    const struct opinions *opinions =
        opinions_are_any(report->session->opinions) ? report->session->opinions : NULL;
    FILE *stream = report->stream;
    bool open = false;

    fputs("<section id=\"rules\">\n<h2>Rules</h2>\n", stream);
    for (size_t i = 0; i < suite->rule_count; i++) {
        const struct suite_rule *rule = &suite->rules[i];

        if (rule->chosen && !open)
            begin_chapter(stream, suite, rule->chapter, opinions != NULL);
        open |= rule->chosen;
        if (rule->chosen)
            write_rule(stream, rule, opinions);
        if (open && is_last(suite, rule)) {
            fputs("</tbody>\n</table>\n</section>\n", stream);
            open = false;
        }
    }
    fputs("</section>\n", stream);
}
