/* bench: the cost of each operation beside the least that it could cost on this machine, and beside
 * what it costs in other runtimes. All sides of a row are measured in turn, round by round; the
 * ratio is the median of the rounds' ratios, and its spread goes from quartile to quartile. Ratios
 * are nearly the same on each machine and each time; the figures themselves are not. */
#include "bench.h"

#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROUNDS = 15, PEER_ROUNDS = 3 };

static const struct row rows[] = {
    {"yield", "ns", 2, 9, 0, yield_ours, yield_limit, "yield", NULL, 20000},
    {"spawn + await", "ns", 3.5, 9, 0, spawn_await_ours, spawn_limit, "spawn", NULL, 20000},
    {"spawn n + await all, n = 1e3", "ns", 3, 9, 1000, spawn_all_ours, spawn_limit, "all", NULL,
     10000},
    {"spawn n + await all, n = 1e4", "ns", 3, 9, 10000, spawn_all_ours, spawn_limit, "all", NULL,
     40000},
    {"spawn n + await all, n = 1e5", "ns", 5, 9, 100000, spawn_all_ours, spawn_limit, "all", NULL,
     100000},
    {"spawn n + await all, n = 1e6", "ns", 5, 5, 1000000, spawn_all_ours, spawn_limit, "all", NULL,
     0},
    {"call + await, one processor", "ns", 1.2, 7, 1, call_ours, call_limit, NULL, NULL, 0},
    {"call + await, two processors", "ns", 1.2, 7, 2, call_ours, call_limit, NULL, NULL, 0},
    {"call n + await all, a task", "ns", 0, 7, 1000, burst_ours, burst_limit, NULL, NULL, 0},
    {"sleep n, n = 1e5, a task", "ns", 0, 3, 100000, sleep_ours, sleep_limit, NULL, NULL, 0},
    {"sleep n, cancel all, n = 1e5", "ns", 0, 3, 100000, sleep_cancel_ours, sleep_limit, NULL, NULL,
     0},
    {"parked task, resident", "B", 1.05, 3, 100000, parked_ours, page_limit, NULL, NULL, 0},
    {"echo, 64, select", "ns", 1, 15, 64, echo_ours, echo_limit, "echo", "select", 0},
    {"echo, 512, select", "ns", 1, 15, 512, echo_ours, echo_limit, "echo", "select", 0},
    {"echo, 64, epoll", "ns", 1.05, 15, 64, echo_ours, echo_limit, "echo", "epoll", 0},
    {"echo, 512, epoll", "ns", 1.05, 15, 512, echo_ours, echo_limit, "echo", "epoll", 0},
    {"echo, 10,000, epoll", "ns", 1.05, 15, 10000, echo_ours, echo_limit, "echo", "epoll", 0},
    {"idle connection, resident", "B", 1.25, 1, 10000, idle_ours, page_limit, NULL, "epoll", 0},
};

