/* report_cmocka: the formats that cmocka writes. Every test becomes a cmocka test that comes to
 * what was found before. */
#ifndef REPORT_CMOCKA_H
#define REPORT_CMOCKA_H

#include "report.h"

bool report_cmocka(const struct report *report, const struct suite *suite);

/* Write why an attempt did not pass, a line or several. */
void report_reason(FILE *stream, const struct attempt *attempt);

#endif
