/* domain.c: a domain takes turns among its tasks, one step after the other. */
#include "mutant.h"
#include "runtime.h"
#include "system.h"

#include <errno.h>

enum {
    QUANTUM = 128 /* switches between two looks at the inbox and the monitor */
};

_Thread_local struct domain *domain_self __attribute__((tls_model("initial-exec")));

int domain_init(struct domain *domain, struct run *run, int id)
{
    int error;

    domain->id = id;
    domain->run = run;
    domain->ready_end = &domain->ready;
    domain->next_worker = id;
    domain->driven = run->options.choose != NULL;
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

/* ---- the ready queue ---- */

/* No task does. */
static bool goes_first(const struct task *task)
{
    bool family = task->state == TASK_NEW ||
                  (task->state == TASK_WAITING && task->waits_for == MIOU_WAIT_CHILDREN);

    return MUTANT(runs_the_newest_first) || (MUTANT(runs_families_first) && family);
}

void domain_ready(struct domain *domain, struct task *task)
{
    bool first = domain->ready != NULL && goes_first(task);

    if (task->state != TASK_NEW)
        task->state = TASK_READY;
    if (first) {
        task->next = domain->ready;
        domain->ready = task;
        return;
    }
    task->next = NULL;
    *domain->ready_end = task;
    domain->ready_end = &task->next;
}

static struct task *take_ready(struct domain *domain)
{
    struct task *task = domain->ready;

    domain->ready = task->next;
    if (domain->ready == NULL)
        domain->ready_end = &domain->ready;
    return task;
}

/* ---- switching ---- */

static void task_main(void)
{
    struct task *self = domain_self->current;

    task_finish(self, self->fn(self->arg));
    self->state = TASK_ENDED;
    context_exit(&self->context, &self->domain->scheduler);
}

/* See that a task has a context. Returns false if it shall not or cannot run. */
static inline bool begin(struct domain *domain, struct task *task)
{
    if (task->state != TASK_NEW)
        return true;
    if (task->cancelled || (task->stack = stack_take(&domain->stacks)) == NULL)
        return false;
    context_make(&task->context, task->stack, domain->stacks.room, task_main);
    return true;
}

/* Leave the running task for the next one or, when the quantum is over, for the scheduler. */
static inline __attribute__((always_inline)) void leave(struct domain *domain, struct task *self)
{
    struct task *next = domain->ready;

    if (next != NULL && --domain->quantum > 0 && begin(domain, next)) {
        take_ready(domain);
        next->state = TASK_RUNNING;
        if (next == self)
            return;
        domain->current = next;
        context_switch(&self->context, &next->context);
    } else {
        context_switch(&self->context, &domain->scheduler);
    }
}

int domain_suspend(struct domain *domain, struct task *self)
{
    self->state = TASK_WAITING;
    leave(domain, self);
    return self->cancelled ? MIOU_CANCELLED : 0;
}

int domain_yield(struct domain *domain, struct task *self)
{
    domain_ready(domain, self);
    leave(domain, self);
    return self->cancelled ? MIOU_CANCELLED : 0;
}

int domain_charge(struct domain *domain, struct task *self)
{
    return --domain->quantum > 0 ? 0 : domain_yield(domain, self);
}

/* ---- stepping ---- */

/* A task that never gets to run, cancelled before it began or for want of a stack, owns what it was
 * given. */
static void end_unstarted(struct domain *domain, struct task *task, int result)
{
    domain->current = task;
    task_finish(task, result);
    domain->current = NULL;
    task_notify(task);
}

/* Go to a task until it leaves for the scheduler, or until one that it has left for does. No return
 * follows the switch soon: the processor would predict it by the calls of the task. */
static inline __attribute__((always_inline)) void enter(struct domain *domain, struct task *task)
{
    task->state = TASK_RUNNING;
    domain->current = task;
    context_switch(&domain->scheduler, &task->context);
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
    if (begin(domain, task))
        enter(domain, task);
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
        enter(domain, domain->paused);
        return true;
    }
    if (!inbox_empty(&domain->inbox))
        inbox_deliver(&domain->inbox);
    if (domain->id == 0 && atomic_load_explicit(&run->signals, memory_order_relaxed) != 0)
        signals_deliver(domain);
    if (domain->suspended > 0 && domain->ready != NULL && !MUTANT(starves_io))
        domain_look(domain, false);
    domain->quantum = domain->hooks.first == NULL && !domain->driven ? QUANTUM : 1;
    if (domain->ready == NULL)
        return false;
    while (domain->ready != NULL && domain->quantum-- > 0)
        run_task(domain, take_ready(domain));
    return true;
}

/* While no task is suspended on its monitor a domain that sleeps does not count as awake: the last
 * one to fall asleep so can only be the end. Who wakes it has counted it. */
static void domain_sleep(struct domain *domain)
{
    struct run *run = domain->run;
    bool counted = domain->suspended > 0;

    if (!inbox_sleep(&domain->inbox))
        return;
    if (!counted && atomic_fetch_sub(&run->awake, 1) == 1)
        run_deadlock(run);
    domain_look(domain, domain->ready == NULL && !MUTANT(never_sleeps));
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

void domain_send(struct domain *to, struct message *message)
{
    static _Atomic unsigned sent;

    if (inbox_send(&to->inbox, message) && !(MUTANT(loses_a_wake_up) && ++sent % 64 == 0))
        to->run->monitor.interrupt(to->monitor_state);
}
