/* lacks.c: finds out which parts of the interface a library leaves out: says `lacks ITEM` for each
 * function that it does not have, or that only returns -ENOSYS, and for each option with which a
 * run returns -ENOSYS. */
#include "driver.h"

#include "interface.h"
#include "parts.h"

#include <errno.h>
#include <string.h>

static struct interface library;

/* ---- Functions ---- */

static void say_if_absent(const char *name, const void *function)
{
    void (*address)(void);

    memcpy(&address, function, sizeof address);
    if (!address)
        say("lacks %s\n", name);
}

/* Outside a run a function does nothing, whatever its arguments. They are integers and pointers, at
 * most five, so that all functions can be called alike. A function of the core is not a part that
 * can be declined. */
static void say_if_refused(const char *name, const void *function)
{
    int (*call)(intptr_t, intptr_t, intptr_t, intptr_t, intptr_t);

    memcpy(&call, function, sizeof call);
    if (call && part_of(name) != PART_CORE && call(0, 0, 0, 0, 0) == -ENOSYS)
        say("lacks %s\n", name);
}

/* ---- Options ---- */

static int return_0(void *arg)
{
    (void)arg;
    return 0;
}

static size_t choose_0(void *state, size_t count)
{
    (void)state, (void)count;
    return 0;
}

static int create(void **state, int domain, void *arg)
{
    (void)domain;
    *state = arg;
    return 0;
}

static int select_nothing(void *state, int block)
{
    (void)state, (void)block;
    return 0;
}

static void do_nothing(void *state)
{
    (void)state;
}

static void say_if_option_refused(const char *name, const miou_options *options)
{
    if (library.run && library.run(options, return_0, NULL) == -ENOSYS)
        say("lacks %s\n", name);
}

const char *say_lacks(const char *path)
{
    static const miou_monitor idle = {.create = create,
                                      .select = select_nothing,
                                      .interrupt = do_nothing,
                                      .finalise = do_nothing};
    const char *error = interface_open(&library, path);

    if (error)
        return error;
        /* What needs no call of the library first, since a call may not return. */
#define FUNCTION(result, name, parameters, arguments) say_if_absent("miou_" #name, &library.name);
#include "interface.def"
#define FUNCTION(result, name, parameters, arguments) say_if_refused("miou_" #name, &library.name);
#include "interface.def"
    say_if_option_refused("monitor", &(miou_options){.monitor = &idle});
    say_if_option_refused("choose", &(miou_options){.choose = choose_0});
    return NULL;
}
