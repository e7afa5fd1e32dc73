/* Rules R8.1, R8.3 and R8.5 to R8.13: what a scenario cannot say of combinators, and of the state
 * and the number of a child. */
#include "disturbed.h"

#include <errno.h>
#include <stdlib.h>

typedef int awaiter(size_t *which, int *outcome, miou_promise *const *promises, size_t count);

/* Spawn a child that returns a number. */
static int spawn_number(spawner *spawn, miou_promise **promise, int number)
{
    return spawn(promise, NULL, return_number, (void *)(intptr_t)number);
}

/* ---- R8.1, R8.3, R8.6, R8.9: outcomes and places ---- */

enum { CHILDREN = 5 };

struct outcomes {
    spawner *spawn;
    int all[CHILDREN], twice[3];
    size_t one, same, first, first_twice;
    int one_outcome, first_outcome;
    int first_again, other_again;
};

static int await_numbers(void *arg)
{
    struct outcomes *t = arg;
    miou_promise *p[CHILDREN], *endless;
    int i;

    for (i = 0; i < CHILDREN; i++)
        TRY(spawn_number(t->spawn, &p[i], i % 2 ? i : -i));
    TRY(miou_await_all(NULL, p, CHILDREN));
    TRY(miou_await_all(t->all, p, CHILDREN));
    TRY(miou_await_all(t->twice, (miou_promise *[]){p[3], p[1], p[3]}, 3));
    TRY(t->spawn(&endless, NULL, yield_for_ever, NULL));
    TRY(miou_await_one(NULL, NULL, (miou_promise *[]){endless, p[4], p[1]}, 3));
    TRY(miou_await_one(&t->one, &t->one_outcome, (miou_promise *[]){endless, p[4], p[1]}, 3));
    TRY(miou_await_one(&t->same, NULL, (miou_promise *[]){endless, p[2], p[2]}, 3));
    TRY(miou_await_first(&t->first_twice, NULL, (miou_promise *[]){p[2], p[1], p[1]}, 3));
    TRY(miou_await_first(&t->first, &t->first_outcome, (miou_promise *[]){endless, p[3], p[3]}, 3));
    TRY(miou_await(p[3], &t->first_again));
    return miou_await(endless, &t->other_again);
}

static void assert_outcomes(spawner *spawn)
{
    struct outcomes t = {.spawn = spawn};
    int i;

    expect_code(run_with(2, await_numbers, &t), 0);
    for (i = 0; i < CHILDREN; i++) {
        with_index(i);

        expect_code(t.all[i], i % 2 ? i : -i);
    }
    expect_code(t.twice[0], 3);
    expect_code(t.twice[1], 1);
    expect_code(t.twice[2], 3);
    expect_number(t.one, 2);
    expect_code(t.one_outcome, 1);
    expect_number(t.same, 1);
    expect_number(t.first_twice, 1);
    expect_number(t.first, 1);
    expect_code(t.first_outcome, 3);
    expect_code(t.first_again, 3);
    expect_code(t.other_again, MIOU_CANCELLED);
}
#define assert_outcomes(...) IN_HELPER(assert_outcomes, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R8.1 R8.3 R8.5 R8.6 R8.9", outcomes_and_places)
{
    assert_outcomes(miou_async);
}

CHECK("R8.1 R8.3 R8.5 R8.6 R8.9", outcomes_and_places_of_other_domains)
{
    assert_outcomes(miou_call);
}

/* ---- R8.1: without a place for the outcomes ---- */

static int await_without_outcomes(void *arg)
{
    miou_promise *p[2];

    (void)arg;
    TRY(spawn_number(miou_async, &p[0], 5));
    TRY(spawn_number(miou_call, &p[1], -6));
    return miou_await_all(NULL, p, 2);
}

CHECK("R8.1", settled_without_outcomes)
{
    expect_code(run_with(1, await_without_outcomes, NULL), 0);
}

/* ---- R8.1, R8.3: ten thousand ---- */

enum { MANY = 10000 };

struct many {
    miou_promise *promises[MANY];
    int outcomes[MANY];
    int taken;
};

