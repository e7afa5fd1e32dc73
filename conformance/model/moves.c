/* moves: a domain executes a task, or hears of something that another domain has done, or time
 * passes. If nothing can happen any more, that is a deadlock. */
#include "moves.h"

#include "ends.h"
#include "turns.h"

enum move_kind {
    MOVE_GO,      /* the current task of a domain goes on */
    MOVE_BEGIN,   /* a ready task gets its turn [R1.21] */
    MOVE_END,     /* a task whose function has returned ends [R2.9] */
    MOVE_READY,   /* a domain hears that its task is ready */
    MOVE_CANCEL,  /* a domain hears that its task is cancelled [R2.14] */
    MOVE_KNOW,    /* a domain hears that the child of its task has ended */
    MOVE_DESCEND, /* a child of a cancelled task is cancelled [R2.14] */
    MOVE_ARRIVE,  /* what was transferred is the parent's [R5.14] */
    MOVE_WAKE     /* a sleep is over [R10.2] */
};

struct move {
    uint8_t kind;
    uint8_t which;
    uint8_t freedom; /* that it takes; INTERLEAVING: none of its own */
};

enum { MOVES_MAX = 250 };

struct moves {
    const struct step *step;
    struct move of[MOVES_MAX];
    int count;
};

/* The domain that makes a move. */
static int mover(const struct state *state, enum move_kind kind, int which)
{
    if (kind == MOVE_ARRIVE)
        return state->units[state->resources[which].owner].domain;
    return state->units[kind == MOVE_KNOW ? state->units[which].parent : which].domain;
}

static void add_free(struct moves *moves, enum move_kind kind, int which, enum freedom freedom)
{
    if (moves->step->focus && moves->step->focus != mover(moves->step->state, kind, which) + 1)
        return;
    if (moves->count < MOVES_MAX)
        moves->of[moves->count++] = (struct move){(uint8_t)kind, (uint8_t)which, (uint8_t)freedom};
}

static void add(struct moves *moves, enum move_kind kind, int which)
{
    add_free(moves, kind, which, FREEDOM_INTERLEAVING);
}

/* ---- What is possible ---- */

/* The place in its queue of the first task that has not been cancelled, and of the last one that
 * the same event has made ready. */
static void find_first(const struct state *state, uint8_t domain, int *first, int *last)
{
    const struct unit *at[MODEL_UNITS_MAX] = {0};
    int count = 0;

    for (int i = 0; i < state->units_used; i++)
        if (state->units[i].place == PLACE_READY && state->units[i].domain == domain) {
            at[state->units[i].rank] = &state->units[i];
            count++;
        }
    *first = 0;
    while (*first < count && at[*first]->cancel == CANCEL_YES)
        (*first)++;
    *last = *first;
    while (*last + 1 < count && at[*last + 1]->with)
        (*last)++;
}

/* A domain that executes no task takes one. A task that has been cancelled may go on earlier or
 * later than its turn. */
static void add_turns(const struct step *step, uint8_t domain, struct moves *moves)
{
    const struct state *state = step->state;
    bool in_turn = step->model->without[FREEDOM_TURN];
    int first, last;

    if (state->current[domain] != NO_ONE) {
        add(moves, MOVE_GO, state->current[domain]);
        return;
    }
    find_first(state, domain, &first, &last);
    if (in_turn)
        first = last = 0;
    for (int i = 0; i < state->units_used; i++) {
        const struct unit *unit = &state->units[i];

        if (unit->domain != domain || unit->life == LIFE_NONE)
            continue;
        if (unit->place == PLACE_READY && ((unit->cancel == CANCEL_YES && !in_turn) ||
                                           (unit->rank >= first && unit->rank <= last)))
            add_free(moves, MOVE_BEGIN, i, unit->rank > 0 ? FREEDOM_TURN : FREEDOM_INTERLEAVING);
        else if (unit->place == PLACE_WAITING &&
                 ((unit->wait == WAIT_END && all_children_ended(state, (uint8_t)i)) ||
                  (unit->wait == WAIT_PARENT && may_end_broken(step, (uint8_t)i))))
            add(moves, MOVE_END, i);
    }
}

