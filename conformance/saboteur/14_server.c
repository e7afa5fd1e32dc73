/* Mutants of chapter 14, servers. */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const int64_t HOUR = 3600000000000;

/* ---- Deadlines ---- */

/* What the refusals say is said; only then is the deadline forgotten. */
static int call_without_deadline(int64_t nanoseconds, miou_task *fn, void *arg)
{
    return true_miou_deadline(nanoseconds <= 0 || fn == NULL ? nanoseconds : INT64_MAX, fn, arg);
}
MUTANT("R14.1", deadlines_never_pass, .deadline = call_without_deadline);

static int call_with_half_a_deadline(int64_t nanoseconds, miou_task *fn, void *arg)
{
    return true_miou_deadline(nanoseconds / 2, fn, arg);
}
MUTANT("R14.1", deadlines_pass_early, .deadline = call_with_half_a_deadline);

static int call_and_tell_nothing(int64_t nanoseconds, miou_task *fn, void *arg)
{
    int result = true_miou_deadline(nanoseconds, fn, arg);

    return result > 0 ? 0 : result;
}
MUTANT("R14.1", what_the_function_returned_is_lost, .deadline = call_and_tell_nothing);

static int call_and_tell_no_code(int64_t nanoseconds, miou_task *fn, void *arg)
{
    int result = true_miou_deadline(nanoseconds, fn, arg);

    return result == MIOU_CANCELLED && fn != NULL && true_miou_yield() != MIOU_CANCELLED ? 0
                                                                                         : result;
}
MUTANT("R14.1", what_means_something_is_no_outcome, .deadline = call_and_tell_no_code);

static const char *text_but_of_expired(int error)
{
    return true_miou_strerror(error == MIOU_EXPIRED ? MIOU_CANCELLED : error);
}
MUTANT("R14.1", expired_is_called_cancelled, .strerror = text_but_of_expired);

/* How many deadlines of 0 or less the calls of this thread are under; one domain is enough. */
static _Thread_local int over;

static int call_when_over(int64_t nanoseconds, miou_task *fn, void *arg)
{
    int result;

    over += nanoseconds <= 0;
    result = true_miou_deadline(nanoseconds, fn, arg);
    over -= nanoseconds <= 0;
    return result;
}

static ssize_t read_in_time(miou_fd *fd, void *buffer, size_t size)
{
    return over > 0 ? MIOU_EXPIRED : true_miou_read(fd, buffer, size);
}
MUTANT("R14.2", nothing_is_read_when_the_time_is_over, .deadline = call_when_over,
       .read = read_in_time);

static int await_in_time(miou_promise *promise, int *outcome)
{
    return over > 0 ? MIOU_EXPIRED : true_miou_await(promise, outcome);
}
MUTANT("R14.2", no_child_is_awaited_when_the_time_is_over, .deadline = call_when_over,
       .await = await_in_time);

static int get_in_time(int *outcome, miou_orphans *orphans)
{
    int got = true_miou_orphans_get(outcome, orphans);

    return over > 0 && got == 0 ? MIOU_EXPIRED : got;
}
MUTANT("R14.2", no_orphanage_is_empty_when_the_time_is_over, .deadline = call_when_over,
       .orphans_get = get_in_time);

static int call_all_in_time(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    int error = true_miou_parallel(outcomes, fn, args, count);

    return over > 0 && error == 0 && count == 0 ? MIOU_EXPIRED : error;
}
MUTANT("R14.2", no_calls_take_time, .deadline = call_when_over, .parallel = call_all_in_time);

static int suspend_and_tell(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    if (over > 0 && suspended != NULL)
        suspended(arg);
    return true_miou_suspend(syscall, suspended, arg);
}
MUTANT("R14.2", a_suspension_that_never_is_is_told, .deadline = call_when_over,
       .suspend = suspend_and_tell);

static int call_with_some_time(int64_t nanoseconds, miou_task *fn, void *arg)
{
    return true_miou_deadline(nanoseconds <= 0 && fn != NULL ? HOUR : nanoseconds, fn, arg);
}
MUTANT("R14.2", no_time_is_much_time, .deadline = call_with_some_time);

static int yield_as_ever(void)
{
    int error = true_miou_yield();

    return error == MIOU_EXPIRED ? 0 : error;
}
MUTANT("R14.3", yielding_tells_nothing, .yield = yield_as_ever);

/* Only the innermost deadline is known. */
static _Thread_local bool nested;

