/* fuzz_program: executes the program that the input describes, with the choices that it describes.
 * The driver's code does that on the reference runtime, in the simulated system. The trace is
 * judged by the invariants, the rules that hold for every program, and then by the model, which
 * knows all that the rules allow. */
#include "driver/executor.h"
#include "input.h"
#include "judge/judge.h"
#include "programs.h"
#include "sim/sim.h"
#include "target.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A bit of the head: choices are the runtime's own, if there is only one domain. */
enum { HEAD_UNSTEERED = 4 };

enum {
    STACK = 64 << 10,  /* bytes */
    OUTRAGE = 1 << 20, /* questions after which a run never ends */
    ANSWERS = 1 << 10, /* that are recorded */
    OUTPUT = 4 << 20,  /* bytes of a trace */
    TWICE = 64,        /* one in this many executions is repeated with the same answers */
    STEPS = 20000,     /* of the model: most runs that it can decide need fewer */
};

static struct {
    char text[PROGRAM_TEXT];
    char output[OUTPUT];
    size_t output_size;
    struct choices choices;
    size_t answers[ANSWERS];
    size_t asked;
    size_t last;  /* number of the last answer that is not 0, counted from 1 */
    bool steered; /* or the runtime makes its own choices, on one domain and so on one thread */
    bool shows;
} execution;

/* ---- failures */

/* The scenario as a driver reads it. */
static void show_scenario(FILE *to)
{
    char *text;

    fprintf(to, "scenario 1\n");
    if (execution.steered)
        fprintf(to, "schedule");
    for (size_t i = 0; i < execution.last; i++)
        fprintf(to, " %zu", execution.answers[i]);
    text = program_strip(execution.text, strlen(execution.text));
    fprintf(to, "%s%sgo\n", execution.steered ? "\n" : "", text != NULL ? text : "");
    free(text);
}

static _Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static _Noreturn void fail(const char *format, ...)
{
    va_list arguments;

    if (!execution.shows)
        show_scenario(stderr);
    fprintf(stderr, "fuzz_program: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    abort();
}

static void complain(void *to, int line, const char *text)
{
    (void)to;
    fail("the scenario is not valid: line %d: %s", line, text);
}

static void never_ends(void *state)
{
    (void)state;
    fail("the runtime waits for ever");
}

/* ---- the run */

static void keep_output(const char *text, size_t size)
{
    if (size > OUTPUT - execution.output_size)
        fail("the run never ends, and its trace grows");
    memcpy(execution.output + execution.output_size, text, size);
    execution.output_size += size;
}

static size_t choose(void *state, size_t count)
{
    size_t answer = choices_answer(&execution.choices, count);

    (void)state;
    if (execution.asked++ == OUTRAGE)
        fail("the run never ends");
    if (execution.asked <= ANSWERS) {
        execution.answers[execution.asked - 1] = answer;
        if (answer > 0)
            execution.last = execution.asked;
    }
    say("chose %zu %zu\n", answer, count);
    return answer;
}

/* The report of a deadlock is not wanted. */
static void keep_quiet(void *state, const miou_waiting *waiting)
{
    (void)state, (void)waiting;
}

static void run(void)
{
    struct sim_left left;

    deliver = keep_output;
    execution.output_size = 0;
    execution.asked = execution.last = 0;
    sim_begin(&(struct sim_world){.stuck = never_ends});
    say("scenario 1\n");
    execute_program((miou_options){
        .stack_size = STACK, .choose = execution.steered ? choose : NULL, .deadlock = keep_quiet});
    forget_execution();
    left = sim_left();
    if (left.descriptors + left.mappings + left.signals > 0)
        fail("the run left %d descriptors, %d mappings and %d signal handlers behind",
             left.descriptors, left.mappings, left.signals);
}

/* ---- the verdict */

static void demand_nothing_found(const char *who, const struct verdict *verdict)
{
    const struct finding *first;

    if (verdict == NULL)
        fail("no memory");
    if (verdict->finding_count == 0)
        return;
    first = &verdict->findings[0];
    if (!execution.shows)
        fwrite(execution.output, 1, execution.output_size, stderr);
    fail("%s%s: expected %s\n    observed %s", who,
         first->rule != NULL ? first->rule : "the scenario", first->expected, first->observed);
}

static void judge_run(void)
{
    struct oracle oracle = {.alone = true, .steps = STEPS};
    struct trace *trace = trace_parse(program, 1, execution.output, execution.output_size);
    struct verdict *verdict;

    if (trace == NULL)
        fail("no memory");
    demand_nothing_found("", verdict = judge(program, trace, NULL));
    verdict_free(verdict);
    demand_nothing_found("the model: ", verdict = judge_by_oracle(program, trace, &oracle));
    verdict_free(verdict);
    trace_free(trace);
}

/* The same answers must make the same events. */
static void run_again(struct choices choices)
{
    static char before[OUTPUT];
    size_t size = execution.output_size;

    memcpy(before, execution.output, size);
    execution.choices = choices;
    run();
    if (execution.output_size != size || memcmp(execution.output, before, size) != 0)
        fail("R13.6: the same answers made another run");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned count;
    struct input input = input_split(data, size);

    size = program_write(execution.text, &input);
    program = program_parse(execution.text, size, PROGRAM_WITH_ANSWERS, complain, NULL);
    if (program == NULL)
        fail("no memory");
    execution.choices = input.choices;
    execution.steered = program->domains > 0 || !(input.head & HEAD_UNSTEERED);
    run();
    if (execution.shows) {
        show_scenario(stdout);
        fflush(stdout);
        fwrite(execution.output, 1, execution.output_size, stderr);
    }
    judge_run();
    if (count++ % TWICE == 0)
        run_again(input.choices);
    program_free(program);
    return 0;
}

/* Prints the scenario on standard output, as a driver reads it, and the trace on standard error. */
void fuzz_show(const uint8_t *data, size_t size)
{
    execution.shows = true;
    LLVMFuzzerTestOneInput(data, size);
    execution.shows = false;
}

size_t fuzz_make(uint8_t *bytes, size_t room, uint32_t (*chance)(void))
{
    return input_make(bytes, room, chance);
}
