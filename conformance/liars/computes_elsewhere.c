/* Not a liar, but odd: a runtime that calls the function of a lazy value on a thread of its own,
 * whose stack has nothing to do with the task that forces the value. The two tasks of a parallel
 * run on threads, too. When both force a value, it is computed for the first, which is cancelled
 * meanwhile, and so once more for the second. */
#include "liar.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

enum { STACKS = 8, STACK = 1 << 20 };

struct miou_lazy {
    miou_task *fn; /* NULL: computed */
    void *arg;
    int value;
};

struct runner {
    miou_task *fn;
    void *arg;
    int result;
};

/* Stacks are used from the lowest to the highest, so that no inner one lies below an outer one. */
static char stacks[STACKS][STACK] __attribute__((aligned(4096)));
static int used;

static enum { NONE, RUNS, WAITS } first; /* what the first task of a parallel does */
static pthread_t first_thread;
static sem_t waits, cancelled;

static void *run(void *runner_of)
{
    struct runner *runner = runner_of;

    runner->result = runner->fn(runner->arg);
    return NULL;
}

static pthread_t start(struct runner *runner)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stacks[used++ % STACKS], STACK);
    if (pthread_create(&thread, &attributes, run, runner) != 0)
        abort();
    pthread_attr_destroy(&attributes);
    return thread;
}

RUN
{
    return fn(arg);
}

EXPORT int miou_parallel(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    struct runner runners[2] = {{.fn = fn, .arg = args[0]}, {.fn = fn, .arg = args[1]}};

    if (count != 2)
        return -22;
    sem_init(&waits, 0, 0);
    sem_init(&cancelled, 0, 0);
    first = RUNS;
    first_thread = start(&runners[0]);
    sem_wait(&waits);
    pthread_join(start(&runners[1]), NULL);
    outcomes[0] = MIOU_CANCELLED;
    outcomes[1] = runners[1].result;
    return 0;
}

EXPORT int miou_lazy_create(miou_lazy **lazy, miou_task *fn, void *arg)
{
    *lazy = malloc(sizeof **lazy);
    **lazy = (miou_lazy){.fn = fn, .arg = arg};
    return 0;
}

static int compute(const miou_lazy *lazy)
{
    struct runner runner = {.fn = lazy->fn, .arg = lazy->arg};

    pthread_join(start(&runner), NULL);
    return runner.result;
}

EXPORT int miou_lazy_force(miou_lazy *lazy, int *outcome)
{
    if (first == RUNS) {
        first = WAITS;
        sem_post(&waits);
        sem_wait(&cancelled);
        return MIOU_CANCELLED;
    }
    if (first == WAITS) {
        first = NONE;
        compute(lazy);
        sem_post(&cancelled);
        pthread_join(first_thread, NULL);
    }
    if (lazy->fn)
        lazy->value = compute(lazy);
    lazy->fn = NULL;
    *outcome = lazy->value;
    return 0;
}
