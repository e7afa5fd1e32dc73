/* conclusion: counts rules and tests, and says how far the runtime conforms. */
#include "conclusion.h"

#include "ids.h"
#include "paragraph.h"
#include "scenario/memory.h"
#include "suite/differences.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- Tests ---- */

struct counts conclusion_count(const struct suite *suite)
{
    struct counts counts = {0};
    size_t i;

    for (i = 0; i < suite->rule_count; i++)
        counts.skipped += suite->rules[i].chosen && suite->rules[i].count == 0;
    for (i = 0; i < suite->count; i++) {
        const struct test *test = &suite->tests[i];

        if (!test->chosen)
            continue;
        counts.passed += test->result.kind == RESULT_PASS;
        counts.failed += result_is_failure(test->result.kind);
        counts.differ += test->result.kind == RESULT_DIFFERS;
        counts.unknown += test->result.kind == RESULT_UNKNOWN;
        counts.skipped +=
            test->result.kind == RESULT_SKIPPED || test->result.kind == RESULT_DECLINED ||
            test->result.kind == RESULT_LACKS || test->result.kind == RESULT_NOT_IMPLEMENTED;
    }
    return counts;
}

/* Scenarios that one bound has ended. */
struct bounded {
    size_t count;
    const char *first; /* the id of one of them */
};

/* Write by which bounds scenarios were not explored further. */
static void write_bounds(FILE *stream, const struct bounded *bounds)
{
    static const char *const words[] = {[BOUND_SCHEDULES] = "they have more schedules than that",
                                        [BOUND_OUTPUT] = "the driver printed too much",
                                        [BOUND_TIME] = "it took too long",
                                        [BOUND_LENGTH] = "schedules are too long"};

    for (int i = BOUND_SCHEDULES; i <= BOUND_LENGTH; i++)
        if (bounds[i].count)
            fprintf(stream, "    of these, since %s: %zu, such as %s\n", words[i], bounds[i].count,
                    bounds[i].first);
}

/* Write how far the scenarios were explored; nothing if none was. */
static void write_explored(FILE *stream, const struct suite *suite)
{
    struct exploration sum = {0};
    size_t all = 0, bound = 0, failed = 0, not_steered = 0, seed = 0, i;
    struct bounded bounds[BOUND_LENGTH + 1] = {{0}};

    for (i = 0; i < suite->count; i++) {
        const struct exploration *exploration = &suite->tests[i].exploration;

        if (!suite->tests[i].chosen || !suite->tests[i].scenario ||
            (suite->tests[i].result.kind == RESULT_DIFFERS && !suite->tests[i].executions))
            continue;
        sum.schedules += exploration->schedules;
        sum.random += exploration->random;
        sum.traces += exploration->traces;
        seed = exploration->random > seed ? exploration->random : seed;
        if (!exploration->schedules)
            not_steered++;
        else if (suite->tests[i].result.kind != RESULT_PASS)
            failed++;
        else if (exploration->exhausted)
            all++;
        else {
            bound++;
            if (!bounds[exploration->bound].count++)
                bounds[exploration->bound].first = suite->tests[i].id;
        }
    }
    if (!sum.schedules)
        return;
    fprintf(stream, "scenarios explored: %zu, with %zu schedules and %zu different traces\n",
            all + bound + failed, sum.schedules, sum.traces);
    fprintf(stream, "  all their schedules: %zu\n", all);
    fprintf(stream, "  up to the bound: %zu", bound);
    if (sum.random)
        fprintf(stream, ", and %zu random schedules beyond, seeds from 1 to %zu", sum.random, seed);
    fputc('\n', stream);
    write_bounds(stream, bounds);
    if (failed)
        fprintf(stream, "  up to one that does not pass: %zu\n", failed);
    if (not_steered)
        fprintf(stream, "  could not be steered: %zu\n", not_steered);
}

static void write_stale(FILE *stream, const struct suite *suite)
{
    const struct differences *differences = suite->differences;
    size_t i;

    for (i = 0; differences && i < differences->count; i++)
        if (differences->of[i].stale)
            fprintf(stream, "%s:%d: %s\n", differences->file, differences->of[i].line,
                    differences->of[i].stale);
}

