/* Tests of conform: its options, its verdicts on drivers that are a few lines of shell each, and
 * its reports. They have chapters of their own. */
#include "test_place.h"

#include <ctype.h>
#include <fcntl.h>

static char *read_file(const char *name)
{
    char path[PATH_MAX];
    char *text = calloc(1, 1 << 20);
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", place, name);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

/* Run conform on the chapters in the directory spec. */
__attribute__((format(printf, 1, 2))) static struct process conform(const char *format, ...)
{
    char text[8192];
    struct process process;
    va_list list;
    int size;

    size = snprintf(text, sizeof text, "cd '%s' && exec %s --spec spec ", place, built("conform"));
    va_start(list, format);
    vsnprintf(text + size, sizeof text - (size_t)size, format, list);
    va_end(list);
    shell(&process, "", 0, text);
    assert_int_equal(process.end, PROCESS_EXITED);
    return process;
}

static const char chapter[] = "# A chapter\n"
                              "\n"
                              "### R98.1 Saying hello & <more>  {MUST}\n"
                              "\n"
                              "A task can say *hello*.\n"
                              "\n"
                              "Why: because.\n\nSource: nowhere.\n"
                              "\n"
                              "Main speaks:\n"
                              "\n"
                              "The task says hello *once*:\n"
                              "\n"
                              "```scenario first\n"
                              "task main\n"
                              "    print hello\n"
                              "expect run ok\n"
                              "expect seen hello\n"
                              "```\n"
                              "\n"
                              "### R98.2 Saying it again  {SHOULD}\n"
                              "\n"
                              "It can do so twice.\n"
                              "\n"
                              "Why: because.\n\nSource: nowhere.\n"
                              "\n"
                              "Main speaks:\n"
                              "\n"
                              "```scenario\n"
                              "task main\n"
                              "    repeat 2 print hello\n"
                              "expect run ok\n"
                              "expect count 2 hello\n"
                              "```\n"
                              "\n"
                              "### R98.3 Nobody knows  {MUST}\n"
                              "\n"
                              "It may be heard.\n"
                              "\n"
                              "Why: because.\n\nSource: nowhere.\n"
                              "\n"
                              "untested: there is nobody to hear it\n";

static const char other_chapter[] = "# Another chapter\n"
                                    "\n"
                                    "### R99.1 Without a test  {MUST}\n"
                                    "\n"
                                    "A rule.\n"
                                    "\n"
                                    "Why: because.\n\nSource: nowhere.\n";

/* Drivers. Each reads the scenario's number, and knows the scenarios of the chapter. */
#define DRIVER(rest)                                                                               \
    "say() { printf \"$@\"; }; say 'driver 2 test\\nready\\n'\n"                                   \
    "while read word id; do program=\n"                                                            \
    "while read line && [ \"$line\" != go ]; do program=\"$program$line \"; done\n" rest           \
    "\nsay 'ready\\n'; done\n"
#define BEFORE "say 'scenario %%s\\nbegin main 0\\n' $id; "
#define HELLO  "say 'print main hello\\n'; "
#define AFTER  "say 'did main 2 ok\\nend main\\nrun ok\\n'; "
#define TWICE  "case $program in *repeat*) say 'print main hello\\n';; esac; "

static const char honest[] =
    DRIVER("say 'scenario %%s\\nbegin main 0\\nprint main hello\\n' $id;" TWICE AFTER);

static void set_up_driver(const char *name, const char *text)
{
    char *plain = strdup(text), *from, *to;

    for (from = to = plain; *from; from++) /* %% of the macros above */
        if (!(from[0] == '%' && from[1] == '%'))
            *to++ = *from;
    *to = '\0';
    write_file(name, plain);
    free(plain);
}

static int set_up(void **state)
{
    if (place_set_up_spec(state) != 0)
        return -1;
    write_file("spec/98-test.md", chapter);
    write_file("spec/99-other.md", other_chapter);
    set_up_driver("honest", honest);
    return 0;
}

/* ---- Verdicts ---- */

/* What conform says about R98.1 and a driver. */
static void expect_verdict(const char *driver, const char *verdict, int status, const char *text)
{
    const char *tests = strcmp(verdict, "not implemented") != 0 ? "0/1" : "1";
    char row[64];
    struct process process;

    set_up_driver("driver", driver);
    process = conform("--driver 'sh driver' --rule R98.1 --timeout 20");
    snprintf(row, sizeof row, "  R98.1  MUST   %-15s %3s  Saying hello & <more>\n", verdict, tests);
    assert_true(contains(process.output, row));
    assert_true(contains(process.output, text));
    assert_int_equal(process.status, status);
    process_free(&process);
}

/* The report without its head, which ends with an empty line. */
static const char *body(const struct process *process)
{
    const char *end = strstr(process->output, "\n\n");

    assert_non_null(end);
    return end + 2;
}

static void passes_the_honest(void **state)
{
    struct process process = conform("--driver 'sh honest' --rule R98");

    (void)state;
    assert_true(contains(process.output, "sh honest, driver test; specification without a version; "
                                         "conform "));
    assert_string_equal(body(&process),
                        "98 A chapter\n"
                        "  R98.1  MUST   pass              1  Saying hello & <more>\n"
                        "  R98.2  SHOULD pass              1  Saying it again\n"
                        "  R98.3  MUST   untested          0  Nobody knows\n"
                        "\n"
                        "R98.3 untested: there is nobody to hear it\n"
                        "\n"
                        "keeps what was chosen. Untested: R98.3\n"
                        "2 passed, 0 failed, 1 skipped\n");
    assert_string_equal(process.errors, "");
    assert_int_equal(process.status, 0);
    process_free(&process);
}

static void leaves_out_exceptions(void **state)
{
    struct process process =
        conform("--driver 'sh honest' --rule R98 --except R98.1/first --except R98.3");

    (void)state;
    assert_string_equal(body(&process), "98 A chapter\n"
                                        "  R98.2  SHOULD pass              1  Saying it again\n"
                                        "\n"
                                        "keeps what was chosen.\n"
                                        "1 passed, 0 failed\n");
    assert_int_equal(process.status, 0);
    process_free(&process);
}

static void could_not_tell(const char *arguments, const char *why)
{
    struct process process = conform("%s", arguments);
    char *end = strchr(process.errors, '\n');

    assert_true(contains(process.errors, why));
    assert_true(end && !end[1]); /* one line */
    assert_string_equal(process.output, "");
    assert_int_equal(process.status, 2);
    process_free(&process);
}

static void tests_a_share(void **state)
{
    struct process process = conform("--driver 'sh honest' --rule R98 --shard 2/2");

    (void)state;
    assert_string_equal(body(&process), "98 A chapter\n"
                                        "  R98.2  SHOULD pass              1  Saying it again\n"
                                        "\n"
                                        "keeps what was chosen.\n"
                                        "1 passed, 0 failed\n");
    process_free(&process);
    process = conform("--driver 'sh honest' --rule R98 --shard 1/2 --format json");
    assert_true(contains(process.output, "\"shard\": \"1/2\""));
    assert_true(contains(process.output, "\"id\": \"R98.1\""));
    assert_null(strstr(process.output, "\"id\": \"R98.2\""));
    assert_true(contains(process.output, "\"id\": \"R98.3\""));
    process_free(&process);
    could_not_tell("--driver 'sh honest' --rule R98 --shard 4/4", "no rule is left to be tested");
}

static void fails_the_wrong(void **state)
{
    (void)state;
    expect_verdict(DRIVER(BEFORE AFTER), "fail", 1, "0 passed, 1 failed\n");
    expect_verdict(DRIVER(BEFORE HELLO "say 'did main 2 busy\\nend main\\nrun ok\\n'"), "fail", 1,
                   "observed: ");
    expect_verdict(DRIVER(BEFORE HELLO "say 'did main 2 ok\\nend main\\nrun ok 1\\n'"), "fail", 1,
                   "observed: ");
}

static void fails_who_breaks_the_protocol(void **state)
{
    (void)state;
    expect_verdict(DRIVER("id=$((id + 1)); " BEFORE HELLO AFTER), "fail", 1, "broke the protocol");
    expect_verdict(DRIVER("id=; " BEFORE HELLO AFTER), "fail", 1, "broke the protocol");
    expect_verdict(DRIVER(BEFORE "echo gibberish; " HELLO AFTER), "fail", 1, "gibberish");
    expect_verdict(DRIVER(BEFORE HELLO AFTER "echo more"), "fail", 1, "broke the protocol");
    expect_verdict(DRIVER(BEFORE "head -c 100 /dev/zero; " AFTER), "fail", 1, "\\x00\\x00");
    expect_verdict(DRIVER("echo $program"), "fail", 1, "broke the protocol");
}

static void tells_crashes_apart(void **state)
{
    (void)state;
    expect_verdict(DRIVER(BEFORE HELLO "kill -SEGV $$"), "crash", 1,
                   "killed by signal 11, SIGSEGV");
    expect_verdict(DRIVER(BEFORE HELLO AFTER "kill -ABRT $$"), "crash", 1, "SIGABRT");
    expect_verdict(DRIVER(BEFORE HELLO), "crash", 1, "ended in the middle of the run");
    expect_verdict(DRIVER(BEFORE HELLO "exit 9"), "crash", 1, "with status 9");
    expect_verdict(DRIVER(BEFORE HELLO "exit 127"), "crash", 1,
                   "exited with status 127 in the middle of the run");
    expect_verdict(DRIVER(BEFORE HELLO AFTER "exit 9"), "crash", 1, "exit status 9 after the run");
    expect_verdict(DRIVER(""), "crash", 1, "in the middle of the run");
    expect_verdict(DRIVER(BEFORE "exec yes"), "crash", 1, "256 MiB of output");
}

static void tells_hangs_apart(void **state)
{
    struct process process;

    (void)state;
    set_up_driver("driver", DRIVER(BEFORE "exec sleep 1000"));
    process = conform("--driver 'sh driver' --rule R98.1 --timeout 0.5");
    assert_true(contains(process.output, "  R98.1  MUST   hang  "));
    assert_true(contains(process.output, "no end: it sleeps, having used "));
    assert_true(contains(process.output, "begin main 0\n"));
    assert_int_equal(process.status, 1);
    process_free(&process);
}

static void tells_what_is_not_implemented(void **state)
{
    (void)state;
    expect_verdict(DRIVER(BEFORE "say 'absent miou_yield\\n'"), "not implemented", 2,
                   "Not implemented: R98.1\nNext: yield, which 1 test needs and nothing else.\n");
    expect_verdict(DRIVER(BEFORE "say 'absent miou_yield\\n'"), "not implemented", 2,
                   "0 passed, 0 failed, 1 skipped\n");
}

/* What a driver does itself is not the runtime's to have. */
static void tells_the_drivers_own_from_the_runtimes(void **state)
{
    struct process process;
    char text[2 * PATH_MAX];

    (void)state;
    snprintf(text, sizeof text,
             "exec %s --driver \"printf 'driver 2 x\\nlacks until own\\nready\\n'; cat\" --format "
             "tap --rule R9.11/handed-to-who-waits-for-the-mutex,R5.6/plain",
             built("conform"));
    shell(&process, "", 0, text);
    assert_true(contains(process.output, "not implemented: the driver has no until, which needs a "
                                         "yield\n"));
    assert_true(contains(process.output, "not implemented: the runtime has no own\n"));
    process_free(&process);
}

/* A runtime that lacks a function does not conform, whatever else it does. */
static void demands_what_is_not_implemented(void **state)
{
    struct process process;

    (void)state;
    set_up_driver("driver", DRIVER(BEFORE "case $program in *repeat*) " HELLO HELLO AFTER ";; *) "
                                          "say 'absent miou_yield\\n';; esac"));
    process = conform("--driver 'sh driver' --rule R98");
    assert_true(contains(process.output, "does not conform. Not implemented: R98.1 "));
    assert_true(contains(process.output, "\n1 passed, 0 failed, 2 skipped\n"));
    assert_int_equal(process.status, 1);
    process_free(&process);
}

/* A broken SHOULD rule is a failed test and is reported, but the runtime conforms. */
static void a_should_is_no_must(void **state)
{
    struct process process;

    (void)state;
    set_up_driver("driver", DRIVER(BEFORE HELLO AFTER));
    process = conform("--driver 'sh driver' --rule R98");
    assert_true(contains(process.output, "  R98.2  SHOULD fail  "));
    assert_true(contains(process.output, "\nbroken, but no MUST: R98.2\n"));
    assert_true(contains(process.output, "\n1 passed, 1 failed, 1 skipped\n"));
    assert_int_equal(process.status, 0);
    process_free(&process);
}

static void tells_what_it_could_not_tell(void **state)
{
    (void)state;
    set_up_driver("driver", "echo this is no scenario >&2; exit 2\n");
    could_not_tell("--driver 'sh driver' --rule R98.1", "this is no scenario");
    could_not_tell("--driver /nonexistent/driver --rule R98.1", "cannot be executed");
    could_not_tell("--driver 'sh honest' --under /nonexistent --rule R98.1", "cannot be executed");
    could_not_tell("--runtime driver --rule R98.1", "cannot open driver: ");
    could_not_tell("--runtime driver --under /nonexistent --rule R98.1", "cannot be executed");
    set_up_driver("driver", "echo I have no runtime >&2; exit 3\n");
    could_not_tell("--driver 'sh driver' --rule R98",
                   "does not greet with `driver 2 NAME`; it has ended with status 3: I have no "
                   "runtime");
}

/* A driver that refuses the scenario of R97.1 and executes all others in one way. */
static void expect_beside_unknown(const char *others, int status, const char *conclusion)
{
    char driver[1024];
    struct process process;

    snprintf(driver, sizeof driver,
             DRIVER("case $program in *unknown*) "
                    "echo not here >&2; exit 2;; esac; %s"),
             others);
    set_up_driver("driver", driver);
    process = conform("--driver 'sh driver' --rule R97 --rule R98.1");
    assert_true(contains(process.output, "  R97.1  MUST   unknown  "));
    assert_true(contains(process.output, "\ncould not tell R97.1: "));
    assert_true(contains(process.output, conclusion));
    assert_int_equal(process.status, status);
    process_free(&process);
}

/* What is broken outweighs what is unknown, which outweighs what is kept. */
static void a_broken_rule_outweighs_an_unknown_one(void **state)
{
    (void)state;
    write_file("spec/97-unknown.md", "# Unknown\n\n### R97.1 Saying it here  {MUST}\n\nA rule.\n\n"
                                     "Why: because.\n\nSource: nowhere.\n\nMain speaks:\n\n"
                                     "```scenario\ntask main\n    print unknown\nexpect run ok\n"
                                     "```\n");
    expect_beside_unknown(BEFORE HELLO AFTER, 2,
                          "could not tell whether the runtime conforms. Unknown: R97.1\n"
                          "1 passed, 0 failed, 1 unknown\n");
    expect_beside_unknown(BEFORE AFTER, 1,
                          "does not conform. Broken: R98.1 Unknown: R97.1\n"
                          "0 passed, 1 failed, 1 unknown\n");
    remove_file("spec/97-unknown.md");
}

/* ---- Failing fast ---- */

#define SCENARIO(word)                                                                             \
    "Main speaks:\n\n```scenario " word "\ntask main\n    print " word "\nexpect run ok\n```\n\n"
#define RULE(number, level, scenarios)                                                             \
    "### R96." #number " Rule " #number "  {" level "}\n\nA rule.\n\nWhy: because.\n\n"            \
    "Source: nowhere.\n\n" scenarios

static const char several[] =
    "# Several\n\n" RULE(1, "SHOULD", SCENARIO("good-1") SCENARIO("bad-1"))
        RULE(2, "MUST", SCENARIO("good-2") SCENARIO("bad-2") SCENARIO("good-3"))
            RULE(3, "MUST", SCENARIO("good-4") SCENARIO("bad-3"));

/* Run conform on these rules and a driver that does something else in the scenarios called bad. It
 * notes the scenarios in the file executed. */
static void expect_executed(const char *bad, const char *options, int status, const char *executed,
                            const char *conclusion)
{
    char driver[1024], *noted;
    struct process process;

    write_file("spec/96-several.md", several);
    write_file("executed", ":");
    snprintf(driver, sizeof driver,
             DRIVER("set -- $program; word=$4; printf ' %%s' $word >>executed; " BEFORE
                    "case $word in bad*) %s;; esac; "
                    "say \"print main $word\\n\"; " AFTER),
             bad);
    set_up_driver("driver", driver);
    process = conform("--driver 'sh driver' --jobs 1 --rule R96 --timeout 1 %s", options);
    noted = read_file("executed");
    assert_string_equal(noted, executed);
    assert_true(contains(process.output, conclusion));
    assert_int_equal(process.status, status);
    free(noted);
    process_free(&process);
    remove_file("spec/96-several.md");
}

#define WRONG "say 'print main hello\\n'"

static void stops_at_the_first_failure(void **state)
{
    (void)state;
    expect_executed(WRONG, "", 1, ": good-1 bad-1 good-2 bad-2 good-3 good-4 bad-3",
                    "does not conform. Broken: R96.2 R96.3\n"
                    "broken, but no MUST: R96.1\n"
                    "4 passed, 3 failed\n");
    expect_executed(WRONG, "--fail-fast", 1, ": good-1 bad-1 good-2 bad-2",
                    "does not conform. Broken: R96.2\n"
                    "broken, but no MUST: R96.1\n"
                    "2 passed, 2 failed, 3 not reached\n");
    expect_executed(WRONG, "--fail-fast=rule", 1, ": good-1 bad-1 good-2 bad-2 good-4 bad-3",
                    "does not conform. Broken: R96.2 R96.3\n"
                    "broken, but no MUST: R96.1\n"
                    "3 passed, 3 failed, 1 not reached\n");
}

/* What is left out of the session is not in the report either. */
static void does_not_report_what_it_left_out(void **state)
{
    (void)state;
    expect_executed(WRONG, "--fail-fast", 1, ": good-1 bad-1 good-2 bad-2",
                    "96 Several\n"
                    "  R96.1  SHOULD fail            1/2  Rule 1\n"
                    "  R96.2  MUST   fail            1/2  Rule 2\n"
                    "\nR96.1/bad-1 fail");
}

/* What only seems to hang is asked again before it counts, and nothing is left out for it. */
static void a_hang_is_asked_again_before_it_counts(void **state)
{
    (void)state;
    expect_executed("[ -e again ] || { >again; exec sleep 99; }", "--fail-fast=rule", 0,
                    ": good-1 bad-1 good-2 bad-2 good-3 good-4 bad-3 bad-1 bad-1 bad-1",
                    "hangs now and then.\n\nkeeps what was chosen.\n7 passed, 0 failed\n");
    remove_file("again");
    expect_executed("[ $word != bad-2 ] || [ -e again ] || { >again; exec sleep 99; }",
                    "--fail-fast", 0,
                    ": good-1 bad-1 good-2 bad-2 bad-2 bad-2 bad-2 good-3 good-4 bad-3",
                    "7 passed, 0 failed\n");
    remove_file("again");
    /* One that hangs now and then hangs. */
    expect_executed(
        "[ $word != bad-2 ] || { echo >>times; case $(wc -l <times) in 1|3) exec sleep 99;; "
        "esac; }",
        "--fail-fast", 1, ": good-1 bad-1 good-2 bad-2 bad-2 bad-2",
        "3 passed, 1 failed, 3 not reached\n");
    remove_file("times");
    expect_executed("[ $word != bad-2 ] || exec sleep 99", "--fail-fast", 1,
                    ": good-1 bad-1 good-2 bad-2 bad-2", "3 passed, 1 failed, 3 not reached\n");
}

/* So is a run that could not start, since other programs may have taken all threads for a moment.
 */
static void a_shortage_is_asked_again_before_it_counts(void **state)
{
    static const char starving[] =
        DRIVER("echo >>asked; case $(wc -l <asked) in %s) say 'scenario %%%%s\\nrun %s\\n' $id;; "
               "*) " BEFORE HELLO TWICE AFTER ";; esac");
    static const struct {
        const char *when, *how;
        int status;
    } cases[] = {
        {"1", "error 11", 0}, {"1", "no-memory", 0}, {"[12]", "error 11", 1}, {"1", "busy", 1}};
    struct process process;
    char driver[1024];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(driver, sizeof driver, starving, cases[i].when, cases[i].how);
        set_up_driver("driver", driver);
        process = conform("--driver 'sh driver' --jobs 1 --rule R98.1");
        assert_int_equal(process.status, cases[i].status);
        process_free(&process);
        remove_file("asked");
    }
}

