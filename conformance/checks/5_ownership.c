/* Checks of chapter 5, ownership: finalisers that call the runtime, where they run and with what,
 * and thousands of resources. */
#include "refused_calls.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

enum { BOOM = MIOU_LAST - 1, MANY = 10000 };

static void finalise_nothing(void *value)
{
    (void)value;
}

/* Make a resource and own it. */
static int acquire(miou_resource **resource, miou_finaliser *finaliser, void *value)
{
    int error = miou_resource_create(resource, finaliser, value);

    return error ? error : miou_own(*resource);
}

/* Run fn(arg) in a child, on this domain if domain is 0, else on that one, and await it. */
static int run_there(int domain, miou_task *fn, void *arg)
{
    miou_promise *promise;
    int outcome, error;

    error = spawn_on(domain, &promise, fn, arg);
    if (!error)
        error = miou_await(promise, &outcome);
    return error ? error : outcome;
}

/* The same, but cancel it once it has raised the flag. */
static int cancel_there(int domain, miou_task *fn, void *arg, atomic_int *flag)
{
    miou_promise *promise;
    int outcome, error;

    error = spawn_on(domain, &promise, fn, arg);
    while (!error && !atomic_load(flag))
        error = yield_to_all();
    if (!error)
        error = miou_cancel(promise);
    if (!error)
        error = miou_await(promise, &outcome);
    return error ? error : outcome;
}

static int raise_and_yield(atomic_int *flag)
{
    int error;

    atomic_store(flag, 1);
    do
        error = miou_yield();
    while (!error);
    return error;
}

static int end_normally(void *arg)
{
    (void)arg;
    return 0;
}

/* ---- R5.10 */

struct stale {
    miou_resource *disowned, *unowned;
    int owned[2], checked[2], released[2], given;
};

static int leave_resources(void *arg)
{
    struct stale *stale = arg;
    int error = miou_resource_create(&stale->unowned, finalise_nothing, NULL);

    if (!error)
        error = acquire(&stale->disowned, finalise_nothing, NULL);
    return error ? error : miou_disown(stale->disowned);
}

static int find_resources(void *arg)
{
    struct stale *stale = arg;
    miou_resource *left[] = {stale->disowned, stale->unowned};
    miou_promise *promise;
    int i;

    for (i = 0; i < 2; i++) {
        NOTE(stale->owned[i], miou_own(left[i]));
        NOTE(stale->checked[i], miou_check(left[i]));
        NOTE(stale->released[i], miou_release(left[i]));
    }
    NOTE(stale->given,
         miou_async(&promise, &(miou_spawn){.give = left, .give_count = 2}, end_normally, NULL));
    return 0;
}

CHECK("R5.10", nothing_is_left_of_an_earlier_run)
{
    struct stale stale = {.given = 0};
    int i;

    expect_code(run_with(1, leave_resources, &stale), 0);
    expect_code(run_with(1, find_resources, &stale), 0);
    for (i = 0; i < 2; i++) {
        with_index(i);

        expect_noted(stale.owned[i], -EINVAL);
        expect_noted(stale.checked[i], MIOU_NOT_OWNER);
        expect_noted(stale.released[i], MIOU_NOT_OWNER);
    }
    expect_noted(stale.given, MIOU_NOT_OWNER);
}

/* More than a count of uses with 16 bits can tell apart. */
enum { LATER_RESOURCES = 70000 };

/* Returns how many calls with a resource that has ended were not refused. */
static int use_ended(void *arg)
{
    miou_resource *ended, *resource;
    int i, accepted = 0;

    (void)arg;
    TRY(acquire(&ended, finalise_nothing, NULL));
    TRY(miou_disown(ended));
    for (i = 0; i < LATER_RESOURCES; i++) {
        TRY(acquire(&resource, finalise_nothing, NULL));
        accepted += miou_check(ended) != MIOU_NOT_OWNER;
        accepted += miou_disown(ended) != MIOU_NOT_OWNER;
        accepted += miou_own(ended) != -EINVAL;
        TRY(miou_disown(resource));
    }
    return accepted;
}

CHECK("R5.10", a_resource_has_ended_for_good)
{
    expect_code(run_with(0, use_ended, NULL), 0);
}

/* ---- R5.18: a finaliser that tries everything */

enum attempt {
    YIELD,
    ASYNC,
    CALL,
    PARALLEL,
    AWAIT,
    CANCEL,
    CARE,
    CREATE,
    OWN,
    DISOWN,
    RELEASE,
    TRANSFER,
    ATTEMPTS
};

