/* Rules R6.4 to R6.7, R6.9, R6.19 and R6.25: reading and writing connections, and waiting. */
#include "descriptor_waits.h"
#include "sockets.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- R6.4: reading ---- */

struct reading {
    struct pair pair;
    struct waiter waiter;
    bool waited;
};

static int read_later(void *arg)
{
    struct reading *t = arg;
    miou_promise *promise;

    TRY(pair_open(&t->pair, 0));
    t->waiter.fd = t->pair.fd;
    TRY(miou_async(&promise, NULL, read_once, &t->waiter));
    let_others_run();
    t->waited = !t->waiter.done;
    peer_send(t->pair.peer, "x", 1);
    return miou_await(promise, NULL);
}

CHECK("R6.4", reading_waits_and_others_run)
{
    struct reading t = {0};

    expect_code(unix_run_with(0, read_later, &t), 0);
    expect_true(t.waited);
    expect_noted(t.waiter.result, 1);
    expect_number(t.waiter.byte, 'x');
}

struct pieces {
    ssize_t first, second;
    char buffer[16];
};

static int read_in_pieces(void *arg)
{
    struct pieces *t = arg;
    struct pair pair;

    TRY(pair_open(&pair, 0));
    peer_send(pair.peer, "0123456789", 10);
    await_bytes(pair.number, 10);
    memset(t->buffer, '-', sizeof t->buffer);
    NOTE(t->first, miou_read(pair.fd, t->buffer, 4));
    NOTE(t->second, miou_read(pair.fd, t->buffer + 5, 11));
    return 0;
}

CHECK("R6.4", reading_takes_what_has_come_up_to_the_size)
{
    struct pieces t;

    expect_code(unix_run_with(0, read_in_pieces, &t), 0);
    expect_noted(t.first, 4);
    expect_noted(t.second, 6);
    expect_bytes(t.buffer, "0123-456789-----", 16);
}

struct end {
    size_t before;
    ssize_t at_end, again, written;
    char answer;
};

static int read_to_the_end(void *arg)
{
    struct end *t = arg;
    char buffer[4];
    struct pair pair;

    TRY(pair_open(&pair, 0));
    peer_send(pair.peer, "0123456789", 10);
    shutdown(pair.peer, SHUT_WR);
    while ((t->at_end = miou_read(pair.fd, buffer, sizeof buffer)) > 0)
        t->before += (size_t)t->at_end;
    NOTE(t->again, miou_read(pair.fd, buffer, sizeof buffer));
    NOTE(t->written, miou_write(pair.fd, "y", 1));
    peer_receive(pair.peer, &t->answer, 1);
    return 0;
}

CHECK("R6.4", reading_ends_with_0_after_the_last_byte)
{
    struct end t = {0};

    expect_code(unix_run_with(0, read_to_the_end, &t), 0);
    expect_number(t.before, 10);
    expect_code(t.at_end, 0);
    expect_noted(t.again, 0);
    expect_noted(t.written, 1);
    expect_number(t.answer, 'y');
}

/* A task waits for more than comes; what comes then is read by others, or by itself. */
enum { ROUNDS = 3 };

struct short_reads {
    int (*open)(struct pair *pair);
    struct pair pair;
    atomic_bool waits;
    ssize_t first, at_end;
    ssize_t later[ROUNDS];
    char buffer[8];
};

static int open_tcp(struct pair *pair)
{
    return pair_open(pair, 0);
}

static int open_local(struct pair *pair)
{
    return pair_adopt(pair, SOCK_STREAM, 0);
}

static int read_twice(void *arg)
{
    struct short_reads *t = arg;

    atomic_store(&t->waits, true);
    NOTE(t->first, miou_read(t->pair.fd, t->buffer, sizeof t->buffer));
    NOTE(t->at_end, miou_read(t->pair.fd, t->buffer, sizeof t->buffer));
    return 0;
}