/* Where addresses are limited, tasks that find none say nothing of the runtime. */
static void tasks_may_find_no_memory_where_it_is_limited(void **state)
{
    static const char refusing[] =
        DRIVER("say 'scenario %%s\nbegin main 0\ndid main 2 no-memory\nend main\nrun ok\n' $id");
    char command[4 * PATH_MAX];
    struct process process;

    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* they need more addresses */
#endif
    set_up_driver("driver", refusing);
    process = conform("--driver 'sh driver' --rule R98.1/first");
    assert_int_equal(process.status, 1);
    process_free(&process);
    snprintf(command, sizeof command,
             "cd '%s' && ulimit -v 8000000 && exec %s --spec spec --driver 'sh driver' --rule "
             "R98.1/first",
             place, built("conform"));
    shell(&process, "", 0, command);
    assert_true(
        contains(process.output, "R98.1: a task found no memory, of 7812 MiB of addresses"));
    assert_int_equal(process.status, 2);
    process_free(&process);
}

/* ---- Parts ---- */

#define PART_RULE(number, title, lines, program)                                                   \
    "### R98." number " " title "  {MUST}\n\n" lines "A rule.\n\nWhy: because.\n\n"                \
    "Source: nowhere.\n\nMain works:\n\n```scenario\ntask main\n" program "expect run ok\n```\n\n"

