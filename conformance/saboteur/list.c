/* mutants: lists the saboteur's mutants, one line for each: its name and the rule that it breaks.
 */
#include "saboteur.h"

#include <stdio.h>

int main(void)
{
    const struct mutant *mutant;

    for (mutant = saboteur_mutants(); mutant; mutant = mutant->next)
        printf("%s %s\n", mutant->name, mutant->rule);
    return fflush(stdout) != 0;
}
