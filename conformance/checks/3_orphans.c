/* Rules R3.1 to R3.4, R3.10, R3.12, R3.15, R3.17 and R3.19 to R3.23: what a scenario cannot say of
 * orphanages. */
#include "disturbed.h"

#include <errno.h>
#include <stdlib.h>

/* Yield until care hands out a child. */
static int care_until_ended(miou_promise **promise, miou_orphans *orphans)
{
    int result;

    while ((result = miou_care(promise, orphans)) == MIOU_CARE_RUNNING)
        TRY(yield_to_all());
    return result;
}

/* ---- R3.1, R3.2, R3.15: arguments ---- */

struct care_arguments {
    atomic_bool go;
    int empty, running;
    bool written;
    int no_place, no_orphanage, no_create, no_free;
    int ended, outcome, empty_again;
};

static int wait_to_go(void *arg)
{
    struct care_arguments *t = arg;

    TRY(yield_until(&t->go));
    return 5;
}

static int care_badly(void *arg)
{
    struct care_arguments *t = arg;
    miou_promise *const nothing = arg, *promise = nothing;
    miou_orphans *orphans;

    TRY(miou_orphans_create(&orphans));
    NOTE(t->empty, miou_care(&promise, orphans));
    TRY(miou_async(NULL, &(miou_spawn){.orphans = orphans}, wait_to_go, t));
    NOTE(t->running, miou_care(&promise, orphans));
    let_others_run();
    atomic_store(&t->go, true);
    let_others_run();
    NOTE(t->no_place, miou_care(NULL, orphans));
    NOTE(t->no_orphanage, miou_care(&promise, NULL));
    NOTE(t->no_create, miou_orphans_create(NULL));
    NOTE(t->no_free, miou_orphans_free(NULL));
    t->written = promise != nothing;
    NOTE(t->ended, care_until_ended(&promise, orphans));
    TRY(miou_await(promise, &t->outcome));
    NOTE(t->empty_again, miou_care(&promise, orphans));
    return 0;
}

CHECK("R3.1 R3.2 R3.15", bad_arguments_of_orphanages)
{
    struct care_arguments t = {.empty = -1, .empty_again = -1};

    expect_code(run_with(1, care_badly, &t), 0);
    expect_noted(t.empty, MIOU_CARE_EMPTY);
    expect_noted(t.running, MIOU_CARE_RUNNING);
    expect_false(t.written);
    expect_noted(t.no_place, -EINVAL);
    expect_noted(t.no_orphanage, -EINVAL);
    expect_noted(t.no_create, -EINVAL);
    expect_noted(t.no_free, -EINVAL);
    expect_noted(t.ended, MIOU_CARE_ENDED);
    expect_code(t.outcome, 5);
    expect_noted(t.empty_again, MIOU_CARE_EMPTY);
}

/* ---- R3.4, R3.10, R3.12: each once ---- */

enum { MANY = 10000 };

struct handed_out {
    spawner *spawn;
    int count;
    int times[MANY]; /* that the child of this number was handed out */
    int strange;     /* outcomes that no child has */
    int last;        /* what care said when it was over */
};

static int spawn_orphans(struct handed_out *t, miou_orphans *orphans)
{
    int i;

    for (i = 0; i < t->count; i++)
        TRY(t->spawn(NULL, &(miou_spawn){.orphans = orphans}, return_number, (void *)(intptr_t)i));
    return 0;
}

static int take_orphans(struct handed_out *t, miou_orphans *orphans)
{
    miou_promise *promise;
    int outcome;

    while ((t->last = care_until_ended(&promise, orphans)) == MIOU_CARE_ENDED) {
        TRY(miou_await(promise, &outcome));
        if (outcome >= 0 && outcome < t->count)
            t->times[outcome]++;
        else
            t->strange++;
    }
    return 0;
}

static int have_orphans(void *arg)
{
    struct handed_out *t = arg;
    miou_orphans *orphans;

    TRY(miou_orphans_create(&orphans));
    TRY(spawn_orphans(t, orphans));
    TRY(take_orphans(t, orphans));
    return miou_orphans_free(orphans);
}

static void assert_each_once(spawner *spawn, int domains, int count)
{
    struct handed_out *t = calloc(1, sizeof *t);
    int i;

    expect_true(t != NULL);
    t->spawn = spawn;
    t->count = count;
    need_tasks(count + 1);
    expect_code(run_with(domains, have_orphans, t), 0);
    expect_code(t->last, MIOU_CARE_EMPTY);
    expect_number(t->strange, 0);
    for (i = 0; i < count; i++) {
        with_index(i);

        expect_number(t->times[i], 1);
    }
    free(t);
}
#define assert_each_once(...) IN_HELPER(assert_each_once, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R3.3 R3.4", each_orphan_once)
{
    assert_each_once(miou_async, 0, 1);
    assert_each_once(miou_async, 0, 100);
}