static int read_short(void *arg)
{
    struct short_reads *t = arg;

    atomic_store(&t->waits, true);
    NOTE(t->first, miou_read(t->pair.fd, t->buffer, sizeof t->buffer));
    return 0;
}

/* Open a connection, and have a task read that waits then. */
static int begin_reading(struct short_reads *t, miou_task *reader, miou_promise **promise)
{
    TRY(t->open(&t->pair));
    TRY(miou_async(promise, NULL, reader, t));
    TRY(yield_until(&t->waits));
    return let_others_run();
}

/* The domain learns of the last bytes and of the end at one time. */
static int end_behind_bytes(void *arg)
{
    struct short_reads *t = arg;
    miou_promise *promise;

    TRY(begin_reading(t, read_twice, &promise));
    peer_send(t->pair.peer, "xy", 2);
    shutdown(t->pair.peer, SHUT_WR);
    await_events(t->pair.number, POLLRDHUP);
    return miou_await(promise, NULL);
}

CHECK("R6.4", the_end_comes_with_the_last_bytes)
{
    int (*const kinds[])(struct pair *) = {open_tcp, open_local};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct short_reads t = {.open = kinds[i], .at_end = -1};

        expect_code(unix_run_with(0, end_behind_bytes, &t), 0);
        expect_noted(t.first, 2);
        expect_noted(t.at_end, 0);
    }
}

/* The domain sleeps while bytes come for which no task waits. */
static int read_what_nobody_waited_for(void *arg)
{
    struct short_reads *t = arg;
    miou_promise *promise;
    int i;

    TRY(begin_reading(t, read_short, &promise));
    peer_send(t->pair.peer, "x", 1);
    TRY(miou_await(promise, NULL));
    for (i = 0; i < ROUNDS; i++) {
        peer_send(t->pair.peer, "yz", 2);
        await_bytes(t->pair.number, 2);
        TRY(miou_sleep(MILLISECOND));
        NOTE(t->later[i], miou_read(t->pair.fd, t->buffer, sizeof t->buffer));
    }
    return 0;
}

CHECK("R6.4", what_comes_while_nobody_waits_is_read)
{
    int (*const kinds[])(struct pair *) = {open_tcp, open_local};
    int i, round;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct short_reads t = {.open = kinds[i]};

        expect_code(unix_run_with(0, read_what_nobody_waited_for, &t), 0);
        expect_noted(t.first, 1);
        for (round = 0; round < ROUNDS; round++) {
            with_index(round);

            expect_noted(t.later[round], 2);
        }
    }
}

struct nothing {
    ssize_t read[3], written[2], after;
    char buffer[4];
};

static int read_nothing(void *arg)
{
    struct nothing *t = arg;
    struct pair pair;

    TRY(pair_open(&pair, 0));
    NOTE(t->read[0], miou_read(pair.fd, t->buffer, 0));
    NOTE(t->read[1], miou_read(pair.fd, NULL, 0));
    peer_send(pair.peer, "xy", 2);
    await_bytes(pair.number, 2);
    NOTE(t->read[2], miou_read(pair.fd, t->buffer, 0));
    NOTE(t->after, miou_read(pair.fd, t->buffer, sizeof t->buffer));
    return 0;
}

CHECK("R6.4", reading_nothing_takes_nothing)
{
    struct nothing t = {{-1, -1, -1}, {-1, -1}, -1, ""};

    expect_code(unix_run_with(0, read_nothing, &t), 0);
    expect_noted(t.read[0], 0);
    expect_noted(t.read[1], 0);
    expect_noted(t.read[2], 0);
    expect_noted(t.after, 2);
    expect_bytes(t.buffer, "xy", 2);
}

/* ---- R6.5: writing ---- */

enum { STREAM = 3 << 20 };

/* A stream from a task to a peer that reads nothing until it is told to. */
struct stream {
    struct pair pair;
    unsigned char sent[STREAM], received[STREAM + 1];
    sem_t may_read;
    pthread_t thread;
    size_t size; /* of the bytes received */
    ssize_t results[4];
    bool done, waited;
};

