/* process: runs a command to its end, whatever it does: gives it its input, takes what it prints,
 * and kills it, with everything that it has started, when its time is up. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct command {
    char *const
        *arguments;    /* the program, found by PATH, and its arguments; NULL behind the last */
    const char *input; /* what it reads from its standard input */
    size_t input_size;
    double seconds;      /* it may take; 0: as long as it likes */
    size_t output_limit; /* bytes of standard output; one that prints more is killed */
};

enum process_end {
    PROCESS_EXITED,
    PROCESS_SIGNALLED,
    PROCESS_TIMED_OUT,
    PROCESS_FLOODED,    /* printed more than the limit */
    PROCESS_NOT_STARTED /* the system refused */
};

enum {
    ERROR_TAIL = 8192 /* bytes of standard error that are kept, the last ones */
};

struct process {
    enum process_end end;
    int status;   /* exited: the status; signalled: the signal; not started: errno */
    char *output; /* with a NUL behind, which is not counted */
    size_t output_size;
    char *errors; /* the same, of standard error */
    size_t errors_size;
    bool errors_cut; /* there was more before it */
};

/* Run a command; returns when it has ended, also if something that it started has not. Safe to be
 * called by several threads at once. SIGPIPE need not be ignored. */
void process_run(const struct command *command, struct process *process);
void process_free(struct process *process);

/* Seconds of a clock that only goes forward. */
double process_clock(void);

/* Kill what is running in any thread; may be called by a signal handler. */
void process_kill_all(void);

#endif
