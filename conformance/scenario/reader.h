/* reader.h: reads the chapters of rules, spec/[1-9]*-*.md, and their further scenarios, in files of
 * the same names in spec/more, into a book; and from spec/0-overview.md its version. CommonMark is
 * parsed by libcmark, scenarios by parser.c. */
#ifndef READER_H
#define READER_H

#include "program.h"

enum rule_level { LEVEL_MUST, LEVEL_SHOULD, LEVEL_MAY };

struct scenario {
    char *name;  /* as its fence says, or its number in the rule, from 1 */
    char *about; /* the sentence that introduces it, as plain text */
    char *text;  /* the program, with a NUL */
    size_t size;
    const char *file; /* the chapter's, or that of its further scenarios */
    int line;         /* of that file: line 1 of the program */
    struct program *program;
};

/* The part of the interface that a `Part:` names. */
struct part_of_rules {
    char *name; /* NULL: none is named */
    int line;   /* of the chapter */
};

struct rule {
    char *id; /* "R2.1" */
    int number;
    enum rule_level level;
    char *title;
    char *statement;           /* the paragraphs before the reason and the source, as plain text */
    char *why;                 /* the reason, without "Why:" */
    char *source;              /* without "Source:" */
    char *untested;            /* why; NULL: nothing is said */
    struct part_of_rules part; /* NULL: the chapter's */
    int line;
    struct scenario *scenarios;
    int scenario_count;
};

struct chapter {
    int number; /* of the file's name */
    char *title;
    char *file;                /* as it was opened */
    char *more;                /* the file of its further scenarios; NULL: none was read */
    struct part_of_rules part; /* of its rules that name none of their own; NULL: the core */
    struct rule *rules;        /* in the order of the file */
    int rule_count;
};

struct book {
    struct chapter *chapters; /* by number, chapters of one number by their rules' numbers */
    int chapter_count;
    char *version; /* of the specification: numbers and dots; NULL: its overview does not say */
};

/* Told of every mistake. line counts from 1; 0: the file as a whole. */
typedef void reader_complain(void *to, const char *file, int line, const char *text);

/* Read all chapters of a directory, and what its subdirectory "more" has. NULL after complaints. */
struct book *reader_directory(const char *directory, reader_complain *complain, void *to);

/* Read one chapter from size bytes of text into the book; file is its name, which begins with its
 * number. Returns 0, or -1 after complaints. */
int reader_chapter(struct book *book, const char *file, const char *text, size_t size,
                   reader_complain *complain, void *to);

/* Read further scenarios of a chapter that has been read: the one whose file has the same base
 * name. Returns 0, or -1 after complaints. */
int reader_more(struct book *book, const char *file, const char *text, size_t size,
                reader_complain *complain, void *to);

/* To be called once after the last file: sorts the chapters and complains about what concerns
 * several (a rule id used twice). Returns 0, or -1 after complaints. */
int reader_check(struct book *book, reader_complain *complain, void *to);

struct book *book_create(void);
void book_free(struct book *book);

const char *level_name(enum rule_level level);

/* The rule of that id; NULL: none. */
const struct rule *book_rule(const struct book *book, const char *id);

#endif
