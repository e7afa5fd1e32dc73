/* bench: the cost of each operation beside the least that it could cost on this machine. The two
 * sides of a row are measured in turn, round by round, and their medians are compared. Ratios are
 * nearly the same on each machine and each time; the figures themselves are not. */
#include "bench.h"

#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROUNDS = 15 };

static const struct measure measures[] = {
    {"yield", "ns", 3, 9, 0, yield_ours, yield_limit},
    {"spawn + await", "ns", 4, 9, 0, spawn_await_ours, spawn_limit},
    {"spawn n + await all, n = 1e3", "ns", 5, 9, 1000, spawn_all_ours, spawn_limit},
    {"spawn n + await all, n = 1e4", "ns", 5, 9, 10000, spawn_all_ours, spawn_limit},
    {"spawn n + await all, n = 1e5", "ns", 5, 9, 100000, spawn_all_ours, spawn_limit},
    {"spawn n + await all, n = 1e6", "ns", 5, 5, 1000000, spawn_all_ours, spawn_limit},
    {"call + await, one processor", "ns", 0, 7, 1, call_ours, call_limit},
    {"call + await, two processors", "ns", 0, 7, 2, call_ours, call_limit},
    {"parked task, resident", "B", 1.1, 3, 100000, parked_ours, parked_limit},
};

static const struct measure echoes[] = {
    {"echo, 64 connections", "ns", 1.1, 15, 64, echo_ours, echo_limit},
    {"echo, 512 connections", "ns", 1.1, 15, 512, echo_ours, echo_limit},
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

static void measure(const struct measure *m)
{
    double ours[MOST_ROUNDS], limit[MOST_ROUNDS];
    double a, b;
    int i;

    printf("%-32s", m->name);
    fflush(stdout);
    for (i = 0; i < m->rounds; i++) {
        ours[i] = m->ours(m->count);
        limit[i] = m->limit(m->count);
    }
    a = median(ours, m->rounds);
    b = median(limit, m->rounds);
    printf("%9.1f %-2s %9.1f %-2s %8.2f", a, m->unit, b, m->unit, a / b);
    if (m->goal > 0)
        printf("   <= %.2f%s", m->goal, a / b <= m->goal ? "" : "  missed");
    putchar('\n');
}

/* Whether the measure's name begins with one of the arguments, if there are any. */
static bool wanted(const struct measure *m, char **names)
{
    if (*names == NULL)
        return true;
    for (; *names != NULL; names++)
        if (!strncmp(m->name, *names, strlen(*names)))
            return true;
    return false;
}

int main(int argc, char **argv)
{
    char program[4096];
    size_t i;

    (void)argc;
    snprintf(program, sizeof program, "%s/miou-echo", dirname(strdup(argv[0])));
    printf("%-32s%12s %12s %8s   %s\n", "", "ours", "limit", "ratio", "goal");
    for (i = 0; i < sizeof measures / sizeof *measures; i++)
        if (wanted(&measures[i], argv + 1))
            measure(&measures[i]);
    for (i = 0; i < sizeof echoes / sizeof *echoes; i++)
        if (wanted(&echoes[i], argv + 1)) {
            echo_start(program, echoes[i].count);
            measure(&echoes[i]);
            echo_stop();
        }
    return 0;
}
