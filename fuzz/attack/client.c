/* What a client does at each step of its script, and how it judges what comes back. */
#include "client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST = 1 << 16,    /* bytes in one call */
    TURN = 1 << 18,    /* bytes after which other clients have a turn */
    LONGER = 8,        /* times the patience, for what this machine delivers late */
    SEGMENT = 600,     /* bytes, of a narrow client */
    LITTLE = 64 << 10, /* socket buffer of a deaf client, so that its flood ends soon */
    FLOOD_REST = 500   /* milliseconds without progress after which a flood has filled everything:
                          the system may wait for 200 of them before it asks for room again */
};

static unsigned char ours[MOST], theirs[MOST];

static bool fail(struct client *client, enum client_fault fault, int error)
{
    client->state = FAILED;
    client->fault = fault;
    client->error = error;
    return false;
}

bool client_give_up(struct client *client, int error)
{
    return fail(client, OUR_FAULT, error);
}

bool client_waited_in_vain(const struct client *client)
{
    return client->fault == SILENT || client->fault == STUCK ||
           (client->fault == REFUSED && client->error == 0);
}

static void next_step(struct client *client, int step, double now)
{
    enum step_kind kind = step < client->script.count ? client->script.steps[step].kind : CLOSE;

    client->step = step;
    client->since = now;
    client->base = kind == AWAIT ? client->received : client->sent;
    if (kind == HOLD)
        client->state = HOLDING;
    if (step == client->script.count)
        client_close(client);
}

static bool step_done(struct client *client, double now)
{
    next_step(client, client->step + 1, now);
    return true;
}

/* ---- Connecting ---- */

static int open_socket(const struct address *address, const struct script *script)
{
    const int yes = 1, little = LITTLE, segment = SEGMENT;
    int fd = socket(address->any.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* a piece is a segment */
    if (fd >= 0 && script->deaf) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    }
    if (fd >= 0 && script->narrow)
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    return fd;
}

/* If nothing listens at a port, TCP can connect a socket to itself, and such a socket echoes. */
static bool is_itself(int fd)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t size = sizeof here;

    return getsockname(fd, (struct sockaddr *)&here, &size) == 0 &&
           getpeername(fd, (struct sockaddr *)&there, &size) == 0 &&
           memcmp(&here, &there, sizeof here) == 0;
}

static bool connection_failed(struct client *client, int error)
{
    bool lenient = client->script.lenient;

    switch (error) {
    case EADDRNOTAVAIL: /* ports become free again; if not, client_tick gives up */
    case EAGAIN:
        client->error = error;
        close(client->fd);
        client->fd = -1;
        return false;
    case EALREADY:
    case EINPROGRESS:
        return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return fail(client, OUR_FAULT, error);
    default:
        if (!lenient)
            return fail(client, REFUSED, error);
        client_close(client);
        return false;
    }
}

/* Calling connect(2) again tells whether the connection has been made. */
static bool try_to_connect(struct client *client, const struct address *address, double now)
{
    if (client->fd < 0)
        client->fd = open_socket(address, &client->script);
    if (client->fd < 0)
        return connection_failed(client, errno);
    if (connect(client->fd, (const struct sockaddr *)&address->any, address->length) < 0 &&
        errno != EISCONN)
        return connection_failed(client, errno);
    if (is_itself(client->fd))
        return fail(client, REFUSED, ECONNREFUSED);
    client->state = ACTING;
    next_step(client, 0, now);
    return true;
}

/* ---- Receiving ---- */

static bool connection_broke(struct client *client, enum client_fault fault, int error)
{
    if (!client->script.lenient || client->received > 0)
        return fail(client, fault, error);
    client_close(client);
    return false;
}

static bool hear_end(struct client *client)
{
    if (!client->half_closed || client->received < client->sent)
        return connection_broke(client, ENDED, 0);
    client->heard_end = true;
    return true;
}

