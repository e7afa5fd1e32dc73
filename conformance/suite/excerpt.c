/* excerpt: the last lines of what a process printed, fit to be shown. */
#include "excerpt.h"

#include "scenario/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_KEPT = 200 /* characters of a line */ };

/* Returns where the line that ends at a place begins. */
static size_t line_before(const char *text, size_t end)
{
    while (end > 1 && text[end - 2] != '\n')
        end--;
    return end > 0 ? end - 1 : 0;
}

/* An answer to a choice of the runtime is not an event to look at. */
static bool is_choice(const char *line, size_t size)
{
    static const char word[] = "chose ";

    return size >= sizeof word - 1 && !memcmp(line, word, sizeof word - 1);
}

void excerpt_line(FILE *stream, const char *line, size_t size)
{
    size_t i;

    for (i = 0; i < size && line[i] != '\n' && i < LINE_KEPT; i++) {
        unsigned char c = (unsigned char)line[i];

        if (c >= ' ' && c < 127)
            fputc(c, stream);
        else
            fprintf(stream, c == '\t' ? " " : "\\x%02x", c);
    }
    fputs(i == LINE_KEPT ? "...\n" : "\n", stream);
}

char *excerpt(const char *text, size_t size, int lines)
{
    size_t from = size, next, copy_size;
    FILE *stream;
    char *copy;

    while (from > 0 && lines > 0) {
        next = line_before(text, from);
        lines -= !is_choice(text + next, from - next);
        from = next;
    }
    if (from == size)
        return NULL;
    stream = must(open_memstream(&copy, &copy_size));
    if (from > 0)
        fputs("...\n", stream);
    for (; from < size; from = next) {
        const char *end = memchr(text + from, '\n', size - from);

        next = end ? (size_t)(end - text) + 1 : size;
        if (!is_choice(text + from, next - from))
            excerpt_line(stream, text + from, next - from);
    }
    fclose(stream);
    return must(copy);
}
