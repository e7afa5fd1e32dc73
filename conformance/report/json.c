/* json: what is known before the tests are executed, the tests, and what is known once they have
 * been: a document has the members of all three, and the lines are these three. */
#include "json.h"

#include "causes.h"
#include "conclusion.h"
#include "json_test.h"
#include "machine/clock.h"
#include "members.h"
#include "reason.h"
#include "scenario/memory.h"
#include "shown.h"
#include "suite/differences.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION_OF_FORMAT = 1 };

/* ---- Before the tests ---- */

static void put_subject(json_t *object, const struct report *report)
{
    const struct session *session = report->session;
    json_t *member = member_object(object, "subject");

    member_text(member, "kind",
                session->server    ? "server"
                : session->command ? "driver"
                                   : "library");
    member_text(member, "path", session->runtime);
    member_text(member, "command", session->server ? session->server : session->command);
    member_text(member, "runtime", report->runtime);
}

/* What follows a word in a text that begins with it. */
static const char *behind(const char *text, const char *word)
{
    return text && !strncmp(text, word, strlen(word)) ? text + strlen(word) : NULL;
}

/* The answers of a line `schedule 0 1`. */
static void put_answers(json_t *object, const char *line)
{
    const char *first = line + strcspn(line, " \n");
    char *answers;

    first += strspn(first, " ");
    answers = must(strndup(first, strcspn(first, "\n")));
    member_text(object, "schedule", answers);
    free(answers);
}

static void put_options(json_t *object, const struct report *report, const struct suite *suite)
{
    const struct session *session = report->session;
    json_t *member = member_object(object, "options");
    static const char *const fail_fast[] = {NULL, "rule", "all"};

    member_text(member, "seed", behind(session->replay, "--seed "));
    if (behind(session->replay, "--schedule"))
        put_answers(member, session->schedule);
    if (session->explore)
        member_number(member, "explore", session->explore);
    member_text(member, "shard", session->shard);
    member_seconds(member, "timeout", session->seconds);
    member_number(member, "jobs", (size_t)session->jobs);
    member_text(member, "under", session->under);
    member_text(member, "fail_fast", fail_fast[session->fail_fast]);
    if (suite->differences)
        member_text(member, "differences", suite->differences->file);
}

/* A chapter is named by its file, since several may have one number. */
static void put_chapter(json_t *object, const char *key, const struct chapter *chapter)
{
    const char *slash = strrchr(chapter->file, '/'), *name = slash ? slash + 1 : chapter->file;
    char *id = must(strndup(name, strcspn(name, ".")));

    member_text(object, key, id);
    free(id);
}

static void put_chapters(json_t *object, const struct suite *suite)
{
    json_t *list = member_list(object, "chapters");
    int i;

    for (i = 0; i < suite->book->chapter_count; i++) {
        const struct chapter *chapter = &suite->book->chapters[i];
        json_t *member = list_object(list);

        put_chapter(member, "id", chapter);
        member_number(member, "number", (size_t)chapter->number);
        member_text(member, "title", chapter->title);
    }
}

static void put_date(json_t *object, time_t date)
{
    char text[sizeof "-2147483648-12-31T23:59:60Z"];
    struct tm time;

    if (gmtime_r(&date, &time) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &time) > 0)
        member_text(object, "date", text);
}

static void put_session(json_t *object, const struct report *report, const struct suite *suite)
{
    member_text(object, "report", "conformance");
    member_number(object, "version", VERSION_OF_FORMAT);
    member_text(object, "conform", report->version);
    member_text(object, "specification", report->specification);
    put_date(object, report->date);
    put_subject(object, report);
    member_text(object, "machine_lacks", report->lacks);
    put_options(object, report, suite);
    put_chapters(object, suite);
}

/* ---- Behind the tests ---- */

static void put_verdict(json_t *object, const struct report *report, const struct suite *suite)
{
    static const char *const names[] = {[CONFORMS] = "conforms",
                                        [DOES_NOT_CONFORM] = "does not conform",
                                        [COULD_NOT_TELL] = "could not tell"};
    json_t *member = member_object(object, "conclusion");
    char *text;
    size_t size;
    FILE *stream = must(open_memstream(&text, &size));

    conclusion_write(stream, report->session, suite);
    fclose(stream);
    must(text);
    text[size - (size > 0)] = '\0';
    member_text(member, "verdict", names[conclude(suite)]);
    member_number(member, "status", (size_t)conclude_status(suite));
    member_text(member, "text", text);
    member_true(member, "of_all", conclusion_is_of_all(report->session, suite));
    free(text);
}

static void put_counts(json_t *object, const struct suite *suite)
{
    struct counts counts = conclusion_count(suite);
    json_t *member = member_object(object, "counts");

    member_number(member, "passed", counts.passed);
    member_number(member, "failed", counts.failed);
    member_number(member, "differ", counts.differ);
    member_number(member, "unknown", counts.unknown);
    member_number(member, "skipped", counts.skipped);
    member_number(member, "left_out", suite->left_out);
}

