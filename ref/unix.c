/* unix.c: sockets. A call is tried first; only when the system would make it wait, its task waits.
 */
#include "runtime.h"
#include "system.h"
#include "unix.h"

#include <errno.h>

static void finalise_descriptor(void *value)
{
    struct descriptor *descriptor = value;

    monitor_forget(&domain_self->monitor, descriptor->number);
    sys_close(descriptor->number);
    object_free(domain_self, POOL_DESCRIPTORS, descriptor);
}

/* A descriptor without a number yet, owned or not. */
static struct descriptor *descriptor_new(struct task *self, bool owned)
{
    struct descriptor *made = object_new(self->domain, POOL_DESCRIPTORS);

    if (made == NULL)
        return NULL;
    made->number = -1;
    made->drained = false;
    made->resource = NULL;
    if (owned) {
        struct resource *resource = resource_new(self, finalise_descriptor, made);

        if (resource == NULL) {
            object_free(self->domain, POOL_DESCRIPTORS, made);
            return NULL;
        }
        made->resource = pool_handle(resource);
    }
    return made;
}

static void descriptor_free(struct task *self, struct descriptor *descriptor)
{
    if (descriptor->resource != NULL)
        resource_end(object_get(self->domain, POOL_RESOURCES, descriptor->resource));
    object_free(self->domain, POOL_DESCRIPTORS, descriptor);
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

/* Wait until the descriptor may be ready. It may have been closed meanwhile: -EBADF. */
static int wait(struct task *self, struct descriptor *descriptor, const miou_fd *fd,
                enum direction direction)
{
    int error;

    if (!self->domain->run->has_io)
        return MIOU_NO_MONITOR;
    error = monitor_wait(&self->domain->monitor, descriptor->number, direction, self);
    return error < 0 ? error : find(self, &descriptor, fd);
}

/* ---- making sockets ---- */

static int tcp(miou_fd **fd, unsigned flags, int family)
{
    int error;
    struct task *self = task_self(&error);
    struct descriptor *made;

    if (self == NULL)
        return error;
    if (self->cancelled)
        return MIOU_CANCELLED;
    if (fd == NULL || (flags & ~(unsigned)MIOU_OWNED) != 0)
        return -EINVAL;
    if ((made = descriptor_new(self, flags & MIOU_OWNED)) == NULL)
        return -ENOMEM;
    if ((made->number = sys_socket(family, SOCK_STREAM)) < 0) {
        error = made->number;
        descriptor_free(self, made);
        return error;
    }
    *fd = pool_handle(made);
    return 0;
}

int miou_tcpv4(miou_fd **fd, unsigned flags)
{
    return tcp(fd, flags, AF_INET);
}

int miou_tcpv6(miou_fd **fd, unsigned flags)
{
    return tcp(fd, flags, AF_INET6);
}

int miou_bind_and_listen(miou_fd *fd, const struct sockaddr *address, socklen_t length,
                         const miou_listen *options)
{
    static const miou_listen plain;
    struct task *self;
    struct descriptor *found;
    int error = enter(&self, &found, fd);

    if (error < 0)
        return error;
    if (options == NULL)
        options = &plain;
    if (address == NULL || options->backlog < 0)
        return -EINVAL;
    return sys_listen(found->number, address, length, options->backlog, !options->no_reuse_addr,
                      !options->no_reuse_port);
}

int miou_accept(miou_fd **client, miou_fd *listener, struct sockaddr_storage *peer)
{
    struct task *self;
    struct descriptor *from, *made;
    int error = enter(&self, &from, listener), number;

    if (error < 0)
        return error;
    if (client == NULL)
        return -EINVAL;
    /* Made first, so that no connection is taken and lost for want of memory. */
    if ((made = descriptor_new(self, from->resource != NULL)) == NULL)
        return -ENOMEM;
    while ((number = sys_accept(from->number, peer)) == -EAGAIN)
        if ((number = wait(self, from, listener, READABLE)) < 0)
            break;
    if (number < 0) {
        descriptor_free(self, made);
        return number;
    }
    made->number = number;
    *client = pool_handle(made);
    domain_charge(self->domain, self);
    return 0;
}

/* ---- reading and writing ---- */

ssize_t miou_read(miou_fd *fd, void *buffer, size_t size)
{
    struct task *self;
    struct descriptor *found;
    ssize_t n = enter(&self, &found, fd);

    if (n < 0)
        return n;
    if (buffer == NULL && size > 0)
        return -EINVAL;
    if (size == 0)
        return 0;
    /* After a read that came back short the stream was empty: wait first, which saves a call. */
    while ((n = found->drained ? -EAGAIN : sys_read(found->number, buffer, size)) == -EAGAIN) {
        if ((n = wait(self, found, fd, READABLE)) < 0)
            return n;
        found->drained = false;
    }
    found->drained = n > 0 && (size_t)n < size && self->domain->run->has_io;
    domain_charge(self->domain, self);
    return n;
}

ssize_t miou_write(miou_fd *fd, const void *buffer, size_t size)
{
    struct task *self;
    struct descriptor *found;
    ssize_t n = enter(&self, &found, fd);
    size_t sent = 0;

    if (n < 0)
        return n;
    if (buffer == NULL && size > 0)
        return -EINVAL;
    while (sent < size) {
        n = sys_write(found->number, (const char *)buffer + sent, size - sent);
        if (n == -EAGAIN)
            n = wait(self, found, fd, WRITABLE);
        if (n < 0)
            return n;
        sent += (size_t)n;
    }
    domain_charge(self->domain, self);
    return (ssize_t)size;
}

int miou_close(miou_fd *fd)
{
    struct domain *domain = domain_self;
    struct descriptor *found;
    int error;

    if (domain == NULL || domain->current == NULL)
        return MIOU_NOT_RUNNING;
    if ((error = find(domain->current, &found, fd)) < 0)
        return error;
    if (found->resource != NULL && domain->finalising)
        return MIOU_IN_FINALISER;
    monitor_forget(&domain->monitor, found->number);
    error = sys_close(found->number);
    descriptor_free(domain->current, found);
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
    struct domain *domain = domain_self;
    struct descriptor *found;
    int error;

    if (domain == NULL || domain->current == NULL)
        return MIOU_NOT_RUNNING;
    error = find(domain->current, &found, fd);
    return error < 0 ? error : found->number;
}
