/* explore: a schedule answers all questions with 0, which is fair, but for some deviations. The run
 * of a schedule shows the questions behind its last deviation; each other answer to one of these is
 * one more schedule. So all there is to remember are those that were executed, in the order of how
 * many deviations they have. */
#include "explore.h"

#include "process.h"
#include "replay.h"
#include "shorten.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 200,             /* schedules that a process is asked for at most; */
    BATCH_INPUT = 512 << 10, /* bytes of them, */
    BATCH_OUTPUT = 16 << 20, /* and of what it is expected to print, at most */
    OUTPUT_EACH = 8 << 10,   /* bytes that a schedule makes a driver print; if more, fewer fit */
    QUESTIONS = 20000,       /* of a run that are answered otherwise; too many ever to be done */
    SEEN_FIRST = 1024,       /* places of the table of traces */
    PART = 4                 /* of the schedules in order, that many more are random */
};

/* A schedule: as its parent, but for one question; or made by a seed. */
struct schedule {
    uint64_t seed;   /* 0: none */
    size_t parent;   /* a node */
    size_t question; /* the one of the deviation, */
    int answer;      /* 0 only in the first schedule, which has none, */
    int count;       /* out of how many */
};

/* A schedule that was executed. */
struct node {
    struct schedule schedule;
    size_t first; /* the question behind its last deviation; */
    int *counts;  /* to that one and those that follow it there are so many answers */
    size_t count;
};

/* What the search may come to. */
struct budget {
    size_t schedules;
    size_t output;
    double deadline;
};

struct search {
    const struct run *run;
    const struct suite *suite;
    struct test *test;
    double began;
    struct budget budget;
    size_t output; /* bytes so far */
    bool over;     /* some schedule did not pass */

    struct node *nodes;
    size_t count;
    size_t room;
    size_t node;     /* the next schedule in order: this node's, */
    size_t question; /* with another answer to this one of its counts, */
    int answer;      /* the one after this */
    uint64_t seed;   /* the last one used; 0: none yet */

    struct schedule batch[BATCH];
    size_t batched;
    size_t told;  /* of the batch, */
    size_t asked; /* and of it that a process was asked for */
    bool alone;   /* the next is to have a process of its own */

    char *first; /* what the first execution printed */
    size_t first_size;
    uint64_t *seen; /* the hashes of traces: a table, 0 is a free place */
    size_t seen_room;
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* ---- Different traces ---- */

/* FNV-1a of all lines that are events. */
static uint64_t hash(const char *text, size_t size)
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

static bool put(uint64_t *table, size_t room, uint64_t value)
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
        larger = must(calloc(room ? 2 * room : SEEN_FIRST, sizeof *larger));
        search->seen_room = room ? 2 * room : SEEN_FIRST;
        for (i = 0; i < room; i++)
            if (search->seen[i])
                put(larger, search->seen_room, search->seen[i]);
        free(search->seen);
        search->seen = larger;
    }
    exploration->traces +=
        put(search->seen, search->seen_room, hash(execution->text, execution->size));
}

/* ---- Schedules in order ---- */

static struct answers answers_of(const struct search *search, const struct schedule *schedule)
{
    struct answers answers = answers_create(schedule->answer ? schedule->question + 1 : 0);

    for (; schedule->answer; schedule = &search->nodes[schedule->parent].schedule)
        answers.of[schedule->question] = schedule->answer;
    return answers;
}

/* The answers that a run was given. */
static struct answers answers_taken(const struct trace *trace)
{
    struct answers answers = answers_create((size_t)trace->choice_count);
    size_t i;

    for (i = 0; i < answers.count; i++)
        answers.of[i] = trace->choices[i].answer;
    return answers;
}

