/* Rules R12.1 to R12.13: signals whose handlers are tasks. */
#include "machine/activity.h"
#include "refused_calls.h"
#include "sockets.h"
#include "station.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a handler saw. Only dom0 writes here, any domain reads. */
struct seen {
    atomic_int calls, number, domain;
    void *_Atomic arg;
};

static void see(int number, void *arg)
{
    struct seen *t = arg;

    t->number = number;
    NOTE(t->domain, miou_domain_self());
    t->arg = arg;
    t->calls++;
}

/* Yield until handlers have been called this often. */
static int yield_until_seen(struct seen *t, int calls)
{
    while (t->calls < calls)
        TRY(miou_yield());
    return 0;
}

/* ---- R12.1: where handlers run ---- */

enum way { TO_PROCESS, TO_THREAD, TO_DOM0, TO_ANOTHER_DOMAIN, BY_ANOTHER_DOMAIN, WAYS };

struct sending {
    struct seen seen;
    int way;
    bool set_elsewhere;
    int calls_in_the_end;
};

/* It may have inherited that the signal is blocked, from a runtime that lets signals in only
 * between its tasks. */
static void *send_to_myself(void *arg)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    pthread_kill(pthread_self(), SIGUSR1);
    return arg;
}

static int raise_in_task(void *arg)
{
    (void)arg;
    return raise(SIGUSR1) == 0 ? 0 : -1;
}

static int kill_in_task(void *arg)
{
    (void)arg;
    return kill(getpid(), SIGUSR1) == 0 ? 0 : -1;
}

static int send_signal(int way)
{
    pthread_t thread;

    switch (way) {
    case TO_PROCESS:
        return kill_in_task(NULL);
    case TO_THREAD:
        start_thread(&thread, send_to_myself, NULL);
        return -pthread_join(thread, NULL);
    case TO_DOM0:
        return raise_in_task(NULL);
    case TO_ANOTHER_DOMAIN:
        return run_on(1, raise_in_task, NULL);
    default:
        return run_on(1, kill_in_task, NULL);
    }
}

static int set_handler(void *arg)
{
    return miou_signal_handle(SIGUSR1, see, arg);
}

static int send_and_see(void *arg)
{
    struct sending *t = arg;

    TRY(t->set_elsewhere ? run_on(1, set_handler, &t->seen) : set_handler(&t->seen));
    TRY(send_signal(t->way));
    TRY(yield_until_seen(&t->seen, 1));
    TRY(let_others_run());
    t->calls_in_the_end = t->seen.calls;
    return 0;
}

static void assert_seen(int (*run)(int, miou_task *, void *), int way, bool set_elsewhere)
{
    struct sending t = {.way = way, .set_elsewhere = set_elsewhere};

    expect_code(run(2, send_and_see, &t), 0);
    expect_number(t.calls_in_the_end, 1);
    expect_number(t.seen.number, SIGUSR1);
    expect_noted(t.seen.domain, 0);
    expect_true(t.seen.arg == &t.seen);
}
#define assert_seen(...) IN_HELPER(assert_seen, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R12.1", handlers_run_on_dom0)
{
    int way;

    for (way = 0; way < WAYS; way++) {
        with_index(way);

        assert_seen(run_with, way, way % 2);
        assert_seen(unix_run_with, way, (way + 1) % 2);
    }
}

struct replaced {
    struct seen first, second, other;
};

static int replace_handlers(void *arg)
{
    struct replaced *t = arg;

    TRY(miou_signal_handle(SIGUSR1, see, &t->first));
    TRY(miou_signal_handle(SIGUSR2, see, &t->other));
    TRY(miou_signal_handle(SIGUSR1, see, &t->second));
    raise(SIGUSR1);
    TRY(yield_until_seen(&t->second, 1));
    raise(SIGUSR2);
    return yield_until_seen(&t->other, 1);
}

CHECK("R12.1", the_last_handler_counts)
{
    struct replaced t = {.first.calls = 0};

    expect_code(run_with(0, replace_handlers, &t), 0);
    expect_number(t.first.calls, 0);
    expect_number(t.second.calls, 1);
    expect_noted(t.second.number, SIGUSR1);
    expect_number(t.other.calls, 1);
    expect_number(t.other.number, SIGUSR2);
}

/* ---- R12.2: storms ---- */

enum { KINDS = 6, STORM = 500, SENDERS = 2 };

static const int kinds[KINDS] = {SIGUSR1, SIGUSR2, SIGHUP, SIGWINCH, SIGURG, SIGIO};

struct kind {
    atomic_int sent; /* counted before the signal is sent */
    atomic_int seen; /* how many had been sent when the last handler began */
    atomic_int calls;
};

struct storm {
    struct kind kinds[KINDS];
    atomic_int raging; /* senders that still send */
};

static void count_kind(int number, void *arg)
{
    struct kind *kind = arg;

    (void)number;
    kind->calls++;
    kind->seen = kind->sent;
}

static void *rage(void *arg)
{
    struct storm *t = arg;
    int i;

    for (i = 0; i < STORM * KINDS; i++) {
        t->kinds[i % KINDS].sent++;
        kill(getpid(), kinds[i % KINDS]);
    }
    t->raging--;
    return NULL;
}

