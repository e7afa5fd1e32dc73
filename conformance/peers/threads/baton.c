/* baton.c: whose turn it is.
 *
 * A thread that gives the baton of its domain away looks for the next task itself, calling hooks
 * and the monitor's select meanwhile; if nobody is ready, the baton lies free until another domain
 * makes a task ready. A task begins in a spare worker, or in a new one. */
#include "peer.h"

#include <sched.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SPARES_KEPT 64
#define OWN_STACK   (32 * 1024)  /* for this runtime and the C library, below the task's own */
#define GUARD       (128 * 1024) /* no frame that R1.12 names leaps over it */
#define SELECT_EACH 50           /* turns between two looks at a monitor of a busy domain [R11.3] */

/* ---- The lock ---- */

void lock(struct run *run)
{
    pthread_mutex_lock(&run->lock);
}

static void hand_over(struct task *task);
static int thread_start(struct worker *worker);

/* Domains whose batons lay free when a task arrived there. */
static void start_domains(struct run *run)
{
    while (run->kicks) {
        struct domain *domain = run->kicks;
        struct task *task;

        run->kicks = domain->kick_next;
        domain->kicked = false;
        if (domain->held || list_empty(&domain->ready))
            continue;
        domain->held = true;
        if ((task = next_turn(domain, NULL)))
            hand_over(task);
    }
}

/* Let the workers go on to which batons were handed. Returns those for which there is no thread. */
static struct worker *wake_all(struct worker *worker)
{
    struct worker *next, *failed = NULL;

    for (; worker; worker = next) {
        next = worker->wake_next;
        if (worker->started) {
            sem_post(&worker->go);
        } else if (thread_start(worker) < 0) {
            worker->wake_next = failed;
            failed = worker;
        }
    }
    return failed;
}

static void worker_free(struct worker *worker)
{
    sem_destroy(&worker->go);
    if (worker->descriptor >= 0)
        close(worker->descriptor);
    free(worker);
}

/* The tasks of these workers have not begun and fail [R1.14]. */
static void fail_all(struct worker *worker)
{
    struct worker *next;

    for (; worker; worker = next) {
        struct task *task = worker->task;
        struct domain *domain = task->domain;

        next = worker->wake_next;
        worker->run->no_threads = true;
        list_remove(&worker->all);
        worker_free(worker);
        task->worker = NULL;
        bury(task, -ENOMEM);
        if ((task = next_turn(domain, NULL)))
            hand_over(task);
    }
}

/* Nothing is half done here, so this is where other domains are started, and where threads are,
 * after the lock has been given back. */
void unlock(struct run *run)
{
    struct worker *wakes;

    for (;;) {
        start_domains(run);
        wakes = run->wakes;
        run->wakes = NULL;
        pthread_mutex_unlock(&run->lock);
        if (wakes && run->freedoms.slow) { /* R1.8 and R1.21 promise an order and no time */
            sched_yield();
            sched_yield();
        }
        if (!(wakes = wake_all(wakes)))
            return;
        lock(run);
        fail_all(wakes);
    }
}

/* ---- Workers ---- */

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct run *run = worker->run;

    pthread_sigmask(SIG_SETMASK, &run->signals, NULL); /* a helper may have started this thread */
    lock(run); /* the first task is handed over by the start of this thread */
    while (worker->task) {
        struct domain *domain = worker->task->domain;
        struct task *next;

        task_begin(worker->task);
        worker->task = NULL;
        if ((next = next_turn(domain, worker)) && next->worker == worker) {
            next->state = RUNNING;
            continue;
        }
        if (next)
            hand_over(next);
        if (run->spares >= SPARES_KEPT || run->stopping)
            break;
        run->spares++;
        run->no_threads = false;
        list_append(&run->spare, &worker->link);
        unlock(run);
        while (sem_wait(&worker->go) < 0)
            ;
        lock(run);
    }
    run->no_threads = false;
    if (!run->stopping)
        list_append(&run->gone, &worker->link);
    unlock(run);
    return NULL;
}

static void join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
    worker_free(worker);
}

static void join_gone(struct run *run)
{
    while (!list_empty(&run->gone)) {
        struct worker *worker = ENTRY(run->gone.next, struct worker, link);

        list_remove(&worker->link);
        list_remove(&worker->all);
        unlock(run);
        join(worker);
        lock(run);
    }
}

