/* miou_unix.h: a run with the POSIX monitor, time, and descriptors whose waits suspend only the
 * calling task.
 *
 * A descriptor that was made with MIOU_OWNED is also a resource. The task that made or accepted it
 * owns it, and every call on it by another task returns MIOU_NOT_OWNER [R6.10]. Its finaliser
 * closes it [R6.12], miou_close ends it [R6.14], and disowning its resource leaves the number to
 * the caller [R6.28]. A plain descriptor, made without that flag, may be used by every task, and is
 * closed with the run if no task closes it [R6.24]. A descriptor that has ended is stale: -EBADF.
 *
 * Besides the errors that a comment names:
 * - all calls on a descriptor: -EINVAL (NULL), -EBADF (ended) [R6.8], MIOU_NOT_OWNER [R6.10],
 *   MIOU_NOT_RUNNING [R6.26];
 * - calls that can wait for a descriptor: MIOU_CANCELLED [R6.27], MIOU_IN_FINALISER [R6.26],
 *   MIOU_NO_MONITOR [R6.18], and the system's own errors as -errno. None returns -EINTR [R6.20]. */
#ifndef MIOU_UNIX_H
#define MIOU_UNIX_H

#include "miou.h"

#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Run fn(arg) as miou_run does, with the POSIX monitor on every domain: tasks may sleep and wait
 * for descriptors. Returns as miou_run.
 * Errors: those of miou_run; -EINVAL (the options have a monitor [R11.2], or no miou_poller is
 * options.poller), -ENOSYS (the runtime does not have that poller [R6.47]). */
int miou_unix_run(const miou_options *options, miou_task *fn, void *arg);

/* Suspend the calling task for at least that many nanoseconds, by the monotonic clock [R10.1].
 * Sleepers go on in the order of their deadlines [R10.2]. Returns 0; no time passes if nanoseconds
 * is 0 or less, though other tasks may run [R10.3]. Many tasks may sleep at once [R10.5], for as
 * long as they like [R10.9], while other tasks and domains go on [R10.6, R10.7]. Errors:
 * MIOU_CANCELLED [R10.4], MIOU_NO_MONITOR [R10.8], MIOU_NOT_RUNNING, MIOU_IN_FINALISER [R10.10],
 * -ENOMEM. */
int miou_sleep(int64_t nanoseconds);

typedef struct miou_fd miou_fd;

enum miou_fd_flags {
    MIOU_OWNED = 1,   /* the calling task owns the descriptor */
    MIOU_BLOCKING = 2 /* miou_fd_adopt only: leave the descriptor blocking, if it is */
};

/* Make a socket that is non-blocking and closed on exec [R6.1]: TCP or UDP [R6.30] over IPv4 or
 * IPv6 [R6.41], or a stream of the Unix domain [R6.29]. flags is 0 or MIOU_OWNED [R6.39]. Returns
 * 0.
 * Errors: -EINVAL (other flags), MIOU_CANCELLED, MIOU_IN_FINALISER, -EMFILE [R6.17] and the
 * system's own. */
int miou_tcpv4(miou_fd **fd, unsigned flags);
int miou_tcpv6(miou_fd **fd, unsigned flags);
int miou_udpv4(miou_fd **fd, unsigned flags);
int miou_udpv6(miou_fd **fd, unsigned flags);
int miou_unix_socket(miou_fd **fd, unsigned flags);

/* Take a descriptor of the system, such as that of a pipe or a terminal. From then on the number,
 * which it keeps, is the runtime's to close [R6.31]. It becomes non-blocking until it is closed or
 * disowned, unless flags has MIOU_BLOCKING: then a call that waits holds up its whole domain. Returns
 * 0.
 * Errors: -EINVAL (other flags), -EBADF (number is not open), MIOU_CANCELLED, MIOU_IN_FINALISER,
 * -ENOMEM and the system's own. On error the number stays the caller's. */
int miou_fd_adopt(miou_fd **fd, int number, unsigned flags);

/* How to listen; NULL or all zero: with as many waiting connections as the system allows, at an
 * address that other sockets may share. */
typedef struct miou_listen {
    int backlog;       /* connections that may wait to be accepted; 0: the system's maximum */
    int no_reuse_addr; /* not 0: do not set SO_REUSEADDR */
    int no_reuse_port; /* not 0: do not set SO_REUSEPORT, so that one socket alone has the address
                          [R6.2] */
} miou_listen;

