/* Tests of footprints: which turns of a trace touch something in common, so that their order may
 * matter, and which do not. For each kind of place there are two turns that meet there only: were
 * the place forgotten, the explorer would leave out schedules that lead to something new. */
#include "test_texts.h"

#include "footprint.h"
#include "scenario/memory.h"

enum relation {
    APART,  /* nothing in common */
    WAITED, /* the later one has waited for what the earlier one did */
    RACE    /* the other order may lead to something else */
};

/* Two turns, each named by an event in it, or N turns before it: "did main 4 ok +N". */
struct pair {
    const char *earlier, *later;
    enum relation relation;
};

enum { PAIRS = 8 };

struct story {
    const char *program;
    const char *trace; /* without its first line */
    struct pair pairs[PAIRS];
};

/* Main calls two tasks, each to a domain of its own, and awaits them; and how that begins. */
#define CALLS_TWO                                                                                  \
    "domains 2\n"                                                                                  \
    "task main\n"                                                                                  \
    "    p = call one pin=1\n"                                                                     \
    "    q = call two pin=2\n"                                                                     \
    "    await p\n"                                                                                \
    "    await q\n"
#define TWO_CALLED                                                                                 \
    "turn 0\nbegin main 0\nspawn main 3 one\n"                                                     \
    "turn 0\ndid main 3 ok\nspawn main 4 two\n"                                                    \
    "turn 0\ndid main 4 ok\n"

static void complain(void *to, int line, const char *text)
{
    note(to, "", line, text);
}

static int turn_of(const struct trace *trace, const char *text, const char *name)
{
    const char *behind = strstr(name, " +");
    char *event = text_of("%.*s", (int)(behind ? behind - name : (long)strlen(name)), name);
    const char *place = strstr(text, event);
    int turn = behind ? atoi(behind + 2) - 1 : -1;

    if (!place)
        fail_msg("no '%s' in\n%s", event, text);
    free(event);
    for (const char *at = text; at && at < place; at = strstr(at + 1, "turn "))
        turn++;
    assert_in_range(turn, 0, trace->turn_count - 1);
    return turn;
}

static void expect_pair(const struct story *story, const struct trace *trace,
                        const struct footprint *footprints, const struct pair *pair)
{
    static const char *const names[] = {"nothing in common", "waited for it", "a race"};
    const struct footprint *one = &footprints[turn_of(trace, story->trace, pair->earlier)];
    const struct footprint *later = &footprints[turn_of(trace, story->trace, pair->later)];
    enum relation relation = !footprints_meet(one, later)  ? APART
                             : footprints_race(one, later) ? RACE
                                                           : WAITED;

    assert_ptr_not_equal(one, later);
    if (relation != pair->relation)
        fail_msg("'%s', then '%s': %s, not %s\n%s\n%s", pair->earlier, pair->later, names[relation],
                 names[pair->relation], story->program, story->trace);
}

static void expect_story(const struct story *story)
{
    struct complaints complaints = {.size = 0};
    char *text = text_of("%sexpect run ok\n", story->program);
    char *output = text_of("scenario 1\n%srun ok\n", story->trace);
    struct program *program =
        program_parse(text, strlen(text), PROGRAM_WITH_ANSWERS, complain, &complaints);
    struct trace *trace;
    struct footprint *footprints;

    if (!program)
        fail_msg("%s\n%s", text, complaints.text);
    trace = trace_parse(program, 1, output, strlen(output));
    assert_int_equal(trace->end, TRACE_WHOLE);
    footprints = footprints_of(program, trace);
    for (int i = 0; i < PAIRS && story->pairs[i].earlier; i++)
        expect_pair(story, trace, footprints, &story->pairs[i]);
    free(footprints);
    trace_free(trace);
    program_free(program);
    free(output);
    free(text);
}

