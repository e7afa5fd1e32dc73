/* Tests of conversation: drivers of a few lines of shell that greet well or badly, end, hang, talk
 * nonsense, or hold back what they say. */
#include "test_support.h"

#include "conversation.h"

#include <signal.h>

/* A driver that says this in each scenario, whose number is in $id. */
#define LIVES(says)                                                                                \
    "echo driver 2 test; echo ready; while read word id; do\n"                                     \
    "while read line && [ \"$line\" != go ]; do :; done; " says "; echo ready; done"
#define RUN "echo scenario $id; echo begin main 0; echo run ok"

static struct program *hello, *giving, *again;

static void complain(void *to, int line, const char *text)
{
    (void)to;
    fail_msg("line %d: %s", line, text);
}

static int set_up(void **state)
{
    static const char text[] = "task main\n    mutex m\n    free-mutex m\n    print hello\n";
    static const char repeats[] = "task main\n    repeat 2 yield\n";
    static const char gives[] = "task main\n    create r\n    async child give=r\ntask child\n";

    (void)state;
    hello = program_parse(text, sizeof text - 1, PROGRAM_STRIPPED, complain, NULL);
    giving = program_parse(gives, sizeof gives - 1, PROGRAM_STRIPPED, complain, NULL);
    again = program_parse(repeats, sizeof repeats - 1, PROGRAM_STRIPPED, complain, NULL);
    return hello == NULL || giving == NULL || again == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    program_free(hello);
    program_free(giving);
    program_free(again);
    return 0;
}

static struct drivers *start(const char *command)
{
    char *const arguments[] = {"/bin/sh", "-c", (char *)(uintptr_t)command, NULL};

    return drivers_create(arguments, 2, 0, 1 << 20);
}

static struct drivers *greeted(const char *command)
{
    struct drivers *drivers = start(command);
    char *why = drivers_greet(drivers);

    if (why)
        fail_msg("%s", why);
    return drivers;
}

/* A listener that knows the driver that is asked, and counts those that hang and are alive then. */
struct watch {
    pid_t process;
    int hangs;
};

static void watch_begin(void *to, pid_t process)
{
    ((struct watch *)to)->process = process;
}

static void watch_hear(void *to, const char *line, size_t size)
{
    (void)to;
    (void)line;
    (void)size;
}

static void watch_hang(void *to)
{
    struct watch *watch = to;

    watch->hangs += kill(watch->process, 0) == 0;
}

static struct watch watch;

static void ask(struct drivers *drivers, int id, struct process *process)
{
    struct listener listener = {watch_begin, watch_hear, watch_hang, &watch};
    char input[128];

    snprintf(input, sizeof input,
             "scenario %d\ntask main\nmutex m\nfree-mutex m\nprint hello\ngo\n", id);
    drivers_ask(drivers, hello, input, NULL, &listener, process);
}

static void expect_answer(struct drivers *drivers, int id, enum process_end end, int status,
                          const char *output)
{
    struct process process;

    ask(drivers, id, &process);
    assert_string_equal(process.output, output);
    assert_int_equal(process.end, end);
    assert_int_equal(process.status, status);
    process_free(&process);
}

/* ---- The greeting ---- */

static void expect_greeting(const char *command, const char *driver, const char *runtime)
{
    struct drivers *drivers = greeted(command);
    const struct greeting *greeting = drivers_greeting(drivers);

    assert_string_equal(greeting->driver, driver);
    if (runtime)
        assert_string_equal(greeting->runtime, runtime);
    else
        assert_null(greeting->runtime);
    drivers_free(drivers);
}

static void hears_a_greeting(void **state)
{
    (void)state;
    expect_greeting(LIVES(RUN), "test", NULL);
    expect_greeting("echo driver 2 a long name; echo runtime fast 1.0-rc; echo ready; cat",
                    "a long name", "fast 1.0-rc");
    expect_greeting(
        "echo; echo Picked up OPTIONS; printf 'ready\\0\\377\\n'; echo driver 2 x; echo ready; cat",
        "x", NULL);
    expect_greeting("printf 'driver 2 x\\r\\nruntime y 1\\r\\nready\\r\\n'; cat", "x", "y 1");
    expect_greeting("sleep 1; echo driver 2 late; sleep 1; echo ready; cat", "late", NULL);
}

static void expect_no_greeting(const char *command, const char *why)
{
    struct drivers *drivers = start(command);
    char *said = drivers_greet(drivers);

    assert_non_null(said);
    assert_true(contains(said, why));
    assert_null(strchr(said, '\n'));
    assert_null(drivers_greeting(drivers));
    free(said);
    drivers_free(drivers);
}

