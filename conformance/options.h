/* options: what the command line of conform asks for. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "report/report.h"
#include "suite/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What conform is to do. */
enum errand {
    ERRAND_CHECK,
    ERRAND_LIST,
    ERRAND_LIST_TESTS,
    ERRAND_PRINT,
    ERRAND_EXPORT,
    ERRAND_BEHAVIOURS,
    ERRAND_PROVE,
    ERRAND_FREEDOMS,
    ERRAND_LITMUS,
    ERRAND_CHECK_DRIVER,
    ERRAND_VERSION
};

/* Ids, or patterns for ids. */
struct ids {
    const char **of;
    size_t count;
};

/* A further report of the session. */
struct also {
    enum report_format format;
    const char *file;
};

struct options {
    enum errand errand;
    struct session session;
    const char *spec;        /* as given; NULL: not given */
    const char *chapters;    /* the directory; for the program to find */
    const char *output;      /* a file; NULL: standard output */
    const char *differences; /* a file; NULL: none */
    const char *from_run;    /* a file of differences that is to be written; NULL: none */
    const char *print;       /* the scenario to print, or whose behaviours to print */
    const char *litmus;      /* a litmus program to print, or how many of them; NULL: all */
    uint32_t states;         /* that the model visits of a scenario */
    const char *checked;     /* a driver that is to be tested itself */
    const char *export;      /* a directory in which all scenarios are to be written */
    struct ids rules;
    struct ids exceptions;
    unsigned levels;      /* bit L: rules of this level; 0: all */
    size_t shard, shards; /* the share of the rules that is tested, of how many; 0: all rules */
    enum report_format format;
    struct also *also; /* further reports */
    size_t also_count;
    size_t slowest; /* tests that the report names, as they take longest */
    bool strict;    /* a broken SHOULD rule decides, too */
    int steered;    /* how many options steer the runtime's choices */
};

/* Read the command line. A mistake in it, --help and --version end the program. */
void options_read(struct options *options, int argc, char **argv);

/* Say on standard error, behind the program's name, what is wrong, and end with status 2. */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);

/* End so if standard output could not be written; else all of it is. */
void finish_output(void);

/* Say so of one of several mistakes. */
void complain_about(const char *text);

#endif
