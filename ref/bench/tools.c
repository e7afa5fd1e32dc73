/* tools.c: the clocks, processes, and the end of a benchmark that cannot go on. */
#include "bench.h"
#include "miou.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

size_t turns = 1000000;

static double read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double nanoseconds(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double processor_nanoseconds(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

_Noreturn void give_up(const char *what, int error)
{
    fflush(stdout);
    fprintf(stderr, "bench: %s: %s\n", what, miou_strerror(error));
    exit(1);
}

int must(const char *what, int result)
{
    if (result < 0)
        give_up(what, result);
    return result;
}

pid_t child(void)
{
    pid_t parent = getpid(), pid = fork();

    must("fork", pid < 0 ? -errno : 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
    }
    return pid;
}

double resident(pid_t pid)
{
    char path[64];
    size_t pages = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    file = fopen(path, "r");
    if (!file || fscanf(file, "%*u %zu", &pages) != 1)
        give_up(path, -EIO);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}
