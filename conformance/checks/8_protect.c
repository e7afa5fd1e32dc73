/* Rules R8.14 to R8.16: miou_protect. */
#include "refused_calls.h"

#include <errno.h>

enum { MOST = 16 };

/* What was called, in order, and what the calls returned. */
struct protect {
    char calls[MOST + 1];
    int count;
    int fn, finally, on_cancellation; /* what they return */
    int cancelled;                    /* what finally was told */
    bool waits;                       /* fn does, until it is cancelled */
    int in_finally;                   /* yield there */
    int result;
};

static void note(struct protect *t, char call)
{
    if (t->count < MOST)
        t->calls[t->count++] = call;
}

static int call_fn(void *arg)
{
    struct protect *t = arg;

    note(t, 'f');
    while (t->waits && miou_yield() == 0)
        ;
    return t->fn;
}

static int call_finally(void *arg, int cancelled)
{
    struct protect *t = arg;

    note(t, 'g');
    t->cancelled = cancelled;
    NOTE(t->in_finally, miou_yield());
    return t->finally;
}

static int call_on_cancellation(void *arg)
{
    struct protect *t = arg;

    note(t, 'c');
    return t->on_cancellation;
}

static int protect(void *arg)
{
    struct protect *t = arg;

    NOTE(t->result, miou_protect(call_fn, t, call_finally, call_on_cancellation));
    return 0;
}

/* ---- R8.14: finally ---- */

static void assert_protected(int fn, int finally, int result)
{
    struct protect t = {.fn = fn, .finally = finally, .cancelled = -1};

    expect_code(run_with(0, protect, &t), 0);
    expect_text(t.calls, "fg");
    expect_number(t.cancelled, 0);
    expect_noted(t.in_finally, 0);
    expect_noted(t.result, result);
}
#define assert_protected(...) IN_HELPER(assert_protected, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R8.14 R8.15", finally_is_called_and_its_error_counts)
{
    assert_protected(0, 0, 0);
    assert_protected(5, 0, 5);
    assert_protected(5, 3, 5);
    assert_protected(-7, 0, -7);
    assert_protected(-7, 3, -7);
    assert_protected(5, -8, -8);
    assert_protected(MIOU_CANCELLED, 0, MIOU_CANCELLED); /* a result like others */
    assert_protected(5, MIOU_CANCELLED, MIOU_CANCELLED);
    assert_protected(-7, -8, -8);
}

static int protect_without(void *arg)
{
    int *results = arg;
    struct protect t = {0};

    NOTE(results[0], miou_protect(NULL, &t, call_finally, call_on_cancellation));
    NOTE(results[1], miou_protect(call_fn, &t, NULL, call_on_cancellation));
    results[2] = t.count;
    NOTE(results[3], miou_protect(call_fn, &t, call_finally, NULL));
    results[4] = t.count;
    return 0;
}

CHECK("R8.14", protect_needs_two_functions)
{
    int results[5] = {-1, -1, -1, -1, -1};

    expect_code(run_with(0, protect_without, results), 0);
    expect_noted(results[0], -EINVAL);
    expect_noted(results[1], -EINVAL);
    expect_noted(results[2], 0);
    expect_noted(results[3], 0);
    expect_noted(results[4], 2);
}

/* Run a task with miou_protect, let it wait, and cancel it. */
static int cancel_a_protected(void *arg)
{
    return cancel_waiting(protect, arg, NULL);
}

static int call_and_cancel_a_protected(void *arg)
{
    miou_promise *call, *cancel;

    TRY(miou_call(&call, NULL, cancel_a_protected, arg));
    TRY(miou_await(call, NULL));
    TRY(miou_async(&cancel, NULL, cancel_a_protected, arg));
    return miou_await(cancel, NULL);
}

CHECK("R8.14 R8.15", a_cancelled_task_is_told)
{
    struct protect t = {.waits = true, .fn = 5, .finally = -8};

    expect_code(run_with(1, call_and_cancel_a_protected, &t), 0);
    expect_text(t.calls, "fgcfgc");
    expect_number(t.cancelled, 1);
    expect_noted(t.in_finally, MIOU_CANCELLED);
    expect_noted(t.result, -8);
}

