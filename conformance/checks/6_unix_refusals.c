/* Rules R6.8, R6.26 and R6.27: what the calls on descriptors refuse, whichever call it is. */
#include "descriptor_calls.h"
#include "refused_calls.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- R6.8: bad arguments and closed descriptors ---- */

enum { CALLS = 20 };

struct refused {
    ssize_t results[CALLS];
    int count;
    miou_fd *fd;
    miou_resource *resources[2];
    bool untouched;
};

static void assert_refused(const struct refused *t, int count, int error)
{
    int i;

    expect_number(t->count, count);
    for (i = 0; i < count; i++) {
        with_index(i);

        expect_noted(t->results[i], error);
    }
}
#define assert_refused(...) IN_HELPER(assert_refused, (__VA_ARGS__), #__VA_ARGS__)

static int pass_bad_arguments_of_streams(void *arg)
{
    struct sockaddr_in address = loopback(0);
    struct refused *t = arg;
    miou_fd *const before = (miou_fd *)t;
    miou_fd *fd, *client = before;
    struct pair pair;
    char byte = '-';

    TRY(pair_open(&pair, 0));
    TRY(miou_tcpv4(&fd, 0));
    NOTE(t->results[t->count++], miou_tcpv4(NULL, 0));
    NOTE(t->results[t->count++], miou_tcpv6(NULL, 0));
    NOTE(t->results[t->count++], miou_tcpv4(&client, 2));
    NOTE(t->results[t->count++], miou_tcpv4(&client, ~0u));
    NOTE(t->results[t->count++], miou_tcpv6(&client, MIOU_OWNED | 2));
    NOTE(t->results[t->count++],
         miou_bind_and_listen(NULL, (struct sockaddr *)&address, sizeof address, NULL));
    NOTE(t->results[t->count++], miou_bind_and_listen(fd, NULL, sizeof address, NULL));
    NOTE(t->results[t->count++], miou_accept(&client, NULL, NULL));
    NOTE(t->results[t->count++], miou_accept(NULL, fd, NULL));
    NOTE(t->results[t->count++], miou_read(NULL, &byte, 1));
    NOTE(t->results[t->count++], miou_read(pair.fd, NULL, 1));
    NOTE(t->results[t->count++], miou_write(NULL, &byte, 1));
    NOTE(t->results[t->count++], miou_write(pair.fd, NULL, 1));
    NOTE(t->results[t->count++], miou_close(NULL));
    NOTE(t->results[t->count++], miou_fd_number(NULL));
    t->resources[0] = miou_fd_resource(NULL);
    t->resources[1] = miou_fd_resource(fd);
    t->untouched = client == before && byte == '-';
    return 0;
}

CHECK("R6.8", bad_arguments_are_invalid)
{
    struct refused t = {.resources = {(miou_resource *)&t, (miou_resource *)&t}};

    expect_code(unix_run_with(0, pass_bad_arguments_of_streams, &t), 0);
    assert_refused(&t, 15, -EINVAL);
    expect_true(t.resources[0] == NULL);
    expect_true(t.resources[1] == NULL);
    expect_true(t.untouched);
}

static void use_stale(struct refused *t, miou_fd *fd)
{
    struct sockaddr_in address = loopback(0);
    miou_fd *const before = (miou_fd *)t;
    miou_fd *client = before;
    char byte = '-';

    NOTE(t->results[t->count++],
         miou_bind_and_listen(fd, (struct sockaddr *)&address, sizeof address, NULL));
    NOTE(t->results[t->count++], miou_accept(&client, fd, NULL));
    NOTE(t->results[t->count++], miou_read(fd, &byte, 1));
    NOTE(t->results[t->count++], miou_write(fd, &byte, 1));
    NOTE(t->results[t->count++], miou_close(fd));
    NOTE(t->results[t->count++], miou_fd_number(fd));
    t->resources[0] = miou_fd_resource(fd);
    t->untouched = client == before && byte == '-';
}

static int use_closed_descriptors(void *arg)
{
    struct refused *t = arg;
    unsigned flags;

    for (flags = 0; flags <= MIOU_OWNED; flags++) {
        struct pair pair, other;

        TRY(pair_open(&pair, flags));
        TRY(miou_close(pair.fd));
        /* Gets the same number: a runtime that goes by numbers would use this one. */
        TRY(pair_open(&other, flags));
        use_stale(&t[flags], pair.fd);
        TRY(miou_close(other.fd));
    }
    return 0;
}

