/* turns: an operation is executed until it has its outcome, as often as the program says, and then
 * reported; behind the last one the task returns. */
#include "turns.h"

#include "ends.h"
#include "objects.h"
#include "operations.h"

/* What each operation does, and the first rule that says so. */
static const struct {
    bool (*execute)(struct turn *turn);
    const char *rule;
} operations[OPERATION_KINDS] = {
    [OP_ASYNC] = {do_spawn, "R4.2"},
    [OP_CALL] = {do_spawn, "R4.4"},
    [OP_PARALLEL] = {do_parallel, "R4.9"},
    [OP_AWAIT] = {do_await, "R2.4"},
    [OP_CANCEL] = {do_cancel, "R2.12"},
    [OP_FREE] = {do_free, "R2.15"},
    [OP_AWAIT_ALL] = {do_await_all, "R8.1"},
    [OP_AWAIT_ONE] = {do_await_some, "R8.3"},
    [OP_AWAIT_FIRST] = {do_await_some, "R8.6"},
    [OP_STATE] = {do_state, "R8.12"},
    [OP_YIELD] = {do_yield, "R1.8"},
    [OP_ORPHANS] = {do_orphans, "R3.1"},
    [OP_CARE] = {do_care, "R3.3"},
    [OP_TAKE] = {do_take, "R3.17"},
    [OP_GET] = {do_get, "R3.20"},
    [OP_LENGTH] = {do_length, "R3.21"},
    [OP_FREE_ORPHANS] = {do_free_orphans, "R3.13"},
    [OP_CREATE] = {do_create, "R5.21"},
    [OP_OWN] = {do_own, "R5.3"},
    [OP_CHECK] = {do_check, "R5.1"},
    [OP_DISOWN] = {do_disown, "R5.8"},
    [OP_RELEASE] = {do_release, "R5.9"},
    [OP_TRANSFER] = {do_transfer, "R5.14"},
    [OP_SLEEP] = {do_sleep, "R10.2"},
    [OP_MUTEX] = {do_make, "R9.1"},
    [OP_LOCK] = {do_lock, "R9.1"},
    [OP_TRY_LOCK] = {do_try_lock, "R9.5"},
    [OP_UNLOCK] = {do_unlock, "R9.4"},
    [OP_FREE_MUTEX] = {do_unmake, "R9.10"},
    [OP_CONDITION] = {do_make, "R9.11"},
    [OP_WAIT] = {do_wait, "R9.11"},
    [OP_SIGNAL] = {do_signal, "R9.12"},
    [OP_BROADCAST] = {do_broadcast, "R9.13"},
    [OP_FREE_CONDITION] = {do_unmake, "R9.10"},
    [OP_LAZY] = {do_make, "R9.17"},
    [OP_FORCE] = {do_force, "R9.17"},
    [OP_FREE_LAZY] = {do_unmake, "R9.10"},
    [OP_TRIGGER] = {do_make, "R9.22"},
    [OP_AWAIT_TRIGGER] = {do_await_trigger, "R9.22"},
    [OP_SIGNAL_TRIGGER] = {do_signal_trigger, "R9.22"},
    [OP_FREE_TRIGGER] = {do_unmake, "R9.10"},
    [OP_ON_SIGNAL] = {do_on_signal, "R9.24"},
    [OP_COMPUTATION] = {do_make, "R9.25"},
    [OP_COMPLETE] = {do_complete, "R9.25"},
    [OP_AWAIT_COMPUTATION] = {do_await_computation, "R9.26"},
    [OP_PEEK] = {do_peek, "R9.25"},
    [OP_ATTACH] = {do_attach, "R9.27"},
    [OP_DETACH] = {do_detach, "R9.27"},
    [OP_CANCELLER] = {do_canceller, "R9.28"},
    [OP_FREE_COMPUTATION] = {do_unmake, "R9.10"},
    [OP_SELF] = {do_self, "R4.14"},
    [OP_AVAILABLE] = {do_available, "R4.13"},
    [OP_PRINT] = {do_print, "R1.21"},
    [OP_POST] = {do_post, "R1.21"},
    [OP_UNTIL] = {do_until, "R1.21"},
    [OP_SPIN] = {do_spin, "R1.21"},
    [OP_RUN] = {do_run, "R1.5"},
    [OP_ABSENT] = {do_nothing, "R1.21"},
    [OP_PROTECT] = {do_protect, "R8.14"},
    [OP_PROTECT_MUTEX] = {do_protect_mutex, "R9.9"},
};

