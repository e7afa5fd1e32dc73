/* commands: how a test is executed again by hand. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "report.h"

/* Lines for the shell. */
struct commands {
    char *alone;
    char *valgrind; /* NULL: the runtime is no library */
    char *gdb;      /* likewise */
};

struct commands commands_of(const struct report *report, const struct test *test);
void commands_free(struct commands *commands);

/* Write a word so that the shell reads it as it is. */
void commands_quote(FILE *stream, const char *word);

#endif
