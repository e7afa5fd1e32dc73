/* descriptors.c: what a program's descriptors stand for, and the calls on them. What goes through a
 * stream follows the pattern of program_bytes, and so does each datagram. */
#include "driver.h"

#include "miou_server.h"
#include "scenario/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

struct descriptor {
    struct kept kept;
    miou_fd *fd;
    enum socket_kind kind;
    struct sockaddr_storage address; /* where it listens */
    socklen_t length;                /* 0: it does not */
    _Atomic uint64_t written;
    _Atomic uint64_t read;
    atomic_int readers; /* that are in a call */
    atomic_bool mixed; /* several read at a time, or a read failed: it is not known who gets what */
};

static uint16_t peer_ports[PROGRAM_TASKS_MAX];

void set_peer_port(int peer, uint16_t port)
{
    peer_ports[peer] = port;
}

/* The runtime's descriptor; a name that stands for none is NULL. */
static miou_fd *fd_of(const struct descriptor *descriptor)
{
    return descriptor ? descriptor->fd : NULL;
}

static struct descriptor *descriptor_create(miou_fd *fd, enum socket_kind kind)
{
    struct descriptor *descriptor = keep(zeroed(1, sizeof *descriptor));

    descriptor->fd = fd;
    descriptor->kind = kind;
    return descriptor;
}

/* ---- Making ---- */

int make_socket(struct descriptor **descriptor, enum socket_kind kind, bool owned)
{
    static int (*const makers[SOCKET_KINDS])(miou_fd * *fd, unsigned flags) = {
        [SOCKET_TCP4] = miou_tcpv4, [SOCKET_TCP6] = miou_tcpv6,       [SOCKET_UDP4] = miou_udpv4,
        [SOCKET_UDP6] = miou_udpv6, [SOCKET_UNIX] = miou_unix_socket,
    };
    miou_fd *fd = NULL;
    int result = makers[kind](&fd, owned ? MIOU_OWNED : 0);

    if (fd)
        *descriptor = descriptor_create(fd, kind);
    return result;
}

int make_pipe(struct descriptor *ends[2], bool owned)
{
    int numbers[2], result = 0, i;

    if (pipe(numbers) < 0)
        return -errno;
    for (i = 0; i < 2; i++) {
        miou_fd *fd = NULL;

        if (result == 0)
            result = miou_fd_adopt(&fd, numbers[i], owned ? MIOU_OWNED : 0);
        if (fd)
            ends[i] = descriptor_create(fd, SOCKET_UNIX);
        else
            close(numbers[i]);
    }
    return result;
}

int make_connection(struct descriptor **client, const struct descriptor *listener)
{
    miou_fd *fd = NULL;
    int result = miou_accept(&fd, fd_of(listener), NULL);

    if (fd)
        *client = descriptor_create(fd, SOCKET_TCP4);
    return result;
}

int split_descriptor(struct descriptor **writer, struct descriptor *descriptor)
{
    miou_fd *fd = NULL;
    int result = miou_fd_split(&fd, fd_of(descriptor));

    if (fd && descriptor) {
        *writer = descriptor_create(fd, descriptor->kind);
        (*writer)->written = descriptor->written;
    }
    return result;
}

/* ---- Addresses ---- */

/* Write an address of this machine at which any port is free, or a name that nobody has. */
static socklen_t free_address(struct sockaddr_storage *address, enum socket_kind kind)
{
    static atomic_uint names;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int length;

    switch (kind) {
    case SOCKET_UNIX:
        length = snprintf(un.sun_path + 1, sizeof un.sun_path - 1, "scenario-%ld-%u",
                          (long)getpid(), atomic_fetch_add(&names, 1));
        memcpy(address, &un, sizeof un);
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    case SOCKET_TCP6:
    case SOCKET_UDP6:
        memcpy(address, &in6, sizeof in6);
        return sizeof in6;
    default:
        memcpy(address, &in, sizeof in);
        return sizeof in;
    }
}

