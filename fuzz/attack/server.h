/* A server that we started: its process, the processes below that, and what they use. */
#ifndef ATTACK_SERVER_H
#define ATTACK_SERVER_H

#include "client.h"

#include <sys/resource.h>
#include <sys/types.h>

struct usage {
    int processes, threads, descriptors, sockets;
    long memory; /* KiB of its own, heaps and stacks; -1: not known */
};

struct server {
    char **command;
    pid_t pid;      /* 0: it does not run */
    pid_t listener; /* the process of these that listens: not the first if a shell started it */
    int said;       /* a file with its output; -1: none */
    off_t heard;    /* how much of that was read */
    bool ended;
    int status;          /* as from waitpid, once it has ended */
    struct usage first;  /* after it had served a few clients */
    struct usage before; /* a check */
};

enum { WHY = 300 };

/* Whether the word PORT is in the command. */
bool server_takes_port(char *const *command);

/* All seconds are of the server's time: see clock.h. */

/* Choose a port for the address, start the server and wait until it listens there. On failure says
 * why. */
bool server_start(struct server *server, struct address *address, double patience, char *why);

/* Whether any server accepts a client at the address, and whether the system refuses one there. */
bool server_listens(const struct address *address);
bool server_refuses(const struct address *address);

/* Send a signal to the process that listens. */
void server_signal(const struct server *server, int number);

/* Whether the process that listens has begun to end: it has no descriptors any more. */
bool server_is_ending(const struct server *server);

/* Whether it still runs after `grace` seconds; if not, says how it ended. */
bool server_alive(struct server *server, double grace, char *why);

/* What it and all processes below it use. */
struct usage server_usage(struct server *server);

/* What it uses once it gives back nothing more of what its last clients used. */
struct usage server_settled(struct server *server);

/* Whether its sockets become as few as they were at first within `patience`; if not, says what is
 * left. If `all` is true, so must the rest become that it had before the check, but for a few
 * threads, descriptors and processes. A server may keep them for later, as many as it once had
 * clients at the same time. */
bool server_has_recovered(struct server *server, double patience, char *why, bool all);

/* Its output since the last call; only the last part, if there is more than fits. */
void server_said(struct server *server, char *text, size_t size);

/* Allow it only this many more descriptors than it has. `before` receives the limit to restore. */
bool server_limit(const struct server *server, int more, struct rlimit *before);
void server_unlimit(const struct server *server, const struct rlimit *before);

/* Kill all of its process group, at once; a signal handler may call it. */
void server_kill(const struct server *server);

/* End it with SIGTERM, and what does not end within `patience` with SIGKILL. Returns whether
 * SIGTERM was enough. */
bool server_end(struct server *server, double patience);

#endif
