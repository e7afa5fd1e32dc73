/* judge.c: the verdict on a trace. First what its own scenario expects, then the monitors. */
#include "inquiry.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Findings ---- */

char *text(const char *format, ...)
{
    va_list arguments;
    char *result;
    int size;

    va_start(arguments, format);
    size = vasprintf(&result, format, arguments);
    va_end(arguments);
    return size >= 0 ? result : NULL;
}

void find(struct inquiry *inquiry, const char *rule, int line, char *expected, char *observed)
{
    struct verdict *verdict = inquiry->verdict;

    if (verdict->kind == VERDICT_PASS)
        verdict->kind = VERDICT_FAIL;
    if (expected == NULL || observed == NULL)
        inquiry->no_memory = true;
    else if (verdict->finding_count < FINDINGS_MAX) {
        verdict->findings[verdict->finding_count++] =
            (struct finding){rule, line, expected, observed};
        return;
    }
    verdict->more++;
    free(expected);
    free(observed);
}

struct phrase task_phrase(const struct inquiry *inquiry, int instance)
{
    struct phrase phrase;

    instance_write(phrase.text, sizeof phrase.text, inquiry->program, inquiry->trace, instance);
    return phrase;
}

struct phrase event_phrase(const struct inquiry *inquiry, int event)
{
    char line[sizeof(struct phrase) - sizeof "'' (line 2147483647 of the trace)"];
    struct phrase phrase;

    event_write(line, sizeof line, inquiry->program, inquiry->trace, event);
    snprintf(phrase.text, sizeof phrase.text, "'%s' (line %d of the trace)", line,
             inquiry->trace->events[event].line);
    return phrase;
}

struct phrase list_phrase(const struct inquiry *inquiry, struct outcomes list)
{
    struct phrase phrase;

    outcomes_write(phrase.text, sizeof phrase.text, inquiry->program, list);
    return phrase;
}

struct phrase outcome_phrase(const struct inquiry *inquiry, struct outcome outcome)
{
    struct phrase phrase;

    outcome_write(phrase.text, sizeof phrase.text, inquiry->program, outcome);
    return phrase;
}

/* The operation's word and the first name behind it. */
struct phrase operation_phrase(const struct inquiry *inquiry, int operation)
{
    const struct operation *which = &inquiry->program->operations[operation];
    const char *word = operation_word(which->kind), *name = NULL;
    struct phrase phrase;

    if (which->name >= 0)
        name = program_name(inquiry->program, operation_names(which->kind), which->name);
    else if (which->task_count > 0)
        name = program_name(inquiry->program, NAME_TASK, which->tasks[0]);
    else if (which->promise_count > 0)
        name = program_name(inquiry->program, NAME_PROMISE, which->promises[0]);
    if (name != NULL)
        snprintf(phrase.text, sizeof phrase.text, "%s %s", word, name);
    else
        snprintf(phrase.text, sizeof phrase.text, "%s", word);
    return phrase;
}

bool grow(void *array, int count, int *room, size_t size)
{
    void *old, *larger;

    if (count < *room)
        return true;
    memcpy(&old, array, sizeof old);
    *room = *room > 0 ? 2 * *room : 16;
    larger = realloc(old, (size_t)*room * size);
    if (larger != NULL)
        memcpy(array, &larger, sizeof larger);
    return larger != NULL;
}

int times_ok(const struct inquiry *inquiry, int event)
{
    struct outcomes list = inquiry->trace->events[event].outcomes;
    int times = 0;

    if (list.count == 1)
        return is_ok(list.of[0]) ? operation_of(inquiry, event)->repeat : 0;
    for (size_t i = 0; i < list.count; i++)
        times += is_ok(list.of[i]);
    return times;
}

/* ---- Answers ---- */

static bool equal_lists(struct outcomes a, struct outcomes b)
{
    if (a.count != b.count)
        return false;
    for (size_t i = 0; i < a.count; i++)
        if (!outcome_equal(a.of[i], b.of[i]))
            return false;
    return true;
}

