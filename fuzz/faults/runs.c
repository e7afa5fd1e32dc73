/* runs.c: runs whose tasks use all of the runtime. A call that fails ends its task, and thereby the
 * run, with its error. So a fault either shows in the result of the run or makes no difference. */
#include "runs.h"

#include "calls.h"
#include "echo.h"
#include "miou_server.h"
#include "miou_sync.h"
#include "report.h"
#include "sim/sim.h"
#include "system.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

enum {
    STACK = 32 << 10,
    CROWD = 40,     /* children: more than fit in one mapping of stacks */
    SLEEPERS = 600, /* more than fit in one page of timers */
    FEW = 1000,     /* objects: as many as fit in one mapping, or less */
    MANY = 1100,    /* more than fit in one */
    DEPTH = 60,
    PORT = 3000,
    BYTES = 3 * SIM_ROOM, /* more than can be under way at a time */
};

#define TRY(call)                                                                                  \
    do {                                                                                           \
        int error_ = (int)(call);                                                                  \
        if (error_ < 0)                                                                            \
            return error_;                                                                         \
    } while (0)

/* A call that returns 0 or an error. */
#define DO(call)                                                                                   \
    do {                                                                                           \
        int result_ = (call);                                                                      \
        if (result_ > 0)                                                                           \
            report_broken("%s returned %d", #call, result_);                                       \
        if (result_ < 0)                                                                           \
            return result_;                                                                        \
    } while (0)

static const struct sim_world nobody;

/* The miou_choose of all runs. */
static size_t choose_first(void *state, size_t count)
{
    (void)state, (void)count;
    report_step();
    return 0;
}

static int run(miou_task *fn, int domains)
{
    miou_options options = {.domains = domains, .stack_size = STACK, .choose = choose_first};

    return miou_unix_run(&options, fn, NULL);
}

/* Await a child that must not fail. */
static int await(miou_promise *promise)
{
    int outcome;

    DO(miou_await(promise, &outcome));
    return outcome;
}

static int do_work(void *arg)
{
    (void)arg;
    DO(miou_yield());
    report_done();
    return 1;
}

static int do_work_outside(void *arg)
{
    (void)arg;
    report_done();
    return 1;
}

/* ---- children, on this domain and on others */

static int spawn_and_await_all(void)
{
    miou_promise *promises[CROWD];
    int outcomes[CROWD];

    for (int i = 0; i < CROWD; i++)
        DO((i % 2 ? miou_call : miou_async)(&promises[i], NULL, do_work, NULL));
    DO(miou_await_all(outcomes, promises, CROWD));
    for (int i = 0; i < CROWD; i++) {
        TRY(outcomes[i]);
        DO(miou_promise_free(promises[i]));
    }
    return 0;
}

static int run_in_parallel(void)
{
    void *args[CROWD] = {NULL};
    int outcomes[CROWD];

    DO(miou_parallel(outcomes, do_work, args, CROWD));
    for (int i = 0; i < CROWD; i++)
        TRY(outcomes[i]);
    return 0;
}

static int wait_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        DO(miou_sleep(INT64_MAX));
}

static int race(void)
{
    miou_promise *promises[3];
    int outcome;

    DO(miou_async(&promises[0], NULL, wait_for_ever, NULL));
    DO(miou_call(&promises[1], NULL, do_work, NULL));
    DO(miou_call(&promises[2], NULL, wait_for_ever, NULL));
    DO(miou_await_first(NULL, &outcome, promises, 3));
    TRY(outcome);
    DO(miou_async(&promises[0], NULL, wait_for_ever, NULL));
    DO(miou_cancel(promises[0]));
    report_done();
    return 0;
}

static int keep_orphans(void)
{
    miou_orphans *orphans;
    const miou_spawn options = {.orphans = NULL};
    miou_spawn kept = options;
    int error;

    DO(miou_orphans_create(&orphans));
    kept.orphans = orphans;
    for (int i = 0; i < 4; i++)
        DO((i % 2 ? miou_call : miou_async)(NULL, &kept, do_work, NULL));
    for (int i = 0; i < 4; i++) {
        int outcome = 0;

        TRY(error = miou_orphans_get(&outcome, orphans));
        TRY(outcome);
    }
    DO(miou_orphans_free(orphans));
    report_done();
    return 0;
}

static int clean(void *arg, int cancelled)
{
    (void)arg, (void)cancelled;
    report_done();
    return 0;
}

