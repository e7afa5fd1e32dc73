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
    MOVE_WAKE,    /* a sleep is over [R10.2] */
    MOVE_END_RUN, /* an answer is out of range [R13.7] */
    MOVE_DEADLOCK /* no task can ever go on [R13.1] */
};

struct move {
    uint8_t kind;
    uint8_t which;
    uint8_t freedom; /* that it takes; INTERLEAVING: none of its own */
};

enum { MOVES_MAX = 3 * MODEL_UNITS_MAX };

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

static bool may_follow(const struct step *step, enum move_kind kind, uint8_t which);

static void add_free(struct moves *moves, enum move_kind kind, int which, enum freedom freedom)
{
    const struct step *step = moves->step;

    if (step->focus && (step->focus != mover(step->state, kind, which) + 1 ||
                        !may_follow(step, kind, (uint8_t)which)))
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
    const struct unit *at[MODEL_UNITS_MAX];
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

/* Whether a move of a domain depends on what it has just heard, that a task is cancelled: that goes
 * on, or one behind it, or what is below it; or the domain hears of the next task that one behind
 * both would wait for. */
static bool may_follow(const struct step *step, enum move_kind kind, uint8_t which)
{
    const struct unit *unit = &step->state->units[which], *told;
    int first, last;

    if (!step->told)
        return true;
    told = &step->state->units[step->told - 1];
    if (unit->parent == step->told - 1)
        return true;
    switch (kind) {
    case MOVE_BEGIN:
        return unit == told || (unit->cancel != CANCEL_YES && unit->rank > told->rank);
    case MOVE_CANCEL:
        find_first(step->state, unit->domain, &first, &last);
        return unit->place == PLACE_READY && unit->rank == first && first > told->rank;
    default:
        return false;
    }
}

/* By which event a task is seen to begin that has not begun; -1: by none, or that is not known. */
static int begun_by(const struct step *step, const struct unit *unit)
{
    return step->begun && unit->life == LIFE_SPAWNED ? step->begun[unit->instance - 1] : -1;
}

/* Whether it is a task that is known never to begin. It makes no difference when its domain hears
 * that it is cancelled, nor, once it is, when it arrives: so the first of several may be the first.
 * Before that, it would only be in the way of others. */
static bool is_idle(const struct step *step, const struct unit *unit)
{
    return step->never && unit->life == LIFE_SPAWNED && begun_by(step, unit) < 0;
}

/* Whether a unit before it will never begin either, and stands just as it does: nobody could tell
 * the two apart. */
static bool is_behind_idle(const struct step *step, int which)
{
    const struct unit *unit = &step->state->units[which];

    for (int i = 0; i < which; i++) {
        const struct unit *other = &step->state->units[i];

        if (other->domain == unit->domain && other->place == unit->place &&
            other->cancel == unit->cancel && is_idle(step, other))
            return true;
    }
    return false;
}

/* Whether it is not the first of several children of a task that never begin, if that cannot tell
 * in which order they end: it has returned, or is on another domain, which hears of them in any. */
static bool ends_behind_idle(const struct step *step, int which)
{
    const struct unit *units = step->state->units, *unit = &units[which];
    bool all_alike =
        unit->parent < step->state->units_used &&
        (units[unit->parent].life == LIFE_RETURNED || units[unit->parent].domain != unit->domain);

    if (!all_alike || resource_newest(step->state, RESOURCE_OWNED, (uint8_t)which) != NO_ONE)
        return false;
    for (int i = 0; i < which; i++)
        if (units[i].parent == unit->parent && units[i].domain == unit->domain &&
            units[i].place == PLACE_READY && units[i].cancel == CANCEL_YES &&
            is_idle(step, &units[i]) &&
            resource_newest(step->state, RESOURCE_OWNED, (uint8_t)i) == NO_ONE)
            return true;
    return false;
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

        if (unit->domain != domain || unit->life == LIFE_NONE ||
            (unit->place == PLACE_READY && is_idle(step, unit) && ends_behind_idle(step, i)))
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

/* Of two tasks on their way to a domain, the one that is seen to begin there first may as well
 * arrive first. */
static bool is_overtaken(const struct step *step, const struct unit *unit)
{
    int begun = begun_by(step, unit);

    for (int i = 0; i < step->state->units_used && begun >= 0; i++) {
        const struct unit *other = &step->state->units[i];

        if (other->place == PLACE_COMING && other->domain == unit->domain &&
            begun_by(step, other) >= 0 && begun_by(step, other) < begun)
            return true;
    }
    return false;
}

/* Whether a task may as well arrive now, and no other first. */
static bool may_arrive(const struct step *step, int which)
{
    const struct unit *unit = &step->state->units[which];

    if (is_idle(step, unit))
        return unit->cancel == CANCEL_YES && !is_behind_idle(step, which);
    return !is_overtaken(step, unit);
}

static void add_news(const struct step *step, struct moves *moves)
{
    const struct state *state = step->state;

    for (int i = 0; i < state->units_used; i++) {
        const struct unit *unit = &state->units[i];

        if (unit->life == LIFE_NONE || unit->outer != NO_ONE)
            continue;
        if (unit->place == PLACE_COMING && may_arrive(step, i))
            add(moves, MOVE_READY, i);
        if (unit->cancel == CANCEL_TOLD && !(is_idle(step, unit) && is_behind_idle(step, i)))
            add(moves, MOVE_CANCEL, i);
        if (unit->life == LIFE_ENDED && !unit->known && i != state->main &&
            !(step->mute & 1u << unit->domain) &&
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

/* Whether a sleep is one that a program may call endless. */
static bool is_endless(const struct step *step, int unit)
{
    return step->model->long_sleeps == LONG_LAST && sleep_of(step, unit) >= LONG_SLEEP;
}

static bool sleeps(const struct unit *unit)
{
    return unit->place == PLACE_WAITING && unit->wait == WAIT_SLEEP;
}

/* Whether one sleep is over before another: it began no later and is no longer. Among endless ones
 * it is enough that it is shorter, and they are all over last. */
static bool is_over_before(const struct step *step, int i, int j)
{
    const struct unit *first = &step->state->units[i], *second = &step->state->units[j];
    int length = sleep_of(step, i), other = sleep_of(step, j);

    if (is_endless(step, i) || is_endless(step, j))
        return length < other || (length == other && first->rank < second->rank);
    return first->domain == second->domain && first->rank < second->rank && length <= other;
}

/* Add those sleeps that are shorter, or those that are not. */
static void add_sleeps(const struct step *step, bool longs, struct moves *moves)
{
    const struct unit *units = step->state->units;
    enum freedom freedom = FREEDOM_INTERLEAVING; /* the first sleep that can be over takes none */

    for (int i = 0; i < step->state->units_used; i++) {
        bool first = sleeps(&units[i]) && (sleep_of(step, i) >= LONG_SLEEP) == longs;

        for (int j = 0; j < step->state->units_used && first; j++)
            first = !sleeps(&units[j]) || !is_over_before(step, j, i);
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

/* Whether a task is in the queue of its domain, or will be there when it is cancelled, and it makes
 * no difference to others that it has been: not even to one that frees what the task was woken by.
 */
static bool is_of_no_concern(const struct step *step, uint8_t task)
{
    const struct unit *unit = &step->state->units[task];
    const struct unit *frame = &step->state->units[innermost(step->state, task)];
    const struct task *program = &step->program->tasks[frame->task];
    enum name_kind kind = NAME_FLAG;

    if (frame->at < program->count && frame->stage)
        kind = operation_names(step->program->operations[program->first + frame->at].kind);
    if ((kind >= NAME_MUTEX && kind <= NAME_COMPUTATION) || is_idle(step, unit))
        return false;
    return unit->place == PLACE_READY ||
           (unit->place == PLACE_WAITING && unit->wait == WAIT_CHILDREN);
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
        if (is_of_no_concern(step, move.which))
            step->cancelled = (uint8_t)(move.which + 1);
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
    case MOVE_END_RUN:
        hear(step, move.which);
        end_early(step, OUTCOME_INVALID);
        step->state->beyond = 1;
        break;
    case MOVE_DEADLOCK:
        end_early(step, OUTCOME_DEADLOCK);
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
    state->outside = NO_ONE;
    if (step->program->outside_task < 0) {
        spawn_main(state, step->program->main_task);
    } else {
        spawn_main(state, step->program->outside_task);
        state->outside = state->main;
    }
}

/* Whether a move is only that a domain hears of something, and no other domain can tell when. */
static bool is_heard(const struct step *step, const struct move *move)
{
    const struct unit *unit = &step->state->units[move->which], *parent;

    switch (move->kind) {
    case MOVE_READY:
        return true;
    case MOVE_WAKE:
        return sleep_of(step, move->which) < LONG_SLEEP ||
               step->model->long_sleeps == LONG_ANY_TIME;
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

static void find_moves(const struct step *step, struct moves *moves)
{
    moves->step = step;
    moves->count = 0;
    for (int d = 0; d <= step->program->domains; d++)
        if (!(step->held & 1u << d))
            add_turns(step, (uint8_t)d, moves);
    add_news(step, moves);
    add_sleeps(step, false, moves);
}

/* Whether all moves are of these kinds, a bit each. */
static bool are_all(const struct moves *moves, unsigned kinds)
{
    for (int i = 0; i < moves->count; i++)
        if (!(kinds >> moves->of[i].kind & 1))
            return false;
    return true;
}

/* Whether no domain has anything left to do but moves of these kinds; what one has heard last may
 * have been in vain. */
static bool is_at_rest(const struct step *step, unsigned but)
{
    struct step any = *step;
    struct moves moves;

    if (step->held)
        return false;
    any.focus = any.told = 0;
    any.never = false;
    find_moves(&any, &moves);
    return are_all(&moves, but);
}

/* Add the sleeps that a program may call endless, if they may be over now. A resource that may
 * arrive, a child that may be cancelled and a sleep need not keep them from that. */
static void add_long_sleeps(struct step *step, struct moves *moves)
{
    static const unsigned late = 1u << MOVE_ARRIVE | 1u << MOVE_DESCEND | 1u << MOVE_WAKE;
    enum long_sleeps when = step->model->long_sleeps;

    if (when == LONG_LAST || when == LONG_AT_REST) {
        if (!is_at_rest(step, when == LONG_AT_REST ? late : 0))
            return;
        step->focus = step->told = 0;
        find_moves(step, moves);
    }
    if (when != LONG_NEVER)
        add_sleeps(step, true, moves);
}

static bool any_sleeps(const struct state *state)
{
    for (int i = 0; i < state->units_used; i++)
        if (sleeps(&state->units[i]))
            return true;
    return false;
}

/* No task can ever go on [R13.1]. A resource that has been transferred may not have arrived. */
static void add_deadlock(struct step *step, struct moves *moves)
{
    static const unsigned late = 1u << MOVE_ARRIVE;

    if (unit_of(step, step->state->main)->cancel != CANCEL_NO || !are_all(moves, late) ||
        !is_at_rest(step, late))
        return;
    step->focus = step->told = 0;
    find_moves(step, moves);
    add(moves, MOVE_DEADLOCK, step->state->main);
}

/* Whether all that is left is to hear of things, perhaps in vain, on more than one domain. */
static bool only_hears(const struct step *step)
{
    struct step any = *step;
    struct moves moves;

    any.focus = any.told = 0;
    moves.step = &any;
    moves.count = 0;
    for (int d = 0; d <= step->program->domains; d++)
        add_turns(&any, (uint8_t)d, &moves);
    return !step->held && moves.count == 0;
}

bool take_step(struct step *step)
{
    struct moves moves;

    find_moves(step, &moves);
    if (moves.count == 0 && step->focus && !is_at_rest(step, 0) && only_hears(step)) {
        step->focus = step->told = 0;
        find_moves(step, &moves);
    }
    if (any_sleeps(step->state))
        add_long_sleeps(step, &moves);
    else
        add_deadlock(step, &moves);
    if (step->beyond)
        add(&moves, MOVE_END_RUN, step->state->main);
    if (moves.count == MOVES_MAX)
        step->state->full = 1;
    if (moves.count > 0)
        take_one(step, &moves);
    return moves.count > 0;
}
