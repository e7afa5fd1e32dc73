/* bench: what the parts of the benchmark share. A measure is a pair of functions, ours and the
 * limit it stands beside, each of which does the same work once and returns what a piece of it
 * cost. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>

struct measure {
    const char *name;
    const char *unit;
    double goal;  /* the ratio aimed at; 0: none */
    int rounds;   /* odd, so that there is a median */
    size_t count; /* how many tasks, connections or processors; for those measures that ask */
    double (*ours)(size_t count);
    double (*limit)(size_t count);
};

/* The wall's clock, and the processor time of this thread, which a busy machine disturbs less. */
double nanoseconds(void);
double processor_nanoseconds(void);

/* Stop the benchmark, saying what went wrong; error is negative, as the runtime returns it. */
_Noreturn void give_up(const char *what, int error);

/* result >= 0 ? result : give_up. */
int must(const char *what, int result);

/* bench_tasks.c */
double yield_ours(size_t count);
double yield_limit(size_t count);
double spawn_await_ours(size_t count);
double spawn_all_ours(size_t count);
double spawn_limit(size_t count);
double parked_ours(size_t count);
double parked_limit(size_t count);

/* bench_domains.c */
double call_ours(size_t processors);
double call_limit(size_t processors);

/* bench_echo.c: start both servers and open count connections to each; measure; end both. */
void echo_start(const char *program, size_t count);
double echo_ours(size_t count);
double echo_limit(size_t count);
void echo_stop(void);

/* bench_select.c: the hand-written server on a listening socket. Never returns. */
_Noreturn void select_server(int listener);

#endif
