/* Checks of chapter 4, domains: threads, true parallelism, memory, and the arguments that a
 * scenario cannot give. */
#include "disturbed.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

enum { BOOM = MIOU_LAST - 1 };

/* Wait for a flag without suspending the task, but leave the processor to other threads. */
static void spin_until(atomic_int *flag)
{
    while (!atomic_load(flag))
        sched_yield();
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int count_up(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

/* ---- R4.8 */

static const int odd_pins[] = {-1, INT_MIN, INT_MAX, 3};

struct pins {
    atomic_int ran;
    int called[4], async_here, async_there;
    miou_promise *untouched;
};

static int try_odd_pins(void *arg)
{
    struct pins *pins = arg;
    size_t i;

    for (i = 0; i < 4; i++)
        NOTE(pins->called[i], call_on(odd_pins[i], &pins->untouched, count_up, &pins->ran));
    NOTE(pins->async_here,
         miou_async(&pins->untouched, &(miou_spawn){.pin = &(int){0}}, count_up, &pins->ran));
    NOTE(pins->async_there,
         miou_async(&pins->untouched, &(miou_spawn){.pin = &(int){1}}, count_up, &pins->ran));
    return 0;
}

CHECK("R4.8", odd_pins_are_invalid)
{
    struct pins pins = {.untouched = NULL};
    size_t i;

    expect_code(run_with(2, try_odd_pins, &pins), 0);
    for (i = 0; i < 4; i++) {
        with_index(i);

        expect_noted(pins.called[i], -EINVAL);
    }
    expect_noted(pins.async_here, -EINVAL);
    expect_noted(pins.async_there, -EINVAL);
    expect_true(pins.untouched == NULL);
    expect_number(atomic_load(&pins.ran), 0);
}

/* Scenarios give no pin to async. */
struct pinned {
    atomic_int ran;
    int async, still_owned, kept;
};

static int pin_an_async(void *arg)
{
    struct pinned *t = arg;
    int self = miou_domain_self();
    miou_resource *resource;
    miou_orphans *orphans;

    TRY(miou_resource_create(&resource, ignore, NULL));
    TRY(miou_own(resource));
    TRY(miou_orphans_create(&orphans));
    NOTE(t->async,
         miou_async(NULL, &(miou_spawn){.pin = &self, .orphans = orphans, MIOU_GIVE(resource)},
                    count_up, &t->ran));
    NOTE(t->still_owned, miou_check(resource));
    NOTE(t->kept, miou_orphans_length(orphans));
    TRY(miou_disown(resource));
    return miou_orphans_free(orphans);
}

static int pin_an_async_elsewhere(void *arg)
{
    return run_on(1, pin_an_async, arg);
}

CHECK("R4.8", a_pinned_async_gives_and_leaves_nothing)
{
    miou_task *const tasks[] = {pin_an_async, pin_an_async_elsewhere};
    int i;

    for (i = 0; i < 2; i++) {
        with_index(i);
        struct pinned t = {.still_owned = MIOU_LAST, .kept = -1};

        expect_code(run_with(1, tasks[i], &t), 0);
        expect_noted(t.async, -EINVAL);
        expect_noted(t.still_owned, 0);
        expect_noted(t.kept, 0);
        expect_number(atomic_load(&t.ran), 0);
    }
}

/* ---- R4.9 */

enum { MANY = 1000 };

static int numbers[MANY];
static void *pointers[MANY];
static int outcomes[MANY];

static void number_all(void)
{
    int i;

    for (i = 0; i < MANY; i++) {
        numbers[i] = i;
        pointers[i] = &numbers[i];
    }
}

/* Every seventh task fails. */
static int give_number(void *arg)
{
    int number = *(int *)arg;

    if (number % 3 == 0)
        miou_yield();
    return number % 7 ? number : BOOM - number;
}

static int parallel_of_many(void *arg)
{
    (void)arg;
    return miou_parallel(outcomes, give_number, pointers, MANY);
}

CHECK("R4.9", a_thousand_outcomes_in_order)
{
    int i;

    number_all();
    need_tasks(MANY + 1);
    expect_code(run_with(2, parallel_of_many, NULL), 0);
    for (i = 0; i < MANY; i++) {
        with_index(i);

        expect_code(outcomes[i], i % 7 ? i : BOOM - i);
    }
}

static int parallel_without_outcomes(void *arg)
{
    static atomic_int ended;
    void *args[] = {&ended, &ended, &ended};
    int error = miou_parallel(NULL, count_up, args, 3);

    *(int *)arg = atomic_load(&ended);
    return error;
}

CHECK("R4.9 R4.20", outcomes_may_be_null)
{
    int ended = 0;

    expect_code(run_with(2, parallel_without_outcomes, &ended), 0);
    expect_number(ended, 3);
}

/* ---- R4.10 */

enum { MOST_DOMAINS = 3, MANY_DOMAINS = 40, MOST_TASKS = 100 };

struct spread {
    size_t count;
    atomic_int tasks[MANY_DOMAINS + 1];
};

static int count_on_domain(void *arg)
{
    struct spread *spread = arg;

    return count_up(&spread->tasks[miou_domain_self()]);
}

/* Whether miou_parallel of this many tasks, called here, puts equally many on each domain that it
 * may use, give or take one. */
static int spreads_evenly(size_t count)
{
    static void *args[MOST_TASKS];
    struct spread spread = {.count = count};
    int self = miou_domain_self(), available = miou_domain_available(), domain;
    int usable = available - (self > 0);
    size_t i;

    for (i = 0; i < count; i++)
        args[i] = &spread;
    if (miou_parallel(NULL, count_on_domain, args, count))
        return 0;
    for (domain = 1; domain <= available; domain++) {
        int tasks = atomic_load(&spread.tasks[domain]), least = (int)count / usable;

        if (domain != self && tasks != least && tasks != least + ((int)count % usable > 0))
            return 0;
    }
    return atomic_load(&spread.tasks[0]) == 0 && (self == 0 || !atomic_load(&spread.tasks[self]));
}

/* For how many of the counts the tasks are spread evenly, if they are spawned here. */
static int try_counts(void *arg)
{
    static const size_t counts[] = {1, 2, 3, 4, 5, 7, 64, MOST_TASKS};
    int even = 0;
    size_t i;

    (void)arg;
    for (i = 0; i < 8; i++)
        even += spreads_evenly(counts[i]);
    return even;
}

static int try_counts_elsewhere(void *arg)
{
    return run_on(2, try_counts, arg);
}

CHECK("R4.10", numbers_differ_by_at_most_one)
{
    need_tasks(MOST_TASKS + 1);
    expect_code(run_with(1, try_counts, NULL), 8);
    expect_code(run_with(2, try_counts, NULL), 8);
    expect_code(run_with(3, try_counts, NULL), 8);
    expect_code(run_with(2, try_counts_elsewhere, NULL), 8);
    expect_code(run_with(3, try_counts_elsewhere, NULL), 8);
}

CHECK("R4.10", many_domains)
{
    need_tasks(MOST_TASKS + 1);
    expect_code(run_with(MANY_DOMAINS, try_counts, NULL), 8);
    expect_code(run_with(MANY_DOMAINS, try_counts_elsewhere, NULL), 8);
}

/* ---- R4.11 */

static int parallel_of_nothing(void *arg)
{
    int outcome = 77, error = miou_parallel(&outcome, nothing, &arg, 0);

    return error ? error : outcome == 77 && miou_parallel(NULL, nothing, NULL, 0) == 0;
}

CHECK("R4.11", of_nothing_touches_nothing)
{
    expect_code(run_with(2, parallel_of_nothing, NULL), 1);
    expect_code(run_with(0, parallel_of_nothing, NULL), 1);
}

/* ---- R4.14 */

struct numbers {
    int returned[5];
    int written[5][4]; /* what all(size) wrote, for sizes 0 to 4, over -7 */
};

static int ask_all(void *arg)
{
    struct numbers *asked = arg;
    int size, i;

    for (size = 0; size <= 4; size++) {
        for (i = 0; i < 4; i++)
            asked->written[size][i] = -7;
        NOTE(asked->returned[size],
             miou_domain_all(size ? asked->written[size] : NULL, (size_t)size));
    }
    return 0;
}

static int ask_all_elsewhere(void *arg)
{
    return run_on(2, ask_all, arg);
}

static int ask_all_of_none(void *arg)
{
    int *written = arg;
    int none = miou_domain_all(NULL, 0);

    return none ? none : miou_domain_all(written, 1);
}

static void assert_three(const struct numbers *asked)
{
    int size, i;

    for (size = 0; size <= 4; size++) {
        with_index(size);

        expect_noted(asked->returned[size], 3);
        for (i = 0; i < 4; i++) {
            with_index(i);

            expect_number(asked->written[size][i], i < size && i < 3 ? i + 1 : -7);
        }
    }
}
#define assert_three(...) IN_HELPER(assert_three, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R4.14", all_writes_no_more_than_size)
{
    struct numbers asked;
    int written = -7;

    expect_code(run_with(3, ask_all, &asked), 0);
    assert_three(&asked);
    expect_code(run_with(3, ask_all_elsewhere, &asked), 0);
    assert_three(&asked);
    expect_code(run_with(0, ask_all_of_none, &written), 0);
    expect_code(written, -7);
}

/* ---- R4.15 */

struct flags {
    atomic_int mine, other;
};

static int meet(void *arg)
{
    struct flags *flags = arg;

    atomic_store(&flags->mine, 1);
    spin_until(&flags->other);
    return 5;
}

static int meet_the_other_way(void *arg)
{
    struct flags *flags = arg;

    atomic_store(&flags->other, 1);
    spin_until(&flags->mine);
    return 6;
}

static int two_that_meet(void *arg)
{
    miou_promise *one, *two;
    int outcome, other;

    if (call_on(1, &one, meet, arg) || call_on(2, &two, meet_the_other_way, arg) ||
        miou_await(one, &outcome) || miou_await(two, &other))
        return BOOM;
    return outcome + other;
}

CHECK("R4.15", two_called_tasks_meet)
{
    struct flags flags = {0};

    expect_code(run_with(2, two_that_meet, &flags), 11);
}

static int meet_ones_child(void *arg)
{
    miou_promise *child;
    int outcome;

    if (miou_call(&child, NULL, meet, arg))
        return BOOM;
    meet_the_other_way(arg);
    return miou_await(child, &outcome) ? BOOM : outcome;
}

static int meet_ones_child_elsewhere(void *arg)
{
    return run_on(1, meet_ones_child, arg);
}

CHECK("R4.15", a_called_task_starts_while_its_caller_spins)
{
    struct flags flags = {0}, elsewhere = {0};

    expect_code(run_with(1, meet_ones_child, &flags), 5);
    expect_code(run_with(2, meet_ones_child_elsewhere, &elsewhere), 5);
}

/* All tasks of one parallel must run at once to get past the gate. */
static int pass_the_gate(void *arg)
{
    atomic_int *waiting = arg;

    atomic_fetch_sub(waiting, 1);
    while (atomic_load(waiting))
        sched_yield();
    return 0;
}

static int parallel_at_a_gate(void *arg)
{
    void *args[] = {arg, arg, arg};

    return miou_parallel(NULL, pass_the_gate, args, 3);
}

CHECK("R4.15", the_tasks_of_parallel_meet)
{
    atomic_int waiting = 3;

    expect_code(run_with(3, parallel_at_a_gate, &waiting), 0);
    expect_number(waiting, 0);
}

/* ---- R4.16 */

enum { ROUNDS = 500 };

static int dawdle_and_end(void *arg)
{
    int round = *(int *)arg;

    dawdle(round * 5);
    return round;
}

/* Call a task and await it, again and again; returns how often it ended. */
static int go_and_come_back(void *arg)
{
    int here = miou_domain_self(), there = here == 1 ? 2 : 1, round;

    (void)arg;
    for (round = 0; round < ROUNDS; round++) {
        if (run_on(there, dawdle_and_end, &round) != round)
            break;
        dawdle(round);
    }
    return round;
}

static int go_and_come_back_elsewhere(void *arg)
{
    return run_on(1, go_and_come_back, arg);
}

CHECK("R4.16", five_hundred_wakings_from_dom0)
{
    expect_code(run_with(1, go_and_come_back, NULL), ROUNDS);
}

CHECK("R4.16", five_hundred_wakings_between_others)
{
    expect_code(run_with(2, go_and_come_back_elsewhere, NULL), ROUNDS);
}

static int raise_and_yield(void *arg)
{
    atomic_store((atomic_int *)arg, 1);
    while (!yield_to_all())
        ;
    return 0;
}

/* Wait for a child on another domain, so that this one sleeps. */
static int wait_for_such_a_child(void *arg)
{
    miou_promise *promise;
    int error = call_on(2, &promise, raise_and_yield, arg);

    return error ? error : miou_await(promise, NULL);
}

static int cancel_the_sleeping(void *arg)
{
    miou_promise *promise;
    atomic_int up;
    int round, outcome;

    (void)arg;
    for (round = 0; round < ROUNDS / 10; round++) {
        atomic_init(&up, 0);
        if (call_on(1, &promise, wait_for_such_a_child, &up))
            break;
        while (round % 4 && !atomic_load(&up))
            yield_to_all();
        dawdle(round);
        if (miou_cancel(promise) || miou_await(promise, &outcome) || outcome != MIOU_CANCELLED ||
            miou_promise_free(promise))
            break;
    }
    return round;
}

CHECK("R4.16 R4.18", cancel_wakes_the_sleeping)
{
    expect_code(run_with(2, cancel_the_sleeping, NULL), ROUNDS / 10);
}

/* ---- R4.17 */

struct threads {
    pthread_t caller, at_first, after_waiting;
    int outcome;
};

static int note_threads(void *arg)
{
    struct threads *threads = arg;
    int error;

    threads->at_first = pthread_self();
    error = run_on(1, nothing, NULL);
    threads->after_waiting = pthread_self();
    return error;
}

static void *run_and_note_threads(void *arg)
{
    struct threads *threads = arg;

    threads->caller = pthread_self();
    NOTE(threads->outcome, miou_run(&(miou_options){.domains = 1}, note_threads, threads));
    return NULL;
}

static void assert_in_the_caller(const struct threads *threads)
{
    expect_noted(threads->outcome, 0);
    expect_true(pthread_equal(threads->caller, threads->at_first));
    expect_true(pthread_equal(threads->caller, threads->after_waiting));
}
#define assert_in_the_caller(...) IN_HELPER(assert_in_the_caller, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R4.17 R1.1", main_stays_in_the_calling_thread)
{
    struct threads here = {.outcome = 0}, there = {.outcome = 0};
    pthread_t thread;

    run_and_note_threads(&here);
    assert_in_the_caller(&here);
    start_thread(&thread, run_and_note_threads, &there);
    expect_number(pthread_join(thread, NULL), 0);
    assert_in_the_caller(&there);
    expect_false(pthread_equal(here.caller, there.caller));
}

struct crew {
    int before, during;
    pthread_t thread[MOST_DOMAINS + 1], again[MOST_DOMAINS + 1];
};

static int note_thread(void *arg)
{
    *(pthread_t *)arg = pthread_self();
    return 0;
}

static int meet_the_crew(void *arg)
{
    struct crew *crew = arg;
    int domain, error = 0;

    note_thread(&crew->thread[0]);
    for (domain = 1; domain <= MOST_DOMAINS && !error; domain++)
        error = run_on(domain, note_thread, &crew->thread[domain]);
    for (domain = MOST_DOMAINS; domain >= 1 && !error; domain--)
        error = run_on(domain, note_thread, &crew->again[domain]);
    note_thread(&crew->again[0]);
    crew->during = threads_running();
    return error;
}

static void *note_id(void *arg)
{
    *(pid_t *)arg = gettid();
    return NULL;
}

/* Start a thread and wait until the system has forgotten it. A sanitizer may start a thread of its
 * own along with the first one; it must be there before threads are counted. */
static void warm_up(void)
{
    pthread_t thread;
    pid_t id;

    start_thread(&thread, note_id, &id);
    expect_number(pthread_join(thread, NULL), 0);
    while (!tgkill(getpid(), id, 0))
        sched_yield();
}
#define warm_up(...) IN_HELPER(warm_up, (__VA_ARGS__), #__VA_ARGS__)

static void assert_one_thread_each(check_runner *run)
{
    struct crew crew;
    int domain, other;

    warm_up();
    crew.before = threads_running();
    expect_code(run_by(run, &(miou_options){.domains = MOST_DOMAINS}, meet_the_crew, &crew), 0);
    expect_number(crew.during - crew.before, MOST_DOMAINS);
    for (domain = 0; domain <= MOST_DOMAINS; domain++) {
        with_index(domain);

        expect_true(pthread_equal(crew.thread[domain], crew.again[domain]));
        for (other = 0; other < domain; other++) {
            with_index(other);

            expect_false(pthread_equal(crew.thread[domain], crew.thread[other]));
        }
    }
}
#define assert_one_thread_each(...) IN_HELPER(assert_one_thread_each, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R4.17", as_many_threads_as_domains)
{
    assert_one_thread_each(miou_run);
}

CHECK("R4.17", as_many_threads_as_domains_with_the_posix_monitor)
{
    assert_one_thread_each(miou_unix_run);
}

/* ---- R4.20 */

struct arguments {
    atomic_int ran;
    int no_function, no_function_for_nothing, no_arguments, no_numbers, untouched;
};

static int try_bad_arguments(void *arg)
{
    struct arguments *tried = arg;
    void *args[] = {&tried->ran, &tried->ran};

    NOTE(tried->no_function, miou_parallel(&tried->untouched, NULL, args, 2));
    NOTE(tried->no_function_for_nothing, miou_parallel(&tried->untouched, NULL, args, 0));
    NOTE(tried->no_arguments, miou_parallel(&tried->untouched, count_up, NULL, 2));
    NOTE(tried->no_numbers, miou_domain_all(NULL, 1));
    return 0;
}

static int try_bad_arguments_elsewhere(void *arg)
{
    return run_on(1, try_bad_arguments, arg);
}

static void assert_refused(const struct arguments *tried)
{
    expect_noted(tried->no_function, -EINVAL);
    expect_noted(tried->no_function_for_nothing, -EINVAL);
    expect_noted(tried->no_arguments, -EINVAL);
    expect_noted(tried->no_numbers, -EINVAL);
    expect_code(tried->untouched, 7);
    expect_number(atomic_load(&tried->ran), 0);
}
#define assert_refused(...) IN_HELPER(assert_refused, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R4.20", parallel_of_bad_arguments)
{
    struct arguments tried = {.untouched = 7};

    expect_code(run_with(2, try_bad_arguments, &tried), 0);
    assert_refused(&tried);
    tried = (struct arguments){.untouched = 7};
    expect_code(run_with(2, try_bad_arguments_elsewhere, &tried), 0);
    assert_refused(&tried);
}

/* ---- R4.21 */

struct late {
    atomic_int up, ran;
    int error;
};

static int parallel_when_cancelled(void *arg)
{
    struct late *late = arg;
    void *args[] = {&late->ran, &late->ran};

    raise_and_yield(&late->up);
    NOTE(late->error, miou_parallel(NULL, count_up, args, 2));
    return 3;
}

static int cancel_before_parallel(void *arg)
{
    struct late *late = arg;
    miou_promise *promise;
    int outcome;

    if (call_on(1, &promise, parallel_when_cancelled, late))
        return BOOM;
    while (!atomic_load(&late->up))
        miou_yield();
    if (miou_cancel(promise) || miou_await(promise, &outcome))
        return BOOM;
    return outcome;
}

CHECK("R4.21", nothing_starts_in_a_cancelled_task)
{
    struct late late = {0};

    expect_code(run_with(2, cancel_before_parallel, &late), MIOU_CANCELLED);
    expect_noted(late.error, MIOU_CANCELLED);
    expect_number(atomic_load(&late.ran), 0);
}

/* ---- R4.22 */

enum { WORDS = 64, EXCHANGES = 300 };

/* Plain memory on purpose: only the spawn and the await order these accesses. */
struct letter {
    int question[WORDS], answer[WORDS], below[WORDS];
};

static int answer_below(void *arg)
{
    struct letter *letter = arg;
    int i;

    for (i = 0; i < WORDS; i++)
        letter->below[i] = letter->question[i] * 3;
    return 0;
}

static int answer(void *arg)
{
    struct letter *letter = arg;
    miou_promise *below;
    int i;

    if (miou_call(&below, NULL, answer_below, arg))
        return BOOM;
    for (i = 0; i < WORDS; i++)
        letter->answer[i] = letter->question[i] * 2;
    return miou_await(below, NULL);
}

/* Returns how many letters were answered word for word. */
static int write_letters(void *arg)
{
    struct letter *letter = arg;
    miou_promise *promise;
    int round, i;

    for (round = 0; round < EXCHANGES; round++) {
        for (i = 0; i < WORDS; i++)
            letter->question[i] = round + i;
        if (call_on(1 + round % 2, &promise, answer, letter) || miou_await(promise, NULL))
            return BOOM;
        for (i = 0; i < WORDS; i++)
            if (letter->answer[i] != (round + i) * 2 || letter->below[i] != (round + i) * 3)
                return round;
        miou_promise_free(promise);
    }
    return EXCHANGES;
}

CHECK("R4.22", memory_written_there_is_read_here)
{
    struct letter letter = {.question = {0}};

    expect_code(run_with(2, write_letters, &letter), EXCHANGES);
}

static int write_until_cancelled(void *arg)
{
    struct letter *letter = arg;
    int i;

    for (i = 0; i < WORDS; i++)
        letter->answer[i] = letter->question[i] + 1;
    while (!miou_yield())
        for (i = 0; i < WORDS; i++)
            letter->answer[i]++;
    for (i = 0; i < WORDS; i++)
        letter->answer[i] = -letter->question[i];
    return 0;
}

/* Returns how often a cancelled task gave its last answer, or no answer. */
static int cancel_letters(void *arg)
{
    struct letter *letter = arg;
    miou_promise *promise;
    int round, i;

    for (round = 0; round < EXCHANGES; round++) {
        for (i = 0; i < WORDS; i++) {
            letter->question[i] = round + i;
            letter->answer[i] = -round - i;
        }
        if (call_on(1, &promise, write_until_cancelled, letter))
            return BOOM;
        dawdle(round);
        if (miou_cancel(promise))
            return BOOM;
        for (i = 0; i < WORDS; i++)
            if (letter->answer[i] != -round - i)
                return round;
        miou_promise_free(promise);
    }
    return EXCHANGES;
}

CHECK("R4.22", memory_of_a_cancelled_task_is_at_rest)
{
    struct letter letter = {.question = {0}};

    expect_code(run_with(1, cancel_letters, &letter), EXCHANGES);
}

/* ---- R4.9: whatever else wakes tasks ---- */

static int call_in_parallel(void *arg)
{
    int ends[2];

    TRY(miou_parallel(ends, end_when_released, (void *[]){arg, arg}, 2));
    return ends[0] == ends[1] ? ends[0] : -1;
}

CHECK("R4.9", nothing_but_their_ends_ends_parallel)
{
    assert_children_undisturbed(call_in_parallel, 7);
}
