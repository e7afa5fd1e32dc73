/* synchronisation: operations on mutexes, conditions, lazy values, triggers and computations,
 * chapter 9. */
#include "objects.h"
#include "operations.h"

static bool is_there(uint8_t object)
{
    return object != NO_ONE && object != STALE;
}

static uint8_t other_named(const struct turn *turn)
{
    return name_value(turn->state, turn->step->program, turn->frame,
                      operation_other_names(turn->operation->kind), turn->operation->other, 0);
}

static struct object *object_of(struct turn *turn, uint8_t object)
{
    return &turn->state->objects[object];
}

/* The object that the operation names; if there is none, the outcome is noted [R9.29]. */
static bool has_object(struct turn *turn, uint8_t *object)
{
    *object = named(turn);
    if (!is_there(*object))
        note_kind(turn, OUTCOME_INVALID);
    return is_there(*object);
}

bool do_make(struct turn *turn)
{
    enum name_kind kind = operation_names(turn->operation->kind);
    uint8_t object = object_create(turn->state, kind);

    if (object == NO_ONE)
        return true;
    if (kind == NAME_LAZY)
        object_of(turn, object)->task = (uint8_t)turn->operation->tasks[0];
    clear_name(turn->state, turn->step->program, turn->frame, kind, turn->operation->name);
    give_name(turn->state, turn->step->program, turn->frame, kind, turn->operation->name, object);
    note_kind(turn, OUTCOME_OK);
    return true;
}

/* Whether a task waits on an object. Of those that wait for a mutex after a signal it is said that
 * they wait on the mutex. */
static bool is_awaited(const struct state *state, uint8_t object)
{
    for (int i = 0; i < state->units_used; i++)
        if (state->units[i].place == PLACE_WAITING && state->units[i].wait >= WAIT_MUTEX &&
            state->units[i].on == object)
            return true;
    return false;
}

/* Whether a task of another domain has been cancelled while it waited for such an object, and has
 * not gone on. */
static bool is_left(const struct turn *turn, enum name_kind kind)
{
    for (int i = 0; i < turn->state->units_used; i++) {
        const struct unit *unit = &turn->state->units[i], *frame;
        const struct operation *op;

        if (unit->place != PLACE_READY || unit->cancel != CANCEL_YES ||
            unit->domain == turn->self->domain)
            continue;
        frame = &turn->state->units[innermost(turn->state, (uint8_t)i)];
        op = &turn->step->program
                  ->operations[turn->step->program->tasks[frame->task].first + frame->at];
        if (frame->stage && frame->at < turn->step->program->tasks[frame->task].count &&
            operation_names(op->kind) == kind)
            return true;
    }
    return false;
}

/* Whether a task holds the mutex, computes the lazy value, or completes the computation. It does so
 * while it calls an action, and perhaps longer. */
static bool is_used(const struct turn *turn, uint8_t place)
{
    const struct object *object = &turn->state->objects[place];

    if (object->kind != NAME_COMPUTATION || object->by == NO_ONE)
        return object->owner != NO_ONE;
    return (object->owner != NO_ONE && turn->state->units[object->owner].inner != NO_ONE) ||
           may(turn->step, FREEDOM_SIGNALLING);
}

bool do_unmake(struct turn *turn)
{
    uint8_t object;

    if (!has_object(turn, &object))
        return true;
    if (is_used(turn, object) || is_awaited(turn->state, object) ||
        (is_left(turn, operation_names(turn->operation->kind)) &&
         may(turn->step, FREEDOM_AWAITED))) { /* R9.10 */
        note_kind(turn, OUTCOME_BUSY);
        return true;
    }
    for (int i = 0; i < turn->state->objects_used; i++)
        if (turn->state->objects[i].kind == NAME_TRIGGER && turn->state->objects[i].to == object)
            turn->state->objects[i].to = NO_ONE;
    object_end(turn->state, object);
    note_kind(turn, OUTCOME_OK);
    return true;
}

/* ---- Mutexes ---- */

