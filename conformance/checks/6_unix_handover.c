/* Rules R6.19 and R6.40: of two tasks that wait for one descriptor, the one that was to have what
 * came is cancelled just then. Nothing is lost: the other task gets it. */
#include "waits.h"

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

static void check_handover(enum wait_kind kind, ssize_t result)
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

CHECK("R6.19", a_byte_is_not_lost_with_the_reader_that_is_cancelled)
{
    check_handover(READ, 1);
}

CHECK("R6.19", a_connection_is_not_lost_with_the_acceptor_that_is_cancelled)
{
    check_handover(ACCEPT, 0);
}

CHECK("R6.40", a_datagram_is_not_lost_with_the_receiver_that_is_cancelled)
{
    check_handover(RECVFROM, 1);
}