CHECK("R3.4 R3.10", each_orphan_of_other_domains_once)
{
    assert_each_once(miou_call, 1, 1);
    assert_each_once(miou_call, 1, 100);
    assert_each_once(miou_call, 3, 100);
}

CHECK("R3.12", ten_thousand_orphans)
{
    assert_each_once(miou_async, 0, MANY);
}

CHECK("R3.12", ten_thousand_orphans_of_other_domains)
{
    assert_each_once(miou_call, 2, MANY);
}

/* ---- R3.12: a server that always has some ---- */

enum { CLIENTS = 10000, AT_ONCE = 100 };

struct served {
    int ended;
    int busy, most;
};

static int be_served(void *arg)
{
    struct served *t = arg;

    t->busy++;
    if (t->busy > t->most)
        t->most = t->busy;
    TRY(miou_yield());
    t->busy--;
    return 1;
}

/* As the chapter's server: clean up, then the next client. */
static int serve(void *arg)
{
    struct served *t = arg;
    miou_orphans *orphans;
    miou_promise *promise;
    int i, outcome, result;

    TRY(miou_orphans_create(&orphans));
    for (i = 0; i < CLIENTS; i++) {
        while ((result = miou_care(&promise, orphans)) == MIOU_CARE_ENDED) {
            TRY(miou_await(promise, &outcome));
            TRY(miou_promise_free(promise));
            t->ended += outcome;
        }
        TRY(result);
        TRY(miou_async(NULL, &(miou_spawn){.orphans = orphans}, be_served, t));
        TRY(i % AT_ONCE == 0 ? miou_yield() : 0);
    }
    while ((result = care_until_ended(&promise, orphans)) == MIOU_CARE_ENDED) {
        TRY(miou_await(promise, &outcome));
        t->ended += outcome;
    }
    return miou_orphans_free(orphans);
}

CHECK("R3.12", a_server_with_clients_that_come_and_go)
{
    struct served t = {0};

    need_tasks(2 * AT_ONCE + 1);
    expect_code(run_with(0, serve, &t), 0);
    expect_number(t.ended, CLIENTS);
    expect_number(t.busy, 0);
    expect_at_least(t.most, AT_ONCE);
}

/* ---- R3.17, R3.19, R3.22: arguments of take and get ---- */

struct take_arguments {
    int empty, no_place, no_orphanage[3];
    int get_empty, untouched;
    bool written;
    int got_without_place, taken, outcome;
};

static int take_badly(void *arg)
{
    struct take_arguments *t = arg;
    miou_promise *const nothing = arg, *promise = nothing;
    miou_orphans *orphans;

    TRY(miou_orphans_create(&orphans));
    t->untouched = 77;
    NOTE(t->empty, miou_orphans_take(&promise, orphans));
    NOTE(t->get_empty, miou_orphans_get(&t->untouched, orphans));
    TRY(miou_async(NULL, &(miou_spawn){.orphans = orphans}, return_number, (void *)5));
    TRY(miou_async(NULL, &(miou_spawn){.orphans = orphans}, return_number, (void *)5));
    NOTE(t->no_place, miou_orphans_take(NULL, orphans));
    NOTE(t->no_orphanage[0], miou_orphans_take(&promise, NULL));
    NOTE(t->no_orphanage[1], miou_orphans_get(&t->untouched, NULL));
    NOTE(t->no_orphanage[2], miou_orphans_length(NULL));
    t->written = promise != nothing;
    NOTE(t->got_without_place, miou_orphans_get(NULL, orphans));
    NOTE(t->taken, miou_orphans_take(&promise, orphans));
    TRY(miou_await(promise, &t->outcome));
    return miou_orphans_free(orphans);
}

CHECK("R3.17 R3.19 R3.22", bad_arguments_of_take_and_get)
{
    struct take_arguments t = {.empty = -1, .get_empty = -1};
    int i;

    expect_code(run_with(1, take_badly, &t), 0);
    expect_noted(t.empty, 0);
    expect_noted(t.get_empty, 0);
    expect_code(t.untouched, 77);
    expect_false(t.written);
    expect_noted(t.no_place, -EINVAL);
    for (i = 0; i < 3; i++) {
        with_index(i);

        expect_noted(t.no_orphanage[i], -EINVAL);
    }
    expect_noted(t.got_without_place, 1);
    expect_noted(t.taken, 1);
    expect_code(t.outcome, 5);
}

