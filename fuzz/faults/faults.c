/* faults.c: each call of the system fails once, with each error it can return, at each of its
 * places in a set of runs. A fault must make no difference, or end the run with its error; nothing
 * may hang, crash, or be left. Each run is in a process of its own. The calls are put behind
 * wrappers by the linker's --wrap. */
#include "targets/chance.h"
#include "faults.h"
#include "miou_unix.h"
#include "sim/sim.h"
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum call {
    MAP,
    MAP_NOW,
    GUARD,
    THREAD,
    BELL,
    SELECT,
    SIGNAL,
    MAKE_SOCKET,
    BIND,
    LISTEN,
    ACCEPT,
    CONNECT,
    SEND,
    RECEIVE,
    TYPE,
    UNBLOCK,
    READ,
    WRITE,
    CLOSE,
    CALLS
};

static const char *const call_names[CALLS] = {
    "sys_map",     "sys_map_now",       "sys_guard",  "sys_thread_create", "sys_bell_create",
    "sys_select",  "sys_signal_handle", "sys_socket", "sys_bind",          "sys_listen",
    "sys_accept",  "sys_connect",       "sys_send",   "sys_receive",       "sys_socket_type",
    "sys_unblock", "sys_read",          "sys_write",  "sys_close",
};

enum {
    SHORT = -1,        /* in the place of an error: a byte is moved, and no more */
    OUTRAGE = 1 << 20, /* questions and calls, after which a run has none that ends it */
    PATIENCE = 60,     /* seconds that a run may take, on a machine that has much else to do */
#ifdef __SANITIZE_THREAD__
    PAIRS = 10, /* a task costs it milliseconds, and there is one thread */
#else
    PAIRS = 1000, /* of faults, by chance, a run */
#endif
    PLANS = 8192,
    ERRORS = 16, /* of a call, at most */
};

/* What can go wrong with each. EINTR is there where the seam does not hide it. */
static const int errors[CALLS][ERRORS] = {
    [MAP] = {ENOMEM},
    [MAP_NOW] = {ENOMEM},
    [GUARD] = {ENOMEM},
    [THREAD] = {EAGAIN},
    [BELL] = {EMFILE, ENFILE, ENOMEM, ENODEV},
    [SELECT] = {EINTR, EBADF, EINVAL, ENOMEM},
    [SIGNAL] = {EINVAL},
    [MAKE_SOCKET] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EACCES, EAFNOSUPPORT, EPROTONOSUPPORT},
    [BIND] = {EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL, ENOMEM},
    [LISTEN] = {EADDRINUSE, EOPNOTSUPP, EINVAL},
    [ACCEPT] = {EAGAIN, EMFILE, ENFILE, ENOMEM, ENOBUFS, ECONNABORTED, EPROTO, EPERM, ENETDOWN,
                ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, EOPNOTSUPP, EINVAL},
    [CONNECT] = {EAGAIN, EALREADY, EINPROGRESS, ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH,
                 EADDRNOTAVAIL, EACCES, EPERM, ENOMEM},
    [SEND] = {SHORT, EAGAIN, ECONNRESET, EPIPE, ETIMEDOUT, ENOBUFS, ENOMEM, EHOSTUNREACH},
    [RECEIVE] = {SHORT, EAGAIN, ECONNRESET, ECONNREFUSED, ETIMEDOUT, ENOMEM},
    [TYPE] = {EBADF, ENOBUFS},
    [UNBLOCK] = {EBADF, EPERM},
    [READ] = {SHORT, EAGAIN, ECONNRESET, ETIMEDOUT, ENOMEM, EIO},
    [WRITE] = {EAGAIN, EPIPE, EIO, ENOSPC, EFBIG, EDQUOT},
    [CLOSE] = {EIO, ENOSPC, EDQUOT},
};

struct fault {
    enum call call;
    int place; /* which of these calls, from 0 */
    int error;
};

