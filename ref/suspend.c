/* suspend.c: suspension points, which a user's monitor signals, and hooks. */
#include "runtime.h"

#include <errno.h>

/* ---- suspension points ---- */

int miou_syscall_create(miou_syscall **syscall)
{
    int error;
    struct task *self = task_self(&error);
    struct point *made;

    if (self == NULL)
        return error;
    if (syscall == NULL)
        return -EINVAL;
    if ((made = object_new(self->domain, POOL_POINTS)) == NULL)
        return -ENOMEM;
    made->domain = self->domain;
    made->task = self;
    made->suspended = false;
    self->has_more = true;
    list_add(&self->points, &made->link);
    *syscall = pool_handle(made);
    return 0;
}

static void point_free(struct point *point)
{
    list_remove(&point->link);
    object_free(point->domain, POOL_POINTS, point);
}

void points_free(struct task *task)
{
    while (task->has_more && !list_empty(&task->points))
        point_free(CONTAINER(task->points.first, struct point, link));
}

/* Find a point that the task has made; NULL if it is not the task's. */
static struct point *find_point(struct task *self, const miou_syscall *syscall)
{
    struct point *point = object_get(self->domain, POOL_POINTS, syscall);

    return point != NULL && point->domain == self->domain && point->task == self ? point : NULL;
}

/* Wait until the point is signalled. Calls suspended when the wait begins, and the monitor's
 * cancelled if it ends without a signal; neither may suspend. */
static int suspend(struct task *self, struct point *point, void (*suspended)(void *arg), void *arg)
{
    struct domain *domain = self->domain;
    int error = 0;

    domain->suspended++;
    point->suspended = true;
    if (suspended != NULL) {
        domain->no_suspend = true;
        suspended(arg);
        domain->no_suspend = false;
    }
    if (point->suspended) /* not signalled by suspended() already */
        error = domain_suspend(domain, self);
    if (error == 0 && point->suspended)
        error = MIOU_EXPIRED;
    if (point->suspended && domain->run->monitor.cancelled != NULL) {
        domain->no_suspend = true;
        domain->run->monitor.cancelled(domain->monitor_state, pool_handle(point));
        domain->no_suspend = false;
    }
    domain->suspended--;
    return error;
}

int miou_suspend(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    int error;
    struct task *self = task_self(&error);
    struct point *point;

    if (self == NULL)
        return error;
    point = find_point(self, syscall);
    if (point == NULL)
        return self->cancelled ? MIOU_CANCELLED : -EINVAL;
    if (self->cancelled)
        error = MIOU_CANCELLED;
    else if (!self->domain->run->has_monitor)
        error = MIOU_NO_MONITOR;
    else if (self->expired)
        error = MIOU_EXPIRED;
    else
        error = suspend(self, point, suspended, arg);
    point_free(point);
    return error;
}

int miou_signal(miou_syscall *syscall)
{
    struct domain *domain = domain_self;
    struct point *point;

    if (domain == NULL)
        return MIOU_NOT_RUNNING;
    point = object_get(domain, POOL_POINTS, syscall);
    if (point == NULL || point->domain != domain || !point->suspended || point->task->cancelled)
        return -EINVAL;
    point->suspended = false;
    domain_wake(point->task);
    return 0;
}

void *miou_monitor_state(void)
{
    struct domain *domain = domain_self;

    return domain != NULL && domain->run->has_monitor && !domain->run->has_io
               ? domain->monitor_state
               : NULL;
}

/* ---- hooks ---- */

int miou_hook_add(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    int error;
    struct task *self = task_self(&error);
    struct hook *made;

    if (self == NULL)
        return error;
    if (hook == NULL || fn == NULL)
        return -EINVAL;
    if ((made = object_new(self->domain, POOL_HOOKS)) == NULL)
        return -ENOMEM;
    made->domain = self->domain;
    made->fn = fn;
    made->arg = arg;
    list_add(&self->domain->hooks, &made->link);
    if (self->domain->quantum > 1)
        self->domain->quantum = 1; /* so that the next switch goes through the scheduler */
    *hook = pool_handle(made);
    return 0;
}

static void hook_free(struct hook *hook)
{
    list_remove(&hook->link);
    object_free(hook->domain, POOL_HOOKS, hook);
}

int miou_hook_remove(miou_hook *hook)
{
    int error;
    struct task *self = task_self(&error);
    struct hook *found;

    if (self == NULL)
        return error;
    found = object_get(self->domain, POOL_HOOKS, hook);
    if (found == NULL || found->domain != self->domain)
        return -EINVAL;
    hook_free(found);
    return 0;
}

void hooks_call(struct domain *domain)
{
    struct link *link, *next;

    domain_self = NULL; /* a hook's calls are refused as outside a run */
    for (link = domain->hooks.first; link != NULL; link = next) {
        struct hook *hook = CONTAINER(link, struct hook, link);

        next = link->next;
        if (hook->fn(hook->arg) < 0)
            hook_free(hook);
    }
    domain_self = domain;
}
