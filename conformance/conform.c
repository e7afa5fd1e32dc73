/* conform: checks, rule by rule, whether a runtime keeps the rules of the chapters. */
#include "machine/machine.h"
#include "machine/strays.h"
#include "report/conclusion.h"
#include "report/declare.h"
#include "report/export.h"
#include "report/report.h"
#include "scenario/memory.h"
#include "suite/attack.h"
#include "suite/check_driver.h"
#include "suite/counters.h"
#include "suite/differences.h"
#include "suite/directory.h"
#include "suite/execute.h"
#include "suite/explore.h"
#include "suite/process.h"
#include "suite/session.h"
#include "suite/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGITS "0123456789"

enum { JOBS_MAX = 256 };

static const char help[] =
    "usage: conform --runtime LIBRARY [OPTION ...]\n"
    "       conform --driver COMMAND [OPTION ...]\n"
    "       conform --server COMMAND [OPTION ...]\n"
    "       conform --check-driver COMMAND\n"
    "       conform --list | --print TEST | --export DIRECTORY | --help | --version\n"
    "\n"
    "Check, rule by rule, whether a runtime keeps the rules of structured concurrency.\n"
    "\n"
    "  --runtime LIBRARY    test a shared library with the functions of spec/miou.h, miou_sync.h\n"
    "                       and miou_unix.h\n"
    "  --driver COMMAND     test the runtime of a driver in any language, which executes the\n"
    "                       scenario on its standard input; the tests in C are skipped\n"
    "  --check-driver COMMAND\n"
    "                       test a driver itself: has it execute a few small scenarios and tells "
    "what\n"
    "                       it does otherwise than spec/scenario.md says, whatever its runtime "
    "does\n"
    "  --server COMMAND     test an echo server in any language, by the rules of chapter 7: a "
    "command\n"
    "                       of the shell, in which the word PORT stands for the port at which it\n"
    "                       is to listen\n"
    "  --rule ID            test a rule (R2.1), the rules of a chapter (R2) or one test "
    "(R2.1/ended);\n"
    "                       may be repeated; default: all rules\n"
    "  --except ID          leave these out; may be repeated\n"
    "  --seed N             steer the runtime's choices with the generator of spec/scenario.md "
    "and\n"
    "                       this seed: the same seed makes the same run\n"
    "  --schedule LIST      steer them with these answers, such as \"0 0 1\", and then with 0\n"
    "  --explore[=N]        execute each scenario on all its schedules, those with the fewest\n"
    "                       answers other than 0 first; stop after N (default: %d) and execute\n"
    "                       N/4 random schedules\n"
    "                       (--seed, --schedule and --explore skip the tests in C)\n"
    "  --fail-fast          stop at the first failure of a MUST rule\n"
    "  --fail-fast=rule     leave out the other tests of a rule as soon as one of them has failed\n"
    "  --differences FILE   read what the runtime is declared to do otherwise: lines WHAT VERDICT\n"
    "                       REASON, where WHAT is a chapter, a rule, a test, an invariant\n"
    "                       (invariant:R2.14) or a part of the interface, and VERDICT is differs "
    "(on\n"
    "                       purpose: not executed, not held against the runtime), fails (a known\n"
    "                       bug: must fail) or declines (a part that it leaves out)\n"
    "  --differences-from-run FILE\n"
    "                       write a first such file, with a line for all that failed\n"
    "  --format FORMAT      write the report as text (default), tap or junit\n"
    "  --output FILE        write the report to a file instead of standard output\n"
    "  --timeout SECONDS    a test hangs if it uses more processor time, or waits for longer "
    "while\n"
    "                       none of its threads could run; default: 20, or 5 with "
    "--check-driver\n"
    "  --jobs N             run N tests at a time; default: the number of processors\n"
    "  --under COMMAND      run each test under a command such as valgrind\n"
    "  --coverage DIRECTORY\n"
    "                       keep what a runtime compiled with --coverage counts apart, by tests, "
    "in\n"
    "                       DIRECTORY/R2.1/ended; it must be new, or empty\n"
    "  --spec DIRECTORY     read the chapters there; default: ../spec beside this program, or "
    "spec\n"
    "  --list               print one line per rule: id, level, number of tests, title\n"
    "  --print TEST         print the program of a scenario, as a driver reads it\n"
    "  --export DIRECTORY   write R2.1/ended.program for each scenario, which is what a driver "
    "reads\n"
    "                       between `scenario ID` and `go`, and R2.1/ended.answers, which has its\n"
    "                       expectations on the same lines; the directory must be new, or empty\n"
    "  --help               print this\n"
    "  --version            print the version of this program\n"
    "\n"
    "Exit status: 0 the runtime keeps every MUST rule but for declared differences, 1 it does "
    "not,\n"
    "or a declared difference is no longer true, 2 could not tell, since this machine lacks what "
    "a\n"
    "test needs, or nothing can be executed.\n";

