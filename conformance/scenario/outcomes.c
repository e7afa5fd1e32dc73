/* outcomes.c: writes and reads the outcomes of an operation or a run. */
#include "parser.h"

#include "memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *word;
    int comes; /* an operation that can end so can have this outcome */
} forms[] = {
    [OUTCOME_OK] = {"ok", COMES_OK},
    [OUTCOME_FAILED] = {"failed", COMES_FAILED},
    [OUTCOME_CANCELLED] = {"cancelled", COMES_CANCELLED},
    [OUTCOME_STILL_HAS_CHILDREN] = {"still-has-children", COMES_ERROR},
    [OUTCOME_RESOURCE_LEAKED] = {"resource-leaked", COMES_ERROR},
    [OUTCOME_NOT_A_CHILD] = {"not-a-child", COMES_ERROR},
    [OUTCOME_NOT_OWNER] = {"not-owner", COMES_ERROR},
    [OUTCOME_NO_DOMAIN_AVAILABLE] = {"no-domain-available", COMES_ERROR},
    [OUTCOME_IN_FINALISER] = {"in-finaliser", COMES_ERROR},
    [OUTCOME_NOT_RUNNING] = {"not-running", COMES_ERROR},
    [OUTCOME_NO_MONITOR] = {"no-monitor", COMES_ERROR},
    [OUTCOME_DEADLOCK] = {"deadlock", COMES_ERROR},
    [OUTCOME_UNDEFINED] = {"undefined", COMES_ERROR},
    [OUTCOME_INVALID] = {"invalid", COMES_ERROR},
    [OUTCOME_BUSY] = {"busy", COMES_ERROR},
    [OUTCOME_NO_MEMORY] = {"no-memory", COMES_ERROR},
    [OUTCOME_NOT_PERMITTED] = {"not-permitted", COMES_ERROR},
    [OUTCOME_WOULD_DEADLOCK] = {"would-deadlock", COMES_ERROR},
    [OUTCOME_ALREADY] = {"already", COMES_ERROR},
    [OUTCOME_ERROR] = {"error", COMES_ERROR},
    [OUTCOME_STOPPED] = {"stopped", COMES_STOPPED},
    [OUTCOME_EMPTY] = {"empty", COMES_EMPTY},
    [OUTCOME_RUNNING] = {"running", COMES_RUNNING},
    [OUTCOME_ENDED] = {"ended", COMES_ENDED},
    [OUTCOME_TAKEN] = {"taken", COMES_TAKEN},
    [OUTCOME_FINISHED] = {"finished", COMES_STATE},
    [OUTCOME_EXITED] = {"exited", COMES_STATE},
    [OUTCOME_NONE] = {"none", COMES_NONE},
};
_Static_assert(sizeof forms / sizeof *forms == OUTCOME_KINDS, "a word for every outcome");

/* Read one outcome. An error name is looked up by the caller: *error is its word. */
static bool parse_outcome(struct word text, struct outcome *outcome, struct word *error)
{
    struct word first = take_word(&text), second = take_word(&text);
    int kind = 0;

    *error = (struct word){NULL, 0};
    while (kind < OUTCOME_KINDS && !word_is(first, forms[kind].word))
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
    const char *word = forms[outcome.kind].word;

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

static void add_outcome(struct outcomes *list, struct outcome outcome)
{
    list->of = grown(list->of, list->count, sizeof outcome);
    list->of[list->count++] = outcome;
}

bool outcomes_parse(struct outcomes *list, const struct program *program, const char *text,
                    size_t size)
{
    struct word rest = {text, size}, member, error;
    bool more = true;

    *list = (struct outcomes){NULL, 0};
    while (more) {
        struct outcome outcome;

        more = take_until(&rest, ',', &member);
        if (!parse_outcome(member, &outcome, &error) ||
            (error.text != NULL && (outcome.value = find_name(program, NAME_ERROR, error)) < 0)) {
            free(list->of);
            return false;
        }
        add_outcome(list, outcome);
    }
    return true;
}

/* Read one alternative of an answer: a list. */
static void parse_answer(struct parser *parser, struct word text, const char *what, int comes,
                         struct outcomes *list)
{
    struct word member, error;
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
        if ((forms[outcome.kind].comes & comes) == 0 ||
            (outcome.kind == OUTCOME_OK && outcome.value > 0 && (comes & COMES_VALUE) == 0))
            complain(parser, parser->line, "'%s' never comes to '%.*s'", what, QUOTED(member));
        add_outcome(list, outcome);
    }
}

void parse_answers(struct parser *parser, struct word text, const char *what, int comes,
                   struct outcomes **answers, int *count)
{
    struct word alternative;
    bool more = true;

    while (more) {
        struct outcomes list = {NULL, 0};

        more = take_until(&text, '|', &alternative);
        parse_answer(parser, alternative, what, comes, &list);
        *answers = grown(*answers, (size_t)*count, sizeof list);
        (*answers)[(*count)++] = list;
    }
}
