/* source: finds definitions by what stands in the first column, where clang-format puts it. */
#include "source.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINES_MAX = 4000,      /* of a file */
    DEFINITIONS_MAX = 500, /* in a file */
    PLACES_MAX = 16,       /* that a reason names */
    SHOWN_MAX = 70         /* lines that are shown, but for those that are named */
};

/* What each file has put into this section. */
extern const struct source {
    const char *file, *text;
} __start_check_sources[], __stop_check_sources[];

/* ---- Definitions ---- */

/* Lines of a file, from the comment before it to its end. */
struct definition {
    int first, last;
    const char *name; /* in the text */
    size_t name_size;
};

static struct {
    const char *of[LINES_MAX + 2]; /* from line 1 on, and the end of the text */
    int count;
    struct definition definitions[DEFINITIONS_MAX];
    int definition_count;
    bool marked[LINES_MAX + 1];
    bool shown[DEFINITIONS_MAX];
    int queue[DEFINITIONS_MAX]; /* of definitions that are shown */
    int shown_count, line_count;
} file;

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* A definition is called by the last word before its parameters, value or members; by the word in
 * parentheses, if a macro has its name; a check by its last argument. */
static void name(struct definition *definition, const char *head)
{
    const char *end = head + strcspn(head, "([={;"), *close = strchr(head, ')');

    if (close && (!strncmp(head, "CHECK(", 6) || close[1] == '('))
        end = close;
    while (end > head && !is_word(end[-1]))
        end--;
    definition->name = end;
    while (definition->name > head && is_word(definition->name[-1]))
        definition->name--;
    definition->name_size = (size_t)(end - definition->name);
}

static void add_definition(int first, const char *head, int last)
{
    struct definition *definition = &file.definitions[file.definition_count];

    if (!head || file.definition_count == DEFINITIONS_MAX)
        return;
    file.definition_count++;
    *definition = (struct definition){.first = first, .last = last};
    name(definition, head);
}

static void find_definitions(void)
{
    const char *head = NULL;
    bool inside = false;
    int first = 0, i;

    for (i = 1; i <= file.count; i++) {
        const char *line = file.of[i];
        char last = file.of[i + 1] > line + 1 ? file.of[i + 1][-2] : '\n';

        if (!inside && *line == '\n') {
            first = 0;
            head = NULL;
            continue;
        }
        first = first ? first : i;
        if (!inside && !strchr(" #/{}", *line))
            head = line;
        inside |= last == '{';
        if (*line == '}') {
            add_definition(first, head, i);
            inside = false;
            first = 0;
            head = NULL;
        }
    }
}

static void read_file(const char *text)
{
    memset(&file, 0, sizeof file);
    while (*text && file.count < LINES_MAX) {
        file.of[++file.count] = text;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    file.of[file.count + 1] = text;
    find_definitions();
}

/* ---- What is shown ---- */

static void show(int index, bool always)
{
    const struct definition *definition = &file.definitions[index];
    int lines = definition->last - definition->first + 1;

    if (file.shown[index] || (!always && file.line_count + lines > SHOWN_MAX))
        return;
    file.shown[index] = true;
    file.queue[file.shown_count++] = index;
    file.line_count += lines;
}

static void show_named(const char *word, size_t size)
{
    int i;

    for (i = 0; i < file.definition_count; i++)
        if (file.definitions[i].name_size == size && !memcmp(file.definitions[i].name, word, size))
            show(i, false);
}

/* Show what a definition calls and uses; a member's name may be that of something else. */
static void show_used(const struct definition *definition)
{
    const char *at = file.of[definition->first], *end = file.of[definition->last + 1];

    while (at < end) {
        size_t size = 0;

        while (is_word(at[size]))
            size++;
        if (size && at[-1] != '.' && at[-1] != '>')
            show_named(at, size);
        at += size ? size : 1;
    }
}

static void mark(int line)
{
    int i;

    if (line < 1 || line > file.count)
        return;
    file.marked[line] = true;
    for (i = 0; i < file.definition_count; i++)
        if (file.definitions[i].first <= line && line <= file.definitions[i].last)
            show(i, true);
}

static void print_file(const char *name)
{
    const char *between = "";
    int i, line;

    if (file.shown_count)
        printf("%s:\n", name);
    for (i = 0; i < file.definition_count; i++) {
        if (!file.shown[i])
            continue;
        fputs(between, stdout);
        between = "\n";
        for (line = file.definitions[i].first; line <= file.definitions[i].last; line++)
            printf("%c %4d  %.*s", file.marked[line] ? '>' : ' ', line,
                   (int)(file.of[line + 1] - file.of[line]), file.of[line]);
    }
}

/* ---- Places ---- */

struct place {
    char file[64];
    int line;
};

/* The places that a reason names: "tasks.c:12", and "in line 9" of the file that was named last. */
static int find_places(const char *reason, struct place *places)
{
    static const char in_line[] = " in line ";
    int count = 0;

    for (; *reason && count < PLACES_MAX; reason++) {
        struct place *place = &places[count];

        *place = (struct place){.line = 0};
        if (!strncmp(reason, in_line, sizeof in_line - 1) && count > 0) {
            *place = places[count - 1];
            place->line = atoi(reason + sizeof in_line - 1);
            count++;
        } else if (sscanf(reason, "%63[A-Za-z0-9_].c:%d", place->file, &place->line) == 2) {
            strncat(place->file, ".c", sizeof place->file - strlen(place->file) - 1);
            count++;
            reason += strcspn(reason, ":");
        }
    }
    return count;
}

static const char *name_of_file(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void print_source(const struct source *source, const char *check, const struct place *places,
                         int count)
{
    const char *name = name_of_file(source->file);
    int i;

    read_file(source->text);
    if (check)
        show_named(check, strlen(check));
    for (i = 0; i < count; i++)
        if (!strcmp(places[i].file, name))
            mark(places[i].line);
    for (i = 0; check && i < file.shown_count; i++)
        show_used(&file.definitions[file.queue[i]]);
    print_file(name);
}

void source_print(const char *path, const char *check, const char *reason)
{
    struct place places[PLACES_MAX];
    int count = find_places(reason, places);
    const struct source *source;

    for (source = __start_check_sources; source < __stop_check_sources; source++)
        if (!strcmp(source->file, path))
            print_source(source, check, places, count);
    for (source = __start_check_sources; source < __stop_check_sources; source++)
        if (strcmp(source->file, path) != 0)
            print_source(source, NULL, places, count);
}
