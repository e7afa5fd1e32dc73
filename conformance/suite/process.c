/* process: a child below a minder, with pipes for its input and its outputs. We write and read
 * whatever is possible, so that neither side can wait for the other for ever. */
#include "process.h"

#include "machine/activity.h"
#include "machine/clock.h"
#include "machine/minder.h"
#include "scenario/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Exit statuses of the shell: it cannot execute the command. */
enum { NOT_EXECUTABLE = 126, NOT_FOUND };

static atomic_bool stopped;

void process_stop_all(void)
{
    atomic_store(&stopped, true);
}

bool process_stopped(void)
{
    return atomic_load(&stopped);
}

/* The output so far. */
struct text {
    char *bytes;
    size_t size;
    size_t room;
};

/* Our ends of the pipes, and the child's; -1: closed. */
struct ends {
    int input[2]; /* read, write */
    int output[2];
    int errors[2];
    int leash; /* of its minder; in error when that has ended */
};

struct child {
    pid_t pid; /* of its minder; 0: it has ended and is reaped */
    struct ends ends;
    struct text ahead;  /* output behind its last answer */
    struct text errors; /* since it was asked last */
    bool errors_cut;
    double used; /* processor time until it was asked last */
};

static void close_end(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

static void close_ends(struct ends *ends)
{
    int i;

    for (i = 0; i < 2; i++) {
        close_end(&ends->input[i]);
        close_end(&ends->output[i]);
        close_end(&ends->errors[i]);
    }
    close_end(&ends->leash);
}

static bool open_ends(struct ends *ends)
{
    *ends = (struct ends){{-1, -1}, {-1, -1}, {-1, -1}, -1};
    return pipe2(ends->input, O_CLOEXEC) == 0 && pipe2(ends->output, O_CLOEXEC) == 0 &&
           pipe2(ends->errors, O_CLOEXEC) == 0 && fcntl(ends->input[1], F_SETFL, O_NONBLOCK) == 0;
}

static int start(char *const *arguments, const char *variable, struct child *child)
{
    struct ends *ends = &child->ends;
    struct minded minded;
    int error = minder_start(arguments, variable,
                             (int[]){ends->input[0], ends->output[1], ends->errors[1]}, &minded);

    if (error == 0) {
        child->pid = minded.minder;
        ends->leash = minded.leash;
    }
    return error;
}

enum {
    AT_ONCE = 65536, /* bytes that one read takes from a pipe */
    A_FEW = 4096, /* bytes, or fewer, that one read takes from a child that prints line by line */
    READS = 32    /* of a few bytes each; from then on each is worth a short pause, so that such a
                     child does not wake us for each line */
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
    TICK = 200,  /* milliseconds from one look at the child to the next, as a rule */
    LONGER = 4,  /* times that the limit holds for a child that waits, but not in silence */
    SELDOM = 20, /* times as long as a look takes, at least, it is to the next one: a look at ten
                    thousand threads takes long, and would leave them no processor */
};

struct patience {
    double limit;             /* seconds; 0: no limit */
    double least, tick;       /* from one look at the child to the next */
    double last;              /* when we looked last */
    struct activity activity; /* then */
    double used;              /* processor time until then */
    double silent, waited;
};

/* The part of the time since the last look in which the child could not run. One that naps is found
 * ready to run again and again, if it has to wait for a processor after each nap. The system counts
 * how long a thread has waited for one only when it gets it: until then some of that seems to be
 * time in which it could not run, and afterwards as much is taken back. */
static double waited_since(const struct activity *before, const struct activity *now, double passed)
{
    double wanted = now->wanted - before->wanted;

    if (now->runnable == 0)
        return passed;
    if (now->stalled > 0 || before->wanted < 0 || !(wanted > 0)) /* or a thread has ended */
        return 0;
    return passed - wanted;
}

/* Look at the child if it is time to; it may have printed since the last time. Returns whether it
 * hangs. */
static bool is_hung(struct patience *patience, const struct child *child, bool *has_printed)
{
    double passed = clock_now() - patience->last, tick = patience->tick, look, used;
    struct activity activity;

    if (patience->limit <= 0 || passed < tick)
        return false;
    look = clock_used();
    activity = activity_of(child->pid);
    used = activity.used - child->used;
    patience->last += passed;
    look = clock_used() - look;
    patience->tick = SELDOM * look > patience->least ? SELDOM * look : patience->least;
    passed = passed < 2 * tick ? passed : 2 * tick; /* we may have been kept from looking */
    if (activity.runnable > 0 || used > patience->used || *has_printed)
        patience->silent = 0;
    else
        patience->silent += passed;
    patience->waited += waited_since(&patience->activity, &activity, passed);
    if (patience->waited < 0)
        patience->waited = 0;
    patience->activity = activity;
    patience->used = used;
    *has_printed = false;
    return patience->used > patience->limit || patience->silent > patience->limit ||
           patience->waited > LONGER * patience->limit;
}

/* ---- A question and its answer ---- */

/* What is not written yet of the input, and what has come of the answer. */
struct talk {
    const struct command *command;
    bool is_last; /* the input ends behind this one */
    size_t written;
    struct text output;
    size_t looked_at; /* bytes of it in which there is no line that ends it */
    int reads;        /* that took a few bytes of it */
};

/* Write to a pipe that may have no reader, without a signal. */
static ssize_t write_quietly(int descriptor, const char *bytes, size_t size)
{
    const struct timespec at_once = {0};
    sigset_t set, before, pending;
    ssize_t n;
    int error;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    sigpending(&pending);
    n = write(descriptor, bytes, size);
    error = errno;
    if (n < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
        sigtimedwait(&set, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return n;
}

/* Write what fits into the pipe. What nobody reads is dropped. */
static void give(struct child *child, struct talk *talk)
{
    int *input = &child->ends.input[1];
    size_t rest = talk->command->input_size - talk->written;
    ssize_t n = rest > 0 ? write_quietly(*input, talk->command->input + talk->written, rest) : 0;

    if (n > 0)
        talk->written += (size_t)n;
    else if (n < 0 && errno != EINTR && errno != EAGAIN)
        talk->written = talk->command->input_size;
    if (talk->is_last && talk->written == talk->command->input_size)
        close_end(input);
}

static bool ends_answer(const struct command *command, const char *line, size_t size)
{
    const char *until = command->until;

    return (command->hear && command->hear(line, size, command->state)) ||
           (until && size == strlen(until) && !memcmp(line, until, size));
}

/* Whether a line of the answer ends it, of those that nobody has looked at. */
static bool is_answered(struct talk *talk)
{
    const char *bytes = talk->output.bytes, *line, *end;
    size_t length;

    while (bytes && (end = memchr(bytes + talk->looked_at, '\n',
                                  talk->output.size - talk->looked_at)) != NULL) {
        line = bytes + talk->looked_at;
        length = (size_t)(end - line);
        length -= length > 0 && line[length - 1] == '\r';
        talk->looked_at = (size_t)(end - bytes) + 1;
        if (ends_answer(talk->command, line, length))
            return true;
    }
    return false;
}

/* Take what the child prints until it has answered, has ended, hangs or has printed too much. It
 * does not matter whether the pipes are at their end: another process may hold them. */
static enum process_end attend(struct child *child, struct talk *talk, struct process *process)
{
    const struct command *command = talk->command;
    struct ends *ends = &child->ends;
    struct pollfd polls[4] = {
        {.events = 0}, {.events = POLLIN}, {.events = POLLIN}, {.events = POLLOUT}};
    struct patience patience = {.limit = command->seconds, .last = clock_now()};
    bool is_short = command->seconds > 0 && command->seconds * 1e3 < 2 * TICK;
    int tick = is_short ? (int)(command->seconds * 500) + 1 : TICK;
    bool has_printed = false;

    patience.tick = patience.least = tick / 1e3;
    if (is_answered(talk))
        return PROCESS_ANSWERED;
    for (;;) {
        bool hung = is_hung(&patience, child, &has_printed);

        process->used = patience.used;
        process->spent = patience.waited;
        if (hung)
            return PROCESS_HUNG;
        if (process_stopped())
            return PROCESS_STOPPED;
        if (command->held_back > 0 && patience.silent > command->held_back)
            close_end(&ends->input[1]);
        polls[0].fd = ends->leash;
        polls[1].fd = ends->output[0];
        polls[2].fd = ends->errors[0];
        polls[3].fd = talk->written < command->input_size ? ends->input[1] : -1;
        if (poll(polls, 4, tick + 1) < 0)
            continue; /* EINTR, or no memory for a moment */
        if (polls[3].revents)
            give(child, talk);
        if (polls[1].revents && take(&ends->output[0], &talk->output) <= A_FEW)
            talk->reads++;
        if (polls[2].revents)
            take(&ends->errors[0], &child->errors);
        has_printed |= polls[1].revents || polls[2].revents;
        child->errors_cut |= keep_tail(&child->errors);
        if (talk->output.size > command->output_limit)
            return PROCESS_FLOODED;
        while (is_answered(talk))
            if (command->until && ends->input[1] >= 0)
                return PROCESS_ANSWERED;
        if (polls[0].revents && !polls[1].revents && !polls[2].revents)
            return PROCESS_EXITED;
        if (polls[1].revents && talk->reads > READS)
            nanosleep(&a_moment, NULL);
    }
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* What the processor time of a child was in this answer. */
static void reap(struct child *child, struct process *process, enum process_end end)
{
    struct rusage usage = {0};
    int status = 0;

    while (wait4(child->pid, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    child->pid = 0;
    if (end != PROCESS_HUNG) /* since descendants that it has not reaped count, too */
        process->used = seconds(usage.ru_utime) + seconds(usage.ru_stime) - child->used;
    process->end = end;
    if (end != PROCESS_EXITED)
        return;
    process->end = WIFSIGNALED(status) ? PROCESS_SIGNALLED : PROCESS_EXITED;
    process->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

/* Let a child that hangs end by itself, if it does so soon, and read what it says on standard error
 * then. */
static void ask_to_end(struct child *child, double grace)
{
    struct pollfd ended = {.fd = child->ends.leash};
    struct pollfd said = {.fd = child->ends.errors[0], .events = POLLIN};

    if (write_quietly(child->ends.leash, "q", 1) == 1)
        poll(&ended, 1, (int)(grace * 1e3));
    if (poll(&said, 1, 0) == 1 && (said.revents & POLLIN))
        take(&child->ends.errors[0], &child->errors);
    child->errors_cut |= keep_tail(&child->errors);
}

static void bury(struct child *child, struct process *process, enum process_end end)
{
    close_end(&child->ends.leash);
    reap(child, process, end);
}

static char *end_text(struct text *text)
{
    make_room(text);
    text->bytes[text->size] = '\0';
    return text->bytes;
}

struct child *child_start(char *const *arguments, const char *variable)
{
    struct child *child = zeroed(1, sizeof *child);
    int error = open_ends(&child->ends) ? 0 : errno;

    if (error == 0)
        error = process_stopped() ? ECANCELED : start(arguments, variable, child);
    if (error == 0) {
        close_end(&child->ends.input[0]);
        close_end(&child->ends.output[1]);
        close_end(&child->ends.errors[1]);
        return child;
    }
    child_free(child);
    errno = error;
    return NULL;
}

void child_free(struct child *child)
{
    struct process process;

    if (child && child->pid > 0)
        bury(child, &process, PROCESS_EXITED);
    if (!child)
        return;
    close_ends(&child->ends);
    free(child->ahead.bytes);
    free(child->errors.bytes);
    free(child);
}

pid_t child_process(const struct child *child)
{
    return child->pid;
}

/* What the child has said behind the end of its answer is the beginning of the next. */
static void keep_ahead(struct child *child, struct talk *talk)
{
    struct text *output = &talk->output, *ahead = &child->ahead;

    ahead->size = output->size - talk->looked_at;
    ahead->room = ahead->size + 1;
    ahead->bytes = resized(NULL, ahead->room);
    memcpy(ahead->bytes, output->bytes + talk->looked_at, ahead->size);
    output->size = talk->looked_at;
}

static bool ask(struct child *child, struct talk *talk, struct process *process)
{
    enum process_end end;

    *process = (struct process){.end = PROCESS_ANSWERED};
    talk->output = child->ahead;
    child->ahead = (struct text){0};
    give(child, talk);
    end = attend(child, talk, process);
    if (end == PROCESS_HUNG && talk->command->hang)
        talk->command->hang(talk->command->state);
    if (end == PROCESS_HUNG && talk->command->grace > 0)
        ask_to_end(child, talk->command->grace);
    if (end == PROCESS_ANSWERED) {
        process->used = activity_of(child->pid).used - child->used;
        keep_ahead(child, talk);
    } else
        bury(child, process, end);
    if (process->used < 0) /* the two ways to measure it differ in precision */
        process->used = 0;
    process->spent += process->used;
    child->used += process->used;
    process->output = end_text(&talk->output);
    process->output_size = talk->output.size;
    process->errors = end_text(&child->errors);
    process->errors_size = child->errors.size;
    process->errors_cut = child->errors_cut;
    child->errors = (struct text){0};
    child->errors_cut = false;
    return end == PROCESS_ANSWERED;
}

bool child_ask(struct child *child, const struct command *command, struct process *process)
{
    return ask(child, &(struct talk){.command = command}, process);
}

bool child_ask_last(struct child *child, const struct command *command, struct process *process)
{
    return ask(child, &(struct talk){.command = command, .is_last = true}, process);
}

void process_run(const struct command *command, struct process *process)
{
    struct child *child = child_start(command->arguments, command->variable);

    if (!child) {
        process_not_started(process, errno);
        return;
    }
    child_ask_last(child, command, process);
    child_free(child);
}

void process_not_started(struct process *process, int error)
{
    *process = (struct process){.end = PROCESS_NOT_STARTED, .status = error};
    process->output = copy_of("");
    process->errors = copy_of("");
}

char *process_not_executed(const struct process *process)
{
    if (process->end == PROCESS_NOT_STARTED)
        return text_of("the command cannot be executed: %s", strerror(process->status));
    if (process->end != PROCESS_EXITED || process->output_size > 0 ||
        (process->status != NOT_EXECUTABLE && process->status != NOT_FOUND))
        return NULL;
    return text_of("the command cannot be executed: %.*s", (int)strcspn(process->errors, "\n"),
                   process->errors);
}

void process_free(struct process *process)
{
    free(process->output);
    free(process->errors);
}
