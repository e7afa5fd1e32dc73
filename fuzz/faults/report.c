/* report.c: what a run reports, in the run's own process. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OUTRAGE = 1 << 20 }; /* calls and questions after which a run never ends by itself */

struct report *report;

static int steps;

void report_begin(void)
{
    memset(report, 0, sizeof *report);
    steps = 0;
}

void report_done(void)
{
    report->done++;
}

void report_cut(void)
{
    report->cut++;
}

void report_step(void)
{
    if (++steps > OUTRAGE)
        report_broken("the run never ends");
}

void report_broken(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(report->broken, sizeof report->broken, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s\n", report->broken);
    _exit(1);
}