static int have_children(void *arg)
{
    (void)arg;
    TRY(spawn_and_await_all());
    TRY(run_in_parallel());
    TRY(race());
    TRY(keep_orphans());
    return miou_protect(do_work, NULL, clean, NULL);
}

static int run_children(void)
{
    int result;

    sim_begin(&nobody);
    result = run(have_children, 2);
    return result > 0 ? 0 : result;
}

/* ---- more children than there may be room for: none begins unless all can be spawned */

static int begun;

static int note_begin(void *arg)
{
    (void)arg;
    begun++;
    report_done();
    return 0;
}

static int spawn_many(void *arg)
{
    static void *args[MANY];
    static int outcomes[MANY];
    miou_promise *older;
    int error;

    (void)arg;
    DO(miou_async(&older, NULL, do_work, NULL));
    error = miou_parallel(outcomes, note_begin, args, MANY);
    if (error < 0 && begun > 0)
        report_broken("%d children have begun, but not all could be spawned", begun);
    TRY(await(older)); /* which is not cancelled */
    TRY(error);
    for (int i = 0; i < MANY; i++)
        TRY(outcomes[i]);
    return 0;
}

static int run_many_children(void)
{
    sim_begin(&nobody);
    begun = 0;
    return run(spawn_many, 2);
}

/* ---- resources: each that is owned is finalised or disowned once, fault or not */

static int owned, ended;

static void finalise(void *value)
{
    (void)value;
    ended++;
}

static int own(miou_resource **resource)
{
    DO(miou_resource_create(resource, finalise, NULL));
    DO(miou_own(*resource));
    owned++;
    return 0;
}

static int hand_back(void *arg)
{
    DO(miou_yield());
    DO(miou_transfer(arg));
    report_done();
    return 0;
}

static int own_and_release(void *arg)
{
    miou_resource *resource;

    (void)arg;
    DO(own(&resource));
    DO(miou_yield());
    DO(miou_release(resource));
    report_done();
    return 0;
}

static int own_things(void *arg)
{
    miou_resource *resource;
    miou_promise *promise;

    (void)arg;
    for (int i = 0; i < MANY; i++)
        DO(miou_resource_create(&resource, finalise, NULL));
    for (int i = 0; i < CROWD; i++) {
        miou_spawn options = {0};

        DO(own(&resource));
        options.give = &resource;
        options.give_count = 1;
        DO((i % 2 ? miou_call : miou_async)(&promise, &options, hand_back, resource));
        TRY(await(promise));
        DO(miou_disown(resource));
        ended++;
        DO((i % 2 ? miou_async : miou_call)(&promise, NULL, own_and_release, NULL));
        TRY(await(promise));
    }
    return 0;
}

static int run_resources(void)
{
    int result;

    sim_begin(&nobody);
    owned = ended = 0;
    result = run(own_things, 2);
    if (owned != ended)
        report_broken("%d resources were owned, but %d finalised or disowned", owned, ended);
    return result;
}

/* ---- objects that tasks share */

static struct {
    miou_mutex *mutex;
    miou_condition *condition;
    miou_lazy *lazy;
    miou_trigger *trigger;
    miou_computation *computation;
    int turns;
} shared;

static int take_turns(void *arg)
{
    (void)arg;
    DO(miou_mutex_lock(shared.mutex));
    DO(miou_yield());
    shared.turns++;
    DO(miou_condition_broadcast(shared.condition));
    while (shared.turns < CROWD)
        DO(miou_condition_wait(shared.condition, shared.mutex));
    report_done();
    return miou_mutex_unlock(shared.mutex);
}

static int compute(void *arg)
{
    return do_work(arg);
}

static int force(void *arg)
{
    int outcome;

    (void)arg;
    DO(miou_lazy_force(shared.lazy, &outcome));
    return outcome;
}

static int await_trigger(void *arg)
{
    (void)arg;
    DO(miou_trigger_await(shared.trigger));
    report_done();
    return 0;
}

static int await_computation(void *arg)
{
    int outcome;

    (void)arg;
    DO(miou_computation_await(shared.computation, &outcome));
    TRY(outcome);
    report_done();
    return 0;
}

/* Spawn a crowd of children that do this, half of them on other domains, and await them. The first
 * failure ends it, since the others may wait for what the failed child would have done. */
