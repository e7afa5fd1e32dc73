/* children.c: promises and orphanages: how a parent waits for its children and settles them. */
#include "peer.h"

#define ORPHAN(node) ENTRY(node, struct task, orphan)

/* Find the child of a promise for its parent. */
static int find_child(struct task **child, const miou_promise *promise)
{
    *child = table_get(self.run, promise, PROMISE);
    if (!*child)
        return -EINVAL; /* NULL or stale [R2.11] */
    return (*child)->parent == self.task ? 0 : MIOU_NOT_A_CHILD;
}

/* ---- One child ---- */

static int wait_for_child(struct task *child)
{
    if (!child->ended) {
        child->watched = true;
        self.task->watching = 1;
        wait_for(self.task, MIOU_WAIT_CHILDREN, &child->id, NULL);
    } else {
        may_yield(self.task);
    }
    return self.task->cancelled ? MIOU_CANCELLED : 0;
}

PUBLIC int miou_await(miou_promise *promise, int *outcome)
{
    struct task *child;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if ((error = find_child(&child, promise)) < 0 || (error = wait_for_child(child)) < 0)
        return leave(error);
    settle(child);
    if (outcome)
        *outcome = child->outcome;
    return leave(0);
}

PUBLIC int miou_cancel(miou_promise *promise)
{
    struct task *child;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if ((error = find_child(&child, promise)) < 0)
        return leave(error);
    cancel_tree(child);
    if ((error = wait_for_child(child)) < 0)
        return leave(error);
    settle(child);
    child->outcome = MIOU_CANCELLED; /* also if it had ended before [R2.13] */
    return leave(0);
}

PUBLIC int miou_promise_free(miou_promise *promise)
{
    struct task *child;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if ((error = find_child(&child, promise)) < 0)
        return leave(error);
    if (!child->settled)
        return leave(-EBUSY);
    task_free(child);
    return leave(0);
}

PUBLIC int miou_promise_state(miou_promise *promise)
{
    struct task *child;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if ((error = find_child(&child, promise)) < 0)
        return leave(error);
    return leave(!child->ended         ? MIOU_STATE_RUNNING
                 : child->outcome >= 0 ? MIOU_STATE_FINISHED
                                       : MIOU_STATE_FAILED);
}

PUBLIC int miou_promise_id(uint64_t *id, miou_promise *promise)
{
    struct task *child;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!id)
        return leave(-EINVAL);
    if ((error = find_child(&child, promise)) < 0)
        return leave(error);
    *id = child->id;
    return leave(0);
}

/* ---- Several children ---- */

static int find_children(struct task ***children, miou_promise *const *promises, size_t count)
{
    size_t i;
    int error = 0;

    *children = NULL;
    if (!promises && count)
        return -EINVAL;
    if (count && !(*children = malloc(count * sizeof **children)))
        return -ENOMEM;
    for (i = 0; error == 0 && i < count; i++)
        error = find_child(&(*children)[i], promises[i]);
    if (error < 0)
        free(*children);
    return error;
}

/* Wait until all of the children have ended, or, if any, until one has. */
int wait_for_children(struct task **children, size_t count, bool any)
{
    struct task *task = self.task;
    size_t i, waiting = 0;
    bool one = false;

    for (i = 0; i < count; i++) {
        one |= children[i]->ended;
        waiting += !children[i]->ended && !children[i]->watched;
        children[i]->watched = !children[i]->ended;
    }
    if (waiting && !(any && one)) {
        task->watching = any ? 1 : waiting;
        wait_for(task, MIOU_WAIT_CHILDREN, NULL, NULL);
    } else if (count) {
        may_yield(task);
    }
    task->watching = 0;
    for (i = 0; i < count; i++)
        children[i]->watched = false;
    return task->cancelled ? MIOU_CANCELLED : 0;
}

PUBLIC int miou_await_all(int *outcomes, miou_promise *const *promises, size_t count)
{
    struct task **children;
    size_t i;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if ((error = find_children(&children, promises, count)) < 0)
        return leave(error);
    error = wait_for_children(children, count, false);
    for (i = 0; error == 0 && i < count; i++) {
        settle(children[i]);
        if (outcomes)
            outcomes[i] = children[i]->outcome;
    }
    free(children);
    return leave(error);
}

/* A value goes before a failure [R8.5]; "otherwise any": the newest has the last place. */
static size_t pick(struct task **children, size_t count)
{
    bool newest = self.run->freedoms.newest;
    size_t i, best = count;

    for (i = 0; i < count; i++) {
        bool value = children[i]->ended && children[i]->outcome >= 0;

        if (!children[i]->ended)
            continue;
        if (best == count || (value && children[best]->outcome < 0) ||
            (newest && value == (children[best]->outcome >= 0)))
            best = i;
    }
    for (i = 0; children[i] != children[best]; i++)
        ;
    return i; /* its first place [R8.9] */
}

