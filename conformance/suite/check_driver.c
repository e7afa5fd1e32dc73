/* check_driver: each item is a small scenario for one thing that a driver may get wrong. What is
 * expected of it is what any runtime does, even one in which a task that fails cancels its parent,
 * so that what differs is the driver's. */
#include "check_driver.h"

#include "conversation.h"
#include "judge/judge.h"
#include "scenario/memory.h"
#include "scenario/random.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATIENCE = 3, /* items in which a driver may hang */
    FIRST_ID = 7, /* of the items' scenarios, so that one that is always 1 is noticed */
    ENOUGH = 1 << 24,
    A_SEED = 42
};

/* Says what is wrong with an execution, beside its order; NULL: nothing. */
typedef char *look(const struct program *program, const struct trace *trace);

/* A schedule: its line, and its answers. */
struct plan {
    const char *line; /* NULL: it is behind the last one */
    int answers[3];   /* and then 0 */
    bool seeded;      /* the answers are those of the generator */
    int beyond;       /* the choice whose answer is out of range, from 1; 0: none */
};

struct item {
    const char *name;
    const char *text;
    const char *hint;         /* what spec/scenario.md says of it */
    bool goes_on;             /* an operation that is absent is what the item is about */
    look *look;               /* NULL: none */
    const struct plan *plans; /* the schedules that steer it; NULL: none */
};

struct tester {
    FILE *stream;
    struct driver_check *check;
    char *const *arguments;
    double seconds;
    struct drivers *drivers;
    int hung;          /* items in which it has */
    bool holds_back;   /* what it says comes when its input ends, and no sooner */
    char *stray;       /* what a driver has said unasked; NULL: nothing */
    const char *lacks; /* the word without which the item can tell nothing; NULL: none */
};

/* ---- The items ---- */

static look creators_differ;

static const struct plan plans[] = {{.line = "schedule\n"},
                                    {.line = "schedule 1 0 1\n", .answers = {1, 0, 1}},
                                    {.line = "schedule seed 42\n", .seeded = true},
                                    {.line = NULL}};
static const struct plan beyond[] = {{.line = "schedule 1 beyond\n", .answers = {1}, .beyond = 2},
                                     {.line = NULL}};

