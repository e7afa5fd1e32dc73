/* litmus: goes through all shapes, shorter ones first. The model says what a program can do, and
 * the program is kept if no program before it could do just that. */
#include "litmus.h"

#include "hashes.h"
#include "litmus_shapes.h"
#include "scenario/memory.h"
#include "search.h"

#include <stdlib.h>
#include <string.h>

enum {
    STATES = 300,   /* of a program that are looked at */
    MAIN_MOST = 2,  /* letters */
    CHILD_MOST = 2, /* letters of each of two children, */
    ONE_MOST = 4,   /* and of one alone */
    LETTERS_IN_ALL = 5
};

struct kept {
    char *name;
    char *text;
    bool first; /* it reaches something that none before it does */
};

struct litmus {
    struct kept *of;
    size_t count;
    size_t most; /* with the family that is looked at */
    struct hashes behaviours;
    bool reached[OPERATION_KINDS][OUTCOME_KINDS];
    bool taken[OPERATION_KINDS][FREEDOM_KINDS];
};

/* ---- What a program reaches ---- */

static bool reach(bool *there)
{
    bool new = !*there;

    *there = true;
    return new;
}

struct sum {
    uint64_t words[PROGRAM_LINES_MAX + 8];
    size_t count;
};

/* The outcomes of an operation, in any order. */
static bool add_outcomes(struct litmus *litmus, const struct search *search, int place,
                         struct sum *sum)
{
    const struct seen *seen = &search->watch.operations[place];
    enum operation_kind kind = search->model->program->operations[place].kind;
    uint64_t all = 0;
    bool first = false;

    for (int i = 0; i < seen->count; i++) {
        struct outcomes outcomes = lists_outcomes(search->model->lists, seen->lists[i], true);

        for (size_t j = 0; j < outcomes.count; j++) {
            all += ((uint64_t)outcomes.of[j].kind * 31 + (uint64_t)outcomes.of[j].value + 7) *
                   (0x9e3779b97f4a7c15u + j);
            first |= reach(&litmus->reached[kind][outcomes.of[j].kind]);
        }
        free(outcomes.of);
    }
    sum->words[sum->count++] = all + (uint64_t)kind;
    return first;
}

/* Whether a program has other behaviours than those before it; *first: and reaches something new.
 */
static bool is_worth(struct litmus *litmus, const struct program *program, bool *first)
{
    struct search search;
    struct sum sum = {.count = 0};

    search_create(&search, program, STATES);
    search_run(&search);
    *first = false;
    for (int i = 0; i < program->operation_count; i++) {
        *first |= add_outcomes(litmus, &search, i, &sum);
        for (int f = 0; f < FREEDOM_KINDS; f++)
            if (search.model->used[f])
                *first |= reach(&litmus->taken[program->operations[i].kind][f]);
    }
    sum.words[sum.count++] = search.states;
    sum.words[sum.count++] = search.steps;
    sum.words[sum.count++] = (uint64_t)search.watch.run.count;
    search_free(&search);
    return hashes_add(&litmus->behaviours,
                      state_hash((const unsigned char *)sum.words, sum.count * sizeof *sum.words));
}

/* A shape may be no program, such as one that uses a name that it has not made. */
static void be_silent(void *to, int line, const char *text)
{
    (void)to, (void)line, (void)text;
}

static void consider(struct litmus *litmus, const struct shape *shape)
{
    char name[SHAPE_NAME_MAX], *text = shape_text(shape);
    struct program *program = program_parse(text, strlen(text), PROGRAM_STRIPPED, be_silent, NULL);
    bool first;

    if (program && !model_lacks(program) && is_worth(litmus, program, &first)) {
        shape_name(shape, name);
        litmus->of = grown(litmus->of, litmus->count, sizeof *litmus->of);
        litmus->of[litmus->count++] = (struct kept){copy_of(name), text, first};
        text = NULL;
    }
    if (program)
        program_free(program);
    free(text);
}

/* ---- All shapes ---- */

/* The next letters of the same length. False: these were the last. */
static bool next_letters(char *letters, const struct letter *of)
{
    for (size_t i = strlen(letters); i-- > 0;) {
        int at = 0;

        while (of[at].letter != letters[i])
            at++;
        if (at + 1 < LETTERS_MAX && of[at + 1].letter) {
            letters[i] = of[at + 1].letter;
            return true;
        }
        letters[i] = of[0].letter;
    }
    return false;
}

