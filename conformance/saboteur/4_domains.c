/* Mutants of chapter 4, domains. */
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* ---- where tasks run */

static int deny_that_main_is_on_dom0(void)
{
    const struct task *self = watch_self();

    return self && !self->parent ? 1 : true_miou_domain_self();
}
MUTANT("R4.1", main_says_it_is_elsewhere, WATCHED, .run = watch_run, .await = watch_await,
       .cancel = watch_cancel, .domain_self = deny_that_main_is_on_dom0);

static int async_as_call(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                         void *arg)
{
    int error = MIOU_NO_DOMAIN_AVAILABLE;

    if (true_miou_domain_self() > 0 && !(options && options->pin))
        error = true_miou_call(promise, options, fn, arg);
    return error == MIOU_NO_DOMAIN_AVAILABLE ? true_miou_async(promise, options, fn, arg) : error;
}
MUTANT("R4.2", async_leaves_a_worker, .async = async_as_call);

/* miou_call on dom0, or on the other domains, works as miou_async. */
static int call_here(bool on_dom0, miou_promise **promise, const miou_spawn *options, miou_task *fn,
                     void *arg)
{
    if ((true_miou_domain_self() == 0) != on_dom0 || true_miou_domain_available() <= !on_dom0 ||
        (options && options->pin))
        return true_miou_call(promise, options, fn, arg);
    return true_miou_async(promise, options, fn, arg);
}

static int call_stays_on_dom0(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                              void *arg)
{
    return call_here(true, promise, options, fn, arg);
}
MUTANT("R4.3", dom0_keeps_what_it_calls, .call = call_stays_on_dom0);

static int call_stays_on_a_worker(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                                  void *arg)
{
    return call_here(false, promise, options, fn, arg);
}
MUTANT("R4.4", a_worker_keeps_what_it_calls, .call = call_stays_on_a_worker);

/* Where miou_call finds no domain, spawn on the caller's, dom0 or another one. */
static int call_anyway(bool on_dom0, miou_promise **promise, const miou_spawn *options,
                       miou_task *fn, void *arg)
{
    int error = true_miou_call(promise, options, fn, arg);

    if (error != MIOU_NO_DOMAIN_AVAILABLE || (true_miou_domain_self() == 0) != on_dom0)
        return error;
    return true_miou_async(promise, options, fn, arg);
}

static int call_without_domains(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                                void *arg)
{
    return call_anyway(true, promise, options, fn, arg);
}
MUTANT("R4.5", dom0_calls_itself, .call = call_without_domains);

static int call_from_the_only_domain(miou_promise **promise, const miou_spawn *options,
                                     miou_task *fn, void *arg)
{
    return call_anyway(false, promise, options, fn, arg);
}
MUTANT("R4.6", the_only_worker_calls_itself, .call = call_from_the_only_domain);

static int call_unpinned(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                         void *arg)
{
    miou_spawn unpinned = options ? *options : (miou_spawn){0};
    const int *pin = unpinned.pin;

    if (!pin || *pin <= 0 || *pin > true_miou_domain_available() || *pin == true_miou_domain_self())
        return true_miou_call(promise, options, fn, arg);
    unpinned.pin = NULL;
    return true_miou_call(promise, &unpinned, fn, arg);
}
MUTANT("R4.7", a_pin_is_a_suggestion, .call = call_unpinned);

static int call_with_any_pin(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                             void *arg)
{
    int error = true_miou_call(promise, options, fn, arg);
    miou_spawn unpinned;

    if (error != -EINVAL || !options || !options->pin)
        return error;
    unpinned = *options;
    unpinned.pin = NULL;
    return true_miou_call(promise, &unpinned, fn, arg);
}
MUTANT("R4.8", a_pin_to_nowhere_is_dropped, .call = call_with_any_pin);

static int async_with_a_pin(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                            void *arg)
{
    miou_spawn unpinned = options ? *options : (miou_spawn){0};

    unpinned.pin = NULL;
    return true_miou_async(promise, &unpinned, fn, arg);
}
MUTANT("R4.8", async_ignores_a_pin, .async = async_with_a_pin);

static bool is_refused_for_its_pin(int result, const miou_spawn *options)
{
    return result == -EINVAL && options && options->pin;
}

static int lose_what_async_gives(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                                 void *arg)
{
    int result = true_miou_async(promise, options, fn, arg);

    if (is_refused_for_its_pin(result, options) && options->give_count > 0)
        true_miou_disown(options->give[0]);
    return result;
}
MUTANT("R4.8", a_refused_async_gives, .async = lose_what_async_gives);

static int keep_what_async_refuses(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                                   void *arg)
{
    int result = true_miou_async(promise, options, fn, arg);

    if (is_refused_for_its_pin(result, options) && options->orphans)
        true_miou_async(NULL, &(miou_spawn){.orphans = options->orphans}, fn, arg);
    return result;
}
MUTANT("R4.8", a_refused_async_is_kept, .async = keep_what_async_refuses);

/* ---- parallel */