/* ---- R3.19, R3.20: each once, in whatever way ---- */

static int get_orphans(void *arg)
{
    struct handed_out *t = arg;
    miou_orphans *orphans;
    int i, outcome;

    TRY(miou_orphans_create(&orphans));
    for (i = 0; i < t->count; i++)
        TRY((i % 2 ? miou_async : miou_call)(NULL, &(miou_spawn){.orphans = orphans}, return_number,
                                             (void *)(intptr_t)i));
    while ((t->last = miou_orphans_get(&outcome, orphans)) == 1)
        t->times[outcome]++;
    return miou_orphans_free(orphans);
}

CHECK("R3.19 R3.20", each_orphan_is_got_once)
{
    struct handed_out *t = calloc(1, sizeof *t);
    int i;

    expect_true(t != NULL);
    t->count = 1000;
    need_tasks(t->count + 1);
    expect_code(run_with(2, get_orphans, t), 0);
    expect_code(t->last, 0);
    for (i = 0; i < t->count; i++) {
        with_index(i);

        expect_number(t->times[i], 1);
    }
    free(t);
}

/* ---- R3.21, R3.23: what the cancelled may ask ---- */

struct cancelled {
    miou_orphans *orphans;
    int meanwhile, get, outcome;
    int take, length, in_finaliser;
    bool written;
};

static void ask_length(void *value)
{
    struct cancelled *t = value;

    NOTE(t->in_finaliser, miou_orphans_length(t->orphans));
}

static int ask_when_cancelled(void *arg)
{
    struct cancelled *t = arg;
    miou_promise *const nothing = arg, *promise = nothing;
    miou_resource *resource;

    TRY(miou_resource_create(&resource, ask_length, t));
    TRY(miou_own(resource));
    TRY(miou_orphans_create(&t->orphans));
    TRY(miou_async(NULL, &(miou_spawn){.orphans = t->orphans}, yield_for_ever, NULL));
    TRY(miou_call(NULL, &(miou_spawn){.orphans = t->orphans}, yield_for_ever, NULL));
    NOTE(t->meanwhile, miou_orphans_get(&t->outcome, t->orphans));
    NOTE(t->get, miou_orphans_get(&t->outcome, t->orphans));
    NOTE(t->take, miou_orphans_take(&promise, t->orphans));
    NOTE(t->length, miou_orphans_length(t->orphans));
    t->written = promise != nothing || t->outcome != 77;
    return 0;
}

static int cancel_asking(void *arg)
{
    return cancel_waiting(ask_when_cancelled, arg, NULL);
}

CHECK("R3.21 R3.23", what_the_cancelled_may_ask_of_orphanages)
{
    struct cancelled t = {.outcome = 77, .length = -1};

    expect_code(run_with(1, cancel_asking, &t), 0);
    expect_noted(t.meanwhile, MIOU_CANCELLED);
    expect_noted(t.get, MIOU_CANCELLED);
    expect_noted(t.take, MIOU_CANCELLED);
    expect_noted(t.length, 2);
    expect_noted(t.in_finaliser, 2);
    expect_false(t.written);
}

/* ---- R3.20: whatever else wakes tasks ---- */

static int get_orphan(void *arg)
{
    miou_spawn options = {0};
    int outcome;

    TRY(miou_orphans_create(&options.orphans));
    TRY(miou_call(NULL, &options, end_when_released, arg));
    return miou_orphans_get(&outcome, options.orphans) == 1 ? outcome : -1;
}

CHECK("R3.20", nothing_but_an_orphans_end_ends_get)
{
    assert_children_undisturbed(get_orphan, 7);
}

/* ---- R3.13: stale orphanages ---- */

/* More than a count of uses with 16 bits can tell apart. */
enum { LATER_ORPHANAGES = 70000 };

/* Returns how many calls with an orphanage that was given back were not refused. */
static int use_stale(void *arg)
{
    miou_orphans *stale, *orphans;
    miou_promise *promise;
    int i, accepted = 0;

    (void)arg;
    TRY(miou_orphans_create(&stale));
    TRY(miou_orphans_free(stale));
    for (i = 0; i < LATER_ORPHANAGES; i++) {
        TRY(miou_orphans_create(&orphans));
        accepted += miou_care(&promise, stale) != -EINVAL;
        accepted += miou_orphans_length(stale) != -EINVAL;
        accepted += miou_orphans_free(stale) != -EINVAL;
        TRY(miou_orphans_free(orphans));
    }
    return accepted;
}

CHECK("R3.13", an_orphanage_is_stale_for_good)
{
    expect_code(run_with(0, use_stale, NULL), 0);
}
