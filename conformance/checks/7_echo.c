/* Rules of chapter 7: the chapter's echo server in this process, and its clients in another one, in
 * plain POSIX. */
#include "machine/machine.h"
#include "sockets.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DOMAINS = 2, SERVERS = DOMAINS + 1 };

struct server {
    struct service *service;
    miou_fd *listener, *client; /* client: the one accepted last */
    miou_promise *promise;
    int accepted, cleaned; /* how often */
    atomic_int full;       /* the same */
};

enum { CLIENTS_KNOWN = 512 };

/* Shared by the two processes. */
struct service {
    int domains;     /* beside dom0 */
    int descriptors; /* how many the servers may open; 0: any number */
    struct server servers[SERVERS];
    int open; /* descriptors of the servers' process, counted by its clients */
    atomic_int known;
    ino_t clients[CLIENTS_KNOWN]; /* of the first connections that were accepted */
    unsigned short port, control;
    sem_t started;
    pid_t pid;         /* of the servers */
    int right;         /* clients that got what they expected */
    int signal;        /* the one that stops them */
    double used[2];    /* of the processor, by the servers, beside a process that works: before and
                        * after the stop */
    miou_mutex *mutex; /* of the rest */
    miou_condition *signalled;
    int signals; /* how many have come */
};

/* ---- the server ---- */

static int echo(void *arg)
{
    miou_fd *client = arg;
    char buffer[0x1000];
    ssize_t n;

    while ((n = miou_read(client, buffer, sizeof buffer)) > 0)
        if ((n = miou_write(client, buffer, (size_t)n)) < 0)
            break;
    return n < 0 ? (int)n : miou_close(client);
}

static int clean_up(struct server *server, miou_orphans *clients)
{
    miou_promise *client;

    while (miou_care(&client, clients) == MIOU_CARE_ENDED) {
        TRY(miou_await(client, NULL));
        TRY(miou_promise_free(client));
        server->cleaned++;
    }
    return 0;
}

static int welcome(struct server *server, miou_orphans *clients)
{
    int known = atomic_fetch_add(&server->service->known, 1);

    server->accepted++;
    if (known < CLIENTS_KNOWN)
        server->service->clients[known] = inode_of(miou_fd_number(server->client));
    return miou_async(
        NULL, &(miou_spawn){.orphans = clients, MIOU_GIVE(miou_fd_resource(server->client))}, echo,
        server->client);
}

static int serve(void *arg)
{
    struct server *server = arg;
    miou_orphans *clients;

    TRY(miou_orphans_create(&clients));
    for (;;) {
        int error;

        TRY(clean_up(server, clients));
        error = miou_accept(&server->client, server->listener, NULL);
        if (error == -EMFILE) {
            server->full++;
            TRY(miou_yield());
            continue;
        }
        TRY(error);
        TRY(welcome(server, clients));
    }
}

static int open_listeners(struct service *service)
{
    int i;

    for (i = 0; i <= service->domains; i++) {
        service->servers[i].service = service;
        TRY(listen_on(&service->servers[i].listener, MIOU_OWNED, service->port));
        service->port = port_of(service->servers[i].listener);
    }
    return 0;
}

static int start_servers(struct service *service, miou_task *fn)
{
    int i, ids[DOMAINS];

    miou_domain_all(ids, DOMAINS);
    for (i = 0; i <= service->domains; i++) {
        struct server *server = &service->servers[i];
        miou_resource *listener = miou_fd_resource(server->listener);

        if (i == 0)
            TRY(miou_async(&server->promise, &(miou_spawn){MIOU_GIVE(listener)}, fn, server));
        else
            TRY(miou_call(&server->promise, &(miou_spawn){MIOU_GIVE(listener), .pin = &ids[i - 1]},
                          fn, server));
    }
    return 0;
}

/* Serve until the clients connect to the control port, which they do at the end. */
static int serve_clients(void *arg)
{
    struct service *service = arg;
    miou_fd *control, *client;
    int i;

    TRY(listen_on(&control, 0, 0));
    service->control = port_of(control);
    TRY(open_listeners(service));
    if (service->descriptors > 0)
        allow_more_descriptors(service->descriptors);
    TRY(start_servers(service, serve));
    sem_post(&service->started);
    while ((i = miou_accept(&client, control, NULL)) == -EMFILE)
        TRY(miou_yield());
    TRY(i);
    for (i = 0; i <= service->domains; i++)
        TRY(miou_cancel(service->servers[i].promise));
    return 0;
}

