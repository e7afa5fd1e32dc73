/* echo.h: the echo service, which sends back what it is sent, without a command line around it. */
#ifndef REF_ECHO_H
#define REF_ECHO_H

#include "miou_unix.h"

#include <netinet/in.h>
#include <stdbool.h>

union echo_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct echo {
    union echo_address address;                /* to listen at; port 0 becomes one that was free */
    miou_options options;                      /* of the run */
    void (*announce)(const struct echo *echo); /* called when it listens; NULL: nobody is told */
    bool listens;                              /* set when it has come that far */
};

/* Serve until SIGINT or SIGTERM, and then until the clients have gone. Returns 0; the number of the
 * second signal, which ended it before they had; or an error. */
int echo_run(struct echo *echo);

#endif