/* How the owner of the resources ends. RELEASED: it releases the middle one and goes on. */
enum ending { FAILED, LEAKED, WAS_CANCELLED, RELEASED };

struct rebel {
    enum ending ending;
    miou_promise *child;
    miou_orphans *orphans;
    miou_resource *older, *middle, *newer, *unowned;
    int results[ATTEMPTS];
    int order[3], finalised;
    int still_owned, after;
    atomic_int up, spawned;
    miou_promise *promise;   /* shall stay NULL */
    miou_resource *resource; /* likewise */
};

static int count_spawned(void *arg)
{
    struct rebel *rebel = arg;

    atomic_fetch_add(&rebel->spawned, 1);
    return 0;
}

static void note_older(void *value)
{
    struct rebel *rebel = value;

    rebel->order[rebel->finalised++ % 3] = 1;
}

static void note_newer(void *value)
{
    struct rebel *rebel = value;

    rebel->order[rebel->finalised++ % 3] = 3;
}

static void try_everything(void *value)
{
    struct rebel *rebel = value;
    void *args[] = {rebel};

    rebel->order[rebel->finalised++ % 3] = 2;
    NOTE(rebel->results[YIELD], miou_yield());
    NOTE(rebel->results[ASYNC], miou_async(&rebel->promise, NULL, count_spawned, rebel));
    NOTE(rebel->results[CALL], miou_call(&rebel->promise, NULL, count_spawned, rebel));
    NOTE(rebel->results[PARALLEL], miou_parallel(NULL, count_spawned, args, 1));
    NOTE(rebel->results[AWAIT], miou_await(rebel->child, NULL));
    NOTE(rebel->results[CANCEL], miou_cancel(rebel->child));
    NOTE(rebel->results[CARE], miou_care(&rebel->promise, rebel->orphans));
    NOTE(rebel->results[CREATE], miou_resource_create(&rebel->resource, finalise_nothing, NULL));
    NOTE(rebel->results[OWN], miou_own(rebel->unowned));
    NOTE(rebel->results[DISOWN], miou_disown(rebel->older));
    NOTE(rebel->results[RELEASE], miou_release(rebel->older));
    NOTE(rebel->results[TRANSFER], miou_transfer(rebel->older));
}

/* Own three resources, the middle one with a finaliser that tries everything, and end. */
static int rebel(void *arg)
{
    struct rebel *rebel = arg;

    if (miou_async(&rebel->child, NULL, end_normally, NULL) || miou_await(rebel->child, NULL) ||
        miou_orphans_create(&rebel->orphans) ||
        miou_resource_create(&rebel->unowned, finalise_nothing, NULL) ||
        acquire(&rebel->older, note_older, rebel) ||
        acquire(&rebel->middle, try_everything, rebel) || acquire(&rebel->newer, note_newer, rebel))
        return BOOM - 1;
    switch (rebel->ending) {
    case FAILED:
        return BOOM;
    case LEAKED:
        return 0;
    case WAS_CANCELLED:
        return raise_and_yield(&rebel->up);
    case RELEASED:
        NOTE(rebel->after, miou_release(rebel->middle));
        rebel->still_owned = miou_check(rebel->older) == 0 && miou_yield() == 0 &&
                             miou_own(rebel->unowned) == 0 && miou_disown(rebel->unowned) == 0;
        return miou_disown(rebel->older) || miou_disown(rebel->newer) ? BOOM : 4;
    }
    return BOOM;
}

struct rebels {
    struct rebel rebels[4];
    int domain;
};

static int three_rebels(void *arg)
{
    struct rebels *all = arg;
    struct rebel *rebels = all->rebels;

    if (run_there(all->domain, rebel, &rebels[FAILED]) != BOOM ||
        cancel_there(all->domain, rebel, &rebels[WAS_CANCELLED], &rebels[WAS_CANCELLED].up) !=
            MIOU_CANCELLED ||
        run_there(all->domain, rebel, &rebels[RELEASED]) != 4)
        return BOOM;
    return 5;
}

static int leaking_rebel(void *arg)
{
    struct rebels *all = arg;

    return run_there(all->domain, rebel, &all->rebels[LEAKED]);
}

static void assert_put_down(struct rebel *rebel)
{
    size_t i;

    for (i = 0; i < ATTEMPTS; i++) {
        with_index(i);

        expect_noted(rebel->results[i], MIOU_IN_FINALISER);
    }
    expect_number(atomic_load(&rebel->spawned), 0);
    expect_true(rebel->promise == NULL);
    expect_true(rebel->resource == NULL);
}
#define assert_put_down(...) IN_HELPER(assert_put_down, (__VA_ARGS__), #__VA_ARGS__)

