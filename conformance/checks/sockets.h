/* sockets: what the tests of descriptors and of the echo service share: peers in plain POSIX, and
 * tasks that wait.
 *
 * Nothing here asserts, so all of it may be called inside tasks. A plain call that blocks holds up
 * a whole domain: inside a task call those named await_ or peer_ only for what comes by itself. A
 * descriptor in an int is a plain one, and -1 is none. What tasks write to belongs to the test
 * function's frame and not to a task's, which may end first. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "tasks.h"

#include <netinet/in.h>
#include <semaphore.h>
#include <sys/un.h>

/* End the test as one that cannot be done here, and say why. */
_Noreturn void could_not_tell(const char *why);

/* Unless there is IPv6, end the test as one that cannot be done here. */
void need_ipv6(void);

/* 127.0.0.1, or ::1, and a port; 0 stands for any. */
struct sockaddr_in loopback(unsigned short port);
struct sockaddr_in6 loopback6(unsigned short port);

/* The n-th address of the Unix domain that is this process's own; abstract, so that nothing is left
 * of it. */
struct sockaddr_un local_address(int n);

/* The port that a descriptor is bound to, 0 if it is not. */
unsigned short port_of(miou_fd *fd);

/* Listen on a port of 127.0.0.1; 0 stands for any. Returns 0 or the error. */
int listen_on(miou_fd **listener, unsigned flags, unsigned short port);

/* Make a UDP socket and bind it to a port of 127.0.0.1. Returns 0 or the error. */
int receive_on_udp(miou_fd **fd, unsigned flags);

/* Connect to a port of 127.0.0.1, or to an address of the Unix domain; -1 if that cannot be done.
 * Nobody need accept for it to return. */
int peer_connect(unsigned short port);
int peer_connect_local(const struct sockaddr_un *address);

/* Make a UDP socket that is bound, and sends to that port of 127.0.0.1; -errno if it cannot be. */
int peer_connect_udp(unsigned short port);

/* Plain descriptors are closed at the end of the test at the latest, those that are not made here
 * if they have been kept; so that what is left open is the runtime's. */
int peer_keep(int number);
void peer_close(int peer);

/* Send or receive all bytes; return how many it was, fewer after an error or the end. */
size_t peer_send(int peer, const void *bytes, size_t size);
size_t peer_receive(int peer, void *bytes, size_t size);

/* Close with a reset instead of an end. */
void peer_reset(int peer);

/* Block until poll says one of these events of a number; returns what it says. */
int await_events(int number, short events);

/* Block until so many bytes can be read from a number. */
void await_bytes(int number, int count);

bool is_open(int number);

/* Allow this process to open so many descriptors more than it has open now. */
void allow_more_descriptors(int more);

/* A connection whose one end is the runtime's. */
struct pair {
    miou_fd *fd;
    int number; /* of fd */
    int peer;
};

/* Connect one; flags are those of miou_tcpv4. Returns 0 or the error. */
int pair_open(struct pair *pair, unsigned flags);

/* The same with both ends of socketpair, in the Unix domain, of which one is adopted. */
int pair_adopt(struct pair *pair, int type, unsigned flags);

/* Let the system store little on the way from fd to the peer, so that writing much has to wait. */
void pair_narrow(const struct pair *pair);

/* What a task is to do once, and what came of it. */
struct waiter {
    miou_fd *fd;
    int number; /* of fd */
    int peer;
    miou_fd *client;
    ssize_t result;
    bool done;
    char byte;
};

/* The tasks: accept a client, read a byte, write LOTS bytes (zeros). All return 0. */
enum { LOTS = 8 << 20 };
int accept_once(void *waiter);
int read_once(void *waiter);
int write_lots(void *waiter);

/* A stream of bytes in which loss and disorder show: the byte at each place, whole stretches, and
 * how many bytes of a stretch are right, from its first on. */
unsigned char pattern(size_t place);
void pattern_fill(unsigned char *bytes, size_t size, size_t place);
size_t pattern_match(const unsigned char *bytes, size_t size, size_t place);

#endif