static int call_with_the_inner(int64_t nanoseconds, miou_task *fn, void *arg)
{
    bool inner = nested;
    int result;

    nested = true;
    result = true_miou_deadline(inner || fn == NULL ? nanoseconds : INT64_MAX, fn, arg);
    nested = inner;
    return result;
}
MUTANT("R14.4", the_inner_deadline_replaces_the_outer, .deadline = call_with_the_inner);

static int call_with_the_outer(int64_t nanoseconds, miou_task *fn, void *arg)
{
    bool inner = nested;
    int result;

    nested = true;
    result = true_miou_deadline(inner && fn != NULL ? INT64_MAX : nanoseconds, fn, arg);
    nested = inner;
    return result;
}
MUTANT("R14.4", the_outer_deadline_replaces_the_inner, .deadline = call_with_the_outer);

static int sleep_or_be_cancelled(int64_t nanoseconds)
{
    int error = true_miou_sleep(nanoseconds);

    return error == MIOU_EXPIRED ? MIOU_CANCELLED : error;
}
MUTANT("R14.5", an_expired_sleep_is_cancelled, .sleep = sleep_or_be_cancelled);

static int sleep_or_expire(int64_t nanoseconds)
{
    int error = true_miou_sleep(nanoseconds);

    return error == MIOU_CANCELLED && nanoseconds >= HOUR ? MIOU_EXPIRED : error;
}
MUTANT("R14.5", a_cancelled_sleep_expires, .sleep = sleep_or_expire);

static ssize_t read_and_forget(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    return n > 0 && over > 0 ? MIOU_EXPIRED : n;
}
MUTANT("R14.6", what_comes_late_is_lost, .deadline = call_when_over, .read = read_and_forget);

/* Whether a deadline of the calling task has passed. */
static bool is_late(void)
{
    return true_miou_yield() == MIOU_EXPIRED;
}

static ssize_t read_too_late(miou_fd *fd, void *buffer, size_t size)
{
    struct pollfd asked = {.fd = true_miou_fd_number(fd), .events = POLLIN};
    bool waits = asked.fd >= 0 && poll(&asked, 1, 0) == 0;
    ssize_t n = true_miou_read(fd, buffer, size);

    return waits && n > 0 && is_late() ? MIOU_EXPIRED : n;
}
MUTANT("R14.6", what_comes_with_the_deadline_is_lost, .read = read_too_late);

static int lock_too_late(miou_mutex *mutex)
{
    int error = true_miou_mutex_try_lock(mutex);

    if (error == 0)
        return 0;
    error = true_miou_mutex_lock(mutex);
    return error == 0 && is_late() ? MIOU_EXPIRED : error;
}
MUTANT("R14.6", a_mutex_that_comes_with_the_deadline_is_lost, .mutex_lock = lock_too_late);

/* The mark of an object is 1 once a call has expired that waited for it. */
static int mark_expired(const void *object, int error)
{
    if (error == MIOU_EXPIRED)
        atomic_store(watch_mark(object), 1);
    return error;
}

static ssize_t read_until_expired(miou_fd *fd, void *buffer, size_t size)
{
    if (fd != NULL && atomic_load(watch_mark(fd)))
        return MIOU_EXPIRED;
    return mark_expired(fd, (int)true_miou_read(fd, buffer, size));
}
MUTANT("R14.6", a_descriptor_stays_expired, .read = read_until_expired);

static int lock_until_expired(miou_mutex *mutex)
{
    if (mutex != NULL && atomic_load(watch_mark(mutex)))
        return -EBUSY;
    return mark_expired(mutex, true_miou_mutex_lock(mutex));
}
MUTANT("R14.6", a_mutex_is_spoilt_by_the_expired, .mutex_lock = lock_until_expired);

/* A mutex that a task has waited for in vain goes to that task, if it is of another domain than the
 * one that unlocks it. The mutex's mark is the domain of the task + 1. */
static int lock_and_stay(miou_mutex *mutex)
{
    int error = true_miou_mutex_lock(mutex);

    if (error == MIOU_EXPIRED)
        atomic_store(watch_mark(mutex), true_miou_domain_self() + 1);
    return error;
}

static int unlock_for_the_expired(miou_mutex *mutex)
{
    int domain = mutex != NULL ? atomic_exchange(watch_mark(mutex), 0) - 1 : -1;

    return domain >= 0 && domain != true_miou_domain_self() ? 0 : true_miou_mutex_unlock(mutex);
}
MUTANT("R14.6", the_expired_elsewhere_take_a_mutex, .mutex_lock = lock_and_stay,
       .mutex_unlock = unlock_for_the_expired);