bool do_lock(struct turn *turn)
{
    uint8_t mutex;

    if (is_cancelled(turn)) { /* R9.7, R9.32 */
        pass_on(turn->step, turn->task);
        turn->unit->mutex = NO_ONE;
        return stop(turn);
    }
    if (!turn->unit->stage) {
        if (!has_object(turn, &mutex))
            return true;
        if (object_of(turn, mutex)->owner == turn->task) { /* R9.3 */
            note_kind(turn, OUTCOME_WOULD_DEADLOCK);
            return true;
        }
        turn->unit->mutex = mutex;
        if (object_of(turn, mutex)->owner != NO_ONE) {
            turn_waits(turn, WAIT_MUTEX, mutex, STAGE_WAITED);
            return false;
        }
        object_of(turn, mutex)->owner = turn->task; /* R9.1: at once */
    }
    if (turn_suspends(turn, STAGE_LENT))
        return false;
    turn->unit->mutex = NO_ONE;
    note_kind(turn, OUTCOME_OK);
    return true;
}

bool do_try_lock(struct turn *turn)
{
    uint8_t mutex;

    if (is_cancelled(turn)) /* R9.32 */
        return stop(turn);
    if (!has_object(turn, &mutex))
        return true;
    if (object_of(turn, mutex)->owner != NO_ONE) { /* R9.5 */
        note_kind(turn, OUTCOME_BUSY);
        return true;
    }
    object_of(turn, mutex)->owner = turn->task;
    note_kind(turn, OUTCOME_OK);
    return true;
}

bool do_unlock(struct turn *turn)
{
    uint8_t mutex;

    if (!has_object(turn, &mutex))
        return true;
    if (object_of(turn, mutex)->owner != turn->task) { /* R9.4 */
        note_kind(turn, OUTCOME_NOT_PERMITTED);
        return true;
    }
    hand_mutex(turn->step, mutex, false);
    note_kind(turn, OUTCOME_OK);
    return true;
}

/* ---- Conditions ---- */

/* The call has failed: a signal that had woken the task goes to another [R9.15]. */
static bool wait_fails(struct turn *turn, enum outcome_kind why)
{
    pass_on(turn->step, turn->task);
    turn->unit->mutex = turn->unit->condition = NO_ONE;
    note_kind(turn, why);
    return true;
}

/* A task that has been woken needs the mutex [R9.11]. */
static bool wait_goes_on(struct turn *turn)
{
    uint8_t mutex = turn->unit->mutex;

    if (is_cancelled(turn))
        return wait_fails(turn, OUTCOME_STOPPED);
    if (mutex == STALE)
        return wait_fails(turn, OUTCOME_INVALID);
    if (object_of(turn, mutex)->owner != NO_ONE && object_of(turn, mutex)->owner != turn->task) {
        turn_waits(turn, WAIT_MUTEX, mutex, turn->unit->stage);
        return false;
    }
    object_of(turn, mutex)->owner = turn->task;
    turn->unit->mutex = turn->unit->condition = NO_ONE;
    note_kind(turn, OUTCOME_OK);
    return true;
}

void release_mutex(struct turn *turn)
{
    uint8_t mutex = other_named(turn);

    if (is_there(mutex) && object_of(turn, mutex)->owner == turn->task)
        hand_mutex(turn->step, mutex, false);
}

bool do_wait(struct turn *turn)
{
    uint8_t condition = named(turn), mutex = other_named(turn);
    bool holds = is_there(mutex) && object_of(turn, mutex)->owner == turn->task;
    uint64_t errors = 0;

    if (turn->unit->stage)
        return wait_goes_on(turn);
    if (!is_there(condition) || !is_there(mutex))
        errors |= error(OUTCOME_INVALID);
    if (is_there(mutex) && !holds) /* R9.14 */
        errors |= error(OUTCOME_NOT_PERMITTED);
    release_mutex(turn); /* also if the call fails */
    if (is_cancelled(turn))
        return stop(turn);
    if (errors) {
        note_kind(turn, pick_error(turn, errors));
        return true;
    }
    turn->unit->condition = condition;
    turn->unit->mutex = mutex;
    turn_waits(turn, WAIT_CONDITION, condition, STAGE_WAITED);
    return false;
}

bool do_signal(struct turn *turn)
{
    uint8_t condition;

    if (has_object(turn, &condition)) {
        signal_condition(turn->step, condition, false, STAGE_SIGNALLED); /* R9.12 */
        note_kind(turn, OUTCOME_OK);
    }
    return true;
}

