/* mutant.h: MUTANT(name) is 1 in a build with -DMUTANT_name, which breaks one rule on purpose, and
 * 0 in every other. mutants.txt says which rule; only what no saboteur can break from outside is
 * here. */
#ifndef REF_MUTANT_H
#define REF_MUTANT_H

#ifdef MUTANTS_BY_NAME /* a build with all of them, and a variable says which */
#include <string.h>
extern const char *mutant_name;
#define MUTANT(name) (strcmp(mutant_name, #name) == 0)
#else
#define MUTANT(name)                      MUTANT_DEFINED(MUTANT_##name)
#define MUTANT_DEFINED(macro)             MUTANT_EXPANDED(macro)
#define MUTANT_EXPANDED(value)            MUTANT_CHOICE(MUTANT_COMMA_##value)
#define MUTANT_CHOICE(comma)              MUTANT_SECOND(comma 1, 0, 0)
#define MUTANT_COMMA_1                    0,
#define MUTANT_SECOND(first, second, ...) second
#endif

#endif
