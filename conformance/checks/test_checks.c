/* Tests of the frames: of the checks, on liars, and of the saboteur, on a runtime whose doings are
 * known; and of where the checks and the mutants of a rule are found. */
#include "test_support.h"

#include <signal.h>

__attribute__((format(printf, 1, 2))) static struct process run(const char *format, ...)
{
    char text[8 * PATH_MAX];
    static const char scenario[] = "scenario 1\n"
                                   "task main\n"
                                   "    p = async child\n"
                                   "    await p\n"
                                   "task child\n"
                                   "    return 7\n"
                                   "go\n";
    struct process process;
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    shell(&process, scenario, strlen(scenario), text);
    return process;
}

/* ---- Checks ---- */

/* A check of R1.1, which passes on a runtime that does nothing but run the main task. */
static const char *first_test(void)
{
    return "run_returns_every_value";
}

static void says_that_a_test_passed(void **state)
{
    char expected[256];
    struct process process =
        run("%s %s R1.1 %s word", built("checks"), built("liars/talks.so"), first_test());

    (void)state;
    snprintf(expected, sizeof expected, "pass R1.1 %s word\n", first_test());
    assert_string_equal(process.output, expected);
    assert_true(contains(process.errors, "run ok 99\n")); /* printed by the runtime */
    assert_int_equal(process.status, 0);
    process_free(&process);
}

static void says_why_a_test_failed(void **state)
{
    struct process process =
        run("%s %s R1.1 %s word", built("checks"), built("liars/says_ok.so"), first_test());

    (void)state;
    assert_true(contains(process.output, " word "));
    assert_string_equal(strstr(process.output, " word ") + strlen(" word "), process.errors);
    assert_true(contains(process.errors, ".c:"));
    assert_int_equal(process.status, 1);
    process_free(&process);
}

/* Replace the numbers of lines, which every change of a check changes, by #. */
static void hide_lines(char *text)
{
    char *to = text;

    while (*text) {
        bool before = !strncmp(text, ".c:", 3) || !strncmp(text, "line ", 5);
        size_t size = before ? strcspn(text, ": ") + 1 : 1;

        memmove(to, text, size);
        to += size;
        text += size;
        if (before && *text >= '0' && *text <= '9') {
            text += strspn(text, "0123456789");
            *to++ = '#';
        }
    }
    *to = '\0';
}

/* A check of a mutant fails, and says what was called, what was expected and what came. */
static void says_what_was_called_and_what_came(void **state)
{
    static const struct {
        const char *mutant, *rule, *check, *line;
    } cases[] = {
        /* a call of the check itself, and one of a task */
        {"nothing_can_be_run", "R1.6", "bad_arguments_of_run",
         "1_running.c:#: miou_run(NULL, NULL, NULL): expected -EINVAL, got 0"},
        {"orphanages_are_never_empty", "R3.1", "bad_arguments_of_orphanages",
         "3_orphans.c:#: miou_care(&promise, orphans) in line #: expected MIOU_CARE_EMPTY, got "
         "MIOU_CARE_RUNNING"},
        /* in a helper and a loop, from a call that another file made */
        {"the_cancelled_may_care", "R2.14", "calls_of_a_cancelled_task",
         "2_cancellation.c:#: miou_care(&promise, orphans) in line #: expected MIOU_CANCELLED, got "
         "0; with i = 6; 2_cancellation.c:#: in assert_refused(miou_async, 0)"},
        /* a run that ends with the error of a call */
        {"no_child_is_listed_twice", "R8.9", "outcomes_and_places",
         "8_combinators.c:#: run_with(2, await_numbers, &t): expected 0, got -EINVAL, returned "
         "by miou_await_all(t->twice, (miou_promise *[]){p[3], p[1], p[3]}, 3) in line #; "
         "8_combinators.c:#: in assert_outcomes(miou_async)"},
        /* what a task has noticed itself */
        {"a_failed_computation_fails_the_force", "R9.18", "cancelled_is_an_error_like_others",
         "9_lazy.c:#: miou_lazy_force(lazy, &outcome): expected 0, got MIOU_CANCELLED; 9_lazy.c:#: "
         "in "
         "run_with(0, force_an_error, &calls)"},
        /* other values */
        {"a_failure_skips_finally", "R8.14", "finally_is_called_and_its_error_counts",
         "8_protect.c:#: t.calls: expected \"fg\", got \"f\"; 8_protect.c:#: in "
         "assert_protected(-7, 0, -7)"},
        {"read_does_not_wait", "R6.4", "reading_waits_and_others_run",
         "6_unix_streams.c:#: t.waited: expected true, got false"},
        {"one_receiver_a_descriptor", "R6.40", "one_datagram_goes_to_one_of_two_receivers",
         "6_unix_datagrams.c:#: t.done_after[i]: expected 0 (i), got 1; with i = 0"},
        {"accept_does_not_tell_the_peer", "R6.3", "a_peers_name_in_the_unix_domain_is_told",
         "6_unix_kinds.c:#: byte 0 of &t.peer: expected '\\x01', got '\\xff'"},
    };
    char expected[1024];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct process process = run("MIOU_MUTANT=%s MIOU_SABOTAGED=%s %s %s %s %s word",
                                     cases[i].mutant, built("peers/threads.so"), built("checks"),
                                     built("saboteur.so"), cases[i].rule, cases[i].check);

        snprintf(expected, sizeof expected, "fail %s %s word %s\n", cases[i].rule, cases[i].check,
                 cases[i].line);
        hide_lines(process.output);
        assert_string_equal(process.output, expected);
        assert_int_equal(process.status, 1);
        process_free(&process);
    }
}

