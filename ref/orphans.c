/* orphans.c: what a task can do with its orphanages. */
#include "runtime.h"

#include <errno.h>
#include <limits.h>

int miou_orphans_create(miou_orphans **orphans)
{
    int error;
    struct task *self = task_self(&error);
    struct orphanage *made;

    if (self == NULL)
        return error;
    if (orphans == NULL)
        return -EINVAL;
    if ((made = object_new(self->domain, POOL_ORPHANAGES)) == NULL)
        return -ENOMEM;
    made->owner = self;
    self->has_more = true;
    list_add(&self->orphanages, &made->link);
    *orphans = pool_handle(made);
    return 0;
}

static size_t length(const struct orphanage *orphanage)
{
    return orphanage->running.count + orphanage->ended.count;
}

/* Take out one of the first count children, where those that have ended come first. */
static struct task *take_out(struct orphanage *orphanage, size_t count)
{
    size_t n = run_choose(orphanage->owner->domain->run, count);
    struct link *link = orphanage->ended.members.first;
    struct task *child;

    if (n >= orphanage->ended.count) {
        n -= orphanage->ended.count;
        link = orphanage->running.members.first;
    }
    while (n-- > 0)
        link = link->next;
    child = CONTAINER(link, struct task, sibling);
    orphanage_leave(child);
    return child;
}

static int find_own(const struct task *self, struct orphanage **found, const miou_orphans *orphans)
{
    *found = object_get(self->domain, POOL_ORPHANAGES, orphans);
    return *found != NULL && (*found)->owner == self ? 0 : -EINVAL;
}

/* The calling task's orphanage, for calls that a cancelled task is refused; NULL and the error if
 * the call is refused. */
static struct orphanage *find_open(int *error, const miou_orphans *orphans)
{
    struct task *self = task_active(error);
    struct orphanage *found;

    return self == NULL || (*error = find_own(self, &found, orphans)) < 0 ? NULL : found;
}

int miou_care(miou_promise **promise, miou_orphans *orphans)
{
    int error;
    struct orphanage *found = find_open(&error, orphans);

    if (found == NULL)
        return error;
    if (promise == NULL)
        return -EINVAL;
    if (found->ended.count == 0)
        return found->running.count > 0 ? MIOU_CARE_RUNNING : MIOU_CARE_EMPTY;
    *promise = pool_handle(take_out(found, found->ended.count));
    return MIOU_CARE_ENDED;
}

int miou_orphans_take(miou_promise **promise, miou_orphans *orphans)
{
    int error;
    struct orphanage *found = find_open(&error, orphans);

    if (found == NULL)
        return error;
    if (promise == NULL)
        return -EINVAL;
    if (length(found) == 0)
        return 0;
    *promise = pool_handle(take_out(found, length(found)));
    return 1;
}

static int await_ended(struct orphanage *orphanage)
{
    int error;

    if (orphanage->ended.count > 0)
        return 0;
    orphanage->watched = true;
    error = task_wait(orphanage->owner, MIOU_WAIT_CHILDREN, orphanage->owner);
    orphanage->watched = false;
    return error == MIOU_EXPIRED && orphanage->ended.count > 0 ? 0 : error;
}

int miou_orphans_get(int *outcome, miou_orphans *orphans)
{
    int error;
    struct orphanage *found = find_open(&error, orphans);
    struct task *child;

    if (found == NULL)
        return error;
    if (length(found) == 0)
        return 0;
    if ((error = await_ended(found)) < 0)
        return error;
    child = take_out(found, found->ended.count);
    child_settle(child);
    if (outcome != NULL)
        *outcome = child_outcome(child);
    child_remove(child);
    return 1;
}

int miou_orphans_length(miou_orphans *orphans)
{
    int error;
    struct task *self = task_current(&error);
    struct orphanage *found;

    if (self == NULL || (error = find_own(self, &found, orphans)) < 0)
        return error;
    return length(found) < INT_MAX ? (int)length(found) : INT_MAX;
}

int miou_orphans_free(miou_orphans *orphans)
{
    int error;
    struct task *self = task_current(&error);
    struct orphanage *found;

    if (self == NULL || (error = find_own(self, &found, orphans)) < 0)
        return error;
    if (length(found) > 0)
        return -EBUSY;
    orphanage_free(found);
    return 0;
}
