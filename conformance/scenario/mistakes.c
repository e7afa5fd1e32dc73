/* mistakes.c: what every part of the parser does with a line that is wrong, or may be. */
#include "parser.h"

#include <stdarg.h>
#include <stdio.h>

void complain(struct parser *parser, int line, const char *format, ...)
{
    char text[2 * PROGRAM_LINE_MAX + 100];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    parser->failed = true;
    parser->complain(parser->to, line, text);
}

void expect_end(struct parser *parser, struct word rest, const char *what)
{
    struct word word = take_word(&rest);

    if (word.size > 0)
        complain(parser, parser->line, "'%.*s' is one word too many for '%s'", QUOTED(word), what);
}

int take_number(struct parser *parser, struct word word, const char *what, int min, int max)
{
    int number;

    if (word.size == 0)
        complain(parser, parser->line, "'%s' lacks its number", what);
    else if (!parse_number(word, max, &number) || number < min)
        complain(parser, parser->line, "'%.*s' is not a number for '%s': from %d to %d",
                 QUOTED(word), what, min, max);
    else
        return number;
    return -1;
}
