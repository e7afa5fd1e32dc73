/* unix.c: sleeping and descriptors. A task that waits gives its baton away and waits in its own
 * thread: for the time on its semaphore, for a descriptor in poll, out of which a signal takes it.
 * A number is closed when no thread is in the middle of a call on it any more, so that none touches
 * whoever has that number next [R6.37]. */
#include "peer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ALL_FLAGS  MIOU_OWNED
#define FIRST_LOOK 10000000 /* into whether the number has been closed by the program */
#define RETRY_TIME 2000000  /* between two tries where the system does not tell when */

struct descriptor {
    void *handle; /* NULL: it has ended */
    int number;
    ino_t inode;
    dev_t device;
    bool socket, blocking, close; /* close: nobody has closed the number yet */
    bool restore;                 /* to blocking, as it was before [R6.31] */
    unsigned users;               /* threads that are in the middle of a call on the number */
    unsigned references;          /* calls that know this structure */
    struct resource *resource;    /* if it is owned */
    struct list waiters;
    struct list turns; /* of the calls that have waited, in their order [R6.45] */
    struct list link;  /* in run.descriptors */
};

/* A call that waits or has waited. */
struct turn {
    struct list link; /* in descriptor.turns */
    struct domain *domain;
    short events;
    bool waited;
};

/* ---- Sleeping ---- */

static void sleepers_insert(struct domain *domain, struct task *task)
{
    struct list *before = domain->sleepers.prev;

    while (before != &domain->sleepers &&
           ENTRY(before, struct task, queue)->deadline > task->deadline)
        before = before->prev;
    list_insert(before, &task->queue);
}

/* Wait for the turn, and, when the time has come, for oneself to be ready. */
static void await_time(struct task *task)
{
    struct timespec until = {task->deadline / 1000000000, task->deadline % 1000000000};
    int error;

    unlock(task->run);
    while ((error = sem_clockwait(&task->worker->go, CLOCK_MONOTONIC, &until)) < 0 &&
           errno == EINTR)
        ;
    lock(task->run);
    if (error == 0)
        return;
    ripen(task->domain);
    await_turn(task);
}

PUBLIC int miou_sleep(int64_t nanoseconds)
{
    struct task *task = self.task;
    int64_t time = now();
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (nanoseconds <= 0) {
        if (self.run->freedoms.yields) /* R10.3: "as in miou_yield" */
            take_turns(task);
        return leave(task->cancelled ? MIOU_CANCELLED : 0);
    }
    if (!self.run->posix)
        return leave(MIOU_NO_MONITOR);
    task->deadline = nanoseconds > INT64_MAX - time ? INT64_MAX : time + nanoseconds;
    task->state = WAITING;
    sleepers_insert(self.domain, task);
    if (!leave_turn(task))
        await_time(task);
    return leave(task->cancelled ? MIOU_CANCELLED : 0);
}

/* ---- Descriptors: their lives ---- */

static struct descriptor *descriptor_new(void)
{
    struct descriptor *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    list_init(&d->waiters);
    list_init(&d->turns);
    list_init(&d->link);
    d->number = -1;
    return d;
}

/* Give it its number, and an owner if it shall have one. On error the number stays the caller's. */
static int descriptor_begin(struct descriptor *d, int number, unsigned flags)
{
    struct run *run = self.run;
    struct stat status;

    if (!(d->handle = table_add(run, DESCRIPTOR, d)))
        return -ENOMEM;
    if (flags & MIOU_OWNED) {
        if (!(d->resource = resource_new(run, NULL, NULL))) {
            table_remove(run, d->handle);
            return -ENOMEM;
        }
        d->resource->descriptor = d;
        resource_own(self.task, d->resource);
    }
    d->number = number;
    d->close = true;
    if (fstat(number, &status) == 0) {
        d->socket = S_ISSOCK(status.st_mode);
        d->inode = status.st_ino;
        d->device = status.st_dev;
    }
    d->blocking = (flags & MIOU_BLOCKING) && !(fcntl(number, F_GETFL) & O_NONBLOCK);
    d->references = 1;
    list_append(&run->descriptors, &d->link);
    return 0;
}

static void descriptor_drop(struct descriptor *d)
{
    if (--d->references == 0)
        free(d);
}

