/* sim.c: the descriptors, signals and time of the simulated system, and the turns of the world. */
#include "parts.h"
#include "system.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    FIRST = 3, /* the lowest number, as in a process with the three standard descriptors */
    SIGNALS = 65,
    TICK = 1000,   /* nanoseconds that pass whenever the clock is read */
    PORTS = 32768, /* the first port that the system chooses */
    BOXES = 32,    /* sockets for datagrams, at a time */
    PACKETS = 4,   /* that a box holds */
    PACKET = 2048, /* bytes, at most */
};

/* A stream is one of a connection, or of a pipe. */
enum kind { FREE, BELL, SOCKET, LISTENER, STREAM, DATAGRAM };

/* The datagrams that have come to a socket, in their order. */
struct box {
    bool used;
    int count;
    struct packet {
        int from; /* a port */
        size_t size;
        uint8_t bytes[PACKET];
    } of[PACKETS];
};

/* Only the members for its kind are in use. A socket becomes a listener or a stream. */
struct descriptor {
    enum kind kind;
    bool rung;
    bool is_pipe;
    bool has_twin; /* or had: another number of the same end */
    struct end *end;
    struct box *box;
    int peer; /* the port to which it sends what has no address; 0: none */
    int port; /* that it is bound to; 0: none */
    bool shares_port;
    int backlog, waiting; /* clients to be accepted, in the order in which they came */
    struct end **queue;
};

static struct {
    struct sim_world world;
    bool in_world; /* the world has its turn */
    int limit, next_port, accept_error;
    int64_t now;
    int open, highest; /* descriptors; all numbers above highest are free */
    unsigned long is_open[WORDS];
    unsigned long ready[2][WORDS]; /* to read, to write: of those in sim_known */
    struct descriptor descriptors[SIM_DESCRIPTORS];
    struct end
        *queues[SIM_DESCRIPTORS][SIM_STREAMS]; /* not in descriptors, which are searched often */
    struct sigaction actions[SIGNALS];
    int handled; /* signals */
    struct box boxes[BOXES];
    int tried; /* boxes that may be in use: those below this number */
} sim;

/* ---- turns */

static bool turn(bool idle)
{
    bool moved;

    if (sim.in_world || sim.world.turn == NULL)
        return false;
    sim.in_world = true;
    moved = sim.world.turn(sim.world.state, idle);
    sim.in_world = false;
    return moved;
}

/* The runtime makes a call of the system; the world may make a move before. */
static void offer_turn(void)
{
    turn(false);
}

static _Noreturn void wait_for_ever(void)
{
    if (sim.world.stuck != NULL)
        sim.world.stuck(sim.world.state);
    fprintf(stderr, "sim: the runtime waits for ever\n");
    abort();
}

/* ---- descriptors */

/* NULL if the number is not open. */
static struct descriptor *descriptor_of(int number)
{
    if (number < FIRST || number > sim.highest || sim.descriptors[number].kind == FREE)
        return NULL;
    return &sim.descriptors[number];
}

static int number_of(const struct descriptor *descriptor)
{
    return (int)(descriptor - sim.descriptors);
}

/* The lowest free number, which may be SIM_DESCRIPTORS: none is free. */
static int free_number(void)
{
    unsigned long taken = sim.is_open[0] | ((1UL << FIRST) - 1);
    int word = 0;

    while (taken == ULONG_MAX && ++word < WORDS)
        taken = sim.is_open[word];
    return word < WORDS ? word * (int)WORD + __builtin_ctzl(~taken) : SIM_DESCRIPTORS;
}

/* Open the lowest free number; NULL if there is none. */
static struct descriptor *open_descriptor(enum kind kind)
{
    int number = free_number();
    struct descriptor *found = &sim.descriptors[number];

    if (number >= sim.limit)
        return NULL;
    found->kind = kind;
    found->rung = found->shares_port = found->is_pipe = found->has_twin = false;
    found->port = found->backlog = found->waiting = found->peer = 0;
    found->end = NULL;
    found->box = NULL;
    sim.open++;
    sim.is_open[number / WORD] |= 1UL << number % WORD;
    if (number > sim.highest)
        sim.highest = number;
    return found;
}

