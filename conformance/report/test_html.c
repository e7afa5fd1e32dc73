/* Tests of the page: that whatever stands in it is text and nothing else, that its elements are
 * closed, and that timelines show what deviates. */
#include "test_place.h"

#include "deviations.h"
#include "html.h"
#include "markup.h"
#include "scenario/memory.h"
#include "shown.h"
#include "suite/suite.h"
#include "timeline.h"

/* Bytes that would be more than text, if they were not escaped. */
#define HOSTILE                                                                                    \
    "</p><script>alert(1)</script>\"' onload='x' & \xff\xc3( \x01\x1b[31m \xe2\x80\xae ]]> --> "

/* Two tasks on two domains; the second fails. */
#define PROGRAM                                                                                    \
    "task main # <b onclick=\"x\">\n"                                                              \
    "create r\n"                                                                                   \
    "own r\n"                                                                                      \
    "p = call child\n"                                                                             \
    "await p => ok\n"                                                                              \
    "print word\n"                                                                                 \
    "task child\n"                                                                                 \
    "yield\n"                                                                                      \
    "fail boom\n"                                                                                  \
    "expect run ok\n"                                                                              \
    "expect never finalise:r\n"

static const char trace[] = "scenario 1\n"
                            "begin main 0\n"
                            "did main 2 ok\n"
                            "did main 3 ok\n"
                            "spawn main 4 child\n"
                            "did main 4 ok\n"
                            "begin child 1\n"
                            "did child 8 ok\n"
                            "end child\n"
                            "did main 5 failed boom\n"
                            "print main word\n"
                            "did main 6 ok\n"
                            "end main\n"
                            "finalise main r 0\n"
                            "run resource-leaked\n";

/* A run within a task that is outside the run, a callback and a finaliser. */
#define NESTED                                                                                     \
    "outside before\n"                                                                             \
    "task before\n"                                                                                \
    "run inner\n"                                                                                  \
    "task inner\n"                                                                                 \
    "return 3\n"                                                                                   \
    "task main\n"                                                                                  \
    "trigger t\n"                                                                                  \
    "on-signal t act\n"                                                                            \
    "signal-trigger t\n"                                                                           \
    "task act\n"                                                                                   \
    "print acts\n"                                                                                 \
    "expect run ok 4\n"                                                                            \
    "expect exactly\n"

static const char nested[] = "scenario 2\n"
                             "outside before\n"
                             "begin before ?\n"
                             "spawn before 3 inner\n"
                             "begin inner 0\n"
                             "end inner\n"
                             "did before 3 ok 3\n"
                             "end before\n"
                             "begin main 0\n"
                             "did main 7 ok\n"
                             "did main 8 ok\n"
                             "callback main 8 act\n"
                             "begin act 0\n"
                             "print act acts\n"
                             "did act 11 ok\n"
                             "end act\n"
                             "did main 9 ok\n"
                             "end main\n"
                             "run ok\n";

static const char chapter[] = "# A <i>title</i> & more\n\n"
                              "### R98.1 It <script>alert(1)</script> holds {MUST}\n\n"
                              "So `</section>` it is.\n\nWhy: so.\n\nSource: x.\n\n"
                              "It is <b>so</b>:\n\n"
                              "```scenario shown\n" PROGRAM "```\n"
                              "\n"
                              "### R98.2 Nothing else {SHOULD}\n\nIt.\n\nWhy: so.\n\nSource: x.\n\n"
                              "A run in another:\n\n"
                              "```scenario nested\n" NESTED "```\n";

static void complain(const char *text)
{
    fail_msg("%s", text);
}

static struct suite *suite_of_two(void)
{
    struct suite *suite = suite_create(place, "", NULL, complain);

    assert_true(suite_choose(suite, NULL));
    assert_int_equal(suite->count, 2);
    return suite;
}

/* A test fails with what the judge says of a trace. */
static void fail_test_with(struct test *test, unsigned id, const char *said)
{
    const struct program *program = test->scenario->program;
    struct trace *parsed = trace_parse(program, id, said, strlen(said));

    test->result.verdict = judge(program, parsed, NULL);
    test->result.trace = copy_of(said);
    result_set(&test->result, RESULT_FAIL, "%s", HOSTILE);
    trace_free(parsed);
}

