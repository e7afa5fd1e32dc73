/* events: what the driver said of a test that failed, for people: the lines about which the judge's
 * findings are, and what was still under way when the process ended. */
#ifndef EVENTS_H
#define EVENTS_H

#include "suite/suite.h"

/* The trace of a scenario's result, to be freed; NULL: there is none. */
struct trace *events_read(const struct test *test);

/* The lines of a trace behind their numbers, a dozen of them, around the first that deviates; what
 * deviates is marked. To be freed; NULL: nothing does. */
char *events_deviating(const struct test *test);

/* What the tasks were doing that had not returned when an execution ended in the middle, a line for
 * each operation that was under way: "    line 3, await p => ok: main". To be freed; NULL: it did
 * not end in the middle. */
char *events_pending(const struct test *test);

/* The words of these operations, each once: "lock and await". To be freed; NULL: none was under
 * way.
 */
char *events_stopped_at(const struct test *test);

#endif
