/* traffic_clients.c: what a client does, one call of the simulated system each, told to people. */
#include "traffic_clients.h"

#include "sim/sim.h"
#include "traffic_judge.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum {
    PERIOD = 4093, /* of the bytes sent; a prime, so that no piece ends where one begins */
    PIECES = 8,    /* calls of the server that move little */
};

/* ---- what a client sends: a piece of one long row of bytes, from a place of its own */

static uint8_t row[PERIOD + MOST_BYTES];

static void fill_row(void)
{
    uint32_t state = 1;

    if (row[0] != 0)
        return;
    for (size_t i = 0; i < PERIOD; i++) {
        state = state * 1664525 + 1013904223;
        row[i] = (uint8_t)(state >> 24) | (i == 0);
    }
    for (size_t i = PERIOD; i < sizeof row; i++)
        row[i] = row[i - PERIOD];
}

static const uint8_t *bytes_of(const struct client *client, size_t at)
{
    return row + (client->serial * 1013 + at) % PERIOD;
}

/* ---- coming */

void client_begin(struct client *client, struct server *server, const char *name)
{
    fill_row();
    *client = (struct client){.server = server, .name = name, .stream = -1};
}

void client_connect(struct client *client, unsigned listener, size_t room)
{
    struct server *server = client->server;
    int stream;

    if (client_is_connected(client) || server->port == 0)
        return;
    client_begin(client, server, client->name);
    client->serial = server->clients++;
    stream = sim_connect(server->port, listener, room);
    if (stream < 0) {
        SIM_SAY("%s connects: %s", client->name, strerror(-stream));
        return;
    }
    SIM_SAY("%s connects, to listener %d; there is room for %zu bytes each way", client->name,
            (int)listener % server->domains, room);
    client->stream = stream;
    sim_name(stream, client->name);
}

/* ---- bytes */

bool client_send(struct client *client, size_t size)
{
    ssize_t n;

    if (!client_is_connected(client) || client->shut || client->failed || size == 0)
        return false;
    n = sim_send(client->stream, bytes_of(client, client->sent), size);
    SIM_SAY("%s sends %zu bytes: %s", client->name, size, sim_text(n));
    if (n == -EAGAIN)
        return false;
    client->failed = n < 0;
    client->sent += n > 0 ? (size_t)n : 0;
    return true;
}

bool client_receive(struct client *client, size_t size)
{
    struct sim_piece pieces[2];
    ssize_t n;

    if (!client_is_connected(client))
        return false;
    n = sim_receive_pieces(client->stream, pieces, size);
    if (n == -EAGAIN)
        return false;
    if (n <= 0) {
        SIM_SAY("%s is through: %s", client->name, n < 0 ? strerror((int)-n) : "end of stream");
        judge_end(client, (int)n);
        sim_close(client->stream);
        client->stream = -1;
        return true;
    }
    SIM_SAY("%s receives %zd bytes", client->name, n);
    for (int i = 0; i < 2; i++) {
        judge_bytes(client, pieces[i].bytes, bytes_of(client, client->received), pieces[i].size);
        client->received += pieces[i].size;
    }
    return true;
}

void client_set_grain(struct client *client, size_t size)
{
    if (!client_is_connected(client))
        return;
    SIM_SAY("%s is read from and written to in %d pieces of %zu bytes at most", client->name,
            PIECES, size);
    sim_grain(client->stream, size, PIECES);
}

/* ---- going */

void client_shut(struct client *client)
{
    if (!client_is_connected(client) || client->shut)
        return;
    SIM_SAY("%s sends no more", client->name);
    client->shut = true;
    sim_shut(client->stream);
}

void client_reset(struct client *client)
{
    if (!client_is_connected(client))
        return;
    SIM_SAY("%s resets", client->name);
    sim_reset(client->stream);
    client->stream = -1;
}

void client_close(struct client *client)
{
    if (!client_is_connected(client))
        return;
    SIM_SAY("%s closes", client->name);
    sim_close(client->stream);
    client->stream = -1;
}
