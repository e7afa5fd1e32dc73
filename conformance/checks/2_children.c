/* Rules R2.4, R2.9, R2.11, R2.16, R2.17, R2.19 and R2.20: what a scenario cannot say of children.
 */
#include "disturbed.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* ---- R2.4: outcomes ---- */

static const int results[] = {0,
                              1,
                              256,
                              INT_MAX,
                              -1,
                              -EINVAL,
                              MIOU_STILL_HAS_CHILDREN,
                              MIOU_RESOURCE_LEAKED,
                              MIOU_NOT_A_CHILD,
                              MIOU_NOT_RUNNING,
                              MIOU_LAST,
                              MIOU_LAST - 1,
                              INT_MIN};

enum { RESULTS = sizeof results / sizeof *results };

static int return_what_is_asked(void *arg)
{
    return *(const int *)arg;
}

struct outcomes {
    spawner *spawn;
    int seen[RESULTS];
    int awaits_of_nothing, untouched;
};

static int await_results(void *arg)
{
    struct outcomes *t = arg;
    miou_promise *promises[RESULTS];
    int i;

    for (i = 0; i < RESULTS; i++) {
        int result = results[i];

        TRY(t->spawn(&promises[i], NULL, return_what_is_asked, (void *)&results[i]));
        TRY(miou_await(promises[i], NULL));
        t->seen[i] = !result;
        TRY(miou_await(promises[i], &t->seen[i]));
    }
    t->untouched = 77;
    NOTE(t->awaits_of_nothing, miou_await(NULL, &t->untouched));
    return 3;
}

static void assert_outcomes(spawner *spawn)
{
    struct outcomes t = {.spawn = spawn};
    int i;

    expect_code(run_with(1, await_results, &t), 3);
    for (i = 0; i < RESULTS; i++) {
        with_index(i);

        expect_code(t.seen[i], results[i]);
    }
    expect_noted(t.awaits_of_nothing, -EINVAL);
    expect_code(t.untouched, 77);
}
#define assert_outcomes(...) IN_HELPER(assert_outcomes, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R2.4", every_outcome)
{
    assert_outcomes(miou_async);
}

CHECK("R2.4", every_outcome_from_another_domain)
{
    assert_outcomes(miou_call);
}

/* An await that is refused, or ended by a cancellation, leaves the outcome alone. */
enum { AWAITS = 4, UNTOUCHED = 77 };

struct vain {
    spawner *spawn;
    miou_promise *strangers;
    atomic_bool begun;
    int calls[AWAITS], outcomes[AWAITS];
};

static int await_in_vain(void *arg)
{
    struct vain *t = arg;
    miou_promise *child;

    TRY(t->spawn(&child, NULL, yield_for_ever, NULL));
    NOTE(t->calls[0], miou_await(t->strangers, &t->outcomes[0]));
    t->begun = true;
    NOTE(t->calls[1], miou_await(child, &t->outcomes[1])); /* until it is cancelled */
    NOTE(t->calls[2], miou_await(child, &t->outcomes[2]));
    return 0;
}

static int cancel_in_vain(void *arg)
{
    struct vain *t = arg;
    miou_promise *promise;

    TRY(miou_async(&t->strangers, NULL, yield_for_ever, NULL));
    TRY(t->spawn(&promise, NULL, await_in_vain, t));
    while (!t->begun)
        TRY(miou_yield());
    TRY(let_others_run());
    TRY(miou_cancel(promise));
    TRY(miou_promise_free(promise));
    NOTE(t->calls[3], miou_await(promise, &t->outcomes[3]));
    return miou_cancel(t->strangers);
}

static void assert_untouched(spawner *spawn)
{
    static const int errors[AWAITS] = {MIOU_NOT_A_CHILD, MIOU_CANCELLED, MIOU_CANCELLED, -EINVAL};
    struct vain t = {.spawn = spawn, .outcomes = {UNTOUCHED, UNTOUCHED, UNTOUCHED, UNTOUCHED}};
    int i;

    expect_code(run_with(2, cancel_in_vain, &t), 0);
    for (i = 0; i < AWAITS; i++) {
        with_index(i);

        expect_noted(t.calls[i], errors[i]);
        expect_code(t.outcomes[i], UNTOUCHED);
    }
}
#define assert_untouched(...) IN_HELPER(assert_untouched, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R2.4", an_await_in_vain_writes_nothing)
{
    assert_untouched(miou_async);
    assert_untouched(miou_call);
}

