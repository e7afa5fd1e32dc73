/* refused_calls: every call of the headers, with right and with wrong arguments. */
#include "refused_calls.h"

#include "sockets.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- what the calls are made with ---- */

static atomic_int called; /* by any of the functions that the calls are given */

static int count_call(void *arg)
{
    (void)arg;
    return called++;
}

static int count_finally(void *arg, int cancelled)
{
    (void)arg;
    (void)cancelled;
    return called++;
}

static void count_tell(void *arg)
{
    (void)arg;
    called++;
}

static void count_signal(int number, void *arg)
{
    (void)number;
    (void)arg;
    called++;
}

static int return_from_hook(void *arg)
{
    (void)arg;
    return 0;
}

static void finalise_nothing(void *value)
{
    (void)value;
}

static int create_task_objects(struct objects *t)
{
    TRY(miou_orphans_create(&t->orphans));
    TRY(miou_resource_create(&t->unowned, finalise_nothing, NULL));
    TRY(miou_resource_create(&t->owned, finalise_nothing, NULL));
    TRY(miou_own(t->owned));
    TRY(miou_async(&t->child, NULL, return_0, NULL));
    return miou_await(t->child, NULL);
}

static int create_sync_objects(struct objects *t)
{
    TRY(miou_mutex_create(&t->mutex));
    TRY(miou_condition_create(&t->condition));
    TRY(miou_lazy_create(&t->lazy, count_call, NULL));
    TRY(miou_trigger_create(&t->trigger));
    return miou_computation_create(&t->computation);
}

int objects_create(struct objects *objects, enum call_group group)
{
    switch (group) {
    case TASK_CALLS:
    case COMBINATOR_CALLS:
        return create_task_objects(objects);
    case MONITOR_CALLS:
        return miou_syscall_create(&objects->point);
    case HOOK_CALLS:
        return miou_hook_add(&objects->hook, return_from_hook, NULL);
    case DESCRIPTOR_CALLS:
    case SERVER_CALLS:
        TRY(listen_on(&objects->listener, 0, 0));
        return miou_tcpv4(&objects->fd, 0);
    case SYNC_CALLS:
        return create_sync_objects(objects);
    default:
        return 0;
    }
}

int objects_disown(const struct objects *objects)
{
    return objects->owned ? miou_disown(objects->owned) : 0;
}

/* ---- the calls ---- */

