/* proof.h: what the model says of a scenario: whether each of its expectations is met by all
 * behaviours of its program, and each of its alternatives by one of them. */
#ifndef MODEL_PROOF_H
#define MODEL_PROOF_H

#include "freedoms.h"
#include "scenario/program.h"

#include <stdio.h>

enum proof_kind {
    PROOF_HOLDS,
    PROOF_UNSOUND, /* a behaviour that the rules allow does not meet an expectation */
    PROOF_LOOSE,   /* an alternative is met by no behaviour */
    PROOF_BOUNDED, /* there are too many states; what was seen of them is right */
    PROOF_UNKNOWN  /* the model cannot tell */
};

struct proof {
    enum proof_kind kind;
    uint32_t states;
    char *why; /* lines of text, each with a newline; empty: nothing is to be said. To be freed */
};

/* What a scenario's text, which parses, says is proven; of large numbers in it a small version is.
 * At most `limit` states are visited. `without`: a freedom that is not taken; FREEDOM_KINDS: all
 * are. */
struct proof prove(const char *text, size_t size, uint32_t limit, enum freedom without);

/* Write all behaviours of a program: how its run ends, the outcomes of each operation, and the
 * orders of its prints and finalisers. Returns whether the model can tell all of them. */
bool behaviours_write(FILE *stream, const struct program *program, uint32_t limit);

/* Write the freedoms that the model takes, as a table in Markdown. */
void freedoms_write(FILE *stream);

#endif