static void objects_are_met(void **state)
{
    static const struct story story = {"domains 2\n"
                                       "shared m n\n"
                                       "task main\n"
                                       "    mutex m\n"
                                       "    mutex n\n"
                                       "    p = call one pin=1\n"
                                       "    q = call two pin=2\n"
                                       "    await p\n"
                                       "    await q\n"
                                       "task one\n"
                                       "    create a\n"
                                       "    try-lock m\n"
                                       "    unlock m\n"
                                       "    create b\n"
                                       "task two\n"
                                       "    create a\n"
                                       "    try-lock m\n"
                                       "    try-lock n\n"
                                       "    create b\n",
                                       "turn 0\nbegin main 0\n"
                                       "turn 0\ndid main 4 ok\n"
                                       "turn 0\ndid main 5 ok\nspawn main 6 one\n"
                                       "turn 0\ndid main 6 ok\nspawn main 7 two\n"
                                       "turn 0\ndid main 7 ok\n"
                                       "turn 1\nbegin one 1\n"
                                       "turn 1\ndid one 11 ok\n"
                                       "turn 1\ndid one 12 ok\n"
                                       "turn 1\ndid one 13 ok\n"
                                       "turn 1\ndid one 14 ok\nend one\n"
                                       "turn 2\nbegin two 2\n"
                                       "turn 2\ndid two 16 ok\n"
                                       "turn 2\ndid two 17 ok\n"
                                       "turn 2\ndid two 18 ok\n"
                                       "turn 2\ndid two 19 ok\nend two\n"
                                       "turn 0\ndid main 8 ok\n"
                                       "turn 0\ndid main 9 ok\nend main\n",
                                       {{"did one 12", "did two 17", RACE},
                                        {"did one 13", "did two 17", RACE},
                                        {"did one 12", "did two 18", APART},
                                        {"did one 11", "did two 17", APART},
                                        {"did one 11", "did two 16", APART},
                                        {"did main 4", "did two 17", RACE},
                                        {"did main 5", "did one 13", APART}}};

    (void)state;
    expect_story(&story);
}

/* A task looks its name up where it goes on, in the turn before the one that uses it. */
static void names_are_met(void **state)
{
    static const struct story story = {"domains 2\n"
                                       "shared m\n"
                                       "task main\n"
                                       "    p = call one pin=1\n"
                                       "    q = call two pin=2\n"
                                       "    await p\n"
                                       "    await q\n"
                                       "task one\n"
                                       "    create a\n"
                                       "    mutex m\n"
                                       "task two\n"
                                       "    create a\n"
                                       "    create b\n"
                                       "    try-lock m\n",
                                       "turn 0\nbegin main 0\nspawn main 4 one\n"
                                       "turn 0\ndid main 4 ok\nspawn main 5 two\n"
                                       "turn 0\ndid main 5 ok\n"
                                       "turn 1\nbegin one 1\n"
                                       "turn 1\ndid one 9 ok\n"
                                       "turn 1\ndid one 10 ok\nend one\n"
                                       "turn 2\nbegin two 2\n"
                                       "turn 2\ndid two 12 ok\n"
                                       "turn 2\ndid two 13 ok\n"
                                       "turn 2\ndid two 14 ok\nend two\n"
                                       "turn 0\ndid main 6 ok\n"
                                       "turn 0\ndid main 7 ok\nend main\n",
                                       {{"did one 10", "did two 13", RACE},
                                        {"did one 10", "did two 14", RACE},
                                        {"did one 10", "did two 12", APART},
                                        {"did one 9", "did two 13", APART}}};

    (void)state;
    expect_story(&story);
}

