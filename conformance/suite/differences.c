/* differences: reads the file line by line and looks up what each line names. */
#include "differences.h"

#include "conversation.h"
#include "scenario/memory.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BYTES_MAX = 1 << 20, /* of a file */
    LINE_MAX_BYTES = 1000
};

static const char invariant[] = "invariant:";
static const char *const kinds[] = {[DIFFERENCE_DIFFERS] = "differs",
                                    [DIFFERENCE_FAILS] = "fails",
                                    [DIFFERENCE_VARIES] = "varies",
                                    [DIFFERENCE_LACKS] = "lacks",
                                    [DIFFERENCE_DECLINES] = "declines"};

const char *difference_name(enum difference_kind kind)
{
    return kinds[kind];
}

struct reading {
    struct differences *differences;
    struct suite *suite;
    suite_complain *complain;
    int line; /* 0: the file as a whole */
    bool failed;
};

/* Complain about the line. Returns false. */
__attribute__((format(printf, 2, 3))) static bool refuse(struct reading *reading,
                                                         const char *format, ...)
{
    char *mistake = NULL, *text;
    va_list list;
    int size;

    va_start(list, format);
    size = vasprintf(&mistake, format, list);
    va_end(list);
    must(size < 0 ? NULL : mistake);
    text = reading->line ? text_of("%s:%d: %s", reading->differences->file, reading->line, mistake)
                         : text_of("%s: %s", reading->differences->file, mistake);
    reading->complain(text);
    free(text);
    free(mistake);
    reading->failed = true;
    return false;
}

/* ---- What a line names ---- */

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

const char *difference_item(const char *what)
{
    const char *item = drivers_item(what);
    size_t i;

    for (i = 0; !item && part_items[i]; i++)
        if (!strcmp(part_items[i], what))
            item = part_items[i];
    return item;
}

/* The rule of an invariant, `R2.1` of `invariant:R2.1`; NULL: it is none. */
static const char *rule_of_invariant(const char *what)
{
    return begins(what, invariant) ? what + strlen(invariant) : NULL;
}

/* Whether one names all that the other names: the same, or a rule or chapter that it is of. */
static bool covers(const char *one, const char *other)
{
    const char *rule = rule_of_invariant(other);
    size_t size = strlen(one);

    if (!strcmp(one, other))
        return true;
    if (*one != 'R')
        return false;
    other = rule ? rule : other;
    return begins(other, one) && (other[size] == '/' || (other[size] == '\0' && rule) ||
                                  (other[size] == '.' && !strchr(one, '.')));
}

static const struct difference *find_earlier(const struct reading *reading, const char *what)
{
    const struct differences *differences = reading->differences;
    const char *item = difference_item(what);
    size_t i;

    for (i = 0; i < differences->count; i++)
        if (covers(differences->of[i].what, what) || covers(what, differences->of[i].what) ||
            (item && differences->of[i].item && !strcmp(differences->of[i].item, item)))
            return &differences->of[i];
    return NULL;
}

static const struct suite_rule *find_rule(const struct suite *suite, const char *id, size_t size)
{
    size_t i;

    for (i = 0; i < suite->rule_count; i++)
        if (strlen(suite->rules[i].rule->id) == size && !memcmp(suite->rules[i].rule->id, id, size))
            return &suite->rules[i];
    return NULL;
}

/* Complain that nothing has the name. */
static bool refuse_unknown(struct reading *reading, const char *what)
{
    const char *rule = rule_of_invariant(what), *id = rule ? rule : what;
    size_t size = strcspn(id, "/");

    if (part_named(what) != NO_PART)
        return refuse(reading, "%s is a part of the interface, which a runtime only declines",
                      what);
    if (difference_item(what))
        return refuse(reading, "%s is an operation, which a runtime only lacks", what);
    if (*id != 'R')
        return refuse(reading, "there is no rule, test, invariant, part or operation '%s'", what);
    if (!find_rule(reading->suite, id, size))
        return refuse(reading, "there is no rule %.*s; see --list", (int)size, id);
    if (rule && !id[size])
        return refuse(reading, "%s has no invariant", rule);
    return refuse(reading, "%.*s has no test '%s'", (int)size, id, id + size + (id[size] == '/'));
}

static bool refuse_no_part(struct reading *reading, const char *what)
{
    char *text = copy_of(""), *longer;
    int part;

    for (part = PART_CORE + 1; part < PARTS; part++) {
        longer = text_of("%s %s", text, part_name(part));
        free(text);
        text = longer;
    }
    refuse(reading, "%s is no part that a runtime may decline; these are:%s", what, text);
    free(text);
    return false;
}

