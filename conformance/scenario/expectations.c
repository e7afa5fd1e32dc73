/* expectations.c: the lines that begin with `expect`. */
#include "parser.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

static const char *const expectations[] = {
    [EXPECT_RUN] = "run",     [EXPECT_EXACTLY] = "exactly", [EXPECT_ORDER] = "order",
    [EXPECT_SEEN] = "seen",   [EXPECT_ONCE] = "once",       [EXPECT_COUNT] = "count",
    [EXPECT_NEVER] = "never", [EXPECT_ON] = "on",           [EXPECT_APART] = "apart",
};
_Static_assert(sizeof expectations / sizeof *expectations == EXPECTATION_KINDS,
               "a word for every expectation");

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
            take_number(parser, word_after(word, strlen("done:")), "done:", 1, PROGRAM_LINES_MAX);
        return happening->which >= 0;
    }
    while (!starts_with(word, starts[i].start))
        i++;
    happening->kind = starts[i].kind;
    happening->which =
        number_of_name(parser, starts[i].names, word_after(word, strlen(starts[i].start)));
    return happening->which >= 0;
}

static void add_happening(struct expectation *expectation, struct happening happening)
{
    expectation->happenings =
        grown(expectation->happenings, (size_t)expectation->happening_count, sizeof happening);
    expectation->happenings[expectation->happening_count++] = happening;
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
        add_happening(expectation, happening);
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
    parse_answers(parser, rest, "expect run", CAN_BE_RUN, &expectation->answers,
                  &expectation->answer_count);
    for (int i = 0; i < expectation->answer_count; i++)
        if (expectation->answers[i].count > 1)
            complain(parser, parser->line, "a run has one outcome, not a list");
}

/* Tasks; each stands for all its begins. */
static void parse_begins(struct parser *parser, struct word rest, struct expectation *expectation)
{
    do {
        struct happening begin = {
            HAPPENS_BEGIN, take_name(parser, &rest, expectations[expectation->kind], NAME_TASK)};

        add_happening(expectation, begin);
        rest = word_trim(rest);
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
        expectation->tasks[0] = take_name(parser, &rest, "expect apart", NAME_TASK);
        expectation->tasks[1] = take_name(parser, &rest, "expect apart", NAME_TASK);
        expect_end(parser, rest, "expect apart");
        return;
    default:
        parse_happenings(parser, rest, expectation,
                         kind == EXPECT_EXACTLY ? 0
                         : kind == EXPECT_ORDER ? 2
                                                : 1);
    }
}

void free_expectation(struct expectation *expectation)
{
    free(expectation->answers);
    free(expectation->happenings);
}

void parse_expectation(struct parser *parser, struct word rest)
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
    program->expectations =
        grown(program->expectations, (size_t)program->expectation_count, sizeof expectation);
    program->expectations[program->expectation_count++] = expectation;
}

static void settle_done(struct parser *parser, const struct expectation *expectation,
                        struct happening *happening)
{
    struct program *program = parser->program;
    int operation = program->at_line[happening->which];

    if (operation < 0)
        complain(parser, expectation->line, "no operation is on line %d", happening->which);
    else if (operation_has(program->operations[operation].kind, OPERATION_LAST))
        complain(parser, expectation->line, "the operation on line %d has no outcome",
                 happening->which);
    happening->which = operation;
}

void settle_expectation(struct parser *parser, struct expectation *expectation)
{
    for (int i = 0; i < expectation->happening_count; i++)
        if (expectation->happenings[i].kind == HAPPENS_DONE)
            settle_done(parser, expectation, &expectation->happenings[i]);
}
