/* Rules R6.32 and R6.33: connecting. */
#include "waits.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static int connect_to(miou_fd *fd, unsigned short port)
{
    struct sockaddr_in address = loopback(port);

    return miou_connect(fd, (struct sockaddr *)&address, sizeof address);
}

/* ---- R6.32: connecting ---- */

struct greeting {
    int connected, again;
    char byte, answer;
};

/* Only miou_connect may have to wait. */
static int greet(void *arg)
{
    struct greeting *t = arg;
    miou_fd *listener, *client, *server;

    TRY(listen_on(&listener, 0, 0));
    TRY(miou_tcpv4(&client, 0));
    NOTE(t->connected, connect_to(client, port_of(listener)));
    NOTE(t->again, connect_to(client, port_of(listener)));
    TRY(miou_accept(&server, listener, NULL));
    TRY(miou_write(client, "a", 1));
    TRY(miou_read(server, &t->byte, 1));
    TRY(miou_write(server, "b", 1));
    return (int)miou_read(client, &t->answer, 1);
}

CHECK("R6.32", connecting_to_a_listener)
{
    struct greeting t = {.connected = 1};

    expect_code(unix_run_with(0, greet, &t), 1);
    expect_noted(t.connected, 0);
    expect_noted(t.again, -EISCONN);
    expect_number(t.byte, 'a');
    expect_number(t.answer, 'b');
}

static int connect_slowly(void *arg)
{
    struct waits *t = arg;

    TRY(waits_start(t, miou_async));
    waits_serve(t);
    return waits_await(t);
}

CHECK("R6.32", connecting_waits_and_others_run)
{
    struct waits t = {.first = CONNECT, .end = CONNECT + 1};

    expect_code(unix_run_with(0, connect_slowly, &t), 0);
    expect_number(t.waiting, 1);
    waits_assert_served(&t);
}

static int connect_when_there_is_room(void *arg)
{
    struct connecting *t = arg;

    TRY(connecting_start(t));
    peer_keep(accept(t->listener, NULL, NULL));
    TRY(miou_await(t->promise, NULL));
    t->waiter.peer = peer_keep(accept(t->listener, NULL, NULL));
    TRY(miou_write(t->waiter.fd, "x", 1));
    peer_receive(t->waiter.peer, &t->waiter.byte, 1);
    return 0;
}

CHECK("R6.32 R6.29", connecting_waits_for_room_in_the_unix_domain)
{
    struct connecting t = {.spawn = miou_async};

    expect_code(unix_run_with(0, connect_when_there_is_room, &t), 0);
    expect_true(t.waited);
    expect_noted(t.waiter.result, 0);
    expect_number(t.waiter.byte, 'x');
}

struct without_listener {
    int tcpv4, tcpv6, local, path, closed[4];
};

/* A socket that is bound but does not listen keeps others from its address. */
static int connect_without_listener(void *arg)
{
    struct sockaddr_in address = loopback(0);
    struct sockaddr_in6 address6 = loopback6(0);
    struct sockaddr_un name = local_address(0);
    struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
    miou_fd *bound, *bound6, *named, *fds[4];
    struct without_listener *t = arg;
    int i;

    TRY(miou_tcpv4(&bound, 0));
    TRY(miou_tcpv6(&bound6, 0));
    TRY(miou_unix_socket(&named, 0));
    if (bind(miou_fd_number(bound), (struct sockaddr *)&address, sizeof address) < 0 ||
        bind(miou_fd_number(bound6), (struct sockaddr *)&address6, sizeof address6) < 0 ||
        bind(miou_fd_number(named), (struct sockaddr *)&name, sizeof name) < 0)
        return -errno;
    TRY(miou_tcpv4(&fds[0], 0));
    TRY(miou_tcpv6(&fds[1], 0));
    TRY(miou_unix_socket(&fds[2], 0));
    TRY(miou_unix_socket(&fds[3], 0));
    address6 = loopback6(port_of(bound6));
    NOTE(t->tcpv4, connect_to(fds[0], port_of(bound)));
    NOTE(t->tcpv6, miou_connect(fds[1], (struct sockaddr *)&address6, sizeof address6));
    NOTE(t->local, miou_connect(fds[2], (struct sockaddr *)&name, sizeof name));
    NOTE(t->path, miou_connect(fds[3], (struct sockaddr *)&path, sizeof path));
    for (i = 0; i < 4; i++)
        NOTE(t->closed[i], miou_close(fds[i]));
    return 0;
}

