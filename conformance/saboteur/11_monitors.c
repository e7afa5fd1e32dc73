/* Mutants of chapter 11, monitors and hooks. */
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

/* ---- Between the run and its monitor ----
 *
 * A mutant hands this monitor to the true run instead of the given one. Its functions call those of
 * the given one, except for those that the mutant replaces. */

static miou_monitor given;

static int create(void **state, int domain, void *arg)
{
    return given.create(state, domain, arg);
}

static int select_as_given(void *state, int block)
{
    return given.select(state, block);
}

static void interrupt(void *state)
{
    given.interrupt(state);
}

static void cancelled(void *state, miou_syscall *syscall)
{
    if (given.cancelled)
        given.cancelled(state, syscall);
}

static void finalise(void *state)
{
    given.finalise(state);
}

static int run_between(miou_monitor between, const miou_options *options, miou_task *fn, void *arg)
{
    miou_options changed;

    if (!options || !options->monitor || !options->monitor->create || !options->monitor->select ||
        !options->monitor->interrupt || !options->monitor->finalise)
        return true_miou_run(options, fn, arg);
    given = *options->monitor;
    between.create = between.create ? between.create : create;
    between.select = between.select ? between.select : select_as_given;
    between.interrupt = between.interrupt ? between.interrupt : interrupt;
    between.cancelled = between.cancelled ? between.cancelled : cancelled;
    between.finalise = between.finalise ? between.finalise : finalise;
    between.arg = given.arg;
    changed = *options;
    changed.monitor = &between;
    return true_miou_run(&changed, fn, arg);
}

