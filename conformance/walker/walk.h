/* walk.h: one behaviour of a program, step by step, out of all that the rules allow. At each state
 * of the model one of the possible steps is taken at random. A mood says which are likely, so that
 * some walks take a freedom again and again, and others never. */
#ifndef WALKER_WALK_H
#define WALKER_WALK_H

#include "model/model.h"

/* Of a step that is taken only if no other is possible, and of one that is nearly always taken,
 * beside the others, whose weight is 1. */
#define UNLIKELY 1e-12
#define LIKELY   100.

struct mood {
    double freedoms[FREEDOM_KINDS];    /* how likely a step is that takes each of them, */
    double domains[MODEL_DOMAINS_MAX]; /* that a domain makes, */
    double hearing;                    /* and that is only that a domain hears of something */
    double late;                       /* that a line waits while other domains go on */
    double early;                      /* that a spawn is told before it is its turn */
};

struct walk {
    struct model *model;
    const struct program *program;
    struct mood mood;
    uint64_t random;     /* the state of the generator */
    struct state before; /* where the last step began, */
    struct state state;  /* and where it has led to */
    struct step step;    /* the last */
    bool trying;         /* which moves are possible */
    int first;           /* the freedom of a step's first pick; FREEDOM_KINDS: it has none */
};

enum walk_end { WALK_GOES_ON, WALK_STUCK, WALK_FULL };

/* A mood made from numbers of the generator. */
struct mood mood_random(uint64_t *random);

/* From the start of a program that the model knows, and that must outlive the walk. */
struct walk *walk_create(const struct program *program, struct mood mood, uint64_t random);
void walk_free(struct walk *walk);

/* Take a step. The domains of `held`, a bit each, only hear of things; that a task of one of `mute`
 * has ended no other domain hears. Stuck: there is none. Full: there is no room for what it leads
 * to. */
enum walk_end walk_step(struct walk *walk, unsigned held, unsigned mute);

/* Whether something happens that is as likely as this, from 0 to 1. */
bool walk_draws(struct walk *walk, double likely);

/* A number below count. */
int walk_picks(struct walk *walk, int count);

#endif
