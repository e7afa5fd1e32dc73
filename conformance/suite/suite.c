/* suite: joins the chapters and the list of the tests in C in one table of rules and tests. */
#include "suite.h"

#include "scenario/memory.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void tell(suite_complain *complain, const char *format,
                                                       ...)
{
    char text[1024];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    complain(text);
}

/* ---- The tests in C ---- */

/* A line of checks --list: a rule and a test's name, with a blank between. */
struct line {
    const char *rule;
    size_t rule_size;
    const char *name;
    size_t name_size;
};

struct lines {
    struct line *of;
    size_t count;
};

static bool next_line(const char **text, struct line *line)
{
    line->rule = *text + strspn(*text, "\n");
    line->rule_size = strcspn(line->rule, " \n");
    line->name = line->rule + line->rule_size;
    line->name += *line->name == ' ';
    line->name_size = strcspn(line->name, "\n");
    *text = line->name + line->name_size;
    return line->rule_size > 0;
}

static struct lines lines_of(const char *text)
{
    struct lines lines = {0};
    struct line line;

    while (next_line(&text, &line)) {
        lines.of = grown(lines.of, lines.count, sizeof *lines.of);
        lines.of[lines.count++] = line;
    }
    return lines;
}

static bool is_of(const struct line *line, const struct rule *rule)
{
    return !strncmp(rule->id, line->rule, line->rule_size) && !rule->id[line->rule_size];
}

/* The lines that name a rule. */
static size_t count_lines(const struct lines *lines, const struct rule *rule)
{
    size_t count = 0, i;

    for (i = 0; i < lines->count; i++)
        count += is_of(&lines->of[i], rule);
    return count;
}

/* A complaint about the first test in C that names a rule which no chapter has; NULL: none. */
static char *find_stray(const struct suite *suite, const struct lines *checks)
{
    size_t i, r;

    for (i = 0; i < checks->count; i++) {
        const struct line *line = &checks->of[i];

        for (r = 0; r < suite->rule_count && !is_of(line, suite->rules[r].rule); r++)
            ;
        if (r == suite->rule_count)
            return text_of("the test %.*s is of %.*s, which is not a rule", (int)line->name_size,
                           line->name, (int)line->rule_size, line->rule);
    }
    return NULL;
}

/* ---- The table ---- */

static struct test *find_check(const struct suite *suite, const char *name)
{
    size_t i;

    for (i = 0; i < suite->count; i++)
        if (!suite->tests[i].scenario && !strcmp(suite->tests[i].name, name))
            return &suite->tests[i];
    return NULL;
}

static struct test *add_test(struct suite *suite, const struct rule *rule, const char *name,
                             size_t size)
{
    struct test *test = &suite->tests[suite->count];

    test->id = text_of("%s/%.*s", rule->id, (int)size, name);
    test->name = test->id + strlen(rule->id) + 1;
    test->rule = rule;
    test->result.kind = RESULT_SKIPPED;
    return test;
}

static void add_checks(struct suite *suite, const struct rule *rule, const struct lines *checks)
{
    size_t i;

    for (i = 0; i < checks->count; i++)
        if (is_of(&checks->of[i], rule)) {
            struct test *test = add_test(suite, rule, checks->of[i].name, checks->of[i].name_size);

            test->twin = find_check(suite, test->name);
            suite->count++;
        }
}

/* An attack judges by one rule alone, so that it has no twin. */
static void add_attacks(struct suite *suite, const struct rule *rule, const struct lines *attacks)
{
    size_t i;

    for (i = 0; i < attacks->count; i++)
        if (is_of(&attacks->of[i], rule)) {
            add_test(suite, rule, attacks->of[i].name, attacks->of[i].name_size)->attacks = true;
            suite->count++;
        }
}

static void add_tests(struct suite *suite, struct suite_rule *place, const struct lines *checks,
                      const struct lines *attacks)
{
    const struct rule *rule = place->rule;
    bool attacked = count_lines(attacks, rule) > 0;
    int i;

    place->tests = &suite->tests[suite->count];
    for (i = 0; i < rule->scenario_count && !attacked; i++, suite->count++) {
        const struct scenario *scenario = &rule->scenarios[i];

        add_test(suite, rule, scenario->name, strlen(scenario->name))->scenario = scenario;
    }
    if (attacked)
        add_attacks(suite, rule, attacks);
    else
        add_checks(suite, rule, checks);
    place->count = (size_t)(&suite->tests[suite->count] - place->tests);
}

