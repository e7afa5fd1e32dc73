/* terminal: follows the conventions of the environment. */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value && *value;
}

bool terminal_can_rewrite(FILE *stream)
{
    return isatty(fileno(stream)) && is_set("TERM") && strcmp(getenv("TERM"), "dumb") != 0;
}

bool terminal_has_colours(FILE *stream)
{
    if (is_set("NO_COLOR"))
        return false;
    if (is_set("CLICOLOR_FORCE") && strcmp(getenv("CLICOLOR_FORCE"), "0") != 0)
        return true;
    return terminal_can_rewrite(stream);
}

int terminal_width(FILE *stream)
{
    struct winsize size;

    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
