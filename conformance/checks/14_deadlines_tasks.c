/* Rules R14.3 to R14.5 and R14.7 to R14.9: what deadlines mean to a task, its children and its run.
 * No check demands that a call expire soon, only that it expires, and not before its time. */
#include "refused_calls.h"
#include "station.h"

#include <errno.h>
#include <sched.h>

/* ---- R14.3: yielding ---- */

struct yielding {
    int64_t nanoseconds, lasted;
    int result, afterwards, others;
};

static int yield_until_told(void *arg)
{
    int *others = arg, error, i;

    for (i = 0; i < LONG_PATIENCE; i++)
        if ((error = miou_yield()) < 0)
            return error;
    return *others;
}

static int note_turn(void *arg)
{
    int *others = arg;

    ++*others;
    return 0;
}

static int yield_under_a_deadline(void *arg)
{
    struct yielding *t = arg;
    int64_t before = now();
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, note_turn, &t->others));
    NOTE(t->result, miou_deadline(t->nanoseconds, yield_until_told, &t->others));
    t->lasted = now() - before;
    if (t->others != 1)
        return -EAGAIN; /* it was not let run */
    NOTE(t->afterwards, miou_yield());
    return miou_await(promise, NULL);
}

CHECK("R14.3", yielding_tells_that_the_time_is_over)
{
    const int64_t lengths[] = {-1, 0, 2 * MILLISECOND};
    size_t i;

    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        with_index(i);
        struct yielding t = {.nanoseconds = lengths[i], .afterwards = 1};

        expect_code(unix_run_with(0, yield_under_a_deadline, &t), 0);
        expect_noted(t.result, MIOU_EXPIRED);
        expect_true(t.lasted >= lengths[i]);
        expect_noted(t.afterwards, 0);
    }
}

/* ---- R14.4: nested deadlines ---- */

struct nested {
    int64_t outer, inner;
    int in_inner, in_outer, outside;
};

static int sleep_inside(void *arg)
{
    struct nested *t = arg;

    NOTE(t->in_inner, miou_sleep(t->outer < HOUR || t->inner < HOUR ? HOUR : 1));
    return 0;
}

static int nest(void *arg)
{
    struct nested *t = arg;

    TRY(miou_deadline(t->inner, sleep_inside, t));
    NOTE(t->in_outer, miou_sleep(t->outer < HOUR ? HOUR : 1));
    return 0;
}

static int nest_deadlines(void *arg)
{
    struct nested *t = arg;

    TRY(miou_deadline(t->outer, nest, t));
    NOTE(t->outside, miou_sleep(1));
    return 0;
}

CHECK("R14.4", the_earliest_of_nested_deadlines_counts)
{
    const struct nested rows[] = {
        {HOUR, MILLISECOND, MIOU_EXPIRED, 0, 0},
        {HOUR, 0, MIOU_EXPIRED, 0, 0},
        {MILLISECOND, HOUR, MIOU_EXPIRED, MIOU_EXPIRED, 0},
        {0, HOUR, MIOU_EXPIRED, MIOU_EXPIRED, 0},
        {MILLISECOND, 0, MIOU_EXPIRED, MIOU_EXPIRED, 0},
        {0, 0, MIOU_EXPIRED, MIOU_EXPIRED, 0},
        {3 * MILLISECOND, MILLISECOND, MIOU_EXPIRED, MIOU_EXPIRED, 0},
        {HOUR, HOUR, 0, 0, 0},
        {INT64_MAX, INT64_MAX - 1, 0, 0, 0},
    };
    size_t i;

    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        with_index(i);
        struct nested t = {rows[i].outer, rows[i].inner, 1, 1, 1};

        expect_code(unix_run_with(0, nest_deadlines, &t), 0);
        expect_noted(t.in_inner, rows[i].in_inner);
        expect_noted(t.in_outer, rows[i].in_outer);
        expect_noted(t.outside, rows[i].outside);
    }
}

/* Deadlines come and go by the thousand, at once and one after another. */
enum { DEEP = 100, OFTEN = 20000 };

static int go_deeper(void *arg)
{
    int *depth = arg;

    if (++*depth < DEEP)
        return miou_deadline(HOUR + *depth % 7, go_deeper, depth);
    return miou_deadline(MILLISECOND, sleep_an_hour, NULL);
}

