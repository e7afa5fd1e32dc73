/* attack: what the program `attack` says of a server becomes a result. With --plain it prints one
 * line per check on standard output, `CHECK VERDICT REASON`, and all else on standard error. */
#include "attack.h"

#include "counters.h"
#include "excerpt.h"
#include "process.h"
#include "scenario/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LONGER = 30, /* times a test's seconds: the attack waits that long for each single thing */
    OUTPUT_LIMIT = 1 << 20,
    ERROR_LINES = 30
};

static const double patience_least = 0.1, patience_most = 1e4; /* seconds, that attack takes */

/* The same clients in each session, and as many as R7.7 has. */
#define SEED        "1"
#define CONNECTIONS "512"
#define SECONDS     "2" /* of random traffic */

static void run_attack(const struct session *session, const struct test *test,
                       struct process *process)
{
    double seconds = session->seconds < patience_least  ? patience_least
                     : session->seconds > patience_most ? patience_most
                                                        : session->seconds;
    char *patience = text_of("%g", seconds);
    char *variable = counters_variable(session->counters, test->id);
    char *const words[] = {(char *)session->attack,
                           "--plain",
                           "--seed",
                           SEED,
                           "--connections",
                           CONNECTIONS,
                           "--seconds",
                           SECONDS,
                           "--patience",
                           patience,
                           "--rule",
                           test->rule->id,
                           "--only",
                           (char *)(uintptr_t)test->name,
                           "--",
                           "/bin/sh",
                           "-c",
                           (char *)session->server,
                           NULL};
    struct command command = {.arguments = words,
                              .variable = variable,
                              .input = "",
                              .seconds = LONGER * seconds,
                              .output_limit = OUTPUT_LIMIT};

    process_run(&command, process);
    free(variable);
    free(patience);
}

/* Read the line of a check. Returns whether it is whole. */
static bool read_line(const char *text, const char *check, struct result *result)
{
    static const struct {
        const char *word;
        enum result_kind kind;
    } verdicts[] = {{"pass", RESULT_PASS}, {"fail", RESULT_FAIL}, {"unknown", RESULT_UNKNOWN}};
    size_t size = strlen(check), i;

    if (strncmp(text, check, size) != 0 || text[size] != ' ' || !strchr(text, '\n'))
        return false;
    text += size + 1;
    for (i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        size = strlen(verdicts[i].word);
        if (strncmp(text, verdicts[i].word, size) != 0 || !strchr(" \n", text[size]))
            continue;
        text += size + (text[size] == ' ');
        if (verdicts[i].kind != RESULT_PASS)
            result_set(result, verdicts[i].kind, "%.*s", (int)strcspn(text, "\n"), text);
        return true;
    }
    return false;
}

/* ---- Why there is no verdict ---- */

/* What follows a word in a line that begins with it; or else the whole line. */
static const char *after(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) ? line : line + strlen(word);
}

/* The reason that attack gives, with the last words of the server, in one line. */
static char *explain(const struct process *process)
{
    static const char said[] = "      the server: ";
    const char *why = after(process->errors, "attack: "), *line = process->errors, *last = NULL;

    if (process->end != PROCESS_EXITED)
        return text_of("the attack did not end by itself");
    if (!*why)
        return text_of("the attack gave no verdict");
    for (; line; line = strchr(line, '\n'), line += line != NULL)
        if (after(line, said) != line)
            last = after(line, said);
    return text_of("%.*s%s%.*s", (int)strcspn(why, "\n"), why, last ? ": " : "",
                   (int)(last ? strcspn(last, "\n") : 0), last ? last : "");
}

struct result attack_execute(const struct session *session, const struct test *test)
{
    struct result result = {.kind = RESULT_PASS};
    struct process process;
    char *why;

    run_attack(session, test, &process);
    result.spent = process.spent;
    if (read_line(process.output, test->name, &result)) {
        if (result.kind != RESULT_PASS)
            result.errors = excerpt(process.errors, process.errors_size, ERROR_LINES);
    } else {
        why = explain(&process);
        result_set(&result, RESULT_UNKNOWN, "%s", why);
        free(why);
    }
    process_free(&process);
    return result;
}

char *attack_nothing(const struct session *session, const struct suite *suite)
{
    struct process process;
    char *why = NULL;
    size_t i;

    for (i = 0; i < suite->count; i++) {
        if (!suite->tests[i].chosen || !suite->tests[i].attacks)
            continue;
        run_attack(session, &suite->tests[i], &process);
        if (process.output_size == 0)
            why = explain(&process);
        process_free(&process);
        return why;
    }
    return copy_of("no rule that was chosen can be tested on a server; see attack --list");
}
