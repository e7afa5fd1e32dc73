/* objects: mutexes, conditions, lazy values and triggers wake the tasks that wait for them. */
#include "objects.h"

void hand_mutex(struct step *step, uint8_t mutex, bool with)
{
    uint8_t next = first_waiting(step->state, WAIT_MUTEX, mutex);

    step->state->objects[mutex].owner = next;
    if (next == NO_ONE)
        return;
    unqueue(step->state, next);
    make_ready(step, next, with);
}

void signal_condition(struct step *step, uint8_t condition, bool with, int stage)
{
    uint8_t next = first_waiting(step->state, WAIT_CONDITION, condition), frame;

    if (next == NO_ONE)
        return;
    frame = innermost(step->state, next);
    unqueue(step->state, next);
    unit_of(step, frame)->stage = (uint8_t)stage;
    /* R9.11 says that it waits for the mutex once it has been woken, and not who puts it there. */
    if (unit_of(step, frame)->mutex != STALE && may(step, FREEDOM_RELOCK)) {
        uint8_t mutex = unit_of(step, frame)->mutex;

        if (step->state->objects[mutex].owner != NO_ONE) {
            queue_waiting(step->state, next, WAIT_MUTEX, mutex);
            return;
        }
        step->state->objects[mutex].owner = next;
    }
    make_ready(step, next, with);
}

/* How many wait so. */
static int waiting(const struct state *state, enum wait wait, uint8_t on)
{
    int count = 0;

    for (int i = 0; i < state->units_used; i++)
        count += state->units[i].place == PLACE_WAITING && state->units[i].wait == wait &&
                 state->units[i].on == on;
    return count;
}

void choose_computer(struct step *step, uint8_t lazy)
{
    int count = waiting(step->state, WAIT_LAZY, lazy);
    int chosen = count ? pick(step, FREEDOM_COMPUTES, count) : 0;

    step->state->objects[lazy].owner = NO_ONE;
    for (int i = 0; i < step->state->units_used; i++) {
        struct unit *unit = unit_of(step, (uint8_t)i);

        if (unit->place != PLACE_WAITING || unit->wait != WAIT_LAZY || unit->on != lazy ||
            unit->rank != chosen)
            continue;
        unqueue(step->state, (uint8_t)i);
        step->state->objects[lazy].owner = (uint8_t)i;
        unit_of(step, innermost(step->state, (uint8_t)i))->stage = STAGE_CHOSEN;
        make_ready(step, (uint8_t)i, false);
        return;
    }
}

void wake_all(struct step *step, enum wait wait, uint8_t on, struct ending ending, bool with)
{
    uint8_t next;

    while ((next = first_waiting(step->state, wait, on)) != NO_ONE) {
        struct unit *frame = unit_of(step, innermost(step->state, next));

        unqueue(step->state, next);
        frame->stage = STAGE_VALUE;
        frame->given = ending;
        make_ready(step, next, with);
        with = true;
    }
}

/* ---- Signalling ---- */

enum duty_kind { DUTY_ACT, DUTY_SIGNAL, DUTY_DETACH, DUTY_WAKE, DUTIES };

/* What a call may do next. */
struct duties {
    struct duty {
        uint8_t kind;
        uint8_t object;
    } of[MODEL_OBJECTS_MAX];
    int count;
};

/* What the call of a frame has left to do with an object; DUTIES: nothing. */
static enum duty_kind duty_with(const struct state *state, uint8_t place, uint8_t frame)
{
    const struct object *object = &state->objects[place];

    if (object->kind == NAME_COMPUTATION && object->by == frame &&
        waiting(state, WAIT_COMPUTATION, place) > 0)
        return DUTY_WAKE;
    if (object->kind != NAME_TRIGGER)
        return DUTIES;
    if (object->by == frame)
        return object->done ? DUTY_ACT : DUTY_SIGNAL;
    if (object->to != NO_ONE && state->objects[object->to].by == frame)
        return DUTY_DETACH;
    return DUTIES;
}

/* What a plain runtime does first is first. */
static struct duties all_duties(const struct state *state, uint8_t frame)
{
    struct duties duties = {.count = 0};

    for (int kind = 0; kind < DUTIES; kind++)
        for (uint8_t i = 0; i < state->objects_used; i++)
            if ((int)duty_with(state, i, frame) == kind)
                duties.of[duties.count++] = (struct duty){(uint8_t)kind, i};
    return duties;
}

void complete(struct step *step, uint8_t place, struct ending ending, uint8_t frame)
{
    struct object *computation = &step->state->objects[place];

    computation->done = true;
    computation->ending = ending;
    computation->by = frame;
}

/* The error of one computation becomes that of another [R9.28]. From then on it is not said how
 * long the one with which the call began counts as being completed. */
static void hand_on_error(struct turn *turn, const struct object *trigger)
{
    struct object *objects = turn->state->objects;

    if (trigger->from >= MODEL_OBJECTS_MAX || !objects[trigger->from].done ||
        objects[trigger->from].ending.kind == OUTCOME_OK || trigger->into >= MODEL_OBJECTS_MAX ||
        objects[trigger->into].done)
        return;
    complete(turn->step, trigger->into, objects[trigger->from].ending, turn->frame);
    for (int i = 0; i < turn->state->objects_used; i++)
        if (objects[i].kind == NAME_COMPUTATION && objects[i].owner == turn->frame)
            objects[i].owner = NO_ONE;
}

