/* shorten: from a schedule under which a scenario fails to one with fewer answers that matter,
 * under which it fails as well. */
#ifndef SHORTEN_H
#define SHORTEN_H

#include "run.h"

#include <stdint.h>
#include <stdio.h>

/* The answers to a runtime's questions, from the first on; to all further ones it is 0. */
struct answers {
    int *of; /* with room for count */
    size_t count;
};

struct answers answers_create(size_t count);

/* Write them behind a text, blanks between. */
void answers_write(FILE *stream, const char *before, const struct answers *answers);

/* The option of conform that gives them. */
char *answers_option(const struct answers *answers);

/* Shorten the schedule of a failed attempt, and execute the shortest once more: attempt becomes
 * what the last one came to, with the option that replays it. If the same answers do not make it
 * fail again, attempt stays as it is and says so. The seed from which the answers came, or 0, is
 * what is replayed then. */
void shorten(const struct run *run, const struct suite *suite, const struct test *test,
             const struct answers *answers, uint64_t seed, struct attempt *attempt);

#endif
