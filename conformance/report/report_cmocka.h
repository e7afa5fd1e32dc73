/* report_cmocka: the formats that cmocka writes. Every test becomes a cmocka test that has the
 * result which the test had before. */
#ifndef REPORT_CMOCKA_H
#define REPORT_CMOCKA_H

#include "report.h"

/* Returns false if cmocka could not write the report. */
bool report_cmocka(const struct report *report, const struct suite *suite);

#endif
