/* Mutants of chapter 8, combinators. */
#include "records.h"

#include <errno.h>
#include <time.h>

/* Whether a child of the calling task still runs, as far as is known. */
static bool runs(miou_promise *promise)
{
    return true_miou_promise_state(promise) == MIOU_STATE_RUNNING;
}

/* ---- R8.1, R8.2: await all ---- */

static int await_but_the_last(int *outcomes, miou_promise *const *promises, size_t count)
{
    return true_miou_await_all(outcomes, promises, promises && count > 1 ? count - 1 : count);
}
MUTANT("R8.1", the_last_is_not_awaited, .await_all = await_but_the_last);

static int await_in_reverse(int *outcomes, miou_promise *const *promises, size_t count)
{
    int result = true_miou_await_all(outcomes, promises, count);
    size_t i;

    for (i = 0; result == 0 && outcomes && i < count / 2; i++) {
        int outcome = outcomes[i];

        outcomes[i] = outcomes[count - 1 - i];
        outcomes[count - 1 - i] = outcome;
    }
    return result;
}
MUTANT("R8.1", outcomes_are_in_reverse, .await_all = await_in_reverse);

/* Await one after the other; cancel those that follow a failure. */
static int await_up_to_a_failure(int *outcomes, miou_promise *const *promises, size_t count)
{
    int result = true_miou_await_all(NULL, promises, 0), outcome = 0;
    size_t i;

    if (!promises)
        return true_miou_await_all(outcomes, promises, count);
    for (i = 0; result == 0 && i < count; i++) {
        if (outcome < 0)
            result = true_miou_cancel(promises[i]);
        if (result == 0)
            result = true_miou_await(promises[i], &outcome);
        if (result == 0 && outcomes)
            outcomes[i] = outcome;
    }
    return result;
}
MUTANT("R8.2", a_failure_cancels_what_is_listed_after_it, .await_all = await_up_to_a_failure);

/* ---- R8.3 to R8.5: await one ---- */

static int count_from_one(size_t *which, int *outcome, miou_promise *const *promises, size_t count)
{
    int result = true_miou_await_one(which, outcome, promises, count);

    if (result == 0 && which)
        ++*which;
    return result;
}
MUTANT("R8.3", places_begin_with_one, .await_one = count_from_one);

static int await_one_value(size_t *which, int *outcome, miou_promise *const *promises, size_t count)
{
    int how = 0, result = true_miou_await_one(which, &how, promises, count);

    if (result == 0 && outcome)
        *outcome = how < 0 ? 0 : how;
    return result;
}
MUTANT("R8.3", failures_of_one_look_like_values, .await_one = await_one_value);

static int await_one_as_first(size_t *which, int *outcome, miou_promise *const *promises,
                              size_t count)
{
    return true_miou_await_first(which, outcome, promises, count);
}
MUTANT("R8.4", await_one_cancels_the_others, .await_one = await_one_as_first);

static int await_one_and_ended(size_t *which, int *outcome, miou_promise *const *promises,
                               size_t count)
{
    int result = true_miou_await_one(which, outcome, promises, count);
    size_t i;

    for (i = 0; result == 0 && i < count; i++)
        if (!runs(promises[i]))
            true_miou_await(promises[i], NULL);
    return result;
}
MUTANT("R8.4", await_one_awaits_all_that_have_ended, .await_one = await_one_and_ended);

/* The place of the first that has failed; count if none has. */
static size_t failed_place(miou_promise *const *promises, size_t count)
{
    size_t i;

    for (i = 0; promises && i < count; i++)
        if (true_miou_promise_state(promises[i]) == MIOU_STATE_FAILED)
            return i;
    return count;
}

static int await_a_failure(size_t *which, int *outcome, miou_promise *const *promises, size_t count)
{
    size_t failed = failed_place(promises, count);
    int result = failed < count ? true_miou_await(promises[failed], outcome)
                                : true_miou_await_one(which, outcome, promises, count);

    if (failed < count && result == 0 && which)
        *which = failed;
    return result;
}
MUTANT("R8.5", failures_are_taken_first, .await_one = await_a_failure);

