/* saboteur: a runtime library that passes every call on to a true one and breaks one rule on the
 * way. It proves that the suite would notice. It works with any runtime.
 *
 * MIOU_SABOTAGED is the path of the true runtime, MIOU_MUTANT the name of the mutant; without it no
 * rule is broken. A mutant replaces one function or a few:
 *
 *     static int call_as_async(miou_promise **promise, const miou_spawn *options, miou_task *fn,
 *                              void *arg)
 *     {
 *         return true_miou_async(promise, options, fn, arg);
 *     }
 *     MUTANT("R4.4", call_stays_here, .call = call_as_async);
 *
 * Functions that a mutant does not replace are passed on as they are. */
#ifndef SABOTEUR_H
#define SABOTEUR_H

#include "driver/interface.h"

struct mutant {
    const char *rule; /* the rule it breaks */
    const char *name;
    struct interface instead; /* what it replaces; NULL: passed on */
    struct mutant *next;
};

/* The task that watch.h takes for the calling one. Other tasks run during a call, on the same
 * thread, so each call restores it when it returns. */
extern _Thread_local struct task *saboteur_caller;

void saboteur_register(struct mutant *mutant);

/* All mutants, by name. */
const struct mutant *saboteur_mutants(void);

/* Leak a little memory. */
void saboteur_waste(void);

/* A mutant of one rule. It registers itself before saboteur.c looks for the wanted one. Mutants are
 * constant; their section keeps them apart from data that changes. */
#define MUTANT(rule_, name_, ...)                                                                  \
    static struct mutant mutant_##name_ __attribute__((section("saboteur_mutants")));              \
    __attribute__((constructor(1000))) static void register_##name_(void)                          \
    {                                                                                              \
        saboteur_register(&mutant_##name_);                                                        \
    }                                                                                              \
    static struct mutant mutant_##name_ = {.rule = rule_, .name = #name_, .instead = {__VA_ARGS__}}

/* The true runtime's functions: true_miou_async and so on. */
#define FUNCTION(result, name, parameters, arguments) result true_miou_##name parameters;
#include "driver/interface.def"

#endif
