/* driver.h: what the parts of the driver share: what it says, and the instances of tasks. Nothing
 * that the runtime does is relied on: what it hands out may be missing, what it returns may be
 * nonsense, and it may close, print and exit as it likes. */
#ifndef DRIVER_H
#define DRIVER_H

#include "executor.h"

#include <stdatomic.h>
#include <stdint.h>

enum { SAID = 0, NOTHING_TO_DO = 2, OUTPUT_GONE = 3 }; /* exit statuses */

enum {
    LINE_SIZE = 128 + 2 * PROGRAM_LINE_MAX, /* bytes of a line without a list */
    FAILURES = MIOU_LAST - 1 /* the scenario's errors are this and below, one a name */
};

_Noreturn void die(int status, const char *what);
void *allocate(void *old, size_t size);

/* ---- What is said: driver_says.c ---- */

void say_bytes(const char *text, size_t size);

/* ---- Instances of tasks: driver_says.c ---- */

/* They are known to the runtime by number and not by address, and the number is of one run, so that
 * a runtime which invents an argument, or keeps one for the next run, is found out. */
struct instance {
    int task;
    char name[PROGRAM_NAME_MAX + 16];
    /* While it forces a lazy value: which operation, and where on its stack; else 0. */
    const struct operation *_Atomic forcing;
    atomic_uintptr_t frame;
};

/* An instance while it is executed. Its memory is another's in the next run. */
struct self {
    struct instance *instance; /* NULL: none that was spawned in this run */
    unsigned run;
};

/* A number for the runtime, of this run: of an instance, or of anything else below NUMBERS. */
enum { NUMBERS = 1 << 24 };
void *numbered(unsigned number);

/* The number back; NUMBERS: it is not one of this run. */
unsigned number_of(const void *numbered);

/* The next run begins: no instance is left. */
void next_run(void);

/* Make an instance of a task and say of which operation; the word is spawn or force. Parent is NULL
 * for main, of which nothing is said. */
void *spawn(const char *word, const struct self *parent, const struct operation *op, int task);

struct self self_of(const void *arg);

/* ? for what is no instance of this run. */
const char *name_of(const struct self *self);

/* The instance that forces a lazy value and from whose operation the stack has grown to frame. */
struct self forcer_at(uintptr_t frame);

#endif
