/* The checks: each sends one kind of traffic, on which a good server keeps its promises. */
#ifndef ATTACK_CHECKS_H
#define ATTACK_CHECKS_H

#include "crowd.h"
#include "server.h"

struct trial {
    const struct target *target;
    struct server *server; /* NULL: not ours to watch */
    int connections;       /* at the same time, at most */
    double seconds;        /* of random traffic */
    const char *name;      /* of the check */
    struct tally tally;
};

struct check {
    const char *name, *about;
    void (*run)(struct trial *trial);
    bool watches; /* needs a server that we started */
    bool afresh;  /* in which nobody has been */
};

extern const struct check checks[];
extern const int check_count;

/* Some orderly clients, so that the server has what it needs for any. */
void warm_up(struct trial *trial);

/* The checks of what the server uses, in attack_usage.c. */
void check_rest(struct trial *trial);
void check_exhaustion(struct trial *trial);
void check_rounds(struct trial *trial);

/* So many clients with these scripts, `at_once` of them at the same time; 0: all, and as many as
 * that is at most `connections`. */
bool send_crowd(struct trial *trial, int count, int at_once, script_maker *script);

#endif
