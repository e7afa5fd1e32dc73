/* outcomes.c: writes and reads the outcomes of an operation or a run. */
#include "parser.h"

#include "memory.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    int possible; /* operations that have one of these can have this outcome */
} forms[] = {
    [OUTCOME_OK] = {"ok", CAN_BE_OK},
    [OUTCOME_FAILED] = {"failed", CAN_BE_FAILED},
    [OUTCOME_CANCELLED] = {"cancelled", CAN_BE_CANCELLED},
    [OUTCOME_STILL_HAS_CHILDREN] = {"still-has-children", CAN_BE_ERROR},
    [OUTCOME_RESOURCE_LEAKED] = {"resource-leaked", CAN_BE_ERROR},
    [OUTCOME_NOT_A_CHILD] = {"not-a-child", CAN_BE_ERROR},
    [OUTCOME_NOT_OWNER] = {"not-owner", CAN_BE_ERROR},
    [OUTCOME_NO_DOMAIN_AVAILABLE] = {"no-domain-available", CAN_BE_ERROR},
    [OUTCOME_IN_FINALISER] = {"in-finaliser", CAN_BE_ERROR},
    [OUTCOME_NOT_RUNNING] = {"not-running", CAN_BE_ERROR},
    [OUTCOME_NO_MONITOR] = {"no-monitor", CAN_BE_ERROR},
    [OUTCOME_DEADLOCK] = {"deadlock", CAN_BE_ERROR},
    [OUTCOME_UNDEFINED] = {"undefined", CAN_BE_ERROR},
    [OUTCOME_INVALID] = {"invalid", CAN_BE_ERROR},
    [OUTCOME_BUSY] = {"busy", CAN_BE_ERROR},
    [OUTCOME_NO_MEMORY] = {"no-memory", CAN_BE_ERROR},
    [OUTCOME_NOT_PERMITTED] = {"not-permitted", CAN_BE_ERROR},
    [OUTCOME_WOULD_DEADLOCK] = {"would-deadlock", CAN_BE_ERROR},
    [OUTCOME_ALREADY] = {"already", CAN_BE_ERROR},
    [OUTCOME_ON_CANCELLATION_FAILED] = {"on-cancellation-failed", CAN_BE_ERROR},
    [OUTCOME_BAD_DESCRIPTOR] = {"bad-descriptor", CAN_BE_ERROR},
    [OUTCOME_REFUSED] = {"refused", CAN_BE_ERROR},
    [OUTCOME_RESET] = {"reset", CAN_BE_ERROR},
    [OUTCOME_BROKEN_PIPE] = {"broken-pipe", CAN_BE_ERROR},
    [OUTCOME_ADDRESS_IN_USE] = {"address-in-use", CAN_BE_ERROR},
    [OUTCOME_CONNECTED] = {"connected", CAN_BE_ERROR},
    [OUTCOME_TOO_LONG] = {"too-long", CAN_BE_ERROR},
    [OUTCOME_NO_DESCRIPTORS] = {"no-descriptors", CAN_BE_ERROR},
    [OUTCOME_END_OF_FILE] = {"end-of-file", CAN_BE_ERROR},
    [OUTCOME_EXPIRED] = {"expired", CAN_BE_ERROR},
    [OUTCOME_NOT_SUPPORTED] = {"not-supported", CAN_BE_ERROR},
    [OUTCOME_GARBLED] = {"garbled", CAN_BE_NOTHING},
    [OUTCOME_ERROR] = {"error", CAN_BE_ERROR},
    [OUTCOME_STOPPED] = {"stopped", CAN_BE_STOPPED},
    [OUTCOME_EMPTY] = {"empty", CAN_BE_EMPTY},
    [OUTCOME_RUNNING] = {"running", CAN_BE_RUNNING},
    [OUTCOME_ENDED] = {"ended", CAN_BE_ENDED},
    [OUTCOME_TAKEN] = {"taken", CAN_BE_TAKEN},
    [OUTCOME_FINISHED] = {"finished", CAN_BE_STATE},
    [OUTCOME_EXITED] = {"exited", CAN_BE_STATE},
    [OUTCOME_NONE] = {"none", CAN_BE_NONE},
    [OUTCOME_ABSENT] = {"absent", CAN_BE_NOTHING},
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

/* ---- Errors of other languages ---- */

enum { FOREIGN_MAX = 256 /* names; all others are one */ };

static char *foreign[FOREIGN_MAX];
static int foreign_count;
static pthread_mutex_t foreign_lock = PTHREAD_MUTEX_INITIALIZER;

/* A number below 0 for the name of an error, the same for the same name. */
static int foreign_number(struct word name)
{
    int i = 0;

    pthread_mutex_lock(&foreign_lock);
    while (i < foreign_count && !word_is(name, foreign[i]))
        i++;
    if (i == foreign_count && i < FOREIGN_MAX)
        foreign[foreign_count++] = must(strndup(name.text, name.size));
    pthread_mutex_unlock(&foreign_lock);
    return -1 - i;
}

static const char *foreign_name(int number)
{
    return -1 - number < FOREIGN_MAX ? foreign[-1 - number] : "of-some-name";
}

/* Read `error NAME`, which no scenario expects. */
static bool parse_foreign(struct word text, struct outcome *outcome)
{
    struct word first = take_word(&text), name = take_word(&text);

    if (!word_is(first, forms[OUTCOME_ERROR].word) || !is_name(name) || take_word(&text).size > 0)
        return false;
    *outcome = (struct outcome){OUTCOME_ERROR, foreign_number(name)};
    return true;
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
    if (outcome.kind == OUTCOME_ERROR && outcome.value < 0)
        return snprintf(buffer, size, "%s %s", word, foreign_name(outcome.value));
    if (outcome.kind == OUTCOME_ERROR || (outcome.kind == OUTCOME_OK && outcome.value != 0))
        return snprintf(buffer, size, "%s %d", word, outcome.value);
    if (strlen(word) >= size)
        return snprintf(buffer, size, "%s", word);
    return (int)(stpcpy(buffer, word) - buffer); /* sooner: most outcomes are a word */
}

void outcomes_fold(struct outcomes *list)
{
    for (size_t i = 1; i < list->count; i++)
        if (!outcome_equal(list->of[0], list->of[i]))
            return;
    list->count = 1;
}

void outcomes_add(struct outcomes *list, struct outcome outcome)
{
    list->of = grown(list->of, list->count, sizeof outcome);
    list->of[list->count++] = outcome;
}

bool outcomes_parse(struct outcomes *list, const struct program *program, const char *text,
                    size_t size)
{
    struct word rest = {text, size}, member, error;
    bool more = true;

    while (more) {
        struct outcome outcome;

        more = take_until(&rest, ',', &member);
        if (!parse_outcome(member, &outcome, &error)) {
            if (!parse_foreign(member, &outcome))
                return false;
        } else if (error.text != NULL) {
            outcome.value = find_name(program, NAME_ERROR, error);
            if (outcome.value < 0)
                return false;
        }
        outcomes_add(list, outcome);
    }
    return true;
}

/* Read one alternative of an answer: a list, which has room for its members. */
static void parse_answer(struct parser *parser, struct word text, const char *what, int possible,
                         struct outcomes *list)
{
    struct word member, error;
    bool more = true;

    while (more) {
        struct outcome outcome;

        more = take_until(&text, ',', &member);
        member = word_trim(member);
        if (!parse_outcome(member, &outcome, &error)) {
            complain(parser, parser->line, "'%.*s' is not an outcome", QUOTED(member));
            continue;
        }
        if (error.text != NULL)
            outcome.value = number_of_name(parser, NAME_ERROR, error);
        if ((forms[outcome.kind].possible & possible) == 0 ||
            (outcome.kind == OUTCOME_OK && outcome.value > 0 && (possible & CAN_BE_VALUE) == 0))
            complain(parser, parser->line, "'%s' cannot have the outcome '%.*s'", what,
                     QUOTED(member));
        list->of[list->count++] = outcome;
    }
}

/* How many outcomes there can be in all alternatives of an answer: each separator begins one. */
static size_t count_members(struct word text)
{
    size_t count = 1;

    for (size_t i = 0; i < text.size; i++)
        count += text.text[i] == '|' || text.text[i] == ',';
    return count;
}

void parse_answers(struct parser *parser, struct word text, const char *what, int possible,
                   struct outcomes **answers, int *count)
{
    size_t members = count_members(text);
    struct word alternative;
    struct outcome *room;
    bool more = true;

    *answers = zeroed(members, sizeof **answers + sizeof *room);
    room = (struct outcome *)(*answers + members);
    for (*count = 0; more; ++*count) {
        struct outcomes *list = &(*answers)[*count];

        more = take_until(&text, '|', &alternative);
        list->of = room;
        parse_answer(parser, alternative, what, possible, list);
        room += list->count;
    }
}
