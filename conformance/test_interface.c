/* Tests of interface.def: it has every function that the headers declare, and no other. */
#include "test_support.h"

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

/* Blank out comments and types of functions, so that what is left before a parenthesis is declared.
 */
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

/* Count the functions that a header declares; each must be in the table. */
static size_t declared(const char *path)
{
    static char text[1 << 18];
    FILE *file = fopen(path, "r");
    size_t size, functions = 0;
    char *at;

    assert_non_null(file);
    size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    assert_in_range(size, 1, sizeof text - 2);
    text[size] = '\0';
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
                         declared("spec/miou_unix.h"),
                     TABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(has_what_the_headers_declare)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