static const char parts_chapter[] =
    "# Parts\n\n" PART_RULE("1", "Speaking", "", "    print hello\n")
        PART_RULE("2", "Locking", "Part: synchronisation\n\n", "    mutex m\n    lock m\n")
            PART_RULE("3", "Sleeping", "Part: time\n\n", "    sleep 1\n")
                PART_RULE("4", "Speaking in bed", "", "    sleep 1\n    print hello\n")
                    PART_RULE("5", "Not asked for", "", "") PART_RULE(
                        "6", "Sleeping late", "Part: time\n\n", "    orphans o\n    sleep 1\n");

/* The report on the chapter of parts, of a runtime or driver. */
static struct process check_parts(const char *runtime)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/parts", place);
    mkdir(path, 0700);
    write_file("parts/98-parts.md", parts_chapter);
    return conform("--spec parts --rule R98 --except R98.5,R98.6 %s", runtime);
}

static struct process check_without(const char *left_out)
{
    char runtime[2 * PATH_MAX];
    struct process process;

    setenv("MIOU_SABOTAGED", built("peers/threads.so"), 1);
    setenv("MIOU_LEFT_OUT", left_out, 1);
    snprintf(runtime, sizeof runtime, "--runtime %s", built("liars/leaves_out.so"));
    process = check_parts(runtime);
    unsetenv("MIOU_LEFT_OUT");
    unsetenv("MIOU_SABOTAGED");
    return process;
}

