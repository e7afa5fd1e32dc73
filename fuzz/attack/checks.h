/* The checks: each attacks a server with one kind of traffic, under which a good server keeps its
 * promises. */
#ifndef ATTACK_CHECKS_H
#define ATTACK_CHECKS_H

#include "crowd.h"
#include "server.h"

/* One check's attack on a server. */
struct attack {
    const struct target *target;
    struct server *server; /* NULL: we did not start it and cannot watch it */
    int connections;       /* at the same time, at most */
    double seconds;        /* of random traffic */
    const char *name;      /* of the check */
    struct tally tally;
};

/* What a check needs. */
enum {
    WATCHES = 1, /* a server that we started */
    AFRESH = 2,  /* one that has had no client */
    CROWDED = 4, /* as many connections as were asked for */
    STOPS = 8,   /* a server that stops on SIGTERM, as not every one promises; it is gone then */
    IN_LINE = 16 /* nothing kept for later: its clients come one after another */
};

struct check {
    const char *name, *about;
    const char *rules; /* that the server breaks if it does not serve the clients as it should */
    const char *left;  /* that it breaks if the clients leave something behind in it */
    void (*attack)(struct attack *attack);
    int needs;
};

extern const struct check checks[];
extern const int check_count;

/* Let a few orderly clients be served, so that the server has what it needs for any. */
void warm_up(struct attack *attack);

/* Send this many clients with these scripts, `at_once` at the same time; 0 means all. Never more
 * than `connections` are there at the same time. Returns whether all is well. */
bool send_clients(struct attack *attack, int count, int at_once, script_maker *script);

/* While clients hold and nobody sends anything: whether the server rests. */
enum hold rests(void *context, struct tally *tally);

/* ---- The checks, which checks.c lists ---- */

void check_byte(struct attack *attack);
void check_pieces(struct attack *attack);
void check_stream(struct attack *attack);
void check_half_close(struct attack *attack);
void check_crowd(struct attack *attack);
void check_queue(struct attack *attack);
void check_silent(struct attack *attack);
void check_deaf(struct attack *attack);
void check_slow(struct attack *attack);
void check_resets(struct attack *attack);
void check_storm(struct attack *attack);
void check_half_open(struct attack *attack);
void check_random(struct attack *attack);

void check_flood(struct attack *attack);
void check_stalled(struct attack *attack);
void check_rest(struct attack *attack);
void check_answered(struct attack *attack);
void check_exhaustion(struct attack *attack);
void check_rounds(struct attack *attack);

void check_refusal(struct attack *attack);
void check_last_clients(struct attack *attack);
void check_rest_at_stop(struct attack *attack);
void check_end(struct attack *attack);
void check_second_signal(struct attack *attack);

#endif