static void put_rule(json_t *list, const struct suite_rule *rule)
{
    struct share share = suite_share(rule);
    enum result_kind result = suite_result(rule);
    json_t *member = list_object(list), *number;

    member_text(member, "id", rule->rule->id);
    put_chapter(member, "chapter", rule->chapter);
    member_text(member, "level", level_name(rule->rule->level));
    member_text(member, "title", rule->rule->title);
    member_text(member, "statement", rule->rule->statement);
    member_text(member, "part", part_name(rule->part));
    member_text(member, "verdict", result_name(result));
    if (result == RESULT_SKIPPED)
        member_text(member, "reason", reason_untested(rule));
    else if (rule->difference)
        member_text(member, "reason", rule->difference->reason);
    number = member_object(member, "share");
    member_number(number, "passed", share.passed);
    member_number(number, "of", share.of);
}

static void put_rules(json_t *object, const struct suite *suite)
{
    json_t *list = member_list(object, "rules");
    size_t i;

    for (i = 0; i < suite->rule_count; i++)
        if (suite->rules[i].chosen)
            put_rule(list, &suite->rules[i]);
}

static void put_causes(json_t *object, const struct suite *suite)
{
    struct causes causes = causes_find(suite);
    json_t *list = member_list(object, "causes"), *tests;
    size_t i, t;

    for (i = 0; i < causes.count; i++) {
        json_t *member = list_object(list);

        member_text(member, "words", causes.of[i].words);
        tests = member_list(member, "tests");
        for (t = 0; t < causes.of[i].count; t++)
            list_text(tests, causes.of[i].tests[t]->id);
    }
    causes_free(&causes);
}

static void put_declined(json_t *object, const struct suite *suite)
{
    json_t *list = member_list(object, "declined");
    int part;

    for (part = 0; part < PARTS; part++)
        if (suite_declines(suite, part))
            list_text(list, part_name(part));
}

static void put_differences(json_t *object, const struct suite *suite)
{
    const struct differences *differences = suite->differences;
    json_t *list = member_list(object, "differences");
    size_t i;

    for (i = 0; differences && i < differences->count; i++) {
        const struct difference *difference = &differences->of[i];
        json_t *member = list_object(list);

        member_text(member, "what", difference->what);
        member_text(member, "verdict", difference_name(difference->kind));
        member_text(member, "reason", difference->reason);
        member_number(member, "line", (size_t)difference->line);
        member_text(member, "stale", difference->stale);
    }
}

static void put_end(json_t *object, const struct report *report, const struct suite *suite)
{
    member_seconds(object, "seconds", report->begun > 0 ? clock_now() - report->begun : 0);
    member_true(object, "interrupted", report->interrupted);
    put_verdict(object, report, suite);
    put_counts(object, suite);
    put_declined(object, suite);
    put_differences(object, suite);
    put_causes(object, suite);
    if (opinions_are_any(report->session->opinions))
        shown_put(object, report->session->opinions);
    put_rules(object, suite);
}

/* ---- One document ---- */

bool report_json(const struct report *report, const struct suite *suite)
{
    json_t *document = new_object(), *list;
    size_t i;

    put_session(document, report, suite);
    put_end(document, report, suite);
    list = member_list(document, "tests");
    for (i = 0; i < suite->count; i++)
        if (suite->tests[i].chosen)
            json_test(list_object(list), report, &suite->tests[i]);
    return write_value(report->stream, document, false);
}

/* ---- Lines ---- */

static json_t *new_event(const char *name)
{
    json_t *object = new_object();

    member_text(object, "event", name);
    return object;
}

/* Each line is there for whoever reads them as they come. */
static bool write_line(const struct report *report, json_t *event)
{
    bool written = write_value(report->stream, event, true);

    return fflush(report->stream) == 0 && written;
}

int *json_begin(const struct report *report, const struct suite *suite)
{
    json_t *event = new_event("session");

    put_session(event, report, suite);
    write_line(report, event);
    return zeroed(suite->count, sizeof *report->told);
}

/* What a line tells of a test. */
static int told(const struct test *test)
{
    return 1 + (int)test->result.kind;
}

void json_see(const struct report *report, const struct suite *suite, const struct test *test)
{
    size_t i = (size_t)(test - suite->tests);
    json_t *event = new_event("test");

    report->told[i] = told(test);
    json_test(event, report, test);
    write_line(report, event);
}

bool json_end(const struct report *report, const struct suite *suite)
{
    json_t *event = new_event("end");
    size_t i;

    for (i = 0; i < suite->count; i++) {
        const struct test *test = &suite->tests[i];

        if (test->chosen && report->told[i] != told(test))
            json_see(report, suite, test);
    }
    put_end(event, report, suite);
    return write_line(report, event) && !ferror(report->stream);
}
