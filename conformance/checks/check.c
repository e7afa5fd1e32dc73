/* check: runs checks on a runtime library.
 *
 *     checks --list                   prints one line for each rule of each check: R6.5 write_all
 *     checks --source RULE NAME [WHY] prints the lines of a check, marked where it failed
 *     checks LIBRARY RULE NAME [WORD] runs one check, in this process
 *     checks LIBRARY                  runs those that its input names, each in a process of its own
 *                                     that is forked from this one, which has opened the library
 *
 * Exit status of one: 0 passed, 1 failed, 77 the runtime lacks what the check needs, 2 could not
 * tell. The verdict also stands on standard output, since the status alone could come from a call
 * of exit by the runtime, and WORD from nobody else:
 *
 *     pass RULE NAME WORD
 *     fail RULE NAME WORD WHY       in one line, which stands on standard error, too
 *     refused RULE NAME WORD WHY    the same, and a call was refused for want of threads or memory
 *     unknown RULE NAME WORD WHY    this machine cannot carry out the check
 *     lacks RULE NAME WORD ITEMS    the runtime lacks one of these items of driver/parts.h
 *
 * Before it there may be lines that tell how many tasks there are at a time; the last one counts:
 *
 *     needs RULE NAME WORD TASKS
 *
 * The input and output of several are a conversation as that of a driver in spec/scenario.md, with
 * the line `check RULE NAME WORD` in place of a scenario.
 */
#include "check.h"

#include "driver/keep_counters.h"
#include "driver/trampolines.h"
#include "machine/activity.h"
#include "machine/machine.h"
#include "machine/strays.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum { PASSED = 0, FAILED = 1, COULD_NOT_TELL = 2, NOT_IMPLEMENTED = 77 };

static struct check *checks;
static struct check *chosen;
static bool finished;       /* its function has returned */
static const char *library; /* the path of the runtime */

/* What the check says, and where. */
static struct {
    const char *rule, *name, *word;
    int report;
} saying;

/* What was tried before the runtime was loaded. */
static bool has_loopback, has_ipv6, tells_memory;

static bool has_threads; /* the library, once it is open */

/* Every process does this for all checks and executes one of them, so it takes no look at the
 * others. */
void check_register(struct check *check)
{
    check->next = checks;
    checks = check;
}

/* ---- What this machine lacks ---- */

void cannot_test(const char *format, ...)
{
    char why[256];
    va_list list;

    va_start(list, format);
    vsnprintf(why, sizeof why, format, list);
    va_end(list);
    dprintf(STDERR_FILENO, "cannot be tested here: %s\n", why);
    dprintf(saying.report, "unknown %s %s %s %s\n", saying.rule, saying.name, saying.word, why);
    _exit(COULD_NOT_TELL);
}

void need_loopback(void)
{
    if (!has_loopback)
        cannot_test("127.0.0.1 cannot be reached on this machine");
}

void need_ipv6(void)
{
    if (!has_ipv6)
        cannot_test("the machine has no IPv6");
}

static int tasks; /* that the check has at a time; 0: it has not said */

void need_tasks(int count)
{
    if (!machine_has_room(count))
        cannot_test("there is no room for the stacks of %d tasks", count);
    if (count <= tasks)
        return;
    tasks = count;
    dprintf(saying.report, "needs %s %s %s %d\n", saying.rule, saying.name, saying.word, count);
}

void need_descriptors(int count)
{
    struct rlimit limit;

    if (machine_descriptors() < (unsigned long)count)
        cannot_test("the hard limit of descriptors is %lu, and %d are needed",
                    machine_descriptors(), count);
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= (rlim_t)count)
        return;
    limit.rlim_cur = (rlim_t)count;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int need_file(void)
{
    int file = memfd_create("check", MFD_CLOEXEC);
    char path[PATH_MAX];

    if (file < 0) { /* an old filter of a container may refuse it */
        need_path(path, sizeof path);
        file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        unlink(path);
    }
    if (file < 0)
        cannot_test("a file cannot be made: %s", strerror(errno));
    return file;
}

