/* unix.c: descriptors. Each call is tried first; its task waits only if the call would have to. */
#include "unix.h"
#include "runtime.h"
#include "system.h"

#include <errno.h>
#include <limits.h>

/* ---- descriptors ---- */

static void finalise_descriptor(void *value);
static void drop_descriptor(void *value);

/* Make a descriptor that has no number yet. */
static struct descriptor *descriptor_new(struct task *self, bool owned)
{
    struct descriptor *made = object_new(self->domain, POOL_DESCRIPTORS);
    struct resource *resource;

    if (made == NULL)
        return NULL;
    ANNOTATE_ATOMIC(&made->drained);
    ANNOTATE_ATOMIC(&made->users);
    ANNOTATE_ATOMIC(&made->waiters);
    ANNOTATE_ATOMIC(&made->half);
    ANNOTATE_ATOMIC(&made->resource);
    made->number = -1;
    atomic_store_explicit(&made->half, WHOLE, memory_order_relaxed);
    atomic_store_explicit(&made->drained, false, memory_order_relaxed);
    atomic_store_explicit(&made->waiters, 0, memory_order_relaxed);
    atomic_store_explicit(&made->resource, NULL, memory_order_release);
    if (!owned)
        return made;
    if ((resource = resource_new(self, finalise_descriptor, drop_descriptor, made)) == NULL) {
        object_free(self->domain, POOL_DESCRIPTORS, made);
        return NULL;
    }
    atomic_store_explicit(&made->resource, pool_handle(resource), memory_order_release);
    return made;
}

/* Others may share what an adopted number stands for, such as a terminal: leave it as it was. */
static void leave(const struct descriptor *descriptor)
{
    if (descriptor->unblocked)
        sys_block(descriptor->number);
}

static int leave_and_close(const struct descriptor *descriptor)
{
    leave(descriptor);
    if (atomic_load_explicit(&descriptor->half, memory_order_relaxed) == HALF_TO_WRITE)
        sys_end_writing(descriptor->number);
    return sys_close(descriptor->number);
}

static void drop_descriptor(void *value)
{
    leave(value);
    object_free(domain_self, POOL_DESCRIPTORS, value);
}

static void finalise_descriptor(void *value)
{
    leave_and_close(value);
    object_free(domain_self, POOL_DESCRIPTORS, value);
}

static void close_left_open(void *object, void *arg)
{
    struct descriptor *descriptor = object;

    (void)arg;
    if (descriptor->resource == NULL) /* the finalisers have closed those that were owned */
        leave_and_close(descriptor);
}

void descriptors_close(struct run *run)
{
    pool_each(&run->pools[POOL_DESCRIPTORS], close_left_open, NULL);
}

/* ---- using descriptors ----
 *
 * While a task uses a plain descriptor, a task of another domain may close it, and its record and
 * its number may be used again for something else. So a call first counts itself as a user and then
 * checks that the handle is still good; closing first makes the handle stale and then waits until
 * there are no users. It does not wait long, because users are in a system call that does not
 * block. An owned descriptor is used and closed by its owner only, and needs none of this. */

enum { LEFT_TO_USERS = 1 << 30 /* in users: closed, and not freed yet */ };

/* Free the record of a closed descriptor that was left to its users, once it has no users. */
static void descriptor_free(struct domain *domain, struct descriptor *descriptor)
{
    unsigned users = LEFT_TO_USERS;

    if (atomic_compare_exchange_strong(&descriptor->users, &users, 0))
        pool_take_back(&domain->run->pools[POOL_DESCRIPTORS], &domain->caches[POOL_DESCRIPTORS],
                       descriptor);
}

struct use {
    struct task *self;
    struct descriptor *descriptor;
    const miou_fd *fd;
    bool shared;   /* a plain descriptor */
    uint64_t turn; /* among the tasks that wait for it; 0: it has not waited */
    int64_t nap;   /* how long it waits next, if nothing tells when it is ready */
};

static struct descriptor *look_up(const struct task *self, const miou_fd *fd)
{
    return object_get(self->domain, POOL_DESCRIPTORS, fd);
}

static void use_end(const struct use *use)
{
    if (!use->shared)
        return;
    ANNOTATE_BEFORE(use->descriptor);
    if (atomic_fetch_sub(&use->descriptor->users, 1) == LEFT_TO_USERS + 1)
        descriptor_free(use->self->domain, use->descriptor);
}

