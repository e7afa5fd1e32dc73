/* Tests of `conform --server`: good servers keep the rules of chapter 7, each bad one breaks the
 * rule that it is there for, and what is no server at all is one clear line. */
#include "places.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NODE "node" /* of this session, which is left out where there is no such program */

enum { AT_ONCE = 4, OUTPUT = 1 << 16 };

/* A session: `conform OPTIONS`, where BAD, ECHO and SERVERS stand for the servers. */
struct session {
    const char *name, *options;
    int status;
    const char *says, *also; /* what must be in its output */
    FILE *output;
};

#define CONFORMS(name, command)                                                                    \
    {                                                                                              \
        name, "--timeout 60 --server " command, 0, "\nconforms to chapter 7.\n",                   \
            " passed, 0 failed, 1 skipped\n", NULL                                                 \
    }
#define BREAKS(fault, rule, test)                                                                  \
    {                                                                                              \
        fault, "--timeout 2 --rule " rule "/" test " --server \"$BAD " fault " PORT\"", 1,         \
            rule "/" test " fail  ", "does not conform to chapter 7. Broken: " rule "\n", NULL     \
    }
#define NO_SERVER(name, command, says)                                                             \
    {                                                                                              \
        name, "--timeout 1 --server " command, 2, "conform: ", says, NULL                          \
    }

static struct session sessions[] = {
    CONFORMS("miou-echo", "\"$ECHO --port PORT\""),
    CONFORMS("python3, asyncio", "'cd $SERVERS && python3 stopping.py PORT'"),
    /* A runtime may keep threads and descriptors for later. */
    {"python3, a pool of threads",
     "--timeout 60 --rule R7.4,R7.6/queue,R7.8,R7.21,R7.23/resets,R7.23/storm --server "
     "'cd $SERVERS && python3 pooling.py PORT'",
     0, "\nkeeps what was chosen.\n", " passed, 0 failed", NULL},
    /* Its collector would be watched for minutes. */
    {NODE,
     "--timeout 60 --except R7.6/rounds --except R7.23/rounds --server "
     "'cd $SERVERS && node stopping.js PORT'",
     0, "\nkeeps what was chosen.\n", " passed, 0 failed, 1 skipped\n", NULL},

    BREAKS("greets", "R7.1", "byte"),
    BREAKS("holds-last", "R7.1", "byte"),
    BREAKS("doubles", "R7.1", "pieces"),
    BREAKS("swaps", "R7.1", "pieces"),
    BREAKS("mixes", "R7.1", "random"),
    BREAKS("text", "R7.1", "pieces"),
    BREAKS("short-writes", "R7.1", "deaf"),
    BREAKS("hasty", "R7.1", "silent"),
    BREAKS("closes-early", "R7.2", "half-close"),
    BREAKS("resets-at-end", "R7.2", "half-close"),
    BREAKS("no-end", "R7.2", "half-close"),
    BREAKS("blocks", "R7.3", "deaf"),
    BREAKS("one-at-a-time", "R7.3", "silent"),
    BREAKS("naps", "R7.3", "stalled"),
    BREAKS("sigpipe", "R7.4", "resets"),
    BREAKS("reset-kills", "R7.4", "resets"),
    BREAKS("one-listener", "R7.5", "crowd"),
    BREAKS("leaks-fd", "R7.6", "queue"),
    BREAKS("leaks-thread", "R7.6", "queue"),
    BREAKS("leaks-zombie", "R7.6", "queue"),
    BREAKS("leaks-memory", "R7.6", "rounds"),
    BREAKS("few", "R7.7", "crowd"),
    BREAKS("emfile-hangs", "R7.8", "exhaustion"),
    BREAKS("emfile-kills", "R7.8", "exhaustion"),
    BREAKS("tires", "R7.9", "queue"),
    BREAKS("accepts-on", "R7.10", "refusal"),
    BREAKS("stays", "R7.10", "refusal"),
    BREAKS("cuts-off", "R7.11", "last-clients"),
    BREAKS("never-ends", "R7.12", "end"),
    BREAKS("ends-badly", "R7.12", "end"),
    BREAKS("one-signal", "R7.13", "second"),
    {"ends at the first signal",
     "--timeout 20 --rule R7.11,R7.12,R7.13 --server 'cd $SERVERS && python3 selecting.py PORT'", 1,
     "does not conform to chapter 7. Broken: R7.11 Unknown: R7.12 R7.13\n",
     "the server ended on the first SIGTERM", NULL},
    BREAKS("spins", "R7.14", "rest"),
    BREAKS("spins-at-stop", "R7.14", "last-rest"),
    BREAKS("drops-the-rest", "R7.20", "half-open"),
    BREAKS("keeps-answered", "R7.21", "answered"),
    BREAKS("leaks-fd-on-reset", "R7.23", "resets"),
    BREAKS("leaks-memory-on-reset", "R7.23", "rounds"),
    BREAKS("hoards", "R7.24", "flood"),

