/* Rules R1.16 and R1.17: what a run leaves behind, and what an idle run uses. */
#include "waits.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- R1.16: nothing is left ---- */

static int end_normally(void *arg)
{
    (void)arg;
    return 7;
}

static int end_with_error(void *arg)
{
    (void)arg;
    return -7;
}

static int forget(void *arg)
{
    miou_promise *promise;

    return miou_async(&promise, NULL, yield_for_ever, arg);
}

enum { BUSY_TASKS = 200 };

/* Uses two pages of stack, so that it can be seen if they are not given back. */
static __attribute__((noinline)) int touch_stack(void *arg)
{
    volatile char bytes[8 << 10];
    size_t i;

    (void)arg;
    for (i = 0; i < sizeof bytes; i += 512)
        bytes[i] = 1;
    return miou_yield() < 0 ? -1 : bytes[0];
}

/* Have tasks on all domains, most of which end, and then end in one of several ways. */
struct busy {
    miou_task *end;
    miou_promise *promises[BUSY_TASKS];
};

static int be_busy(void *arg)
{
    struct busy *t = arg;
    miou_promise *promise;
    int i;

    for (i = 0; i < BUSY_TASKS; i++)
        TRY((i % 2 ? miou_call : miou_async)(&t->promises[i], NULL, touch_stack, NULL));
    TRY(miou_call(&promise, NULL, yield_for_ever, NULL));
    for (i = 0; i < BUSY_TASKS; i++)
        TRY(miou_await(t->promises[i], NULL));
    if (t->end == end_normally)
        TRY(miou_cancel(promise));
    if (t->end == leak) { /* on another domain, while main waits */
        TRY(miou_call(&promise, NULL, leak, NULL));
        return miou_await(promise, NULL);
    }
    return t->end(NULL);
}

static void assert_nothing_left(int (*run)(int, miou_task *, void *), miou_task *end, int result)
{
    struct busy t = {.end = end};
    int threads, descriptors;

    need_tasks(BUSY_TASKS + 2);
    /* A sanitizer starts a thread of its own along with the first other one. */
    expect_code(run(1, end_normally, NULL), 7);
    threads = threads_running();
    descriptors = descriptors_open();
    expect_code(run(2, be_busy, &t), result);
    expect_true(threads_fall_to(threads));
    expect_number(descriptors_open(), descriptors);
}
#define assert_nothing_left(...) IN_HELPER(assert_nothing_left, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.16", nothing_left_of_a_run)
{
    assert_nothing_left(run_with, end_normally, 7);
    assert_nothing_left(run_with, end_with_error, -7);
    assert_nothing_left(run_with, forget, MIOU_STILL_HAS_CHILDREN);
    assert_nothing_left(run_with, leak, MIOU_RESOURCE_LEAKED);
}

CHECK("R1.16", nothing_left_of_a_run_with_monitor)
{
    assert_nothing_left(unix_run_with, end_normally, 7);
    assert_nothing_left(unix_run_with, end_with_error, -7);
    assert_nothing_left(unix_run_with, forget, MIOU_STILL_HAS_CHILDREN);
    assert_nothing_left(unix_run_with, leak, MIOU_RESOURCE_LEAKED);
}

/* The run closes the descriptors that tasks have left open, plain and owned ones. */
static int leave_descriptors(void *arg)
{
    miou_fd *fd;
    struct pair *pairs = arg;

    TRY(pair_open(&pairs[0], 0));
    TRY(pair_open(&pairs[1], MIOU_OWNED));
    TRY(listen_on(&fd, 0, 0));
    TRY(listen_on(&fd, MIOU_OWNED, 0));
    return miou_tcpv4(&fd, 0);
}

CHECK("R1.16", nothing_left_of_descriptors)
{
    int descriptors = descriptors_open();
    struct pair pairs[2] = {{0}};

    expect_code(unix_run_with(1, leave_descriptors, pairs), MIOU_RESOURCE_LEAKED);
    close(pairs[0].peer);
    close(pairs[1].peer);
    expect_number(descriptors_open(), descriptors);
}

CHECK("R1.16", memory_is_given_back)
{
    static miou_task *const ends[] = {end_normally, end_with_error, forget, leak};
    enum { RUNS = 20, LIMIT = 4 << 20 };
    long before = 0;
    int i;

    need_tasks(BUSY_TASKS + 2);
    for (i = 0; i < 2 * RUNS; i++) {
        with_index(i);
        struct busy t = {.end = ends[i % 4]};

        expect_true(run_with(2, be_busy, &t) != 0);
        if (i == RUNS - 1)
            before = memory_resident();
    }
    expect_true(before > 0);
    /* A tenth of the tasks' stacks would be more. */
    expect_true(memory_resident() - before < LIMIT);
}

