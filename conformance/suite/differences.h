/* differences: what the maker of a runtime declares that it does otherwise than the rules. A line
 * of the file is `WHAT VERDICT REASON...`; conformance/README.md explains them. */
#ifndef DIFFERENCES_H
#define DIFFERENCES_H

#include "suite.h"

enum difference_kind {
    DIFFERENCE_DIFFERS, /* on purpose: neither executed nor held against the runtime */
    DIFFERENCE_FAILS,   /* a known bug: it is executed, and must fail */
    DIFFERENCE_VARIES,  /* a race: it is executed, and may fail or pass */
    DIFFERENCE_LACKS,   /* what cannot be executed for want of an operation need not be */
    DIFFERENCE_DECLINES /* a part of the interface that the runtime leaves out */
};

/* A line of the file. */
struct difference {
    char *what; /* a chapter, a rule, a test, `invariant:` and a rule, a part, or an operation */
    enum difference_kind kind;
    char *reason;
    int line;
    const char *item; /* of driver/parts.h, that an operation stands for; NULL: it is none */

    /* By differences_settle. */
    bool concerns; /* something that was chosen */
    char *stale;   /* why the line is to be removed; NULL: it is true, as far as is known */
};

struct differences {
    const char *file; /* NULL: nothing is declared */
    struct difference *of;
    size_t count;
    struct difference *invariants[INVARIANTS]; /* what excuses them; NULL: nothing does */
    struct invariants excused;                 /* those that are */
};

/* "differs" and so on. */
const char *difference_name(enum difference_kind kind);

/* What results call an operation, or anything else that a driver or a library may lack; NULL: it is
 * no such word. */
const char *difference_item(const char *what);

/* Read a file, NULL for none, and note in the suite which tests, rules and parts it declares.
 * Returns NULL after complaints, one for each mistake. The suite refers to what is returned. */
struct differences *differences_read(const char *file, struct suite *suite,
                                     suite_complain *complain);
void differences_free(struct differences *differences);

/* The oracle holds nothing against the runtime in a program with an operation whose function a rule
 * names that the runtime differs from; where such a rule names no function, in no program. */
void differences_spare(const struct suite *suite, struct oracle *oracle);

/* Once the tests have been executed and suite_settle has been called, find the lines that are no
 * longer true, the tests that lack something as declared, and the rules whose invariants were
 * broken as declared. Explored: of what passed no verdict is known. */
void differences_settle(struct suite *suite, bool explored);

/* How many lines of a kind concern what was chosen. */
size_t differences_count(const struct suite *suite, enum difference_kind kind);

/* Whether a line is no longer true. */
bool differences_are_stale(const struct suite *suite);

#endif
