/* traffic.c: makes the moves of the script, one after another; then plays the epilogue: every
 * client that is left behaves and must be served, and the server must end when it is told to. */
#include "traffic.h"

#include "sim/sim.h"
#include "traffic_judge.h"
#include "traffic_moves.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    PATIENCE = 256,   /* questions without an idle moment, after which the world makes a move */
    OUTRAGE = 100000, /* questions without a move, after which the server will never rest */
    WITNESSED = 300,  /* bytes that a witness sends */
    FEW = 16,         /* descriptors, where there are few */
    NAME = 24         /* bytes of a client's name */
};

static char names[PEERS][NAME];

static const char *name_of(int peer)
{
    bool is_witness = peer >= CLIENTS;

    if (names[peer][0] == '\0')
        snprintf(names[peer], NAME, "%s %d", is_witness ? "witness" : "client",
                 is_witness ? peer - CLIENTS : peer);
    return names[peer];
}

static void grow_impatient(struct traffic *traffic)
{
    if (++traffic->quiet > OUTRAGE)
        judge_fail("the server never rests");
}

size_t traffic_choose(void *state, size_t count)
{
    struct traffic *traffic = state;

    grow_impatient(traffic);
    if (count < 2)
        judge_fail("R13.5: the runtime asks though there is no choice");
    return choices_answer(&traffic->choices, count);
}

/* ---- the moves */

typedef void make_move(struct traffic *traffic, struct client *client, uint8_t argument);

static size_t size_of(uint8_t argument)
{
    return argument < 128 ? argument + 1u : (argument - 127u) * 128u;
}

static void move_connect(struct traffic *traffic, struct client *client, uint8_t argument)
{
    static const uint16_t rooms[] = {SIM_ROOM, 1, 3, 16, 100, 1000, 4096, 8192};

    (void)traffic;
    client_connect(client, argument & 3, rooms[argument >> 2 & 7]);
}

static void move_send(struct traffic *traffic, struct client *client, uint8_t argument)
{
    move_connect(traffic, client, 0);
    client_send(client, size_of(argument));
}

static void move_guest(struct traffic *traffic, struct client *client, uint8_t argument)
{
    (void)client;
    guests_ask(&traffic->guests, argument);
}

static void move_receive(struct traffic *traffic, struct client *client, uint8_t argument)
{
    (void)traffic;
    client_receive(client, size_of(argument));
}

static void move_shut(struct traffic *traffic, struct client *client, uint8_t argument)
{
    (void)traffic, (void)argument;
    client_shut(client);
}

static void move_reset(struct traffic *traffic, struct client *client, uint8_t argument)
{
    (void)traffic, (void)argument;
    client_reset(client);
}

static void move_close(struct traffic *traffic, struct client *client, uint8_t argument)
{
    (void)traffic, (void)argument;
    client_close(client);
}

static void move_grain(struct traffic *traffic, struct client *client, uint8_t argument)
{
    (void)traffic;
    client_set_grain(client, size_of(argument));
}

static void move_fail_accept(struct traffic *traffic, struct client *client, uint8_t argument)
{
    static const int errors[] = {EMFILE,       ECONNABORTED, ENFILE,      EPROTO,      ENOBUFS,
                                 ENOMEM,       EPERM,        ENETDOWN,    ENETUNREACH, EHOSTDOWN,
                                 EHOSTUNREACH, ENONET,       ENOPROTOOPT, EOPNOTSUPP,  ETIMEDOUT};
    int error = errors[argument % (sizeof errors / sizeof *errors)];

    (void)traffic, (void)client;
    SIM_SAY("the next accept fails: %s", strerror(error));
    sim_fail_accept(error);
}

static void raise_signal(struct server *server, int number)
{
    if (server->signals < 2 && sim_raise(number)) {
        server->must_end = server->signals++ > 0 && number != server->last_signal;
        server->last_signal = number;
        SIM_SAY("%s comes", number == SIGTERM ? "SIGTERM" : "SIGINT");
    }
}

/* An even argument raises nothing, so that most scripts go on. */
static void move_signal(struct traffic *traffic, struct client *client, uint8_t argument)
{
    (void)client;
    if (argument & 1)
        raise_signal(&traffic->server, argument & 2 ? SIGINT : SIGTERM);
}

/* Several clients come at once. */
static void move_crowd(struct traffic *traffic, struct client *client, uint8_t argument)
{
    for (int count = 2 + argument % 8; count > 0; count--) {
        move_connect(traffic, client, (uint8_t)(argument + count));
        client_send(client, argument + 1u);
        if (++client == traffic->peers + CLIENTS)
            client = traffic->peers;
    }
}

static void move_pause(struct traffic *traffic, struct client *client, uint8_t argument)
{
    (void)traffic, (void)client, (void)argument;
}

static const struct move {
    unsigned numbers;
    make_move *make;
} moves[] = {
#define ROW(name, numbers) {numbers, move_##name},
    MOVE_LIST(ROW)};

#define NUMBERS(name, numbers) +numbers
_Static_assert(MOVE_LIST(NUMBERS) == 16, "each number of four bits means one move");

static const struct move *move_of(unsigned number)
{
    const struct move *move = moves;

    while (number >= move->numbers)
        number -= move++->numbers;
    return move;
}

