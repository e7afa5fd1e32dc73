/* json: the report as one document of JSON, or as lines that are written while the session runs.
 * README.md describes it, report.schema.json says the same to programs. */
#ifndef JSON_H
#define JSON_H

#include "report.h"

/* Write the whole report. Returns whether it could be written. */
bool report_json(const struct report *report, const struct suite *suite);

/* ---- Lines ---- */

/* Write the first line, about the session. Returns what the lines tell of each test, which is to
 * become the report's. */
int *json_begin(const struct report *report, const struct suite *suite);

/* Write a line about a test that was executed. */
void json_see(const struct report *report, const struct suite *suite, const struct test *test);

/* Write a line about each test of which none has been written, or whose verdict is another one now,
 * and the last line, about the end. Returns whether all lines could be written. */
bool json_end(const struct report *report, const struct suite *suite);

#endif
