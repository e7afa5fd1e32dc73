/* resource.c: resources, their owners and their finalisers. */
#include "annotate.h"
#include "runtime.h"

#include <errno.h>

/* Owner of resources in transit between domains, so that no task can use them. */
static struct task in_transit;

static void set_owner(struct resource *resource, struct task *owner)
{
    ANNOTATE_ATOMIC(&resource->owner);
    atomic_store_explicit(&resource->owner, owner, memory_order_relaxed);
}

static void take(struct task *owner, struct resource *resource)
{
    set_owner(resource, owner);
    list_add(&owner->resources, &resource->link);
}

void resource_end(struct resource *resource)
{
    struct domain *domain = owner_of(resource)->domain;

    list_remove(&resource->link);
    object_free(domain, POOL_RESOURCES, resource);
}

/* The resource ends before its finaliser runs, so that no finaliser runs twice. */
static void end_and_finalise(struct resource *resource)
{
    struct domain *domain = owner_of(resource)->domain;
    miou_finaliser *finaliser = resource->finaliser;
    void *value = resource->value;
    bool nested = domain->no_suspend;

    resource_end(resource);
    domain->no_suspend = true;
    finaliser(value);
    domain->no_suspend = nested;
}

struct resource *resource_new(struct task *owner, miou_finaliser *finaliser,
                              miou_finaliser *disowned, void *value)
{
    struct resource *resource = object_new(owner->domain, POOL_RESOURCES);

    if (resource == NULL)
        return NULL;
    resource->finaliser = finaliser;
    resource->disowned = disowned;
    resource->value = value;
    take(owner, resource);
    return resource;
}

int miou_resource_create(miou_resource **resource, miou_finaliser *finaliser, void *value)
{
    int error;
    struct task *self = task_self(&error);
    struct resource *made;

    if (self == NULL)
        return error;
    if (resource == NULL || finaliser == NULL)
        return -EINVAL;
    if ((made = object_new(self->domain, POOL_RESOURCES)) == NULL)
        return -ENOMEM;
    set_owner(made, NULL);
    made->finaliser = finaliser;
    made->disowned = NULL;
    made->value = value;
    *resource = pool_handle(made);
    return 0;
}

int miou_own(miou_resource *resource)
{
    int error;
    struct task *self = task_self(&error), *owner = NULL;
    struct resource *found;

    if (self == NULL)
        return error;
    if ((found = object_get(self->domain, POOL_RESOURCES, resource)) == NULL)
        return -EINVAL;
    if (!atomic_compare_exchange_strong(&found->owner, &owner, self)) /* tasks may compete for it */
        return owner == self ? -EINVAL : MIOU_NOT_OWNER;
    list_add(&self->resources, &found->link);
    return 0;
}

/* Find a resource that the task owns. Returns 0, -EINVAL or MIOU_NOT_OWNER. */
static int find_owned(struct task *self, struct resource **found, const miou_resource *resource)
{
    if (resource == NULL)
        return -EINVAL;
    *found = object_get(self->domain, POOL_RESOURCES, resource);
    return *found != NULL && owner_of(*found) == self ? 0 : MIOU_NOT_OWNER;
}

int miou_check(miou_resource *resource)
{
    struct domain *domain = domain_self;
    struct resource *found;

    if (domain == NULL || domain->current == NULL)
        return MIOU_NOT_RUNNING;
    return find_owned(domain->current, &found, resource);
}

int miou_disown(miou_resource *resource)
{
    int error;
    struct task *self = task_self(&error);
    struct resource *found;

    if (self == NULL || (error = find_owned(self, &found, resource)) < 0)
        return error;
    if (found->disowned != NULL)
        found->disowned(found->value);
    resource_end(found);
    return 0;
}

int miou_release(miou_resource *resource)
{
    int error;
    struct task *self = task_self(&error);
    struct resource *found;

    if (self == NULL || (error = find_owned(self, &found, resource)) < 0)
        return error;
    end_and_finalise(found);
    return 0;
}

int miou_transfer(miou_resource *resource)
{
    int error;
    struct task *self = task_self(&error);
    struct resource *found;

    if (self == NULL || (error = find_owned(self, &found, resource)) < 0)
        return error;
    if (self->parent == NULL || self->background)
        return -EINVAL;
    list_remove(&found->link);
    if (self->parent->domain == self->domain) {
        take(self->parent, found);
    } else {
        set_owner(found, &in_transit);
        self->has_more = true;
        list_add(&self->transferred, &found->link);
    }
    return 0;
}

void resources_receive(struct task *parent, struct task *child)
{
    if (!child->has_more)
        return;
    for (struct link *link = child->transferred.first; link != NULL; link = link->next)
        set_owner(CONTAINER(link, struct resource, link), parent);
    list_prepend(&parent->resources, &child->transferred);
}

int resources_give(struct task *from, struct task *to, miou_resource *const *give, size_t count)
{
    int error = give == NULL ? -EINVAL : 0;
    struct resource *found;
    size_t i = 0;

    /* First change all owners, so that no resource is given twice. If that has worked, move them
     * from list to list. */
    while (error == 0 && i < count)
        if ((error = find_owned(from, &found, give[i])) == 0) {
            set_owner(found, to);
            i++;
        }
    if (error < 0) {
        while (i-- > 0)
            set_owner(object_get(from->domain, POOL_RESOURCES, give[i]), from);
        return error;
    }
    for (i = 0; i < count; i++) {
        found = object_get(from->domain, POOL_RESOURCES, give[i]);
        list_remove(&found->link);
        list_add(&to->resources, &found->link);
    }
    return 0;
}

void resources_finalise(struct task *task)
{
    while (!list_empty(&task->resources))
        end_and_finalise(CONTAINER(task->resources.first, struct resource, link));
}
