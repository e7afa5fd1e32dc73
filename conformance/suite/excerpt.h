/* excerpt: the last lines of what a process printed, fit to be shown. */
#ifndef EXCERPT_H
#define EXCERPT_H

#include <stddef.h>

/* The last lines of a text, without the runtime's choices. Bytes that are not printable are written
 * as \xNN and long lines are cut. NULL: the text is empty. To be freed. */
char *excerpt(const char *text, size_t size, int lines);

#endif