static bool all_seen(const struct storm *t)
{
    int i;

    for (i = 0; i < KINDS; i++)
        if (t->kinds[i].seen < SENDERS * STORM)
            return false;
    return true;
}

/* Main yields, and sleeps now and then so that dom0 does. */
static int weather_the_storm(void *arg)
{
    struct storm *t = arg;
    pthread_t threads[SENDERS];
    int i;

    for (i = 0; i < KINDS; i++)
        TRY(miou_signal_handle(kinds[i], count_kind, &t->kinds[i]));
    t->raging = SENDERS;
    for (i = 0; i < SENDERS; i++)
        start_thread(&threads[i], rage, t);
    while (!all_seen(t))
        TRY(t->raging % 2 ? miou_yield() : miou_sleep(20000));
    for (i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    return let_others_run();
}

CHECK("R12.2", a_storm_loses_no_kind)
{
    struct storm t = {.raging = 0};
    int i;

    expect_code(unix_run_with(1, weather_the_storm, &t), 0);
    for (i = 0; i < KINDS; i++) {
        with_index(i);

        expect_number(t.kinds[i].seen, SENDERS * STORM);
        expect_at_most(t.kinds[i].calls, SENDERS * STORM);
    }
}

/* Several kinds at once, and all of them twice before any handler can begin. */
static int send_at_once(void *arg)
{
    struct storm *t = arg;
    int i;

    for (i = 0; i < KINDS; i++)
        TRY(miou_signal_handle(kinds[i], count_kind, &t->kinds[i]));
    for (i = 0; i < 2 * KINDS; i++) {
        t->kinds[i % KINDS].sent++;
        raise(kinds[i % KINDS]);
    }
    for (i = 0; i < KINDS; i++)
        while (t->kinds[i].calls == 0)
            TRY(miou_yield());
    return let_others_run();
}

CHECK("R12.2", several_kinds_at_once)
{
    struct storm t = {.raging = 0};
    int i;

    expect_code(run_with(0, send_at_once, &t), 0);
    for (i = 0; i < KINDS; i++) {
        with_index(i);

        expect_number(t.kinds[i].seen, 2);
        expect_in_range(t.kinds[i].calls, 1, 2);
    }
}

/* ---- R12.3: dom0 asleep ---- */

/* A thread works for a while, so that dom0 sleeps when it sends the signal. */
struct asleep {
    struct seen seen;
    struct stations stations;
    miou_syscall *point;
    struct pair pair;
    sem_t handled;
    double used;
    atomic_bool go_to_sleep;
    bool monitored; /* by the stations */
};

static void *send_after_work(void *arg)
{
    struct asleep *t = arg;

    until(&t->go_to_sleep);
    if (t->monitored)
        until(&t->stations.at[0].asleep);
    t->used = used_beside_us();
    kill(getpid(), SIGUSR1);
    return NULL;
}

static void assert_woken(struct asleep *t, int (*run)(int, miou_task *, void *), miou_task *fn)
{
    pthread_t thread;
    int result;

    start_thread(&thread, send_after_work, t);
    NOTE(result, run ? run(1, fn, t) : station_run(&t->stations, 1, fn, t));
    expect_number(pthread_join(thread, NULL), 0);
    expect_noted(result, 0);
    expect_at_most(t->used, AT_REST);
    expect_number(t->seen.calls, 1);
}
#define assert_woken(...) IN_HELPER(assert_woken, (__VA_ARGS__), #__VA_ARGS__)

/* Main waits for a child on another domain; the child waits for the handler without suspending. */
static void let_go_on(int number, void *arg)
{
    struct asleep *t = arg;

    see(number, &t->seen);
    sem_post(&t->handled);
}

static int wait_for_handler(void *arg)
{
    struct asleep *t = arg;

    while (sem_wait(&t->handled) != 0)
        ;
    return 0;
}

static int await_elsewhere(void *arg)
{
    struct asleep *t = arg;

    TRY(miou_signal_handle(SIGUSR1, let_go_on, t));
    atomic_store(&t->go_to_sleep, true);
    return run_on(1, wait_for_handler, t);
}

CHECK("R12.3", dom0_wakes_without_a_monitor)
{
    struct asleep t = {.used = 1e9};

    sem_init(&t.handled, 0, 0);
    assert_woken(&t, run_with, await_elsewhere);
    sem_destroy(&t.handled);
}

/* Main waits, and the handler wakes it. */
static void signal_point(int number, void *arg)
{
    struct asleep *t = arg;

    see(number, &t->seen);
    miou_signal(t->point);
}

static void let_go_to_sleep(void *arg)
{
    atomic_store(&((struct asleep *)arg)->go_to_sleep, true);
}

static int suspend_until_signalled(void *arg)
{
    struct asleep *t = arg;

    TRY(miou_signal_handle(SIGUSR1, signal_point, t));
    TRY(miou_syscall_create(&t->point));
    return miou_suspend(t->point, let_go_to_sleep, t);
}

CHECK("R12.3", dom0_wakes_in_the_posix_monitor)
{
    struct asleep t = {.used = 1e9};

    assert_woken(&t, unix_run_with, suspend_until_signalled);
}

CHECK("R12.3 R11.4", dom0_wakes_in_a_monitor_of_the_users)
{
    struct asleep t = {.used = 1e9, .monitored = true};

    assert_woken(&t, NULL, suspend_until_signalled);
    expect_at_least(t.stations.at[0].interrupts, 1);
    stations_assert_sound(&t.stations, 1);
}

/* No task of dom0 waits for the system, and it wakes all the same. */
CHECK("R12.3", dom0_wakes_in_a_monitor_for_which_no_task_waits)
{
    struct asleep posix = {.used = 1e9}, users = {.used = 1e9};

    sem_init(&posix.handled, 0, 0);
    assert_woken(&posix, unix_run_with, await_elsewhere);
    sem_destroy(&posix.handled);
    sem_init(&users.handled, 0, 0);
    assert_woken(&users, NULL, await_elsewhere);
    sem_destroy(&users.handled);
    stations_assert_sound(&users.stations, 1);
}

/* Everything that tasks of dom0 can wait for in a run with the POSIX monitor. */
static void send_byte(int number, void *arg)
{
    struct asleep *t = arg;

    see(number, &t->seen);
    peer_send(t->pair.peer, "x", 1);
}

static int read_and_sleep(void *arg)
{
    struct asleep *t = arg;
    miou_promise *sleeper;
    char byte;

    TRY(pair_open(&t->pair, 0));
    TRY(miou_signal_handle(SIGUSR1, send_byte, t));
    TRY(miou_async(&sleeper, NULL, sleep_an_hour, NULL));
    TRY(miou_yield());
    atomic_store(&t->go_to_sleep, true);
    TRY(miou_read(t->pair.fd, &byte, 1));
    TRY(miou_cancel(sleeper));
    return miou_close(t->pair.fd);
}

CHECK("R12.3", dom0_wakes_from_reading_and_sleeping)
{
    struct asleep t = {.used = 1e9};

    assert_woken(&t, unix_run_with, read_and_sleep);
    peer_close(t.pair.peer);
}

/* Signals that come just when dom0 falls asleep. */
enum { NAPS = 2000 };

struct naps {
    atomic_int wanted; /* signals */
    struct seen seen;
    miou_syscall *_Atomic point;
};

static void wake_napper(int number, void *arg)
{
    struct naps *t = arg;

    see(number, &t->seen);
    miou_signal(t->point);
}

static void want_signal(void *arg)
{
    ((struct naps *)arg)->wanted++;
}

static void *send_each(void *arg)
{
    struct naps *t = arg;
    int i;

    for (i = 0; i < NAPS; i++) {
        while (t->wanted <= i)
            sched_yield();
        kill(getpid(), SIGUSR1);
    }
    return NULL;
}

static int take_naps(void *arg)
{
    struct naps *t = arg;
    int i;

    TRY(miou_signal_handle(SIGUSR1, wake_napper, t));
    for (i = 0; i < NAPS; i++) {
        miou_syscall *point;

        TRY(miou_syscall_create(&point));
        t->point = point;
        TRY(miou_suspend(point, want_signal, t));
    }
    return 0;
}

CHECK("R12.3", no_signal_is_slept_through)
{
    struct naps t = {.wanted = 0};
    pthread_t thread;

    start_thread(&thread, send_each, &t);
    expect_code(unix_run_with(0, take_naps, &t), 0);
    expect_number(pthread_join(thread, NULL), 0);
    expect_number(t.seen.calls, NAPS);
}

/* ---- R12.4: ignoring, and as before ---- */

static atomic_int of_the_program; /* calls of the program's own handler */

static void handle_in_the_program(int number)
{
    (void)number;
    of_the_program++;
}

struct changing {
    struct seen seen;
    int program[4], run[4]; /* calls of each, after each signal */
};

static int change_signal(void *arg)
{
    static miou_signal_handler *const handlers[4] = {see, MIOU_SIGNAL_DEFAULT, MIOU_SIGNAL_IGNORE,
                                                     see};
    struct changing *t = arg;
    int i;

    for (i = 0; i < 4; i++) {
        TRY(miou_signal_handle(SIGUSR1, handlers[i], &t->seen));
        raise(SIGUSR1);
        TRY(yield_until_seen(&t->seen, i == 0 ? 1 : i == 3 ? 2 : 0));
        TRY(let_others_run());
        t->program[i] = of_the_program;
        t->run[i] = t->seen.calls;
    }
    return 0;
}

CHECK("R12.4", signals_are_ignored_and_as_before)
{
    static const int program[4] = {0, 1, 1, 1}, run[4] = {1, 1, 1, 2};
    struct changing t = {.seen.calls = 0};
    int i;

    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handle_in_the_program}, NULL);
    expect_code(run_with(0, change_signal, &t), 0);
    for (i = 0; i < 4; i++) {
        with_index(i);

        expect_number(t.program[i], program[i]);
        expect_number(t.run[i], run[i]);
    }
}