/* A mutant of the monitor; the functions that it names stand between. */
#define MONITOR_MUTANT(rule_, name_, ...)                                                          \
    static int run_##name_(const miou_options *options, miou_task *fn, void *arg)                  \
    {                                                                                              \
        return run_between((miou_monitor){__VA_ARGS__}, options, fn, arg);                         \
    }                                                                                              \
    MUTANT(rule_, name_, .run = run_##name_)

/* ---- R11.1 */

static int suspend_for_a_turn(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    if (true_miou_domain_self() < 0 || !syscall)
        return true_miou_suspend(syscall, suspended, arg);
    if (suspended)
        suspended(arg);
    return true_miou_yield();
}
MUTANT("R11.1", points_are_not_waited_for, .suspend = suspend_for_a_turn);

static int suspend_with_the_point_of_time(miou_syscall *syscall, void (*suspended)(void *arg),
                                          void *arg)
{
    int error = true_miou_suspend(syscall, suspended, arg);

    return error == 0 ? 1 : error;
}
MUTANT("R11.1", suspending_returns_something, .suspend = suspend_with_the_point_of_time);

/* ---- R11.2 */

static int never_select(void *state, int block)
{
    (void)state;
    (void)block;
    return 0;
}

static int run_without_select(const miou_options *options, miou_task *fn, void *arg)
{
    miou_options changed = options ? *options : (miou_options){0};
    miou_monitor whole;

    if (changed.monitor && !changed.monitor->select) {
        whole = *changed.monitor;
        whole.select = never_select;
        changed.monitor = &whole;
    }
    return true_miou_run(&changed, fn, arg);
}
MUTANT("R11.2", monitors_need_no_select, .run = run_without_select);

static int unix_run_with_a_monitor(const miou_options *options, miou_task *fn, void *arg)
{
    miou_options changed = options ? *options : (miou_options){0};

    changed.monitor = NULL;
    return true_miou_unix_run(&changed, fn, arg);
}
MUTANT("R11.2", the_posix_monitor_comes_first, .unix_run = unix_run_with_a_monitor);

/* ---- R11.3 */

static int select_as_if_to_block(void *state, int block)
{
    static _Thread_local unsigned count;

    return given.select(state, block || ++count % 4 == 0);
}
MONITOR_MUTANT("R11.3", select_blocks_beside_tasks, .select = select_as_if_to_block);

static int select_only_to_block(void *state, int block)
{
    return block ? given.select(state, block) : 0;
}
MONITOR_MUTANT("R11.3", select_does_not_look, .select = select_only_to_block);

static int select_without_sleep(void *state, int block)
{
    (void)block;
    return given.select(state, 0);
}
MONITOR_MUTANT("R11.3", select_never_blocks, .select = select_without_sleep);

static void *select_here(void *state)
{
    given.select(state, 0);
    return NULL;
}

/* The domain does not wait for the other thread, and goes on with its tasks. */
static int select_beside_tasks(void *state, int block)
{
    static _Thread_local int calls;
    static _Thread_local pthread_t thread;

    if (thread)
        pthread_join(thread, NULL);
    thread = 0;
    if (!block && ++calls <= 100 && pthread_create(&thread, NULL, select_here, state) == 0)
        return 0;
    return given.select(state, block);
}
MONITOR_MUTANT("R11.3", another_thread_selects, .select = select_beside_tasks);

/* ---- R11.4 */

static void interrupt_mostly(void *state)
{
    static atomic_uint count;

    if (++count % 64)
        given.interrupt(state);
}
MONITOR_MUTANT("R11.4", an_interrupt_is_lost, .interrupt = interrupt_mostly);

static atomic_bool selecting_now[64]; /* by domain, as far as the states differ in it */

static int select_and_show(void *state, int block)
{
    atomic_bool *now = &selecting_now[(uintptr_t)state / 64 % 64];
    int error;

    if (block) /* leave other domains the time to interrupt */
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    atomic_store(now, block);
    error = given.select(state, block);
    atomic_store(now, false);
    return error;
}

static void interrupt_only_in_select(void *state)
{
    if (atomic_load(&selecting_now[(uintptr_t)state / 64 % 64]))
        given.interrupt(state);
}
MONITOR_MUTANT("R11.4", no_interrupt_comes_before_select, .select = select_and_show,
               .interrupt = interrupt_only_in_select);

static void *_Atomic state_of_dom0;

static int create_and_note(void **state, int domain, void *arg)
{
    int error = given.create(state, domain, arg);

    if (error == 0 && domain == 0)
        state_of_dom0 = *state;
    return error;
}

static void interrupt_workers(void *state)
{
    if (state != state_of_dom0)
        given.interrupt(state);
}
MONITOR_MUTANT("R11.4", dom0_is_not_interrupted, .create = create_and_note,
               .interrupt = interrupt_workers);

/* While no task of any domain is suspended on a point, nobody is interrupted. */
static atomic_int suspended_now;

static int suspend_counted(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    int error;

    suspended_now++;
    error = true_miou_suspend(syscall, suspended, arg);
    suspended_now--;
    return error;
}

static void interrupt_for_points(void *state)
{
    if (suspended_now > 0)
        given.interrupt(state);
}

static int run_interrupting_for_points(const miou_options *options, miou_task *fn, void *arg)
{
    return run_between((miou_monitor){.interrupt = interrupt_for_points}, options, fn, arg);
}
MUTANT("R11.4", without_points_no_domain_wakes, .run = run_interrupting_for_points,
       .suspend = suspend_counted);

/* ---- R11.5 */

static void do_not_hear(void *state, miou_syscall *syscall)
{
    (void)state;
    (void)syscall;
}
MONITOR_MUTANT("R11.5", cancelled_points_are_not_reported, .cancelled = do_not_hear);

static void hear_twice(void *state, miou_syscall *syscall)
{
    cancelled(state, syscall);
    cancelled(state, syscall);
}
MONITOR_MUTANT("R11.5", cancelled_points_are_reported_twice, .cancelled = hear_twice);

static int run_with_all_functions(const miou_options *options, miou_task *fn, void *arg)
{
    return options && options->monitor && !options->monitor->cancelled
               ? -EINVAL
               : true_miou_run(options, fn, arg);
}
MUTANT("R11.5", monitors_must_hear_of_it, .run = run_with_all_functions);

/* The mark of a point is 1 once it has been signalled. */
static int signal_and_keep(miou_syscall *syscall)
{
    int error = true_miou_signal(syscall);

    if (error == 0)
        atomic_store(watch_mark(syscall), 1);
    return error;
}

static int suspend_whatever_happens(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    int error;

    atomic_store(watch_mark(syscall), 0); /* another point may have been there before */
    error = true_miou_suspend(syscall, suspended, arg);
    if (error == MIOU_CANCELLED && atomic_load(watch_mark(syscall)) && given.cancelled)
        given.cancelled(true_miou_monitor_state(), syscall);
    return error;
}

static int run_and_keep(const miou_options *options, miou_task *fn, void *arg)
{
    return run_between((miou_monitor){0}, options, fn, arg);
}
MUTANT("R11.5", signalled_points_are_reported, .run = run_and_keep, .signal = signal_and_keep,
       .suspend = suspend_whatever_happens);

static atomic_int cancelling; /* on any thread: the monitor may be called on another one */

static int cancel_and_mark(miou_promise *promise)
{
    int error;

    cancelling++;
    error = true_miou_cancel(promise);
    cancelling--;
    return error;
}

static int signal_while_cancelling(miou_syscall *syscall)
{
    int error = true_miou_signal(syscall);

    return error == -EINVAL && syscall && cancelling > 0 ? 0 : error;
}
MUTANT("R11.5", cancelled_points_can_be_signalled, .cancel = cancel_and_mark,
       .signal = signal_while_cancelling);

/* ---- R11.6 */

static int suspend_and_tell_before(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    if (suspended && true_miou_domain_self() >= 0 && syscall)
        suspended(arg);
    return true_miou_suspend(syscall, NULL, NULL);
}
MUTANT("R11.6", suspended_comes_before_the_suspension, .suspend = suspend_and_tell_before);

static int suspend_silently(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    (void)suspended;
    (void)arg;
    return true_miou_suspend(syscall, NULL, NULL);
}
MUTANT("R11.6", suspended_is_not_called, .suspend = suspend_silently);

static int suspend_and_tell_always(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    int error = true_miou_suspend(syscall, suspended, arg);

    if (error == -EINVAL && suspended && syscall)
        suspended(arg);
    return error;
}
MUTANT("R11.6", suspended_is_called_for_refusals, .suspend = suspend_and_tell_always);

static int suspend_after_a_turn(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    if (syscall && true_miou_domain_self() >= 0)
        true_miou_yield();
    return true_miou_suspend(syscall, suspended, arg);
}
MUTANT("R11.6", others_run_before_suspended, .suspend = suspend_after_a_turn);

struct telling {
    void (*suspended)(void *arg);
    void *arg;
};
static _Thread_local bool in_suspended;

static void tell_and_mark(void *arg)
{
    const struct telling *telling = arg;

    in_suspended = true;
    telling->suspended(telling->arg);
    in_suspended = false;
}

static int suspend_and_mark(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    struct telling telling = {suspended, arg};

    return true_miou_suspend(syscall, suspended ? tell_and_mark : NULL, &telling);
}

static int yield_in_suspended(void)
{
    return in_suspended ? 0 : true_miou_yield();
}
MUTANT("R11.6", suspended_may_yield, .suspend = suspend_and_mark, .yield = yield_in_suspended);

/* ---- R11.7, R11.8 */

static int signal_always(miou_syscall *syscall)
{
    int error = true_miou_signal(syscall);

    return error == -EINVAL ? 0 : error;
}
MUTANT("R11.7", every_signal_arrives, .signal = signal_always);

static int signal_nothing(miou_syscall *syscall)
{
    return syscall ? true_miou_signal(syscall) : 0;
}
MUTANT("R11.7", nothing_can_be_signalled, .signal = signal_nothing);

static int suspend_on_anything(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    int error = true_miou_suspend(syscall, suspended, arg);

    return error == -EINVAL && syscall ? true_miou_yield() : error;
}
MUTANT("R11.8", points_of_others_are_passed_over, .suspend = suspend_on_anything);

/* ---- R11.9 */

static void do_not_finalise(void *state)
{
    (void)state;
}
MONITOR_MUTANT("R11.9", monitors_are_not_finalised, .finalise = do_not_finalise);

static void finalise_twice(void *state)
{
    given.finalise(state);
    given.finalise(state);
}
MONITOR_MUTANT("R11.9", monitors_are_finalised_twice, .finalise = finalise_twice);

static void *finalise_there(void *state)
{
    given.finalise(state);
    return NULL;
}

static void finalise_in_a_thread(void *state)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, finalise_there, state) == 0)
        pthread_join(thread, NULL);
}
MONITOR_MUTANT("R11.9", another_thread_finalises, .finalise = finalise_in_a_thread);

