/* failure: all that is known of a test that failed, for people. */
#ifndef FAILURE_H
#define FAILURE_H

#include "report.h"

/* Write the rule's statement, what the test does, why it failed, what the driver and the test said,
 * and how the test is executed again; behind a line that names the test. */
void failure_write(FILE *stream, const struct report *report, const struct test *test);

#endif
