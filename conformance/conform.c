/* conform: checks, rule by rule, whether a runtime keeps the rules of the chapters. */
#include "machine/machine.h"
#include "model/litmus.h"
#include "model/proof.h"
#include "options.h"
#include "report/commands.h"
#include "report/conclusion.h"
#include "report/declare.h"
#include "report/export.h"
#include "report/output.h"
#include "report/progress.h"
#include "report/proofs.h"
#include "report/terminal.h"
#include "scenario/memory.h"
#include "suite/attack.h"
#include "suite/check_driver.h"
#include "suite/counters.h"
#include "suite/differences.h"
#include "suite/directory.h"
#include "suite/execute.h"
#include "suite/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The parts of the program ---- */

/* The chapters are in spec beside the directory of this program or, where it is installed, in
 * share/miou. A directory spec below build has the page of `make spec`, and no chapters. */
static const char *find_chapters(const char *directory)
{
    static const char *const places[] = {"../spec", "../../share/miou/spec"};
    static char found[PATH_MAX];
    size_t i;

    for (i = 0; i < sizeof places / sizeof *places; i++) {
        char *file = text_of("%s/%s/scenario.md", directory, places[i]);
        bool there = realpath(file, found) != NULL;

        free(file);
        if (there) {
            *strrchr(found, '/') = '\0';
            return found;
        }
    }
    return "spec";
}

