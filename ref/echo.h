/* echo.h: the echo service, which sends back what it receives; echo_main.c is its command line. */
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
    union echo_address address;                /* to listen on; port 0 is replaced by a free one */
    miou_options options;                      /* of the run */
    void (*announce)(const struct echo *echo); /* called once it listens; may be NULL */
    bool listens;                              /* set once it listens */
};

/* Serve until SIGINT or SIGTERM, then until the clients have gone. Returns 0; the number of a
 * second signal, which ends the service before the clients have gone; or an error. */
int echo_run(struct echo *echo);

#endif
