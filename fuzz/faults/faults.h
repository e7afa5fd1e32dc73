/* faults.h: the runs that faults are put into, and what a run says of itself. */
#ifndef FUZZ_FAULTS_H
#define FUZZ_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

struct fault_run {
    const char *name;
    bool has_peers; /* one of whom may fail because the other did */
    /* Do it in the simulated system. Returns 0, or the error that ended it. */
    int (*run)(void);
};

extern const struct fault_run fault_runs[];
extern const size_t fault_run_count;

/* A part of the work has been done: a run that returns 0 has done all of it, as without a fault. */
void faults_done(void);

/* A client of a server was turned away, which one fault may cause once. */
void faults_cut(void);

/* miou_choose of the runs: always 0, and an end to those that have none. */
size_t faults_choose(void *state, size_t count);

/* A promise is broken. */
_Noreturn void faults_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
