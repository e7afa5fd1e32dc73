/* failure: all that is known of a test that failed, for people. */
#ifndef FAILURE_H
#define FAILURE_H

#include "report.h"

/* Write what the test does, why it failed, what the driver and the test said, and how the test is
 * executed again; behind lines that name the test and its rule. */
void failure_write(FILE *stream, const struct report *report, const struct suite *suite,
                   const struct test *test);

/* Bytes of a rule's sentences that are shown with each failure: the first ones, if all of them are
 * more than some lines. */
size_t failure_statement_size(const char *statement);

/* Write them as a paragraph, and where the rest stands. */
void failure_statement_write(FILE *stream, const struct suite *suite, const struct test *test);

/* What the lines are that the runtime's side has said last. */
const char *failure_output_title(const struct test *test);

/* What the lines of a check are. */
const char *failure_source_title(const struct result *result);

#endif
