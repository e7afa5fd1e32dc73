/* small: all numbers of things are divided by what they have in common. */
#include "small.h"

enum {
    SMALL = 6, /* numbers up to it stay */
    FEW = 2,   /* of things that were all as many */
    TURNS = 3  /* of what is only repeated to take time */
};

/* Whether repeating an operation changes nothing, so that it is only to take time. */
static bool is_idle(const struct operation *op)
{
    switch (op->kind) {
    case OP_YIELD:
    case OP_SELF:
    case OP_AVAILABLE:
    case OP_CHECK:
    case OP_STATE:
    case OP_PEEK:
    case OP_TRY_LOCK:
    case OP_AWAIT:
        return true;
    case OP_CARE:
        return op->bind < 0;
    case OP_SLEEP:
        return op->value == 0;
    default:
        return false;
    }
}

/* Told of each number of things in a program. */
typedef void see_number(int *number, int *to);

static void see_numbers(struct program *program, see_number *see, int *to)
{
    for (int i = 0; i < program->operation_count; i++) {
        struct operation *op = &program->operations[i];

        if (!is_idle(op))
            see(&op->repeat, to);
        if (op->kind == OP_UNTIL)
            see(&op->value, to);
        for (int j = 0; j < op->answer_count && op->kind == OP_LENGTH; j++)
            if (op->answers[j].of[0].kind == OUTCOME_OK)
                see(&op->answers[j].of[0].value, to);
    }
    for (int i = 0; i < program->expectation_count; i++)
        if (program->expectations[i].kind == EXPECT_COUNT)
            see(&program->expectations[i].number, to);
}

static void divide_common(int *number, int *common)
{
    int a = *number, b = *common;

    if (a <= SMALL)
        return;
    while (b) {
        int rest = a % b;

        a = b;
        b = rest;
    }
    *common = a;
}

static void find_most(int *number, int *most)
{
    if (*number > *most)
        *most = *number;
}

static void divide(int *number, int *by)
{
    if (*number > SMALL)
        *number /= *by;
}

bool make_small(struct program *program)
{
    int common = 0, most = 0;
    bool changed = false;

    for (int i = 0; i < program->operation_count; i++)
        if (is_idle(&program->operations[i]) && program->operations[i].repeat > SMALL) {
            program->operations[i].repeat = TURNS;
            changed = true;
        }
    see_numbers(program, find_most, &most);
    if (most <= SMALL)
        return changed;
    see_numbers(program, divide_common, &common);
    if (most / common < FEW) /* all large numbers are the same */
        common = most / FEW;
    see_numbers(program, divide, &common);
    return true;
}