static int await_many(void *arg)
{
    struct many *t = arg;
    size_t which;
    int i;

    for (i = 0; i < MANY; i++)
        TRY(spawn_number(miou_async, &t->promises[i], i));
    TRY(miou_await_one(&which, &t->taken, t->promises, MANY));
    t->taken = t->taken == (int)which;
    return miou_await_all(t->outcomes, t->promises, MANY);
}

CHECK("R8.1 R8.3", ten_thousand_at_once)
{
    struct many *t = calloc(1, sizeof *t);
    int i;

    expect_true(t != NULL);
    expect_code(run_with(0, await_many, t), 0);
    expect_true(t->taken);
    for (i = 0; i < MANY; i++) {
        with_index(i);

        expect_code(t->outcomes[i], i);
    }
    free(t);
}

/* ---- R8.7: children that end slowly when cancelled ---- */

struct race {
    struct slow slow;
    bool ended_before;
};

static int return_when_begun(void *arg)
{
    struct race *t = arg;

    TRY(yield_until(&t->slow.begun));
    return 5;
}

static int await_first_beside_slow(void *arg)
{
    struct race *t = arg;
    miou_promise *p[2];

    TRY(miou_call(&p[0], NULL, end_slowly, &t->slow));
    TRY(miou_async(&p[1], NULL, return_when_begun, t));
    TRY(miou_await_first(NULL, NULL, p, 2));
    t->ended_before = atomic_load(&t->slow.ended);
    return 0;
}

CHECK("R8.7", await_first_waits_for_the_others)
{
    struct race t = {0};

    expect_code(run_with(1, await_first_beside_slow, &t), 0);
    expect_true(t.ended_before);
}

/* ---- R8.8, R8.10: arguments ---- */

struct arguments {
    int none[3], no_list[3], null[3], stale[3], stranger[3];
    miou_promise *strange; /* main's child */
    bool written;
};

/* Call all three with the same arguments, and note what they write. */
static void call_all(struct arguments *t, int *results, miou_promise *const *promises, size_t count)
{
    size_t which = 77;
    int outcomes[] = {77, 77}, outcome = 77;

    NOTE(results[0], miou_await_all(outcomes, promises, count));
    NOTE(results[1], miou_await_one(&which, &outcome, promises, count));
    NOTE(results[2], miou_await_first(&which, &outcome, promises, count));
    t->written |= which != 77 || outcome != 77 || outcomes[0] != 77 || outcomes[1] != 77;
}

static int call_badly(void *arg)
{
    struct arguments *t = arg;
    miou_promise *child, *stale;

    TRY(spawn_number(miou_async, &child, 5));
    TRY(spawn_number(miou_async, &stale, 6));
    TRY(miou_await(stale, NULL));
    TRY(miou_promise_free(stale));
    call_all(t, t->none, (miou_promise *[]){child}, 0);
    call_all(t, t->no_list, NULL, 1);
    call_all(t, t->null, (miou_promise *[]){child, NULL}, 2);
    call_all(t, t->stale, (miou_promise *[]){child, stale}, 2);
    call_all(t, t->stranger, (miou_promise *[]){child, t->strange}, 2);
    return miou_await(child, NULL);
}

static int call_badly_below(void *arg)
{
    struct arguments *t = arg;
    miou_promise *asks;

    TRY(spawn_number(miou_async, &t->strange, 7));
    TRY(miou_async(&asks, NULL, call_badly, t));
    return miou_await_all(NULL, (miou_promise *[]){asks, t->strange}, 2);
}

CHECK("R8.8 R8.10", bad_arguments_of_combinators)
{
    struct arguments t = {0};
    int i;

    expect_code(run_with(1, call_badly_below, &t), 0);
    for (i = 0; i < 3; i++) {
        with_index(i);

        expect_noted(t.none[i], i == 0 ? 0 : -EINVAL);
        expect_noted(t.no_list[i], -EINVAL);
        expect_noted(t.null[i], -EINVAL);
        expect_noted(t.stale[i], -EINVAL);
        expect_noted(t.stranger[i], MIOU_NOT_A_CHILD);
    }
    expect_false(t.written);
}

/* ---- R8.11: cancelled ---- */

struct refused {
    int meanwhile, afterwards[3];
    int call; /* which of the three waits */
    struct arguments seen;
    size_t which;
    int outcome, outcomes[2];
};

