/* A liar: never comes back from being loaded. */
#include "liar.h"

#include <unistd.h>

__attribute__((constructor)) static void hang(void)
{
    for (;;)
        pause();
}
