/* tasks.c: yields, spawns and the memory of tasks, beside bare context switches. */
#include "bench.h"
#include "miou.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The limit: Boost's context switch. */
typedef void *fcontext;
typedef struct {
    fcontext from;
    void *data;
} transfer;

extern transfer jump_fcontext(fcontext to, void *data);
extern fcontext make_fcontext(void *top, size_t size, void (*fn)(transfer));

static _Alignas(64) char stack[64 * 1024];

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* ---- yield: two tasks take turns */

static int take(void *arg)
{
    for (size_t i = 0; i < turns / 2; i++)
        must("yield", miou_yield());
    return *(int *)arg;
}

static int take_turns(void *arg)
{
    miou_promise *one, *two;
    double start = processor_nanoseconds();
    int zero = 0;

    must("async", miou_async(&one, NULL, take, &zero));
    must("async", miou_async(&two, NULL, take, &zero));
    must("await", miou_await(one, NULL));
    must("await", miou_await(two, NULL));
    *(double *)arg = (processor_nanoseconds() - start) / (double)turns;
    return 0;
}

double yield_ours(size_t count)
{
    double cost;

    (void)count;
    must("run", miou_run(NULL, take_turns, &cost));
    return cost;
}

static void back_and_forth(transfer t)
{
    for (;;)
        t = jump_fcontext(t.from, NULL);
}

double yield_limit(size_t count)
{
    transfer t = {make_fcontext(stack + sizeof stack, sizeof stack, back_and_forth), NULL};
    double start = processor_nanoseconds();

    (void)count;
    for (size_t i = 0; i < turns / 2; i++)
        t = jump_fcontext(t.from, NULL);
    return (processor_nanoseconds() - start) / (double)turns;
}

/* ---- spawn and await: one task at a time, or many, on stacks that were used before */

static int spawn_await(void *arg)
{
    miou_promise *promise;
    double start = processor_nanoseconds();

    for (size_t i = 0; i < turns; i++) {
        must("async", miou_async(&promise, NULL, nothing, NULL));
        must("await", miou_await(promise, NULL));
        must("promise_free", miou_promise_free(promise));
    }
    *(double *)arg = (processor_nanoseconds() - start) / (double)turns;
    return 0;
}

double spawn_await_ours(size_t count)
{
    double cost;

    (void)count;
    must("run", miou_run(NULL, spawn_await, &cost));
    return cost;
}

struct crowd {
    miou_promise **promises;
    size_t count;
    double cost;
};

static void spawn_all(struct crowd *crowd)
{
    size_t i;

    for (i = 0; i < crowd->count; i++)
        must("async", miou_async(&crowd->promises[i], NULL, nothing, NULL));
    for (i = 0; i < crowd->count; i++)
        must("await", miou_await(crowd->promises[i], NULL));
    for (i = 0; i < crowd->count; i++)
        must("promise_free", miou_promise_free(crowd->promises[i]));
}

/* The first time is not measured, because it touches new stacks. */
static int spawn_crowds(void *arg)
{
    struct crowd *crowd = arg;
    size_t i, times = turns / crowd->count;
    double start;

    spawn_all(crowd);
    start = processor_nanoseconds();
    for (i = 0; i < times; i++)
        spawn_all(crowd);
    crowd->cost = (processor_nanoseconds() - start) / (double)(times * crowd->count);
    return 0;
}

double spawn_all_ours(size_t count)
{
    struct crowd crowd = {calloc(count, sizeof *crowd.promises), count, 0};

    must("run", miou_run(NULL, spawn_crowds, &crowd));
    free(crowd.promises);
    return crowd.cost;
}

static void there_and_back(transfer t)
{
    jump_fcontext(t.from, NULL);
}

double spawn_limit(size_t count)
{
    double start = processor_nanoseconds();

    (void)count;
    for (size_t i = 0; i < turns; i++)
        jump_fcontext(make_fcontext(stack + sizeof stack, sizeof stack, there_and_back), NULL);
    return (processor_nanoseconds() - start) / (double)turns;
}

/* ---- memory: what tasks that have begun, and now wait for their turn, keep resident. Measured in
 * a process of its own, whose heap is still unused. */

static int waits(void *arg)
{
    const int *over = arg;

    while (!*over)
        must("yield", miou_yield());
    return 0;
}

static int park(void *arg)
{
    struct crowd *crowd = arg;
    double before = resident(getpid());
    size_t i;
    int over = 0;

    for (i = 0; i < crowd->count; i++)
        must("async", miou_async(&crowd->promises[i], NULL, waits, &over));
    must("yield", miou_yield());
    crowd->cost = (resident(getpid()) - before) / (double)crowd->count;
    over = 1;
    for (i = 0; i < crowd->count; i++)
        must("await", miou_await(crowd->promises[i], NULL));
    return 0;
}

double parked_ours(size_t count)
{
    double *cost =
        mmap(NULL, sizeof *cost, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct crowd crowd = {calloc(count, sizeof *crowd.promises), count, 0};
    double result;
    int status;
    pid_t pid;
    size_t i;

    for (i = 0; i < count; i++) /* touch the array, which must not count as the tasks' memory */
        crowd.promises[i] = (miou_promise *)&crowd;
    pid = fork();
    if (pid == 0) {
        must("run", miou_run(NULL, park, &crowd));
        *cost = crowd.cost;
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
        give_up("the process that parks tasks", -1);
    result = *cost;
    munmap(cost, sizeof *cost);
    free(crowd.promises);
    return result;
}

double page_limit(size_t count)
{
    (void)count;
    return (double)sysconf(_SC_PAGESIZE);
}
