/* output: where a report goes. A file is replaced only when the new report is whole. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output {
    FILE *stream;
    char *path;          /* the file that is replaced in the end; NULL: none is */
    char *beside;        /* what is written until then, in the same directory */
    struct output *next; /* another one that is unfinished */
};

/* Open a file, as an output that stays in its place; NULL, or what leads there: standard output.
 * What is no regular file, such as a pipe or /dev/stdout, is written directly, and so is one that
 * grows, to be read while it does. Returns why it cannot be opened, as one line, to be freed; NULL:
 * it is. */
char *output_open(struct output *output, const char *path, bool grows);

/* Once the report is written, put it in its place; call it at most once. Returns why this failed,
 * as one line, to be freed, and the file is what it was before; NULL: it is there. A program that
 * ends without it leaves nothing behind. */
char *output_close(struct output *output);

#endif