void conclusion_counts(FILE *stream, const struct suite *suite)
{
    struct counts counts = conclusion_count(suite);

    write_explored(stream, suite);
    write_stale(stream, suite);
    fprintf(stream, "%zu passed, %zu failed", counts.passed, counts.failed);
    if (counts.differ)
        fprintf(stream, ", %zu as declared", counts.differ);
    if (counts.unknown)
        fprintf(stream, ", %zu unknown", counts.unknown);
    if (counts.skipped)
        fprintf(stream, ", %zu skipped", counts.skipped);
    if (suite->left_out)
        fprintf(stream, ", %zu not reached", suite->left_out);
    fputc('\n', stream);
}

/* ---- Rules ---- */

/* The number of chosen rules, either MUST rules or all others, whose result is as asked. */
static size_t count_rules(const struct suite *suite, bool must, bool (*asked)(enum result_kind))
{
    size_t i, rules = 0;

    for (i = 0; i < suite->rule_count; i++)
        rules += suite->rules[i].chosen && must == (suite->rules[i].rule->level == LEVEL_MUST) &&
                 asked(suite_result(&suite->rules[i]));
    return rules;
}

static bool is_missing(enum result_kind kind)
{
    return kind == RESULT_NOT_IMPLEMENTED;
}

static bool is_lacking(enum result_kind kind)
{
    return kind == RESULT_LACKS;
}

static bool is_unknown(enum result_kind kind)
{
    return kind == RESULT_UNKNOWN;
}

static bool is_untested(enum result_kind kind)
{
    return kind == RESULT_SKIPPED;
}

static bool is_kept(enum result_kind kind)
{
    return kind == RESULT_PASS;
}

static bool is_different(enum result_kind kind)
{
    return kind == RESULT_DIFFERS;
}

/* Whether any test was executed to its end. */
static bool is_told(const struct suite *suite)
{
    bool told = false;
    size_t i;

    for (i = 0; i < suite->count; i++) {
        const struct test *test = &suite->tests[i];

        told |= test->chosen &&
                (test->result.kind == RESULT_PASS || result_is_failure(test->result.kind) ||
                 (test->result.kind == RESULT_DIFFERS && test->executions > 0));
    }
    return told;
}

static size_t count_broken_should(const struct suite *suite)
{
    size_t i, rules = 0;

    for (i = 0; i < suite->rule_count; i++)
        rules += suite->rules[i].chosen && suite->rules[i].rule->level == LEVEL_SHOULD &&
                 result_is_failure(suite_result(&suite->rules[i]));
    return rules;
}

enum conclusion conclude(const struct suite *suite)
{
    if (suite->interrupted || !is_told(suite))
        return COULD_NOT_TELL;
    if (count_rules(suite, true, result_is_failure) || count_rules(suite, true, is_missing) ||
        (suite->strict && count_broken_should(suite)))
        return DOES_NOT_CONFORM;
    return count_rules(suite, true, is_unknown) ? COULD_NOT_TELL : CONFORMS;
}

int conclude_status(const struct suite *suite)
{
    if (!suite->interrupted && differences_are_stale(suite))
        return DOES_NOT_CONFORM;
    return conclude(suite);
}

/* ---- Sentences ---- */

enum { IDS_MAX = 12 /* items of a list; a sentence is to be read */ };

/* Either MUST rules, or all others, whose result is as asked. */
struct wanted_rules {
    bool must;
    bool (*asked)(enum result_kind);
};

static bool is_wanted(const struct suite_rule *rule, const void *state)
{
    const struct wanted_rules *wanted = state;

    return wanted->must == (rule->rule->level == LEVEL_MUST) && wanted->asked(suite_result(rule));
}

bool conclusion_is_of_all(const struct session *session, const struct suite *suite)
{
    bool all = !session->explore && !session->replay;
    size_t r, t;

    for (r = 0; r < suite->rule_count; r++) {
        const struct suite_rule *rule = &suite->rules[r];

        if (rule->rule->level != LEVEL_MUST ||
            (session->server && !suite_has_attacks(suite, rule->chapter)))
            continue;
        all &= rule->chosen;
        for (t = 0; t < rule->count; t++)
            all &= rule->tests[t].chosen;
    }
    return all;
}

