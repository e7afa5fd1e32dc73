/* programs.h: bytes become a scenario, in the language of spec/scenario.md: whatever bytes, it is
 * one that parses, that ends, and that starts MOST_INSTANCES tasks at most. */
#ifndef FUZZ_PROGRAMS_H
#define FUZZ_PROGRAMS_H

#include <stddef.h>
#include <stdint.h>

enum {
    MOST_INSTANCES = 100,
    PROGRAM_TEXT = 32 << 10, /* bytes that any of them fits in */
};

/* Write the program of these bytes, two an operation, with a NUL; returns its length. It expects
 * nothing but what every runtime promises. */
size_t program_write(char text[PROGRAM_TEXT], int domains, const uint8_t *bytes, size_t size);

#endif
