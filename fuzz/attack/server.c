/* Starts a server, watches it through /proc, and ends it. All processes below our own belong to the
 * server: we start no other, and adopt those whose parents have ended. */
#include "server.h"
#include "clock.h"
#include "machine/chance.h"
#include "sockets.h"

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
#include <unistd.h>

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

/* The memory of a process's own, in KiB. Not every kernel has the first, which is more exact. */
static long memory_of(int pid)
{
    long memory = number_in(pid, "smaps_rollup", "Anonymous:");

    return memory >= 0 ? memory : number_in(pid, "status", "RssAnon:");
}

struct usage server_usage(struct server *server)
{
    struct usage usage = {0};
    int *pids, i, count;

    reap(server);
    count = descendants(&pids);

    usage.processes = count;
    usage.sockets = sockets_count(pids, count);
    for (i = 0; i < count; i++) {
        long memory = memory_of(pids[i]);

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

struct usage server_settled(struct server *server)
{
    struct usage least = server_usage(server), usage;
    double since = clock_of_server();

    while (clock_of_server() < since + 0.1) {
        clock_wait();
        usage = server_usage(server);
        if (usage.descriptors < least.descriptors || usage.processes < least.processes)
            since = clock_of_server();
        least = usage;
    }
    return least;
}

/* What a runtime may keep for later, of each kind, even if its clients come one after another. */
static int pool(void)
{
    return 8 + (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static bool is_as_before(const struct usage *usage, const struct usage *before)
{
    return usage->descriptors <= before->descriptors + pool() &&
           usage->threads <= before->threads + pool() &&
           usage->processes <= before->processes + pool();
}

bool server_has_recovered(struct server *server, double patience, char *why, bool all)
{
    const struct usage *first = &server->first, *before = &server->before;
    double start = clock_of_server();
    struct usage usage;

    do {
        usage = server_usage(server);
        if (usage.sockets <= first->sockets && (!all || is_as_before(&usage, before)))
            return true;
        clock_wait();
    } while (clock_of_server() < start + patience);
    if (usage.sockets > first->sockets)
        snprintf(why, WHY, "left behind: %d sockets (%d at first)", usage.sockets, first->sockets);
    else
        snprintf(why, WHY,
                 "left behind: %d descriptors (%d before), %d threads (%d) in %d processes (%d)",
                 usage.descriptors, before->descriptors, usage.threads, before->threads,
                 usage.processes, before->processes);
    return false;
}

bool server_limit(const struct server *server, int more, struct rlimit *before)
{
    struct rlimit limit;
    char path[64];

    if (prlimit(server->listener, RLIMIT_NOFILE, NULL, before) < 0)
        return false;
    limit = *before;
    for (limit.rlim_cur = 0; more > 0 && limit.rlim_cur < before->rlim_cur; limit.rlim_cur++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)server->listener, (int)limit.rlim_cur);
        more -= access(path, F_OK) < 0; /* this number is free */
    }
    return more == 0 && prlimit(server->listener, RLIMIT_NOFILE, &limit, NULL) == 0;
}

void server_unlimit(const struct server *server, const struct rlimit *before)
{
    prlimit(server->listener, RLIMIT_NOFILE, before, NULL);
}

void server_signal(const struct server *server, int number)
{
    kill(server->listener, number);
}

/* ---- Starting it ---- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The first place where the word PORT stands alone and is no variable of the shell, as the first
 * one of PORT=PORT is; NULL if there is none. */
static const char *find_port_word(const char *text)
{
    const char *word = text;

    while ((word = strstr(word, "PORT")) &&
           ((word > text && (is_word(word[-1]) || strchr("${", word[-1]))) || is_word(word[4]) ||
            (word[4] == '=' && (word == text || word[-1] == ' '))))
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

/* Whether a socket has the port already, so that a server that binds all addresses of the family
 * would fail. All of IPv6 are those of IPv4 as well. */
static bool is_taken(sa_family_t family, int port)
{
    struct address all = {.any.ss_family = family, .length = sizeof(struct sockaddr_in6)};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken;

    *port_of(&all) = htons((uint16_t)port);
    taken = fd >= 0 && bind(fd, (struct sockaddr *)&all.any, all.length) < 0 && errno == EADDRINUSE;
    if (fd >= 0)
        close(fd);
    return taken;
}

/* The ports that the system gives to clients: one of them could be gone before the server binds it.
 */
static void read_ports_of_clients(int *lowest, int *highest)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");

    if (!file || fscanf(file, "%d %d", lowest, highest) != 2)
        *lowest = 32768, *highest = 60999;
    if (file)
        fclose(file);
}

enum { FIRST_PORT = 10000, PORTS = 65536 - FIRST_PORT, TRIES = 1000 };

static bool choose_port(struct address *address)
{
    int lowest, highest, tries, port;

    read_ports_of_clients(&lowest, &highest);
    for (tries = 0; tries < TRIES; tries++) {
        port = FIRST_PORT + (int)(chance_number() % PORTS);
        if ((port >= lowest && port <= highest && tries < TRIES / 2) || is_taken(AF_INET, port) ||
            is_taken(AF_INET6, port))
            continue;
        *port_of(address) = htons((uint16_t)port);
        return true;
    }
    errno = EADDRINUSE;
    return false;
}

enum { SAID_MOST = 64 << 20 /* bytes that the server may print */ };

/* A file without a name, in memory if the system allows that; -1: there can be none. */
static int file_in_memory(void)
{
    int file = memfd_create("said", MFD_CLOEXEC);
    FILE *other;

    if (file >= 0 || !(other = tmpfile()))
        return file;
    file = fcntl(fileno(other), F_DUPFD_CLOEXEC, 0);
    fclose(other);
    return file;
}

static const char *signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
                 {SIGILL, "SIGILL"},   {SIGKILL, "SIGKILL"}, {SIGPIPE, "SIGPIPE"},
                 {SIGSEGV, "SIGSEGV"}, {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"},
                 {SIGXFSZ, "SIGXFSZ"}, {SIGXCPU, "SIGXCPU"}, {SIGSYS, "SIGSYS"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    return strsignal(number);
}

/* The server does not get the descriptors that we were given. */
static void keep_descriptors(void)
{
    DIR *all = opendir("/proc/self/fd");
    const struct dirent *entry;

    while (all && (entry = readdir(all)))
        if (atoi(entry->d_name) > STDERR_FILENO)
            fcntl(atoi(entry->d_name), F_SETFD, FD_CLOEXEC);
    if (all)
        closedir(all);
}

/* In the child. If the server cannot be started, the error goes into the pipe. */
static _Noreturn void become(const struct server *server, int port, int pipe)
{
    char **argument;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){SAID_MOST, SAID_MOST});
    keep_descriptors();
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
    server->said = file_in_memory();
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

enum { LISTENS = 10000 /* milliseconds in which the system connects a client, or refuses it */ };

/* A client that comes and goes at once. */
static struct client call(const struct address *address)
{
    struct client client = {.script = SCRIPT(STEP(CLOSE))}, called;

    client_begin(&client, 0);
    client_act(&client, address, 0);
    if (client.state == CONNECTING && client.fd >= 0)
        poll(&(struct pollfd){.fd = client.fd, .events = POLLOUT}, 1, LISTENS);
    client_act(&client, address, 0);
    called = client;
    client_close(&client);
    return called;
}

bool server_listens(const struct address *address)
{
    return call(address).state == DONE;
}

bool server_refuses(const struct address *address)
{
    struct client client = call(address);

    return client.state == FAILED && client.fault == REFUSED && client.error == ECONNREFUSED;
}

static int find_listener(const struct server *server, int port)
{
    int *pids, count = descendants(&pids), listener = sockets_listener(pids, count, port);

    free(pids);
    return listener > 0 ? listener : server->pid;
}

static void explain_silence(int port, double patience, char *why)
{
    int *pids, count = descendants(&pids);
    char ports[100];

    sockets_ports(pids, count, ports, sizeof ports);
    free(pids);
    snprintf(why, WHY, "the server does not listen on port %d within %g s%s%s", port, patience,
             *ports ? ", but elsewhere: " : "", ports);
}

bool server_start(struct server *server, struct address *address, double patience, char *why)
{
    char how[WHY];
    double start;
    int port;

    if (!choose_port(address)) {
        snprintf(why, WHY, "no free port at this address: %s", strerror(errno));
        return false;
    }
    port = ntohs(*port_of(address));
    if (!spawn(server, port, why))
        return false;
    start = clock_of_server();
    while (!server_listens(address)) {
        if (!server_alive(server, 0, how)) {
            snprintf(why, WHY, "%.200s before it listened on port %d", how, port);
            return false;
        }
        if (clock_of_server() > start + patience) {
            explain_silence(port, patience, why);
            return false;
        }
        clock_wait();
    }
    server->listener = find_listener(server, port);
    return true;
}

/* ---- While it runs ---- */

bool server_alive(struct server *server, double grace, char *why)
{
    double start = clock_of_server();

    for (reap(server); !server->ended && clock_of_server() < start + grace; reap(server))
        clock_wait();
    if (!server->ended)
        return true;
    if (lseek(server->said, 0, SEEK_END) >= SAID_MOST)
        snprintf(why, WHY, "the server ended when it had printed %d MiB", SAID_MOST >> 20);
    else if (WIFSIGNALED(server->status))
        snprintf(why, WHY, "the server was killed by %s", signal_name(WTERMSIG(server->status)));
    else
        snprintf(why, WHY, "the server ended with status %d", WEXITSTATUS(server->status));
    return false;
}

bool server_is_ending(const struct server *server)
{
    return count_entries(server->listener, "fd") == 0;
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

void server_kill(const struct server *server)
{
    if (server->pid > 0)
        kill(-server->pid, SIGKILL);
}

bool server_end(struct server *server, double patience)
{
    bool by_itself = true;
    int *pids, count, i;
    char why[WHY];

    if (server->pid > 0 && !server->ended) {
        kill(server->listener > 0 ? server->listener : server->pid, SIGTERM);
        by_itself = !server_alive(server, patience, why);
        if (!by_itself)
            kill(server->pid, SIGKILL);
        server_alive(server, patience, why);
    }
    while ((count = descendants(&pids)) > 0) {
        for (i = 0; i < count; i++)
            kill(pids[i], SIGKILL);
        free(pids);
        clock_wait();
        reap(server);
    }
    free(pids);
    server->pid = 0;
    return by_itself;
}
