/* Rules R2.14, R2.22, R2.23, R2.26 and R2.27: what a scenario cannot say of cancellation. */
#include "refused_calls.h"

#include <errno.h>
#include <time.h>

/* ---- R2.14: a cancelled task ---- */

enum { CALLS = 7 };

struct cancelled {
    spawner *spawn;
    atomic_bool begun;
    int calls[2][CALLS]; /* what each returned, in two rounds */
    int spawned;
    bool written; /* to a place for a promise */
    int allowed;  /* calls that neither suspend nor spawn */
    atomic_int turns, turns_meanwhile;
    int result, outcome;
};

static int count_turns(void *arg)
{
    struct cancelled *t = arg;

    while (miou_yield() == 0)
        t->turns++;
    return 0;
}

/* What a cancelled task needs in order to clean up. */
static int calls_that_are_allowed(void)
{
    miou_resource *kept, *released;

    TRY(miou_domain_self());
    TRY(miou_domain_available());
    TRY(miou_resource_create(&kept, ignore, NULL));
    TRY(miou_own(kept));
    TRY(miou_check(kept));
    TRY(miou_disown(kept));
    TRY(miou_resource_create(&released, ignore, NULL));
    TRY(miou_own(released));
    return miou_release(released);
}

static void calls_that_are_refused(struct cancelled *t, int *calls, miou_promise *child,
                                   miou_orphans *orphans)
{
    miou_promise *const nothing = (miou_promise *)calls, *promise = nothing;

    NOTE(calls[0], miou_yield());
    NOTE(calls[1], miou_async(&promise, NULL, count_one, &t->spawned));
    NOTE(calls[2], miou_call(&promise, NULL, count_one, &t->spawned));
    NOTE(calls[3], miou_parallel(NULL, count_one, (void *[]){&t->spawned}, 1));
    NOTE(calls[4], miou_await(child, NULL));
    NOTE(calls[5], miou_cancel(child));
    NOTE(calls[6], miou_care(&promise, orphans));
    t->written |= promise != nothing;
}

static int be_cancelled(void *arg)
{
    struct cancelled *t = arg;
    miou_promise *child, *counter;
    miou_orphans *orphans;
    int turns;

    TRY(miou_orphans_create(&orphans));
    TRY(miou_async(&child, &(miou_spawn){.orphans = orphans}, yield_for_ever, NULL));
    TRY(miou_async(&counter, NULL, count_turns, t));
    t->begun = true;
    while (miou_yield() == 0)
        ;
    turns = t->turns;
    calls_that_are_refused(t, t->calls[0], child, orphans);
    NOTE(t->allowed, calls_that_are_allowed());
    calls_that_are_refused(t, t->calls[1], child, orphans);
    t->turns_meanwhile = t->turns - turns;
    return t->result;
}

static int cancel_a_task(void *arg)
{
    struct cancelled *t = arg;
    miou_promise *promise;

    TRY(t->spawn(&promise, NULL, be_cancelled, t));
    TRY(yield_until(&t->begun));
    TRY(miou_yield());
    TRY(miou_cancel(promise));
    return miou_await(promise, &t->outcome);
}

static void assert_refused(spawner *spawn, int result)
{
    struct cancelled t = {.spawn = spawn, .result = result, .allowed = -1};
    int i;

    expect_code(run_with(2, cancel_a_task, &t), 0);
    for (i = 0; i < 2 * CALLS; i++) {
        with_index(i);

        expect_noted(t.calls[i / CALLS][i % CALLS], MIOU_CANCELLED);
    }
    expect_noted(t.spawned, 0);
    expect_false(t.written);
    expect_noted(t.allowed, 0);
    expect_number(t.turns_meanwhile, 0);
    expect_code(t.outcome, MIOU_CANCELLED);
}
#define assert_refused(...) IN_HELPER(assert_refused, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R2.14", calls_of_a_cancelled_task)
{
    assert_refused(miou_async, 0);
    assert_refused(miou_async, 42);
    assert_refused(miou_async, -7);
}

CHECK("R2.14", calls_of_a_cancelled_task_on_another_domain)
{
    assert_refused(miou_call, 0);
    assert_refused(miou_call, 42);
    assert_refused(miou_call, -7);
}

/* Cancelled while it neither suspends nor waits. */
struct spinning {
    atomic_bool begun, go;
    int first, second;
    int outcome;
};

static int spin(void *arg)
{
    struct spinning *t = arg;

    atomic_store(&t->begun, true);
    while (!atomic_load(&t->go))
        ;
    while ((t->first = miou_yield()) == 0)
        ;
    NOTE(t->second, miou_yield());
    return 42;
}

