/* bench.h: what the parts of the benchmark share. A side is one of those that are compared in a
 * row: the runtime, the limit, a peer. Each does the same work and returns the cost of one unit of
 * it. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <sys/types.h>

struct row {
    const char *name;
    const char *unit;
    double goal;  /* the ratio to reach; 0: none */
    int rounds;   /* odd, so that there is a median */
    size_t count; /* of tasks, connections or processors; passed to both functions */
    double (*ours)(size_t count);
    double (*limit)(size_t count);
    const char *task;    /* what peers are asked for; NULL: no peer has it */
    const char *monitor; /* of miou-echo; NULL: the row needs no server */
    size_t counted;      /* how many units are executed to count instructions; 0: none are */
};

/* ---- tools.c */

/* How many units a side does, where the row does not say. */
extern size_t turns;

/* Elapsed time, and the processor time of this thread, which a busy machine affects less. */
double nanoseconds(void);
double processor_nanoseconds(void);

/* Report an error of the runtime, which is negative, and exit. */
_Noreturn void give_up(const char *what, int error);

/* Returns result, or gives up if it is negative. */
int must(const char *what, int result);

/* Start a process that ends with this one. Returns as fork does. */
pid_t child(void);

/* How many bytes of a process are in memory. */
double resident(pid_t pid);

/* ---- tasks.c */
double yield_ours(size_t count);
double yield_limit(size_t count);
double spawn_await_ours(size_t count);
double spawn_all_ours(size_t count);
double spawn_limit(size_t count);
double parked_ours(size_t count);
double page_limit(size_t count);

/* ---- domains.c */
double call_ours(size_t processors);
double call_limit(size_t processors);
double burst_ours(size_t count);
double burst_limit(size_t count);

/* ---- sleepers.c */
double sleep_ours(size_t count);
double sleep_cancel_ours(size_t count);
double sleep_limit(size_t count);

/* ---- echo.c: start a server for each side and open connections to it; measure; end all */
void echo_start(const char *directory, const struct row *row);
double echo_ours(size_t count);
double echo_limit(size_t count);
double echo_peer(size_t number);
double idle_ours(size_t count);
void echo_stop(void);

/* ---- select.c, epoll.c: the hand-written servers on a listening socket; they never return */
_Noreturn void select_server(int listener);
_Noreturn void epoll_server(int listener);

/* ---- peers.c: other runtimes, each a program that is built where it is installed */

enum { MOST_PEERS = 8 };

/* Find the peers' programs in the directory. */
void peers_find(const char *directory);
size_t peers_count(void);
const char *peer_name(size_t number);

/* The cost of a task, by a process of its own; below 0: the peer does not have it. */
double peer_cost(size_t number, const char *task, size_t count);

/* Become the peer's echo server on a listening socket; returns if the peer has none. */
void peer_serve(size_t number, int listener);

/* ---- count.c: what valgrind counts for a unit of a row */

struct counts {
    double instructions, misses; /* of the first-level data cache */
};

/* `side` is "ours" or "limit". Returns 0, or -1 if valgrind is not there. */
int count_unit(struct counts *counts, const char *program, const struct row *row, const char *side);

#endif
