/* reason: why an execution did not pass, in a few lines. */
#ifndef REASON_H
#define REASON_H

#include "suite/result.h"

#include <stdio.h>

/* Write the reason of a result, how to repeat the execution, and the judge's findings. */
void reason_write(FILE *stream, const struct result *result);

#endif
