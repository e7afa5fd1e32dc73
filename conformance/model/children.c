/* children: operations on children, here and on other domains, and on orphanages: chapters 2, 3, 4
 * and 8. */
#include "ends.h"
#include "objects.h"
#include "operations.h"

bool stop(struct turn *turn)
{
    note_kind(turn, OUTCOME_STOPPED);
    return true;
}

static void note_ending(struct turn *turn, uint8_t child)
{
    const struct unit *unit = &turn->state->units[child];

    note(turn, (struct outcome){(enum outcome_kind)unit->ending.kind, unit->ending.value});
}

/* The child need not be awaited any more, and what it has transferred is its parent's [R5.14]. */
static void settle(struct turn *turn, uint8_t child)
{
    struct state *state = turn->state;
    uint8_t oldest;

    turn->state->units[child].settled = true;
    do {
        oldest = NO_ONE;
        for (int i = 0; i < state->resources_used; i++)
            if (state->resources[i].phase == RESOURCE_MOVING && state->resources[i].from == child &&
                (oldest == NO_ONE || state->resources[i].rank < state->resources[oldest].rank))
                oldest = (uint8_t)i;
        if (oldest != NO_ONE)
            resource_arrives(turn->step, oldest);
    } while (oldest != NO_ONE);
}

/* Why a promise is refused; 0: it is not [R2.6, R2.11]. */
static uint64_t promise_errors(const struct turn *turn, uint8_t promise)
{
    if (promise == NO_ONE || promise == STALE)
        return error(OUTCOME_INVALID);
    return turn->state->units[promise].parent == turn->task ? 0 : error(OUTCOME_NOT_A_CHILD);
}

/* ---- Spawning ---- */

/* The domains to which a task can be called from here: bits [R4.3, R4.4]. */
static unsigned targets(const struct turn *turn)
{
    unsigned all = 0;

    for (int i = 1; i <= turn->step->program->domains; i++)
        if (i != turn->self->domain)
            all |= 1u << i;
    return all;
}

static uint8_t pick_domain(struct turn *turn, enum freedom freedom, unsigned domains)
{
    int skip = pick(turn->step, freedom, __builtin_popcount(domains));

    while (skip-- > 0)
        domains &= domains - 1;
    return (uint8_t)__builtin_ctz(domains);
}

/* Where the orphanage of an operation is; the errors of naming another's, or none [R3.7]. */
static uint64_t orphanage_errors(const struct turn *turn, uint8_t orphanage)
{
    if (orphanage == NO_ONE || orphanage == STALE ||
        turn->state->objects[orphanage].owner != turn->task)
        return error(OUTCOME_INVALID);
    return 0;
}

static uint64_t give_errors(const struct turn *turn)
{
    const struct operation *op = turn->operation;
    uint64_t errors = 0;
    uint8_t given[PROGRAM_TASKS_MAX];

    for (int i = 0; i < op->give_count; i++) {
        given[i] = name_value(turn->state, turn->step->program, turn->frame, NAME_RESOURCE,
                              op->give[i], 0);
        if (given[i] == NO_ONE) /* R5.23 */
            errors |= error(OUTCOME_INVALID) | error(OUTCOME_NOT_OWNER);
        else if (given[i] == STALE || turn->state->resources[given[i]].phase != RESOURCE_OWNED ||
                 turn->state->resources[given[i]].owner != turn->task)
            errors |= error(OUTCOME_NOT_OWNER);
        for (int j = 0; j < i; j++) /* R5.13 */
            if (given[i] == given[j])
                errors |= error(OUTCOME_NOT_OWNER);
    }
    return errors;
}

static uint64_t spawn_errors(const struct turn *turn, uint8_t orphanage)
{
    const struct operation *op = turn->operation;
    uint64_t errors = give_errors(turn);
    int pin = op->pin == PIN_SELF ? turn->self->domain : op->pin;

    if (op->orphans >= 0)
        errors |= orphanage_errors(turn, orphanage);
    else if (op->bind < 0) /* R2.16 */
        errors |= error(OUTCOME_INVALID);
    if (op->kind == OP_CALL && !targets(turn)) /* R4.5, R4.6 */
        errors |= error(OUTCOME_NO_DOMAIN_AVAILABLE);
    if (op->kind == OP_CALL && op->pin != PIN_NONE &&
        (pin > turn->step->program->domains || !(targets(turn) & 1u << pin))) /* R4.8 */
        errors |= error(OUTCOME_INVALID);
    return errors;
}

