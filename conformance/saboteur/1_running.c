/* Mutants of chapter 1, running. */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool in_a_task(void)
{
    return true_miou_domain_self() >= 0;
}

/* ---- R1.1 to R1.3: runs ---- */

static int run_without_value(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);

    return result > 0 ? 0 : result;
}
MUTANT("R1.1", runs_lose_their_value, .run = run_without_value);

static int run_with_byte(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);

    return result > 0 ? result & 0xff : result;
}
MUTANT("R1.1", runs_return_a_byte, .run = run_with_byte);

struct outing {
    const miou_options *options;
    miou_task *fn;
    void *arg;
    int result;
};

static void *run_there(void *arg)
{
    struct outing *outing = arg;

    outing->result = true_miou_run(outing->options, outing->fn, outing->arg);
    return NULL;
}

static int run_in_another_thread(const miou_options *options, miou_task *fn, void *arg)
{
    struct outing outing = {options, fn, arg, 0};
    pthread_t thread;

    if (true_miou_domain_self() >= 0 || pthread_create(&thread, NULL, run_there, &outing))
        return true_miou_run(options, fn, arg);
    pthread_join(thread, NULL);
    return outing.result;
}
MUTANT("R1.1", main_has_a_thread_of_its_own, .run = run_in_another_thread);

static int run_without_error(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);

    return result > -10000 && result < 0 && result != -EINVAL && result != -EBUSY ? 0 : result;
}
MUTANT("R1.2", runs_succeed_always, .run = run_without_error);

static int run_without_other_error(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);

    return result < MIOU_LAST ? -EIO : result;
}
MUTANT("R1.2", runs_hide_errors_of_mains_own, .run = run_without_other_error);

static int run_without_cancelled(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);

    return result == MIOU_CANCELLED ? 0 : result;
}
MUTANT("R1.2", runs_are_never_cancelled, .run = run_without_cancelled);

static int run_unless_it_was(const miou_options *options, int code, miou_task *fn, void *arg)
{
    static atomic_int last;

    return last == code ? -EBUSY : (last = true_miou_run(options, fn, arg));
}

static int run_unless_in_deadlock(const miou_options *options, miou_task *fn, void *arg)
{
    return run_unless_it_was(options, MIOU_DEADLOCK, fn, arg);
}
MUTANT("R1.3", a_deadlock_is_for_good, .run = run_unless_in_deadlock,
       .unix_run = run_unless_in_deadlock);

static int run_unless_failed_on_cancellation(const miou_options *options, miou_task *fn, void *arg)
{
    return run_unless_it_was(options, MIOU_ON_CANCELLATION_FAILED, fn, arg);
}
MUTANT("R1.3", on_cancellation_fails_for_good, .run = run_unless_failed_on_cancellation,
       .unix_run = run_unless_failed_on_cancellation);

static int run_smaller(const miou_options *options, miou_task *fn, void *arg)
{
    static atomic_int runs;
    miou_options less = options ? *options : (miou_options){0};

    if (runs++ > 0 && less.domains > 1)
        less.domains = 1;
    return true_miou_run(&less, fn, arg);
}
MUTANT("R1.3", later_runs_have_fewer_domains, .run = run_smaller);

/* ---- R1.4 to R1.6: refusals ---- */

static int yield_anywhere(void)
{
    int result = true_miou_yield();

    return result == MIOU_NOT_RUNNING ? 0 : result;
}
MUTANT("R1.4", yield_works_anywhere, .yield = yield_anywhere);

static int await_first_of_all(miou_promise *promise, int *outcome)
{
    return promise ? true_miou_await(promise, outcome) : -EINVAL;
}
MUTANT("R1.4", arguments_are_looked_at_first, .await = await_first_of_all);

static int close_anywhere(miou_fd *fd)
{
    int result = true_miou_close(fd);

    return result == MIOU_NOT_RUNNING ? -EBADF : result;
}
MUTANT("R1.4", outside_a_run_descriptors_are_closed, .close = close_anywhere);

static int run_in_place(const miou_options *options, miou_task *fn, void *arg)
{
    return in_a_task() && fn ? fn(arg) : true_miou_run(options, fn, arg);
}
MUTANT("R1.5", runs_nest, .run = run_in_place);

