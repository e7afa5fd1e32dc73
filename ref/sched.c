/* sched.c: the ready queue of a domain, the switch from one of its tasks to the next, and messages
 * to other domains. */
#include "cxx.h"
#include "runtime.h"

DOMAIN_LOCAL struct domain *domain_self;

/* ---- the ready queue ---- */

void domain_ready(struct domain *domain, struct task *task)
{
    if (task->state != TASK_NEW)
        task->state = TASK_READY;
    task->next = NULL;
    *domain->ready_end = task;
    domain->ready_end = &task->next;
}

struct task *domain_take(struct domain *domain)
{
    struct task *task = domain->ready;

    domain->ready = task->next;
    if (domain->ready == NULL)
        domain->ready_end = &domain->ready;
    return task;
}

void task_cancel(struct task *task)
{
    task->cancelled = true;
    domain_wake(task);
}

/* ---- switching ---- */

static inline bool begin_if_new(struct domain *domain, struct task *task)
{
    if (task->state != TASK_NEW)
        return true;
    if (task->cancelled || (task->stack = stack_take(&domain->stacks)) == NULL)
        return false;
    context_make(&task->context, task->stack, domain->stacks.room, domain->task_main);
    return true;
}

bool task_begin(struct domain *domain, struct task *task)
{
    return begin_if_new(domain, task);
}

/* Leave the running task for the next one or, when the quantum is over, for the scheduler. */
static inline __attribute__((always_inline)) void switch_away(struct domain *domain,
                                                              struct task *self)
{
    struct task *next = domain->ready;

    if (next != NULL && --domain->quantum > 0 && begin_if_new(domain, next)) {
        domain_take(domain);
        next->state = TASK_RUNNING;
        if (next == self)
            return;
        domain->current = next;
        cxx_switch(&self->context, &next->context);
    } else {
        cxx_switch(&self->context, &domain->scheduler);
    }
}

int domain_suspend(struct domain *domain, struct task *self)
{
    self->state = TASK_WAITING;
    switch_away(domain, self);
    return self->cancelled ? MIOU_CANCELLED : 0;
}

int domain_yield(struct domain *domain, struct task *self)
{
    domain_ready(domain, self);
    switch_away(domain, self);
    return self->cancelled ? MIOU_CANCELLED : 0;
}

int domain_charge(struct domain *domain, struct task *self)
{
    return --domain->quantum > 0 ? 0 : domain_yield(domain, self);
}

/* ---- messages ---- */

void domain_send(struct domain *to, struct message *message)
{
    if (inbox_send(&to->inbox, message))
        to->run->monitor.interrupt(to->monitor_state);
}
