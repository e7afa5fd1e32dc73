/* Rules R6.34, R6.35, R6.42 and R6.43: reading exactly, and ends of streams. */
#include "descriptor_waits.h"
#include "sockets.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- R6.34: reading exactly ---- */

enum { STREAM = 3 << 20 };

struct exactly {
    struct pair pair;
    unsigned char sent[STREAM], received[STREAM];
    ssize_t result, rest;
    bool done, waited;
};

static int read_all(void *arg)
{
    struct exactly *t = arg;

    NOTE(t->result, miou_read_exactly(t->pair.fd, t->received, STREAM));
    t->done = true;
    return 0;
}

static void *send_rest(void *arg)
{
    struct exactly *t = arg;

    peer_send(t->pair.peer, t->sent + 10, STREAM - 10);
    peer_send(t->pair.peer, "ab", 2);
    return NULL;
}

/* The first bytes arrive alone; more bytes follow the last one. */
static int read_piece_by_piece(void *arg)
{
    struct exactly *t = arg;
    miou_promise *promise;
    pthread_t thread;
    char rest[2];

    TRY(pair_open(&t->pair, 0));
    TRY(miou_async(&promise, NULL, read_all, t));
    peer_send(t->pair.peer, t->sent, 10);
    await_bytes(t->pair.number, 10);
    let_others_run();
    t->waited = !t->done;
    start_thread(&thread, send_rest, t);
    TRY(miou_await(promise, NULL));
    pthread_join(thread, NULL);
    NOTE(t->rest, miou_read_exactly(t->pair.fd, rest, 2));
    return memcmp(rest, "ab", 2) == 0 ? 0 : -EIO;
}

CHECK("R6.34", reading_exactly_waits_for_all_and_others_run)
{
    struct exactly *t = calloc(1, sizeof *t);

    pattern_fill(t->sent, STREAM, 0);
    expect_code(unix_run_with(0, read_piece_by_piece, t), 0);
    expect_true(t->waited);
    expect_noted(t->result, STREAM);
    expect_number(pattern_match(t->received, STREAM, 0), STREAM);
    expect_noted(t->rest, 2);
    free(t);
}

struct nothing {
    ssize_t read[2], after;
};

static int read_exactly_nothing(void *arg)
{
    struct nothing *t = arg;
    struct pair pair;
    char byte;

    TRY(pair_open(&pair, 0));
    NOTE(t->read[0], miou_read_exactly(pair.fd, NULL, 0));
    peer_send(pair.peer, "x", 1);
    await_bytes(pair.number, 1);
    NOTE(t->read[1], miou_read_exactly(pair.fd, &byte, 0));
    NOTE(t->after, miou_read_exactly(pair.fd, &byte, 1));
    return byte == 'x' ? 0 : -EIO;
}

CHECK("R6.34", reading_exactly_nothing_takes_nothing)
{
    struct nothing t = {{-1, -1}, -1};

    expect_code(unix_run_with(0, read_exactly_nothing, &t), 0);
    expect_noted(t.read[0], 0);
    expect_noted(t.read[1], 0);
    expect_noted(t.after, 1);
}

/* ---- R6.35: the end ---- */

struct end {
    int type; /* of the socket; 0: a pipe */
    miou_fd *fd;
    int peer;
    ssize_t exact, short_of, at_end, waiting;
    bool done, waited;
};

static int open_stream(struct end *t)
{
    struct pair pair;
    int ends[2];

    if (t->type != 0) {
        TRY(pair_open(&pair, 0));
        t->peer = pair.peer;
        t->fd = pair.fd;
        return 0;
    }
    if (pipe(ends) < 0)
        return -errno;
    t->peer = peer_keep(ends[1]);
    return miou_fd_adopt(&t->fd, ends[0], 0);
}

static int read_past_the_end(void *arg)
{
    struct end *t = arg;
    char bytes[4];

    TRY(open_stream(t));
    (void)!write(t->peer, "0123456", 7);
    peer_close(t->peer);
    NOTE(t->exact, miou_read_exactly(t->fd, bytes, 4));
    NOTE(t->short_of, miou_read_exactly(t->fd, bytes, 4));
    NOTE(t->at_end, miou_read_exactly(t->fd, bytes, 1));
    return 0;
}