/* ---- R1.16: mappings and descriptors after many runs ---- */

/* One of each kind of object is left to the run. */
static int leave_objects(void *arg)
{
    miou_resource *resource;
    miou_mutex *mutex;
    miou_condition *condition;
    miou_lazy *lazy;
    miou_trigger *trigger;
    miou_computation *computation;
    miou_orphans *orphans;
    miou_syscall *point;
    miou_hook *hook;

    TRY(miou_resource_create(&resource, ignore, NULL));
    TRY(miou_mutex_create(&mutex));
    TRY(miou_condition_create(&condition));
    TRY(miou_lazy_create(&lazy, return_0, NULL));
    TRY(miou_trigger_create(&trigger));
    TRY(miou_computation_create(&computation));
    TRY(miou_computation_attach(computation, trigger));
    TRY(miou_orphans_create(&orphans));
    TRY(miou_syscall_create(&point));
    TRY(miou_hook_add(&hook, return_0, NULL));
    return arg == NULL ? 0 : miou_mutex_lock(mutex); /* some are left locked */
}

static int leave_all(void *arg)
{
    miou_task *end = (*(struct busy *)arg).end;
    miou_promise *promise;

    TRY(leave_objects(arg));
    TRY(miou_async(&promise, NULL, leave_objects, NULL));
    TRY(miou_await(promise, NULL));
    if (miou_domain_available() > 0) {
        TRY(miou_call(&promise, NULL, leave_objects, arg));
        TRY(miou_await(promise, NULL));
    }
    return end(NULL);
}

static int leave_all_and_descriptors(void *arg)
{
    miou_fd *fd;

    TRY(miou_sleep(1));
    TRY(miou_tcpv4(&fd, 0));
    TRY(miou_tcpv4(&fd, MIOU_OWNED));
    TRY(miou_close(fd));
    return leave_all(arg);
}

static int await_in_vain(void *arg)
{
    miou_trigger *trigger;

    (void)arg;
    TRY(miou_trigger_create(&trigger));
    return miou_trigger_await(trigger);
}

static void keep_quiet(void *state, const miou_waiting *waiting)
{
    (void)state;
    (void)waiting;
}

/* A page that stays mapped after each run shows in every batch. What a library keeps for later
 * stops growing, so that one batch adds less. */
static void assert_no_growth(check_runner *run, int domains, miou_task *fn, miou_task *end)
{
    enum { BATCHES = 3, RUNS = 8, PAGE = 4096 };
    miou_options options = {.domains = domains, .deadlock = keep_quiet};
    int batch, i, descriptors = descriptors_open();
    long least = LONG_MAX, before = 0, after;

    for (batch = 0; batch <= BATCHES; batch++) {
        with_index(batch);

        for (i = 0; i < RUNS; i++) {
            struct busy t = {.end = end};

            run(&options, fn, &t);
        }
        after = memory_mapped();
        expect_true(after > 0);
        if (batch > 0 && after - before < least)
            least = after - before;
        before = after;
    }
    expect_true(least < (long)RUNS * PAGE);
    expect_number(descriptors_open(), descriptors);
}
#define assert_no_growth(...) IN_HELPER(assert_no_growth, (__VA_ARGS__), #__VA_ARGS__)

static miou_task *const all_ends[] = {end_normally, end_with_error, forget, leak, await_in_vain};
enum { ALL_ENDS = sizeof all_ends / sizeof all_ends[0] };

CHECK("R1.16", mappings_are_given_back)
{
    int end;

    for (end = 0; end < ALL_ENDS; end++) {
        with_index(end);

        assert_no_growth(miou_run, 0, leave_all, all_ends[end]);
    }
}

CHECK("R1.16", mappings_of_runs_with_domains_are_given_back)
{
    int end;

    for (end = 0; end < ALL_ENDS; end++) {
        with_index(end);

        assert_no_growth(miou_run, 1 + end % 2, leave_all, all_ends[end]);
    }
}

CHECK("R1.16", mappings_of_runs_with_monitor_are_given_back)
{
    int end;

    for (end = 0; end < ALL_ENDS; end++) {
        with_index(end);

        assert_no_growth(miou_unix_run, end % 2, leave_all_and_descriptors, all_ends[end]);
    }
}

/* ---- R1.17: idling ---- */

struct idling {
    double used; /* by the others */
    struct pair pair;
};

static int work_in_task(void *arg)
{
    ((struct idling *)arg)->used = used_beside_us();
    return 0;
}

static int await_work(void *arg)
{
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, work_in_task, arg));
    return miou_await(promise, NULL);
}

/* Each other domain has executed tasks before. */
static int work_in_main(void *arg)
{
    int i;

    for (i = 0; i < 3; i++)
        TRY(miou_parallel(NULL, end_normally, (void *[]){NULL, NULL, NULL}, 3));
    ((struct idling *)arg)->used = used_beside_us();
    return 0;
}

