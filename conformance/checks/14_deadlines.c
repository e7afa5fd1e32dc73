/* Rules R14.1, R14.2 and R14.6: every call that waits, under a deadline. No check demands that a
 * call expire soon, only that it expires, and not before its time. */
#include "waits.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>

enum { BOOM = MIOU_LAST - 1 };

/* ---- every call that waits, but for those of descriptors ---- */

/* What the calls wait for: a child holds the mutex and computes the lazy value until `go` is
 * complete; then it signals and completes all else, and ends. */
struct world {
    const struct call *call;
    int64_t nanoseconds; /* the deadline */
    int domain;
    miou_promise *child;
    miou_orphans *orphans;
    miou_mutex *mutex, *other;
    miou_condition *condition;
    miou_lazy *lazy;
    miou_trigger *trigger;
    miou_computation *computation, *go;
    miou_syscall *point;
    atomic_int cancelled; /* children of miou_parallel */
    int64_t lasted;
    int expired, served;
};

struct call {
    const char *name;
    miou_task *make;               /* makes it; returns its result, or 0 */
    int (*serve)(struct world *w); /* lets what it waits for happen */
};

static int compute_late(void *arg)
{
    struct world *w = arg;

    return miou_computation_await(w->go, NULL);
}

static int hold_all(void *arg)
{
    struct world *w = arg;

    TRY(miou_mutex_lock(w->mutex));
    TRY(miou_lazy_force(w->lazy, NULL));
    TRY(miou_mutex_unlock(w->mutex));
    TRY(miou_trigger_signal(w->trigger));
    return miou_computation_complete(w->computation, 0);
}

static int world_open(struct world *w)
{
    TRY(miou_orphans_create(&w->orphans));
    TRY(miou_mutex_create(&w->mutex));
    TRY(miou_mutex_create(&w->other));
    TRY(miou_condition_create(&w->condition));
    TRY(miou_lazy_create(&w->lazy, compute_late, w));
    TRY(miou_trigger_create(&w->trigger));
    TRY(miou_computation_create(&w->computation));
    TRY(miou_computation_create(&w->go));
    TRY(miou_async(&w->child, &(miou_spawn){.orphans = w->orphans}, hold_all, w));
    return let_others_run();
}

/* The child, unless the call has taken it. */
static int world_close(struct world *w)
{
    miou_promise *left;
    int error = miou_orphans_take(&left, w->orphans);

    return error == 1 ? miou_await(left, NULL) : error;
}

static int serve(struct world *w)
{
    return miou_computation_complete(w->go, 0);
}

static int call_await(void *arg)
{
    struct world *w = arg;

    return miou_await(w->child, NULL);
}

static int call_await_all(void *arg)
{
    struct world *w = arg;

    return miou_await_all(NULL, &w->child, 1);
}

static int call_await_one(void *arg)
{
    struct world *w = arg;

    return miou_await_one(NULL, NULL, &w->child, 1);
}

static int call_await_first(void *arg)
{
    struct world *w = arg;

    return miou_await_first(NULL, NULL, &w->child, 1);
}

static int call_orphans_get(void *arg)
{
    struct world *w = arg;
    int got = miou_orphans_get(NULL, w->orphans);

    return got == 1 ? 0 : got;
}

static int call_lock(void *arg)
{
    struct world *w = arg;
    int error = miou_mutex_lock(w->mutex);

    return error == 0 ? miou_mutex_unlock(w->mutex) : error;
}

static int call_protect(void *arg)
{
    struct world *w = arg;

    return miou_mutex_protect(w->mutex, return_0, NULL);
}

static int call_condition_wait(void *arg)
{
    struct world *w = arg;
    int error;

    TRY(miou_mutex_lock(w->other));
    error = miou_condition_wait(w->condition, w->other);
    return error == 0 ? miou_mutex_unlock(w->other) : error;
}

static int broadcast(void *arg)
{
    struct world *w = arg;

    TRY(miou_mutex_lock(w->other));
    TRY(miou_condition_broadcast(w->condition));
    return miou_mutex_unlock(w->other);
}

