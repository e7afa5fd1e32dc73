/* program.c: reads a scenario line by line. Every mistake is told and reading goes on, so that all
 * are seen at once; names that are used before they are bound are settled at the end. */
#include "program.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Words ---- */

/* A piece of a line; not NUL-terminated. */
struct word {
    const char *text;
    size_t size;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool word_is(struct word word, const char *text)
{
    return word.size == strlen(text) && memcmp(word.text, text, word.size) == 0;
}

static bool starts_with(struct word word, const char *start)
{
    size_t size = strlen(start);
    return word.size >= size && memcmp(word.text, start, size) == 0;
}

static struct word after(struct word word, size_t bytes)
{
    return (struct word){word.text + bytes, word.size - bytes};
}

static struct word trim(struct word word)
{
    while (word.size > 0 && is_blank(word.text[0]))
        word = after(word, 1);
    while (word.size > 0 && is_blank(word.text[word.size - 1]))
        word.size--;
    return word;
}

/* Take what stands before the separator, or all, off the front of the rest. True: there was one, so
 * that something, if only nothing, stands behind it. */
static bool take_until(struct word *rest, char separator, struct word *piece)
{
    const char *end = rest->size > 0 ? memchr(rest->text, separator, rest->size) : NULL;

    *piece = *rest;
    if (end != NULL)
        piece->size = (size_t)(end - rest->text);
    *rest = after(*rest, end != NULL ? piece->size + 1 : piece->size);
    return end != NULL;
}

/* Take the next word off the front of the rest; empty at its end. */
static struct word take_word(struct word *rest)
{
    struct word word;

    while (rest->size > 0 && is_blank(rest->text[0]))
        *rest = after(*rest, 1);
    word = (struct word){rest->text, 0};
    while (word.size < rest->size && !is_blank(rest->text[word.size]))
        word.size++;
    *rest = after(*rest, word.size);
    return word;
}

/* A line without its comment and the blanks around it. */
static struct word without_comment(struct word line)
{
    struct word before;

    take_until(&line, '#', &before);
    return trim(before);
}

/* What stands before `=>`, and, in *answer, behind it. answer->text is NULL without one. */
static struct word before_answer(struct word line, struct word *answer)
{
    struct word rest = line, word;