static void number_restore(const struct descriptor *d)
{
    int flags = d->restore ? fcntl(d->number, F_GETFL) : -1;

    if (flags >= 0)
        fcntl(d->number, F_SETFL, flags & ~O_NONBLOCK);
}

static int number_close(struct descriptor *d)
{
    d->close = false;
    number_restore(d);
    return close(d->number) < 0 && errno != EINTR ? -errno : 0;
}

/* No call knows it from now on, and those that wait for it end with -EBADF. */
static void descriptor_end(struct run *run, struct descriptor *d)
{
    table_remove(run, d->handle);
    d->handle = NULL;
    d->resource = NULL;
    list_remove(&d->link);
    while (!list_empty(&d->waiters)) {
        struct task *task = ENTRY(d->waiters.next, struct task, queue);

        make_ready(task);
        kick(task);
    }
}

static int close_number(struct run *run, struct descriptor *d)
{
    int error = 0;

    descriptor_end(run, d);
    while (d->users && !d->blocking) {
        unlock(run);
        lock(run);
        if (d->users)
            pthread_cond_wait(&run->descriptor_left, &run->lock);
    }
    if (d->users == 0) /* otherwise the last user does */
        error = number_close(d);
    descriptor_drop(d);
    return error;
}

void descriptor_close(struct run *run, struct descriptor *d)
{
    close_number(run, d);
}

/* The number is the program's again [R6.28]. */
void descriptor_disown(struct run *run, struct descriptor *d)
{
    d->close = false;
    number_restore(d);
    descriptor_end(run, d);
    descriptor_drop(d);
}

/* When the run has ended: those that nobody has closed [R6.24]. */
void descriptors_clear(struct run *run)
{
    lock(run);
    while (!list_empty(&run->descriptors))
        close_number(run, ENTRY(run->descriptors.next, struct descriptor, link));
    unlock(run);
}

/* ---- Descriptors: finding them ---- */

static int find(struct descriptor **d, const miou_fd *handle)
{
    if (!handle)
        return -EINVAL;
    if (!(*d = table_get(self.run, handle, DESCRIPTOR)))
        return -EBADF;
    if ((*d)->resource && (*d)->resource->owner != self.task)
        return MIOU_NOT_OWNER;
    return 0;
}

/* Whether arguments are bad, and to be looked at before the descriptor. The overview: "If several
 * of these apply, any of them may be returned". */
static bool bad_at_once(bool bad_arguments)
{
    return bad_arguments && !(self.run && self.run->freedoms.other_errors);
}

static bool is_connected(const struct descriptor *d)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;

    return getpeername(d->number, (struct sockaddr *)&peer, &length) == 0;
}

/* Begin a call that can wait for the descriptor. */
static int begin(struct descriptor **d, const miou_fd *handle, bool bad_arguments)
{
    int error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (bad_arguments)
        return leave(-EINVAL);
    if ((error = find(d, handle)) < 0)
        return leave(error);
    (*d)->references++;
    return 0;
}

static ssize_t finish(struct descriptor *d, ssize_t result)
{
    descriptor_drop(d);
    unlock(self.run);
    return result;
}

/* ---- Descriptors: using and waiting ---- */

/* A system call on the number, with the lock given back, stands between these two. */
static void use(struct descriptor *d)
{
    d->users++;
    unlock(self.run);
}

static void unuse(struct descriptor *d)
{
    if (--d->users == 0 && !d->handle) {
        pthread_cond_broadcast(&self.run->descriptor_left);
        if (d->blocking && d->close)
            number_close(d);
    }
}

static void used(struct descriptor *d)
{
    int former_errno = errno;

    lock(self.run);
    unuse(d);
    errno = former_errno;
}

/* Whether the number still stands for what it was made for. */
static bool is_same(struct descriptor *d)
{
    struct stat status;

    return fstat(d->number, &status) == 0 && status.st_ino == d->inode &&
           status.st_dev == d->device;
}

/* Poll does not notice that the program has closed the number itself, so look for that after ever
 * longer times [R6.44]. */
static void poll_until_ready(struct descriptor *d, short events)
{
    int64_t patience = events ? FIRST_LOOK : RETRY_TIME;

    while (poll_kicked(self.task, events ? d->number : -1, events, patience)) {
        if (!events || !is_same(d) || self.task->state != WAITING)
            return;
        patience = patience < INT64_MAX / 2 ? 2 * patience : patience;
    }
}

