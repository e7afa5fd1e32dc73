/* memory: allocations that succeed or end the program. */
#include "memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COULD_NOT_TELL = 2 }; /* exit status */
enum { FIRST = 8 };          /* elements of an array that grows */

/* Other threads may hold what exit would wait for. */
void *must(void *memory)
{
    if (memory)
        return memory;
    fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
    _exit(COULD_NOT_TELL);
}

void *zeroed(size_t count, size_t size)
{
    return must(calloc(count ? count : 1, size));
}

void *resized(void *old, size_t size)
{
    return must(realloc(old, size ? size : 1));
}

void *grown(void *array, size_t count, size_t size)
{
    if (array == NULL)
        return resized(NULL, FIRST * size);
    return count < FIRST || (count & (count - 1)) != 0 ? array : resized(array, 2 * count * size);
}

char *copy_of(const char *text)
{
    return text ? must(strdup(text)) : NULL;
}

char *text_of(const char *format, ...)
{
    char *text = NULL;
    va_list list;
    int size;

    va_start(list, format);
    size = vasprintf(&text, format, list);
    va_end(list);
    return must(size < 0 ? NULL : text);
}