static bool use_begin(const struct use *use)
{
    if (!use->shared)
        return true;
    atomic_fetch_add(&use->descriptor->users, 1);
    if (pool_is_still(use->descriptor, use->fd))
        return true;
    use_end(use);
    return false;
}

static inline ssize_t use_ended(const struct use *use, ssize_t result)
{
    use_end(use);
    return result;
}

/* The value of call, an expression, executed while the descriptor cannot vanish; -EBADF if it
 * has. */
#define USE(use, call) (use_begin(use) ? use_ended(use, call) : -EBADF)

/* Find a descriptor and check that the task may use it. */
static int find_descriptor(struct use *use, struct task *self, const miou_fd *fd)
{
    struct descriptor *found;
    struct resource *owned;
    miou_resource *resource;

    if (fd == NULL)
        return -EINVAL;
    if ((found = look_up(self, fd)) == NULL)
        return -EBADF;
    resource = atomic_load_explicit(&found->resource, memory_order_acquire);
    *use = (struct use){.self = self, .descriptor = found, .fd = fd, .shared = resource == NULL};
    if (!pool_is_still(found, fd))
        return -EBADF; /* the resource may be another descriptor's */
    if (resource == NULL)
        return 0;
    if ((owned = object_get(self->domain, POOL_RESOURCES, resource)) == NULL)
        return -EBADF; /* disowned: the number is the application's now */
    return owner_of(owned) == self ? 0 : MIOU_NOT_OWNER;
}

/* The same for the calling task, unless it is cancelled. */
static int begin_call(struct use *use, const miou_fd *fd)
{
    int error;
    struct task *self = task_active(&error);

    return self == NULL ? error : find_descriptor(use, self, fd);
}

/* ---- waiting ---- */

/* Where the system does not tell when a call could go on, it is tried again after naps. */
enum { NAP = 1000000, NAP_MAX = 64 * NAP };

static int nap(struct use *use)
{
    use->nap = use->nap == 0 ? NAP : use->nap < NAP_MAX ? 2 * use->nap : NAP_MAX;
    return miou_sleep(use->nap);
}

/* Wait until the descriptor may be ready, or a deadline passes: then there is one more try. The
 * next use checks whether it is still open. */
static int wait(struct use *use, enum direction direction)
{
    struct descriptor *descriptor = use->descriptor;
    struct domain *domain = use->self->domain;
    bool in_vain;
    int error, number;

    if (!domain->run->has_io)
        return MIOU_NO_MONITOR;
    if (use->self->expired)
        return MIOU_EXPIRED;
    if (!use_begin(use))
        return -EBADF;
    number = descriptor->number;
    in_vain = use->turn != 0 && descriptor->type != 0 && sys_has_error(number);
    if (!in_vain)
        atomic_fetch_add(&descriptor->waiters, 1);
    use_end(use);
    if (in_vain)
        return nap(use);
    error = monitor_wait(&domain->monitor, number, use->fd, direction, use->self, &use->turn);
    if (use_begin(use)) {
        atomic_fetch_sub(&descriptor->waiters, 1);
        use_end(use);
    }
    return error == -EPERM ? nap(use) : error;
}

/* ---- making descriptors ---- */

/* The start of a call that makes a descriptor, still without a number: checks the calling task, and
 * that the flags are among those allowed. */
static int begin_making(struct task **self, struct descriptor **made, miou_fd **fd, unsigned flags,
                        unsigned allowed)
{
    int error;

    *made = NULL;
    if ((*self = task_active(&error)) == NULL)
        return error;
    if (fd == NULL || (flags & ~allowed) != 0)
        return -EINVAL;
    *made = descriptor_new(*self, flags & MIOU_OWNED);
    return *made != NULL ? 0 : -ENOMEM;
}

/* The end of such a call: give the descriptor its number and store its handle; or, if number is an
 * error, free it and return the error. */
static int finish_making(struct task *self, struct descriptor *made, miou_fd **fd, int number,
                         int type, bool blocks)
{
    struct domain *domain = self->domain;

    if (number < 0) {
        if (made->resource != NULL)
            resource_end(object_get(domain, POOL_RESOURCES, made->resource));
        object_free(domain, POOL_DESCRIPTORS, made);
        return number;
    }
    made->number = number;
    made->type = type;
    made->blocks = blocks;
    made->unblocked = false;
    made->may_drain = type == SOCK_STREAM && !blocks && domain->run->has_io;
    *fd = pool_handle(made);
    return 0;
}