static void check_end(int type)
{
    struct end t = {.type = type};

    expect_code(unix_run_with(0, read_past_the_end, &t), 0);
    expect_noted(t.exact, 4);
    expect_noted(t.short_of, MIOU_END_OF_FILE);
    expect_noted(t.at_end, MIOU_END_OF_FILE);
}
#define check_end(...) IN_HELPER(check_end, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.35", the_end_before_all_was_read_is_an_error)
{
    check_end(SOCK_STREAM);
}

CHECK("R6.35", the_end_of_a_pipe_before_all_was_read_is_an_error)
{
    check_end(0);
}

static int read_four(void *arg)
{
    struct end *t = arg;
    char bytes[4];

    NOTE(t->waiting, miou_read_exactly(t->fd, bytes, 4));
    t->done = true;
    return 0;
}

static int end_what_is_read(void *arg)
{
    struct end *t = arg;
    miou_promise *promise;

    TRY(open_stream(t));
    (void)!write(t->peer, "01", 2);
    TRY(miou_async(&promise, NULL, read_four, t));
    let_others_run();
    t->waited = !t->done;
    peer_close(t->peer);
    return miou_await(promise, NULL);
}

static void check_end_while_waiting(int type)
{
    struct end t = {.type = type};

    expect_code(unix_run_with(0, end_what_is_read, &t), 0);
    expect_true(t.waited);
    expect_noted(t.waiting, MIOU_END_OF_FILE);
}
#define check_end_while_waiting(...) IN_HELPER(check_end_while_waiting, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.35", a_reader_that_waits_learns_of_the_end)
{
    check_end_while_waiting(SOCK_STREAM);
}

CHECK("R6.35", a_reader_that_waits_learns_of_the_end_of_a_pipe)
{
    check_end_while_waiting(0);
}

/* ---- R6.42: writing without a reader ---- */

static atomic_int signals_seen;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals_seen, 1);
}

#define expect_no_reader(result) expect_one_of(result, -EPIPE, -ECONNRESET, -ECONNREFUSED)

/* What is written to: a pipe, or a socket of the Unix domain of some type. */
struct unread {
    int type; /* 0: a pipe */
    miou_task *task;
    struct waiter waiter;
    miou_promise *promise;
    bool waited;
};

static int open_unread(struct unread *t)
{
    struct pair pair;
    int ends[2];

    if (t->type != 0) {
        TRY(pair_adopt(&pair, t->type, 0));
        pair_narrow(&pair);
        t->waiter.peer = pair.peer;
        t->waiter.fd = pair.fd;
        return 0;
    }
    if (pipe(ends) < 0)
        return -errno;
    t->waiter.peer = peer_keep(ends[0]);
    return miou_fd_adopt(&t->waiter.fd, ends[1], 0);
}

static int send_once(void *arg)
{
    struct waiter *waiter = arg;

    NOTE(waiter->result, miou_sendto(waiter->fd, "x", 1, NULL, 0));
    waiter->done = true;
    return 0;
}

static int send_for_ever(void *arg)
{
    struct waiter *waiter = arg;

    while ((waiter->result = miou_sendto(waiter->fd, "x", 1, NULL, 0)) == 1)
        ;
    waiter->done = true;
    return 0;
}

static int write_unread(void *arg)
{
    struct unread *t = arg;

    TRY(open_unread(t));
    peer_close(t->waiter.peer);
    return t->task(&t->waiter);
}

/* After the run: a runtime may block the signal in its threads meanwhile. */
static void assert_signal(bool blocked, bool pending)
{
    sigset_t set;

    pthread_sigmask(SIG_BLOCK, NULL, &set);
    expect_number(sigismember(&set, SIGPIPE), blocked);
    sigpending(&set);
    expect_number(sigismember(&set, SIGPIPE), pending);
}
#define assert_signal(...) IN_HELPER(assert_signal, (__VA_ARGS__), #__VA_ARGS__)

static int lose_the_reader(void *arg)
{
    struct unread *t = arg;

    TRY(open_unread(t));
    TRY(miou_async(&t->promise, NULL, t->task, &t->waiter));
    let_others_run();
    t->waited = !t->waiter.done;
    peer_close(t->waiter.peer);
    return miou_await(t->promise, NULL);
}

