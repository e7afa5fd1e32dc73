/* driver.h: what the parts of the driver share: what it says, the instances of tasks, and what
 * their names stand for. It relies on nothing that the runtime does: objects may be missing,
 * results may be nonsense, and the runtime may close, print and exit as it likes. */
#ifndef DRIVER_H
#define DRIVER_H

#include "executor.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

enum { SAID = 0, NOTHING_TO_DO = 2, OUTPUT_GONE = 3 }; /* exit statuses */

enum {
    LINE_SIZE = 128 + 2 * PROGRAM_LINE_MAX, /* bytes of a line without a list */
    FAILURES = MIOU_LAST - 1 /* a scenario's errors are this code and those below, one per name */
};

/* ---- What is said: says.c ---- */

_Noreturn void die(int status, const char *what);

void say_bytes(const char *text, size_t size);

/* Between these, only the caller delivers lines. */
void begin_talking(void);
void stop_talking(void);

/* From now on lines are delivered to memory that this lock protects. It need not be ours alone. */
void talk_in_memory(atomic_flag *lock);

/* ---- What a library leaves out: lacks.c ---- */

/* Say `lacks ITEM` for each item of driver/parts.h that the library at path lacks. Items of the
 * core are lacking only if they are absent. Returns NULL, or why the library cannot be opened. */
const char *say_lacks(const char *path);

/* ---- Numbers: instances.c ---- */

/* The runtime knows things by number, not by address, and each number belongs to one run, so that
 * an argument is found out which the runtime invents, or keeps for the next run. */
enum { NUMBERS = 1 << 30 };
void *numbered(unsigned number);

/* The number back; NUMBERS: it is not one of this run. */
unsigned number_of(const void *numbered);

/* The next run begins: no instance is left. */
void next_run(void);

/* ---- Instances of tasks: instances.c ---- */

struct instance {
    int task;
    unsigned number;                 /* from 0, in the order in which they are made */
    _Atomic(struct binding *) names; /* those that it alone knows: names.c */
    char name[PROGRAM_NAME_MAX + 16];
    atomic_int domain; /* where it began */
    /* The lazy value that it forces. */
    const struct operation *_Atomic forcing; /* the operation; NULL: it forces none */
    atomic_uintptr_t argument;               /* of the value's function */
    atomic_uint turn;                        /* in the order in which all forces began */
    atomic_bool served;                      /* it has begun to compute the value */
    atomic_uintptr_t frame;                  /* where the force is on the stack */
};

/* An instance while it is executed. Its memory is another's in the next run. */
struct self {
    struct instance *instance; /* NULL: it was not spawned in this run */
    unsigned run;
};

/* Make an instance of a task, and say which operation of which parent has made it, in a line that
 * begins with the word: spawn, force or callback. Nothing is said if parent is NULL, as for main
 * and for the task outside its run. Returns the argument of the task's function. */
void *spawn_instance(const char *word, const struct self *parent, const struct operation *op,
                     int task);

struct self self_of(const void *arg);

/* ? for an instance that is not of this run. */
const char *name_of(const struct self *self);

/* The value of a resource that an instance creates under a name: it tells both to the finaliser. */
void *resource_value(const struct instance *instance, int name);

/* The instance back, and the operation that created the resource; NULL: the value is not of this
 * run. */
struct self resource_creator(const void *value, const struct operation **create);

/* ---- Functions that an operation passes to the runtime: callbacks.c ---- */

/* The argument for functions that call back what an operation of an instance sets, or calls. */
void *callback_argument(const struct self *self, const struct operation *op);

/* The instance and its operation back; NULL: the argument is not of this run. */
struct self callback_of(const void *argument, const struct operation **op);

void forget_callbacks(void);

/* ---- Names: names.c ---- */

/* What a name of the program stands for in an instance; NULL: nothing yet. The thing is an object
 * of the runtime, or for promises and lazy values what operations.c makes of them. */
void *look_up(struct instance *instance, enum name_kind kind, int name);
void bind_thing(struct instance *instance, enum name_kind kind, int name, void *thing);

/* The head of memory that is freed when the execution is forgotten. */
struct kept {
    struct kept *before;
};

void *keep(struct kept *memory);

void post(int flag);
bool is_posted(int flag, int times);

/* Names stand for nothing, and flags are down. No instance is left. */
void forget_names(void);

/* ---- Descriptors: descriptors.c ---- */

/* A descriptor of the program; NULL: its name stands for none. What these functions return is what
 * the runtime's did, and what they make is written if the runtime has made anything. */
struct descriptor;

int make_socket(struct descriptor **descriptor, enum socket_kind kind, bool owned);
int make_pipe(struct descriptor *ends[2], bool owned); /* first where it is read */
int make_connection(struct descriptor **client, const struct descriptor *listener);
int split_descriptor(struct descriptor **writer, struct descriptor *descriptor);

/* Listen at the address of another descriptor, or, if that is NULL, at one that is free. *port
 * becomes its port; 0: it has none. */
int listen_at(struct descriptor *descriptor, const struct descriptor *same, int *port);

/* Connect to where another descriptor listens, or a peer, unless that is -1. */
int connect_to(const struct descriptor *descriptor, const struct descriptor *listener, int peer);

/* *garbled becomes whether other bytes came than were sent. */
ssize_t read_bytes(struct descriptor *descriptor, size_t size, bool exactly, bool *garbled);
ssize_t write_bytes(struct descriptor *descriptor, size_t size);
ssize_t receive_datagram(struct descriptor *descriptor, size_t size, bool *garbled);

/* Send to where another descriptor listens, or, if that is NULL, to where this is connected. */
ssize_t send_datagram(struct descriptor *descriptor, size_t size, const struct descriptor *to);

/* Wait for the number of a descriptor. */
int await_ready(const struct descriptor *descriptor, bool to_write);

int half_close(struct descriptor *descriptor);
int close_descriptor(struct descriptor *descriptor);
miou_resource *resource_of_descriptor(struct descriptor *descriptor);

/* ---- Lazy values: instances.c ---- */

/* A new argument for the function of a lazy value whose task is given: each value has its own,
 * which tells the task. */
void *lazy_argument(int task);

/* The task of a lazy value; -1: the value is not of this run. */
int lazy_task(const void *argument);

/* Around the call in which an instance forces the value of that argument. */
void begin_force(struct instance *instance, const struct operation *op, const void *argument);
void end_force(struct instance *instance);

/* The instance that computes the value of that argument on a domain, since the value's function has
 * just been called there: of those that force it, the one on whose stack the function was called. A
 * runtime may call it on any other stack and on any thread; then it is the first that has not
 * computed the value yet. */
struct self forcer_of(const void *argument, int domain);

#endif
