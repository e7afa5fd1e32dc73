/* replay: the same answers make the same run. */
#ifndef REPLAY_H
#define REPLAY_H

#include "run.h"

/* Execute a scenario with the schedule of run twice. Write to the test what it came to. */
void replay(const struct run *run, const struct suite *suite, struct test *test);

/* Compare an execution with what an earlier one of the same schedule printed. If they differ, it
 * has failed. */
void replay_compare(const char *earlier, size_t size, struct execution *execution);

/* An execution that passed has failed, as it was another run than it had to be. */
__attribute__((format(printf, 2, 3))) void replay_differs(struct attempt *attempt,
                                                          const char *format, ...);

/* Whether that is why an attempt failed. */
bool replay_is_other(const struct attempt *attempt);

#endif
