/* proofs: what the model says of the scenarios of a suite, as text. */
#ifndef PROOFS_H
#define PROOFS_H

#include "suite/suite.h"

#include <stdint.h>
#include <stdio.h>

/* Prove the chosen scenarios, and tell of each whose answers are not proven why. At most `limit`
 * states of each are visited. The last line is `N passed, N failed`. Returns how many are not
 * right: an answer is met by too few behaviours, or by none. */
size_t proofs_write(FILE *stream, const struct suite *suite, uint32_t limit);

#endif