static const size_t stream_parts[] = {1, 0, STREAM - 8, 7};

static void *receive_stream(void *arg)
{
    struct stream *t = arg;

    sem_wait(&t->may_read);
    NOTE(t->size, peer_receive(t->pair.peer, t->received, sizeof t->received));
    return NULL;
}

static int write_stream(void *arg)
{
    struct stream *t = arg;
    size_t i, sent = 0;

    for (i = 0; i < 4; i++) {
        NOTE(t->results[i], miou_write(t->pair.fd, t->sent + sent, stream_parts[i]));
        sent += stream_parts[i];
    }
    t->done = true;
    return miou_close(t->pair.fd);
}

static int write_to_a_slow_reader(void *arg)
{
    struct stream *t = arg;
    miou_promise *promise;
    int error, outcome;

    TRY(pair_open(&t->pair, 0));
    pair_narrow(&t->pair);
    TRY(miou_async(&promise, NULL, write_stream, t));
    start_thread(&t->thread, receive_stream, t);
    let_others_run();
    t->waited = !t->done;
    sem_post(&t->may_read);
    error = miou_await(promise, &outcome);
    pthread_join(t->thread, NULL);
    return error < 0 ? error : outcome;
}

CHECK("R6.5", writing_sends_all_and_others_run)
{
    struct stream *t = calloc(1, sizeof *t);
    size_t i;

    sem_init(&t->may_read, 0, 0);
    pattern_fill(t->sent, STREAM, 0);
    expect_code(unix_run_with(0, write_to_a_slow_reader, t), 0);
    expect_true(t->waited);
    for (i = 0; i < 4; i++) {
        with_index(i);

        expect_noted(t->results[i], stream_parts[i]);
    }
    expect_noted(t->size, STREAM);
    expect_number(pattern_match(t->received, STREAM, 0), STREAM);
    free(t);
}

static int write_nothing(void *arg)
{
    struct nothing *t = arg;
    struct pair pair;

    TRY(pair_open(&pair, 0));
    NOTE(t->written[0], miou_write(pair.fd, "x", 0));
    NOTE(t->written[1], miou_write(pair.fd, NULL, 0));
    TRY(miou_close(pair.fd));
    t->after = (ssize_t)peer_receive(pair.peer, t->buffer, 1);
    return 0;
}

CHECK("R6.5", writing_nothing_sends_nothing)
{
    struct nothing t = {{-1, -1, -1}, {-1, -1}, -1, ""};

    expect_code(unix_run_with(0, write_nothing, &t), 0);
    expect_noted(t.written[0], 0);
    expect_noted(t.written[1], 0);
    expect_noted(t.after, 0);
}

/* ---- R6.6 and R6.7: a peer that is gone ---- */

static atomic_int signals_seen;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals_seen, 1);
}

#define expect_peer_is_gone(result) expect_one_of(result, -EPIPE, -ECONNRESET)

struct gone {
    struct pair pair;
    struct waiter waiter;
    ssize_t first, second;
    bool waited;
};

static int write_to_a_closed_peer(void *arg)
{
    struct gone *t = arg;

    TRY(pair_open(&t->pair, 0));
    peer_close(t->pair.peer);
    NOTE(t->first, miou_write(t->pair.fd, "x", 1));
    await_events(t->pair.number, 0); /* the answer to that byte: the peer is gone */
    NOTE(t->second, miou_write(t->pair.fd, "y", 1));
    return 0;
}

static void check_closed_peer(void)
{
    struct gone t = {.first = 0};

    expect_code(unix_run_with(0, write_to_a_closed_peer, &t), 0);
    expect_peer_is_gone(t.second);
}
#define check_closed_peer(...) IN_HELPER(check_closed_peer, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.6", writing_to_a_closed_peer_is_an_error)
{
    signal(SIGPIPE, count_signal);
    check_closed_peer();
    expect_number(signals_seen, 0);
}

