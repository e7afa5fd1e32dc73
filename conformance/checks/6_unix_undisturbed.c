/* Rules R6.3 to R6.5, R6.34 and R6.36: a call that waits for a descriptor goes on waiting, whatever
 * wakes other tasks. Only connecting is left out: the system takes a second to try again. */
#include "disturbed.h"
#include "waits.h"

#include <pthread.h>

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

static void check_undisturbed(enum wait_kind kind)
{
    struct undisturbed t = {.waits = {.first = kind, .end = kind + 1}};

    assert_undisturbed(&(struct disturbed_wait){.prepare = open_one,
                                                .wait = wait_for_one,
                                                .release = serve_one,
                                                .finish = close_one,
                                                .state = &t});
    waits_assert_served(&t.waits);
}

CHECK("R6.3", nothing_but_a_connection_ends_accepting)
{
    check_undisturbed(ACCEPT);
}

CHECK("R6.4", nothing_but_a_byte_ends_reading)
{
    check_undisturbed(READ);
}

CHECK("R6.5", nothing_but_room_ends_writing)
{
    check_undisturbed(WRITE);
}

CHECK("R6.34", nothing_but_the_last_byte_ends_reading_exactly)
{
    check_undisturbed(READ_EXACTLY);
}

CHECK("R6.36", nothing_but_a_datagram_ends_receiving)
{
    check_undisturbed(RECVFROM);
}

CHECK("R6.36", nothing_but_room_ends_sending)
{
    check_undisturbed(SENDTO);
}
