/* Rules R14.10 and R14.11: waiting for descriptors that are not the runtime's. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a library with a descriptor of its own ---- */

/* It asks its server, at the other end, for the squares of numbers, and has one answer at a time.
 */
struct library {
    int number, server;
    unsigned char answer[2];
    size_t got;
};

static int library_open(struct library *library)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    *library = (struct library){.number = peer_keep(ends[0]), .server = peer_keep(ends[1])};
    return fcntl(library->server, F_SETFL, 0) < 0 ? -errno : 0;
}

static void *serve_library(void *arg)
{
    const struct library *library = arg;
    unsigned char n, square[2];

    while (recv(library->server, &n, 1, 0) == 1) {
        square[0] = (unsigned char)(n * n >> 8);
        square[1] = (unsigned char)(n * n);
        peer_send(library->server, square, 1); /* in two pieces */
        sched_yield();
        peer_send(library->server, square + 1, 1);
    }
    return NULL;
}

static int library_ask(struct library *library, unsigned char n)
{
    library->got = 0;
    return send(library->number, &n, 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* -EAGAIN: it wants to read more. */
static int library_go_on(struct library *library)
{
    while (library->got < 2) {
        ssize_t n =
            recv(library->number, library->answer + library->got, 2 - library->got, MSG_DONTWAIT);

        if (n <= 0)
            return n == 0 ? -ECONNRESET : -errno;
        library->got += (size_t)n;
    }
    return library->answer[0] << 8 | library->answer[1];
}

struct asking {
    struct library library;
    int wrong, beside;
    bool done;
};

static int ask_again_and_again(void *arg)
{
    struct asking *t = arg;
    int n, result;

    for (n = 0; n < 60; n++) { /* some squares have two bytes */
        TRY(library_ask(&t->library, (unsigned char)n));
        while ((result = library_go_on(&t->library)) == -EAGAIN)
            TRY(miou_wait_readable(t->library.number));
        t->wrong += result != n * n;
    }
    t->done = true;
    return 0;
}

static int use_library(void *arg)
{
    struct asking *t = arg;
    miou_promise *promise;
    pthread_t thread;

    TRY(library_open(&t->library));
    start_thread(&thread, serve_library, &t->library);
    TRY(miou_async(&promise, NULL, ask_again_and_again, t));
    while (!t->done) {
        TRY(miou_sleep(MILLISECOND));
        t->beside++;
    }
    TRY(miou_await(promise, NULL));
    shutdown(t->library.number, SHUT_WR);
    pthread_join(thread, NULL);
    return 0;
}

static int use_library_elsewhere(void *arg)
{
    return run_on(1, use_library, arg);
}

CHECK("R14.10", a_library_waits_in_its_own_way)
{
    struct asking t = {.wrong = 0}, elsewhere = {.wrong = 0};

    expect_code(unix_run_with(0, use_library, &t), 0);
    expect_number(t.wrong, 0);
    expect_at_least(t.beside, 1);
    expect_code(unix_run_with(1, use_library_elsewhere, &elsewhere), 0);
    expect_number(elsewhere.wrong, 0);
}

/* ---- what is ready, and what is not ---- */

struct ends {
    int ends[2], result, expired, number;
    bool others_ran;
};

static int wait_to_read(void *arg)
{
    struct ends *t = arg;

    return miou_wait_readable(t->number);
}

static int wait_to_write(void *arg)
{
    struct ends *t = arg;

    return miou_wait_writable(t->number);
}

static int wait_for_what_is_not_ready(void *arg)
{
    struct ends *t = arg;
    char bytes[4096] = {0};

    t->number = t->ends[0];
    NOTE(t->expired, miou_deadline(MILLISECOND, wait_to_read, t));
    if (t->expired != MIOU_EXPIRED)
        return -EIO;
    t->number = t->ends[1];
    TRY(miou_deadline(0, wait_to_write, t)); /* ready at once */
    while (write(t->ends[1], bytes, sizeof bytes) > 0)
        ;
    NOTE(t->expired, miou_deadline(MILLISECOND, wait_to_write, t));
    t->number = t->ends[0];
    TRY(miou_deadline(0, wait_to_read, t));
    while (read(t->ends[0], bytes, sizeof bytes) > 0)
        ;
    close(t->ends[1]);
    NOTE(t->result, miou_wait_readable(t->ends[0])); /* the end */
    return close(t->ends[0]);
}

CHECK("R14.10", only_what_is_ready_ends_the_wait)
{
    struct ends t = {.result = 1};

    expect_number(pipe2(t.ends, O_NONBLOCK | O_CLOEXEC), 0);
    expect_code(unix_run_with(0, wait_for_what_is_not_ready, &t), 0);
    expect_noted(t.expired, MIOU_EXPIRED);
    expect_noted(t.result, 0);
}

/* The pipe stays full, and nobody can read it any more. */
static int wait_for_an_error(void *arg)
{
    struct ends *t = arg;
    char bytes[4096] = {0};
    miou_promise *promise;

    while (write(t->ends[1], bytes, sizeof bytes) > 0)
        ;
    t->number = t->ends[1];
    TRY(miou_async(&promise, NULL, wait_to_write, t));
    TRY(let_others_run());
    close(t->ends[0]);
    TRY(await_and_free(promise));
    NOTE(t->result, miou_wait_writable(t->ends[1]));
    return close(t->ends[1]);
}

CHECK("R14.10", an_error_ends_the_wait)
{
    struct ends t = {.result = 1};

    expect_number(pipe2(t.ends, O_NONBLOCK | O_CLOEXEC), 0);
    expect_code(unix_run_with(0, wait_for_an_error, &t), 0);
    expect_noted(t.result, 0);
}

/* Number by number: what the runtime leaves open, and as it was. */
static int leave_as_it_was(void *arg)
{
    struct ends *t = arg;

    TRY(miou_wait_writable(t->ends[1]));
    t->number = t->ends[0];
    return miou_deadline(MILLISECOND, wait_to_read, t) == MIOU_EXPIRED ? 0 : -EIO;
}

CHECK("R14.10", the_number_stays_the_callers)
{
    struct ends t;
    int flags[2], i;

    expect_number(pipe2(t.ends, O_CLOEXEC), 0);
    for (i = 0; i < 2; i++)
        flags[i] = fcntl(t.ends[i], F_GETFL);
    expect_code(unix_run_with(0, leave_as_it_was, &t), 0);
    for (i = 0; i < 2; i++) {
        with_index(i);

        expect_number(fcntl(t.ends[i], F_GETFL), flags[i]);
        close(t.ends[i]);
    }
}

static int wait_for_nothing(void *arg)
{
    int *results = arg;
    int number = dup(STDERR_FILENO);

    close(number);
    NOTE(results[0], miou_wait_readable(-1));
    NOTE(results[1], miou_wait_writable(-1));
    NOTE(results[2], miou_wait_readable(number));
    NOTE(results[3], miou_wait_writable(number));
    return 0;
}

CHECK("R14.10", numbers_that_are_not_open)
{
    int results[4] = {0, 0, 0, 0}, i;

    expect_code(unix_run_with(0, wait_for_nothing, results), 0);
    for (i = 0; i < 4; i++) {
        with_index(i);

        expect_noted(results[i], -EBADF);
    }
}

/* Both directions of one number, and two tasks in one of them. */
struct crowd {
    struct ends ends;
    int woken;
};

static int wait_in_a_crowd(void *arg)
{
    struct crowd *t = arg;

    TRY(miou_wait_readable(t->ends.ends[0]));
    t->woken++;
    return 0;
}

static int crowd_around(void *arg)
{
    struct crowd *t = arg;
    miou_promise *promises[3];
    int i;

    for (i = 0; i < 3; i++)
        TRY(miou_async(&promises[i], NULL, wait_in_a_crowd, t));
    TRY(let_others_run());
    if (t->woken > 0)
        return -EIO;
    TRY(miou_wait_writable(t->ends.ends[0]));
    TRY(miou_cancel(promises[1]));
    if (write(t->ends.ends[1], "x", 1) != 1)
        return -errno;
    TRY(miou_await(promises[0], NULL));
    return miou_await(promises[2], NULL);
}

CHECK("R14.10", several_tasks_wait_for_one_number)
{
    struct crowd t = {.woken = 0};

    expect_number(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, t.ends.ends), 0);
    peer_keep(t.ends.ends[0]);
    peer_keep(t.ends.ends[1]);
    expect_code(unix_run_with(0, crowd_around, &t), 0);
    expect_number(t.woken, 2);
}

/* Standard input has been closed, and its number is a pipe's. */
static int wait_for_number_0(void *arg)
{
    struct ends *t = arg;
    miou_promise *promise;

    if (dup2(t->ends[0], 0) < 0)
        return -errno;
    t->number = 0;
    TRY(miou_async(&promise, NULL, wait_to_read, t));
    TRY(let_others_run());
    if (write(t->ends[1], "x", 1) != 1)
        return -errno;
    return await_and_free(promise);
}

CHECK("R14.10 R6.16", number_0_can_be_waited_for)
{
    struct ends t;

    expect_number(pipe2(t.ends, O_CLOEXEC), 0);
    expect_code(unix_run_with(0, wait_for_number_0, &t), 0);
}

/* A task waits to read, and then another to write; what the second waits for happens first. */
static int wait_in_both_directions(void *arg)
{
    struct ends *t = arg;
    char bytes[4096] = {0};
    miou_promise *reader, *writer;

    t->number = t->ends[0];
    while (write(t->ends[0], bytes, sizeof bytes) > 0)
        ;
    TRY(miou_async(&reader, NULL, wait_to_read, t));
    TRY(let_others_run());
    TRY(miou_async(&writer, NULL, wait_to_write, t));
    TRY(let_others_run());
    while (read(t->ends[1], bytes, sizeof bytes) > 0)
        ;
    TRY(await_and_free(writer));
    TRY(miou_promise_state(reader) == MIOU_STATE_RUNNING ? 0 : -EIO);
    if (write(t->ends[1], "x", 1) != 1)
        return -errno;
    return await_and_free(reader);
}

CHECK("R14.10", one_number_is_waited_for_in_both_directions)
{
    struct ends t;

    expect_number(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, t.ends), 0);
    peer_keep(t.ends[0]);
    peer_keep(t.ends[1]);
    expect_code(unix_run_with(0, wait_in_both_directions, &t), 0);
}

