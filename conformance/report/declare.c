/* declare: what failed becomes lines `WHAT fails REASON`, below the cause of each group. With these
 * lines another session of the same runtime has nothing unexpected. */
#include "declare.h"

#include "causes.h"
#include "scenario/memory.h"
#include "suite/differences.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether a test needs a line of its own, or its rule one: it fails by more than invariants, which
 * have lines of their own. */
static bool needs_line(const struct test *test)
{
    return test->chosen && test->result.kind >= RESULT_FAIL && !fails_by_invariants(test);
}

/* Whether one line for the rule says as much as one for each of its tests. */
static bool fails_as_a_whole(const struct suite_rule *rule)
{
    bool all = true, any = false;
    size_t i;

    for (i = 0; i < rule->count; i++) {
        const struct test *test = &rule->tests[i];

        any |= needs_line(test);
        all &= test->chosen && !test->difference &&
               (needs_line(test) || test->result.kind == RESULT_NOT_IMPLEMENTED ||
                test->result.kind == RESULT_SKIPPED || test->result.kind == RESULT_DECLINED);
    }
    return all && any;
}

static const struct suite_rule *rule_of(const struct suite *suite, const char *id)
{
    size_t i;

    for (i = 0; i < suite->rule_count; i++)
        if (!strcmp(suite->rules[i].rule->id, id))
            return &suite->rules[i];
    return NULL;
}

/* Write the line of a test, or of its whole rule with the first of them. */
static void write_test(FILE *stream, const struct suite *suite, const struct test *test,
                       const char *words)
{
    const struct suite_rule *rule = rule_of(suite, test->rule->id);
    const struct test *first = rule->tests;

    if (!needs_line(test))
        return;
    if (!fails_as_a_whole(rule)) {
        fprintf(stream, "%s fails %s\n", test->id, words);
        return;
    }
    while (!needs_line(first))
        first++;
    if (test == first)
        fprintf(stream, "%s fails %s\n", test->rule->id, words);
}

/* Invariants that were broken and are not excused, nor are by a line of their rule. */
static void write_invariants(FILE *stream, const struct suite *suite)
{
    bool any = false;
    size_t t;
    int i;

    for (i = 0; i < INVARIANTS; i++) {
        const struct suite_rule *rule = rule_of(suite, invariant_rules[i]);
        bool broken = false;

        for (t = 0; t < suite->count; t++) {
            const struct test *test = &suite->tests[t];

            broken |= test->chosen && result_is_failure(test->result.kind) &&
                      test->result.verdict && test->result.verdict->broken.of[i];
        }
        if (!broken || (suite->differences && suite->differences->excused.of[i]) ||
            (rule && fails_as_a_whole(rule)))
            continue;
        if (!any)
            fputs("\n# Rules that hold for every program, broken in tests of any rule\n", stream);
        any = true;
        fprintf(stream, "invariant:%s fails %s\n", invariant_rules[i],
                rule ? rule->rule->title : "a rule of no chapter");
    }
}

/* Whether the runtime has carried out an operation in a test, though perhaps not with all operands
 * that there are. */
static bool has_some(const struct suite *suite, const char *item)
{
    size_t t;
    int i;

    for (t = 0; t < suite->count; t++) {
        const struct test *test = &suite->tests[t];
        const struct program *program = test->scenario ? test->scenario->program : NULL;

        if (!program || test->result.kind != RESULT_PASS)
            continue;
        for (i = 0; i < program->operation_count; i++) {
            const struct operation *operation = &program->operations[i];
            const char *function = operation_function(operation->kind);

            if (function && !strcmp(function, item) && !program_can_lack(program, operation))
                return true;
        }
    }
    return false;
}

/* What a test lacks, as a file of differences calls it. NULL: it has no name there, or the runtime
 * has some of it. */
static const char *lacking_word(const struct suite *suite, const struct test *test)
{
    enum operation_kind kind = operation_calling(test->result.lacks);
    const char *word = kind < OPERATION_KINDS ? operation_word(kind) : test->result.lacks;

    return difference_item(word) && !has_some(suite, test->result.lacks) ? word : NULL;
}

/* Add a line for what a test lacks to those that were told, unless it is among them. */
static void tell_missing(char **told, const struct suite *suite, const struct test *test)
{
    const char *word = lacking_word(suite, test);
    char *line = text_of("\n%s lacks ", word ? word : test->rule->id), *longer;

    if (!strstr(*told, line)) {
        longer = text_of("%s%s%s\n", *told, line + 1, test->result.reason);
        free(*told);
        *told = longer;
    }
    free(line);
}

/* An operation that is missing altogether has one line, whichever rules need it. */
static void write_missing(FILE *stream, const struct suite *suite)
{
    char *told = copy_of("\n# Not implemented\n");
    size_t r, t;

    for (r = 0; r < suite->rule_count; r++) {
        const struct suite_rule *rule = &suite->rules[r];
        bool missing = rule->chosen && suite_result(rule) == RESULT_NOT_IMPLEMENTED;

        for (t = 0; missing && t < rule->count; t++)
            if (rule->tests[t].chosen && rule->tests[t].result.kind == RESULT_NOT_IMPLEMENTED)
                tell_missing(&told, suite, &rule->tests[t]);
    }
    fputs(strstr(told, " lacks ") ? told : "", stream);
    free(told);
}

static void write_lines(FILE *stream, const struct suite *suite)
{
    struct causes causes = causes_find(suite);
    size_t i, t;

    fputs("# WHAT VERDICT REASON: give each line its verdict and its reason.\n"
          "# differs: on purpose, not executed. fails: a known bug, executed. varies: a race, "
          "executed.\n# lacks: an operation that is not there. declines: a part of the interface "
          "that is left out.\n",
          stream);
    for (i = 0; i < causes.count; i++) {
        size_t size;
        char *lines;
        FILE *group = must(open_memstream(&lines, &size));

        for (t = 0; t < causes.of[i].count; t++)
            write_test(group, suite, causes.of[i].tests[t], causes.of[i].words);
        fclose(group);
        must(lines);
        if (size > 0)
            fprintf(stream, "\n# %s\n%s", causes.of[i].words, lines);
        free(lines);
    }
    write_invariants(stream, suite);
    write_missing(stream, suite);
    causes_free(&causes);
}

/* ---- The file ---- */

static char *complaint(const char *file, int error)
{
    return text_of("%s: %s", file, strerror(error));
}

char *declare_refuse(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *directory = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
    struct stat status;
    char *why = NULL;

    if (lstat(file, &status) == 0)
        why = text_of("%s is there already; it is not replaced", file);
    else if (errno != ENOENT || access(must(directory), W_OK) != 0)
        why = complaint(file, errno);
    free(directory);
    return why;
}

/* Write to a file of another name, which then gets its own. Returns 0, or an error. */
static int write_whole(const char *file, const char *other, int descriptor,
                       const struct suite *suite)
{
    FILE *stream = fdopen(descriptor, "w");
    bool whole;

    if (!stream)
        return errno;
    write_lines(stream, suite);
    whole = fflush(stream) == 0 && fchmod(descriptor, 0644) == 0;
    whole &= fclose(stream) == 0;
    return whole && link(other, file) == 0 ? 0 : errno;
}

char *declare_write(const char *file, const struct suite *suite)
{
    char *other = text_of("%s.XXXXXX", file);
    int descriptor = mkstemp(other);
    int error = descriptor < 0 ? errno : write_whole(file, other, descriptor, suite);

    if (descriptor >= 0)
        unlink(other);
    free(other);
    return error ? complaint(file, error) : NULL;
}
