/* report: what a suite came to, for people (text) and for machines, through cmocka (TAP, JUnit). */
#ifndef REPORT_H
#define REPORT_H

#include "suite/run.h"
#include "suite/suite.h"

#include <stdbool.h>
#include <stdio.h>

/* What a run of the suite says about a runtime, and the exit status of conform. */
enum conclusion { CONFORMS = 0, DOES_NOT_CONFORM = 1, COULD_NOT_TELL = 2 };

/* A runtime conforms if it keeps every MUST rule that has a test, of those chosen. A broken SHOULD
 * or MAY rule is a failed test but does not count here. */
enum conclusion report_conclude(const struct suite *suite);

enum report_format { REPORT_TEXT, REPORT_TAP, REPORT_JUNIT };

struct report {
    FILE *stream;
    enum report_format format;
    bool colour;
    const char *again; /* the command, quoted for the shell, to which `--rule ID` is to be added */
    const struct run *run;
};

/* Write the report. Returns false if cmocka has failed to. */
bool report_write(const struct report *report, const struct suite *suite);

/* A line a chosen rule: id, level, number of tests, title. */
void report_list(FILE *stream, const struct suite *suite);

/* How far the scenarios were explored, if they were, and the last line: `N passed, N failed`, and
 * `, N skipped` if there are any. */
void report_counts(FILE *stream, const struct suite *suite);

#endif