CHECK("R6.8", closed_descriptors_are_refused)
{
    struct refused t[2] = {{.resources = {(miou_resource *)t}},
                           {.resources = {(miou_resource *)t}}};
    int i;

    expect_code(unix_run_with(0, use_closed_descriptors, t), 0);
    for (i = 0; i < 2; i++) {
        with_index(i);

        assert_refused(&t[i], 6, -EBADF);
        expect_true(t[i].resources[0] == NULL);
        expect_true(t[i].untouched);
    }
}

static int leave_tcp_socket(void *arg)
{
    struct refused *t = arg;

    return miou_tcpv4(&t->fd, 0);
}

static int use_descriptor_of_former_run(void *arg)
{
    struct refused *t = arg;
    struct pair pair;

    TRY(pair_open(&pair, 0));
    use_stale(t, t->fd);
    return 0;
}

CHECK("R6.8", descriptors_of_a_former_run_are_refused)
{
    struct refused t = {.resources = {(miou_resource *)&t}};

    expect_code(unix_run_with(0, leave_tcp_socket, &t), 0);
    expect_code(unix_run_with(0, use_descriptor_of_former_run, &t), 0);
    assert_refused(&t, 6, -EBADF);
    expect_true(t.resources[0] == NULL);
    expect_true(t.untouched);
}

/* 192.0.2.1, which a machine hardly has. */
static struct sockaddr_in nowhere(void)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201)};
}

static int ask_too_much_of_the_system(void *arg)
{
    struct sockaddr_in address = nowhere();
    struct refused *t = arg;
    miou_fd *fd, *client = NULL;
    char byte;

    TRY(miou_tcpv4(&fd, 0));
    NOTE(t->results[t->count++], miou_accept(&client, fd, NULL)); /* it does not listen */
    NOTE(t->results[t->count++], miou_read(fd, &byte, 1));        /* nor is it connected */
    NOTE(t->results[t->count++], miou_bind_and_listen(fd, (struct sockaddr *)&address, 1, NULL));
    NOTE(t->results[t->count++],
         miou_bind_and_listen(fd, (struct sockaddr *)&address, sizeof address, NULL));
    t->untouched = client == NULL;
    return 0;
}