static int wait_and_be_cancelled(void *arg)
{
    struct refused *t = arg;
    miou_promise *p[2];

    TRY(miou_async(&p[0], NULL, yield_for_ever, NULL));
    TRY(miou_call(&p[1], NULL, yield_for_ever, NULL));
    NOTE(t->meanwhile, t->call == 0   ? miou_await_all(t->outcomes, p, 2)
                       : t->call == 1 ? miou_await_one(&t->which, &t->outcome, p, 2)
                                      : miou_await_first(&t->which, &t->outcome, p, 2));
    call_all(&t->seen, t->afterwards, p, 2);
    return 0;
}

static int cancel_awaiting(void *arg)
{
    return cancel_waiting(wait_and_be_cancelled, arg, NULL);
}

CHECK("R8.11", cancelled_while_waiting_for_several)
{
    int i, j;

    for (i = 0; i < 3; i++) {
        with_index(i);
        struct refused t = {.call = i, .which = 77, .outcome = 77, .outcomes = {77, 77}};

        expect_code(run_with(1, cancel_awaiting, &t), 0);
        expect_noted(t.meanwhile, MIOU_CANCELLED);
        for (j = 0; j < 3; j++) {
            with_index(j);

            expect_noted(t.afterwards[j], MIOU_CANCELLED);
        }
        expect_false(t.seen.written);
        expect_number(t.which, 77);
        expect_code(t.outcome, 77);
        expect_code(t.outcomes[0], 77);
        expect_code(t.outcomes[1], 77);
    }
}

/* The first child has ended, the others have not; then the task itself is cancelled. */
struct between {
    atomic_bool begun, go;
    int result, freed;
    size_t which;
    int outcome;
};

static int work_on(void *arg)
{
    struct between *t = arg;

    atomic_store(&t->begun, true);
    while (!atomic_load(&t->go))
        ;
    return 0;
}

static int take_the_first(void *arg)
{
    struct between *t = arg;
    miou_promise *p[2];

    TRY(spawn_number(miou_async, &p[0], 5));
    TRY(miou_call(&p[1], NULL, work_on, t));
    TRY(yield_until(&t->begun));
    NOTE(t->result, miou_await_first(&t->which, &t->outcome, p, 2));
    NOTE(t->freed, miou_promise_free(p[0]));
    atomic_store(&t->go, true);
    return 0;
}

static int cancel_taking(void *arg)
{
    struct between *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, take_the_first, t));
    TRY(yield_until(&t->begun));
    let_others_run();
    return miou_cancel(promise);
}

CHECK("R8.11", cancelled_while_the_others_end)
{
    struct between t = {.which = 77, .outcome = 77};

    expect_code(run_with(1, cancel_taking, &t), 0);
    expect_noted(t.result, MIOU_CANCELLED);
    expect_noted(t.freed, -EBUSY);
    expect_number(t.which, 77);
    expect_code(t.outcome, 77);
}

/* One child has ended, and the other one has not. */
struct half {
    atomic_bool ended;
    int result, outcomes[2], freed;
};

/* It begins when the other one has returned. */
static int tell_and_yield(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
    return yield_for_ever(NULL);
}

static int await_half(void *arg)
{
    struct half *t = arg;
    miou_promise *p[2];

    TRY(spawn_number(miou_async, &p[0], 5));
    TRY(miou_async(&p[1], NULL, tell_and_yield, &t->ended));
    NOTE(t->result, miou_await_all(t->outcomes, p, 2));
    NOTE(t->freed, miou_promise_free(p[0]));
    return 0;
}

static int cancel_at_half(void *arg)
{
    return cancel_waiting(await_half, arg, &((struct half *)arg)->ended);
}

CHECK("R8.11", cancelled_when_only_one_has_ended)
{
    struct half t = {.outcomes = {77, 77}};

    expect_code(run_with(0, cancel_at_half, &t), 0);
    expect_noted(t.result, MIOU_CANCELLED);
    expect_noted(t.freed, -EBUSY);
    expect_code(t.outcomes[0], 77);
    expect_code(t.outcomes[1], 77);
}

/* ---- R8.12: states ---- */

struct states {
    int running, cancelled, finaliser;
    miou_promise *promise;
    atomic_bool waits;
};

