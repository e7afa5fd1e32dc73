/* markup: text within HTML and SVG. Whatever its bytes are, it becomes text and nothing else. */
#include "markup.h"

#include "legible.h"
#include "scenario/memory.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Whether a character of three bytes turns the direction of writing: U+200E, U+200F, U+202A to
 * U+202E, U+2066 to U+2069. */
static bool turns(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    return at[0] == 0xe2 && ((at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f ||
                                                (at[2] >= 0xaa && at[2] <= 0xae))) ||
                             (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
}

static void write_character(FILE *stream, char c)
{
    switch (c) {
    case '&':
        fputs("&amp;", stream);
        break;
    case '<':
        fputs("&lt;", stream);
        break;
    case '>':
        fputs("&gt;", stream);
        break;
    case '"':
        fputs("&quot;", stream);
        break;
    case '\'':
        fputs("&#39;", stream);
        break;
    default:
        fputc(c, stream);
    }
}

void markup_text(FILE *stream, const char *text)
{
    char *clean = legible(text ? text : "");

    for (const char *at = clean; *at; at++)
        if (turns(at)) {
            fputs("\xef\xbf\xbd", stream);
            at += 2;
        } else {
            write_character(stream, *at);
        }
    free(clean);
}

void markup_bytes(FILE *stream, const char *text, size_t size)
{
    char *copy = must(strndup(text, size));

    markup_text(stream, copy);
    free(copy);
}

void markup_name(FILE *stream, const char *name)
{
    for (; *name; name++)
        if (isalnum((unsigned char)*name) || strchr(".-/", *name))
            fputc(*name, stream);
        else
            fprintf(stream, "_%02x", (unsigned char)*name);
}

void markup_class(FILE *stream, enum result_kind kind)
{
    fputs("v-", stream);
    for (const char *at = result_name(kind); *at; at++)
        fputc(*at == ' ' ? '-' : *at, stream);
}

void markup_result(FILE *stream, enum result_kind kind)
{
    fputs("<span class=\"verdict ", stream);
    markup_class(stream, kind);
    fprintf(stream, "\">%s</span>", result_name(kind));
}
