/* Tests of what a runtime's maker declares: a file of differences, its mistakes, and what conform
 * then says; of causes, by which failures are grouped; and of the first file, written from a
 * session. They have chapters of their own. */
#include "test_place.h"

#include <errno.h>
#include <fcntl.h>

#define SCENARIO(name, program) "Main works:\n\n```scenario " name "\ntask main\n" program "```\n\n"
#define RULE(id, level, part, scenarios)                                                           \
    "### R" id " Rule " id "  {" level "}\n\n" part "A rule.\n\nWhy: because.\n\n"                 \
    "Source: nowhere.\n\n" scenarios
#define WORK(name)                                                                                 \
    SCENARIO(name, "    print " name                                                               \
                   "\n    create r\n    check r\nexpect run ok\nexpect seen " name "\n")

/* In each scenario a task checks a resource that it does not own. The invariant of R5.2 demands
 * that it is refused, and nothing else. */
static const char owning[] = "# Owning\n\n" RULE("5.2", "MUST", "", WORK("one"));
static const char several[] = "# Several\n\n" RULE("97.3", "MUST", "", WORK("two") WORK("three"))
    RULE("97.4", "MUST", "", WORK("four")) RULE("97.8", "SHOULD", "", WORK("five"))
        RULE("97.9", "MUST", "", "untested: nobody is there\n\n");
static const char parts[] = "# Parts\n\n" RULE("98.1", "MUST", "", WORK("six"))
    RULE("98.2", "MUST", "Part: time\n\n", SCENARIO("nap", "    sleep 1\nexpect run ok\n"))
        RULE("98.3", "MUST", "", "untested: it is not asked for\n");

static const char sleeping[] =
    "# Parts\n\n" RULE("98.1", "MUST", "", SCENARIO("nap", "    sleep 1\nexpect run ok\n"))
        RULE("98.3", "MUST", "", "untested: it is not asked for\n");

/* A driver that executes all of them. `word` is what main prints, or 1 where it sleeps; cases of it
 * do something else. The words that it was asked for are in the file `asked`. */
static const char driver[] =
    "printf 'driver 2 test\\nready\\n'\n"
    "hello() { echo print main $word; }\n"
    "while read word id; do program=\n"
    "while read line && [ \"$line\" != go ]; do program=\"$program$line \"; done\n"
    "set -- $program; word=$4; run=ok; check=not-owner\n"
    "echo $word >>asked\n"
    "printf 'scenario %%s\\nbegin main 0\\n' $id\n"
    "case $word in %s\n1) ;; *) hello;; esac\n"
    "printf 'did main 2 ok\\n'\n"
    "[ $word = 1 ] || printf 'did main 3 ok\\ndid main 4 %%s\\n' $check\n"
    "printf 'end main\\nrun %%s\\nready\\n' $run; done\n";

#define ALL "--rule R5 --rule R97 --rule R98 --except R98.3 "

static int set_up(void **state)
{
    if (place_set_up_spec(state) != 0)
        return -1;
    write_file("spec/5-owning.md", owning);
    write_file("spec/97-several.md", several);
    write_file("spec/98-parts.md", parts);
    return 0;
}

/* Run conform on a driver that has these cases. */
__attribute__((format(printf, 2, 3))) static struct process conform(const char *cases,
                                                                    const char *format, ...)
{
    char text[8192];
    struct process process;
    va_list list;
    int size;

    snprintf(text, sizeof text, driver, cases);
    write_file("driver", text);
    write_file("asked", "");
    size = snprintf(text, sizeof text,
                    "cd '%s' && exec %s --spec spec --driver 'sh driver' --jobs 1 --timeout 2 ",
                    place, built("conform"));
    va_start(list, format);
    vsnprintf(text + size, sizeof text - (size_t)size, format, list);
    va_end(list);
    shell(&process, "", 0, text);
    assert_int_equal(process.end, PROCESS_EXITED);
    return process;
}

