/* run: what a test's process did becomes a result. Only what it says whole makes a pass; that it
 * ended well makes none, for the runtime may have ended it. */
#include "run.h"

#include "process.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    OUTPUT_LIMIT = 256 << 20, /* bytes that a driver may print */
    OUTPUT_LINES = 12,        /* of it that are kept, */
    ERROR_LINES = 30,         /* and of standard error */
    LINE_KEPT = 200           /* characters of a line */
};

/* Exit statuses of checks. The shell's are 126 and 127: it cannot execute the command. */
enum { FAILED = 1, COULD_NOT_TELL = 2, NOT_IMPLEMENTED = 77, NOT_EXECUTABLE = 126, NOT_FOUND };

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

__attribute__((format(printf, 3, 4))) static void came_to(struct test *test, enum result result,
                                                          const char *format, ...)
{
    va_list list;

    test->result = result;
    va_start(list, format);
    if (vasprintf(&test->reason, format, list) < 0)
        abort();
    va_end(list);
}

/* ---- What a process printed ---- */

/* The last lines of a text, printable: every other byte as \xNN, long lines cut. NULL: no text. */
static char *last_lines(const char *text, size_t size, int lines)
{
    size_t from = size, column = 0;
    FILE *stream;
    char *copy;

    while (from > 0 && (text[from - 1] != '\n' || from == size || lines-- > 1))
        from--;
    if (from == size)
        return NULL;
    stream = must(open_memstream(&copy, &(size_t){0}));
    if (from > 0)
        fputs("...\n", stream);
    for (; from < size; from++) {
        unsigned char c = (unsigned char)text[from];

        column = c == '\n' ? 0 : column + 1;
        if (column == LINE_KEPT)
            fputs("...", stream);
        else if (c == '\n' || (c >= ' ' && c < 127 && column < LINE_KEPT))
            fputc(c, stream);
        else if (column < LINE_KEPT)
            fprintf(stream, c == '\t' ? " " : "\\x%02x", c);
    }
    if (column > 0)
        fputc('\n', stream);
    fclose(stream);
    return must(copy);
}

static char *first_line(const char *text)
{
    return must(strndup(text ? text : "", strcspn(text ? text : "", "\n")));
}

/* ---- What a process came to ---- */

/* Whether the process ended by itself. If not, that is the result. */
static bool ended(const struct process *process, const struct run *run, struct test *test)
{
    const char *name;

    switch (process->end) {
    case PROCESS_EXITED:
        if (process->status != NOT_EXECUTABLE && process->status != NOT_FOUND)
            return true;
        came_to(test, RESULT_UNKNOWN, "the command cannot be executed");
        return false;
    case PROCESS_SIGNALLED:
        name = sigabbrev_np(process->status);
        came_to(test, RESULT_CRASH, "killed by signal %d%s%s", process->status, name ? ", SIG" : "",
                name ? name : "");
        return false;
    case PROCESS_TIMED_OUT:
        came_to(test, RESULT_HANG, "not done after %g seconds", run->seconds);
        return false;
    case PROCESS_FLOODED:
        came_to(test, RESULT_CRASH, "more than %d MiB of output", OUTPUT_LIMIT >> 20);
        return false;
    case PROCESS_NOT_STARTED:
        came_to(test, RESULT_UNKNOWN, "cannot start: %s", strerror(process->status));
        return false;
    }
    return false;
}

static void judge_trace(const struct process *process, const struct trace *trace, struct test *test)
{
    struct verdict *verdict = must(judge(test->scenario->program, trace));

    test->verdict = verdict;
    if (verdict->kind == VERDICT_ABSENT)
        came_to(test, RESULT_NOT_IMPLEMENTED, "the runtime has no %s", verdict->absent);
    else if (verdict->kind == VERDICT_GARBAGE && trace->end == TRACE_CUT)
        came_to(test, RESULT_CRASH, "the process ended in the middle of the run, with status %d",
                process->status);
    else if (verdict->kind == VERDICT_GARBAGE)
        came_to(test, RESULT_FAIL, "the driver broke the protocol");
    else if (verdict->kind == VERDICT_FAIL)
        came_to(test, RESULT_FAIL, "%d times not as expected",
                verdict->finding_count + verdict->more);
    else if (process->status != 0)
        came_to(test, RESULT_CRASH, "exit status %d after the run", process->status);
    else
        test->result = RESULT_PASS;
}

static void judge_scenario(const struct process *process, const struct run *run, unsigned id,
                           struct test *test)
{
    char *why = first_line(test->errors);
    struct trace *trace;

    if (!ended(process, run, test)) {
        free(why);
        return;
    }
    trace = must(trace_parse(test->scenario->program, id, process->output, process->output_size));
    if (process->status != COULD_NOT_TELL || trace->end != TRACE_CUT || trace->event_count > 0)
        judge_trace(process, trace, test);
    else if (process->output_size == 0)
        came_to(test, RESULT_UNKNOWN, "the driver refuses the scenario: %s", why);
    else
        came_to(test, RESULT_FAIL, "%s", *why ? why : "the driver gave up");
    trace_free(trace);
    free(why);
}

