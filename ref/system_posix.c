/* system_posix.c: the real system, Linux. */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441 /* Linux 5.11 */
#endif

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51 /* Linux 5.14 */
#endif

#define SECOND INT64_C(1000000000)

static ssize_t result(ssize_t value)
{
    return value < 0 ? -errno : value;
}

size_t sys_page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void *map(size_t size, int flags)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

    return memory != MAP_FAILED ? memory : NULL;
}

void *sys_map(size_t size)
{
    void *memory = map(size, 0);

    if (memory != NULL)
        madvise(memory, size, MADV_NOHUGEPAGE); /* a parked task should cost a page, not 2 MiB */
    return memory;
}

void *sys_map_now(size_t size)
{
    return map(size, MAP_POPULATE);
}

void sys_unmap(void *memory, size_t size)
{
    munmap(memory, size);
}

int sys_guard(void *page, size_t size)
{
    /* The kernel keeps this kind of guard in the page table. mprotect splits the mapping, and a
     * process may have only some 65,000 mappings. */
    if (madvise(page, size, MADV_GUARD_INSTALL) == 0)
        return 0;
    return (int)result(mprotect(page, size, PROT_NONE));
}

size_t sys_signal_frame(void)
{
    size_t told = getauxval(AT_MINSIGSTKSZ);

    return told > 0 ? told : 4096;
}

int sys_thread_create(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    return -pthread_create(thread, NULL, fn, arg);
}

void sys_thread_join(pthread_t thread)
{
    pthread_join(thread, NULL);
}

void sys_yield(void)
{
    sched_yield();
}

