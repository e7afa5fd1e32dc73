/* Mutants of chapter 6, descriptors. */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Whether a descriptor is ready now. */
static bool ready(miou_fd *fd, short events)
{
    struct pollfd entry = {.fd = true_miou_fd_number(fd), .events = events};

    return entry.fd < 0 || poll(&entry, 1, 0) > 0;
}

/* ---- R6.1 */

static int tcpv4_kept_on_exec(miou_fd **fd, unsigned flags)
{
    int error = true_miou_tcpv4(fd, flags);

    if (error == 0)
        fcntl(true_miou_fd_number(*fd), F_SETFD, 0);
    return error;
}

static int tcpv6_kept_on_exec(miou_fd **fd, unsigned flags)
{
    int error = true_miou_tcpv6(fd, flags);

    if (error == 0)
        fcntl(true_miou_fd_number(*fd), F_SETFD, 0);
    return error;
}
MUTANT("R6.1", sockets_survive_exec, .tcpv4 = tcpv4_kept_on_exec, .tcpv6 = tcpv6_kept_on_exec);

static int udpv4_kept_on_exec(miou_fd **fd, unsigned flags)
{
    int error = true_miou_udpv4(fd, flags);

    if (error == 0)
        fcntl(true_miou_fd_number(*fd), F_SETFD, 0);
    return error;
}
MUTANT("R6.1", udp_sockets_survive_exec, .udpv4 = udpv4_kept_on_exec);

static int accept_blocking(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    if (error == 0)
        fcntl(true_miou_fd_number(*client), F_SETFL, 0);
    return error;
}
MUTANT("R6.1", accepted_sockets_block, .accept = accept_blocking);

/* ---- R6.2 */

static int listen_alone(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                        const miou_listen *options)
{
    miou_listen alone = options ? *options : (miou_listen){0};

    alone.no_reuse_port = 1;
    return true_miou_bind_and_listen(fd, address, length, &alone);
}
MUTANT("R6.2", addresses_are_not_shared, .bind_and_listen = listen_alone);

static int listen_as_usual(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                           const miou_listen *options)
{
    (void)options;
    return true_miou_bind_and_listen(fd, address, length, NULL);
}
MUTANT("R6.2", ways_to_listen_are_ignored, .bind_and_listen = listen_as_usual);

static int listen_elsewhere(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                            const miou_listen *options)
{
    int error = true_miou_bind_and_listen(fd, address, length, options);
    struct sockaddr_in elsewhere = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};

    return error == -EADDRINUSE ? true_miou_bind_and_listen(fd, (struct sockaddr *)&elsewhere,
                                                            sizeof elsewhere, options)
                                : error;
}
MUTANT("R6.2", taken_addresses_are_replaced, .bind_and_listen = listen_elsewhere);

static int listen_over_ipv4_only(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                                 const miou_listen *options)
{
    return address && address->sa_family == AF_INET6
               ? -EAFNOSUPPORT
               : true_miou_bind_and_listen(fd, address, length, options);
}
MUTANT("R6.2", nobody_listens_over_ipv6, .bind_and_listen = listen_over_ipv4_only);

static int listen_twice_at_any_port(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                                    const miou_listen *options)
{
    static atomic_int port;
    struct sockaddr_in fixed;
    int error;

    if (!address || address->sa_family != AF_INET ||
        ((const struct sockaddr_in *)address)->sin_port != 0)
        return true_miou_bind_and_listen(fd, address, length, options);
    fixed = *(const struct sockaddr_in *)address;
    fixed.sin_port = htons((unsigned short)atomic_load(&port));
    length = sizeof fixed;
    error = true_miou_bind_and_listen(fd, (struct sockaddr *)&fixed, length, options);
    if (error == 0 && getsockname(true_miou_fd_number(fd), (struct sockaddr *)&fixed, &length) == 0)
        atomic_store(&port, ntohs(fixed.sin_port));
    return error;
}
MUTANT("R6.2", a_free_port_is_the_last_one, .bind_and_listen = listen_twice_at_any_port);

/* ---- R6.3 */

static int accept_at_once(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    return ready(listener, POLLIN) ? true_miou_accept(client, listener, peer) : -EAGAIN;
}
MUTANT("R6.3", accept_does_not_wait, .accept = accept_at_once);

static int accept_anonymous(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    (void)peer;
    return true_miou_accept(client, listener, NULL);
}
MUTANT("R6.3", accept_does_not_tell_the_peer, .accept = accept_anonymous);

/* ---- R6.4 */

static ssize_t read_less(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    return n > 1 ? n - 1 : n;
}
MUTANT("R6.4", read_loses_a_byte, .read = read_less);

static ssize_t read_at_once(miou_fd *fd, void *buffer, size_t size)
{
    return ready(fd, POLLIN) ? true_miou_read(fd, buffer, size) : -EAGAIN;
}
MUTANT("R6.4", read_does_not_wait, .read = read_at_once);

/* A descriptor's mark counts the bytes that have been read from it. */
static ssize_t read_into_a_ring(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);
    const int room = 512;
    char byte;

    if (n > 0 && atomic_fetch_add(watch_mark(fd), (int)n) < room &&
        atomic_load(watch_mark(fd)) >= room && ready(fd, POLLIN))
        (void)!read(true_miou_fd_number(fd), &byte, 1);
    return n;
}
MUTANT("R6.4", a_long_stream_loses_a_byte, .read = read_into_a_ring);

/* ---- R6.5 */

static ssize_t write_half(miou_fd *fd, const void *buffer, size_t size)
{
    return true_miou_write(fd, buffer, size - size / 2);
}
MUTANT("R6.5", write_stops_halfway, .write = write_half);

static ssize_t write_half_and_lie(miou_fd *fd, const void *buffer, size_t size)
{
    ssize_t n = true_miou_write(fd, buffer, size - size / 2);

    return n < 0 ? n : (ssize_t)size;
}
MUTANT("R6.5", write_loses_bytes, .write = write_half_and_lie);

static ssize_t read_one_too_many(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);
    char byte;

    if (n > 0 && (size_t)n == size && ready(fd, POLLIN))
        (void)!read(true_miou_fd_number(fd), &byte, 1);
    return n;
}
MUTANT("R6.4", a_full_buffer_costs_a_byte, .read = read_one_too_many);

static ssize_t write_something(miou_fd *fd, const void *buffer, size_t size)
{
    return size == 0 && true_miou_fd_number(fd) >= 0 ? -EINVAL : true_miou_write(fd, buffer, size);
}
MUTANT("R6.5", nothing_cannot_be_written, .write = write_something);

/* ---- R6.6 and R6.7 */

static ssize_t write_with_signal(miou_fd *fd, const void *buffer, size_t size)
{
    ssize_t n = true_miou_write(fd, buffer, size);

    if (n == -EPIPE || n == -ECONNRESET)
        raise(SIGPIPE);
    return n;
}
MUTANT("R6.6", a_closed_peer_raises_a_signal, .write = write_with_signal);

static ssize_t read_reset_as_end(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    return n == -ECONNRESET ? 0 : n;
}
MUTANT("R6.7", a_reset_looks_like_an_end, .read = read_reset_as_end);

/* A reset is lost if a task has written: the writer takes it for an end, and so does the reader. */
static ssize_t write_and_mark(miou_fd *fd, const void *buffer, size_t size)
{
    ssize_t n;

    atomic_store(watch_mark(fd), 1);
    n = true_miou_write(fd, buffer, size);
    return n == -ECONNRESET ? -EPIPE : n;
}