/* Poll calls a number ready, for an error that no call returns: R1.17 lets no task spin on it. */
static bool has_error(const struct descriptor *d)
{
    struct pollfd fd = {.fd = d->number};

    return d->socket && poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR);
}

/* Whether no call of the same kind on this domain has waited longer. */
static bool is_first(const struct descriptor *d, const struct turn *turn)
{
    const struct list *link;

    for (link = d->turns.next; link != &turn->link; link = link->next) {
        const struct turn *other = ENTRY(link, struct turn, link);

        if (other->domain == turn->domain && other->events == turn->events)
            return false;
    }
    return true;
}

enum call { READ, WRITE, SEND, RECEIVE };

/* What a system call is given, and what it leaves. */
struct transfer {
    enum call call;
    void *in;
    const void *out;
    size_t size;
    struct sockaddr_storage peer;
    const struct sockaddr *address;
    socklen_t length;
    bool over;      /* it was called before the task had its turn back, ... */
    ssize_t result; /* ... and this is what it returned, or -errno */
};

/* write(2), without SIGPIPE, but with one that was pending before [R6.42]. */
static ssize_t write_quietly(int number, const void *buffer, size_t size)
{
    struct timespec zero = {0};
    sigset_t only, pending, former;
    ssize_t n;
    int error;

    sigemptyset(&only);
    sigaddset(&only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &only, &former);
    n = write(number, buffer, size);
    error = errno;
    if (n < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&only, NULL, &zero) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    errno = error;
    return n;
}

static ssize_t call_system(struct descriptor *d, struct transfer *t)
{
    switch (t->call) {
    case READ:
        return read(d->number, t->in, t->size);
    case WRITE:
        return d->socket ? send(d->number, t->out, t->size, MSG_NOSIGNAL)
                         : write_quietly(d->number, t->out, t->size);
    case SEND:
        return sendto(d->number, t->out, t->size, MSG_NOSIGNAL, t->address, t->length);
    case RECEIVE:
        t->length = sizeof t->peer;
        memset(&t->peer, 0, sizeof t->peer);
        return recvfrom(d->number, t->in, t->size, 0, (struct sockaddr *)&t->peer, &t->length);
    }
    return -1;
}

/* R6.4 says what comes of it and not when: the call of the system, while the domain's other tasks
 * run. */
static void transfer_early(struct descriptor *d, const struct turn *turn, struct transfer *t)
{
    if (self.task->state != WAITING || !d->handle || !is_first(d, turn))
        return;
    unlock(self.run);
    t->result = call_system(d, t);
    if (t->result < 0)
        t->result = -errno;
    t->over = t->result != -EAGAIN && t->result != -EWOULDBLOCK && t->result != -EINTR;
    lock(self.run);
}

/* Give the turn away until the number may be ready, or for a while if events is 0. */
static int wait_ready(struct descriptor *d, short events, const struct turn *turn,
                      struct transfer *transfer)
{
    struct task *task = self.task;

    if (!self.run->posix)
        return MIOU_NO_MONITOR;
    if (task->cancelled) /* by another domain, during the call of the system */
        return MIOU_CANCELLED;
    task->state = WAITING;
    list_append(&d->waiters, &task->queue);
    if (!leave_turn(task)) {
        if (task->state == WAITING) {
            d->users++;
            poll_until_ready(d, events);
            if (transfer && events && self.run->freedoms.eager)
                transfer_early(d, turn, transfer);
            unuse(d);
        }
        if (task->state == WAITING)
            make_ready(task);
        await_turn(task);
    }
    if (transfer && transfer->over)
        return 0;
    return task->cancelled ? MIOU_CANCELLED : d->handle ? 0 : -EBADF;
}

/* Call the system until it has done something, and wait as often as necessary. */
static ssize_t transfer_in_turn(struct descriptor *d, struct transfer *t, struct turn *turn)
{
    for (;;) {
        ssize_t n;
        int error;

        if (t->over)
            return t->result;
        if (self.task->cancelled)
            return MIOU_CANCELLED;
        if (!d->handle)
            return -EBADF;
        if (turn->waited && !is_first(d, turn)) {
            if ((error = wait_ready(d, turn->events, turn, t)) < 0)
                return error;
            continue;
        }
        use(d);
        n = call_system(d, t);
        used(d);
        if (n >= 0)
            return n;
        if (errno == EINTR)
            continue;
        if (!d->handle)
            return -EBADF;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return -errno;
        /* a number that poll calls ready and the call does not: try again later */
        if (!turn->waited)
            list_append(&d->turns, &turn->link);
        error = wait_ready(d, turn->waited && (t->call == SEND || has_error(d)) ? 0 : turn->events,
                           turn, t);
        turn->waited = true;
        if (error < 0)
            return error;
    }
}

