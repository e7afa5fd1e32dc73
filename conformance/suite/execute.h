/* execute: runs a scenario or a test in C in a process of its own and judges what the process did.
 */
#ifndef EXECUTE_H
#define EXECUTE_H

#include "process.h"
#include "session.h"

/* The program of a scenario as a driver reads it, behind the lines of its schedules; to be freed.
 */
char *execute_input(const struct suite *suite, const struct test *test, const char *before);

/* Whether the driver has said that it lacks what a scenario needs; then the result says so. */
bool execute_lacks(const struct session *session, const struct test *test, bool is_steered,
                   struct result *result);

/* Execute a scenario once, with the line of a schedule, or without if it is empty. */
struct result execute_once(const struct session *session, const struct suite *suite,
                           const struct test *test, const char *schedule);

/* Execute a test in C. */
struct result execute_check(const struct session *session, const struct test *test);

/* Start a driver, and find out whether tests can be executed at all and what the runtime lacks,
 * which becomes known to the suite. Returns why not, as one line, to be freed; NULL: they can, as
 * far as this shows. */
char *execute_begin(struct session *session, struct suite *suite);

/* Let the drivers end. Returns the last status other than 0 with which one has ended. */
int execute_end(struct session *session);

/* ---- Several executions in one process ---- */

/* A process that has executed a scenario, once for each of several schedules. */
struct batch {
    const struct session *session;
    const struct program *program;
    unsigned id;   /* of the scenario, for the driver */
    size_t asked;  /* executions that the process was asked for */
    size_t judged; /* executions that were judged so far */
    bool over;     /* nothing is left to judge */
    struct process process;
    struct peers *peers; /* NULL: the scenario has none */
    const char *rest;    /* the output that is not judged yet */
    struct trace *trace; /* of the execution judged last */
};

/* One execution of a scenario. */
struct execution {
    struct result result;      /* belongs to the caller */
    const struct trace *trace; /* valid until the next execution is judged */
    const char *text;          /* what the driver printed */
    size_t size;
    bool spent; /* the process has used up its time, or its room for output */
};

/* Run the process, with the lines of its schedules and their number. */
void batch_run(struct batch *batch, const struct session *session, const struct suite *suite,
               const struct test *test, const char *schedules, size_t count);

/* Judge the next execution. The first one that the process does not survive is the last. Returns
 * false if there is none left. */
bool batch_next(struct batch *batch, struct execution *execution);

void batch_free(struct batch *batch);

#endif
