/* export: the program of a scenario goes into one file, and the scenario into another, with the
 * same numbers of lines. What it is a scenario of stands behind its last line. */
#include "export.h"

#include "paragraph.h"
#include "scenario/memory.h"
#include "suite/directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char *complaint(const char *path)
{
    return text_of("%s: %s", path, strerror(errno));
}

static void write_program(FILE *stream, const struct test *test)
{
    char *program = program_strip(test->scenario->text, test->scenario->size);

    fputs(program, stream);
    free(program);
}

static void write_answers(FILE *stream, const struct test *test)
{
    const struct scenario *scenario = test->scenario;

    fwrite(scenario->text, 1, scenario->size, stream);
    fprintf(stream, "\n# %s: %s {%s}\n", test->id, test->rule->title,
            level_name(test->rule->level));
    paragraph_write(stream, "# ", scenario->about);
    fprintf(stream, "# %s:%d\n", scenario->file, scenario->line);
}

static char *write_file(const char *start, const char *suffix, const struct test *test,
                        void (*write)(FILE *stream, const struct test *test))
{
    char *path = text_of("%s%s", start, suffix), *why = NULL;
    FILE *stream = fopen(path, "wx");
    bool is_whole = stream != NULL;

    if (stream) {
        write(stream, test);
        is_whole = fflush(stream) == 0 && !ferror(stream);
        is_whole &= fclose(stream) == 0;
    }
    if (!is_whole)
        why = complaint(path);
    free(path);
    return why;
}

static char *write_scenario(const char *directory, const struct test *test)
{
    char *below = text_of("%s/%s", directory, test->rule->id);
    char *start = text_of("%s/%s", below, test->name), *why = NULL;

    if (mkdir(below, 0777) != 0 && errno != EEXIST)
        why = complaint(below);
    if (!why)
        why = write_file(start, ".program", test, write_program);
    if (!why)
        why = write_file(start, ".answers", test, write_answers);
    free(start);
    free(below);
    return why;
}

char *export_write(const char *directory, const struct suite *suite, size_t *count)
{
    char *why = directory_need_empty(directory);
    size_t i;

    *count = 0;
    for (i = 0; i < suite->count && !why; i++) {
        const struct test *test = &suite->tests[i];

        if (!test->chosen || !test->scenario)
            continue;
        why = write_scenario(directory, test);
        ++*count;
    }
    return why;
}
