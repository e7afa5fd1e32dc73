/* tap: the report in the Test Anything Protocol. */
#ifndef TAP_H
#define TAP_H

#include "report.h"

/* Write a line for each test, and behind each that failed what is known of it, as YAML. */
void report_tap(const struct report *report, const struct suite *suite);

#endif