/* The report gives the rule's sentence, the line as the reason, and the check. */
static void the_report_tells_it(void **state)
{
    struct process process = run("MIOU_MUTANT=nothing_can_be_run MIOU_SABOTAGED=%s %s --runtime %s "
                                 "--rule R1.6/bad_arguments_of_run",
                                 built("peers/threads.so"), built("conform"), built("saboteur.so"));

    (void)state;
    hide_lines(process.output);
    assert_true(
        contains(process.output, "miou_run and miou_unix_run return -EINVAL and call nothing"));
    assert_true(contains(process.output, "\n  1_running.c:#: miou_run(NULL, NULL, NULL)\n"
                                         "    expected: -EINVAL\n    observed: 0\n"
                                         "  the check, > marks where it failed:\n"
                                         "       1_running.c:\n"));
    process_free(&process);
}

/* The number of the first line of a file of checks that begins so. */
static int line_of(const char *file, const char *beginning)
{
    char path[256], text[256];
    int line = 1;
    FILE *stream;

    snprintf(path, sizeof path, "conformance/checks/%s", file);
    stream = fopen(path, "r");
    assert_non_null(stream);
    while (fgets(text, sizeof text, stream) && strncmp(text, beginning, strlen(beginning)) != 0)
        line++;
    fclose(stream);
    return line;
}

/* A check is shown with what it calls and uses, and with the helper that has failed. */
static void shows_where_a_check_failed(void **state)
{
    struct process process = run("%s --source R2.9 nothing_but_the_childs_end_ends_cancel "
                                 "'disturbed.c:310: miou_call(x): expected 0, got 1 in line 317; "
                                 "2_children.c:%d: in assert_it(x)'",
                                 built("checks"),
                                 2 + line_of("2_children.c", "CHECK(\"R2.9\", nothing_but_the_"
                                                             "childs_end_ends_cancel)"));

    (void)state;
    assert_memory_equal(process.output, "2_children.c:\n", 14);
    assert_true(contains(process.output, "  static int cancel_child(void *arg)\n"));
    assert_true(contains(process.output, "  static int end_late(void *arg)\n"));
    assert_true(contains(process.output, "  CHECK(\"R2.9\", nothing_but_the_childs_end_ends_"
                                         "cancel)\n"));
    assert_null(strstr(process.output, "await_child"));
    assert_true(contains(process.output, "\ndisturbed.c:\n"));
    assert_true(contains(process.output, "\n>  310  "));
    assert_true(contains(process.output, "\n>  317  "));
    assert_true(contains(process.output, "\n   316  "));
    assert_int_equal(process.status, 0);
    process_free(&process);
}

/* One that crashes, or that is asked to end since it hangs. */
static void says_where_it_was(void **state)
{
    struct process process = run("exec %s %s R1.1 %s word", built("checks"),
                                 built("liars/aborts_in_run.so"), first_test());

    (void)state;
    assert_true(contains(process.errors, "the last call that began: 1_running.c:"));
    assert_int_equal(process.end, PROCESS_SIGNALLED);
    assert_int_equal(process.status, SIGABRT);
    process_free(&process);
    process = run("%s --runtime %s --timeout 0.2 --rule R1.1/%s", built("conform"),
                  built("liars/hangs_in_run.so"), first_test());
    assert_true(contains(process.output, "the last call that began: 1_running.c:"));
    assert_true(contains(process.output, "  the check, > marks where it failed:\n"));
    process_free(&process);
}