CHECK("R6.6", writing_to_a_closed_peer_does_not_kill)
{
    signal(SIGPIPE, SIG_DFL);
    check_closed_peer();
}

static int lose_the_reader(void *arg)
{
    struct gone *t = arg;
    miou_promise *promise;

    TRY(pair_open(&t->pair, 0));
    pair_narrow(&t->pair);
    t->waiter.fd = t->pair.fd;
    TRY(miou_async(&promise, NULL, write_lots, &t->waiter));
    let_others_run();
    t->waited = !t->waiter.done;
    peer_close(t->pair.peer);
    return miou_await(promise, NULL);
}

CHECK("R6.6", a_writer_that_waits_learns_that_the_peer_is_gone)
{
    struct gone t = {.first = 0};

    signal(SIGPIPE, count_signal);
    expect_code(unix_run_with(0, lose_the_reader, &t), 0);
    expect_true(t.waited);
    expect_peer_is_gone(t.waiter.result);
    expect_number(signals_seen, 0);
}

static int read_from_a_reset_peer(void *arg)
{
    struct gone *t = arg;

    TRY(pair_open(&t->pair, 0));
    t->waiter.fd = t->pair.fd;
    peer_reset(t->pair.peer);
    await_events(t->pair.number, POLLIN);
    return read_once(&t->waiter);
}

CHECK("R6.7", reading_after_a_reset_is_an_error)
{
    struct gone t = {.first = 0};

    expect_code(unix_run_with(0, read_from_a_reset_peer, &t), 0);
    expect_noted(t.waiter.result, -ECONNRESET);
}

static int reset_the_reader(void *arg)
{
    struct gone *t = arg;
    miou_promise *promise;

    TRY(pair_open(&t->pair, 0));
    t->waiter.fd = t->pair.fd;
    TRY(miou_async(&promise, NULL, read_once, &t->waiter));
    let_others_run();
    t->waited = !t->waiter.done;
    peer_reset(t->pair.peer);
    return miou_await(promise, NULL);
}

CHECK("R6.7", a_reader_that_waits_learns_of_a_reset)
{
    struct gone t = {.first = 0};

    expect_code(unix_run_with(0, reset_the_reader, &t), 0);
    expect_true(t.waited);
    expect_noted(t.waiter.result, -ECONNRESET);
}

/* One task waits to write when the peer resets the connection, and another to read. */
struct both_reset {
    bool reader_first;
    struct waiter reader, writer;
    bool waited;
};

static int reset_both(void *arg)
{
    struct both_reset *t = arg;
    miou_promise *promises[2];
    struct pair pair;
    int i;

    TRY(pair_open(&pair, 0));
    pair_narrow(&pair);
    t->reader.fd = t->writer.fd = pair.fd;
    for (i = 0; i < 2; i++) {
        TRY(i == t->reader_first ? miou_async(&promises[i], NULL, write_lots, &t->writer)
                                 : miou_async(&promises[i], NULL, read_once, &t->reader));
        TRY(let_others_run());
    }
    t->waited = !t->reader.done && !t->writer.done;
    peer_reset(pair.peer);
    for (i = 0; i < 2; i++)
        TRY(await_and_free(promises[i]));
    return miou_close(pair.fd);
}

/* The system may tell one of them only. */
CHECK("R6.7 R6.43", a_reset_is_told_to_a_reader_or_a_writer)
{
    int i;

    for (i = 0; i < 10; i++) {
        with_index(i);
        struct both_reset t = {.reader_first = i % 2};

        expect_code(unix_run_with(0, reset_both, &t), 0);
        expect_true(t.waited);
        if (t.reader.result == 0)
            expect_noted(t.writer.result, -ECONNRESET);
        else
            expect_noted(t.reader.result, -ECONNRESET);
        expect_peer_is_gone(t.writer.result);
    }
}

/* ---- R6.9: no task holds up another ---- */

enum { CROWD = 200 };