/* Whether any socket has no room for another datagram. */
static bool is_box_full(void)
{
    for (int i = 0; i < sim.tried; i++)
        if (sim.boxes[i].used && sim.boxes[i].count == PACKETS)
            return true;
    return false;
}

/* As select tells: a descriptor on which a call would return an error is ready too. */
static bool is_ready(const struct descriptor *d, bool to_write)
{
    switch (d->kind) {
    case BELL:
        return to_write || d->rung;
    case LISTENER:
        return !to_write && d->waiting > 0;
    case STREAM:
        return to_write ? end_is_writable(d->end) : end_is_readable(d->end);
    case DATAGRAM:
        return to_write ? !is_box_full() : d->box->count > 0;
    default:
        return true;
    }
}

/* Whether descriptor_changed is called whenever what it is ready for may change. A datagram that is
 * received makes room for others, and an end knows only one of its numbers. */
static bool is_kept(const struct descriptor *d)
{
    return d->kind != DATAGRAM && !d->has_twin;
}

/* Find out what some descriptors of a word are ready for. */
__attribute__((noinline)) static void find_out(int word, unsigned long unknown)
{
    for (unsigned long bit; unknown != 0; unknown &= ~bit) {
        const struct descriptor *d = &sim.descriptors[word * WORD + __builtin_ctzl(unknown)];

        bit = unknown & -unknown;
        for (int to_write = 0; to_write < 2; to_write++)
            if (is_ready(d, to_write))
                sim.ready[to_write][word] |= bit;
            else
                sim.ready[to_write][word] &= ~bit;
        if (is_kept(d))
            sim_known[word] |= bit;
    }
}

/* What is known is what would be found. */
static void audit(void)
{
    for (int word = 0; word < WORDS; word++) {
        unsigned long to_read = sim.ready[0][word], to_write = sim.ready[1][word];
        unsigned long known = sim_known[word];

        find_out(word, known);
        if ((((to_read ^ sim.ready[0][word]) | (to_write ^ sim.ready[1][word])) & known) == 0)
            continue;
        fprintf(stderr, "sim: a descriptor has changed, and descriptor_changed was not called\n");
        abort();
    }
}

static int count_bits(unsigned long bits)
{
    int count = 0;

    for (; bits != 0; bits &= bits - 1)
        count++;
    return count;
}

/* Clear the bits of descriptors that are not ready; either set may be NULL. Returns how many bits
 * are left, or -EBADF. */
__attribute__((noinline)) static int keep_ready(int count, unsigned long *readable,
                                                unsigned long *writable)
{
    int ready = 0;

    if (sim_audits)
        audit();
    for (int word = 0; word * (int)WORD < count; word++) {
        unsigned long to_read = readable != NULL ? readable[word] : 0;
        unsigned long to_write = writable != NULL ? writable[word] : 0;
        unsigned long both = to_read | to_write;

        if ((both & ~sim.is_open[word]) != 0)
            return -EBADF;
        if ((both & ~sim_known[word]) != 0)
            find_out(word, both & ~sim_known[word]);
        if (readable != NULL)
            readable[word] = to_read &= sim.ready[0][word];
        if (writable != NULL)
            writable[word] = to_write &= sim.ready[1][word];
        if ((to_read | to_write) != 0)
            ready += count_bits(to_read) + count_bits(to_write);
    }
    return ready;
}

/* keep_ready for sets of one word, if all is known; otherwise -1. Most calls are answered here. */
static inline int keep_ready_in_word(unsigned long *readable, unsigned long *writable)
{
    unsigned long to_read = *readable, to_write = writable != NULL ? *writable : 0;

    if (((to_read | to_write) & ~(sim_known[0] & sim.is_open[0])) != 0 || sim_audits)
        return -1;
    *readable = to_read &= sim.ready[0][0];
    if (writable != NULL)
        *writable = to_write &= sim.ready[1][0];
    return (to_read | to_write) == 0 ? 0 : count_bits(to_read) + count_bits(to_write);
}

