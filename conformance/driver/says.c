/* driver_says.c: the driver's output, a line at a time, and the instances of tasks that it tells
 * of. */
#include "driver.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void die(int status, const char *what)
{
    fprintf(stderr, "driver: %s\n", what);
    _exit(status);
}

void *allocate(void *old, size_t size)
{
    void *memory = realloc(old, size);

    if (!memory)
        die(NOTHING_TO_DO, "out of memory");
    return memory;
}

/* ---- Lines ---- */

static atomic_flag talking = ATOMIC_FLAG_INIT;

/* Lines from several domains must not mix. The lock is relaxed, which is enough for that: it keeps
 * writes apart, whose order the system keeps, and no memory. A stronger one would put the domains
 * in an order that the runtime may have failed to, and hide that from a race detector. */
static void begin_talking(void)
{
    while (atomic_flag_test_and_set_explicit(&talking, memory_order_relaxed))
        sched_yield();
}

static void stop_talking(void)
{
    atomic_flag_clear_explicit(&talking, memory_order_relaxed);
}

void say_bytes(const char *text, size_t size)
{
    begin_talking();
    deliver(text, size);
    stop_talking();
}

void say(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list list;
    int size;

    va_start(list, format);
    size = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    say_bytes(line, (size_t)size);
}

/* ---- Instances ---- */

enum { CHUNK = 4096, CHUNKS = NUMBERS / CHUNK };

/* They stay until the run ends: a runtime may run a task twice, or too late. */
static _Atomic(struct instance *) chunks[CHUNKS];
static atomic_uint instance_count;
static atomic_int spawned[PROGRAM_TASKS_MAX];
static atomic_uint this_run;

static unsigned relaxed(atomic_uint *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

void *numbered(unsigned number)
{
    return (void *)((uintptr_t)relaxed(&this_run) * NUMBERS + number + 1);
}

unsigned number_of(const void *arg)
{
    uintptr_t number = (uintptr_t)arg - (uintptr_t)relaxed(&this_run) * NUMBERS - 1;

    return number < NUMBERS ? (unsigned)number : NUMBERS;
}

void next_run(void)
{
    int i;

    atomic_fetch_add_explicit(&this_run, 1, memory_order_relaxed);
    atomic_store(&instance_count, 0);
    for (i = 0; i < PROGRAM_TASKS_MAX; i++)
        atomic_store(&spawned[i], 0);
}

/* NULL: nobody has got so far yet. */
static struct instance *instance_at(unsigned index)
{
    struct instance *chunk = atomic_load(&chunks[index / CHUNK]);

    return chunk ? &chunk[index % CHUNK] : NULL;
}

static unsigned create_instance(int task)
{
    unsigned index = atomic_fetch_add_explicit(&instance_count, 1, memory_order_relaxed);
    struct instance *none = NULL;

    if (index >= NUMBERS)
        die(NOTHING_TO_DO, "too many tasks");
    if (!instance_at(index)) {
        struct instance *fresh = calloc(CHUNK, sizeof *fresh);

        if (!fresh)
            die(NOTHING_TO_DO, "out of memory");
        if (!atomic_compare_exchange_strong(&chunks[index / CHUNK], &none, fresh))
            free(fresh);
    }
    instance_at(index)->task = task;
    return index;
}

/* The instance gets its name while nobody else talks, so that the lines have the numbers' order. */
void *spawn(const char *word, const struct self *parent, const struct operation *op, int task)
{
    unsigned index = create_instance(task);
    struct instance *instance = instance_at(index);
    const char *name = program_name(program, NAME_TASK, task);
    char line[LINE_SIZE];
    int number;

    begin_talking();
    number = atomic_fetch_add_explicit(&spawned[task], 1, memory_order_relaxed) + 1;
    snprintf(instance->name, sizeof instance->name, number == 1 ? "%s" : "%s#%d", name, number);
    if (parent)
        deliver(line, (size_t)snprintf(line, sizeof line, "%s %s %d %s\n", word, name_of(parent),
                                       op->line, instance->name));
    stop_talking();
    return numbered(index);
}

struct self self_of(const void *arg)
{
    unsigned index = number_of(arg);

    return (struct self){index < relaxed(&instance_count) ? instance_at(index) : NULL,
                         relaxed(&this_run)};
}

const char *name_of(const struct self *self)
{
    return self->instance && self->run == relaxed(&this_run) ? self->instance->name : "?";
}

/* A lazy value's function runs on the stack of the task that forces it, so that of all who wait in
 * a force that is the one whose frame lies nearest above. */
struct self forcer_at(uintptr_t frame)
{
    struct self forcer = {NULL, relaxed(&this_run)};
    uintptr_t nearest = UINTPTR_MAX;
    unsigned i;

    for (i = 0; i < relaxed(&instance_count) && instance_at(i); i++) {
        uintptr_t at = atomic_load_explicit(&instance_at(i)->frame, memory_order_relaxed);

        if (at > frame && at < nearest) {
            nearest = at;
            forcer.instance = instance_at(i);
        }
    }
    return forcer;
}
