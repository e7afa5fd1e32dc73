/* task.c: how a task is spawned, begins, is cancelled and ends, and the calls of a task that
 * concern nobody else: yield and protect. */
#include "peer.h"

/* ---- Making ---- */

struct task *task_new(struct run *run, struct domain *domain, struct task *parent, miou_task *fn,
                      void *arg)
{
    struct task *task = calloc(1, sizeof *task);

    if (!task)
        return NULL;
    task->run = run;
    task->domain = domain;
    task->parent = parent;
    task->fn = fn;
    task->arg = arg;
    task->id = ++run->last_id;
    list_init(&task->children);
    list_init(&task->sibling);
    list_init(&task->turn);
    list_init(&task->queue);
    list_init(&task->orphan);
    list_init(&task->orphanages);
    list_init(&task->points);
    list_init(&task->resources);
    list_init(&task->transferred);
    return task;
}

/* Give back a task that has ended, and with it its promise. */
void task_free(struct task *task)
{
    table_remove(task->run, task->promise);
    list_remove(&task->sibling);
    if (task->in) {
        list_remove(&task->orphan);
        task->in->length--;
    }
    courier_forget(task);
    free(task);
}

static int spawn_check(struct task *parent, const miou_spawn *options, miou_task *fn,
                       struct orphans **orphans)
{
    *orphans = NULL;
    if (!fn)
        return -EINVAL;
    if (options->orphans) {
        *orphans = table_get(parent->run, options->orphans, ORPHANS);
        if (!*orphans || (*orphans)->owner != parent)
            return -EINVAL; /* [R3.7] */
    }
    return give_check(parent, options);
}

/* Spawn a child of the calling task, after all checks but those of the domain. */
int task_spawn(struct task **spawned, struct domain *domain, const miou_spawn *options,
               miou_task *fn, void *arg)
{
    static const miou_spawn plain = {0};
    struct task *child, *parent = self.task;
    struct orphans *orphans;
    int error;

    options = options ? options : &plain;
    if ((error = spawn_check(parent, options, fn, &orphans)) < 0)
        return error;
    if (!(child = task_new(parent->run, domain, parent, fn, arg)))
        return -ENOMEM;
    if (!(child->promise = table_add(parent->run, PROMISE, child))) {
        free(child);
        return -ENOMEM;
    }
    if ((child->in = orphans)) {
        list_append(&orphans->running, &child->orphan);
        orphans->length++;
    }
    give(child, options);
    list_append(&parent->children, &child->sibling);
    parent->live++;
    parent->run->busy++;
    send_news(NEWS_READY, child);
    *spawned = child;
    return 0;
}

PUBLIC int miou_async(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    struct task *child;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if ((!promise && !(options && options->orphans)) || (options && options->pin))
        return leave(-EINVAL);
    if ((error = task_spawn(&child, self.domain, options, fn, arg)) < 0)
        return leave(error);
    if (promise)
        *promise = child->promise;
    return leave(0);
}

/* How many domains may take a task that is called here: all but dom0 and this one [R4.3, R4.4]. */
static int domains_for_calls(void)
{
    return self.run->count - (self.domain->number > 0);
}

/* Any of them (miou.h: "any that may take the child"): they take turns, with "newest" backwards. */
static struct domain *domain_for_call(void)
{
    struct run *run = self.run;

    do
        if (run->freedoms.newest)
            run->next_domain = run->next_domain > 1 ? run->next_domain - 1 : run->count;
        else
            run->next_domain = run->next_domain % run->count + 1;
    while (run->next_domain == self.domain->number);
    return &run->domains[run->next_domain];
}

PUBLIC int miou_call(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    struct task *child;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (!promise && !(options && options->orphans))
        return leave(-EINVAL);
    if (domains_for_calls() < 1)
        return leave(MIOU_NO_DOMAIN_AVAILABLE); /* also with a pin, as R4.8 allows */
    if (options && options->pin &&
        (*options->pin < 1 || *options->pin > self.run->count ||
         *options->pin == self.domain->number))
        return leave(-EINVAL);
    error = task_spawn(
        &child, options && options->pin ? &self.run->domains[*options->pin] : domain_for_call(),
        options, fn, arg);
    if (error < 0)
        return leave(error);
    if (promise)
        *promise = child->promise;
    return leave(0);
}