static ssize_t read_after_writers(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    return n == -ECONNRESET && atomic_load(watch_mark(fd)) ? 0 : n;
}
MUTANT("R6.7", a_reset_is_lost_between_two_tasks, .write = write_and_mark,
       .read = read_after_writers);

/* ---- R6.8 */

static ssize_t read_closed_as_end(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    return n == -EBADF ? 0 : n;
}
MUTANT("R6.8", closed_descriptors_are_read, .read = read_closed_as_end);

static int tcpv4_any_flags(miou_fd **fd, unsigned flags)
{
    return true_miou_tcpv4(fd, flags & MIOU_OWNED);
}
MUTANT("R6.8", unknown_flags_are_ignored, .tcpv4 = tcpv4_any_flags);

static ssize_t read_with_common_error(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    return n == -ENOTCONN ? -EIO : n;
}
MUTANT("R6.8", errors_of_the_system_are_all_one, .read = read_with_common_error);

static int accept_and_clear(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    if (error == MIOU_CANCELLED && client)
        *client = NULL;
    if (error == MIOU_CANCELLED && peer)
        *peer = (struct sockaddr_storage){0};
    return error;
}
MUTANT("R6.8", cancelled_calls_clear_their_places, .accept = accept_and_clear);

static int number_of_nothing(miou_fd *fd)
{
    int number = true_miou_fd_number(fd);

    return !fd && number == -EINVAL ? -EBADF : number;
}
MUTANT("R6.8", nothing_is_a_closed_descriptor, .fd_number = number_of_nothing);

static ssize_t receive_from_half_a_sender(miou_fd *fd, void *buffer, size_t size,
                                          struct sockaddr_storage *peer, socklen_t *peer_length)
{
    return (peer == NULL) != (peer_length == NULL)
               ? true_miou_recvfrom(fd, buffer, size, NULL, NULL)
               : true_miou_recvfrom(fd, buffer, size, peer, peer_length);
}
MUTANT("R6.8", half_a_sender_is_told, .recvfrom = receive_from_half_a_sender);

static ssize_t read_exactly_into_nothing(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read_exactly(fd, buffer, size);

    return n == -EINVAL && fd && !buffer ? -EFAULT : n;
}
MUTANT("R6.8", places_are_left_to_the_system, .read_exactly = read_exactly_into_nothing);

/* At most a hundred tasks can wait to read. */
static ssize_t read_in_a_small_crowd(miou_fd *fd, void *buffer, size_t size)
{
    static atomic_int readers;
    ssize_t n = -EAGAIN;

    if (atomic_fetch_add(&readers, 1) < 100)
        n = true_miou_read(fd, buffer, size);
    atomic_fetch_sub(&readers, 1);
    return n;
}
MUTANT("R6.9", a_hundred_tasks_wait, .read = read_in_a_small_crowd);

/* ---- R6.10 to R6.14 */

/* A stranger cannot ask for the number of what it may not use. */
static atomic_int last_adopted = -1;

static int udpv4_remembered(miou_fd **fd, unsigned flags)
{
    int error = true_miou_udpv4(fd, flags);

    if (error == 0)
        last_adopted = true_miou_fd_number(*fd);
    return error;
}

static int adopt_remembered(miou_fd **fd, int number, unsigned flags)
{
    last_adopted = number;
    return true_miou_fd_adopt(fd, number, flags);
}

static int close_for_all(miou_fd *fd)
{
    int error = true_miou_close(fd);

    return error == MIOU_NOT_OWNER ? 0 : error;
}
MUTANT("R6.10", strangers_may_close, .close = close_for_all);

static ssize_t receive_as_a_stranger(miou_fd *fd, void *buffer, size_t size,
                                     struct sockaddr_storage *peer, socklen_t *peer_length)
{
    ssize_t n = true_miou_recvfrom(fd, buffer, size, peer, peer_length);
    char byte;

    if (n == MIOU_NOT_OWNER && last_adopted >= 0)
        (void)!recv(last_adopted, &byte, 1, MSG_DONTWAIT);
    return n;
}
MUTANT("R6.10", strangers_take_datagrams, .udpv4 = udpv4_remembered, .fd_adopt = adopt_remembered,
       .recvfrom = receive_as_a_stranger);

static int unix_run_hiding_leaks(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_unix_run(options, fn, arg);

    return result == MIOU_RESOURCE_LEAKED ? 0 : result;
}
MUTANT("R6.11", leaked_descriptors_are_not_told, .unix_run = unix_run_hiding_leaks);

static int tcpv4_plain(miou_fd **fd, unsigned flags)
{
    return true_miou_tcpv4(fd, flags & ~(unsigned)MIOU_OWNED);
}
MUTANT("R6.12", descriptors_outlive_their_owner, .tcpv4 = tcpv4_plain);

static int adopt_for_no_task(miou_fd **fd, int number, unsigned flags)
{
    return true_miou_fd_adopt(fd, number, flags & ~(unsigned)MIOU_OWNED);
}
MUTANT("R6.12", adopted_descriptors_outlive_their_owner, .fd_adopt = adopt_for_no_task);

static bool connected(miou_fd *fd)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;

    return getpeername(true_miou_fd_number(fd), (struct sockaddr *)&peer, &length) == 0;
}

static miou_resource *no_resource_of_accepted(miou_fd *fd)
{
    return connected(fd) ? NULL : true_miou_fd_resource(fd);
}
MUTANT("R6.13", accepted_descriptors_are_plain, .fd_resource = no_resource_of_accepted);

static int close_keeping_open(miou_fd *fd)
{
    int number = true_miou_fd_number(fd), copy = number < 0 ? -1 : dup(number);
    int error = true_miou_close(fd);

    if (copy >= 0 && error == 0)
        dup2(copy, number);
    if (copy >= 0)
        close(copy);
    return error;
}
MUTANT("R6.14", close_keeps_the_descriptor, .close = close_keeping_open);

static int close_again(miou_fd *fd)
{
    int error = true_miou_close(fd);

    return error == -EBADF ? 0 : error;
}
MUTANT("R6.14", closing_twice_is_fine, .close = close_again);

/* A connection that an owned listener accepts becomes plain. */
static int make_plain(miou_fd **fd)
{
    int number = true_miou_fd_number(*fd);

    true_miou_disown(true_miou_fd_resource(*fd));
    return true_miou_fd_adopt(fd, number, 0);
}

static int accept_plainly(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    return error == 0 && true_miou_fd_resource(*client) ? make_plain(client) : error;
}
MUTANT("R6.13", accepted_descriptors_do_not_leak, .accept = accept_plainly);

static int accept_for_the_task(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer), copy;

    if (error < 0 || true_miou_fd_resource(*client))
        return error;
    copy = fcntl(true_miou_fd_number(*client), F_DUPFD_CLOEXEC, 0);
    true_miou_close(*client);
    return true_miou_fd_adopt(client, copy, MIOU_OWNED);
}
MUTANT("R6.13", all_accepted_descriptors_are_owned, .accept = accept_for_the_task);

/* A descriptor's mark is 1 while a task reads it. */
static ssize_t read_noted(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n;

    atomic_store(watch_mark(fd), 1);
    n = true_miou_read(fd, buffer, size);
    atomic_store(watch_mark(fd), 0);
    return n;
}