static void check_unread(int type, miou_task *once, miou_task *waiting)
{
    struct unread t = {.type = type, .task = once};

    signal(SIGPIPE, count_signal);
    expect_code(unix_run_with(0, write_unread, &t), 0);
    expect_no_reader(t.waiter.result);
    assert_signal(false, false);
    t = (struct unread){.type = type, .task = waiting};
    expect_code(unix_run_with(0, lose_the_reader, &t), 0);
    expect_true(t.waited);
    expect_no_reader(t.waiter.result);
    expect_number(signals_seen, 0);
    signal(SIGPIPE, SIG_DFL);
    t = (struct unread){.type = type, .task = once};
    expect_code(unix_run_with(0, write_unread, &t), 0);
}
#define check_unread(...) IN_HELPER(check_unread, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.42", writing_to_a_pipe_without_a_reader_is_an_error)
{
    check_unread(0, write_lots, write_lots);
}

CHECK("R6.42", writing_to_a_unix_socket_without_a_reader_is_an_error)
{
    check_unread(SOCK_STREAM, write_lots, write_lots);
}

CHECK("R6.42", sending_to_a_unix_socket_without_a_receiver_is_an_error)
{
    check_unread(SOCK_DGRAM, send_once, send_for_ever);
}

CHECK("R6.42", a_signal_that_was_blocked_and_waiting_still_is)
{
    struct unread t = {.type = 0, .task = write_lots};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    expect_code(unix_run_with(0, write_unread, &t), 0);
    expect_no_reader(t.waiter.result);
    assert_signal(true, false);
    raise(SIGPIPE);
    t.waiter.done = false;
    expect_code(unix_run_with(0, write_unread, &t), 0);
    assert_signal(true, true);
    sigwaitinfo(&set, NULL);
}

/* ---- R6.43: resets ---- */

struct reset {
    miou_task *task;
    struct pair pair;
    struct waiter waiter;
    bool waited;
};

static int read_two(void *arg)
{
    struct waiter *waiter = arg;
    char bytes[2];

    NOTE(waiter->result, miou_read_exactly(waiter->fd, bytes, 2));
    waiter->done = true;
    return 0;
}

static int open_reset(struct reset *t)
{
    TRY(pair_open(&t->pair, 0));
    pair_narrow(&t->pair);
    t->waiter.fd = t->pair.fd;
    return 0;
}

static int use_after_a_reset(void *arg)
{
    struct reset *t = arg;

    TRY(open_reset(t));
    peer_reset(t->pair.peer);
    await_events(t->pair.number, POLLIN);
    return t->task(&t->waiter);
}

static int reset_one_that_waits(void *arg)
{
    struct reset *t = arg;
    miou_promise *promise;

    TRY(open_reset(t));
    peer_send(t->pair.peer, "x", 1);
    await_bytes(t->pair.number, 1);
    TRY(miou_async(&promise, NULL, t->task, &t->waiter));
    let_others_run();
    t->waited = !t->waiter.done;
    peer_reset(t->pair.peer);
    return miou_await(promise, NULL);
}

static void check_reset(miou_task *task, ssize_t also)
{
    struct reset t = {.task = task};

    expect_code(unix_run_with(0, use_after_a_reset, &t), 0);
    expect_one_of(t.waiter.result, also, -ECONNRESET);
    t = (struct reset){.task = task};
    expect_code(unix_run_with(0, reset_one_that_waits, &t), 0);
    expect_true(t.waited);
    expect_one_of(t.waiter.result, also, -ECONNRESET);
}
#define check_reset(...) IN_HELPER(check_reset, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.43", a_reset_ends_reading_exactly)
{
    check_reset(read_two, -ECONNRESET);
}

CHECK("R6.43", a_reset_ends_writing)
{
    check_reset(write_lots, -EPIPE);
}

/* ---- waits beside all else ---- */

CHECK("R6.34", nothing_but_the_last_byte_ends_reading_exactly)
{
    assert_wait_undisturbed(READ_EXACTLY);
}
