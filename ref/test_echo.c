/* test_echo.c: tests miou-echo as its users see it: a process, its options, and clients on real
 * sockets.
 *
 *     test_echo [MIOU-ECHO]     the server to test; by default ../miou-echo, seen from this
 * program */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>

enum {
    GUARD = 1800, /* seconds after which a test has hung, however busy the machine is */
    ARGUMENTS = 12
};

static char program[PATH_MAX];

/* ---- the server process */

struct server {
    pid_t pid;
    int port;
    int out, err; /* pipes from its standard output and standard error */
    char line[256];
};

/* Called in the process that is going to be the server; NULL: nothing is. */
static void (*prepare)(void);

/* Start the server with these arguments and a limit on descriptors; 0: the limit of this
 * process. */
static void start(struct server *server, rlim_t descriptors, const char *const *arguments)
{
    const struct rlimit limit = {descriptors, descriptors};
    char *argv[ARGUMENTS] = {program};
    int out[2], err[2], i;

    for (i = 0; arguments[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(pipe2(err, O_CLOEXEC), 0);
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGINT, SIG_DFL); /* a shell ignores it in what it runs in the background */
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        if (descriptors > 0)
            setrlimit(RLIMIT_NOFILE, &limit);
        if (prepare)
            prepare();
        execv(program, argv);
        perror(program);
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    server->out = out[0];
    server->err = err[0];
    assert_true(server->pid > 0);
}

/* Read up to the first newline or the end. */
static void read_line(int fd, char *line, size_t size)
{
    size_t length = 0;

    while (length + 1 < size && read(fd, &line[length], 1) == 1)
        if (line[length++] == '\n')
            break;
    line[length] = '\0';
}

/* Start a server that is expected to serve, on a port of its choice. */
static void start_serving(struct server *server, rlim_t descriptors, const char *domains)
{
    start(server, descriptors, (const char *[]){"--port", "0", "--domains", domains, NULL});
    read_line(server->out, server->line, sizeof server->line);
    assert_int_equal(sscanf(server->line, "miou-echo: listening on 127.0.0.1:%d,", &server->port),
                     1);
}

static int await_exit(struct server *server)
{
    int status;

    assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
    close(server->out);
    close(server->err);
    return status;
}

static void assert_exits(struct server *server, int with)
{
    int status = await_exit(server);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), with);
}

#ifdef __SANITIZE_THREAD__
enum { HEARS_SIGNALS = 0 }; /* the sanitizer may delay a signal for ever */
#else
enum { HEARS_SIGNALS = 1 };
#endif

/* Stop a server, which must still be running and must then exit with 0. */
static void stop(struct server *server)
{
    kill(server->pid, HEARS_SIGNALS ? SIGTERM : SIGKILL);
    if (HEARS_SIGNALS)
        assert_exits(server, 0);
    else
        assert_true(WIFSIGNALED(await_exit(server)));
}

