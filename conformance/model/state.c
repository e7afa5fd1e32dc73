/* state: places, queues and names. No rule is decided here. */
#include "state.h"

#include <string.h>

/* ---- Bytes ---- */

/* The arrays, each with the number of its members that are in use. */
#define ARRAYS(state, DO)                                                                          \
    DO((state)->flags, (state)->flag_count)                                                        \
    DO((state)->watch, (state)->watch_size)                                                        \
    DO((state)->bindings, (state)->binding_count)                                                  \
    DO((state)->objects, (state)->objects_used)                                                    \
    DO((state)->resources, (state)->resources_used)                                                \
    DO((state)->units, (state)->units_used)

enum { HEAD = offsetof(struct state, flags) };

/* Most arrays of a state are empty. */
static void copy(void *to, const void *from, size_t size)
{
    if (size > 0)
        memcpy(to, from, size);
}

size_t state_pack(const struct state *state, void *bytes)
{
    char *to = bytes;

    memcpy(to, state, HEAD);
    to += HEAD;
#define PACK(array, count)                                                                         \
    copy(to, array, (count) * sizeof *(array));                                                    \
    to += (count) * sizeof *(array);
    ARRAYS(state, PACK)
#undef PACK
    return (size_t)(to - (char *)bytes);
}

void state_unpack(struct state *state, const void *bytes)
{
    const char *from = bytes;

    memcpy(state, from, HEAD);
    from += HEAD;
#define UNPACK(array, count)                                                                       \
    copy(array, from, (count) * sizeof *(array));                                                  \
    from += (count) * sizeof *(array);
    ARRAYS(state, UNPACK)
#undef UNPACK
}

void state_copy(struct state *to, const struct state *from)
{
    memcpy(to, from, HEAD);
#define COPY(array, count) copy(to->array, from->array, (size_t)from->count * sizeof *from->array);
    COPY(flags, flag_count)
    COPY(watch, watch_size)
    COPY(bindings, binding_count)
    COPY(objects, objects_used)
    COPY(resources, resources_used)
    COPY(units, units_used)
#undef COPY
}

static void mix(struct hash *hash, const void *word)
{
    uint64_t next;

    memcpy(&next, word, sizeof next);
    hash->a = (hash->a ^ next) * 0xff51afd7ed558ccd;
    hash->a ^= hash->a >> 32;
    hash->b = (hash->b + next) * 0x9fb21c651e98df25;
    hash->b ^= hash->b >> 29;
}

/* Every other word goes to each of two hashes, which a processor computes at the same time. */
struct hash state_hash(const unsigned char *bytes, size_t size)
{
    struct hash hash = {0x9e3779b97f4a7c15 ^ size, 0xc2b2ae3d27d4eb4f}, other = hash;
    uint64_t rest[2] = {0};

    for (; size >= sizeof rest; size -= sizeof rest) {
        mix(&hash, bytes);
        mix(&other, bytes + sizeof *rest);
        bytes += sizeof rest;
    }
    memcpy(rest, bytes, size);
    mix(&hash, &rest[0]);
    mix(&other, &rest[1]);
    mix(&hash, &other.a);
    mix(&hash, &other.b);
    return hash;
}

/* ---- Units ---- */

uint8_t unit_create(struct state *state, int task, uint8_t parent, uint8_t domain)
{
    struct unit *unit;
    uint16_t i = 0;

    while (i < state->units_used && state->units[i].life != LIFE_NONE)
        i++;
    if (i == MODEL_UNITS_MAX) {
        state->full = 1;
        return NO_ONE;
    }
    if (i == state->units_used)
        state->units_used++;
    unit = &state->units[i];
    memset(unit, 0, sizeof *unit);
    unit->life = LIFE_SPAWNED;
    unit->task = (uint8_t)task;
    unit->parent = parent;
    unit->domain = domain;
    unit->chosen = unit->on = unit->outer = unit->inner = unit->orphanage = NO_ONE;
    unit->mutex = unit->condition = NO_ONE;
    return (uint8_t)i;
}

uint8_t root_of(const struct state *state, uint8_t unit)
{
    while (state->units[unit].outer != NO_ONE)
        unit = state->units[unit].outer;
    return unit;
}

uint8_t innermost(const struct state *state, uint8_t task)
{
    while (state->units[task].inner != NO_ONE)
        task = state->units[task].inner;
    return task;
}

