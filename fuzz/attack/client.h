/* A client: a connection that executes a script without ever blocking, and checks that what comes
 * back is what it sent. */
#ifndef ATTACK_CLIENT_H
#define ATTACK_CLIENT_H

#include "script.h"

#include <sys/socket.h>

struct address {
    struct sockaddr_storage any;
    socklen_t length;
};

enum client_state {
    CONNECTING,
    ACTING,
    HOLDING, /* at a HOLD, until client_go_on */
    DONE,
    FAILED /* the server broke a promise, or we lack something: client_explain */
};

enum client_fault {
    NO_FAULT,
    REFUSED,   /* no connection */
    SILENT,    /* what it awaits has not come for too long */
    STUCK,     /* the server takes nothing more, though everything that it sent was read */
    FOREIGN,   /* a byte that is not what was sent at its place */
    UNASKED,   /* more than was sent */
    ENDED,     /* the end of the stream before its time */
    BROKEN,    /* a reset by the server */
    OUR_FAULT, /* this machine has no more ports or descriptors */
    FAULTS
};

struct client {
    struct script script;
    uint64_t key;   /* of its stream */
    const char *id; /* who it is, for people, with its number */
    int number;

    enum client_state state;
    enum client_fault fault;
    int error; /* errno of a fault */
    int fd;    /* -1: none */
    int step;
    uint64_t base; /* what was sent, or came back, when this step began */
    uint32_t laps; /* times it went AGAIN */
    double since;  /* when something happened last, in seconds */
    uint64_t sent, received;
    bool half_closed, heard_end;
};

/* Begin a script; memory of an earlier one is forgotten. */
void client_begin(struct client *client, double now);

/* Act until nothing more can be done now. Returns true if it only paused to give others a turn. */
bool client_act(struct client *client, const struct address *address, double now);

/* To be called now and then: pauses end, and what does not come within `patience` never will.
 * Returns whether it can act again. */
bool client_tick(struct client *client, double now, double patience);

void client_go_on(struct client *client, double now); /* from a HOLD */
void client_close(struct client *client);             /* wherever it is */

/* What it has against the server, with its script. */
void client_explain(const struct client *client, double patience, char *text, size_t size);

#endif