/* Write the chapters that a server is tested by, behind a word; nothing for a runtime. */
static void write_chapters(FILE *stream, const struct session *session, const struct suite *suite,
                           const char *word)
{
    const struct chapter *last = NULL;
    size_t i;

    for (i = 0; session->server && i < suite->rule_count; i++) {
        const struct chapter *chapter = suite->rules[i].chapter;

        if (chapter == last || !suite_has_attacks(suite, chapter))
            continue;
        fprintf(stream, "%s chapter %d", last ? " and" : word, chapter->number);
        last = chapter;
    }
}

static int count_declined(const struct suite *suite)
{
    int part, count = 0;

    for (part = 0; part < PARTS; part++)
        count += suite_declines(suite, part);
    return count;
}

/* Write the parts that the runtime declines: "A, B and C". */
static void write_declined(FILE *stream, const struct suite *suite)
{
    int part, left = count_declined(suite);

    for (part = 0; part < PARTS; part++)
        if (suite_declines(suite, part))
            fprintf(stream, "%s%s", part_name(part), --left > 1 ? ", " : left == 1 ? " and " : "");
}

/* Chosen MUST rules that have tests, of all parts that the runtime does not decline. */
static size_t count_testable(const struct suite *suite)
{
    size_t i, rules = 0;

    for (i = 0; i < suite->rule_count; i++) {
        const struct suite_rule *rule = &suite->rules[i];

        rules += rule->chosen && rule->count > 0 && rule->rule->level == LEVEL_MUST &&
                 suite_result(rule) != RESULT_DECLINED;
    }
    return rules;
}

/* Chosen MUST rules that passed although some of their tests need what the runtime lacks. */
static size_t count_partial(const struct suite *suite)
{
    size_t i, rules = 0;

    for (i = 0; i < suite->rule_count; i++) {
        const struct suite_rule *rule = &suite->rules[i];
        struct share share = suite_share(rule);

        rules += rule->chosen && rule->rule->level == LEVEL_MUST && is_kept(suite_result(rule)) &&
                 share.passed < share.of;
    }
    return rules;
}

/* ", 3 rules only in part" */
static void write_partial(FILE *stream, const struct suite *suite)
{
    size_t partial = count_partial(suite);

    if (partial)
        fprintf(stream, ", %zu rule%s only in part", partial, partial == 1 ? "" : "s");
}

static void write_number(FILE *stream, const char *before, size_t number, const char *what)
{
    if (number)
        fprintf(stream, "%s%zu %s%s", before, number, what, number == 1 ? "" : "s");
}

/* Write what the runtime is excused from. Returns whether it is anything. */
static bool write_excused(FILE *stream, const struct suite *suite)
{
    size_t differences =
        differences_count(suite, DIFFERENCE_DIFFERS) + differences_count(suite, DIFFERENCE_VARIES);
    size_t bugs = differences_count(suite, DIFFERENCE_FAILS);

    if (count_declined(suite)) {
        fputs(", without ", stream);
        write_declined(stream, suite);
    }
    write_number(stream, ", with ", differences, "declared difference");
    write_number(stream, differences ? " and " : ", with ", bugs, "declared bug");
    return count_declined(suite) || differences || bugs;
}

/* Write what a runtime keeps that breaks nothing: all, or all that was tested. */
static void write_kept(FILE *stream, const struct session *session, const struct suite *suite)
{
    size_t kept = count_rules(suite, true, is_kept), testable = count_testable(suite);
    bool whole = kept + count_rules(suite, true, is_different) == testable && !count_partial(suite);
    bool all = conclusion_is_of_all(session, suite);

    if (!all) {
        fputs("keeps what was chosen", stream);
    } else if (whole) {
        fputs("conforms", stream);
        write_chapters(stream, session, suite, " to");
    } else {
        fprintf(stream, "keeps all of the %zu MUST rules", kept);
        write_chapters(stream, session, suite, " of");
        fprintf(stream, " that were tested, of %zu", testable);
    }
    write_partial(stream, suite);
    if (write_excused(stream, suite) && all && whole)
        fprintf(stream, ": it keeps the %zu other MUST rules", kept);
    fputc('.', stream);
}

