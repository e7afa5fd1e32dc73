/* conversation: the drivers of a session: starts them, hears their greeting, and asks them for one
 * scenario after the other. A driver that dies, hangs or talks nonsense is replaced. */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "process.h"
#include "scenario/program.h"

#include <stdbool.h>
#include <stddef.h>

enum { PROTOCOL = 2 /* the version of spec/scenario.md */ };

/* The drivers of one command. Several threads may ask at a time. */
struct drivers;

/* What a driver says in its greeting. */
struct greeting {
    char *driver;  /* its name */
    char *runtime; /* name and version; NULL: it does not say */
    char *lacks;   /* the words, each with a blank before and behind it */
};

/* What drivers have done that the suite puts up with. */
struct habits {
    bool not_executed; /* there is no such command */
    bool holds_back;   /* it says nothing before its input ends, so each executes one scenario */
    bool ends;         /* one has ended, with status 0, in place of `ready` */
    char *unasked; /* a line that one has said behind `ready`, unasked; "": it said nothing more,
                      and did not execute the next scenario; NULL: neither */
};

/* The command with its arguments, and the limits of each answer, as in struct command. */
struct drivers *drivers_create(char *const *arguments, double seconds, double grace,
                               size_t output_limit);

/* Let the drivers that wait end. Returns the last status other than 0 with which one has ended. */
int drivers_free(struct drivers *drivers);

/* Start a driver and hear its greeting. Returns why there is none, as one line, to be freed; NULL:
 * it has greeted. To be called once and first. */
char *drivers_greet(struct drivers *drivers);

/* What the first driver has said; NULL before that. */
const struct greeting *drivers_greeting(const struct drivers *drivers);

/* Valid until the drivers are freed. */
const struct habits *drivers_habits(const struct drivers *drivers);

/* What the suite calls a word that a driver may lack: the function of an operation, or else the
 * word itself; NULL: it is no such word. */
const char *drivers_item(const char *word);

/* The word of the greeting without which a program cannot be judged; NULL: the driver lacks nothing
 * of it, as far as it has said. */
const char *drivers_lack(const struct drivers *drivers, const struct program *program,
                         bool is_steered);

/* Somebody who hears the lines of a driver as they come. */
struct listener {
    void (*begin)(void *to, pid_t process); /* called first, with the driver that is asked */
    void (*hear)(void *to, const char *line, size_t size);
    void (*hang)(void *to); /* called when it hangs, while it still lives */
    void *to;
};

/* Ask for a scenario: the input is what stands in spec/scenario.md from `scenario ID` to `go`. The
 * process becomes what it would be if a process had been started for this scenario alone, and had
 * said nothing of the conversation around it, up to the first operation that is absent and without
 * which the program cannot be judged; without a program, up to its end. The listener may be NULL.
 * With a variable of struct command, a driver is started with it, for this scenario alone. */
void drivers_ask(struct drivers *drivers, const struct program *program, const char *input,
                 const char *variable, const struct listener *listener, struct process *process);

#endif