static void read_place(const char *name, char *text, size_t size)
{
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", place, name);
    file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* Run conform with these differences; it must end with the status and say the words. */
static void expect(const char *cases, const char *differences, const char *more, int status,
                   const char *words)
{
    struct process process;

    write_file("it.differences", differences);
    process = conform(cases, "--differences it.differences %s", more);
    assert_true(contains(process.output, words));
    if (process.status != status)
        print_error("%s%s", process.output, process.errors);
    assert_int_equal(process.status, status);
    process_free(&process);
}

/* ---- What is declared ---- */

static void nothing_declared_changes_nothing(void **state)
{
    (void)state;
    expect("", "# nothing\n\n  \t\n", ALL, 0,
           "\nkeeps what was chosen. Untested: R97.9\n7 passed, 0 failed, 1 skipped\n");
    expect("one) ;;", "", ALL, 1, "Broken: R5.2 ");
}

/* What differs is not executed, whether it would pass or fail. */
static void what_differs_is_not_executed(void **state)
{
    static const struct {
        const char *line, *row, *conclusion, *not_asked;
    } cases[] = {
        {"R97.4 differs on purpose\n", "  R97.4  MUST   differs           1  ",
         "keeps what was chosen, with 1 declared difference. Untested: R97.9\n"
         "broken, but no MUST: R97.8\n"
         "5 passed, 1 failed, 1 as declared, 1 skipped\n",
         "four"},
        {"R97.3/two\tdiffers on purpose\r\n", "  R97.3  MUST   differs         1/2  ",
         "keeps what was chosen, with 1 declared difference.", "two"},
        {"R97 differs on purpose", "  R97.3  MUST   differs           2  ",
         "keeps what was chosen, with 1 declared difference. Untested: R97.9\n"
         "3 passed, 0 failed, 4 as declared, 1 skipped\n",
         "three"},
        {"\xef\xbb\xbf# ours\n  R97.4   differs a # b\nR97.8 fails it does\nR98.1 differs so\n",
         "  R97.8  SHOULD differs           1  ",
         "keeps what was chosen, with 2 declared differences and 1 declared bug.", "six"},
    };
    char asked[1024];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect("five) ;;", cases[i].line, ALL, 0, cases[i].row);
        expect("five) ;;", cases[i].line, ALL, 0, cases[i].conclusion);
        read_place("asked", asked, sizeof asked);
        assert_null(strstr(asked, cases[i].not_asked));
    }
    expect("", "R97.4 differs on purpose\n", "--rule R97.4", 2, "could not tell");
}

/* A known bug must be there. */
static void what_fails_must_fail(void **state)
{
    (void)state;
    expect("four) ;;", "R97.4 fails it is dumb\n", ALL, 0, "  R97.4  MUST   differs           1  ");
    expect("four) ;;", "R97.4 fails it is dumb\n", "--rule R97.4", 0,
           "keeps what was chosen, with 1 declared bug.\n"
           "0 passed, 0 failed, 1 as declared\n");
    expect("two) exit 9;; four) exec sleep 99;;", "R97 fails it is dumb\n", ALL, 0,
           "5 passed, 0 failed, 2 as declared, 1 skipped\n");
    /* One test of a rule is enough; another rule is not excused. */
    expect("two) ;;", "R97.3 fails it is dumb\n", ALL, 0, "  R97.3  MUST   differs         1/2  ");
    expect("two|four) ;;", "R97.3 fails it is dumb\n", ALL, 1, "Broken: R97.4 ");
    /* What is told to fail and passes is told, in all formats. */
    expect("", "# ours\nR97.3 fails it is dumb\n", ALL, 1,
           "\nit.differences:2: R97.3 is declared to fail, and passes: remove its line\n"
           "7 passed, 0 failed, 1 skipped\n");
    expect("", "# ours\nR97.3/two fails it is dumb\n", ALL "--format tap --output report.tap", 1,
           "it.differences:2: R97.3/two is declared to fail, and passes: remove its line\n");
    /* Unless it may fail in what was not chosen. */
    expect("", "R97.3 fails it is dumb\n", "--rule R97.3/two", 0,
           "keeps what was chosen, with 1 declared bug.\n");
    expect("", "R5.2 fails it is dumb\n", "--rule R5.2", 0, "keeps what was chosen, with 1");
    expect("", "R5.2 fails it is dumb\n", ALL, 1, "R5.2 is declared to fail, and passes");
}