static int run_in_finalisers(const miou_options *options, miou_task *fn, void *arg)
{
    return true_miou_yield() == MIOU_IN_FINALISER ? fn(arg) : true_miou_run(options, fn, arg);
}
MUTANT("R1.5", finalisers_start_runs, .run = run_in_finalisers);

/* In a hook, a function of a monitor or the deadlock function, where no task calls. */
static int run_between_tasks(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);

    return result == -EBUSY && true_miou_domain_self() == MIOU_NOT_RUNNING ? fn(arg) : result;
}
MUTANT("R1.5", runs_are_started_between_tasks, .run = run_between_tasks);

/* The functions that tell of turns and of a cancellation, which are called in a single thread. */
static miou_turn *told_of_turns;
static int (*told_of_cancellation)(void *arg);
static _Thread_local bool telling;

static void tell_of_a_turn(void *state, const int *domains, size_t count)
{
    telling = true;
    told_of_turns(state, domains, count);
    telling = false;
}

static int run_in_turns(const miou_options *options, miou_task *fn, void *arg)
{
    miou_options mine = options ? *options : (miou_options){0};

    if (telling)
        return fn(arg);
    if (mine.turn) {
        told_of_turns = mine.turn;
        mine.turn = tell_of_a_turn;
    }
    return true_miou_run(&mine, fn, arg);
}
MUTANT("R1.5", turns_start_runs, .run = run_in_turns);

static int tell_of_a_cancellation(void *arg)
{
    int result;

    telling = true;
    result = told_of_cancellation(arg);
    telling = false;
    return result;
}

static int tell_when_cancelled(miou_task *fn, void *arg, int (*finally)(void *arg, int cancelled),
                               int (*on_cancellation)(void *arg))
{
    if (!on_cancellation)
        return true_miou_protect(fn, arg, finally, NULL);
    told_of_cancellation = on_cancellation;
    return true_miou_protect(fn, arg, finally, tell_of_a_cancellation);
}

static int run_when_telling(const miou_options *options, miou_task *fn, void *arg)
{
    return telling ? fn(arg) : true_miou_run(options, fn, arg);
}
MUTANT("R1.5", cancellations_start_runs, .protect = tell_when_cancelled, .run = run_when_telling);

static int run_without_domains(const miou_options *options, miou_task *fn, void *arg)
{
    miou_options mended = options ? *options : (miou_options){0};

    if (mended.domains < 0)
        mended.domains = 0;
    return true_miou_run(&mended, fn, arg);
}
MUTANT("R1.6", negative_domains_count_as_0, .run = run_without_domains);

static int run_nothing(const miou_options *options, miou_task *fn, void *arg)
{
    return fn ? true_miou_run(options, fn, arg) : 0;
}
MUTANT("R1.6", nothing_can_be_run, .run = run_nothing);

static int unix_run_nothing(const miou_options *options, miou_task *fn, void *arg)
{
    return fn ? true_miou_unix_run(options, fn, arg) : 0;
}
MUTANT("R1.6", nothing_can_be_run_with_a_monitor, .unix_run = unix_run_nothing);

static int run_with_a_domain(const miou_options *options, miou_task *fn, void *arg)
{
    return true_miou_run(options ? options : &(miou_options){.domains = 1}, fn, arg);
}
MUTANT("R1.6", no_options_are_a_domain, .run = run_with_a_domain);

/* ---- R1.7 to R1.10: turns ---- */

static int async_at_once(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                         void *arg)
{
    int result = true_miou_async(promise, options, fn, arg);

    if (result == 0)
        true_miou_yield();
    return result;
}
MUTANT("R1.7", children_start_at_once, .async = async_at_once);

static int yield_sometimes(void)
{
    static atomic_int count;

    return count++ % 2 || !in_a_task() ? true_miou_yield() : 0;
}
MUTANT("R1.8", every_other_yield_does_nothing, .yield = yield_sometimes);

static int yield_to_the_impatient(void)
{
    static atomic_int count;
    int result = true_miou_yield();

    return result == 0 && count++ % 3 == 0 ? true_miou_yield() : result;
}
MUTANT("R1.9", every_third_turn_is_passed, .yield = yield_to_the_impatient);

