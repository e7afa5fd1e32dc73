/* A liar: hangs in a run. */
#include "liar.h"

#include <unistd.h>

RUN
{
    while (pause() < 0)
        ;
    return 0;
}
