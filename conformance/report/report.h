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
    int width; /* columns into which titles must fit; 0: any */
    const char *version;       /* of conform */
    const char *specification; /* its version; NULL: it does not say */
    const char *runtime; /* what was tested: the name and version of a driver's runtime, or else
                            the library's path, or the command */
    const char *driver;  /* the name that a driver gives itself; NULL: there is none */
    const char
        *again; /* the command that repeats a test when `--rule ID` is added, for the shell */
    const char *lacks; /* what this machine lacks, for people; NULL: nothing */
    const struct session *session;
    double seconds; /* that the session took */
    size_t slowest; /* tests to name, as they took longest */
};

/* Write the report. Returns false if cmocka could not. */
bool report_write(const struct report *report, const struct suite *suite);

/* Write one line per chosen rule: id, level, number of tests, title. */
void report_list(FILE *stream, const struct suite *suite);

/* Write the id of each chosen test, a line each. */
void report_list_tests(FILE *stream, const struct suite *suite);

#endif