/* pass is the line that only a test which came to its end prints. */
static void judge_check(const struct process *process, const struct run *run, const char *pass,
                        struct test *test)
{
    char *why = first_line(test->errors);

    if (!ended(process, run, test))
        ;
    else if (process->status == NOT_IMPLEMENTED)
        came_to(test, RESULT_NOT_IMPLEMENTED, "%s", why);
    else if (process->status == FAILED)
        came_to(test, RESULT_FAIL, "an assertion does not hold");
    else if (process->status == COULD_NOT_TELL)
        came_to(test, RESULT_FAIL, "%s", *why ? why : "the test gave up");
    else if (strcmp(process->output, pass) != 0)
        came_to(test, RESULT_CRASH, "the process ended in the middle of the test, with status %d",
                process->status);
    else if (process->status != 0)
        came_to(test, RESULT_CRASH, "exit status %d after the test", process->status);
    else
        test->result = RESULT_PASS;
    free(why);
}

/* ---- Running ---- */

/* Run a program, or a command of the shell, under what is to be run under. */
static void run_command(const struct run *run, const char *command, char *const *arguments,
                        const char *input, struct test *test, struct process *process)
{
    char *shell[10] = {"/bin/sh", "-c", NULL, "sh"};
    struct command what = {.arguments = arguments,
                           .input = input,
                           .input_size = strlen(input),
                           .seconds = run->seconds,
                           .output_limit = OUTPUT_LIMIT};
    size_t i;

    if (command || run->under) {
        if (asprintf(&shell[2], "exec %s %s \"$@\"", run->under ? run->under : "",
                     command ? command : "") < 0)
            abort();
        for (i = 0; arguments[i]; i++)
            shell[4 + i] = arguments[i];
        what.arguments = shell;
    }
    process_run(&what, process);
    free(shell[2]);
    if (test->scenario)
        test->output = last_lines(process->output, process->output_size, OUTPUT_LINES);
    test->errors = last_lines(process->errors, process->errors_size, ERROR_LINES);
}

static unsigned scenario_id(const struct suite *suite, const struct test *test)
{
    return (unsigned)(test - suite->tests) + 1;
}

char *run_program(const struct suite *suite, const struct test *test)
{
    char *stripped = must(program_strip(test->scenario->text, test->scenario->size));
    char *input;

    if (asprintf(&input, "scenario %u\n%s", scenario_id(suite, test), stripped) < 0)
        abort();
    free(stripped);
    return input;
}

static void run_scenario(const struct run *run, const struct suite *suite, struct test *test)
{
    char *const none[] = {NULL};
    char *const driver[] = {(char *)run->driver, (char *)run->runtime, NULL};
    char *input = run_program(suite, test);
    struct process process;

    run_command(run, run->command, run->command ? none : driver, input, test, &process);
    judge_scenario(&process, run, scenario_id(suite, test), test);
    process_free(&process);
    free(input);
}

static void run_check(const struct run *run, struct test *test)
{
    char word[17], pass[256];
    char *const checks[] = {(char *)run->checks,
                            (char *)run->runtime,
                            test->rule->id,
                            (char *)(uintptr_t)test->name,
                            word,
                            NULL};
    struct process process;
    uint64_t number;

    if (run->command) {
        came_to(test, RESULT_SKIPPED, "a test in C, which needs a library");
        return;
    }
    if (getrandom(&number, sizeof number, 0) != sizeof number)
        abort();
    snprintf(word, sizeof word, "%016llx", (unsigned long long)number);
    snprintf(pass, sizeof pass, "pass %s %s %s\n", test->rule->id, test->name, word);
    run_command(run, NULL, checks, "", test, &process);
    judge_check(&process, run, pass, test);
    process_free(&process);
}

/* What several threads take tests from. */
struct work {
    const struct run *run;
    struct suite *suite;
    atomic_size_t next; /* test */
};

static bool shares_result(const struct test *test)
{
    return test->twin && test->twin->chosen;
}

/* Tests are taken one by one, so that a long one holds up nothing but its thread. */
static void *work_on(void *arg)
{
    struct work *work = arg;
    const struct suite *suite = work->suite;
    size_t i;

    while ((i = atomic_fetch_add(&work->next, 1)) < suite->count) {
        struct test *test = &suite->tests[i];

        if (!test->chosen || shares_result(test))
            continue;
        if (test->scenario)
            run_scenario(work->run, suite, test);
        else
            run_check(work->run, test);
    }
    return NULL;
}

static char *copy(const char *text)
{
    return text ? must(strdup(text)) : NULL;
}

void run_suite(const struct run *run, struct suite *suite)
{
    struct work work = {.run = run, .suite = suite};
    pthread_t *threads = must(calloc((size_t)run->jobs, sizeof *threads));
    int started = 0;
    size_t i;

    while (started < run->jobs - 1 && !pthread_create(&threads[started], NULL, work_on, &work))
        started++;
    work_on(&work);
    while (started > 0)
        pthread_join(threads[--started], NULL);
    free(threads);
    for (i = 0; i < suite->count; i++) {
        struct test *test = &suite->tests[i];

        if (!test->chosen || !shares_result(test))
            continue;
        test->result = test->twin->result;
        test->reason = copy(test->twin->reason);
        test->errors = copy(test->twin->errors);
    }
}