/* `two` has its domain for itself: it finds `a` at its first look, `b` at a later one. */
static void flags_are_met(void **state)
{
    static const struct story story = {CALLS_TWO "task one\n"
                                                 "    create a\n"
                                                 "    post a\n"
                                                 "    create a\n"
                                                 "    post b\n"
                                                 "task two\n"
                                                 "    create x\n"
                                                 "    until a\n"
                                                 "    create x\n"
                                                 "    until b\n"
                                                 "    create x\n",
                                       TWO_CALLED "turn 0\n"
                                                  "turn 1\nbegin one 1\n"
                                                  "turn 2\nbegin two 2\n"
                                                  "turn 1\ndid one 8 ok\ndid one 9 ok\n"
                                                  "turn 2\ndid two 13 ok\ndid two 14 ok\n"
                                                  "turn 2\ndid two 15 ok\n"
                                                  "turn 2\n"
                                                  "turn 1\ndid one 10 ok\ndid one 11 ok\nend one\n"
                                                  "turn 2\ndid two 16 ok\n"
                                                  "turn 2\ndid two 17 ok\nend two\n"
                                                  "turn 0\ndid main 5 ok\n"
                                                  "turn 0\ndid main 6 ok\nend main\n",
                                       {{"did one 9", "did two 14", RACE},
                                        {"did two 15 ok +1", "did one 11", RACE},
                                        {"did one 11", "did two 16", WAITED},
                                        {"did two 15", "did one 11", RACE},
                                        {"begin two", "did one 9", APART},
                                        {"did one 9", "did two 16", APART}}};

    (void)state;
    expect_story(&story);
}

/* Two tasks call a third domain: the order is that in which its tasks become ready. */
static void news_is_met(void **state)
{
    static const struct story story = {"domains 3\n"
                                       "task main\n"
                                       "    p = call one pin=1\n"
                                       "    q = call two pin=2\n"
                                       "    await p\n"
                                       "    await q\n"
                                       "task one\n"
                                       "    create a\n"
                                       "    r = call leaf pin=3\n"
                                       "    await r\n"
                                       "task two\n"
                                       "    create a\n"
                                       "    r = call leaf pin=3\n"
                                       "    await r\n"
                                       "task leaf\n"
                                       "    create a\n",
                                       TWO_CALLED "turn 0\n"
                                                  "turn 1\nbegin one 1\n"
                                                  "turn 1\ndid one 8 ok\nspawn one 9 leaf\n"
                                                  "turn 1\ndid one 9 ok\n"
                                                  "turn 1\n"
                                                  "turn 2\nbegin two 2\n"
                                                  "turn 2\ndid two 12 ok\nspawn two 13 leaf#2\n"
                                                  "turn 2\ndid two 13 ok\n"
                                                  "turn 2\n"
                                                  "turn 3\nbegin leaf 3\n"
                                                  "turn 3\ndid leaf 16 ok\nend leaf\n"
                                                  "turn 1\ndid one 10 ok\nend one\n"
                                                  "turn 3\nbegin leaf#2 3\n"
                                                  "turn 3\ndid leaf#2 16 ok\nend leaf#2\n"
                                                  "turn 0\ndid main 5 ok\n"
                                                  "turn 0\n"
                                                  "turn 2\ndid two 14 ok\nend two\n"
                                                  "turn 0\ndid main 6 ok\nend main\n",
                                       {{"did one 9", "did two 13", RACE},
                                        {"did one 9", "begin leaf 3", RACE},
                                        {"did main 3", "begin one", RACE},
                                        {"did main 4", "begin one", APART},
                                        {"did one 8", "did two 12", APART},
                                        {"end leaf\n", "did one 10", RACE},
                                        {"end leaf\n", "end two", APART},
                                        {"end leaf#2", "did two 14", RACE}}};

    (void)state;
    expect_story(&story);
}

/* `one` unlocks a mutex that `two` waits for, which becomes ready before or after the next step of
 * its domain, in which `three` goes on. */
