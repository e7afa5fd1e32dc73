/* traffic_clients.h: the clients of an echo server in the simulated system, and what each can do.
 * What comes back to them is judged as it comes, see traffic_judge.h. */
#ifndef FUZZ_TRAFFIC_CLIENTS_H
#define FUZZ_TRAFFIC_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>

enum { MOST_BYTES = 16 << 10 }; /* that a client sends or receives at a time */

/* The server as its clients see it. */
struct server {
    int domains;      /* that serve, dom0 included */
    int limit;        /* its descriptors' numbers are below it */
    int port;         /* 0: it does not listen yet */
    unsigned clients; /* that have tried to connect so far */
    int signals;      /* that were raised, at most 2 */
    int last_signal;
    bool must_end; /* at once: two different signals have come, which cannot be taken for one */
};

struct client {
    struct server *server;
    const char *name;
    int stream;      /* -1: there is none */
    unsigned serial; /* among all clients; its bytes depend on it */
    size_t sent, received;
    bool shut;
    bool failed; /* to send: the end of the stream, or its error, is still to be read */
};

/* A client that is not connected. The name is not copied. */
void client_begin(struct client *client, struct server *server, const char *name);

static inline bool client_is_connected(const struct client *client)
{
    return client->stream >= 0;
}

/* Connect to one of the server's listeners, with so much room for bytes under way in each
 * direction. Does nothing if the client is connected or the server does not listen yet. */
void client_connect(struct client *client, unsigned listener, size_t room);

/* The next bytes of the client's stream. Returns whether any were sent, or an error was found. */
bool client_send(struct client *client, size_t size);

/* Returns whether anything came: bytes, the end of the stream or an error. */
bool client_receive(struct client *client, size_t size);

/* Send no more. */
void client_shut(struct client *client);

void client_reset(struct client *client);
void client_close(struct client *client);

/* Let the server's next calls move at most this many bytes each. */
void client_set_grain(struct client *client, size_t size);

#endif
