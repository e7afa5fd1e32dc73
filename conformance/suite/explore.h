/* explore: executes a scenario over its schedules, all of them if they are few. */
#ifndef EXPLORE_H
#define EXPLORE_H

#include "run.h"

/* Schedules of a scenario. */
enum { EXPLORE_DEFAULT = 1000, EXPLORE_MAX = 1000000 };

/* Execute a scenario over run->explore of its schedules, those with the fewest answers other than 0
 * first, and, if there are more, over a quarter as many random ones. Write to the test what it came
 * to, a failure with the shortest schedule for it that was found, and how far it was explored. */
void explore(const struct run *run, const struct suite *suite, struct test *test);

#endif
