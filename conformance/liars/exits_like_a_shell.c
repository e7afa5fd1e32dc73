/* A liar: ends the process in the middle of a run, with the status that a shell has for a command
 * that it cannot find. */
#include "liar.h"

#include <unistd.h>

RUN
{
    fn(arg);
    _exit(127);
}