static int serve_condition(struct world *w)
{
    TRY(serve(w));
    return miou_async(NULL, &(miou_spawn){.orphans = w->orphans}, broadcast, w);
}

static int call_force(void *arg)
{
    struct world *w = arg;

    return miou_lazy_force(w->lazy, NULL);
}

static int call_trigger_await(void *arg)
{
    struct world *w = arg;

    return miou_trigger_await(w->trigger);
}

static int call_computation_await(void *arg)
{
    struct world *w = arg;

    return miou_computation_await(w->computation, NULL);
}

static int end_with_go(void *arg)
{
    struct world *w = arg;
    int error = miou_computation_await(w->go, NULL);

    w->cancelled += error == MIOU_CANCELLED;
    return error;
}

static int call_parallel(void *arg)
{
    struct world *w = arg;
    int outcomes[2] = {0, 0};
    int error = miou_parallel(outcomes, end_with_go, (void *[]){w, w}, 2);

    return error < 0 ? error : outcomes[0] + outcomes[1];
}

static int call_sleep(void *arg)
{
    struct world *w = arg;
    int complete = miou_computation_peek(w->go, NULL);

    return complete < 0 ? complete : miou_sleep(complete ? 1 : HOUR);
}

static int call_suspend(void *arg)
{
    struct world *w = arg;

    TRY(miou_syscall_create(&w->point));
    return miou_suspend(w->point, NULL, NULL);
}

static int signal_point(void *arg)
{
    struct world *w = arg;

    return miou_signal(w->point);
}

static int serve_point(struct world *w)
{
    TRY(serve(w));
    return miou_async(NULL, &(miou_spawn){.orphans = w->orphans}, signal_point, w);
}

static const struct call calls[] = {
    {"miou_await", call_await, serve},
    {"miou_await_all", call_await_all, serve},
    {"miou_await_one", call_await_one, serve},
    {"miou_await_first", call_await_first, serve},
    {"miou_orphans_get", call_orphans_get, serve},
    {"miou_parallel", call_parallel, serve},
    {"miou_sleep", call_sleep, serve},
    {"miou_mutex_lock", call_lock, serve},
    {"miou_mutex_protect", call_protect, serve},
    {"miou_condition_wait", call_condition_wait, serve_condition},
    {"miou_lazy_force", call_force, serve},
    {"miou_trigger_await", call_trigger_await, serve},
    {"miou_computation_await", call_computation_await, serve},
    {"miou_suspend", call_suspend, serve_point},
};

enum { CALLS = sizeof calls / sizeof *calls };

static int await_left(struct world *w)
{
    int error;

    do
        error = miou_orphans_get(NULL, w->orphans);
    while (error == 1);
    return error;
}

/* Let the call expire, and make it again when what it waits for happens. */
static int expire_and_serve(void *arg)
{
    struct world *w = arg;
    int64_t before;

    TRY(world_open(w));
    before = now();
    NOTE(w->expired, miou_deadline(w->nanoseconds, w->call->make, w));
    w->lasted = now() - before;
    TRY(w->call->serve(w));
    NOTE(w->served, w->call->make(w));
    TRY(await_left(w));
    return world_close(w);
}

static int expire_somewhere(void *arg)
{
    struct world *w = arg;

    return run_on(w->domain, expire_and_serve, w);
}

static void expire_all(int64_t nanoseconds, int domain)
{
    int i;

    for (i = 0; i < CALLS; i++) {
        with_name(calls[i].name);
        struct world w = {.call = &calls[i], .nanoseconds = nanoseconds, .domain = domain};

        expect_code(unix_run_with(2, expire_somewhere, &w), 0);
        expect_noted(w.expired, MIOU_EXPIRED);
        expect_true(w.lasted >= nanoseconds);
        expect_noted(w.served, 0);
    }
}
#define expire_all(...) IN_HELPER(expire_all, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R14.1 R14.6", every_call_that_waits_expires)
{
    expire_all(2 * MILLISECOND, 0);
}

