/* run: what a test's process did becomes a result. Only what it says whole makes a pass; that it
 * ended well makes none, for the runtime may have ended it. */
#include "run.h"

#include "explore.h"
#include "process.h"
#include "replay.h"

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

__attribute__((format(printf, 3, 4))) static void
came_to(struct attempt *attempt, enum result result, const char *format, ...)
{
    va_list list;

    attempt->result = result;
    va_start(list, format);
    if (vasprintf(&attempt->reason, format, list) < 0)
        abort();
    va_end(list);
}

/* ---- What a process printed ---- */

/* Where the line that ends before a place begins. */
static size_t line_before(const char *text, size_t end)
{
    while (end > 1 && text[end - 2] != '\n')
        end--;
    return end > 0 ? end - 1 : 0;
}

static bool begins(const char *text, size_t size, const char *word)
{
    return size >= strlen(word) && !memcmp(text, word, strlen(word));
}

/* An answer to a question of the runtime is no event to look at. */
static bool is_choice(const char *line, size_t size)
{
    return begins(line, size, "chose ");
}

/* Every odd byte as \xNN, a long line cut. */
static void write_printable(FILE *stream, const char *line, size_t size)
{
    size_t i;

    for (i = 0; i < size && line[i] != '\n' && i < LINE_KEPT; i++) {
        unsigned char c = (unsigned char)line[i];

        if (c >= ' ' && c < 127)
            fputc(c, stream);
        else
            fprintf(stream, c == '\t' ? " " : "\\x%02x", c);
    }
    fputs(i == LINE_KEPT ? "...\n" : "\n", stream);
}

/* The last lines of a text, printable. NULL: no text. */
static char *last_lines(const char *text, size_t size, int lines)
{
    size_t from = size, next;
    FILE *stream;
    char *copy;

    while (from > 0 && lines > 0) {
        next = line_before(text, from);
        lines -= !is_choice(text + next, from - next);
        from = next;
    }
    if (from == size)
        return NULL;
    stream = must(open_memstream(&copy, &(size_t){0}));
    if (from > 0)
        fputs("...\n", stream);
    for (; from < size; from = next) {
        const char *end = memchr(text + from, '\n', size - from);

        next = end ? (size_t)(end - text) + 1 : size;
        if (!is_choice(text + from, next - from))
            write_printable(stream, text + from, next - from);
    }
    fclose(stream);
    return must(copy);
}

static char *first_line(const char *text)
{
    return must(strndup(text ? text : "", strcspn(text ? text : "", "\n")));
}

/* ---- What a process came to ---- */

/* Whether the process ended by itself. If not, that is the result. */
static bool ended(const struct process *process, const struct run *run, struct attempt *attempt)
{
    const char *name;

    switch (process->end) {
    case PROCESS_EXITED:
        if (process->status != NOT_EXECUTABLE && process->status != NOT_FOUND)
            return true;
        came_to(attempt, RESULT_UNKNOWN, "the command cannot be executed");
        return false;
    case PROCESS_SIGNALLED:
        name = sigabbrev_np(process->status);
        came_to(attempt, RESULT_CRASH, "killed by signal %d%s%s", process->status,
                name ? ", SIG" : "", name ? name : "");
        return false;
    case PROCESS_TIMED_OUT:
        came_to(attempt, RESULT_HANG, "not done after %g seconds", run->seconds);
        return false;
    case PROCESS_FLOODED:
        came_to(attempt, RESULT_CRASH, "more than %d MiB of output", OUTPUT_LIMIT >> 20);
        return false;
    case PROCESS_NOT_STARTED:
        came_to(attempt, RESULT_UNKNOWN, "cannot start: %s", strerror(process->status));
        return false;
    }
    return false;
}

static void judge_trace(const struct process *process, const struct program *program,
                        const struct trace *trace, struct attempt *attempt)
{
    struct verdict *verdict = must(judge(program, trace));

    attempt->verdict = verdict;
    if (verdict->kind == VERDICT_ABSENT && !strcmp(verdict->absent, "choose"))
        came_to(attempt, RESULT_NOT_IMPLEMENTED, "the runtime's choices cannot be driven");
    else if (verdict->kind == VERDICT_ABSENT)
        came_to(attempt, RESULT_NOT_IMPLEMENTED, "the runtime has no %s", verdict->absent);
    else if (verdict->kind == VERDICT_GARBAGE && trace->end == TRACE_CUT)
        came_to(attempt, RESULT_CRASH, "the process ended in the middle of the run, with status %d",
                process->status);
    else if (verdict->kind == VERDICT_GARBAGE)
        came_to(attempt, RESULT_FAIL, "the driver broke the protocol");
    else if (verdict->kind == VERDICT_FAIL)
        came_to(attempt, RESULT_FAIL, "%d times not as expected",
                verdict->finding_count + verdict->more);
    else if (process->status != 0)
        came_to(attempt, RESULT_CRASH, "exit status %d after the run", process->status);
    else
        attempt->result = RESULT_PASS;
}

/* Judge what a process did that executed the scenario and nothing after it. */
static void judge_scenario(const struct process *process, const struct run *run,
                           const struct program *program, const struct trace *trace,
                           struct attempt *attempt)
{
    char *why;

    if (!ended(process, run, attempt))
        return;
    if (process->status != COULD_NOT_TELL || trace->end != TRACE_CUT || trace->event_count > 0) {
        judge_trace(process, program, trace, attempt);
        return;
    }
    why = first_line(attempt->errors);
    if (process->output_size == 0)
        came_to(attempt, RESULT_UNKNOWN, "the driver refuses the scenario: %s", why);
    else
        came_to(attempt, RESULT_FAIL, "%s", *why ? why : "the driver gave up");
    free(why);
}

