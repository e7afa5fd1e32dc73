/* A liar: runs the main task; every other function returns success and does nothing. */
#include "liar.h"

RUN
{
    return fn(arg);
}
