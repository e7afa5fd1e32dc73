/* Mutants of chapter 5, ownership. */
#include "records.h"

#include <errno.h>
#include <pthread.h>

/* What a task owns is known only while it runs, so most mutants act when its function returns. */

static bool failed_or_cancelled(int value)
{
    return value < 0 || self_is_cancelled();
}

/* Mark all that the calling task owns, so that a finaliser can tell why it is called. */
static void mark_mine(void)
{
    struct record *record;

    for (record = records(); record; record = record->older)
        if (record_is_mine(record))
            record->mark = 1;
}

static void skip_the_marked(struct record *record)
{
    if (!record->mark)
        record->finaliser(record->value);
}

/* ---- owners */

static int check_by_the_maker(miou_resource *resource)
{
    return true_miou_domain_self() > 0 && true_miou_check(resource) == 0
               ? MIOU_NOT_OWNER
               : true_miou_check(resource);
}
MUTANT("R5.1", check_knows_dom0_only, .check = check_by_the_maker);

static int check_once(miou_resource *resource)
{
    int error = true_miou_check(resource);
    struct record *record = record_of(resource);

    return error == 0 && record && record->mark++ ? MIOU_NOT_OWNER : error;
}
MUTANT("R5.1", check_works_once, RECORDED, .run = watch_run, .own = record_own,
       .check = check_once);

static int release_by_anyone(miou_resource *resource)
{
    int error = true_miou_release(resource);

    return error == MIOU_NOT_OWNER ? 0 : error;
}
MUTANT("R5.2", anyone_may_release, .release = release_by_anyone);

static int disown_by_anyone(miou_resource *resource)
{
    int error = true_miou_disown(resource);

    return error == MIOU_NOT_OWNER ? 0 : error;
}
MUTANT("R5.2", anyone_may_disown, .disown = disown_by_anyone);

static int transfer_by_anyone(miou_resource *resource)
{
    int error = true_miou_transfer(resource);

    return error == MIOU_NOT_OWNER ? 0 : error;
}
MUTANT("R5.2", anyone_may_transfer, .transfer = transfer_by_anyone);

static int own_again(miou_resource *resource)
{
    int error = true_miou_own(resource);

    return error == -EINVAL && true_miou_check(resource) == 0 ? 0 : error;
}
MUTANT("R5.3", own_twice_is_fine, .own = own_again);

static int own_what_another_owns(miou_resource *resource)
{
    int error = true_miou_own(resource);

    return error == MIOU_NOT_OWNER ? 0 : error;
}
MUTANT("R5.3", two_can_own, .own = own_what_another_owns);

static int own_at_once(miou_resource *resource)
{
    int error = record_own(resource);
    struct record *record = record_of(resource);

    return error == MIOU_NOT_OWNER && record && record->owner &&
                   record->domain != true_miou_domain_self()
               ? 0
               : error;
}
MUTANT("R5.27", another_domain_can_own_too, RECORDED, .run = watch_run, .own = own_at_once);

static int check_as_the_parent(miou_resource *resource)
{
    int error = true_miou_check(resource);
    struct record *record = record_of(resource);
    struct task *self = watch_self();

    return error == MIOU_NOT_OWNER && record && record->owner && self &&
                   record->owner == self->parent && !record->given
               ? 0
               : error;
}
MUTANT("R5.24", a_child_checks_as_its_parent, RECORDED, .run = watch_run, .own = record_own,
       .check = check_as_the_parent);

/* ---- the end of a resource */

static int leaks_are_forgiven(struct task *self, int value)
{
    (void)self;
    if (!failed_or_cancelled(value))
        records_end_mine(true_miou_release);
    return value;
}
MUTANT_LEAVING("R5.4", leaks_are_forgiven, .own = record_own);

static int mark_leaks(struct task *self, int value)
{
    (void)self;
    if (!failed_or_cancelled(value))
        mark_mine();
    return value;
}

static int run_and_skip_leaks(const miou_options *options, miou_task *fn, void *arg)
{
    watch_at_end = mark_leaks;
    record_finalise = skip_the_marked;
    return watch_run(options, fn, arg);
}
MUTANT("R5.4", leaks_are_not_finalised, RECORDED, .own = record_own, .run = run_and_skip_leaks);

