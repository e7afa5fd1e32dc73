/* canonical: units are numbered from main downwards, those of one parent by what they do. A child
 * whose promise has a place in a list that matters keeps it; the others are sorted. */
#include "canonical.h"

#include <stdlib.h>
#include <string.h>

struct order {
    const struct state *state;
    uint16_t pinned[MODEL_UNITS_MAX]; /* the place of its promise, plus 1; 0: it does not matter */
    uint8_t name[MODEL_UNITS_MAX];    /* of its promise, plus 1 */
    uint8_t names[MODEL_UNITS_MAX];   /* how many it has */
    uint8_t number[MODEL_UNITS_MAX];  /* the new one */
    uint8_t units[MODEL_UNITS_MAX];   /* by their new numbers */
    int count;
};

bool tells_order(const struct program *program)
{
    for (int i = 0; i < program->operation_count; i++)
        for (int j = 0; j < program->operations[i].answer_count; j++)
            if (program->operations[i].kind != OP_PARALLEL &&
                program->operations[i].answers[j].count > 1)
                return true;
    return false;
}

/* ---- Promises whose places matter ---- */

/* How many promises of a name an operation has begun with, one after the other. */
static int begun_with(const struct state *state, const struct program *program,
                      const struct binding *binding)
{
    const struct unit *unit = &state->units[binding->scope];
    const struct operation *op;

    if (unit->at >= program->tasks[unit->task].count)
        return 0;
    op = &program->operations[program->tasks[unit->task].first + unit->at];
    if (!operation_has(op->kind, OPERATION_EACH) || op->name != binding->name ||
        (unit->each == 0 && unit->stage == 0))
        return 0;
    return unit->each + 1;
}

static bool same_name(const struct binding *a, const struct binding *b)
{
    return a->scope == b->scope && a->kind == b->kind && a->name == b->name;
}

/* Whether the promises of a name, from this binding on, may be sorted behind those that an
 * operation has begun with: all are of tasks with no other name. */
static bool is_sortable(const struct order *order, const struct binding *first, int count,
                        const struct program *program, int *begun)
{
    *begun = first->scope == SHARED ? count : begun_with(order->state, program, first);
    for (int i = 0; i < count; i++)
        if (first[i].what >= MODEL_UNITS_MAX || order->names[first[i].what] > 1)
            return false;
    return *begun < count;
}

static void pin(struct order *order, const struct program *program)
{
    const struct state *state = order->state;
    int count, begun;

    for (int i = 0; i < state->binding_count; i++)
        if (state->bindings[i].kind == NAME_PROMISE && state->bindings[i].what < MODEL_UNITS_MAX)
            order->names[state->bindings[i].what]++;
    for (int i = 0; i < state->binding_count; i += count) {
        const struct binding *first = &state->bindings[i];
        bool sortable;

        for (count = 1; i + count < state->binding_count && same_name(first, first + count);)
            count++;
        if (first->kind != NAME_PROMISE)
            continue;
        sortable = is_sortable(order, first, count, program, &begun);
        for (int j = 0; j < count; j++) {
            uint8_t unit = first[j].what;

            if (unit >= MODEL_UNITS_MAX)
                continue;
            order->name[unit] = (uint8_t)(first->name + 1);
            if (!sortable || j < begun)
                order->pinned[unit] = (uint16_t)(i + j + 1);
        }
    }
}

/* ---- Units ---- */

static int compare_bytes(const struct unit *a, const struct unit *b)
{
    struct unit x = *a, y = *b;

    x.parent = y.parent = x.on = y.on = x.chosen = y.chosen = x.inner = y.inner = x.outer =
        y.outer = 0;
    return memcmp(&x, &y, sizeof x);
}

static int compare_units(const void *a, const void *b, void *to)
{
    const struct order *order = to;
    uint8_t x = *(const uint8_t *)a, y = *(const uint8_t *)b;
    int bytes;

    if (order->pinned[x] != order->pinned[y])
        return order->pinned[x] < order->pinned[y] ? -1 : 1;
    if (order->name[x] != order->name[y])
        return order->name[x] < order->name[y] ? -1 : 1;
    bytes = compare_bytes(&order->state->units[x], &order->state->units[y]);
    return bytes ? bytes : x < y ? -1 : 1;
}

/* Behind each unit that has its number come those below it: its children, and its part. */
static void number_units(struct order *order)
{
    const struct state *state = order->state;

    order->units[order->count++] = state->main;
    if (state->outside != NO_ONE && state->outside != state->main)
        order->units[order->count++] = state->outside;
    for (int next = 0; next < order->count; next++) {
        uint8_t above = order->units[next];
        int first = order->count;

        order->number[above] = (uint8_t)next;
        for (int i = 0; i < state->units_used; i++)
            if (state->units[i].life != LIFE_NONE && i != state->main &&
                (state->units[i].outer == NO_ONE ? state->units[i].parent == above
                                                 : state->units[i].outer == above))
                order->units[order->count++] = (uint8_t)i;
        qsort_r(order->units + first, (size_t)(order->count - first), 1, compare_units, order);
    }
}