static void assert_newest_first(const struct rebel *rebel)
{
    int i;

    expect_number(rebel->finalised, 3);
    for (i = 0; i < 3; i++) {
        with_index(i);

        expect_number(rebel->order[i], 3 - i);
    }
}
#define assert_newest_first(...) IN_HELPER(assert_newest_first, (__VA_ARGS__), #__VA_ARGS__)

static void assert_rebellion_fails(int domain)
{
    struct rebels all = {.domain = domain};
    struct rebel *rebels = all.rebels;
    enum ending ending;

    for (ending = FAILED; ending <= RELEASED; ending++)
        rebels[ending].ending = ending;
    expect_code(run_with(2, three_rebels, &all), 5);
    expect_code(run_with(2, leaking_rebel, &all), MIOU_RESOURCE_LEAKED);
    for (ending = FAILED; ending <= RELEASED; ending++) {
        with_index(ending);

        assert_put_down(&rebels[ending]);
    }
    for (ending = FAILED; ending < RELEASED; ending++) {
        with_index(ending);

        assert_newest_first(&rebels[ending]);
    }
    expect_number(rebels[RELEASED].finalised, 1);
    expect_noted(rebels[RELEASED].after, 0);
    expect_true(rebels[RELEASED].still_owned);
}
#define assert_rebellion_fails(...) IN_HELPER(assert_rebellion_fails, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R5.18", a_finaliser_is_refused_everything)
{
    assert_rebellion_fails(0);
}

CHECK("R5.18", a_finaliser_is_refused_everything_elsewhere)
{
    assert_rebellion_fails(1);
}

CHECK("R5.18", whatever_a_finaliser_passes_it_is_refused)
{
    assert_refused_in_finalisers(TASK_CALLS, miou_run);
}

CHECK("R5.18", whatever_a_finaliser_passes_combinators_are_refused)
{
    assert_refused_in_finalisers(COMBINATOR_CALLS, miou_run);
}

CHECK("R5.18 R9.30", whatever_a_finaliser_passes_synchronisation_is_refused)
{
    assert_refused_in_finalisers(SYNC_CALLS, miou_run);
}

/* ---- R5.19 */

/* Where a resource was finalised. */
struct place {
    int domain;
    int times;
};

enum { FAILING, CANCELLING, RELEASING, GIVEN, NEVER_STARTED, TRANSFERRED, MADE_HERE, PLACES };

struct places {
    struct place places[PLACES];
    miou_resource *made_here;
    atomic_int up;
};

static void note_place(void *value)
{
    struct place *place = value;

    NOTE(place->domain, miou_domain_self());
    place->times++;
}

static int fail_owning(void *arg)
{
    struct places *places = arg;
    miou_resource *resource;

    return acquire(&resource, note_place, &places->places[FAILING]) ? 0 : BOOM;
}

static int be_cancelled_owning(void *arg)
{
    struct places *places = arg;
    miou_resource *resource;
    int error = acquire(&resource, note_place, &places->places[CANCELLING]);

    return error ? error : raise_and_yield(&places->up);
}

static int release_one_and_transfer_another(void *arg)
{
    struct places *places = arg;
    miou_resource *released, *transferred;

    if (acquire(&released, note_place, &places->places[RELEASING]) || miou_release(released) ||
        acquire(&transferred, note_place, &places->places[TRANSFERRED]) ||
        miou_transfer(transferred))
        return 0;
    return BOOM;
}

static int own_what_was_made_there(void *arg)
{
    struct places *places = arg;

    return miou_own(places->made_here) ? 0 : BOOM;
}

static int fail_at_once(void *arg)
{
    (void)arg;
    return BOOM;
}

static int yield_on(void *arg)
{
    atomic_int unseen;

    (void)arg;
    return raise_and_yield(&unseen);
}

/* Give a new resource to a task on domain 2. */
static int give_away(miou_promise **promise, struct place *place, miou_task *fn)
{
    const int domain = 2;
    miou_resource *resource;
    int error = acquire(&resource, note_place, place);

    if (error)
        return error;
    return miou_call(promise, &(miou_spawn){.pin = &domain, MIOU_GIVE(resource)}, fn, NULL);
}