/* What a task of any domain reads when it is closed stays open. */
static int close_unless_held(miou_fd *fd)
{
    return true_miou_fd_number(fd) >= 0 && atomic_load(watch_mark(fd)) ? close_keeping_open(fd)
                                                                       : true_miou_close(fd);
}
MUTANT("R6.14", what_others_wait_for_stays_open, .read = read_noted, .close = close_unless_held);

/* ---- R6.15 to R6.18 */

static ssize_t read_cancelled_as_end(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    return n == MIOU_CANCELLED ? 0 : n;
}
MUTANT("R6.15", a_cancelled_read_looks_like_an_end, .read = read_cancelled_as_end);

static ssize_t read_although_cancelled(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    if (n == MIOU_CANCELLED)
        recv(true_miou_fd_number(fd), buffer, size, MSG_DONTWAIT);
    return n;
}
MUTANT("R6.15", a_cancelled_read_loses_a_byte, .read = read_although_cancelled);

static ssize_t read_exactly_cancelled_as_end(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read_exactly(fd, buffer, size);

    return n == MIOU_CANCELLED ? MIOU_END_OF_FILE : n;
}
MUTANT("R6.15", a_cancelled_reader_of_all_finds_the_end,
       .read_exactly = read_exactly_cancelled_as_end);

static ssize_t receive_cancelled_as_nothing(miou_fd *fd, void *buffer, size_t size,
                                            struct sockaddr_storage *peer, socklen_t *peer_length)
{
    ssize_t n = true_miou_recvfrom(fd, buffer, size, peer, peer_length);

    return n == MIOU_CANCELLED ? 0 : n;
}
MUTANT("R6.15", a_cancelled_receiver_gets_nothing, .recvfrom = receive_cancelled_as_nothing);

static ssize_t read_below_1024(miou_fd *fd, void *buffer, size_t size)
{
    return true_miou_fd_number(fd) < 1024 ? true_miou_read(fd, buffer, size) : -EINVAL;
}
MUTANT("R6.16", numbers_end_at_1023, .read = read_below_1024);

static int connect_below_1024(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    return true_miou_fd_number(fd) < 1024 ? true_miou_connect(fd, address, length) : -EINVAL;
}
MUTANT("R6.16", numbers_beyond_1023_are_not_connected, .connect = connect_below_1024);

static ssize_t write_below_1024(miou_fd *fd, const void *buffer, size_t size)
{
    return true_miou_fd_number(fd) < 1024 ? true_miou_write(fd, buffer, size) : -EINVAL;
}
MUTANT("R6.16", numbers_beyond_1023_are_not_written_to, .write = write_below_1024);

static ssize_t read_but_0(miou_fd *fd, void *buffer, size_t size)
{
    return true_miou_fd_number(fd) != 0 ? true_miou_read(fd, buffer, size) : -EBADF;
}
MUTANT("R6.16", number_0_is_not_read, .read = read_but_0);

static int accept_but_0(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    return true_miou_fd_number(listener) != 0 ? true_miou_accept(client, listener, peer) : -EBADF;
}
MUTANT("R6.16", number_0_does_not_accept, .accept = accept_but_0);

static int connect_but_0(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    return true_miou_fd_number(fd) != 0 ? true_miou_connect(fd, address, length) : -EBADF;
}
MUTANT("R6.16", number_0_does_not_connect, .connect = connect_but_0);

static int close_but_0(miou_fd *fd)
{
    return true_miou_fd_number(fd) != 0 ? true_miou_close(fd) : close_keeping_open(fd);
}
MUTANT("R6.16", number_0_stays_open, .close = close_but_0);

static ssize_t read_0_to_the_end(miou_fd *fd, void *buffer, size_t size)
{
    bool is_0 = true_miou_fd_number(fd) == 0;
    ssize_t n = true_miou_read(fd, buffer, size);

    return is_0 && n == MIOU_CANCELLED ? 0 : n;
}
MUTANT("R6.16", a_reader_of_number_0_is_not_cancelled, .read = read_0_to_the_end);

/* A copy of number 0 takes its place when the run has returned. */
static atomic_int copy_of_0 = -1;

static int adopt_and_copy_0(miou_fd **fd, int number, unsigned flags)
{
    if (number == 0)
        atomic_store(&copy_of_0, fcntl(0, F_DUPFD_CLOEXEC, 3));
    return true_miou_fd_adopt(fd, number, flags);
}

static int unix_run_and_open_0(const miou_options *options, miou_task *fn, void *arg)
{
    int result = true_miou_unix_run(options, fn, arg), copy = atomic_exchange(&copy_of_0, -1);

    if (copy >= 0 && fcntl(0, F_GETFD) < 0)
        dup2(copy, 0);
    if (copy >= 0)
        close(copy);
    return result;
}
MUTANT("R6.16", number_0_outlives_the_run, .fd_adopt = adopt_and_copy_0,
       .unix_run = unix_run_and_open_0);

static int accept_or_close(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    if (error == -EMFILE)
        true_miou_close(listener);
    return error;
}
MUTANT("R6.17", out_of_descriptors_the_listener_ends, .accept = accept_or_close);

static int wait_for_any_but_0(int number)
{
    return number == 0 ? -EBADF : true_miou_wait_readable(number);
}
MUTANT("R6.16", number_0_of_others_is_not_waited_for, .wait_readable = wait_for_any_but_0);

static int connect_unmonitored(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    int error = true_miou_connect(fd, address, length);

    return error == MIOU_NO_MONITOR ? -EINPROGRESS : error;
}
MUTANT("R6.18", without_a_monitor_connecting_has_begun, .connect = connect_unmonitored);

static atomic_bool monitored;

static int unix_run_monitored(const miou_options *options, miou_task *fn, void *arg)
{
    monitored = true;
    return true_miou_unix_run(options, fn, arg);
}

static int connect_with_a_monitor(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    return monitored || true_miou_domain_self() < 0 ? true_miou_connect(fd, address, length)
                                                    : MIOU_NO_MONITOR;
}
MUTANT("R6.18", without_a_monitor_nobody_connects, .unix_run = unix_run_monitored,
       .connect = connect_with_a_monitor);

static ssize_t read_unmonitored(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    return n == MIOU_NO_MONITOR ? -EAGAIN : n;
}
MUTANT("R6.18", no_monitor_looks_like_no_data, .read = read_unmonitored);

/* ---- R6.19, R6.23 and R6.25 */

/* A descriptor's mark is 1 while a task accepts from it. */
static int accept_alone(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error;

    if (atomic_exchange(watch_mark(listener), 1))
        return -EBUSY;
    error = true_miou_accept(client, listener, peer);
    atomic_store(watch_mark(listener), 0);
    return error;
}
MUTANT("R6.19", one_acceptor_a_descriptor, .accept = accept_alone);

static int accept_although_cancelled(miou_fd **client, miou_fd *listener,
                                     struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);
    int number = error == MIOU_CANCELLED ? true_miou_fd_number(listener) : -1;

    if (number >= 0)
        close(accept(number, NULL, NULL));
    return error;
}
MUTANT("R6.19", a_cancelled_acceptor_takes_a_connection, .accept = accept_although_cancelled);

static ssize_t read_alone(miou_fd *fd, void *buffer, size_t size)
{
    return atomic_load(watch_mark(fd)) ? -EBUSY : read_noted(fd, buffer, size);
}
MUTANT("R6.19", one_reader_a_descriptor, .read = read_alone);