/* What the system says to the same. */
static void ask_the_system(struct refused *t)
{
    struct sockaddr_in address = nowhere();
    int number = peer_keep(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    char byte;

    NOTE(t->results[t->count++], accept(number, NULL, NULL) < 0 ? -errno : 0);
    NOTE(t->results[t->count++], read(number, &byte, 1) < 0 ? -errno : 0);
    NOTE(t->results[t->count++], bind(number, (struct sockaddr *)&address, 1) < 0 ? -errno : 0);
    NOTE(t->results[t->count++],
         bind(number, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0);
}

CHECK("R6.8", what_the_system_refuses_is_its_error)
{
    struct refused t = {.count = 0}, system = {.count = 0};
    int i;

    ask_the_system(&system);
    expect_code(unix_run_with(0, ask_too_much_of_the_system, &t), 0);
    for (i = 0; i < system.count; i++) {
        with_index(i);

        expect_noted(t.results[i], system.results[i]);
    }
    expect_true(t.untouched);
}

static int use_null(void *arg)
{
    use_descriptor(arg, NULL);
    return 0;
}

CHECK("R6.8", every_call_refuses_null)
{
    struct descriptor_results t;

    expect_code(unix_run_with(0, use_null, &t), 0);
    assert_uses_return(&t, -EINVAL);
}

static int pass_bad_arguments_of_further_calls(void *arg)
{
    static miou_fd *const before = (miou_fd *)&before;
    miou_fd *fd = before, *fresh;
    struct refused *t = arg;
    struct pair pair;
    char byte;

    TRY(pair_adopt(&pair, SOCK_STREAM, 0));
    TRY(miou_tcpv4(&fresh, 0)); /* not connected, which would be a second error */
    NOTE(t->results[t->count++], miou_udpv4(NULL, 0));
    NOTE(t->results[t->count++], miou_udpv6(NULL, 0));
    NOTE(t->results[t->count++], miou_unix_socket(NULL, 0));
    NOTE(t->results[t->count++], miou_udpv4(&fd, MIOU_BLOCKING));
    NOTE(t->results[t->count++], miou_udpv6(&fd, ~0u));
    NOTE(t->results[t->count++], miou_unix_socket(&fd, 4));
    NOTE(t->results[t->count++], miou_connect(fresh, NULL, sizeof(struct sockaddr_in)));
    peer_send(pair.peer, "x", 1);
    NOTE(t->results[t->count++], miou_read_exactly(pair.fd, NULL, 1));
    NOTE(t->results[t->count++], miou_write(pair.fd, NULL, 1));
    if (fd != before)
        return -EIO;
    return (int)miou_read(pair.fd, &byte, 1);
}

CHECK("R6.8", bad_arguments_of_further_calls_are_invalid)
{
    struct refused t = {.count = 0};

    expect_code(unix_run_with(0, pass_bad_arguments_of_further_calls, &t), 1);
    assert_refused(&t, 9, -EINVAL);
}

/* Another descriptor, which has something to read, gets the number. */
static int use_closed(void *arg)
{
    struct descriptor_results *t = arg;
    struct pair pair, other;
    char byte;

    TRY(pair_adopt(&pair, SOCK_DGRAM, 0));
    TRY(miou_close(pair.fd));
    TRY(pair_adopt(&other, SOCK_DGRAM, 0));
    peer_send(other.peer, "x", 1);
    use_descriptor(t, pair.fd);
    TRY(miou_write(other.fd, "y", 1));
    peer_receive(other.peer, &byte, 1);
    return byte == 'y' ? (int)miou_read(other.fd, &byte, 1) : -EIO;
}

CHECK("R6.8", every_call_refuses_closed_descriptors)
{
    struct descriptor_results t;

    expect_code(unix_run_with(0, use_closed, &t), 1);
    assert_uses_return(&t, -EBADF);
}

static int leave_udp_socket(void *arg)
{
    return miou_udpv4(arg, 0);
}

struct former {
    miou_fd *fd;
    struct descriptor_results results;
};

static int use_former(void *arg)
{
    struct former *t = arg;
    miou_fd *another;

    TRY(miou_udpv4(&another, 0));
    use_descriptor(&t->results, t->fd);
    return 0;
}

CHECK("R6.8", every_call_refuses_descriptors_of_a_former_run)
{
    struct former t;

    expect_code(unix_run_with(0, leave_udp_socket, &t.fd), 0);
    expect_code(unix_run_with(0, use_former, &t), 0);
    assert_uses_return(&t.results, -EBADF);
}

static int pass_bad_arguments_of_datagrams(void *arg)
{
    struct sockaddr_storage peer;
    struct sockaddr_in address;
    struct refused *t = arg;
    socklen_t length = 99, own = sizeof address;
    char byte = '-';
    miou_fd *fd;
    int sender;

    TRY(receive_on_udp(&fd, 0));
    TRY(sender = peer_connect_udp(port_of(fd)));
    getsockname(sender, (struct sockaddr *)&address, &own);
    peer_send(sender, "x", 1);
    peer.ss_family = AF_UNSPEC;
    NOTE(t->results[t->count++], miou_recvfrom(NULL, &byte, 1, NULL, NULL));
    NOTE(t->results[t->count++], miou_recvfrom(fd, NULL, 1, NULL, NULL));
    NOTE(t->results[t->count++], miou_recvfrom(fd, &byte, 1, &peer, NULL));
    NOTE(t->results[t->count++], miou_recvfrom(fd, &byte, 1, NULL, &length));
    NOTE(t->results[t->count++], miou_sendto(NULL, "x", 1, NULL, 0));
    NOTE(t->results[t->count++], miou_sendto(fd, NULL, 1, (struct sockaddr *)&address, own));
    t->untouched = byte == '-' && length == 99 && peer.ss_family == AF_UNSPEC;
    return (int)miou_recvfrom(fd, &byte, 1, NULL, NULL);
}

CHECK("R6.8", bad_arguments_of_datagrams_are_invalid)
{
    struct refused t = {.count = 0};

    expect_code(unix_run_with(0, pass_bad_arguments_of_datagrams, &t), 1);
    assert_refused(&t, 6, -EINVAL);
    expect_true(t.untouched);
}

/* Tasks that wait with places for what comes, and are cancelled. */
struct in_vain {
    miou_fd *listener, *udp, *client;
    struct sockaddr_storage peers[2];
    socklen_t length;
    char byte;
    ssize_t results[2];
};

static int accept_in_vain(void *arg)
{
    struct in_vain *t = arg;

    NOTE(t->results[0], miou_accept(&t->client, t->listener, &t->peers[0]));
    return 0;
}

static int receive_in_vain(void *arg)
{
    struct in_vain *t = arg;

    NOTE(t->results[1], miou_recvfrom(t->udp, &t->byte, 1, &t->peers[1], &t->length));
    return 0;
}

static int cancel_those_that_wait(void *arg)
{
    struct in_vain *t = arg;

    TRY(listen_on(&t->listener, 0, 0));
    TRY(receive_on_udp(&t->udp, 0));
    TRY(cancel_waiting(accept_in_vain, t, NULL));
    return cancel_waiting(receive_in_vain, t, NULL);
}

CHECK("R6.8", a_call_that_was_cancelled_has_written_nothing)
{
    miou_fd *const before = (miou_fd *)&before;
    struct in_vain t = {.client = before, .length = 99, .byte = '-'};
    int i;

    memset(t.peers, 0xff, sizeof t.peers);
    expect_code(unix_run_with(0, cancel_those_that_wait, &t), 0);
    for (i = 0; i < 2; i++) {
        struct sockaddr_storage peer;
        with_index(i);

        memset(&peer, 0xff, sizeof peer);
        expect_noted(t.results[i], MIOU_CANCELLED);
        expect_true(memcmp(&t.peers[i], &peer, sizeof peer) == 0);
    }
    expect_true(t.client == before);
    expect_number(t.length, 99);
    expect_number(t.byte, '-');
}

/* ---- R6.26: outside a run and in a finaliser ---- */

static int leave_descriptors(void *arg)
{
    return pair_open(arg, 0);
}

CHECK("R6.26 R1.4", outside_a_run_every_call_is_refused)
{
    struct sockaddr_in address = loopback(0);
    struct pair pair;
    miou_fd *fd = NULL;
    char byte = '-';

    expect_code(unix_run_with(0, leave_descriptors, &pair), 0);
    expect_code(miou_tcpv4(&fd, 0), MIOU_NOT_RUNNING);
    expect_code(miou_tcpv6(&fd, MIOU_OWNED), MIOU_NOT_RUNNING);
    expect_code(miou_bind_and_listen(pair.fd, (struct sockaddr *)&address, sizeof address, NULL),
                MIOU_NOT_RUNNING);
    expect_code(miou_accept(&fd, pair.fd, NULL), MIOU_NOT_RUNNING);
    expect_code(miou_read(pair.fd, &byte, 1), MIOU_NOT_RUNNING);
    expect_code(miou_write(pair.fd, "x", 1), MIOU_NOT_RUNNING);
    expect_code(miou_close(pair.fd), MIOU_NOT_RUNNING);
    expect_code(miou_fd_number(pair.fd), MIOU_NOT_RUNNING);
    expect_true(miou_fd_resource(pair.fd) == NULL);
    expect_true(fd == NULL);
    expect_number(byte, '-');
}

struct finalising {
    miou_fd *listener, *client, *made, *unbound;
    int bound;
    struct pair plain, owned;
    ssize_t results[6];
    int close_plain, close_owned;
    int number;              /* of the plain one ... */
    miou_resource *resource; /* ... and the owned one's */
    char byte;
};

static void do_io(void *arg)
{
    struct sockaddr_in address = loopback(0);
    struct finalising *t = arg;

    NOTE(t->results[0], miou_tcpv4(&t->made, 0));
    NOTE(t->results[1], miou_tcpv6(&t->made, MIOU_OWNED));
    NOTE(t->results[2], miou_accept(&t->client, t->listener, NULL));
    NOTE(t->results[3], miou_read(t->plain.fd, &t->byte, 1));
    NOTE(t->results[4], miou_write(t->plain.fd, "x", 1));
    NOTE(t->results[5], miou_close(t->owned.fd));
    NOTE(t->number, miou_fd_number(t->plain.fd));
    t->resource = miou_fd_resource(t->owned.fd);
    NOTE(t->close_plain, miou_close(t->plain.fd));
    NOTE(t->bound,
         miou_bind_and_listen(t->unbound, (struct sockaddr *)&address, sizeof address, NULL));
}

static int finalise_with_io(void *arg)
{
    struct finalising *t = arg;
    miou_resource *resource;

    TRY(listen_on(&t->listener, 0, 0));
    TRY(miou_tcpv4(&t->unbound, 0));
    peer_connect(port_of(t->listener));
    TRY(pair_open(&t->plain, 0));
    TRY(pair_open(&t->owned, MIOU_OWNED));
    peer_send(t->plain.peer, "x", 1);
    await_bytes(t->plain.number, 1);
    TRY(miou_resource_create(&resource, do_io, t));
    TRY(miou_own(resource));
    TRY(miou_release(resource));
    NOTE(t->close_owned, miou_close(t->owned.fd));
    return 0;
}

CHECK("R6.26", in_a_finaliser_only_plain_descriptors_are_closed)
{
    struct finalising t = {.byte = '-', .bound = 1, .close_plain = 1, .close_owned = 1};
    int i;

    expect_code(unix_run_with(0, finalise_with_io, &t), 0);
    for (i = 0; i < 6; i++) {
        with_index(i);

        expect_noted(t.results[i], MIOU_IN_FINALISER);
    }
    expect_true(t.made == NULL);
    expect_true(t.client == NULL);
    expect_number(t.byte, '-');
    expect_number(t.number, t.plain.number);
    expect_true(t.resource != NULL);
    expect_noted(t.close_plain, 0);
    expect_noted(t.bound, 0);
    expect_noted(t.close_owned, 0);
}

CHECK("R6.26 R1.4", outside_a_run_further_calls_are_refused)
{
    struct descriptor_results t;
    int number = peer_keep(dup(STDERR_FILENO));
    miou_fd *fd;

    expect_code(unix_run_with(0, leave_udp_socket, &fd), 0);
    use_descriptor(&t, fd);
    make_descriptors(&t, number);
    assert_uses_return(&t, MIOU_NOT_RUNNING);
    assert_suspending_return(&t, MIOU_NOT_RUNNING);
    expect_true(is_open(number));
}

static void use_in_finaliser(void *arg)
{
    struct ready *t = arg;

    use_descriptor(&t->results, t->pair.fd);
    make_descriptors(&t->results, t->number);
}

static int finalise_beside_descriptors(void *arg)
{
    struct ready *t = arg;
    miou_resource *resource;

    TRY(ready_open(t, MIOU_OWNED));
    TRY(miou_resource_create(&resource, use_in_finaliser, t));
    TRY(miou_own(resource));
    TRY(miou_release(resource));
    TRY(ready_read(t));
    return miou_close(t->pair.fd);
}

CHECK("R6.26", in_a_finaliser_further_calls_are_refused)
{
    struct ready t = {.byte = '-'};

    expect_code(unix_run_with(0, finalise_beside_descriptors, &t), 0);
    assert_suspending_return(&t.results, MIOU_IN_FINALISER);
    expect_code(t.results.uses[USE_CLOSE], MIOU_IN_FINALISER);
    expect_number(t.byte, 'x');
    expect_true(is_open(t.number));
}

CHECK("R6.26 R5.18", whatever_a_finaliser_passes_descriptors_are_refused)
{
    assert_refused_in_finalisers(DESCRIPTOR_CALLS, miou_run);
    assert_refused_in_finalisers(DESCRIPTOR_CALLS, miou_unix_run);
}

/* A finaliser of one task closes what another task owns. */
struct strangers_close {
    miou_fd *fd;
    int results[3];
};

static void close_what_others_own(void *value)
{
    struct strangers_close *t = value;

    NOTE(t->results[0], miou_close(t->fd));
}

static int finalise_beside_an_owner(void *arg)
{
    struct strangers_close *t = arg;
    miou_resource *resource;

    TRY(miou_resource_create(&resource, close_what_others_own, t));
    TRY(miou_own(resource));
    TRY(miou_release(resource));
    NOTE(t->results[1], miou_close(t->fd));
    return t->results[1];
}

static int own_beside_a_finaliser(void *arg)
{
    struct strangers_close *t = arg;
    miou_promise *promise;

    TRY(miou_tcpv4(&t->fd, MIOU_OWNED));
    TRY(miou_async(&promise, NULL, finalise_beside_an_owner, t));
    TRY(miou_await(promise, NULL));
    NOTE(t->results[2], miou_close(t->fd));
    return 0;
}

CHECK("R6.26 R6.10", in_a_finaliser_no_owned_descriptor_is_closed)
{
    struct strangers_close t = {.results = {1, 1, 1}};

    expect_code(unix_run_with(0, own_beside_a_finaliser, &t), 0);
    expect_noted(t.results[0], MIOU_IN_FINALISER);
    expect_noted(t.results[1], MIOU_NOT_OWNER);
    expect_noted(t.results[2], 0);
}

/* ---- R6.27: a cancelled task ---- */

struct stopped {
    miou_fd *listener, *client, *made, *unbound;
    struct pair pair, closing;
    ssize_t results[5];
    int closed, bound, accepted;
    int number;              /* of the pair ... */
    miou_resource *resource; /* ... and of a socket that the task owns */
    char before, byte;
    size_t received;
};

/* Everything is there, so that no call would have to wait. */
static int use_streams_once_cancelled(void *arg)
{
    struct sockaddr_in address = loopback(0);
    struct stopped *t = arg;
    miou_fd *owned;

    TRY(miou_tcpv4(&owned, MIOU_OWNED));
    while (miou_yield() != MIOU_CANCELLED)
        ;
    NOTE(t->number, miou_fd_number(t->pair.fd));
    t->resource = miou_fd_resource(owned);
    NOTE(t->results[0], miou_tcpv4(&t->made, 0));
    NOTE(t->results[1], miou_tcpv6(&t->made, MIOU_OWNED));
    NOTE(t->results[2], miou_accept(&t->client, t->listener, NULL));
    NOTE(t->results[3], miou_read(t->pair.fd, &t->before, 1));
    NOTE(t->results[4], miou_write(t->pair.fd, "z", 1));
    NOTE(t->closed, miou_close(t->closing.fd));
    NOTE(t->bound,
         miou_bind_and_listen(t->unbound, (struct sockaddr *)&address, sizeof address, NULL));
    return 0;
}

static int cancel_beside_streams(void *arg)
{
    struct stopped *t = arg;
    miou_promise *promise;
    char answer;

    TRY(listen_on(&t->listener, 0, 0));
    peer_connect(port_of(t->listener));
    TRY(pair_open(&t->pair, 0));
    TRY(pair_open(&t->closing, 0));
    TRY(miou_tcpv4(&t->unbound, 0));
    peer_send(t->pair.peer, "x", 1);
    await_bytes(t->pair.number, 1);
    TRY(miou_async(&promise, NULL, use_streams_once_cancelled, t));
    TRY(miou_yield());
    TRY(miou_cancel(promise));
    NOTE(t->accepted, miou_accept(&t->client, t->listener, NULL));
    TRY(miou_read(t->pair.fd, &t->byte, 1));
    TRY(miou_close(t->pair.fd));
    NOTE(t->received, peer_receive(t->pair.peer, &answer, 1));
    return 0;
}

CHECK("R6.27", a_cancelled_task_does_no_io)
{
    struct stopped t = {.before = '-', .closed = 1, .bound = 1, .accepted = 1, .received = 1};
    int i;

    expect_code(unix_run_with(0, cancel_beside_streams, &t), 0);
    for (i = 0; i < 5; i++) {
        with_index(i);

        expect_noted(t.results[i], MIOU_CANCELLED);
    }
    expect_true(t.made == NULL);
    expect_number(t.number, t.pair.number);
    expect_true(t.resource != NULL);
    expect_number(t.before, '-');
    expect_noted(t.closed, 0);
    expect_noted(t.bound, 0);
    expect_noted(t.accepted, 0);
    expect_number(t.byte, 'x');
    expect_noted(t.received, 0);
}

static int go_on_after_cancellation(void *arg)
{
    struct ready *t = arg;

    while (miou_yield() != MIOU_CANCELLED)
        ;
    use_in_finaliser(t);
    return 0;
}

static int cancel_and_look(void *arg)
{
    struct ready *t = arg;
    miou_promise *promise;
    char byte;

    TRY(ready_open(t, 0));
    TRY(miou_async(&promise, NULL, go_on_after_cancellation, t));
    TRY(miou_yield());
    TRY(miou_cancel(promise));
    return recv(t->pair.peer, &byte, 1, MSG_DONTWAIT) > 0 ? -EIO : 0;
}

CHECK("R6.27", a_cancelled_task_makes_no_further_calls)
{
    struct ready t = {.byte = '-'};

    expect_code(unix_run_with(0, cancel_and_look, &t), 0);
    assert_suspending_return(&t.results, MIOU_CANCELLED);
    expect_code(t.results.uses[USE_CLOSE], 0);
    expect_true(is_open(t.number));
}
