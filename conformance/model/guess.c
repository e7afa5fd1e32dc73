/* guess: the events of each task in their order. */
#include "guess.h"

#include "scenario/memory.h"

#include <limits.h>
#include <stdlib.h>

/* Finalisers are named after who created the resource, and so tell nothing of a task. */
static bool is_of_task(const struct sight *sight)
{
    switch (sight->kind) {
    case SIGHT_BEGIN:
    case SIGHT_DID:
    case SIGHT_PRINT:
    case SIGHT_END:
        return true;
    default:
        return false;
    }
}

void guess_create(struct guess *guess, const struct sight *sights, int count,
                  const struct sighted *sighted, int sighted_count)
{
    int *next = zeroed((size_t)sighted_count + 1, sizeof *next), sum = 0;

    guess->task = zeroed((size_t)sighted_count, sizeof *guess->task);
    guess->first = zeroed((size_t)sighted_count + 1, sizeof *guess->first);
    guess->events = zeroed((size_t)count + 1, sizeof *guess->events);
    for (int i = 0; i < sighted_count; i++)
        guess->task[i] = sighted[i].cause == CAUSE_PART && sighted[i].parent < i
                             ? guess->task[sighted[i].parent]
                             : i;
    for (int i = 0; i < count; i++)
        if (is_of_task(&sights[i]))
            next[guess->task[sights[i].instance]]++;
    for (int i = 0; i <= sighted_count; i++) {
        int size = next[i];

        guess->first[i] = next[i] = sum;
        sum += size;
    }
    for (int i = 0; i < count; i++)
        if (is_of_task(&sights[i]))
            guess->events[next[guess->task[sights[i].instance]]++] = i;
    free(next);
}

void guess_free(struct guess *guess)
{
    free(guess->events);
    free(guess->first);
    free(guess->task);
}

/* Which event of a task comes next; INT_MAX: it has no more. */
static int next_of(const struct guess *guess, const struct unit *unit, int now)
{
    int low, high, end;

    if (unit->instance == 0)
        return INT_MAX;
    low = guess->first[unit->instance - 1];
    high = end = guess->first[unit->instance];
    while (low < high) {
        int middle = (low + high) / 2;

        if (guess->events[middle] < now)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end ? guess->events[low] : INT_MAX;
}

/* The task that a step has put at the end of the queue; NO_ONE: it has put none there. */
static uint8_t newest(const struct state *from, const struct state *to, uint8_t domain)
{
    uint8_t last = NO_ONE;

    for (uint8_t i = 0; i < to->units_used; i++) {
        const struct unit *unit = &to->units[i];

        if (unit->place == PLACE_READY && unit->domain == domain &&
            (last == NO_ONE || unit->rank > to->units[last].rank))
            last = i;
    }
    if (last != NO_ONE && last < from->units_used && from->units[last].place == PLACE_READY)
        return NO_ONE;
    return last;
}

/* Whether nothing need be seen of the next turn of a task: its operation goes on. */
static bool may_be_silent(const struct state *state, const struct program *program, uint8_t task)
{
    const struct unit *frame = &state->units[innermost(state, task)];
    const struct operation *op;

    if (frame->life == LIFE_SPAWNED || frame->at >= program->tasks[frame->task].count)
        return false;
    op = &program->operations[program->tasks[frame->task].first + frame->at];
    return op->kind == OP_UNTIL || op->repeat > 1;
}

enum belief guess_believes(const struct guess *guess, const struct program *program,
                           const struct state *from, const struct state *to, uint8_t domain,
                           int now)
{
    uint8_t last = newest(from, to, domain);
    enum belief belief = BELIEF_LIKELY;
    bool silent;
    int next;

    if (last == NO_ONE || to->units[last].cancel != CANCEL_NO)
        return belief;
    silent = may_be_silent(to, program, last);
    next = next_of(guess, &to->units[last], now);
    for (uint8_t i = 0; i < to->units_used; i++) {
        const struct unit *unit = &to->units[i];

        if (i == last || unit->domain != domain || unit->cancel != CANCEL_NO ||
            unit->life == LIFE_NONE || may_be_silent(to, program, i))
            continue;
        if ((unit->place == PLACE_READY && !silent && next_of(guess, unit, now) > next) ||
            (unit->place == PLACE_COMING && next_of(guess, unit, now) < next))
            belief = silent && belief != BELIEF_UNLIKELY ? BELIEF_DOUBTFUL : BELIEF_UNLIKELY;
    }
    return belief;
}

bool guess_is_next(const struct guess *guess, const struct unit *unit, int now)
{
    return next_of(guess, unit, now) == now;
}
