/* Rules R6.36 and R6.40: datagrams. */
#include "descriptor_waits.h"
#include "sockets.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- R6.36: receiving ---- */

static int receive_byte(void *arg)
{
    struct waiter *waiter = arg;

    NOTE(waiter->result, miou_recvfrom(waiter->fd, &waiter->byte, 1, NULL, NULL));
    waiter->done = true;
    return 0;
}

struct receiving {
    struct waiter waiter;
    bool waited;
};

static int receive_later(void *arg)
{
    struct receiving *t = arg;
    miou_promise *promise;
    int peer;

    TRY(receive_on_udp(&t->waiter.fd, 0));
    TRY(peer = peer_connect_udp(port_of(t->waiter.fd)));
    TRY(miou_async(&promise, NULL, receive_byte, &t->waiter));
    let_others_run();
    t->waited = !t->waiter.done;
    peer_send(peer, "x", 1);
    return miou_await(promise, NULL);
}

CHECK("R6.36", receiving_waits_and_others_run)
{
    struct receiving t = {.waited = false};

    expect_code(unix_run_with(0, receive_later, &t), 0);
    expect_true(t.waited);
    expect_noted(t.waiter.result, 1);
    expect_number(t.waiter.byte, 'x');
}

/* The task has to wait for a datagram, and learns who sent it; so did the system before. */
enum sender { OVER_UDP, WITH_A_NAME, WITHOUT_A_NAME, SENDERS };

struct sent {
    enum sender sender;
    miou_fd *fd;
    struct sockaddr_storage from, expected;
    socklen_t length, expected_length;
    ssize_t result;
    bool done, waited;
};

static int receive_and_ask(void *arg)
{
    struct sent *t = arg;
    char byte;

    memset(&t->from, 0xff, sizeof t->from);
    NOTE(t->result, miou_recvfrom(t->fd, &byte, 1, &t->from, &t->length));
    t->done = true;
    return 0;
}

static int open_sender(struct sent *t, int *peer)
{
    struct sockaddr_un own = local_address(1);
    struct pair pair;

    if (t->sender == OVER_UDP) {
        TRY(receive_on_udp(&t->fd, 0));
        TRY(*peer = peer_connect_udp(port_of(t->fd)));
        return 0;
    }
    TRY(pair_adopt(&pair, SOCK_DGRAM, 0));
    t->fd = pair.fd;
    *peer = pair.peer;
    if (t->sender == WITH_A_NAME && bind(*peer, (struct sockaddr *)&own, sizeof own) < 0)
        return -errno;
    return 0;
}

static int receive_from_whom(void *arg)
{
    struct sent *t = arg;
    miou_promise *promise;
    int peer = -1, number;
    char byte;

    TRY(open_sender(t, &peer));
    TRY(number = miou_fd_number(t->fd));
    peer_send(peer, "x", 1);
    await_events(number, POLLIN);
    t->expected_length = sizeof t->expected;
    if (recvfrom(number, &byte, 1, 0, (struct sockaddr *)&t->expected, &t->expected_length) != 1)
        return -errno;
    TRY(miou_async(&promise, NULL, receive_and_ask, t));
    TRY(let_others_run());
    t->waited = !t->done;
    peer_send(peer, "x", 1);
    return await_and_free(promise);
}

CHECK("R6.36 R6.29", a_sender_that_comes_later_is_told)
{
    for (enum sender sender = OVER_UDP; sender < SENDERS; sender++) {
        with_index(sender);
        struct sent t = {.sender = sender, .length = 1};

        expect_code(unix_run_with(0, receive_from_whom, &t), 0);
        expect_true(t.waited);
        expect_noted(t.result, 1);
        expect_number(t.length, t.expected_length);
        expect_bytes(&t.from, &t.expected, sizeof t.from);
    }
}

enum { RECEIVED = 5 };

struct datagrams {
    ssize_t results[RECEIVED];
    char buffers[RECEIVED][8];
    struct sockaddr_storage from;
    socklen_t from_length;
    struct sockaddr_in own;
};

/* A datagram that fits, one that is too long, one that gets no room at all, an empty one. */
static int receive_whole(void *arg)
{
    static const size_t sizes[RECEIVED] = {8, 4, 0, 8, 8};
    struct datagrams *t = arg;
    socklen_t length = sizeof t->own;
    miou_fd *fd;
    int peer, i;

    TRY(receive_on_udp(&fd, 0));
    TRY(peer = peer_connect_udp(port_of(fd)));
    getsockname(peer, (struct sockaddr *)&t->own, &length);
    send(peer, "abc", 3, 0);
    send(peer, "defghi", 6, 0);
    send(peer, "jkl", 3, 0);
    send(peer, "", 0, 0);
    send(peer, "mno", 3, 0);
    memset(t->buffers, '-', sizeof t->buffers);
    NOTE(t->results[0], miou_recvfrom(fd, t->buffers[0], sizes[0], &t->from, &t->from_length));
    for (i = 1; i < RECEIVED; i++)
        NOTE(t->results[i],
             miou_recvfrom(fd, sizes[i] > 0 ? t->buffers[i] : NULL, sizes[i], NULL, NULL));
    return 0;
}