/* ---- R2.9: cancelled tasks that take their time ---- */

struct lineage {
    spawner *spawn;
    struct slow slow; /* the grandchild */
    int outcome;
    bool ended_before; /* its parent, for main */
};

static int spawn_slow_and_fail(void *arg)
{
    struct lineage *t = arg;
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, end_slowly, &t->slow));
    TRY(yield_until(&t->slow.begun));
    return -7;
}

static int spawn_slow_and_wait(void *arg)
{
    struct lineage *t = arg;
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, end_slowly, &t->slow));
    return miou_await(promise, NULL);
}

static int await_slow(void *arg)
{
    struct lineage *t = arg;
    miou_promise *promise;

    TRY(t->spawn(&promise, NULL, spawn_slow_and_fail, t));
    TRY(miou_await(promise, &t->outcome));
    t->ended_before = atomic_load(&t->slow.ended);
    return 0;
}

static int cancel_slow(void *arg)
{
    struct lineage *t = arg;
    miou_promise *promise;

    TRY(t->spawn(&promise, NULL, spawn_slow_and_wait, t));
    TRY(yield_until(&t->slow.begun));
    TRY(miou_cancel(promise));
    t->ended_before = atomic_load(&t->slow.ended);
    return miou_await(promise, &t->outcome);
}

static void assert_slow(miou_task *fn, spawner *spawn, int outcome)
{
    struct lineage t = {.spawn = spawn};

    expect_code(run_with(2, fn, &t), 0);
    expect_code(t.outcome, outcome);
    expect_true(t.ended_before);
}
#define assert_slow(...) IN_HELPER(assert_slow, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R2.9", await_waits_for_the_children_of_a_failure)
{
    assert_slow(await_slow, miou_async, -7);
    assert_slow(await_slow, miou_call, -7);
}

CHECK("R2.9", cancel_waits_for_the_whole_tree)
{
    assert_slow(cancel_slow, miou_async, MIOU_CANCELLED);
    assert_slow(cancel_slow, miou_call, MIOU_CANCELLED);
}

/* A task is cancelled while it cancels its child, and asks how the child stands once the child's
 * function has returned; if it goes on before that, it does not ask. */
struct both_cancelled {
    miou_computation *go;
    miou_promise *child;
    bool begun, cancelling, returned;
    int state;
};

static int yield_and_return(void *arg)
{
    struct both_cancelled *t = arg;

    t->begun = true;
    yield_for_ever(NULL);
    t->returned = true;
    return 0;
}

static int cancel_and_ask(void *arg)
{
    struct both_cancelled *t = arg;

    TRY(miou_async(&t->child, NULL, yield_and_return, t));
    TRY(miou_computation_await(t->go, NULL));
    t->cancelling = true;
    miou_cancel(t->child);
    if (t->returned)
        NOTE(t->state, miou_promise_state(t->child));
    return 0;
}

/* The child's turn is between this task's and that of the one that cancels it. */
static int cancel_both(void *arg)
{
    struct both_cancelled *t = arg;
    miou_promise *promise;

    TRY(miou_computation_create(&t->go));
    TRY(miou_async(&promise, NULL, cancel_and_ask, t));
    while (!t->begun)
        TRY(miou_yield());
    TRY(let_others_run());
    TRY(miou_computation_complete(t->go, 0));
    while (!t->cancelling)
        TRY(miou_yield());
    return miou_cancel(promise);
}

static int cancel_both_elsewhere(void *arg)
{
    return run_on(1, cancel_both, arg);
}

CHECK("R2.9", a_cancelled_task_ends_when_it_returns)
{
    struct both_cancelled here = {.state = MIOU_STATE_FAILED}, there = here;

    expect_code(run_with(0, cancel_both, &here), 0);
    expect_noted(here.state, MIOU_STATE_FAILED);
    expect_code(run_with(1, cancel_both_elsewhere, &there), 0);
    expect_noted(there.state, MIOU_STATE_FAILED);
}

