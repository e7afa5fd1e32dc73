/* causes: the cause of a failure is the invariant that was broken, or what deviated first, or what
 * the process said last. Failures with the same words have the same cause. */
#include "causes.h"

#include "events.h"
#include "scenario/memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct finding *first_finding(const struct result *result)
{
    return result->verdict && result->verdict->finding_count ? &result->verdict->findings[0] : NULL;
}

/* What the scenario itself expects is judged first, then whether its tasks do what their programs
 * say, which no rule of a chapter demands. */
bool fails_by_invariants(const struct test *test)
{
    const struct finding *finding = first_finding(&test->result);

    return test->result.kind == RESULT_FAIL && finding && finding->rule && !finding->deviation &&
           invariant_of(finding->rule) >= 0;
}

static bool is_own(const struct test *test)
{
    return !fails_by_invariants(test) ||
           !strcmp(first_finding(&test->result)->rule, test->rule->id);
}

enum { WORDS_MAX = 200 /* bytes of a cause */ };

static char *shortened(char *words)
{
    if (strlen(words) > WORDS_MAX)
        strcpy(words + WORDS_MAX - 3, "...");
    return words;
}

/* A check that failed since a run, or a task, returned the error of a call: that call's function
 * and the error. NULL: it is no such check. */
static char *call_of(const char *reason)
{
    static const char before[] = ", got ", behind[] = ", returned by ";
    const char *error = strstr(reason, before), *call = error ? strstr(error, behind) : NULL;

    if (!call)
        return NULL;
    error += strlen(before);
    return text_of("%.*s returns %.*s", (int)strcspn(call + strlen(behind), "("),
                   call + strlen(behind), (int)(call - error), error);
}

/* A hang is told without its time, which is never the same. Two have one cause only if they stop at
 * the same operations, and one that sleeps has another than one that computes. */
static char *hang_of(const struct test *test)
{
    bool sleeps = strstr(test->result.reason, "it sleeps");
    char *at = events_stopped_at(test), *words;

    if (!test->scenario)
        words = text_of("in a check of %.*s", (int)strcspn(test->rule->id, "."), test->rule->id);
    else
        words = at ? text_of("in %s", at) : copy_of("while no operation is under way");
    free(at);
    at = words;
    words = text_of(sleeps ? "it hangs, asleep, %s" : "it hangs %s", at);
    free(at);
    return words;
}

static bool begins(const char *line, const char *words)
{
    return !strncmp(line, words, strlen(words));
}

/* How the process ended, and what it said; of a check's last call only where it is, without the way
 * there. */
static char *end_of(const struct test *test)
{
    const struct result *result = &test->result;
    char *how = result->kind == RESULT_HANG ? hang_of(test) : copy_of(result->reason);
    const char *line = result->errors ? result->errors : "";
    int size = (int)strcspn(line, begins(line, "the last call ") ? ";\n" : "\n");
    char *words = call_of(how);

    if (!words && (strncmp(how, line, (size_t)size) == 0 || strstr(how, ": expected ")))
        /* a check's, without the way to where it failed */
        words = text_of("%.*s", (int)(strstr(how, "; ") ? strstr(how, "; ") - how : INT_MAX), how);
    if (!words)
        words = text_of("%s: %.*s", how, size, line);
    free(how);
    return words;
}

char *cause_words(const struct test *test)
{
    const struct result *result = &test->result;
    const struct finding *finding = first_finding(result);

    if (!finding || (result->kind != RESULT_FAIL && !finding->line))
        return shortened(end_of(test));
    return finding->deviation
               ? shortened(copy_of(finding->deviation))
               : text_of("it breaks %s, which holds for every program", finding->rule);
}

/* How much has happened in a scenario. */
static size_t length_of(const struct test *test)
{
    return (test->result.trace ? strlen(test->result.trace) : 0) + test->result.left_out;
}

/* Whether a test explains a cause better than the one that does so far: it fails by what it expects
 * itself, or, as little is known of a hang or a crash, it has a program, or less has happened. */
static bool explains_better(const struct test *test, const struct cause *cause)
{
    const struct test *other = cause->tests[0];

    if (is_own(test) != is_own(other))
        return is_own(test);
    if (test->result.kind == RESULT_FAIL || !test->scenario)
        return false;
    return !other->scenario || length_of(test) < length_of(other);
}

static void add_test(struct cause *cause, const struct test *test)
{
    size_t at = cause->count && explains_better(test, cause) ? 0 : cause->count;

    cause->tests = grown(cause->tests, cause->count, sizeof(struct test *));
    memmove(&cause->tests[at + 1], &cause->tests[at],
            (cause->count++ - at) * sizeof(struct test *));
    cause->tests[at] = test;
    cause->own |= is_own(test);
}

static struct cause *find_cause(struct causes *causes, char *words)
{
    size_t i;

    for (i = 0; i < causes->count; i++) {
        if (!strcmp(causes->of[i].words, words)) {
            free(words);
            return &causes->of[i];
        }
    }
    causes->of = grown(causes->of, causes->count, sizeof *causes->of);
    causes->of[causes->count] = (struct cause){.words = words};
    return &causes->of[causes->count++];
}

static void put_own_first(struct causes *causes)
{
    struct cause *sorted = zeroed(causes->count, sizeof *sorted);
    size_t placed = 0, i;
    int own;

    for (own = 1; own >= 0; own--)
        for (i = 0; i < causes->count; i++)
            if (causes->of[i].own == own)
                sorted[placed++] = causes->of[i];
    free(causes->of);
    causes->of = sorted;
}

struct causes causes_find(const struct suite *suite)
{
    struct causes causes = {0};
    size_t i;

    for (i = 0; i < suite->count; i++) {
        const struct test *test = &suite->tests[i];

        if (test->chosen && test->result.kind >= RESULT_FAIL)
            add_test(find_cause(&causes, cause_words(test)), test);
    }
    put_own_first(&causes);
    return causes;
}

void causes_free(struct causes *causes)
{
    size_t i;

    for (i = 0; i < causes->count; i++) {
        free(causes->of[i].words);
        free(causes->of[i].tests);
    }
    free(causes->of);
}
