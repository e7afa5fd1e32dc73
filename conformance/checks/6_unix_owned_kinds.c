/* Rule R6.39: descriptors of every kind can be owned. */
#include "descriptor_calls.h"

#include <errno.h>
#include <unistd.h>

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
    ino_t inode; /* of the number */
    miou_fd *fd;
    struct descriptor_results stranger;
};

static int own_one(void *arg)
{
    struct owned *t = arg;

    TRY(t->own(&t->fd));
    t->number = miou_fd_number(t->fd);
    t->inode = inode_of(t->number);
    NOTE(t->check, miou_check(miou_fd_resource(t->fd)));
    return t->result;
}

static int await_owner(void *arg)
{
    struct owned *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, own_one, t));
    TRY(miou_await(promise, &t->outcome));
    t->open_after = inode_of(t->number) == t->inode;
    return 0;
}

CHECK("R6.39 R6.12", whatever_a_failing_task_owns_is_closed)
{
    int i;

    need_ipv6();
    for (i = 0; i < OWNERS; i++) {
        with_index(i);
        struct owned t = {.own = owners[i], .result = -7, .check = 1, .open_after = true};

        expect_code(unix_run_with(0, await_owner, &t), 0);
        expect_code(t.outcome, -7);
        expect_noted(t.check, 0);
        expect_false(t.open_after);
    }
}

CHECK("R6.39 R6.11", whatever_is_owned_can_leak)
{
    int i;

    need_ipv6();
    for (i = 0; i < OWNERS; i++) {
        with_index(i);
        struct owned t = {.own = owners[i], .number = -1};

        expect_code(unix_run_with(0, own_one, &t), MIOU_RESOURCE_LEAKED);
        expect_true(t.number != -1);
        expect_false(is_open(t.number));
    }
}

static int use_what_is_not_ours(void *arg)
{
    struct owned *t = arg;

    use_descriptor(&t->stranger, t->fd);
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
    NOTE(t->closed, miou_close(t->fd));
    NOTE(t->later, miou_close(t->fd));
    return inode_of(t->number) == t->inode ? -EIO : 0;
}

static void check_strangers(spawner *spawn)
{
    int i;

    need_ipv6();
    for (i = 0; i < OWNERS; i++) {
        with_index(i);
        struct owned t = {.own = owners[i], .spawn = spawn, .closed = 1};

        expect_code(unix_run_with(1, keep_what_is_ours, &t), 0);
        assert_uses_return(&t.stranger, MIOU_NOT_OWNER);
        expect_true(t.open_after);
        expect_noted(t.closed, 0);
        expect_noted(t.later, -EBADF);
    }
}
#define check_strangers(...) IN_HELPER(check_strangers, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.39 R6.10 R6.14", whatever_is_owned_refuses_other_tasks)
{
    check_strangers(miou_async);
}

CHECK("R6.39 R6.10 R6.14", whatever_is_owned_refuses_other_domains)
{
    check_strangers(miou_call);
}

/* A datagram for the owner is still there after another task was refused. */
static int take_after_a_stranger(void *arg)
{
    struct ready *t = arg;
    miou_promise *promise;

    TRY(ready_open(t, MIOU_OWNED));
    t->stranger.fd = t->pair.fd;
    TRY(miou_async(&promise, NULL, wait_tasks[RECVFROM], &t->stranger));
    TRY(miou_await(promise, NULL));
    TRY(ready_read(t));
    return miou_close(t->pair.fd);
}

CHECK("R6.39 R6.10", a_stranger_takes_no_datagram)
{
    struct ready t = {.byte = '-'};

    expect_code(unix_run_with(0, take_after_a_stranger, &t), 0);
    expect_number(t.byte, 'x');
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

/* The byte is sent after the giver was refused, so that the child waits and the descriptor stays
 * open. */
static int give_away(void *arg)
{
    struct handing *t = arg;
    miou_promise *promise;
    char byte;
    int outcome;

    TRY(pair_adopt(&t->pair, SOCK_DGRAM, MIOU_OWNED));
    TRY(t->spawn(&promise, &(miou_spawn){MIOU_GIVE(miou_fd_resource(t->pair.fd))}, read_and_close,
                 t));
    NOTE(t->refused, miou_recvfrom(t->pair.fd, &byte, 1, NULL, NULL));
    peer_send(t->pair.peer, "x", 1);
    TRY(miou_await(promise, &outcome));
    return outcome;
}

static void check_giving(spawner *spawn)
{
    struct handing t = {.spawn = spawn};

    expect_code(unix_run_with(1, give_away, &t), 0);
    expect_noted(t.refused, MIOU_NOT_OWNER);
    expect_number(t.byte, 'x');
}
#define check_giving(...) IN_HELPER(check_giving, (__VA_ARGS__), #__VA_ARGS__)

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

    TRY(ready_open(t, MIOU_OWNED));
    TRY(miou_disown(miou_fd_resource(t->pair.fd)));
    use_descriptor(&t->results, t->pair.fd);
    return 0;
}

CHECK("R6.39 R6.28", a_disowned_adopted_descriptor_is_the_callers_again)
{
    struct ready t = {.byte = '-'};

    expect_code(unix_run_with(0, disown_adopted, &t), 0);
    assert_uses_return(&t.results, -EBADF);
    expect_true(is_open(t.pair.number));
    expect_number(recv(t.pair.number, &t.byte, 1, MSG_DONTWAIT), 1);
    peer_keep(t.pair.number);
}
