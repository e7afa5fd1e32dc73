/* Rules R6.15 to R6.18, R6.20, R6.21, R6.23, R6.26 and R6.27, and R1.17 with sockets: waits that
 * are ended, disturbed or not allowed, and the system's limits. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef int spawner(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg);

/* ---- The three tasks that wait, for every rule about waits ---- */

struct waits {
    miou_fd *listener;
    struct pair pairs[2];
    struct waiter waiters[3]; /* accept_once, read_once, write_lots */
    unsigned short port;
    int waiting; /* how many of them waited */
};

static miou_task *const waiting_tasks[3] = {accept_once, read_once, write_lots};

static int open_waits(struct waits *t)
{
    int i;

    TRY(listen_on(&t->listener, 0, 0));
    t->port = port_of(t->listener);
    for (i = 0; i < 2; i++)
        TRY(pair_open(&t->pairs[i], 0));
    pair_narrow(&t->pairs[1]);
    t->waiters[0].fd = t->listener;
    t->waiters[1].fd = t->pairs[0].fd;
    t->waiters[2].fd = t->pairs[1].fd;
    return 0;
}

/* Spawn them on this domain and let them come to wait. */
static int start_waits(struct waits *t, miou_promise *promises[3])
{
    int i;

    TRY(open_waits(t));
    for (i = 0; i < 3; i++)
        TRY(miou_async(&promises[i], NULL, waiting_tasks[i], &t->waiters[i]));
    let_others_run();
    for (i = 0; i < 3; i++)
        t->waiting += !t->waiters[i].done;
    return 0;
}

static void assert_results(const struct waits *t, ssize_t result)
{
    int i;

    for (i = 0; i < 3; i++) {
        assert_true(t->waiters[i].done);
        assert_int_equal(t->waiters[i].result, result);
    }
}

/* ---- R6.15: cancelling ---- */

struct cancelling {
    struct waits waits;
    int outcomes[3];
    sem_t ready;
    struct waiter after[2];
};

/* What the cancelled tasks waited for is still there for others. */
static int use_what_was_waited_for(struct cancelling *t)
{
    int i;

    peer_connect(t->waits.port);
    peer_send(t->waits.pairs[0].peer, "x", 1);
    for (i = 0; i < 2; i++) {
        t->after[i].fd = t->waits.waiters[i].fd;
        TRY(waiting_tasks[i](&t->after[i]));
    }
    return 0;
}

static void assert_all_cancelled(const struct cancelling *t)
{
    int i;

    assert_results(&t->waits, MIOU_CANCELLED);
    for (i = 0; i < 3; i++)
        assert_int_equal(t->outcomes[i], MIOU_CANCELLED);
    assert_int_equal(t->after[0].result, 0);
    assert_int_equal(t->after[1].result, 1);
    assert_int_equal(t->after[1].byte, 'x');
}

static int cancel_waits(void *arg)
{
    struct cancelling *t = arg;
    miou_promise *promises[3];
    int i;

    TRY(start_waits(&t->waits, promises));
    for (i = 0; i < 3; i++)
        TRY(miou_cancel(promises[i]));
    for (i = 0; i < 3; i++)
        TRY(miou_await(promises[i], &t->outcomes[i]));
    return use_what_was_waited_for(t);
}

CHECK("R6.15", tasks_that_wait_are_cancelled)
{
    struct cancelling t = {.outcomes = {0}};

    assert_int_equal(unix_run_with(0, cancel_waits, &t), 0);
    assert_int_equal(t.waits.waiting, 3);
    assert_all_cancelled(&t);
}

/* On the other domain a task that runs after the three says that they wait. */
static int say_ready(void *arg)
{
    struct cancelling *t = arg;

    let_others_run();
    sem_post(&t->ready);
    return 0;
}

