/* Rules R13.5 to R13.10 and R13.12: steered runs. */
#include "answers.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const int64_t MINUTE = 60000000000;

/* ---- A program with a bit of everything ---- */

enum { CHILDREN = 6, EVENTS = 400 };

struct event {
    int domain, number, what;
};

struct actor {
    struct program *program;
    int number;
};

struct program {
    struct actor actors[CHILDREN]; /* here, since main may end before them */
    struct event events[EVENTS];
    int count;
    pthread_t thread;
    int threads;   /* of the process, at most */
    int elsewhere; /* events on another thread */
    int begun, ended, finalised;
};

static void happen(struct program *t, int number, int what)
{
    int threads = threads_running();

    if (t->count < EVENTS)
        t->events[t->count++] = (struct event){miou_domain_self(), number, what};
    t->elsewhere += !pthread_equal(pthread_self(), t->thread);
    t->threads = threads > t->threads ? threads : t->threads;
}

static void finalise(void *value)
{
    ((struct program *)value)->finalised++;
}

static int act(void *arg)
{
    struct actor *t = arg;
    miou_resource *resource;
    miou_promise *promise;
    int i;

    t->program->begun++;
    TRY(miou_resource_create(&resource, finalise, t->program));
    TRY(miou_own(resource));
    for (i = 0; i < 3; i++) {
        happen(t->program, t->number, i);
        TRY(miou_yield());
    }
    if (t->number % 3 == 0) {
        TRY(miou_call(&promise, NULL, return_0, NULL));
        TRY(miou_await(promise, NULL));
    }
    TRY(miou_check(resource));
    happen(t->program, t->number, i);
    TRY(miou_disown(resource));
    t->program->ended++;
    return t->number;
}

static int direct(void *arg)
{
    struct program *t = arg;
    miou_promise *promises[CHILDREN];
    uint64_t id;
    int i, outcome;

    for (i = 0; i < CHILDREN; i++) {
        t->actors[i] = (struct actor){t, i};
        TRY((i % 2 ? miou_async : miou_call)(&promises[i], NULL, act, &t->actors[i]));
        TRY(miou_promise_id(&id, promises[i]));
        happen(t, CHILDREN, (int)(id ^ id >> 32));
    }
    for (i = 0; i < CHILDREN; i++) {
        TRY(miou_await(promises[i], &outcome));
        TRY(outcome);
        happen(t, CHILDREN, i);
    }
    return 7;
}

static int steer_program(check_runner *run, miou_choose *choose, struct answers *answers,
                         struct program *program)
{
    *program = (struct program){.thread = pthread_self()};
    return steer(run, 3, choose, answers, direct, program);
}

/* ---- R13.12: turns ---- */

struct turns {
    int count;
    int open; /* domains that the next choice is among; 0: none is due */
    int candidates[4];
    int taker;     /* whose turn it is; -1: time's */
    int unasked;   /* turns with several candidates after which `choose` was not asked */
    int wrong;     /* choices among others than were told */
    int elsewhere; /* tasks that went on in a turn of another domain */
};

static struct turns told; /* of the only run */

static void note_turn(void *state, const int *domains, size_t count)
{
    size_t i;

    (void)state;
    told.count++;
    told.unasked += told.open > 0;
    told.open = count > 1 ? (int)count : 0;
    for (i = 0; i < count && i < 4; i++)
        told.candidates[i] = domains[i];
    told.taker = count == 1 ? domains[0] : MIOU_NO_DOMAIN;
}

static size_t choose_turn(void *state, size_t count)
{
    size_t answer = answer_at_random(state, count);

    told.wrong += told.open > 0 && told.open != (int)count;
    if (told.open > 0 && answer < 4)
        told.taker = told.candidates[answer];
    told.open = 0;
    return answer;
}

static int note_place(void *arg)
{
    int i;

    (void)arg;
    for (i = 0; i < 4; i++) {
        told.elsewhere += told.count > 0 && miou_domain_self() != told.taker;
        TRY(miou_yield());
    }
    return 0;
}

