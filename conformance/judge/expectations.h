/* expectations: what a scenario itself expects of its operations, its events and its run. */
#ifndef EXPECTATIONS_H
#define EXPECTATIONS_H

#include "inquiry.h"

void check_expectations(struct inquiry *inquiry);

/* Only the answers of its operations, which hold however the run goes on. */
void check_answers(struct inquiry *inquiry);

#endif