static const struct item items[] = {
    {.name = "hello: a task prints a word",
     .text = "task main\n"
             "    print hello\n"
             "expect run ok\n"
             "expect once hello\n"
             "expect seen begin:main end:main\n",
     .hint = "main has a 'begin' and an 'end'"},
    {.name = "value: the value of main is the outcome of the run",
     .text = "task main\n"
             "    return 7\n"
             "expect run ok 7\n"
             "expect seen end:main\n",
     .hint = "'ok N' if the value is not 0"},
    {.name = "print: a line for each time, and one 'did'",
     .text = "task main\n"
             "    repeat 2 print word\n"
             "    print other\n"
             "expect run ok\n"
             "expect count 2 word\n"
             "expect once other\n",
     .hint = "'print' for each execution"},
    {.name = "child: spawned, begun, ended and awaited",
     .text = "task main\n"
             "    p = async child\n"
             "    await p => ok 7\n"
             "task child\n"
             "    return 7\n"
             "expect run ok\n"
             "expect order begin:child end:child done:3\n",
     .hint = "'begin' and 'end' are the first and the last thing in a task's function"},
    {.name = "repeat: three instances of a task, and one 'did'",
     .text = "task main\n"
             "    p = repeat 3 async child\n"
             "    await p => ok\n"
             "task child\n"
             "    print here\n"
             "expect run ok\n"
             "expect count 3 here\n"
             "expect count 3 end:child\n",
     .hint = "a promise name stands for all that its last execution bound"},
    {.name = "errors: a name for those that the scenario makes",
     .text = "task main\n"
             "    p = async child\n"
             "    await p => failed boom | stopped\n"
             "    fail bang\n"
             "task child\n"
             "    fail boom\n"
             "expect run failed bang | failed boom\n",
     .hint = "'failed NAME' for an error that a 'fail NAME' makes"},
    {.name = "list: an outcome for each promise, in order",
     .text = "task main\n"
             "    p = async one\n"
             "    q = async two\n"
             "    await-all p q => ok 1, ok 2\n"
             "task one\n"
             "    return 1\n"
             "task two\n"
             "    return 2\n"
             "expect run ok\n",
     .hint = "a list is written with commas"},
    {.name = "flags: common to all tasks, and counted",
     .text = "task main\n"
             "    p = async child\n"
             "    until raised 2\n"
             "    await p\n"
             "task child\n"
             "    repeat 2 post raised\n"
             "expect run ok\n"
             "expect seen done:3\n",
     .hint = "a flag is posted N times"},
    {.name = "finaliser: of a resource of the instance that created it",
     .text = "task main\n"
             "    create r\n"
             "    own r\n"
             "    p = async child\n"
             "    await p\n"
             "    release r\n"
             "task child\n"
             "    create r\n"
             "    own r\n"
             "    release r\n"
             "expect run ok\n"
             "expect count 2 finalise:r\n",
     .hint = "'finalise TASK RESOURCE DOMAIN' first thing in a finaliser",
     .look = creators_differ},
    {.name = "unbound: a name before the line that binds it",
     .text = "task main\n"
             "    await p\n"
             "    p = async child\n"
             "    await p\n"
             "    print after\n"
             "task child\n"
             "    return 0\n"
             "expect run ok\n"
             "expect once after\n",
     .hint =
         "a name that was never bound stands for NULL; if there is no such value, the outcome is "
         "'absent', and the task goes on",
     .goes_on = true},
    {.name = "absent: what the runtime does not have costs a line",
     .text = "task main\n"
             "    p = async child\n"
             "    await p\n"
             "    free p\n"
             "    print after\n"
             "task child\n"
             "    return 0\n"
             "expect run ok\n"
             "expect once after\n",
     .hint = "'did TASK LINE absent', and the task goes on",
     .goes_on = true},
    {.name = "stopped: the program of a cancelled task ends",
     .text = "task main\n"
             "    p = async child\n"
             "    until begun\n"
             "    cancel p\n"
             "    await p => cancelled\n"
             "task child\n"
             "    post begun\n"
             "    until never => stopped\n"
             "    print unreached\n"
             "expect run ok\n"
             "expect never unreached\n",
     .hint = "'stopped' if the operation's own task is cancelled; it ends the task's program"},
    {.name = "forgets: a run that a rule ends",
     .text = "task main\n"
             "    p = async child\n"
             "    yield\n"
             "task child\n"
             "    yield\n"
             "expect run ok | still-has-children\n",
     .hint = "'still-has-children' is the word if main has forgotten a child"},
    {.name = "anew: names and instances of earlier scenarios are forgotten",
     .text = "task main\n"
             "    p = async child\n"
             "    await p\n"
             "task child\n"
             "    print again\n"
             "expect run ok\n"
             "expect once again\n",
     .hint = "the first instance of a task T is T, in each scenario"},
    {.name = "steered: an execution for each schedule, with its answers",
     .text = "domains 3\n"
             "task main\n"
             "    p = call child\n"
             "    q = call child\n"
             "    await p\n"
             "    await q\n"
             "task child\n"
             "    yield\n"
             "expect run ok\n",
     .hint = "the scenario once for each schedule",
     .plans = plans},
    {.name = "beyond: an answer that is out of range",
     .text = "domains 3\n"
             "schedule 1 beyond\n"
             "task main\n"
             "    p = repeat 4 call child\n"
             "    await p\n"
             "task child\n"
             "    yield\n"
             "expect run invalid | ok\n",
     .hint = "'beyond' stands for N, which is out of range",
     .plans = beyond},
};

static char *creators_differ(const struct program *program, const struct trace *trace)
{
    int first = -1;

    (void)program;
    for (int i = 0; i < trace->event_count; i++) {
        if (trace->events[i].kind != EVENT_FINALISE)
            continue;
        if (trace->events[i].creator == first)
            return text_of("two resources are finalised as one of the same instance");
        first = trace->events[i].creator;
    }
    return NULL;
}

