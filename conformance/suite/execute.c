/* execute: what a test's process did becomes a result. A test passes only if its output says so:
 * exit status 0 is not enough, since the runtime itself may have called exit. */
#include "execute.h"

#include "counters.h"
#include "directory.h"
#include "excerpt.h"
#include "machine/chance.h"
#include "peers.h"
#include "scenario/memory.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OUTPUT_LIMIT = 256 << 20, /* bytes that a driver may print */
    OUTPUT_LINES = 12,        /* of its output that a result shows */
    ERROR_LINES = 30,         /* of its standard error */
    GRACE = 1                 /* seconds in which a check that hangs may say where */
};

/* Where the counters of the driver go that says what a library lacks; no test is called so. */
static const char LACKS[] = "lacks";

/* Exit statuses of checks and drivers. */
enum { COULD_NOT_TELL = 2, NOT_IMPLEMENTED = 77 };

static char *first_line(const char *text)
{
    return must(strndup(text ? text : "", strcspn(text ? text : "", "\n")));
}

/* ---- The result of a process ---- */

/* Whether the process ended by itself. If not, the result says how. */
static bool ended_by_itself(const struct process *process, const struct session *session,
                            struct result *result)
{
    const char *name;

    switch (process->end) {
    case PROCESS_ANSWERED:
    case PROCESS_EXITED:
        return true;
    case PROCESS_SIGNALLED:
        name = sigabbrev_np(process->status);
        result_set(result, RESULT_CRASH, "killed by signal %d%s%s", process->status,
                   name ? ", SIG" : "", name ? name : "");
        return false;
    case PROCESS_HUNG:
        result_set(result, RESULT_HANG, "%s %.1f seconds of processor time",
                   process->used < session->seconds ? "no end: it sleeps, having used"
                                                    : "no end after",
                   process->used);
        return false;
    case PROCESS_FLOODED:
        result_set(result, RESULT_CRASH, "more than %d MiB of output", OUTPUT_LIMIT >> 20);
        return false;
    case PROCESS_STOPPED:
        result_set(result, RESULT_UNKNOWN, "it was stopped");
        return false;
    case PROCESS_NOT_STARTED:
        result->starved = true;
        result_set(result, RESULT_UNKNOWN, "cannot start: %s", strerror(process->status));
        return false;
    }
    return false;
}

/* A driver may call what is absent as it likes. */
static const char *item_of(const struct session *session, const char *word)
{
    const char *item = drivers_item(word);

    if (!session->command && !strcmp(word, operation_word(OP_UNTIL)))
        return operation_function(OP_UNTIL);
    return item ? item : word;
}

/* Write which operation or function is lacking. What a driver does itself is not the runtime's to
 * lack, and `until` is not a function of its own. */
static void set_lacking_operation(const struct session *session, struct result *result,
                                  const char *item, const char *word)
{
    enum operation_kind kind = word ? operation_named(word) : OPERATION_KINDS;
    bool own = kind == OP_PRINT || kind == OP_POST || kind == OP_UNTIL;

    if (kind == OPERATION_KINDS)
        kind = operation_calling(item);
    if (!session->command)
        result_set(result, RESULT_NOT_IMPLEMENTED, "the runtime has no %s%s", item,
                   kind == OP_UNTIL ? ", which `until` needs" : "");
    else
        result_set(result, RESULT_NOT_IMPLEMENTED, "the %s has no %s%s", own ? "driver" : "runtime",
                   kind < OPERATION_KINDS ? operation_word(kind) : item,
                   kind == OP_UNTIL ? ", which needs a yield" : "");
}

/* The test needs all of these items, separated by blanks, and the runtime lacks one of them, which
 * the scenario calls by a word; NULL: there is no scenario. */
static void set_lacking(const struct session *session, struct result *result, const char *items,
                        const char *word)
{
    static const struct {
        const char *item, *reason;
    } others[] = {{"choose", "the runtime's choices cannot be steered"},
                  {"monitor", "the runtime takes no monitor"},
                  {"no-monitor", "the driver has no run without a monitor"},
                  {"outside", "the driver makes no calls outside a run"}};
    char *item = must(strndup(items, strcspn(items, " \n")));
    size_t i = 0;

    while (i < sizeof others / sizeof *others && strcmp(others[i].item, item) != 0)
        i++;
    result->lacks = copy_of(items);
    if (i < sizeof others / sizeof *others)
        result_set(result, RESULT_NOT_IMPLEMENTED, "%s", others[i].reason);
    else
        set_lacking_operation(session, result, item, word);
    free(item);
}

