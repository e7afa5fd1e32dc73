/* Checks of chapter 9, synchronisation: mutexes and conditions between domains. */
#include "sync.h"

#include <errno.h>

enum { VISITORS = 12, VISITS = 400 };

/* ---- R9.6, R9.31: one at a time, and what one has written the next one reads */

/* Plain memory on purpose: only the mutex guards it. */
struct room {
    miou_mutex *mutex;
    int inside, crowded, visits;
};

static int visit(struct room *room, int stay)
{
    TRY(miou_mutex_lock(room->mutex));
    room->crowded += room->inside++ > 0;
    room->visits++;
    if (stay)
        TRY(miou_yield());
    room->inside--;
    return miou_mutex_unlock(room->mutex);
}

static int visit_often(void *arg)
{
    int i;

    for (i = 0; i < VISITS; i++)
        TRY(visit(arg, i % 16 == 0));
    return 0;
}

static int visit_from_everywhere(void *arg)
{
    struct room *room = arg;

    TRY(miou_mutex_create(&room->mutex));
    TRY(spread(VISITORS, visit_often, room));
    return miou_mutex_free(room->mutex);
}

CHECK("R9.6 R9.1 R9.31", thousands_of_visits_from_all_domains)
{
    struct room room = {0};

    expect_code(run_with(DOMAINS, visit_from_everywhere, &room), 0);
    expect_number(room.visits, VISITORS * VISITS);
    expect_number(room.crowded, 0);
}

/* ---- R9.7: a task is cancelled just as the mutex is handed to it */

static int visit_once(void *arg)
{
    return visit(arg, 0);
}

/* Two tasks wait, each on its domain; the first is cancelled as the mutex is unlocked. */
static int cancel_the_first_in_line(struct room *room, int round)
{
    miou_promise *first, *second;

    TRY(miou_mutex_lock(room->mutex));
    TRY(spawn_on(round % (DOMAINS + 1), &first, visit_once, room));
    TRY(spawn_on(round / 2 % (DOMAINS + 1), &second, visit_once, room));
    if (round % 4)
        TRY(miou_yield());
    dawdle(round);
    TRY(miou_mutex_unlock(room->mutex));
    if (round % 3)
        dawdle(round * 5);
    TRY(miou_cancel(first));
    TRY(miou_promise_free(first));
    return await_and_free(second);
}

static int cancel_many_in_line(void *arg)
{
    struct room *room = arg;
    int round;

    TRY(miou_mutex_create(&room->mutex));
    for (round = 0; round < ROUNDS; round++)
        TRY(cancel_the_first_in_line(room, round));
    TRY(visit(room, 0));
    return miou_mutex_free(room->mutex);
}

CHECK("R9.7", cancelled_as_the_mutex_comes)
{
    struct room room = {0};

    expect_code(run_with(DOMAINS, cancel_many_in_line, &room), 0);
    expect_number(room.crowded, 0);
    expect_in_range(room.visits, ROUNDS + 1, 2 * ROUNDS + 1);
}

/* ---- R9.9 */

struct protected
{
    miou_mutex *mutex;
    int calls, held, outcome;
    int result; /* of miou_mutex_protect */
};

/* Note that the mutex is held, by the caller, and return what arg says. */
static int note_held(void *arg)
{
    struct protected *p = arg;

    p->calls++;
    p->held += miou_mutex_lock(p->mutex) == -EDEADLK;
    return p->outcome;
}

static int protect_some(void *arg)
{
    struct protected *p = arg;

    TRY(miou_mutex_create(&p->mutex));
    for (p->outcome = -3; p->outcome <= 3; p->outcome++) {
        EXPECT(miou_mutex_protect(p->mutex, note_held, p), p->outcome);
        EXPECT(miou_mutex_try_lock(p->mutex), 0);
        EXPECT(miou_mutex_unlock(p->mutex), 0);
    }
    return 0;
}

CHECK("R9.9", returns_what_the_function_returned)
{
    struct protected p = {0};

    expect_code(run_with(0, protect_some, &p), 0);
    expect_number(p.calls, 7);
    expect_number(p.held, 7);
}

