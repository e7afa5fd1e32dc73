/* run: executes the chosen tests of a suite, each in a process of its own, and judges them. */
#ifndef RUN_H
#define RUN_H

#include "suite.h"

struct run {
    const char *runtime; /* a library; NULL: the runtime is the command's */
    const char *command; /* a driver in any language, for the shell; NULL: the one below */
    const char *driver;  /* the driver for libraries */
    const char *checks;  /* the tests in C */
    const char *under;   /* a command that these are run under, for the shell; NULL: none */
    double seconds;      /* that a test may take */
    int jobs;            /* tests at a time */
};

/* Write to each chosen test what it came to. */
void run_suite(const struct run *run, struct suite *suite);

/* The program of a scenario as a driver reads it; to be freed. */
char *run_program(const struct suite *suite, const struct test *test);

#endif
