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

void(assert_wait_undisturbed)(enum wait_kind kind)
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

/* The canceller makes the same call on a descriptor of its own, and what both wait for comes
 * together: so it may go on while the first task has been woken and has not gone on yet. */
struct handover {
    enum wait_kind kind;
    int domain;
    bool canceller_first;          /* its descriptor is made first */
    struct waits waits, canceller; /* waits: the first task's */
    struct waiter second;
    bool waited, taken; /* the first task was quicker than its cancellation */
};

static int serve_both(void *arg)
{
    struct handover *t = arg;

    waits_serve_one(&t->waits, t->kind);
    waits_serve_one(&t->canceller, t->kind);
    return 0;
}

static int open_both(struct handover *t)
{
    TRY(waits_open(t->canceller_first ? &t->canceller : &t->waits));
    return waits_open(t->canceller_first ? &t->waits : &t->canceller);
}

static int hand_over(void *arg)
{
    struct handover *t = arg;
    struct waiter *first = &t->waits.waiters[t->kind];
    struct waiter *canceller = &t->canceller.waiters[t->kind];
    miou_promise *promises[3];

    TRY(open_both(t));
    t->second.fd = first->fd;
    TRY(miou_async(&promises[0], NULL, wait_tasks[t->kind], first));
    TRY(miou_async(&promises[1], NULL, wait_tasks[t->kind], &t->second));
    TRY(let_others_run());
    t->waited = !first->done && !t->second.done;
    TRY(miou_async(&promises[2], NULL, serve_both, t));
    TRY(wait_tasks[t->kind](canceller));
    TRY(miou_cancel(promises[0]));
    t->taken = first->result >= 0;
    if (t->taken)
        waits_serve_one(&t->waits, t->kind);
    TRY(miou_await(promises[1], NULL));
    TRY(miou_await(promises[2], NULL));
    TRY(miou_close(canceller->fd));
    return miou_close(first->fd);
}

static int hand_over_on_domain(void *arg)
{
    return run_on(((struct handover *)arg)->domain, hand_over, arg);
}

void(assert_handed_over)(enum wait_kind kind, ssize_t result)
{
    int i;

    for (i = 0; i < 20; i++) {
        with_index(i);
        struct handover t = {.kind = kind,
                             .domain = i % 2,
                             .canceller_first = i % 4 < 2,
                             .waits = {.first = kind, .end = kind + 1},
                             .canceller = {.first = kind, .end = kind + 1}};
        const struct waiter *first = &t.waits.waiters[kind];

        expect_code(unix_run_with(1, hand_over_on_domain, &t), 0);
        expect_true(t.waited);
        expect_noted(first->result, t.taken ? result : MIOU_CANCELLED);
        expect_noted(t.second.result, result);
        peer_close(first->peer);
        peer_close(t.canceller.waiters[kind].peer);
    }
}

/* ---- Three tasks wait for one descriptor, and one of them is cancelled ---- */

enum { CROWD = 3 };

struct crowd {
    enum wait_kind kind;
    int domain;
    int cancelled; /* this one is */
    struct waits waits;
    struct waiter waiters[CROWD];
    bool waited;
};

static int wait_in_a_crowd(void *arg)
{
    struct crowd *t = arg;
    miou_promise *promises[CROWD];
    int i;

    TRY(waits_open(&t->waits));
    for (i = 0; i < CROWD; i++) {
        t->waiters[i].fd = t->waits.waiters[t->kind].fd;
        TRY(miou_async(&promises[i], NULL, wait_tasks[t->kind], &t->waiters[i]));
    }
    TRY(let_others_run());
    t->waited = !t->waiters[0].done && !t->waiters[1].done && !t->waiters[2].done;
    TRY(miou_cancel(promises[t->cancelled]));
    for (i = 1; i < CROWD; i++)
        waits_serve_one(&t->waits, t->kind);
    for (i = 0; i < CROWD; i++)
        if (i != t->cancelled)
            TRY(miou_await(promises[i], NULL));
    return miou_close(t->waiters[0].fd);
}

static int wait_in_a_crowd_on_domain(void *arg)
{
    return run_on(((struct crowd *)arg)->domain, wait_in_a_crowd, arg);
}

void(assert_others_served)(enum wait_kind kind, ssize_t result)
{
    int i, j;

    for (i = 0; i < 2 * CROWD; i++) {
        with_index(i);
        struct crowd t = {.kind = kind,
                          .domain = i % 2,
                          .cancelled = i / 2,
                          .waits = {.first = kind, .end = kind + 1}};

        expect_code(unix_run_with(1, wait_in_a_crowd_on_domain, &t), 0);
        expect_true(t.waited);
        for (j = 0; j < CROWD; j++) {
            with_index(j);

            expect_noted(t.waiters[j].result, j == t.cancelled ? MIOU_CANCELLED : result);
        }
        peer_close(t.waits.waiters[kind].peer);
    }
}