static int nest_deeply(void *arg)
{
    int *depth = arg, i;

    for (i = 0; i < OFTEN; i++)
        TRY(miou_deadline(HOUR - i % 5, return_0, NULL));
    if (miou_deadline(HOUR, go_deeper, depth) != MIOU_EXPIRED)
        return -EIO;
    return miou_sleep(1);
}

CHECK("R14.4", deadlines_nest_deeply)
{
    int depth = 0;

    expect_code(unix_run_with(0, nest_deeply, &depth), 0);
    expect_number(depth, DEEP);
}

/* ---- R14.5: expiry and cancellation ---- */

struct both {
    int64_t nanoseconds;
    bool waits, ready;
    int expired, then, cancelled, outcome;
};

static int expire_then_wait(void *arg)
{
    struct both *t = arg;
    miou_promise *promise;

    NOTE(t->expired, miou_sleep(HOUR));
    TRY(miou_async(&promise, NULL, return_0, NULL));
    NOTE(t->then, miou_deadline(HOUR, return_number, (void *)7));
    TRY(miou_cancel(promise));
    t->ready = true;
    while (t->waits && (t->cancelled = miou_yield()) != MIOU_CANCELLED)
        ;
    return 5;
}

static int wait_under_a_deadline(void *arg)
{
    struct both *t = arg;

    return miou_deadline(t->nanoseconds, expire_then_wait, t);
}

static int await_expiring(void *arg)
{
    struct both *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, wait_under_a_deadline, t));
    while (!t->ready)
        TRY(miou_yield());
    if (t->waits)
        TRY(miou_cancel(promise));
    return miou_await(promise, &t->outcome);
}

CHECK("R14.5", a_task_goes_on_after_its_deadline)
{
    struct both t = {.nanoseconds = MILLISECOND};

    expect_code(unix_run_with(0, await_expiring, &t), 0);
    expect_noted(t.expired, MIOU_EXPIRED);
    expect_noted(t.then, 7);
    expect_code(t.outcome, 5);
}

CHECK("R14.5", cancellation_outdoes_expiry)
{
    struct both t = {.nanoseconds = MILLISECOND, .waits = true};

    expect_code(unix_run_with(0, await_expiring, &t), 0);
    expect_noted(t.expired, MIOU_EXPIRED);
    expect_code(t.cancelled, MIOU_CANCELLED);
    expect_code(t.outcome, MIOU_CANCELLED);
}

/* The calls of a group, in a cancelled task, under a deadline that has passed. */
struct too_late {
    enum call_group group;
    struct objects objects;
    atomic_bool waits;
    const char *accepted;
};

static int call_when_cancelled(void *arg)
{
    struct too_late *t = arg;

    atomic_store(&t->waits, true);
    while (miou_yield() != MIOU_CANCELLED)
        ;
    t->accepted = first_accepted(t->group, SUSPENDING, MIOU_CANCELLED, &t->objects);
    return 0;
}

static int expire_and_be_cancelled(void *arg)
{
    struct too_late *t = arg;

    TRY(objects_create(&t->objects, t->group));
    return miou_deadline(0, call_when_cancelled, t);
}

static int cancel_the_late(void *arg)
{
    return cancel_waiting(expire_and_be_cancelled, arg, &((struct too_late *)arg)->waits);
}

CHECK("R14.5", a_cancelled_task_is_not_told_that_it_is_late)
{
    static const enum call_group groups[] = {TASK_CALLS, COMBINATOR_CALLS, SLEEP_CALLS,
                                             SERVER_CALLS};
    size_t i;

    for (i = 0; i < sizeof groups / sizeof *groups; i++) {
        with_index(i);
        struct too_late t = {.group = groups[i], .accepted = "nothing"};

        expect_code(unix_run_with(1, cancel_the_late, &t), 0);
        assert_all_refused(t.accepted);
    }
}

struct asleep {
    atomic_bool begun;
    int first, again;
};

static int sleep_twice(void *arg)
{
    struct asleep *t = arg;

    atomic_store(&t->begun, true);
    NOTE(t->first, miou_sleep(HOUR));
    NOTE(t->again, miou_sleep(HOUR));
    return 0;
}