/* Whether the choices of an execution were answered as its schedule says. */
static char *follows(const struct plan *plan, const struct trace *trace)
{
    uint64_t state = A_SEED;

    for (int i = 0; i < trace->choice_count; i++) {
        const struct choice *choice = &trace->choices[i];
        uint64_t answer = plan->seeded ? next_random(&state)
                          : i < 3      ? (uint64_t)plan->answers[i]
                                       : 0;

        answer = i + 1 == plan->beyond ? (uint64_t)choice->count : answer % (uint64_t)choice->count;
        if (answer != (uint64_t)choice->answer)
            return text_of("'%.*s' answers choice %d, of %d, with %d, and not with %d",
                           (int)strcspn(plan->line, "\n"), plan->line, i + 1, choice->count,
                           choice->answer, (int)answer);
    }
    return NULL;
}

/* ---- What is wrong with an execution ---- */

static void cannot_parse(void *to, int line, const char *text)
{
    (void)to;
    fprintf(stderr, "conform: an item of its own, line %d: %s\n", line, text);
    abort();
}

/* The last whole line of an answer, short and quoted, or else that of the question. */
static char *last_said(const struct process *process)
{
    const char *end = memrchr(process->output, '\n', process->output_size),
               *begin = process->output;
    const char *before;

    if (!end)
        return copy_of("'go'");
    before = memrchr(process->output, '\n', (size_t)(end - process->output));
    begin = before ? before + 1 : begin;
    return text_of("'%.*s'", end - begin < 60 ? (int)(end - begin) : 60, begin);
}

/* Whether a driver answers once its input has ended. */
static bool answers_at_the_end(const struct tester *tester, const char *input)
{
    struct process process;
    bool answers;

    process_run(&(struct command){.arguments = tester->arguments,
                                  .input = input,
                                  .input_size = strlen(input),
                                  .seconds = tester->seconds,
                                  .output_limit = ENOUGH},
                &process);
    answers = strstr(process.output, "\nscenario ") && strstr(process.output, "\nrun ");
    process_free(&process);
    return answers;
}

/* How a driver has failed to come to the end of its answer; NULL: it has not failed. */
static char *ended_badly(struct tester *tester, const char *input, const struct process *process,
                         const struct trace *trace)
{
    int size = (int)strcspn(process->errors, "\n");
    char *said, *why;

    if (process->end == PROCESS_EXITED && process->status == 0)
        return NULL;
    if (process->end == PROCESS_EXITED && process->status == 2 && process->output_size == 0 && size)
        return text_of("refuses the scenario: %.*s", size, process->errors);
    if (process->end == PROCESS_HUNG && trace->end == TRACE_WHOLE)
        return text_of("no 'ready' after the run");
    if (process->end == PROCESS_HUNG && process->output_size == 0 &&
        answers_at_the_end(tester, input)) {
        tester->holds_back = true;
        return text_of("says nothing until its input ends: flush each line");
    }
    said = last_said(process);
    switch (process->end) {
    case PROCESS_HUNG:
        why = text_of("says nothing more after %s", said);
        break;
    case PROCESS_FLOODED:
        why = text_of("says more than %d MiB", ENOUGH >> 20);
        break;
    case PROCESS_SIGNALLED:
        why = text_of("was killed by signal %d after %s%s%.*s", process->status, said,
                      size ? ": " : "", size, process->errors);
        break;
    default:
        why = text_of("ended with status %d after %s%s%.*s", process->status, said,
                      size ? ": " : "", size, process->errors);
    }
    free(said);
    return why;
}

/* What is not as the item expects it. What its runtime does besides is another matter. */
static char *unexpected(const struct item *item, const struct program *program,
                        const struct trace *trace)
{
    struct verdict *verdict = judge(program, trace, NULL);
    char *why = NULL;

    for (int i = 0; i < verdict->finding_count && !why; i++)
        if (!verdict->findings[i].rule)
            why = text_of("%s: %s", verdict->findings[i].deviation, item->hint);
    verdict_free(verdict);
    return why;
}

/* An item that needs what is absent says nothing. Returns why that cannot be absent; NULL: it can.
 */
