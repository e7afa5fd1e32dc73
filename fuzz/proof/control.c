/* control.c: a mutant that changes nothing, but has every task and resource watched. If a finder
 * finds that one, what it finds proves nothing. */
#include "saboteur/records.h"

MUTANT("control", watched_and_not_broken, RECORDED, .run = watch_run, .own = record_own);
