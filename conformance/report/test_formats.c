/* Tests of the formats for programs: whatever the bytes of a reason, an output or a path are, what
 * is written can be read again, and says what it was. */
#include "test_place.h"

#include "conclusion.h"
#include "legible.h"
#include "report.h"
#include "scenario/memory.h"
#include "suite/suite.h"

#include <jansson.h>

/* ---- Legible text ---- */

static void expect_legible(const char *text, const char *expected)
{
    char *copy = legible(text);

    assert_string_equal(copy, expected);
    free(copy);
}

static void keeps_what_is_legible(void **state)
{
    (void)state;
    expect_legible("", "");
    expect_legible("a \"b\" <c> & 'd' \\ ]]>\n\te", "a \"b\" <c> & 'd' \\ ]]>\n\te");
    expect_legible("\u00e4\u20ac\U0001f600\ufffd", "\u00e4\u20ac\U0001f600\ufffd");
    expect_legible("\u00a0\u07ff\u0800\xed\x9f\xbf\xee\x80\x80\U0010ffff",
                   "\u00a0\u07ff\u0800\xed\x9f\xbf\xee\x80\x80\U0010ffff");
}

static void writes_other_bytes_as_numbers(void **state)
{
    (void)state;
    expect_legible("\001\033\r\177", "\\x01\\x1b\\x0d\\x7f");
    expect_legible("\200\377", "\\x80\\xff");
    expect_legible("a\303", "a\\xc3");                          /* cut off */
    expect_legible("\303(", "\\xc3(");                          /* no continuation */
    expect_legible("\300\257", "\\xc0\\xaf");                   /* too long for its value */
    expect_legible("\355\240\200", "\\xed\\xa0\\x80");          /* half a surrogate pair */
    expect_legible("\364\220\200\200", "\\xf4\\x90\\x80\\x80"); /* beyond the last character */
    expect_legible("\370\210\200\200\200", "\\xf8\\x88\\x80\\x80\\x80");
    expect_legible("\302\205", "\\xc2\\x85"); /* a control character */
    expect_legible("\357\277\276\357\277\277", "\\xef\\xbf\\xbe\\xef\\xbf\\xbf"); /* no XML */
}

static void makes_one_line(void **state)
{
    char *copy = legible_line("a\n\tb\r\n");

    (void)state;
    assert_string_equal(copy, "a  b\\x0d ");
    free(copy);
}

/* ---- Reports ---- */

static const char chapter[] = "# A chapter & \"more\" <than> that\n"
                              "\n"
                              "### R98.1 A rule ]]> & <more> # \\ {MUST}\n\n"
                              "It says \"so\".\n\nWhy: so.\n\nSource: x.\n"
                              "\n"
                              "It does so:\n\n"
                              "```scenario one\n"
                              "task main\n"
                              "    yield\n"
                              "expect run ok\n"
                              "```\n"
                              "\n"
                              "### R98.2 Another {SHOULD}\n\nIt.\n\nWhy: so.\n\nSource: x.\n"
                              "\n"
                              "### R98.3 A third {MUST}\n\nIt.\n\nWhy: so.\n\n"
                              "untested: it has # \"reasons\".\n\nSource: x.\n";

static const char checks[] = "R98.2 fails\nR98.2 hangs\nR98.2 is_skipped\nR98.2 passes\n";

/* All bytes but NUL, behind what ends strings, comments and elements. */
static const char *hostile(void)
{
    static char text[512];
    char *end =
        stpcpy(text, "]]></failure>\"'\\ # TODO\n...\n  ...\nok 1 - forged\n1..9\n--- \n\n  -"
                     " {}: &amp; &#0; <!-- ");
    int byte;

    for (byte = 1; byte < 256; byte++)
        *end++ = (char)byte;
    strcpy(end, "\n");
    return text;
}

static void complain(const char *text)
{
    fail_msg("%s", text);
}

static void set(struct test *test, enum result_kind kind, double seconds)
{
    struct result *result = &test->result;

    test->executions = 1;
    result->kind = kind;
    if (kind != RESULT_PASS)
        result_set(result, kind, "%s", hostile());
    result->seconds = seconds;
    result->output = copy_of(hostile());
    result->errors = text_of(" \n\t %s", hostile()); /* which YAML could take for an indent */
}

static struct suite *suite_of_hostile(void)
{
    static const enum result_kind kinds[] = {RESULT_FAIL, RESULT_CRASH, RESULT_HANG, RESULT_UNKNOWN,
                                             RESULT_PASS};
    struct suite *suite = suite_create(place, checks, NULL, complain);
    struct verdict *verdict = zeroed(1, sizeof *verdict);
    size_t i;

