/* Rules R6.15 to R6.18, R6.20 and R6.21: waits that are ended, disturbed or not allowed, and the
 * system's limits. */
#include "waits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* ---- R6.15 and R6.33: cancelling ---- */

struct cancelling {
    struct waits waits;
    spawner *spawn;
    int outcomes[WAITS];
    struct waiter after[WAITS];
};

/* Other tasks can have what the cancelled tasks waited for. */
static int use_what_was_waited_for(struct cancelling *t)
{
    FOR_EACH_WAIT(kind, &t->waits)
    {
        if (kind == WRITE || kind == CONNECT || kind == SENDTO)
            continue;
        t->after[kind].fd = t->waits.waiters[kind].fd;
        waits_serve_one(&t->waits, kind);
        TRY((kind == READ_EXACTLY ? read_once : wait_tasks[kind])(&t->after[kind]));
    }
    return 0;
}

static int cancel_waits(void *arg)
{
    struct cancelling *t = arg;

    TRY(waits_start(&t->waits, t->spawn));
    FOR_EACH_WAIT(kind, &t->waits)
    TRY(miou_cancel(t->waits.promises[kind]));
    FOR_EACH_WAIT(kind, &t->waits)
    TRY(miou_await(t->waits.promises[kind], &t->outcomes[kind]));
    TRY(use_what_was_waited_for(t));
    FOR_EACH_WAIT(kind, &t->waits)
    TRY(miou_close(t->waits.waiters[kind].fd));
    return 0;
}

static void check_cancelling(struct waits waits, spawner *spawn)
{
    struct cancelling t = {.waits = waits, .spawn = spawn};

    expect_code(unix_run_with(1, cancel_waits, &t), 0);
    expect_number(t.waits.waiting, waits_count(&t.waits));
    waits_assert(&t.waits, MIOU_CANCELLED);
    FOR_EACH_WAIT(kind, &t.waits)
    {
        with_index(kind);

        expect_code(t.outcomes[kind], MIOU_CANCELLED);
        if (kind == READ || kind == READ_EXACTLY || kind == RECVFROM)
            expect_noted(t.after[kind].result, 1);
        else
            expect_noted(t.after[kind].result, 0);
    }
}
#define check_cancelling(...) IN_HELPER(check_cancelling, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.15", tasks_that_wait_are_cancelled)
{
    check_cancelling((struct waits){WAITS_OF_STREAMS}, miou_async);
}

CHECK("R6.15", tasks_that_wait_on_another_domain_are_cancelled)
{
    check_cancelling((struct waits){WAITS_OF_STREAMS}, miou_call);
}

CHECK("R6.15 R6.33", tasks_that_connect_read_exactly_or_wait_for_datagrams_are_cancelled)
{
    check_cancelling((struct waits){OTHER_WAITS}, miou_async);
}

CHECK("R6.15 R6.33", tasks_that_connect_or_so_on_another_domain_are_cancelled)
{
    check_cancelling((struct waits){OTHER_WAITS}, miou_call);
}

/* What a task waits for comes at the moment in which it is cancelled. */
struct meeting {
    enum wait_kind kind;
    spawner *spawn;
    int rounds; /* in which all was found */
};

static int meet(struct meeting *t)
{
    struct waits waits = {.first = t->kind, .end = t->kind + 1};
    struct waiter *waiter = &waits.waiters[t->kind];
    int i, left;

    TRY(waits_start(&waits, t->spawn));
    waits_serve_one(&waits, t->kind);
    for (i = 0; i < t->rounds; i++)
        sched_yield();
    TRY(miou_cancel(waits.promises[t->kind]));
    TRY(miou_await(waits.promises[t->kind], NULL));
    waits_serve_one(&waits, t->kind);
    for (left = waiter->result == MIOU_CANCELLED ? 2 : 1; left > 0; left--) {
        struct waiter after = {.fd = waiter->fd};

        TRY(wait_tasks[t->kind](&after));
        if (after.result < 0)
            return (int)after.result;
    }
    return miou_close(waiter->fd);
}