static void fail_with(struct suite *suite, const char *said)
{
    fail_test_with(&suite->tests[0], 1, said);
}

static char *page_of(const struct suite *suite)
{
    static const struct session session = {
        .runtime = "lib/" HOSTILE, .driver = "driver", .checks = "checks"};
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct report report = {.stream = stream,
                            .again = "conform " HOSTILE,
                            .session = &session,
                            .runtime = HOSTILE,
                            .lacks = HOSTILE};

    html_write(&report, suite);
    fclose(stream);
    return text;
}

static char *timeline_of(const struct test *test)
{
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    timeline_write(stream, test);
    fclose(stream);
    return text;
}

static size_t count(const char *text, const char *part)
{
    size_t found = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        found++;
    return found;
}

/* ---- Text ---- */

static void expect_text(const char *text, const char *expected)
{
    char *written;
    size_t size;
    FILE *stream = open_memstream(&written, &size);

    markup_text(stream, text);
    fclose(stream);
    assert_string_equal(written, expected);
    free(written);
}

static void text_stays_text(void **state)
{
    (void)state;
    expect_text(NULL, "");
    expect_text("<a href=\"x\" id='y'>&amp;",
                "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;");
    expect_text("gr\xc3\xbc\xc3\x9f dich \xe2\x88\x80\n\t",
                "gr\xc3\xbc\xc3\x9f dich \xe2\x88\x80\n\t");
    expect_text("\xff\x01", "\\xff\\x01");
    expect_text("a\xe2\x80\xae"
                "b\xe2\x81\xa9"
                "c\xe2\x81\xaa",
                "a\xef\xbf\xbd"
                "b\xef\xbf\xbd"
                "c\xe2\x81\xaa");
}

static void names_stay_different(void **state)
{
    static const char *const names[] = {"R2.1/a", "R2.1/a_", "R2.1/a-", "a b", "a_20b", "\"", "'"};
    char written[7][64];

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        FILE *stream = fmemopen(written[i], sizeof written[i], "w");

        markup_name(stream, names[i]);
        fclose(stream);
        assert_null(strpbrk(written[i], " \"'<>"));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(written[i], written[j]);
    }
}

/* ---- The page ---- */

/* The name of the element that a tag at a place is of. */
static void read_name(const char *tag, char *name, size_t size)
{
    size_t length = strcspn(tag, " >\n/");

    assert_true(length > 0 && length < size);
    memcpy(name, tag, length);
    name[length] = '\0';
}

/* Every element is closed, in turn, but for those that have no end. */
static void expect_closed(const char *page)
{
    char open[64][24], name[24];
    size_t depth = 0;

    for (const char *at = strchr(page, '<'); at; at = strchr(at + 1, '<')) {
        bool ends = at[1] == '/';

        if (at[1] == '!')
            continue;
        read_name(at + 1 + ends, name, sizeof name);
        if (ends) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
        } else if (strcmp(name, "meta") && strcmp(name, "input") &&
                   at[strcspn(at, ">") - 1] != '/') {
            assert_true(depth < 64);
            strcpy(open[depth++], name);
        }
        if (!ends && !strcmp(name, "script"))
            at = strstr(at, "</script>") - 1;
    }
    assert_int_equal(depth, 0);
}