static int cancel_waits_elsewhere(void *arg)
{
    struct cancelling *t = arg;
    miou_promise *promises[3], *last;
    int i;

    TRY(open_waits(&t->waits));
    for (i = 0; i < 3; i++)
        TRY(miou_call(&promises[i], NULL, waiting_tasks[i], &t->waits.waiters[i]));
    TRY(miou_call(&last, NULL, say_ready, t));
    while (sem_trywait(&t->ready) < 0)
        TRY(miou_yield());
    TRY(miou_await(last, NULL));
    for (i = 0; i < 3; i++)
        TRY(miou_cancel(promises[i]));
    for (i = 0; i < 3; i++)
        TRY(miou_await(promises[i], &t->outcomes[i]));
    return use_what_was_waited_for(t);
}

CHECK("R6.15", tasks_that_wait_on_another_domain_are_cancelled)
{
    struct cancelling t = {.outcomes = {0}};

    sem_init(&t.ready, 0, 0);
    assert_int_equal(unix_run_with(1, cancel_waits_elsewhere, &t), 0);
    assert_all_cancelled(&t);
}

/* ---- R6.16: numbers beyond 1,023 ---- */

enum { HIGH = 2000 };

struct high {
    struct waits waits;
    struct pair low;
    struct waiter low_waiter;
    int number; /* the lowest of the high ones */
};

static void *serve_waits(void *arg)
{
    struct waits *t = arg;
    char *bytes = malloc(LOTS);

    peer_connect(t->port);
    peer_send(t->pairs[0].peer, "x", 1);
    peer_receive(t->pairs[1].peer, bytes, LOTS);
    free(bytes);
    return NULL;
}

static int wait_high_and_low(void *arg)
{
    struct high *t = arg;
    miou_promise *promises[4];
    pthread_t thread;
    int i, last = -1;

    TRY(pair_open(&t->low, 0));
    t->low_waiter.fd = t->low.fd;
    while (last < HIGH)
        if ((last = peer_keep(dup(t->low.peer))) < 0)
            return -errno;
    TRY(start_waits(&t->waits, promises));
    t->number = miou_fd_number(t->waits.listener);
    TRY(miou_async(&promises[3], NULL, read_once, &t->low_waiter));
    let_others_run();
    peer_send(t->low.peer, "y", 1);
    pthread_create(&thread, NULL, serve_waits, &t->waits);
    for (i = 3; i >= 0; i--)
        TRY(miou_await(promises[i], NULL));
    pthread_join(thread, NULL);
    return 0;
}

CHECK("R6.16", numbers_beyond_1023_are_waited_for)
{
    struct rlimit limit;
    struct high t = {.number = -1};

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < HIGH + 100)
        could_not_tell("the limit of open descriptors is below 2,100");
    limit.rlim_cur = HIGH + 100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(unix_run_with(0, wait_high_and_low, &t), 0);
    assert_true(t.number > HIGH);
    assert_int_equal(t.waits.waiting, 3);
    assert_int_equal(t.waits.waiters[0].result, 0);
    assert_int_equal(t.waits.waiters[1].result, 1);
    assert_int_equal(t.waits.waiters[2].result, LOTS);
    assert_int_equal(t.low_waiter.result, 1);
    assert_int_equal(t.low_waiter.byte, 'y');
}

/* ---- R6.17: out of descriptors ---- */

struct exhausted {
    int accepted, refused[2], tcpv4, tcpv6, last;
    char byte;
};

static int run_out_of_descriptors(void *arg)
{
    struct exhausted *t = arg;
    miou_fd *listener, *client, *none;
    int i, peers[2];

    TRY(listen_on(&listener, 0, 0));
    for (i = 0; i < 2; i++)
        peers[i] = peer_connect(port_of(listener));
    allow_more_descriptors(1);
    t->accepted = miou_accept(&client, listener, NULL);
    t->refused[0] = miou_accept(&none, listener, NULL);
    t->tcpv4 = miou_tcpv4(&none, 0);
    t->tcpv6 = miou_tcpv6(&none, 0);
    t->refused[1] = miou_accept(&none, listener, NULL);
    TRY(miou_close(client));
    t->last = miou_accept(&client, listener, NULL);
    peer_send(peers[1], "x", 1);
    return (int)miou_read(client, &t->byte, 1);
}