int listen_at(struct descriptor *descriptor, const struct descriptor *same, int *port)
{
    struct sockaddr_storage address = {0};
    socklen_t length = 0;
    int result, number;

    *port = 0;
    if (!descriptor)
        return miou_bind_and_listen(NULL, (struct sockaddr *)&address, sizeof address, NULL);
    if (same)
        memcpy(&address, &same->address, length = same->length);
    else
        length = free_address(&address, descriptor->kind);
    result = miou_bind_and_listen(descriptor->fd, (struct sockaddr *)&address, length, NULL);
    if (result != 0 || (number = miou_fd_number(descriptor->fd)) < 0)
        return result;
    length = sizeof address;
    if (getsockname(number, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    memcpy(&descriptor->address, &address, length);
    descriptor->length = length;
    if (address.ss_family == AF_INET)
        *port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    else if (address.ss_family == AF_INET6)
        *port = ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return result;
}

/* A descriptor that does not listen has no address. */
static const struct sockaddr *address_of(const struct descriptor *descriptor)
{
    return descriptor && descriptor->length > 0 ? (const struct sockaddr *)&descriptor->address
                                                : NULL;
}

int connect_to(const struct descriptor *descriptor, const struct descriptor *listener, int peer)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};

    if (peer < 0)
        return miou_connect(fd_of(descriptor), address_of(listener),
                            listener ? listener->length : 0);
    in.sin_port = htons(peer_ports[peer]);
    return miou_connect(fd_of(descriptor), (struct sockaddr *)&in, sizeof in);
}

/* ---- Bytes ---- */

enum { UNTOUCHED = 255 /* no byte of the pattern */ };

static unsigned char *buffer_of(size_t size)
{
    unsigned char *buffer = resized(NULL, size + 1);

    memset(buffer, UNTOUCHED, size + 1);
    return buffer;
}

/* Whether count bytes are those from a place on, and what is behind them up to size is untouched.
 */
static bool is_pattern(const unsigned char *buffer, size_t count, size_t size, uint64_t place)
{
    size_t i;

    if (program_match(buffer, count, place) < count)
        return false;
    for (i = count; i <= size; i++)
        if (buffer[i] != UNTOUCHED)
            return false;
    return true;
}

static ssize_t call_read(miou_fd *fd, void *buffer, size_t size, bool exactly)
{
    return (exactly ? miou_read_exactly : miou_read)(fd, size > 0 ? buffer : NULL, size);
}

ssize_t read_bytes(struct descriptor *descriptor, size_t size, bool exactly, bool *garbled)
{
    unsigned char *buffer = buffer_of(size);
    uint64_t place;
    ssize_t n;

    *garbled = false;
    if (!descriptor) {
        n = call_read(NULL, buffer, size, exactly);
        free(buffer);
        return n;
    }
    if (atomic_fetch_add(&descriptor->readers, 1) > 0)
        descriptor->mixed = true;
    n = call_read(descriptor->fd, buffer, size, exactly);
    if (n < 0 && exactly)
        descriptor->mixed = true;
    atomic_fetch_sub(&descriptor->readers, 1);
    if (n > 0 && (size_t)n <= size) {
        place = atomic_fetch_add(&descriptor->read, (uint64_t)n);
        *garbled = !is_pattern(buffer, (size_t)n, size, descriptor->mixed ? buffer[0] : place);
    }
    free(buffer);
    return n;
}

ssize_t write_bytes(struct descriptor *descriptor, size_t size)
{
    uint64_t place = descriptor ? atomic_load(&descriptor->written) : 0;
    unsigned char *buffer = buffer_of(size);
    ssize_t n;

    program_bytes(buffer, size, place);
    n = miou_write(fd_of(descriptor), size > 0 ? buffer : NULL, size);
    if (descriptor && n > 0)
        atomic_store(&descriptor->written, place + (uint64_t)n);
    free(buffer);
    return n;
}

ssize_t receive_datagram(struct descriptor *descriptor, size_t size, bool *garbled)
{
    unsigned char *buffer = buffer_of(size);
    ssize_t n = miou_recvfrom(fd_of(descriptor), buffer, size, NULL, NULL);

    *garbled = n >= 0 && (size_t)n <= size && !is_pattern(buffer, (size_t)n, size, 0);
    free(buffer);
    return n;
}

ssize_t send_datagram(struct descriptor *descriptor, size_t size, const struct descriptor *to)
{
    unsigned char *buffer = buffer_of(size);
    ssize_t n;

    program_bytes(buffer, size, 0);
    n = miou_sendto(fd_of(descriptor), buffer, size, address_of(to), to ? to->length : 0);
    free(buffer);
    return n;
}

int await_ready(const struct descriptor *descriptor, bool to_write)
{
    int number = miou_fd_number(fd_of(descriptor));

    if (number < 0)
        return number;
    return to_write ? miou_wait_writable(number) : miou_wait_readable(number);
}

/* ---- Ends ---- */

int half_close(struct descriptor *descriptor)
{
    int number = miou_fd_number(fd_of(descriptor));

    if (number < 0)
        return number;
    return shutdown(number, SHUT_WR) < 0 ? -errno : 0;
}

int close_descriptor(struct descriptor *descriptor)
{
    return miou_close(fd_of(descriptor));
}

miou_resource *resource_of_descriptor(struct descriptor *descriptor)
{
    return miou_fd_resource(fd_of(descriptor));
}