/* Whether it is a task that has not ended, of a parent that has been cancelled. */
static bool has_cancelled_parent(const struct state *state, const struct unit *unit)
{
    const struct unit *parent;

    if ((unit->life != LIFE_SPAWNED && unit->life != LIFE_BEGUN && unit->life != LIFE_RETURNED) ||
        unit->parent >= state->units_used)
        return false;
    parent = &state->units[unit->parent];
    return is_child(unit, unit->parent) && parent->cancel == CANCEL_YES &&
           (parent->life == LIFE_BEGUN || parent->life == LIFE_RETURNED);
}

/* Whether the children of a cancelled task are still to be cancelled. */
static bool has_uncancelled(const struct state *state, uint8_t task)
{
    for (int i = 0; i < state->units_used; i++) {
        const struct unit *child = &state->units[i];

        if (is_child(child, task) && child->life != LIFE_ENDED && child->cancel == CANCEL_NO)
            return true;
    }
    return false;
}

static void add_news(const struct step *step, struct moves *moves)
{
    const struct state *state = step->state;

    for (int i = 0; i < state->units_used; i++) {
        const struct unit *unit = &state->units[i];

        if (unit->life == LIFE_NONE || unit->outer != NO_ONE)
            continue;
        if (unit->place == PLACE_COMING)
            add(moves, MOVE_READY, i);
        if (unit->cancel == CANCEL_TOLD)
            add(moves, MOVE_CANCEL, i);
        if (unit->life == LIFE_ENDED && !unit->known && i != state->main &&
            (!step->model->apart || end_matters(step, (uint8_t)i)))
            add(moves, MOVE_KNOW, i);
        if (unit->cancel == CANCEL_NO && !step->model->without[FREEDOM_DESCENT] &&
            has_cancelled_parent(state, unit))
            add_free(moves, MOVE_DESCEND, i, FREEDOM_DESCENT);
    }
    for (int i = 0; i < state->resources_used; i++)
        if (state->resources[i].phase == RESOURCE_MOVING && !step->model->without[FREEDOM_ARRIVAL])
            add_free(moves, MOVE_ARRIVE, i, FREEDOM_ARRIVAL);
}

static int sleep_of(const struct step *step, int unit)
{
    const struct unit *frame = &step->state->units[innermost(step->state, (uint8_t)unit)];

    return step->program->operations[step->program->tasks[frame->task].first + frame->at].value;
}

static void add_sleeps(const struct step *step, bool longs, struct moves *moves)
{
    const struct unit *units = step->state->units;
    enum freedom freedom = FREEDOM_INTERLEAVING; /* the first sleep that can be over takes none */

    for (int i = 0; i < step->state->units_used; i++) {
        bool first = true;

        if (units[i].place != PLACE_WAITING || units[i].wait != WAIT_SLEEP ||
            (sleep_of(step, i) >= LONG_SLEEP) != longs)
            continue;
        for (int j = 0; j < step->state->units_used && first; j++)
            first =
                units[j].place != PLACE_WAITING || units[j].wait != WAIT_SLEEP || i == j ||
                sleep_of(step, j) > sleep_of(step, i) ||
                (sleep_of(step, j) == sleep_of(step, i) && units[j].rank > units[i].rank) ||
                (!longs && (units[j].domain != units[i].domain || units[j].rank > units[i].rank));
        if (!first)
            continue;
        add_free(moves, MOVE_WAKE, i, freedom);
        freedom = FREEDOM_SLEEPERS;
        if (step->model->without[FREEDOM_SLEEPERS])
            return;
    }
}

/* ---- Taking one ---- */

static void hear(struct step *step, uint8_t unit)
{
    step->domain = unit_of(step, unit)->domain;
}

static void take(struct step *step, struct move move)
{
    switch (move.kind) {
    case MOVE_GO:
        take_turn(step, move.which);
        break;
    case MOVE_BEGIN:
        begin_turn(step, move.which);
        break;
    case MOVE_END:
        hear(step, move.which);
        unqueue(step->state, move.which);
        task_ends(step, move.which);
        break;
    case MOVE_READY:
        hear(step, move.which);
        queue_ready(step->state, move.which, false);
        break;
    case MOVE_CANCEL:
        hear(step, move.which);
        cancel_task(step, move.which);
        break;
    case MOVE_KNOW:
        hear(step, unit_of(step, move.which)->parent);
        end_is_known(step, move.which);
        break;
    case MOVE_DESCEND:
        hear(step, step->state->units[move.which].parent);
        tell_to_cancel(step, move.which);
        break;
    case MOVE_ARRIVE:
        resource_arrives(step, move.which);
        break;
    case MOVE_WAKE:
        hear(step, move.which);
        unqueue(step->state, move.which);
        queue_ready(step->state, move.which, false);
        break;
    default:
        break;
    }
}

