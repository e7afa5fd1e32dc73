/* Rules R9.1, R9.11 and R9.20: a call that waits for an object goes on waiting,
 * whatever wakes other tasks. */
#include "disturbed.h"
#include "sync.h"

struct objects {
    miou_mutex *mutex;
    miou_condition *condition;
    miou_lazy *lazy;
    bool computing, released;
    atomic_bool held; /* by the task that is about to wait for the condition */
    miou_promise *forcing;
};

static int lock_first(void *arg)
{
    struct objects *t = arg;

    TRY(miou_mutex_create(&t->mutex));
    return miou_mutex_lock(t->mutex);
}

static int lock_next(void *arg)
{
    struct objects *t = arg;

    TRY(miou_mutex_lock(t->mutex));
    return miou_mutex_unlock(t->mutex);
}

static int unlock(void *arg)
{
    return miou_mutex_unlock(((struct objects *)arg)->mutex);
}

CHECK("R9.1", nothing_but_an_unlock_ends_locking)
{
    struct objects t = {0};

    assert_undisturbed(&(struct disturbed_wait){
        .prepare = lock_first, .wait = lock_next, .release = unlock, .state = &t});
}

static int make_condition(void *arg)
{
    struct objects *t = arg;

    TRY(miou_mutex_create(&t->mutex));
    return miou_condition_create(&t->condition);
}

static int wait_on_condition(void *arg)
{
    struct objects *t = arg;

    TRY(miou_mutex_lock(t->mutex));
    atomic_store(&t->held, true);
    TRY(miou_condition_wait(t->condition, t->mutex));
    return miou_mutex_unlock(t->mutex);
}

/* Once the mutex is free the task waits. */
static int signal_condition(void *arg)
{
    struct objects *t = arg;

    TRY(yield_until(&t->held));
    TRY(miou_mutex_lock(t->mutex));
    TRY(miou_condition_signal(t->condition));
    return miou_mutex_unlock(t->mutex);
}

CHECK("R9.11", nothing_but_a_signal_ends_waiting_for_a_condition)
{
    struct objects t = {0};

    assert_undisturbed(&(struct disturbed_wait){.prepare = make_condition,
                                                .wait = wait_on_condition,
                                                .release = signal_condition,
                                                .state = &t});
}

static int compute_slowly(void *arg)
{
    struct objects *t = arg;

    t->computing = true;
    while (!t->released)
        TRY(miou_yield());
    return 6;
}

static int force_it(void *arg)
{
    struct objects *t = arg;
    int value;

    TRY(miou_lazy_force(t->lazy, &value));
    return value;
}

static int begin_forcing(void *arg)
{
    struct objects *t = arg;

    t->computing = t->released = false;
    TRY(miou_lazy_create(&t->lazy, compute_slowly, t));
    TRY(miou_async(&t->forcing, NULL, force_it, t));
    while (!t->computing)
        TRY(miou_yield());
    return 0;
}

static int let_it_compute(void *arg)
{
    ((struct objects *)arg)->released = true;
    return 0;
}

static int end_forcing(void *arg)
{
    return miou_await(((struct objects *)arg)->forcing, NULL);
}

CHECK("R9.20", nothing_but_the_value_ends_forcing)
{
    struct objects t = {0};

    assert_undisturbed(&(struct disturbed_wait){.prepare = begin_forcing,
                                                .wait = force_it,
                                                .release = let_it_compute,
                                                .finish = end_forcing,
                                                .result = 6,
                                                .state = &t});
}

/* ---- R9.1: mutexes that were made on one domain and freed on another leave room for new ones.
 * Those that two domains make then are different. ---- */

enum { ENDED = 600, KEPT = 300, TURNS = 3 };

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

    expect_code(run_with(2, lock_again, &t), 0);
}
