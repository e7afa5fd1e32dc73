/* Tests of the conclusion: what is said of a runtime that breaks nothing, whatever it declines and
 * whatever was not tested. */
#include "test_place.h"

#include "conclusion.h"
#include "report.h"
#include "suite/differences.h"
#include "suite/suite.h"

static const char chapter[] = "# Parts\n"
                              "\n"
                              "### R98.1 Of the core {MUST}\n\nIt.\n\nWhy: so.\n\nSource: x.\n"
                              "\n"
                              "### R98.2 Another {MUST}\n\nIt.\n\nWhy: so.\n\nSource: x.\n"
                              "\n"
                              "### R98.3 Of signals {MUST}\n\nPart: signals\n\nIt.\n\n"
                              "Why: so.\n\nSource: x.\n"
                              "\n"
                              "### R98.4 Of hooks {MUST}\n\nPart: hooks\n\nIt.\n\n"
                              "Why: so.\n\nSource: x.\n"
                              "\n"
                              "### R98.5 Of time {MUST}\n\nPart: time\n\nIt.\n\n"
                              "Why: so.\n\nSource: x.\n";

static const char five[] = "R98.1 first\nR98.2 second\nR98.3 third\nR98.4 fourth\nR98.5 fifth\n";

static const char *checks = five;

static void complain(const char *text)
{
    fail_msg("%s", text);
}

static struct suite_part *part_of_test(struct suite *suite, size_t test)
{
    size_t r = suite->rule_count - 1;

    while (suite->rules[r].tests > &suite->tests[test])
        r--;
    return &suite->parts[suite->rules[r].part];
}

static const struct difference declared = {.kind = DIFFERENCE_DIFFERS, .concerns = true};
static struct differences differences = {.of = (struct difference *)(uintptr_t)&declared};

/* A suite of these results, one letter for each test: P passed, F failed, - was not executed, n
 * needs what the runtime lacks, l needs what it lacks as declared, D differs as the one line of
 * differences says, d needs a part that is declined, which is its rule's. */
static struct suite *suite_of(const char *results)
{
    struct suite *suite = suite_create(place, checks, NULL, complain);
    size_t i;

    assert_true(suite_choose(suite, NULL));
    assert_int_equal(suite->count, strlen(results));
    for (i = 0; results[i]; i++) {
        struct suite_part *part = part_of_test(suite, i);
        struct result *result = &suite->tests[i].result;

        part->lacks |= results[i] == 'd';
        part->has |= results[i] != 'd';
        if (results[i] == 'F')
            result_set(result, RESULT_FAIL, "so it is");
        else if (results[i] == 'd')
            result_set(result, RESULT_DECLINED, "the runtime declines it");
        else if (results[i] == 'n')
            result_set(result, RESULT_NOT_IMPLEMENTED, "the runtime has no such thing");
        else if (results[i] == 'l')
            result_set(result, RESULT_LACKS, "it is not written");
        else if (results[i] == 'D')
            result_set(result, RESULT_DIFFERS, "so we like it");
        else if (results[i] == 'P')
            result->kind = RESULT_PASS;
    }
    differences.count = strchr(results, 'D') != NULL;
    suite->differences = &differences;
    suite_settle(suite);
    return suite;
}

/* Where lines end does not matter. */
static void join_lines(char *text)
{
    for (; *text; text++)
        if (*text == '\n')
            *text = ' ';
}

static void expect_of(const struct session *session, struct suite *suite,
                      enum conclusion conclusion, const char *words)
{
    char *text, line[256];
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct report report = {
        .stream = stream, .version = "1", .runtime = "x", .again = "conform", .session = session};

    assert_true(report_write(&report, suite));
    fclose(stream);
    snprintf(line, sizeof line, "\n%s\n", words);
    join_lines(text);
    join_lines(line);
    assert_true(contains(text, line));
    assert_int_equal(conclude(suite), conclusion);
    free(text);
    suite_free(suite);
}

static void expect(const char *results, enum conclusion conclusion, const char *words)
{
    static const struct session session = {.runtime = "x", .checks = "checks"};

    expect_of(&session, suite_of(results), conclusion, words);
}

/* A server and the results of its tests. */
static void expect_of_server(const char *results, enum conclusion conclusion, const char *words)
{
    static const struct session session = {.server = "x"};
    struct suite *suite = suite_create(place, "R99.1 other\n", checks, complain);
    size_t i;

    assert_true(suite_choose_attacks(suite));
    for (i = 0; results[i]; i++)
        if (results[i] == 'F')
            result_set(&suite->tests[i].result, RESULT_FAIL, "so it is");
        else if (results[i] == 'P')
            suite->tests[i].result.kind = RESULT_PASS;
    expect_of(&session, suite, conclusion, words);
}

