/* Rules R2.4, R2.9, R3.20, R4.9, R8.1, R8.3 and R8.6: a call that waits for children goes on
 * waiting, whatever else wakes tasks, the ends of other children among it. */
#include "disturbed.h"

struct family {
    atomic_bool begun, released;
    miou_promise *promises[2];
};

static int have_none(void *arg)
{
    struct family *t = arg;

    atomic_store(&t->begun, false);
    atomic_store(&t->released, false);
    return 0;
}

static int release_children(void *arg)
{
    struct family *t = arg;

    atomic_store(&t->released, true);
    return 0;
}

static int end_when_released(void *arg)
{
    struct family *t = arg;

    while (!atomic_load(&t->released))
        TRY(miou_yield());
    return 7;
}

/* A child that goes on after its cancellation until it is released. */
static int end_late(void *arg)
{
    struct family *t = arg;

    atomic_store(&t->begun, true);
    while (miou_yield() == 0)
        ;
    until(&t->released);
    return 0;
}

static int spawn_two(struct family *t)
{
    TRY(miou_async(&t->promises[0], NULL, end_when_released, t));
    return miou_call(&t->promises[1], NULL, end_when_released, t);
}

static int await_child(void *arg)
{
    struct family *t = arg;
    int outcome;

    TRY(miou_async(&t->promises[0], NULL, end_when_released, t));
    TRY(miou_await(t->promises[0], &outcome));
    return outcome;
}

static int await_child_elsewhere(void *arg)
{
    struct family *t = arg;
    int outcome;

    TRY(miou_call(&t->promises[0], NULL, end_when_released, t));
    TRY(miou_await(t->promises[0], &outcome));
    return outcome;
}

static int cancel_child(void *arg)
{
    struct family *t = arg;

    TRY(miou_call(&t->promises[0], NULL, end_late, t));
    while (!atomic_load(&t->begun))
        TRY(miou_yield());
    return miou_cancel(t->promises[0]);
}

static int await_all_children(void *arg)
{
    struct family *t = arg;
    int outcomes[2];

    TRY(spawn_two(t));
    TRY(miou_await_all(outcomes, t->promises, 2));
    return outcomes[0] == outcomes[1] ? outcomes[0] : -1;
}

static int await_one_child(void *arg)
{
    struct family *t = arg;
    int outcome;

    TRY(spawn_two(t));
    TRY(miou_await_one(NULL, &outcome, t->promises, 2));
    TRY(miou_await_all(NULL, t->promises, 2));
    return outcome;
}

static int await_first_child(void *arg)
{
    struct family *t = arg;
    int outcome;

    TRY(spawn_two(t));
    TRY(miou_await_first(NULL, &outcome, t->promises, 2));
    return outcome;
}

static int get_orphan(void *arg)
{
    miou_spawn options = {0};
    int outcome;

    TRY(miou_orphans_create(&options.orphans));
    TRY(miou_call(NULL, &options, end_when_released, arg));
    return miou_orphans_get(&outcome, options.orphans) == 1 ? outcome : -1;
}

static int call_in_parallel(void *arg)
{
    int outcomes[2];

    TRY(miou_parallel(outcomes, end_when_released, (void *[]){arg, arg}, 2));
    return outcomes[0] == outcomes[1] ? outcomes[0] : -1;
}

static void check_children(int (*wait)(void *state), int result)
{
    struct family t = {.promises = {NULL}};

    assert_undisturbed(&(struct disturbed_wait){.prepare = have_none,
                                                .wait = wait,
                                                .release = release_children,
                                                .result = result,
                                                .state = &t});
}

CHECK("R2.4", nothing_but_the_childs_end_ends_await)
{
    check_children(await_child, 7);
    check_children(await_child_elsewhere, 7);
}

CHECK("R2.9", nothing_but_the_childs_end_ends_cancel)
{
    check_children(cancel_child, 0);
}

CHECK("R3.20", nothing_but_an_orphans_end_ends_get)
{
    check_children(get_orphan, 7);
}

CHECK("R4.9", nothing_but_their_ends_ends_parallel)
{
    check_children(call_in_parallel, 7);
}

CHECK("R8.1", nothing_but_their_ends_ends_await_all)
{
    check_children(await_all_children, 7);
}

CHECK("R8.3", nothing_but_one_end_ends_await_one)
{
    check_children(await_one_child, 7);
}

CHECK("R8.6", nothing_but_one_end_ends_await_first)
{
    check_children(await_first_child, 7);
}
