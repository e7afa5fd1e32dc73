/* Mutants of chapter 2, children. */
#include "records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The children of self that are neither awaited nor cancelled. */
static struct task *first(struct task *self)
{
    return watch_unsettled(self->children);
}

static struct task *next(struct task *child)
{
    return watch_unsettled(child->next);
}

static void cancel_all(struct task *self)
{
    struct task *child;

    for (child = first(self); child; child = next(child))
        watch_cancel(child->promise);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* ---- R2.1 to R2.3: forgotten children ---- */

static int forgotten_children_are_cancelled(struct task *self, int value)
{
    if (value >= 0)
        cancel_all(self);
    return value;
}
MUTANT_AT_END("R2.1", forgotten_children_are_cancelled, .await = watch_await,
              .cancel = watch_cancel);

static int ended_children_are_forgiven(struct task *self, int value)
{
    struct task *child;

    for (child = first(self); child && value >= 0; child = next(child))
        if (child->returned)
            watch_await(child->promise, NULL);
    return value;
}
MUTANT_AT_END("R2.1", ended_children_are_forgiven, .await = watch_await, .cancel = watch_cancel);

static int failed_children_are_forgiven(struct task *self, int value)
{
    struct task *child;

    for (child = first(self); child && value >= 0; child = next(child))
        if (child->returned && child->value < 0)
            watch_await(child->promise, NULL);
    return value;
}
MUTANT_AT_END("R2.2", failed_children_are_forgiven, .await = watch_await, .cancel = watch_cancel);

static int forgetting_is_the_tasks_error(struct task *self, int value)
{
    if (value < 0 || !self->parent || !first(self))
        return value;
    cancel_all(self);
    return MIOU_STILL_HAS_CHILDREN;
}
MUTANT_AT_END("R2.3", forgetting_is_the_tasks_error, .await = watch_await, .cancel = watch_cancel);

static int other_domains_may_forget(struct task *self, int value)
{
    if (value >= 0 && true_miou_domain_self() != 0)
        cancel_all(self);
    return value;
}
MUTANT_AT_END("R2.3", other_domains_may_forget, .await = watch_await, .cancel = watch_cancel);

static int orphans_may_forget(struct task *self, int value)
{
    if (value >= 0 && self->orphans)
        cancel_all(self);
    return value;
}
MUTANT_AT_END("R2.3", orphans_may_forget, .await = watch_await, .cancel = watch_cancel);

static int children_are_counted_in_a_byte(struct task *self, int value)
{
    struct task *child;
    int count = 0;

    for (child = first(self); child; child = next(child))
        count++;
    if (value >= 0 && count % 256 == 0)
        cancel_all(self);
    return value;
}
MUTANT_AT_END("R2.1", children_are_counted_in_a_byte, .await = watch_await, .cancel = watch_cancel);

/* ---- R2.4, R2.5: outcomes ---- */

static int await_without_failures(miou_promise *promise, int *outcome)
{
    int how = 0, result = true_miou_await(promise, &how);

    if (result == 0 && outcome)
        *outcome = how < 0 && how != MIOU_CANCELLED ? 0 : how;
    return result;
}
MUTANT("R2.4", failures_look_like_values, .await = await_without_failures);

static int await_a_byte(miou_promise *promise, int *outcome)
{
    int how = 0, result = true_miou_await(promise, &how);

    if (result == 0 && outcome)
        *outcome = how > 0 ? how & 0xff : how;
    return result;
}
MUTANT("R2.4", values_are_bytes, .await = await_a_byte);

static int await_and_write(miou_promise *promise, int *outcome)
{
    int result = true_miou_await(promise, outcome);

    if (result < 0 && outcome)
        *outcome = result;
    return result;
}
MUTANT("R2.4", errors_of_await_are_outcomes, .await = await_and_write);

static int await_and_write_in_the_end(miou_promise *promise, int *outcome)
{
    int result = true_miou_await(promise, outcome);

    if (result == MIOU_CANCELLED && outcome)
        *outcome = result;
    return result;
}
MUTANT("R2.4", cancelled_awaits_write, .await = await_and_write_in_the_end);

static int await_and_write_anyones(miou_promise *promise, int *outcome)
{
    int result = true_miou_await(promise, outcome);

    if (result == MIOU_NOT_A_CHILD && outcome)
        *outcome = result;
    return result;
}
MUTANT("R2.4", strangers_awaits_write, .await = await_and_write_anyones);

static int await_once(miou_promise *promise, int *outcome)
{
    int result = true_miou_await(promise, outcome);

    if (result == 0 && outcome && (*watch_mark(promise))++ > 0 && *outcome != MIOU_CANCELLED)
        *outcome = 0;
    return result;
}
MUTANT("R2.5", outcomes_are_forgotten, .await = await_once);

/* ---- R2.6, R2.7: other tasks' children ---- */

static int await_anyone(miou_promise *promise, int *outcome)
{
    int result = true_miou_await(promise, outcome);

    if (result == MIOU_NOT_A_CHILD && outcome)
        *outcome = 0;
    return result == MIOU_NOT_A_CHILD ? 0 : result;
}
MUTANT("R2.6", anyone_may_await, .await = await_anyone);

/* A task that is not the parent is refused, and yet its call has an effect. */
static int await_and_tell(miou_promise *promise, int *outcome)
{
    int result = watch_await(promise, outcome);

    if (result == MIOU_NOT_A_CHILD)
        *watch_mark(promise) = 1;
    return result;
}

static int strangers_settle(struct task *self, int value)
{
    struct task *child;

    for (child = first(self); child; child = next(child))
        if (*watch_mark(child->promise))
            watch_await(child->promise, NULL);
    return value;
}
MUTANT_AT_END("R2.6", strangers_settle, .await = await_and_tell, .cancel = watch_cancel);

static int cancel_and_tell(miou_promise *promise)
{
    int result = true_miou_cancel(promise);

    if (result == MIOU_NOT_A_CHILD)
        *watch_mark(promise) = 1;
    return result;
}

static int await_unless_told(miou_promise *promise, int *outcome)
{
    if (promise && *watch_mark(promise))
        true_miou_cancel(promise);
    return true_miou_await(promise, outcome);
}
MUTANT("R2.7", strangers_cancel, .cancel = cancel_and_tell, .await = await_unless_told);

static int cancel_anyone(miou_promise *promise)
{
    int result = true_miou_cancel(promise);

    return result == MIOU_NOT_A_CHILD ? 0 : result;
}
MUTANT("R2.7", anyone_may_cancel, .cancel = cancel_anyone);

/* ---- R2.8: a failing task's children ---- */

static int failing_is_no_excuse(struct task *self, int value)
{
    return value < 0 && first(self) ? 0 : value;
}
MUTANT_AT_END("R2.8", failing_is_no_excuse, .await = watch_await, .cancel = watch_cancel);

static int failing_awaits_what_has_not_begun(struct task *self, int value)
{
    struct task *child;

    for (child = first(self); child && value < 0; child = next(child))
        if (!child->begun)
            watch_await(child->promise, NULL);
    return value;
}
MUTANT_AT_END("R2.8", failing_awaits_what_has_not_begun, .await = watch_await,
              .cancel = watch_cancel);

/* ---- R2.9: ends that are seen too early ---- */

enum { PUT_OFF = 1 };

/* Return 0 at once, and cancel when the child is awaited or the parent ends. */
static int cancel_later(miou_promise *promise)
{
    struct task *child = watch_task(promise);

    if (!child || child->parent != watch_self() || watch_settled(child))
        return watch_cancel(promise);
    child->mark = PUT_OFF;
    return 0;
}

static int await_after_cancel(miou_promise *promise, int *outcome)
{
    struct task *child = watch_task(promise);

    if (child && child->mark && child->parent == watch_self() && !watch_settled(child))
        watch_cancel(promise);
    return watch_await(promise, outcome);
}

static int cancel_is_put_off(struct task *self, int value)
{
    struct task *child;

    for (child = first(self); child; child = next(child))
        if (child->mark)
            watch_cancel(child->promise);
    return value;
}
MUTANT_AT_END("R2.9", cancel_is_put_off, .cancel = cancel_later, .await = await_after_cancel);

/* A task counts as ended when its function has returned. */
static int await_the_return(miou_promise *promise, int *outcome)
{
    struct task *child = watch_task(promise);

    if (!child || child->parent != watch_self() || watch_settled(child))
        return watch_await(promise, outcome);
    while (!child->returned)
        if (watch_yield() < 0)
            return MIOU_CANCELLED;
    child->mark = PUT_OFF;
    if (outcome)
        *outcome = child->value;
    return 0;
}

static int await_ends_with_the_function(struct task *self, int value)
{
    struct task *child;

    for (child = first(self); child; child = next(child))
        if (child->mark)
            watch_await(child->promise, NULL);
    return value;
}
MUTANT_AT_END("R2.9", await_ends_with_the_function, .await = await_the_return,
              .cancel = watch_cancel);

static int state_a_little_late(miou_promise *promise)
{
    int state = true_miou_promise_state(promise);

    return state > MIOU_STATE_RUNNING && (*watch_mark(promise))++ == 0 ? MIOU_STATE_RUNNING : state;
}
MUTANT("R2.9", ends_are_told_late, .promise_state = state_a_little_late);

/* ---- R2.10: siblings ---- */

static int await_or_cancel_all(miou_promise *promise, int *outcome)
{
    int how = 0, result = watch_await(promise, &how);

    if (result == 0 && how < 0 && watch_self())
        cancel_all(watch_self());
    if (result == 0 && outcome)
        *outcome = how;
    return result;
}
MUTANT("R2.10", failures_cancel_siblings, WATCHED, .run = watch_run, .cancel = watch_cancel,
       .await = await_or_cancel_all);

static int cancel_all_too(miou_promise *promise)
{
    struct task *self = watch_self(), *child = watch_task(promise);
    int result = watch_cancel(promise);

    if (result == 0 && self && child->parent == self)
        cancel_all(self);
    return result;
}
MUTANT("R2.10", cancelling_cancels_siblings, WATCHED, .run = watch_run, .await = watch_await,
       .cancel = cancel_all_too);

/* ---- R2.11, R2.15, R2.16: arguments ---- */

static int await_null(miou_promise *promise, int *outcome)
{
    return promise ? true_miou_await(promise, outcome) : MIOU_NOT_A_CHILD;
}
MUTANT("R2.11", null_is_another_tasks_child, .await = await_null);

static int free_and_remember(miou_promise *promise)
{
    int result = true_miou_promise_free(promise);

    if (result == 0)
        *watch_mark(promise) = 1;
    return result;
}

static int await_freed(miou_promise *promise, int *outcome)
{
    int result = true_miou_await(promise, outcome);

    if (result != -EINVAL || !promise || !*watch_mark(promise))
        return result;
    if (outcome)
        *outcome = 5;
    return 0;
}
MUTANT("R2.11", stale_promises_live_on, .promise_free = free_and_remember, .await = await_freed);

static int await_of_the_dead(miou_promise *promise, int *outcome)
{
    int result = true_miou_await(promise, outcome);

    return result == -EINVAL && promise && !*watch_mark(promise) ? MIOU_NOT_A_CHILD : result;
}
MUTANT("R2.11", promises_outlive_their_owner, .promise_free = free_and_remember,
       .await = await_of_the_dead);

static int free_busy(miou_promise *promise)
{
    int result = true_miou_promise_free(promise);

    return result == -EBUSY ? 0 : result;
}
MUTANT("R2.15", busy_promises_are_given_back, .promise_free = free_busy);

static int free_nothing(miou_promise *promise)
{
    struct task *child = watch_task(promise);

    if (child && child->parent == watch_self() && watch_settled(child))
        return 0;
    return true_miou_promise_free(promise);
}
MUTANT("R2.15", giving_back_does_nothing, WATCHED, .run = watch_run, .await = watch_await,
       .cancel = watch_cancel, .promise_free = free_nothing);

static int free_anyones(miou_promise *promise)
{
    int result = true_miou_promise_free(promise);

    return result == MIOU_NOT_A_CHILD ? 0 : result;
}
MUTANT("R2.15", anyone_may_give_back, .promise_free = free_anyones);

static int async_without_place(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                               void *arg)
{
    if (!promise && (!options || !options->orphans) && true_miou_domain_self() >= 0)
        return 0;
    return true_miou_async(promise, options, fn, arg);
}
MUTANT("R2.16", promises_need_no_place, .async = async_without_place);

static int async_of_nothing(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                            void *arg)
{
    return true_miou_async(promise, options, fn ? fn : nothing, arg);
}
MUTANT("R2.16", no_function_is_a_task, .async = async_of_nothing);

static int async_and_write(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                           void *arg)
{
    int result = true_miou_async(promise, options, fn, arg);

    if (result < 0 && promise)
        *promise = NULL;
    return result;
}
MUTANT("R2.16", failed_spawns_write, .async = async_and_write);

static int call_and_write_without_domains(miou_promise **promise, const miou_spawn *options,
                                          miou_task *fn, void *arg)
{
    int result = true_miou_call(promise, options, fn, arg);

    if (result == MIOU_NO_DOMAIN_AVAILABLE && promise)
        *promise = NULL;
    return result;
}
MUTANT("R2.16", calls_without_domains_write, .call = call_and_write_without_domains);

/* ---- R2.12 to R2.14: cancelling ---- */

static int cancelled_children_must_be_awaited(struct task *self, int value)
{
    miou_promise *forgotten;
    struct task *child;

    for (child = self->children; child; child = child->next)
        if (value >= 0 && child->cancelled && !child->awaited) {
            true_miou_async(&forgotten, NULL, nothing, NULL);
            break;
        }
    return value;
}
MUTANT_AT_END("R2.12", cancelled_children_must_be_awaited, .await = watch_await,
              .cancel = watch_cancel);

static int cancel_once(miou_promise *promise)
{
    int result = true_miou_cancel(promise);

    return result == 0 && (*watch_mark(promise))++ > 0 ? -EINVAL : result;
}
MUTANT("R2.12", cancelling_twice_is_an_error, .cancel = cancel_once);

/* Settle as many of the task's other children as it has settled or given back again. */
static int settle_marked(struct task *self, int value)
{
    struct task *child;

    for (child = first(self); child && self->mark > 0 && value >= 0; child = next(child)) {
        watch_cancel(child->promise);
        self->mark--;
    }
    return value;
}

static void mark_if_settled(miou_promise *promise)
{
    struct task *child = watch_task(promise);

    if (child && child->parent && child->parent == watch_self() && watch_settled(child))
        child->parent->mark++;
}

static int cancel_for_another(miou_promise *promise)
{
    mark_if_settled(promise);
    return watch_cancel(promise);
}

static int free_for_another(miou_promise *promise)
{
    mark_if_settled(promise);
    return true_miou_promise_free(promise);
}

static int cancelling_again_settles_another(struct task *self, int value)
{
    return settle_marked(self, value);
}
MUTANT_AT_END("R2.12", cancelling_again_settles_another, .await = watch_await,
              .cancel = cancel_for_another);

static int giving_back_settles_another(struct task *self, int value)
{
    return settle_marked(self, value);
}
MUTANT_AT_END("R2.15", giving_back_settles_another, .await = watch_await, .cancel = watch_cancel,
              .promise_free = free_for_another);

static int cancel_unless_ended(miou_promise *promise)
{
    struct task *child = watch_task(promise);

    if (child && child->returned && !child->cancelled)
        child->mark = 1;
    return watch_cancel(promise);
}

static int await_unless_ended(miou_promise *promise, int *outcome)
{
    struct task *child = watch_task(promise);
    int result = watch_await(promise, outcome);

    if (result == 0 && outcome && child && child->mark)
        *outcome = child->value;
    return result;
}
MUTANT("R2.13", what_has_ended_is_not_cancelled, WATCHED, .run = watch_run,
       .cancel = cancel_unless_ended, .await = await_unless_ended);

static int await_the_value(miou_promise *promise, int *outcome)
{
    struct task *child = watch_task(promise);
    int result = watch_await(promise, outcome);

    if (result == 0 && outcome && *outcome == MIOU_CANCELLED && child->returned)
        *outcome = child->value;
    return result;
}
MUTANT("R2.14", cancelled_tasks_keep_their_value, WATCHED, .run = watch_run, .cancel = watch_cancel,
       .await = await_the_value);

static int yield_and_forget(void)
{
    static atomic_int count;
    int result = true_miou_yield();

    return result == MIOU_CANCELLED && count++ % 2 ? 0 : result;
}
MUTANT("R2.14", cancellation_passes, .yield = yield_and_forget);

static int async_though_cancelled(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                                  void *arg)
{
    int result = true_miou_async(promise, options, fn, arg);

    return result == MIOU_CANCELLED ? 0 : result;
}
MUTANT("R2.14", the_cancelled_may_spawn, .async = async_though_cancelled);

static int care_though_cancelled(miou_promise **promise, miou_orphans *orphans)
{
    int result = true_miou_care(promise, orphans);

    return result == MIOU_CANCELLED ? MIOU_CARE_EMPTY : result;
}
MUTANT("R2.14", the_cancelled_may_care, .care = care_though_cancelled);

static int await_a_child_first(miou_promise *promise, int *outcome)
{
    int result = true_miou_await(promise, outcome);

    return result == MIOU_CANCELLED && !promise ? -EINVAL : result;
}
MUTANT("R2.14", promises_come_before_cancellation, .await = await_a_child_first);

static int call_on_a_domain_first(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                                  void *arg)
{
    int result = true_miou_call(promise, options, fn, arg);
    bool nowhere = options && options->pin &&
                   (*options->pin <= 0 || *options->pin > true_miou_domain_available());

    return result == MIOU_CANCELLED && nowhere ? -EINVAL : result;
}
MUTANT("R2.14", pins_come_before_cancellation, .call = call_on_a_domain_first);

/* ---- R2.17, R2.18: finalisers when a run ends ---- */

struct value {
    miou_finaliser *finaliser;
    void *value;
};

static atomic_bool ending;

static void finalise_unless_ending(void *arg)
{
    struct value *value = arg;

    if (!ending)
        value->finaliser(value->value);
}

static int create_for_now(miou_resource **resource, miou_finaliser *finaliser, void *value)
{
    struct value *copy = malloc(sizeof *copy);

    if (!copy || !finaliser)
        return true_miou_resource_create(resource, finaliser, value);
    *copy = (struct value){finaliser, value};
    return true_miou_resource_create(resource, finalise_unless_ending, copy);
}

static int a_broken_rule_skips_finalisers(struct task *self, int value)
{
    ending |= value >= 0 && first(self);
    return value;
}
MUTANT_AT_END("R2.17", a_broken_rule_skips_finalisers, .await = watch_await, .cancel = watch_cancel,
              .resource_create = create_for_now);

static int mains_failure_skips_finalisers(struct task *self, int value)
{
    ending |= value < 0 && !self->parent;
    return value;
}
MUTANT_AT_END("R2.18", mains_failure_skips_finalisers, .await = watch_await, .cancel = watch_cancel,
              .resource_create = create_for_now);

/* ---- R2.19 to R2.21: many children, and waiting for them ---- */

static bool too_deep(void)
{
    return watch_self() && watch_self()->depth > 500;
}

static int async_not_too_deep(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                              void *arg)
{
    return too_deep() ? -ENOMEM : watch_async(promise, options, fn, arg);
}

static int call_not_too_deep(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                             void *arg)
{
    return too_deep() ? -ENOMEM : watch_call(promise, options, fn, arg);
}
MUTANT("R2.19", five_hundred_deep, .run = watch_run, .yield = watch_yield, .await = watch_await,
       .cancel = watch_cancel, .parallel = watch_parallel, .async = async_not_too_deep,
       .call = call_not_too_deep);

static int async_not_too_many(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                              void *arg)
{
    struct task *self = watch_self();

    if (self && ++self->mark > 5000)
        return -ENOMEM;
    return watch_async(promise, options, fn, arg);
}
MUTANT("R2.19", five_thousand_wide, .run = watch_run, .yield = watch_yield, .await = watch_await,
       .cancel = watch_cancel, .parallel = watch_parallel, .call = watch_call,
       .async = async_not_too_many);

static int free_in_part(miou_promise *promise)
{
    saboteur_waste();
    return true_miou_promise_free(promise);
}
MUTANT("R2.20", given_back_in_part, .promise_free = free_in_part);

/* Blocks for a moment only, so that the suite does not have to wait until its timeout. */
static int await_from_afar(miou_promise *promise, int *outcome)
{
    struct task *child = watch_task(promise);
    int i;

    for (i = 0; i < 100 && child && child->mark && !child->returned; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return i == 100 ? -EDEADLK : watch_await(promise, outcome);
}
MUTANT("R2.21", await_blocks_the_domain, .run = watch_run, .async = watch_async,
       .parallel = watch_parallel, .yield = watch_yield, .cancel = watch_cancel,
       .call = watch_call_marked, .await = await_from_afar);

/* ---- R2.22 to R2.27: cancellation ---- */

/* A child that has not begun yet may begin before it is cancelled. */
static int cancel_what_has_begun(miou_promise *promise)
{
    struct task *child = watch_task(promise);

    while (child && child->parent == watch_self() && !child->begun)
        if (watch_yield() < 0)
            return MIOU_CANCELLED;
    return watch_cancel(promise);
}
MUTANT("R2.22", cancelled_children_begin_first, WATCHED, .run = watch_run, .await = watch_await,
       .cancel = cancel_what_has_begun);

static int cancel_what_runs(miou_promise *promise)
{
    struct task *child = watch_task(promise);
    bool ended = child && child->returned && !watch_settled(child);
    int result = watch_cancel(promise);

    return result == 0 && ended ? -EALREADY : result;
}
MUTANT("R2.23", it_is_too_late_to_cancel, WATCHED, .run = watch_run, .await = watch_await,
       .cancel = cancel_what_runs);

static int lock_though_cancelled(miou_mutex *mutex)
{
    int result = true_miou_mutex_lock(mutex);

    return result == MIOU_CANCELLED ? 0 : result;
}
MUTANT("R2.25", cancellation_misses_tasks_that_wait_for_a_mutex,
       .mutex_lock = lock_though_cancelled);

static int await_trigger_though_cancelled(miou_trigger *trigger)
{
    int result = true_miou_trigger_await(trigger);

    return result == MIOU_CANCELLED ? 0 : result;
}
MUTANT("R2.25", cancellation_misses_tasks_that_wait_for_a_trigger,
       .trigger_await = await_trigger_though_cancelled);

static int cancel_though_cancelled(miou_promise *promise)
{
    int result = true_miou_cancel(promise);

    return result == MIOU_CANCELLED ? 0 : result;
}
MUTANT("R2.26", the_cancelled_may_cancel, .cancel = cancel_though_cancelled);

static int free_unless_cancelled(miou_promise *promise)
{
    return self_is_cancelled() ? MIOU_CANCELLED : true_miou_promise_free(promise);
}
MUTANT("R2.27", the_cancelled_give_nothing_back, .promise_free = free_unless_cancelled);

static int state_unless_cancelled(miou_promise *promise)
{
    return self_is_cancelled() ? MIOU_CANCELLED : true_miou_promise_state(promise);
}
MUTANT("R2.27", the_cancelled_are_told_nothing, .promise_state = state_unless_cancelled);

static int domain_unless_cancelled(void)
{
    return self_is_cancelled() ? MIOU_CANCELLED : true_miou_domain_self();
}
MUTANT("R2.27", the_cancelled_are_on_no_domain, .domain_self = domain_unless_cancelled);
