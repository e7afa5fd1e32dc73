/* html_failures: what failed, in the page of the report. */
#ifndef HTML_FAILURES_H
#define HTML_FAILURES_H

#include "report.h"

/* Write the failures by their causes: each test with its rule's sentence, its program, what was
 * expected beside what was observed, the timeline, and the commands that repeat it. Of very many,
 * the last ones are only named. */
void html_failures(const struct report *report, const struct suite *suite);

#endif
