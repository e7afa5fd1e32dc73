/* test_inbox.c: no message is lost, each sender's messages keep their order, and exactly one sender
 * is told to wake a sleeping owner. */
#include "inbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { SENDERS = 4, EACH = 20000 };

struct letter {
    struct message message;
    int sender, number;
};

static struct letter letters[SENDERS][EACH];
static int received, next_of[SENDERS], out_of_order;
static _Atomic int wakes, awake = 1;
static struct inbox inbox = {.awake = &awake};

static void deliver(struct message *message)
{
    struct letter *letter = (struct letter *)message;

    received++;
    out_of_order += letter->number != next_of[letter->sender]++;
}

static void *send_all(void *arg)
{
    int sender = (int)(intptr_t)arg;

    for (int i = 0; i < EACH; i++) {
        letters[sender][i] = (struct letter){{NULL, deliver}, sender, i};
        if (inbox_send(&inbox, &letters[sender][i].message))
            atomic_fetch_add(&wakes, 1);
    }
    return NULL;
}

static void many_senders_lose_and_reorder_nothing(void **state)
{
    pthread_t threads[SENDERS];
    int sleeps = 0;

    (void)state;
    for (intptr_t i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, (void *)i), 0);
    while (received < SENDERS * EACH) {
        if (!inbox_empty(&inbox)) {
            inbox_deliver(&inbox);
        } else if (inbox_sleep(&inbox)) {
            atomic_fetch_sub(&awake, 1);
            while (atomic_load(&wakes) == sleeps)
                sched_yield();
            sleeps++;
            assert_false(inbox_wake(&inbox));
        }
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(received, SENDERS * EACH);
    assert_int_equal(out_of_order, 0);
    assert_int_equal(atomic_load(&wakes), sleeps);
    assert_int_equal(atomic_load(&awake), 1);
}

static void an_owner_with_messages_does_not_sleep(void **state)
{
    struct letter letter = {{NULL, deliver}, 0, 0};

    (void)state;
    next_of[0] = 0;
    assert_true(inbox_empty(&inbox));
    assert_false(inbox_send(&inbox, &letter.message));
    assert_false(inbox_sleep(&inbox));
    inbox_deliver(&inbox);
    assert_int_equal(next_of[0], 1);
    assert_true(inbox_sleep(&inbox));
    assert_true(inbox_send(&inbox, &letter.message));
    assert_false(inbox_send(&inbox, &(struct message){.deliver = deliver}));
    inbox_wake(&inbox);
    assert_false(inbox_empty(&inbox));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_senders_lose_and_reorder_nothing),
        cmocka_unit_test(an_owner_with_messages_does_not_sleep),
    };

    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
