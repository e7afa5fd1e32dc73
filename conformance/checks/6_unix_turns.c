/* Rules R6.45 to R6.47: several tasks at one descriptor, descriptors that come and go, and how a
 * domain waits for them. */
#include "sockets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- R6.45: turns ---- */

enum { READERS = 2, TURNS = 10 };

struct turns {
    miou_fd *fd;
    bool teases; /* bytes come, and are taken away again */
    struct pair pair;
    int got[READERS];         /* bytes */
    int all, last;            /* who got one last, */
    int out_of_turn;          /* and how often a byte that stayed went to the same one again */
    atomic_bool teased, kept; /* the last tease is over; a task has got its byte */
};

struct turn {
    struct turns *turns;
    int which;
};

/* Read byte after byte until the task is cancelled. */
static int read_bytes(void *arg)
{
    struct turn *t = arg;
    char byte;

    while (miou_read(t->turns->fd, &byte, 1) == 1) {
        t->turns->got[t->which]++;
        t->turns->last = t->which;
        t->turns->all++;
    }
    return 0;
}

/* Let bytes come and take them away, so that tasks may be woken in vain, until one gets its byte.
 */
static void *tease(void *arg)
{
    struct turns *t = arg;
    char byte;
    int i;

    for (i = 0; i < 50 && !t->kept; i++) {
        peer_send(t->pair.peer, "x", 1);
        dawdle(t->all * 50 + i);
        if (recv(t->pair.number, &byte, 1, MSG_DONTWAIT) != 1)
            t->kept = true;
    }
    atomic_store(&t->teased, true);
    return NULL;
}

static int tease_those_that_wait(struct turns *t)
{
    pthread_t thread;

    t->teased = t->kept = false;
    start_thread(&thread, tease, t);
    while (!atomic_load(&t->teased))
        TRY(miou_sleep(1000));
    return pthread_join(thread, NULL);
}

/* Send a byte when all wait, again and again. */
static int feed_in_turns(void *arg)
{
    struct turns *t = arg;
    struct turn turns[READERS];
    miou_promise *promises[READERS];
    int i, before;

    TRY(pair_adopt(&t->pair, SOCK_STREAM, 0));
    t->fd = t->pair.fd;
    for (i = 0; i < READERS; i++) {
        turns[i] = (struct turn){t, i};
        TRY(miou_async(&promises[i], NULL, read_bytes, &turns[i]));
    }
    for (i = 0; i < READERS * TURNS; i++) {
        before = t->last;
        TRY(let_others_run());
        if (t->teases) {
            TRY(tease_those_that_wait(t));
            TRY(let_others_run());
        }
        if (!t->kept && peer_send(t->pair.peer, "x", 1) != 1)
            return -errno;
        while (t->all <= i) /* the domain has nothing else to do, and looks twice */
            TRY(miou_sleep(1000));
        t->out_of_turn += !t->kept && t->last == before;
    }
    for (i = 0; i < READERS; i++)
        TRY(miou_cancel(promises[i]));
    return miou_close(t->fd);
}

CHECK("R6.45", readers_take_turns)
{
    struct turns t = {.last = READERS - 1};
    int i;

    expect_code(unix_run_with(0, feed_in_turns, &t), 0);
    expect_number(t.out_of_turn, 0);
    for (i = 0; i < READERS; i++) {
        with_index(i);

        expect_number(t.got[i], TURNS);
    }
}

CHECK("R6.45", readers_that_are_woken_in_vain_keep_their_turns)
{
    struct turns t = {.teases = true, .last = READERS - 1};

    expect_code(unix_run_with(0, feed_in_turns, &t), 0);
    expect_number(t.out_of_turn, 0);
}

/* Writers wait until their descriptor has room for all of them. */
enum outlet { PIPE, STREAM, DATAGRAMS, OUTLETS };
enum { WRITERS = 3 };

struct letters {
    enum outlet outlet;
    miou_fd *fd;
    int peer;
    int written; /* by the tasks */
    bool waited;
    char came[WRITERS + 1]; /* in this order */
};

struct letter {
    struct letters *letters;
    char letter;
};

static int write_letter(void *arg)
{
    struct letter *t = arg;
    miou_fd *fd = t->letters->fd;

    TRY(t->letters->outlet == DATAGRAMS ? miou_sendto(fd, &t->letter, 1, NULL, 0)
                                        : miou_write(fd, &t->letter, 1));
    t->letters->written++;
    return 0;
}

