/* runtime.c: the true runtime below the saboteur. It is not a library to be opened but linked in,
 * its functions called ref_miou_run and so on. For the mutants' names see servers.c, the saboteur's
 * and ref/mutants.txt. */
#include "interface.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define FUNCTION(result, name, parameters, arguments) result ref_miou_##name parameters;
#include "interface.def"

/* ---- which mutant */

const char *mutant_name = ""; /* see ref/mutant.h */

/* Before the saboteur's, which has no priority. */
__attribute__((constructor(500))) static void choose(void)
{
    if (getenv("MIOU_MUTANT"))
        mutant_name = getenv("MIOU_MUTANT");
    setenv("MIOU_SABOTAGED", "what is linked in", 1);
}

/* ---- what the program calls, which a mutant must replace to be noticed */

enum {
#define FUNCTION(result, name, parameters, arguments) CALLED_##name,
#include "interface.def"
    FUNCTIONS
};

static atomic_bool called[FUNCTIONS];

#define FUNCTION(result, name, parameters, arguments)                                              \
    static result noted_##name parameters                                                          \
    {                                                                                              \
        atomic_store_explicit(&called[CALLED_##name], true, memory_order_relaxed);                 \
        return ref_miou_##name arguments;                                                          \
    }
#include "interface.def"

__attribute__((destructor)) static void tell(void)
{
    FILE *file = getenv("MIOU_CALLED") ? fopen(getenv("MIOU_CALLED"), "a") : NULL;

    if (!file)
        return;
#define FUNCTION(result, name, parameters, arguments)                                              \
    if (called[CALLED_##name])                                                                     \
        fprintf(file, "%s\n", #name);
#include "interface.def"
    fclose(file);
}

/* ---- a run with descriptors is a run: who breaks miou_run breaks miou_unix_run */

static _Thread_local bool with_descriptors;

static int enter_unix_run(const miou_options *options, miou_task *fn, void *arg)
{
    with_descriptors = true;
    return miou_run(options, fn, arg);
}

static int enter_run(const miou_options *options, miou_task *fn, void *arg)
{
    bool with = with_descriptors;

    with_descriptors = false;
    return with ? noted_unix_run(options, fn, arg) : noted_run(options, fn, arg);
}

const char *interface_open(struct interface *interface, const char *path)
{
    (void)path;
#define FUNCTION(result, name, parameters, arguments) interface->name = noted_##name;
#include "interface.def"
    called[CALLED_run] = true;
    interface->unix_run = enter_unix_run;
    interface->run = enter_run;
    return NULL;
}
