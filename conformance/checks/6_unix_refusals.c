/* Rules R6.8, R6.10, R6.26 and R6.27 for the calls that the echo service does not need, and R6.39:
 * what every call on a descriptor refuses, and that every kind of descriptor can be owned. */
#include "waits.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* ---- the calls ---- */

enum { USES = 10, MAKERS = 6 };

struct results {
    ssize_t uses[USES]; /* bind_and_listen, then those that can wait, then close and fd_number */
    ssize_t makers[MAKERS];
    bool untouched; /* they have written nothing through their arguments */
};

enum { FIRST_WAIT = 1, END_OF_WAITS = 8, CLOSE = 8 };

static void use(struct results *t, miou_fd *fd)
{
    struct sockaddr_in address = loopback(0);
    struct sockaddr *place = (struct sockaddr *)&address;
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    miou_fd *const before = (miou_fd *)t;
    miou_fd *client = before;
    socklen_t length = 99;
    char byte = '-';
    ssize_t *result = t->uses;

    *result++ = miou_bind_and_listen(fd, place, sizeof address, NULL);
    *result++ = miou_accept(&client, fd, NULL);
    *result++ = miou_connect(fd, place, sizeof address);
    *result++ = miou_read(fd, &byte, 1);
    *result++ = miou_read_exactly(fd, &byte, 1);
    *result++ = miou_write(fd, "z", 1);
    *result++ = miou_recvfrom(fd, &byte, 1, &peer, &length);
    *result++ = miou_sendto(fd, "z", 1, NULL, 0);
    *result++ = miou_close(fd);
    *result++ = miou_fd_number(fd);
    t->untouched = client == before && byte == '-' && length == 99 && peer.ss_family == AF_UNSPEC;
}

static void make(struct results *t, int number)
{
    miou_fd *const before = (miou_fd *)t;
    miou_fd *fd = before;
    ssize_t *result = t->makers;

    *result++ = miou_tcpv4(&fd, 0);
    *result++ = miou_tcpv6(&fd, 0);
    *result++ = miou_udpv4(&fd, 0);
    *result++ = miou_udpv6(&fd, MIOU_OWNED);
    *result++ = miou_unix_socket(&fd, 0);
    *result++ = miou_fd_adopt(&fd, number, 0);
    t->untouched = t->untouched && fd == before;
}

static void assert_uses(const struct results *t, int error)
{
    int i;

    for (i = 0; i < USES; i++)
        assert_int_equal(t->uses[i], error);
    assert_true(t->untouched);
}

static void assert_suspending(const struct results *t, int error)
{
    int i;

    for (i = FIRST_WAIT; i < END_OF_WAITS; i++)
        assert_int_equal(t->uses[i], error);
    for (i = 0; i < MAKERS; i++)
        assert_int_equal(t->makers[i], error);
    assert_true(t->untouched);
}

/* ---- R6.8: bad arguments and closed descriptors ---- */

static int use_null(void *arg)
{
    use(arg, NULL);
    return 0;
}

CHECK("R6.8", every_call_refuses_null)
{
    struct results t;

    assert_int_equal(unix_run_with(0, use_null, &t), 0);
    assert_uses(&t, -EINVAL);
}

struct bad {
    ssize_t results[9];
};

static int pass_bad_arguments(void *arg)
{
    static miou_fd *const before = (miou_fd *)&before;
    miou_fd *fd = before;
    struct bad *t = arg;
    struct pair pair;
    char byte;

    TRY(pair_adopt(&pair, SOCK_STREAM, 0));
    t->results[0] = miou_udpv4(NULL, 0);
    t->results[1] = miou_udpv6(NULL, 0);
    t->results[2] = miou_unix_socket(NULL, 0);
    t->results[3] = miou_udpv4(&fd, MIOU_BLOCKING);
    t->results[4] = miou_udpv6(&fd, ~0u);
    t->results[5] = miou_unix_socket(&fd, 4);
    t->results[6] = miou_connect(pair.fd, NULL, sizeof(struct sockaddr_in));
    peer_send(pair.peer, "x", 1);
    t->results[7] = miou_read_exactly(pair.fd, NULL, 1);
    t->results[8] = miou_write(pair.fd, NULL, 1);
    if (fd != before)
        return -EIO;
    return (int)miou_read(pair.fd, &byte, 1);
}

