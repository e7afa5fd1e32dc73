/* trampolines: each function of miou.h passes its arguments on to the same one of the runtime
 * library. */
#include "trampolines.h"

#include "interface.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static struct interface runtime;
static void (*report_absent)(const char *name);

const char *trampolines_open(const char *path, void (*absent)(const char *name))
{
    report_absent = absent;
    return interface_open(&runtime, path);
}

static void missing(const char *name)
{
    if (report_absent) {
        report_absent(name);
        abort();
    }
}

/* Runs return -ENOSYS for their options too, and if main has returned it. */
static bool can_tell_by_result(const void *function)
{
    return function != &runtime.run && function != &runtime.unix_run;
}

#define FUNCTION(result, name, parameters, arguments)                                              \
    result miou_##name parameters                                                                  \
    {                                                                                              \
        result returned = (result)(intptr_t)-ENOSYS;                                               \
                                                                                                   \
        if (!runtime.name)                                                                         \
            missing("miou_" #name);                                                                \
        else                                                                                       \
            returned = runtime.name arguments;                                                     \
        if ((intptr_t)returned == -ENOSYS && can_tell_by_result(&runtime.name))                    \
            missing("miou_" #name);                                                                \
        return returned;                                                                           \
    }
#include "interface.def"
