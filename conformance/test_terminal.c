/* Tests of what people at a terminal, and machines that keep logs, see of conform while it runs, of
 * how it is interrupted, where its report goes, and how its tests are chosen. They have chapters
 * and a driver of their own. */
#include "test_place.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>

#define RULE(id, level, scenarios)                                                                 \
    "### R" id " Rule " id "  {" level                                                             \
    "}\n\nA rule.\n\nWhy: because.\n\nSource: nowhere.\n\n" scenarios
#define SAYS(word)                                                                                 \
    "Main speaks:\n\n```scenario " word "\ntask main\n    print " word "\nexpect run ok\n"         \
    "expect seen " word "\n```\n\n"
#define FIVE(word) SAYS(word "1") SAYS(word "2") SAYS(word "3") SAYS(word "4") SAYS(word "5")

static const char short_chapter[] = "# Short\n\n" RULE("91.1", "MUST", SAYS("one") SAYS("two"))
    RULE("91.2", "SHOULD", SAYS("three"));
static const char long_chapter[] = "# Long\n\n" RULE("92.1", "MUST", FIVE("a") FIVE("b"))
    RULE("92.2", "MUST", FIVE("c") FIVE("d")) RULE("92.3", "MAY", FIVE("e"))
        RULE("92.4", "MUST", FIVE("f")) RULE("92.10", "MUST", FIVE("g"));

/* There are tests in C, and they are of no rule here; so not all rules may be chosen. */
static const char other_chapter[] = "# Other\n\n" RULE("93.1", "MAY", SAYS("four"));
#define ALL "--except R93"

/* A driver that does as each program says. Cases of its word do something first, or say another
 * word. */
static const char driver[] =
    "printf 'driver 2 test\\nruntime toy 1.2\\nready\\n'\n"
    "while read word id; do program=\n"
    "while read line && [ \"$line\" != go ]; do program=\"$program$line \"; done\n"
    "set -- $program; word=$4\n"
    "case $word in %s\nesac\n"
    "printf 'scenario %%s\\nbegin main 0\\nprint main %%s\\n' $id $word\n"
    "printf 'did main 2 ok\\nend main\\nrun ok\\nready\\n'; done\n";

#define WRONG "word=else"

static int set_up(void **state)
{
    if (place_set_up_spec(state) != 0)
        return -1;
    write_file("spec/0-overview.md", "# Overview\n\nVersion: 7.8\n");
    write_file("spec/91-short.md", short_chapter);
    write_file("spec/92-long.md", long_chapter);
    write_file("spec/93-other.md", other_chapter);
    return 0;
}

/* Run a command of the shell in the directory, where $conform stands for the beginning of a command
 * line, on a driver with these cases. */
__attribute__((format(printf, 2, 3))) static struct process run(const char *cases,
                                                                const char *format, ...)
{
    char text[8192];
    struct process process;
    va_list list;
    int size;

    snprintf(text, sizeof text, driver, cases);
    write_file("driver", text);
    size = snprintf(text, sizeof text,
                    "cd '%s' && conform=\"%s --spec spec --driver 'sh driver' --jobs 1\"\n", place,
                    built("conform"));
    va_start(list, format);
    vsnprintf(text + size, sizeof text - (size_t)size, format, list);
    va_end(list);
    shell(&process, "", 0, text);
    assert_int_equal(process.end, PROCESS_EXITED);
    return process;
}

static size_t count(const char *text, const char *part)
{
    size_t found = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        found++;
    return found;
}

/* ---- While it runs ---- */

/* A log has a line for each tenth of many tests, and none for a few. */
static void logs_each_tenth(void **state)
{
    struct process process = run("", "eval $conform --rule R92");

    (void)state;
    assert_true(contains(process.errors, "conform: 4 of 35 tests, 0:"));
    assert_true(contains(process.errors, "conform: 32 of 35 tests, 0:"));
    assert_int_equal(count(process.errors, "\n"), 9);
    assert_int_equal(process.status, 0);
    process_free(&process);
    process = run("", "eval $conform --rule R91");
    assert_string_equal(process.errors, "");
    process_free(&process);
}

