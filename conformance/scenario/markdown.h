/* markdown.h: plain text from CommonMark that libcmark has parsed. */
#ifndef MARKDOWN_H
#define MARKDOWN_H

#include <cmark.h>

/* The words of a node and of those below it, with a blank for a line's end and a line's end between
 * blocks; to be freed. NULL: no memory. */
char *markdown_text(cmark_node *node);

#endif
