/* commands: how a test is executed again by hand: alone, under valgrind and under gdb. */
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

/* A word, with what follows it, as the shell reads it; to be freed. */
static char *quoted(const char *word, const char *rest)
{
    char *text;
    size_t size;
    FILE *stream = must(open_memstream(&text, &size));

    commands_quote(stream, word);
    fputs(rest, stream);
    fclose(stream);
    return must(text);
}

static char *gdb_of_check(const struct session *session, const struct test *test)
{
    char *checks = quoted(session->checks, ""), *runtime = quoted(session->runtime, "");
    char *text =
        text_of("gdb -ex run --args %s %s %s %s", checks, runtime, test->rule->id, test->name);

    free(checks);
    free(runtime);
    return text;
}

/* The driver forks a child for the scenario. gdb has the shell read the arguments, too, so that
 * they are quoted twice. */
static char *gdb_of_scenario(const struct report *report, const struct test *test, const char *how)
{
    char *driver = quoted(report->session->driver, "");
    char *runtime = quoted(report->session->runtime, " <scenario.txt");
    char *arguments = text_of("set args %s", runtime), *set = quoted(arguments, "");
    char *text = text_of("%s --print %s%s >scenario.txt && gdb -ex 'set follow-fork-mode child' "
                         "-ex %s -ex run %s",
                         report->again, test->id, how, set, driver);

    free(driver);
    free(runtime);
    free(arguments);
    free(set);
    return text;
}

struct commands commands_of(const struct report *report, const struct test *test)
{
    const char *replay = test->result.replay;
    char *how = text_of("%s%s", replay ? " " : "", replay ? replay : "");
    struct commands commands = {.alone = text_of("%s --rule %s%s", report->again, test->id, how)};

    if (report->session->runtime) {
        commands.valgrind =
            text_of("%s --timeout 600 --under 'valgrind -q --error-exitcode=99'", commands.alone);
        commands.gdb = test->scenario ? gdb_of_scenario(report, test, how)
                                      : gdb_of_check(report->session, test);
    }
    free(how);
    return commands;
}

void commands_free(struct commands *commands)
{
    free(commands->alone);
    free(commands->valgrind);
    free(commands->gdb);
}
