/* Tests of what people read of a failure: a check's reason in its parts, each kind of finding once,
 * and what caused it. */
#include "test_place.h"

#include "alike.h"
#include "causes.h"
#include "failure.h"
#include "reason.h"
#include "scenario/memory.h"

/* ---- The reason of a check ---- */

static void expect_split(const char *text, const char *what, const char *expected,
                         const char *observed, const char *where)
{
    struct reason reason = reason_split(text);

    assert_string_equal(reason.what, what);
    assert_string_equal(reason.expected ? reason.expected : "", expected);
    assert_string_equal(reason.observed ? reason.observed : "", observed);
    assert_string_equal(reason.where ? reason.where : "", where);
    reason_free(&reason);
}

static void a_checks_reason_is_read_in_parts(void **state)
{
    (void)state;
    expect_split("a.c:1: f(x): expected 0, got -EINVAL", "a.c:1: f(x)", "0", "-EINVAL", "");
    expect_split("a.c:1: f(x): expected 0 or 1, got 2, returned by g(y) in line 3; with i = 4; "
                 "a.c:5: in h(z)",
                 "a.c:1: f(x)", "0 or 1", "2, returned by g(y) in line 3",
                 "with i = 4\na.c:5: in h(z)");
    expect_split("killed by signal 6, SIGABRT", "killed by signal 6, SIGABRT", "", "", "");
    expect_split("it was expected; nothing came", "it was expected; nothing came", "", "", "");
    expect_split("", "", "", "", "");
}

/* ---- Findings ---- */

#define FINDING(r, n, e, o)                                                                        \
    (struct finding)                                                                               \
    {                                                                                              \
        .rule = r, .line = n, .expected = (char *)(uintptr_t)(e),                                  \
        .observed = (char *)(uintptr_t)(o)                                                         \
    }

static struct verdict verdict_of(int count, const struct finding *findings)
{
    struct verdict verdict = {.kind = VERDICT_FAIL, .finding_count = count};

    memcpy(verdict.findings, findings, (size_t)count * sizeof *findings);
    return verdict;
}

static void expect_reason(const struct verdict *verdict, const char *text)
{
    struct rule rule = {.id = (char *)(uintptr_t) "R98.1", .title = (char *)(uintptr_t) "A title"};
    struct suite_rule rules[] = {{.rule = &rule}};
    struct suite suite = {.rules = rules, .rule_count = 1};
    struct result result = {.kind = RESULT_FAIL,
                            .reason = (char *)(uintptr_t) "findings",
                            .verdict = (struct verdict *)(uintptr_t)verdict};
    char *written;
    size_t size;
    FILE *stream = must(open_memstream(&written, &size));

    reason_write(stream, &suite, &result);
    fclose(stream);
    assert_string_equal(must(written), text);
    free(written);
}

static void a_finding_names_the_rule_by_its_title(void **state)
{
    struct verdict verdict = verdict_of(1, (struct finding[]){FINDING("R98.1", 3, "this", "that")});

    (void)state;
    expect_reason(&verdict, "  findings\n"
                            "  line 3:\n"
                            "  rule R98.1, which holds for every program: A title\n"
                            "    expected: this\n"
                            "    observed: that\n");
}

/* The oracle tells of no rule that it is broken: it names some, in brackets. */
static void the_oracles_finding_names_all_its_rules(void **state)
{
    struct verdict verdict = verdict_of(
        1, (struct finding[]){FINDING("R98.1", 3, "one of 'end a' [R98.1], 'end b' [R98.1]",
                                      "'end c' (line 9 of the trace) [R98.1], where [R99.1] is")});

    (void)state;
    verdict.findings[0].deviation = (char *)(uintptr_t) "R98.1 where the rules allow R98.1";
    expect_reason(&verdict,
                  "  findings\n"
                  "  line 3:\n"
                  "  no run that the rules allow goes on like this:\n"
                  "    expected: one of 'end a' [R98.1], 'end b' [R98.1]\n"
                  "    observed: 'end c' (line 9 of the trace) [R98.1], where [R99.1] is\n"
                  "    R98.1: A title\n");
}

static void findings_that_differ_in_numbers_are_told_once(void **state)
{
    struct verdict verdict =
        verdict_of(6, (struct finding[]){
                          FINDING("R98.1", 3, "it begins", "'begin e 1' (line 9 of the trace)"),
                          FINDING(NULL, 4, "it begins", "'begin e 1' (line 9 of the trace)"),
                          FINDING("R98.1", 3, "it begins", "'begin e#2 1' (line 10 of the trace)"),
                          FINDING("R98.1", 7, "it begins", "'begin e#12 1' (line 11 of the trace)"),
                          FINDING("R98.1", 8, "it begins", "'begin e 2' (line 12 of the trace)"),
                          FINDING("R98.1", 3, "it begins", "'begin f 1' (line 9 of the trace)")});

    (void)state;
    verdict.more = 2;
    expect_reason(&verdict, "  findings\n"
                            "  line 3:\n"
                            "  rule R98.1, which holds for every program: A title\n"
                            "    expected: it begins\n"
                            "    observed: 'begin e 1' (line 9 of the trace)\n"
                            "    and 3 more like this, on lines 7 and 8\n"
                            "  line 4:\n"
                            "    expected: it begins\n"
                            "    observed: 'begin e 1' (line 9 of the trace)\n"
                            "  line 3:\n"
                            "  rule R98.1, which holds for every program: A title\n"
                            "    expected: it begins\n"
                            "    observed: 'begin f 1' (line 9 of the trace)\n"
                            "  and 2 more findings\n");
}

