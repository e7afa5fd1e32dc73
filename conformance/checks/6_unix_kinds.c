/* Rules R6.29 to R6.31 and R6.41: sockets of the Unix domain, UDP and IPv6, and descriptors
 * that are adopted. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int option(int number, int name)
{
    int value = -1;
    socklen_t length = sizeof value;

    getsockopt(number, SOL_SOCKET, name, &value, &length);
    return value;
}

static bool blocks(int number)
{
    return (fcntl(number, F_GETFL) & O_NONBLOCK) == 0;
}

static bool is_as_told(int number, int domain, int type)
{
    return option(number, SO_DOMAIN) == domain && option(number, SO_TYPE) == type &&
           !blocks(number) && fcntl(number, F_GETFD) == FD_CLOEXEC;
}

/* ---- R6.29: the Unix domain ---- */

static int listen_locally(miou_fd **listener, unsigned flags, const struct sockaddr_un *address)
{
    TRY(miou_unix_socket(listener, flags));
    return miou_bind_and_listen(*listener, (const struct sockaddr *)address, sizeof *address, NULL);
}

struct talk {
    unsigned flags;
    struct sockaddr_storage peer;
    miou_fd *client;
    int connected;
    bool made_as_told, accepted_as_told;
    char request, answer;
    ssize_t end;
};

/* One end sends; the other one answers and closes. */
static int talk(struct talk *t, miou_fd *server)
{
    TRY(miou_write(t->client, "a", 1));
    TRY(miou_read(server, &t->request, 1));
    TRY(miou_write(server, "b", 1));
    TRY(miou_read(t->client, &t->answer, 1));
    TRY(miou_close(server));
    NOTE(t->end, miou_read(t->client, &(char){0}, 1));
    return miou_close(t->client);
}

static void assert_talked(const struct talk *t)
{
    expect_noted(t->connected, 0);
    expect_number(t->request, 'a');
    expect_number(t->answer, 'b');
    expect_noted(t->end, 0);
}
#define assert_talked(...) IN_HELPER(assert_talked, (__VA_ARGS__), #__VA_ARGS__)

static int talk_locally(void *arg)
{
    struct sockaddr_un address = local_address(0);
    struct talk *t = arg;
    miou_fd *listener, *server;

    TRY(listen_locally(&listener, t->flags, &address));
    TRY(miou_unix_socket(&t->client, t->flags));
    t->made_as_told = is_as_told(miou_fd_number(t->client), AF_UNIX, SOCK_STREAM);
    NOTE(t->connected, miou_connect(t->client, (struct sockaddr *)&address, sizeof address));
    memset(&t->peer, 0xff, sizeof t->peer);
    TRY(miou_accept(&server, listener, &t->peer));
    t->accepted_as_told = is_as_told(miou_fd_number(server), AF_UNIX, SOCK_STREAM);
    TRY(talk(t, server));
    return miou_close(listener);
}

CHECK("R6.29 R6.1 R6.32", tasks_talk_in_the_unix_domain)
{
    const struct sockaddr_storage nameless = {.ss_family = AF_UNIX};
    struct talk t[2] = {{.connected = 1}, {.connected = 1, .flags = MIOU_OWNED}};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);

        expect_code(unix_run_with(0, talk_locally, &t[i]), 0);
        expect_true(t[i].made_as_told);
        expect_true(t[i].accepted_as_told);
        assert_talked(&t[i]);
        expect_bytes(&t[i].peer, &nameless, sizeof nameless);
    }
}