static void says_how_far_a_runtime_conforms(void **state)
{
    (void)state;
    expect("PPPPP", CONFORMS, "conforms.");
    expect("PPPdP", CONFORMS, "conforms, without hooks: it keeps the 4 other MUST rules.");
    expect("PPddP", CONFORMS,
           "conforms, without signals and hooks: it keeps the 3 other MUST rules.");
    expect("PPddd", CONFORMS,
           "conforms, without signals, hooks and time: it keeps the 2 other MUST rules.");
}

static void says_what_was_not_tested(void **state)
{
    (void)state;
    expect("P-PPP", CONFORMS,
           "keeps all of the 4 MUST rules that were tested, of 5. Untested: R98.2");
    expect("P-PdP", CONFORMS,
           "keeps all of the 3 MUST rules that were tested, of 4, without hooks. Untested: R98.2");
    expect("---dd", COULD_NOT_TELL,
           "could not tell whether the runtime conforms. Declined: hooks and time "
           "Untested: R98.1-R98.3");
}

static void names_parts_beside_what_is_broken(void **state)
{
    (void)state;
    expect("FPPdP", DOES_NOT_CONFORM,
           "does not conform. It keeps 3 of the 4 MUST rules that were tested. Broken: R98.1 "
           "Declined: hooks");
    expect("FPPPP", DOES_NOT_CONFORM,
           "does not conform. It keeps 4 of the 5 MUST rules that were tested. Broken: R98.1");
}

static void says_what_is_declared(void **state)
{
    (void)state;
    expect("PDPPP", CONFORMS,
           "conforms, with 1 declared difference: it keeps the 4 other MUST rules.");
    expect("PDPdP", CONFORMS,
           "conforms, without hooks, with 1 declared difference: it keeps the 3 other MUST rules.");
    expect("PD-PP", CONFORMS,
           "keeps all of the 3 MUST rules that were tested, of 5, with 1 declared difference. "
           "Untested:\nR98.3");
    expect("FDPPP", DOES_NOT_CONFORM,
           "does not conform. It keeps 3 of the 4 MUST rules that were tested. Broken: R98.1");
}

/* A rule of which some tests need what the runtime lacks is judged by the others. */
static void says_what_is_kept_in_part(void **state)
{
    static const char more[] = "R98.1 first\nR98.1 again\nR98.2 second\nR98.3 third\n"
                               "R98.4 fourth\nR98.5 fifth\n";

    (void)state;
    expect("PnPPP", DOES_NOT_CONFORM,
           "does not conform. It keeps 4 of the 4 MUST rules that were tested. "
           "Not implemented: R98.2");
    checks = more;
    expect("PnPPPP", CONFORMS,
           "keeps all of the 5 MUST rules that were tested, of 5, 1 rule only in part.");
    expect("PnPPPP", CONFORMS, "  R98.1  MUST   pass            1/2  Of the core");
    expect("FnPPPP", DOES_NOT_CONFORM, "  R98.1  MUST   fail            0/2  Of the core");
    expect("DnPPPP", CONFORMS, "  R98.1  MUST   differs           2  Of the core");
    expect("lnPPPP", DOES_NOT_CONFORM, "  R98.1  MUST   not implemented   2  Of the core");
    expect("PlPPPP", CONFORMS, "  R98.1  MUST   pass            1/2  Of the core");
    expect("llPPPP", CONFORMS, "  R98.1  MUST   lacks             2  Of the core");
    checks = five;
    expect("PlPPP", CONFORMS,
           "keeps all of the 4 MUST rules that were tested, of 5. Lacking: R98.2");
}

static void says_of_which_chapter_a_server_keeps_the_rules(void **state)
{
    (void)state;
    expect_of_server("PPPPP", CONFORMS, "conforms to chapter 98.");
    expect_of_server("PP-PP", CONFORMS,
                     "keeps all of the 4 MUST rules of chapter 98 that were tested, of 5. "
                     "Untested: R98.3");
    expect_of_server(
        "PFPPP", DOES_NOT_CONFORM,
        "does not conform to chapter 98. It keeps 4 of the 5 MUST rules that were tested. Broken: "
        "R98.2");
    expect_of_server("-----", COULD_NOT_TELL,
                     "could not tell whether the server conforms to chapter 98. "
                     "Untested: R98");
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
        cmocka_unit_test(says_how_far_a_runtime_conforms),
        cmocka_unit_test(says_what_was_not_tested),
        cmocka_unit_test(says_what_is_declared),
        cmocka_unit_test(says_what_is_kept_in_part),
        cmocka_unit_test(names_parts_beside_what_is_broken),
        cmocka_unit_test(says_of_which_chapter_a_server_keeps_the_rules),
    };

    return cmocka_run_group_tests(tests, set_up, place_tear_down);
}