static int let_it_yield(void *arg)
{
    struct spinning *t = arg;

    atomic_store(&t->go, true);
    return 0;
}

static int cancel_spinning(void *arg)
{
    struct spinning *t = arg;
    miou_promise *spinning, *helper;

    TRY(miou_call(&spinning, NULL, spin, t));
    TRY(yield_until(&t->begun));
    TRY(miou_async(&helper, NULL, let_it_yield, t)); /* runs once this task waits in cancel */
    TRY(miou_cancel(spinning));
    TRY(miou_await(spinning, &t->outcome));
    return miou_await(helper, NULL);
}

CHECK("R2.14 R2.21", cancelled_while_it_runs)
{
    struct spinning t = {0};

    expect_code(run_with(1, cancel_spinning, &t), 0);
    expect_code(t.first, MIOU_CANCELLED);
    expect_noted(t.second, MIOU_CANCELLED);
    expect_code(t.outcome, MIOU_CANCELLED);
}

/* ---- R2.14: whatever the arguments ---- */

CHECK("R2.14", whatever_a_cancelled_task_passes_it_is_refused)
{
    assert_refused_when_cancelled(TASK_CALLS, miou_run);
}

CHECK("R2.14 R8.11 R3.23", whatever_a_cancelled_task_passes_combinators_are_refused)
{
    assert_refused_when_cancelled(COMBINATOR_CALLS, miou_run);
}

CHECK("R2.14", whatever_a_cancelled_task_passes_suspending_is_refused)
{
    assert_refused_when_cancelled(MONITOR_CALLS, miou_run);
    assert_refused_when_cancelled(MONITOR_CALLS, miou_unix_run);
}

CHECK("R2.14 R10.4", whatever_a_cancelled_task_passes_sleeping_is_refused)
{
    assert_refused_when_cancelled(SLEEP_CALLS, miou_run);
    assert_refused_when_cancelled(SLEEP_CALLS, miou_unix_run);
}

CHECK("R2.14 R6.27", whatever_a_cancelled_task_passes_descriptors_are_refused)
{
    assert_refused_when_cancelled(DESCRIPTOR_CALLS, miou_run);
    assert_refused_when_cancelled(DESCRIPTOR_CALLS, miou_unix_run);
}

CHECK("R2.14 R9.32", whatever_a_cancelled_task_passes_synchronisation_is_refused)
{
    assert_refused_when_cancelled(SYNC_CALLS, miou_run);
}

static void count_finalised(void *value)
{
    atomic_fetch_add((atomic_int *)value, 1);
}

/* ---- R2.22: cancelled before it has begun, for certain ---- */

struct unbegun {
    atomic_bool busy, go;
    int spawned, yielded; /* what the child's calls returned */
    bool called;          /* cancelled, and called all the same */
    atomic_int below, finalised;
    int finalised_before, outcome;
};

/* Nothing else begins on this domain meanwhile. */
static int keep_busy(void *arg)
{
    struct unbegun *t = arg;

    atomic_store(&t->busy, true);
    while (!atomic_load(&t->go))
        ;
    return 0;
}

static int count_below(void *arg)
{
    struct unbegun *t = arg;

    atomic_fetch_add(&t->below, 1);
    return 0;
}

static int begin_too_late(void *arg)
{
    struct unbegun *t = arg;
    miou_promise *promise;

    NOTE(t->spawned, miou_async(&promise, NULL, count_below, t));
    if (t->spawned == 0) /* this domain has not heard of the cancellation [R2.14] */
        return yield_for_ever(NULL);
    t->called = true;
    NOTE(t->yielded, miou_yield());
    return 0;
}

static int let_go(void *arg)
{
    struct unbegun *t = arg;

    atomic_store(&t->go, true);
    return 0;
}

static int cancel_before_it_begins(void *arg)
{
    struct unbegun *t = arg;
    miou_promise *busy, *child, *helper;
    miou_resource *resource;
    int pin = 1;

    TRY(miou_resource_create(&resource, count_finalised, &t->finalised));
    TRY(miou_own(resource));
    TRY(miou_call(&busy, &(miou_spawn){.pin = &pin}, keep_busy, t));
    TRY(yield_until(&t->busy));
    TRY(miou_call(&child, &(miou_spawn){.pin = &pin, MIOU_GIVE(resource)}, begin_too_late, t));
    TRY(miou_async(&helper, NULL, let_go, t)); /* runs once this task waits in cancel */
    TRY(miou_cancel(child));
    t->finalised_before = t->finalised;
    TRY(miou_await(child, &t->outcome));
    TRY(miou_await(helper, NULL));
    return miou_await(busy, NULL);
}