static int meet_again_and_again(void *arg)
{
    struct meeting *t = arg;

    for (; t->rounds < 30; t->rounds++)
        TRY(meet(t));
    return 0;
}

CHECK("R6.15", what_comes_with_a_cancellation_is_not_lost)
{
    static const enum wait_kind kinds[] = {ACCEPT, READ, RECVFROM};

    for (size_t i = 0; i < 2 * sizeof kinds / sizeof *kinds; i++) {
        with_index(i);
        struct meeting t = {.kind = kinds[i / 2], .spawn = i % 2 ? miou_call : miou_async};

        expect_code(unix_run_with(1, meet_again_and_again, &t), 0);
    }
}

/* ---- R6.16: numbers beyond 1,023 ---- */

enum { HIGH = 2000 };

struct high {
    struct waits waits;
    struct pair low;
    struct waiter low_waiter;
};

static int wait_high_and_low(void *arg)
{
    struct high *t = arg;
    miou_promise *promise;
    pthread_t thread;
    int last = -1;

    TRY(pair_open(&t->low, 0));
    t->low_waiter.fd = t->low.fd;
    while (last < HIGH)
        if ((last = peer_keep(dup(t->low.peer))) < 0)
            return -errno;
    TRY(waits_start(&t->waits, miou_async));
    TRY(miou_async(&promise, NULL, read_once, &t->low_waiter));
    let_others_run();
    peer_send(t->low.peer, "y", 1);
    TRY(miou_await(promise, NULL));
    start_thread(&thread, waits_serve, &t->waits);
    TRY(waits_await(&t->waits));
    pthread_join(thread, NULL);
    return 0;
}

static void check_high_numbers(struct waits waits)
{
    struct rlimit limit;
    struct high t = {.waits = waits};

    need_descriptors(HIGH + 100);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = HIGH + 100;
    expect_number(setrlimit(RLIMIT_NOFILE, &limit), 0);
    expect_code(unix_run_with(0, wait_high_and_low, &t), 0);
    FOR_EACH_WAIT(kind, &t.waits)
    {
        with_index(kind);

        expect_true(t.waits.waiters[kind].number > HIGH);
    }
    expect_number(t.waits.waiting, waits_count(&t.waits));
    waits_assert_served(&t.waits);
    expect_noted(t.low_waiter.result, 1);
    expect_number(t.low_waiter.byte, 'y');
}
#define check_high_numbers(...) IN_HELPER(check_high_numbers, (__VA_ARGS__), #__VA_ARGS__)

struct highest {
    struct waiter waiter;
    int least; /* of the number */
};

static int read_from_the_highest(void *arg)
{
    struct highest *t = arg;
    int ends[2];
    miou_promise *promise;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    TRY(miou_fd_adopt(&t->waiter.fd, fcntl(peer_keep(ends[0]), F_DUPFD_CLOEXEC, t->least), 0));
    TRY(miou_async(&promise, NULL, read_once, &t->waiter));
    TRY(let_others_run());
    if (write(peer_keep(ends[1]), "x", 1) != 1)
        return -errno;
    return await_and_free(promise);
}

/* Of those below 65,536. */
CHECK("R6.16", the_highest_number_that_there_can_be_is_waited_for)
{
    struct rlimit limit;
    struct highest t = {.least = 65535};

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max <= (rlim_t)t.least)
        t.least = (int)limit.rlim_max - 1;
    limit.rlim_cur = (rlim_t)t.least + 1;
    expect_number(setrlimit(RLIMIT_NOFILE, &limit), 0);
    expect_code(unix_run_with(0, read_from_the_highest, &t), 0);
    expect_noted(t.waiter.result, 1);
}

CHECK("R6.16", numbers_beyond_1023_are_waited_for)
{
    check_high_numbers((struct waits){WAITS_OF_STREAMS});
}

CHECK("R6.16", numbers_beyond_1023_are_connected_and_send_and_receive)
{
    check_high_numbers((struct waits){OTHER_WAITS});
}

/* ---- R6.17: out of descriptors ---- */

struct exhausted {
    int refused[2], made, last;
    int (*make)(miou_fd **fd, unsigned flags);
    char byte;
};