CHECK("R14.1 R14.6", every_call_that_waits_expires_elsewhere)
{
    expire_all(2 * MILLISECOND, 1);
}

CHECK("R14.2 R14.6", no_call_waits_when_the_time_is_over)
{
    expire_all(0, 0);
    expire_all(-HOUR, 0);
    expire_all(INT64_MIN, 1);
}

static void note_suspended(void *arg)
{
    struct world *w = arg;

    w->served++;
}

static int suspend_too_late(void *arg)
{
    struct world *w = arg;

    TRY(miou_syscall_create(&w->point));
    return miou_suspend(w->point, note_suspended, w);
}

static int suspend_below_a_deadline(void *arg)
{
    return miou_deadline(0, suspend_too_late, arg);
}

CHECK("R14.2", nothing_is_told_of_a_task_that_comes_too_late_to_suspend)
{
    struct world w = {0};

    expect_code(unix_run_with(0, suspend_below_a_deadline, &w), MIOU_EXPIRED);
    expect_number(w.served, 0);
}

/* Served before: none has to wait. */
static int serve_at_once(void *arg)
{
    struct world *w = arg;

    TRY(world_open(w));
    TRY(serve(w));
    while (miou_promise_state(w->child) == MIOU_STATE_RUNNING)
        TRY(miou_yield());
    NOTE(w->served, miou_deadline(w->nanoseconds, w->call->make, w));
    TRY(await_left(w));
    return world_close(w);
}

static bool can_be_there_already(const struct call *call)
{
    return call->serve == serve && call->make != call_parallel && call->make != call_sleep;
}

CHECK("R14.2", what_is_there_already_can_be_had)
{
    int i;

    for (i = 0; i < CALLS; i++) {
        with_name(calls[i].name);
        struct world w = {.call = &calls[i], .served = 1};

        if (!can_be_there_already(&calls[i]))
            continue;
        expect_code(unix_run_with(0, serve_at_once, &w), 0);
        expect_noted(w.served, 0);
    }
}

/* Nothing has to be waited for at all. */
struct nothing {
    miou_orphans *orphans; /* empty */
    int deadline, slept, all, parallel, got;
};

static int wait_for_nothing(void *arg)
{
    struct nothing *t = arg;

    NOTE(t->slept, miou_sleep(0));
    NOTE(t->all, miou_await_all(NULL, NULL, 0));
    NOTE(t->parallel, miou_parallel(NULL, return_0, NULL, 0));
    NOTE(t->got, miou_orphans_get(NULL, t->orphans));
    return 0;
}

static int wait_for_nothing_too_late(void *arg)
{
    struct nothing *t = arg;

    TRY(miou_orphans_create(&t->orphans));
    NOTE(t->deadline, miou_deadline(0, wait_for_nothing, t));
    return 0;
}

CHECK("R14.2", nothing_can_be_waited_for_at_any_time)
{
    struct nothing t = {.slept = 1, .all = 1, .parallel = 1, .got = 1};

    expect_code(unix_run_with(1, wait_for_nothing_too_late, &t), 0);
    expect_noted(t.deadline, 0);
    expect_noted(t.slept, 0);
    expect_noted(t.all, 0);
    expect_noted(t.parallel, 0);
    expect_noted(t.got, 0);
}

/* ---- descriptors ---- */

struct descriptors {
    struct waits waits;
    int64_t nanoseconds;
    int deadlines[WAITS];
};

/* After an error these cannot be made again. */
static bool spoils(enum wait_kind kind)
{
    return kind == WRITE || kind == CONNECT || kind == READ_EXACTLY || kind == SENDTO;
}

static int call_in_time(void *arg)
{
    struct descriptors *t = arg;

    FOR_EACH_WAIT(kind, &t->waits)
    NOTE(t->deadlines[kind],
         miou_deadline(t->nanoseconds, wait_tasks[kind], &t->waits.waiters[kind]));
    return 0;
}

static int expire_descriptors(void *arg)
{
    struct descriptors *t = arg;

    TRY(waits_open(&t->waits));
    return call_in_time(t);
}

