/* Tests of what becomes of the words of `attack`, which is played by a few lines of shell. */
#include "test_place.h"

#include "attack.h"

static const char chapter[] = "# A chapter\n\n"
                              "### R98.1 Of servers {MUST}\n\nIt.\n\nWhy: so.\n\nSource: x.\n\n"
                              "### R98.2 Of runtimes {MUST}\n\nIt.\n\nWhy: so.\n\nSource: x.\n";
static const char other_chapter[] = "# Another\n\n### R99.1 Of runtimes {MUST}\n\nIt.\n\n"
                                    "Why: so.\n\nSource: x.\n";
static const char checks[] = "R98.1 in_c\nR98.2 in_c\nR99.1 other\n";
static const char attacks[] = "R98.1 byte\nR98.1 queue\n";

static struct session session = {.server = "serve PORT", .seconds = 20};

static void complain(const char *text)
{
    fail_msg("%s", text);
}

static void play(const char *script)
{
    static char path[PATH_MAX + 16];

    write_file("attack", script);
    snprintf(path, sizeof path, "%s/attack", place);
    assert_int_equal(chmod(path, 0700), 0);
    session.attack = path;
}

static struct suite *new_suite(void)
{
    struct suite *suite = suite_create(place, checks, attacks, complain);

    assert_non_null(suite);
    assert_true(suite_choose_attacks(suite));
    return suite;
}

static void expect(const char *script, enum result_kind kind, const char *reason)
{
    struct suite *suite = new_suite();
    struct result result;

    play(script);
    result = attack_execute(&session, &suite->tests[0]);
    assert_int_equal(result.kind, kind);
    if (reason)
        assert_string_equal(result.reason, reason);
    else
        assert_null(result.reason);
    result_free(&result);
    suite_free(suite);
}

#define SAYS(text) "#!/bin/sh\nprintf '" text "\\n'\n"

static void reads_verdicts(void **state)
{
    (void)state;
    expect(SAYS("byte pass"), RESULT_PASS, NULL);
    expect(SAYS("byte pass 11 descriptors"), RESULT_PASS, NULL);
    expect(SAYS("byte fail more came back: 1"), RESULT_FAIL, "more came back: 1");
    expect(SAYS("byte unknown no room"), RESULT_UNKNOWN, "no room");
}

/* Nothing else is a verdict on the server. */
static void what_is_no_verdict_is_unknown(void **state)
{
    (void)state;
    expect(SAYS("queue pass"), RESULT_UNKNOWN, "the attack gave no verdict");
    expect(SAYS("bytes pass"), RESULT_UNKNOWN, "the attack gave no verdict");
    expect(SAYS("byte passed"), RESULT_UNKNOWN, "the attack gave no verdict");
    expect("#!/bin/sh\nprintf 'byte pass'\n", RESULT_UNKNOWN, "the attack gave no verdict");
    expect("#!/bin/sh\nkill -SEGV $$\n", RESULT_UNKNOWN, "the attack did not end by itself");
    expect("#!/bin/sh\necho attack: it does not listen >&2\n"
           "echo '      the server: one' >&2\necho '      the server: two' >&2; exit 2\n",
           RESULT_UNKNOWN, "it does not listen: two");
}

static void asks_for_one_check_by_one_rule(void **state)
{
    (void)state;
    expect("#!/bin/sh\necho byte fail \"$*\"\n", RESULT_FAIL,
           "--plain --seed 1 --connections 512 --seconds 2 --patience 20 --rule R98.1 --only byte "
           "-- /bin/sh -c serve PORT");
}

static void says_why_nothing_can_be_attacked(void **state)
{
    struct suite *suite = new_suite();
    char *why;

    (void)state;
    play("#!/bin/sh\necho attack: it does not listen >&2; exit 2\n");
    why = attack_nothing(&session, suite);
    assert_string_equal(why, "it does not listen");
    free(why);
    play(SAYS("byte fail"));
    assert_null(attack_nothing(&session, suite));
    suite_free(suite);
}

/* A rule that can be attacked has no other tests; the chapter is chosen, and no other. */
static void attacks_take_the_place_of_checks(void **state)
{
    struct suite *suite = new_suite();

    (void)state;
    assert_int_equal(suite->count, 4);
    assert_string_equal(suite->tests[1].id, "R98.1/queue");
    assert_string_equal(suite->tests[2].id, "R98.2/in_c");
    assert_true(suite->tests[2].chosen && !suite->tests[2].attacks && !suite->tests[3].chosen);
    play("#!/bin/sh\nwhile [ $1 != --only ]; do shift; done; echo $2 pass\n");
    session.jobs = 1;
    session_run(&session, suite);
    assert_int_equal(suite->tests[0].result.kind, RESULT_PASS);
    assert_int_equal(suite->tests[1].result.kind, RESULT_PASS);
    assert_int_equal(suite->tests[2].result.kind, RESULT_SKIPPED);
    assert_string_equal(suite->tests[2].result.reason, "a test in C, which needs a library");
    suite_free(suite);
}

static void chapters_without_attacks_are_none(void **state)
{
    struct suite *suite = suite_create(place, checks, "R97.1 byte\n", complain);

    (void)state;
    assert_false(suite_choose_attacks(suite));
    suite_free(suite);
}

static int set_up(void **state)
{
    if (place_set_up(state) != 0)
        return -1;
    write_file("98-servers.md", chapter);
    write_file("99-other.md", other_chapter);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_verdicts),
        cmocka_unit_test(what_is_no_verdict_is_unknown),
        cmocka_unit_test(asks_for_one_check_by_one_rule),
        cmocka_unit_test(says_why_nothing_can_be_attacked),
        cmocka_unit_test(attacks_take_the_place_of_checks),
        cmocka_unit_test(chapters_without_attacks_are_none),
    };

    return cmocka_run_group_tests(tests, set_up, place_tear_down);
}
