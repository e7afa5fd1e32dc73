/* replay: the same answers make the same run. */
#ifndef REPLAY_H
#define REPLAY_H

#include "execute.h"

/* Execute a scenario twice with the line of a schedule. Write the result to the test, with the
 * option of conform that the line came from; NULL: it is the scenario's. */
void replay(const struct session *session, const struct suite *suite, struct test *test,
            const char *schedule, const char *option);

/* Whether executions of one schedule have to be the same: not if that rule is excused. */
bool replay_is_asked(const struct session *session);

/* Compare an execution with what an earlier one of the same schedule printed. If they differ, the
 * execution has failed. */
void replay_compare(const char *earlier, size_t size, struct execution *execution);

/* Turn the result of an execution into a failure: it was not the run that its answers make. The
 * text says what was observed. */
__attribute__((format(printf, 2, 3))) void replay_differs(struct result *result, const char *format,
                                                          ...);

/* Whether a result is such a failure. */
bool replay_has_differed(const struct result *result);

#endif
