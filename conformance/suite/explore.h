/* explore: executes a scenario over its schedules, all of them if they are few. */
#ifndef EXPLORE_H
#define EXPLORE_H

#include "session.h"

/* Schedules of a scenario that are executed. */
enum { EXPLORE_DEFAULT = 1000, EXPLORE_MAX = 1000000 };

/* Execute a scenario on so many of its schedules, at most, those with the fewest answers other than
 * 0 first, and, if there are more, on a quarter as many random ones. Write to the test its result,
 * a failure with the shortest schedule for it that was found, and how far it was explored. A
 * scenario that asks for every schedule must also meet each outcome that it allows. */
void explore(const struct session *session, const struct suite *suite, struct test *test,
             size_t schedules);

#endif
