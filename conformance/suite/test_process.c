/* Tests of process: children that end, crash, hang, flood, fork and hold on to things. */
#include "test_support.h"

#include "machine/clock.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

static struct process run(const char *text, double seconds, size_t limit)
{
    char *const arguments[] = {"/bin/sh", "-c", (char *)(uintptr_t)text, NULL};
    struct process process;

    process_run(
        &(struct command){
            .arguments = arguments, .input = "", .seconds = seconds, .output_limit = limit},
        &process);
    return process;
}

static void tells_status_and_outputs(void **state)
{
    struct process process = run("echo out; echo err >&2; exit 7", HANG, 100);

    (void)state;
    assert_int_equal(process.end, PROCESS_EXITED);
    assert_int_equal(process.status, 7);
    assert_string_equal(process.output, "out\n");
    assert_int_equal(process.output_size, 4);
    assert_string_equal(process.errors, "err\n");
    assert_false(process.errors_cut);
    process_free(&process);
}

enum { MANY = 4000 /* threads: a look at them takes a while */ };

static void *stay(void *unused)
{
    sleep(60);
    return unused;
}

/* Be a process that has them for two seconds. */
static int have_threads(void)
{
    pthread_attr_t small;
    pthread_t thread;
    int i;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 1 << 16);
    for (i = 0; i < MANY; i++)
        if (pthread_create(&thread, &small, stay, NULL) != 0)
            return 77;
    sleep(2);
    _exit(0);
}

/* Whoever waits for such a process leaves it the processors. */
static void looks_seldom_at_many_threads(void **state)
{
    char *const arguments[] = {(char *)(uintptr_t)built("conformance/suite/test_process"),
                               (char *)(uintptr_t) "threads", NULL};
    double begun = clock_now(), used = clock_used();
    struct process process;

    (void)state;
    process_run(&(struct command){.arguments = arguments, .input = "", .seconds = HANG}, &process);
    if (process.end == PROCESS_EXITED && process.status == 77)
        skip();
    assert_int_equal(process.end, PROCESS_EXITED);
    assert_int_equal(process.status, 0);
    used = (clock_used() - used) / (clock_now() - begun);
    if (used > 0.15)
        fail_msg("the runner used %.2f of a processor to look at %d threads", used, MANY);
    process_free(&process);
}

static void tells_the_signal(void **state)
{
    struct process process = run("echo before; kill -SEGV $$", HANG, 100);

    (void)state;
    assert_int_equal(process.end, PROCESS_SIGNALLED);
    assert_int_equal(process.status, SIGSEGV);
    assert_string_equal(process.output, "before\n");
    process_free(&process);
}

static void passes_large_inputs_through(void **state)
{
    enum { SIZE = 1 << 22 };
    char *input = malloc(SIZE);
    struct process process;
    size_t i;

    (void)state;
    for (i = 0; i < SIZE; i++)
        input[i] = (char)(i * 7 % 251);
    shell(&process, input, SIZE, "tee /dev/stderr");
    assert_int_equal(process.end, PROCESS_EXITED);
    assert_int_equal(process.output_size, SIZE);
    assert_memory_equal(process.output, input, SIZE);
    assert_int_equal(process.errors_size, ERROR_TAIL);
    assert_memory_equal(process.errors, input + SIZE - ERROR_TAIL, ERROR_TAIL);
    assert_true(process.errors_cut);
    process_free(&process);
    shell(&process, input, SIZE, "exec <&-; echo read nothing");
    assert_string_equal(process.output, "read nothing\n");
    process_free(&process);
    free(input);
}

static void kills_what_hangs(void **state)
{
    struct process process = run("echo before; exec sleep 1000", 0.3, 100);

    (void)state;
    assert_int_equal(process.end, PROCESS_HUNG);
    assert_string_equal(process.output, "before\n");
    process_free(&process);
    process = run("exec >&- 2>&-; exec sleep 1000", 0.3, 100);
    assert_int_equal(process.end, PROCESS_HUNG);
    process_free(&process);
    process = run("trap '' TERM INT HUP; while :; do sleep 1; done", 0.3, 100);
    assert_int_equal(process.end, PROCESS_HUNG);
    process_free(&process);
    process = run("while sleep 0.02; do echo; done", 0.3, 100000);
    assert_int_equal(process.end, PROCESS_HUNG);
    process_free(&process);
}