/* By default this signal ends the process. */
static int return_to_default(void *arg)
{
    struct seen *t = arg;

    TRY(miou_signal_handle(SIGTERM, MIOU_SIGNAL_IGNORE, NULL));
    raise(SIGTERM);
    TRY(miou_signal_handle(SIGTERM, see, t));
    raise(SIGTERM);
    TRY(yield_until_seen(t, 1));
    TRY(miou_signal_handle(SIGTERM, MIOU_SIGNAL_DEFAULT, NULL));
    raise(SIGTERM);
    return 0;
}

CHECK("R12.4", the_default_may_be_the_end)
{
    struct seen t = {.calls = 0};
    pid_t pid = start_process_with_runtime();
    int status;

    if (pid == 0)
        _exit(run_with(0, return_to_default, &t) < 0);
    status = end_of_process(pid);
    expect_true(WIFSIGNALED(status));
    expect_number(WTERMSIG(status), SIGTERM);
}

/* ---- R12.5: after the run ---- */

enum { ENDS = 4 };

static int set_and_end(void *arg)
{
    struct seen *t = arg;
    miou_promise *promise;
    int end = t->number;

    TRY(miou_signal_handle(SIGUSR1, see, t));
    TRY(miou_signal_handle(SIGUSR2, MIOU_SIGNAL_IGNORE, NULL));
    TRY(miou_signal_handle(SIGHUP, see, t));
    TRY(miou_signal_handle(SIGHUP, MIOU_SIGNAL_DEFAULT, NULL));
    TRY(miou_signal_handle(SIGTERM, see, t));
    switch (end) {
    case 0:
        return 7;
    case 1:
        return -7;
    case 2:
        return miou_async(&promise, NULL, return_0, NULL);
    default:
        raise(SIGUSR1); /* its handler need not have begun when main returns */
        return 7;
    }
}

