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
    FAILED /* the server broke a promise, or this machine lacks something: see fault */
};

enum client_fault {
    NO_FAULT,
    REFUSED,   /* no connection */
    SILENT,    /* what the client awaits did not come in time */
    STUCK,     /* the server takes nothing more, though the client has read everything */
    FOREIGN,   /* a byte came that is not the one that was sent at its place */
    UNASKED,   /* more came than was sent */
    ENDED,     /* the stream ended too early */
    BROKEN,    /* the server reset the connection */
    OUR_FAULT, /* this machine has no more ports or descriptors */
    FAULTS
};

struct client {
    struct script script;
    uint64_t key;   /* of its stream */
    const char *id; /* with the number, its name in reports */
    int number;

    enum client_state state;
    enum client_fault fault;
    int error;                  /* errno of a fault */
    unsigned char due, foreign; /* the byte that was sent, and the one that came back instead */
    int fd;                     /* -1: none */
    int step;
    uint64_t base; /* bytes that had been sent, or received, when this step began */
    uint32_t laps; /* how often it went AGAIN */
    double since;  /* when something happened last, by the server's time in seconds */
    uint64_t sent, received;
    bool half_closed, heard_end;
};

/* All times are the server's: see clock.h. */

/* Begin the script; keeps nothing of an earlier one. */
void client_begin(struct client *client, double now);

/* Act until nothing more can be done now. Returns true if it stopped only to give others a turn. */
bool client_act(struct client *client, const struct address *address, double now);

/* To be called now and then: ends pauses, and fails a client that has waited longer than
 * `patience`. Returns whether the client can act again. */
bool client_tick(struct client *client, double now, double patience);

void client_go_on(struct client *client, double now); /* from a HOLD */
void client_close(struct client *client);             /* wherever it is */

/* Fail because this machine lacks something. Returns false. */
bool client_give_up(struct client *client, int error);

/* Whether all that is wrong is that something did not come in time. */
bool client_waited_in_vain(const struct client *client);

/* Explain the fault of a client that FAILED, with its script. */
void client_explain(const struct client *client, double patience, char *text, size_t size);

#endif