void need_path(char *path, size_t room)
{
    const char *directory = machine_directory();
    int file;

    if (snprintf(path, room, "%s/miou-check-XXXXXX", directory) >= (int)room)
        cannot_test("the path of %s is too long", directory);
    file = mkstemp(path);
    if (file < 0)
        cannot_test("no file can be made in %s: %s", directory, strerror(errno));
    close(file);
    unlink(path);
}

void start_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    int error = pthread_create(thread, NULL, fn, arg);

    if (error)
        cannot_test("a thread cannot be made: %s", strerror(error));
}

static void on_crash(void (*handler)(int))
{
    static const int ends[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT, SIGQUIT};
    size_t i;

    for (i = 0; i < sizeof ends / sizeof *ends; i++)
        sigaction(ends[i],
                  &(struct sigaction){.sa_handler = handler,
                                      .sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER},
                  NULL);
}

/* The action of the signal is again the one by default; but a hang leaves no core. */
static void tell_and_end(int number)
{
    tell_last_call();
    if (number == SIGQUIT)
        _exit(FAILED);
    raise(number);
}

pid_t start_process(void)
{
    pid_t process = fork();

    if (process < 0)
        cannot_test("a process cannot be made: %s", strerror(errno));
    if (process == 0) { /* it is not the check */
        on_crash(SIG_DFL);
        sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    }
    return process;
}

pid_t start_process_with_runtime(void)
{
    if (has_threads)
        cannot_test("the library has threads once it is loaded, which a copy of a process lacks");
    return start_process();
}

int end_of_process(pid_t process)
{
    int status = 0;

    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR)
            fail_with("waitpid: %s", strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_IMPLEMENTED)
        _exit(NOT_IMPLEMENTED);
    return status;
}

/* ---- Runs ---- */

/* End the check: the runtime lacks one of these items. */
static void lack(const char *items)
{
    dprintf(saying.report, "lacks %s %s %s %s\n", saying.rule, saying.name, saying.word, items);
    _exit(NOT_IMPLEMENTED);
}

/* The run has returned -ENOSYS without a call of its main task. End the check if it may: one of the
 * run's options or the run itself is of a part that the runtime declines. */
static void lack_run(check_runner *run, const miou_options *options)
{
    char items[64];

    snprintf(items, sizeof items, "%s%s%s", options && options->choose ? "choose " : "",
             options && options->monitor ? "monitor " : "",
             run == miou_unix_run ? "miou_unix_run " : "");
    if (*items)
        lack(items);
}

struct main_task {
    miou_task *fn;
    void *arg;
    bool ran;
};

static int run_main_task(void *arg)
{
    struct main_task *task = arg;

    task->ran = true;
    return task->fn(task->arg);
}

/* End the check if the machine has not as many threads. */
static void need_threads(int count)
{
    int can = machine_threads(count);

    if (can < count)
        cannot_test("only %d of %d threads can be made", can, count);
}

int run_by(check_runner *run, const miou_options *options, miou_task *fn, void *arg)
{
    struct main_task task = {.fn = fn, .arg = arg};
    int tries = 0, result;

    do {
        result = run(options, fn ? run_main_task : NULL, &task);
        if (!is_shortage(result) || task.ran || !options)
            break;
        need_threads(options->domains);
        /* What is there now may have been taken by others for a moment. A monitor would notice a
         * second run. */
    } while (!options->monitor && tries++ < 10);
    if (is_shortage(result) && task.ran && tasks > 0)
        need_threads(tasks); /* for a runtime whose tasks are threads */
    if (result == -ENOSYS && !task.ran)
        lack_run(run, options);
    if (result >= 0 && !task.ran)
        fail_with("expected the run to call its main task, but it only returned %s",
                  code_text(result).text);
    return result;
}

