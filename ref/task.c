/* task.c: the life of a task: spawned, awaited or cancelled by its parent, ended after its
 * children. */
#include "annotate.h"
#include "mutant.h"
#include "runtime.h"

#include <errno.h>

/* ---- starting ---- */

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
    task->cancelled = task->ended = task->settled = false;
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

/* Whether the task is to be cancelled, though it may not know yet: its cancellation comes down from
 * above, level by level, and would never catch up with a tree that grows as fast. */
static bool is_condemned(const struct task *task)
{
    struct run *run = task->domain->run;

    if (atomic_load_explicit(&run->cancelling, memory_order_relaxed) == 0 ||
        MUTANT(lets_the_condemned_spawn))
        return false;
    for (; task->parent != NULL; task = task->parent) {
        ANNOTATE_ATOMIC(&task->cancel_requested);
        if (atomic_load_explicit(&task->cancel_requested, memory_order_relaxed))
            return true;
    }
    return run->code != 0;
}

void child_start(struct task *child)
{
    child->held = is_condemned(child->parent);
    if (!child->held)
        start(child);
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

/* What miou_async and miou_call share, when it is settled where the child will run. */
static int spawn(struct task *self, miou_promise **promise, const miou_spawn *options,
                 struct domain *domain, miou_task *fn, void *arg)
{
    struct orphanage *orphanage = NULL;
    struct task *child;
    int error;

    if (options->orphans != NULL) {
        orphanage = object_get(self->domain, POOL_ORPHANAGES, options->orphans);
        if (orphanage == NULL || orphanage->owner != self)
            return -EINVAL;
    }
    if (fn == NULL || (promise == NULL && orphanage == NULL))
        return -EINVAL;
    if ((child = task_new(self->domain, domain, self, fn, arg)) == NULL)
        return -ENOMEM;
    if (options->give_count > 0) {
        error = resources_give(self, child, options->give, options->give_count);
        if (error < 0) {
            object_free(self->domain, POOL_TASKS, child);
            return error;
        }
    }
    child_adopt(self, orphanage, child);
    if (promise != NULL)
        *promise = pool_handle(child);
    child_start(child);
    return 0;
}

static const miou_spawn plain;

int miou_async(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    int error;
    struct task *self = task_active(&error);

    if (self == NULL)
        return error;
    if (options == NULL)
        options = &plain;
    if (options->pin != NULL)
        return -EINVAL;
    return spawn(self, promise, options, self->domain, fn, arg);
}

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

int miou_call(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    int error;
    struct task *self = task_active(&error);
    struct domain *domain;

    if (self == NULL)
        return error;
    if (options == NULL)
        options = &plain;
    if (options->pin == NULL) {
        int workers = workers_for(self->domain);

        if (workers == 0)
            return MIOU_NO_DOMAIN_AVAILABLE;
        domain = next_worker(self->domain, run_choose(self->domain->run, (size_t)workers));
    } else {
        int pin = *options->pin;

        if (pin <= 0 || pin >= self->domain->run->domain_count || pin == self->domain->id)
            return -EINVAL;
        domain = &self->domain->run->domains[pin];
    }
    return spawn(self, promise, options, domain, fn, arg);
}

/* ---- a child's end, as its parent learns of it ---- */

static void child_free(struct task *child)
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

static void check_quiet(struct task *child)
{
    struct task *parent = child->parent;

    if (!child_is_quiet(child))
        return;
    parent->live--;
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

void child_settle(struct task *child)
{
    if (!child->settled) {
        child->settled = true;
        child->parent->unsettled--;
    }
}

int child_outcome(const struct task *child)
{
    return child->cancel_requested ? MIOU_CANCELLED : child->result;
}

int child_await(struct task *self, struct task *child)
{
    int error;

    if (self->cancelled)
        return MIOU_CANCELLED;
    if (child_is_quiet(child))
        return 0;
    child->watched = true;
    error = task_wait(self, MIOU_WAIT_CHILDREN, child);
    child->watched = false;
    return error;
}

int child_find(struct task *self, struct task **child, const miou_promise *promise)
{
    if ((*child = object_get(self->domain, POOL_TASKS, promise)) == NULL)
        return -EINVAL;
    return (*child)->parent == self ? 0 : MIOU_NOT_A_CHILD;
}

int miou_await(miou_promise *promise, int *outcome)
{
    int error;
    struct task *self = task_active(&error), *child;

    if (self == NULL || (error = child_find(self, &child, promise)) < 0 ||
        (error = child_await(self, child)) < 0)
        return error;
    child_settle(child);
    if (outcome != NULL)
        *outcome = child_outcome(child);
    return 0;
}

/* ---- cancellation ---- */

static void task_cancel(struct task *task)
{
    if (MUTANT(tells_only_who_waits) && task->state != TASK_WAITING)
        return;
    task->cancelled = true;
    domain_wake(task);
}

static void deliver_cancel_reply(struct message *message)
{
    struct task *child = CONTAINER(message, struct task, cancel);

    child->cancel_in_flight = false;
    check_quiet(child);
}

static void deliver_cancel(struct message *message)
{
    struct task *task = CONTAINER(message, struct task, cancel);

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

int miou_cancel(miou_promise *promise)
{
    int error;
    struct task *self = task_active(&error), *child;

    if (self == NULL || (error = child_find(self, &child, promise)) < 0)
        return error;
    child_cancel(child);
    child_settle(child);
    return child_await(self, child);
}

/* ---- the end ---- */

static void deliver_abort(struct message *message)
{
    task_cancel(CONTAINER(message, struct run, abort)->main);
}

void run_abort(struct run *run, int code)
{
    int none = 0;

    if (!atomic_compare_exchange_strong(&run->code, &none, code))
        return;
    atomic_fetch_add(&run->cancelling, 1);
    if (domain_self == &run->domains[0]) {
        deliver_abort(&run->abort);
    } else {
        run->abort.deliver = deliver_abort;
        domain_send(&run->domains[0], &run->abort);
    }
}

static int broken_rule(const struct task *self)
{
    if (!list_empty(&self->resources))
        return MIOU_RESOURCE_LEAKED;
    return self->unsettled > 0 ? MIOU_STILL_HAS_CHILDREN : 0;
}

static void each_of(struct list *children, void (*visit)(struct task *child))
{
    struct link *link, *next;

    for (link = children->first; link != NULL; link = next) {
        next = link->next; /* visited, the child may be free */
        visit(CONTAINER(link, struct task, sibling));
    }
}

static void each_child(struct task *self, void (*visit)(struct task *child))
{
    each_of(&self->children, visit);
    for (struct link *link = self->orphanages.first; link != NULL; link = link->next) {
        struct orphanage *orphanage = CONTAINER(link, struct orphanage, link);

        each_of(&orphanage->running.members, visit);
        each_of(&orphanage->ended.members, visit);
    }
}

static void cancel_unsettled(struct task *child)
{
    if (!child->settled)
        child_cancel(child);
}

static void await_children(struct task *self)
{
    self->awaits_children = true;
    while (self->live > 0)
        task_wait(self, MIOU_WAIT_CHILDREN, self);
    self->awaits_children = false;
}

/* Have the parent believe in an end that has not come. */
static void tell_early(struct task *self)
{
    struct task *parent = self->parent;

    if (parent == NULL || parent->domain != self->domain)
        return;
    self->ended = true;
    if (self->watched)
        domain_wake(parent);
}

void task_finish(struct task *self, int result)
{
    int broken = result >= 0 && !self->cancelled ? broken_rule(self) : 0;

    if (broken != 0) {
        /* The parent must not see this end as one of the usual: wait to be cancelled, from main
         * down. */
        run_abort(self->domain->run, broken);
        while (!self->cancelled)
            task_wait(self, MIOU_WAIT_CHILDREN, self);
    }
    if (result < 0 || self->cancelled)
        each_child(self, cancel_unsettled);
    if (self->parent == NULL)
        signals_cancel(self->domain->run);
    if ((MUTANT(tells_failures_early) && result < 0 && !self->cancelled) ||
        (MUTANT(tells_cancellations_early) && self->cancelled))
        tell_early(self);
    await_children(self);
    resources_finalise(self);
    each_child(self, child_free);
    self->children.first = NULL;
    orphanages_free(self);
    self->result = self->cancelled ? MIOU_CANCELLED : result;
}

int miou_promise_free(miou_promise *promise)
{
    int error;
    struct task *self = task_current(&error), *child;

    if (self == NULL || (error = child_find(self, &child, promise)) < 0)
        return error;
    if (!child->settled || !child_is_quiet(child))
        return -EBUSY;
    child_remove(child);
    return 0;
}

int miou_yield(void)
{
    int error;
    struct task *self = task_active(&error);

    return self == NULL ? error : domain_yield(self->domain, self);
}
