/* options: one table says what each option is called and what is done with it. */
#include "options.h"

#include "report/conclusion.h"
#include "scenario/memory.h"
#include "suite/explore.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define DIGITS "0123456789"

enum { JOBS_MAX = 256, SLOWEST_DEFAULT = 10, SLOWEST_MAX = 100000 };

enum { STATES_DEFAULT = 200000, STATES_MAX = 100000000 };

static const char help_on_tests[] =
    "usage: conform --runtime LIBRARY [OPTION ...]\n"
    "       conform --driver COMMAND [OPTION ...]\n"
    "       conform --server COMMAND [OPTION ...]\n"
    "       conform --check-driver COMMAND\n"
    "       conform --list | --list-tests | --print TEST | --export DIRECTORY\n"
    "       conform --behaviours TEST | --prove | --freedoms\n"
    "       conform --help | --version\n"
    "\n"
    "Check, rule by rule, whether a runtime keeps the rules of structured\n"
    "concurrency.\n"
    "\n"
    "What is tested\n"
    "  --runtime LIBRARY    a shared library with the functions of spec/miou.h,\n"
    "                       miou_sync.h, miou_unix.h and miou_server.h\n"
    "  --driver COMMAND     the runtime of a driver in any language, which executes\n"
    "                       scenarios: a command of the shell; the tests in C are\n"
    "                       skipped\n"
    "  --server COMMAND     an echo server in any language, by the rules of chapter\n"
    "                       7: a command of the shell, in which the word PORT stands\n"
    "                       for the port at which it is to listen\n"
    "  --check-driver COMMAND\n"
    "                       a driver itself: it executes a few small scenarios, and\n"
    "                       each mistake is told that it makes in the protocol of\n"
    "                       spec/scenario.md\n"
    "  --spec DIRECTORY     read the chapters there; default: this program's own, or\n"
    "                       spec\n"
    "\n"
    "Which tests\n"
    "  --rule ID            a rule (R2.1), the rules of a chapter (R2), one test\n"
    "                       (R2.1/ended), or a pattern ('R2.1*', '*/ended'); several\n"
    "                       between commas or blanks; may be repeated; default: all\n"
    "                       rules\n"
    "  --except ID          leave these out\n"
    "  --level LEVEL        only rules of this level: MUST, SHOULD or MAY; several\n"
    "                       as above\n"
    "  --shard I/N          the I-th share of N of these rules, such as 1/4, for N\n"
    "                       machines; ci/matrix joins their reports\n"
    "  --fail-fast          stop at the first failure of a MUST rule\n"
    "  --fail-fast=rule     leave out the other tests of a rule as soon as one of\n"
    "                       them has failed\n";

