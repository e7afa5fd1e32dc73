/* A crowd: many clients at the same time, and two well-behaved witnesses among them: the regular,
 * which comes first and stays, and the newcomer, which leaves and comes again. */
#ifndef ATTACK_CROWD_H
#define ATTACK_CROWD_H

#include "client.h"

struct tally {
    uint64_t connections, bytes; /* made; sent and received */
    bool failed, unknown;        /* the server broke a promise; this machine could not tell */
    bool left;                   /* the promise to leave nothing behind, not one to a client */
    char reason[1000];           /* of the failure, or what else there is to say */
};

/* Makes the script of one client, from its number in the crowd and from random numbers of its own.
 */
typedef struct script script_maker(int number, uint64_t *random);

/* What becomes of a crowd in which every client holds. */
enum hold { HOLD_GOES_ON, HOLD_IS_WRONG, HOLD_ENDS_IT };

struct crowd_plan {
    const char *name; /* of its clients; their bytes depend on it and on the seed */
    int count;        /* clients in all */
    int at_once;      /* clients at the same time, at most */
    script_maker *script;
    double seconds;    /* of the server's time, after which no more clients come; 0: all come */
    bool no_newcomers; /* the server need not accept anybody */

    /* Called when every client holds; if something is wrong, the tally says what. */
    enum hold (*at_hold)(void *context, struct tally *tally);
    void *context;
};

struct target {
    struct address address;
    uint64_t seed;
    double patience; /* seconds of the server's time (clock_of_server) that anything may take */
    bool watched;    /* we started the server, and can look at what it does */
};

/* Send a crowd to the server and add what happens to the tally. Returns whether all is well. */
bool crowd_attack(const struct crowd_plan *plan, const struct target *target, struct tally *tally);

#endif