int run_with(int domains, miou_task *fn, void *arg)
{
    return run_by(miou_run, &(miou_options){.domains = domains}, fn, arg);
}

int unix_run_with(int domains, miou_task *fn, void *arg)
{
    return run_by(miou_unix_run, &(miou_options){.domains = domains}, fn, arg);
}

static double processor_time(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* How much of the processor a process uses beside this thread, which may be one of its own. What
 * does not seem to rest is compared with this thread while it works. */
static double measure(pid_t process, clockid_t clock)
{
    const double enough = 0.03; /* more than a turn on a busy machine */
    double all, own, worked;

    if (activity_rests(process, enough))
        return 0;
    all = processor_time(clock);
    own = processor_time(CLOCK_THREAD_CPUTIME_ID);
    do
        worked = processor_time(CLOCK_THREAD_CPUTIME_ID) - own;
    while (worked < enough);
    return (processor_time(clock) - all - (process == getpid() ? worked : 0)) / worked;
}

/* What is about to be idle may still work at first, so measure several times; what is busy may get
 * no turn for a moment, so believe in rest when it is seen twice. */
double used_by(pid_t process)
{
    double before, used, both = 2 * AT_REST;
    clockid_t clock;
    int tries;

    if (clock_getcpuclockid(process, &clock) != 0)
        return 0;
    used = measure(process, clock);
    for (tries = 0; tries < 5 && both > AT_REST; tries++) {
        before = used;
        used = measure(process, clock);
        both = used > before ? used : before;
    }
    return both;
}

double used_beside_us(void)
{
    return used_by(getpid());
}

static int entries(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    int count = 0;

    if (!directory)
        return -1;
    while ((entry = readdir(directory)))
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

int descriptors_open(void)
{
    return entries("/proc/self/fd") - 1; /* less the one that is open to count */
}

/* In statm each processor may be behind by some hundred KiB; this file counts the pages. */
static long resident(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    long kilobytes = -1;
    char line[256];

    while (file && kilobytes < 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "Rss: %ld", &kilobytes) != 1)
            kilobytes = -1;
    if (file)
        fclose(file);
    return kilobytes < 0 ? -1 : kilobytes * 1024;
}

long memory_resident(void)
{
    if (!tells_memory)
        cannot_test("the system does not tell how much memory a process uses");
    return resident();
}

long memory_mapped(void)
{
    FILE *file = fopen("/proc/self/maps", "r");
    unsigned long first, end;
    long bytes = 0;

    if (!file)
        return -1;
    while (fscanf(file, "%lx-%lx%*[^\n]", &first, &end) == 2)
        bytes += (long)(end - first);
    fclose(file);
    return bytes;
}

int descriptors_of(pid_t pid)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    return entries(path);
}

bool any_socket_is_open(pid_t pid, const ino_t *inodes, int count)
{
    const struct dirent *entry;
    struct stat what;
    bool found = false;
    char path[32];
    DIR *all;
    int i;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    all = opendir(path);
    while (all && !found && (entry = readdir(all)))
        if (fstatat(dirfd(all), entry->d_name, &what, 0) == 0 && S_ISSOCK(what.st_mode))
            for (i = 0; i < count && !found; i++)
                found = what.st_ino == inodes[i];
    if (all)
        closedir(all);
    return found;
}

