/* fuzz_reader: reads the input as the suite reads files and drivers: as a chapter of rules, as a
 * page of further scenarios for chapter 2, and as a scenario. From the first line that begins with
 * "scenario " on, the rest is what a driver says about that scenario. All of it may be refused; a
 * trace that is accepted is judged. */
#include "judge/judge.h"
#include "scenario/reader.h"
#include "target.h"

#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool shows;

static _Noreturn void broken(const char *text)
{
    fprintf(stderr, "fuzz_reader: %s\n", text);
    abort();
}

static void complain(void *to, int line, const char *text)
{
    ++*(int *)to;
    if (text[0] == '\0')
        broken("a complaint is empty");
    if (shows)
        printf("line %d: %s\n", line, text);
}

static void complain_of_file(void *to, const char *file, int line, const char *text)
{
    (void)file;
    complain(to, line, text);
}

/* ---- reading and judging */

static void show_chapter(const char *text, size_t size)
{
    struct book *book = book_create();
    int complaints = 0, error;

    if (book == NULL)
        return;
    error = reader_chapter(book, "2-fuzz.md", text, size, complain_of_file, &complaints);
    if ((error < 0) != (complaints > 0))
        broken("a chapter is refused without a complaint, or accepted with one");
    if (error == 0)
        reader_check(book, complain_of_file, &complaints);
    if (shows)
        printf("as a chapter: %d complaints\n", complaints);
    book_free(book);
}

/* A chapter with enough rules for any page of further scenarios. */
static const char *some_chapter(void)
{
    static char text[1 << 13];
    size_t size = strlen(text);

    if (size > 0)
        return text;
    size = (size_t)snprintf(text, sizeof text, "# Rules\n\nThey are kept.\n");
    for (int i = 1; i <= 40; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
                                 "\n### R2.%d It is kept  {MUST}\n\nIt is kept.\n\n"
                                 "Why: a broken rule is worse.\n\nSource: none.\n",
                                 i);
    return text;
}

static void show_more(const char *text, size_t size)
{
    struct book *book = book_create();
    const char *chapter = some_chapter();
    int complaints = 0, error;

    if (book == NULL)
        return;
    if (reader_chapter(book, "2-fuzz.md", chapter, strlen(chapter), complain_of_file, &complaints) <
        0)
        broken("a plain chapter is refused");
    error = reader_more(book, "more/2-fuzz.md", text, size, complain_of_file, &complaints);
    if ((error < 0) != (complaints > 0))
        broken("further scenarios are refused without a complaint, or accepted with one");
    if (shows)
        printf("as further scenarios: %d complaints\n", complaints);
    book_free(book);
}

static void judge_output(const struct program *program, const char *output, size_t size)
{
    unsigned id = (unsigned)strtoul(output + strlen("scenario "), NULL, 10);
    struct trace *trace;
    struct verdict *verdict;
    size_t used;
    char line[300];

    for (; size > 0; output += used, size -= used) {
        if ((trace = trace_parse_first(program, id, output, size, &used)) == NULL)
            return;
        if (used == 0 || used > size)
            broken("a trace takes no bytes of the text, or more than there are");
        for (int i = 0; i < trace->event_count; i++)
            event_write(line, sizeof line, program, trace, i);
        if ((verdict = judge(program, trace, NULL)) == NULL)
            break;
        if ((verdict->kind == VERDICT_FAIL || verdict->kind == VERDICT_GARBAGE) !=
            (verdict->finding_count > 0))
            broken("a verdict fails without a finding, or passes with one");
        for (int i = 0; i < verdict->finding_count && shows; i++)
            printf("%s: expected %s; observed %s\n",
                   verdict->findings[i].rule ? verdict->findings[i].rule : "-",
                   verdict->findings[i].expected, verdict->findings[i].observed);
        verdict_free(verdict);
        trace_free(trace);
    }
}

/* A scenario that parses must also parse without its answers, as the same program. */
static void compare_stripped(const struct program *program, const char *text, size_t size)
{
    char *stripped = program_strip(text, size);
    struct program *again;
    int complaints = 0;

    if (stripped == NULL)
        return;
    again = program_parse(stripped, strlen(stripped), PROGRAM_STRIPPED, complain, &complaints);
    if (again == NULL)
        broken("a scenario that parses does not parse without its answers");
    if (again->operation_count != program->operation_count || again->domains != program->domains)
        broken("a scenario without its answers is another program");
    program_free(again);
    free(stripped);
}

static size_t text_size(const char *text, size_t size)
{
    const char *output = memmem(text, size, "\nscenario ", strlen("\nscenario "));

    return output != NULL ? (size_t)(output - text) + 1 : size;
}

