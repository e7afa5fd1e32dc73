/* Rules R6.23, R6.37, R6.38 and R6.44: descriptors that are closed while tasks use them or wait. */
#include "waits.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- R6.23, R6.37: closing what others wait for, here and on another domain ---- */

struct closed_waits {
    struct waits waits;
    spawner *spawn;
};

static int close_under_waits(void *arg)
{
    struct closed_waits *t = arg;

    TRY(waits_start(&t->waits, t->spawn));
    FOR_EACH_WAIT(kind, &t->waits)
    TRY(miou_close(t->waits.waiters[kind].fd));
    return waits_await(&t->waits);
}

static void check_closing(struct waits waits, spawner *spawn)
{
    struct closed_waits t = {.waits = waits, .spawn = spawn};

    expect_code(unix_run_with(spawn == miou_call, close_under_waits, &t), 0);
    expect_number(t.waits.waiting, waits_count(&t.waits));
    waits_assert(&t.waits, -EBADF);
}
#define check_closing(...) IN_HELPER(check_closing, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.23", closing_wakes_those_that_wait)
{
    check_closing((struct waits){WAITS_OF_STREAMS}, miou_async);
}

CHECK("R6.23", closing_wakes_those_that_connect_or_wait_for_datagrams)
{
    check_closing((struct waits){OTHER_WAITS}, miou_async);
}

CHECK("R6.37", closing_wakes_those_that_wait_on_another_domain)
{
    check_closing((struct waits){WAITS_OF_STREAMS}, miou_call);
}

CHECK("R6.37", closing_wakes_those_that_connect_or_wait_for_datagrams_on_another_domain)
{
    check_closing((struct waits){OTHER_WAITS}, miou_call);
}

static int close_what_connects(void *arg)
{
    struct connecting *t = arg;

    TRY(connecting_start(t));
    TRY(miou_close(t->waiter.fd));
    return miou_await(t->promise, NULL);
}

