/* telling.h: a walk in the words of the protocol (spec/scenario.md). */
#ifndef WALKER_TELLING_H
#define WALKER_TELLING_H

#include "walk.h"

#include <stdio.h>

/* Walk from the start of a program to its end, and write a line per event, up to how the run has
 * ended. Return false if it does not end; then nothing more is written. */
bool tell_walk(struct walk *walk, FILE *output);

#endif