CHECK("R8.14", a_cancelled_task_gets_what_the_function_returned)
{
    struct protect t = {.waits = true, .fn = 5, .finally = 3};

    expect_code(run_with(0, cancel_a_protected, &t), 0);
    expect_noted(t.result, 5);
}

/* Nested, and once more when it is cancelled. */
static int protect_inside(void *arg)
{
    note(arg, '(');
    protect(arg);
    note(arg, ')');
    return 0;
}

static int protect_twice(void *arg)
{
    struct protect *t = arg;

    miou_protect(protect_inside, t, call_finally, call_on_cancellation);
    note(t, '.');
    return protect(t);
}

static int cancel_a_nested(void *arg)
{
    return cancel_waiting(protect_twice, arg, NULL);
}

CHECK("R8.14 R8.15", nested_and_refused)
{
    struct protect t = {.waits = true};

    expect_code(run_with(0, cancel_a_nested, &t), 0);
    expect_text(t.calls, "(fgc)gc.");
    expect_noted(t.result, MIOU_CANCELLED);
}

static int fail_beside_a_protected(void *arg)
{
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, protect, arg));
    TRY(let_others_run());
    return -7;
}

CHECK("R8.14 R8.15", told_of_the_end_of_the_run)
{
    struct protect t = {.waits = true, .cancelled = -1};

    expect_code(run_with(0, fail_beside_a_protected, &t), -7);
    expect_text(t.calls, "fgc");
    expect_number(t.cancelled, 1);
}

/* ---- R8.15: what on_cancellation may not do ---- */

enum { CALLS = 13, REFUSED = 10 };

struct rebel {
    int calls[CALLS]; /* the last three are allowed */
    int afterwards;   /* own, when it is over */
    miou_resource *unowned, *owned;
    miou_promise *child;
    bool written, spawned;
};

static int be_spawned(void *arg)
{
    *(bool *)arg = true;
    return 0;
}

static int call_everything(void *arg)
{
    struct rebel *t = arg;
    miou_promise *const nothing = arg, *promise = nothing;
    miou_resource *resource = NULL;

    NOTE(t->calls[0], miou_yield());
    NOTE(t->calls[1], miou_async(&promise, NULL, be_spawned, &t->spawned));
    NOTE(t->calls[2], miou_call(&promise, NULL, be_spawned, &t->spawned));
    NOTE(t->calls[3], miou_await(t->child, NULL));
    NOTE(t->calls[4], miou_cancel(t->child));
    NOTE(t->calls[5], miou_await_all(NULL, &t->child, 1));
    NOTE(t->calls[6], miou_resource_create(&resource, ignore, NULL));
    NOTE(t->calls[7], miou_own(t->unowned));
    NOTE(t->calls[8], miou_disown(t->owned));
    NOTE(t->calls[9], miou_release(t->owned));
    NOTE(t->calls[10], miou_check(t->owned));
    NOTE(t->calls[11], miou_domain_self());
    /* A cancelled task's children may have been cancelled already. */
    NOTE(t->calls[12], miou_promise_state(t->child));
    t->calls[12] = t->calls[12] == MIOU_STATE_FAILED ? MIOU_STATE_RUNNING : t->calls[12];
    t->written = promise != nothing || resource != NULL;
    return 0;
}

static int do_nothing(void *arg, int cancelled)
{
    (void)arg;
    (void)cancelled;
    return 0;
}

static int rebel(void *arg)
{
    struct rebel *t = arg;

    TRY(miou_resource_create(&t->unowned, ignore, NULL));
    TRY(miou_resource_create(&t->owned, ignore, NULL));
    TRY(miou_own(t->owned));
    TRY(miou_async(&t->child, NULL, yield_for_ever, NULL));
    miou_protect(yield_for_ever, t, do_nothing, call_everything);
    NOTE(t->afterwards, miou_own(t->unowned));
    return 0;
}

