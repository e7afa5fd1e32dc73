/* expectations: what a scenario itself expects of its operations, its events and its run. */
#include "expectations.h"

#include "findings.h"
#include "scenario/memory.h"

#include <stdio.h>
#include <stdlib.h>

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

/* "ok 1 | failed boom" */
static char *answers_text(const struct inquiry *inquiry, const struct outcomes *answers, int count)
{
    char *result = NULL;
    size_t size = 0;
    FILE *stream = must(open_memstream(&result, &size));

    for (int i = 0; i < count; i++)
        fprintf(stream, "%s%s", i > 0 ? " | " : "", list_phrase(inquiry, answers[i]).text);
    fclose(stream);
    return must(result);
}

/* The first member of a list that is not one of the answers; the whole list if each is. */
static struct outcomes first_other(struct outcomes list, const struct outcomes *answers, int count)
{
    for (size_t i = 0; i < list.count; i++)
        if (!is_one_of(list.of[i], answers, count))
            return (struct outcomes){&list.of[i], 1};
    return list;
}

enum { SHORT = 6 /* members of a list that is compared at a glance */ };

/* How many members two lists have in common, from the first on. */
static size_t in_common(struct outcomes a, struct outcomes b)
{
    size_t i = 0;

    while (i < a.count && i < b.count && outcome_equal(a.of[i], b.of[i]))
        i++;
    return i;
}

/* The answer that agrees longest with a list. */
static struct outcomes nearest(struct outcomes list, const struct outcomes *answers, int count)
{
    int best = 0;

    for (int i = 1; i < count; i++)
        if (in_common(list, answers[i]) > in_common(list, answers[best]))
            best = i;
    return answers[best];
}

/* How what was observed differs from what is expected. Both texts are to be freed. */
struct difference {
    char *observed;  /* in full; of a list only what is to stand behind it */
    char *deviation; /* in short */
};

static struct difference list_difference(const struct inquiry *inquiry, struct outcomes list,
                                         struct outcomes answer)
{
    size_t at = in_common(list, answer), number = at + 1;
    struct phrase is = {""}, expected = {""};

    if (at < list.count)
        is = outcome_phrase(inquiry, list.of[at]);
    if (at < answer.count)
        expected = outcome_phrase(inquiry, answer.of[at]);
    if (at == list.count)
        return (struct difference){
            text_of("; there is no member %zu, but %s is expected", number, expected.text),
            text_of("has no member %zu; expected: %s", number, expected.text)};
    if (at == answer.count)
        return (struct difference){
            text_of("; member %zu is %s, but %zu are expected", number, is.text, at),
            text_of("has the member %zu, %s; expected: only %zu", number, is.text, at)};
    return (struct difference){
        text_of("; member %zu is %s, but %s is expected", number, is.text, expected.text),
        text_of("has the member %zu, %s; expected: %s", number, is.text, expected.text)};
}

/* How a list differs from all answers. */
static struct difference difference_of(const struct inquiry *inquiry, struct outcomes list,
                                       const struct outcomes *answers, int count, bool by_member,
                                       const char *expected)
{
    struct outcomes other = by_member ? first_other(list, answers, count) : list;
    struct outcomes answer = nearest(list, answers, count);

    if (other.count > SHORT || (!by_member && answer.count > SHORT))
        return list_difference(inquiry, list, answer);
    return (struct difference){
        list.count > SHORT ? text_of("; member %td is %s", other.of - list.of + 1,
                                     outcome_phrase(inquiry, *other.of).text)
                           : copy_of(""),
        text_of("has the outcome %s; expected: %s", list_phrase(inquiry, other).text, expected)};
}

static void check_answer(struct inquiry *inquiry, int event)
{
    static struct outcome plain[] = {{.kind = OUTCOME_OK}, {.kind = OUTCOME_STOPPED}};
    static const struct outcomes ok_or_stopped[] = {{&plain[0], 1}, {&plain[1], 1}};
    const struct event *did = &inquiry->trace->events[event];
    const struct operation *operation = operation_of(inquiry, event);
    const struct outcomes *answers = operation->answers;
    int count = operation->answer_count;
    struct difference difference;
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
    difference = difference_of(inquiry, did->outcomes, answers, count,
                               operation->kind != OP_PARALLEL, expected);
    report_deviation(inquiry, operation->line,
                     text_of("%s %s", operation_word(operation->kind), difference.deviation),
                     text_of("'%s' has the outcome %s",
                             operation_phrase(inquiry, did->operation).text, expected),
                     text_of("%s%s, in task %s (line %d of the trace)",
                             list_phrase(inquiry, did->outcomes).text, difference.observed,
                             task_phrase(inquiry, did->instance).text, did->line));
    free(difference.observed);
    free(difference.deviation);
    free(expected);
}

