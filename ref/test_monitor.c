/* test_monitor.c: what a poller might take for ready, or miss, though the descriptor is another by
 * now: each test is executed with every poller. */
#include "miou_unix.h"
#include "runtime.h"
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

enum { HANG = 120 /* seconds */, MANY = 700 };

#define TRY(call)                                                                                  \
    do {                                                                                           \
        int error_ = (int)(call);                                                                  \
        if (error_ < 0)                                                                            \
            return error_;                                                                         \
    } while (0)

/* A stream with one end in the runtime. */
struct stream {
    miou_fd *fd;
    int number, peer;
};

static int stream_open(struct stream *stream)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    stream->number = ends[0];
    stream->peer = ends[1];
    return miou_fd_adopt(&stream->fd, stream->number, 0);
}

static int stream_close(struct stream *stream)
{
    close(stream->peer);
    return miou_close(stream->fd);
}

/* A task that reads a byte from a stream. */
static int read_byte(void *arg)
{
    struct stream *stream = arg;
    unsigned char byte;
    ssize_t n = miou_read(stream->fd, &byte, 1);

    return n == 1 ? byte : n == 0 ? -ENODATA : (int)n;
}

/* Let a task wait for a byte, send it, and return what the task has read. */
static int pass(struct stream *stream, unsigned char byte)
{
    miou_promise *promise;
    int outcome;

    TRY(miou_async(&promise, NULL, read_byte, stream));
    TRY(miou_yield());
    if (write(stream->peer, &byte, 1) != 1)
        return -errno;
    TRY(miou_await(promise, &outcome));
    TRY(miou_promise_free(promise));
    return outcome;
}

/* The look for closed numbers, now and then, would mend what a test breaks. */
int __real_sys_epoll_wait(int epoll, struct epoll_event *events, int room, int64_t nanoseconds,
                          bool *may_close);
int __wrap_sys_epoll_wait(int epoll, struct epoll_event *events, int room, int64_t nanoseconds,
                          bool *may_close);
int __wrap_sys_epoll_wait(int epoll, struct epoll_event *events, int room, int64_t nanoseconds,
                          bool *may_close)
{
    *may_close = false;
    return __real_sys_epoll_wait(epoll, events, room, nanoseconds, may_close);
}

static void execute(miou_task *fn)
{
    static const int pollers[] = {MIOU_POLLER_SELECT, MIOU_POLLER_EPOLL};

    for (size_t i = 0; i < sizeof pollers / sizeof *pollers; i++) {
        alarm(HANG);
        assert_int_equal(
            miou_unix_run(&(miou_options){.domains = 1, .poller = pollers[i]}, fn, NULL), 0);
        alarm(0);
    }
}

/* ---- numbers that are given out again */

/* Open a stream whose number is the one that was free; a duplicate of what had it before lives on,
 * and becomes ready. */
static int reuse(int number, int duplicate, int old_peer)
{
    struct stream again;
    int byte = write(old_peer, "o", 1) == 1 ? 0 : -errno;

    TRY(byte);
    TRY(stream_open(&again));
    if (again.number != number)
        return -ESTALE;
    for (int i = 0; i < 2; i++)
        TRY(byte = pass(&again, 'n'));
    close(duplicate);
    close(old_peer);
    TRY(stream_close(&again));
    return byte == 'n' ? 0 : -EPROTO;
}

static int close_and_reuse(void *arg)
{
    struct stream stream;
    int duplicate;

    (void)arg;
    TRY(stream_open(&stream));
    TRY(pass(&stream, 'a'));
    duplicate = fcntl(stream.number, F_DUPFD_CLOEXEC, 100);
    TRY(miou_close(stream.fd));
    return reuse(stream.number, duplicate, stream.peer);
}

static void a_closed_number_is_another_descriptor(void **state)
{
    (void)state;
    execute(close_and_reuse);
}

static int disown_and_reuse(void *arg)
{
    struct stream stream;
    int duplicate;

    (void)arg;
    TRY(stream_open(&stream));
    TRY(miou_close(stream.fd));
    close(stream.peer);
    TRY(miou_unix_socket(&stream.fd, MIOU_OWNED)); /* a number that no task has waited for */
    TRY(miou_disown(miou_fd_resource(stream.fd)));
    TRY(stream_open(&stream));
    TRY(pass(&stream, 'a'));
    duplicate = fcntl(stream.number, F_DUPFD_CLOEXEC, 100);
    close(stream.number); /* behind the runtime's back */
    return reuse(stream.number, duplicate, stream.peer);
}

static void a_number_closed_behind_the_back_is_another_descriptor(void **state)
{
    (void)state;
    execute(disown_and_reuse);
}

/* On the other domain. */
static int pass_there(void *arg)
{
    return pass(arg, 't') == 't' ? 0 : -EPROTO;
}

static int call_and_await(miou_task *fn, void *arg)
{
    miou_promise *promise;
    int outcome;

    TRY(miou_call(&promise, NULL, fn, arg));
    TRY(miou_await(promise, &outcome));
    return outcome;
}

static int close_from_elsewhere(void *arg)
{
    struct stream stream;
    int number;

    (void)arg;
    TRY(stream_open(&stream));
    number = stream.number;
    TRY(call_and_await(pass_there, &stream));
    TRY(stream_close(&stream));
    TRY(stream_open(&stream));
    if (stream.number != number)
        return -ESTALE;
    TRY(call_and_await(pass_there, &stream));
    return stream_close(&stream);
}

