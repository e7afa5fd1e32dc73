/* epoll.c: an echo server on a bare epoll loop in one thread, which does no more than it must: the
 * limit for the runtime's echo server with epoll. */
#include "bench.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void admit(int epoll, int fd)
{
    struct epoll_event event = {EPOLLIN, {.fd = fd}};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        close(fd);
}

/* A write never blocks, as in select.c. */
static void serve(int fd)
{
    char buffer[0x100];
    ssize_t n = read(fd, buffer, sizeof buffer);

    if (n <= 0 || write(fd, buffer, (size_t)n) != n)
        close(fd);
}

_Noreturn void epoll_server(int listener)
{
    enum { EVENTS = 512 };
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC), found, fd;

    admit(epoll, listener);
    for (;;) {
        if ((found = epoll_wait(epoll, events, EVENTS, -1)) < 0)
            give_up("epoll_wait", -errno);
        for (int i = 0; i < found; i++)
            if ((fd = events[i].data.fd) != listener)
                serve(fd);
            else if ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
                admit(epoll, fd);
    }
}