static int own_in_turn(miou_resource *resource)
{
    true_miou_yield();
    return true_miou_own(resource);
}
MUTANT("R1.10", own_suspends, .own = own_in_turn);

static int create_orphans_in_turn(miou_orphans **orphans)
{
    true_miou_yield();
    return true_miou_orphans_create(orphans);
}
MUTANT("R1.10", orphanages_suspend, .orphans_create = create_orphans_in_turn);

static int signal_in_turn(miou_condition *condition)
{
    true_miou_yield();
    return true_miou_condition_signal(condition);
}
MUTANT("R1.10", conditions_suspend, .condition_signal = signal_in_turn);

static int transfer_in_turn(miou_resource *resource)
{
    true_miou_yield();
    return true_miou_transfer(resource);
}
MUTANT("R1.10", transfers_suspend, .transfer = transfer_in_turn);

static int number_in_turn(uint64_t *id, miou_promise *promise)
{
    true_miou_yield();
    return true_miou_promise_id(id, promise);
}
MUTANT("R1.10", numbers_suspend, .promise_id = number_in_turn);

/* ---- R1.11 to R1.13: room ---- */

static int run_on_default_stacks(const miou_options *options, miou_task *fn, void *arg)
{
    miou_options less = options ? *options : (miou_options){0};

    if (less.stack_size < SIZE_MAX / 4)
        less.stack_size = 0;
    return true_miou_run(&less, fn, arg);
}
MUTANT("R1.11", stacks_have_one_size, .run = run_on_default_stacks);

static int unix_run_on_default_stacks(const miou_options *options, miou_task *fn, void *arg)
{
    miou_options less = options ? *options : (miou_options){0};

    if (less.stack_size < SIZE_MAX / 4)
        less.stack_size = 0;
    return true_miou_unix_run(&less, fn, arg);
}
MUTANT("R1.11", the_posix_monitor_has_one_size, .unix_run = unix_run_on_default_stacks);

static int run_on_small_stacks(const miou_options *options, miou_task *fn, void *arg)
{
    miou_options less = options ? *options : (miou_options){0};

    if (less.stack_size == 0)
        less.stack_size = 16 << 10;
    return true_miou_run(&less, fn, arg);
}
MUTANT("R1.11", the_default_stack_is_small, .run = run_on_small_stacks);

static int async_up_to_a_number(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                                void *arg)
{
    static atomic_int spawned;

    return spawned++ < 9999 ? true_miou_async(promise, options, fn, arg) : -ENOMEM;
}
MUTANT("R1.13", fewer_than_ten_thousand, .async = async_up_to_a_number);

static int await_small_values(miou_promise *promise, int *outcome)
{
    int result = true_miou_await(promise, outcome);

    if (result == 0 && outcome && *outcome >= 4096)
        *outcome -= 4096;
    return result;
}
MUTANT("R1.13", values_are_mixed_up, .await = await_small_values);

/* ---- R1.15: texts ---- */

static const char *say_error(int error)
{
    return error > -10000 ? true_miou_strerror(error) : "error";
}
MUTANT("R1.15", codes_have_one_text, .strerror = say_error);

static const char *say_first_errors(int error)
{
    return true_miou_strerror(error < MIOU_NO_MONITOR ? 0 : error);
}
MUTANT("R1.15", the_last_codes_have_no_text, .strerror = say_first_errors);

static const char *say_last(int error)
{
    return error == MIOU_LAST ? "last" : true_miou_strerror(error);
}
MUTANT("R1.15", the_last_has_a_text, .strerror = say_last);

static const char *say_in_a_buffer(int error)
{
    static char text[100];

    snprintf(text, sizeof text, "%s", true_miou_strerror(error));
    return text;
}
MUTANT("R1.15", texts_change, .strerror = say_in_a_buffer);

/* Only those that programs meet every day. */
static const char *say_common_errors(int error)
{
    return true_miou_strerror(error < -EINPROGRESS && error > MIOU_STILL_HAS_CHILDREN ? 1 : error);
}
MUTANT("R1.15", rare_errors_have_no_text, .strerror = say_common_errors);

static const char *say_what_the_system_says(int error)
{
    return error < 0 && error > -4096 ? strerror(-error) : true_miou_strerror(error);
}
MUTANT("R1.15", numbers_of_no_error_have_a_text, .strerror = say_what_the_system_says);