/* A test that lasts is named until it ends. */
static void logs_what_is_in_hand(void **state)
{
    struct process process = run("two) until grep -q 'in hand' errors; do sleep 0.1; done;;",
                                 "eval $conform --rule R91 --timeout 1000 2>errors; cat errors");

    (void)state;
    assert_true(contains(process.output, "conform: 1 of 3 tests, 0:"));
    assert_true(contains(process.output, "; in hand: R91.1/two ("));
    assert_true(contains(process.output, " s)\n"));
    assert_int_equal(count(process.output, "conform: "), 1);
    process_free(&process);
}

/* The next test waits until it has been told. */
static void tells_the_first_failure_at_once(void **state)
{
    struct process process =
        run("one) " WRONG ";; two) until grep -q 'first failure' errors; do sleep 0.01; done;;",
            "eval $conform --rule R91 2>errors; cat errors");

    (void)state;
    assert_true(contains(process.output, "first failure: R91.1/one fail: "));
    assert_true(contains(process.output, "\n2 passed, 1 failed\n"));
    assert_int_equal(count(process.output, "first failure"), 1);
    process_free(&process);
    /* After the last test the report follows. */
    process = run("three) " WRONG ";;", "eval $conform --rule R91");
    assert_string_equal(process.errors, "");
    process_free(&process);
}

/* What seems to hang may pass when it is tried again. */
static void tells_no_failure_before_it_counts(void **state)
{
    struct process process = run("one) [ -e again ] || { >again; exec sleep 99; };;",
                                 "eval $conform --rule R91 --timeout 1");

    (void)state;
    assert_string_equal(process.errors, "");
    assert_true(contains(process.output, "\n3 passed, 0 failed\n"));
    process_free(&process);
    remove_file("again");
}

/* `script` gives it a terminal. */
static void rewrites_a_line_on_a_terminal(void **state)
{
    struct process process =
        run("two) " WRONG ";;", "export conform; TERM=xterm script -qec 'eval $conform --rule R91 "
                                "--output report' /dev/null");

    (void)state;
    assert_true(contains(process.output, "\r\033[K0 of 3 tests, 0:00  R91.1/one"));
    assert_true(contains(process.output, "\r\033[Kfirst failure: R91.1/two fail: "));
    assert_true(contains(process.output, "\r\033[K2 of 3 tests, 1 failed, 0:"));
    assert_true(contains(process.output, "\r\033[K2 passed, 1 failed\r\n"));
    process_free(&process);
    process = run("", "export conform; TERM=dumb script -qec 'eval $conform --rule R91' /dev/null");
    assert_null(strchr(process.output, '\033'));
    process_free(&process);
    remove_file("report");
}

static void paints_where_it_is_wanted(void **state)
{
    static const struct {
        const char *environment;
        bool on_terminal, painted;
    } cases[] = {{"TERM=xterm", true, true},
                 {"TERM=xterm NO_COLOR=", true, true},
                 {"TERM=xterm NO_COLOR=1", true, false},
                 {"TERM=dumb", true, false},
                 {"TERM=xterm", false, false},
                 {"CLICOLOR_FORCE=0", false, false},
                 {"CLICOLOR_FORCE=1", false, true},
                 {"CLICOLOR_FORCE=1 NO_COLOR=1", false, false}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct process process =
            run("", "unset NO_COLOR CLICOLOR_FORCE; export conform %s\n%s", cases[i].environment,
                cases[i].on_terminal ? "script -qec 'eval $conform --rule R91.1' /dev/null"
                                     : "eval $conform --rule R91.1");

        if ((strstr(process.output, "\033[32mpass\033[m") != NULL) != cases[i].painted)
            fail_msg("%s: %s", cases[i].environment, process.output);
        process_free(&process);
    }
}

/* ---- Interrupted ---- */

/* Start conform with these options in the background, wait until its second test runs, and do
 * something to it. */
