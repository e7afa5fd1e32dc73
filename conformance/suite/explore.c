/* explore: executes the schedules of the frontier in batches, and, once these are too many, random
 * ones. */
#include "explore.h"

#include "execute.h"
#include "frontier.h"
#include "judge/alternatives.h"
#include "judge/view.h"
#include "replay.h"
#include "scenario/memory.h"
#include "shorten.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 200,             /* schedules that one process executes, at most, */
    BATCH_INPUT = 512 << 10, /* bytes that they take, at most, */
    BATCH_OUTPUT = 16 << 20, /* and bytes that the process is expected to print, at most */
    OUTPUT_EACH = 8 << 10,   /* bytes that an execution may print; if it prints more, fewer fit */
    SEEN_FIRST = 1024,       /* places of the table of traces */
    PART = 4                 /* one random schedule for this many schedules in order */
};

static const char LEFT_OUT[] = "--explore leaves out what this schedule leads to";

/* A set of hashes: a table, in which 0 is a free place. */
struct hashes {
    uint64_t *of;
    size_t room;
    size_t count;
};

/* How much the search may spend. */
struct budget {
    size_t schedules;
    size_t output;  /* bytes */
    double seconds; /* of the driver's time */
};

struct search {
    const struct session *session;
    const struct suite *suite;
    struct test *test;
    size_t most; /* schedules, without those that are random */
    struct budget budget;
    size_t output; /* bytes so far */
    double spent;  /* seconds so far */
    bool over;     /* a schedule did not pass */

    struct frontier *frontier;
    bool learned;  /* from the first execution */
    uint64_t seed; /* the last one used; 0: none yet */

    struct schedule next[BATCH]; /* what is to be executed next */
    size_t next_count;
    bool alone; /* the first of them that is left needs a process of its own */

    struct alternatives *alternatives; /* NULL: they need not be met */
    char *first;                       /* what the first execution printed */
    size_t first_size;
    struct hashes traces;
    struct hashes views;
    const struct hashes *known; /* all views that there should be; NULL: any */
};

/* ---- Different traces ---- */

/* FNV-1a of all lines but the choices and turns. */
static uint64_t hash_events(const char *text, size_t size)
{
    static const char choice[] = "chose ", turn[] = "turn ";
    uint64_t value = 0xcbf29ce484222325u;
    const char *end = text + size, *next;

    for (; text < end; text = next) {
        next = memchr(text, '\n', (size_t)(end - text));
        next = next ? next + 1 : end;
        if ((next - text > (long)sizeof choice && !memcmp(text, choice, sizeof choice - 1)) ||
            (next - text > (long)sizeof turn && !memcmp(text, turn, sizeof turn - 1)))
            continue;
        for (; text < next; text++)
            value = (value ^ (unsigned char)*text) * 0x100000001b3u;
    }
    return value ? value : 1;
}

/* The place of a value, or a free one for it. */
static uint64_t *place_of(uint64_t *table, size_t room, uint64_t value)
{
    size_t i = value & (room - 1);

    while (table[i] && table[i] != value)
        i = (i + 1) & (room - 1);
    return &table[i];
}

/* Returns whether the value is new in the set. */
static bool add_hash(struct hashes *hashes, uint64_t value)
{
    size_t room = hashes->room ? 2 * hashes->room : SEEN_FIRST, i;
    uint64_t *larger, *place;
    bool added;

    if (2 * hashes->count >= hashes->room) {
        larger = zeroed(room, sizeof *larger);
        for (i = 0; i < hashes->room; i++)
            if (hashes->of[i])
                *place_of(larger, room, hashes->of[i]) = hashes->of[i];
        free(hashes->of);
        hashes->of = larger;
        hashes->room = room;
    }
    place = place_of(hashes->of, hashes->room, value);
    added = !*place;
    *place = value;
    hashes->count += added;
    return added;
}

static bool has_hash(const struct hashes *hashes, uint64_t value)
{
    return hashes->room && *place_of(hashes->of, hashes->room, value);
}

static void count_trace(struct search *search, struct execution *execution)
{
    struct exploration *exploration = &search->test->exploration;
    uint64_t view = view_of(search->test->scenario->program, execution->trace);

    exploration->traces += add_hash(&search->traces, hash_events(execution->text, execution->size));
    if (add_hash(&search->views, view)) {
        exploration->views++;
        exploration->digest += view;
    }
    if (search->known && !has_hash(search->known, view) && execution->result.kind == RESULT_PASS)
        result_set(&execution->result, RESULT_FAIL, LEFT_OUT);
}

