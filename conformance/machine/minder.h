/* minder: a process between us and a command, so that nothing of the command outlives it, or us,
 * however either ends: what the command has started, in whatever session, falls to the minder,
 * which kills it. */
#ifndef MINDER_H
#define MINDER_H

#include <sys/types.h>

/* A command below a minder. The minder ends when all that it minds has ended, as the command did:
 * with its exit status, or by its signal. */
struct minded {
    pid_t minder; /* a child of this process, to be waited for */
    int leash;    /* once it is closed, or this process has ended, all is killed; a byte written to
                     it sends SIGQUIT to the group of the command; poll(2) finds an error on it when
                     the minder has ended */
};

/* Start a program, found by PATH, with its arguments, ended by a NULL; with a variable, NAME=VALUE,
 * in its environment, if it is not NULL; and with these descriptors, which must not be 0 to 2, as
 * its standard ones. It inherits no other descriptor, and no signal is
 * ignored or blocked in it. Returns 0, or an errno if the system refuses. */
int minder_start(char *const *arguments, const char *variable, const int standard[3],
                 struct minded *minded);

#endif