static int accept_a_named_peer(void *arg)
{
    struct sockaddr_un address = local_address(0), own = local_address(1);
    struct talk *t = arg;
    miou_fd *listener, *server;
    int peer = peer_keep(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

    TRY(listen_locally(&listener, 0, &address));
    if (bind(peer, (struct sockaddr *)&own, sizeof own) < 0 ||
        connect(peer, (struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    memset(&t->peer, 0xff, sizeof t->peer);
    return miou_accept(&server, listener, &t->peer);
}

CHECK("R6.29 R6.3", a_peers_name_in_the_unix_domain_is_told)
{
    struct sockaddr_storage named = {0};
    struct sockaddr_un own = local_address(1);
    struct talk t = {.flags = 0};

    memcpy(&named, &own, sizeof own);
    expect_code(unix_run_with(0, accept_a_named_peer, &t), 0);
    expect_bytes(&t.peer, &named, sizeof named);
}

struct path {
    struct sockaddr_un address;
    int taken, elsewhere, connected, accepted;
    bool is_there;
};

static int listen_at_a_path(void *arg)
{
    struct sockaddr_un address = local_address(0);
    struct path *t = arg;
    miou_fd *listener, *other, *client;

    TRY(listen_locally(&listener, 0, &t->address));
    TRY(miou_unix_socket(&other, 0));
    NOTE(t->taken,
         miou_bind_and_listen(other, (struct sockaddr *)&t->address, sizeof t->address, NULL));
    NOTE(t->elsewhere,
         miou_bind_and_listen(other, (struct sockaddr *)&address, sizeof address, NULL));
    TRY(miou_unix_socket(&client, 0));
    NOTE(t->connected, miou_connect(client, (struct sockaddr *)&t->address, sizeof t->address));
    NOTE(t->accepted, miou_accept(&client, listener, NULL));
    TRY(miou_close(listener));
    t->is_there = access(t->address.sun_path, F_OK) == 0;
    return 0;
}

CHECK("R6.29", a_path_is_an_address_and_its_file_stays)
{
    struct path t = {.address.sun_family = AF_UNIX, .elsewhere = 1, .connected = 1, .accepted = 1};
    int result;

    need_path(t.address.sun_path, sizeof t.address.sun_path);
    NOTE(result, unix_run_with(0, listen_at_a_path, &t));
    unlink(t.address.sun_path);
    expect_noted(result, 0);
    expect_noted(t.taken, -EADDRINUSE);
    expect_noted(t.elsewhere, 0);
    expect_noted(t.connected, 0);
    expect_noted(t.accepted, 0);
    expect_true(t.is_there);
}

/* ---- R6.30: UDP ---- */

typedef int maker(miou_fd **fd, unsigned flags);

static int make_udp_sockets(void *arg)
{
    static maker *const makers[2] = {miou_udpv4, miou_udpv6};
    bool *as_told = arg;
    int i;

    for (i = 0; i < 4; i++) {
        miou_fd *fd;

        TRY(makers[i / 2](&fd, i % 2 ? MIOU_OWNED : 0));
        as_told[i] = is_as_told(miou_fd_number(fd), i < 2 ? AF_INET : AF_INET6, SOCK_DGRAM);
        TRY(miou_close(fd));
    }
    return 0;
}

CHECK("R6.30 R6.1", udp_sockets_do_not_block_and_end_on_exec)
{
    bool as_told[4] = {false};
    int i;

    need_ipv6();
    expect_code(unix_run_with(0, make_udp_sockets, as_told), 0);
    for (i = 0; i < 4; i++) {
        with_index(i);

        expect_true(as_told[i]);
    }
}

struct binding {
    int port, shared, alone, negative, elsewhere;
};

static int bind_udp(void *arg)
{
    struct sockaddr_in address = loopback(0);
    struct binding *t = arg;
    miou_fd *first, *second, *third;

    TRY(miou_udpv4(&first, 0));
    TRY(miou_udpv4(&second, 0));
    TRY(miou_udpv4(&third, 0));
    TRY(miou_bind_and_listen(first, (struct sockaddr *)&address, sizeof address, NULL));
    t->port = port_of(first);
    address = loopback((unsigned short)t->port);
    NOTE(t->shared,
         miou_bind_and_listen(second, (struct sockaddr *)&address, sizeof address, NULL));
    NOTE(t->alone, miou_bind_and_listen(third, (struct sockaddr *)&address, sizeof address,
                                        &(miou_listen){.no_reuse_addr = 1, .no_reuse_port = 1}));
    address = loopback(0);
    NOTE(t->negative, miou_bind_and_listen(third, (struct sockaddr *)&address, sizeof address,
                                           &(miou_listen){.backlog = -1}));
    NOTE(t->elsewhere,
         miou_bind_and_listen(third, (struct sockaddr *)&address, sizeof address, NULL));
    return 0;
}

CHECK("R6.30", udp_sockets_are_bound)
{
    struct binding t = {.shared = 1, .elsewhere = 1};

    expect_code(unix_run_with(0, bind_udp, &t), 0);
    expect_true(t.port != 0);
    expect_noted(t.shared, 0);
    expect_noted(t.alone, -EADDRINUSE);
    expect_noted(t.negative, -EINVAL);
    expect_noted(t.elsewhere, 0);
}

/* ---- R6.31: adopting ---- */

struct adopting {
    int ends[2]; /* the one to read from first */
    struct waiter reader, writer;
    bool waited, blocks, same_number;
    pthread_t thread;
    size_t received;
};

static int read_from_a_pipe(void *arg)
{
    struct adopting *t = arg;
    miou_promise *promise;

    TRY(miou_fd_adopt(&t->reader.fd, t->ends[0], 0));
    t->same_number = miou_fd_number(t->reader.fd) == t->ends[0];
    t->blocks = blocks(t->ends[0]);
    TRY(miou_async(&promise, NULL, read_once, &t->reader));
    let_others_run();
    t->waited = !t->reader.done;
    (void)!write(t->ends[1], "x", 1);
    TRY(miou_await(promise, NULL));
    return miou_close(t->reader.fd);
}

CHECK("R6.31", a_pipe_is_read_and_others_run)
{
    struct adopting t = {.same_number = false};

    expect_number(pipe(t.ends), 0);
    peer_keep(t.ends[1]);
    expect_code(unix_run_with(0, read_from_a_pipe, &t), 0);
    expect_true(t.same_number);
    expect_false(t.blocks);
    expect_true(t.waited);
    expect_noted(t.reader.result, 1);
    expect_number(t.reader.byte, 'x');
    expect_false(is_open(t.ends[0]));
}

static void *empty_pipe(void *arg)
{
    static char bytes[1 << 16];
    struct adopting *t = arg;
    ssize_t n;

    while ((n = read(t->ends[0], bytes, sizeof bytes)) > 0)
        t->received += (size_t)n;
    return NULL;
}

static int write_to_a_pipe(void *arg)
{
    struct adopting *t = arg;
    miou_promise *promise;

    TRY(miou_fd_adopt(&t->writer.fd, t->ends[1], 0));
    TRY(miou_async(&promise, NULL, write_lots, &t->writer));
    let_others_run();
    t->waited = !t->writer.done;
    start_thread(&t->thread, empty_pipe, t);
    TRY(miou_await(promise, NULL));
    TRY(miou_close(t->writer.fd));
    pthread_join(t->thread, NULL);
    return 0;
}

CHECK("R6.31", a_pipe_is_written_to_and_others_run)
{
    struct adopting t = {.received = 0};

    expect_number(pipe(t.ends), 0);
    peer_keep(t.ends[0]);
    expect_code(unix_run_with(0, write_to_a_pipe, &t), 0);
    expect_true(t.waited);
    expect_noted(t.writer.result, LOTS);
    expect_noted(t.received, LOTS);
}

static int adopt_sockets(void *arg)
{
    struct adopting *t = arg;
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct pair pair;

    TRY(pair_adopt(&pair, SOCK_STREAM, 0));
    TRY(miou_write(pair.fd, "a", 1));
    peer_receive(pair.peer, &t->writer.byte, 1);
    peer_send(pair.peer, "b", 1);
    TRY(miou_read(pair.fd, &t->reader.byte, 1));
    if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    TRY(miou_fd_adopt(&t->reader.fd, listener, 0));
    peer_connect(ntohs(address.sin_port));
    accept_once(&t->reader);
    return 0;
}

CHECK("R6.31 R6.24", sockets_are_adopted)
{
    struct adopting t = {.reader.result = 1};
    int before = descriptors_open();

    expect_code(unix_run_with(0, adopt_sockets, &t), 0);
    expect_number(t.writer.byte, 'a');
    expect_number(t.reader.byte, 'b');
    expect_noted(t.reader.result, 0);
    expect_number(descriptors_open(), before + 2); /* the peers */
}

static int use_a_file(void *arg)
{
    struct adopting *t = arg;
    miou_fd *fd;

    TRY(miou_fd_adopt(&fd, t->ends[0], 0));
    TRY(miou_write(fd, "abc", 3));
    lseek(t->ends[0], 1, SEEK_SET);
    TRY(miou_read(fd, &t->reader.byte, 1));
    lseek(t->ends[0], 0, SEEK_END);
    NOTE(t->reader.result, miou_read(fd, &t->writer.byte, 1));
    return miou_close(fd);
}

CHECK("R6.31", a_file_is_read_and_written)
{
    struct adopting t = {.reader.result = 1};

    t.ends[0] = need_file();
    expect_code(unix_run_with(0, use_a_file, &t), 0);
    expect_number(t.reader.byte, 'b');
    expect_noted(t.reader.result, 0);
}

CHECK("R6.31", a_terminal_is_read)
{
    struct adopting t = {.same_number = false};
    struct termios raw;

    t.ends[1] = posix_openpt(O_RDWR | O_NOCTTY);
    if (t.ends[1] < 0 || grantpt(t.ends[1]) < 0 || unlockpt(t.ends[1]) < 0)
        cannot_test("the machine has no pseudo-terminals");
    peer_keep(t.ends[1]);
    t.ends[0] = open(ptsname(t.ends[1]), O_RDWR | O_NOCTTY);
    if (t.ends[0] < 0 || tcgetattr(t.ends[0], &raw) < 0)
        cannot_test("the machine has no pseudo-terminals");
    cfmakeraw(&raw);
    tcsetattr(t.ends[0], TCSANOW, &raw);
    expect_code(unix_run_with(0, read_from_a_pipe, &t), 0);
    expect_true(t.waited);
    expect_noted(t.reader.result, 1);
    expect_number(t.reader.byte, 'x');
}

/* ---- R6.31: blocking ---- */

struct blocking {
    int ends[2];
    bool blocks;
    atomic_bool sent, other_ran;
    bool other_ran_before;
    sem_t reading;
    struct waiter reader;
};

/* Milliseconds, at least, in which the other task may run; only a task that should is waited for.
 */
enum { FOR_NOTHING = 50, FOR_SURE = 5000 };

static void *write_after_a_while(void *arg)
{
    struct blocking *t = arg;

    int left = t->blocks ? FOR_NOTHING : FOR_SURE;

    sem_wait(&t->reading);
    while (!atomic_load(&t->other_ran) && left-- > 0)
        poll(NULL, 0, 1);
    atomic_store(&t->sent, true);
    (void)!write(t->ends[1], "x", 1);
    return NULL;
}

static int look_whether_sent(void *arg)
{
    struct blocking *t = arg;

    t->other_ran_before = !atomic_load(&t->sent);
    atomic_store(&t->other_ran, true);
    return 0;
}

static int read_beside_another(void *arg)
{
    struct blocking *t = arg;
    miou_promise *promise;
    pthread_t thread;

    TRY(miou_fd_adopt(&t->reader.fd, t->ends[0], MIOU_BLOCKING));
    t->blocks = blocks(t->ends[0]);
    TRY(miou_async(&promise, NULL, look_whether_sent, t));
    start_thread(&thread, write_after_a_while, t);
    sem_post(&t->reading);
    read_once(&t->reader);
    pthread_join(thread, NULL);
    TRY(miou_await(promise, NULL));
    return miou_close(t->reader.fd);
}

static void check_blocking(bool blocks_before)
{
    struct blocking t = {.blocks = false};

    sem_init(&t.reading, 0, 0);
    expect_number(pipe2(t.ends, blocks_before ? 0 : O_NONBLOCK), 0);
    peer_keep(t.ends[1]);
    expect_code(unix_run_with(0, read_beside_another, &t), 0);
    expect_number(t.blocks, blocks_before);
    expect_noted(t.reader.result, 1);
    expect_number(t.reader.byte, 'x');
    expect_number(t.other_ran_before, !blocks_before);
    expect_false(is_open(t.ends[0]));
}
#define check_blocking(...) IN_HELPER(check_blocking, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.31", a_blocking_descriptor_holds_up_its_domain)
{
    check_blocking(true);
}

CHECK("R6.31", blocking_is_left_as_it_is)
{
    check_blocking(false);
}

struct refused {
    int results[5];
    bool untouched;
};

static int adopt_what_cannot_be(void *arg)
{
    struct refused *t = arg;
    miou_fd *const before = (miou_fd *)t;
    miou_fd *fd = before;
    int ends[2];

    if (pipe(ends) < 0)
        return -errno;
    close(ends[1]);
    peer_keep(ends[0]);
    NOTE(t->results[0], miou_fd_adopt(&fd, ends[1], 0));
    NOTE(t->results[1], miou_fd_adopt(&fd, -1, MIOU_OWNED));
    NOTE(t->results[2], miou_fd_adopt(&fd, ends[0], 4));
    NOTE(t->results[3], miou_fd_adopt(NULL, ends[0], 0));
    NOTE(t->results[4], miou_tcpv4(&fd, MIOU_BLOCKING));
    t->untouched = fd == before && is_open(ends[0]) && blocks(ends[0]);
    return 0;
}

CHECK("R6.31 R6.8", what_cannot_be_adopted_stays_as_it_was)
{
    struct refused t = {.untouched = false};

    expect_code(unix_run_with(0, adopt_what_cannot_be, &t), 0);
    expect_noted(t.results[0], -EBADF);
    expect_noted(t.results[1], -EBADF);
    expect_noted(t.results[2], -EINVAL);
    expect_noted(t.results[3], -EINVAL);
    expect_noted(t.results[4], -EINVAL);
    expect_true(t.untouched);
}

/* ---- R6.31: what a number stands for is left as it was ---- */

enum { LEFT_BY_CLOSE, LEFT_BY_RELEASE, LEFT_BY_DISOWN, LEFT_TO_THE_RUN, LEAVINGS };

struct leaving {
    int way;
    int number; /* of a second descriptor of the same pipe */
    bool meanwhile;
};

static int adopt_and_leave(void *arg)
{
    struct leaving *t = arg;
    bool owned = t->way == LEFT_BY_RELEASE || t->way == LEFT_BY_DISOWN;
    miou_fd *fd;

    TRY(miou_fd_adopt(&fd, dup(t->number), owned ? MIOU_OWNED : 0));
    t->meanwhile = blocks(t->number);
    switch (t->way) {
    case LEFT_BY_CLOSE:
        return miou_close(fd);
    case LEFT_BY_RELEASE:
        return miou_release(miou_fd_resource(fd));
    case LEFT_BY_DISOWN:
        peer_keep(miou_fd_number(fd)); /* it is ours now [R6.28] */
        return miou_disown(miou_fd_resource(fd));
    default:
        return 0;
    }
}

CHECK("R6.31", what_blocked_before_blocks_afterwards)
{
    struct leaving t;
    int ends[2];

    expect_number(pipe(ends), 0);
    t.number = peer_keep(ends[0]);
    peer_keep(ends[1]);
    for (t.way = 0; t.way < LEAVINGS; t.way++) {
        with_index(t.way);

        expect_code(unix_run_with(0, adopt_and_leave, &t), 0);
        expect_false(t.meanwhile);
        expect_true(blocks(t.number));
    }
    /* What did not block before does not block afterwards. */
    fcntl(t.number, F_SETFL, O_NONBLOCK);
    t.way = LEFT_BY_CLOSE;
    expect_code(unix_run_with(0, adopt_and_leave, &t), 0);
    expect_false(blocks(t.number));
}

/* ---- R6.41: IPv6 ---- */

static int talk_over_ipv6(void *arg)
{
    struct sockaddr_in6 address = loopback6(0);
    struct talk *t = arg;
    miou_fd *listener, *server;

    TRY(miou_tcpv6(&listener, t->flags));
    TRY(miou_bind_and_listen(listener, (struct sockaddr *)&address, sizeof address, NULL));
    address = loopback6(port_of(listener));
    TRY(miou_tcpv6(&t->client, t->flags));
    NOTE(t->connected, miou_connect(t->client, (struct sockaddr *)&address, sizeof address));
    TRY(miou_accept(&server, listener, &t->peer));
    TRY(talk(t, server));
    return miou_close(listener);
}

static bool is_loopback6(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

CHECK("R6.41 R6.32", tasks_talk_over_ipv6)
{
    struct talk t[2] = {{.connected = 1}, {.connected = 1, .flags = MIOU_OWNED}};
    int i;

    need_ipv6();
    for (i = 0; i < 2; i++) {
        with_index(i);

        expect_code(unix_run_with(0, talk_over_ipv6, &t[i]), 0);
        assert_talked(&t[i]);
        expect_true(is_loopback6(&t[i].peer));
    }
}

struct datagram6 {
    ssize_t sent, received;
    struct sockaddr_storage peer;
    socklen_t peer_length;
    unsigned short from;
    char byte;
};

static int send_over_ipv6(void *arg)
{
    struct sockaddr_in6 address = loopback6(0);
    struct datagram6 *t = arg;
    miou_fd *here, *there;

    TRY(miou_udpv6(&here, 0));
    TRY(miou_bind_and_listen(here, (struct sockaddr *)&address, sizeof address, NULL));
    TRY(miou_udpv6(&there, 0));
    TRY(miou_bind_and_listen(there, (struct sockaddr *)&address, sizeof address, NULL));
    t->from = port_of(here);
    address = loopback6(port_of(there));
    NOTE(t->sent, miou_sendto(here, "x", 1, (struct sockaddr *)&address, sizeof address));
    NOTE(t->received, miou_recvfrom(there, &t->byte, 1, &t->peer, &t->peer_length));
    return 0;
}

CHECK("R6.41 R6.36", datagrams_go_over_ipv6)
{
    struct datagram6 t = {.sent = -1};

    need_ipv6();
    expect_code(unix_run_with(0, send_over_ipv6, &t), 0);
    expect_noted(t.sent, 1);
    expect_noted(t.received, 1);
    expect_number(t.byte, 'x');
    expect_number(t.peer_length, sizeof(struct sockaddr_in6));
    expect_true(is_loopback6(&t.peer));
    expect_number(((struct sockaddr_in6 *)&t.peer)->sin6_port, htons(t.from));
}