static int finalise_in_all_places(void *arg)
{
    struct places *places = arg;
    miou_promise *given, *never;
    int outcome;

    if (miou_resource_create(&places->made_here, note_place, &places->places[MADE_HERE]) ||
        run_there(2, fail_owning, places) != BOOM ||
        cancel_there(2, be_cancelled_owning, places, &places->up) != MIOU_CANCELLED ||
        run_there(2, release_one_and_transfer_another, places) != BOOM ||
        run_there(2, own_what_was_made_there, places) != BOOM ||
        give_away(&given, &places->places[GIVEN], fail_at_once) || miou_await(given, &outcome) ||
        outcome != BOOM || give_away(&never, &places->places[NEVER_STARTED], yield_on) ||
        miou_cancel(never))
        return 0;
    return BOOM; /* what was transferred to this task is finalised now */
}

CHECK("R5.19", each_on_its_owners_domain)
{
    struct places places = {.places = {{0}}};
    int i;

    expect_code(run_with(2, finalise_in_all_places, &places), BOOM);
    for (i = 0; i < PLACES; i++) {
        with_index(i);
        const struct place *place = &places.places[i];

        expect_number(place->times, 1);
        expect_noted(place->domain, i == TRANSFERRED ? 0 : 2);
    }
}

/* Two ways in which a run ends: main fails, or a task breaks a rule. */
struct ends {
    struct place place;
    int leak;
    atomic_int up;
};

static int own_and_wait(void *arg)
{
    struct ends *ends = arg;
    miou_resource *resource;
    int error = acquire(&resource, note_place, &ends->place);

    return error ? error : raise_and_yield(&ends->up);
}

static int end_above(void *arg)
{
    struct ends *ends = arg;
    miou_promise *promise;
    miou_resource *resource;

    if (call_on(1, &promise, own_and_wait, ends))
        return 0;
    while (!atomic_load(&ends->up))
        miou_yield();
    if (!ends->leak)
        return BOOM;
    return acquire(&resource, finalise_nothing, NULL);
}

CHECK("R5.19", on_its_owners_domain_when_the_run_ends)
{
    struct ends fails = {.leak = 0}, leaks = {.leak = 1};

    expect_code(run_with(1, end_above, &fails), BOOM);
    expect_number(fails.place.times, 1);
    expect_noted(fails.place.domain, 1);
    expect_code(run_with(1, end_above, &leaks), MIOU_RESOURCE_LEAKED);
    expect_number(leaks.place.times, 1);
    expect_noted(leaks.place.domain, 1);
}

/* ---- R5.22 */

static int values[MANY];
static miou_resource *resources[MANY];
static int finalised[MANY];
static int finalised_count;

static void note_value(void *value)
{
    if (finalised_count < MANY)
        finalised[finalised_count] = *(int *)value;
    finalised_count++;
}

static int own_many(void)
{
    int i, error = 0;

    finalised_count = 0;
    for (i = 0; i < MANY && !error; i++) {
        values[i] = i;
        error = acquire(&resources[i], note_value, &values[i]);
    }
    return error;
}

static int fail_owning_many(void *arg)
{
    (void)arg;
    return own_many() ? 0 : BOOM;
}

static int leak_many(void *arg)
{
    (void)arg;
    return own_many();
}

static int be_cancelled_owning_many(void *arg)
{
    return own_many() ? 0 : raise_and_yield(arg);
}

static int cancel_one_that_owns_many(void *arg)
{
    atomic_int up = 0;

    (void)arg;
    return cancel_there(1, be_cancelled_owning_many, &up, &up);
}

/* Disown every third resource, and fail while owning the others. */
static int fail_owning_some(void *arg)
{
    int i;

    (void)arg;
    if (own_many())
        return 0;
    for (i = 0; i < MANY; i += 3)
        if (miou_disown(resources[i]))
            return 0;
    return BOOM;
}

