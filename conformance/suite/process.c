/* process: one child in a process group of its own. Its input is a file and its outputs are pipes:
 * a file needs no writing while we read, so that neither side can wait for the other for ever. */
#include "process.h"

#include "machine/activity.h"
#include "scenario/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { RUNNING_MAX = 1024 };

/* The process groups that run; 0: a free place. Not locked, for process_kill_all. */
static atomic_int running[RUNNING_MAX];

static int enlist(pid_t group)
{
    int i, nothing;

    for (i = 0; i < RUNNING_MAX; i++) {
        nothing = 0;
        if (atomic_compare_exchange_strong(&running[i], &nothing, group))
            return i;
    }
    return -1;
}

void process_kill_all(int number)
{
    int i;

    for (i = 0; i < RUNNING_MAX; i++)
        if (atomic_load(&running[i]) > 0)
            kill(-atomic_load(&running[i]), number);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Descriptors of a child that runs; -1: closed. */
struct ends {
    int input;
    int output[2]; /* read, write */
    int errors[2];
    int pid; /* readable when the child has ended */
};

static void close_end(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

static void close_ends(struct ends *ends)
{
    close_end(&ends->input);
    close_end(&ends->output[0]);
    close_end(&ends->output[1]);
    close_end(&ends->errors[0]);
    close_end(&ends->errors[1]);
    close_end(&ends->pid);
}

static int open_input(const char *input, size_t size)
{
    int file = memfd_create("input", MFD_CLOEXEC);
    ssize_t n;

    if (file < 0)
        return -1;
    for (; size > 0; input += n, size -= (size_t)n) {
        n = write(file, input, size);
        if (n < 0) {
            close(file);
            return -1;
        }
    }
    lseek(file, 0, SEEK_SET);
    return file;
}

static bool open_ends(const struct command *command, struct ends *ends)
{
    *ends = (struct ends){-1, {-1, -1}, {-1, -1}, -1};
    ends->input = open_input(command->input, command->input_size);
    return ends->input >= 0 && pipe2(ends->output, O_CLOEXEC) == 0 &&
           pipe2(ends->errors, O_CLOEXEC) == 0;
}

/* Start the command, as the leader of a group. It inherits no other descriptor, and no signal is
 * ignored or blocked in it. */
static int start(const struct command *command, const struct ends *ends, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t set;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends->input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends->output[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends->errors[1], STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes, &set);
    error = posix_spawnp(pid, command->arguments[0], &actions, &attributes, command->arguments,
                         environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* The output so far. */
struct text {
    char *bytes;
    size_t size;
    size_t room;
};

enum {
    AT_ONCE = 65536, /* bytes that one read takes from a pipe */
    A_FEW = 4096 /* fewer bytes are worth a short pause, so that a child that prints line by line
                    does not wake us for each line */
};

static const struct timespec a_moment = {.tv_nsec = 500000};

/* Make room for the next read, and for a NUL behind it. */
static void make_room(struct text *text)
{
    if (text->room - text->size > AT_ONCE)
        return;
    text->room = 2 * text->room + AT_ONCE + 1;
    text->bytes = resized(text->bytes, text->room);
}

/* Take what a pipe holds, and close it at its end. Returns the number of bytes. */
static size_t take(int *descriptor, struct text *text)
{
    ssize_t n;

    make_room(text);
    n = read(*descriptor, text->bytes + text->size, AT_ONCE);
    if (n > 0)
        text->size += (size_t)n;
    else if (n == 0 || errno != EINTR)
        close_end(descriptor);
    return n > 0 ? (size_t)n : 0;
}

/* Keep the last bytes only; returns whether there were more. */
static bool keep_tail(struct text *text)
{
    size_t more = text->size > ERROR_TAIL ? text->size - ERROR_TAIL : 0;

    if (!more)
        return false;
    memmove(text->bytes, text->bytes + more, ERROR_TAIL);
    text->size = ERROR_TAIL;
    return true;
}

/* ---- Patience ---- */

/* No clock decides that a child hangs, since a busy machine makes everything slow. It has used too
 * much processor time, or it has waited for too long without being able to run. While it could run
 * and did not get a processor, and while we did not get one ourselves, no time counts. */
enum {
    TICK = 200,  /* milliseconds from one look at the child to the next, at most */
    LONGER = 10, /* times that the limit holds for a child that waits, but not in silence */
};

struct patience {
    double limit; /* seconds; 0: there is none */
    double tick;  /* from one look at the child to the next */
    double last;  /* when we looked last */
    double used;  /* processor time until then */
    double silent, waited;
};

/* Look at the child if it is time to; it may have printed since the last time. Returns whether it
 * hangs. */
static bool is_hung(struct patience *patience, pid_t pid, bool *has_printed)
{
    double passed = now() - patience->last, tick = patience->tick;
    struct activity activity;

    if (patience->limit <= 0 || passed < tick)
        return false;
    activity = activity_of(pid);
    patience->last += passed;
    passed = passed < 2 * tick ? passed : 2 * tick; /* we may have been kept from looking */
    if (activity.runnable > 0 || activity.used > patience->used || *has_printed)
        patience->silent = 0;
    else
        patience->silent += passed;
    if (activity.runnable == 0)
        patience->waited += passed;
    patience->used = activity.used;
    *has_printed = false;
    return patience->used > patience->limit || patience->silent > patience->limit ||
           patience->waited > LONGER * patience->limit;
}

/* Take what the child prints until it has ended, hangs or has printed too much. It does not matter
 * whether the pipes are at their end: another process may hold them. */
static enum process_end attend(const struct command *command, struct ends *ends, pid_t pid,
                               struct process *process, struct text *output, struct text *errors)
{
    struct pollfd polls[3] = {{.events = POLLIN}, {.events = POLLIN}, {.events = POLLIN}};
    struct patience patience = {.limit = command->seconds, .last = now()};
    int tick = command->seconds * 1e3 < 2 * TICK ? (int)(command->seconds * 500) + 1 : TICK;
    bool has_printed = false;

    patience.tick = tick / 1e3;
    for (;;) {
        bool hung = is_hung(&patience, pid, &has_printed);

        process->used = patience.used;
        process->spent = patience.waited;
        if (hung)
            return PROCESS_HUNG;
        polls[0].fd = ends->pid;
        polls[1].fd = ends->output[0];
        polls[2].fd = ends->errors[0];
        if (poll(polls, 3, command->seconds > 0 ? tick + 1 : -1) < 0)
            continue; /* EINTR, or no memory for a moment */
        if (polls[1].revents && take(&ends->output[0], output) < A_FEW)
            nanosleep(&a_moment, NULL);
        if (polls[2].revents)
            take(&ends->errors[0], errors);
        has_printed |= polls[1].revents || polls[2].revents;
        process->errors_cut |= keep_tail(errors);
        if (output->size > command->output_limit)
            return PROCESS_FLOODED;
        if (polls[0].revents && !polls[1].revents && !polls[2].revents)
            return PROCESS_EXITED;
    }
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void reap(struct process *process, pid_t pid, enum process_end end)
{
    struct rusage usage = {0};
    int status = 0;

    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    if (end != PROCESS_HUNG) /* since descendants that it has not reaped count, too */
        process->used = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    process->spent += process->used;
    process->end = end;
    if (end != PROCESS_EXITED)
        return;
    process->end = WIFSIGNALED(status) ? PROCESS_SIGNALLED : PROCESS_EXITED;
    process->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

/* Attend a child that has started, until it has ended and is reaped. */
static void attend_to_the_end(const struct command *command, struct ends *ends, pid_t pid,
                              struct process *process, struct text *output, struct text *errors)
{
    enum process_end end = PROCESS_NOT_STARTED;
    int place = enlist(pid);

    close_end(&ends->input);
    close_end(&ends->output[1]);
    close_end(&ends->errors[1]);
    ends->pid = pidfd_open(pid, 0);
    if (ends->pid >= 0)
        end = attend(command, ends, pid, process, output, errors);
    else
        process->status = errno;
    /* The child is not reaped yet, so no other group can have its number. */
    kill(-pid, SIGKILL);
    if (place >= 0)
        atomic_store(&running[place], 0);
    reap(process, pid, end);
}

static char *end_text(struct text *text)
{
    make_room(text);
    text->bytes[text->size] = '\0';
    return text->bytes;
}

void process_run(const struct command *command, struct process *process)
{
    struct text output = {0}, errors = {0};
    struct ends ends;
    pid_t pid;

    *process = (struct process){.end = PROCESS_NOT_STARTED};
    process->status = open_ends(command, &ends) ? start(command, &ends, &pid) : errno;
    if (process->status == 0)
        attend_to_the_end(command, &ends, pid, process, &output, &errors);
    close_ends(&ends);
    process->output = end_text(&output);
    process->output_size = output.size;
    process->errors = end_text(&errors);
    process->errors_size = errors.size;
}

void process_free(struct process *process)
{
    free(process->output);
    free(process->errors);
}