static void do_duty(struct turn *turn, struct duty duty, bool with)
{
    struct object *object = &turn->state->objects[duty.object];
    struct ending signalled = {OUTCOME_OK, 0};

    switch (duty.kind) {
    case DUTY_ACT:
        object->by = NO_ONE;
        if (object->task == NO_ONE) {
            hand_on_error(turn, object);
            break;
        }
        turn->unit->chosen = object->task;
        turn->unit->stage = STAGE_CALLS;
        break;
    case DUTY_SIGNAL:
        object->done = true;
        if (object->task == NO_ONE && object->from == NO_ONE)
            object->by = NO_ONE;
        wake_all(turn->step, WAIT_TRIGGER, duty.object, signalled, with);
        break;
    case DUTY_DETACH:
        object->to = NO_ONE;
        if (!object->done)
            object->by = turn->frame;
        break;
    default:
        wake_all(turn->step, WAIT_COMPUTATION, duty.object, object->ending, with);
    }
}

static void call_action(struct turn *turn)
{
    uint8_t action = turn->unit->chosen;

    turn->unit->chosen = NO_ONE;
    turn->unit->stage = STAGE_SIGNALS;
    begin_callback(turn->step, turn->frame, action);
}

/* The call returns. */
static void end_signalling(struct turn *turn)
{
    for (int i = 0; i < turn->state->objects_used; i++) {
        struct object *object = &turn->state->objects[i];

        if (object->kind == NAME_COMPUTATION && object->by == turn->frame)
            object->by = object->owner = NO_ONE;
    }
}

/* Whether what comes next need not be a step of its own, since nothing can tell when it is done. */
static bool is_unseen(const struct turn *turn, const struct duties *duties)
{
    if (turn->step->program->domains == 0 && !turn->step->model->acts)
        return true;
    return !turn->step->model->frees && (duties->count == 0 || duties->of[0].kind == DUTY_WAKE);
}

bool signal_all(struct turn *turn)
{
    /* A call that signals a trigger has done nothing yet. */
    bool did = turn->unit->stage == 0 && turn->operation->kind != OP_SIGNAL_TRIGGER, with = false;

    while (turn->unit->stage != STAGE_CALLS) {
        struct duties duties = all_duties(turn->state, turn->frame);
        bool unseen = is_unseen(turn, &duties);

        turn->unit->stage = STAGE_SIGNALS;
        if (did && !unseen)
            return false;
        if (duties.count == 0) {
            end_signalling(turn);
            return true;
        }
        do_duty(turn, duties.of[unseen ? 0 : pick(turn->step, FREEDOM_SIGNALLING, duties.count)],
                with);
        with = unseen;
        did = true;
        if (turn->unit->stage == STAGE_CALLS && turn->step->model->frees)
            return false;
    }
    call_action(turn);
    return false;
}

/* The operation that a task is in the middle of, perhaps in a part; OP_ABSENT: none. */
static enum operation_kind kind_begun(const struct step *step, const struct unit *frame)
{
    const struct task *task = &step->program->tasks[frame->task];

    if (frame->at >= task->count || !frame->stage || frame->stage == STAGE_REFUSED)
        return OP_ABSENT;
    return step->program->operations[task->first + frame->at].kind;
}

static bool holds(const struct step *step, uint8_t task, uint8_t mutex)
{
    return mutex != STALE && mutex != NO_ONE && step->state->objects[mutex].owner == task;
}

bool has_to_pass_on(const struct step *step, uint8_t task)
{
    const struct unit *frame = &step->state->units[innermost(step->state, task)];

    switch (kind_begun(step, frame)) {
    case OP_LOCK:
    case OP_PROTECT_MUTEX:
        return frame->stage != STAGE_PART && holds(step, task, frame->mutex);
    case OP_WAIT:
        return holds(step, task, frame->mutex) ||
               (frame->stage == STAGE_SIGNALLED && frame->condition != STALE);
    case OP_FORCE:
        return frame->stage == STAGE_CHOSEN || frame->stage == STAGE_TAKEN;
    default:
        return false;
    }
}

void pass_on(struct step *step, uint8_t task)
{
    struct unit *frame = unit_of(step, innermost(step->state, task));
    bool signalled = frame->stage == STAGE_SIGNALLED;

    if (!has_to_pass_on(step, task))
        return;
    switch (kind_begun(step, frame)) {
    case OP_LOCK:
    case OP_PROTECT_MUTEX:
        hand_mutex(step, frame->mutex, false);
        frame->mutex = NO_ONE;
        break;
    case OP_WAIT:
        if (holds(step, task, frame->mutex))
            hand_mutex(step, frame->mutex, false);
        frame->mutex = NO_ONE;
        frame->stage = STAGE_WAITED;
        if (signalled && frame->condition != STALE)
            signal_condition(step, frame->condition, true, STAGE_SIGNALLED);
        break;
    case OP_FORCE:
        frame->stage = STAGE_WAITED;
        choose_computer(step, frame->chosen);
        break;
    default:
        break;
    }
}