/* Whether it fails or passes makes no difference. */
static void what_varies_may_fail(void **state)
{
    static const char varies[] = "R97.3/two varies a race\nR5.2 varies another\n";
    static const char *const scripts[] = {"", "two) ;;", "two) exit 9;;", "one|two) ;;"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        expect(scripts[i], varies, ALL, 0, "  R97.3  MUST   differs         1/2  ");
        expect(scripts[i], varies, ALL, 0, "5 passed, 0 failed, 2 as declared, 1 skipped\n");
    }
    expect("", varies, ALL, 0, "with 2 declared differences. Untested: R97.9");
    expect("", varies, ALL " --format json", 0, "\"verdict\": \"varies\"");
    expect("two|four) ;;", varies, ALL, 1, "Broken: R97.4 ");
}

/* What cannot be executed is not held against the runtime, and what can be is. */
static void what_is_lacking_does_not_count(void **state)
{
#define ABSENT "hello; printf 'did main 2 ok\\ndid main 3 absent\\nready\\n'; continue;;"
    static const char *const lines[] = {"create lacks it\n", "R97.4 lacks it\n",
                                        "R97.4/four lacks it\n", "miou_resource_create lacks it\n"};
    size_t i;

    (void)state;
    expect("four) " ABSENT, "", ALL, 1, "  R97.4  MUST   not implemented   1  ");
    for (i = 0; i < sizeof lines / sizeof *lines; i++) {
        expect("four) " ABSENT, lines[i], ALL, 0, "  R97.4  MUST   lacks             1  ");
        expect("four) " ABSENT, lines[i], ALL, 0,
               "\nkeeps what was chosen. Lacking: R97.4 Untested: R97.9\n"
               "6 passed, 0 failed, 2 skipped\n");
    }
    expect("one|four) " ABSENT, lines[0], ALL, 0, "Lacking: R5.2 R97.4 Untested:");
    expect("one|four) " ABSENT, lines[1], ALL, 1, "Not implemented: R5.2 Lacking: R97.4 Untested:");
    /* A rule whose other tests pass is kept, and one whose other tests fail is not. */
    expect("two) " ABSENT, lines[0], ALL, 0, "  R97.3  MUST   pass            1/2  ");
    expect("two) " ABSENT " three) ;;", lines[0], ALL, 1, "Broken: R97.3 ");
    /* Nothing else is excused. */
    expect("four) ;;", lines[1], "--rule R97.4", 1, "Broken: R97.4");
    expect("four) hello; check=ok;;", lines[1], "--rule R97.4", 1, "Broken: R97.4");
    /* What is there is told, unless it may be lacking in what was not chosen. */
    expect("", "# ours\ncreate lacks it\n", ALL, 1,
           "it.differences:2: create is declared to be lacking, and is there: remove its line\n");
    expect("", lines[1], "--rule R97.4", 1, "R97.4 is declared to be lacking, and is there");
    expect("", lines[0], "--rule R97.4", 0, "keeps what was chosen.\n");
#undef ABSENT
}

static void a_known_failure_stops_nothing(void **state)
{
    (void)state;
    expect("one) ;;", "R5.2 fails it is dumb\n", ALL "--fail-fast", 0,
           "6 passed, 0 failed, 1 as declared");
    expect("one|four) ;;", "R5.2 fails it is dumb\n", ALL "--fail-fast", 1,
           "2 passed, 1 failed, 1 as declared, ");
}

