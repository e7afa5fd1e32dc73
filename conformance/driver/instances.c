/* instances.c: the instances of tasks, by the numbers that the runtime knows them by. */
#include "driver.h"

#include "scenario/memory.h"

#include <stdio.h>
#include <stdlib.h>

struct program *program;

static atomic_uint this_run;

static unsigned relaxed(atomic_uint *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* ---- Numbers ---- */

void *numbered(unsigned number)
{
    return (void *)((uintptr_t)relaxed(&this_run) * NUMBERS + number + 1);
}

unsigned number_of(const void *arg)
{
    uintptr_t number = (uintptr_t)arg - (uintptr_t)relaxed(&this_run) * NUMBERS - 1;

    return number < NUMBERS ? (unsigned)number : NUMBERS;
}

/* ---- Instances ---- */

enum { INSTANCES_MAX = 1 << 24, CHUNK = 4096, CHUNKS = INSTANCES_MAX / CHUNK };

/* They stay until the run ends: a runtime may run a task twice, or too late. */
static _Atomic(struct instance *) chunks[CHUNKS];
static atomic_uint instance_count;
static atomic_int spawned[PROGRAM_TASKS_MAX];
static atomic_uint lazy_count;
static atomic_uint force_count; /* forces that have begun */

void next_run(void)
{
    int i;

    atomic_fetch_add_explicit(&this_run, 1, memory_order_relaxed);
    atomic_store(&instance_count, 0);
    atomic_store(&lazy_count, 0);
    atomic_store(&force_count, 0);
    for (i = 0; i < PROGRAM_TASKS_MAX; i++)
        atomic_store(&spawned[i], 0);
}

/* NULL: there is no memory for it yet. */
static struct instance *instance_at(unsigned index)
{
    struct instance *chunk = atomic_load(&chunks[index / CHUNK]);

    return chunk ? &chunk[index % CHUNK] : NULL;
}

static unsigned create_instance(int task)
{
    unsigned index = atomic_fetch_add_explicit(&instance_count, 1, memory_order_relaxed);
    struct instance *none = NULL;

    if (index >= INSTANCES_MAX)
        die(NOTHING_TO_DO, "too many tasks");
    if (!instance_at(index)) {
        struct instance *fresh = zeroed(CHUNK, sizeof *fresh);

        if (!atomic_compare_exchange_strong(&chunks[index / CHUNK], &none, fresh))
            free(fresh);
    }
    instance_at(index)->task = task;
    instance_at(index)->number = index;
    atomic_store_explicit(&instance_at(index)->names, NULL, memory_order_relaxed);
    return index;
}

/* The instance gets its name under the lock of the output, so that lines and numbers have one
 * order. */
void *spawn_instance(const char *word, const struct self *parent, const struct operation *op,
                     int task)
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

void *resource_value(const struct instance *instance, int name)
{
    _Static_assert(INSTANCES_MAX <= NUMBERS / PROGRAM_TASKS_MAX, "each resource has its number");
    return numbered(instance->number * PROGRAM_TASKS_MAX + (unsigned)name);
}

struct self resource_creator(const void *value, const struct operation **create)
{
    unsigned number = number_of(value), index = number / PROGRAM_TASKS_MAX;
    struct self self = {NULL, relaxed(&this_run)};
    int i;

    *create = NULL;
    if (index >= relaxed(&instance_count) || !instance_at(index))
        return self;
    self.instance = instance_at(index);
    for (i = 0; i < program->operation_count && !*create; i++) {
        const struct operation *op = &program->operations[i];

        if (op->kind == OP_CREATE && op->task == self.instance->task &&
            op->name == (int)(number % PROGRAM_TASKS_MAX))
            *create = op;
    }
    return self;
}

/* ---- Lazy values ---- */

void *lazy_argument(int task)
{
    unsigned lazy = atomic_fetch_add_explicit(&lazy_count, 1, memory_order_relaxed);

    if (lazy >= NUMBERS / PROGRAM_TASKS_MAX)
        die(NOTHING_TO_DO, "too many lazy values");
    return numbered(lazy * PROGRAM_TASKS_MAX + (unsigned)task);
}

void begin_force(struct instance *instance, const struct operation *op, const void *argument)
{
    unsigned turn = atomic_fetch_add_explicit(&force_count, 1, memory_order_relaxed);

    atomic_store_explicit(&instance->argument, (uintptr_t)argument, memory_order_relaxed);
    atomic_store_explicit(&instance->turn, turn, memory_order_relaxed);
    atomic_store_explicit(&instance->served, false, memory_order_relaxed);
    atomic_store_explicit(&instance->frame, (uintptr_t)__builtin_frame_address(0),
                          memory_order_relaxed);
    atomic_store_explicit(&instance->forcing, op, memory_order_relaxed);
}

void end_force(struct instance *instance)
{
    atomic_store_explicit(&instance->forcing, NULL, memory_order_relaxed);
}

static bool forces(struct instance *instance, const void *argument)
{
    return atomic_load_explicit(&instance->forcing, memory_order_relaxed) &&
           atomic_load_explicit(&instance->argument, memory_order_relaxed) == (uintptr_t)argument;
}

static bool is_served(struct instance *instance)
{
    return atomic_load_explicit(&instance->served, memory_order_relaxed);
}

static bool is_on(struct instance *instance, int domain)
{
    return atomic_load_explicit(&instance->domain, memory_order_relaxed) == domain;
}

enum { FEW_FRAMES = 16384 /* bytes of stack between a force and the function that it calls */ };

/* Whether the value is computed a few frames below the instance's force, on its stack. A runtime
 * that calls the function elsewhere has no frame so close to any other. */
static bool is_below(struct instance *instance, uintptr_t frame)
{
    uintptr_t above = atomic_load_explicit(&instance->frame, memory_order_relaxed);

    return above > frame && above - frame < FEW_FRAMES;
}

/* Of two instances that force a value, the one that computes it has the function on its stack; if
 * neither has, it has not computed the value yet, is on the domain where it is computed, and was
 * first to force it. */
static bool comes_before(struct instance *one, struct instance *other, int domain, uintptr_t frame)
{
    if (is_below(one, frame) != is_below(other, frame))
        return is_below(one, frame);
    if (is_served(one) != is_served(other))
        return !is_served(one);
    if (is_on(one, domain) != is_on(other, domain))
        return is_on(one, domain);
    return relaxed(&one->turn) < relaxed(&other->turn);
}

struct self forcer_of(const void *argument, int domain)
{
    struct self forcer = {NULL, relaxed(&this_run)};
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    unsigned i;

    for (i = 0; i < relaxed(&instance_count) && instance_at(i); i++) {
        struct instance *instance = instance_at(i);

        if (forces(instance, argument) &&
            (!forcer.instance || comes_before(instance, forcer.instance, domain, frame)))
            forcer.instance = instance;
    }
    if (forcer.instance)
        atomic_store_explicit(&forcer.instance->served, true, memory_order_relaxed);
    return forcer;
}

int lazy_task(const void *argument)
{
    unsigned number = number_of(argument);

    return number < NUMBERS ? (int)(number % PROGRAM_TASKS_MAX) : -1;
}
