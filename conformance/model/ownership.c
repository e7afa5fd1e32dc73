/* ownership: operations on resources, chapter 5. */
#include "ends.h"
#include "objects.h"
#include "operations.h"

bool do_create(struct turn *turn)
{
    uint8_t resource = resource_create(
        turn->state, turn->operation->name,
        turn->operation->task_count > 0 ? (uint8_t)turn->operation->tasks[0] : NO_ONE);

    if (resource == NO_ONE)
        return true;
    turn->state->resources[resource].creator = turn->unit->instance;
    clear_name(turn->state, turn->step->program, turn->frame, NAME_RESOURCE, turn->operation->name);
    give_name(turn->state, turn->step->program, turn->frame, NAME_RESOURCE, turn->operation->name,
              resource);
    note_kind(turn, OUTCOME_OK);
    return true;
}

static bool is_owner(const struct turn *turn, uint8_t resource)
{
    return turn->state->resources[resource].phase == RESOURCE_OWNED &&
           turn->state->resources[resource].owner == turn->task;
}

/* Whether the caller owns the resource that the operation names; else the outcome is noted
 * [R5.2, R5.10, R5.23]. */
static bool owns(struct turn *turn, uint8_t *resource)
{
    *resource = named(turn);
    if (*resource == NO_ONE)
        note_kind(turn, OUTCOME_INVALID);
    else if (*resource == STALE || !is_owner(turn, *resource))
        note_kind(turn, OUTCOME_NOT_OWNER);
    else
        return true;
    return false;
}

bool do_own(struct turn *turn)
{
    uint8_t resource = named(turn);

    if (resource == NO_ONE || resource == STALE || is_owner(turn, resource)) { /* R5.3, R5.10 */
        note_kind(turn, OUTCOME_INVALID);
    } else if (turn->state->resources[resource].phase != RESOURCE_UNOWNED) {
        note_kind(turn, OUTCOME_NOT_OWNER);
    } else {
        resource_move(turn->state, resource, RESOURCE_OWNED, turn->task);
        note_kind(turn, OUTCOME_OK);
    }
    return true;
}

bool do_check(struct turn *turn)
{
    uint8_t resource;

    if (owns(turn, &resource))
        note_kind(turn, OUTCOME_OK);
    return true;
}

bool do_disown(struct turn *turn)
{
    uint8_t resource;

    if (owns(turn, &resource)) {
        resource_drop(turn->state, resource);
        note_kind(turn, OUTCOME_OK);
    }
    return true;
}

bool do_release(struct turn *turn)
{
    uint8_t resource, callback;

    if (turn->unit->stage == STAGE_PART) {
        note_kind(turn, OUTCOME_OK);
        return true;
    }
    if (!owns(turn, &resource))
        return true;
    callback = turn->state->resources[resource].task;
    emit_of(turn->step, EVENT_FINALISE, turn->state->resources[resource].name, turn->task,
            turn->state->resources[resource].creator, 0);
    resource_drop(turn->state, resource); /* R5.9 */
    if (callback == NO_ONE) {
        note_kind(turn, OUTCOME_OK);
        return true;
    }
    turn->unit->stage = STAGE_PART;
    begin_callback(turn->step, turn->frame, callback);
    return false;
}

bool do_transfer(struct turn *turn)
{
    uint8_t resource = named(turn);
    uint64_t errors = 0;

    if (resource == NO_ONE || turn->self->parent == NO_ONE) /* R5.15 */
        errors |= error(OUTCOME_INVALID);
    if (resource != NO_ONE && (resource == STALE || !is_owner(turn, resource)))
        errors |= error(OUTCOME_NOT_OWNER);
    if (errors) {
        note_kind(turn, pick_error(turn, errors));
        return true;
    }
    resource_move(turn->state, resource, RESOURCE_MOVING, turn->self->parent);
    turn->state->resources[resource].from = turn->task;
    note_kind(turn, OUTCOME_OK);
    return true;
}
