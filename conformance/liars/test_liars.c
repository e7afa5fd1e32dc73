/* Tests of the suite as a whole on the liars, which are worthless runtimes: every rule gets a
 * verdict, and no MUST is kept. A liar can pass single tests by accident: one that always returns
 * the same error passes tests that only expect this error. So each rule has a test that expects an
 * effect. One failed test of a rule is enough, and spares the others. */
#include "test_support.h"

static const struct liar {
    const char *name;
    bool is_uniform; /* it does the same in each run, whatever the test */
} liars[] = {
    {.name = "says_ok"},
    {.name = "runs_main"},
    {.name = "crashes_at_load", .is_uniform = true},
    {.name = "hangs_at_load", .is_uniform = true},
    {.name = "hangs_in_run", .is_uniform = true},
    {.name = "refuses"},
    {.name = "exits_in_run", .is_uniform = true},
    {.name = "prints_rubbish"},
    {.name = "closes_descriptors"},
    {.name = "lacks_functions"},
    {.name = "talks"},
    {.name = "aborts_in_run", .is_uniform = true},
};

/* The verdicts that a rule may get from a liar: untested only if it has no test. */
static const char *const verdicts[] = {"fail ",     "crash ",   "hang ", "not implemented ",
                                       "declined ", "untested "};

/* What stands behind the level in a rule's row of a report; NULL if there is no row. */
static const char *find_row(const char *report, const char *rule, const char *level)
{
    char row[64];
    const char *at;

    snprintf(row, sizeof row, "\n  %-6s %-6s ", rule, level);
    at = strstr(report, row);
    if (!at || strstr(at + 1, row))
        return NULL;
    return at + strlen(row);
}

/* Neighbouring rules that were not tested share a row: `R1.11-R1.18`. */
static const char *find_shared_row(const char *report, const char *rule)
{
    int chapter, number, first_chapter, first, last, size;
    const char *line;

    assert_int_equal(sscanf(rule, "R%d.%d", &chapter, &number), 2);
    for (line = strstr(report, "\n  R"); line; line = strstr(line + 1, "\n  R"))
        if (sscanf(line, " R%d.%d-R%*d.%d %n", &first_chapter, &first, &last, &size) == 3 &&
            first_chapter == chapter && first <= number && number <= last)
            return line + size;
    return NULL;
}

/* A rule is kept only as far as it could be tested: `pass  2/7`. */
static bool is_in_part(const char *verdict)
{
    int passed, all;

    return sscanf(verdict, "pass %d/%d ", &passed, &all) == 2 && passed < all;
}

static void check_rule(const char *report, const char *rule, const char *level, int tests)
{
    const char *verdict = find_row(report, rule, level);
    size_t i;

    if (!verdict)
        verdict = find_shared_row(report, rule);
    if (!verdict)
        fail_msg("not one row of %s", rule);
    if (!strncmp(verdict, "pass ", 5) && (strcmp(level, "MUST") != 0 || is_in_part(verdict)))
        return;
    for (i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
        if (!strncmp(verdict, verdicts[i], strlen(verdicts[i])))
            break;
    if (i == sizeof verdicts / sizeof *verdicts || (tests > 0 && !strncmp(verdict, "unt", 3)))
        fail_msg("%s %s is %.15s", rule, level, verdict);
}

/* What to ask a liar: all rules; but two chapters of one that treats all runs alike, or of any with
 * BRIEF=1, as under a sanitizer, where each process takes long to start. */
static const char *chapters(const struct liar *liar)
{
    const char *brief = getenv("BRIEF");

    return liar->is_uniform || (brief && *brief) ? "--rule R2 --rule R6" : "";
}

static void keeps_nothing(void **state)
{
    const struct liar *liar = *state;
    char command[4 * PATH_MAX], rule[16], level[16];
    struct process list, report;
    int tests, rules = 0, size;
    const char *line;

    snprintf(command, sizeof command, "exec %s --list %s", built("conform"), chapters(liar));
    shell(&list, "", 0, command);
    snprintf(command, sizeof command,
             "exec %s --runtime %s/%s.so --timeout 0.1 --jobs 16 --fail-fast=rule %s",
             built("conform"), built("liars"), liar->name, chapters(liar));
    shell(&report, "", 0, command);
    assert_int_equal(report.end, PROCESS_EXITED);
    assert_int_equal(report.status, 1);
    for (line = list.output; *line; line += size, rules++) {
        assert_int_equal(sscanf(line, "%15s %15s %d%*[^\n]\n%n", rule, level, &tests, &size), 3);
        check_rule(report.output, rule, level, tests);
    }
    assert_true(rules > 50);
    assert_true(contains(report.output, "\ndoes not conform."));
    process_free(&list);
    process_free(&report);
}

int main(void)
{
    struct CMUnitTest tests[sizeof liars / sizeof *liars];
    size_t i;

    for (i = 0; i < sizeof liars / sizeof *liars; i++)
        tests[i] = (struct CMUnitTest){.name = liars[i].name,
                                       .test_func = keeps_nothing,
                                       .initial_state = (void *)(uintptr_t)&liars[i]};
    return _cmocka_run_group_tests("liars", tests, sizeof tests / sizeof *tests, NULL, NULL);
}