#define MEANWHILE(options, deed)                                                                   \
    "eval exec $conform --rule R91 --timeout 1000 " options " & "                                  \
    "until test -e started || ! kill -0 $!; do sleep 0.01; done; rm started; " deed " $!; "        \
    "wait $!; echo status $?"
#define STARTS "two) >started; exec sleep 1000;;"

static void reports_what_was_done_when_interrupted(void **state)
{
    static const char *const signals[] = {"INT", "TERM", "HUP"};
    struct process process;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof signals / sizeof *signals; i++) {
        process = run(STARTS, MEANWHILE("", "kill -%s"), signals[i]);
        assert_true(contains(process.output,
                             "  R91.1  MUST   untested        1/2  Rule 91.1\n\n"
                             "R91.1 untested: the session stopped before all of its tests had "
                             "been executed\n\n"
                             "interrupted after 1 of 3 tests: could not tell "
                             "whether the runtime conforms.\n"
                             "Untested: R91.1\n"
                             "1 passed, 0 failed, 2 not reached\nstatus 2\n"));
        assert_string_equal(process.errors, "");
        process_free(&process);
    }
    process = run(STARTS, MEANWHILE("--format tap", "kill -INT"));
    assert_true(contains(process.output, "\nok 1 - R91.1/one\n# The session was interrupted.\n"));
    assert_true(contains(process.output, "status 2\n"));
    process_free(&process);
}

/* What is known is told, but decides nothing. */
static void tells_what_was_broken_when_interrupted(void **state)
{
    struct process process = run("one) " WRONG ";; " STARTS, MEANWHILE("--strict", "kill -TERM"));

    (void)state;
    assert_true(contains(process.output, "interrupted after 1 of 3 tests: could not tell whether "
                                         "the runtime conforms.\nBroken: R91.1\n"));
    assert_true(contains(process.output, "status 2\n"));
    process_free(&process);
}

static bool is_alive(const char *file)
{
    char path[PATH_MAX], number[32] = "";
    FILE *stream;

    snprintf(path, sizeof path, "%s/%s", place, file);
    stream = fopen(path, "r");
    assert_non_null(stream);
    assert_non_null(fgets(number, sizeof number, stream));
    fclose(stream);
    return kill(atoi(number), 0) == 0;
}

/* Nothing is left behind, even of a driver that has started a session of its own. */
static void leaves_nothing_behind_when_killed(void **state)
{
    int tries;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct process process = run(
            "two) echo $$ >pid; setsid sh -c 'echo $$ >deep; >started; exec sleep 1000' & wait;;",
            MEANWHILE("", "kill -%s"), i ? "KILL" : "INT");

        assert_true(contains(process.output, i ? "status 137\n" : "status 2\n"));
        process_free(&process);
        for (tries = 0; tries < 10000 && (is_alive("pid") || is_alive("deep")); tries++)
            usleep(1000);
        assert_false(is_alive("pid"));
        assert_false(is_alive("deep"));
        remove_file("pid");
        remove_file("deep");
    }
}

/* ---- Where the report goes ---- */

static size_t count_files(void)
{
    DIR *directory = opendir(place);
    size_t files = 0;

    assert_non_null(directory);
    while (readdir(directory))
        files++;
    closedir(directory);
    return files;
}

/* Until the report is whole, the file is what it was; a link stays a link. */
static void replaces_a_file_when_the_report_is_whole(void **state)
{
    struct process process =
        run("two) [ \"$(cat file)\" = old ] || " WRONG ";;",
            "echo old >file; chmod 640 file; ln -s file link\n"
            "eval $conform --rule R91 --output link; stat -c '%%F %%a' link file; cat file");

    (void)state;
    assert_true(contains(process.output, "3 passed, 0 failed\nsymbolic link 777\nregular file 640\n"
                                         "toy 1.2, driver test; specification 7.8; conform "));
    process_free(&process);
    process = run("", "umask 027; rm link file; eval $conform --rule R91 --output file >/dev/null; "
                      "stat -c %%a file; rm file");
    assert_string_equal(process.output, "640\n");
    process_free(&process);
}

