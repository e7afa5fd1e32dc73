/* litmus.h: small programs by the thousand, made from shapes: main spawns one or two tasks, here or
 * on another domain, and each executes a few operations of a family. */
#ifndef MODEL_LITMUS_H
#define MODEL_LITMUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { LITMUS_MOST = 24000 };

/* Write them as a chapter: `most` of them, but no more than LITMUS_MOST. Those that reach an
 * outcome of an operation, or a freedom, that no earlier one reaches come first, then the others;
 * in both groups shorter ones come first. No two have the same behaviours in the model. Returns how
 * many there are. */
size_t litmus_write(FILE *stream, size_t most);

/* Write only the program of a name as such a chapter. False: no shape has that name. */
bool litmus_write_one(FILE *stream, const char *name);

#endif
