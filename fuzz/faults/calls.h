/* calls.h: the calls of the system, the errors that each can return, and the faults that are
 * injected into them. */
#ifndef FUZZ_FAULTS_CALLS_H
#define FUZZ_FAULTS_CALLS_H

enum call {
    MAP,
    MAP_NOW,
    GUARD,
    THREAD,
    BELL,
    SELECT,
    SIGNAL,
    MAKE_SOCKET,
    BIND,
    LISTEN,
    ACCEPT,
    CONNECT,
    SEND,
    RECEIVE,
    TYPE,
    UNBLOCK,
    READ,
    WRITE,
    CLOSE,
    CALLS
};

enum {
    SHORT = -1,  /* in place of an error: the call moves only one byte */
    ERRORS = 16, /* of a call, at most */
};

extern const char *const call_names[CALLS];
extern const int call_errors[CALLS][ERRORS]; /* each row ends with 0 */

struct fault {
    enum call call;
    int place; /* the number of the call among all of its kind in a run, from 0 */
    int error;
};

/* The faults that are injected into a run. */
enum { MOST_FAULTS = 2 };
extern struct fault faults[MOST_FAULTS];
extern int fault_count;

/* The error that was injected last into sys_close. */
extern int close_error;

/* A new run begins. */
void calls_begin(void);

#endif