/* What a run's process tells. */
static struct report {
    int places[CALLS]; /* how often each was called */
    int struck;        /* faults that came */
    int result, done, cut;
    bool whole; /* it came to its end */
    char broken[200];
} * report;

/* ---- in the run's process */

static struct fault faults[2];
static int fault_count;

void faults_broken(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(report->broken, sizeof report->broken, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s\n", report->broken);
    _exit(1);
}

void faults_done(void)
{
    report->done++;
}

void faults_cut(void)
{
    report->cut++;
}

static int steps; /* of the run */

static void step(void)
{
    if (++steps > OUTRAGE)
        faults_broken("it never comes to rest");
}

size_t faults_choose(void *state, size_t count)
{
    (void)state, (void)count;
    step();
    return 0;
}

/* The error that this call shall have; 0: none. */
static int strike(enum call call)
{
    int place = report->places[call]++;

    step();
    for (int i = 0; i < fault_count; i++)
        if (faults[i].call == call && faults[i].place == place) {
            report->struck++;
            return faults[i].error;
        }
    return 0;
}

#define WRAP(call, type, name, failed, parameters, arguments)                                      \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        int error = strike(call);                                                                  \
                                                                                                   \
        return error != 0 ? failed : __real_##name arguments;                                      \
    }

#define MOVES(name, arguments) (error == SHORT ? __real_##name arguments : -error)

WRAP(MAP, void *, sys_map, NULL, (size_t size), (size))
WRAP(MAP_NOW, void *, sys_map_now, NULL, (size_t size), (size))
WRAP(GUARD, int, sys_guard, -error, (void *page, size_t size), (page, size))
WRAP(BELL, int, sys_bell_create, -error, (void), ())
WRAP(SIGNAL, int, sys_signal_handle, -error,
     (int number, void (*handler)(int number), struct sigaction *before), (number, handler, before))
WRAP(MAKE_SOCKET, int, sys_socket, -error, (int family, int type), (family, type))
WRAP(BIND, int, sys_bind, -error,
     (int number, const struct sockaddr *address, socklen_t length, bool reuse_addr,
      bool reuse_port),
     (number, address, length, reuse_addr, reuse_port))
WRAP(LISTEN, int, sys_listen, -error, (int number, int backlog), (number, backlog))
WRAP(ACCEPT, int, sys_accept, -error, (int listener, struct sockaddr_storage *peer),
     (listener, peer))
WRAP(CONNECT, int, sys_connect, -error,
     (int number, const struct sockaddr *address, socklen_t length), (number, address, length))
WRAP(SEND, ssize_t, sys_send, MOVES(sys_send, (number, buffer, 1, address, length)),
     (int number, const void *buffer, size_t size, const struct sockaddr *address,
      socklen_t length),
     (number, buffer, size, address, length))
WRAP(RECEIVE, ssize_t, sys_receive, MOVES(sys_receive, (number, buffer, 1, peer, peer_length)),
     (int number, void *buffer, size_t size, struct sockaddr_storage *peer, socklen_t *peer_length),
     (number, buffer, size, peer, peer_length))
WRAP(TYPE, int, sys_socket_type, -error, (int number), (number))
WRAP(UNBLOCK, int, sys_unblock, -error, (int number), (number))
WRAP(READ, ssize_t, sys_read, MOVES(sys_read, (number, buffer, 1)),
     (int number, void *buffer, size_t size), (number, buffer, size))
WRAP(WRITE, ssize_t, sys_write, -error, (int number, const void *buffer, size_t size),
     (number, buffer, size))
/* Linux has closed the descriptor also when it says an error. */
WRAP(CLOSE, int, sys_close, (__real_sys_close(number), -error), (int number), (number))

/* A thread that is made does nothing. */
int __wrap_sys_thread_create(pthread_t *thread, void *(*fn)(void *), void *arg);
int __wrap_sys_thread_create(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    (void)thread, (void)fn, (void)arg;
    return -strike(THREAD);
}