static int forgotten_children_weigh_more(struct task *self, int value)
{
    if (!failed_or_cancelled(value) && watch_unsettled(self->children))
        records_end_mine(true_miou_release);
    return value;
}
MUTANT_LEAVING("R5.5", forgotten_children_weigh_more, .own = record_own);

/* Release what a failing task owns, the oldest first. */
static int finalised_oldest_first(struct task *self, int value)
{
    struct record *record, *oldest;

    (void)self;
    do {
        oldest = NULL;
        for (record = value < 0 ? records() : NULL; record; record = record->older)
            if (record_is_mine(record))
                oldest = record;
    } while (oldest && true_miou_release(oldest->resource) == 0);
    return value;
}
MUTANT_LEAVING("R5.6", finalised_oldest_first, .own = record_own);

static int failing_forgets(struct task *self, int value)
{
    if (value < 0 && self->parent)
        records_end_mine(true_miou_disown);
    return value;
}
MUTANT_LEAVING("R5.6", failing_forgets, .own = record_own);

static int cancelling_forgets(struct task *self, int value)
{
    (void)self;
    if (self_is_cancelled())
        records_end_mine(true_miou_disown);
    return value;
}
MUTANT_LEAVING("R5.7", cancelling_forgets, .own = record_own);

MUTANT("R5.8", disown_finalises, .disown = true_miou_release);

MUTANT("R5.9", release_does_not_finalise, .release = true_miou_disown);

static void finalise_released_twice(struct record *record)
{
    record->finaliser(record->value);
    if (record->mark)
        record->finaliser(record->value);
}

static int release_marked(miou_resource *resource)
{
    struct record *record = record_of(resource);

    if (record)
        record->mark = 1;
    return true_miou_release(resource);
}
MUTANT_FINALISING("R5.9", finalise_released_twice, .own = record_own, .release = release_marked);

static int own_the_ended(miou_resource *resource)
{
    int error = true_miou_own(resource);

    return error == -EINVAL && resource && true_miou_check(resource) < 0 ? 0 : error;
}
MUTANT("R5.10", the_ended_can_be_owned, .own = own_the_ended);

static int release_again(miou_resource *resource)
{
    struct record *record = record_of(resource);
    int error = true_miou_release(resource);

    if (error == MIOU_NOT_OWNER && record && record->mark)
        return 0;
    if (error == 0 && record)
        record->mark = 1;
    return error;
}
MUTANT("R5.10", the_released_can_be_released, RECORDED, .run = watch_run, .own = record_own,
       .release = release_again);

/* ---- give */

/* Whether the true runtime would take the list. */
static bool can_give(const miou_spawn *options)
{
    size_t i, j;

    for (i = 0; options && i < options->give_count; i++) {
        if (true_miou_check(options->give[i]) < 0)
            return false;
        for (j = 0; j < i; j++)
            if (options->give[i] == options->give[j])
                return false;
    }
    return options != NULL;
}

static int spawn_giving_nothing(spawner *spawn, miou_promise **promise, const miou_spawn *options,
                                miou_task *fn, void *arg)
{
    miou_spawn without;

    if (!can_give(options) || !options->give_count || !record_of(options->give[0]))
        return spawn(promise, options, fn, arg); /* descriptors are passed on */
    without = *options;
    without.give_count = 0;
    return spawn(promise, &without, fn, arg);
}

static int async_giving_nothing(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                                void *arg)
{
    return spawn_giving_nothing(true_miou_async, promise, options, fn, arg);
}

static int call_giving_nothing(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                               void *arg)
{
    return spawn_giving_nothing(true_miou_call, promise, options, fn, arg);
}
MUTANT("R5.11", nothing_is_given, .async = async_giving_nothing, .call = call_giving_nothing,
       .resource_create = record_create);

static int spawn_giving_the_last_first(spawner *spawn, miou_promise **promise,
                                       const miou_spawn *options, miou_task *fn, void *arg)
{
    miou_resource *give[8];
    miou_spawn turned;
    size_t i;

    if (!options || !options->give || options->give_count > 8)
        return spawn(promise, options, fn, arg);
    turned = *options;
    turned.give = give;
    for (i = 0; i < options->give_count; i++)
        give[i] = options->give[options->give_count - 1 - i];
    return spawn(promise, &turned, fn, arg);
}