static void tells_other_ends_apart(void **state)
{
    struct process process =
        run("%s %s R1.1 %s word", built("checks"), built("liars/exits_in_run.so"), first_test());

    (void)state;
    assert_string_equal(process.output, "");
    assert_int_equal(process.status, 0);
    process_free(&process);
    process = run("exec %s %s R1.1 %s word", built("checks"), built("liars/crashes_at_load.so"),
                  first_test());
    assert_int_equal(process.end, PROCESS_SIGNALLED);
    assert_int_equal(process.status, SIGABRT);
    process_free(&process);
}

/* A check that needs more descriptors than this machine allows, and what conform makes of it. */
static void says_what_cannot_be_tested(void **state)
{
    static const char name[] = "numbers_beyond_1023_are_waited_for";
    static const char why[] = "the hard limit of descriptors is 256, and 2100 are needed\n";
    char expected[256];
    struct process process = run("ulimit -Sn 256; ulimit -Hn 256; exec %s %s R6.16 %s word",
                                 built("checks"), built("liars/says_ok.so"), name);

    (void)state;
    snprintf(expected, sizeof expected, "unknown R6.16 %s word %s", name, why);
    assert_string_equal(process.output, expected);
    assert_true(contains(process.errors, "cannot be tested here: the hard limit"));
    assert_int_equal(process.status, 2);
    process_free(&process);
    process = run("ulimit -Sn 256; ulimit -Hn 256; exec %s --runtime %s --rule R6.16/%s",
                  built("conform"), built("liars/says_ok.so"), name);
    snprintf(expected, sizeof expected, "\ncould not tell R6.16: %s", why);
    assert_true(contains(process.output, "descriptors (a hard limit of 256)"));
    assert_true(contains(process.output, "  R6.16  MUST   unknown  "));
    assert_true(contains(process.output, expected));
    assert_true(contains(process.output, "\n0 passed, 0 failed, 1 unknown\n"));
    assert_int_equal(process.status, 2);
    process_free(&process);
}

/* A process may have leave to use as much stack as there is memory. */
static void lets_no_stack_grow_for_ever(void **state)
{
    struct process process = run("ulimit -s unlimited || exit 77; exec %s %s R1.12 %s word",
                                 built("checks"), built("peers/threads.so"), "overflow_in_main");

    (void)state;
    if (process.status != 77)
        assert_string_equal(process.output,
                            "needs R1.12 overflow_in_main word 514\npass R1.12 overflow_in_main "
                            "word\n");
    process_free(&process);
}

/* The shell hides a file of its own process, which then is that of the check. */
static void needs_to_know_how_much_memory_is_used(void **state)
{
    struct process process =
        run("unshare -m true || exit 77; exec unshare -m sh -c '"
            "mount --bind /dev/null /proc/$$/smaps_rollup && exec %s %s R2.20 no_growth word'",
            built("checks"), built("peers/threads.so"));

    (void)state;
    if (process.status != 77)
        assert_string_equal(process.output,
                            "unknown R2.20 no_growth word the system does not tell how much "
                            "memory a process uses\n");
    process_free(&process);
}

/* A check that has many tasks at a time says so before its verdict, and it is no part of it. */
static void says_how_many_tasks_it_has(void **state)
{
    static const char name[] = "a_thousand_outcomes_in_order";
    char expected[256];
    struct process process =
        run("%s %s R4.9 %s word", built("checks"), built("peers/threads.so"), name);

    (void)state;
    snprintf(expected, sizeof expected, "needs R4.9 %s word 1001\npass R4.9 %s word\n", name, name);
    assert_string_equal(process.output, expected);
    process_free(&process);
    process = run("exec %s --runtime %s --rule R4.9/%s", built("conform"),
                  built("peers/threads.so"), name);
    assert_true(contains(process.output, "\n1 passed, 0 failed\n"));
    process_free(&process);
}

/* A call was refused for want of memory, for which a runtime is not accused where addresses are
 * limited. */