static int all_do(miou_task *fn, size_t count, int (*meanwhile)(void))
{
    miou_promise *promises[CROWD];

    for (size_t i = 0; i < count; i++)
        DO((i % 2 ? miou_call : miou_async)(&promises[i], NULL, fn, NULL));
    if (meanwhile != NULL)
        TRY(meanwhile());
    while (count > 0) {
        size_t which;
        int outcome;

        DO(miou_await_one(&which, &outcome, promises, count));
        TRY(outcome);
        promises[which] = promises[--count];
    }
    return 0;
}

static int complete(void)
{
    DO(miou_computation_attach(shared.computation, shared.trigger));
    DO(miou_yield());
    return miou_computation_complete(shared.computation, 1);
}

static int share(void *arg)
{
    (void)arg;
    DO(miou_mutex_create(&shared.mutex));
    DO(miou_condition_create(&shared.condition));
    DO(miou_lazy_create(&shared.lazy, compute, NULL));
    DO(miou_trigger_create(&shared.trigger));
    DO(miou_computation_create(&shared.computation));
    TRY(all_do(take_turns, CROWD, NULL));
    TRY(all_do(force, CROWD, NULL));
    TRY(all_do(await_computation, CROWD, complete));
    TRY(all_do(await_trigger, 1, NULL));
    DO(miou_computation_free(shared.computation));
    DO(miou_trigger_free(shared.trigger));
    DO(miou_lazy_free(shared.lazy));
    DO(miou_condition_free(shared.condition));
    return miou_mutex_free(shared.mutex);
}

static int run_sharing(void)
{
    sim_begin(&nobody);
    shared.turns = 0;
    return run(share, 2);
}

/* ---- time, hooks, signals */

static int last; /* the time in milliseconds of the last sleep that has ended */

/* Each begins less than a millisecond after the one before. */
static int sleep_a_little(void *arg)
{
    int milliseconds = (int)(intptr_t)arg;

    DO(miou_sleep(milliseconds * (int64_t)1000000));
    if (milliseconds < last)
        report_broken("a sleep of %d ms ended after one of %d ms", milliseconds, last);
    last = milliseconds;
    report_done();
    return 0;
}

static int sleep_together(void)
{
    static miou_promise *promises[SLEEPERS];

    last = 0;
    for (intptr_t i = 0; i < SLEEPERS; i++)
        DO(miou_async(&promises[i], NULL, sleep_a_little, (void *)(SLEEPERS - i)));
    for (int i = 0; i < SLEEPERS; i++)
        TRY(await(promises[i]));
    return 0;
}

/* Deadlines within deadlines, of which the innermost passes. */
static int go_deeper(void *arg)
{
    int *left = arg, error;

    if (--*left > 0)
        return miou_deadline(INT64_MAX, go_deeper, left);
    error = miou_deadline(1000, wait_for_ever, NULL);
    if (error != MIOU_EXPIRED)
        return error;
    report_done();
    return 0;
}

static int expire(void)
{
    int left = DEPTH;

    TRY(go_deeper(&left));
    return miou_blocking(do_work_outside, NULL);
}

static int hooked;

static int on_yield(void *arg)
{
    (void)arg;
    return hooked++ < 3 ? 0 : -1;
}

static void on_signal(int number, void *computation)
{
    miou_computation_complete(computation, number);
}

static int await_signal(void)
{
    miou_computation *came;
    int outcome;

    DO(miou_computation_create(&came));
    DO(miou_signal_handle(SIGTERM, on_signal, came));
    DO(miou_signal_handle(SIGINT, MIOU_SIGNAL_IGNORE, NULL));
    sim_raise(SIGTERM);
    sim_raise(SIGINT);
    DO(miou_computation_await(came, &outcome));
    DO(miou_signal_handle(SIGTERM, MIOU_SIGNAL_DEFAULT, NULL));
    report_done();
    return outcome == SIGTERM ? 0 : -EINVAL;
}

static int make_points(void)
{
    for (int i = 0; i < MANY; i++) {
        miou_syscall *point = NULL;

        DO(miou_syscall_create(&point));
        if (point == NULL)
            report_broken("no point was made, and no caller was told");
    }
    report_done();
    return 0;
}

static int pass_time(void *arg)
{
    miou_hook *hook;

    (void)arg;
    hooked = 0;
    DO(miou_hook_add(&hook, on_yield, NULL));
    TRY(sleep_together());
    TRY(expire());
    if (hooked != 4)
        report_broken("a hook was called %d times, not 4", hooked);
    TRY(await_signal());
    return make_points();
}

static int run_time(void)
{
    sim_begin(&nobody);
    return run(pass_time, 0);
}

/* ---- more signals than there may be room for: all are handled */

static int handled;