static void check_descriptors(unsigned flags, int64_t nanoseconds)
{
    struct descriptors t = {.waits = {.first = ACCEPT, .end = WAITS, .flags = flags},
                            .nanoseconds = nanoseconds};

    expect_code(unix_run_with(0, expire_descriptors, &t),
                flags & MIOU_OWNED ? MIOU_RESOURCE_LEAKED : 0);
    waits_assert(&t.waits, MIOU_EXPIRED);
    FOR_EACH_WAIT(kind, &t.waits)
    expect_noted(t.deadlines[kind], 0); /* what the task returned */
}
#define check_descriptors(...) IN_HELPER(check_descriptors, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R14.1", every_call_on_a_descriptor_expires)
{
    check_descriptors(0, 2 * MILLISECOND);
    check_descriptors(MIOU_OWNED, 2 * MILLISECOND);
}

CHECK("R14.2", no_call_on_a_descriptor_waits_when_the_time_is_over)
{
    check_descriptors(0, 0);
    check_descriptors(MIOU_OWNED, -1);
}

static int expire_and_serve_descriptors(void *arg)
{
    struct descriptors *t = arg;

    TRY(expire_descriptors(t));
    FOR_EACH_WAIT(kind, &t->waits)
    if (!spoils(kind)) {
        waits_serve_one(&t->waits, kind);
        TRY(wait_tasks[kind](&t->waits.waiters[kind]));
    }
    return 0;
}

CHECK("R14.6", descriptors_can_be_waited_for_again)
{
    static const enum wait_kind kinds[] = {ACCEPT, READ, RECVFROM};
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        with_index(i);
        struct descriptors t = {.waits = {.first = kinds[i], .end = kinds[i] + 1},
                                .nanoseconds = MILLISECOND};

        expect_code(unix_run_with(0, expire_and_serve_descriptors, &t), 0);
        waits_assert_served(&t.waits);
    }
}

/* Provide what a call waits for, and block until it is there. */
static void serve_and_see(const struct waits *waits, enum wait_kind kind)
{
    waits_serve_one(waits, kind);
    if (kind == READ_EXACTLY)
        await_bytes(waits->waiters[kind].number, 2);
    else
        await_events(waits->waiters[kind].number, POLLIN);
}

/* What the call waits for is there already. */
static int have_descriptors_at_once(void *arg)
{
    struct descriptors *t = arg;

    TRY(waits_open(&t->waits));
    FOR_EACH_WAIT(kind, &t->waits)
    serve_and_see(&t->waits, kind);
    return call_in_time(t);
}

/* And there is room for what is written. */
struct room {
    struct pair pair;
    ssize_t results[3];
};

static int write_where_there_is_room(void *arg)
{
    struct room *t = arg;

    NOTE(t->results[0], miou_write(t->pair.fd, "x", 1));
    NOTE(t->results[1], miou_writev(t->pair.fd, &(struct iovec){"x", 1}, 1));
    NOTE(t->results[2], miou_sendto(t->pair.fd, "x", 1, NULL, 0));
    return 0;
}

static int write_with_no_time(void *arg)
{
    struct room *t = arg;

    TRY(pair_adopt(&t->pair, SOCK_DGRAM, 0));
    return miou_deadline(0, write_where_there_is_room, t);
}

CHECK("R14.2", what_has_come_to_a_descriptor_can_be_had)
{
    static const enum wait_kind kinds[] = {ACCEPT, READ, READ_EXACTLY, RECVFROM};
    struct room room = {.results = {0}};
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        with_index(i);
        struct descriptors t = {.waits = {.first = kinds[i], .end = kinds[i] + 1}};

        expect_code(unix_run_with(0, have_descriptors_at_once, &t), 0);
        waits_assert_served(&t.waits);
    }
    expect_code(unix_run_with(0, write_with_no_time, &room), 0);
    for (i = 0; i < 3; i++) {
        with_index(i);

        expect_noted(room.results[i], 1);
    }
}

/* The deadline passes and what the call waits for comes while its domain is busy. Whether the call
 * returns that or expires, it is not lost. */
