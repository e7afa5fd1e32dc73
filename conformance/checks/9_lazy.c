/* Checks of chapter 9, synchronisation: lazy values between domains. */
#include "sync.h"

#include <errno.h>

enum { FORCERS = 6, WORDS = 64 };

/* ---- R9.17, R9.18: values that are known from the beginning */

static int force_known(void *arg)
{
    static const int values[] = {0, 7, 1 << 30, -1, BOOM, MIOU_CANCELLED};
    miou_lazy *lazy;
    size_t i;

    (void)arg;
    for (i = 0; i < sizeof values / sizeof *values; i++) {
        int outcome = 77;

        TRY(miou_lazy_from_value(&lazy, values[i]));
        EXPECT(miou_lazy_force(lazy, NULL), 0);
        EXPECT(miou_lazy_force(lazy, &outcome), 0);
        EXPECT(outcome, values[i]);
        EXPECT(miou_lazy_free(lazy), 0);
    }
    return 0;
}

CHECK("R9.17 R9.18", from_a_value)
{
    expect_code(run_with(0, force_known, NULL), 0);
}

/* ---- R9.17: forced without a place for the value */

static int force_for_nothing(void *arg)
{
    miou_lazy *lazy;
    int outcome = 0;

    TRY(miou_lazy_create(&lazy, count_one, arg));
    EXPECT(miou_lazy_force(lazy, NULL), 0);
    EXPECT(*(int *)arg, 1);
    EXPECT(miou_lazy_force(lazy, &outcome), 0);
    EXPECT(*(int *)arg, 1);
    return outcome;
}

CHECK("R9.17", computed_without_a_place_for_the_value)
{
    int calls = 0;

    expect_code(run_with(0, force_for_nothing, &calls), 0);
}

/* ---- R9.17, R9.20, R9.31: forced by all at once */

/* Plain memory on purpose: only the lazy value guards it. */
struct sum {
    miou_lazy *lazy;
    atomic_int computed;
    int round, words[WORDS];
};

static int write_words(void *arg)
{
    struct sum *sum = arg;
    int i;

    atomic_fetch_add(&sum->computed, 1);
    for (i = 0; i < WORDS; i++)
        sum->words[i] = sum->round + i;
    if (sum->round % 2)
        TRY(miou_yield());
    return sum->round;
}

/* Whether the value and what was written with it is seen. */
static int force_and_read(void *arg)
{
    struct sum *sum = arg;
    int outcome = -1, i;

    dawdle(sum->round);
    EXPECT(miou_lazy_force(sum->lazy, &outcome), 0);
    EXPECT(outcome, sum->round);
    for (i = 0; i < WORDS; i++)
        EXPECT(sum->words[i], sum->round + i);
    return 0;
}

static int force_from_everywhere(void *arg)
{
    struct sum *sum = arg;

    for (sum->round = 0; sum->round < ROUNDS; sum->round++) {
        atomic_store(&sum->computed, 0);
        TRY(miou_lazy_create(&sum->lazy, write_words, sum));
        EXPECT(spread(FORCERS, force_and_read, sum), 0);
        EXPECT(atomic_load(&sum->computed), 1);
        EXPECT(miou_lazy_free(sum->lazy), 0);
    }
    return 0;
}

CHECK("R9.17 R9.20 R9.31", forced_by_all_domains_at_once)
{
    struct sum sum = {0};

    expect_code(run_with(DOMAINS, force_from_everywhere, &sum), 0);
}

/* ---- R9.18: an error of the runtime itself is a value like others */

static int return_cancelled(void *arg)
{
    ++*(int *)arg;
    return MIOU_CANCELLED;
}

static int force_an_error(void *arg)
{
    miou_lazy *lazy;
    int outcome;

    TRY(miou_lazy_create(&lazy, return_cancelled, arg));
    outcome = 77;
    EXPECT(miou_lazy_force(lazy, &outcome), 0);
    EXPECT(outcome, MIOU_CANCELLED);
    outcome = 77;
    EXPECT(miou_lazy_force(lazy, &outcome), 0);
    EXPECT(outcome, MIOU_CANCELLED);
    return 0;
}

CHECK("R9.18", cancelled_is_an_error_like_others)
{
    int calls = 0;

    expect_code(run_with(0, force_an_error, &calls), 0);
    expect_number(calls, 1);
}

/* A task that waits for the value gets that error as well. */
static int return_cancelled_later(void *arg)
{
    (void)arg;
    TRY(let_others_run());
    return MIOU_CANCELLED;
}