CHECK("R6.17", out_of_descriptors_the_listener_stays_usable)
{
    struct exhausted t = {.accepted = 1, .last = 1};

    assert_int_equal(unix_run_with(0, run_out_of_descriptors, &t), 1);
    assert_int_equal(t.accepted, 0);
    assert_int_equal(t.refused[0], -EMFILE);
    assert_int_equal(t.tcpv4, -EMFILE);
    assert_int_equal(t.tcpv6, -EMFILE);
    assert_int_equal(t.refused[1], -EMFILE);
    assert_int_equal(t.last, 0);
    assert_int_equal(t.byte, 'x');
}

/* ---- R6.18: no monitor ---- */

struct unmonitored {
    struct waits waits;
    ssize_t read, written;
    char byte, answer;
};

static int wait_without_monitor(void *arg)
{
    struct unmonitored *t = arg;
    struct pair pair;
    int i;

    /* Has a connection accepted, which waits already. */
    TRY(open_waits(&t->waits));
    TRY(pair_open(&pair, 0));
    peer_send(pair.peer, "x", 1);
    await_bytes(pair.number, 1);
    t->read = miou_read(pair.fd, &t->byte, 1);
    t->written = miou_write(pair.fd, "y", 1);
    peer_receive(pair.peer, &t->answer, 1);
    for (i = 0; i < 3; i++)
        TRY(waiting_tasks[i](&t->waits.waiters[i]));
    return 0;
}

CHECK("R6.18", without_a_monitor_nothing_is_waited_for)
{
    struct unmonitored t = {.read = -1};

    assert_int_equal(run_with(0, wait_without_monitor, &t), 0);
    assert_int_equal(t.read, 1);
    assert_int_equal(t.byte, 'x');
    assert_int_equal(t.written, 1);
    assert_int_equal(t.answer, 'y');
    assert_results(&t.waits, MIOU_NO_MONITOR);
}

/* ---- R6.20: signals ---- */

enum { SIGNALS = 30 };

static atomic_int signals_handled;

static void handle(int number)
{
    (void)number;
    atomic_fetch_add(&signals_handled, 1);
}

struct disturbed {
    struct waits waits;
    pthread_t main_thread;
    sem_t waiting;
};

/* Sends the signals one by one, then what the tasks wait for. */
static void *disturb(void *arg)
{
    struct disturbed *t = arg;
    int i;

    sem_wait(&t->waiting);
    for (i = 0; i < SIGNALS; i++) {
        pthread_kill(t->main_thread, SIGUSR1);
        while (atomic_load(&signals_handled) <= i)
            poll(NULL, 0, 1);
    }
    return serve_waits(&t->waits);
}

static int wait_disturbed(void *arg)
{
    struct disturbed *t = arg;
    miou_promise *promises[3];
    pthread_t thread;
    int i;

    TRY(start_waits(&t->waits, promises));
    pthread_create(&thread, NULL, disturb, t);
    sem_post(&t->waiting);
    for (i = 0; i < 3; i++)
        TRY(miou_await(promises[i], NULL));
    pthread_join(thread, NULL);
    return 0;
}

static void check_signals(int flags)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = flags};
    struct disturbed t = {.main_thread = pthread_self()};

    sem_init(&t.waiting, 0, 0);
    sigaction(SIGUSR1, &action, NULL);
    assert_int_equal(unix_run_with(0, wait_disturbed, &t), 0);
    assert_int_equal(t.waits.waiting, 3);
    assert_int_equal(t.waits.waiters[0].result, 0);
    assert_int_equal(t.waits.waiters[1].result, 1);
    assert_int_equal(t.waits.waiters[2].result, LOTS);
    assert_int_equal(signals_handled, SIGNALS);
}

CHECK("R6.20", signals_end_no_wait)
{
    check_signals(0);
}

CHECK("R6.20", signals_with_restart_end_no_wait)
{
    check_signals(SA_RESTART);
}

