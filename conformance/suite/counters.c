/* counters: gcov's counters are written below GCOV_PREFIX, as it is when the process ends. */
#include "counters.h"

#include "directory.h"
#include "scenario/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *counters_need_directory(const char **path)
{
    char *why = directory_need_empty(*path), *absolute = why ? NULL : realpath(*path, NULL);

    if (!why && !absolute)
        why = text_of("%s: %s", *path, strerror(errno));
    *path = absolute;
    return why;
}

char *counters_variable(const char *directory, const char *name)
{
    return directory ? text_of("GCOV_PREFIX=%s/%s", directory, name) : NULL;
}