/* Write what a runtime keeps that does not conform. */
static void write_kept_still(FILE *stream, const struct session *session, const struct suite *suite)
{
    size_t kept = count_rules(suite, true, is_kept);
    bool must = count_rules(suite, true, result_is_failure) || count_rules(suite, true, is_missing);

    fputs(must ? "does not conform" : "does not conform strictly", stream);
    write_chapters(stream, session, suite, " to");
    fputc('.', stream);
    if (!conclusion_is_of_all(session, suite))
        return;
    fprintf(stream, " It keeps %zu of the %zu MUST rules that were tested", kept,
            kept + count_rules(suite, true, result_is_failure));
    write_partial(stream, suite);
    fputc('.', stream);
}

/* Write ids of rules behind a word, if there are any. */
static void write_those(FILE *stream, const char *word, const struct suite *suite, bool must_rules,
                        bool (*asked)(enum result_kind))
{
    if (!count_rules(suite, must_rules, asked))
        return;
    fputs(word, stream);
    ids_write(stream, suite, is_wanted, &(struct wanted_rules){must_rules, asked}, IDS_MAX);
}

/* "interrupted after 412 of 1371 tests: " */
static void write_interrupted(FILE *stream, const struct suite *suite)
{
    size_t done = 0, i;

    for (i = 0; i < suite->count; i++)
        done += suite->tests[i].chosen;
    fprintf(stream, "interrupted after %zu of %zu tests: ", done, done + suite->left_out);
}

static void write_must(FILE *stream, const struct session *session, const struct suite *suite)
{
    switch (conclude(suite)) {
    case COULD_NOT_TELL:
        if (suite->interrupted)
            write_interrupted(stream, suite);
        fprintf(stream, "could not tell whether the %s conforms",
                session->server ? "server" : "runtime");
        write_chapters(stream, session, suite, " to");
        fputc('.', stream);
        break;
    case DOES_NOT_CONFORM:
        write_kept_still(stream, session, suite);
        break;
    case CONFORMS:
        write_kept(stream, session, suite);
        break;
    }
    write_those(stream, " Broken:", suite, true, result_is_failure);
    write_those(stream, " Not implemented:", suite, true, is_missing);
    write_those(stream, " Lacking:", suite, true, is_lacking);
    write_those(stream, " Unknown:", suite, true, is_unknown);
    if (count_declined(suite) && conclude(suite) != CONFORMS) {
        fputs(" Declined: ", stream);
        write_declined(stream, suite);
    }
    write_those(stream, " Untested:", suite, true, is_untested);
}

/* What writes a paragraph, or nothing. */
typedef void write_text(FILE *stream, const struct session *session, const struct suite *suite);

static void write_paragraph(FILE *stream, const struct session *session, const struct suite *suite,
                            write_text *write)
{
    char *text;
    size_t size;
    FILE *paragraph = must(open_memstream(&text, &size));

    write(paragraph, session, suite);
    fclose(paragraph);
    if (size > 0)
        paragraph_write(stream, "", must(text));
    free(text);
}

static void write_broken(FILE *stream, const struct session *session, const struct suite *suite)
{
    (void)session;
    write_those(stream, "broken, but no MUST:", suite, false, result_is_failure);
}

static void write_missing(FILE *stream, const struct session *session, const struct suite *suite)
{
    (void)session;
    write_those(stream, "not implemented, but no MUST:", suite, false, is_missing);
}

/* Whether a test is not implemented, first of all for want of an item. */
static bool is_stopped_by(const struct test *test, const char *item)
{
    const struct result *result = &test->result;
    size_t size = strlen(item);

    return test->chosen && result->kind == RESULT_NOT_IMPLEMENTED && result->lacks &&
           strcspn(result->lacks, " \n") == size && !memcmp(result->lacks, item, size);
}

/* Whether the runtime lacks an item, as far as some test has shown. */
static bool lacks(const struct suite *suite, const char *item)
{
    size_t i;

    for (i = 0; i < suite->count; i++)
        if (is_stopped_by(&suite->tests[i], item))
            return true;
    return false;
}