/* Wait for all of them; they have no promises that the program knows [R4.21]. */
static int parallel_await(struct task **children, size_t count, int *outcomes)
{
    size_t i;
    int error = wait_for_children(children, count, false);

    if (error < 0)
        return error;
    for (i = 0; i < count; i++) {
        if (outcomes)
            outcomes[i] = children[i]->outcome;
        settle(children[i]);
        task_free(children[i]);
    }
    return 0;
}

PUBLIC int miou_parallel(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    struct task **children;
    size_t i, spawned;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (!fn || (!args && count))
        return leave(-EINVAL);
    if (!count)
        return leave(0); /* [R4.11] */
    if (domains_for_calls() < 1)
        return leave(MIOU_NO_DOMAIN_AVAILABLE);
    if (!(children = calloc(count, sizeof *children)))
        return leave(-ENOMEM);
    for (spawned = 0; error == 0 && spawned < count; spawned += error == 0)
        error = task_spawn(&children[spawned], domain_for_call(), NULL, fn, args[spawned]);
    for (i = 0; error < 0 && i < spawned; i++)
        cancel_tree(children[i]);
    if (parallel_await(children, spawned, error < 0 ? NULL : outcomes) < 0)
        error = MIOU_CANCELLED;
    free(children);
    return leave(error);
}

/* ---- Cancelling ---- */

/* The next task of the tree below root, children before siblings; not below task if skip. */
static struct task *next_below(struct task *task, struct task *root, bool skip)
{
    if (!skip && !list_empty(&task->children))
        return ENTRY(task->children.next, struct task, sibling);
    while (task != root && task->sibling.next == &task->parent->children)
        task = task->parent;
    return task == root ? NULL : ENTRY(task->sibling.next, struct task, sibling);
}

/* Tell a task on its own domain; what it waits for, it waits for no longer. */
static void tell(struct task *task)
{
    task->cancelled = true;
    point_cancelled(task);
    if (task->state != WAITING || (task->returned && task->live))
        return;
    make_ready(task);
    kick(task);
}

void cancel_tree(struct task *root)
{
    if (root->state == ENDED || root->told || root->cancelled)
        return;
    root->told = true;
    send_news(NEWS_CANCEL, root);
}

/* R2.24: a runtime that cancels late "has to keep such a tree from growing as fast as it is
 * cancelled". News is as slow as a task that begins, and must not wait for an end as well. */
static void cancel_elsewhere(struct task *task)
{
    struct list *node;

    for (node = task->children.next; node != &task->children; node = node->next) {
        struct task *child = ENTRY(node, struct task, sibling);

        if (child->domain != task->domain)
            cancel_tree(child);
    }
}

/* Cancel the task and all below it on its domain; news of it goes to other domains. Tasks below one
 * that has been told already have been told as well, or will be. */
void cancel_now(struct task *root)
{
    struct task *task = root;

    root->told = false;
    while (task) {
        bool skip = task->state == ENDED || task->told || task->cancelled;

        if (!skip && task->domain != root->domain) {
            task->told = true;
            send_news(NEWS_CANCEL, task);
            skip = true;
        } else if (!skip) {
            tell(task);
            /* R2.14: "Its children are cancelled too, at the latest when it ends" */
            skip = root->run->freedoms.late_tree && !task->returned;
            if (skip)
                cancel_elsewhere(task);
        }
        task = next_below(task, root, skip);
    }
}

static void cancel_children(struct task *task)
{
    struct list *node;

    for (node = task->children.next; node != &task->children; node = node->next)
        cancel_tree(ENTRY(node, struct task, sibling));
}

/* ---- Beginning and ending ---- */

/* With the lock held, as at its end; meanwhile fn runs, in this thread. */
void task_begin(struct task *task)
{
    int value;

    self = (struct self){IN_TASK, task->run, task->domain, task};
    task->begun = true;
    unlock(task->run);
    value = task->fn(task->arg);
    lock(task->run);
    task_finish(task, value);
    self = (struct self){IN_OTHER, self.run, self.domain, NULL};
}

static bool has_forgotten(struct task *task)
{
    struct list *node;

    for (node = task->children.next; node != &task->children; node = node->next) {
        struct task *child = ENTRY(node, struct task, sibling);

        if (!child->settled && !child->handler)
            return true;
    }
    return false;
}