CHECK("R2.9 R2.18", run_waits_for_the_children_of_main)
{
    struct lineage t = {0};

    expect_code(run_with(2, spawn_slow_and_fail, &t), -7);
    expect_true(t.slow.ended);
}

/* ---- R2.11: stale promises ---- */

/* More than a count of uses with 16 bits can tell apart. */
enum { LATER_CHILDREN = 70000 };

struct stale {
    int accepted; /* calls with the first promise, since it is stale */
    int refused;  /* calls with a later one, which is not */
};

static int use_stale(void *arg)
{
    struct stale *t = arg;
    miou_promise *stale, *promise;
    int i;

    TRY(miou_async(&stale, NULL, return_0, NULL));
    TRY(await_and_free(stale));
    for (i = 0; i < LATER_CHILDREN; i++) {
        TRY(miou_async(&promise, NULL, return_0, NULL));
        t->accepted += miou_await(stale, NULL) != -EINVAL;
        t->accepted += miou_cancel(stale) != -EINVAL;
        t->accepted += miou_promise_free(stale) != -EINVAL;
        t->refused += miou_await(promise, NULL) != 0;
        TRY(miou_promise_free(promise));
    }
    return 0;
}

CHECK("R2.11", a_promise_is_stale_for_good)
{
    struct stale t = {.accepted = 0};

    expect_code(run_with(0, use_stale, &t), 0);
    expect_number(t.accepted, 0);
    expect_number(t.refused, 0);
}

/* ---- R2.16: bad spawns ---- */

struct bad_spawns {
    spawner *spawn;
    int no_function, no_function_in_orphanage, no_place, no_place_with_options;
    int not_owner, no_such_domain;
    int spawned;
    bool written;
};

static int spawn_badly(void *arg)
{
    struct bad_spawns *t = arg;
    miou_promise *const nothing = arg, *promise = nothing;
    miou_orphans *orphans;
    miou_resource *unowned;

    TRY(miou_orphans_create(&orphans));
    NOTE(t->no_function, t->spawn(&promise, NULL, NULL, NULL));
    NOTE(t->no_function_in_orphanage,
         t->spawn(&promise, &(miou_spawn){.orphans = orphans}, NULL, NULL));
    NOTE(t->no_place, t->spawn(NULL, NULL, count_one, &t->spawned));
    NOTE(t->no_place_with_options, t->spawn(NULL, &(miou_spawn){0}, count_one, &t->spawned));
    TRY(miou_resource_create(&unowned, ignore, NULL));
    NOTE(t->not_owner, t->spawn(&promise, &(miou_spawn){.give = &unowned, .give_count = 1},
                                count_one, &t->spawned));
    NOTE(t->no_such_domain,
         t->spawn(&promise, &(miou_spawn){.pin = &(int){0}}, count_one, &t->spawned));
    t->written = promise != nothing;
    let_others_run();
    return miou_orphans_free(orphans);
}

static void assert_bad_spawns(spawner *spawn)
{
    struct bad_spawns t = {.spawn = spawn};

    expect_code(run_with(1, spawn_badly, &t), 0);
    expect_noted(t.no_function, -EINVAL);
    expect_noted(t.no_function_in_orphanage, -EINVAL);
    expect_noted(t.no_place, -EINVAL);
    expect_noted(t.no_place_with_options, -EINVAL);
    expect_noted(t.not_owner, MIOU_NOT_OWNER);
    expect_noted(t.no_such_domain, -EINVAL);
    expect_number(t.spawned, 0);
    expect_false(t.written);
}
#define assert_bad_spawns(...) IN_HELPER(assert_bad_spawns, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R2.16", bad_asyncs)
{
    assert_bad_spawns(miou_async);
}

CHECK("R2.16", bad_calls)
{
    assert_bad_spawns(miou_call);
}

/* Calls where no domain can take a task. */
struct useless_calls {
    int code, still_owned, spawned;
    bool written;
};

