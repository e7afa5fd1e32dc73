/* schedule: the answers to a runtime's choices, as a driver reads them and as an option of conform.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "judge/trace.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The answers to the first choices; all further answers are 0. */
struct answers {
    int *of; /* with room for count; to be freed */
    size_t count;
};

/* Answers that are all 0. */
struct answers answers_create(size_t count);

/* The answers that an execution was given. */
struct answers answers_taken(const struct trace *trace);

/* A copy in which size answers from an index on are 0. */
struct answers answers_without(const struct answers *answers, size_t from, size_t size);

/* Drop the zeros at the end. */
void answers_trim(struct answers *answers);

/* The driver's line of a schedule: of these answers, and of the takers, if any, that are to have
 * the turns after them; or of a seed. */
void schedule_write(FILE *stream, const struct answers *answers, const int *takers, size_t count);
void schedule_write_seed(FILE *stream, uint64_t seed);

/* The option of conform that gives these answers; to be freed. */
char *schedule_option(const struct answers *answers);

#endif
