/* shorten: delta debugging. Answers are replaced by 0, first half of them at once, at last one by
 * one, and stay so if the scenario still fails. */
#include "shorten.h"

#include "process.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRIES = 300, /* executions, */
    TIMES = 3    /* in so many times the time that one may take */
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* ---- Answers ---- */

struct answers answers_create(size_t count)
{
    return (struct answers){must(calloc(count + 1, sizeof(int))), count};
}

void answers_write(FILE *stream, const char *before, const struct answers *answers)
{
    size_t i;

    for (i = 0; i < answers->count; i++, before = " ")
        fprintf(stream, "%s%d", before, answers->of[i]);
}

char *answers_option(const struct answers *answers)
{
    char *text;
    FILE *stream = must(open_memstream(&text, &(size_t){0}));

    answers_write(stream, "--schedule \"", answers);
    fputs(answers->count ? "\"" : "--schedule 0", stream);
    fclose(stream);
    return must(text);
}

static void trim(struct answers *answers)
{
    while (answers->count > 0 && answers->of[answers->count - 1] == 0)
        answers->count--;
}

/* Copy answers, some of them as 0. Returns whether that makes them other ones. */
static bool without(const struct answers *answers, size_t from, size_t size, struct answers *copy)
{
    bool others = false;
    size_t i;

    *copy = answers_create(answers->count);
    for (i = 0; i < answers->count; i++) {
        copy->of[i] = i >= from && i - from < size ? 0 : answers->of[i];
        others |= copy->of[i] != answers->of[i];
    }
    return others;
}

/* ---- Trials ---- */

/* A scenario and a schedule for it, and what an execution of the two came to. */
struct trial {
    const struct run *run;
    const struct suite *suite;
    const struct test *test;
    struct answers answers;
    struct attempt attempt;
    int tries; /* left */
    double deadline;
};

static void trial_free(struct trial *trial)
{
    free(trial->answers.of);
    attempt_free(&trial->attempt);
}

static bool told(void *to, struct execution *execution)
{
    ((struct trial *)to)->attempt = execution->attempt;
    return true;
}

static void execute(struct trial *trial, uint64_t seed)
{
    char *line;
    FILE *stream = must(open_memstream(&line, &(size_t){0}));

    trim(&trial->answers);
    fputs("schedule", stream);
    if (seed)
        fprintf(stream, " seed %" PRIu64, seed);
    else
        answers_write(stream, " ", &trial->answers);
    fputc('\n', stream);
    fclose(stream);
    run_scenario(trial->run, trial->suite, trial->test, must(line), 1, told, trial);
    free(line);
}

/* Whether two executions fail in the same way, as far as one can tell. */
static bool is_same(const struct attempt *one, const struct attempt *other)
{
    const struct verdict *a = one->verdict, *b = other->verdict;
    bool found = a && a->finding_count;

    if (one->result != other->result || found != (b && b->finding_count))
        return false;
    return !found || (a->findings[0].line == b->findings[0].line &&
                      !strcmp(a->findings[0].rule ? a->findings[0].rule : "",
                              b->findings[0].rule ? b->findings[0].rule : ""));
}

/* Execute other answers; if they fail as the best ones do, they become the best. They are given
 * away. */
static bool try(struct trial *best, struct answers answers)
{
    struct trial trial = *best;
    bool same;

    trial.answers = answers;
    trial.attempt = (struct attempt){0};
    execute(&trial, 0);
    same = is_same(&trial.attempt, &best->attempt);
    trial_free(same ? best : &trial);
    if (same)
        *best = trial;
    return same;
}

static bool try_again(struct trial *best)
{
    struct answers copy;

    without(&best->answers, 0, 0, &copy);
    return try(best, copy);
}

/* ---- Shortening ---- */

/* Do without groups of answers of that size, wherever that is possible; returns whether it was, and
 * there is time for more. */
static bool pass(struct trial *best, size_t size)
{
    bool shorter = false;
    struct answers copy;
    size_t from;

    for (from = 0; from < best->answers.count; from += size) {
        if (!without(&best->answers, from, size, &copy)) {
            free(copy.of);
            continue;
        }
        if (best->tries-- == 0 || process_clock() >= best->deadline) {
            best->tries = 0;
            free(copy.of);
            return false;
        }
        shorter |= try(best, copy);
    }
    return shorter;
}

static void minimise(struct trial *best)
{
    size_t size;

    best->tries = TRIES;
    best->deadline = process_clock() + TIMES * best->run->seconds;
    for (size = (best->answers.count + 1) / 2; size > 1; size /= 2)
        pass(best, size);
    while (pass(best, 1))
        ;
}

static bool seed_fails(const struct trial *trial, uint64_t seed)
{
    struct trial again = *trial;
    bool same;

    again.answers = answers_create(0);
    again.attempt = (struct attempt){0};
    execute(&again, seed);
    same = is_same(&again.attempt, &trial->attempt);
    trial_free(&again);
    return same;
}

void shorten(const struct run *run, const struct suite *suite, const struct test *test,
             const struct answers *answers, uint64_t seed, struct attempt *attempt)
{
    struct trial best = {.run = run, .suite = suite, .test = test, .attempt = *attempt};

    without(answers, 0, 0, &best.answers);
    trim(&best.answers);
    if (attempt->result == RESULT_HANG) {
        minimise(&best);
        seed = 0;
    } else if (try_again(&best)) {
        minimise(&best);
        seed = 0;
        if (!try_again(&best))
            attempt_remark(&best.attempt,
                           "but not each time: the same answers make different runs");
    } else if (!seed || !seed_fails(&best, seed))
        attempt_remark(&best.attempt,
                       "but not when the same schedule is executed once more, alone: "
                       "the same answers make different runs");
    if (!seed)
        best.attempt.replay = answers_option(&best.answers);
    else if (asprintf(&best.attempt.replay, "--seed %" PRIu64, seed) < 0)
        abort();
    free(best.answers.of);
    *attempt = best.attempt;
}
