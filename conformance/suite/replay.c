/* replay: what is compared are the bytes that the driver printed. */
#include "replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SHOWN = 200 /* characters */ };

static const char rule[] = "R13.6";

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void replay_differs(struct attempt *attempt, const char *format, ...)
{
    struct verdict *verdict = must(calloc(1, sizeof *verdict));
    va_list list;

    va_start(list, format);
    if (vasprintf(&verdict->findings[0].observed, format, list) < 0)
        abort();
    va_end(list);
    verdict->findings[0].expected = must(strdup("the same answers make the same run"));
    verdict->findings[0].rule = rule;
    verdict->finding_count = 1;
    verdict->kind = VERDICT_FAIL;
    attempt_free(attempt);
    *attempt = (struct attempt){.result = RESULT_FAIL, .verdict = verdict};
    attempt->reason = must(strdup("the same answers make different runs"));
}

bool replay_is_other(const struct attempt *attempt)
{
    const struct verdict *verdict = attempt->verdict;

    return verdict && verdict->finding_count && verdict->findings[0].rule == rule;
}

static bool is_same(const char *earlier, size_t size, const struct execution *execution)
{
    return size == execution->size && !memcmp(earlier, execution->text, size);
}

void replay_compare(const char *earlier, size_t size, struct execution *execution)
{
    const char *later = execution->text;
    size_t later_size = execution->size;
    int line = 1;

    if (is_same(earlier, size, execution))
        return;
    for (;; line++) {
        const char *end = memchr(earlier, '\n', size), *later_end = memchr(later, '\n', later_size);
        size_t length = end ? (size_t)(end - earlier) : size;
        size_t later_length = later_end ? (size_t)(later_end - later) : later_size;

        if (!end || !later_end || length != later_length || memcmp(earlier, later, length) != 0) {
            replay_differs(&execution->attempt,
                           "line %d of the trace is '%.*s' once, and '%.*s' then", line,
                           length < LINE_SHOWN ? (int)length : LINE_SHOWN, earlier,
                           later_length < LINE_SHOWN ? (int)later_length : LINE_SHOWN, later);
            return;
        }
        earlier = end + 1, size -= length + 1;
        later = later_end + 1, later_size -= later_length + 1;
    }
}

/* The first of two executions. */
struct first {
    struct attempt *attempt;
    char *text; /* NULL: there was none yet */
    size_t size;
};

static bool told(void *to, struct execution *execution)
{
    struct first *first = to;
    bool same;

    if (!first->text) {
        *first->attempt = execution->attempt;
        first->text = must(malloc(execution->size + 1));
        first->size = execution->size;
        memcpy(first->text, execution->text, execution->size);
        return execution->attempt.result != RESULT_NOT_IMPLEMENTED;
    }
    same = is_same(first->text, first->size, execution);
    if (first->attempt->result == RESULT_PASS) {
        attempt_free(first->attempt);
        if (execution->attempt.result == RESULT_PASS)
            replay_compare(first->text, first->size, execution);
        *first->attempt = execution->attempt;
    } else
        attempt_free(&execution->attempt);
    if (!same && !replay_is_other(first->attempt))
        attempt_remark(first->attempt, "and the same answers make different runs");
    return true;
}

void replay(const struct run *run, const struct suite *suite, struct test *test)
{
    struct first first = {.attempt = &test->attempt};
    char *twice;

    if (asprintf(&twice, "%s%s", run->schedule, run->schedule) < 0)
        abort();
    run_scenario(run, suite, test, twice, 2, told, &first);
    test->attempt.replay = must(strdup(run->replay));
    free(first.text);
    free(twice);
}
