/* sockets: peers in plain POSIX and tasks that wait, for the checks of descriptors. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct sockaddr_in loopback(unsigned short port)
{
    need_loopback();
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

struct sockaddr_in6 loopback6(unsigned short port)
{
    need_ipv6();
    return (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
}

struct sockaddr_un local_address(int n)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "miou-check-%d-%d", getpid(), n);
    return address;
}

unsigned short port_of(miou_fd *fd)
{
    struct sockaddr_in6 address = {0}; /* the port of IPv4 is at the same place */
    socklen_t length = sizeof address;

    getsockname(miou_fd_number(fd), (struct sockaddr *)&address, &length);
    return ntohs(address.sin6_port);
}

int listen_on(miou_fd **listener, unsigned flags, unsigned short port)
{
    struct sockaddr_in address = loopback(port);

    TRY(miou_tcpv4(listener, flags));
    return miou_bind_and_listen(*listener, (struct sockaddr *)&address, sizeof address, NULL);
}

enum { NUMBERS = 1 << 16 };
static atomic_bool kept[NUMBERS];

int receive_on_udp(miou_fd **fd, unsigned flags)
{
    struct sockaddr_in address = loopback(0);

    TRY(miou_udpv4(fd, flags));
    return miou_bind_and_listen(*fd, (struct sockaddr *)&address, sizeof address, NULL);
}

int peer_keep(int number)
{
    if (number >= 0 && number < NUMBERS)
        atomic_store(&kept[number], true);
    return number;
}

void peer_close(int peer)
{
    if (peer >= 0 && peer < NUMBERS)
        atomic_store(&kept[peer], false);
    close(peer);
}

__attribute__((destructor)) static void close_kept(void)
{
    int number;

    for (number = 0; number < NUMBERS; number++)
        if (atomic_load(&kept[number]))
            close(number);
}

int peer_connect(unsigned short port)
{
    struct sockaddr_in address = loopback(port);
    int peer = peer_keep(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

    if (connect(peer, (struct sockaddr *)&address, sizeof address) == 0)
        return peer;
    fprintf(stderr, "cannot connect to port %d: %s\n", port, strerror(errno));
    peer_close(peer);
    return -1;
}

int peer_connect_local(const struct sockaddr_un *address)
{
    int peer = peer_keep(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

    if (connect(peer, (const struct sockaddr *)address, sizeof *address) == 0)
        return peer;
    peer_close(peer);
    return -1;
}

int peer_connect_udp(unsigned short port)
{
    struct sockaddr_in own = loopback(0), address = loopback(port);
    int peer = peer_keep(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

    if (bind(peer, (struct sockaddr *)&own, sizeof own) < 0 ||
        connect(peer, (struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    return peer;
}

size_t peer_send(int peer, const void *bytes, size_t size)
{
    size_t sent = 0;

    while (sent < size) {
        ssize_t count = send(peer, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL);

        if (count > 0)
            sent += (size_t)count;
        else if (errno != EINTR)
            break;
    }
    return sent;
}

size_t peer_receive(int peer, void *bytes, size_t size)
{
    size_t received = 0;

    while (received < size) {
        ssize_t count = recv(peer, (char *)bytes + received, size - received, 0);

        if (count > 0)
            received += (size_t)count;
        else if (count == 0 || errno != EINTR)
            break;
    }
    return received;
}

void peer_reset(int peer)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    peer_close(peer);
}

int await_events(int number, short events)
{
    struct pollfd entry = {.fd = number, .events = events};

    if (number < 0)
        return POLLNVAL; /* poll would ignore it and wait for ever */
    while (poll(&entry, 1, -1) < 0 && errno == EINTR)
        ;
    return entry.revents;
}

void await_bytes(int number, int count)
{
    int there = 0;

    while (ioctl(number, FIONREAD, &there) == 0 && there < count)
        poll(NULL, 0, 1);
}

void await_delivery(int peer)
{
    int left = 0;

    while (ioctl(peer, TIOCOUTQ, &left) == 0 && left > 0)
        poll(NULL, 0, 1);
}

bool is_open(int number)
{
    return fcntl(number, F_GETFD) >= 0;
}

ino_t inode_of(int number)
{
    struct stat what;

    return fstat(number, &what) == 0 ? what.st_ino : 0;
}

/* A child process sets the limit: under valgrind a process cannot set its own. */
void allow_more_descriptors(int more)
{
    pid_t self = getpid(), child;
    struct rlimit limit;
    int number;

    getrlimit(RLIMIT_NOFILE, &limit);
    for (number = 0; is_open(number) || more-- > 0; number++)
        ;
    limit.rlim_cur = (rlim_t)number;
    child = start_process();
    if (child == 0)
        _exit(prlimit(self, RLIMIT_NOFILE, &limit, NULL) < 0);
    waitpid(child, NULL, 0);
}

int pair_open(struct pair *pair, unsigned flags)
{
    miou_fd *listener;

    pair->fd = NULL;
    pair->number = pair->peer = -1;
    TRY(listen_on(&listener, flags, 0));
    pair->peer = peer_connect(port_of(listener));
    if (pair->peer < 0)
        return -ECONNREFUSED;
    /* connect may return before the connection can be accepted. */
    await_events(miou_fd_number(listener), POLLIN);
    TRY(miou_accept(&pair->fd, listener, NULL));
    NOTE(pair->number, miou_fd_number(pair->fd));
    return miou_close(listener);
}

int pair_adopt(struct pair *pair, int type, unsigned flags)
{
    int ends[2];

    pair->fd = NULL;
    pair->number = pair->peer = -1;
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    pair->number = ends[0];
    pair->peer = peer_keep(ends[1]);
    return miou_fd_adopt(&pair->fd, ends[0], flags);
}

void pair_narrow(const struct pair *pair)
{
    int little = 32 << 10;

    setsockopt(pair->number, SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
    setsockopt(pair->peer, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
}

int until_begun(const struct waiter *waiter)
{
    while (!waiter->begun)
        TRY(yield_to_all());
    return 0;
}

int accept_once(void *arg)
{
    struct waiter *waiter = arg;

    waiter->begun = true;
    NOTE(waiter->result, miou_accept(&waiter->client, waiter->fd, NULL));
    waiter->done = true;
    return 0;
}

int read_once(void *arg)
{
    struct waiter *waiter = arg;

    waiter->begun = true;
    NOTE(waiter->result, miou_read(waiter->fd, &waiter->byte, 1));
    waiter->done = true;
    return 0;
}

int write_lots(void *arg)
{
    static const char lots[LOTS];
    struct waiter *waiter = arg;

    waiter->begun = true;
    NOTE(waiter->result, miou_write(waiter->fd, lots, LOTS));
    waiter->done = true;
    return 0;
}

unsigned char pattern(size_t place)
{
    return (unsigned char)(place * 31 + (place >> 8) * 7 + (place >> 16));
}

void pattern_fill(unsigned char *bytes, size_t size, size_t place)
{
    size_t i;

    for (i = 0; i < size; i++)
        bytes[i] = pattern(place + i);
}

size_t pattern_match(const unsigned char *bytes, size_t size, size_t place)
{
    size_t i;

    for (i = 0; i < size && bytes[i] == pattern(place + i); i++)
        ;
    return i;
}
