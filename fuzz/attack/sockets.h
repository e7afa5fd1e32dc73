/* Who listens: the sockets of processes at which clients are accepted, as the system lists them. */
#ifndef ATTACK_SOCKETS_H
#define ATTACK_SOCKETS_H

#include <stddef.h>

/* The first of these processes that has a socket which listens at this port; 0: none has. */
int sockets_listener(const int *pids, int count, int port);

/* Write the ports at which these processes listen, "3000, 3001"; "" if there are none. */
void sockets_ports(const int *pids, int count, char *text, size_t size);

#endif
