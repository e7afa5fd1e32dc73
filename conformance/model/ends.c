/* ends: cancellation goes down the tree, and ends come up. */
#include "ends.h"

#include "objects.h"

bool all_children_ended(const struct state *state, uint8_t task)
{
    for (int i = 0; i < state->units_used; i++)
        if (is_child(&state->units[i], task) && !has_ended(state, (uint8_t)i))
            return false;
    return true;
}

bool listed(const struct state *state, const struct program *program, uint8_t frame,
            const struct operation *operation, int n, uint8_t *promise)
{
    for (int i = 0; i < operation->promise_count; i++) {
        int count = count_of(state, program, frame, NAME_PROMISE, operation->promises[i]);

        if (count == 0)
            count = 1; /* NULL */
        if (n < count) {
            *promise = name_value(state, program, frame, NAME_PROMISE, operation->promises[i], n);
            return true;
        }
        n -= count;
    }
    return false;
}

/* ---- Cancellation ---- */

void cancel_task(struct step *step, uint8_t task)
{
    struct unit *unit = unit_of(step, task);

    unit->cancel = CANCEL_YES;
    if (unit->life == LIFE_RETURNED) {
        if (task == step->state->main || !may(step, FREEDOM_DESCENT)) /* R2.14 */
            cancel_children(step, task);
    } else if (unit->place == PLACE_WAITING) {
        unqueue(step->state, task); /* whatever it waits for [R2.25] */
        queue_ready(step->state, task, false);
    }
    if (unit->life == LIFE_BEGUN && unit->place == PLACE_READY && has_to_pass_on(step, task) &&
        may(step, FREEDOM_HAND_ON))
        pass_on(step, task);
}

static void finalise(struct step *step, uint8_t task, uint8_t resource)
{
    emit_of(step, EVENT_FINALISE, step->state->resources[resource].name, task,
            step->state->resources[resource].creator, 0);
    resource_drop(step->state, resource);
}

/* Main has ended. What has begun the run outside goes on, with what the run has returned [R1.4]. */
static void run_ends(struct state *state)
{
    struct ending ending = state->early ? state->ending : state->units[state->main].ending;

    if (state->outside == NO_ONE) {
        state->over = 1;
        state->ending = ending; /* R1.1, R1.2 */
        return;
    }
    unit_drop(state, state->main);
    drop_things(state);
    state->early = state->beyond = 0;
    state->ending = (struct ending){0, 0};
    state->main = state->outside;
    unqueue(state, state->outside);
    state->units[state->outside].place = PLACE_CURRENT;
    state->units[state->outside].given = ending;
    state->current[0] = state->outside;
}

/* Nothing of the task is left but its ending. */
static void task_has_ended(struct step *step, uint8_t task)
{
    struct state *state = step->state;
    struct unit *unit = unit_of(step, task);

    for (int i = 0; i < state->objects_used; i++) {
        struct object *object = &state->objects[i];

        if (object->kind == NAME_MUTEX && object->owner == task)
            object->owner = STALE; /* R9.8: it stays locked for good */
        if (object->kind == NAME_ORPHANAGE && object->owner == task)
            object_end(state, (uint8_t)i); /* R3.7 */
    }
    for (int i = 0; i < state->units_used; i++) /* their promises are stale [R2.11] */
        if (is_child(&state->units[i], task))
            unit_drop(state, (uint8_t)i);
    state->current[unit->domain] = NO_ONE;
    unit->life = LIFE_ENDED;
    unit->place = PLACE_NONE;
    unit->wait = WAIT_NOTHING;
    unit->cancel = CANCEL_NO;
    unit->at = unit->each = 0;
    unit->round = unit->list = 0;
    if (task == state->main)
        run_ends(state);
    else if (state->units[unit->parent].domain == unit->domain)
        end_is_known(step, task);
}

/* Whether a domain is between two turns, or the task that it executes is in a call that may let
 * others run, or has returned [R1.10]. */
static bool may_run_others(const struct step *step, uint8_t domain)
{
    const struct state *state = step->state;
    uint8_t task = state->current[domain], frame;
    const struct unit *unit;

    if (task == NO_ONE || state->units[task].life == LIFE_RETURNED)
        return true;
    frame = innermost(state, task);
    unit = &state->units[frame];
    if (unit->at < step->program->tasks[unit->task].count) {
        enum operation_kind kind =
            step->program->operations[step->program->tasks[unit->task].first + unit->at].kind;

        if (!operation_has(kind, OPERATION_LAST))
            return operation_has(kind, OPERATION_SUSPENDS) && !unit->quiet;
    }
    return frame == task && unit->stage == STAGE_REPORT; /* it has ended, but for what follows */
}

