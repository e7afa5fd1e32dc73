/* shorten: delta debugging. Answers are replaced by 0, at first half of them at once, at last one
 * by one, and stay 0 if the scenario still fails in the same way. */
#include "shorten.h"

#include "execute.h"
#include "scenario/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXECUTIONS = 300, /* at most, */
    TIMES = 3         /* in at most this many times the time that one may take */
};

/* The shortest schedule so far, and the result of its execution. */
struct shortest {
    const struct session *session;
    const struct suite *suite;
    const struct test *test;
    struct answers answers;
    struct result result;
    int executions; /* left */
    double seconds; /* of the driver's time, likewise */
};

/* Execute the scenario under answers, or those of a seed if it is not 0. */
static struct result execute(struct shortest *shortest, const struct answers *answers,
                             uint64_t seed)
{
    struct result result;
    size_t size;
    char *line;
    FILE *stream = must(open_memstream(&line, &size));

    if (seed)
        schedule_write_seed(stream, seed);
    else
        schedule_write(stream, answers, NULL, 0);
    fclose(stream);
    result = execute_once(shortest->session, shortest->suite, shortest->test, must(line));
    free(line);
    shortest->seconds -= result.spent;
    return result;
}

/* Whether two executions fail in the same way, as far as one can tell. */
static bool is_same(const struct result *one, const struct result *other)
{
    const struct verdict *a = one->verdict, *b = other->verdict;
    bool found = a && a->finding_count;

    if (one->kind != other->kind || found != (b && b->finding_count))
        return false;
    return !found || (a->findings[0].line == b->findings[0].line &&
                      !strcmp(a->findings[0].rule ? a->findings[0].rule : "",
                              b->findings[0].rule ? b->findings[0].rule : ""));
}

/* Execute the scenario under other answers, which are given away. If it fails in the same way, they
 * become the shortest. */
static bool replace(struct shortest *shortest, struct answers answers)
{
    struct result result;
    bool same;

    answers_trim(&answers);
    result = execute(shortest, &answers, 0);
    same = is_same(&result, &shortest->result);
    if (same) {
        free(shortest->answers.of);
        result_free(&shortest->result);
        shortest->answers = answers;
        shortest->result = result;
    } else {
        free(answers.of);
        result_free(&result);
    }
    return same;
}

static bool fails_again(struct shortest *shortest)
{
    return replace(shortest, answers_without(&shortest->answers, 0, 0));
}

static bool seed_fails_again(struct shortest *shortest, uint64_t seed)
{
    struct result result = execute(shortest, NULL, seed);
    bool same = is_same(&result, &shortest->result);

    result_free(&result);
    return same;
}

/* ---- Shortening ---- */

static bool all_are_0(const struct answers *answers, size_t from, size_t size)
{
    size_t i;

    for (i = from; i < answers->count && i - from < size; i++)
        if (answers->of[i] != 0)
            return false;
    return true;
}

/* Replace groups of answers of that size by 0 wherever that is possible. Returns whether it was,
 * and executions and time are left. */
static bool shorten_by(struct shortest *shortest, size_t size)
{
    bool shorter = false;
    size_t from;

    for (from = 0; from < shortest->answers.count; from += size) {
        if (all_are_0(&shortest->answers, from, size))
            continue;
        if (shortest->executions-- == 0 || shortest->seconds <= 0) {
            shortest->executions = 0;
            return false;
        }
        shorter |= replace(shortest, answers_without(&shortest->answers, from, size));
    }
    return shorter;
}

static void minimise(struct shortest *shortest)
{
    size_t size;

    shortest->executions = EXECUTIONS;
    shortest->seconds = TIMES * shortest->session->seconds;
    for (size = (shortest->answers.count + 1) / 2; size > 1; size /= 2)
        shorten_by(shortest, size);
    while (shorten_by(shortest, 1))
        ;
}

void shorten(const struct session *session, const struct suite *suite, const struct test *test,
             const struct answers *answers, uint64_t seed, struct result *result)
{
    struct shortest shortest = {.session = session,
                                .suite = suite,
                                .test = test,
                                .answers = answers_without(answers, 0, 0),
                                .result = *result};

    answers_trim(&shortest.answers);
    if (result->kind == RESULT_HANG) {
        minimise(&shortest);
        seed = 0;
    } else if (fails_again(&shortest)) {
        minimise(&shortest);
        seed = 0;
        if (!fails_again(&shortest))
            result_remark(&shortest.result,
                          "but not each time: the same answers make different runs");
    } else if (!seed || !seed_fails_again(&shortest, seed))
        result_remark(&shortest.result,
                      "but not when the same schedule is executed once more, alone: "
                      "the same answers make different runs");
    shortest.result.replay =
        seed ? text_of("--seed %" PRIu64, seed) : schedule_option(&shortest.answers);
    free(shortest.answers.of);
    *result = shortest.result;
}