static void a_part_is_declined_as_a_whole(void **state)
{
    struct process process = check_without("synchronisation time");
    char runtime[2 * PATH_MAX];

    (void)state;
    assert_string_equal(process.errors, "");
    assert_string_equal(body(&process), "98 Parts\n"
                                        "  R98.1  MUST   pass              1  Speaking\n"
                                        "  R98.2  MUST   declined          1  Locking\n"
                                        "  R98.3  MUST   declined          1  Sleeping\n"
                                        "  R98.4  MUST   untested          1  Speaking in bed\n"
                                        "\n"
                                        "R98.4 untested: the runtime declines time\n"
                                        "\n"
                                        "keeps what was chosen, without synchronisation, time, "
                                        "server and choices.\nUntested: R98.4\n"
                                        "1 passed, 0 failed, 3 skipped\n");
    assert_int_equal(process.status, 0);
    process_free(&process);
    /* What it does not export it lacks as well. */
    snprintf(runtime, sizeof runtime, "--runtime %s", built("liars/lacks_functions.so"));
    process = check_parts(runtime);
    assert_true(contains(process.output, "  R98.2  MUST   declined  "));
    assert_true(
        contains(process.output, " Declined: signals, hooks,\nsynchronisation, unix and server\n"));
    process_free(&process);
}

static void half_a_part_is_not_declined(void **state)
{
    struct process process = check_without("miou_mutex_lock miou_sleep");

    (void)state;
    assert_true(contains(process.output, "  R98.2-R98.4   not implemented   3  3 rules\n"));
    assert_true(
        contains(process.output,
                 "does not conform. Not implemented: R98.2-R98.4 Declined: server and choices\n"
                 "Of synchronisation and time the runtime has some functions, but not all. It "
                 "may\ndecline a part, but only as a whole; so what is missing counts as "
                 "not\nimplemented.\n"
                 "Next: miou_sleep, which 2 tests need and nothing else.\n"));
    assert_int_equal(process.status, 1);
    process_free(&process);
}

/* Of a driver it is known only once it was asked. */
static void a_driver_declines_what_it_has_never_done(void **state)
{
    static const char speaking[] =
        DRIVER(BEFORE "case $program in *sleep*) say 'did main 2 absent\n';; "
                      "*mutex*) say '%s';; *print*) " HELLO AFTER ";; esac");
    char driver[1024];
    struct process process;

    (void)state;
    snprintf(driver, sizeof driver, speaking, "did main 2 absent\n");
    set_up_driver("driver", driver);
    process = check_parts("--driver 'sh driver'");
    assert_true(contains(process.output, "  R98.2  MUST   declined  "));
    assert_true(contains(process.output, "  R98.3  MUST   declined  "));
    assert_true(contains(process.output, "keeps what was chosen, without synchronisation and time."
                                         " Untested: R98.4\n"));
    process_free(&process);
    /* A rule of the part is declined, even if its test lacks something else first. */
    process = conform("--spec parts --rule R98.3,R98.6 --driver 'sh driver'");
    assert_true(contains(process.output, "  R98.6  MUST   declined  "));
    process_free(&process);
    snprintf(driver, sizeof driver, speaking, "did main 2 ok\ndid main 3 absent\n");
    set_up_driver("driver", driver);
    process = check_parts("--driver 'sh driver'");
    assert_true(contains(process.output, "  R98.2  MUST   not implemented  "));
    assert_true(contains(process.output, "Not implemented: R98.2 Declined: time "));
    assert_int_equal(process.status, 1);
    process_free(&process);
}