/* ---- R11.10 */

static int suspend_without_a_monitor(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    int error = true_miou_suspend(syscall, suspended, arg);

    return error == MIOU_NO_MONITOR ? true_miou_yield() : error;
}
MUTANT("R11.10", without_a_monitor_no_task_waits, .suspend = suspend_without_a_monitor);

static void *state_of_something(void)
{
    static int something;
    void *state = true_miou_monitor_state();

    return state || true_miou_domain_self() < 0 ? state : &something;
}
MUTANT("R11.10", there_is_always_a_state, .monitor_state = state_of_something);

/* ---- R11.11, R11.12 */

static int create_as_dom0(void **state, int domain, void *arg)
{
    (void)domain;
    return given.create(state, 0, arg);
}
MONITOR_MUTANT("R11.11", monitors_do_not_know_their_domain, .create = create_as_dom0);

static int create_at_any_price(void **state, int domain, void *arg)
{
    return given.create(state, domain, arg) < 0 ? given.create(state, 0, arg) : 0;
}
MONITOR_MUTANT("R11.11", monitors_are_made_at_any_price, .create = create_at_any_price);

static int select_whatever_happens(void *state, int block)
{
    given.select(state, block);
    return 0;
}
MONITOR_MUTANT("R11.12", failing_monitors_are_kept, .select = select_whatever_happens);

