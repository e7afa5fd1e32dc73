/* echo.c: the echo service, an example of a server on miou_unix.h. Each domain has a server, and
 * all servers listen on the same address. A server owns its listener, gives each client to a task
 * in an orphanage, and cleans up after the tasks that have ended. A signal stops the servers: they
 * accept no more clients, and end when those they have are gone. A second signal cancels
 * everything. */
#include "echo.h"
#include "miou_sync.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    /* With the calls of a client that waits it fits into one page, so that this is all that a
     * client's stack takes. */
    LITTLE = 512,
    /* For clients that send more at a time. A larger one gains little even if they send much. */
    MUCH = 8 << 10
};

struct server {
    struct service *service;
    miou_fd *listener, *client; /* client: accepted but not served yet, or NULL */
    miou_promise *promise;
};

struct service {
    struct echo *echo;
    struct server *servers; /* one for each domain */
    miou_mutex *mutex;      /* of all that follows */
    miou_condition *signalled;
    int signals, last; /* how many signals have arrived, and the number of the last */
};

static int server_count;

/* Write a line to standard error, unless that would have to wait: clients are not held up by a log
 * that nobody reads. */
__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    struct pollfd errors = {.fd = STDERR_FILENO, .events = POLLOUT};
    va_list values;

    if (poll(&errors, 1, 0) != 1 || !(errors.revents & POLLOUT))
        return;
    va_start(values, format);
    vdprintf(STDERR_FILENO, format, values);
    va_end(values);
}

/* ---- signals: the first asks the servers to end, the second forces them to */

static void note_signal(int number, void *arg)
{
    struct service *service = arg;

    if (miou_mutex_lock(service->mutex) < 0)
        return;
    service->signals++;
    service->last = number;
    miou_condition_broadcast(service->signalled);
    miou_mutex_unlock(service->mutex);
}

static int handle_signals(struct service *service)
{
    int error = miou_mutex_create(&service->mutex);

    if (error >= 0)
        error = miou_condition_create(&service->signalled);
    if (error >= 0)
        error = miou_signal_handle(SIGINT, note_signal, service);
    if (error >= 0)
        error = miou_signal_handle(SIGTERM, note_signal, service);
    return error;
}

/* Wait until count signals have arrived. Returns the number of the last, or an error. */
static int await_signals(struct service *service, int count)
{
    int last, error = miou_mutex_lock(service->mutex);

    while (error >= 0 && service->signals < count)
        error = miou_condition_wait(service->signalled, service->mutex);
    if (error < 0)
        return error;
    last = service->last;
    miou_mutex_unlock(service->mutex);
    return last;
}

static int await_request(void *service)
{
    return await_signals(service, 1);
}

static int await_order(void *service)
{
    return await_signals(service, 2);
}

/* ---- the service */

/* Echo until less comes at a time than the buffer holds. Returns what came last: 0 at the end of
 * the stream, or an error. */
static ssize_t echo_through(miou_fd *client, char *buffer, size_t size)
{
    ssize_t n;

    do
        if ((n = miou_read(client, buffer, size)) > 0)
            n = miou_write(client, buffer, (size_t)n);
    while (n == (ssize_t)size);
    return n;
}

__attribute__((noinline)) static ssize_t echo_much(miou_fd *client)
{
    char buffer[MUCH];

    return echo_through(client, buffer, sizeof buffer);
}

static int echo(void *arg)
{
    miou_fd *client = arg;
    char buffer[LITTLE];
    ssize_t n;

    while ((n = miou_read(client, buffer, sizeof buffer)) > 0) {
        n = miou_write(client, buffer, (size_t)n);
        if (n == sizeof buffer)
            n = echo_much(client);
        if (n <= 0)
            break;
    }
    return n < 0 ? (int)n : miou_close(client); /* on an error the finaliser closes it */
}

/* Free the tasks of clients that have gone, however they ended. */
static void clean_up(miou_orphans *clients)
{
    miou_promise *client;

    while (miou_care(&client, clients) == MIOU_CARE_ENDED) {
        miou_await(client, NULL);
        miou_promise_free(client);
    }
}

/* Whether the client's descriptor leaves one descriptor for each server. A new descriptor has the
 * lowest free number, so a server that turns away the clients with the highest numbers can always
 * accept the next client, if only to turn it away too; otherwise its accept would fail for ever. */
static bool room_for(miou_fd *client)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
           (rlim_t)miou_fd_number(client) + (rlim_t)server_count < limit.rlim_cur;
}

static void welcome(miou_fd *client, miou_orphans *clients)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;
    const miou_spawn with_client = {.orphans = clients, MIOU_GIVE(miou_fd_resource(client))};

    if (room_for(client) && miou_async(NULL, &with_client, echo, client) >= 0)
        return;
    if (!atomic_flag_test_and_set(&told))
        tell("miou-echo: there are too many clients, some are turned away\n");
    miou_close(client);
}

/* Whether the server can go on after accept has failed. If there was no stack for the accepting
 * task, the listener has been finalised with it. */
