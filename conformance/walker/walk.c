/* walk: all ways to take a step are tried, and one is kept, by their weights. */
#include "walk.h"

#include "scenario/memory.h"
#include "scenario/random.h"

#include <stdlib.h>

/* From 0 to less than 1. */
static double fraction(uint64_t *random)
{
    return (double)(next_random(random) >> 11) / (double)(1ull << 53);
}

static double one_of(uint64_t *random, const double *weights, size_t count)
{
    return weights[next_random(random) % count];
}

struct mood mood_random(uint64_t *random)
{
    static const double freedoms[] = {UNLIKELY, 0.1, 1, 1, 10}, domains[] = {0.01, 0.2, 1, 1, 1},
                        hearing[] = {0.02, 1, 1, 50}, late[] = {0, 0.5, 0.9},
                        early[] = {0, 0.1, 0.9};
    struct mood mood;

    for (int f = 0; f < FREEDOM_KINDS; f++)
        mood.freedoms[f] = one_of(random, freedoms, sizeof freedoms / sizeof *freedoms);
    mood.freedoms[FREEDOM_INTERLEAVING] = 1; /* it is in every step */
    for (int d = 0; d < MODEL_DOMAINS_MAX; d++)
        mood.domains[d] = one_of(random, domains, sizeof domains / sizeof *domains);
    mood.hearing = one_of(random, hearing, sizeof hearing / sizeof *hearing);
    mood.late = one_of(random, late, sizeof late / sizeof *late);
    mood.early = one_of(random, early, sizeof early / sizeof *early);
    return mood;
}

bool walk_draws(struct walk *walk, double likely)
{
    return fraction(&walk->random) < likely;
}

int walk_picks(struct walk *walk, int count)
{
    return (int)(next_random(&walk->random) % (uint64_t)count);
}

/* Likely steps are picked often. Which of the moves is made is picked before, by what comes of
 * them. */
static int choose(void *to, enum freedom freedom, int count)
{
    struct walk *walk = to;
    double weight = walk->mood.freedoms[freedom];

    if (walk->first == FREEDOM_KINDS)
        walk->first = freedom;
    if (walk->trying || walk_draws(walk, 1 / (1 + (count - 1) * weight)))
        return 0;
    return 1 + walk_picks(walk, count - 1);
}

struct walk *walk_create(const struct program *program, struct mood mood, uint64_t random)
{
    struct walk *walk = zeroed(1, sizeof *walk);

    walk->model = model_create(program);
    walk->program = program;
    walk->mood = mood;
    walk->random = random;
    walk->model->choose = choose;
    walk->model->chooser = walk;
    model_be_observed(walk->model);
    model_begin(walk->model, &walk->state);
    return walk;
}

void walk_free(struct walk *walk)
{
    model_free(walk->model);
    free(walk);
}

/* ---- A step ---- */

/* Make one of the moves that are possible: the answer to the first pick. */
static bool move(struct walk *walk, struct step *step, int answer, unsigned held, unsigned mute)
{
    bool stuck;

    *step = (struct step){.state = &walk->state,
                          .held = held,
                          .mute = mute,
                          .picks = {(uint8_t)answer},
                          .picks_known = answer >= 0};
    model_step(walk->model, &walk->before, step, &stuck);
    return !stuck;
}

static double weight_of(const struct mood *mood, const struct step *step)
{
    double weight = mood->domains[step->domain] * (step->heard ? mood->hearing : 1);

    for (int f = 0; f < FREEDOM_KINDS; f++)
        if (step->taken & 1u << f)
            weight *= mood->freedoms[f];
    return weight;
}

/* The move that the next step makes; -1: there is only one; -2: none. */
static int pick_move(struct walk *walk, unsigned held, unsigned mute)
{
    struct step step;
    double total = 0;
    int count, picked = -1;

    walk->first = FREEDOM_KINDS;
    if (!move(walk, &step, -1, held, mute))
        return -2;
    count = walk->first == FREEDOM_INTERLEAVING ? step.counts[0] : 0;
    for (int i = 0; i < count; i++) {
        double weight;

        move(walk, &step, i, held, mute);
        weight = weight_of(&walk->mood, &step);
        total += weight;
        if (walk_draws(walk, weight / total))
            picked = i;
    }
    return picked;
}

enum walk_end walk_step(struct walk *walk, unsigned held, unsigned mute)
{
    int picked;

    state_copy(&walk->before, &walk->state);
    walk->trying = true;
    picked = pick_move(walk, held, mute);
    walk->trying = false;
    if (picked < -1 || !move(walk, &walk->step, picked, held, mute)) {
        state_copy(&walk->state, &walk->before);
        return WALK_STUCK;
    }
    return walk->state.full ? WALK_FULL : WALK_GOES_ON;
}
