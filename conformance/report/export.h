/* export: the scenarios as files: for each its program, as a driver reads it, and its answers. */
#ifndef EXPORT_H
#define EXPORT_H

#include "suite/suite.h"

/* Write DIRECTORY/R2.1/NAME.program and NAME.answers for each chosen scenario; the directory is
 * made if it is not there, and else must be empty. Line N of both files is line N of the scenario.
 * *count becomes the number of scenarios. Returns why they cannot all be written, as one line, to
 * be freed; NULL: they are. */
char *export_write(const char *directory, const struct suite *suite, size_t *count);

#endif
