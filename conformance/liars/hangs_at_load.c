/* A liar: hangs while it is loaded. */
#include "liar.h"

#include <unistd.h>

__attribute__((constructor)) static void hang(void)
{
    for (;;)
        pause();
}