static void tells_what_is_no_greeting(void **state)
{
    (void)state;
    expect_no_greeting("echo driver 3 x; echo ready; cat", "speaks version 3 of the protocol");
    expect_no_greeting("echo driver x; echo ready; cat", "without a version");
    expect_no_greeting("echo driver 2 x; echo driver 2 x; echo ready; cat", "greets twice");
    expect_no_greeting("echo driver 2 x; echo dance; echo ready; cat", "says `dance`");
    expect_no_greeting("echo driver 2 x; echo lacks await dance; echo ready; cat",
                       "lacks `dance`, which is no operation");
    expect_no_greeting("echo driver 2 x", "does not end with `ready`; it has ended with status 0");
    expect_no_greeting(
        "echo scenario 1; echo >&2 why not; exit 4",
        "does not greet with `driver 2 NAME`, but says `scenario 1`; it has ended with "
        "status 4: why not");
    expect_no_greeting("kill -SEGV $$", "killed by signal 11");
    expect_no_greeting("exec sleep 100", "it hangs");
    expect_no_greeting("exec yes", "floods before it greets");
    expect_no_greeting("exec /nonexistent/driver", "the command cannot be executed: ");
}

static void knows_what_a_driver_lacks(void **state)
{
    struct drivers *drivers =
        greeted("echo driver 2 x; echo lacks choose free-mutex; echo lacks sleep; echo ready; cat");

    (void)state;
    assert_null(drivers_lack(drivers, hello, false));
    assert_string_equal(drivers_lack(drivers, hello, true), "choose");
    drivers_free(drivers);
    drivers = greeted("echo driver 2 x; echo lacks mutex; echo ready; cat");
    assert_string_equal(drivers_lack(drivers, hello, false), "mutex");
    drivers_free(drivers);
    drivers = greeted("echo driver 2 x; echo lacks give= orphans= pin=; echo ready; cat");
    assert_null(drivers_lack(drivers, hello, false));
    assert_string_equal(drivers_lack(drivers, giving, false), "give=");
    drivers_free(drivers);
    drivers = greeted("echo driver 2 x; echo lacks repeat; echo ready; cat");
    assert_null(drivers_lack(drivers, hello, false));
    assert_string_equal(drivers_lack(drivers, again, false), "repeat");
    drivers_free(drivers);
}

/* ---- Scenarios ---- */

/* A driver lives: its second scenario is its second. */
static void asks_one_driver_again_and_again(void **state)
{
    struct drivers *drivers = greeted(LIVES("n=x$n; echo scenario $id; echo print main $n"));

    (void)state;
    expect_answer(drivers, 7, PROCESS_EXITED, 0, "scenario 7\nprint main x\n");
    expect_answer(drivers, 8, PROCESS_EXITED, 0, "scenario 8\nprint main xx\n");
    expect_answer(drivers, 7, PROCESS_EXITED, 0, "scenario 7\nprint main xxx\n");
    assert_int_equal(drivers_free(drivers), 0);
    drivers = greeted(LIVES("printf 'scenario %s\\r\\nrun ok\\r\\n' $id"));
    expect_answer(drivers, 7, PROCESS_EXITED, 0, "scenario 7\nrun ok\n");
    drivers_free(drivers);
}

static void starts_another_for_one_that_is_gone(void **state)
{
    struct drivers *drivers = greeted(LIVES("n=x$n; echo scenario $id; echo print main $n; "
                                            "case $id in 2) kill -SEGV $$;; 3) exec sleep 100;; "
                                            "4) exit 0;; 5) exit 9;; esac"));

    (void)state;
    watch.hangs = 0;
    expect_answer(drivers, 1, PROCESS_EXITED, 0, "scenario 1\nprint main x\n");
    expect_answer(drivers, 2, PROCESS_SIGNALLED, SIGSEGV, "scenario 2\nprint main xx\n");
    expect_answer(drivers, 3, PROCESS_HUNG, 0, "scenario 3\nprint main x\n");
    expect_answer(drivers, 4, PROCESS_EXITED, 0, "scenario 4\nprint main x\n");
    expect_answer(drivers, 5, PROCESS_EXITED, 9, "scenario 5\nprint main x\n");
    expect_answer(drivers, 6, PROCESS_EXITED, 0, "scenario 6\nprint main x\n");
    expect_answer(drivers, 7, PROCESS_EXITED, 0, "scenario 7\nprint main xx\n");
    assert_int_equal(watch.hangs, 1);
    drivers_free(drivers);
}

/* What a driver says before the number of this scenario has to do with an earlier one. */
static void does_not_blame_a_scenario_for_another(void **state)
{
    struct drivers *drivers =
        greeted(LIVES("if [ $id = 1 ]; then " RUN "; echo ready; echo run ok 5; "
                      "else n=x$n; echo scenario $id; echo print main $n; fi"));

    (void)state;
    expect_answer(drivers, 1, PROCESS_EXITED, 0, "scenario 1\nbegin main 0\nrun ok\n");
    expect_answer(drivers, 2, PROCESS_EXITED, 0, "scenario 2\nprint main x\n");
    drivers_free(drivers);
    drivers = greeted(LIVES("echo scenario 5; echo run ok"));
    expect_answer(drivers, 1, PROCESS_EXITED, 0, "scenario 5\n");
    drivers_free(drivers);
}