static ssize_t do_transfer(struct descriptor *d, struct transfer *t)
{
    struct turn turn = {.domain = self.domain};
    ssize_t n;

    turn.events = t->call == READ || t->call == RECEIVE ? POLLIN : POLLOUT;
    t->over = false;
    list_init(&turn.link);
    if (!d->blocking) /* R6.31: that one "holds up its domain" */
        may_yield(self.task);
    n = transfer_in_turn(d, t, &turn);
    list_remove(&turn.link);
    return n;
}

PUBLIC ssize_t miou_read(miou_fd *fd, void *buffer, size_t size)
{
    struct transfer t = {.call = READ, .in = buffer, .size = size};
    struct descriptor *d;
    int error = begin(&d, fd, !buffer && size);

    if (error < 0)
        return error;
    return finish(d, size ? do_transfer(d, &t) : 0);
}

PUBLIC ssize_t miou_read_exactly(miou_fd *fd, void *buffer, size_t size)
{
    struct transfer t = {.call = READ, .in = buffer, .size = size};
    struct descriptor *d;
    int error = begin(&d, fd, !buffer && size);

    if (error < 0)
        return error;
    while (t.size > 0) {
        ssize_t n = do_transfer(d, &t);

        if (n <= 0)
            return finish(d, n < 0 ? n : MIOU_END_OF_FILE);
        t.in = (char *)t.in + n;
        t.size -= (size_t)n;
    }
    return finish(d, (ssize_t)size);
}

PUBLIC ssize_t miou_write(miou_fd *fd, const void *buffer, size_t size)
{
    struct transfer t = {.call = WRITE, .out = buffer, .size = size};
    struct descriptor *d;
    int error = begin(&d, fd, !buffer && size);

    if (error < 0)
        return error;
    while (t.size > 0) {
        ssize_t n = do_transfer(d, &t);

        if (n < 0)
            return finish(d, n);
        t.out = (const char *)t.out + n;
        t.size -= (size_t)n;
    }
    return finish(d, (ssize_t)size);
}

PUBLIC ssize_t miou_recvfrom(miou_fd *fd, void *buffer, size_t size, struct sockaddr_storage *peer,
                             socklen_t *peer_length)
{
    struct transfer t = {.call = RECEIVE, .in = buffer, .size = size};
    struct descriptor *d;
    ssize_t n = begin(&d, fd, (!buffer && size) || !peer != !peer_length);

    if (n < 0)
        return n;
    n = do_transfer(d, &t);
    if (n >= 0 && peer) {
        *peer = t.peer;
        *peer_length = t.length;
    }
    return finish(d, n);
}

PUBLIC ssize_t miou_sendto(miou_fd *fd, const void *buffer, size_t size,
                           const struct sockaddr *address, socklen_t length)
{
    struct transfer t = {.call = SEND, .out = buffer, .size = size, .address = address};
    bool bad_arguments = !buffer && size;
    struct descriptor *d;
    int error = begin(&d, fd, bad_at_once(bad_arguments));

    if (error < 0)
        return error;
    if (bad_arguments)
        return finish(d, !address && !is_connected(d) ? -EDESTADDRREQ : -EINVAL);
    t.length = address ? length : 0;
    return finish(d, do_transfer(d, &t));
}

/* ---- Making descriptors ---- */

static int make_socket(miou_fd **fd, unsigned flags, int family, int type)
{
    struct descriptor *d;
    int number, error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (!fd || (flags & ~(unsigned)ALL_FLAGS))
        return leave(-EINVAL);
    if (!(d = descriptor_new()))
        return leave(-ENOMEM);
    number = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    error = number < 0 ? -errno : descriptor_begin(d, number, flags);
    if (error < 0) {
        if (number >= 0)
            close(number);
        free(d);
        return leave(error);
    }
    *fd = d->handle;
    return leave(0);
}

PUBLIC int miou_tcpv4(miou_fd **fd, unsigned flags)
{
    return make_socket(fd, flags, AF_INET, SOCK_STREAM);
}

