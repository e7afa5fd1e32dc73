/* select.c: an echo server on a bare select loop in one thread, which does no more than it
 * must: the limit for the runtime's echo server. */
#include "bench.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BITS = 8 * sizeof(unsigned long), WORDS = 1024 };

static unsigned long all[WORDS], ready[WORDS];
static int highest;

static void admit(int fd)
{
    if (fd >= BITS * WORDS) {
        close(fd);
        return;
    }
    all[fd / BITS] |= 1ul << fd % BITS;
    if (fd > highest)
        highest = fd;
}

/* A write never blocks, because a client has only one short request under way. If it did, the
 * client would be dropped. */
static void serve(int fd)
{
    char buffer[0x100];
    ssize_t n = read(fd, buffer, sizeof buffer);

    if (n > 0 && write(fd, buffer, (size_t)n) == n)
        return;
    all[fd / BITS] &= ~(1ul << fd % BITS);
    close(fd);
}

_Noreturn void select_server(int listener)
{
    admit(listener);
    for (;;) {
        int words = highest / BITS + 1, word, fd;

        memcpy(ready, all, (size_t)words * sizeof *all);
        if (select(highest + 1, (fd_set *)ready, NULL, NULL, NULL) < 0)
            give_up("select", -errno);
        for (word = 0; word < words; word++)
            for (; ready[word]; ready[word] &= ready[word] - 1) {
                fd = word * BITS + __builtin_ctzl(ready[word]);
                if (fd != listener)
                    serve(fd);
                else if ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
                    admit(fd);
            }
    }
}