static int make_socket(miou_fd **fd, unsigned flags, int family, int type)
{
    struct task *self;
    struct descriptor *made;
    int error = begin_making(&self, &made, fd, flags, MIOU_OWNED);

    if (error < 0)
        return error;
    return finish_making(self, made, fd, sys_socket(family, type), type, false);
}

int miou_tcpv4(miou_fd **fd, unsigned flags)
{
    return make_socket(fd, flags, AF_INET, SOCK_STREAM);
}

int miou_tcpv6(miou_fd **fd, unsigned flags)
{
    return make_socket(fd, flags, AF_INET6, SOCK_STREAM);
}

int miou_udpv4(miou_fd **fd, unsigned flags)
{
    return make_socket(fd, flags, AF_INET, SOCK_DGRAM);
}

int miou_udpv6(miou_fd **fd, unsigned flags)
{
    return make_socket(fd, flags, AF_INET6, SOCK_DGRAM);
}

int miou_unix_socket(miou_fd **fd, unsigned flags)
{
    return make_socket(fd, flags, AF_UNIX, SOCK_STREAM);
}

int miou_fd_adopt(miou_fd **fd, int number, unsigned flags)
{
    bool blocks = flags & MIOU_BLOCKING;
    struct task *self;
    struct descriptor *made;
    int error = begin_making(&self, &made, fd, flags, MIOU_OWNED | MIOU_BLOCKING), type;

    if (error < 0)
        return error;
    if ((type = sys_socket_type(number)) < 0)
        number = type;
    else if (!blocks && (error = sys_unblock(number)) < 0)
        number = error;
    if ((number = finish_making(self, made, fd, number, type, blocks)) == 0)
        made->unblocked = error > 0;
    return number;
}

/* Tells the type of the connection, which is its listener's. */
static int accept_now(const struct descriptor *listener, struct sockaddr_storage *peer, int flags,
                      int *type)
{
    *type = listener->type;
    return sys_accept(listener->number, peer, flags);
}