static int open_outlet(struct letters *t)
{
    static const char bytes[4096];
    int ends[2];

    if ((t->outlet == PIPE ? pipe2(ends, O_NONBLOCK | O_CLOEXEC)
                           : socketpair(AF_UNIX,
                                        (t->outlet == STREAM ? SOCK_STREAM : SOCK_DGRAM) |
                                            SOCK_NONBLOCK | SOCK_CLOEXEC,
                                        0, ends)) < 0)
        return -errno;
    while (write(ends[1], bytes, sizeof bytes) > 0)
        ;
    t->peer = peer_keep(ends[0]);
    return miou_fd_adopt(&t->fd, ends[1], 0);
}

/* Take all that is there, and note the letters. */
static void take_letters(struct letters *t)
{
    char bytes[4096];
    ssize_t n, i;

    while ((n = read(t->peer, bytes, sizeof bytes)) > 0)
        for (i = 0; i < n; i++)
            if (bytes[i] != '\0' && strlen(t->came) < WRITERS)
                t->came[strlen(t->came)] = bytes[i];
}

static int write_in_turns(void *arg)
{
    struct letters *t = arg;
    struct letter letters[WRITERS];
    miou_promise *promises[WRITERS];
    int i;

    TRY(open_outlet(t));
    for (i = 0; i < WRITERS; i++) {
        letters[i] = (struct letter){t, (char)('a' + i)};
        TRY(miou_async(&promises[i], NULL, write_letter, &letters[i]));
        TRY(let_others_run());
    }
    t->waited = t->written == 0;
    take_letters(t);
    for (i = 0; i < WRITERS; i++)
        TRY(await_and_free(promises[i]));
    take_letters(t);
    peer_close(t->peer);
    return miou_close(t->fd);
}

CHECK("R6.45", writers_take_turns)
{
    for (enum outlet outlet = PIPE; outlet < OUTLETS; outlet++) {
        with_index(outlet);
        struct letters t = {.outlet = outlet};

        expect_code(unix_run_with(0, write_in_turns, &t), 0);
        expect_true(t.waited);
        expect_text(t.came, "abc");
    }
}

/* ---- R6.46: descriptors that have ended ---- */

enum end { CLOSED, DISOWNED, FINALISED, ENDS };

struct ending {
    enum end end;
    struct growth growth;
};

static int end_one(void *arg)
{
    const struct ending *t = arg;
    int number;
    miou_fd *fd;

    TRY(miou_unix_socket(&fd, MIOU_OWNED));
    if (t->end == CLOSED)
        return miou_close(fd);
    if (t->end == FINALISED)
        return miou_release(miou_fd_resource(fd));
    TRY(number = miou_fd_number(fd));
    TRY(miou_disown(miou_fd_resource(fd)));
    return close(number);
}

static int end_many(void *arg)
{
    struct ending *t = arg;

    return grow_by(&t->growth, 20000, 20, end_one, t);
}

/* 20 bytes each: less than any record of one. */
CHECK("R6.46", descriptors_that_have_ended_take_no_memory)
{
    for (enum end end = CLOSED; end < ENDS; end++) {
        with_index(end);
        struct ending t = {.end = end};

        expect_code(unix_run_with(0, end_many, &t), 0);
        expect_false(grew(&t.growth));
    }
}

/* One domain closes a descriptor that blocks, while another most often reads from it. */
struct used {
    int ends[2];
    miou_fd *fd;
    atomic_bool begun;
    int round;
    struct growth growth;
};

static int read_blocking(void *arg)
{
    struct used *t = arg;
    char byte;
    ssize_t n;

    atomic_store(&t->begun, true);
    n = miou_read(t->fd, &byte, 1);
    return n == 1 || n == -EBADF ? 0 : -EIO;
}

static int close_used(void *arg)
{
    struct used *t = arg;
    miou_promise *promise;
    int i;

    if (pipe2(t->ends, O_CLOEXEC) < 0)
        return -errno;
    TRY(miou_fd_adopt(&t->fd, t->ends[0], MIOU_BLOCKING));
    atomic_store(&t->begun, false);
    TRY(miou_call(&promise, NULL, read_blocking, t));
    until(&t->begun);
    for (i = 0; i < 10; i++)
        dawdle(t->round++);
    TRY(miou_close(t->fd));
    if (write(t->ends[1], "x", 1) < 0 && errno != EPIPE)
        return -errno;
    close(t->ends[1]);
    return await_and_free(promise);
}

