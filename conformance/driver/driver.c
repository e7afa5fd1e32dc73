/* driver: executes one scenario on a runtime library, once or once for each schedule, and says what
 * happens, as spec/scenario.md has it.
 *
 *     driver LIBRARY < scenario
 *
 * Exit status: 0 all was said, 2 there is nothing to execute, 3 the output is gone. */
#include "driver.h"

#include "miou_unix.h"
#include "trampolines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 /* bytes of a program */, SCHEDULES_MAX = 10000 };

struct program *program;

/* ---- Output ---- */

static int output;

/* Keep standard output for what is said: what the runtime prints goes to standard error. */
static void open_output(void)
{
    output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (output < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        die(NOTHING_TO_DO, "no standard output or error");
}

void deliver(const char *text, size_t size)
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

/* A schedule while it drives a run. */
struct driving {
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
    struct driving *driving = state;
    const struct schedule *schedule = driving->schedule;
    uint64_t answer = 0;

    if (schedule->seeded)
        answer = next_random(&driving->state);
    else if (driving->asked < schedule->count)
        answer = schedule->answers[driving->asked++];
    answer = count > 0 ? answer % count : 0;
    say("chose %zu %zu\n", (size_t)answer, count);
    return (size_t)answer;
}

/* Whether a runtime asks at all cannot be told by a run that needs no choice. Here there is one: a
 * task that two domains may take. */
static size_t count_questions(void *state, size_t count)
{
    ++*(size_t *)state;
    return count - count;
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

static bool can_be_driven(void)
{
    size_t questions = 0;
    miou_options options = {.domains = 2, .choose = count_questions, .choose_state = &questions};

    miou_run(&options, call_one, NULL);
    return questions > 0;
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

/* False: it is no schedule. rest is what stands behind the word. */
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
        if ((schedule->count & (schedule->count - 1)) == 0)
            schedule->answers =
                allocate(schedule->answers,
                         (schedule->count ? 2 * schedule->count : 1) * sizeof *schedule->answers);
        schedule->answers[schedule->count++] = number;
    }
    return true;
}

/* Take a line that is a schedule; false: it is none, and the program begins. */
static bool take_schedule(char *line)
{
    size_t size = strlen("schedule");

    if (strncmp(line, "schedule", size) != 0 || !strchr(" \t#\n", line[size]))
        return false;
    line[strcspn(line, "#")] = '\0';
    if (schedule_count == SCHEDULES_MAX)
        die(NOTHING_TO_DO, "too many schedules");
    schedules = allocate(schedules, (schedule_count + 1) * sizeof *schedules);
    if (!parse_schedule(line + size, &schedules[schedule_count++]))
        die(NOTHING_TO_DO, "a schedule that is none");
    return true;
}

/* Read the program with its schedules; returns the scenario's number. */
static unsigned read_scenario(void)
{
    char *line = NULL, *text = allocate(NULL, TEXT_MAX), rest[2] = "";
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

/* ---- Running ---- */

static void run(const struct schedule *schedule)
{
    struct driving driving = {.schedule = schedule, .state = schedule ? schedule->seed : 0};

    execute_program((miou_options){.choose = schedule ? choose : NULL, .choose_state = &driving});
}

static void say_absent(const char *function)
{
    say("absent %s\n", function);
    _exit(SAID);
}

int main(int argc, char **argv)
{
    const char *error;
    unsigned id;
    size_t i;

    if (argc != 2)
        die(NOTHING_TO_DO, "usage: driver LIBRARY < scenario");
    open_output();
    id = read_scenario();
    say("scenario %u\n", id);
    error = trampolines_open(argv[1], say_absent);
    if (error) {
        fprintf(stderr, "driver: cannot open %s: %s\n", argv[1], error);
        return NOTHING_TO_DO;
    }
    if (schedule_count == 0)
        run(NULL);
    else if (!can_be_driven())
        say_absent("choose");
    for (i = 0; i < schedule_count; i++) {
        if (i > 0)
            say("scenario %u\n", id);
        run(&schedules[i]);
        forget_execution();
    }
    close(output); /* but the program stays: a runtime may not have ended what it runs */
    return SAID;
}