void run_begins(struct step *step)
{
    struct state *state = step->state;

    for (int i = 0; i < MODEL_DOMAINS_MAX; i++)
        state->current[i] = NO_ONE;
    state->flag_count = (uint16_t)step->program->names[NAME_FLAG].count;
    state->main = unit_create(state, step->program->main_task, NO_ONE, 0);
    queue_ready(state, state->main, false);
}

/* Whether a move is only that a domain hears of something, and no other domain can tell when. */
static bool is_heard(const struct step *step, const struct move *move)
{
    const struct unit *unit = &step->state->units[move->which], *parent;

    switch (move->kind) {
    case MOVE_READY:
        return true;
    case MOVE_WAKE:
        return sleep_of(step, move->which) < LONG_SLEEP;
    case MOVE_CANCEL:
        return unit->life != LIFE_RETURNED && !has_uncancelled(step->state, move->which) &&
               !(unit->place == PLACE_WAITING && unit->wait >= WAIT_MUTEX);
    case MOVE_KNOW:
        parent = &step->state->units[unit->parent];
        return parent->place != PLACE_WAITING || parent->wait == WAIT_CHILDREN;
    default:
        return false;
    }
}

/* Take one of several moves. One that takes a freedom of its own takes no other. */
static void take_one(struct step *step, const struct moves *moves)
{
    const struct move *move = &moves->of[pick(step, FREEDOM_INTERLEAVING, moves->count)];
    bool heard;

    for (int i = 0; i < moves->count; i++)
        step->model->used[moves->of[i].freedom] |= moves->of[i].freedom != FREEDOM_INTERLEAVING;
    if (move->freedom != FREEDOM_INTERLEAVING)
        step->taken = 1u << move->freedom;
    heard = is_heard(step, move);
    take(step, *move);
    if (heard && !(step->taken & 1u << FREEDOM_HAND_ON))
        step->heard = (uint8_t)(step->domain + 1);
    if (move->kind == MOVE_READY)
        step->ready = (uint8_t)(move->which + 1);
}

static struct moves all_moves(const struct step *step)
{
    struct moves moves = {.step = step, .count = 0};

    for (int d = 0; d <= step->program->domains; d++)
        if (!(step->held & 1u << d))
            add_turns(step, (uint8_t)d, &moves);
    add_news(step, &moves);
    add_sleeps(step, false, &moves);
    return moves;
}

/* Whether no domain has anything left to do; what one has heard last may have been in vain. */
static bool is_at_rest(const struct step *step)
{
    struct step any = *step;

    any.focus = 0;
    return !step->held && all_moves(&any).count == 0;
}

/* Whether all that is left is to hear of things, perhaps in vain, on more than one domain. */
static bool only_hears(const struct step *step)
{
    struct step any = *step;
    struct moves moves = {.step = &any, .count = 0};

    any.focus = 0;
    for (int d = 0; d <= step->program->domains; d++)
        add_turns(&any, (uint8_t)d, &moves);
    return !step->held && moves.count == 0;
}

bool take_step(struct step *step)
{
    struct moves moves = all_moves(step);
    bool rests = moves.count == 0 && is_at_rest(step);

    if (moves.count == 0 && !rests && step->focus && only_hears(step)) {
        step->focus = 0;
        moves = all_moves(step);
    }
    if (rests) {
        step->focus = 0;
        add_sleeps(step, true, &moves);
    }
    if (moves.count > 0) {
        if (moves.count == MOVES_MAX)
            step->state->full = 1;
        take_one(step, &moves);
        return true;
    }
    if (!rests || unit_of(step, step->state->main)->cancel != CANCEL_NO)
        return false;
    end_early(step, OUTCOME_DEADLOCK); /* R13.1 */
    return true;
}
