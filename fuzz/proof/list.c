/* list.c: lists the mutants, one on each line: its name, the rule that it breaks, and the functions
 * that it replaces, except those that only watch; * if there are none. */
#include "saboteur/records.h"

#include <stdbool.h>
#include <stdio.h>

typedef void function(void);

static bool only_watches(function *replacement)
{
    static function *const watching[] = {
        (function *)watch_async,  (function *)watch_call,    (function *)watch_parallel,
        (function *)watch_yield,  (function *)watch_run,     (function *)watch_await,
        (function *)watch_cancel, (function *)record_create, (function *)record_own,
        (function *)record_async, (function *)record_call};

    for (size_t i = 0; i < sizeof watching / sizeof *watching; i++)
        if (replacement == watching[i])
            return true;
    return false;
}

int main(void)
{
    for (const struct mutant *mutant = saboteur_mutants(); mutant; mutant = mutant->next) {
        int count = 0;

        printf("%s %s", mutant->name, mutant->rule);
#define FUNCTION(result, name, parameters, arguments)                                              \
    if (mutant->instead.name && !only_watches((function *)mutant->instead.name))                   \
        count += printf(" %s", #name) > 0;
#include "driver/interface.def"
        printf(count > 0 ? "\n" : " *\n");
    }
    return fflush(stdout) != 0;
}