bool knows(enum operation_kind kind)
{
    return operations[kind].execute || kind == OP_RETURN || kind == OP_FAIL;
}

const char *rule_of(enum operation_kind kind)
{
    return operations[kind].rule ? operations[kind].rule : "R1.21";
}

static int place_of(const struct turn *turn)
{
    return turn->step->program->tasks[turn->unit->task].first + turn->unit->at;
}

/* ---- The end of an operation, and of a task ---- */

static void report(struct turn *turn)
{
    struct unit *unit = turn->unit;
    const struct model *model = turn->step->model;
    bool stopped = unit->list && lists_last(model->lists, unit->list).kind == OUTCOME_STOPPED;

    emit(turn->step, EVENT_DID, place_of(turn), turn->frame, unit->list);
    unit->at =
        stopped ? (uint16_t)turn->step->program->tasks[unit->task].count : (uint16_t)(unit->at + 1);
    unit->stopped = stopped;
    unit->list = unit->round = unit->each = 0;
    unit->stage = 0;
}

/* The operation has an outcome; perhaps it is to be done again, or to the next promise. */
static void go_on(struct turn *turn)
{
    struct unit *unit = turn->unit;
    const struct operation *op = turn->operation;
    const struct model *model = turn->step->model;
    bool stopped = unit->list && lists_last(model->lists, unit->list).kind == OUTCOME_STOPPED;
    bool next = operation_has(op->kind, OPERATION_EACH) &&
                unit->each + 1 <
                    count_of(turn->state, turn->step->program, turn->frame, NAME_PROMISE, op->name);

    unit->stage = 0;
    unit->chosen = NO_ONE;
    unit->given = unit->kept = (struct ending){0, 0};
    if (!stopped && next) {
        unit->each++;
        return;
    }
    unit->each = 0;
    if (!stopped && ++unit->round < (uint32_t)op->repeat)
        return;
    if (model->late[place_of(turn)])
        unit->stage = STAGE_REPORT;
    else
        report(turn);
}

static struct ending value_of(const struct turn *turn)
{
    const struct operation *op = turn->operation;

    if (!op)
        return (struct ending){OUTCOME_OK, 0};
    return op->kind == OP_FAIL ? (struct ending){OUTCOME_FAILED, op->name}
                               : (struct ending){OUTCOME_OK, op->value};
}

/* What is executed outside has returned: the run begins. */
static void leave_outside(struct turn *turn)
{
    bool is_followed = turn->unit->instance > 0;

    turn->state->current[0] = NO_ONE;
    names_drop(turn->state, turn->task);
    unit_drop(turn->state, turn->task);
    turn->state->outside = NO_ONE;
    spawn_main(turn->state, turn->step->program->main_task);
    turn->state->units[turn->state->main].instance = is_followed;
}

