/* descriptor_waits.c: a wait for a descriptor beside all else that happens, and beside another. */
#include "descriptor_waits.h"

#include "disturbed.h"

#include <pthread.h>

/* ---- What happens to another task ---- */

struct undisturbed {
    struct waits waits; /* one of them */
    pthread_t server;
};

static struct waiter *waiter_of(struct undisturbed *t)
{
    return &t->waits.waiters[t->waits.first];
}

static int open_one(void *arg)
{
    struct undisturbed *t = arg;

    return waits_open(&t->waits);
}

static int wait_for_one(void *arg)
{
    struct undisturbed *t = arg;

    return wait_tasks[t->waits.first](waiter_of(t));
}

static int serve_one(void *arg)
{
    struct undisturbed *t = arg;

    return -pthread_create(&t->server, NULL, waits_serve, &t->waits);
}

static int close_one(void *arg)
{
    struct undisturbed *t = arg;

    pthread_join(t->server, NULL);
    peer_close(waiter_of(t)->peer);
    return miou_close(waiter_of(t)->fd);
}

void assert_wait_undisturbed(enum wait_kind kind)
{
    struct undisturbed t = {.waits = {.first = kind, .end = kind + 1}};

    assert_undisturbed(&(struct disturbed_wait){.prepare = open_one,
                                                .wait = wait_for_one,
                                                .release = serve_one,
                                                .finish = close_one,
                                                .state = &t});
    waits_assert_served(&t.waits);
}

/* ---- Two tasks that wait for one descriptor ---- */

struct handover {
    enum wait_kind kind;
    int yields; /* between what comes and the cancellation */
    int domain;
    struct waits waits; /* the first task's */
    struct waiter second;
    bool waited, taken; /* the first task was quicker than its cancellation */
};

static int hand_over(void *arg)
{
    struct handover *t = arg;
    struct waiter *first = &t->waits.waiters[t->kind];
    miou_promise *promises[2];
    int i;

    TRY(waits_open(&t->waits));
    t->second.fd = first->fd;
    TRY(miou_async(&promises[0], NULL, wait_tasks[t->kind], first));
    TRY(miou_async(&promises[1], NULL, wait_tasks[t->kind], &t->second));
    TRY(let_others_run());
    t->waited = !first->done && !t->second.done;
    waits_serve_one(&t->waits, t->kind);
    for (i = 0; i < t->yields; i++)
        TRY(miou_yield());
    TRY(miou_cancel(promises[0]));
    t->taken = first->result >= 0;
    if (t->taken)
        waits_serve_one(&t->waits, t->kind);
    TRY(miou_await(promises[1], NULL));
    return miou_close(first->fd);
}

static int hand_over_on_domain(void *arg)
{
    return run_on(((struct handover *)arg)->domain, hand_over, arg);
}

void assert_handed_over(enum wait_kind kind, ssize_t result)
{
    int i;

    for (i = 0; i < 40; i++) {
        struct handover t = {.kind = kind,
                             .yields = i / 2,
                             .domain = i % 2,
                             .waits = {.first = kind, .end = kind + 1}};
        const struct waiter *first = &t.waits.waiters[kind];

        assert_int_equal(unix_run_with(1, hand_over_on_domain, &t), 0);
        assert_true(t.waited);
        assert_int_equal(first->result, t.taken ? result : MIOU_CANCELLED);
        assert_int_equal(t.second.result, result);
        peer_close(first->peer);
    }
}
