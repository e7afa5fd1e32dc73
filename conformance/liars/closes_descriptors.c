/* A liar: closes every descriptor of the process, then runs the main task. */
#include "liar.h"

#include <unistd.h>

RUN
{
    int descriptor;

    for (descriptor = 0; descriptor < 1024; descriptor++)
        close(descriptor);
    return fn(arg);
}