/* A task that broke a rule does not end for its parent before that is cancelled [R2.3]. */
static int broken_rule(struct task *task, int value)
{
    if (task->cancelled || value < 0)
        return 0;
    if (!list_empty(&task->resources))
        return MIOU_RESOURCE_LEAKED; /* [R5.5] */
    return has_forgotten(task) ? MIOU_STILL_HAS_CHILDREN : 0;
}

static void orphanages_end(struct task *task);

static void end(struct task *task)
{
    while (!list_empty(&task->children))
        task_free(ENTRY(task->children.next, struct task, sibling));
    orphanages_end(task);
    points_end(task);
    task->state = ENDED;
    send_news(NEWS_END, task);
}

/* The function has returned: children end, then finalisers run, then the task has ended [R2.9]. */
void task_finish(struct task *task, int value)
{
    struct run *run = task->run;
    int rule = broken_rule(task, value);
    struct list *node;

    if (task == run->main)
        handlers_begin(run);
    task->outcome = task->cancelled || rule < 0 ? MIOU_CANCELLED : value;
    if (rule < 0)
        end_run(run, rule);
    task->returned = true;
    cancel_children(task);
    while (task->live || (rule < 0 && !task->cancelled))
        wait_for(task, MIOU_WAIT_CHILDREN, NULL, NULL);
    for (node = task->children.next; node != &task->children; node = node->next)
        adopt(ENTRY(node, struct task, sibling));
    finalise_all(task);
    end(task);
    run->busy--;
    if (task != run->main)
        check_deadlock(run);
}

/* A task that never begins [R1.14, R2.22] still has to end, on its domain. */
void bury(struct task *task, int outcome)
{
    struct self former = self;
    struct run *run = task->run;

    self = (struct self){IN_TASK, run, task->domain, task};
    task->outcome = task->cancelled ? MIOU_CANCELLED : outcome;
    task->returned = true;
    finalise_all(task);
    end(task);
    self = former;
    run->busy--;
    check_deadlock(run);
}

/* Whether the parent waits for just this. */
static bool awaits(struct task *parent, struct task *child)
{
    if (parent->returned)
        return parent->live == 0;
    if (child->watched) {
        child->watched = false;
        return parent->watching && --parent->watching == 0;
    }
    return child->in && parent->asking == child->in;
}

/* On the parent's side. */
void child_ended(struct task *task)
{
    struct task *parent = task->parent;

    task->ended = true;
    if (!parent)
        return;
    parent->live--;
    if (!task->run->freedoms.late_transfer)
        adopt(task);
    if (task->in) {
        list_remove(&task->orphan);
        list_append(&task->in->ended, &task->orphan);
    }
    if (awaits(parent, task) && parent->state == WAITING)
        make_ready(parent);
    if (task->handler)
        task_free(task);
}

/* The parent has awaited or cancelled it. */
void settle(struct task *child)
{
    child->settled = true;
    adopt(child); /* at the latest now [R5.14] */
}

/* ---- Orphanages end with their task ---- */

static void orphanages_end(struct task *task)
{
    while (!list_empty(&task->orphanages)) {
        struct orphans *orphans = ENTRY(task->orphanages.next, struct orphans, link);

        list_remove(&orphans->link);
        table_remove(task->run, orphans->handle);
        free(orphans);
    }
}

/* ---- Calls about the task itself ---- */

PUBLIC int miou_yield(void)
{
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    take_turns(self.task);
    return leave(self.task->cancelled ? MIOU_CANCELLED : 0);
}

static bool is_cancelled(void)
{
    bool cancelled;

    lock(self.run);
    cancelled = self.task->cancelled;
    unlock(self.run);
    return cancelled;
}

PUBLIC int miou_protect(miou_task *fn, void *arg, int (*finally)(void *arg, int cancelled),
                        int (*on_cancellation)(void *arg))
{
    int result, last, error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (leave(fn && finally ? 0 : -EINVAL) < 0)
        return -EINVAL;
    result = fn(arg);
    last = finally(arg, is_cancelled());
    if (is_cancelled() && on_cancellation) {
        struct self former = change_place(IN_FORBID);

        error = on_cancellation(arg);
        self = former;
        if (error < 0) {
            lock(self.run);
            end_run(self.run, MIOU_ON_CANCELLATION_FAILED); /* [R8.16] */
            unlock(self.run);
        }
    }
    return last < 0 ? last : result;
}