PUBLIC int miou_tcpv6(miou_fd **fd, unsigned flags)
{
    return make_socket(fd, flags, AF_INET6, SOCK_STREAM);
}

PUBLIC int miou_udpv4(miou_fd **fd, unsigned flags)
{
    return make_socket(fd, flags, AF_INET, SOCK_DGRAM);
}

PUBLIC int miou_udpv6(miou_fd **fd, unsigned flags)
{
    return make_socket(fd, flags, AF_INET6, SOCK_DGRAM);
}

PUBLIC int miou_unix_socket(miou_fd **fd, unsigned flags)
{
    return make_socket(fd, flags, AF_UNIX, SOCK_STREAM);
}

PUBLIC int miou_fd_adopt(miou_fd **fd, int number, unsigned flags)
{
    struct descriptor *d;
    int status, error = enter(CAN_SUSPEND);

    if (error < 0)
        return error;
    if (!fd || (flags & ~(unsigned)(MIOU_OWNED | MIOU_BLOCKING)))
        return leave(-EINVAL);
    if ((status = fcntl(number, F_GETFL)) < 0)
        return leave(-errno);
    if (!(d = descriptor_new()))
        return leave(-ENOMEM);
    if (!(flags & MIOU_BLOCKING) && fcntl(number, F_SETFL, status | O_NONBLOCK) < 0)
        error = -errno;
    else if ((error = descriptor_begin(d, number, flags)) < 0)
        fcntl(number, F_SETFL, status);
    if (error < 0) {
        free(d);
        return leave(error);
    }
    d->restore = !(flags & MIOU_BLOCKING) && !(status & O_NONBLOCK);
    *fd = d->handle;
    return leave(0);
}

/* ---- Connections ---- */

static int set_option(int number, int option, int value)
{
    return setsockopt(number, SOL_SOCKET, option, &value, sizeof value) < 0 ? -errno : 0;
}

static int get_option(int number, int option)
{
    int value = 0;
    socklen_t length = sizeof value;

    getsockopt(number, SOL_SOCKET, option, &value, &length);
    return value;
}

/* A socket that is bound but cannot listen would keep its address: put a new one into its place, so
 * that it can be bound to another [R6.2]. */
static void replace(int number)
{
    int fresh = socket(get_option(number, SO_DOMAIN),
                       get_option(number, SO_TYPE) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fresh < 0)
        return;
    dup3(fresh, number, O_CLOEXEC);
    close(fresh);
}

static int bind_number(int number, const struct sockaddr *address, socklen_t length,
                       const miou_listen *options)
{
    int error = 0;

    if (get_option(number, SO_DOMAIN) != AF_UNIX &&
        ((error = set_option(number, SO_REUSEADDR, !options->no_reuse_addr)) < 0 ||
         (error = set_option(number, SO_REUSEPORT, !options->no_reuse_port)) < 0))
        return error;
    if (bind(number, address, length) < 0)
        return -errno;
    if (get_option(number, SO_TYPE) == SOCK_DGRAM)
        return 0;
    if (listen(number, options->backlog ? options->backlog : INT_MAX) < 0) {
        error = -errno;
        replace(number);
    }
    return error;
}

PUBLIC int miou_bind_and_listen(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                                const miou_listen *options)
{
    static const miou_listen usual = {0};
    struct descriptor *d;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    options = options ? options : &usual;
    if (!address || options->backlog < 0)
        return leave(-EINVAL);
    if ((error = find(&d, fd)) < 0)
        return leave(error);
    return leave(bind_number(d->number, address, length, options));
}

/* Whether an error says that no connection is there. Without a free number the system does not look
 * for one, so ask it [R6.17]. */
static bool none_waits(int number, int error)
{
    struct pollfd fd = {.fd = number, .events = POLLIN};

    if (error == EMFILE || error == ENFILE)
        return poll(&fd, 1, 0) == 0;
    return error == EAGAIN || error == EWOULDBLOCK;
}