static int parallel_backwards(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    int error = true_miou_parallel(outcomes, fn, args, count);
    size_t i;

    for (i = 0; !error && outcomes && i < count / 2; i++) {
        int outcome = outcomes[i];

        outcomes[i] = outcomes[count - 1 - i];
        outcomes[count - 1 - i] = outcome;
    }
    return error;
}
MUTANT("R4.9", outcomes_come_backwards, .parallel = parallel_backwards);

static int parallel_until_a_failure(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    bool failed = false;
    int ends[100], error;
    size_t i;

    if (count > 100)
        return true_miou_parallel(outcomes, fn, args, count);
    error = true_miou_parallel(ends, fn, args, count);
    for (i = 0; !error && i < count; i++) {
        if (outcomes)
            outcomes[i] = failed ? MIOU_CANCELLED : ends[i];
        failed = failed || ends[i] < 0;
    }
    return error;
}
MUTANT("R4.9", a_failure_hides_what_follows, .parallel = parallel_until_a_failure);

/* miou_parallel, with a function that spawns the i-th task. */
static int parallel_by(int (*spawn)(miou_promise **promise, size_t i, miou_task *fn, void *arg),
                       int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    miou_promise **promises;
    size_t spawned, i;
    int error = 0, outcome;

    if (!fn || !args || !count)
        return true_miou_parallel(outcomes, fn, args, count);
    promises = calloc(count, sizeof(*promises));
    if (!promises)
        return -ENOMEM;
    for (spawned = 0; !error && spawned < count; spawned += !error)
        error = spawn(&promises[spawned], spawned, fn, args[spawned]);
    for (i = 0; i < spawned; i++) {
        int waited = true_miou_await(promises[i], &outcome);

        if (!waited && outcomes)
            outcomes[i] = outcome;
        if (!waited)
            true_miou_promise_free(promises[i]);
        error = error ? error : waited;
    }
    free(promises);
    return error;
}

static int call_to_the_first(miou_promise **promise, size_t i, miou_task *fn, void *arg)
{
    const int first = true_miou_domain_self() == 1 ? 2 : 1;

    if (first > true_miou_domain_available() || i % 2)
        return true_miou_call(promise, NULL, fn, arg);
    return true_miou_call(promise, &(miou_spawn){.pin = &first}, fn, arg);
}

static int parallel_unevenly(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    return parallel_by(call_to_the_first, outcomes, fn, args, count);
}
MUTANT("R4.10", the_first_domain_gets_most, .parallel = parallel_unevenly);

static int call_to_the_first_sixteen(miou_promise **promise, size_t i, miou_task *fn, void *arg)
{
    int self = true_miou_domain_self();
    int usable = true_miou_domain_available() - (self > 0), pin;

    if (usable <= 16)
        return true_miou_call(promise, NULL, fn, arg);
    pin = 1 + (int)(i % 16);
    if (self > 0 && pin >= self)
        pin++;
    return true_miou_call(promise, &(miou_spawn){.pin = &pin}, fn, arg);
}

static int parallel_on_sixteen(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    return parallel_by(call_to_the_first_sixteen, outcomes, fn, args, count);
}
MUTANT("R4.10", sixteen_domains_are_enough, .parallel = parallel_on_sixteen);

static int parallel_of_something(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    int error = true_miou_parallel(outcomes, fn, args, count);

    return count || error ? error : -EINVAL;
}
MUTANT("R4.11", parallel_of_nothing_is_invalid, .parallel = parallel_of_something);

static int spawn_one_here(miou_promise **promise, size_t i, miou_task *fn, void *arg)
{
    if (i == 0)
        return true_miou_async(promise, NULL, fn, arg);
    return true_miou_call(promise, NULL, fn, arg);
}

static int parallel_with_the_caller(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    return parallel_by(spawn_one_here, outcomes, fn, args, count);
}
MUTANT("R4.12", the_caller_takes_part, .parallel = parallel_with_the_caller);

static int parallel_of_null(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    int error = true_miou_parallel(outcomes, fn, args, count);

    return error == -EINVAL && fn ? 0 : error;
}
MUTANT("R4.20", a_null_list_is_an_empty_one, .parallel = parallel_of_null);

static int parallel_to_the_end(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    int error = true_miou_parallel(outcomes, fn, args, count);
    size_t i;

    for (i = 0; error == MIOU_CANCELLED && outcomes && i < count; i++)
        outcomes[i] = MIOU_CANCELLED;
    return error == MIOU_CANCELLED ? 0 : error;
}
MUTANT("R4.21", parallel_hides_a_cancellation, .parallel = parallel_to_the_end);

/* ---- the domains of a run */

static int available_with_dom0(void)
{
    int available = true_miou_domain_available();

    return available < 0 ? available : available + 1;
}
MUTANT("R4.13", dom0_counts_too, .domain_available = available_with_dom0);

static int available_but_mine(void)
{
    int available = true_miou_domain_available();

    return available - (true_miou_domain_self() > 0);
}
MUTANT("R4.13", ones_own_does_not_count, .domain_available = available_but_mine);

static int all_from_dom0(int *ids, size_t size)
{
    int count = true_miou_domain_all(ids, size), i;

    for (i = 0; i < count && (size_t)i < size; i++)
        ids[i] = i;
    return count;
}
MUTANT("R4.14", all_begin_with_dom0, .domain_all = all_from_dom0);

