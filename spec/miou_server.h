/* miou_server.h: what servers need beyond Miou: deadlines, waiting for descriptors of other
 * libraries, calls that block, descriptors that one task reads and another writes, and what else
 * sockets can do.
 *
 * All of it is a part of the interface that a runtime may decline. Besides the errors that a
 * comment names, every call returns MIOU_NOT_RUNNING, MIOU_IN_FINALISER and MIOU_CANCELLED. In a
 * run of miou_run, the calls that are not given a miou_fd return MIOU_NO_MONITOR [R14.8]. */
#ifndef MIOU_SERVER_H
#define MIOU_SERVER_H

#include "miou_unix.h"

#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Deadlines ---- */

/* A call would have to wait, or has waited, beyond its deadline [R14.1]. A code like those of
 * miou_error, with a text of its own [R1.15]. */
enum { MIOU_EXPIRED = -10014 };

/* Call fn(arg) under a deadline, in the calling task. It passes that many nanoseconds from now on,
 * by the monotonic clock; 0 or less: it has passed already. Returns what fn returned.
 *
 * A call that waits, made by fn or below it in the same task, returns MIOU_EXPIRED when the
 * deadline passes [R14.1]. After that a call that would have to wait returns MIOU_EXPIRED at once,
 * and one that need not wait does its work: what has come already can be had [R14.2]. miou_yield
 * returns MIOU_EXPIRED once it has let the others run, so that a task that never waits can notice
 * [R14.3]. Deadlines nest; the earliest counts [R14.4]. When fn has returned its deadline is gone,
 * and the task waits as before. Nothing else happens: the task is not cancelled, and goes on
 * [R14.5].
 *
 * A call that expires has taken nothing, and leaves everything as if it had not been made, except
 * that miou_read_exactly and miou_write may have moved any part, that miou_connect leaves a
 * descriptor that can only be closed, that miou_condition_wait has unlocked the mutex, and that the
 * point of miou_suspend is stale [R14.6]. A task's children have none of its deadlines: if an await
 * expires the child goes on, and its parent awaits it later, or cancels it. miou_cancel waits as
 * long as it takes, and so does miou_await_first once a child has ended; miou_parallel cancels what
 * it has spawned before it returns MIOU_EXPIRED [R14.7].
 * Errors, when fn was not called: -EINVAL (fn is NULL), -ENOMEM. */
int miou_deadline(int64_t nanoseconds, miou_task *fn, void *arg);

/* ---- Descriptors of other libraries ---- */

/* Wait until a number can be read, or written to, without blocking. The number is a descriptor of
 * the system, usually of another library, and not the runtime's; what has a miou_fd can be waited
 * for by its miou_fd_number, by its owner. An error and the end of the stream count as well: the
 * library's own call then tells which. Nothing is read or written; the number stays as it is, and
 * the caller's [R14.10]. Returns 0.
 * Errors: -EBADF (the number is not open, or a task closes it meanwhile, which may take a second to
 * notice [R14.11]), MIOU_EXPIRED (a deadline has passed), -ENOMEM. */
int miou_wait_readable(int number);
int miou_wait_writable(int number);

/* ---- Calls that block ---- */

/* Call fn(arg) on a thread that is no domain, and suspend only the calling task meanwhile: for
 * getaddrinfo, files and whatever else blocks [R14.12]. fn is not a task: every call of this
 * interface returns MIOU_NOT_RUNNING there. At least four such functions go on at a time in a run;
 * others begin in the order in which they came [R14.13]. In a steered run fn is called on the one
 * thread that there is, and holds up the run.
 *
 * Returns what fn returned. A function that has begun cannot be stopped, and is waited for: also if
 * the task is cancelled meanwhile, when the call returns MIOU_CANCELLED, or a deadline passes, when
 * it still returns what fn returned. A function that has not begun by then is never called
 * [R14.14]. So arg may stand on the caller's stack.
 * Errors, when fn was not called: -EINVAL (fn is NULL), MIOU_EXPIRED (a deadline has passed),
 * -EAGAIN (no thread can be made). */
int miou_blocking(miou_task *fn, void *arg);

/* ---- Halves ---- */

/* Split a stream socket into two halves, so that one task can read while another writes and each
 * owns what it uses. fd becomes the half for reading, *writer the half for writing; both are owned
 * if fd was, by the calling task, and plain otherwise. Each is a descriptor with a resource and a
 * number of its own, and is given, closed and finalised by itself [R14.15]. When the half for
 * writing ends, unless it is disowned, the peer reads the end of the stream, and the other half can
 * still read; when both have ended the socket is closed [R14.16]. Calls of the other direction
 * return -EOPNOTSUPP [R14.17]. Never suspends. Returns 0.
 * Errors: -EINVAL (NULL), -EBADF (fd has ended), MIOU_NOT_OWNER (fd is another task's), -EOPNOTSUPP
 * (fd is no stream socket, is a half already, or was adopted while it blocked), -EMFILE, -ENOMEM.
 * On error fd is as it was. */
int miou_fd_split(miou_fd **writer, miou_fd *fd);

/* ---- Sockets ---- */

/* Write all bytes of count buffers, one buffer after the other, as miou_write would write one that
 * holds them all [R14.18]. The array is not changed; neither it nor the buffers may change
 * meanwhile. Buffers may be empty, count may be 0, and greater than what writev(2) takes; to a
 * socket of datagrams all is one datagram. Returns how many bytes there are.
 * Errors: those of miou_write, -EINVAL (count is negative, buffers is NULL and count is not 0, a
 * buffer is NULL and not empty, there are more than SSIZE_MAX bytes). */
ssize_t miou_writev(miou_fd *fd, const struct iovec *buffers, int count);

/* Wait for a connection and take it, as miou_accept does, with flags of accept4(2) [R14.19]:
 * SOCK_NONBLOCK, without which *client blocks, and a call on it that waits holds up its whole
 * domain; SOCK_CLOEXEC, without which *client stays open in a program that the process becomes.
 * miou_accept has both. Returns 0.
 * Errors: those of miou_accept, -EINVAL (other flags; nothing has been accepted). */
int miou_accept4(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer, int flags);

/* Set or read an option of a socket, such as TCP_NODELAY, SO_KEEPALIVE or SO_RCVBUF, with the
 * arguments of setsockopt(2) and getsockopt(2) [R14.20]. Never suspends. Returns 0.
 * Errors: -EINVAL (fd, value or length is NULL), -EBADF (fd has ended), MIOU_NOT_OWNER (fd is
 * another task's), -ENOTSOCK, -ENOPROTOOPT and the system's own. */
int miou_setsockopt(miou_fd *fd, int level, int name, const void *value, socklen_t length);
int miou_getsockopt(miou_fd *fd, int level, int name, void *value, socklen_t *length);

#ifdef __cplusplus
}
#endif
#endif
