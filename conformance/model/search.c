/* search: depth first over packed states. Of a visited state only a hash of 128 bits is kept, and
 * from where it was reached first, so that the way to it can be found again. */
#include "search.h"

#include "canonical.h"
#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

struct visited {
    struct hash hash;
    uint32_t from; /* the number of the state from which it was reached */
};

enum { FIRST_ROOM = 1 << 10 };

/* ---- Visited states ---- */

static void enter(struct search *search, uint32_t number)
{
    uint32_t at = (uint32_t)search->visited[number].hash.a;

    while (search->table[at & (search->room - 1)])
        at++;
    search->table[at & (search->room - 1)] = number + 1;
}

static bool is_visited(const struct search *search, struct hash hash)
{
    uint32_t at = (uint32_t)hash.a, number;

    while ((number = search->table[at & (search->room - 1)]) != 0) {
        const struct visited *visited = &search->visited[number - 1];

        if (visited->hash.a == hash.a && visited->hash.b == hash.b)
            return true;
        at++;
    }
    return false;
}

static void visit(struct search *search, struct hash hash, uint32_t from)
{
    search->visited = grown(search->visited, search->states, sizeof *search->visited);
    search->visited[search->states++] = (struct visited){hash, from};
    if (search->states <= search->room / 2) {
        enter(search, search->states - 1);
        return;
    }
    free(search->table);
    search->room *= 2;
    search->table = zeroed(search->room, sizeof *search->table);
    for (uint32_t i = 0; i < search->states; i++)
        enter(search, i);
}

/* ---- States that wait for their turn ---- */

/* A stack of packed states, each behind its number and before its size. */
struct stack {
    unsigned char *bytes;
    size_t size;
    size_t room;
};

static void push(struct stack *stack, uint32_t number, const void *bytes, size_t size)
{
    size_t all = size + sizeof number + sizeof size;

    if (stack->size + all > stack->room) {
        stack->room = 2 * (stack->room + all);
        stack->bytes = resized(stack->bytes, stack->room);
    }
    memcpy(stack->bytes + stack->size, bytes, size);
    memcpy(stack->bytes + stack->size + size, &number, sizeof number);
    memcpy(stack->bytes + stack->size + size + sizeof number, &size, sizeof size);
    stack->size += all;
}

static uint32_t pop(struct stack *stack, struct state *state)
{
    uint32_t number;
    size_t size;

    stack->size -= sizeof size;
    memcpy(&size, stack->bytes + stack->size, sizeof size);
    stack->size -= sizeof number;
    memcpy(&number, stack->bytes + stack->size, sizeof number);
    stack->size -= size;
    state_unpack(state, stack->bytes + stack->size);
    return number;
}

/* ---- The search ---- */

struct room {
    struct state from, to;
    unsigned char bytes[STATE_BYTES_MAX];
};

/* Where a step has led to. */
static void arrive(struct search *search, struct step *step, struct room *room, uint32_t from,
                   struct stack *stack)
{
    struct hash hash;
    size_t size;

    search->steps++;
    search->watch.node = from;
    if (step->state->full) {
        search->full = true;
        return;
    }
    watch_step(&search->watch, step);
    if (step->state->over)
        watch_end(&search->watch, step->state);
    if (search->alike)
        make_canonical(step->state, step->program);
    size = state_pack(step->state, room->bytes);
    hash = state_hash(room->bytes, size);
    if (is_visited(search, hash))
        return;
    visit(search, hash, from);
    if (step->state->over)
        search->ends++;
    else
        push(stack, search->states - 1, room->bytes, size);
}

static void expand(struct search *search, struct room *room, uint32_t number, struct stack *stack)
{
    struct step step = {.state = &room->to};
    bool stuck;

    while (!search->full && model_step(search->model, &room->from, &step, &stuck)) {
        if (stuck)
            search->stuck = true;
        else
            arrive(search, &step, room, number, stack);
    }
}

static void begin(struct search *search, struct room *room, struct stack *stack)
{
    size_t size;

    model_begin(search->model, &room->from);
    watch_begin(&search->watch, &room->from);
    size = state_pack(&room->from, room->bytes);
    visit(search, state_hash(room->bytes, size), 0);
    push(stack, 0, room->bytes, size);
}

void search_create(struct search *search, const struct program *program, uint32_t limit)
{
    *search = (struct search){.model = model_create(program), .limit = limit, .room = FIRST_ROOM};
    search->table = zeroed(FIRST_ROOM, sizeof *search->table);
    search->alike = !tells_order(program);
    watch_create(&search->watch, search->model);
}

void search_run(struct search *search)
{
    struct room *room = zeroed(1, sizeof *room);
    struct stack stack = {0};

    begin(search, room, &stack);
    while (stack.size > 0 && !search->full && !search->bounded) {
        uint32_t number = pop(&stack, &room->from);

        expand(search, room, number, &stack);
        search->bounded = search->states >= search->limit && stack.size > 0;
    }
    free(stack.bytes);
    free(room);
}

void search_free(struct search *search)
{
    watch_free(&search->watch);
    model_free(search->model);
    free(search->visited);
    free(search->table);
}

/* ---- The way to a state ---- */

/* Take that of a state's steps which leads to the state of that hash. */
static bool take_towards(struct search *search, struct room *room, struct step *step,
                         struct hash hash)
{
    bool stuck;

    *step = (struct step){.state = &room->to};
    while (model_step(search->model, &room->from, step, &stuck)) {
        struct hash there;

        if (stuck || room->to.full)
            continue;
        watch_step(&search->watch, step);
        if (search->alike)
            make_canonical(&room->to, step->program);
        there = state_hash(room->bytes, state_pack(&room->to, room->bytes));
        if (there.a == hash.a && there.b == hash.b)
            return true;
    }
    return false;
}

void search_path(struct search *search, uint32_t node, search_see *see, void *to)
{
    struct room *room = zeroed(1, sizeof *room);
    uint32_t *way = NULL, at = node;
    size_t length = 0;
    struct step step;

    for (; at != 0; at = search->visited[at].from) {
        way = grown(way, length, sizeof *way);
        way[length++] = at;
    }
    model_begin(search->model, &room->from);
    watch_begin(&search->watch, &room->from);
    while (length-- > 0 && take_towards(search, room, &step, search->visited[way[length]].hash)) {
        see(to, &step);
        state_copy(&room->from, &room->to);
    }
    free(way);
    free(room);
}