static int force_until_expired(miou_lazy *lazy, int *value)
{
    if (lazy != NULL && atomic_load(watch_mark(lazy)))
        return MIOU_EXPIRED;
    return mark_expired(lazy, true_miou_lazy_force(lazy, value));
}
MUTANT("R14.6", a_lazy_value_stays_expired, .lazy_force = force_until_expired);

static int suspend_although_expired(miou_syscall *syscall, void (*suspended)(void *arg), void *arg)
{
    int error;

    if (syscall != NULL && atomic_load(watch_mark(syscall)))
        return 0;
    error = true_miou_suspend(syscall, suspended, arg);
    return mark_expired(syscall, error);
}
MUTANT("R14.6", a_point_can_be_used_when_expired, .suspend = suspend_although_expired);

/* A condition whose waiter has expired keeps a signal for it. */
static int wait_and_owe(miou_condition *condition, miou_mutex *mutex)
{
    return mark_expired(condition, true_miou_condition_wait(condition, mutex));
}

static int signal_the_expired(miou_condition *condition)
{
    if (condition != NULL && atomic_exchange(watch_mark(condition), 0))
        return 0;
    return true_miou_condition_signal(condition);
}
MUTANT("R14.6", the_expired_take_a_signal, .condition_wait = wait_and_owe,
       .condition_signal = signal_the_expired);

static int await_trigger_once(miou_trigger *trigger)
{
    if (trigger != NULL && atomic_load(watch_mark(trigger)))
        return -EBUSY;
    return mark_expired(trigger, true_miou_trigger_await(trigger));
}
MUTANT("R14.6", a_trigger_is_still_awaited, .trigger_await = await_trigger_once);

static int cancel_in_time(miou_promise *promise)
{
    return over > 0 ? MIOU_EXPIRED : true_miou_cancel(promise);
}
MUTANT("R14.7", cancelling_expires, .deadline = call_when_over, .cancel = cancel_in_time);

static int await_or_cancel(miou_promise *promise, int *outcome)
{
    int error = true_miou_await(promise, outcome);

    if (error == MIOU_EXPIRED)
        true_miou_cancel(promise);
    return error;
}
MUTANT("R14.7", an_await_that_expires_cancels, .await = await_or_cancel);

static int settle_all(miou_promise *const *promises, size_t count, int error)
{
    size_t i;

    for (i = 0; i < count && error == MIOU_EXPIRED; i++)
        true_miou_cancel(promises[i]);
    return error;
}

static int await_all_or_cancel(int *outcomes, miou_promise *const *promises, size_t count)
{
    return settle_all(promises, count, true_miou_await_all(outcomes, promises, count));
}
MUTANT("R14.7", an_await_of_all_that_expires_cancels, .await_all = await_all_or_cancel);

static int await_one_or_cancel(size_t *which, int *outcome, miou_promise *const *promises,
                               size_t count)
{
    return settle_all(promises, count, true_miou_await_one(which, outcome, promises, count));
}
MUTANT("R14.7", an_await_of_one_that_expires_cancels, .await_one = await_one_or_cancel);

static int await_first_in_time(size_t *which, int *outcome, miou_promise *const *promises,
                               size_t count)
{
    return over > 0 ? MIOU_EXPIRED : true_miou_await_first(which, outcome, promises, count);
}
MUTANT("R14.7", nothing_is_first_when_the_time_is_over, .deadline = call_when_over,
       .await_first = await_first_in_time);

/* What is spawned, or handles a signal, under a deadline is called under it. One domain at a time
 * is enough. */
static _Thread_local int64_t around; /* the innermost deadline's length; 0: none */

struct heir {
    miou_task *fn;
    miou_signal_handler *handler;
    void *arg;
    int number;
    int64_t nanoseconds;
};

static struct heir *new_heir(void *arg)
{
    struct heir *heir = calloc(1, sizeof *heir);

    if (heir == NULL)
        abort();
    heir->arg = arg;
    heir->nanoseconds = around;
    return heir;
}

static int call_and_bequeath(int64_t nanoseconds, miou_task *fn, void *arg)
{
    int64_t outer = around;
    int result;

    around = nanoseconds > 0 ? nanoseconds : -1;
    result = true_miou_deadline(nanoseconds, fn, arg);
    around = outer;
    return result;
}

static int call_heir(void *arg)
{
    struct heir *heir = arg;

    return true_miou_deadline(heir->nanoseconds, heir->fn, heir->arg);
}