static void first_letters(char *letters, const struct letter *of, int length)
{
    memset(letters, of[0].letter, (size_t)length);
    letters[length] = '\0';
}

/* What is the same with the children exchanged. */
static bool is_mirrored(const struct shape *shape)
{
    return shape->places[0] == shape->places[1] && shape->end != 'x' && shape->main[0] == '\0' &&
           strcmp(shape->child[0], shape->child[1]) > 0;
}

static void consider_ends(struct litmus *litmus, struct shape *shape)
{
    for (int i = 0; i < LETTERS_MAX && shape->family->ends[i].letter; i++) {
        shape->end = shape->family->ends[i].letter;
        if (litmus->count < litmus->most && !is_mirrored(shape))
            consider(litmus, shape);
    }
}

/* All letters of these numbers. */
static void consider_letters(struct litmus *litmus, struct shape *shape, int main, int one, int two)
{
    const struct family *family = shape->family;

    first_letters(shape->main, family->main, main);
    do {
        first_letters(shape->child[0], family->child, one);
        do {
            first_letters(shape->child[1], family->child, two);
            do
                consider_ends(litmus, shape);
            while (litmus->count < litmus->most && next_letters(shape->child[1], family->child));
        } while (litmus->count < litmus->most && next_letters(shape->child[0], family->child));
    } while (litmus->count < litmus->most && next_letters(shape->main, family->main));
}

/* All shapes of a family with this number of letters in all. */
static void consider_family(struct litmus *litmus, const struct family *family, int letters)
{
    for (int p = 0; places[p]; p++) {
        struct shape shape = {.family = family, .places = places[p]};
        bool two = places[p][1];

        for (int main = 0; main <= MAIN_MOST && main <= letters; main++)
            for (int one = 0; one <= (two ? CHILD_MOST : ONE_MOST) && main + one <= letters; one++)
                if (two ? letters - main - one <= CHILD_MOST : main + one == letters)
                    consider_letters(litmus, &shape, main, one, letters - main - one);
    }
}

/* All shapes with this number of letters. Each family has its share of the programs that are
 * wanted. */
static void consider_length(struct litmus *litmus, int letters, size_t most)
{
    size_t left = 0;

    while (families[left].name)
        left++;
    for (const struct family *family = families; family->name; family++, left--) {
        litmus->most = litmus->count + (most - litmus->count + left - 1) / left;
        consider_family(litmus, family, letters);
    }
}

/* ---- The chapter ---- */

static void write_head(FILE *stream)
{
    fputs("# Litmus programs\n\n### R99.1 Whatever a small program does is allowed  {MUST}\n\n"
          "The rules allow all that a program does.\n\nWhy: rules have no exceptions.\n\n"
          "Source: the shapes of the model.\n",
          stream);
}

/* The oracle does not ask how the run ends. */
static void write_program(FILE *stream, const char *name, const char *text)
{
    fprintf(stream, "\nA shape:\n\n```scenario %s\n%sexpect run ok\n```\n", name, text);
}

size_t litmus_write(FILE *stream, size_t most)
{
    struct litmus litmus = {.count = 0};

    most = most < LITMUS_MOST ? most : LITMUS_MOST;
    hashes_create(&litmus.behaviours);
    for (int letters = 0; letters <= LETTERS_IN_ALL; letters++)
        consider_length(&litmus, letters, most);
    write_head(stream);
    for (int first = 1; first >= 0; first--)
        for (size_t i = 0; i < litmus.count; i++)
            if (litmus.of[i].first == first)
                write_program(stream, litmus.of[i].name, litmus.of[i].text);
    for (size_t i = 0; i < litmus.count; i++) {
        free(litmus.of[i].name);
        free(litmus.of[i].text);
    }
    free(litmus.of);
    hashes_free(&litmus.behaviours);
    return litmus.count;
}

bool litmus_write_one(FILE *stream, const char *name)
{
    struct shape shape;
    char *text;

    if (!shape_named(&shape, name))
        return false;
    text = shape_text(&shape);
    write_head(stream);
    write_program(stream, name, text);
    free(text);
    return true;
}