static int all_written(int *ids, size_t size)
{
    int count = true_miou_domain_all(ids, size);

    return count > (int)size ? (int)size : count;
}
MUTANT("R4.14", all_tells_how_many_it_wrote, .domain_all = all_written);

/* ---- what happens between domains */

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool mine;

/* One task at a time runs on all domains; a task that may suspend passes the turn on meanwhile. */
static void take_turn(void)
{
    pthread_mutex_lock(&turn);
    mine = true;
}

static bool pass_turn(void)
{
    bool had = mine;

    mine = false;
    if (had)
        pthread_mutex_unlock(&turn);
    return had;
}

static int again(bool had, int result)
{
    if (had)
        take_turn();
    return result;
}

static int yield_in_turns(void)
{
    bool had = pass_turn();

    return again(had, watch_yield());
}

static int await_in_turns(miou_promise *promise, int *outcome)
{
    bool had = pass_turn();

    return again(had, watch_await(promise, outcome));
}

static int cancel_in_turns(miou_promise *promise)
{
    bool had = pass_turn();

    return again(had, watch_cancel(promise));
}

static int parallel_in_turns(int *outcomes, miou_task *fn, void *const *args, size_t count)
{
    bool had = pass_turn();

    return again(had, watch_parallel(outcomes, fn, args, count));
}

static void start_in_turn(struct task *self)
{
    (void)self;
    take_turn();
}

static int end_in_turn(struct task *self, int value)
{
    (void)self;
    pass_turn();
    return value;
}

static int run_in_turns(const miou_options *options, miou_task *fn, void *arg)
{
    watch_at_start = start_in_turn;
    watch_at_end = end_in_turn;
    return watch_run(options, fn, arg);
}
MUTANT("R4.15", domains_take_turns, .run = run_in_turns, .yield = yield_in_turns,
       .async = watch_async, .call = watch_call, .parallel = parallel_in_turns,
       .await = await_in_turns, .cancel = cancel_in_turns);

/* Marks of a child on another domain: nothing is left to do, or something that is put off. */
enum { CALLED = 1, LEFT };

/* Returns true if the cancellation is put off. */
static bool put_off(const miou_promise *promise)
{
    struct task *child = watch_task(promise);

    if (!child || !child->mark || child->parent != watch_self())
        return false;
    child->mark = LEFT;
    return true;
}

/* Do now what was put off. */
static void make_up(struct task *child, int (*what)(miou_promise *promise))
{
    if (child && child->mark == LEFT && child->parent == watch_self()) {
        child->mark = CALLED;
        what(child->promise);
    }
}

static int cancel_later(miou_promise *promise)
{
    return put_off(promise) ? 0 : watch_cancel(promise);
}

static int await_the_cancelled(miou_promise *promise, int *outcome)
{
    make_up(watch_task(promise), watch_cancel);
    return watch_await(promise, outcome);
}

static int free_the_cancelled(miou_promise *promise)
{
    make_up(watch_task(promise), watch_cancel);
    return true_miou_promise_free(promise);
}

static int cancel_the_rest(struct task *self, int value)
{
    struct task *child;

    for (child = self->children; child; child = child->next)
        make_up(child, watch_cancel);
    return value;
}

static int run_and_cancel_later(const miou_options *options, miou_task *fn, void *arg)
{
    watch_at_end = cancel_the_rest;
    return watch_run(options, fn, arg);
}
MUTANT("R4.18", cancel_does_not_wait_for_others, .run = run_and_cancel_later, .async = watch_async,
       .call = watch_call_marked, .parallel = watch_parallel, .yield = watch_yield,
       .await = await_the_cancelled, .cancel = cancel_later, .promise_free = free_the_cancelled);

static int call_some(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    static atomic_int calls;

    if (atomic_fetch_add(&calls, 1) >= 3000)
        return -ENOMEM;
    return true_miou_call(promise, options, fn, arg);
}
MUTANT("R4.19", three_thousand_calls_are_enough, .call = call_some);

static int await_at_last(miou_promise *promise)
{
    return watch_await(promise, NULL);
}

static int await_later(miou_promise *promise, int *outcome)
{
    if (!put_off(promise))
        return watch_await(promise, outcome);
    if (outcome)
        *outcome = 0;
    return 0;
}

static int free_the_awaited(miou_promise *promise)
{
    make_up(watch_task(promise), await_at_last);
    return true_miou_promise_free(promise);
}

static int await_the_rest(struct task *self, int value)
{
    struct task *child;

    for (child = self->children; child; child = child->next)
        make_up(child, await_at_last);
    return value;
}

static int run_and_await_later(const miou_options *options, miou_task *fn, void *arg)
{
    watch_at_end = await_the_rest;
    return watch_run(options, fn, arg);
}
MUTANT("R4.22", await_does_not_wait_for_others, .run = run_and_await_later, .async = watch_async,
       .call = watch_call_marked, .parallel = watch_parallel, .yield = watch_yield,
       .await = await_later, .cancel = watch_cancel, .promise_free = free_the_awaited);
