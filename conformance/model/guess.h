/* guess: in which order tasks are seen to go on. It rules nothing out, but what agrees with it is
 * looked at first, so that a way is found soon if there is one. */
#ifndef MODEL_GUESS_H
#define MODEL_GUESS_H

#include "state.h"
#include "trail.h"

struct guess {
    int *events; /* of each task, one after the other */
    int *first;  /* of each instance: where those of its task begin; at the end their number */
    int *task;   /* of each instance: the instance that it is, or is a part of */
};

void guess_create(struct guess *guess, const struct sight *sights, int count,
                  const struct sighted *sighted, int sighted_count);
void guess_free(struct guess *guess);

enum belief { BELIEF_LIKELY, BELIEF_DOUBTFUL, BELIEF_UNLIKELY };

/* It is unlikely that a step has put a task at the end of a domain's queue if one before it goes on
 * later, or one that is on its way there goes on earlier, as far as these events are seen from
 * `now` on. If nothing need be seen of that task's next turns, the latter is doubtful. */
enum belief guess_believes(const struct guess *guess, const struct program *program,
                           const struct state *from, const struct state *to, uint8_t domain,
                           int now);

/* Whether the event `now` is of that task. */
bool guess_is_next(const struct guess *guess, const struct unit *unit, int now);

#endif