CHECK("R12.5", everything_is_as_before)
{
    static const int numbers[] = {SIGUSR1, SIGUSR2, SIGHUP, SIGTERM, SIGINT, SIGPIPE, SIGCHLD};
    static const int results[ENDS] = {7, -7, MIOU_STILL_HAS_CHILDREN, 7};
    /* libc adds flags of its own. */
    static const int flags = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_NODEFER | SA_ONSTACK | SA_RESETHAND |
                             SA_RESTART | SA_SIGINFO;
    enum { NUMBERS = sizeof numbers / sizeof *numbers };
    struct sigaction of_ours = {.sa_handler = handle_in_the_program, .sa_flags = SA_RESTART};
    struct sigaction before[NUMBERS], after;
    sigset_t mask_before, mask_after;
    int end, i;

    sigaddset(&of_ours.sa_mask, SIGWINCH);
    sigaction(SIGUSR1, &of_ours, NULL);
    signal(SIGHUP, SIG_IGN);
    for (i = 0; i < NUMBERS; i++)
        sigaction(numbers[i], NULL, &before[i]);
    pthread_sigmask(SIG_BLOCK, NULL, &mask_before);
    for (end = 0; end < ENDS; end++) {
        with_index(end);
        struct seen t = {.number = end};
        int result;
        NOTE(result, end % 2 ? unix_run_with(1, set_and_end, &t) : run_with(1, set_and_end, &t));

        expect_noted(result, results[end]);
        for (i = 0; i < NUMBERS; i++) {
            with_index(i);

            sigaction(numbers[i], NULL, &after);
            expect_true(after.sa_handler == before[i].sa_handler);
            expect_number(after.sa_flags & flags, before[i].sa_flags & flags);
            expect_bytes(&after.sa_mask, &before[i].sa_mask, sizeof(unsigned long));
        }
        pthread_sigmask(SIG_BLOCK, NULL, &mask_after);
        expect_bytes(&mask_after, &mask_before, sizeof(unsigned long));
    }
    of_the_program = 0;
    raise(SIGUSR1);
    expect_number(of_the_program, 1);
}

/* ---- R12.6: handlers are tasks ---- */

struct working {
    atomic_int begun, done, value;
    int meanwhile; /* turns of main */
    int way;
    bool main_may_go_on;
};

static int return_5(void *arg)
{
    (void)arg;
    return 5;
}

static void work_as_a_task(int number, void *arg)
{
    struct working *t = arg;
    miou_promise *promise;
    int i, outcome = 0;

    (void)number;
    t->begun++;
    for (i = 0; i < 100; i++)
        miou_yield();
    if (miou_async(&promise, NULL, return_5, NULL) == 0 && miou_await(promise, &outcome) == 0)
        t->value += outcome;
    if (miou_call(&promise, NULL, return_5, NULL) == 0 && miou_await(promise, &outcome) == 0)
        t->value += outcome;
    t->done++;
}

static int have_work_done(void *arg)
{
    struct working *t = arg;

    TRY(miou_signal_handle(SIGUSR1, work_as_a_task, t));
    raise(SIGUSR1);
    while (t->begun == 0)
        TRY(miou_yield());
    raise(SIGUSR1); /* while the first handler is suspended */
    while (t->done < 2) {
        t->meanwhile++;
        TRY(miou_yield());
    }
    return 0;
}

CHECK("R12.6 R12.2", handlers_suspend_and_spawn)
{
    struct working t = {.begun = 0};

    expect_code(run_with(1, have_work_done, &t), 0);
    expect_number(t.begun, 2);
    expect_code(t.value, 20);
    expect_at_least(t.meanwhile, 100);
}

static atomic_int finalised;

static void finalise(void *value)
{
    (void)value;
    finalised++;
}

static void break_a_rule(int number, void *arg)
{
    struct working *t = arg;
    miou_resource *resource;
    miou_promise *promise;

    (void)number;
    if (t->way == 0)
        miou_async(&promise, NULL, return_0, NULL);
    else if (miou_resource_create(&resource, finalise, NULL) == 0)
        miou_own(resource);
}

