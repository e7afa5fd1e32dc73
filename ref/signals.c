/* signals.c: handlers of signals, which are tasks on dom0. The system's own handler only notes that
 * a signal has arrived, and wakes dom0. */
#include "runtime.h"
#include "system.h"

#include <errno.h>
#include <sched.h>

enum { SIGNALS = 65 };

/* For each signal, the run that has changed what the process does with it. */
static struct {
    _Atomic(struct run *) run; /* NULL: none */
    miou_signal_handler *handler;
    void *arg;
    struct sigaction before;
} actions[SIGNALS];

/* The lock of actions; note() reads run without it, and counts itself in noting meanwhile. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int noting;

static bool can_be_handled(int number)
{
    return number > 0 && number < SIGNALS && number != SIGKILL && number != SIGSTOP;
}

static uint64_t bit(int number)
{
    return (uint64_t)1 << (number - 1);
}

/* Let dom0 look for signals. */
static void note_for(struct run *run, uint64_t signals)
{
    atomic_fetch_or(&run->signals, signals);
    run->monitor.interrupt(run->domains[0].monitor_state);
}

static void note(int number)
{
    int error = errno;
    struct run *run;

    atomic_fetch_add(&noting, 1);
    run = atomic_load(&actions[number].run);
    if (run != NULL)
        note_for(run, bit(number));
    atomic_fetch_sub(&noting, 1);
    errno = error;
}

static bool is_handler(miou_signal_handler *handler)
{
    return handler != MIOU_SIGNAL_DEFAULT && handler != MIOU_SIGNAL_IGNORE;
}

/* ---- the handlers' tasks ---- */

static int handle(void *arg)
{
    int number = (int)(intptr_t)arg;
    miou_signal_handler *handler;

    pthread_mutex_lock(&lock);
    handler = actions[number].handler;
    arg = actions[number].arg;
    pthread_mutex_unlock(&lock);
    if (is_handler(handler))
        handler(number, arg);
    return 0;
}

void signals_deliver(struct domain *dom0)
{
    struct run *run = dom0->run;
    uint64_t signals = atomic_exchange(&run->signals, 0);

    for (; signals != 0 && !run->ending; signals &= signals - 1) {
        intptr_t number = __builtin_ctzll(signals) + 1;
        struct task *task = task_new(dom0, dom0, run->main, handle, (void *)number);

        if (task == NULL) { /* try again later; there may be memory then */
            note_for(run, signals);
            return;
        }
        task->background = task->settled = true;
        run->main->live++;
        list_add(&run->background, &task->sibling);
        domain_ready(dom0, task);
    }
}

void signals_unstarted(struct task *handler)
{
    note_for(handler->domain->run, bit((int)(intptr_t)handler->arg));
}

static bool is_one_new(const struct run *run)
{
    const struct link *link = run->background.first;

    while (link != NULL && CONTAINER(link, struct task, sibling)->state != TASK_NEW)
        link = link->next;
    return link != NULL;
}

/* The handlers of signals that have come before begin, also if main is cancelled. */
static void begin_handlers(struct run *run, struct task *main)
{
    while (atomic_load(&run->signals) != 0 || is_one_new(run))
        domain_yield(main->domain, main);
}

void signals_cancel(struct run *run)
{
    begin_handlers(run, run->main);
    run->ending = true;
    for (struct link *link = run->background.first; link != NULL; link = link->next)
        child_cancel(CONTAINER(link, struct task, sibling));
}

/* ---- what the process does with a signal ---- */

/* Make the process do with a signal what it did before the run. */
static void restore(struct run *run, int number)
{
    if (atomic_load(&actions[number].run) != run)
        return;
    sys_signal_restore(number, &actions[number].before);
    if (is_handler(actions[number].handler))
        atomic_fetch_sub(&run->handlers, 1);
    atomic_store(&actions[number].run, NULL);
}

void signals_restore(struct run *run)
{
    pthread_mutex_lock(&lock);
    for (int number = 1; number < SIGNALS; number++)
        restore(run, number);
    pthread_mutex_unlock(&lock);
    while (atomic_load(&noting) > 0) /* a thread in note() may still use the run */
        sched_yield();
    /* Those for which no handler has begun do what they would have done without the run. */
    for (uint64_t signals = atomic_load(&run->signals); signals != 0; signals &= signals - 1)
        sys_signal_raise(__builtin_ctzll(signals) + 1);
}

static int change(struct run *run, int number, miou_signal_handler *handler, void *arg)
{
    struct run *owner = atomic_load(&actions[number].run);
    bool had_handler = owner != NULL && is_handler(actions[number].handler);
    int error;

    if (owner != NULL && owner != run)
        return -EBUSY;
    if (handler == MIOU_SIGNAL_DEFAULT) {
        restore(run, number);
        return 0;
    }
    actions[number].handler = handler;
    actions[number].arg = arg;
    if (owner == NULL)
        atomic_store(&actions[number].run, run);
    error = sys_signal_handle(number, is_handler(handler) ? note : NULL,
                              owner == NULL ? &actions[number].before : NULL);
    if (error >= 0)
        atomic_fetch_add(&run->handlers, is_handler(handler) - had_handler);
    else if (owner == NULL)
        atomic_store(&actions[number].run, NULL);
    return error;
}

int miou_signal_handle(int number, miou_signal_handler *handler, void *arg)
{
    int error;
    struct task *self = task_self(&error);

    if (self == NULL)
        return error;
    if (!can_be_handled(number))
        return -EINVAL;
    pthread_mutex_lock(&lock);
    error = change(self->domain->run, number, handler, arg);
    pthread_mutex_unlock(&lock);
    return error;
}
