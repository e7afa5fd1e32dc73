/* trail_words.h: says what a run could have done instead, and where it was. */
#ifndef MODEL_TRAIL_WORDS_H
#define MODEL_TRAIL_WORDS_H

#include "step.h"
#include "trail.h"

enum { WORDS_MAX = 8 }; /* events that are told of; there may be more */

struct words {
    const struct program *program;
    const struct lists *lists;
    const struct sighted *sighted;
    int sighted_count;
    char *events[WORDS_MAX];
    int count;
    bool more;
    char *state;
};

struct words words_create(const struct program *program, const struct lists *lists,
                          const struct sighted *sighted, int sighted_count);

/* An event could have happened; the run could have ended as in this state. */
void words_event(struct words *words, const struct state *state, const struct event *event);
void words_end(struct words *words, const struct state *state);

/* Each task of a state and what it waits for. */
void words_state(struct words *words, const struct state *state);

/* The rule of what was seen, as the model's tasks stood just before; the state may be NULL. */
const char *words_rule(const struct words *words, const struct sight *sight,
                       const struct state *state);

/* Make texts of it, to be freed, and free the rest. */
void words_take(struct words *words, char **allowed, char **state);

#endif