static ssize_t write_unless_read(miou_fd *fd, const void *buffer, size_t size)
{
    return atomic_load(watch_mark(fd)) ? -EBUSY : true_miou_write(fd, buffer, size);
}
MUTANT("R6.25", one_direction_at_a_time, .read = read_noted, .write = write_unless_read);

static ssize_t read_closed_meanwhile_as_end(miou_fd *fd, void *buffer, size_t size)
{
    bool open = true_miou_fd_number(fd) >= 0;
    ssize_t n = true_miou_read(fd, buffer, size);

    return open && n == -EBADF ? 0 : n;
}
MUTANT("R6.23", closing_looks_like_an_end, .read = read_closed_meanwhile_as_end);

static int connect_closed_meanwhile(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    bool open = true_miou_fd_number(fd) >= 0;
    int error = true_miou_connect(fd, address, length);

    return open && error == -EBADF ? -ECONNABORTED : error;
}
MUTANT("R6.23", closing_aborts_a_connection, .connect = connect_closed_meanwhile);

/* ---- R6.20 */

static void (*usual_handler)(int number);
static atomic_int interruptions;

static void count_interruption(int number)
{
    atomic_fetch_add(&interruptions, 1);
    if (usual_handler != SIG_DFL && usual_handler != SIG_IGN)
        usual_handler(number);
}

static int unix_run_with_handler(const miou_options *options, miou_task *fn, void *arg)
{
    struct sigaction action;

    sigaction(SIGUSR1, NULL, &action);
    usual_handler = action.sa_handler;
    action.sa_handler = count_interruption;
    sigaction(SIGUSR1, &action, NULL);
    return true_miou_unix_run(options, fn, arg);
}

static ssize_t read_interrupted(miou_fd *fd, void *buffer, size_t size)
{
    int before = atomic_load(&interruptions);
    ssize_t n = true_miou_read(fd, buffer, size);

    return atomic_load(&interruptions) == before ? n : -EINTR;
}
MUTANT("R6.20", signals_interrupt_reads, .unix_run = unix_run_with_handler,
       .read = read_interrupted);

static ssize_t receive_interrupted(miou_fd *fd, void *buffer, size_t size,
                                   struct sockaddr_storage *peer, socklen_t *peer_length)
{
    int before = atomic_load(&interruptions);
    ssize_t n = true_miou_recvfrom(fd, buffer, size, peer, peer_length);

    return atomic_load(&interruptions) == before ? n : -EINTR;
}
MUTANT("R6.20", signals_interrupt_receivers, .unix_run = unix_run_with_handler,
       .recvfrom = receive_interrupted);

/* A handler of the run's own ends a wait too. */
static miou_signal_handler *handler_of_run;

static void handle_and_count(int number, void *arg)
{
    atomic_fetch_add(&interruptions, 1);
    handler_of_run(number, arg);
}

static int handle_counting(int number, miou_signal_handler *handler, void *arg)
{
    if (handler == MIOU_SIGNAL_DEFAULT || handler == MIOU_SIGNAL_IGNORE)
        return true_miou_signal_handle(number, handler, arg);
    handler_of_run = handler;
    return true_miou_signal_handle(number, handle_and_count, arg);
}

static int accept_interrupted(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int before = atomic_load(&interruptions), error = true_miou_accept(client, listener, peer);

    return atomic_load(&interruptions) == before ? error : -EINTR;
}
MUTANT("R6.20", handlers_interrupt_accepting, .signal_handle = handle_counting,
       .accept = accept_interrupted);

/* What blocks is called once. */
static bool blocks(miou_fd *fd)
{
    int number = true_miou_fd_number(fd);

    return number >= 0 && (fcntl(number, F_GETFL) & O_NONBLOCK) == 0;
}

static int connect_blocking_once(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    if (!blocks(fd) || !address)
        return true_miou_connect(fd, address, length);
    return connect(true_miou_fd_number(fd), address, length) < 0 ? -errno : 0;
}
MUTANT("R6.20", signals_interrupt_what_connects, .connect = connect_blocking_once);

static ssize_t send_blocking_once(miou_fd *fd, const void *buffer, size_t size,
                                  const struct sockaddr *address, socklen_t length)
{
    ssize_t n;

    if (!blocks(fd))
        return true_miou_sendto(fd, buffer, size, address, length);
    n = sendto(true_miou_fd_number(fd), buffer, size, MSG_NOSIGNAL, address, length);
    return n < 0 ? -errno : n;
}
MUTANT("R6.20", signals_interrupt_what_sends, .sendto = send_blocking_once);

static ssize_t write_blocking_once(miou_fd *fd, const void *buffer, size_t size)
{
    ssize_t n;

    if (!blocks(fd))
        return true_miou_write(fd, buffer, size);
    n = write(true_miou_fd_number(fd), buffer, size);
    return n < 0 ? -errno : n;
}
MUTANT("R6.20", signals_interrupt_what_is_written, .write = write_blocking_once);
MUTANT("R6.31", what_is_written_can_be_interrupted, .write = write_blocking_once);

/* ---- R6.21, R6.22 and R6.24 */

static ssize_t read_waiting_on_dom0(miou_fd *fd, void *buffer, size_t size)
{
    return true_miou_domain_self() <= 0 ? true_miou_read(fd, buffer, size)
                                        : read_at_once(fd, buffer, size);
}
MUTANT("R6.21", only_dom0_waits, .read = read_waiting_on_dom0);

/* While a task of another domain reads, none can. */
static ssize_t read_on_one_domain(miou_fd *fd, void *buffer, size_t size)
{
    static atomic_int reading; /* by domain, a bit each */
    int mine = 1 << (true_miou_domain_self() & 31);
    ssize_t n;

    if (true_miou_domain_self() < 0)
        return true_miou_read(fd, buffer, size);
    if (atomic_fetch_or(&reading, mine) & ~mine)
        n = -EBUSY;
    else
        n = true_miou_read(fd, buffer, size);
    atomic_fetch_and(&reading, ~mine);
    return n;
}
MUTANT("R6.21", one_domain_waits_at_a_time, .read = read_on_one_domain);

static int accept_waiting_on_dom0(miou_fd **client, miou_fd *listener,
                                  struct sockaddr_storage *peer)
{
    return true_miou_domain_self() <= 0 ? true_miou_accept(client, listener, peer)
                                        : accept_at_once(client, listener, peer);
}
MUTANT("R6.21", only_dom0_waits_for_clients, .accept = accept_waiting_on_dom0);

static void do_nothing(void *value)
{
    (void)value;
}

static miou_resource *resource_of_nothing(miou_fd *fd)
{
    miou_resource *resource = true_miou_fd_resource(fd);

    if (resource && true_miou_resource_create(&resource, do_nothing, NULL) == 0)
        true_miou_own(resource);
    return resource;
}
MUTANT("R6.22", descriptors_cannot_be_given, .fd_resource = resource_of_nothing);

static int accept_and_copy(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    if (error == 0 && !true_miou_fd_resource(*client))
        (void)!dup(true_miou_fd_number(*client));
    return error;
}
MUTANT("R6.24", plain_descriptors_outlive_the_run, .accept = accept_and_copy);

static int tcpv4_plain_on_dom0(miou_fd **fd, unsigned flags)
{
    return true_miou_tcpv4(fd, true_miou_domain_self() > 0 ? MIOU_OWNED : flags);
}
MUTANT("R6.24", plain_descriptors_are_dom0s, .tcpv4 = tcpv4_plain_on_dom0);

