/* driver: executes scenarios on a runtime library, each once or once for each schedule, and says
 * what happens, in the words of spec/scenario.md. Each is executed in a child that is forked from
 * this process, which has opened the library already. A library that has threads then would lose
 * them in a child, so the first scenario is executed here, and this process ends with it.
 *
 *     driver LIBRARY
 *     driver --at-once LIBRARY         writes each line at once, and shares no memory between tasks
 *                                      that could hide a race from who watches the process
 *     driver --lacks LIBRARY           says which functions and options it lacks, one a line
 *
 * Exit status: 0 its input has ended, 2 it cannot go on, 3 the output is gone. */
#include "driver.h"

#include "keep_counters.h"
#include "machine/strays.h"
#include "machine/threads.h"
#include "miou_unix.h"
#include "scenario/memory.h"
#include "scenario/random.h"
#include "trampolines.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

/* ---- Lines that wait ---- */

/* What a child says waits in memory that we share with it, so that a child that dies loses none. We
 * write it now and then, and when the child has ended. */
struct held {
    atomic_flag lock;
    size_t size;
    char text[1 << 16];
};

static struct held *held;

/* Each line is written at once. */
#ifdef __SANITIZE_THREAD__
static bool at_once = true;
#else
static bool at_once;
#endif

static void open_held(void)
{
    held = mmap(NULL, sizeof *held, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (held == MAP_FAILED)
        die(NOTHING_TO_DO, "no memory");
}

static void write_held(void)
{
    size_t size = held->size;

    held->size = 0;
    write_out(held->text, size);
}

static void hold(const char *text, size_t size)
{
    if (held->size + size > sizeof held->text)
        write_held();
    if (size > sizeof held->text) {
        write_out(text, size);
        return;
    }
    memcpy(held->text + held->size, text, size);
    held->size += size;
}

static void say_turn(const int *domains, size_t count)
{
    size_t i;

    begin_talking();
    deliver("turn", strlen("turn"));
    for (i = 0; i < count; i++) {
        char word[16];

        if (domains[i] >= 0)
            deliver(word, (size_t)sprintf(word, " %d", domains[i]));
        else
            deliver(" -", strlen(" -"));
    }
    deliver("\n", 1);
    stop_talking();
}

/* ---- Schedules ---- */

struct schedule {
    uint64_t *answers;
    size_t count;
    bool beyond; /* the answer behind these is out of range */
    int *takers; /* who is to have the turns behind these answers, if they can */
    size_t taker_count;
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
    size_t taken;   /* takers that have had their turn, or could not */
    int wanted;     /* the answer that the next taker stands for; -1: none */
};

static int find_domain(const int *domains, size_t count, int domain)
{
    for (size_t i = 0; i < count; i++)
        if (domains[i] == domain)
            return (int)i;
    return -1;
}

/* Once the answers of the schedule are used up, the next of its takers that can is to have the
 * turn. */
static void tell_turn(void *state, const int *domains, size_t count)
{
    struct steering *steering = state;
    const struct schedule *schedule = steering->schedule;

    say_turn(domains, count);
    steering->wanted = -1;
    if (steering->asked < schedule->count)
        return;
    if (count == 1)
        steering->taken += steering->taken < schedule->taker_count &&
                           schedule->takers[steering->taken] == domains[0];
    else
        while (steering->wanted < 0 && steering->taken < schedule->taker_count)
            steering->wanted = find_domain(domains, count, schedule->takers[steering->taken++]);
}

static size_t choose(void *state, size_t count)
{
    struct steering *steering = state;
    const struct schedule *schedule = steering->schedule;
    uint64_t answer = 0;

    if (schedule->seeded)
        answer = next_random(&steering->state);
    else if (steering->asked < schedule->count)
        answer = schedule->answers[steering->asked];
    else if (steering->wanted >= 0)
        answer = (uint64_t)steering->wanted;
    steering->wanted = -1;
    answer = count > 0 ? answer % count : 0;
    if (steering->asked++ == schedule->count && schedule->beyond)
        answer = count;
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

/* Keep the first mistake. */
static void complain(void *to, int line, const char *text)
{
    char **mistake = to;

    if (!*mistake)
        *mistake = line ? text_of("line %d: %s", line, text) : copy_of(text);
}

static bool parse_number(const char *word, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(word, &end, 10);
    return word[0] >= '0' && word[0] <= '9' && !*end && !errno;
}

static bool parse_takers(struct schedule *schedule)
{
    uint64_t number = 0;
    char *word;

    while ((word = strtok(NULL, " \t\n"))) {
        bool time = strcmp(word, "-") == 0;

        if (!time && (!parse_number(word, &number) || number > INT_MAX))
            return false;
        schedule->takers = grown(schedule->takers, schedule->taker_count, sizeof(int));
        schedule->takers[schedule->taker_count++] = time ? MIOU_NO_DOMAIN : (int)number;
    }
    return true;
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
        schedule->beyond = strcmp(word, "beyond") == 0;
        if (schedule->beyond)
            return !strtok(NULL, blanks);
        if (strcmp(word, "turns") == 0)
            return parse_takers(schedule);
        if (!parse_number(word, &number))
            return false;
        schedule->answers = grown(schedule->answers, schedule->count, sizeof number);
        schedule->answers[schedule->count++] = number;
    }
    return true;
}

/* Whether a line is a schedule; if not, the program begins. */
static bool is_schedule(const char *line)
{
    size_t size = strlen("schedule");

    return !strncmp(line, "schedule", size) && strchr(" \t#\n", line[size]);
}

static void take_schedule(char *line, char **mistake)
{
    line[strcspn(line, "#")] = '\0';
    if (schedule_count == SCHEDULES_MAX) {
        complain(mistake, 0, "too many schedules");
        return;
    }
    schedules = grown(schedules, schedule_count, sizeof *schedules);
    if (!parse_schedule(line + strlen("schedule"), &schedules[schedule_count++]))
        complain(mistake, 0, "not a schedule");
}

/* `peer NAME PORT`: where a peer of the program listens. */
struct place {
    char name[PROGRAM_NAME_MAX + 1];
    unsigned port;
};

static struct place places[PROGRAM_TASKS_MAX];
static int place_count;

static bool is_peer(const char *line)
{
    return !strncmp(line, "peer ", strlen("peer "));
}

static void take_peer(const char *line, char **mistake)
{
    struct place *place = &places[place_count];
    char rest[2];

    if (place_count == PROGRAM_TASKS_MAX ||
        sscanf(line, "peer %31s %u %1s", place->name, &place->port, rest) != 2 ||
        place->port > UINT16_MAX)
        complain(mistake, 0, "not a peer");
    else
        place_count++;
}

/* Peers that no task connects to have no number. */
static void place_peers(void)
{
    int i, peer;

    for (i = 0; i < place_count; i++)
        if ((peer = program_number(program, NAME_PEER, places[i].name)) >= 0)
            set_peer_port(peer, (uint16_t)places[i].port);
}

static void forget_scenario(void)
{
    size_t i;

    for (i = 0; i < schedule_count; i++) {
        free(schedules[i].answers);
        free(schedules[i].takers);
    }
    free(schedules);
    schedules = NULL;
    schedule_count = 0;
    place_count = 0;
    program_free(program);
    program = NULL;
}

/* Read the next line, which ends with a newline alone; it stays valid until the next call. NULL:
 * the input has ended. */
static char *next_line(void)
{
    static char *line;
    static size_t room;
    ssize_t length = getline(&line, &room, stdin);

    if (length > 1 && line[length - 2] == '\r')
        strcpy(line + length - 2, "\n");
    if (length > 0)
        return line;
    if (ferror(stdin))
        die(NOTHING_TO_DO, "cannot read the input");
    return NULL;
}

/* Whether a line has this word, and nothing else. */
static bool is_word(const char *line, const char *word)
{
    size_t size = strlen(word);

    return !strncmp(line, word, size) && (!line[size] || line[size] == '\n');
}

/* Read a program, with its schedules, up to `go`. Returns what is wrong with it, to be freed; NULL:
 * nothing. */
static char *read_program(void)
{
    char *text = NULL, *line, *mistake = NULL;
    size_t size = 0, length;

    while ((line = next_line()) && !is_word(line, "go")) {
        if (size == 0 && is_schedule(line)) {
            take_schedule(line, &mistake);
            continue;
        }
        if (size == 0 && is_peer(line)) {
            take_peer(line, &mistake);
            continue;
        }
        length = strlen(line);
        if (size + length > TEXT_MAX) {
            complain(&mistake, 0, "the scenario is too long");
            continue;
        }
        text = resized(text, size + length);
        memcpy(text + size, line, length);
        size += length;
    }
    if (!line)
        die(NOTHING_TO_DO, "the input ends before `go`");
    if (!mistake)
        program = program_parse(text, size, PROGRAM_STRIPPED, complain, &mistake);
    if (program)
        place_peers();
    free(text);
    return mistake;
}

/* Read the line that a scenario begins with. False: the input has ended. */
static bool read_id(unsigned *id)
{
    char *line = next_line(), rest[2] = "";

    if (line && sscanf(line, "scenario %u%1s", id, rest) != 1)
        die(NOTHING_TO_DO, "this is not `scenario` and a number");
    return line != NULL;
}

/* ---- Executing ---- */

static const char *library; /* its path */
static sigset_t child_ends; /* SIGCHLD, which is blocked here */
static bool can_be_copied;  /* false: this process executes one scenario itself, and ends */

static void execute(const struct schedule *schedule)
{
    struct steering steering = {.schedule = schedule, .state = schedule ? schedule->seed : 0};

    execute_program((miou_options){.choose = schedule ? choose : NULL,
                                   .choose_state = &steering,
                                   .turn = schedule ? tell_turn : NULL});
}

/* Execute the program in this process, which is for that alone. */
static void execute_all(unsigned id)
{
    size_t i;

    if (schedule_count == 0)
        execute(NULL);
    else if (!can_be_steered())
        say("absent choose\n");
    else
        for (i = 0; i < schedule_count; i++) {
            if (i > 0)
                say("scenario %u\n", id);
            execute(&schedules[i]);
            forget_execution();
        }
    /* The program stays in memory: the runtime may not have ended all that it runs. */
    exit(close(output) == 0 ? SAID : OUTPUT_GONE);
}

/* A process of its own for a scenario: it ends with us, and its input is empty. What is to be heard
 * as it is said is not held. */
static void be_alone(void)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_UNBLOCK, &child_ends, NULL);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
        die(NOTHING_TO_DO, "no standard input");
    close(nothing);
    keep_counters(library);
    if (at_once || place_count > 0 || program_has(program, OP_LISTEN) || !can_be_copied)
        return;
    talk_in_memory(&held->lock);
    deliver = hold;
}