static void count_signal(int number, void *arg)
{
    (void)number, (void)arg;
    handled++;
}

/* Among ever more tasks, so that the first task that does not fit in a mapping is a handler's. */
static int handle_signals(void *arg)
{
    static miou_promise *promises[MANY];

    (void)arg;
    handled = 0;
    DO(miou_signal_handle(SIGTERM, count_signal, NULL));
    for (int i = 0; i < MANY; i++) {
        DO(miou_async(&promises[i], NULL, wait_for_ever, NULL));
        if (i < FEW)
            continue;
        sim_raise(SIGTERM);
        while (handled <= i - FEW)
            DO(miou_yield());
    }
    for (int i = 0; i < MANY; i++)
        DO(miou_cancel(promises[i]));
    DO(miou_signal_handle(SIGTERM, MIOU_SIGNAL_DEFAULT, NULL));
    report_done();
    return 0;
}

static int run_signals(void)
{
    sim_begin(&nobody);
    return run(handle_signals, 0);
}

/* ---- sockets, both ends of them */

/* Close it. Nobody else learns what the system says to that. */
static int end(miou_fd *fd)
{
    int result;

    close_error = 0;
    result = miou_close(fd);
    if (result != -close_error)
        report_broken("close(2) returned %d, but miou_close %d", -close_error, result);
    return result;
}

static char bytes[BYTES];

static int serve_one(void *arg)
{
    static char buffer[BYTES];
    struct sockaddr_storage peer;
    miou_fd *client;

    DO(miou_accept(&client, arg, &peer));
    TRY(miou_read_exactly(client, buffer, sizeof buffer));
    if (memcmp(buffer, bytes, sizeof buffer) != 0)
        report_broken("what was read is not what was written");
    report_done();
    for (size_t sent = 0; sent < 3; sent++)
        TRY(miou_sendto(client, &"end"[sent], 1, NULL, 0));
    DO(end(client));
    return miou_fd_resource(arg) != NULL ? end(arg) : 0;
}

static union echo_address there;

static int be_client(void *arg)
{
    const unsigned *flags = arg;
    struct sockaddr_storage peer;
    socklen_t length;
    miou_fd *fd;
    char answer[4];
    ssize_t n, got = 0;

    DO(miou_tcpv4(&fd, *flags));
    DO(miou_connect(fd, &there.any, sizeof there.v4));
    TRY(miou_write(fd, bytes, sizeof bytes));
    while (got < 3) {
        TRY(n = miou_recvfrom(fd, answer, sizeof answer, &peer, &length));
        if (n == 0)
            return MIOU_END_OF_FILE;
        got += n;
    }
    TRY(n = miou_read(fd, answer, sizeof answer));
    if (n != 0)
        report_broken("%zd bytes came after the last", n);
    report_done();
    return end(fd);
}

/* The only descriptors that can be adopted are the simulated system's bells, which refuse to be
 * written to. */
static int adopt(void)
{
    int number = sys_bell_create(), error;
    miou_fd *fd;

    TRY(number);
    error = miou_fd_adopt(&fd, number, 0);
    if (error < 0) {
        sys_close(number);
        return error;
    }
    error = (int)miou_write(fd, bytes, 8);
    if (error != -EINVAL)
        return error < 0 ? error : -EIO;
    report_done();
    return end(fd);
}

/* The first failure ends it, since the other child may wait for the failed one. */
static int await_both(miou_promise **promises)
{
    size_t which;
    int outcome;

    DO(miou_await_one(&which, &outcome, promises, 2));
    TRY(outcome);
    return await(promises[1 - which]);
}

static int talk(unsigned flags)
{
    const miou_listen options = {.no_reuse_port = (int)flags};
    miou_promise *promises[2];
    miou_resource *resource;
    miou_fd *listener;

    DO(miou_tcpv4(&listener, flags));
    DO(miou_bind_and_listen(listener, &there.any, sizeof there.v4, &options));
    resource = miou_fd_resource(listener);
    DO(miou_call(&promises[0], &(miou_spawn){.give = &resource, .give_count = flags & MIOU_OWNED},
                 serve_one, listener));
    DO(miou_async(&promises[1], NULL, be_client, &flags));
    TRY(await_both(promises));
    return flags & MIOU_OWNED ? 0 : end(listener);
}

static int use_sockets(void *arg)
{
    (void)arg;
    TRY(talk(0));
    TRY(talk(MIOU_OWNED));
    return adopt();
}