static void a_number_closed_by_another_domain_is_another_descriptor(void **state)
{
    (void)state;
    execute(close_from_elsewhere);
}

/* Writes more than a stream holds. */
static int fill(void *arg)
{
    static const char bytes[4 << 20];
    struct stream *stream = arg;

    return miou_write(stream->fd, bytes, sizeof bytes) < 0 ? -1 : 0;
}

/* Two descriptors have one number; a task waits to read from one, another to write to the other. */
static int adopt_twice(void *arg)
{
    struct stream one, two;
    miou_promise *reader, *writer;
    int outcome;

    (void)arg;
    TRY(stream_open(&one));
    two = one;
    TRY(miou_fd_adopt(&two.fd, one.number, 0));
    TRY(miou_async(&reader, NULL, read_byte, &one));
    TRY(miou_async(&writer, NULL, fill, &two));
    TRY(miou_yield());
    TRY(miou_cancel(writer));
    if (write(one.peer, "b", 1) != 1)
        return -errno;
    TRY(miou_await(reader, &outcome));
    close(one.peer);
    TRY(miou_close(two.fd));
    return outcome == 'b' ? 0 : outcome;
}

static void a_number_adopted_twice_wakes_both(void **state)
{
    (void)state;
    execute(adopt_twice);
}

/* ---- what is told once */

/* The peer closes after its last bytes, of which the task is told at once. */
static int end_with_the_last_bytes(void *arg)
{
    struct stream stream;
    miou_promise *promise;
    char bytes[16];
    int outcome;

    (void)arg;
    TRY(stream_open(&stream));
    TRY(miou_async(&promise, NULL, read_byte, &stream));
    TRY(miou_yield());
    if (write(stream.peer, "abc", 3) != 3)
        return -errno;
    close(stream.peer);
    TRY(miou_await(promise, &outcome));
    TRY(miou_read(stream.fd, bytes, sizeof bytes)); /* a short read: the next one waits first */
    if (miou_read(stream.fd, bytes, sizeof bytes) != 0)
        return -EPROTO;
    return miou_close(stream.fd);
}

static void an_end_that_is_told_with_the_last_bytes_is_kept(void **state)
{
    (void)state;
    execute(end_with_the_last_bytes);
}

/* Let the domain look, while another task waits for something. */
static int look(void)
{
    for (int i = 0; i < 1000; i++)
        TRY(miou_yield());
    return 0;
}

/* What comes after a short read is told while no task waits for it: the next read waits first. */
static int tell_nobody(void *arg)
{
    struct stream stream, other;
    miou_promise *promise;
    char bytes[16];

    (void)arg;
    TRY(stream_open(&stream));
    TRY(stream_open(&other));
    TRY(miou_async(&promise, NULL, read_byte, &other));
    TRY(pass(&stream, 'a'));
    for (int i = 0; i < 3; i++) {
        if (write(stream.peer, "bcd", 3) != 3)
            return -errno;
        if (i == 2)
            close(stream.peer);
        TRY(look());
        if (miou_read(stream.fd, bytes, sizeof bytes) != 3)
            return -EPROTO;
    }
    if (miou_read(stream.fd, bytes, sizeof bytes) != 0)
        return -EPROTO;
    TRY(miou_cancel(promise));
    TRY(stream_close(&other));
    return miou_close(stream.fd);
}

static void what_is_told_while_no_task_waits_is_kept(void **state)
{
    (void)state;
    execute(tell_nobody);
}

/* More descriptors are ready than are told at a time. */
static int read_many(void *arg)
{
    static struct stream streams[MANY];
    static miou_promise *promises[MANY];
    int outcome;

    (void)arg;
    for (int i = 0; i < MANY; i++) {
        TRY(stream_open(&streams[i]));
        TRY(miou_async(&promises[i], NULL, read_byte, &streams[i]));
    }
    TRY(miou_yield());
    for (int i = 0; i < MANY; i++)
        if (write(streams[i].peer, "m", 1) != 1)
            return -errno;
    for (int i = 0; i < MANY; i++) {
        TRY(miou_await(promises[i], &outcome));
        TRY(outcome);
        TRY(stream_close(&streams[i]));
    }
    return 0;
}

static void many_are_ready_at_once(void **state)
{
    (void)state;
    execute(read_many);
}

/* ---- files of which the system does not tell when they are ready */

static int wait_for_a_file(void *arg)
{
    struct domain *domain = domain_self;
    FILE *file = tmpfile();
    uint64_t turn = 0;
    int error;

    (void)arg;
    if (file == NULL)
        return -errno;
    error = monitor_wait(&domain->monitor, fileno(file), file, READABLE, domain->current, &turn);
    fclose(file);
    return error == -EPERM ? 0 : error;
}

static void a_regular_file_is_ready_or_refused(void **state)
{
    (void)state;
    execute(wait_for_a_file);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_number_is_another_descriptor),
        cmocka_unit_test(a_number_closed_behind_the_back_is_another_descriptor),
        cmocka_unit_test(a_number_closed_by_another_domain_is_another_descriptor),
        cmocka_unit_test(a_number_adopted_twice_wakes_both),
        cmocka_unit_test(an_end_that_is_told_with_the_last_bytes_is_kept),
        cmocka_unit_test(what_is_told_while_no_task_waits_is_kept),
        cmocka_unit_test(many_are_ready_at_once),
        cmocka_unit_test(a_regular_file_is_ready_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