/* Whether a task, or one above it, is cancelled, or will be. */
static bool is_cancelled_above(const struct state *state, uint8_t task)
{
    for (; task != NO_ONE; task = state->units[task].parent)
        if (state->units[task].cancel != CANCEL_NO)
            return true;
    return false;
}

/* A new child, ready on its domain; the operation spawns several in order. NO_ONE: there is no
 * room.
 */
static uint8_t spawn(struct turn *turn, int which, uint8_t domain)
{
    const struct operation *op = turn->operation;
    uint8_t child = unit_create(turn->state, op->tasks[which], turn->task, domain);
    int before = (int)turn->unit->round * op->task_count + which;

    if (child == NO_ONE)
        return child;
    if (turn->step->model->apart)
        emit_of(turn->step, EVENT_SPAWN, (int)(op - turn->step->program->operations), child,
                turn->unit->instance, (uint32_t)before);
    if (is_cancelled_above(turn->state, turn->task) && may(turn->step, FREEDOM_DESCENT))
        queue_waiting(turn->state, child, WAIT_START, NO_ONE); /* R2.24 */
    else
        make_ready(turn->step, child, false);
    return child;
}

static void give_to(struct turn *turn, uint8_t child)
{
    const struct operation *op = turn->operation;

    for (int i = 0; i < op->give_count; i++) /* R5.11 */
        resource_move(turn->state,
                      name_value(turn->state, turn->step->program, turn->frame, NAME_RESOURCE,
                                 op->give[i], 0),
                      RESOURCE_OWNED, child);
}

/* Bind what an operation hands out, if anything; its name stands for what it had before only if the
 * operation is repeated. */
static void hand_out(struct turn *turn, uint8_t promise)
{
    const struct program *program = turn->step->program;

    if (turn->operation->bind < 0)
        return;
    if (turn->unit->round == 0)
        clear_name(turn->state, program, turn->frame, NAME_PROMISE, turn->operation->bind);
    if (promise != NO_ONE)
        give_name(turn->state, program, turn->frame, NAME_PROMISE, turn->operation->bind, promise);
}

bool do_spawn(struct turn *turn)
{
    const struct operation *op = turn->operation;
    uint8_t domain = turn->self->domain, orphanage = NO_ONE, child;
    uint64_t errors;

    if (turn->unit->stage == STAGE_WAITED) { /* a call: only now does its name stand for it */
        hand_out(turn, turn->unit->chosen);
        note_kind(turn, OUTCOME_OK);
        return true;
    }
    if (is_cancelled(turn)) {
        hand_out(turn, NO_ONE);
        return stop(turn);
    }
    if (op->orphans >= 0)
        orphanage = name_value(turn->state, turn->step->program, turn->frame, NAME_ORPHANAGE,
                               op->orphans, 0);
    errors = spawn_errors(turn, orphanage);
    if (errors) {
        hand_out(turn, NO_ONE);
        note_kind(turn, pick_error(turn, errors));
        return true;
    }
    if (op->kind == OP_CALL && op->pin != PIN_NONE)
        domain = (uint8_t)op->pin;
    else if (op->kind == OP_CALL)
        domain = pick_domain(turn, FREEDOM_TARGET, targets(turn));
    child = spawn(turn, 0, domain);
    if (child == NO_ONE)
        return true;
    turn->state->units[child].orphanage = orphanage;
    give_to(turn, child);
    if (op->kind == OP_CALL && op->bind >= 0 &&
        turn->step->program->names[NAME_PROMISE].of[op->bind].shared) {
        turn->unit->chosen = child;
        turn->unit->stage = STAGE_WAITED;
        return false;
    }
    hand_out(turn, child);
    note_kind(turn, OUTCOME_OK);
    return true;
}

/* ---- miou_parallel ---- */

/* The numbers of tasks on any two domains differ by at most one [R4.10]. */
static void spread(struct turn *turn, unsigned domains)
{
    int count = turn->operation->task_count, over = count % __builtin_popcount(domains);
    int least = count / __builtin_popcount(domains), on[MODEL_DOMAINS_MAX] = {0};

    for (int i = 0; i < count; i++) {
        unsigned open = 0;
        uint8_t domain, child;

        for (int d = 1; d < MODEL_DOMAINS_MAX; d++)
            if (domains & 1u << d && (on[d] < least || (on[d] == least && over > 0)))
                open |= 1u << d;
        domain = pick_domain(turn, FREEDOM_SPREAD, open);
        over -= on[domain]++ == least;
        child = spawn(turn, i, domain);
        if (child != NO_ONE)
            turn->state->units[child].number = (uint8_t)(i + 1);
    }
}