static int run_out_of_descriptors(void *arg)
{
    struct exhausted *t = arg;
    miou_fd *listener, *client, *none;
    int i, peers[2], spare = dup(STDERR_FILENO); /* below the limit, as the client need not be */

    TRY(listen_on(&listener, 0, 0));
    for (i = 0; i < 2; i++)
        peers[i] = peer_connect(port_of(listener));
    TRY(miou_accept(&client, listener, NULL));
    allow_more_descriptors(0);
    NOTE(t->refused[0], miou_accept(&none, listener, NULL));
    NOTE(t->made, t->make(&none, 0));
    NOTE(t->refused[1], miou_accept(&none, listener, NULL));
    close(spare);
    TRY(miou_close(client));
    NOTE(t->last, miou_accept(&client, listener, NULL));
    peer_send(peers[1], "x", 1);
    return (int)miou_read(client, &t->byte, 1);
}

static void check_exhausted(int (*make)(miou_fd **fd, unsigned flags))
{
    struct exhausted t = {.make = make, .last = 1};

    expect_code(unix_run_with(0, run_out_of_descriptors, &t), 1);
    expect_noted(t.refused[0], -EMFILE);
    expect_noted(t.made, -EMFILE);
    expect_noted(t.refused[1], -EMFILE);
    expect_noted(t.last, 0);
    expect_number(t.byte, 'x');
}
#define check_exhausted(...) IN_HELPER(check_exhausted, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.17", out_of_descriptors_the_listener_stays_usable)
{
    check_exhausted(miou_tcpv4);
}

CHECK("R6.17", out_of_descriptors_no_ipv6_socket_is_made)
{
    need_ipv6();
    check_exhausted(miou_tcpv6);
}

/* ---- R6.18: no monitor ---- */

struct unmonitored {
    struct waits waits;
    ssize_t read, written;
    char byte, answer, more[4];
};

static int wait_without_monitor(void *arg)
{
    struct unmonitored *t = arg;
    struct pair pair;
    int i;

    /* Accepts a connection that is waiting already. */
    TRY(waits_open(&t->waits));
    TRY(pair_open(&pair, 0));
    peer_send(pair.peer, "x", 1);
    await_bytes(pair.number, 1);
    NOTE(t->read, miou_read(pair.fd, &t->byte, 1));
    NOTE(t->written, miou_write(pair.fd, "y", 1));
    peer_receive(pair.peer, &t->answer, 1);
    for (i = 0; i < 2; i++) { /* each time fewer bytes than there is room for */
        peer_send(pair.peer, "zz", 2);
        await_bytes(pair.number, 2);
        TRY(miou_read(pair.fd, t->more, sizeof t->more));
    }
    FOR_EACH_WAIT(kind, &t->waits)
    TRY(wait_tasks[kind](&t->waits.waiters[kind]));
    return 0;
}

static void check_unmonitored(struct waits waits)
{
    struct unmonitored t = {.waits = waits, .read = -1};

    expect_code(run_with(0, wait_without_monitor, &t), 0);
    expect_noted(t.read, 1);
    expect_number(t.byte, 'x');
    expect_noted(t.written, 1);
    expect_number(t.answer, 'y');
    waits_assert(&t.waits, MIOU_NO_MONITOR);
}
#define check_unmonitored(...) IN_HELPER(check_unmonitored, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.18", without_a_monitor_nothing_is_waited_for)
{
    check_unmonitored((struct waits){WAITS_OF_STREAMS});
}

CHECK("R6.18", without_a_monitor_neither_peers_nor_datagrams_are_waited_for)
{
    check_unmonitored((struct waits){OTHER_WAITS});
}

static int connect_without_monitor(void *arg)
{
    struct sockaddr_un address = local_address(0);
    int *connected = arg;
    miou_fd *listener, *client;

    TRY(miou_unix_socket(&listener, 0));
    TRY(miou_bind_and_listen(listener, (struct sockaddr *)&address, sizeof address, NULL));
    TRY(miou_unix_socket(&client, 0));
    NOTE(*connected, miou_connect(client, (struct sockaddr *)&address, sizeof address));
    return miou_accept(&client, listener, NULL);
}

