/* variables: the shared names come first, each by its number; then the private names of the first
 * instance, and so on. */
#include "variables.h"

#include "scenario/memory.h"

#include <stdlib.h>

/* Number the private names of a task; returns how many there are. */
static int place_names(struct variables *variables, int task)
{
    const struct program *program = variables->inquiry->program;
    const struct names *names = &program->names[variables->kind];
    int count = 0;

    for (int i = 0; i < names->count; i++) {
        bool private = !names->of[i].shared && binds_name(program, task, variables->kind, i);

        variables->place[task][i] = (signed char)(private ? count++ : -1);
    }
    return count;
}

struct variables *variables_create(const struct inquiry *inquiry, enum name_kind kind)
{
    const struct trace *trace = inquiry->trace;
    struct variables *variables =
        resized(NULL, sizeof *variables + (size_t)trace->instance_count * sizeof(int));
    int counts[PROGRAM_TASKS_MAX];

    variables->inquiry = inquiry;
    variables->kind = kind;
    variables->count = inquiry->program->names[kind].count;
    for (int i = 0; i < inquiry->program->names[NAME_TASK].count; i++)
        counts[i] = place_names(variables, i);
    for (int i = 0; i < trace->instance_count; i++) {
        variables->first[i] = variables->count;
        variables->count += counts[trace->instances[i].task];
    }
    return variables;
}

void variables_free(struct variables *variables)
{
    free(variables);
}

int variable_of(const struct variables *variables, int instance, int name)
{
    int task = variables->inquiry->trace->instances[instance].task;
    int place = variables->place[task][name];

    return place < 0 ? name : variables->first[instance] + place;
}
