/* runs.h: the runs that faults are injected into. */
#ifndef FUZZ_FAULTS_RUNS_H
#define FUZZ_FAULTS_RUNS_H

#include <stdbool.h>
#include <stddef.h>

struct fault_run {
    const char *name;
    bool has_peers;   /* one of which may fail because of a fault in the other */
    int (*run)(void); /* in the simulated system. Returns 0, or the error that ended the run */
};

extern const struct fault_run fault_runs[];
extern const size_t fault_run_count;

#endif
