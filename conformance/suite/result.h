/* result: how one execution of a test ended. */
#ifndef RESULT_H
#define RESULT_H

#include "judge/judge.h"

/* The worse, the higher. */
enum result_kind {
    RESULT_PASS,
    RESULT_SKIPPED,         /* a test in C, where only scenarios are executed */
    RESULT_DECLINED,        /* the runtime leaves out a part that the test needs */
    RESULT_LACKS,           /* as declared, the runtime or its driver lacks what the test needs */
    RESULT_DIFFERS,         /* as declared: not executed, or a known failure */
    RESULT_UNKNOWN,         /* could not tell: this machine cannot carry out the test */
    RESULT_NOT_IMPLEMENTED, /* the runtime lacks what the test needs, but not a whole part */
    RESULT_FAIL,
    RESULT_HANG,
    RESULT_CRASH,
    RESULT_KINDS
};

enum { RESULT_TRACE_MAX = 1 << 18 };

struct result {
    enum result_kind kind;
    char *reason;            /* one line; NULL: it passed */
    struct verdict *verdict; /* the judge's; NULL: it was not asked */
    char *trace;             /* all that a driver said of the execution, as it said it, up to
                                RESULT_TRACE_MAX bytes; NULL: it passed, or was no scenario */
    size_t left_out;         /* bytes behind them */
    char *output;            /* the last lines of a driver's output, printable; NULL: none */
    char *errors;            /* the last lines of standard error, printable; NULL: none */
    char *source;            /* the lines of a check that failed, marked where it did; NULL: none */
    char *replay;            /* the option of conform that repeats the execution; NULL: none */
    bool starved;   /* a run could not start for want of threads or memory, or the test may have
                       lacked what another test had */
    bool refused;   /* a task was told that there are no threads or no memory */
    int tasks;      /* that there were in a scenario, or that a check says it has at a time */
    double seconds; /* from its beginning to its end, with all schedules if it was explored; 0: it
                       was not executed, or shares the result of its twin */
    double spent;   /* seconds that the process has spent, in all executions that it shared */
    char *lacks;    /* items of driver/parts.h, one of which the runtime lacks; NULL: none */
    unsigned used;  /* bit P: a function of part P was executed, in a scenario */
};

/* Whether the runtime has done something wrong. */
bool result_is_failure(enum result_kind kind);

const char *result_name(enum result_kind kind);

/* Give a result that is a pass so far another kind, with the reason as printf would write it. */
__attribute__((format(printf, 3, 4))) void result_set(struct result *result, enum result_kind kind,
                                                      const char *format, ...);

/* Add to the reason of a result that is no pass. */
void result_remark(struct result *result, const char *remark);

void result_free(struct result *result);

#endif