/* Whether a task that never begins can end now: it owns nothing, or its resources are finalised
 * while no other task of its domain is in the way, and nothing but events comes of that. */
static bool finalises_plainly(const struct step *step, uint8_t task)
{
    const struct state *state = step->state;

    if (resource_newest(state, RESOURCE_OWNED, task) != NO_ONE &&
        !may_run_others(step, state->units[task].domain))
        return false;
    for (int i = 0; i < state->resources_used; i++)
        if (state->resources[i].phase != RESOURCE_NONE && state->resources[i].owner == task &&
            state->resources[i].task != NO_ONE)
            return false;
    return true;
}

bool ends_unbegun(const struct state *state, const struct event *event)
{
    uint8_t life = state->units[event->unit].life;

    return event->kind == EVENT_FINALISE && life != LIFE_BEGUN && life != LIFE_RETURNED;
}

void never_begins(struct step *step, uint8_t task)
{
    if (step->model->apart)
        emit(step, EVENT_NEVER, 0, task, 0);
}

/* Whether a task can end in the turn of the one that cancels it, since it has not begun. */
static bool can_end_unbegun(const struct step *step, uint8_t task)
{
    const struct unit *unit = &step->state->units[task];

    return unit->life == LIFE_SPAWNED && unit->cancel == CANCEL_YES &&
           finalises_plainly(step, task);
}

static void end_unbegun(struct step *step, uint8_t task)
{
    struct state *state = step->state;
    struct unit *unit = unit_of(step, task);
    uint8_t current = state->current[unit->domain], resource;

    never_begins(step, task);
    unqueue(state, task);
    unit->life = LIFE_RETURNED;
    unit->ending = (struct ending){OUTCOME_CANCELLED, 0};
    while ((resource = resource_newest(state, RESOURCE_OWNED, task)) != NO_ONE)
        finalise(step, task, resource);
    task_has_ended(step, task);
    state->current[unit->domain] = current;
}

/* Returns whether its domain has heard of it. */
static bool tell(struct step *step, uint8_t task)
{
    struct unit *unit = unit_of(step, task);

    if (unit->life == LIFE_ENDED || unit->cancel != CANCEL_NO)
        return false;
    if (unit->domain != step->domain) {
        unit->cancel = CANCEL_TOLD;
        return false;
    }
    cancel_task(step, task);
    return true;
}

void tell_to_cancel(struct step *step, uint8_t task)
{
    if (tell(step, task) && can_end_unbegun(step, task) && may(step, FREEDOM_UNBEGUN)) /* R2.22 */
        end_unbegun(step, task);
}

/* Of several that own nothing, all may end at once, or none: if some end later, nobody can tell
 * whether the others did. */
void cancel_children(struct step *step, uint8_t task)
{
    bool told[MODEL_UNITS_MAX] = {false}, asked = false, all = false;
    struct state *state = step->state;

    for (int i = 0; i < state->units_used; i++)
        told[i] = is_child(&state->units[i], task) && tell(step, (uint8_t)i);
    for (uint8_t i = 0; i < state->units_used; i++) {
        if (!told[i] || !can_end_unbegun(step, i))
            continue;
        if (resource_newest(state, RESOURCE_OWNED, i) != NO_ONE) {
            if (may(step, FREEDOM_UNBEGUN))
                end_unbegun(step, i);
            continue;
        }
        all = asked ? all : may(step, FREEDOM_UNBEGUN);
        asked = true;
        if (all)
            end_unbegun(step, i);
    }
}

void end_early(struct step *step, enum outcome_kind code)
{
    if (!step->state->early)
        step->state->ending = (struct ending){(int)code, 0};
    step->state->early = 1;
    tell_to_cancel(step, step->state->main);
}

/* ---- The end of a task ---- */

static bool has_forgotten(const struct state *state, uint8_t task)
{
    for (int i = 0; i < state->units_used; i++)
        if (is_child(&state->units[i], task) && !state->units[i].settled)
            return true;
    return false;
}