static void says_that_a_call_was_refused(void **state)
{
    static const char name[] = "a_finaliser_is_refused_everything";
    static const char limits[][24] = {"", "ulimit -v 8000000 &&"};
    char variables[2 * PATH_MAX];
    struct process process;
    int i;

    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* they need more addresses */
#endif
    snprintf(variables, sizeof variables, "MIOU_MUTANT=a_finaliser_may_create MIOU_SABOTAGED=%s",
             built("peers/threads.so"));
    process = run("%s %s %s R5.18 %s word", variables, built("checks"), built("saboteur.so"), name);
    assert_true(contains(process.output, "refused R5.18 a_finaliser_is_refused_everything word "));
    assert_true(contains(process.output, "expected MIOU_IN_FINALISER, got -ENOMEM; "));
    assert_int_equal(process.status, 1);
    process_free(&process);
    for (i = 0; i < 2; i++) {
        process = run("%s %s exec %s --runtime %s --rule R5.18/%s", limits[i], variables,
                      built("conform"), built("saboteur.so"), name);
        assert_int_equal(process.status, i ? 2 : 1);
        assert_true(contains(process.output, i ? "R5.18: a task found no memory, of 7812 MiB"
                                               : "observed: -ENOMEM"));
        process_free(&process);
    }
}

/* The shell's word for a command that it cannot find is a runtime's crash like any other. */
static void tells_a_crash_from_a_missing_command(void **state)
{
    struct process process = run("exec %s --runtime %s --rule R1.1/%s", built("conform"),
                                 built("liars/exits_like_a_shell.so"), first_test());

    (void)state;
    assert_true(contains(process.output, "exited with status 127 in the middle of the test\n"));
    assert_true(contains(process.output, "  R1.1   MUST   crash  "));
    assert_int_equal(process.status, 1);
    process_free(&process);
}

static void refuses(const char *arguments, const char *why)
{
    struct process process = run("%s %s", built("checks"), arguments);

    assert_null(strstr(process.output, "pass"));
    assert_true(contains(process.errors, why));
    assert_int_equal(process.status, 2);
    process_free(&process);
}

static void refuses_bad_arguments(void **state)
{
    char arguments[2 * PATH_MAX];

    (void)state;
    refuses("", "usage: checks");
    refuses("--frobnicate", "usage: checks");
    refuses("x R1.1", "usage: checks");
    refuses("x R1.1 no_such_test", "checks: no check of R1.1 is called no_such_test");
    snprintf(arguments, sizeof arguments, "x R99.1 %s", first_test());
    refuses(arguments, "checks: no check of R99.1 is called");
    snprintf(arguments, sizeof arguments, "/nonexistent.so R1.1 %s", first_test());
    refuses(arguments, "cannot be tested here: cannot open /nonexistent.so: No such file");
}

/* A function that the runtime lacks is named, wherever it is called. */
static void names_what_is_missing(void **state)
{
    struct process list = run("%s --list", built("checks")), process;
    char rule[16], name[128];
    const char *line;
    int size, missing = 0;

    (void)state;
    for (line = list.output; *line && !missing; line += size) {
        assert_int_equal(sscanf(line, "%15s %127[^\n]\n%n", rule, name, &size), 2);
        process =
            run("%s %s %s %s word", built("checks"), built("liars/lacks_functions.so"), rule, name);
        if (process.end == PROCESS_EXITED && process.status == 77) {
            char lacks[256];

            snprintf(lacks, sizeof lacks, "lacks %s %s word miou_", rule, name);
            assert_memory_equal(process.output, lacks, strlen(lacks));
            missing++;
        }
        process_free(&process);
    }
    process_free(&list);
    assert_int_equal(missing, 1);
}

/* ---- The saboteur ---- */

static void passes_everything_on(void **state)
{
    struct process plain = run("%s %s", built("driver"), built("liars/eager.so"));
    struct process process = run("MIOU_SABOTAGED=%s %s %s", built("liars/eager.so"),
                                 built("driver"), built("saboteur.so"));

    (void)state;
    assert_true(contains(plain.output, "did main 3 ok 7\n"));
    assert_string_equal(process.output, plain.output);
    assert_int_equal(process.status, 0);
    process_free(&process);
    process_free(&plain);
}

static void aborts(const char *variables, const char *why)
{
    struct process process = run("%s exec %s %s", variables, built("driver"), built("saboteur.so"));

    if (process.end == PROCESS_EXITED) /* in the scenario, not before */
        assert_true(contains(process.output, "died signal 6\n"));
    else
        assert_int_equal(process.end == PROCESS_SIGNALLED ? process.status : 0, SIGABRT);
    assert_true(contains(process.errors, why));
    process_free(&process);
}