/* ---- Noting ---- */

static size_t excuse(struct differences *differences, struct difference *difference,
                     const char *rule)
{
    int place = invariant_of(rule);

    if (place < 0)
        return 0;
    differences->invariants[place] = difference;
    differences->excused.of[place] = true;
    return 1;
}

/* Note a rule with all that belongs to it. Returns how much of it can fail. */
static size_t note_rule(struct differences *differences, struct difference *difference,
                        struct suite_rule *place)
{
    size_t i;

    for (i = 0; i < place->count; i++)
        place->tests[i].difference = difference;
    if (difference->kind == DIFFERENCE_DIFFERS)
        place->difference = difference;
    if (difference->kind == DIFFERENCE_LACKS)
        return place->count;
    return place->count + excuse(differences, difference, place->rule->id);
}

/* Note all that the line names. Returns how many rules, tests and invariants that is; fallible is
 * how many of their tests and invariants can fail. */
static size_t note(struct reading *reading, struct difference *difference, size_t *fallible)
{
    const char *what = difference->what, *rule = rule_of_invariant(what);
    size_t found = rule ? excuse(reading->differences, difference, rule) : 0, r, t;

    *fallible = found;
    for (r = 0; r < reading->suite->rule_count; r++) {
        struct suite_rule *place = &reading->suite->rules[r];

        if (rule && found && !strcmp(place->rule->id, rule))
            place->difference = difference;
        if (suite_is_of(place, what)) {
            found++;
            *fallible += note_rule(reading->differences, difference, place);
        }
        for (t = 0; t < place->count; t++) {
            if (!strcmp(place->tests[t].id, what)) {
                place->tests[t].difference = difference;
                found++;
                (*fallible)++;
            }
        }
    }
    return found;
}

static bool note_part(struct reading *reading, struct difference *difference)
{
    int part = part_named(difference->what);

    if (part == NO_PART)
        return refuse_no_part(reading, difference->what);
    reading->suite->parts[part].difference = difference;
    return true;
}

static bool note_difference(struct reading *reading, struct difference *difference)
{
    size_t fallible;

    if (difference->kind == DIFFERENCE_DECLINES)
        return note_part(reading, difference);
    if (difference->kind == DIFFERENCE_LACKS && rule_of_invariant(difference->what))
        return refuse(reading, "an invariant needs no operation");
    if (difference->kind == DIFFERENCE_LACKS &&
        (difference->item = difference_item(difference->what)))
        return true;
    if (!note(reading, difference, &fallible))
        return refuse_unknown(reading, difference->what);
    if (difference->kind != DIFFERENCE_DIFFERS && fallible == 0)
        return refuse(reading, "%s has no test that could fail", difference->what);
    return true;
}

/* ---- Lines ---- */

static char *take_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t"), *end = word + strcspn(word, " \t");

    *rest = end + strspn(end, " \t");
    *end = '\0';
    return word;
}

static bool read_kind(struct reading *reading, const char *word, enum difference_kind *kind)
{
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i], word)) {
            *kind = (enum difference_kind)i;
            return true;
        }
    if (!*word)
        return refuse(reading, "a line is WHAT VERDICT REASON");
    return refuse(reading, "'%s' is no verdict; these are: differs, fails, varies, lacks, declines",
                  word);
}

static void read_words(struct reading *reading, char *text)
{
    struct differences *differences = reading->differences;
    struct difference *difference = &differences->of[differences->count];
    char *what = take_word(&text), *kind = take_word(&text);
    const struct difference *earlier;

    if (!*what || *what == '#')
        return;
    *difference = (struct difference){.line = reading->line};
    if (!read_kind(reading, kind, &difference->kind))
        return;
    if (!*text || *text == '#') {
        refuse(reading, "%s has no reason", what);
        return;
    }
    earlier = find_earlier(reading, what);
    if (earlier) {
        refuse(reading, "%s is declared already: line %d declares %s", what, earlier->line,
               earlier->what);
        return;
    }
    difference->what = copy_of(what);
    difference->reason = copy_of(text);
    differences->count++;
    note_difference(reading, difference);
}

/* Read a line, which ends with a NUL that is not counted. */
static void read_line(struct reading *reading, char *line, size_t size)
{
    size_t i;

    while (size > 0 && (line[size - 1] == ' ' || line[size - 1] == '\t' || line[size - 1] == '\r'))
        line[--size] = '\0';
    if (size > LINE_MAX_BYTES) {
        refuse(reading, "a line has at most %d bytes", LINE_MAX_BYTES);
        return;
    }
    for (i = 0; i < size; i++) {
        if ((unsigned char)line[i] < ' ' && line[i] != '\t') {
            refuse(reading, "the byte 0x%02x has no place in a line", (unsigned char)line[i]);
            return;
        }
    }
    read_words(reading, line);
}