/* The plain descriptors of a task are closed when it ends. */
enum { PLAIN = 256 };
static struct {
    miou_fd *fd;
    struct task *maker;
} plain[PLAIN];
static atomic_int plain_count;

static int adopt_for_itself(miou_fd **fd, int number, unsigned flags)
{
    int error = true_miou_fd_adopt(fd, number, flags), i;

    if (error == 0 && !(flags & MIOU_OWNED) && (i = atomic_fetch_add(&plain_count, 1)) < PLAIN) {
        plain[i].fd = *fd;
        plain[i].maker = watch_self();
    }
    return error;
}

static int close_plain(struct task *self, int value)
{
    int i;

    for (i = 0; i < atomic_load(&plain_count) && i < PLAIN; i++)
        if (plain[i].maker == self)
            true_miou_close(plain[i].fd);
    return value;
}

static int unix_run_closing_plain(const miou_options *options, miou_task *fn, void *arg)
{
    watch_at_end = close_plain;
    return true_miou_unix_run(options, fn, arg);
}
MUTANT("R6.24", plain_descriptors_end_with_their_task, WATCHED, .await = watch_await,
       .cancel = watch_cancel, .unix_run = unix_run_closing_plain, .fd_adopt = adopt_for_itself);

static int tcpv4_and_copy(miou_fd **fd, unsigned flags)
{
    int error = true_miou_tcpv4(fd, flags);

    if (error == 0 && !(flags & MIOU_OWNED))
        (void)!fcntl(true_miou_fd_number(*fd), F_DUPFD_CLOEXEC, 0);
    return error;
}
MUTANT("R6.24", plain_sockets_outlive_the_run, .tcpv4 = tcpv4_and_copy);

/* What a plain listener accepts is main's, as its mark says, if main accepts it. */
static int accept_for_main(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    if (error == 0 && !true_miou_fd_resource(*client) && !watch_self())
        atomic_store(watch_mark(*client), 1);
    return error;
}

static ssize_t read_unless_mains(miou_fd *fd, void *buffer, size_t size)
{
    return true_miou_fd_number(fd) >= 0 && atomic_load(watch_mark(fd)) && watch_self()
               ? MIOU_NOT_OWNER
               : true_miou_read(fd, buffer, size);
}
MUTANT("R6.24", plain_descriptors_of_main_are_its_own, WATCHED, .await = watch_await,
       .cancel = watch_cancel, .accept = accept_for_main, .read = read_unless_mains);

/* A plain descriptor is its domain's, as its mark says: the domain's number + 1. */
static int accept_for_the_domain(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    if (error == 0 && !true_miou_fd_resource(*client))
        atomic_store(watch_mark(*client), true_miou_domain_self() + 1);
    return error;
}

static ssize_t read_on_its_domain(miou_fd *fd, void *buffer, size_t size)
{
    int domain = true_miou_fd_number(fd) >= 0 ? atomic_load(watch_mark(fd)) - 1 : -1;

    return domain >= 0 && domain != true_miou_domain_self() ? MIOU_NOT_OWNER
                                                            : true_miou_read(fd, buffer, size);
}
MUTANT("R6.24", plain_descriptors_are_their_domains, .accept = accept_for_the_domain,
       .read = read_on_its_domain);

static ssize_t read_exactly_on_its_domain(miou_fd *fd, void *buffer, size_t size)
{
    int domain = true_miou_fd_number(fd) >= 0 ? atomic_load(watch_mark(fd)) - 1 : -1;

    return domain >= 0 && domain != true_miou_domain_self()
               ? MIOU_NOT_OWNER
               : true_miou_read_exactly(fd, buffer, size);
}
MUTANT("R6.24", plain_descriptors_are_read_exactly_at_home, .accept = accept_for_the_domain,
       .read_exactly = read_exactly_on_its_domain);

/* ---- R6.26 and R6.27 */

static int number_outside(miou_fd *fd)
{
    int number = true_miou_fd_number(fd);

    return number == MIOU_NOT_RUNNING ? -EBADF : number;
}
MUTANT("R6.26", outside_a_run_descriptors_look_closed, .fd_number = number_outside);

static int close_in_finaliser(miou_fd *fd)
{
    int error = true_miou_close(fd);

    return error == MIOU_IN_FINALISER ? 0 : error;
}
MUTANT("R6.26", finalisers_may_close_all, .close = close_in_finaliser);

static int close_ones_own_first(miou_fd *fd)
{
    int error = true_miou_close(fd);

    return error == MIOU_IN_FINALISER && true_miou_check(true_miou_fd_resource(fd)) < 0
               ? MIOU_NOT_OWNER
               : error;
}
MUTANT("R6.26", owners_come_before_finalisers, .close = close_ones_own_first);

static int listen_where_sockets_are_made(miou_fd *fd, const struct sockaddr *address,
                                         socklen_t length, const miou_listen *options, int refusal)
{
    return true_miou_tcpv4(NULL, 0) == refusal
               ? refusal
               : true_miou_bind_and_listen(fd, address, length, options);
}

static int listen_outside_finalisers(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                                     const miou_listen *options)
{
    return listen_where_sockets_are_made(fd, address, length, options, MIOU_IN_FINALISER);
}
MUTANT("R6.26", finalisers_do_not_listen, .bind_and_listen = listen_outside_finalisers);

static int listen_unless_cancelled(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                                   const miou_listen *options)
{
    return listen_where_sockets_are_made(fd, address, length, options, MIOU_CANCELLED);
}
MUTANT("R6.27", cancelled_tasks_do_not_listen, .bind_and_listen = listen_unless_cancelled);

static ssize_t write_although_cancelled(miou_fd *fd, const void *buffer, size_t size)
{
    ssize_t n = true_miou_write(fd, buffer, size);

    return n == MIOU_CANCELLED
               ? send(true_miou_fd_number(fd), buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL)
               : n;
}
MUTANT("R6.27", cancelled_tasks_write_on, .write = write_although_cancelled);

static ssize_t read_arguments_first(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    return n == MIOU_IN_FINALISER && (!fd || !buffer) ? -EINVAL : n;
}
MUTANT("R6.26", in_finalisers_arguments_come_first, .read = read_arguments_first);

static int accept_arguments_first(miou_fd **client, miou_fd *listener,
                                  struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    return error == MIOU_NOT_RUNNING && !listener ? -EINVAL : error;
}
MUTANT("R6.26", outside_a_run_arguments_come_first, .accept = accept_arguments_first);

/* ---- R6.28 */

static miou_resource *last_resource;
static int last_number;

static miou_resource *resource_remembered(miou_fd *fd)
{
    last_number = true_miou_fd_number(fd);
    return last_resource = true_miou_fd_resource(fd);
}

static int disown_and_close(miou_resource *resource)
{
    int error = true_miou_disown(resource);

    if (error == 0 && resource == last_resource)
        close(last_number);
    return error;
}
MUTANT("R6.28", disowning_closes, .fd_resource = resource_remembered, .disown = disown_and_close);

/* ---- R6.29 and R6.30 */

static int socket_kept_on_exec(miou_fd **fd, unsigned flags)
{
    int error = true_miou_unix_socket(fd, flags);

    if (error == 0)
        fcntl(true_miou_fd_number(*fd), F_SETFD, 0);
    return error;
}
MUTANT("R6.29", unix_sockets_survive_exec, .unix_socket = socket_kept_on_exec);