static int force_beside_another(void *arg)
{
    int outcome = 77;

    EXPECT(miou_lazy_force(arg, &outcome), 0);
    EXPECT(outcome, MIOU_CANCELLED);
    return 0;
}

static int force_an_error_twice(void *arg)
{
    miou_lazy *lazy;

    (void)arg;
    TRY(miou_lazy_create(&lazy, return_cancelled_later, NULL));
    return spread(4, force_beside_another, lazy);
}

CHECK("R9.18", cancelled_is_an_error_for_those_that_wait)
{
    expect_code(run_with(1, force_an_error_twice, NULL), 0);
}

/* ---- R9.21: the one that computes is cancelled just as it ends */

struct relay {
    miou_lazy *lazy;
    atomic_int begun, forced;
};

/* The first task to compute yields for a while; the value tells which task computed. */
static int compute_slowly(void *arg)
{
    struct relay *relay = arg;
    int which = atomic_fetch_add(&relay->begun, 1) + 1, i;

    for (i = 0; which == 1 && i < 3; i++)
        miou_yield();
    return which;
}

static int force_in_the_relay(void *arg)
{
    struct relay *relay = arg;
    int outcome = 0;

    TRY(miou_lazy_force(relay->lazy, &outcome));
    atomic_fetch_add(&relay->forced, 1);
    return outcome;
}

static int cancel_the_first_to_compute(struct relay *relay, int round)
{
    miou_promise *first, *second;
    int outcome;

    atomic_store(&relay->begun, 0);
    TRY(miou_lazy_create(&relay->lazy, compute_slowly, relay));
    TRY(spawn_on(round % (DOMAINS + 1), &first, force_in_the_relay, relay));
    while (atomic_load(&relay->begun) == 0)
        TRY(miou_yield());
    TRY(spawn_on(round / 2 % (DOMAINS + 1), &second, force_in_the_relay, relay));
    if (round % 3)
        TRY(miou_yield());
    dawdle(round);
    TRY(miou_cancel(first));
    TRY(outcome = await_and_free(second));
    EXPECT(outcome, atomic_load(&relay->begun));
    EXPECT(miou_lazy_free(relay->lazy), 0);
    return miou_promise_free(first);
}

static int cancel_many_that_compute(void *arg)
{
    int round;

    for (round = 0; round < ROUNDS; round++)
        EXPECT(cancel_the_first_to_compute(arg, round), 0);
    return 0;
}

CHECK("R9.21", cancelled_as_it_computes)
{
    struct relay relay = {0};

    expect_code(run_with(DOMAINS, cancel_many_that_compute, &relay), 0);
    expect_in_range(relay.forced, ROUNDS, 2 * ROUNDS);
}

/* What a cancelled task computed to its end does not count. */
static int compute_although_cancelled(void *arg)
{
    int *computed = arg;

    if (++*computed == 1)
        yield_for_ever(NULL);
    return *computed;
}

/* Nor does the error of the call that ended it. */
static int compute_up_to_an_error(void *arg)
{
    int error = 0, *computed = arg;

    if (++*computed == 1)
        while ((error = miou_yield()) == 0)
            ;
    return error < 0 ? error : *computed;
}

struct attempt {
    miou_lazy *lazy;
    miou_task *compute;
    int error, outcome;
};

static int force_and_note(void *arg)
{
    struct attempt *attempt = arg;

    NOTE(attempt->error, miou_lazy_force(attempt->lazy, &attempt->outcome));
    return 0;
}

static int cancel_and_force(void *arg)
{
    struct attempt *attempt = arg;
    miou_promise *promise;
    int computed = 0, outcome = 0;

    TRY(miou_lazy_create(&attempt->lazy, attempt->compute, &computed));
    TRY(miou_async(&promise, NULL, force_and_note, attempt));
    while (computed == 0)
        TRY(miou_yield());
    TRY(miou_cancel(promise));
    EXPECT(computed, 1);
    EXPECT(miou_lazy_force(attempt->lazy, &outcome), 0);
    EXPECT(outcome, 2);
    return 0;
}

CHECK("R9.21", what_a_cancelled_task_computed_does_not_count)
{
    miou_task *const computing[] = {compute_although_cancelled, compute_up_to_an_error};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct attempt attempt = {.compute = computing[i], .outcome = 77};

        expect_code(run_with(0, cancel_and_force, &attempt), 0);
        expect_noted(attempt.error, MIOU_CANCELLED);
        expect_code(attempt.outcome, 77);
    }
}