struct options {
    struct session session;
    const char *spec;     /* as given; NULL: not given */
    const char *chapters; /* the directory */
    const char *output;
    const char *differences; /* a file; NULL: none */
    const char *from_run;    /* a file of differences that is to be written; NULL: none */
    const char *print;
    const char *checked; /* a driver that is to be tested itself; NULL: none */
    const char *export;  /* a directory in which all scenarios are to be written; NULL: none */
    const char **rules;
    int rule_count;
    const char **exceptions;
    int exception_count;
    enum report_format format;
    bool list;
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fputs("conform: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(COULD_NOT_TELL);
}

static void complain(const char *text)
{
    fprintf(stderr, "conform: %s\n", text);
}

/* ---- Options ---- */

static double seconds(const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value > 0 && value <= 1e6))
        die("--timeout %s: not a number of seconds", text);
    return value;
}

static int jobs(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end || value < 1 || value > JOBS_MAX)
        die("--jobs %s: not a number from 1 to %d", text, JOBS_MAX);
    return (int)value;
}

static size_t schedules(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end || value < 1 || value > EXPLORE_MAX)
        die("--explore=%s: not a number from 1 to %d", text, EXPLORE_MAX);
    return (size_t)value;
}

static void steer_with_seed(struct session *session, const char *text)
{
    unsigned long long seed;
    char *end;

    errno = 0;
    seed = strtoull(text, &end, 10);
    if (text[strspn(text, DIGITS)] || end == text || errno)
        die("--seed %s: not a number from 0 to %llu", text, ULLONG_MAX);
    session->schedule = text_of("schedule seed %llu\n", seed);
    session->replay = text_of("--seed %llu", seed);
}

static void steer_with_answers(struct session *session, const char *text)
{
    char *answers = zeroed(2, strlen(text) + 1), *end = answers;
    const char *from = text + strspn(text, " ,");
    size_t size;

    for (; *from; from += size, from += strspn(from, " ,")) {
        size = strspn(from, DIGITS);
        if (size == 0 || size > 9 || (from[size] && !strchr(" ,", from[size])))
            die("--schedule %s: not a list of numbers", text);
        end += sprintf(end, " %.*s", (int)size, from);
    }
    session->schedule = text_of("schedule%s\n", answers);
    session->replay = text_of("--schedule \"%s\"", answers + (*answers == ' '));
    free(answers);
}

static enum report_format format(const char *text)
{
    static const char *const names[] = {
        [REPORT_TEXT] = "text", [REPORT_TAP] = "tap", [REPORT_JUNIT] = "junit"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], text))
            return (enum report_format)i;
    die("--format %s: text, tap or junit", text);
}

static enum fail_fast fail_fast(const char *text)
{
    if (text && strcmp(text, "rule") != 0)
        die("--fail-fast=%s: rule, or nothing", text);
    return text ? FAIL_FAST_RULE : FAIL_FAST_ALL;
}

static void set(struct options *options, int option, const char *value)
{
    switch (option) {
    case 'r':
        options->session.runtime = value;
        break;
    case 'd':
        options->session.command = value;
        break;
    case 'v':
        options->session.server = value;
        break;
    case 'R':
        options->rules[options->rule_count++] = value;
        break;
    case 'e':
        options->exceptions[options->exception_count++] = value;
        break;
    case 'F':
        options->session.fail_fast = fail_fast(value);
        break;
    case 'f':
        options->format = format(value);
        break;
    case 'o':
        options->output = value;
        break;
    case 't':
        options->session.seconds = seconds(value);
        break;
    case 'j':
        options->session.jobs = jobs(value);
        break;
    case 'u':
        options->session.under = value;
        break;
    case 'C':
        options->session.counters = value;
        break;
    case 's':
        options->spec = value;
        break;
    case 'S':
        steer_with_seed(&options->session, value);
        break;
    case 'A':
        steer_with_answers(&options->session, value);
        break;
    case 'x':
        options->session.explore = value ? schedules(value) : EXPLORE_DEFAULT;
        break;
    case 'D':
        options->differences = value;
        break;
    case 'W':
        options->from_run = value;
        break;
    case 'l':
        options->list = true;
        break;
    case 'p':
        options->print = value;
        break;
    case 'c':
        options->checked = value;
        break;
    case 'X':
        options->export = value;
        break;
    case 'h':
        printf(help, EXPLORE_DEFAULT);
        exit(0);
    case 'V':
        puts("conform " VERSION);
        exit(0);
    default:
        exit(COULD_NOT_TELL); /* getopt has said why */
    }
}

