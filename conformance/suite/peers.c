/* peers: threads with a connection each. They wait for the system, for a port or a flag in the
 * driver's lines, and for the end, after which everything that can still happen has happened: the
 * runtime's descriptors are closed. */
#include "peers.h"

#include "machine/activity.h"
#include "machine/clock.h"
#include "scenario/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { GRACE = 2000 /* milliseconds for the system, once the driver says no more */ };

/* No rule says how soon a runtime is idle, so it is looked at several times, each time for as long
 * as some work takes us, in seconds of processor time: a busy machine slows down both. */
enum { LOOKS = 10 };
static const double work = 0.1, at_rest = 0.01;

/* A peer, as a thread. */
struct player {
    struct peers *peers;
    int number; /* of its name */
    pthread_t thread;
    bool plays;
    int listener; /* -1: none */
    in_port_t port;
    int connection; /* -1: none */
    int filler;     /* what takes the room for another connection; -1: nothing */
    uint64_t sent, received;
    /* What is wrong; expected is NULL while nothing is. */
    int line;
    char *expected, *observed;
    enum peer_step_kind failed;
    bool waited; /* for what did not happen before the end */
    int at;      /* its next step; -1: it has done all */
};

struct peers {
    const struct program *program;
    unsigned id;
    struct player players[PROGRAM_TASKS_MAX];
    int over; /* an event for all: the driver says no more */
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool ended;
    pid_t process;                      /* of the driver */
    bool begun;                         /* it has answered to this scenario */
    char *stood;                        /* where they stood when it hung; NULL: it did not */
    int posts[PROGRAM_TASKS_MAX];       /* by flag */
    in_port_t ports[PROGRAM_TASKS_MAX]; /* by descriptor; 0: nobody listens yet */
};

/* ---- What is wrong ---- */

static bool fail(struct player *player, const struct peer_step *step, char *expected,
                 char *observed)
{
    player->line = step->line;
    player->failed = step->kind;
    player->expected = expected;
    player->observed = observed;
    return false;
}

static const char *name_of(const struct player *player)
{
    return program_name(player->peers->program, NAME_PEER, player->number);
}

/* The step has failed since the system says so, or, if error is 0, since nothing happens. */
static bool fail_at(struct player *player, const struct peer_step *step, const char *what,
                    int error)
{
    player->waited = error == 0;
    return fail(player, step,
                text_of("peer %s can %s %s", name_of(player), peer_step_word(step->kind), what),
                error ? text_of("%s", strerror(error))
                      : text_of("nothing happened until the driver had ended"));
}

/* ---- Waiting ---- */

/* Whether a descriptor becomes ready before the end, or shortly after. */
static bool wait_ready(const struct player *player, int descriptor, short events)
{
    struct pollfd polls[2] = {{.fd = descriptor, .events = events},
                              {.fd = player->peers->over, .events = POLLIN}};

    while (polls[0].revents == 0 && polls[1].revents == 0)
        if (poll(polls, 2, -1) < 0 && errno != EINTR)
            return false;
    return polls[0].revents != 0 || poll(polls, 1, GRACE) > 0;
}

static bool wait_for_posts(struct player *player, const struct peer_step *step)
{
    struct peers *peers = player->peers;
    int posts;

    pthread_mutex_lock(&peers->lock);
    while (peers->posts[step->name] < step->count && !peers->ended)
        pthread_cond_wait(&peers->news, &peers->lock);
    posts = peers->posts[step->name];
    pthread_mutex_unlock(&peers->lock);
    if (posts >= step->count)
        return true;
    player->waited = true;
    return fail(player, step,
                text_of("peer %s waits until %s has been posted %d %s", name_of(player),
                        program_name(peers->program, NAME_FLAG, step->name), step->count,
                        step->count == 1 ? "time" : "times"),
                text_of("it was posted %d %s", posts, posts == 1 ? "time" : "times"));
}

/* The port of a listener of the runtime; 0: it never listened. */
static in_port_t wait_for_port(struct player *player, int descriptor)
{
    struct peers *peers = player->peers;
    in_port_t port;

    pthread_mutex_lock(&peers->lock);
    while (peers->ports[descriptor] == 0 && !peers->ended)
        pthread_cond_wait(&peers->news, &peers->lock);
    port = peers->ports[descriptor];
    pthread_mutex_unlock(&peers->lock);
    return port;
}

/* Whether the driver has begun with the scenario, which is waited for, and has not ended. */
static bool is_at_it(struct peers *peers)
{
    bool ended;

    pthread_mutex_lock(&peers->lock);
    while (!peers->begun && !peers->ended)
        pthread_cond_wait(&peers->news, &peers->lock);
    ended = peers->ended;
    pthread_mutex_unlock(&peers->lock);
    return !ended;
}

