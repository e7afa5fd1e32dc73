/* suite: the rules and their tests, which are the chapters' scenarios and the tests in C, with the
 * result of each test. */
#ifndef SUITE_H
#define SUITE_H

#include "driver/parts.h"
#include "result.h"
#include "scenario/reader.h"

#include <stdbool.h>
#include <stddef.h>

struct difference;
struct differences;

/* What ends an exploration that has not exhausted the schedules. */
enum bound {
    BOUND_NONE,
    BOUND_SCHEDULES, /* as many as were to be executed */
    BOUND_OUTPUT,    /* the driver has printed too much */
    BOUND_TIME,      /* it has taken too long */
    BOUND_LENGTH     /* some schedules have too many choices */
};

/* How many of a scenario's schedules were executed. */
struct exploration {
    size_t schedules; /* in all; 0: none, since the runtime could not be steered */
    size_t random;    /* among them */
    size_t traces;    /* different ones */
    size_t views;     /* different in what some task has seen */
    uint64_t digest;  /* of the set of these */
    bool exhausted;   /* there are no other schedules, or none that lead to anything else */
    enum bound bound; /* why not, if it is not */
};

struct test {
    char *id;         /* "R2.1/ended" */
    const char *name; /* the part of the id behind the rule */
    const struct rule *rule;
    const struct scenario *scenario; /* NULL: a test in C */
    bool attacks;                    /* an attack on a server, not a test in C */
    struct test *twin;               /* the same test in C of an earlier rule; NULL: none */
    bool chosen;
    const struct difference *difference; /* declared of it, or of its rule; NULL: none */

    int executions; /* several if it seemed to hang, or was starved; the last one counts */
    char *at_first; /* why the first one failed, if the others did not; or NULL */
    struct result result; /* of the execution that counts */
    struct exploration exploration;
};

struct suite_rule {
    const struct chapter *chapter;
    const struct rule *rule;
    enum part part; /* that it belongs to */
    struct test *tests;
    size_t count;
    size_t left_out; /* tests, beside others that were executed; see suite.left_out */
    bool chosen;
    bool declined;                       /* its part is */
    const struct difference *difference; /* for which it is not kept, even if its tests pass */
};

/* What is known of a part of the interface: whether the runtime lacks some of its items, and has
 * others. */
struct suite_part {
    bool lacks;
    bool has;
    const struct difference
        *difference; /* the runtime is declared to decline it; NULL: it is not */
};

struct suite {
    struct book *book;
    struct suite_rule *rules; /* in the order of the chapters */
    size_t rule_count;
    struct test *tests; /* in the order of the rules */
    size_t count;
    size_t left_out; /* tests that were chosen first, and not executed since others had failed, or
                        since the session was interrupted */
    bool interrupted;
    bool strict; /* a broken SHOULD rule is held against the runtime, too */
    struct suite_part parts[PARTS];
    struct differences *differences; /* declared; NULL: none */
    char *stray; /* complaint about a test in C that names no rule of the chapters; NULL: none */
};

/* Called for every mistake, with one line. */
typedef void suite_complain(const char *text);

/* Gather the tests: the chapters of the directory, and the lines that `checks --list` has printed.
 * If a server is to be tested, `attacks` are the lines that `attack --rules` has printed, which are
 * the tests of the rules that they name; else it is NULL. NULL after complaints. */
struct suite *suite_create(const char *directory, const char *checks, const char *attacks,
                           suite_complain *complain);
void suite_free(struct suite *suite);

/* Whether a rule is meant by an id: its own (R2.1), or that of its chapter (R2). */
bool suite_is_of(const struct suite_rule *rule, const char *id);

/* Choose a rule (R2.1), the rules of a chapter (R2) or one test (R2.1/ended), or all that a pattern
 * of the shell stands for, in addition to those that are chosen already; NULL: all. Returns whether
 * any exists. */
bool suite_choose(struct suite *suite, const char *what);

/* Choose the rules of the chapters that have attacks on a server. Returns whether there are any. */
bool suite_choose_attacks(struct suite *suite);

/* Whether a chapter has any. */
bool suite_has_attacks(const struct suite *suite, const struct chapter *chapter);

/* Undo the choice of the same. A rule of which no test is left is not chosen either. */
bool suite_except(struct suite *suite, const char *what);

/* Undo the choice of all rules but those of some levels: bit L stands for level L. */
void suite_keep_levels(struct suite *suite, unsigned levels);

/* Of the chosen rules keep the i-th share of n, from 1. Each rule is in one of the shares. */
void suite_keep_shard(struct suite *suite, size_t i, size_t n);

bool suite_is_empty(const struct suite *suite);

/* Complain about chosen rules that have neither tests nor a reason to be untested, or have both,
 * and, if all rules are chosen, about tests in C of no rule. Returns whether all is well. */
bool suite_check(const struct suite *suite, suite_complain *complain);

/* Undo the choice of all chosen tests that have no result, and count them as left out. */
void suite_leave_out(struct suite *suite);

/* ---- Results ---- */

/* Whether the runtime declines a part, as far as is known: it lacks all of it, and not only some,
 * or is declared to. */
bool suite_declines(const struct suite *suite, int part);

/* Once the tests have been executed, tell those that need what the runtime declines from those that
 * need what it only lacks. */
void suite_settle(struct suite *suite);

/* The worst result of a rule's chosen tests, but for those that need what the runtime declines, or
 * lacks, declared or not, although others could be executed. If there is no other: RESULT_DECLINED
 * for a rule of a declined part, else RESULT_SKIPPED. */
enum result_kind suite_result(const struct suite_rule *rule);

/* How many of a rule's chosen tests passed, of those that the session could have executed if the
 * runtime had all that it does not decline. */
struct share {
    size_t passed;
    size_t of;
};
struct share suite_share(const struct suite_rule *rule);

#endif