/* The parts whose functions the program has called, each bit a part. */
static unsigned used_parts(const struct program *program, const struct trace *trace)
{
    unsigned used = 0;
    int i;

    for (i = 0; i < trace->event_count; i++) {
        const struct event *event = &trace->events[i];
        const char *function =
            event->kind != EVENT_DID || event->outcomes.of[0].kind == OUTCOME_ABSENT
                ? NULL
                : operation_function(program->operations[event->operation].kind);

        if (function)
            used |= 1u << part_of(function);
    }
    return used;
}

/* Whether an event tells that the system gave no thread or no memory. */
static bool is_refusal(const struct event *event)
{
    for (size_t i = 0; i < event->outcomes.count; i++)
        if (event->outcomes.of[i].kind == OUTCOME_NO_MEMORY ||
            (event->outcomes.of[i].kind == OUTCOME_ERROR && event->outcomes.of[i].value == EAGAIN))
            return true;
    return false;
}

/* Whether a run did not start since the system gave it none, which other programs may have taken
 * for a moment. */
static bool is_starved(const struct trace *trace)
{
    return trace->event_count == 1 && trace->end == TRACE_WHOLE && is_refusal(trace->events);
}

static void note_needs(const struct trace *trace, struct result *result)
{
    result->tasks = trace->instance_count;
    for (int i = 0; i < trace->event_count; i++)
        result->refused |= is_refusal(&trace->events[i]);
}

static void judge_trace(const struct process *process, const struct session *session,
                        const struct program *program, const struct trace *trace,
                        const struct peers *peers, struct result *result)
{
    struct verdict *verdict = session->oracle ? judge_by_oracle(program, trace, session->oracle)
                                              : judge(program, trace, session->excused);
    int findings;

    if (session->oracle)
        opinions_add(session->opinions, verdict);
    if (trace->end == TRACE_WHOLE && verdict->kind != VERDICT_ABSENT)
        peers_tell(peers, verdict);
    findings = verdict->finding_count + verdict->more;
    result->verdict = verdict;
    result->used = used_parts(program, trace);
    result->starved = is_starved(trace);
    if (verdict->kind == VERDICT_ABSENT)
        set_lacking(session, result, item_of(session, verdict->absent), verdict->absent);
    else if (verdict->kind == VERDICT_GARBAGE && trace->end == TRACE_CUT && process->status == 0)
        result_set(result, RESULT_CRASH, "ended in the middle of the run");
    else if (verdict->kind == VERDICT_GARBAGE && trace->end == TRACE_CUT)
        result_set(result, RESULT_CRASH, "exited with status %d in the middle of the run",
                   process->status);
    else if (verdict->kind == VERDICT_GARBAGE)
        result_set(result, RESULT_FAIL, "the driver broke the protocol");
    else if (verdict->kind == VERDICT_FAIL)
        result_set(result, RESULT_FAIL, "%d %s", findings, findings == 1 ? "finding" : "findings");
    else if (process->status != 0)
        result_set(result, RESULT_CRASH, "exit status %d after the run", process->status);
    else
        result->kind = RESULT_PASS;
}

/* What the oracle says of a run that does not end. */
static void ask_of_hang(const struct session *session, const struct program *program,
                        const struct trace *trace, struct result *result)
{
    struct verdict *verdict = judge_by_oracle(program, trace, session->oracle);

    opinions_add(session->opinions, verdict);
    if (verdict->spared) {
        result->kind = RESULT_DIFFERS;
        result_remark(result, "what the rules ask for there is declared to differ");
    }
    result->verdict = verdict;
}

/* Judge a process whose last execution this is. */
static void judge_execution(const struct process *process, const struct session *session,
                            const struct program *program, const struct trace *trace,
                            const struct peers *peers, struct result *result)
{
    char *why;

    note_needs(trace, result);
    if (!judge_absent(program, trace) && !ended_by_itself(process, session, result)) {
        if (peers_wait(peers) != NULL)
            result_remark(result, peers_wait(peers));
        if (session->oracle && result->kind == RESULT_HANG)
            ask_of_hang(session, program, trace, result);
        else
            result->verdict = judge_begun(program, trace);
        return;
    }
    if (process->status != COULD_NOT_TELL || trace->end != TRACE_CUT || trace->event_count > 0) {
        judge_trace(process, session, program, trace, peers, result);
        return;
    }
    why = first_line(result->errors);
    if (process->output_size == 0) {
        result->starved = true; /* perhaps of a process */
        result_set(result, RESULT_UNKNOWN, "the driver refuses the scenario: %s", why);
    } else
        result_set(result, RESULT_FAIL, "%s", *why ? why : "the driver gave up");
    free(why);
}

