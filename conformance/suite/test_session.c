/* Tests of session: which tests are asked again, and what then counts. The program of the checks is
 * a script, which answers as the state of a file says: how often it was asked. */
#include "test_place.h"

#include "suite/execute.h"

static const char chapter[] =
    "# 98 Test\n\n### R98.1 A rule  {MUST}\n\nIt holds.\n\nWhy: so.\n\nSource: 0.1.\n";

static void complain(const char *text)
{
    print_error("%s\n", text);
}

static int jobs = 2;

/* What the only check says the first time, and from then on, and what becomes of it. */
static struct suite *ask(const char *first, const char *then)
{
    struct session session = {.seconds = HANG, .jobs = jobs};
    struct suite *suite = suite_create(place, "R98.1 one\n", NULL, complain);
    char checks[PATH_MAX], *text;

    assert_non_null(suite);
    assert_true(asprintf(&text,
                         "#!/bin/sh\n"
                         "[ \"$1\" != --source ] || exit 1\n"
                         "echo driver 2 checks; echo ready\n"
                         "while read -r check rule name word; do\n"
                         "    echo $check $rule $name $word\n"
                         "    echo >>%s/asked\n"
                         "    if [ $(wc -l <%s/asked) = 1 ]; then\n        %s\n"
                         "    else\n        %s\n    fi\n"
                         "    echo ready\n"
                         "done\n",
                         place, place, first, then) > 0);
    write_file("checks", text);
    free(text);
    snprintf(checks, sizeof checks, "%s/checks", place);
    assert_int_equal(chmod(checks, 0700), 0);
    session.checks = checks;
    session.runtime = "no library";
    session.driver = "true";
    assert_true(suite_choose(suite, "R98.1"));
    assert_null(execute_begin(&session, suite));
    session_run(&session, suite);
    assert_int_equal(execute_end(&session), 0);
    remove_file("asked");
    remove_file("checks");
    return suite;
}

#define PASS      "echo pass $rule $name $word"
#define FAIL(why) "echo fail $rule $name $word 'x.c:1: " why "'; echo died status 1"
#define REFUSED                                                                                    \
    "echo refused $rule $name $word 'x.c:1: expected 0, got -ENOMEM'; echo died status 1"
#define UNKNOWN(reason) "echo unknown $rule $name $word '" reason "'; echo died status 2"

/* Expect what becomes of the check, how often it is asked, and whether what it was at first is told
 * of. */
static void expect(const char *first, const char *then, enum result_kind kind, int executions,
                   bool tells)
{
    struct suite *suite = ask(first, then);
    const struct test *test = &suite->tests[0];

    if (test->result.kind != kind || test->executions != executions)
        fail_msg("%s, then %s: %s after %d executions: %s", first, then,
                 result_name(test->result.kind), test->executions,
                 test->result.reason ? test->result.reason : "");
    assert_int_equal(test->at_first != NULL, tells);
    suite_free(suite);
}

static void what_another_test_may_have_had_is_asked_for_again(void **state)
{
    (void)state;
    expect(PASS, PASS, RESULT_PASS, 1, false);
    expect(FAIL("expected 0, got 1"), PASS, RESULT_FAIL, 1, false);
    expect(REFUSED, PASS, RESULT_PASS, 4, true);
    expect(REFUSED, REFUSED, RESULT_FAIL, 2, false);
    expect("echo needs $rule $name $word 1000; " FAIL("expected 1000, got 999"), PASS, RESULT_PASS,
           4, true);
}

/* That nothing could be told at first need not be told, once it can. */
static void what_could_not_be_told_is_asked_again(void **state)
{
    (void)state;
    expect(UNKNOWN("only 3 of 4 threads can be made"), PASS, RESULT_PASS, 2, false);
    expect(UNKNOWN("only 3 of 4 threads can be made"), FAIL("no"), RESULT_FAIL, 2, false);
    expect(UNKNOWN("the machine has no IPv6"), UNKNOWN("the machine has no IPv6"), RESULT_UNKNOWN,
           2, false);
    jobs = 1; /* there was no other test */
    expect(UNKNOWN("only 3 of 4 threads can be made"), PASS, RESULT_UNKNOWN, 1, false);
}

static int set_up(void **state)
{
    if (place_set_up(state) != 0)
        return -1;
    write_file("98-test.md", chapter);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_another_test_may_have_had_is_asked_for_again),
        cmocka_unit_test(what_could_not_be_told_is_asked_again),
    };

    return cmocka_run_group_tests(tests, set_up, place_tear_down);
}