/* ---- The file ---- */

static size_t count_lines(const char *text, size_t size)
{
    size_t lines = 1, i;

    for (i = 0; i < size; i++)
        lines += text[i] == '\n';
    return lines;
}

static void read_text(struct reading *reading, char *text, size_t size)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, which some editors write */
    char *end = text + size, *next;

    reading->differences->of = zeroed(count_lines(text, size), sizeof *reading->differences->of);
    if (size >= strlen(mark) && !memcmp(text, mark, strlen(mark)))
        text += strlen(mark);
    for (; text < end; text = next) {
        next = memchr(text, '\n', (size_t)(end - text));
        next = next ? next + 1 : end + 1;
        next[-1] = '\0';
        reading->line++;
        read_line(reading, text, (size_t)(next - 1 - text));
    }
}

static void read_file(struct reading *reading)
{
    FILE *file = fopen(reading->differences->file, "rb");
    char *text = zeroed(BYTES_MAX + 1, 1);
    size_t size = file ? fread(text, 1, BYTES_MAX, file) : 0;

    if (!file || ferror(file))
        refuse(reading, "%s", strerror(errno));
    else if (size == BYTES_MAX)
        refuse(reading, "more than %d bytes", BYTES_MAX - 1);
    else
        read_text(reading, text, size);
    if (file)
        fclose(file);
    free(text);
}

struct differences *differences_read(const char *file, struct suite *suite,
                                     suite_complain *complain)
{
    struct differences *differences = zeroed(1, sizeof *differences);
    struct reading reading = {.differences = differences, .suite = suite, .complain = complain};

    differences->file = file;
    suite->differences = differences;
    if (file)
        read_file(&reading);
    if (!reading.failed)
        return differences;
    differences_free(differences);
    return NULL;
}

void differences_free(struct differences *differences)
{
    size_t i;

    if (!differences)
        return;
    for (i = 0; i < differences->count; i++) {
        free(differences->of[i].what);
        free(differences->of[i].reason);
        free(differences->of[i].stale);
    }
    free(differences->of);
    free(differences);
}

/* ---- After the session ---- */

/* What became of all that a line declares to fail. */
struct outcome_of {
    bool failed; /* some of it, as declared */
    bool open;   /* of some of it that is not known */
};

static void settle_tests(const struct suite *suite, struct difference *difference,
                         struct outcome_of *outcome)
{
    size_t i;

    for (i = 0; i < suite->count; i++) {
        const struct test *test = &suite->tests[i];

        if (test->difference != difference)
            continue;
        difference->concerns |= test->chosen;
        outcome->failed |= test->chosen && test->result.kind == RESULT_DIFFERS;
        outcome->open |= !test->chosen || test->result.kind != RESULT_PASS;
    }
}

/* Whether some scenario broke the invariant, as far as is known. */
static bool is_broken(const struct suite *suite, int place)
{
    bool broken = false;
    size_t i;

    for (i = 0; i < suite->count && !broken; i++) {
        const struct verdict *verdict = suite->tests[i].result.verdict;

        broken = suite->tests[i].chosen && verdict && verdict->broken.of[place];
    }
    return broken;
}

/* The rule of an invariant that is broken as declared is not kept, even if its own tests pass. */
static void settle_invariants(struct suite *suite, const struct difference *difference, bool whole,
                              struct outcome_of *outcome)
{
    size_t r;
    int i;

    for (i = 0; i < INVARIANTS; i++) {
        if (suite->differences->invariants[i] != difference)
            continue;
        outcome->open |= !whole;
        if (!is_broken(suite, i))
            continue;
        outcome->failed = true;
        for (r = 0; r < suite->rule_count; r++)
            if (!strcmp(suite->rules[r].rule->id, invariant_rules[i]))
                suite->rules[r].difference = difference;
    }
}

/* Whether an item is among those of a list, between blanks. */
static bool is_listed(const char *list, const char *item)
{
    size_t size = strlen(item);
    const char *place = list;

    while ((place = strstr(place, item)) &&
           ((place > list && place[-1] != ' ') || (place[size] != ' ' && place[size] != '\0')))
        place += size;
    return place != NULL;
}

/* What lacks something as declared is not held against the runtime. Whole: all tests that could
 * lack it were executed as usual, as far as is known. */
