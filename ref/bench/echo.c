/* echo.c: the processor time that an echo server spends on a request, measured from outside. All
 * servers of a row run all the time, each with clients of its own, and are loaded in turn. A client
 * sends 64 bytes, waits for the same bytes, and repeats. The clients of a server are a process of
 * their own, so that all have descriptors enough. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 64, REQUESTS = 30000, OURS = 0, LIMIT, PEERS, SERVERS = PEERS + MOST_PEERS };

struct connection {
    int fd;
    int got;
};

struct server {
    pid_t pid, clients; /* 0: there is no such server */
    int port;
    int order, answer; /* pipes to and from the clients */
    double idle;       /* bytes that it takes for a connection on which nothing has come yet */
};

static struct server servers[SERVERS];

static void must_errno(const char *what, bool good)
{
    if (!good)
        give_up(what, -errno);
}

/* ---- the servers, each a process of one thread that ends with the benchmark */

/* The server prints where it listens: ... 127.0.0.1:PORT ... */
static void start_ours(struct server *ours, const char *program, const char *monitor)
{
    char line[256] = "", *where;
    int out[2];
    FILE *said;

    must_errno("pipe", pipe(out) == 0);
    ours->pid = child();
    if (ours->pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        execl(program, program, "--address", "127.0.0.1", "--port", "0", "--domains", "0",
              "--monitor", monitor, NULL);
        give_up(program, -errno);
    }
    close(out[1]);
    said = fdopen(out[0], "r");
    where = said && fgets(line, sizeof line, said) ? strstr(line, "127.0.0.1:") : NULL;
    if (!where || sscanf(where, "127.0.0.1:%d", &ours->port) != 1)
        give_up("miou-echo does not say where it listens", -EPROTO);
    fclose(said);
}