static void write_schedule(FILE *stream, const struct search *search,
                           const struct schedule *schedule)
{
    struct answers answers;

    if (schedule->seed) {
        fprintf(stream, "schedule seed %" PRIu64 "\n", schedule->seed);
        return;
    }
    answers = answers_of(search, schedule);
    answers_write(stream, "schedule ", &answers);
    fputs(answers.count ? "\n" : "schedule\n", stream);
    free(answers.of);
}

static void add_node(struct search *search, const struct schedule *schedule,
                     const struct trace *trace)
{
    struct node node = {.schedule = *schedule};
    size_t made = (size_t)trace->choice_count, i;

    node.first = schedule->answer ? schedule->question + 1 : 0;
    made = made > QUESTIONS ? QUESTIONS : made;
    node.count = made > node.first ? made - node.first : 0;
    node.counts = must(calloc(node.count + 1, sizeof *node.counts));
    for (i = 0; i < node.count; i++)
        node.counts[i] = trace->choices[node.first + i].count;
    if (search->count == search->room) {
        search->room = search->room ? 2 * search->room : 64;
        search->nodes = must(realloc(search->nodes, search->room * sizeof *search->nodes));
    }
    search->nodes[search->count++] = node;
}

/* The next schedule in order. Returns whether there is one, of those that are known of so far. */
static bool next_in_order(struct search *search, struct schedule *schedule)
{
    for (; search->node < search->count; search->node++, search->question = 0) {
        struct node *node = &search->nodes[search->node];

        for (; search->question < node->count; search->question++, search->answer = 0) {
            int count = node->counts[search->question];

            if (search->answer + 1 >= count)
                continue;
            *schedule = (struct schedule){.parent = search->node,
                                          .question = node->first + search->question,
                                          .answer = ++search->answer,
                                          .count = count};
            return true;
        }
        free(node->counts);
        *node = (struct node){.schedule = node->schedule};
    }
    return false;
}

/* ---- What an execution came to ---- */

/* Whether the run of a schedule asked again what its parent's has asked. */
static void recognise(const struct schedule *schedule, struct execution *execution)
{
    struct attempt *attempt = &execution->attempt;
    const struct trace *trace = execution->trace;

    if (schedule->question >= (size_t)trace->choice_count)
        replay_differs(attempt, "question %zu was asked once, but then there were %d",
                       schedule->question + 1, trace->choice_count);
    else if (trace->choices[schedule->question].count != schedule->count)
        replay_differs(attempt, "question %zu had %d answers once, and %d then",
                       schedule->question + 1, schedule->count,
                       trace->choices[schedule->question].count);
}

static void keep_first(struct search *search, const struct execution *execution)
{
    search->first_size = execution->size;
    search->first = must(malloc(execution->size + 1));
    memcpy(search->first, execution->text, execution->size);
}

/* Take over a schedule in order that has passed. The first is executed twice. */
static void learn(struct search *search, const struct schedule *schedule,
                  struct execution *execution)
{
    if (schedule->answer)
        recognise(schedule, execution);
    else if (search->count)
        replay_compare(search->first, search->first_size, execution);
    else
        keep_first(search, execution);
    if (execution->attempt.result == RESULT_PASS && (schedule->answer || !search->count))
        add_node(search, schedule, execution->trace);
}

static void fail(struct search *search, const struct schedule *schedule,
                 const struct execution *execution)
{
    struct attempt *attempt = &search->test->attempt;
    struct answers answers =
        schedule->seed ? answers_taken(execution->trace) : answers_of(search, schedule);

    search->over = true;
    *attempt = execution->attempt;
    if (replay_is_other(attempt))
        attempt->replay = answers_option(&answers);
    else if (attempt->result >= RESULT_FAIL && attempt->result != RESULT_UNKNOWN)
        shorten(search->run, search->suite, search->test, &answers, schedule->seed, attempt);
    free(answers.of);
}

/* The schedules of a batch share the time and the room of their process. One that used them up has
 * not failed before it has done so alone. */
