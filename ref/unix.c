/* unix.c: descriptors. A call is tried first; only when the system would make it wait, its task
 * waits. */
#include "unix.h"
#include "mutant.h"
#include "runtime.h"
#include "system.h"

#include <errno.h>

/* ---- descriptors ---- */

static void finalise_descriptor(void *value);

/* A descriptor without a number yet, owned or not. */
static struct descriptor *descriptor_new(struct task *self, bool owned)
{
    struct descriptor *made = object_new(self->domain, POOL_DESCRIPTORS);

    if (made == NULL)
        return NULL;
    ANNOTATE_ATOMIC(&made->drained);
    ANNOTATE_ATOMIC(&made->holders);
    made->number = -1;
    made->resource = NULL;
    atomic_store_explicit(&made->drained, false, memory_order_relaxed);
    atomic_store(&made->holders, 1);
    if (owned) {
        struct resource *resource = resource_new(self, finalise_descriptor, made);

        if (resource == NULL) {
            atomic_store(&made->holders, 0);
            object_free(self->domain, POOL_DESCRIPTORS, made);
            return NULL;
        }
        made->resource = pool_handle(resource);
    }
    return made;
}

/* Keep the record. Returns false if it has been given back already. */
static bool hold(struct descriptor *descriptor)
{
    unsigned holders = atomic_load(&descriptor->holders);

    while (holders > 0)
        if (atomic_compare_exchange_weak(&descriptor->holders, &holders, holders + 1))
            return true;
    return false;
}

/* The last one that lets go of the record, whose handle is stale by then, gives it back. */
static void let_go(struct domain *domain, struct descriptor *descriptor)
{
    ANNOTATE_BEFORE(descriptor);
    if (atomic_fetch_sub(&descriptor->holders, 1) > 1)
        return;
    ANNOTATE_AFTER(descriptor);
    pool_take_back(&domain->caches[POOL_DESCRIPTORS], descriptor);
}

/* The message goes from domain to domain, so that the tasks of each learn that the descriptor they
 * wait for is closed. */
static void deliver_closed(struct message *message)
{
    struct descriptor *descriptor = CONTAINER(message, struct descriptor, closed);
    struct domain *domain = domain_self;
    struct run *run = domain->run;

    monitor_forget(&domain->monitor, descriptor->number);
    if (domain->id + 1 < run->domain_count)
        domain_send(&run->domains[domain->id + 1], message);
    else
        let_go(domain, descriptor);
}

/* End a descriptor whose handle is stale. Whoever begins to wait holds the record before he looks
 * at the handle, and so either sees that or is seen here. */
static void descriptor_end(struct domain *domain, struct descriptor *descriptor)
{
    if (descriptor->resource != NULL)
        resource_end(object_get(domain, POOL_RESOURCES, descriptor->resource));
    if (atomic_load(&descriptor->holders) > 1 && !MUTANT(closes_for_its_domain_alone)) {
        descriptor->closed.deliver = deliver_closed;
        domain_send(&domain->run->domains[0], &descriptor->closed);
    } else {
        let_go(domain, descriptor);
    }
}

static void finalise_descriptor(void *value)
{
    struct descriptor *descriptor = value;

    pool_retire(descriptor, pool_handle(descriptor));
    sys_close(descriptor->number);
    let_go(domain_self, descriptor);
}

static void close_left_open(void *object, void *arg)
{
    struct descriptor *descriptor = object;

    (void)arg;
    if (descriptor->resource == NULL) /* one that was owned has been seen to */
        sys_close(descriptor->number);
}

void descriptors_close(struct run *run)
{
    pool_each(&run->pools[POOL_DESCRIPTORS], close_left_open, NULL);
}

/* ---- before a call ---- */

/* The descriptor of a handle, if the task may use it. */
static int find(struct task *self, struct descriptor **found, const miou_fd *fd)
{
    struct resource *resource;

    if (fd == NULL)
        return -EINVAL;
    if ((*found = object_get(self->domain, POOL_DESCRIPTORS, fd)) == NULL)
        return -EBADF;
    if ((*found)->resource == NULL)
        return 0;
    resource = object_get(self->domain, POOL_RESOURCES, (*found)->resource);
    if (resource == NULL)
        return -EBADF; /* disowned: the number is the application's now */
    return owner_of(resource) == self ? 0 : MIOU_NOT_OWNER;
}

/* The calling task and a descriptor that it may use, unless it is cancelled. */
static int enter(struct task **self, struct descriptor **found, const miou_fd *fd)
{
    int error;

    if ((*self = task_self(&error)) == NULL)
        return error;
    if ((*self)->cancelled)
        return MIOU_CANCELLED;
    return find(*self, found, fd);
}

/* ---- waiting ---- */

/* Wait until the descriptor may be ready. It may have been closed meanwhile: -EBADF. */
static int wait(struct task *self, struct descriptor *descriptor, const miou_fd *fd,
                enum direction direction)
{
    struct descriptor *same;
    int error;

