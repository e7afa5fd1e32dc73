/* resource.c: who owns what, and finalisers. A resource lives in a list: its owner's, in the order
 * in which they came; that of a task which has transferred it; or the run's, while nobody owns it.
 */
#include "peer.h"

#define RESOURCE_OF(node) ENTRY(node, struct resource, link)

struct resource *resource_new(struct run *run, miou_finaliser *finaliser, void *value)
{
    struct resource *resource = calloc(1, sizeof *resource);

    if (!resource)
        return NULL;
    if (!(resource->handle = table_add(run, RESOURCE, resource))) {
        free(resource);
        return NULL;
    }
    resource->finaliser = finaliser;
    resource->value = value;
    list_append(&run->orphaned, &resource->link);
    return resource;
}

void resource_own(struct task *task, struct resource *resource)
{
    resource->owner = task;
    resource->under_way = false;
    list_remove(&resource->link);
    list_append(&task->resources, &resource->link);
}

/* From now on no call accepts it [R5.10]. */
void resource_end(struct run *run, struct resource *resource)
{
    table_remove(run, resource->handle);
    list_remove(&resource->link);
    free(resource);
}

static void finalise(struct resource *resource)
{
    miou_finaliser *finaliser = resource->finaliser;
    struct descriptor *descriptor = resource->descriptor;
    void *value = resource->value;
    struct self former;

    resource_end(self.run, resource);
    if (descriptor) {
        descriptor_close(self.run, descriptor);
        return;
    }
    former = change_place(IN_FORBID);
    unlock(self.run);
    finaliser(value);
    lock(self.run);
    self = former;
}

/* At the task's end, the newest first [R5.6]. */
void finalise_all(struct task *task)
{
    while (!list_empty(&task->resources))
        finalise(RESOURCE_OF(task->resources.prev));
}

/* What the child has transferred is its parent's now. */
void adopt(struct task *child)
{
    while (!list_empty(&child->transferred))
        resource_own(child->parent, RESOURCE_OF(child->transferred.next));
}

/* Whether the task can give all that is listed: what it owns, and each once [R5.13]. */
int give_check(struct task *task, const miou_spawn *options)
{
    struct resource *resource;
    size_t i, marked;
    int error = 0;

    if (!options->give && options->give_count)
        return -EINVAL;
    for (marked = 0; error == 0 && marked < options->give_count; marked += error == 0) {
        resource = table_get(task->run, options->give[marked], RESOURCE);
        if (!resource || resource->owner != task || resource->marked)
            error = MIOU_NOT_OWNER;
        else
            resource->marked = true;
    }
    for (i = 0; i < marked; i++) {
        resource = table_get(task->run, options->give[i], RESOURCE);
        resource->marked = false;
    }
    return error;
}

void give(struct task *child, const miou_spawn *options)
{
    size_t i;

    for (i = 0; i < options->give_count; i++)
        resource_own(child, table_get(child->run, options->give[i], RESOURCE));
}

/* At the run's end those that were never owned are left, which are not finalised [R5.21]. */
void resources_clear(struct run *run)
{
    while (!list_empty(&run->orphaned))
        resource_end(run, RESOURCE_OF(run->orphaned.next));
}

PUBLIC int miou_resource_create(miou_resource **handle, miou_finaliser *finaliser, void *value)
{
    struct resource *resource;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    if (!handle || !finaliser)
        return leave(-EINVAL);
    if (!(resource = resource_new(self.run, finaliser, value)))
        return leave(-ENOMEM);
    *handle = resource->handle;
    return leave(0);
}

PUBLIC int miou_own(miou_resource *handle)
{
    struct resource *resource;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    resource = table_get(self.run, handle, RESOURCE);
    if (!resource || resource->owner == self.task)
        return leave(-EINVAL);
    if (resource->owner || resource->under_way)
        return leave(MIOU_NOT_OWNER);
    resource_own(self.task, resource);
    return leave(0);
}

/* Find a resource of the calling task. */
static int find_own(struct resource **resource, miou_resource *handle)
{
    if (!handle)
        return -EINVAL;
    *resource = table_get(self.run, handle, RESOURCE);
    return *resource && (*resource)->owner == self.task ? 0 : MIOU_NOT_OWNER;
}

PUBLIC int miou_check(miou_resource *handle)
{
    struct resource *resource;
    int error = enter(PLAIN);

    return error < 0 ? error : leave(find_own(&resource, handle));
}

PUBLIC int miou_disown(miou_resource *handle)
{
    struct resource *resource;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    if ((error = find_own(&resource, handle)) < 0)
        return leave(error);
    if (resource->descriptor)
        descriptor_disown(self.run, resource->descriptor);
    resource_end(self.run, resource);
    return leave(0);
}

PUBLIC int miou_release(miou_resource *handle)
{
    struct resource *resource;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    if ((error = find_own(&resource, handle)) < 0)
        return leave(error);
    finalise(resource);
    return leave(0);
}

PUBLIC int miou_transfer(miou_resource *handle)
{
    struct resource *resource;
    struct task *task = self.task;
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    if ((error = find_own(&resource, handle)) < 0)
        return leave(error);
    if (!task->parent || task->handler)
        return leave(-EINVAL);                /* [R5.15] */
    if (task->run->freedoms.early_transfer) { /* R5.14: "once ... has succeeded, if not earlier" */
        resource_own(task->parent, resource);
        return leave(0);
    }
    resource->owner = NULL;
    resource->under_way = true;
    list_remove(&resource->link);
    list_append(&task->transferred, &resource->link);
    return leave(0);
}