static int select_with_one_error(void *state, int block)
{
    return given.select(state, block) < 0 ? -EINVAL : 0;
}
MONITOR_MUTANT("R11.12", monitors_fail_alike, .select = select_with_one_error);

/* ---- R11.13: what the clock needs most */

static int select_too_early(void *state, int block)
{
    (void)block;
    return given.select(state, 1);
}
MONITOR_MUTANT("R11.13", time_passes_beside_tasks, .select = select_too_early);

/* ---- R11.14 to R11.17: hooks */

struct hooked {
    int (*fn)(void *arg);
    void *arg;
    unsigned calls;
};

static int add_hooked(miou_hook **hook, int (*fn)(void *arg), void *arg, int (*instead)(void *arg))
{
    struct hooked *hooked;

    if (!fn || true_miou_domain_self() < 0)
        return true_miou_hook_add(hook, fn, arg);
    hooked = calloc(1, sizeof *hooked);
    if (!hooked)
        return -ENOMEM;
    *hooked = (struct hooked){.fn = fn, .arg = arg};
    return true_miou_hook_add(hook, instead, hooked);
}

static int call_every_other(void *arg)
{
    struct hooked *hooked = arg;

    return ++hooked->calls % 2 ? hooked->fn(hooked->arg) : 0;
}

static int add_for_every_other(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    return add_hooked(hook, fn, arg, call_every_other);
}
MUTANT("R11.14", hooks_are_called_every_other_time, .hook_add = add_for_every_other);

static int call_twice(void *arg)
{
    struct hooked *hooked = arg;
    int error = hooked->fn(hooked->arg);

    return error < 0 ? error : hooked->fn(hooked->arg);
}

static int add_for_twice(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    return add_hooked(hook, fn, arg, call_twice);
}
MUTANT("R11.14", hooks_are_called_twice, .hook_add = add_for_twice);

