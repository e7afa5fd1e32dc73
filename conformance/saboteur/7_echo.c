/* Mutants of chapter 7: runtimes on which the echo server breaks a rule. */
#include "saboteur.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static int turn_away(miou_fd *client, int error)
{
    true_miou_close(client);
    return error;
}

/* ---- R7.1 and R7.2 */

static ssize_t read_swapping(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);
    char *bytes = buffer, first;

    if (n > 1000) {
        first = bytes[0];
        bytes[0] = bytes[1];
        bytes[1] = first;
    }
    return n;
}
MUTANT("R7.1", long_pieces_are_disordered, .read = read_swapping);

static int close_with_reset(miou_fd *fd)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(true_miou_fd_number(fd), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return true_miou_close(fd);
}
MUTANT("R7.2", a_reset_instead_of_the_end, .close = close_with_reset);

/* ---- R7.3 and R7.4 */

static atomic_int writers_that_wait;

static ssize_t write_noted(miou_fd *fd, const void *buffer, size_t size)
{
    struct pollfd entry = {.fd = true_miou_fd_number(fd), .events = POLLOUT};
    bool waits = entry.fd >= 0 && poll(&entry, 1, 0) == 0;
    ssize_t n;

    atomic_fetch_add(&writers_that_wait, waits);
    n = true_miou_write(fd, buffer, size);
    atomic_fetch_sub(&writers_that_wait, waits);
    return n;
}

static int accept_unless_one_waits(miou_fd **client, miou_fd *listener,
                                   struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    return error == 0 && atomic_load(&writers_that_wait) > 0 ? turn_away(*client, -ECONNABORTED)
                                                             : error;
}
MUTANT("R7.3", a_client_that_does_not_read_keeps_others_out, .write = write_noted,
       .accept = accept_unless_one_waits);

static atomic_bool reset_seen;

static ssize_t read_noting_resets(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    if (n == -ECONNRESET)
        atomic_store(&reset_seen, true);
    return n;
}

static int accept_until_reset(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    return error == 0 && atomic_load(&reset_seen) ? turn_away(*client, -ECONNRESET) : error;
}
MUTANT("R7.4", a_reset_ends_the_service, .read = read_noting_resets, .accept = accept_until_reset);

/* ---- R7.5 to R7.9 */

static int accept_on_dom0(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    return error == 0 && true_miou_domain_self() > 0 ? turn_away(*client, -ECONNABORTED) : error;
}
MUTANT("R7.5", only_dom0_serves, .accept = accept_on_dom0);

static int close_without_number(miou_fd *fd)
{
    int number = true_miou_fd_number(fd), copy = number < 0 ? -1 : dup(number);

    if (copy >= 0)
        shutdown(copy, SHUT_RDWR);
    return true_miou_close(fd);
}
MUTANT("R7.6", closed_clients_keep_a_descriptor, .close = close_without_number);

static atomic_int clients;

static int accept_few(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    if (error == 0 && atomic_fetch_add(&clients, 1) >= 400) {
        atomic_fetch_sub(&clients, 1);
        return turn_away(*client, -ECONNABORTED);
    }
    return error;
}

static int close_counted(miou_fd *fd)
{
    int error = true_miou_close(fd);

    if (error == 0)
        atomic_fetch_sub(&clients, 1);
    return error;
}
MUTANT("R7.7", at_most_400_clients, .accept = accept_few, .close = close_counted);

static int accept_out_of_memory(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    return error == -EMFILE ? -ENOMEM : error;
}
MUTANT("R7.8", out_of_descriptors_looks_like_out_of_memory, .accept = accept_out_of_memory);

static int accept_600(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    static atomic_int accepted;
    int error = true_miou_accept(client, listener, peer);

    return error == 0 && atomic_fetch_add(&accepted, 1) >= 600 ? turn_away(*client, -EIO) : error;
}
MUTANT("R7.9", accept_wears_out, .accept = accept_600);