/* The other programs lie beside this one, also where it is installed, in libexec/miou. */
static void find_parts(struct options *options)
{
    static char directory[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", directory, sizeof directory - 1);

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
    options->chapters = options->spec ? options->spec : find_chapters(directory);
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

/* Choose what is to be tested. */
static void choose(const struct options *options, struct suite *suite)
{
    bool found = true;
    size_t i;

    if (options->rules.count == 0)
        found = options->session.server ? suite_choose_attacks(suite) : suite_choose(suite, NULL);
    if (!found)
        die("%s: no rules", options->chapters);
    for (i = 0; i < options->rules.count; i++)
        if (!suite_choose(suite, options->rules.of[i]))
            die("there is no rule %s; see --list", options->rules.of[i]);
    for (i = 0; i < options->exceptions.count; i++)
        if (!suite_except(suite, options->exceptions.of[i]))
            die("there is no rule %s; see --list", options->exceptions.of[i]);
    if (options->levels)
        suite_keep_levels(suite, options->levels);
    if (options->shards)
        suite_keep_shard(suite, options->shard, options->shards);
    if (suite_is_empty(suite))
        die("no rule is left to be tested");
}

static struct suite *load(struct options *options)
{
    const struct session *session = &options->session;
    char *checks = list_tests(session->checks, "--list");
    char *attacks = session->server ? list_tests(session->attack, "--rules") : NULL;
    struct suite *suite = suite_create(options->chapters, checks, attacks, complain_about);

    free(checks);
    free(attacks);
    if (!suite)
        exit(COULD_NOT_TELL);
    choose(options, suite);
    suite->strict = options->strict;
    if (!differences_read(options->differences, suite, complain_about))
        exit(COULD_NOT_TELL);
    options->session.excused = &suite->differences->excused;
    if (options->session.oracle)
        differences_spare(suite, options->session.oracle);
    return suite;
}

/* ---- Without a session ---- */

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

/* The test whose scenario has this id; NULL: no scenario has it. */
static const struct test *find_scenario(const struct suite *suite, const char *id)
{
    for (size_t i = 0; i < suite->count; i++)
        if (suite->tests[i].scenario && strcmp(suite->tests[i].id, id) == 0)
            return &suite->tests[i];
    return NULL;
}

static int print_program(const struct suite *suite, const char *id, const char *schedule)
{
    const struct test *test = find_scenario(suite, id);
    char *program;

    if (!test)
        die("there is no scenario %s", id);
    if (!*schedule && test->scenario->program->schedule)
        schedule = test->scenario->program->schedule;
    program = execute_input(suite, test, schedule);
    fputs(program, stdout);
    free(program);
    return 0;
}

static void complain_of_line(void *to, int line, const char *text)
{
    char *mistake = text_of("%s:%d: %s", (const char *)to, line, text);

    complain_about(mistake);
    free(mistake);
}

/* A program in a file, with or without answers. */
static struct program *read_program(const char *file)
{
    FILE *stream = fopen(file, "re");
    char *text = NULL;
    size_t size = 0;
    ssize_t length = stream ? getdelim(&text, &size, '\0', stream) : -1;
    struct program *program;

    if (length < 0)
        die("%s is neither a scenario nor a file that can be read", file);
    program = program_parse(text, (size_t)length,
                            strstr(text, "expect ") ? PROGRAM_WITH_ANSWERS : PROGRAM_STRIPPED,
                            complain_of_line, (void *)(uintptr_t)file);
    fclose(stream);
    free(text);
    if (!program)
        exit(COULD_NOT_TELL);
    return program;
}

static int print_behaviours(const struct suite *suite, const struct options *options)
{
    const struct test *test = find_scenario(suite, options->print);
    struct program *read = test ? NULL : read_program(options->print);
    bool all = behaviours_write(stdout, test ? test->scenario->program : read, options->states);

    if (read)
        program_free(read);
    return all ? 0 : COULD_NOT_TELL;
}

static int print_litmus(const char *which)
{
    char *end = NULL;
    size_t most = which ? strtoul(which, &end, 10) : SIZE_MAX;

    if (which && *end) {
        if (!litmus_write_one(stdout, which))
            die("there is no litmus program %s", which);
    } else {
        litmus_write(stdout, most);
    }
    return 0;
}

static int check_a_driver(const struct options *options)
{
    struct driver_check result;
    char *why = check_driver(stdout, options->checked, options->session.seconds, &result);

    if (why)
        die("%s", why);
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
        commands_quote(stream, words[i].value);
    }
    if (options->session.oracle)
        fputs(options->session.oracle->alone ? " --oracle=alone" : " --oracle", stream);
    fclose(stream);
    return must(text);
}

/* If no test can be executed, there is nothing to report. */
static void need_a_runtime(struct session *session, struct suite *suite)
{
    char *why = session->server ? attack_nothing(session, suite) : execute_begin(session, suite);

    if (process_stopped())
        die("interrupted before the first test");
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

/* ---- A session ---- */

/* The first signal ends the tests, and the report follows; the second ends this process. */
static void interrupted(int signal_number)
{
    (void)signal_number;
    process_stop_all();
}

static void heed_signals(void)
{
    struct sigaction action = {.sa_handler = interrupted, .sa_flags = (int)SA_RESETHAND}, before;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* by nohup */
        sigaction(SIGHUP, &action, NULL);
}

/* Execute the tests, which the report and people on standard error are told of. */
static void run(struct session *session, struct suite *suite, struct report *report)
{
    struct observer observer = {.see = report_see, .to = report};
    struct progress *progress;
    const struct greeting *greeting;

    need_a_runtime(session, suite);
    leave_room(session);
    greeting = drivers_greeting(session->drivers);
    report->runtime = session->command && greeting ? greeting->runtime : NULL;
    report_begin(report, suite);
    progress = progress_begin(stderr, suite);
    observer.next = progress_observer(progress);
    session->observer = &observer;
    session_run(session, suite);
    session->observer = NULL;
    progress_end(progress);
    report->interrupted = suite->interrupted;
}

/* ---- Reports ---- */

static void open_output(struct output *output, const char *path, bool grows)
{
    char *why = output_open(output, path, grows);

    if (why)
        die("%s", why);
}

/* The outputs of the further reports, so that what cannot be written is known before the tests. */
static struct output *open_further(const struct options *options)
{
    struct output *outputs = zeroed(options->also_count, sizeof *outputs);
    size_t i;

    for (i = 0; i < options->also_count; i++)
        open_output(&outputs[i], options->also[i].file, false);
    return outputs;
}

static void write_one(const struct suite *suite, struct report *report, struct output *output)
{
    bool written;
    char *why;

    errno = 0;
    written = report_write(report, suite);
    why = output_close(output);
    if (why || !written)
        die("%s", why ? why : "cannot write the report");
}

static void write_further(const struct options *options, const struct suite *suite,
                          const struct report *report, struct output *outputs)
{
    struct report further = *report;
    size_t i;

    further.colour = false;
    further.width = 0;
    for (i = 0; i < options->also_count; i++) {
        further.format = options->also[i].format;
        further.stream = outputs[i].stream;
        write_one(suite, &further, &outputs[i]);
    }
    free(outputs);
}

static void write_report(const struct options *options, const struct suite *suite,
                         struct report *report, struct output *output)
{
    write_one(suite, report, output);
    if (options->output)
        conclusion_counts(stdout, suite);
    else if (options->format != REPORT_TEXT)
        conclusion_counts(stderr, suite);
}

static void need_a_place_for_counters(struct session *session)
{
    char *why = session->counters ? counters_need_directory(&session->counters) : NULL;

    if (why)
        die("%s", why);
}

static int check(struct options *options, struct suite *suite, const char *program)
{
    char *command = again(options, program), *lacks = machine_lacks();
    struct session *session = &options->session;
    struct output output, *further = open_further(options);
    struct report report = {.format = options->format,
                            .slowest = options->slowest,
                            .version = VERSION,
                            .specification = suite->book->version,
                            .again = command,
                            .lacks = lacks,
                            .session = session};
    int ended, status;

    open_output(&output, options->output, options->format == REPORT_JSONL);
    report.stream = output.stream;
    report.colour = output.stream == stdout && terminal_has_colours(stdout);
    report.width = isatty(fileno(output.stream)) ? terminal_width(output.stream) : 0;
    need_a_free_name(options);
    need_a_place_for_counters(session);
    heed_signals();
    run(session, suite, &report);
    write_report(options, suite, &report, &output);
    write_further(options, suite, &report, further);
    ended = execute_end(session);
    free(command);
    free(lacks);
    if (!suite->interrupted)
        write_differences(options, suite);
    status = conclude_status(suite);
    if (session->counters && directory_is_empty(session->counters)) {
        complain_about("the runtime has left no counters: was it compiled with --coverage?");
        status = COULD_NOT_TELL;
    }
    if (ended && !suite->interrupted) {
        fprintf(stderr, "conform: a driver has ended with status %d after its last scenario\n",
                ended);
        status = status ? status : COULD_NOT_TELL;
    }
    return status;
}

/* ---- The command ---- */

static void print_version(const struct options *options, const struct suite *suite)
{
    const char *version = suite->book->version;

    printf("specification %s (%s)\n", version ? version : "without a version", options->chapters);
}

static int do_errand(struct options *options, struct suite *suite, const char *program)
{
    switch (options->errand) {
    case ERRAND_PRINT:
        return print_program(suite, options->print, options->session.schedule);
    case ERRAND_EXPORT:
        return export(options, suite);
    case ERRAND_BEHAVIOURS:
        return print_behaviours(suite, options);
    case ERRAND_PROVE:
        return proofs_write(stdout, suite, options->states) > 0 ? 1 : 0;
    case ERRAND_FREEDOMS:
        freedoms_write(stdout);
        return 0;
    case ERRAND_LITMUS:
        return print_litmus(options->litmus);
    case ERRAND_LIST:
        report_list(stdout, suite);
        return 0;
    case ERRAND_LIST_TESTS:
        report_list_tests(stdout, suite);
        return 0;
    case ERRAND_VERSION:
        print_version(options, suite);
        return 0;
    case ERRAND_CHECK_DRIVER:
    case ERRAND_CHECK:
        break;
    }
    return suite_check(suite, complain_about) ? check(options, suite, program) : COULD_NOT_TELL;
}

int main(int argc, char **argv)
{
    static struct options options;
    struct suite *suite = NULL;
    int status;

    open_standard_descriptors();
    signal(SIGPIPE, SIG_IGN); /* what cannot be written is a mistake like any other */
    options_read(&options, argc, argv);
    if (options.errand == ERRAND_VERSION)
        puts("conform " VERSION);
    if (options.errand == ERRAND_CHECK_DRIVER) {
        status = check_a_driver(&options);
    } else {
        find_parts(&options);
        suite = load(&options);
        status = do_errand(&options, suite, argv[0]);
    }
    finish_output();
    if (suite)
        differences_free(suite->differences);
    suite_free(suite);
    return status;
}