/* How many entries a directory below /proc/PID has. */
static int count_entries(const struct server *server, const char *name)
{
    char path[64];
    struct dirent *entry;
    DIR *directory;
    int count = 0;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)server->pid, name);
    directory = opendir(path);
    assert_non_null(directory);
    while ((entry = readdir(directory)))
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static double processor_time(const struct server *server)
{
    struct timespec time;
    clockid_t clock;

    assert_int_equal(clock_getcpuclockid(server->pid, &clock), 0);
    assert_int_equal(clock_gettime(clock, &time), 0);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* In at least one of several windows of time the server uses less than a tenth of a processor. A
 * server that spins uses all it can get in each of them. */
static void assert_rests(const struct server *server)
{
    const double window = 0.1, little = window / 10;
    double used = 1;
    int i;

    for (i = 0; i < 20 && used > little; i++) {
        double before = processor_time(server);

        poll(NULL, 0, (int)(window * 1000));
        used = processor_time(server) - before;
    }
    assert_true(used <= little);
}

/* ---- clients */

/* 0 stands for any port. */
static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int connect_to(const struct server *server)
{
    struct sockaddr_in address = loopback(server->port);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(client >= 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

/* Wait until the server listens, however busy the machine is. */
static void await_listening(const struct server *server)
{
    struct sockaddr_in address = loopback(server->port);
    bool listens = false;

    while (!listens) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        listens = connect(client, (struct sockaddr *)&address, sizeof address) == 0;
        close(client);
        assert_int_equal(waitpid(server->pid, NULL, WNOHANG), 0);
        poll(NULL, 0, 1);
    }
}

static void reset(int client)
{
    struct linger at_once = {.l_onoff = 1};

    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(client);
}

static unsigned char pattern(size_t place)
{
    return (unsigned char)(place * 31 + (place >> 8) * 7 + (place >> 16));
}

/* Send a part of the stream, as much as can be sent without waiting. */
static void send_some(int client, size_t *sent, size_t size)
{
    unsigned char bytes[1 << 14];
    size_t i, count = size - *sent < sizeof bytes ? size - *sent : sizeof bytes;
    ssize_t n;

    for (i = 0; i < count; i++)
        bytes[i] = pattern(*sent + i);
    n = send(client, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
        *sent += (size_t)n;
    else
        assert_int_equal(errno, EAGAIN);
}

/* Receive a part of what was sent. Returns false at the end of the stream. */
static bool receive_some(int client, size_t *received, size_t sent)
{
    unsigned char bytes[1 << 16];
    ssize_t i, n = recv(client, bytes, sizeof bytes, 0);

    assert_true(n >= 0);
    assert_true((size_t)n <= sent - *received);
    for (i = 0; i < n; i++)
        assert_int_equal(bytes[i], pattern(*received + (size_t)i));
    *received += (size_t)n;
    return n > 0;
}

/* Send size bytes, the first of which have been sent already, and receive them meanwhile. With
 * half_close, shut the sending side down as soon as they are sent, and expect the end after the
 * last. */
static void go_on(int client, size_t sent, size_t size, bool half_close)
{
    size_t received = 0;
    bool open = true, closed = false;

    while (half_close ? open : received < size) {
        struct pollfd entry = {.fd = client, .events = POLLIN};

        if (sent < size)
            entry.events |= POLLOUT;
        else if (half_close && !closed)
            closed = shutdown(client, SHUT_WR) == 0;
        assert_true(poll(&entry, 1, -1) > 0);
        if (entry.revents & POLLOUT)
            send_some(client, &sent, size);
        if (entry.revents & ~POLLOUT)
            open = receive_some(client, &received, sent);
        assert_true(open || half_close);
    }
    assert_int_equal(received, size);
}

static void exchange(int client, size_t size, bool half_close)
{
    go_on(client, 0, size, half_close);
}

static void assert_serves(const struct server *server)
{
    int client = connect_to(server);

    exchange(client, 100, true);
    close(client);
}

/* A port that nobody has at the moment. */
static int free_port(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int other = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(other, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(other, (struct sockaddr *)&address, &length), 0);
    close(other);
    return ntohs(address.sin_port);
}

/* ---- the service; each test has a server of its own on two domains */

static int start_for_test(void **state)
{
    struct server *server = calloc(1, sizeof *server);

    alarm(GUARD);
    *state = server;
    start_serving(server, 0, "1");
    return 0;
}

/* A failed test leaves clients, which would keep the server from ending. */
static void close_clients(void)
{
    struct sockaddr_storage peer;
    int number;

    for (number = 0; number < 4096; number++)
        if (getpeername(number, (struct sockaddr *)&peer, &(socklen_t){sizeof peer}) == 0)
            close(number);
}

static int stop_after_test(void **state)
{
    struct server *server = *state;

    close_clients();
    stop(server);
    free(server);
    return 0;
}

static void test_nc_session(void **state)
{
    const struct server *server = *state;
    char command[100], answer[16] = "";
    FILE *nc;

    if (system("command -v nc >/dev/null") != 0)
        skip();
    snprintf(command, sizeof command, "echo \"Hello\" | nc -q0 localhost %d", server->port);
    nc = popen(command, "r");
    assert_non_null(nc);
    assert_non_null(fgets(answer, sizeof answer, nc));
    assert_int_equal(pclose(nc), 0);
    assert_string_equal(answer, "Hello\n");
}

static void test_one_client_sends_more_and_more(void **state)
{
    const size_t sizes[] = {1, 2, 255, 4096, 8192, 8193, 100000, 8 << 20};
    int client = connect_to(*state);
    size_t i;

    for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
        exchange(client, sizes[i], false);
    close(client);
}

static void test_half_closed_clients_get_all_and_the_end(void **state)
{
    const size_t sizes[] = {0, 1, 8192, 1 << 20};
    size_t i;

    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int client = connect_to(*state);

        exchange(client, sizes[i], true);
        close(client);
    }
}

enum { CROWD = 512 };

/* A byte sent out of band is a byte like others. */
static void test_urgent_bytes_are_echoed(void **state)
{
    int client = connect_to(*state);
    char bytes[4] = "";
    size_t received = 0;
    ssize_t n;

    assert_int_equal(send(client, "a", 1, 0), 1);
    assert_int_equal(send(client, "b", 1, MSG_OOB), 1);
    assert_int_equal(send(client, "c", 1, 0), 1);
    shutdown(client, SHUT_WR);
    while ((n = recv(client, &bytes[received], sizeof bytes - 1 - received, 0)) > 0)
        received += (size_t)n;
    assert_string_equal(bytes, "abc");
    close(client);
}

static void test_many_clients_at_once(void **state)
{
    int clients[CROWD], i, round;

    for (i = 0; i < CROWD; i++)
        clients[i] = connect_to(*state);
    for (round = 0; round < 3; round++) {
        for (i = 0; i < CROWD; i++)
            assert_int_equal(send(clients[i], &i, sizeof i, 0), sizeof i);
        for (i = CROWD - 1; i >= 0; i--) {
            int answer = -1;

            assert_int_equal(recv(clients[i], &answer, sizeof answer, MSG_WAITALL), sizeof answer);
            assert_int_equal(answer, i);
        }
    }
    for (i = 0; i < CROWD; i++)
        close(clients[i]);
}

static void test_resets_do_not_disturb_others(void **state)
{
    int good = connect_to(*state), i;

    for (i = 0; i < 90; i++) {
        int client = connect_to(*state);
        size_t sent = 0;

        if (i % 3 > 0)
            exchange(client, 10, false);
        while (i % 3 > 1 && sent < (size_t)i << 14)
            send_some(client, &sent, (size_t)i << 14);
        reset(client);
        exchange(good, 10, false);
    }
    close(good);
    assert_serves(*state);
}

/* Send until neither the system nor the server takes more. */
static void stuff(int client)
{
    static const char bytes[1 << 16];

    do
        while (send(client, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
            ;
    while (poll(&(struct pollfd){.fd = client, .events = POLLOUT}, 1, 50) > 0);
}

static void test_silent_clients_do_not_hold_up_others(void **state)
{
    int silent[40], i;

    for (i = 0; i < 40; i++) {
        silent[i] = connect_to(*state);
        if (i % 10 == 0)
            stuff(silent[i]);
    }
    for (i = 0; i < 20; i++)
        assert_serves(*state);
    for (i = 0; i < 40; i++)
        close(silent[i]);
}

static void test_a_thousand_clients_leave_nothing_behind(void **state)
{
    int i, before;

    assert_serves(*state);
    before = count_entries(*state, "fd");
    for (i = 0; i < 1000; i++)
        assert_serves(*state);
    assert_int_equal(count_entries(*state, "fd"), before);
}

static void test_an_idle_server_uses_no_processor(void **state)
{
    int clients[10], i;

    for (i = 0; i < 10; i++) {
        clients[i] = connect_to(*state);
        exchange(clients[i], 10, false);
    }
    assert_rests(*state);
    for (i = 0; i < 10; i++)
        exchange(clients[i], 10, false);
    assert_rests(*state);
    for (i = 0; i < 10; i++)
        close(clients[i]);
}

/* ---- out of descriptors */

/* Connect a client; returns -1 if it is turned away. */
static int try_client(const struct server *server)
{
    int client = connect_to(server);
    char byte = 'x';

    if (send(client, &byte, 1, MSG_NOSIGNAL) == 1 && recv(client, &byte, 1, 0) == 1)
        return client;
    close(client);
    return -1;
}

enum { FEW = 40, MANY = 100 };

static void test_out_of_descriptors(void **state)
{
    int clients[MANY], served = 0, i;
    struct server server;

    (void)state;
    alarm(GUARD);
    start_serving(&server, FEW, "1");
    for (i = 0; i < MANY; i++) {
        int client = try_client(&server);

        if (client >= 0)
            clients[served++] = client;
    }
    /* The server also needs three descriptors at the start, a listener and a bell for each domain,
     * and one to turn clients away with. */
    assert_in_range(served, FEW / 2, FEW - 5);
    for (i = 0; i < served; i++)
        exchange(clients[i], 10, false);
    assert_rests(&server);
    for (i = 0; i < 10; i++)
        close(clients[i]);
    for (i = 0; i < 10;)
        if ((clients[i] = try_client(&server)) >= 0)
            i++;
    for (i = 0; i < served; i++) {
        exchange(clients[i], 10, false);
        close(clients[i]);
    }
    stop(&server);
}

/* More clients than there are descriptors for, so that the server has to say something; those that
 * are served get what they have sent, and the server lives. */
static void crowd(const struct server *server)
{
    int clients[MANY], served = 0, i;

    for (i = 0; i < MANY; i++)
        if ((clients[served] = try_client(server)) >= 0)
            served++;
    assert_in_range(served, FEW / 2, FEW - 5);
    for (i = 0; i < served; i++) {
        exchange(clients[i], 10, true);
        close(clients[i]);
    }
    assert_serves(server);
}

static void test_a_log_that_nobody_reads(void **state)
{
    static const char text[4096];
    struct server server;
    char path[64];
    int log;

    (void)state;
    alarm(GUARD);
    for (int full = 0; full < 2; full++) {
        start_serving(&server, FEW, "1");
        if (full) {
            snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)server.pid, STDERR_FILENO);
            log = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
            while (write(log, text, sizeof text) > 0)
                ;
            close(log);
        } else {
            close(server.err);
            server.err = open("/dev/null", O_RDONLY | O_CLOEXEC);
        }
        crowd(&server);
        stop(&server);
    }
}

static void close_the_first_three(void)
{
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++)
        close(number);
}

/* What the server says goes to no client, and to nothing that it needs. */
static void test_without_standard_descriptors(void **state)
{
    struct server server = {.port = free_port()};
    char port[8], path[64], file[64] = "";

    (void)state;
    alarm(GUARD);
    snprintf(port, sizeof port, "%d", server.port);
    prepare = close_the_first_three;
    start(&server, FEW, (const char *[]){"--port", port, "--domains", "1", NULL});
    prepare = NULL;
    await_listening(&server);
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)server.pid, number);
        assert_true(readlink(path, file, sizeof file - 1) > 0);
        assert_string_equal(file, "/dev/null");
    }
    crowd(&server);
    stop(&server);
}