/* The number stands for one pipe after another. */
static int wait_for_one_after_another(void *arg)
{
    struct ends *t = arg;
    miou_promise *promise;
    int i;

    for (i = 0; i < 12; i++) {
        if (pipe2(t->ends, O_CLOEXEC) < 0)
            return -errno;
        if (i > 0 && t->ends[0] != t->number)
            return -EIO;
        t->number = t->ends[0];
        TRY(miou_async(&promise, NULL, wait_to_read, t));
        TRY(let_others_run());
        if (write(t->ends[1], "x", 1) != 1)
            return -errno;
        TRY(await_and_free(promise));
        close(t->ends[1]);
        close(t->ends[0]);
    }
    return 0;
}

CHECK("R14.10", a_number_can_come_to_stand_for_something_else)
{
    struct ends t = {.number = -1};

    expect_code(unix_run_with(0, wait_for_one_after_another, &t), 0);
}

/* ---- R14.11 ---- */

static int await_closed(void *arg)
{
    struct ends *t = arg;

    NOTE(t->result, miou_wait_readable(t->ends[0]));
    return 0;
}

static int close_under_a_task(void *arg)
{
    struct ends *t = arg;
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, await_closed, t));
    TRY(miou_sleep(2 * MILLISECOND));
    close(t->ends[0]);
    return miou_await(promise, NULL);
}

CHECK("R14.11", closing_a_number_ends_the_wait)
{
    struct ends t = {.result = 0};

    expect_number(pipe2(t.ends, O_CLOEXEC), 0);
    expect_code(unix_run_with(1, close_under_a_task, &t), 0);
    expect_noted(t.result, -EBADF);
    close(t.ends[1]);
}