static int serve_when_it_is_late(void *arg)
{
    struct descriptors *t = arg;
    enum wait_kind kind = t->waits.first;
    struct waiter *waiter = &t->waits.waiters[kind];
    int64_t begun = now();
    miou_promise *promise;

    TRY(waits_open(&t->waits));
    TRY(miou_async(&promise, NULL, call_in_time, t));
    TRY(miou_yield());
    serve_and_see(&t->waits, kind);
    while (now() < begun + 2 * t->nanoseconds)
        ;
    TRY(await_and_free(promise));
    return waiter->result == MIOU_EXPIRED ? miou_deadline(0, wait_tasks[kind], waiter) : 0;
}

CHECK("R14.6", what_comes_with_the_deadline_is_not_lost)
{
    static const enum wait_kind kinds[] = {ACCEPT, READ, RECVFROM};
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        with_index(i);
        struct descriptors t = {.waits = {.first = kinds[i], .end = kinds[i] + 1},
                                .nanoseconds = 5 * MILLISECOND};

        expect_code(unix_run_with(0, serve_when_it_is_late, &t), 0);
        waits_assert_served(&t.waits);
    }
}

/* Bytes come while deadlines pass, again and again: each is read once, in its place. A read of one
 * byte more than there are leaves a runtime that remembers how much there was. */
enum { BYTES = 4000 };

struct trickle {
    struct pair pair;
    unsigned char bytes[BYTES];
    int count;
    int last;
};

static int read_part(void *arg)
{
    struct trickle *t = arg;
    ssize_t n = miou_read(t->pair.fd, t->bytes + t->count, (size_t)(BYTES - t->count));

    if (n > 0)
        t->count += (int)n;
    return (int)n;
}

static void *send_trickle(void *arg)
{
    const struct trickle *t = arg;
    unsigned char piece[8];
    size_t sent;

    for (sent = 0; sent < BYTES; sent += sizeof piece) {
        pattern_fill(piece, sizeof piece, sent);
        peer_send(t->pair.peer, piece, sizeof piece);
        sched_yield();
    }
    return NULL;
}

static int read_trickle(void *arg)
{
    struct trickle *t = arg;
    pthread_t thread;
    int64_t nanoseconds = 0;

    TRY(pair_open(&t->pair, MIOU_OWNED));
    start_thread(&thread, send_trickle, t);
    while (t->count < BYTES) {
        int n = miou_deadline(nanoseconds, read_part, t);

        if (n != MIOU_EXPIRED)
            TRY(n);
        nanoseconds = (nanoseconds + 1000) % 40000;
    }
    pthread_join(thread, NULL);
    return miou_close(t->pair.fd);
}

CHECK("R14.6", no_byte_is_lost_to_a_deadline)
{
    struct trickle t = {.count = 0};

    expect_code(unix_run_with(0, read_trickle, &t), 0);
    expect_number(pattern_match(t.bytes, BYTES, 0), BYTES);
}

/* More has come than one read took. */
static int read_with_no_time(void *arg)
{
    struct trickle *t = arg;
    int first;

    TRY(pair_open(&t->pair, MIOU_OWNED));
    peer_send(t->pair.peer, "abc", 3);
    await_bytes(t->pair.number, 3);
    TRY(first = miou_deadline(0, read_part, t)); /* reads all, and asks for more */
    peer_send(t->pair.peer, "d", 1);
    await_bytes(t->pair.number, 1);
    NOTE(t->last, miou_deadline(0, read_part, t));
    TRY(miou_close(t->pair.fd));
    return first;
}

CHECK("R14.2 R14.6", what_has_come_meanwhile_is_read)
{
    struct trickle t = {.count = 0};

    expect_code(unix_run_with(0, read_with_no_time, &t), 3);
    expect_noted(t.last, 1);
    expect_bytes(t.bytes, "abcd", 4);
}

/* ---- R14.1: the code, what fn returned, and tasks beside it ---- */

CHECK("R14.1", the_code_of_deadlines_has_a_text)
{
    expect_code(miou_deadline(0, return_0, NULL), MIOU_NOT_RUNNING); /* the runtime has the part */
    expect_text(miou_strerror(MIOU_EXPIRED), "expired");
}