static int call_in_vain(void *arg)
{
    struct useless_calls *t = arg;
    miou_promise *const nothing = arg, *promise = nothing;
    miou_resource *resource;

    TRY(miou_resource_create(&resource, ignore, NULL));
    TRY(miou_own(resource));
    NOTE(t->code, miou_call(&promise, &(miou_spawn){MIOU_GIVE(resource)}, count_one, &t->spawned));
    t->written = promise != nothing;
    NOTE(t->still_owned, miou_check(resource));
    return miou_disown(resource);
}

static int call_in_vain_elsewhere(void *arg)
{
    return run_on(1, call_in_vain, arg);
}

static void assert_useless(int domains, miou_task *fn)
{
    struct useless_calls t = {0};

    expect_code(run_with(domains, fn, &t), 0);
    expect_noted(t.code, MIOU_NO_DOMAIN_AVAILABLE);
    expect_noted(t.still_owned, 0);
    expect_number(t.spawned, 0);
    expect_false(t.written);
}
#define assert_useless(...) IN_HELPER(assert_useless, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R2.16", calls_without_domains)
{
    assert_useless(0, call_in_vain);
    assert_useless(1, call_in_vain_elsewhere);
}

/* ---- R2.17: whatever main returns ---- */

static int forget_a_child(void *arg)
{
    miou_promise *promise;

    return miou_async(&promise, NULL, yield_for_ever, arg);
}

static int return_although_cancelled(void *result)
{
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, forget_a_child, NULL));
    miou_await(promise, NULL);
    return *(int *)result;
}

CHECK("R2.17", the_code_counts_whatever_main_returns)
{
    int results_of_main[] = {0, 7, -7, MIOU_RESOURCE_LEAKED}, i;

    for (i = 0; i < 4; i++) {
        with_index(i);

        expect_code(run_with(0, return_although_cancelled, &results_of_main[i]),
                    MIOU_STILL_HAS_CHILDREN);
    }
}

/* ---- R2.19: a thousand deep ---- */

enum { DEPTH = 1000 };

struct nest {
    bool across; /* every level on another domain than the one above */
    int bottom;  /* what the last returns; 0: it waits for ever */
    atomic_int depth, ended, finalised;
    int ended_before, finalised_before; /* the top's end was seen */
    int outcome;
};

static void count_finalised(void *value)
{
    struct nest *t = value;

    t->finalised++;
}

static int nest(void *arg)
{
    struct nest *t = arg;
    miou_resource *resource;
    miou_promise *promise;
    int outcome = MIOU_LAST;

    TRY(miou_resource_create(&resource, count_finalised, t));
    TRY(miou_own(resource));
    if (++t->depth < DEPTH) {
        TRY((t->across ? miou_call : miou_async)(&promise, NULL, nest, t));
        miou_await(promise, &outcome);
    } else if (t->bottom) {
        outcome = t->bottom;
    } else {
        yield_for_ever(NULL);
    }
    t->ended++;
    return outcome < 0 ? outcome : miou_disown(resource) < 0 ? -1 : outcome + 1;
}

static int nest_below(void *arg)
{
    struct nest *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, nest, t));
    while (!t->bottom && t->depth < DEPTH)
        TRY(miou_yield());
    TRY(t->bottom ? 0 : miou_cancel(promise));
    TRY(miou_await(promise, &t->outcome));
    t->ended_before = t->ended;
    t->finalised_before = t->finalised;
    return 0;
}

static void assert_nest(bool across, int bottom, int outcome, int finalised)
{
    struct nest t = {.across = across, .bottom = bottom};

    need_tasks(DEPTH + 1);
    expect_code(run_with(2, nest_below, &t), 0);
    expect_number(t.ended_before, DEPTH);
    expect_code(t.outcome, outcome);
    expect_number(t.finalised_before, finalised);
}
#define assert_nest(...) IN_HELPER(assert_nest, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R2.19", a_thousand_deep)
{
    assert_nest(false, 1, DEPTH + 1, 0);
    assert_nest(false, -7, -7, DEPTH);
    assert_nest(false, 0, MIOU_CANCELLED, DEPTH);
}