static int sleep_long_under_a_deadline(void *arg)
{
    return miou_deadline(HOUR / 2, sleep_twice, arg);
}

static int cancel_before_the_deadline(void *arg)
{
    struct asleep *t = arg;
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, sleep_long_under_a_deadline, t));
    TRY(yield_until(&t->begun));
    return miou_cancel(promise);
}

CHECK("R14.5", a_task_is_cancelled_before_its_deadline)
{
    struct asleep t = {.first = 1};

    expect_code(unix_run_with(1, cancel_before_the_deadline, &t), 0);
    expect_noted(t.first, MIOU_CANCELLED);
    expect_noted(t.again, MIOU_CANCELLED);
}

/* ---- R14.7: children ---- */

struct family {
    miou_promise *child;
    int expired, outcome;
};

static int sleep_a_moment(void *arg)
{
    (void)arg;
    return miou_sleep(2 * MILLISECOND);
}

static int spawn_under_a_deadline(void *arg)
{
    struct family *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, sleep_a_moment, NULL));
    NOTE(t->expired, miou_await(promise, NULL));
    t->child = promise;
    return 0;
}

static int outlive_a_deadline(void *arg)
{
    struct family *t = arg;

    TRY(miou_deadline(0, spawn_under_a_deadline, t));
    return miou_await(t->child, &t->outcome);
}

CHECK("R14.7", children_do_not_have_their_parents_deadline)
{
    struct family t = {.outcome = 1};

    expect_code(unix_run_with(0, outlive_a_deadline, &t), 0);
    expect_noted(t.expired, MIOU_EXPIRED);
    expect_code(t.outcome, 0);
}

static int forget_a_child(void *arg)
{
    return miou_deadline(0, spawn_under_a_deadline, arg);
}

CHECK("R14.7", a_child_whose_await_expired_is_not_settled)
{
    struct family t = {.expired = 0};

    expect_code(unix_run_with(0, forget_a_child, &t), MIOU_STILL_HAS_CHILDREN);
    expect_noted(t.expired, MIOU_EXPIRED);
}

/* Under a deadline that has passed, or that passes while the slow child ends. */
struct ending {
    miou_task *fn;
    int64_t nanoseconds;
    struct slow slow[2];
    miou_promise *promises[2];
    bool all_ended; /* when the call returned */
    int result;
};

static int begin_slow(void *arg)
{
    struct ending *t = arg;

    TRY(miou_async(&t->promises[0], NULL, return_0, NULL));
    TRY(miou_call(&t->promises[1], NULL, end_slowly, &t->slow[1]));
    until(&t->slow[1].begun);
    TRY(let_others_run());
    t->result = miou_deadline(t->nanoseconds, t->fn, t);
    t->all_ended = atomic_load(&t->slow[1].ended);
    TRY(miou_await(t->promises[0], NULL));
    return miou_await(t->promises[1], NULL);
}

static int cancel_slow(void *arg)
{
    struct ending *t = arg;

    return miou_cancel(t->promises[1]);
}

static int await_the_first(void *arg)
{
    struct ending *t = arg;

    return miou_await_first(NULL, NULL, t->promises, 2);
}

static void check_ending(miou_task *fn, int64_t nanoseconds)
{
    struct ending t = {.fn = fn, .nanoseconds = nanoseconds, .result = 1};

    expect_code(unix_run_with(1, begin_slow, &t), 0);
    expect_code(t.result, 0);
    expect_true(t.all_ended);
}
#define check_ending(...) IN_HELPER(check_ending, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R14.7", cancelling_waits_as_long_as_it_takes)
{
    check_ending(cancel_slow, 0);
    check_ending(cancel_slow, MILLISECOND);
}

CHECK("R14.7", the_first_child_is_taken_when_the_others_have_ended)
{
    check_ending(await_the_first, 0);
    check_ending(await_the_first, MILLISECOND);
}

static int end_in_parallel(void *arg)
{
    struct ending *t = arg;

    return miou_parallel(NULL, end_slowly, (void *[]){&t->slow[0], &t->slow[1]}, 2);
}

static int run_in_parallel(void *arg)
{
    struct ending *t = arg;

    NOTE(t->result, miou_deadline(t->nanoseconds, end_in_parallel, t));
    t->all_ended = atomic_load(&t->slow[0].ended) == atomic_load(&t->slow[0].begun) &&
                   atomic_load(&t->slow[1].ended) == atomic_load(&t->slow[1].begun);
    return 0;
}