struct crowd {
    struct pair pairs[CROWD];
    struct waiter waiters[CROWD];
    miou_promise *promises[CROWD];
    int early; /* tasks done before their byte was sent */
};

static int serve_a_crowd_from_the_last(void *arg)
{
    struct crowd *t = arg;
    int i;

    for (i = 0; i < CROWD; i++) {
        TRY(pair_open(&t->pairs[i], 0));
        t->waiters[i].fd = t->pairs[i].fd;
        TRY(miou_async(&t->promises[i], NULL, read_once, &t->waiters[i]));
    }
    let_others_run();
    for (i = CROWD - 1; i >= 0; i--) {
        char byte = (char)i;

        t->early += t->waiters[i].done;
        peer_send(t->pairs[i].peer, &byte, 1);
        TRY(miou_await(t->promises[i], NULL));
    }
    return 0;
}

CHECK("R6.9", many_tasks_wait_each_for_its_own)
{
    struct crowd *t = calloc(1, sizeof *t);
    int i;

    need_descriptors(2 * CROWD + 100);
    expect_code(unix_run_with(0, serve_a_crowd_from_the_last, t), 0);
    expect_number(t->early, 0);
    for (i = 0; i < CROWD; i++) {
        with_index(i);

        expect_noted(t->waiters[i].result, 1);
        expect_number(t->waiters[i].byte, (char)i);
    }
    free(t);
}

enum { PATIENCE = 1000000 };

struct starving {
    struct pair pair;
    struct waiter waiter;
    miou_promise *promise;
    int turns;
};

/* A reader that has waited, and whose byte has come; it may have been taken for it already. */
static int start_ready_reader(struct starving *t)
{
    TRY(pair_open(&t->pair, 0));
    t->waiter.fd = t->pair.fd;
    TRY(miou_async(&t->promise, NULL, read_once, &t->waiter));
    let_others_run();
    peer_send(t->pair.peer, "x", 1);
    await_delivery(t->pair.peer);
    return 0;
}

static int yield_beside_it(void *arg)
{
    struct starving *t = arg;

    TRY(start_ready_reader(t));
    for (t->turns = 0; t->turns < PATIENCE && !t->waiter.done; t->turns++)
        TRY(miou_yield());
    return miou_await(t->promise, NULL);
}

CHECK("R6.9", yielding_tasks_do_not_starve_those_that_wait)
{
    struct starving t = {.turns = 0};

    expect_code(unix_run_with(0, yield_beside_it, &t), 0);
    expect_true(t.turns < PATIENCE);
    expect_noted(t.waiter.result, 1);
}

static int spawn_for_ever(void *arg)
{
    struct starving *t = arg;

    TRY(start_ready_reader(t));
    for (t->turns = 0; t->turns < PATIENCE && !t->waiter.done; t->turns++) {
        miou_promise *promise;

        TRY(miou_async(&promise, NULL, return_0, NULL));
        TRY(miou_await(promise, NULL));
        TRY(miou_promise_free(promise));
    }
    return miou_await(t->promise, NULL);
}

CHECK("R6.9 R1.19", spawning_tasks_do_not_starve_those_that_wait)
{
    struct starving t = {.turns = 0};

    expect_code(unix_run_with(0, spawn_for_ever, &t), 0);
    expect_true(t.turns < PATIENCE);
    expect_noted(t.waiter.result, 1);
}

/* Two tasks that send each other a byte, again and again. Each waits for the other, so that at any
 * time one of their descriptors is ready. */
struct talk {
    struct starving starving;
    struct pair ends[2];
    bool began_first; /* the descriptors of the two are the older ones */
};

static int open_talk(struct talk *t)
{
    TRY(pair_adopt(&t->ends[0], SOCK_STREAM, 0));
    return pair_adopt(&t->ends[1], SOCK_STREAM, 0);
}

static int answer_each_byte(void *arg)
{
    struct talk *t = arg;
    char byte;

    while (miou_read(t->ends[1].fd, &byte, 1) == 1)
        peer_send(t->ends[0].peer, &byte, 1);
    return 0;
}