/* Tests in C, of the real chapters. */
static void checks_decline_and_lack(void **state)
{
    static const char *const left_out[][2] = {
        {"hooks", "  R11.19 MUST   declined  "},
        {"monitors", "  R11.1  MUST   declined  "},
        {"monitor", "  R11.1  MUST   pass            2/4  "},
        {"monitor", "keeps what was chosen, 1 rule only in part, without server and choices.\n"},
        {"monitor", "\nNext: options.monitor, which 2 tests need.\n"},
        {"miou_hook_remove", "  R11.19 MUST   not implemented  "},
        {"signals time unix synchronisation", "  R11.19 MUST   pass  "},
    };
    char command[4 * PATH_MAX];
    struct process process;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        snprintf(command, sizeof command,
                 "MIOU_SABOTAGED=%s MIOU_LEFT_OUT='%s' %s --runtime %s --rule R11.1 --rule R11.19",
                 built("peers/threads.so"), left_out[i][0], built("conform"),
                 built("liars/leaves_out.so"));
        shell(&process, "", 0, command);
        assert_true(contains(process.output, left_out[i][1]));
        process_free(&process);
    }
}

static void refuses_unknown_parts(void **state)
{
    static const char *const names[] = {"signal", "core"};
    char chapter_of[512], complaint[128];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(chapter_of, sizeof chapter_of, "# A chapter\n\nPart: %s\n\n%s", names[i],
                 "### R97.1 A rule  {MUST}\n\nIt.\n\nWhy: so.\n\nSource: x\n");
        write_file("spec/97-parts.md", chapter_of);
        snprintf(complaint, sizeof complaint,
                 "conform: spec/97-parts.md:3: there is no part '%s' of the interface", names[i]);
        could_not_tell("--driver x --rule R98.1", complaint);
    }
    remove_file("spec/97-parts.md");
}

/* ---- Options ---- */

static void refuses_bad_options(void **state)
{
    (void)state;
    could_not_tell("", "conform: which runtime?");
    could_not_tell("--runtime /nonexistent.so", "conform: /nonexistent.so: No such file");
    could_not_tell("--runtime x --driver y", "not both");
    could_not_tell("--driver x --rule R98.7", "conform: there is no rule R98.7");
    could_not_tell("--driver x --rule R98.1/2", "conform: there is no rule R98.1/2");
    could_not_tell("--driver x --rule R9", "conform: there is no rule R9;");
    could_not_tell("--driver x --except R98.1/2", "conform: there is no rule R98.1/2");
    could_not_tell("--driver x --rule ''", "conform: there is no rule ;");
    could_not_tell("--driver x --format xml", "conform: --format xml");
    could_not_tell("--driver x --timeout 0", "conform: --timeout 0");
    could_not_tell("--driver x --timeout nan", "conform: --timeout nan");
    could_not_tell("--driver x --shard 0/3", "conform: --shard 0/3: not I/N");
    could_not_tell("--driver x --shard 4/3", "conform: --shard 4/3: not I/N");
    could_not_tell("--driver x --shard 1/-2", "conform: --shard 1/-2: not I/N");
    could_not_tell("--driver x --shard 1/2x", "conform: --shard 1/2x: not I/N");
    could_not_tell("--driver x --shard 1", "conform: --shard 1: not I/N");
    could_not_tell("--driver x --timeout 1x", "conform: --timeout 1x");
    could_not_tell("--driver x --jobs 0", "conform: --jobs 0");
    could_not_tell("--driver x --jobs 1e3", "conform: --jobs 1e3");
    could_not_tell("--driver x --fail-fast=2", "conform: --fail-fast=2: rule, or nothing");
    could_not_tell("--driver x --output /dev/null/x --rule R98", "conform: /dev/null/x: ");
    could_not_tell("--driver x --spec /nonexistent", "/nonexistent");
    could_not_tell("--driver x --seed -1", "conform: --seed -1: not a number");
    could_not_tell("--driver x --seed ''", "conform: --seed : not a number");
    could_not_tell("--driver x --seed 0x1", "conform: --seed 0x1: not a number");
    could_not_tell("--driver x --seed 18446744073709551616", "0 to 18446744073709551615");
    could_not_tell("--driver x --schedule '0 x'", "conform: --schedule 0 x: not a list of numbers");
    could_not_tell("--driver x --schedule '0 -1'", "conform: --schedule 0 -1: not a list");
    could_not_tell("--driver x --schedule 1.5", "conform: --schedule 1.5: not a list of numbers");
    could_not_tell("--driver x --schedule 1000000000", "conform: --schedule 1000000000: not");
    could_not_tell("--driver x --explore=0", "conform: --explore=0: not a number from 1 to");
    could_not_tell("--driver x --explore=1k", "conform: --explore=1k: not a number from 1 to");
    could_not_tell("--driver x --explore=1000001", "conform: --explore=1000001: not a number");
    could_not_tell("--driver x --seed 1 --explore", "--seed, --schedule or --explore: one of them");
    could_not_tell("--server x --runtime y", "conform: --server: without --runtime, --driver, ");
    could_not_tell("--server x --driver y", "conform: --server: without ");
    could_not_tell("--server x --explore", "conform: --server: without ");
    could_not_tell("--server x --seed 1", "conform: --server: without ");
    could_not_tell("--server x --under y", "conform: --server: without ");
    could_not_tell("--server 'x PORT'", "conform: spec: no rules");
    could_not_tell("--server 'x PORT' --rule R98",
                   "conform: no rule that was chosen can be tested");
    could_not_tell("--check-driver x --driver y", "conform: --check-driver: with --timeout only");
    could_not_tell("--check-driver x --rule R98", "conform: --check-driver: with --timeout only");
    could_not_tell("--check-driver x --seed 1", "conform: --check-driver: with --timeout only");
    could_not_tell("--check-driver /nonexistent/driver", "cannot be executed");
    could_not_tell("--check-driver 'echo driver 2 x; echo ready; exec cat' --timeout 1 >/dev/full",
                   "cannot write");
    could_not_tell("--frobnicate", "unrecognized option '--frobnicate'");
    could_not_tell("--driver", "requires an argument");
    could_not_tell("--driver x y", "conform: y: not an option");
    could_not_tell("--print R98.3/1", "conform: there is no scenario R98.3/1");
}

static void demands_tests(void **state)
{
    (void)state;
    could_not_tell("--driver 'sh honest' --rule R99.1",
                   "spec/99-other.md:3: R99.1 has no test and does not say why");
}

static void refuses_broken_chapters(void **state)
{
    struct process process;

    (void)state;
    write_file("spec/99-other.md", "# A chapter\n\n### R99.1 A rule\n\nWithout a level.\n");
    process = conform("--driver 'sh honest' --rule R98.1");
    assert_true(contains(process.errors, "conform: spec/99-other.md:3: "));
    assert_int_equal(process.status, 2);
    process_free(&process);
    write_file("spec/99-other.md", other_chapter);
}

