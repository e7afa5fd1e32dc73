/* Rule R6.16: the descriptor number 0, which the system gives out once standard input is closed. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* What became of descriptors with the number 0. */
struct zero {
    unsigned flags;
    int numbers; /* descriptors that had the number 0 */
    int closed;  /* times that it was free after miou_close */
    bool waited;
    struct waiter waiter;
    struct pair pair;
    char bytes[3];
};

/* Run fn(zero), which finds the number 0 in use, so that it is not one of the runtime's own. */
static int run_with_zero(miou_task *fn, struct zero *t)
{
    if (!is_open(0))
        assert_int_equal(open("/dev/null", O_RDWR), 0);
    return unix_run_with(0, fn, t);
}

static void note_zero(struct zero *t, miou_fd *fd)
{
    t->numbers += miou_fd_number(fd) == 0;
}

static int close_zero(struct zero *t, miou_fd *fd)
{
    TRY(miou_close(fd));
    t->closed += !is_open(0);
    return 0;
}

/* ---- made with it ---- */

static int (*const makers[])(miou_fd **fd, unsigned flags) = {miou_tcpv4, miou_udpv4,
                                                              miou_unix_socket};
enum { MAKERS = sizeof makers / sizeof makers[0] };

static int make_zero(void *arg)
{
    struct zero *t = arg;
    miou_fd *fd;
    int i, other;

    close(0);
    for (i = 0; i < MAKERS; i++) {
        TRY(makers[i](&fd, t->flags));
        note_zero(t, fd);
        TRY(close_zero(t, fd));
    }
    if ((other = dup(STDERR_FILENO)) != 0)
        return -1;
    TRY(miou_fd_adopt(&fd, 0, t->flags | MIOU_BLOCKING));
    note_zero(t, fd);
    return close_zero(t, fd);
}

/* The system has given the number away only if a thread of the runtime has taken it meanwhile. */
static void assert_zeros(const struct zero *t, int count)
{
    if (t->numbers != count)
        cannot_test("the descriptor number 0 was taken");
    assert_int_equal(t->closed, count);
}

static void check_zero(miou_task *fn, int count)
{
    static const unsigned flags[] = {0, MIOU_OWNED};
    size_t i;

    for (i = 0; i < 2; i++) {
        struct zero t = {.flags = flags[i]};

        assert_int_equal(run_with_zero(fn, &t), 0);
        assert_zeros(&t, count);
    }
}

CHECK("R6.16", descriptors_are_made_with_number_0)
{
    check_zero(make_zero, MAKERS + 1);
}

/* ---- listening, accepting, connecting ---- */

static int accept_at_zero(void *arg)
{
    struct zero *t = arg;
    miou_fd *listener, *client;
    int peer;

    close(0);
    TRY(listen_on(&listener, t->flags, 0));
    note_zero(t, listener);
    peer = peer_connect(port_of(listener));
    TRY(miou_accept(&client, listener, NULL));
    if (peer_send(peer, "ab", 2) != 2)
        return -EPIPE;
    TRY(miou_read_exactly(client, t->bytes, 2));
    TRY(miou_close(client));
    peer_close(peer);
    return close_zero(t, listener);
}

CHECK("R6.16", a_listener_has_number_0)
{
    check_zero(accept_at_zero, 1);
}

static int use_connection(struct zero *t, miou_fd *fd, int peer)
{
    if (peer_send(peer, "abc", 3) != 3)
        return -EPIPE;
    TRY(miou_read_exactly(fd, t->bytes, 2));
    TRY(miou_read(fd, t->bytes + 2, 1));
    TRY(miou_write(fd, t->bytes, 3));
    return peer_receive(peer, t->bytes, 3) == 3 ? 0 : -EPIPE;
}

static int read_from_zero(void *arg)
{
    struct zero *t = arg;
    miou_fd *listener, *client;
    int peer;

    TRY(listen_on(&listener, t->flags, 0));
    peer = peer_connect(port_of(listener));
    await_events(miou_fd_number(listener), POLLIN);
    close(0);
    TRY(miou_accept(&client, listener, NULL));
    note_zero(t, client);
    TRY(use_connection(t, client, peer));
    TRY(miou_close(listener));
    peer_close(peer);
    return close_zero(t, client);
}