static void pages_have_only_their_own_elements(void **state)
{
    struct suite *suite = suite_of_two();
    char *page;

    (void)state;
    fail_with(suite, trace);
    suite->tests[0].result.errors = copy_of(HOSTILE);
    suite->tests[0].result.output = copy_of(HOSTILE);
    suite->tests[0].result.source = copy_of(HOSTILE "\n> 7 " HOSTILE "\n");
    result_set(&suite->tests[1].result, RESULT_UNKNOWN, HOSTILE);
    page = page_of(suite);
    expect_closed(page);
    assert_int_equal(count(page, "<span class=\"bad\">&gt; 7 "), 1);
    assert_int_equal(count(page, "<script"), 1);
    assert_null(strstr(page, "alert(1)</"));
    assert_null(strstr(page, "onclick=\""));
    assert_null(strstr(page, "onload='"));
    assert_null(strstr(page, "\x1b"));
    assert_null(strstr(page, "\xff"));
    assert_null(strstr(page, "\xe2\x80\xae"));
    assert_true(contains(page, "task main # &lt;b onclick=&quot;x&quot;&gt;</code>"));
    assert_null(strstr(page, "src="));
    assert_null(strstr(page, "url("));
    assert_null(strstr(page, "http:"));
    assert_null(strstr(page, "https:"));
    free(page);
    suite_free(suite);
}

static void pages_tell_verdicts(void **state)
{
    struct suite *suite = suite_of_two();
    char *page;

    (void)state;
    fail_with(suite, trace);
    suite->tests[1].result.kind = RESULT_PASS;
    page = page_of(suite);
    assert_true(contains(page, "<p class=\"conclusion v-fail\">does not conform."));
    assert_true(contains(
        page, "<tr id=\"R98.1\" data-rule=\"R98.1\" data-level=\"MUST\" data-verdict=\"fail\">"));
    assert_true(contains(
        page, "<tr id=\"R98.2\" data-rule=\"R98.2\" data-level=\"SHOULD\" data-verdict=\"pass\">"));
    assert_true(contains(page, "2 rules: 1 fail, 1 pass"));
    assert_true(contains(page, "<dd>1 passed, 1 failed</dd>"));
    assert_true(contains(page, "--rule R98.1/shown</code>"));
    assert_true(contains(page, "<li id=\"R98.1/shown-L5\" class=\"bad\">"));
    assert_true(contains(page, "<b>expected</b> &#39;await p&#39; has the outcome ok</div>"));
    assert_true(
        contains(page, "<b>observed</b> failed boom, in task main (line 10 of the trace)</div>"));
    free(page);
    suite_free(suite);
}

/* A page of a run without failures has none of their sections. */
static void pages_of_passes_are_short(void **state)
{
    struct suite *suite = suite_of_two();
    char *page;

    (void)state;
    suite->tests[0].result.kind = suite->tests[1].result.kind = RESULT_PASS;
    page = page_of(suite);
    expect_closed(page);
    assert_true(contains(page, "<p class=\"conclusion v-pass\">conforms."));
    assert_null(strstr(page, "id=\"failures\""));
    assert_null(strstr(page, "<figure"));
    free(page);
    suite_free(suite);
}

/* ---- Freedoms ---- */

static char *freedom_of(const struct opinions *opinions, const char *rule)
{
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    shown_of_rule(stream, opinions, rule);
    fclose(stream);
    return text;
}

static void rules_tell_their_freedoms(void **state)
{
    static const struct opinions opinions = {
        .allowed = 8,
        .open = 1,
        .offered = {[FREEDOM_HAND_ON] = 7, [FREEDOM_DESCENT] = 3},
        .taken = {[FREEDOM_DESCENT] = 2},
    };
    static const struct {
        const char *rule, *told[2];
    } rows[] = {{"R9.15", {">not seen<"}},
                {"R9.21", {">not seen<", ">never put to the test<"}},
                {"R2.14", {">seen<", ">never put to the test<"}},
                {"R9.2", {NULL}},
                {"R1.1", {NULL}}};
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    (void)state;
    shown_page(stream, &opinions);
    fclose(stream);
    expect_closed(text);
    assert_int_equal(count(text, "<tr>"), FREEDOM_KINDS + 1);
    assert_true(contains(text, "8 executions are allowed and 0 are wrong; 1 could not be"));
    assert_true(contains(text, "<a href=\"#R9.21\">R9.21</a></td><td>7</td><td>0</td>"));
    free(text);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text = freedom_of(&opinions, rows[i].rule);
        assert_int_equal(count(text, "<span"), !!rows[i].told[0] + !!rows[i].told[1]);
        for (int k = 0; k < 2 && rows[i].told[k]; k++)
            assert_true(contains(text, rows[i].told[k]));
        free(text);
    }
}

