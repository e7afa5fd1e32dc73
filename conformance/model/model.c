/* model: from a program to the machine that executes it, and all ways to take one step. */
#include "model.h"

#include "moves.h"
#include "scenario/memory.h"
#include "turns.h"

#include <stdlib.h>
#include <string.h>

const char *model_lacks(const struct program *program)
{
    if (program->names[NAME_PEER].count > 0)
        return "peer";
    if (program->domains >= MODEL_DOMAINS_MAX)
        return "domains";
    for (int i = 0; i < program->operation_count; i++) {
        const struct operation *op = &program->operations[i];

        if (!knows(op->kind))
            return operation_word(op->kind);
    }
    return NULL;
}

/* How often a flag must be posted until nothing more depends on it. */
static void count_posts(struct model *model)
{
    const struct program *program = model->program;

    for (int i = 0; i < program->operation_count; i++) {
        const struct operation *op = &program->operations[i];

        if ((op->kind == OP_UNTIL || op->kind == OP_SPIN) &&
            op->value > model->most_posts[op->name])
            model->most_posts[op->name] = op->value > UINT16_MAX ? UINT16_MAX : (uint16_t)op->value;
    }
}

/* What an expectation sees of the program. */
static void find_seen(struct model *model)
{
    const struct program *program = model->program;
    bool all = false;

    for (int i = 0; i < PROGRAM_TASKS_MAX; i++)
        model->unseen[i] = true;
    for (int i = 0; i < program->expectation_count; i++) {
        const struct expectation *expectation = &program->expectations[i];

        all = all || expectation->kind == EXPECT_EXACTLY;
        for (int j = 0; j < expectation->happening_count; j++) {
            struct happening happening = expectation->happenings[j];

            if (happening.kind == HAPPENS_PRINT)
                model->unseen[happening.which] = false;
            if (happening.kind == HAPPENS_DONE && expectation->kind == EXPECT_ORDER)
                model->late[happening.which] = program->domains > 0;
            if (happening.kind == HAPPENS_END && expectation->kind == EXPECT_ORDER)
                model->late_ends[happening.which] = program->domains > 0;
        }
    }
    if (all)
        memset(model->unseen, 0, sizeof model->unseen);
}

struct model *model_create(const struct program *program)
{
    struct model *model = zeroed(1, sizeof *model);

    model->program = program;
    model->lists = lists_create();
    model->transfers = program_has(program, OP_TRANSFER);
    model->acts = program_has(program, OP_ON_SIGNAL);
    model->frees = program->domains > 0 && (program_has(program, OP_FREE_TRIGGER) ||
                                            program_has(program, OP_FREE_COMPUTATION));
    count_posts(model);
    find_seen(model);
    return model;
}

void model_be_observed(struct model *model)
{
    model->apart = true;
    for (int i = 0; i < PROGRAM_TASKS_MAX; i++)
        model->late_ends[i] = true;
    memset(model->late, 0, sizeof model->late);
}

void model_free(struct model *model)
{
    if (!model)
        return;
    lists_free(model->lists);
    free(model);
}

void model_begin(struct model *model, struct state *state)
{
    struct step step = {.model = model, .program = model->program, .state = state};

    memset(state, 0, offsetof(struct state, bindings));
    run_begins(&step);
}

/* The next answers to what a step picks. False: all have been given. */
static bool next_answers(struct step *step)
{
    int last = step->pick_count - 1;

    while (last >= 0 && step->picks[last] + 1 == step->counts[last])
        last--;
    if (last < 0)
        return false;
    step->picks[last]++;
    step->picks_known = last + 1;
    return true;
}

static bool execute(struct model *model, const struct state *from, struct step *step)
{
    step->model = model;
    step->program = model->program;
    step->events = model->events;
    step->domain = 0;
    step->pick_count = step->event_count = 0;
    step->taken = step->heard = step->ready = step->cancelled = 0;
    state_copy(step->state, from);
    return take_step(step);
}

bool model_step(struct model *model, const struct state *from, struct step *step, bool *stuck)
{
    if (step->model && !next_answers(step))
        return false;
    *stuck = !execute(model, from, step);
    return true;
}

void model_step_again(struct model *model, const struct state *from, struct step *step,
                      const uint16_t *picks, int count)
{
    memcpy(step->picks, picks, (size_t)count * sizeof *picks);
    step->picks_known = count;
    execute(model, from, step);
}
