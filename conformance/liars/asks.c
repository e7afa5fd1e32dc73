/* A liar: a run asks which of two, of three and of four, whatever it runs, and then does as it
 * likes. What it ran in the run before it runs again. */
#include "liar.h"

RUN
{
    static miou_task *last;
    static void *last_arg;
    size_t count;

    for (count = 2; options && options->choose && count <= 4; count++)
        options->choose(options->choose_state, count);
    if (last)
        last(last_arg);
    last = fn;
    last_arg = arg;
    return fn(arg);
}