static void show_scenario(const char *text, size_t size)
{
    size_t first = text_size(text, size);
    int complaints = 0;
    struct program *program =
        program_parse(text, first, PROGRAM_WITH_ANSWERS, complain, &complaints);

    if ((program == NULL) != (complaints > 0))
        broken("a scenario is refused without a complaint, or accepted with one");
    if (shows)
        printf("as a scenario: %d complaints\n", complaints);
    if (program == NULL)
        return;
    compare_stripped(program, text, first);
    if (first < size)
        judge_output(program, text + first, size - first);
    program_free(program);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(
        size + 1); /* this size lets the address sanitizer see overruns; strtoul needs the NUL */

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    show_chapter(text, size);
    show_more(text, size);
    show_scenario(text, size);
    free(text);
    return 0;
}

void fuzz_show(const uint8_t *data, size_t size)
{
    shows = true;
    fwrite(data, 1, size, stdout);
    printf("\n----\n");
    LLVMFuzzerTestOneInput(data, size);
    shows = false;
}

/* ---- random inputs: rules and scenarios of spec/, with changes */

static size_t append(char *to, size_t at, size_t room, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static size_t append(char *to, size_t at, size_t room, const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(to + at, room - at, format, arguments);
    va_end(arguments);
    return n > 0 && (size_t)n < room - at ? at + (size_t)n : at;
}

/* What a driver could say about a program whose tasks are executed one after another. */
static size_t put_trace(char *to, size_t room, const struct program *program)
{
    size_t at = append(to, 0, room, "scenario 1\n");

    for (int t = 0; t < program->names[NAME_TASK].count; t++) {
        int task = (program->main_task + t) % program->names[NAME_TASK].count;
        const char *name = program_name(program, NAME_TASK, task);
        const struct operation *first = program->operations + program->tasks[task].first;

        at = append(to, at, room, "begin %s 0\n", name);
        for (const struct operation *o = first; o < first + program->tasks[task].count; o++) {
            for (int i = 0; i < o->task_count && operation_has(o->kind, OPERATION_SPAWNS); i++)
                at = append(to, at, room, "spawn %s %d %s\n", name, o->line,
                            program_name(program, NAME_TASK, o->tasks[i]));
            if (o->kind == OP_PRINT)
                at = append(to, at, room, "print %s %s\n", name,
                            program_name(program, NAME_WORD, o->name));
            else if (!operation_has(o->kind, OPERATION_LAST))
                at = append(to, at, room, "did %s %d ok\n", name, o->line);
        }
        at = append(to, at, room, "end %s\n", name);
    }
    return append(to, at, room, "run ok 0\n");
}

/* The piece of a chapter that begins with the mark number `which`. */
static const char *piece(const char *text, const char *mark, uint32_t which, size_t *size)
{
    const char *found = text, *end;

    for (uint32_t i = 0; found != NULL && i <= which; i++)
        found = strstr(found + (i > 0), mark);
    if (found == NULL)
        return NULL;
    if (mark[1] == '#') {
        end = strstr(found + 1, mark);
    } else {
        found = strchr(found + 1, '\n') + 1;
        end = strstr(found, "```");
    }
    *size = end != NULL ? (size_t)(end - found) : strlen(found);
    return found;
}

static void change(uint8_t *bytes, size_t *size, uint32_t (*chance)(void))
{
    size_t at = chance() % *size, length = 1 + chance() % 24, from = chance() % *size;

    switch (chance() % 4) {
    case 0:
        bytes[at] = (uint8_t)chance();
        break;
    case 1: /* copy a piece to another place */
        if (length > *size - at || length > *size - from)
            break;
        memmove(bytes + at, bytes + from, length);
        break;
    case 2: /* leave out a piece */
        if (length >= *size - at)
            break;
        memmove(bytes + at, bytes + at + length, *size - at - length);
        *size -= length;
        break;
    default:
        bytes[at] = (uint8_t) "\n #*`=>-,0123456789{}"[chance() % 21];
        break;
    }
}

static char *chapter(uint32_t which)
{
    static char text[1 << 18];
    glob_t found;
    FILE *file = NULL;

    if (glob("spec/[0-9]*.md", 0, NULL, &found) == 0 &&
        glob("spec/more/[0-9]*.md", GLOB_APPEND, NULL, &found) == 0)
        file = fopen(found.gl_pathv[which % found.gl_pathc], "r");
    if (file == NULL) {
        fprintf(
            stderr,
            "fuzz_reader: there are no chapters in spec/: start it in the root of the project\n");
        exit(2);
    }
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    globfree(&found);
    return text;
}

size_t fuzz_make(uint8_t *bytes, size_t room, uint32_t (*chance)(void))
{
    const char *mark = chance() % 3 == 0 ? "\n### R" : "\n```scenario";
    size_t size = 0;
    const char *text = NULL;
    int none = 0;

    while (text == NULL || size == 0 || size > room / 2)
        text = piece(chapter(chance()), mark, chance() % 32, &size);
    memcpy(bytes, text, size);
    if (mark[1] == '`') {
        struct program *program = program_parse(text, size, PROGRAM_WITH_ANSWERS, complain, &none);

        if (program != NULL)
            size += put_trace((char *)bytes + size, room - size, program);
        program_free(program);
    }
    for (uint32_t i = chance() % 8; i > 0; i--)
        change(bytes, &size, chance);
    return size;
}
