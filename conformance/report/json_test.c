/* json_test: a test and its result as members of an object of JSON. */
#include "json_test.h"

#include "commands.h"
#include "reason.h"
#include "scenario/memory.h"
#include "suite/differences.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_findings(json_t *object, const struct verdict *verdict)
{
    json_t *list = member_list(object, "findings");
    int i;

    for (i = 0; i < verdict->finding_count; i++) {
        const struct finding *finding = &verdict->findings[i];
        json_t *member = list_object(list);

        member_text(member, "rule", finding->rule);
        if (finding->line)
            member_number(member, "line", (size_t)finding->line);
        member_text(member, "expected", finding->expected);
        member_text(member, "observed", finding->observed);
    }
    if (verdict->more)
        member_number(object, "findings_left_out", (size_t)verdict->more);
}

static void put_reason(json_t *object, const struct result *result)
{
    char *reason = reason_line(result);

    member_text(object, "reason", reason);
    free(reason);
}

/* Put a text line by line. */
static void put_lines(json_t *object, const char *key, const char *text)
{
    json_t *list = member_list(object, key);

    while (*text) {
        size_t size = strcspn(text, "\n");
        char *line = must(strndup(text, size));

        list_text(list, line);
        free(line);
        text += size + (text[size] == '\n');
    }
}

static void put_commands(json_t *object, const struct report *report, const struct test *test)
{
    struct commands commands = commands_of(report, test);
    json_t *member = member_object(object, "commands");

    member_text(member, "alone", commands.alone);
    member_text(member, "valgrind", commands.valgrind);
    member_text(member, "gdb", commands.gdb);
    commands_free(&commands);
}

static void put_exploration(json_t *object, const struct exploration *exploration)
{
    static const char *const bounds[] = {[BOUND_NONE] = "",
                                         [BOUND_SCHEDULES] = "schedules",
                                         [BOUND_OUTPUT] = "output",
                                         [BOUND_TIME] = "time",
                                         [BOUND_LENGTH] = "length"};
    json_t *member = member_object(object, "exploration");
    char digest[17];

    member_number(member, "schedules", exploration->schedules);
    member_number(member, "random", exploration->random);
    member_number(member, "traces", exploration->traces);
    member_number(member, "views", exploration->views);
    snprintf(digest, sizeof digest, "%016" PRIx64, exploration->digest);
    member_text(member, "digest", digest);
    member_true(member, "exhausted", exploration->exhausted);
    if (!exploration->exhausted && exploration->bound != BOUND_NONE)
        member_text(member, "bound", bounds[exploration->bound]);
}

/* What is needed to understand a failure. */
static void put_failure(json_t *object, const struct report *report, const struct test *test)
{
    const struct result *result = &test->result;

    if (test->scenario) {
        member_text(object, "about", test->scenario->about);
        member_text(object, "file", test->scenario->file);
        member_number(object, "line", (size_t)test->scenario->line);
        member_text(object, "program", test->scenario->text);
    }
    if (result->source)
        put_lines(object, "source", result->source);
    if (result->verdict && result->verdict->finding_count)
        put_findings(object, result->verdict);
    if (result->trace)
        put_lines(object, "trace", result->trace);
    if (result->left_out)
        member_number(object, "trace_left_out", result->left_out);
    member_text(object, "replay", result->replay);
    put_commands(object, report, test);
}

void json_test(json_t *object, const struct report *report, const struct test *test)
{
    const struct result *result = &test->result;

    member_text(object, "id", test->id);
    member_text(object, "rule", test->rule->id);
    member_text(object, "kind", test->scenario ? "scenario" : test->attacks ? "attack" : "check");
    member_text(object, "verdict", result_name(result->kind));
    member_seconds(object, "seconds", result->seconds);
    member_number(object, "executions", (size_t)test->executions);
    if (result->reason)
        put_reason(object, result);
    member_text(object, "at_first", test->at_first);
    member_text(object, "lacks", result->lacks);
    if (test->difference)
        member_text(object, "declared", test->difference->reason);
    if (test->twin)
        member_text(object, "twin", test->twin->id);
    if (result->verdict)
        member_text(object, "undecided", result->verdict->open);
    if (test->exploration.schedules)
        put_exploration(object, &test->exploration);
    if (result->kind == RESULT_PASS)
        return;
    member_text(object, "output", result->output);
    member_text(object, "errors", result->errors);
    if (result_is_failure(result->kind) || (result->kind == RESULT_DIFFERS && test->executions > 0))
        put_failure(object, report, test);
}