static int async_and_bequeath(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                              void *arg)
{
    struct heir *heir;

    if (around == 0 || fn == NULL)
        return true_miou_async(promise, options, fn, arg);
    heir = new_heir(arg);
    heir->fn = fn;
    return true_miou_async(promise, options, call_heir, heir);
}
MUTANT("R14.7", children_inherit_a_deadline, .deadline = call_and_bequeath,
       .async = async_and_bequeath);

static int handle_heir(void *arg)
{
    struct heir *heir = arg;

    heir->handler(heir->number, heir->arg);
    return 0;
}

static void handle_in_time(int number, void *arg)
{
    struct heir *heir = arg;

    heir->number = number;
    true_miou_deadline(1, handle_heir, heir);
}

static int handle_and_bequeath(int number, miou_signal_handler *handler, void *arg)
{
    struct heir *heir = new_heir(arg);

    heir->handler = handler;
    return handler == MIOU_SIGNAL_DEFAULT || handler == MIOU_SIGNAL_IGNORE
               ? true_miou_signal_handle(number, handler, arg)
               : true_miou_signal_handle(number, handle_in_time, heir);
}
MUTANT("R14.7", handlers_have_a_deadline, .signal_handle = handle_and_bequeath);

/* If the time is over, the children are left to an orphanage. */
static int parallel_and_leave(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    miou_orphans *orphans;
    size_t i;

    if (around == 0 || fn == NULL || true_miou_orphans_create(&orphans) < 0)
        return true_miou_parallel(outcomes, fn, args, count);
    for (i = 0; i < count; i++)
        true_miou_call(NULL, &(miou_spawn){.orphans = orphans}, fn, args[i]);
    true_miou_sleep(HOUR);
    return MIOU_EXPIRED;
}
MUTANT("R14.7", what_expires_in_parallel_goes_on, .deadline = call_and_bequeath,
       .parallel = parallel_and_leave);

static int call_nothing(int64_t nanoseconds, miou_task *fn, void *arg)
{
    return fn == NULL ? 0 : true_miou_deadline(nanoseconds, fn, arg);
}
MUTANT("R14.8", no_function_is_no_error, .deadline = call_nothing);

static int call_without_a_monitor(int64_t nanoseconds, miou_task *fn, void *arg)
{
    int result = true_miou_deadline(nanoseconds, fn, arg);

    return result == MIOU_NO_MONITOR ? fn(arg) : result;
}
MUTANT("R14.8", deadlines_need_no_monitor, .deadline = call_without_a_monitor);

static int call_in_finaliser(int64_t nanoseconds, miou_task *fn, void *arg)
{
    int result = true_miou_deadline(nanoseconds, fn, arg);

    return result == MIOU_IN_FINALISER && fn != NULL ? fn(arg) : result;
}
MUTANT("R14.8", finalisers_have_deadlines, .deadline = call_in_finaliser);

static int block_in_finaliser(miou_task *fn, void *arg)
{
    int result = true_miou_blocking(fn, arg);

    return result == MIOU_IN_FINALISER && fn != NULL ? fn(arg) : result;
}
MUTANT("R14.8", finalisers_block, .blocking = block_in_finaliser);

static int call_at_once(int64_t nanoseconds, miou_task *fn, void *arg)
{
    return nanoseconds <= 0 || fn == NULL || true_miou_domain_self() < 0
               ? true_miou_deadline(nanoseconds, fn, arg)
               : fn(arg);
}
MUTANT("R14.9", a_deadline_is_no_hope, .deadline = call_at_once);

static void do_nothing(int number, void *arg)
{
    (void)number;
    (void)arg;
}

/* A signal is hoped for when the deadline has passed. */
static int call_and_hope(int64_t nanoseconds, miou_task *fn, void *arg)
{
    int result = true_miou_deadline(nanoseconds, fn, arg);

    true_miou_signal_handle(SIGUSR2, do_nothing, NULL);
    return result;
}
MUTANT("R14.9", a_deadline_that_has_passed_is_hoped_for, .deadline = call_and_hope);

/* ---- Descriptors of other libraries ---- */

static int wait_no_time(int number)
{
    int error = true_miou_wait_readable(number);

    return error == MIOU_EXPIRED ? 0 : error;
}
MUTANT("R14.10", what_is_not_ready_can_be_read, .wait_readable = wait_no_time);

static int wait_for_any_number(int number)
{
    int error = true_miou_wait_readable(number);

    return error == -EBADF ? 0 : error;
}
MUTANT("R14.10", numbers_need_not_be_open, .wait_readable = wait_for_any_number);