/* ---- the server that a signal stops ---- */

static void note_signal(int number, void *arg)
{
    struct service *service = arg;

    (void)number;
    if (miou_mutex_lock(service->mutex) < 0)
        return;
    service->signals++;
    miou_condition_broadcast(service->signalled);
    miou_mutex_unlock(service->mutex);
}

/* Wait until this many signals have come; returns their number. */
static int await_signals(struct service *service, int count)
{
    TRY(miou_mutex_lock(service->mutex));
    while (service->signals < count)
        TRY(miou_condition_wait(service->signalled, service->mutex));
    TRY(miou_mutex_unlock(service->mutex));
    return count;
}

static int await_first_signal(void *arg)
{
    return await_signals(arg, 1);
}

static int await_second_signal(void *arg)
{
    return await_signals(arg, 2);
}

/* If the task is cancelled while it waits, the listener's finaliser closes it. */
static int accept_and_transfer(void *arg)
{
    struct server *server = arg;

    TRY(miou_accept(&server->client, server->listener, NULL));
    TRY(miou_transfer(miou_fd_resource(server->client)));
    return miou_transfer(miou_fd_resource(server->listener));
}

/* Returns 0 after a client, and 1 after the signal; even then one may have been accepted. If both
 * have come, it may be either [R8.5]. */
static int accept_or_stop(struct server *server, miou_promise *stop)
{
    miou_promise *either[] = {NULL, stop};
    size_t which;
    int outcome;

    server->client = NULL;
    TRY(miou_async(&either[0], &(miou_spawn){MIOU_GIVE(miou_fd_resource(server->listener))},
                   accept_and_transfer, server));
    TRY(miou_await_one(&which, &outcome, either, 2));
    if (which == 1)
        TRY(miou_cancel(either[0]));
    TRY(miou_promise_free(either[0]));
    return outcome;
}

static int serve_until_stopped(void *arg)
{
    struct server *server = arg;
    miou_orphans *clients;
    miou_promise *stop;
    int stopped, left;

    TRY(miou_orphans_create(&clients));
    TRY(miou_async(&stop, NULL, await_first_signal, server->service));
    do {
        TRY(clean_up(server, clients));
        TRY(stopped = accept_or_stop(server, stop));
        if (server->client)
            TRY(welcome(server, clients));
    } while (!stopped && miou_promise_state(stop) == MIOU_STATE_RUNNING);
    TRY(miou_await(stop, NULL));
    if (miou_fd_resource(server->listener))
        TRY(miou_close(server->listener));
    while ((left = miou_orphans_get(NULL, clients)) > 0)
        server->cleaned++;
    return left;
}

static int run_servers(void *arg)
{
    struct service *service = arg;
    int i, outcome;

    TRY(open_listeners(service));
    TRY(start_servers(service, serve_until_stopped));
    sem_post(&service->started);
    for (i = 0; i <= service->domains; i++) {
        TRY(miou_await(service->servers[i].promise, &outcome));
        TRY(outcome);
    }
    return 0;
}

/* Returns 0 when the first signal was enough. */
static int serve_until_signalled(void *arg)
{
    struct service *service = arg;
    miou_promise *either[2];
    int outcome;

    TRY(miou_mutex_create(&service->mutex));
    TRY(miou_condition_create(&service->signalled));
    TRY(miou_signal_handle(SIGINT, note_signal, service));
    TRY(miou_signal_handle(SIGTERM, note_signal, service));
    TRY(miou_async(&either[0], NULL, run_servers, service));
    TRY(miou_async(&either[1], NULL, await_second_signal, service));
    TRY(miou_await_first(NULL, &outcome, either, 2));
    return outcome;
}

/* ---- its clients ---- */

typedef void clients(struct service *service);

static void run_clients(struct service *service, clients *act)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != service->pid)
        _exit(1);
    sem_wait(&service->started);
    act(service);
    if (service->control)
        peer_connect(service->control);
    _exit(0);
}

/* Run the service with this main task and these clients until it ends with this outcome; returns
 * what both have left behind. */