static bool is_one_of(struct outcome outcome, const struct outcomes *answers, int count)
{
    for (int i = 0; i < count; i++)
        if (answers[i].count == 1 && outcome_equal(answers[i].of[0], outcome))
            return true;
    return false;
}

static bool answers_list(struct outcomes list, const struct outcomes *answers, int count,
                         bool by_member)
{
    for (int i = 0; i < count; i++)
        if (equal_lists(list, answers[i]))
            return true;
    for (size_t i = 0; i < list.count && by_member; i++)
        if (!is_one_of(list.of[i], answers, count))
            return false;
    return by_member;
}

/* "ok 1 | failed boom"; NULL: no memory. */
static char *answers_text(const struct inquiry *inquiry, const struct outcomes *answers, int count)
{
    char *result = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&result, &size);

    if (stream == NULL)
        return NULL;
    for (int i = 0; i < count; i++)
        fprintf(stream, "%s%s", i > 0 ? " | " : "", list_phrase(inquiry, answers[i]).text);
    if (fclose(stream) == 0)
        return result;
    free(result);
    return NULL;
}

static void judge_answer(struct inquiry *inquiry, int event)
{
    static struct outcome plain[] = {{.kind = OUTCOME_OK}, {.kind = OUTCOME_STOPPED}};
    static const struct outcomes ok_or_stopped[] = {{&plain[0], 1}, {&plain[1], 1}};
    const struct event *did = &inquiry->trace->events[event];
    const struct operation *operation = operation_of(inquiry, event);
    const struct outcomes *answers = operation->answers;
    int count = operation->answer_count;
    char *expected;

    if (count == 0) {
        if (!operation_has(operation->kind, OPERATION_PLAIN))
            return;
        answers = ok_or_stopped;
        count = 2;
    }
    if (answers_list(did->outcomes, answers, count, operation->kind != OP_PARALLEL))
        return;
    expected = answers_text(inquiry, answers, count);
    find(inquiry, NULL, operation->line,
         expected != NULL
             ? text("'%s' comes to %s", operation_phrase(inquiry, did->operation).text, expected)
             : NULL,
         text("%s, in task %s", list_phrase(inquiry, did->outcomes).text,
              task_phrase(inquiry, did->instance).text));
    free(expected);
}

/* ---- Happenings ---- */

/* When a happening was seen. */
struct tally {
    int first;
    int last;
    int count;
};

struct tallies {
    struct tally print[PROGRAM_TASKS_MAX];
    struct tally finalise[PROGRAM_TASKS_MAX];
    struct tally begin[PROGRAM_TASKS_MAX];
    struct tally end[PROGRAM_TASKS_MAX];
    struct tally done[PROGRAM_LINES_MAX];
};

static struct tally *tally_of(struct tallies *tallies, struct happening happening)
{
    switch (happening.kind) {
    case HAPPENS_PRINT:
        return &tallies->print[happening.which];
    case HAPPENS_FINALISE:
        return &tallies->finalise[happening.which];
    case HAPPENS_BEGIN:
        return &tallies->begin[happening.which];
    case HAPPENS_END:
        return &tallies->end[happening.which];
    default:
        return &tallies->done[happening.which];
    }
}

/* The happening that an event is. False: none, as spawn and run. */
static bool happening_of(const struct inquiry *inquiry, int event, struct happening *happening)
{
    const struct event *which = &inquiry->trace->events[event];
    int task = which->instance >= 0 ? inquiry->trace->instances[which->instance].task : -1;

    switch (which->kind) {
    case EVENT_PRINT:
        *happening = (struct happening){HAPPENS_PRINT, which->word};
        return true;
    case EVENT_FINALISE:
        *happening = (struct happening){HAPPENS_FINALISE, which->resource};
        return true;
    case EVENT_BEGIN:
        *happening = (struct happening){HAPPENS_BEGIN, task};
        return true;
    case EVENT_END:
        *happening = (struct happening){HAPPENS_END, task};
        return true;
    case EVENT_DID:
        *happening = (struct happening){HAPPENS_DONE, which->operation};
        return true;
    default:
        return false;
    }
}