static void does_nothing_by_halves(void **state)
{
    (void)state;
    aborts("MIOU_MUTANT=no_such_mutant", "saboteur: there is no mutant no_such_mutant\n");
    aborts("MIOU_SABOTAGED=/nonexistent.so", "saboteur: cannot open /nonexistent.so: No such file");
    aborts("", "saboteur: MIOU_SABOTAGED has no miou_run\n");
}

/* Every mutant that is listed can be chosen, and says what it breaks. */
static void lists_its_mutants(void **state)
{
    struct process list = run("%s", built("mutants")), process;
    char name[128], rule[16];
    const char *line;
    int size, mutants = 0;

    (void)state;
    for (line = list.output; *line; line += size, mutants++) {
        assert_int_equal(sscanf(line, "%127s R%15[0-9.]\n%n", name, rule, &size), 2);
        process = run("MIOU_MUTANT=%s MIOU_SABOTAGED=%s %s %s R1.1 %s", name,
                      built("liars/eager.so"), built("checks"), built("saboteur.so"), first_test());
        assert_null(strstr(process.errors, "there is no mutant"));
        process_free(&process);
    }
    assert_true(mutants > 0);
    process_free(&list);
}

/* ---- Where a rule is found ---- */

enum { RULES = 1000 };

/* Which file has the checks of a rule. */
struct found {
    char rule[16], file[128];
};

/* Each line is "FILE:NAME", followed by the number of a rule: see that a file's name begins with
 * the chapter of its rules and, if only one file may have a rule, that no other has it. */
static void assert_found_by_chapter(const char *lines, bool one_file)
{
    static struct found all[RULES];
    int known = 0, i, size;

    for (; *lines; lines += size) {
        struct found found;
        int chapter, prefix = 0;

        assert_int_equal(
            sscanf(lines, "%127[^:]:%*[^0-9]%15[0-9.]\n%n", found.file, found.rule, &size), 2);
        chapter = atoi(found.rule);
        if (sscanf(found.file, "%d_", &prefix) != 1 || prefix != chapter)
            fail_msg("R%s is in %s, which is no file of chapter %d", found.rule, found.file,
                     chapter);
        for (i = 0; i < known && strcmp(all[i].rule, found.rule) != 0; i++)
            ;
        assert_true(i < RULES);
        if (i == known)
            all[known++] = found;
        else if (one_file && strcmp(all[i].file, found.file) != 0)
            fail_msg("R%s is in %s and in %s", found.rule, all[i].file, found.file);
    }
    assert_true(known > 0);
}

/* Look for a pattern in the source files of a folder beside this one's. */
static struct process source_lines(const char *folder, const char *pattern)
{
    return run("cd $(dirname %s)/../%s && grep -oE '%s' *_*.c", __FILE__, folder, pattern);
}

/* A check belongs to the first rule that it names. */
static void the_checks_of_a_rule_are_in_one_file_of_its_chapter(void **state)
{
    struct process process = source_lines("checks", "^CHECK\\(\"R[0-9.]+");

    (void)state;
    assert_found_by_chapter(process.output, true);
    process_free(&process);
}

static void the_mutants_of_a_rule_are_in_files_of_its_chapter(void **state)
{
    struct process process = source_lines("saboteur", "^[A-Z_]*MUTANT[A-Z_]*\\(\"R[0-9.]+");

    (void)state;
    assert_found_by_chapter(process.output, false);
    process_free(&process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_that_a_test_passed),
        cmocka_unit_test(says_why_a_test_failed),
        cmocka_unit_test(says_what_was_called_and_what_came),
        cmocka_unit_test(the_report_tells_it),
        cmocka_unit_test(shows_where_a_check_failed),
        cmocka_unit_test(says_where_it_was),
        cmocka_unit_test(tells_other_ends_apart),
        cmocka_unit_test(says_what_cannot_be_tested),
        cmocka_unit_test(lets_no_stack_grow_for_ever),
        cmocka_unit_test(needs_to_know_how_much_memory_is_used),
        cmocka_unit_test(says_how_many_tasks_it_has),
        cmocka_unit_test(says_that_a_call_was_refused),
        cmocka_unit_test(tells_a_crash_from_a_missing_command),
        cmocka_unit_test(refuses_bad_arguments),
        cmocka_unit_test(names_what_is_missing),
        cmocka_unit_test(passes_everything_on),
        cmocka_unit_test(does_nothing_by_halves),
        cmocka_unit_test(lists_its_mutants),
        cmocka_unit_test(the_checks_of_a_rule_are_in_one_file_of_its_chapter),
        cmocka_unit_test(the_mutants_of_a_rule_are_in_files_of_its_chapter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