static size_t bytes_for(int count)
{
    return (size_t)(count + WORD - 1) / WORD * sizeof(unsigned long);
}

static void copy(int count, unsigned long *to, const unsigned long *from)
{
    for (int word = 0; to != NULL && from != NULL && word * WORD < count; word++)
        to[word] = from[word];
}

/* A wait without a limit means that the runtime is idle; so does a wait for no descriptor, which a
 * steered run makes on behalf of all domains. Then the world moves until something is ready. */
__attribute__((noinline)) static int wait_idle(int count, unsigned long *readable,
                                               unsigned long *writable)
{
    unsigned long wanted[2][WORDS];
    int ready;

    copy(count, wanted[0], readable);
    copy(count, wanted[1], writable);
    while ((ready = keep_ready(count, readable, writable)) == 0) {
        if (!turn(true))
            wait_for_ever();
        if (count == 0)
            return 0;
        copy(count, readable, wanted[0]);
        copy(count, writable, wanted[1]);
    }
    return ready;
}

/* In a wait with a limit, time passes at once. */
int sys_select(int count, unsigned long *readable, unsigned long *writable, bool may_close,
               int64_t nanoseconds)
{
    int ready = -1;

    (void)may_close; /* there is one thread */
    if (count > SIM_DESCRIPTORS)
        return -EBADF;
    if (readable != NULL)
        memory_check(readable, bytes_for(count));
    if (writable != NULL)
        memory_check(writable, bytes_for(count));
    if (nanoseconds < 0 || count == 0)
        return wait_idle(count, readable, writable);
    offer_turn();
    if (count <= (int)WORD && readable != NULL)
        ready = keep_ready_in_word(readable, writable);
    if (ready < 0)
        ready = keep_ready(count, readable, writable);
    if (ready == 0)
        sim.now += nanoseconds;
    return ready;
}

/* ---- epoll: there is none */

int sys_epoll_create(void)
{
    return -ENOSYS;
}

int sys_epoll_control(int epoll, int operation, int number, uint32_t events)
{
    (void)epoll, (void)operation, (void)number, (void)events;
    return -ENOSYS;
}

int sys_epoll_wait(int epoll, struct epoll_event *events, int room, int64_t nanoseconds,
                   bool *may_close)
{
    (void)epoll, (void)events, (void)room, (void)nanoseconds, (void)may_close;
    return -ENOSYS;
}

bool sys_is_open(int number)
{
    return descriptor_of(number) != NULL;
}

int sys_is_ready(int number, bool to_write)
{
    const struct descriptor *d = descriptor_of(number);

    return d == NULL ? -EBADF : is_ready(d, to_write);
}

/* Only streams can have two numbers. */
int sys_duplicate(int number)
{
    struct descriptor *d = descriptor_of(number), *made;

    if (d == NULL || d->kind != STREAM)
        return d == NULL ? -EBADF : -EINVAL;
    if ((made = open_descriptor(STREAM)) == NULL)
        return -EMFILE;
    made->end = d->end;
    made->is_pipe = d->is_pipe;
    made->has_twin = d->has_twin = true;
    return number_of(made);
}

/* Whether a stream has another number. */
static bool is_duplicated(const struct descriptor *d)
{
    for (int number = FIRST; d->has_twin && number <= sim.highest; number++)
        if (sim.descriptors[number].kind == STREAM && sim.descriptors[number].end == d->end &&
            &sim.descriptors[number] != d)
            return true;
    return false;
}

void sys_end_writing(int number)
{
    if (descriptor_of(number) != NULL && descriptor_of(number)->kind == STREAM)
        end_shut(descriptor_of(number)->end);
}

void sys_block(int number)
{
    (void)number;
}

bool sys_has_error(int number)
{
    (void)number;
    return false;
}

int sys_close(int number)
{
    struct descriptor *d = descriptor_of(number);

    if (d == NULL)
        return -EBADF;
    if (d->kind == DATAGRAM) {
        d->box->used = false;
    } else if (d->kind == STREAM && !is_duplicated(d)) {
        SIM_SAY("        server closes %d, %s", number, stream_name(d->end));
        end_close(d->end);
    } else if (d->kind == LISTENER) {
        SIM_SAY("        server closes %d, a listener", number);
    }
    for (int i = 0; i < d->waiting; i++)
        end_reset(d->queue[i]);
    d->kind = FREE;
    sim.open--;
    sim.is_open[number / WORD] &= ~(1UL << number % WORD);
    descriptor_changed(number);
    return 0;
}

