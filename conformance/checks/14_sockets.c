/* Rules R14.18 to R14.20: several buffers in one call, flags of connections, and options. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- R14.18: several buffers ---- */

enum { BUFFERS = 3000, SLICE = 2500 }; /* more than a system takes in one call */

/* A long stream, in buffers of all sizes. A thread reads it at the other end. */
struct stream {
    int (*open)(struct stream *t);
    struct pair pair;
    unsigned char *bytes, *read;
    struct iovec buffers[BUFFERS], before[BUFFERS];
    size_t size, right;
    ssize_t result;
    bool done, waited;
};

static int open_connection(struct stream *t)
{
    TRY(pair_open(&t->pair, 0));
    pair_narrow(&t->pair);
    return 0;
}

static int open_pipe(struct stream *t)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    t->pair.peer = peer_keep(ends[0]);
    return miou_fd_adopt(&t->pair.fd, ends[1], 0);
}

static void cut_stream(struct stream *t)
{
    int i;

    t->bytes = malloc((size_t)BUFFERS * SLICE);
    for (i = 0; i < BUFFERS; i++) {
        size_t size = i % 5 == 0 ? 0 : (size_t)i * 37 % SLICE;

        t->buffers[i] = (struct iovec){size > 0 ? t->bytes + t->size : NULL, size};
        t->size += size;
    }
    pattern_fill(t->bytes, t->size, 0);
    t->read = calloc(1, t->size + 1);
    memcpy(t->before, t->buffers, sizeof t->before);
}

static void *read_to_the_end(void *arg)
{
    struct stream *t = arg;
    size_t got = 0;
    ssize_t n;

    while ((n = read(t->pair.peer, t->read + got, t->size + 1 - got)) > 0)
        got += (size_t)n;
    t->right = pattern_match(t->read, got, 0);
    return NULL;
}

static int write_stream(void *arg)
{
    struct stream *t = arg;

    NOTE(t->result, miou_writev(t->pair.fd, t->buffers, BUFFERS));
    t->done = true;
    return miou_close(t->pair.fd);
}

static int write_beside_another(void *arg)
{
    struct stream *t = arg;
    miou_promise *promise;
    pthread_t thread;

    TRY(t->open(t));
    TRY(miou_async(&promise, NULL, write_stream, t));
    TRY(let_others_run());
    t->waited = !t->done;
    start_thread(&thread, read_to_the_end, t);
    TRY(miou_await(promise, NULL));
    pthread_join(thread, NULL);
    return 0;
}

CHECK("R14.18", all_buffers_are_written_in_order)
{
    int (*const opens[])(struct stream * t) = {open_connection, open_pipe};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        static struct stream t;

        t = (struct stream){.open = opens[i]};
        cut_stream(&t);
        expect_code(unix_run_with(0, write_beside_another, &t), 0);
        expect_noted(t.result, (ssize_t)t.size);
        expect_true(t.waited);
        expect_number(t.right, t.size);
        expect_bytes((const char *)t.buffers, (const char *)t.before, sizeof t.before);
        free(t.bytes);
        free(t.read);
    }
}

static const struct iovec hello[] = {{(char[]){"he"}, 2}, {NULL, 0}, {(char[]){"llo"}, 3}};

struct datagram {
    char bytes[8];
    ssize_t sent, received;
};

