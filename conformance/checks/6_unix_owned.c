/* Rules R6.10 to R6.14, R6.22, R6.24 and R6.28: owned and plain descriptors. */
#include "sockets.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

/* Whether the peer is told that this end is closed: by an end or by a reset. */
static bool peer_sees_end(int peer)
{
    char byte;

    await_events(peer, POLLIN);
    return recv(peer, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
}

/* ---- R6.10: an owned descriptor refuses other tasks ---- */

enum { REFUSED = 6 };

struct refusal {
    spawner *spawn;
    struct pair pair;
    miou_fd *listener;
    miou_fd *bound; /* not yet */
    ssize_t results[REFUSED];
    miou_fd *client;
    char stolen, kept, answer;
    int bound_later, accepted_later;
};

static int use_what_is_not_ours(void *arg)
{
    struct sockaddr_in address = loopback(0);
    struct refusal *t = arg;

    NOTE(t->results[0],
         miou_bind_and_listen(t->bound, (struct sockaddr *)&address, sizeof address, NULL));
    NOTE(t->results[1], miou_accept(&t->client, t->listener, NULL));
    NOTE(t->results[2], miou_read(t->pair.fd, &t->stolen, 1));
    NOTE(t->results[3], miou_write(t->pair.fd, "z", 1));
    NOTE(t->results[4], miou_close(t->pair.fd));
    NOTE(t->results[5], miou_fd_number(t->pair.fd));
    return 0;
}

static int keep_what_is_ours(void *arg)
{
    struct sockaddr_in address = loopback(0);
    struct refusal *t = arg;
    miou_promise *promise;
    miou_fd *client;

    TRY(pair_open(&t->pair, MIOU_OWNED));
    TRY(miou_tcpv4(&t->bound, MIOU_OWNED));
    TRY(listen_on(&t->listener, MIOU_OWNED, 0));
    peer_connect(port_of(t->listener));
    peer_send(t->pair.peer, "x", 1);
    await_events(miou_fd_number(t->listener), POLLIN);
    await_bytes(t->pair.number, 1);
    TRY(t->spawn(&promise, NULL, use_what_is_not_ours, t));
    TRY(miou_await(promise, NULL));
    NOTE(t->bound_later,
         miou_bind_and_listen(t->bound, (struct sockaddr *)&address, sizeof address, NULL));
    NOTE(t->accepted_later, miou_accept(&client, t->listener, NULL));
    TRY(miou_read(t->pair.fd, &t->kept, 1));
    TRY(miou_write(t->pair.fd, "y", 1));
    peer_receive(t->pair.peer, &t->answer, 1);
    TRY(miou_close(client));
    TRY(miou_close(t->bound));
    TRY(miou_close(t->listener));
    return miou_close(t->pair.fd);
}

static void check_refusal(spawner *spawn)
{
    struct refusal t = {.spawn = spawn, .stolen = '-', .bound_later = 1, .accepted_later = 1};
    int i;

    expect_code(unix_run_with(1, keep_what_is_ours, &t), 0);
    for (i = 0; i < REFUSED; i++) {
        with_index(i);

        expect_noted(t.results[i], MIOU_NOT_OWNER);
    }
    expect_true(t.client == NULL);
    expect_number(t.stolen, '-');
    expect_noted(t.bound_later, 0);
    expect_noted(t.accepted_later, 0);
    expect_number(t.kept, 'x');
    expect_number(t.answer, 'y');
}
#define check_refusal(...) IN_HELPER(check_refusal, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.10", an_owned_descriptor_refuses_other_tasks)
{
    check_refusal(miou_async);
}

CHECK("R6.10", an_owned_descriptor_refuses_other_domains)
{
    check_refusal(miou_call);
}

/* ---- R6.11 and R6.12: descriptors whose owners end ---- */

enum { OWNED = 3 };

/* A task that owns a listener, a connection and a socket, and ends in one of several ways. */
struct owner {
    spawner *spawn;
    int result; /* of the owner */
    bool waits; /* does not end by itself */
    int numbers[OWNED], peer;
    ino_t inodes[OWNED]; /* of the numbers */
    bool peer_told;
    sem_t ready;
    int open_after; /* how many of them, after await or cancel has returned */
    int outcome;
};

static int own_descriptors(void *arg)
{
    struct owner *t = arg;
    miou_fd *listener, *fd;
    struct pair pair;
    char byte;
    int i;

    TRY(listen_on(&listener, MIOU_OWNED, 0));
    TRY(pair_open(&pair, MIOU_OWNED));
    TRY(miou_tcpv4(&fd, MIOU_OWNED));
    t->numbers[0] = miou_fd_number(listener);
    t->numbers[1] = pair.number;
    t->numbers[2] = miou_fd_number(fd);
    for (i = 0; i < OWNED; i++)
        t->inodes[i] = inode_of(t->numbers[i]);
    t->peer = pair.peer;
    sem_post(&t->ready);
    if (t->waits)
        miou_read(pair.fd, &byte, 1);
    return t->result;
}

static int count_open(const struct owner *t)
{
    int i, count = 0;

    for (i = 0; i < OWNED; i++)
        count += inode_of(t->numbers[i]) == t->inodes[i];
    return count;
}

static void assert_closed(struct owner *t)
{
    expect_number(count_open(t), 0);
    expect_true(peer_sees_end(t->peer));
}
#define assert_closed(...) IN_HELPER(assert_closed, (__VA_ARGS__), #__VA_ARGS__)

static int spawn_owner(void *arg)
{
    struct owner *t = arg;
    miou_promise *promise;

    TRY(t->spawn(&promise, NULL, own_descriptors, t));
    TRY(miou_await(promise, &t->outcome));
    t->open_after = count_open(t);
    t->peer_told = t->open_after == 0 && peer_sees_end(t->peer);
    return 0;
}

CHECK("R6.11", main_leaks_a_descriptor)
{
    struct owner t = {.result = 0};

    sem_init(&t.ready, 0, 0);
    expect_code(unix_run_with(0, own_descriptors, &t), MIOU_RESOURCE_LEAKED);
    assert_closed(&t);
}

CHECK("R6.11", a_child_leaks_a_descriptor)
{
    struct owner t = {.spawn = miou_async, .result = 7};

    sem_init(&t.ready, 0, 0);
    expect_code(unix_run_with(0, spawn_owner, &t), MIOU_RESOURCE_LEAKED);
    assert_closed(&t);
}

CHECK("R6.11", another_domain_leaks_a_descriptor)
{
    struct owner t = {.spawn = miou_call};

    sem_init(&t.ready, 0, 0);
    expect_code(unix_run_with(1, spawn_owner, &t), MIOU_RESOURCE_LEAKED);
    assert_closed(&t);
}

static void check_failing_owner(spawner *spawn)
{
    struct owner t = {.spawn = spawn, .result = -7, .open_after = -1};

    sem_init(&t.ready, 0, 0);
    expect_code(unix_run_with(1, spawn_owner, &t), 0);
    expect_code(t.outcome, -7);
    expect_code(t.open_after, 0);
    expect_true(t.peer_told);
}
#define check_failing_owner(...) IN_HELPER(check_failing_owner, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.12", descriptors_of_a_failing_task_are_closed)
{
    check_failing_owner(miou_async);
}

CHECK("R6.12", descriptors_of_a_task_failing_on_another_domain_are_closed)
{
    check_failing_owner(miou_call);
}

static int cancel_owner(void *arg)
{
    struct owner *t = arg;
    miou_promise *promise;

    TRY(t->spawn(&promise, NULL, own_descriptors, t));
    while (sem_trywait(&t->ready) < 0)
        TRY(miou_yield());
    TRY(miou_cancel(promise));
    t->open_after = count_open(t);
    t->peer_told = t->open_after == 0 && peer_sees_end(t->peer);
    return miou_await(promise, &t->outcome);
}

static void check_cancelled_owner(spawner *spawn)
{
    struct owner t = {.spawn = spawn, .waits = true, .open_after = -1};

    sem_init(&t.ready, 0, 0);
    expect_code(unix_run_with(1, cancel_owner, &t), 0);
    expect_code(t.outcome, MIOU_CANCELLED);
    expect_code(t.open_after, 0);
    expect_true(t.peer_told);
}
#define check_cancelled_owner(...) IN_HELPER(check_cancelled_owner, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.12", descriptors_of_a_cancelled_task_are_closed)
{
    check_cancelled_owner(miou_async);
}

CHECK("R6.12", descriptors_of_a_task_cancelled_on_another_domain_are_closed)
{
    check_cancelled_owner(miou_call);
}

CHECK("R6.12", descriptors_of_a_failing_main_are_closed)
{
    struct owner t = {.result = -7};

    sem_init(&t.ready, 0, 0);
    expect_code(unix_run_with(0, own_descriptors, &t), -7);
    assert_closed(&t);
}

/* ---- R6.13: accepted connections ---- */

struct inheritance {
    unsigned flags;
    bool has_resource;
    int check, elsewhere;
    struct waiter stranger;
};

static int look_at_accepted(void *arg)
{
    struct inheritance *t = arg;
    miou_promise *promise;
    struct pair pair;

    TRY(pair_open(&pair, t->flags));
    t->has_resource = miou_fd_resource(pair.fd) != NULL;
    NOTE(t->check, miou_check(miou_fd_resource(pair.fd)));
    t->stranger.fd = pair.fd;
    peer_send(pair.peer, "x", 1);
    TRY(miou_async(&promise, NULL, read_once, &t->stranger));
    TRY(miou_await(promise, NULL));
    return miou_close(pair.fd);
}

CHECK("R6.13", an_owned_listener_accepts_owned_connections)
{
    struct inheritance t = {.flags = MIOU_OWNED};

    expect_code(unix_run_with(0, look_at_accepted, &t), 0);
    expect_true(t.has_resource);
    expect_noted(t.check, 0);
    expect_noted(t.stranger.result, MIOU_NOT_OWNER);
}

CHECK("R6.13", a_plain_listener_accepts_plain_connections)
{
    struct inheritance t = {.flags = 0};

    expect_code(unix_run_with(0, look_at_accepted, &t), 0);
    expect_false(t.has_resource);
    expect_noted(t.stranger.result, 1);
}

static int forget_accepted(void *arg)
{
    int *number = arg;
    struct pair pair;

    TRY(pair_open(&pair, MIOU_OWNED));
    *number = pair.number;
    return 0;
}

CHECK("R6.13 R6.11", an_accepted_connection_can_leak)
{
    int number = -1;

    expect_code(unix_run_with(0, forget_accepted, &number), MIOU_RESOURCE_LEAKED);
    expect_true(number != -1);
    expect_false(is_open(number));
}

/* ---- R6.14: closing ---- */

struct closing {
    unsigned flags;
    bool release;
    int before, after, again, own, number;
    bool open_after, peer_told;
};

static int close_twice(void *arg)
{
    struct closing *t = arg;
    miou_resource *resource;
    struct pair pair;
    ino_t inode;

    TRY(pair_open(&pair, t->flags));
    inode = inode_of(pair.number);
    resource = miou_fd_resource(pair.fd);
    NOTE(t->before, t->release ? miou_release(resource) : miou_close(pair.fd));
    t->open_after = inode_of(pair.number) == inode;
    t->peer_told = !t->open_after && peer_sees_end(pair.peer);
    NOTE(t->again, miou_close(pair.fd));
    NOTE(t->number, miou_fd_number(pair.fd));
    NOTE(t->after, miou_check(resource));
    NOTE(t->own, miou_own(resource));
    return 0;
}

static void check_closing(struct closing *t)
{
    expect_code(unix_run_with(0, close_twice, t), 0);
    expect_noted(t->before, 0);
    expect_false(t->open_after);
    expect_true(t->peer_told);
    expect_noted(t->again, -EBADF);
    expect_noted(t->number, -EBADF);
}
#define check_closing(...) IN_HELPER(check_closing, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.14", closing_ends_a_plain_descriptor)
{
    check_closing(&(struct closing){.flags = 0});
}

CHECK("R6.14", closing_ends_an_owned_descriptor)
{
    struct closing t = {.flags = MIOU_OWNED};

    check_closing(&t);
    expect_noted(t.after, MIOU_NOT_OWNER);
    expect_noted(t.own, -EINVAL);
}

CHECK("R6.14", releasing_closes)
{
    struct closing t = {.flags = MIOU_OWNED, .release = true};

    check_closing(&t);
    expect_noted(t.after, MIOU_NOT_OWNER);
    expect_noted(t.own, -EINVAL);
}

/* ---- R6.22: giving and transferring ---- */

struct handing {
    spawner *spawn;
    struct pair pair;
    struct waiter child; /* the one it is given to */
    int closed;
    ssize_t refused, read;
    char byte;
};

static int read_and_close(void *arg)
{
    struct handing *t = arg;

    read_once(&t->child);
    NOTE(t->closed, miou_close(t->child.fd));
    return 0;
}

static int give_away(void *arg)
{
    struct handing *t = arg;
    miou_promise *promise;
    char byte;

    TRY(pair_open(&t->pair, MIOU_OWNED));
    t->child.fd = t->pair.fd;
    TRY(t->spawn(&promise, &(miou_spawn){MIOU_GIVE(miou_fd_resource(t->pair.fd))}, read_and_close,
                 t));
    NOTE(t->refused, miou_read(t->pair.fd, &byte, 1));
    let_others_run();
    peer_send(t->pair.peer, "x", 1);
    return miou_await(promise, NULL);
}

static void check_giving(spawner *spawn)
{
    struct handing t = {.spawn = spawn};

    expect_code(unix_run_with(1, give_away, &t), 0);
    expect_noted(t.refused, MIOU_NOT_OWNER);
    expect_noted(t.child.result, 1);
    expect_number(t.child.byte, 'x');
    expect_noted(t.closed, 0);
    expect_true(peer_sees_end(t.pair.peer));
}
#define check_giving(...) IN_HELPER(check_giving, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.22", a_descriptor_is_given_to_a_child)
{
    check_giving(miou_async);
}

CHECK("R6.22", a_descriptor_is_given_to_another_domain)
{
    check_giving(miou_call);
}

/* Waits for it here first, so that the monitor of this domain knows it before another one does. */
static int make_and_transfer(void *arg)
{
    struct handing *t = arg;
    char byte;

    TRY(pair_open(&t->pair, MIOU_OWNED));
    peer_send(t->pair.peer, "w", 1);
    read_once(&(struct waiter){.fd = t->pair.fd});
    TRY(miou_transfer(miou_fd_resource(t->pair.fd)));
    NOTE(t->refused, miou_read(t->pair.fd, &byte, 1));
    return 0;
}

static void *send_later(void *arg)
{
    struct handing *t = arg;

    peer_send(t->pair.peer, "x", 1);
    return NULL;
}

static int take_over(void *arg)
{
    struct handing *t = arg;
    miou_promise *promise;
    pthread_t thread;

    TRY(t->spawn(&promise, NULL, make_and_transfer, t));
    TRY(miou_await(promise, NULL));
    start_thread(&thread, send_later, t);
    NOTE(t->read, miou_read(t->pair.fd, &t->byte, 1));
    pthread_join(thread, NULL);
    NOTE(t->closed, miou_close(t->pair.fd));
    return 0;
}

static void check_transferring(spawner *spawn)
{
    struct handing t = {.spawn = spawn};

    expect_code(unix_run_with(1, take_over, &t), 0);
    expect_noted(t.refused, MIOU_NOT_OWNER);
    expect_noted(t.read, 1);
    expect_number(t.byte, 'x');
    expect_noted(t.closed, 0);
}
#define check_transferring(...) IN_HELPER(check_transferring, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.22", a_descriptor_is_transferred_to_the_parent)
{
    check_transferring(miou_async);
}

CHECK("R6.22", a_descriptor_is_transferred_from_another_domain)
{
    check_transferring(miou_call);
}

/* ---- R6.24: plain descriptors ---- */

struct plain {
    spawner *spawn;
    struct pair pair;
    ssize_t read, written;
    int closed, stale;
    char byte, answer;
    int result; /* of main */
};

static int use_and_close(void *arg)
{
    struct plain *t = arg;

    NOTE(t->read, miou_read(t->pair.fd, &t->byte, 1));
    NOTE(t->written, miou_write(t->pair.fd, "y", 1));
    NOTE(t->closed, miou_close(t->pair.fd));
    return 0;
}

static int let_another_close(void *arg)
{
    struct plain *t = arg;
    miou_promise *promise;

    TRY(pair_open(&t->pair, 0));
    TRY(t->spawn(&promise, NULL, use_and_close, t));
    let_others_run();
    peer_send(t->pair.peer, "x", 1);
    TRY(miou_await(promise, NULL));
    peer_receive(t->pair.peer, &t->answer, 1);
    NOTE(t->stale, miou_close(t->pair.fd));
    return 0;
}

static void check_plain(spawner *spawn)
{
    struct plain t = {.spawn = spawn};

    expect_code(unix_run_with(1, let_another_close, &t), 0);
    expect_noted(t.read, 1);
    expect_noted(t.written, 1);
    expect_noted(t.closed, 0);
    expect_number(t.byte, 'x');
    expect_number(t.answer, 'y');
    expect_noted(t.stale, -EBADF);
}
#define check_plain(...) IN_HELPER(check_plain, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.24", every_task_may_use_a_plain_descriptor)
{
    check_plain(miou_async);
}

CHECK("R6.24", every_domain_may_use_a_plain_descriptor)
{
    check_plain(miou_call);
}

static int make_and_leave(void *arg)
{
    struct plain *t = arg;

    return pair_open(&t->pair, 0);
}

static int use_what_a_child_left(void *arg)
{
    struct plain *t = arg;
    miou_promise *promise;
    int outcome;

    TRY(t->spawn(&promise, NULL, make_and_leave, t));
    TRY(miou_await(promise, &outcome));
    TRY(outcome);
    NOTE(t->written, miou_write(t->pair.fd, "y", 1));
    peer_receive(t->pair.peer, &t->answer, 1);
    return t->result;
}

CHECK("R6.24 R1.16", plain_descriptors_are_closed_with_the_run)
{
    static const int results[] = {0, -7};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct plain t = {.spawn = miou_call, .result = results[i]};
        int before = descriptors_open();

        expect_code(unix_run_with(1, use_what_a_child_left, &t), results[i]);
        expect_noted(t.written, 1);
        expect_number(t.answer, 'y');
        expect_false(is_open(t.pair.number));
        expect_number(descriptors_open(), before + 1);
        expect_true(peer_sees_end(t.pair.peer));
    }
}

