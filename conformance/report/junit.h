/* junit: the report as XML, as tools of continuous integration read it. */
#ifndef JUNIT_H
#define JUNIT_H

#include "report.h"

/* Write a suite for each chapter, valid as Jenkins and Ant describe it; or, for REPORT_SUREFIRE,
 * one suite, valid as Surefire and Jenkins describe it: no document is valid by all three. */
void report_junit(const struct report *report, const struct suite *suite);

#endif