    assert_true(suite_choose(suite, NULL));
    assert_int_equal(suite->count, 5);
    for (i = 0; i < suite->count; i++)
        set(&suite->tests[i], kinds[i], 0.25 * (double)(i + 1));
    verdict->kind = VERDICT_FAIL;
    verdict->finding_count = 1;
    verdict->findings[0] = (struct finding){.rule = "R2.9",
                                            .line = 2,
                                            .expected = copy_of(hostile()),
                                            .observed = copy_of(hostile()),
                                            .deviation = copy_of(hostile())};
    suite->tests[0].result.verdict = verdict;
    suite->tests[0].result.trace = copy_of(hostile());
    suite_settle(suite);
    return suite;
}

/* What is written of the hostile suite in a format. */
static char *report_of(enum report_format format)
{
    struct session session = {.runtime = hostile(), .checks = hostile(), .driver = hostile()};
    struct suite *suite = suite_of_hostile();
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct report report = {.stream = stream,
                            .format = format,
                            .again = hostile(),
                            .lacks = hostile(),
                            .session = &session,
                            .version = hostile(),
                            .specification = hostile(),
                            .runtime = hostile()};

    report_begin(&report, suite);
    assert_true(report_write(&report, suite));
    fclose(stream);
    assert_int_equal(strlen(text), size);
    suite_free(suite);
    return text;
}

static json_t *parse(const char *text, size_t flags)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES | flags, &error);

    if (!value)
        fail_msg("line %d: %s", error.line, error.text);
    return value;
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    assert_non_null(text);
    return text;
}

static void writes_json(void **state)
{
    static const char *const verdicts[] = {"fail", "crash", "hang", "unknown", "pass"};
    char *text = report_of(REPORT_JSON), *expected = legible(hostile());
    char *with_finding = text_of("%s: expected %s; observed %s", expected, expected, expected);
    json_t *document = parse(text, 0), *tests = json_object_get(document, "tests"), *test;
    json_t *finding;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(tests), 5);
    json_array_foreach(tests, i, test)
    {
        assert_string_equal(text_at(test, "verdict"), verdicts[i]);
        assert_true(json_real_value(json_object_get(test, "seconds")) == 0.25 * (double)(i + 1));
        if (i < 4) {
            assert_string_equal(text_at(test, "reason"), i == 0 ? with_finding : expected);
            assert_string_equal(text_at(test, "output"), expected);
            assert_true(contains(text_at(test, "errors"), expected));
        }
    }
    test = json_array_get(tests, 0);
    finding = json_array_get(json_object_get(test, "findings"), 0);
    assert_string_equal(text_at(finding, "expected"), expected);
    assert_string_equal(text_at(finding, "observed"), expected);
    assert_string_equal(text_at(test, "program"), "task main\n    yield\nexpect run ok\n");
    assert_string_equal(text_at(json_array_get(json_object_get(document, "rules"), 2), "reason"),
                        "it has # \"reasons\".");
    assert_string_equal(text_at(json_object_get(document, "subject"), "path"), expected);
    json_decref(document);
    free(with_finding);
    free(expected);
    free(text);
}

/* Each line can be read by itself; together they have the members of the document. */
static void writes_lines_of_json(void **state)
{
    char *text = report_of(REPORT_JSONL), *document_text = report_of(REPORT_JSON), *rest = text;
    json_t *document = parse(document_text, 0), *lines = json_array(), *value;
    const char *key;
    char *line;
    size_t i;

    (void)state;
    while ((line = strsep(&rest, "\n")) && *line)
        json_array_append_new(lines, parse(line, 0));
    assert_int_equal(json_array_size(lines), 7);
    for (i = 0; i < 7; i++)
        assert_string_equal(text_at(json_array_get(lines, i), "event"), i == 0  ? "session"
                                                                        : i < 6 ? "test"
                                                                                : "end");
    json_object_foreach(document, key, value) assert_true(
        strcmp(key, "tests") == 0 || (json_object_get(json_array_get(lines, 0), key) != NULL) !=
                                         (json_object_get(json_array_get(lines, 6), key) != NULL));
    for (i = 0; i < 5; i++) {
        json_object_del(json_array_get(lines, i + 1), "event");
        assert_true(json_equal(json_array_get(lines, i + 1),
                               json_array_get(json_object_get(document, "tests"), i)));
    }
    json_decref(document);
    json_decref(lines);
    free(document_text);
    free(text);
}

/* What xmllint finds at a path in report.xml, without a newline. */
static char *found_at(const char *path)
{
    char command[2 * PATH_MAX];
    struct process process;

    snprintf(command, sizeof command, "cd '%s' && xmllint --nonet --xpath \"$1\" report.xml",
             place);
    process_run(&(struct command){.arguments = (char *[]){"/bin/sh", "-c", command, "sh",
                                                          (char *)(uintptr_t)path, NULL},
                                  .input = "",
                                  .seconds = HANG,
                                  .output_limit = 1 << 20},
                &process);
    assert_string_equal(process.errors, "");
    free(process.errors);
    process.output[strcspn(process.output, "\n")] = '\0';
    return process.output;
}