bool do_broadcast(struct turn *turn)
{
    uint8_t condition;
    bool with = false;

    if (!has_object(turn, &condition))
        return true;
    while (first_waiting(turn->state, WAIT_CONDITION, condition) != NO_ONE) { /* R9.13 */
        signal_condition(turn->step, condition, with, STAGE_BROADCAST);
        with = true;
    }
    note_kind(turn, OUTCOME_OK);
    return true;
}

/* ---- Lazy values ---- */

static void note_given(struct turn *turn, struct ending ending)
{
    note(turn, (struct outcome){(enum outcome_kind)ending.kind, ending.value});
}

/* The function has returned [R9.18, R9.21]. */
static bool computation_ends(struct turn *turn)
{
    uint8_t lazy = turn->unit->chosen;

    if (is_cancelled(turn)) {
        choose_computer(turn->step, lazy);
        return stop(turn);
    }
    object_of(turn, lazy)->owner = NO_ONE;
    object_of(turn, lazy)->done = true;
    object_of(turn, lazy)->ending = turn->unit->given;
    wake_all(turn->step, WAIT_LAZY, lazy, turn->unit->given, false);
    note_given(turn, turn->unit->given);
    return true;
}

/* The task is the one that computes the value. The function begins, as a part of it [R9.17]. */
static bool compute(struct turn *turn)
{
    if (may(turn->step, FREEDOM_SUSPENDS))
        turn_yields(turn, STAGE_TAKEN);
    else
        begin_part(turn, object_of(turn, turn->unit->chosen)->task, STAGE_PART);
    return false;
}

static bool force_anew(struct turn *turn)
{
    uint8_t lazy;

    if (!has_object(turn, &lazy))
        return true;
    if (object_of(turn, lazy)->done) {
        turn->unit->given = object_of(turn, lazy)->ending;
        if (turn_suspends(turn, STAGE_KNOWN))
            return false;
        note_given(turn, turn->unit->given);
        return true;
    }
    if (object_of(turn, lazy)->owner == turn->task) { /* R9.19 */
        note_kind(turn, OUTCOME_UNDEFINED);
        return true;
    }
    if (object_of(turn, lazy)->owner != NO_ONE) { /* R9.20 */
        turn->unit->chosen = lazy;
        turn_waits(turn, WAIT_LAZY, lazy, STAGE_WAITED);
        return false;
    }
    object_of(turn, lazy)->owner = turn->task; /* R9.17: it forces the value first */
    turn->unit->chosen = lazy;
    return compute(turn);
}

bool do_force(struct turn *turn)
{
    if (turn->unit->stage == STAGE_PART)
        return computation_ends(turn);
    if (is_cancelled(turn)) {
        pass_on(turn->step, turn->task);
        return stop(turn);
    }
    switch (turn->unit->stage) {
    case STAGE_KNOWN:
        if (turn_suspends(turn, STAGE_KNOWN))
            return false; /* fall through */
    case STAGE_VALUE:
        note_given(turn, turn->unit->given);
        return true;
    case STAGE_CHOSEN:
    case STAGE_TAKEN:
        return compute(turn);
    default:
        return force_anew(turn);
    }
}

/* ---- Triggers ---- */

/* Whether a task awaits a trigger, or an action or a canceller has been attached to it. */
static bool is_taken(struct turn *turn, uint8_t trigger)
{
    return is_awaited(turn->state, trigger) || object_of(turn, trigger)->task != NO_ONE ||
           object_of(turn, trigger)->from != NO_ONE;
}

bool do_await_trigger(struct turn *turn)
{
    uint8_t trigger;

    if (is_cancelled(turn))
        return stop(turn);
    if (!turn->unit->stage) {
        if (!has_object(turn, &trigger))
            return true;
        if (!object_of(turn, trigger)->done && is_taken(turn, trigger)) { /* R9.23, R9.28 */
            note_kind(turn, OUTCOME_BUSY);
            return true;
        }
        if (!object_of(turn, trigger)->done) {
            turn_waits(turn, WAIT_TRIGGER, trigger, STAGE_WAITED);
            return false;
        }
    }
    if (turn_suspends(turn, STAGE_LENT)) /* R9.22 */
        return false;
    note_kind(turn, OUTCOME_OK);
    return true;
}

/* What is left to do when something has been signalled, is done; then the call returns 0. */
static bool signal_on(struct turn *turn)
{
    if (!signal_all(turn))
        return false;
    note_kind(turn, OUTCOME_OK);
    return true;
}