/* The processors that a control group allows in a time, written as `QUOTA PERIOD`; 0: any. */
static long quota(void)
{
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    long allowed = 0, period = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%ld %ld", &allowed, &period) != 2 || period <= 0)
        allowed = 0;
    fclose(file);
    return allowed > 0 ? (allowed + period - 1) / period : 0;
}

/* The processors that we may use at a time, 1 to JOBS_MAX. */
static int processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN), allowed = quota();
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        count = CPU_COUNT(&set);
    if (allowed > 0 && allowed < count)
        count = allowed;
    return count < 1 ? 1 : count > JOBS_MAX ? JOBS_MAX : (int)count;
}

static void read_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"runtime", required_argument, NULL, 'r'},
        {"driver", required_argument, NULL, 'd'},
        {"check-driver", required_argument, NULL, 'c'},
        {"server", required_argument, NULL, 'v'},
        {"rule", required_argument, NULL, 'R'},
        {"except", required_argument, NULL, 'e'},
        {"fail-fast", optional_argument, NULL, 'F'},
        {"format", required_argument, NULL, 'f'},
        {"output", required_argument, NULL, 'o'},
        {"timeout", required_argument, NULL, 't'},
        {"jobs", required_argument, NULL, 'j'},
        {"under", required_argument, NULL, 'u'},
        {"coverage", required_argument, NULL, 'C'},
        {"spec", required_argument, NULL, 's'},
        {"seed", required_argument, NULL, 'S'},
        {"schedule", required_argument, NULL, 'A'},
        {"explore", optional_argument, NULL, 'x'},
        {"differences", required_argument, NULL, 'D'},
        {"differences-from-run", required_argument, NULL, 'W'},
        {"list", no_argument, NULL, 'l'},
        {"print", required_argument, NULL, 'p'},
        {"export", required_argument, NULL, 'X'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option, modes = 0;

    options->session.schedule = "";
    options->session.jobs = processors();
    options->rules = zeroed((size_t)argc, sizeof *options->rules);
    options->exceptions = zeroed((size_t)argc, sizeof *options->exceptions);
    while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
        modes += strchr("SAx", option) != NULL;
        set(options, option, optarg);
    }
    if (options->session.seconds == 0)
        options->session.seconds = options->checked ? 5 : 20;
    if (modes > 1)
        die("--seed, --schedule or --explore: one of them");
    if (optind < argc)
        die("%s: not an option; see --help", argv[optind]);
    if (options->session.server &&
        (options->session.runtime || options->session.command || options->session.under || modes))
        die("--server: without --runtime, --driver, --explore, --seed, --schedule and --under");
    if (options->checked &&
        (options->session.runtime || options->session.command || options->session.server ||
         options->session.under || options->rule_count || options->exception_count || modes))
        die("--check-driver: with --timeout only");
    if (options->list || options->print || options->export || options->checked ||
        options->session.server)
        return;
    if (options->session.runtime && options->session.command)
        die("a runtime is a library or a driver: --runtime or --driver, not both");
    if (!options->session.runtime && !options->session.command)
        die("which runtime? --runtime LIBRARY; see --help");
    if (options->session.runtime && access(options->session.runtime, R_OK) != 0)
        die("%s: %s", options->session.runtime, strerror(errno));
}

/* ---- The parts of the program ---- */