static const char help_on_execution[] = /* with a number */
    "\n"
    "How they are executed\n"
    "  --jobs N             N tests at a time; default: the number of processors\n"
    "  --timeout SECONDS    a test hangs if it uses more processor time, or waits\n"
    "                       for longer while none of its threads could run, or in\n"
    "                       short sleeps four times as long; it is then executed\n"
    "                       again, alone; default: 20, or 5 with --check-driver\n"
    "  --under COMMAND      each under a command such as valgrind\n"
    "  --coverage DIRECTORY\n"
    "                       keep what a runtime compiled with --coverage counts apart,\n"
    "                       by tests, in DIRECTORY/R2.1/ended; the directory must be\n"
    "                       new, or empty\n"
    "  --seed N             steer the runtime's choices with the generator of\n"
    "                       spec/scenario.md and this seed: the same seed makes the\n"
    "                       same run\n"
    "  --schedule LIST      steer them with these answers, such as \"0 0 1\", and then\n"
    "                       with 0\n"
    "  --explore[=N]        execute each scenario on all schedules that can lead to\n"
    "                       something new, those with the fewest answers other than\n"
    "                       0 first; stop after N (default: %d) and execute N/4\n"
    "                       random schedules\n"
    "  --explore-all[=N]    the same, but leave out no schedule, even if it only\n"
    "                       orders turns otherwise that have nothing in common\n"
    "  --explore-both[=N]   both orders, one after the other: a scenario fails if\n"
    "                       --explore has left out what --explore-all leads to\n"
    "                       (--seed, --schedule and --explore skip the tests in C)\n"
    "\n"
    "What is held against the runtime\n"
    "  --oracle             judge what happened by the model, in place of the\n"
    "                       invariants: the first event that no branch allows is\n"
    "                       wrong; at the end, tell which of the model's freedoms were\n"
    "                       taken\n"
    "  --oracle=alone       do not judge what scenarios expect\n"
    "  --strict             a broken SHOULD rule, too, means that the runtime does\n"
    "                       not conform\n"
    "  --differences FILE   read what the runtime is declared to do otherwise: lines\n"
    "                       WHAT VERDICT REASON, where WHAT is a chapter, a rule, a\n"
    "                       test, an invariant (invariant:R2.14), a part of the\n"
    "                       interface or an operation, and VERDICT is differs (on\n"
    "                       purpose: not executed, not held against the runtime),\n"
    "                       fails (a known bug: must fail), varies (a race: may\n"
    "                       fail), lacks (an operation that is not there) or\n"
    "                       declines (a part that it leaves out)\n"
    "  --differences-from-run FILE\n"
    "                       write a first such file, with a line for all that failed\n";

static const char help_on_reports[] = /* with a number */
    "\n"
    "The report\n"
    "  --format FORMAT      text (default), tap, junit, surefire (junit for Maven),\n"
    "                       json, jsonl (lines of JSON, written while the tests\n"
    "                       run) or html (one page, with timelines of failures)\n"
    "  --output FILE        write it to a file, which is replaced when the report is\n"
    "                       whole\n"
    "  --also FORMAT=FILE   write a further report of the same tests to a file\n"
    "  --slowest[=N]        name the N tests that took longest; default: %d\n"
    "\n"
    "Without a test\n"
    "  --list               print one line per rule: id, level, number of tests,\n"
    "                       title\n"
    "  --list-tests         print the id of each test\n"
    "  --print TEST         print the program of a scenario, as a driver reads it\n"
    "  --behaviours TEST    print all that a scenario can do by the rules: how its\n"
    "                       run ends, the orders of what it prints and finalises,\n"
    "                       and the outcomes of each operation; TEST is an id, or a\n"
    "                       file\n"
    "  --prove              for each scenario: is each of its expectations met by all\n"
    "                       behaviours, and each alternative by one of them?\n"
    "  --freedoms           print what the rules leave open, with the rules\n"
    "  --litmus[=N]         print a chapter of small programs, at most N, that differ in\n"
    "                       what the model does with them, to be judged by --oracle\n"
    "  --litmus=NAME        print such a chapter of one of them\n"
    "  --states N           visit at most N states of a scenario; default: 200000\n"
    "  --export DIRECTORY   write R2.1/ended.program for each scenario, which is\n"
    "                       what a driver reads between `scenario ID` and `go`, and\n"
    "                       R2.1/ended.answers, which has its expectations on the\n"
    "                       same lines; the directory must be new, or empty\n"
    "  --version            print the versions of this program and of the\n"
    "                       specification\n"
    "  --help               print this\n"
    "\n"
    "On a terminal, a line tells how far the tests are, and reports are coloured;\n"
    "NO_COLOR=1, CLICOLOR_FORCE=1 and TERM=dumb are heeded. SIGINT or SIGTERM ends\n"
    "the tests; what was done is reported.\n"
    "\n"
    "Exit status: 0 the runtime keeps every MUST rule but for declared differences;\n"
    "1 it does not, or a declared difference is no longer true; 2 could not tell,\n"
    "since this machine lacks what a test needs, or nothing can be executed, or the\n"
    "tests were interrupted.\n";

void die(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fputs("conform: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(COULD_NOT_TELL);
}

void complain_about(const char *text)
{
    fprintf(stderr, "conform: %s\n", text);
}

void finish_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        die("cannot write: %s", strerror(errno));
}

