/* conversation: the drivers that wait for a scenario are kept on a stack. A thread takes one from
 * it, or starts another. */
#include "conversation.h"

#include "counters.h"
#include "scenario/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GREETING_LIMIT = 1 << 20, /* bytes before the end of a greeting */
    A_WHILE = 1,              /* seconds for the rest of a scenario that is given up */
    HELD_BACK = 5,    /* seconds of silence after which a driver seems to hold back its output */
    WAITING_MAX = 256 /* drivers that wait; more are not kept */
};

/* A shell ends with this status, and a number added to it, if a signal has killed its command. */
enum { SHELL_SIGNALS = 128, SIGNALS = 64 };

static const char ready[] = "ready";

struct drivers {
    char **arguments;
    double seconds, grace;
    size_t output_limit;
    struct greeting greeting;
    struct habits habits;
    pthread_mutex_t lock;
    struct child *waiting[WAITING_MAX];
    int waiting_count;
};

struct drivers *drivers_create(char *const *arguments, double seconds, double grace,
                               size_t output_limit)
{
    struct drivers *drivers = zeroed(1, sizeof *drivers);
    size_t count, i;

    for (count = 0; arguments[count]; count++)
        ;
    drivers->arguments = zeroed(count + 1, sizeof *drivers->arguments);
    for (i = 0; i < count; i++)
        drivers->arguments[i] = copy_of(arguments[i]);
    drivers->seconds = seconds;
    drivers->grace = grace;
    drivers->output_limit = output_limit;
    pthread_mutex_init(&drivers->lock, NULL);
    return drivers;
}

const struct greeting *drivers_greeting(const struct drivers *drivers)
{
    return drivers && drivers->greeting.driver ? &drivers->greeting : NULL;
}

const struct habits *drivers_habits(const struct drivers *drivers)
{
    return &drivers->habits;
}

/* ---- Lines ---- */

/* Take away the carriage returns at the ends of lines. */
static void take_returns(struct process *process)
{
    char *from = process->output, *to = process->output;
    const char *end = from + process->output_size;

    for (; from < end; from++)
        if (from[0] != '\r' || from[1] != '\n')
            *to++ = *from;
    *to = '\0';
    process->output_size = (size_t)(to - process->output);
}

/* Where the last line of the output begins; its length becomes *size. */
static char *last_line(const struct process *process, size_t *size)
{
    size_t end = process->output_size, begin;

    end -= end > 0 && process->output[end - 1] == '\n';
    for (begin = end; begin > 0 && process->output[begin - 1] != '\n'; begin--)
        ;
    *size = end - begin;
    return process->output + begin;
}

static void cut_output(struct process *process, char *at)
{
    *at = '\0';
    process->output_size = (size_t)(at - process->output);
}

/* The line behind `word ` if it begins so; NULL: it does not. */
static char *behind(char *line, const char *word)
{
    size_t size = strlen(word);

    return !strncmp(line, word, size) && line[size] == ' ' ? line + size + 1 : NULL;
}

static char *one_line(const char *text)
{
    return must(strndup(text, strcspn(text, "\n")));
}

/* ---- The greeting ---- */

static char *note_driver(struct greeting *greeting, const char *rest)
{
    int version, size = 0;

    if (greeting->driver)
        return text_of("the driver greets twice");
    if (sscanf(rest, "%d%n", &version, &size) != 1 || (rest[size] && rest[size] != ' '))
        return text_of("the driver greets without a version of the protocol: `driver %s`", rest);
    if (version != PROTOCOL)
        return text_of("the driver speaks version %d of the protocol, and this is version %d",
                       version, PROTOCOL);
    greeting->driver = copy_of(rest + size + strspn(rest + size, " "));
    return NULL;
}

const char *drivers_item(const char *word)
{
    static const char *const others[] = {"choose", "outside",  "no-monitor", "repeat",
                                         "give=",  "orphans=", "pin="};
    enum operation_kind kind = operation_named(word);
    size_t i;

    if (kind < OPERATION_KINDS) /* `until` is the driver's own, whether there is a yield or not */
        return operation_function(kind) && kind != OP_UNTIL ? operation_function(kind)
                                                            : operation_word(kind);
    for (i = 0; i < sizeof others / sizeof *others; i++)
        if (!strcmp(word, others[i]))
            return others[i];
    return NULL;
}