static void count_happenings(const struct inquiry *inquiry, struct tallies *tallies)
{
    for (int i = 0; i < inquiry->trace->event_count; i++) {
        struct happening happening;
        struct tally *tally;

        if (!happening_of(inquiry, i, &happening))
            continue;
        tally = tally_of(tallies, happening);
        if (tally->count++ == 0)
            tally->first = i;
        tally->last = i;
    }
}

static struct phrase happening_phrase(const struct inquiry *inquiry, struct happening happening)
{
    static const struct {
        const char *start;
        enum name_kind names;
    } kinds[] = {[HAPPENS_PRINT] = {"", NAME_WORD},
                 [HAPPENS_FINALISE] = {"finalise:", NAME_RESOURCE},
                 [HAPPENS_BEGIN] = {"begin:", NAME_TASK},
                 [HAPPENS_END] = {"end:", NAME_TASK}};
    struct phrase phrase;

    if (happening.kind == HAPPENS_DONE)
        snprintf(phrase.text, sizeof phrase.text, "done:%d",
                 inquiry->program->operations[happening.which].line);
    else
        snprintf(phrase.text, sizeof phrase.text, "%s%s", kinds[happening.kind].start,
                 program_name(inquiry->program, kinds[happening.kind].names, happening.which));
    return phrase;
}

/* What was seen of a happening. */
static char *seen_text(const struct inquiry *inquiry, const struct tally *tally)
{
    if (tally->count == 0)
        return text("it did not happen");
    return text("it happened %d %s, first as %s", tally->count,
                tally->count == 1 ? "time" : "times", event_phrase(inquiry, tally->first).text);
}

/* ---- Expectations ---- */

static void judge_count(struct inquiry *inquiry, const struct expectation *expectation,
                        struct happening happening, struct tallies *tallies)
{
    const struct tally *tally = tally_of(tallies, happening);
    struct phrase name = happening_phrase(inquiry, happening);
    int wanted = expectation->kind == EXPECT_ONCE ? 1 : expectation->number;
    char *expected;

    switch (expectation->kind) {
    case EXPECT_SEEN:
        if (tally->count > 0)
            return;
        expected = text("%s happens", name.text);
        break;
    case EXPECT_NEVER:
        if (tally->count == 0)
            return;
        expected = text("%s never happens", name.text);
        break;
    default:
        if (tally->count == wanted)
            return;
        expected = text("%s happens %d %s", name.text, wanted, wanted == 1 ? "time" : "times");
    }
    find(inquiry, NULL, expectation->line, expected, seen_text(inquiry, tally));
}

static void judge_order(struct inquiry *inquiry, const struct expectation *expectation,
                        struct tallies *tallies)
{
    for (int i = 0; i < expectation->happening_count; i++) {
        struct happening this = expectation->happenings[i];
        const struct tally *seen = tally_of(tallies, this), *next;
        struct happening other;

        if (seen->count == 0)
            find(inquiry, NULL, expectation->line,
                 text("%s happens", happening_phrase(inquiry, this).text),
                 text("it did not happen"));
        if (i + 1 == expectation->happening_count)
            return;
        other = expectation->happenings[i + 1];
        next = tally_of(tallies, other);
        if (seen->count > 0 && next->count > 0 && seen->last >= next->first)
            find(inquiry, NULL, expectation->line,
                 text("every %s happens before every %s", happening_phrase(inquiry, this).text,
                      happening_phrase(inquiry, other).text),
                 text("%s, but %s", event_phrase(inquiry, next->first).text,
                      event_phrase(inquiry, seen->last).text));
    }
}

/* The print and finalise events, cut off after some. */
static char *prints_text(const struct inquiry *inquiry)
{
    enum { MOST = 20 };
    char *result = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&result, &size);
    int count = 0;

    if (stream == NULL)
        return NULL;
    for (int i = 0; i < inquiry->trace->event_count && count <= MOST; i++) {
        struct happening happening;

        if (!happening_of(inquiry, i, &happening) ||
            (happening.kind != HAPPENS_PRINT && happening.kind != HAPPENS_FINALISE))
            continue;
        fprintf(stream, "%s%s", count > 0 ? " " : "",
                count < MOST ? happening_phrase(inquiry, happening).text : "...");
        count++;
    }
    if (count == 0)
        fputs("none", stream);
    if (fclose(stream) == 0)
        return result;
    free(result);
    return NULL;
}