/* ---- Happenings ---- */

/* When a happening was seen: events. */
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

/* Write the happening that an event is. False: no expectation can name it, such as a spawn. */
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

/* How often a happening was seen. */
static char *seen_text(const struct inquiry *inquiry, const struct tally *tally)
{
    if (tally->count == 0)
        return text_of("it did not happen");
    return text_of("it happened %d %s, first as %s", tally->count,
                   tally->count == 1 ? "time" : "times", event_phrase(inquiry, tally->first).text);
}

/* ---- Expectations ---- */

static void check_count(struct inquiry *inquiry, const struct expectation *expectation,
                        struct happening happening, struct tallies *tallies)
{
    const struct tally *tally = tally_of(tallies, happening);
    struct phrase name = happening_phrase(inquiry, happening);
    int wanted = expectation->kind == EXPECT_ONCE ? 1 : expectation->number;
    char *expected, *deviation;

    switch (expectation->kind) {
    case EXPECT_SEEN:
        if (tally->count > 0)
            return;
        expected = text_of("%s happens", name.text);
        deviation = text_of("%s does not happen", name.text);
        break;
    case EXPECT_NEVER:
        if (tally->count == 0)
            return;
        expected = text_of("%s never happens", name.text);
        deviation = text_of("%s happens", name.text);
        break;
    default:
        if (tally->count == wanted)
            return;
        expected = text_of("%s happens %d %s", name.text, wanted, wanted == 1 ? "time" : "times");
        deviation = text_of("%s happens %d %s; expected: %d", name.text, tally->count,
                            tally->count == 1 ? "time" : "times", wanted);
    }
    report_deviation(inquiry, expectation->line, deviation, expected, seen_text(inquiry, tally));
}

static void check_order(struct inquiry *inquiry, const struct expectation *expectation,
                        struct tallies *tallies)
{
    for (int i = 0; i < expectation->happening_count; i++) {
        struct happening this = expectation->happenings[i];
        const struct tally *seen = tally_of(tallies, this), *next;
        struct happening other;

        if (seen->count == 0)
            report_deviation(inquiry, expectation->line,
                             text_of("%s does not happen", happening_phrase(inquiry, this).text),
                             text_of("%s happens", happening_phrase(inquiry, this).text),
                             text_of("it did not happen"));
        if (i + 1 == expectation->happening_count)
            return;
        other = expectation->happenings[i + 1];
        next = tally_of(tallies, other);
        if (seen->count > 0 && next->count > 0 && seen->last >= next->first)
            report_deviation(inquiry, expectation->line,
                             text_of("%s happens after %s", happening_phrase(inquiry, this).text,
                                     happening_phrase(inquiry, other).text),
                             text_of("every %s happens before every %s",
                                     happening_phrase(inquiry, this).text,
                                     happening_phrase(inquiry, other).text),
                             text_of("%s, but %s", event_phrase(inquiry, next->first).text,
                                     event_phrase(inquiry, seen->last).text));
    }
}

/* The print and finalise events, at most MOST. */
static char *prints_text(const struct inquiry *inquiry)
{
    enum { MOST = 20 };
    char *result = NULL;
    size_t size = 0;
    FILE *stream = must(open_memstream(&result, &size));
    int count = 0;

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
    fclose(stream);
    return must(result);
}

static char *expected_prints_text(const struct inquiry *inquiry,
                                  const struct expectation *expectation)
{
    char *result = NULL;
    size_t size = 0;
    FILE *stream = must(open_memstream(&result, &size));

    for (int i = 0; i < expectation->happening_count; i++)
        fprintf(stream, "%s%s", i > 0 ? " " : "",
                happening_phrase(inquiry, expectation->happenings[i]).text);
    if (expectation->happening_count == 0)
        fputs("none", stream);
    fclose(stream);
    return must(result);
}

/* How the prints and finalisers differ: from this place on, where this event is, or none if it is
 * negative. */
