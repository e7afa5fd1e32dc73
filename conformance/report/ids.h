/* ids: the ids of many rules in few words. */
#ifndef IDS_H
#define IDS_H

#include "suite/suite.h"

#include <stdio.h>

/* Whether a rule is one of those that are to be written. */
typedef bool ids_meant(const struct suite_rule *rule, const void *state);

/* Write the ids of the chosen rules that are meant, with a blank before each: a chapter (R2) if all
 * of its rules are meant, and the first and last of three or more neighbours (R3.4-R3.9). After so
 * many items it says how many rules follow; 0: any number. */
void ids_write(FILE *stream, const struct suite *suite, ids_meant *meant, const void *state,
               size_t most);

#endif
