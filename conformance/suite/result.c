/* result: how one execution of a test ended. */
#include "result.h"

#include "scenario/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool result_is_failure(enum result_kind kind)
{
    return kind >= RESULT_FAIL;
}

const char *result_name(enum result_kind kind)
{
    static const char *const names[] = {
        [RESULT_PASS] = "pass",       [RESULT_SKIPPED] = "untested",
        [RESULT_FAIL] = "fail",       [RESULT_NOT_IMPLEMENTED] = "not implemented",
        [RESULT_HANG] = "hang",       [RESULT_CRASH] = "crash",
        [RESULT_UNKNOWN] = "unknown", [RESULT_DECLINED] = "declined",
        [RESULT_DIFFERS] = "differs", [RESULT_LACKS] = "lacks",
    };

    _Static_assert(sizeof names / sizeof *names == RESULT_KINDS, "each result has a name");
    return names[kind];
}

void result_set(struct result *result, enum result_kind kind, const char *format, ...)
{
    va_list list;
    int size;

    result->kind = kind;
    va_start(list, format);
    size = vasprintf(&result->reason, format, list);
    va_end(list);
    must(size < 0 ? NULL : result->reason);
}

void result_remark(struct result *result, const char *remark)
{
    char *reason = result->reason;

    result->reason = text_of("%s; %s", reason, remark);
    free(reason);
}

void result_free(struct result *result)
{
    free(result->reason);
    free(result->trace);
    free(result->output);
    free(result->errors);
    free(result->source);
    free(result->replay);
    free(result->lacks);
    verdict_free(result->verdict);
    *result = (struct result){0};
}
