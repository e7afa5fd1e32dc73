/* serve.h: what the examples share: a server that gives each client to a task of its own, until
 * SIGINT or SIGTERM. */
#ifndef EXAMPLES_SERVE_H
#define EXAMPLES_SERVE_H

#include "miou_server.h"

#define SECOND INT64_C(1000000000)

struct serve {
    int port;               /* of 127.0.0.1; 0: any, which is told on standard output */
    miou_task *client;      /* called with a miou_fd, which the task owns */
    void (*stopping)(void); /* called once no more clients come; may be NULL */
    int64_t grace;          /* nanoseconds that clients have then, before they are cancelled */
};

/* The main task of a run of miou_unix_run; its argument is a struct serve. Returns 0 after a
 * signal. */
int serve(void *arg);

#endif
