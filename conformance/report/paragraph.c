/* paragraph: fills lines with the words of a text. */
#include "paragraph.h"

#include <string.h>

void paragraph_write(FILE *stream, const char *indent, const char *text)
{
    size_t column = 0;

    while (*(text += strspn(text, " \n"))) {
        size_t size = strcspn(text, " \n");

        if (column > 0 && column + 1 + size > PARAGRAPH_WIDTH) {
            fputc('\n', stream);
            column = 0;
        }
        column += (size_t)fprintf(stream, "%s%.*s", column ? " " : indent, (int)size, text);
        text += size;
    }
    fputc('\n', stream);
}
