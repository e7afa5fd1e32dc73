/* commands: each line can be copied into a shell. */
#include "commands.h"

#include "scenario/memory.h"

#include <stdlib.h>
#include <string.h>

void commands_quote(FILE *stream, const char *word)
{
    if (*word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "_-./=+,:@%")]) {
        fputs(word, stream);
        return;
    }
    fputc('\'', stream);
    for (; *word; word++)
        fprintf(stream, *word == '\'' ? "'\\''" : "%c", *word);
    fputc('\'', stream);
}

/* The driver forks a child for the scenario. gdb has the shell read the arguments, too, so that
 * they are quoted twice. */
static void write_gdb_for_scenario(const struct report *report, const struct test *test,
                                   const char *replay)
{
    const struct session *session = report->session;
    char *arguments;
    size_t size;
    FILE *stream = must(open_memstream(&arguments, &size));

    fputs("set args ", stream);
    commands_quote(stream, session->runtime);
    fputs(" <scenario.txt", stream);
    fclose(stream);
    must(arguments);
    fprintf(report->stream,
            "  gdb:      %s --print %s%s >scenario.txt &&\n"
            "            gdb -ex 'set follow-fork-mode child' \\\n"
            "            -ex ",
            report->again, test->id, replay);
    commands_quote(report->stream, arguments);
    fputs(" -ex run ", report->stream);
    commands_quote(report->stream, session->driver);
    fputc('\n', report->stream);
    free(arguments);
}

static void write_gdb_for_check(const struct report *report, const struct test *test)
{
    const char *const words[] = {report->session->checks, report->session->runtime, test->rule->id,
                                 test->name};
    size_t i;

    fputs("  gdb:      gdb -ex run --args", report->stream);
    for (i = 0; i < sizeof words / sizeof *words; i++) {
        fputc(' ', report->stream);
        commands_quote(report->stream, words[i]);
    }
    fputc('\n', report->stream);
}

void commands_write(const struct report *report, const struct test *test)
{
    char *replay = test->result.replay ? text_of(" %s", test->result.replay) : copy_of("");

    fprintf(report->stream, "  alone:    %s --rule %s%s\n", report->again, test->id, replay);
    if (report->session->runtime) {
        fprintf(report->stream,
                "  valgrind: %s --rule %s%s --timeout 600 \\\n"
                "            --under 'valgrind -q --error-exitcode=99'\n",
                report->again, test->id, replay);
        if (test->scenario)
            write_gdb_for_scenario(report, test, replay);
        else
            write_gdb_for_check(report, test);
    }
    free(replay);
}
