/* An echo server on poll() with one fault, chosen by name; with `none` it is a good server.
 *
 *     bad FAULT PORT      bad --list
 *
 * Each client has a buffer, which is written while it holds something and read into otherwise.
 * After SIGTERM the server accepts nobody, and ends when its clients have gone, or on a second
 * SIGTERM. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The fault's identifier, its name, and what it does. */
#define FAULT_LIST(X)                                                                              \
    X(NONE, "none", "nothing wrong")                                                               \
    X(GREETS, "greets", "says hello first")                                                        \
    X(HOLDS_LAST, "holds-last", "holds the last byte back until another one comes")                \
    X(DOUBLES, "doubles", "now and then sends a piece twice")                                      \
    X(SWAPS, "swaps", "swaps two bytes of a long piece")                                           \
    X(MIXES, "mixes", "now and then sends a piece to another client")                              \
    X(TEXT, "text", "takes what it receives for a string")                                         \
    X(SHORT_WRITES, "short-writes", "forgets what a write did not take")                           \
    X(CLOSES_EARLY, "closes-early", "drops its answer when the client half-closes")                \
    X(DROPS_THE_REST, "drops-the-rest", "drops what it waits to send to a half-closed client")     \
    X(RESETS_AT_END, "resets-at-end", "ends a connection with a reset")                            \
    X(NO_END, "no-end", "never sends the end of the stream")                                       \
    X(HASTY, "hasty", "closes a client that is silent for 100 ms")                                 \
    X(FEW, "few", "turns clients away when it has 100")                                            \
    X(TIRES, "tires", "ends after 100 clients")                                                    \
    X(BLOCKS, "blocks", "blocks while a client does not read")                                     \
    X(ONE_AT_A_TIME, "one-at-a-time", "serves one client at a time")                               \
    X(NAPS, "naps", "sleeps for 50 ms a client that does not read")                                \
    X(HOARDS, "hoards", "reads on, whatever a client does not read")                               \
    X(SIGPIPE_KILLS, "sigpipe", "dies of SIGPIPE")                                                 \
    X(RESET_KILLS, "reset-kills", "dies of a client's reset")                                      \
    X(SPINS, "spins", "waits for events that are there all the time")                              \
    X(SPINS_AT_STOP, "spins-at-stop", "never waits after SIGTERM")                                 \
    X(EMFILE_HANGS, "emfile-hangs", "accepts nobody once descriptors have run out")                \
    X(EMFILE_KILLS, "emfile-kills", "ends when descriptors run out")                               \
    X(LEAKS_FD, "leaks-fd", "leaks a descriptor a client")                                         \
    X(LEAKS_FD_ON_RESET, "leaks-fd-on-reset", "leaks a descriptor a reset")                        \
    X(LEAKS_MEMORY, "leaks-memory", "leaks 32 bytes a client")                                     \
    X(LEAKS_MEMORY_ON_RESET, "leaks-memory-on-reset", "leaks 100 bytes a reset")                   \
    X(LEAKS_THREAD, "leaks-thread", "leaks a thread a client")                                     \
    X(LEAKS_ZOMBIE, "leaks-zombie", "leaks a zombie a client")                                     \
    X(KEEPS_ANSWERED, "keeps-answered", "closes an answered client when the next one comes")       \
    X(ONE_LISTENER, "one-listener", "accepts at one of its two listeners")                         \
    X(ACCEPTS_ON, "accepts-on", "accepts clients after SIGTERM")                                   \
    X(CUTS_OFF, "cuts-off", "ends on SIGTERM while it has clients")                                \
    X(NEVER_ENDS, "never-ends", "stays after SIGTERM when its clients have gone")                  \
    X(ENDS_BADLY, "ends-badly", "ends with status 1 after SIGTERM")                                \
    X(ONE_SIGNAL, "one-signal", "ignores a second SIGTERM")                                        \
    X(PRINTS, "prints", "prints without end")                                                      \
    X(ELSEWHERE, "elsewhere", "listens at another port")                                           \
    X(STAYS, "stays", "ignores SIGTERM")                                                           \
    X(NEVER_LISTENS, "never-listens", "opens no port")

#define IDENTIFIER(identifier, name, about) identifier,
enum fault { FAULT_LIST(IDENTIFIER) FAULTS };

static const struct {
    const char *name, *about;
} faults[] = {
#define ROW(identifier, name, about) {name, about},
    FAULT_LIST(ROW)};

static enum fault fault;

static bool has(enum fault one)
{
    return fault == one;
}

/* One call in 50, so that the server looks good at first. */
static bool now_and_then(void)
{
    static int calls;

    return ++calls % 50 == 0;
}

/* ---- The clients ---- */

enum { BUFFER = 8192 };

