/* directory: a directory for what is written into many files, which mixes with nothing else. */
#ifndef DIRECTORY_H
#define DIRECTORY_H

#include <stdbool.h>

/* Make a directory, or find it empty. Returns why neither is possible, as one line, to be freed;
 * NULL: it is there. */
char *directory_need_empty(const char *path);

/* Whether there is nothing in a directory, or no directory. */
bool directory_is_empty(const char *path);

#endif