static void assert_many_newest_first(void)
{
    int i;

    expect_number(finalised_count, MANY);
    for (i = 0; i < MANY; i++) {
        with_index(i);

        expect_number(finalised[i], MANY - 1 - i);
    }
}
#define assert_many_newest_first(...)                                                              \
    IN_HELPER(assert_many_newest_first, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R5.22", ten_thousand_newest_first)
{
    expect_code(run_with(0, fail_owning_many, NULL), BOOM);
    assert_many_newest_first();
    expect_code(run_with(0, leak_many, NULL), MIOU_RESOURCE_LEAKED);
    assert_many_newest_first();
    expect_code(run_with(1, cancel_one_that_owns_many, NULL), MIOU_CANCELLED);
    assert_many_newest_first();
}

CHECK("R5.22", the_rest_of_ten_thousand)
{
    int i, expected = MANY - 1;

    expect_code(run_with(0, fail_owning_some, NULL), BOOM);
    expect_number(finalised_count, MANY - (MANY + 2) / 3);
    for (i = 0; i < finalised_count; i++) {
        with_index(i);

        expected -= expected % 3 == 0;
        expect_number(finalised[i], expected--);
    }
}

/* ---- R5.23 */

struct arguments {
    int no_place, no_finaliser, own, check, disown, release, transfer;
    int given_null, called_null, no_list, still_owned;
    miou_resource *untouched;
    atomic_int ran, waits;
};

static int count_run(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static void try_without_resources(struct arguments *tried)
{
    NOTE(tried->no_place, miou_resource_create(NULL, finalise_nothing, NULL));
    NOTE(tried->no_finaliser, miou_resource_create(&tried->untouched, NULL, tried));
    NOTE(tried->own, miou_own(NULL));
    NOTE(tried->check, miou_check(NULL));
    NOTE(tried->disown, miou_disown(NULL));
    NOTE(tried->release, miou_release(NULL));
    NOTE(tried->transfer, miou_transfer(NULL));
}

static int try_bad_arguments(void *arg)
{
    struct arguments *tried = arg;
    miou_resource *resource;
    miou_promise *promise;

    try_without_resources(tried);
    if (acquire(&resource, finalise_nothing, NULL))
        return BOOM;
    NOTE(tried->given_null,
         miou_async(&promise, &(miou_spawn){MIOU_GIVE(resource, NULL)}, count_run, &tried->ran));
    NOTE(tried->called_null,
         miou_call(&promise, &(miou_spawn){MIOU_GIVE(NULL, resource)}, count_run, &tried->ran));
    NOTE(tried->no_list,
         miou_async(&promise, &(miou_spawn){.give_count = 1}, count_run, &tried->ran));
    tried->still_owned = miou_check(resource) == 0;
    return miou_disown(resource);
}

static int try_bad_arguments_below(void *arg)
{
    return run_there(1, try_bad_arguments, arg);
}

static void assert_no_resources(struct arguments *tried)
{
    expect_noted(tried->no_place, -EINVAL);
    expect_noted(tried->no_finaliser, -EINVAL);
    expect_noted(tried->own, -EINVAL);
    expect_noted(tried->check, -EINVAL);
    expect_noted(tried->disown, -EINVAL);
    expect_noted(tried->release, -EINVAL);
    expect_noted(tried->transfer, -EINVAL);
    expect_true(tried->untouched == NULL);
}
#define assert_no_resources(...) IN_HELPER(assert_no_resources, (__VA_ARGS__), #__VA_ARGS__)

static void assert_refused(struct arguments *tried)
{
    assert_no_resources(tried);
    expect_one_of(tried->given_null, -EINVAL, MIOU_NOT_OWNER);
    expect_one_of(tried->called_null, -EINVAL, MIOU_NOT_OWNER);
    expect_one_of(tried->no_list, -EINVAL, MIOU_NOT_OWNER);
    expect_true(tried->still_owned);
    expect_number(atomic_load(&tried->ran), 0);
}
#define assert_refused(...) IN_HELPER(assert_refused, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R5.23", arguments_that_are_no_resources)
{
    struct arguments tried = {.untouched = NULL}, below = {.untouched = NULL};

    expect_code(run_with(2, try_bad_arguments, &tried), 0);
    assert_refused(&tried);
    expect_code(run_with(2, try_bad_arguments_below, &below), 0);
    assert_refused(&below);
}

static int try_when_cancelled(void *arg)
{
    struct arguments *tried = arg;

    raise_and_yield(&tried->waits);
    try_without_resources(tried);
    return 0;
}

static int cancel_here(void *arg)
{
    return cancel_there(0, try_when_cancelled, arg, &((struct arguments *)arg)->waits);
}

static int cancel_elsewhere(void *arg)
{
    return cancel_there(1, try_when_cancelled, arg, &((struct arguments *)arg)->waits);
}

CHECK("R5.23", arguments_of_the_cancelled)
{
    struct arguments here = {.untouched = NULL}, elsewhere = {.untouched = NULL};

    expect_code(run_with(1, cancel_here, &here), MIOU_CANCELLED);
    assert_no_resources(&here);
    expect_code(run_with(1, cancel_elsewhere, &elsewhere), MIOU_CANCELLED);
    assert_no_resources(&elsewhere);
}

/* ---- R5.26 */

enum { LETTERS = 4 };

struct taken {
    char letters[LETTERS];
    void *got[LETTERS + 1];
    int count;
};

static struct taken *taken;

static void take_value(void *value)
{
    if (taken->count <= LETTERS)
        taken->got[taken->count] = value;
    taken->count++;
}

static int own_letters(miou_resource **resource)
{
    int i, error = 0;

    for (i = 0; i < LETTERS && !error; i++)
        error = acquire(&resource[i], take_value, &taken->letters[i]);
    return error ? error : acquire(&resource[LETTERS], take_value, NULL);
}

static int fail_with_letters(void *arg)
{
    miou_resource *resource[LETTERS + 1];

    (void)arg;
    return own_letters(resource) ? 0 : BOOM;
}

static int release_letters(void *arg)
{
    miou_resource *resource[LETTERS + 1];
    int i, error = own_letters(resource);

    (void)arg;
    for (i = LETTERS; i >= 0 && !error; i--)
        error = miou_release(resource[i]);
    return error;
}

static int call_with_letters(void *arg)
{
    return run_there(1, fail_with_letters, arg);
}

static void assert_all_taken(miou_task *task, int outcome)
{
    struct taken here = {.count = 0};
    int i;

    taken = &here;
    expect_code(run_with(1, task, NULL), outcome);
    expect_number(here.count, LETTERS + 1);
    expect_true(here.got[0] == NULL);
    for (i = 1; i <= LETTERS; i++) {
        with_index(i);

        expect_true(here.got[i] == &here.letters[LETTERS - i]);
    }
}
#define assert_all_taken(...) IN_HELPER(assert_all_taken, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R5.26 R5.23", each_with_its_own_value)
{
    assert_all_taken(fail_with_letters, BOOM);
    assert_all_taken(release_letters, 0);
    assert_all_taken(call_with_letters, BOOM);
}

/* ---- R5.27 */

enum { RIVALS = 2, PRIZES = 10000, PATIENCE = 1000 };

static miou_resource *prizes[PRIZES];
static int taken_by[RIVALS][PRIZES];
static atomic_int reached[RIVALS], finished;

/* Wait for the other task to arrive as well, but not for long: it may not be on a processor. The
 * one that arrives first notices the other a little late, so hold the last one up, for a time that
 * varies. */
static void draw_level(int rival, int prize)
{
    volatile int held_up;
    int tries;

    atomic_store(&reached[rival], prize + 1);
    for (tries = 0; tries < PATIENCE && atomic_load(&reached[!rival]) <= prize; tries++)
        continue;
    for (held_up = tries ? 0 : prize % 64; held_up > 0; held_up--)
        continue;
}

static int take_prizes(void *arg)
{
    int *results = arg;
    int rival = results == taken_by[1], prize, error = 0;

    for (prize = 0; prize < PRIZES; prize++) {
        draw_level(rival, prize);
        NOTE(results[prize], miou_own(prizes[prize]));
    }
    atomic_fetch_add(&finished, 1);
    while (atomic_load(&finished) < RIVALS && !error)
        error = miou_yield();
    for (prize = 0; prize < PRIZES && !error; prize++)
        if (results[prize] == 0)
            error = miou_disown(prizes[prize]);
    return error;
}

static int hold_the_race(void *arg)
{
    void *args[RIVALS];
    int outcomes[RIVALS], i, error = 0;

    (void)arg;
    for (i = 0; i < PRIZES && !error; i++)
        error = miou_resource_create(&prizes[i], finalise_nothing, NULL);
    for (i = 0; i < RIVALS; i++)
        args[i] = taken_by[i];
    if (!error)
        error = miou_parallel(outcomes, take_prizes, args, RIVALS);
    for (i = 0; i < RIVALS && !error; i++)
        error = outcomes[i];
    return error;
}

CHECK("R5.27", one_of_two_takes_each)
{
    int i, rival;

    expect_code(run_with(RIVALS, hold_the_race, NULL), 0);
    for (i = 0; i < PRIZES; i++) {
        with_index(i);
        int winners = 0;

        for (rival = 0; rival < RIVALS; rival++) {
            with_index(rival);

            winners += taken_by[rival][i] == 0;
            expect_one_of(taken_by[rival][i], 0, MIOU_NOT_OWNER);
        }
        expect_number(winners, 1);
    }
}

/* ---- R5.28 */

enum { DISOWNED, RELEASED_LATE, KEPT, MOVED, OWNED_LATE, FATES };

struct late {
    miou_resource *resources[FATES];
    int finalised[FATES], released_at_once;
    int domain, cancelled, checked, disowned, released, transferred, owned_late, checked_late;
    int parents;
    atomic_int up;
};

static void count_finalised(void *value)
{
    ++*(int *)value;
}

static int deal_when_cancelled(void *arg)
{
    struct late *late = arg;
    int i;

    for (i = 0; i < OWNED_LATE; i++)
        if (acquire(&late->resources[i], count_finalised, &late->finalised[i]))
            return BOOM;
    NOTE(late->cancelled, raise_and_yield(&late->up));
    NOTE(late->checked, miou_check(late->resources[DISOWNED]));
    NOTE(late->disowned, miou_disown(late->resources[DISOWNED]));
    NOTE(late->released, miou_release(late->resources[RELEASED_LATE]));
    late->released_at_once = late->finalised[RELEASED_LATE];
    NOTE(late->transferred, miou_transfer(late->resources[MOVED]));
    NOTE(late->owned_late,
         acquire(&late->resources[OWNED_LATE], count_finalised, &late->finalised[OWNED_LATE]));
    NOTE(late->checked_late, miou_check(late->resources[OWNED_LATE]));
    return 0;
}

static int cancel_one_that_deals(void *arg)
{
    struct late *late = arg;
    int outcome = cancel_there(late->domain, deal_when_cancelled, late, &late->up);

    late->parents = late->finalised[MOVED] == 0 && late->finalised[KEPT] == 1 &&
                    late->finalised[OWNED_LATE] == 1 && miou_disown(late->resources[MOVED]) == 0;
    return outcome;
}

static void assert_dealt_with(int domain)
{
    struct late late = {.domain = domain};

    expect_code(run_with(1, cancel_one_that_deals, &late), MIOU_CANCELLED);
    expect_noted(late.cancelled, MIOU_CANCELLED);
    expect_noted(late.checked, 0);
    expect_noted(late.disowned, 0);
    expect_noted(late.released, 0);
    expect_number(late.released_at_once, 1);
    expect_noted(late.transferred, 0);
    expect_noted(late.owned_late, 0);
    expect_noted(late.checked_late, 0);
    expect_true(late.parents);
    expect_number(late.finalised[DISOWNED], 0);
    expect_number(late.finalised[RELEASED_LATE], 1);
    expect_number(late.finalised[KEPT], 1);
    expect_number(late.finalised[MOVED], 0);
    expect_number(late.finalised[OWNED_LATE], 1);
}
#define assert_dealt_with(...) IN_HELPER(assert_dealt_with, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R5.28", a_cancelled_task_deals_with_its_own)
{
    assert_dealt_with(0);
    assert_dealt_with(1);
}

/* ---- R5.29: resources that have ended ---- */

static int release_it(void *resource)
{
    return miou_release(resource);
}

struct handing {
    spawner *spawn;
    int finalised;
    struct growth growth;
};

static int hand_over_once(void *arg)
{
    struct handing *t = arg;
    miou_promise *promise;
    miou_resource *resource;

    TRY(miou_resource_create(&resource, count_finalised, &t->finalised));
    TRY(miou_own(resource));
    TRY(t->spawn(&promise, &(miou_spawn){MIOU_GIVE(resource)}, release_it, resource));
    return await_and_free(promise);
}

enum { HANDED = 20000 };

static int hand_over_for_ever(void *arg)
{
    struct handing *t = arg;

    return grow_by(&t->growth, HANDED, 20, hand_over_once, t);
}

/* 20 bytes each: less than any record of one. */
static void assert_no_growth_by(spawner *spawn)
{
    struct handing t = {.spawn = spawn};

    expect_code(run_with(1, hand_over_for_ever, &t), 0);
    expect_number(t.finalised, t.growth.rounds);
    expect_false(grew(&t.growth));
}
#define assert_no_growth_by(...) IN_HELPER(assert_no_growth_by, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R5.29", ended_by_a_child_here)
{
    assert_no_growth_by(miou_async);
}

CHECK("R5.29", ended_by_a_child_elsewhere)
{
    assert_no_growth_by(miou_call);
}

/* ---- R5.6: before miou_care and miou_cancel tell of the end ---- */

struct failing {
    bool cancel;
    atomic_bool begun, finalised;
    bool in_time;
};

static void note_finalised(void *value)
{
    struct failing *t = value;

    atomic_store(&t->finalised, true);
}

static int own_and_fail(void *arg)
{
    struct failing *t = arg;
    miou_resource *resource;

    TRY(miou_resource_create(&resource, note_finalised, t));
    TRY(miou_own(resource));
    atomic_store(&t->begun, true);
    miou_yield();
    return -5;
}

static int care_for_one_that_fails(struct failing *t, int domain)
{
    miou_orphans *orphans;
    miou_promise *promise;
    int ended;

    TRY(miou_orphans_create(&orphans));
    TRY(domain ? miou_call(&promise, &(miou_spawn){.orphans = orphans}, own_and_fail, t)
               : miou_async(&promise, &(miou_spawn){.orphans = orphans}, own_and_fail, t));
    if (t->cancel) {
        TRY(yield_until(&t->begun));
        TRY(miou_cancel(promise));
        t->in_time = atomic_load(&t->finalised);
        return 0;
    }
    while ((ended = miou_care(&promise, orphans)) == MIOU_CARE_RUNNING)
        TRY(yield_to_all());
    t->in_time = ended == MIOU_CARE_ENDED && atomic_load(&t->finalised);
    TRY(miou_await(promise, NULL));
    return 0;
}

static int care_here(void *arg)
{
    return care_for_one_that_fails(arg, 0);
}

static int care_elsewhere(void *arg)
{
    return care_for_one_that_fails(arg, 1);
}

static void assert_finalised_in_time(miou_task *fn, bool cancel)
{
    int i;

    for (i = 0; i < 50; i++) {
        with_index(i);
        struct failing t = {.cancel = cancel};

        expect_code(run_with(1, fn, &t), 0);
        expect_true(t.in_time);
    }
}
#define assert_finalised_in_time(...)                                                              \
    IN_HELPER(assert_finalised_in_time, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R5.6", finalised_before_care_hands_it_out)
{
    assert_finalised_in_time(care_here, false);
    assert_finalised_in_time(care_elsewhere, false);
}

CHECK("R5.6", finalised_before_cancelling_returns)
{
    assert_finalised_in_time(care_here, true);
    assert_finalised_in_time(care_elsewhere, true);
}

/* ---- R5.26: resources that were made on one domain and ended on another leave room for new ones.
 * Those that two domains make then are different. ---- */

enum { ENDED = 600, HELD = 300, TURNS = 3 };

struct keeper {
    miou_resource *resources[HELD];
    int finalised[HELD];
};

struct again {
    miou_resource *ended[ENDED];
    int count;
    struct keeper here, there;
};

static int make_all(miou_resource **list, int count, int *counts, int step)
{
    int i;

    for (i = 0; i < count; i++) {
        TRY(miou_resource_create(&list[i], count_finalised, &counts[i * step]));
        TRY(miou_own(list[i]));
    }
    return 0;
}

static int release_all(miou_resource **list, int count)
{
    int i;

    for (i = 0; i < count; i++)
        TRY(miou_check(list[i]));
    for (i = 0; i < count; i++)
        TRY(miou_release(list[i]));
    return 0;
}

static int end_them(void *arg)
{
    return release_all(((struct again *)arg)->ended, ENDED);
}

static int keep_there(void *arg)
{
    struct again *t = arg;

    TRY(make_all(t->there.resources, HELD, t->there.finalised, 1));
    return release_all(t->there.resources, HELD);
}

static int own_again(struct again *t)
{
    miou_spawn there = {.pin = &(int){1}, .give = t->ended, .give_count = ENDED};
    miou_promise *promise;

    TRY(make_all(t->ended, ENDED, &t->count, 0));
    TRY(miou_call(&promise, &there, end_them, t));
    TRY(await_and_free(promise));
    TRY(make_all(t->here.resources, HELD, t->here.finalised, 1));
    TRY(run_on(2, keep_there, t));
    return release_all(t->here.resources, HELD);
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

    expect_code(run_with(2, own_again_and_again, &t), 0);
    expect_number(t.count, TURNS * ENDED);
    for (i = 0; i < HELD; i++) {
        with_index(i);

        expect_number(t.here.finalised[i], TURNS);
        expect_number(t.there.finalised[i], TURNS);
    }
}

/* ---- R5.15: no parent */

struct parentless {
    int error, check;
    bool done;
};

static void transfer_in_handler(int number, void *arg)
{
    struct parentless *t = arg;
    miou_resource *resource;

    (void)number;
    if (acquire(&resource, finalise_nothing, NULL) == 0) {
        NOTE(t->error, miou_transfer(resource));
        NOTE(t->check, miou_check(resource));
        miou_disown(resource);
    }
    t->done = true;
}

static int handle_a_signal(void *arg)
{
    struct parentless *t = arg;

    TRY(miou_signal_handle(SIGUSR1, transfer_in_handler, t));
    raise(SIGUSR1);
    while (!t->done)
        TRY(miou_yield());
    return 0;
}

CHECK("R5.15 R12.7", a_handler_has_no_parent_to_transfer_to)
{
    struct parentless t = {.check = 1};

    expect_code(run_with(0, handle_a_signal, &t), 0);
    expect_noted(t.error, -EINVAL);
    expect_noted(t.check, 0);
}