/* Take the child at a place; cancel the others, or await them if they are to be spared. */
static int take_and_cancel(size_t place, size_t *which, int *outcome, miou_promise *const *promises,
                           size_t count, bool (*spare)(miou_promise *))
{
    size_t i;
    int result = true_miou_await(promises[place], outcome);

    for (i = 0; result == 0 && i < count; i++)
        if (promises[i] != promises[place])
            result = (spare && spare(promises[i]) ? true_miou_await(promises[i], NULL)
                                                  : true_miou_cancel(promises[i]));
    if (result == 0 && which)
        *which = place;
    return result;
}

static int first_is_a_failure(size_t *which, int *outcome, miou_promise *const *promises,
                              size_t count)
{
    size_t failed = failed_place(promises, count);

    if (failed == count)
        return true_miou_await_first(which, outcome, promises, count);
    return take_and_cancel(failed, which, outcome, promises, count, NULL);
}
MUTANT("R8.5", failures_come_in_first, .await_first = first_is_a_failure);

/* ---- R8.6, R8.7: await first ---- */

static int await_first_as_one(size_t *which, int *outcome, miou_promise *const *promises,
                              size_t count)
{
    return true_miou_await_one(which, outcome, promises, count);
}
MUTANT("R8.6", await_first_cancels_no_child, .await_first = await_first_as_one);

static bool has_ended(miou_promise *promise)
{
    return !runs(promise);
}

static int await_first_of_running(size_t *which, int *outcome, miou_promise *const *promises,
                                  size_t count)
{
    size_t place;
    int result = true_miou_await_one(&place, outcome, promises, count);

    if (result < 0)
        return result;
    return take_and_cancel(place, which, outcome, promises, count, has_ended);
}
MUTANT("R8.6", await_first_spares_what_has_ended, .await_first = await_first_of_running);

static int await_first_and_cancel_it(size_t *which, int *outcome, miou_promise *const *promises,
                                     size_t count)
{
    size_t place = 0;
    int result = true_miou_await_first(&place, outcome, promises, count);

    if (result == 0)
        result = true_miou_cancel(promises[place]);
    if (result == 0 && which)
        *which = place;
    return result;
}
MUTANT("R8.6", the_first_is_cancelled_too, .await_first = await_first_and_cancel_it);

/* The others are cancelled only when they are awaited, or at the end of their parent. */
static int await_first_for_now(size_t *which, int *outcome, miou_promise *const *promises,
                               size_t count)
{
    size_t place = 0, i;
    int result = true_miou_await_one(&place, outcome, promises, count);

    for (i = 0; result == 0 && i < count; i++)
        if (promises[i] != promises[place])
            watch_task(promises[i])->mark = 1;
    if (result == 0 && which)
        *which = place;
    return result;
}

static int await_after_cancel(miou_promise *promise, int *outcome)
{
    struct task *child = watch_task(promise);

    if (child && child->mark && child->parent == watch_self())
        watch_cancel(promise);
    return watch_await(promise, outcome);
}

static int the_others_are_cancelled_later(struct task *self, int value)
{
    struct task *child;

    for (child = watch_unsettled(self->children); child; child = watch_unsettled(child->next))
        if (child->mark)
            watch_cancel(child->promise);
    return value;
}
MUTANT_AT_END("R8.7", the_others_are_cancelled_later, .await_first = await_first_for_now,
              .await = await_after_cancel, .cancel = watch_cancel);

/* ---- R8.8 to R8.10: what is listed ---- */

static int await_all_of_some(int *outcomes, miou_promise *const *promises, size_t count)
{
    return count == 0 && true_miou_domain_self() >= 0
               ? -EINVAL
               : true_miou_await_all(outcomes, promises, count);
}
MUTANT("R8.8", all_of_none_is_an_error, .await_all = await_all_of_some);

