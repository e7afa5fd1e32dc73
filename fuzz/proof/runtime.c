/* runtime.c: joins the saboteur and the true runtime below it, which is linked in, not opened as a
 * library; its functions are called ref_miou_run and so on. The mutants are the saboteur's and
 * those in server.c and control.c. */
#include "saboteur/saboteur.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTION(result, name, parameters, arguments) result ref_miou_##name parameters;
#include "driver/interface.def"

/* ---- which mutant */

static const char *mutant_name = "";

/* Called before the saboteur's constructor, which has no priority. */
__attribute__((constructor(500))) static void choose_mutant(void)
{
    if (getenv("MIOU_MUTANT"))
        mutant_name = getenv("MIOU_MUTANT");
    setenv("MIOU_SABOTAGED", "what is linked in", 1);
}

/* ---- the functions that the program calls: a mutant can be noticed only if it replaces one */

enum {
#define FUNCTION(result, name, parameters, arguments) CALLED_##name,
#include "driver/interface.def"
    FUNCTIONS
};

static atomic_bool called[FUNCTIONS];

#define FUNCTION(result, name, parameters, arguments)                                              \
    static result noted_##name parameters                                                          \
    {                                                                                              \
        atomic_store_explicit(&called[CALLED_##name], true, memory_order_relaxed);                 \
        return ref_miou_##name arguments;                                                          \
    }
#include "driver/interface.def"

__attribute__((destructor)) static void write_called(void)
{
    FILE *file = getenv("MIOU_CALLED") ? fopen(getenv("MIOU_CALLED"), "a") : NULL;

    if (!file)
        return;
#define FUNCTION(result, name, parameters, arguments)                                              \
    if (called[CALLED_##name])                                                                     \
        fprintf(file, "%s\n", #name);
#include "driver/interface.def"
    fclose(file);
}

/* ---- miou_unix_run: a mutant that replaces miou_run must break it too. The saboteur's function is
 * called saboteur_miou_unix_run here. */

static atomic_bool with_descriptors;
static bool unix_run_is_replaced;

int saboteur_miou_unix_run(const miou_options *options, miou_task *fn, void *arg);

__attribute__((visibility("default"))) int miou_unix_run(const miou_options *options, miou_task *fn,
                                                         void *arg)
{
    int result;

    with_descriptors = true;
    result = saboteur_miou_unix_run(options, fn, arg);
    with_descriptors = false;
    return result;
}

static int run(const miou_options *options, miou_task *fn, void *arg)
{
    return with_descriptors ? noted_unix_run(options, fn, arg) : noted_run(options, fn, arg);
}

static int unix_run(const miou_options *options, miou_task *fn, void *arg)
{
    return unix_run_is_replaced ? run(options, fn, arg) : miou_run(options, fn, arg);
}

/* Called by the saboteur when all mutants are registered. */
const char *interface_open(struct interface *interface, const char *path)
{
    (void)path;
#define FUNCTION(result, name, parameters, arguments) interface->name = noted_##name;
#include "driver/interface.def"
    interface->run = run;
    interface->unix_run = unix_run;
    called[CALLED_run] = true;
    for (const struct mutant *mutant = saboteur_mutants(); mutant; mutant = mutant->next)
        if (strcmp(mutant->name, mutant_name) == 0)
            unix_run_is_replaced = mutant->instead.unix_run;
    return NULL;
}