static void fill_table(struct suite *suite, const struct lines *checks, const struct lines *attacks)
{
    const struct book *book = suite->book;
    size_t rules = 0, tests = 0;
    int c, r;

    for (c = 0; c < book->chapter_count; c++)
        for (r = 0; r < book->chapters[c].rule_count; r++, rules++) {
            const struct rule *rule = &book->chapters[c].rules[r];

            tests += (size_t)rule->scenario_count + count_lines(checks, rule) +
                     count_lines(attacks, rule);
        }
    suite->rules = zeroed(rules, sizeof *suite->rules);
    suite->tests = zeroed(tests, sizeof *suite->tests);
    for (c = 0; c < book->chapter_count; c++) {
        for (r = 0; r < book->chapters[c].rule_count; r++) {
            struct suite_rule *place = &suite->rules[suite->rule_count++];

            place->chapter = &book->chapters[c];
            place->rule = &book->chapters[c].rules[r];
            place->part = PART_CORE;
            add_tests(suite, place, checks, attacks);
        }
    }
}

static bool have_own_names(const struct suite_rule *place, suite_complain *complain)
{
    size_t i, j;

    for (i = 0; i < place->count; i++) {
        for (j = 0; j < i; j++) {
            if (!strcmp(place->tests[i].id, place->tests[j].id)) {
                tell(complain, "two tests are called %s", place->tests[i].id);
                return false;
            }
        }
    }
    return true;
}

/* Find a rule's part: the one that the rule names, or else its chapter. */
static bool find_part(struct suite_rule *place, suite_complain *complain)
{
    const struct part_of_rules *named =
        place->rule->part.name ? &place->rule->part : &place->chapter->part;
    int part;

    if (!named->name)
        return true;
    part = part_named(named->name);
    if (part == NO_PART) {
        tell(complain, "%s:%d: there is no part '%s' of the interface", place->chapter->file,
             named->line, named->name);
        return false;
    }
    place->part = part;
    return true;
}

static void complain_of_chapter(void *to, const char *file, int line, const char *text)
{
    suite_complain *const *complain = to;

    if (line)
        tell(*complain, "%s:%d: %s", file, line, text);
    else
        tell(*complain, "%s: %s", file, text);
}

struct suite *suite_create(const char *directory, const char *checks, const char *attacks,
                           suite_complain *complain)
{
    struct lines of_checks = lines_of(checks), of_attacks = lines_of(attacks ? attacks : "");
    struct suite *suite = zeroed(1, sizeof *suite);
    bool good = true;
    size_t i;

    suite->book = reader_directory(directory, complain_of_chapter, &complain);
    if (suite->book) {
        fill_table(suite, &of_checks, &of_attacks);
        suite->stray = find_stray(suite, &of_checks);
    }
    free(of_checks.of);
    free(of_attacks.of);
    if (!suite->book) {
        free(suite);
        return NULL;
    }
    for (i = 0; i < suite->rule_count; i++)
        good &= have_own_names(&suite->rules[i], complain) && find_part(&suite->rules[i], complain);
    if (good)
        return suite;
    suite_free(suite);
    return NULL;
}

void suite_free(struct suite *suite)
{
    size_t i;

    if (!suite)
        return;
    for (i = 0; i < suite->count; i++) {
        struct test *test = &suite->tests[i];

        free(test->id);
        result_free(&test->result);
        free(test->at_first);
    }
    free(suite->tests);
    free(suite->rules);
    free(suite->stray);
    book_free(suite->book);
    free(suite);
}

/* ---- Choosing ---- */

bool suite_is_of(const struct suite_rule *rule, const char *id)
{
    char text[16];

    snprintf(text, sizeof text, "R%d", rule->chapter->number);
    return !strcmp(text, id) || !strcmp(rule->rule->id, id);
}

