/* replay: executes a schedule twice and compares the bytes that the driver printed. */
#include "replay.h"

#include "scenario/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SHOWN = 200 /* characters */ };

static const char rule[] = "R13.6";

bool replay_is_asked(const struct session *session)
{
    return !session->excused || !session->excused->of[invariant_of(rule)];
}

void replay_differs(struct result *result, const char *format, ...)
{
    struct verdict *verdict = zeroed(1, sizeof *verdict);
    char *observed = NULL;
    va_list list;
    int size;

    va_start(list, format);
    size = vasprintf(&observed, format, list);
    va_end(list);
    verdict->findings[0] =
        (struct finding){.rule = rule,
                         .expected = copy_of("the same answers make the same run"),
                         .observed = must(size < 0 ? NULL : observed)};
    verdict->finding_count = 1;
    verdict->kind = VERDICT_FAIL;
    verdict->broken.of[invariant_of(rule)] = true;
    result_free(result);
    result->verdict = verdict;
    result_set(result, RESULT_FAIL, "the same answers make different runs");
}

bool replay_has_differed(const struct result *result)
{
    const struct verdict *verdict = result->verdict;

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
            replay_differs(&execution->result,
                           "line %d of the trace is '%.*s' once, and '%.*s' then", line,
                           length < LINE_SHOWN ? (int)length : LINE_SHOWN, earlier,
                           later_length < LINE_SHOWN ? (int)later_length : LINE_SHOWN, later);
            return;
        }
        earlier = end + 1, size -= length + 1;
        later = later_end + 1, later_size -= later_length + 1;
    }
}

/* Judge the second execution by the text of the first, whose result it replaces if that passed. */
static void compare_second(const struct session *session, struct result *result, const char *first,
                           size_t size, struct execution *second)
{
    bool same = !replay_is_asked(session) || is_same(first, size, second);

    if (result->kind == RESULT_PASS) {
        result_free(result);
        if (second->result.kind == RESULT_PASS && !same)
            replay_compare(first, size, second);
        *result = second->result;
    } else
        result_free(&second->result);
    if (!same && !replay_has_differed(result))
        result_remark(result, "and the same answers make different runs");
}

void replay(const struct session *session, const struct suite *suite, struct test *test,
            const char *schedule, const char *option)
{
    char *twice = text_of("%s%s", schedule, schedule);
    struct execution first, second;
    struct batch batch;

    batch_run(&batch, session, suite, test, twice, 2);
    batch_next(&batch, &first);
    test->result = first.result;
    if (first.result.kind != RESULT_NOT_IMPLEMENTED && batch_next(&batch, &second))
        compare_second(session, &test->result, first.text, first.size, &second);
    batch_free(&batch);
    test->result.replay = copy_of(option);
    free(twice);
}