/* Bind fd to an address of length bytes and listen there [R6.2]; a UDP socket is only bound
 * [R6.30]. Port 0 takes a free port; getsockname on miou_fd_number tells which. It may be called in
 * a finaliser and in a cancelled task [R6.26, R6.27]. Returns 0. Errors: -EINVAL (address is NULL,
 * backlog is negative), -EADDRINUSE and the system's own. */
int miou_bind_and_listen(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                         const miou_listen *options);

/* Wait for a connection and take it [R6.3]. *client is non-blocking and closed on exec; if the
 * listener is owned, the calling task owns *client [R6.13]. *peer, which may be NULL, is the
 * address of the other end. Returns 0.
 * Errors: -EMFILE, -ENFILE (no descriptor is left, perhaps also if no connection is waiting; the
 * listener stays usable [R6.17]) and the system's own. */
int miou_accept(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer);

/* Connect fd to an address of length bytes, waiting as long as it takes [R6.32]. Returns 0. After
 * an error other than -EISCONN, and after a cancellation meanwhile [R6.33], fd can only be closed.
 * Errors: -EINVAL (address is NULL), -ECONNREFUSED and the system's own. */
int miou_connect(miou_fd *fd, const struct sockaddr *address, socklen_t length);

/* Read up to size bytes into buffer, waiting until there is at least one. Returns how many
 * were read, or 0 at the end of the stream or if size is 0 [R6.4].
 * Errors: -EINVAL (buffer is NULL and size is not 0), -ECONNRESET and the system's own [R6.7]. */
ssize_t miou_read(miou_fd *fd, void *buffer, size_t size);

/* Read size bytes into buffer, waiting until all are there [R6.34]. Returns size.
 * Errors: those of miou_read [R6.43], MIOU_END_OF_FILE (the stream ended before [R6.35]). On error
 * any part may have been read. */
ssize_t miou_read_exactly(miou_fd *fd, void *buffer, size_t size);

/* Write all size bytes of buffer, waiting as often as necessary; buffer must not change meanwhile.
 * Returns size [R6.5].
 * Errors: -EINVAL (buffer is NULL and size is not 0), -EPIPE, -ECONNRESET or -ECONNREFUSED (the
 * other end has closed; no signal is raised [R6.6, R6.42, R6.43]) and the system's own. On error
 * any part may have been sent. */
ssize_t miou_write(miou_fd *fd, const void *buffer, size_t size);

/* Wait for a datagram and receive it into buffer; what is longer than size bytes is cut off
 * [R6.36]. No other task gets the same datagram [R6.40]. *peer and *peer_length are the sender's
 * address and its length; either both are NULL or none is, and *peer_length is not read. Returns
 * how many bytes were received, which may be 0.
 * Errors: -EINVAL (buffer is NULL and size is not 0, one of peer and peer_length is NULL) and the
 * system's own. */
ssize_t miou_recvfrom(miou_fd *fd, void *buffer, size_t size, struct sockaddr_storage *peer,
                      socklen_t *peer_length);

/* Send one datagram of size bytes to an address of length bytes, waiting if there is no room for it
 * [R6.36]. address may be NULL if fd is connected. Returns size.
 * Errors: -EINVAL (buffer is NULL and size is not 0), -EMSGSIZE, those of R6.42, and the system's
 * own. */
ssize_t miou_sendto(miou_fd *fd, const void *buffer, size_t size, const struct sockaddr *address,
                    socklen_t length);

/* Close fd, and end its resource if it is owned. fd is stale afterwards, whatever the system
 * returned [R6.14]. Tasks that wait for it, on whatever domain, get -EBADF [R6.23, R6.37], and so
 * do others that close it [R6.38]. Never suspends. Returns 0.
 * Errors: MIOU_IN_FINALISER (if fd is owned; a plain one can be closed there [R6.26]), the system's
 * own. */
int miou_close(miou_fd *fd);

/* Returns the resource of an owned descriptor, to give or transfer it [R6.22]. NULL if fd is NULL,
 * stale or not owned [R6.8], and outside a run [R6.26]. Any task may ask [R6.10]. */
miou_resource *miou_fd_resource(miou_fd *fd);

/* Returns the system's number of the descriptor, which stays the runtime's to close. */
int miou_fd_number(miou_fd *fd);

#ifdef __cplusplus
}
#endif
#endif
