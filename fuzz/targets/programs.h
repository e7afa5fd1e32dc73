/* programs.h: bytes become a scenario, in the language of spec/scenario.md: whatever bytes, it is
 * one that parses, that ends, and that starts MOST_INSTANCES tasks at most. */
#ifndef FUZZ_PROGRAMS_H
#define FUZZ_PROGRAMS_H

#include "input.h"

enum {
    MOST_INSTANCES = 100,
    PROGRAM_TEXT = 32 << 10, /* bytes that any of them fits in */
};

/* Write the program of an input, whose head says how many domains there are, and whose bytes are
 * two an operation, with a NUL; returns its length. It expects nothing but what every runtime
 * promises. */
size_t program_write(char text[PROGRAM_TEXT], const struct input *input);

#endif