static void leaves_no_half_a_report(void **state)
{
    size_t files;
    struct process process = run("", "echo old >file");

    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it writes a file of its own when a program starts, which is too large then */
#endif
    process_free(&process);
    files = count_files();
    process = run("", "trap '' XFSZ; ulimit -f 0; eval $conform --rule R91 --output file; "
                      "echo $?; cat file");
    assert_string_equal(process.output, "2\nold\n");
    assert_string_equal(process.errors, "conform: cannot write the report: File too large\n");
    process_free(&process);
    process = run("", "eval $conform --rule R91 --output file --under /nonexistent; cat file");
    assert_string_equal(process.output, "old\n");
    process_free(&process);
    process = run(STARTS, MEANWHILE("--output file", "kill -INT") "; cat file");
    assert_true(contains(process.output, "interrupted after 1 of 3 tests: "));
    process_free(&process);
    assert_int_equal(count_files(), files);
    remove_file("file");
}

static void writes_into_pipes(void **state)
{
    struct process process = run("", "eval $conform --rule R91 --output /dev/stdout | cat");

    (void)state;
    assert_true(contains(process.output, "keeps what was chosen.\n"));
    assert_int_equal(count(process.output, "3 passed, 0 failed\n"), 2);
    process_free(&process);
    process = run("", "echo before >file; eval $conform --rule R91 --output /dev/stdout >>file; "
                      "mkfifo fifo; cat fifo & eval $conform --rule R91 --output fifo; wait; "
                      "cat file; rm file fifo");
    assert_true(contains(process.output, "before\ntoy 1.2, "));
    assert_int_equal(count(process.output, "3 passed, 0 failed\n"), 4);
    process_free(&process);
}

/* A reader that has gone, and a disk without room. */
static void says_that_it_cannot_write(void **state)
{
    static const char *const options[] = {
        "--rule R91", "--rule R91 --format tap", "--list", "--list-tests", "--help", "--version"};
    struct process process = run("one) until test -e gone; do sleep 0.01; done;;",
                                 "{ eval $conform --rule R91; echo status $? >&2; } | "
                                 "{ exec <&-; >gone; }; rm gone");
    size_t i;

    (void)state;
    assert_string_equal(process.errors,
                        "conform: cannot write the report: Broken pipe\nstatus 2\n");
    process_free(&process);
    for (i = 0; i < sizeof options / sizeof *options; i++) {
        process = run("", "eval $conform %s >/dev/full", options[i]);
        assert_true(contains(process.errors, "conform: cannot write"));
        assert_true(contains(process.errors, "No space left on device\n"));
        assert_int_equal(process.status, 2);
        process_free(&process);
    }
}

/* ---- What is chosen ---- */

static void expect_tests(const char *options, const char *tests)
{
    struct process process = run("", "eval $conform --list-tests %s | tr '\\n' ' '", options);

    assert_string_equal(process.errors, "");
    assert_string_equal(process.output, tests);
    process_free(&process);
}

static void chooses_by_ids_patterns_and_levels(void **state)
{
    (void)state;
    expect_tests("--rule R91", "R91.1/one R91.1/two R91.2/three ");
    expect_tests("--rule R91.2,R91.1/one", "R91.1/one R91.2/three ");
    expect_tests("--rule \"' R91.2  R91.1/one, '\"", "R91.1/one R91.2/three ");
    expect_tests("--rule R91.2 --rule R91.1/one", "R91.1/one R91.2/three ");
    expect_tests("--rule \"'R92.1*/a1'\"", "R92.1/a1 ");
    expect_tests("--rule \"'*/?1'\" --level MUST --except \"'R92.[14]'\"",
                 "R92.2/c1 R92.2/d1 R92.10/g1 ");
    expect_tests("--rule \"'R92.1*'\" --except \"'*/[ab]*'\"",
                 "R92.10/g1 R92.10/g2 R92.10/g3 R92.10/g4 R92.10/g5 ");
    expect_tests("--rule \"'R9[12]'\" --level should,MAY",
                 "R91.2/three R92.3/e1 R92.3/e2 R92.3/e3 R92.3/e4 R92.3/e5 ");
}

