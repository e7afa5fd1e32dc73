/* alike: findings of one verdict that say the same with other numbers, of which a reader needs one.
 */
#ifndef ALIKE_H
#define ALIKE_H

#include "judge/judge.h"

#include <stdio.h>

/* Whether no finding before this one, by its index, says the same. */
bool alike_is_first(const struct verdict *verdict, int index);

/* Whether a finding says the same as an earlier one. */
bool alike_to(const struct verdict *verdict, int index, int earlier);

/* Write how many findings behind this one say the same, and on which other lines of the program:
 * "3 more like this, on lines 4 and 5". Returns whether there are any; if not, it writes nothing.
 */
bool alike_write(FILE *stream, const struct verdict *verdict, int index, const char *before);

#endif