/* The other programs lie beside this one, the chapters in spec beside its directory. */
static void find_parts(struct options *options)
{
    static char directory[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", directory, sizeof directory - 1);
    char *spec;

    if (size < 0)
        die("/proc/self/exe: %s", strerror(errno));
    directory[size] = '\0';
    *strrchr(directory, '/') = '\0';
    options->session.driver = text_of("%s/driver", directory);
    options->session.checks = text_of("%s/checks", directory);
    options->session.attack = text_of("%s/attack", directory);
    if (access(options->session.driver, X_OK) != 0)
        die("%s: %s", options->session.driver, strerror(errno));
    if (access(options->session.checks, X_OK) != 0)
        die("%s: %s", options->session.checks, strerror(errno));
    if (options->session.server && access(options->session.attack, X_OK) != 0)
        die("%s: %s", options->session.attack, strerror(errno));
    /* A directory spec below build has the page of `make spec`, and no chapters. */
    spec = text_of("%s/../spec/scenario.md", directory);
    if (options->spec)
        options->chapters = options->spec;
    else if (access(spec, R_OK) == 0)
        options->chapters = realpath(text_of("%s/../spec", directory), NULL);
    else
        options->chapters = "spec";
    free(spec);
}

/* What a program of tests says when it is asked for a list of them. */
static char *list_tests(const char *program, const char *option)
{
    char *const arguments[] = {(char *)program, (char *)(uintptr_t)option, NULL};
    struct command command = {
        .arguments = arguments, .input = "", .seconds = 60, .output_limit = 1 << 24};
    struct process process;

    process_run(&command, &process);
    if (process.end != PROCESS_EXITED || process.status != 0)
        die("%s cannot list its tests: %s", program, process.errors);
    free(process.errors);
    return process.output;
}

static struct suite *load(struct options *options)
{
    const struct session *session = &options->session;
    char *checks = list_tests(session->checks, "--list");
    char *attacks = session->server ? list_tests(session->attack, "--rules") : NULL;
    struct suite *suite = suite_create(options->chapters, checks, attacks, complain);
    int i;

    free(checks);
    free(attacks);
    if (!suite)
        exit(COULD_NOT_TELL);
    if (options->rule_count == 0 &&
        !(session->server ? suite_choose_attacks(suite) : suite_choose(suite, NULL)))
        die("%s: no rules", options->chapters);
    for (i = 0; i < options->rule_count; i++)
        if (!suite_choose(suite, options->rules[i]))
            die("there is no rule %s; see --list", options->rules[i]);
    for (i = 0; i < options->exception_count; i++)
        if (!suite_except(suite, options->exceptions[i]))
            die("there is no rule %s; see --list", options->exceptions[i]);
    if (!differences_read(options->differences, suite, complain))
        exit(COULD_NOT_TELL);
    options->session.excused = &suite->differences->excused;
    return suite;
}

/* ---- The command ---- */

/* The attack on a server ends it, and would leave it behind if it was killed. */
static bool has_server;

static void interrupted(int signal_number)
{
    process_kill_all(has_server ? SIGTERM : SIGKILL);
    if (!has_server)
        process_wait_all();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* Otherwise a child could get one of our pipes as a standard descriptor. */
static void open_standard_descriptors(void)
{
    int descriptor;

    do
        descriptor = open("/dev/null", O_RDWR);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0)
        close(descriptor);
}

static int print_program(const struct suite *suite, const char *id, const char *schedule)
{
    char *program;
    size_t i;

    for (i = 0; i < suite->count; i++) {
        const struct test *test = &suite->tests[i];

        if (!test->scenario || strcmp(test->id, id) != 0)
            continue;
        program = execute_input(suite, test, schedule);
        fputs(program, stdout);
        free(program);
        return 0;
    }
    die("there is no scenario %s", id);
}

static int check_a_driver(const struct options *options)
{
    struct driver_check result;
    char *why = check_driver(stdout, options->checked, options->session.seconds, &result);

    strays_kill();
    if (why)
        die("%s", why);
    if (fflush(stdout) != 0 || ferror(stdout))
        die("cannot write the report");
    return result.failed ? 1 : 0;
}

static int export(const struct options *options, const struct suite *suite)
{
    size_t count;
    char *why = export_write(options->export, suite, &count);

    if (why)
        die("%s", why);
    printf("%zu %s in %s\n", count, count == 1 ? "scenario" : "scenarios", options->export);
    return 0;
}

/* Write a word so that the shell reads it as it is. */
static void quote(FILE *stream, const char *word)
{
    if (*word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "_-./=+,:@%")]) {
        fputs(word, stream);
        return;
    }
    fputc('\'', stream);
    for (; *word; word++)
        fprintf(stream, *word == '\'' ? "'\\''" : "%c", *word);
    fputc('\'', stream);
}