/* ---- R7.10 to R7.14: the stop ---- */

static int accept_keeping_the_listener(miou_fd **client, miou_fd *listener,
                                       struct sockaddr_storage *peer)
{
    static _Thread_local int copy = -1;

    if (copy < 0)
        copy = dup(true_miou_fd_number(listener));
    return true_miou_accept(client, listener, peer);
}
MUTANT("R7.10", a_listener_outlives_its_closing, .accept = accept_keeping_the_listener);

static int get_by_force(int *outcome, miou_orphans *orphans)
{
    miou_promise *promise;
    int taken = true_miou_orphans_take(&promise, orphans), error;

    if (taken <= 0)
        return taken;
    error = true_miou_cancel(promise);
    if (error == 0)
        error = true_miou_await(promise, outcome);
    return error < 0 ? error : 1;
}
MUTANT("R7.11", the_stop_cancels_the_clients, .orphans_get = get_by_force);

static int get_none(int *outcome, miou_orphans *orphans)
{
    (void)outcome, (void)orphans;
    return 0;
}
MUTANT("R7.12", the_orphanage_seems_empty, .orphans_get = get_none);

static struct {
    miou_signal_handler *handler;
    void *arg;
} handled[65];

static void handle_once(int number, void *arg)
{
    miou_signal_handler *handler = handled[number].handler;

    (void)arg;
    handled[number].handler = NULL;
    if (handler)
        handler(number, handled[number].arg);
}

static int signal_handle_once(int number, miou_signal_handler *handler, void *arg)
{
    if (number < 1 || number > 64 || handler == MIOU_SIGNAL_DEFAULT ||
        handler == MIOU_SIGNAL_IGNORE)
        return true_miou_signal_handle(number, handler, arg);
    handled[number].handler = handler;
    handled[number].arg = arg;
    return true_miou_signal_handle(number, handle_once, NULL);
}
MUTANT("R7.13", only_the_first_signal_is_handled, .signal_handle = signal_handle_once);

/* A server that polls in a loop answers all the same, but never sleeps. */
static int wait_by_yielding(miou_condition *condition, miou_mutex *mutex)
{
    int error = true_miou_mutex_unlock(mutex);

    (void)condition;
    if (error == 0)
        error = true_miou_yield();
    return error < 0 ? error : true_miou_mutex_lock(mutex);
}
MUTANT("R7.14", a_condition_is_waited_for_by_yielding, .condition_wait = wait_by_yielding);

/* ---- R7.20 to R7.23: half-closes and resets ---- */

static ssize_t write_unless_half_closed(miou_fd *fd, const void *buffer, size_t size)
{
    struct pollfd entry = {.fd = true_miou_fd_number(fd), .events = POLLRDHUP};

    if (entry.fd >= 0 && poll(&entry, 1, 0) > 0 && (entry.revents & POLLRDHUP))
        return -EPIPE;
    return true_miou_write(fd, buffer, size);
}
MUTANT("R7.20", half_closed_clients_are_not_answered, .write = write_unless_half_closed);

MUTANT("R7.21", half_closed_clients_keep_a_descriptor, .close = close_without_number);

static ssize_t read_keeping_what_was_reset(miou_fd *fd, void *buffer, size_t size)
{
    int number = true_miou_fd_number(fd);
    ssize_t n = true_miou_read(fd, buffer, size);

    return n == -ECONNRESET && number >= 0 && dup(number) < 0 ? -EMFILE : n;
}
MUTANT("R7.23", a_reset_keeps_a_descriptor, .read = read_keeping_what_was_reset);

/* ---- R7.24 */

/* As if the rest were kept in memory. */
static ssize_t write_what_fits(miou_fd *fd, const void *buffer, size_t size)
{
    ssize_t n = send(true_miou_fd_number(fd), buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL);

    return n < 0 && errno != EAGAIN ? -errno : (ssize_t)size;
}
MUTANT("R7.24", clients_are_read_from_without_end, .write = write_what_fits);
