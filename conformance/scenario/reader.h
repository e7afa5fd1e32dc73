/* reader.h: reads the chapters of rules, spec/[0-9]*-*.md, into a book. CommonMark by libcmark,
 * scenarios by program.c. */
#ifndef READER_H
#define READER_H

#include "program.h"

enum rule_level { LEVEL_MUST, LEVEL_SHOULD, LEVEL_MAY };

struct scenario {
    char *name; /* as its fence says, or its number in the rule, from 1 */
    char *text; /* the program, with a NUL */
    size_t size;
    int line; /* of the chapter's file: line 1 of the program */
    struct program *program;
};

struct rule {
    char *id; /* "R2.1" */
    int number;
    enum rule_level level;
    char *title;
    char *statement; /* the paragraphs before the source, as plain text */
    char *source;    /* without "Source:" */
    char *untested;  /* why; NULL: nothing is said */
    int line;
    struct scenario *scenarios;
    int scenario_count;
};

struct chapter {
    int number; /* of the file's name */
    char *title;
    char *file;         /* as it was opened */
    struct rule *rules; /* in the order of the file */
    int rule_count;
};

struct book {
    struct chapter *chapters; /* by number */
    int chapter_count;
};

/* Told of every mistake. line counts from 1; 0: the file as a whole. */
typedef void reader_complain(void *to, const char *file, int line, const char *text);

/* Read all chapters of a directory. NULL after complaints. */
struct book *reader_directory(const char *directory, reader_complain *complain, void *to);

/* Read one chapter from size bytes of text into the book; file names it, and its number. Returns 0,
 * or -1 after complaints. Whoever adds the last chapter calls reader_check, which complains about
 * what concerns several (a rule id used twice) and sorts them. */
int reader_chapter(struct book *book, const char *file, const char *text, size_t size,
                   reader_complain *complain, void *to);
int reader_check(struct book *book, reader_complain *complain, void *to);

struct book *book_create(void);
void book_free(struct book *book);

const char *level_name(enum rule_level level);

/* The rule of that id; NULL: none. */
const struct rule *book_rule(const struct book *book, const char *id);

#endif
