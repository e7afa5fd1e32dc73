/* litmus_shapes: families are tables; a program is made from them line by line. */
#include "litmus_shapes.h"

#include "scenario/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Families ---- */

#define AWAITS                                                                                     \
    {'w', "await p\nawait q"}, {'x', "cancel p\nawait q"},                                         \
    {                                                                                              \
        'c', "cancel q\ncancel p"                                                                  \
    }

const struct family families[] = {
    {.name = "children",
     .tasks = "task leaf\nyield",
     .ends = {AWAITS, {'f', "await-first p q"}, {'n', ""}},
     .main =
         {{'y', "yield"}, {'s', "state p"}, {'w', "await p"}, {'x', "cancel p"}, {'v', "free p"}},
     .child = {{'y', "yield"},
               {'p', "print here"},
               {'f', "fail boom"},
               {'k', "k = async leaf\nawait k"},
               {'n', "n = async leaf"},
               {'j', "j = call leaf\nawait j"}}},
    {.name = "ownership",
     .shared = "r",
     .begin = "create r\nown r",
     .ends = {AWAITS, {'d', "await p\nawait q\ndisown r"}},
     .main = {{'y', "yield"}, {'k', "check r"}, {'d', "disown r"}, {'l', "release r"}},
     .child = {{'y', "yield"},
               {'o', "create s\nown s"},
               {'t', "transfer s"},
               {'k', "check r"},
               {'d', "disown s"},
               {'l', "release s"},
               {'f', "fail boom"}}},
    {.name = "giving",
     .shared = "r",
     .begin = "create r\nown r",
     .option = " give=r",
     .ends = {AWAITS, {'d', "await p\nawait q\ndisown r"}},
     .main = {{'y', "yield"}, {'k', "check r"}, {'o', "own r"}},
     .child = {{'y', "yield"},
               {'k', "check r"},
               {'t', "transfer r"},
               {'d', "disown r"},
               {'l', "release r"},
               {'f', "fail boom"}}},
    {.name = "orphans",
     .begin = "orphans o",
     .option = " orphans=o",
     .nameless = true,
     .ends = {{'g', "get o\nget o"},
              {'c', "s = care o\nawait s\nget o"},
              {'t', "s = take o\ncancel s\nget o"},
              {'f', "get o\nfree-orphans o"},
              {'n', ""}},
     .main = {{'y', "yield"},
              {'c', "s = care o"},
              {'g', "get o"},
              {'t', "s = take o"},
              {'n', "length o"}},
     .child = {{'y', "yield"}, {'r', "return 3"}, {'f', "fail boom"}, {'p', "print here"}}},
    {.name = "cancellation",
     .tasks = "task leaf\nrepeat 2 yield\ntask undone\nprint undone",
     .ends = {{'x', "cancel p\nawait q"}, {'c', "cancel p\ncancel q"}, {'f', "await-first p q"}},
     .main = {{'y', "yield"}, {'x', "cancel p"}, {'s', "state p"}},
     .child = {{'y', "yield"},
               {'s', "sleep 1"},
               {'k', "k = async leaf\nawait k"},
               {'j', "j = call leaf\nawait j"},
               {'o', "create s undone\nown s"},
               {'p', "print here"}}},
    {.name = "mutex",
     .shared = "m",
     .begin = "mutex m",
     .tasks = "task part\nyield",
     .ends = {AWAITS},
     .main = {{'y', "yield"},
              {'l', "lock m"},
              {'u', "unlock m"},
              {'t', "try-lock m"},
              {'v', "free-mutex m"}},
     .child = {{'y', "yield"},
               {'l', "lock m"},
               {'u', "unlock m"},
               {'t', "try-lock m"},
               {'b', "protect-mutex m part"},
               {'f', "fail boom"}}},
    {.name = "condition",
     .shared = "c m",
     .begin = "condition c\nmutex m",
     .ends = {AWAITS},
     .main = {{'y', "yield"},
              {'s', "signal c"},
              {'b', "broadcast c"},
              {'k', "lock m\nsignal c\nunlock m"}},
     .child = {{'y', "yield"},
               {'w', "lock m\nwait c m\nunlock m"},
               {'s', "signal c"},
               {'b', "broadcast c"},
               {'l', "lock m"},
               {'u', "unlock m"}}},
    {.name = "lazy",
     .shared = "l",
     .begin = "lazy l value",
     .tasks = "task value\nyield\nreturn 2",
     .ends = {AWAITS},
     .main = {{'y', "yield"}, {'f', "force l"}, {'x', "cancel p"}, {'v', "free-lazy l"}},
     .child = {{'y', "yield"}, {'f', "force l"}, {'e', "fail boom"}}},
    {.name = "lazily-failing",
     .shared = "l",
     .begin = "lazy l value",
     .tasks = "task value\nyield\nfail boom",
     .ends = {AWAITS},
     .main = {{'y', "yield"}, {'f', "force l"}, {'x', "cancel p"}, {'v', "free-lazy l"}},
     .child = {{'y', "yield"}, {'f', "force l"}}},
    {.name = "lazily-itself",
     .shared = "l",
     .begin = "lazy l value",
     .tasks = "task value\nforce l",
     .ends = {AWAITS},
     .main = {{'y', "yield"}, {'f', "force l"}},
     .child = {{'y', "yield"}, {'f', "force l"}}},
    {.name = "trigger",
     .shared = "t x",
     .begin = "trigger t\ncomputation x",
     .ends = {AWAITS},
     .main = {{'y', "yield"},
              {'s', "signal-trigger t"},
              {'m', "attach x t"},
              {'k', "complete x 1"},
              {'v', "free-trigger t"}},
     .child = {{'y', "yield"},
               {'a', "await-trigger t"},
               {'s', "signal-trigger t"},
               {'m', "attach x t"},
               {'d', "detach x t"},
               {'k', "complete x 1"}}},
    {.name = "action",
     .shared = "t x",
     .begin = "trigger t\ncomputation x\nattach x t",
     .tasks = "task act\npeek x\nprint acted",
     .ends = {AWAITS},
     .main = {{'y', "yield"},
              {'o', "on-signal t act"},
              {'s', "signal-trigger t"},
              {'k', "complete x 1"},
              {'v', "free-trigger t"},
              {'b', "free-computation x"}},
     .child = {{'y', "yield"},
               {'o', "on-signal t act"},
               {'s', "signal-trigger t"},
               {'d', "detach x t"},
               {'k', "complete x 1"},
               {'a', "await-trigger t"},
               {'w', "await-computation x"}}},
    {.name = "computation",
     .shared = "x",
     .begin = "computation x",
     .ends = {AWAITS},
     .main = {{'y', "yield"}, {'k', "complete x 1"}, {'p', "peek x"}, {'v', "free-computation x"}},
     .child = {{'y', "yield"},
               {'a', "await-computation x"},
               {'k', "complete x 1"},
               {'e', "complete x boom"},
               {'p', "peek x"}}},
    {.name = "sleep",
     .ends = {AWAITS},
     .main = {{'y', "yield"}, {'s', "sleep 1"}, {'z', "sleep 0"}},
     .child = {{'y', "yield"},
               {'s', "sleep 1"},
               {'l', "sleep 3"},
               {'z', "sleep 0"},
               {'p', "print here"}}},
    {.name = "combinators",
     .tasks = "task leaf\nyield",
     .ends = {{'a', "await-all p q"},
              {'o', "await-one p q\nawait-all p q"},
              {'f', "await-first p q"}},
     .main = {{'y', "yield"},
              {'a', "await-all p q"},
              {'o', "await-one p q"},
              {'f', "await-first p q"},
              {'p', "parallel leaf leaf"}},
     .child = {{'y', "yield"},
               {'r', "return 3"},
               {'f', "fail boom"},
               {'o', "create s\nown s"},
               {'p', "parallel leaf"}}},
    {.name = "protection",
     .tasks = "task part\nyield\ntask last\nprint last\ntask undo\nprint undone\ntask "
              "hopeless\nfail boom",
     .ends = {AWAITS},
     .main = {{'y', "yield"}, {'x', "cancel p"}},
     .child = {{'y', "yield"},
               {'t', "protect part last"},
               {'u', "protect part last undo"},
               {'h', "protect part last hopeless"},
               {'f', "protect hopeless last"}}},
    {.name = NULL},
};