/* Whether two units are in one queue. */
static bool beside(const struct unit *a, const struct unit *b)
{
    if (a->place == PLACE_READY)
        return b->place == PLACE_READY && a->domain == b->domain;
    return a->place == PLACE_WAITING && b->place == PLACE_WAITING && a->wait == b->wait &&
           a->on == b->on;
}

static void put_last(struct state *state, struct unit *unit)
{
    uint8_t rank = 0;

    for (int i = 0; i < state->units_used; i++)
        if (&state->units[i] != unit && beside(unit, &state->units[i]))
            rank++;
    unit->rank = rank;
}

void queue_ready(struct state *state, uint8_t place, bool with)
{
    struct unit *unit = &state->units[place];

    unit->place = PLACE_READY;
    unit->wait = WAIT_NOTHING;
    unit->on = NO_ONE;
    put_last(state, unit);
    unit->with = with && unit->rank > 0;
}

void queue_waiting(struct state *state, uint8_t place, enum wait wait, uint8_t on)
{
    struct unit *unit = &state->units[place];

    unit->place = PLACE_WAITING;
    unit->wait = (uint8_t)wait;
    unit->on = on;
    if (wait >= WAIT_SLEEP)
        put_last(state, unit);
}

void unqueue(struct state *state, uint8_t place)
{
    struct unit *unit = &state->units[place];

    for (int i = 0; i < state->units_used; i++) {
        struct unit *other = &state->units[i];

        if (other == unit || !beside(unit, other) || other->rank <= unit->rank)
            continue;
        if (other->rank == unit->rank + 1 && other->with)
            other->with = unit->with;
        other->rank--;
    }
    unit->place = PLACE_NONE;
    unit->wait = WAIT_NOTHING;
    unit->on = NO_ONE;
    unit->rank = 0;
    unit->with = 0;
}

uint8_t first_waiting(const struct state *state, enum wait wait, uint8_t on)
{
    for (int i = 0; i < state->units_used; i++) {
        const struct unit *unit = &state->units[i];

        if (unit->place == PLACE_WAITING && unit->wait == wait && unit->on == on && unit->rank == 0)
            return (uint8_t)i;
    }
    return NO_ONE;
}

void spawn_main(struct state *state, int task)
{
    state->main = unit_create(state, task, NO_ONE, 0);
    if (state->main != NO_ONE)
        queue_ready(state, state->main, false);
}

/* ---- Names ---- */

static uint8_t scope_of(const struct program *program, uint8_t unit, enum name_kind kind, int name)
{
    return program->names[kind].of[name].shared ? SHARED : unit;
}

static bool is_for(const struct binding *binding, uint8_t scope, enum name_kind kind, int name)
{
    return binding->scope == scope && binding->kind == kind && binding->name == name;
}

/* Whether another task is in the middle of a line that binds the name to several promises: until
 * then it stands for nothing. */
static bool is_being_bound(const struct state *state, const struct program *program, uint8_t unit,
                           enum name_kind kind, int name)
{
    if (kind != NAME_PROMISE || !program->names[kind].of[name].shared)
        return false;
    for (int i = 0; i < state->units_used; i++) {
        const struct unit *other = &state->units[i];
        const struct operation *op;

        if (i == unit || other->life != LIFE_BEGUN || other->round == 0 ||
            other->at >= program->tasks[other->task].count)
            continue;
        op = &program->operations[program->tasks[other->task].first + other->at];
        if (op->bind == name && operation_has(op->kind, OPERATION_BINDS) &&
            other->round < (uint32_t)op->repeat)
            return true;
    }
    return false;
}

uint8_t name_value(const struct state *state, const struct program *program, uint8_t unit,
                   enum name_kind kind, int name, int which)
{
    uint8_t scope = scope_of(program, unit, kind, name);

    if (is_being_bound(state, program, unit, kind, name))
        return NO_ONE;
    for (int i = 0; i < state->binding_count; i++)
        if (is_for(&state->bindings[i], scope, kind, name) && which-- == 0)
            return state->bindings[i].what;
    return NO_ONE;
}

int count_of(const struct state *state, const struct program *program, uint8_t unit,
             enum name_kind kind, int name)
{
    uint8_t scope = scope_of(program, unit, kind, name);
    int count = 0;

    if (is_being_bound(state, program, unit, kind, name))
        return 0;
    for (int i = 0; i < state->binding_count; i++)
        count += is_for(&state->bindings[i], scope, kind, name);
    return count;
}

