/* expectations: what a scenario itself expects of its operations, its events and its run. */
#ifndef EXPECTATIONS_H
#define EXPECTATIONS_H

#include "inquiry.h"

void check_expectations(struct inquiry *inquiry);

#endif