static bool judge_bytes(struct client *client, size_t count)
{
    size_t i = 0;

    if (count > client->sent - client->received)
        return fail(client, UNASKED, 0);
    stream_fill(client->key, client->received, ours, count);
    if (memcmp(ours, theirs, count) == 0) {
        client->received += count;
        return true;
    }
    while (ours[i] == theirs[i])
        i++;
    client->received += i;
    client->due = ours[i];
    client->foreign = theirs[i];
    return fail(client, FOREIGN, 0);
}

/* How much the client would read now: whatever comes, or, if it is deaf, only what it awaits. */
static size_t wanted(const struct client *client)
{
    const struct step *step = &client->script.steps[client->step];
    bool awaits = client->state == ACTING && (step->kind == AWAIT || step->kind == END);
    size_t most = awaits && step->piece > 0 && step->piece < MOST ? step->piece : MOST;
    uint64_t left = MOST;

    if (client->heard_end || (client->state != ACTING && client->state != HOLDING))
        return 0;
    if (!client->script.deaf || (awaits && step->kind == END))
        return most;
    if (!awaits)
        return 0;
    left = step->count > 0 ? client->base + step->count - client->received
                           : client->sent - client->received;
    return left < most ? left : most;
}

static bool receive(struct client *client, size_t *budget, double now)
{
    size_t most = wanted(client);
    ssize_t n;

    if (most == 0)
        return false;
    n = recv(client->fd, theirs, most, 0);
    if (n < 0)
        return errno != EAGAIN && errno != EINTR && connection_broke(client, BROKEN, errno);
    if (client->script.steps[client->step].kind != PAUSE)
        client->since = now;
    *budget -= (size_t)n < *budget ? (size_t)n : *budget;
    return n == 0 ? hear_end(client) : judge_bytes(client, (size_t)n);
}

/* ---- The steps ---- */

/* The rest of the piece that has been sent in part, or the next piece. */
static size_t piece_left(const struct client *client, const struct step *step)
{
    uint64_t done = client->sent - client->base;
    uint64_t piece = step->piece > 0 && step->piece < step->count ? step->piece : step->count;
    uint64_t left = piece - done % piece;

    if (left > step->count - done)
        left = step->count - done;
    return left < MOST ? left : MOST;
}

static bool send_some(struct client *client, const struct step *step, size_t *budget, double now)
{
    size_t count;
    ssize_t n;

    if (client->sent - client->base == step->count)
        return step_done(client, now);
    count = piece_left(client, step);
    stream_fill(client->key, client->sent, ours, count);
    n = send(client->fd, ours, count, MSG_NOSIGNAL);
    if (n < 0)
        return errno != EAGAIN && errno != EINTR && connection_broke(client, BROKEN, errno);
    client->sent += (size_t)n;
    client->since = now;
    *budget -= (size_t)n < *budget ? (size_t)n : *budget;
    return true;
}

static bool half_close(struct client *client, double now)
{
    if (shutdown(client->fd, SHUT_WR) < 0)
        return connection_broke(client, BROKEN, errno);
    client->half_closed = true;
    return step_done(client, now);
}

static bool again(struct client *client, const struct step *step, double now)
{
    if (client->laps >= step->count)
        return step_done(client, now);
    client->laps++;
    next_step(client, 0, now);
    return true;
}

static void reset(struct client *client)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client_close(client);
}

/* Do one step, or as much of it as can be done now. Returns whether anything was done. */
static bool take_step(struct client *client, size_t *budget, double now)
{
    const struct step *step = &client->script.steps[client->step];

    switch (step->kind) {
    case SEND:
    case FLOOD:
        return send_some(client, step, budget, now);
    case AWAIT:
        return client->received == client->sent ||
                       (step->count > 0 && client->received >= client->base + step->count)
                   ? step_done(client, now)
                   : false;
    case PAUSE: /* client_tick ends it */
    case HOLD:
        return false;
    case AGAIN:
        return again(client, step, now);
    case HALF_CLOSE:
        return half_close(client, now);
    case END:
        return client->heard_end ? step_done(client, now) : false;
    case CLOSE:
        client_close(client);
        return false;
    case RESET:
        reset(client);
        return false;
    }
    return false;
}

/* ---- The client ---- */