/* ---- Values ---- */

/* A whole number from 1; the option is written as it was, up to its value. */
static size_t number(const char *option, const char *text, long most)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end || value < 1 || value > most)
        die("%s%s: not a number from 1 to %ld", option, text, most);
    return (size_t)value;
}

static void read_timeout(struct options *options, const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value > 0 && value <= 1e6))
        die("--timeout %s: not a number of seconds", text);
    options->session.seconds = value;
}

static void read_jobs(struct options *options, const char *text)
{
    options->session.jobs = (int)number("--jobs ", text, JOBS_MAX);
}

static void explore_in(struct options *options, enum order order, const char *name,
                       const char *text)
{
    options->session.explore = text ? number(name, text, EXPLORE_MAX) : EXPLORE_DEFAULT;
    options->session.order = order;
    options->steered++;
}

static void read_explore(struct options *options, const char *text)
{
    explore_in(options, ORDER_REDUCED, "--explore=", text);
}

static void read_explore_all(struct options *options, const char *text)
{
    explore_in(options, ORDER_ALL, "--explore-all=", text);
}

static void read_explore_both(struct options *options, const char *text)
{
    explore_in(options, ORDER_BOTH, "--explore-both=", text);
}

static void read_shard(struct options *options, const char *text)
{
    int end = 0;

    if (text[strspn(text, "0123456789/")] ||
        sscanf(text, "%4zu/%4zu%n", &options->shard, &options->shards, &end) != 2 || text[end] ||
        options->shard < 1 || options->shard > options->shards)
        die("--shard %s: not I/N, the I-th share of N", text);
    options->session.shard = text;
}

static void read_oracle(struct options *options, const char *text)
{
    static struct oracle oracle;
    static struct opinions opinions = {.lock = PTHREAD_MUTEX_INITIALIZER};

    if (text && strcmp(text, "alone") != 0)
        die("--oracle=%s: alone, or nothing", text);
    oracle.alone = text != NULL;
    options->session.oracle = &oracle;
    options->session.opinions = &opinions;
}

static void read_slowest(struct options *options, const char *text)
{
    options->slowest = text ? number("--slowest=", text, SLOWEST_MAX) : SLOWEST_DEFAULT;
}

static void read_seed(struct options *options, const char *text)
{
    unsigned long long seed;
    char *end;

    errno = 0;
    seed = strtoull(text, &end, 10);
    if (text[strspn(text, DIGITS)] || end == text || errno)
        die("--seed %s: not a number from 0 to %llu", text, ULLONG_MAX);
    options->session.schedule = text_of("schedule seed %llu\n", seed);
    options->session.replay = text_of("--seed %llu", seed);
    options->steered++;
}

static void read_schedule(struct options *options, const char *text)
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
    options->session.schedule = text_of("schedule%s\n", answers);
    options->session.replay = text_of("--schedule \"%s\"", answers + (*answers == ' '));
    free(answers);
    options->steered++;
}

/* The format of an option's value, whose name has this size. */
static enum report_format format_named(const char *option, const char *text, size_t size)
{
    static const char *const names[] = {
        [REPORT_TEXT] = "text",         [REPORT_TAP] = "tap",   [REPORT_JUNIT] = "junit",
        [REPORT_SUREFIRE] = "surefire", [REPORT_JSON] = "json", [REPORT_JSONL] = "jsonl",
        [REPORT_HTML] = "html"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == size && !strncmp(names[i], text, size))
            return (enum report_format)i;
    die("%s %s: text, tap, junit, surefire, json, jsonl or html", option, text);
}

static void read_format(struct options *options, const char *text)
{
    options->format = format_named("--format", text, strlen(text));
}

static void read_also(struct options *options, const char *text)
{
    size_t size = strcspn(text, "=");
    struct also also = {format_named("--also", text, size), text + size + 1};

    if (!text[size] || !*also.file)
        die("--also %s: which file? FORMAT=FILE", text);
    if (also.format == REPORT_JSONL)
        die("--also %s: jsonl is written while the tests run, by --format only", text);
    options->also = grown(options->also, options->also_count, sizeof also);
    options->also[options->also_count++] = also;
}

