/* report: the results of a suite, for people (text) and, through cmocka, for machines (TAP, JUnit).
 */
#ifndef REPORT_H
#define REPORT_H

#include "suite/session.h"
#include "suite/suite.h"

#include <stdbool.h>
#include <stdio.h>

/* What the results say about a runtime, and the exit status of conform. */
enum conclusion { CONFORMS = 0, DOES_NOT_CONFORM = 1, COULD_NOT_TELL = 2 };

/* A runtime conforms if it keeps every chosen MUST rule that was tested; what it declines was not.
 * A broken SHOULD or MAY rule is a failed test, but does not count here. What this machine cannot
 * test leaves the answer open, unless another MUST rule is broken or not implemented. */
enum conclusion report_conclude(const struct suite *suite);

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

/* Write how far the scenarios were explored, if they were, and the last line: `N passed, N failed`,
 * and `, N skipped` if any were. */
void report_counts(FILE *stream, const struct suite *suite);

#endif
