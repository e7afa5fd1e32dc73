/* html: the report as one page, which needs no other file, no network and no script. */
#ifndef HTML_H
#define HTML_H

#include "report.h"

void html_write(const struct report *report, const struct suite *suite);

#endif
