/* explore: schedules are enumerated by their deviations from the schedule that answers all choices
 * with 0, which is fair; those with the fewest deviations come first. Executing a schedule reveals
 * the choices after its last deviation; each other answer to one of them is another schedule. So
 * only the schedules that were executed have to be remembered. */
#include "explore.h"

#include "execute.h"
#include "judge/alternatives.h"
#include "replay.h"
#include "scenario/memory.h"
#include "schedule.h"
#include "shorten.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 200,             /* schedules that one process executes, at most, */
    BATCH_INPUT = 512 << 10, /* bytes that they take, at most, */
    BATCH_OUTPUT = 16 << 20, /* and bytes that the process is expected to print, at most */
    OUTPUT_EACH = 8 << 10,   /* bytes that an execution may print; if it prints more, fewer fit */
    CHOICES = 20000,         /* of an execution that are answered otherwise; more take for ever */
    SEEN_FIRST = 1024,       /* places of the table of traces */
    PART = 4                 /* one random schedule for this many schedules in order */
};

/* A schedule: that of its parent with one more deviation; or one made by a seed. */
struct schedule {
    uint64_t seed; /* 0: none */
    size_t parent; /* a node */
    size_t choice; /* the one that deviates, */
    int answer;    /* its answer, which is 0 only in the first schedule: that has no deviation, */
    int count;     /* and the number of answers that it has */
};

/* A schedule that was executed. */
struct node {
    struct schedule schedule;
    size_t first; /* the choice behind its last deviation */
    int *counts;  /* the number of answers of that choice and of each that follows it */
    size_t count; /* of these choices */
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

    struct node *nodes;
    size_t count;
    size_t node;   /* the next schedule in order is that of this node, */
    size_t choice; /* with another answer to the choice with this one of its counts, */
    int answer;    /* namely the answer after this one */
    uint64_t seed; /* the last one used; 0: none yet */

    struct schedule next[BATCH]; /* what is to be executed next */
    size_t next_count;
    bool alone; /* the first of them that is left needs a process of its own */

    struct alternatives *alternatives; /* NULL: they need not be met */
    char *first;                       /* what the first execution printed */
    size_t first_size;
    uint64_t *seen; /* the hashes of traces: a table, 0 is a free place */
    size_t seen_room;
};

/* ---- Different traces ---- */

/* FNV-1a of all lines but the choices. */
static uint64_t hash_events(const char *text, size_t size)
{
    static const char choice[] = "chose ";
    uint64_t value = 0xcbf29ce484222325u;
    const char *end = text + size, *next;

    for (; text < end; text = next) {
        next = memchr(text, '\n', (size_t)(end - text));
        next = next ? next + 1 : end;
        if (next - text > (long)sizeof choice && !memcmp(text, choice, sizeof choice - 1))
            continue;
        for (; text < next; text++)
            value = (value ^ (unsigned char)*text) * 0x100000001b3u;
    }
    return value ? value : 1;
}

/* Returns whether the value is new in the table. */
static bool add_hash(uint64_t *table, size_t room, uint64_t value)
{
    size_t i = value & (room - 1);

    while (table[i] && table[i] != value)
        i = (i + 1) & (room - 1);
    if (table[i])
        return false;
    table[i] = value;
    return true;
}

static void count_trace(struct search *search, const struct execution *execution)
{
    struct exploration *exploration = &search->test->exploration;
    size_t room = search->seen_room, i;
    uint64_t *larger;

    if (2 * exploration->traces >= room) {
        larger = zeroed(room ? 2 * room : SEEN_FIRST, sizeof *larger);
        search->seen_room = room ? 2 * room : SEEN_FIRST;
        for (i = 0; i < room; i++)
            if (search->seen[i])
                add_hash(larger, search->seen_room, search->seen[i]);
        free(search->seen);
        search->seen = larger;
    }
    exploration->traces +=
        add_hash(search->seen, search->seen_room, hash_events(execution->text, execution->size));
}

/* ---- Schedules in order ---- */

static struct answers answers_of(const struct search *search, const struct schedule *schedule)
{
    struct answers answers = answers_create(schedule->answer ? schedule->choice + 1 : 0);

    for (; schedule->answer; schedule = &search->nodes[schedule->parent].schedule)
        answers.of[schedule->choice] = schedule->answer;
    return answers;
}

