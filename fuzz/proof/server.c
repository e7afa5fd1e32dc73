/* server.c: mutants of the echo server. Each makes some calls in another way than ref/echo.c does
 * and so breaks a rule of chapter 7. They work as the saboteur's mutants of the runtime do, but
 * they break no rule of the runtime: a server might have been written like this. */
#include "saboteur/saboteur.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/* The rule, and what the server does. */
#define SERVER(rule, name, ...) MUTANT("server:" rule, name, __VA_ARGS__)

/* A mark for a connection, 0 at first and again once the connection is closed. */
static atomic_int *mark(miou_fd *fd)
{
    static atomic_int marks[2048];

    return &marks[(unsigned)true_miou_fd_number(fd) % (sizeof marks / sizeof *marks)];
}

static int close_marked(miou_fd *fd)
{
    *mark(fd) = 0;
    return true_miou_close(fd);
}

/* ---- what comes back: R7.1 */

static ssize_t write_less_one(miou_fd *fd, const void *buffer, size_t size)
{
    ssize_t n = true_miou_write(fd, buffer, size - (size == 7));

    return n < 0 ? n : (ssize_t)size;
}
SERVER("R7.1", loses_a_byte_of_seven, .write = write_less_one);

static ssize_t write_and_repeat(miou_fd *fd, const void *buffer, size_t size)
{
    ssize_t n = true_miou_write(fd, buffer, size);

    return n > 4000 ? true_miou_write(fd, buffer, 1) : n;
}
SERVER("R7.1", repeats_a_byte_of_long_pieces, .write = write_and_repeat);

static char shared[8 << 10];

static ssize_t read_shared(miou_fd *fd, void *buffer, size_t size)
{
    (void)buffer;
    return true_miou_read(fd, shared, size < sizeof shared ? size : sizeof shared);
}

static ssize_t write_shared(miou_fd *fd, const void *buffer, size_t size)
{
    (void)buffer;
    return true_miou_write(fd, shared, size);
}
SERVER("R7.1", has_one_buffer_for_all, .read = read_shared, .write = write_shared);

static ssize_t write_once(miou_fd *fd, const void *buffer, size_t size)
{
    return true_miou_sendto(fd, buffer, size, NULL, 0);
}
SERVER("R7.1", ignores_short_writes, .write = write_once);

static ssize_t write_a_string(miou_fd *fd, const void *buffer, size_t size)
{
    return size > 0 ? true_miou_write(fd, buffer, strnlen(buffer, size)) : 0;
}
SERVER("R7.1", takes_bytes_for_a_string, .write = write_a_string);

static int accept_and_greet(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    if (error == 0)
        true_miou_write(*client, "hello\n", 6);
    return error;
}
SERVER("R7.1", greets_its_clients, .accept = accept_and_greet);

static ssize_t read_all_that_fits(miou_fd *fd, void *buffer, size_t size)
{
    return true_miou_read_exactly(fd, buffer, size);
}
SERVER("R7.1", waits_for_a_full_buffer, .read = read_all_that_fits);

/* ---- the end of a client: R7.2, R7.4, R7.6 */

static ssize_t read_a_piece(miou_fd *fd, void *buffer, size_t size)
{
    return (*mark(fd))++ > 0 ? 0 : true_miou_read(fd, buffer, size);
}

SERVER("R7.2", hangs_up_after_an_answer, .read = read_a_piece, .close = close_marked);

static int accept_and_mark(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    if (error == 0)
        *mark(*client) = 1;
    return error;
}

static int close_listeners(miou_fd *fd)
{
    return *mark(fd) ? 0 : true_miou_close(fd);
}
SERVER("R7.6", forgets_to_close, .accept = accept_and_mark, .close = close_listeners);

static ssize_t read_until_the_end(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    while (n == 0 && true_miou_yield() >= 0)
        n = true_miou_read(fd, buffer, size);
    return n;
}
SERVER("R7.2", reads_on_after_the_end, .read = read_until_the_end);

static atomic_int failure; /* 0: none */

static int await_and_judge(miou_promise *promise, int *outcome)
{
    int how = 0, error = true_miou_await(promise, &how);

    if (error == 0 && outcome)
        *outcome = how;
    else if (error == 0 && how < 0)
        failure = how;
    return error;
}

static int accept_unless_one_failed(miou_fd **client, miou_fd *listener,
                                    struct sockaddr_storage *peer)
{
    return failure < 0 ? failure : true_miou_accept(client, listener, peer);
}
SERVER("R7.4", takes_a_clients_error_for_its_own, .await = await_and_judge,
       .accept = accept_unless_one_failed);

static int transfer_nothing(miou_resource *resource)
{
    (void)resource;
    return 0;
}
SERVER("R7.9", does_not_hand_its_clients_over, .transfer = transfer_nothing);

/* ---- tasks that have ended: R7.6 */

static int care_for_nobody(miou_promise **promise, miou_orphans *orphans)
{
    (void)promise, (void)orphans;
    return MIOU_CARE_EMPTY;
}
SERVER("R7.6", never_cleans_up, .care = care_for_nobody);

