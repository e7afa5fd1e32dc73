/* markdown.c: what libcmark does not have: the words of a node. */
#include "markdown.h"

#include <stdio.h>
#include <stdlib.h>

char *markdown_text(cmark_node *node)
{
    cmark_iter *iterator = cmark_iter_new(node);
    cmark_event_type event;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (stream == NULL) {
        cmark_iter_free(iterator);
        return NULL;
    }
    while ((event = cmark_iter_next(iterator)) != CMARK_EVENT_DONE) {
        cmark_node *at = cmark_iter_get_node(iterator);
        cmark_node_type type = cmark_node_get_type(at);

        if (event == CMARK_EVENT_EXIT)
            continue;
        if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE || type == CMARK_NODE_HTML_INLINE ||
            type == CMARK_NODE_CODE_BLOCK)
            fputs(cmark_node_get_literal(at), stream);
        else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK)
            fputc(' ', stream);
        else if (type == CMARK_NODE_PARAGRAPH && at != node)
            fputs(ftell(stream) > 0 ? "\n" : "", stream);
    }
    cmark_iter_free(iterator);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