CHECK("R6.8", bad_arguments_of_further_calls_are_invalid)
{
    struct bad t = {{0}};
    int i;

    assert_int_equal(unix_run_with(0, pass_bad_arguments, &t), 1);
    for (i = 0; i < 9; i++)
        assert_int_equal(t.results[i], -EINVAL);
}

/* The number goes to another descriptor, for which there is something. */
static int use_closed(void *arg)
{
    struct results *t = arg;
    struct pair pair, other;
    char byte;

    TRY(pair_adopt(&pair, SOCK_DGRAM, 0));
    TRY(miou_close(pair.fd));
    TRY(pair_adopt(&other, SOCK_DGRAM, 0));
    peer_send(other.peer, "x", 1);
    use(t, pair.fd);
    TRY(miou_write(other.fd, "y", 1));
    peer_receive(other.peer, &byte, 1);
    return byte == 'y' ? (int)miou_read(other.fd, &byte, 1) : -EIO;
}

CHECK("R6.8", every_call_refuses_closed_descriptors)
{
    struct results t;

    assert_int_equal(unix_run_with(0, use_closed, &t), 1);
    assert_uses(&t, -EBADF);
}

static int leave_descriptor(void *arg)
{
    return miou_udpv4(arg, 0);
}

struct former {
    miou_fd *fd;
    struct results results;
};

static int use_former(void *arg)
{
    struct former *t = arg;
    miou_fd *another;

    TRY(miou_udpv4(&another, 0));
    use(&t->results, t->fd);
    return 0;
}

CHECK("R6.8", every_call_refuses_descriptors_of_a_former_run)
{
    struct former t;

    assert_int_equal(unix_run_with(0, leave_descriptor, &t.fd), 0);
    assert_int_equal(unix_run_with(0, use_former, &t), 0);
    assert_uses(&t.results, -EBADF);
}

/* ---- R6.26 and R6.27 ---- */

CHECK("R6.26 R1.4", outside_a_run_further_calls_are_refused)
{
    struct results t;
    int number = peer_keep(dup(STDERR_FILENO));
    miou_fd *fd;

    assert_int_equal(unix_run_with(0, leave_descriptor, &fd), 0);
    use(&t, fd);
    make(&t, number);
    assert_uses(&t, MIOU_NOT_RUNNING);
    assert_suspending(&t, MIOU_NOT_RUNNING);
    assert_true(is_open(number));
}

/* Everything is there, so that no call would have to wait. */
struct ready {
    struct pair pair;
    int number; /* to adopt */
    struct waiter stranger;
    struct results results;
    char byte;
};

static int open_ready(struct ready *t, unsigned flags)
{
    TRY(pair_adopt(&t->pair, SOCK_DGRAM, flags));
    peer_send(t->pair.peer, "x", 1);
    t->number = peer_keep(dup(t->pair.peer));
    return 0;
}

