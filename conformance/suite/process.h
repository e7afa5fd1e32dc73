/* process: runs a command to its end, whatever it does: gives it its input, takes its output, and
 * kills it, with everything that it has started, when it hangs. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct command {
    char *const *arguments; /* the program, found by PATH, and its arguments, ended by a NULL */
    const char *input;      /* its standard input */
    size_t input_size;
    double seconds;      /* of processor time that it and its descendants may use, or of silence in
                            which none of them could run; 0: any */
    size_t output_limit; /* bytes of standard output; a command that prints more is killed */
};

enum process_end {
    PROCESS_EXITED,
    PROCESS_SIGNALLED,
    PROCESS_HUNG,
    PROCESS_FLOODED,    /* printed more than the limit */
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

/* Run a command; returns when it has ended, even if a process that it started has not. Several
 * threads may call it at once. SIGPIPE need not be ignored. */
void process_run(const struct command *command, struct process *process);
void process_free(struct process *process);

/* Send a signal to every command that runs in any thread; a signal handler may call it. */
void process_kill_all(int number);

#endif