static char *note_lacks(struct greeting *greeting, char *rest)
{
    char *word, *place, *all;

    for (word = strtok_r(rest, " \t", &place); word; word = strtok_r(NULL, " \t", &place)) {
        if (!drivers_item(word))
            return text_of("the driver lacks `%.40s`, which is no operation", word);
        all = text_of("%s%s ", greeting->lacks ? greeting->lacks : " ", word);
        free(greeting->lacks);
        greeting->lacks = all;
    }
    return NULL;
}

/* Returns what is wrong with a line of the greeting; NULL: nothing. */
static char *note_line(struct greeting *greeting, char *line)
{
    char *rest;

    if ((rest = behind(line, "driver")))
        return note_driver(greeting, rest);
    if (!greeting->driver)
        return NULL; /* a banner */
    if ((rest = behind(line, "lacks")))
        return note_lacks(greeting, rest);
    if ((rest = behind(line, "runtime")) && !greeting->runtime)
        greeting->runtime = copy_of(rest);
    else
        return text_of("the driver says `%.60s` in its greeting", line);
    return NULL;
}

static void free_greeting(struct greeting *greeting)
{
    free(greeting->driver);
    free(greeting->runtime);
    free(greeting->lacks);
    *greeting = (struct greeting){0};
}

/* What is wrong with a text that is no greeting; its lines have been cut apart. */
static char *no_greeting(const char *first, bool has_begun)
{
    if (has_begun)
        return text_of("the driver's greeting does not end with `ready`");
    if (*first)
        return text_of("the driver does not greet with `driver %d NAME`, but says `%.60s`",
                       PROTOCOL, first);
    return text_of("the driver does not greet with `driver %d NAME`", PROTOCOL);
}

/* Read a greeting up to the end of the text or `ready`. Returns what is wrong with it. */
static char *read_greeting(char *text, struct greeting *greeting, char **rest)
{
    char *line = text, *end, *wrong = NULL;

    for (; *line && !wrong; line = end) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        if (!strcmp(line, ready) && greeting->driver) {
            *rest = end;
            return NULL;
        }
        wrong = note_line(greeting, line);
    }
    return wrong ? wrong : no_greeting(text, greeting->driver != NULL);
}

/* How a driver has ended that was to greet, as a remark. */
static char *how_ended(const struct process *process, const char *what)
{
    char *errors = one_line(process->errors), *how;

    switch (process->end) {
    case PROCESS_EXITED:
        how = text_of("%s; it has ended with status %d", what, process->status);
        break;
    case PROCESS_SIGNALLED:
        how = text_of("%s; it was killed by signal %d", what, process->status);
        break;
    case PROCESS_HUNG:
        how = text_of("%s; it hangs", what);
        break;
    default:
        how = copy_of(what);
    }
    if (*errors) {
        char *both = text_of("%s: %s", how, errors);

        free(how);
        how = both;
    }
    free(errors);
    return how;
}

/* Hear a greeting. A driver that lives on without it has said `ready` as its first line. */
static char *hear(const struct process *process, struct greeting *greeting)
{
    char *text = copy_of(process->output), *rest, *why, *what;

    why = process->end == PROCESS_FLOODED ? copy_of("the driver floods before it greets")
                                          : read_greeting(text, greeting, &rest);
    free(text);
    if (!why)
        return NULL;
    what = how_ended(process, why);
    free(why);
    return what;
}

/* A banner may hold anything. */
static void replace_nuls(struct process *process)
{
    size_t i;

    for (i = 0; i < process->output_size; i++)
        if (!process->output[i])
            process->output[i] = '?';
}

