/* frontier: a tree of choices. Its root is the first choice of all; a choice has a child for each
 * answer that was given to it in some execution.
 *
 * If all schedules are gone through, each answer to a choice that an execution has met for the
 * first time is one more schedule; so those with the fewest answers other than 0 come first.
 *
 * Otherwise another answer to whose turn it is is tried if two turns race (see races.h): some
 * domain that could begin to turn the race round must have the turn. And of two domains that were
 * tried at one choice, the later one lets the earlier one sleep: until a turn meets what the
 * sleeper would do, letting it go on leads nowhere new. This is dynamic partial-order reduction
 * with source sets and sleep sets. It tells turns apart by the driver's lines `turn`; choices
 * without such a line are gone through, as are all choices of a driver that writes none. */
#include "frontier.h"

#include "races.h"
#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHOICES = 20000,  /* of an execution that are answered otherwise; more take for ever */
    TURNS = 3000,     /* of an execution whose races are looked for; more take too long */
    NODES = 20000000, /* at most */
    NONE = 0          /* no node: the root has no parent */
};

/* A domain that another one has been preferred to, and what it would do. */
struct sleeper {
    int taker; /* as in races.h */
    struct footprint footprint;
};

struct sleepers {
    struct sleeper *of;
    size_t count;
};

struct node {
    size_t parent;
    int given;                /* the answer of the parent that leads here */
    int count;                /* of answers */
    size_t choice;            /* its place in a schedule */
    int *takers;              /* by answer; NULL: it is not a choice of who has the next turn */
    bool *known;              /* by answer: it has been tried, or is to be; as long as takers */
    struct sleepers sleepers; /* before the turn that begins here, or goes on */
    struct sleepers tried;    /* what those that were tried did first */
};

struct frontier {
    const struct program *program;
    size_t most;
    bool all;
    bool cut;
    struct node *nodes; /* the first one is not used */
    size_t node_count;
    struct schedule *queue;
    size_t queued, taken;
};

/* What is learned from an execution. */
struct lesson {
    struct frontier *frontier;
    const struct trace *trace;
    struct races *races; /* NULL: they do not matter */
    size_t *path;        /* by choice: its node; NONE: it has none */
    size_t choices;      /* the length of the path */
};

/* ---- Sleepers ---- */

static bool sleeps(const struct sleepers *sleepers, int taker)
{
    for (size_t i = 0; i < sleepers->count; i++)
        if (sleepers->of[i].taker == taker)
            return true;
    return false;
}

static void add_sleeper(struct sleepers *sleepers, const struct sleeper *sleeper)
{
    sleepers->of = grown(sleepers->of, sleepers->count, sizeof *sleeper);
    sleepers->of[sleepers->count++] = *sleeper;
}

static void add_sleepers(struct sleepers *sleepers, const struct sleepers *others)
{
    for (size_t i = 0; i < others->count; i++)
        add_sleeper(sleepers, &others->of[i]);
}

/* A turn wakes those that it meets, and the one whose turn it is. */
static void wake(struct sleepers *sleepers, int taker, const struct footprint *footprint)
{
    struct sleepers left = {0};

    for (size_t i = 0; i < sleepers->count; i++)
        if (sleepers->of[i].taker != taker &&
            !footprints_meet(&sleepers->of[i].footprint, footprint))
            add_sleeper(&left, &sleepers->of[i]);
    free(sleepers->of);
    *sleepers = left;
}

/* ---- The tree ---- */

struct frontier *frontier_create(const struct program *program, size_t most, bool all)
{
    struct frontier *frontier = zeroed(1, sizeof *frontier);

    frontier->program = program;
    frontier->most = most;
    frontier->all = all;
    frontier->nodes = grown(NULL, 0, sizeof *frontier->nodes);
    frontier->nodes[frontier->node_count++] = (struct node){0};
    return frontier;
}

void frontier_free(struct frontier *frontier)
{
    for (size_t i = 1; i < frontier->node_count; i++) {
        free(frontier->nodes[i].takers);
        free(frontier->nodes[i].known);
        free(frontier->nodes[i].sleepers.of);
        free(frontier->nodes[i].tried.of);
    }
    for (size_t i = 0; i < frontier->queued; i++)
        free(frontier->queue[i].takers);
    free(frontier->nodes);
    free(frontier->queue);
    free(frontier);
}

bool frontier_is_exhausted(const struct frontier *frontier)
{
    return frontier->taken == frontier->queued && !frontier->cut;
}

/* Returns the schedule, or NULL if there are too many. */
static struct schedule *add_schedule(struct frontier *frontier, size_t node, int answer)
{
    struct node *from = &frontier->nodes[node];