const char *const places[] = {"a", "c", "aa", "ac", "cc", NULL};

/* ---- Names ---- */

static const char *or_none(const char *letters)
{
    return *letters ? letters : "0";
}

void shape_name(const struct shape *shape, char *name)
{
    int size = snprintf(name, SHAPE_NAME_MAX, "%s-%s-%s-%s", shape->family->name, shape->places,
                        or_none(shape->main), or_none(shape->child[0]));

    if (shape->places[1])
        size +=
            snprintf(name + size, (size_t)(SHAPE_NAME_MAX - size), "-%s", or_none(shape->child[1]));
    snprintf(name + size, (size_t)(SHAPE_NAME_MAX - size), "-%c", shape->end);
}

static const struct letter *find(const struct letter *letters, char letter)
{
    for (int i = 0; i < LETTERS_MAX && letters[i].letter; i++)
        if (letters[i].letter == letter)
            return &letters[i];
    return NULL;
}

/* Take the letters up to the next dash. */
static bool take_letters(const char **text, const struct letter *letters, char *to)
{
    size_t size = strcspn(*text, "-");

    if (size == 0 || size > SHAPE_LETTERS_MAX)
        return false;
    for (size_t i = 0; i < size && **text != '0'; i++) {
        if (!find(letters, (*text)[i]))
            return false;
        to[i] = (*text)[i];
    }
    *text += size + ((*text)[size] == '-');
    return true;
}