CHECK("R6.18", without_a_monitor_one_connects_where_there_is_room)
{
    int connected = 1;

    expect_code(run_with(0, connect_without_monitor, &connected), 0);
    expect_noted(connected, 0);
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
    sem_t waiting;
};

/* Sends the signals one by one, to whichever thread of the run takes them, then what the tasks wait
 * for. */
static void *disturb(void *arg)
{
    struct disturbed *t = arg;
    sigset_t set;
    int i;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    while (sem_wait(&t->waiting) != 0)
        ;
    for (i = 0; i < SIGNALS; i++) {
        kill(getpid(), SIGUSR1);
        while (atomic_load(&signals_handled) <= i)
            poll(NULL, 0, 1);
    }
    return waits_serve(&t->waits);
}

static int wait_disturbed(void *arg)
{
    struct disturbed *t = arg;
    pthread_t thread;

    TRY(waits_start(&t->waits, miou_async));
    start_thread(&thread, disturb, t);
    sem_post(&t->waiting);
    TRY(waits_await(&t->waits));
    pthread_join(thread, NULL);
    return 0;
}

static void check_signals(struct waits waits, int flags)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = flags};
    struct disturbed t = {.waits = waits};

    sem_init(&t.waiting, 0, 0);
    sigaction(SIGUSR1, &action, NULL);
    expect_code(unix_run_with(0, wait_disturbed, &t), 0);
    expect_number(t.waits.waiting, waits_count(&t.waits));
    waits_assert_served(&t.waits);
    expect_number(signals_handled, SIGNALS);
}
#define check_signals(...) IN_HELPER(check_signals, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.20", signals_end_no_wait)
{
    check_signals((struct waits){WAITS_OF_STREAMS}, 0);
}

CHECK("R6.20", signals_with_restart_end_no_wait)
{
    check_signals((struct waits){WAITS_OF_STREAMS}, SA_RESTART);
}

CHECK("R6.20", signals_end_no_wait_for_peers_or_datagrams)
{
    check_signals((struct waits){OTHER_WAITS}, 0);
}

/* Calls that hold up their domain until the system ends the wait, as they are adopted to block. */
enum blocking_kind { READS, RECEIVES, ACCEPTS, WRITES, TALKS, SENDS, CONNECTS, BLOCKING_KINDS };

struct held_up {
    enum blocking_kind kind;
    int number, peer; /* to be adopted, and what ends the wait */
    pthread_t thread; /* of the domain */
    sem_t calling;
    ssize_t result;
    char byte;
};

