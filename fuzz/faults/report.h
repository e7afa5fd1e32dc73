/* report.h: what a run with faults reports while it runs, to the process that started it. */
#ifndef FUZZ_FAULTS_REPORT_H
#define FUZZ_FAULTS_REPORT_H

#include "calls.h"

#include <stdbool.h>

struct report {
    int places[CALLS]; /* how often each call was made */
    int struck;        /* faults that were injected */
    int result, done, cut;
    bool whole; /* the run came to its end */
    char broken[200];
};

/* In memory that this process shares with the one that started it. */
extern struct report *report;

/* A new run begins. */
void report_begin(void);

/* A part of the work is done. A run that returns 0 does all parts, as it does without a fault. */
void report_done(void);

/* A client of a server was turned away. Each fault may cause that once. */
void report_cut(void);

/* A call or a question of the run. A run with too many never ends by itself, and is ended here. */
void report_step(void);

/* A promise is broken: ends the process. */
_Noreturn void report_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