static int await_one_of_none(size_t *which, int *outcome, miou_promise *const *promises,
                             size_t count)
{
    return count == 0 && true_miou_domain_self() >= 0
               ? 0
               : true_miou_await_one(which, outcome, promises, count);
}
MUTANT("R8.8", one_of_none_is_no_error, .await_one = await_one_of_none);

static bool listed_twice(miou_promise *const *promises, size_t count)
{
    size_t i, j;

    for (i = 0; promises && i < count && i < 100; i++)
        for (j = 0; j < i; j++)
            if (promises[i] && promises[i] == promises[j])
                return true;
    return false;
}

static int await_all_different(int *outcomes, miou_promise *const *promises, size_t count)
{
    return listed_twice(promises, count) ? -EINVAL : true_miou_await_all(outcomes, promises, count);
}
MUTANT("R8.9", no_child_is_listed_twice, .await_all = await_all_different);

static int await_first_of_different(size_t *which, int *outcome, miou_promise *const *promises,
                                    size_t count)
{
    bool twice = listed_twice(promises, count);
    size_t place = 0, i;
    int result = true_miou_await_first(&place, outcome, promises, count);

    for (i = place + 1; result == 0 && twice && i < count; i++)
        if (promises[i] == promises[place])
            result = true_miou_cancel(promises[i]);
    if (result == 0 && which)
        *which = place;
    return result;
}
MUTANT("R8.9", the_first_is_cancelled_at_its_second_place, .await_first = await_first_of_different);

static int await_all_of_anyone(int *outcomes, miou_promise *const *promises, size_t count)
{
    int result = true_miou_await_all(outcomes, promises, count);

    return result == MIOU_NOT_A_CHILD ? 0 : result;
}
MUTANT("R8.10", anyone_may_await_all, .await_all = await_all_of_anyone);

static int await_one_by_one(int *outcomes, miou_promise *const *promises, size_t count)
{
    int result = promises ? 0 : true_miou_await_all(outcomes, promises, count);
    size_t i;

    for (i = 0; promises && result == 0 && i < count; i++)
        result = true_miou_await(promises[i], outcomes ? &outcomes[i] : NULL);
    return result;
}
MUTANT("R8.10", those_before_a_stranger_are_awaited, .await_all = await_one_by_one);

/* ---- R8.11: cancelled ---- */

static int await_all_and_write(int *outcomes, miou_promise *const *promises, size_t count)
{
    int result = true_miou_await_all(outcomes, promises, count);
    size_t i;

    for (i = 0; result == MIOU_CANCELLED && outcomes && i < count; i++)
        outcomes[i] = MIOU_CANCELLED;
    return result;
}
MUTANT("R8.11", the_cancelled_get_outcomes, .await_all = await_all_and_write);

/* Await one after the other, once it is known that all are the caller's. */
static int await_all_in_turn(int *outcomes, miou_promise *const *promises, size_t count)
{
    int result = 0;
    size_t i;

    for (i = 0; promises && i < count; i++)
        if (true_miou_promise_state(promises[i]) < 0)
            return true_miou_await_all(outcomes, promises, count);
    if (!promises || count == 0)
        return true_miou_await_all(outcomes, promises, count);
    for (i = 0; result == 0 && i < count; i++)
        result = true_miou_await(promises[i], outcomes ? &outcomes[i] : NULL);
    return result;
}
MUTANT("R8.11", outcomes_are_there_one_by_one, .await_all = await_all_in_turn);

static int await_first_though_cancelled(size_t *which, int *outcome, miou_promise *const *promises,
                                        size_t count)
{
    int result = true_miou_await_first(which, outcome, promises, count);

    return result == MIOU_CANCELLED ? 0 : result;
}
MUTANT("R8.11", cancellation_passes_await_first, .await_first = await_first_though_cancelled);

/* ---- R8.12, R8.13: what a promise tells ---- */

static int state_without_failures(miou_promise *promise)
{
    int state = true_miou_promise_state(promise);

    return state == MIOU_STATE_FAILED ? MIOU_STATE_FINISHED : state;
}
MUTANT("R8.12", failures_have_finished, .promise_state = state_without_failures);