/* Wait for the end of a child, and write what it says meanwhile. Its last lines are written then,
 * whatever it was doing. */
static int wait_for(pid_t child)
{
    const long longest = 160000000; /* so that a hang is not taken for work */
    struct timespec moment = {.tv_nsec = 5000000};
    int status = 0;

    for (; waitpid(child, &status, WNOHANG) == 0;
         moment.tv_nsec = moment.tv_nsec < longest ? 2 * moment.tv_nsec : longest) {
        if (sigtimedwait(&child_ends, NULL, &moment) >= 0 ||
            atomic_flag_test_and_set_explicit(&held->lock, memory_order_acquire))
            continue;
        write_held();
        atomic_flag_clear_explicit(&held->lock, memory_order_release);
    }
    strays_kill(); /* what the child has left behind */
    write_held();
    atomic_flag_clear(&held->lock);
    return status;
}

static void say_end(int status)
{
    if (WIFSIGNALED(status))
        say("died signal %d\n", WTERMSIG(status));
    else if (WEXITSTATUS(status) != SAID)
        say("died status %d\n", WEXITSTATUS(status));
}

static void execute_apart(unsigned id)
{
    pid_t child = can_be_copied ? fork() : 0;

    if (child < 0) {
        say("refused no process can be made: %s\n", strerror(errno));
        return;
    }
    if (child == 0) {
        be_alone();
        execute_all(id);
    }
    say_end(wait_for(child));
}

static void serve(void)
{
    unsigned id;
    char *mistake;

    strays_adopt();
    sigemptyset(&child_ends);
    sigaddset(&child_ends, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ends, NULL);
    say("driver 2 c\nready\n");
    while (read_id(&id)) {
        mistake = read_program();
        say("scenario %u\n", id);
        if (mistake)
            say("refused %s\n", mistake);
        else
            execute_apart(id);
        free(mistake);
        forget_scenario();
        say("ready\n");
    }
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
    int status, threads;

    open_output();
    open_held();
    deliver = write_out;
    if (argc == 3 && !strcmp(argv[1], "--lacks")) {
        keep_counters(argv[2]);
        status = opened(argv[2], say_lacks(argv[2]));
        close(output);
        return status;
    }
    if (argc == 3 && !strcmp(argv[1], "--at-once"))
        at_once = true;
    else if (argc != 2)
        die(NOTHING_TO_DO, "usage: driver [--at-once | --lacks] LIBRARY");
    library = argv[argc - 1];
    outlive_keeping();
    threads = threads_running();
    status = opened(library, trampolines_open(library, NULL));
    can_be_copied = threads_running() == threads;
    if (status == SAID)
        serve();
    close(output);
    return status;
}