static void lists_and_prints(void **state)
{
    struct process process = conform("--list");

    (void)state;
    assert_string_equal(process.output, "R98.1  MUST     1  Saying hello & <more>\n"
                                        "R98.2  SHOULD   1  Saying it again\n"
                                        "R98.3  MUST     0  Nobody knows\n"
                                        "R99.1  MUST     0  Without a test\n");
    assert_int_equal(process.status, 0);
    process_free(&process);
    process = conform("--list --rule R98.2");
    assert_string_equal(process.output, "R98.2  SHOULD   1  Saying it again\n");
    process_free(&process);
    process = conform("--print R98.2/1");
    assert_string_equal(process.output, "scenario 2\ntask main\nrepeat 2 print hello\n\n\ngo\n");
    process_free(&process);
    process = conform("--help");
    assert_true(contains(process.output, "usage: conform --runtime LIBRARY"));
    assert_int_equal(process.status, 0);
    process_free(&process);
}

static void expect_file(const char *name, const char *text)
{
    char *found = read_file(name);

    assert_string_equal(found, text);
    free(found);
}

/* What a driver reads, and beside it, line for line, what is expected. */
static void exports_scenarios(void **state)
{
    struct process process = conform("--export all");

    (void)state;
    assert_string_equal(process.output, "2 scenarios in all\n");
    assert_int_equal(process.status, 0);
    process_free(&process);
    expect_file("all/R98.2/1.program", "task main\nrepeat 2 print hello\n\n\n");
    expect_file("all/R98.2/1.answers",
                "task main\n    repeat 2 print hello\nexpect run ok\nexpect count 2 hello\n\n"
                "# R98.2/1: Saying it again {SHOULD}\n# Main speaks:\n# spec/98-test.md:33\n");
    expect_file("all/R98.1/first.program", "task main\nprint hello\n\n\n");
    process = conform("--export some --rule R98 --except R98.1");
    assert_string_equal(process.output, "1 scenario in some\n");
    process_free(&process);
    expect_file("some/R98.2/1.program", "task main\nrepeat 2 print hello\n\n\n");
}

static void exports_only_into_an_empty_directory(void **state)
{
    (void)state;
    could_not_tell("--export spec", "conform: spec is not empty; nothing is written into it");
    could_not_tell("--export honest", "conform: honest: Not a directory");
    could_not_tell("--export nowhere/below", "conform: nowhere/below: No such file or directory");
    could_not_tell("--export ''", "conform: : No such file or directory");
    could_not_tell("--export new --rule R9", "conform: there is no rule R9;");
}

/* A disk without room, as far as a program can tell. */
static void exports_only_where_there_is_room(void **state)
{
    char command[4 * PATH_MAX];
    struct process process;

    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it writes a file of its own when a program starts */
#endif
    snprintf(command, sizeof command,
             "cd '%s' && mkdir empty && trap '' XFSZ && ulimit -f 0 && "
             "exec %s --spec spec --export empty",
             place, built("conform"));
    shell(&process, "", 0, command);
    assert_string_equal(process.errors, "conform: empty/R98.1/first.program: File too large\n");
    assert_string_equal(process.output, "");
    assert_int_equal(process.status, 2);
    process_free(&process);
}

/* Each test has a place of its own for what is counted in it, whatever the driver's language. */
static void keeps_counters_apart(void **state)
{
    struct process process;

    (void)state;
    set_up_driver("counts", "mkdir -p \"$GCOV_PREFIX\" && echo $LEFT >>\"$GCOV_PREFIX/counters\"\n"
                            "exec sh honest\n");
    setenv("GCOV_PREFIX", place, 1);
    setenv("LEFT", "as it was", 1);
    process = conform("--rule R98 --coverage 'of each' --driver 'sh counts'");
    assert_int_equal(process.status, 0);
    process_free(&process);
    expect_file("of each/R98.1/first/counters", "as it was\n");
    expect_file("of each/R98.2/1/counters", "as it was\n");
    unsetenv("GCOV_PREFIX");
    unsetenv("LEFT");
    remove_file("counters"); /* of the driver that has greeted, for no test */
}

static void counts_only_where_there_are_counters(void **state)
{
    struct process process;

    (void)state;
    could_not_tell("--rule R98 --coverage spec --driver 'sh honest'",
                   "conform: spec is not empty; nothing is written into it");
    could_not_tell("--rule R98 --coverage nowhere/below --driver 'sh honest'",
                   "conform: nowhere/below: No such file or directory");
    process = conform("--rule R98 --coverage none --runtime %s", built("liars/says_ok.so"));
    assert_true(contains(process.errors, "has left no counters: was it compiled with --coverage?"));
    assert_string_equal(process.output, "");
    assert_int_equal(process.status, 2);
    process_free(&process);
    process = conform("--rule R98 --coverage none --driver 'sh honest'");
    assert_true(contains(process.errors, "the runtime has left no counters"));
    assert_int_equal(process.status, 2);
    process_free(&process);
}

/* What it tells of a driver is tested beside check_driver.c. */
static void checks_a_driver(void **state)
{
    struct process process =
        conform("--check-driver '%s %s'", built("driver"), built("peers/threads.so"));

    (void)state;
    assert_true(contains(process.output, "ok       greeting: "));
    assert_true(contains(process.output, " passed, 0 failed"));
    assert_string_equal(process.errors, "");
    assert_int_equal(process.status, 0);
    process_free(&process);
    process = conform("--check-driver 'sh honest'");
    assert_true(contains(process.output, "\nok       hello: "));
    assert_true(contains(process.output, "\nnot ok   value: "));
    assert_int_equal(process.status, 1);
    process_free(&process);
    process = conform("--check-driver 'echo driver 3 x'");
    assert_true(contains(process.output, "not ok   greeting: "));
    assert_true(contains(process.output, "\n0 passed, 1 failed\n"));
    assert_int_equal(process.status, 1);
    process_free(&process);
}

static void runs_under_a_command(void **state)
{
    struct process process = conform("--driver 'sh honest' --rule R98.1 --under 'env A=1 nice'");

    (void)state;
    assert_true(contains(process.output, "\n1 passed, 0 failed\n"));
    process_free(&process);
    process = conform("--runtime %s --rule R98.1 --under 'sh -c \"\\\"\\$@\\\"; exit 9\" sh'",
                      built("liars/eager.so"));
    assert_true(contains(process.output, "\n1 passed, 0 failed\n"));
    assert_true(
        contains(process.errors, "a driver has ended with status 9 after its last scenario\n"));
    assert_int_equal(process.status, 2);
    process_free(&process);
}

/* A library that is there at first and then is not, since it is built anew, has broken no rule. */
static void a_library_that_goes_away_is_unknown(void **state)
{
    static const char *const tests[] = {"R2.4/values", "R1.15/texts_of_codes"};
    struct process process;
    char command[6 * PATH_MAX];
    size_t i;

    (void)state;
    write_file("under", "[ ! -e asked ] || rm -f lib.so; >asked; exec \"$@\"\n");
    for (i = 0; i < sizeof tests / sizeof *tests; i++) {
        snprintf(command, sizeof command,
                 "cd '%s' && cp '%s' lib.so && exec %s --spec \"$OLDPWD/spec\" "
                 "--runtime lib.so --under 'sh under' --rule %s",
                 place, built("liars/eager.so"), built("conform"), tests[i]);
        shell(&process, "", 0, command);
        assert_true(contains(process.output, "cannot open "));
        assert_true(contains(process.output, "\n0 passed, 0 failed, 1 unknown\n"));
        assert_int_equal(process.status, 2);
        process_free(&process);
        remove_file("asked");
    }
}

