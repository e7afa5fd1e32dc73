/* domain.c: a domain gives turns to its tasks, step by step, and sleeps when it has none to run. */
#include "cxx.h"
#include "runtime.h"

#include <errno.h>

enum {
    QUANTUM = 128 /* switches between two looks at the inbox and the monitor */
};

int domain_init(struct domain *domain, struct run *run, int id)
{
    int error;

    domain->id = id;
    domain->run = run;
    domain->ready_end = &domain->ready;
    domain->next_worker = id;
    domain->steered = run->options.choose != NULL;
    domain->task_main = task_main;
    inbox_init(&domain->inbox, &run->awake);
    if ((error = stacks_init(&domain->stacks, run->options.stack_size)) < 0)
        return error;
    return run->monitor.create(&domain->monitor_state, id, run->monitor.arg);
}

void domain_destroy(struct domain *domain)
{
    domain->run->monitor.finalise(domain->monitor_state);
    stacks_destroy(&domain->stacks);
}

/* ---- stepping ---- */

/* End a task that never ran, because it was cancelled before it began or no stack was left. What it
 * was given is finalised. */
static void end_unstarted(struct domain *domain, struct task *task, int result)
{
    if (task->background && result == -ENOMEM)
        signals_unstarted(task);
    domain->current = task;
    task_finish(task, result);
    domain->current = NULL;
    task_notify(task);
}

/* Run tasks, beginning with this one, until one of them leaves for the scheduler. Inlined so that
 * no return follows the switch soon: the processor would predict it by the task's calls. */
static inline __attribute__((always_inline)) void switch_to(struct domain *domain,
                                                            struct task *task)
{
    task->state = TASK_RUNNING;
    domain->current = task;
    cxx_switch(&domain->scheduler, &task->context);
    task = domain->current;
    domain->current = NULL;
    if (task->state == TASK_ENDED) {
        context_free(&task->context);
        stack_give(&domain->stacks, task->stack);
        task_notify(task);
    } else if (domain->hooks.first != NULL && domain->paused == NULL) {
        hooks_call(domain);
    }
}

static inline void run_task(struct domain *domain, struct task *task)
{
    if (task_begin(domain, task))
        switch_to(domain, task);
    else
        end_unstarted(domain, task, task->cancelled ? MIOU_CANCELLED : -ENOMEM);
}

void domain_look(struct domain *domain, bool block)
{
    int error = domain->run->monitor.select(domain->monitor_state, block);

    if (error < 0)
        run_abort(domain->run, error);
}

bool domain_step(struct domain *domain)
{
    struct run *run = domain->run;

    if (domain->paused != NULL) {
        switch_to(domain, domain->paused);
        return true;
    }
    if (!inbox_empty(&domain->inbox))
        inbox_deliver(&domain->inbox);
    if (domain->id == 0 && atomic_load_explicit(&run->signals, memory_order_relaxed) != 0)
        signals_deliver(domain);
    if (domain->suspended > 0 && domain->ready != NULL)
        domain_look(domain, false);
    domain->quantum = domain->hooks.first == NULL && !domain->steered ? QUANTUM : 1;
    if (domain->ready == NULL)
        return false;
    while (domain->ready != NULL && domain->quantum-- > 0)
        run_task(domain, domain_take(domain));
    return true;
}

/* ---- sleeping ---- */

/* A domain asleep counts as awake while its monitor has tasks to wake. So when the count becomes 0
 * no task can ever go on. A message that wakes a domain has counted it already. */
static void domain_sleep(struct domain *domain)
{
    struct run *run = domain->run;
    bool counted = domain->suspended > 0;

    if (!inbox_sleep(&domain->inbox))
        return;
    if (!counted && atomic_fetch_sub(&run->awake, 1) == 1)
        run_deadlock(run);
    domain_look(domain, domain->ready == NULL);
    if (inbox_wake(&domain->inbox))
        atomic_fetch_add(&run->awake, !counted);
    else
        atomic_fetch_sub(&run->awake, counted);
}

void domain_loop(struct domain *domain)
{
    domain_self = domain;
    context_of_thread(&domain->scheduler);
    while (!domain->stopped)
        if (!domain_step(domain) && !domain->stopped)
            domain_sleep(domain);
    domain_self = NULL;
}
