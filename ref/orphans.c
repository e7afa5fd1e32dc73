/* orphans.c: orphanages, which keep the promises of children that their parent does not keep one by
 * one. */
#include "runtime.h"

#include <errno.h>

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
    made->count = 0;
    made->ended.first = NULL;
    list_add(&self->orphanages, &made->link);
    *orphans = pool_handle(made);
    return 0;
}

/* The calling task and its orphanage. */
static int find_own(struct orphanage **found, const miou_orphans *orphans)
{
    int error;
    struct task *self = task_self(&error);

    if (self == NULL)
        return error;
    *found = object_get(self->domain, POOL_ORPHANAGES, orphans);
    return *found != NULL && (*found)->owner == self ? 0 : -EINVAL;
}

void orphanage_child_ended(struct task *child)
{
    list_add(&child->orphanage->ended, &child->kept);
}

void orphanage_leave(struct task *child)
{
    if (child->orphanage == NULL)
        return;
    list_remove(&child->kept);
    child->orphanage->count--;
    child->orphanage = NULL;
}

int miou_care(miou_promise **promise, miou_orphans *orphans)
{
    struct orphanage *found;
    struct task *child;
    int error = find_own(&found, orphans);

    if (error < 0)
        return error;
    if (promise == NULL)
        return -EINVAL;
    if (found->owner->cancelled)
        return MIOU_CANCELLED;
    if (list_empty(&found->ended))
        return found->count > 0 ? MIOU_CARE_RUNNING : MIOU_CARE_EMPTY;
    child = CONTAINER(found->ended.first, struct task, kept);
    orphanage_leave(child);
    *promise = pool_handle(child);
    return MIOU_CARE_ENDED;
}

static void orphanage_free(struct orphanage *orphanage)
{
    list_remove(&orphanage->link);
    object_free(orphanage->owner->domain, POOL_ORPHANAGES, orphanage);
}

int miou_orphans_free(miou_orphans *orphans)
{
    struct orphanage *found;
    int error = find_own(&found, orphans);

    if (error < 0)
        return error;
    if (found->count > 0)
        return -EBUSY;
    orphanage_free(found);
    return 0;
}

void orphanages_free(struct task *owner)
{
    while (!list_empty(&owner->orphanages))
        orphanage_free(CONTAINER(owner->orphanages.first, struct orphanage, link));
}