static void take_outcomes(struct turn *turn)
{
    for (int number = 1; number <= turn->operation->task_count; number++)
        for (int i = 0; i < turn->state->units_used; i++) {
            const struct unit *child = &turn->state->units[i];

            if (!is_child(child, turn->task) || child->number != number)
                continue;
            settle(turn, (uint8_t)i);
            note_ending(turn, (uint8_t)i);
            unit_drop(turn->state, (uint8_t)i);
        }
}

bool do_parallel(struct turn *turn)
{
    if (is_cancelled(turn)) /* R4.21 */
        return stop(turn);
    if (turn->unit->stage) {
        take_outcomes(turn);
        return true;
    }
    if (turn->operation->task_count == 0) /* R4.11 */
        return true;
    if (!targets(turn)) { /* R4.12 */
        note_kind(turn, OUTCOME_NO_DOMAIN_AVAILABLE);
        return true;
    }
    spread(turn, targets(turn));
    turn_waits(turn, WAIT_CHILDREN, NO_ONE, STAGE_WAITED);
    return false;
}

/* ---- One child ---- */

bool do_await(struct turn *turn)
{
    uint8_t child = turn->unit->stage ? turn->unit->chosen : named(turn);
    uint64_t errors;

    if (is_cancelled(turn))
        return stop(turn);
    if (!turn->unit->stage && (errors = promise_errors(turn, child)) != 0) {
        note_kind(turn, pick_error(turn, errors));
        return true;
    }
    turn->unit->chosen = child;
    if (!has_ended(turn->state, child)) {
        turn_waits(turn, WAIT_CHILDREN, child, STAGE_WAITED);
        return false;
    }
    if (turn_suspends(turn, STAGE_LENT))
        return false;
    settle(turn, child);
    note_ending(turn, child);
    return true;
}

bool do_cancel(struct turn *turn)
{
    uint8_t child = turn->unit->stage ? turn->unit->chosen : named(turn);
    uint64_t errors;

    if (is_cancelled(turn)) /* R2.26 */
        return stop(turn);
    if (!turn->unit->stage && (errors = promise_errors(turn, child)) != 0) {
        note_kind(turn, pick_error(turn, errors));
        return true;
    }
    turn->unit->chosen = child;
    if (!has_ended(turn->state, child))
        tell_to_cancel(turn->step, child);
    if (!has_ended(turn->state, child)) {
        turn_waits(turn, WAIT_CHILDREN, child, STAGE_WAITED);
        return false;
    }
    if (turn_suspends(turn, STAGE_LENT))
        return false;
    turn->state->units[child].ending = (struct ending){OUTCOME_CANCELLED, 0}; /* R2.13 */
    settle(turn, child);
    note_kind(turn, OUTCOME_OK);
    return true;
}

bool do_free(struct turn *turn)
{
    uint8_t child = named(turn);
    uint64_t errors = promise_errors(turn, child);

    if (errors) {
        note_kind(turn, pick_error(turn, errors));
    } else if (!turn->state->units[child].settled) { /* R2.15 */
        note_kind(turn, OUTCOME_BUSY);
    } else {
        unit_drop(turn->state, child);
        note_kind(turn, OUTCOME_OK);
    }
    return true;
}

bool do_state(struct turn *turn)
{
    uint8_t child = named(turn);
    uint64_t errors = promise_errors(turn, child);

    if (errors)
        note_kind(turn, pick_error(turn, errors));
    else if (!has_ended(turn->state, child)) /* R8.12 */
        note_kind(turn, OUTCOME_RUNNING);
    else
        note_kind(turn, turn->state->units[child].ending.kind == OUTCOME_OK ? OUTCOME_FINISHED
                                                                            : OUTCOME_EXITED);
    return true;
}

/* ---- Several children ---- */

static bool child_listed(const struct turn *turn, int n, uint8_t *child)
{
    return listed(turn->state, turn->step->program, turn->frame, turn->operation, n, child);
}

static uint64_t list_errors(const struct turn *turn)
{
    uint64_t errors = 0;
    uint8_t child;

    for (int i = 0; child_listed(turn, i, &child); i++) /* R8.10 */
        errors |= promise_errors(turn, child);
    return errors;
}

