/* trampolines: each function of miou.h passes its arguments on to the same one of the runtime
 * library. */
#include "trampolines.h"

#include "interface.h"

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
    if (report_absent)
        report_absent(name);
    abort();
}

#define FUNCTION(result, name, parameters, arguments)                                              \
    result miou_##name parameters                                                                  \
    {                                                                                              \
        if (!runtime.name)                                                                         \
            missing("miou_" #name);                                                                \
        return runtime.name arguments;                                                             \
    }
#include "interface.def"