int sys_bell_create(void)
{
    return (int)result(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

void sys_bell_ring(int bell)
{
    while (eventfd_write(bell, 1) < 0 && errno == EINTR)
        ;
}

void sys_bell_clear(int bell)
{
    eventfd_t rings;

    while (eventfd_read(bell, &rings) < 0 && errno == EINTR)
        ;
}

/* Nothing ends a wait when another thread closes a descriptor. So where that may happen none lasts
 * longer than patience, which doubles while nothing is found. */
enum { PATIENCE = 500000000, MOST_PATIENCE = 128 };
static _Thread_local int64_t patience = PATIENCE;

static int64_t shorten(int64_t nanoseconds, int64_t most)
{
    return nanoseconds < 0 || nanoseconds > most ? most : nanoseconds;
}

static struct timespec *timespec_of(int64_t nanoseconds, struct timespec *room)
{
    *room = (struct timespec){nanoseconds / SECOND, nanoseconds % SECOND};
    return nanoseconds < 0 ? NULL : room;
}

static void lose_patience(bool found)
{
    if (found)
        patience = PATIENCE;
    else if (patience < PATIENCE * (int64_t)MOST_PATIENCE)
        patience *= 2;
}

/* The next select finds what was closed. */
int sys_select(int count, unsigned long *readable, unsigned long *writable, bool may_close,
               int64_t nanoseconds)
{
    struct timespec wait;
    int found;

    if (may_close)
        nanoseconds = shorten(nanoseconds, patience);
    /* pselect of the C library passes the place of a mask even if there is none; valgrind loses it
     * when a signal comes just then. */
    found = (int)result(syscall(SYS_pselect6, count, readable, writable, NULL,
                                timespec_of(nanoseconds, &wait), NULL));
    if (found != 0 || nanoseconds == patience)
        lose_patience(found != 0);
    return found;
}

int sys_epoll_create(void)
{
    return (int)result(epoll_create1(EPOLL_CLOEXEC));
}

int sys_epoll_control(int epoll, int operation, int number, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = number};

    return (int)result(epoll_ctl(epoll, operation, number, &event));
}

/* In nanoseconds where the kernel can, since Linux 5.11; otherwise rounded up. */
static int wait_epoll(int epoll, struct epoll_event *events, int room, int64_t nanoseconds)
{
    struct timespec wait;
    int found = (int)result(syscall(SYS_epoll_pwait2, epoll, events, room,
                                    timespec_of(nanoseconds, &wait), NULL, (size_t)0));
    int64_t milliseconds =
        nanoseconds < 0 ? -1 : nanoseconds / 1000000 + (nanoseconds % 1000000 > 0);

    if (found != -ENOSYS)
        return found;
    return (int)result(
        epoll_wait(epoll, events, room, milliseconds < INT_MAX ? (int)milliseconds : INT_MAX));
}

int sys_epoll_wait(int epoll, struct epoll_event *events, int room, int64_t nanoseconds,
                   bool *may_close)
{
    static _Thread_local int64_t looked;
    int64_t left = *may_close ? looked + patience - sys_clock() : 0;
    int found;

    if (*may_close)
        nanoseconds = shorten(nanoseconds, left > 0 ? left : 0);
    found = wait_epoll(epoll, events, room, nanoseconds);
    if (found > 0)
        lose_patience(true);
    if (*may_close && (left <= 0 || (found == 0 && nanoseconds == left))) {
        looked = sys_clock();
        lose_patience(found > 0);
    } else {
        *may_close = false;
    }
    return found;
}

int64_t sys_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

int sys_signal_handle(int number, void (*handler)(int number), struct sigaction *before)
{
    struct sigaction action = {.sa_handler = handler ? handler : SIG_IGN, .sa_flags = SA_RESTART};

    return (int)result(sigaction(number, &action, before));
}

void sys_signal_restore(int number, const struct sigaction *before)
{
    sigaction(number, before, NULL);
}

void sys_signal_raise(int number)
{
    kill(getpid(), number);
}

bool sys_is_open(int number)
{
    return fcntl(number, F_GETFD) >= 0;
}

int sys_is_ready(int number, bool to_write)
{
    struct pollfd asked = {.fd = number, .events = to_write ? POLLOUT : POLLIN};

    if (number < 0 || (poll(&asked, 1, 0) == 1 && asked.revents & POLLNVAL))
        return -EBADF;
    return asked.revents != 0;
}

bool sys_has_error(int number)
{
    struct pollfd asked = {.fd = number};

    return poll(&asked, 1, 0) == 1 && asked.revents & POLLERR;
}

int sys_socket(int family, int type)
{
    return (int)result(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int sys_bind(int number, const struct sockaddr *address, socklen_t length, bool reuse_addr,
             bool reuse_port)
{
    const int one = 1;

    if ((reuse_addr && setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0) ||
        (reuse_port && setsockopt(number, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0) ||
        bind(number, address, length) < 0)
        return -errno;
    return 0;
}

int sys_listen(int number, int backlog)
{
    return (int)result(listen(number, backlog ? backlog : INT_MAX)); /* Linux lowers it */
}

static void end_address(struct sockaddr_storage *address, socklen_t length)
{
    if (length < sizeof *address)
        memset((char *)address + length, 0, sizeof *address - length);
}

int sys_accept(int listener, struct sockaddr_storage *peer, int flags)
{
    socklen_t length = sizeof *peer;
    int number;

    do
        number = accept4(listener, (struct sockaddr *)peer, peer ? &length : NULL, flags);
    while (number < 0 && errno == EINTR);
    if (number >= 0 && peer != NULL)
        end_address(peer, length);
    return (int)result(number);
}

int sys_connect(int number, const struct sockaddr *address, socklen_t length)
{
    int error;

    do
        error = connect(number, address, length);
    while (error < 0 && errno == EINTR);
    return (int)result(error);
}

ssize_t sys_send(int number, const void *buffer, size_t size, const struct sockaddr *address,
                 socklen_t length)
{
    ssize_t n;

    do
        n = sendto(number, buffer, size, MSG_NOSIGNAL, address, length);
    while (n < 0 && errno == EINTR);
    return result(n);
}

ssize_t sys_send_vector(int number, const struct iovec *buffers, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)buffers, .msg_iovlen = (unsigned)count};
    ssize_t n;

    do
        n = sendmsg(number, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return result(n);
}

ssize_t sys_receive(int number, void *buffer, size_t size, struct sockaddr_storage *peer,
                    socklen_t *peer_length)
{
    socklen_t length = sizeof *peer;
    ssize_t n;

    do
        n = recvfrom(number, buffer, size, 0, (struct sockaddr *)peer, peer ? &length : NULL);
    while (n < 0 && errno == EINTR);
    if (n >= 0 && peer != NULL) {
        end_address(peer, length);
        *peer_length = length;
    }
    return result(n);
}

int sys_set_option(int number, int level, int name, const void *value, socklen_t length)
{
    return (int)result(setsockopt(number, level, name, value, length));
}

int sys_get_option(int number, int level, int name, void *value, socklen_t *length)
{
    return (int)result(getsockopt(number, level, name, value, length));
}

int sys_socket_type(int number)
{
    int type;
    socklen_t length = sizeof type;

    if (getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &length) == 0)
        return type;
    return errno == ENOTSOCK ? 0 : -errno;
}

int sys_unblock(int number)
{
    int flags = fcntl(number, F_GETFL);

    if (flags < 0 || fcntl(number, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    return !(flags & O_NONBLOCK);
}

void sys_block(int number)
{
    int flags = fcntl(number, F_GETFL);

    if (flags >= 0)
        fcntl(number, F_SETFL, flags & ~O_NONBLOCK);
}

ssize_t sys_read(int number, void *buffer, size_t size)
{
    ssize_t n;

    do
        n = read(number, buffer, size);
    while (n < 0 && errno == EINTR);
    return result(n);
}

/* EPIPE comes with a SIGPIPE for this thread. Block it, and remove it unless one was pending
 * before. */
ssize_t sys_write_vector(int number, const struct iovec *buffers, int count)
{
    const struct timespec now = {0, 0};
    sigset_t pipe, before, waiting;
    ssize_t n;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    sigpending(&waiting);
    do
        n = writev(number, buffers, count);
    while (n < 0 && errno == EINTR);
    n = result(n);
    if (n == -EPIPE && !sigismember(&waiting, SIGPIPE))
        while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return n;
}

ssize_t sys_write(int number, const void *buffer, size_t size)
{
    const struct iovec whole = {(void *)buffer, size};

    return sys_write_vector(number, &whole, 1);
}

void sys_complain(const char *line)
{
    char text[256];
    int size = snprintf(text, sizeof text, "miou: %s\n", line);

    sys_write(STDERR_FILENO, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

int sys_duplicate(int number)
{
    return (int)result(fcntl(number, F_DUPFD_CLOEXEC, 0));
}

void sys_end_writing(int number)
{
    shutdown(number, SHUT_WR);
}

int sys_close(int number)
{
    /* On Linux the descriptor is closed even if the call is interrupted. */
    return close(number) < 0 && errno != EINTR ? -errno : 0;
}
