/* blocking.c: functions that block, each executed by a thread that belongs to no domain. The thread
 * tells the task's domain by a message when the function has returned. */
#include "runtime.h"
#include "system.h"

#include <errno.h>

/* A call of miou_blocking. Lives on its task's stack. */
struct job {
    struct job *next;
    miou_task *fn;
    void *arg;
    int result;
    bool begun; /* under the lock */
    bool done;  /* the message has arrived; belongs to the task's domain */
    struct task *task;
    struct message message;
};

enum { THREADS = sizeof((struct helpers *)0)->threads / sizeof(pthread_t) };

/* ---- the threads ---- */

static void deliver_done(struct message *message)
{
    struct job *job = CONTAINER(message, struct job, message);

    job->done = true;
    domain_wake(job->task);
}

/* Called with the lock: the next job; NULL if the run has ended. */
static struct job *next_job(struct helpers *helpers)
{
    struct job *job;

    while (helpers->first == NULL && !helpers->stopped) {
        helpers->idle++;
        pthread_cond_wait(&helpers->wanted, &helpers->lock);
        helpers->idle--;
    }
    if ((job = helpers->first) == NULL)
        return NULL;
    helpers->jobs--;
    if ((helpers->first = job->next) == NULL)
        helpers->end = &helpers->first;
    job->begun = true;
    return job;
}

static void *help(void *arg)
{
    struct helpers *helpers = arg;
    struct job *job;

    pthread_mutex_lock(&helpers->lock);
    while ((job = next_job(helpers)) != NULL) {
        pthread_mutex_unlock(&helpers->lock);
        job->result = job->fn(job->arg);
        domain_send(job->task->domain, &job->message);
        pthread_mutex_lock(&helpers->lock);
    }
    pthread_mutex_unlock(&helpers->lock);
    return NULL;
}

void helpers_init(struct run *run)
{
    pthread_mutex_init(&run->helpers.lock, NULL);
    pthread_cond_init(&run->helpers.wanted, NULL);
    run->helpers.end = &run->helpers.first;
}

void helpers_stop(struct run *run)
{
    struct helpers *helpers = &run->helpers;

    pthread_mutex_lock(&helpers->lock);
    helpers->stopped = true;
    pthread_cond_broadcast(&helpers->wanted);
    pthread_mutex_unlock(&helpers->lock);
    for (int i = 0; i < helpers->count; i++)
        sys_thread_join(helpers->threads[i]);
    pthread_cond_destroy(&helpers->wanted);
    pthread_mutex_destroy(&helpers->lock);
}

/* ---- the jobs ---- */

/* Called with the lock: take a job that has not begun out of the queue. */
static void dequeue(struct helpers *helpers, const struct job *job)
{
    struct job **place = &helpers->first;

    while (*place != job)
        place = &(*place)->next;
    if ((*place = job->next) == NULL)
        helpers->end = place;
    helpers->jobs--;
}

/* Queue a job, and see that there is a thread for it. Returns 0, or an error if there is none. */
static int queue(struct helpers *helpers, struct job *job)
{
    int error = 0;

    pthread_mutex_lock(&helpers->lock);
    *helpers->end = job;
    helpers->end = &job->next;
    if (++helpers->jobs > helpers->idle && helpers->count < THREADS) {
        error = sys_thread_create(&helpers->threads[helpers->count], help, helpers);
        helpers->count += error == 0;
    }
    if (helpers->count > 0)
        error = 0; /* it waits for its turn */
    else
        dequeue(helpers, job);
    pthread_cond_signal(&helpers->wanted);
    pthread_mutex_unlock(&helpers->lock);
    return error;
}

/* Returns whether the job has not begun, and never will. */
static bool withdraw(struct helpers *helpers, const struct job *job)
{
    bool withdrawn;

    pthread_mutex_lock(&helpers->lock);
    if ((withdrawn = !job->begun))
        dequeue(helpers, job);
    pthread_mutex_unlock(&helpers->lock);
    return withdrawn;
}

/* Wait until the job is done or, if the task is to wait no longer, is withdrawn. */
static int await_job(struct task *self, struct helpers *helpers, const struct job *job)
{
    int error = 0;

    self->domain->suspended++;
    while (!job->done && error == 0) {
        domain_suspend(self->domain, self);
        if (!job->done && (self->cancelled || self->expired) && withdraw(helpers, job))
            error = MIOU_EXPIRED;
    }
    self->domain->suspended--;
    return self->cancelled ? MIOU_CANCELLED : error;
}

/* A steered run has one thread. */
static int call_here(struct domain *domain, miou_task *fn, void *arg)
{
    int result;

    domain_self = NULL; /* the function's calls are refused as outside a run */
    result = fn(arg);
    domain_self = domain;
    return result;
}

int miou_blocking(miou_task *fn, void *arg)
{
    int error;
    struct task *self = task_with_io(&error);
    struct job job = {.fn = fn, .arg = arg, .task = self, .message.deliver = deliver_done};
    struct helpers *helpers;

    if (self == NULL)
        return error;
    if (fn == NULL)
        return -EINVAL;
    if (self->expired)
        return MIOU_EXPIRED;
    if (self->domain->steered)
        return call_here(self->domain, fn, arg);
    helpers = &self->domain->run->helpers;
    if ((error = queue(helpers, &job)) < 0 || (error = await_job(self, helpers, &job)) < 0)
        return error;
    return job.result;
}