static int talk_beside_it(void *arg)
{
    struct talk *t = arg;
    struct starving *beside = &t->starving;
    miou_promise *promise;
    char byte;

    if (t->began_first)
        TRY(open_talk(t));
    TRY(start_ready_reader(beside));
    if (!t->began_first)
        TRY(open_talk(t));
    TRY(miou_async(&promise, NULL, answer_each_byte, t));
    for (; beside->turns < PATIENCE / 10 && !beside->waiter.done; beside->turns++) {
        peer_send(t->ends[1].peer, "x", 1);
        TRY(miou_read(t->ends[0].fd, &byte, 1));
    }
    TRY(miou_cancel(promise));
    return miou_await(beside->promise, NULL);
}

CHECK("R6.9", talking_tasks_do_not_starve_those_that_wait)
{
    int i;

    for (i = 0; i < 2; i++) {
        struct talk t = {.began_first = i};
        with_index(i);

        expect_code(unix_run_with(0, talk_beside_it, &t), 0);
        expect_true(t.starving.turns < PATIENCE / 10);
        expect_noted(t.starving.waiter.result, 1);
    }
}

/* ---- R6.19 and R6.25: several tasks at one descriptor ---- */

struct rivals {
    struct waiter waiters[2];
    int done_after[3]; /* how many were done after 0, 1, 2 things came */
};

/* The first one to go on yields to the other: if one event had woken both, both would be done. */
static void count_done(struct rivals *t, int came)
{
    while (t->waiters[0].done + t->waiters[1].done < came && miou_yield() == 0)
        ;
    let_others_run();
    t->done_after[came] = t->waiters[0].done + t->waiters[1].done;
}