static int thread_start(struct worker *worker)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = worker->run->stack_size;
    pthread_attr_t attr;
    int error;

    size = (size + OWN_STACK + GUARD + page - 1) / page * page;
    if (pthread_attr_init(&attr))
        return -ENOMEM;
    pthread_attr_setstacksize(&attr, size);
    pthread_attr_setguardsize(&attr, GUARD);
    worker->started = true;
    error = pthread_create(&worker->thread, &attr, work, worker);
    pthread_attr_destroy(&attr);
    return -error;
}

/* A worker for a task that begins; its thread may have to be started yet. NULL: after the last
 * failure to start one no thread has ended, or there is no memory [R1.14]. */
static struct worker *worker_get(struct run *run)
{
    struct worker *worker;

    if (!list_empty(&run->spare)) {
        worker = ENTRY(run->spare.next, struct worker, link);
        list_remove(&worker->link);
        run->spares--;
        return worker;
    }
    join_gone(run);
    if (run->no_threads || !(worker = calloc(1, sizeof *worker)))
        return NULL;
    worker->run = run;
    list_init(&worker->link);
    sem_init(&worker->go, 0, 0);
    /* R1.16 speaks of the end of a run, and no rule of the runtime's own descriptors before. */
    worker->descriptor = run->freedoms.hoards ? eventfd(0, EFD_CLOEXEC) : -1;
    list_append(&run->workers, &worker->all);
    return worker;
}

/* After main has ended: no worker has a task any longer, or will get one. */
void workers_stop(struct run *run)
{
    struct list *node;

    lock(run);
    run->stopping = true;
    for (node = run->spare.next; node != &run->spare; node = node->next) {
        struct worker *worker = ENTRY(node, struct worker, link);

        worker->wake_next = run->wakes;
        run->wakes = worker;
    }
    unlock(run);
    while (!list_empty(&run->workers)) {
        struct worker *worker = ENTRY(run->workers.next, struct worker, all);

        list_remove(&worker->all);
        join(worker);
    }
}

/* ---- Turns ---- */

/* Who has the baton next, by R1.21 the one that has been ready longest. The calling thread holds
 * it. NULL: nobody, and the baton lies free. */
struct task *next_turn(struct domain *domain, struct worker *spare)
{
    struct run *run = domain->run;

    for (;;) {
        struct task *task;

        if (!list_empty(&domain->sleepers))
            ripen(domain);
        if (domain->points && ++domain->turns % SELECT_EACH == 0)
            select_now(domain, 0);
        if (list_empty(&domain->ready)) {
            if (!domain->points || domain->failed) {
                domain->held = false;
                return NULL;
            }
            select_now(domain, 1);
            continue;
        }
        task = ENTRY(domain->ready.next, struct task, turn);
        list_remove(&task->turn);
        if (task->worker)
            return task;
        if (task->cancelled && run->freedoms.unbegun) {
            bury(task, MIOU_CANCELLED); /* R2.22: "A child that is cancelled before it has begun
                                           never begins; or it begins" */
        } else if ((task->worker = spare ? spare : worker_get(run))) {
            task->worker->task = task;
            return task;
        } else {
            bury(task, -ENOMEM);
        }
    }
}

static void hand_over(struct task *task)
{
    task->state = RUNNING;
    task->worker->wake_next = task->run->wakes;
    task->run->wakes = task->worker;
}

/* The task, which is ready or waits, gives its baton away. */
bool leave_turn(struct task *task)
{
    struct task *next;

    if (!task->returned)
        call_hooks(task->domain);
    next = next_turn(task->domain, NULL);
    if (next == task) {
        task->state = RUNNING;
        return true;
    }
    if (next)
        hand_over(next);
    return false;
}

void await_turn(struct task *task)
{
    unlock(task->run);
    while (sem_wait(&task->worker->go) < 0)
        ;
    lock(task->run);
}

/* A ready task lines up for the baton of its domain. */
void push_ready(struct task *task)
{
    struct domain *domain = task->domain;
    struct run *run = task->run;

    if (task->cancelled &&
        (run->freedoms.newest || run->freedoms.late_tree)) /* R1.21: "may go on earlier or later" */
        list_insert(&domain->ready, &task->turn);
    else
        list_append(&domain->ready, &task->turn);
    if (!domain->held && !domain->kicked) {
        domain->kicked = true;
        domain->kick_next = run->kicks;
        run->kicks = domain;
    } else if (domain->selecting) {
        struct self former = change_place(IN_OTHER);

        run->options->monitor->interrupt(domain->state); /* [R11.4] */
        self = former;
    }
}