/* ---- Timelines ---- */

/* The group of a drawing that shows an event, from its title on. */
static const char *group_of(const char *timeline, const char *event)
{
    char *title = text_of("><title>%s", event);
    const char *at = strstr(timeline, title);

    free(title);
    assert_non_null(at);
    while (at > timeline && strncmp(at, "<g", 2) != 0)
        at--;
    return at;
}

static bool deviates(const char *timeline, const char *event)
{
    return !strncmp(group_of(timeline, event), "<g class=\"deviates\">", 20);
}

static void timelines_show_what_deviates(void **state)
{
    struct suite *suite = suite_of_two();
    char *timeline;

    (void)state;
    fail_with(suite, trace);
    timeline = timeline_of(&suite->tests[0]);
    assert_true(deviates(timeline, "did main 5 failed boom (line 10 of the trace)"));
    assert_true(deviates(timeline, "finalise main r 0 (line 14 of the trace)"));
    assert_true(deviates(timeline, "run resource-leaked (line 15 of the trace)"));
    assert_false(deviates(timeline, "did main 6 ok (line 12 of the trace)"));
    assert_false(deviates(timeline, "begin child 1 (line 7 of the trace)"));
    assert_true(contains(timeline, "<em>expected</em> &#39;await p&#39; has the outcome ok</li>"));
    free(timeline);
    suite_free(suite);
}

static void timelines_have_lanes_and_bars(void **state)
{
    struct suite *suite = suite_of_two();
    char *timeline;

    (void)state;
    fail_with(suite, trace);
    timeline = timeline_of(&suite->tests[0]);
    assert_int_equal(count(timeline, "class=\"lane\""), 2);
    assert_true(contains(timeline, ">domain 0</text>"));
    assert_true(contains(timeline, ">domain 1</text>"));
    assert_true(contains(timeline, "rx=\"3\"><title>main</title></rect>"));
    assert_true(contains(timeline, "rx=\"3\"><title>child</title></rect>"));
    assert_int_equal(count(timeline, "<path class=\"spawn t"), 1);
    assert_int_equal(count(timeline, "<path class=\"await t"), 1);
    assert_int_equal(count(timeline, "<path class=\"cancel"), 0);
    assert_true(contains(timeline, "Timeline: 14 events"));
    assert_true(contains(timeline, "href=\"#R98.1/shown-L5\""));
    assert_true(contains(timeline, "await p <b>\xe2\x86\x92 failed boom</b></li>"));
    expect_closed(timeline);
    free(timeline);
    suite_free(suite);
}

/* What a task leaves open is drawn down to where nothing more is known. */
static void timelines_end_where_the_driver_does(void **state)
{
    struct suite *suite = suite_of_two();
    char *timeline;

    (void)state;
    fail_with(suite, "scenario 1\nbegin main 0\ndid main 2 ok\n");
    suite->tests[0].result.left_out = 7;
    timeline = timeline_of(&suite->tests[0]);
    assert_true(contains(timeline, "<title>main, which does not return</title>"));
    assert_true(contains(timeline, "<em>no further event was kept</em>"));
    assert_true(contains(timeline, "The driver said 7 bytes more"));
    expect_closed(timeline);
    free(timeline);
    result_free(&suite->tests[0].result);
    fail_with(suite, "rubbish\n");
    timeline = timeline_of(&suite->tests[0]);
    assert_string_equal(timeline, "");
    free(timeline);
    suite_free(suite);
}

