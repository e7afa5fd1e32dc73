/* target.h: what a fuzz target is made of. An engine calls the first, as do the programs that run
 * inputs without one: see standalone.c. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Run one input; aborts when a promise is broken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same, with what happens on standard output, for people to read. */
void fuzz_show(const uint8_t *data, size_t size);

/* Make an input by chance, of so many bytes at most; returns its size. A target need not have it:
 * then any bytes will do. */
size_t fuzz_make(uint8_t *bytes, size_t room, uint32_t (*chance)(void)) __attribute__((weak));

#endif