static void only_numbers_make_no_difference(void **state)
{
    static const char *const pairs[][2] = {{"a 1", "a"}, {"a#", "a"},        {"a#b", "ab"},
                                           {"1a", "a"},  {"a 1 b", "a 1 c"}, {"a", "ab"}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct verdict verdict =
            verdict_of(2, (struct finding[]){FINDING(NULL, 1, pairs[i][0], ""),
                                             FINDING(NULL, 1, pairs[i][1], "")});

        assert_true(alike_is_first(&verdict, 1));
    }
}

/* ---- Rules ---- */

/* How many of a statement's sentences are shown. */
static void expect_shown(int sentences, int shown)
{
    static const char sentence[] =
        "It has a hundred bytes, which is one more than a line holds, and "
        "ends with a full stop and a blank. ";
    char text[16 * sizeof sentence] = "";

    for (int i = 0; i < sentences; i++)
        strcat(text, sentence);
    text[strlen(text) - 1] = '\0';
    assert_int_equal(failure_statement_size(text), shown * (int)(sizeof sentence - 1) - 1);
}

static void of_long_statements_the_first_sentences_are_shown(void **state)
{
    char endless[2000];

    (void)state;
    expect_shown(1, 1);
    expect_shown(5, 5);
    expect_shown(6, 5);
    expect_shown(15, 5);
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_int_equal(failure_statement_size(endless), sizeof endless - 1);
    strcpy(endless + 1000, "first. Second.");
    assert_int_equal(failure_statement_size(endless), 1006);
}

/* ---- Causes ---- */

static void expect_cause_of(enum result_kind kind, const char *reason, const char *errors,
                            const char *words)
{
    struct rule rule = {.id = (char *)(uintptr_t) "R98.1"};
    struct test test = {.rule = &rule,
                        .result = {.kind = kind,
                                   .reason = (char *)(uintptr_t)reason,
                                   .errors = (char *)(uintptr_t)errors}};
    char *cause = cause_words(&test);

    assert_string_equal(cause, words);
    free(cause);
}

static void expect_cause(const char *reason, const char *errors, const char *words)
{
    expect_cause_of(RESULT_FAIL, reason, errors, words);
}

static void the_call_that_returned_an_error_is_the_cause(void **state)
{
    (void)state;
    expect_cause(
        "a.c:1: miou_run(f): expected 0, got -EINVAL, returned by miou_call(&p, g(), x) in "
        "line 3; with i = 4",
        NULL, "miou_call returns -EINVAL");
    expect_cause("a.c:1: miou_run(f): expected 0, got -EINVAL; with i = 4", NULL,
                 "a.c:1: miou_run(f): expected 0, got -EINVAL");
    expect_cause("a.c:1: miou_run(f): expected 0, got -EINVAL; with i = 4", "words of another\n",
                 "a.c:1: miou_run(f): expected 0, got -EINVAL");
    expect_cause("it crashed", "words of another\n", "it crashed: words of another");
}

/* Little is known of a check that hangs. */
static void checks_that_hang_have_a_cause_a_chapter(void **state)
{
    (void)state;
    expect_cause_of(RESULT_HANG, "no end after 20.0 seconds of processor time", NULL,
                    "it hangs in a check of R98");
    expect_cause_of(RESULT_HANG, "no end: it sleeps, having used 0.0 seconds of processor time",
                    "it says so\n", "it hangs, asleep, in a check of R98: it says so");
    expect_cause_of(RESULT_HANG, "no end after 20.0 seconds of processor time",
                    "the last call that began: a.c:3; with i = 4; a.c:9: in help(x)\n",
                    "it hangs in a check of R98: the last call that began: a.c:3");
}

/* What went wrong first explains why it hangs. */
static void what_deviated_before_a_hang_is_its_cause(void **state)
{
    struct verdict verdict = verdict_of(1, (struct finding[]){FINDING(NULL, 3, "ok 2", "ok 1")});
    struct test test = {.result = {.kind = RESULT_HANG,
                                   .reason = (char *)(uintptr_t) "no end: it sleeps",
                                   .verdict = &verdict}};
    char *cause;

    (void)state;
    verdict.findings[0].deviation = (char *)(uintptr_t) "read has the outcome ok 1";
    cause = cause_words(&test);
    assert_string_equal(cause, "read has the outcome ok 1");
    free(cause);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checks_reason_is_read_in_parts),
        cmocka_unit_test(a_finding_names_the_rule_by_its_title),
        cmocka_unit_test(the_oracles_finding_names_all_its_rules),
        cmocka_unit_test(findings_that_differ_in_numbers_are_told_once),
        cmocka_unit_test(only_numbers_make_no_difference),
        cmocka_unit_test(of_long_statements_the_first_sentences_are_shown),
        cmocka_unit_test(the_call_that_returned_an_error_is_the_cause),
        cmocka_unit_test(checks_that_hang_have_a_cause_a_chapter),
        cmocka_unit_test(what_deviated_before_a_hang_is_its_cause),
    };

    return cmocka_run_group_tests(tests, place_set_up, place_tear_down);
}