/* pass is the line that only a test which came to its end prints. */
static void judge_check(const struct process *process, const struct run *run, const char *pass,
                        struct attempt *attempt)
{
    char *why = first_line(attempt->errors);

    if (!ended(process, run, attempt))
        ;
    else if (process->status == NOT_IMPLEMENTED)
        came_to(attempt, RESULT_NOT_IMPLEMENTED, "%s", why);
    else if (process->status == FAILED)
        came_to(attempt, RESULT_FAIL, "an assertion does not hold");
    else if (process->status == COULD_NOT_TELL)
        came_to(attempt, RESULT_FAIL, "%s", *why ? why : "the test gave up");
    else if (strcmp(process->output, pass) != 0)
        came_to(attempt, RESULT_CRASH,
                "the process ended in the middle of the test, with status %d", process->status);
    else if (process->status != 0)
        came_to(attempt, RESULT_CRASH, "exit status %d after the test", process->status);
    else
        attempt->result = RESULT_PASS;
    free(why);
}

/* ---- Running ---- */

/* Run a program, or a command of the shell, under what is to be run under. */
static void run_command(const struct run *run, const char *command, char *const *arguments,
                        const char *input, struct process *process)
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
}

static unsigned scenario_id(const struct suite *suite, const struct test *test)
{
    return (unsigned)(test - suite->tests) + 1;
}

char *run_program(const struct suite *suite, const struct test *test, const char *schedules)
{
    char *stripped = must(program_strip(test->scenario->text, test->scenario->size));
    char *input;

    if (asprintf(&input, "scenario %u\n%s%s", scenario_id(suite, test), schedules, stripped) < 0)
        abort();
    free(stripped);
    return input;
}

/* Read the first execution of a text; its size is how much of the text is about it. What is said
 * after a run and before the next is about it, too, and wrong. */
static struct trace *read_trace(const struct program *program, unsigned id, const char *text,
                                size_t *size, bool last)
{
    size_t used, all = *size;
    struct trace *trace;
    const char *next;

    if (last)
        return must(trace_parse(program, id, text, all));
    trace = must(trace_parse_first(program, id, text, all, &used));
    *size = used;
    if (used == all || begins(text + used, all - used, "scenario "))
        return trace;
    next = memmem(text + used, all - used, "\nscenario ", strlen("\nscenario "));
    *size = next ? (size_t)(next - text) + 1 : all;
    trace_free(trace);
    return must(trace_parse(program, id, text, *size));
}

/* Judge the executions that a process was asked for, one after the other. Only the last one that it
 * came to has anything to do with how the process ended. */
static void judge_executions(const struct run *run, const struct suite *suite,
                             const struct test *test, const struct process *process, size_t count,
                             run_told *told, void *to)
{
    static const struct process went_on = {.end = PROCESS_EXITED, .status = 0};
    const struct program *program = test->scenario->program;
    const char *text = process->output, *end = text + process->output_size;
    bool on = true;
    size_t i;

    for (i = 0; i < count && on; i++) {
        struct execution execution = {.text = text, .size = (size_t)(end - text)};
        struct attempt *attempt = &execution.attempt;
        bool last;

        execution.trace =
            read_trace(program, scenario_id(suite, test), text, &execution.size, i + 1 == count);
        text += execution.size;
        last = text == end && (i + 1 == count || execution.trace->end != TRACE_WHOLE);
        execution.spent =
            last && (process->end == PROCESS_TIMED_OUT || process->end == PROCESS_FLOODED);
        attempt->errors = last_lines(process->errors, process->errors_size, ERROR_LINES);
        judge_scenario(last ? process : &went_on, run, program, execution.trace, attempt);
        if (attempt->result != RESULT_PASS)
            attempt->output = last_lines(execution.text, execution.size, OUTPUT_LINES);
        on = told(to, &execution) && !last;
        trace_free(execution.trace);
    }
}

void run_scenario(const struct run *run, const struct suite *suite, const struct test *test,
                  const char *schedules, size_t count, run_told *told, void *to)
{
    char *const none[] = {NULL};
    char *const driver[] = {(char *)run->driver, (char *)run->runtime, NULL};
    char *input = run_program(suite, test, schedules);
    struct process process;

    run_command(run, run->command, run->command ? none : driver, input, &process);
    judge_executions(run, suite, test, &process, count, told, to);
    process_free(&process);
    free(input);
}

static bool keep(void *to, struct execution *execution)
{
    *(struct attempt *)to = execution->attempt;
    return true;
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

    if (getrandom(&number, sizeof number, 0) != sizeof number)
        abort();
    snprintf(word, sizeof word, "%016llx", (unsigned long long)number);
    snprintf(pass, sizeof pass, "pass %s %s %s\n", test->rule->id, test->name, word);
    run_command(run, NULL, checks, "", &process);
    test->attempt.errors = last_lines(process.errors, process.errors_size, ERROR_LINES);
    judge_check(&process, run, pass, &test->attempt);
    process_free(&process);
}

static void run_test(const struct run *run, const struct suite *suite, struct test *test)
{
    if (test->scenario && run->explore)
        explore(run, suite, test);
    else if (test->scenario && run->replay)
        replay(run, suite, test);
    else if (test->scenario)
        run_scenario(run, suite, test, "", 1, keep, &test->attempt);
    else if (run->command)
        came_to(&test->attempt, RESULT_SKIPPED, "a test in C, which needs a library");
    else if (run->explore || run->replay)
        came_to(&test->attempt, RESULT_SKIPPED, "a test in C, which makes its own choices");
    else
        run_check(run, test);
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
        run_test(work->run, suite, test);
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
        test->attempt.result = test->twin->attempt.result;
        test->attempt.reason = copy(test->twin->attempt.reason);
        test->attempt.errors = copy(test->twin->attempt.errors);
    }
}
