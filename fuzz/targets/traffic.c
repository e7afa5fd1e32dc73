/* traffic.c: the script, move by move; then the epilogue, in which everybody who is left behaves
 * and must be served. When the server has nothing more to do and a client that behaves still lacks
 * something, that is the end of it: nothing would bring it any more. */
#include "traffic.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATIENCE = 256,   /* questions without an idle moment, after which the world moves on */
    OUTRAGE = 100000, /* and without a move, after which it is sure that there will be none */
    PERIOD = 4093,    /* of the bytes sent; a prime, so that no piece ends where one begins */
    MOST = 16 << 10,  /* bytes a move */
    PIECES = 8,       /* that calls of the server move at a time when they move little */
    WITNESSED = 300,  /* bytes that a witness sends */
};

static _Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static _Noreturn void fail(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "fuzz_echo: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    abort();
}

/* ---- what a client sends: a piece of one long row of bytes, from a place of its own */

static uint8_t row[PERIOD + MOST];

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

static char names[TRAFFIC_SLOTS][16];

static void fill_names(void)
{
    for (int slot = 0; slot < TRAFFIC_SLOTS && names[slot][0] == '\0'; slot++)
        snprintf(names[slot], sizeof names[slot], "%s %d",
                 slot < TRAFFIC_CLIENTS ? "client" : "witness", slot % TRAFFIC_CLIENTS);
}

static const uint8_t *bytes_of(const struct client *client, size_t at)
{
    return row + (client->serial * 1013 + at) % PERIOD;
}

/* ---- questions */

static void grow_impatient(struct traffic *traffic)
{
    if (++traffic->quiet > OUTRAGE)
        fail("the server never comes to rest");
}

size_t traffic_choose(void *state, size_t count)
{
    struct traffic *traffic = state;

    grow_impatient(traffic);
    if (count < 2)
        fail("R13.5: there is no choice, and it is asked for");
    return choices_answer(&traffic->choices, count);
}

/* ---- clients */

static void leave(struct client *client)
{
    client->stream = -1;
}

/* Whether it may be sent away without a cause of its own. */
static bool may_be_turned_away(const struct traffic *traffic, const struct client *client)
{
    int number = sim_number(client->stream);

    return traffic->signals > 1 || (number < 0 && traffic->signals > 0) ||
           number + traffic->servers >= traffic->limit;
}

static void connect_client(struct traffic *traffic, int slot, uint8_t how)
{
    static const uint16_t rooms[] = {SIM_ROOM, 1, 3, 16, 100, 1000, 4096, 8192};
    struct client *client = &traffic->clients[slot];
    size_t room = rooms[how >> 2 & 7];
    int stream;

    if (client->stream >= 0 || traffic->port == 0)
        return;
    *client = (struct client){.serial = traffic->clients_made++, .stream = -1, .name = names[slot]};
    stream = sim_connect(traffic->port, how & 3, room);
    if (stream < 0) {
        SIM_SAY("%s connects: %s", client->name, strerror(-stream));
        return;
    }
    SIM_SAY("%s connects, to listener %d; there is room for %zu bytes each way", client->name,
            (how & 3) % traffic->servers, room);
    client->stream = stream;
    sim_name(stream, client->name);
}

/* The end of the stream has been read, or an error. */
static void end_client(struct traffic *traffic, struct client *client, int error)
{
    bool complete = error == 0 && client->shut && client->received == client->sent;

    SIM_SAY("%s is through: %s", client->name, error < 0 ? strerror(-error) : "end of stream");
    if (!complete && !may_be_turned_away(traffic, client))
        fail("%s: %s after %zu of %zu bytes%s", client->name,
             error < 0 ? strerror(-error) : "the stream ends", client->received, client->sent,
             client->shut ? "" : ", while it may still send");
    sim_close(client->stream);
    leave(client);
}

/* Returns whether anything was sent, or found out. */
static bool send_bytes(struct client *client, size_t size)
{
    ssize_t n;

    if (client->stream < 0 || client->shut || client->failed || size == 0)
        return false;
    n = sim_send(client->stream, bytes_of(client, client->sent), size);
    SIM_SAY("%s sends %zu bytes: %s", client->name, size, sim_text(n));
    if (n == -EAGAIN)
        return false;
    client->failed = n < 0;
    client->sent += n > 0 ? (size_t)n : 0;
    return true;
}

