/* Rules R6.37 and R6.38: tasks of several domains at one descriptor that is closed. */
#include "waits.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- R6.37: those that wait elsewhere ---- */

static int close_under_waits(void *arg)
{
    struct waits *t = arg;

    TRY(waits_start(t, miou_call));
    FOR_EACH_WAIT(kind, t)
    TRY(miou_close(t->waiters[kind].fd));
    return waits_await(t);
}

static void check_closing(struct waits waits)
{
    assert_int_equal(unix_run_with(1, close_under_waits, &waits), 0);
    assert_int_equal(waits.waiting, waits_count(&waits));
    waits_assert(&waits, -EBADF);
}

CHECK("R6.37", closing_wakes_those_that_wait_on_another_domain)
{
    check_closing((struct waits){WAITS_OF_STREAMS});
}

CHECK("R6.37", closing_wakes_those_that_connect_or_wait_for_datagrams_on_another_domain)
{
    check_closing((struct waits){OTHER_WAITS});
}

enum { DOMAINS = 3, READERS = 2 * (DOMAINS + 1) };

struct crowd {
    struct pair pair, next;
    struct waiter readers[READERS], fresh;
    miou_promise *promises[READERS];
    bool closer_elsewhere;
    int closed;
};

static int come_to_wait(void *arg)
{
    (void)arg;
    let_others_run();
    return 0;
}

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
        TRY(miou_call(&last, &(miou_spawn){.pin = &domain}, come_to_wait, NULL));
        TRY(miou_await(last, NULL));
    }
    let_others_run();
    return 0;
}

static int close_it(void *arg)
{
    struct crowd *t = arg;

    t->closed = miou_close(t->pair.fd);
    return 0;
}

/* Once it is closed its number goes to another descriptor, which those that woke leave alone. */
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

    assert_int_equal(unix_run_with(DOMAINS, close_under_a_crowd, &t), 0);
    assert_int_equal(t.closed, 0);
    for (i = 0; i < READERS; i++)
        assert_int_equal(t.readers[i].result, -EBADF);
    assert_int_equal(t.fresh.result, 1);
    assert_int_equal(t.fresh.byte, 'x');
}

CHECK("R6.37", closing_wakes_those_that_wait_on_every_domain)
{
    check_crowd(false);
}

CHECK("R6.37", a_close_on_another_domain_wakes_those_that_wait_on_every_domain)
{
    check_crowd(true);
}

enum { ROUNDS = 300 };

/* Whether the reader waits already when it is closed is left to chance. */
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

    assert_int_equal(unix_run_with(1, close_soon, readers), 0);
    for (i = 0; i < ROUNDS; i++)
        assert_int_equal(readers[i].result, -EBADF);
}

struct theft {
    miou_fd *fd;
    atomic_bool reading;
    int stolen;
    ssize_t end;
};

/* Never waits, for there is always something to read. */
static int read_for_ever(void *arg)
{
    struct theft *t = arg;
    char byte;

    while ((t->end = miou_read(t->fd, &byte, 1)) == 1) {
        t->stolen += byte != 'a';
        atomic_store(&t->reading, true);
    }
    return 0;
}

/* A descriptor that can be read for long, one byte after the other. */
static int open_full(struct pair *pair, char byte)
{
    char bytes[1 << 14];

    TRY(pair_adopt(pair, SOCK_STREAM, 0));
    memset(bytes, byte, sizeof bytes);
    peer_send(pair->peer, bytes, sizeof bytes);
    return 0;
}

/* While it is read elsewhere it is closed, and the next one opened gets its number. */
static int exchange_what_is_read(void *arg)
{
    struct theft *t = arg;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        miou_promise *promise;
        struct pair pair, next;

        TRY(open_full(&pair, 'a'));
        t[i].fd = pair.fd;
        TRY(miou_call(&promise, NULL, read_for_ever, &t[i]));
        while (!atomic_load(&t[i].reading))
            TRY(miou_yield());
        TRY(miou_close(pair.fd));
        TRY(open_full(&next, 'b'));
        TRY(miou_await(promise, NULL));
        TRY(miou_close(next.fd));
        peer_close(pair.peer);
        peer_close(next.peer);
    }
    return 0;
}

CHECK("R6.37", who_reads_what_is_closed_reads_nothing_else)
{
    static struct theft t[ROUNDS];
    int i;

    assert_int_equal(unix_run_with(1, exchange_what_is_read, t), 0);
    for (i = 0; i < ROUNDS; i++) {
        assert_int_equal(t[i].stolen, 0);
        assert_int_equal(t[i].end, -EBADF);
    }
}

/* ---- R6.38: several that close ---- */

struct closing {
    miou_fd *fd;
    atomic_int here; /* of those that close */
    struct closer {
        struct closing *round;
        int result;
        miou_fd *opened;
        bool still_open;
    } closers[2];
};

/* Both at once, and whoever did it takes the number over. */
static int close_at_once(void *arg)
{
    struct closer *closer = arg;
    struct closing *round = closer->round;

    atomic_fetch_add(&round->here, 1);
    while (atomic_load(&round->here) < 2)
        ;
    closer->result = miou_close(round->fd);
    return closer->result == 0 ? miou_unix_socket(&closer->opened, 0) : 0;
}

static int close_twice(void *arg)
{
    struct closing *rounds = arg;
    int i, j;

    for (i = 0; i < ROUNDS; i++) {
        struct closer *closers = rounds[i].closers;

        TRY(miou_unix_socket(&rounds[i].fd, 0));
        for (j = 0; j < 2; j++)
            closers[j].round = &rounds[i];
        TRY(miou_parallel(NULL, close_at_once, (void *[]){&closers[0], &closers[1]}, 2));
        for (j = 0; j < 2; j++)
            if (closers[j].result == 0) {
                closers[j].still_open = is_open(miou_fd_number(closers[j].opened));
                TRY(miou_close(closers[j].opened));
            }
    }
    return 0;
}

CHECK("R6.38", of_two_that_close_one_does)
{
    static struct closing rounds[ROUNDS];
    int i;

    assert_int_equal(unix_run_with(2, close_twice, rounds), 0);
    for (i = 0; i < ROUNDS; i++) {
        const struct closer *closers = rounds[i].closers;
        int first = closers[0].result == 0 ? 0 : 1;

        assert_int_equal(closers[first].result, 0);
        assert_int_equal(closers[1 - first].result, -EBADF);
        assert_true(closers[first].still_open);
    }
}