/* ---- Schedules ---- */

/* A driver that can be steered: it asks for one choice, and says hello unless the answer is 1. What
 * it is told to do is kept in the file `lines`. */
static const char steerable[] =
    "echo driver 2 steerable; echo ready; while read word id; do case $word in\n"
    "scenario) number=$id;; go) echo ready;; schedule) echo $word $id >>lines\n"
    "case $id in *seed*) answer=1;; 1*) answer=1;; *) answer=0;; esac\n"
    "echo scenario $number; echo begin main 0; echo chose $answer 2\n"
    "test $answer = 1 || echo print main hello\n"
    "printf 'did main 2 ok\\nend main\\nrun ok\\n';; esac; done\n";

/* Run conform with the driver above, and check the lines that the driver read. */
static struct process steer(const char *options, const char *lines)
{
    struct process process;
    char *text;

    write_file("driver", steerable);
    write_file("lines", "");
    process = conform("--driver 'sh driver' --rule R98.1 %s", options);
    text = read_file("lines");
    assert_string_equal(text, lines);
    free(text);
    return process;
}

static void steers_with_a_schedule(void **state)
{
    struct process process =
        steer("--schedule ' 0, 1 2,0'", "schedule 0 1 2 0\nschedule 0 1 2 0\n");

    (void)state;
    assert_true(contains(process.output, "\n1 passed, 0 failed\n"));
    process_free(&process);
    process = steer("--schedule ''", "schedule\nschedule\n");
    assert_true(contains(process.output, "\n1 passed, 0 failed\n"));
    process_free(&process);
    process = steer("--schedule 1", "schedule 1\nschedule 1\n");
    assert_true(contains(process.output, "\n0 passed, 1 failed\n"));
    assert_true(contains(process.output, "\n  with --schedule \"1\"\n"));
    assert_true(contains(process.output, " --spec spec --rule R98.1/first --schedule \"1\"\n"));
    assert_int_equal(process.status, 1);
    process_free(&process);
    process = conform("--print R98.2/1 --schedule 1,2");
    assert_string_equal(process.output, "scenario 2\nschedule 1 2\ntask main\nrepeat 2 print hello"
                                        "\n\n\ngo\n");
    process_free(&process);
}

static void steers_with_a_seed(void **state)
{
    struct process process =
        steer("--seed 18446744073709551615", "schedule seed 18446744073709551615\n"
                                             "schedule seed 18446744073709551615\n");

    (void)state;
    assert_true(contains(process.output, " --rule R98.1/first --seed 18446744073709551615\n"));
    assert_int_equal(process.status, 1);
    process_free(&process);
}

static void reports_what_it_explored(void **state)
{
    struct process process = steer("--explore", "schedule\nschedule\n"   /* the first, twice */
                                                "schedule 1\n"           /* the other */
                                                "schedule 1\nschedule\n" /* shortened in vain */
                                                "schedule 1\n");         /* and once more */

    (void)state;
    assert_true(contains(process.output,
                         "  R98.1  MUST   fail            0/1       2 bound  Saying hello"));
    assert_true(contains(process.output,
                         "scenarios explored: 1, with 2 schedules and 2 different traces\n"
                         "  all their schedules: 0\n"
                         "  up to the bound: 0\n"
                         "  up to one that does not pass: 1\n"
                         "0 passed, 1 failed\n"));
    assert_true(contains(process.output, " --rule R98.1/first --schedule \"1\"\n"));
    assert_int_equal(process.status, 1);
    process_free(&process);
    process = conform("--driver '%s small' --rule R98.1 --explore=8",
                      built("conformance/suite/test_explore"));
    assert_true(contains(process.output, "  R98.1  MUST   pass              1       8 all    Say"));
    assert_true(contains(process.output,
                         "scenarios explored: 1, with 8 schedules and 1 different traces\n"
                         "  all their schedules: 1\n"
                         "  up to the bound: 0\n"
                         "1 passed, 0 failed\n"));
    assert_int_equal(process.status, 0);
    process_free(&process);
    process = conform("--driver '%s small' --rule R98.1 --explore=4 --format tap",
                      built("conformance/suite/test_explore"));
    assert_true(contains(process.output, "1..1\nok 1 - R98.1/first\n"));
    assert_null(strstr(process.output, "explored"));
    assert_string_equal(process.errors,
                        "scenarios explored: 1, with 5 schedules and 1 different traces\n"
                        "  all their schedules: 0\n"
                        "  up to the bound: 1, and 1 random schedules beyond, seeds from 1 to 1\n"
                        "    of these, since they have more schedules than that: 1, such as "
                        "R98.1/first\n"
                        "1 passed, 0 failed\n");
    process_free(&process);
}

/* Steering a runtime that cannot be steered says nothing about it. */
static void steers_what_can_be_steered(void **state)
{
    static const char *const options[] = {"--seed 1", "--schedule 0", "--explore"};
    struct process process;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof options / sizeof *options; i++) {
        process = conform("--driver '%s not-steered' --rule R98.1 %s",
                          built("conformance/suite/test_explore"), options[i]);
        assert_true(contains(process.output, "R98.1 untested: the runtime declines choices\n"));
        assert_true(contains(process.output, "\n0 passed, 0 failed, 1 skipped\n"));
        assert_int_equal(process.status, 2);
        process_free(&process);
        process = conform("--runtime %s --rule R98.1 %s", built("liars/eager.so"), options[i]);
        assert_true(contains(process.output, "\n0 passed, 0 failed, 1 skipped\n"));
        assert_int_equal(process.status, 2);
        process_free(&process);
    }
}

/* The tests in C, of the real chapters, make their own choices. */
static void steers_no_test_in_c(void **state)
{
    char command[2 * PATH_MAX];
    struct process process;

    (void)state;
    snprintf(command, sizeof command, "exec %s --runtime %s --rule R1.11 --seed 1",
             built("conform"), built("liars/eager.so"));
    shell(&process, "", 0, command);
    assert_true(
        contains(process.output, "R1.11 untested: a test in C, which makes its own choices"));
    assert_int_equal(process.status, 2);
    process_free(&process);
}

/* ---- Formats ---- */

/* A driver that prints whatever may break the formats of reports. */
static const char rude[] =
    DRIVER("printf 'scenario %s\\n]]><x a=\"&\\001\\033[31m\\377\\n' $id; "
           "printf ']]>]]></failure>\\b\\033\\000\\nok 3 - forged\\n1..7\\n' >&2");

