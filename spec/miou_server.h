/* miou_server.h: what servers need beyond Miou: deadlines, waiting for descriptors of other
 * libraries, calls that block, and descriptors that one task reads and another writes.
 *
 * All of it is a part of the interface that a runtime may decline, and needs a run of
 * miou_unix_run. Besides the errors that a comment names, every call returns MIOU_NOT_RUNNING,
 * MIOU_IN_FINALISER, MIOU_CANCELLED, and, except miou_fd_split, MIOU_NO_MONITOR in a run of
 * miou_run [R14.8]. */
#ifndef MIOU_SERVER_H
#define MIOU_SERVER_H

#include "miou_unix.h"

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
 * others begin in the order in which they came [R14.13]. In a steered run fn may be called on the
 * calling thread, and hold up the run.
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

#ifdef __cplusplus
}
#endif
#endif
