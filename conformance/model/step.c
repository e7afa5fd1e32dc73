/* step: the choices of a step, what it shows, and how an operation of a turn ends or waits. */
#include "step.h"

#include "objects.h"

#include <assert.h>

int pick(struct step *step, enum freedom freedom, int count)
{
    int answer;

    if (count < 2 || step->model->without[freedom])
        return 0;
    if (step->pick_count == PICKS_MAX || count > UINT16_MAX) {
        step->state->full = 1;
        return 0;
    }
    step->model->used[freedom] = true;
    if (step->pick_count == step->picks_known) {
        step->picks[step->picks_known++] = 0;
        step->counts[step->pick_count] = (uint16_t)count;
    }
    answer = step->picks[step->pick_count++];
    assert(answer < count);
    if (answer > 0)
        step->taken |= 1u << freedom;
    return answer;
}

void emit_of(struct step *step, enum event_kind kind, int which, uint8_t unit, uint16_t instance,
             uint32_t list)
{
    if (step->event_count == EVENTS_MAX)
        step->state->full = 1;
    else
        step->events[step->event_count++] =
            (struct event){kind, which, unit, step->state->units[unit].domain, instance, list};
}

void emit(struct step *step, enum event_kind kind, int which, uint8_t unit, uint32_t list)
{
    emit_of(step, kind, which, unit, step->state->units[unit].instance, list);
}

void make_ready(struct step *step, uint8_t unit, bool with)
{
    if (unit_of(step, unit)->domain == step->domain)
        queue_ready(step->state, unit, with);
    else
        unit_of(step, unit)->place = PLACE_COMING;
}

/* ---- Turns ---- */

void note(struct turn *turn, struct outcome outcome)
{
    turn->unit->list = lists_append(turn->step->model->lists, turn->unit->list, outcome);
}

void note_kind(struct turn *turn, enum outcome_kind kind)
{
    note(turn, (struct outcome){.kind = kind});
}

void turn_waits(struct turn *turn, enum wait wait, uint8_t on, int stage)
{
    turn->unit->stage = (uint8_t)stage;
    turn->state->current[turn->self->domain] = NO_ONE;
    queue_waiting(turn->state, turn->task, wait, on);
}

void turn_yields(struct turn *turn, int stage)
{
    turn->unit->stage = (uint8_t)stage;
    turn->state->current[turn->self->domain] = NO_ONE;
    queue_ready(turn->state, turn->task, false);
}

bool turn_suspends(struct turn *turn, int stage)
{
    if ((turn->unit->stage && turn->unit->stage != stage) || !may(turn->step, FREEDOM_SUSPENDS))
        return false;
    turn_yields(turn, stage);
    return true;
}

static uint8_t begin_inside(struct step *step, uint8_t outer, int task)
{
    const struct unit *unit = unit_of(step, outer);
    uint8_t part = unit_create(step->state, task, unit->parent, unit->domain);

    if (part == NO_ONE)
        return part;
    unit_of(step, part)->life = LIFE_BEGUN;
    unit_of(step, part)->outer = outer;
    unit_of(step, part)->quiet = unit_of(step, outer)->quiet;
    unit_of(step, outer)->inner = part;
    emit(step, EVENT_BEGIN, task, part, 0);
    return part;
}

void begin_part(struct turn *turn, int task, int stage)
{
    turn->unit->stage = (uint8_t)stage;
    begin_inside(turn->step, turn->frame, task);
}

void begin_callback(struct step *step, uint8_t outer, int task)
{
    uint8_t part = begin_inside(step, outer, task);

    if (part != NO_ONE)
        unit_of(step, part)->quiet = true;
}

uint8_t named(const struct turn *turn)
{
    return name_value(turn->state, turn->step->program, turn->frame,
                      operation_names(turn->operation->kind), turn->operation->name,
                      turn->unit->each);
}

enum outcome_kind pick_error(struct turn *turn, uint64_t errors)
{
    int skip = pick(turn->step, FREEDOM_CODE, __builtin_popcountll(errors));

    while (skip-- > 0)
        errors &= errors - 1;
    return (enum outcome_kind)__builtin_ctzll(errors);
}