static void expect_xml(enum report_format format, const char *suite)
{
    static const struct {
        const char *path; /* behind that of the suite */
        const char *value;
    } facts[] = {
        {"/@tests", "6"},
        {"/@failures", "1"},
        {"/@errors", "2"},
        {"/@skipped", "2"},
        {"/@time", "3.750"},
        {"/testcase[1]/@name", "R98.1/one"},
        {"/testcase[1]/@time", "0.250"},
        {"/testcase[1]/failure/@type", "fail"},
        {"/testcase[contains(failure, 'yield') and contains(failure, 'valgrind')]/@name",
         "R98.1/one"},
        {"/testcase[@name='R98.2/fails']/error/@type", "crash"},
        {"/testcase[@name='R98.2/hangs']/error/@type", "hang"},
        {"/testcase[starts-with(skipped/@message, 'unknown: ]]>')]/@name", "R98.2/is_skipped"},
        {"/testcase[starts-with(skipped/@message, 'untested: it has')]/@name", "R98.3"},
        {"/testcase[@name='R98.2/passes' and not(*)]/@time", "1.250"},
        {"/testcase[6]/@classname", "R98 A chapter & \"more\" <than> that"},
        {"/properties/property[1]/@name", "library"},
    };
    char *text = report_of(format), path[512];
    size_t i;

    write_file("report.xml", text);
    free(text);
    for (i = 0; i < sizeof facts / sizeof *facts; i++) {
        snprintf(path, sizeof path, "string(%s%s)", suite, facts[i].path);
        text = found_at(path);
        if (strcmp(text, facts[i].value) != 0)
            fail_msg("%s is '%s' and not '%s'", path, text, facts[i].value);
        free(text);
    }
}

static void writes_xml(void **state)
{
    (void)state;
    expect_xml(REPORT_JUNIT, "/testsuites/testsuite");
    expect_xml(REPORT_SUREFIRE, "/testsuite");
}

/* Nothing but what is to be there begins in the first column; YAML is indented. */
static void writes_tap(void **state)
{
    static const char *const expected[] = {
        "TAP version 13",         "1..6",
        "not ok 1 - R98.1/one",   "not ok 2 - R98.2/fails",
        "not ok 3 - R98.2/hangs", "ok 4 - R98.2/is_skipped # SKIP unknown: ]]>",
        "ok 5 - R98.2/passes",    "ok 6 - R98.3 # SKIP untested: it has # \"reasons\"."};
    char *text = report_of(REPORT_TAP), *rest = text, *line;
    size_t next = 0;

    (void)state;
    while ((line = strsep(&rest, "\n")) && *line) {
        if (*line == '#' || !strncmp(line, "  ", 2))
            continue;
        assert_true(next < sizeof expected / sizeof *expected);
        if (strncmp(line, expected[next], strlen(expected[next])) != 0)
            fail_msg("'%s' and not '%s'", line, expected[next]);
        next++;
    }
    assert_int_equal(next, sizeof expected / sizeof *expected);
    free(text);
}

/* `prove` reads the YAML as well, and gives up where it cannot. */
static void proves(void **state)
{
    char *text = report_of(REPORT_TAP), command[2 * PATH_MAX];
    struct process process;

    (void)state;
    write_file("report.tap", text);
    free(text);
    snprintf(command, sizeof command, "cd '%s' && prove -e cat report.tap", place);
    shell(&process, "", 0, command);
    assert_true(contains(process.output, "Failed tests:  1-3\n"));
    assert_true(contains(process.output, "Files=1, Tests=6,"));
    assert_false(strstr(process.output, "Parse errors"));
    assert_int_equal(process.status, 1);
    process_free(&process);
}

static void dates_by_the_epoch(void **state)
{
    char *text;
    json_t *document;

    (void)state;
    setenv("SOURCE_DATE_EPOCH", "86399", 1);
    text = report_of(REPORT_JSON);
    document = parse(text, 0);
    assert_string_equal(text_at(document, "date"), "1970-01-01T23:59:59Z");
    json_decref(document);
    free(text);
    text = report_of(REPORT_JUNIT);
    assert_true(contains(text, " timestamp=\"1970-01-01T23:59:59\" "));
    free(text);
    unsetenv("SOURCE_DATE_EPOCH");
}

static int set_up(void **state)
{
    if (place_set_up(state) != 0)
        return -1;
    write_file("98-parts.md", chapter);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_is_legible),
        cmocka_unit_test(writes_other_bytes_as_numbers),
        cmocka_unit_test(makes_one_line),
        cmocka_unit_test(writes_json),
        cmocka_unit_test(writes_lines_of_json),
        cmocka_unit_test(writes_xml),
        cmocka_unit_test(writes_tap),
        cmocka_unit_test(proves),
        cmocka_unit_test(dates_by_the_epoch),
    };

    return cmocka_run_group_tests(tests, set_up, place_tear_down);
}
