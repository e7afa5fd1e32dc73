/* excerpt: the last lines of what a process printed, fit to be shown. */
#ifndef EXCERPT_H
#define EXCERPT_H

#include <stddef.h>
#include <stdio.h>

/* The last lines of a text, without the runtime's choices. Bytes that are not printable are written
 * as \xNN and long lines are cut. NULL: the text is empty. To be freed. */
char *excerpt(const char *text, size_t size, int lines);

/* Write a line up to its newline, or size bytes without one, in the same way, and a newline. */
void excerpt_line(FILE *stream, const char *line, size_t size);

#endif