static char *expected_prints_text(const struct inquiry *inquiry,
                                  const struct expectation *expectation)
{
    char *result = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&result, &size);

    if (stream == NULL)
        return NULL;
    for (int i = 0; i < expectation->happening_count; i++)
        fprintf(stream, "%s%s", i > 0 ? " " : "",
                happening_phrase(inquiry, expectation->happenings[i]).text);
    if (expectation->happening_count == 0)
        fputs("none", stream);
    if (fclose(stream) == 0)
        return result;
    free(result);
    return NULL;
}

static void judge_exactly(struct inquiry *inquiry, const struct expectation *expectation)
{
    int matched = 0;
    bool same = true;
    char *expected, *observed;

    for (int i = 0; i < inquiry->trace->event_count && same; i++) {
        struct happening happening;

        if (!happening_of(inquiry, i, &happening) ||
            (happening.kind != HAPPENS_PRINT && happening.kind != HAPPENS_FINALISE))
            continue;
        same = matched < expectation->happening_count &&
               expectation->happenings[matched].kind == happening.kind &&
               expectation->happenings[matched].which == happening.which;
        matched++;
    }
    if (same && matched == expectation->happening_count)
        return;
    expected = expected_prints_text(inquiry, expectation);
    observed = prints_text(inquiry);
    find(inquiry, NULL, expectation->line,
         expected != NULL ? text("exactly these prints and finalisers: %s", expected) : NULL,
         observed);
    free(expected);
}

static void judge_on(struct inquiry *inquiry, const struct expectation *expectation)
{
    const struct trace *trace = inquiry->trace;

    for (int i = 0; i < expectation->happening_count; i++) {
        int task = expectation->happenings[i].which, begun = 0, wrong = -1;

        for (int j = 0; j < trace->instance_count; j++) {
            int begin = trace->instances[j].begun;

            if (trace->instances[j].task != task || begin < 0)
                continue;
            begun++;
            if (wrong < 0 && trace->events[begin].domain != expectation->number)
                wrong = begin;
        }
        if (begun == 0 || wrong >= 0)
            find(inquiry, NULL, expectation->line,
                 text("task %s begins on domain %d",
                      program_name(inquiry->program, NAME_TASK, task), expectation->number),
                 wrong >= 0 ? text("%s", event_phrase(inquiry, wrong).text)
                            : text("it did not begin"));
    }
}

/* Remember, for each domain, a begin there of the first task; then look for one of the second. */
static void judge_apart(struct inquiry *inquiry, const struct expectation *expectation)
{
    const struct trace *trace = inquiry->trace;
    int there[PROGRAM_DOMAINS_MAX + 1];

    for (int i = 0; i <= PROGRAM_DOMAINS_MAX; i++)
        there[i] = -1;
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < trace->instance_count; i++) {
            int begin = trace->instances[i].begun;
            int domain = begin >= 0 ? trace->events[begin].domain : -1;

            if (trace->instances[i].task != expectation->tasks[side] || domain < 0 ||
                domain > PROGRAM_DOMAINS_MAX)
                continue;
            if (side == 0)
                there[domain] = begin;
            else if (there[domain] >= 0 && there[domain] != begin) {
                find(inquiry, NULL, expectation->line,
                     text("no task %s begins on the domain of a task %s",
                          program_name(inquiry->program, NAME_TASK, expectation->tasks[0]),
                          program_name(inquiry->program, NAME_TASK, expectation->tasks[1])),
                     text("%s and %s", event_phrase(inquiry, there[domain]).text,
                          event_phrase(inquiry, begin).text));
                return;
            }
        }
}

static void judge_run(struct inquiry *inquiry, const struct expectation *expectation)
{
    char *expected;

    if (is_one_of(inquiry->run, expectation->answers, expectation->answer_count))
        return;
    expected = answers_text(inquiry, expectation->answers, expectation->answer_count);
    find(inquiry, NULL, expectation->line,
         expected != NULL ? text("the run comes to %s", expected) : NULL,
         text("%s", outcome_phrase(inquiry, inquiry->run).text));
    free(expected);
}

