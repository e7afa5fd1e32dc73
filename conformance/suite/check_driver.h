/* check_driver: whether a driver keeps to the protocol of spec/scenario.md, whatever its runtime
 * does. */
#ifndef CHECK_DRIVER_H
#define CHECK_DRIVER_H

#include <stdio.h>

/* How many items came out in which way. */
struct driver_check {
    int passed;
    int failed;
    int skipped; /* they need an operation that the driver does not have */
};

/* Have a driver, which is a command for the shell, execute a few small scenarios, and write a line
 * for each; seconds are those of struct command. Returns why the command cannot be executed, as one
 * line, to be freed; NULL: it can. */
char *check_driver(FILE *stream, const char *command, double seconds, struct driver_check *check);

#endif