/* ---- bells */

int sys_bell_create(void)
{
    struct descriptor *made = open_descriptor(BELL);

    return made != NULL ? number_of(made) : -EMFILE;
}

void sys_bell_ring(int bell)
{
    sim.descriptors[bell].rung = true;
    descriptor_changed(bell);
}

void sys_bell_clear(int bell)
{
    sim.descriptors[bell].rung = false;
    descriptor_changed(bell);
}

/* ---- threads: there are none */

int sys_thread_create(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    (void)thread, (void)fn, (void)arg;
    return -EAGAIN;
}

void sys_thread_join(pthread_t thread)
{
    (void)thread;
}

void sys_yield(void)
{
}

/* ---- the clock, complaints, signals */

int64_t sys_clock(void)
{
    return sim.now += TICK;
}

void sys_complain(const char *line)
{
    fprintf(stderr, "miou: %s\n", line);
}

static bool is_handled(int number)
{
    return sim.actions[number].sa_handler != SIG_DFL;
}

int sys_signal_handle(int number, void (*handler)(int number), struct sigaction *before)
{
    if (number <= 0 || number >= SIGNALS || number == SIGKILL || number == SIGSTOP)
        return -EINVAL;
    memory_check(before, sizeof *before);
    if (before != NULL)
        *before = sim.actions[number];
    sim.handled += !is_handled(number);
    sim.actions[number].sa_handler = handler != NULL ? handler : SIG_IGN;
    return 0;
}

void sys_signal_restore(int number, const struct sigaction *before)
{
    bool was_handled = is_handled(number);

    sim.actions[number] = *before;
    sim.handled += is_handled(number) - was_handled;
}

void sys_signal_raise(int number)
{
    sim_raise(number);
}

bool sim_raise(int number)
{
    if (!is_handled(number) || sim.actions[number].sa_handler == SIG_IGN)
        return false;
    sim.actions[number].sa_handler(number);
    return true;
}

/* ---- sockets */

static struct box *open_box(void)
{
    int free = 0;

    while (free < sim.tried && sim.boxes[free].used)
        free++;
    if (free == BOXES)
        return NULL;
    if (free == sim.tried)
        sim.tried++;
    sim.boxes[free].used = true;
    sim.boxes[free].count = 0;
    return &sim.boxes[free];
}

int sys_socket(int family, int type)
{
    struct descriptor *made;
    struct box *box = NULL;

    if ((family != AF_INET && family != AF_INET6) || (type != SOCK_STREAM && type != SOCK_DGRAM))
        return -EAFNOSUPPORT;
    if (type == SOCK_DGRAM && (box = open_box()) == NULL)
        return -ENOBUFS;
    if ((made = open_descriptor(box != NULL ? DATAGRAM : SOCKET)) == NULL) {
        if (box != NULL)
            box->used = false;
        return -EMFILE;
    }
    made->box = box;
    return number_of(made);
}

/* A pipe, as an application makes it: the first end reads. */
int sim_pipe(int numbers[2])
{
    struct end *end;
    struct descriptor *made[2];

    if (sim.open + 2 > sim.limit - FIRST || (end = stream_new(SIM_ROOM)) == NULL)
        return -EMFILE;
    for (int i = 0; i < 2; i++) {
        made[i] = open_descriptor(STREAM);
        made[i]->is_pipe = true;
        made[i]->end = i == 0 ? end : end_other(end);
        end_attach(made[i]->end, numbers[i] = number_of(made[i]));
    }
    return 0;
}

