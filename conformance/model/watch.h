/* watch.h: what a scenario expects, watched over all behaviours of its program. What must be
 * remembered of a behaviour is in its states; what was seen in any of them is here. */
#ifndef MODEL_WATCH_H
#define MODEL_WATCH_H

#include "step.h"

/* The outcomes of an operation, or of the run, in all behaviours. */
struct seen {
    uint32_t *lists; /* numbers of lists.h; of the run, of one outcome each */
    int count;
    uint64_t met; /* which of its answers, a bit each */
};

/* An expectation, or an answer, that a behaviour does not meet. */
struct breach {
    int line;
    uint32_t list; /* what it had instead; 0: what was expected did not happen, or did */
    uint32_t node; /* the state in which it was noticed, by its number in the search */
};

enum { BREACHES_MAX = 8 };

struct watch {
    struct model *model;
    const struct program *program;
    struct seen *operations; /* by their places in the program */
    struct seen run;
    struct breach breaches[BREACHES_MAX]; /* the first of each line */
    int breach_count;
    bool histories;     /* states remember all prints and finalisers, and so differ by them */
    struct seen prints; /* then these are seen, as lists; see watch_history */
    uint32_t node;      /* what is watched, for breaches */
};

/* Whether it can watch all expectations of a program; else the line of one that it cannot. */
int watch_lacks(const struct program *program);

void watch_create(struct watch *watch, struct model *model);
void watch_free(struct watch *watch);

/* The state of a run that has not begun. */
void watch_begin(const struct watch *watch, struct state *state);

/* The state that a step has led to remembers its events. */
void watch_step(struct watch *watch, struct step *step);

/* The run has ended in this state. */
void watch_end(struct watch *watch, const struct state *state);

/* The name of an event in watch.prints: a word, or "finalise:r". To be freed. */
char *watch_history(const struct watch *watch, struct outcome event);

#endif
