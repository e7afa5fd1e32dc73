/* names.c: what the names of a program stand for. A private name is bound and used by one instance
 * only, so that it orders no domains; a shared one is bound by one instance, and used by any. */
#include "driver.h"

#include "scenario/memory.h"

#include <stdlib.h>

/* ---- Memory ---- */

/* Whatever a name has stood for stays until the execution is forgotten: another instance may still
 * use it, and a runtime may execute an instance twice. */
static _Atomic(struct kept *) last_kept;

void *keep(struct kept *memory)
{
    memory->before = atomic_load_explicit(&last_kept, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&last_kept, &memory->before, memory,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
    return memory;
}

/* ---- Names ---- */

struct binding {
    struct kept kept;
    struct binding *next; /* of the same instance, or of all */
    enum name_kind kind;
    int name;
    _Atomic(void *) thing;
};

static _Atomic(struct binding *) shared;
static atomic_int flags[PROGRAM_TASKS_MAX]; /* how often each was posted */

/* Where the names are that an instance knows by this one. */
static _Atomic(struct binding *) *names_of(struct instance *instance, enum name_kind kind, int name)
{
    return program->names[kind].of[name].shared ? &shared : &instance->names;
}

static struct binding *find_binding(struct binding *binding, enum name_kind kind, int name)
{
    while (binding && (binding->kind != kind || binding->name != name))
        binding = binding->next;
    return binding;
}

void *look_up(struct instance *instance, enum name_kind kind, int name)
{
    struct binding *binding = find_binding(
        atomic_load_explicit(names_of(instance, kind, name), memory_order_acquire), kind, name);

    return binding ? atomic_load_explicit(&binding->thing, memory_order_acquire) : NULL;
}

void bind_thing(struct instance *instance, enum name_kind kind, int name, void *thing)
{
    _Atomic(struct binding *) *names = names_of(instance, kind, name);
    struct binding *first = atomic_load_explicit(names, memory_order_acquire);
    struct binding *binding = find_binding(first, kind, name);

    if (!binding) {
        binding = keep(zeroed(1, sizeof *binding));
        binding->kind = kind;
        binding->name = name;
        atomic_init(&binding->thing, thing);
        binding->next = first;
        while (!atomic_compare_exchange_weak_explicit(names, &binding->next, binding,
                                                      memory_order_release, memory_order_relaxed))
            ;
    }
    atomic_store_explicit(&binding->thing, thing, memory_order_release);
}

void post(int flag)
{
    atomic_fetch_add(&flags[flag], 1);
}

bool is_posted(int flag, int times)
{
    return atomic_load(&flags[flag]) >= times;
}

void forget_names(void)
{
    struct kept *last = atomic_exchange(&last_kept, NULL), *before;
    int flag;

    atomic_store(&shared, NULL);
    for (; last; last = before) {
        before = last->before;
        free(last);
    }
    for (flag = 0; flag < PROGRAM_TASKS_MAX; flag++)
        atomic_store(&flags[flag], 0);
}