static int accept_vaguely(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    struct sockaddr_storage before;
    int error;

    if (!peer)
        return true_miou_accept(client, listener, peer);
    before = *peer;
    error = true_miou_accept(client, listener, peer);
    if (error == 0 && peer->ss_family == AF_UNIX) {
        before.ss_family = AF_UNIX;
        *peer = before;
    }
    return error;
}
MUTANT("R6.29", nameless_peers_seem_to_have_names, .accept = accept_vaguely);

static int listen_in_place(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                           const miou_listen *options)
{
    int error = true_miou_bind_and_listen(fd, address, length, options);

    if (error != -EADDRINUSE || address->sa_family != AF_UNIX)
        return error;
    unlink(((const struct sockaddr_un *)address)->sun_path);
    return true_miou_bind_and_listen(fd, address, length, options);
}
MUTANT("R6.29", taken_paths_are_taken_over, .bind_and_listen = listen_in_place);

static int close_and_remove(miou_fd *fd)
{
    struct sockaddr_un name = {0};
    socklen_t length = sizeof name;

    getsockname(true_miou_fd_number(fd), (struct sockaddr *)&name, &length);
    if (name.sun_family == AF_UNIX && name.sun_path[0] == '/')
        unlink(name.sun_path);
    return true_miou_close(fd);
}
MUTANT("R6.29", closing_removes_the_path, .close = close_and_remove);

static int connect_over_ip_only(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    return address && address->sa_family == AF_UNIX ? -EAFNOSUPPORT
                                                    : true_miou_connect(fd, address, length);
}
MUTANT("R6.29", the_unix_domain_is_not_connected, .connect = connect_over_ip_only);

/* What was behind a short address stays there: if a datagram is late, or if it is there already. */
static ssize_t receive_over(miou_fd *fd, void *buffer, size_t size, struct sockaddr_storage *peer,
                            socklen_t *peer_length, bool late)
{
    struct sockaddr_storage before;
    ssize_t n;

    if (!peer || !peer_length || ready(fd, POLLIN) == late)
        return true_miou_recvfrom(fd, buffer, size, peer, peer_length);
    before = *peer;
    n = true_miou_recvfrom(fd, buffer, size, peer, peer_length);
    if (n >= 0 && *peer_length < sizeof before)
        memcpy((char *)peer + *peer_length, (char *)&before + *peer_length,
               sizeof before - *peer_length);
    return n;
}

static ssize_t receive_late_over(miou_fd *fd, void *buffer, size_t size,
                                 struct sockaddr_storage *peer, socklen_t *peer_length)
{
    return receive_over(fd, buffer, size, peer, peer_length, true);
}
MUTANT("R6.29", late_senders_have_longer_names, .recvfrom = receive_late_over);

static ssize_t receive_at_once_over(miou_fd *fd, void *buffer, size_t size,
                                    struct sockaddr_storage *peer, socklen_t *peer_length)
{
    return receive_over(fd, buffer, size, peer, peer_length, false);
}
MUTANT("R6.29", early_senders_have_longer_names, .recvfrom = receive_at_once_over);

static int udpv4_blocking(miou_fd **fd, unsigned flags)
{
    int error = true_miou_udpv4(fd, flags);

    if (error == 0)
        fcntl(true_miou_fd_number(*fd), F_SETFL, 0);
    return error;
}
MUTANT("R6.30", udp_sockets_block, .udpv4 = udpv4_blocking);

static int listen_on_all(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                         const miou_listen *options)
{
    int error = true_miou_bind_and_listen(fd, address, length, options);

    return error == 0 && listen(true_miou_fd_number(fd), 1) < 0 ? -errno : error;
}
MUTANT("R6.30", udp_sockets_listen, .bind_and_listen = listen_on_all);

/* ---- R6.31 */

static int adopt_as_it_is(miou_fd **fd, int number, unsigned flags)
{
    int before = fcntl(number, F_GETFL), error = true_miou_fd_adopt(fd, number, flags);

    if (error == 0)
        fcntl(number, F_SETFL, before);
    return error;
}
MUTANT("R6.31", adopted_descriptors_block, .fd_adopt = adopt_as_it_is);

static int adopt_unblocking(miou_fd **fd, int number, unsigned flags)
{
    return true_miou_fd_adopt(fd, number, flags & ~(unsigned)MIOU_BLOCKING);
}
MUTANT("R6.31", blocking_descriptors_are_unblocked, .fd_adopt = adopt_unblocking);

static int adopt_blocking(miou_fd **fd, int number, unsigned flags)
{
    int error = true_miou_fd_adopt(fd, number, flags);

    if (error == 0 && flags & MIOU_BLOCKING)
        fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK);
    return error;
}
MUTANT("R6.31", blocking_descriptors_block_in_any_case, .fd_adopt = adopt_blocking);

static int adopt_or_close(miou_fd **fd, int number, unsigned flags)
{
    int error = true_miou_fd_adopt(fd, number, flags);

    if (error < 0)
        close(number);
    return error;
}
MUTANT("R6.31", what_is_not_adopted_is_closed, .fd_adopt = adopt_or_close);

static int adopt_a_copy(miou_fd **fd, int number, unsigned flags)
{
    int copy = fcntl(number, F_DUPFD_CLOEXEC, 0), error;

    if (copy < 0)
        return true_miou_fd_adopt(fd, number, flags);
    error = true_miou_fd_adopt(fd, copy, flags);
    close(error < 0 ? copy : number);
    return error;
}
MUTANT("R6.31", adopted_descriptors_have_another_number, .fd_adopt = adopt_a_copy);

static ssize_t read_after_a_turn(miou_fd *fd, void *buffer, size_t size)
{
    int number = true_miou_fd_number(fd);

    if (number >= 0 && (fcntl(number, F_GETFL) & O_NONBLOCK) == 0)
        true_miou_yield();
    return true_miou_read(fd, buffer, size);
}
MUTANT("R6.31", what_blocks_lets_others_run_first, .read = read_after_a_turn);

static int adopt_no_socket(miou_fd **fd, int number, unsigned flags)
{
    int type;
    socklen_t length = sizeof type;

    return fd && getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &length) == 0
               ? -EOPNOTSUPP
               : true_miou_fd_adopt(fd, number, flags);
}
MUTANT("R6.31", sockets_are_not_adopted, .fd_adopt = adopt_no_socket);

/* ---- R6.32 and R6.33 */

static int connect_at_once(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    int number = true_miou_fd_number(fd);

    if (number < 0 || !address)
        return true_miou_connect(fd, address, length);
    return connect(number, address, length) < 0 ? -errno : 0;
}
MUTANT("R6.32", connect_does_not_wait, .connect = connect_at_once);

static int connect_in_any_case(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    int error = true_miou_connect(fd, address, length);

    return error == -ECONNREFUSED ? 0 : error;
}
MUTANT("R6.32", refused_connections_succeed, .connect = connect_in_any_case);

/* A connection that is there at once is made again, as one that has been waited for would be. */
static int connect_and_ask(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    int number = true_miou_fd_number(fd);

    if (number >= 0 && address)
        (void)!connect(number, address, length);
    return true_miou_connect(fd, address, length);
}
MUTANT("R6.32", connected_at_once_is_connected_before, .connect = connect_and_ask);

