/* terminal: what the place can do that people read. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Whether to write in colours: on a terminal that is not dumb, or anywhere if CLICOLOR_FORCE is set
 * and not 0; nowhere if NO_COLOR is set and not empty. */
bool terminal_has_colours(FILE *stream);

/* Whether a line that was written can be written anew. */
bool terminal_can_rewrite(FILE *stream);

/* How many columns it has; 80 if it does not say. */
int terminal_width(FILE *stream);

#endif