static void assert_idles(check_runner *run, int domains, miou_task *fn)
{
    struct idling t = {.used = 1e9};

    expect_code(run_by(run, &(miou_options){.domains = domains}, fn, &t), 0);
    expect_at_most(t.used, AT_REST);
}
#define assert_idles(...) IN_HELPER(assert_idles, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.17", dom0_idles_in_await)
{
    assert_idles(miou_run, 1, await_work);
}

CHECK("R1.17", dom0_idles_in_await_with_the_posix_monitor)
{
    assert_idles(miou_unix_run, 1, await_work);
}

CHECK("R1.17", domains_idle_without_tasks)
{
    assert_idles(miou_run, 3, work_in_main);
}

CHECK("R1.17", domains_idle_without_tasks_with_the_posix_monitor)
{
    assert_idles(miou_unix_run, 3, work_in_main);
}

/* Work until the others have come to rest, for which they may take a moment. */
static int work_until_idle(void *arg)
{
    struct idling *t = arg;
    int i;

    for (i = 0; i < 20 && t->used > AT_REST; i++)
        t->used = used_beside_us();
    return 0;
}

/* A task of dom0 and one of another domain sleep meanwhile. */
static int work_beside_sleepers(void *arg)
{
    miou_promise *sleepers[2];
    int i;

    for (i = 0; i < 2; i++)
        TRY(spawn_on(2 * i, &sleepers[i], sleep_an_hour, NULL));
    TRY(run_on(1, work_until_idle, arg));
    for (i = 0; i < 2; i++)
        TRY(miou_cancel(sleepers[i]));
    return 0;
}

CHECK("R1.17", sleeping_uses_no_processor)
{
    assert_idles(miou_unix_run, 2, work_beside_sleepers);
}

static void handle(int number, void *unused)
{
    (void)number, (void)unused;
}

static int work_beside_a_handler(void *arg)
{
    TRY(miou_signal_handle(SIGUSR1, handle, NULL));
    return run_on(1, work_until_idle, arg);
}

CHECK("R1.17", waiting_for_signals_uses_no_processor)
{
    assert_idles(miou_run, 1, work_beside_a_handler);
    assert_idles(miou_unix_run, 1, work_beside_a_handler);
}

static void *send_after_work(void *arg)
{
    struct idling *t = arg;

    t->used = used_beside_us();
    peer_send(t->pair.peer, "x", 1);
    return NULL;
}

static int read_after_work(void *arg)
{
    struct idling *t = arg;
    pthread_t thread;
    char byte;

    TRY(pair_open(&t->pair, 0));
    start_thread(&thread, send_after_work, t);
    TRY(miou_read(t->pair.fd, &byte, 1));
    pthread_join(thread, NULL);
    return miou_close(t->pair.fd);
}

CHECK("R1.17", all_idle_in_read)
{
    struct idling t = {.used = 1e9};

    expect_code(unix_run_with(2, read_after_work, &t), 0);
    expect_at_most(t.used, AT_REST);
    close(t.pair.peer);
}

struct waiting {
    struct waits waits;
    double used; /* at the quietest time */
};

/* No rule says how soon the domains are idle: to be idle once is enough. */
static void *serve_after_a_rest(void *arg)
{
    struct waiting *t = arg;
    int i;

    for (i = 0; i < 20 && t->used > AT_REST; i++)
        t->used = used_beside_us();
    return waits_serve(&t->waits);
}

/* One task waits here, the others on two other domains. */
static int wait_idly(void *arg)
{
    struct waiting *t = arg;
    pthread_t thread;

    TRY(waits_open(&t->waits));
    FOR_EACH_WAIT(kind, &t->waits)
    TRY((kind == t->waits.first ? miou_async : miou_call)(
        &t->waits.promises[kind], NULL, wait_tasks[kind], &t->waits.waiters[kind]));
    start_thread(&thread, serve_after_a_rest, t);
    TRY(waits_await(&t->waits));
    pthread_join(thread, NULL);
    return 0;
}

static void check_waiting(struct waits waits)
{
    struct waiting t = {.waits = waits, .used = 1e9};

    expect_code(unix_run_with(2, wait_idly, &t), 0);
    expect_at_most(t.used, AT_REST);
}
#define check_waiting(...) IN_HELPER(check_waiting, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.17", waiting_for_descriptors_uses_no_processor)
{
    check_waiting((struct waits){WAITS_OF_STREAMS});
}

CHECK("R1.17", waiting_for_peers_and_datagrams_uses_no_processor)
{
    check_waiting((struct waits){OTHER_WAITS});
}

