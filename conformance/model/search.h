/* search.h: all states of a program, each visited once. */
#ifndef MODEL_SEARCH_H
#define MODEL_SEARCH_H

#include "model.h"
#include "watch.h"

struct search {
    struct model *model;
    struct watch watch;
    uint32_t limit;  /* states */
    uint32_t states; /* visited; the first is number 0 */
    uint64_t steps;
    uint32_t ends; /* states in which the run has ended */
    bool bounded;  /* a bound was hit: there are more states */
    bool full;     /* a state had no room for something: the result is worthless */
    bool alike;    /* states that differ only in which of like tasks is which are one */
    bool stuck;    /* there is a state in which nothing can happen, and the run has not ended */
    struct visited *visited;
    uint32_t *table; /* numbers of states plus 1, by their hashes */
    uint32_t room;
};

/* A search of a program, at most `limit` states, whose parts may be changed before it runs. The
 * program must outlive it. */
void search_create(struct search *search, const struct program *program, uint32_t limit);
void search_run(struct search *search);
void search_free(struct search *search);

/* Told of each state on the way to one, with the events of the step that leads there. */
typedef void search_see(void *to, const struct step *step);

/* Execute the steps that lead to a state again. */
void search_path(struct search *search, uint32_t node, search_see *see, void *to);

#endif