static void remove_binding(struct state *state, int at)
{
    state->binding_count--;
    memmove(&state->bindings[at], &state->bindings[at + 1],
            (size_t)(state->binding_count - at) * sizeof *state->bindings);
}

void clear_name(struct state *state, const struct program *program, uint8_t unit,
                enum name_kind kind, int name)
{
    uint8_t scope = scope_of(program, unit, kind, name);

    for (int i = state->binding_count; i-- > 0;)
        if (is_for(&state->bindings[i], scope, kind, name))
            remove_binding(state, i);
}

/* Bindings are sorted, and in the order of their making where they are of one name. */
static bool is_behind(const struct binding *a, const struct binding *b)
{
    if (a->scope != b->scope)
        return a->scope > b->scope;
    if (a->kind != b->kind)
        return a->kind > b->kind;
    return a->name > b->name;
}

void give_name(struct state *state, const struct program *program, uint8_t unit,
               enum name_kind kind, int name, uint8_t what)
{
    struct binding binding = {scope_of(program, unit, kind, name), (uint8_t)kind, (uint8_t)name,
                              what};
    int at = state->binding_count;

    if (at == MODEL_BINDINGS_MAX) {
        state->full = 1;
        return;
    }
    while (at > 0 && is_behind(&state->bindings[at - 1], &binding))
        at--;
    memmove(&state->bindings[at + 1], &state->bindings[at],
            (size_t)(state->binding_count - at) * sizeof binding);
    state->bindings[at] = binding;
    state->binding_count++;
}

/* What a name stood for has ended. */
static void make_stale(struct state *state, bool of(enum name_kind kind), uint8_t what)
{
    for (int i = 0; i < state->binding_count; i++)
        if (of(state->bindings[i].kind) && state->bindings[i].what == what)
            state->bindings[i].what = STALE;
}

static bool of_promises(enum name_kind kind)
{
    return kind == NAME_PROMISE;
}

static bool of_resources(enum name_kind kind)
{
    return kind == NAME_RESOURCE;
}

static bool of_objects(enum name_kind kind)
{
    return kind != NAME_PROMISE && kind != NAME_RESOURCE;
}

static bool is_named(const struct state *state, bool of(enum name_kind kind), uint8_t what)
{
    for (int i = 0; i < state->binding_count; i++)
        if (of(state->bindings[i].kind) && state->bindings[i].what == what)
            return true;
    return false;
}

/* ---- Resources ---- */

uint8_t resource_create(struct state *state, int name, uint8_t task)
{
    uint16_t i = 0;

    while (i < state->resources_used && state->resources[i].phase != RESOURCE_NONE)
        i++;
    if (i == MODEL_RESOURCES_MAX) {
        state->full = 1;
        return NO_ONE;
    }
    if (i == state->resources_used)
        state->resources_used++;
    state->resources[i] =
        (struct resource){RESOURCE_UNOWNED, NO_ONE, 0, (uint8_t)name, task, NO_ONE, 0};
    return (uint8_t)i;
}

/* Those that its owner got later move up. */
static void close_ranks(struct state *state, const struct resource *resource)
{
    for (int i = 0; i < state->resources_used; i++) {
        struct resource *other = &state->resources[i];

        if (other->phase == resource->phase && other->owner == resource->owner &&
            other->rank > resource->rank)
            other->rank--;
    }
}

void resource_drop(struct state *state, uint8_t place)
{
    close_ranks(state, &state->resources[place]);
    state->resources[place] = (struct resource){0};
    make_stale(state, of_resources, place);
    while (state->resources_used > 0 &&
           state->resources[state->resources_used - 1].phase == RESOURCE_NONE)
        state->resources_used--;
}

void resource_move(struct state *state, uint8_t place, enum resource_phase phase, uint8_t owner)
{
    struct resource *resource = &state->resources[place];
    uint8_t newest;

    close_ranks(state, resource);
    resource->phase = RESOURCE_UNOWNED;
    newest = resource_newest(state, phase, owner);
    resource->rank = newest == NO_ONE ? 0 : (uint8_t)(state->resources[newest].rank + 1);
    resource->phase = (uint8_t)phase;
    resource->owner = owner;
}

static uint8_t furthest(const struct state *state, enum resource_phase phase, uint8_t owner,
                        bool newest)
{
    uint8_t found = NO_ONE;

    for (int i = 0; i < state->resources_used; i++) {
        const struct resource *resource = &state->resources[i];

        if (resource->phase == phase && resource->owner == owner &&
            (found == NO_ONE || (resource->rank > state->resources[found].rank) == newest))
            found = (uint8_t)i;
    }
    return found;
}

