/* orphanage.c: an orphanage, which keeps the promises of children so that their parent need not: a
 * group of those that run and one of those that have ended. */
#include "runtime.h"

void orphanage_free(struct orphanage *orphanage)
{
    struct domain *domain = orphanage->owner->domain;

    list_remove(&orphanage->link);
    orphanage->running = orphanage->ended = (struct group){0};
    object_free(domain, POOL_ORPHANAGES, orphanage);
}

void orphanages_free(struct task *owner)
{
    while (owner->has_more && !list_empty(&owner->orphanages))
        orphanage_free(CONTAINER(owner->orphanages.first, struct orphanage, link));
}

static void group_add(struct group *group, struct task *child)
{
    list_add(&group->members, &child->sibling);
    group->count++;
}

static void group_remove(struct group *group, struct task *child)
{
    list_remove(&child->sibling);
    group->count--;
}

void orphanage_keep(struct orphanage *orphanage, struct task *child)
{
    child->orphanage = orphanage;
    group_add(&orphanage->running, child);
}

void orphanage_child_ended(struct task *child)
{
    struct orphanage *orphanage = child->orphanage;

    group_remove(&orphanage->running, child);
    group_add(&orphanage->ended, child);
    if (orphanage->watched)
        domain_wake(orphanage->owner);
}

void orphanage_leave(struct task *child)
{
    struct orphanage *orphanage = child->orphanage;

    if (orphanage == NULL)
        return;
    child->orphanage = NULL;
    group_remove(child_is_quiet(child) ? &orphanage->ended : &orphanage->running, child);
    list_add(&child->parent->children, &child->sibling);
}
