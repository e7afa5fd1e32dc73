/* signals.c: signals of the system. One handler of the system's serves all of them: it notes the
 * number and posts a semaphore, on which a thread of the run waits that makes the handlers' tasks.
 * One signal, SIGURG, also takes threads of this runtime out of poll, because a pipe for each of
 * them would use up the program's descriptors; the program can have SIGURG as well. */
#include "peer.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include <unistd.h>

#define NUMBERS 65
#define KICK    SIGURG

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER; /* taken inside a run's lock */

static struct number {
    struct run *owner; /* the run that has set something [R12.10] */
    miou_signal_handler *handler;
    void *arg;
    struct sigaction before;
    int uses;        /* while not 0, before is what has to be restored */
    atomic_int slot; /* where a signal that comes is noted, plus 1 */
    atomic_bool come;
} numbers[NUMBERS];

/* A run with handlers has a slot. Slots are never given back to the system, so that a signal that
 * is late does no harm. */
static struct mailbox {
    sem_t come;
    bool taken, made;
    atomic_bool stop;
} slots[NUMBERS];

static size_t kickers; /* runs of miou_unix_run */
static char kick_mark;

/* ---- In the system's handler ---- */

static void do_as_before(int number, siginfo_t *info, void *context)
{
    const struct sigaction *before = &numbers[number].before;

    if (before->sa_flags & SA_SIGINFO)
        before->sa_sigaction(number, info, context);
    else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN)
        before->sa_handler(number);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    int former_errno = errno, slot = atomic_load(&numbers[number].slot);

    if (number == KICK && info->si_code == SI_QUEUE && info->si_value.sival_ptr == &kick_mark)
        return;
    if (slot) {
        atomic_store(&numbers[number].come, true);
        sem_post(&slots[slot - 1].come);
    } else if (number == KICK && !numbers[KICK].owner) {
        do_as_before(number, info, context);
    }
    errno = former_errno;
}

/* ---- What the system does with a number ---- */

/* Take the number from the system, if that has not been done. */
static int number_take(int number)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};

    sigemptyset(&action.sa_mask);
    if (numbers[number].uses == 0 && sigaction(number, NULL, &numbers[number].before) < 0)
        return -EINVAL;
    if (sigaction(number, &action, NULL) < 0)
        return -EINVAL;
    numbers[number].uses++;
    return 0;
}

static void number_give_back(int number)
{
    if (--numbers[number].uses == 0)
        sigaction(number, &numbers[number].before, NULL);
}

/* ---- Kicking a thread out of poll ---- */

int kicks_begin(void)
{
    int error = 0;

    pthread_mutex_lock(&guard);
    if (kickers == 0)
        error = number_take(KICK);
    if (error == 0)
        kickers++;
    pthread_mutex_unlock(&guard);
    return error;
}

void kicks_end(void)
{
    pthread_mutex_lock(&guard);
    if (--kickers == 0)
        number_give_back(KICK);
    pthread_mutex_unlock(&guard);
}

void kick(struct task *task)
{
    if (!task->polling || task->kicked)
        return;
    task->kicked = true;
    pthread_sigqueue(task->worker->thread, KICK, (union sigval){.sival_ptr = &kick_mark});
}

/* Wait, without the lock and outside the task's turn, until the descriptor is ready, the time has
 * passed, or the task is kicked. Returns whether the time has passed. The signal is let in by poll
 * only. */
bool poll_kicked(struct task *task, int number, short events, int64_t nanoseconds)
{
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000}, zero = {0};
    struct pollfd fd = {.fd = number, .events = events};
    sigset_t only, former, inside;
    int result;

    sigemptyset(&only);
    sigaddset(&only, KICK);
    pthread_sigmask(SIG_BLOCK, &only, &former);
    inside = former;
    sigdelset(&inside, KICK);
    task->polling = true;
    unlock(task->run);
    do
        result = ppoll(&fd, 1, &time, &inside);
    while (result < 0 && errno == EINTR && !atomic_load(&task->kicked));
    lock(task->run);
    task->polling = false;
    if (task->kicked && sigismember(&former, KICK))
        sigtimedwait(&only, NULL, &zero); /* do not leave it pending for ever */
    task->kicked = false;
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return result == 0;
}

/* ---- Handlers ---- */

static bool is_handler(miou_signal_handler *handler)
{
    return handler != MIOU_SIGNAL_DEFAULT && handler != MIOU_SIGNAL_IGNORE;
}

struct handling {
    miou_signal_handler *handler;
    void *arg;
    int number;
};

static int handle(void *arg)
{
    struct handling handling = *(struct handling *)arg;

    free(arg);
    handling.handler(handling.number, handling.arg);
    return 0;
}

/* Below main in the tree, but nobody's child [R12.7]. The lock and the guard are held. */
static void handler_spawn(struct run *run, int number)
{
    struct handling *handling;
    struct task *task;

    if (run->main->returned || !atomic_exchange(&numbers[number].come, false))
        return;
    if (!(handling = malloc(sizeof *handling)))
        return;
    *handling = (struct handling){numbers[number].handler, numbers[number].arg, number};
    if (!(task = task_new(run, run->domains, run->main, handle, handling))) {
        free(handling);
        return;
    }
    task->handler = true;
    list_append(&run->main->children, &task->sibling);
    run->main->live++;
    run->busy++;
    push_ready(task);
}

