/* memory: the one policy for memory. Without it the suite and its drivers can do nothing useful, so
 * a program that gets none says "out of memory" and exits with status 2. Everything that is handed
 * out here is released with free. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/* Memory that something else has allocated, or tried to. */
void *must(void *memory);

/* An array of zeros. It may be empty. */
void *zeroed(size_t count, size_t size);

void *resized(void *old, size_t size);

/* The array with room for one element more than its count. The capacity is at least the next power
 * of two, from 8, so an array must grow one element at a time, and here alone; one that was emptied
 * keeps its memory. */
void *grown(void *array, size_t count, size_t size);

/* NULL stays NULL. */
char *copy_of(const char *text);

/* A text, written as by printf. */
__attribute__((format(printf, 1, 2))) char *text_of(const char *format, ...);

#endif
