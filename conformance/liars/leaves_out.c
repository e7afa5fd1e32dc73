/* Not a liar, unless it leaves out half a part: passes each call on to the runtime MIOU_SABOTAGED,
 * but returns -ENOSYS from the functions, and from runs with the options, that are named in
 * MIOU_LEFT_OUT, alone ("miou_hook_add") or by their part ("hooks"). */
#include "driver/interface.h"
#include "driver/parts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct interface truth;

static bool is_named(const char *name)
{
    const char *at = getenv("MIOU_LEFT_OUT");
    size_t size = strlen(name);

    for (; at && *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (strcspn(at, " ") == size && !memcmp(at, name, size))
            return true;
    return false;
}

static bool is_left_out(const char *item)
{
    return is_named(item) || is_named(part_name(part_of(item)));
}

/* ---- Runs, whose options may be left out ---- */

static bool monitor_left_out, choose_left_out;

static bool is_refused(const miou_options *options)
{
    return options &&
           ((options->monitor && monitor_left_out) || (options->choose && choose_left_out));
}

static int run(const miou_options *options, miou_task *fn, void *arg)
{
    return is_refused(options) ? -ENOSYS : truth.run(options, fn, arg);
}

static int unix_run(const miou_options *options, miou_task *fn, void *arg)
{
    return is_refused(options) ? -ENOSYS : truth.unix_run(options, fn, arg);
}

/* ---- The functions ---- */

static struct interface calls; /* NULL: left out */

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("MIOU_SABOTAGED");
    const char *error = interface_open(&truth, path ? path : "");

    if (error) {
        fprintf(stderr, "leaves_out: MIOU_SABOTAGED: %s\n", error);
        abort();
    }
    calls = truth;
    calls.run = run;
    calls.unix_run = unix_run;
#define OPTION(name) name##_left_out = is_left_out(#name);
#define FUNCTION(result, name, parameters, arguments)                                              \
    if (is_left_out("miou_" #name))                                                                \
        calls.name = NULL;
#include "driver/interface.def"
}

#define FUNCTION(result, name, parameters, arguments)                                              \
    __attribute__((visibility("default"))) result miou_##name parameters                           \
    {                                                                                              \
        return calls.name ? calls.name arguments : (result)-ENOSYS;                                \
    }
#pragma GCC diagnostic ignored "-Wint-to-pointer-cast"
#include "driver/interface.def"
