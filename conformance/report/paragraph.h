/* paragraph: text for people, filled into lines. */
#ifndef PARAGRAPH_H
#define PARAGRAPH_H

#include <stdio.h>

enum { PARAGRAPH_WIDTH = 79 /* of a line, so that it fits a terminal of 80 columns */ };

/* Write the words of a text in lines of equal width, each behind the indent. */
void paragraph_write(FILE *stream, const char *indent, const char *text);

#endif
