/* sleepers.c: many tasks that sleep at once: until their time has come, or until they are
 * cancelled. The limit is the same tasks without the sleep: each yields once. */
#include "bench.h"
#include "miou_unix.h"

#include <stdlib.h>

enum { SHORTEST = 1000000 /* nanoseconds; the others are drawn from twice as long */ };

struct night {
    miou_promise **promises;
    size_t count;
    int64_t longest; /* of sleeps; 0: the tasks yield */
    int cancelled;
    double cost;
};

static int sleeps(void *arg)
{
    int64_t *length = arg;

    return *length > 0 ? miou_sleep(*length) : miou_yield();
}

/* In no order, and the same each time. */
static void draw_lengths(int64_t *lengths, const struct night *night)
{
    uint64_t state = 1;

    for (size_t i = 0; i < night->count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        lengths[i] = night->longest > 0 ? SHORTEST + (int64_t)(state >> 1) % night->longest : 0;
    }
}

static int sleep_all(void *arg)
{
    struct night *night = arg;
    int64_t *lengths = calloc(night->count, sizeof *lengths);
    double start;

    draw_lengths(lengths, night);
    start = processor_nanoseconds();
    for (size_t i = 0; i < night->count; i++)
        must("async", miou_async(&night->promises[i], NULL, sleeps, &lengths[i]));
    must("yield", miou_yield());
    for (size_t i = 0; i < night->count; i++)
        must("await", night->cancelled ? miou_cancel(night->promises[i])
                                       : miou_await(night->promises[i], NULL));
    night->cost = (processor_nanoseconds() - start) / (double)night->count;
    free(lengths);
    return 0;
}

static double spend(struct night night)
{
    night.promises = calloc(night.count, sizeof *night.promises);
    must("unix_run", miou_unix_run(NULL, sleep_all, &night));
    free(night.promises);
    return night.cost;
}

double sleep_ours(size_t count)
{
    return spend((struct night){.count = count, .longest = 2 * SHORTEST});
}

/* Sleeps of an hour and more, all of which are cut short. */
double sleep_cancel_ours(size_t count)
{
    return spend((struct night){.count = count, .longest = INT64_MAX / 4, .cancelled = 1});
}

double sleep_limit(size_t count)
{
    return spend((struct night){.count = count});
}
