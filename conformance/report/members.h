/* members: values of JSON, each put where it belongs as it is made. What there is nothing to say of
 * is left out: NULL, and false, are no members. Every text is made legible first. */
#ifndef MEMBERS_H
#define MEMBERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* An object of its own. */
json_t *new_object(void);

void member_text(json_t *object, const char *key, const char *text);
void member_number(json_t *object, const char *key, size_t number);
void member_seconds(json_t *object, const char *key, double seconds); /* to the microsecond */
void member_true(json_t *object, const char *key, bool is_true);

/* A member that is empty so far; it belongs to the object. */
json_t *member_object(json_t *object, const char *key);
json_t *member_list(json_t *object, const char *key);

void list_text(json_t *list, const char *text);
json_t *list_object(json_t *list);

/* Write a value, which is freed, on lines of its own, or on one line; a newline follows. Returns
 * whether it was written as far as one can tell before the stream is flushed. */
bool write_value(FILE *stream, json_t *value, bool on_one_line);

#endif
