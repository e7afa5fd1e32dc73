/* reason: why an execution did not pass, in a few lines, and why a rule was not tested. */
#ifndef REASON_H
#define REASON_H

#include "suite/suite.h"

#include <stdio.h>

/* Write the reason of a result, how to repeat the execution, and the judge's findings, each kind
 * once. */
void reason_write(FILE *stream, const struct suite *suite, const struct result *result);

/* The reason of a test in C in its parts, each to be freed by reason_free. If the reason tells of
 * no expectation, it is all in `what`, and the others are NULL. */
struct reason {
    char *what; /* the place in the sources, and what was called or looked at */
    char *expected;
    char *observed;
    char *where; /* rounds of loops, and the calls that led there, a line each; NULL: none */
};
struct reason reason_split(const char *text);
void reason_free(struct reason *reason);

/* Why an execution did not pass, on one line: the reason, and the judge's first finding. To be
 * freed. */
char *reason_line(const struct result *result);

/* The title of a rule, by its id; empty if the chapters have no such rule. */
const char *reason_title(const struct suite *suite, const char *id);

/* Whether a finding is the oracle's, which does not say that one rule is broken. */
bool reason_is_of_oracle(const struct finding *finding);

/* The next rule that the text of such a finding names, of those that it has not named before; *at
 * moves behind it. NULL: none. */
const struct rule *reason_next_rule(const struct suite *suite, const char **at, const char *text);

/* The first chosen test of a rule with a result of this kind; NULL: there is none. */
const struct test *reason_first(const struct suite_rule *rule, enum result_kind kind);

/* Why a rule was not tested, as the first chosen test says that was skipped or needs what is
 * declined. */
const char *reason_untested(const struct suite_rule *rule);

#endif