/* An invariant that is declared accuses no test; that of a rule which is declared neither. */
static void an_invariant_is_silent_on_every_trace(void **state)
{
    static const char wrong[] = "one|two) hello; check=ok;;";
    static const char *const lines[] = {"invariant:R5.2 differs so", "invariant:R5.2 fails so"};
    size_t i;

    (void)state;
    expect(wrong, "", ALL, 1, "Broken: R5.2 R97.3 ");
    for (i = 0; i < sizeof lines / sizeof *lines; i++) {
        expect(wrong, lines[i], ALL, 0, "  R5.2   MUST   differs           1  ");
        expect(wrong, lines[i], ALL, 0, "  R97.3  MUST   pass              2  ");
        expect(wrong, lines[i], "--rule R97.3", 0, "keeps what was chosen, with 1 declared ");
    }
    expect(wrong, "R5.2 differs so", ALL, 0, "  R97.3  MUST   pass              2  ");
    expect(wrong, "R5.2 fails so", ALL, 0, "  R97.3  MUST   pass              2  ");
    expect(wrong, "R5.2 fails so", ALL, 0, "  R5.2   MUST   differs           1  ");
    expect(wrong, "R5.2/one differs so", ALL, 1, "Broken: R97.3 ");
    expect("", lines[1], ALL, 1, "invariant:R5.2 is declared to fail, and passes: remove its line");
    expect("", lines[1], "--rule R5", 0, "keeps what was chosen, with 1 declared bug.\n");
}

static void a_declared_part_is_declined(void **state)
{
    (void)state;
    expect("", "time declines no clock\n", ALL, 0, "  R98.2  MUST   declined          1  ");
    expect("", "time declines no clock\n", ALL, 0, "keeps what was chosen, without time. ");
    expect("", "choices declines none\n", ALL, 0, "keeps what was chosen, without choices. ");
    /* If it is not true, that is told. */
    write_file("spec/98-parts.md", sleeping);
    expect("", "# ours\ntime declines no clock\n", ALL, 1,
           "it.differences:2: time is declared to be declined, and the runtime has some of it: "
           "remove its line\n");
    write_file("spec/98-parts.md", parts);
}

/* ---- Mistakes ---- */

static void tells_each_mistake(void **state)
{
    static const char line[] = "R5.2 fails 1234567890123456789012345678901234567890";
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"R5.2\n", "it.differences:1: a line is WHAT VERDICT REASON"},
        {"\n# a\nR5.2 fails\r\n", "it.differences:3: R5.2 has no reason"},
        {"R5.2 fails # later\n", "it.differences:1: R5.2 has no reason"},
        {"R5.2 passes so\n",
         "it.differences:1: 'passes' is no verdict; these are: differs, fails, varies, lacks, "
         "declines"},
        {"R97.7 fails so\n", "it.differences:1: there is no rule R97.7; see --list"},
        {"R9 fails so\n", "it.differences:1: there is no rule R9; see --list"},
        {"R97.3/four fails so\n", "it.differences:1: R97.3 has no test 'four'"},
        {"R97.3/ fails so\n", "it.differences:1: R97.3 has no test ''"},
        {"word fails so\n",
         "it.differences:1: there is no rule, test, invariant, part or operation 'word'"},
        {"invariant:R97.3 fails so\n", "it.differences:1: R97.3 has no invariant"},
        {"invariant:R7.3 fails so\n", "it.differences:1: there is no rule R7.3; see --list"},
        {"invariant: fails so\n",
         "it.differences:1: there is no rule, test, invariant, part or operation 'invariant:'"},
        {"R97.9 fails so\n", "it.differences:1: R97.9 has no test that could fail"},
        {"R97.9 varies so\n", "it.differences:1: R97.9 has no test that could fail"},
        {"time differs so\n",
         "it.differences:1: time is a part of the interface, which a runtime only declines"},
        {"create fails so\n",
         "it.differences:1: create is an operation, which a runtime only lacks"},
        {"outside differs so\n",
         "it.differences:1: outside is an operation, which a runtime only lacks"},
        {"time lacks so\n",
         "it.differences:1: time is a part of the interface, which a runtime only declines"},
        {"invariant:R5.2 lacks so\n", "it.differences:1: an invariant needs no operation"},
        {"R97.9 lacks so\n", "it.differences:1: R97.9 has no test that could fail"},
        {"own lacks so\nmiou_own lacks so\n",
         "it.differences:2: miou_own is declared already: line 1 declares own"},
        {"R97 declines so\n",
         "it.differences:1: R97 is no part that a runtime may decline; these "
         "are: signals monitors hooks synchronisation time unix server choices"},
        {"core declines so\n", "it.differences:1: core is no part that a runtime may decline"},
        {"R5.2 fails so\nR5.2 differs so\n",
         "it.differences:2: R5.2 is declared already: line 1 declares R5.2"},
        {"R97.3/two fails so\nR97 differs so\n",
         "it.differences:2: R97 is declared already: line 1 declares R97.3/two"},
        {"R5.2 fails so\ninvariant:R5.2 fails so\n",
         "it.differences:2: invariant:R5.2 is declared already: line 1 declares R5.2"},
        {"R5.2 fails a \x07 bell\n", "it.differences:1: the byte 0x07 has no place in a line"},
    };
    char text[4096] = "";
    struct process process;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file("it.differences", cases[i].text);
        process = conform("", ALL "--differences it.differences");
        assert_true(contains(process.errors, cases[i].complaint));
        assert_true(strchr(process.errors, '\n') == strrchr(process.errors, '\n')); /* one line */
        assert_string_equal(process.output, "");
        assert_int_equal(process.status, 2);
        process_free(&process);
    }
    for (i = 0; i < 20; i++)
        strcat(text, line);
    write_file("it.differences", text);
    process = conform("", ALL "--differences it.differences");
    assert_string_equal(process.errors,
                        "conform: it.differences:1: a line has at most 1000 bytes\n");
    process_free(&process);
}