int miou_accept4(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer, int flags)
{
    struct use use;
    struct descriptor *made;
    int error = begin_call(&use, listener), number, type = 0;

    if (error < 0)
        return error;
    if (client == NULL || (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0)
        return -EINVAL;
    /* Made first, so that no connection is accepted and then lost for want of memory. */
    if ((made = descriptor_new(use.self, !use.shared)) == NULL)
        return -ENOMEM;
    while ((number = (int)USE(&use, accept_now(use.descriptor, peer, flags, &type))) == -EAGAIN)
        if ((number = wait(&use, READABLE)) < 0)
            break;
    error = finish_making(use.self, made, client, number, type, !(flags & SOCK_NONBLOCK));
    if (error == 0)
        domain_charge(use.self->domain, use.self);
    return error;
}

int miou_accept(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    return miou_accept4(client, listener, peer, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int miou_fd_split(miou_fd **writer, miou_fd *fd)
{
    struct use use;
    struct descriptor *from, *made;
    int error = begin_call(&use, fd), number;

    if (error < 0)
        return error;
    from = use.descriptor;
    if (writer == NULL)
        return -EINVAL;
    if (from->type != SOCK_STREAM || from->blocks || from->unblocked ||
        atomic_load(&from->half) != WHOLE)
        return -EOPNOTSUPP;
    if ((made = descriptor_new(use.self, !use.shared)) == NULL)
        return -ENOMEM;
    number = (int)USE(&use, sys_duplicate(from->number));
    if ((error = finish_making(use.self, made, writer, number, SOCK_STREAM, false)) < 0)
        return error;
    atomic_store(&made->half, HALF_TO_WRITE);
    atomic_store(&from->half, HALF_TO_READ);
    return 0;
}

/* ---- addresses ---- */

static int listen_now(const struct descriptor *descriptor, const struct sockaddr *address,
                      socklen_t length, const miou_listen *options)
{
    bool has_port = length < sizeof address->sa_family || address->sa_family != AF_UNIX;
    int error = sys_bind(descriptor->number, address, length, !options->no_reuse_addr,
                         has_port && !options->no_reuse_port);

    if (error < 0 || descriptor->type == SOCK_DGRAM)
        return error;
    return sys_listen(descriptor->number, options->backlog);
}

int miou_bind_and_listen(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                         const miou_listen *options)
{
    static const miou_listen plain;
    struct use use;
    int error;
    struct task *self = task_current(&error);

    if (self == NULL || (error = find_descriptor(&use, self, fd)) < 0)
        return error;
    if (options == NULL)
        options = &plain;
    if (address == NULL || options->backlog < 0)
        return -EINVAL;
    return (int)USE(&use, listen_now(use.descriptor, address, length, options));
}

/* Returns -EALREADY while the connection is being made. */
static int connect_now(const struct descriptor *descriptor, const struct sockaddr *address,
                       socklen_t length)
{
    int error = sys_connect(descriptor->number, address, length);

    /* A peer on this machine may have answered already. */
    return error == -EINPROGRESS ? sys_connect(descriptor->number, address, length) : error;
}

int miou_connect(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    struct use use;
    int error = begin_call(&use, fd);

    if (error < 0)
        return error;
    if (address == NULL)
        return -EINVAL;
    while ((error = (int)USE(&use, connect_now(use.descriptor, address, length))) == -EALREADY ||
           error == -EAGAIN)
        if ((error = error == -EAGAIN ? miou_sleep(NAP) : wait(&use, WRITABLE)) < 0)
            return error;
    domain_charge(use.self->domain, use.self);
    return error;
}

/* ---- reading and writing ---- */

/* The start of a call that moves bytes. */
static int begin_transfer(struct use *use, const miou_fd *fd, enum direction direction,
                          const void *buffer, size_t size)
{
    enum half other = direction == READABLE ? HALF_TO_WRITE : HALF_TO_READ;
    int error = begin_call(use, fd);

    if (error < 0)
        return error;
    if (buffer == NULL && size > 0)
        return -EINVAL;
    return atomic_load_explicit(&use->descriptor->half, memory_order_relaxed) == other ? -EOPNOTSUPP
                                                                                       : 0;
}

/* After a short read the stream is empty: the next one waits first, which saves a system call, if
 * it may wait. */
static ssize_t read_now(struct descriptor *from, void *buffer, size_t size, bool may_wait)
{
    bool may_drain = from->may_drain && may_wait;
    ssize_t n;

    if (may_drain && atomic_load_explicit(&from->drained, memory_order_relaxed)) {
        atomic_store_explicit(&from->drained, false, memory_order_relaxed);
        return -EAGAIN;
    }
    n = sys_read(from->number, buffer, size);
    if (may_drain && n > 0 && (size_t)n < size)
        atomic_store_explicit(&from->drained, true, memory_order_relaxed);
    return n;
}

static ssize_t read_some(struct use *use, void *buffer, size_t size)
{
    ssize_t n;
    int error;

    while ((n = USE(use, read_now(use->descriptor, buffer, size, !use->self->expired))) == -EAGAIN)
        if ((error = wait(use, READABLE)) < 0)
            return error;
    return n;
}

ssize_t miou_read(miou_fd *fd, void *buffer, size_t size)
{
    struct use use;
    ssize_t n = begin_transfer(&use, fd, READABLE, buffer, size);

    if (n < 0 || size == 0)
        return n;
    n = read_some(&use, buffer, size);
    domain_charge(use.self->domain, use.self);
    return n;
}

ssize_t miou_read_exactly(miou_fd *fd, void *buffer, size_t size)
{
    struct use use;
    ssize_t n = begin_transfer(&use, fd, READABLE, buffer, size);
    size_t done = 0;

    if (n < 0)
        return n;
    for (; done < size; done += (size_t)n)
        if ((n = read_some(&use, (char *)buffer + done, size - done)) <= 0)
            return n < 0 ? n : MIOU_END_OF_FILE;
    domain_charge(use.self->domain, use.self);
    return (ssize_t)size;
}

static ssize_t write_now(const struct descriptor *to, const void *buffer, size_t size)
{
    return to->type != 0 ? sys_send(to->number, buffer, size, NULL, 0)
                         : sys_write(to->number, buffer, size);
}

ssize_t miou_write(miou_fd *fd, const void *buffer, size_t size)
{
    struct use use;
    ssize_t n = begin_transfer(&use, fd, WRITABLE, buffer, size);
    size_t sent = 0;

    if (n < 0)
        return n;
    while (sent < size) {
        n = USE(&use, write_now(use.descriptor, (const char *)buffer + sent, size - sent));
        if (n == -EAGAIN)
            n = wait(&use, WRITABLE);
        if (n < 0)
            return n;
        sent += (size_t)n;
    }
    domain_charge(use.self->domain, use.self);
    return (ssize_t)size;
}

/* ---- several buffers ---- */

enum { BUFFERS = 1024 /* in one call of the system */ };

/* How far a call has written. */
struct progress {
    int buffer;  /* the first that is not written as a whole */
    size_t done; /* of its bytes */
};

static void advance(struct progress *at, const struct iovec *buffers, int count, size_t n)
{
    for (; at->buffer < count && n >= buffers[at->buffer].iov_len - at->done; at->buffer++) {
        n -= buffers[at->buffer].iov_len - at->done;
        at->done = 0;
    }
    at->done += n;
}

/* The number of bytes, or -EINVAL. */
static ssize_t count_bytes(const struct iovec *buffers, int count)
{
    size_t size = 0;

    if (count < 0 || (buffers == NULL && count > 0))
        return -EINVAL;
    for (int i = 0; i < count; i++) {
        if (buffers[i].iov_base == NULL && buffers[i].iov_len > 0)
            return -EINVAL;
        if (buffers[i].iov_len > (size_t)SSIZE_MAX - size)
            return -EINVAL;
        size += buffers[i].iov_len;
    }
    return (ssize_t)size;
}

/* The rest of a buffer of which a part has been written; or as many buffers as one call takes. */
static ssize_t write_from(const struct descriptor *to, const struct progress *at,
                          const struct iovec *buffers, int count)
{
    const struct iovec *first = buffers + at->buffer;

    count -= at->buffer;
    if (at->done > 0)
        return write_now(to, (const char *)first->iov_base + at->done, first->iov_len - at->done);
    if (count > BUFFERS && to->type != SOCK_DGRAM) /* it would not be one datagram */
        count = BUFFERS;
    return to->type != 0 ? sys_send_vector(to->number, first, count)
                         : sys_write_vector(to->number, first, count);
}

ssize_t miou_writev(miou_fd *fd, const struct iovec *buffers, int count)
{
    struct use use;
    ssize_t size = begin_transfer(&use, fd, WRITABLE, NULL, 0), n;
    struct progress at = {0, 0};

    if (size < 0 || (size = count_bytes(buffers, count)) < 0)
        return size;
    for (advance(&at, buffers, count, 0); at.buffer < count;) {
        n = USE(&use, write_from(use.descriptor, &at, buffers, count));
        if (n == -EAGAIN)
            n = wait(&use, WRITABLE);
        if (n < 0)
            return n;
        advance(&at, buffers, count, (size_t)n);
    }
    domain_charge(use.self->domain, use.self);
    return size;
}

/* ---- datagrams ---- */

ssize_t miou_recvfrom(miou_fd *fd, void *buffer, size_t size, struct sockaddr_storage *peer,
                      socklen_t *peer_length)
{
    struct use use;
    ssize_t n = begin_transfer(&use, fd, READABLE, buffer, size);

    if (n < 0)
        return n;
    if ((peer == NULL) != (peer_length == NULL))
        return -EINVAL;
    while ((n = USE(&use, sys_receive(use.descriptor->number, buffer, size, peer, peer_length))) ==
           -EAGAIN)
        if ((n = wait(&use, READABLE)) < 0)
            return n;
    domain_charge(use.self->domain, use.self);
    return n;
}

ssize_t miou_sendto(miou_fd *fd, const void *buffer, size_t size, const struct sockaddr *address,
                    socklen_t length)
{
    struct use use;
    ssize_t n = begin_transfer(&use, fd, WRITABLE, buffer, size);
    bool peer_is_full = false;

    if (n < 0)
        return n;
    if (address == NULL)
        length = 0;
    while ((n = USE(&use, sys_send(use.descriptor->number, buffer, size, address, length))) ==
           -EAGAIN) {
        /* A socket that is ready and still refuses sends to a peer that is full, which nothing
         * tells. */
        if ((n = peer_is_full ? miou_sleep(NAP) : wait(&use, WRITABLE)) < 0)
            return n;
        peer_is_full = !peer_is_full;
    }
    domain_charge(use.self->domain, use.self);
    return n;
}

/* ---- options ---- */

int miou_setsockopt(miou_fd *fd, int level, int name, const void *value, socklen_t length)
{
    struct use use;
    int error = begin_call(&use, fd);

    if (error < 0)
        return error;
    if (value == NULL)
        return -EINVAL;
    return (int)USE(&use, sys_set_option(use.descriptor->number, level, name, value, length));
}

int miou_getsockopt(miou_fd *fd, int level, int name, void *value, socklen_t *length)
{
    struct use use;
    int error = begin_call(&use, fd);

    if (error < 0)
        return error;
    if (value == NULL || length == NULL)
        return -EINVAL;
    return (int)USE(&use, sys_get_option(use.descriptor->number, level, name, value, length));
}

/* ---- closing ---- */

/* No task waits for the closed descriptor any more, but calls that block may still be using it. */
static void leave_to_users(struct domain *domain, struct descriptor *descriptor)
{
    atomic_fetch_add(&descriptor->users, LEFT_TO_USERS);
    descriptor_free(domain, descriptor);
}

static struct domain *domain_after(const struct domain *domain)
{
    struct run *run = domain->run;

    return &run->domains[(domain->id + 1) % run->domain_count];
}

/* Wake the tasks of this domain that wait for the closed descriptor, and pass the message on to the
 * next domain. While one sleeps with the number, the system does not end the connection, so the
 * domain that has closed it, which need not hear of it soon, is the last. */
static void deliver_closed(struct message *message)
{
    struct descriptor *descriptor = CONTAINER(message, struct descriptor, closed);
    struct domain *domain = domain_self;

    monitor_forget(&domain->monitor, descriptor->number);
    if (domain->id != descriptor->closer)
        domain_send(domain_after(domain), message);
    else
        leave_to_users(domain, descriptor);
}

/* Close a plain descriptor. */
static int close_shared(struct domain *domain, struct descriptor *descriptor, const miou_fd *fd)
{
    int error;

    if (!pool_retire(descriptor, fd))
        return -EBADF; /* a task of another domain has closed it first */
    while (atomic_load(&descriptor->users) > 0 && !descriptor->blocks)
        sys_yield();
    ANNOTATE_AFTER(descriptor);
    monitor_forget(&domain->monitor, descriptor->number);
    error = leave_and_close(descriptor);
    if (atomic_load(&descriptor->waiters) == 0) {
        leave_to_users(domain, descriptor);
    } else {
        descriptor->closed.deliver = deliver_closed;
        descriptor->closer = domain->id;
        domain_send(domain_after(domain), &descriptor->closed);
    }
    return error;
}

int miou_close(miou_fd *fd)
{
    struct use use;
    int error;
    struct task *self = task_current(&error);

    if (self == NULL)
        return error;
    error = find_descriptor(&use, self, fd);
    if (self->domain->no_suspend && (error == MIOU_NOT_OWNER || (error == 0 && !use.shared)))
        return MIOU_IN_FINALISER;
    if (error < 0)
        return error;
    if (use.shared)
        return close_shared(self->domain, use.descriptor, fd);
    error = leave_and_close(use.descriptor);
    resource_end(object_get(self->domain, POOL_RESOURCES, use.descriptor->resource));
    object_free(self->domain, POOL_DESCRIPTORS, use.descriptor);
    return error;
}

/* ---- a descriptor's number and resource ---- */

miou_resource *miou_fd_resource(miou_fd *fd)
{
    struct use use;
    int error;
    struct task *self = task_current(&error);

    if (self == NULL)
        return NULL;
    error = find_descriptor(&use, self, fd);
    return (error == 0 || error == MIOU_NOT_OWNER) && !use.shared ? use.descriptor->resource : NULL;
}

int miou_fd_number(miou_fd *fd)
{
    struct use use;
    int error;
    struct task *self = task_current(&error);

    if (self == NULL || (error = find_descriptor(&use, self, fd)) < 0)
        return error;
    return (int)USE(&use, use.descriptor->number);
}
