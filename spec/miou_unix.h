/* miou_unix.h: a run with the POSIX monitor, and sockets whose waits suspend only the calling task.
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

/* miou_run with the POSIX monitor on every domain: tasks may wait for descriptors. */
int miou_unix_run(const miou_options *options, miou_task *fn, void *arg);

typedef struct miou_fd miou_fd;

enum miou_fd_flags {
    MIOU_OWNED = 1 /* the calling task owns the descriptor */
};

/* Make a TCP socket over IPv4 or IPv6, non-blocking and closed on exec [R6.1]. flags: 0 or
 * MIOU_OWNED. Errors: -EINVAL (other flags), MIOU_CANCELLED, MIOU_IN_FINALISER, -EMFILE and the
 * system's own. */
int miou_tcpv4(miou_fd **fd, unsigned flags);
int miou_tcpv6(miou_fd **fd, unsigned flags);

/* How to listen; NULL or all zero: as many waiting connections as the system allows, and others may
 * listen on the same address too. */
typedef struct miou_listen {
    int backlog;       /* connections that may wait to be accepted; 0: the system's maximum */
    int no_reuse_addr; /* do not set SO_REUSEADDR */
    int no_reuse_port; /* do not set SO_REUSEPORT, so that one socket alone has the address [R6.2]
                        */
} miou_listen;

/* Bind fd to an address of length bytes and listen on it [R6.2]. Port 0 takes a free one;
 * getsockname on miou_fd_number tells which. Errors: -EINVAL (negative backlog), -EADDRINUSE and
 * the system's own. */
int miou_bind_and_listen(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                         const miou_listen *options);

/* Wait for a connection and take it [R6.3]: *client is non-blocking, closed on exec and, if the
 * listener is owned, owned by the calling task [R6.13]. peer, which may be NULL, gets the other
 * end's address. Errors: -EMFILE, -ENFILE (no descriptor is left; the listener stays usable
 * [R6.17]) and the system's own. */
int miou_accept(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer);

/* Read up to size bytes; waits until there is at least one. Returns how many, 0 at the end of the
 * stream or if size is 0 [R6.4]. Errors: -EINVAL (buffer is NULL and size is not 0), -ECONNRESET
 * and the system's own [R6.7]. */
ssize_t miou_read(miou_fd *fd, void *buffer, size_t size);

/* Write all size bytes, waiting as often as need be; the buffer must not change meanwhile. Returns
 * size [R6.5]. Errors: -EINVAL (buffer is NULL and size is not 0), -EPIPE or -ECONNRESET (the other
 * end has closed; no signal is raised [R6.6]) and the system's own. On error any part may have been
 * sent. */
ssize_t miou_write(miou_fd *fd, const void *buffer, size_t size);

/* Close, and disown if owned; fd is stale afterwards, whatever is returned [R6.14]. Does not
 * suspend; allowed in a finaliser if fd is not owned. */
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