/* Returns whether anything came. */
static bool receive_bytes(struct traffic *traffic, struct client *client, size_t size)
{
    static uint8_t bytes[MOST];
    ssize_t n;

    if (client->stream < 0)
        return false;
    n = sim_receive(client->stream, bytes, size);
    if (n == -EAGAIN)
        return false;
    if (n <= 0) {
        end_client(traffic, client, (int)n);
        return true;
    }
    SIM_SAY("%s receives %zd bytes", client->name, n);
    if (client->received + (size_t)n > client->sent)
        fail("%s: %zu bytes came back, and it has sent %zu", client->name,
             client->received + (size_t)n, client->sent);
    if (memcmp(bytes, bytes_of(client, client->received), (size_t)n) != 0)
        fail("%s: what comes back after %zu bytes is not what was sent", client->name,
             client->received);
    client->received += (size_t)n;
    return true;
}

static void shut_client(struct client *client)
{
    if (client->stream < 0 || client->shut)
        return;
    SIM_SAY("%s sends no more", client->name);
    client->shut = true;
    sim_shut(client->stream);
}

static void part(struct client *client, void (*how)(int stream), const char *word)
{
    if (client->stream < 0)
        return;
    SIM_SAY("%s %s", client->name, word);
    how(client->stream);
    leave(client);
}

static void set_grain(struct client *client, size_t size)
{
    if (client->stream < 0)
        return;
    SIM_SAY("%s is read from and written to in %d pieces of %zu bytes at most", client->name,
            PIECES, size);
    sim_grain(client->stream, size, PIECES);
}

static void raise_signal(struct traffic *traffic, int number)
{
    if (traffic->signals < 2 && sim_raise(number)) {
        traffic->ordered = traffic->signals++ > 0 && number != traffic->last_signal;
        traffic->last_signal = number;
        SIM_SAY("%s comes", number == SIGTERM ? "SIGTERM" : "SIGINT");
    }
}

static void fail_accept(unsigned which)
{
    static const int errors[] = {EMFILE,       ECONNABORTED, ENFILE,      EPROTO,      ENOBUFS,
                                 ENOMEM,       EPERM,        ENETDOWN,    ENETUNREACH, EHOSTDOWN,
                                 EHOSTUNREACH, ENONET,       ENOPROTOOPT, EOPNOTSUPP,  ETIMEDOUT};
    int error = errors[which % (sizeof errors / sizeof *errors)];

    SIM_SAY("the next accept fails: %s", strerror(error));
    sim_fail_accept(error);
}

/* ---- the script */

static size_t size_of(uint8_t argument)
{
    return argument < 128 ? argument + 1u : (argument - 127u) * 128u;
}

/* Some clients come at once. */
static void crowd(struct traffic *traffic, int slot, uint8_t argument)
{
    for (int count = 2 + argument % 8; count > 0; count--) {
        connect_client(traffic, slot, (uint8_t)(argument + count));
        send_bytes(&traffic->clients[slot], argument + 1u);
        slot = (slot + 1) % TRAFFIC_CLIENTS;
    }
}

static void move(struct traffic *traffic, uint8_t kind, uint8_t argument)
{
    int slot = kind >> 4;
    struct client *client = &traffic->clients[slot];

    switch (kind & 15) {
    case 0:
    case 1:
        connect_client(traffic, slot, argument);
        break;
    case 2:
    case 3:
    case 4:
    case 5:
        connect_client(traffic, slot, 0);
        send_bytes(client, size_of(argument));
        break;
    case 6:
    case 7:
        receive_bytes(traffic, client, size_of(argument));
        break;
    case 8:
        shut_client(client);
        break;
    case 9:
        part(client, sim_reset, "resets");
        break;
    case 10:
        part(client, sim_close, "closes");
        break;
    case 11:
        set_grain(client, size_of(argument));
        break;
    case 12:
        fail_accept(argument);
        break;
    case 13:
        if (argument & 1)
            raise_signal(traffic, argument & 2 ? SIGINT : SIGTERM);
        break;
    case 14:
        crowd(traffic, slot, argument);
        break;
    default: /* nothing, for a while */
        break;
    }
}

/* Returns false if the script is at its end. */
static bool next_move(struct traffic *traffic)
{
    if (traffic->moves_end - traffic->moves < 2)
        return false;
    traffic->quiet = 0;
    move(traffic, traffic->moves[0], traffic->moves[1]);
    traffic->moves += 2;
    return true;
}

/* ---- the epilogue */

static bool is_through(const struct client *client)
{
    return client->stream < 0;
}

/* What a client that behaves does when it can. Returns whether it came to anything. */
static bool behave(struct traffic *traffic, struct client *client, size_t total)
{
    bool moved = false;

    while (client->sent < total && send_bytes(client, total - client->sent))
        moved = true;
    while (receive_bytes(traffic, client, MOST))
        moved = true;
    if (!is_through(client) && client->sent >= total && !client->shut) {
        shut_client(client);
        moved = true;
    }
    return moved;
}