static bool is_one_unbegun(const struct run *run)
{
    const struct list *node, *children = &run->main->children;

    for (node = children->next; node != children; node = node->next) {
        const struct task *task = ENTRY(node, struct task, sibling);

        if (task->handler && !task->begun)
            return true;
    }
    return false;
}

/* Main is about to return, and has the turn: handlers of signals that have come begin [R12.2]. */
void handlers_begin(struct run *run)
{
    int i;

    pthread_mutex_lock(&guard);
    for (i = 1; i < NUMBERS; i++)
        if (numbers[i].owner == run && is_handler(numbers[i].handler))
            handler_spawn(run, i);
    pthread_mutex_unlock(&guard);
    while (is_one_unbegun(run))
        take_turns(run->main);
}

static void *wait_for_signals(void *arg)
{
    struct run *run = arg;
    struct mailbox *slot = &slots[run->signal_slot];
    int i;

    self = (struct self){.place = IN_OTHER, .run = run};
    while (!atomic_load(&slot->stop)) {
        if (sem_wait(&slot->come) < 0)
            continue;
        lock(run);
        pthread_mutex_lock(&guard);
        for (i = 1; i < NUMBERS; i++)
            if (numbers[i].owner == run && is_handler(numbers[i].handler))
                handler_spawn(run, i);
        pthread_mutex_unlock(&guard);
        unlock(run);
    }
    return NULL;
}

/* The run's first handler needs a slot and a thread. */
static int slot_take(struct run *run)
{
    sigset_t all, former;
    int i, error;

    if (run->signal_slot >= 0)
        return 0;
    for (i = 0; i < NUMBERS && slots[i].taken; i++)
        ;
    if (i == NUMBERS)
        return -EAGAIN;
    if (!slots[i].made)
        sem_init(&slots[i].come, 0, 0);
    slots[i].made = true;
    atomic_store(&slots[i].stop, false);
    run->signal_slot = i;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    error = pthread_create(&run->signal_thread, NULL, wait_for_signals, run);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    if (error)
        run->signal_slot = -1;
    slots[i].taken = !error;
    return -error;
}

/* Undo what the run has set; number_give_back follows. */
static void number_reset(struct run *run, int number)
{
    struct number *n = &numbers[number];

    atomic_store(&n->slot, 0);
    if (is_handler(n->handler)) {
        handler_spawn(run, number); /* for a signal that has come before [R12.2] */
        run->handlers--;
    }
    n->owner = NULL;
    n->handler = MIOU_SIGNAL_DEFAULT;
}

/* The number has been taken, so that it never does what it did before in between. */
static void number_set(struct run *run, int number, miou_signal_handler *handler, void *arg)
{
    struct number *n = &numbers[number];

    n->owner = run;
    n->handler = handler;
    n->arg = arg;
    if (is_handler(handler)) {
        atomic_store(&n->come, false);
        atomic_store(&n->slot, run->signal_slot + 1);
        run->handlers++;
    } else if (number != KICK || kickers == 0) {
        signal(number, SIG_IGN);
    }
}

static int number_change(struct run *run, int number, miou_signal_handler *handler, void *arg)
{
    struct number *n = &numbers[number];
    bool had = n->owner != NULL;
    int error = 0;

    if (n->owner && n->owner != run)
        return -EBUSY;
    if (is_handler(handler) && is_handler(n->handler)) {
        handler_spawn(run, number);
        n->handler = handler;
        n->arg = arg;
        return 0;
    }
    if (is_handler(handler))
        error = slot_take(run);
    if (error == 0 && handler != MIOU_SIGNAL_DEFAULT)
        error = number_take(number);
    if (error < 0)
        return error;
    if (had)
        number_reset(run, number);
    if (handler != MIOU_SIGNAL_DEFAULT)
        number_set(run, number, handler, arg);
    if (had)
        number_give_back(number);
    return 0;
}

PUBLIC int miou_signal_handle(int number, miou_signal_handler *handler, void *arg)
{
    int error = enter(NOT_IN_FINALISER);

    if (error < 0)
        return error;
    if (number < 1 || number >= NUMBERS || number == SIGKILL || number == SIGSTOP ||
        sigaction(number, NULL, &(struct sigaction){0}) < 0)
        return leave(-EINVAL);
    pthread_mutex_lock(&guard);
    error = number_change(self.run, number, handler, arg);
    pthread_mutex_unlock(&guard);
    return leave(error);
}

/* At the run's end all is as it was before [R12.5]. */
void signals_end(struct run *run)
{
    int i;

    lock(run);
    pthread_mutex_lock(&guard);
    for (i = 1; i < NUMBERS; i++) {
        if (numbers[i].owner != run)
            continue;
        number_change(run, i, MIOU_SIGNAL_DEFAULT, NULL);
        if (atomic_exchange(&numbers[i].come, false))
            kill(getpid(), i); /* it does what it did before [R12.12] */
    }
    pthread_mutex_unlock(&guard);
    unlock(run);
    if (run->signal_slot < 0)
        return;
    atomic_store(&slots[run->signal_slot].stop, true);
    sem_post(&slots[run->signal_slot].come);
    pthread_join(run->signal_thread, NULL);
    pthread_mutex_lock(&guard);
    slots[run->signal_slot].taken = false;
    pthread_mutex_unlock(&guard);
}