static int cancel_a_rebel(void *arg)
{
    return cancel_waiting(rebel, arg, NULL);
}

CHECK("R8.15", on_cancellation_neither_suspends_nor_spawns_nor_owns)
{
    struct rebel t = {.afterwards = -1};
    int i;

    expect_code(run_with(1, cancel_a_rebel, &t), 0);
    for (i = 0; i < CALLS; i++) {
        with_index(i);

        expect_noted(t.calls[i], i < REFUSED ? MIOU_IN_FINALISER : 0);
    }
    expect_false(t.written);
    expect_false(t.spawned);
    expect_noted(t.afterwards, 0);
}

CHECK("R8.15", whatever_on_cancellation_passes_it_is_refused)
{
    assert_refused_on_cancellation(TASK_CALLS, miou_run);
}

CHECK("R8.15", whatever_on_cancellation_passes_combinators_are_refused)
{
    assert_refused_on_cancellation(COMBINATOR_CALLS, miou_run);
}

/* ---- R8.15: after it, also if it fails ---- */

static int own_after_failing(void *arg)
{
    struct rebel *t = arg;
    struct protect failing = {.waits = true, .on_cancellation = -7};

    TRY(miou_resource_create(&t->unowned, ignore, NULL));
    protect(&failing);
    NOTE(t->afterwards, miou_own(t->unowned));
    return 0;
}

static int cancel_a_failing(void *arg)
{
    return cancel_waiting(own_after_failing, arg, NULL);
}

CHECK("R8.15", calls_work_again_after_it_has_failed)
{
    struct rebel t = {.afterwards = -1};

    expect_code(run_with(0, cancel_a_failing, &t), MIOU_ON_CANCELLATION_FAILED);
    expect_noted(t.afterwards, 0);
}

/* ---- R8.16: its failure ---- */

struct failing {
    struct protect protect;
    int on_worker;
    atomic_int finalised;
};

static void count_finalised(void *value)
{
    atomic_fetch_add((atomic_int *)value, 1);
}

/* A resource that is owned when the run ends. */
static int own_one(struct failing *t)
{
    miou_resource *resource;

    TRY(miou_resource_create(&resource, count_finalised, &t->finalised));
    return miou_own(resource);
}

static int own_and_wait(void *arg)
{
    TRY(own_one(arg));
    return yield_for_ever(NULL);
}

static int own_and_protect(void *arg)
{
    struct failing *t = arg;

    TRY(own_one(t));
    return protect(&t->protect);
}

static int cancel_the_failing(void *arg)
{
    struct failing *t = arg;
    miou_promise *promise;

    TRY(own_one(t));
    TRY(miou_async(&promise, NULL, own_and_protect, t));
    let_others_run();
    miou_cancel(promise);
    return yield_for_ever(NULL);
}

static int end_by_failing(void *arg)
{
    struct failing *t = arg;
    miou_promise *p[2];

    TRY(own_one(t));
    TRY(miou_call(&p[0], NULL, own_and_wait, t));
    TRY((t->on_worker ? miou_call : miou_async)(&p[1], NULL, cancel_the_failing, t));
    return yield_for_ever(NULL);
}

CHECK("R8.16", a_failure_on_cancellation_ends_the_run)
{
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct failing t = {.protect = {.waits = true, .on_cancellation = -7}, .on_worker = i};

        expect_code(run_with(2, end_by_failing, &t), MIOU_ON_CANCELLATION_FAILED);
        expect_text(t.protect.calls, "fgc");
        expect_true(t.finalised >= 3 &&
                    t.finalised <= 4); /* the task that waits need not have begun */
    }
}

CHECK("R8.16", other_failures_end_nothing)
{
    struct protect t = {.waits = true, .fn = -7, .finally = -8, .on_cancellation = 5};

    expect_code(run_with(0, cancel_a_protected, &t), 0);
    expect_text(t.calls, "fgc");
    expect_noted(t.result, -8);
}
