/* traffic.h: bytes become what clients of an echo server do, and the answers to the scheduler's
 * questions; and what comes back to the clients is judged. A broken promise aborts, with a line on
 * standard error. */
#ifndef FUZZ_TRAFFIC_H
#define FUZZ_TRAFFIC_H

#include "input.h"
#include "sim/sim.h"

#include <stddef.h>
#include <stdint.h>

enum {
    TRAFFIC_CLIENTS = 16, /* at a time, and witnesses beside them */
    TRAFFIC_DOMAINS = 3,  /* that serve, at most: each has a witness */
    TRAFFIC_SLOTS = TRAFFIC_CLIENTS + TRAFFIC_DOMAINS,
};

struct client {
    int stream;      /* -1: there is none */
    unsigned serial; /* of all clients; its bytes depend on it */
    const char *name;
    size_t sent, received;
    bool shut;
    bool failed; /* to send: the end of the stream, or its error, is still to be read */
};

struct traffic {
    const uint8_t *moves, *moves_end; /* two bytes each */
    struct choices choices;
    int servers;      /* domains that serve, dom0 with them */
    bool driven;      /* or it is one, which takes its own way */
    int limit;        /* numbers of descriptors are below it */
    int port;         /* 0: nobody listens yet */
    bool stops_first; /* at the end the signal comes before the last clients have gone */
    int signals;      /* that were raised */
    int last_signal;
    bool ordered;   /* to end at once: two of the same number could have been taken for one */
    unsigned quiet; /* questions since the world's last move */
    unsigned clients_made;
    enum { SCRIPT, WITNESSES, STOP, CLIENTS, OVER } phase;
    struct client clients[TRAFFIC_SLOTS];
};

/* The bytes: what the server is like, how many choices there are, moves, and the choices. Also
 * begins the simulated system anew. */
void traffic_begin(struct traffic *traffic, const uint8_t *bytes, size_t size);

/* The server listens. */
void traffic_open(struct traffic *traffic, int port);

/* miou_choose of a run. */
size_t traffic_choose(void *traffic, size_t count);

/* The run has ended, and how. */
void traffic_end(struct traffic *traffic, int outcome);

#endif
