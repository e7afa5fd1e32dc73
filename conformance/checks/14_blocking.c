/* Rules R14.12 to R14.14: functions that block. */
#include "answers.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>

/* ---- R14.12 ---- */

/* A function that blocks until it is posted, and what it saw. */
struct block {
    sem_t begun, go;
    pthread_t thread;
    int value, seen, refused, result;
    int outcome; /* what it returns */
    bool yielded;
};

static void block_init(struct block *t)
{
    sem_init(&t->begun, 0, 0);
    sem_init(&t->go, 0, 0);
    t->outcome = 42;
}

static int block(void *arg)
{
    struct block *t = arg;

    t->thread = pthread_self();
    t->seen = t->value;
    NOTE(t->refused, miou_yield());
    sem_post(&t->begun);
    while (sem_wait(&t->go) < 0)
        ;
    t->value = 17;
    return t->outcome;
}

static int call_block(void *arg)
{
    struct block *t = arg;

    t->value = 16;
    NOTE(t->result, miou_blocking(block, t));
    return 0;
}

/* Only a task of the same domain lets the function go on. */
static int block_beside_a_task(void *arg)
{
    struct block *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, call_block, t));
    while (sem_trywait(&t->begun) < 0)
        TRY(miou_yield());
    t->yielded = true;
    sem_post(&t->go);
    return miou_await(promise, NULL);
}

static int block_elsewhere(void *arg)
{
    return run_on(1, block_beside_a_task, arg);
}

CHECK("R14.12", a_function_blocks_its_task_alone)
{
    miou_task *const mains[] = {block_beside_a_task, block_elsewhere};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct block t = {.result = 0};
        int threads = threads_running();

        block_init(&t);
        expect_code(unix_run_with(i, mains[i], &t), 0);
        expect_true(t.yielded);
        expect_noted(t.result, 42);
        expect_noted(t.refused, MIOU_NOT_RUNNING);
        expect_number(t.seen, 16);
        expect_number(t.value, 17);
        expect_false(pthread_equal(t.thread, pthread_self()));
        expect_true(threads_fall_to(threads));
    }
}

static int return_errors(void *arg)
{
    int *results = arg;

    NOTE(results[0], miou_blocking(return_number, (void *)-7));
    NOTE(results[1], miou_blocking(return_number, (void *)0));
    NOTE(results[2], miou_blocking(NULL, NULL));
    return 0;
}

CHECK("R14.12", the_result_is_the_functions)
{
    int results[3] = {1, 1, 1};

    expect_code(unix_run_with(0, return_errors, results), 0);
    expect_noted(results[0], -7);
    expect_noted(results[1], 0);
    expect_noted(results[2], -EINVAL);
}

enum { OFTEN = 300 };

static int count_often(void *arg)
{
    int *count = arg, i;

    for (i = 0; i < OFTEN; i++)
        TRY(miou_blocking(count_one, count));
    return 0;
}

static int count_everywhere(void *arg)
{
    int *counts = arg;
    miou_promise *promises[6];
    int i;

    for (i = 0; i < 6; i++)
        TRY(spawn_on(i % 3, &promises[i], count_often, &counts[i]));
    return miou_await_all(NULL, promises, 6);
}

CHECK("R14.12", each_function_is_called_once)
{
    int counts[6] = {0}, i;

    expect_code(unix_run_with(2, count_everywhere, counts), 0);
    for (i = 0; i < 6; i++) {
        with_index(i);

        expect_number(counts[i], OFTEN);
    }
}

/* The function sends its own thread a signal, and waits for the handler; no other task is there. */
static void hear(int number, void *heard)
{
    (void)number;
    atomic_store((atomic_bool *)heard, true);
}

static int raise_and_wait(void *heard)
{
    sigset_t set;

    used_beside_us(); /* most often dom0 has fallen asleep by then */
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL); /* on the runtime's own threads it may be blocked */
    raise(SIGUSR1);
    until(heard);
    return 0;
}

static int block_until_heard(void *heard)
{
    TRY(miou_signal_handle(SIGUSR1, hear, heard));
    return miou_blocking(raise_and_wait, heard);
}