static int accept_in_turn(struct descriptor *listener, struct sockaddr_storage *peer,
                          struct turn *turn)
{
    for (;;) {
        socklen_t length = sizeof *peer;
        int number, error;
        bool wait;

        if (turn->waited && !is_first(listener, turn)) {
            if ((error = wait_ready(listener, turn->events, NULL, NULL)) < 0)
                return error;
            continue;
        }
        memset(peer, 0, sizeof *peer);
        use(listener);
        number = accept4(listener->number, (struct sockaddr *)peer, &length,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        error = errno;
        wait = number < 0 && none_waits(listener->number, error);
        used(listener);
        if (number >= 0)
            return number;
        if (!listener->handle)
            return -EBADF;
        if (error == EINTR || error == ECONNABORTED)
            continue;
        if (!wait)
            return -error;
        if (!turn->waited)
            list_append(&listener->turns, &turn->link);
        turn->waited = true;
        if ((error = wait_ready(listener, turn->events, NULL, NULL)) < 0)
            return error;
    }
}

static int accept_number(struct descriptor *listener, struct sockaddr_storage *peer)
{
    struct turn turn = {.domain = self.domain, .events = POLLIN};
    int number, error = may_yield(self.task);

    if (error < 0)
        return error;
    if (!listener->handle)
        return -EBADF;
    list_init(&turn.link);
    number = accept_in_turn(listener, peer, &turn);
    list_remove(&turn.link);
    return number;
}

PUBLIC int miou_accept(miou_fd **client, miou_fd *fd, struct sockaddr_storage *peer)
{
    struct descriptor *listener, *d;
    struct sockaddr_storage address;
    int number, error = begin(&listener, fd, !client);

    if (error < 0)
        return error;
    if (!(d = descriptor_new()))
        return (int)finish(listener, -ENOMEM);
    number = error = accept_number(listener, &address);
    if (number >= 0 &&
        (error = descriptor_begin(d, number, listener->resource ? MIOU_OWNED : 0)) < 0)
        close(number);
    if (error < 0) {
        free(d);
        return (int)finish(listener, error);
    }
    *client = d->handle;
    if (peer)
        *peer = address;
    return (int)finish(listener, 0);
}

/* Linux lets connect finish what an earlier one began: it has to be called again, or the next one
 * would succeed too. */
static int connect_number(struct descriptor *d, const struct sockaddr *address, socklen_t length)
{
    bool begun = false;

    for (;;) {
        int error;

        use(d);
        error = begun ? get_option(d->number, SO_ERROR) : 0;
        if (error == 0)
            error = connect(d->number, address, length) < 0 ? errno : 0;
        used(d);
        if (error == 0 || (begun && error == EISCONN))
            return 0;
        if (!d->handle)
            return -EBADF;
        begun = begun || error == EINPROGRESS || error == EINTR;
        if (error != EAGAIN && error != EINPROGRESS && error != EINTR &&
            !(begun && error == EALREADY))
            return -error;
        /* EAGAIN: the listener of the Unix domain has no room, and nothing tells when it has */
        if ((error = wait_ready(d, error == EAGAIN ? 0 : POLLOUT, NULL, NULL)) < 0)
            return error;
    }
}

PUBLIC int miou_connect(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    struct descriptor *d;
    int error = begin(&d, fd, bad_at_once(!address));

    if (error < 0)
        return error;
    if (!address)
        return (int)finish(d, is_connected(d) ? -EISCONN : -EINVAL);
    if ((error = may_yield(self.task)) == 0)
        error = d->handle ? connect_number(d, address, length) : -EBADF;
    return (int)finish(d, error);
}

/* ---- The other calls ---- */

PUBLIC int miou_close(miou_fd *fd)
{
    struct descriptor *d;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    error = find(&d, fd);
    if ((error == 0 || error == MIOU_NOT_OWNER) && d->resource && self.place == IN_FORBID)
        return leave(MIOU_IN_FINALISER); /* before errors of the descriptor [R6.26] */
    if (error < 0)
        return leave(error);
    if (d->resource)
        resource_end(self.run, d->resource);
    return leave(close_number(self.run, d));
}

PUBLIC miou_resource *miou_fd_resource(miou_fd *fd)
{
    struct descriptor *d;
    miou_resource *handle = NULL;

    if (enter(PLAIN) < 0)
        return NULL;
    if ((d = table_get(self.run, fd, DESCRIPTOR)) && d->resource)
        handle = d->resource->handle;
    unlock(self.run);
    return handle;
}

PUBLIC int miou_fd_number(miou_fd *fd)
{
    struct descriptor *d;
    int error = enter(PLAIN);

    if (error < 0)
        return error;
    error = find(&d, fd);
    return leave(error < 0 ? error : d->number);
}