static char *note_absent(struct tester *tester, const char *absent)
{
    enum operation_kind kind = operation_calling(absent), own = operation_named(absent);

    if (own == OP_PRINT || own == OP_POST || own == OP_UNTIL)
        return text_of("'%s' is the driver's own, and cannot be absent", absent);
    tester->lacks = kind < OPERATION_KINDS ? operation_word(kind) : absent;
    return NULL;
}

/* What is wrong with one execution, of which the process said the trace. */
static char *examine(struct tester *tester, const struct item *item, const struct program *program,
                     const struct trace *trace)
{
    const char *absent = judge_absent(program, trace);
    char *why = judge_protocol(program, trace);

    if (!why && absent && !item->goes_on)
        why = note_absent(tester, absent);
    if (!why && item->look && !tester->lacks)
        why = item->look(program, trace);
    return why || tester->lacks ? why : unexpected(item, program, trace);
}

/* What is wrong with a trace that is not whole, if that has nothing to do with how the process
 * ended. */
static char *broken(struct tester *tester, const struct item *item, const struct trace *trace)
{
    enum operation_kind kind;

    if (trace->end == TRACE_GARBAGE)
        return text_of("line %d of its answer: %s", trace->line, trace->problem);
    if (trace->end != TRACE_ABSENT)
        return NULL;
    if (item->goes_on)
        return text_of("'absent %s' ends the whole scenario: %s", trace->problem, item->hint);
    kind = operation_named(trace->problem);
    tester->lacks = !strcmp(trace->problem, "choose") ? "choose"
                    : kind < OPERATION_KINDS          ? operation_word(kind)
                                                      : "an operation";
    return NULL;
}

static char *end_of_text(const struct process *process, int execution)
{
    char *said = last_said(process), *why;

    if (execution > 0)
        why = text_of("no execution for schedule %d: one for each is asked for", execution + 1);
    else
        why = text_of("no 'run OUTCOME' after %s", said);
    free(said);
    return why;
}

/* A driver that says nothing of choices may take a schedule for a line of the program. */
static char *hint_at_choices(char *why, const struct process *process)
{
    char *longer;

    if (memmem(process->output, process->output_size, "\nchose ", strlen("\nchose ")))
        return why;
    longer = text_of("%s; if no run can be steered, the greeting says 'lacks choose'", why);
    free(why);
    return longer;
}

/* Examine all executions that the process tells of. */
static char *examine_all(struct tester *tester, const struct item *item, unsigned id,
                         const struct program *program, const char *input,
                         const struct process *process)
{
    const char *rest = process->output, *end = process->output + process->output_size;
    const struct plan *plan = item->plans;
    char *why = NULL;
    bool more;

    do {
        struct trace *trace;
        size_t used = (size_t)(end - rest);

        more = plan && plan[1].line;
        trace = more ? trace_parse_first(program, id, rest, used, &used)
                     : trace_parse(program, id, rest, used);
        why = broken(tester, item, trace);
        if (!why && !tester->lacks && (!more || trace->end != TRACE_WHOLE))
            why = ended_badly(tester, input, process, trace);
        if (!why && !tester->lacks && trace->end == TRACE_CUT)
            why = end_of_text(process, plan ? (int)(plan - item->plans) : 0);
        if (!why && !tester->lacks)
            why = examine(tester, item, program, trace);
        if (!why && !tester->lacks && plan)
            why = follows(plan, trace);
        trace_free(trace);
        rest += used;
        plan += plan != NULL;
    } while (more && !why && !tester->lacks);
    return item->plans && why ? hint_at_choices(why, process) : why;
}

/* ---- One item after the other ---- */

static void write_item(struct tester *tester, const char *name, char *why)
{
    int *count = why             ? &tester->check->failed
                 : tester->lacks ? &tester->check->skipped
                                 : &tester->check->passed;

    if (why)
        fprintf(tester->stream, "not ok   %s: %s\n", name, why);
    else if (tester->lacks)
        fprintf(tester->stream, "skipped  %s: the runtime has no %s\n", name, tester->lacks);
    else
        fprintf(tester->stream, "ok       %s\n", name);
    fflush(tester->stream);
    ++*count;
    free(why);
}

