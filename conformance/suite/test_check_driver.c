/* Tests of check_driver: a good driver, and the same with its lines changed on their way, so that
 * it does one thing wrong. */
#include "test_support.h"

#include "check_driver.h"

#define LIVES(says)                                                                                \
    "echo driver 2 test; echo ready; while read word id; do program=\n"                            \
    "while read line && [ \"$line\" != go ]; do program=\"$program $line\"; done\n" says           \
    "\necho ready; done"

/* What is said of a driver; the numbers of its items become *check. */
static char *said_of(const char *command, struct driver_check *check)
{
    char *text, *why;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    why = check_driver(stream, command, 1, check);
    assert_null(why);
    fclose(stream);
    return text;
}

/* A good driver between two filters. */
static char *between(const char *first, const char *last)
{
    static char command[8 * PATH_MAX];

    snprintf(command, sizeof command, "%s | %s %s | %s", first, built("driver"),
             built("peers/threads.so"), last);
    return command;
}

static char *filtered(const char *filter)
{
    return between("cat", filter);
}

/* One that gets no second scenario. */
static char *filtered_once(const char *filter)
{
    return between("sed -u /^go/q", filter);
}

static void expect_said(const char *command, const char *what)
{
    struct driver_check check;
    char *text = said_of(command, &check);

    assert_true(contains(text, what));
    assert_true(check.failed > 0);
    free(text);
}

static void expect_good(const char *command)
{
    struct driver_check check;
    char *text = said_of(command, &check);

    assert_true(contains(text, "ok       greeting"));
    assert_true(contains(text, "\nok       conversation"));
    assert_null(strstr(text, "not ok"));
    assert_int_equal(check.failed, 0);
    assert_true(check.passed >= 15);
    free(text);
}

/* One that lives, and one that wants to be started for each scenario. */
static void passes_a_good_driver(void **state)
{
    (void)state;
    expect_good(filtered("cat"));
    expect_good(filtered_once("sed -u '/^run\\|^absent/{n;d}'"));
}

/* Lines are changed as soon as they come. */
static void tells_what_is_wrong(void **state)
{
    static const char *const wrong[][2] = {
        {"'s/^driver 2/driver 1/'", "not ok   greeting"},
        {"'/^begin main/i foo'",
         "not ok   hello: a task prints a word: line 2 of its answer: not an "
         "event: 'foo'\n"},
        {"'/^end main/d'",
         "not ok   hello: a task prints a word: end:main does not happen: main has a "
         "'begin' and an 'end'\n"},
        {"'s/^run ok 7/run ok/'", "not ok   value: "},
        {"'/^print main word/d'", "'did main 2 ok' (line 3 of the trace): an operation has a line "
                                  "'print' for each time, in all 2, before its 'did'\n"},
        {"'s/^spawn main 2 child$/did main 2 ok\\n&/'",
         "'did main 2 ok' (line 3 of the trace): an operation has a line 'spawn' for each time, in "
         "all "
         "1, before its 'did'\n"},
        {"'/^spawn main 2 child$/d'", "no such task has been spawned: 'begin child "},
        {"'s/child#2/child/'",
         "not ok   repeat: three instances of a task, and one 'did': line 4 of "
         "its answer: spawned before: 'spawn main 2 child'\n"},
        {"'s/failed boom/error 5/'", "not ok   errors: "},
        {"'s/ok 1, ok/ok 1 ok/'", "not an outcome: 'did main 4 ok 1 ok 2'\n"},
        {"'s/^finalise child/finalise main/'", "finalised as one of the same instance\n"},
        {"'/^did main 2 invalid/Q3'",
         "not ok   unbound: a name before the line that binds it: says nothing more after "
         "'begin main 0'\n"},
        {"'s/^did main 4 ok$/absent free/'",
         "not ok   absent: what the runtime does not have costs a "
         "line: 'absent free' ends the whole scenario: "},
        {"'s/^did child 8 stopped/did child 8 ok/'", "task child ends at the end of its program\n"},
        {"'s/^run still-has-children/run error 7/'",
         "not ok   forgets: a run that a rule ends: the run ends with error 7; expected: ok | "
         "still-has-children: "},
        {"'/still-has/,/^never/ s/child$/child#2/'", "not ok   anew: "},
        {"'/^ready/ s/$/\\nbye/'", "line 1 of its answer: not 'scenario 7': 'bye'\n"},
        {"'/^run/ {n; s/$/\\nbye/}'",
         "not ok   conversation: scenario after scenario, until its input "
         "ends: says 'bye' after 'ready', before the next scenario\n"},
        {"'s/^scenario .*/scenario 7/'",
         "not ok   value: the value of main is the outcome of the run: "
         "line 1 of its answer: not 'scenario 8': 'scenario 7'\n"},
        {"'1,/^ready/b; /^ready/d'",
         "not ok   hello: a task prints a word: no 'ready' after the run\n"}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char filter[256];

        snprintf(filter, sizeof filter, "sed -u %s", wrong[i][0]);
        expect_said(filtered(filter), wrong[i][1]);
    }
}

