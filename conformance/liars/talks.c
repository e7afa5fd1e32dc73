/* A liar: runs the main task, and prints on standard output what a driver or a check would print.
 */
#include "liar.h"

#include <stdio.h>

RUN
{
    int result = fn(arg);

    puts("run ok 99\npass R1.1 x\nok 1 - everything");
    fflush(stdout);
    return result;
}
