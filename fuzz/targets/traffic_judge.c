/* traffic_judge.c: the promises of an echo server, each where a client or the system can see it
 * broken. */
#include "traffic_judge.h"

#include "sim/sim.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void judge_fail(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "fuzz_echo: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    abort();
}

/* ---- one client */

void judge_bytes(const struct client *client, const void *came, const uint8_t *expected,
                 size_t size)
{
    if (client->received + size > client->sent)
        judge_fail("%s: %zu bytes came back, but it has sent only %zu", client->name,
                   client->received + size, client->sent);
    if (memcmp(came, expected, size) != 0)
        judge_fail("%s: what came back after %zu bytes is not what was sent", client->name,
                   client->received);
}

/* Whether the server may send the client away though the client has done nothing wrong. */
static bool may_be_turned_away(const struct client *client)
{
    const struct server *server = client->server;
    int number = sim_number(client->stream);

    return server->signals > 1 || (number < 0 && server->signals > 0) ||
           number + server->domains >= server->limit;
}

void judge_end(const struct client *client, int error)
{
    bool complete = error == 0 && client->shut && client->received == client->sent;

    if (!complete && !may_be_turned_away(client))
        judge_fail("%s: %s after %zu of %zu bytes%s", client->name,
                   error < 0 ? strerror(-error) : "the stream ended", client->received,
                   client->sent, client->shut ? "" : ", though it may still send");
}

void judge_unserved(const struct client *client)
{
    judge_fail("%s is not served: %zu of %zu bytes came back, and no end of the stream",
               client->name, client->received, client->sent);
}

void judge_left_behind(const struct client *client)
{
    if (client->server->signals < 2 && client_is_connected(client))
        judge_fail("%s is left behind: %zu of %zu bytes came back, and no end of the stream",
                   client->name, client->received, client->sent);
}

/* ---- the server */

void judge_idle(const struct server *server)
{
    if (server->must_end)
        judge_fail("the server waits, though a second signal has come");
}

void judge_stuck(const struct server *server)
{
    judge_fail(server->signals > 0 ? "all clients have gone, and the server does not end"
                                   : "the server has no handler for SIGTERM");
}

void judge_outcome(const struct server *server, int outcome)
{
    struct sim_left left = sim_left();

    if (server->signals < 2 && outcome != 0)
        judge_fail("the server ended with %d", outcome);
    if (outcome != 0 && outcome != SIGTERM && outcome != SIGINT)
        judge_fail("the server ended with %d after two signals", outcome);
    if (left.descriptors + left.mappings + left.signals > 0)
        judge_fail("the server left %d descriptors, %d mappings and %d signal handlers behind",
                   left.descriptors, left.mappings, left.signals);
}
