/* epoll.c: asks epoll(7) which descriptors are ready. A descriptor is registered when a task first
 * waits for it, and stays so until it is closed: waiting again takes no call of the system.
 *
 * Epoll reports that a descriptor has become ready (EPOLLET), not that it still is. So all tasks
 * that wait for it are woken, to try; if none does, the report is kept for the next one. A call
 * that has to wait again has the state reported anew. A call that waits without having tried,
 * because the last read was short, relies on a report of what came later; but the end of the
 * stream, or an error, may have been reported together with the last bytes, so after that none
 * waits untried.
 *
 * Several descriptors have one number one after another, so a registration says whose it is; a
 * number that is not the runtime's is registered anew for each wait. A registration outlives its
 * descriptor if the file has been duplicated; what is reported then only makes a task try in vain.
 */
#include "monitor.h"
#include "system.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

enum {
    EVENTS = 256, /* that are taken at a time */
    AHEAD = 8     /* of them whose tasks are fetched into the cache */
};

struct registration {
    const void *fd;   /* the descriptor that is registered; NULL: none */
    uint8_t interest; /* the directions asked for */
    uint8_t ready;    /* those reported while no task waited */
    bool ended;       /* an end or an error has been reported */
};

static uint8_t bit(enum direction direction)
{
    return (uint8_t)(1 << direction);
}

static size_t size(int capacity)
{
    return (size_t)capacity * sizeof(struct registration);
}

static int grow(struct monitor *monitor, int capacity)
{
    struct registration *registered = sys_map(size(capacity));

    if (registered == NULL)
        return -ENOMEM;
    if (monitor->capacity > 0) {
        memcpy(registered, monitor->registered, size(monitor->capacity));
        sys_unmap(monitor->registered, size(monitor->capacity));
    }
    monitor->registered = registered;
    return 0;
}

/* The bell is never cleared: each ring is reported, and no task waits for it. */
static int begin(struct monitor *monitor)
{
    if ((monitor->epoll = sys_epoll_create()) < 0)
        return monitor->epoll;
    return sys_epoll_control(monitor->epoll, EPOLL_CTL_ADD, monitor->bell, EPOLLIN | EPOLLET);
}

static void end(struct monitor *monitor)
{
    if (monitor->epoll >= 0)
        sys_close(monitor->epoll);
    sys_unmap(monitor->registered, size(monitor->capacity));
}

/* ---- registering ---- */

static uint32_t events_of(const struct registration *r)
{
    return EPOLLET | (r->interest & bit(READABLE) ? EPOLLIN | EPOLLRDHUP : 0) |
           (r->interest & bit(WRITABLE) ? EPOLLOUT : 0);
}

/* Register the number, or change its registration. It may be registered although we do not know,
 * by another descriptor with the same number; or not any more, if the application has closed it. */
static int set(struct monitor *monitor, int number, const struct registration *r, bool known)
{
    int operation = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int error = sys_epoll_control(monitor->epoll, operation, number, events_of(r));

    if (error == -ENOENT || error == -EEXIST)
        error = sys_epoll_control(monitor->epoll, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, number,
                                  events_of(r));
    return error;
}

static int want(struct monitor *monitor, int number, const void *fd, enum direction direction,
                bool again)
{
    struct registration *r = &monitor->registered[number];
    bool known = fd != NULL && r->fd == fd, untried;
    int error;

    if (!known) /* tasks that wait for another descriptor of this number go on waiting */
        *r =
            (struct registration){.fd = fd, .interest = monitor->waiters[number] ? r->interest : 0};
    untried = r->ended || r->ready & bit(direction);
    r->ready &= (uint8_t)~bit(direction);
    if (!again && (untried || r->interest & bit(direction)))
        return untried;
    r->interest |= bit(direction);
    if ((error = set(monitor, number, r, known || fd == NULL)) < 0)
        r->fd = NULL;
    return error;
}

static void unwant(struct monitor *monitor, int number, enum direction direction)
{
    (void)monitor, (void)number, (void)direction; /* what is reported then is kept */
}

/* A number that can be registered was not: it is closed, or another file's. */
static bool is_gone(struct monitor *monitor, int number)
{
    return sys_epoll_control(monitor->epoll, EPOLL_CTL_ADD, number,
                             events_of(&monitor->registered[number])) != -EEXIST;
}

/* ---- waking ---- */

static void take_report(struct monitor *monitor, const struct epoll_event *event)
{
    static const uint32_t any = EPOLLHUP | EPOLLERR;
    static const uint32_t meanings[] = {
        [READABLE] = EPOLLIN | EPOLLRDHUP | any, [WRITABLE] = EPOLLOUT | any};
    int number = event->data.fd;
    struct registration *r = &monitor->registered[number];

    for (enum direction d = READABLE; d <= WRITABLE; d++)
        if (event->events & meanings[d] && !monitor_wake_all(monitor, number, d))
            r->ready |= bit(d);
    r->ended |= (event->events & (EPOLLRDHUP | any)) != 0;
}

static int ask(struct monitor *monitor, int64_t nanoseconds)
{
    struct epoll_event events[EVENTS];
    bool may_close = monitor->waiting > 0;
    int found = sys_epoll_wait(monitor->epoll, events, EVENTS, nanoseconds, &may_close);

    for (int i = 0; i < found; i++) {
        if (i + AHEAD < found) /* stacks that have not been touched for long */
            __builtin_prefetch(monitor->waiters[events[i + AHEAD].data.fd]);
        take_report(monitor, &events[i]);
    }
    return may_close && found >= 0 ? -EBADF : found;
}

const struct poller epoll_poller = {.begin = begin,
                                    .end = end,
                                    .grow = grow,
                                    .want = want,
                                    .unwant = unwant,
                                    .is_gone = is_gone,
                                    .ask = ask};