static int open_acceptor(struct held_up *t)
{
    struct sockaddr_in address = loopback(0);

    t->number = peer_keep(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return bind(t->number, (struct sockaddr *)&address, sizeof address) < 0 ||
                   listen(t->number, 1) < 0
               ? -errno
               : 0;
}

/* The listener has no room for another connection. */
static int open_connector(struct held_up *t)
{
    struct sockaddr_un address = local_address(0);

    t->number = peer_keep(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    t->peer = peer_keep(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (bind(t->peer, (struct sockaddr *)&address, sizeof address) < 0 || listen(t->peer, 0) < 0)
        return -errno;
    peer_connect_local(&address);
    return 0;
}

static bool is_outlet(const struct held_up *t)
{
    return t->kind == WRITES || t->kind == TALKS || t->kind == SENDS;
}

static int open_ends(struct held_up *t, int ends[2])
{
    int type = t->kind == TALKS ? SOCK_STREAM : SOCK_DGRAM;

    return t->kind == READS || t->kind == WRITES
               ? pipe2(ends, O_CLOEXEC)
               : socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends);
}

static int open_blocking(struct held_up *t)
{
    static const char bytes[4096];
    int ends[2];

    if (t->kind == ACCEPTS || t->kind == CONNECTS)
        return t->kind == ACCEPTS ? open_acceptor(t) : open_connector(t);
    if (open_ends(t, ends) < 0)
        return -errno;
    t->number = peer_keep(ends[is_outlet(t)]);
    t->peer = peer_keep(ends[!is_outlet(t)]);
    if (is_outlet(t)) {
        fcntl(t->number, F_SETFL, O_NONBLOCK);
        while (write(t->number, bytes, sizeof bytes) > 0)
            ;
        fcntl(t->number, F_SETFL, 0);
    }
    return 0;
}

static void serve_blocking(const struct held_up *t)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    char bytes[4096];

    if (t->kind == ACCEPTS) {
        getsockname(t->number, (struct sockaddr *)&address, &length);
        peer_connect(ntohs(address.sin_port));
    } else if (t->kind == CONNECTS) {
        peer_keep(accept(t->peer, NULL, NULL));
    } else if (is_outlet(t)) {
        fcntl(t->peer, F_SETFL, O_NONBLOCK);
        while (read(t->peer, bytes, sizeof bytes) > 0)
            ;
    } else {
        (void)!write(t->peer, "x", 1);
    }
}

static void *interrupt(void *arg)
{
    struct held_up *t = arg;
    int i;

    while (sem_wait(&t->calling) != 0)
        ;
    for (i = 0; i < SIGNALS; i++) {
        int handled = atomic_load(&signals_handled);

        pthread_kill(t->thread, SIGUSR1);
        while (atomic_load(&signals_handled) == handled)
            poll(NULL, 0, 1);
    }
    serve_blocking(t);
    return NULL;
}

static int call_held_up(void *arg)
{
    struct held_up *t = arg;
    struct sockaddr_un address = local_address(0);
    miou_fd *fd, *client;
    pthread_t thread;

    TRY(open_blocking(t));
    TRY(miou_fd_adopt(&fd, dup(t->number), MIOU_BLOCKING));
    t->thread = pthread_self();
    start_thread(&thread, interrupt, t);
    sem_post(&t->calling);
    if (t->kind == READS)
        NOTE(t->result, miou_read(fd, &t->byte, 1));
    else if (t->kind == RECEIVES)
        NOTE(t->result, miou_recvfrom(fd, &t->byte, 1, NULL, NULL));
    else if (t->kind == WRITES || t->kind == TALKS)
        NOTE(t->result, miou_write(fd, "x", 1));
    else if (t->kind == SENDS)
        NOTE(t->result, miou_sendto(fd, "x", 1, NULL, 0));
    else if (t->kind == CONNECTS)
        NOTE(t->result, miou_connect(fd, (struct sockaddr *)&address, sizeof address));
    else
        NOTE(t->result, miou_accept(&client, fd, NULL));
    pthread_join(thread, NULL);
    return 0;
}

CHECK("R6.20 R6.31", signals_end_no_call_that_blocks)
{
    int i;

    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handle}, NULL);
    for (i = 0; i < BLOCKING_KINDS; i++) {
        with_index(i);
        struct held_up t = {.kind = (enum blocking_kind)i, .result = -1};

        sem_init(&t.calling, 0, 0);
        expect_code(unix_run_with(0, call_held_up, &t), 0);
        expect_noted(t.result, i == ACCEPTS || i == CONNECTS ? 0 : 1);
    }
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

/* First a byte to each, then the answers, so that all wait at the same time. */
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
    start_thread(&thread, ask_rounds, t);
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
    expect_code(unix_run_with(DOMAINS, wait_on_every_domain, &t), 0);
    expect_number(t.right, ROUNDS * (DOMAINS + 1));
    for (i = 0; i <= DOMAINS; i++) {
        with_index(i);

        expect_number(t.stations[i].rounds, ROUNDS);
        seen |= 1 << t.stations[i].domain;
    }
    expect_number(seen, (2 << DOMAINS) - 1);
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
    start_thread(&thread, send_while_it_spins, t);
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
    expect_code(unix_run_with(1, read_beside_a_busy_domain, &t), 0);
    expect_noted(t.waiter.result, 1);
}

/* ---- R6.16: the number 0 ---- */

/* What became of descriptors with the number 0. */
struct zero {
    unsigned flags;
    int numbers; /* descriptors that had the number 0 */
    int closed;  /* times that miou_close closed it */
    bool waited;
    struct waiter waiter;
    struct pair pair;
    char bytes[3];
};