/* Whether an id, or a pattern, means this one. */
static bool means(const char *what, const char *id)
{
    return !what || fnmatch(what, id, FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

static bool means_rule(const char *what, const struct suite_rule *rule)
{
    char chapter[16];

    snprintf(chapter, sizeof chapter, "R%d", rule->chapter->number);
    return means(what, chapter) || means(what, rule->rule->id);
}

/* Returns whether the rule, or one of its tests, is meant. */
static bool mark_rule(struct suite_rule *rule, const char *what, bool chosen)
{
    bool whole = means_rule(what, rule), found = whole;
    size_t left = 0, t;

    for (t = 0; t < rule->count; t++) {
        struct test *test = &rule->tests[t];

        if (whole || means(what, test->id)) {
            test->chosen = chosen;
            found = true;
        }
        left += test->chosen;
    }
    if (found)
        rule->chosen = left > 0 || (chosen && whole);
    return found;
}

static bool mark(struct suite *suite, const char *what, bool chosen)
{
    bool found = false;
    size_t r;

    for (r = 0; r < suite->rule_count; r++)
        found |= mark_rule(&suite->rules[r], what, chosen);
    return found;
}

bool suite_choose(struct suite *suite, const char *what)
{
    return mark(suite, what, true);
}

bool suite_has_attacks(const struct suite *suite, const struct chapter *chapter)
{
    size_t i;

    for (i = 0; i < suite->rule_count; i++)
        if (suite->rules[i].chapter == chapter && suite->rules[i].count > 0 &&
            suite->rules[i].tests[0].attacks)
            return true;
    return false;
}

bool suite_choose_attacks(struct suite *suite)
{
    bool found = false;
    size_t i;

    for (i = 0; i < suite->rule_count; i++)
        if (suite_has_attacks(suite, suite->rules[i].chapter))
            found |= mark(suite, suite->rules[i].rule->id, true);
    return found;
}

bool suite_except(struct suite *suite, const char *what)
{
    return mark(suite, what, false);
}

void suite_keep_levels(struct suite *suite, unsigned levels)
{
    size_t i;

    for (i = 0; i < suite->rule_count; i++)
        if (!(levels >> suite->rules[i].rule->level & 1))
            mark_rule(&suite->rules[i], NULL, false);
}

void suite_keep_shard(struct suite *suite, size_t i, size_t n)
{
    size_t r, chosen = 0;

    for (r = 0; r < suite->rule_count; r++)
        if (suite->rules[r].chosen && chosen++ % n != i - 1)
            mark_rule(&suite->rules[r], NULL, false);
}

bool suite_is_empty(const struct suite *suite)
{
    size_t i = 0;

    while (i < suite->rule_count && !suite->rules[i].chosen)
        i++;
    return i == suite->rule_count;
}

bool suite_check(const struct suite *suite, suite_complain *complain)
{
    bool good = true, all = true;
    size_t i;

    for (i = 0; i < suite->rule_count; i++) {
        const struct suite_rule *place = &suite->rules[i];
        bool excused = place->rule->untested;

        all &= place->chosen;
        if (!place->chosen || excused == (place->count == 0))
            continue;
        tell(complain, "%s:%d: %s %s", place->chapter->file, place->rule->line, place->rule->id,
             excused ? "has tests, but says that it is untested"
                     : "has no test and does not say why");
        good = false;
    }
    if (all && suite->stray) {
        complain(suite->stray);
        good = false;
    }
    return good;
}

void suite_leave_out(struct suite *suite)
{
    size_t r, t, told, left_out;

    for (r = 0; r < suite->rule_count; r++) {
        struct suite_rule *place = &suite->rules[r];

        told = left_out = 0;
        for (t = 0; t < place->count; t++) {
            struct test *test = &place->tests[t];
            bool has_result = test->executions > 0 || test->result.kind != RESULT_SKIPPED;

            told += test->chosen && has_result;
            left_out += test->chosen && !has_result;
            test->chosen &= has_result;
        }
        place->chosen &= told > 0 || left_out == 0;
        place->left_out = left_out;
        suite->left_out += left_out;
    }
}

/* ---- Results ---- */

bool suite_declines(const struct suite *suite, int part)
{
    const struct suite_part *which = &suite->parts[part];

    return part > PART_CORE && (which->difference || (which->lacks && !which->has));
}

/* Call visit for the part of each of these items until it returns true; the part, or NO_PART. */
static int first_part(struct suite *suite, const char *items,
                      bool (*visit)(struct suite *suite, int part))
{
    char item[64];
    int size, part;

    for (; sscanf(items, "%63s%n", item, &size) == 1; items += size) {
        part = part_of(item);
        if (part != NO_PART && visit(suite, part))
            return part;
    }
    return NO_PART;
}

static bool note_lacking(struct suite *suite, int part)
{
    suite->parts[part].lacks = true;
    return false;
}

static bool is_declined(struct suite *suite, int part)
{
    return suite_declines(suite, part);
}

static bool is_half(struct suite *suite, int part)
{
    return part > PART_CORE && suite->parts[part].has;
}

/* A driver does not say beforehand what its runtime lacks: its tests do. */
static void note_parts(struct suite *suite)
{
    size_t i;
    int part;

    for (i = 0; i < suite->count; i++) {
        const struct result *result = &suite->tests[i].result;

        if (result->lacks)
            first_part(suite, result->lacks, note_lacking);
        for (part = 0; part < PARTS; part++)
            suite->parts[part].has |= result->used >> part & 1;
    }
}

static void settle_test(struct suite *suite, const struct suite_rule *rule, struct test *test)
{
    struct result *result = &test->result;
    char remark[96];
    int part;

    if (result->kind != RESULT_NOT_IMPLEMENTED || !result->lacks)
        return;
    part = rule->declined ? (int)rule->part : first_part(suite, result->lacks, is_declined);
    if (part != NO_PART) {
        free(result->reason);
        result_set(result, RESULT_DECLINED, "the runtime declines %s", part_name(part));
        return;
    }
    part = first_part(suite, result->lacks, is_half);
    if (part != NO_PART) {
        snprintf(remark, sizeof remark, "a part is declined as a whole, and it has some of %s",
                 part_name(part));
        result_remark(result, remark);
    }
}

void suite_settle(struct suite *suite)
{
    size_t r, t;

    note_parts(suite);
    for (r = 0; r < suite->rule_count; r++) {
        struct suite_rule *rule = &suite->rules[r];

        rule->declined = suite_declines(suite, rule->part);
        for (t = 0; t < rule->count; t++)
            settle_test(suite, rule, &rule->tests[t]);
    }
}

/* Whether a test could have been executed, if the runtime had all that it does not decline. */
static bool is_asked(const struct test *test)
{
    return test->chosen && test->result.kind != RESULT_SKIPPED &&
           test->result.kind != RESULT_DECLINED;
}

static bool is_lacking(enum result_kind kind)
{
    return kind == RESULT_NOT_IMPLEMENTED || kind == RESULT_LACKS;
}

enum result_kind suite_result(const struct suite_rule *rule)
{
    enum result_kind worst = rule->difference ? RESULT_DIFFERS : RESULT_PASS;
    bool any = false, told = false, lacking = false, declared = false;
    size_t i;

    for (i = 0; i < rule->count; i++) {
        enum result_kind kind = rule->tests[i].result.kind;

        if (!is_asked(&rule->tests[i]))
            continue;
        any = true;
        lacking |= kind == RESULT_NOT_IMPLEMENTED;
        declared |= kind == RESULT_LACKS;
        told |= !is_lacking(kind) && kind != RESULT_UNKNOWN;
        if (!is_lacking(kind) && kind > worst)
            worst = kind;
    }
    if (!any)
        return rule->declined ? RESULT_DECLINED : RESULT_SKIPPED;
    if (lacking && !told)
        return RESULT_NOT_IMPLEMENTED;
    if (declared && !told && worst == RESULT_PASS)
        return RESULT_LACKS;
    return rule->left_out && worst == RESULT_PASS ? RESULT_SKIPPED : worst;
}

struct share suite_share(const struct suite_rule *rule)
{
    struct share share = {.of = suite_result(rule) == RESULT_SKIPPED ? rule->left_out : 0};
    size_t i;

    for (i = 0; i < rule->count; i++) {
        share.of += is_asked(&rule->tests[i]);
        share.passed += is_asked(&rule->tests[i]) && rule->tests[i].result.kind == RESULT_PASS;
    }
    return share;
}