CHECK("R6.16", a_connection_has_number_0)
{
    check_zero(read_from_zero, 1);
}

static int connect_from_zero(void *arg)
{
    struct sockaddr_in address;
    struct zero *t = arg;
    miou_fd *listener, *client, *connection;

    TRY(listen_on(&listener, t->flags, 0));
    address = loopback(port_of(listener));
    close(0);
    TRY(miou_tcpv4(&client, t->flags));
    note_zero(t, client);
    TRY(miou_connect(client, (struct sockaddr *)&address, sizeof address));
    TRY(miou_accept(&connection, listener, NULL));
    TRY(miou_write(client, "xyz", 3));
    TRY(miou_read_exactly(connection, t->bytes, 3));
    TRY(miou_close(connection));
    TRY(miou_close(listener));
    return close_zero(t, client);
}

CHECK("R6.16", what_connects_has_number_0)
{
    check_zero(connect_from_zero, 1);
}

/* ---- waiting ---- */

/* A connection whose end in the runtime has the number 0. */
static int open_zero(struct zero *t)
{
    TRY(pair_adopt(&t->pair, SOCK_STREAM, 0));
    if (dup2(t->pair.number, 0) != 0)
        return -errno;
    TRY(miou_close(t->pair.fd));
    TRY(miou_fd_adopt(&t->pair.fd, 0, t->flags));
    note_zero(t, t->pair.fd);
    t->waiter.fd = t->pair.fd;
    return 0;
}

static int wait_for_zero(void *arg)
{
    struct zero *t = arg;

    TRY(open_zero(t));
    TRY(read_once(&t->waiter));
    return close_zero(t, t->pair.fd);
}

static int await_reader_of_zero(void *arg)
{
    struct zero *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, wait_for_zero, t));
    TRY(let_others_run());
    t->waited = !t->waiter.done;
    peer_send(t->pair.peer, "x", 1);
    return await_and_free(promise);
}

static int cancel_reader_of_zero(void *arg)
{
    struct zero *t = arg;

    t->waited = cancel_waiting(wait_for_zero, t) == 0;
    return 0;
}

static int close_zero_beside_a_reader(void *arg)
{
    struct zero *t = arg;
    miou_promise *promise;

    TRY(open_zero(t));
    TRY(miou_async(&promise, NULL, read_once, &t->waiter));
    TRY(let_others_run());
    t->waited = !t->waiter.done;
    TRY(close_zero(t, t->pair.fd));
    return await_and_free(promise);
}

static void check_waiting_for_zero(unsigned flags, miou_task *fn, ssize_t result)
{
    struct zero t = {.flags = flags};

    assert_int_equal(run_with_zero(fn, &t), 0);
    assert_true(t.waited);
    assert_int_equal(t.waiter.result, result);
    assert_zeros(&t, 1);
    peer_close(t.pair.peer);
}

CHECK("R6.16", a_task_waits_for_number_0)
{
    check_waiting_for_zero(0, await_reader_of_zero, 1);
    check_waiting_for_zero(MIOU_OWNED, await_reader_of_zero, 1);
}

CHECK("R6.16", a_task_that_waits_for_number_0_is_cancelled)
{
    check_waiting_for_zero(MIOU_OWNED, cancel_reader_of_zero, MIOU_CANCELLED);
}

CHECK("R6.16", number_0_is_closed_beside_a_reader)
{
    check_waiting_for_zero(0, close_zero_beside_a_reader, -EBADF);
}

/* ---- left open ---- */

static int leave_zero_open(void *arg)
{
    return open_zero(arg);
}

static void check_left_open(unsigned flags, int result)
{
    struct zero t = {.flags = flags};

    assert_int_equal(run_with_zero(leave_zero_open, &t), result);
    assert_false(is_open(0));
    peer_close(t.pair.peer);
}

CHECK("R6.16", number_0_is_closed_with_the_run)
{
    check_left_open(0, 0);
    check_left_open(MIOU_OWNED, MIOU_RESOURCE_LEAKED);
}