CHECK("R6.32", connecting_without_a_listener_is_refused)
{
    struct without_listener t = {0};
    int i;

    need_ipv6();
    expect_code(unix_run_with(0, connect_without_listener, &t), 0);
    expect_noted(t.tcpv4, -ECONNREFUSED);
    expect_noted(t.tcpv6, -ECONNREFUSED);
    expect_noted(t.local, -ECONNREFUSED);
    expect_noted(t.path, -ENOENT);
    for (i = 0; i < 4; i++) {
        with_index(i);

        expect_noted(t.closed[i], 0);
    }
}

/* The listener goes away while a task waits for room. */
static int lose_the_listener(void *arg)
{
    struct connecting *t = arg;

    TRY(connecting_start(t));
    peer_close(t->listener);
    return miou_await(t->promise, NULL);
}

CHECK("R6.32", one_that_waits_for_room_learns_that_the_listener_is_gone)
{
    struct connecting t = {.spawn = miou_async};

    expect_code(unix_run_with(0, lose_the_listener, &t), 0);
    expect_true(t.waited);
    expect_noted(t.waiter.result, -ECONNREFUSED);
}

/* ---- R6.33: cancelling ---- */

static int cancel_what_connects(void *arg)
{
    static struct waiter later;
    struct connecting *t = arg;
    miou_promise *promise;

    TRY(connecting_start(t));
    TRY(miou_cancel(t->promise));
    TRY(miou_close(t->waiter.fd));
    /* The listener still works; what was cancelled may have got a place in its queue all the same.
     */
    later.done = false;
    TRY(miou_unix_socket(&later.fd, 0));
    TRY(miou_async(&promise, NULL, connect_locally, &later));
    while (!later.done) {
        peer_keep(accept4(t->listener, NULL, NULL, SOCK_NONBLOCK));
        TRY(miou_yield());
    }
    TRY(miou_await(promise, NULL));
    return (int)later.result;
}

static void check_cancelling(spawner *spawn)
{
    struct connecting t = {.spawn = spawn};

    expect_code(unix_run_with(1, cancel_what_connects, &t), 0);
    expect_true(t.waited);
    expect_noted(t.waiter.result, MIOU_CANCELLED);
}
#define check_cancelling(...) IN_HELPER(check_cancelling, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.33", one_that_waits_for_room_is_cancelled)
{
    check_cancelling(miou_async);
}

CHECK("R6.33", one_that_waits_for_room_on_another_domain_is_cancelled)
{
    check_cancelling(miou_call);
}

struct owner {
    spawner *spawn;
    int listener, number;
    ino_t inode; /* of the number */
    sem_t ready;
    ssize_t result;
    bool open_after;
};

static int own_and_connect(void *arg)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    struct owner *t = arg;
    miou_fd *fd;

    TRY(miou_tcpv4(&fd, MIOU_OWNED));
    t->number = miou_fd_number(fd);
    t->inode = inode_of(t->number);
    getsockname(t->listener, (struct sockaddr *)&address, &length);
    sem_post(&t->ready);
    return (int)(t->result = miou_connect(fd, (struct sockaddr *)&address, length));
}

static int cancel_owner(void *arg)
{
    struct owner *t = arg;
    miou_promise *promise;

    t->listener = full_listener();
    TRY(t->spawn(&promise, NULL, own_and_connect, t));
    while (sem_trywait(&t->ready) < 0)
        TRY(miou_yield());
    TRY(miou_cancel(promise));
    t->open_after = inode_of(t->number) == t->inode;
    return 0;
}

static void check_cancelled_owner(spawner *spawn)
{
    struct owner t = {.spawn = spawn, .open_after = true};

    sem_init(&t.ready, 0, 0);
    expect_code(unix_run_with(1, cancel_owner, &t), 0);
    expect_noted(t.result, MIOU_CANCELLED);
    expect_false(t.open_after);
}
#define check_cancelled_owner(...) IN_HELPER(check_cancelled_owner, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.33 R6.12", what_a_cancelled_task_connects_is_closed)
{
    check_cancelled_owner(miou_async);
}

CHECK("R6.33 R6.12", what_a_task_cancelled_on_another_domain_connects_is_closed)
{
    check_cancelled_owner(miou_call);
}