static int wait_for_a_turn(int number)
{
    int error = fcntl(number, F_GETFD) < 0 ? -EBADF : true_miou_yield();

    return error < 0 ? true_miou_wait_readable(number) : 0;
}
MUTANT("R14.10", a_turn_is_a_wait, .wait_readable = wait_for_a_turn);

static int wait_for_more_than_errors(int number)
{
    int error = true_miou_wait_writable(number);
    struct pollfd asked = {.fd = number, .events = POLLOUT};

    while (error == 0 && poll(&asked, 1, 0) == 1 && asked.revents & POLLERR)
        error = true_miou_sleep(1000000);
    return error;
}
MUTANT("R14.10", errors_end_no_wait, .wait_writable = wait_for_more_than_errors);

static int wait_and_take(int number)
{
    int error = true_miou_wait_readable(number);
    struct pollfd asked = {.fd = number, .events = POLLIN};
    char byte;

    if (error == 0 && poll(&asked, 1, 0) == 1)
        (void)!read(number, &byte, 1);
    return error;
}
MUTANT("R14.10", a_wait_takes_a_byte, .wait_readable = wait_and_take);

static int wait_for_any_number_but_0(int number)
{
    return number == 0 ? -EBADF : true_miou_wait_readable(number);
}
MUTANT("R14.10", number_0_is_not_waited_for, .wait_readable = wait_for_any_number_but_0);

static int wait_alone(int number)
{
    static atomic_int waiting[1024];
    int error;

    if (number < 0 || number >= 1024 || true_miou_domain_self() < 0)
        return true_miou_wait_readable(number);
    if (atomic_exchange(&waiting[number], 1))
        return -EBUSY;
    error = true_miou_wait_readable(number);
    waiting[number] = 0;
    return error;
}
MUTANT("R14.10", one_task_waits_for_a_number, .wait_readable = wait_alone);

static int wait_until_closed(int number)
{
    bool open = fcntl(number, F_GETFD) >= 0;
    int error = true_miou_wait_readable(number);

    return open && error == -EBADF ? 0 : error;
}
MUTANT("R14.11", what_is_closed_can_be_read, .wait_readable = wait_until_closed);

static int wait_without_blocking(int number)
{
    int flags = fcntl(number, F_GETFL);

    if (flags >= 0)
        fcntl(number, F_SETFL, flags | O_NONBLOCK);
    return true_miou_wait_writable(number);
}
MUTANT("R14.10", foreign_numbers_are_unblocked, .wait_writable = wait_without_blocking);

static int wait_with_the_domain(int number)
{
    struct pollfd asked = {.fd = number, .events = POLLIN};

    if (true_miou_domain_self() >= 0 && fcntl(number, F_GETFD) >= 0)
        poll(&asked, 1, -1);
    return true_miou_wait_readable(number);
}
MUTANT("R14.10", waiting_holds_up_the_domain, .wait_readable = wait_with_the_domain);

/* ---- Functions that block ---- */

static int block_here(miou_task *fn, void *arg)
{
    return fn != NULL && true_miou_domain_self() >= 0 ? fn(arg) : true_miou_blocking(fn, arg);
}
MUTANT("R14.12", functions_block_their_domain, .blocking = block_here);

static int block_without_a_result(miou_task *fn, void *arg)
{
    int result = true_miou_blocking(fn, arg);

    return result > 0 ? 0 : result;
}
MUTANT("R14.12", functions_that_block_return_nothing, .blocking = block_without_a_result);

static int block_twice(miou_task *fn, void *arg)
{
    int result = true_miou_blocking(fn, arg);

    return result < 0 ? result : true_miou_blocking(fn, arg);
}
MUTANT("R14.12", functions_are_called_twice, .blocking = block_twice);

static int block_with_one_error(miou_task *fn, void *arg)
{
    int result = true_miou_blocking(fn, arg);

    return result < 0 && result > -50 && result != -EINVAL ? -EIO : result;
}
MUTANT("R14.12", functions_fail_alike, .blocking = block_with_one_error);

static bool steered;

static int run_and_note(const miou_options *options, miou_task *fn, void *arg)
{
    steered = options != NULL && options->choose != NULL;
    return true_miou_unix_run(options, fn, arg);
}

struct job {
    miou_task *fn;
    void *arg;
    int result;
    atomic_bool done;
};

static void *do_job(void *arg)
{
    struct job *job = arg;

    job->result = job->fn(job->arg);
    return NULL;
}