static void check_closing_of_a_connection(spawner *spawn)
{
    struct connecting t = {.spawn = spawn};

    expect_code(unix_run_with(1, close_what_connects, &t), 0);
    expect_true(t.waited);
    expect_noted(t.waiter.result, -EBADF);
}
#define check_closing_of_a_connection(...)                                                         \
    IN_HELPER(check_closing_of_a_connection, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.23", closing_wakes_one_that_waits_for_room_in_the_unix_domain)
{
    check_closing_of_a_connection(miou_async);
}

CHECK("R6.37", closing_wakes_one_that_waits_for_room_on_another_domain)
{
    check_closing_of_a_connection(miou_call);
}

/* ---- R6.14: the system waits for the number when it is closed ---- */

/* A task of another domain waits for it, so that domain sleeps with the number in its hands. */
struct held {
    struct pair pair;
    struct waiter waiter;
    bool waited, closed;
    size_t received; /* by the peer, up to the end */
};

static int close_what_is_held(void *arg)
{
    struct held *t = arg;
    miou_promise *promise, *last;
    ino_t inode;
    char byte;

    TRY(pair_open(&t->pair, 0));
    inode = inode_of(t->pair.number);
    t->waiter.fd = t->pair.fd;
    TRY(miou_call(&promise, NULL, read_once, &t->waiter));
    TRY(until_begun(&t->waiter));
    TRY(miou_call(&last, NULL, let_others_wait, NULL));
    TRY(await_and_free(last));
    t->waited = !t->waiter.done;
    TRY(miou_close(t->pair.fd));
    t->closed = inode_of(t->pair.number) != inode;
    t->received = peer_receive(t->pair.peer, &byte, 1);
    peer_close(t->pair.peer);
    return await_and_free(promise);
}

CHECK("R6.37 R6.14", closing_ends_what_another_domain_waits_for)
{
    int i;

    for (i = 0; i < 20; i++) {
        with_index(i);
        struct held t = {.received = 1};

        expect_code(unix_run_with(1, close_what_is_held, &t), 0);
        expect_true(t.waited);
        expect_true(t.closed);
        expect_number(t.received, 0);
        expect_noted(t.waiter.result, -EBADF);
    }
}

/* ---- R6.37: two readers on each domain ---- */

enum { DOMAINS = 3, READERS = 2 * (DOMAINS + 1) };

struct crowd {
    struct pair pair, next;
    struct waiter readers[READERS], fresh;
    miou_promise *promises[READERS];
    bool closer_elsewhere;
    int closed;
};

/* Two readers on each domain, main's too. */
static int start_readers(struct crowd *t)
{
    int i;

    for (i = 0; i < READERS; i++) {
        int domain = i / 2;
        miou_promise *last;

        t->readers[i].fd = t->pair.fd;
        if (domain == 0) {
            TRY(miou_async(&t->promises[i], NULL, read_once, &t->readers[i]));
            continue;
        }
        TRY(miou_call(&t->promises[i], &(miou_spawn){.pin = &domain}, read_once, &t->readers[i]));
        TRY(until_begun(&t->readers[i]));
        TRY(miou_call(&last, &(miou_spawn){.pin = &domain}, let_others_wait, NULL));
        TRY(miou_await(last, NULL));
    }
    let_others_run();
    return 0;
}

static int close_it(void *arg)
{
    struct crowd *t = arg;

    NOTE(t->closed, miou_close(t->pair.fd));
    return 0;
}

/* After the close another descriptor gets the number; the readers that wake leave it alone. */
static int close_under_a_crowd(void *arg)
{
    struct crowd *t = arg;
    miou_promise *promise;
    int i;

    TRY(pair_open(&t->pair, 0));
    TRY(start_readers(t));
    TRY((t->closer_elsewhere ? miou_call : miou_async)(&promise, NULL, close_it, t));
    TRY(miou_await(promise, NULL));
    TRY(pair_open(&t->next, 0));
    t->fresh.fd = t->next.fd;
    TRY(miou_async(&promise, NULL, read_once, &t->fresh));
    for (i = 0; i < READERS; i++)
        TRY(miou_await(t->promises[i], NULL));
    peer_send(t->next.peer, "x", 1);
    return miou_await(promise, NULL);
}

static void check_crowd(bool closer_elsewhere)
{
    struct crowd t = {.closer_elsewhere = closer_elsewhere, .closed = 1};
    int i;

    expect_code(unix_run_with(DOMAINS, close_under_a_crowd, &t), 0);
    expect_noted(t.closed, 0);
    for (i = 0; i < READERS; i++) {
        with_index(i);

        expect_noted(t.readers[i].result, -EBADF);
    }
    expect_noted(t.fresh.result, 1);
    expect_number(t.fresh.byte, 'x');
}
#define check_crowd(...) IN_HELPER(check_crowd, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.37", closing_wakes_those_that_wait_on_every_domain)
{
    check_crowd(false);
}

CHECK("R6.37", a_close_on_another_domain_wakes_those_that_wait_on_every_domain)
{
    check_crowd(true);
}

enum { ROUNDS = 100 };

/* It is left to chance whether the reader already waits when the descriptor is closed. */
static int close_soon(void *arg)
{
    struct waiter *readers = arg;
    int i, j;

    for (i = 0; i < ROUNDS; i++) {
        miou_promise *promise;
        struct pair pair;

        TRY(pair_adopt(&pair, SOCK_STREAM, 0));
        readers[i].fd = pair.fd;
        TRY(miou_call(&promise, NULL, read_once, &readers[i]));
        for (j = 0; j < i % 7; j++)
            TRY(miou_yield());
        TRY(miou_close(pair.fd));
        TRY(miou_await(promise, NULL));
        peer_close(pair.peer);
    }
    return 0;
}

CHECK("R6.37", whenever_it_is_closed_the_reader_learns_of_it)
{
    static struct waiter readers[ROUNDS];
    int i;

    expect_code(unix_run_with(1, close_soon, readers), 0);
    for (i = 0; i < ROUNDS; i++) {
        with_index(i);

        expect_noted(readers[i].result, -EBADF);
    }
}

enum { THEFTS = 40 };

struct theft {
    miou_fd *fd;
    sem_t reading;
    int stolen;
    ssize_t end;
};

/* Never waits, since there is always something to read. */
static int read_for_ever(void *arg)
{
    struct theft *t = arg;
    int count;
    char byte;

    for (count = 0; (t->end = miou_read(t->fd, &byte, 1)) == 1; count++) {
        t->stolen += byte != 'a';
        if (count == 0)
            sem_post(&t->reading);
    }
    return 0;
}

/* A descriptor that has bytes for a long time. */
static int open_full(struct pair *pair, char byte)
{
    char bytes[1 << 14];

    TRY(pair_adopt(pair, SOCK_STREAM, 0));
    memset(bytes, byte, sizeof bytes);
    peer_send(pair->peer, bytes, sizeof bytes);
    return 0;
}

/* It is closed while another domain reads it, and the next descriptor gets its number. The reader
 * has the processor until this thread wakes, so it is interrupted at an arbitrary place. */
static int exchange_what_is_read(void *arg)
{
    struct theft *t = arg;
    int i;

    for (i = 0; i < THEFTS; i++) {
        miou_promise *promise;
        struct pair pair, next;

        TRY(open_full(&pair, 'a'));
        t[i].fd = pair.fd;
        TRY(miou_call(&promise, NULL, read_for_ever, &t[i]));
        sem_wait(&t[i].reading);
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        TRY(miou_close(pair.fd));
        TRY(open_full(&next, 'b'));
        TRY(miou_await(promise, NULL));
        TRY(miou_close(next.fd));
        peer_close(pair.peer);
        peer_close(next.peer);
    }
    return 0;
}

CHECK("R6.37", a_reader_of_a_closed_descriptor_reads_no_other)
{
    static struct theft t[THEFTS];
    cpu_set_t one;
    int i;

    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
    for (i = 0; i < THEFTS; i++)
        sem_init(&t[i].reading, 0, 0);
    expect_code(unix_run_with(1, exchange_what_is_read, t), 0);
    for (i = 0; i < THEFTS; i++) {
        with_index(i);

        expect_number(t[i].stolen, 0);
        expect_code(t[i].end, -EBADF);
    }
}

/* ---- R6.38: several that close ---- */

enum { CLOSES = 1000 };

struct closing {
    miou_fd *fd;
    atomic_int meetings; /* of the two tasks that close */
    struct closer {
        struct closing *closing;
        bool makes_it;
        int results[CLOSES];
        bool still_open[CLOSES];
    } closers[2];
};

/* Go on together, on two domains. */
static void meet(struct closing *t)
{
    int together = (atomic_fetch_add(&t->meetings, 1) / 2 + 1) * 2;

    while (atomic_load(&t->meetings) < together)
        sched_yield();
}

/* Both close at once; the one that succeeds opens a descriptor, which gets the number. */
static int close_at_once(void *arg)
{
    struct closer *closer = arg;
    struct closing *t = closer->closing;
    miou_fd *opened = NULL;
    int i;

    for (i = 0; i < CLOSES; i++) {
        if (closer->makes_it)
            miou_unix_socket(&t->fd, 0);
        meet(t);
        NOTE(closer->results[i], miou_close(t->fd));
        if (closer->results[i] == 0)
            miou_unix_socket(&opened, 0);
        meet(t);
        if (closer->results[i] == 0) {
            closer->still_open[i] = is_open(miou_fd_number(opened));
            miou_close(opened);
        }
        meet(t);
    }
    return 0;
}

static int close_twice(void *arg)
{
    struct closing *t = arg;

    return miou_parallel(NULL, close_at_once, (void *[]){&t->closers[0], &t->closers[1]}, 2);
}

CHECK("R6.38", of_two_that_close_one_does)
{
    static struct closing t;
    int i;

    t.closers[0] = (struct closer){.closing = &t, .makes_it = true};
    t.closers[1] = (struct closer){.closing = &t};
    expect_code(unix_run_with(2, close_twice, &t), 0);
    for (i = 0; i < CLOSES; i++) {
        with_index(i);
        const struct closer *first = &t.closers[0], *second = &t.closers[1];

        expect_number((first->results[i] == 0) + (second->results[i] == 0), 1);
        expect_code(first->results[i] + second->results[i], -EBADF);
        expect_true(first->still_open[i] || second->still_open[i]);
    }
}

/* ---- R6.44: closing the system's number ---- */

struct stolen {
    spawner *spawn; /* the tasks that wait */
    struct pair stolen, kept;
    ssize_t results[2];
    atomic_int begun;
    int closed;
};

static int read_stolen(void *arg)
{
    struct stolen *t = arg;
    char byte;

    t->begun++;
    NOTE(t->results[0], miou_read(t->stolen.fd, &byte, 1));
    return 0;
}

static int read_kept(void *arg)
{
    struct stolen *t = arg;
    char byte;

    t->begun++;
    NOTE(t->results[1], miou_read(t->kept.fd, &byte, 1));
    return 0;
}

static int steal(void *arg)
{
    struct stolen *t = arg;
    miou_promise *first, *second, *third;

    TRY(pair_open(&t->stolen, 0));
    TRY(pair_open(&t->kept, 0));
    TRY(t->spawn(&first, NULL, read_stolen, t));
    TRY(t->spawn(&second, NULL, read_kept, t));
    while (t->begun < 2)
        TRY(miou_yield());
    TRY(t->spawn(&third, NULL, let_others_wait, NULL));
    TRY(await_and_free(third));
    close(miou_fd_number(t->stolen.fd));
    TRY(miou_await(first, NULL));
    if (peer_send(t->kept.peer, "x", 1) != 1)
        return -errno;
    TRY(miou_await(second, NULL));
    NOTE(t->closed, miou_close(t->stolen.fd));
    return miou_close(t->kept.fd);
}

static void check_stolen(spawner *spawn)
{
    struct stolen t = {.spawn = spawn, .closed = 1};

    expect_code(unix_run_with(1, steal, &t), 0);
    expect_noted(t.results[0], -EBADF);
    expect_noted(t.results[1], 1);
    expect_one_of(t.closed, 0, -EBADF);
}
#define check_stolen(...) IN_HELPER(check_stolen, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.44", closed_by_the_application)
{
    check_stolen(miou_async);
}

CHECK("R6.44", closed_by_the_application_on_another_domain)
{
    check_stolen(miou_call);
}