    if (!self->domain->run->has_io)
        return MIOU_NO_MONITOR;
    if (!hold(descriptor))
        return -EBADF;
    error = find(self, &same, fd);
    if (error == 0)
        error = monitor_wait(&self->domain->monitor, descriptor->number, direction, self);
    if (error == 0)
        error = find(self, &same, fd);
    let_go(self->domain, descriptor);
    return error;
}

/* Wait until the peer may have room, of which the system tells nothing. */
static int wait_for_room(struct task *self, const miou_fd *fd)
{
    enum { NAP = 1000000 };
    struct descriptor *same;
    int error = miou_sleep(NAP);

    return error < 0 ? error : find(self, &same, fd);
}

/* ---- making descriptors ---- */

/* The calling task and a descriptor without a number, for a call that makes one with flags of those
 * allowed. */
static int begin(struct task **self, struct descriptor **made, miou_fd **fd, unsigned flags,
                 unsigned allowed)
{
    int error;

    if ((*self = task_self(&error)) == NULL)
        return error;
    if ((*self)->cancelled)
        return MIOU_CANCELLED;
    if (fd == NULL || (flags & ~allowed) != 0)
        return -EINVAL;
    *made = descriptor_new(*self, flags & MIOU_OWNED);
    return *made != NULL ? 0 : -ENOMEM;
}

/* Hand out the descriptor with its number; or that is an error, and there is none. */
static int finish(struct task *self, struct descriptor *made, miou_fd **fd, int number, int type,
                  bool blocks)
{
    if (number < 0) {
        pool_retire(made, pool_handle(made));
        descriptor_end(self->domain, made);
        return number;
    }
    made->number = number;
    made->type = type;
    made->may_drain = type == SOCK_STREAM && !blocks && self->domain->run->has_io;
    *fd = pool_handle(made);
    return 0;
}

static int make_socket(miou_fd **fd, unsigned flags, int family, int type)
{
    struct task *self;
    struct descriptor *made;
    int error = begin(&self, &made, fd, flags, MIOU_OWNED);

    return error < 0 ? error : finish(self, made, fd, sys_socket(family, type), type, false);
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
    int error = begin(&self, &made, fd, flags, MIOU_OWNED | MIOU_BLOCKING), type;

    if (error < 0)
        return error;
    if ((type = sys_socket_type(number)) < 0)
        number = type;
    else if (!blocks && (error = sys_unblock(number)) < 0)
        number = error;
    return finish(self, made, fd, number, type, blocks);
}

int miou_accept(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    struct task *self;
    struct descriptor *from, *made;
    int error = enter(&self, &from, listener), number, type;

    if (error < 0)
        return error;
    if (client == NULL)
        return -EINVAL;
    /* Made first, so that no connection is taken and lost for want of memory. */
    if ((made = descriptor_new(self, from->resource != NULL)) == NULL)
        return -ENOMEM;
    type = from->type;
    while ((number = sys_accept(from->number, peer)) == -EAGAIN)
        if ((number = wait(self, from, listener, READABLE)) < 0)
            break;
    if ((error = finish(self, made, client, number, type, false)) == 0)
        domain_charge(self->domain, self);
    return error;
}

/* ---- addresses ---- */

int miou_bind_and_listen(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                         const miou_listen *options)
{
    static const miou_listen plain;
    struct task *self;
    struct descriptor *found;
    int error = enter(&self, &found, fd);
    bool has_port;

    if (error < 0)
        return error;
    if (options == NULL)
        options = &plain;
    if (address == NULL || options->backlog < 0)
        return -EINVAL;
    has_port = length < sizeof address->sa_family || address->sa_family != AF_UNIX;
    error = sys_bind(found->number, address, length, !options->no_reuse_addr,
                     has_port && !options->no_reuse_port);
    return error < 0 || found->type == SOCK_DGRAM ? error
                                                  : sys_listen(found->number, options->backlog);
}

int miou_connect(miou_fd *fd, const struct sockaddr *address, socklen_t length)
{
    struct task *self;
    struct descriptor *found;
    int error = enter(&self, &found, fd);

    if (error < 0)
        return error;
    if (address == NULL)
        return -EINVAL;
    /* -EINPROGRESS: the second call finds it over already, if the peer is on this machine. */
    while ((error = sys_connect(found->number, address, length)) == -EINPROGRESS ||
           error == -EALREADY || error == -EAGAIN) {
        if (error == -EALREADY)
            error = wait(self, found, fd, WRITABLE);
        else if (error == -EAGAIN)
            error = wait_for_room(self, fd);
        else
            continue;
        if (error < 0)
            return error;
    }
    domain_charge(self->domain, self);
    return error;
}

/* ---- reading and writing ---- */