static void wake_ups_are_met(void **state)
{
    static const struct story story = {"domains 2\n"
                                       "shared m\n"
                                       "task main\n"
                                       "    mutex m\n"
                                       "    p = call one pin=1\n"
                                       "    q = call two pin=2\n"
                                       "    r = call three pin=2\n"
                                       "    await p\n"
                                       "    await q\n"
                                       "    await r\n"
                                       "task one\n"
                                       "    lock m\n"
                                       "    create a\n"
                                       "    unlock m\n"
                                       "task two\n"
                                       "    lock m\n"
                                       "    unlock m\n"
                                       "task three\n"
                                       "    create a\n"
                                       "    yield\n"
                                       "    create b\n",
                                       "turn 0\nbegin main 0\n"
                                       "turn 0\ndid main 4 ok\nspawn main 5 one\n"
                                       "turn 0\ndid main 5 ok\nspawn main 6 two\n"
                                       "turn 0\ndid main 6 ok\nspawn main 7 three\n"
                                       "turn 0\ndid main 7 ok\n"
                                       "turn 0\n"
                                       "turn 1\nbegin one 1\n"
                                       "turn 1\ndid one 12 ok\n"
                                       "turn 1\ndid one 13 ok\n"
                                       "turn 2\nbegin two 2\n"
                                       "turn 2\n"
                                       "turn 2\nbegin three 2\n"
                                       "turn 2\ndid three 19 ok\n"
                                       "turn 2\n"
                                       "turn 1\ndid one 14 ok\nend one\n"
                                       "turn 2\ndid three 20 ok\n"
                                       "turn 2\ndid three 21 ok\nend three\n"
                                       "turn 0\ndid main 8 ok\n"
                                       "turn 0\n"
                                       "turn 2\ndid two 16 ok\n"
                                       "turn 2\ndid two 17 ok\nend two\n"
                                       "turn 0\ndid main 9 ok\n"
                                       "turn 0\ndid main 10 ok\nend main\n",
                                       {{"did three 19", "did one 14", APART},
                                        {"did one 14", "did three 20", RACE},
                                        {"did one 14", "did three 21", APART},
                                        {"did one 13", "did three 20", APART},
                                        {"did one 14", "did two 16", RACE}}};

    (void)state;
    expect_story(&story);
}

/* In which order children end is seen by a parent that asks for the first, not by one that awaits
 * one after the other and has its domain for itself. */
static void ends_are_met_if_it_is_asked(void **state)
{
    static const char begins[] = "domains 2\n"
                                 "task main\n"
                                 "    p = call one pin=1\n"
                                 "    q = call two pin=2\n";
    static const char ends[] = "    await p\n"
                               "    await q\n"
                               "task one\n"
                               "    create a\n"
                               "task two\n"
                               "    create a\n";
    static const char awaits[] = TWO_CALLED "turn 0\n"
                                            "turn 1\nbegin one 1\n"
                                            "turn 1\ndid one 8 ok\nend one\n"
                                            "turn 2\nbegin two 2\n"
                                            "turn 2\ndid two 10 ok\nend two\n"
                                            "turn 0\ndid main 5 ok\n"
                                            "turn 0\ndid main 6 ok\nend main\n";
    static const char asks[] = TWO_CALLED "turn 0\n"
                                          "turn 1\nbegin one 1\n"
                                          "turn 1\ndid one 9 ok\nend one\n"
                                          "turn 2\nbegin two 2\n"
                                          "turn 2\ndid two 11 ok\nend two\n"
                                          "turn 0\ndid main 5 ok\n"
                                          "turn 0\ndid main 6 ok\n"
                                          "turn 0\ndid main 7 ok\nend main\n";
    char *one_by_one = text_of("%s%s", begins, ends);
    char *the_first = text_of("%s    await-one p q\n%s", begins, ends);
    struct story awaiting = {one_by_one, awaits, {{"end one", "end two", APART}}};
    struct story asking = {
        the_first, asks, {{"end one", "end two", RACE}, {"end one", "did main 5", RACE}}};

    (void)state;
    expect_story(&awaiting);
    expect_story(&asking);
    free(one_by_one);
    free(the_first);
}

static void cancellations_are_met(void **state)
{
    static const struct story story = {"domains 2\n"
                                       "task main\n"
                                       "    p = call one pin=1\n"
                                       "    create x\n"
                                       "    cancel p\n"
                                       "task one\n"
                                       "    create a\n"
                                       "    yield => ok | stopped\n"
                                       "    create b\n"
                                       "    yield => ok | stopped\n",
                                       "turn 0\nbegin main 0\nspawn main 3 one\n"
                                       "turn 0\ndid main 3 ok\n"
                                       "turn 1\nbegin one 1\n"
                                       "turn 0\ndid main 4 ok\n"
                                       "turn 1\ndid one 7 ok\n"
                                       "turn 1\n"
                                       "turn 0\n"
                                       "turn 1\ndid one 8 stopped\nend one\n"
                                       "turn 0\ndid main 5 ok\nend main\n",
                                       {{"begin one", "did main 4", APART},
                                        {"did main 4", "did one 7", APART},
                                        {"did one 7", "did one 7 ok +2", APART},
                                        {"did one 7 ok +2", "did one 8", RACE}}};

    (void)state;
    expect_story(&story);
}