uint8_t resource_newest(const struct state *state, enum resource_phase phase, uint8_t owner)
{
    return furthest(state, phase, owner, true);
}

uint8_t resource_oldest(const struct state *state, enum resource_phase phase, uint8_t owner)
{
    return furthest(state, phase, owner, false);
}

/* ---- Objects ---- */

uint8_t object_create(struct state *state, enum name_kind kind)
{
    uint16_t i = 0;

    while (i < state->objects_used && state->objects[i].kind)
        i++;
    if (i == MODEL_OBJECTS_MAX) {
        state->full = 1;
        return NO_ONE;
    }
    if (i == state->objects_used)
        state->objects_used++;
    memset(&state->objects[i], 0, sizeof state->objects[i]);
    state->objects[i].kind = (uint8_t)kind;
    state->objects[i].owner = state->objects[i].to = NO_ONE;
    state->objects[i].task = state->objects[i].by = NO_ONE;
    state->objects[i].from = state->objects[i].into = NO_ONE;
    return (uint8_t)i;
}

void object_end(struct state *state, uint8_t place)
{
    for (int i = 0; i < state->units_used; i++) {
        struct unit *unit = &state->units[i];

        if (unit->life != LIFE_NONE && unit->mutex == place)
            unit->mutex = STALE;
        if (unit->life != LIFE_NONE && unit->condition == place)
            unit->condition = STALE;
    }
    for (int i = 0; i < state->objects_used; i++) {
        struct object *object = &state->objects[i];

        if (object->kind == NAME_TRIGGER && object->from == place)
            object->from = STALE;
        if (object->kind == NAME_TRIGGER && object->into == place)
            object->into = STALE;
    }
    memset(&state->objects[place], 0, sizeof state->objects[place]);
    make_stale(state, of_objects, place);
    while (state->objects_used > 0 && !state->objects[state->objects_used - 1].kind)
        state->objects_used--;
}

void drop_things(struct state *state)
{
    for (int i = 0; i < state->resources_used; i++)
        if (state->resources[i].phase != RESOURCE_NONE)
            resource_drop(state, (uint8_t)i);
    for (int i = 0; i < state->objects_used; i++)
        if (state->objects[i].kind)
            object_end(state, (uint8_t)i);
}

/* ---- The end of a unit ---- */

/* Whether anything still uses an object without its name. */
static bool is_in_use(const struct state *state, uint8_t object)
{
    for (int i = 0; i < state->units_used; i++) {
        const struct unit *unit = &state->units[i];

        if (unit->life != LIFE_NONE &&
            (unit->orphanage == object || (unit->wait >= WAIT_MUTEX && unit->on == object) ||
             unit->mutex == object || unit->condition == object))
            return true;
    }
    for (int i = 0; i < state->objects_used; i++) {
        const struct object *trigger = &state->objects[i];

        if (trigger->kind == NAME_TRIGGER &&
            (trigger->to == object || trigger->from == object || trigger->into == object ||
             (i == object && trigger->to != NO_ONE &&
              (trigger->from != NO_ONE || trigger->task != NO_ONE))))
            return true;
    }
    return state->objects[object].by != NO_ONE;
}

/* Forget what nobody can name any more, so that it makes no difference between states. */
static void collect(struct state *state)
{
    for (int i = 0; i < state->resources_used; i++)
        if (state->resources[i].phase == RESOURCE_UNOWNED &&
            !is_named(state, of_resources, (uint8_t)i))
            resource_drop(state, (uint8_t)i);
    for (int i = 0; i < state->objects_used; i++)
        if (state->objects[i].kind && !is_named(state, of_objects, (uint8_t)i) &&
            !is_in_use(state, (uint8_t)i))
            object_end(state, (uint8_t)i);
}

void names_drop(struct state *state, uint8_t place)
{
    for (int i = state->binding_count; i-- > 0;)
        if (state->bindings[i].scope == place)
            remove_binding(state, i);
    collect(state);
}

void unit_drop(struct state *state, uint8_t place)
{
    make_stale(state, of_promises, place);
    memset(&state->units[place], 0, sizeof state->units[place]);
    while (state->units_used > 0 && state->units[state->units_used - 1].life == LIFE_NONE)
        state->units_used--;
}
