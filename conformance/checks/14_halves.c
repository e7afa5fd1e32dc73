/* Rules R14.15 to R14.17: the two halves of a stream socket. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- R14.15: one task reads and another writes ---- */

enum { STREAM = 4 << 20 };

struct duplex {
    spawner *spawn;
    unsigned flags;
    struct pair pair;
    miou_fd *writer;
    bool owned[2];
    int numbers[2];
    ssize_t written, stranger;
    atomic_bool tried; /* the half, by the stranger */
    size_t came_back, echoed;
};

static int write_stream(void *arg)
{
    struct duplex *t = arg;
    unsigned char *bytes = malloc(STREAM);

    pattern_fill(bytes, STREAM, 0);
    NOTE(t->written, miou_write(t->writer, bytes, STREAM));
    free(bytes);
    while (!atomic_load(&t->tried))
        TRY(miou_yield());
    return t->written < 0 ? (int)t->written : miou_close(t->writer);
}

/* Echoes with a small buffer, so that a task that does not read holds up the one that writes. */
static void *echo(void *arg)
{
    struct duplex *t = arg;
    char bytes[4096];
    ssize_t n;

    while ((n = recv(t->pair.peer, bytes, sizeof bytes, 0)) > 0)
        t->echoed += peer_send(t->pair.peer, bytes, (size_t)n);
    shutdown(t->pair.peer, SHUT_WR);
    return NULL;
}

static int read_stream(struct duplex *t)
{
    unsigned char bytes[4096];
    ssize_t n;

    while ((n = miou_read(t->pair.fd, bytes, sizeof bytes)) > 0) {
        if (pattern_match(bytes, (size_t)n, t->came_back) != (size_t)n)
            return -EBADMSG;
        t->came_back += (size_t)n;
    }
    return n < 0 ? (int)n : miou_close(t->pair.fd);
}

static int go_both_ways(void *arg)
{
    struct duplex *t = arg;
    miou_resource *half;
    miou_promise *promise;
    pthread_t thread;

    TRY(pair_open(&t->pair, t->flags));
    TRY(miou_fd_split(&t->writer, t->pair.fd));
    t->owned[0] = miou_fd_resource(t->pair.fd) != NULL;
    t->owned[1] = (half = miou_fd_resource(t->writer)) != NULL;
    t->numbers[0] = miou_fd_number(t->pair.fd);
    t->numbers[1] = miou_fd_number(t->writer);
    start_thread(&thread, echo, t);
    TRY(t->spawn(&promise, &(miou_spawn){.give = &half, .give_count = half != NULL}, write_stream,
                 t));
    if (half)
        NOTE(t->stranger, miou_write(t->writer, "x", 1));
    atomic_store(&t->tried, true);
    TRY(read_stream(t));
    pthread_join(thread, NULL);
    return miou_await(promise, NULL);
}

static void check_duplex(spawner *spawn, unsigned flags)
{
    struct duplex t = {.spawn = spawn, .flags = flags};

    expect_code(unix_run_with(1, go_both_ways, &t), 0);
    expect_number(t.owned[0], flags == MIOU_OWNED);
    expect_number(t.owned[1], flags == MIOU_OWNED);
    expect_true(t.numbers[0] != t.numbers[1]);
    expect_noted(t.written, STREAM);
    expect_number(t.came_back, STREAM);
    if (flags)
        expect_noted(t.stranger, MIOU_NOT_OWNER);
}
#define check_duplex(...) IN_HELPER(check_duplex, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R14.15", one_task_reads_and_another_writes)
{
    check_duplex(miou_async, MIOU_OWNED);
    check_duplex(miou_async, 0);
}

CHECK("R14.15", one_domain_reads_and_another_writes)
{
    check_duplex(miou_call, MIOU_OWNED);
    check_duplex(miou_call, 0);
}

/* ---- R14.16: the ends ---- */

enum end { CLOSED, RELEASED, FINALISED, LEFT, ENDS };

struct ending {
    enum end end;
    bool reader_first;
    struct pair pair;
    ssize_t read, written;
    bool ended_early, ended_last;
};

static bool peer_sees_end(int peer)
{
    char byte;

    return poll(&(struct pollfd){.fd = peer, .events = POLLIN}, 1, 0) == 1 &&
           recv(peer, &byte, 1, MSG_DONTWAIT) == 0;
}

/* Block until the peer can read something. Returns whether that is the end. Loopback may take its
 * time, too. */
static bool await_end(int peer)
{
    await_events(peer, POLLIN);
    return peer_sees_end(peer);
}