/* ---- R6.28: disowning ---- */

struct disowning {
    struct pair pair;
    int disowned, number, closed;
    ssize_t read;
    bool has_resource, open_after;
};

static int disown_descriptor(void *arg)
{
    struct disowning *t = arg;
    char byte;

    TRY(pair_open(&t->pair, MIOU_OWNED));
    NOTE(t->disowned, miou_disown(miou_fd_resource(t->pair.fd)));
    t->has_resource = miou_fd_resource(t->pair.fd) != NULL;
    NOTE(t->read, miou_read(t->pair.fd, &byte, 1));
    NOTE(t->number, miou_fd_number(t->pair.fd));
    NOTE(t->closed, miou_close(t->pair.fd));
    t->open_after = is_open(t->pair.number);
    return 0;
}

CHECK("R6.28", a_disowned_descriptor_is_the_callers)
{
    struct disowning t = {.disowned = 1, .has_resource = true};

    expect_code(unix_run_with(0, disown_descriptor, &t), 0);
    expect_noted(t.disowned, 0);
    expect_false(t.has_resource);
    expect_noted(t.read, -EBADF);
    expect_noted(t.number, -EBADF);
    expect_noted(t.closed, -EBADF);
    expect_true(t.open_after);
    expect_true(is_open(t.pair.number));
    expect_number(peer_send(t.pair.peer, "x", 1), 1);
    await_bytes(t.pair.number, 1);
    peer_keep(t.pair.number);
}
