/* members: values of JSON, each put where it belongs as it is made. */
#include "members.h"

#include "legible.h"
#include "scenario/memory.h"

#include <math.h>
#include <stdlib.h>

/* Take over a value. */
static json_t *put(json_t *object, const char *key, json_t *value)
{
    must(json_object_set_new(object, key, must(value)) == 0 ? value : NULL);
    return value;
}

static json_t *append(json_t *list, json_t *value)
{
    must(json_array_append_new(list, must(value)) == 0 ? value : NULL);
    return value;
}

static json_t *text_value(const char *text)
{
    char *copy = legible(text);
    json_t *value = must(json_string(copy));

    free(copy);
    return value;
}

json_t *new_object(void)
{
    return must(json_object());
}

void member_text(json_t *object, const char *key, const char *text)
{
    if (text)
        put(object, key, text_value(text));
}

void member_number(json_t *object, const char *key, size_t number)
{
    put(object, key, json_integer((json_int_t)number));
}

void member_seconds(json_t *object, const char *key, double seconds)
{
    put(object, key, json_real(round(seconds * 1e6) / 1e6));
}

void member_true(json_t *object, const char *key, bool is_true)
{
    if (is_true)
        put(object, key, json_true());
}

json_t *member_object(json_t *object, const char *key)
{
    return put(object, key, json_object());
}

json_t *member_list(json_t *object, const char *key)
{
    return put(object, key, json_array());
}

void list_text(json_t *list, const char *text)
{
    append(list, text_value(text));
}

json_t *list_object(json_t *list)
{
    return append(list, json_object());
}

bool write_value(FILE *stream, json_t *value, bool on_one_line)
{
    enum { DIGITS = 12 }; /* of a number of seconds, so that microseconds are written as such */
    size_t flags = (on_one_line ? JSON_COMPACT : JSON_INDENT(1)) | JSON_REAL_PRECISION(DIGITS);
    bool written = json_dumpf(value, stream, flags) == 0 && fputc('\n', stream) != EOF;

    json_decref(value);
    return written;
}