bool do_await_all(struct turn *turn)
{
    uint64_t errors;
    uint8_t child;

    if (is_cancelled(turn)) /* R8.11 */
        return stop(turn);
    if (!turn->unit->stage && (errors = list_errors(turn)) != 0) {
        note_kind(turn, pick_error(turn, errors));
        return true;
    }
    for (int i = 0; child_listed(turn, i, &child); i++)
        if (!has_ended(turn->state, child)) {
            turn_waits(turn, WAIT_CHILDREN, NO_ONE, STAGE_WAITED);
            return false;
        }
    if (turn_suspends(turn, STAGE_LENT))
        return false;
    for (int i = 0; child_listed(turn, i, &child); i++) {
        settle(turn, child);
        note_ending(turn, child);
    }
    return true;
}

/* The child that is taken of those listed; NO_ONE: none has ended [R8.5]. */
static uint8_t pick_child(struct turn *turn)
{
    uint8_t found[2][MODEL_UNITS_MAX], child;
    bool seen[MODEL_UNITS_MAX] = {false};
    int counts[2] = {0};

    for (int i = 0; child_listed(turn, i, &child); i++) {
        bool value = turn->state->units[child].ending.kind == OUTCOME_OK;

        if (!has_ended(turn->state, child) || seen[child])
            continue;
        seen[child] = true;
        found[value][counts[value]++] = child;
    }
    if (counts[1] + counts[0] == 0)
        return NO_ONE;
    return found[counts[1] > 0][pick(turn->step, FREEDOM_TAKEN, counts[counts[1] > 0])];
}

/* The others are cancelled [R8.6]. Returns whether all of them have ended. */
static bool cancel_others(struct turn *turn)
{
    bool ended = true;
    uint8_t child;

    for (int i = 0; child_listed(turn, i, &child); i++)
        if (!has_ended(turn->state, child)) {
            tell_to_cancel(turn->step, child);
            ended = has_ended(turn->state, child) && ended;
        }
    return ended;
}

static void settle_others(struct turn *turn)
{
    uint8_t child;

    for (int i = 0; child_listed(turn, i, &child); i++) {
        if (child != turn->unit->chosen)
            turn->state->units[child].ending = (struct ending){OUTCOME_CANCELLED, 0};
        settle(turn, child);
    }
}

bool do_await_some(struct turn *turn)
{
    uint64_t errors;
    uint8_t child;

    if (is_cancelled(turn)) /* R8.11 */
        return stop(turn);
    if (!turn->unit->stage) {
        errors = list_errors(turn);
        if (!child_listed(turn, 0, &child)) /* R8.8 */
            errors |= error(OUTCOME_INVALID);
        if (errors) {
            note_kind(turn, pick_error(turn, errors));
            return true;
        }
    }
    if (turn->unit->chosen == NO_ONE) {
        child = pick_child(turn);
        if (child == NO_ONE) {
            turn_waits(turn, WAIT_CHILDREN, NO_ONE, STAGE_WAITED);
            return false;
        }
        if (turn_suspends(turn, STAGE_LENT))
            return false;
        turn->unit->chosen = child;
    }
    if (turn->operation->kind == OP_AWAIT_FIRST) {
        if (!cancel_others(turn)) {
            turn_waits(turn, WAIT_CHILDREN, NO_ONE, STAGE_WAITED);
            return false;
        }
        settle_others(turn);
    }
    settle(turn, turn->unit->chosen);
    note_ending(turn, turn->unit->chosen);
    return true;
}

/* ---- Orphanages ---- */

bool do_orphans(struct turn *turn)
{
    uint8_t orphanage = object_create(turn->state, NAME_ORPHANAGE);

    if (orphanage == NO_ONE)
        return true;
    turn->state->objects[orphanage].owner = turn->task;
    clear_name(turn->state, turn->step->program, turn->frame, NAME_ORPHANAGE,
               turn->operation->name);
    give_name(turn->state, turn->step->program, turn->frame, NAME_ORPHANAGE, turn->operation->name,
              orphanage);
    note_kind(turn, OUTCOME_OK);
    return true;
}

