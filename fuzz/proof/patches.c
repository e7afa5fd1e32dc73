/* patches.c: the patch points in ref/, so that the saboteur knows them by name. The one that is
 * wanted is switched on in the true runtime itself, see ref/mutant.h; and a mutant that changes
 * nothing, but has every task and resource watched: if that one is found, the proof is none. */
#include "saboteur/records.h"

#include "patches.def"

MUTANT("control", watched_and_not_broken, RECORDED, .run = watch_run, .own = record_own);
