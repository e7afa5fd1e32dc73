/* traffic_guests.h: guests are tasks in the echo server's own run that use the rest of the runtime:
 * connections of their own, datagrams, pipes, time, points, hooks. A guest comes when SIGUSR1 does,
 * and each knows what its calls must return, whatever the clients do meanwhile. */
#ifndef FUZZ_TRAFFIC_GUESTS_H
#define FUZZ_TRAFFIC_GUESTS_H

#include "traffic_clients.h"

#include <stdint.h>

enum { GUESTS = 24 }; /* of one run, at most */

struct guests {
    const struct server *server;
    uint8_t wishes[GUESTS]; /* what each is to do */
    int asked, begun, left;
    bool welcome;
    bool timed; /* the run goes by the system's clock */
};

void guests_begin(struct guests *guests, const struct server *server, bool timed);

/* Called by a task of dom0: from now on guests may come. */
void guests_welcome(struct guests *guests);

/* Ask for a guest. */
void guests_ask(struct guests *guests, uint8_t wish);

/* Fails if a guest has not left, though nothing keeps it. */
void guests_judge(const struct guests *guests);

#endif