static int fail(void *arg)
{
    (void)arg;
    return -7;
}

static int end_half(miou_fd *half, enum end end)
{
    miou_promise *promise;

    if (end == CLOSED)
        return miou_close(half);
    if (end == RELEASED)
        return miou_release(miou_fd_resource(half));
    TRY(miou_async(&promise, &(miou_spawn){MIOU_GIVE(miou_fd_resource(half))}, fail, NULL));
    return miou_await(promise, NULL);
}

static int end_halves(void *arg)
{
    struct ending *t = arg;
    miou_fd *writer;
    char byte;

    TRY(pair_open(&t->pair, MIOU_OWNED));
    TRY(miou_fd_split(&writer, t->pair.fd));
    if (t->end == LEFT)
        return miou_close(t->reader_first ? t->pair.fd : writer);
    TRY(end_half(t->reader_first ? t->pair.fd : writer, t->end));
    if (t->reader_first) {
        t->ended_early = peer_sees_end(t->pair.peer);
        NOTE(t->written, miou_write(writer, "x", 1));
        if (peer_receive(t->pair.peer, &byte, 1) != 1)
            return -EIO;
    } else {
        t->ended_early = await_end(t->pair.peer);
        peer_send(t->pair.peer, "x", 1);
        NOTE(t->read, miou_read(t->pair.fd, &byte, 1));
    }
    TRY(end_half(t->reader_first ? writer : t->pair.fd, t->end));
    t->ended_last = t->reader_first ? await_end(t->pair.peer) : true;
    return 0;
}

CHECK("R14.16", the_writer_ends_first)
{
    for (enum end end = CLOSED; end < LEFT; end++) {
        with_index(end);
        struct ending t = {.end = end};

        expect_code(unix_run_with(0, end_halves, &t), 0);
        expect_true(t.ended_early);
        expect_noted(t.read, 1);
    }
}

CHECK("R14.16", the_reader_ends_first)
{
    for (enum end end = CLOSED; end < LEFT; end++) {
        with_index(end);
        struct ending t = {.end = end, .reader_first = true};

        expect_code(unix_run_with(0, end_halves, &t), 0);
        expect_false(t.ended_early);
        expect_noted(t.written, 1);
        expect_true(t.ended_last);
    }
}

CHECK("R14.16", a_half_that_is_left_is_a_leak)
{
    int first;

    for (first = 0; first < 2; first++) {
        with_index(first);
        struct ending t = {.end = LEFT, .reader_first = first};

        expect_code(unix_run_with(0, end_halves, &t), MIOU_RESOURCE_LEAKED);
    }
}

static int disown_writer(void *arg)
{
    struct ending *t = arg;
    miou_fd *writer;
    int number;

    TRY(pair_open(&t->pair, MIOU_OWNED));
    TRY(miou_fd_split(&writer, t->pair.fd));
    TRY(number = miou_fd_number(writer));
    TRY(miou_disown(miou_fd_resource(writer)));
    t->ended_early = peer_sees_end(t->pair.peer);
    close(number);
    return miou_close(t->pair.fd);
}

CHECK("R14.16", a_half_that_is_disowned_has_not_ended)
{
    struct ending t = {.ended_early = true};

    expect_code(unix_run_with(0, disown_writer, &t), 0);
    expect_false(t.ended_early);
}

/* One half has the number 0: the one to read, or the one to write. */
struct zero {
    unsigned flags;
    bool reads;
    int number; /* of that half */
    ssize_t read, written;
    bool told, closed; /* when it has ended: the peer, of the end; the number */
};

/* The number 0 was not the runtime's. */
static int split_with_zero(struct zero *t, miou_fd **reader, miou_fd **writer, int *peer)
{
    miou_fd *listener;

    TRY(listen_on(&listener, t->flags, 0));
    *peer = peer_connect(port_of(listener));
    await_events(miou_fd_number(listener), POLLIN);
    if (t->reads)
        close(0);
    TRY(miou_accept(reader, listener, NULL));
    if (!t->reads)
        close(0);
    TRY(miou_fd_split(writer, *reader));
    return miou_close(listener);
}

static int end_half_with_zero(void *arg)
{
    struct zero *t = arg;
    miou_fd *reader, *writer;
    char byte;
    int peer = -1;
    ino_t inode;

    TRY(split_with_zero(t, &reader, &writer, &peer));
    t->number = miou_fd_number(t->reads ? reader : writer);
    inode = inode_of(0);
    peer_send(peer, "x", 1);
    NOTE(t->read, miou_read(reader, &byte, 1));
    NOTE(t->written, miou_write(writer, "y", 1));
    peer_receive(peer, &byte, 1);
    TRY(miou_close(t->reads ? reader : writer));
    t->told = t->reads ? peer_sees_end(peer) : await_end(peer);
    t->closed = inode_of(0) != inode;
    return miou_close(t->reads ? writer : reader);
}

