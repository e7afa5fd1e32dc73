/* Starts a server, watches it through /proc, and ends it. All processes below our own belong to the
 * server: we start no other, and adopt those whose parents have ended. */
#include "server.h"
#include "clock.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void nap(int milliseconds)
{
    poll(NULL, 0, milliseconds);
}

/* Take note of processes that have ended. */
static void reap(struct server *server)
{
    int status, pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == server->pid) {
            server->ended = true;
            server->status = status;
        }
}

/* ---- What it uses ---- */

static int count_entries(int pid, const char *name)
{
    char path[64];
    struct dirent *entry;
    DIR *directory;
    int count = 0;

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    directory = opendir(path);
    while (directory && (entry = readdir(directory)))
        count += entry->d_name[0] != '.';
    if (directory)
        closedir(directory);
    return count;
}

/* The number that follows a word at the beginning of a line; -1 if there is none. */
static long number_in(int pid, const char *name, const char *word)
{
    char path[64], line[256];
    long number = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    file = fopen(path, "r");
    while (file && number < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, word, strlen(word)) == 0)
            sscanf(&line[strlen(word)], "%ld", &number);
    if (file)
        fclose(file);
    return number;
}

static int parent_of(int pid)
{
    return (int)number_in(pid, "status", "PPid:");
}

/* The processes below this one, each after its parent. Returns how many; the caller frees them. */
static int descendants(int **pids)
{
    DIR *directory = opendir("/proc");
    int *all = NULL, *parents = NULL, count = 0, found = 0, i;
    struct dirent *entry;

    while (directory && (entry = readdir(directory)))
        if (isdigit((unsigned char)entry->d_name[0])) {
            all = realloc(all, (size_t)(count + 1) * sizeof *all);
            parents = realloc(parents, (size_t)(count + 1) * sizeof *parents);
            if (!all || !parents)
                abort();
            all[count] = atoi(entry->d_name);
            parents[count] = parent_of(all[count]);
            count++;
        }
    if (directory)
        closedir(directory);
    for (i = -1; i < found; i++) {
        int j, parent = i < 0 ? (int)getpid() : all[i];

        for (j = found; j < count; j++)
            if (parents[j] == parent) {
                int pid = all[j];

                all[j] = all[found], parents[j] = parents[found];
                all[found] = pid, parents[found] = parent;
                found++;
            }
    }
    free(parents);
    *pids = all;
    return found;
}

struct usage server_usage(struct server *server)
{
    struct usage usage = {0};
    int *pids, i, count;

    reap(server);
    count = descendants(&pids);

    usage.processes = count;
    for (i = 0; i < count; i++) {
        long memory = number_in(pids[i], "smaps_rollup", "Anonymous:");

        usage.threads += count_entries(pids[i], "task");
        usage.descriptors += count_entries(pids[i], "fd");
        if (memory < 0 && i == 0)
            usage.memory = -1;
        else if (usage.memory >= 0 && memory > 0)
            usage.memory += memory;
    }
    free(pids);
    return usage;
}

double server_processor_time(void)
{
    int *pids, i, count = descendants(&pids);
    double seconds = 0;

    for (i = 0; i < count; i++) {
        struct timespec time;
        clockid_t clock;

        if (clock_getcpuclockid(pids[i], &clock) == 0 && clock_gettime(clock, &time) == 0)
            seconds += (double)time.tv_sec + (double)time.tv_nsec / 1e9;
    }
    free(pids);
    return seconds;
}

struct usage server_settled(struct server *server)
{
    struct usage least = server_usage(server), usage;
    int i;

    for (i = 0; i < 5; i++) {
        nap(20);
        usage = server_usage(server);
        if (usage.descriptors < least.descriptors || usage.processes < least.processes)
            i = 0;
        least = usage;
    }
    return least;
}

/* Threads that a runtime may keep for later. */
enum { POOL = 8 };

bool server_has_recovered(struct server *server, double patience, char *why)
{
    const struct usage *first = &server->first;
    double start = clock_now();
    struct usage usage;

    do {
        usage = server_usage(server);
        if (usage.descriptors <= first->descriptors && usage.processes <= first->processes &&
            usage.threads <= first->threads + POOL)
            return true;
        nap(20);
    } while (clock_now() < start + patience);
    snprintf(why, WHY,
             "left behind: %d descriptors (%d at first), %d threads (%d) in %d processes (%d)",
             usage.descriptors, first->descriptors, usage.threads, first->threads, usage.processes,
             first->processes);
    return false;
}

bool server_limit(const struct server *server, int more, struct rlimit *before)
{
    struct rlimit limit;
    char path[64];

    if (prlimit(server->pid, RLIMIT_NOFILE, NULL, before) < 0)
        return false;
    limit = *before;
    for (limit.rlim_cur = 0; more > 0 && limit.rlim_cur < before->rlim_cur; limit.rlim_cur++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)server->pid, (int)limit.rlim_cur);
        more -= access(path, F_OK) < 0; /* this number is free */
    }
    return more == 0 && prlimit(server->pid, RLIMIT_NOFILE, &limit, NULL) == 0;
}

/* ---- Starting it ---- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The first place where the word PORT stands alone; NULL if there is none. */
static const char *find_port_word(const char *text)
{
    const char *word = text;

    while ((word = strstr(word, "PORT")) &&
           ((word > text && is_word(word[-1])) || is_word(word[4])))
        word++;
    return word;
}