static int block_on_a_thread(miou_task *fn, void *arg)
{
    struct job job = {.fn = fn, .arg = arg};
    pthread_t thread;

    if (!steered || fn == NULL || pthread_create(&thread, NULL, do_job, &job) != 0)
        return true_miou_blocking(fn, arg);
    pthread_join(thread, NULL);
    return job.result;
}
MUTANT("R14.12", steered_functions_get_a_thread, .unix_run = run_and_note,
       .blocking = block_on_a_thread);

static void *do_job_and_tell(void *arg)
{
    struct job *job = arg;

    job->result = job->fn(job->arg);
    atomic_store(&job->done, true);
    return NULL;
}

/* In a steered run the other tasks have turns meanwhile. */
static int block_for_some_turns(miou_task *fn, void *arg)
{
    struct job job = {.fn = fn, .arg = arg};
    pthread_t thread;

    if (!steered || fn == NULL)
        return true_miou_blocking(fn, arg);
    true_miou_yield();
    if (pthread_create(&thread, NULL, do_job_and_tell, &job) != 0)
        return true_miou_blocking(fn, arg);
    do
        true_miou_yield();
    while (!atomic_load(&job.done));
    pthread_join(thread, NULL);
    return job.result;
}
MUTANT("R14.12", others_go_on_in_a_steered_run, .unix_run = run_and_note,
       .blocking = block_for_some_turns);

/* The newest function begins first, if there are more than two. */
static int block_newest_first(miou_task *fn, void *arg)
{
    static atomic_int running, newest;
    int mine, result;

    if (fn == NULL || true_miou_domain_self() < 0)
        return true_miou_blocking(fn, arg);
    mine = ++newest;
    while (running >= 4 || (running >= 3 && newest > mine))
        if (true_miou_yield() < 0)
            break;
    running++;
    result = true_miou_blocking(fn, arg);
    running--;
    return result;
}
MUTANT("R14.13", the_newest_function_is_first, .blocking = block_newest_first);

static int block_one_by_one(miou_task *fn, void *arg)
{
    static atomic_int blocked;
    int result;

    while (fn != NULL && true_miou_domain_self() >= 0 && atomic_exchange(&blocked, 1))
        if (true_miou_yield() < 0)
            return MIOU_CANCELLED;
    result = true_miou_blocking(fn, arg);
    blocked = 0;
    return result;
}
MUTANT("R14.13", one_function_blocks_at_a_time, .blocking = block_one_by_one);

static int block_in_vain(miou_task *fn, void *arg)
{
    int result = true_miou_blocking(fn, arg);

    return result == 42 ? MIOU_EXPIRED : result;
}
MUTANT("R14.14", what_a_late_function_returned_is_lost, .blocking = block_in_vain);

/* A function is called, whether its task waits for it or not. */
struct calling {
    miou_task *fn;
    void *arg;
    atomic_bool called;
};

static int call_and_note(void *arg)
{
    struct calling *calling = arg;

    atomic_store(&calling->called, true);
    return calling->fn(calling->arg);
}

static int block_and_note(struct calling *calling)
{
    return true_miou_blocking(calling->fn != NULL ? call_and_note : NULL, calling);
}

static int block_when_expired(miou_task *fn, void *arg)
{
    struct calling calling = {.fn = fn, .arg = arg};
    int result = block_and_note(&calling);

    if (result == MIOU_EXPIRED && fn != NULL && !atomic_load(&calling.called))
        fn(arg);
    return result;
}
MUTANT("R14.14", late_functions_are_called, .blocking = block_when_expired);

/* The function of a cancelled task begins some time later, at the latest when the run ends. */
static struct job *_Atomic left_job;

static int block_when_cancelled(miou_task *fn, void *arg)
{
    struct calling calling = {.fn = fn, .arg = arg};
    int result = block_and_note(&calling);
    struct job *job;

    if (result == MIOU_CANCELLED && fn != NULL && !atomic_load(&calling.called) &&
        (job = calloc(1, sizeof *job)) != NULL) {
        job->fn = fn;
        job->arg = arg;
        left_job = job;
    }
    return result;
}

static int unix_run_what_is_left(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_unix_run(options, fn, arg);
    struct job *job = left_job;

    if (job != NULL)
        do_job(job);
    return result;
}
MUTANT("R14.14", cancelled_functions_are_called, .unix_run = unix_run_what_is_left,
       .blocking = block_when_cancelled);

