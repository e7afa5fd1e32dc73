/* run: executes the chosen tests of a suite, each in a process of its own, and judges them. */
#ifndef RUN_H
#define RUN_H

#include "suite.h"

struct run {
    const char *runtime;  /* a library; NULL: the runtime is the command's */
    const char *command;  /* a driver in any language, for the shell; NULL: the one below */
    const char *driver;   /* the driver for libraries */
    const char *checks;   /* the tests in C */
    const char *under;    /* a command that these are run under, for the shell; NULL: none */
    const char *schedule; /* the line that drives a scenario, with its newline; "": none */
    const char *replay;   /* the option of conform that it came from; NULL: none */
    size_t explore;       /* schedules of a scenario to execute, all or this many; 0: only one */
    double seconds;       /* that a test may take */
    int jobs;             /* tests at a time */
};

/* Write to each chosen test what it came to. */
void run_suite(const struct run *run, struct suite *suite);

/* The program of a scenario as a driver reads it, with the lines of its schedules; to be freed. */
char *run_program(const struct suite *suite, const struct test *test, const char *schedules);

/* One execution of a scenario. */
struct execution {
    struct attempt attempt; /* what it came to; belongs to whoever is told */
    struct trace *trace;
    const char *text; /* what the driver printed */
    size_t size;
    bool spent; /* the process has used up its time, or its room for output */
};

/* Told of one execution after the other; returns whether it wants the next. */
typedef bool run_told(void *to, struct execution *execution);

/* Execute a scenario in one process, once for each of its schedules, and judge each execution. The
 * first that the process does not survive is the last one that is told. */
void run_scenario(const struct run *run, const struct suite *suite, const struct test *test,
                  const char *schedules, size_t count, run_told *told, void *to);

#endif
