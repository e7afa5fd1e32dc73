/* sockets: peers in plain POSIX and tasks that wait, for the checks of descriptors and of the echo
 * server.
 *
 * Nothing here asserts, so all of it may be called inside tasks. A plain call that blocks holds up
 * a whole domain: inside a task use the functions named await_ or peer_ only for what comes by
 * itself. An int is a number of the system; -1 stands for no descriptor. What tasks write to lies
 * in the frame of the check and not of a task, which may end first. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "tasks.h"

#include <netinet/in.h>
#include <semaphore.h>
#include <sys/un.h>

/* 127.0.0.1, or ::1, and a port; 0 stands for any. They end the check if the machine lacks the
 * interface. */
struct sockaddr_in loopback(unsigned short port);
struct sockaddr_in6 loopback6(unsigned short port);

/* The n-th of this process's own addresses in the Unix domain; abstract, so that no file stays. */
struct sockaddr_un local_address(int n);

/* The port that a descriptor is bound to; 0 if it is not bound. */
unsigned short port_of(miou_fd *fd);

/* Listen on a port of 127.0.0.1; 0 stands for any. Returns 0 or the error. */
int listen_on(miou_fd **listener, unsigned flags, unsigned short port);

/* Make a UDP socket and bind it to a port of 127.0.0.1. Returns 0 or the error. */
int receive_on_udp(miou_fd **fd, unsigned flags);

/* Connect to a port of 127.0.0.1, or to an address of the Unix domain; -1 if that cannot be done.
 * They return even if the connection is not accepted. */
int peer_connect(unsigned short port);
int peer_connect_local(const struct sockaddr_un *address);

/* Make a UDP socket that is bound, and sends to that port of 127.0.0.1; -errno if it cannot be. */
int peer_connect_udp(unsigned short port);

/* Numbers that are made here are closed at the end of the check at the latest, and so are others
 * after peer_keep. So what is left open is the runtime's. */
int peer_keep(int number);
void peer_close(int peer);

/* Send or receive all bytes; return how many, fewer after an error or the end. */
size_t peer_send(int peer, const void *bytes, size_t size);
size_t peer_receive(int peer, void *bytes, size_t size);

/* Close with a reset instead of an end. */
void peer_reset(int peer);

/* Block until poll says one of these events of a number; returns what it says. */
int await_events(int number, short events);

/* Block until this many bytes can be read from a number. */
void await_bytes(int number, int count);

/* Block until the other end's system has all that was sent from a TCP socket, whether or not
 * somebody there has read it since. */
void await_delivery(int peer);

bool is_open(int number);

/* The inode of what a number stands for; 0 if it is not open. It tells whether a number is still
 * open that the runtime may meanwhile have got for something of its own. */
ino_t inode_of(int number);

/* Allow this process to open this many more descriptors than it has open now. */
void allow_more_descriptors(int more);

/* A connection with one end in the runtime. */
struct pair {
    miou_fd *fd;
    int number; /* of fd */
    int peer;
};

/* Connect one; flags are those of miou_tcpv4. Returns 0 or the error. */
int pair_open(struct pair *pair, unsigned flags);

/* The same with the two ends of socketpair, in the Unix domain; one of them is adopted. */
int pair_adopt(struct pair *pair, int type, unsigned flags);

/* Make the buffers from fd to the peer small, so that a long write has to wait. */
void pair_narrow(const struct pair *pair);

/* A call that a task makes once, and its result. */
struct waiter {
    miou_fd *fd;
    int number; /* of fd */
    int peer;
    miou_fd *client;
    ssize_t result;
    atomic_bool begun; /* its task has, and makes its call next */
    bool done;
    char byte;
};

/* Yield until its task has begun, on whatever domain. */
int until_begun(const struct waiter *waiter);

/* The tasks: accept a client, read a byte, write LOTS bytes (zeros), several times what a pipe or a
 * narrow pair holds. All return 0. */
enum { LOTS = 1 << 20 };
int accept_once(void *waiter);
int read_once(void *waiter);
int write_lots(void *waiter);

/* A stream of bytes in which loss and disorder show: the byte at each place, whole stretches, and
 * how many bytes of a stretch are right, from its first on. */
unsigned char pattern(size_t place);
void pattern_fill(unsigned char *bytes, size_t size, size_t place);
size_t pattern_match(const unsigned char *bytes, size_t size, size_t place);

#endif