void task_returns(struct step *step, uint8_t task, struct ending ending)
{
    struct state *state = step->state;
    struct unit *unit = unit_of(step, task);
    bool owns;

    unit->life = LIFE_RETURNED;
    unit->stage = 0;
    unit->stopped = false;
    unit->ending = ending;
    names_drop(state, task);
    if (unit->cancel == CANCEL_YES) { /* R2.14: whatever the function returned */
        unit->ending = (struct ending){OUTCOME_CANCELLED, 0};
        cancel_children(step, task);
    } else if (ending.kind != OUTCOME_OK) { /* R2.8 */
        cancel_children(step, task);
    } else if (resource_newest(state, RESOURCE_OWNED, task) != NO_ONE) { /* R5.4, R5.5 */
        unit->broke = true;
        end_early(step, OUTCOME_RESOURCE_LEAKED);
    } else if (has_forgotten(state, task)) { /* R2.1, R2.3 */
        unit->broke = true;
        end_early(step, OUTCOME_STILL_HAS_CHILDREN);
    }
    if (unit->broke) {
        unit->ending = (struct ending){OUTCOME_CANCELLED, 0};
        if (unit->cancel == CANCEL_NO && !may(step, FREEDOM_DESCENT))
            cancel_task(step, task); /* else when the end of the run reaches it */
    }
    owns = resource_newest(state, RESOURCE_OWNED, task) != NO_ONE;
    if (all_children_ended(state, task) && !((unit->broke || owns) && may(step, FREEDOM_ENDING))) {
        if (step->program->domains == 0 || !owns)
            task_ends(step, task); /* else it is a step of its own */
    } else {
        state->current[unit->domain] = NO_ONE;
        queue_waiting(state, task, WAIT_END, NO_ONE);
    }
}

void resource_arrives(struct step *step, uint8_t place)
{
    resource_move(step->state, place, RESOURCE_OWNED, step->state->resources[place].owner);
    step->state->resources[place].from = NO_ONE;
}

bool may_end_broken(const struct step *step, uint8_t task)
{
    const struct unit *parent = &step->state->units[step->state->units[task].parent];
    const struct unit *frame =
        &step->state->units[innermost(step->state, step->state->units[task].parent)];
    int first = step->program->tasks[frame->task].first;

    return parent->cancel == CANCEL_YES ||
           (parent->place == PLACE_WAITING && parent->wait == WAIT_CHILDREN &&
            step->program->operations[first + frame->at].kind == OP_CANCEL &&
            frame->chosen == task);
}

void task_ends(struct step *step, uint8_t task)
{
    struct state *state = step->state;
    struct unit *unit = unit_of(step, task);
    uint8_t resource;

    while ((resource = resource_oldest(state, RESOURCE_MOVING, task)) != NO_ONE)
        resource_arrives(step, resource);
    resource = resource_newest(state, RESOURCE_OWNED, task);
    if (resource != NO_ONE) { /* R5.6, R5.19, R5.25 */
        uint8_t callback = state->resources[resource].task;

        if (unit->place == PLACE_CURRENT && may(step, FREEDOM_ENDING)) { /* between two of them */
            state->current[unit->domain] = NO_ONE;
            queue_waiting(state, task, WAIT_END, NO_ONE);
            return;
        }
        finalise(step, task, resource);
        unit->place = PLACE_CURRENT;
        state->current[unit->domain] = task;
        if (callback != NO_ONE)
            begin_callback(step, task, callback);
        if (step->model->apart || callback != NO_ONE ||
            resource_newest(state, RESOURCE_OWNED, task) != NO_ONE)
            return;
    }
    if (unit->broke && task != state->main && !may_end_broken(step, task)) {
        state->current[unit->domain] = NO_ONE;
        queue_waiting(state, task, WAIT_PARENT, NO_ONE);
        return;
    }
    task_has_ended(step, task);
}

/* ---- The news of it ---- */

/* Whether what a task waits for in an operation on children has happened. */
static bool wait_is_over(const struct step *step, uint8_t task)
{
    const struct state *state = step->state;
    uint8_t frame = innermost(state, task), promise;
    const struct unit *unit = &state->units[frame];
    const struct operation *operation =
        &step->program->operations[step->program->tasks[unit->task].first + unit->at];
    bool any = false, all = true;

    switch (operation->kind) {
    case OP_AWAIT:
    case OP_CANCEL:
        return has_ended(state, unit->chosen);
    case OP_GET:
    case OP_PARALLEL:
        for (int i = 0; i < state->units_used; i++) {
            const struct unit *child = &state->units[i];

            if (!is_child(child, task) ||
                (operation->kind == OP_GET ? child->orphanage != unit->chosen : !child->number))
                continue;
            any = any || has_ended(state, (uint8_t)i);
            all = all && has_ended(state, (uint8_t)i);
        }
        return operation->kind == OP_GET ? any : all;
    default:
        for (int i = 0; listed(state, step->program, frame, operation, i, &promise); i++) {
            any = any || has_ended(state, promise);
            all = all && has_ended(state, promise);
        }
        return operation->kind == OP_AWAIT_ALL || unit->chosen != NO_ONE ? all : any;
    }
}