static int close_many_used(void *arg)
{
    struct used *t = arg;

    return grow_by(&t->growth, 8000, 50, close_used, t);
}

CHECK("R6.46", descriptors_closed_in_use_take_no_memory)
{
    struct used t = {.round = 0};

    signal(SIGPIPE, SIG_IGN);
    expect_code(unix_run_with(1, close_many_used, &t), 0);
    expect_false(grew(&t.growth));
}

/* ---- R6.47: pollers ---- */

/* A task reads from a pipe what another writes later. */
struct polled {
    miou_fd *reader, *writer;
    int calls; /* of main */
    ssize_t read;
};

/* How many descriptors of epoll the process has; -1 if that cannot be seen. */
static int count_epolls(void)
{
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry;
    char target[32];
    int count = 0;
    ssize_t length;

    if (directory == NULL)
        return -1;
    while ((entry = readdir(directory))) {
        length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = '\0';
        count += strcmp(target, "anon_inode:[eventpoll]") == 0;
    }
    closedir(directory);
    return count;
}

static int write_a_byte(void *arg)
{
    struct polled *t = arg;

    TRY(miou_yield());
    return (int)miou_write(t->writer, "x", 1);
}

static int read_a_byte(void *arg)
{
    struct polled *t = arg;
    miou_promise *promise;
    int ends[2];
    char byte;

    t->calls++;
    if (pipe(ends) < 0)
        return -errno;
    TRY(miou_fd_adopt(&t->reader, peer_keep(ends[0]), 0));
    TRY(miou_fd_adopt(&t->writer, peer_keep(ends[1]), 0));
    TRY(miou_async(&promise, NULL, write_a_byte, t));
    NOTE(t->read, miou_read(t->reader, &byte, 1));
    return miou_await(promise, NULL);
}

CHECK("R6.47", pollers_wait_or_are_refused)
{
    for (int poller = MIOU_POLLER_ANY; poller <= MIOU_POLLER_EPOLL; poller++) {
        with_index(poller);
        struct polled t = {.calls = 0};
        int code = miou_unix_run(&(miou_options){.poller = poller}, read_a_byte, &t);

        if (poller != MIOU_POLLER_ANY && code == -ENOSYS) {
            expect_number(t.calls, 0);
            continue;
        }
        expect_code(code, 0);
        expect_number(t.calls, 1);
        expect_number(t.read, 1);
    }
}

/* A task waits for a byte, with nothing else to do. A domain need not have a descriptor of epoll
 * but while it asks. */
struct watched {
    int ends[2];
    int before; /* descriptors of epoll, before the run */
    bool seen;  /* one more */
    pthread_t watcher;
};

enum { LOOKS = 5000 /* a millisecond after each other, at least */ };

static void *watch_for_epoll(void *arg)
{
    struct watched *t = arg;
    int i;

    for (i = 0; i < LOOKS && !t->seen; i++) {
        poll(NULL, 0, 1);
        t->seen = count_epolls() > t->before;
    }
    (void)!write(t->ends[1], "x", 1);
    return NULL;
}

static int read_watched(void *arg)
{
    struct watched *t = arg;
    miou_fd *reader;
    char byte;
    int read;

    if (pipe(t->ends) < 0)
        return -errno;
    peer_keep(t->ends[1]);
    TRY(miou_fd_adopt(&reader, t->ends[0], 0));
    start_thread(&t->watcher, watch_for_epoll, t);
    NOTE(read, (int)miou_read(reader, &byte, 1));
    pthread_join(t->watcher, NULL);
    return read;
}

CHECK("R6.47", epoll_is_used_when_it_is_asked_for)
{
    struct watched t = {.before = count_epolls()};
    int code = miou_unix_run(&(miou_options){.poller = MIOU_POLLER_EPOLL}, read_watched, &t);

    if (t.before < 0)
        cannot_test("/proc cannot be read");
    if (code == -ENOSYS)
        return;
    expect_code(code, 1);
    expect_true(t.seen);
}

CHECK("R6.47", what_is_no_poller_is_refused)
{
    static const int values[] = {-1, MIOU_POLLER_EPOLL + 1, INT_MAX, INT_MIN};
    struct polled t = {.calls = 0};

    for (int i = 0; i < 4; i++) {
        with_index(i);
        expect_code(run_by(miou_unix_run, &(miou_options){.poller = values[i]}, read_a_byte, &t),
                    -EINVAL);
    }
    expect_number(t.calls, 0);
    expect_code(miou_unix_run(NULL, read_a_byte, &t), 0);
}
