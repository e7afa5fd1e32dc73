/* The server, if we started it: a process, what it has started, and what they use. */
#ifndef ATTACK_SERVER_H
#define ATTACK_SERVER_H

#include "client.h"

#include <sys/resource.h>
#include <sys/types.h>

struct usage {
    int processes, threads, descriptors;
    long memory; /* KiB that are its own: heaps and stacks; -1: not known */
};

struct server {
    char **command;
    pid_t pid; /* 0: none runs */
    int said;  /* a file with what it has said, -1: none */
    off_t heard;
    bool ended;
    int status;         /* as from waitpid, once it ended */
    struct usage first; /* when it had served a few clients */
};

enum { WHY = 300 };

/* Whether the word PORT is in the command. */
bool server_takes_port(char *const *command);

/* Start it and wait until it listens at the address, whose port is chosen. On failure says why. */
bool server_start(struct server *server, struct address *address, double patience, char *why);

/* Whether it, or any other server there, accepts a client. */
bool server_listens(const struct address *address);

/* Whether it still runs after `grace` seconds; if not, how it ended. */
bool server_alive(struct server *server, double grace, char *why);

/* Of it and of every process that it has started. */
struct usage server_usage(struct server *server);
double server_processor_time(void); /* seconds */

/* The same when what its last clients used has been given back, or it takes long over that. */
struct usage server_settled(struct server *server);

/* Whether descriptors and threads come back to what they were at first, within `patience`. */
bool server_has_recovered(struct server *server, double patience, char *why);

/* What it has said since it was asked last; the end of it, if that is much. */
void server_said(struct server *server, char *text, size_t size);

/* Allow it no more than so many descriptors above the ones that it has. */
bool server_limit(const struct server *server, int more, struct rlimit *before);

/* End it: with SIGTERM, and with SIGKILL what does not end within `patience`. Returns whether
 * SIGTERM was enough. */
bool server_end(struct server *server, double patience);

#endif
