/* frontier: the schedules of a scenario that are to be executed next, as far as the executions so
 * far tell which there are. */
#ifndef FRONTIER_H
#define FRONTIER_H

#include "schedule.h"

/* A schedule: an earlier one up to some choice, and there another answer; or one made by a seed. */
struct schedule {
    uint64_t seed; /* 0: none */
    size_t node;   /* the choice with the other answer, in the frontier; 0: there is none, */
    size_t choice; /* and in the schedule, */
    int answer;    /* the answer, */
    int count;     /* and the number of answers that it has */
    int *takers;   /* domains, or TURN_TIME, that are to have the next turns, if they can */
    size_t taker_count;
};

struct frontier;

/* The schedule with which the search begins, and the others depend on. */
static inline bool schedule_is_first(const struct schedule *schedule)
{
    return schedule->seed == 0 && schedule->node == 0;
}

/* The first schedule is the one that answers everything with 0. No more than `most` schedules will
 * be asked for. If not all are to be gone through, those are left out that can only lead to what
 * another one leads to, with the turns of independent domains in another order. */
struct frontier *frontier_create(const struct program *program, size_t most, bool all);
void frontier_free(struct frontier *frontier);

/* Learn from the execution of a schedule, which others there are. */
void frontier_learn(struct frontier *frontier, const struct schedule *schedule,
                    const struct trace *trace);

/* Write the next schedule. Returns whether one is known so far. */
bool frontier_next(struct frontier *frontier, struct schedule *schedule);

/* Whether all schedules were asked for, and none was left out because there were too many, or too
 * long ones. */
bool frontier_is_exhausted(const struct frontier *frontier);

struct answers frontier_answers(const struct frontier *frontier, const struct schedule *schedule);

#endif
