/* bench.h: what the parts of the benchmark share. A measure is a pair of functions, one for the
 * runtime and one for the limit. Each does the same work once and returns the cost of one unit of
 * it. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>

struct measure {
    const char *name;
    const char *unit;
    double goal;  /* the ratio to reach; 0: none */
    int rounds;   /* odd, so that there is a median */
    size_t count; /* of tasks, connections or processors; passed to both functions */
    double (*ours)(size_t count);
    double (*limit)(size_t count);
};

/* ---- bench_tools.c */

/* Elapsed time, and the processor time of this thread, which a busy machine affects less. */
double nanoseconds(void);
double processor_nanoseconds(void);

/* Report an error of the runtime, which is negative, and exit. */
_Noreturn void give_up(const char *what, int error);

/* Returns result, or gives up if it is negative. */
int must(const char *what, int result);

/* ---- bench_tasks.c */
double yield_ours(size_t count);
double yield_limit(size_t count);
double spawn_await_ours(size_t count);
double spawn_all_ours(size_t count);
double spawn_limit(size_t count);
double parked_ours(size_t count);
double parked_limit(size_t count);

/* ---- bench_domains.c */
double call_ours(size_t processors);
double call_limit(size_t processors);

/* ---- bench_echo.c: start both servers and open count connections to each; measure; end both */
void echo_start(const char *program, size_t count);
double echo_ours(size_t count);
double echo_limit(size_t count);
void echo_stop(void);

/* ---- bench_select.c: the hand-written server on a listening socket; never returns */
_Noreturn void select_server(int listener);

#endif