static void write_schedule(FILE *stream, const struct search *search,
                           const struct schedule *schedule)
{
    struct answers answers;

    if (schedule->seed) {
        schedule_write_seed(stream, schedule->seed);
        return;
    }
    answers = answers_of(search, schedule);
    schedule_write(stream, &answers);
    free(answers.of);
}

static void add_node(struct search *search, const struct schedule *schedule,
                     const struct trace *trace)
{
    struct node node = {.schedule = *schedule};
    size_t made = (size_t)trace->choice_count, i;

    node.first = schedule->answer ? schedule->choice + 1 : 0;
    made = made > CHOICES ? CHOICES : made;
    node.count = made > node.first ? made - node.first : 0;
    node.counts = zeroed(node.count, sizeof *node.counts);
    for (i = 0; i < node.count; i++)
        node.counts[i] = trace->choices[node.first + i].count;
    search->nodes = grown(search->nodes, search->count, sizeof *search->nodes);
    search->nodes[search->count++] = node;
}

/* Write the next schedule in order. Returns whether one is known so far. */
static bool next_in_order(struct search *search, struct schedule *schedule)
{
    for (; search->node < search->count; search->node++, search->choice = 0) {
        struct node *node = &search->nodes[search->node];

        for (; search->choice < node->count; search->choice++, search->answer = 0) {
            int count = node->counts[search->choice];

            if (search->answer + 1 >= count)
                continue;
            *schedule = (struct schedule){.parent = search->node,
                                          .choice = node->first + search->choice,
                                          .answer = ++search->answer,
                                          .count = count};
            return true;
        }
        free(node->counts);
        *node = (struct node){.schedule = node->schedule};
    }
    return false;
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

    if (schedule->answer && asked)
        recognise(schedule, execution);
    else if (!schedule->answer && search->count && asked)
        replay_compare(search->first, search->first_size, execution);
    else if (!search->first)
        keep_first(search, execution);
    if (execution->result.kind == RESULT_PASS && (schedule->answer || !search->count))
        add_node(search, schedule, execution->trace);
}

static void fail(struct search *search, const struct schedule *schedule,
                 const struct execution *execution)
{
    struct result *result = &search->test->result;
    struct answers answers =
        schedule->seed ? answers_taken(execution->trace) : answers_of(search, schedule);

    search->over = true;
    *result = execution->result;
    if (replay_has_differed(result))
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
    exploration->schedules += schedule->seed || schedule->answer || !search->first;
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

/* How many schedules may be executed next, if each is like the average of those before. */
static size_t afford(const struct search *search)
{
    const struct budget *budget = &search->budget;
    size_t used = search->test->exploration.schedules;
    size_t size = search->output / used + 1;
    double each = search->spent / (double)used;
    double room = search->session->seconds / 4;

    if (used >= budget->schedules || search->output >= budget->output ||
        search->spent >= budget->seconds)
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
    struct schedule *next = search->next, beyond;

    search->next_count = 0;
    if (!search->seed) {
        while (search->next_count < most && input < BATCH_INPUT &&
               next_in_order(search, &next[search->next_count]))
            input += 2 * next[search->next_count++].choice;
        if (search->next_count)
            return true;
        exploration->exhausted = !next_in_order(search, &beyond);
        if (exploration->exhausted)
            return false;
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

void explore(const struct session *session, const struct suite *suite, struct test *test,
             size_t schedules)
{
    const struct program *program = test->scenario->program;
    struct search search = {.session = session, .suite = suite, .test = test, .most = schedules};

    if (program->every_schedule)
        search.alternatives = alternatives_create(program);
    test->result.kind = RESULT_PASS;
    allow(&search, schedules);
    search.next_count = 2; /* the first schedule, twice */
    do
        execute_next(&search);
    while (!search.over && gather_next(&search));
    if (search.alternatives)
        ask_for_alternatives(&search);
    if (test->result.kind == RESULT_NOT_IMPLEMENTED || test->result.kind == RESULT_UNKNOWN)
        test->exploration = (struct exploration){0};
    while (search.count > 0)
        free(search.nodes[--search.count].counts);
    free(search.nodes);
    free(search.first);
    free(search.seen);
}
