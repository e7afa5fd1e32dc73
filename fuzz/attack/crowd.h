/* A crowd: many clients at the same time, and two well-behaved witnesses among them: the regular,
 * which was there first and stays, and the newcomer, which comes again and again. */
#ifndef ATTACK_CROWD_H
#define ATTACK_CROWD_H

#include "client.h"

struct tally {
    uint64_t connections, bytes; /* made; sent and received */
    bool failed, unknown;        /* it broke a promise; this machine could not tell */
    char reason[1000];           /* of the failure, or what else there is to say */
};

/* The script of one client, from its number in the crowd and from numbers that are its own. */
typedef struct script script_maker(int number, uint64_t *random);

struct crowd {
    const char *name; /* of its clients; their bytes depend on it and on the seed */
    int count;        /* clients, of whom so many are there */
    int at_once;
    script_maker *script;
    double seconds;    /* no more of them come after so many; 0: all come */
    bool no_newcomers; /* the server need not accept anybody */

    /* Called when everybody holds. Returns whether all is well. */
    bool (*at_hold)(void *context, struct tally *tally);
    void *context;
};

struct target {
    struct address address;
    uint64_t seed;
    double patience; /* seconds that anything may take */
};

double now(void);

/* Adds to the tally; returns whether all is well so far. */
bool crowd_run(const struct crowd *crowd, const struct target *target, struct tally *tally);

#endif