bool threads_fall_to(int count)
{
    int tries;

    for (tries = 0; tries < 5000 && threads_running() > count; tries++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return threads_running() <= count;
}

/* Call visit for each rule of a check until it returns true; returns whether it did. */
static bool any_rule(const struct check *check,
                     bool (*visit)(const struct check *, const char *rule, size_t length,
                                   const char *wanted),
                     const char *wanted)
{
    const char *rule = check->rules;

    while (*(rule += strspn(rule, " "))) {
        size_t length = strcspn(rule, " ");

        if (visit(check, rule, length, wanted))
            return true;
        rule += length;
    }
    return false;
}

static bool print_rule(const struct check *check, const char *rule, size_t length,
                       const char *wanted)
{
    (void)wanted;
    printf("%.*s %s\n", (int)length, rule, check->name);
    return false;
}

static bool same_rule(const struct check *check, const char *rule, size_t length,
                      const char *wanted)
{
    (void)check;
    return strlen(wanted) == length && !memcmp(rule, wanted, length);
}

static struct check *find(const char *rule, const char *name)
{
    struct check *check;

    for (check = checks; check; check = check->next)
        if (!strcmp(check->name, name) && any_rule(check, same_rule, rule))
            return check;
    return NULL;
}

/* cmocka catches the signals of a crash and longjmps, which is impossible from a task's stack or
 * another thread. Let a crash end the process, and so SIGQUIT, which the suite sends to what hangs.
 */
static void run_chosen(void **state)
{
    static char stack[1 << 16]; /* of this thread, for when its own has overflowed */

    (void)state;
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    on_crash(tell_and_end);
    keep_counters(library);
    hush(false);
    chosen->function();
    hush(true);
    finished = true;
}

/* ---- One check ---- */

static const char *unopened; /* why the library cannot be opened; NULL: it is open */

/* What the runtime or a check prints must not be taken for the report. */
static bool open_report(void)
{
    saying.report = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (saying.report >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
        return true;
    perror("checks");
    return false;
}

static void open_library(void)
{
    int threads;

    has_loopback = machine_has_loopback();
    has_ipv6 = machine_has_ipv6();
    tells_memory = resident() >= 0;
    threads = threads_running();
    unopened = trampolines_open(library, lack);
    has_threads = threads_running() > threads;
}

static int run_one(const char *rule, const char *name, const char *word)
{
    struct CMUnitTest test = {.name = name, .test_func = run_chosen};
    int failed, said;

    chosen = find(rule, name);
    if (!chosen) {
        fprintf(stderr, "checks: no check of %s is called %s\n", rule, name);
        return COULD_NOT_TELL;
    }
    saying.rule = rule;
    saying.name = name;
    saying.word = word;
    if (unopened)
        cannot_test("cannot open %s: %s", library, unopened);
    hush(true);
    failed = _cmocka_run_group_tests(name, &test, 1, NULL, NULL);
    hush(false);
    if (failed) {
        dprintf(saying.report, "%s %s %s %s %s\n", expect_refused() ? "refused" : "fail", rule,
                name, word, expect_failure());
        return FAILED;
    }
    if (!finished) {
        fprintf(stderr, "checks: %s was skipped\n", name);
        return COULD_NOT_TELL;
    }
    said = dprintf(saying.report, "pass %s %s %s\n", rule, name, word);
    if (close(saying.report) != 0 || said < 0) {
        fprintf(stderr, "checks: the runtime has closed a descriptor that is not its own\n");
        return FAILED;
    }
    return PASSED;
}

/* ---- Several ---- */

static volatile sig_atomic_t hangs; /* we are to end, and the check before us */
static volatile pid_t running;      /* the process of a check, which leads a group; 0: none */

static void end_check(int number)
{
    hangs = true;
    if (running > 0)
        kill(-running, number);
}

/* The process of a check is as one that was started for it alone: its input has ended, it leads a
 * group, and no signal is handled. */
static void be_alone(void)
{
    int input[2];

    setpgid(0, 0);
    signal(SIGQUIT, SIG_DFL);
    if (pipe2(input, O_CLOEXEC) < 0 || dup2(input[0], STDIN_FILENO) < 0)
        cannot_test("no pipe can be made: %s", strerror(errno));
    close(input[0]);
    close(input[1]);
}

/* The threads that a library has started when it was opened are not in a copy of this process. So
 * it is opened anew, in a process that executes this program. */
static void run_anew(const char *rule, const char *name, const char *word)
{
    dup2(saying.report, STDOUT_FILENO);
    execlp(program_invocation_name, program_invocation_name, library, rule, name, word, NULL);
    cannot_test("%s cannot be executed: %s", program_invocation_name, strerror(errno));
}

static void run_apart(const char *rule, const char *name, const char *word)
{
    int status = 0;

    running = fork();
    if (running < 0) {
        dprintf(saying.report, "unknown %s %s %s a process cannot be made: %s\ndied status %d\n",
                rule, name, word, strerror(errno), COULD_NOT_TELL);
        return;
    }
    if (running == 0) {
        be_alone();
        if (has_threads)
            run_anew(rule, name, word);
        exit(run_one(rule, name, word));
    }
    setpgid(running, running); /* whoever is first */
    while (waitpid(running, &status, 0) < 0 && errno == EINTR)
        ;
    running = 0;
    strays_kill();
    if (WIFSIGNALED(status))
        dprintf(saying.report, "died signal %d\n", WTERMSIG(status));
    else if (WEXITSTATUS(status) != PASSED)
        dprintf(saying.report, "died status %d\n", WEXITSTATUS(status));
}

static int run_several(void)
{
    static char line[1024], rule[64], name[256], word[64];

    sigaction(SIGQUIT, &(struct sigaction){.sa_handler = end_check, .sa_flags = SA_RESTART}, NULL);
    strays_adopt();
    dprintf(saying.report, "driver 2 checks\nready\n");
    while (!hangs && fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "check %63s %255s %63s", rule, name, word) != 3) {
            fprintf(stderr, "checks: this is not `check RULE NAME WORD`: %s", line);
            return COULD_NOT_TELL;
        }
        dprintf(saying.report, "%s", line);
        run_apart(rule, name, word);
        dprintf(saying.report, "ready\n");
    }
    return PASSED;
}

