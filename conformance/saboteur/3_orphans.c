/* Mutants of chapter 3, orphans. */
#include "watch.h"

#include <errno.h>
#include <stdlib.h>

/* The child of this orphanage that miou_care hands out next, for the mutants that keep one back. A
 * task that uses orphanages stays on its domain. */
static _Thread_local struct {
    miou_promise *promise;
    miou_orphans *orphans;
} kept;

/* ---- R3.1 to R3.3: what care says ---- */

static int care_never_empty(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_care(promise, orphans);

    return result == MIOU_CARE_EMPTY ? MIOU_CARE_RUNNING : result;
}
MUTANT("R3.1", orphanages_are_never_empty, .care = care_never_empty);

static int care_or_write(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_care(promise, orphans);

    if (result == MIOU_CARE_EMPTY)
        *promise = NULL;
    return result;
}
MUTANT("R3.1", empty_orphanages_write, .care = care_or_write);

static int care_never_running(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_care(promise, orphans);

    return result == MIOU_CARE_RUNNING ? MIOU_CARE_EMPTY : result;
}
MUTANT("R3.2", running_orphans_do_not_count, .care = care_never_running);

static int care_for_successes(miou_promise **promise, miou_orphans *orphans)
{
    int outcome, result;

    while ((result = true_miou_care(promise, orphans)) == MIOU_CARE_ENDED)
        if (true_miou_await(*promise, &outcome) < 0 || outcome >= 0)
            break;
    return result;
}
MUTANT("R3.3", failed_orphans_are_swallowed, .care = care_for_successes);

/* ---- R3.4 to R3.6: what care hands out ---- */

static int care_twice(miou_promise **promise, miou_orphans *orphans)
{
    int result;

    if (kept.promise && kept.orphans == orphans && promise) {
        *promise = kept.promise;
        kept.promise = NULL;
        return MIOU_CARE_ENDED;
    }
    result = true_miou_care(promise, orphans);
    if (result == MIOU_CARE_ENDED) {
        kept.promise = *promise;
        kept.orphans = orphans;
    }
    return result;
}
MUTANT("R3.4", orphans_are_handed_out_twice, .care = care_twice);

static int care_and_await(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_care(promise, orphans);

    if (result == MIOU_CARE_ENDED)
        true_miou_await(*promise, NULL);
    return result;
}
MUTANT("R3.5", care_is_enough, .care = care_and_await);

static int ended_orphans_are_forgiven(struct task *self, int value)
{
    struct task *child;

    for (child = watch_unsettled(self->children); child; child = watch_unsettled(child->next))
        if (value >= 0 && child->orphans && child->returned)
            watch_await(child->promise, NULL);
    return value;
}
MUTANT_AT_END("R3.6", ended_orphans_are_forgiven, .await = watch_await, .cancel = watch_cancel);

static int running_orphans_are_forgiven(struct task *self, int value)
{
    struct task *child;

    for (child = watch_unsettled(self->children); child; child = watch_unsettled(child->next))
        if (value >= 0 && child->orphans && !child->returned)
            watch_cancel(child->promise);
    return value;
}
MUTANT_AT_END("R3.6", running_orphans_are_forgiven, .await = watch_await, .cancel = watch_cancel);

/* ---- R3.7: whose orphanage ---- */

static int care_for_anyones(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_care(promise, orphans);

    return result == -EINVAL && promise && orphans ? MIOU_CARE_EMPTY : result;
}
MUTANT("R3.7", anyone_may_care, .care = care_for_anyones);

static int async_without(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                         void *arg)
{
    int result = true_miou_async(promise, options, fn, arg);

    if (result != -EINVAL || !promise || !fn || !options || !options->orphans)
        return result;
    return true_miou_async(promise, NULL, fn, arg);
}
MUTANT("R3.7", strangers_orphanages_are_left_out, .async = async_without);

static int free_anyones(miou_orphans *orphans)
{
    int result = true_miou_orphans_free(orphans);

    return result == -EINVAL && orphans ? 0 : result;
}
MUTANT("R3.7", anyone_may_free, .orphans_free = free_anyones);

/* ---- R3.8 to R3.10: settled, suspending, from afar ---- */

static int care_for_unsettled(miou_promise **promise, miou_orphans *orphans)
{
    int result;

    do
        result = true_miou_care(promise, orphans);
    while (result == MIOU_CARE_ENDED && watch_task(*promise) &&
           watch_settled(watch_task(*promise)));
    return result;
}
MUTANT("R3.8", settled_orphans_leave, WATCHED, .run = watch_run, .await = watch_await,
       .cancel = watch_cancel, .care = care_for_unsettled);

