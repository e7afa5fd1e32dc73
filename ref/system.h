/* system.h: the one seam between the runtime and the system. Every system call goes through here;
 * the file that is linked decides whether the system is a real one. Calls return -errno. */
#ifndef REF_SYSTEM_H
#define REF_SYSTEM_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Zeroed pages, or NULL. Those of sys_map cost nothing until they are touched; those of sys_map_now
 * are all there at once. */
size_t sys_page_size(void);
void *sys_map(size_t size);
void *sys_map_now(size_t size);
void sys_unmap(void *memory, size_t size);
int sys_guard(void *page, size_t size); /* from now on any access is a fault */
size_t sys_signal_frame(void); /* bytes of a stack that a signal takes, its handler not included */

/* A new thread blocks the signals that its creator blocks. */
int sys_thread_create(pthread_t *thread, void *(*fn)(void *), void *arg);
void sys_thread_join(pthread_t thread);
void sys_yield(void); /* let other threads run */

/* A descriptor that is readable once it has been rung, from any thread, until it is cleared. */
int sys_bell_create(void);
void sys_bell_ring(int bell);
void sys_bell_clear(int bell);

/* select(2) on bitmaps of count bits, for at most so long; 0: only look, -1: as long as it takes.
 * may_close tells that the application may close one of the descriptors meanwhile. Returns how many
 * are ready, perhaps 0 before the time is over. */
int sys_select(int count, unsigned long *readable, unsigned long *writable, bool may_close,
               int64_t nanoseconds);
bool sys_is_open(int number);
int sys_is_ready(int number, bool to_write); /* without waiting: 1, 0, or -EBADF */

/* epoll(7). sys_epoll_wait waits as sys_select does; *may_close tells that the application may
 * close a descriptor meanwhile, which epoll does not notice, and then whether it is time to look
 * for that. */
int sys_epoll_create(void);
int sys_epoll_control(int epoll, int operation, int number, uint32_t events);
int sys_epoll_wait(int epoll, struct epoll_event *events, int room, int64_t nanoseconds,
                   bool *may_close);

/* Whether select finds the descriptor ready whatever may be read or written, for an error that no
 * call returns: the socket keeps a queue of errors for its user. */
bool sys_has_error(int number);

/* Write a line to standard error; no SIGPIPE comes of it. */
void sys_complain(const char *line);

/* The monotonic clock, in nanoseconds. */
int64_t sys_clock(void);

/* Handle a signal of the process, or ignore it if handler is NULL, and tell what the process did
 * with it before, for sys_signal_restore; before may be NULL. */
int sys_signal_handle(int number, void (*handler)(int number), struct sigaction *before);
void sys_signal_restore(int number, const struct sigaction *before);
void sys_signal_raise(int number); /* for the process */

/* Sockets, non-blocking and closed on exec; of an accepted one the flags, those of accept4(2), say
 * so. Calls are repeated on EINTR. Addresses that are received are padded with zeros. */
int sys_socket(int family, int type);
int sys_bind(int number, const struct sockaddr *address, socklen_t length, bool reuse_addr,
             bool reuse_port);
int sys_listen(int number, int backlog);
int sys_accept(int listener, struct sockaddr_storage *peer, int flags);
/* -EINPROGRESS: connecting has begun; called again it returns -EALREADY until that is over, then
 * the result. -EAGAIN: the peer has no room, and nothing tells when it has. */
int sys_connect(int number, const struct sockaddr *address, socklen_t length);
ssize_t sys_send(int number, const void *buffer, size_t size, const struct sockaddr *address,
                 socklen_t length);
ssize_t sys_send_vector(int number, const struct iovec *buffers, int count);
ssize_t sys_receive(int number, void *buffer, size_t size, struct sockaddr_storage *peer,
                    socklen_t *peer_length);
int sys_set_option(int number, int level, int name, const void *value, socklen_t length);
int sys_get_option(int number, int level, int name, void *value, socklen_t *length);

/* Any descriptor. sys_write raises no SIGPIPE; it is not for sockets, which have sys_send. */
int sys_socket_type(int number); /* SOCK_STREAM and so on; 0: no socket */
int sys_unblock(int number);     /* returns whether it did block before */
void sys_block(int number);
ssize_t sys_read(int number, void *buffer, size_t size);
ssize_t sys_write(int number, const void *buffer, size_t size);
ssize_t sys_write_vector(int number, const struct iovec *buffers, int count);
int sys_duplicate(int number);    /* closed on exec */
void sys_end_writing(int number); /* the peer of a stream reads its end */
int sys_close(int number);

#endif