static bool missed; /* select has failed */

/* Who naps for others and has missed what would have woken them looks again, as when the nap is
 * over. */
int __real_sys_select(int count, unsigned long *readable, unsigned long *writable,
                      int64_t nanoseconds);
int __wrap_sys_select(int count, unsigned long *readable, unsigned long *writable,
                      int64_t nanoseconds);
int __wrap_sys_select(int count, unsigned long *readable, unsigned long *writable,
                      int64_t nanoseconds)
{
    int error = strike(SELECT);

    if (error != 0) {
        missed = true;
        return -error;
    }
    if (missed && count == 0) {
        missed = false;
        return 0;
    }
    return __real_sys_select(count, readable, writable, nanoseconds);
}

static void execute(const struct fault_run *run)
{
    struct sim_left left;

    memset(report, 0, sizeof *report);
    steps = 0;
    missed = false;
    report->result = run->run();
    left = sim_left();
    if (left.descriptors + left.mappings + left.signals > 0)
        faults_broken("%d descriptors, %d mappings, %d signal handlers are left", left.descriptors,
                      left.mappings, left.signals);
    report->whole = true;
}

/* ---- judging */

enum outcome { BROKEN, WENT_ON, ENDED, OUTCOMES };

/* A fault that says "not now" or "less" is nobody's affair but the runtime's. */
static bool is_transparent(const struct fault *fault)
{
    return fault->error == SHORT || fault->call == SELECT ||
           (fault->error == EAGAIN && fault->call != THREAD) ||
           (fault->call == CONNECT && (fault->error == EALREADY || fault->error == EINPROGRESS));
}

/* What failed then is not there: only the caller can know what to do without it. */
static bool is_fatal(const struct fault *fault)
{
    switch (fault->call) {
    case MAP:
    case MAP_NOW:
    case GUARD:
    case ACCEPT:
    case SEND:
    case RECEIVE:
    case READ:
    case CLOSE: /* of these a server gets over one, or nobody can be told */
        return false;
    default:
        return !is_transparent(fault);
    }
}

static enum outcome broken(const char *text)
{
    if (report->broken[0] == '\0')
        snprintf(report->broken, sizeof report->broken, "%s", text);
    return BROKEN;
}

/* Whether the result is one of the faults' errors, or what a peer sees of them. */
static bool is_of_a_fault(const struct fault_run *run, int result)
{
    for (int i = 0; i < fault_count; i++)
        if (result == -faults[i].error)
            return true;
    return run->has_peers &&
           (result == -ECONNRESET || result == -EPIPE || result == MIOU_END_OF_FILE);
}

/* What a run came to, of which so much is done without faults. */
static enum outcome judge(const struct fault_run *run, int status, int done)
{
    bool transparent = true, fatal = false;

    for (int i = 0; i < fault_count; i++) {
        transparent &= is_transparent(&faults[i]);
        fatal |= is_fatal(&faults[i]);
    }
    if (WIFSIGNALED(status))
        return broken(strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0 || !report->whole)
        return broken("the process ended in the middle of it");
    if (report->struck == 0)
        return broken("the fault never came");
    if (report->result < 0)
        return transparent                          ? broken("the fault was handed on")
               : is_of_a_fault(run, report->result) ? ENDED
                                                    : broken("ended by another error");
    if (fatal && report->struck == fault_count)
        return broken("the fault went unnoticed");
    if (report->done + report->cut < done)
        return broken("work was lost, and nobody told");
    if (report->cut > (transparent ? 0 : fault_count))
        return broken("more than one client was turned away");
    return WENT_ON;
}

/* ---- running */

/* What is to be tried with a run, and in memory that its processes share how far that is. */
static struct {
    const struct fault_run *run;
    int places[CALLS], done; /* without faults */
    struct fault plans[PLANS][2];
    int count;
} trial;

