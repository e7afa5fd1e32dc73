/* shorten: finds, for a schedule under which a scenario fails, a simpler one under which it fails
 * in the same way. */
#ifndef SHORTEN_H
#define SHORTEN_H

#include "schedule.h"
#include "session.h"

/* Shorten the schedule of an execution that failed, and execute the shortest once more: its result,
 * with the option that replays it, replaces the one that is given. If the same answers do not make
 * the scenario fail again, the result stays as it is and says so; the option then is the seed that
 * the answers came from, if there is one (not 0). */
void shorten(const struct session *session, const struct suite *suite, const struct test *test,
             const struct answers *answers, uint64_t seed, struct result *result);

#endif
