/* Mutants of chapter 14, servers. */
#include "saboteur.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

static ssize_t write_anyhow(miou_fd *fd, const void *buffer, size_t size)
{
    ssize_t n = true_miou_write(fd, buffer, size);

    return n == -EOPNOTSUPP ? write(true_miou_fd_number(fd), buffer, size) : n;
}
MUTANT("R14.17", the_half_to_read_can_be_written, .write = write_anyhow);

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