static bool told(void *to, struct execution *execution)
{
    struct search *search = to;
    struct exploration *exploration = &search->test->exploration;
    const struct schedule *schedule = &search->batch[search->told];

    search->alone = execution->spent && search->asked > 1;
    if (search->alone) {
        attempt_free(&execution->attempt);
        return false;
    }
    search->told++;
    search->output += execution->size;
    exploration->schedules += schedule->seed || schedule->answer || !search->first;
    exploration->random += schedule->seed > 0;
    count_trace(search, execution);
    if (execution->attempt.result == RESULT_PASS && !schedule->seed)
        learn(search, schedule, execution);
    if (execution->attempt.result == RESULT_PASS)
        attempt_free(&execution->attempt);
    else
        fail(search, schedule, execution);
    return !search->over;
}

/* Execute the schedules of the batch. */
static void execute(struct search *search)
{
    while (search->told < search->batched && !search->over) {
        char *lines;
        FILE *stream = must(open_memstream(&lines, &(size_t){0}));
        size_t i;

        search->asked = search->alone ? 1 : search->batched - search->told;
        for (i = 0; i < search->asked; i++)
            write_schedule(stream, search, &search->batch[search->told + i]);
        fclose(stream);
        run_scenario(search->run, search->suite, search->test, must(lines), search->asked, told,
                     search);
        free(lines);
    }
}

/* ---- The search ---- */

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* How many schedules, each like the mean of those that were executed, may be executed next. */
static size_t afford(const struct search *search)
{
    const struct budget *budget = &search->budget;
    size_t used = search->test->exploration.schedules;
    size_t size = search->output / used + 1;
    double took = process_clock() - search->began, each = took / (double)used;
    double room = search->run->seconds / 4;

    if (used >= budget->schedules || search->output >= budget->output ||
        process_clock() >= budget->deadline)
        return 0;
    used = least(budget->schedules - used, BATCH);
    used = least(used, 1 + least(BATCH_OUTPUT, budget->output - search->output) / size);
    return each * (double)used <= room ? used : 1 + (size_t)(room / each);
}

/* What may be spent on so many schedules, besides what has been. */
static void allow(struct search *search, size_t schedules)
{
    search->budget =
        (struct budget){.schedules = search->test->exploration.schedules + schedules,
                        .output = search->output + schedules * OUTPUT_EACH,
                        .deadline = process_clock() + search->run->seconds * (double)schedules /
                                                          (double)search->run->explore};
}

/* Make a batch of what is to be executed next. Returns whether there is anything. */
static bool fill(struct search *search)
{
    struct exploration *exploration = &search->test->exploration;
    size_t most = afford(search), input = 0;
    struct schedule *batch = search->batch, beyond;

    search->batched = search->told = 0;
    if (!search->seed) {
        while (search->batched < most && input < BATCH_INPUT &&
               next_in_order(search, &batch[search->batched]))
            input += 2 * batch[search->batched++].question;
        if (search->batched)
            return true;
        exploration->exhausted = !next_in_order(search, &beyond);
        if (exploration->exhausted)
            return false;
        allow(search, search->run->explore / PART);
        most = afford(search);
    }
    while (search->batched < most)
        batch[search->batched++] = (struct schedule){.seed = ++search->seed};
    return search->batched > 0;
}

void explore(const struct run *run, const struct suite *suite, struct test *test)
{
    struct search search = {.run = run, .suite = suite, .test = test, .began = process_clock()};

    test->attempt.result = RESULT_PASS;
    allow(&search, run->explore);
    search.batched = 2; /* the first schedule, twice */
    do
        execute(&search);
    while (!search.over && fill(&search));
    if (test->attempt.result == RESULT_NOT_IMPLEMENTED || test->attempt.result == RESULT_UNKNOWN)
        test->exploration = (struct exploration){0};
    while (search.count > 0)
        free(search.nodes[--search.count].counts);
    free(search.nodes);
    free(search.first);
    free(search.seen);
}
