/* Rules R6.1 to R6.3: making sockets, listening and accepting. */
#include "descriptor_waits.h"
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- R6.1: what a socket is ---- */

struct kind {
    int domain, type, nonblocking, on_exec;
};

static void look(struct kind *kind, int number)
{
    socklen_t length = sizeof(int);

    getsockopt(number, SOL_SOCKET, SO_DOMAIN, &kind->domain, &length);
    getsockopt(number, SOL_SOCKET, SO_TYPE, &kind->type, &length);
    kind->nonblocking = (fcntl(number, F_GETFL) & O_NONBLOCK) != 0;
    kind->on_exec = fcntl(number, F_GETFD);
}

static void assert_kind(const struct kind *kind, int domain)
{
    expect_number(kind->domain, domain);
    expect_number(kind->type, SOCK_STREAM);
    expect_true(kind->nonblocking);
    expect_number(kind->on_exec, FD_CLOEXEC);
}
#define assert_kind(...) IN_HELPER(assert_kind, (__VA_ARGS__), #__VA_ARGS__)

struct sockets {
    struct kind made[2], accepted[2];
};

static int make_sockets(void *arg)
{
    struct sockets *t = arg;
    unsigned flags;

    for (flags = 0; flags <= MIOU_OWNED; flags++) {
        struct pair pair;
        miou_fd *fd;

        TRY(miou_tcpv4(&fd, flags));
        look(&t->made[flags], miou_fd_number(fd));
        TRY(miou_close(fd));
        TRY(pair_open(&pair, flags));
        look(&t->accepted[flags], pair.number);
        TRY(miou_close(pair.fd));
    }
    return 0;
}

CHECK("R6.1", sockets_do_not_block_and_end_on_exec)
{
    struct sockets t = {0};
    int i;

    expect_code(unix_run_with(0, make_sockets, &t), 0);
    for (i = 0; i < 2; i++) {
        with_index(i);

        assert_kind(&t.made[i], AF_INET);
        assert_kind(&t.accepted[i], AF_INET);
    }
}

static int make_ipv6_sockets(void *arg)
{
    struct sockets *t = arg;
    unsigned flags;

    for (flags = 0; flags <= MIOU_OWNED; flags++) {
        miou_fd *fd;

        TRY(miou_tcpv6(&fd, flags));
        look(&t->made[flags], miou_fd_number(fd));
        TRY(miou_close(fd));
    }
    return 0;
}

CHECK("R6.1", ipv6_sockets_do_not_block_and_end_on_exec)
{
    struct sockets t = {0};

    need_ipv6();
    expect_code(unix_run_with(0, make_ipv6_sockets, &t), 0);
    assert_kind(&t.made[0], AF_INET6);
    assert_kind(&t.made[MIOU_OWNED], AF_INET6);
}

/* ---- R6.2: listening ---- */

struct address {
    int port, accepted;
};

static int listen_on_any_port(void *arg)
{
    struct address *t = arg;
    miou_fd *listener, *client;

    TRY(listen_on(&listener, 0, 0));
    t->port = port_of(listener);
    peer_connect((unsigned short)t->port);
    NOTE(t->accepted, miou_accept(&client, listener, NULL));
    return 0;
}

CHECK("R6.2", port_0_is_a_free_port)
{
    struct address t = {0};

    expect_code(unix_run_with(0, listen_on_any_port, &t), 0);
    expect_true(t.port != 0);
    expect_noted(t.accepted, 0);
}

static int listen_on_ipv6(void *arg)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    struct sockaddr_storage peer;
    struct address *t = arg;
    miou_fd *listener, *client;
    int socket6 = peer_keep(socket(AF_INET6, SOCK_STREAM, 0));

    TRY(miou_tcpv6(&listener, 0));
    TRY(miou_bind_and_listen(listener, (struct sockaddr *)&address, sizeof address, NULL));
    t->port = port_of(listener);
    address.sin6_port = htons((unsigned short)t->port);
    if (connect(socket6, (struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    TRY(miou_accept(&client, listener, &peer));
    NOTE(t->accepted, peer.ss_family == AF_INET6 &&
                          IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&peer)->sin6_addr));
    return 0;
}

CHECK("R6.2 R6.3", ipv6_clients_are_accepted)
{
    struct address t = {0};

    need_ipv6();
    expect_code(unix_run_with(0, listen_on_ipv6, &t), 0);
    expect_true(t.port != 0);
    expect_true(t.accepted);
}

struct server {
    miou_fd *listener;
    int served;
};

static int serve_until_cancelled(void *arg)
{
    struct server *server = arg;
    miou_fd *client;

    while (miou_accept(&client, server->listener, NULL) == 0) {
        server->served++;
        TRY(miou_close(client));
    }
    return 0;
}

enum { SHARING_CLIENTS = 64, TOGETHER = 4 /* as the system may allow no more to wait */ };