    *answer = (struct word){NULL, 0};
    while ((word = take_word(&rest)).size > 0)
        if (word_is(word, "=>")) {
            *answer = trim(rest);
            return trim((struct word){line.text, (size_t)(word.text - line.text)});
        }
    return line;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(struct word word)
{
    if (word.size == 0 || word.size > PROGRAM_NAME_MAX || !is_letter(word.text[0]))
        return false;
    for (size_t i = 1; i < word.size; i++) {
        char c = word.text[i];
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* A number from 0 to max in digits. */
static bool parse_number(struct word word, int max, int *number)
{
    int64_t value = 0;

    if (word.size == 0)
        return false;
    for (size_t i = 0; i < word.size; i++) {
        if (!is_digit(word.text[i]))
            return false;
        value = value * 10 + (word.text[i] - '0');
        if (value > max)
            return false;
    }
    *number = (int)value;
    return true;
}

/* ---- Tables of the language ---- */

/* What stands behind an operation's word. */
enum shape {
    SHAPE_NOTHING,
    SHAPE_NAME,
    SHAPE_NUMBER,
    SHAPE_TASK,
    SHAPE_TASKS,
    SHAPE_SPAWN /* a task and options */
};

/* What an operation can come to. */
enum {
    COMES_NOTHING = 0,
    COMES_OK = 1,
    COMES_VALUE = 2,  /* ok N */
    COMES_ENDING = 4, /* failed NAME, cancelled */
    COMES_ERROR = 8,  /* an error of the interface */
    COMES_STOPPED = 16,
    COMES_CARE = 32, /* empty, running, ended */
    COMES_NONE = 64,

    COMES_PLAIN = COMES_OK | COMES_ERROR,
    COMES_SUSPENDS = COMES_PLAIN | COMES_STOPPED,
    COMES_TASK = COMES_VALUE | COMES_ENDING,
    COMES_CARES = COMES_CARE | COMES_ERROR | COMES_STOPPED,
    COMES_AWAIT = COMES_SUSPENDS | COMES_TASK,
    COMES_PARALLEL = COMES_AWAIT | COMES_NONE,
    COMES_NUMBER = COMES_PLAIN | COMES_VALUE,
    COMES_RUN = COMES_PLAIN | COMES_TASK
};

/* What an operation does to names. */
enum role {
    USES,  /* that which stands behind its word */
    MAKES, /* that */
    BINDS  /* uses that, and may stand behind `p =` */
};

struct operation_form {
    const char *word;
    enum shape shape;
    enum name_kind names; /* what a name behind it stands for; NAME_KINDS: there is none */
    enum role role;
    int comes;
};

static const struct operation_form forms[] = {
    [OP_ASYNC] = {"async", SHAPE_SPAWN, NAME_TASK, BINDS, COMES_SUSPENDS},
    [OP_CALL] = {"call", SHAPE_SPAWN, NAME_TASK, BINDS, COMES_SUSPENDS},
    [OP_PARALLEL] = {"parallel", SHAPE_TASKS, NAME_TASK, USES, COMES_PARALLEL},
    [OP_AWAIT] = {"await", SHAPE_NAME, NAME_PROMISE, USES, COMES_AWAIT},
    [OP_CANCEL] = {"cancel", SHAPE_NAME, NAME_PROMISE, USES, COMES_SUSPENDS},
    [OP_FREE] = {"free", SHAPE_NAME, NAME_PROMISE, USES, COMES_PLAIN},
    [OP_YIELD] = {"yield", SHAPE_NOTHING, NAME_KINDS, USES, COMES_SUSPENDS},
    [OP_ORPHANS] = {"orphans", SHAPE_NAME, NAME_ORPHANAGE, MAKES, COMES_PLAIN},
    [OP_CARE] = {"care", SHAPE_NAME, NAME_ORPHANAGE, BINDS, COMES_CARES},
    [OP_FREE_ORPHANS] = {"free-orphans", SHAPE_NAME, NAME_ORPHANAGE, USES, COMES_PLAIN},
    [OP_CREATE] = {"create", SHAPE_NAME, NAME_RESOURCE, MAKES, COMES_PLAIN},
    [OP_OWN] = {"own", SHAPE_NAME, NAME_RESOURCE, USES, COMES_PLAIN},
    [OP_CHECK] = {"check", SHAPE_NAME, NAME_RESOURCE, USES, COMES_PLAIN},
    [OP_DISOWN] = {"disown", SHAPE_NAME, NAME_RESOURCE, USES, COMES_PLAIN},
    [OP_RELEASE] = {"release", SHAPE_NAME, NAME_RESOURCE, USES, COMES_PLAIN},
    [OP_TRANSFER] = {"transfer", SHAPE_NAME, NAME_RESOURCE, USES, COMES_PLAIN},
    [OP_SELF] = {"self", SHAPE_NOTHING, NAME_KINDS, USES, COMES_NUMBER},
    [OP_AVAILABLE] = {"available", SHAPE_NOTHING, NAME_KINDS, USES, COMES_NUMBER},
    [OP_PRINT] = {"print", SHAPE_NAME, NAME_WORD, MAKES, COMES_OK},
    [OP_POST] = {"post", SHAPE_NAME, NAME_FLAG, MAKES, COMES_OK},
    [OP_UNTIL] = {"until", SHAPE_NAME, NAME_FLAG, USES, COMES_SUSPENDS},
    [OP_RETURN] = {"return", SHAPE_NUMBER, NAME_KINDS, USES, COMES_NOTHING},
    [OP_FAIL] = {"fail", SHAPE_NAME, NAME_ERROR, MAKES, COMES_NOTHING},
    [OP_RUN] = {"run", SHAPE_TASK, NAME_TASK, USES, COMES_RUN},
};
_Static_assert(sizeof forms / sizeof *forms == OPERATION_KINDS, "a form for every operation");

struct outcome_form {
    const char *word;
    int comes; /* what an operation must come to for this to be an answer of it */
};

static const struct outcome_form outcomes[] = {
    [OUTCOME_OK] = {"ok", COMES_OK},
    [OUTCOME_FAILED] = {"failed", COMES_ENDING},
    [OUTCOME_CANCELLED] = {"cancelled", COMES_ENDING},
    [OUTCOME_STILL_HAS_CHILDREN] = {"still-has-children", COMES_ERROR},
    [OUTCOME_RESOURCE_LEAKED] = {"resource-leaked", COMES_ERROR},
    [OUTCOME_NOT_A_CHILD] = {"not-a-child", COMES_ERROR},
    [OUTCOME_NOT_OWNER] = {"not-owner", COMES_ERROR},
    [OUTCOME_NO_DOMAIN_AVAILABLE] = {"no-domain-available", COMES_ERROR},
    [OUTCOME_IN_FINALISER] = {"in-finaliser", COMES_ERROR},
    [OUTCOME_NOT_RUNNING] = {"not-running", COMES_ERROR},
    [OUTCOME_NO_MONITOR] = {"no-monitor", COMES_ERROR},
    [OUTCOME_INVALID] = {"invalid", COMES_ERROR},
    [OUTCOME_BUSY] = {"busy", COMES_ERROR},
    [OUTCOME_NO_MEMORY] = {"no-memory", COMES_ERROR},
    [OUTCOME_ERROR] = {"error", COMES_ERROR},
    [OUTCOME_STOPPED] = {"stopped", COMES_STOPPED},
    [OUTCOME_EMPTY] = {"empty", COMES_CARE},
    [OUTCOME_RUNNING] = {"running", COMES_CARE},
    [OUTCOME_ENDED] = {"ended", COMES_CARE},
    [OUTCOME_NONE] = {"none", COMES_NONE},
};
_Static_assert(sizeof outcomes / sizeof *outcomes == OUTCOME_KINDS, "a word for every outcome");

static const char *const expectations[] = {
    [EXPECT_RUN] = "run",     [EXPECT_EXACTLY] = "exactly", [EXPECT_ORDER] = "order",
    [EXPECT_SEEN] = "seen",   [EXPECT_ONCE] = "once",       [EXPECT_COUNT] = "count",
    [EXPECT_NEVER] = "never", [EXPECT_ON] = "on",           [EXPECT_APART] = "apart",
};
_Static_assert(sizeof expectations / sizeof *expectations == EXPECTATION_KINDS,
               "a word for every expectation");

static const struct {
    const char *one;
    const char *many;
} name_words[] = {
    [NAME_TASK] = {"task", "tasks"},
    [NAME_PROMISE] = {"promise", "promises"},
    [NAME_RESOURCE] = {"resource", "resources"},
    [NAME_ORPHANAGE] = {"orphanage", "orphanages"},
    [NAME_FLAG] = {"flag", "flags"},
    [NAME_WORD] = {"word", "words"},
    [NAME_ERROR] = {"error", "errors"},
};
_Static_assert(sizeof name_words / sizeof *name_words == NAME_KINDS, "a word for every name");

const char *operation_word(enum operation_kind kind)
{
    return forms[kind].word;
}

enum name_kind operation_names(enum operation_kind kind)
{
    return forms[kind].names;
}

/* ---- The parser ---- */

struct parser {
    struct program *program;
    enum program_form form;
    program_complain *complain;
    void *to;
    bool failed;
    bool no_memory;
    int line;
    int task;         /* whose operations are read; -1: none yet */
    bool started;     /* something but `domains` has been read */
    bool has_domains; /* ... and that */
    int run_line;     /* of `expect run` */
};

__attribute__((format(printf, 3, 4))) static void complain(struct parser *parser, int line,
                                                           const char *format, ...)
{
    char text[2 * PROGRAM_LINE_MAX + 100];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    parser->failed = true;
    parser->complain(parser->to, line, text);
}

/* Make room for one more element in an array of `count`; its capacity is the next power of two. */
static void *grown(struct parser *parser, void *array, int count, size_t size)
{
    void *larger;

    if (count > 0 && (count & (count - 1)) != 0)
        return array;
    larger = realloc(array, (count > 0 ? 2 * (size_t)count : 1) * size);
    if (larger == NULL)
        parser->no_memory = true;
    return larger;
}

/* Append to an array, the address of whose pointer is given. Not appended: no memory. */
static bool append(struct parser *parser, void *array, int *count, const void *element, size_t size)
{
    void *old, *larger;

    memcpy(&old, array, sizeof old);
    larger = grown(parser, old, *count, size);
    if (larger == NULL)
        return false;
    memcpy((char *)larger + (size_t)*count * size, element, size);
    memcpy(array, &larger, sizeof larger);
    ++*count;
    return true;
}

#define QUOTED(word) (int)(word).size, (word).text

static int find_name(const struct program *program, enum name_kind kind, struct word word)
{
    const struct names *names = &program->names[kind];

    for (int i = 0; i < names->count; i++)
        if (word_is(word, names->of[i].text))
            return i;
    return -1;
}

/* The number of a name, which is new or not. -1 after a complaint. */
static int number_of_name(struct parser *parser, enum name_kind kind, struct word word)
{
    struct names *names = &parser->program->names[kind];
    int number;

    if (!is_name(word)) {
        complain(parser, parser->line,
                 "'%.*s' is not the name of a %s: a letter, then letters, digits, - and _, at most "
                 "%d in all",
                 QUOTED(word), name_words[kind].one, PROGRAM_NAME_MAX);
        return -1;
    }
    number = find_name(parser->program, kind, word);
    if (number >= 0)
        return number;
    if (names->count == PROGRAM_TASKS_MAX) {
        complain(parser, parser->line, "'%.*s' is one name too many: at most %d %s", QUOTED(word),
                 PROGRAM_TASKS_MAX, name_words[kind].many);
        return -1;
    }
    number = names->count++;
    memcpy(names->of[number].text, word.text, word.size);
    names->of[number].line = parser->line;
    return number;
}

static int bind_name(struct parser *parser, enum name_kind kind, struct word word)
{
    int number = number_of_name(parser, kind, word);

    if (number >= 0)
        parser->program->names[kind].of[number].bound = true;
    return number;
}

/* Complain of what is left of a line that should have ended. */
static void expect_end(struct parser *parser, struct word rest, const char *what)
{
    struct word word = take_word(&rest);

    if (word.size > 0)
        complain(parser, parser->line, "'%.*s' is one word too many for '%s'", QUOTED(word), what);
}

static int take_number(struct parser *parser, struct word word, const char *what, int min, int max)
{
    int number;

    if (word.size == 0)
        complain(parser, parser->line, "'%s' lacks its number", what);
    else if (!parse_number(word, max, &number) || number < min)
        complain(parser, parser->line, "'%.*s' is not a number for '%s': from %d to %d",
                 QUOTED(word), what, min, max);
    else
        return number;
    return -1;
}

/* ---- Outcomes ---- */

/* Read one outcome. An error name is looked up by the caller: *error is its word. */
static bool parse_outcome(struct word text, struct outcome *outcome, struct word *error)
{
    struct word first = take_word(&text), second = take_word(&text);
    int kind = 0;

    *error = (struct word){NULL, 0};
    while (kind < OUTCOME_KINDS && !word_is(first, outcomes[kind].word))
        kind++;
    if (kind == OUTCOME_KINDS || take_word(&text).size > 0)
        return false;
    *outcome = (struct outcome){(enum outcome_kind)kind, 0};
    switch (kind) {
    case OUTCOME_OK:
        return second.size == 0 || parse_number(second, INT32_MAX, &outcome->value);
    case OUTCOME_ERROR:
        return parse_number(second, INT32_MAX, &outcome->value) && outcome->value > 0;
    case OUTCOME_FAILED:
        *error = second;
        return is_name(second);
    default:
        return second.size == 0;
    }
}

bool outcome_equal(struct outcome a, struct outcome b)
{
    return a.kind == b.kind && a.value == b.value;
}

int outcome_write(char *buffer, size_t size, const struct program *program, struct outcome outcome)
{
    const char *word = outcomes[outcome.kind].word;

    if (outcome.kind == OUTCOME_FAILED)
        return snprintf(buffer, size, "%s %s", word,
                        program_name(program, NAME_ERROR, outcome.value));
    if (outcome.kind == OUTCOME_ERROR || (outcome.kind == OUTCOME_OK && outcome.value != 0))
        return snprintf(buffer, size, "%s %d", word, outcome.value);
    return snprintf(buffer, size, "%s", word);
}

void outcomes_fold(struct outcomes *list)
{
    for (size_t i = 1; i < list->count; i++)
        if (!outcome_equal(list->of[0], list->of[i]))
            return;
    list->count = 1;
}

int outcomes_parse(struct outcomes *list, const struct program *program, const char *text,
                   size_t size)
{
    struct word rest = {text, size}, member, error;
    size_t room = 0;
    bool more = true;
    int wrong = 0;

    *list = (struct outcomes){NULL, 0};
    while (more) {
        struct outcome outcome;

        more = take_until(&rest, ',', &member);
        if (!parse_outcome(member, &outcome, &error))
            goto wrong;
        if (error.text != NULL && (outcome.value = find_name(program, NAME_ERROR, error)) < 0)
            goto wrong;
        if (list->count == room) {
            struct outcome *larger;

            room = room > 0 ? 2 * room : 1;
            larger = realloc(list->of, room * sizeof *larger);
            if (larger == NULL) {
                wrong = -1;
                goto wrong;
            }
            list->of = larger;
        }
        list->of[list->count++] = outcome;
    }
    return 1;
wrong:
    free(list->of);
    *list = (struct outcomes){NULL, 0};
    return wrong;
}

/* Read one alternative of an answer: a list. */
static void parse_answer(struct parser *parser, struct word text, const char *what, int comes,
                         struct outcomes *list)
{
    struct word member, error;
    int count = 0;
    bool more = true;

    while (more) {
        struct outcome outcome;

        more = take_until(&text, ',', &member);
        member = trim(member);
        if (!parse_outcome(member, &outcome, &error)) {
            complain(parser, parser->line, "'%.*s' is not an outcome", QUOTED(member));
            continue;
        }
        if (error.text != NULL)
            outcome.value = number_of_name(parser, NAME_ERROR, error);
        if ((outcomes[outcome.kind].comes & comes) == 0 ||
            (outcome.kind == OUTCOME_OK && outcome.value > 0 && (comes & COMES_VALUE) == 0))
            complain(parser, parser->line, "'%s' never comes to '%.*s'", what, QUOTED(member));
        append(parser, &list->of, &count, &outcome, sizeof outcome);
    }
    list->count = (size_t)count;
}

static void parse_answers(struct parser *parser, struct word text, const char *what, int comes,
                          struct outcomes **answers, int *count)
{
    struct word alternative;
    bool more = true;

    while (more) {
        struct outcomes list = {NULL, 0};

        more = take_until(&text, '|', &alternative);
        parse_answer(parser, alternative, what, comes, &list);
        if (!append(parser, answers, count, &list, sizeof list))
            free(list.of);
    }
}

/* ---- Operations ---- */

static int take_name(struct parser *parser, struct word *rest, const char *what,
                     enum name_kind kind, bool makes)
{
    struct word word = take_word(rest);

    if (word.size == 0) {
        complain(parser, parser->line, "'%s' lacks its %s", what, name_words[kind].one);
        return -1;
    }
    return makes ? bind_name(parser, kind, word) : number_of_name(parser, kind, word);
}

static void add_number(struct parser *parser, int **numbers, int *count, int number)
{
    append(parser, numbers, count, &number, sizeof number);
}

/* `repeat N` and `p =`, in either order, before the operation's word. */
static void parse_prefixes(struct parser *parser, struct word *rest, struct operation *operation)
{
    bool repeated = false;

    for (;;) {
        struct word ahead = *rest, first = take_word(&ahead), second = take_word(&ahead);

        if (word_is(second, "=") && operation->bind < 0) {
            operation->bind = bind_name(parser, NAME_PROMISE, first);
            *rest = ahead;
        } else if (word_is(first, "repeat") && !repeated) {
            operation->repeat = take_number(parser, second, "repeat", 1, PROGRAM_NUMBER_MAX);
            repeated = true;
            *rest = ahead;
        } else {
            return;
        }
    }
}

static void parse_give(struct parser *parser, struct word list, struct operation *operation)
{
    struct word name;
    bool more = true;

    while (more) {
        more = take_until(&list, ',', &name);
        add_number(parser, &operation->give, &operation->give_count,
                   number_of_name(parser, NAME_RESOURCE, name));
    }
}

static void parse_pin(struct parser *parser, struct word pin, struct operation *operation)
{
    if (word_is(pin, "self"))
        operation->pin = PIN_SELF;
    else
        operation->pin = take_number(parser, pin, "pin=", 0, PROGRAM_NUMBER_MAX);
}

static void parse_spawn(struct parser *parser, struct word rest, struct operation *operation)
{
    const char *what = operation_word(operation->kind);
    bool gives = false, pins = false, keeps = false;
    struct word word;

    add_number(parser, &operation->tasks, &operation->task_count,
               take_name(parser, &rest, what, NAME_TASK, false));
    while ((word = take_word(&rest)).size > 0) {
        if (starts_with(word, "give=") && !gives) {
            parse_give(parser, after(word, strlen("give=")), operation);
            gives = true;
        } else if (starts_with(word, "orphans=") && !keeps) {
            operation->orphans =
                number_of_name(parser, NAME_ORPHANAGE, after(word, strlen("orphans=")));
            keeps = true;
        } else if (operation->kind == OP_CALL && starts_with(word, "pin=") && !pins) {
            parse_pin(parser, after(word, strlen("pin=")), operation);
            pins = true;
        } else {
            complain(parser, parser->line, "'%.*s' is not an option of '%s', or is there twice",
                     QUOTED(word), what);
        }
    }
}

static void parse_operands(struct parser *parser, struct word rest, struct operation *operation)
{
    const struct operation_form *form = &forms[operation->kind];
    struct word word;

    switch (form->shape) {
    case SHAPE_NOTHING:
        break;
    case SHAPE_NAME:
        operation->name = take_name(parser, &rest, form->word, form->names, form->role == MAKES);
        break;
    case SHAPE_NUMBER:
        operation->value = take_number(parser, take_word(&rest), form->word, 0, PROGRAM_NUMBER_MAX);
        break;
    case SHAPE_TASK:
        add_number(parser, &operation->tasks, &operation->task_count,
                   take_name(parser, &rest, form->word, NAME_TASK, false));
        break;
    case SHAPE_TASKS:
        while ((word = take_word(&rest)).size > 0)
            add_number(parser, &operation->tasks, &operation->task_count,
                       number_of_name(parser, NAME_TASK, word));
        return;
    case SHAPE_SPAWN:
        parse_spawn(parser, rest, operation);
        return;
    }
    expect_end(parser, rest, form->word);
}

static bool ends_task(enum operation_kind kind)
{
    return kind == OP_RETURN || kind == OP_FAIL;
}

static void parse_operation_answer(struct parser *parser, struct word answer,
                                   struct operation *operation)
{
    const struct operation_form *form = &forms[operation->kind];

    if (answer.text == NULL)
        return;
    if (parser->form == PROGRAM_STRIPPED) {
        complain(parser, parser->line, "an answer in a stripped program");
        return;
    }
    if (ends_task(operation->kind)) {
        complain(parser, parser->line, "'%s' has no outcome", form->word);
        return;
    }
    parse_answers(parser, answer, form->word, form->comes, &operation->answers,
                  &operation->answer_count);
    if (operation->kind != OP_PARALLEL)
        for (int i = 0; i < operation->answer_count; i++)
            if (operation->answers[i].count > 0)
                outcomes_fold(&operation->answers[i]);
}

static void free_operation(struct operation *operation)
{
    for (int i = 0; i < operation->answer_count; i++)
        free(operation->answers[i].of);
    free(operation->answers);
    free(operation->tasks);
    free(operation->give);
}

static void add_operation(struct parser *parser, struct operation *operation)
{
    struct program *program = parser->program;
    struct task *task = &program->tasks[parser->task];

    if (task->count == 0)
        task->first = program->operation_count;
    if (!append(parser, &program->operations, &program->operation_count, operation,
                sizeof *operation)) {
        free_operation(operation);
        return;
    }
    task->count++;
    program->at_line[parser->line] = program->operation_count - 1;
}

static void parse_operation(struct parser *parser, struct word line)
{
    struct operation operation = {.line = parser->line,
                                  .task = parser->task,
                                  .repeat = 1,
                                  .bind = -1,
                                  .name = -1,
                                  .orphans = -1,
                                  .pin = PIN_NONE};
    struct word answer, word, rest = before_answer(line, &answer);
    int kind = 0;

    parse_prefixes(parser, &rest, &operation);
    word = take_word(&rest);
    while (kind < OPERATION_KINDS && !word_is(word, forms[kind].word))
        kind++;
    if (kind == OPERATION_KINDS) {
        complain(parser, parser->line, "'%.*s' is not an operation", QUOTED(word));
        return;
    }
    if (parser->task < 0) {
        complain(parser, parser->line, "an operation before the first task");
        return;
    }
    operation.kind = (enum operation_kind)kind;
    if (operation.bind >= 0 && forms[kind].role != BINDS)
        complain(parser, parser->line, "'%s' hands out no promise", forms[kind].word);
    if (operation.repeat != 1 && ends_task(operation.kind))
        complain(parser, parser->line, "'%s' cannot be repeated", forms[kind].word);
    parse_operands(parser, rest, &operation);
    parse_operation_answer(parser, answer, &operation);
    add_operation(parser, &operation);
}

/* ---- Expectations ---- */

static bool parse_happening(struct parser *parser, struct word word, struct happening *happening)
{
    static const struct {
        const char *start;
        enum happening_kind kind;
        enum name_kind names;
    } starts[] = {{"finalise:", HAPPENS_FINALISE, NAME_RESOURCE},
                  {"begin:", HAPPENS_BEGIN, NAME_TASK},
                  {"end:", HAPPENS_END, NAME_TASK},
                  {"", HAPPENS_PRINT, NAME_WORD}};
    int i = 0;

    if (starts_with(word, "done:")) {
        *happening = (struct happening){HAPPENS_DONE, 0};
        happening->which =
            take_number(parser, after(word, strlen("done:")), "done:", 1, PROGRAM_LINES_MAX);
        return happening->which >= 0;
    }
    while (!starts_with(word, starts[i].start))
        i++;
    happening->kind = starts[i].kind;
    happening->which =
        number_of_name(parser, starts[i].names, after(word, strlen(starts[i].start)));
    return happening->which >= 0;
}

static void parse_happenings(struct parser *parser, struct word rest,
                             struct expectation *expectation, int min)
{
    const char *what = expectations[expectation->kind];
    struct word word;
    int words = 0;

    while ((word = take_word(&rest)).size > 0) {
        struct happening happening;

        words++;
        if (!parse_happening(parser, word, &happening))
            continue;
        if (expectation->kind == EXPECT_EXACTLY && happening.kind != HAPPENS_PRINT &&
            happening.kind != HAPPENS_FINALISE)
            complain(parser, parser->line,
                     "'%.*s': 'expect exactly' is of print and finalise events only", QUOTED(word));
        append(parser, &expectation->happenings, &expectation->happening_count, &happening,
               sizeof happening);
    }
    if (words < min)
        complain(parser, parser->line, "'expect %s' needs %s", what,
                 min == 1 ? "an event" : "two events or more");
}

static void parse_expected_run(struct parser *parser, struct word rest,
                               struct expectation *expectation)
{
    if (parser->run_line > 0)
        complain(parser, parser->line, "a second 'expect run'; the first is on line %d",
                 parser->run_line);
    parser->run_line = parser->line;
    parse_answers(parser, rest, "expect run", COMES_RUN, &expectation->answers,
                  &expectation->answer_count);
    for (int i = 0; i < expectation->answer_count; i++)
        if (expectation->answers[i].count > 1)
            complain(parser, parser->line, "a run comes to one outcome, not to a list");
}

/* Tasks, of each of which every begin is meant. */
static void parse_begins(struct parser *parser, struct word rest, struct expectation *expectation)
{
    do {
        struct happening begin = {
            HAPPENS_BEGIN,
            take_name(parser, &rest, expectations[expectation->kind], NAME_TASK, false)};

        append(parser, &expectation->happenings, &expectation->happening_count, &begin,
               sizeof begin);
        rest = trim(rest);
    } while (rest.size > 0);
}

static void parse_expected(struct parser *parser, struct word rest, struct expectation *expectation)
{
    enum expectation_kind kind = expectation->kind;

    switch (kind) {
    case EXPECT_RUN:
        parse_expected_run(parser, rest, expectation);
        return;
    case EXPECT_COUNT:
        expectation->number =
            take_number(parser, take_word(&rest), "expect count", 0, PROGRAM_NUMBER_MAX);
        parse_happenings(parser, rest, expectation, 1);
        if (expectation->happening_count > 1)
            complain(parser, parser->line, "'expect count' is of one event");
        return;
    case EXPECT_ON:
        expectation->number =
            take_number(parser, take_word(&rest), "expect on", 0, PROGRAM_DOMAINS_MAX);
        parse_begins(parser, rest, expectation);
        return;
    case EXPECT_APART:
        expectation->tasks[0] = take_name(parser, &rest, "expect apart", NAME_TASK, false);
        expectation->tasks[1] = take_name(parser, &rest, "expect apart", NAME_TASK, false);
        expect_end(parser, rest, "expect apart");
        return;
    default:
        parse_happenings(parser, rest, expectation,
                         kind == EXPECT_EXACTLY ? 0
                         : kind == EXPECT_ORDER ? 2
                                                : 1);
    }
}

static void free_expectation(struct expectation *expectation)
{
    for (int i = 0; i < expectation->answer_count; i++)
        free(expectation->answers[i].of);
    free(expectation->answers);
    free(expectation->happenings);
}

static void parse_expectation(struct parser *parser, struct word rest)
{
    struct program *program = parser->program;
    struct expectation expectation = {.line = parser->line};
    struct word word = take_word(&rest);
    int kind = 0;

    if (parser->form == PROGRAM_STRIPPED) {
        complain(parser, parser->line, "an expectation in a stripped program");
        return;
    }
    while (kind < EXPECTATION_KINDS && !word_is(word, expectations[kind]))
        kind++;
    if (kind == EXPECTATION_KINDS) {
        complain(parser, parser->line, "'%.*s' is not an expectation", QUOTED(word));
        return;
    }
    expectation.kind = (enum expectation_kind)kind;
    parse_expected(parser, rest, &expectation);
    if (!append(parser, &program->expectations, &program->expectation_count, &expectation,
                sizeof expectation))
        free_expectation(&expectation);
}

/* ---- Lines ---- */

static void parse_domains(struct parser *parser, struct word rest)
{
    if (parser->has_domains)
        complain(parser, parser->line, "'domains' is said twice");
    else if (parser->started)
        complain(parser, parser->line, "'domains' must come first");
    parser->has_domains = true;
    parser->program->domains =
        take_number(parser, take_word(&rest), "domains", 0, PROGRAM_DOMAINS_MAX);
    expect_end(parser, rest, "domains");
}

static void parse_task(struct parser *parser, struct word rest)
{
    struct program *program = parser->program;
    int task = take_name(parser, &rest, "task", NAME_TASK, false);

    expect_end(parser, rest, "task");
    /* After a bad name its operations are read as those of some task, for their own mistakes. */
    if (task < 0) {
        parser->task = parser->task < 0 ? 0 : parser->task;
        return;
    }
    if (program->names[NAME_TASK].of[task].bound)
        complain(parser, parser->line, "a second task '%s'; the first is on line %d",
                 program_name(program, NAME_TASK, task), program->tasks[task].line);
    else
        program->tasks[task].line = parser->line;
    program->names[NAME_TASK].of[task].bound = true;
    parser->task = task;
}

/* The bytes of a line must be printable; blanks may be tabs. */
static bool check_bytes(struct parser *parser, struct word line)
{
    if (line.size > PROGRAM_LINE_MAX) {
        complain(parser, parser->line, "a line of %zu bytes; at most %d", line.size,
                 PROGRAM_LINE_MAX);
        return false;
    }
    for (size_t i = 0; i < line.size; i++) {
        unsigned char c = (unsigned char)line.text[i];

        if ((c < ' ' && c != '\t') || c > '~') {
            complain(parser, parser->line, "%s 0x%02x in column %zu is not printable ASCII",
                     c == 0 ? "the NUL byte" : "byte", c, i + 1);
            return false;
        }
    }
    return true;
}

static void parse_line(struct parser *parser, struct word line)
{
    struct word rest, word;

    if (!check_bytes(parser, line))
        return;
    rest = line = without_comment(line);
    word = take_word(&rest);
    if (word.size == 0)
        return;
    if (word_is(word, "domains"))
        parse_domains(parser, rest);
    else if (word_is(word, "task"))
        parse_task(parser, rest);
    else if (word_is(word, "expect"))
        parse_expectation(parser, rest);
    else
        parse_operation(parser, line);
    parser->started = true;
}

static void parse_lines(struct parser *parser, struct word text)
{
    struct word line;

    while (text.size > 0 && !parser->no_memory) {
        if (parser->line == PROGRAM_LINES_MAX) {
            complain(parser, parser->line + 1, "more than %d lines", PROGRAM_LINES_MAX);
            return;
        }
        parser->line++;
        take_until(&text, '\n', &line);
        parse_line(parser, line);
    }
}

/* ---- What only the whole program shows ---- */

/* Names that no line makes. A flag that nobody raises is never up, which is fine. */
static void check_names(struct parser *parser)
{
    static const char *const unbound[] = {
        [NAME_TASK] = "there is no task '%s'",
        [NAME_PROMISE] = "the promise '%s' is never bound",
        [NAME_RESOURCE] = "the resource '%s' is never created",
        [NAME_ORPHANAGE] = "the orphanage '%s' is never made",
        [NAME_WORD] = "no task prints '%s'",
        [NAME_ERROR] = "no task fails with '%s'",
    };

    for (int kind = 0; kind < NAME_KINDS; kind++) {
        const struct names *names = &parser->program->names[kind];

        for (int i = 0; i < names->count && kind != NAME_FLAG; i++)
            if (!names->of[i].bound)
                complain(parser, names->of[i].line, unbound[kind], names->of[i].text);
    }
}

/* From the line of done:LINE to its operation. */
static void settle_done(struct parser *parser, const struct expectation *expectation,
                        struct happening *happening)
{
    struct program *program = parser->program;
    int operation = program->at_line[happening->which];

    if (operation < 0)
        complain(parser, expectation->line, "no operation is on line %d", happening->which);
    else if (ends_task(program->operations[operation].kind))
        complain(parser, expectation->line, "the operation on line %d has no outcome",
                 happening->which);
    happening->which = operation;
}

static void check_whole(struct parser *parser)
{
    struct program *program = parser->program;

    for (int i = 0; i < program->expectation_count; i++)
        for (int j = 0; j < program->expectations[i].happening_count; j++)
            if (program->expectations[i].happenings[j].kind == HAPPENS_DONE)
                settle_done(parser, &program->expectations[i],
                            &program->expectations[i].happenings[j]);
    check_names(parser);
    program->main_task = find_name(program, NAME_TASK, (struct word){"main", 4});
    if (program->main_task < 0)
        complain(parser, 0, "there is no task 'main'");
    if (parser->form == PROGRAM_WITH_ANSWERS && parser->run_line == 0)
        complain(parser, 0, "there is no 'expect run'");
}

struct program *program_parse(const char *text, size_t size, enum program_form form,
                              program_complain *told, void *to)
{
    struct parser parser = {.form = form, .complain = told, .to = to, .task = -1};

    parser.program = calloc(1, sizeof *parser.program);
    if (parser.program == NULL) {
        told(to, 0, "no memory");
        return NULL;
    }
    parser.program->domains = 1;
    for (int i = 0; i <= PROGRAM_LINES_MAX; i++)
        parser.program->at_line[i] = -1;
    parse_lines(&parser, (struct word){text, size});
    parser.program->line_count = parser.line;
    if (parser.no_memory)
        complain(&parser, 0, "no memory");
    else
        check_whole(&parser);
    if (parser.failed) {
        program_free(parser.program);
        return NULL;
    }
    return parser.program;
}

void program_free(struct program *program)
{
    if (program == NULL)
        return;
    for (int i = 0; i < program->operation_count; i++)
        free_operation(&program->operations[i]);
    for (int i = 0; i < program->expectation_count; i++)
        free_expectation(&program->expectations[i]);
    free(program->operations);
    free(program->expectations);
    free(program);
}

const char *program_name(const struct program *program, enum name_kind kind, int number)
{
    return program->names[kind].of[number].text;
}

/* ---- Stripping ---- */

char *program_strip(const char *text, size_t size)
{
    struct word rest = {text, size}, line, answer, ahead;
    char *stripped = malloc(size + 2), *end = stripped;
    bool more = size > 0;

    if (stripped == NULL)
        return NULL;
    while (more) {
        more = take_until(&rest, '\n', &line) && rest.size > 0;
        ahead = line = before_answer(without_comment(line), &answer);
        if (!word_is(take_word(&ahead), "expect")) {
            memcpy(end, line.text, line.size);
            end += line.size;
        }
        *end++ = '\n';
    }
    *end = '\0';
    return stripped;
}