/* Returns false if the script is at its end. */
static bool next_move(struct traffic *traffic)
{
    const uint8_t *bytes = traffic->moves;

    if (traffic->moves_end - bytes < 2)
        return false;
    traffic->quiet = 0;
    traffic->moves += 2;
    move_of(bytes[0] & 15)->make(traffic, &traffic->peers[bytes[0] >> 4], bytes[1]);
    return true;
}

/* ---- the epilogue */

/* A client that behaves does what it can. Returns whether it could do anything. */
static bool behave(struct client *client, size_t total)
{
    bool moved = false;

    while (client->sent < total && client_send(client, total - client->sent))
        moved = true;
    while (client_receive(client, MOST_BYTES))
        moved = true;
    if (client_is_connected(client) && client->sent >= total && !client->shut) {
        client_shut(client);
        moved = true;
    }
    return moved;
}

/* Some clients behave. Returns whether all of them are served. If one still waits, and none could
 * do anything while the server was idle, that one will never be served. */
static bool all_served(struct client *first, int count, size_t total)
{
    const struct client *waiting = NULL;
    bool moved = false;

    for (struct client *client = first; client < first + count; client++) {
        if (!client_is_connected(client))
            continue;
        moved |= behave(client, total);
        if (client_is_connected(client))
            waiting = client;
    }
    if (waiting != NULL && !moved)
        judge_unserved(waiting);
    return waiting == NULL;
}

/* One for each domain that serves. */
static void call_witnesses(struct traffic *traffic)
{
    for (int i = 0; i < traffic->server.domains && traffic->server.signals == 0; i++)
        move_connect(traffic, &traffic->peers[CLIENTS + i], (uint8_t)i);
}

/* The witnesses come and are served while all others are as the script left them. Then the others
 * are served, and the signal comes, in either order; then the server must end. */
static bool epilogue(struct traffic *traffic)
{
    switch (traffic->phase) {
    case SCRIPT:
        sim_fail_accept(0);
        call_witnesses(traffic);
        traffic->phase = WITNESSES_SERVED;
        return true;
    case WITNESSES_SERVED:
        if (all_served(traffic->peers + CLIENTS, DOMAINS, WITNESSED))
            traffic->phase = traffic->stops_first ? SIGNAL : CLIENTS_SERVED;
        return true;
    case SIGNAL:
        if (traffic->server.signals == 0 && !traffic->stops_first)
            guests_judge(&traffic->guests);
        if (traffic->server.signals == 0)
            raise_signal(&traffic->server, SIGTERM);
        traffic->phase = traffic->stops_first ? CLIENTS_SERVED : OVER;
        return true;
    case CLIENTS_SERVED:
        if (all_served(traffic->peers, CLIENTS, 0))
            traffic->phase = traffic->stops_first ? OVER : SIGNAL;
        return true;
    default:
        return false;
    }
}

/* ---- the world's turn */

static bool turn(void *state, bool idle)
{
    struct traffic *traffic = state;
    unsigned choice;

    if (idle) {
        judge_idle(&traffic->server);
        traffic->quiet = 0;
        return next_move(traffic) || epilogue(traffic);
    }
    grow_impatient(traffic);
    if (traffic->quiet % PATIENCE == 0 && next_move(traffic))
        return true;
    if (traffic->server.port == 0 || !choices_due(&traffic->choices, &choice))
        return false;
    while (next_move(traffic) && choice-- > 0)
        ;
    return true;
}

static void stuck(void *state)
{
    const struct traffic *traffic = state;

    judge_stuck(&traffic->server);
}

/* ---- beginning and end */

void traffic_begin(struct traffic *traffic, const uint8_t *bytes, size_t size)
{
    struct input input = input_split(bytes, size);
    struct server *server = &traffic->server;

    *traffic = (struct traffic){.moves = input.bytes,
                                .moves_end = input.bytes + input.size,
                                .choices = input.choices,
                                .stops_first = input.head & HEAD_STOPS_FIRST};
    server->domains = 1 + input.head % DOMAINS;
    server->limit = input.head & HEAD_FEW_DESCRIPTORS ? FEW : SIM_DESCRIPTORS;
    traffic->steered = server->domains > 1 || !(input.head & HEAD_UNSTEERED);
    guests_begin(&traffic->guests, server, !traffic->steered);
    for (int i = 0; i < PEERS; i++)
        client_begin(&traffic->peers[i], server, name_of(i));
    sim_begin(&(struct sim_world){turn, stuck, traffic});
    sim_limit(server->limit);
    SIM_SAY("%d server%s, %s, %d descriptors, %zu moves, %zu choices", server->domains,
            server->domains > 1 ? "s" : "", traffic->steered ? "steered" : "not steered",
            server->limit, input.size / 2, (size_t)(input.choices.end - input.choices.next));
}

void traffic_open(struct traffic *traffic, int port)
{
    SIM_SAY("        server listens");
    traffic->server.port = port;
    guests_welcome(&traffic->guests);
}

void traffic_end(struct traffic *traffic, int outcome)
{
    SIM_SAY("        server ends: %d", outcome);
    for (int i = 0; i < PEERS; i++)
        while (client_receive(&traffic->peers[i], MOST_BYTES))
            ;
    judge_outcome(&traffic->server, outcome);
    for (int i = 0; i < PEERS; i++)
        judge_left_behind(&traffic->peers[i]);
}