/* The children in an orphanage, or only those that have ended. Returns how many. */
static int orphans_in(const struct turn *turn, uint8_t orphanage, bool ended, uint8_t *children)
{
    int count = 0;

    for (int i = 0; i < turn->state->units_used; i++) {
        const struct unit *unit = &turn->state->units[i];

        if (is_child(unit, turn->task) && unit->orphanage == orphanage &&
            (!ended || has_ended(turn->state, (uint8_t)i)))
            children[count++] = (uint8_t)i;
    }
    return count;
}

/* One of the children leaves its orphanage. */
static bool leave_orphanage(struct turn *turn, enum freedom freedom, const uint8_t *children,
                            int count, enum outcome_kind outcome)
{
    uint8_t child = children[pick(turn->step, freedom, count)];

    turn->state->units[child].orphanage = NO_ONE;
    hand_out(turn, child);
    note_kind(turn, outcome);
    return true;
}

static bool hand_out_nothing(struct turn *turn, enum outcome_kind outcome)
{
    hand_out(turn, NO_ONE);
    note_kind(turn, outcome);
    return true;
}

bool do_care(struct turn *turn)
{
    uint8_t children[MODEL_UNITS_MAX], orphanage = named(turn);
    int ended;

    if (is_cancelled(turn)) {
        hand_out(turn, NO_ONE);
        return stop(turn);
    }
    if (orphanage_errors(turn, orphanage))
        return hand_out_nothing(turn, OUTCOME_INVALID);
    ended = orphans_in(turn, orphanage, true, children);
    if (ended > 0) /* R3.3, R3.4 */
        return leave_orphanage(turn, FREEDOM_HANDED, children, ended, OUTCOME_ENDED);
    return hand_out_nothing(turn, orphans_in(turn, orphanage, false, children) ? OUTCOME_RUNNING
                                                                               : OUTCOME_EMPTY);
}

bool do_take(struct turn *turn)
{
    uint8_t children[MODEL_UNITS_MAX], orphanage = named(turn);
    int count;

    if (is_cancelled(turn)) { /* R3.23 */
        hand_out(turn, NO_ONE);
        return stop(turn);
    }
    if (orphanage_errors(turn, orphanage))
        return hand_out_nothing(turn, OUTCOME_INVALID);
    count = orphans_in(turn, orphanage, false, children);
    if (count > 0) /* R3.17 */
        return leave_orphanage(turn, FREEDOM_ANY_ORPHAN, children, count, OUTCOME_TAKEN);
    return hand_out_nothing(turn, OUTCOME_EMPTY);
}

bool do_get(struct turn *turn)
{
    uint8_t children[MODEL_UNITS_MAX];
    uint8_t orphanage = turn->unit->stage ? turn->unit->chosen : named(turn), child;
    int ended;

    if (is_cancelled(turn)) /* R3.23 */
        return stop(turn);
    if (orphanage_errors(turn, orphanage)) {
        note_kind(turn, OUTCOME_INVALID);
        return true;
    }
    turn->unit->chosen = orphanage;
    if (orphans_in(turn, orphanage, false, children) == 0) {
        if (turn_suspends(turn, STAGE_LENT))
            return false;
        note_kind(turn, OUTCOME_EMPTY);
        return true;
    }
    ended = orphans_in(turn, orphanage, true, children);
    if (ended == 0) { /* R3.20 */
        turn_waits(turn, WAIT_CHILDREN, NO_ONE, STAGE_WAITED);
        return false;
    }
    if (turn_suspends(turn, STAGE_LENT))
        return false;
    child = children[pick(turn->step, FREEDOM_HANDED, ended)];
    settle(turn, child);
    note_ending(turn, child);
    unit_drop(turn->state, child); /* R3.19 */
    return true;
}

bool do_length(struct turn *turn)
{
    uint8_t children[MODEL_UNITS_MAX], orphanage = named(turn);

    if (orphanage_errors(turn, orphanage)) /* R3.22 */
        note_kind(turn, OUTCOME_INVALID);
    else
        note(turn, (struct outcome){OUTCOME_OK, orphans_in(turn, orphanage, false, children)});
    return true;
}

bool do_free_orphans(struct turn *turn)
{
    uint8_t children[MODEL_UNITS_MAX], orphanage = named(turn);

    if (orphanage_errors(turn, orphanage)) {
        note_kind(turn, OUTCOME_INVALID);
    } else if (orphans_in(turn, orphanage, false, children) > 0) { /* R3.13 */
        note_kind(turn, OUTCOME_BUSY);
    } else {
        object_end(turn->state, orphanage);
        note_kind(turn, OUTCOME_OK);
    }
    return true;
}
