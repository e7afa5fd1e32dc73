/* settings.c: the lines before the tasks that say how the run is started: `domains`, `outside` and
 * `monitor` by the driver, and `schedule` and `limit`, which the suite sees to. */
#include "parser.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* Complain of a setting that is said twice, or behind the first task. */
static void check_place(struct parser *parser, const char *what, bool said)
{
    if (said)
        complain(parser, parser->line, "'%s' is said twice", what);
    else if (parser->task >= 0)
        complain(parser, parser->line, "'%s' must come before the first task", what);
}

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

static void parse_outside(struct parser *parser, struct word rest)
{
    check_place(parser, "outside", parser->has_outside);
    parser->has_outside = true;
    parser->program->outside_task = take_name(parser, &rest, "outside", NAME_TASK);
    expect_end(parser, rest, "outside");
}

static void parse_monitor(struct parser *parser, struct word rest)
{
    check_place(parser, "monitor", parser->program->bare);
    parser->program->bare = true;
    if (!word_is(take_word(&rest), "none"))
        complain(parser, parser->line, "'monitor' is followed by 'none'");
    expect_end(parser, rest, "monitor");
}

/* ---- What the suite sees to ---- */

/* Add a word to the line of the schedule. */
static void add_to_schedule(struct program *program, const char *before, struct word word)
{
    char *line = text_of("%s%s%.*s", program->schedule, before, QUOTED(word));

    free(program->schedule);
    program->schedule = line;
}

static void parse_seed(struct parser *parser, struct word *rest)
{
    struct word word = take_word(rest);

    take_number(parser, word, "schedule seed", 0, PROGRAM_NUMBER_MAX);
    add_to_schedule(parser->program, " seed ", word);
}

/* The answers, the last of which may be beyond its range. */
static void parse_answers_of_schedule(struct parser *parser, struct word word, struct word *rest)
{
    struct program *program = parser->program;
    int number;

    while (word.size > 0) {
        program->beyond = word_is(word, "beyond");
        if (!program->beyond && !parse_number(word, PROGRAM_NUMBER_MAX, &number))
            complain(parser, parser->line, "'%.*s' is not an answer of a schedule", QUOTED(word));
        add_to_schedule(program, " ", word);
        word = program->beyond ? (struct word){0} : take_word(rest);
    }
}

static void parse_schedule(struct parser *parser, struct word rest)
{
    struct program *program = parser->program;
    struct word word = take_word(&rest);

    check_place(parser, "schedule", program_is_steered(program));
    free(program->schedule);
    program->schedule = NULL;
    program->every_schedule = word_is(word, "all");
    if (!program->every_schedule) {
        program->schedule = copy_of("schedule");
        if (word_is(word, "seed"))
            parse_seed(parser, &rest);
        else
            parse_answers_of_schedule(parser, word, &rest);
        add_to_schedule(program, "", (struct word){"\n", 1});
    }
    expect_end(parser, rest, "schedule");
}

static void parse_limit(struct parser *parser, struct word rest)
{
    check_place(parser, "limit", parser->program->descriptors != 0);
    if (!word_is(take_word(&rest), "descriptors")) {
        complain(parser, parser->line, "'limit' is followed by 'descriptors'");
        return;
    }
    parser->program->descriptors = take_number(parser, take_word(&rest), "limit descriptors",
                                               PROGRAM_DESCRIPTORS_MIN, PROGRAM_DESCRIPTORS_MAX);
    expect_end(parser, rest, "limit");
}

/* ---- All of them ---- */

static const struct {
    const char *word;
    void (*parse)(struct parser *parser, struct word rest);
    bool is_of_the_suite;
} settings[] = {
    {"domains", parse_domains, false}, {"outside", parse_outside, false},
    {"monitor", parse_monitor, false}, {"schedule", parse_schedule, true},
    {"limit", parse_limit, true},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static int setting_of(struct word word)
{
    int i = 0;

    while (i < SETTINGS && !word_is(word, settings[i].word))
        i++;
    return i;
}

bool is_of_the_suite(struct word word)
{
    int i = setting_of(word);

    return i < SETTINGS && settings[i].is_of_the_suite;
}

bool parse_setting(struct parser *parser, struct word word, struct word rest)
{
    int i = setting_of(word);

    if (i == SETTINGS)
        return false;
    if (settings[i].is_of_the_suite && parser->form == PROGRAM_STRIPPED)
        complain(parser, parser->line, "'%s' in a stripped program", settings[i].word);
    settings[i].parse(parser, rest);
    return true;
}

bool program_is_steered(const struct program *program)
{
    return program->schedule || program->every_schedule;
}

void check_settings(struct parser *parser)
{
    const struct program *program = parser->program;

    if (program->every_schedule && program->peer_step_count > 0)
        complain(parser, program->peer_steps[0].line,
                 "peers make choices of their own: not all schedules can be tried");
    for (int i = 0; i < program->operation_count && program_is_steered(program); i++)
        if (program->operations[i].kind == OP_SPIN)
            complain(parser, program->operations[i].line,
                     "a steered run has one thread: no task can spin");
}
