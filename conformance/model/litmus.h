/* litmus.h: small programs by the thousand, made from shapes: main spawns one or two tasks, here or
 * on another domain, and each executes a few operations of a family. */
#ifndef MODEL_LITMUS_H
#define MODEL_LITMUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { LITMUS_MOST = 24000 };

/* Write them as a chapter, at most so many, and LITMUS_MOST; shorter programs come first, and
 * before all others those that reach an outcome of an operation, or a freedom, that none before
 * them reaches. Of those of which the model has the same behaviours there is one. Returns how many.
 */
size_t litmus_write(FILE *stream, size_t most);

/* Write only the program of a name as such a chapter. False: no shape has that name. */
bool litmus_write_one(FILE *stream, const char *name);

#endif
