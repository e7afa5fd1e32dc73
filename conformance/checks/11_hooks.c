/* Rules R11.14 to R11.17 and R11.19: hooks. */
#include "refused_calls.h"
#include "station.h"

#include <errno.h>

/* ---- R11.14: when hooks are called ---- */

enum { YIELDS = 100 };

struct hooked {
    miou_hook *hook;
    int calls;
    int counted[YIELDS]; /* calls, when each yield had returned */
    int other_calls;
    atomic_bool running; /* a task of the domain is */
    atomic_int inside;   /* calls meanwhile */
    int returns;
};

static int count_call(void *arg)
{
    struct hooked *t = arg;

    t->calls++;
    t->inside += atomic_load(&t->running);
    return t->returns;
}

/* Run for a moment in which no hook may be called. */
static void run_alone(struct hooked *t, int round)
{
    atomic_store(&t->running, true);
    dawdle(round);
    atomic_store(&t->running, false);
}

static int yield_hooked(void *arg)
{
    struct hooked *t = arg;
    int i;

    TRY(miou_hook_add(&t->hook, count_call, t));
    for (i = 0; i < YIELDS; i++) {
        run_alone(t, i);
        TRY(miou_yield());
        t->counted[i] = t->calls;
    }
    return 0;
}

static int yield_hooked_there(void *arg)
{
    return run_on(1, yield_hooked, arg);
}

static void assert_hooked(int (*run)(int, miou_task *, void *), int domains, miou_task *fn)
{
    struct hooked t = {0};
    int i;

    expect_code(run(domains, fn, &t), 0);
    for (i = 0; i < YIELDS; i++) {
        with_index(i);

        expect_number(t.counted[i], i + 1);
    }
    expect_number(t.inside, 0);
}
#define assert_hooked(...) IN_HELPER(assert_hooked, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R11.14", a_hook_is_called_for_each_yield)
{
    assert_hooked(run_with, 0, yield_hooked);
    assert_hooked(unix_run_with, 0, yield_hooked);
    assert_hooked(run_with, 1, yield_hooked_there);
}

/* Several tasks take turns: the hook is called between any two turns, once for each yield. */
enum { TASKS = 5 };

struct turn {
    struct hooked *hooked;
    int *turns;
};

static int take_turns(void *arg)
{
    struct turn *t = arg;
    int i;

    for (i = 0; i < YIELDS; i++) {
        ++*t->turns;
        run_alone(t->hooked, i);
        TRY(miou_yield());
    }
    return 0;
}