/* A call and the end of a child reach the same domain. */
static void replies_meet_other_news(void **state)
{
    static const struct story story = {"domains 3\n"
                                       "task main\n"
                                       "    m = call mid pin=3\n"
                                       "    p = call caller pin=2\n"
                                       "    await m\n"
                                       "    await p\n"
                                       "task mid\n"
                                       "    r = call child pin=1\n"
                                       "    await r\n"
                                       "task child\n"
                                       "    create a\n"
                                       "task caller\n"
                                       "    create a\n"
                                       "    r = call leaf pin=3\n"
                                       "    await r\n"
                                       "task leaf\n"
                                       "    create a\n",
                                       "turn 0\nbegin main 0\nspawn main 3 mid\n"
                                       "turn 0\ndid main 3 ok\nspawn main 4 caller\n"
                                       "turn 0\ndid main 4 ok\n"
                                       "turn 0\n"
                                       "turn 2\nbegin caller 2\n"
                                       "turn 2\ndid caller 13 ok\nspawn caller 14 leaf\n"
                                       "turn 2\ndid caller 14 ok\n"
                                       "turn 2\n"
                                       "turn 3\nbegin mid 3\nspawn mid 8 child\n"
                                       "turn 3\ndid mid 8 ok\n"
                                       "turn 3\n"
                                       "turn 1\nbegin child 1\n"
                                       "turn 1\ndid child 11 ok\nend child\n"
                                       "turn 3\nbegin leaf 3\n"
                                       "turn 3\ndid leaf 17 ok\nend leaf\n"
                                       "turn 2\ndid caller 15 ok\nend caller\n"
                                       "turn 3\ndid mid 9 ok\nend mid\n"
                                       "turn 0\ndid main 5 ok\n"
                                       "turn 0\ndid main 6 ok\nend main\n",
                                       {{"did caller 14", "end child", RACE},
                                        {"end child", "begin leaf 3", RACE},
                                        {"did caller 13", "end child", APART}}};

    (void)state;
    expect_story(&story);
}

/* A task that spawns notices at once that it is cancelled, in the middle of its step. */
static void spawns_meet_cancellations(void **state)
{
    static const struct story story = {"domains 3\n"
                                       "task main\n"
                                       "    p = call one pin=1\n"
                                       "    until go\n"
                                       "    cancel p\n"
                                       "task one\n"
                                       "    create a\n"
                                       "    post go\n"
                                       "    create b\n"
                                       "    q = call leaf pin=2\n"
                                       "    create c\n"
                                       "    await q\n"
                                       "task leaf\n"
                                       "    create a\n",
                                       "turn 0\nbegin main 0\nspawn main 3 one\n"
                                       "turn 0\ndid main 3 ok\n"
                                       "turn 0\n"
                                       "turn 1\nbegin one 1\n"
                                       "turn 1\ndid one 7 ok\ndid one 8 ok\n"
                                       "turn 1\ndid one 9 ok\nspawn one 10 leaf\n"
                                       "turn 1\ndid one 10 ok\n"
                                       "turn 1\ndid one 11 ok\n"
                                       "turn 1\n"
                                       "turn 2\nbegin leaf 2\n"
                                       "turn 2\ndid leaf 14 ok\nend leaf\n"
                                       "turn 0\ndid main 4 ok\n"
                                       "turn 0\n"
                                       "turn 1\ndid one 12 stopped\nend one\n"
                                       "turn 0\ndid main 5 ok\nend main\n",
                                       {{"did one 10", "did main 4 ok +1", RACE},
                                        {"did one 11", "did main 4 ok +1", APART},
                                        {"did leaf 14", "did main 4 ok +1", RACE}}};

    (void)state;
    expect_story(&story);
}