static int protect_in_vain(void *arg)
{
    struct protected *p = arg;

    TRY(miou_mutex_create(&p->mutex));
    EXPECT(miou_mutex_protect(p->mutex, NULL, p), -EINVAL);
    EXPECT(miou_mutex_protect(NULL, note_held, p), -EINVAL);
    TRY(miou_mutex_lock(p->mutex));
    EXPECT(miou_mutex_protect(p->mutex, note_held, p), -EDEADLK);
    EXPECT(miou_mutex_unlock(p->mutex), 0);
    return 0;
}

CHECK("R9.9", not_called_without_the_mutex)
{
    struct protected p = {0};

    expect_code(run_with(0, protect_in_vain, &p), 0);
    expect_number(p.calls, 0);
}

static int protect_for_ever(void *arg)
{
    struct protected *p = arg;

    return miou_mutex_protect(p->mutex, yield_for_ever, NULL);
}

static int protect_note(void *arg)
{
    struct protected *p = arg;

    return miou_mutex_protect(p->mutex, note_held, p);
}

/* One task is cancelled while it holds the mutex, one while it waits; then the mutex is free. */
static int cancel_the_protected(void *arg)
{
    struct protected *p = arg;
    int domain;

    TRY(miou_mutex_create(&p->mutex));
    for (domain = 0; domain <= DOMAINS; domain++) {
        miou_promise *inside, *waiting;

        TRY(spawn_on(domain, &inside, protect_for_ever, p));
        do
            TRY(miou_yield());
        while (miou_mutex_try_lock(p->mutex) == 0 && miou_mutex_unlock(p->mutex) == 0);
        TRY(spawn_on(domain, &waiting, protect_note, p));
        TRY(miou_yield());
        TRY(miou_cancel(waiting));
        EXPECT(miou_mutex_try_lock(p->mutex), -EBUSY);
        TRY(miou_cancel(inside));
        EXPECT(miou_mutex_try_lock(p->mutex), 0);
        EXPECT(miou_mutex_unlock(p->mutex), 0);
    }
    return 0;
}

CHECK("R9.9", unlocked_when_cancelled)
{
    struct protected p = {0};

    expect_code(run_with(DOMAINS, cancel_the_protected, &p), 0);
    expect_number(p.calls, 0);
}

/* What a cancelled task gets from what it protects. */
static int wait_to_be_cancelled(void *arg)
{
    struct protected *p = arg;

    p->calls++;
    yield_for_ever(NULL);
    return p->outcome;
}

static int protect_and_wait(void *arg)
{
    struct protected *p = arg;

    NOTE(p->result, miou_mutex_protect(p->mutex, wait_to_be_cancelled, p));
    return 0;
}

static int cancel_inside(void *arg)
{
    struct protected *p = arg;
    miou_promise *promise;

    TRY(miou_mutex_create(&p->mutex));
    TRY(miou_async(&promise, NULL, protect_and_wait, p));
    while (p->calls == 0)
        TRY(miou_yield());
    return miou_cancel(promise);
}

CHECK("R9.9", returns_that_to_a_cancelled_task_too)
{
    const int outcomes[] = {3, BOOM};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct protected p = {.outcome = outcomes[i]};

        expect_code(run_with(0, cancel_inside, &p), 0);
        expect_noted(p.result, outcomes[i]);
    }
}

/* ---- R9.16, R9.31: producers and consumers */

enum { PLACES = 3, GOODS = 1500 };

struct store {
    miou_mutex *mutex;
    miou_condition *not_empty, *not_full;
    int goods[PLACES], count, made, lost;
};

static int put(struct store *store, int good)
{
    TRY(miou_mutex_lock(store->mutex));
    while (store->count == PLACES)
        TRY(miou_condition_wait(store->not_full, store->mutex));
    store->goods[store->count++] = good;
    TRY(miou_condition_signal(store->not_empty));
    return miou_mutex_unlock(store->mutex);
}

static int take(struct store *store)
{
    int good;

    TRY(miou_mutex_lock(store->mutex));
    while (store->count == 0)
        TRY(miou_condition_wait(store->not_empty, store->mutex));
    good = store->goods[--store->count];
    TRY(miou_condition_signal(store->not_full));
    TRY(miou_mutex_unlock(store->mutex));
    return good;
}

