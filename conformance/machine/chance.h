/* chance: numbers that nobody can know beforehand. */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdint.h>

/* A number, another one at each call and in each process, also where the system refuses to give
 * any. */
uint64_t chance_number(void);

#endif
