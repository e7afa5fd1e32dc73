/* waits: a task in each of the calls that can wait for a descriptor, and what wakes it. */
#include "waits.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int full_listener(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int listener = peer_keep(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

    if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 0) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    peer_connect(ntohs(address.sin_port));
    await_events(listener, POLLIN);
    return listener;
}

/* ---- making the descriptors ---- */

static int open_accept(struct waiter *waiter, unsigned flags)
{
    waiter->peer = -1;
    return listen_on(&waiter->fd, flags, 0);
}

static int open_read(struct waiter *waiter, unsigned flags)
{
    struct pair pair;

    TRY(pair_open(&pair, flags));
    waiter->fd = pair.fd;
    waiter->peer = pair.peer;
    return 0;
}

static int open_write(struct waiter *waiter, unsigned flags)
{
    TRY(open_read(waiter, flags));
    pair_narrow(&(struct pair){.number = miou_fd_number(waiter->fd), .peer = waiter->peer});
    return 0;
}

static int open_connect(struct waiter *waiter, unsigned flags)
{
    TRY(waiter->peer = full_listener());
    return miou_tcpv4(&waiter->fd, flags);
}

/* One of the two bytes is there already. */
static int open_read_exactly(struct waiter *waiter, unsigned flags)
{
    TRY(open_read(waiter, flags));
    peer_send(waiter->peer, "w", 1);
    return 0;
}

static int open_recvfrom(struct waiter *waiter, unsigned flags)
{
    struct sockaddr_in address = loopback(0);

    TRY(miou_udpv4(&waiter->fd, flags));
    TRY(miou_bind_and_listen(waiter->fd, (struct sockaddr *)&address, sizeof address, NULL));
    address = loopback(port_of(waiter->fd));
    waiter->peer = peer_keep(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return connect(waiter->peer, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
}

static int open_sendto(struct waiter *waiter, unsigned flags)
{
    struct pair pair;

    TRY(pair_adopt(&pair, SOCK_DGRAM, flags));
    pair_narrow(&pair);
    waiter->fd = pair.fd;
    waiter->peer = pair.peer;
    return 0;
}

/* ---- the tasks ---- */

static int connect_once(void *arg)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    struct waiter *waiter = arg;

    getsockname(waiter->peer, (struct sockaddr *)&address, &length);
    waiter->begun = true;
    NOTE(waiter->result, miou_connect(waiter->fd, (struct sockaddr *)&address, length));
    waiter->done = true;
    return 0;
}

static int read_two(void *arg)
{
    struct waiter *waiter = arg;
    char bytes[2];

    waiter->begun = true;
    NOTE(waiter->result, miou_read_exactly(waiter->fd, bytes, sizeof bytes));
    waiter->byte = bytes[1];
    waiter->done = true;
    return 0;
}

static int receive_once(void *arg)
{
    struct waiter *waiter = arg;

    waiter->begun = true;
    NOTE(waiter->result, miou_recvfrom(waiter->fd, &waiter->byte, 1, NULL, NULL));
    waiter->done = true;
    return 0;
}

enum { DATAGRAM = 16 << 10 };

static int send_lots(void *arg)
{
    static const char bytes[DATAGRAM];
    struct waiter *waiter = arg;
    ssize_t n = 0;

    waiter->begun = true;
    for (waiter->result = 0; n >= 0 && waiter->result < LOTS; waiter->result += n)
        n = miou_sendto(waiter->fd, bytes, sizeof bytes, NULL, 0);
    if (n < 0)
        waiter->result = n;
    waiter->done = true;
    return 0;
}

/* ---- what they wait for ---- */

static void serve_accept(const struct waiter *waiter)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;

    getsockname(waiter->number, (struct sockaddr *)&address, &length);
    peer_connect(ntohs(address.sin_port));
}

static void serve_byte(const struct waiter *waiter)
{
    peer_send(waiter->peer, "x", 1);
}

static void serve_lots(const struct waiter *waiter)
{
    char *bytes = malloc(LOTS);

    peer_receive(waiter->peer, bytes, LOTS);
    free(bytes);
}