/* The processor time that a process uses beside our work; none if it rests. */
static double used_beside_us(pid_t process)
{
    double before, start;

    if (activity_rests(process, work))
        return 0;
    before = activity_of(process).used;
    start = clock_used();
    while (clock_used() - start < work)
        ;
    return activity_of(process).used - before;
}

static bool wait_idle(struct player *player, const struct peer_step *step)
{
    struct peers *peers = player->peers;
    double used = 0;

    for (int i = 0; i < LOOKS && is_at_it(peers); i++) {
        used = used_beside_us(peers->process);
        if (used <= at_rest)
            return true;
    }
    return fail(
        player, step, text_of("while no task can go on, no processor time is used"),
        text_of("%.0f milliseconds beside %.0f milliseconds of work", used * 1e3, work * 1e3));
}

/* ---- Steps ---- */

static void drop_connection(struct player *player)
{
    if (player->connection >= 0)
        close(player->connection);
    player->connection = -1;
}

static void take_connection(struct player *player, int connection)
{
    int on = 1;

    drop_connection(player);
    player->connection = connection;
    player->sent = player->received = 0;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(connection, F_SETFL, O_NONBLOCK);
}

static bool accept_one(struct player *player, const struct peer_step *step)
{
    int connection;

    if (!wait_ready(player, player->listener, POLLIN))
        return fail_at(player, step, "a connection", 0);
    connection = accept4(player->listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0)
        return fail_at(player, step, "a connection", errno);
    take_connection(player, connection);
    return true;
}

static bool connect_one(struct player *player, const struct peer_step *step)
{
    const char *listener = program_name(player->peers->program, NAME_DESCRIPTOR, step->name);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int connection;

    address.sin_port = wait_for_port(player, step->name);
    if (address.sin_port == 0)
        return fail_at(player, step, listener, 0);
    connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection >= 0)
        take_connection(player, connection);
    if (connection < 0 || (connect(connection, (struct sockaddr *)&address, sizeof address) < 0 &&
                           errno != EINPROGRESS))
        return fail_at(player, step, listener, errno);
    return wait_ready(player, connection, POLLOUT) || fail_at(player, step, listener, 0);
}

static bool send_bytes(struct player *player, const struct peer_step *step)
{
    unsigned char *piece = resized(NULL, (size_t)step->piece);
    int done = 0, error = 0;

    while (done < step->count && !error) {
        int size = step->count - done < step->piece ? step->count - done : step->piece;
        ssize_t n;

        program_bytes(piece, (size_t)size, player->sent);
        if (!wait_ready(player, player->connection, POLLOUT))
            break;
        n = send(player->connection, piece, (size_t)size, MSG_NOSIGNAL);
        if (n > 0) {
            done += (int)n;
            player->sent += (uint64_t)n;
        } else if (errno != EAGAIN && errno != EINTR) {
            error = errno;
        }
    }
    free(piece);
    return done == step->count || fail_at(player, step, "all bytes", error);
}

/* Read the next bytes. Returns how many; 0 at the end; below 0 an error of the system, without
 * which nothing comes if it is -EAGAIN. */
static ssize_t read_some(struct player *player, unsigned char *bytes, size_t size)
{
    ssize_t n;

    do {
        if (!wait_ready(player, player->connection, POLLIN))
            return -EAGAIN;
        n = recv(player->connection, bytes, size, 0);
    } while (n < 0 && (errno == EAGAIN || errno == EINTR));
    return n < 0 ? -errno : n;
}

/* How a connection was seen that did not do what it should. */
static char *seen(ssize_t n, uint64_t before)
{
    if (n == -EAGAIN)
        return text_of("nothing more after %llu bytes", (unsigned long long)before);
    if (n == 0)
        return text_of("the stream has ended after %llu bytes", (unsigned long long)before);
    if (n > 0)
        return text_of("more bytes behind the first %llu", (unsigned long long)before);
    return text_of("%s, after %llu bytes", strerror((int)-n), (unsigned long long)before);
}

static bool receive_bytes(struct player *player, const struct peer_step *step)
{
    unsigned char bytes[4096];
    int done = 0;

    while (done < step->count) {
        size_t rest = (size_t)(step->count - done), same;
        ssize_t n = read_some(player, bytes, rest < sizeof bytes ? rest : sizeof bytes);

        if (n <= 0) {
            player->waited = n == -EAGAIN;
            return fail(player, step,
                        text_of("peer %s receives %d bytes", name_of(player), step->count),
                        seen(n, (uint64_t)done));
        }
        same = program_match(bytes, (size_t)n, player->received);
        player->received += same;
        if (same < (size_t)n)
            return fail(player, step,
                        text_of("peer %s receives what was sent to it, each byte once and in "
                                "order",
                                name_of(player)),
                        text_of("another byte at place %llu of the stream",
                                (unsigned long long)player->received));
        done += (int)n;
    }
    return true;
}

