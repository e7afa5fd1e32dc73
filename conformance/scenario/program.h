/* program.h: the scenario language of spec/scenario.md, from text to a program: its operations, and
 * what is expected of them. The judge reads the whole scenario; the driver reads the same text
 * stripped of all answers and expectations, with the same code. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROGRAM_LINE_MAX = 200, /* bytes of a line */
    PROGRAM_LINES_MAX = 512,
    PROGRAM_TASKS_MAX = 64, /* and names of each other kind */
    PROGRAM_NAME_MAX = 31,
    PROGRAM_DOMAINS_MAX = 64,
    PROGRAM_NUMBER_MAX = 1000000,
    PROGRAM_PEER_BYTES_MAX = 100000000, /* of one step of a peer */
    PROGRAM_DESCRIPTORS_MIN = 32,       /* limits of a process */
    PROGRAM_DESCRIPTORS_MAX = 2000
};

/* ---- Names ---- */

/* What a name can stand for. Each kind has its own names, numbered from 0. */
enum name_kind {
    NAME_TASK,
    NAME_PROMISE,
    NAME_RESOURCE,
    NAME_ORPHANAGE,
    NAME_MUTEX,
    NAME_CONDITION,
    NAME_LAZY,
    NAME_TRIGGER,
    NAME_COMPUTATION,
    NAME_DESCRIPTOR,
    NAME_HOOK,
    NAME_FLAG,
    NAME_WORD,   /* of a print */
    NAME_ERROR,  /* of a fail or a complete */
    NAME_SHARED, /* in a `shared` line: of an object of any kind */
    NAME_PEER,
    NAME_KINDS
};

struct name {
    char text[PROGRAM_NAME_MAX + 1];
    int line;         /* of its first use */
    bool shared;      /* all instances know it, not each its own */
    uint64_t binders; /* the tasks with a line that binds it, such as `p =`, create or fail, one bit
                         each; a task binds its own name */
};

struct names {
    struct name *of;
    int count; /* at most PROGRAM_TASKS_MAX */
};

/* ---- Outcomes ---- */

enum outcome_kind {
    OUTCOME_OK,
    OUTCOME_FAILED,    /* with an error of the scenario */
    OUTCOME_CANCELLED, /* the child was */
    OUTCOME_STILL_HAS_CHILDREN,
    OUTCOME_RESOURCE_LEAKED,
    OUTCOME_NOT_A_CHILD,
    OUTCOME_NOT_OWNER,
    OUTCOME_NO_DOMAIN_AVAILABLE,
    OUTCOME_IN_FINALISER,
    OUTCOME_NOT_RUNNING,
    OUTCOME_NO_MONITOR,
    OUTCOME_DEADLOCK,
    OUTCOME_UNDEFINED,
    OUTCOME_INVALID,        /* -EINVAL */
    OUTCOME_BUSY,           /* -EBUSY */
    OUTCOME_NO_MEMORY,      /* -ENOMEM */
    OUTCOME_NOT_PERMITTED,  /* -EPERM */
    OUTCOME_WOULD_DEADLOCK, /* -EDEADLK */
    OUTCOME_ALREADY,        /* -EALREADY */
    OUTCOME_ON_CANCELLATION_FAILED,
    OUTCOME_BAD_DESCRIPTOR, /* -EBADF */
    OUTCOME_REFUSED,        /* -ECONNREFUSED */
    OUTCOME_RESET,          /* -ECONNRESET */
    OUTCOME_BROKEN_PIPE,    /* -EPIPE */
    OUTCOME_ADDRESS_IN_USE, /* -EADDRINUSE */
    OUTCOME_CONNECTED,      /* -EISCONN */
    OUTCOME_TOO_LONG,       /* -EMSGSIZE */
    OUTCOME_NO_DESCRIPTORS, /* -EMFILE */
    OUTCOME_END_OF_FILE,
    OUTCOME_EXPIRED,       /* its deadline has passed */
    OUTCOME_NOT_SUPPORTED, /* -EOPNOTSUPP */
    OUTCOME_GARBLED,       /* other bytes came than were sent */
    OUTCOME_ERROR,         /* any other */
    OUTCOME_STOPPED,       /* the operation's own task is cancelled */
    OUTCOME_EMPTY,         /* of care, take and get */
    OUTCOME_RUNNING,       /* of care, state and peek */
    OUTCOME_ENDED,         /* of care */
    OUTCOME_TAKEN,
    OUTCOME_FINISHED, /* of state */
    OUTCOME_EXITED,
    OUTCOME_NONE,   /* the empty list */
    OUTCOME_ABSENT, /* the runtime does not have the operation */
    OUTCOME_KINDS
};