static void function_returns(struct turn *turn)
{
    struct ending ending = value_of(turn);

    if (turn->step->model->late_ends[turn->unit->task] && turn->unit->stage != STAGE_REPORT) {
        emit(turn->step, EVENT_END, turn->unit->task, turn->frame, 0);
        turn->unit->stage = STAGE_REPORT;
        return;
    }
    if (turn->unit->stage != STAGE_REPORT)
        emit(turn->step, EVENT_END, turn->unit->task, turn->frame, 0);
    if (turn->task == turn->state->outside) {
        leave_outside(turn);
        return;
    }
    if (turn->frame == turn->task) {
        task_returns(turn->step, turn->task, ending);
        return;
    }
    if (turn->unit->stopped && may(turn->step, FREEDOM_THROWN))
        ending = (struct ending){OUTCOME_STOPPED, 0};
    turn->state->units[turn->unit->outer].given = ending;
    turn->state->units[turn->unit->outer].inner = NO_ONE;
    names_drop(turn->state, turn->frame);
    unit_drop(turn->state, turn->frame);
}

/* ---- A turn ---- */

static struct turn turn_of(struct step *step, uint8_t task)
{
    struct turn turn = {.step = step, .state = step->state, .task = task};

    turn.frame = innermost(step->state, task);
    turn.self = unit_of(step, task);
    turn.unit = unit_of(step, turn.frame);
    if (turn.unit->at < step->program->tasks[turn.unit->task].count)
        turn.operation = &step->program->operations[place_of(&turn)];
    return turn;
}

/* Whether the next thing that a task does neither depends on what other domains do meanwhile, nor
 * can any of them, or an observer, tell when it is done. Then it need not be a step of its own. */
static bool is_private(const struct turn *turn)
{
    const struct operation *op = turn->operation;
    const struct program *program = turn->step->program;

    if (turn->step->model->apart || !op || turn->unit->quiet || turn->unit->stage ||
        turn->task == turn->state->outside || turn->step->model->late[place_of(turn)])
        return false;
    switch (op->kind) {
    case OP_SELF:
    case OP_AVAILABLE:
        return true;
    case OP_PRINT:
        return turn->step->model->unseen[op->name];
    case OP_OWN:
    case OP_CHECK:
    case OP_DISOWN:
        return !turn->step->model->transfers && !program->names[NAME_RESOURCE].of[op->name].shared;
    case OP_CREATE:
    case OP_ORPHANS:
    case OP_MUTEX:
    case OP_CONDITION:
    case OP_LAZY:
    case OP_TRIGGER:
    case OP_COMPUTATION:
        return !program->names[operation_names(op->kind)].of[op->name].shared;
    default:
        return false;
    }
}

/* Whether an operation is refused where suspending is forbidden [R5.18, R9.30]. */
static bool is_refused(const struct turn *turn)
{
    enum operation_kind kind = turn->operation->kind;

    switch (kind) {
    case OP_RUN:
        return false;
    case OP_UNTIL:
        return turn->state->flags[turn->operation->name] < turn->operation->value;
    case OP_ORPHANS:
    case OP_CARE:
    case OP_TAKE:
    case OP_CREATE:
    case OP_OWN:
    case OP_DISOWN:
    case OP_RELEASE:
    case OP_TRANSFER:
    case OP_MUTEX:
    case OP_TRY_LOCK:
    case OP_CONDITION:
    case OP_LAZY:
    case OP_TRIGGER:
    case OP_COMPUTATION:
    case OP_CANCELLER:
    case OP_PROTECT:
    case OP_PROTECT_MUTEX:
        return true;
    default:
        return operation_has(kind, OPERATION_SUSPENDS) || operation_has(kind, OPERATION_SPAWNS);
    }
}

/* Whether an operation that is executed outside a run is no call that is refused there [R1.4]. */
static bool works_outside(const struct turn *turn)
{
    switch (turn->operation->kind) {
    case OP_PRINT:
    case OP_POST:
    case OP_SPIN:
    case OP_RUN:
    case OP_ABSENT:
        return true;
    case OP_UNTIL:
        return turn->state->flags[turn->operation->name] >= turn->operation->value;
    default:
        return false;
    }
}