/* What grows with the number of tasks or connections. */
static const struct {
    struct row row;
    size_t counts[8]; /* ended by a 0 */
} series[] = {
    {{"spawn n + await all", "ns", 0, 5, 0, spawn_all_ours, spawn_limit, "all", NULL, 0},
     {10, 100, 1000, 10000, 100000, 1000000}},
    {{"sleep n", "ns", 0, 3, 0, sleep_ours, sleep_limit, NULL, NULL, 0},
     {100, 1000, 10000, 100000, 1000000}},
    {{"sleep n, cancel all", "ns", 0, 3, 0, sleep_cancel_ours, sleep_limit, NULL, NULL, 0},
     {100, 1000, 10000, 100000, 1000000}},
    {{"echo, select", "ns", 0, 5, 0, echo_ours, echo_limit, "echo", "select", 0},
     {1, 8, 64, 256, 512}},
    {{"echo, epoll", "ns", 0, 5, 0, echo_ours, echo_limit, "echo", "epoll", 0},
     {1, 8, 64, 512, 2048, 10000}},
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Sorts the values. */
static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

/* Whose turn it is first changes from round to round. */
static void measure_round(const struct row *row, int round, double *ours, double *limit)
{
    if (round % 2 == 0)
        *ours = row->ours(row->count);
    *limit = row->limit(row->count);
    if (round % 2 == 1)
        *ours = row->ours(row->count);
}

static double measure_peer(const struct row *row, size_t number)
{
    return row->monitor != NULL ? echo_peer(number) : peer_cost(number, row->task, row->count);
}

/* What a row has cost: medians, but for the quartiles of the ratio. */
struct cost {
    double ours, limit, ratio, low, high;
    double peers[MOST_PEERS]; /* below 0: the peer does not have it */
};

static void measure(const struct row *row, struct cost *cost)
{
    double ours[MOST_ROUNDS], limit[MOST_ROUNDS], ratio[MOST_ROUNDS];
    double peers[MOST_PEERS][PEER_ROUNDS];

    for (int i = 0; i < row->rounds; i++) {
        measure_round(row, i, &ours[i], &limit[i]);
        ratio[i] = ours[i] / limit[i];
        for (size_t p = 0; i < PEER_ROUNDS && p < peers_count(); p++)
            peers[p][i] = row->task != NULL ? measure_peer(row, p) : -1;
    }
    cost->ratio = median(ratio, row->rounds);
    cost->low = ratio[row->rounds / 4];
    cost->high = ratio[row->rounds - 1 - row->rounds / 4];
    cost->ours = median(ours, row->rounds);
    cost->limit = median(limit, row->rounds);
    for (size_t p = 0; p < peers_count(); p++)
        cost->peers[p] = median(peers[p], PEER_ROUNDS);
}

static void measure_with_servers(const char *directory, const struct row *row, struct cost *cost)
{
    if (row->monitor != NULL)
        echo_start(directory, row);
    measure(row, cost);
    if (row->monitor != NULL)
        echo_stop();
}

static void print_peers(const struct cost *cost)
{
    const char *before = "    ";

    for (size_t p = 0; p < peers_count(); p++) {
        if (cost->peers[p] < 0)
            continue;
        printf("%s%s %.2f", before, peer_name(p), cost->peers[p] / cost->limit);
        before = ", ";
    }
    if (before[0] == ',')
        putchar('\n');
}

static void print_counts(const char *program, const struct row *row)
{
    struct counts ours, limit;

    if (row->counted == 0 || count_unit(&ours, program, row, "ours") < 0 ||
        count_unit(&limit, program, row, "limit") < 0)
        return;
    printf("    instructions %.0f : %.0f, data cache misses %.2f : %.2f\n", ours.instructions,
           limit.instructions, ours.misses, limit.misses);
}

static void print_row(const char *program, const char *directory, const struct row *row)
{
    struct cost cost;

    printf("%-30s", row->name);
    fflush(stdout);
    measure_with_servers(directory, row, &cost);
    printf("%9.1f %-2s %9.1f %-2s %6.2f  %.2f-%.2f", cost.ours, row->unit, cost.limit, row->unit,
           cost.ratio, cost.low, cost.high);
    if (row->goal > 0)
        printf("  <= %.2f%s", row->goal, cost.ratio <= row->goal ? "" : " missed");
    putchar('\n');
    print_peers(&cost);
    print_counts(program, row);
}

/* A row with other counts, one after the other: for ref/bench/plots, a line each. */
static void print_series(const char *directory, struct row row, const size_t *counts)
{
    struct cost cost;

    for (; *counts > 0; counts++) {
        row.count = *counts;
        measure_with_servers(directory, &row, &cost);
        printf("%s\t%zu\t%.1f\t%.1f", row.name, row.count, cost.ours, cost.limit);
        for (size_t p = 0; p < peers_count(); p++)
            if (cost.peers[p] >= 0)
                printf("\t%s\t%.1f", peer_name(p), cost.peers[p]);
        putchar('\n');
    }
}

/* Whether the row's name begins with one of the arguments, if there are any. */
static bool wanted(const struct row *row, char **names)
{
    if (*names == NULL)
        return true;
    for (; *names != NULL; names++)
        if (!strncmp(row->name, *names, strlen(*names)))
            return true;
    return false;
}

/* bench --once SIDE UNITS ROW: for count.c. */
static int execute_once(char **arguments)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, arguments[2])) {
            turns = strtoul(arguments[1], NULL, 10);
            (strcmp(arguments[0], "ours") ? rows[i].limit : rows[i].ours)(rows[i].count);
            return 0;
        }
    return 2;
}

int main(int argc, char **argv)
{
    const char *directory = dirname(strdup(argv[0]));

    if (argc == 5 && !strcmp(argv[1], "--once"))
        return execute_once(argv + 2);
    setlinebuf(stdout);
    peers_find(directory);
    if (argc > 1 && !strcmp(argv[1], "--series")) {
        for (size_t i = 0; i < sizeof series / sizeof *series; i++)
            if (wanted(&series[i].row, argv + 2))
                print_series(directory, series[i].row, series[i].counts);
        return 0;
    }
    printf("%-30s%12s %12s %6s  %-9s  %s\n", "", "ours", "limit", "ratio", "spread", "goal");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (wanted(&rows[i], argv + 1))
            print_row(argv[0], directory, &rows[i]);
    return 0;
}