static void expect_refusal(const char *options, const char *why)
{
    struct process process = run("", "eval $conform %s", options);

    assert_string_equal(process.errors, why);
    assert_string_equal(process.output, "");
    assert_int_equal(process.status, 2);
    process_free(&process);
}

static void refuses_what_chooses_nothing(void **state)
{
    (void)state;
    expect_refusal("--rule R91,R94", "conform: there is no rule R94; see --list\n");
    expect_refusal("--rule \"'R91.1/x*'\"", "conform: there is no rule R91.1/x*; see --list\n");
    expect_refusal("--rule ,", "conform: there is no rule ; see --list\n");
    expect_refusal("--rule R91.1 --level MAY", "conform: no rule is left to be tested\n");
    expect_refusal("--rule R91 --except \"'*'\"", "conform: no rule is left to be tested\n");
    expect_refusal("--level MUST,WILL",
                   "conform: --level MUST,WILL: MUST, SHOULD, MAY, or several of them\n");
    expect_refusal("--slowest=0", "conform: --slowest=0: not a number from 1 to 100000\n");
}

/* ---- What is said ---- */

/* All MUST rules were tested, so that it can be told. */
static void a_level_is_enough_to_conform(void **state)
{
    struct process process = run("e1) " WRONG ";;", "eval $conform --level MUST");

    (void)state;
    assert_true(contains(process.output, "\nconforms.\n32 passed, 0 failed\n"));
    process_free(&process);
    process = run("", "eval $conform --level MUST --except R91");
    assert_true(contains(process.output, "\nkeeps what was chosen.\n"));
    process_free(&process);
}

static void is_strict_if_asked(void **state)
{
    struct process process = run("three) " WRONG ";;", "eval $conform --strict " ALL);

    (void)state;
    assert_true(contains(process.output, "\ndoes not conform strictly. It keeps 5 of the 5 MUST "
                                         "rules that were tested.\nbroken, but no MUST: R91.2\n"));
    assert_int_equal(process.status, 1);
    process_free(&process);
    process = run("e2) " WRONG ";;", "eval $conform --strict " ALL);
    assert_true(contains(process.output, "\nconforms.\nbroken, but no MUST: R92.3\n"));
    assert_int_equal(process.status, 0);
    process_free(&process);
}

/* A row for each chapter, and one for all. The seconds are not looked at. */
static void sums_up_by_chapter(void **state)
{
    struct process process =
        run("c1|three) " WRONG ";;", "eval $conform " ALL " | sed 's/ *[0-9.]*$//'");

    (void)state;
    assert_true(contains(process.output,
                         "\nChapter                                 kept  passed  failed  others  "
                         "seconds\n"
                         "91 Short                              1/2          2       1       0\n"
                         "92 Long                               4/5         34       1       0\n"
                         "All, 1 test at a time                 5/7         36       2       0\n"));
    process_free(&process);
    process = run("", "eval $conform --rule R92");
    assert_null(strstr(process.output, "\nChapter"));
    process_free(&process);
}

static void names_the_slowest(void **state)
{
    struct process process = run("d3) sleep 1;; a2) sleep 0.5;;", "eval $conform --slowest=2 " ALL);
    const char *text = strstr(process.output, "\nThe slowest tests, in ");

    (void)state;
    assert_non_null(text);
    assert_non_null(strstr(text, " s  R92.2/d3\n"));
    assert_true(strstr(text, " s  R92.1/a2\n") > strstr(text, " s  R92.2/d3\n"));
    assert_int_equal(count(text, " s  R"), 2);
    process_free(&process);
}

static void tells_versions(void **state)
{
    struct process process = run("", "eval $conform --version");
    const char *line = strchr(process.output, '\n');

    (void)state;
    assert_int_equal(strncmp(process.output, "conform ", 8), 0);
    assert_string_equal(line, "\nspecification 7.8 (spec)\n");
    assert_int_equal(process.status, 0);
    process_free(&process);
    /* The specification that lies beside the program. */
    process = run("", "%s --version", built("conform"));
    assert_true(contains(process.output, "\nspecification "));
    assert_null(strstr(process.output, "without"));
    process_free(&process);
}