static char *input_of(const struct item *item, unsigned id)
{
    char *stripped = program_strip(item->text, strlen(item->text)), *input, *lines = copy_of("");

    for (int i = 0; item->plans && item->plans[i].line; i++) {
        char *longer = text_of("%s%s", lines, item->plans[i].line);

        free(lines);
        lines = longer;
    }
    input = text_of("scenario %u\n%s%sgo\n", id, lines, stripped);
    free(lines);
    free(stripped);
    return input;
}

static void try_item(struct tester *tester, const struct item *item, unsigned id)
{
    struct program *program =
        program_parse(item->text, strlen(item->text), PROGRAM_WITH_ANSWERS, cannot_parse, NULL);
    const struct habits *habits = drivers_habits(tester->drivers);
    bool was_asked = !habits->unasked;
    char *input = input_of(item, id), *why = NULL;
    struct process process;

    tester->lacks = drivers_lack(tester->drivers, program, item->plans != NULL);
    if (!tester->lacks) {
        drivers_ask(tester->drivers, NULL, input, NULL, NULL, &process);
        tester->hung += process.end == PROCESS_HUNG;
        why = examine_all(tester, item, id, program, input, &process);
        process_free(&process);
    }
    /* If another driver did what one did not that had executed others, the scenario is not the
     * cause. */
    if (!why && was_asked && habits->unasked)
        tester->stray = copy_of(habits->unasked);
    write_item(tester, item->name, why);
    free(input);
    program_free(program);
}

/* Whether a driver lives as long as its input, with nothing between a scenario and the next. */
static char *talks_badly(struct tester *tester, int status)
{
    if (tester->holds_back)
        return text_of("says nothing until its input ends: flush each line");
    if (tester->stray && *tester->stray)
        return text_of("says '%.60s' after 'ready', before the next scenario", tester->stray);
    if (tester->stray)
        return text_of(
            "says 'ready', but does not execute the next scenario; to be started for each, "
            "end with status 0 in place of 'ready'");
    return status ? text_of("ends with status %d after its last scenario", status) : NULL;
}

/* Whether each further item would take its time, for the same reason as those before it. */
static bool is_enough(const struct tester *tester)
{
    return tester->hung == PATIENCE ||
           (tester->holds_back && !drivers_habits(tester->drivers)->holds_back);
}

static void try_all(struct tester *tester)
{
    size_t count = sizeof items / sizeof *items, i;
    int status;

    tester->holds_back = drivers_habits(tester->drivers)->holds_back;
    for (i = 0; i < count && !is_enough(tester); i++)
        try_item(tester, &items[i], FIRST_ID + (unsigned)i);
    if (i < count)
        fprintf(tester->stream, "The other %zu items would wait as long, and were not tried.\n",
                count - i);
    tester->lacks = NULL;
    status = drivers_free(tester->drivers);
    if (tester->hung < PATIENCE)
        write_item(tester, "conversation: scenario after scenario, until its input ends",
                   talks_badly(tester, status));
}

char *check_driver(FILE *stream, const char *command, double seconds, struct driver_check *check)
{
    char *const arguments[] = {"/bin/sh", "-c", (char *)(uintptr_t)command, NULL};
    struct tester tester = {.stream = stream,
                            .check = check,
                            .arguments = arguments,
                            .seconds = seconds,
                            .drivers = drivers_create(arguments, seconds, 0, ENOUGH)};
    char *why = drivers_greet(tester.drivers);

    *check = (struct driver_check){0};
    if (why && drivers_habits(tester.drivers)->not_executed) {
        drivers_free(tester.drivers);
        return why;
    }
    write_item(&tester, "greeting: 'driver 2 NAME', and 'ready' at its end", why);
    if (check->failed)
        drivers_free(tester.drivers);
    else
        try_all(&tester);
    free(tester.stray);
    fprintf(stream, "%d passed, %d failed", check->passed, check->failed);
    if (check->skipped)
        fprintf(stream, ", %d skipped", check->skipped);
    fputc('\n', stream);
    return NULL;
}
