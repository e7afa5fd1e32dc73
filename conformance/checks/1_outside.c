/* Rule R1.4: what is refused outside a run. */
#include "refused_calls.h"
#include "sockets.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

static void assert_refused_outside(enum call_group group, const struct objects *with)
{
    assert_all_refused(first_accepted(group, EVERY_CALL, MIOU_NOT_RUNNING, with));
}
#define assert_refused_outside(...) IN_HELPER(assert_refused_outside, (__VA_ARGS__), #__VA_ARGS__)

/* Objects of a run that has ended. */
struct leaving {
    struct objects objects;
    enum call_group group;
};

static int leave_objects(void *arg)
{
    struct leaving *t = arg;

    TRY(objects_create(&t->objects, t->group));
    return objects_disown(&t->objects);
}

/* Assert it before any run, and after a run with objects of that run. */
static void assert_refused_before_and_after(enum call_group group, check_runner *run)
{
    struct leaving t = {.group = group};

    assert_refused_outside(group, &t.objects);
    expect_code(run(&(miou_options){.domains = 1}, leave_objects, &t), 0);
    assert_refused_outside(group, &t.objects);
}
#define assert_refused_before_and_after(...)                                                       \
    IN_HELPER(assert_refused_before_and_after, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.4", calls_before_a_run)
{
    assert_refused_outside(TASK_CALLS, &(struct objects){0});
}

CHECK("R1.4", calls_after_a_run)
{
    assert_refused_before_and_after(TASK_CALLS, miou_run);
}

CHECK("R1.4", combinators_outside_a_run)
{
    assert_refused_before_and_after(COMBINATOR_CALLS, miou_run);
}

CHECK("R1.4 R11.18", monitors_outside_a_run)
{
    expect_true(miou_monitor_state() == NULL);
    assert_refused_before_and_after(MONITOR_CALLS, miou_run);
    expect_true(miou_monitor_state() == NULL);
}

CHECK("R1.4 R11.19", hooks_outside_a_run)
{
    assert_refused_before_and_after(HOOK_CALLS, miou_run);
}

CHECK("R1.4 R10.10", sleep_outside_a_run)
{
    assert_refused_before_and_after(SLEEP_CALLS, miou_unix_run);
}

CHECK("R1.4 R12.11", signals_outside_a_run)
{
    assert_refused_before_and_after(SIGNAL_CALLS, miou_run);
}

CHECK("R1.4 R9.33", synchronisation_outside_a_run)
{
    assert_refused_before_and_after(SYNC_CALLS, miou_run);
}

/* ---- a thread without a task, beside a run ---- */

struct visit {
    struct objects objects;
    enum call_group group;
    const char *accepted;
    int outcome;
};

static void *visit_from_outside(void *arg)
{
    struct visit *t = arg;

    t->accepted = first_accepted(t->group, EVERY_CALL, MIOU_NOT_RUNNING, &t->objects);
    return NULL;
}

static int receive_visit(struct visit *t)
{
    pthread_t thread;

    start_thread(&thread, visit_from_outside, t);
    pthread_join(thread, NULL);
    return 0;
}

/* Main's child and resource stay as they are. */
static int receive_visit_of_tasks(void *arg)
{
    struct visit *t = arg;
    miou_promise *child;

    TRY(objects_create(&t->objects, TASK_CALLS));
    TRY(miou_async(&child, &(miou_spawn){.orphans = t->objects.orphans}, return_number,
                   (void *)(intptr_t)9));
    t->objects.child = child;
    TRY(receive_visit(t));
    TRY(miou_await(child, &t->outcome));
    TRY(miou_check(t->objects.owned));
    return objects_disown(&t->objects);
}

CHECK("R1.4", calls_from_a_thread_without_a_task)
{
    struct visit t = {.group = TASK_CALLS};

    expect_code(run_with(1, receive_visit_of_tasks, &t), 0);
    assert_all_refused(t.accepted);
    expect_noted(t.outcome, 9);
}

static int receive_visit_of_descriptors(void *arg)
{
    struct visit *t = arg;

    TRY(miou_tcpv4(&t->objects.fd, MIOU_OWNED));
    TRY(listen_on(&t->objects.listener, MIOU_OWNED, 0));
    TRY(receive_visit(t));
    t->outcome = peer_connect(port_of(t->objects.listener));
    TRY(miou_close(t->objects.fd));
    return miou_close(t->objects.listener);
}

CHECK("R1.4", calls_on_descriptors)
{
    struct visit t = {.group = DESCRIPTOR_CALLS, .outcome = -1};

    assert_refused_outside(DESCRIPTOR_CALLS, &t.objects);
    expect_code(unix_run_with(0, receive_visit_of_descriptors, &t), 0);
    assert_all_refused(t.accepted);
    expect_at_least(t.outcome, 0);
    assert_refused_outside(DESCRIPTOR_CALLS, &t.objects);
}

/* ---- a monitor's select, in which no task runs ---- */

enum { DOMAINS = 2 };

struct silent {
    sem_t bells[DOMAINS];
    atomic_int accepted; /* calls of select in which a call was not refused */
    atomic_int sleeps;   /* of domain 1 */
    atomic_bool busy, go, wake;
    miou_syscall *point; /* on which a task is suspended there, so that it sleeps in select */
    miou_promise *cancelled;
};

static struct silent silent;

static int create_silent(void **state, int domain, void *arg)
{
    (void)arg;
    *state = &silent.bells[domain];
    return sem_init(*state, 0, 0);
}

static int select_in_silence(void *state, int block)
{
    atomic_fetch_add(&silent.accepted, miou_domain_self() != MIOU_NOT_RUNNING ||
                                           miou_check(NULL) != MIOU_NOT_RUNNING ||
                                           miou_domain_available() != MIOU_NOT_RUNNING);
    if (state == &silent.bells[1]) {
        atomic_fetch_add(&silent.sleeps, block);
        if (atomic_load(&silent.wake) && miou_signal(silent.point) == 0) {
            atomic_store(&silent.wake, false);
            return 0;
        }
    }
    if (block)
        sem_wait(state);
    return 0;
}

static void interrupt_silence(void *state)
{
    sem_post(state);
}

static void forget_silence(void *state)
{
    sem_destroy(state);
}

static int wait_in_silence(void *arg)
{
    (void)arg;
    TRY(miou_syscall_create(&silent.point));
    return miou_suspend(silent.point, NULL, NULL);
}

static int hold_up(void *arg)
{
    (void)arg;
    atomic_store(&silent.busy, true);
    until(&silent.go);
    return 0;
}

static int call_and_cancel(void *arg)
{
    TRY(call_on(1, &silent.cancelled, return_0, arg));
    return miou_cancel(silent.cancelled);
}

/* The other domain ends a task that has not begun, if it leaves such tasks out, and then sleeps. */
static int cancel_in_silence(void *arg)
{
    miou_promise *waiting, *holding, *cancelling;
    int sleeps;

    TRY(call_on(1, &waiting, wait_in_silence, arg));
    TRY(call_on(1, &holding, hold_up, arg));
    TRY(yield_until(&silent.busy));
    TRY(miou_async(&cancelling, NULL, call_and_cancel, arg));
    TRY(let_others_run());
    sleeps = silent.sleeps;
    atomic_store(&silent.go, true);
    TRY(miou_await(cancelling, NULL));
    TRY(miou_await(holding, NULL));
    while (silent.sleeps == sleeps)
        TRY(miou_yield());
    atomic_store(&silent.wake, true);
    TRY(run_on(1, return_0, arg));
    return miou_await(waiting, NULL);
}

CHECK("R1.4", calls_in_a_monitors_select)
{
    static const miou_monitor monitor = {.create = create_silent,
                                         .select = select_in_silence,
                                         .interrupt = interrupt_silence,
                                         .finalise = forget_silence};

    expect_code(run_by(miou_run, &(miou_options){.domains = 1, .monitor = &monitor},
                       cancel_in_silence, NULL),
                0);
    expect_number(silent.accepted, 0);
}