/* Connect this many clients, some at a time, and wait until some server has served each of them. */
static int connect_all(const struct server *servers, unsigned short port)
{
    int i, before = servers[0].served + servers[1].served;

    for (i = 1; i <= SHARING_CLIENTS; i++) {
        peer_connect(port);
        while (i % TOGETHER == 0 && servers[0].served + servers[1].served < before + i)
            TRY(miou_yield());
    }
    return let_others_run();
}

static int share_an_address(void *arg)
{
    struct server *servers = arg;
    miou_promise *promises[2];
    unsigned short port;
    int i;

    TRY(listen_on(&servers[0].listener, 0, 0));
    port = port_of(servers[0].listener);
    TRY(listen_on(&servers[1].listener, 0, port));
    for (i = 0; i < 2; i++)
        TRY(miou_async(&promises[i], NULL, serve_until_cancelled, &servers[i]));
    TRY(connect_all(servers, port));
    for (i = 0; i < 2; i++) {
        TRY(miou_cancel(promises[i]));
        TRY(miou_close(servers[i].listener));
        if (i == 0) /* the other one now takes all */
            TRY(connect_all(servers, port));
    }
    return 0;
}

CHECK("R6.2 R6.3", several_listeners_share_an_address)
{
    struct server servers[2] = {{0}};

    expect_code(unix_run_with(0, share_an_address, servers), 0);
    expect_number(servers[0].served + servers[1].served, 2 * SHARING_CLIENTS);
}

struct alone {
    int first, second, elsewhere;
};

static int listen_twice(struct alone *t, const miou_listen *first, const miou_listen *second)
{
    struct sockaddr_in address = loopback(0);
    miou_fd *a, *b;

    TRY(miou_tcpv4(&a, 0));
    TRY(miou_tcpv4(&b, 0));
    NOTE(t->first, miou_bind_and_listen(a, (struct sockaddr *)&address, sizeof address, first));
    address = loopback(port_of(a));
    NOTE(t->second, miou_bind_and_listen(b, (struct sockaddr *)&address, sizeof address, second));
    address = loopback(0);
    NOTE(t->elsewhere, miou_bind_and_listen(b, (struct sockaddr *)&address, sizeof address, NULL));
    TRY(miou_close(a));
    return miou_close(b);
}

static int want_an_address_alone(void *arg)
{
    const miou_listen alone = {.no_reuse_port = 1};
    struct alone *t = arg;

    TRY(listen_twice(&t[0], &alone, NULL));
    TRY(listen_twice(&t[1], NULL, &alone));
    return listen_twice(&t[2], &alone, &alone);
}

CHECK("R6.2", no_reuse_port_keeps_an_address_alone)
{
    struct alone t[3] = {{0}};
    int i;

    expect_code(unix_run_with(0, want_an_address_alone, t), 0);
    for (i = 0; i < 3; i++) {
        with_index(i);

        expect_noted(t[i].first, 0);
        expect_noted(t[i].second, -EADDRINUSE);
        expect_noted(t[i].elsewhere, 0);
    }
}