/* Cancel all children but the taken one, which is settled only if that succeeds [R8.11]. */
static int cancel_others(struct task **children, size_t count, struct task *taken)
{
    size_t i;
    int error;

    for (i = 0; i < count; i++)
        if (children[i] != taken)
            cancel_tree(children[i]);
    if ((error = wait_for_children(children, count, false)) < 0)
        return error;
    for (i = 0; i < count; i++) {
        if (children[i] == taken)
            continue;
        settle(children[i]);
        children[i]->outcome = MIOU_CANCELLED;
    }
    return 0;
}

static int await_any(size_t *which, int *outcome, miou_promise *const *promises, size_t count,
                     bool first)
{
    struct task **children;
    size_t taken = 0;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (!count)
        return leave(-EINVAL);
    if ((error = find_children(&children, promises, count)) < 0)
        return leave(error);
    if ((error = wait_for_children(children, count, true)) == 0) {
        taken = pick(children, count);
        if (first)
            error = cancel_others(children, count, children[taken]);
    }
    if (error == 0) {
        settle(children[taken]);
        if (which)
            *which = taken;
        if (outcome)
            *outcome = children[taken]->outcome;
    }
    free(children);
    return leave(error);
}

PUBLIC int miou_await_one(size_t *which, int *outcome, miou_promise *const *promises, size_t count)
{
    return await_any(which, outcome, promises, count, false);
}

PUBLIC int miou_await_first(size_t *which, int *outcome, miou_promise *const *promises,
                            size_t count)
{
    return await_any(which, outcome, promises, count, true);
}

/* ---- Orphanages ---- */

PUBLIC int miou_orphans_create(miou_orphans **handle)
{
    struct orphans *orphans;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    if (!handle)
        return leave(-EINVAL);
    if (!(orphans = calloc(1, sizeof *orphans)))
        return leave(-ENOMEM);
    if (!(orphans->handle = table_add(self.run, ORPHANS, orphans))) {
        free(orphans);
        return leave(-ENOMEM);
    }
    orphans->owner = self.task;
    list_init(&orphans->running);
    list_init(&orphans->ended);
    list_append(&self.task->orphanages, &orphans->link);
    *handle = orphans->handle;
    return leave(0);
}

/* NULL: stale, or another task's. */
static struct orphans *find_orphans(const miou_orphans *handle)
{
    struct orphans *orphans = table_get(self.run, handle, ORPHANS);

    return orphans && orphans->owner == self.task ? orphans : NULL;
}

/* R3.4, R3.17: "it hands out any one of them". */
static struct task *any_of(struct list *list)
{
    if (list_empty(list))
        return NULL;
    return ORPHAN(self.run->freedoms.newest ? list->prev : list->next);
}

static void leave_orphanage(struct task *child)
{
    child->in->length--;
    child->in = NULL;
    list_remove(&child->orphan);
}

PUBLIC int miou_care(miou_promise **promise, miou_orphans *handle)
{
    struct orphans *orphans;
    struct task *child;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (!promise || !(orphans = find_orphans(handle)))
        return leave(-EINVAL);
    if (!(child = any_of(&orphans->ended)))
        return leave(orphans->length ? MIOU_CARE_RUNNING : MIOU_CARE_EMPTY);
    leave_orphanage(child);
    *promise = child->promise;
    return leave(MIOU_CARE_ENDED);
}

PUBLIC int miou_orphans_take(miou_promise **promise, miou_orphans *handle)
{
    struct orphans *orphans;
    struct task *child;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (!promise || !(orphans = find_orphans(handle)))
        return leave(-EINVAL);
    if (!(child = any_of(&orphans->running)) && !(child = any_of(&orphans->ended)))
        return leave(0);
    leave_orphanage(child);
    *promise = child->promise;
    return leave(1);
}

PUBLIC int miou_orphans_get(int *outcome, miou_orphans *handle)
{
    struct orphans *orphans;
    struct task *child;
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (!(orphans = find_orphans(handle)))
        return leave(-EINVAL);
    if (!orphans->length)
        return leave(0);
    if (list_empty(&orphans->ended)) {
        self.task->asking = orphans;
        wait_for(self.task, MIOU_WAIT_CHILDREN, NULL, NULL);
        self.task->asking = NULL;
    } else {
        may_yield(self.task);
    }
    if (self.task->cancelled)
        return leave(MIOU_CANCELLED);
    child = any_of(&orphans->ended);
    settle(child);
    if (outcome)
        *outcome = child->outcome;
    task_free(child); /* R3.19: "its promise is stale" */
    return leave(1);
}

PUBLIC int miou_orphans_length(miou_orphans *handle)
{
    struct orphans *orphans;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(orphans = find_orphans(handle)))
        return leave(-EINVAL);
    return leave(orphans->length > INT_MAX ? INT_MAX : (int)orphans->length);
}

PUBLIC int miou_orphans_free(miou_orphans *handle)
{
    struct orphans *orphans;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    if (!(orphans = find_orphans(handle)))
        return leave(-EINVAL);
    if (orphans->length)
        return leave(-EBUSY);
    list_remove(&orphans->link);
    table_remove(self.run, orphans->handle);
    free(orphans);
    return leave(0);
}