static int have_a_rule_broken(void *arg)
{
    TRY(miou_signal_handle(SIGUSR1, break_a_rule, arg));
    raise(SIGUSR1);
    for (;;)
        TRY(miou_yield());
}

CHECK("R12.6", handlers_are_bound_by_the_rules)
{
    struct working forgets = {.way = 0}, leaks = {.way = 1};

    expect_code(run_with(0, have_a_rule_broken, &forgets), MIOU_STILL_HAS_CHILDREN);
    finalised = 0;
    expect_code(run_with(0, have_a_rule_broken, &leaks), MIOU_RESOURCE_LEAKED);
    expect_number(finalised, 1);
}

/* ---- R12.7: handlers that still run ---- */

struct lingering {
    atomic_int begun, children;
    int result; /* of main */
    int error;  /* that the handler got */
};

static int yield_and_count(void *arg)
{
    struct lingering *t = arg;

    t->children++;
    while (miou_yield() == 0)
        ;
    t->children--;
    return 0;
}

static void linger(int number, void *arg)
{
    struct lingering *t = arg;
    miou_resource *resource;
    miou_promise *promise;

    (void)number;
    if (miou_resource_create(&resource, finalise, NULL) < 0 || miou_own(resource) < 0 ||
        miou_async(&promise, NULL, yield_and_count, t) < 0 ||
        miou_call(&promise, NULL, yield_and_count, t) < 0)
        return;
    t->begun++;
    NOTE(t->error, miou_await(promise, NULL));
}

static int leave_it_lingering(void *arg)
{
    struct lingering *t = arg;

    TRY(miou_signal_handle(SIGUSR1, linger, t));
    raise(SIGUSR1);
    while (t->begun < 1 || t->children < 2)
        TRY(miou_yield());
    return t->result;
}

CHECK("R12.7", handlers_that_linger_are_cancelled)
{
    static const int results[] = {0, 7, -7};
    int i;

    for (i = 0; i < 3; i++) {
        with_index(i);
        struct lingering t = {.result = results[i]};

        finalised = 0;
        expect_code(run_with(1, leave_it_lingering, &t), results[i]);
        expect_noted(t.error, MIOU_CANCELLED);
        expect_number(t.children, 0);
        expect_number(finalised, 1);
    }
}

/* ---- R12.8: no such signal ---- */

enum { STRANGE = 8 };

static int handle_strange_signals(void *arg)
{
    const int numbers[STRANGE] = {0,       -1,      SIGRTMAX + 1, SIGRTMAX + 1000,
                                  INT_MAX, INT_MIN, SIGKILL,      SIGSTOP};
    int *errors = arg, i;

    for (i = 0; i < STRANGE; i++)
        NOTE(errors[i], miou_signal_handle(numbers[i], see, NULL));
    return miou_signal_handle(SIGKILL, MIOU_SIGNAL_IGNORE, NULL) == -EINVAL ? 0 : -1;
}

CHECK("R12.8", signals_that_cannot_be_handled)
{
    int errors[STRANGE] = {0}, i;

    expect_code(run_with(0, handle_strange_signals, errors), 0);
    for (i = 0; i < STRANGE; i++) {
        with_index(i);

        expect_noted(errors[i], -EINVAL);
    }
}

/* What is refused leaves the handlers and actions as they are. */
struct kept {
    struct seen seen;
    int calls_in_the_end;
};

static int handle_strange_signals_beside_others(void *arg)
{
    struct kept *t = arg;
    int errors[STRANGE];

    TRY(miou_signal_handle(SIGUSR1, see, &t->seen));
    TRY(miou_signal_handle(SIGUSR2, MIOU_SIGNAL_IGNORE, NULL));
    TRY(handle_strange_signals(errors));
    TRY(miou_signal_handle(SIGKILL, MIOU_SIGNAL_DEFAULT, NULL) == -EINVAL ? 0 : -1);
    TRY(miou_signal_handle(-1, MIOU_SIGNAL_DEFAULT, NULL) == -EINVAL ? 0 : -1);
    raise(SIGUSR2);
    raise(SIGUSR1);
    TRY(yield_until_seen(&t->seen, 1));
    TRY(let_others_run());
    t->calls_in_the_end = t->seen.calls;
    return 0;
}

CHECK("R12.8", what_is_refused_changes_no_other_signal)
{
    struct kept t = {.calls_in_the_end = 0};

    signal(SIGUSR1, handle_in_the_program);
    signal(SIGUSR2, handle_in_the_program);
    of_the_program = 0;
    expect_code(run_with(0, handle_strange_signals_beside_others, &t), 0);
    expect_number(t.calls_in_the_end, 1);
    expect_noted(t.seen.number, SIGUSR1);
    expect_number(of_the_program, 0);
}

struct real_time {
    struct seen seen;
    int number;
};

static int handle_and_raise(void *arg)
{
    struct real_time *t = arg;

    TRY(miou_signal_handle(t->number, see, &t->seen));
    raise(t->number);
    return yield_until_seen(&t->seen, 1);
}

