/* Rule R13.1: a deadlock is noticed whatever the tasks of the run have waited for before. */
#include "waits.h"

#include <signal.h>
#include <unistd.h>

/* What comes before the deadlock. */
struct history {
    miou_task *fn;
    int domain;
    struct waits waits;
    struct pair pair;
    struct waiter waiter;
    miou_syscall *point;
    atomic_bool handled;
    int told, others; /* tasks reported; those that wait for something else than the trigger */
};

static int await_in_vain(void *arg)
{
    struct history *t = arg;
    miou_trigger *trigger;

    TRY(t->fn(t));
    TRY(miou_trigger_create(&trigger));
    return miou_trigger_await(trigger);
}

static int have_a_history(void *arg)
{
    struct history *t = arg;

    return run_on(t->domain, await_in_vain, t);
}

/* The parent awaits the task, which awaits the trigger. */
static void note_told(void *state, const miou_waiting *waiting)
{
    struct history *t = state;

    t->told++;
    t->others += waiting->what != MIOU_WAIT_TRIGGER && waiting->what != MIOU_WAIT_CHILDREN;
}

static void assert_deadlock_after(miou_task *fn, struct waits waits)
{
    int domain;

    for (domain = 0; domain < 2; domain++) {
        struct history t = {.fn = fn, .domain = domain, .waits = waits, .pair.peer = -1};
        miou_options options = {.domains = 1, .deadlock = note_told, .deadlock_state = &t};

        assert_int_equal(run_by(miou_unix_run, &options, have_a_history, &t), MIOU_DEADLOCK);
        assert_int_equal(t.told, 2);
        assert_int_equal(t.others, 0);
        if (t.pair.peer >= 0)
            peer_close(t.pair.peer);
    }
}

/* ---- sleeping ---- */

static int sleep_once(void *arg)
{
    (void)arg;
    return miou_sleep(1000);
}

static int sleep_long(void *arg)
{
    (void)arg;
    return miou_sleep(INT64_MAX);
}

static int cancel_a_sleeper(void *arg)
{
    return cancel_waiting(sleep_long, arg);
}

static int spawn_sleepers(void *arg)
{
    miou_promise *promises[3];
    int i;

    for (i = 0; i < 3; i++)
        TRY(miou_async(&promises[i], NULL, sleep_once, arg));
    return miou_await_all(NULL, promises, 3);
}

CHECK("R13.1", a_deadlock_after_sleeping)
{
    assert_deadlock_after(sleep_once, (struct waits){0});
    assert_deadlock_after(cancel_a_sleeper, (struct waits){0});
    assert_deadlock_after(spawn_sleepers, (struct waits){0});
}

/* ---- descriptors ---- */

static int send_byte(void *arg)
{
    struct history *t = arg;

    return peer_send(t->pair.peer, "x", 1) == 1 ? 0 : -1;
}

static int read_once_served(void *arg)
{
    struct history *t = arg;
    miou_promise *promise;

    TRY(pair_open(&t->pair, 0));
    t->waiter.fd = t->pair.fd;
    TRY(miou_async(&promise, NULL, send_byte, t));
    TRY(read_once(&t->waiter));
    return miou_await(promise, NULL);
}

static int close_beside_a_reader(void *arg)
{
    struct history *t = arg;
    miou_promise *promise;

    TRY(pair_open(&t->pair, 0));
    t->waiter.fd = t->pair.fd;
    TRY(miou_async(&promise, NULL, read_once, &t->waiter));
    TRY(let_others_run());
    TRY(miou_close(t->pair.fd));
    return miou_await(promise, NULL);
}

static int cancel_all_waits(void *arg)
{
    struct history *t = arg;

    TRY(waits_start(&t->waits, miou_async));
    FOR_EACH_WAIT(kind, &t->waits)
    TRY(miou_cancel(t->waits.promises[kind]));
    return 0;
}

CHECK("R13.1", a_deadlock_after_waiting_for_descriptors)
{
    assert_deadlock_after(read_once_served, (struct waits){0});
    assert_deadlock_after(close_beside_a_reader, (struct waits){0});
    assert_deadlock_after(cancel_all_waits, (struct waits){WAITS_OF_STREAMS});
    assert_deadlock_after(cancel_all_waits, (struct waits){OTHER_WAITS});
}

/* ---- points and hooks ---- */

static int suspend_once(void *arg)
{
    struct history *t = arg;

    TRY(miou_syscall_create(&t->point));
    return miou_suspend(t->point, NULL, NULL);
}

static int signal_a_point(void *arg)
{
    struct history *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, suspend_once, t));
    TRY(let_others_run());
    TRY(miou_signal(t->point));
    return miou_await(promise, NULL);
}

static int cancel_a_suspended_task(void *arg)
{
    return cancel_waiting(suspend_once, arg);
}

static int make_a_point(void *arg)
{
    struct history *t = arg;

    return miou_syscall_create(&t->point);
}

static int have_a_hook(void *arg)
{
    miou_hook *hook;

    (void)arg;
    return miou_hook_add(&hook, return_0, NULL);
}

CHECK("R13.1", a_deadlock_after_points_and_hooks)
{
    assert_deadlock_after(signal_a_point, (struct waits){0});
    assert_deadlock_after(cancel_a_suspended_task, (struct waits){0});
    assert_deadlock_after(make_a_point, (struct waits){0});
    assert_deadlock_after(have_a_hook, (struct waits){0});
}

/* ---- signals ---- */

static void note_handled(int number, void *arg)
{
    (void)number;
    atomic_store((atomic_bool *)arg, true);
}

static int remove_a_handler(void *arg)
{
    struct history *t = arg;

    TRY(miou_signal_handle(SIGUSR1, note_handled, &t->handled));
    TRY(miou_yield());
    return miou_signal_handle(SIGUSR1, MIOU_SIGNAL_DEFAULT, NULL);
}

static int handle_one_signal(void *arg)
{
    struct history *t = arg;

    TRY(miou_signal_handle(SIGUSR1, note_handled, &t->handled));
    kill(getpid(), SIGUSR1);
    while (!atomic_load(&t->handled))
        TRY(miou_yield());
    return miou_signal_handle(SIGUSR1, MIOU_SIGNAL_DEFAULT, NULL);
}

static int ignore_a_signal(void *arg)
{
    (void)arg;
    return miou_signal_handle(SIGUSR1, MIOU_SIGNAL_IGNORE, NULL);
}

CHECK("R13.1", a_deadlock_after_handlers_were_removed)
{
    assert_deadlock_after(remove_a_handler, (struct waits){0});
    assert_deadlock_after(handle_one_signal, (struct waits){0});
    assert_deadlock_after(ignore_a_signal, (struct waits){0});
}