enum { LENGTHS = 5 };

struct results {
    int of_values[LENGTHS], of_errors[LENGTHS];
};

static int call_under_deadlines(void *arg)
{
    static const int64_t lengths[LENGTHS] = {INT64_MIN, 0, 1, 3600000000000, INT64_MAX};
    struct results *t = arg;
    int i;

    for (i = 0; i < LENGTHS; i++) {
        NOTE(t->of_values[i], miou_deadline(lengths[i], return_number, (void *)42));
        NOTE(t->of_errors[i], miou_deadline(lengths[i], return_number, (void *)(intptr_t)BOOM));
    }
    return 0;
}

CHECK("R14.1", the_result_is_that_of_the_function)
{
    struct results t = {.of_values = {0}};
    int i;

    expect_code(unix_run_with(0, call_under_deadlines, &t), 0);
    for (i = 0; i < LENGTHS; i++) {
        with_index(i);

        expect_noted(t.of_values[i], 42);
        expect_noted(t.of_errors[i], BOOM);
    }
}

/* The codes of the interface are outcomes like others: no call of the function returned them. */
enum { OUTCOMES = 8 };

static const int outcomes[OUTCOMES] = {
    0,     INT_MAX, -EPERM, MIOU_CANCELLED, MIOU_EXPIRED, MIOU_RESOURCE_LEAKED, MIOU_IN_FINALISER,
    -EINTR};

static int call_for_outcomes(void *arg)
{
    static const int64_t lengths[] = {0, 3600000000000};
    int(*results)[OUTCOMES] = arg;
    int i, j;

    for (i = 0; i < 2; i++)
        for (j = 0; j < OUTCOMES; j++)
            NOTE(results[i][j],
                 miou_deadline(lengths[i], return_number, (void *)(intptr_t)outcomes[j]));
    return 0;
}

CHECK("R14.1", the_result_is_that_of_the_function_whatever_it_means)
{
    int results[2][OUTCOMES] = {{1}, {1}}, i;

    expect_code(unix_run_with(0, call_for_outcomes, results), 0);
    for (i = 0; i < 2 * OUTCOMES; i++) {
        with_index(i);

        expect_noted(results[i / OUTCOMES][i % OUTCOMES], outcomes[i % OUTCOMES]);
    }
}

struct beside {
    bool over;
    int yields, result;
};

static int expire_beside(void *arg)
{
    struct beside *t = arg;

    NOTE(t->result, miou_deadline(MILLISECOND, sleep_an_hour, NULL));
    t->over = true;
    return 0;
}

static int yield_beside(void *arg)
{
    struct beside *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, expire_beside, t));
    for (; !t->over && t->yields < LONG_PATIENCE; t->yields++)
        TRY(miou_yield());
    return miou_await(promise, NULL);
}

CHECK("R14.1", tasks_run_beside_one_that_expires)
{
    struct beside t = {.yields = 0};

    expect_code(unix_run_with(0, yield_beside, &t), 0);
    expect_noted(t.result, MIOU_EXPIRED);
    expect_in_range(t.yields, 1, LONG_PATIENCE - 1);
}

/* ---- R14.6: what goes to others ---- */

/* A task waits for the mutex under a deadline, and another behind it: that one gets it. */
struct queue {
    miou_mutex *mutex;
    atomic_int waiting;
    int expired, locked;
};

static int lock_it(void *arg)
{
    struct queue *t = arg;

    return miou_mutex_lock(t->mutex);
}

static int lock_in_time(void *arg)
{
    struct queue *t = arg;

    t->waiting++;
    NOTE(t->expired, miou_deadline(2 * MILLISECOND, lock_it, t));
    return 0;
}

static int lock_late(void *arg)
{
    struct queue *t = arg;

    t->waiting++;
    NOTE(t->locked, miou_mutex_lock(t->mutex));
    return miou_mutex_unlock(t->mutex);
}