static void set_limit(const struct server *server, rlim_t soft)
{
    struct rlimit limit;

    assert_int_equal(prlimit(server->pid, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = soft > 0 ? soft : limit.rlim_max;
    assert_int_equal(prlimit(server->pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

static void test_the_limit_falls_below_what_is_open(void **state)
{
    const struct server *server = *state;
    int old = connect_to(server), new;

    exchange(old, 10, false);
    set_limit(server, 4);
    new = connect_to(server);
    exchange(old, 100000, false);
    assert_rests(server);
    exchange(old, 10, false);
    set_limit(server, 0);
    exchange(new, 10, false);
    close(new);
    close(old);
}

static void test_too_few_descriptors_to_start(void **state)
{
    rlim_t limit;

    (void)state;
    alarm(GUARD);
    /* Three at the start, two listeners, one client, and two to turn clients away with make 8. */
    for (limit = 4; limit < 8; limit++) {
        struct server server;
        char line[256], more[256];

        start(&server, limit, (const char *[]){"--port", "0", "--domains", "1", NULL});
        read_line(server.err, line, sizeof line);
        read_line(server.err, more, sizeof more);
        assert_exits(&server, 1);
        assert_non_null(strstr(line, "too few descriptors"));
        assert_string_equal(more, "");
    }
}

/* ---- the stop */

static void begin_stop(void)
{
    alarm(GUARD);
    if (!HEARS_SIGNALS)
        skip();
}

/* Wait until no domain listens; each domain stops by itself. */
static void await_refusal(const struct server *server)
{
    struct sockaddr_in address = loopback(server->port);
    bool refused = false;

    while (!refused) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        /* The connection is reset instead if the listener is closed at the same moment. */
        refused = connect(client, (struct sockaddr *)&address, sizeof address) < 0 &&
                  errno == ECONNREFUSED;
        close(client);
        poll(NULL, 0, 1);
    }
}

static void assert_says_nothing(const struct server *server)
{
    char line[256];

    read_line(server->err, line, sizeof line);
    assert_string_equal(line, "");
}

enum { TALKERS = 64, TALK = 300000 };

/* When the signal arrives, half of the clients are sending and half are silent. */
static void assert_stops(const char *domains, int signal)
{
    size_t sent[TALKERS] = {0};
    int clients[TALKERS], i;
    struct server server;

    start_serving(&server, 0, domains);
    for (i = 0; i < TALKERS; i++) {
        clients[i] = connect_to(&server);
        exchange(clients[i], 10, false);
        if (i % 2 == 0)
            send_some(clients[i], &sent[i], TALK);
    }
    kill(server.pid, signal);
    await_refusal(&server);
    for (i = 0; i < TALKERS; i++)
        go_on(clients[i], sent[i], TALK, true);
    assert_says_nothing(&server);
    assert_exits(&server, 0);
    for (i = 0; i < TALKERS; i++)
        close(clients[i]);
}

static void block_all_signals(void)
{
    sigset_t set;

    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
}

static void test_signals_are_heard_that_were_blocked(void **state)
{
    struct server server;

    (void)state;
    alarm(GUARD);
    prepare = block_all_signals;
    start_serving(&server, 0, "1");
    prepare = NULL;
    assert_serves(&server);
    stop(&server);
}

static void test_a_stop_lets_clients_finish(void **state)
{
    (void)state;
    begin_stop();
    assert_stops("0", SIGTERM);
    assert_stops("1", SIGTERM);
    assert_stops("3", SIGINT);
}

/* Clients that have been accepted are served to the end; those that are only connected are turned
 * away. */
static void test_a_stop_in_a_rush(void **state)
{
    struct server server;
    int clients[CROWD], round, i;

    (void)state;
    begin_stop();
    for (round = 0; round < 10; round++) {
        start_serving(&server, 0, "1");
        for (i = 0; i < CROWD; i++) {
            clients[i] = connect_to(&server);
            send(clients[i], "x", 1, MSG_NOSIGNAL);
        }
        kill(server.pid, SIGTERM);
        for (i = 0; i < CROWD; i++) {
            char byte = 'x';

            shutdown(clients[i], SHUT_WR);
            if (recv(clients[i], &byte, 1, 0) == 1)
                assert_int_equal(recv(clients[i], &byte, 1, 0), 0);
            assert_int_equal(byte, 'x');
            close(clients[i]);
        }
        assert_says_nothing(&server);
        assert_exits(&server, 0);
    }
}

static void test_a_stopping_server_uses_no_processor(void **state)
{
    struct server server;
    int client;

    (void)state;
    begin_stop();
    start_serving(&server, 0, "1");
    client = connect_to(&server);
    exchange(client, 10, false);
    kill(server.pid, SIGTERM);
    await_refusal(&server);
    assert_rests(&server);
    exchange(client, 10, true);
    assert_exits(&server, 0);
    close(client);
}

/* One client's task waits for it to send, the other's for it to receive. */
static void assert_stops_at_once(int first, int second)
{
    int silent, deaf, status;
    struct server server;
    char byte;

    start_serving(&server, 0, "1");
    silent = connect_to(&server);
    deaf = connect_to(&server);
    exchange(silent, 10, false);
    exchange(deaf, 10, false);
    stuff(deaf);
    kill(server.pid, first);
    await_refusal(&server);
    kill(server.pid, second);
    assert_int_equal(recv(silent, &byte, 1, 0), 0);
    assert_says_nothing(&server);
    status = await_exit(&server);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), second);
    close(silent);
    close(deaf);
}

static void test_a_second_signal_stops_at_once(void **state)
{
    (void)state;
    begin_stop();
    assert_stops_at_once(SIGTERM, SIGTERM);
    assert_stops_at_once(SIGINT, SIGINT);
    assert_stops_at_once(SIGINT, SIGTERM);
}

static void test_a_stop_when_out_of_descriptors(void **state)
{
    int clients[MANY], i;
    struct server server;

    (void)state;
    begin_stop();
    start_serving(&server, FEW, "1");
    for (i = 0; i < MANY; i++)
        clients[i] = connect_to(&server);
    kill(server.pid, SIGTERM);
    await_refusal(&server);
    for (i = 0; i < MANY; i++)
        close(clients[i]);
    assert_exits(&server, 0);
}

/* ---- output and options */

static void assert_threads(const struct server *server, int domains)
{
#ifdef __SANITIZE_THREAD__
    int others = domains > 1; /* the sanitizer adds one to the first */
#else
    int others = 0;
#endif

    assert_int_equal(count_entries(server, "task"), domains + others);
}

static void assert_domains(const char *domains, int count)
{
    struct server server;
    char expected[256];

    start_serving(&server, 0, domains);
    snprintf(expected, sizeof expected, "miou-echo: listening on 127.0.0.1:%d, %d domain%s\n",
             server.port, count, count == 1 ? "" : "s");
    assert_string_equal(server.line, expected);
    assert_threads(&server, count);
    assert_serves(&server);
    stop(&server);
}

static void test_a_thread_a_domain(void **state)
{
    (void)state;
    alarm(GUARD);
    assert_domains("0", 1);
    assert_domains("1", 2);
    assert_domains("3", 4);
}

static cpu_set_t allowed_cores(void)
{
    cpu_set_t set;

    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    return set;
}

static void stay_on_one_core(void)
{
    cpu_set_t set = allowed_cores(), one;
    int core = 0;

    while (!CPU_ISSET(core, &set))
        core++;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
}

/* Without --domains; returns how many there are. */
static int default_domains(void)
{
    struct server server;
    int port, domains = 0;

    start(&server, 0, (const char *[]){"--port=0", NULL});
    read_line(server.out, server.line, sizeof server.line);
    assert_int_equal(
        sscanf(server.line, "miou-echo: listening on 127.0.0.1:%d, %d domain", &port, &domains), 2);
    assert_threads(&server, domains);
    stop(&server);
    return domains;
}

/* A control group may allow fewer. */
static void test_every_core_by_default(void **state)
{
    cpu_set_t set = allowed_cores();
    char quota[4] = "max";
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");

    (void)state;
    alarm(GUARD);
    if (file && fscanf(file, "%3s", quota) != 1)
        skip();
    if (file)
        fclose(file);
    assert_in_range(default_domains(), strcmp(quota, "max") == 0 ? CPU_COUNT(&set) : 1,
                    CPU_COUNT(&set));
    prepare = stay_on_one_core;
    assert_int_equal(default_domains(), 1);
    prepare = NULL;
}

static void test_ipv6(void **state)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    int client = socket(AF_INET6, SOCK_STREAM, 0);
    struct server server;

    (void)state;
    alarm(GUARD);
    if (client < 0 || bind(client, (struct sockaddr *)&address, sizeof address) < 0)
        skip();
    start(&server, 0, (const char *[]){"--address", "::1", "--port", "0", NULL});
    read_line(server.out, server.line, sizeof server.line);
    assert_int_equal(sscanf(server.line, "miou-echo: listening on [::1]:%d,", &server.port), 1);
    address.sin6_port = htons((uint16_t)server.port);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    exchange(client, 1000, true);
    close(client);
    stop(&server);
}

/* One line on standard error, nothing on standard output, and this exit status. */
static void assert_refuses(int status, const char *says, const char *const *arguments)
{
    char out[256], line[256], more[256];
    struct server server;

    start(&server, 0, arguments);
    read_line(server.err, line, sizeof line);
    read_line(server.err, more, sizeof more);
    read_line(server.out, out, sizeof out);
    assert_exits(&server, status);
    assert_memory_equal(line, "miou-echo: ", 11);
    if (!strstr(line, says))
        fail_msg("\"%s\" is not in: %s", says, line);
    assert_string_equal(more, "");
    assert_string_equal(out, "");
}

#define REFUSES(status, says, ...) assert_refuses(status, says, (const char *[]){__VA_ARGS__, NULL})

static void test_bad_options(void **state)
{
    (void)state;
    alarm(GUARD);
    REFUSES(2, "--frob", "--frob");
    REFUSES(2, "-f", "-f");
    REFUSES(2, "extra", "extra");
    REFUSES(2, "--port", "--port");
    REFUSES(2, "not a port: 65536", "--port", "65536");
    REFUSES(2, "not a port: -1", "--port", "-1");
    REFUSES(2, "not a port: 80x", "--port", "80x");
    REFUSES(2, "not a port: ", "--port", "");
    REFUSES(2, "not a port: 99999999999999999999", "--port", "99999999999999999999");
    REFUSES(2, "not a number of domains: two", "--domains", "two");
    REFUSES(2, "not a number of domains: -1", "--domains", "-1");
    REFUSES(2, "not a monitor: poll", "--monitor", "poll");
    REFUSES(2, "address: 127.0.0.256", "--address", "127.0.0.256");
    REFUSES(2, "address: ", "--address", "");
    REFUSES(1, "192.0.2.1:0: Cannot assign", "--address", "192.0.2.1", "--port", "0");
}

static void test_help(void **state)
{
    struct server server;
    char line[256];

    (void)state;
    alarm(GUARD);
    start(&server, 0, (const char *[]){"--help", NULL});
    read_line(server.out, line, sizeof line);
    assert_exits(&server, 0);
    assert_memory_equal(line, "usage: miou-echo ", 17);
}

static void test_a_port_taken_by_another_program(void **state)
{
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char port[8];

    (void)state;
    alarm(GUARD);
    assert_int_equal(bind(other, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(other, 1), 0);
    assert_int_equal(getsockname(other, (struct sockaddr *)&address, &length), 0);
    snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
    REFUSES(1, "Address already in use", "--port", port);
    close(other);
}

static void test_a_port_taken_by_another_of_us(void **state)
{
    const struct server *server = *state;
    char port[8];

    snprintf(port, sizeof port, "%d", server->port);
    REFUSES(1, "Address already in use", "--port", port);
    assert_serves(server);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start_for_test, stop_after_test)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(test_nc_session),
        WITH_SERVER(test_one_client_sends_more_and_more),
        WITH_SERVER(test_half_closed_clients_get_all_and_the_end),
        WITH_SERVER(test_urgent_bytes_are_echoed),
        WITH_SERVER(test_many_clients_at_once),
        WITH_SERVER(test_resets_do_not_disturb_others),
        WITH_SERVER(test_silent_clients_do_not_hold_up_others),
        WITH_SERVER(test_a_thousand_clients_leave_nothing_behind),
        WITH_SERVER(test_an_idle_server_uses_no_processor),
        WITH_SERVER(test_the_limit_falls_below_what_is_open),
        WITH_SERVER(test_a_port_taken_by_another_of_us),
        cmocka_unit_test(test_out_of_descriptors),
        cmocka_unit_test(test_a_log_that_nobody_reads),
        cmocka_unit_test(test_without_standard_descriptors),
        cmocka_unit_test(test_too_few_descriptors_to_start),
        cmocka_unit_test(test_a_thread_a_domain),
        cmocka_unit_test(test_every_core_by_default),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_a_port_taken_by_another_program),
        cmocka_unit_test(test_signals_are_heard_that_were_blocked),
        cmocka_unit_test(test_a_stop_lets_clients_finish),
        cmocka_unit_test(test_a_stop_in_a_rush),
        cmocka_unit_test(test_a_stopping_server_uses_no_processor),
        cmocka_unit_test(test_a_second_signal_stops_at_once),
        cmocka_unit_test(test_a_stop_when_out_of_descriptors),
    };

    if (argc > 1)
        snprintf(program, sizeof program, "%s", argv[1]);
    else if (readlink("/proc/self/exe", program, sizeof program - 20) > 0)
        strcat(dirname(program), "/../miou-echo");
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