/* Let some of them behave. Returns whether all are through. */
static bool all_through(struct traffic *traffic, int from, int to, size_t total)
{
    struct client *waiting = NULL;
    bool moved = false;

    for (int i = from; i < to; i++) {
        struct client *client = &traffic->clients[i];

        if (is_through(client))
            continue;
        moved |= behave(traffic, client, total);
        if (!is_through(client))
            waiting = client;
    }
    if (waiting != NULL && !moved)
        fail("%s is not served: %zu of %zu bytes came back, and not the end", waiting->name,
             waiting->received, waiting->sent);
    return waiting == NULL;
}

static void call_witnesses(struct traffic *traffic)
{
    for (int i = 0; i < traffic->servers && traffic->signals == 0; i++)
        connect_client(traffic, TRAFFIC_CLIENTS + i, (uint8_t)i);
    traffic->phase = WITNESSES;
}

/* The witnesses come and are served while all others are as the script left them; then the others
 * are, before or after the signal; then the server shall end. */
static bool epilogue(struct traffic *traffic)
{
    switch (traffic->phase) {
    case SCRIPT:
        sim_fail_accept(0);
        call_witnesses(traffic);
        return true;
    case WITNESSES:
        if (all_through(traffic, TRAFFIC_CLIENTS, TRAFFIC_SLOTS, WITNESSED))
            traffic->phase = traffic->stops_first ? STOP : CLIENTS;
        return true;
    case STOP:
        if (traffic->signals == 0)
            raise_signal(traffic, SIGTERM);
        traffic->phase = traffic->stops_first ? CLIENTS : OVER;
        return true;
    case CLIENTS:
        if (all_through(traffic, 0, TRAFFIC_CLIENTS, 0))
            traffic->phase = traffic->stops_first ? OVER : STOP;
        return true;
    default:
        return false;
    }
}

static bool turn(void *state, bool idle)
{
    struct traffic *traffic = state;
    unsigned choice;

    if (idle) {
        if (traffic->ordered)
            fail("the server waits, though a second signal has come");
        traffic->quiet = 0;
        return next_move(traffic) || epilogue(traffic);
    }
    grow_impatient(traffic);
    if (traffic->quiet % PATIENCE == 0 && next_move(traffic))
        return true;
    if (traffic->port == 0 || !choices_due(&traffic->choices, &choice))
        return false;
    while (next_move(traffic) && choice-- > 0)
        ;
    return true;
}

static void stuck(void *state)
{
    struct traffic *traffic = state;

    fail(traffic->signals > 0 ? "all clients have gone, and the server does not end"
                              : "the server has no handler for SIGTERM");
}

/* ---- beginning and end */

void traffic_begin(struct traffic *traffic, const uint8_t *bytes, size_t size)
{
    struct input input = input_split(bytes, size);

    fill_row();
    fill_names();
    memset(traffic, 0, sizeof *traffic);
    traffic->moves = input.bytes;
    traffic->moves_end = input.bytes + input.size;
    traffic->choices = input.choices;
    traffic->servers = 1 + input.head % TRAFFIC_DOMAINS;
    traffic->driven = traffic->servers > 1 || !(input.head & 32);
    traffic->stops_first = input.head & 64;
    for (int i = 0; i < TRAFFIC_SLOTS; i++)
        traffic->clients[i].stream = -1;
    sim_begin(&(struct sim_world){turn, stuck, traffic});
    traffic->limit = input.head & 128 ? 16 : SIM_DESCRIPTORS;
    sim_limit(traffic->limit);
    SIM_SAY("%d server%s, %sdriven, %d descriptors, %zu moves, %zu choices", traffic->servers,
            traffic->servers > 1 ? "s" : "", traffic->driven ? "" : "not ", traffic->limit,
            input.size / 2, (size_t)(input.choices.end - input.choices.next));
}

void traffic_open(struct traffic *traffic, int port)
{
    SIM_SAY("        server listens");
    traffic->port = port;
}

void traffic_end(struct traffic *traffic, int outcome)
{
    struct sim_left left = sim_left();

    SIM_SAY("        server ends: %d", outcome);
    for (int i = 0; i < TRAFFIC_SLOTS; i++)
        while (receive_bytes(traffic, &traffic->clients[i], MOST))
            ;
    if (traffic->signals < 2 && outcome != 0)
        fail("the server ends with %d", outcome);
    if (outcome != 0 && outcome != SIGTERM && outcome != SIGINT)
        fail("the server ends with %d after two signals", outcome);
    if (left.descriptors + left.mappings + left.signals > 0)
        fail("the server leaves %d descriptors, %d mappings, %d signal handlers", left.descriptors,
             left.mappings, left.signals);
    for (int i = 0; i < TRAFFIC_SLOTS && traffic->signals < 2; i++)
        if (!is_through(&traffic->clients[i]))
            fail("%s is left behind: %zu of %zu bytes came back, and not the end",
                 traffic->clients[i].name, traffic->clients[i].received, traffic->clients[i].sent);
}