static int async_giving_the_last_first(miou_promise **promise, const miou_spawn *options,
                                       miou_task *fn, void *arg)
{
    return spawn_giving_the_last_first(true_miou_async, promise, options, fn, arg);
}

static int call_giving_the_last_first(miou_promise **promise, const miou_spawn *options,
                                      miou_task *fn, void *arg)
{
    return spawn_giving_the_last_first(true_miou_call, promise, options, fn, arg);
}
MUTANT("R5.11", the_last_is_given_first, .async = async_giving_the_last_first,
       .call = call_giving_the_last_first);

static int check_what_was_given(miou_resource *resource)
{
    int error = true_miou_check(resource);
    struct record *record = record_of(resource);
    struct task *given = record ? record->given : NULL;

    return error == MIOU_NOT_OWNER && given && given->parent == watch_self() && !given->returned
               ? 0
               : error;
}
MUTANT("R5.11", the_giver_checks_on, RECORDED, .run = watch_run, .own = record_own,
       .check = check_what_was_given);

static int the_given_does_not_leak(struct task *self, int value)
{
    struct record *record;

    for (record = records(); record && !failed_or_cancelled(value); record = record->older)
        if (record->given == self && record_is_mine(record))
            true_miou_release(record->resource);
    return value;
}
MUTANT_LEAVING("R5.12", the_given_does_not_leak, .own = record_own);

/* Give those of the list that can be given, each once. */
static int spawn_giving_some(spawner *spawn, miou_promise **promise, const miou_spawn *options,
                             miou_task *fn, void *arg)
{
    int error = spawn(promise, options, fn, arg);
    miou_resource *give[8];
    miou_spawn some;
    size_t i, count = 0;

    if (error != MIOU_NOT_OWNER || options->give_count > 8)
        return error;
    some = *options;
    some.give = give;
    for (i = 0; i < options->give_count; i++) {
        give[count] = options->give[i];
        some.give_count = count + 1;
        count += can_give(&some);
    }
    some.give_count = count;
    return spawn(promise, &some, fn, arg);
}

static int async_giving_some(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                             void *arg)
{
    return spawn_giving_some(true_miou_async, promise, options, fn, arg);
}

static int call_giving_some(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                            void *arg)
{
    return spawn_giving_some(true_miou_call, promise, options, fn, arg);
}
MUTANT("R5.13", what_is_not_ones_own_is_passed_over, .async = async_giving_some,
       .call = call_giving_some);

/* The caller loses what stands in the list before the first that cannot be given. */
static int async_giving_the_first(miou_promise **promise, const miou_spawn *options, miou_task *fn,
                                  void *arg)
{
    int error = true_miou_async(promise, options, fn, arg);

    if (error == MIOU_NOT_OWNER && options->give_count > 1)
        true_miou_disown(options->give[0]);
    return error;
}
MUTANT("R5.13", half_a_list_is_given, .async = async_giving_the_first);

static void forget_the_unstarted(struct record *record)
{
    const struct task *given = record->given;

    if (!given || given->begun)
        record->finaliser(record->value);
}
MUTANT_FINALISING("R5.17", forget_the_unstarted, .own = record_own);

/* ---- transfer */

static int transfer_and_mark(miou_resource *resource)
{
    struct record *record = record_of(resource);
    int error = true_miou_transfer(resource);

    if (error == 0 && record)
        record->mark = 1;
    return error;
}

static int check_but_the_transferred(miou_resource *resource)
{
    struct record *record = record_of(resource);

    return record && record->mark ? MIOU_NOT_OWNER : true_miou_check(resource);
}
MUTANT("R5.14", the_parent_gets_no_proof, RECORDED, .run = watch_run, .own = record_own,
       .transfer = transfer_and_mark, .check = check_but_the_transferred);

static int transfer_and_disown(miou_resource *resource)
{
    struct task *self = watch_self();

    return self && self->parent ? true_miou_disown(resource) : true_miou_transfer(resource);
}
MUTANT("R5.14", the_transferred_is_lost, RECORDED, .run = watch_run, .own = record_own,
       .transfer = transfer_and_disown);