/* The hook that was added last is also called for the tasks of other domains. */
static struct {
    int (*fn)(void *arg);
    void *arg;
    atomic_int domain; /* 0: none, or dom0; otherwise the domain's number + 1 */
} last_hook;

static int add_for_all_domains(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    int error = true_miou_hook_add(hook, fn, arg);

    if (error == 0) {
        last_hook.fn = fn;
        last_hook.arg = arg;
        last_hook.domain = true_miou_domain_self() + 1;
    }
    return error;
}

static int yield_with_hook(void)
{
    int domain = true_miou_domain_self();

    if (domain >= 0 && last_hook.domain != 0 && last_hook.domain != domain + 1)
        last_hook.fn(last_hook.arg);
    return true_miou_yield();
}
MUTANT("R11.14", hooks_are_called_for_other_domains, .hook_add = add_for_all_domains,
       .yield = yield_with_hook);

/* Hooks of a run before are called as well. */
static int add_for_ever(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    int error = true_miou_hook_add(hook, fn, arg);

    if (error == 0) {
        last_hook.fn = fn;
        last_hook.arg = arg;
        last_hook.domain = -1;
    }
    return error;
}

static int run_and_keep_hook(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);

    if (last_hook.domain == -1)
        last_hook.domain = 1;
    return result;
}

static int yield_with_old_hook(void)
{
    if (last_hook.domain == 1)
        last_hook.fn(last_hook.arg);
    return true_miou_yield();
}
MUTANT("R11.15", hooks_outlive_their_run, .hook_add = add_for_ever, .run = run_and_keep_hook,
       .yield = yield_with_old_hook);

static int call_without_error(void *arg)
{
    struct hooked *hooked = arg;

    hooked->fn(hooked->arg);
    return 0;
}

static int add_for_good(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    return add_hooked(hook, fn, arg, call_without_error);
}
MUTANT("R11.15", hooks_outlive_their_errors, .hook_add = add_for_good);

static int call_once(void *arg)
{
    struct hooked *hooked = arg;
    int value = hooked->fn(hooked->arg);

    return value > 0 ? -value : value;
}

static int add_for_nothing_but_0(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    return add_hooked(hook, fn, arg, call_once);
}
MUTANT("R11.15", hooks_end_with_any_value, .hook_add = add_for_nothing_but_0);

static int remove_nothing(miou_hook *hook)
{
    return hook && true_miou_domain_self() >= 0 ? 0 : true_miou_hook_remove(hook);
}
MUTANT("R11.15", hooks_stay, .hook_remove = remove_nothing);

static int remove_what_is_gone(miou_hook *hook)
{
    int error = true_miou_hook_remove(hook);

    return error == -EINVAL && hook ? 0 : error;
}
MUTANT("R11.16", hooks_are_removed_twice, .hook_remove = remove_what_is_gone);

/* A hook that was removed stands for the one that was added after that. */
static _Thread_local miou_hook *removed, *newest;

static int add_in_place_of_another(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    int error = true_miou_hook_add(hook, fn, arg);

    if (error == 0)
        newest = *hook;
    return error;
}

static int remove_what_took_its_place(miou_hook *hook)
{
    int error = true_miou_hook_remove(hook);

    if (error == 0) {
        removed = hook;
        newest = NULL;
    }
    return error == -EINVAL && hook && hook == removed ? true_miou_hook_remove(newest) : error;
}
MUTANT("R11.16", a_new_hook_takes_the_place_of_another, .hook_add = add_in_place_of_another,
       .hook_remove = remove_what_took_its_place);

static int add_nothing(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    return fn || true_miou_domain_self() < 0 ? true_miou_hook_add(hook, fn, arg) : 0;
}
MUTANT("R11.16", nothing_is_a_hook, .hook_add = add_nothing);

static _Thread_local bool in_hook;

