/* declare: a first file of differences, made from the results of a session. */
#ifndef DECLARE_H
#define DECLARE_H

#include "suite/suite.h"

/* Why the file cannot be written; NULL: it can, as far as is known. The text is to be freed. */
char *declare_refuse(const char *file);

/* Write a line for each rule, test and invariant that failed, grouped by causes, and for each rule
 * of which nothing is implemented. The file appears only when it is whole, and replaces no other.
 * Returns NULL, or why it was not written, to be freed. */
char *declare_write(const char *file, const struct suite *suite);

#endif
