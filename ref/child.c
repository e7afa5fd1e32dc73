/* child.c: a task's record, and what a parent does with its children: start them, await them,
 * cancel them and learn how they ended. */
#include "annotate.h"
#include "runtime.h"

#include <errno.h>

/* ---- records ---- */

struct task *task_new(struct domain *on, struct domain *domain, struct task *parent, miou_task *fn,
                      void *arg)
{
    struct task *task = object_new(on, POOL_TASKS);

    if (task == NULL)
        return NULL;
    task->parent = parent;
    task->domain = domain;
    task->fn = fn;
    task->arg = arg;
    task->live = task->unsettled = 0;
    task->state = TASK_NEW;
    task->cancelled = task->awaits_children = task->has_more = false;
    task->ended = task->settled = false;
    task->cancel_in_flight = task->held = task->background = false;
    atomic_init(&task->cancel_requested, false);
    return task;
}

uint64_t task_id(const struct task *task)
{
    const struct slot *slot = &task->slot;
    uint32_t uses = atomic_load_explicit(&slot->generation, memory_order_relaxed) -
                    task->domain->run->pools[POOL_TASKS].salt;

    return (uint64_t)(uses / 2) << 32 | (slot->index + 1);
}

void child_free(struct task *child)
{
    child->orphanage = NULL;
    object_free(child->parent->domain, POOL_TASKS, child);
}

void child_remove(struct task *child)
{
    orphanage_leave(child);
    list_remove(&child->sibling);
    child_free(child);
}

int child_find(struct task *self, struct task **child, const miou_promise *promise)
{
    if ((*child = object_get(self->domain, POOL_TASKS, promise)) == NULL)
        return -EINVAL;
    return (*child)->parent == self ? 0 : MIOU_NOT_A_CHILD;
}

/* ---- starting ---- */

int workers_for(const struct domain *domain)
{
    int workers = domain->run->domain_count - 1;

    return domain->id > 0 ? workers - 1 : workers;
}

struct domain *next_worker(struct domain *domain, size_t skip)
{
    struct run *run = domain->run;

    do {
        domain->next_worker = domain->next_worker % (run->domain_count - 1) + 1;
    } while (domain->next_worker == domain->id || skip-- > 0);
    return &run->domains[domain->next_worker];
}

void child_adopt(struct task *parent, struct orphanage *orphanage, struct task *child)
{
    if (orphanage != NULL)
        orphanage_keep(orphanage, child);
    else
        list_add(&parent->children, &child->sibling);
    parent->live++;
    parent->unsettled++;
}

/* Whether the task or a task above it has been told to cancel, even if the message has not arrived.
 * Cancellation descends level by level, and would never catch up with a tree that grows as fast. */
static bool is_condemned(const struct task *task)
{
    struct run *run = task->domain->run;

    if (atomic_load_explicit(&run->cancelling, memory_order_relaxed) == 0)
        return false;
    for (; task->parent != NULL; task = task->parent) {
        ANNOTATE_ATOMIC(&task->cancel_requested);
        if (atomic_load_explicit(&task->cancel_requested, memory_order_relaxed))
            return true;
    }
    return run->code != 0;
}

static void deliver_start(struct message *message)
{
    struct task *task = CONTAINER(message, struct task, life);

    domain_ready(task->domain, task);
}

static void start(struct task *task)
{
    if (task->domain == domain_self) {
        domain_ready(task->domain, task);
    } else {
        task->life.deliver = deliver_start;
        domain_send(task->domain, &task->life);
    }
}

void child_start(struct task *child)
{
    child->held = is_condemned(child->parent);
    if (!child->held)
        start(child);
}

/* ---- ending, as the parent learns of it ---- */

static void check_quiet(struct task *child)
{
    struct task *parent = child->parent;

    if (!child_is_quiet(child))
        return;
    parent->live--;
    if (child->watched && parent->missing > 0 && --parent->missing > 0)
        child->watched = false; /* other children still keep the parent from going on */
    if (child->cancel_requested)
        atomic_fetch_sub(&child->domain->run->cancelling, 1);
    if (child->orphanage != NULL)
        orphanage_child_ended(child);
    if (child->watched || (parent->awaits_children && parent->live == 0))
        domain_wake(parent);
    if (child->background)
        child_remove(child);
}

static void child_ended(struct task *child)
{
    child->ended = true;
    resources_receive(child->parent, child);
    check_quiet(child);
}

static void deliver_end(struct message *message)
{
    child_ended(CONTAINER(message, struct task, life));
}

void task_notify(struct task *task)
{
    if (task->parent == NULL) {
        task->domain->stopped = true;
    } else if (task->parent->domain == task->domain) {
        child_ended(task);
    } else {
        task->life.deliver = deliver_end;
        domain_send(task->parent->domain, &task->life);
    }
}

int child_outcome(const struct task *child)
{
    return child->cancel_requested ? MIOU_CANCELLED : child->result;
}

void child_settle(struct task *child)
{
    if (!child->settled) {
        child->settled = true;
        child->parent->unsettled--;
    }
}

int child_await(struct task *self, struct task *child)
{
    int error;

    if (child_is_quiet(child))
        return 0;
    child->watched = true;
    error = task_wait(self, MIOU_WAIT_CHILDREN, child);
    child->watched = false;
    return error == MIOU_EXPIRED && child_is_quiet(child) ? 0 : error;
}

int child_await_patiently(struct task *self, struct task *child)
{
    int error = 0;

    child->watched = true;
    while (error == 0 && !child_is_quiet(child))
        error = task_wait_patiently(self, MIOU_WAIT_CHILDREN, child);
    child->watched = false;
    return error;
}

/* ---- cancellation ---- */

static void deliver_cancel_reply(struct message *message)
{
    struct task *child = CONTAINER(message, struct task, cancel);

    child->cancel_in_flight = false;
    check_quiet(child);
}

static void deliver_cancel(struct message *message)
{
    struct task *task = CONTAINER(message, struct task, cancel);

    if (task->state != TASK_ENDED) /* its parent may read already what it has left */
        task_cancel(task);
    task->cancel.deliver = deliver_cancel_reply;
    domain_send(task->parent->domain, &task->cancel);
}

void child_cancel(struct task *child)
{
    if (child->cancel_requested)
        return;
    ANNOTATE_ATOMIC(&child->cancel_requested);
    atomic_store_explicit(&child->cancel_requested, true, memory_order_relaxed);
    if (child->ended)
        return;
    atomic_fetch_add(&child->domain->run->cancelling, 1);
    if (child->held) {
        child->cancelled = true;
        start(child);
    } else if (child->domain == child->parent->domain) {
        task_cancel(child);
    } else {
        child->cancel_in_flight = true;
        child->cancel.deliver = deliver_cancel;
        domain_send(child->domain, &child->cancel);
    }
}