static int call_in_hook(void *arg)
{
    struct hooked *hooked = arg;
    int value;

    in_hook = true;
    value = hooked->fn(hooked->arg);
    in_hook = false;
    return value;
}

static int add_and_mark(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    return add_hooked(hook, fn, arg, call_in_hook);
}

static int add_as_task(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    return in_hook ? 0 : add_and_mark(hook, fn, arg);
}
MUTANT("R11.17", hooks_add_hooks, .hook_add = add_as_task);

static int domain_of_hook(void)
{
    return in_hook ? 0 : true_miou_domain_self();
}
MUTANT("R11.17", hooks_are_on_a_domain, .hook_add = add_and_mark, .domain_self = domain_of_hook);

static int run_in_hook(const miou_options *options, miou_task *fn, void *arg)
{
    return in_hook && fn ? fn(arg) : true_miou_run(options, fn, arg);
}
MUTANT("R11.17", hooks_start_runs, .hook_add = add_and_mark, .run = run_in_hook);

static int sleep_in_hook(int64_t nanoseconds)
{
    return in_hook ? 0 : true_miou_sleep(nanoseconds);
}
MUTANT("R11.17", hooks_sleep, .hook_add = add_and_mark, .sleep = sleep_in_hook);

static int try_lock_in_hook(miou_mutex *mutex)
{
    return in_hook && mutex ? -EBUSY : true_miou_mutex_try_lock(mutex);
}
MUTANT("R11.17", hooks_try_to_lock, .hook_add = add_and_mark, .mutex_try_lock = try_lock_in_hook);

static int handle_in_hook(int number, miou_signal_handler *handler, void *arg)
{
    return in_hook ? -EINVAL : true_miou_signal_handle(number, handler, arg);
}
MUTANT("R11.17", hooks_are_told_of_their_signal, .hook_add = add_and_mark,
       .signal_handle = handle_in_hook);

static int create_in_hook(miou_syscall **syscall)
{
    return in_hook ? 0 : true_miou_syscall_create(syscall);
}
MUTANT("R11.17", hooks_make_points, .hook_add = add_and_mark, .syscall_create = create_in_hook);

static int close_in_hook(miou_fd *fd)
{
    return in_hook && fd ? 0 : true_miou_close(fd);
}
MUTANT("R11.17", hooks_close_descriptors, .hook_add = add_and_mark, .close = close_in_hook);

/* ---- R11.18 */

static int signal_outside(miou_syscall *syscall)
{
    return syscall ? true_miou_signal(syscall) : -EINVAL;
}
MUTANT("R11.18", points_are_looked_at_first, .signal = signal_outside);

static int suspend_in_finaliser(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    int error = true_miou_suspend(syscall, suspended, arg);

    if (error == MIOU_IN_FINALISER && suspended)
        suspended(arg);
    return error;
}
MUTANT("R11.18", finalisers_are_told_of_a_suspension, .suspend = suspend_in_finaliser);

static int create_in_finaliser(miou_syscall **syscall)
{
    int error = true_miou_syscall_create(syscall);

    return error == MIOU_IN_FINALISER ? 0 : error;
}
MUTANT("R11.18", finalisers_make_points, .syscall_create = create_in_finaliser);

/* ---- R11.19 */

static int add_in_finaliser(miou_hook **hook, int (*fn)(void *arg), void *arg)
{
    int error = true_miou_hook_add(hook, fn, arg);

    return error == MIOU_IN_FINALISER ? 0 : error;
}
MUTANT("R11.19", finalisers_add_hooks, .hook_add = add_in_finaliser);

static int remove_outside(miou_hook *hook)
{
    return hook ? true_miou_hook_remove(hook) : -EINVAL;
}
MUTANT("R11.19", hooks_are_looked_at_first, .hook_remove = remove_outside);

/* ---- R11.20 */

static int create_and_waste(miou_syscall **syscall)
{
    saboteur_waste();
    return true_miou_syscall_create(syscall);
}
MUTANT("R11.20", points_take_memory, .syscall_create = create_and_waste);