struct outcome {
    enum outcome_kind kind;
    int value; /* OK: the value; FAILED: which of the program's errors; ERROR: its number, > 0, or
                  another below 0 for each name of an error that only a driver knows */
};

/* The outcomes of an operation. A list whose members are all equal has only one of them. */
struct outcomes {
    struct outcome *of;
    size_t count; /* never 0 */
};

/* ---- Operations ---- */

enum operation_kind {
    OP_ASYNC,
    OP_CALL,
    OP_PARALLEL,
    OP_AWAIT,
    OP_CANCEL,
    OP_FREE,
    OP_AWAIT_ALL,
    OP_AWAIT_ONE,
    OP_AWAIT_FIRST,
    OP_STATE,
    OP_YIELD,
    OP_ORPHANS,
    OP_CARE,
    OP_TAKE,
    OP_GET,
    OP_LENGTH,
    OP_FREE_ORPHANS,
    OP_CREATE,
    OP_OWN,
    OP_CHECK,
    OP_DISOWN,
    OP_RELEASE,
    OP_TRANSFER,
    OP_SLEEP,
    OP_MUTEX,
    OP_LOCK,
    OP_TRY_LOCK,
    OP_UNLOCK,
    OP_FREE_MUTEX,
    OP_CONDITION,
    OP_WAIT,
    OP_SIGNAL,
    OP_BROADCAST,
    OP_FREE_CONDITION,
    OP_LAZY,
    OP_FORCE,
    OP_FREE_LAZY,
    OP_TRIGGER,
    OP_AWAIT_TRIGGER,
    OP_SIGNAL_TRIGGER,
    OP_FREE_TRIGGER,
    OP_COMPUTATION,
    OP_COMPLETE,
    OP_AWAIT_COMPUTATION,
    OP_PEEK,
    OP_ATTACH,
    OP_DETACH,
    OP_FREE_COMPUTATION,
    OP_SELF,
    OP_AVAILABLE,
    OP_PRINT,
    OP_POST,
    OP_UNTIL,
    OP_RETURN,
    OP_FAIL,
    OP_RUN,
    OP_PROTECT,
    OP_PROTECT_MUTEX,
    OP_ON_SIGNAL,
    OP_CANCELLER,
    OP_HANDLE,
    OP_IGNORE,
    OP_RESTORE,
    OP_RAISE,
    OP_SPIN,
    OP_SOCKET,
    OP_PIPE,
    OP_LISTEN,
    OP_ACCEPT,
    OP_CONNECT,
    OP_READ,
    OP_READ_EXACTLY,
    OP_WRITE,
    OP_RECEIVE,
    OP_SEND,
    OP_SHUTDOWN,
    OP_CLOSE,
    OP_RESOURCE,
    OP_HOOK,
    OP_UNHOOK,
    OP_DEADLINE,
    OP_BLOCKING,
    OP_SPLIT,
    OP_WAIT_READABLE,
    OP_WAIT_WRITABLE,
    OP_ABSENT, /* in place of one that was absent: no line has it, and nothing is expected of it */
    OPERATION_KINDS
};

enum { PIN_NONE = -1, PIN_SELF = -2 };

enum { SLEEP_LONGEST = PROGRAM_NUMBER_MAX + 1 }; /* as long as the runtime can */

enum socket_kind { SOCKET_TCP4, SOCKET_TCP6, SOCKET_UDP4, SOCKET_UDP6, SOCKET_UNIX, SOCKET_KINDS };

/* The signals of the system that a program can name. */
enum signal_kind {
    SIGNAL_HUP,
    SIGNAL_INT,
    SIGNAL_TERM,
    SIGNAL_USR1,
    SIGNAL_USR2,
    SIGNAL_WINCH, /* does nothing by default */
    SIGNAL_KILL,
    SIGNAL_STOP,
    SIGNAL_KINDS
};

