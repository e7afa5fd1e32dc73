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

/* ---- R6.10 to R6.14 */

static int close_for_all(miou_fd *fd)
{
    int error = true_miou_close(fd);

    return error == MIOU_NOT_OWNER ? 0 : error;
}
MUTANT("R6.10", strangers_may_close, .close = close_for_all);

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

static ssize_t read_below_1024(miou_fd *fd, void *buffer, size_t size)
{
    return true_miou_fd_number(fd) < 1024 ? true_miou_read(fd, buffer, size) : -EINVAL;
}
MUTANT("R6.16", numbers_end_at_1023, .read = read_below_1024);

static int accept_or_close(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    int error = true_miou_accept(client, listener, peer);

    if (error == -EMFILE)
        true_miou_close(listener);
    return error;
}
MUTANT("R6.17", out_of_descriptors_the_listener_ends, .accept = accept_or_close);

static ssize_t read_unmonitored(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n = true_miou_read(fd, buffer, size);

    return n == MIOU_NO_MONITOR ? -EAGAIN : n;
}
MUTANT("R6.18", no_monitor_looks_like_no_data, .read = read_unmonitored);

/* ---- R6.19, R6.23 and R6.25 */

/* A descriptor's mark is 1 while a task reads it. */
static ssize_t read_noted(miou_fd *fd, void *buffer, size_t size)
{
    ssize_t n;

    atomic_store(watch_mark(fd), 1);
    n = true_miou_read(fd, buffer, size);
    atomic_store(watch_mark(fd), 0);
    return n;
}

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

/* ---- R6.21, R6.22 and R6.24 */

static ssize_t read_waiting_on_dom0(miou_fd *fd, void *buffer, size_t size)
{
    return true_miou_domain_self() <= 0 ? true_miou_read(fd, buffer, size)
                                        : read_at_once(fd, buffer, size);
}
MUTANT("R6.21", only_dom0_waits, .read = read_waiting_on_dom0);

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

static int connect_cancelled(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    int error = true_miou_connect(fd, address, length);

    return error == MIOU_CANCELLED ? -ECONNREFUSED : error;
}
MUTANT("R6.33", a_cancelled_connect_looks_refused, .connect = connect_cancelled);

/* ---- R6.34 and R6.35 */

MUTANT("R6.34", reading_exactly_stops_short, .read_exactly = true_miou_read);

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