/* Neither taken nor sent anything. */
static int look_at_ready(struct ready *t)
{
    char byte;

    if (recv(t->pair.peer, &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
        return -EIO;
    return (int)miou_read(t->pair.fd, &t->byte, 1);
}

static void use_in_finaliser(void *arg)
{
    struct ready *t = arg;

    use(&t->results, t->pair.fd);
    make(&t->results, t->number);
}

static int finalise(void *arg)
{
    struct ready *t = arg;
    miou_resource *resource;

    TRY(open_ready(t, MIOU_OWNED));
    TRY(miou_resource_create(&resource, use_in_finaliser, t));
    TRY(miou_own(resource));
    TRY(miou_release(resource));
    TRY(look_at_ready(t));
    return miou_close(t->pair.fd);
}

CHECK("R6.26", in_a_finaliser_further_calls_are_refused)
{
    struct ready t = {.byte = '-'};

    assert_int_equal(unix_run_with(0, finalise, &t), 0);
    assert_suspending(&t.results, MIOU_IN_FINALISER);
    assert_int_equal(t.results.uses[CLOSE], MIOU_IN_FINALISER);
    assert_int_equal(t.byte, 'x');
    assert_true(is_open(t.number));
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

    TRY(open_ready(t, 0));
    TRY(miou_async(&promise, NULL, go_on_after_cancellation, t));
    TRY(miou_yield());
    TRY(miou_cancel(promise));
    return recv(t->pair.peer, &byte, 1, MSG_DONTWAIT) > 0 ? -EIO : 0;
}

CHECK("R6.27", a_cancelled_task_makes_no_further_calls)
{
    struct ready t = {.byte = '-'};

    assert_int_equal(unix_run_with(0, cancel_and_look, &t), 0);
    assert_suspending(&t.results, MIOU_CANCELLED);
    assert_int_equal(t.results.uses[CLOSE], 0);
    assert_true(is_open(t.number));
}

/* ---- R6.39: every kind can be owned ---- */

static int own_udpv4(miou_fd **fd)
{
    return miou_udpv4(fd, MIOU_OWNED);
}

static int own_udpv6(miou_fd **fd)
{
    return miou_udpv6(fd, MIOU_OWNED);
}

static int own_unix_socket(miou_fd **fd)
{
    return miou_unix_socket(fd, MIOU_OWNED);
}

static int own_adopted(miou_fd **fd)
{
    struct pair pair;
    int error = pair_adopt(&pair, SOCK_STREAM, MIOU_OWNED);

    *fd = pair.fd;
    return error;
}

static int own_adopted_blocking(miou_fd **fd)
{
    struct pair pair;
    int error = pair_adopt(&pair, SOCK_STREAM, MIOU_OWNED | MIOU_BLOCKING);

    *fd = pair.fd;
    return error;
}

static int own_accepted(miou_fd **fd)
{
    struct sockaddr_un address = local_address(0);
    miou_fd *listener;

    TRY(miou_unix_socket(&listener, MIOU_OWNED));
    TRY(miou_bind_and_listen(listener, (struct sockaddr *)&address, sizeof address, NULL));
    peer_connect_local(&address);
    TRY(miou_accept(fd, listener, NULL));
    return miou_close(listener);
}

static int (*const owners[])(miou_fd **fd) = {
    own_udpv4, own_udpv6, own_unix_socket, own_adopted, own_adopted_blocking, own_accepted};
enum { OWNERS = sizeof owners / sizeof *owners };

struct owned {
    int (*own)(miou_fd **fd);
    spawner *spawn;
    int result; /* of the owner */
    int check, number, outcome, later, closed;
    bool open_after;
    miou_fd *fd;
    struct results stranger;
};

static int own_one(void *arg)
{
    struct owned *t = arg;

    TRY(t->own(&t->fd));
    t->number = miou_fd_number(t->fd);
    t->check = miou_check(miou_fd_resource(t->fd));
    return t->result;
}

static int await_owner(void *arg)
{
    struct owned *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, own_one, t));
    TRY(miou_await(promise, &t->outcome));
    t->open_after = is_open(t->number);
    return 0;
}

CHECK("R6.39 R6.12", whatever_a_failing_task_owns_is_closed)
{
    int i;

    need_ipv6();
    for (i = 0; i < OWNERS; i++) {
        struct owned t = {.own = owners[i], .result = -7, .check = 1, .open_after = true};

        assert_int_equal(unix_run_with(0, await_owner, &t), 0);
        assert_int_equal(t.outcome, -7);
        assert_int_equal(t.check, 0);
        assert_false(t.open_after);
    }
}

CHECK("R6.39 R6.11", whatever_is_owned_can_leak)
{
    int i;

    need_ipv6();
    for (i = 0; i < OWNERS; i++) {
        struct owned t = {.own = owners[i], .number = -1};

        assert_int_equal(unix_run_with(0, own_one, &t), MIOU_RESOURCE_LEAKED);
        assert_int_not_equal(t.number, -1);
        assert_false(is_open(t.number));
    }
}

static int use_what_is_not_ours(void *arg)
{
    struct owned *t = arg;

    use(&t->stranger, t->fd);
    return 0;
}