struct operation {
    enum operation_kind kind;
    int line;   /* of the scenario, from 1 */
    int task;   /* whose operation it is */
    int repeat; /* how many times; 1 by default */
    int bind;   /* async, call, care, take: the promise name that `p =` binds; -1: none */
    int name;   /* the first behind its word, of the kind that operation_names says; -1: none */
    int other;  /* the second: wait: a mutex; attach, detach: a trigger; canceller: a computation;
                   complete: an error, or -1: a value; pipe, listen, accept, connect, resource,
                   split: a descriptor, or -1 */
    int peer;   /* connect: to a peer; -1: to a descriptor */
    int third;  /* canceller: the computation that gets the error; send: the descriptor to whose
                   address, or -1 */
    int *
        tasks; /* async, call, run, lazy, protect-mutex, on-signal, handle, hook, deadline,
                  blocking: one; create: one or none; protect: two or three; parallel: any number */
    int task_count;
    int *promises; /* await-all, await-one, await-first */
    int promise_count;
    int *give; /* async, call: resources */
    int give_count;
    int orphans; /* async, call: the orphanage; -1: none */
    int pin;     /* call: a domain, PIN_SELF or PIN_NONE */
    bool owned;  /* socket, pipe */
    int value;   /* return, complete; socket: an enum socket_kind; read, write and so on: bytes;
                    sleep, deadline: milliseconds, or SLEEP_LONGEST; until, spin: posts; handle,
                    ignore, restore, raise: an enum signal_kind */

    struct outcomes *answers; /* the outcomes it may have; stripped programs have none */
    int answer_count;         /* 0: no `=>` */
};

/* The operations of a task, one after the other in program.operations. */
struct task {
    int line;
    int first;
    int count;
};

/* ---- Peers ---- */

enum peer_step_kind {
    PEER_LISTEN,
    PEER_ACCEPT,
    PEER_CONNECT,
    PEER_SEND,
    PEER_RECEIVE,
    PEER_END,  /* the stream ends here */
    PEER_GONE, /* it ends or is reset, after any bytes */
    PEER_SHUTDOWN,
    PEER_CLOSE,
    PEER_RESET,
    PEER_UNTIL,
    PEER_IDLE, /* the driver uses no processor time */
    PEER_STEP_KINDS
};

/* What a peer does, by the suite. */
struct peer_step {
    enum peer_step_kind kind;
    int line;
    int peer;
    int name;  /* connect: a descriptor; until: a flag; else -1 */
    int count; /* send, receive: bytes; until: posts */
    int piece; /* send: bytes at a time */
    bool full; /* listen: there is no room for another connection */
};

struct peer {
    int line; /* 0: it is not there */
};

/* ---- Expectations ---- */

enum expectation_kind {
    EXPECT_RUN,
    EXPECT_EXACTLY,
    EXPECT_ORDER,
    EXPECT_SEEN,
    EXPECT_ONCE,
    EXPECT_COUNT,
    EXPECT_NEVER,
    EXPECT_ON,
    EXPECT_APART,
    EXPECTATION_KINDS
};

enum happening_kind {
    HAPPENS_PRINT,    /* which: a word */
    HAPPENS_FINALISE, /* a resource */
    HAPPENS_BEGIN,    /* a task */
    HAPPENS_END,      /* a task */
    HAPPENS_DONE      /* an operation, by its place in program.operations */
};

/* An event as an expectation names it. */
struct happening {
    enum happening_kind kind;
    int which;
};

struct expectation {
    enum expectation_kind kind;
    int line;
    struct outcomes *answers; /* run */
    int answer_count;
    struct happening *happenings; /* exactly, order, seen, once, count, never; on: begins */
    int happening_count;
    int number;   /* count: how often; on: the domain */
    int tasks[2]; /* apart */
};

/* ---- The program ---- */

struct program {
    int domains;
    struct names names[NAME_KINDS];
    struct task tasks[PROGRAM_TASKS_MAX]; /* by number of the name */
    int main_task;
    int outside_task;    /* executed before the run, outside it; -1: none */
    bool bare;           /* the run has no monitor */
    char *schedule;      /* the line that steers the run, with its newline; NULL: none does */
    bool beyond;         /* its last answer is out of range */
    bool every_schedule; /* the run is steered in all ways */
    int descriptors;     /* that the process of the driver may have; 0: any number */
    struct operation *operations; /* in the order of their lines */
    int operation_count;
    int at_line[PROGRAM_LINES_MAX + 1]; /* the operation on a line; -1: none */
    int line_count;
    struct peer peers[PROGRAM_TASKS_MAX]; /* by number of the name; stripped programs have none */
    struct peer_step *peer_steps;         /* of all, in the order of their lines */
    int peer_step_count;
    struct expectation *expectations;
    int expectation_count;
};

