/* miou_unix.h: a run with the POSIX monitor, time, and descriptors whose waits suspend only the
 * calling task.
 *
 * A descriptor that was made with MIOU_OWNED is a resource as well: the task that made or accepted
 * it owns it, every call on it by another task returns MIOU_NOT_OWNER [R6.10], its finaliser closes
 * it [R6.12], and miou_close ends it [R6.14]. To disown that resource leaves the number to the
 * caller [R6.28]. An ended descriptor is stale: -EBADF. A plain one is anybody's, and closed with
 * the run if nobody closes it [R6.24]. Errors common to all calls here, beside those named: -EINVAL
 * (NULL), -EBADF (closed), MIOU_NOT_OWNER, MIOU_NOT_RUNNING [R6.26]; and of those that can suspend:
 * MIOU_CANCELLED [R6.27], MIOU_IN_FINALISER, MIOU_NO_MONITOR, and the system's own, as -errno.
 * EINTR is never seen [R6.20]. */
#ifndef MIOU_UNIX_H
#define MIOU_UNIX_H

#include "miou.h"

#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* miou_run with the POSIX monitor on every domain: tasks may sleep and wait for descriptors.
 * Errors: those of miou_run; -EINVAL (the options have a monitor). */
int miou_unix_run(const miou_options *options, miou_task *fn, void *arg);

/* Suspend the calling task for so many nanoseconds at least, by the monotonic clock [R10.1]; who
 * sleeps shorter wakes first [R10.2]. Returns 0; at once if nanoseconds is 0 or less [R10.3].
 * Many may sleep at once [R10.5], as long as they like [R10.9], while other tasks and domains go on
 * [R10.6, R10.7].
 * Errors: MIOU_CANCELLED [R10.4], MIOU_NO_MONITOR [R10.8], MIOU_NOT_RUNNING, MIOU_IN_FINALISER
 * [R10.10], -ENOMEM. */
int miou_sleep(int64_t nanoseconds);

typedef struct miou_fd miou_fd;

enum miou_fd_flags {
    MIOU_OWNED = 1,   /* the calling task owns the descriptor */
    MIOU_BLOCKING = 2 /* miou_fd_adopt only: leave the descriptor blocking, if it is */
};

/* Make a socket, non-blocking and closed on exec [R6.1]: TCP or UDP [R6.30] over IPv4 or IPv6
 * [R6.41], or a stream of the Unix domain [R6.29]. flags: 0 or MIOU_OWNED [R6.39]. Errors: -EINVAL
 * (other flags), MIOU_CANCELLED, MIOU_IN_FINALISER, -EMFILE and the system's own. */
int miou_tcpv4(miou_fd **fd, unsigned flags);
int miou_tcpv6(miou_fd **fd, unsigned flags);
int miou_udpv4(miou_fd **fd, unsigned flags);
int miou_udpv6(miou_fd **fd, unsigned flags);
int miou_unix_socket(miou_fd **fd, unsigned flags);

/* Take a descriptor of the system's, such as a pipe's or terminal's, which is the runtime's to
 * close from then on [R6.31]. It becomes non-blocking, unless flags says MIOU_BLOCKING: then a call
 * that waits holds up its whole domain. Errors: -EINVAL (other flags), -EBADF (number is none that
 * is open), MIOU_CANCELLED, MIOU_IN_FINALISER, -ENOMEM and the system's own; on error it stays the
 * caller's. */
int miou_fd_adopt(miou_fd **fd, int number, unsigned flags);

/* How to listen; NULL or all zero: as many waiting connections as the system allows, and others may
 * listen on the same address too. */
typedef struct miou_listen {
    int backlog;       /* connections that may wait to be accepted; 0: the system's maximum */
    int no_reuse_addr; /* do not set SO_REUSEADDR */
    int no_reuse_port; /* do not set SO_REUSEPORT, so that one socket alone has the address [R6.2]
                        */
} miou_listen;

/* Bind fd to an address of length bytes and, unless it is a UDP socket [R6.30], listen on it
 * [R6.2]. Port 0 takes a free one; getsockname on miou_fd_number tells which. Errors: -EINVAL
 * (negative backlog), -EADDRINUSE and the system's own. */
int miou_bind_and_listen(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                         const miou_listen *options);

/* Wait for a connection and take it [R6.3]: *client is non-blocking, closed on exec and, if the
 * listener is owned, owned by the calling task [R6.13]. peer, which may be NULL, gets the other
 * end's address. Errors: -EMFILE, -ENFILE (no descriptor is left; the listener stays usable
 * [R6.17]) and the system's own. */
int miou_accept(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer);

/* Connect fd to an address of length bytes, waiting as long as it takes [R6.32]. After an error but
 * -EISCONN, or when cancelled meanwhile [R6.33], fd is good for nothing but to be closed. Errors:
 * -EINVAL (address is NULL), -ECONNREFUSED and the system's own. */
int miou_connect(miou_fd *fd, const struct sockaddr *address, socklen_t length);

/* Read up to size bytes; waits until there is at least one. Returns how many, 0 at the end of the
 * stream or if size is 0 [R6.4]. Errors: -EINVAL (buffer is NULL and size is not 0), -ECONNRESET
 * and the system's own [R6.7]. */
ssize_t miou_read(miou_fd *fd, void *buffer, size_t size);

/* Read size bytes, waiting until all are there [R6.34]. Returns size. Errors: those of miou_read
 * [R6.43], MIOU_END_OF_FILE (the stream ended before [R6.35]). On error any part may have been
 * read. */
ssize_t miou_read_exactly(miou_fd *fd, void *buffer, size_t size);

/* Write all size bytes, waiting as often as need be; the buffer must not change meanwhile. Returns
 * size [R6.5]. Errors: -EINVAL (buffer is NULL and size is not 0), -EPIPE or -ECONNRESET (the other
 * end has closed; no signal is raised [R6.6, R6.42, R6.43]) and the system's own. On error any part
 * may have been sent. */
ssize_t miou_write(miou_fd *fd, const void *buffer, size_t size);

/* Receive one datagram of up to size bytes, waiting until there is one; what is longer is cut off
 * [R6.36], and no other task gets it [R6.40]. peer and peer_length, which both may be NULL, get its
 * sender. Returns its length, which may be 0. Errors: -EINVAL (buffer is NULL and size is not 0,
 * one of peer and peer_length is NULL) and the system's own. */
ssize_t miou_recvfrom(miou_fd *fd, void *buffer, size_t size, struct sockaddr_storage *peer,
                      socklen_t *peer_length);

/* Send one datagram of size bytes to an address of length bytes, waiting if need be [R6.36];
 * address may be NULL if fd is connected. Returns size. Errors: -EINVAL (buffer is NULL and size is
 * not 0), -EMSGSIZE and the system's own. */
ssize_t miou_sendto(miou_fd *fd, const void *buffer, size_t size, const struct sockaddr *address,
                    socklen_t length);

/* Close, and disown if owned; fd is stale afterwards, whatever is returned [R6.14]. Tasks that wait
 * on it, on whatever domain, get -EBADF [R6.23, R6.37], and so do others that close it [R6.38].
 * Does not suspend; allowed in a finaliser if fd is not owned. */
int miou_close(miou_fd *fd);

/* The resource of an owned descriptor, to give or transfer. NULL if fd is NULL, stale or not owned.
 */
miou_resource *miou_fd_resource(miou_fd *fd);

/* The system's number of the descriptor, which stays the runtime's to close. */
int miou_fd_number(miou_fd *fd);

#ifdef __cplusplus
}
#endif
#endif
