/* timeline: an execution as a drawing: its events from top to bottom, a lane for each domain, a bar
 * for each task, and what deviates in red. */
#ifndef TIMELINE_H
#define TIMELINE_H

#include "suite/suite.h"

#include <stdio.h>

/* Write the timeline of a scenario that did not pass, as a figure of HTML: the drawing, and beside
 * each row of it the event in words. A long trace is cut, which the figure says. Writes nothing if
 * the driver has reported no event. */
void timeline_write(FILE *stream, const struct test *test);

/* Write the id of a line of a scenario's program, which the rows of its timeline link to. */
void timeline_line_id(FILE *stream, const struct test *test, int line);

#endif
