/* A liar: crashes when it is loaded. */
#include "liar.h"

#include <signal.h>

__attribute__((constructor)) static void crash(void)
{
    raise(SIGSEGV);
}