static int care_in_turn(miou_promise **promise, miou_orphans *orphans)
{
    true_miou_yield();
    return true_miou_care(promise, orphans);
}
MUTANT("R3.9", care_suspends, .care = care_in_turn);

static int call_without(miou_promise **promise, const miou_spawn *options, miou_task *fn, void *arg)
{
    miou_promise *place;
    miou_spawn others = options ? *options : (miou_spawn){0};

    if (!others.orphans)
        return true_miou_call(promise, options, fn, arg);
    others.orphans = NULL;
    return true_miou_call(promise ? promise : &place, &others, fn, arg);
}
MUTANT("R3.10", called_orphans_are_plain, .call = call_without);

/* ---- R3.11, R3.12 ---- */

static int failing_forgets_its_orphans(struct task *self, int value)
{
    struct task *child;

    for (child = watch_unsettled(self->children); child; child = watch_unsettled(child->next))
        if (value < 0 && child->orphans)
            return 0;
    return value;
}
MUTANT_AT_END("R3.11", failing_forgets_its_orphans, .await = watch_await, .cancel = watch_cancel);

/* A large orphanage hands out its first child for each of the last thousand. */
static int care_for_nine_thousand(miou_promise **promise, miou_orphans *orphans)
{
    static _Thread_local miou_promise *first;
    atomic_int *mark = orphans ? watch_mark(orphans) : NULL;
    int result = true_miou_care(promise, orphans);

    if (result != MIOU_CARE_ENDED)
        return result;
    if (++*mark == 1)
        first = *promise;
    if (*mark > 9000)
        *promise = first;
    return result;
}
MUTANT("R3.12", nine_thousand_orphans, .care = care_for_nine_thousand);

/* ---- R3.13 to R3.16 ---- */

static int free_busy(miou_orphans *orphans)
{
    int result = true_miou_orphans_free(orphans);

    return result == -EBUSY ? 0 : result;
}
MUTANT("R3.13", busy_orphanages_are_given_back, .orphans_free = free_busy);

static int free_and_remember(miou_orphans *orphans)
{
    int result = true_miou_orphans_free(orphans);

    if (result == 0)
        *watch_mark(orphans) = 1;
    return result;
}

static int care_for_stale(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_care(promise, orphans);

    return result == -EINVAL && orphans && *watch_mark(orphans) ? MIOU_CARE_EMPTY : result;
}
MUTANT("R3.13", stale_orphanages_are_empty, .orphans_free = free_and_remember,
       .care = care_for_stale);

/* A count of 15 bits tells the orphanages apart. */
static int length_of_the_old(miou_orphans *orphans)
{
    static atomic_int lengths;
    int result = true_miou_orphans_length(orphans);

    return result == -EINVAL && orphans && ++lengths > 1 << 15 ? 0 : result;
}
MUTANT("R3.13", stale_orphanages_come_back, .orphans_length = length_of_the_old);

/* miou_care hands out a promise that is stale. */
static int free_and_stay(miou_promise *promise)
{
    struct task *child = watch_task(promise);

    if (!child || !child->orphans || child->parent != watch_self() || !watch_settled(child))
        return true_miou_promise_free(promise);
    child->mark = 1;
    return 0;
}

static int await_unless_freed(miou_promise *promise, int *outcome)
{
    struct task *child = watch_task(promise);

    return child && child->mark ? -EINVAL : watch_await(promise, outcome);
}
MUTANT("R3.14", freed_promises_stay_in_the_orphanage, WATCHED, .run = watch_run,
       .cancel = watch_cancel, .promise_free = free_and_stay, .await = await_unless_freed);

static int care_without_place(miou_promise **promise, miou_orphans *orphans)
{
    miou_promise *lost;

    return true_miou_care(promise ? promise : &lost, orphans);
}
MUTANT("R3.15", care_needs_no_place, .care = care_without_place);

static int free_no_orphanage(miou_orphans *orphans)
{
    return orphans || true_miou_domain_self() < 0 ? true_miou_orphans_free(orphans) : 0;
}
MUTANT("R3.15", no_orphanage_is_given_back, .orphans_free = free_no_orphanage);

static int create_one(miou_orphans **orphans)
{
    static _Thread_local struct task *maker;
    static _Thread_local miou_orphans *made;
    int result = 0;

    if (!orphans || !watch_self() || maker != watch_self()) {
        result = true_miou_orphans_create(orphans);
        maker = watch_self();
        made = result == 0 ? *orphans : NULL;
    } else {
        *orphans = made;
    }
    return result;
}
MUTANT("R3.16", a_task_has_one_orphanage, WATCHED, .run = watch_run, .await = watch_await,
       .cancel = watch_cancel, .orphans_create = create_one);

