/* shared.c: names that all instances know. Nobody could tell what such a name stands for if two
 * instances bound it at the same time, so only a task that has one instance may. */
#include "parser.h"

#include <string.h>

void parse_shared(struct parser *parser, struct word rest)
{
    const struct names *names = &parser->program->names[NAME_SHARED];
    struct word word;

    if (parser->task >= 0)
        complain(parser, parser->line, "'shared' must come before the first task");
    if (word_trim(rest).size == 0)
        complain(parser, parser->line, "'shared' lacks its names");
    while ((word = take_word(&rest)).size > 0) {
        int known = find_name(parser->program, NAME_SHARED, word);

        if (known >= 0)
            complain(parser, parser->line, "'%.*s' is declared shared on line %d already",
                     QUOTED(word), names->of[known].line);
        else
            number_of_name(parser, NAME_SHARED, word);
    }
}

/* ---- Tasks with several instances ---- */

/* The bit of a task; 0: there is no such task. */
static uint64_t bit_of(int task)
{
    return task < 0 ? 0 : UINT64_C(1) << task;
}

/* Whether one execution of an operation can make several instances of a task. That of a lazy value
 * is executed again if the one that computes it is cancelled, a handler for each signal, and a hook
 * each time that a task suspends. */
static bool makes_several(const struct operation *operation)
{
    return operation->repeat > 1 || operation->kind == OP_LAZY || operation->kind == OP_HANDLE ||
           operation->kind == OP_HOOK;
}

/* The tasks, one bit each, that can have several instances: by their own lines, or because a task
 * that spawns them can. */
static uint64_t find_several(const struct program *program)
{
    uint64_t several = 0, before;

    do {
        uint64_t made = bit_of(program->main_task) | bit_of(program->outside_task);

        before = several;
        for (int i = 0; i < program->operation_count; i++) {
            const struct operation *operation = &program->operations[i];
            bool again = makes_several(operation) || (several & bit_of(operation->task)) != 0;

            for (int t = 0; t < operation->task_count; t++) {
                uint64_t task = bit_of(operation->tasks[t]);

                several |= again ? task : made & task;
                made |= task;
            }
        }
    } while (several != before);
    return several;
}

/* ---- What is shared ---- */

/* The tasks, one bit each, that use a name. */
static uint64_t users_of(const struct parser *parser, enum name_kind kind, int name)
{
    uint64_t users = 0;

    for (int i = 0; i < parser->use_count; i++)
        if (parser->uses[i].kind == kind && parser->uses[i].name == name)
            users |= UINT64_C(1) << parser->uses[i].task;
    return users;
}

static int first_of(uint64_t tasks)
{
    return __builtin_ctzll(tasks);
}

static bool is_one(uint64_t tasks)
{
    return (tasks & (tasks - 1)) == 0;
}

static void check_binders(struct parser *parser, const struct name *name, int line,
                          uint64_t several)
{
    const struct program *program = parser->program;
    uint64_t rest = name->binders & (name->binders - 1);

    if (!is_one(name->binders))
        complain(parser, line, "tasks %s and %s both bind the shared '%s': only one may",
                 program_name(program, NAME_TASK, first_of(name->binders)),
                 program_name(program, NAME_TASK, first_of(rest)), name->text);
    else if ((name->binders & several) != 0)
        complain(parser, line, "task %s binds the shared '%s', and can have several instances",
                 program_name(program, NAME_TASK, first_of(name->binders)), name->text);
}

/* Share the names of all kinds that a declaration is for. */
static void settle_declared(struct parser *parser, struct name *declared, uint64_t several)
{
    struct program *program = parser->program;
    struct word text = {declared->text, strlen(declared->text)};
    bool used = false, needed = false;

    for (int kind = 0; kind < NAME_KINDS; kind++) {
        int number = -1;
        uint64_t users;

        if (names_objects((enum name_kind)kind))
            number = find_name(program, (enum name_kind)kind, text);
        if (number < 0)
            continue;
        program->names[kind].of[number].shared = true;
        check_binders(parser, &program->names[kind].of[number], declared->line, several);
        users = users_of(parser, (enum name_kind)kind, number);
        used = used || users != 0;
        needed = needed || !is_one(users);
    }
    if (!needed)
        complain(parser, declared->line, "%s task uses the shared '%s'", used ? "only one" : "no",
                 declared->text);
}

void settle_shared(struct parser *parser)
{
    struct names *declared = &parser->program->names[NAME_SHARED];
    uint64_t several = find_several(parser->program);

    for (int i = 0; i < declared->count; i++)
        settle_declared(parser, &declared->of[i], several);
}
