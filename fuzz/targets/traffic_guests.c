/* traffic_guests.c: what guests do. A guest is a task below the handler of a signal, and may be
 * cancelled once the server is told to stop; only then, and where descriptors are lacking, may its
 * calls fail otherwise than it expects. */
#include "traffic_guests.h"

#include "miou_server.h"
#include "miou_unix.h"
#include "sim/sim.h"
#include "traffic_judge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

enum {
    MS = 1000 * 1000, /* nanoseconds */
    MOST = 1200,      /* bytes that a guest sends */
    TURNS = 3,
};

static const int64_t day = INT64_C(86400) * 1000 * MS;

/* ---- what goes wrong */

static struct guests *here;

/* Whether a call may fail like this, whatever the guest does. */
static bool is_excused(int error)
{
    return (error == MIOU_CANCELLED && here->server->signals > 0) || error == -EMFILE ||
           error == -ENFILE || error == -ENOBUFS || error == -ENOMEM || error == -EAGAIN;
}

/* Call something that returns at least `least`. A guest whose call fails with an excuse leaves. */
#define TRY_FOR(least, call)                                                                       \
    do {                                                                                           \
        int got_ = (int)(call);                                                                    \
        SIM_SAY("        guest: %s: %d", #call, got_);                                             \
        if (got_ < (least) && !is_excused(got_))                                                   \
            judge_fail("a guest: %s returns %d (line %d)", #call, got_, __LINE__);                 \
        if (got_ < (least))                                                                        \
            return got_;                                                                           \
    } while (0)
#define TRY(call) TRY_FOR(0, call)

/* Call something that returns just this. */
#define DEMAND(expected, call)                                                                     \
    do {                                                                                           \
        int got_ = (int)(call);                                                                    \
        SIM_SAY("        guest: %s: %d", #call, got_);                                             \
        if (got_ != (expected) && !is_excused(got_))                                               \
            judge_fail("a guest: %s returns %d, not %s (line %d)", #call, got_, #expected,         \
                       __LINE__);                                                                  \
        if (got_ != (expected))                                                                    \
            return got_;                                                                           \
    } while (0)

#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            judge_fail("a guest: not %s (line %d)", #condition, __LINE__);                         \
    } while (0)

/* ---- helpers */

struct sleeper {
    struct guest *guest;
    int64_t time;
    int place; /* in which it went on */
};

struct guest {
    unsigned wish;
    size_t size; /* of what it sends */
    miou_fd *one, *two, *listener;
    int order, calls, number;
    miou_syscall *point;
    struct sleeper sleepers[3];
    uint8_t bytes[MOST];
};

/* Not on a stack, since a guest that leaves early may have children that still look at it. */
static struct guest all[GUESTS];

/* What is sent: byte i is 7 i + seed. As 7 * 183 = 1 modulo 256, it is a part of one long row. */
static const uint8_t *filling(unsigned seed)
{
    static uint8_t row[256 + MOST];

    if (row[1] == 0)
        for (size_t i = 0; i < sizeof row; i++)
            row[i] = (uint8_t)(i * 7);
    return row + (uint8_t)(seed * 183);
}

static void fill(uint8_t *bytes, size_t size, unsigned seed)
{
    memcpy(bytes, filling(seed), size);
}

static bool is_filled(const uint8_t *bytes, size_t size, unsigned seed)
{
    return memcmp(bytes, filling(seed), size) == 0;
}

/* On another domain if the wish says so and there is one. */
static int spawn(miou_promise **promise, const struct guest *guest, const miou_spawn *options,
                 miou_task *fn, void *arg)
{
    bool away = (guest->wish & 16) && here->server->domains > 1;

    return (away ? miou_call : miou_async)(promise, options, fn, arg);
}

/* Await a child that should end with this value. */
static int await_end(miou_promise *promise, int expected)
{
    int outcome = 1;

    TRY(miou_await(promise, &outcome));
    if (is_excused(outcome))
        return outcome;
    HOLDS(outcome == expected);
    TRY(miou_promise_free(promise));
    return 0;
}

static struct sockaddr_in address_at(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_anywhere(miou_fd *fd, struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;

    *address = address_at(0);
    TRY(miou_bind_and_listen(fd, (struct sockaddr *)address, sizeof *address, NULL));
    HOLDS(sim_getsockname(miou_fd_number(fd), (struct sockaddr *)address, &length) == 0);
    return 0;
}

/* Accepts that fail by order of the traffic are repeated. */
static int accept_one(miou_fd **client, miou_fd *listener)
{
    struct sockaddr_storage peer = {0};
    int error;

    while ((error = miou_accept(client, listener, &peer)) < 0 && !is_excused(error) &&
           error != -EINVAL && error != -EBADF)
        ;
    HOLDS(error < 0 || peer.ss_family == AF_INET);
    return error;
}

static int connect_one(void *arg)
{
    struct guest *guest = arg;
    struct sockaddr_in address = address_at(guest->number);

    TRY(miou_connect(guest->two, (struct sockaddr *)&address, sizeof address));
    return 0;
}

/* Two plain descriptors of one connection: one accepted, two connected. */
static int make_connection(struct guest *guest)
{
    struct sockaddr_in address;
    miou_promise *connects;

    TRY(miou_tcpv4(&guest->listener, 0));
    TRY(miou_tcpv4(&guest->two, 0));
    TRY(listen_anywhere(guest->listener, &address));
    guest->number = ntohs(address.sin_port);
    TRY(spawn(&connects, guest, NULL, connect_one, guest));
    TRY(accept_one(&guest->one, guest->listener));
    TRY(await_end(connects, 0));
    DEMAND(-EISCONN, miou_connect(guest->two, (struct sockaddr *)&address, sizeof address));
    TRY(miou_close(guest->listener));
    DEMAND(-EBADF, miou_close(guest->listener));
    return 0;
}

static int write_two(void *arg)
{
    struct guest *guest = arg;

    fill(guest->bytes, guest->size, guest->wish);
    DEMAND((int)guest->size, miou_write(guest->two, guest->bytes, guest->size));
    return 0;
}

/* Read what write_two has written. */
static int read_one(struct guest *guest)
{
    uint8_t bytes[MOST];

    DEMAND((int)guest->size, miou_read_exactly(guest->one, bytes, guest->size));
    HOLDS(is_filled(bytes, guest->size, guest->wish));
    return 0;
}

static int read_some(void *arg)
{
    struct guest *guest = arg;
    uint8_t bytes[MOST];
    ssize_t n = miou_read(guest->one, bytes, sizeof bytes);

    HOLDS(n <= 0 || is_filled(bytes, (size_t)n, guest->wish));
    return (int)n;
}

/* ---- the guests */

/* Is a client of the echo server. It may be turned away. */
static int is_a_client(struct guest *guest)
{
    struct sockaddr_in address = address_at(here->server->port);
    bool may_fail;
    uint8_t bytes[MOST];
    miou_fd *fd, *writer;
    ssize_t n;
    int error;

    TRY(miou_tcpv4(&fd, MIOU_OWNED));
    if ((error = miou_connect(fd, (struct sockaddr *)&address, sizeof address)) < 0) {
        HOLDS(is_excused(error) || error == -ECONNREFUSED);
        return miou_close(fd);
    }
    TRY(miou_fd_split(&writer, fd));
    fill(guest->bytes, guest->size, guest->wish);
    n = miou_write(writer, guest->bytes, guest->size);
    may_fail = here->server->signals > 0;
    HOLDS(may_fail || n == (ssize_t)guest->size);
    DEMAND(-EOPNOTSUPP, miou_write(fd, bytes, 1));
    DEMAND(-EOPNOTSUPP, miou_read(writer, bytes, 1));
    TRY(miou_close(writer));
    n = n < 0 ? n : miou_read_exactly(fd, bytes, guest->size);
    may_fail |= here->server->signals > 0;
    HOLDS(may_fail || (n == (ssize_t)guest->size && is_filled(bytes, guest->size, guest->wish)));
    n = n < 0 ? n : miou_read(fd, bytes, 1);
    HOLDS(may_fail || here->server->signals > 0 || n == 0);
    TRY(miou_close(fd));
    return 0;
}

static int owns_nothing(void *arg)
{
    struct guest *guest = arg;
    uint8_t byte = 0;

    DEMAND(MIOU_NOT_OWNER, miou_read(guest->one, &byte, 1));
    DEMAND(MIOU_NOT_OWNER, miou_write(guest->one, &byte, 1));
    DEMAND(MIOU_NOT_OWNER, miou_close(guest->one));
    DEMAND(MIOU_NOT_OWNER, miou_release(miou_fd_resource(guest->one)));
    return 0;
}

static int hands_back(void *arg)
{
    struct guest *guest = arg;

    TRY(miou_check(miou_fd_resource(guest->one)));
    TRY(miou_transfer(miou_fd_resource(guest->one)));
    return 5;
}

static int loses(void *arg)
{
    struct guest *guest = arg;

    TRY(miou_check(miou_fd_resource(guest->one)));
    return -EXDEV;
}

/* Has owned descriptors, which others may not use, and which go with a task that fails. */
static int owns(struct guest *guest)
{
    int numbers[2];
    miou_promise *child;

    if (sim_pipe(numbers) < 0)
        return -EMFILE;
    TRY(miou_fd_adopt(&guest->two, numbers[1], 0));
    HOLDS(miou_fd_number(guest->two) == numbers[1]);
    TRY(miou_fd_adopt(&guest->one, numbers[0], MIOU_OWNED));
    HOLDS(miou_fd_resource(guest->two) == NULL);
    TRY(miou_check(miou_fd_resource(guest->one)));
    TRY(spawn(&child, guest, NULL, owns_nothing, guest));
    TRY(await_end(child, 0));
    TRY(spawn(&child, guest, &(miou_spawn){MIOU_GIVE(miou_fd_resource(guest->one))}, hands_back,
              guest));
    TRY(await_end(child, 5));
    TRY(miou_check(miou_fd_resource(guest->one)));
    TRY(write_two(guest));
    TRY(read_one(guest));
    TRY(spawn(&child, guest, &(miou_spawn){MIOU_GIVE(miou_fd_resource(guest->one))}, loses, guest));
    TRY(await_end(child, -EXDEV));
    DEMAND(-EBADF, miou_fd_number(guest->one));
    TRY(miou_close(guest->two));
    return 0;
}

/* A connection of two tasks: bytes both ways, and its end. */
static int talks(struct guest *guest)
{
    uint8_t bytes[MOST];
    miou_promise *child;
    miou_fd *writer;

    TRY(make_connection(guest));
    TRY(spawn(&child, guest, NULL, write_two, guest));
    TRY(read_one(guest));
    TRY(await_end(child, 0));
    TRY(spawn(&child, guest, NULL, read_some, guest));
    TRY(miou_sleep(MS));
    DEMAND(2, miou_write(guest->one, "xy", 2)); /* while it is read */
    DEMAND(2, miou_read(guest->two, bytes, 9));
    TRY(write_two(guest));
    TRY(await_end(child, (int)guest->size));
    TRY(miou_fd_split(&writer, guest->one));
    DEMAND(6, miou_writev(writer, (struct iovec[]){{"ab", 2}, {NULL, 0}, {"cdef", 4}}, 3));
    DEMAND(6, miou_read_exactly(guest->two, bytes, 6));
    HOLDS(memcmp(bytes, "abcdef", 6) == 0);
    TRY(miou_close(writer));
    DEMAND(0, miou_read(guest->two, bytes, 9));
    DEMAND(MIOU_END_OF_FILE, miou_read_exactly(guest->two, bytes, 9));
    TRY(write_two(guest));
    TRY(read_one(guest));
    TRY(miou_close(guest->two));
    DEMAND(0, read_some(guest));
    DEMAND(-EBADF, miou_write(guest->two, bytes, 1));
    TRY(miou_close(guest->one));
    DEMAND(-EBADF, read_some(guest));
    return 0;
}

static int receives(void *arg)
{
    struct guest *guest = arg;
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    uint8_t bytes[MOST];
    ssize_t n = miou_recvfrom(guest->one, bytes, guest->size, &peer, &length);
    struct sockaddr_in from;

    if (n < 0)
        return (int)n;
    memcpy(&from, &peer, sizeof from);
    HOLDS(length == sizeof from && ntohs(from.sin_port) == guest->number);
    HOLDS(is_filled(bytes, (size_t)n, guest->wish));
    return (int)n;
}

static int may_not_receive(void *arg)
{
    struct guest *guest = arg;
    uint8_t byte = 0;

    DEMAND(MIOU_NOT_OWNER, miou_recvfrom(guest->one, &byte, 1, NULL, NULL));
    DEMAND(MIOU_NOT_OWNER, miou_sendto(guest->one, &byte, 1, NULL, 0));
    return 0;
}

/* Datagrams, one of which is cut off. */
static int sends_datagrams(struct guest *guest)
{
    struct sockaddr_in to, from;
    miou_promise *child, *later;
    miou_fd *two;
    int size = (int)guest->size;

    TRY(miou_udpv4(&guest->one, 0));
    TRY(miou_udpv4(&guest->two, 0));
    TRY(listen_anywhere(guest->one, &to));
    TRY(listen_anywhere(guest->two, &from));
    two = guest->two;
    guest->number = ntohs(from.sin_port);
    TRY(spawn(&child, guest, NULL, receives, guest));
    TRY(spawn(&later, guest, NULL, receives, guest));
    TRY(miou_yield());
    fill(guest->bytes, MOST, guest->wish);
    for (int i = 0; i < 6; i++) /* more than there is room for; two are received meanwhile */
        if (i < 2 || i == 3)
            DEMAND(i == 3 ? MOST : size, miou_sendto(two, guest->bytes, i == 3 ? MOST : guest->size,
                                                     (struct sockaddr *)&to, sizeof to));
    TRY(await_end(child, size));
    TRY(await_end(later, size));
    DEMAND(size, receives(guest)); /* cut off */
    TRY(miou_connect(two, (struct sockaddr *)&to, sizeof to));
    DEMAND(3, miou_sendto(two, guest->bytes, 3, NULL, 0));
    DEMAND(3 < size ? 3 : size, receives(guest));
    DEMAND(MIOU_EXPIRED, miou_deadline(MS, receives, guest));
    TRY(miou_close(guest->one));
    TRY(miou_close(two));
    TRY(miou_udpv4(&guest->one, MIOU_OWNED));
    TRY(spawn(&child, guest, NULL, may_not_receive, guest));
    TRY(await_end(child, 0));
    TRY(miou_close(guest->one));
    return 0;
}

/* Waits for a pipe that is no descriptor of the runtime. */
static int awaits_readable(void *arg)
{
    struct guest *guest = arg;

    TRY(miou_wait_readable(guest->number));
    return 2;
}

static int uses_a_pipe(struct guest *guest)
{
    int numbers[2];
    uint8_t byte;
    miou_promise *child;

    if (sim_pipe(numbers) < 0)
        return -EMFILE;
    guest->number = numbers[0];
    TRY(miou_fd_adopt(&guest->one, numbers[0], 0));
    TRY(miou_fd_adopt(&guest->two, numbers[1], 0));
    TRY(miou_wait_writable(numbers[1]));
    TRY(spawn(&child, guest, NULL, awaits_readable, guest));
    TRY(miou_sleep(MS));
    DEMAND(MIOU_STATE_RUNNING, miou_promise_state(child));
    TRY(write_two(guest));
    TRY(await_end(child, 2));
    TRY(miou_wait_readable(numbers[0]));
    TRY(read_one(guest));
    TRY(miou_close(guest->two));
    DEMAND(0, miou_read(guest->one, &byte, 1));
    TRY(miou_close(guest->one));
    DEMAND(-EBADF, miou_wait_readable(-1));
    return 0;
}

static int sleeps_once(void *arg)
{
    struct sleeper *sleeper = arg;
    int64_t before;

    while (sleeper->guest->number < 3) /* all begin before time can pass */
        TRY(miou_yield());
    before = sim_now();
    TRY(miou_sleep(sleeper->time));
    HOLDS(!here->timed || sim_now() - before >= sleeper->time);
    sleeper->place = ++sleeper->guest->order;
    return 0;
}

/* Three sleeps, the shortest of which is over first. A steered run may let time pass while they
 * begin, but not for so long. */
static int sleeps(struct guest *guest)
{
    int64_t unit = (guest->wish & 4 ? day * 70 : INT64_C(20000) * MS);
    struct sleeper *sleepers = guest->sleepers;
    miou_promise *promises[3];
    int64_t before = sim_now();
    int outcomes[3];

    for (int i = 0; i < 3; i++) {
        sleepers[i] = (struct sleeper){guest, unit * (1 + (i + 2) % 3), 0};
        TRY(miou_async(&promises[i], NULL, sleeps_once, &sleepers[i]));
        guest->number++;
    }
    TRY(miou_await_all(outcomes, promises, 3));
    for (int i = 0; i < 3; i++) {
        if (is_excused(outcomes[i]))
            return outcomes[i];
        HOLDS(outcomes[i] == 0 && sleepers[i].place == 1 + (i + 2) % 3);
        TRY(miou_promise_free(promises[i]));
    }
    HOLDS(!here->timed || (guest->wish & 4) || sim_now() - before < 3 * unit + day);
    DEMAND(0, miou_sleep(0));
    DEMAND(0, miou_sleep(-day));
    return 0;
}

static int sleeps_long(void *arg)
{
    (void)arg;
    return miou_sleep(INT64_MAX);
}

static int yields(void *arg)
{
    (void)arg;
    return miou_yield();
}

static int returns_seven(void *arg)
{
    (void)arg;
    return 7;
}

static int has_deadlines_inside(void *arg)
{
    int64_t before = sim_now();

    DEMAND(MIOU_EXPIRED, miou_deadline(MS, sleeps_long, arg));
    HOLDS(!here->timed || sim_now() - before < 50 * (int64_t)MS + day);
    TRY(miou_yield());
    return 9;
}

static int has_a_longer_deadline_inside(void *arg)
{
    int64_t before = sim_now();

    DEMAND(MIOU_EXPIRED, miou_deadline(day * 1000, sleeps_long, arg));
    HOLDS(!here->timed || sim_now() - before < day * 500);
    return 9;
}

static int awaits_child(void *arg)
{
    return miou_await(arg, NULL);
}

static int cancels_child(void *arg)
{
    return miou_cancel(arg);
}

/* Deadlines that pass and that do not, one in another. */
static int has_deadlines(struct guest *guest)
{
    miou_promise *child;
    int64_t before;

    TRY(make_connection(guest));
    before = sim_now();
    DEMAND(MIOU_EXPIRED, miou_deadline(5 * MS, read_some, guest));
    HOLDS(!here->timed || sim_now() - before >= 5 * MS);
    DEMAND(-EINVAL, miou_deadline(MS, NULL, guest));
    DEMAND(MIOU_EXPIRED, miou_deadline(0, read_some, guest));
    DEMAND(MIOU_EXPIRED, miou_deadline(0, yields, guest));
    TRY(write_two(guest));
    DEMAND((int)guest->size, miou_deadline(0, read_some, guest)); /* it need not wait */
    DEMAND(7, miou_deadline(MS, returns_seven, guest));
    DEMAND(9, miou_deadline(day * 1000, has_deadlines_inside, guest));
    DEMAND(9, miou_deadline(10 * MS, has_a_longer_deadline_inside, guest));
    TRY(spawn(&child, guest, NULL, read_some, guest));
    DEMAND(MIOU_EXPIRED, miou_deadline(MS, awaits_child, child));
    DEMAND(MIOU_STATE_RUNNING, miou_promise_state(child));
    DEMAND(0, miou_deadline(0, cancels_child, child));
    TRY(await_end(child, MIOU_CANCELLED));
    TRY(write_two(guest)); /* what was expired and cancelled has taken nothing */
    TRY(read_one(guest));
    TRY(miou_close(guest->one));
    TRY(miou_close(guest->two));
    return 0;
}

static int waits_for_cancellation(void *arg)
{
    struct guest *guest = arg;
    uint8_t byte;
    int error;

    switch (guest->wish >> 5 & 3) {
    case 0:
        error = (int)miou_read(guest->one, &byte, 1);
        break;
    case 1:
        error = miou_sleep(day * 200);
        break;
    case 2:
        error = miou_wait_readable(guest->number);
        break;
    default:
        error = (int)miou_read_exactly(guest->one, &byte, 1);
    }
    HOLDS(error == MIOU_CANCELLED);
    HOLDS(miou_yield() == MIOU_CANCELLED);
    HOLDS(miou_sleep(0) == MIOU_CANCELLED);
    HOLDS(miou_write(guest->two, &byte, 1) == MIOU_CANCELLED);
    return error;
}

/* Cancels a child in a call. */
static int cancels(struct guest *guest)
{
    miou_promise *child;
    int64_t before = sim_now();

    TRY(make_connection(guest));
    guest->number = miou_fd_number(guest->one);
    TRY(spawn(&child, guest, NULL, waits_for_cancellation, guest));
    TRY(miou_sleep(MS));
    TRY(miou_cancel(child));
    HOLDS(!here->timed || sim_now() - before < day * 100);
    TRY(await_end(child, MIOU_CANCELLED));
    TRY(write_two(guest));
    TRY(read_one(guest));
    TRY(miou_close(guest->one));
    DEMAND(-EBADF, miou_close(guest->one));
    TRY(miou_close(guest->two));
    return 0;
}

/* Another domain closes what a task reads. */
static int closes_one(void *arg)
{
    struct guest *guest = arg;

    TRY(miou_sleep(MS));
    TRY(miou_close(guest->one));
    return 0;
}

static int loses_its_descriptor(struct guest *guest)
{
    miou_promise *child;

    TRY(make_connection(guest));
    TRY(spawn(&child, guest, NULL, closes_one, guest));
    DEMAND(-EBADF, read_some(guest));
    TRY(await_end(child, 0));
    TRY(miou_close(guest->two));
    return 0;
}

static int blocks(void *arg)
{
    struct guest *guest = arg;

    guest->calls++;
    return 11;
}

/* A function that blocks; only a steered run can execute one without a thread. */
static int calls_what_blocks(struct guest *guest)
{
    if (here->server->domains == 1)
        return 0;
    DEMAND(11, miou_blocking(blocks, guest));
    HOLDS(guest->calls == 1);
    DEMAND(-EINVAL, miou_blocking(NULL, guest));
    return 0;
}

static int counts(void *arg)
{
    struct guest *guest = arg;

    guest->calls++;
    HOLDS(miou_domain_self() == MIOU_NOT_RUNNING && miou_yield() == MIOU_NOT_RUNNING);
    return 1;
}

static int fails_as_a_hook(void *arg)
{
    struct guest *guest = arg;

    guest->order++;
    return -1;
}

static int yields_some(void *arg)
{
    for (int i = 0; i < TURNS; i++)
        TRY(miou_yield());
    return (arg == NULL) - 1;
}

/* A hook is called between turns. */
static int has_a_hook(struct guest *guest)
{
    miou_promise *child;
    miou_hook *hook, *failing;
    int calls;

    TRY(miou_hook_add(&hook, counts, guest));
    TRY(miou_hook_add(&failing, fails_as_a_hook, guest));
    TRY(miou_async(&child, NULL, yields_some, NULL));
    TRY(yields_some(NULL));
    TRY(await_end(child, 0));
    HOLDS(guest->calls >= 2 * TURNS && guest->order == 1);
    TRY(miou_hook_remove(hook));
    calls = guest->calls;
    DEMAND(-EINVAL, miou_hook_remove(hook));
    TRY(miou_yield());
    HOLDS(guest->calls == calls);
    DEMAND(-EINVAL, miou_hook_add(&hook, NULL, guest));
    return 0;
}

static void note_suspended(void *arg)
{
    struct guest *guest = arg;

    guest->calls++;
    HOLDS(miou_yield() == MIOU_IN_FINALISER);
}

static int suspends(void *arg)
{
    struct guest *guest = arg;
    int error;

    TRY(miou_syscall_create(&guest->point));
    if ((error = miou_suspend(guest->point, note_suspended, guest)) < 0) {
        int calls = guest->calls;

        HOLDS(miou_suspend(guest->point, note_suspended, guest) < 0 && guest->calls == calls);
        return error;
    }
    HOLDS(++guest->order == 2);
    return 0;
}

/* A child suspends on a point; the second one is cancelled there. */
static int signals_points(struct guest *guest)
{
    miou_promise *child;

    TRY(miou_async(&child, NULL, suspends, guest));
    TRY(miou_yield());
    TRY(miou_sleep(MS));
    HOLDS(guest->calls == 1 && ++guest->order == 1);
    DEMAND(0, miou_signal(guest->point));
    TRY(await_end(child, 0));
    HOLDS(guest->order == 2);
    DEMAND(-EINVAL, miou_signal(guest->point));
    TRY(miou_async(&child, NULL, suspends, guest));
    TRY(miou_sleep(MS));
    HOLDS(guest->calls == 2);
    TRY(miou_cancel(child));
    DEMAND(-EINVAL, miou_signal(guest->point));
    TRY(await_end(child, MIOU_CANCELLED));
    HOLDS(guest->order == 2);
    return 0;
}

static void try_in_finaliser(void *value)
{
    struct guest *guest = value;
    miou_fd *fd;
    miou_syscall *point;
    miou_hook *hook;
    uint8_t byte = 0;

    guest->calls++;
    HOLDS(miou_yield() == MIOU_IN_FINALISER && miou_sleep(0) == MIOU_IN_FINALISER);
    HOLDS(miou_read(guest->one, &byte, 1) == MIOU_IN_FINALISER);
    HOLDS(miou_write(guest->one, &byte, 1) == MIOU_IN_FINALISER);
    HOLDS(miou_tcpv4(&fd, 0) == MIOU_IN_FINALISER);
    HOLDS(miou_syscall_create(&point) == MIOU_IN_FINALISER);
    HOLDS(miou_hook_add(&hook, counts, guest) == MIOU_IN_FINALISER);
    HOLDS(miou_signal_handle(SIGUSR2, NULL, NULL) == MIOU_IN_FINALISER);
}

static int fails_owning(void *arg)
{
    miou_resource *resource;

    TRY(miou_resource_create(&resource, try_in_finaliser, arg));
    TRY(miou_own(resource));
    return -EXDEV;
}

/* Makes calls that are refused. */
static int is_refused(struct guest *guest)
{
    struct sockaddr_in address;
    miou_promise *child;
    miou_fd *fd = NULL;
    uint8_t byte = 0;
    int before = 0;

    TRY(miou_tcpv4(&guest->one, 0));
    TRY(spawn(&child, guest, NULL, fails_owning, guest));
    TRY(await_end(child, -EXDEV));
    HOLDS(guest->calls == 1);
    DEMAND(-EINVAL, miou_tcpv4(&fd, 1 << 9));
    HOLDS(fd == NULL);
    DEMAND(-EBADF, miou_fd_adopt(&fd, 250, 0));
    DEMAND(-EINVAL, miou_read(NULL, &byte, 1));
    DEMAND(-EINVAL, miou_signal_handle(-1, NULL, NULL));
    DEMAND(-EINVAL, miou_signal_handle(SIGKILL, NULL, NULL));
    DEMAND(-EINVAL, miou_signal(NULL));
    TRY(listen_anywhere(guest->one, &address));
    TRY(miou_tcpv4(&guest->two, 0));
    DEMAND(-EADDRINUSE, miou_bind_and_listen(guest->two, (struct sockaddr *)&address,
                                             sizeof address, &(miou_listen){.no_reuse_port = 1}));
    TRY(miou_close(guest->one));
    DEMAND(-ECONNREFUSED, miou_connect(guest->two, (struct sockaddr *)&address, sizeof address));
    before = miou_fd_number(guest->two);
    HOLDS(before > 2);
    TRY(miou_close(guest->two));
    DEMAND(-EBADF, miou_fd_number(guest->two));
    DEMAND(-EBADF, miou_read(guest->two, &byte, 1));
    return 0;
}

/* ---- coming and going */

static int (*const kinds[])(struct guest *guest) = {
    is_a_client, talks, sends_datagrams,      uses_a_pipe,       sleeps,     has_deadlines,
    cancels,     owns,  loses_its_descriptor, calls_what_blocks, has_a_hook, signals_points,
    is_refused,
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static int be_a_guest(void *arg)
{
    const uint8_t *wish = arg;
    struct guest *guest = &all[wish - here->wishes];

    memset(guest, 0, offsetof(struct guest, bytes));
    guest->wish = *wish / KINDS * 4u;
    guest->size = 1 + *wish * 37u % MOST;
    return kinds[*wish % KINDS](guest);
}

/* The handler of the signal: as many guests as have come. */
static void receive_guests(int number, void *arg)
{
    struct guests *guests = arg;
    miou_promise *guest;
    int error = 0, outcome = 0;

    while (error >= 0 && outcome >= 0 && guests->begun < guests->asked) {
        error = miou_async(&guest, NULL, be_a_guest, &guests->wishes[guests->begun++]);
        if (error >= 0)
            error = miou_await(guest, &outcome);
        if (error >= 0)
            guests->left++;
        if (error >= 0 && (error = miou_promise_free(guest)) >= 0 && is_excused(outcome))
            outcome = 0;
    }
    if (number != SIGUSR1 || (error < 0 && !is_excused(error)) || outcome < 0)
        judge_fail("a guest for %d: %d, %d", number, error, outcome);
}

void guests_begin(struct guests *guests, const struct server *server, bool timed)
{
    guests->timed = timed;
    guests->server = server;
    guests->asked = guests->begun = guests->left = 0;
    guests->welcome = false;
}

void guests_welcome(struct guests *guests)
{
    here = guests;
    if (guests->server->limit < SIM_DESCRIPTORS)
        return; /* what guests leave open would be missed */
    guests->welcome = miou_signal_handle(SIGUSR1, receive_guests, guests) == 0;
}

void guests_ask(struct guests *guests, uint8_t wish)
{
    if (!guests->welcome || guests->asked == GUESTS || guests->server->signals > 0)
        return;
    guests->wishes[guests->asked++] = wish;
    SIM_SAY("a guest comes: %d", wish % KINDS);
    if (!sim_raise(SIGUSR1))
        judge_fail("R12.1: SIGUSR1 has a handler and is not handled");
}

void guests_judge(const struct guests *guests)
{
    if (guests->left < guests->asked)
        judge_fail("of %d guests %d have left, and none does anything", guests->asked,
                   guests->left);
}
