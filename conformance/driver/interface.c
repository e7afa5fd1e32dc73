/* interface: opens a runtime library and finds the functions of the interface in it. */
#include "interface.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ISO C has no conversion from dlsym's object pointer to a function's; POSIX says they are alike.
 */
static void find_function(void *library, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(library, name);

    _Static_assert(sizeof symbol == sizeof(void (*)(void)), "dlsym can return functions");
    memcpy(function, &symbol, size);
}

const char *interface_open(struct interface *interface, const char *path)
{
    char real[PATH_MAX];
    void *library;

    if (!realpath(path, real))
        return strerror(errno);
    library = dlopen(real, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return dlerror();
#define FUNCTION(result, name, parameters, arguments)                                              \
    find_function(library, "miou_" #name, &interface->name, sizeof interface->name);
#include "interface.def"
    return NULL;
}