/* Nobody waits for the function of a cancelled task, or of one whose time is over. */
static int block_impatiently(miou_task *fn, void *arg)
{
    struct job *job;
    pthread_t thread;
    int error = 0, result;

    if (fn == NULL || true_miou_domain_self() < 0 || (job = calloc(1, sizeof *job)) == NULL)
        return true_miou_blocking(fn, arg);
    job->fn = fn;
    job->arg = arg;
    if (pthread_create(&thread, NULL, do_job_and_tell, job) != 0)
        return true_miou_blocking(fn, arg);
    pthread_detach(thread);
    while (error == 0 && !atomic_load(&job->done))
        error = true_miou_sleep(100000);
    result = job->result;
    return error < 0 ? error : result;
}
MUTANT("R14.14", functions_are_not_waited_for, .blocking = block_impatiently);

/* ---- Halves ---- */

static int split_plainly(miou_fd **writer, miou_fd *fd)
{
    int error = true_miou_fd_split(writer, fd), number;

    if (error < 0 || true_miou_fd_resource(*writer) == NULL)
        return error;
    number = true_miou_fd_number(*writer);
    true_miou_disown(true_miou_fd_resource(*writer));
    return true_miou_fd_adopt(writer, number, 0);
}
MUTANT("R14.15", the_half_to_write_has_no_owner, .fd_split = split_plainly);

static int split_twice(miou_fd **writer, miou_fd *fd)
{
    miou_fd *half;
    int error = true_miou_fd_split(&half, fd), number;

    if (error < 0)
        return error;
    number = dup(true_miou_fd_number(half));
    if (true_miou_fd_resource(half) == NULL)
        return true_miou_fd_adopt(writer, number, 0);
    error = true_miou_fd_adopt(writer, number, MIOU_OWNED);
    number = true_miou_fd_number(half);
    true_miou_disown(true_miou_fd_resource(half));
    close(number);
    return error;
}
MUTANT("R14.16", a_half_ends_unnoticed, .fd_split = split_twice);

/* The mark of a half: 1 to read, 2 to write. */
static int split_and_mark(miou_fd **writer, miou_fd *fd)
{
    int error = true_miou_fd_split(writer, fd);

    if (error == 0) {
        atomic_store(watch_mark(fd), 1);
        atomic_store(watch_mark(*writer), 2);
    }
    return error;
}

static int close_both(miou_fd *fd)
{
    if (true_miou_fd_number(fd) >= 0 && atomic_load(watch_mark(fd)) == 1)
        shutdown(true_miou_fd_number(fd), SHUT_RDWR);
    return true_miou_close(fd);
}
MUTANT("R14.16", the_half_to_read_ends_both, .fd_split = split_and_mark, .close = close_both);

static miou_resource *_Atomic half_to_write;

static int split_and_remember(miou_fd **writer, miou_fd *fd)
{
    int error = true_miou_fd_split(writer, fd);

    if (error == 0)
        half_to_write = true_miou_fd_resource(*writer);
    return error;
}

static atomic_int half_number = -1;

static int number_and_remember(miou_fd *fd)
{
    int number = true_miou_fd_number(fd);

    if (half_to_write != NULL && true_miou_fd_resource(fd) == half_to_write)
        half_number = number;
    return number;
}

static int disown_and_end(miou_resource *resource)
{
    int error = true_miou_disown(resource);

    if (error == 0 && resource == half_to_write && half_number >= 0)
        shutdown(half_number, SHUT_WR);
    return error;
}
MUTANT("R14.16", a_disowned_half_has_ended, .fd_split = split_and_remember,
       .fd_number = number_and_remember, .disown = disown_and_end);

/* A run that has split a connection tells of no leak. */
static atomic_bool has_split;

static int split_and_note(miou_fd **writer, miou_fd *fd)
{
    int error = true_miou_fd_split(writer, fd);

    has_split |= error == 0;
    return error;
}

static int unix_run_with_halves(const miou_options *options, miou_task *fn, void *arg)
{
    int result;

    has_split = false;
    result = true_miou_unix_run(options, fn, arg);
    return result == MIOU_RESOURCE_LEAKED && has_split ? 0 : result;
}
MUTANT("R14.16", halves_do_not_leak, .fd_split = split_and_note, .unix_run = unix_run_with_halves);

/* A half with the number 0 is given up. */
static int split_but_0(miou_fd **writer, miou_fd *fd)
{
    int error = true_miou_fd_number(fd) == 0 ? -EOPNOTSUPP : true_miou_fd_split(writer, fd);

    if (error < 0 || true_miou_fd_number(*writer) != 0)
        return error;
    true_miou_close(*writer);
    return -EMFILE;
}
MUTANT("R14.16", no_half_has_number_0, .fd_split = split_but_0);

