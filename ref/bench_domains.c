/* bench_domains: a task on another domain, there and back, beside two bare threads that wake each
 * other: by futex for a run without a monitor, by eventfd and select for one with the POSIX
 * monitor. */
#include "bench.h"
#include "miou_unix.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

struct calls {
    size_t count;
    double cost;
};

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int calls(void *arg)
{
    struct calls *c = arg;
    miou_promise *promise;
    double start = nanoseconds();
    size_t i;

    for (i = 0; i < c->count; i++) {
        must("call", miou_call(&promise, NULL, nothing, NULL));
        must("await", miou_await(promise, NULL));
        must("promise_free", miou_promise_free(promise));
    }
    c->cost = (nanoseconds() - start) / (double)c->count;
    return 0;
}

double call_ours(size_t count)
{
    struct calls c = {count, 0};

    must("run", miou_run(&(miou_options){.domains = 1}, calls, &c));
    return c.cost;
}

double unix_call_ours(size_t count)
{
    struct calls c = {count, 0};

    must("unix_run", miou_unix_run(&(miou_options){.domains = 1}, calls, &c));
    return c.cost;
}

/* ---- two threads: each waits for its own end, and wakes the other's */

struct end {
    _Atomic uint32_t raised;
    int fd;
};

struct court {
    struct end ends[2];
    void (*wait)(struct end *end);
    void (*wake)(struct end *end);
    size_t count;
};

static void futex_wait(struct end *end)
{
    while (!atomic_exchange(&end->raised, 0))
        syscall(SYS_futex, &end->raised, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void futex_wake(struct end *end)
{
    atomic_store(&end->raised, 1);
    syscall(SYS_futex, &end->raised, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void select_wait(struct end *end)
{
    fd_set set;
    eventfd_t value;

    FD_ZERO(&set);
    FD_SET(end->fd, &set);
    must("select", select(end->fd + 1, &set, NULL, NULL, NULL));
    must("eventfd_read", eventfd_read(end->fd, &value));
}

static void select_wake(struct end *end)
{
    must("eventfd_write", eventfd_write(end->fd, 1));
}

static void *answers(void *arg)
{
    struct court *court = arg;
    size_t i;

    for (i = 0; i < court->count; i++) {
        court->wait(&court->ends[1]);
        court->wake(&court->ends[0]);
    }
    return NULL;
}

static double ping_pong(struct court *court)
{
    pthread_t thread;
    double start;
    size_t i;

    must("pthread_create", -pthread_create(&thread, NULL, answers, court));
    start = nanoseconds();
    for (i = 0; i < court->count; i++) {
        court->wake(&court->ends[1]);
        court->wait(&court->ends[0]);
    }
    start = nanoseconds() - start;
    pthread_join(thread, NULL);
    return start / (double)court->count;
}

double call_limit(size_t count)
{
    struct court court = {.wait = futex_wait, .wake = futex_wake, .count = count};

    return ping_pong(&court);
}

double unix_call_limit(size_t count)
{
    struct court court = {.wait = select_wait, .wake = select_wake, .count = count};
    double cost;
    int i;

    for (i = 0; i < 2; i++)
        court.ends[i].fd = must("eventfd", eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    cost = ping_pong(&court);
    for (i = 0; i < 2; i++)
        close(court.ends[i].fd);
    return cost;
}
