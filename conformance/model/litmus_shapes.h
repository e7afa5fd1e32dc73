/* litmus_shapes.h: the families of litmus programs. */
#ifndef MODEL_LITMUS_SHAPES_H
#define MODEL_LITMUS_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

/* Some operations in a row, each on a line of its own, and what they are called in a name. */
struct letter {
    char letter;
    const char *lines;
};

enum { LETTERS_MAX = 8 };

struct family {
    const char *name;
    const char *shared;              /* names that the tasks may share, between blanks */
    const char *begin;               /* what main does first */
    const char *option;              /* of the spawns; "": none */
    bool nameless;                   /* the spawns bind no promises */
    const char *tasks;               /* others, with their lines */
    struct letter ends[LETTERS_MAX]; /* what main does last */
    struct letter main[LETTERS_MAX];
    struct letter child[LETTERS_MAX];
};

/* Behind the last one is one without a name. */
extern const struct family families[];

/* Where the children of main are spawned: a letter each, by async or call. */
extern const char *const places[];

/* A shape, which has a name: FAMILY-PLACES-MAIN-ONE-TWO-END, each but the first in letters; 0
 * stands for none. */
enum { SHAPE_LETTERS_MAX = 4 };

struct shape {
    const struct family *family;
    const char *places;
    char main[SHAPE_LETTERS_MAX + 1];
    char child[2][SHAPE_LETTERS_MAX + 1];
    char end;
};

enum { SHAPE_NAME_MAX = 64 };
void shape_name(const struct shape *shape, char *name);

/* False: there is no such shape. */
bool shape_named(struct shape *shape, const char *name);

/* The text of its program, to be freed. */
char *shape_text(const struct shape *shape);

#endif