/* Whether a test needs nothing else that the runtime lacks. A test in C does not tell what else. */
static bool needs_nothing_else(const struct test *test, const char *item, char *const *lacking)
{
    const struct program *program = test->scenario ? test->scenario->program : NULL;
    int i;

    for (i = 0; program && i < program->operation_count; i++) {
        const char *function = operation_function(program->operations[i].kind);
        char *const *at = lacking;

        if (!function || !strcmp(function, item) ||
            program_can_lack(program, &program->operations[i]))
            continue;
        while (*at && strcmp(*at, function) != 0)
            at++;
        if (*at)
            return false;
    }
    return program != NULL;
}

/* How many tests an item stops; and how many of them need nothing else. */
struct wanted {
    size_t needing;
    size_t waiting;
};

static struct wanted count_wanting(const struct suite *suite, const char *item,
                                   char *const *lacking)
{
    struct wanted wanted = {0};
    size_t i;

    for (i = 0; i < suite->count; i++) {
        if (!is_stopped_by(&suite->tests[i], item))
            continue;
        wanted.needing++;
        wanted.waiting += needs_nothing_else(&suite->tests[i], item, lacking);
    }
    return wanted;
}

/* What the maker of a runtime calls an item: behind a driver it is an operation, if there is one.
 */
static char *name_of_item(const struct session *session, const char *item)
{
    enum operation_kind kind = operation_calling(item);

    if (session->command && kind < OPERATION_KINDS)
        return copy_of(operation_word(kind));
    return text_of("%s%s", !strncmp(item, "miou_", 5) ? "" : "options.", item);
}

static bool is_more(struct wanted one, struct wanted other)
{
    return one.waiting > other.waiting ||
           (one.waiting == other.waiting && one.needing > other.needing);
}

/* The items that the runtime lacks, ended by a NULL; to be freed. */
static char **list_lacking(const struct suite *suite)
{
    char **list = zeroed(1, sizeof *list);
    size_t count = 0, i;

    for (i = 0; part_items[i]; i++)
        if (lacks(suite, part_items[i])) {
            list = resized(list, (count + 2) * sizeof *list);
            list[count++] = (char *)(uintptr_t)part_items[i];
            list[count] = NULL;
        }
    return list;
}

/* Write with which item most tests could be executed. */
static void write_next(FILE *stream, const struct session *session, const struct suite *suite)
{
    struct wanted most = {0}, wanted;
    char **lacking = list_lacking(suite), *name;
    const char *next = NULL;
    size_t i;

    for (i = 0; lacking[i]; i++) {
        wanted = count_wanting(suite, lacking[i], lacking);
        if (is_more(wanted, most)) {
            next = lacking[i];
            most = wanted;
        }
    }
    if (next) {
        name = name_of_item(session, next);
        i = most.waiting ? most.waiting : most.needing;
        fprintf(stream, "Next: %s, which %zu test%s%s.", name, i, i == 1 ? " needs" : "s need",
                most.waiting ? " and nothing else" : "");
        free(name);
    }
    free(lacking);
}

/* Whether the runtime has some of a part, and lacks the rest. */
static bool is_half(const struct suite *suite, int part)
{
    return suite->parts[part].lacks && suite->parts[part].has && !suite_declines(suite, part);
}

/* Write which parts the runtime has only some of, if it lacks what tests need. */
static void write_halves(FILE *stream, const struct session *session, const struct suite *suite)
{
    const char *items = session->command ? "operations" : "functions";
    int part, halves = 0, told = 0;

    if (!count_rules(suite, true, is_missing) && !count_partial(suite))
        return;
    for (part = PART_CORE + 1; part < PARTS; part++)
        halves += is_half(suite, part);
    for (part = PART_CORE + 1; part < PARTS; part++)
        if (is_half(suite, part)) {
            fprintf(stream, "%s%s",
                    !told               ? "Of "
                    : told + 1 < halves ? ", "
                                        : " and ",
                    part_name(part));
            told++;
        }
    if (told)
        fprintf(stream,
                " the runtime has some %s, but not all. It may decline a part, but only as a "
                "whole; so what is missing counts as not implemented.",
                items);
}

void conclusion_write(FILE *stream, const struct session *session, const struct suite *suite)
{
    write_paragraph(stream, session, suite, write_must);
    write_paragraph(stream, session, suite, write_broken);
    write_paragraph(stream, session, suite, write_missing);
    write_paragraph(stream, session, suite, write_halves);
    write_paragraph(stream, session, suite, write_next);
}