static size_t count(const char *text, const char *part)
{
    size_t found = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        found++;
    return found;
}

static void writes_tap(void **state)
{
    struct process process;
    char *line;

    (void)state;
    set_up_driver("driver", rude);
    process = conform("--driver 'sh driver' --rule R98 --format tap");
    assert_true(strncmp(process.output, "TAP version 13\n", 15) == 0);
    assert_true(contains(process.output, "\nnot ok 1 - R98.1/first\n"));
    assert_true(contains(process.output, "\nnot ok 2 - R98.2/1\n"));
    assert_true(
        contains(process.output, "\nok 3 - R98.3 # SKIP untested: there is nobody to hear it\n"));
    assert_true(contains(process.errors, "0 passed, 2 failed, 1 skipped\n"));
    assert_int_equal(process.status, 1);
    for (line = strtok(process.output, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(line[0] == '#' || !strncmp(line, "  ", 2) || !strcmp(line, "1..3") ||
                    !strncmp(line, "TAP version ", 12) || !strncmp(line, "ok 3 - R", 8) ||
                    !strncmp(line, "not ok ", 7));
    process_free(&process);
    process = conform("--driver 'sh honest' --rule R98.1 --format tap");
    assert_true(contains(process.output, "1..1\nok 1 - R98.1/first\n"));
    assert_int_equal(process.status, 0);
    process_free(&process);
}

static void writes_junit(void **state)
{
    struct process process;
    char *text;
    size_t i;

    (void)state;
    set_up_driver("driver", rude);
    process = conform("--driver 'sh driver' --rule R98 --format junit --output report.xml");
    assert_string_equal(process.output, "0 passed, 2 failed, 1 skipped\n");
    assert_int_equal(process.status, 1);
    process_free(&process);
    text = read_file("report.xml");
    assert_true(contains(text, "tests=\"3\" failures=\"2\" errors=\"0\" skipped=\"1\""));
    assert_int_equal(count(text, "<testcase "), 3);
    assert_int_equal(count(text, "<testsuites>"), 1);
    assert_int_equal(count(text, "]]>"), count(text, "<![CDATA["));
    for (i = 0; text[i]; i++)
        assert_true(text[i] == '\n' || isprint((unsigned char)text[i]));
    free(text);
    shell(&process, "", 0, "command -v xmllint");
    if (process.status == 0) {
        char command[PATH_MAX];

        process_free(&process);
        snprintf(command, sizeof command, "xmllint --noout '%s'/report.xml", place);
        shell(&process, "", 0, command);
        assert_string_equal(process.errors, "");
        assert_int_equal(process.status, 0);
    }
    process_free(&process);
}

static void reports_where_it_is_told(void **state)
{
    struct process process = conform("--driver 'sh honest' --rule R98.1 --output report.txt");
    char *text = read_file("report.txt");

    (void)state;
    assert_string_equal(process.output, "1 passed, 0 failed\n");
    assert_true(contains(text, "  R98.1  MUST   pass  "));
    assert_true(contains(text, "keeps what was chosen.\n1 passed, 0 failed\n"));
    free(text);
    process_free(&process);
    could_not_tell("--driver 'sh honest' --rule R98.1 --output /dev/full", "cannot write");
}

/* A failure is shown with everything that one needs to know about it. */
static void shows_failures_in_full(void **state)
{
    struct process process;

    (void)state;
    set_up_driver("driver", DRIVER("echo something to say >&2; " BEFORE AFTER));
    process = conform("--driver 'sh driver' --rule R98.1");
    assert_true(contains(process.output, "\nR98.1/first fail  Saying hello & <more> {MUST}\n"));
    assert_true(contains(process.output, "  A task can say hello.\n"));
    assert_true(contains(process.output, "  The task says hello once:\n  program:\n"));
    assert_true(contains(process.output, "    2      print hello\n"));
    assert_true(contains(process.output, "    expected: "));
    assert_true(contains(process.output, "    observed: "));
    assert_true(contains(process.output, "did main 2 ok\n"));
    assert_true(contains(process.output, "something to say\n"));
    assert_true(contains(process.output, " --driver 'sh driver' --spec spec --rule R98.1/first\n"));
    process_free(&process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_the_honest),
        cmocka_unit_test(leaves_out_exceptions),
        cmocka_unit_test(tests_a_share),
        cmocka_unit_test(fails_the_wrong),
        cmocka_unit_test(fails_who_breaks_the_protocol),
        cmocka_unit_test(tells_crashes_apart),
        cmocka_unit_test(tells_hangs_apart),
        cmocka_unit_test(tells_what_is_not_implemented),
        cmocka_unit_test(tells_the_drivers_own_from_the_runtimes),
        cmocka_unit_test(demands_what_is_not_implemented),
        cmocka_unit_test(a_should_is_no_must),
        cmocka_unit_test(tells_what_it_could_not_tell),
        cmocka_unit_test(a_broken_rule_outweighs_an_unknown_one),
        cmocka_unit_test(stops_at_the_first_failure),
        cmocka_unit_test(does_not_report_what_it_left_out),
        cmocka_unit_test(a_hang_is_asked_again_before_it_counts),
        cmocka_unit_test(a_shortage_is_asked_again_before_it_counts),
        cmocka_unit_test(tasks_may_find_no_memory_where_it_is_limited),
        cmocka_unit_test(a_part_is_declined_as_a_whole),
        cmocka_unit_test(half_a_part_is_not_declined),
        cmocka_unit_test(a_driver_declines_what_it_has_never_done),
        cmocka_unit_test(checks_decline_and_lack),
        cmocka_unit_test(refuses_unknown_parts),
        cmocka_unit_test(refuses_bad_options),
        cmocka_unit_test(demands_tests),
        cmocka_unit_test(refuses_broken_chapters),
        cmocka_unit_test(lists_and_prints),
        cmocka_unit_test(exports_scenarios),
        cmocka_unit_test(exports_only_into_an_empty_directory),
        cmocka_unit_test(exports_only_where_there_is_room),
        cmocka_unit_test(keeps_counters_apart),
        cmocka_unit_test(counts_only_where_there_are_counters),
        cmocka_unit_test(checks_a_driver),
        cmocka_unit_test(runs_under_a_command),
        cmocka_unit_test(a_library_that_goes_away_is_unknown),
        cmocka_unit_test(steers_with_a_schedule),
        cmocka_unit_test(steers_with_a_seed),
        cmocka_unit_test(reports_what_it_explored),
        cmocka_unit_test(steers_what_can_be_steered),
        cmocka_unit_test(steers_no_test_in_c),
        cmocka_unit_test(writes_tap),
        cmocka_unit_test(writes_junit),
        cmocka_unit_test(reports_where_it_is_told),
        cmocka_unit_test(shows_failures_in_full),
    };

    return cmocka_run_group_tests(tests, set_up, place_tear_down);
}