    if (frontier->queued >= frontier->most) {
        frontier->cut = true;
        return NULL;
    }
    if (from->known)
        from->known[answer] = true;
    frontier->queue = grown(frontier->queue, frontier->queued, sizeof *frontier->queue);
    frontier->queue[frontier->queued] = (struct schedule){
        .node = node, .choice = from->choice, .answer = answer, .count = from->count};
    return &frontier->queue[frontier->queued++];
}

bool frontier_next(struct frontier *frontier, struct schedule *schedule)
{
    if (frontier->taken == frontier->queued)
        return false;
    *schedule = frontier->queue[frontier->taken++];
    return true;
}

struct answers frontier_answers(const struct frontier *frontier, const struct schedule *schedule)
{
    struct answers answers = answers_create(schedule->node ? schedule->choice + 1 : 0);
    size_t node = schedule->node;
    int answer = schedule->answer;

    for (; node != NONE; node = frontier->nodes[node].parent) {
        answers.of[frontier->nodes[node].choice] = answer;
        answer = frontier->nodes[node].given;
    }
    return answers;
}

/* ---- Learning ---- */

/* A choice that no execution has met before. Returns NONE if there are too many. */
static size_t add_node(struct lesson *lesson, size_t choice, const struct sleepers *sleepers)
{
    struct frontier *frontier = lesson->frontier;
    const struct choice *made = lesson->trace->choices;
    struct node node = {.choice = choice, .count = made[choice].count};

    if (choice >= CHOICES || frontier->node_count >= NODES || choice >= lesson->choices) {
        frontier->cut = true;
        return NONE;
    }
    if (choice > 0) {
        node.parent = lesson->path[choice - 1];
        node.given = made[choice - 1].answer;
    }
    add_sleepers(&node.sleepers, sleepers);
    lesson->path[choice] = frontier->node_count;
    frontier->nodes = grown(frontier->nodes, frontier->node_count, sizeof node);
    frontier->nodes[frontier->node_count++] = node;
    return lesson->path[choice];
}

/* After its answer, a schedule is to go on with the turns of this execution, from one on, in two
 * rounds: first those that are to be early. */
static void prefer(struct lesson *lesson, struct schedule *schedule, int from, const bool *early)
{
    int count = lesson->trace->turn_count, i, round;

    schedule->takers = zeroed((size_t)(count - from), sizeof *schedule->takers);
    for (round = 0; round < 2; round++)
        for (i = from; i < count; i++)
            if (early[i] == (round == 0))
                schedule->takers[schedule->taker_count++] = lesson->races->takers[i] - 1;
}

/* The same, with those early that do not sleep. */
static void prefer_awake(struct lesson *lesson, struct schedule *schedule, int from,
                         const struct sleepers *sleepers)
{
    int count = lesson->trace->turn_count, i;
    bool *early = zeroed((size_t)count, sizeof *early);

    for (i = from; i < count && lesson->races; i++)
        early[i] = !sleeps(sleepers, lesson->races->takers[i]);
    if (schedule && lesson->races)
        prefer(lesson, schedule, from, early);
    free(early);
}

/* The same, to turn the race of two turns round. The answer itself has given the first turn of whom
 * it stands for. */
static void prefer_reversed(struct lesson *lesson, struct schedule *schedule, int turn, int later)
{
    const struct races *races = lesson->races;
    int taker = lesson->frontier->nodes[schedule->node].takers[schedule->answer];
    int count = lesson->trace->turn_count, i, from = turn + 1;
    bool *early = zeroed((size_t)count, sizeof *early);
    size_t k;

    for (i = from; i <= later; i++)
        early[i] = i == later || !races_happened_before(races, turn, i);
    prefer(lesson, schedule, turn, early);
    for (k = 0; k < schedule->taker_count && schedule->takers[k] != taker - 1; k++)
        ;
    for (schedule->taker_count -= k < schedule->taker_count; k < schedule->taker_count; k++)
        schedule->takers[k] = schedule->takers[k + 1];
    free(early);
}

/* All other answers to a choice are to be tried. */
static void try_all(struct lesson *lesson, size_t choice, int turn, const struct sleepers *sleepers)
{
    size_t node = add_node(lesson, choice, sleepers);

    for (int i = 0; node != NONE && i < lesson->trace->choices[choice].count; i++)
        if (i != lesson->trace->choices[choice].answer)
            prefer_awake(lesson, add_schedule(lesson->frontier, node, i), turn, sleepers);
}