/* Run fn(zero), which finds the number 0 in use, so that it is not one of the runtime's own. */
static int run_with_zero(miou_task *fn, struct zero *t)
{
    if (!is_open(0))
        expect_number(open("/dev/null", O_RDWR), 0);
    return unix_run_with(0, fn, t);
}
#define run_with_zero(...) IN_HELPER(run_with_zero, (__VA_ARGS__), #__VA_ARGS__)

static void note_zero(struct zero *t, miou_fd *fd)
{
    t->numbers += miou_fd_number(fd) == 0;
}

static int close_zero(struct zero *t, miou_fd *fd)
{
    ino_t inode = inode_of(0);

    TRY(miou_close(fd));
    t->closed += inode_of(0) != inode;
    return 0;
}

/* ---- made with it ---- */

static int (*const makers[])(miou_fd **fd, unsigned flags) = {miou_tcpv4, miou_udpv4,
                                                              miou_unix_socket};
enum { MAKERS = sizeof makers / sizeof makers[0] };

static int make_zero(void *arg)
{
    struct zero *t = arg;
    miou_fd *fd;
    int i, other;

    close(0);
    for (i = 0; i < MAKERS; i++) {
        TRY(makers[i](&fd, t->flags));
        note_zero(t, fd);
        TRY(close_zero(t, fd));
    }
    if ((other = dup(STDERR_FILENO)) != 0)
        return -1;
    TRY(miou_fd_adopt(&fd, 0, t->flags | MIOU_BLOCKING));
    note_zero(t, fd);
    return close_zero(t, fd);
}

/* The system has given the number away only if a thread of the runtime has taken it meanwhile. */
static void assert_zeros(const struct zero *t, int count)
{
    if (t->numbers != count)
        cannot_test("the descriptor number 0 was taken");
    expect_number(t->closed, count);
}
#define assert_zeros(...) IN_HELPER(assert_zeros, (__VA_ARGS__), #__VA_ARGS__)

static void check_zero(miou_task *fn, int count)
{
    static const unsigned flags[] = {0, MIOU_OWNED};
    size_t i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct zero t = {.flags = flags[i]};

        expect_code(run_with_zero(fn, &t), 0);
        assert_zeros(&t, count);
    }
}
#define check_zero(...) IN_HELPER(check_zero, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.16", descriptors_are_made_with_number_0)
{
    check_zero(make_zero, MAKERS + 1);
}

/* ---- listening, accepting, connecting ---- */

static int accept_at_zero(void *arg)
{
    struct zero *t = arg;
    miou_fd *listener, *client;
    int peer;

    close(0);
    TRY(listen_on(&listener, t->flags, 0));
    note_zero(t, listener);
    peer = peer_connect(port_of(listener));
    TRY(miou_accept(&client, listener, NULL));
    if (peer_send(peer, "ab", 2) != 2)
        return -EPIPE;
    TRY(miou_read_exactly(client, t->bytes, 2));
    TRY(miou_close(client));
    peer_close(peer);
    return close_zero(t, listener);
}

CHECK("R6.16", a_listener_has_number_0)
{
    check_zero(accept_at_zero, 1);
}

static int use_connection(struct zero *t, miou_fd *fd, int peer)
{
    if (peer_send(peer, "abc", 3) != 3)
        return -EPIPE;
    TRY(miou_read_exactly(fd, t->bytes, 2));
    TRY(miou_read(fd, t->bytes + 2, 1));
    TRY(miou_write(fd, t->bytes, 3));
    return peer_receive(peer, t->bytes, 3) == 3 ? 0 : -EPIPE;
}

static int read_from_zero(void *arg)
{
    struct zero *t = arg;
    miou_fd *listener, *client;
    int peer;

    TRY(listen_on(&listener, t->flags, 0));
    peer = peer_connect(port_of(listener));
    await_events(miou_fd_number(listener), POLLIN);
    close(0);
    TRY(miou_accept(&client, listener, NULL));
    note_zero(t, client);
    TRY(use_connection(t, client, peer));
    TRY(miou_close(listener));
    peer_close(peer);
    return close_zero(t, client);
}