static void read_fail_fast(struct options *options, const char *text)
{
    if (text && strcmp(text, "rule") != 0)
        die("--fail-fast=%s: rule, or nothing", text);
    options->session.fail_fast = text ? FAIL_FAST_RULE : FAIL_FAST_ALL;
}

/* Several values of one option stand between commas or blanks. */
static const char separators[] = ", \t\n";

static void add_ids(struct ids *ids, const char *text)
{
    size_t size;

    do { /* nothing at all is no id, either */
        text += strspn(text, separators);
        size = strcspn(text, separators);
        ids->of = grown(ids->of, ids->count, sizeof *ids->of);
        ids->of[ids->count++] = must(strndup(text, size));
        text += size;
    } while (text[strspn(text, separators)]);
}

static void read_rules(struct options *options, const char *text)
{
    add_ids(&options->rules, text);
}

static void read_exceptions(struct options *options, const char *text)
{
    add_ids(&options->exceptions, text);
}

static void read_levels(struct options *options, const char *text)
{
    struct ids words = {0};
    size_t i;
    int level;

    add_ids(&words, text);
    for (i = 0; i < words.count; i++) {
        for (level = LEVEL_MUST; level <= LEVEL_MAY; level++)
            if (!strcasecmp(words.of[i], level_name((enum rule_level)level)))
                break;
        if (level > LEVEL_MAY)
            die("--level %s: MUST, SHOULD, MAY, or several of them", text);
        options->levels |= 1u << level;
        free((char *)(uintptr_t)words.of[i]);
    }
    free(words.of);
}

/* ---- What is to be done ---- */

static void list(struct options *options, const char *text)
{
    (void)text;
    options->errand = ERRAND_LIST;
}

static void list_tests(struct options *options, const char *text)
{
    (void)text;
    options->errand = ERRAND_LIST_TESTS;
}

static void print(struct options *options, const char *text)
{
    options->errand = ERRAND_PRINT;
    options->print = text;
}

static void export(struct options *options, const char *text)
{
    options->errand = ERRAND_EXPORT;
    options->export = text;
}

static void behaviours(struct options *options, const char *text)
{
    options->errand = ERRAND_BEHAVIOURS;
    options->print = text;
}

static void prove_answers(struct options *options, const char *text)
{
    (void)text;
    options->errand = ERRAND_PROVE;
}

static void list_freedoms(struct options *options, const char *text)
{
    (void)text;
    options->errand = ERRAND_FREEDOMS;
}

static void print_litmus(struct options *options, const char *text)
{
    options->errand = ERRAND_LITMUS;
    options->litmus = text;
}

static void read_states(struct options *options, const char *text)
{
    options->states = (uint32_t)number("--states ", text, STATES_MAX);
}

static void check_driver(struct options *options, const char *text)
{
    options->errand = ERRAND_CHECK_DRIVER;
    options->checked = text;
}

static void print_version(struct options *options, const char *text)
{
    (void)text;
    options->errand = ERRAND_VERSION;
}

static void be_strict(struct options *options, const char *text)
{
    (void)text;
    options->strict = true;
}

static void print_help(struct options *options, const char *text)
{
    (void)options, (void)text;
    fputs(help_on_tests, stdout);
    printf(help_on_execution, EXPLORE_DEFAULT);
    printf(help_on_reports, SLOWEST_DEFAULT);
    finish_output();
    exit(0);
}

/* ---- The command line ---- */

#define PLACE(member) .place = offsetof(struct options, member)

