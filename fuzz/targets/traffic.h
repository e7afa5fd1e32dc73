/* traffic.h: turns the bytes of an input into traffic for an echo server in the simulated system,
 * and into answers to the scheduler's questions. traffic_moves.h says what the bytes mean. */
#ifndef FUZZ_TRAFFIC_H
#define FUZZ_TRAFFIC_H

#include "input.h"
#include "traffic_clients.h"
#include "traffic_guests.h"

enum {
    CLIENTS = 16, /* at a time; witnesses come on top of them */
    DOMAINS = 3,  /* that serve, at most: each has a witness */
    PEERS = CLIENTS + DOMAINS,
};

struct traffic {
    const uint8_t *moves, *moves_end; /* two bytes each */
    struct choices choices;
    bool steered;     /* or the runtime makes its own choices, on one domain */
    bool stops_first; /* in the epilogue the signal comes before the last clients have gone */
    unsigned quiet;   /* questions since the world's last move */
    enum { SCRIPT, WITNESSES_SERVED, SIGNAL, CLIENTS_SERVED, OVER } phase;
    struct server server;
    struct guests guests;
    struct client peers[PEERS]; /* the clients, then the witnesses */
};

/* Begin the simulated system anew, with the input's traffic outside. */
void traffic_begin(struct traffic *traffic, const uint8_t *bytes, size_t size);

/* The server listens at this port. */
void traffic_open(struct traffic *traffic, int port);

/* The miou_choose of a steered run. */
size_t traffic_choose(void *traffic, size_t count);

/* The run has ended with this outcome: what is left is judged. */
void traffic_end(struct traffic *traffic, int outcome);

#endif