CHECK("R14.16 R6.16", a_half_has_number_0)
{
    int i;

    for (i = 0; i < 4; i++) {
        with_index(i);
        struct zero t = {.flags = i % 2 ? MIOU_OWNED : 0, .reads = i >= 2};

        if (!is_open(0))
            expect_number(open("/dev/null", O_RDWR), 0);
        expect_code(unix_run_with(0, end_half_with_zero, &t), 0);
        if (t.number != 0)
            cannot_test("the descriptor number 0 was taken");
        expect_noted(t.read, 1);
        expect_noted(t.written, 1);
        expect_number(t.told, !t.reads);
        expect_true(t.closed);
    }
}

/* ---- R14.17: refusals ---- */

enum { WRONG = 6, REFUSED = 8 };

struct refusals {
    ssize_t wrong[WRONG], refused[REFUSED];
};

static int split_it(void *arg)
{
    miou_fd *writer;

    return miou_fd_split(&writer, arg);
}

static int use_the_wrong_half(void *arg)
{
    struct refusals *t = arg;
    miou_fd *writer, *other, *udp, *closed;
    struct pair pair;
    char byte = 'x';

    TRY(pair_open(&pair, MIOU_OWNED));
    TRY(miou_fd_split(&writer, pair.fd));
    peer_send(pair.peer, "x", 1);
    await_bytes(pair.number, 1);
    NOTE(t->wrong[0], miou_write(pair.fd, &byte, 1));
    NOTE(t->wrong[1], miou_sendto(pair.fd, &byte, 1, NULL, 0));
    NOTE(t->wrong[2], miou_read(writer, &byte, 1));
    NOTE(t->wrong[3], miou_read_exactly(writer, &byte, 1));
    NOTE(t->wrong[4], miou_recvfrom(writer, &byte, 1, NULL, NULL));
    TRY(miou_udpv4(&udp, MIOU_OWNED));
    NOTE(t->wrong[5], miou_fd_split(&other, udp));
    NOTE(t->refused[0], miou_fd_split(&other, pair.fd));
    NOTE(t->refused[1], miou_fd_split(&other, writer));
    NOTE(t->refused[2], miou_fd_split(&other, NULL));
    TRY(miou_tcpv4(&closed, MIOU_OWNED));
    NOTE(t->refused[3], miou_fd_split(NULL, closed));
    NOTE(t->refused[4], run_on(0, split_it, closed));
    TRY(miou_close(closed));
    NOTE(t->refused[5], miou_fd_split(&other, closed));
    NOTE(t->refused[6], miou_read(pair.fd, &byte, 1)); /* as it was */
    NOTE(t->refused[7], miou_write(writer, &byte, 1));
    TRY(miou_close(udp));
    TRY(miou_close(writer));
    return miou_close(pair.fd);
}

CHECK("R14.17", a_half_is_for_one_direction)
{
    static const int refused[REFUSED] = {-EOPNOTSUPP,    -EOPNOTSUPP, -EINVAL, -EINVAL,
                                         MIOU_NOT_OWNER, -EBADF,      1,       1};
    struct refusals t = {.wrong = {0}};
    int i;

    expect_code(unix_run_with(0, use_the_wrong_half, &t), 0);
    for (i = 0; i < WRONG; i++) {
        with_index(i);

        expect_noted(t.wrong[i], -EOPNOTSUPP);
    }
    for (i = 0; i < REFUSED; i++) {
        with_index(i);

        expect_noted(t.refused[i], refused[i]);
    }
}

static int split_without_descriptors(void *arg)
{
    struct refusals *t = arg;
    struct pair pair;
    miou_fd *writer;
    char byte = 'x';

    TRY(pair_open(&pair, MIOU_OWNED));
    allow_more_descriptors(0);
    NOTE(t->refused[0], miou_fd_split(&writer, pair.fd));
    NOTE(t->refused[1], miou_write(pair.fd, &byte, 1));
    return miou_close(pair.fd);
}

CHECK("R14.17", no_descriptor_is_left_for_a_half)
{
    struct refusals t = {.wrong = {0}};

    expect_code(unix_run_with(0, split_without_descriptors, &t), 0);
    expect_noted(t.refused[0], -EMFILE);
    expect_noted(t.refused[1], 1);
}