CHECK("R12.8 R12.1 R12.5", the_first_and_the_last_real_time_signal_are_handled)
{
    const int numbers[] = {SIGRTMIN, SIGRTMAX};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct real_time t = {.number = numbers[i]};
        struct sigaction before, after;

        sigaction(numbers[i], NULL, &before);
        if (sigaction(numbers[i], &before, NULL) < 0)
            continue; /* valgrind keeps the last for itself */
        expect_code(run_with(0, handle_and_raise, &t), 0);
        expect_number(t.seen.calls, 1);
        expect_number(t.seen.number, numbers[i]);
        sigaction(numbers[i], NULL, &after);
        expect_true(after.sa_handler == before.sa_handler);
    }
}

/* ---- R12.9: no deadlock ---- */

struct locked {
    miou_trigger *trigger;
    struct seen seen;
    double used;
    atomic_bool go_to_sleep;
};

static void signal_trigger(int number, void *arg)
{
    struct locked *t = arg;

    see(number, &t->seen);
    miou_trigger_signal(t->trigger);
}

static int await_a_signal(void *arg)
{
    struct locked *t = arg;

    TRY(miou_trigger_create(&t->trigger));
    TRY(miou_signal_handle(SIGUSR1, signal_trigger, t));
    TRY(miou_signal_handle(SIGUSR2, see, &t->seen));
    TRY(miou_signal_handle(SIGUSR2, MIOU_SIGNAL_IGNORE, NULL));
    TRY(miou_signal_handle(SIGHUP, see, &t->seen));
    TRY(miou_signal_handle(SIGHUP, MIOU_SIGNAL_DEFAULT, NULL));
    atomic_store(&t->go_to_sleep, true);
    return miou_trigger_await(t->trigger);
}

static void *send_late(void *arg)
{
    struct locked *t = arg;

    until(&t->go_to_sleep);
    t->used = used_beside_us();
    kill(getpid(), SIGUSR1);
    return NULL;
}

static void assert_no_deadlock(int (*run)(int, miou_task *, void *))
{
    struct locked t = {.used = 1e9};
    pthread_t thread;

    start_thread(&thread, send_late, &t);
    expect_code(run(1, await_a_signal, &t), 0);
    expect_number(pthread_join(thread, NULL), 0);
    expect_at_most(t.used, AT_REST);
    expect_number(t.seen.calls, 1);
}
#define assert_no_deadlock(...) IN_HELPER(assert_no_deadlock, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R12.9", a_signal_may_come)
{
    assert_no_deadlock(run_with);
    assert_no_deadlock(unix_run_with);
}

static void ignore_deadlock(void *state, const miou_waiting *waiting)
{
    (void)waiting;
    ++*(int *)state;
}

/* When the last handler is removed, by whichever task, the run is in deadlock. */
static int give_up_hope(void *arg)
{
    struct locked *t = arg;
    int i;

    TRY(let_others_run());
    for (i = 0; i < KINDS; i++)
        TRY(miou_signal_handle(kinds[i], i % 2 ? MIOU_SIGNAL_IGNORE : MIOU_SIGNAL_DEFAULT, NULL));
    return miou_trigger_await(t->trigger);
}

static int hope_in_vain(void *arg)
{
    struct locked *t = arg;
    miou_promise *promise;
    int i;

    TRY(miou_trigger_create(&t->trigger));
    for (i = 0; i < 2 * KINDS; i++) /* each handler takes the place of one */
        TRY(miou_signal_handle(kinds[i % KINDS], see, &t->seen));
    TRY(miou_async(&promise, NULL, give_up_hope, t));
    return miou_await(promise, NULL);
}

CHECK("R12.9 R13.1", without_handlers_there_is_no_hope)
{
    struct locked t = {.used = 0};
    int told = 0;

    expect_code(miou_run(&(miou_options){.deadlock = ignore_deadlock, .deadlock_state = &told},
                         hope_in_vain, &t),
                MIOU_DEADLOCK);
    expect_number(told, 2);
}

/* To ignore a signal is not to handle it. */
static int ignore_and_wait(void *arg)
{
    struct locked *t = arg;

    TRY(miou_trigger_create(&t->trigger));
    TRY(miou_signal_handle(SIGUSR1, MIOU_SIGNAL_IGNORE, NULL));
    return miou_trigger_await(t->trigger);
}

CHECK("R12.9 R13.1", ignoring_a_signal_is_no_hope)
{
    struct locked t = {.used = 0};
    int told = 0;

    expect_code(miou_run(&(miou_options){.deadlock = ignore_deadlock, .deadlock_state = &told},
                         ignore_and_wait, &t),
                MIOU_DEADLOCK);
    expect_number(told, 1);
}

/* ---- R12.10: two runs ---- */

struct rival {
    struct seen seen;
    atomic_bool held, tried, given_back, taken;
    bool begun; /* the other run has */
    bool alone; /* it waits for the end of this one */
    int busy, ignored[3], other, later[2];
    int result; /* of the other run */
};

/* Wait for the other run. A runtime may let it wait for the end of this one (R1.18), so that all
 * other threads rest. */
static void until_or_at_rest(atomic_bool *flag)
{
    int rests = 0;

    while (!atomic_load(flag) && rests < 3)
        rests = activity_rests(getpid(), 0.03) ? rests + 1 : 0;
}

