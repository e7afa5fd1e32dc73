/* A liar: never comes back from a run. */
#include "liar.h"

#include <unistd.h>

RUN
{
    while (pause() < 0)
        ;
    return 0;
}