/* ---- Long lists ---- */

/* The chapters of the project, wherever it is built; and what a wrong runtime leaks is not looked
 * for, nor could it be below gdb. */
#define ON_THE_CHAPTERS                                                                            \
    "export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0; conform=\"%s --spec $OLDPWD/spec\"; "

/* A library with hardly a function: neighbouring rules share a row, and the verdict is short. */
static void says_what_is_not_implemented_in_few_words(void **state)
{
    struct process process =
        run("",
            ON_THE_CHAPTERS
            "$conform --runtime %s --rule R1,R2,R3 --except R1.12,R1.13,R2.19,R3.12 --timeout 5",
            built("conform"), built("liars/lacks_functions.so"));
    char *verdict = strstr(process.output, "\ndoes not conform.");

    (void)state;
    assert_true(contains(process.output, "  R2.22-R2.27   not implemented  "));
    assert_true(contains(process.output, "  6 rules\n"));
    assert_non_null(verdict);
    assert_true(contains(verdict, " R2.22-R2.27 "));
    assert_true(contains(verdict, " more."));
    assert_in_range(strlen(verdict), 100, 1000);
    assert_in_range(count(verdict, "\n"), 5, 15);
    process_free(&process);
}

/* ---- Commands ---- */

/* The command that the report gives for gdb is executed as it is, but that gdb asks nobody. The
 * runtime is a mutant, which fails the test. */
static void expect_gdb(const char *test, const char *said)
{
    struct process process =
        run("",
            ON_THE_CHAPTERS
            "export MIOU_SABOTAGED=%s MIOU_MUTANT=values_are_bytes; $conform --runtime %s --rule "
            "%s >report\n"
            "awk '/^  gdb:/ {on = 1} on {print} /-ex run/ {on = 0}' report | "
            "sed 's/^  gdb://; s/gdb -ex/gdb --batch -nx -ex/' >commands; sh commands 2>&1",
            built("conform"), built("peers/threads.so"), built("saboteur.so"), test);

    assert_true(contains(process.output, said));
    assert_true(contains(process.output, "[Inferior "));
    assert_true(contains(process.output, ") exited "));
    process_free(&process);
}

static void gives_commands_that_work(void **state)
{
    struct process process = run("", "gdb --batch -nx -ex run --args true");

    (void)state;
    if (process.status == 0 && strstr(process.output, "exited normally")) {
        expect_gdb("R2.4/values", "\ndid main 7 ok 64\n");
        expect_gdb("R2.4/every_outcome", ") exited with code 01]");
    }
    process_free(&process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_each_tenth),
        cmocka_unit_test(logs_what_is_in_hand),
        cmocka_unit_test(tells_the_first_failure_at_once),
        cmocka_unit_test(tells_no_failure_before_it_counts),
        cmocka_unit_test(rewrites_a_line_on_a_terminal),
        cmocka_unit_test(paints_where_it_is_wanted),
        cmocka_unit_test(reports_what_was_done_when_interrupted),
        cmocka_unit_test(tells_what_was_broken_when_interrupted),
        cmocka_unit_test(leaves_nothing_behind_when_killed),
        cmocka_unit_test(replaces_a_file_when_the_report_is_whole),
        cmocka_unit_test(leaves_no_half_a_report),
        cmocka_unit_test(writes_into_pipes),
        cmocka_unit_test(says_that_it_cannot_write),
        cmocka_unit_test(chooses_by_ids_patterns_and_levels),
        cmocka_unit_test(refuses_what_chooses_nothing),
        cmocka_unit_test(a_level_is_enough_to_conform),
        cmocka_unit_test(is_strict_if_asked),
        cmocka_unit_test(sums_up_by_chapter),
        cmocka_unit_test(names_the_slowest),
        cmocka_unit_test(tells_versions),
        cmocka_unit_test(says_what_is_not_implemented_in_few_words),
        cmocka_unit_test(gives_commands_that_work),
    };

    return cmocka_run_group_tests(tests, set_up, place_tear_down);
}