static struct difference print_difference(const struct inquiry *inquiry,
                                          const struct expectation *expectation, int at, int event,
                                          const char *expected)
{
    char *seen = prints_text(inquiry);
    struct phrase is = {"none"}, due = {"none"};
    struct difference difference;
    struct happening happening;

    if (at < SHORT && expectation->happening_count <= SHORT)
        return (struct difference){
            seen, text_of("the prints and finalisers are %s; expected: %s", seen, expected)};
    if (event >= 0 && happening_of(inquiry, event, &happening))
        is = happening_phrase(inquiry, happening);
    if (at < expectation->happening_count)
        due = happening_phrase(inquiry, expectation->happenings[at]);
    difference = (struct difference){
        text_of("%s; number %d is %s, but %s is expected", seen, at + 1, is.text, due.text),
        text_of("print or finaliser number %d is %s; expected: %s", at + 1, is.text, due.text)};
    free(seen);
    return difference;
}

static void check_exactly(struct inquiry *inquiry, const struct expectation *expectation)
{
    struct difference difference;
    int matched = 0, other = -1;
    char *expected;

    for (int i = 0; i < inquiry->trace->event_count && other < 0; i++) {
        struct happening happening;

        if (!happening_of(inquiry, i, &happening) ||
            (happening.kind != HAPPENS_PRINT && happening.kind != HAPPENS_FINALISE))
            continue;
        if (matched < expectation->happening_count &&
            expectation->happenings[matched].kind == happening.kind &&
            expectation->happenings[matched].which == happening.which)
            matched++;
        else
            other = i;
    }
    if (other < 0 && matched == expectation->happening_count)
        return;
    expected = expected_prints_text(inquiry, expectation);
    difference = print_difference(inquiry, expectation, matched, other, expected);
    report_deviation(inquiry, expectation->line, difference.deviation,
                     text_of("exactly these prints and finalisers: %s", expected),
                     difference.observed);
    free(expected);
}

static void check_on(struct inquiry *inquiry, const struct expectation *expectation)
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
            report_deviation(inquiry, expectation->line,
                             text_of("a task does not begin on domain %d", expectation->number),
                             text_of("task %s begins on domain %d",
                                     program_name(inquiry->program, NAME_TASK, task),
                                     expectation->number),
                             wrong >= 0 ? text_of("%s", event_phrase(inquiry, wrong).text)
                                        : text_of("it did not begin"));
    }
}

/* Remember for each domain a begin of the first task there; then look for one of the second. */
static void check_apart(struct inquiry *inquiry, const struct expectation *expectation)
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
                report_deviation(
                    inquiry, expectation->line,
                    text_of("tasks begin on one domain that belong apart"),
                    text_of("no task %s begins on the domain of a task %s",
                            program_name(inquiry->program, NAME_TASK, expectation->tasks[0]),
                            program_name(inquiry->program, NAME_TASK, expectation->tasks[1])),
                    text_of("%s and %s", event_phrase(inquiry, there[domain]).text,
                            event_phrase(inquiry, begin).text));
                return;
            }
        }
}

static void check_run(struct inquiry *inquiry, const struct expectation *expectation)
{
    char *expected;

    if (is_one_of(inquiry->run, expectation->answers, expectation->answer_count))
        return;
    expected = answers_text(inquiry, expectation->answers, expectation->answer_count);
    report_deviation(inquiry, expectation->line,
                     text_of("the run ends with %s; expected: %s",
                             outcome_phrase(inquiry, inquiry->run).text, expected),
                     text_of("the run ends with %s", expected),
                     text_of("%s", outcome_phrase(inquiry, inquiry->run).text));
    free(expected);
}

static void check_expectation(struct inquiry *inquiry, const struct expectation *expectation,
                              struct tallies *tallies)
{
    switch (expectation->kind) {
    case EXPECT_RUN:
        check_run(inquiry, expectation);
        return;
    case EXPECT_EXACTLY:
        check_exactly(inquiry, expectation);
        return;
    case EXPECT_ORDER:
        check_order(inquiry, expectation, tallies);
        return;
    case EXPECT_ON:
        check_on(inquiry, expectation);
        return;
    case EXPECT_APART:
        check_apart(inquiry, expectation);
        return;
    default:
        for (int i = 0; i < expectation->happening_count; i++)
            check_count(inquiry, expectation, expectation->happenings[i], tallies);
    }
}

void check_answers(struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->trace->event_count; i++)
        if (inquiry->trace->events[i].kind == EVENT_DID)
            check_answer(inquiry, i);
}

void check_expectations(struct inquiry *inquiry)
{
    struct tallies *tallies = zeroed(1, sizeof *tallies);

    count_happenings(inquiry, tallies);
    check_answers(inquiry);
    for (int i = 0; i < inquiry->program->expectation_count; i++)
        check_expectation(inquiry, &inquiry->program->expectations[i], tallies);
    free(tallies);
}
