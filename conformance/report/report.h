/* report: the results of a suite, for people (text) and for programs (all other formats). */
#ifndef REPORT_H
#define REPORT_H

#include "suite/session.h"
#include "suite/suite.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

enum report_format {
    REPORT_TEXT,
    REPORT_TAP,
    REPORT_JUNIT,    /* as Jenkins and Ant describe it */
    REPORT_SUREFIRE, /* the same as Surefire describes it */
    REPORT_JSON,     /* one document */
    REPORT_JSONL,    /* lines of JSON, written while the session runs */
    REPORT_HTML      /* one page, for people */
};

struct report {
    FILE *stream;
    enum report_format format;
    bool colour;
    int width;                 /* columns into which titles must fit; 0: any */
    size_t slowest;            /* tests to name, as they took longest */
    const char *version;       /* of conform; NULL: not known */
    const char *specification; /* its version; NULL: not known */
    const char *runtime;       /* its name and version, as its driver says; NULL: it does not say */
    const char
        *again; /* the command that repeats a test when `--rule ID` is added, for the shell */
    const char *lacks; /* what this machine lacks, for people; NULL: nothing */
    const struct session *session;
    bool interrupted; /* the session was ended early */

    /* By report_begin. */
    time_t date;  /* when the session began, or what SOURCE_DATE_EPOCH says */
    double begun; /* the same by clock_now */
    int *told;    /* by test: 1 + the kind of result that a line of JSON has told last, 0: none has;
                     NULL: no lines are written */
};

/* To be called when the tests are about to be executed, and once. */
void report_begin(struct report *report, const struct suite *suite);

/* Tell the report of a test that was executed: what an observer of the session sees. */
void report_see(void *report, const struct suite *suite, const struct test *test);

/* Write the report, or what is still to be written of it. Returns false if it could not be. */
bool report_write(struct report *report, const struct suite *suite);

/* Write one line per chosen rule: id, level, number of tests, title. */
void report_list(FILE *stream, const struct suite *suite);

/* Write the id of each chosen test, a line each. */
void report_list_tests(FILE *stream, const struct suite *suite);

#endif
