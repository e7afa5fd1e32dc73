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

void complete(struct step *step, uint8_t computation, struct ending ending, bool with)
{
    step->state->objects[computation].done = true;
    step->state->objects[computation].ending = ending;
    wake_all(step, WAIT_COMPUTATION, computation, ending, with);
    for (int i = 0; i < step->state->objects_used; i++) { /* R9.27 */
        struct object *trigger = &step->state->objects[i];

        if (trigger->kind != NAME_TRIGGER || trigger->to != computation)
            continue;
        trigger->to = NO_ONE;
        if (!trigger->done)
            signal_trigger(step, (uint8_t)i, true);
    }
}

void signal_trigger(struct step *step, uint8_t place, bool with)
{
    struct object *objects = step->state->objects, *trigger = &objects[place];

    trigger->done = true;
    wake_all(step, WAIT_TRIGGER, place, (struct ending){OUTCOME_OK, 0}, with);
    if (trigger->from < MODEL_OBJECTS_MAX && objects[trigger->from].done &&
        objects[trigger->from].ending.kind != OUTCOME_OK && trigger->into < MODEL_OBJECTS_MAX &&
        !objects[trigger->into].done) /* R9.28 */
        complete(step, trigger->into, objects[trigger->from].ending, true);
}

void pass_on(struct step *step, uint8_t task)
{
    struct state *state = step->state;
    struct unit *frame = unit_of(step, innermost(state, task));
    const struct operation *operation =
        &step->program->operations[step->program->tasks[frame->task].first + frame->at];
    bool signalled = frame->stage == STAGE_SIGNALLED;
    uint8_t lazy;

    if (frame->at >= step->program->tasks[frame->task].count || !frame->stage ||
        frame->stage == STAGE_REFUSED)
        return;
    switch (operation->kind) {
    case OP_LOCK:
    case OP_PROTECT_MUTEX:
        if (frame->stage != STAGE_PART && frame->mutex != NO_ONE && frame->mutex != STALE &&
            state->objects[frame->mutex].owner == task)
            hand_mutex(step, frame->mutex, false);
        frame->mutex = NO_ONE;
        break;
    case OP_WAIT:
        if (frame->mutex != STALE && frame->mutex != NO_ONE &&
            state->objects[frame->mutex].owner == task)
            hand_mutex(step, frame->mutex, false);
        frame->mutex = NO_ONE;
        frame->stage = STAGE_WAITED;
        if (signalled && frame->condition != STALE)
            signal_condition(step, frame->condition, true, STAGE_SIGNALLED);
        break;
    case OP_FORCE:
        lazy = frame->chosen;
        if (frame->stage != STAGE_CHOSEN && frame->stage != STAGE_TAKEN)
            break;
        frame->stage = STAGE_WAITED;
        choose_computer(step, lazy);
        break;
    default:
        break;
    }
}
