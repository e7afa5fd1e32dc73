/* activity: reads /proc. A process that has ended meanwhile has used nothing. */
#include "activity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int open_in(int directory, const char *name, const char *file)
{
    char path[288];

    snprintf(path, sizeof path, "%s/%s", name, file);
    return openat(directory, path, O_RDONLY | O_CLOEXEC);
}

/* Read a file of a process or a thread. Returns whether anything is in it. */
static bool read_in(int directory, const char *name, const char *file, char *text, size_t room)
{
    int descriptor = open_in(directory, name, file);
    ssize_t size = descriptor >= 0 ? read(descriptor, text, room - 1) : -1;

    if (descriptor >= 0)
        close(descriptor);
    text[size > 0 ? size : 0] = '\0';
    return size > 0;
}

/* The state of a process or a thread and what follows it; the name before may hold anything. NULL
 * if it has ended. */
static const char *read_stat(int directory, const char *name, char *text, size_t room)
{
    const char *at = read_in(directory, name, "stat", text, room) ? strrchr(text, ')') : NULL;

    return at && at[1] == ' ' ? at + 2 : NULL;
}

static double time_used(int directory, const char *pid)
{
    char text[1024];
    const char *stat = read_stat(directory, pid, text, sizeof text);
    unsigned long times[4] = {0};

    if (!stat || sscanf(stat, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu",
                        &times[0], &times[1], &times[2], &times[3]) != 4)
        return 0;
    return (double)(times[0] + times[1] + times[2] + times[3]) / (double)sysconf(_SC_CLK_TCK);
}

/* How long a thread has run or waited for a processor. */
static void add_wanted(int tasks, const char *thread, struct activity *activity)
{
    char text[128];
    double ran, waited;

    if (read_in(tasks, thread, "schedstat", text, sizeof text) &&
        sscanf(text, "%lf %lf", &ran, &waited) == 2)
        activity->wanted += (ran + waited) / 1e9;
    else
        activity->wanted = -INFINITY;
}

static void add_thread(int tasks, const char *thread, struct activity *activity)
{
    char text[512];
    const char *stat = read_stat(tasks, thread, text, sizeof text);

    if (!stat || atoi(thread) == gettid())
        return;
    activity->runnable += *stat == 'R' || *stat == 'D';
    activity->stalled += *stat == 'D';
    add_wanted(tasks, thread, activity);
}

static void add_below(pid_t process, bool itself, struct activity *activity);

/* The processes that a thread has started. */
static void add_children(int tasks, const char *thread, struct activity *activity)
{
    int file = open_in(tasks, thread, "children"), child;
    FILE *stream = file >= 0 ? fdopen(file, "r") : NULL;

    while (stream && fscanf(stream, "%d", &child) == 1)
        add_below(child, true, activity);
    if (stream)
        fclose(stream);
}

static DIR *open_tasks(pid_t process)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    return opendir(path);
}

static void add_below(pid_t process, bool itself, struct activity *activity)
{
    DIR *tasks = open_tasks(process);
    struct dirent *entry;

    if (!tasks)
        return;
    if (itself)
        activity->used += time_used(dirfd(tasks), "..");
    while ((entry = readdir(tasks)))
        if (*entry->d_name != '.') {
            if (itself)
                add_thread(dirfd(tasks), entry->d_name, activity);
            add_children(dirfd(tasks), entry->d_name, activity);
        }
    closedir(tasks);
}

struct activity activity_of(pid_t process)
{
    struct activity activity = {0};

    add_below(process, true, &activity);
    return activity;
}

struct activity activity_below(pid_t process)
{
    struct activity activity = {0};

    add_below(process, false, &activity);
    return activity;
}

bool activity_rests(pid_t process, double seconds)
{
    struct timespec nap = {.tv_nsec = (long)(seconds * 1e9)};
    struct activity before = activity_of(process), after;
    double wanted;

    while (nanosleep(&nap, &nap) < 0 && errno == EINTR)
        ;
    after = activity_of(process);
    wanted = after.wanted - before.wanted; /* below 0: a thread has ended */
    return after.runnable == 0 && wanted >= 0 && wanted <= seconds / 10 &&
           after.used - before.used <= seconds / 2;
}
