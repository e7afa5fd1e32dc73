/* saboteur: the registry of the mutants, and the functions of the interface, which call the active
 * mutant's function or else the true runtime's. */
#include "saboteur.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mutant *mutants;
static const struct mutant *active;
static struct interface truth;

_Thread_local struct task *saboteur_caller;

static void give_up(const char *what, const char *name, const char *why)
{
    fprintf(stderr, "saboteur: %s %s%s%s\n", what, name, *why ? ": " : "", why);
    abort();
}

void saboteur_register(struct mutant *mutant)
{
    struct mutant **place = &mutants;

    while (*place && strcmp((*place)->name, mutant->name) < 0)
        place = &(*place)->next;
    if (*place && !strcmp((*place)->name, mutant->name))
        give_up("two mutants are called", mutant->name, "");
    mutant->next = *place;
    *place = mutant;
}

const struct mutant *saboteur_mutants(void)
{
    return mutants;
}

void saboteur_waste(void)
{
    static _Thread_local void *volatile waste; /* volatile: or the compiler would leave it out */

    waste = malloc(200);
    if (waste)
        memset(waste, 1, 200);
}

/* Constructors without a priority run after those with one, so all mutants are known here. */
__attribute__((constructor)) static void start(void)
{
    const char *wanted = getenv("MIOU_MUTANT");
    const char *sabotaged = getenv("MIOU_SABOTAGED");
    const char *error;

    if (wanted && *wanted) {
        for (active = mutants; active && strcmp(active->name, wanted); active = active->next)
            ;
        if (!active)
            give_up("there is no mutant", wanted, "");
    }
    error = sabotaged ? interface_open(&truth, sabotaged) : NULL;
    if (error)
        give_up("cannot open", sabotaged, error);
}

/* What the true runtime lacks is lacking here too. */
#pragma GCC diagnostic ignored "-Wint-to-pointer-cast"

#define FUNCTION(result, name, parameters, arguments)                                              \
    result true_miou_##name parameters                                                             \
    {                                                                                              \
        if (!truth.run)                                                                            \
            give_up("MIOU_SABOTAGED has no", "miou_run", "");                                      \
        return truth.name ? truth.name arguments : (result)-ENOSYS;                                \
    }                                                                                              \
                                                                                                   \
    __attribute__((visibility("default"))) result miou_##name parameters                           \
    {                                                                                              \
        struct task *caller = saboteur_caller;                                                     \
        result returned =                                                                          \
            (active && active->instead.name ? active->instead.name : true_miou_##name) arguments;  \
                                                                                                   \
        saboteur_caller = caller;                                                                  \
        return returned;                                                                           \
    }
#include "driver/interface.def"