static struct service *run_service(struct service service, miou_task *main, clients *act,
                                   int outcome)
{
    struct service *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid;

    need_loopback();
    expect_true(shared != MAP_FAILED);
    *shared = service;
    shared->pid = getpid();
    sem_init(&shared->started, 1, 0);
    pid = start_process_with_runtime();
    if (pid == 0)
        run_clients(shared, act);
    expect_code(unix_run_with(service.domains, main, shared), outcome);
    expect_number(waitpid(pid, NULL, 0), pid);
    return shared;
}
#define run_service(...) IN_HELPER(run_service, (__VA_ARGS__), #__VA_ARGS__)

static struct service *with_clients(struct service service, clients *act)
{
    return run_service(service, serve_clients, act, 0);
}
#define with_clients(...) IN_HELPER(with_clients, (__VA_ARGS__), #__VA_ARGS__)

/* Send as much as possible without waiting; returns false if the connection is gone. */
static bool send_some(int client, size_t *sent, size_t size)
{
    unsigned char bytes[1 << 14];
    size_t count = size - *sent < sizeof bytes ? size - *sent : sizeof bytes;
    ssize_t n;

    pattern_fill(bytes, count, *sent);
    n = send(client, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN;
    *sent += (size_t)n;
    return true;
}

/* Receive what there is; returns false at the end, an error, and a byte that was not sent. */
static bool receive_some(int client, size_t *received, size_t sent)
{
    unsigned char bytes[1 << 16];
    ssize_t n = recv(client, bytes, sizeof bytes, 0);

    if (n <= 0 || (size_t)n > sent - *received ||
        pattern_match(bytes, (size_t)n, *received) < (size_t)n)
        return false;
    *received += (size_t)n;
    return true;
}

/* Send the rest of this many bytes and receive them meanwhile; returns whether all came back. */
static bool go_on(int client, size_t sent, size_t size)
{
    size_t received = 0;

    while (received < size) {
        int events = await_events(client, sent < size ? POLLIN | POLLOUT : POLLIN);

        if ((events & POLLOUT) && !send_some(client, &sent, size))
            return false;
        if ((events & ~POLLOUT) && !receive_some(client, &received, sent))
            return false;
    }
    return true;
}

static bool exchange(int client, size_t size)
{
    return go_on(client, 0, size);
}

/* Whether the server sends nothing else. */
static bool at_end(int client)
{
    char byte;

    return recv(client, &byte, 1, 0) == 0;
}

/* Half-close; returns whether the server answers by closing too. */
static bool end(int client)
{
    bool ended = shutdown(client, SHUT_WR) == 0 && at_end(client);

    peer_close(client);
    return ended;
}

static bool served(struct service *service)
{
    int client = peer_connect(service->port);

    return exchange(client, 100) && end(client);
}

/* ---- R7.1 and R7.2 ---- */

static const size_t sizes[] = {1, 2, 4095, 4096, 4097, 100000, 3 << 20};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void send_more_and_more(struct service *service)
{
    int i, client = peer_connect(service->port);

    for (i = 0; i < SIZES; i++)
        service->right += exchange(client, sizes[i]);
    service->right += end(client);
}

CHECK("R7.1", all_that_was_sent_comes_back)
{
    struct service *service = with_clients((struct service){0}, send_more_and_more);

    expect_number(service->right, SIZES + 1);
}

/* Send this many bytes, and receive only while there is no room for more. Returns whether what was
 * received is right. */
static bool send_all(int client, size_t size, size_t *received)
{
    size_t sent = 0;

    while (sent < size)
        if (!(await_events(client, POLLIN | POLLOUT) & POLLOUT
                  ? send_some(client, &sent, size)
                  : receive_some(client, received, sent)))
            return false;
    return true;
}

static void send_and_say_so(struct service *service)
{
    size_t size;

    for (size = 0; size <= 200000; size += 50000) {
        int client = peer_connect(service->port);
        size_t received = 0;
        bool right = send_all(client, size, &received);

        shutdown(client, SHUT_WR);
        while (right && received < size)
            right = receive_some(client, &received, size);
        service->right += right && at_end(client);
        peer_close(client);
    }
}

CHECK("R7.2", after_a_half_close_all_comes_back_and_then_the_end)
{
    struct service *service = with_clients((struct service){0}, send_and_say_so);

    expect_number(service->right, 5);
}

/* ---- R7.3 ---- */

/* Send until neither the system nor the server takes another byte, but this many at most, and read
 * nothing. Returns how many bytes were taken. */
static size_t stuff(int client, size_t most)
{
    static const char bytes[1 << 16];
    size_t taken = 0;
    ssize_t n;

    do
        while ((n = send(client, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0 &&
               (taken += (size_t)n) < most)
            ;
    while (taken < most && poll(&(struct pollfd){.fd = client, .events = POLLOUT}, 1, 50) > 0);
    return taken;
}

enum { QUIET = 24, GOOD = 10 };

static void stand_in_the_way(struct service *service)
{
    int quiet[QUIET], i;

    for (i = 0; i < QUIET; i++) {
        quiet[i] = peer_connect(service->port);
        if (i % 8 == 0)
            stuff(quiet[i], SIZE_MAX);
        else if (i % 2 == 0)
            exchange(quiet[i], 10);
    }
    for (i = 0; i < GOOD; i++)
        service->right += served(service);
    for (i = 0; i < QUIET; i++)
        if (i % 8 != 0)
            service->right += exchange(quiet[i], 10);
}

CHECK("R7.3", quiet_clients_hold_up_no_other_client)
{
    struct service *service = with_clients((struct service){0}, stand_in_the_way);

    expect_number(service->right, GOOD + QUIET - QUIET / 8);
}

/* ---- R7.4 ---- */

enum { RESETS = 30 };

static void go_away(struct service *service)
{
    static const char much[1 << 20];
    int good = peer_connect(service->port), i;

    for (i = 0; i < RESETS; i++) {
        int client = peer_connect(service->port);

        if (i % 3 > 0)
            exchange(client, 10);
        if (i % 3 > 1)
            send(client, much, sizeof much, MSG_DONTWAIT | MSG_NOSIGNAL);
        peer_reset(client);
        service->right += exchange(good, 10);
    }
    service->right += served(service);
}

CHECK("R7.4", resets_end_nothing_but_themselves)
{
    struct service *service = with_clients((struct service){0}, go_away);

    expect_number(service->right, RESETS + 1);
    /* One that was reset before the server could accept it may never be accepted. */
    expect_in_range(service->servers[0].accepted, RESETS - RESETS / 3 + 2, RESETS + 2);
}

/* ---- R7.5 and R7.7 ---- */

/* Connect this many clients and let each send its number again and again; counts those that are
 * answered. */
static void act_at_once(struct service *service, int count, int rounds)
{
    int *all = calloc((size_t)count, sizeof *all);
    int i, round;

    for (i = 0; i < count; i++)
        all[i] = peer_connect(service->port);
    for (round = 0; round < rounds; round++) {
        for (i = 0; i < count; i++)
            peer_send(all[i], &i, sizeof i);
        for (i = count - 1; i >= 0; i--) {
            int answer;

            service->right +=
                peer_receive(all[i], &answer, sizeof answer) == sizeof answer && answer == i;
        }
    }
    for (i = 0; i < count; i++)
        service->right += end(all[i]);
    free(all);
}

enum { SHARED = 96 };

static void share_the_servers(struct service *service)
{
    act_at_once(service, SHARED, 2);
}

CHECK("R7.5", all_domains_serve_at_one_address)
{
    struct service *service = with_clients((struct service){.domains = DOMAINS}, share_the_servers);
    int i, accepted = 0;

    expect_number(service->right, SHARED * 3);
    for (i = 0; i < SERVERS; i++)
        accepted += service->servers[i].accepted;
    expect_number(accepted, SHARED);
}

enum { CROWD = 512 };

static void come_all(struct service *service)
{
    act_at_once(service, CROWD, 2);
}

CHECK("R7.7", many_clients_are_served_at_once)
{
    struct service *service;

    need_descriptors(CROWD + 100);
    service = with_clients((struct service){0}, come_all);
    expect_number(service->right, CROWD * 3);
}

/* ---- R7.6 and R7.9 ---- */

enum { THOUSAND = 1000 };

static void come_and_go(struct service *service)
{
    int i;

    for (i = 0; i < THOUSAND; i++) {
        service->right += served(service);
        if (i == 0)
            service->open = descriptors_of(service->pid);
    }
    service->open -= descriptors_of(service->pid);
}

CHECK("R7.6", clients_that_have_ended_leave_nothing_behind)
{
    struct service *service = with_clients((struct service){0}, come_and_go);
    const struct server *server = &service->servers[0];

    expect_number(service->right, THOUSAND);
    expect_number(service->open, 0);
    expect_number(server->accepted, THOUSAND);
    /* All but the last ones: the server cleans up when it accepts a client. */
    expect_in_range(server->cleaned, THOUSAND - 2, THOUSAND);
}

CHECK("R7.9", a_thousand_clients_are_served_one_after_another)
{
    struct service *service = with_clients((struct service){.domains = 1}, come_and_go);

    expect_number(service->right, THOUSAND);
}

/* ---- R7.8 ---- */

/* A runtime may need some of the places for itself. */
enum { PLACES = 8, INSIDE = 4, QUEUE = 20 };

/* Read the answer of the first of these that has one, and take it out of the list. */
static int next_answered(int *all)
{
    struct pollfd entries[QUEUE];
    char byte;
    int i;

    for (i = 0; i < QUEUE; i++)
        entries[i] = (struct pollfd){.fd = all[i], .events = POLLIN};
    poll(entries, QUEUE, -1);
    for (i = 0; i < QUEUE && entries[i].revents == 0; i++)
        ;
    all[i] = -1;
    peer_receive(entries[i].fd, &byte, 1);
    return entries[i].fd;
}

/* All ask at once. When there is no place for the next, some of those that are answered are
 * answered once more, and then leave. */
static void queue_up(struct service *service)
{
    int all[QUEUE], inside[INSIDE], left, i, count;

    for (i = 0; i < QUEUE; i++) {
        all[i] = peer_connect(service->port);
        peer_send(all[i], "x", 1);
    }
    while (service->servers[0].full == 0)
        poll(NULL, 0, 1);
    for (left = QUEUE; left > 0; left -= count) {
        count = left < INSIDE ? left : INSIDE;
        for (i = 0; i < count; i++)
            inside[i] = next_answered(all);
        for (i = 0; i < count; i++)
            service->right += exchange(inside[i], 1000);
        for (i = 0; i < count; i++)
            service->right += end(inside[i]);
    }
}

CHECK("R7.8", out_of_descriptors_those_inside_are_served_and_then_the_next)
{
    struct service *service = with_clients((struct service){.descriptors = PLACES}, queue_up);

    expect_number(service->right, 2 * QUEUE);
    expect_number(service->servers[0].accepted, QUEUE);
}

/* ---- R7.10 ---- */

/* Connect; returns the system's error if that fails. */
static int try_to_connect(const struct service *service)
{
    struct sockaddr_in address = loopback(service->port);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

    if (connect(client, (struct sockaddr *)&address, sizeof address) == 0)
        return client;
    error = -errno;
    close(client);
    return error;
}

/* Connect and go; returns whether some server still listens. One that stops just then resets the
 * connection. */
static bool come_in_vain(const struct service *service)
{
    int client = try_to_connect(service);

    if (client >= 0)
        close(client);
    return client != -ECONNREFUSED;
}

/* Returns when no server listens; they may stop at different times. */
static bool stop(const struct service *service)
{
    if (kill(service->pid, service->signal) != 0)
        return false;
    while (come_in_vain(service))
        poll(NULL, 0, 1);
    return true;
}

static void stop_at_once(struct service *service)
{
    service->right += stop(service);
}

static void stop_after_clients(struct service *service)
{
    int i;

    for (i = 0; i < 2 * SERVERS; i++)
        service->right += served(service);
    service->right += stop(service);
}

static void stop_while_clients_come(struct service *service)
{
    int i;

    for (i = 0; i < 100; i++)
        come_in_vain(service);
    kill(service->pid, service->signal);
    while (come_in_vain(service))
        ;
    service->right++;
}

CHECK("R7.10", servers_that_wait_accept_no_more)
{
    const int signals[] = {SIGINT, SIGTERM};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        const struct service service = {.domains = DOMAINS, .signal = signals[i]};

        expect_number(run_service(service, serve_until_signalled, stop_at_once, 0)->right, 1);
    }
}

CHECK("R7.10", servers_that_have_served_accept_no_more)
{
    const struct service service = {.domains = DOMAINS, .signal = SIGTERM};

    expect_number(run_service(service, serve_until_signalled, stop_after_clients, 0)->right,
                  2 * SERVERS + 1);
}

CHECK("R7.10", servers_stop_accepting_even_if_clients_keep_connecting)
{
    const struct service service = {.domains = DOMAINS, .signal = SIGTERM};

    expect_number(run_service(service, serve_until_signalled, stop_while_clients_come, 0)->right,
                  1);
}

/* ---- R7.11 ---- */

enum { IN_FLIGHT = 48, LONG = 200000 };

static void connect_all(const struct service *service, int *all)
{
    int i;

    for (i = 0; i < IN_FLIGHT; i++) {
        all[i] = peer_connect(service->port);
        exchange(all[i], 10); /* so it has been accepted */
    }
}

/* Some are in the middle of a long word when the signal comes, the others silent. */
static void finish_after_the_stop(struct service *service)
{
    size_t sent[IN_FLIGHT] = {0};
    int all[IN_FLIGHT], i;

    connect_all(service, all);
    for (i = 0; i < IN_FLIGHT; i += 2)
        send_some(all[i], &sent[i], LONG);
    service->right += stop(service);
    for (i = 0; i < IN_FLIGHT; i++)
        service->right += go_on(all[i], sent[i], LONG) && end(all[i]);
}

CHECK("R7.11", clients_in_flight_finish_after_the_stop)
{
    const struct service service = {.domains = DOMAINS, .signal = SIGTERM};

    expect_number(run_service(service, serve_until_signalled, finish_after_the_stop, 0)->right,
                  1 + IN_FLIGHT);
}

/* ---- R7.12 ---- */

enum { ROUNDS = 10, ARRIVALS = 40 };

/* Half of the clients come before the signal, and the others after it. */
static void come_with_the_signal(struct service *service)
{
    int all[ARRIVALS], i;
    char byte;

    for (i = 0; i < ARRIVALS; i++) {
        if (i == ARRIVALS / 2)
            kill(service->pid, service->signal);
        all[i] = try_to_connect(service);
        if (all[i] >= 0)
            peer_send(all[i], "x", 1);
    }
    for (i = 0; i < ARRIVALS; i++) {
        if (all[i] < 0)
            continue;
        service->right += peer_receive(all[i], &byte, 1) == 1;
        close(all[i]);
    }
}

CHECK("R7.12", a_stop_among_clients_leaves_nothing_behind)
{
    const struct service service = {.domains = DOMAINS, .signal = SIGTERM};
    int i, round, open = descriptors_open();

    for (round = 0; round < ROUNDS; round++) {
        with_index(round);
        struct service *left = run_service(service, serve_until_signalled, come_with_the_signal, 0);

        for (i = 0; i < SERVERS; i++) {
            with_index(i);

            expect_number(left->servers[i].cleaned, left->servers[i].accepted);
            left->right -= left->servers[i].accepted;
        }
        expect_number(left->right, 0); /* every client that was accepted was answered */
        expect_number(descriptors_open(), open);
    }
}

/* ---- R7.13 ---- */

/* Returns true when the server has closed the connection; what it sent before does not matter. */
static bool closed(int client)
{
    char bytes[1 << 16];

    while (recv(client, bytes, sizeof bytes, 0) > 0)
        ;
    return true;
}

/* Some clients wait for the server; for others the server waits to read or to write. */
static void stop_twice(struct service *service)
{
    int all[IN_FLIGHT], i;

    connect_all(service, all);
    for (i = 0; i < IN_FLIGHT; i += 8)
        stuff(all[i], SIZE_MAX);
    service->right += stop(service);
    kill(service->pid, service->signal);
    for (i = 0; i < IN_FLIGHT && closed(all[i]); i++)
        service->right++;
}

CHECK("R7.13", a_second_signal_cancels_the_clients)
{
    const struct service service = {.domains = DOMAINS, .signal = SIGTERM};
    int open = descriptors_open();

    expect_number(run_service(service, serve_until_signalled, stop_twice, 2)->right, 1 + IN_FLIGHT);
    expect_number(descriptors_open(), open);
}

/* ---- R7.14 ---- */

static void be_silent(struct service *service)
{
    int all[IN_FLIGHT], i;

    connect_all(service, all);
    service->used[0] = used_by(service->pid);
    service->right += stop(service);
    service->used[1] = used_by(service->pid);
    for (i = 0; i < IN_FLIGHT; i++)
        service->right += end(all[i]);
}

CHECK("R7.14", servers_that_wait_for_clients_and_a_signal_rest)
{
    const struct service service = {.domains = DOMAINS, .signal = SIGTERM};
    struct service *left = run_service(service, serve_until_signalled, be_silent, 0);

    expect_at_most(left->used[0], AT_REST);
    expect_at_most(left->used[1], AT_REST);
    expect_number(left->right, 1 + IN_FLIGHT);
}

/* ---- R7.20 to R7.23: clients that half-close and stay, and clients that are gone ---- */

/* Send until neither the system nor the server takes another byte; returns how many it was. */
static size_t send_all_that_fits(int client)
{
    size_t sent = 0, before;

    do {
        before = sent;
        while (send_some(client, &sent, SIZE_MAX) && sent > before)
            before = sent;
    } while (poll(&(struct pollfd){.fd = client, .events = POLLOUT}, 1, 50) > 0);
    return sent;
}

/* Read what was sent, and the end. */
static bool read_to_the_end(int client, size_t sent)
{
    size_t received = 0;
    bool ended;

    while (received < sent && receive_some(client, &received, sent))
        ;
    ended = received == sent && at_end(client);
    peer_close(client);
    return ended;
}

static void read_late(struct service *service)
{
    int client = peer_connect(service->port), i;
    size_t sent = send_all_that_fits(client);

    shutdown(client, SHUT_WR);
    for (i = 0; i < GOOD; i++)
        service->right += served(service);
    service->right += read_to_the_end(client, sent);
}

CHECK("R7.20", a_client_that_half_closes_while_the_server_waits_gets_all)
{
    expect_number(with_clients((struct service){0}, read_late)->right, GOOD + 1);
}

/* Returns when the servers' process has no descriptor left of a client that was accepted. How many
 * it needs for other things, and keeps for later, is its own affair. */
static bool are_closed(const struct service *service)
{
    while (any_socket_is_open(service->pid, service->clients, service->known))
        poll(NULL, 0, 1);
    return true;
}

static void half_close_and_stay(struct service *service)
{
    static unsigned char bytes[5000];
    int quiet[QUIET], i;

    pattern_fill(bytes, sizeof bytes, 0);
    for (i = 0; i < QUIET; i++) {
        quiet[i] = peer_connect(service->port);
        peer_send(quiet[i], bytes, sizeof bytes);
        shutdown(quiet[i], SHUT_WR);
    }
    for (i = 0; i < QUIET; i++)
        await_events(quiet[i], POLLRDHUP);
    service->right += are_closed(service) && service->known == QUIET;
    for (i = 0; i < QUIET; i++)
        service->right += read_to_the_end(quiet[i], sizeof bytes);
}

CHECK("R7.21", half_closed_clients_that_stay_cost_no_descriptor)
{
    expect_number(with_clients((struct service){0}, half_close_and_stay)->right, QUIET + 1);
}

static void go_somehow(const struct service *service, int how)
{
    int client = peer_connect(service->port);
    size_t sent = 0;

    if (how % 4 > 0)
        exchange(client, 10);
    if (how % 4 > 1)
        send_some(client, &sent, (size_t)how << 12);
    if (how % 4 > 2)
        await_events(client, POLLIN);
    if (how % 8 < 4)
        peer_reset(client);
    else
        peer_close(client);
}

static void leave(struct service *service)
{
    int i;

    for (i = 0; i < 10 * RESETS; i++)
        go_somehow(service, i % 32);
    service->right += served(service); /* after all of those were accepted */
    service->right += are_closed(service);
    service->right += served(service); /* the server cleans up when it accepts a client */
}

CHECK("R7.23", clients_that_are_gone_leave_nothing_behind)
{
    struct service *service = with_clients((struct service){0}, leave);
    const struct server *server = &service->servers[0];

    expect_number(service->right, 3);
    /* A client that was reset before the server could accept it may never be accepted. */
    expect_in_range(server->accepted, 10 * RESETS * 3 / 4 + 2, 10 * RESETS + 2);
    expect_in_range(server->cleaned, server->accepted - 2, server->accepted);
}

/* ---- R7.24 ---- */

enum { HELD = 16 << 20 }; /* that a server may hold of one client */

static void flood(struct service *service)
{
    size_t kept = 2 * machine_buffers();

    service->right += stuff(peer_connect(service->port), kept + HELD) < kept + HELD;
    service->right += served(service);
}

CHECK("R7.24", a_client_that_does_not_read_is_not_read_from)
{
    expect_number(with_clients((struct service){0}, flood)->right, 2);
}