static int produce(void *arg)
{
    int i;

    for (i = 1; i <= GOODS; i++)
        TRY(put(arg, i));
    return 0;
}

/* Returns the sum of what was taken. */
static int consume(void *arg)
{
    int sum = 0, i, good;

    for (i = 0; i < GOODS; i++) {
        TRY(good = take(arg));
        sum += good;
    }
    return sum;
}

static int produce_or_consume(void *arg)
{
    struct store *store = arg;
    int number;

    TRY(miou_mutex_lock(store->mutex));
    number = store->made++;
    TRY(miou_mutex_unlock(store->mutex));
    return number % 2 ? produce(arg) : consume(arg);
}

static int trade(void *arg)
{
    struct store *store = arg;
    int sum;

    TRY(miou_mutex_create(&store->mutex));
    TRY(miou_condition_create(&store->not_empty));
    TRY(miou_condition_create(&store->not_full));
    TRY(sum = spread(6, produce_or_consume, store));
    TRY(miou_condition_free(store->not_empty));
    TRY(miou_condition_free(store->not_full));
    TRY(miou_mutex_free(store->mutex));
    return sum;
}

CHECK("R9.16 R9.11 R9.31", producers_and_consumers_on_all_domains)
{
    struct store store = {0};

    expect_code(run_with(DOMAINS, trade, &store), 3 * (GOODS * (GOODS + 1) / 2));
    expect_number(store.count, 0);
}

/* ---- R9.15: a task is cancelled just as it is signalled */

struct relay {
    miou_mutex *mutex;
    miou_condition *condition;
    int waiting, held_after_error;
};

/* Wait for the signal and pass it on; if this task is cancelled, the runtime has to pass it on. */
static int wait_and_pass_on(void *arg)
{
    struct relay *relay = arg;
    int error;

    TRY(miou_mutex_lock(relay->mutex));
    relay->waiting++;
    error = miou_condition_wait(relay->condition, relay->mutex);
    if (error < 0) {
        relay->held_after_error += miou_mutex_unlock(relay->mutex) != -EPERM;
        return error;
    }
    TRY(miou_condition_signal(relay->condition));
    return miou_mutex_unlock(relay->mutex);
}

/* Wait until this many tasks wait for the condition. */
static int await_waiting(struct relay *relay, int count)
{
    int waiting;

    do {
        TRY(miou_yield());
        TRY(miou_mutex_lock(relay->mutex));
        waiting = relay->waiting;
        TRY(miou_mutex_unlock(relay->mutex));
    } while (waiting < count);
    return 0;
}

static int cancel_the_first_to_wait(struct relay *relay, int round)
{
    miou_promise *first, *second;

    relay->waiting = 0;
    TRY(spawn_on(round % (DOMAINS + 1), &first, wait_and_pass_on, relay));
    TRY(await_waiting(relay, 1));
    TRY(spawn_on(round / 2 % (DOMAINS + 1), &second, wait_and_pass_on, relay));
    TRY(await_waiting(relay, 2));
    if (round % 2)
        TRY(miou_mutex_lock(relay->mutex));
    TRY(miou_condition_signal(relay->condition));
    if (round % 2)
        TRY(miou_mutex_unlock(relay->mutex));
    dawdle(round);
    TRY(miou_cancel(first));
    TRY(miou_promise_free(first));
    return await_and_free(second);
}

static int cancel_many_that_wait(void *arg)
{
    struct relay *relay = arg;
    int round;

    TRY(miou_mutex_create(&relay->mutex));
    TRY(miou_condition_create(&relay->condition));
    for (round = 0; round < ROUNDS; round++)
        TRY(cancel_the_first_to_wait(relay, round));
    TRY(miou_condition_free(relay->condition));
    return miou_mutex_free(relay->mutex);
}

CHECK("R9.15 R9.16", cancelled_as_the_signal_comes)
{
    struct relay relay = {0};

    expect_code(run_with(DOMAINS, cancel_many_that_wait, &relay), 0);
    expect_number(relay.held_after_error, 0);
}
