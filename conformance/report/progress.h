/* progress: tells people how far the tests of a session are: on a terminal by a line that is
 * rewritten, else by a line now and then; and the first failure, as soon as it is known. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "suite/session.h"

#include <stdio.h>

struct progress;

/* Begin to observe a session of the chosen tests; all is written to the stream. */
struct progress *progress_begin(FILE *stream, const struct suite *suite);

/* The observer to be given to the session, valid until the end. */
struct observer *progress_observer(struct progress *progress);

/* Wipe the line out, and free the progress. */
void progress_end(struct progress *progress);

#endif