static void renumber(const struct order *order, uint8_t *unit)
{
    if (*unit < MODEL_UNITS_MAX)
        *unit = order->number[*unit];
}

/* Whether what a unit's operation has chosen is a child, and not an object or a task. */
static bool chooses_child(const struct unit *unit, const struct program *program)
{
    const struct operation *op;

    if (unit->at >= program->tasks[unit->task].count)
        return false;
    op = &program->operations[program->tasks[unit->task].first + unit->at];
    switch (op->kind) {
    case OP_FORCE:
    case OP_GET:
    case OP_SIGNAL_TRIGGER:
    case OP_COMPLETE:
    case OP_DETACH:
        return false;
    default:
        return true;
    }
}

static void move_units(struct state *state, const struct order *order,
                       const struct program *program)
{
    struct unit units[MODEL_UNITS_MAX];

    for (int i = 0; i < order->count; i++) {
        struct unit *unit = &units[i];

        memcpy(unit, &state->units[order->units[i]], sizeof *unit);
        renumber(order, &unit->parent);
        renumber(order, &unit->outer);
        renumber(order, &unit->inner);
        if (unit->wait == WAIT_CHILDREN)
            renumber(order, &unit->on);
        if (chooses_child(unit, program))
            renumber(order, &unit->chosen);
    }
    memcpy(state->units, units, (size_t)order->count * sizeof *units);
    state->units_used = (uint16_t)order->count;
    renumber(order, &state->main);
    renumber(order, &state->outside);
    for (int d = 0; d < MODEL_DOMAINS_MAX; d++)
        renumber(order, &state->current[d]);
    for (int i = 0; i < state->objects_used; i++) {
        renumber(order, &state->objects[i].owner);
        renumber(order, &state->objects[i].by);
    }
    for (int i = 0; i < state->resources_used; i++) {
        renumber(order, &state->resources[i].owner);
        renumber(order, &state->resources[i].from);
    }
}

/* ---- Resources and names ---- */

static int compare_resources(const void *a, const void *b, void *to)
{
    const struct resource *resources = to;
    uint8_t x = *(const uint8_t *)a, y = *(const uint8_t *)b;
    int bytes = memcmp(&resources[x], &resources[y], sizeof *resources);

    return bytes ? bytes : x < y ? -1 : 1;
}

static void move_resources(struct state *state)
{
    struct resource before[MODEL_RESOURCES_MAX];
    uint8_t order[MODEL_RESOURCES_MAX], number[MODEL_RESOURCES_MAX];
    uint8_t count = 0;

    memcpy(before, state->resources, state->resources_used * sizeof *before);
    for (uint8_t i = 0; i < state->resources_used; i++)
        if (before[i].phase != RESOURCE_NONE)
            order[count++] = i;
    qsort_r(order, count, 1, compare_resources, before);
    for (uint8_t i = 0; i < count; i++) {
        state->resources[i] = before[order[i]];
        number[order[i]] = i;
    }
    state->resources_used = count;
    for (int i = 0; i < state->binding_count; i++)
        if (state->bindings[i].kind == NAME_RESOURCE &&
            state->bindings[i].what < MODEL_RESOURCES_MAX)
            state->bindings[i].what = number[state->bindings[i].what];
}

struct bindings {
    struct binding of[MODEL_BINDINGS_MAX];
    const struct order *order;
};

static int compare_bindings(const void *a, const void *b, void *to)
{
    const struct bindings *bindings = to;
    uint16_t i = *(const uint16_t *)a, j = *(const uint16_t *)b;
    const struct binding *x = &bindings->of[i], *y = &bindings->of[j];

    if (x->scope != y->scope)
        return x->scope < y->scope ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->name != y->name)
        return x->name < y->name ? -1 : 1;
    if (x->kind == NAME_PROMISE && x->what < MODEL_UNITS_MAX && y->what < MODEL_UNITS_MAX &&
        !bindings->order->pinned[bindings->order->units[x->what]] &&
        !bindings->order->pinned[bindings->order->units[y->what]] && x->what != y->what)
        return x->what < y->what ? -1 : 1;
    return i < j ? -1 : 1;
}

static void move_bindings(struct state *state, const struct order *order)
{
    struct bindings bindings;
    uint16_t places[MODEL_BINDINGS_MAX];

    bindings.order = order;
    for (uint16_t i = 0; i < state->binding_count; i++) {
        struct binding binding = state->bindings[i];

        if (binding.scope < MODEL_UNITS_MAX)
            renumber(order, &binding.scope);
        if (binding.kind == NAME_PROMISE)
            renumber(order, &binding.what);
        bindings.of[i] = binding;
        places[i] = i;
    }
    qsort_r(places, state->binding_count, sizeof *places, compare_bindings, &bindings);
    for (int i = 0; i < state->binding_count; i++)
        state->bindings[i] = bindings.of[places[i]];
}

void make_canonical(struct state *state, const struct program *program)
{
    struct order order = {.state = state, .count = 0};

    if (state->over)
        return;
    pin(&order, program);
    number_units(&order);
    move_units(state, &order, program);
    move_bindings(state, &order);
    move_resources(state);
}
