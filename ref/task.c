/* task.c: the life of a task: spawned, awaited or cancelled by its parent, ended after its
 * children. */
#include "cxx.h"
#include "runtime.h"

#include <errno.h>

/* ---- spawning ---- */

/* What miou_async and miou_call share once the child's domain is known. */
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

/* ---- the parent's calls ---- */

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

int miou_cancel(miou_promise *promise)
{
    int error;
    struct task *self = task_active(&error), *child;

    if (self == NULL || (error = child_find(self, &child, promise)) < 0)
        return error;
    child_cancel(child);
    if ((error = child_await_patiently(self, child)) == 0)
        child_settle(child);
    return error;
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

/* ---- the end ---- */

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
        next = link->next; /* visit may free the child */
        visit(CONTAINER(link, struct task, sibling));
    }
}

static void each_child(struct task *self, void (*visit)(struct task *child))
{
    each_of(&self->children, visit);
    if (!self->has_more)
        return;
    for (struct link *link = self->orphanages.first; link != NULL; link = link->next) {
        struct orphanage *orphanage = CONTAINER(link, struct orphanage, link);

        each_of(&orphanage->running.members, visit);
        each_of(&orphanage->ended.members, visit);
    }
}

/* A child that has ended stays what it is. */
static void cancel_unsettled(struct task *child)
{
    if (!child->settled && !child->ended)
        child_cancel(child);
}

static void await_children(struct task *self)
{
    self->awaits_children = true;
    while (self->live > 0)
        task_wait(self, MIOU_WAIT_CHILDREN, self);
    self->awaits_children = false;
}

void task_finish(struct task *self, int result)
{
    int broken = result >= 0 && !self->cancelled ? broken_rule(self) : 0;

    if (broken != 0) {
        /* The parent must not take this for a usual end: wait until the cancellation, which starts
         * at main, arrives here. */
        run_abort(self->domain->run, broken);
        while (!self->cancelled)
            task_wait(self, MIOU_WAIT_CHILDREN, self);
    }
    if (result < 0 || self->cancelled)
        each_child(self, cancel_unsettled);
    if (self->parent == NULL)
        signals_cancel(self->domain->run);
    await_children(self);
    resources_finalise(self);
    points_free(self);
    each_child(self, child_free);
    self->children.first = NULL;
    orphanages_free(self);
    self->result = self->cancelled ? MIOU_CANCELLED : result;
}

void task_main(void)
{
    struct task *self = domain_self->current;

    cxx_begin();
    task_finish(self, self->fn(self->arg));
    self->state = TASK_ENDED;
    context_exit(&self->context, &self->domain->scheduler);
}

int miou_yield(void)
{
    int error;
    struct task *self = task_active(&error);

    if (self == NULL || (error = domain_yield(self->domain, self)) < 0)
        return error;
    return self->expired ? MIOU_EXPIRED : 0;
}