static void hears_how_a_scenario_ended(void **state)
{
    struct drivers *drivers =
        greeted(LIVES("echo scenario $id; case $id in 1) echo died signal 6;; "
                      "2) echo run ok; echo died status 3;; "
                      "3) echo refused line 1: no;; 4) (exit 139);; esac"));
    struct process process;

    (void)state;
    expect_answer(drivers, 1, PROCESS_SIGNALLED, 6, "scenario 1\n");
    expect_answer(drivers, 2, PROCESS_EXITED, 3, "scenario 2\nrun ok\n");
    ask(drivers, 3, &process);
    assert_int_equal(process.end, PROCESS_EXITED);
    assert_int_equal(process.status, 2);
    assert_string_equal(process.output, "");
    assert_string_equal(process.errors, "line 1: no");
    process_free(&process);
    drivers_free(drivers);
    drivers = greeted("echo driver 2 x; echo ready; read word id; echo scenario $id; exit 139");
    expect_answer(drivers, 1, PROCESS_SIGNALLED, SIGSEGV, "scenario 1\n");
    drivers_free(drivers);
}

/* A driver that does not flush its output is still understood, one scenario at a time. */
static void understands_what_is_held_back(void **state)
{
    struct drivers *drivers = start("(" LIVES(RUN) ") | sed 's/$/\r/'");
    char *why = drivers_greet(drivers);

    (void)state;
    assert_null(why);
    assert_string_equal(drivers_greeting(drivers)->driver, "test");
    expect_answer(drivers, 1, PROCESS_EXITED, 0, "scenario 1\nbegin main 0\nrun ok\n");
    expect_answer(drivers, 2, PROCESS_EXITED, 0, "scenario 2\nbegin main 0\nrun ok\n");
    drivers_free(drivers);
}

/* What can be missed does not end a scenario; what cannot ends it at once. */
static void gives_up_what_lacks_an_operation(void **state)
{
    struct drivers *drivers = greeted(
        LIVES("n=x$n; echo scenario $id; echo print main $n; case $id in "
              "1) echo did main 3 absent; echo run ok;; 2) echo did main 2 absent; echo run ok;; "
              "3) echo did main 2 absent; exec sleep 100;; esac"));

    (void)state;
    expect_answer(drivers, 1, PROCESS_EXITED, 0,
                  "scenario 1\nprint main x\ndid main 3 absent\nrun ok\n");
    expect_answer(drivers, 2, PROCESS_EXITED, 0, "scenario 2\nprint main xx\ndid main 2 absent\n");
    expect_answer(drivers, 3, PROCESS_EXITED, 0, "scenario 3\nprint main xxx\ndid main 2 absent\n");
    expect_answer(drivers, 1, PROCESS_EXITED, 0,
                  "scenario 1\nprint main x\ndid main 3 absent\nrun ok\n");
    drivers_free(drivers);
}

static void limits_the_descriptors_of_one_scenario(void **state)
{
    struct drivers *drivers =
        greeted(LIVES("n=x$n; echo scenario $id; echo print main $n $(ulimit -n)"));
    struct program limited = *hello;
    struct process process;

    (void)state;
    limited.descriptors = 77;
    for (int i = 0; i < 2; i++) {
        drivers_ask(drivers, &limited, "scenario 1\ngo\n", NULL, NULL, &process);
        assert_string_equal(process.output, "scenario 1\nprint main x 77\n");
        assert_int_equal(process.end, PROCESS_EXITED);
        assert_int_equal(process.status, 0);
        process_free(&process);
    }
    ask(drivers, 2, &process);
    assert_true(!strncmp(process.output, "scenario 2\nprint main x ", 24));
    assert_null(strstr(process.output, " 77"));
    process_free(&process);
    drivers_free(drivers);
}

static void tells_how_the_last_driver_ended(void **state)
{
    struct drivers *drivers = greeted(LIVES(RUN) "; exit 9");

    (void)state;
    expect_answer(drivers, 1, PROCESS_EXITED, 0, "scenario 1\nbegin main 0\nrun ok\n");
    assert_int_equal(drivers_free(drivers), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hears_a_greeting),
        cmocka_unit_test(tells_what_is_no_greeting),
        cmocka_unit_test(knows_what_a_driver_lacks),
        cmocka_unit_test(asks_one_driver_again_and_again),
        cmocka_unit_test(starts_another_for_one_that_is_gone),
        cmocka_unit_test(does_not_blame_a_scenario_for_another),
        cmocka_unit_test(hears_how_a_scenario_ended),
        cmocka_unit_test(understands_what_is_held_back),
        cmocka_unit_test(gives_up_what_lacks_an_operation),
        cmocka_unit_test(limits_the_descriptors_of_one_scenario),
        cmocka_unit_test(tells_how_the_last_driver_ended),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