/* Return what is wrong with a call that does not return the error. */
#define MUST_REFUSE(kind, call)                                                                    \
    do {                                                                                           \
        long long code_ = (kinds & (kind)) ? (long long)(call) : error;                            \
        if (code_ != error)                                                                        \
            return other_code(#call, "", error, code_);                                            \
    } while (0)

static const char *first_of_spawns(enum call_kind kinds, int error, const struct objects *with)
{
    miou_promise *promise = NULL;
    int outcome = 11, wrong = 99, negative = -1;
    void *args[1] = {NULL};

    MUST_REFUSE(SUSPENDING, miou_async(&promise, NULL, count_call, NULL));
    MUST_REFUSE(SUSPENDING, miou_async(NULL, NULL, NULL, NULL));
    MUST_REFUSE(SUSPENDING, miou_async(NULL, NULL, count_call, NULL));
    MUST_REFUSE(SUSPENDING, miou_async(&promise, &(miou_spawn){.pin = &wrong}, count_call, NULL));
    MUST_REFUSE(SUSPENDING,
                miou_async(&promise, &(miou_spawn){.orphans = with->orphans}, count_call, NULL));
    MUST_REFUSE(SUSPENDING,
                miou_async(&promise, &(miou_spawn){MIOU_GIVE(with->unowned)}, count_call, NULL));
    MUST_REFUSE(SUSPENDING, miou_call(&promise, NULL, count_call, NULL));
    MUST_REFUSE(SUSPENDING, miou_call(NULL, NULL, NULL, NULL));
    MUST_REFUSE(SUSPENDING, miou_call(&promise, NULL, NULL, NULL));
    MUST_REFUSE(SUSPENDING, miou_call(&promise, &(miou_spawn){.pin = &wrong}, count_call, NULL));
    MUST_REFUSE(SUSPENDING, miou_call(&promise, &(miou_spawn){.pin = &negative}, count_call, NULL));
    MUST_REFUSE(SUSPENDING, miou_parallel(&outcome, count_call, args, 1));
    MUST_REFUSE(SUSPENDING, miou_parallel(NULL, count_call, NULL, 0));
    MUST_REFUSE(SUSPENDING, miou_parallel(NULL, count_call, NULL, 1));
    MUST_REFUSE(SUSPENDING, miou_parallel(&outcome, NULL, args, 1));
    return promise || outcome != 11 ? "spawning has written to an argument" : NULL;
}

static const char *first_of_children(enum call_kind kinds, int error, const struct objects *with)
{
    miou_promise *promise = NULL;
    miou_orphans *orphans = NULL;
    int outcome = 11;

    MUST_REFUSE(SUSPENDING, miou_yield());
    MUST_REFUSE(SUSPENDING, miou_await(with->child, &outcome));
    MUST_REFUSE(SUSPENDING, miou_await(NULL, &outcome));
    MUST_REFUSE(SUSPENDING, miou_cancel(with->child));
    MUST_REFUSE(SUSPENDING, miou_cancel(NULL));
    MUST_REFUSE(SUSPENDING, miou_care(&promise, with->orphans));
    MUST_REFUSE(SUSPENDING, miou_care(NULL, with->orphans));
    MUST_REFUSE(SUSPENDING, miou_care(&promise, NULL));
    MUST_REFUSE(OWNING, miou_orphans_create(&orphans));
    MUST_REFUSE(OWNING, miou_orphans_create(NULL));
    MUST_REFUSE(OTHER, miou_orphans_free(with->orphans));
    MUST_REFUSE(OTHER, miou_orphans_free(NULL));
    MUST_REFUSE(OTHER, miou_promise_free(with->child));
    MUST_REFUSE(OTHER, miou_promise_free(NULL));
    return promise || orphans || outcome != 11 ? "a call on children has written to an argument"
                                               : NULL;
}

static const char *first_of_resources(enum call_kind kinds, int error, const struct objects *with)
{
    miou_resource *resource = NULL;
    int ids[2] = {12, 12};

    MUST_REFUSE(OWNING, miou_resource_create(&resource, finalise_nothing, NULL));
    MUST_REFUSE(OWNING, miou_resource_create(&resource, NULL, NULL));
    MUST_REFUSE(OWNING, miou_resource_create(NULL, NULL, NULL));
    MUST_REFUSE(OWNING, miou_own(with->unowned));
    MUST_REFUSE(OWNING, miou_own(with->owned));
    MUST_REFUSE(OWNING, miou_own(NULL));
    MUST_REFUSE(OWNING, miou_disown(with->owned));
    MUST_REFUSE(OWNING, miou_disown(with->unowned));
    MUST_REFUSE(OWNING, miou_disown(NULL));
    MUST_REFUSE(OWNING, miou_release(with->owned));
    MUST_REFUSE(OWNING, miou_release(with->unowned));
    MUST_REFUSE(OWNING, miou_release(NULL));
    MUST_REFUSE(OWNING, miou_transfer(with->owned));
    MUST_REFUSE(OWNING, miou_transfer(with->unowned));
    MUST_REFUSE(OWNING, miou_transfer(NULL));
    MUST_REFUSE(OTHER, miou_check(with->owned));
    MUST_REFUSE(OTHER, miou_check(NULL));
    MUST_REFUSE(OTHER, miou_domain_self());
    MUST_REFUSE(OTHER, miou_domain_available());
    MUST_REFUSE(OTHER, miou_domain_all(ids, 2));
    MUST_REFUSE(OTHER, miou_domain_all(NULL, 2));
    return resource || ids[0] != 12 || ids[1] != 12 ? "a call on resources or domains has written "
                                                      "to an argument"
                                                    : NULL;
}

static const char *first_of_tasks(enum call_kind kinds, int error, const struct objects *with)
{
    const char *accepted = first_of_spawns(kinds, error, with);

    if (!accepted)
        accepted = first_of_children(kinds, error, with);
    return accepted ? accepted : first_of_resources(kinds, error, with);
}

static const char *first_of_combinators(enum call_kind kinds, int error, const struct objects *with)
{
    miou_promise *const none = NULL;
    miou_promise *promise = NULL;
    uint64_t id = 7;
    size_t which = 7;
    int outcome = 7;

    MUST_REFUSE(SUSPENDING, miou_await_all(&outcome, &with->child, 1));
    MUST_REFUSE(SUSPENDING, miou_await_all(&outcome, &none, 1));
    MUST_REFUSE(SUSPENDING, miou_await_all(&outcome, NULL, 1));
    MUST_REFUSE(SUSPENDING, miou_await_all(NULL, NULL, 0));
    MUST_REFUSE(SUSPENDING, miou_await_one(&which, &outcome, &with->child, 1));
    MUST_REFUSE(SUSPENDING, miou_await_one(&which, &outcome, &none, 1));
    MUST_REFUSE(SUSPENDING, miou_await_one(&which, &outcome, NULL, 1));
    MUST_REFUSE(SUSPENDING, miou_await_one(NULL, NULL, NULL, 0));
    MUST_REFUSE(SUSPENDING, miou_await_first(&which, &outcome, &with->child, 1));
    MUST_REFUSE(SUSPENDING, miou_await_first(&which, &outcome, &none, 1));
    MUST_REFUSE(SUSPENDING, miou_await_first(&which, &outcome, NULL, 1));
    MUST_REFUSE(SUSPENDING, miou_await_first(NULL, NULL, NULL, 0));
    MUST_REFUSE(SUSPENDING, miou_orphans_take(&promise, with->orphans));
    MUST_REFUSE(SUSPENDING, miou_orphans_take(NULL, with->orphans));
    MUST_REFUSE(SUSPENDING, miou_orphans_take(&promise, NULL));
    MUST_REFUSE(SUSPENDING, miou_orphans_get(&outcome, with->orphans));
    MUST_REFUSE(SUSPENDING, miou_orphans_get(&outcome, NULL));
    MUST_REFUSE(OTHER, miou_orphans_length(with->orphans));
    MUST_REFUSE(OTHER, miou_orphans_length(NULL));
    MUST_REFUSE(SUSPENDING, miou_protect(count_call, NULL, count_finally, count_call));
    MUST_REFUSE(SUSPENDING, miou_protect(NULL, NULL, count_finally, count_call));
    MUST_REFUSE(SUSPENDING, miou_protect(count_call, NULL, NULL, count_call));
    MUST_REFUSE(OTHER, miou_promise_state(with->child));
    MUST_REFUSE(OTHER, miou_promise_state(NULL));
    MUST_REFUSE(OTHER, miou_promise_id(&id, with->child));
    MUST_REFUSE(OTHER, miou_promise_id(NULL, with->child));
    MUST_REFUSE(OTHER, miou_promise_id(&id, NULL));
    return promise || id != 7 || which != 7 || outcome != 7
               ? "a combinator has written to an argument"
               : NULL;
}

static const char *first_of_monitors(enum call_kind kinds, int error, const struct objects *with)
{
    miou_syscall *point = NULL;

    MUST_REFUSE(SUSPENDING, miou_suspend(with->point, count_tell, NULL));
    MUST_REFUSE(SUSPENDING, miou_suspend(NULL, count_tell, NULL));
    MUST_REFUSE(OWNING, miou_syscall_create(&point));
    MUST_REFUSE(OWNING, miou_syscall_create(NULL));
    MUST_REFUSE(OTHER, miou_signal(with->point));
    MUST_REFUSE(OTHER, miou_signal(NULL));
    return point ? "miou_syscall_create has written to an argument" : NULL;
}

static const char *first_of_hooks(enum call_kind kinds, int error, const struct objects *with)
{
    miou_hook *hook = NULL;

    MUST_REFUSE(OWNING, miou_hook_add(&hook, count_call, NULL));
    MUST_REFUSE(OWNING, miou_hook_add(&hook, NULL, NULL));
    MUST_REFUSE(OWNING, miou_hook_add(NULL, count_call, NULL));
    MUST_REFUSE(OWNING, miou_hook_remove(with->hook));
    MUST_REFUSE(OWNING, miou_hook_remove(NULL));
    return hook ? "miou_hook_add has written to an argument" : NULL;
}

static const char *first_of_sleeps(enum call_kind kinds, int error, const struct objects *with)
{
    (void)with;
    MUST_REFUSE(SUSPENDING, miou_sleep(1));
    MUST_REFUSE(SUSPENDING, miou_sleep(0));
    MUST_REFUSE(SUSPENDING, miou_sleep(-1));
    MUST_REFUSE(SUSPENDING, miou_sleep(INT64_MAX));
    return NULL;
}

static const char *first_of_signals(enum call_kind kinds, int error, const struct objects *with)
{
    struct sigaction before, after; /* the runtime may use the signal for itself [R12.8] */

    (void)with;
    if (sigaction(SIGUSR1, NULL, &before) != 0)
        return "sigaction";
    MUST_REFUSE(OWNING, miou_signal_handle(SIGUSR1, count_signal, NULL));
    MUST_REFUSE(OWNING, miou_signal_handle(SIGUSR1, MIOU_SIGNAL_IGNORE, NULL));
    MUST_REFUSE(OWNING, miou_signal_handle(SIGUSR1, MIOU_SIGNAL_DEFAULT, NULL));
    MUST_REFUSE(OWNING, miou_signal_handle(0, count_signal, NULL));
    MUST_REFUSE(OWNING, miou_signal_handle(-1, count_signal, NULL));
    MUST_REFUSE(OWNING, miou_signal_handle(SIGKILL, count_signal, NULL));
    return sigaction(SIGUSR1, NULL, &after) != 0 || after.sa_handler != before.sa_handler
               ? "miou_signal_handle has changed what a signal does"
               : NULL;
}

static const char *first_of_makers(enum call_kind kinds, int error)
{
    miou_fd *fd = NULL;
    int number = -1;

    MUST_REFUSE(SUSPENDING, miou_tcpv4(&fd, 0));
    MUST_REFUSE(SUSPENDING, miou_tcpv4(NULL, 0));
    MUST_REFUSE(SUSPENDING, miou_tcpv4(&fd, ~0u));
    MUST_REFUSE(SUSPENDING, miou_tcpv6(&fd, MIOU_OWNED));
    MUST_REFUSE(SUSPENDING, miou_tcpv6(NULL, ~0u));
    MUST_REFUSE(SUSPENDING, miou_udpv4(&fd, 0));
    MUST_REFUSE(SUSPENDING, miou_udpv4(&fd, MIOU_BLOCKING));
    MUST_REFUSE(SUSPENDING, miou_udpv6(&fd, MIOU_OWNED));
    MUST_REFUSE(SUSPENDING, miou_udpv6(NULL, 0));
    MUST_REFUSE(SUSPENDING, miou_unix_socket(&fd, 0));
    MUST_REFUSE(SUSPENDING, miou_unix_socket(NULL, 0));
    MUST_REFUSE(SUSPENDING, miou_fd_adopt(&fd, STDERR_FILENO, 0));
    MUST_REFUSE(SUSPENDING, miou_fd_adopt(&fd, number, 0));
    MUST_REFUSE(SUSPENDING, miou_fd_adopt(NULL, number, ~0u));
    return fd ? "a call that makes a descriptor has written to an argument" : NULL;
}

static const char *first_of_transfers(enum call_kind kinds, int error, miou_fd *fd)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t length = 99;
    char byte = 'x';

    MUST_REFUSE(SUSPENDING, miou_read(fd, &byte, 1));
    MUST_REFUSE(SUSPENDING, miou_read(fd, &byte, 0));
    MUST_REFUSE(SUSPENDING, miou_read(fd, NULL, 1));
    MUST_REFUSE(SUSPENDING, miou_read_exactly(fd, &byte, 1));
    MUST_REFUSE(SUSPENDING, miou_read_exactly(fd, &byte, 0));
    MUST_REFUSE(SUSPENDING, miou_read_exactly(fd, NULL, 1));
    MUST_REFUSE(SUSPENDING, miou_write(fd, &byte, 1));
    MUST_REFUSE(SUSPENDING, miou_write(fd, &byte, 0));
    MUST_REFUSE(SUSPENDING, miou_write(fd, NULL, 1));
    MUST_REFUSE(SUSPENDING, miou_recvfrom(fd, &byte, 1, &peer, &length));
    MUST_REFUSE(SUSPENDING, miou_recvfrom(fd, &byte, 1, &peer, NULL));
    MUST_REFUSE(SUSPENDING, miou_recvfrom(fd, NULL, 1, NULL, NULL));
    MUST_REFUSE(SUSPENDING, miou_sendto(fd, &byte, 1, NULL, 0));
    MUST_REFUSE(SUSPENDING, miou_sendto(fd, NULL, 1, NULL, 0));
    return byte != 'x' || length != 99 || peer.ss_family != AF_UNSPEC
               ? "a call that reads has written to an argument"
               : NULL;
}