static int send_in_buffers(void *arg)
{
    struct datagram *t = arg;
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int peer = peer_keep(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    miou_fd *fd;

    if (bind(peer, (struct sockaddr *)&address, length) < 0 ||
        getsockname(peer, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    TRY(miou_udpv4(&fd, 0));
    TRY(miou_connect(fd, (struct sockaddr *)&address, length));
    NOTE(t->sent, miou_writev(fd, hello, 3));
    t->received = recv(peer, t->bytes, sizeof t->bytes, 0);
    return miou_close(fd);
}

CHECK("R14.18", all_buffers_are_one_datagram)
{
    struct datagram t = {.sent = 0};

    expect_code(unix_run_with(0, send_in_buffers, &t), 0);
    expect_noted(t.sent, 5);
    expect_number(t.received, 5);
    expect_bytes(t.bytes, "hello", 5);
}

/* More buffers than one call of the system takes are one datagram, or none. */
enum { TOO_MANY = 2000 };

struct crowded {
    struct pair pair;
    ssize_t sent, received;
};

static int send_in_many_buffers(void *arg)
{
    struct crowded *t = arg;
    struct iovec buffers[TOO_MANY];
    char bytes[TOO_MANY];
    int i;

    for (i = 0; i < TOO_MANY; i++)
        buffers[i] = (struct iovec){(char[]){"x"}, 1};
    TRY(pair_adopt(&t->pair, SOCK_DGRAM, 0));
    NOTE(t->sent, miou_writev(t->pair.fd, buffers, TOO_MANY));
    t->received = recv(t->pair.peer, bytes, sizeof bytes, MSG_DONTWAIT);
    return 0;
}

CHECK("R14.18", many_buffers_are_no_two_datagrams)
{
    struct crowded t = {.sent = 0};

    expect_code(unix_run_with(0, send_in_many_buffers, &t), 0);
    if (t.sent >= 0)
        expect_noted(t.sent, TOO_MANY);
    expect_number(t.received, t.sent < 0 ? -1 : TOO_MANY);
}

enum { NONE = 4, WRONG = 4, REFUSED = 4 };

struct refusals {
    ssize_t none[NONE], wrong[WRONG], refused[REFUSED];
    int written;
};

static int write_as_another(void *arg)
{
    return (int)miou_writev(arg, hello, 3);
}

static int write_wrongly(void *arg)
{
    struct refusals *t = arg;
    char byte = 'x';
    const struct iovec empty[] = {{NULL, 0}, {&byte, 0}}, missing[] = {{&byte, 1}, {NULL, 1}};
    const struct iovec large[] = {{&byte, 1}, {&byte, SSIZE_MAX}};
    struct pair pair, ended;
    miou_fd *writer;

    TRY(pair_open(&pair, MIOU_OWNED));
    TRY(pair_open(&ended, MIOU_OWNED));
    NOTE(t->none[0], miou_writev(pair.fd, hello, 0));
    NOTE(t->none[1], miou_writev(pair.fd, NULL, 0));
    NOTE(t->none[2], miou_writev(pair.fd, empty, 1));
    NOTE(t->none[3], miou_writev(pair.fd, empty, 2));
    NOTE(t->wrong[0], miou_writev(pair.fd, hello, -1));
    NOTE(t->wrong[1], miou_writev(pair.fd, NULL, 1));
    NOTE(t->wrong[2], miou_writev(pair.fd, missing, 2));
    NOTE(t->wrong[3], miou_writev(pair.fd, large, 2));
    NOTE(t->refused[0], run_on(0, write_as_another, pair.fd));
    TRY(miou_fd_split(&writer, pair.fd));
    NOTE(t->refused[1], miou_writev(pair.fd, hello, 3));
    if (ioctl(pair.peer, FIONREAD, &t->written) < 0)
        return -errno;
    TRY(miou_close(writer));
    TRY(miou_close(pair.fd));
    TRY(miou_close(ended.fd));
    NOTE(t->refused[2], miou_writev(ended.fd, hello, 3));
    NOTE(t->refused[3], miou_writev(NULL, hello, 3));
    return 0;
}

CHECK("R14.18", what_is_wrong_writes_nothing)
{
    const int refused[REFUSED] = {MIOU_NOT_OWNER, -EOPNOTSUPP, -EBADF, -EINVAL};
    struct refusals t = {.written = 1};
    int i;

    expect_code(unix_run_with(0, write_wrongly, &t), 0);
    for (i = 0; i < NONE; i++) {
        with_index(i);

        expect_noted(t.none[i], 0);
    }
    for (i = 0; i < WRONG; i++) {
        with_index(i);

        expect_noted(t.wrong[i], -EINVAL);
    }
    for (i = 0; i < REFUSED; i++) {
        with_index(i);

        expect_noted(t.refused[i], refused[i]);
    }
    expect_number(t.written, 0);
}

/* A pipe and a connection in the Unix domain, whose other ends are closed. SIGPIPE would end the
 * check. */
static int write_where_nobody_reads(void *arg)
{
    ssize_t *results = arg;
    static struct stream pipe;
    struct pair pair;

    TRY(open_pipe(&pipe));
    peer_close(pipe.pair.peer);
    NOTE(results[0], miou_writev(pipe.pair.fd, hello, 3));
    TRY(pair_adopt(&pair, SOCK_STREAM, 0));
    peer_close(pair.peer);
    NOTE(results[1], miou_writev(pair.fd, hello, 3));
    return 0;
}

CHECK("R14.18", nobody_reads_the_buffers)
{
    ssize_t results[2];

    expect_code(unix_run_with(0, write_where_nobody_reads, results), 0);
    expect_noted(results[0], -EPIPE);
    expect_noted(results[1], -EPIPE);
}

static int write_in_time(void *arg)
{
    return miou_deadline(MILLISECOND, write_stream, arg);
}

static int write_and_be_cancelled(void *arg)
{
    struct stream *t = arg;
    miou_promise *promise;

    TRY(open_connection(t));
    TRY(miou_async(&promise, NULL, write_stream, t));
    TRY(let_others_run());
    return miou_cancel(promise);
}

static int write_until_it_expires(void *arg)
{
    TRY(open_connection(arg));
    return write_in_time(arg);
}

CHECK("R14.18", writing_buffers_ends_before_all_are_written)
{
    static const struct {
        miou_task *fn;
        int error;
    } rows[] = {{write_until_it_expires, MIOU_EXPIRED}, {write_and_be_cancelled, MIOU_CANCELLED}};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        static struct stream t;

        t = (struct stream){.size = 0};
        cut_stream(&t);
        expect_code(unix_run_with(0, rows[i].fn, &t), 0);
        expect_noted(t.result, rows[i].error);
        free(t.bytes);
        free(t.read);
    }
}

/* ---- R14.19: flags of connections ---- */

struct accepted {
    int flags;
    unsigned listener_flags;
    miou_fd *listener, *client;
    int wrong[2], result;
    bool blocks, stays_open, owned, done, waited;
    unsigned short port, peer_port;
};

static unsigned short port_of_peer(int number)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;

    getsockname(number, (struct sockaddr *)&address, &length);
    return ntohs(address.sin_port);
}

static int accept_with_flags(void *arg)
{
    struct accepted *t = arg;
    struct sockaddr_storage peer;
    int number;

    NOTE(t->result, miou_accept4(&t->client, t->listener, &peer, t->flags));
    t->done = true;
    TRY(number = miou_fd_number(t->client));
    t->peer_port = ntohs(((struct sockaddr_in *)&peer)->sin_port);
    t->blocks = !(fcntl(number, F_GETFL) & O_NONBLOCK);
    t->stays_open = !(fcntl(number, F_GETFD) & FD_CLOEXEC);
    t->owned = miou_fd_resource(t->client) != NULL;
    return miou_close(t->client);
}

static int accept_what_is_there(void *arg)
{
    struct accepted *t = arg;

    TRY(listen_on(&t->listener, t->listener_flags, 0));
    t->port = port_of_peer(peer_connect(port_of(t->listener)));
    NOTE(t->wrong[0], miou_accept4(&t->client, t->listener, NULL, t->flags | SOCK_DGRAM));
    NOTE(t->wrong[1], miou_accept4(NULL, t->listener, NULL, t->flags));
    TRY(accept_with_flags(t));
    return miou_close(t->listener);
}

CHECK("R14.19", a_connection_has_the_flags_that_were_asked_for)
{
    int i;

    for (i = 0; i < 8; i++) {
        with_index(i);
        struct accepted t = {.flags = (i & 1 ? SOCK_NONBLOCK : 0) | (i & 2 ? SOCK_CLOEXEC : 0),
                             .listener_flags = i & 4 ? MIOU_OWNED : 0,
                             .result = 1};

        expect_code(unix_run_with(0, accept_what_is_there, &t), 0);
        expect_noted(t.wrong[0], -EINVAL);
        expect_noted(t.wrong[1], -EINVAL);
        expect_noted(t.result, 0);
        expect_number(t.blocks, !(i & 1));
        expect_number(t.stays_open, !(i & 2));
        expect_number(t.owned, (i & 4) != 0);
        expect_number(t.peer_port, t.port);
    }
}

static int accept_what_comes(void *arg)
{
    struct accepted *t = arg;
    miou_promise *promise;

    TRY(listen_on(&t->listener, 0, 0));
    TRY(miou_async(&promise, NULL, accept_with_flags, t));
    TRY(let_others_run());
    t->waited = !t->done;
    peer_connect(port_of(t->listener));
    return miou_await(promise, NULL);
}

CHECK("R14.19", accepting_with_flags_waits_and_others_run)
{
    struct accepted t = {.result = 1};

    expect_code(unix_run_with(0, accept_what_comes, &t), 0);
    expect_true(t.waited);
    expect_noted(t.result, 0);
    expect_true(t.blocks);
}

/* A read that has to wait holds up the domain until a thread sends. */
struct held_up {
    struct accepted accepted;
    int peer;
    atomic_bool sent;
    bool other_ran_before;
    ssize_t read;
};

static void *send_later(void *arg)
{
    struct held_up *t = arg;
    int i;

    for (i = 0; i < 300; i++)
        sched_yield();
    atomic_store(&t->sent, true);
    peer_send(t->peer, "x", 1);
    return NULL;
}

static int look_whether_sent(void *arg)
{
    struct held_up *t = arg;

    t->other_ran_before = !atomic_load(&t->sent);
    return 0;
}

static int read_and_hold_up(void *arg)
{
    struct held_up *t = arg;
    struct accepted *a = &t->accepted;
    miou_promise *promise;
    pthread_t thread;
    char byte;

    TRY(listen_on(&a->listener, 0, 0));
    t->peer = peer_connect(port_of(a->listener));
    TRY(miou_accept4(&a->client, a->listener, NULL, SOCK_CLOEXEC));
    TRY(miou_async(&promise, NULL, look_whether_sent, t));
    start_thread(&thread, send_later, t);
    NOTE(t->read, miou_read(a->client, &byte, 1));
    pthread_join(thread, NULL);
    return miou_await(promise, NULL);
}

CHECK("R14.19", a_connection_that_blocks_holds_up_its_domain)
{
    struct held_up t = {.read = 0};

    expect_code(unix_run_with(0, read_and_hold_up, &t), 0);
    expect_noted(t.read, 1);
    expect_false(t.other_ran_before);
}

/* ---- R14.20: options ---- */

static const struct option {
    int level, name, value;
} options[] = {
    {IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1}, {IPPROTO_TCP, TCP_KEEPIDLE, 77},
    {IPPROTO_TCP, TCP_KEEPINTVL, 7}, {IPPROTO_TCP, TCP_KEEPCNT, 3}, {IPPROTO_IP, IP_TOS, 16},
};

enum { OPTIONS = sizeof options / sizeof *options };

struct set {
    unsigned flags;
    int results[OPTIONS][2], system[OPTIONS], values[OPTIONS];
    int refused[OPTIONS]; /* what the system says of it: 0, or an error */
    int linger;
    struct linger lingers;
};

/* A machine need not have all of them. */
static int refusal_of(const struct option *o)
{
    int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = setsockopt(number, o->level, o->name, &o->value, sizeof o->value) < 0 ? -errno : 0;

    close(number);
    return error;
}

static int set_options(void *arg)
{
    struct set *t = arg;
    const struct linger linger = {.l_onoff = 1, .l_linger = 23};
    socklen_t length = sizeof t->lingers;
    miou_fd *fd;
    int i, number;

    TRY(miou_tcpv4(&fd, t->flags));
    TRY(number = miou_fd_number(fd));
    for (i = 0; i < OPTIONS; i++) {
        const struct option *o = &options[i];
        socklen_t system = sizeof t->system[i], ours = sizeof t->values[i];
        int64_t room[2];
        socklen_t told = sizeof room;

        t->refused[i] = refusal_of(o);
        NOTE(t->results[i][0], miou_setsockopt(fd, o->level, o->name, &o->value, sizeof o->value));
        getsockopt(number, o->level, o->name, &t->system[i], &system);
        NOTE(t->results[i][1], miou_getsockopt(fd, o->level, o->name, &t->values[i], &ours));
        if (t->refused[i] == 0 && (miou_getsockopt(fd, o->level, o->name, room, &told) < 0 ||
                                   told != sizeof t->values[i]))
            return -EIO; /* it has an int, and there was room for more */
    }
    TRY(miou_setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    NOTE(t->linger, miou_getsockopt(fd, SOL_SOCKET, SO_LINGER, &t->lingers, &length));
    return length == sizeof linger ? miou_close(fd) : -EIO;
}

CHECK("R14.20", what_is_set_can_be_read)
{
    unsigned flags;
    int i;

    for (flags = 0; flags <= MIOU_OWNED; flags++) {
        struct set t = {.flags = flags, .linger = 1};

        expect_code(unix_run_with(0, set_options, &t), 0);
        for (i = 0; i < OPTIONS; i++) {
            with_index(i);

            expect_noted(t.results[i][0], t.refused[i]);
            if (t.refused[i] != 0)
                continue;
            expect_number(t.system[i], options[i].value);
            expect_noted(t.results[i][1], 0);
            expect_number(t.values[i], options[i].value);
        }
        expect_noted(t.linger, 0);
        expect_number(t.lingers.l_onoff, 1);
        expect_number(t.lingers.l_linger, 23);
    }
}

enum { SETS = 7 };

struct unset {
    int sets[SETS], gets[SETS], value, system;
};

static void try_options(struct unset *t, int place, miou_fd *fd)
{
    socklen_t length = sizeof t->value;
    int one = 1;

    NOTE(t->sets[place], miou_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
    NOTE(t->gets[place], miou_getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &t->value, &length));
}

struct strange {
    struct unset *t;
    miou_fd *fd;
};

static int try_as_another(void *arg)
{
    const struct strange *strange = arg;

    try_options(strange->t, 1, strange->fd);
    return 0;
}

static int set_wrongly(void *arg)
{
    struct unset *t = arg;
    socklen_t length = sizeof t->system;
    miou_fd *tcp, *plain;
    int ends[2], one = 1;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    peer_keep(ends[1]);
    TRY(miou_fd_adopt(&plain, ends[0], 0));
    TRY(miou_tcpv4(&tcp, MIOU_OWNED));
    try_options(t, 0, NULL);
    TRY(run_on(0, try_as_another, &(struct strange){t, tcp}));
    try_options(t, 2, plain);
    NOTE(t->sets[3], miou_setsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, NULL, sizeof one));
    NOTE(t->gets[3], miou_getsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, NULL, &length));
    NOTE(t->sets[4], miou_setsockopt(tcp, IPPROTO_TCP, 9999, &one, sizeof one));
    NOTE(t->gets[4], miou_getsockopt(tcp, IPPROTO_TCP, 9999, &t->value, &length));
    NOTE(t->sets[5], miou_setsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &one, 1));
    NOTE(t->gets[5], miou_getsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &t->value, NULL));
    getsockopt(miou_fd_number(tcp), IPPROTO_TCP, TCP_NODELAY, &t->system, &length);
    TRY(miou_close(tcp));
    try_options(t, 6, tcp);
    return 0;
}

