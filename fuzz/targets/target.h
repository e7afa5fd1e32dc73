/* target.h: the functions of a fuzz target. An engine calls only the first; standalone.c, the main
 * function without an engine, calls all. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Execute one input. Aborts when a promise is broken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same, and print what happens for people to read. */
void fuzz_show(const uint8_t *data, size_t size);

/* Make a random input of at most `room` bytes; returns its size. A target may lack this function:
 * then any bytes will do. */
size_t fuzz_make(uint8_t *bytes, size_t room, uint32_t (*chance)(void)) __attribute__((weak));

#endif