CHECK("R6.36 R6.29", datagrams_are_received_one_by_one)
{
    static const char *const expected[RECEIVED] = {"abc-----", "defg----", "--------", "--------",
                                                   "mno-----"};
    static const int lengths[RECEIVED] = {3, 4, 0, 0, 3};
    static const char zeros[sizeof(struct sockaddr_storage)];
    struct datagrams t;
    int i;

    memset(&t.from, 0xff, sizeof t.from);
    expect_code(unix_run_with(0, receive_whole, &t), 0);
    for (i = 0; i < RECEIVED; i++) {
        with_index(i);

        expect_noted(t.results[i], lengths[i]);
        expect_bytes(t.buffers[i], expected[i], 8);
    }
    expect_number(t.from_length, sizeof t.own);
    expect_bytes(&t.from, &t.own, sizeof t.own);
    expect_bytes((char *)&t.from + sizeof t.own, zeros, sizeof t.from - sizeof t.own);
}

/* ---- R6.36: sending ---- */

struct sending {
    ssize_t sent[4], too_much, unconnected;
    size_t received[4];
    char buffers[4][8];
    bool nothing_else;
};

static int send_to_a_peer(void *arg)
{
    static char much[1 << 17];
    struct sending *t = arg;
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    miou_fd *here, *there;
    int peer, i;

    TRY(receive_on_udp(&here, 0));
    TRY(peer = peer_connect_udp(port_of(here)));
    getsockname(peer, (struct sockaddr *)&address, &length);
    t->unconnected = miou_sendto(here, "x", 1, NULL, 0);
    NOTE(t->too_much, miou_sendto(here, much, sizeof much, (struct sockaddr *)&address, length));
    NOTE(t->sent[0], miou_sendto(here, "abc", 3, (struct sockaddr *)&address, length));
    NOTE(t->sent[1], miou_sendto(here, NULL, 0, (struct sockaddr *)&address, length));
    TRY(miou_connect(here, (struct sockaddr *)&address, length));
    NOTE(t->sent[2], miou_sendto(here, "de", 2, NULL, 0));
    NOTE(t->sent[3], miou_write(here, "f", 1));
    for (i = 0; i < 4; i++)
        t->received[i] = (size_t)recv(peer, t->buffers[i], 8, 0);
    t->nothing_else = recv(peer, much, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
    TRY(miou_udpv4(&there, MIOU_OWNED));
    return miou_close(there);
}

CHECK("R6.36", datagrams_are_sent_whole)
{
    static const char *const expected[4] = {"abc", "", "de", "f"};
    struct sending t = {.too_much = 0};
    int i;

    expect_code(unix_run_with(0, send_to_a_peer, &t), 0);
    for (i = 0; i < 4; i++) {
        with_index(i);

        expect_noted(t.sent[i], strlen(expected[i]));
        expect_number(t.received[i], strlen(expected[i]));
        expect_bytes(t.buffers[i], expected[i], t.received[i]);
    }
    expect_noted(t.too_much, -EMSGSIZE);
    expect_true(t.unconnected < 0);
    expect_true(t.nothing_else);
}

/* A connected socket does not hear other peers. */
static int receive_from_one(void *arg)
{
    struct receiving *t = arg;
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int chosen, other;

    TRY(receive_on_udp(&t->waiter.fd, 0));
    TRY(chosen = peer_connect_udp(port_of(t->waiter.fd)));
    TRY(other = peer_connect_udp(port_of(t->waiter.fd)));
    getsockname(chosen, (struct sockaddr *)&address, &length);
    TRY(miou_connect(t->waiter.fd, (struct sockaddr *)&address, length));
    peer_send(other, "y", 1);
    peer_send(chosen, "x", 1);
    return receive_byte(&t->waiter);
}

CHECK("R6.36 R6.32", a_connected_udp_socket_hears_one_peer)
{
    struct receiving t = {.waited = false};

    expect_code(unix_run_with(0, receive_from_one, &t), 0);
    expect_noted(t.waiter.result, 1);
    expect_number(t.waiter.byte, 'x');
}

/* ---- R6.36: no room ---- */

enum { MANY = 3000 };

struct full {
    bool connected;
    miou_fd *fd;
    int peer;
    pthread_t thread;
    int sent, received, in_order;
    bool done, waited;
};

static int send_many(void *arg)
{
    struct sockaddr_un address = local_address(0);
    struct full *t = arg;
    const struct sockaddr *to = t->connected ? NULL : (struct sockaddr *)&address;

    for (t->sent = 0; t->sent < MANY; t->sent++)
        TRY(miou_sendto(t->fd, &t->sent, sizeof t->sent, to, to ? sizeof address : 0));
    t->done = true;
    return 0;
}

static void *receive_many(void *arg)
{
    struct full *t = arg;
    int number;

    for (; t->received < MANY; t->received++)
        if (recv(t->peer, &number, sizeof number, 0) == sizeof number)
            t->in_order += number == t->received;
    return NULL;
}

static int send_where_there_is_no_room(void *arg)
{
    struct sockaddr_un address = local_address(0);
    struct full *t = arg;
    int little = 4 << 10, sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    miou_promise *promise;
    int outcome;

    setsockopt(sender, SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
    t->peer = peer_keep(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (bind(t->peer, (struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    TRY(miou_fd_adopt(&t->fd, sender, 0));
    if (t->connected)
        TRY(miou_connect(t->fd, (struct sockaddr *)&address, sizeof address));
    TRY(miou_async(&promise, NULL, send_many, t));
    let_others_run();
    t->waited = !t->done;
    start_thread(&t->thread, receive_many, t);
    TRY(miou_await(promise, &outcome));
    if (outcome == 0)
        pthread_join(t->thread, NULL);
    return outcome;
}

static void check_full(bool connected)
{
    struct full t = {.connected = connected};

    expect_code(unix_run_with(0, send_where_there_is_no_room, &t), 0);
    expect_true(t.waited);
    expect_noted(t.sent, MANY);
    expect_number(t.in_order, MANY);
}
#define check_full(...) IN_HELPER(check_full, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.36", sending_waits_for_room_and_others_run)
{
    check_full(true);
}

CHECK("R6.36", sending_unconnected_waits_for_room_and_others_run)
{
    check_full(false);
}

/* ---- R6.40: several tasks ---- */

struct rivals {
    struct waiter waiters[2];
    int done_after[3]; /* how many were done after 0, 1, 2 datagrams */
};

static void count_done(struct rivals *t, int came)
{
    while (t->waiters[0].done + t->waiters[1].done < came && miou_yield() == 0)
        ;
    let_others_run();
    t->done_after[came] = t->waiters[0].done + t->waiters[1].done;
}

/* They are sent through the same descriptor, to itself. */
static int feed_two_receivers(void *arg)
{
    struct rivals *t = arg;
    struct sockaddr_in address;
    miou_promise *promises[2];
    miou_fd *fd;
    int i;

    TRY(receive_on_udp(&fd, 0));
    address = loopback(port_of(fd));
    for (i = 0; i < 2; i++) {
        t->waiters[i].fd = fd;
        TRY(miou_async(&promises[i], NULL, receive_byte, &t->waiters[i]));
    }
    count_done(t, 0);
    for (i = 0; i < 2; i++) {
        TRY(miou_sendto(fd, &"ab"[i], 1, (struct sockaddr *)&address, sizeof address));
        count_done(t, i + 1);
    }
    for (i = 0; i < 2; i++)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

CHECK("R6.40", one_datagram_goes_to_one_of_two_receivers)
{
    struct rivals t = {.done_after = {-1, -1, -1}};
    int i;

    expect_code(unix_run_with(0, feed_two_receivers, &t), 0);
    for (i = 0; i < 3; i++) {
        with_index(i);

        expect_number(t.done_after[i], i);
    }
    expect_noted(t.waiters[0].result, 1);
    expect_noted(t.waiters[1].result, 1);
    expect_number(t.waiters[0].byte + t.waiters[1].byte, 'a' + 'b');
}

/* ---- waits beside all else ---- */

CHECK("R6.40", a_datagram_is_not_lost_with_the_receiver_that_is_cancelled)
{
    assert_handed_over(RECVFROM, 1);
}

CHECK("R6.40", whichever_receiver_is_cancelled_the_others_receive)
{
    assert_others_served(RECVFROM, 1);
}

CHECK("R6.36", nothing_but_a_datagram_ends_receiving)
{
    assert_wait_undisturbed(RECVFROM);
}

CHECK("R6.36", nothing_but_room_ends_sending)
{
    assert_wait_undisturbed(SENDTO);
}