static void ask_state(void *value)
{
    struct states *t = value;

    NOTE(t->finaliser, miou_promise_state(t->promise));
}

static int ask_when_cancelled(void *arg)
{
    struct states *t = arg;
    miou_resource *resource;

    TRY(spawn_number(miou_async, &t->promise, 5));
    NOTE(t->running, miou_promise_state(t->promise));
    TRY(miou_await(t->promise, NULL));
    TRY(miou_resource_create(&resource, ask_state, t));
    TRY(miou_own(resource));
    atomic_store(&t->waits, true);
    yield_for_ever(NULL);
    NOTE(t->cancelled, miou_promise_state(t->promise));
    return 0;
}

static int cancel_asking(void *arg)
{
    return cancel_waiting(ask_when_cancelled, arg, &((struct states *)arg)->waits);
}

CHECK("R8.12", states_are_told_to_the_cancelled_and_to_finalisers)
{
    struct states t = {.running = -1, .cancelled = -1, .finaliser = -1};

    expect_code(run_with(1, cancel_asking, &t), 0);
    expect_noted(t.running, MIOU_STATE_RUNNING);
    expect_noted(t.cancelled, MIOU_STATE_FINISHED);
    expect_noted(t.finaliser, MIOU_STATE_FINISHED);
}

/* A child fails when its own child runs and takes its time to end. */
struct family {
    struct slow slow;
    bool ended_before;
};

static int fail_before_its_child(void *arg)
{
    struct family *t = arg;
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, end_slowly, &t->slow));
    TRY(yield_until(&t->slow.begun));
    return -7;
}

static int ask_until_it_has_failed(void *arg)
{
    struct family *t = arg;
    miou_promise *promise;
    int state;

    TRY(miou_async(&promise, NULL, fail_before_its_child, t));
    while ((state = miou_promise_state(promise)) == MIOU_STATE_RUNNING)
        TRY(miou_yield());
    t->ended_before = atomic_load(&t->slow.ended);
    TRY(miou_await(promise, NULL));
    return state;
}

CHECK("R8.12", a_child_runs_until_its_own_children_have_ended)
{
    struct family t = {0};

    expect_code(run_with(1, ask_until_it_has_failed, &t), MIOU_STATE_FAILED);
    expect_true(t.ended_before);
}

/* ---- R8.13: ids ---- */

enum { IDS = 1000 };

struct ids {
    spawner *spawn;
    bool keep; /* keep all promises, or give each back before the next spawn */
    uint64_t ids[2 * IDS];
    size_t count;
    bool changed; /* an id, from one question to the next */
    bool own;     /* a task has asked for its children's ids too */
};

static int note_id(struct ids *t, miou_promise *promise)
{
    uint64_t again;

    TRY(miou_promise_id(&t->ids[t->count], promise));
    TRY(miou_await(promise, NULL));
    TRY(miou_promise_id(&again, promise));
    t->changed |= again != t->ids[t->count++];
    return 0;
}

static int note_ids(void *arg)
{
    struct ids *t = arg;
    miou_promise *promise;
    int i;

    for (i = 0; i < IDS; i++) {
        TRY(spawn_number(t->spawn, &promise, 0));
        TRY(note_id(t, promise));
        TRY(t->keep ? 0 : miou_promise_free(promise));
    }
    return 0;
}

/* In the middle a task on another domain does the same. */
static int note_ids_twice(void *arg)
{
    miou_promise *promise;

    TRY(note_ids(arg));
    TRY(miou_call(&promise, NULL, note_ids, arg));
    return miou_await(promise, NULL);
}

static int compare_ids(const void *a, const void *b)
{
    const uint64_t *one = a, *other = b;

    return (*one > *other) - (*one < *other);
}

static void assert_ids(spawner *spawn, bool keep)
{
    struct ids t = {.spawn = spawn, .keep = keep};
    size_t i;

    expect_code(run_with(2, note_ids_twice, &t), 0);
    expect_number(t.count, 2 * IDS);
    expect_false(t.changed);
    qsort(t.ids, t.count, sizeof *t.ids, compare_ids);
    expect_true(t.ids[0] != 0);
    for (i = 1; i < t.count; i++) {
        with_index(i);

        expect_true(t.ids[i] != t.ids[i - 1]);
    }
}
#define assert_ids(...) IN_HELPER(assert_ids, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R8.13", numbers_of_kept_promises)
{
    assert_ids(miou_async, true);
    assert_ids(miou_call, true);
}

