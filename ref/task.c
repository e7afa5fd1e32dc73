/* task.c: the life of a task: spawned, awaited or cancelled by its parent, ended after its
 * children. */
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
    task->cancel_requested = task->cancel_in_flight = task->background = false;
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

void task_start(struct task *task)
{
    if (task->domain == domain_self) {
        domain_ready(task->domain, task);
    } else {
        task->life.deliver = deliver_start;
        domain_send(task->domain, &task->life);
    }
}

static void adopt(struct task *parent, struct task *child)
{
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

    if (self->cancelled)
        return MIOU_CANCELLED;
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
    adopt(self, child);
    if (orphanage != NULL) {
        child->orphanage = orphanage;
        orphanage->count++;
    }
    if (promise != NULL)
        *promise = pool_handle(child);
    task_start(child);
    return 0;
}

static const miou_spawn plain;

int miou_async(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    int error;
    struct task *self = task_self(&error);

    if (self == NULL)
        return error;
    if (options == NULL)
        options = &plain;
    if (options->pin != NULL)
        return -EINVAL;
    return spawn(self, promise, options, self->domain, fn, arg);
}

/* The worker after the last one, passing over the caller's own domain; NULL if there is none. */
static struct domain *next_worker(struct domain *domain)
{
    struct run *run = domain->run;
    int workers = run->domain_count - 1;
    size_t skip;

    if (workers == 0 || (workers == 1 && domain->id == 1))
        return NULL;
    skip = run_choose(run, (size_t)(workers - (domain->id > 0)));
    do
        domain->next_worker = domain->next_worker % workers + 1;
    while (domain->next_worker == domain->id || skip-- > 0);
    return &run->domains[domain->next_worker];
}

int miou_call(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    int error;
    struct task *self = task_self(&error);
    struct domain *domain;

    if (self == NULL)
        return error;
    if (options == NULL)
        options = &plain;
    if (options->pin == NULL) {
        domain = next_worker(self->domain);
    } else {
        int pin = *options->pin;

        if (pin <= 0 || pin >= self->domain->run->domain_count || pin == self->domain->id)
            return -EINVAL;
        domain = &self->domain->run->domains[pin];
    }
    if (domain == NULL)
        return MIOU_NO_DOMAIN_AVAILABLE;
    return spawn(self, promise, options, domain, fn, arg);
}

/* ---- a child's end, as its parent learns of it ---- */

static void task_free(struct task *child)
{
    child->orphanage = NULL;
    object_free(child->parent->domain, POOL_TASKS, child);
}

/* Nothing of the child's is under way any more. */
static bool is_quiet(const struct task *child)
{
    return child->ended && !child->cancel_in_flight;
}