static void stops_a_flood(void **state)
{
    struct process process = run("exec yes", HANG, 100000);

    (void)state;
    assert_int_equal(process.end, PROCESS_FLOODED);
    assert_in_range(process.output_size, 100001, 300000);
    process_free(&process);
}

static bool is_alive(const char *number)
{
    char path[64], line[256] = "";
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", atoi(number));
    file = fopen(path, "r");
    if (!file)
        return false;
    if (!fgets(line, sizeof line, file))
        line[0] = '\0';
    fclose(file);
    return line[0] && !strstr(line, ") Z") && !strstr(line, ") X");
}

/* A process that we have killed ends soon, but not at once. */
static bool dies(const char *number)
{
    int tries;

    for (tries = 0; tries < 10000 && is_alive(number); tries++)
        usleep(1000);
    return !is_alive(number);
}

/* Wherever they are: in the group of the command, in a session of their own, or below a process
 * that has ended. */
static void takes_grandchildren_along(void **state)
{
    static const char *const commands[] = {
        "sleep 1000 & echo $!",
        "setsid sleep 1000 & echo $!; sleep 0.2",
        "setsid sh -c 'setsid sleep 1000 & echo $!; sleep 0.2' & wait",
        "setsid sleep 1000 & echo $!; sleep 0.2; kill -SEGV $$",
        "setsid sleep 1000 & echo $!; wait",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct process process = run(commands[i], i < 4 ? HANG : 0.5, 100);

        assert_int_equal(process.end, i < 3    ? PROCESS_EXITED
                                      : i == 3 ? PROCESS_SIGNALLED
                                               : PROCESS_HUNG);
        assert_true(atoi(process.output) > 0);
        assert_false(is_alive(process.output));
        process_free(&process);
    }
}

/* What counts is processor time, of the child and of all below it. */
static void kills_what_uses_too_much(void **state)
{
    struct process process = run("(while :; do :; done) & wait", 0.5, 100);

    (void)state;
    assert_int_equal(process.end, PROCESS_HUNG);
    assert_true(process.used > 0.5);
    process_free(&process);
}

static atomic_bool busy;

static void *keep_busy(void *unused)
{
    while (atomic_load(&busy))
        ;
    return unused;
}

/* A child that could run, but hardly ever gets its processor, does not hang. */
static void leaves_alone_what_gets_no_processor(void **state)
{
    cpu_set_t mine, one;
    struct process process;
    pthread_t thread;
    char *text;
    int cpu = 0;

    (void)state;
    sched_getaffinity(0, sizeof mine, &mine);
    while (!CPU_ISSET(cpu, &mine))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    atomic_store(&busy, true);
    assert_int_equal(pthread_create(&thread, NULL, keep_busy, NULL), 0);
    assert_int_equal(pthread_setaffinity_np(thread, sizeof one, &one), 0);
    assert_true(asprintf(&text,
                         "exec timeout 4 taskset -c %d chrt -i 0 sh -c 'while :; do :; done'",
                         cpu) > 0);
    process = run(text, 0.5, 100);
    free(text);
    atomic_store(&busy, false);
    pthread_join(thread, NULL);
    assert_int_equal(process.end, PROCESS_EXITED);
    assert_int_equal(process.status, 124);
    process_free(&process);
}

/* However long it takes: it says something now and then, and uses little. */
static void leaves_what_goes_on_alone(void **state)
{
    struct process process = run("for i in 1 2 3 4 5 6 7 8; do sleep 0.3; echo; done", 2, 100);

    (void)state;
    assert_int_equal(process.end, PROCESS_EXITED);
    assert_int_equal(process.output_size, 8);
    process_free(&process);
}

/* What it spends is the time in which it works, and that in which it waits. */
static void tells_what_was_spent(void **state)
{
    struct process works = run("i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done", HANG, 100);
    struct process waits = run("sleep 1", HANG, 100);

    (void)state;
    assert_true(works.used > waits.used);
    assert_true(works.spent >= works.used);
    assert_true(waits.spent > waits.used + 0.1);
    process_free(&works);
    process_free(&waits);
}

