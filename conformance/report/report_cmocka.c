/* report_cmocka: cmocka prints to standard output; its output is corrected and passed on. */
#include "report_cmocka.h"

#include "reason.h"
#include "scenario/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A test of cmocka: one of ours, or a rule that has none. */
struct item {
    const struct rule *rule;
    const struct chapter *chapter;
    const struct test *test; /* NULL: the rule is untested */
    char *text;              /* why it failed */
    char *name;
};

struct items {
    struct item *of;
    struct CMUnitTest *tests;
    size_t count;
};

/* The message of a failure. In XML it stands between <![CDATA[ and ]]>, so it must not contain ]]>.
 */
static char *describe(const struct item *item)
{
    const struct result *result = &item->test->result;
    char *text, *end;
    size_t size;
    FILE *stream = must(open_memstream(&text, &size));

    fprintf(stream, "%s {%s} %s\n  %s\n", item->rule->title, level_name(item->rule->level),
            result_name(result->kind), item->rule->statement);
    reason_write(stream, result);
    if (result->errors)
        fprintf(stream, "  standard error:\n%s", result->errors);
    fclose(stream);
    must(text);
    while ((end = strstr(text, "]]>")))
        end[1] = ' ';
    return text;
}

static void end_as_before(void **state)
{
    const struct item *item = *state;

    enum result_kind kind = item->test ? item->test->result.kind : RESULT_SKIPPED;

    if (kind == RESULT_SKIPPED || kind == RESULT_DECLINED || kind == RESULT_DIFFERS ||
        kind == RESULT_UNKNOWN || kind == RESULT_NOT_IMPLEMENTED)
        skip();
    if (kind != RESULT_PASS)
        _assert_true(0, item->text, item->chapter->file, item->rule->line);
}

static void add_item(struct items *items, const struct suite_rule *rule, const struct test *test,
                     enum report_format format)
{
    struct item *item = &items->of[items->count];
    const char *why = test ? test->result.reason : rule->rule->untested;
    bool failed = test && test->result.kind >= RESULT_FAIL;

    *item = (struct item){.rule = rule->rule, .chapter = rule->chapter, .test = test};
    item->text = failed ? describe(item) : NULL;
    if (format == REPORT_JUNIT || failed || !why)
        item->name = copy_of(test ? test->id : rule->rule->id);
    else
        item->name = text_of("%s %s: %s", test ? test->id : rule->rule->id,
                             result_name(test ? test->result.kind : RESULT_SKIPPED), why);
    items->tests[items->count] =
        (struct CMUnitTest){.name = item->name, .test_func = end_as_before, .initial_state = item};
    items->count++;
}

static struct items collect(const struct suite *suite, enum report_format format)
{
    size_t most = suite->rule_count + suite->count, r, t;
    struct items items = {.of = zeroed(most, sizeof *items.of),
                          .tests = zeroed(most, sizeof *items.tests)};

    for (r = 0; r < suite->rule_count; r++) {
        const struct suite_rule *rule = &suite->rules[r];

        if (rule->chosen && rule->count == 0)
            add_item(&items, rule, NULL, format);
        for (t = 0; t < rule->count; t++)
            if (rule->tests[t].chosen)
                add_item(&items, rule, &rule->tests[t], format);
    }
    return items;
}

static void free_items(struct items *items)
{
    size_t i;

    for (i = 0; i < items->count; i++) {
        free(items->of[i].text);
        free(items->of[i].name);
    }
    free(items->of);
    free(items->tests);
}

/* Have cmocka print to a file. NULL: there can be no file. */
static FILE *print_to_file(const struct items *items)
{
    int memory = memfd_create("report", MFD_CLOEXEC);
    FILE *file = memory >= 0 ? fdopen(memory, "w+") : NULL;
    int output = dup(STDOUT_FILENO), errors = dup(STDERR_FILENO);

    fflush(NULL);
    if (!file || output < 0 || errors < 0)
        return NULL;
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    _cmocka_run_group_tests("conformance", items->tests, items->count, NULL, NULL);
    fflush(NULL);
    dup2(output, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    close(output);
    close(errors);
    rewind(file);
    return file;
}

/* cmocka 1.1 writes `not ok` for a skipped test, which makes it a failed one. */
static const char *corrected(const char *line)
{
    static const char wrong[] = "not ok ";
    const char *number = line + sizeof wrong - 1;

    if (strncmp(line, wrong, sizeof wrong - 1) != 0)
        return line;
    return strncmp(number + strspn(number, "0123456789"), " # SKIP", 7) ? line : line + 4;
}

bool report_cmocka(const struct report *report, const struct suite *suite)
{
    struct items items = collect(suite, report->format);
    bool tap = report->format == REPORT_TAP;
    char *line = NULL;
    size_t room = 0;
    FILE *file;

    unsetenv("CMOCKA_MESSAGE_OUTPUT");
    unsetenv("CMOCKA_XML_FILE");
    unsetenv("CMOCKA_TEST_ABORT");
    cmocka_set_message_output(tap ? CM_OUTPUT_TAP : CM_OUTPUT_XML);
    file = print_to_file(&items);
    while (file && getline(&line, &room, file) >= 0)
        fputs(tap ? corrected(line) : line, report->stream);
    if (tap && file && report->lacks)
        fprintf(report->stream, "# This machine lacks %s.\n", report->lacks);
    free(line);
    free_items(&items);
    return file && fclose(file) == 0;
}