/* Whether a task waits for any of several children, and has not taken one. */
static bool waits_for_any(const struct step *step, uint8_t task)
{
    const struct unit *unit = &step->state->units[innermost(step->state, task)];
    enum operation_kind kind =
        step->program->operations[step->program->tasks[unit->task].first + unit->at].kind;

    return (kind == OP_AWAIT_ONE || kind == OP_AWAIT_FIRST) && unit->chosen == NO_ONE;
}

void end_is_known(struct step *step, uint8_t task)
{
    struct state *state = step->state;
    uint8_t parent = state->units[task].parent;
    struct unit *unit = unit_of(step, parent);

    state->units[task].known = true;
    if (unit->place != PLACE_WAITING)
        return;
    if (unit->wait == WAIT_CHILDREN && wait_is_over(step, parent)) {
        if (waits_for_any(step, parent) && may(step, FREEDOM_TAKEN)) /* R8.5 */
            unit_of(step, innermost(state, parent))->chosen = task;
        unqueue(state, parent);
        queue_ready(state, parent, false);
    } else if (unit->wait == WAIT_END && all_children_ended(state, parent) && !unit->broke &&
               state->current[unit->domain] == NO_ONE &&
               resource_newest(state, RESOURCE_OWNED, parent) == NO_ONE &&
               !may(step, FREEDOM_ENDING)) {
        task_ends(step, parent);
    }
}

/* ---- Whether it matters ---- */

static bool is_listed(const struct step *step, uint8_t frame, const struct operation *operation,
                      uint8_t child)
{
    const struct state *state = step->state;

    for (int i = 0; i < state->binding_count; i++) {
        const struct binding *binding = &state->bindings[i];

        if (binding->kind != NAME_PROMISE || binding->what != child ||
            (binding->scope != frame && binding->scope != SHARED))
            continue;
        for (int j = 0; j < operation->promise_count; j++)
            if (operation->promises[j] == binding->name)
                return true;
    }
    return false;
}

/* Whether an operation of a frame, which has begun or is the next, looks at a child. */
static bool looks_at(const struct step *step, uint8_t frame, const struct operation *operation,
                     uint8_t place)
{
    const struct unit *unit = &step->state->units[frame], *child = &step->state->units[place];

    switch (operation->kind) {
    case OP_AWAIT:
    case OP_CANCEL:
    case OP_STATE:
        return place == (unit->stage ? unit->chosen
                                     : name_value(step->state, step->program, frame, NAME_PROMISE,
                                                  operation->name, unit->each));
    case OP_AWAIT_ALL:
    case OP_AWAIT_ONE:
    case OP_AWAIT_FIRST:
        return is_listed(step, frame, operation, place);
    case OP_PARALLEL:
        return child->number > 0;
    case OP_CARE:
        return child->orphanage ==
               name_value(step->state, step->program, frame, NAME_ORPHANAGE, operation->name, 0);
    case OP_GET:
        return child->orphanage == (unit->stage ? unit->chosen
                                                : name_value(step->state, step->program, frame,
                                                             NAME_ORPHANAGE, operation->name, 0));
    default:
        return false;
    }
}

/* Whether it waits for all of several children. */
static bool waits_for_all(const struct unit *unit, const struct operation *operation)
{
    return operation->kind == OP_AWAIT_ALL || operation->kind == OP_PARALLEL ||
           (operation->kind == OP_AWAIT_FIRST && unit->chosen != NO_ONE);
}

bool end_matters(const struct step *step, uint8_t task)
{
    const struct state *state = step->state;
    uint8_t parent = state->units[task].parent, frame = innermost(state, parent);
    const struct unit *waiting = &state->units[parent], *unit = &state->units[frame];
    const struct operation *operation = NULL;
    bool all = waiting->place == PLACE_WAITING && waiting->wait == WAIT_END;

    if (unit->at < step->program->tasks[unit->task].count && waiting->life == LIFE_BEGUN)
        operation = &step->program->operations[step->program->tasks[unit->task].first + unit->at];
    if (!all && (!operation || !looks_at(step, frame, operation, task)))
        return false;
    if (!all && !waits_for_all(unit, operation))
        return true;
    for (uint8_t i = 0; i < task; i++)
        if (is_child(&state->units[i], parent) && state->units[i].life == LIFE_ENDED &&
            !state->units[i].known && (all || looks_at(step, frame, operation, i)))
            return false;
    return true;
}
