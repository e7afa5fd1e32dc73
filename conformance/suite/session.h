/* session: one invocation of conform on a runtime: executes the chosen tests of a suite, each in a
 * process of its own, and judges them. */
#ifndef SESSION_H
#define SESSION_H

#include "conversation.h"
#include "suite.h"
#include "opinions.h"

/* What is left out once a test has failed. */
enum fail_fast {
    FAIL_SLOWLY,    /* nothing */
    FAIL_FAST_RULE, /* the other tests of its rule, whose verdict is known */
    FAIL_FAST_ALL   /* all others, if its rule is a MUST: the runtime does not conform */
};

/* What is told of the tests of a session, by one thread at a time. */
struct observer {
    /* A test begins to be executed; may be NULL. */
    void (*begin)(void *to, const struct test *test);
    /* A chosen test has its result. A test that is executed again is told of again. Once
     * all have been executed, a result may still become another one: what a runtime lacks may turn
     * out to be declined. */
    void (*see)(void *to, const struct suite *suite, const struct test *test);
    void *to;
    const struct observer *next; /* who is told as well; NULL: nobody */
};

/* Which schedules a scenario is explored on. */
enum order {
    ORDER_REDUCED, /* those that can lead to something new; see frontier.h */
    ORDER_ALL,
    ORDER_BOTH /* the one order after the other: the first must have led to all that the second does
                */
};

/* What is tested, and how. */
struct session {
    const char *runtime;      /* a library; NULL: the runtime is the command's */
    const char *command;      /* a driver in any language, for the shell; NULL: the one below */
    const char *server;       /* a server, for the shell, in place of a runtime; NULL: none */
    const char *driver;       /* the driver for libraries */
    struct drivers *drivers;  /* those that execute the scenarios; NULL: none has been started */
    const char *checks;       /* the program of the tests in C */
    struct drivers *checkers; /* those that execute them */
    const char *attack;       /* the program of the attacks on a server */
    const char *under;    /* a command that all of these are run under, for the shell; NULL: none */
    const char *schedule; /* the line that steers each scenario, with its newline; "": none */
    const char *replay;   /* the option of conform that the line came from; NULL: none */
    size_t explore;       /* schedules to execute of each scenario, at most; 0: no exploration */
    enum order order;     /* of these */
    const char *counters; /* a directory, absolute: what the runtime counts in a test goes to the
                             test's own directory in it; NULL: it goes where the runtime likes */
    const char *shard;    /* "I/N": only this share of the rules is tested; NULL: all of them */
    double seconds;       /* that a test may take */
    int jobs;             /* tests at a time */
    const struct invariants *excused; /* declared to be broken; NULL: none */
    struct oracle *oracle;            /* judges in place of the invariants; NULL: it does not */
    struct opinions *opinions;        /* of what it says; NULL: it is not asked */
    enum fail_fast fail_fast;
    const struct observer *observer; /* NULL: there is none */
};

/* Execute the chosen tests and write to each its result. Those left out are no longer chosen. After
 * process_stop_all it returns within a second, and the suite is interrupted. */
void session_run(const struct session *session, struct suite *suite);

/* Whether a test that was executed is to be executed again, since it failed, or could not tell, as
 * it might for want of processor time, or of threads or memory that another test had. */
bool session_asks_again(const struct test *test);

#endif