bool shape_named(struct shape *shape, const char *name)
{
    *shape = (struct shape){.family = families};
    for (; shape->family->name; shape->family++) {
        size_t size = strlen(shape->family->name);

        if (!strncmp(name, shape->family->name, size) && name[size] == '-') {
            name += size + 1;
            break;
        }
    }
    if (!shape->family->name)
        return false;
    for (int i = 0; places[i]; i++)
        if (strcspn(name, "-") == strlen(places[i]) && !strncmp(name, places[i], strlen(places[i])))
            shape->places = places[i];
    if (!shape->places)
        return false;
    name += strcspn(name, "-");
    name += *name == '-';
    if (!take_letters(&name, shape->family->main, shape->main) ||
        !take_letters(&name, shape->family->child, shape->child[0]) ||
        (shape->places[1] && !take_letters(&name, shape->family->child, shape->child[1])))
        return false;
    shape->end = *name;
    return *name && !name[1] && find(shape->family->ends, *name);
}

/* ---- Programs ---- */

/* Write lines. If the shape has one child only, what names the other one's promise is left out. */
static void write_lines(FILE *stream, const struct shape *shape, const char *lines)
{
    for (size_t size; lines && *lines; lines += size + (lines[size] == '\n')) {
        char line[64];

        size = strcspn(lines, "\n");
        snprintf(line, sizeof line, "%.*s", (int)size, lines);
        if (!shape->places[1] && strstr(line, " p q"))
            strcpy(strstr(line, " q"), "");
        if (!shape->places[1] && strlen(line) > 2 && !strcmp(line + strlen(line) - 2, " q"))
            continue;
        fprintf(stream, "%s%s\n", strncmp(line, "task ", 5) ? "    " : "", line);
    }
}

static void write_letters(FILE *stream, const struct shape *shape, const struct letter *letters,
                          const char *which)
{
    for (; *which; which++)
        write_lines(stream, shape, find(letters, *which)->lines);
}

static char *lines_of(const struct shape *shape)
{
    static const char *const spawns[2][2] = {{"p = ", "q = "}, {"", ""}};
    static const char *const children[] = {"one", "two"};
    const struct family *family = shape->family;
    size_t size;
    char *text;
    FILE *stream = must(open_memstream(&text, &size));

    fputs("task main\n", stream);
    write_lines(stream, shape, family->begin);
    for (int i = 0; shape->places[i]; i++)
        fprintf(stream, "    %s%s %s%s\n", spawns[family->nameless][i],
                shape->places[i] == 'a' ? "async" : "call", children[i],
                family->option ? family->option : "");
    write_letters(stream, shape, family->main, shape->main);
    write_lines(stream, shape, find(family->ends, shape->end)->lines);
    for (int i = 0; shape->places[i]; i++) {
        fprintf(stream, "task %s\n", children[i]);
        write_letters(stream, shape, family->child, shape->child[i]);
    }
    write_lines(stream, shape, family->tasks);
    fclose(stream);
    return must(text);
}

/* Whether at least two tasks name it as a word. */
static bool is_used_twice(const char *text, char name)
{
    int uses = 0;
    bool used = false;

    for (size_t size; *text; text += size) {
        size = strcspn(text, "\n");
        if (!strncmp(text, "task ", 5))
            used = false;
        for (size_t i = 1; i < size && !used; i++)
            if (text[i] == name && (text[i - 1] == ' ' || text[i - 1] == '=') &&
                (i + 1 == size || text[i + 1] == ' ')) {
                used = true;
                uses++;
            }
        size += text[size] == '\n';
    }
    return uses > 1;
}

char *shape_text(const struct shape *shape)
{
    char *lines = lines_of(shape), *text;
    size_t size;
    FILE *stream = must(open_memstream(&text, &size));
    bool any = false;

    if (strchr(shape->places, 'c') || strstr(lines, "call ") || strstr(lines, "parallel "))
        fputs("domains 2\n", stream);
    for (const char *name = shape->family->shared; name && *name; name++)
        if (*name != ' ' && is_used_twice(lines, *name)) {
            fprintf(stream, "%s %c", any ? "" : "shared", *name);
            any = true;
        }
    fprintf(stream, "%s%s", any ? "\n" : "", lines);
    fclose(stream);
    free(lines);
    return must(text);
}