CHECK("R14.20", what_is_wrong_sets_nothing)
{
    static const int errors[SETS][2] = {
        {-EINVAL, -EINVAL}, {MIOU_NOT_OWNER, MIOU_NOT_OWNER}, {-ENOTSOCK, -ENOTSOCK},
        {-EINVAL, -EINVAL}, {-ENOPROTOOPT, -ENOPROTOOPT},     {-EINVAL, -EINVAL},
        {-EBADF, -EBADF},
    };
    struct unset t = {.value = 7, .system = 1};
    int i;

    expect_code(unix_run_with(0, set_wrongly, &t), 0);
    for (i = 0; i < SETS; i++) {
        with_index(i);

        expect_noted(t.sets[i], errors[i][0]);
        expect_noted(t.gets[i], errors[i][1]);
    }
    expect_number(t.value, 7);
    expect_number(t.system, 0);
}

/* What is set through one half is set for both: they are one socket. */
struct half_options {
    int set[2], got[2], values[2];
};

static int set_options_of_halves(void *arg)
{
    static const int names[2] = {SO_KEEPALIVE, SO_OOBINLINE};
    struct half_options *t = arg;
    miou_fd *halves[2];
    struct pair pair;
    int i, one = 1;

    TRY(pair_open(&pair, MIOU_OWNED));
    halves[0] = pair.fd;
    TRY(miou_fd_split(&halves[1], pair.fd));
    for (i = 0; i < 2; i++) {
        socklen_t length = sizeof t->values[i];

        NOTE(t->set[i], miou_setsockopt(halves[i], SOL_SOCKET, names[i], &one, sizeof one));
        NOTE(t->got[i],
             miou_getsockopt(halves[1 - i], SOL_SOCKET, names[i], &t->values[i], &length));
    }
    TRY(miou_close(halves[0]));
    return miou_close(halves[1]);
}

CHECK("R14.20 R14.15", the_options_of_both_halves_are_the_sockets)
{
    struct half_options t = {.set = {1, 1}, .got = {1, 1}};
    int i;

    expect_code(unix_run_with(0, set_options_of_halves, &t), 0);
    for (i = 0; i < 2; i++) {
        with_index(i);

        expect_noted(t.set[i], 0);
        expect_noted(t.got[i], 0);
        expect_number(t.values[i], 1);
    }
}