static int hold_signal(void *arg)
{
    struct rival *t = arg;

    TRY(miou_signal_handle(SIGUSR1, see, &t->seen));
    TRY(miou_signal_handle(SIGHUP, see, &t->seen));
    TRY(miou_signal_handle(SIGALRM, MIOU_SIGNAL_IGNORE, NULL));
    atomic_store(&t->held, true);
    until_or_at_rest(&t->tried);
    t->alone = !atomic_load(&t->tried);
    atomic_store(&t->given_back, t->alone);
    if (t->alone)
        return 0;
    raise(SIGALRM);
    raise(SIGUSR1);
    TRY(yield_until_seen(&t->seen, 1));
    TRY(miou_signal_handle(SIGHUP, MIOU_SIGNAL_DEFAULT, NULL));
    TRY(miou_signal_handle(SIGALRM, MIOU_SIGNAL_DEFAULT, NULL));
    atomic_store(&t->given_back, true);
    until(&t->taken);
    return 0;
}

static int try_signal(void *arg)
{
    struct rival *t = arg;

    t->begun = true;
    NOTE(t->busy, miou_signal_handle(SIGUSR1, see, NULL));
    NOTE(t->ignored[0], miou_signal_handle(SIGALRM, see, NULL));
    NOTE(t->ignored[1], miou_signal_handle(SIGALRM, MIOU_SIGNAL_IGNORE, NULL));
    NOTE(t->ignored[2], miou_signal_handle(SIGALRM, MIOU_SIGNAL_DEFAULT, NULL));
    NOTE(t->other, miou_signal_handle(SIGUSR2, see, NULL));
    atomic_store(&t->tried, true);
    until(&t->given_back);
    NOTE(t->later[0], miou_signal_handle(SIGHUP, see, NULL));
    NOTE(t->later[1], miou_signal_handle(SIGALRM, see, NULL));
    atomic_store(&t->taken, true);
    return 0;
}

static void *run_rival(void *arg)
{
    struct rival *t = arg;

    until(&t->held);
    NOTE(t->result, miou_run(NULL, try_signal, t));
    atomic_store(&t->tried, true); /* even if it has not */
    atomic_store(&t->taken, true);
    return NULL;
}

CHECK("R12.10", a_signal_belongs_to_one_run)
{
    struct rival t = {.busy = 1, .other = 1, .later = {1, 1}};
    struct seen alone = {.calls = 0};
    pthread_t thread;
    int i;

    start_thread(&thread, run_rival, &t);
    expect_code(run_with(0, hold_signal, &t), 0);
    expect_number(pthread_join(thread, NULL), 0);
    if (t.alone || (!t.begun && t.result < 0))
        return; /* two runs at a time are too many, which R1.18 notes */
    expect_noted(t.result, 0);
    expect_noted(t.busy, -EBUSY);
    for (i = 0; i < 3; i++) {
        with_index(i);

        expect_noted(t.ignored[i], -EBUSY);
    }
    expect_noted(t.other, 0);
    expect_noted(t.later[0], 0);
    expect_noted(t.later[1], 0);
    expect_number(t.seen.calls, 1);
    expect_code(run_with(0, set_handler, &alone), 0);
}

/* One run ends with its signals while another goes on, which then may have them. */
struct heir {
    struct seen seen;
    atomic_bool held, tried, ended;
    bool begun; /* the heir has */
    bool alone; /* the heir waits for the end of the run */
    int busy[2], later[2];
    int result; /* of the heir */
};

static int hold_and_end(void *arg)
{
    struct heir *t = arg;

    TRY(miou_signal_handle(SIGUSR1, see, &t->seen));
    TRY(miou_signal_handle(SIGUSR2, MIOU_SIGNAL_IGNORE, NULL));
    atomic_store(&t->held, true);
    until_or_at_rest(&t->tried);
    t->alone = !atomic_load(&t->tried);
    return 0;
}

static int inherit_signals(void *arg)
{
    static const int numbers[2] = {SIGUSR1, SIGUSR2};
    struct heir *t = arg;
    int i;

    t->begun = true;
    for (i = 0; i < 2; i++)
        NOTE(t->busy[i], miou_signal_handle(numbers[i], see, &t->seen));
    atomic_store(&t->tried, true);
    until(&t->ended);
    for (i = 0; i < 2; i++) {
        NOTE(t->later[i], miou_signal_handle(numbers[i], see, &t->seen));
        raise(numbers[i]);
        TRY(yield_until_seen(&t->seen, i + 1));
    }
    return 0;
}

static void *run_heir(void *arg)
{
    struct heir *t = arg;

    until(&t->held);
    NOTE(t->result, miou_run(NULL, inherit_signals, t));
    atomic_store(&t->tried, true); /* even if it has not */
    return NULL;
}

CHECK("R12.10", the_signals_of_a_run_that_has_ended_are_free)
{
    struct heir t = {.later = {1, 1}};
    pthread_t thread;
    int i;

    signal(SIGUSR1, handle_in_the_program);
    signal(SIGUSR2, handle_in_the_program);
    start_thread(&thread, run_heir, &t);
    expect_code(run_with(0, hold_and_end, &t), 0);
    atomic_store(&t.ended, true);
    expect_number(pthread_join(thread, NULL), 0);
    if (t.alone || (!t.begun && t.result < 0))
        return; /* as above */
    for (i = 0; i < 2; i++) {
        with_index(i);

        expect_noted(t.busy[i], -EBUSY);
        expect_noted(t.later[i], 0);
    }
    expect_noted(t.result, 0);
}

