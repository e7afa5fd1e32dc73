/* monitor.c: suspension points, the monitor that a program brings, and hooks. A monitor's select is
 * called by the thread that looks for the domain's next task. The POSIX monitor is none in this
 * sense: its tasks wait in their own threads (unix.c). */
#include "peer.h"

struct point {
    void *handle;
    struct task *task; /* whose it is */
    bool cancelled;
    struct list link; /* in task.points */
};

struct hook {
    void *handle;
    struct domain *domain;
    int (*fn)(void *arg);
    void *arg;
    struct list link;
};

/* ---- Points ---- */

PUBLIC int miou_syscall_create(miou_syscall **handle)
{
    struct point *point;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    if (!handle)
        return leave(-EINVAL);
    if (!(point = calloc(1, sizeof *point)))
        return leave(-ENOMEM);
    if (!(point->handle = table_add(self.run, POINT, point))) {
        free(point);
        return leave(-ENOMEM);
    }
    point->task = self.task;
    list_append(&self.task->points, &point->link);
    *handle = point->handle;
    return leave(0);
}

/* Those that the task did not suspend on [R11.20]. */
void points_end(struct task *task)
{
    while (!list_empty(&task->points)) {
        struct point *point = ENTRY(task->points.next, struct point, link);

        table_remove(task->run, point->handle);
        list_remove(&point->link);
        free(point);
    }
}

/* The suspension is over: the point is stale [R11.8]. */
static void point_end(struct task *task)
{
    table_remove(task->run, task->point->handle);
    task->point = NULL;
    if (!task->run->posix)
        task->domain->points--;
}

/* The task's domain has learned that it is cancelled. */
void point_cancelled(struct task *task)
{
    if (!task->point)
        return;
    task->point->cancelled = true;
    point_end(task);
}

static void call_suspended(void (*suspended)(void *arg), void *arg)
{
    struct self former = change_place(IN_FORBID);

    unlock(self.run);
    suspended(arg);
    lock(self.run);
    self = former;
}

/* Tell the monitor, by the domain and before miou_suspend returns [R11.5]. */
static void report_cancelled(struct point *point)
{
    const miou_monitor *monitor = self.run->options->monitor;
    struct self former = change_place(IN_SELECT);

    if (!point->cancelled || !monitor || !monitor->cancelled) {
        self = former;
        return;
    }
    unlock(self.run);
    monitor->cancelled(self.domain->state, point->handle);
    lock(self.run);
    self = former;
}

/* R11.14: "A call other than miou_yield may suspend several times before it returns." */
static void await_signal(struct task *task, const struct point *point)
{
    int turns = 25;

    if (task->run->freedoms.yields) {
        while (turns-- > 0 && task->point == point)
            take_turns(task);
        if (task->point != point)
            return;
        task->state = WAITING;
    }
    if (!leave_turn(task))
        await_turn(task);
}

PUBLIC int miou_suspend(miou_syscall *handle, void (*suspended)(void *arg), void *arg)
{
    struct task *task = self.task;
    struct point *point;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    point = table_get(self.run, handle, POINT);
    if (!point || point->task != task)
        return leave(-EINVAL);
    if (!self.run->posix && !self.run->options->monitor)
        return leave(MIOU_NO_MONITOR);
    task->state = self.run->freedoms.yields ? RUNNING : WAITING;
    task->point = point;
    if (!self.run->posix)
        self.domain->points++;
    if (suspended)
        call_suspended(suspended, arg);
    await_signal(task, point);
    report_cancelled(point);
    list_remove(&point->link);
    free(point);
    return leave(task->cancelled ? MIOU_CANCELLED : 0);
}

/* Also called by select, while no task runs. */
PUBLIC int miou_signal(miou_syscall *handle)
{
    struct point *point;

    if (self.place != IN_TASK && self.place != IN_FORBID && self.place != IN_SELECT)
        return MIOU_NOT_RUNNING;
    lock(self.run);
    point = table_get(self.run, handle, POINT);
    if (!point || point->task->domain != self.domain || point->task->point != point)
        return leave(-EINVAL);
    point_end(point->task);
    if (point->task->state == WAITING)
        make_ready(point->task);
    return leave(0);
}

PUBLIC void *miou_monitor_state(void)
{
    return self.place == IN_TASK || self.place == IN_FORBID ? self.domain->state : NULL;
}

/* ---- Select ---- */

/* The calling thread holds the domain's baton. */
void select_now(struct domain *domain, int block)
{
    const miou_monitor *monitor = domain->run->options->monitor;
    struct self former = change_place(IN_SELECT);
    int error;

    domain->selecting = block;
    unlock(domain->run);
    error = monitor->select(domain->state, block);
    lock(domain->run);
    domain->selecting = false;
    self = former;
    if (error < 0) { /* [R11.12] */
        domain->failed = true;
        end_run(domain->run, error);
    }
}

/* ---- Hooks ---- */

static void hook_end(struct hook *hook)
{
    table_remove(hook->domain->run, hook->handle);
    list_remove(&hook->link);
    free(hook);
}

void call_hooks(struct domain *domain)
{
    struct self former = change_place(IN_OTHER);
    struct list *node, *next;

    for (node = domain->hooks.next; node != &domain->hooks; node = next) {
        struct hook *hook = ENTRY(node, struct hook, link);
        int result;

        unlock(domain->run);
        result = hook->fn(hook->arg);
        lock(domain->run);
        next = node->next;
        if (result < 0)
            hook_end(hook);
    }
    self = former;
}

void hooks_clear(struct domain *domain)
{
    while (!list_empty(&domain->hooks))
        hook_end(ENTRY(domain->hooks.next, struct hook, link));
}

PUBLIC int miou_hook_add(miou_hook **handle, int (*fn)(void *arg), void *arg)
{
    struct hook *hook;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    if (!handle || !fn)
        return leave(-EINVAL);
    if (!(hook = calloc(1, sizeof *hook)))
        return leave(-ENOMEM);
    if (!(hook->handle = table_add(self.run, HOOK, hook))) {
        free(hook);
        return leave(-ENOMEM);
    }
    hook->domain = self.domain;
    hook->fn = fn;
    hook->arg = arg;
    list_append(&self.domain->hooks, &hook->link);
    *handle = hook->handle;
    return leave(0);
}

PUBLIC int miou_hook_remove(miou_hook *handle)
{
    struct hook *hook;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    hook = table_get(self.run, handle, HOOK);
    if (!hook || hook->domain != self.domain)
        return leave(-EINVAL);
    hook_end(hook);
    return leave(0);
}