static int free_nothing(miou_promise *promise)
{
    (void)promise;
    return 0;
}
SERVER("R7.6", never_gives_promises_back, .promise_free = free_nothing);

static int await_nobody(miou_promise *promise, int *outcome)
{
    return outcome ? true_miou_await(promise, outcome) : 0;
}
SERVER("R7.6", forgets_to_await_ended_clients, .await = await_nobody);

/* ---- one client and the others: R7.3, R7.5, R7.7 */

static int async_and_wait(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                          void *arg)
{
    miou_promise *child;
    int error;

    if (!options || !options->orphans)
        return true_miou_async(promise, options, fn, arg);
    error = true_miou_async(&child, options, fn, arg);
    return error < 0 ? error : true_miou_await(child, NULL);
}
SERVER("R7.3", serves_one_client_at_a_time, .async = async_and_wait);

enum { FEW = 10 };

static atomic_int clients;

static int accept_few(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    if (error < 0)
        return error;
    if (clients >= FEW) {
        true_miou_close(*client);
        return -ECONNABORTED;
    }
    clients += ++*mark(*client);
    return 0;
}

static int close_one_of_few(miou_fd *fd)
{
    clients -= *mark(fd);
    return close_marked(fd);
}
SERVER("R7.7", has_room_for_ten, .accept = accept_few, .close = close_one_of_few);

/* ---- errors of accept: R7.4, R7.8 */

static int accept_or_end(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer,
                         int fatal)
{
    int error = true_miou_accept(client, listener, peer);

    return error == fatal ? -EIO : error;
}

static int accept_or_end_aborted(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    return accept_or_end(client, listener, peer, -ECONNABORTED);
}
SERVER("R7.4", ends_when_a_client_has_given_up, .accept = accept_or_end_aborted);

static int accept_or_end_full(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    return accept_or_end(client, listener, peer, -EMFILE);
}

static int number_is_low(miou_fd *fd)
{
    return *mark(fd) ? 0 : true_miou_fd_number(fd);
}
SERVER("R7.8", ends_when_it_is_out_of_descriptors, .accept = accept_or_end_full);
SERVER("R7.8", takes_the_last_descriptors, .accept = accept_and_mark, .fd_number = number_is_low,
       .close = close_marked);

static int sleep_not_at_all(int64_t nanoseconds)
{
    (void)nanoseconds;
    return 0;
}
SERVER("R7.8", does_not_pause_when_out_of_descriptors, .sleep = sleep_not_at_all,
       .accept = accept_and_mark, .fd_number = number_is_low, .close = close_marked);

/* ---- the stop: R7.10 to R7.14 */

static int cancel_nobody(miou_promise *promise)
{
    (void)promise;
    return 0;
}
SERVER("R7.10", goes_on_accepting_after_the_stop, .cancel = cancel_nobody);

static int broadcast_to_one(miou_condition *condition)
{
    return true_miou_condition_signal(condition);
}
SERVER("R7.10", tells_one_task_of_the_stop, .condition_broadcast = broadcast_to_one);

static int handle_interrupts(int number, miou_signal_handler *handler, void *arg)
{
    return number == SIGTERM ? 0 : true_miou_signal_handle(number, handler, arg);
}
SERVER("R7.12", does_not_handle_sigterm, .signal_handle = handle_interrupts);

enum { DOMAINS = 64 };

static bool stopped[DOMAINS];

static int cancel_and_stop(miou_promise *promise)
{
    stopped[true_miou_domain_self() % DOMAINS] = true;
    return true_miou_cancel(promise);
}

static int async_unless_stopped(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                                void *arg)
{
    return stopped[true_miou_domain_self() % DOMAINS] ? -ENOMEM
                                                      : true_miou_async(promise, options, fn, arg);
}
SERVER("R7.11", drops_the_last_client_before_the_stop, .cancel = cancel_and_stop,
       .async = async_unless_stopped);

static int get_until_one_failed(int *outcome, miou_orphans *orphans)
{
    int how = 0, error = true_miou_orphans_get(&how, orphans);

    if (error > 0 && outcome)
        *outcome = how;
    return error > 0 && how < 0 ? 0 : error;
}
SERVER("R7.12", leaves_when_a_client_fails_after_the_stop, .orphans_get = get_until_one_failed);

static int get_by_asking(int *outcome, miou_orphans *orphans)
{
    miou_promise *promise;
    int error = true_miou_care(&promise, orphans);

    while (error == MIOU_CARE_RUNNING && (error = true_miou_yield()) >= 0)
        error = true_miou_care(&promise, orphans);
    if (error != MIOU_CARE_ENDED)
        return error;
    if ((error = true_miou_await(promise, outcome)) >= 0)
        error = true_miou_promise_free(promise);
    return error < 0 ? error : 1;
}
SERVER("R7.14", polls_for_ended_clients, .orphans_get = get_by_asking);

static atomic_int broadcasts;

static int broadcast_once(miou_condition *condition)
{
    return broadcasts++ ? 0 : true_miou_condition_broadcast(condition);
}
SERVER("R7.13", ignores_the_second_signal, .condition_broadcast = broadcast_once);