/* ---- R3.17, R3.18: take ---- */

static int take_the_ended(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_care(promise, orphans);

    return result < 0 ? result : result == MIOU_CARE_ENDED;
}
MUTANT("R3.17", only_the_ended_are_taken, .orphans_take = take_the_ended);

static int take_in_turn(miou_promise **promise, miou_orphans *orphans)
{
    true_miou_yield();
    return true_miou_orphans_take(promise, orphans);
}
MUTANT("R3.17", take_suspends, .orphans_take = take_in_turn);

static int take_or_write(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_orphans_take(promise, orphans);

    if (result == 0)
        *promise = NULL;
    return result;
}
MUTANT("R3.17", empty_orphanages_write_to_take, .orphans_take = take_or_write);

static int take_and_await(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_orphans_take(promise, orphans);

    if (result == 1 && true_miou_promise_state(*promise) != MIOU_STATE_RUNNING)
        true_miou_await(*promise, NULL);
    return result;
}
MUTANT("R3.18", take_is_enough, .orphans_take = take_and_await);

/* ---- R3.19, R3.20: get ---- */

static int get_a_value(int *outcome, miou_orphans *orphans)
{
    int how = 0, result;

    do
        result = true_miou_orphans_get(&how, orphans);
    while (result == 1 && how < 0);
    if (result == 1 && outcome)
        *outcome = how;
    return result;
}
MUTANT("R3.19", failed_orphans_are_not_got, .orphans_get = get_a_value);

/* What miou_care returns once not all children run, and then await as miou_orphans_get does. */
static int get_by_care(int *outcome, miou_orphans *orphans, bool patient)
{
    miou_promise *promise;
    int result;

    while ((result = true_miou_care(&promise, orphans)) == MIOU_CARE_RUNNING && patient)
        if (true_miou_yield() < 0)
            return MIOU_CANCELLED;
    if (result != MIOU_CARE_ENDED)
        return result < 0 ? result : 0;
    result = true_miou_await(promise, outcome);
    return result < 0 ? result : 1;
}

static int get_and_keep(int *outcome, miou_orphans *orphans)
{
    return get_by_care(outcome, orphans, true);
}
MUTANT("R3.19", got_promises_live_on, .orphans_get = get_and_keep);

static int get_now(int *outcome, miou_orphans *orphans)
{
    return get_by_care(outcome, orphans, false);
}
MUTANT("R3.20", get_does_not_wait, .orphans_get = get_now);

/* ---- R3.21 to R3.23: length, strangers, the cancelled ---- */

static int length_or_one(miou_orphans *orphans)
{
    int length = true_miou_orphans_length(orphans);

    return length > 1 ? 1 : length;
}
MUTANT("R3.21", length_is_one_at_most, .orphans_length = length_or_one);

static int length_in_turn(miou_orphans *orphans)
{
    true_miou_yield();
    return true_miou_orphans_length(orphans);
}
MUTANT("R3.21", length_suspends, .orphans_length = length_in_turn);

static int take_anyones(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_orphans_take(promise, orphans);

    return result == -EINVAL && promise && orphans ? 0 : result;
}
MUTANT("R3.22", anyone_may_take, .orphans_take = take_anyones);

static int get_anyones(int *outcome, miou_orphans *orphans)
{
    int result = true_miou_orphans_get(outcome, orphans);

    return result == -EINVAL && orphans ? 0 : result;
}
MUTANT("R3.22", anyone_may_get, .orphans_get = get_anyones);

static int length_of_nothing(miou_orphans *orphans)
{
    int length = true_miou_orphans_length(orphans);

    return length == -EINVAL && !orphans ? 0 : length;
}
MUTANT("R3.22", no_orphanage_is_empty, .orphans_length = length_of_nothing);

static int get_though_cancelled(int *outcome, miou_orphans *orphans)
{
    int result = true_miou_orphans_get(outcome, orphans);

    return result == MIOU_CANCELLED ? 0 : result;
}
MUTANT("R3.23", the_cancelled_get_nothing, .orphans_get = get_though_cancelled);

static int take_though_cancelled(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_orphans_take(promise, orphans);

    return result == MIOU_CANCELLED ? 0 : result;
}
MUTANT("R3.23", the_cancelled_may_take, .orphans_take = take_though_cancelled);