static bool expect_end(struct player *player, const struct peer_step *step)
{
    unsigned char byte;
    ssize_t n = read_some(player, &byte, 1);

    if (n == 0)
        return true;
    player->waited = n == -EAGAIN;
    return fail(player, step, text_of("the stream to peer %s ends", name_of(player)),
                seen(n, player->received));
}

static bool expect_gone(struct player *player, const struct peer_step *step)
{
    unsigned char bytes[4096];
    ssize_t n;

    while ((n = read_some(player, bytes, sizeof bytes)) > 0)
        ;
    drop_connection(player);
    if (n != -EAGAIN)
        return true;
    player->waited = true;
    return fail(player, step, text_of("the connection of peer %s ends", name_of(player)),
                text_of("it did not until the driver had ended"));
}

static bool reset(struct player *player)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(player->connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    drop_connection(player);
    return true;
}

/* Returns whether the next step can be done. */
static bool play_step(struct player *player, const struct peer_step *step)
{
    switch (step->kind) {
    case PEER_LISTEN: /* since before the driver was asked */
        return player->listener >= 0 || fail_at(player, step, "at all", errno);
    case PEER_ACCEPT:
        return accept_one(player, step);
    case PEER_CONNECT:
        return connect_one(player, step);
    case PEER_SEND:
        return send_bytes(player, step);
    case PEER_RECEIVE:
        return receive_bytes(player, step);
    case PEER_END:
        return expect_end(player, step);
    case PEER_GONE:
        return expect_gone(player, step);
    case PEER_SHUTDOWN:
        shutdown(player->connection, SHUT_WR);
        return true;
    case PEER_CLOSE:
        drop_connection(player);
        return true;
    case PEER_RESET:
        return reset(player);
    case PEER_IDLE:
        return wait_idle(player, step);
    default:
        return wait_for_posts(player, step);
    }
}

static void stand_at(struct player *player, int step)
{
    pthread_mutex_lock(&player->peers->lock);
    player->at = step;
    pthread_mutex_unlock(&player->peers->lock);
}

static void *play(void *arg)
{
    struct player *player = arg;
    const struct program *program = player->peers->program;

    for (int i = 0; i < program->peer_step_count; i++) {
        if (program->peer_steps[i].peer != player->number)
            continue;
        stand_at(player, i);
        if (!play_step(player, &program->peer_steps[i]))
            break;
    }
    if (player->expected != NULL)
        drop_connection(player); /* the runtime shall not wait for us */
    else
        stand_at(player, -1);
    return NULL;
}

/* ---- Starting ---- */

/* A peer's first step; -1: it has none. */
static int first_step(const struct program *program, int peer)
{
    for (int i = 0; i < program->peer_step_count; i++)
        if (program->peer_steps[i].peer == peer)
            return i;
    return -1;
}

/* Take the only place of a queue. */
static bool fill(struct player *player, const struct sockaddr_in *address)
{
    struct pollfd poll_it = {.fd = player->listener, .events = POLLIN};

    player->filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return player->filler >= 0 &&
           connect(player->filler, (const struct sockaddr *)address, sizeof *address) == 0 &&
           poll(&poll_it, 1, GRACE) > 0;
}

static void start_listening(struct player *player, bool full)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;

    player->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (player->listener < 0)
        return;
    if (bind(player->listener, (struct sockaddr *)&address, length) == 0 &&
        listen(player->listener, full ? 0 : SOMAXCONN) == 0 &&
        getsockname(player->listener, (struct sockaddr *)&address, &length) == 0 &&
        (!full || fill(player, &address))) {
        player->port = address.sin_port;
        return;
    }
    close(player->listener);
    player->listener = -1;
}

struct peers *peers_start(const struct program *program, unsigned id)
{
    struct peers *peers;

    if (program->peer_step_count == 0)
        return NULL;
    peers = zeroed(1, sizeof *peers);
    peers->program = program;
    peers->id = id;
    peers->over = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&peers->lock, NULL);
    pthread_cond_init(&peers->news, NULL);
    for (int i = 0; i < PROGRAM_TASKS_MAX; i++) {
        struct player *player = &peers->players[i];
        int first = first_step(program, i);

        *player = (struct player){.peers = peers,
                                  .number = i,
                                  .listener = -1,
                                  .connection = -1,
                                  .filler = -1,
                                  .at = first};
        if (first >= 0 && program->peer_steps[first].kind == PEER_LISTEN)
            start_listening(player, program->peer_steps[first].full);
        player->plays =
            program->peers[i].line > 0 && pthread_create(&player->thread, NULL, play, player) == 0;
    }
    return peers;
}