/* ---- R6.21: every domain ---- */

enum { DOMAINS = 3, ROUNDS = 50 };

struct station {
    struct pair pair;
    sem_t *open;
    int domain;
    int rounds;
};

static int answer_rounds(void *arg)
{
    struct station *t = arg;
    char byte;

    TRY(pair_open(&t->pair, 0));
    t->domain = miou_domain_self();
    sem_post(t->open);
    while (miou_read(t->pair.fd, &byte, 1) == 1 && miou_write(t->pair.fd, &byte, 1) == 1)
        t->rounds++;
    return 0;
}

struct domains {
    struct station stations[DOMAINS + 1];
    sem_t open;
    int right; /* answers */
};

/* A byte to each of them, and only then the answers: they all wait at the same time. */
static void *ask_rounds(void *arg)
{
    struct domains *t = arg;
    int i, round;

    for (i = 0; i <= DOMAINS; i++)
        sem_wait(&t->open);
    for (round = 0; round < ROUNDS; round++) {
        char byte = (char)round, answer;

        for (i = 0; i <= DOMAINS; i++)
            peer_send(t->stations[i].pair.peer, &byte, 1);
        for (i = DOMAINS; i >= 0; i--)
            t->right += peer_receive(t->stations[i].pair.peer, &answer, 1) == 1 && answer == byte;
    }
    for (i = 0; i <= DOMAINS; i++)
        shutdown(t->stations[i].pair.peer, SHUT_WR);
    return NULL;
}

static int wait_on_every_domain(void *arg)
{
    void *others[DOMAINS];
    struct domains *t = arg;
    miou_promise *promise;
    pthread_t thread;
    int i;

    for (i = 0; i <= DOMAINS; i++)
        t->stations[i].open = &t->open;
    for (i = 0; i < DOMAINS; i++)
        others[i] = &t->stations[i + 1];
    pthread_create(&thread, NULL, ask_rounds, t);
    TRY(miou_async(&promise, NULL, answer_rounds, &t->stations[0]));
    TRY(miou_parallel(NULL, answer_rounds, others, DOMAINS));
    TRY(miou_await(promise, NULL));
    pthread_join(thread, NULL);
    return 0;
}

CHECK("R6.21", every_domain_waits_for_its_own)
{
    struct domains t = {.right = 0};
    int i, seen = 0;

    sem_init(&t.open, 0, 0);
    assert_int_equal(unix_run_with(DOMAINS, wait_on_every_domain, &t), 0);
    assert_int_equal(t.right, ROUNDS * (DOMAINS + 1));
    for (i = 0; i <= DOMAINS; i++) {
        assert_int_equal(t.stations[i].rounds, ROUNDS);
        seen |= 1 << t.stations[i].domain;
    }
    assert_int_equal(seen, (2 << DOMAINS) - 1);
}

struct busy {
    struct waiter waiter;
    struct pair pair;
    sem_t spins;
    atomic_bool done;
};

static int spin(void *arg)
{
    struct busy *t = arg;

    sem_post(&t->spins);
    while (!atomic_load(&t->done))
        ;
    return 0;
}

static void *send_while_it_spins(void *arg)
{
    struct busy *t = arg;

    sem_wait(&t->spins);
    peer_send(t->pair.peer, "x", 1);
    return NULL;
}

static int read_beside_a_busy_domain(void *arg)
{
    struct busy *t = arg;
    miou_promise *promise;
    pthread_t thread;

    TRY(pair_open(&t->pair, 0));
    t->waiter.fd = t->pair.fd;
    TRY(miou_call(&promise, NULL, spin, t));
    pthread_create(&thread, NULL, send_while_it_spins, t);
    read_once(&t->waiter);
    atomic_store(&t->done, true);
    TRY(miou_await(promise, NULL));
    pthread_join(thread, NULL);
    return 0;
}

CHECK("R6.21", a_busy_domain_does_not_hold_up_anothers_wait)
{
    struct busy t = {.waiter = {0}};

    sem_init(&t.spins, 0, 0);
    assert_int_equal(unix_run_with(1, read_beside_a_busy_domain, &t), 0);
    assert_int_equal(t.waiter.result, 1);
}