    NO_SERVER("never listens", "\"$BAD never-listens PORT\"", "does not listen on port "),
    NO_SERVER("listens elsewhere", "\"$BAD elsewhere PORT\"", "within 1 s, but elsewhere: "),
    NO_SERVER("ends at once", "'echo oh dear; exit 7 PORT'", "status 7 before it listened on port"),
    NO_SERVER("says why", "'echo oh dear; exit 7 PORT'", ": oh dear\n"),
    NO_SERVER("is killed at once", "'kill -SEGV $$; : PORT'", "killed by SIGSEGV before"),
    NO_SERVER("prints without end", "\"$BAD prints PORT\"", "when it had printed 64 MiB before"),
    NO_SERVER("does not exist", "'/nonexistent/server PORT'", "not found\n"),
    NO_SERVER("takes no port", "\"$BAD none 3000\"", "conform: the command lacks the word PORT"),

    {"tap", "--rule R7.9 --format tap --server \"$BAD none PORT\"", 0, "ok 1 - R7.9/queue\n",
     "1 passed, 0 failed\n", NULL},
    {"junit", "--rule R7.9 --format junit --timeout 2 --server \"$BAD tires PORT\"", 1,
     "<testcase name=\"R7.9/queue\"", "the server ended with status 3", NULL},
    {"the list", "--list --server \"$BAD none PORT\"", 0, "R7.9   MUST     1  Clients can come", "",
     NULL},
};

enum { SESSIONS = sizeof sessions / sizeof *sessions };

static FILE *start(const char *options)
{
    char command[1000];
    FILE *output;

    snprintf(command, sizeof command, "exec 2>&1; exec timeout -k 5 3600 $CONFORM_SERVER %s",
             options);
    output = popen(command, "r");
    assert_non_null(output);
    return output;
}

static void expect(const char *part, const char *text)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static bool is_left_out(const struct session *session)
{
    return !strcmp(session->name, NODE) && system("command -v " NODE " >/dev/null") != 0;
}

static void test_session(void **state)
{
    static char text[OUTPUT];
    struct session *session = *state, *next = session;
    size_t size;
    int status;

    if (is_left_out(session))
        skip();
    for (; next < &session[AT_ONCE] && next < &sessions[SESSIONS]; next++)
        if (!next->output && !is_left_out(next))
            next->output = start(next->options);
    size = fread(text, 1, OUTPUT - 1, session->output);
    text[size] = '\0';
    status = pclose(session->output);
    expect(session->says, text);
    expect(session->also, text);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), session->status);
    if (session->status == 2)
        assert_ptr_equal(strchr(text, '\n'), &text[size - 1]); /* one line */
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[SESSIONS];
    int i;

    (void)argc;
    places_set(argv[0]);
    for (i = 0; i < SESSIONS; i++)
        tests[i] = (struct CMUnitTest){
            .name = sessions[i].name, .test_func = test_session, .initial_state = &sessions[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