void client_begin(struct client *client, double now)
{
    *client = (struct client){.script = client->script,
                              .key = client->key,
                              .id = client->id,
                              .number = client->number,
                              .state = CONNECTING,
                              .fd = -1,
                              .since = now};
}

bool client_act(struct client *client, const struct address *address, double now)
{
    size_t budget = TURN;
    bool progress = true;

    if (client->state == CONNECTING && !try_to_connect(client, address, now))
        return false;
    while (progress && budget > 0) {
        progress = receive(client, &budget, now);
        if (client->state == ACTING)
            progress = take_step(client, &budget, now) || progress;
        if (client->state != ACTING && client->state != HOLDING)
            return false;
    }
    return progress;
}

void client_go_on(struct client *client, double now)
{
    client->state = ACTING;
    step_done(client, now);
}

/* Whether this machine has yet to deliver what the client sent. The queue of a server that accepts
 * slowly may have been full, and the system tries again only after a while, which doubles. */
static bool is_under_way(const struct client *client)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;

    return getsockopt(client->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_retransmits > 0;
}

static bool tick_connecting(struct client *client, bool too_long)
{
    if (client->fd < 0)
        return !too_long || fail(client, OUR_FAULT, client->error);
    return too_long && fail(client, REFUSED, 0);
}

bool client_tick(struct client *client, double now, double patience)
{
    const struct step *step = &client->script.steps[client->step];
    double waited = now - client->since;

    if (waited > patience && waited <= LONGER * patience && is_under_way(client))
        return false;
    if (client->state == CONNECTING)
        return tick_connecting(client, waited > patience);
    if (client->state != ACTING)
        return false;
    if (step->kind == PAUSE)
        return waited * 1000 >= step->count && step_done(client, now);
    if (step->kind == FLOOD)
        return waited * 1000 >= FLOOD_REST && step_done(client, now);
    return waited > patience && fail(client, step->kind == SEND ? STUCK : SILENT, 0);
}

void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    client->state = DONE;
}

/* ---- What the client reports ---- */

/* An error by its name and in words. */
static struct error_text {
    char text[96];
} error_text(int error)
{
    const char *name = strerrorname_np(error);
    struct error_text result;

    snprintf(result.text, sizeof result.text, "%s (%s)", name ? name : "an unknown error",
             strerror(error));
    return result;
}

static void explain_fault(const struct client *client, double patience, char *text, size_t size)
{
    unsigned long long sent = client->sent, received = client->received;

    switch (client->fault) {
    case REFUSED:
        if (client->error != 0)
            snprintf(text, size, "no connection: %s", error_text(client->error).text);
        else
            snprintf(text, size, "no connection within %g s", patience);
        break;
    case SILENT:
        if (received == sent)
            snprintf(text, size, "all %llu bytes came back, but not the end within %g s", sent,
                     patience);
        else
            snprintf(text, size, "%llu of %llu bytes came back, but no more within %g s", received,
                     sent, patience);
        break;
    case STUCK:
        snprintf(text, size, "the server took %llu bytes, but no more within %g s", sent, patience);
        break;
    case FOREIGN:
        snprintf(text, size,
                 "byte %llu of what came back is not the one that was sent: expected \\x%02x, got "
                 "\\x%02x",
                 received, client->due, client->foreign);
        break;
    case UNASKED:
        snprintf(text, size, "more came back than the %llu bytes that were sent", sent);
        break;
    case ENDED:
        snprintf(text, size, "the server closed after %llu of %llu bytes%s", received, sent,
                 client->half_closed ? "" : ", though the client had not");
        break;
    case BROKEN:
        snprintf(text, size, "the server broke the connection after %llu of %llu bytes: %s",
                 received, sent, error_text(client->error).text);
        break;
    default:
        snprintf(text, size, "this machine cannot make more connections: %s",
                 error_text(client->error).text);
    }
}

void client_explain(const struct client *client, double patience, char *text, size_t size)
{
    char fault[160], script[400];

    explain_fault(client, patience, fault, sizeof fault);
    script_text(&client->script, script, sizeof script);
    snprintf(text, size, "%s %d: %s\n      at step %d of its script: %s", client->id,
             client->number, fault, client->step + 1, script);
}