static void check_quiet(struct task *child)
{
    struct task *parent = child->parent;

    if (!is_quiet(child))
        return;
    parent->live--;
    if (child->orphanage != NULL)
        orphanage_child_ended(child);
    if (parent->awaited == child || (parent->awaited == parent && parent->live == 0))
        domain_wake(parent);
    if (child->background) {
        list_remove(&child->sibling);
        task_free(child);
    }
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

static void settle(struct task *child)
{
    if (!child->settled) {
        child->settled = true;
        child->parent->unsettled--;
    }
}

/* Wait for a child or, if that is the task itself, for all its children; or to be cancelled. */
static int wait_quiet(struct task *self, struct task *child)
{
    int error;

    self->awaited = child;
    error = task_wait(self, MIOU_WAIT_CHILDREN, child);
    self->awaited = NULL;
    return error;
}

static int await_child(struct task *self, struct task *child)
{
    if (self->cancelled)
        return MIOU_CANCELLED;
    return is_quiet(child) ? 0 : wait_quiet(self, child);
}

static void await_children(struct task *self)
{
    while (self->live > 0)
        wait_quiet(self, self);
}

static int outcome_of(const struct task *child)
{
    return child->cancel_requested ? MIOU_CANCELLED : child->result;
}

/* The caller and the child that a promise stands for, if it is the caller's. */
static int find_child(struct task **self, struct task **child, miou_promise *promise)
{
    int error;

    if ((*self = task_self(&error)) == NULL)
        return error;
    if ((*child = object_get((*self)->domain, POOL_TASKS, promise)) == NULL)
        return -EINVAL;
    return (*child)->parent == *self ? 0 : MIOU_NOT_A_CHILD;
}

int miou_await(miou_promise *promise, int *outcome)
{
    struct task *self, *child;
    int error = find_child(&self, &child, promise);

    if (error < 0 || (error = await_child(self, child)) < 0)
        return error;
    settle(child);
    if (outcome != NULL)
        *outcome = outcome_of(child);
    return 0;
}

/* ---- cancellation ---- */

void task_cancel(struct task *task)
{
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

static void request_cancel(struct task *child)
{
    if (child->cancel_requested)
        return;
    child->cancel_requested = true;
    if (child->ended)
        return;
    if (child->domain == child->parent->domain) {
        task_cancel(child);
    } else {
        child->cancel_in_flight = true;
        child->cancel.deliver = deliver_cancel;
        domain_send(child->domain, &child->cancel);
    }
}

int miou_cancel(miou_promise *promise)
{
    struct task *self, *child;
    int error = find_child(&self, &child, promise);

    if (error < 0)
        return error;
    if (self->cancelled)
        return MIOU_CANCELLED;
    request_cancel(child);
    settle(child);
    return await_child(self, child);
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

static void free_children(struct task *self)
{
    struct link *link, *next;

    for (link = self->children.first; link != NULL; link = next) {
        next = link->next;
        task_free(CONTAINER(link, struct task, sibling));
    }
    self->children.first = NULL;
}

void task_finish(struct task *self, int result)
{
    struct link *link;
    int broken = result >= 0 && !self->cancelled ? broken_rule(self) : 0;

    if (broken != 0) {
        /* The parent must not see this end as one of the usual: wait to be cancelled, from main
         * down. */
        run_abort(self->domain->run, broken);
        while (!self->cancelled)
            task_wait(self, MIOU_WAIT_CHILDREN, self);
    }
    if (result < 0 || self->cancelled)
        for (link = self->children.first; link != NULL; link = link->next)
            request_cancel(CONTAINER(link, struct task, sibling));
    if (self->parent == NULL)
        signals_cancel(self->domain->run);
    await_children(self);
    resources_finalise(self);
    orphanages_free(self);
    free_children(self);
    self->result = self->cancelled ? MIOU_CANCELLED : result;
}

int miou_promise_free(miou_promise *promise)
{
    struct task *self, *child;
    int error = find_child(&self, &child, promise);

    if (error < 0)
        return error;
    if (!child->settled || !is_quiet(child))
        return -EBUSY;
    orphanage_leave(child);
    list_remove(&child->sibling);
    task_free(child);
    return 0;
}

/* ---- the rest of what a task may ask ---- */

int miou_yield(void)
{
    int error;
    struct task *self = task_self(&error);

    if (self == NULL)
        return error;
    return self->cancelled ? MIOU_CANCELLED : domain_yield(self->domain, self);
}

/* Spawn one child for each argument, over all workers in turn. Returns how many were spawned. */
static size_t fork_all(struct task *self, miou_task *fn, void *const *args, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct domain *domain = next_worker(self->domain);
        struct task *child = task_new(self->domain, domain, self, fn, args[i]);

        if (child == NULL)
            break;
        adopt(self, child);
        task_start(child);
    }
    return i;
}

/* Wait for the newest count children, which nobody else knows. */
static int await_newest(struct task *self, size_t count)
{
    int error = 0;

    for (struct link *link = self->children.first; error == 0 && count-- > 0; link = link->next)
        error = await_child(self, CONTAINER(link, struct task, sibling));
    return error;
}

/* Give back the newest count children, and say how they ended. */
static void join_newest(struct task *self, int *outcomes, size_t count)
{
    while (count-- > 0) {
        struct task *child = CONTAINER(self->children.first, struct task, sibling);

        settle(child);
        if (outcomes != NULL)
            outcomes[count] = outcome_of(child);
        list_remove(&child->sibling);
        task_free(child);
    }
}

static void cancel_newest(struct task *self, size_t count)
{
    for (struct link *link = self->children.first; count-- > 0; link = link->next)
        request_cancel(CONTAINER(link, struct task, sibling));
}

int miou_parallel(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    int error;
    struct task *self = task_self(&error);
    size_t spawned;

    if (self == NULL)
        return error;
    if (self->cancelled)
        return MIOU_CANCELLED;
    if (fn == NULL || (args == NULL && count > 0))
        return -EINVAL;
    if (count > 0 && next_worker(self->domain) == NULL)
        return MIOU_NO_DOMAIN_AVAILABLE;
    spawned = fork_all(self, fn, args, count);
    if (spawned < count)
        cancel_newest(self, spawned);
    if ((error = await_newest(self, spawned)) < 0)
        return error;
    join_newest(self, spawned == count ? outcomes : NULL, spawned);
    return spawned == count ? 0 : -ENOMEM;
}