CHECK("R14.7", what_was_spawned_in_parallel_has_ended)
{
    const int64_t lengths[] = {0, MILLISECOND, 3 * MILLISECOND};
    size_t i;

    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        with_index(i);
        struct ending t = {.nanoseconds = lengths[i]};

        expect_code(unix_run_with(2, run_in_parallel, &t), 0);
        expect_noted(t.result, MIOU_EXPIRED);
        expect_true(t.all_ended);
    }
}

/* ---- R14.8: where it is refused ---- */

CHECK("R14.8", refused_outside_a_run)
{
    assert_all_refused(
        first_accepted(SERVER_CALLS, EVERY_CALL, MIOU_NOT_RUNNING, &(struct objects){0}));
}

CHECK("R14.8", refused_in_finalisers)
{
    assert_refused_in_finalisers(SERVER_CALLS, miou_run);
    assert_refused_in_finalisers(SERVER_CALLS, miou_unix_run);
}

CHECK("R14.8", refused_when_cancelled)
{
    assert_refused_when_cancelled(SERVER_CALLS, miou_unix_run);
}

static int give_no_function(void *arg)
{
    int *results = arg;

    NOTE(results[0], miou_deadline(HOUR, NULL, NULL));
    NOTE(results[1], miou_deadline(0, NULL, NULL));
    return 0;
}

CHECK("R14.8", a_deadline_needs_a_function)
{
    int results[2] = {0, 0};

    expect_code(unix_run_with(0, give_no_function, results), 0);
    expect_noted(results[0], -EINVAL);
    expect_noted(results[1], -EINVAL);
}

struct unmonitored {
    const char *accepted;
};

static int call_without_a_monitor(void *arg)
{
    struct unmonitored *t = arg;

    t->accepted =
        first_accepted(SERVER_CALLS, NEEDS_MONITOR, MIOU_NO_MONITOR, &(struct objects){0});
    return 0;
}

CHECK("R14.8", refused_without_the_monitor)
{
    struct unmonitored t = {.accepted = "nothing"}, with_another = {.accepted = "nothing"};
    struct stations stations = {0};

    expect_code(run_with(0, call_without_a_monitor, &t), 0);
    assert_all_refused(t.accepted);
    expect_code(station_run(&stations, 0, call_without_a_monitor, &with_another), 0);
    assert_all_refused(with_another.accepted);
}

/* ---- R14.9: no deadlock ---- */

struct stuck {
    miou_trigger *trigger;
    int expired;
};

static int await_for_nothing(void *arg)
{
    struct stuck *t = arg;

    return miou_trigger_await(t->trigger);
}

static int get_unstuck(void *arg)
{
    struct stuck *t = arg;

    TRY(miou_trigger_create(&t->trigger));
    NOTE(t->expired, miou_deadline(5 * MILLISECOND, await_for_nothing, t));
    return 0;
}

static int get_unstuck_elsewhere(void *arg)
{
    return run_on(1, get_unstuck, arg);
}

static int get_stuck(void *arg)
{
    TRY(get_unstuck(arg));
    return await_for_nothing(arg);
}

static void ignore_deadlock(void *state, const miou_waiting *waiting)
{
    (void)state, (void)waiting;
}

CHECK("R14.9", a_deadline_to_come_is_no_deadlock)
{
    struct stuck t = {.expired = 0};

    expect_code(unix_run_with(0, get_unstuck, &t), 0);
    expect_noted(t.expired, MIOU_EXPIRED);
}

CHECK("R14.9", a_deadline_to_come_elsewhere_is_no_deadlock)
{
    struct stuck t = {.expired = 0};

    expect_code(unix_run_with(1, get_unstuck_elsewhere, &t), 0);
    expect_noted(t.expired, MIOU_EXPIRED);
}

CHECK("R14.9", a_deadline_that_has_passed_is_one)
{
    struct stuck t = {.expired = 0};

    expect_code(run_by(miou_unix_run, &(miou_options){.deadlock = ignore_deadlock}, get_stuck, &t),
                MIOU_DEADLOCK);
    expect_noted(t.expired, MIOU_EXPIRED);
}