/* ---- Schedules ---- */

static void write_schedule(FILE *stream, const struct search *search,
                           const struct schedule *schedule)
{
    struct answers answers;

    if (schedule->seed) {
        schedule_write_seed(stream, schedule->seed);
        return;
    }
    answers = frontier_answers(search->frontier, schedule);
    schedule_write(stream, &answers, schedule->takers, schedule->taker_count);
    free(answers.of);
}

/* ---- Executions ---- */

/* An execution must meet again the choice at which its schedule deviates from its parent's. */
static void recognise(const struct schedule *schedule, struct execution *execution)
{
    struct result *result = &execution->result;
    const struct trace *trace = execution->trace;

    if (schedule->choice >= (size_t)trace->choice_count)
        replay_differs(result, "choice %zu was asked for once, but then there were %d",
                       schedule->choice + 1, trace->choice_count);
    else if (trace->choices[schedule->choice].count != schedule->count)
        replay_differs(result, "choice %zu had %d answers once, and %d then", schedule->choice + 1,
                       schedule->count, trace->choices[schedule->choice].count);
}

static void keep_first(struct search *search, const struct execution *execution)
{
    search->first_size = execution->size;
    search->first = resized(NULL, execution->size + 1);
    memcpy(search->first, execution->text, execution->size);
}

/* Take over a schedule in order that has passed. The first schedule is executed twice. */
static void learn(struct search *search, const struct schedule *schedule,
                  struct execution *execution)
{
    bool asked = replay_is_asked(search->session);

    if (!schedule_is_first(schedule) && asked)
        recognise(schedule, execution);
    else if (schedule_is_first(schedule) && search->learned && asked)
        replay_compare(search->first, search->first_size, execution);
    else if (!search->first)
        keep_first(search, execution);
    if (execution->result.kind == RESULT_PASS && (!schedule_is_first(schedule) || !search->learned))
        frontier_learn(search->frontier, schedule, execution->trace);
    search->learned = true;
}

static bool is_left_out(const struct result *result)
{
    return result->reason && strcmp(result->reason, LEFT_OUT) == 0;
}

static void fail(struct search *search, const struct schedule *schedule,
                 const struct execution *execution)
{
    struct result *result = &search->test->result;
    struct answers answers = schedule->seed || schedule->taker_count
                                 ? answers_taken(execution->trace)
                                 : frontier_answers(search->frontier, schedule);

    search->over = true;
    *result = execution->result;
    if (replay_has_differed(result) || is_left_out(result))
        result->replay = schedule_option(&answers);
    else if (result->kind >= RESULT_FAIL)
        shorten(search->session, search->suite, search->test, &answers, schedule->seed, result);
    free(answers.of);
}

/* Take over the execution of a schedule. */
static void count_execution(struct search *search, const struct schedule *schedule,
                            struct execution *execution)
{
    struct exploration *exploration = &search->test->exploration;

    search->output += execution->size;
    exploration->schedules += !schedule_is_first(schedule) || !search->first;
    exploration->random += schedule->seed > 0;
    count_trace(search, execution);
    if (search->alternatives)
        alternatives_note(search->alternatives, execution->trace);
    if (execution->result.kind == RESULT_PASS && !schedule->seed)
        learn(search, schedule, execution);
    if (execution->result.kind == RESULT_PASS)
        result_free(&execution->result);
    else
        fail(search, schedule, execution);
}

/* Execute schedules of the next batch in one process. They share its time and its room for output:
 * one that has used them up has not failed before it has done so in a process of its own. Returns
 * how many were executed. */
static size_t execute_some(struct search *search, const struct schedule *schedules, size_t count)
{
    struct execution execution;
    struct batch batch;
    size_t executed = 0, size, i;
    char *lines;
    FILE *stream = must(open_memstream(&lines, &size));

    for (i = 0; i < count; i++)
        write_schedule(stream, search, &schedules[i]);
    fclose(stream);
    batch_run(&batch, search->session, search->suite, search->test, must(lines), count);
    search->spent += batch.process.spent;
    search->alone = false;
    while (!search->over && !search->alone && batch_next(&batch, &execution)) {
        search->alone = execution.spent && count > 1;
        if (search->alone)
            result_free(&execution.result);
        else
            count_execution(search, &schedules[executed++], &execution);
    }
    batch_free(&batch);
    free(lines);
    return executed;
}

/* Execute all schedules of the next batch. */
static void execute_next(struct search *search)
{
    size_t executed = 0;

    while (executed < search->next_count && !search->over)
        executed += execute_some(search, &search->next[executed],
                                 search->alone ? 1 : search->next_count - executed);
}

