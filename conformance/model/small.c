/* small: all numbers of things are divided by what they have in common. */
#include "small.h"

enum {
    SMALL = 6, /* numbers up to it need not be smaller */
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

/* What is found out of the numbers of things in a program, and done to them. */
struct scale {
    int above;  /* numbers up to it stay */
    int most;   /* the largest */
    int common; /* what all those above have in common */
};

typedef void see_number(struct scale *scale, int *number);

static void see_numbers(struct program *program, see_number *see, struct scale *scale)
{
    for (int i = 0; i < program->operation_count; i++) {
        struct operation *op = &program->operations[i];

        if (!is_idle(op))
            see(scale, &op->repeat);
        if (op->kind == OP_UNTIL || op->kind == OP_SPIN)
            see(scale, &op->value);
        for (int j = 0; j < op->answer_count && op->kind == OP_LENGTH; j++)
            if (op->answers[j].of[0].kind == OUTCOME_OK)
                see(scale, &op->answers[j].of[0].value);
    }
    for (int i = 0; i < program->expectation_count; i++)
        if (program->expectations[i].kind == EXPECT_COUNT)
            see(scale, &program->expectations[i].number);
}

static void measure(struct scale *scale, int *number)
{
    int a = *number, b = scale->common;

    if (a > scale->most)
        scale->most = a;
    if (a <= scale->above)
        return;
    while (b) {
        int rest = a % b;

        a = b;
        b = rest;
    }
    scale->common = a;
}

static void divide(struct scale *scale, int *number)
{
    if (*number > scale->above)
        *number /= scale->common;
}

/* What only takes time takes less of it. Returns whether anything did. */
static bool shorten(struct program *program)
{
    bool changed = false;

    for (int i = 0; i < program->operation_count; i++)
        if (is_idle(&program->operations[i]) && program->operations[i].repeat > SMALL) {
            program->operations[i].repeat = TURNS;
            changed = true;
        }
    return changed;
}

bool make_small(struct program *program)
{
    struct scale scale = {.above = 1};
    bool changed = shorten(program);

    see_numbers(program, measure, &scale);
    if (scale.most <= SMALL)
        return changed;
    if (scale.most / scale.common > SMALL) { /* small numbers need not have anything in common */
        scale = (struct scale){.above = SMALL};
        see_numbers(program, measure, &scale);
    }
    if (scale.most / scale.common < FEW) /* all are the same */
        scale.common = scale.most / FEW;
    see_numbers(program, divide, &scale);
    return true;
}
