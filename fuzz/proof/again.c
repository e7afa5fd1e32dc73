/* again.c: a saboteur is made for one run a process. Here there are many runs in one, each in a new
 * system, and with it comes the saboteur as it was at the start: what its mutants remember, which
 * the Makefile has put into sections of its own, is restored, and the memory that they took is
 * taken back. For one thread alone. */
#include "sim/sim.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GAVE_UP = 3 };

extern atomic_size_t saboteur_taken; /* see memory.c */

void __real_sim_begin(const struct sim_world *world);
void __wrap_sim_begin(const struct sim_world *world);

static _Noreturn void leave(const char *what)
{
    fprintf(stderr, "saboteur: %s\n", what);
    _exit(GAVE_UP);
}

/* ---- what the mutants remember */

extern uint8_t __start_saboteur_data[], __stop_saboteur_data[];
extern uint8_t __start_saboteur_bss[], __stop_saboteur_bss[];

static void restore(void)
{
    size_t data = (size_t)(__stop_saboteur_data - __start_saboteur_data);
    size_t bss = (size_t)(__stop_saboteur_bss - __start_saboteur_bss);
    static uint8_t *kept;

    if (kept == NULL) {
        if ((kept = malloc(data + bss)) == NULL)
            abort();
        memcpy(kept, __start_saboteur_data, data);
        memcpy(kept + data, __start_saboteur_bss, bss);
        return;
    }
    memcpy(__start_saboteur_data, kept, data);
    memcpy(__start_saboteur_bss, kept + data, bss);
}

/* ---- what they do when they are at their wits' end */

_Noreturn void saboteur_abort(void);
int saboteur_mutex_lock(pthread_mutex_t *mutex);

_Noreturn void saboteur_abort(void)
{
    leave("it has given up");
}

/* Who would wait, would for ever. */
int saboteur_mutex_lock(pthread_mutex_t *mutex)
{
    if (pthread_mutex_trylock(mutex) != 0)
        leave("it needs threads");
    return 0;
}

void __wrap_sim_begin(const struct sim_world *world)
{
    restore();
    saboteur_taken = 0;
    __real_sim_begin(world);
}

/* ---- whatever else they ask the system for, which is not the simulated one */

#define OUTSIDE(name)                                                                              \
    void outside_##name(void);                                                                     \
    void outside_##name(void)                                                                      \
    {                                                                                              \
        leave("it asks the true system: " #name);                                                  \
    }
#include "outside.def"
