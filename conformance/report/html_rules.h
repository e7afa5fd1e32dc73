/* html_rules: the rules by their verdicts, in the page of the report. */
#ifndef HTML_RULES_H
#define HTML_RULES_H

#include "report.h"

/* Write one cell for each rule, a line for each chapter. */
void html_overview(const struct report *report, const struct suite *suite);

/* Write the form that chooses rules by level, verdict and words. It needs the page's script. */
void html_filters(const struct report *report, const struct suite *suite);

/* Write a table for each chapter, a row for each rule, with its tests folded. */
void html_rules(const struct report *report, const struct suite *suite);

#endif
