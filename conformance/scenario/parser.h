/* parser.h: what the parts of the parser share, from the lowest part to the highest: each calls
 * only those above it. Words and names are not NUL-terminated: the text that is read may end
 * anywhere. */
#ifndef PROGRAM_PARSER_H
#define PROGRAM_PARSER_H

#include "program.h"

/* ---- Words: words.c ---- */

/* A piece of a line. */
struct word {
    const char *text;
    size_t size;
};

#define QUOTED(word) (int)(word).size, (word).text

bool is_text(struct word word, const char *text);

/* The first letter tells that of most words of a list. */
static inline bool word_is(struct word word, const char *text)
{
    return (word.size == 0 || *word.text == *text) && is_text(word, text);
}

bool starts_with(struct word word, const char *start);
struct word word_after(struct word word, size_t bytes);
struct word word_trim(struct word word);

/* Take everything before the separator, or the whole rest if there is none, off the front of the
 * rest. Returns whether there was one, so that another piece, perhaps an empty one, follows. */
bool take_until(struct word *rest, char separator, struct word *piece);

/* Take the next word off the front of the rest; it is empty at the end. */
struct word take_word(struct word *rest);

/* Returns a line without its comment and the blanks around it. */
struct word without_comment(struct word line);

/* Returns the part of a line before `=>` and writes the part behind it to *answer, whose text is
 * NULL if there is none. */
struct word before_answer(struct word line, struct word *answer);

bool is_name(struct word word);

/* A number from 0 to max, in digits. */
bool parse_number(struct word word, int max, int *number);

/* ---- Mistakes: mistakes.c ---- */

/* A name of an object in a line of a task. */
struct use {
    enum name_kind kind;
    int name;
    int task;
    int line;
};

struct parser {
    struct program *program;
    enum program_form form;
    program_complain *complain;
    void *to;
    bool failed;
    int line;
    int task;         /* whose operations are read; -1: none yet */
    int peer;         /* whose steps are read; -1: none */
    bool started;     /* anything has been read */
    bool has_domains; /* `domains` has been read */
    bool has_outside; /* `outside` */
    int run_line;     /* of `expect run` */
    struct use *uses; /* all of them */
    int use_count;
};

__attribute__((format(printf, 3, 4))) void complain(struct parser *parser, int line,
                                                    const char *format, ...);

/* Complain if anything is left of a line that should have ended. */
void expect_end(struct parser *parser, struct word rest, const char *what);

/* The number that stands behind `what`. -1 after a complaint. */
int take_number(struct parser *parser, struct word word, const char *what, int min, int max);

/* ---- Names: names.c ---- */

/* -1: there is none. */
int find_name(const struct program *program, enum name_kind kind, struct word word);

/* The number of a name, known or new. -1 after a complaint. */
int number_of_name(struct parser *parser, enum name_kind kind, struct word word);

/* The same for a name in a line of a task, which uses it, or also binds it. */
int use_name(struct parser *parser, enum name_kind kind, struct word word);
int bind_name(struct parser *parser, enum name_kind kind, struct word word);

/* use_name of the next word, which stands behind `what`. */
int take_name(struct parser *parser, struct word *rest, const char *what, enum name_kind kind);

/* Complain of names that are used and no line binds. */
void check_names(struct parser *parser);

/* ---- Shared names: shared.c ---- */

/* The rest is what stands behind `shared`. */
void parse_shared(struct parser *parser, struct word rest);

/* Tell apart the names that are shared, once all lines have been read, and complain of those that
 * need not be, or that two instances could bind at once. */
void settle_shared(struct parser *parser);

/* ---- What stands before the tasks: settings.c ---- */

/* Read a line that begins with the word, if it is a setting. Returns whether it is. */
bool parse_setting(struct parser *parser, struct word word, struct word rest);

/* Whether a setting is for the suite, which sends no such line to a driver. */
bool is_of_the_suite(struct word word);

/* Complain of what cannot be done in a run that is steered, once all lines have been read. */
void check_settings(struct parser *parser);

/* ---- Outcomes: outcomes.c ---- */

/* The outcomes that an operation can have. */
enum {
    CAN_BE_NOTHING = 0,
    CAN_BE_OK = 1,
    CAN_BE_VALUE = 2, /* ok N */
    CAN_BE_FAILED = 4,
    CAN_BE_CANCELLED = 8,
    CAN_BE_ERROR = 16, /* an error of the interface */
    CAN_BE_STOPPED = 32,
    CAN_BE_EMPTY = 64,
    CAN_BE_RUNNING = 128,
    CAN_BE_ENDED = 256,
    CAN_BE_TAKEN = 512,
    CAN_BE_STATE = 1024, /* finished, exited */
    CAN_BE_NONE = 2048,

    CAN_BE_PLAIN = CAN_BE_OK | CAN_BE_ERROR,
    CAN_BE_NUMBER = CAN_BE_PLAIN | CAN_BE_VALUE,
    CAN_BE_RESULT = CAN_BE_NUMBER | CAN_BE_FAILED,
    CAN_BE_RUN = CAN_BE_RESULT | CAN_BE_CANCELLED,
    CAN_BE_REFUSABLE = CAN_BE_PLAIN | CAN_BE_STOPPED,
    CAN_BE_BYTES = CAN_BE_REFUSABLE | CAN_BE_VALUE,
    CAN_BE_SHARED = CAN_BE_RESULT | CAN_BE_STOPPED,
    CAN_BE_CHILD = CAN_BE_RUN | CAN_BE_STOPPED,
    CAN_BE_CHILDREN = CAN_BE_CHILD | CAN_BE_NONE,
    CAN_BE_TAKE = CAN_BE_EMPTY | CAN_BE_TAKEN | CAN_BE_ERROR | CAN_BE_STOPPED,
    CAN_BE_CARE = CAN_BE_EMPTY | CAN_BE_RUNNING | CAN_BE_ENDED | CAN_BE_ERROR | CAN_BE_STOPPED
};

/* Read the alternatives of an answer to the operation `what`. Their outcomes lie behind them in one
 * piece of memory. */
void parse_answers(struct parser *parser, struct word text, const char *what, int possible,
                   struct outcomes **answers, int *count);

/* ---- Operations: operations.c ---- */

void parse_operation(struct parser *parser, struct word line);
void free_operation(struct operation *operation);

/* ---- Peers: peers.c ---- */

/* The rest is what stands behind `peer`. */
void parse_peer(struct parser *parser, struct word rest);
void parse_peer_step(struct parser *parser, struct word line);

/* Complain of peers and listeners that are not there, once all lines have been read. */
void check_peers(struct parser *parser);

/* ---- Expectations: expectations.c ---- */

/* The rest is what stands behind `expect`. */
void parse_expectation(struct parser *parser, struct word rest);
void free_expectation(struct expectation *expectation);

/* Replace the line of each done:LINE by its operation, once all operations have been read. */
void settle_expectation(struct parser *parser, struct expectation *expectation);

#endif