/* ---- R12.11: in a finaliser ---- */

CHECK("R12.11 R5.18", finalisers_cannot_handle_signals)
{
    assert_refused_in_finalisers(SIGNAL_CALLS, miou_run);
}

/* ---- R12.2: signals that come as late as a handler can begin ---- */

/* Main returns with the signal, or after as many turns as `turns`. */
struct hurry {
    struct seen seen;
    int turns, result;
};

static int raise_and_return(void *arg)
{
    struct hurry *t = arg;
    int i;

    TRY(miou_signal_handle(SIGUSR1, see, &t->seen));
    raise(SIGUSR1);
    for (i = 0; i < t->turns; i++)
        TRY(miou_yield());
    return t->result;
}

CHECK("R12.2", main_returns_before_the_handler_begins)
{
    int i;

    signal(SIGUSR1, handle_in_the_program);
    for (i = 0; i < 8; i++) {
        struct hurry t = {.turns = i / 2, .result = i % 2 ? -7 : 7};

        with_index(i);
        of_the_program = 0;
        expect_code(run_with(1, raise_and_return, &t), t.result);
        expect_number(t.seen.calls, 1);
        expect_number(of_the_program, 0);
    }
}

/* A task has broken a rule, so that main is cancelled. */
static int raise_when_cancelled(void *arg)
{
    struct hurry *t = arg;
    miou_promise *promise;

    TRY(miou_signal_handle(SIGUSR1, see, &t->seen));
    TRY(miou_async(&promise, NULL, leak, NULL));
    yield_for_ever(NULL);
    raise(SIGUSR1);
    return t->result;
}

CHECK("R12.2", main_is_cancelled_before_the_signal_comes)
{
    int i;

    signal(SIGUSR1, handle_in_the_program);
    for (i = 0; i < 2; i++) {
        struct hurry t = {.result = i ? -7 : 7};

        with_index(i);
        of_the_program = 0;
        expect_code(run_with(1, raise_when_cancelled, &t), MIOU_RESOURCE_LEAKED);
        expect_number(t.seen.calls, 1);
        expect_number(of_the_program, 0);
    }
}

/* ---- R12.12: signals that come too late for a handler ---- */

struct late {
    struct seen seen;
    int result; /* of main */
};

static void raise_both(void *value)
{
    (void)value;
    raise(SIGUSR1);
    raise(SIGUSR2);
}

/* The finaliser runs when main has returned. */
static int raise_in_the_end(void *arg)
{
    struct late *t = arg;
    miou_resource *resource;

    TRY(miou_signal_handle(SIGUSR1, see, &t->seen));
    TRY(miou_signal_handle(SIGUSR2, see, &t->seen));
    TRY(miou_resource_create(&resource, raise_both, NULL));
    TRY(miou_own(resource));
    return t->result;
}

CHECK("R12.12", late_signals_reach_the_program)
{
    struct late t = {.result = -7};
    int i;

    signal(SIGUSR1, handle_in_the_program);
    signal(SIGUSR2, handle_in_the_program);
    of_the_program = 0;
    expect_code(run_with(0, raise_in_the_end, &t), -7);
    for (i = 0; i < 10000 && t.seen.calls + of_the_program < 2; i++)
        sched_yield();
    expect_number(t.seen.calls + of_the_program, 2);
}

/* The same where the program has no handler, so that the signal ends it. */
static void terminate(void *value)
{
    (void)value;
    raise(SIGTERM);
}

static int terminate_in_the_end(void *arg)
{
    miou_resource *resource;

    TRY(miou_signal_handle(SIGTERM, see, arg));
    TRY(miou_resource_create(&resource, terminate, NULL));
    TRY(miou_own(resource));
    return -7;
}

CHECK("R12.12", late_signals_end_the_program)
{
    struct seen t = {.calls = 0};
    pid_t pid = start_process_with_runtime();
    int status;

    if (pid == 0) {
        signal(SIGTERM, SIG_DFL);
        if (run_with(0, terminate_in_the_end, &t) != -7)
            _exit(1);
        while (t.calls == 0)
            pause(); /* until the signal comes */
        _exit(0);
    }
    status = end_of_process(pid);
    expect_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGTERM : status == 0);
}

/* ---- R12.13: signals that were handled ---- */

static int handle_one(void *arg)
{
    struct seen *t = arg;
    int calls = t->calls;

    raise(SIGUSR1);
    return yield_until_seen(t, calls + 1);
}

struct handled {
    struct seen seen;
    struct growth growth;
};

static int handle_for_ever(void *arg)
{
    struct handled *t = arg;

    TRY(miou_signal_handle(SIGUSR1, see, &t->seen));
    return grow_by(&t->growth, 20000, 20, handle_one, &t->seen);
}

/* 20 bytes each: less than any record of one. */
CHECK("R12.13", handled_signals_take_no_memory)
{
    struct handled t = {.growth = {0}};

    expect_code(run_with(0, handle_for_ever, &t), 0);
    expect_false(grew(&t.growth));
}
