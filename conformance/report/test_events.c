/* Tests of what is told of a trace: the lines around what deviates, and the operations that were
 * under way when a process ended. */
#include "test_place.h"

#include "events.h"
#include "suite/suite.h"

static const char chapter[] = "# A chapter\n\n"
                              "### R98.1 A title {MUST}\n\nIt.\n\nWhy: so.\n\nSource: x.\n\n"
                              "So:\n\n"
                              "```scenario long\n"
                              "task main\n"
                              "    repeat 20 print a\n"
                              "    print b\n"
                              "    p = repeat 4 async child\n"
                              "    await p => ok\n"
                              "task child\n"
                              "    yield\n"
                              "expect run ok\n"
                              "expect exactly\n"
                              "```\n";

static void complain(const char *text)
{
    fail_msg("%s", text);
}

/* What is told of a test whose driver has said a text. */
static void expect_told(const char *said, char *tell(const struct test *), const char *expected)
{
    struct suite *suite = suite_create(place, "", NULL, complain);
    struct test *test = &suite->tests[0];
    struct trace *trace;
    char *text;

    test->result.trace = strdup(said);
    trace = events_read(test);
    test->result.verdict = judge(test->scenario->program, trace, NULL);
    text = tell(test);
    if (expected)
        assert_string_equal(text, expected);
    else
        assert_null(text);
    free(text);
    trace_free(trace);
    suite_free(suite);
}

static void shows_where_it_deviates(void **state)
{
    (void)state;
    expect_told("scenario 7\nbegin main 0\nprint main a\nprint main a\nprint main a\n"
                "print main a\nprint main a\nprint main a\nprint main a\nprint main a\n"
                "print main a\nprint main a\nprint main a\nprint main a\nprint main a\n"
                "end main\nrun ok\n",
                events_deviating,
                "     1  scenario 7\n     2  begin main 0\n >   3  print main a\n"
                "     4  print main a\n     5  print main a\n     6  print main a\n"
                "     7  print main a\n     8  print main a\n     9  print main a\n"
                "    10  print main a\n    11  print main a\n    12  print main a\n"
                "       ...\n");
    expect_told("scenario 7\nbegin main 0\nend main\nrun deadlock\n", events_deviating,
                "     1  scenario 7\n     2  begin main 0\n >   3  end main\n"
                " >   4  run deadlock\n");
    expect_told("scenario 7\nbegin main 0\n", events_deviating,
                "     1  scenario 7\n >   2  begin main 0\n");
}

static void cuts_what_is_long(void **state)
{
    char list[] =
        "ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, "
        "ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, "
        "ok, ok, ok, ok, ok, ok";
    char said[400], shown[400];

    (void)state;
    sprintf(said, "scenario 7\nbegin main 0\ndid main 2 %s, ok, ok\n", list);
    sprintf(shown, "     1  scenario 7\n     2  begin main 0\n >   3  did main 2 %.189s...\n",
            list);
    expect_told(said, events_deviating, shown);
}

static void tells_what_was_under_way(void **state)
{
    (void)state;
    expect_told("scenario 7\nbegin main 0\n", events_pending,
                "    line 2, repeat 20 print a: main\n");
    expect_told("scenario 7\nbegin main 0\ndid main 2 ok\ndid main 3 ok\n"
                "spawn main 4 child\nspawn main 4 child#2\nspawn main 4 child#3\n"
                "spawn main 4 child#4\nspawn main 4 child#5\ndid main 4 ok\n"
                "begin child 0\nbegin child#2 0\nbegin child#3 0\nbegin child#4 0\n"
                "did child#2 7 ok\n",
                events_pending,
                "    line 5, await p => ok: main\n"
                "    line 7, yield: child, child#3, child#4\n");
    expect_told("scenario 7\nbegin main 0\nend main\n", events_pending, NULL);
    expect_told("scenario 7\nbegin main 0\nend main\nrun ok\n", events_pending, NULL);
}

/* Each operation once, however many tasks execute it. */
static void tells_at_which_operations_it_stopped(void **state)
{
    (void)state;
    expect_told("scenario 7\nbegin main 0\n", events_stopped_at, "print");
    expect_told("scenario 7\nbegin main 0\ndid main 2 ok\ndid main 3 ok\n"
                "spawn main 4 child\nspawn main 4 child#2\ndid main 4 ok\n"
                "begin child 0\nbegin child#2 0\n",
                events_stopped_at, "await and yield");
    expect_told("scenario 7\nbegin main 0\nend main\n", events_stopped_at, NULL);
    expect_told("scenario 7\nbegin main 0\nend main\nrun ok\n", events_stopped_at, NULL);
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
        cmocka_unit_test(shows_where_it_deviates),
        cmocka_unit_test(cuts_what_is_long),
        cmocka_unit_test(tells_what_was_under_way),
        cmocka_unit_test(tells_at_which_operations_it_stopped),
    };

    return cmocka_run_group_tests(tests, set_up, place_tear_down);
}