static int transfer_from_main(miou_resource *resource)
{
    int error = true_miou_transfer(resource);

    return error == -EINVAL && true_miou_check(resource) == 0 ? true_miou_disown(resource) : error;
}
MUTANT("R5.15", main_transfers_and_disowns, .transfer = transfer_from_main);

static int transfer_forgiven(miou_resource *resource)
{
    int error = true_miou_transfer(resource);

    return error == -EINVAL && true_miou_check(resource) == 0 ? 0 : error;
}
MUTANT("R5.15", main_transfers_nothing, .transfer = transfer_forgiven);

/* What the handler of a signal transfers is taken from it, as if it had a parent. */
static miou_signal_handler *handler;
static _Thread_local bool in_handler;

static void call_and_mark(int number, void *arg)
{
    in_handler = true;
    handler(number, arg);
    in_handler = false;
}

static int handle_and_mark(int number, miou_signal_handler *instead, void *arg)
{
    if (instead == MIOU_SIGNAL_DEFAULT || instead == MIOU_SIGNAL_IGNORE)
        return true_miou_signal_handle(number, instead, arg);
    handler = instead;
    return true_miou_signal_handle(number, call_and_mark, arg);
}

static int transfer_to_nobody(miou_resource *resource)
{
    int error = true_miou_transfer(resource);

    return error == -EINVAL && in_handler ? true_miou_disown(resource) : error;
}
MUTANT("R5.15", handlers_transfer_to_nobody, .signal_handle = handle_and_mark,
       .transfer = transfer_to_nobody);

/* Transfer only when the task ends normally. */
static int transfer_later(miou_resource *resource)
{
    struct record *record = record_of(resource);
    struct task *self = watch_self();

    if (true_miou_check(resource) < 0 || !record || !self || !self->parent)
        return true_miou_transfer(resource);
    if (record->mark)
        return MIOU_NOT_OWNER;
    record->mark = 1;
    return 0;
}

static int check_but_the_leaving(miou_resource *resource)
{
    struct record *record = record_of(resource);

    return record && record->mark ? MIOU_NOT_OWNER : true_miou_check(resource);
}

static int failing_undoes_transfers(struct task *self, int value)
{
    bool well = !failed_or_cancelled(value);
    struct record *record;

    for (record = records(); record && self->parent; record = record->older)
        if (record->mark && record_is_mine(record)) {
            record->mark = 0;
            if (well)
                true_miou_transfer(record->resource);
        }
    return value;
}
MUTANT_LEAVING("R5.16", failing_undoes_transfers, .own = record_own, .transfer = transfer_later,
               .check = check_but_the_leaving);

/* ---- finalisers */

static int yield_anywhere(void)
{
    int error = true_miou_yield();

    return error == MIOU_IN_FINALISER ? 0 : error;
}
MUTANT("R5.18", a_finaliser_may_yield, .yield = yield_anywhere);

static int create_anywhere(miou_resource **resource, miou_finaliser *finaliser, void *value)
{
    int error = true_miou_resource_create(resource, finaliser, value);

    return error == MIOU_IN_FINALISER ? -ENOMEM : error;
}
MUTANT("R5.18", a_finaliser_may_create, .resource_create = create_anywhere);

static int own_something_first(miou_resource *resource)
{
    return resource ? true_miou_own(resource) : -EINVAL;
}
MUTANT("R5.18", resources_come_before_finalisers, .own = own_something_first);

static _Thread_local bool in_trouble;

static int yield_into_trouble(void)
{
    int error = watch_yield();

    in_trouble = in_trouble || error == MIOU_IN_FINALISER;
    return error;
}

static void trouble_stops_the_rest(struct record *record)
{
    if (!in_trouble)
        record->finaliser(record->value);
}

static int run_into_trouble(const miou_options *options, miou_task *fn, void *arg)
{
    record_finalise = trouble_stops_the_rest;
    return watch_run(options, fn, arg);
}
MUTANT("R5.18", trouble_stops_the_other_finalisers, .run = run_into_trouble, .async = record_async,
       .call = record_call, .parallel = watch_parallel, .yield = yield_into_trouble,
       .await = watch_await, .cancel = watch_cancel, .resource_create = record_create,
       .own = record_own);

