/* shown.h: what the oracle could decide, and which freedoms of the model the runtime has taken. */
#ifndef SHOWN_H
#define SHOWN_H

#include "members.h"
#include "suite/opinions.h"

#include <stdio.h>

/* Write it as a table, of at most 80 columns, with an empty line behind it. */
void shown_write(FILE *stream, const struct opinions *opinions);

/* Write it as a section of a page. */
void shown_page(FILE *stream, const struct opinions *opinions);

/* Write what became of the freedoms that a rule grants, for the page's row of the rule. */
void shown_of_rule(FILE *stream, const struct opinions *opinions, const char *rule);

/* Put all of it into an object, as its member "oracle" of an object. */
void shown_put(json_t *object, const struct opinions *opinions);

#endif
