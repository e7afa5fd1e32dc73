/* report: the results of a suite, for people (text) and, through cmocka, for machines (TAP, JUnit).
 */
#ifndef REPORT_H
#define REPORT_H

#include "suite/session.h"
#include "suite/suite.h"

#include <stdbool.h>
#include <stdio.h>

enum report_format { REPORT_TEXT, REPORT_TAP, REPORT_JUNIT };

struct report {
    FILE *stream;
    enum report_format format;
    bool colour;
    const char
        *again; /* the command that repeats a test when `--rule ID` is added, for the shell */
    const char *lacks; /* what this machine lacks, for people; NULL: nothing */
    const struct session *session;
};

/* Write the report. Returns false if cmocka could not. */
bool report_write(const struct report *report, const struct suite *suite);

/* Write one line per chosen rule: id, level, number of tests, title. */
void report_list(FILE *stream, const struct suite *suite);

#endif