static void kills_grandchildren_of_what_hangs(void **state)
{
    struct process process = run("sleep 1000 & echo $!; wait", 0.3, 100);

    (void)state;
    assert_int_equal(process.end, PROCESS_HUNG);
    assert_true(atoi(process.output) > 0);
    assert_true(dies(process.output));
    process_free(&process);
}

static void says_what_cannot_start(void **state)
{
    char *const arguments[] = {"/nonexistent/program", NULL};
    struct process process;

    (void)state;
    process_run(&(struct command){.arguments = arguments, .input = "", .seconds = HANG}, &process);
    assert_int_equal(process.end, PROCESS_NOT_STARTED);
    assert_int_equal(process.status, ENOENT);
    assert_string_equal(process.output, "");
    process_free(&process);
}

static void *allocate(void *stop)
{
    void *pieces[1000];
    size_t i;

    while (!atomic_load((atomic_bool *)stop)) {
        for (i = 0; i < 1000; i++)
            pieces[i] = malloc(sizeof(FILE) * (i % 2 + 1));
        for (i = 0; i < 1000; i++)
            free(pieces[i]);
    }
    return NULL;
}

/* Some of them are left with a lock of malloc that nobody will unlock. The C library's own is taken
 * care of by fork; the address sanitizer's is not. */
static void starts_beside_threads_that_allocate(void **state)
{
    enum { THREADS = 4, TIMES = 100 };
    pthread_t threads[THREADS];
    atomic_bool stop = false;
    int i;

    (void)state;
    for (i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, allocate, &stop), 0);
    for (i = 0; i < TIMES; i++) {
        struct process process;

        process_run(&(struct command){.arguments = (char *[]){"/bin/sh", "-c", "sleep 9 &", NULL},
                                      .variable = "ONE=new",
                                      .input = "",
                                      .seconds = 5,
                                      .output_limit = 100},
                    &process);
        assert_int_equal(process.end, PROCESS_EXITED);
        process_free(&process);
    }
    atomic_store(&stop, true);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* A variable stands in the environment beside ours, in place of one of its name. */
static void children_have_a_variable(void **state)
{
    char *const arguments[] = {"/bin/sh", "-c", "echo $ONE $OTHER; env | grep -c ONE=", NULL};
    struct command command = {.arguments = arguments,
                              .variable = "ONE=new",
                              .input = "",
                              .seconds = HANG,
                              .output_limit = 100};
    struct process process;

    (void)state;
    setenv("ONE", "old", 1);
    setenv("OTHER", "ours", 1);
    process_run(&command, &process);
    unsetenv("ONE");
    unsetenv("OTHER");
    assert_string_equal(process.output, "new ours\n1\n");
    process_free(&process);
}

/* What hangs may end by itself, but what does not is killed. */
static void asks_what_hangs_to_end(void **state)
{
    char path[] = "/tmp/test_process-XXXXXX", script[256];
    char *const arguments[] = {"/bin/sh", "-c", script, NULL};
    struct command command = {
        .arguments = arguments, .input = "", .seconds = 0.2, .grace = HANG, .output_limit = 100};
    struct process process;
    int file = mkstemp(path);

    (void)state;
    assert_true(file >= 0);
    snprintf(script, sizeof script,
             "trap 'echo ended | tee %s >&2; exit' QUIT; while :; do sleep 99; done", path);
    process_run(&command, &process);
    assert_int_equal(process.end, PROCESS_HUNG);
    assert_true(contains(process.errors, "ended\n"));
    process_free(&process);
    assert_int_equal(read(file, script, sizeof script), strlen("ended\n"));
    command.grace = 0.1;
    strcpy(script, "trap '' QUIT; while :; do sleep 99; done");
    process_run(&command, &process);
    assert_int_equal(process.end, PROCESS_HUNG);
    process_free(&process);
    close(file);
    unlink(path);
}

/* A child starts with three descriptors, and with no signal ignored or blocked, whatever we have.
 */
static void children_start_clean(void **state)
{
    struct process process;
    sigset_t all, old;
    int ours;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    process = run("kill -PIPE $$", HANG, 100);
    sigprocmask(SIG_SETMASK, &old, NULL);
    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(process.end, PROCESS_SIGNALLED);
    assert_int_equal(process.status, SIGPIPE);
    process_free(&process);
    ours = dup(STDIN_FILENO);
    assert_true(ours > STDERR_FILENO);
    process = run("exec ls /proc/self/fd", HANG, 100);
    close(ours);
    assert_string_equal(process.output, "0\n1\n2\n3\n"); /* the last is of ls */
    process_free(&process);
}