static int bind_where_another_program_listens(void *arg)
{
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int foreign = peer_keep(socket(AF_INET, SOCK_STREAM, 0));
    miou_fd *fd;

    (void)arg;
    if (bind(foreign, (struct sockaddr *)&address, length) < 0 || listen(foreign, 1) < 0 ||
        getsockname(foreign, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    return listen_on(&fd, 0, ntohs(address.sin_port));
}

CHECK("R6.2", a_taken_address_is_refused)
{
    expect_code(unix_run_with(0, bind_where_another_program_listens, NULL), -EADDRINUSE);
}

struct reuse {
    int address, port;
};

static int option(miou_fd *fd, int name)
{
    int value = -1;
    socklen_t length = sizeof value;

    getsockopt(miou_fd_number(fd), SOL_SOCKET, name, &value, &length);
    return value;
}

static int set_reuse(void *arg)
{
    const miou_listen options[] = {
        {0}, {.no_reuse_addr = 1}, {.no_reuse_port = 1}, {.no_reuse_addr = 1, .no_reuse_port = 1}};
    struct reuse *t = arg;
    int i;

    for (i = 0; i < 5; i++) {
        struct sockaddr_in address = loopback(0);
        miou_fd *fd;

        TRY(miou_tcpv4(&fd, 0));
        TRY(miou_bind_and_listen(fd, (struct sockaddr *)&address, sizeof address,
                                 i < 4 ? &options[i] : NULL));
        t[i] = (struct reuse){option(fd, SO_REUSEADDR), option(fd, SO_REUSEPORT)};
    }
    return 0;
}

CHECK("R6.2", reuse_is_set_unless_told_otherwise)
{
    struct reuse t[5];
    int i;

    expect_code(unix_run_with(0, set_reuse, t), 0);
    for (i = 0; i < 5; i++) {
        with_index(i);

        expect_number(t[i].address, i != 1 && i != 3);
        expect_number(t[i].port, i != 2 && i != 3);
    }
}

static int listen_with_backlogs(void *arg)
{
    struct sockaddr_in address = loopback(0);
    int *t = arg;
    miou_fd *fd;

    TRY(miou_tcpv4(&fd, 0));
    NOTE(t[0], miou_bind_and_listen(fd, (struct sockaddr *)&address, sizeof address,
                                    &(miou_listen){.backlog = -1}));
    NOTE(t[1], miou_bind_and_listen(fd, (struct sockaddr *)&address, sizeof address,
                                    &(miou_listen){.backlog = 1}));
    return 0;
}

CHECK("R6.2", a_negative_backlog_is_invalid)
{
    int t[2] = {0, 1};

    expect_code(unix_run_with(0, listen_with_backlogs, t), 0);
    expect_noted(t[0], -EINVAL);
    expect_noted(t[1], 0);
}

/* ---- R6.3: accepting ---- */

struct accepting {
    struct waiter waiter;
    bool waited;
    char byte;
};

static int accept_later(void *arg)
{
    struct accepting *t = arg;
    miou_promise *promise;
    unsigned short port;
    int peer;

    TRY(listen_on(&t->waiter.fd, 0, 0));
    port = port_of(t->waiter.fd);
    TRY(miou_async(&promise, NULL, accept_once, &t->waiter));
    let_others_run();
    t->waited = !t->waiter.done;
    peer = peer_connect(port);
    TRY(miou_await(promise, NULL));
    TRY(t->waiter.result);
    peer_send(peer, "x", 1);
    return (int)miou_read(t->waiter.client, &t->byte, 1);
}

CHECK("R6.3", accepting_waits_and_others_run)
{
    struct accepting t = {0};

    expect_code(unix_run_with(0, accept_later, &t), 1);
    expect_true(t.waited);
    expect_number(t.byte, 'x');
}

struct callers {
    struct sockaddr_in own[3], told[3];
    int clients[3];
};

static int accept_those_that_wait(void *arg)
{
    struct callers *t = arg;
    miou_fd *listener, *client;
    int i;

    TRY(listen_on(&listener, 0, 0));
    for (i = 0; i < 3; i++) {
        socklen_t length = sizeof t->own[i];
        int peer = peer_connect(port_of(listener));

        if (getsockname(peer, (struct sockaddr *)&t->own[i], &length) < 0)
            return -errno;
    }
    for (i = 0; i < 3; i++) {
        struct sockaddr_storage peer;

        memset(&peer, 0xff, sizeof peer);
        TRY(miou_accept(&client, listener, &peer));
        memcpy(&t->told[i], &peer, sizeof t->told[i]);
        t->clients[i] = miou_fd_number(client);
    }
    peer_connect(port_of(listener));
    return miou_accept(&client, listener, NULL);
}

CHECK("R6.3", accepting_tells_the_peers_address)
{
    struct callers t = {0};
    int i, j;

    expect_code(unix_run_with(0, accept_those_that_wait, &t), 0);
    for (i = 0; i < 3; i++) {
        with_index(i);
        int found = 0;

        expect_number(t.told[i].sin_family, AF_INET);
        expect_number(t.told[i].sin_addr.s_addr, htonl(INADDR_LOOPBACK));
        for (j = 0; j < 3; j++)
            found += t.own[i].sin_port == t.told[j].sin_port;
        expect_number(found, 1);
    }
    expect_true(t.clients[0] != t.clients[1]);
    expect_true(t.clients[1] != t.clients[2]);
}

struct latecomer {
    miou_fd *listener, *client;
    struct sockaddr_in own;
    struct sockaddr_storage told;
    bool waited, accepted;
};

static int accept_and_be_told(void *arg)
{
    struct latecomer *t = arg;

    TRY(miou_accept(&t->client, t->listener, &t->told));
    t->accepted = true;
    return 0;
}

static int connect_to_one_that_waits(void *arg)
{
    struct latecomer *t = arg;
    socklen_t length = sizeof t->own;
    miou_promise *promise;

    TRY(listen_on(&t->listener, 0, 0));
    TRY(miou_async(&promise, NULL, accept_and_be_told, t));
    let_others_run();
    t->waited = !t->accepted;
    getsockname(peer_connect(port_of(t->listener)), (struct sockaddr *)&t->own, &length);
    return await_and_free(promise);
}

CHECK("R6.3", accepting_tells_the_address_of_a_peer_that_comes_later)
{
    struct latecomer t = {.told.ss_family = AF_UNSPEC};

    expect_code(unix_run_with(0, connect_to_one_that_waits, &t), 0);
    expect_true(t.waited);
    expect_number(t.told.ss_family, AF_INET);
    expect_number(((struct sockaddr_in *)&t.told)->sin_port, t.own.sin_port);
}

/* ---- waits beside all else ---- */

CHECK("R6.3", nothing_but_a_connection_ends_accepting)
{
    assert_wait_undisturbed(ACCEPT);
}