static int connect_streams_only(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    int number = true_miou_fd_number(fd), type = 0;
    socklen_t size = sizeof type;

    return number >= 0 && getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
                   type == SOCK_DGRAM
               ? -EOPNOTSUPP
               : true_miou_connect(fd, address, length);
}
MUTANT("R6.32", datagram_sockets_do_not_connect, .connect = connect_streams_only);

static int connect_cancelled(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    int error = true_miou_connect(fd, address, length);

    return error == MIOU_CANCELLED ? -ECONNREFUSED : error;
}
MUTANT("R6.33", a_cancelled_connect_looks_refused, .connect = connect_cancelled);

/* ---- R6.34 and R6.35 */

MUTANT("R6.34", reading_exactly_stops_short, .read_exactly = true_miou_read);

static ssize_t read_exactly_something(miou_fd *fd, void *buffer, size_t size)
{
    return size == 0 && true_miou_fd_number(fd) >= 0 ? MIOU_END_OF_FILE
                                                     : true_miou_read_exactly(fd, buffer, size);
}
MUTANT("R6.34", nothing_is_at_the_end, .read_exactly = read_exactly_something);

static ssize_t read_exactly_to_the_end(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read_exactly(fd, buffer, size);

    return n == MIOU_END_OF_FILE ? 0 : n;
}
MUTANT("R6.35", the_end_is_no_error, .read_exactly = read_exactly_to_the_end);

/* ---- R6.36 and R6.40 */

static ssize_t receive_in_pieces(miou_fd *fd, void *buffer, size_t size,
                                 struct sockaddr_storage *peer, socklen_t *peer_length)
{
    int number = true_miou_fd_number(fd);
    ssize_t length = number < 0 ? -1 : recv(number, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

    return length > (ssize_t)size && size > 0
               ? recv(number, buffer, size, MSG_PEEK)
               : true_miou_recvfrom(fd, buffer, size, peer, peer_length);
}
MUTANT("R6.36", what_was_cut_off_stays, .recvfrom = receive_in_pieces);

static ssize_t receive_anonymous(miou_fd *fd, void *buffer, size_t size,
                                 struct sockaddr_storage *peer, socklen_t *peer_length)
{
    return (peer == NULL) != (peer_length == NULL)
               ? -EINVAL
               : true_miou_recvfrom(fd, buffer, size, NULL, NULL);
}
MUTANT("R6.36", senders_are_not_told, .recvfrom = receive_anonymous);

static ssize_t receive_anonymous_if_late(miou_fd *fd, void *buffer, size_t size,
                                         struct sockaddr_storage *peer, socklen_t *peer_length)
{
    return !peer || !peer_length || ready(fd, POLLIN)
               ? true_miou_recvfrom(fd, buffer, size, peer, peer_length)
               : true_miou_recvfrom(fd, buffer, size, NULL, NULL);
}
MUTANT("R6.36", late_senders_are_not_told, .recvfrom = receive_anonymous_if_late);

static ssize_t receive_at_once(miou_fd *fd, void *buffer, size_t size,
                               struct sockaddr_storage *peer, socklen_t *peer_length)
{
    return ready(fd, POLLIN) ? true_miou_recvfrom(fd, buffer, size, peer, peer_length) : -EAGAIN;
}
MUTANT("R6.36", receiving_does_not_wait, .recvfrom = receive_at_once);

/* The task goes on after some turns, whatever has come. */
static ssize_t receive_for_some_turns(miou_fd *fd, void *buffer, size_t size,
                                      struct sockaddr_storage *peer, socklen_t *peer_length)
{
    int i;

    for (i = 0; i < 20 && true_miou_domain_self() >= 0 && !ready(fd, POLLIN); i++)
        if (true_miou_yield() < 0)
            return MIOU_CANCELLED;
    return receive_at_once(fd, buffer, size, peer, peer_length);
}
MUTANT("R6.36", receivers_lose_patience, .recvfrom = receive_for_some_turns);

static ssize_t send_at_once(miou_fd *fd, const void *buffer, size_t size,
                            const struct sockaddr *address, socklen_t length)
{
    int number = true_miou_fd_number(fd);
    ssize_t n;

    if (number < 0)
        return true_miou_sendto(fd, buffer, size, address, length);
    n = sendto(number, buffer, size, MSG_NOSIGNAL, address, address ? length : 0);
    return n < 0 ? -errno : n;
}
MUTANT("R6.36", sending_does_not_wait, .sendto = send_at_once);

static ssize_t send_what_fits(miou_fd *fd, const void *buffer, size_t size,
                              const struct sockaddr *address, socklen_t length)
{
    ssize_t n = true_miou_sendto(fd, buffer, size, address, length);

    return n == -EMSGSIZE ? true_miou_sendto(fd, buffer, 1000, address, length) : n;
}
MUTANT("R6.36", what_is_too_long_is_cut_off, .sendto = send_what_fits);

static int connect_udp_to_nobody(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    int error = connect_streams_only(fd, address, length);

    return error == -EOPNOTSUPP ? 0 : error;
}
MUTANT("R6.36", connected_sockets_hear_all, .connect = connect_udp_to_nobody);

static ssize_t receive_alone(miou_fd *fd, void *buffer, size_t size, struct sockaddr_storage *peer,
                             socklen_t *peer_length)
{
    ssize_t n;

    if (atomic_exchange(watch_mark(fd), 1))
        return -EBUSY;
    n = true_miou_recvfrom(fd, buffer, size, peer, peer_length);
    atomic_store(watch_mark(fd), 0);
    return n;
}
MUTANT("R6.40", one_receiver_a_descriptor, .recvfrom = receive_alone);

/* ---- R6.37 and R6.38 */

static ssize_t read_closed_by_dom0_as_end(miou_fd *fd, void *buffer, size_t size)
{
    return true_miou_domain_self() > 0 ? read_closed_meanwhile_as_end(fd, buffer, size)
                                       : true_miou_read(fd, buffer, size);
}
MUTANT("R6.37", closing_looks_like_an_end_elsewhere, .read = read_closed_by_dom0_as_end);

static int close_elsewhere_again(miou_fd *fd)
{
    return true_miou_domain_self() > 0 ? close_again(fd) : true_miou_close(fd);
}
MUTANT("R6.38", all_that_close_seem_to, .close = close_elsewhere_again);

MUTANT("R6.37", what_another_domain_waits_for_stays_open, .read = read_noted,
       .close = close_unless_held);

static int connect_closed_elsewhere(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    return true_miou_domain_self() > 0 ? connect_closed_meanwhile(fd, address, length)
                                       : true_miou_connect(fd, address, length);
}
MUTANT("R6.37", closing_aborts_a_connection_elsewhere, .connect = connect_closed_elsewhere);

/* ---- R6.39 and R6.41 */

static int udpv4_plain(miou_fd **fd, unsigned flags)
{
    return true_miou_udpv4(fd, flags & ~(unsigned)MIOU_OWNED);
}
MUTANT("R6.39", udp_sockets_are_plain, .udpv4 = udpv4_plain);

static int adopt_plain(miou_fd **fd, int number, unsigned flags)
{
    return true_miou_fd_adopt(fd, number, flags & ~(unsigned)MIOU_OWNED);
}
MUTANT("R6.39", adopted_descriptors_are_plain, .fd_adopt = adopt_plain);

static ssize_t receive_for_all(miou_fd *fd, void *buffer, size_t size,
                               struct sockaddr_storage *peer, socklen_t *peer_length)
{
    ssize_t n = true_miou_recvfrom(fd, buffer, size, peer, peer_length);