static const char *first_of_connections(enum call_kind kinds, int error, const struct objects *with)
{
    struct sockaddr_in address = loopback(0);
    struct sockaddr *place = (struct sockaddr *)&address;
    miou_fd *fd = NULL;

    MUST_REFUSE(SUSPENDING, miou_accept(&fd, with->listener, NULL));
    MUST_REFUSE(SUSPENDING, miou_accept(NULL, with->listener, NULL));
    MUST_REFUSE(SUSPENDING, miou_accept(&fd, NULL, NULL));
    MUST_REFUSE(SUSPENDING, miou_connect(with->fd, place, sizeof address));
    MUST_REFUSE(SUSPENDING, miou_connect(with->fd, NULL, sizeof address));
    MUST_REFUSE(SUSPENDING, miou_connect(NULL, place, sizeof address));
    MUST_REFUSE(OTHER, miou_bind_and_listen(with->fd, place, sizeof address, NULL));
    MUST_REFUSE(OTHER, miou_bind_and_listen(NULL, NULL, 0, NULL));
    MUST_REFUSE(OTHER, miou_fd_number(with->fd));
    MUST_REFUSE(OTHER, miou_fd_number(NULL));
    MUST_REFUSE(OTHER, miou_close(with->fd));
    MUST_REFUSE(OTHER, miou_close(NULL));
    if ((kinds & OTHER) && (miou_fd_resource(with->fd) || miou_fd_resource(NULL)))
        return "miou_fd_resource(with->fd)";
    return fd ? "miou_accept has written to an argument" : NULL;
}

