/* A liar: ends the process in the middle of a run, with the status of success. */
#include "liar.h"

#include <stdlib.h>

RUN
{
    fn(arg);
    exit(0);
}