static void settle_lacking(struct suite *suite, struct difference *difference, bool whole)
{
    bool any = false;
    size_t i;

    for (i = 0; i < suite->count; i++) {
        struct test *test = &suite->tests[i];
        struct result *result = &test->result;

        if (!difference->item && test->difference != difference)
            continue;
        whole &= test->scenario ? test->chosen && result->kind != RESULT_SKIPPED
                                : test->chosen || difference->item;
        if (!test->chosen || !result->lacks ||
            (difference->item && !is_listed(result->lacks, difference->item)))
            continue;
        any = difference->concerns = true;
        if (result->kind != RESULT_NOT_IMPLEMENTED)
            continue;
        test->difference = test->difference ? test->difference : difference;
        free(result->reason);
        result_set(result, RESULT_LACKS, "%s", difference->reason);
    }
    if (!any && whole)
        difference->stale = text_of("%s is declared to be lacking, and is there: remove its line",
                                    difference->what);
}

static void settle_part(const struct suite *suite, struct difference *difference)
{
    if (suite->parts[part_named(difference->what)].has)
        difference->stale = text_of("%s is declared to be declined, and the runtime has some "
                                    "of it: remove its line",
                                    difference->what);
}

static void settle(struct suite *suite, struct difference *difference, bool explored, bool whole)
{
    struct outcome_of outcome = {.failed = false};

    if (difference->kind == DIFFERENCE_DECLINES) {
        settle_part(suite, difference);
        return;
    }
    if (difference->kind == DIFFERENCE_LACKS) {
        settle_lacking(suite, difference, !explored);
        return;
    }
    difference->concerns = rule_of_invariant(difference->what) != NULL;
    settle_tests(suite, difference, &outcome);
    settle_invariants(suite, difference, whole, &outcome);
    if (difference->kind == DIFFERENCE_FAILS && !outcome.failed && !outcome.open)
        difference->stale =
            text_of("%s is declared to fail, and passes: remove its line", difference->what);
}

void differences_settle(struct suite *suite, bool explored)
{
    bool whole = !explored;
    size_t i;

    for (i = 0; i < suite->count; i++)
        whole &= suite->tests[i].chosen || !suite->tests[i].scenario;
    for (i = 0; suite->differences && i < suite->differences->count; i++)
        settle(suite, &suite->differences->of[i], explored, whole);
}

size_t differences_count(const struct suite *suite, enum difference_kind kind)
{
    size_t i, found = 0;

    for (i = 0; suite->differences && i < suite->differences->count; i++)
        found += suite->differences->of[i].kind == kind && suite->differences->of[i].concerns;
    return found;
}

bool differences_are_stale(const struct suite *suite)
{
    bool stale = false;
    size_t i;

    for (i = 0; suite->differences && i < suite->differences->count; i++)
        stale |= suite->differences->of[i].stale != NULL;
    return stale;
}

/* ---- What the oracle spares ---- */

/* Whether the runtime differs from a rule, in some test or on every program. */
static bool differs(const struct suite *suite, const struct suite_rule *rule)
{
    int place = invariant_of(rule->rule->id);

    if (rule->difference && rule->difference->kind != DIFFERENCE_DECLINES)
        return true;
    for (size_t i = 0; i < rule->count; i++)
        if (rule->tests[i].difference && rule->tests[i].difference->kind != DIFFERENCE_DECLINES)
            return true;
    return place >= 0 && suite->differences->excused.of[place];
}

/* Whether a text names a function as a word. */
static bool names_function(const char *text, const char *function)
{
    size_t size = strlen(function);

    while ((text = strstr(text, function))) {
        if (!isalnum((unsigned char)text[size]) && text[size] != '_')
            return true;
        text += size;
    }
    return false;
}

static void spare(struct oracle *oracle, const char *statement)
{
    bool any = false;

    for (int kind = 0; kind < OPERATION_KINDS; kind++) {
        const char *function =
            kind == OP_ABSENT ? NULL : operation_function((enum operation_kind)kind);

        if (function && names_function(statement, function))
            any = oracle->spares[kind] = true;
    }
    oracle->spares_all |= !any;
}

void differences_spare(const struct suite *suite, struct oracle *oracle)
{
    size_t size;
    FILE *stream = must(open_memstream(&oracle->differs, &size));

    for (size_t i = 0; i < suite->rule_count; i++)
        if (differs(suite, &suite->rules[i])) {
            spare(oracle, suite->rules[i].rule->statement);
            fprintf(stream, " %s ", suite->rules[i].rule->id);
        }
    fclose(stream);
}
