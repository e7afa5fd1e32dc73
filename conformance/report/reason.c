/* reason: why an execution did not pass, in a few lines, and why a rule was not tested. */
#include "reason.h"

#include "scenario/memory.h"

void reason_write(FILE *stream, const struct result *result)
{
    const struct verdict *verdict = result->verdict;
    int i;

    fprintf(stream, "  %s\n", result->reason ? result->reason : "");
    if (result->replay)
        fprintf(stream, "  with %s\n", result->replay);
    for (i = 0; verdict && i < verdict->finding_count; i++) {
        const struct finding *finding = &verdict->findings[i];

        if (finding->line)
            fprintf(stream, "  line %d:\n", finding->line);
        if (finding->rule)
            fprintf(stream, "  rule %s, which holds for every program:\n", finding->rule);
        fprintf(stream, "    expected: %s\n    observed: %s\n", finding->expected,
                finding->observed);
    }
    if (verdict && verdict->more)
        fprintf(stream, "  and %d more\n", verdict->more);
}

char *reason_line(const struct result *result)
{
    const struct finding *finding = result->verdict ? &result->verdict->findings[0] : NULL;

    if (!finding || result->verdict->finding_count == 0)
        return copy_of(result->reason ? result->reason : "");
    return text_of("expected %s; observed %s", finding->expected, finding->observed);
}

const struct test *reason_first(const struct suite_rule *rule, enum result_kind kind)
{
    size_t i;

    for (i = 0; i < rule->count; i++)
        if (rule->tests[i].chosen && rule->tests[i].result.kind == kind)
            return &rule->tests[i];
    return NULL;
}

const char *reason_untested(const struct suite_rule *rule)
{
    const struct test *test = reason_first(rule, RESULT_SKIPPED);

    if (rule->count == 0)
        return rule->rule->untested;
    if (rule->left_out)
        return "some of its tests were left out";
    test = test && test->result.reason ? test : reason_first(rule, RESULT_DECLINED);
    return test && test->result.reason ? test->result.reason : "it was not executed";
}