static const char *say_nothing(int error)
{
    const char *text = true_miou_strerror(error);

    return strcmp(text, "unknown error") ? text : NULL;
}
MUTANT("R1.15", unknown_errors_have_no_text, .strerror = say_nothing);

/* ---- R1.16 to R1.18: what a run uses and leaves ---- */

static int run_and_leave_descriptor(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);

    if (result == MIOU_RESOURCE_LEAKED || result == MIOU_STILL_HAS_CHILDREN)
        open("/dev/null", O_RDONLY | O_CLOEXEC);
    return result;
}
MUTANT("R1.16", abnormal_ends_leave_a_descriptor, .run = run_and_leave_descriptor);

static int unix_run_and_leave_descriptor(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_unix_run(options, fn, arg);

    open("/dev/null", O_RDONLY | O_CLOEXEC);
    return result;
}
MUTANT("R1.16", monitors_leave_a_descriptor, .unix_run = unix_run_and_leave_descriptor);

static void *stay(void *arg)
{
    pause();
    return arg;
}

static int run_and_leave_thread(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);
    pthread_t thread;

    if (!in_a_task() && pthread_create(&thread, NULL, stay, NULL) == 0)
        pthread_detach(thread);
    return result;
}
MUTANT("R1.16", runs_leave_a_thread, .run = run_and_leave_thread);

static int run_and_leave_memory(const miou_options *options, miou_task *fn, void *arg)
{
    static void *volatile left; /* volatile: or the compiler would leave it out */
    const size_t size = 512 << 10;
    int result = true_miou_run(options, fn, arg);

    left = malloc(size);
    if (left)
        memset(left, 1, size);
    return result;
}
MUTANT("R1.16", runs_leave_memory, .run = run_and_leave_memory);

static atomic_bool watching;

static void *watch_busily(void *arg)
{
    while (watching)
        ;
    return arg;
}

static int run_and_watch(const miou_options *options, miou_task *fn, void *arg)
{
    pthread_t thread;
    int result;

    if (in_a_task())
        return true_miou_run(options, fn, arg);
    watching = true;
    if (pthread_create(&thread, NULL, watch_busily, NULL) != 0)
        return -EAGAIN;
    result = true_miou_run(options, fn, arg);
    watching = false;
    pthread_join(thread, NULL);
    return result;
}
MUTANT("R1.17", runs_keep_a_processor_busy, .run = run_and_watch, .unix_run = run_and_watch);

static int run_alone(const miou_options *options, miou_task *fn, void *arg)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int result;

    if (pthread_mutex_trylock(&lock) != 0)
        return -EBUSY;
    result = true_miou_run(options, fn, arg);
    pthread_mutex_unlock(&lock);
    return result;
}
MUTANT("R1.18", one_run_at_a_time, .run = run_alone);

/* ---- R1.19, R1.20 ---- */

static int yield_for_long(void)
{
    int i, result = 0;

    for (i = 0; i < 20000 && result == 0; i++)
        result = true_miou_yield();
    return result;
}
MUTANT("R1.19", yielding_is_the_end_of_the_queue, .yield = yield_for_long);

static int run_without_run(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_run(options, fn, arg);

    return result == -ENOMEM || result == -EAGAIN ? fn(arg) : result;
}
MUTANT("R1.20", main_needs_no_run, .run = run_without_run);

/* ---- R1.21: the order of ready tasks ---- */

static int await_trigger_and_yield(miou_trigger *trigger)
{
    int error = true_miou_trigger_await(trigger);

    return error == 0 ? true_miou_yield() : error;
}
MUTANT("R1.21", signalled_triggers_cost_a_turn, .trigger_await = await_trigger_and_yield);

static void yield_at_start(struct task *self)
{
    (void)self;
    true_miou_yield();
}

static int run_late_starters(const miou_options *options, miou_task *fn, void *arg)
{
    watch_at_start = yield_at_start;
    return watch_run(options, fn, arg);
}
MUTANT("R1.21", new_tasks_miss_a_turn, WATCHED, .run = run_late_starters, .await = watch_await,
       .cancel = watch_cancel);
