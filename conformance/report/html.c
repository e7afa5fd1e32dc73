/* html: the report as one page. Style and script stand in the page; they are those of page.css and
 * page.js, which the Makefile turns into lines of C. */
#include "html.h"

#include "conclusion.h"
#include "html_failures.h"
#include "html_rules.h"
#include "machine/clock.h"
#include "markup.h"
#include "paragraph.h"
#include "reason.h"
#include "shown.h"
#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const style[] = {
#include "page.css.inc"
    NULL};

static const char *const script[] = {
#include "page.js.inc"
    NULL};

static void write_lines(FILE *stream, const char *const *lines)
{
    for (; *lines; lines++)
        fputs(*lines, stream);
}

/* ---- The head ---- */

static const char *subject(const struct session *session)
{
    return session->server    ? session->server
           : session->command ? session->command
           : session->runtime ? session->runtime
                              : "";
}

/* What a title has room for: the name of a library, or the whole command. */
static const char *short_subject(const struct session *session)
{
    const char *slash = session->runtime ? strrchr(session->runtime, '/') : NULL;

    return slash ? slash + 1 : subject(session);
}

/* The class of the style sheet, and words for the title. */
static const struct {
    const char *class;
    const char *words;
} conclusions[] = {[CONFORMS] = {"v-pass", "conforms"},
                   [DOES_NOT_CONFORM] = {"v-fail", "does not conform"},
                   [COULD_NOT_TELL] = {"v-unknown", "could not tell"}};

static void write_head(const struct report *report, const struct suite *suite)
{
    FILE *stream = report->stream;

    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>",
          stream);
    markup_text(stream, short_subject(report->session));
    fprintf(stream, ": %s</title>\n<style>\n", conclusions[conclude(suite)].words);
    write_lines(stream, style);
    fputs("</style>\n</head>\n", stream);
}

/* ---- The conclusion ---- */

/* Whether a line was begun anew since its first word had no room, and not since it is one. */
static bool was_filled(size_t size, const char *next)
{
    return size + 1 + strcspn(next, " \n") > PARAGRAPH_WIDTH;
}

/* Write the sentences of the conclusion as paragraphs of any width. */
static void write_conclusion(const struct report *report, const struct suite *suite)
{
    char *text;
    size_t size;
    FILE *stream = must(open_memstream(&text, &size));

    conclusion_write(stream, report->session, suite);
    fclose(stream);
    must(text);
    fprintf(report->stream, "<p class=\"conclusion %s\">", conclusions[conclude(suite)].class);
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, "\n");
        const char *next = at + length + (at[length] == '\n');

        markup_bytes(report->stream, at, length);
        if (*next)
            fputs(was_filled(length, next) ? " " : "</p>\n<p class=\"more\">", report->stream);
        at = next;
    }
    fputs("</p>\n", report->stream);
    free(text);
}

/* ---- Facts ---- */

static void write_fact(FILE *stream, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    fprintf(stream, "<div><dt>%s</dt><dd>", name);
    markup_text(stream, value);
    fputs("</dd></div>\n", stream);
}

static void write_date(const struct report *report)
{
    char text[48];
    struct tm parts;

    if (report->date && gmtime_r(&report->date, &parts) &&
        strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts) > 0)
        write_fact(report->stream, "date", text);
}

static void write_duration(const struct report *report)
{
    if (report->begun > 0)
        fprintf(report->stream, "<div><dt>duration</dt><dd>%.1f s</dd></div>\n",
                clock_now() - report->begun);
}

static void write_tests(const struct report *report, const struct suite *suite)
{
    struct counts counts = conclusion_count(suite);
    FILE *stream = report->stream;

    fprintf(stream, "<div><dt>tests</dt><dd>%zu passed, %zu failed", counts.passed, counts.failed);
    if (counts.differ > 0)
        fprintf(stream, ", %zu differ", counts.differ);
    if (counts.unknown > 0)
        fprintf(stream, ", %zu unknown", counts.unknown);
    if (counts.skipped > 0)
        fprintf(stream, ", %zu skipped", counts.skipped);
    fputs("</dd></div>\n", stream);
}

static void write_facts(const struct report *report, const struct suite *suite)
{
    const struct session *session = report->session;
    FILE *stream = report->stream;

    fputs("<dl class=\"facts\">\n", stream);
    write_tests(report, suite);
    write_fact(stream,
               session->server    ? "server"
               : session->command ? "driver"
                                  : "library",
               subject(session));
    write_fact(stream, "runtime", report->runtime);
    write_fact(stream, "specification", report->specification);
    write_fact(stream, "conform", report->version);
    write_date(report);
    write_duration(report);
    write_fact(stream, "steered by", session->replay);
    write_fact(stream, "this machine lacks", report->lacks);
    fputs("</dl>\n", stream);
}

static void write_header(const struct report *report, const struct suite *suite)
{
    FILE *stream = report->stream;

    fputs("<header>\n<h1>", stream);
    markup_text(stream, short_subject(report->session));
    fputs("</h1>\n", stream);
    if (report->interrupted)
        fputs("<p class=\"interrupted\">The session was interrupted: what follows is of the tests "
              "that had ended.</p>\n",
              stream);
    write_conclusion(report, suite);
    write_facts(report, suite);
    fputs("</header>\n", stream);
}

/* ---- What could not be told ---- */

static void write_unknown(const struct report *report, const struct suite *suite)
{
    const char *begin = "<section id=\"unknown\">\n<h2>Could not tell</h2>\n<ul>\n", *end = "";

    for (size_t i = 0; i < suite->rule_count; i++) {
        const struct test *test = reason_first(&suite->rules[i], RESULT_UNKNOWN);

        if (!test)
            continue;
        fprintf(report->stream, "%s<li data-rule=\"%s\"><a href=\"#%s\">%s</a> ", begin,
                test->rule->id, test->rule->id, test->rule->id);
        markup_text(report->stream, test->result.reason);
        fputs("</li>\n", report->stream);
        begin = "";
        end = "</ul>\n</section>\n";
    }
    fputs(end, report->stream);
}

void html_write(const struct report *report, const struct suite *suite)
{
    FILE *stream = report->stream;

    write_head(report, suite);
    fputs("<body>\n<a class=\"skip\" href=\"#rules\">To the table of rules</a>\n", stream);
    write_header(report, suite);
    fputs("<main>\n", stream);
    html_overview(report, suite);
    html_filters(report, suite);
    html_failures(report, suite);
    write_unknown(report, suite);
    if (opinions_are_any(report->session->opinions))
        shown_page(stream, report->session->opinions);
    html_rules(report, suite);
    fputs("</main>\n<script>\n", stream);
    write_lines(stream, script);
    fputs("</script>\n</body>\n</html>\n", stream);
}