static int call_three(void *arg)
{
    miou_promise *promises[3];
    int i;

    for (i = 0; i < 3; i++)
        TRY(miou_call(&promises[i], NULL, note_place, arg));
    TRY(note_place(arg));
    for (i = 0; i < 3; i++)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

/* A runtime that tells no turns passes. */
CHECK("R13.12", turns_that_are_told_are_those_that_are_taken)
{
    int seed;

    for (seed = 0; seed < 20; seed++) {
        struct answers answers = {.state = (uint64_t)seed, .running = true};
        miou_options options = {
            .domains = 2, .choose = choose_turn, .choose_state = &answers, .turn = note_turn};

        with_index(seed);

        told = (struct turns){.count = 0};
        expect_code(run_by(miou_run, &options, call_three, NULL), 0);
        expect_number(told.unasked, 0);
        expect_number(told.wrong, 0);
        expect_number(told.elsewhere, 0);
    }
}

/* ---- R13.5: one thread ---- */

static void assert_one_thread(check_runner *run, miou_choose *choose, uint64_t seed, int threads)
{
    struct answers answers = {.state = seed};
    struct program program;
    int i, seen[4] = {0};

    expect_code(steer_program(run, choose, &answers, &program), 7);
    expect_number(program.ended, CHILDREN);
    expect_number(program.elsewhere, 0);
    expect_at_most(program.threads, threads);
    expect_number(answers.odd, 0);
    expect_true(answers.asked > 0);
    for (i = 0; i < program.count; i++) {
        with_index(i);

        expect_in_range(program.events[i].domain, 0, 3);
        seen[program.events[i].domain] = true;
    }
    expect_true(seen[1] || seen[2] || seen[3]);
}
#define assert_one_thread(...) IN_HELPER(assert_one_thread, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R13.5", a_steered_run_has_one_thread)
{
    int threads = threads_running(), seed;

    assert_one_thread(miou_run, answer_0, 0, threads);
    assert_one_thread(miou_unix_run, answer_0, 0, threads);
    for (seed = 0; seed < 20; seed++) {
        with_index(seed);

        assert_one_thread(seed % 2 ? miou_run : miou_unix_run, answer_at_random, (uint64_t)seed,
                          threads);
    }
}

/* With one domain and one child there is nothing to choose. */
static int do_little(void *arg)
{
    miou_promise *promise;
    int outcome;

    TRY(miou_async(&promise, NULL, return_0, arg));
    TRY(miou_await_one(NULL, &outcome, &promise, 1));
    return miou_yield();
}

CHECK("R13.5", what_is_no_choice_is_not_asked)
{
    struct answers answers = {.state = 0};

    expect_code(steer(miou_run, 0, answer_at_random, &answers, do_little, NULL), 0);
    expect_number(answers.asked, 0);
}

/* Children that are cancelled before they have begun are finalised, beside a domain that could go
 * on; the finalisers make calls. */
enum { UNBEGUN = 8 };

struct unbegun {
    miou_mutex *mutex;
    int finalised, refused;
};

static void make_calls(void *value)
{
    struct unbegun *t = value;

    t->finalised++;
    t->refused += miou_yield() == MIOU_IN_FINALISER;
    t->refused += miou_mutex_unlock(t->mutex) == -EPERM;
    t->refused += miou_resource_create(NULL, make_calls, NULL) == MIOU_IN_FINALISER;
}

static int cancel_unbegun(void *arg)
{
    struct unbegun *t = arg;
    miou_promise *beside, *promise;
    miou_resource *resource;
    int i;

    TRY(miou_mutex_create(&t->mutex));
    TRY(miou_call(&beside, NULL, yield_for_ever, NULL));
    for (i = 0; i < UNBEGUN; i++) {
        TRY(miou_resource_create(&resource, make_calls, t));
        TRY(miou_own(resource));
        TRY(miou_async(&promise, &(miou_spawn){.give = &resource, .give_count = 1}, return_0, t));
        TRY(miou_cancel(promise));
    }
    return miou_cancel(beside);
}

static void assert_unbegun_finalised(miou_choose *choose, uint64_t seed)
{
    struct answers answers = {.state = seed};
    struct unbegun t = {.finalised = 0};

    expect_code(steer(miou_run, 1, choose, &answers, cancel_unbegun, &t), 0);
    expect_number(t.finalised, UNBEGUN);
    expect_number(t.refused, 3 * UNBEGUN);
}
#define assert_unbegun_finalised(...)                                                              \
    IN_HELPER(assert_unbegun_finalised, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R13.5 R5.17", finalisers_of_tasks_that_never_began_make_calls)
{
    int seed;

    assert_unbegun_finalised(answer_the_last, 0);
    for (seed = 0; seed < 20; seed++) {
        with_index(seed);

        assert_unbegun_finalised(answer_at_random, (uint64_t)seed);
    }
}

/* ---- R13.6: the same again ---- */

static bool same_events(const struct program *a, const struct program *b)
{
    int i;

    if (a->count != b->count)
        return false;
    for (i = 0; i < a->count; i++)
        if (a->events[i].domain != b->events[i].domain ||
            a->events[i].number != b->events[i].number || a->events[i].what != b->events[i].what)
            return false;
    return true;
}

CHECK("R13.6", the_same_answers_make_the_same_run)
{
    static struct program first, again, before;
    static struct answers answers[2];
    int seed, different = 0;

    for (seed = 0; seed < 50; seed++) {
        with_index(seed);
        int i, result = 0;

        for (i = 0; i < 2; i++) {
            answers[i] = (struct answers){.state = (uint64_t)seed};
            result +=
                steer_program(miou_unix_run, answer_at_random, &answers[i], i ? &again : &first);
        }
        expect_noted(result, 14);
        expect_true(same_events(&first, &again));
        expect_number(answers[0].asked, answers[1].asked);
        expect_bytes(answers[0].counts, answers[1].counts, sizeof answers[0].counts);
        different += seed > 0 && !same_events(&first, &before);
        before = first;
    }
    expect_true(different > 0);
}

/* ---- R13.7: answers out of range ---- */

static void assert_wrong_answer(int at, size_t by)
{
    struct answers answers = {.state = (uint64_t)at, .wrong_at = at, .wrong = by};
    struct program program;
    int result = steer_program(at % 2 ? miou_run : miou_unix_run,
                               at % 3 ? answer_at_random : answer_0, &answers, &program);

    if (answers.asked < at) { /* a runtime need not ask so often */
        expect_noted(result, 7);
        return;
    }
    expect_noted(result, -EINVAL);
    expect_number(answers.asked, at);
    expect_number(program.finalised, program.begun - program.ended);
}
#define assert_wrong_answer(...) IN_HELPER(assert_wrong_answer, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R13.7", answers_out_of_range)
{
    int at;

    for (at = 1; at <= 30; at++) {
        with_index(at);

        assert_wrong_answer(at, 0);
        assert_wrong_answer(at, 1);
        assert_wrong_answer(at, SIZE_MAX / 2);
    }
}

/* ---- R13.8: fair ---- */

enum { SPINNERS = 3 };

/* Each task yields until the one before it has raised its flag; the first waits for main. */
struct circle {
    bool flags[SPINNERS + 1];
    bool morning;
};

struct spinner {
    struct circle *circle;
    int number;
};

static int spin(void *arg)
{
    struct spinner *t = arg;

    while (!t->circle->flags[t->number])
        TRY(miou_yield());
    t->circle->flags[t->number + 1] = true;
    return 0;
}

static int spin_everywhere(void *arg)
{
    struct circle *t = arg;
    struct spinner spinners[SPINNERS];
    miou_promise *promises[SPINNERS];
    int i;

    for (i = 0; i < SPINNERS; i++) {
        spinners[i] = (struct spinner){t, i};
        TRY(call_on(SPINNERS - i, &promises[i], spin, &spinners[i]));
    }
    t->flags[0] = true;
    while (!t->flags[SPINNERS])
        TRY(miou_yield());
    for (i = 0; i < SPINNERS; i++)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

CHECK("R13.8", to_answer_0_is_fair_to_domains)
{
    struct answers answers = {.state = 0};
    struct circle t = {.morning = false};

    expect_code(steer(miou_run, SPINNERS, answer_0, &answers, spin_everywhere, &t), 0);
}

static int sleep_till_morning(void *arg)
{
    struct circle *t = arg;

    TRY(miou_sleep(5000000));
    t->morning = true;
    return 0;
}

static int spin_till_morning(void *arg)
{
    struct circle *t = arg;
    miou_promise *here, *there;

    TRY(miou_async(&here, NULL, sleep_till_morning, t));
    while (!t->morning)
        TRY(miou_yield());
    TRY(miou_await(here, NULL));
    t->morning = false;
    TRY(miou_call(&there, NULL, sleep_till_morning, t));
    while (!t->morning)
        TRY(miou_yield());
    return miou_await(there, NULL);
}

CHECK("R13.8", to_answer_0_lets_time_pass)
{
    struct answers answers = {.state = 0};
    struct circle t = {.morning = false};

    expect_code(steer(miou_unix_run, 1, answer_0, &answers, spin_till_morning, &t), 0);
}

/* ---- R13.9: virtual time ---- */

enum { DREAMERS = 12, BEDS = 3 };

struct dormitory {
    int woken, order[DREAMERS];
    int sleeping; /* when the last one began */
};

struct dreamer {
    struct dormitory *dormitory;
    int number;
    int64_t time;
};

static int dream(void *arg)
{
    struct dreamer *t = arg;

    t->dormitory->sleeping++;
    TRY(miou_sleep(t->time));
    t->dormitory->order[t->dormitory->woken++] = t->number;
    return 0;
}

static int64_t minutes(int number)
{
    return (1 + number * 5 % DREAMERS) * HOUR + number * MINUTE;
}

static int sleep_in_beds(void *arg)
{
    struct dormitory *t = arg;
    struct dreamer dreamers[DREAMERS];
    miou_promise *promises[DREAMERS];
    int i;

    for (i = 0; i < DREAMERS; i++) {
        dreamers[i] = (struct dreamer){t, i, minutes(i)};
        TRY(spawn_on(i % BEDS, &promises[i], dream, &dreamers[i]));
    }
    for (i = 0; i < DREAMERS; i++)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

static int place_of(const struct dormitory *t, int number)
{
    int place = 0;

    while (place < DREAMERS && t->order[place] != number)
        place++;
    return place;
}

/* If time passes whenever that is chosen, the tasks begin to sleep at different times; but on each
 * domain the one with the lower number begins first. */
static void assert_woken_in_order(const struct dormitory *t, bool together)
{
    int i, j;

    expect_number(t->woken, DREAMERS);
    for (i = 0; i < DREAMERS; i++) {
        with_index(i);

        for (j = 0; j < DREAMERS; j++) {
            with_index(j);

            if (minutes(i) < minutes(j) && (together || (i < j && i % BEDS == j % BEDS)))
                expect_true(place_of(t, i) < place_of(t, j));
        }
    }
}
#define assert_woken_in_order(...) IN_HELPER(assert_woken_in_order, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R13.9", hours_pass_at_once_and_in_order)
{
    struct dormitory t = {.woken = 0};
    struct answers answers = {.state = 0};
    int seed;

    expect_code(steer(miou_unix_run, BEDS - 1, answer_0, &answers, sleep_in_beds, &t), 0);
    assert_woken_in_order(&t, true);
    for (seed = 0; seed < 30; seed++) {
        with_index(seed);
        struct dormitory u = {.woken = 0};
        struct answers random = {.state = (uint64_t)seed};

        expect_code(steer(miou_unix_run, BEDS - 1, answer_at_random, &random, sleep_in_beds, &u),
                    0);
        assert_woken_in_order(&u, false);
    }
}

/* A sleep of a century is cancelled in the middle. */
static int sleep_century(void *arg)
{
    int *error = arg;

    NOTE(*error, miou_sleep(INT64_MAX));
    return 0;
}

static int cancel_century(void *arg)
{
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, sleep_century, arg));
    TRY(miou_sleep(1000 * HOUR));
    return miou_cancel(promise);
}

CHECK("R13.9", centuries_can_be_cancelled)
{
    struct answers answers = {.state = 0};
    int error = 0;

    expect_code(steer(miou_unix_run, 1, answer_0, &answers, cancel_century, &error), 0);
    expect_noted(error, MIOU_CANCELLED);
}

/* While main can go on, a choice may end a short sleep, but not one that is meant to be endless. */
struct nap {
    int64_t time;
    bool over;
};

static int take_nap(void *arg)
{
    struct nap *t = arg;

    TRY(miou_sleep(t->time));
    t->over = true;
    return 0;
}

static int yield_beside_naps(void *arg)
{
    struct nap *naps = arg;
    miou_promise *promises[2];
    int i, result;

    for (i = 0; i < 2; i++)
        TRY(miou_call(&promises[i], NULL, take_nap, &naps[i]));
    for (i = 0; i < 20; i++)
        TRY(miou_yield());
    result = naps[0].over + 2 * naps[1].over;
    for (i = 0; i < 2; i++)
        TRY(miou_cancel(promises[i]));
    return result;
}

static int steer_naps(miou_choose *choose, int seed)
{
    struct nap naps[2] = {{.time = HOUR / 7200}, {.time = HOUR}};
    struct answers answers = {.state = (uint64_t)seed};

    return steer(miou_unix_run, 1, choose, &answers, yield_beside_naps, naps);
}

CHECK("R13.9", endless_sleeps_are_not_cut_short)
{
    int seed;

    for (seed = 0; seed < 100; seed++) {
        with_index(seed);

        expect_in_range(steer_naps(answer_at_random, seed), 0, 1);
    }
    expect_in_range(steer_naps(answer_0, 0), 0, 1);
}

/* ---- R13.10: every pick can be made ---- */

enum { OPTIONS = 3, SEEDS = 3000 };

/* Run a program with new answers until it has returned every value from 0 to OPTIONS - 1. */
static void assert_every_pick(int domains, miou_task *fn)
{
    bool seen[OPTIONS] = {false};
    int seed, missing = OPTIONS;

    for (seed = 0; seed < SEEDS && missing > 0; seed++) {
        with_index(seed);
        struct answers answers = {.state = (uint64_t)seed};
        int picked = steer(miou_run, domains, answer_at_random, &answers, fn, NULL);

        expect_in_range(picked, 0, OPTIONS - 1);
        missing -= !seen[picked];
        seen[picked] = true;
    }
    expect_number(missing, 0);
}
#define assert_every_pick(...) IN_HELPER(assert_every_pick, (__VA_ARGS__), #__VA_ARGS__)

static int say_domain(void *arg)
{
    (void)arg;
    return miou_domain_self() - 1;
}

static int pick_worker(void *arg)
{
    miou_promise *promise;
    int outcome;

    TRY(miou_call(&promise, NULL, say_domain, arg));
    TRY(miou_await(promise, &outcome));
    return outcome;
}

static int numbers[OPTIONS] = {0, 1, 2};

static int say_number(void *arg)
{
    return *(int *)arg;
}

/* All children have ended. */
static int spawn_options(miou_promise **promises, miou_orphans *orphans)
{
    int i;

    for (i = 0; i < OPTIONS; i++)
        TRY(miou_async(&promises[i], &(miou_spawn){.orphans = orphans}, say_number, &numbers[i]));
    return let_others_run();
}

static int settle(miou_promise **promises, miou_orphans *orphans)
{
    int i;

    for (i = 0; i < OPTIONS; i++)
        miou_cancel(promises[i]); /* or its promise is stale */
    if (orphans)
        while (miou_care(promises, orphans) == MIOU_CARE_ENDED)
            TRY(miou_cancel(*promises));
    return 0;
}

static int pick_one(void *arg)
{
    miou_promise *promises[OPTIONS];
    int outcome;

    (void)arg;
    TRY(spawn_options(promises, NULL));
    TRY(miou_await_one(NULL, &outcome, promises, OPTIONS));
    TRY(settle(promises, NULL));
    return outcome;
}

static int pick_first(void *arg)
{
    miou_promise *promises[OPTIONS];
    int outcome;

    (void)arg;
    TRY(spawn_options(promises, NULL));
    TRY(miou_await_first(NULL, &outcome, promises, OPTIONS));
    return outcome;
}

static int pick_orphan(void *arg)
{
    miou_promise *promises[OPTIONS], *promise;
    miou_orphans *orphans;
    int outcome;

    (void)arg;
    TRY(miou_orphans_create(&orphans));
    TRY(spawn_options(promises, orphans));
    if (miou_care(&promise, orphans) != MIOU_CARE_ENDED)
        return -1;
    TRY(miou_await(promise, &outcome));
    TRY(settle(promises, orphans));
    return outcome;
}

static int get_orphan(void *arg)
{
    miou_promise *promises[OPTIONS];
    miou_orphans *orphans;
    int outcome;

    (void)arg;
    TRY(miou_orphans_create(&orphans));
    TRY(spawn_options(promises, orphans));
    if (miou_orphans_get(&outcome, orphans) != 1)
        return -1;
    TRY(settle(promises, orphans));
    return outcome;
}

/* How often another domain has gone on between two calls of a task that do not suspend. */
static int count_turn(void *arg)
{
    ++*(int *)arg;
    TRY(miou_yield());
    ++*(int *)arg;
    return 0;
}

static int interrupt_task(void *arg)
{
    miou_promise *promise;
    int turns = 0, between;

    (void)arg;
    TRY(miou_call(&promise, NULL, count_turn, &turns));
    TRY(miou_domain_available());
    TRY(miou_promise_state(promise));
    between = turns;
    TRY(miou_await(promise, NULL));
    return between;
}

CHECK("R13.10", every_worker_can_be_called)
{
    assert_every_pick(OPTIONS, pick_worker);
}

CHECK("R13.10", every_child_can_be_the_one)
{
    assert_every_pick(0, pick_one);
    assert_every_pick(0, pick_first);
}

CHECK("R13.10", every_orphan_can_be_next)
{
    assert_every_pick(0, pick_orphan);
    assert_every_pick(0, get_orphan);
}

CHECK("R13.10", every_domain_can_go_on_between_two_calls)
{
    assert_every_pick(1, interrupt_task);
}