static int turns_hooked(void *arg)
{
    struct hooked *t = arg;
    miou_promise *promises[TASKS];
    int i, turns = 0;
    struct turn turn = {t, &turns};

    TRY(miou_hook_add(&t->hook, count_call, t));
    for (i = 0; i < TASKS; i++)
        TRY(miou_async(&promises[i], NULL, take_turns, &turn));
    while (turns < TASKS * YIELDS)
        TRY(miou_yield());
    t->counted[0] = t->calls;
    t->counted[1] = turns;
    for (i = 0; i < TASKS; i++)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

CHECK("R11.14", a_hook_is_called_between_tasks)
{
    struct hooked t = {0};

    expect_code(run_with(0, turns_hooked, &t), 0);
    expect_number(t.inside, 0);
    /* Each task still has to yield after its last turn; main has yielded as often as each. */
    expect_at_least(t.counted[0], t.counted[1]);
    expect_at_most(t.counted[0], t.counted[1] + t.counted[1] / TASKS + 2 * TASKS);
}

/* Suspensions of every kind: in await, on a point, and in a sleep. */
static int await_hooked(void *arg)
{
    struct hooked *t = arg;
    miou_promise *promise;

    TRY(miou_hook_add(&t->hook, count_call, t));
    TRY(miou_async(&promise, NULL, return_0, NULL));
    TRY(miou_await(promise, NULL));
    t->counted[0] = t->calls;
    TRY(miou_sleep(1000));
    t->counted[1] = t->calls;
    TRY(miou_cancel(promise));
    return 0;
}

CHECK("R11.14", a_hook_is_called_for_each_suspension)
{
    struct hooked t = {0};

    expect_code(unix_run_with(0, await_hooked, &t), 0);
    expect_at_least(t.counted[0], 1);
    expect_true(t.counted[1] > t.counted[0]);
}

/* The hook of one domain, while tasks of another yield. The task that added it has ended, which may
 * be a turn of the hook's own, and so may be the end of the one that yields. */
struct domains {
    struct hooked hooked;
    int before, meanwhile, there;
};

static int add_hook(void *arg)
{
    struct hooked *t = arg;

    return miou_hook_add(&t->hook, count_call, t);
}

static int yield_often(void *arg)
{
    int i;

    (void)arg;
    for (i = 0; i < YIELDS; i++)
        TRY(miou_yield());
    return 0;
}

static int yield_and_run_alone(void *arg)
{
    int i;

    for (i = 0; i < YIELDS; i++) {
        run_alone(arg, i);
        TRY(miou_yield());
    }
    return 0;
}

static int yield_here_and_there(void *arg)
{
    struct domains *t = arg;

    TRY(run_on(1, add_hook, &t->hooked));
    t->before = t->hooked.calls;
    TRY(yield_often(NULL));
    t->meanwhile = t->hooked.calls - t->before;
    TRY(run_on(1, yield_and_run_alone, &t->hooked));
    t->there = t->hooked.calls - t->before;
    return 0;
}

CHECK("R11.14", a_hook_belongs_to_its_domain)
{
    struct domains t = {.before = -1};

    expect_code(run_with(1, yield_here_and_there, &t), 0);
    expect_in_range(t.meanwhile, 0, 1);
    expect_in_range(t.there, YIELDS, YIELDS + 2);
    expect_number(t.hooked.inside, 0);
}

/* ---- R11.15, R11.16: the end of hooks ---- */

enum { HOOKS = 4 };

struct hooks {
    struct hooked at[HOOKS];
    int calls[HOOKS][3]; /* at different times */
    int removed, again, after_error, null, no_place, no_function, there;
};

static int remove_first(void *arg)
{
    struct hooks *t = arg;

    return miou_hook_remove(t->at[0].hook);
}

static void note_calls(struct hooks *t, int time)
{
    int i;

    for (i = 0; i < HOOKS; i++)
        t->calls[i][time] = t->at[i].calls;
}

/* Hook 1 is removed, hook 2 returns an error, hook 3 returns a value. */
static int end_hooks(void *arg)
{
    struct hooks *t = arg;
    miou_hook *hook;
    int i;

    t->at[3].returns = 5;
    for (i = 0; i < HOOKS; i++)
        TRY(add_hook(&t->at[i]));
    TRY(miou_yield());
    note_calls(t, 0);
    NOTE(t->removed, miou_hook_remove(t->at[1].hook));
    t->at[2].returns = -1;
    TRY(miou_yield());
    note_calls(t, 1);
    t->at[2].returns = 0;
    NOTE(t->again, miou_hook_remove(t->at[1].hook));
    NOTE(t->after_error, miou_hook_remove(t->at[2].hook));
    NOTE(t->null, miou_hook_remove(NULL));
    NOTE(t->no_place, miou_hook_add(NULL, count_call, &t->at[0]));
    NOTE(t->no_function, miou_hook_add(&hook, NULL, &t->at[0]));
    TRY(yield_often(NULL));
    note_calls(t, 2);
    return 0;
}

static void assert_ended(const struct hooks *t)
{
    static const int calls[HOOKS][3] = {
        {1, 2, 2 + YIELDS}, {1, 1, 1}, {1, 2, 2}, {1, 2, 2 + YIELDS}};
    int i, time;

    for (i = 0; i < HOOKS; i++) {
        with_index(i);

        for (time = 0; time < 3; time++) {
            with_index(time);

            expect_number(t->calls[i][time], calls[i][time]);
        }
    }
}
#define assert_ended(...) IN_HELPER(assert_ended, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R11.15 R11.16", hooks_end)
{
    struct hooks t = {.removed = 1};

    expect_code(run_with(0, end_hooks, &t), 0);
    assert_ended(&t);
    expect_noted(t.removed, 0);
    expect_noted(t.again, -EINVAL);
    expect_noted(t.after_error, -EINVAL);
    expect_noted(t.null, -EINVAL);
    expect_noted(t.no_place, -EINVAL);
    expect_noted(t.no_function, -EINVAL);
}

/* A hook is added after others have been removed, which leave room for it. */
struct successor {
    struct hooked hooked;
    int removed; /* what removing one of those again returned */
    int calls;   /* of the hook, before main has returned */
};

static int remove_those_before(void *arg)
{
    struct successor *t = arg;
    struct hooked before[HOOKS] = {{0}};
    int i;

    for (i = 0; i < HOOKS; i++) {
        TRY(add_hook(&before[i]));
        TRY(miou_hook_remove(before[i].hook));
    }
    TRY(add_hook(&t->hooked));
    t->removed = -EINVAL;
    for (i = 0; i < HOOKS && t->removed == -EINVAL; i++)
        NOTE(t->removed, miou_hook_remove(before[i].hook));
    TRY(miou_yield());
    t->calls = t->hooked.calls;
    return 0;
}

CHECK("R11.16", a_hook_does_not_take_the_place_of_another)
{
    struct successor t = {.removed = 1};

    expect_code(run_with(0, remove_those_before, &t), 0);
    expect_noted(t.removed, -EINVAL);
    expect_number(t.calls, 1);
}

CHECK("R11.15", hooks_end_with_the_run)
{
    struct hooked t = {0};
    int calls;

    expect_code(run_with(0, yield_hooked, &t), 0);
    calls = t.calls;
    expect_code(run_with(0, yield_often, NULL), 0);
    expect_number(t.calls, calls);
}

static int remove_from_there(void *arg)
{
    struct hooks *t = arg;

    TRY(add_hook(&t->at[0]));
    NOTE(t->there, run_on(1, remove_first, t));
    t->calls[0][0] = t->at[0].calls;
    TRY(miou_yield());
    t->calls[0][1] = t->at[0].calls;
    return remove_first(t);
}

CHECK("R11.16", a_hook_of_another_domain_stays)
{
    struct hooks t = {.there = 1};

    expect_code(run_with(1, remove_from_there, &t), 0);
    expect_noted(t.there, -EINVAL);
    expect_number(t.calls[0][1], t.calls[0][0] + 1);
}

/* ---- R11.17: in a hook ---- */

struct refusing {
    struct hooked hooked;
    miou_syscall *point;
    miou_resource *resource;
    miou_promise *promise;
    const char *accepted;
    bool told; /* the text of an error */
    int result;
    bool suspended; /* the task still is, after the hook has tried to signal its point */
};

#define MUST_REFUSE(call)                                                                          \
    do {                                                                                           \
        int code_ = t->accepted ? MIOU_NOT_RUNNING : (call);                                       \
        if (code_ != MIOU_NOT_RUNNING)                                                             \
            t->accepted = other_code(#call, "", MIOU_NOT_RUNNING, code_);                          \
    } while (0)

static void do_not_finalise(void *value)
{
    (void)value;
}

static int try_everything(void *arg)
{
    struct refusing *t = arg;
    miou_promise *promise;
    miou_syscall *point;
    miou_resource *resource;
    miou_hook *hook;

    t->hooked.calls++;
    t->told = miou_strerror(MIOU_NOT_RUNNING) != NULL;
    MUST_REFUSE(miou_yield());
    MUST_REFUSE(miou_async(&promise, NULL, return_0, NULL));
    MUST_REFUSE(miou_call(&promise, NULL, return_0, NULL));
    MUST_REFUSE(miou_await(t->promise, NULL));
    MUST_REFUSE(miou_cancel(t->promise));
    MUST_REFUSE(miou_promise_free(t->promise));
    MUST_REFUSE(miou_domain_self());
    MUST_REFUSE(miou_domain_available());
    MUST_REFUSE(miou_resource_create(&resource, do_not_finalise, NULL));
    MUST_REFUSE(miou_check(t->resource));
    MUST_REFUSE(miou_release(t->resource));
    MUST_REFUSE(miou_syscall_create(&point));
    MUST_REFUSE(miou_suspend(t->point, NULL, NULL));
    MUST_REFUSE(miou_signal(t->point));
    MUST_REFUSE(miou_hook_add(&hook, try_everything, t));
    MUST_REFUSE(miou_hook_remove(t->hooked.hook));
    if (!t->accepted && miou_monitor_state())
        t->accepted = "miou_monitor_state(): expected NULL, got a pointer";
    return 0;
}

static int suspend_on_point(void *arg)
{
    struct refusing *t = arg;

    TRY(miou_syscall_create(&t->point));
    t->suspended = true;
    NOTE(t->result, miou_suspend(t->point, NULL, NULL));
    t->suspended = false;
    return 0;
}

static int try_everything_in_a_hook(void *arg)
{
    struct refusing *t = arg;

    TRY(miou_resource_create(&t->resource, do_not_finalise, NULL));
    TRY(miou_own(t->resource));
    TRY(miou_async(&t->promise, NULL, suspend_on_point, t));
    TRY(miou_yield());
    TRY(miou_hook_add(&t->hooked.hook, try_everything, t));
    TRY(yield_often(NULL));
    TRY(miou_hook_remove(t->hooked.hook));
    TRY(t->suspended ? 0 : -1);
    TRY(miou_signal(t->point));
    TRY(miou_await(t->promise, NULL));
    return miou_disown(t->resource);
}

CHECK("R11.17", a_hook_can_call_nothing)
{
    struct stations stations = {0};
    struct refusing t = {.result = 1};

    expect_code(station_run(&stations, 1, try_everything_in_a_hook, &t), 0);
    expect_at_least(t.hooked.calls, YIELDS); /* the other task may suspend several times */
    expect_true(t.told);
    if (t.accepted)
        fail_with("%s", t.accepted);
    expect_noted(t.result, 0);
}

struct hook_calls {
    struct hooked hooked;
    enum call_group group;
    struct objects objects;
    const char *accepted;
};

static int try_group(void *arg)
{
    struct hook_calls *t = arg;

    t->hooked.calls++;
    if (!t->accepted)
        t->accepted = first_accepted(t->group, EVERY_CALL, MIOU_NOT_RUNNING, &t->objects);
    return 0;
}

static int try_group_in_a_hook(void *arg)
{
    struct hook_calls *t = arg;

    TRY(objects_create(&t->objects, t->group));
    TRY(miou_hook_add(&t->hooked.hook, try_group, t));
    TRY(miou_yield());
    TRY(miou_hook_remove(t->hooked.hook));
    return objects_disown(&t->objects);
}

static void assert_refused_in_hooks(enum call_group group, check_runner *run)
{
    struct hook_calls t = {.group = group};

    expect_code(run_by(run, &(miou_options){.domains = 1}, try_group_in_a_hook, &t), 0);
    assert_all_refused(t.accepted);
    expect_number(t.hooked.calls, 1);
}
#define assert_refused_in_hooks(...) IN_HELPER(assert_refused_in_hooks, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R11.17", a_hook_calls_no_task)
{
    assert_refused_in_hooks(TASK_CALLS, miou_run);
    assert_refused_in_hooks(COMBINATOR_CALLS, miou_run);
    assert_refused_in_hooks(HOOK_CALLS, miou_run);
}

CHECK("R11.17", a_hook_makes_no_point)
{
    assert_refused_in_hooks(MONITOR_CALLS, miou_run);
}

CHECK("R11.17", a_hook_does_not_sleep)
{
    assert_refused_in_hooks(SLEEP_CALLS, miou_unix_run);
}

CHECK("R11.17", a_hook_handles_no_signal)
{
    assert_refused_in_hooks(SIGNAL_CALLS, miou_run);
}

CHECK("R11.17", a_hook_uses_no_descriptor)
{
    assert_refused_in_hooks(DESCRIPTOR_CALLS, miou_unix_run);
}

CHECK("R11.17", a_hook_does_not_synchronise)
{
    assert_refused_in_hooks(SYNC_CALLS, miou_run);
}

/* ---- R11.19: in a finaliser ---- */

CHECK("R11.19 R5.18", finalisers_add_and_remove_no_hook)
{
    assert_refused_in_finalisers(HOOK_CALLS, miou_run);
}

struct kept {
    struct objects objects; /* a hook that counts its calls */
    const char *accepted;
    int calls;
};

static int count_hook_calls(void *arg)
{
    return ++((struct kept *)arg)->calls;
}

static void remove_in_finaliser(void *value)
{
    struct kept *t = value;

    t->accepted = first_accepted(HOOK_CALLS, EVERY_CALL, MIOU_IN_FINALISER, &t->objects);
}

static int keep_hook(void *arg)
{
    struct kept *t = arg;
    miou_resource *resource;
    int calls;

    TRY(miou_hook_add(&t->objects.hook, count_hook_calls, t));
    TRY(miou_resource_create(&resource, remove_in_finaliser, t));
    TRY(miou_own(resource));
    TRY(miou_release(resource));
    calls = t->calls;
    TRY(miou_yield());
    return t->calls > calls ? 0 : -1;
}

CHECK("R11.19", hooks_outlive_their_refusal)
{
    struct kept t = {0};

    expect_code(run_with(0, keep_hook, &t), 0);
    assert_all_refused(t.accepted);
}