static int hold_mutex(void *arg)
{
    struct queue *t = arg;
    miou_promise *first, *second;

    TRY(miou_mutex_create(&t->mutex));
    TRY(miou_mutex_lock(t->mutex));
    TRY(miou_call(&first, NULL, lock_in_time, t));
    while (t->waiting < 1)
        TRY(miou_yield());
    TRY(let_others_run());
    TRY(miou_call(&second, NULL, lock_late, t));
    TRY(miou_await(first, NULL));
    TRY(miou_mutex_unlock(t->mutex));
    TRY(miou_await(second, NULL));
    return miou_mutex_free(t->mutex);
}

CHECK("R14.6", a_mutex_goes_to_the_next_task)
{
    struct queue t = {.locked = 1};

    expect_code(unix_run_with(2, hold_mutex, &t), 0);
    expect_noted(t.expired, MIOU_EXPIRED);
    expect_noted(t.locked, 0);
}

/* Another task holds the mutex for about as long as the deadline takes: for more turns after a
 * round in which the mutex came in time, for fewer after one in which it did not. So some handovers
 * meet a deadline that passes just then. Whichever is first, the mutex is held by the task that was
 * told so, or by none. */
enum { MEETINGS = 400, FEW_TURNS = 1 << 12, MANY_TURNS = 1 << 16, SOON = 20000 /* nanoseconds */ };

struct meetings {
    miou_mutex *mutex;
    atomic_bool held;
    int turns, results[MEETINGS];
};

static int unlock_after_turns(void *arg)
{
    struct meetings *t = arg;
    int i;

    TRY(miou_mutex_lock(t->mutex));
    atomic_store(&t->held, true);
    for (i = 0; i < t->turns; i++)
        TRY(miou_yield());
    return miou_mutex_unlock(t->mutex);
}

static int lock_now(void *arg)
{
    struct meetings *t = arg;

    return miou_mutex_lock(t->mutex);
}

static int meet(void *arg)
{
    struct meetings *t = arg;
    miou_promise *promise;
    int round;

    TRY(miou_mutex_create(&t->mutex));
    for (round = 0; round < MEETINGS; round++) {
        int *result = &t->results[round];

        atomic_store(&t->held, false);
        TRY(miou_call(&promise, NULL, unlock_after_turns, t));
        TRY(yield_until(&t->held));
        *result = miou_deadline(SOON, lock_now, t);
        if (*result == 0)
            TRY(miou_mutex_unlock(t->mutex));
        TRY(await_and_free(promise));
        TRY(miou_mutex_try_lock(t->mutex)); /* held by none */
        TRY(miou_mutex_unlock(t->mutex));
        if (*result < 0)
            t->turns -= t->turns / 16;
        else if (t->turns < MANY_TURNS)
            t->turns += t->turns / 16 + 1;
    }
    return 0;
}

CHECK("R14.6", a_mutex_is_held_by_the_one_that_was_told_so)
{
    struct meetings t = {.turns = FEW_TURNS};
    int i;

    expect_code(unix_run_with(1, meet, &t), 0);
    for (i = 0; i < MEETINGS; i++) {
        with_index(i);

        expect_one_of(t.results[i], 0, MIOU_EXPIRED);
    }
}

/* The mutex arrives from another domain, and the deadline passes, while the domain of the task that
 * waits is busy. Whether it is told that it has the mutex or that it came too late, so it is. */
struct arrival {
    miou_mutex *mutex;
    int64_t nanoseconds;
    atomic_bool held, go, unlocked;
    int result, afterwards;
};

static int hold_until_told(void *arg)
{
    struct arrival *t = arg;

    TRY(miou_mutex_lock(t->mutex));
    atomic_store(&t->held, true);
    until(&t->go);
    TRY(miou_mutex_unlock(t->mutex));
    atomic_store(&t->unlocked, true);
    return 0;
}

static int lock_under_way(void *arg)
{
    struct arrival *t = arg;

    return miou_mutex_lock(t->mutex);
}

