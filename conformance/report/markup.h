/* markup: text within HTML and SVG. Whatever its bytes are, it becomes text and nothing else. */
#ifndef MARKUP_H
#define MARKUP_H

#include "suite/result.h"

#include <stddef.h>
#include <stdio.h>

/* Write a text, fit for an element and for an attribute in double quotes: legible, and without what
 * turns the direction of writing. NULL is empty. */
void markup_text(FILE *stream, const char *text);

/* The same for its first size bytes. */
void markup_bytes(FILE *stream, const char *text, size_t size);

/* Write a name as a part of an id, and of the link to it. Different names stay different. */
void markup_name(FILE *stream, const char *name);

/* Write a result's class of the style sheet: "v-not-implemented". */
void markup_class(FILE *stream, enum result_kind kind);

/* Write a result's name, with its sign. */
void markup_result(FILE *stream, enum result_kind kind);

#endif
