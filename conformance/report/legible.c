/* legible: text that came from anywhere, made fit for every format. XML is the one that takes the
 * least: neither control characters nor U+FFFE and U+FFFF. */
#include "legible.h"

#include "scenario/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The number of bytes of the character at a place; 0: there is none. */
static int bytes_of(const unsigned char *at)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    int bytes = *at < 0x80           ? 1
                : (*at >> 5) == 0x6  ? 2
                : (*at >> 4) == 0xe  ? 3
                : (*at >> 3) == 0x1e ? 4
                                     : 0;
    unsigned value = bytes == 1 ? *at : *at & (0xffu >> (bytes + 1));
    int i;

    for (i = 1; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3fu);
    }
    return bytes && value >= least[bytes] && value <= 0x10ffff && (value >> 11) != 0x1b ? bytes : 0;
}

static bool controls(const unsigned char *at, int bytes)
{
    return (bytes == 1 && (*at < ' ' || *at == 0x7f)) ||
           (bytes == 2 && *at == 0xc2 && at[1] < 0xa0) ||
           (bytes == 3 && *at == 0xef && at[1] == 0xbf && at[2] >= 0xbe);
}

/* Copy a text, with a blank for each newline and tab if it is to be one line. */
static char *copy_legibly(const char *text, bool one_line)
{
    const unsigned char *at = (const unsigned char *)text;
    char *copy;
    size_t size;
    FILE *stream = must(open_memstream(&copy, &size));

    while (*at) {
        int bytes = bytes_of(at);

        if (*at == '\n' || *at == '\t') {
            fputc(one_line ? ' ' : *at, stream);
            at++;
        } else if (bytes > 0 && !controls(at, bytes)) {
            while (bytes-- > 0)
                fputc(*at++, stream);
        } else {
            fprintf(stream, "\\x%02x", *at++);
        }
    }
    fclose(stream);
    return must(copy);
}

char *legible(const char *text)
{
    return copy_legibly(text, false);
}

char *legible_line(const char *text)
{
    return copy_legibly(text, true);
}