/* Start the command, by a shell that limits its descriptors first, if there is a limit. */
static struct child *start_command(const struct drivers *drivers, int descriptors,
                                   const char *variable)
{
    static const char limit[] = "ulimit -n \"$1\" && shift && exec \"$@\"";
    const char *before[] = {"/bin/sh", "-c", limit, "sh", NULL};
    enum { BEFORE = sizeof before / sizeof *before };
    char number[16], **arguments;
    struct child *child;
    size_t count;

    if (descriptors == 0)
        return child_start(drivers->arguments, variable);
    for (count = 0; drivers->arguments[count]; count++)
        ;
    snprintf(number, sizeof number, "%d", descriptors);
    before[BEFORE - 1] = number;
    arguments = zeroed(BEFORE + count + 1, sizeof *arguments);
    memcpy(arguments, before, sizeof before);
    memcpy(arguments + BEFORE, drivers->arguments, count * sizeof *arguments);
    child = child_start(arguments, variable);
    free(arguments);
    return child;
}

/* Start a driver; it has greeted when it lives afterwards. NULL: it has not, and the process tells
 * what it has done instead. */
static struct child *start(const struct drivers *drivers, int descriptors, struct process *process)
{
    struct command command = {.input = "",
                              .seconds = drivers->seconds,
                              .output_limit = GREETING_LIMIT,
                              .until = ready,
                              .held_back = drivers->seconds < 2 * HELD_BACK ? drivers->seconds / 2
                                                                            : HELD_BACK};
    struct child *child = start_command(drivers, descriptors, NULL);

    if (!child) {
        process_not_started(process, errno);
        return NULL;
    }
    if (!child_ask(child, &command, process)) {
        child_free(child);
        child = NULL;
    }
    take_returns(process);
    replace_nuls(process);
    return child;
}

char *drivers_greet(struct drivers *drivers)
{
    struct process process;
    struct child *child = start(drivers, 0, &process);
    char *why = process_not_executed(&process);

    drivers->habits.not_executed = why != NULL;
    if (!why)
        why = hear(&process, &drivers->greeting);
    if (why)
        free_greeting(&drivers->greeting);
    drivers->habits.holds_back = !child;
    process_free(&process);
    if (why)
        child_free(child);
    else if (child)
        drivers->waiting[drivers->waiting_count++] = child;
    return why;
}

static bool lacks(const struct greeting *greeting, const char *word)
{
    char *all = text_of(" %s ", word);
    bool found = greeting->lacks && strstr(greeting->lacks, all);

    free(all);
    return found;
}

const char *drivers_lack(const struct drivers *drivers, const struct program *program,
                         bool is_steered)
{
    int i;

    if (is_steered && lacks(&drivers->greeting, "choose"))
        return "choose";
    if (program->outside_task >= 0 && lacks(&drivers->greeting, "outside"))
        return "outside";
    if (program->bare && lacks(&drivers->greeting, "no-monitor"))
        return "no-monitor";
    for (i = 0; i < program->operation_count; i++) {
        const struct operation *operation = &program->operations[i];
        const char *word = operation_word(operation->kind);

        if (operation->repeat > 1 && lacks(&drivers->greeting, "repeat"))
            return "repeat";
        if (operation->give_count > 0 && lacks(&drivers->greeting, "give="))
            return "give=";
        if (operation->orphans >= 0 && lacks(&drivers->greeting, "orphans="))
            return "orphans=";
        if (operation->pin != PIN_NONE && lacks(&drivers->greeting, "pin="))
            return "pin=";
        if (lacks(&drivers->greeting, word) && !program_can_lack(program, operation))
            return word;
    }
    return NULL;
}

/* ---- Scenarios ---- */

static struct child *take_waiting(struct drivers *drivers)
{
    struct child *child = NULL;

    pthread_mutex_lock(&drivers->lock);
    if (drivers->waiting_count > 0)
        child = drivers->waiting[--drivers->waiting_count];
    pthread_mutex_unlock(&drivers->lock);
    return child;
}

static void let_wait(struct drivers *drivers, struct child *child)
{
    pthread_mutex_lock(&drivers->lock);
    if (drivers->waiting_count < WAITING_MAX) {
        drivers->waiting[drivers->waiting_count++] = child;
        child = NULL;
    }
    pthread_mutex_unlock(&drivers->lock);
    child_free(child);
}

