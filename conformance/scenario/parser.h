/* program_parser.h: what the parts of the parser share: words of a line, the state, and what each
 * part reads. Words and names are never NUL-terminated: a text is only as long as it is. */
#ifndef PROGRAM_PARSER_H
#define PROGRAM_PARSER_H

#include "program.h"

/* ---- Words: program_words.c ---- */

/* A piece of a line. */
struct word {
    const char *text;
    size_t size;
};

#define QUOTED(word) (int)(word).size, (word).text

bool word_is(struct word word, const char *text);
bool starts_with(struct word word, const char *start);
struct word after(struct word word, size_t bytes);
struct word trim(struct word word);

/* Take what stands before the separator, or all, off the front of the rest. True: there was one, so
 * that something, if only nothing, stands behind it. */
bool take_until(struct word *rest, char separator, struct word *piece);

/* Take the next word off the front of the rest; empty at its end. */
struct word take_word(struct word *rest);

/* A line without its comment and the blanks around it. */
struct word without_comment(struct word line);

/* What stands before `=>`, and, in *answer, behind it. answer->text is NULL without one. */
struct word before_answer(struct word line, struct word *answer);

bool is_name(struct word word);

/* A number from 0 to max in digits. */
bool parse_number(struct word word, int max, int *number);

/* ---- The parser: program.c ---- */

struct parser {
    struct program *program;
    enum program_form form;
    program_complain *complain;
    void *to;
    bool failed;
    bool no_memory;
    int line;
    int task;         /* whose operations are read; -1: none yet */
    bool started;     /* something but `domains` has been read */
    bool has_domains; /* ... and that */
    int run_line;     /* of `expect run` */
};

__attribute__((format(printf, 3, 4))) void complain(struct parser *parser, int line,
                                                    const char *format, ...);

/* Append to an array, the address of whose pointer is given. Not appended: no memory. */
bool append(struct parser *parser, void *array, int *count, const void *element, size_t size);

/* Complain of what is left of a line that should have ended. */
void expect_end(struct parser *parser, struct word rest, const char *what);

int take_number(struct parser *parser, struct word word, const char *what, int min, int max);

/* ---- Names: program_names.c ---- */

/* -1: there is none. */
int find_name(const struct program *program, enum name_kind kind, struct word word);

/* The number of a name, which is new or not. -1 after a complaint. */
int number_of_name(struct parser *parser, enum name_kind kind, struct word word);

/* The same of a name that this line makes. */
int bind_name(struct parser *parser, enum name_kind kind, struct word word);

/* The name that is the next word of what `what` stands before. */
int take_name(struct parser *parser, struct word *rest, const char *what, enum name_kind kind);

/* Complain of names that no line makes. */
void check_names(struct parser *parser);

/* ---- Outcomes: program_outcomes.c ---- */

/* What an operation can come to. */
enum {
    COMES_NOTHING = 0,
    COMES_OK = 1,
    COMES_VALUE = 2, /* ok N */
    COMES_FAILED = 4,
    COMES_CANCELLED = 8,
    COMES_ERROR = 16, /* an error of the interface */
    COMES_STOPPED = 32,
    COMES_EMPTY = 64,
    COMES_RUNNING = 128,
    COMES_ENDED = 256,
    COMES_TAKEN = 512,
    COMES_STATE = 1024, /* finished, exited */
    COMES_NONE = 2048,

    COMES_PLAIN = COMES_OK | COMES_ERROR,
    COMES_NUMBER = COMES_PLAIN | COMES_VALUE,
    COMES_RESULT = COMES_NUMBER | COMES_FAILED,
    COMES_RUN = COMES_RESULT | COMES_CANCELLED,
    COMES_REFUSABLE = COMES_PLAIN | COMES_STOPPED,
    COMES_SHARED = COMES_RESULT | COMES_STOPPED,
    COMES_CHILD = COMES_RUN | COMES_STOPPED,
    COMES_CHILDREN = COMES_CHILD | COMES_NONE,
    COMES_TAKE = COMES_EMPTY | COMES_TAKEN | COMES_ERROR | COMES_STOPPED,
    COMES_CARE = COMES_EMPTY | COMES_RUNNING | COMES_ENDED | COMES_ERROR | COMES_STOPPED
};

/* The alternatives of an answer to `what`. */
void parse_answers(struct parser *parser, struct word text, const char *what, int comes,
                   struct outcomes **answers, int *count);

/* ---- Operations: program_operations.c ---- */

void parse_operation(struct parser *parser, struct word line);
void free_operation(struct operation *operation);

/* ---- Expectations: program_expectations.c ---- */

/* rest is what stands behind `expect`. */
void parse_expectation(struct parser *parser, struct word rest);
void free_expectation(struct expectation *expectation);

/* From the line of done:LINE to its operation, when all have been read. */
void settle_expectation(struct parser *parser, struct expectation *expectation);

#endif
