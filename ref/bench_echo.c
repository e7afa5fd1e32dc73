/* bench_echo.c: the processor time that an echo server spends on a request, measured from outside.
 * Both servers run all the time, each with connections of its own, and are loaded in turn. A
 * connection sends 64 bytes, waits for the same bytes, and repeats. */
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
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 64, REQUESTS = 30000 };

struct connection {
    int fd;
    int got;
};

struct server {
    pid_t pid;
    int port;
    int epoll;
    size_t count;
    struct connection *connections;
};

static struct server ours, limit;

static void must_errno(const char *what, bool good)
{
    if (!good)
        give_up(what, -errno);
}

/* ---- the two servers, each a process of one thread that ends with the benchmark */

static pid_t child(void)
{
    pid_t parent = getpid(), pid = fork();

    must_errno("fork", pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
    }
    return pid;
}

/* The server prints where it listens: ... 127.0.0.1:PORT ... */
static void start_ours(const char *program)
{
    char line[256] = "", *where;
    int out[2];
    FILE *said;

    must_errno("pipe", pipe(out) == 0);
    ours.pid = child();
    if (ours.pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        execl(program, program, "--address", "127.0.0.1", "--port", "0", "--domains", "0", NULL);
        give_up(program, -errno);
    }
    close(out[1]);
    said = fdopen(out[0], "r");
    where = said && fgets(line, sizeof line, said) ? strstr(line, "127.0.0.1:") : NULL;
    if (!where || sscanf(where, "127.0.0.1:%d", &ours.port) != 1)
        give_up("miou-echo does not say where it listens", -EPROTO);
    fclose(said);
}

static void start_limit(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must_errno("bind", bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    must_errno("listen", listen(listener, SOMAXCONN) == 0);
    getsockname(listener, (struct sockaddr *)&address, &length);
    limit.port = ntohs(address.sin_port);
    limit.pid = child();
    if (limit.pid == 0)
        select_server(listener);
    close(listener);
}

/* ---- the load */

static void open_connections(struct server *server, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)server->port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int one = 1;
    size_t i;

    server->count = count;
    server->connections = calloc(count, sizeof *server->connections);
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    must_errno("epoll_create1", server->epoll >= 0 && server->connections);
    for (i = 0; i < count; i++) {
        struct connection *c = &server->connections[i];

        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        must_errno("connect",
                   c->fd >= 0 && !connect(c->fd, (struct sockaddr *)&address, sizeof address));
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, c->fd, &(struct epoll_event){EPOLLIN, {.ptr = c}});
    }
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

static double processor_time(pid_t pid)
{
    struct timespec t;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
        give_up("the processor time of a server", -ESRCH);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double load(struct server *server)
{
    struct epoll_event events[512];
    double start = processor_time(server->pid);
    size_t asked = server->count, answered = 0, i;
    int n, k;

    for (i = 0; i < server->count; i++)
        request(&server->connections[i]);
    while (answered < asked) {
        n = epoll_wait(server->epoll, events, 512, 10000);
        must_errno("epoll_wait", n > 0);
        for (k = 0; k < n; k++) {
            struct connection *c = events[k].data.ptr;

            if (!answer(c))
                continue;
            answered++;
            if (asked < REQUESTS) {
                asked++;
                request(c);
            }
        }
    }
    return (processor_time(server->pid) - start) / (double)answered;
}

double echo_ours(size_t count)
{
    (void)count;
    return load(&ours);
}

double echo_limit(size_t count)
{
    (void)count;
    return load(&limit);
}

void echo_start(const char *program, size_t count)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    start_ours(program);
    start_limit();
    open_connections(&ours, count);
    open_connections(&limit, count);
    load(&ours); /* to warm up */
    load(&limit);
}

static void stop(struct server *server)
{
    size_t i;

    for (i = 0; i < server->count; i++)
        close(server->connections[i].fd);
    free(server->connections);
    close(server->epoll);
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}

void echo_stop(void)
{
    stop(&ours);
    stop(&limit);
}