CHECK("R14.12 R12.3", a_handler_runs_beside_a_function_that_blocks)
{
    atomic_bool heard = false;

    expect_code(unix_run_with(0, block_until_heard, &heard), 0);
    expect_true(heard);
}

/* In a steered run a task is ready all the time, on each domain, and does not go on meanwhile. */
struct held {
    pthread_t thread;
    int turns, before, after, refused, result;
    bool over;
};

static int block_in_the_run(void *arg)
{
    struct held *t = arg;

    t->thread = pthread_self();
    t->before = t->turns;
    NOTE(t->refused, miou_yield());
    sched_yield();
    t->after = t->turns;
    return 42;
}

static int count_turns(void *arg)
{
    struct held *t = arg;

    for (; !t->over; t->turns++)
        TRY(miou_yield());
    return 0;
}

static int block_beside_others(void *arg)
{
    struct held *t = arg;
    miou_promise *promises[2];

    TRY(miou_async(&promises[0], NULL, count_turns, t));
    TRY(miou_call(&promises[1], NULL, count_turns, t));
    TRY(let_others_run());
    NOTE(t->result, miou_blocking(block_in_the_run, t));
    t->over = true;
    return miou_await_all(NULL, promises, 2);
}

CHECK("R14.12", a_function_holds_up_a_steered_run)
{
    miou_choose *const chooses[] = {answer_0, answer_at_random};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct answers answers = {.state = 1};
        struct held t = {.result = 0};

        expect_code(steer(miou_unix_run, 1, chooses[i], &answers, block_beside_others, &t), 0);
        expect_noted(t.result, 42);
        expect_noted(t.refused, MIOU_NOT_RUNNING);
        expect_true(pthread_equal(t.thread, pthread_self()));
        expect_at_least(t.before, 1);
        expect_number(t.after, t.before);
    }
}

/* ---- R14.13 ---- */

enum { AT_ONCE = 4 };

/* They wait for each other. */
struct meeting {
    pthread_barrier_t barrier;
    atomic_int met;
};

static int meet(void *arg)
{
    struct meeting *t = arg;

    pthread_barrier_wait(&t->barrier);
    atomic_fetch_add(&t->met, 1);
    return 0;
}

static int call_meet(void *arg)
{
    return miou_blocking(meet, arg);
}

static int meet_all(void *arg)
{
    miou_promise *promises[AT_ONCE];
    int outcomes[AT_ONCE], i;

    for (i = 0; i < AT_ONCE; i++)
        TRY(miou_async(&promises[i], NULL, call_meet, arg));
    TRY(miou_await_all(outcomes, promises, AT_ONCE));
    for (i = 0; i < AT_ONCE; i++)
        TRY(outcomes[i]);
    return 0;
}

CHECK("R14.13", four_functions_go_on_at_once)
{
    struct meeting t = {.met = 0};

    need_tasks(AT_ONCE);
    pthread_barrier_init(&t.barrier, NULL, AT_ONCE);
    expect_code(unix_run_with(0, meet_all, &t), 0);
    expect_number(t.met, AT_ONCE);
    pthread_barrier_destroy(&t.barrier);
}

static int return_at_once(void *unused)
{
    (void)unused;
    return 0;
}

/* A function has returned before, and its thread may rest. */
static int meet_all_after_one(void *arg)
{
    TRY(miou_blocking(return_at_once, NULL));
    TRY(miou_sleep(MILLISECOND));
    return meet_all(arg);
}

CHECK("R14.13", four_functions_go_on_at_once_after_another)
{
    int i;

    need_tasks(AT_ONCE);
    for (i = 0; i < 10; i++) {
        with_index(i);
        struct meeting t = {.met = 0};

        pthread_barrier_init(&t.barrier, NULL, AT_ONCE);
        expect_code(unix_run_with(0, meet_all_after_one, &t), 0);
        expect_number(t.met, AT_ONCE);
        pthread_barrier_destroy(&t.barrier);
    }
}