CHECK("R8.13", numbers_of_promises_given_back)
{
    assert_ids(miou_async, false);
    assert_ids(miou_call, false);
}

/* Two children that an orphanage keeps as well; one of them is cancelled. */
static int note_ids_of_orphans(void *arg)
{
    uint64_t *ids = arg;
    miou_orphans *orphans;
    miou_promise *p[2];
    int i;

    TRY(miou_orphans_create(&orphans));
    for (i = 0; i < 2; i++) {
        TRY(miou_async(&p[i], &(miou_spawn){.orphans = orphans}, yield_for_ever, NULL));
        TRY(miou_promise_id(&ids[i], p[i]));
    }
    TRY(miou_cancel(p[0]));
    TRY(miou_promise_id(&ids[2], p[0]));
    return miou_cancel(p[1]);
}

CHECK("R8.13", numbers_of_orphans_and_of_the_cancelled)
{
    uint64_t ids[3] = {0};

    expect_code(run_with(0, note_ids_of_orphans, ids), 0);
    expect_true(ids[0] != ids[1]);
    expect_true(ids[0] == ids[2]);
}

struct bad_ids {
    miou_promise *strange;
    int stranger, null, stale, no_place;
    uint64_t id;
};

static int ask_badly(void *arg)
{
    struct bad_ids *t = arg;
    miou_promise *promise;

    TRY(spawn_number(miou_async, &promise, 0));
    NOTE(t->no_place, miou_promise_id(NULL, promise));
    NOTE(t->null, miou_promise_id(&t->id, NULL));
    NOTE(t->stranger, miou_promise_id(&t->id, t->strange));
    TRY(miou_await(promise, NULL));
    TRY(miou_promise_free(promise));
    NOTE(t->stale, miou_promise_id(&t->id, promise));
    return 0;
}

static int ask_badly_below(void *arg)
{
    struct bad_ids *t = arg;

    TRY(miou_async(&t->strange, NULL, ask_badly, t));
    return miou_await(t->strange, NULL);
}

CHECK("R8.13", bad_arguments_of_promise_id)
{
    struct bad_ids t = {.id = 77};

    expect_code(run_with(0, ask_badly_below, &t), 0);
    expect_noted(t.no_place, -EINVAL);
    expect_noted(t.null, -EINVAL);
    expect_noted(t.stranger, MIOU_NOT_A_CHILD);
    expect_noted(t.stale, -EINVAL);
    expect_true(t.id == 77);
}

/* ---- R8.1, R8.3, R8.6: whatever else wakes tasks ---- */

static int spawn_two(struct children *t)
{
    TRY(miou_async(&t->promises[0], NULL, end_when_released, t));
    return miou_call(&t->promises[1], NULL, end_when_released, t);
}

static int await_all_children(void *arg)
{
    struct children *t = arg;
    int outcomes[2];

    TRY(spawn_two(t));
    TRY(miou_await_all(outcomes, t->promises, 2));
    return outcomes[0] == outcomes[1] ? outcomes[0] : -1;
}

static int await_one_child(void *arg)
{
    struct children *t = arg;
    int outcome;

    TRY(spawn_two(t));
    TRY(miou_await_one(NULL, &outcome, t->promises, 2));
    TRY(miou_await_all(NULL, t->promises, 2));
    return outcome;
}

static int await_first_child(void *arg)
{
    struct children *t = arg;
    int outcome;

    TRY(spawn_two(t));
    TRY(miou_await_first(NULL, &outcome, t->promises, 2));
    return outcome;
}

CHECK("R8.1", nothing_but_their_ends_ends_await_all)
{
    assert_children_undisturbed(await_all_children, 7);
}

CHECK("R8.3", nothing_but_one_end_ends_await_one)
{
    assert_children_undisturbed(await_one_child, 7);
}

CHECK("R8.6", nothing_but_one_end_ends_await_first)
{
    assert_children_undisturbed(await_first_child, 7);
}