static void states_are_asked_for(void **state)
{
    static const struct story story = {
        "domains 2\n"
        "task main\n"
        "    p = call one pin=1\n"
        "    yield\n"
        "    state p => running | finished\n"
        "    yield\n"
        "    await p\n"
        "task one\n"
        "    create a\n",
        "turn 0\nbegin main 0\nspawn main 3 one\n"
        "turn 0\ndid main 3 ok\n"
        "turn 0\n"
        "turn 1\nbegin one 1\n"
        "turn 1\ndid one 9 ok\nend one\n"
        "turn 0\ndid main 4 ok\n"
        "turn 0\ndid main 5 finished\n"
        "turn 0\n"
        "turn 0\ndid main 6 ok\n"
        "turn 0\ndid main 7 ok\nend main\n",
        {{"end one", "did main 4", RACE}, {"begin one", "did main 4", APART}}};

    (void)state;
    expect_story(&story);
}

/* The end of a task by an error cancels its child on another domain. */
static void descendants_are_cancelled(void **state)
{
    static const struct story story = {"domains 2\n"
                                       "task main\n"
                                       "    p = call one pin=1\n"
                                       "    await p => ok | stopped\n"
                                       "task one\n"
                                       "    q = call two pin=2\n"
                                       "    create a\n"
                                       "    fail boom\n"
                                       "task two\n"
                                       "    create b\n"
                                       "    yield => ok | stopped\n"
                                       "    yield => ok | stopped\n",
                                       "turn 0\nbegin main 0\nspawn main 3 one\n"
                                       "turn 0\ndid main 3 ok\n"
                                       "turn 1\nbegin one 1\nspawn one 6 two\n"
                                       "turn 0\n"
                                       "turn 1\ndid one 6 ok\n"
                                       "turn 2\nbegin two 2\n"
                                       "turn 1\ndid one 7 ok\nend one\n"
                                       "turn 2\ndid two 10 ok\n"
                                       "turn 2\n"
                                       "turn 2\ndid two 11 stopped\nend two\n"
                                       "turn 1\n"
                                       "turn 0\ndid main 4 failed boom\nend main\n",
                                       {{"end one", "did two 11", RACE},
                                        {"end one", "did two 10", APART},
                                        {"begin two", "end one", RACE},
                                        {"did one 6", "begin two", RACE}}};

    (void)state;
    expect_story(&story);
}

/* A lone task that looks for a flag is cancelled instead. */
static void cancellations_are_waited_for(void **state)
{
    static const struct story story = {
        "domains 2\n"
        "task main\n"
        "    p = call one pin=1\n"
        "    create a\n"
        "    cancel p\n"
        "task one\n"
        "    create b\n"
        "    until never => stopped\n",
        "turn 0\nbegin main 0\nspawn main 3 one\n"
        "turn 0\ndid main 3 ok\n"
        "turn 1\nbegin one 1\n"
        "turn 1\ndid one 7 ok\n"
        "turn 1\n"
        "turn 0\ndid main 4 ok\n"
        "turn 0\n"
        "turn 1\ndid one 8 stopped\nend one\n"
        "turn 0\ndid main 5 ok\nend main\n",
        {{"did main 4 ok +1", "did one 8", WAITED}, {"did one 7", "did main 4 ok +1", APART}}};

    (void)state;
    expect_story(&story);
}

