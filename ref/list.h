/* list.h: circular doubly linked lists and single-ended queues, with the links inside the members.
 */
#ifndef REF_LIST_H
#define REF_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define CONTAINER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct link {
    struct link *next, *previous;
};

static inline void list_init(struct link *list)
{
    list->next = list->previous = list;
}

static inline bool list_empty(const struct link *list)
{
    return list->next == list;
}

static inline void list_append(struct link *list, struct link *member)
{
    member->next = list;
    member->previous = list->previous;
    list->previous->next = member;
    list->previous = member;
}

static inline void list_prepend(struct link *list, struct link *member)
{
    list_append(list->next, member);
}

static inline void list_remove(struct link *member)
{
    member->next->previous = member->previous;
    member->previous->next = member->next;
}

#endif
