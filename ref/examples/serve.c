/* serve.c: accepts clients until a signal comes; then waits for those that are left, but not for
 * ever. */
#include "serve.h"

#include "miou_sync.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>

struct server {
    const struct serve *options;
    miou_fd *listener, *client;
    miou_orphans *clients;
    miou_computation *stopped; /* completed by the first signal */
};

static void note_signal(int number, void *stopped)
{
    miou_computation_complete(stopped, number);
}

static int await_signal(void *arg)
{
    struct server *server = arg;

    return miou_computation_await(server->stopped, NULL);
}

static int start(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((in_port_t)server->options->port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int error;

    if ((error = miou_orphans_create(&server->clients)) < 0 ||
        (error = miou_computation_create(&server->stopped)) < 0 ||
        (error = miou_signal_handle(SIGINT, note_signal, server->stopped)) < 0 ||
        (error = miou_signal_handle(SIGTERM, note_signal, server->stopped)) < 0 ||
        (error = miou_tcpv4(&server->listener, MIOU_OWNED)) < 0 ||
        (error = miou_bind_and_listen(server->listener, (struct sockaddr *)&address, length,
                                      &(miou_listen){.no_reuse_port = 1})) < 0)
        return error;
    getsockname(miou_fd_number(server->listener), (struct sockaddr *)&address, &length);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return 0;
}

/* A task that accepts a client, and hands the client and the listener to its parent. */
static int accept_one(void *arg)
{
    struct server *server = arg;
    int error = miou_accept(&server->client, server->listener, NULL);

    if (error >= 0)
        miou_transfer(miou_fd_resource(server->client));
    miou_transfer(miou_fd_resource(server->listener));
    return error;
}

/* Returns 0 with the next client; 1 when a signal has come; or an error. */
static int next_client(struct server *server, miou_promise *signal)
{
    miou_promise *either[2] = {NULL, signal};
    size_t which;
    int outcome, error;

    server->client = NULL;
    if ((error =
             miou_async(&either[0], &(miou_spawn){MIOU_GIVE(miou_fd_resource(server->listener))},
                        accept_one, server)) < 0 ||
        (error = miou_await_one(&which, &outcome, either, 2)) < 0)
        return error;
    if (which == 1 && (error = miou_cancel(either[0])) < 0)
        return error;
    miou_promise_free(either[0]);
    return which == 1 ? 1 : outcome;
}

static void welcome(struct server *server)
{
    miou_promise *ended;

    if (server->client != NULL &&
        miou_async(
            NULL,
            &(miou_spawn){.orphans = server->clients, MIOU_GIVE(miou_fd_resource(server->client))},
            server->options->client, server->client) < 0)
        miou_close(server->client);
    while (miou_care(&ended, server->clients) == MIOU_CARE_ENDED) {
        miou_await(ended, NULL); /* how a client ended is its own affair */
        miou_promise_free(ended);
    }
}

static int await_clients(void *arg)
{
    struct server *server = arg;
    int got;

    while ((got = miou_orphans_get(NULL, server->clients)) > 0)
        ;
    return got;
}

static int see_off(struct server *server)
{
    miou_promise *left;
    int error;

    welcome(server); /* one that came with the signal */
    miou_close(server->listener);
    if (server->options->stopping != NULL)
        server->options->stopping();
    error = miou_deadline(server->options->grace, await_clients, server);
    while (error == MIOU_EXPIRED && miou_orphans_take(&left, server->clients) == 1)
        miou_cancel(left);
    return error == MIOU_EXPIRED ? 0 : error;
}

int serve(void *arg)
{
    static struct server server; /* children use it until they have ended, after this returns */
    miou_promise *signal;
    int next;

    server.options = arg;
    if ((next = start(&server)) < 0 ||
        (next = miou_async(&signal, NULL, await_signal, &server)) < 0)
        return next;
    while ((next = next_client(&server, signal)) != 1) {
        if (next == 0)
            welcome(&server);
        else if (next == MIOU_CANCELLED || miou_fd_resource(server.listener) == NULL)
            return next;
        else if ((next = miou_sleep(SECOND / 100)) < 0) /* until there are descriptors again */
            return next;
    }
    return see_off(&server);
}