static int keep_what_is_ours(void *arg)
{
    struct owned *t = arg;
    miou_promise *promise;

    TRY(own_one(t));
    TRY(t->spawn(&promise, NULL, use_what_is_not_ours, t));
    TRY(miou_await(promise, NULL));
    t->open_after = is_open(t->number);
    t->closed = miou_close(t->fd);
    t->later = miou_close(t->fd);
    return is_open(t->number) ? -EIO : 0;
}

static void check_strangers(spawner *spawn)
{
    int i;

    need_ipv6();
    for (i = 0; i < OWNERS; i++) {
        struct owned t = {.own = owners[i], .spawn = spawn, .closed = 1};

        assert_int_equal(unix_run_with(1, keep_what_is_ours, &t), 0);
        assert_uses(&t.stranger, MIOU_NOT_OWNER);
        assert_true(t.open_after);
        assert_int_equal(t.closed, 0);
        assert_int_equal(t.later, -EBADF);
    }
}

CHECK("R6.39 R6.10 R6.14", whatever_is_owned_refuses_other_tasks)
{
    check_strangers(miou_async);
}

CHECK("R6.39 R6.10 R6.14", whatever_is_owned_refuses_other_domains)
{
    check_strangers(miou_call);
}

/* What is there for an owner stays there when others have been refused. */
static int take_after_a_stranger(void *arg)
{
    struct ready *t = arg;
    miou_promise *promise;

    TRY(open_ready(t, MIOU_OWNED));
    t->stranger.fd = t->pair.fd;
    TRY(miou_async(&promise, NULL, wait_tasks[RECVFROM], &t->stranger));
    TRY(miou_await(promise, NULL));
    TRY(look_at_ready(t));
    return miou_close(t->pair.fd);
}

CHECK("R6.39 R6.10", a_stranger_takes_no_datagram)
{
    struct ready t = {.byte = '-'};

    assert_int_equal(unix_run_with(0, take_after_a_stranger, &t), 0);
    assert_int_equal(t.byte, 'x');
}

struct handing {
    spawner *spawn;
    struct pair pair;
    ssize_t refused;
    char byte;
};

static int read_and_close(void *arg)
{
    struct handing *t = arg;

    TRY(miou_recvfrom(t->pair.fd, &t->byte, 1, NULL, NULL));
    return miou_close(t->pair.fd);
}

/* Nothing is there until the giver has been refused, so that the child waits and keeps it open. */
static int give_away(void *arg)
{
    struct handing *t = arg;
    miou_promise *promise;
    char byte;
    int outcome;

    TRY(pair_adopt(&t->pair, SOCK_DGRAM, MIOU_OWNED));
    TRY(t->spawn(&promise, &(miou_spawn){MIOU_GIVE(miou_fd_resource(t->pair.fd))}, read_and_close,
                 t));
    t->refused = miou_recvfrom(t->pair.fd, &byte, 1, NULL, NULL);
    peer_send(t->pair.peer, "x", 1);
    TRY(miou_await(promise, &outcome));
    return outcome;
}

static void check_giving(spawner *spawn)
{
    struct handing t = {.spawn = spawn};

    assert_int_equal(unix_run_with(1, give_away, &t), 0);
    assert_int_equal(t.refused, MIOU_NOT_OWNER);
    assert_int_equal(t.byte, 'x');
}

CHECK("R6.39 R6.22", an_adopted_descriptor_is_given_to_a_child)
{
    check_giving(miou_async);
}

CHECK("R6.39 R6.22", an_adopted_descriptor_is_given_to_another_domain)
{
    check_giving(miou_call);
}

static int disown_adopted(void *arg)
{
    struct ready *t = arg;

    TRY(open_ready(t, MIOU_OWNED));
    TRY(miou_disown(miou_fd_resource(t->pair.fd)));
    use(&t->results, t->pair.fd);
    return 0;
}

CHECK("R6.39 R6.28", a_disowned_adopted_descriptor_is_the_callers_again)
{
    struct ready t = {.byte = '-'};

    assert_int_equal(unix_run_with(0, disown_adopted, &t), 0);
    assert_uses(&t.results, -EBADF);
    assert_true(is_open(t.pair.number));
    assert_int_equal(recv(t.pair.number, &t.byte, 1, MSG_DONTWAIT), 1);
    peer_keep(t.pair.number);
}
