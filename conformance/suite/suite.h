/* suite: the rules and their tests, which are the chapters' scenarios and the tests in C, and what
 * each test came to. */
#ifndef SUITE_H
#define SUITE_H

#include "judge/judge.h"
#include "scenario/reader.h"

#include <stdbool.h>
#include <stddef.h>

/* What a test came to, the worse the higher. */
enum result {
    RESULT_PASS,
    RESULT_SKIPPED,         /* a test in C, where only scenarios are executed */
    RESULT_NOT_IMPLEMENTED, /* the runtime lacks a function */
    RESULT_FAIL,
    RESULT_HANG,
    RESULT_CRASH,
    RESULT_UNKNOWN, /* could not tell: the test could not be executed */
    RESULTS
};

/* One execution of a test, and what it came to. */
struct attempt {
    enum result result;
    char *reason;            /* in one line; NULL: it passed */
    struct verdict *verdict; /* the judge's; NULL: it was not asked */
    char *output;            /* the last lines of a driver's output, printable; NULL: none */
    char *errors;            /* what was printed to standard error, printable; NULL: nothing */
    char *replay;            /* the option of conform that drives the same run; NULL: none did */
};

void attempt_free(struct attempt *attempt);

/* Add to the reason of an attempt that did not pass. */
void attempt_remark(struct attempt *attempt, const char *more);

/* How many of a scenario's schedules were executed. */
struct exploration {
    size_t schedules; /* in all; 0: none, as the runtime could not be driven */
    size_t random;    /* of them */
    size_t traces;    /* different ones */
    bool exhausted;   /* there are no others */
};

struct test {
    char *id;         /* "R2.1/1" */
    const char *name; /* its part behind the rule */
    const struct rule *rule;
    const struct scenario *scenario; /* NULL: a test in C */
    struct test *twin;               /* the same test in C of an earlier rule; NULL: none */
    bool chosen;

    struct attempt attempt; /* the one that counts */
    struct exploration exploration;
};

struct suite_rule {
    const struct chapter *chapter;
    const struct rule *rule;
    struct test *tests;
    size_t count;
    bool chosen;
};

struct suite {
    struct book *book;
    struct suite_rule *rules; /* in the order of the chapters */
    size_t rule_count;
    struct test *tests; /* in the order of the rules */
    size_t count;
    char *stray; /* what is wrong with a test in C that is of no rule; NULL: there is none */
};

/* Told of every mistake, in one line. */
typedef void suite_complain(const char *text);

/* Gather the tests: the chapters of the directory, and the lines that `checks --list` has printed.
 * NULL after complaints. */
struct suite *suite_create(const char *directory, const char *checks, suite_complain *complain);
void suite_free(struct suite *suite);

/* Choose a rule (R2.1), the rules of a chapter (R2) or one test (R2.1/1) besides those that are
 * chosen already; NULL: all. Returns whether there is such a thing. */
bool suite_choose(struct suite *suite, const char *what);

/* Take back the choice of the same. */
bool suite_except(struct suite *suite, const char *what);

/* Complain about the chosen rules that have neither tests nor an excuse, or both, and if all are
 * chosen about tests in C of no rule. Returns whether all is well. */
bool suite_check(const struct suite *suite, suite_complain *complain);

/* The worst that the chosen tests of a rule came to. RESULT_SKIPPED if there are none. */
enum result suite_result(const struct suite_rule *rule);

const char *result_name(enum result result);

#endif
