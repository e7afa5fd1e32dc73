/* commands: how a test is executed again by hand: alone, under valgrind and under gdb. */
#include "commands.h"

#include "scenario/memory.h"

#include <stdlib.h>

static char *gdb_of(const struct report *report, const struct test *test, const char *how)
{
    const struct session *session = report->session;

    if (!test->scenario)
        return text_of("gdb --args %s %s %s %s", session->checks, session->runtime, test->rule->id,
                       test->name);
    return text_of("%s --print %s%s >scenario.txt; gdb -ex 'set follow-fork-mode child' -ex 'run "
                   "%s <scenario.txt' %s",
                   report->again, test->id, how, session->runtime, session->driver);
}

struct commands commands_of(const struct report *report, const struct test *test)
{
    const char *replay = test->result.replay;
    char *how = text_of("%s%s", replay ? " " : "", replay ? replay : "");
    struct commands commands = {.alone = text_of("%s --rule %s%s", report->again, test->id, how)};

    if (report->session->runtime) {
        commands.valgrind =
            text_of("%s --timeout 600 --under 'valgrind -q --error-exitcode=99'", commands.alone);
        commands.gdb = gdb_of(report, test, how);
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
