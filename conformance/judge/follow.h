/* follow: follows each task through its program, and learns on the way what became of its spawns,
 * where it ran and how it ended. */
#ifndef FOLLOW_H
#define FOLLOW_H

#include "inquiry.h"

/* False, after a finding: a task did not keep to its program, and nothing more can be concluded. */
bool follow_programs(struct inquiry *inquiry);

#endif