static void judge_expectation(struct inquiry *inquiry, const struct expectation *expectation,
                              struct tallies *tallies)
{
    switch (expectation->kind) {
    case EXPECT_RUN:
        judge_run(inquiry, expectation);
        return;
    case EXPECT_EXACTLY:
        judge_exactly(inquiry, expectation);
        return;
    case EXPECT_ORDER:
        judge_order(inquiry, expectation, tallies);
        return;
    case EXPECT_ON:
        judge_on(inquiry, expectation);
        return;
    case EXPECT_APART:
        judge_apart(inquiry, expectation);
        return;
    default:
        for (int i = 0; i < expectation->happening_count; i++)
            judge_count(inquiry, expectation, expectation->happenings[i], tallies);
    }
}

static void judge_scenario(struct inquiry *inquiry)
{
    struct tallies *tallies = calloc(1, sizeof *tallies);

    if (tallies == NULL) {
        inquiry->no_memory = true;
        return;
    }
    count_happenings(inquiry, tallies);
    for (int i = 0; i < inquiry->trace->event_count; i++)
        if (inquiry->trace->events[i].kind == EVENT_DID)
            judge_answer(inquiry, i);
    for (int i = 0; i < inquiry->program->expectation_count; i++)
        judge_expectation(inquiry, &inquiry->program->expectations[i], tallies);
    free(tallies);
}

/* ---- The verdict ---- */

/* A trace that never came to the end of the run. */
static void judge_broken(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;

    switch (trace->end) {
    case TRACE_ABSENT:
        inquiry->verdict->kind = VERDICT_ABSENT;
        inquiry->verdict->absent = text("%s", trace->problem);
        inquiry->no_memory = inquiry->verdict->absent == NULL;
        return;
    case TRACE_GARBAGE:
        inquiry->verdict->kind = VERDICT_GARBAGE;
        find(inquiry, NULL, 0, text("a driver that keeps to its protocol"),
             text("line %d of its output: %s", trace->line, trace->problem));
        return;
    default:
        inquiry->verdict->kind = VERDICT_GARBAGE;
        find(inquiry, NULL, 0, text("a run that ends"),
             trace->event_count > 0
                 ? text("nothing after %s", event_phrase(inquiry, trace->event_count - 1).text)
                 : text("no event at all"));
    }
}

static void judge_whole(struct inquiry *inquiry)
{
    const struct trace *trace = inquiry->trace;

    inquiry->before = malloc((size_t)trace->event_count * sizeof *inquiry->before);
    inquiry->lives = calloc((size_t)trace->instance_count, sizeof *inquiry->lives);
    if (inquiry->before == NULL || inquiry->lives == NULL) {
        inquiry->no_memory = true;
        return;
    }
    inquiry->run = trace->events[trace->event_count - 1].outcomes.of[0];
    inquiry->rule_ended = inquiry->run.kind == OUTCOME_STILL_HAS_CHILDREN ||
                          inquiry->run.kind == OUTCOME_RESOURCE_LEAKED ||
                          inquiry->run.kind == OUTCOME_DEADLOCK;
    judge_scenario(inquiry);
    monitors(inquiry);
}

struct verdict *judge(const struct program *program, const struct trace *trace)
{
    struct inquiry inquiry = {.program = program, .trace = trace};

    inquiry.verdict = calloc(1, sizeof *inquiry.verdict);
    if (inquiry.verdict == NULL)
        return NULL;
    if (trace->end == TRACE_WHOLE)
        judge_whole(&inquiry);
    else
        judge_broken(&inquiry);
    free(inquiry.before);
    free(inquiry.lives);
    if (inquiry.no_memory) {
        verdict_free(inquiry.verdict);
        return NULL;
    }
    return inquiry.verdict;
}

void verdict_free(struct verdict *verdict)
{
    if (verdict == NULL)
        return;
    for (int i = 0; i < verdict->finding_count; i++) {
        free(verdict->findings[i].expected);
        free(verdict->findings[i].observed);
    }
    free(verdict->absent);
    free(verdict);
}
