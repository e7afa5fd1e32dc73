/* count.c: counts what a unit of a row executes, where time is mostly noise. Cachegrind executes
 * one side with as many units and with twice as many; the difference is theirs alone. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number in a line such as `==1== I   refs:      1,234  (...)`. */
static double number_in(const char *line)
{
    double number = 0;

    for (const char *c = strchr(line, ':'); *c != '\0' && *c != '('; c++)
        if (*c >= '0' && *c <= '9')
            number = number * 10 + (*c - '0');
    return number;
}

static int count_all(struct counts *counts, const char *program, const struct row *row,
                     const char *side, size_t units)
{
    char command[8192], line[256];
    FILE *output;

    *counts = (struct counts){-1, -1};
    snprintf(command, sizeof command,
             "valgrind --tool=cachegrind --cache-sim=yes --cachegrind-out-file=/dev/null"
             " '%s' --once %s %zu '%s' 2>&1",
             program, side, units, row->name);
    if ((output = popen(command, "r")) == NULL)
        return -1;
    while (fgets(line, sizeof line, output) != NULL) {
        if (strstr(line, " I   refs:"))
            counts->instructions = number_in(line);
        else if (strstr(line, " D1  misses:"))
            counts->misses = number_in(line);
    }
    pclose(output);
    return counts->instructions < 0 || counts->misses < 0 ? -1 : 0;
}

int count_unit(struct counts *counts, const char *program, const struct row *row, const char *side)
{
    struct counts once, twice;

    if (count_all(&once, program, row, side, row->counted) < 0 ||
        count_all(&twice, program, row, side, 2 * row->counted) < 0)
        return -1;
    counts->instructions = (twice.instructions - once.instructions) / (double)row->counted;
    counts->misses = (twice.misses - once.misses) / (double)row->counted;
    return 0;
}