/* Whether it is an error that a call finds when it is made, the caller's cancellation apart. */
static bool is_refusal(enum outcome_kind kind)
{
    return kind == OUTCOME_INVALID || kind == OUTCOME_NOT_A_CHILD || kind == OUTCOME_BUSY ||
           kind == OUTCOME_NOT_PERMITTED || kind == OUTCOME_WOULD_DEADLOCK ||
           kind == OUTCOME_UNDEFINED || kind == OUTCOME_NO_DOMAIN_AVAILABLE;
}

/* The operation, at its start, has noted an outcome behind the list `before`. If that refuses a
 * call that may suspend, it may let others run all the same [R1.10]. */
static bool lends_its_turn(struct turn *turn, uint32_t before)
{
    enum operation_kind kind = turn->operation->kind;
    struct outcome last;

    if (!operation_has(kind, OPERATION_SUSPENDS) || kind == OP_RUN || turn->unit->list == before)
        return false;
    last = lists_last(turn->step->model->lists, turn->unit->list);
    if (!is_refusal(last.kind) || !turn_suspends(turn, STAGE_REFUSED))
        return false;
    turn->unit->list = before;
    turn->unit->given = (struct ending){(int)last.kind, last.value};
    return true;
}

static void go_on_refused(struct turn *turn)
{
    struct ending given = turn->unit->given;

    if (is_cancelled(turn))
        note_kind(turn, OUTCOME_STOPPED);
    else if (turn_suspends(turn, STAGE_REFUSED))
        return;
    else
        note(turn, (struct outcome){(enum outcome_kind)given.kind, given.value});
    go_on(turn);
}

static void start(struct turn *turn)
{
    uint32_t before = turn->unit->list;
    bool fresh = turn->unit->stage == 0;

    if (operations[turn->operation->kind].execute(turn) && !(fresh && lends_its_turn(turn, before)))
        go_on(turn);
}

static void execute(struct turn *turn)
{
    if (turn->unit->stage == STAGE_REPORT) {
        report(turn);
    } else if (turn->task == turn->state->outside && !works_outside(turn)) {
        note_kind(turn, OUTCOME_NOT_RUNNING);
        go_on(turn);
    } else if (turn->unit->stage == STAGE_REFUSED) {
        go_on_refused(turn);
    } else if (turn->unit->quiet && is_refused(turn)) {
        if (turn->operation->kind == OP_WAIT)
            release_mutex(turn);
        note_kind(turn, OUTCOME_IN_FINALISER);
        go_on(turn);
    } else {
        start(turn);
    }
}

void take_turn(struct step *step, uint8_t task)
{
    struct turn turn = turn_of(step, task);

    step->domain = turn.self->domain;
    if (turn.self->life == LIFE_RETURNED && turn.frame == task) {
        task_ends(step, task);
    } else if (!turn.operation || operation_has(turn.operation->kind, OPERATION_LAST)) {
        function_returns(&turn);
    } else {
        execute(&turn);
        while (step->state->current[step->domain] == task && !step->state->full) {
            turn = turn_of(step, task);
            if (!is_private(&turn) || step->event_count > 32)
                break;
            execute(&turn);
        }
    }
}

/* A task that was cancelled before it has begun may never begin [R2.22]. */
static void begin(struct step *step, uint8_t task)
{
    struct unit *unit = unit_of(step, task);

    if (unit->cancel == CANCEL_YES && may(step, FREEDOM_UNBEGUN)) {
        never_begins(step, task);
        task_returns(step, task, (struct ending){OUTCOME_CANCELLED, 0});
        return;
    }
    unit->life = LIFE_BEGUN;
    emit(step, EVENT_BEGIN, unit->task, task, 0);
}

void begin_turn(struct step *step, uint8_t task)
{
    struct unit *unit = unit_of(step, task);

    step->domain = unit->domain;
    unqueue(step->state, task);
    unit->place = PLACE_CURRENT;
    step->state->current[unit->domain] = task;
    if (unit->life == LIFE_SPAWNED)
        begin(step, task);
    else
        take_turn(step, task);
}
