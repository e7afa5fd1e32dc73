/* events: an operation is under way from the end of the one before it until it is done itself, as a
 * trace tells only of ends. */
#include "events.h"

#include "deviations.h"
#include "scenario/memory.h"
#include "suite/excerpt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHOWN = 12, /* lines of a trace */
    BEFORE = 7, /* of them, before the first that deviates */
    NAMED = 3   /* tasks that execute one operation */
};

/* The scenario's number, which the driver has repeated. */
static unsigned scenario_number(const char *text)
{
    const char *line = strstr(text, "scenario ");

    return line ? (unsigned)strtoul(line + strlen("scenario "), NULL, 10) : 0;
}

struct trace *events_read(const struct test *test)
{
    const char *text = test->result.trace;

    if (!test->scenario || !text)
        return NULL;
    return trace_parse(test->scenario->program, scenario_number(text), text, strlen(text));
}

/* ---- What deviates ---- */

/* Whether an event on a line is marked. */
static bool deviates(const struct trace *trace, const struct deviations *deviations, int line)
{
    for (int i = 0; i < trace->event_count && trace->events[i].line <= line; i++)
        if (trace->events[i].line == line && deviations->of_event[i] >= 0)
            return true;
    return false;
}

/* The first line that deviates; 0: none. */
static int first_that_deviates(const struct trace *trace, const struct deviations *deviations)
{
    for (int i = 0; i < trace->event_count; i++)
        if (deviations->of_event[i] >= 0)
            return trace->events[i].line;
    return 0;
}

static int count_lines(const char *text)
{
    int count = 0;

    for (; *text; text += *text == '\n', count++)
        text += strcspn(text, "\n");
    return count;
}

static void write_lines(FILE *stream, const char *text, const struct trace *trace,
                        const struct deviations *deviations, int mark)
{
    int lines = count_lines(text), number = 1;
    int first = lines - SHOWN + 1 < mark - BEFORE ? lines - SHOWN + 1 : mark - BEFORE;

    first = first < 1 ? 1 : first;
    if (first > 1)
        fputs("       ...\n", stream);
    for (; *text; number++) {
        size_t size = strcspn(text, "\n");

        if (number >= first && number < first + SHOWN) {
            fprintf(stream, " %c %3d  ", deviates(trace, deviations, number) ? '>' : ' ', number);
            excerpt_line(stream, text, size);
        }
        text += size + (text[size] == '\n');
    }
    if (first + SHOWN <= lines)
        fputs("       ...\n", stream);
}

static void write_deviating(FILE *stream, const struct test *test, const struct trace *trace)
{
    struct deviations deviations;
    int mark;

    deviations_find(&deviations, test->scenario->program, trace, test->result.verdict);
    mark = first_that_deviates(trace, &deviations);
    if (mark > 0)
        write_lines(stream, test->result.trace, trace, &deviations, mark);
    deviations_free(&deviations);
}

/* ---- What was under way ---- */

/* By instance: the operation that is under way; -1: it has not begun, or has returned. */
static int *operations_under_way(const struct program *program, const struct trace *trace)
{
    int *next = zeroed((size_t)trace->instance_count, sizeof *next), i;

    for (i = 0; i < trace->instance_count; i++) {
        const struct instance *instance = &trace->instances[i];
        const struct task *task = &program->tasks[instance->task];
        bool runs = instance->begun >= 0 && instance->ended < 0 && task->count > 0;

        next[i] = runs ? task->first : -1;
    }
    for (i = 0; i < trace->event_count; i++) {
        const struct event *event = &trace->events[i];
        bool is_last =
            event->kind == EVENT_DID && (event->operation + 1 == program->operation_count ||
                                         program->operations[event->operation + 1].task !=
                                             program->operations[event->operation].task);

        if (event->kind == EVENT_DID && next[event->instance] >= 0)
            next[event->instance] = is_last ? -1 : event->operation + 1;
    }
    return next;
}

static void write_line(FILE *stream, const char *text, int line)
{
    while (--line > 0)
        text += strcspn(text, "\n") + 1;
    text += strspn(text, " \t");
    fprintf(stream, "%.*s", (int)strcspn(text, "\n"), text);
}

static void write_operation(FILE *stream, const struct test *test, const struct trace *trace,
                            const int *next, int operation)
{
    const struct program *program = test->scenario->program;
    char name[INSTANCE_MAX];
    int tasks = 0, i;

    for (i = 0; i < trace->instance_count; i++) {
        if (next[i] != operation)
            continue;
        if (tasks == 0) {
            fprintf(stream, "    line %d, ", program->operations[operation].line);
            write_line(stream, test->scenario->text, program->operations[operation].line);
        }
        if (tasks++ >= NAMED)
            continue;
        instance_write(name, sizeof name, program, trace, i);
        fprintf(stream, "%s%s", tasks == 1 ? ": " : ", ", name);
    }
    if (tasks > NAMED)
        fprintf(stream, " and %d more", tasks - NAMED);
    if (tasks > 0)
        fputc('\n', stream);
}

static void write_pending(FILE *stream, const struct test *test, const struct trace *trace)
{
    int *next, operation;

    if (trace->end != TRACE_CUT || test->result.left_out)
        return;
    next = operations_under_way(test->scenario->program, trace);
    for (operation = 0; operation < test->scenario->program->operation_count; operation++)
        write_operation(stream, test, trace, next, operation);
    free(next);
}

/* Whether an operation of this kind was under way. */
static bool stopped_at(const struct program *program, const struct trace *trace, const int *next,
                       enum operation_kind kind)
{
    for (int i = 0; i < trace->instance_count; i++)
        if (next[i] >= 0 && program->operations[next[i]].kind == kind)
            return true;
    return false;
}

static void write_stopped(FILE *stream, const struct test *test, const struct trace *trace)
{
    const struct program *program = test->scenario->program;
    int *next, kinds[OPERATION_KINDS], count = 0;

    if (trace->end != TRACE_CUT || test->result.left_out)
        return;
    next = operations_under_way(program, trace);
    for (int kind = 0; kind < OPERATION_KINDS; kind++)
        if (stopped_at(program, trace, next, (enum operation_kind)kind))
            kinds[count++] = kind;
    for (int i = 0; i < count; i++)
        fprintf(stream, "%s%s",
                i == 0          ? ""
                : i + 1 < count ? ", "
                                : " and ",
                operation_word((enum operation_kind)kinds[i]));
    free(next);
}

/* ---- All of them ---- */

/* What a function writes of a test's trace; NULL: nothing. */
static char *written(const struct test *test,
                     void write(FILE *, const struct test *, const struct trace *))
{
    struct trace *trace = events_read(test);
    char *text;
    size_t size;
    FILE *stream;

    if (!trace)
        return NULL;
    stream = must(open_memstream(&text, &size));
    write(stream, test, trace);
    fclose(stream);
    must(text);
    trace_free(trace);
    if (size > 0)
        return text;
    free(text);
    return NULL;
}

char *events_deviating(const struct test *test)
{
    return written(test, write_deviating);
}

char *events_pending(const struct test *test)
{
    return written(test, write_pending);
}

char *events_stopped_at(const struct test *test)
{
    return written(test, write_stopped);
}