/* More functions than a runtime may execute at once. Those that have begun return one by one, in
 * the order in which they came, so that the next in this order never has to wait for a later one.
 * In another order the check hangs. */
enum { MANY = 200 };

struct turns {
    struct turn {
        atomic_bool begun;
        sem_t go;
    } turns[MANY];
};

static int block_for_a_turn(void *arg)
{
    struct turn *t = arg;

    atomic_store(&t->begun, true);
    while (sem_wait(&t->go) < 0)
        ;
    return 0;
}

static int call_in_turn(void *arg)
{
    return miou_blocking(block_for_a_turn, arg);
}

static int return_in_turn(void *arg)
{
    struct turns *t = arg;
    miou_promise *promises[MANY];
    int i;

    for (i = 0; i < MANY; i++)
        TRY(miou_async(&promises[i], NULL, call_in_turn, &t->turns[i]));
    for (i = 0; i < MANY; i++) {
        while (!atomic_load(&t->turns[i].begun))
            TRY(miou_yield());
        sem_post(&t->turns[i].go);
    }
    return miou_await_all(NULL, promises, MANY);
}

CHECK("R14.13", functions_begin_in_the_order_in_which_they_came)
{
    static struct turns t;
    int i;

    for (i = 0; i < MANY; i++)
        sem_init(&t.turns[i].go, 0, 0);
    expect_code(unix_run_with(0, return_in_turn, &t), 0);
}

/* ---- R14.14 ---- */

struct late {
    struct block block;
    int64_t nanoseconds;
    int blocking;
    spawner *spawn;
    bool cancelling;
};

static int note_blocking(void *arg)
{
    struct late *t = arg;

    return t->blocking = miou_blocking(block, &t->block);
}

static int block_in_time(void *arg)
{
    struct late *t = arg;

    return miou_deadline(t->nanoseconds, note_blocking, t);
}

/* The deadline passes while the function is on its way. If it has passed before the function began,
 * try again with a longer one. */
static int block_too_long(void *arg)
{
    struct late *t = arg;
    miou_promise *promise;
    bool begun;

    for (t->nanoseconds = MILLISECOND;; t->nanoseconds *= 2) {
        t->blocking = 0;
        TRY(miou_async(&promise, NULL, block_in_time, t));
        while (!(begun = sem_trywait(&t->block.begun) == 0) && t->blocking == 0)
            TRY(miou_yield());
        if (begun)
            break;
        TRY(miou_await(promise, NULL));
    }
    TRY(miou_sleep(2 * t->nanoseconds));
    TRY(let_others_run());
    sem_post(&t->block.go);
    return miou_await(promise, NULL);
}

CHECK("R14.14", what_has_begun_outlasts_a_deadline)
{
    struct late t = {.blocking = 0};

    block_init(&t.block);
    expect_code(unix_run_with(0, block_too_long, &t), 0);
    expect_code(t.blocking, 42);
    expect_number(t.block.value, 17);
}

/* It goes on when its parent waits in miou_cancel, and lets the function return. */
static int let_go_when_cancelling(void *arg)
{
    struct late *t = arg;

    while (!t->cancelling)
        TRY(miou_yield());
    sem_post(&t->block.go);
    return 0;
}

static int cancel_blocked(void *arg)
{
    struct late *t = arg;
    miou_promise *blocked, *helper;
    bool returned;

    TRY(t->spawn(&blocked, NULL, note_blocking, t));
    TRY(miou_async(&helper, NULL, let_go_when_cancelling, t));
    while (sem_trywait(&t->block.begun) < 0)
        TRY(miou_yield());
    t->cancelling = true;
    TRY(miou_cancel(blocked));
    returned = t->block.value == 17;
    TRY(miou_await(helper, NULL));
    return returned ? 0 : -EIO;
}