static int run_sockets(void)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    there.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(PORT)};
    sim_begin(&nobody);
    return run(use_sockets, 2);
}

/* ---- the echo server, and clients of it */

enum { CLIENTS = 6, ROUNDS = 3, MESSAGE = 700, ALL = ROUNDS * MESSAGE };

static struct {
    int port, witness; /* the client that comes when all others have gone */
    bool asked;        /* the server to end */
    struct {
        int stream; /* -1: the client has gone */
        bool came, shut;
        size_t sent, received;
    } clients[CLIENTS];
} echo;

static void announce(const struct echo *server)
{
    echo.port = ntohs(server->address.v4.sin_port);
}

static void client_leaves(int i, bool served)
{
    sim_close(echo.clients[i].stream);
    echo.clients[i].stream = -1;
    served ? report_done() : report_cut();
}

/* Send a message once the last one has come back; after the last message, the end of the stream. */
static bool client_sends(int i)
{
    size_t sent = echo.clients[i].sent;
    ssize_t n;

    if (echo.clients[i].shut || sent > echo.clients[i].received)
        return false;
    if (sent == ALL) {
        sim_shut(echo.clients[i].stream);
        return echo.clients[i].shut = true;
    }
    n = sim_send(echo.clients[i].stream, bytes + sent, MESSAGE);
    echo.clients[i].sent += n > 0 ? (size_t)n : 0;
    return n > 0;
}

static bool client_receives(int i)
{
    static char buffer[ALL];
    size_t received = echo.clients[i].received;
    ssize_t n = sim_receive(echo.clients[i].stream, buffer, sizeof buffer);

    if (n == -EAGAIN)
        return false;
    if (n <= 0) {
        client_leaves(i, n == 0 && received == ALL);
        return true;
    }
    if (received + (size_t)n > echo.clients[i].sent || memcmp(buffer, bytes + received, (size_t)n))
        report_broken("client %d: what comes back is not what was sent", i);
    echo.clients[i].received += (size_t)n;
    return true;
}

static bool client_moves(int i)
{
    if (!echo.clients[i].came) {
        int stream = sim_connect(echo.port, (unsigned)i, SIM_ROOM);

        echo.clients[i].came = true;
        echo.clients[i].stream = stream < 0 ? -1 : stream;
        if (stream < 0)
            report_cut();
        return true;
    }
    return echo.clients[i].stream >= 0 && (client_receives(i) || client_sends(i));
}

static bool world_turn(void *state, bool idle)
{
    bool moved = false;

    (void)state;
    if (!idle || echo.port == 0)
        return false;
    for (int i = 0; i < CLIENTS; i++)
        if (i != echo.witness)
            moved |= client_moves(i);
    if (moved)
        return true;
    for (int i = 0; i < CLIENTS; i++)
        if (i != echo.witness && echo.clients[i].stream >= 0)
            report_broken("client %d is not served: %zu of %zu bytes came back", i,
                          echo.clients[i].received, echo.clients[i].sent);
    if (echo.witness >= 0) {
        echo.witness = -1;
        return true;
    }
    if (echo.asked)
        return false;
    echo.asked = true;
    return sim_raise(SIGTERM);
}

static int run_echo(void)
{
    struct echo server = {.address.v4 = {.sin_family = AF_INET},
                          .options = {.domains = 1, .stack_size = STACK, .choose = choose_first},
                          .announce = announce};
    int result;

    memset(&echo, 0, sizeof echo);
    for (int i = 0; i < CLIENTS; i++)
        echo.clients[i].stream = -1;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    echo.witness = CLIENTS - 1;
    sim_begin(&(struct sim_world){.turn = world_turn});
    result = echo_run(&server);
    if (result == 0 && !echo.asked)
        report_broken("the server ended unasked and without an error");
    return result;
}

/* ---- threads, which do nothing in the simulated system */

static int run_threads(void)
{
    const miou_options options = {.domains = 2, .stack_size = STACK};
    int result;

    sim_begin(&nobody);
    result = miou_unix_run(&options, do_work, NULL);
    return result > 0 ? 0 : result;
}

const struct fault_run fault_runs[] = {
    {"children", false, run_children},   {"many-children", false, run_many_children},
    {"resources", false, run_resources}, {"sharing", false, run_sharing},
    {"time", false, run_time},           {"signals", false, run_signals},
    {"sockets", true, run_sockets},      {"echo", true, run_echo},
    {"threads", false, run_threads},
};
const size_t fault_run_count = sizeof fault_runs / sizeof *fault_runs;