static const char *first_of_descriptors(enum call_kind kinds, int error, const struct objects *with)
{
    const char *accepted = first_of_makers(kinds, error);

    if (!accepted)
        accepted = first_of_transfers(kinds, error, with->fd);
    if (!accepted)
        accepted = first_of_transfers(kinds, error, NULL);
    return accepted ? accepted : first_of_connections(kinds, error, with);
}

static const char *first_of_sync_waits(enum call_kind kinds, int error, const struct objects *with)
{
    int outcome = 7;

    MUST_REFUSE(SUSPENDING, miou_mutex_lock(with->mutex));
    MUST_REFUSE(SUSPENDING, miou_mutex_lock(NULL));
    MUST_REFUSE(SUSPENDING, miou_mutex_try_lock(with->mutex));
    MUST_REFUSE(SUSPENDING, miou_mutex_try_lock(NULL));
    MUST_REFUSE(SUSPENDING, miou_mutex_protect(with->mutex, count_call, NULL));
    MUST_REFUSE(SUSPENDING, miou_mutex_protect(with->mutex, NULL, NULL));
    MUST_REFUSE(SUSPENDING, miou_mutex_protect(NULL, count_call, NULL));
    MUST_REFUSE(SUSPENDING, miou_condition_wait(with->condition, with->mutex));
    MUST_REFUSE(SUSPENDING, miou_condition_wait(NULL, with->mutex));
    MUST_REFUSE(SUSPENDING, miou_condition_wait(with->condition, NULL));
    MUST_REFUSE(SUSPENDING, miou_lazy_force(with->lazy, &outcome));
    MUST_REFUSE(SUSPENDING, miou_lazy_force(NULL, &outcome));
    MUST_REFUSE(SUSPENDING, miou_trigger_await(with->trigger));
    MUST_REFUSE(SUSPENDING, miou_trigger_await(NULL));
    MUST_REFUSE(SUSPENDING, miou_computation_await(with->computation, &outcome));
    MUST_REFUSE(SUSPENDING, miou_computation_await(NULL, &outcome));
    return outcome != 7 ? "a call of chapter 9 has written to an argument" : NULL;
}