/* The command that repeats tests when --rule is added. */
static char *again(const struct options *options, const char *program)
{
    const struct {
        const char *option;
        const char *value;
    } words[] = {{"", program},
                 {" --runtime ", options->session.runtime},
                 {" --driver ", options->session.command},
                 {" --server ", options->session.server},
                 {" --spec ", options->spec},
                 {" --differences ", options->differences}};
    char *text;
    size_t size, i;
    FILE *stream = must(open_memstream(&text, &size));

    for (i = 0; i < sizeof words / sizeof *words; i++) {
        if (!words[i].value)
            continue;
        fputs(words[i].option, stream);
        quote(stream, words[i].value);
    }
    fclose(stream);
    return must(text);
}

/* If no test can be executed, there is nothing to report. */
static void need_a_runtime(struct session *session, struct suite *suite)
{
    char *why = session->server ? attack_nothing(session, suite) : execute_begin(session, suite);

    if (why)
        die("%s", why);
}

/* Threads that one test may have beside the others, so that a low limit of threads does not make
 * tests disturb each other. */
enum { THREADS_OF_A_TEST = 24, THREADS_TRIED = 1000 };

static void leave_room(struct session *session)
{
    int wanted = session->jobs * THREADS_OF_A_TEST, threads;

    wanted = wanted < THREADS_TRIED ? wanted : THREADS_TRIED;
    threads = machine_threads(wanted);
    if (threads < wanted)
        session->jobs = threads < THREADS_OF_A_TEST ? 1 : threads / THREADS_OF_A_TEST;
}

/* Write a first file of differences, if one is asked for. */
static void write_differences(const struct options *options, const struct suite *suite)
{
    char *why = options->from_run ? declare_write(options->from_run, suite) : NULL;

    if (why)
        die("%s", why);
}

static void need_a_free_name(const struct options *options)
{
    char *why = options->from_run ? declare_refuse(options->from_run) : NULL;

    if (why)
        die("%s", why);
}

static void need_a_place_for_counters(struct session *session)
{
    char *why = session->counters ? counters_need_directory(&session->counters) : NULL;

    if (why)
        die("%s", why);
}

static int check(struct options *options, struct suite *suite, const char *program)
{
    FILE *stream = options->output ? fopen(options->output, "w") : stdout;
    char *command = again(options, program), *lacks = machine_lacks();
    struct report report = {.stream = stream,
                            .format = options->format,
                            .colour =
                                stream == stdout && isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
                            .again = command,
                            .lacks = lacks,
                            .session = &options->session};

    int ended, status;

    if (!stream)
        die("%s: %s", options->output, strerror(errno));
    need_a_free_name(options);
    need_a_place_for_counters(&options->session);
    need_a_runtime(&options->session, suite);
    leave_room(&options->session);
    session_run(&options->session, suite);
    ended = execute_end(&options->session);
    if (!report_write(&report, suite) || fflush(stream) != 0 || ferror(stream))
        die("cannot write the report");
    free(command);
    free(lacks);
    if (options->output)
        conclusion_counts(stdout, suite);
    else if (options->format != REPORT_TEXT)
        conclusion_counts(stderr, suite);
    if (options->output && fclose(stream) != 0)
        die("%s: %s", options->output, strerror(errno));
    write_differences(options, suite);
    status = conclude_status(suite);
    if (options->session.counters && directory_is_empty(options->session.counters)) {
        complain("the runtime has left no counters: was it compiled with --coverage?");
        status = COULD_NOT_TELL;
    }
    if (ended) {
        fprintf(stderr, "conform: a driver has ended with status %d after its last scenario\n",
                ended);
        status = status ? status : COULD_NOT_TELL;
    }
    return status;
}

int main(int argc, char **argv)
{
    static struct options options;
    struct suite *suite;
    int status = 0;

    open_standard_descriptors();
    strays_adopt();
    read_options(&options, argc, argv);
    has_server = options.session.server != NULL;
    signal(SIGINT, interrupted);
    signal(SIGTERM, interrupted);
    signal(SIGHUP, interrupted);
    if (options.checked)
        return check_a_driver(&options);
    find_parts(&options);
    suite = load(&options);
    if (options.print)
        status = print_program(suite, options.print, options.session.schedule);
    else if (options.export)
        status = export(&options, suite);
    else if (options.list)
        report_list(stdout, suite);
    else if (suite_check(suite, complain))
        status = check(&options, suite, argv[0]);
    else
        status = COULD_NOT_TELL;
    strays_kill();
    differences_free(suite->differences);
    suite_free(suite);
    free(options.rules);
    free(options.exceptions);
    return fflush(stdout) == 0 ? status : COULD_NOT_TELL;
}