static int open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void *run_some(void *arg)
{
    int *good = arg, i;
    struct process process;
    char text[64], expected[16];

    for (i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "echo %d; kill -%s $$", i, i % 2 ? "KILL" : "TERM");
        snprintf(expected, sizeof expected, "%d\n", i);
        process = run(text, HANG, 100);
        *good += process.end == PROCESS_SIGNALLED &&
                 process.status == (i % 2 ? SIGKILL : SIGTERM) && !strcmp(process.output, expected);
        process_free(&process);
    }
    return NULL;
}

static void runs_several_and_leaks_nothing(void **state)
{
    int before = open_descriptors(), good[4] = {0}, i;
    pthread_t threads[4];

    (void)state;
    for (i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_some, &good[i]), 0);
    for (i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (i = 0; i < 4; i++)
        assert_int_equal(good[i], 20);
    kills_what_hangs(NULL);
    says_what_cannot_start(NULL);
    assert_int_equal(open_descriptors(), before);
}

static void *run_for_ever(void *arg)
{
    *(struct process *)arg = run("exec sleep 1000", HANG, 100);
    return NULL;
}

/* A process of ours that is killed takes along what it runs, even what has a session of its own. */
static void takes_everything_along(void **state)
{
    int ends[2], status;
    char number[32] = "";
    pid_t runner;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    runner = fork();
    assert_true(runner >= 0);
    if (runner == 0) {
        char text[128];

        snprintf(text, sizeof text, "setsid sleep 1000 & echo $! >/proc/%d/fd/%d; wait",
                 (int)getpid(), ends[1]);
        run(text, HANG, 100);
        _exit(0);
    }
    assert_true(read(ends[0], number, sizeof number - 1) > 0);
    assert_true(is_alive(number));
    kill(runner, SIGKILL);
    assert_int_equal(waitpid(runner, &status, 0), runner);
    assert_true(dies(number));
    close(ends[0]);
    close(ends[1]);
}

/* It cannot be undone, so that no test may follow. */
static void stops_all(void **state)
{
    struct process process = {.end = PROCESS_NOT_STARTED};
    pthread_t thread;

    (void)state;
    assert_false(process_stopped());
    assert_int_equal(pthread_create(&thread, NULL, run_for_ever, &process), 0);
    process_stop_all();
    pthread_join(thread, NULL);
    assert_true(process.end == PROCESS_STOPPED ||
                (process.end == PROCESS_NOT_STARTED && process.status == ECANCELED));
    process_free(&process);
    process = run("echo no", HANG, 100);
    assert_int_equal(process.end, PROCESS_NOT_STARTED);
    assert_int_equal(process.status, ECANCELED);
    process_free(&process);
    assert_true(process_stopped());
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_status_and_outputs),
        cmocka_unit_test(tells_the_signal),
        cmocka_unit_test(looks_seldom_at_many_threads),
        cmocka_unit_test(passes_large_inputs_through),
        cmocka_unit_test(kills_what_hangs),
        cmocka_unit_test(stops_a_flood),
        cmocka_unit_test(takes_grandchildren_along),
        cmocka_unit_test(kills_what_uses_too_much),
        cmocka_unit_test(leaves_what_goes_on_alone),
        cmocka_unit_test(leaves_alone_what_gets_no_processor),
        cmocka_unit_test(kills_grandchildren_of_what_hangs),
        cmocka_unit_test(says_what_cannot_start),
        cmocka_unit_test(tells_what_was_spent),
        cmocka_unit_test(starts_beside_threads_that_allocate),
        cmocka_unit_test(children_have_a_variable),
        cmocka_unit_test(asks_what_hangs_to_end),
        cmocka_unit_test(children_start_clean),
        cmocka_unit_test(runs_several_and_leaks_nothing),
        cmocka_unit_test(takes_everything_along),
        cmocka_unit_test(stops_all),
    };

    if (argc > 1 && !strcmp(argv[1], "threads"))
        return have_threads();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