static int feed_two_readers(void *arg)
{
    struct rivals *t = arg;
    miou_promise *promises[2];
    struct pair pair;
    int i;

    TRY(pair_open(&pair, 0));
    for (i = 0; i < 2; i++) {
        t->waiters[i].fd = pair.fd;
        TRY(miou_async(&promises[i], NULL, read_once, &t->waiters[i]));
    }
    count_done(t, 0);
    for (i = 0; i < 2; i++) {
        peer_send(pair.peer, &"ab"[i], 1);
        count_done(t, i + 1);
    }
    for (i = 0; i < 2; i++)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

static void assert_one_by_one(const struct rivals *t)
{
    int i;

    for (i = 0; i < 3; i++) {
        with_index(i);

        expect_number(t->done_after[i], i);
    }
}
#define assert_one_by_one(...) IN_HELPER(assert_one_by_one, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.19", one_byte_goes_to_one_of_two_readers)
{
    struct rivals t = {.done_after = {-1, -1, -1}};

    expect_code(unix_run_with(0, feed_two_readers, &t), 0);
    assert_one_by_one(&t);
    expect_noted(t.waiters[0].result, 1);
    expect_noted(t.waiters[1].result, 1);
    expect_number(t.waiters[0].byte + t.waiters[1].byte, 'a' + 'b');
}

static int feed_two_acceptors(void *arg)
{
    struct rivals *t = arg;
    miou_promise *promises[2];
    miou_fd *listener;
    int i;

    TRY(listen_on(&listener, 0, 0));
    for (i = 0; i < 2; i++) {
        t->waiters[i].fd = listener;
        TRY(miou_async(&promises[i], NULL, accept_once, &t->waiters[i]));
    }
    count_done(t, 0);
    for (i = 0; i < 2; i++) {
        peer_connect(port_of(listener));
        count_done(t, i + 1);
    }
    for (i = 0; i < 2; i++)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

CHECK("R6.19", one_connection_goes_to_one_of_two_acceptors)
{
    struct rivals t = {.done_after = {-1, -1, -1}};

    expect_code(unix_run_with(0, feed_two_acceptors, &t), 0);
    assert_one_by_one(&t);
    expect_noted(t.waiters[0].result, 0);
    expect_noted(t.waiters[1].result, 0);
    expect_true(t.waiters[0].client != t.waiters[1].client);
}

struct both_ways {
    struct pair pair;
    struct waiter reader, writer;
    sem_t may_read;
    bool both_waited, reader_alone;
    size_t received;
};

static void *receive_lots(void *arg)
{
    struct both_ways *t = arg;
    char *bytes = malloc(LOTS);

    sem_wait(&t->may_read);
    NOTE(t->received, peer_receive(t->pair.peer, bytes, LOTS));
    free(bytes);
    return NULL;
}

static int start_both_ways(struct both_ways *t, miou_promise *promises[2])
{
    TRY(pair_open(&t->pair, 0));
    pair_narrow(&t->pair);
    t->reader.fd = t->writer.fd = t->pair.fd;
    TRY(miou_async(&promises[0], NULL, read_once, &t->reader));
    TRY(miou_async(&promises[1], NULL, write_lots, &t->writer));
    let_others_run();
    t->both_waited = !t->reader.done && !t->writer.done;
    return t->both_waited ? 0 : -EBUSY;
}

/* The reader's byte comes while the writer waits. */
static int read_while_writing(void *arg)
{
    struct both_ways *t = arg;
    miou_promise *promises[2];
    pthread_t thread;

    TRY(start_both_ways(t, promises));
    peer_send(t->pair.peer, "x", 1);
    TRY(miou_await(promises[0], NULL));
    t->reader_alone = !t->writer.done;
    start_thread(&thread, receive_lots, t);
    sem_post(&t->may_read);
    TRY(miou_await(promises[1], NULL));
    pthread_join(thread, NULL);
    return 0;
}

/* The writer ends while the reader waits. */
static int write_while_reading(void *arg)
{
    struct both_ways *t = arg;
    miou_promise *promises[2];
    pthread_t thread;

    TRY(start_both_ways(t, promises));
    start_thread(&thread, receive_lots, t);
    sem_post(&t->may_read);
    TRY(miou_await(promises[1], NULL));
    pthread_join(thread, NULL);
    t->reader_alone = !t->reader.done;
    peer_send(t->pair.peer, "x", 1);
    return miou_await(promises[0], NULL);
}

static void check_both_ways(miou_task *task)
{
    struct both_ways t = {.received = 0};
    int result;

    sem_init(&t.may_read, 0, 0);
    NOTE(result, unix_run_with(0, task, &t));
    expect_true(t.both_waited);
    expect_noted(result, 0);
    expect_true(t.reader_alone);
    expect_noted(t.reader.result, 1);
    expect_number(t.reader.byte, 'x');
    expect_noted(t.writer.result, LOTS);
    expect_noted(t.received, LOTS);
}
#define check_both_ways(...) IN_HELPER(check_both_ways, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.25", a_reader_goes_on_while_a_writer_waits)
{
    check_both_ways(read_while_writing);
}

CHECK("R6.25", a_writer_goes_on_while_a_reader_waits)
{
    check_both_ways(write_while_reading);
}

/* ---- waits beside all else ---- */

CHECK("R6.19", a_byte_is_not_lost_with_the_reader_that_is_cancelled)
{
    assert_handed_over(READ, 1);
}

CHECK("R6.19", a_connection_is_not_lost_with_the_acceptor_that_is_cancelled)
{
    assert_handed_over(ACCEPT, 0);
}

CHECK("R6.19", whichever_reader_is_cancelled_the_others_read)
{
    assert_others_served(READ, 1);
}

CHECK("R6.19", whichever_acceptor_is_cancelled_the_others_accept)
{
    assert_others_served(ACCEPT, 0);
}

CHECK("R6.4", nothing_but_a_byte_ends_reading)
{
    assert_wait_undisturbed(READ);
}

CHECK("R6.5", nothing_but_room_ends_writing)
{
    assert_wait_undisturbed(WRITE);
}