/* The first choice behind those of a turn. */
static size_t choices_end(const struct trace *trace, int turn)
{
    return (size_t)(turn + 1 < trace->turn_count ? trace->turns[turn + 1].choice
                                                 : trace->choice_count);
}

/* What the turn would do that sleeps from now on. If there are choices in it, it may do other
 * things as well. */
static struct footprint footprint_asleep(const struct lesson *lesson, int turn)
{
    struct footprint footprint = lesson->races->footprints[turn];
    const struct turn *which = &lesson->trace->turns[turn];

    if (choices_end(lesson->trace, turn) > (size_t)which->choice + (which->count > 1))
        footprint_fill(&footprint);
    return footprint;
}

/* A choice of who has a turn. Returns whether the execution leads to something new from here on: if
 * it does not, another answer does. */
static bool meet_turn(struct lesson *lesson, int turn, const struct sleepers *sleepers)
{
    const struct turn *which = &lesson->trace->turns[turn];
    size_t choice = (size_t)which->choice, place = add_node(lesson, choice, sleepers);
    struct node *node = &lesson->frontier->nodes[place];
    int taker = lesson->races->takers[turn], i;
    struct sleeper sleeper = {taker, footprint_asleep(lesson, turn)};

    if (place == NONE)
        return false;
    node->takers = zeroed((size_t)which->count, sizeof *node->takers);
    node->known = zeroed((size_t)which->count, sizeof *node->known);
    for (i = 0; i < which->count; i++)
        node->takers[i] = lesson->trace->candidates[which->candidate + i] + 1;
    if (!sleeps(sleepers, taker)) {
        node->known[lesson->trace->choices[choice].answer] = true;
        add_sleeper(&node->tried, &sleeper);
        return true;
    }
    for (i = 0; i < which->count && sleeps(sleepers, node->takers[i]); i++)
        ;
    if (i < which->count)
        prefer_awake(lesson, add_schedule(lesson->frontier, place, i), turn, sleepers);
    return false;
}

/* The choices in a turn, from one on, besides that of whose turn it is. */
static void meet_others(struct lesson *lesson, int turn, size_t from,
                        const struct sleepers *sleepers)
{
    const struct turn *which = &lesson->trace->turns[turn];
    size_t choice = (size_t)which->choice + (which->count > 1);

    for (choice = choice > from ? choice : from; choice < choices_end(lesson->trace, turn);
         choice++)
        try_all(lesson, choice, turn + 1, sleepers);
}

enum { TIME = TURN_TIME + 1 }; /* as a taker */

/* Whether time could have passed at a turn, in place of which a domain had it. */
static bool time_could_pass(const struct trace *trace, int turn)
{
    const struct turn *which = &trace->turns[turn];

    for (int i = 0; i < which->count; i++)
        if (trace->candidates[which->candidate + i] == TURN_TIME)
            return turn_taker(trace, turn) != TURN_TIME;
    return false;
}

/* One of these must have the turn at some time. Time can pass only at some turns: before one of
 * those at the latest, then. */
static void want(void *to, int turn, int later, const int *first, int count)
{
    struct lesson *lesson = to;
    const struct turn *which;
    struct schedule *schedule;
    struct node *node;
    size_t place;
    int i, k, found = -1;

    while (count == 1 && *first == TIME && turn > 0 && !time_could_pass(lesson->trace, turn))
        turn--;
    which = &lesson->trace->turns[turn];
    place = which->count > 1 ? lesson->path[which->choice] : NONE;
    node = &lesson->frontier->nodes[place];
    if (place == NONE || !node->takers) /* all its answers are to be tried */
        return;
    for (i = count - 1; i >= 0; i--) {
        if (sleeps(&node->sleepers, first[i]))
            return;
        for (k = 0; k < node->count; k++)
            if (node->takers[k] == first[i] && node->known[k])
                return;
            else if (node->takers[k] == first[i] && found < 0)
                found = k;
    }
    schedule = found >= 0 ? add_schedule(lesson->frontier, place, found) : NULL;
    if (schedule)
        prefer_reversed(lesson, schedule, turn, later);
}

/* The turn in which a schedule has its last answer. */
static int turn_of(const struct trace *trace, size_t choice)
{
    int turn = 0;

    while (turn + 1 < trace->turn_count && (size_t)trace->turns[turn + 1].choice <= choice)
        turn++;
    return turn;
}

/* Those that sleep in the turn in which an execution leaves the paths of others. */
static struct sleepers sleepers_at(struct lesson *lesson, const struct schedule *schedule, int turn)
{
    struct sleepers sleepers = {0};
    struct node *node;

