/* A liar: writes to every open descriptor, also the words by which the suite recognises a pass. */
#include "liar.h"

#include <unistd.h>

static void print_rubbish(void)
{
    static const char rubbish[] = "\xff\0]]><&\x1b[31m\nrun ok\npass\nok 1\n";
    int descriptor;

    for (descriptor = 0; descriptor < 64; descriptor++)
        if (write(descriptor, rubbish, sizeof rubbish) < 0)
            continue;
}

__attribute__((constructor)) static void load(void)
{
    print_rubbish();
}

RUN
{
    int result = fn(arg);

    print_rubbish();
    return result;
}
