/* opinions: what the oracle has said of the executions of a session, and which freedoms of the
 * model they have shown. */
#ifndef OPINIONS_H
#define OPINIONS_H

#include "judge/judge.h"
#include "model/freedoms.h"

#include <pthread.h>
#include <stddef.h>

enum { OPINIONS_REASONS_MAX = 64 };

struct opinions {
    pthread_mutex_t lock; /* zero: free */
    size_t allowed;
    size_t wrong;
    size_t open; /* it could not decide */
    struct open_reason {
        char *why;
        size_t count;
    } reasons[OPINIONS_REASONS_MAX]; /* of what is open; the last stands for all that have no place
                                      */
    size_t reason_count;
    size_t offered[FREEDOM_KINDS]; /* executions that could take the freedom, */
    size_t taken[FREEDOM_KINDS];   /* and that have taken it */
};

/* Count what was said of an execution. Several threads may do so at a time. */
void opinions_add(struct opinions *opinions, const struct verdict *verdict);

/* Whether the oracle was asked at all. */
bool opinions_are_any(const struct opinions *opinions);

void opinions_free(struct opinions *opinions);

#endif