/* The port is at the same place in IPv4's and IPv6's structures. */
static int port_of(const struct sockaddr *address)
{
    return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

static bool is_taken(int port, bool shares)
{
    for (int number = FIRST; number <= sim.highest; number++) {
        const struct descriptor *d = &sim.descriptors[number];

        if (d->kind != FREE && d->port == port && !(shares && d->shares_port))
            return true;
    }
    return false;
}

int sys_bind(int number, const struct sockaddr *address, socklen_t length, bool reuse_addr,
             bool reuse_port)
{
    struct descriptor *d = descriptor_of(number);
    int port;

    (void)reuse_addr; /* the simulated system never keeps an address back */
    memory_check(address, length);
    if (d == NULL)
        return -EBADF;
    if ((d->kind != SOCKET && d->kind != DATAGRAM) || d->port != 0 ||
        length < sizeof(struct sockaddr_in))
        return -EINVAL;
    port = port_of(address);
    if (port == 0)
        port = sim.next_port++;
    if (is_taken(port, reuse_port))
        return -EADDRINUSE;
    d->port = port;
    d->shares_port = reuse_port;
    return 0;
}

int sys_listen(int number, int backlog)
{
    struct descriptor *d = descriptor_of(number);

    if (d == NULL)
        return -EBADF;
    if (d->kind != SOCKET && d->kind != LISTENER)
        return -EINVAL;
    if (d->port == 0)
        d->port = sim.next_port++;
    d->kind = LISTENER;
    descriptor_changed(number);
    d->queue = sim.queues[number];
    d->backlog = backlog > 0 && backlog < SIM_STREAMS ? backlog : SIM_STREAMS;
    return 0;
}

static struct sockaddr_in address_at(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void put_address(struct sockaddr_storage *peer, socklen_t *length, int port)
{
    struct sockaddr_in address = address_at(port);

    memset(peer, 0, sizeof *peer);
    memcpy(peer, &address, sizeof address);
    if (length != NULL)
        *length = sizeof address;
}

/* The error that accept returns before it needs a descriptor; 0 if there is none. */
static int accept_error(const struct descriptor *listener)
{
    int error = sim.accept_error;

    if (listener == NULL)
        return -EBADF;
    if (listener->kind != LISTENER)
        return -EINVAL;
    if (listener->waiting == 0)
        return -EAGAIN;
    sim.accept_error = 0;
    return -error;
}

int sys_accept(int listener, struct sockaddr_storage *peer, int flags)
{
    struct descriptor *from = descriptor_of(listener), *made = NULL;
    int error;

    (void)flags;
    offer_turn();
    memory_check(peer, sizeof *peer);
    if ((error = accept_error(from)) == 0 && (made = open_descriptor(STREAM)) == NULL)
        error = -EMFILE;
    if (made == NULL) {
        if (error != -EAGAIN)
            SIM_SAY("        server fails to accept: %s", strerror(-error));
        return error;
    }
    made->end = from->queue[0];
    memmove(from->queue, from->queue + 1, (size_t)--from->waiting * sizeof *from->queue);
    descriptor_changed(listener);
    end_attach(made->end, number_of(made));
    SIM_SAY("        server accepts %s as %d", stream_name(made->end), number_of(made));
    if (peer != NULL)
        put_address(peer, NULL, PORTS + stream_number(made->end));
    return number_of(made);
}

/* Make a stream whose other end waits to be accepted by the which-th of the listeners at a port. */
static int connect_to(int port, unsigned which, size_t room, struct end **made)
{
    struct descriptor *listeners[SIM_DESCRIPTORS], *chosen;
    unsigned count = 0;

    for (int number = FIRST; number <= sim.highest; number++)
        if (sim.descriptors[number].kind == LISTENER && sim.descriptors[number].port == port)
            listeners[count++] = &sim.descriptors[number];
    if (count == 0)
        return -ECONNREFUSED;
    chosen = listeners[which % count];
    if (chosen->waiting >= chosen->backlog || (*made = stream_new(room)) == NULL)
        return -EAGAIN;
    chosen->queue[chosen->waiting++] = end_other(*made);
    descriptor_changed(number_of(chosen));
    return 0;
}

int sim_connect(int port, unsigned which, size_t room)
{
    struct end *end = NULL;
    int error = connect_to(port, which, room, &end);

    return error < 0 ? error : stream_number(end);
}

/* A connection is made at once, or refused. */
int sys_connect(int number, const struct sockaddr *address, socklen_t length)
{
    struct descriptor *d = descriptor_of(number);
    int error;

    memory_check(address, length);
    offer_turn();
    if (d == NULL)
        return -EBADF;
    if (d->kind == DATAGRAM) {
        d->peer = port_of(address);
        return 0;
    }
    if (d->kind != SOCKET || length < sizeof(struct sockaddr_in))
        return d->kind == STREAM ? -EISCONN : -EINVAL;
    if ((error = connect_to(port_of(address), 0, SIM_ROOM, &d->end)) < 0)
        return error;
    d->kind = STREAM;
    descriptor_changed(number);
    end_attach(d->end, number);
    return 0;
}

/* A datagram to a port at which nobody listens is lost. */
static ssize_t send_packet(struct descriptor *from, const void *bytes, size_t size, int port)
{
    struct packet *packet;

    if (port == 0)
        return -EDESTADDRREQ;
    if (size > PACKET)
        return -EMSGSIZE;
    if (from->port == 0)
        from->port = sim.next_port++;
    for (int number = FIRST; number <= sim.highest; number++) {
        const struct descriptor *d = &sim.descriptors[number];

        if (d->kind != DATAGRAM || d->port != port)
            continue;
        if (d->box->count == PACKETS)
            return -EAGAIN;
        packet = &d->box->of[d->box->count++];
        packet->from = from->port;
        packet->size = size;
        memcpy(packet->bytes, bytes, size);
        break;
    }
    return (ssize_t)size;
}

static ssize_t receive_packet(struct box *box, void *buffer, size_t size, int *port)
{
    size_t n;

    if (box->count == 0)
        return -EAGAIN;
    n = size < box->of[0].size ? size : box->of[0].size;
    memcpy(buffer, box->of[0].bytes, n);
    *port = box->of[0].from;
    memmove(box->of, box->of + 1, (size_t)--box->count * sizeof *box->of);
    return (ssize_t)n;
}

ssize_t sys_send(int number, const void *buffer, size_t size, const struct sockaddr *address,
                 socklen_t length)
{
    struct descriptor *d;
    ssize_t n;

    (void)length;
    memory_check(buffer, size);
    offer_turn();
    if ((d = descriptor_of(number)) == NULL)
        return -EBADF;
    if (d->kind == DATAGRAM)
        return send_packet(d, buffer, size, address != NULL ? port_of(address) : d->peer);
    if (d->kind != STREAM || address != NULL)
        return d->kind == STREAM ? -EISCONN : -ENOTCONN;
    n = end_send(d->end, buffer, size);
    SIM_SAY("        server writes %zu bytes to %s: %s", size, stream_name(d->end), sim_text(n));
    return n;
}

/* The first buffer alone. */
ssize_t sys_send_vector(int number, const struct iovec *buffers, int count)
{
    memory_check(buffers, (size_t)count * sizeof *buffers);
    return sys_send(number, buffers->iov_base, buffers->iov_len, NULL, 0);
}

ssize_t sys_read(int number, void *buffer, size_t size)
{
    struct descriptor *d;
    int port;
    ssize_t n;

    memory_check(buffer, size);
    offer_turn();
    if ((d = descriptor_of(number)) == NULL)
        return -EBADF;
    if (d->kind == DATAGRAM)
        return receive_packet(d->box, buffer, size, &port);
    if (d->kind != STREAM)
        return d->kind == BELL ? -EAGAIN : -ENOTCONN;
    n = end_receive(d->end, buffer, size);
    SIM_SAY("        server reads from %s: %s", stream_name(d->end), sim_text(n));
    return n;
}

ssize_t sys_receive(int number, void *buffer, size_t size, struct sockaddr_storage *peer,
                    socklen_t *peer_length)
{
    struct descriptor *d = descriptor_of(number);
    int port;
    ssize_t n;

    memory_check(peer, sizeof *peer);
    if (d != NULL && d->kind == DATAGRAM) {
        memory_check(buffer, size);
        offer_turn();
        if ((n = receive_packet(d->box, buffer, size, &port)) >= 0 && peer != NULL)
            put_address(peer, peer_length, port);
        return n;
    }
    n = sys_read(number, buffer, size);
    if (n >= 0 && peer != NULL) { /* as of any connected socket */
        memset(peer, 0, sizeof *peer);
        *peer_length = 0;
    }
    return n;
}

/* Of what is no socket, bells cannot be written to. */
ssize_t sys_write(int number, const void *buffer, size_t size)
{
    struct descriptor *d = descriptor_of(number);

    memory_check(buffer, size);
    if (d == NULL || d->kind != STREAM)
        return d == NULL ? -EBADF : -EINVAL;
    return end_send(d->end, buffer, size);
}

ssize_t sys_write_vector(int number, const struct iovec *buffers, int count)
{
    (void)count;
    return sys_write(number, buffers->iov_base, buffers->iov_len);
}

int sys_socket_type(int number)
{
    const struct descriptor *d = descriptor_of(number);

    if (d == NULL)
        return -EBADF;
    return d->kind == DATAGRAM ? SOCK_DGRAM : d->kind == BELL || d->is_pipe ? 0 : SOCK_STREAM;
}

int sys_unblock(int number)
{
    return descriptor_of(number) == NULL ? -EBADF : 0;
}

/* No option has an effect. */
int sys_set_option(int number, int level, int name, const void *value, socklen_t length)
{
    return sim_setsockopt(number, level, name, value, length) < 0 ? -errno : 0;
}

int sys_get_option(int number, int level, int name, void *value, socklen_t *length)
{
    (void)level, (void)name;
    memory_check(value, *length);
    return descriptor_of(number) == NULL ? -EBADF : -ENOPROTOOPT;
}

/* ---- calls that an application makes itself */

int sim_getsockname(int number, struct sockaddr *address, socklen_t *length)
{
    const struct descriptor *d = descriptor_of(number);
    struct sockaddr_in there;

    if (d == NULL || d->kind == BELL) {
        errno = d == NULL ? EBADF : ENOTSOCK;
        return -1;
    }
    there = address_at(d->port);
    if (*length > sizeof there)
        *length = sizeof there;
    memcpy(address, &there, *length);
    return 0;
}

int sim_setsockopt(int number, int level, int name, const void *value, socklen_t length)
{
    const struct descriptor *d = descriptor_of(number);

    (void)level, (void)name;
    memory_check(value, length);
    if (d != NULL && d->kind != BELL)
        return 0;
    errno = d == NULL ? EBADF : ENOTSOCK;
    return -1;
}

int sim_getrlimit(unsigned resource, struct rlimit *limit)
{
    rlim_t most = resource == RLIMIT_NOFILE ? (rlim_t)sim.limit : RLIM_INFINITY;

    memory_check(limit, sizeof *limit);
    *limit = (struct rlimit){most, most};
    return 0;
}

/* ---- beginning and end */

void sim_begin(const struct sim_world *world)
{
    for (int number = 0; number <= sim.highest; number++)
        sim.descriptors[number].kind = FREE;
    memset(sim.is_open, 0, sizeof sim.is_open);
    memset(sim_known, 0, sizeof sim_known);
    for (int number = 0; sim.handled > 0 && number < SIGNALS; number++)
        sim.actions[number].sa_handler = SIG_DFL;
    sim.world = *world;
    sim.in_world = false;
    sim.limit = SIM_DESCRIPTORS;
    sim.next_port = PORTS;
    sim.accept_error = sim.open = sim.highest = sim.handled = 0;
    sim.now = 0;
    while (sim.tried > 0)
        sim.boxes[--sim.tried].used = false;
    streams_begin();
    memory_begin();
}

int64_t sim_now(void)
{
    return sim.now;
}

struct sim_left sim_left(void)
{
    return (struct sim_left){sim.open, memory_left(), sim.handled};
}

void sim_limit(int number)
{
    sim.limit = number < SIM_DESCRIPTORS ? number : SIM_DESCRIPTORS;
}

void sim_fail_accept(int error)
{
    sim.accept_error = error;
}
