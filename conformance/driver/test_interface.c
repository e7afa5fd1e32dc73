/* Tests of what is said about the interface: interface.def has exactly the functions that the
 * headers declare, spec/interface.md maps to all of them and to nothing else, and all rules that
 * are named exist.
 */
#include "test_support.h"

#include "parts.h"
#include "scenario/reader.h"

#include <ctype.h>

static const char *const table[] = {
#define FUNCTION(result, name, parameters, arguments) "miou_" #name,
#include "interface.def"
};

enum { TABLE = sizeof table / sizeof *table };

static bool in_table(const char *name, size_t size)
{
    size_t i;

    for (i = 0; i < TABLE; i++)
        if (strlen(table[i]) == size && !memcmp(table[i], name, size))
            return true;
    return false;
}

/* Blank out comments and types of functions: each name that is left before a parenthesis is
 * declared. */
static void blank_out(char *text)
{
    char *at, *end;

    while ((at = strstr(text, "/*"))) {
        end = strstr(at, "*/");
        assert_non_null(end);
        memset(at, ' ', (size_t)(end + 2 - at));
    }
    while ((at = strstr(text, "typedef"))) {
        end = strpbrk(at, ";{");
        assert_non_null(end);
        memset(at, ' ', (size_t)(end - at));
    }
}

/* Append a file to a text, which has room bytes in all and ends with a NUL. */
static void append(char *text, size_t room, const char *path)
{
    FILE *file = fopen(path, "r");
    size_t size, before = strlen(text);

    assert_non_null(file);
    size = fread(text + before, 1, room - before - 1, file);
    fclose(file);
    assert_in_range(size, 1, room - before - 2);
    text[before + size] = '\0';
}

/* Count the functions that a header declares; each must be in the table. */
static size_t declared(const char *path)
{
    static char text[1 << 18];
    size_t size, functions = 0;
    char *at;

    text[0] = '\0';
    append(text, sizeof text, path);
    blank_out(text);
    for (at = text; (at = strstr(at, "miou_")); at += size) {
        size = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (at[size] != '(' || (at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_')))
            continue;
        if (!in_table(at, size))
            fail_msg("%s declares %.*s, which interface.def lacks", path, (int)size, at);
        functions++;
    }
    return functions;
}

static void has_what_the_headers_declare(void **state)
{
    (void)state;
    assert_int_equal(declared("spec/miou.h") + declared("spec/miou_sync.h") +
                         declared("spec/miou_unix.h") + declared("spec/miou_server.h"),
                     TABLE);
}

/* ---- spec/interface.md ---- */

static char headers[1 << 18], page[1 << 16];

static int read_page(void **state)
{
    (void)state;
    append(headers, sizeof headers, "spec/miou.h");
    append(headers, sizeof headers, "spec/miou_sync.h");
    append(headers, sizeof headers, "spec/miou_unix.h");
    append(headers, sizeof headers, "spec/miou_server.h");
    append(page, sizeof page, "spec/interface.md");
    return 0;
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t word_size(const char *at)
{
    size_t size = 0;

    while (in_word(at[size]))
        size++;
    return size;
}

/* The next word of a text; NULL: none. */
static const char *next_word(const char *at)
{
    while (*at != '\0' && !in_word(*at))
        at++;
    return *at != '\0' ? at : NULL;
}

static bool has_word(const char *text, const char *word, size_t size)
{
    const char *at;

    for (at = text; (at = next_word(at)); at += word_size(at))
        if (word_size(at) == size && !memcmp(at, word, size))
            return true;
    return false;
}

static void the_page_names_every_function(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < TABLE; i++)
        if (!has_word(page, table[i], strlen(table[i])))
            fail_msg("spec/interface.md lacks %s", table[i]);
}

static void the_page_names_only_what_there_is(void **state)
{
    const char *at;

    (void)state;
    for (at = page; (at = next_word(at)); at += word_size(at))
        if ((!strncmp(at, "miou_", 5) || !strncmp(at, "MIOU_", 5)) &&
            !has_word(headers, at, word_size(at)))
            fail_msg("spec/interface.md names %.*s, which no header has", (int)word_size(at), at);
}

static void complain(void *to, const char *file, int line, const char *text)
{
    (void)to;
    fail_msg("%s:%d: %s", file, line, text);
}

/* Count the rules that a text names; each must be in the chapters. */
static int named(const struct book *book, const char *text)
{
    int count = 0, chapter, number;
    const char *at;
    char id[16];

    for (at = text; (at = strchr(at, 'R')); at++) {
        if (in_word(at[-1]) || sscanf(at, "R%4d.%4d", &chapter, &number) != 2)
            continue;
        snprintf(id, sizeof id, "R%d.%d", chapter, number);
        if (book_rule(book, id) == NULL)
            fail_msg("%s is named, which is no rule", id);
        count++;
    }
    return count;
}

static void the_rules_named_are_rules(void **state)
{
    struct book *book = reader_directory("spec", complain, NULL);

    (void)state;
    assert_in_range(named(book, headers), TABLE, 10000);
    assert_in_range(named(book, page), TABLE, 10000);
    book_free(book);
}

/* ---- Parts ---- */

static void every_item_has_a_part(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; part_items[i]; i++)
        assert_in_range(part_of(part_items[i]), PART_CORE, PARTS - 1);
    assert_int_equal(part_of("miou_yield"), PART_CORE);
    assert_int_equal(part_of("miou_sleep"), part_named("time"));
    assert_int_equal(part_of("choose"), part_named("choices"));
    assert_int_equal(part_of("miou_frobnicate"), NO_PART);
    assert_int_equal(part_named("core"), NO_PART);
}

static void every_operation_calls_a_function(void **state)
{
    const char *function;
    int kind;

    (void)state;
    for (kind = 0; kind < OPERATION_KINDS; kind++) {
        function = operation_function(kind);
        if (function && !in_table(function, strlen(function)))
            fail_msg("%s calls %s, which is not a function", operation_word(kind), function);
    }
}

/* Each part has rules, and a row of the overview. */
static void the_overview_has_every_part(void **state)
{
    static char overview[1 << 16];
    struct book *book = reader_directory("spec", complain, NULL);
    bool has_rules[PARTS] = {0};
    char row[64];
    int c, r, part;

    (void)state;
    append(overview, sizeof overview, "spec/0-overview.md");
    for (c = 0; c < book->chapter_count; c++)
        for (r = 0; r < book->chapters[c].rule_count; r++) {
            const struct rule *rule = &book->chapters[c].rules[r];
            const char *name = rule->part.name ? rule->part.name : book->chapters[c].part.name;

            has_rules[name ? part_named(name) : PART_CORE] = true;
        }
    assert_true(has_rules[PART_CORE]);
    for (part = PART_CORE + 1; part < PARTS; part++) {
        snprintf(row, sizeof row, "\n| `%s` |", part_name(part));
        if (!has_rules[part] || !strstr(overview, row))
            fail_msg("%s has no rule, or no row in spec/0-overview.md", part_name(part));
    }
    book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_what_the_headers_declare),
        cmocka_unit_test(the_page_names_every_function),
        cmocka_unit_test(the_page_names_only_what_there_is),
        cmocka_unit_test(the_rules_named_are_rules),
        cmocka_unit_test(every_item_has_a_part),
        cmocka_unit_test(every_operation_calls_a_function),
        cmocka_unit_test(the_overview_has_every_part),
    };

    return cmocka_run_group_tests(tests, read_page, NULL);
}