static bool get_over(const struct server *server, int error)
{
    if (miou_fd_resource(server->listener) == NULL)
        return false;
    switch (-error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        miou_sleep(10 * 1000 * 1000); /* until the system may have what it lacks */
        return true;
    case ECONNABORTED: /* this and all that follow concern one client only, see accept(2) */
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

/* A task that accepts a client, and then hands the client and the listener to the server. */
static int accept_client(void *arg)
{
    struct server *server = arg;
    int error = miou_accept(&server->client, server->listener, NULL);

    if (error >= 0)
        miou_transfer(miou_fd_resource(server->client));
    miou_transfer(miou_fd_resource(server->listener));
    return error;
}

/* Accept the next client, and meanwhile welcome the previous one. Returns 0, with the next client
 * in server->client; or the number of a signal that arrived first; or the error of accept. */
static int serve_next(struct server *server, miou_orphans *clients, miou_promise *stop)
{
    const miou_spawn with_listener = {MIOU_GIVE(miou_fd_resource(server->listener))};
    miou_promise *either[] = {NULL, stop};
    miou_fd *client = server->client;
    size_t which;
    int outcome, error;

    server->client = NULL;
    /* The accepting task is spawned first, so that a client goes without when memory is scarce. */
    error = miou_async(&either[0], &with_listener, accept_client, server);
    if (client)
        welcome(client, clients);
    if (error >= 0)
        error = miou_await_one(&which, &outcome, either, 2);
    if (error >= 0 && which == 1)
        error = miou_cancel(either[0]);
    if (error < 0)
        return error;
    miou_promise_free(either[0]);
    return outcome;
}

/* Refuse new clients, and wait until those that are here have gone. */
static int see_off(struct server *server, miou_orphans *clients)
{
    int error;

    miou_close(server->listener); /* or -EBADF: finalised with an accepting task that never began */
    if (server->client)
        welcome(server->client, clients);
    do
        error = miou_orphans_get(NULL, clients);
    while (error > 0);
    return error;
}

static int serve(void *arg)
{
    struct server *server = arg;
    miou_orphans *clients;
    miou_promise *stop;
    int error = miou_orphans_create(&clients);

    if (error >= 0)
        error = miou_async(&stop, NULL, await_request, server->service);
    if (error < 0)
        return error;
    do {
        clean_up(clients);
        error = serve_next(server, clients, stop);
    } while (error == 0 || get_over(server, error));
    if (error > 0)
        return see_off(server, clients);
    if (error != MIOU_CANCELLED)
        tell("miou-echo: domain %d accepts no more: %s\n", miou_domain_self(),
             miou_strerror(error));
    return error;
}

/* ---- one server for each domain */

/* Listen on the address; port 0 is replaced by a free one. */
static int open_listener(miou_fd **listener, union echo_address *address,
                         const miou_listen *options)
{
    bool v6 = address->any.sa_family == AF_INET6;
    socklen_t length = v6 ? sizeof address->v6 : sizeof address->v4;
    int error = v6 ? miou_tcpv6(listener, MIOU_OWNED) : miou_tcpv4(listener, MIOU_OWNED);

    /* Connections inherit it: urgent bytes are echoed in their place. */
    if (error >= 0 &&
        setsockopt(miou_fd_number(*listener), SOL_SOCKET, SO_OOBINLINE, &(int){1}, sizeof(int)) < 0)
        error = -errno;
    if (error >= 0)
        error = miou_bind_and_listen(*listener, &address->any, length, options);
    if (error >= 0 && getsockname(miou_fd_number(*listener), &address->any, &length) < 0)
        error = -errno;
    return error;
}

/* Called on dom0, which runs its server as a child of the calling task: miou_call cannot reach
 * dom0. */
static int start_server(struct server *server, int domain)
{
    const miou_spawn options = {MIOU_GIVE(miou_fd_resource(server->listener)),
                                .pin = domain > 0 ? &domain : NULL};

    return (domain > 0 ? miou_call : miou_async)(&server->promise, &options, serve, server);
}

/* All listeners are open before the first server starts, so that a client finds all or none. */
static int serve_everywhere(void *arg)
{
    struct service *service = arg;
    struct server *servers = service->servers;
    miou_fd *probe;
    int i, outcome = 0, error;

    /* Servers may share the address with each other, but not with another program. */
    error = open_listener(&probe, &service->echo->address, &(miou_listen){.no_reuse_port = 1});
    if (error >= 0)
        error = miou_close(probe);
    for (i = 0; i < server_count && error >= 0; i++) {
        servers[i].service = service;
        error = open_listener(&servers[i].listener, &service->echo->address, NULL);
    }
    if (error >= 0 && !room_for(servers[server_count - 1].listener))
        error = -EMFILE; /* no descriptor is left for a client */
    if (error < 0)
        return error;
    service->echo->listens = true;
    if (service->echo->announce)
        service->echo->announce(service->echo);
    for (i = 0; i < server_count && error >= 0; i++)
        error = start_server(&servers[i], i);
    for (i = 0; i < server_count && error >= 0 && outcome >= 0; i++)
        error = miou_await(servers[i].promise, &outcome);
    return error < 0 ? error : outcome;
}

/* Returns 0 once all servers have ended, the number of a second signal, or an error. */
static int main_task(void *arg)
{
    miou_promise *either[2];
    int outcome, error = handle_signals(arg);

    if (error >= 0)
        error = miou_async(&either[0], NULL, serve_everywhere, arg);
    if (error >= 0)
        error = miou_async(&either[1], NULL, await_order, arg);
    if (error >= 0)
        error = miou_await_first(NULL, &outcome, either, 2);
    return error < 0 ? error : outcome;
}

int echo_run(struct echo *echo)
{
    struct service service = {.echo = echo};
    int error;

    server_count = echo->options.domains + 1;
    service.servers = calloc((size_t)server_count, sizeof *service.servers);
    error = service.servers ? miou_unix_run(&echo->options, main_task, &service) : -ENOMEM;
    free(service.servers);
    return error;
}