static void tells_what_is_held_back(void **state)
{
    char command[4 * PATH_MAX];

    (void)state;
    expect_said(filtered("sed s/x/x/"), "not ok   conversation: scenario after scenario, until its "
                                        "input ends: says nothing until its input ends: flush each "
                                        "line\n");
    snprintf(command, sizeof command, "echo driver 2 x; echo ready; %s %s | sed 1,/^ready/d",
             built("driver"), built("peers/threads.so"));
    expect_said(command, "not ok   hello: a task prints a word: says nothing until its input ends: "
                         "flush each line\n");
}

static void tells_a_driver_that_leaves(void **state)
{
    (void)state;
    expect_said(filtered_once("cat"), "says 'ready', but does not execute the next scenario; ");
    expect_said(filtered("sed -u '/^run/{n;q}'"),
                "says 'ready', but does not execute the next scenario; ");
    expect_said(LIVES("exec sleep 1000"),
                "The other 13 items would wait as long, and were not tried.\n1 passed, 3 failed\n");
    expect_said(LIVES("exec sleep 1000"), "not ok   hello: a task prints a word: says nothing more "
                                          "after 'go'\n");
    expect_said(LIVES("echo scenario $id; echo why >&2; exit 3"),
                "ended with status 3 after 'scenario 7': why\n");
    expect_said(LIVES(""), "hello: a task prints a word: no 'run OUTCOME' after 'go'\n");
    expect_said(LIVES("kill -SEGV $$"), "was killed by signal 11 after 'go'\n");
    expect_said(LIVES("echo scenario $id; echo refused line 2: what is that?"),
                "refuses the scenario: line 2: what is that?\n");
    expect_said(filtered("(cat; exit 9)"), "ends with status 9 after its last scenario\n");
}

static void skips_what_is_absent(void **state)
{
    struct driver_check check;
    char *text;

    (void)state;
    text = said_of(
        filtered(
            "sed -u '1 s/$/\\nlacks own choose/; s/^did main 4 ok 1, ok 2/did main 4 absent/'"),
        &check);
    assert_true(contains(text,
                         "\nskipped  finaliser: of a resource of the instance that created it: "
                         "the runtime has no own\n"));
    assert_true(contains(text,
                         "\nskipped  list: an outcome for each promise, in order: the runtime "
                         "has no await-all\n"));
    assert_true(contains(text,
                         "\nskipped  steered: an execution for each schedule, with its answers: "
                         "the runtime has no choose\n"));
    assert_true(contains(text, " passed, 0 failed, 4 skipped\n"));
    assert_int_equal(check.skipped, 4);
    free(text);
    /* What is the driver's own cannot be absent. */
    expect_said(filtered("sed -u '/^print main word/d; s/^did main 2 ok/did main 2 absent/'"),
                "not ok   print: a line for each time, and one 'did': 'print' is the driver's own, "
                "and cannot be absent\n");
}

/* A driver that knows one scenario, and makes one choice in it. */
#define STEERED(executions)                                                                        \
    LIVES("run() { echo scenario $id; echo begin main 0; echo spawn main 3 child; "                \
          "echo chose $1 2; echo did main 3 ok; echo spawn main 4 child#2; echo did main 4 ok; "   \
          "echo begin child 1; echo did child 8 ok; echo end child; echo begin child#2 2; "        \
          "echo did child#2 8 ok; echo end child#2; echo did main 5 ok; echo did main 6 ok; "      \
          "echo end main; echo run ok; }\n"                                                        \
          "case $program in *schedule*) " executions                                               \
          ";; *) echo scenario $id; echo run ok;; esac")

static void steers(void **state)
{
    struct driver_check check;
    char *text = said_of(STEERED("run 0; run 1; run 1"), &check);

    (void)state;
    assert_true(contains(text, "\nok       steered"));
    free(text);
    expect_said(STEERED("run 0; run 0; run 0"),
                "'schedule 1 0 1' answers choice 1, of 2, with 0, and not with 1\n");
    expect_said(STEERED("run 0; run 1; run 0"),
                "'schedule seed 42' answers choice 1, of 2, with 0, and not with 1\n");
    expect_said(STEERED("run 0"), "no execution for schedule 2: one for each is asked for\n");
    expect_said(STEERED("run 0; run 1; run 1; run 1"), "a line after the end of the run");
    expect_said(STEERED("run 0 | grep -v chose"),
                "; if no run can be steered, the greeting says 'lacks choose'\n");
}

static void tells_what_is_no_command(void **state)
{
    struct driver_check check;
    char *why = check_driver(stdout, "exec /nonexistent/driver", 1, &check);

    (void)state;
    assert_true(contains(why, "the command cannot be executed: "));
    free(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_a_good_driver),     cmocka_unit_test(tells_what_is_wrong),
        cmocka_unit_test(tells_what_is_held_back),  cmocka_unit_test(tells_a_driver_that_leaves),
        cmocka_unit_test(skips_what_is_absent),     cmocka_unit_test(steers),
        cmocka_unit_test(tells_what_is_no_command),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
