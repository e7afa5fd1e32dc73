/* reason: why an execution did not pass, in a few lines, and why a rule was not tested. */
#include "reason.h"

#include "alike.h"
#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- The reason ---- */

struct reason reason_split(const char *text)
{
    static const char before[] = ": expected ", between[] = ", got ", behind[] = "; ";
    const char *expected = strstr(text, before);
    const char *observed = expected ? strstr(expected, between) : NULL, *where;
    struct reason reason = {0};
    char *at;

    if (!observed) {
        reason.what = copy_of(text);
        return reason;
    }
    reason.what = must(strndup(text, (size_t)(expected - text)));
    expected += strlen(before);
    reason.expected = must(strndup(expected, (size_t)(observed - expected)));
    observed += strlen(between);
    where = strstr(observed, behind);
    where = where ? where : observed + strlen(observed);
    reason.observed = must(strndup(observed, (size_t)(where - observed)));
    if (!*where)
        return reason;
    reason.where = copy_of(where + strlen(behind));
    for (at = reason.where; (at = strstr(at, behind)); at++) {
        *at = '\n';
        memmove(at + 1, at + 2, strlen(at + 2) + 1);
    }
    return reason;
}

void reason_free(struct reason *reason)
{
    free(reason->what);
    free(reason->expected);
    free(reason->observed);
    free(reason->where);
}

static void write_sides(FILE *stream, const char *expected, const char *observed)
{
    fprintf(stream, "    expected: %s\n    observed: %s\n", expected, observed);
}

static void write_reason(FILE *stream, const char *text)
{
    struct reason reason = reason_split(text);
    char *line = reason.where;

    fprintf(stream, "  %s\n", reason.what);
    if (reason.expected)
        write_sides(stream, reason.expected, reason.observed);
    while (line && *line) {
        size_t size = strcspn(line, "\n");

        fprintf(stream, "    %.*s\n", (int)size, line);
        line += size + (line[size] == '\n');
    }
    reason_free(&reason);
}

/* ---- Findings ---- */

const char *reason_title(const struct suite *suite, const char *id)
{
    size_t i;

    for (i = 0; i < suite->rule_count; i++)
        if (!strcmp(suite->rules[i].rule->id, id))
            return suite->rules[i].rule->title;
    return "";
}

bool reason_is_of_oracle(const struct finding *finding)
{
    return finding->rule && finding->deviation;
}

const struct rule *reason_next_rule(const struct suite *suite, const char **at, const char *text)
{
    const char *id;
    size_t size;

    while ((id = finding_next_rule(at, text, &size)))
        for (size_t i = 0; i < suite->rule_count; i++)
            if (strlen(suite->rules[i].rule->id) == size &&
                !memcmp(suite->rules[i].rule->id, id, size))
                return suite->rules[i].rule;
    return NULL;
}

/* Write the titles of the rules that the oracle has named. */
static void write_rules(FILE *stream, const struct suite *suite, const struct finding *finding)
{
    char *text = text_of("%s %s", finding->expected, finding->observed);
    const char *at = text;
    const struct rule *rule;

    while ((rule = reason_next_rule(suite, &at, text)))
        fprintf(stream, "    %s: %s\n", rule->id, rule->title);
    free(text);
}

static void write_finding(FILE *stream, const struct suite *suite, const struct verdict *verdict,
                          int index)
{
    const struct finding *finding = &verdict->findings[index];
    const char *title = finding->rule ? reason_title(suite, finding->rule) : "";

    if (finding->line)
        fprintf(stream, "  line %d:\n", finding->line);
    if (reason_is_of_oracle(finding))
        fprintf(stream, "  no run that the rules allow goes on like this:\n");
    else if (finding->rule)
        fprintf(stream, "  rule %s, which holds for every program: %s\n", finding->rule, title);
    write_sides(stream, finding->expected, finding->observed);
    if (reason_is_of_oracle(finding))
        write_rules(stream, suite, finding);
    if (alike_write(stream, verdict, index, "    and "))
        fputc('\n', stream);
}

void reason_write(FILE *stream, const struct suite *suite, const struct result *result)
{
    const struct verdict *verdict = result->verdict;
    int i;

    write_reason(stream, result->reason ? result->reason : "");
    if (result->replay)
        fprintf(stream, "  with %s\n", result->replay);
    for (i = 0; verdict && i < verdict->finding_count; i++)
        if (alike_is_first(verdict, i))
            write_finding(stream, suite, verdict, i);
    if (verdict && verdict->more)
        fprintf(stream, "  and %d more findings\n", verdict->more);
}

char *reason_line(const struct result *result)
{
    const struct finding *finding = result->verdict ? &result->verdict->findings[0] : NULL;

    if (!finding || result->verdict->finding_count == 0)
        return copy_of(result->reason ? result->reason : "");
    return text_of("%s: expected %s; observed %s", result->reason, finding->expected,
                   finding->observed);
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
        return "the session stopped before all of its tests had been executed";
    test = test && test->result.reason ? test : reason_first(rule, RESULT_DECLINED);
    return test && test->result.reason ? test->result.reason : "it was not executed";
}
