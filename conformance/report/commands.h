/* commands: what to type into a shell to execute a test once more. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "report.h"

/* Write a word so that the shell reads it as it is. */
void commands_quote(FILE *stream, const char *word);

/* Write the commands that execute a test alone, under valgrind and under gdb, a line each. */
void commands_write(const struct report *report, const struct test *test);

#endif