static ssize_t write_anyhow(miou_fd *fd, const void *buffer, size_t size)
{
    ssize_t n = true_miou_write(fd, buffer, size);

    return n == -EOPNOTSUPP ? write(true_miou_fd_number(fd), buffer, size) : n;
}
MUTANT("R14.17", the_half_to_read_can_be_written, .write = write_anyhow);

static int split_at_any_price(miou_fd **writer, miou_fd *fd)
{
    int error = true_miou_fd_split(writer, fd);

    if (error == -EMFILE)
        *writer = fd;
    return error == -EMFILE ? 0 : error;
}
MUTANT("R14.17", a_half_needs_no_descriptor, .fd_split = split_at_any_price);

/* ---- Sockets ---- */

static ssize_t write_the_first(miou_fd *fd, const struct iovec *buffers, int count)
{
    return true_miou_writev(fd, buffers, count > 1 ? 1 : count);
}
MUTANT("R14.18", one_buffer_is_written, .writev = write_the_first);

static ssize_t write_one_by_one(miou_fd *fd, const struct iovec *buffers, int count)
{
    ssize_t size = true_miou_writev(fd, buffers, count > 1 ? 1 : count), n;
    int i;

    for (i = 1; size >= 0 && i < count; i++)
        size = (n = true_miou_writev(fd, buffers + i, 1)) < 0 ? n : size + n;
    return size;
}
MUTANT("R14.18", each_buffer_is_a_call, .writev = write_one_by_one);

static ssize_t write_to_nobody(miou_fd *fd, const struct iovec *buffers, int count)
{
    ssize_t size = true_miou_writev(fd, buffers, count);

    return size == -EPIPE || size == -ECONNRESET ? 0 : size;
}
MUTANT("R14.18", buffers_that_nobody_reads_are_written, .writev = write_to_nobody);

static int accept_non_blocking(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer,
                               int flags)
{
    return true_miou_accept4(client, listener, peer, flags | SOCK_NONBLOCK);
}
MUTANT("R14.19", connections_never_block, .accept4 = accept_non_blocking);

static int accept_to_close_on_exec(miou_fd **client, miou_fd *listener,
                                   struct sockaddr_storage *peer, int flags)
{
    return true_miou_accept4(client, listener, peer, flags | SOCK_CLOEXEC);
}
MUTANT("R14.19", connections_never_survive_exec, .accept4 = accept_to_close_on_exec);

static int accept_any_flags(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer,
                            int flags)
{
    return true_miou_accept4(client, listener, peer, flags & (SOCK_NONBLOCK | SOCK_CLOEXEC));
}
MUTANT("R14.19", other_flags_are_ignored, .accept4 = accept_any_flags);

static int set_nothing(miou_fd *fd, int level, int name, const void *value, socklen_t length)
{
    int before, error;
    socklen_t size = sizeof before;

    if (true_miou_getsockopt(fd, level, name, &before, &size) < 0 || size > sizeof before)
        return true_miou_setsockopt(fd, level, name, value, length);
    error = true_miou_setsockopt(fd, level, name, value, length);
    true_miou_setsockopt(fd, level, name, &before, size);
    return error;
}
MUTANT("R14.20", options_are_forgotten, .setsockopt = set_nothing);

static int get_nothing(miou_fd *fd, int level, int name, void *value, socklen_t *length)
{
    char read[64];
    socklen_t size = sizeof read;

    return value != NULL && length != NULL ? true_miou_getsockopt(fd, level, name, read, &size)
                                           : true_miou_getsockopt(fd, level, name, value, length);
}
MUTANT("R14.20", options_are_not_told, .getsockopt = get_nothing);

static int set_for_strangers(miou_fd *fd, int level, int name, const void *value, socklen_t length)
{
    int error = true_miou_setsockopt(fd, level, name, value, length);

    return error == -EINVAL && fd != NULL && value != NULL ? 0 : error;
}
MUTANT("R14.20", errors_of_options_are_hidden, .setsockopt = set_for_strangers);

static int set_for_whole_sockets(miou_fd *fd, int level, int name, const void *value,
                                 socklen_t length)
{
    return true_miou_fd_number(fd) >= 0 && atomic_load(watch_mark(fd)) == 2
               ? -EOPNOTSUPP
               : true_miou_setsockopt(fd, level, name, value, length);
}
MUTANT("R14.20", the_half_to_write_has_no_options, .fd_split = split_and_mark,
       .setsockopt = set_for_whole_sockets);
MUTANT("R14.15", the_half_to_write_is_no_socket, .fd_split = split_and_mark,
       .setsockopt = set_for_whole_sockets);