static char *with_port(const char *argument, int port)
{
    size_t size = 2 * strlen(argument) + 1, length = 0;
    char *copy = malloc(size);
    const char *word;

    if (!copy)
        abort();
    for (; (word = find_port_word(argument)); argument = &word[4])
        length += (size_t)snprintf(&copy[length], size - length, "%.*s%d", (int)(word - argument),
                                   argument, port);
    snprintf(&copy[length], size - length, "%s", argument);
    return copy;
}

bool server_takes_port(char *const *command)
{
    while (*command && !find_port_word(*command))
        command++;
    return *command;
}

static uint16_t *port_of(struct address *address)
{
    return address->any.ss_family == AF_INET6 ? &((struct sockaddr_in6 *)&address->any)->sin6_port
                                              : &((struct sockaddr_in *)&address->any)->sin_port;
}

static bool choose_port(struct address *address)
{
    int fd = socket(address->any.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool found;

    *port_of(address) = 0;
    found = fd >= 0 && bind(fd, (struct sockaddr *)&address->any, address->length) == 0 &&
            getsockname(fd, (struct sockaddr *)&address->any, &address->length) == 0;
    if (fd >= 0)
        close(fd);
    return found;
}

/* In the child. If the server cannot be started, the error goes into the pipe. */
static _Noreturn void become(const struct server *server, int port, int pipe)
{
    char **argument;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    close_range(
        3, ~0u,
        CLOSE_RANGE_CLOEXEC); /* the server does not get the descriptors that we were given */
    for (argument = server->command; *argument; argument++)
        *argument = with_port(*argument, port);
    dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO);
    dup2(server->said, STDOUT_FILENO);
    dup2(server->said, STDERR_FILENO);
    execvp(server->command[0], server->command);
    if (write(pipe, &(int){errno}, sizeof(int)) < 0)
        _exit(126);
    _exit(127);
}

static bool spawn(struct server *server, int port, char *why)
{
    int pipe[2], error = 0;

    if (server->said >= 0)
        close(server->said);
    *server = (struct server){.command = server->command};
    server->said = memfd_create("said", MFD_CLOEXEC);
    if (server->said < 0 || fcntl(server->said, F_SETFL, O_APPEND) < 0 ||
        pipe2(pipe, O_CLOEXEC) < 0) {
        snprintf(why, WHY, "the server cannot be started: %s", strerror(errno));
        return false;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    server->pid = fork();
    if (server->pid == 0)
        become(server, port, pipe[1]);
    close(pipe[1]);
    if (server->pid < 0)
        error = errno;
    else if (read(pipe[0], &error, sizeof error) > 0)
        waitpid(server->pid, NULL, 0);
    close(pipe[0]);
    if (error != 0) {
        snprintf(why, WHY, "cannot start %.100s: %s", server->command[0], strerror(error));
        server->pid = 0;
    }
    return error == 0;
}

bool server_listens(const struct address *address)
{
    struct client client = {.script = SCRIPT(STEP(CLOSE))};
    bool connected;

    client_begin(&client, clock_now());
    client_act(&client, address, clock_now());
    if (client.state == CONNECTING && client.fd >= 0)
        poll(&(struct pollfd){.fd = client.fd, .events = POLLOUT}, 1, 100);
    client_act(&client, address, clock_now());
    connected = client.state == DONE;
    client_close(&client);
    return connected;
}

bool server_start(struct server *server, struct address *address, double patience, char *why)
{
    double start = clock_now();

    if (!choose_port(address)) {
        snprintf(why, WHY, "no free port at this address: %s", strerror(errno));
        return false;
    }
    if (!spawn(server, ntohs(*port_of(address)), why))
        return false;
    while (!server_listens(address)) {
        char how[WHY];

        if (!server_alive(server, 0, how)) {
            snprintf(why, WHY, "%.200s before it listened on port %d", how,
                     ntohs(*port_of(address)));
            return false;
        }
        if (clock_now() > start + patience) {
            snprintf(why, WHY, "the server does not listen on port %d within %g s",
                     ntohs(*port_of(address)), patience);
            return false;
        }
        nap(10);
    }
    return true;
}

/* ---- While it runs ---- */

bool server_alive(struct server *server, double grace, char *why)
{
    double start = clock_now();

    for (reap(server); !server->ended && clock_now() < start + grace; reap(server))
        nap(5);
    if (!server->ended)
        return true;
    if (WIFSIGNALED(server->status))
        snprintf(why, WHY, "the server was killed by SIG%s",
                 sigabbrev_np(WTERMSIG(server->status)));
    else
        snprintf(why, WHY, "the server ended with status %d", WEXITSTATUS(server->status));
    return false;
}

void server_said(struct server *server, char *text, size_t size)
{
    off_t end = lseek(server->said, 0, SEEK_END);
    ssize_t n;

    if (end - server->heard >= (off_t)size)
        server->heard = end - (off_t)size + 1;
    n = pread(server->said, text, size - 1, server->heard);
    text[n > 0 ? n : 0] = '\0';
    server->heard = end;
}

/* ---- Ending it ---- */

bool server_end(struct server *server, double patience)
{
    bool by_itself = true;
    int *pids, count, i;
    char why[WHY];

    if (server->pid > 0 && !server->ended) {
        kill(server->pid, SIGTERM);
        by_itself = !server_alive(server, patience, why);
        if (!by_itself)
            kill(server->pid, SIGKILL);
        server_alive(server, patience, why);
    }
    while ((count = descendants(&pids)) > 0) {
        for (i = 0; i < count; i++)
            kill(pids[i], SIGKILL);
        free(pids);
        nap(5);
        reap(server);
    }
    free(pids);
    server->pid = 0;
    return by_itself;
}