static int by_name(const void *one, const void *other)
{
    return strcmp((*(struct check *const *)one)->name, (*(struct check *const *)other)->name);
}

/* List all checks in the order of their names. Two checks of one name are a mistake. */
static int list_checks(void)
{
    const struct check *check, **sorted;
    size_t count = 0, i = 0;

    for (check = checks; check; check = check->next)
        count++;
    sorted = calloc(count + 1, sizeof *sorted);
    if (!sorted)
        return COULD_NOT_TELL;
    for (check = checks; check; check = check->next)
        sorted[i++] = check;
    qsort(sorted, count, sizeof *sorted, by_name);
    for (i = 0; i < count; i++) {
        if (i > 0 && !strcmp(sorted[i - 1]->name, sorted[i]->name)) {
            fprintf(stderr, "checks: two checks are called %s\n", sorted[i]->name);
            free(sorted);
            return COULD_NOT_TELL;
        }
        any_rule(sorted[i], print_rule, NULL);
    }
    free(sorted);
    return PASSED;
}

static int print_source(const char *rule, const char *name, const char *why)
{
    const struct check *check = find(rule, name);

    if (!check)
        return COULD_NOT_TELL;
    source_print(check->file, name, why);
    return PASSED;
}

int main(int argc, char **argv)
{
    unsetenv("CMOCKA_MESSAGE_OUTPUT");
    unsetenv("CMOCKA_TEST_ABORT");
    if (argc == 2 && !strcmp(argv[1], "--list"))
        return list_checks();
    if ((argc == 4 || argc == 5) && !strcmp(argv[1], "--source"))
        return print_source(argv[2], argv[3], argc == 5 ? argv[4] : "");
    if ((argc == 2 && argv[1][0] != '-') || argc == 4 || argc == 5) {
        library = argv[1];
        if (!open_report())
            return COULD_NOT_TELL;
        open_library();
        return argc == 2 ? run_several() : run_one(argv[2], argv[3], argc == 5 ? argv[4] : "");
    }
    fprintf(stderr, "usage: checks --list\n       checks --source RULE NAME [WHY]\n"
                    "       checks LIBRARY [RULE NAME [WORD]]\n");
    return COULD_NOT_TELL;
}