static void tells_what_is_no_text(void **state)
{
    static const char *const files[][2] = {
        {"/nonexistent", "conform: /nonexistent: No such file or directory\n"},
        {"spec", "conform: spec: Is a directory\n"},
        {"/dev/zero", "conform: /dev/zero: more than 1048575 bytes\n"},
    };
    struct process process;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof files / sizeof *files; i++) {
        process = conform("", ALL "--differences %s", files[i][0]);
        assert_string_equal(process.errors, files[i][1]);
        assert_int_equal(process.status, 2);
        process_free(&process);
    }
    process = conform("", "--rule R97 --differences /dev/stdin <<'END'\nR5.2 differs so\nEND\n");
    assert_int_equal(process.status, 0);
    process_free(&process);
}

/* ---- Causes ---- */

/* Failures with one cause are explained once, those of true rules first. */
static void explains_a_cause_once(void **state)
{
    struct process process = conform("one|two|three) hello; run=busy;; four) exit 9;; "
                                     "five) echo oops >&2; exit 9;; "
                                     "six) exit 9;;",
                                     ALL);

    (void)state;
    assert_true(contains(process.output, "\nR5.2/one fail  Rule 5.2 {MUST}\n"));
    assert_true(contains(process.output,
                         "\n  The same cause, the run ends with busy; expected: ok: "
                         "R97.3/two R97.3/three\n"));
    assert_null(strstr(process.output, "\nR97.3/two fail"));
    assert_true(contains(process.output, "\nR97.4/four crash  "));
    assert_true(
        contains(process.output,
                 "\n  The same cause, exited with status 9 in the middle of the run: R98.1/six\n"));
    assert_true(contains(process.output, "\nR97.8/five crash  "));
    process_free(&process);
}

/* What fails only by the invariant of another rule is told behind what fails by itself, or by its
 * own. */
static void true_rules_come_first(void **state)
{
    struct process process = conform("two) check=ok; hello;; four) run=busy; hello;;", ALL);
    const char *two = strstr(process.output, "\nR97.3/two fail");
    const char *four = strstr(process.output, "\nR97.4/four fail");

    (void)state;
    assert_true(four && two && four < two);
    process_free(&process);
    process = conform("one|two) check=ok; hello;; four) run=busy; hello;;", ALL);
    assert_true(contains(process.output, "\nR5.2/one fail"));
    assert_true(contains(process.output,
                         "\n  The same cause, it breaks R5.2, which holds for every "
                         "program: R97.3/two\n\nR97.4/four fail"));
    process_free(&process);
}

