/* process: runs commands, whatever they do: gives them input, takes their output, and kills them
 * when they hang. Nothing that a command has started outlives it, or this process. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct command {
    char *const *arguments; /* the program, found by PATH, and its arguments, ended by a NULL */
    const char *variable;   /* NAME=VALUE, which its environment has beside ours; NULL: none */
    const char *input;      /* its standard input */
    size_t input_size;
    double seconds; /* of processor time that it and its descendants may use, or of silence in
                       which none of them could run; 0: any */
    double grace;   /* seconds that it has after SIGQUIT when it hangs, before it is killed; what it
                       says on standard error then is read; 0: none */
    size_t output_limit; /* bytes of standard output; a command that prints more is killed */
    const char *until;   /* a line that ends the answer of a command that lives on; NULL: none */
    bool (*hear)(const char *line, size_t size, void *state); /* called for each line of the answer,
                            which ends if it returns true; NULL: none */
    void (*hang)(void *state); /* called when it hangs, before it is killed; NULL: none */
    void *state;
    double held_back; /* seconds of such silence after which its input ends, since it may hold
                         back what it has said until then; 0: any */
};

enum process_end {
    PROCESS_ANSWERED, /* said the line that ends its answer, and lives */
    PROCESS_EXITED,
    PROCESS_SIGNALLED,
    PROCESS_HUNG,
    PROCESS_FLOODED,    /* printed more than the limit */
    PROCESS_STOPPED,    /* by process_stop_all */
    PROCESS_NOT_STARTED /* the system refused */
};

enum {
    ERROR_TAIL = 8192 /* bytes at the end of standard error that are kept */
};

struct process {
    enum process_end end;
    int status;   /* exited: the status; signalled: the signal; not started: errno */
    char *output; /* with a NUL behind it, which is not counted */
    size_t output_size;
    char *errors; /* standard error, likewise */
    size_t errors_size;
    bool errors_cut; /* earlier bytes were dropped */
    double used;     /* processor time, in seconds */
    double spent;    /* seconds: these, and those in which it was seen to wait for something else
                        than a processor. Another command may have as many at the same time. */
};

/* Run a command; returns when it has ended, which ends every process that it started. Several
 * threads may call it at once. SIGPIPE need not be ignored. */
void process_run(const struct command *command, struct process *process);
void process_free(struct process *process);

/* Make it that of a command that the system refused to start, with this errno. */
void process_not_started(struct process *process, int error);

/* Why the shell, which ran a command line, could not execute its command, as one line, to be freed;
 * NULL: it could. */
char *process_not_executed(const struct process *process);

/* ---- A command that lives on ---- */

struct child;

/* Start a program with its arguments, and a variable of struct command. NULL: the system refused;
 * errno says why. */
struct child *child_start(char *const *arguments, const char *variable);

/* The number of its process, while it lives. */
pid_t child_process(const struct child *child);

/* Give it the command's input and take what it says. The command's arguments and variable are not
 * used. Returns whether it lives; if not, it is gone, with everything that it has started. */
bool child_ask(struct child *child, const struct command *command, struct process *process);

/* The same, with no input after this one. */
bool child_ask_last(struct child *child, const struct command *command, struct process *process);

/* Kill it if it lives, and free it. */
void child_free(struct child *child);

/* ---- The end of all ---- */

/* From now on no command answers: those that run are stopped, and none can be started. A signal
 * handler may call it. */
void process_stop_all(void);

bool process_stopped(void);

#endif
