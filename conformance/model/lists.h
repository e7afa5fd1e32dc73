/* lists: the outcomes of an operation, one after the other, as a number: equal lists have equal
 * numbers, and the empty list is 0. So a state can hold a list of any length. */
#ifndef MODEL_LISTS_H
#define MODEL_LISTS_H

#include "scenario/program.h"

struct lists;

struct lists *lists_create(void);
void lists_free(struct lists *lists);

/* The list with one more outcome at its end. */
uint32_t lists_append(struct lists *lists, uint32_t list, struct outcome outcome);

/* The outcomes of a list, as a driver reports them: `none` of an empty one, and a single one if all
 * are equal and it is not kept `whole`. To be freed. */
struct outcomes lists_outcomes(const struct lists *lists, uint32_t list, bool whole);

/* The same in the words of a driver; to be freed. */
char *lists_text(const struct lists *lists, const struct program *program, uint32_t list,
                 bool whole);

/* Whether a driver reports a list so. */
bool lists_are(const struct lists *lists, uint32_t list, struct outcomes outcomes, bool whole);

/* The outcome at the end of a list that is not empty. */
struct outcome lists_last(const struct lists *lists, uint32_t list);

#endif