static void serve_connect(const struct waiter *waiter)
{
    peer_keep(accept(waiter->peer, NULL, NULL));
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    int (*open)(struct waiter *waiter, unsigned flags);
    void (*serve)(const struct waiter *waiter);
    ssize_t result;
} kinds[WAITS] = {
    [ACCEPT] = {"miou_accept", open_accept, serve_accept, 0},
    [READ] = {"miou_read", open_read, serve_byte, 1},
    [WRITE] = {"miou_write", open_write, serve_lots, LOTS},
    [CONNECT] = {"miou_connect", open_connect, serve_connect, 0},
    [READ_EXACTLY] = {"miou_read_exactly", open_read_exactly, serve_byte, 2},
    [RECVFROM] = {"miou_recvfrom", open_recvfrom, serve_byte, 1},
    [SENDTO] = {"miou_sendto", open_sendto, serve_lots, LOTS},
};

miou_task *const wait_tasks[WAITS] = {
    [ACCEPT] = accept_once,   [READ] = read_once,        [WRITE] = write_lots,
    [CONNECT] = connect_once, [READ_EXACTLY] = read_two, [RECVFROM] = receive_once,
    [SENDTO] = send_lots,
};

int waits_open(struct waits *waits)
{
    FOR_EACH_WAIT(kind, waits)
    {
        struct waiter *waiter = &waits->waiters[kind];

        TRY(kinds[kind].open(waiter, waits->flags));
        TRY(waiter->number = miou_fd_number(waiter->fd));
    }
    return 0;
}

int let_others_wait(void *arg)
{
    (void)arg;
    let_others_run();
    return 0;
}

int waits_start(struct waits *waits, spawner *spawn)
{
    miou_promise *last;

    TRY(waits_open(waits));
    FOR_EACH_WAIT(kind, waits)
    {
        waits->waiters[kind].begun = false;
        TRY(spawn(&waits->promises[kind], NULL, wait_tasks[kind], &waits->waiters[kind]));
    }
    FOR_EACH_WAIT(kind, waits)
    TRY(until_begun(&waits->waiters[kind]));
    TRY(spawn(&last, NULL, let_others_wait, NULL));
    TRY(miou_await(last, NULL));
    FOR_EACH_WAIT(kind, waits)
    waits->waiting += !waits->waiters[kind].done;
    return 0;
}

int waits_await(struct waits *waits)
{
    FOR_EACH_WAIT(kind, waits)
    TRY(miou_await(waits->promises[kind], NULL));
    return 0;
}

void waits_serve_one(const struct waits *waits, enum wait_kind kind)
{
    kinds[kind].serve(&waits->waiters[kind]);
}

void *waits_serve(void *arg)
{
    const struct waits *waits = arg;

    FOR_EACH_WAIT(kind, waits)
    waits_serve_one(waits, kind);
    return NULL;
}

void(waits_assert)(const struct waits *waits, ssize_t result)
{
    FOR_EACH_WAIT(kind, waits)
    {
        with_name(kinds[kind].name);

        expect_true(waits->waiters[kind].done);
        expect_noted(waits->waiters[kind].result, result);
    }
}

void(waits_assert_served)(const struct waits *waits)
{
    FOR_EACH_WAIT(kind, waits)
    {
        with_name(kinds[kind].name);

        expect_noted(waits->waiters[kind].result, kinds[kind].result);
    }
}

/* ---- connecting in the Unix domain ---- */

int connect_locally(void *arg)
{
    struct sockaddr_un address = local_address(0);
    struct waiter *waiter = arg;

    waiter->begun = true;
    NOTE(waiter->result, miou_connect(waiter->fd, (struct sockaddr *)&address, sizeof address));
    waiter->done = true;
    return 0;
}

int connecting_start(struct connecting *connecting)
{
    struct sockaddr_un address = local_address(0);
    struct waiter *waiter = &connecting->waiter;
    miou_promise *last;
    int listener = peer_keep(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));

    connecting->listener = listener;
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 0) < 0)
        return -errno;
    peer_connect_local(&address);
    TRY(miou_unix_socket(&waiter->fd, 0));
    waiter->begun = false;
    TRY(connecting->spawn(&connecting->promise, NULL, connect_locally, waiter));
    TRY(until_begun(waiter));
    TRY(connecting->spawn(&last, NULL, let_others_wait, NULL));
    TRY(miou_await(last, NULL));
    connecting->waited = !waiter->done;
    return 0;
}
