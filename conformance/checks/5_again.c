/* Rules R5.26 and R9.1: objects that were made on one domain and ended on another leave room for
 * new ones. Those that two domains make then are different objects. */
#include "sync.h"
#include "tasks.h"

enum { ENDED = 600, KEPT = 300, TURNS = 3 };

/* ---- Resources ---- */

struct keeper {
    miou_resource *resources[KEPT];
    int finalised[KEPT];
};

struct again {
    miou_resource *ended[ENDED];
    int count;
    struct keeper here, there;
};

static void count_finalised(void *value)
{
    ++*(int *)value;
}

static int make_all(miou_resource **resources, int count, int *values, int step)
{
    int i;

    for (i = 0; i < count; i++) {
        TRY(miou_resource_create(&resources[i], count_finalised, &values[i * step]));
        TRY(miou_own(resources[i]));
    }
    return 0;
}

static int release_all(miou_resource **resources, int count)
{
    int i;

    for (i = 0; i < count; i++)
        TRY(miou_check(resources[i]));
    for (i = 0; i < count; i++)
        TRY(miou_release(resources[i]));
    return 0;
}

static int end_them(void *arg)
{
    return release_all(((struct again *)arg)->ended, ENDED);
}

static int keep_there(void *arg)
{
    struct again *t = arg;

    TRY(make_all(t->there.resources, KEPT, t->there.finalised, 1));
    return release_all(t->there.resources, KEPT);
}

static int own_again(struct again *t)
{
    miou_spawn there = {.pin = &(int){1}, .give = t->ended, .give_count = ENDED};
    miou_promise *promise;

    TRY(make_all(t->ended, ENDED, &t->count, 0));
    TRY(miou_call(&promise, &there, end_them, t));
    TRY(await_and_free(promise));
    TRY(make_all(t->here.resources, KEPT, t->here.finalised, 1));
    TRY(run_on(2, keep_there, t));
    return release_all(t->here.resources, KEPT);
}

static int own_again_and_again(void *arg)
{
    int round;

    for (round = 0; round < TURNS; round++)
        TRY(own_again(arg));
    return 0;
}

CHECK("R5.26", of_two_domains_after_a_third)
{
    struct again t = {.count = 0};
    int i;

    assert_int_equal(run_with(2, own_again_and_again, &t), 0);
    assert_int_equal(t.count, TURNS * ENDED);
    for (i = 0; i < KEPT; i++) {
        assert_int_equal(t.here.finalised[i], TURNS);
        assert_int_equal(t.there.finalised[i], TURNS);
    }
}

/* ---- Mutexes ---- */

struct locks {
    miou_mutex *ended[ENDED], *here[KEPT], *there[KEPT];
};

static int lock_all(miou_mutex **mutexes)
{
    int i;

    for (i = 0; i < KEPT; i++) {
        TRY(miou_mutex_create(&mutexes[i]));
        TRY(miou_mutex_lock(mutexes[i]));
    }
    return 0;
}

static int free_all(miou_mutex **mutexes)
{
    int i;

    for (i = 0; i < KEPT; i++) {
        TRY(miou_mutex_unlock(mutexes[i]));
        TRY(miou_mutex_free(mutexes[i]));
    }
    return 0;
}

static int free_them(void *arg)
{
    struct locks *t = arg;
    int i;

    for (i = 0; i < ENDED; i++)
        TRY(miou_mutex_free(t->ended[i]));
    return 0;
}

static int lock_there(void *arg)
{
    struct locks *t = arg;

    TRY(lock_all(t->there));
    return free_all(t->there);
}

static int lock_again(void *arg)
{
    struct locks *t = arg;
    int round, i;

    for (round = 0; round < TURNS; round++) {
        for (i = 0; i < ENDED; i++)
            TRY(miou_mutex_create(&t->ended[i]));
        TRY(run_on(1, free_them, t));
        TRY(lock_all(t->here));
        TRY(run_on(2, lock_there, t));
        TRY(free_all(t->here));
    }
    return 0;
}

CHECK("R9.1", of_two_domains_after_others_were_freed)
{
    struct locks t;

    assert_int_equal(run_with(2, lock_again, &t), 0);
}