/* ---- R1.17: beside a queue of errors ---- */

struct queue {
    miou_fd *fd;
    unsigned short port;
    ssize_t first, second; /* what the receiver gets */
    atomic_bool received;
    double used;
};

/* The error is returned once, and stays in the queue. */
static int receive_twice(void *arg)
{
    struct queue *t = arg;
    char byte;

    NOTE(t->first, miou_recvfrom(t->fd, &byte, 1, NULL, NULL));
    atomic_store(&t->received, true);
    NOTE(t->second, miou_recvfrom(t->fd, &byte, 1, NULL, NULL));
    return 0;
}

static void *watch_the_rest(void *arg)
{
    struct queue *t = arg;
    int i;

    while (!atomic_load(&t->received))
        sched_yield();
    for (i = 0; i < 20 && t->used > AT_REST; i++)
        t->used = used_beside_us();
    peer_send(peer_connect_udp(t->port), "x", 1);
    return NULL;
}

/* A port that nobody has any more. */
static struct sockaddr_in port_of_nobody(void)
{
    struct sockaddr_in nobody = loopback(0);
    socklen_t length = sizeof nobody;
    int other = socket(AF_INET, SOCK_DGRAM, 0);

    if (bind(other, (struct sockaddr *)&nobody, sizeof nobody) < 0 ||
        getsockname(other, (struct sockaddr *)&nobody, &length) < 0)
        cannot_test("no port can be had: %s", strerror(errno));
    close(other);
    return nobody;
}

static int keep_errors(int number)
{
    int one = 1;

    return setsockopt(number, IPPROTO_IP, IP_RECVERR, &one, sizeof one);
}

/* End the check if the system has no such queue, or lets no error into it. */
static void need_queue_of_errors(void)
{
    struct sockaddr_in nobody = port_of_nobody();
    struct pollfd polled = {.fd = socket(AF_INET, SOCK_DGRAM, 0)};
    const int patience = 3000;

    if (keep_errors(polled.fd) < 0)
        cannot_test("the system keeps no errors of datagrams: %s", strerror(errno));
    sendto(polled.fd, "x", 1, 0, (struct sockaddr *)&nobody, sizeof nobody);
    if (poll(&polled, 1, patience) != 1)
        cannot_test("the system does not tell that nobody has a port");
    close(polled.fd);
}

static int wait_beside_a_queue(void *arg)
{
    struct queue *t = arg;
    struct sockaddr_in nobody = port_of_nobody();
    pthread_t thread;
    miou_promise *promise;

    TRY(receive_on_udp(&t->fd, 0));
    t->port = port_of(t->fd);
    if (keep_errors(miou_fd_number(t->fd)) < 0)
        return -errno;
    TRY(miou_sendto(t->fd, "x", 1, (struct sockaddr *)&nobody, sizeof nobody));
    TRY(miou_async(&promise, NULL, receive_twice, t));
    start_thread(&thread, watch_the_rest, t);
    TRY(miou_await(promise, NULL));
    pthread_join(thread, NULL);
    return miou_close(t->fd);
}

CHECK("R1.17", idle_beside_a_queue_of_errors)
{
    struct queue t = {.used = 1e9};

    need_loopback();
    need_queue_of_errors();
    expect_code(unix_run_with(0, wait_beside_a_queue, &t), 0);
    expect_noted(t.first, -ECONNREFUSED);
    expect_noted(t.second, 1);
    expect_at_most(t.used, AT_REST);
}

#if defined SO_ZEROCOPY && defined MSG_ZEROCOPY
/* A stream has such a queue as well: it tells that what was sent without a copy is the sender's
 * again. */
static int wait_beside_notices(void *arg)
{
    struct waiting *t = arg;
    int number, one = 1;
    pthread_t thread;

    TRY(waits_open(&t->waits));
    number = t->waits.waiters[READ].number;
    if (setsockopt(number, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof one) < 0 ||
        send(number, "x", 1, MSG_ZEROCOPY) != 1)
        return -ENOTSUP;
    await_events(number, POLLERR);
    TRY(miou_async(&t->waits.promises[READ], NULL, wait_tasks[READ], &t->waits.waiters[READ]));
    start_thread(&thread, serve_after_a_rest, t);
    TRY(waits_await(&t->waits));
    pthread_join(thread, NULL);
    return 0;
}

CHECK("R1.17", idle_beside_a_queue_of_notices)
{
    struct waiting t = {.waits = {.first = READ, .end = READ + 1}, .used = 1e9};
    int code;

    need_loopback();
    code = unix_run_with(0, wait_beside_notices, &t);
    if (code == -ENOTSUP)
        cannot_test("the system sends nothing without a copy");
    expect_code(code, 0);
    expect_at_most(t.used, AT_REST);
}
#endif