/* On another domain the function may have returned before its task hears of the cancellation. */
CHECK("R14.14", what_has_begun_is_waited_for_when_cancelled)
{
    static const int outcomes[] = {42, -7};
    int i;

    for (i = 0; i < 4; i++) {
        with_index(i);
        struct late t = {.spawn = i < 2 ? miou_async : miou_call};

        block_init(&t.block);
        t.block.outcome = outcomes[i % 2];
        expect_code(unix_run_with(1, cancel_blocked, &t), 0);
        if (i >= 2 && t.blocking == outcomes[i % 2])
            continue;
        expect_code(t.blocking, MIOU_CANCELLED);
    }
}

/* Many functions again. Every other call has a deadline. At some time after this has passed, its
 * function has begun or the call has returned, or else the check hangs. */

struct many {
    sem_t go;
    atomic_bool cancelled; /* the last task */
    bool began;            /* before it was */
    struct one {
        struct many *all;
        atomic_bool begun;
        bool returned;
        int result;
    } ones[MANY];
};

static int block_one(void *arg)
{
    struct one *t = arg;

    atomic_store(&t->begun, true);
    while (sem_wait(&t->all->go) < 0)
        ;
    return 0;
}

static int call_one(void *arg)
{
    struct one *t = arg;

    NOTE(t->result, miou_blocking(block_one, t));
    t->returned = true;
    return 0;
}

static int expire_one(void *arg)
{
    return miou_deadline(10 * MILLISECOND, call_one, arg);
}

static bool all_have_begun_or_returned(struct many *t)
{
    int i;

    for (i = 1; i < MANY; i += 2)
        if (!atomic_load(&t->ones[i].begun) && !t->ones[i].returned)
            return false;
    return true;
}

static int begin_many(void *arg)
{
    struct many *t = arg;
    miou_promise *promises[MANY];
    int i;

    for (i = 0; i < MANY; i++)
        TRY(miou_async(&promises[i], NULL, i % 2 ? expire_one : call_one, &t->ones[i]));
    TRY(miou_sleep(20 * MILLISECOND));
    while (!all_have_begun_or_returned(t))
        TRY(miou_yield());
    for (i = 0; i < MANY; i++)
        sem_post(&t->go);
    return miou_await_all(NULL, promises, MANY);
}

CHECK("R14.14", what_has_not_begun_is_never_called)
{
    static struct many t;
    int i;

    sem_init(&t.go, 0, 0);
    for (i = 0; i < MANY; i++)
        t.ones[i].all = &t;
    expect_code(unix_run_with(0, begin_many, &t), 0);
    for (i = 0; i < MANY; i++) {
        with_index(i);

        expect_noted(t.ones[i].result, t.ones[i].begun ? 0 : MIOU_EXPIRED);
        expect_true(t.ones[i].begun || i % 2 == 1);
    }
}

/* The last task is cancelled while the functions of the others go on. If its own begins, all
 * return, for the task that cancels waits for it. */
static void *let_go_of_all(void *arg)
{
    struct many *t = arg;
    int i;

    while (!atomic_load(&t->cancelled) && !atomic_load(&t->ones[MANY - 1].begun))
        sched_yield();
    for (i = 0; i < MANY; i++)
        sem_post(&t->go);
    return NULL;
}

static int cancel_the_last(void *arg)
{
    struct many *t = arg;
    miou_promise *promises[MANY];
    int i;

    for (i = 0; i < MANY; i++)
        TRY(miou_async(&promises[i], NULL, call_one, &t->ones[i]));
    TRY(let_others_run());
    TRY(miou_cancel(promises[MANY - 1]));
    t->began = atomic_load(&t->ones[MANY - 1].begun);
    atomic_store(&t->cancelled, true);
    return miou_await_all(NULL, promises, MANY);
}

CHECK("R14.14", what_is_cancelled_before_it_begins_is_never_called)
{
    static struct many t;
    pthread_t thread;
    int i;

    sem_init(&t.go, 0, 0);
    for (i = 0; i < MANY; i++)
        t.ones[i].all = &t;
    start_thread(&thread, let_go_of_all, &t);
    expect_code(unix_run_with(0, cancel_the_last, &t), 0);
    pthread_join(thread, NULL);
    expect_noted(t.ones[MANY - 1].result, MIOU_CANCELLED);
    expect_true(t.ones[MANY - 1].begun == t.began);
}