/* What a test in C says when it has reached its end: a word, its name and a word that only it
 * knows.
 */
static bool says(const struct process *process, const char *word, const char *signature,
                 const char **rest)
{
    size_t word_size = strlen(word), size = strlen(signature);

    *rest = process->output + word_size + size;
    return process->output_size > word_size + size && !memcmp(process->output, word, word_size) &&
           !memcmp(process->output + word_size, signature, size);
}

/* Why a check failed is the result's reason, and need not be told again as an error. */
static void set_failed(struct result *result, const char *line, const struct process *process)
{
    size_t size = process->errors_size, own = strlen(line);

    result_set(result, RESULT_FAIL, "%.*s", (int)strcspn(line, "\n"), line);
    if (size >= own && !memcmp(process->errors + size - own, line, own))
        size -= own;
    free(result->errors);
    result->errors = excerpt(process->errors, size, ERROR_LINES);
}

/* Take off what a process said up to a place in its output. */
static void drop_output(struct process *process, const char *up_to)
{
    process->output_size -= (size_t)(up_to - process->output);
    memmove(process->output, up_to, process->output_size + 1);
}

/* An answer begins with the question. */
static void drop_question(struct process *process, const char *question)
{
    if (!strncmp(process->output, question, strlen(question)))
        drop_output(process, process->output + strlen(question));
}

/* Take the lines off with which a check tells how many tasks it has at a time. */
static void note_tasks(struct process *process, const char *signature, struct result *result)
{
    const char *rest;

    while (says(process, "needs ", signature, &rest)) {
        result->tasks = atoi(rest);
        rest += strcspn(rest, "\n");
        rest += *rest == '\n';
        drop_output(process, rest);
    }
}

static void judge_check(const struct process *process, const struct session *session,
                        const char *signature, struct result *result)
{
    char *why = first_line(result->errors);
    const char *rest;

    if (!ended_by_itself(process, session, result))
        ;
    else if (says(process, "fail ", signature, &rest))
        set_failed(result, rest + 1, process);
    else if ((result->refused = says(process, "refused ", signature, &rest)))
        set_failed(result, rest + 1, process);
    else if (process->status == NOT_IMPLEMENTED && says(process, "lacks ", signature, &rest))
        set_lacking(session, result, rest + 1, NULL);
    else if (process->status == COULD_NOT_TELL && says(process, "unknown ", signature, &rest)) {
        result->starved = true;
        result_set(result, RESULT_UNKNOWN, "%.*s", (int)strcspn(rest + 1, "\n"), rest + 1);
    } else if (process->status == COULD_NOT_TELL)
        result_set(result, RESULT_FAIL, "%s", *why ? why : "the test gave up");
    else if (!says(process, "pass ", signature, &rest) || strcmp(rest, "\n") != 0)
        result_set(result, RESULT_CRASH, "exited with status %d in the middle of the test",
                   process->status);
    else if (process->status != 0)
        result_set(result, RESULT_CRASH, "exit status %d after the test", process->status);
    else
        result->kind = RESULT_PASS;
    free(why);
}

/* ---- Processes ---- */

/* A program with its arguments, or a command line for the shell, under the session's command if it
 * has one. */
struct line {
    char *text; /* for the shell; NULL: none */
    char *arguments[12];
};

static struct line program_line(const struct session *session, char *const *arguments)
{
    struct line line = {.arguments = {"/bin/sh", "-c", NULL, "sh"}};
    char **to = line.arguments;

    if (session->under) {
        line.text = text_of("exec %s \"$@\"", session->under);
        line.arguments[2] = line.text;
        to += 4;
    }
    while ((*to++ = *arguments++))
        ;
    return line;
}

static struct line shell_line(const struct session *session)
{
    struct line line = {.arguments = {"/bin/sh", "-c", NULL}};

    line.text = session->under ? text_of("exec %s %s", session->under, session->command)
                               : copy_of(session->command);
    line.arguments[2] = line.text;
    return line;
}

static void run_program(const struct session *session, char *const *arguments, const char *name,
                        struct process *process)
{
    struct line line = program_line(session, arguments);
    char *variable = counters_variable(session->counters, name);

    process_run(&(struct command){.arguments = line.arguments,
                                  .variable = variable,
                                  .grace = variable ? COUNTERS_GRACE : GRACE,
                                  .input = "",
                                  .seconds = session->seconds,
                                  .output_limit = OUTPUT_LIMIT},
                process);
    free(variable);
    free(line.text);
}