/* A domain on which one task looks for a flag and another waits does nothing but look. */
static void looks_in_vain_are_met(void **state)
{
    static const struct story story = {
        "domains 2\n"
        "shared m\n"
        "task main\n"
        "    mutex m\n"
        "    lock m\n"
        "    q = call looks pin=2\n"
        "    r = call waits pin=2\n"
        "    create x\n"
        "    post a\n"
        "    create x\n"
        "    unlock m\n"
        "    await q\n"
        "    await r\n"
        "task looks\n"
        "    until a\n"
        "task waits\n"
        "    lock m\n"
        "    unlock m\n",
        "turn 0\nbegin main 0\n"
        "turn 0\ndid main 4 ok\n"
        "turn 0\ndid main 5 ok\nspawn main 6 looks\n"
        "turn 0\ndid main 6 ok\nspawn main 7 waits\n"
        "turn 0\ndid main 7 ok\n"
        "turn 2\nbegin looks 2\n"
        "turn 2\n"
        "turn 2\nbegin waits 2\n"
        "turn 2\n"
        "turn 2\n"
        "turn 0\ndid main 8 ok\ndid main 9 ok\n"
        "turn 2\ndid looks 15 ok\nend looks\n"
        "turn 0\ndid main 10 ok\n"
        "turn 0\ndid main 11 ok\n"
        "turn 0\n"
        "turn 2\ndid waits 17 ok\n"
        "turn 2\ndid waits 18 ok\nend waits\n"
        "turn 0\ndid main 12 ok\n"
        "turn 0\ndid main 13 ok\nend main\n",
        {{"begin waits 2 +2", "did main 9", RACE}, {"did main 9", "did looks 15", RACE}}};

    (void)state;
    expect_story(&story);
}

static void time_is_met_by_all(void **state)
{
    static const struct story story = {CALLS_TWO "task one\n"
                                                 "    sleep 5\n"
                                                 "task two\n"
                                                 "    create x\n"
                                                 "    sleep 5\n",
                                       TWO_CALLED "turn 0\n"
                                                  "turn 1\nbegin one 1\n"
                                                  "turn 1\n"
                                                  "turn -\n"
                                                  "turn 2\nbegin two 2\n"
                                                  "turn 2\ndid two 10 ok\n"
                                                  "turn 2\n"
                                                  "turn 1\ndid one 8 ok\nend one\n"
                                                  "turn 0\ndid main 5 ok\n"
                                                  "turn 0\n"
                                                  "turn -\n"
                                                  "turn 2\ndid two 11 ok\nend two\n"
                                                  "turn 0\ndid main 6 ok\nend main\n",
                                       {{"begin one 1 +2", "begin two", RACE},
                                        {"begin one", "begin two", APART},
                                        {"did two 10 ok +1", "did one 8", RACE}}};

    (void)state;
    expect_story(&story);
}

/* What a scenario expects in order is seen by its reader, if not by a task. */
static void expected_order_is_met(void **state)
{
    static const char program[] = CALLS_TWO "task one\n"
                                            "    create a\n"
                                            "    print x\n"
                                            "task two\n"
                                            "    create a\n"
                                            "    print y\n";
    static const char trace[] =
        TWO_CALLED "turn 0\n"
                   "turn 1\nbegin one 1\n"
                   "turn 1\ndid one 8 ok\nprint one x\ndid one 9 ok\nend one\n"
                   "turn 2\nbegin two 2\n"
                   "turn 2\ndid two 11 ok\nprint two y\ndid two 12 ok\nend two\n"
                   "turn 0\ndid main 5 ok\n"
                   "turn 0\ndid main 6 ok\nend main\n";
    char *expecting = text_of("%sexpect order x y\n", program);
    struct story silent = {program, trace, {{"print one x", "print two y", APART}}};
    struct story ordered = {expecting, trace, {{"print one x", "print two y", RACE}}};

    (void)state;
    expect_story(&silent);
    expect_story(&ordered);
    free(expecting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_met),
        cmocka_unit_test(names_are_met),
        cmocka_unit_test(flags_are_met),
        cmocka_unit_test(news_is_met),
        cmocka_unit_test(wake_ups_are_met),
        cmocka_unit_test(ends_are_met_if_it_is_asked),
        cmocka_unit_test(cancellations_are_met),
        cmocka_unit_test(replies_meet_other_news),
        cmocka_unit_test(spawns_meet_cancellations),
        cmocka_unit_test(states_are_asked_for),
        cmocka_unit_test(descendants_are_cancelled),
        cmocka_unit_test(cancellations_are_waited_for),
        cmocka_unit_test(looks_in_vain_are_met),
        cmocka_unit_test(time_is_met_by_all),
        cmocka_unit_test(expected_order_is_met),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