CHECK("R2.22", cancelled_before_a_busy_domain_takes_it)
{
    struct unbegun t = {0};

    expect_code(run_with(1, cancel_before_it_begins, &t), 0);
    expect_code(t.outcome, MIOU_CANCELLED);
    expect_number(t.finalised_before, 1);
    if (t.called) {
        expect_number(t.below, 0);
        expect_noted(t.spawned, MIOU_CANCELLED);
        expect_noted(t.yielded, MIOU_CANCELLED);
    }
}

/* ---- R2.23: a thousand cancellations at about the time of the end ---- */

enum { ROUNDS = 1000 };

struct crossing {
    atomic_int begun, finalised;
    int wrong; /* outcomes and promises that are wrong */
};

static int end_soon(void *arg)
{
    struct crossing *t = arg;

    return atomic_fetch_add(&t->begun, 1) % 2 ? 5 : -7;
}

static int own_and_fail(void *arg)
{
    struct crossing *t = arg;
    miou_resource *resource;
    miou_promise *below;

    TRY(miou_resource_create(&resource, count_finalised, &t->finalised));
    TRY(miou_own(resource));
    TRY(miou_call(&below, NULL, end_soon, t));
    TRY(miou_call(&below, NULL, end_soon, t));
    return -7;
}

/* Sometimes the child is cancelled before it begins, sometimes when it has long ended. */
static void linger(int round)
{
    volatile int i;

    for (i = 0; i < round % 50 * 200; i++)
        ;
}

static int cross(void *arg)
{
    struct crossing *t = arg;
    miou_promise *p[2];
    int outcome, i, j;

    for (i = 0; i < ROUNDS; i++) {
        TRY(miou_call(&p[0], NULL, end_soon, t));
        TRY(miou_call(&p[1], NULL, own_and_fail, t));
        linger(i);
        for (j = 0; j < 2; j++) {
            TRY(miou_cancel(p[j]));
            outcome = 0;
            TRY(miou_await(p[j], &outcome));
            t->wrong += outcome != MIOU_CANCELLED;
            t->wrong += miou_promise_free(p[j]) != 0;
        }
    }
    return 0;
}

CHECK("R2.23", a_thousand_crossings)
{
    struct crossing t = {0};

    expect_code(run_with(2, cross, &t), 0);
    expect_number(t.wrong, 0);
}

/* The child ends while dom0 is busy, and then another task of its domain goes on. */
struct late {
    int end; /* what the child returns */
    miou_resource *resource;
    atomic_bool ends, over;
    int cancelled, checked, outcome;
};

static int transfer_and_end(void *arg)
{
    struct late *t = arg;

    TRY(miou_resource_create(&t->resource, ignore, NULL));
    TRY(miou_own(t->resource));
    TRY(miou_transfer(t->resource));
    atomic_store(&t->ends, true);
    return t->end;
}

static int go_on_later(void *arg)
{
    struct late *t = arg;

    TRY(yield_until(&t->ends));
    TRY(miou_yield());
    atomic_store(&t->over, true);
    return 0;
}

static int cancel_too_late(void *arg)
{
    struct late *t = arg;
    miou_promise *child, *other;

    TRY(call_on(1, &child, transfer_and_end, t));
    TRY(call_on(1, &other, go_on_later, t));
    until(&t->over);
    NOTE(t->cancelled, miou_cancel(child));
    NOTE(t->checked, miou_check(t->resource));
    TRY(miou_await(child, &t->outcome));
    TRY(miou_await(other, NULL));
    return miou_disown(t->resource);
}

CHECK("R2.23", what_was_transferred_before)
{
    static const int ends[] = {0, 5, -7, MIOU_CANCELLED};
    int i;

    for (i = 0; i < (int)(sizeof ends / sizeof *ends); i++) {
        with_index(i);
        struct late t = {.end = ends[i]};

        expect_code(run_with(1, cancel_too_late, &t), 0);
        expect_noted(t.cancelled, 0);
        expect_noted(t.checked, 0);
        expect_code(t.outcome, MIOU_CANCELLED);
    }
}

/* ---- R2.26: cancelled while it cancels ---- */

struct cancelling {
    bool before; /* its parent is cancelled before it cancels, or meanwhile */
    atomic_bool begun, ended, go;
    atomic_bool cancelling;
    int result, finalised_before;
    atomic_int finalised;
};

/* On another domain: neither suspends nor ends until it is allowed to. */
static int end_late(void *arg)
{
    struct cancelling *t = arg;
    miou_resource *resource;

    TRY(miou_resource_create(&resource, count_finalised, &t->finalised));
    TRY(miou_own(resource));
    atomic_store(&t->begun, true);
    while (!atomic_load(&t->go))
        ;
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    atomic_store(&t->ended, true);
    return yield_for_ever(NULL);
}