bool do_signal_trigger(struct turn *turn)
{
    uint8_t trigger;

    if (turn->unit->stage)
        return signal_on(turn);
    if (!has_object(turn, &trigger))
        return true;
    if (!object_of(turn, trigger)->done)
        object_of(turn, trigger)->by = turn->frame;
    return signal_on(turn);
}

bool do_on_signal(struct turn *turn) /* R9.24 */
{
    uint8_t trigger;

    if (!has_object(turn, &trigger))
        return true;
    if (object_of(turn, trigger)->done) {
        note_kind(turn, OUTCOME_ALREADY);
    } else if (is_taken(turn, trigger)) { /* R9.23 */
        note_kind(turn, OUTCOME_BUSY);
    } else {
        object_of(turn, trigger)->task = (uint8_t)turn->operation->tasks[0];
        note_kind(turn, OUTCOME_OK);
    }
    return true;
}

/* ---- Computations ---- */

bool do_await_computation(struct turn *turn)
{
    uint8_t computation;

    if (is_cancelled(turn))
        return stop(turn);
    if (!turn->unit->stage) {
        if (!has_object(turn, &computation))
            return true;
        if (!object_of(turn, computation)->done) { /* R9.26 */
            turn_waits(turn, WAIT_COMPUTATION, computation, STAGE_WAITED);
            return false;
        }
        turn->unit->given = object_of(turn, computation)->ending;
    }
    if (turn_suspends(turn, STAGE_LENT))
        return false;
    note_given(turn, turn->unit->given);
    return true;
}

bool do_complete(struct turn *turn)
{
    const struct operation *op = turn->operation;
    struct ending ending = {op->other >= 0 ? OUTCOME_FAILED : OUTCOME_OK,
                            op->other >= 0 ? op->other : op->value};
    uint8_t computation;

    if (turn->unit->stage)
        return signal_on(turn);
    if (!has_object(turn, &computation))
        return true;
    if (object_of(turn, computation)->done) { /* R9.25 */
        note_kind(turn, OUTCOME_ALREADY);
        return true;
    }
    complete(turn->step, computation, ending, turn->frame);
    object_of(turn, computation)->owner = turn->frame; /* R9.10 */
    return signal_on(turn);
}

bool do_canceller(struct turn *turn) /* R9.28 */
{
    const struct operation *op = turn->operation;
    const struct program *program = turn->step->program;
    uint8_t from = other_named(turn), trigger;
    uint8_t into = name_value(turn->state, program, turn->frame, NAME_COMPUTATION, op->third, 0);

    if (!is_there(from) || !is_there(into)) {
        note_kind(turn, OUTCOME_INVALID);
        return true;
    }
    if (!do_make(turn) || turn->state->full)
        return true;
    trigger = named(turn);
    object_of(turn, trigger)->from = from;
    object_of(turn, trigger)->into = into;
    return true;
}

bool do_peek(struct turn *turn)
{
    uint8_t computation;

    if (!has_object(turn, &computation))
        return true;
    if (object_of(turn, computation)->done)
        note_given(turn, object_of(turn, computation)->ending);
    else
        note_kind(turn, OUTCOME_RUNNING);
    return true;
}

bool do_attach(struct turn *turn)
{
    uint8_t computation, trigger = other_named(turn);

    if (!has_object(turn, &computation))
        return true;
    if (!is_there(trigger)) {
        note_kind(turn, OUTCOME_INVALID);
    } else if (object_of(turn, computation)->done || object_of(turn, trigger)->done) {
        note_kind(turn, OUTCOME_ALREADY); /* R9.27 */
    } else if (object_of(turn, trigger)->to != NO_ONE) {
        note_kind(turn, OUTCOME_BUSY);
    } else {
        object_of(turn, trigger)->to = computation;
        note_kind(turn, OUTCOME_OK);
    }
    return true;
}

bool do_detach(struct turn *turn)
{
    uint8_t computation, trigger = other_named(turn);

    if (turn->unit->stage)
        return signal_on(turn);
    if (!has_object(turn, &computation))
        return true;
    if (!is_there(trigger) || object_of(turn, trigger)->to != computation) {
        note_kind(turn, OUTCOME_INVALID);
        return true;
    }
    object_of(turn, trigger)->to = NO_ONE;
    if (!object_of(turn, trigger)->done)
        object_of(turn, trigger)->by = turn->frame;
    return signal_on(turn);
}