/* The lines of a check, marked where the reason, or what the check said last, tells that it failed;
 * NULL: they cannot be had. */
static char *source_of(const struct session *session, const struct test *test,
                       const struct result *result)
{
    char *reason = text_of("%s\n%s", result->reason, result->errors ? result->errors : "");
    char *const arguments[] = {(char *)session->checks,       "--source", test->rule->id,
                               (char *)(uintptr_t)test->name, reason,     NULL};
    struct process process;
    char *source = NULL;

    process_run(&(struct command){.arguments = arguments,
                                  .input = "",
                                  .seconds = session->seconds,
                                  .output_limit = OUTPUT_LIMIT},
                &process);
    if (process.end == PROCESS_EXITED && process.status == 0 && process.output_size > 0)
        source = copy_of(process.output);
    process_free(&process);
    free(reason);
    return source;
}

struct result execute_check(const struct session *session, const struct test *test)
{
    /* The runtime cannot know the word beforehand. */
    char *signature =
        text_of("%s %s %016llx", test->rule->id, test->name, (unsigned long long)chance_number());
    char *question = text_of("check %s\n", signature);
    char *variable = counters_variable(session->counters, test->id);
    struct result result = {.kind = RESULT_PASS};
    struct process process;

    drivers_ask(session->checkers, NULL, question, variable, NULL, &process);
    drop_question(&process, question);
    result.spent = process.spent;
    result.errors = excerpt(process.errors, process.errors_size, ERROR_LINES);
    note_tasks(&process, signature, &result);
    judge_check(&process, session, signature, &result);
    process_free(&process);
    if (result_is_failure(result.kind))
        result.source = source_of(session, test, &result);
    free(variable);
    free(question);
    free(signature);
    return result;
}

/* ---- Whether anything can be executed ---- */

/* Take down which items a library lacks. Those that the driver does not name it has. */
static void note_lacks(struct suite *suite, const char *output)
{
    bool lacks;
    int i;

    for (i = 0; part_items[i]; i++) {
        struct suite_part *part = &suite->parts[part_of(part_items[i])];
        char *line = text_of("\nlacks %s\n", part_items[i]);

        lacks = !strncmp(output, line + 1, strlen(line + 1)) || strstr(output, line);
        part->lacks |= lacks;
        part->has |= !lacks;
        free(line);
    }
}

/* Our driver opens a library and says what it lacks. If it ends in another way, each test will. */
static char *ask_library(const struct session *session, struct suite *suite)
{
    char *const driver[] = {(char *)session->driver, "--lacks", (char *)session->runtime, NULL};
    struct process process;
    char *why;

    run_program(session, driver, LACKS, &process);
    why = process_not_executed(&process);
    if (!why && process.end == PROCESS_EXITED && process.status == COULD_NOT_TELL)
        why = first_line(process.errors);
    if (!why)
        note_lacks(suite, process.output);
    if (!why && session->counters && directory_is_empty(session->counters))
        why =
            text_of("%s has left no counters: was it compiled with --coverage?", session->runtime);
    process_free(&process);
    return why;
}

char *execute_begin(struct session *session, struct suite *suite)
{
    char *const library[] = {(char *)session->driver, (char *)session->runtime, NULL};
    char *const watched[] = {(char *)session->driver, (char *)(uintptr_t) "--at-once",
                             (char *)session->runtime, NULL};
    char *const checks[] = {(char *)session->checks, (char *)session->runtime, NULL};
    char *why = session->command ? NULL : ask_library(session, suite);
    struct line line = session->command ? shell_line(session)
                                        : program_line(session, session->under ? watched : library);

    session->drivers = drivers_create(line.arguments, session->seconds, 0, OUTPUT_LIMIT);
    free(line.text);
    line = program_line(session, checks);
    session->checkers = drivers_create(line.arguments, session->seconds, GRACE, OUTPUT_LIMIT);
    free(line.text);
    if (session->command)
        why = drivers_greet(session->drivers);
    return why;
}

int execute_end(struct session *session)
{
    int of_checks = drivers_free(session->checkers), status = drivers_free(session->drivers);

    session->checkers = session->drivers = NULL;
    return status ? status : of_checks;
}

/* ---- Scenarios ---- */

static unsigned scenario_id(const struct suite *suite, const struct test *test)
{
    return (unsigned)(test - suite->tests) + 1;
}

char *execute_input(const struct suite *suite, const struct test *test, const char *before)
{
    char *stripped = program_strip(test->scenario->text, test->scenario->size);
    char *input = text_of("scenario %u\n%s%sgo\n", scenario_id(suite, test), before, stripped);

    free(stripped);
    return input;
}