/* Whether an answer is to this question: it begins with the question's first line. */
static bool answers(const struct process *process, const char *input)
{
    size_t size = strcspn(input, "\n") + 1;

    return process->output_size >= size && !memcmp(process->output, input, size);
}

static bool is_ready(const struct process *process)
{
    size_t size;
    const char *line = last_line(process, &size);

    return size == strlen(ready) && !memcmp(line, ready, size);
}

/* What the driver says of the end of the process that executed the scenario becomes what the
 * process did. */
static void take_end(struct process *process)
{
    size_t size;
    char *line = last_line(process, &size), *rest, *text;

    if (process->end == PROCESS_EXITED && process->status > SHELL_SIGNALS &&
        process->status <= SHELL_SIGNALS + SIGNALS) {
        process->end = PROCESS_SIGNALLED;
        process->status -= SHELL_SIGNALS;
    }
    if (is_ready(process))
        cut_output(process, line);
    if (process->end == PROCESS_ANSWERED) {
        process->end = PROCESS_EXITED;
        process->status = 0;
    }
    line = last_line(process, &size);
    text = must(strndup(line, size));
    if (sscanf(text, "died signal %d", &process->status) == 1) {
        process->end = PROCESS_SIGNALLED;
        cut_output(process, line);
    } else if (sscanf(text, "died status %d", &process->status) == 1) {
        cut_output(process, line);
    }
    if ((rest = behind(text, "refused"))) {
        free(process->errors);
        process->errors = copy_of(rest);
        process->errors_size = strlen(rest);
        process->status = 2;
        cut_output(process, process->output);
    }
    free(text);
}

/* A driver that was started for one scenario has greeted first. */
static void drop_greeting(struct process *process)
{
    struct greeting greeting = {0};
    char *text = copy_of(process->output), *rest, *wrong = read_greeting(text, &greeting, &rest);
    size_t size;

    if (!wrong) {
        size = (size_t)(rest - text);
        process->output_size -= size;
        memmove(process->output, process->output + size, process->output_size + 1);
    }
    free(wrong);
    free(text);
    free_greeting(&greeting);
}

/* Whether a line says that an operation is absent without which the program cannot be judged. */
static bool is_given_up(const struct program *program, const char *line, size_t size)
{
    static const char absent[] = " absent";
    size_t end = strlen(absent);
    char text[128];
    int number, length = 0;

    if (size >= sizeof text || size < end || memcmp(line + size - end, absent, end) != 0)
        return false;
    memcpy(text, line, size);
    text[size] = '\0';
    return sscanf(text, "did %*s %d absent%n", &number, &length) == 1 && (size_t)length == size &&
           number > 0 && number <= program->line_count && program->at_line[number] >= 0 &&
           !program_can_lack(program, &program->operations[program->at_line[number]]);
}

/* What is done with each line of an answer. */
struct hearing {
    const struct program *program;
    const struct listener *listener;
    const char *first; /* the line that an answer begins with; NULL: it has begun */
};

static bool hear_line(const char *line, size_t size, void *state)
{
    struct hearing *hearing = state;
    const char *first = hearing->first;

    hearing->first = NULL;
    if (first && (size != strcspn(first, "\n") || memcmp(line, first, size) != 0))
        return true; /* whatever follows is no answer */
    if (hearing->listener)
        hearing->listener->hear(hearing->listener->to, line, size);
    return hearing->program && is_given_up(hearing->program, line, size);
}

static void hear_hang(void *state)
{
    const struct hearing *hearing = state;

    if (hearing->listener)
        hearing->listener->hang(hearing->listener->to);
}

/* Tell the listener which driver is asked now. */
static void begin_hearing(const struct command *command, const struct child *child)
{
    const struct hearing *hearing = command->state;

    if (hearing->listener)
        hearing->listener->begin(hearing->listener->to, child_process(child));
}

static void ask_once(struct drivers *drivers, int descriptors, const struct command *command,
                     struct process *process)
{
    struct child *child = start_command(drivers, descriptors, command->variable);