/* ---- The first file ---- */

static void unlink_first(void)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/first", place);
    assert_int_equal(unlink(path), 0);
}

static void a_session_makes_a_first_file(void **state)
{
    static const char cases[] =
        "one|two) hello; check=ok;; three) hello; run=busy;; "
        "four) hello; printf 'did main 2 ok\\ndid main 3 absent\\nready\\n'; continue;; "
        "five) run=busy; hello;; six) exit 9;; "
        "1) echo did main 2 absent; echo ready; continue;;";
    struct process process = conform(cases, ALL "--differences-from-run first");
    char text[4096];

    (void)state;
    assert_int_equal(process.status, 1);
    process_free(&process);
    read_place("first", text, sizeof text);
    assert_string_equal(strchr(strstr(text, "\n# lacks") + 1, '\n'),
                        "\n\n# the run ends with busy; expected: ok\n"
                        "R97.3/three fails the run ends with busy; expected: ok\n"
                        "R97.8 fails the run ends with busy; expected: ok\n"
                        "\n# exited with status 9 in the middle of the run\n"
                        "R98.1 fails exited with status 9 in the middle of the run\n"
                        "\n# Rules that hold for every program, broken in tests of any rule\n"
                        "invariant:R1.1 fails a rule of no chapter\n"
                        "invariant:R5.2 fails Rule 5.2\n"
                        "\n# Not implemented\n"
                        "create lacks the runtime has no create\n");
    process = conform(cases, ALL "--differences first");
    assert_int_equal(process.status, 0);
    process_free(&process);
    unlink_first();
    /* What several tests of a rule lack has a line each. */
    process =
        conform("two) hello; printf 'did main 2 ok\\ndid main 3 absent\\nready\\n'; continue;; "
                "three) printf 'did main 2 absent\\nready\\n'; continue;;",
                ALL "--differences-from-run first");
    process_free(&process);
    read_place("first", text, sizeof text);
    assert_true(contains(text, "\n# Not implemented\nR97.3 lacks the runtime has no create\n"
                               "print lacks the driver has no print\n"));
    unlink_first();
    /* What breaks the protocol has no rule, and so no invariant that could be excused. */
    process = conform("four) hello; echo print main four;;", ALL "--differences-from-run first");
    process_free(&process);
    process = conform("four) hello; echo print main four;;", ALL "--differences first");
    assert_int_equal(process.status, 0);
    process_free(&process);
    /* It is not replaced. */
    process = conform(cases, ALL "--differences-from-run first");
    assert_string_equal(process.errors, "conform: first is there already; it is not replaced\n");
    assert_int_equal(process.status, 2);
    process_free(&process);
    process = conform(cases, ALL "--differences-from-run /nonexistent/first");
    assert_string_equal(process.errors, "conform: /nonexistent/first: No such file or directory\n");
    assert_int_equal(process.status, 2);
    process_free(&process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_declared_changes_nothing),
        cmocka_unit_test(what_differs_is_not_executed),
        cmocka_unit_test(what_fails_must_fail),
        cmocka_unit_test(what_varies_may_fail),
        cmocka_unit_test(what_is_lacking_does_not_count),
        cmocka_unit_test(a_known_failure_stops_nothing),
        cmocka_unit_test(an_invariant_is_silent_on_every_trace),
        cmocka_unit_test(a_declared_part_is_declined),
        cmocka_unit_test(tells_each_mistake),
        cmocka_unit_test(tells_what_is_no_text),
        cmocka_unit_test(explains_a_cause_once),
        cmocka_unit_test(true_rules_come_first),
        cmocka_unit_test(a_session_makes_a_first_file),
    };

    return cmocka_run_group_tests(tests, set_up, place_tear_down);
}
