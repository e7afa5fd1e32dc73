/* reason: why an execution did not pass, in a few lines, and why a rule was not tested. */
#ifndef REASON_H
#define REASON_H

#include "suite/suite.h"

#include <stdio.h>

/* Write the reason of a result, how to repeat the execution, and the judge's findings. */
void reason_write(FILE *stream, const struct result *result);

/* Why an execution did not pass, on one line: the judge's first finding, or else the reason. To be
 * freed. */
char *reason_line(const struct result *result);

/* The first chosen test of a rule with a result of this kind; NULL: there is none. */
const struct test *reason_first(const struct suite_rule *rule, enum result_kind kind);

/* Why a rule was not tested, as the first chosen test says that was skipped or needs what is
 * declined. */
const char *reason_untested(const struct suite_rule *rule);

#endif