static int cancel_late(void *arg)
{
    struct cancelling *t = arg;
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, end_late, t));
    TRY(yield_until(&t->begun));
    atomic_store(&t->cancelling, true);
    if (t->before)
        yield_for_ever(NULL);
    NOTE(t->result, miou_cancel(promise));
    atomic_store(&t->go, true);
    return 0;
}

static int cancel_cancelling(void *arg)
{
    struct cancelling *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, cancel_late, t));
    TRY(yield_until(&t->cancelling));
    TRY(miou_cancel(promise));
    t->finalised_before = t->finalised;
    return atomic_load(&t->ended);
}

CHECK("R2.26", cancelled_in_a_cancel)
{
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct cancelling t = {.before = i};

        expect_code(run_with(1, cancel_cancelling, &t), 1);
        expect_noted(t.result, MIOU_CANCELLED);
        expect_number(t.finalised_before, 1);
    }
}

/* ---- R2.27: what a cancelled task may still do ---- */

enum { ALLOWED = 15 };

struct allowed {
    atomic_bool begun;
    int calls[ALLOWED], expected[ALLOWED];
    uint64_t id, id_before;
    atomic_int finalised;
    bool returned, returned_before;
};

static int return_five(void *arg)
{
    (void)arg;
    return 5;
}

/* The calls that stay allowed, and what they return in any task that has one orphan and two other
 * children, one ended and awaited, one running. */
static void call_what_is_allowed(struct allowed *t, miou_promise *ended, miou_promise *running,
                                 miou_orphans *orphans)
{
    miou_resource *resource;
    miou_orphans *made;
    int i = 0;

    /* A cancelled task's children may have been cancelled already. */
    NOTE(t->calls[i], miou_promise_state(running));
    t->calls[i] = t->calls[i] == MIOU_STATE_FAILED ? MIOU_STATE_RUNNING : t->calls[i];
    i++;
    NOTE(t->calls[i++], miou_promise_state(ended));
    t->expected[1] = MIOU_STATE_FINISHED;
    NOTE(t->calls[i++], miou_promise_id(&t->id, ended));
    NOTE(t->calls[i++], miou_promise_free(running));
    t->expected[3] = -EBUSY;
    NOTE(t->calls[i++], miou_promise_free(ended));
    NOTE(t->calls[i++], miou_promise_state(ended));
    t->expected[5] = -EINVAL;
    NOTE(t->calls[i++], miou_orphans_length(orphans));
    t->expected[6] = 1;
    NOTE(t->calls[i++], miou_orphans_free(orphans));
    t->expected[7] = -EBUSY;
    NOTE(t->calls[i++], miou_orphans_create(&made));
    NOTE(t->calls[i++], miou_orphans_free(made));
    NOTE(t->calls[i++], miou_domain_available() - 1);
    NOTE(t->calls[i++], miou_domain_self() - 1);
    NOTE(t->calls[i++], miou_resource_create(&resource, count_finalised, &t->finalised));
    NOTE(t->calls[i++], miou_own(resource));
    NOTE(t->calls[i++], miou_release(resource));
}

static int go_on_when_cancelled(void *arg)
{
    struct allowed *t = arg;
    miou_promise *ended, *running;
    miou_orphans *orphans;

    TRY(miou_orphans_create(&orphans));
    TRY(miou_async(NULL, &(miou_spawn){.orphans = orphans}, yield_for_ever, NULL));
    TRY(miou_async(&running, NULL, yield_for_ever, NULL));
    TRY(miou_async(&ended, NULL, return_five, NULL));
    TRY(miou_await(ended, NULL));
    TRY(miou_promise_id(&t->id_before, ended));
    atomic_store(&t->begun, true);
    yield_for_ever(NULL);
    call_what_is_allowed(t, ended, running, orphans);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    t->returned = true;
    return 0;
}

static int cancel_and_wait(void *arg)
{
    struct allowed *t = arg;
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, go_on_when_cancelled, t));
    TRY(yield_until(&t->begun));
    TRY(miou_cancel(promise));
    t->returned_before = t->returned;
    return 0;
}

CHECK("R2.27", what_a_cancelled_task_may_still_do)
{
    struct allowed t = {0};
    int i;

    for (i = 0; i < ALLOWED; i++)
        t.calls[i] = MIOU_LAST;
    expect_code(run_with(1, cancel_and_wait, &t), 0);
    for (i = 0; i < ALLOWED; i++) {
        with_index(i);

        expect_noted(t.calls[i], t.expected[i]);
    }
    expect_true(t.id == t.id_before);
    expect_number(t.finalised, 1);
    expect_true(t.returned_before);
}