static const char *first_of_sync_makers(enum call_kind kinds, int error, const struct objects *with)
{
    struct objects out = {0};

    MUST_REFUSE(OWNING, miou_mutex_create(&out.mutex));
    MUST_REFUSE(OWNING, miou_mutex_create(NULL));
    MUST_REFUSE(OWNING, miou_condition_create(&out.condition));
    MUST_REFUSE(OWNING, miou_condition_create(NULL));
    MUST_REFUSE(OWNING, miou_lazy_create(&out.lazy, count_call, NULL));
    MUST_REFUSE(OWNING, miou_lazy_create(&out.lazy, NULL, NULL));
    MUST_REFUSE(OWNING, miou_lazy_from_value(&out.lazy, 1));
    MUST_REFUSE(OWNING, miou_lazy_from_value(NULL, 1));
    MUST_REFUSE(OWNING, miou_trigger_create(&out.trigger));
    MUST_REFUSE(OWNING, miou_trigger_create(NULL));
    MUST_REFUSE(OWNING, miou_computation_create(&out.computation));
    MUST_REFUSE(OWNING, miou_computation_create(NULL));
    MUST_REFUSE(OWNING,
                miou_computation_canceller(&out.trigger, with->computation, with->computation));
    MUST_REFUSE(OWNING, miou_computation_canceller(&out.trigger, NULL, NULL));
    MUST_REFUSE(OWNING, miou_computation_canceller(NULL, NULL, NULL));
    return memcmp(&out, &(struct objects){0}, sizeof out) != 0
               ? "a call of chapter 9 that creates has written to an argument"
               : NULL;
}

