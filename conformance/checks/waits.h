/* waits: a task in each of the calls that can wait for a descriptor, for the rules that hold for
 * all these calls. Only functions that say so assert. */
#ifndef WAITS_H
#define WAITS_H

#include "sockets.h"

/* The calls, those of streams first. waits_serve provides what they wait for. */
enum wait_kind { ACCEPT, READ, WRITE, CONNECT, READ_EXACTLY, RECVFROM, SENDTO, WAITS };

/* Zeroed except for the first line. */
struct waits {
    enum wait_kind first, end; /* those from first up to end take part */
    unsigned flags;            /* of the descriptors */
    struct waiter waiters[WAITS];
    miou_promise *promises[WAITS];
    int waiting; /* how many of them waited, after waits_start */
};

#define WAITS_OF_STREAMS .first = ACCEPT, .end = CONNECT
#define OTHER_WAITS      .first = CONNECT, .end = WAITS

#define FOR_EACH_WAIT(kind, waits)                                                                 \
    for (enum wait_kind kind = (waits)->first; kind < (waits)->end; kind++)

/* The task of a kind; its argument is a struct waiter. Returns 0. */
extern miou_task *const wait_tasks[WAITS];

/* Make the descriptors; do that, spawn the tasks and let them run until they wait; await the tasks.
 */
int waits_open(struct waits *waits);
int waits_start(struct waits *waits, spawner *spawn);
int waits_await(struct waits *waits);

/* A task that lets all others of its domain run until they wait; returns 0. */
int let_others_wait(void *unused);

/* Provide what the tasks wait for: all of it, as the function of a thread, or that of one task. */
void *waits_serve(void *waits);
void waits_serve_one(const struct waits *waits, enum wait_kind kind);

/* Assert that each call returned this result; and that each did its work. */
void waits_assert(const struct waits *waits, ssize_t result);
#define waits_assert(...) IN_HELPER(waits_assert, (__VA_ARGS__), #__VA_ARGS__)
void waits_assert_served(const struct waits *waits);
#define waits_assert_served(...) IN_HELPER(waits_assert_served, (__VA_ARGS__), #__VA_ARGS__)

/* How many wait if all that take part do. */
static inline int waits_count(const struct waits *waits)
{
    return (int)(waits->end - waits->first);
}

/* A listener in plain POSIX whose queue is full, so that connecting to it has to wait until a
 * connection is accepted. */
int full_listener(void);

/* A task that waits in miou_connect until a listener of the Unix domain has room. Zeroed but for
 * spawn. The system does not report when there is room. */
struct connecting {
    spawner *spawn;
    int listener; /* in plain POSIX; its queue is full */
    struct waiter waiter;
    miou_promise *promise;
    bool waited; /* after connecting_start: the task waits */
};

/* Start that task, once its listener is there; returns 0 or an error. And the task itself: connect
 * a waiter's descriptor to that listener. */
int connecting_start(struct connecting *connecting);
int connect_locally(void *waiter);

#endif