enum program_form {
    PROGRAM_WITH_ANSWERS, /* a scenario: with `=>` and `expect`, and exactly one `expect run` */
    PROGRAM_STRIPPED      /* with neither */
};

/* Called for every mistake in a text. line counts from 1; 0: the text as a whole. */
typedef void program_complain(void *to, int line, const char *text);

/* Read a program from size bytes of text, which need not end in a NUL. NULL after complaints. */
struct program *program_parse(const char *text, size_t size, enum program_form form,
                              program_complain *complain, void *to);
void program_free(struct program *program);

/* The text of a scenario that parses, without its answers, expectations and comments, line for
 * line; to be freed. */
char *program_strip(const char *text, size_t size);

const char *program_name(const struct program *program, enum name_kind kind, int number);

const char *peer_step_word(enum peer_step_kind kind);

/* The number of a name; -1: the program has none of that kind and text. */
int program_number(const struct program *program, enum name_kind kind, const char *text);

/* Write what is sent from a place on, counted from 0. */
void program_bytes(unsigned char *bytes, size_t size, uint64_t place);

/* How many of these bytes, from the first on, are what is sent from a place on. */
size_t program_match(const unsigned char *bytes, size_t size, uint64_t place);

/* Whether its runs are steered, one way or in all ways. */
bool program_is_steered(const struct program *program);

/* Whether any line has an operation of that kind. */
bool program_has(const struct program *program, enum operation_kind kind);

/* Whether a kind is of objects: things of the runtime that a line binds to a name. */
bool names_objects(enum name_kind kind);

/* Whether some line of a task binds a name. */
bool binds_name(const struct program *program, int task, enum name_kind kind, int number);

/* An operation's word, and the kinds of the first and of the second name behind it; NAME_KINDS:
 * there is none. */
const char *operation_word(enum operation_kind kind);
enum name_kind operation_names(enum operation_kind kind);
enum name_kind operation_other_names(enum operation_kind kind);

/* Whether it makes or uses a descriptor. */
bool operation_is_io(enum operation_kind kind);

/* The function of the interface that it calls, "miou_yield"; NULL: none. */
const char *operation_function(enum operation_kind kind);

/* The operation of a word, or one that calls a function; OPERATION_KINDS: there is none. */
enum operation_kind operation_named(const char *word);
enum operation_kind operation_calling(const char *function);

/* Further properties of an operation. */
enum operation_trait {
    OPERATION_SUSPENDS = 1, /* may suspend its task */
    OPERATION_SPAWNS = 2,
    OPERATION_BINDS = 4,   /* hands out promises */
    OPERATION_EACH = 8,    /* is done to each of the promises that its name stands for */
    OPERATION_LISTS = 16,  /* may have several outcomes even if it is not repeated */
    OPERATION_LAST = 32,   /* ends its task, and has no outcome */
    OPERATION_PLAIN = 64,  /* without `=>`, ok or stopped is expected */
    OPERATION_SPARE = 128, /* gives back, or only asks: other operations may not notice if it is
                              absent */
    OPERATION_PARTS = 256, /* executes its tasks as parts of its own */
    OPERATION_SETS = 512,  /* sets its task as a function that the runtime calls later */
    OPERATION_FREES = 1024 /* gives back, and does nothing else */
};
bool operation_has(enum operation_kind kind, enum operation_trait trait);

/* Whether a scenario can be judged if the runtime does not have one of its operations. Of a
 * stripped program, the answer is yes if it may be. */
bool program_can_lack(const struct program *program, const struct operation *operation);

/* Write an outcome in the words of the language, as snprintf would; returns its length. OUTCOME_MAX
 * bytes are always enough. */
enum { OUTCOME_MAX = 64 };
int outcome_write(char *buffer, size_t size, const struct program *program, struct outcome outcome);
bool outcome_equal(struct outcome a, struct outcome b);

/* The list is an array that grows. */
void outcomes_add(struct outcomes *list, struct outcome outcome);

/* A list whose members are all equal becomes one of them. */
void outcomes_fold(struct outcomes *list);

/* Read outcomes, separated by commas, from size bytes of text, and add them to a list. An error
 * name must be one of the program's. False: the text is no list of outcomes; some may have been
 * added. */
bool outcomes_parse(struct outcomes *list, const struct program *program, const char *text,
                    size_t size);

#endif
