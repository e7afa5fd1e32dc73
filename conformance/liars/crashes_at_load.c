/* A liar: crashes when it is loaded. */
#include "liar.h"

#include <stdlib.h>

__attribute__((constructor)) static void crash(void)
{
    abort();
}