CHECK("R2.19", a_thousand_deep_across_domains)
{
    assert_nest(true, 1, DEPTH + 1, 0);
    assert_nest(true, -7, -7, DEPTH);
    assert_nest(true, 0, MIOU_CANCELLED, DEPTH);
}

/* One forgets, at the bottom. */
static int nest_and_forget(void *arg)
{
    struct nest *t = arg;
    miou_resource *resource;
    miou_promise *promise;

    TRY(miou_resource_create(&resource, count_finalised, t));
    TRY(miou_own(resource));
    if (++t->depth < DEPTH) {
        TRY((t->across ? miou_call : miou_async)(&promise, NULL, nest_and_forget, t));
        TRY(miou_await(promise, NULL));
        return miou_disown(resource);
    }
    TRY(miou_disown(resource));
    return miou_async(&promise, NULL, yield_for_ever, NULL);
}

static int nest_and_forget_below(void *arg)
{
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, nest_and_forget, arg));
    return miou_await(promise, NULL);
}

CHECK("R2.19", a_forgotten_child_a_thousand_deep)
{
    int across;

    for (across = 0; across <= 1; across++) {
        with_index(across);
        struct nest t = {.across = across};

        need_tasks(DEPTH + 2);
        expect_code(run_with(2, nest_and_forget_below, &t), MIOU_STILL_HAS_CHILDREN);
        expect_number(t.finalised, DEPTH - 1);
    }
}

/* ---- R2.20: promises that were given back ---- */

static int count_child(void *arg)
{
    atomic_int *children = arg;

    atomic_fetch_add(children, 1);
    return 0;
}

struct generations {
    spawner *spawn;
    int most;
    atomic_int children; /* that have run */
    struct growth growth;
};

static int spawn_once(void *arg)
{
    struct generations *t = arg;
    miou_promise *promise;

    TRY(t->spawn(&promise, NULL, count_child, &t->children));
    TRY(miou_await(promise, NULL));
    return miou_promise_free(promise);
}

static int spawn_for_ever(void *arg)
{
    struct generations *t = arg;

    return grow_by(&t->growth, t->most, 50, spawn_once, t);
}

/* 50 bytes a child: less than any record of one. */
static void assert_no_growth(spawner *spawn, int most)
{
    struct generations t = {.spawn = spawn, .most = most};

    expect_code(run_with(1, spawn_for_ever, &t), 0);
    expect_number(t.children, t.growth.rounds);
    expect_false(grew(&t.growth));
}
#define assert_no_growth(...) IN_HELPER(assert_no_growth, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R2.20", no_growth)
{
    assert_no_growth(miou_async, 100000);
}

/* ---- R2.4, R2.9: whatever else wakes tasks ---- */

static int await_child(void *arg)
{
    struct children *t = arg;
    int outcome;

    TRY(miou_async(&t->promises[0], NULL, end_when_released, t));
    TRY(miou_await(t->promises[0], &outcome));
    return outcome;
}

static int await_child_elsewhere(void *arg)
{
    struct children *t = arg;
    int outcome;

    TRY(miou_call(&t->promises[0], NULL, end_when_released, t));
    TRY(miou_await(t->promises[0], &outcome));
    return outcome;
}

/* A child that goes on after its cancellation until it is released. */
static int end_late(void *arg)
{
    struct children *t = arg;

    atomic_store(&t->begun, true);
    while (miou_yield() == 0)
        ;
    until(&t->released);
    return 0;
}

static int cancel_child(void *arg)
{
    struct children *t = arg;

    TRY(miou_call(&t->promises[0], NULL, end_late, t));
    TRY(yield_until(&t->begun));
    return miou_cancel(t->promises[0]);
}

CHECK("R2.4", nothing_but_the_childs_end_ends_await)
{
    assert_children_undisturbed(await_child, 7);
    assert_children_undisturbed(await_child_elsewhere, 7);
}

CHECK("R2.9", nothing_but_the_childs_end_ends_cancel)
{
    assert_children_undisturbed(cancel_child, 0);
}