static int state_and_await(miou_promise *promise)
{
    int state = true_miou_promise_state(promise);

    if (state > MIOU_STATE_RUNNING)
        true_miou_await(promise, NULL);
    return state;
}
MUTANT("R8.12", asking_is_enough, .promise_state = state_and_await);

static int state_in_turn(miou_promise *promise)
{
    true_miou_yield();
    return true_miou_promise_state(promise);
}
MUTANT("R8.12", asking_suspends, .promise_state = state_in_turn);

static int state_of_anyones(miou_promise *promise)
{
    int state = true_miou_promise_state(promise);

    return state == MIOU_NOT_A_CHILD ? MIOU_STATE_RUNNING : state;
}
MUTANT("R8.12", strangers_run, .promise_state = state_of_anyones);

static int small_id(uint64_t *id, miou_promise *promise)
{
    int result = true_miou_promise_id(id, promise);

    if (result == 0)
        *id = *id % 1000 + 1;
    return result;
}
MUTANT("R8.13", a_thousand_numbers, .promise_id = small_id);

static int id_of_anyones(uint64_t *id, miou_promise *promise)
{
    int result = true_miou_promise_id(id, promise);

    if (result == MIOU_NOT_A_CHILD)
        *id = UINT64_MAX;
    return result == MIOU_NOT_A_CHILD ? 0 : result;
}
MUTANT("R8.13", strangers_have_numbers, .promise_id = id_of_anyones);

static int id_and_state(uint64_t *id, miou_promise *promise)
{
    int result = true_miou_promise_id(id, promise);

    if (result == 0 && true_miou_promise_state(promise) == MIOU_STATE_FAILED)
        *id += UINT64_C(1) << 62;
    return result;
}
MUTANT("R8.13", failures_get_another_number, .promise_id = id_and_state);

/* ---- R8.14 to R8.16: protect ---- */

/* The arguments of a miou_protect, and its results so far. */
struct protected
{
    miou_task *fn;
    void *arg;
    int (*finally)(void *arg, int cancelled);
    int (*on_cancellation)(void *arg);
    int result, finally_result;
    int told; /* finally was, whether the task was cancelled */
};

static int protected_fn(void *arg)
{
    struct protected *p = arg;

    return p->result = p->fn(p->arg);
}

static int protected_finally(void *arg, int cancelled)
{
    struct protected *p = arg;

    return p->finally_result = p->finally(p->arg, cancelled);
}

static int protected_on_cancellation(void *arg)
{
    struct protected *p = arg;

    return p->on_cancellation(p->arg);
}