static const char *first_of_sync(enum call_kind kinds, int error, const struct objects *with)
{
    const char *accepted = first_of_sync_waits(kinds, error, with);

    return accepted ? accepted : first_of_sync_makers(kinds, error, with);
}

static const char *first_of_server(enum call_kind kinds, int error, const struct objects *with)
{
    miou_fd *writer = NULL;
    int value = 7;
    socklen_t length = sizeof value;

    MUST_REFUSE(SUSPENDING | NEEDS_MONITOR, miou_deadline(1, count_call, NULL));
    MUST_REFUSE(SUSPENDING | NEEDS_MONITOR, miou_deadline(0, count_call, NULL));
    MUST_REFUSE(SUSPENDING, miou_deadline(INT64_MAX, NULL, NULL));
    MUST_REFUSE(SUSPENDING | NEEDS_MONITOR, miou_wait_readable(STDERR_FILENO));
    MUST_REFUSE(SUSPENDING, miou_wait_readable(-1));
    MUST_REFUSE(SUSPENDING | NEEDS_MONITOR, miou_wait_writable(STDERR_FILENO));
    MUST_REFUSE(SUSPENDING, miou_wait_writable(-1));
    MUST_REFUSE(SUSPENDING | NEEDS_MONITOR, miou_blocking(count_call, NULL));
    MUST_REFUSE(SUSPENDING, miou_blocking(NULL, NULL));
    MUST_REFUSE(SUSPENDING, miou_fd_split(&writer, with->fd));
    MUST_REFUSE(SUSPENDING, miou_fd_split(NULL, NULL));
    MUST_REFUSE(SUSPENDING, miou_writev(with->fd, &(struct iovec){0}, 1));
    MUST_REFUSE(SUSPENDING, miou_writev(NULL, NULL, -1));
    MUST_REFUSE(SUSPENDING, miou_accept4(&writer, with->listener, NULL, 0));
    MUST_REFUSE(SUSPENDING, miou_accept4(NULL, NULL, NULL, -1));
    MUST_REFUSE(SUSPENDING, miou_setsockopt(with->fd, SOL_SOCKET, SO_TYPE, &value, length));
    MUST_REFUSE(SUSPENDING, miou_setsockopt(NULL, 0, 0, NULL, 0));
    MUST_REFUSE(SUSPENDING, miou_getsockopt(with->fd, SOL_SOCKET, SO_TYPE, &value, &length));
    MUST_REFUSE(SUSPENDING, miou_getsockopt(NULL, 0, 0, NULL, NULL));
    return writer || value != 7 ? "a call of chapter 14 has written to an argument" : NULL;
}

