/* variables: the names of one kind, each once for every instance that binds it or, if it is shared,
 * once for all. */
#ifndef VARIABLES_H
#define VARIABLES_H

#include "inquiry.h"

struct variables {
    const struct inquiry *inquiry;
    enum name_kind kind;
    /* By task and name: the place of a private name among those of the task, or -1. */
    signed char place[PROGRAM_TASKS_MAX][PROGRAM_TASKS_MAX];
    int count;
    int first[]; /* by instance: the variable of its first private name */
};

struct variables *variables_create(const struct inquiry *inquiry, enum name_kind kind);
void variables_free(struct variables *variables);

/* The variable, from 0, that a name is in an instance: the one that does an operation, which may be
 * a part of a task, with names of its own. */
int variable_of(const struct variables *variables, int instance, int name);

/* Whether it is a shared one; those are numbered like their names. */
static inline bool is_shared_variable(const struct variables *variables, int variable)
{
    return variable < variables->inquiry->program->names[variables->kind].count;
}

#endif