static struct progress {
    struct report report;
    int at; /* of the trial's plans */
    int passed, failed;
    int counts[CALLS][ERRORS][OUTCOMES]; /* of single faults */
} * progress;

/* Have that done in a process of its own. Returns its status. */
static int apart(void (*fn)(void), bool silent)
{
    int status = 0;
    pid_t child;

    fflush(stdout);
    if ((child = fork()) < 0) {
        perror("fork");
        exit(2);
    }
    if (child == 0) {
        if (silent)
            dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        fn();
        exit(0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static const char *error_name(int error)
{
    return error == SHORT ? "short" : strerrorname_np(error);
}

static void tell(void)
{
    printf("FAIL %s: %s (result %d)\n     again: %s %s", trial.run->name, report->broken,
           report->result, program_invocation_name, trial.run->name);
    for (int i = 0; i < fault_count; i++)
        printf(" %s %d %s", call_names[faults[i].call], faults[i].place,
               error_name(faults[i].error));
    printf("\n");
    fflush(stdout);
}

static void load_plan(void)
{
    memcpy(faults, trial.plans[progress->at], sizeof faults);
    fault_count = faults[1].error != 0 ? 2 : 1;
}

static int error_index(const struct fault *fault)
{
    int e = 0;

    while (errors[fault->call][e] != fault->error)
        e++;
    return e;
}

static enum outcome conclude(int status)
{
    enum outcome outcome = judge(trial.run, status, trial.done);

    progress->passed += outcome != BROKEN;
    progress->failed += outcome == BROKEN;
    if (fault_count == 1)
        progress->counts[faults[0].call][error_index(&faults[0])][outcome]++;
    if (outcome == BROKEN)
        tell();
    progress->at++;
    return outcome;
}

static void execute_alone(void)
{
    alarm(PATIENCE);
    execute(trial.run);
}

static void execute_plans(void)
{
    while (progress->at < trial.count) {
        load_plan();
        execute_alone();
        conclude(0);
    }
    alarm(0);
}

/* One process does all, unless one fault is the end of it. */
static void try_plans(bool silent)
{
    progress->at = 0;
    while (progress->at < trial.count) {
        int status = apart(execute_plans, silent);

        if (progress->at < trial.count) {
            load_plan();
            conclude(status);
        } else if (status != 0) {
            printf("FAIL %s: the process ends with status %d\n", trial.run->name, status);
            progress->failed++;
        }
    }
}

/* The run without a fault: how much it does, and how often it calls. */
static void learn(const struct fault_run *run)
{
    int status;

    trial.run = run;
    trial.count = fault_count = 0;
    status = apart(execute_alone, false);
    memcpy(trial.places, report->places, sizeof report->places);
    trial.done = report->done;
    if (status != 0 || report->result != 0 || !report->whole || report->cut > 0) {
        broken("it goes wrong without a fault");
        tell();
        exit(1);
    }
}

static void plan(struct fault first, struct fault second)
{
    if (trial.count == PLANS) {
        fprintf(stderr, "faults: there are more than can be planned\n");
        exit(2);
    }
    trial.plans[trial.count][0] = first;
    trial.plans[trial.count++][1] = second;
}

static void plan_singles(void)
{
    for (enum call call = 0; call < CALLS; call++)
        for (int e = 0; e < ERRORS && errors[call][e] != 0; e++)
            for (int place = 0; place < trial.places[call]; place++)
                plan((struct fault){call, place, errors[call][e]}, (struct fault){0});
}

/* ---- pairs, by chance */

static uint32_t chance(uint32_t below)
{
    return chance_next() % below;
}

static struct fault any_fault(const int *places)
{
    struct fault fault;
    int count = 0;

    do
        fault.call = chance(CALLS);
    while (places[fault.call] == 0);
    while (count < ERRORS && errors[fault.call][count] != 0)
        count++;
    fault.place = (int)chance((uint32_t)places[fault.call]);
    fault.error = errors[fault.call][chance((uint32_t)count)];
    return fault;
}

/* The second may come to nothing, if the first one ends the run. */
static void plan_pairs(void)
{
    for (int i = 0; i < PAIRS; i++) {
        struct fault first = any_fault(trial.places);

        plan(first, any_fault(trial.places));
    }
}

/* ---- the table */

static void print_table(void)
{
    printf("%-18s %-16s %8s %8s %8s %8s\n", "call", "error", "injected", "ended", "went on",
           "broken");
    for (enum call call = 0; call < CALLS; call++)
        for (int e = 0; e < ERRORS && errors[call][e] != 0; e++) {
            const int *of = progress->counts[call][e];

            printf("%-18s %-16s %8d %8d %8d %8d\n", call_names[call], error_name(errors[call][e]),
                   of[BROKEN] + of[WENT_ON] + of[ENDED], of[ENDED], of[WENT_ON], of[BROKEN]);
        }
}

/* Each kind of fault must have come at least once, or the table says nothing. */
static void demand_all(void)
{
    for (enum call call = 0; call < CALLS; call++)
        for (int e = 0; e < ERRORS && errors[call][e] != 0; e++)
            if (progress->counts[call][e][0] + progress->counts[call][e][1] +
                    progress->counts[call][e][2] ==
                0) {
                printf("FAIL no run calls %s\n", call_names[call]);
                progress->failed++;
            }
}

static int run_all(void)
{
    int pairs = 0;

    chance_begin(1);
    for (size_t i = 0; i < fault_run_count; i++) {
        learn(&fault_runs[i]);
        plan_singles();
        pairs += PAIRS;
        plan_pairs();
        try_plans(true);
    }
    print_table();
    demand_all();
    printf("and %d pairs of faults\n", pairs);
    printf("%d passed, %d failed\n", progress->passed, progress->failed);
    return progress->failed > 0;
}

/* ---- one again */

static bool parse_fault(char **words, struct fault *fault)
{
    uint64_t place;

    if (!number_read(words[1], &place))
        return false;
    for (enum call call = 0; call < CALLS; call++)
        for (int e = 0; e < ERRORS && errors[call][e] != 0; e++)
            if (strcmp(words[0], call_names[call]) == 0 &&
                strcmp(words[2], error_name(errors[call][e])) == 0 &&
                place < (uint64_t)trial.places[call]) {
                *fault = (struct fault){call, (int)place, errors[call][e]};
                return true;
            }
    return false;
}

static int run_one(int count, char **words)
{
    const struct fault_run *run = NULL;

    for (size_t i = 0; i < fault_run_count; i++)
        if (strcmp(words[0], fault_runs[i].name) == 0)
            run = &fault_runs[i];
    if (run == NULL || (count != 4 && count != 7)) {
        fprintf(stderr,
                "usage: %s [RUN CALL PLACE ERROR [CALL PLACE ERROR]]\n\n"
                "All faults, or those named: the PLACEth CALL of the RUN, from 0 on. Runs are",
                program_invocation_name);
        for (size_t i = 0; i < fault_run_count; i++)
            fprintf(stderr, " %s", fault_runs[i].name);
        fprintf(stderr, ".\nThe table has CALLs and ERRORs.\n");
        return 2;
    }
    learn(run);
    for (int i = 0; 3 * i + 1 < count; i++)
        if (!parse_fault(words + 1 + 3 * i, &trial.plans[0][i])) {
            fprintf(stderr, "faults: no such fault: %s %s %s\n", words[1 + 3 * i], words[2 + 3 * i],
                    words[3 + 3 * i]);
            return 2;
        }
    trial.count = 1;
    try_plans(false);
    printf("result %d, %d of %d done\n", report->result, report->done, trial.done);
    return progress->failed > 0;
}

int main(int argc, char **argv)
{
    progress =
        mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED) {
        perror("mmap");
        return 2;
    }
    report = &progress->report;
    return argc > 1 ? run_one(argc - 1, argv + 1) : run_all();
}