static int listen_anywhere(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must_errno("bind", bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    must_errno("listen", listen(listener, SOMAXCONN) == 0);
    getsockname(listener, (struct sockaddr *)&address, &length);
    *port = ntohs(address.sin_port);
    return listener;
}

static void start_limit(struct server *server, const char *monitor)
{
    int listener = listen_anywhere(&server->port);

    server->pid = child();
    if (server->pid == 0)
        (strcmp(monitor, "epoll") == 0 ? epoll_server : select_server)(listener);
    close(listener);
}

static void start_peer(struct server *server, size_t number)
{
    int listener = listen_anywhere(&server->port);

    server->pid = child();
    if (server->pid == 0) {
        peer_serve(number, listener);
        _exit(2);
    }
    close(listener);
}

static double processor_time(pid_t pid)
{
    struct timespec t;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
        give_up("the processor time of a server", -ESRCH);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- the clients */

static int open_connections(struct connection *connections, size_t count, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int epoll = epoll_create1(EPOLL_CLOEXEC), one = 1;

    must_errno("epoll_create1", epoll >= 0);
    for (size_t i = 0; i < count; i++) {
        struct connection *c = &connections[i];

        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        must_errno("connect",
                   c->fd >= 0 && !connect(c->fd, (struct sockaddr *)&address, sizeof address));
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &(struct epoll_event){EPOLLIN, {.ptr = c}});
    }
    return epoll;
}

static void request(struct connection *c)
{
    static const char bytes[SIZE] = "sixty-four bytes, which come back as they are";

    c->got = 0;
    must_errno("a request", write(c->fd, bytes, SIZE) == SIZE);
}

/* Returns whether the answer is complete. */
static bool answer(struct connection *c)
{
    char bytes[SIZE];
    ssize_t n = read(c->fd, bytes, (size_t)(SIZE - c->got));

    must_errno("an answer", n > 0);
    c->got += (int)n;
    return c->got == SIZE;
}

/* Have many requests answered, after one that is not counted. Returns how many those were. */
static size_t load(int epoll, struct connection *connections, size_t count)
{
    struct epoll_event events[512];
    size_t requests = count < REQUESTS / 2 ? REQUESTS : 2 * count, asked = count, answered = 0;

    for (size_t i = 0; i < count; i++)
        request(&connections[i]);
    while (answered < asked) {
        int n = epoll_wait(epoll, events, 512, 10000);

        must_errno("epoll_wait", n > 0);
        for (int k = 0; k < n; k++) {
            struct connection *c = events[k].data.ptr;

            if (!answer(c))
                continue;
            answered++;
            if (asked < requests) {
                asked++;
                request(c);
            }
        }
    }
    return answered;
}

/* The process of the clients: loads the server once for each byte that it reads, and answers with
 * how many requests that were, at first 0. */
static _Noreturn void be_clients(const struct server *server, size_t count, int order, int answer_)
{
    struct connection *connections = calloc(count, sizeof *connections);
    size_t answered = 0;
    int epoll = open_connections(connections, count, server->port);
    char byte;

    do
        must_errno("write", write(answer_, &answered, sizeof answered) == sizeof answered);
    while (read(order, &byte, 1) == 1 && (answered = load(epoll, connections, count)) > 0);
    _exit(0);
}

static size_t answered_by(const struct server *server)
{
    size_t answered;

    if (read(server->answer, &answered, sizeof answered) != sizeof answered)
        give_up("the clients of a server", -EPIPE);
    return answered;
}

static double cost(const struct server *server)
{
    double start = processor_time(server->pid);
    size_t answered;

    must_errno("write", write(server->order, "", 1) == 1);
    answered = answered_by(server);
    return (processor_time(server->pid) - start) / (double)answered;
}

/* ---- all of them */

static void start_clients(struct server *server, size_t count)
{
    int order[2], answers[2];
    double before = resident(server->pid);

    must_errno("pipe", pipe2(order, O_CLOEXEC) == 0 && pipe2(answers, O_CLOEXEC) == 0);
    server->clients = child();
    if (server->clients == 0)
        be_clients(server, count, order[0], answers[1]);
    close(order[0]);
    close(answers[1]);
    server->order = order[1];
    server->answer = answers[0];
    answered_by(server);
    cost(server); /* to warm up, and so that each connection has been accepted */
    server->idle = (resident(server->pid) - before) / (double)count;
}

static void raise_limit(void)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

/* Whether a server answers at all: a peer that has no echo server has ended. */
static bool serves(const struct server *server)
{
    return waitpid(server->pid, NULL, WNOHANG) == 0;
}

void echo_start(const char *directory, const struct row *row)
{
    char program[4096];

    raise_limit();
    snprintf(program, sizeof program, "%s/miou-echo", directory);
    start_ours(&servers[OURS], program, row->monitor);
    start_limit(&servers[LIMIT], row->monitor);
    for (size_t p = 0; row->task != NULL && p < peers_count(); p++)
        start_peer(&servers[PEERS + p], p);
    usleep(100000); /* those that have no echo server end meanwhile */
    for (int i = 0; i < SERVERS; i++)
        if (servers[i].pid != 0 && !serves(&servers[i]))
            servers[i].pid = 0;
        else if (servers[i].pid != 0)
            start_clients(&servers[i], row->count);
}

double echo_ours(size_t count)
{
    (void)count;
    return cost(&servers[OURS]);
}

double echo_limit(size_t count)
{
    (void)count;
    return cost(&servers[LIMIT]);
}

double echo_peer(size_t number)
{
    const struct server *peer = &servers[PEERS + number];

    return peer->pid != 0 ? cost(peer) : -1;
}

double idle_ours(size_t count)
{
    (void)count;
    return servers[OURS].idle;
}

static void stop(struct server *server)
{
    close(server->order);
    close(server->answer);
    kill(server->pid, SIGKILL);
    kill(server->clients, SIGKILL);
    waitpid(server->pid, NULL, 0);
    waitpid(server->clients, NULL, 0);
    server->pid = 0;
}

void echo_stop(void)
{
    for (int i = 0; i < SERVERS; i++)
        if (servers[i].pid != 0)
            stop(&servers[i]);
}