    if (schedule_is_first(schedule))
        return sleepers;
    node = &lesson->frontier->nodes[schedule->node];
    add_sleepers(&sleepers, &node->sleepers);
    if (node->takers) {
        struct sleeper sleeper = {lesson->races->takers[turn], footprint_asleep(lesson, turn)};

        add_sleepers(&sleepers, &node->tried);
        add_sleeper(&node->tried, &sleeper);
    }
    return sleepers;
}

/* Go along the turns behind the last answer of a schedule. Returns the turn at which nothing new
 * follows, or the number of turns. */
static int go_along(struct lesson *lesson, int from, size_t choice, struct sleepers *sleepers)
{
    int turn;

    for (turn = from; turn < lesson->trace->turn_count; turn++) {
        const struct turn *which = &lesson->trace->turns[turn];
        struct footprint footprint = footprint_asleep(lesson, turn);
        int taker = lesson->races->takers[turn];

        if (which->count == 1 && turn > from && sleeps(sleepers, taker))
            return turn;
        if (which->count > 1 && (size_t)which->choice >= choice &&
            !meet_turn(lesson, turn, sleepers))
            return turn;
        meet_others(lesson, turn, choice, sleepers);
        wake(sleepers, taker, &footprint);
    }
    return turn;
}

/* Time that could have passed, and did not any more, is to pass at the latest place. */
static void want_time(struct lesson *lesson, int from)
{
    int turn = lesson->trace->turn_count - 1;

    while (turn >= from && lesson->races->takers[turn] != TIME &&
           !time_could_pass(lesson->trace, turn))
        turn--;
    if (turn >= from && lesson->races->takers[turn] != TIME)
        want(lesson, turn, turn, &(int){TIME}, 1);
}

static void learn_races(struct lesson *lesson, const struct schedule *schedule)
{
    size_t choice = schedule->node ? schedule->choice + 1 : 0;
    int from = schedule->node ? turn_of(lesson->trace, schedule->choice) : 0, end;
    struct sleepers sleepers;

    lesson->races = races_create(lesson->frontier->program, lesson->trace);
    sleepers = sleepers_at(lesson, schedule, from);
    end = go_along(lesson, from, choice, &sleepers);
    races_tell(lesson->races, from, end, want, lesson);
    want_time(lesson, from);
    races_free(lesson->races);
    free(sleepers.of);
}

/* An execution whose races are not looked for may have some with any turn on its path: whoever is
 * awake there is to be tried, and all answers behind it. */
static void learn_all(struct lesson *lesson, const struct schedule *schedule)
{
    struct frontier *frontier = lesson->frontier;
    size_t node, choice;

    for (node = schedule->node; node != NONE; node = frontier->nodes[node].parent)
        for (int i = 0; frontier->nodes[node].takers && i < frontier->nodes[node].count; i++)
            if (!frontier->nodes[node].known[i] &&
                !sleeps(&frontier->nodes[node].sleepers, frontier->nodes[node].takers[i]))
                add_schedule(frontier, node, i);
    for (choice = schedule->node ? schedule->choice + 1 : 0; choice < lesson->choices; choice++)
        try_all(lesson, choice, 0, &(struct sleepers){0});
}

/* Whether the driver tells whose turn it is, and its choices are what it tells. */
static bool tells_turns(const struct trace *trace)
{
    bool told = trace->turn_count > 0 && trace->turn_count <= TURNS && trace->turns[0].choice == 0;

    for (int i = 0; i < trace->turn_count && told; i++) {
        const struct turn *turn = &trace->turns[i];
        const struct choice *choice = &trace->choices[turn->choice];

        told = turn->count == 1 || (turn->choice < trace->choice_count &&
                                    choice->count == turn->count && choice->answer < choice->count);
    }
    return told;
}

void frontier_learn(struct frontier *frontier, const struct schedule *schedule,
                    const struct trace *trace)
{
    struct lesson lesson = {.frontier = frontier, .trace = trace};
    size_t choices = (size_t)trace->choice_count, node = schedule->node;

    if (frontier->queued >= frontier->most) {
        frontier->cut = true; /* no other schedule will be asked for */
        return;
    }
    lesson.choices = choices < CHOICES ? choices : CHOICES;
    frontier->cut |= lesson.choices < choices;
    lesson.path = zeroed(choices + 1, sizeof *lesson.path);
    for (; node != NONE; node = frontier->nodes[node].parent)
        lesson.path[frontier->nodes[node].choice] = node;
    if (schedule_is_first(schedule) && !tells_turns(trace))
        frontier->all = true;
    if (!frontier->all && tells_turns(trace))
        learn_races(&lesson, schedule);
    else
        learn_all(&lesson, schedule);
    free(lesson.path);
}