struct client {
    char *bytes; /* room for BUFFER bytes more than it holds */
    size_t room;
    size_t begin, end;
    double since;
    bool holds;
    char held;
};

static struct client **clients; /* by index, like the entries; index 0 is the listener */
static struct pollfd *entries;
static int count;
static bool accepting = true;
static volatile sig_atomic_t signals;

static double seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *sleep_for_ever(void *arg)
{
    while (pause())
        ;
    return arg;
}

/* Leaks something when a client comes. */
static void leak(void)
{
    static void *volatile lost;
    pthread_t thread;

    if (has(LEAKS_MEMORY) && (lost = malloc(32)))
        *(char *)lost = 1;
    if (has(LEAKS_THREAD))
        pthread_create(&thread, NULL, sleep_for_ever, NULL);
    if (has(LEAKS_FD) && dup(STDIN_FILENO) < 0)
        perror("dup");
    if (has(LEAKS_ZOMBIE) && fork() == 0)
        _exit(0);
}

static void add(int fd)
{
    clients = realloc(clients, (size_t)(count + 1) * sizeof(struct client *));
    entries = realloc(entries, (size_t)(count + 1) * sizeof *entries);
    clients[count] = calloc(1, sizeof **clients);
    clients[count]->room = 2 * BUFFER;
    clients[count]->bytes = malloc(clients[count]->room);
    clients[count]->since = seconds();
    entries[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Returns whether the descriptor is kept, until the next call. */
static bool keep(int fd)
{
    static int kept[1000], size;

    while (size > 0 && (fd < 0 || size == 1000))
        close(kept[--size]);
    if (fd >= 0 && has(KEEPS_ANSWERED) && shutdown(fd, SHUT_WR) == 0)
        kept[size++] = fd;
    return size > 0;
}

/* The last client takes the place of the removed one. */
static void remove_client(int i, bool reset)
{
    static void *volatile lost;
    const struct linger at_once = {.l_onoff = 1};

    if (has(RESETS_AT_END))
        setsockopt(entries[i].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (reset && has(RESET_KILLS))
        abort();
    if (reset && has(LEAKS_MEMORY_ON_RESET) && (lost = malloc(100)))
        memset(lost, 1, 100);
    if (reset ? !has(LEAKS_FD_ON_RESET) : !keep(entries[i].fd))
        close(entries[i].fd);
    free(clients[i]->bytes);
    free(clients[i]);
    count--;
    clients[i] = clients[count];
    entries[i] = entries[count];
}

static void accept_client(void)
{
    static int accepted;
    int fd = accept4(entries[0].fd, NULL, NULL, has(BLOCKS) ? 0 : SOCK_NONBLOCK);

    if (fd < 0) {
        if (errno == EMFILE && has(EMFILE_KILLS))
            _exit(1);
        accepting = accepting && !(errno == EMFILE && has(EMFILE_HANGS));
        if (errno == EMFILE)
            poll(NULL, 0, 1);
        return;
    }
    if (has(FEW) && count > 100) {
        close(fd);
        return;
    }
    if (has(TIRES) && ++accepted == 100)
        _exit(3);
    if (has(GREETS) && send(fd, "hello\n", 6, MSG_NOSIGNAL) < 0)
        perror("send");
    leak();
    keep(-1);
    add(fd);
}

/* ---- The service ---- */

/* Spoils a piece that was read. */
static void spoil(int i, size_t n)
{
    struct client *client = clients[i], *other = clients[1 + i % (count - 1)];
    char first = client->bytes[0];

    if (has(HOLDS_LAST)) {
        memmove(&client->bytes[1], client->bytes, n);
        client->bytes[0] = client->held;
        client->begin = client->holds ? 0 : 1;
        client->held = client->bytes[n];
        client->holds = true;
    }
    if (has(TEXT))
        client->end = strnlen(client->bytes, n);
    if (has(SWAPS) && n >= 1000) {
        client->bytes[0] = client->bytes[1];
        client->bytes[1] = first;
    }
    if (has(DOUBLES) && now_and_then()) {
        memcpy(&client->bytes[n], client->bytes, n);
        client->end += n;
    }
    if (has(MIXES) && other != client && other->begin == other->end && now_and_then()) {
        memcpy(other->bytes, client->bytes, n);
        other->begin = 0;
        other->end = n;
        client->end = 0;
    }
}

/* Returns false if the client was removed. */
static bool read_piece(int i)
{
    struct client *client = clients[i];
    ssize_t n = recv(entries[i].fd, client->bytes, BUFFER, 0);

    if (n < 0 && errno == EAGAIN)
        return true;
    if (n == 0 && has(NO_END)) {
        entries[i].fd = -entries[i].fd; /* poll ignores negative numbers */
        return true;
    }
    if (n <= 0) {
        remove_client(i, n < 0);
        return false;
    }
    client->begin = 0;
    client->end = (size_t)n;
    client->since = seconds();
    spoil(i, (size_t)n);
    return true;
}

static bool write_piece(int i)
{
    struct client *client = clients[i];
    size_t left = client->end - client->begin;
    int flags = has(SIGPIPE_KILLS) ? 0 : MSG_NOSIGNAL;
    ssize_t n = left > 0 ? send(entries[i].fd, &client->bytes[client->begin], left, flags) : 0;

    if (n < 0 && errno != EAGAIN) {
        remove_client(i, true);
        return false;
    }
    if (n >= 0)
        client->begin += has(SHORT_WRITES) ? left : (size_t)n;
    entries[i].events = client->begin < client->end ? POLLOUT : POLLIN;
    if (has(SPINS))
        entries[i].events = POLLIN | POLLOUT;
    if (has(CLOSES_EARLY))
        entries[i].events |= POLLRDHUP;
    if (has(DROPS_THE_REST) && client->begin < client->end)
        entries[i].events |= POLLRDHUP;
    if (has(HOARDS))
        entries[i].events |= POLLIN;
    return true;
}

/* Read behind what has not been written yet. */
static void hoard(int i)
{
    struct client *client = clients[i];
    ssize_t n = recv(entries[i].fd, &client->bytes[client->end], BUFFER, 0);

    if (n <= 0)
        return;
    client->end += (size_t)n;
    if (client->end + BUFFER > client->room)
        client->bytes = realloc(client->bytes, client->room *= 2);
}

static void serve(int i)
{
    struct client *client = clients[i];

    if ((has(CLOSES_EARLY) || has(DROPS_THE_REST)) && (entries[i].revents & POLLRDHUP)) {
        remove_client(i, false);
        return;
    }
    if (has(HOARDS) && client->begin < client->end && (entries[i].revents & POLLIN))
        hoard(i);
    do
        if (client->begin == client->end && !read_piece(i))
            return;
    while (write_piece(i) && has(ONE_AT_A_TIME) && poll(&entries[i], 1, -1));
}

/* Backwards, because a client that is removed is replaced by the last one. */
static void serve_all(void)
{
    const struct timespec soon = {.tv_nsec = 20000000}, at_once = {0};
    const bool never_waits = has(SPINS_AT_STOP) && signals > 0;
    sigset_t none;
    int i, n;

    for (i = 1; i < count && has(NAPS); i++)
        if (clients[i]->begin < clients[i]->end)
            poll(NULL, 0, 50);
    sigemptyset(&none);
    entries[0].events = accepting ? POLLIN : 0;
    n = ppoll(entries, (nfds_t)count, has(HASTY) ? &soon : never_waits ? &at_once : NULL, &none);
    for (i = count - 1; i > 0 && n >= 0; i--)
        if (entries[i].revents != 0)
            serve(i);
        else if (has(HASTY) && seconds() > clients[i]->since + 0.1)
            remove_client(i, false);
    if (n >= 0 && entries[0].revents & POLLIN)
        accept_client();
}

static void note_signal(int number)
{
    (void)number;
    signals++;
}

/* The signal comes only while the server waits. */
static void handle_signal(void)
{
    const struct sigaction action = {.sa_handler = has(STAYS) ? SIG_IGN : note_signal};
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, SIGTERM);
    sigprocmask(SIG_BLOCK, &one, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* The entry of the listener stays, without one. */
static void stop(void)
{
    if (accepting && !has(ACCEPTS_ON)) {
        close(entries[0].fd);
        entries[0].fd = -1;
        accepting = false;
    }
    if ((count == 1 && !has(NEVER_ENDS)) || has(CUTS_OFF) || (signals > 1 && !has(ONE_SIGNAL)))
        exit(has(ENDS_BADLY));
}

/* ---- From beginning to end ---- */

static int open_listener(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (has(ONE_LISTENER))
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0) {
        perror("bad");
        exit(1);
    }
    return fd;
}

static int find_fault(const char *name)
{
    int i;

    for (i = 0; i < FAULTS; i++)
        if (strcmp(faults[i].name, name) == 0)
            return i;
    fprintf(stderr, "bad: no such fault: %s\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    int i;

    for (i = 0; argc == 2 && i < FAULTS; i++)
        printf("%-22s %s\n", faults[i].name, faults[i].about);
    if (argc != 3)
        return argc != 2;
    fault = (enum fault)find_fault(argv[1]);
    while (has(PRINTS))
        puts("the server prints this, again and again");
    handle_signal();
    if (has(NEVER_LISTENS))
        sleep_for_ever(NULL);
    add(open_listener(has(ELSEWHERE) ? 0 : atoi(argv[2])));
    if (has(ONE_LISTENER))
        open_listener(atoi(argv[2]));
    for (;;) {
        serve_all();
        if (signals > 0)
            stop();
    }
}
