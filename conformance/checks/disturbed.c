/* disturbed: a task that waits, and what must not wake it. */
#include "disturbed.h"
#include "sockets.h"

#include <signal.h>
#include <unistd.h>

struct scene {
    const struct disturbed_wait *wait;
    const struct disturbance *disturbance;
    int domain, result;
    bool waits, done, early;
    atomic_bool go, handled;
    miou_promise *promises[2]; /* children that the task has not awaited yet */
    int children;
    miou_orphans *orphans;
    miou_mutex *mutex;
    miou_condition *condition;
    miou_trigger *trigger;
    miou_computation *computation;
    miou_syscall *point;
    struct pair pair;
};

/* What the task does before it waits, and what then happens. */
struct disturbance {
    const char *name;
    int (*before)(struct scene *scene);
    int (*during)(struct scene *scene);
};

static int until_go(void *arg)
{
    struct scene *t = arg;

    TRY(yield_until(&t->go));
    return 0;
}

static int go(struct scene *t)
{
    atomic_store(&t->go, true);
    return 0;
}

static int have_child(struct scene *t)
{
    return miou_async(&t->promises[t->children++], NULL, until_go, t);
}

static int have_child_elsewhere(struct scene *t)
{
    return miou_call(&t->promises[t->children++], NULL, until_go, t);
}

static int await_one_of_two(struct scene *t)
{
    TRY(miou_async(&t->promises[0], NULL, return_0, NULL));
    TRY(miou_async(&t->promises[1], NULL, until_go, t));
    t->children = 2;
    return miou_await_one(NULL, NULL, t->promises, 2);
}

static int get_one_of_two(struct scene *t)
{
    miou_spawn options = {0};

    TRY(miou_orphans_create(&t->orphans));
    options.orphans = t->orphans;
    TRY(miou_async(NULL, &options, return_0, NULL));
    TRY(miou_async(NULL, &options, until_go, t));
    return miou_orphans_get(NULL, t->orphans) == 1 ? 0 : -1;
}

/* Wait for something that a child then does. */
static int wait_for(struct scene *t, miou_task *helper, int (*wait)(struct scene *t))
{
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, helper, t));
    TRY(wait(t));
    return miou_await(promise, NULL);
}

static int lock_and_unlock(miou_mutex *mutex)
{
    TRY(miou_mutex_lock(mutex));
    return miou_mutex_unlock(mutex);
}

static int hold_mutex(void *arg)
{
    struct scene *t = arg;

    TRY(miou_mutex_lock(t->mutex));
    TRY(let_others_run());
    return miou_mutex_unlock(t->mutex);
}

static int lock_after_another(struct scene *t)
{
    TRY(miou_yield());
    return lock_and_unlock(t->mutex);
}

static int contend(struct scene *t)
{
    return wait_for(t, hold_mutex, lock_after_another);
}

static int lock_it(struct scene *t)
{
    return lock_and_unlock(t->mutex);
}

static int broadcast(void *arg)
{
    struct scene *t = arg;

    TRY(miou_mutex_lock(t->mutex));
    TRY(miou_condition_broadcast(t->condition));
    return miou_mutex_unlock(t->mutex);
}

/* With the mutex from before the other task is spawned, so that this one waits first. */
static int wait_for_condition(struct scene *t)
{
    miou_promise *promise;

    TRY(miou_mutex_lock(t->mutex));
    TRY(miou_async(&promise, NULL, broadcast, t));
    TRY(miou_condition_wait(t->condition, t->mutex));
    TRY(miou_mutex_unlock(t->mutex));
    return miou_await(promise, NULL);
}

static int broadcast_again(struct scene *t)
{
    return broadcast(t);
}

static int signal_trigger(void *arg)
{
    return miou_trigger_signal(((struct scene *)arg)->trigger);
}

static int await_trigger(struct scene *t)
{
    return miou_trigger_await(t->trigger);
}

static int wait_for_trigger(struct scene *t)
{
    return wait_for(t, signal_trigger, await_trigger);
}

static int signal_again(struct scene *t)
{
    return signal_trigger(t);
}

static int complete(void *arg)
{
    return miou_computation_complete(((struct scene *)arg)->computation, 1);
}

static int await_computation(struct scene *t)
{
    return miou_computation_await(t->computation, NULL);
}

static int wait_for_computation(struct scene *t)
{
    return wait_for(t, complete, await_computation);
}

static int complete_again(struct scene *t)
{
    complete(t); /* refused */
    return 0;
}

static int signal_point(void *arg)
{
    return miou_signal(((struct scene *)arg)->point);
}

static int suspend_on_point(struct scene *t)
{
    return miou_suspend(t->point, NULL, NULL);
}

static int wait_for_point(struct scene *t)
{
    TRY(miou_syscall_create(&t->point));
    return wait_for(t, signal_point, suspend_on_point);
}

static int signal_stale_point(struct scene *t)
{
    signal_point(t); /* refused */
    return 0;
}

static int sleep_shortly(struct scene *t)
{
    (void)t;
    return miou_sleep(1000);
}