static int lock_in_any_case(void *arg)
{
    struct arrival *t = arg;

    NOTE(t->result, miou_deadline(t->nanoseconds, lock_under_way, t));
    return t->result == 0 ? miou_mutex_unlock(t->mutex) : 0;
}

static int be_busy_meanwhile(void *arg)
{
    struct arrival *t = arg;
    miou_promise *holder, *waiter;
    int64_t begun;

    TRY(miou_mutex_create(&t->mutex));
    TRY(miou_call(&holder, NULL, hold_until_told, t));
    until(&t->held);
    begun = now();
    TRY(miou_async(&waiter, NULL, lock_in_any_case, t));
    TRY(miou_yield());
    atomic_store(&t->go, true);
    until(&t->unlocked);
    while (now() < begun + 2 * t->nanoseconds)
        ;
    TRY(miou_await(holder, NULL));
    TRY(miou_await(waiter, NULL));
    NOTE(t->afterwards, miou_mutex_try_lock(t->mutex));
    return 0;
}

CHECK("R14.6", a_mutex_that_comes_with_the_deadline_is_not_lost)
{
    struct arrival t = {.nanoseconds = MILLISECOND, .afterwards = 1};

    expect_code(unix_run_with(1, be_busy_meanwhile, &t), 0);
    expect_one_of(t.result, 0, MIOU_EXPIRED);
    expect_noted(t.afterwards, 0);
}

/* The point of a call that has expired: it would be signalled as soon as a task is suspended on it.
 */
struct expired_point {
    miou_syscall *point;
    int64_t nanoseconds;
    int expired, signalled, again;
};

static int suspend_in_vain(void *arg)
{
    struct expired_point *t = arg;

    return miou_suspend(t->point, NULL, NULL);
}

static void signal_at_once(void *point)
{
    miou_signal(point);
}

static int suspend_once_more(void *arg)
{
    struct expired_point *t = arg;

    TRY(miou_syscall_create(&t->point));
    NOTE(t->expired, miou_deadline(t->nanoseconds, suspend_in_vain, t));
    NOTE(t->signalled, miou_signal(t->point));
    NOTE(t->again, miou_suspend(t->point, signal_at_once, t->point));
    return 0;
}

CHECK("R14.6 R11.8", a_point_is_stale_when_its_call_has_expired)
{
    const int64_t lengths[] = {0, MILLISECOND};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct expired_point t = {.nanoseconds = lengths[i]};

        expect_code(unix_run_with(0, suspend_once_more, &t), 0);
        expect_noted(t.expired, MIOU_EXPIRED);
        expect_noted(t.signalled, -EINVAL);
        expect_noted(t.again, -EINVAL);
    }
}

/* The task that computes a lazy value runs out of time; one that waits computes it. */
struct value {
    miou_lazy *lazy;
    atomic_int begun;
    int expired, outcome, twice;
};

static int compute_slowly_once(void *arg)
{
    struct value *t = arg;

    return t->begun++ == 0 ? miou_sleep(HOUR) : 9;
}

static int force(void *arg)
{
    struct value *t = arg;

    return miou_lazy_force(t->lazy, NULL);
}

static int force_in_time(void *arg)
{
    struct value *t = arg;

    NOTE(t->expired, miou_deadline(2 * MILLISECOND, force, t));
    return 0;
}

static int force_behind(void *arg)
{
    struct value *t = arg;
    miou_promise *promise;

    TRY(miou_lazy_create(&t->lazy, compute_slowly_once, t));
    TRY(miou_async(&promise, NULL, force_in_time, t));
    while (t->begun == 0)
        TRY(miou_yield());
    TRY(miou_lazy_force(t->lazy, &t->outcome));
    TRY(miou_lazy_force(t->lazy, &t->twice));
    return miou_await(promise, NULL);
}

CHECK("R14.6", a_lazy_value_is_computed_by_the_next_task)
{
    struct value t = {.outcome = 0};

    expect_code(unix_run_with(0, force_behind, &t), 0);
    expect_noted(t.expired, MIOU_EXPIRED);
    expect_code(t.outcome, 9);
    expect_code(t.twice, 9);
    expect_number(t.begun, 2);
}