/* The value of an option is read, or else becomes the text at this place. */
static const struct known {
    const char *name;
    int argument;
    void (*read)(struct options *options, const char *text);
    size_t place;
} known[] = {
    {"runtime", required_argument, PLACE(session.runtime)},
    {"driver", required_argument, PLACE(session.command)},
    {"server", required_argument, PLACE(session.server)},
    {"under", required_argument, PLACE(session.under)},
    {"coverage", required_argument, PLACE(session.counters)},
    {"output", required_argument, PLACE(output)},
    {"spec", required_argument, PLACE(spec)},
    {"oracle", optional_argument, .read = read_oracle},
    {"differences", required_argument, PLACE(differences)},
    {"differences-from-run", required_argument, PLACE(from_run)},
    {"check-driver", required_argument, .read = check_driver},
    {"rule", required_argument, .read = read_rules},
    {"except", required_argument, .read = read_exceptions},
    {"level", required_argument, .read = read_levels},
    {"shard", required_argument, .read = read_shard},
    {"fail-fast", optional_argument, .read = read_fail_fast},
    {"strict", no_argument, .read = be_strict},
    {"format", required_argument, .read = read_format},
    {"also", required_argument, .read = read_also},
    {"slowest", optional_argument, .read = read_slowest},
    {"timeout", required_argument, .read = read_timeout},
    {"jobs", required_argument, .read = read_jobs},
    {"seed", required_argument, .read = read_seed},
    {"schedule", required_argument, .read = read_schedule},
    {"explore", optional_argument, .read = read_explore},
    {"explore-all", optional_argument, .read = read_explore_all},
    {"explore-both", optional_argument, .read = read_explore_both},
    {"list", no_argument, .read = list},
    {"list-tests", no_argument, .read = list_tests},
    {"print", required_argument, .read = print},
    {"export", required_argument, .read = export},
    {"behaviours", required_argument, .read = behaviours},
    {"prove", no_argument, .read = prove_answers},
    {"freedoms", no_argument, .read = list_freedoms},
    {"litmus", optional_argument, .read = print_litmus},
    {"states", required_argument, .read = read_states},
    {"help", no_argument, .read = print_help},
    {"version", no_argument, .read = print_version},
};

enum { KNOWN = sizeof known / sizeof *known };

static void read_words(struct options *options, int argc, char **argv)
{
    struct option words[KNOWN + 1] = {{0}};
    int i, result;

    for (i = 0; i < KNOWN; i++)
        words[i] = (struct option){known[i].name, known[i].argument, NULL, 0};
    while ((result = getopt_long(argc, argv, "", words, &i)) >= 0) {
        if (result != 0)
            exit(COULD_NOT_TELL); /* getopt has said why */
        if (known[i].read)
            known[i].read(options, optarg);
        else
            *(const char **)((char *)options + known[i].place) = optarg;
    }
    if (optind < argc)
        die("%s: not an option; see --help", argv[optind]);
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

/* Options that do not go together. */
static void check_options(const struct options *options)
{
    const struct session *session = &options->session;
    bool is_runtime = session->runtime || session->command;

    if (options->steered > 1)
        die("--seed, --schedule or --explore: one of them");
    if (session->server && (is_runtime || session->under || options->steered))
        die("--server: without --runtime, --driver, --explore, --seed, --schedule and --under");
    if (options->errand == ERRAND_CHECK_DRIVER &&
        (is_runtime || session->server || session->under || options->rules.count ||
         options->exceptions.count || options->levels || options->steered))
        die("--check-driver: with --timeout only");
    if (options->errand != ERRAND_CHECK || session->server)
        return;
    if (session->runtime && session->command)
        die("a runtime is a library or a driver: --runtime or --driver, not both");
    if (!is_runtime)
        die("which runtime? --runtime LIBRARY; see --help");
    if (session->runtime && access(session->runtime, R_OK) != 0)
        die("%s: %s", session->runtime, strerror(errno));
}

void options_read(struct options *options, int argc, char **argv)
{
    options->session.schedule = "";
    options->session.jobs = processors();
    options->states = STATES_DEFAULT;
    read_words(options, argc, argv);
    if (options->session.seconds == 0)
        options->session.seconds = options->errand == ERRAND_CHECK_DRIVER ? 5 : 20;
    check_options(options);
}
