/* driver: executes one scenario on a runtime library, once or once for each schedule, and says what
 * happens, in the words of spec/scenario.md.
 *
 *     driver LIBRARY < scenario
 *     driver --lacks LIBRARY           says which functions and options it lacks, one a line
 *
 * Exit status: 0 everything was said, 2 nothing can be executed, 3 the output is gone. */
#include "driver.h"

#include "miou_unix.h"
#include "scenario/memory.h"
#include "trampolines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 /* bytes of a program */, SCHEDULES_MAX = 10000 };

/* ---- Output ---- */

static int output;

/* Keep standard output for what is said; what the runtime prints goes to standard error. */
static void open_output(void)
{
    output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (output < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        die(NOTHING_TO_DO, "no standard output or error");
}

static void write_out(const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(output, text, size);

        if (n < 0 && errno != EINTR)
            _exit(OUTPUT_GONE);
        if (n > 0) {
            text += n;
            size -= (size_t)n;
        }
    }
}

/* ---- Schedules ---- */

struct schedule {
    uint64_t *answers;
    size_t count;
    bool seeded;
    uint64_t seed;
};

static struct schedule *schedules;
static size_t schedule_count;

/* A schedule while it steers a run. */
struct steering {
    const struct schedule *schedule;
    size_t asked;
    uint64_t state; /* of the generator */
};

/* SplitMix64. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static size_t choose(void *state, size_t count)
{
    struct steering *steering = state;
    const struct schedule *schedule = steering->schedule;
    uint64_t answer = 0;

    if (schedule->seeded)
        answer = next_random(&steering->state);
    else if (steering->asked < schedule->count)
        answer = schedule->answers[steering->asked++];
    answer = count > 0 ? answer % count : 0;
    say("chose %zu %zu\n", (size_t)answer, count);
    return (size_t)answer;
}

/* A program may need no choice, so whether a runtime asks at all is tried out on a run that needs
 * one: either of two domains may take a task. */
static size_t count_choices(void *state, size_t count)
{
    (void)count;
    ++*(size_t *)state;
    return 0;
}

static int return_0(void *arg)
{
    (void)arg;
    return 0;
}

static int call_one(void *arg)
{
    miou_promise *promise = NULL;

    (void)arg;
    return miou_call(&promise, NULL, return_0, NULL) || miou_await(promise, NULL);
}

static bool can_be_steered(void)
{
    size_t choices = 0;
    miou_options options = {.domains = 2, .choose = count_choices, .choose_state = &choices};

    miou_run(&options, call_one, NULL);
    return choices > 0;
}

/* ---- Reading ---- */

static void complain(void *to, int line, const char *text)
{
    (void)to;
    if (line)
        fprintf(stderr, "driver: line %d: %s\n", line, text);
    else
        fprintf(stderr, "driver: %s\n", text);
}

static bool parse_number(const char *word, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(word, &end, 10);
    return word[0] >= '0' && word[0] <= '9' && !*end && !errno;
}

/* Read what stands behind the word `schedule`. False: it is not a schedule. */
static bool parse_schedule(char *rest, struct schedule *schedule)
{
    static const char blanks[] = " \t\n";
    char *word = strtok(rest, blanks);
    uint64_t number;

    *schedule = (struct schedule){.seeded = word && strcmp(word, "seed") == 0};
    if (schedule->seeded) {
        word = strtok(NULL, blanks);
        return word && parse_number(word, &schedule->seed) && !strtok(NULL, blanks);
    }
    for (; word; word = strtok(NULL, blanks)) {
        if (!parse_number(word, &number))
            return false;
        schedule->answers = grown(schedule->answers, schedule->count, sizeof number);
        schedule->answers[schedule->count++] = number;
    }
    return true;
}

/* Take a line if it is a schedule. False: it is not, and the program begins. */
static bool take_schedule(char *line)
{
    size_t size = strlen("schedule");

    if (strncmp(line, "schedule", size) != 0 || !strchr(" \t#\n", line[size]))
        return false;
    line[strcspn(line, "#")] = '\0';
    if (schedule_count == SCHEDULES_MAX)
        die(NOTHING_TO_DO, "too many schedules");
    schedules = grown(schedules, schedule_count, sizeof *schedules);
    if (!parse_schedule(line + size, &schedules[schedule_count++]))
        die(NOTHING_TO_DO, "not a schedule");
    return true;
}

/* Read the program with its schedules; returns the scenario's number. */
static unsigned read_scenario(void)
{
    char *line = NULL, *text = resized(NULL, TEXT_MAX), rest[2] = "";
    size_t room = 0, size = 0;
    ssize_t length = getline(&line, &room, stdin);
    unsigned id;

    if (length < 1 || line[length - 1] != '\n' || sscanf(line, "scenario %u%1s", &id, rest) != 1)
        die(NOTHING_TO_DO, "the first line is not `scenario` and a number");
    while ((length = getline(&line, &room, stdin)) > 0) {
        if (size == 0 && take_schedule(line))
            continue;
        if (size + (size_t)length > TEXT_MAX)
            die(NOTHING_TO_DO, "the scenario is too long");
        memcpy(text + size, line, (size_t)length);
        size += (size_t)length;
    }
    if (ferror(stdin))
        die(NOTHING_TO_DO, "cannot read the scenario");
    program = program_parse(text, size, PROGRAM_STRIPPED, complain, NULL);
    free(text);
    free(line);
    if (!program)
        exit(NOTHING_TO_DO);
    return id;
}

/* ---- Executing ---- */

static void execute(const struct schedule *schedule)
{
    struct steering steering = {.schedule = schedule, .state = schedule ? schedule->seed : 0};

    execute_program((miou_options){.choose = schedule ? choose : NULL, .choose_state = &steering});
}

static void say_absent(const char *item)
{
    say("absent %s\n", item);
    _exit(SAID);
}

/* Why the library at path cannot be opened, if it cannot: the exit status. */
static int opened(const char *path, const char *error)
{
    if (!error)
        return SAID;
    fprintf(stderr, "driver: cannot open %s: %s\n", path, error);
    return NOTHING_TO_DO;
}

int main(int argc, char **argv)
{
    unsigned id;
    size_t i;
    int status;

    open_output();
    deliver = write_out;
    if (argc == 3 && !strcmp(argv[1], "--lacks")) {
        status = opened(argv[2], say_lacks(argv[2]));
        close(output);
        return status;
    }
    if (argc != 2)
        die(NOTHING_TO_DO, "usage: driver LIBRARY < scenario, or driver --lacks LIBRARY");
    id = read_scenario();
    if (opened(argv[1], trampolines_open(argv[1], say_absent)) != SAID)
        return NOTHING_TO_DO;
    say("scenario %u\n", id);
    if (schedule_count == 0)
        execute(NULL);
    else if (!can_be_steered())
        say_absent("choose");
    for (i = 0; i < schedule_count; i++) {
        if (i > 0)
            say("scenario %u\n", id);
        execute(&schedules[i]);
        forget_execution();
    }
    close(
        output); /* the program stays in memory: the runtime may not have ended all that it runs */
    return SAID;
}