/* ---- The search ---- */

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* What has been used up. */
static enum bound bound_of(const struct search *search)
{
    const struct budget *budget = &search->budget;

    if (search->test->exploration.schedules >= budget->schedules)
        return BOUND_SCHEDULES;
    if (search->output >= budget->output)
        return BOUND_OUTPUT;
    return search->spent >= budget->seconds ? BOUND_TIME : BOUND_NONE;
}

/* How many schedules may be executed next, if each is like the average of those before. */
static size_t afford(const struct search *search)
{
    const struct budget *budget = &search->budget;
    size_t used = search->test->exploration.schedules;
    size_t size = search->output / used + 1;
    double each = search->spent / (double)used;
    double room = search->session->seconds / 4;

    if (bound_of(search) != BOUND_NONE)
        return 0;
    used = least(budget->schedules - used, BATCH);
    used = least(used, 1 + least(BATCH_OUTPUT, budget->output - search->output) / size);
    return each * (double)used <= room ? used : 1 + (size_t)(room / each);
}

/* Allow the search to spend what this many schedules may take, besides what it has spent. */
static void allow(struct search *search, size_t schedules)
{
    search->budget =
        (struct budget){.schedules = search->test->exploration.schedules + schedules,
                        .output = search->output + schedules * OUTPUT_EACH,
                        .seconds = search->spent + search->session->seconds * (double)schedules /
                                                       (double)search->most};
}

/* Gather what is to be executed next. Returns whether there is anything. */
static bool gather_next(struct search *search)
{
    struct exploration *exploration = &search->test->exploration;
    size_t most = afford(search), input = 0;
    struct schedule *next = search->next;

    search->next_count = 0;
    if (!search->seed) {
        while (search->next_count < most && input < BATCH_INPUT &&
               frontier_next(search->frontier, &next[search->next_count]))
            input += 2 * next[search->next_count++].choice;
        if (search->next_count)
            return true;
        exploration->exhausted = frontier_is_exhausted(search->frontier);
        if (exploration->exhausted)
            return false;
        exploration->bound = most ? BOUND_LENGTH : bound_of(search);
        allow(search, search->most / PART);
        most = afford(search);
    }
    while (search->next_count < most)
        next[search->next_count++] = (struct schedule){.seed = ++search->seed};
    return search->next_count > 0;
}

/* Once the search is over, what it has never met is a failure. */
static void ask_for_alternatives(struct search *search)
{
    struct result *result = &search->test->result;

    if (result->kind == RESULT_PASS && !alternatives_are_met(search->alternatives)) {
        result->verdict = zeroed(1, sizeof *result->verdict);
        alternatives_tell(search->alternatives, search->test->exploration.schedules,
                          result->verdict);
        result_set(result, RESULT_FAIL, "an outcome cannot be chosen");
    }
    alternatives_free(search->alternatives);
}

static void search_begin(struct search *search, const struct search *as, bool all)
{
    const struct program *program = as->test->scenario->program;

    *search = *as;
    if (program->every_schedule)
        search->alternatives = alternatives_create(program);
    search->frontier = frontier_create(program, search->most, all);
    search->test->exploration = (struct exploration){0};
    search->test->result.kind = RESULT_PASS;
}

static void search_whole(struct search *search)
{
    allow(search, search->most);
    search->next_count = 2; /* the first schedule, twice */
    do
        execute_next(search);
    while (!search->over && gather_next(search));
    if (search->alternatives)
        ask_for_alternatives(search);
}

static void search_end(struct search *search)
{
    frontier_free(search->frontier);
    free(search->first);
    free(search->traces.of);
    free(search->views.of);
}

/* What one order has led to is all that the other one may lead to. */
static void search_again(const struct search *as, const struct search *reduced)
{
    struct search search;

    search_begin(&search, as, true);
    search.known = &reduced->views;
    search_whole(&search);
    search_end(&search);
}

void explore(const struct session *session, const struct suite *suite, struct test *test,
             size_t schedules)
{
    const struct search as = {.session = session, .suite = suite, .test = test, .most = schedules};
    struct search search;

    search_begin(&search, &as, session->order == ORDER_ALL);
    search_whole(&search);
    if (session->order == ORDER_BOTH && test->exploration.exhausted &&
        test->result.kind == RESULT_PASS)
        search_again(&as, &search);
    search_end(&search);
    if (test->result.kind == RESULT_NOT_IMPLEMENTED || test->result.kind == RESULT_UNKNOWN)
        test->exploration = (struct exploration){0};
}