/* ---- R6.23: closing what others wait for ---- */

static int close_under_waits(void *arg)
{
    struct waits *t = arg;
    miou_promise *promises[3];
    int i;

    TRY(start_waits(t, promises));
    for (i = 0; i < 3; i++)
        TRY(miou_close(t->waiters[i].fd));
    for (i = 0; i < 3; i++)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

CHECK("R6.23", closing_wakes_those_that_wait)
{
    struct waits t = {.waiting = 0};

    assert_int_equal(unix_run_with(0, close_under_waits, &t), 0);
    assert_int_equal(t.waiting, 3);
    assert_results(&t, -EBADF);
}

/* ---- R6.26: outside a run and in a finaliser ---- */

static int leave_descriptors(void *arg)
{
    return pair_open(arg, 0);
}

CHECK("R6.26 R1.4", outside_a_run_every_call_is_refused)
{
    struct sockaddr_in address = loopback(0);
    struct pair pair;
    miou_fd *fd = NULL;
    char byte = '-';

    assert_int_equal(unix_run_with(0, leave_descriptors, &pair), 0);
    assert_int_equal(miou_tcpv4(&fd, 0), MIOU_NOT_RUNNING);
    assert_int_equal(miou_tcpv6(&fd, MIOU_OWNED), MIOU_NOT_RUNNING);
    assert_int_equal(
        miou_bind_and_listen(pair.fd, (struct sockaddr *)&address, sizeof address, NULL),
        MIOU_NOT_RUNNING);
    assert_int_equal(miou_accept(&fd, pair.fd, NULL), MIOU_NOT_RUNNING);
    assert_int_equal(miou_read(pair.fd, &byte, 1), MIOU_NOT_RUNNING);
    assert_int_equal(miou_write(pair.fd, "x", 1), MIOU_NOT_RUNNING);
    assert_int_equal(miou_close(pair.fd), MIOU_NOT_RUNNING);
    assert_int_equal(miou_fd_number(pair.fd), MIOU_NOT_RUNNING);
    assert_null(miou_fd_resource(pair.fd));
    assert_null(fd);
    assert_int_equal(byte, '-');
}

struct finalising {
    miou_fd *listener, *client, *made;
    struct pair plain, owned;
    ssize_t results[6];
    int close_plain, close_owned;
    char byte;
};

static void do_io(void *arg)
{
    struct finalising *t = arg;

    t->results[0] = miou_tcpv4(&t->made, 0);
    t->results[1] = miou_tcpv6(&t->made, MIOU_OWNED);
    t->results[2] = miou_accept(&t->client, t->listener, NULL);
    t->results[3] = miou_read(t->plain.fd, &t->byte, 1);
    t->results[4] = miou_write(t->plain.fd, "x", 1);
    t->results[5] = miou_close(t->owned.fd);
    t->close_plain = miou_close(t->plain.fd);
}

static int finalise_with_io(void *arg)
{
    struct finalising *t = arg;
    miou_resource *resource;

    TRY(listen_on(&t->listener, 0, 0));
    peer_connect(port_of(t->listener));
    TRY(pair_open(&t->plain, 0));
    TRY(pair_open(&t->owned, MIOU_OWNED));
    peer_send(t->plain.peer, "x", 1);
    await_bytes(t->plain.number, 1);
    TRY(miou_resource_create(&resource, do_io, t));
    TRY(miou_own(resource));
    TRY(miou_release(resource));
    t->close_owned = miou_close(t->owned.fd);
    return 0;
}

CHECK("R6.26", in_a_finaliser_only_plain_descriptors_are_closed)
{
    struct finalising t = {.byte = '-', .close_plain = 1, .close_owned = 1};
    int i;

    assert_int_equal(unix_run_with(0, finalise_with_io, &t), 0);
    for (i = 0; i < 6; i++)
        assert_int_equal(t.results[i], MIOU_IN_FINALISER);
    assert_null(t.made);
    assert_null(t.client);
    assert_int_equal(t.byte, '-');
    assert_int_equal(t.close_plain, 0);
    assert_int_equal(t.close_owned, 0);
}

/* ---- R6.27: a cancelled task ---- */

struct stopped {
    miou_fd *listener, *client, *made;
    struct pair pair, closing;
    ssize_t results[5];
    int closed, accepted;
    char before, byte;
    size_t received;
};

/* Everything is there, so that no call would have to wait. */
static int go_on_after_cancellation(void *arg)
{
    struct stopped *t = arg;

    while (miou_yield() != MIOU_CANCELLED)
        ;
    t->results[0] = miou_tcpv4(&t->made, 0);
    t->results[1] = miou_tcpv6(&t->made, MIOU_OWNED);
    t->results[2] = miou_accept(&t->client, t->listener, NULL);
    t->results[3] = miou_read(t->pair.fd, &t->before, 1);
    t->results[4] = miou_write(t->pair.fd, "z", 1);
    t->closed = miou_close(t->closing.fd);
    return 0;
}

static int cancel_and_look(void *arg)
{
    struct stopped *t = arg;
    miou_promise *promise;
    char answer;

    TRY(listen_on(&t->listener, 0, 0));
    peer_connect(port_of(t->listener));
    TRY(pair_open(&t->pair, 0));
    TRY(pair_open(&t->closing, 0));
    peer_send(t->pair.peer, "x", 1);
    await_bytes(t->pair.number, 1);
    TRY(miou_async(&promise, NULL, go_on_after_cancellation, t));
    TRY(miou_yield());
    TRY(miou_cancel(promise));
    t->accepted = miou_accept(&t->client, t->listener, NULL);
    TRY(miou_read(t->pair.fd, &t->byte, 1));
    TRY(miou_close(t->pair.fd));
    t->received = peer_receive(t->pair.peer, &answer, 1);
    return 0;
}

CHECK("R6.27", a_cancelled_task_does_no_io)
{
    struct stopped t = {.before = '-', .closed = 1, .accepted = 1, .received = 1};
    int i;

    assert_int_equal(unix_run_with(0, cancel_and_look, &t), 0);
    for (i = 0; i < 5; i++)
        assert_int_equal(t.results[i], MIOU_CANCELLED);
    assert_null(t.made);
    assert_int_equal(t.before, '-');
    assert_int_equal(t.closed, 0);
    assert_int_equal(t.accepted, 0);
    assert_int_equal(t.byte, 'x');
    assert_int_equal(t.received, 0);
}

/* ---- R1.17: waiting costs nothing ---- */

struct idle {
    struct waits waits;
    double used; /* at the quietest time */
};

/* How long the domains take to come to rest is not said: one time at rest is enough. */
static void *serve_after_a_rest(void *arg)
{
    struct idle *t = arg;
    int i;

    for (i = 0; i < 20 && t->used > AT_REST; i++)
        t->used = used_beside_work();
    return serve_waits(&t->waits);
}

static int wait_idly(void *arg)
{
    struct idle *t = arg;
    miou_promise *promises[3];
    pthread_t thread;
    int i;

    TRY(open_waits(&t->waits));
    TRY(miou_async(&promises[0], NULL, accept_once, &t->waits.waiters[0]));
    TRY(miou_call(&promises[1], NULL, read_once, &t->waits.waiters[1]));
    TRY(miou_call(&promises[2], NULL, write_lots, &t->waits.waiters[2]));
    pthread_create(&thread, NULL, serve_after_a_rest, t);
    for (i = 2; i >= 0; i--)
        TRY(miou_await(promises[i], NULL));
    pthread_join(thread, NULL);
    return 0;
}

CHECK("R1.17", waiting_for_descriptors_uses_no_processor)
{
    struct idle t = {.used = 1e9};

    assert_int_equal(unix_run_with(2, wait_idly, &t), 0);
    assert_true(t.used <= AT_REST);
}