bool execute_lacks(const struct session *session, const struct test *test, bool is_steered,
                   struct result *result)
{
    const char *word = drivers_lack(session->drivers, test->scenario->program, is_steered);

    *result = (struct result){.kind = RESULT_PASS};
    if (word)
        set_lacking(session, result, item_of(session, word), word);
    return word != NULL;
}

void batch_run(struct batch *batch, const struct session *session, const struct suite *suite,
               const struct test *test, const char *schedules, size_t count)
{
    struct peers *peers = peers_start(test->scenario->program, scenario_id(suite, test));
    struct listener listener = {peers_begin, peers_hear, peers_hang, peers};
    char *places = peers_lines(peers), *before = text_of("%s%s", schedules, places);
    char *input = execute_input(suite, test, before);
    char *variable = counters_variable(session->counters, test->id);

    *batch = (struct batch){.session = session,
                            .program = test->scenario->program,
                            .id = scenario_id(suite, test),
                            .asked = count,
                            .peers = peers};
    drivers_ask(session->drivers, batch->program, input, variable, peers ? &listener : NULL,
                &batch->process);
    peers_end(peers);
    batch->rest = batch->process.output;
    free(variable);
    free(input);
    free(before);
    free(places);
}

static bool begins(const char *text, size_t size, const char *word)
{
    return size >= strlen(word) && !memcmp(text, word, strlen(word));
}

/* Read the trace of the next execution; size is how much of the text belongs to it. What is said
 * after its end and before the next execution belongs to it, too, and is wrong. */
static struct trace *read_trace(const struct batch *batch, const char *text, size_t *size)
{
    size_t used, all = *size;
    struct trace *trace;
    const char *next;

    if (batch->judged + 1 == batch->asked)
        return trace_parse(batch->program, batch->id, text, all);
    trace = trace_parse_first(batch->program, batch->id, text, all, &used);
    *size = used;
    if (used == all || begins(text + used, all - used, "scenario "))
        return trace;
    next = memmem(text + used, all - used, "\nscenario ", strlen("\nscenario "));
    *size = next ? (size_t)(next - text) + 1 : all;
    trace_free(trace);
    return trace_parse(batch->program, batch->id, text, *size);
}

/* Keep what the driver said: as much of it as fits in whole lines, and its last lines to be shown.
 */
static void keep_output(struct result *result, const char *text, size_t size)
{
    size_t kept = size;

    if (size > RESULT_TRACE_MAX) {
        const char *end = memrchr(text, '\n', RESULT_TRACE_MAX);

        kept = end ? (size_t)(end - text) + 1 : 0;
    }
    result->trace = must(strndup(text, kept));
    result->left_out = size - kept;
    result->output = excerpt(text, size, OUTPUT_LINES);
}

/* How the process ended has to do with its last execution only. */
bool batch_next(struct batch *batch, struct execution *execution)
{
    static const struct process went_on = {.end = PROCESS_EXITED, .status = 0};
    const struct process *process = &batch->process;
    const char *end = process->output + process->output_size;
    struct result *result = &execution->result;

    if (batch->over)
        return false;
    *execution = (struct execution){.text = batch->rest, .size = (size_t)(end - batch->rest)};
    trace_free(batch->trace);
    batch->trace = read_trace(batch, execution->text, &execution->size);
    execution->trace = batch->trace;
    batch->rest += execution->size;
    batch->judged++;
    batch->over =
        batch->rest == end && (batch->judged == batch->asked || batch->trace->end != TRACE_WHOLE);
    execution->spent =
        batch->over && (process->end == PROCESS_HUNG || process->end == PROCESS_FLOODED);
    result->spent = process->spent;
    result->errors = excerpt(process->errors, process->errors_size, ERROR_LINES);
    judge_execution(batch->over ? process : &went_on, batch->session, batch->program, batch->trace,
                    batch->peers, result);
    if (result->kind != RESULT_PASS)
        keep_output(result, execution->text, execution->size);
    batch->over |= batch->judged == batch->asked;
    return true;
}

void batch_free(struct batch *batch)
{
    trace_free(batch->trace);
    process_free(&batch->process);
    peers_free(batch->peers);
}

struct result execute_once(const struct session *session, const struct suite *suite,
                           const struct test *test, const char *schedule)
{
    struct execution execution;
    struct batch batch;

    batch_run(&batch, session, suite, test, schedule, 1);
    batch_next(&batch, &execution);
    batch_free(&batch);
    return execution.result;
}
