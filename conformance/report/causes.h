/* causes: failures grouped by what caused them, so that each cause is explained once. */
#ifndef CAUSES_H
#define CAUSES_H

#include "suite/suite.h"

/* Failed tests with one cause. */
struct cause {
    char *words; /* the cause in words, on one line */
    bool own;    /* one of the tests fails by what it expects itself, or by its own rule */
    const struct test *
        *tests; /* in the order of the suite, but the one that explains it best is the first */
    size_t count;
};

struct causes {
    struct cause *of; /* first those that are own, each in the order of their first tests */
    size_t count;
};

struct causes causes_find(const struct suite *suite);
void causes_free(struct causes *causes);

/* The cause of a failure in words, on one line; to be freed. */
char *cause_words(const struct test *test);

/* Whether a test fails only since it breaks invariants: all that it expects itself happened. */
bool fails_by_invariants(const struct test *test);

#endif