char *peers_lines(const struct peers *peers)
{
    char *lines = copy_of("");

    for (int i = 0; peers != NULL && i < PROGRAM_TASKS_MAX; i++)
        if (peers->players[i].port != 0) {
            char *more = text_of("%speer %s %d\n", lines, name_of(&peers->players[i]),
                                 ntohs(peers->players[i].port));

            free(lines);
            lines = more;
        }
    return lines;
}

/* ---- Hearing ---- */

/* The operation on a line of the program; NULL: there is none. */
static const struct operation *operation_on(const struct program *program, int line)
{
    if (line < 1 || line > PROGRAM_LINES_MAX || program->at_line[line] < 0)
        return NULL;
    return &program->operations[program->at_line[line]];
}

/* Take a line; what it says of a post or a port becomes known. The judge tells whether it is one.
 */
static void hear_line(struct peers *peers, const char *text)
{
    const struct operation *operation;
    unsigned id;
    int line, port;

    if (sscanf(text, "scenario %u", &id) == 1)
        peers->begun = id == peers->id;
    if (!peers->begun)
        return;
    if (sscanf(text, "did %*s %d ok", &line) == 1 &&
        (operation = operation_on(peers->program, line)) != NULL && operation->kind == OP_POST)
        peers->posts[operation->name] += operation->repeat;
    if (sscanf(text, "port %*s %d %d", &line, &port) == 2 &&
        (operation = operation_on(peers->program, line)) != NULL && operation->kind == OP_LISTEN)
        peers->ports[operation->name] = htons((in_port_t)port);
}

void peers_begin(void *of, pid_t process)
{
    struct peers *peers = of;

    pthread_mutex_lock(&peers->lock);
    peers->process = process;
    pthread_mutex_unlock(&peers->lock);
}

void peers_hear(void *of, const char *line, size_t size)
{
    struct peers *peers = of;
    char text[2 * PROGRAM_LINE_MAX];

    snprintf(text, sizeof text, "%.*s", (int)(size < sizeof text ? size : sizeof text), line);
    pthread_mutex_lock(&peers->lock);
    hear_line(peers, text);
    pthread_cond_broadcast(&peers->news);
    pthread_mutex_unlock(&peers->lock);
}

/* ---- The end ---- */

void peers_hang(void *of)
{
    struct peers *peers = of;
    size_t size;
    FILE *stream;

    if (peers->stood)
        return;
    stream = must(open_memstream(&peers->stood, &size));
    pthread_mutex_lock(&peers->lock);
    for (int i = 0; i < PROGRAM_TASKS_MAX; i++) {
        const struct player *player = &peers->players[i];
        const struct peer_step *step = &peers->program->peer_steps[player->at < 0 ? 0 : player->at];

        if (player->at >= 0)
            fprintf(stream, "%speer %s waits at line %d, %s", ftell(stream) > 0 ? "; " : "",
                    name_of(player), step->line, peer_step_word(step->kind));
    }
    pthread_mutex_unlock(&peers->lock);
    fclose(stream);
    must(peers->stood);
}

void peers_end(struct peers *peers)
{
    uint64_t one = 1;

    if (peers == NULL)
        return;
    pthread_mutex_lock(&peers->lock);
    peers->ended = true;
    pthread_cond_broadcast(&peers->news);
    pthread_mutex_unlock(&peers->lock);
    if (write(peers->over, &one, sizeof one) < 0)
        abort();
    for (int i = 0; i < PROGRAM_TASKS_MAX; i++)
        if (peers->players[i].plays)
            pthread_join(peers->players[i].thread, NULL);
}

void peers_tell(const struct peers *peers, struct verdict *verdict)
{
    for (int i = 0; peers != NULL && i < PROGRAM_TASKS_MAX; i++) {
        const struct player *player = &peers->players[i];

        if (player->expected != NULL)
            verdict_add(verdict, (struct finding){
                                     NULL, player->line, copy_of(player->expected),
                                     copy_of(player->observed),
                                     text_of("a peer cannot %s", peer_step_word(player->failed))});
    }
}

const char *peers_wait(const struct peers *peers)
{
    if (peers != NULL && peers->stood != NULL)
        return *peers->stood ? peers->stood : NULL;
    for (int i = 0; peers != NULL && i < PROGRAM_TASKS_MAX; i++)
        if (peers->players[i].waited)
            return peers->players[i].expected;
    return NULL;
}

void peers_free(struct peers *peers)
{
    if (peers == NULL)
        return;
    for (int i = 0; i < PROGRAM_TASKS_MAX; i++) {
        struct player *player = &peers->players[i];

        drop_connection(player);
        if (player->listener >= 0)
            close(player->listener);
        if (player->filler >= 0)
            close(player->filler);
        free(player->expected);
        free(player->observed);
    }
    free(peers->stood);
    close(peers->over);
    pthread_mutex_destroy(&peers->lock);
    pthread_cond_destroy(&peers->news);
    free(peers);
}