/* A mutant that puts functions of its own in place of finally and on_cancellation. */
#define MUTANT_PROTECTING(rule_, name_, finally_, on_cancellation_)                                \
    static int protect_##name_(miou_task *fn, void *arg, int (*finally)(void *arg, int cancelled), \
                               int (*on_cancellation)(void *arg))                                  \
    {                                                                                              \
        struct protected p = {fn, arg, finally, on_cancellation, 0, 0, 0};                         \
                                                                                                   \
        if (!fn || !finally)                                                                       \
            return true_miou_protect(fn, arg, finally, on_cancellation);                           \
        return true_miou_protect(protected_fn, &p, finally_,                                       \
                                 on_cancellation ? on_cancellation_ : NULL);                       \
    }                                                                                              \
    MUTANT(rule_, name_, .protect = protect_##name_)

static int finally_after_a_value(void *arg, int cancelled)
{
    struct protected *p = arg;

    return p->result >= 0 ? protected_finally(p, cancelled) : 0;
}
MUTANT_PROTECTING("R8.14", a_failure_skips_finally, finally_after_a_value,
                  protected_on_cancellation);

static int finally_untold(void *arg, int cancelled)
{
    (void)cancelled;
    return protected_finally(arg, 0);
}
MUTANT_PROTECTING("R8.14", finally_is_not_told, finally_untold, protected_on_cancellation);

static int finally_told_by_the_result(void *arg, int cancelled)
{
    const struct protected *p = arg;

    return protected_finally(arg, cancelled || p->result == MIOU_CANCELLED);
}
MUTANT_PROTECTING("R8.14", the_result_tells_of_a_cancellation, finally_told_by_the_result,
                  protected_on_cancellation);

static int finally_without_error(void *arg, int cancelled)
{
    int result = protected_finally(arg, cancelled);

    return result < 0 ? 0 : result;
}
MUTANT_PROTECTING("R8.14", the_error_of_finally_is_lost, finally_without_error,
                  protected_on_cancellation);

static int protect_but_the_cancelled(miou_task *fn, void *arg, int (*finally)(void *arg, int),
                                     int (*on_cancellation)(void *arg))
{
    int result = true_miou_protect(fn, arg, finally, on_cancellation);

    return result >= 0 && self_is_cancelled() ? MIOU_CANCELLED : result;
}
MUTANT("R8.14", the_cancelled_get_no_value, .protect = protect_but_the_cancelled);

static int nothing_more(void *arg)
{
    (void)arg;
    return 0;
}

static int finally_last(void *arg, int cancelled)
{
    struct protected *p = arg;

    if (cancelled && p->on_cancellation)
        p->on_cancellation(p->arg);
    return protected_finally(p, cancelled);
}
MUTANT_PROTECTING("R8.15", on_cancellation_comes_first, finally_last, nothing_more);

static int finally_and_both(void *arg, int cancelled)
{
    struct protected *p = arg;
    int result = protected_finally(p, cancelled);

    if (cancelled && p->on_cancellation)
        p->on_cancellation(p->arg);
    return result;
}
MUTANT_PROTECTING("R8.15", on_cancellation_is_like_finally, finally_and_both, nothing_more);

static int finally_and_always(void *arg, int cancelled)
{
    struct protected *p = arg;
    int result = protected_finally(p, cancelled);

    if (!cancelled && p->on_cancellation)
        p->on_cancellation(p->arg);
    return result;
}
MUTANT_PROTECTING("R8.15", without_cancellation_too, finally_and_always, protected_on_cancellation);

static int finally_told(void *arg, int cancelled)
{
    struct protected *p = arg;

    p->told = cancelled;
    return protected_finally(p, cancelled);
}

static int on_cancellation_as_told(void *arg)
{
    struct protected *p = arg;

    return p->told ? protected_on_cancellation(p) : 0;
}
MUTANT_PROTECTING("R8.15", cancelled_in_finally_is_too_late, finally_told, on_cancellation_as_told);

static int on_cancellation_without_error(void *arg)
{
    protected_on_cancellation(arg);
    return 0;
}
MUTANT_PROTECTING("R8.16", on_cancellation_may_fail, protected_finally,
                  on_cancellation_without_error);

static int on_cancellation_or_finally(void *arg)
{
    struct protected *p = arg;
    int result = protected_on_cancellation(arg);

    return p->finally_result < 0 ? p->finally_result : result;
}
MUTANT_PROTECTING("R8.16", finally_may_not_fail, protected_finally, on_cancellation_or_finally);

/* ---- R8.17: who waits holds up nobody ---- */

/* Blocks for a moment only, so that the suite does not have to wait until its timeout. */
static int await_all_from_afar(int *outcomes, miou_promise *const *promises, size_t count)
{
    size_t i;
    int patience = 100;

    for (i = 0; promises && i < count; i++) {
        struct task *child = watch_task(promises[i]);

        while (child && child->mark && !child->returned && patience-- > 0)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return patience < 0 ? -EDEADLK : true_miou_await_all(outcomes, promises, count);
}
MUTANT("R8.17", await_all_blocks_the_domain, .run = watch_run, .async = watch_async,
       .parallel = watch_parallel, .yield = watch_yield, .cancel = watch_cancel,
       .await = watch_await, .call = watch_call_marked, .await_all = await_all_from_afar);