/* A long trace is cut, but for its deviations, and says so. */
static void long_timelines_are_cut(void **state)
{
    enum { PRINTS = 5000 };
    struct suite *suite = suite_of_two();
    char *said, *timeline;
    size_t size;
    FILE *stream = open_memstream(&said, &size);

    (void)state;
    fputs("scenario 1\nbegin main 0\n", stream);
    for (int i = 0; i < PRINTS; i++)
        fputs(i == PRINTS / 2 ? "did main 5 failed boom\n" : "print main word\n", stream);
    fputs("end main\nrun ok\n", stream);
    fclose(stream);
    fail_with(suite, said);
    timeline = timeline_of(&suite->tests[0]);
    assert_true(contains(timeline, "5003 events"));
    assert_int_equal(count(timeline, "<li class=\"gap\">"), 2);
    assert_true(contains(timeline, " events from line 62 of the trace on are left out"));
    assert_true(deviates(timeline, "did main 5 failed boom"));
    assert_true(count(timeline, "<li") < 500);
    expect_closed(timeline);
    free(timeline);
    free(said);
    suite_free(suite);
}

static void timelines_tell_runs_apart(void **state)
{
    struct suite *suite = suite_of_two();
    char *timeline;

    (void)state;
    fail_test_with(&suite->tests[1], 2, nested);
    timeline = timeline_of(&suite->tests[1]);
    assert_int_equal(count(timeline, "class=\"lane\""), 3);
    assert_int_equal(count(timeline, ">domain 0</text>"), 2);
    assert_int_equal(count(timeline, ">domain ?</text>"), 1);
    assert_int_equal(count(timeline, ">inner run</text>"), 1);
    assert_true(contains(timeline, "<i>calls <span class=\"task t"));
    assert_true(contains(timeline, "<path class=\"await t"));
    assert_true(deviates(timeline, "run ok (line 19 of the trace)"));
    assert_true(deviates(timeline, "print act acts (line 14 of the trace)"));
    assert_false(deviates(timeline, "end act (line 16 of the trace)"));
    expect_closed(timeline);
    free(timeline);
    suite_free(suite);
}

/* As many tasks as come, at any nesting; those without room for a bar are told. */
static void timelines_have_room_for_some_tasks(void **state)
{
    struct suite *suite = suite_of_two();
    char *said, *timeline;
    size_t size;
    FILE *stream = open_memstream(&said, &size);

    (void)state;
    fputs("scenario 1\nbegin main 0\n", stream);
    for (int i = 1; i <= 30; i++)
        fprintf(stream,
                i == 1 ? "spawn main 4 child\ndid main 4 ok\n"
                       : "spawn main 4 child#%d\ndid main 4 ok\n",
                i);
    fputs("end main\nrun ok\n", stream);
    fclose(stream);
    fail_with(suite, said);
    timeline = timeline_of(&suite->tests[0]);
    assert_true(contains(timeline, "tasks have no bar, for want of room"));
    expect_closed(timeline);
    free(timeline);
    free(said);
    suite_free(suite);
}

/* Lines of the trace are found in findings as they are written there. */
static void findings_name_lines(void **state)
{
    const char *text =
        "'a (line 3)' (line 7 of the trace), (line x of the trace) and (line 12 of the "
        "trace)";

    (void)state;
    assert_int_equal(finding_next_line(&text), 7);
    assert_int_equal(finding_next_line(&text), 12);
    assert_int_equal(finding_next_line(&text), 0);
    assert_int_equal(finding_next_line(&text), 0);
}

static int set_up(void **state)
{
    if (place_set_up(state) != 0)
        return -1;
    write_file("98-hostile.md", chapter);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays_text),
        cmocka_unit_test(names_stay_different),
        cmocka_unit_test(pages_have_only_their_own_elements),
        cmocka_unit_test(pages_tell_verdicts),
        cmocka_unit_test(pages_of_passes_are_short),
        cmocka_unit_test(rules_tell_their_freedoms),
        cmocka_unit_test(timelines_show_what_deviates),
        cmocka_unit_test(timelines_have_lanes_and_bars),
        cmocka_unit_test(timelines_end_where_the_driver_does),
        cmocka_unit_test(timelines_tell_runs_apart),
        cmocka_unit_test(long_timelines_are_cut),
        cmocka_unit_test(timelines_have_room_for_some_tasks),
        cmocka_unit_test(findings_name_lines),
    };

    return cmocka_run_group_tests(tests, set_up, place_tear_down);
}
