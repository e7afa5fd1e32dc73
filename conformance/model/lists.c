/* lists: a list is its last outcome behind a shorter list; each is kept once. */
#include "lists.h"

#include "scenario/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    uint32_t before;
    uint32_t length;
    struct outcome last;
};

struct lists {
    struct node *nodes; /* that of list N is at N - 1 */
    uint32_t count;
    uint32_t *table; /* lists by the hash of their nodes; 0: a free place */
    uint32_t room;   /* of the table: a power of two */
};

enum { ROOM = 64 };

struct lists *lists_create(void)
{
    struct lists *lists = zeroed(1, sizeof *lists);

    lists->room = ROOM;
    lists->table = zeroed(ROOM, sizeof *lists->table);
    return lists;
}

void lists_free(struct lists *lists)
{
    if (!lists)
        return;
    free(lists->nodes);
    free(lists->table);
    free(lists);
}

static uint32_t hash(uint32_t before, struct outcome last)
{
    uint64_t h = (uint64_t)before << 32 ^ (uint64_t)(uint32_t)last.value << 8 ^ last.kind;

    h *= 0x9e3779b97f4a7c15;
    return (uint32_t)(h >> 32);
}

static void enter(struct lists *lists, uint32_t list)
{
    const struct node *node = &lists->nodes[list - 1];
    uint32_t at = hash(node->before, node->last);

    while (lists->table[at & (lists->room - 1)])
        at++;
    lists->table[at & (lists->room - 1)] = list;
}

static void widen(struct lists *lists)
{
    free(lists->table);
    lists->room *= 2;
    lists->table = zeroed(lists->room, sizeof *lists->table);
    for (uint32_t i = 1; i <= lists->count; i++)
        enter(lists, i);
}

uint32_t lists_append(struct lists *lists, uint32_t list, struct outcome outcome)
{
    uint32_t found, at = hash(list, outcome);

    while ((found = lists->table[at & (lists->room - 1)]) != 0) {
        const struct node *node = &lists->nodes[found - 1];

        if (node->before == list && outcome_equal(node->last, outcome))
            return found;
        at++;
    }
    lists->nodes = grown(lists->nodes, lists->count, sizeof *lists->nodes);
    lists->nodes[lists->count++] =
        (struct node){list, list ? lists->nodes[list - 1].length + 1 : 1, outcome};
    if (lists->count > lists->room / 2)
        widen(lists);
    else
        enter(lists, lists->count);
    return lists->count;
}

struct outcomes lists_outcomes(const struct lists *lists, uint32_t list, bool whole)
{
    size_t count = list ? lists->nodes[list - 1].length : 1;
    struct outcomes outcomes = {zeroed(count, sizeof *outcomes.of), count};

    if (!list)
        outcomes.of[0].kind = OUTCOME_NONE;
    for (size_t i = count; list; list = lists->nodes[list - 1].before)
        outcomes.of[--i] = lists->nodes[list - 1].last;
    if (!whole)
        outcomes_fold(&outcomes);
    return outcomes;
}

char *lists_text(const struct lists *lists, const struct program *program, uint32_t list,
                 bool whole)
{
    struct outcomes outcomes = lists_outcomes(lists, list, whole);
    char *text, buffer[OUTCOME_MAX];
    size_t size;
    FILE *stream = must(open_memstream(&text, &size));

    for (size_t i = 0; i < outcomes.count; i++) {
        outcome_write(buffer, sizeof buffer, program, outcomes.of[i]);
        fprintf(stream, "%s%s", i ? ", " : "", buffer);
    }
    fclose(stream);
    free(outcomes.of);
    return must(text);
}

struct outcome lists_last(const struct lists *lists, uint32_t list)
{
    return lists->nodes[list - 1].last;
}

bool lists_are(const struct lists *lists, uint32_t list, struct outcomes outcomes, bool whole)
{
    size_t length = list ? lists->nodes[list - 1].length : 0;
    bool one = outcomes.count == 1 && !whole;

    if (!list)
        return outcomes.count == 1 && outcomes.of[0].kind == OUTCOME_NONE;
    if (!one && length != outcomes.count)
        return false;
    for (size_t i = length; list; list = lists->nodes[list - 1].before)
        if (!outcome_equal(lists->nodes[list - 1].last, outcomes.of[one ? 0 : --i]))
            return false;
    return true;
}