    if (!child) {
        process_not_started(process, errno);
        return;
    }
    begin_hearing(command, child);
    child_ask_last(child, command, process);
    child_free(child);
    take_returns(process);
    drop_greeting(process);
}

/* Let a driver come to the end of a scenario of which nothing more is to be known. Returns whether
 * it does, before long. */
static bool comes_to_the_end(struct child *child)
{
    struct command command = {
        .input = "", .seconds = A_WHILE, .output_limit = GREETING_LIMIT, .until = ready};
    struct process process;
    bool lives = child_ask(child, &command, &process);

    process_free(&process);
    return lives;
}

/* Take down how a driver has ended that has answered before. */
static void note_habits(struct drivers *drivers, const struct process *process, bool answered)
{
    struct habits *habits = &drivers->habits;

    pthread_mutex_lock(&drivers->lock);
    if (answered)
        habits->ends |=
            process->end == PROCESS_EXITED && process->status == 0 && !is_ready(process);
    else if (!habits->unasked)
        habits->unasked = one_line(process->output);
    pthread_mutex_unlock(&drivers->lock);
}

/* Ask a driver that lives. Returns whether the answer counts: what one that has executed others
 * before says instead of an answer has to do with those. One whose descriptors are limited is for
 * this scenario alone. */
static bool ask_living(struct drivers *drivers, int descriptors, const struct command *command,
                       struct process *process)
{
    struct child *child = descriptors ? NULL : take_waiting(drivers);
    bool is_fresh = !child;

    if (is_fresh) {
        child = start(drivers, descriptors, process);
        if (!child)
            return true;
        process_free(process);
    }
    begin_hearing(command, child);
    child_ask(child, command, process);
    take_returns(process);
    if (process->end == PROCESS_ANSWERED && answers(process, command->input) &&
        (is_ready(process) || comes_to_the_end(child))) {
        if (descriptors)
            child_free(child);
        else
            let_wait(drivers, child);
        return true;
    }
    child_free(child);
    is_fresh |= answers(process, command->input);
    note_habits(drivers, process, is_fresh);
    return is_fresh;
}

void drivers_ask(struct drivers *drivers, const struct program *program, const char *input,
                 const char *variable, const struct listener *listener, struct process *process)
{
    bool apart = variable || drivers->habits.holds_back;
    struct hearing hearing = {program, listener, input};
    struct command command = {.variable = variable,
                              .grace = variable ? COUNTERS_GRACE : drivers->grace,
                              .input = input,
                              .input_size = strlen(input),
                              .seconds = drivers->seconds,
                              .output_limit = drivers->output_limit,
                              .until = apart ? NULL : ready,
                              .hear = hear_line,
                              .hang = hear_hang,
                              .state = &hearing};
    int descriptors = program ? program->descriptors : 0;

    if (apart)
        ask_once(drivers, descriptors, &command, process);
    else
        for (; !ask_living(drivers, descriptors, &command, process); hearing.first = input)
            process_free(process);
    take_end(process);
}

/* ---- The end ---- */

/* A driver ends when its input does. One that does not is killed. Returns its status. */
static int end(const struct drivers *drivers, struct child *child)
{
    struct command command = {
        .input = "", .seconds = drivers->seconds, .output_limit = GREETING_LIMIT};
    struct process process;
    int status;

    child_ask_last(child, &command, &process);
    status = process.end == PROCESS_EXITED ? process.status : 0;
    process_free(&process);
    child_free(child);
    return status;
}

int drivers_free(struct drivers *drivers)
{
    int status = 0, last;
    size_t i;

    if (!drivers)
        return 0;
    while (drivers->waiting_count > 0) {
        last = end(drivers, drivers->waiting[--drivers->waiting_count]);
        status = last ? last : status;
    }
    for (i = 0; drivers->arguments[i]; i++)
        free(drivers->arguments[i]);
    free(drivers->arguments);
    free_greeting(&drivers->greeting);
    free(drivers->habits.unasked);
    pthread_mutex_destroy(&drivers->lock);
    free(drivers);
    return status;
}
