/* races: a turn happened before another if both are of one domain, or they meet, or by way of a
 * third. Two turns of different domains race if they meet, and neither has happened before the
 * other in another way. */
#include "races.h"

#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

static int *clock_of(const struct races *races, int turn)
{
    return &races->clocks[(size_t)turn * (size_t)races->width];
}

bool races_happened_before(const struct races *races, int one, int other)
{
    return clock_of(races, other)[races->takers[one]] > one;
}

static void join(const struct races *races, int *clock, const int *other)
{
    for (int i = 0; i < races->width; i++)
        if (clock[i] < other[i])
            clock[i] = other[i];
}

static int turn_before(const struct races *races, int turn)
{
    int earlier = turn - 1;

    while (earlier >= 0 && races->takers[earlier] != races->takers[turn])
        earlier--;
    return earlier;
}

/* The latest turns come first, so that a turn which has happened before another by way of a third
 * is known to have. Returns the next turn before `at` that races with a turn; -1: none. */
static int next_race(const struct races *races, int turn, int *clock, int at)
{
    for (at--; at >= 0; at--)
        if (clock[races->takers[at]] <= at &&
            footprints_meet(&races->footprints[at], &races->footprints[turn])) {
            join(races, clock, clock_of(races, at));
            return at;
        }
    return -1;
}

/* The clock of a turn as far as its own domain's turns before it go. */
static void start_clock(const struct races *races, int turn, int *clock)
{
    int earlier = turn_before(races, turn);

    memset(clock, 0, (size_t)races->width * sizeof *clock);
    if (earlier >= 0)
        join(races, clock, clock_of(races, earlier));
}

static void set_clock(struct races *races, int turn)
{
    int *clock = clock_of(races, turn), at = turn;

    start_clock(races, turn, clock);
    while ((at = next_race(races, turn, clock, at)) >= 0)
        ;
    clock[races->takers[turn]] = turn + 1;
}

/* Whether a turn meets one of others between two turns. */
static bool is_disturbed(const struct races *races, int turn, int from, int end)
{
    for (int i = from + 1; i < end; i++)
        if (races->takers[i] != races->takers[turn] &&
            footprints_meet(&races->footprints[i], &races->footprints[turn]))
            return true;
    return false;
}

static void count_polls(struct races *races, int turn)
{
    int earlier = turn_before(races, turn);

    if (races->footprints[turn].polls == 0)
        return;
    races->polled[turn] = 1;
    if (earlier >= 0 && !is_disturbed(races, turn, earlier, turn))
        races->polled[turn] += races->polled[earlier];
}

struct races *races_create(const struct program *program, const struct trace *trace)
{
    struct races *races = zeroed(1, sizeof *races);
    size_t count = (size_t)trace->turn_count;
    int i;

    races->trace = trace;
    races->footprints = footprints_of(program, trace);
    races->width = program->domains + 2;
    races->takers = zeroed(count, sizeof *races->takers);
    races->clocks = zeroed(count * (size_t)races->width, sizeof *races->clocks);
    races->polled = zeroed(count, sizeof *races->polled);
    for (i = 0; i < trace->turn_count; i++) {
        races->takers[i] = turn_taker(trace, i) + 1;
        set_clock(races, i);
        count_polls(races, i);
    }
    return races;
}

void races_free(struct races *races)
{
    free(races->footprints);
    free(races->takers);
    free(races->clocks);
    free(races->polled);
    free(races);
}

/* Whether nothing comes of a turn if its taker has it before an earlier one: its tasks look for
 * flags there, and each has had a turn to look, and one to yield, since anything they may notice.
 */
static bool is_in_vain(const struct races *races, int turn, int before)
{
    int earlier = turn_before(races, turn), polls;

    while (earlier >= before)
        earlier = turn_before(races, earlier);
    polls = earlier >= 0 ? races->footprints[earlier].polls : 0;
    return polls > 0 && races->polled[earlier] >= 2 * polls &&
           !is_disturbed(races, earlier, earlier, before);
}

/* Of the turns behind `one` that it has not happened before, and then `other`: those who take the
 * first, that is, one which none of them has happened before. */
static int find_first(const struct races *races, int one, int other, int *first)
{
    int count = 0, i, k;
    int *before = zeroed((size_t)(other - one), sizeof *before); /* the turns in question */
    int turns = 0;

    for (i = one + 1; i <= other; i++) {
        bool led = false;

        if (i < other && races_happened_before(races, one, i))
            continue;
        for (k = 0; k < turns && !led; k++)
            led = races_happened_before(races, before[k], i);
        before[turns++] = i;
        if (!led && !is_in_vain(races, i, one))
            first[count++] = races->takers[i];
    }
    free(before);
    return count;
}

void races_tell(const struct races *races, int from, int end, races_see *see, void *to)
{
    int *clock = zeroed((size_t)races->width, sizeof *clock);
    int *first = zeroed((size_t)races->width, sizeof *first);
    int turn, other;

    for (turn = from; turn < end; turn++) {
        start_clock(races, turn, clock);
        other = turn;
        while ((other = next_race(races, turn, clock, other)) >= 0) {
            int count = find_first(races, other, turn, first);

            if (count > 0 && footprints_race(&races->footprints[other], &races->footprints[turn]))
                see(to, other, turn, first, count);
        }
    }
    free(clock);
    free(first);
}