typedef const char *calls(enum call_kind kinds, int error, const struct objects *with);

static calls *const groups[] = {
    [TASK_CALLS] = first_of_tasks,
    [COMBINATOR_CALLS] = first_of_combinators,
    [MONITOR_CALLS] = first_of_monitors,
    [HOOK_CALLS] = first_of_hooks,
    [SLEEP_CALLS] = first_of_sleeps,
    [SIGNAL_CALLS] = first_of_signals,
    [DESCRIPTOR_CALLS] = first_of_descriptors,
    [SYNC_CALLS] = first_of_sync,
    [SERVER_CALLS] = first_of_server,
};

const char *first_accepted(enum call_group group, enum call_kind kinds, int error,
                           const struct objects *with)
{
    int before = called;
    const char *accepted = groups[group](kinds, error, with);

    return !accepted && called != before ? "a call has called one of its functions" : accepted;
}

void(assert_all_refused)(const char *accepted)
{
    if (accepted)
        fail_with("%s", accepted);
}

/* ---- where they are refused ---- */

struct refusal {
    enum call_group group;
    spawner *spawn;
    int (*child)(struct refusal *t);
    struct objects own, others; /* of the task that calls, and of its parent */
    const char *accepted;       /* the first call, of all that were tried */
    atomic_int tried;           /* how often all of them were */
    atomic_bool begun;
    int turns, turns_meanwhile; /* of another task of the domain, and those during the calls */
};

static void try_calls(struct refusal *t, enum call_kind kinds, int error)
{
    const struct objects none = {0}, *const with[] = {&t->own, &t->others, &none};
    size_t i;

    for (i = 0; i < sizeof with / sizeof *with && !t->accepted; i++)
        t->accepted = first_accepted(t->group, kinds, error, with[i]);
    t->tried++;
}

