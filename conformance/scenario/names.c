/* names.c: the names of a program, numbered for each kind in the order of their first use. A name
 * may be used before it is bound; check_names looks for those that never are. */
#include "parser.h"

#include "memory.h"

#include <string.h>

static const struct {
    const char *one;
    const char *many;
    const char *unbound; /* NULL: a name that nothing makes is fine, as a flag that is never up */
} kinds[] = {
    [NAME_TASK] = {"task", "tasks", "there is no task '%s'"},
    [NAME_PROMISE] = {"promise", "promises", "the promise '%s' is never bound"},
    [NAME_RESOURCE] = {"resource", "resources", "the resource '%s' is never created"},
    [NAME_ORPHANAGE] = {"orphanage", "orphanages", "the orphanage '%s' is never made"},
    [NAME_MUTEX] = {"mutex", "mutexes", "the mutex '%s' is never made"},
    [NAME_CONDITION] = {"condition", "conditions", "the condition '%s' is never made"},
    [NAME_LAZY] = {"lazy value", "lazy values", "the lazy value '%s' is never made"},
    [NAME_TRIGGER] = {"trigger", "triggers", "the trigger '%s' is never made"},
    [NAME_COMPUTATION] = {"computation", "computations", "the computation '%s' is never made"},
    [NAME_DESCRIPTOR] = {"descriptor", "descriptors", "the descriptor '%s' is never made"},
    [NAME_HOOK] = {"hook", "hooks", "the hook '%s' is never added"},
    [NAME_FLAG] = {"flag", "flags", NULL},
    [NAME_WORD] = {"word", "words", "no task prints '%s'"},
    [NAME_ERROR] = {"error", "errors", "nothing fails with '%s'"},
    [NAME_SHARED] = {"shared object", "shared names", NULL},
    [NAME_PEER] = {"peer", "peers", NULL},
};
_Static_assert(sizeof kinds / sizeof *kinds == NAME_KINDS, "a word for every kind of name");

int find_name(const struct program *program, enum name_kind kind, struct word word)
{
    const struct names *names = &program->names[kind];

    for (int i = 0; i < names->count; i++)
        if (word_is(word, names->of[i].text))
            return i;
    return -1;
}

int number_of_name(struct parser *parser, enum name_kind kind, struct word word)
{
    struct names *names = &parser->program->names[kind];
    int number;

    if (!is_name(word)) {
        complain(parser, parser->line,
                 "'%.*s' is not the name of a %s: a letter, then letters, digits, - and _, at most "
                 "%d in all",
                 QUOTED(word), kinds[kind].one, PROGRAM_NAME_MAX);
        return -1;
    }
    number = find_name(parser->program, kind, word);
    if (number >= 0)
        return number;
    if (names->count == PROGRAM_TASKS_MAX) {
        complain(parser, parser->line, "'%.*s' is one name too many: at most %d %s", QUOTED(word),
                 PROGRAM_TASKS_MAX, kinds[kind].many);
        return -1;
    }
    names->of = grown(names->of, (size_t)names->count, sizeof *names->of);
    number = names->count++;
    names->of[number] = (struct name){.line = parser->line};
    memcpy(names->of[number].text, word.text, word.size);
    return number;
}

int use_name(struct parser *parser, enum name_kind kind, struct word word)
{
    int number = number_of_name(parser, kind, word);

    if (number >= 0 && parser->task >= 0 && names_objects(kind)) {
        parser->uses = grown(parser->uses, (size_t)parser->use_count, sizeof *parser->uses);
        parser->uses[parser->use_count++] = (struct use){kind, number, parser->task, parser->line};
    }
    return number;
}

int bind_name(struct parser *parser, enum name_kind kind, struct word word)
{
    int number = use_name(parser, kind, word);

    if (number >= 0 && parser->task >= 0)
        parser->program->names[kind].of[number].binders |= UINT64_C(1) << parser->task;
    return number;
}

int take_name(struct parser *parser, struct word *rest, const char *what, enum name_kind kind)
{
    struct word word = take_word(rest);

    if (word.size > 0)
        return use_name(parser, kind, word);
    complain(parser, parser->line, "'%s' lacks its %s", what, kinds[kind].one);
    return -1;
}

void check_names(struct parser *parser)
{
    struct program *program = parser->program;

    for (int kind = 0; kind < NAME_KINDS; kind++) {
        const struct names *names = &program->names[kind];

        for (int i = 0; i < names->count && kinds[kind].unbound != NULL; i++)
            if (names->of[i].binders == 0)
                complain(parser, names->of[i].line, kinds[kind].unbound, names->of[i].text);
    }
    for (int i = 0; i < parser->use_count; i++) {
        const struct use *use = &parser->uses[i];
        struct name *name = &program->names[use->kind].of[use->name];

        if (name->binders == 0 || name->shared ||
            binds_name(program, use->task, use->kind, use->name))
            continue;
        complain(parser, use->line,
                 "'%s' is not bound in task %s; another task binds it: declare 'shared %s'",
                 name->text, program_name(program, NAME_TASK, use->task), name->text);
        name->binders |= UINT64_C(1) << use->task; /* one complaint is enough */
    }
}

int program_number(const struct program *program, enum name_kind kind, const char *text)
{
    return find_name(program, kind, (struct word){text, strlen(text)});
}

bool names_objects(enum name_kind kind)
{
    return kind >= NAME_PROMISE && kind <= NAME_HOOK;
}

bool binds_name(const struct program *program, int task, enum name_kind kind, int number)
{
    return (program->names[kind].of[number].binders >> task & 1) != 0;
}

const char *program_name(const struct program *program, enum name_kind kind, int number)
{
    return program->names[kind].of[number].text;
}
