/* Not quite a liar: a runtime without tasks. Main makes the calls of the system themselves, which
 * block, and what a call sets is called at once, or, if it is a hook or a handler, by the next
 * miou_yield. What the driver prints about an execution on it can be predicted. */
#include "liar.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct miou_fd {
    int number;
};

RUN
{
    static int runs;
    int result;

    if (runs > 0)
        return -EBUSY;
    runs++;
    result = fn(arg);
    runs--;
    return result;
}

static int made(miou_fd **fd, int number)
{
    if (number < 0)
        return -errno;
    *fd = malloc(sizeof **fd);
    (*fd)->number = number;
    return 0;
}

static int result_of(ssize_t n)
{
    return n < 0 ? -errno : (int)n;
}

EXPORT int miou_fd_adopt(miou_fd **fd, int number, unsigned flags)
{
    (void)flags;
    return made(fd, number);
}

EXPORT int miou_fd_number(miou_fd *fd)
{
    return fd->number;
}

/* Only what is owned would have one. */
EXPORT miou_resource *miou_fd_resource(miou_fd *fd)
{
    (void)fd;
    return NULL;
}

EXPORT int miou_tcpv4(miou_fd **fd, unsigned flags)
{
    (void)flags;
    return made(fd, socket(AF_INET, SOCK_STREAM, 0));
}

EXPORT int miou_udpv4(miou_fd **fd, unsigned flags)
{
    (void)flags;
    return made(fd, socket(AF_INET, SOCK_DGRAM, 0));
}

EXPORT int miou_bind_and_listen(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                                const miou_listen *options)
{
    int result = bind(fd->number, address, length);

    (void)options;
    if (result == 0 && listen(fd->number, 8) < 0 && errno != EOPNOTSUPP)
        result = -1;
    return result_of(result);
}

EXPORT int miou_accept(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    (void)peer;
    return made(client, accept(listener->number, NULL, NULL));
}

EXPORT int miou_connect(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    return result_of(connect(fd->number, address, length));
}

EXPORT ssize_t miou_read(miou_fd *fd, void *buffer, size_t size)
{
    return fd ? result_of(read(fd->number, buffer, size)) : -EBADF;
}

/* Here it is a liar: it lets the second byte be another. */
EXPORT ssize_t miou_read_exactly(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = miou_read(fd, buffer, size);

    if (n > 1)
        ((char *)buffer)[1]++;
    return n;
}

EXPORT ssize_t miou_write(miou_fd *fd, const void *buffer, size_t size)
{
    return result_of(write(fd->number, buffer, size));
}

EXPORT ssize_t miou_sendto(miou_fd *fd, const void *buffer, size_t size,
                           const struct sockaddr *address, socklen_t length)
{
    return result_of(sendto(fd->number, buffer, size, 0, address, length));
}

EXPORT ssize_t miou_recvfrom(miou_fd *fd, void *buffer, size_t size, struct sockaddr_storage *peer,
                             socklen_t *length)
{
    (void)peer, (void)length;
    return result_of(recv(fd->number, buffer, size, 0));
}

EXPORT int miou_close(miou_fd *fd)
{
    return result_of(close(fd->number));
}

/* ---- What is called later ---- */

static miou_signal_handler *handler;
static void *handler_arg;
static volatile sig_atomic_t came;
static int (*hook)(void *arg);
static void *hook_arg;

static void note(int number)
{
    came = number;
}

EXPORT int miou_signal_handle(int number, miou_signal_handler *fn, void *arg)
{
    if (number == SIGKILL)
        return -EINVAL;
    handler = fn;
    handler_arg = arg;
    signal(number, fn == MIOU_SIGNAL_DEFAULT ? SIG_DFL : fn == MIOU_SIGNAL_IGNORE ? SIG_IGN : note);
    return 0;
}

EXPORT int miou_hook_add(miou_hook **made_hook, int (*fn)(void *arg), void *arg)
{
    hook = fn;
    hook_arg = arg;
    *made_hook = malloc(1);
    return 0;
}

EXPORT int miou_hook_remove(miou_hook *made_hook)
{
    (void)made_hook;
    hook = NULL;
    return 0;
}

EXPORT int miou_yield(void)
{
    int number = came;

    came = 0;
    if (number)
        handler(number, handler_arg);
    if (hook)
        hook(hook_arg);
    return 0;
}

EXPORT int miou_protect(miou_task *fn, void *arg, int (*finally)(void *arg, int cancelled),
                        int (*on_cancellation)(void *arg))
{
    int result = fn(arg);

    finally(arg, 0);
    return on_cancellation ? on_cancellation(arg) : result;
}

EXPORT int miou_mutex_create(miou_mutex **mutex)
{
    *mutex = malloc(1);
    return 0;
}

EXPORT int miou_mutex_protect(miou_mutex *mutex, miou_task *fn, void *arg)
{
    return mutex ? fn(arg) : -EINVAL;
}

EXPORT int miou_trigger_create(miou_trigger **trigger)
{
    *trigger = malloc(1);
    return 0;
}

EXPORT int miou_trigger_on_signal(miou_trigger *trigger,
                                  void (*action)(miou_trigger *trigger, void *arg), void *arg)
{
    action(trigger, arg);
    return 0;
}

EXPORT int miou_resource_create(miou_resource **resource, miou_finaliser *finaliser, void *value)
{
    (void)resource;
    finaliser(value);
    return 0;
}

EXPORT int miou_deadline(int64_t nanoseconds, miou_task *fn, void *arg)
{
    return nanoseconds > 0 ? fn(arg) : MIOU_EXPIRED;
}

EXPORT int miou_blocking(miou_task *fn, void *arg)
{
    return fn(arg);
}

EXPORT int miou_wait_readable(int number)
{
    return number < 0 ? -EBADF : 0;
}

EXPORT int miou_wait_writable(int number)
{
    return number < 0 ? -EBADF : -EOPNOTSUPP;
}

EXPORT int miou_fd_split(miou_fd **writer, miou_fd *fd)
{
    return made(writer, dup(fd->number));
}
