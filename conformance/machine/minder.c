/* minder: is forked, and executes nothing else, so that it needs no program of its own. It is alone
 * in its process group, and blocks all signals. When it is forked, another thread may hold a lock of
 * the C library. So it calls only functions that are async-signal-safe, and posix_spawn without file
 * actions: nothing that allocates. */
#include "minder.h"

#include "strays.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The descriptors of a minder. */
enum {
    LEASH = STDERR_FILENO + 1,
    REFUSAL, /* to which it writes the errno if the command cannot be started */
    DESCRIPTORS
};

/* Make these the only descriptors, with the numbers from 0. A command has the first three. */
static bool keep_only(const int *descriptors)
{
    int copies[DESCRIPTORS], i;

    for (i = 0; i < DESCRIPTORS; i++) {
        copies[i] = fcntl(descriptors[i], F_DUPFD, DESCRIPTORS);
        if (copies[i] < 0)
            return false;
    }
    for (i = 0; i < DESCRIPTORS; i++)
        dup3(copies[i], i, i < LEASH ? 0 : O_CLOEXEC);
    closefrom(DESCRIPTORS);
    return true;
}

/* Start the command, as the leader of a group. */
static int start(char *const *arguments, char *const *environment, pid_t *command)
{
    posix_spawnattr_t attributes;
    sigset_t set;
    int error;

    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes, &set);
    error = posix_spawnp(command, arguments[0], NULL, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* End as the command did. */
_Noreturn static void end_like(int status)
{
    sigset_t set;

    if (!WIFSIGNALED(status))
        _exit(WEXITSTATUS(status));
    prctl(PR_SET_DUMPABLE, 0); /* the command has left a core, if one is wanted */
    signal(WTERMSIG(status), SIG_DFL);
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    raise(WTERMSIG(status));
    _exit(0);
}

/* Whether we are to ask the command to end, which is done. */
static bool ask_to_end(pid_t command)
{
    char byte;

    return read(LEASH, &byte, 1) == 1 && kill(-command, SIGQUIT) == 0;
}

/* Whether it was the command that ended, or something that it has left behind. */
static bool has_ended(pid_t command, int signals)
{
    struct signalfd_siginfo signal;
    siginfo_t info = {.si_pid = 0};

    return read(signals, &signal, sizeof signal) == sizeof signal &&
           waitid(P_PID, (id_t)command, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == command;
}

/* Wait for the end of the command, or of the leash, and kill what is left. The command is not
 * reaped before its group is killed, so no other group can have its number. */
_Noreturn static void mind(pid_t command, int signals)
{
    struct pollfd polls[] = {{.fd = signals, .events = POLLIN}, {.fd = LEASH, .events = POLLIN}};
    int status = 0;

    while (poll(polls, 2, -1) < 0 || (polls[0].revents ? !has_ended(command, signals)
                                                       : ask_to_end(command)))
        ;
    kill(-command, SIGKILL);
    while (waitpid(command, &status, 0) < 0 && errno == EINTR)
        ;
    strays_kill();
    end_like(status);
}

/* As PR_SET_NAME does, for which the address sanitizer takes a lock. */
static void set_name(const char *name)
{
    int file = open("/proc/self/comm", O_WRONLY | O_CLOEXEC);

    if (write(file, name, strlen(name)) < 0)
        return; /* only people look at it */
    close(file);
}

_Noreturn static void refuse(int error)
{
    _exit(write(REFUSAL, &error, sizeof error) < 0);
}

_Noreturn static void be_minder(char *const *arguments, char *const *environment,
                                const int *descriptors)
{
    pid_t command;
    int error, signals;
    sigset_t all, ends;

    setpgid(0, 0);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    strays_adopt();
    set_name("minder");
    if (!keep_only(descriptors))
        _exit(write(descriptors[REFUSAL], &errno, sizeof errno) < 0);
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    signals = signalfd(-1, &ends, SFD_CLOEXEC);
    error = signals < 0 ? errno : start(arguments, environment, &command);
    if (error)
        refuse(error);
    for (error = 0; error < DESCRIPTORS; error++)
        if (error != LEASH)
            close(error);
    mind(command, signals);
}

/* Wait until the command has been started, or refused. */
static int hear_refusal(int descriptor)
{
    int error = 0;

    while (read(descriptor, &error, sizeof error) < 0 && errno == EINTR)
        ;
    return error;
}

/* Our environment with a variable, NAME=VALUE, in place of one of its name; to be freed. NULL: the
 * system has no memory for it. */
static char **environment_with(const char *variable)
{
    size_t name = variable ? strcspn(variable, "=") + 1 : 0, count = 0, i;
    char **all;

    while (environ[count])
        count++;
    all = malloc((count + 2) * sizeof *all);
    if (!all)
        return NULL;
    for (i = count = 0; environ[i]; i++)
        if (!variable || strncmp(environ[i], variable, name) != 0)
            all[count++] = environ[i];
    if (variable)
        all[count++] = (char *)(uintptr_t)variable;
    all[count] = NULL;
    return all;
}

int minder_start(char *const *arguments, const char *variable, const int standard[3],
                 struct minded *minded)
{
    int leash[2] = {-1, -1}, refusal[2] = {-1, -1}, error = 0;
    char **environment;

    if (pipe2(leash, O_CLOEXEC) < 0)
        return errno;
    environment = environment_with(variable);
    if (!environment) {
        error = ENOMEM;
    } else if (pipe2(refusal, O_CLOEXEC) < 0) {
        error = errno;
    } else {
        minded->minder = fork();
        error = minded->minder < 0 ? errno : 0;
        if (minded->minder == 0)
            be_minder(arguments, environment,
                      (int[]){standard[0], standard[1], standard[2], leash[0], refusal[1]});
        close(refusal[1]);
        error = error ? error : hear_refusal(refusal[0]);
        close(refusal[0]);
        if (error && minded->minder > 0)
            waitpid(minded->minder, NULL, 0);
    }
    free(environment);
    close(leash[0]);
    if (error)
        close(leash[1]);
    minded->leash = leash[1];
    return error;
}
