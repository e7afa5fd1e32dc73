/* The sockets of processes, as the system lists them: those at which clients are accepted, and
 * those of the clients. */
#ifndef ATTACK_SOCKETS_H
#define ATTACK_SOCKETS_H

#include <stddef.h>

/* The first of these processes that has a socket which listens at this port; 0: none has. */
int sockets_listener(const int *pids, int count, int port);

/* Write the ports at which these processes listen, "3000, 3001"; "" if there are none. */
void sockets_ports(const int *pids, int count, char *text, size_t size);

/* How many descriptors of these processes are sockets, but for those of the Unix domain. A client's
 * is one that is connected, or was until the client went. */
int sockets_count(const int *pids, int count);

#endif