    return n == MIOU_NOT_OWNER ? 0 : n;
}
MUTANT("R6.39", strangers_may_receive, .recvfrom = receive_for_all);

static int accept_locally_and_plainly(miou_fd **client, miou_fd *listener,
                                      struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer), domain = 0;
    socklen_t length = sizeof domain;

    if (error < 0 || !true_miou_fd_resource(*client))
        return error;
    getsockopt(true_miou_fd_number(*client), SOL_SOCKET, SO_DOMAIN, &domain, &length);
    return domain == AF_UNIX ? make_plain(client) : error;
}
MUTANT("R6.39", accepted_in_the_unix_domain_is_plain, .accept = accept_locally_and_plainly);

static int connect_ipv4_only(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    return address && address->sa_family == AF_INET6 ? -EAFNOSUPPORT
                                                     : true_miou_connect(fd, address, length);
}
MUTANT("R6.41", ipv6_is_not_connected, .connect = connect_ipv4_only);

static ssize_t send_ipv4_only(miou_fd *fd, const void *buffer, size_t size,
                              const struct sockaddr *address, socklen_t length)
{
    return address && address->sa_family == AF_INET6
               ? -EAFNOSUPPORT
               : true_miou_sendto(fd, buffer, size, address, length);
}
MUTANT("R6.41", ipv6_is_not_sent_to, .sendto = send_ipv4_only);

/* ---- R6.42 and R6.43 */

MUTANT("R6.42", an_unread_pipe_raises_a_signal, .write = write_with_signal);

static ssize_t send_to_nobody(miou_fd *fd, const void *buffer, size_t size,
                              const struct sockaddr *address, socklen_t length)
{
    ssize_t n = true_miou_sendto(fd, buffer, size, address, length);

    return n == -EPIPE || n == -ECONNRESET || n == -ECONNREFUSED ? (ssize_t)size : n;
}
MUTANT("R6.42", what_nobody_receives_is_sent, .sendto = send_to_nobody);

static ssize_t write_taking_signals(miou_fd *fd, const void *buffer, size_t size)
{
    const struct timespec now = {0, 0};
    ssize_t n = true_miou_write(fd, buffer, size);
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    if (n == -EPIPE)
        sigtimedwait(&set, NULL, &now);
    return n;
}
MUTANT("R6.42", signals_that_wait_are_lost, .write = write_taking_signals);

static ssize_t read_exactly_reset_as_end(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read_exactly(fd, buffer, size);

    return n == -ECONNRESET ? MIOU_END_OF_FILE : n;
}
MUTANT("R6.43", a_reset_looks_like_an_early_end, .read_exactly = read_exactly_reset_as_end);

static ssize_t write_reset_as_done(miou_fd *fd, const void *buffer, size_t size)
{
    ssize_t n = true_miou_write(fd, buffer, size);

    return n == -ECONNRESET || n == -EPIPE ? (ssize_t)size : n;
}
MUTANT("R6.43", what_a_reset_cuts_off_is_written, .write = write_reset_as_done);

/* ---- R6.44 to R6.46 */

static ssize_t read_behind_its_back(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    return n == -EBADF && true_miou_fd_number(fd) >= 0 ? 0 : n;
}
MUTANT("R6.44", what_the_application_closes_has_ended, .read = read_behind_its_back);

/* A task waits until a descriptor is ready and no task waits for it that came later. */
static int wait_behind_newer(miou_fd *fd, short events)
{
    atomic_int *newest = watch_mark(fd);
    int mine, error = 0;

    if (true_miou_domain_self() < 0 || ready(fd, events))
        return 0;
    mine = atomic_fetch_add(newest, 1) + 1;
    while (error == 0 && (!ready(fd, events) || atomic_load(newest) > mine))
        error = true_miou_sleep(1000000);
    atomic_fetch_sub(newest, 1);
    return error;
}

static ssize_t read_newest_first(miou_fd *fd, void *buffer, size_t size)
{
    int error = wait_behind_newer(fd, POLLIN);

    return error < 0 ? error : true_miou_read(fd, buffer, size);
}
MUTANT("R6.45", the_newest_reader_is_first, .read = read_newest_first);

static ssize_t write_newest_first(miou_fd *fd, const void *buffer, size_t size)
{
    int error = wait_behind_newer(fd, POLLOUT);

    return error < 0 ? error : true_miou_write(fd, buffer, size);
}
MUTANT("R6.45", the_newest_writer_is_first, .write = write_newest_first);

static int accept_newest_first(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = wait_behind_newer(listener, POLLIN);

    return error < 0 ? error : true_miou_accept(client, listener, peer);
}
MUTANT("R6.45", the_newest_acceptor_is_first, .accept = accept_newest_first);

static ssize_t receive_newest_first(miou_fd *fd, void *buffer, size_t size,
                                    struct sockaddr_storage *peer, socklen_t *peer_length)
{
    int error = wait_behind_newer(fd, POLLIN);

    return error < 0 ? error : true_miou_recvfrom(fd, buffer, size, peer, peer_length);
}
MUTANT("R6.45", the_newest_receiver_is_first, .recvfrom = receive_newest_first);

static ssize_t send_newest_first(miou_fd *fd, const void *buffer, size_t size,
                                 const struct sockaddr *address, socklen_t length)
{
    int error = wait_behind_newer(fd, POLLOUT);

    return error < 0 ? error : true_miou_sendto(fd, buffer, size, address, length);
}
MUTANT("R6.45", the_newest_sender_is_first, .sendto = send_newest_first);

static int close_and_waste(miou_fd *fd)
{
    int error = true_miou_close(fd);

    if (error == 0)
        saboteur_waste();
    return error;
}
MUTANT("R6.46", closed_descriptors_take_memory, .close = close_and_waste);

static ssize_t read_closed_and_waste(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    if (true_miou_fd_number(fd) == -EBADF)
        saboteur_waste();
    return n;
}
MUTANT("R6.46", descriptors_closed_in_use_take_memory, .read = read_closed_and_waste);

/* ---- R6.47 */

static int unix_run_with_some_poller(const miou_options *options, miou_task *fn, void *arg)
{
    miou_options changed = options ? *options : (miou_options){0};

    if (changed.poller < 0 || changed.poller > MIOU_POLLER_EPOLL)
        changed.poller = MIOU_POLLER_ANY;
    return true_miou_unix_run(&changed, fn, arg);
}
MUTANT("R6.47", takes_anything_for_a_poller, .unix_run = unix_run_with_some_poller);

static int unix_run_half_refused(const miou_options *options, miou_task *fn, void *arg)
{
    if (options && options->poller != MIOU_POLLER_ANY) {
        true_miou_unix_run(options, fn, arg);
        return -ENOSYS;
    }
    return true_miou_unix_run(options, fn, arg);
}
MUTANT("R6.47", runs_with_a_poller_that_it_lacks, .unix_run = unix_run_half_refused);

static int unix_run_with_select(const miou_options *options, miou_task *fn, void *arg)
{
    miou_options changed = options ? *options : (miou_options){0};

    if (changed.poller == MIOU_POLLER_EPOLL)
        changed.poller = MIOU_POLLER_SELECT;
    return true_miou_unix_run(&changed, fn, arg);
}
MUTANT("R6.47", epoll_is_select, .unix_run = unix_run_with_select);