/* A read that waits until there is something, or the end. */
static ssize_t read_some(struct task *self, struct descriptor *from, const miou_fd *fd,
                         void *buffer, size_t size)
{
    /* After a read that came back short a stream was empty: wait first, which saves a call. */
    bool wait_first = atomic_load_explicit(&from->drained, memory_order_relaxed);
    ssize_t n;

    while ((n = wait_first ? -EAGAIN : sys_read(from->number, buffer, size)) == -EAGAIN) {
        if ((n = wait(self, from, fd, READABLE)) < 0)
            return n;
        wait_first = false;
    }
    if (from->may_drain)
        atomic_store_explicit(&from->drained, n > 0 && (size_t)n < size, memory_order_relaxed);
    return n;
}

/* What reading or writing requires of its arguments. */
static int enter_transfer(struct task **self, struct descriptor **found, const miou_fd *fd,
                          const void *buffer, size_t size)
{
    int error = enter(self, found, fd);

    return error == 0 && buffer == NULL && size > 0 ? -EINVAL : error;
}

ssize_t miou_read(miou_fd *fd, void *buffer, size_t size)
{
    struct task *self;
    struct descriptor *found;
    ssize_t n = enter_transfer(&self, &found, fd, buffer, size);

    if (n < 0 || size == 0)
        return n;
    n = read_some(self, found, fd, buffer, size);
    domain_charge(self->domain, self);
    return n;
}

ssize_t miou_read_exactly(miou_fd *fd, void *buffer, size_t size)
{
    struct task *self;
    struct descriptor *found;
    ssize_t n = enter_transfer(&self, &found, fd, buffer, size);
    size_t done = 0;

    if (n < 0)
        return n;
    for (; done < size; done += (size_t)n)
        if ((n = read_some(self, found, fd, (char *)buffer + done, size - done)) <= 0)
            return n < 0 ? n : MIOU_END_OF_FILE;
    domain_charge(self->domain, self);
    return (ssize_t)size;
}

ssize_t miou_write(miou_fd *fd, const void *buffer, size_t size)
{
    struct task *self;
    struct descriptor *found;
    ssize_t n = enter_transfer(&self, &found, fd, buffer, size);
    size_t sent = 0;

    if (n < 0)
        return n;
    while (sent < size) {
        const char *rest = (const char *)buffer + sent;

        n = found->type != 0 ? sys_send(found->number, rest, size - sent, NULL, 0)
                             : sys_write(found->number, rest, size - sent);
        if (n == -EAGAIN)
            n = wait(self, found, fd, WRITABLE);
        if (n < 0)
            return n;
        sent += (size_t)n;
    }
    domain_charge(self->domain, self);
    return (ssize_t)size;
}

/* ---- datagrams ---- */

ssize_t miou_recvfrom(miou_fd *fd, void *buffer, size_t size, struct sockaddr_storage *peer,
                      socklen_t *peer_length)
{
    struct task *self;
    struct descriptor *found;
    ssize_t n = enter_transfer(&self, &found, fd, buffer, size);

    if (n < 0)
        return n;
    if ((peer == NULL) != (peer_length == NULL))
        return -EINVAL;
    while ((n = sys_receive(found->number, buffer, size, peer, peer_length)) == -EAGAIN)
        if ((n = wait(self, found, fd, READABLE)) < 0)
            return n;
    domain_charge(self->domain, self);
    return n;
}

ssize_t miou_sendto(miou_fd *fd, const void *buffer, size_t size, const struct sockaddr *address,
                    socklen_t length)
{
    struct task *self;
    struct descriptor *found;
    ssize_t n = enter_transfer(&self, &found, fd, buffer, size);
    bool peer_is_full = false;

    if (n < 0)
        return n;
    if (address == NULL)
        length = 0;
    while ((n = sys_send(found->number, buffer, size, address, length)) == -EAGAIN) {
        /* If the socket is ready and yet refuses, it is a peer that it is not connected to. */
        n = peer_is_full ? wait_for_room(self, fd) : wait(self, found, fd, WRITABLE);
        if (n < 0)
            return n;
        peer_is_full = !peer_is_full;
    }
    domain_charge(self->domain, self);
    return n;
}

/* ---- the rest ---- */

int miou_close(miou_fd *fd)
{
    struct descriptor *found;
    int error;
    struct task *self = task_current(&error);

    if (self == NULL || (error = find(self, &found, fd)) < 0)
        return error;
    if (found->resource != NULL && self->domain->finalising)
        return MIOU_IN_FINALISER;
    if (!pool_retire(found, fd))
        return -EBADF; /* another domain's task was as quick */
    monitor_forget(&self->domain->monitor, found->number);
    error = sys_close(found->number);
    descriptor_end(self->domain, found);
    return error;
}

miou_resource *miou_fd_resource(miou_fd *fd)
{
    struct domain *domain = domain_self;
    struct descriptor *found;

    if (domain == NULL || (found = object_get(domain, POOL_DESCRIPTORS, fd)) == NULL)
        return NULL;
    return object_get(domain, POOL_RESOURCES, found->resource) != NULL ? found->resource : NULL;
}

int miou_fd_number(miou_fd *fd)
{
    struct descriptor *found;
    int error;
    struct task *self = task_current(&error);

    if (self == NULL)
        return error;
    error = find(self, &found, fd);
    return error < 0 ? error : found->number;
}