static int send_byte(void *arg)
{
    struct scene *t = arg;

    return peer_send(t->pair.peer, "x", 1) == 1 ? 0 : -1;
}

static int read_byte(struct scene *t)
{
    char byte;

    return (int)miou_read(t->pair.fd, &byte, 1);
}

static int wait_for_byte(struct scene *t)
{
    TRY(pair_open(&t->pair, 0));
    return wait_for(t, send_byte, read_byte);
}

static int send_another(struct scene *t)
{
    return send_byte(t);
}

static int raise_signal(struct scene *t)
{
    kill(getpid(), SIGUSR1);
    TRY(yield_until(&t->handled));
    return 0;
}

static const struct disturbance disturbances[] = {
    {"the last child ends", have_child, go},
    {"the last child ends, on another domain", have_child_elsewhere, go},
    {"the other of two children ends", await_one_of_two, go},
    {"the other of two orphans ends", get_one_of_two, go},
    {"a mutex is unlocked", contend, lock_it},
    {"a condition is broadcast", wait_for_condition, broadcast_again},
    {"a trigger is signalled again", wait_for_trigger, signal_again},
    {"a computation is completed again", wait_for_computation, complete_again},
    {"a point is signalled again", wait_for_point, signal_stale_point},
    {"another task's sleep ends", sleep_shortly, sleep_shortly},
    {"a byte arrives", wait_for_byte, send_another},
    {"a signal is handled", NULL, raise_signal},
};
enum { DISTURBANCES = sizeof disturbances / sizeof disturbances[0] };

static int settle(struct scene *t)
{
    int i;

    for (i = 0; i < t->children; i++)
        TRY(miou_await(t->promises[i], NULL));
    if (t->orphans != NULL)
        TRY(miou_orphans_get(NULL, t->orphans));
    return 0;
}

static int wait_disturbed(void *arg)
{
    struct scene *t = arg;

    if (t->disturbance->before != NULL)
        TRY(t->disturbance->before(t));
    t->waits = true;
    NOTE(t->result, t->wait->wait(t->wait->state));
    t->done = true;
    return settle(t);
}

static int release_or_cancel(struct scene *t, miou_promise *promise)
{
    int outcome;

    if (t->wait->release == NULL)
        return miou_cancel(promise);
    TRY(t->wait->release(t->wait->state));
    TRY(miou_await(promise, &outcome));
    return outcome;
}

static int optionally(int (*fn)(void *state), void *state)
{
    return fn != NULL ? fn(state) : 0;
}

static int disturb(void *arg)
{
    struct scene *t = arg;
    miou_promise *promise;

    TRY(miou_mutex_create(&t->mutex));
    TRY(miou_condition_create(&t->condition));
    TRY(miou_trigger_create(&t->trigger));
    TRY(miou_computation_create(&t->computation));
    TRY(optionally(t->wait->prepare, t->wait->state));
    TRY(miou_async(&promise, NULL, wait_disturbed, t));
    while (!t->waits)
        TRY(miou_yield());
    TRY(let_others_run());
    TRY(t->disturbance->during(t));
    TRY(let_others_run());
    t->early = t->done;
    TRY(release_or_cancel(t, promise));
    return optionally(t->wait->finish, t->wait->state);
}

static void note_handled(int number, void *arg)
{
    (void)number;
    atomic_store((atomic_bool *)arg, true);
}

static int disturb_on_domain(void *arg)
{
    struct scene *t = arg;

    if (t->disturbance->during == raise_signal)
        TRY(miou_signal_handle(SIGUSR1, note_handled, &t->handled));
    return run_on(t->domain, disturb, t);
}

void(assert_undisturbed)(const struct disturbed_wait *wait)
{
    int i, domain, result;

    for (i = 0; i < DISTURBANCES; i++) {
        with_name(disturbances[i].name);

        for (domain = 0; domain < 2; domain++) {
            with_index(domain);
            struct scene t = {
                .wait = wait, .disturbance = &disturbances[i], .domain = domain, .pair.peer = -1};

            NOTE(result, unix_run_with(2, disturb_on_domain, &t));
            if (t.pair.peer >= 0)
                peer_close(t.pair.peer);
            expect_noted(result, 0);
            expect_false(t.early);
            expect_noted(t.result, wait->result);
        }
    }
}

/* ---- children ---- */

static int have_none(void *arg)
{
    struct children *t = arg;

    atomic_store(&t->begun, false);
    atomic_store(&t->released, false);
    return 0;
}

static int release_children(void *arg)
{
    struct children *t = arg;

    atomic_store(&t->released, true);
    return 0;
}

int end_when_released(void *arg)
{
    struct children *t = arg;

    TRY(yield_until(&t->released));
    return 7;
}

void(assert_children_undisturbed)(int (*wait)(void *children), int result)
{
    struct children t = {.promises = {NULL}};

    assert_undisturbed(&(struct disturbed_wait){.prepare = have_none,
                                                .wait = wait,
                                                .release = release_children,
                                                .result = result,
                                                .state = &t});
}