CHECK("R6.16", a_connection_has_number_0)
{
    check_zero(read_from_zero, 1);
}

static int connect_from_zero(void *arg)
{
    struct sockaddr_in address;
    struct zero *t = arg;
    miou_fd *listener, *client, *connection;

    TRY(listen_on(&listener, t->flags, 0));
    address = loopback(port_of(listener));
    close(0);
    TRY(miou_tcpv4(&client, t->flags));
    note_zero(t, client);
    TRY(miou_connect(client, (struct sockaddr *)&address, sizeof address));
    TRY(miou_accept(&connection, listener, NULL));
    TRY(miou_write(client, "xyz", 3));
    TRY(miou_read_exactly(connection, t->bytes, 3));
    TRY(miou_close(connection));
    TRY(miou_close(listener));
    return close_zero(t, client);
}

CHECK("R6.16", what_connects_has_number_0)
{
    check_zero(connect_from_zero, 1);
}

/* ---- waiting ---- */

/* A connection whose end in the runtime has the number 0. */
static int open_zero(struct zero *t)
{
    TRY(pair_adopt(&t->pair, SOCK_STREAM, 0));
    if (dup2(t->pair.number, 0) != 0)
        return -errno;
    TRY(miou_close(t->pair.fd));
    TRY(miou_fd_adopt(&t->pair.fd, 0, t->flags));
    note_zero(t, t->pair.fd);
    t->waiter.fd = t->pair.fd;
    return 0;
}

static int wait_for_zero(void *arg)
{
    struct zero *t = arg;

    TRY(open_zero(t));
    TRY(read_once(&t->waiter));
    return close_zero(t, t->pair.fd);
}

static int await_reader_of_zero(void *arg)
{
    struct zero *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, wait_for_zero, t));
    TRY(let_others_run());
    t->waited = !t->waiter.done;
    peer_send(t->pair.peer, "x", 1);
    return await_and_free(promise);
}

static int cancel_reader_of_zero(void *arg)
{
    struct zero *t = arg;

    t->waited = cancel_waiting(wait_for_zero, t) == 0;
    return 0;
}

static int close_zero_beside_a_reader(void *arg)
{
    struct zero *t = arg;
    miou_promise *promise;

    TRY(open_zero(t));
    TRY(miou_async(&promise, NULL, read_once, &t->waiter));
    TRY(let_others_run());
    t->waited = !t->waiter.done;
    TRY(close_zero(t, t->pair.fd));
    return await_and_free(promise);
}

static void check_waiting_for_zero(unsigned flags, miou_task *fn, ssize_t result)
{
    struct zero t = {.flags = flags};

    expect_code(run_with_zero(fn, &t), 0);
    expect_true(t.waited);
    expect_noted(t.waiter.result, result);
    assert_zeros(&t, 1);
    peer_close(t.pair.peer);
}
#define check_waiting_for_zero(...) IN_HELPER(check_waiting_for_zero, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.16", a_task_waits_for_number_0)
{
    check_waiting_for_zero(0, await_reader_of_zero, 1);
    check_waiting_for_zero(MIOU_OWNED, await_reader_of_zero, 1);
}

CHECK("R6.16", a_task_that_waits_for_number_0_is_cancelled)
{
    check_waiting_for_zero(MIOU_OWNED, cancel_reader_of_zero, MIOU_CANCELLED);
}

CHECK("R6.16", number_0_is_closed_beside_a_reader)
{
    check_waiting_for_zero(0, close_zero_beside_a_reader, -EBADF);
}

/* ---- left open ---- */

static int leave_zero_open(void *arg)
{
    return open_zero(arg);
}

static void check_left_open(unsigned flags, int result)
{
    struct zero t = {.flags = flags};

    expect_code(run_with_zero(leave_zero_open, &t), result);
    expect_false(is_open(0));
    peer_close(t.pair.peer);
}
#define check_left_open(...) IN_HELPER(check_left_open, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R6.16", number_0_is_closed_with_the_run)
{
    check_left_open(0, 0);
    check_left_open(MIOU_OWNED, MIOU_RESOURCE_LEAKED);
}
