/* news.c: what one domain tells another: that a task is ready, is cancelled, or has ended.
 *
 * All of it passes through send_news. With the freedom "slow" it is under way for up to a
 * millisecond, which R1.21 ("it is ready once its own domain has heard of that"), R11.5 ("from the
 * moment at which the task's own domain learns of it") and the comment of miou_state ("as far as
 * its parent knows") allow; a thread, the courier, brings it then. */
#include "peer.h"

#include <signal.h>
#include <time.h>

struct letter {
    struct list link;
    enum news news;
    struct task *task;
    int64_t due;
};

struct courier {
    pthread_t thread;
    pthread_cond_t changed;
    struct list letters; /* by the time when they are due */
    unsigned seed;
    bool stop;
};

void deliver(enum news news, struct task *task)
{
    switch (news) {
    case NEWS_READY:
        push_ready(task);
        break;
    case NEWS_CANCEL:
        cancel_now(task);
        break;
    case NEWS_END:
        child_ended(task);
        break;
    }
}

static struct domain *receiver(enum news news, struct task *task)
{
    return news == NEWS_END && task->parent ? task->parent->domain : task->domain;
}

/* Letters to one domain keep their order; or only those about one task do, as no rule says in which
 * order a domain hears of things. */
static void post(struct courier *courier, struct domain *to, enum news news, struct task *task)
{
    struct letter *letter = malloc(sizeof *letter);
    struct list *before = courier->letters.prev;
    int64_t due = now() + rand_r(&courier->seed) % 1000000;
    int64_t *last = task->run->freedoms.newest ? &task->news_due : &to->news_due;

    if (!letter) {
        deliver(news, task);
        return;
    }
    if (due <= *last)
        due = *last + 1;
    *last = due;
    *letter = (struct letter){.news = news, .task = task, .due = due};
    while (before != &courier->letters && ENTRY(before, struct letter, link)->due > due)
        before = before->prev;
    list_insert(before, &letter->link);
    task->run->busy++;
    pthread_cond_signal(&courier->changed);
}

void send_news(enum news news, struct task *task)
{
    struct domain *to = receiver(news, task);

    if (!task->run->courier || !self.domain || self.domain == to)
        deliver(news, task);
    else
        post(task->run->courier, to, news, task);
}

static void *bring(void *arg)
{
    struct run *run = arg;
    struct courier *courier = run->courier;

    self = (struct self){.place = IN_OTHER, .run = run};
    lock(run);
    while (!courier->stop) {
        struct letter *first = ENTRY(courier->letters.next, struct letter, link);
        struct timespec until;

        if (list_empty(&courier->letters)) {
            pthread_cond_wait(&courier->changed, &run->lock);
        } else if (first->due > now()) {
            until.tv_sec = first->due / 1000000000;
            until.tv_nsec = first->due % 1000000000;
            pthread_cond_timedwait(&courier->changed, &run->lock, &until);
        } else {
            list_remove(&first->link);
            deliver(first->news, first->task);
            free(first);
            run->busy--;
            check_deadlock(run);
            unlock(run);
            lock(run);
        }
    }
    unlock(run);
    return NULL;
}

int courier_start(struct run *run)
{
    struct courier *courier;
    pthread_condattr_t attr;
    sigset_t all, former;
    int error;

    if (!run->freedoms.slow)
        return 0;
    if (!(courier = calloc(1, sizeof *courier)))
        return -ENOMEM;
    list_init(&courier->letters);
    courier->seed = (unsigned)now();
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&courier->changed, &attr);
    pthread_condattr_destroy(&attr);
    run->courier = courier;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    error = pthread_create(&courier->thread, NULL, bring, run);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    if (error) {
        run->courier = NULL;
        free(courier);
    }
    return -error;
}

void courier_stop(struct run *run)
{
    struct courier *courier = run->courier;

    if (!courier)
        return;
    lock(run);
    courier->stop = true;
    pthread_cond_signal(&courier->changed);
    unlock(run);
    pthread_join(courier->thread, NULL);
    while (!list_empty(&courier->letters)) {
        struct letter *letter = ENTRY(courier->letters.next, struct letter, link);

        list_remove(&letter->link);
        free(letter);
    }
    pthread_cond_destroy(&courier->changed);
    free(courier);
    run->courier = NULL;
}

/* The task is given back: nothing that is under way to it matters any longer. */
void courier_forget(struct task *task)
{
    struct list *node, *next;

    if (!task->run->courier)
        return;
    for (node = task->run->courier->letters.next; node != &task->run->courier->letters;
         node = next) {
        struct letter *letter = ENTRY(node, struct letter, link);

        next = node->next;
        if (letter->task != task)
            continue;
        list_remove(node);
        free(letter);
        task->run->busy--;
    }
}
