/* list.h: lists whose links are inside the members. An empty list is all zero; the newest member is
 * first. */
#ifndef REF_LIST_H
#define REF_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define CONTAINER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct link {
    struct link *next, **place; /* the pointer that points here */
};

struct list {
    struct link *first;
};

static inline bool list_empty(const struct list *list)
{
    return list->first == NULL;
}

static inline void list_add(struct list *list, struct link *member)
{
    member->next = list->first;
    member->place = &list->first;
    if (member->next != NULL)
        member->next->place = &member->next;
    list->first = member;
}

static inline void list_remove(struct link *member)
{
    *member->place = member->next;
    if (member->next != NULL)
        member->next->place = member->place;
}

/* Move all members, in their order, to the front of the list. */
static inline void list_prepend(struct list *list, struct list *members)
{
    struct link **end = &members->first;

    if (members->first == NULL)
        return;
    while (*end != NULL)
        end = &(*end)->next;
    *end = list->first;
    if (list->first != NULL)
        list->first->place = end;
    list->first = members->first;
    list->first->place = &list->first;
    members->first = NULL;
}

#endif