/* A task that waits can go on. */
void make_ready(struct task *task)
{
    list_remove(&task->queue);
    task->state = READY;
    if (task->idle)
        task->run->busy++;
    task->idle = false;
    send_news(NEWS_READY, task);
}

void take_turns(struct task *task)
{
    task->state = READY;
    list_append(&task->domain->ready, &task->turn); /* behind the others, also if it is cancelled */
    if (!leave_turn(task))
        await_turn(task);
}

/* R1.10: "These calls may suspend", and no rule says for how many turns. MIOU_CANCELLED, if the
 * task is cancelled meanwhile. */
int may_yield(struct task *task)
{
    int turns;

    for (turns = task->run->freedoms.yields ? 25 : 0; turns > 0 && !task->cancelled; turns--)
        take_turns(task);
    return task->cancelled ? MIOU_CANCELLED : 0;
}

/* Suspend the task until make_ready; what it waits for is another task's to do [R13.1]. A task that
 * has been cancelled does not wait any more, except at its end. */
void wait_for(struct task *task, enum miou_wait what, const uint64_t *on, struct list *queue)
{
    if (task->cancelled && !task->returned)
        return;
    task->state = WAITING;
    task->what = what;
    task->on = on;
    if (queue)
        list_append(queue, &task->queue);
    task->idle = true;
    task->run->busy--;
    check_deadlock(task->run);
    if (!leave_turn(task))
        await_turn(task);
}

/* Move the sleepers whose time has come to the ready tasks, in the order of their deadlines
 * [R10.2]. */
void ripen(struct domain *domain)
{
    int64_t time = now();

    while (!list_empty(&domain->sleepers)) {
        struct task *task = ENTRY(domain->sleepers.next, struct task, queue);

        if (task->deadline > time)
            break;
        make_ready(task);
    }
}

/* Main's thread is that of miou_run [R1.1]. */
void run_main(struct task *task)
{
    struct worker worker = {.run = task->run, .task = task, .started = true};
    struct self former = self;

    sem_init(&worker.go, 0, 0);
    list_init(&worker.link);
    lock(task->run);
    task->worker = &worker;
    task->state = RUNNING;
    task->domain->held = true;
    task->run->busy++;
    task_begin(task);
    task->domain->held = false;
    unlock(task->run);
    self = former;
    sem_destroy(&worker.go);
}

/* ---- Deadlock ---- */

static void describe(char *text, size_t size, const miou_waiting *w)
{
    static const char *const what[] = {"its children", "a mutex",   "a condition",
                                       "a lazy value", "a trigger", "a computation"};
    int n = snprintf(text, size, "task %llu on domain %d waits for %s", (unsigned long long)w->task,
                     w->domain, what[w->what]);

    if (w->on)
        snprintf(text + n, size - (size_t)n, " (task %llu)", (unsigned long long)w->on);
}

static void report(struct task *task)
{
    const miou_options *options = task->run->options;
    char text[160];
    miou_waiting waiting = {.task = task->id,
                            .domain = task->domain->number,
                            .what = task->what,
                            .on = task->on ? *task->on : 0,
                            .text = text};

    describe(text, sizeof text, &waiting);
    if (options->deadlock)
        options->deadlock(options->deadlock_state, &waiting);
    else
        fprintf(stderr, "%s\n", text);
}

static struct task *next_in_tree(struct task *task, struct task *root)
{
    if (!list_empty(&task->children))
        return ENTRY(task->children.next, struct task, sibling);
    while (task != root && task->sibling.next == &task->parent->children)
        task = task->parent;
    return task == root ? NULL : ENTRY(task->sibling.next, struct task, sibling);
}

/* Called when a task has begun to wait or has ended. */
void check_deadlock(struct run *run)
{
    struct task *task;
    struct self former;

    if (run->busy || run->handlers || run->ending || run->main->state == ENDED) /* [R12.9] */
        return;
    former = change_place(IN_OTHER);
    for (task = run->main; task; task = next_in_tree(task, run->main))
        if (task->state == WAITING)
            report(task);
    self = former;
    end_run(run, MIOU_DEADLOCK);
}

/* A rule was broken that ends the run; the first counts [R2.17]. */
void end_run(struct run *run, int code)
{
    if (run->ending)
        return;
    run->ending = code;
    cancel_tree(run->main);
}