static void try_in_finaliser(void *value)
{
    try_calls(value, SUSPENDING_OR_OWNING, MIOU_IN_FINALISER);
}

static int own_finaliser(struct refusal *t, miou_resource **resource)
{
    TRY(miou_resource_create(resource, try_in_finaliser, t));
    return miou_own(*resource);
}

static int wait_until_cancelled(struct refusal *t)
{
    atomic_store(&t->begun, true);
    while (miou_yield() != MIOU_CANCELLED)
        ;
    return 0;
}

static int finalise_twice(struct refusal *t)
{
    miou_resource *released, *left;

    TRY(own_finaliser(t, &released));
    TRY(miou_release(released));
    TRY(own_finaliser(t, &left));
    return wait_until_cancelled(t);
}

static int protected_wait(void *arg)
{
    return wait_until_cancelled(arg);
}

static int finally_nothing(void *arg, int cancelled)
{
    (void)arg;
    (void)cancelled;
    return 0;
}

static int try_on_cancellation(void *arg)
{
    try_in_finaliser(arg);
    return 0;
}

static int protect_once(struct refusal *t)
{
    return miou_protect(protected_wait, t, finally_nothing, try_on_cancellation);
}

static void try_in_action(miou_trigger *trigger, void *arg)
{
    (void)trigger;
    try_in_finaliser(arg);
}

static int signal_once(struct refusal *t)
{
    miou_trigger *trigger;

    TRY(miou_trigger_create(&trigger));
    TRY(miou_trigger_on_signal(trigger, try_in_action, t));
    TRY(miou_trigger_signal(trigger));
    return wait_until_cancelled(t);
}

static int call_once_cancelled(struct refusal *t)
{
    int turns;

    TRY(wait_until_cancelled(t));
    turns = t->turns;
    try_calls(t, SUSPENDING, MIOU_CANCELLED);
    t->turns_meanwhile = t->turns - turns;
    return 0;
}

static int count_turns(void *arg)
{
    struct refusal *t = arg;

    while (miou_yield() == 0)
        t->turns++;
    return 0;
}

static int run_child(void *arg)
{
    struct refusal *t = arg;
    int error = objects_create(&t->own, t->group);

    if (error == 0)
        error = t->child(t);
    atomic_store(&t->begun, true); /* so that main does not wait for ever */
    return error;
}

static int cancel_child(void *arg)
{
    struct refusal *t = arg;
    miou_promise *promise, *counter;

    TRY(objects_create(&t->others, t->group));
    TRY(t->spawn(&promise, NULL, run_child, t));
    TRY(t->spawn(&counter, NULL, count_turns, t));
    TRY(yield_until(&t->begun));
    TRY(miou_cancel(promise));
    TRY(miou_cancel(counter));
    return objects_disown(&t->others);
}

static void assert_refused(enum call_group group, check_runner *run,
                           int (*child)(struct refusal *t), int times)
{
    spawner *const spawners[] = {miou_async, miou_call};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct refusal t = {.group = group, .spawn = spawners[i], .child = child};

        expect_code(run_by(run, &(miou_options){.domains = 1}, cancel_child, &t), 0);
        assert_all_refused(t.accepted);
        expect_number(t.tried, times);
        expect_number(t.turns_meanwhile, 0);
    }
}
#define assert_refused(...) IN_HELPER(assert_refused, (__VA_ARGS__), #__VA_ARGS__)

void(assert_refused_in_finalisers)(enum call_group group, check_runner *run)
{
    assert_refused(group, run, finalise_twice, 2);
}

void(assert_refused_when_cancelled)(enum call_group group, check_runner *run)
{
    assert_refused(group, run, call_once_cancelled, 1);
}

void(assert_refused_on_cancellation)(enum call_group group, check_runner *run)
{
    assert_refused(group, run, protect_once, 1);
}

void(assert_refused_in_actions)(enum call_group group, check_runner *run)
{
    assert_refused(group, run, signal_once, 1);
}
