/* A liar: each run asks choose for one of two, three and four possibilities, ignores the answers,
 * and first runs again what the run before it ran. */
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
