/* A liar: crashes in the middle of a run. */
#include "liar.h"

#include <stdlib.h>

RUN
{
    fn(arg);
    abort();
}
