/* run.c: a run from beginning to end: makes its domains and threads, and frees all at the end. */
#include "runtime.h"
#include "sync.h"
#include "system.h"
#include "unix.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const uint32_t object_sizes[POOL_KINDS] = {
    [POOL_TASKS] = sizeof(struct task),           [POOL_RESOURCES] = sizeof(struct resource),
    [POOL_ORPHANAGES] = sizeof(struct orphanage), [POOL_POINTS] = sizeof(struct point),
    [POOL_HOOKS] = sizeof(struct hook),           [POOL_DESCRIPTORS] = sizeof(struct descriptor),
    [POOL_MUTEXES] = sizeof(struct sync),         [POOL_CONDITIONS] = sizeof(struct sync),
    [POOL_LAZIES] = sizeof(struct sync),          [POOL_TRIGGERS] = sizeof(struct sync),
    [POOL_COMPUTATIONS] = sizeof(struct sync),
};

/* Where the generations of a pool begin: far from those of all other pools, of earlier runs too. */
static uint32_t next_salt(void)
{
    static _Atomic uint32_t serial;

    return (atomic_fetch_add(&serial, 1) + 1) * 2654435769u;
}

static void pools_init(struct run *run)
{
    for (int kind = 0; kind < POOL_KINDS; kind++)
        pool_init(&run->pools[kind], object_sizes[kind], next_salt());
}

/* Whether this thread is in a run; also true in a hook or a function of the monitor, where it
 * executes no task. */
static _Thread_local bool in_run;

static void *worker(void *domain)
{
    in_run = true;
    domain_loop(domain);
    return NULL;
}

static void deliver_stop(struct message *message)
{
    CONTAINER(message, struct domain, stop)->stopped = true;
}

/* Stop and join the first count workers. */
static void stop_workers(struct run *run, int count)
{
    for (int i = 1; i <= count; i++) {
        run->domains[i].stop.deliver = deliver_stop;
        domain_send(&run->domains[i], &run->domains[i].stop);
    }
    for (int i = 1; i <= count; i++)
        sys_thread_join(run->domains[i].thread);
}

static int start_workers(struct run *run)
{
    for (int i = 1; i < run->domain_count; i++) {
        struct domain *domain = &run->domains[i];
        int error = sys_thread_create(&domain->thread, worker, domain);

        if (error < 0) {
            stop_workers(run, i - 1);
            return error;
        }
    }
    return 0;
}

static int run_threads(struct run *run)
{
    int error = start_workers(run);

    if (error < 0)
        return error;
    domain_ready(&run->domains[0], run->main);
    domain_loop(&run->domains[0]);
    stop_workers(run, run->domain_count - 1);
    return 0;
}

/* Returns the main task's result, or the code that ended the run. */
static int run_main(struct run *run, miou_task *fn, void *arg)
{
    struct domain *dom0 = &run->domains[0];
    int error = 0;

    if ((run->main = task_new(dom0, dom0, NULL, fn, arg)) == NULL)
        return -ENOMEM;
    atomic_init(&run->awake, run->domain_count);
    if (run->options.choose != NULL)
        run_steered(run);
    else
        error = run_threads(run);
    helpers_stop(run);
    signals_restore(run);
    if (error < 0)
        return error;
    return run->code != 0 ? run->code : run->main->result;
}

static int run_domains(struct run *run, miou_task *fn, void *arg)
{
    int made, result = 0;

    pools_init(run);
    helpers_init(run);
    for (made = 0; result == 0 && made < run->domain_count; made++)
        if ((result = domain_init(&run->domains[made], run, made)) < 0)
            break;
    if (result == 0)
        result = run_main(run, fn, arg);
    descriptors_close(run);
    while (made-- > 0)
        domain_destroy(&run->domains[made]);
    for (int kind = 0; kind < POOL_KINDS; kind++)
        pool_destroy(&run->pools[kind]);
    return result;
}

/* The poller that these options ask for; NULL if they name none. */
static const struct poller *poller_of(const miou_options *options)
{
    switch (options->poller) {
    case MIOU_POLLER_ANY:
    case MIOU_POLLER_SELECT:
        return &select_poller;
    case MIOU_POLLER_EPOLL:
        return &epoll_poller;
    default:
        return NULL;
    }
}

static bool is_valid(const miou_options *options)
{
    const miou_monitor *monitor = options->monitor;

    return options->domains >= 0 && options->domains < INT_MAX &&
           (monitor == NULL || (monitor->create != NULL && monitor->select != NULL &&
                                monitor->interrupt != NULL && monitor->finalise != NULL));
}

static int run_with(const miou_options *options, bool has_io, miou_task *fn, void *arg)
{
    static const miou_options plain;
    struct run *run;
    size_t size;
    int result;

    if (options == NULL)
        options = &plain;
    if (in_run)
        return -EBUSY;
    if (fn == NULL || !is_valid(options) ||
        (has_io && (options->monitor != NULL || poller_of(options) == NULL)))
        return -EINVAL;
    size = sizeof *run + (size_t)(options->domains + 1) * sizeof *run->domains +
           (size_t)(options->domains + 2) * sizeof *run->candidates;
    if ((run = sys_map(size)) == NULL)
        return -ENOMEM;
    run->domain_count = options->domains + 1;
    run->candidates = (int *)&run->domains[run->domain_count];
    run->options = *options;
    run->has_io = has_io;
    run->has_monitor = has_io || options->monitor != NULL;
    /* Without a monitor the domains still need a place to sleep. */
    run->monitor = options->monitor != NULL ? *options->monitor : posix_monitor;
    run->poller = has_io ? poller_of(options) : &select_poller;
    if (options->monitor == NULL)
        run->monitor.arg = run;
    in_run = true;
    result = run_domains(run, fn, arg);
    in_run = false;
    sys_unmap(run, size);
    return result;
}

int miou_run(const miou_options *options, miou_task *fn, void *arg)
{
    return run_with(options, false, fn, arg);
}

int miou_unix_run(const miou_options *options, miou_task *fn, void *arg)
{
    return run_with(options, true, fn, arg);
}

/* ---- domains, as a task sees them ---- */

/* These calls only read the caller's own domain, so they are no scheduling points of a steered
 * run. */
static struct domain *calling_domain(void)
{
    return domain_self != NULL && domain_self->current != NULL ? domain_self : NULL;
}

int miou_domain_self(void)
{
    struct domain *domain = calling_domain();

    return domain != NULL ? domain->id : MIOU_NOT_RUNNING;
}

int miou_domain_available(void)
{
    struct domain *domain = calling_domain();

    return domain != NULL ? domain->run->domain_count - 1 : MIOU_NOT_RUNNING;
}

int miou_domain_all(int *ids, size_t size)
{
    int available = miou_domain_available();

    if (available < 0)
        return available;
    if (ids == NULL && size > 0)
        return -EINVAL;
    for (int i = 0; i < available && (size_t)i < size; i++)
        ids[i] = i + 1;
    return available;
}
