/* parser.c: reads a scenario line by line. A mistake does not end the reading, so that all mistakes
 * are reported at once. Names that are used before they are bound are looked up at the end. */
#include "parser.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- Lines ---- */

static void parse_task(struct parser *parser, struct word rest)
{
    struct program *program = parser->program;
    int task = take_name(parser, &rest, "task", NAME_TASK);

    expect_end(parser, rest, "task");
    parser->peer = -1;
    /* After a bad name its operations are read as those of some task, for their own mistakes. */
    if (task < 0) {
        parser->task = parser->task < 0 ? 0 : parser->task;
        return;
    }
    if (program->names[NAME_TASK].of[task].binders != 0)
        complain(parser, parser->line, "a second task '%s'; the first is on line %d",
                 program_name(program, NAME_TASK, task), program->tasks[task].line);
    else
        program->tasks[task].line = parser->line;
    program->names[NAME_TASK].of[task].binders = UINT64_C(1) << task;
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

        if ((c < ' ' || c > '~') && c != '\t') {
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
    if (parse_setting(parser, word, rest))
        ;
    else if (word_is(word, "shared"))
        parse_shared(parser, rest);
    else if (word_is(word, "task"))
        parse_task(parser, rest);
    else if (word_is(word, "expect"))
        parse_expectation(parser, rest);
    else if (word_is(word, "peer"))
        parse_peer(parser, rest);
    else if (parser->peer >= 0)
        parse_peer_step(parser, line);
    else
        parse_operation(parser, line);
    parser->started = true;
}

static void parse_lines(struct parser *parser, struct word text)
{
    struct word line;

    while (text.size > 0) {
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

/* A name of a resource tells its finaliser: lines of a task that create one name set one task. */
static void check_finalisers(struct parser *parser)
{
    const struct program *program = parser->program;

    for (int i = 0; i < program->operation_count; i++) {
        const struct operation *other = &program->operations[i];

        for (int j = 0; j < i && other->kind == OP_CREATE; j++) {
            const struct operation *one = &program->operations[j];

            if (one->kind == OP_CREATE && one->task == other->task && one->name == other->name &&
                (one->task_count != other->task_count ||
                 (one->task_count > 0 && one->tasks[0] != other->tasks[0]))) {
                complain(parser, other->line, "'%s' has another finaliser on line %d",
                         program_name(program, NAME_RESOURCE, one->name), one->line);
                return;
            }
        }
    }
}

static void check_whole(struct parser *parser)
{
    struct program *program = parser->program;

    for (int i = 0; i < program->expectation_count; i++)
        settle_expectation(parser, &program->expectations[i]);
    program->main_task = find_name(program, NAME_TASK, (struct word){"main", 4});
    settle_shared(parser);
    check_names(parser);
    check_finalisers(parser);
    check_peers(parser);
    check_settings(parser);
    if (program->main_task < 0)
        complain(parser, 0, "there is no task 'main'");
    else if (program->outside_task == program->main_task)
        complain(parser, 0, "main cannot be outside its run");
    if (parser->form == PROGRAM_WITH_ANSWERS && parser->run_line == 0)
        complain(parser, 0, "there is no 'expect run'");
}

struct program *program_parse(const char *text, size_t size, enum program_form form,
                              program_complain *told, void *to)
{
    struct parser parser = {.form = form, .complain = told, .to = to, .task = -1, .peer = -1};

    parser.program = zeroed(1, sizeof *parser.program);
    parser.program->domains = 1;
    parser.program->outside_task = -1;
    for (int i = 0; i <= PROGRAM_LINES_MAX; i++)
        parser.program->at_line[i] = -1;
    parse_lines(&parser, (struct word){text, size});
    parser.program->line_count = parser.line;
    check_whole(&parser);
    free(parser.uses);
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
    for (int i = 0; i < NAME_KINDS; i++)
        free(program->names[i].of);
    free(program->schedule);
    free(program->operations);
    free(program->peer_steps);
    free(program->expectations);
    free(program);
}

bool program_has(const struct program *program, enum operation_kind kind)
{
    for (int i = 0; i < program->operation_count; i++)
        if (program->operations[i].kind == kind)
            return true;
    return false;
}

/* ---- Stripping ---- */

char *program_strip(const char *text, size_t size)
{
    struct word rest = {text, size}, line, answer, ahead;
    char *stripped = resized(NULL, size + 2), *end = stripped;
    bool more = size > 0, in_peer = false;
    struct word word;

    while (more) {
        more = take_until(&rest, '\n', &line) && rest.size > 0;
        ahead = line = before_answer(without_comment(line), &answer);
        word = take_word(&ahead);
        in_peer = word_is(word, "peer") || (in_peer && !word_is(word, "task"));
        if (!in_peer && !word_is(word, "expect") && !is_of_the_suite(word)) {
            memcpy(end, line.text, line.size);
            end += line.size;
        }
        *end++ = '\n';
    }
    *end = '\0';
    return stripped;
}
