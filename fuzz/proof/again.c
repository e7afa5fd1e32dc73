/* again.c: resets the saboteur before each run. It is made for one run per process, but a fuzz
 * target makes many, each in a new simulated system. The variables of its mutants, which proof.mk
 * has put into sections of their own, get their first values back, and the memory that it took is
 * taken back. Works only with one thread. */
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

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "saboteur: %s\n", what);
    _exit(GAVE_UP);
}

/* ---- the mutants' variables */

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

/* ---- what mutants do when they cannot go on */

_Noreturn void saboteur_abort(void);
int saboteur_mutex_lock(pthread_mutex_t *mutex);

_Noreturn void saboteur_abort(void)
{
    give_up("it has aborted");
}

/* There is only one thread, so to wait is to wait for ever. */
int saboteur_mutex_lock(pthread_mutex_t *mutex)
{
    if (pthread_mutex_trylock(mutex) != 0)
        give_up("it needs another thread");
    return 0;
}

void __wrap_sim_begin(const struct sim_world *world)
{
    restore();
    saboteur_taken = 0;
    __real_sim_begin(world);
}

/* ---- calls of the operating system, which is not the simulated one */

#define OUTSIDE(name)                                                                              \
    void outside_##name(void);                                                                     \
    void outside_##name(void)                                                                      \
    {                                                                                              \
        give_up("it calls the operating system: " #name);                                          \
    }
#include "outside.def"