static void *finalise_in_thread(void *arg)
{
    struct record *record = arg;

    record->finaliser(record->value);
    return NULL;
}

static void finalisers_have_a_thread(struct record *record)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, finalise_in_thread, record) == 0)
        pthread_join(thread, NULL);
}
MUTANT_FINALISING("R5.19", finalisers_have_a_thread, .own = record_own);

static atomic_bool main_has_failed;

static int note_that_main_failed(struct task *self, int value)
{
    if (!self->parent && value < 0)
        main_has_failed = true;
    return value;
}

static void skip_when_main_failed(struct record *record)
{
    const struct task *owner = record->given ? record->given : record->owner;

    if (!main_has_failed || !owner || !owner->parent)
        record->finaliser(record->value);
}

static int run_main_that_silences(const miou_options *options, miou_task *fn, void *arg)
{
    watch_at_end = note_that_main_failed;
    record_finalise = skip_when_main_failed;
    return watch_run(options, fn, arg);
}
MUTANT("R5.20", main_fails_in_silence, RECORDED, .own = record_own, .run = run_main_that_silences);

static int the_unowned_is_finalised(struct task *self, int value)
{
    struct record *record;

    for (record = self->parent ? NULL : records(); record; record = record->older)
        if (!record->owner)
            record->finaliser(record->value);
    return value;
}
MUTANT_LEAVING("R5.21", the_unowned_is_finalised, .own = record_own);

static int create_and_own(miou_resource **resource, miou_finaliser *finaliser, void *value)
{
    int error = true_miou_resource_create(resource, finaliser, value);

    return error == 0 ? true_miou_own(*resource) : error;
}

static int own_made(miou_resource *resource)
{
    return true_miou_check(resource) == 0 ? 0 : true_miou_own(resource);
}
MUTANT("R5.21", makers_own, .resource_create = create_and_own, .own = own_made);

static void five_thousand_are_enough(struct record *record)
{
    static atomic_int finalised;

    if (finalised++ < 5000)
        record->finaliser(record->value);
}
MUTANT_FINALISING("R5.22", five_thousand_are_enough, .own = record_own);

static int check_null(miou_resource *resource)
{
    int error = true_miou_check(resource);

    return error == -EINVAL ? MIOU_NOT_OWNER : error;
}
MUTANT("R5.23", null_is_another_s, .check = check_null);

static int check_null_when_cancelled(miou_resource *resource)
{
    return self_is_cancelled() ? check_null(resource) : true_miou_check(resource);
}
MUTANT("R5.23", null_is_another_s_to_the_cancelled, .check = check_null_when_cancelled);

static int create_without_a_finaliser(miou_resource **resource, miou_finaliser *finaliser,
                                      void *value)
{
    int error = true_miou_resource_create(resource, finaliser, value);

    return error == -EINVAL && resource ? 0 : error;
}
MUTANT("R5.23", no_finaliser_will_do, .resource_create = create_without_a_finaliser);

static int a_parents_come_first(struct task *self, int value)
{
    if (failed_or_cancelled(value) && self->children)
        records_end_mine(true_miou_release);
    return value;
}
MUTANT_LEAVING("R5.25", a_parents_come_first, .own = record_own);

static void finalise_with_the_last_value(struct record *record)
{
    record->finaliser(records()->value);
}
MUTANT_FINALISING("R5.26", finalise_with_the_last_value, .own = record_own);

static int disown_unless_cancelled(miou_resource *resource)
{
    return self_is_cancelled() ? MIOU_CANCELLED : true_miou_disown(resource);
}
MUTANT("R5.28", the_cancelled_cannot_disown, .disown = disown_unless_cancelled);

static int own_unless_cancelled(miou_resource *resource)
{
    return self_is_cancelled() ? MIOU_CANCELLED : true_miou_own(resource);
}
MUTANT("R5.28", the_cancelled_cannot_own, .own = own_unless_cancelled);

static int release_in_part(miou_resource *resource)
{
    saboteur_waste();
    return true_miou_release(resource);
}
MUTANT("R5.29", released_in_part, .release = release_in_part);
