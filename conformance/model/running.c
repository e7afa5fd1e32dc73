/* running: turns, time, and what only the program itself is concerned with: chapters 1, 4, 8 and
 * 10. */
#include "ends.h"
#include "objects.h"
#include "operations.h"

bool do_yield(struct turn *turn)
{
    if (is_cancelled(turn))
        return stop(turn);
    if (!turn->unit->stage) { /* R1.8 */
        turn_yields(turn, STAGE_WAITED);
        return false;
    }
    note_kind(turn, OUTCOME_OK);
    return true;
}

/* To look at a flag and to yield are two things: another domain may post it in between. */
bool do_until(struct turn *turn)
{
    bool posted = turn->state->flags[turn->operation->name] >= turn->operation->value;

    if (turn->unit->stage != STAGE_LOOKED) {
        if (turn->unit->stage && is_cancelled(turn))
            return stop(turn);
        if (posted) {
            note_kind(turn, OUTCOME_OK);
            return true;
        }
        turn->unit->stage = STAGE_LOOKED;
        if (turn->step->program->domains > 0)
            return false;
    }
    if (is_cancelled(turn))
        return stop(turn);
    turn_yields(turn, STAGE_WAITED);
    return false;
}

/* The task goes on as long as the flag is not up, and is never stopped. */
bool do_spin(struct turn *turn)
{
    if (turn->state->flags[turn->operation->name] < turn->operation->value)
        return false;
    note_kind(turn, OUTCOME_OK);
    return true;
}

bool do_sleep(struct turn *turn)
{
    if (is_cancelled(turn)) /* R10.4 */
        return stop(turn);
    if (turn->operation->value > 0 && turn->step->program->bare) { /* R10.8 */
        note_kind(turn, OUTCOME_NO_MONITOR);
        return true;
    }
    if (turn->unit->stage) {
        note_kind(turn, OUTCOME_OK);
        return true;
    }
    if (turn->operation->value > 0) {
        turn_waits(turn, WAIT_SLEEP, NO_ONE, STAGE_WAITED);
        return false;
    }
    if (may(turn->step, FREEDOM_SUSPENDS)) { /* R10.3 */
        turn_yields(turn, STAGE_WAITED);
        return false;
    }
    note_kind(turn, OUTCOME_OK);
    return true;
}

bool do_self(struct turn *turn)
{
    note(turn, (struct outcome){OUTCOME_OK, turn->self->domain});
    return true;
}

bool do_available(struct turn *turn) /* R4.13 */
{
    note(turn, (struct outcome){OUTCOME_OK, turn->step->program->domains});
    return true;
}

bool do_print(struct turn *turn)
{
    emit(turn->step, EVENT_PRINT, turn->operation->name, turn->frame, 0);
    note_kind(turn, OUTCOME_OK);
    return true;
}

bool do_post(struct turn *turn)
{
    int flag = turn->operation->name;

    if (turn->state->flags[flag] < turn->step->model->most_posts[flag])
        turn->state->flags[flag]++;
    note_kind(turn, OUTCOME_OK);
    return true;
}

bool do_nothing(struct turn *turn)
{
    note_kind(turn, OUTCOME_ABSENT);
    return true;
}

bool do_run(struct turn *turn)
{
    if (turn->unit->stage) {
        note(turn,
             (struct outcome){(enum outcome_kind)turn->unit->given.kind, turn->unit->given.value});
        return true;
    }
    if (turn->task != turn->state->outside) { /* R1.5 */
        note_kind(turn, OUTCOME_BUSY);
        return true;
    }
    turn_waits(turn, WAIT_RUN, NO_ONE, STAGE_WAITED);
    spawn_main(turn->state, turn->operation->tasks[0]);
    if (turn->step->model->apart && turn->state->main != NO_ONE)
        emit_of(turn->step, EVENT_SPAWN, (int)(turn->operation - turn->step->program->operations),
                turn->state->main, turn->unit->instance, turn->unit->round);
    return false;
}

/* ---- Protecting ---- */

static bool note_value(struct turn *turn, struct ending ending)
{
    note(turn, (struct outcome){(enum outcome_kind)ending.kind, ending.value});
    return true;
}

bool do_protect_mutex(struct turn *turn) /* R9.9 */
{
    uint8_t mutex = turn->unit->mutex;

    if (turn->unit->stage == STAGE_PART) {
        turn->unit->mutex = NO_ONE;
        if (mutex != STALE && mutex != NO_ONE && turn->state->objects[mutex].owner == turn->task)
            hand_mutex(turn->step, mutex, false);
        return note_value(turn, turn->unit->given);
    }
    if (turn->unit->stage != STAGE_WAITED || is_cancelled(turn)) {
        uint32_t before = turn->unit->list;

        if (!do_lock(turn))
            return false;
        if (lists_last(turn->step->model->lists, turn->unit->list).kind != OUTCOME_OK)
            return true;
        turn->unit->list = before;
        mutex = mutex == NO_ONE ? named(turn) : mutex;
    }
    turn->unit->mutex = mutex;
    begin_part(turn, turn->operation->tasks[0], STAGE_PART);
    return false;
}

/* What miou_protect returns [R8.14]. */
static bool protect_ends(struct turn *turn)
{
    const struct unit *unit = turn->unit;

    return note_value(turn, unit->given.kind == OUTCOME_OK ? unit->kept : unit->given);
}

bool do_protect(struct turn *turn)
{
    struct unit *unit = turn->unit;
    struct ending last;

    switch (unit->stage) {
    case 0:
        if (is_cancelled(turn))
            return stop(turn);
        begin_part(turn, turn->operation->tasks[0], STAGE_PART);
        return false;
    case STAGE_PART:
        unit->kept = unit->given;
        begin_part(turn, turn->operation->tasks[1], STAGE_LAST);
        return false;
    case STAGE_LAST:
        if (!is_cancelled(turn) || turn->operation->task_count < 3)
            return protect_ends(turn);
        if (unit->given.kind != OUTCOME_OK)
            unit->kept = unit->given;
        unit->stage = STAGE_CANCELLED; /* R8.15 */
        begin_callback(turn->step, turn->frame, turn->operation->tasks[2]);
        return false;
    default:
        last = unit->given;
        unit->given = (struct ending){OUTCOME_OK, 0};
        if (last.kind != OUTCOME_OK) /* R8.16 */
            end_early(turn->step, OUTCOME_ON_CANCELLATION_FAILED);
        return protect_ends(turn);
    }
}
