/* Rules R1.1 to R1.3, R1.5, R1.6, R1.15 and R1.18: runs, one after another and one in another, and
 * errors. */
#include "sockets.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* ---- R1.1, R1.2: what main returns ---- */

struct main_call {
    int returns;
    int calls;
    bool in_the_callers_thread;
    pthread_t caller;
};

static int main_task(void *arg)
{
    struct main_call *t = arg;

    t->calls++;
    t->in_the_callers_thread = pthread_equal(pthread_self(), t->caller) != 0;
    miou_yield();
    return t->returns;
}

static void assert_returns(int value)
{
    int domains;

    for (domains = 0; domains <= 2; domains++) {
        with_index(domains);
        struct main_call t = {.returns = value, .caller = pthread_self()};

        expect_code(run_with(domains, main_task, &t), value);
        expect_number(t.calls, 1);
        expect_true(t.in_the_callers_thread);
    }
}
#define assert_returns(...) IN_HELPER(assert_returns, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.1", run_returns_every_value)
{
    assert_returns(0);
    assert_returns(1);
    assert_returns(256);
    assert_returns(INT_MAX);
}

static void *run_from_a_thread(void *arg)
{
    struct main_call *t = arg;

    t->caller = pthread_self();
    NOTE(t->returns, miou_run(&(miou_options){.domains = 1}, main_task, t));
    return NULL;
}

CHECK("R1.1", whichever_thread_calls_main_is_called_there)
{
    struct main_call t = {.returns = 7};
    pthread_t thread;

    start_thread(&thread, run_from_a_thread, &t);
    expect_number(pthread_join(thread, NULL), 0);
    expect_noted(t.returns, 7);
    expect_number(t.calls, 1);
    expect_true(t.in_the_callers_thread);
}

/* An error of main that is also a code of the runtime is still main's. */
CHECK("R1.2", run_returns_every_error)
{
    assert_returns(-1);
    assert_returns(-EINVAL);
    assert_returns(MIOU_STILL_HAS_CHILDREN);
    assert_returns(MIOU_NOT_RUNNING);
    assert_returns(MIOU_CANCELLED);
    assert_returns(MIOU_LAST - 1);
    assert_returns(INT_MIN);
}

/* ---- R1.3: one run after another ---- */

enum { WAYS_TO_END = 5 };

struct one_of_many {
    int number;
    int domains; /* seen by main */
    int self;
    int child;                 /* its outcome */
    struct one_of_many *inner; /* for a task that does the same on another domain */
};

static int return_9(void *arg)
{
    (void)arg;
    return 9;
}

static int end_somehow(void *arg)
{
    struct one_of_many *t = arg;
    miou_promise *promise, *endless;
    miou_resource *resource;

    NOTE(t->domains, miou_domain_available());
    NOTE(t->self, miou_domain_self());
    TRY(miou_call(&promise, NULL, return_9, NULL));
    TRY(miou_await(promise, &t->child));
    TRY(miou_async(&endless, NULL, yield_for_ever, NULL));
    TRY(miou_resource_create(&resource, ignore, NULL));
    TRY(miou_own(resource));
    TRY(miou_yield());
    switch (t->number % WAYS_TO_END) {
    case 0: /* forgets a child */
        return miou_disown(resource);
    case 1: /* leaks */
        return miou_cancel(endless);
    case 2:
        return -7;
    case 3: /* a task on another domain breaks the rule */
        TRY(miou_call(&promise, NULL, end_somehow, t->inner));
        return miou_await(promise, NULL);
    default:
        TRY(miou_cancel(endless));
        TRY(miou_disown(resource));
        return 7;
    }
}

CHECK("R1.3", runs_follow_one_another)
{
    static const int ends[WAYS_TO_END] = {MIOU_STILL_HAS_CHILDREN, MIOU_RESOURCE_LEAKED, -7,
                                          MIOU_STILL_HAS_CHILDREN, 7};
    int i;

    for (i = 0; i < 10 * WAYS_TO_END; i++) {
        with_index(i);
        struct one_of_many inner = {0}, t = {.number = i, .inner = &inner};
        int domains = 2 + i % 3;

        expect_code(run_with(domains, end_somehow, &t), ends[i % WAYS_TO_END]);
        expect_noted(t.domains, domains);
        expect_noted(t.self, 0);
        expect_code(t.child, 9);
    }
}

/* ---- R1.5, R1.6: runs that are refused ---- */

struct nested {
    int plain, with_monitor;
    int calls;
};

static int run_inside(void *arg)
{
    struct nested *t = arg;
    const miou_options options = {.domains = 1};

    NOTE(t->plain, miou_run(&options, count_one, &t->calls));
    NOTE(t->with_monitor, run_by(miou_unix_run, &options, count_one, &t->calls));
    return miou_yield() < 0 ? -1 : 3;
}

CHECK("R1.5", run_and_unix_run_inside_each_other)
{
    struct nested t = {0}, u = {0};

    expect_code(run_with(1, run_inside, &t), 3);
    expect_noted(t.plain, -EBUSY);
    expect_noted(t.with_monitor, -EBUSY);
    expect_number(t.calls, 0);
    expect_code(unix_run_with(1, run_inside, &u), 3);
    expect_noted(u.plain, -EBUSY);
    expect_noted(u.with_monitor, -EBUSY);
    expect_number(u.calls, 0);
}

/* Everything that a run calls tries to start a run. */
struct intruder {
    atomic_int times, accepted;
    int calls;
};

static int intrude(void *arg)
{
    struct intruder *t = arg;

    t->times++;
    t->accepted += miou_run(NULL, count_one, &t->calls) != -EBUSY;
    t->accepted += run_by(miou_unix_run, NULL, count_one, &t->calls) != -EBUSY;
    return 0;
}

static void intrude_in_vain(void *arg)
{
    intrude(arg);
}

static void assert_kept_out(const struct intruder *t)
{
    expect_true(t->times != 0);
    expect_number(t->accepted, 0);
    expect_number(t->calls, 0);
}
#define assert_kept_out(...) IN_HELPER(assert_kept_out, (__VA_ARGS__), #__VA_ARGS__)

static int finalise_an_intruder(void *arg)
{
    miou_resource *resource;

    TRY(miou_resource_create(&resource, intrude_in_vain, arg));
    TRY(miou_own(resource));
    return miou_release(resource);
}

CHECK("R1.5", a_finaliser_cannot_start_a_run)
{
    struct intruder t = {0};

    expect_code(run_with(0, finalise_an_intruder, &t), 0);
    expect_code(unix_run_with(0, finalise_an_intruder, &t), 0);
    assert_kept_out(&t);
}

static int yield_beside_an_intruder(void *arg)
{
    miou_hook *hook;

    TRY(miou_hook_add(&hook, intrude, arg));
    TRY(let_others_run());
    return miou_hook_remove(hook);
}

CHECK("R1.5 R11.17", a_hook_cannot_start_a_run)
{
    struct intruder t = {0};

    expect_code(run_with(0, yield_beside_an_intruder, &t), 0);
    assert_kept_out(&t);
}

static void intrude_when_signalled(miou_trigger *trigger, void *arg)
{
    (void)trigger;
    intrude(arg);
}

static int signal_an_intruder(void *arg)
{
    miou_trigger *trigger;

    TRY(miou_trigger_create(&trigger));
    TRY(miou_trigger_on_signal(trigger, intrude_when_signalled, arg));
    return miou_trigger_signal(trigger);
}

CHECK("R1.5 R9.34", an_action_cannot_start_a_run)
{
    struct intruder t = {0};

    expect_code(run_with(0, signal_an_intruder, &t), 0);
    assert_kept_out(&t);
}

static size_t intrude_and_choose(void *arg, size_t count)
{
    (void)count;
    intrude(arg);
    return 0;
}

static int call_somewhere(void *arg)
{
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, return_0, arg));
    return miou_await(promise, NULL);
}

CHECK("R1.5 R13.5", the_choosing_function_cannot_start_a_run)
{
    struct intruder t = {0};
    miou_options options = {.domains = 2, .choose = intrude_and_choose, .choose_state = &t};

    expect_code(run_by(miou_run, &options, call_somewhere, NULL), 0);
    assert_kept_out(&t);
}

static size_t choose_the_first(void *arg, size_t count)
{
    (void)arg;
    (void)count;
    return 0;
}

static void intrude_in_a_turn(void *arg, const int *domains, size_t count)
{
    (void)domains;
    (void)count;
    intrude(arg);
}

CHECK("R1.5 R13.12", who_is_told_of_turns_cannot_start_a_run)
{
    struct intruder t = {0};
    miou_options options = {
        .domains = 2, .choose = choose_the_first, .choose_state = &t, .turn = intrude_in_a_turn};

    expect_code(run_by(miou_run, &options, call_somewhere, NULL), 0);
    t.times++; /* perhaps nobody is told */
    assert_kept_out(&t);
}

static int intrude_finally(void *arg, int cancelled)
{
    struct intruder *both = arg;

    (void)cancelled;
    return intrude(&both[0]);
}

static int intrude_on_cancellation(void *arg)
{
    struct intruder *both = arg;

    return intrude(&both[1]);
}

static int protect_an_intruder(void *arg)
{
    return miou_protect(yield_for_ever, arg, intrude_finally, intrude_on_cancellation);
}

static int cancel_an_intruder(void *arg)
{
    return cancel_waiting(protect_an_intruder, arg, NULL);
}

CHECK("R1.5 R8.15", what_a_cancellation_calls_cannot_start_a_run)
{
    struct intruder both[2] = {{0}};

    expect_code(run_with(0, cancel_an_intruder, both), 0);
    assert_kept_out(&both[0]);
    assert_kept_out(&both[1]);
}

static void intrude_on_deadlock(void *arg, const miou_waiting *waiting)
{
    (void)waiting;
    intrude(arg);
}

static int wait_for_nothing(void *arg)
{
    miou_trigger *trigger;

    (void)arg;
    TRY(miou_trigger_create(&trigger));
    return miou_trigger_await(trigger);
}

CHECK("R1.5 R13.4", the_deadlock_function_cannot_start_a_run)
{
    struct intruder t = {0};
    miou_options options = {.domains = 1, .deadlock = intrude_on_deadlock, .deadlock_state = &t};

    expect_code(run_by(miou_run, &options, wait_for_nothing, NULL), MIOU_DEADLOCK);
    assert_kept_out(&t);
}

/* A monitor that sleeps on a semaphore. Each of its functions tries to start a run. */
enum { CREATE, SELECT, INTERRUPT, CANCELLED, FINALISE, SUSPENDED, MONITOR_FUNCTIONS };

struct intruders {
    struct intruder each[MONITOR_FUNCTIONS];
    struct bell {
        struct intruders *all;
        sem_t semaphore;
    } bells[2];
};

static int create_intruding(void **state, int domain, void *arg)
{
    struct intruders *t = arg;

    t->bells[domain].all = t;
    sem_init(&t->bells[domain].semaphore, 0, 0);
    *state = &t->bells[domain];
    return intrude(&t->each[CREATE]);
}

static int select_intruding(void *state, int block)
{
    struct bell *bell = state;

    if (block)
        sem_wait(&bell->semaphore);
    return intrude(&bell->all->each[SELECT]);
}

static void interrupt_intruding(void *state)
{
    struct bell *bell = state;

    intrude(&bell->all->each[INTERRUPT]);
    sem_post(&bell->semaphore);
}

static void cancelled_intruding(void *state, miou_syscall *point)
{
    (void)point;
    intrude(&((struct bell *)state)->all->each[CANCELLED]);
}

static void finalise_intruding(void *state)
{
    intrude(&((struct bell *)state)->all->each[FINALISE]);
}

static int suspend_intruding(void *arg)
{
    struct intruders *t = arg;
    miou_syscall *point;

    TRY(miou_syscall_create(&point));
    return miou_suspend(point, intrude_in_vain, &t->each[SUSPENDED]);
}

static int use_each_function(void *arg)
{
    miou_promise *promise;

    TRY(call_somewhere(NULL));
    TRY(miou_async(&promise, NULL, suspend_intruding, arg));
    TRY(miou_yield());
    return miou_cancel(promise);
}

CHECK("R1.5", a_monitor_cannot_start_a_run)
{
    static struct intruders t;
    const miou_monitor monitor = {.create = create_intruding,
                                  .select = select_intruding,
                                  .interrupt = interrupt_intruding,
                                  .cancelled = cancelled_intruding,
                                  .finalise = finalise_intruding,
                                  .arg = &t};
    int i;

    expect_code(
        run_by(miou_run, &(miou_options){.domains = 1, .monitor = &monitor}, use_each_function, &t),
        0);
    /* Perhaps no domain slept, and none looked at its monitor while it was busy. */
    t.each[INTERRUPT].times++;
    t.each[SELECT].times++;
    for (i = 0; i < MONITOR_FUNCTIONS; i++) {
        with_index(i);

        assert_kept_out(&t.each[i]);
    }
}

CHECK("R1.6", bad_arguments_of_run)
{
    int calls = 0;

    expect_code(miou_run(NULL, NULL, NULL), -EINVAL);
    expect_code(run_with(1, NULL, &calls), -EINVAL);
    expect_code(run_with(-1, count_one, &calls), -EINVAL);
    expect_code(run_with(INT_MIN, count_one, &calls), -EINVAL);
    expect_number(calls, 0);
    expect_code(run_with(1, count_one, &calls), 0);
    expect_number(calls, 1);
}

CHECK("R1.6", bad_arguments_of_unix_run)
{
    int calls = 0;

    expect_code(run_by(miou_unix_run, NULL, NULL, NULL), -EINVAL);
    expect_code(unix_run_with(-1, count_one, &calls), -EINVAL);
    expect_code(unix_run_with(INT_MIN, count_one, &calls), -EINVAL);
    expect_number(calls, 0);
    expect_code(unix_run_with(1, count_one, &calls), 0);
    expect_number(calls, 1);
}

static int count_domains(void *arg)
{
    miou_promise *promise;

    *(int *)arg = miou_domain_available();
    return miou_call(&promise, NULL, return_9, NULL);
}

CHECK("R1.6", no_options_are_all_zero)
{
    int domains = -1;

    expect_code(miou_run(NULL, count_domains, &domains), MIOU_NO_DOMAIN_AVAILABLE);
    expect_number(domains, 0);
    domains = -1;
    expect_code(miou_run(&(miou_options){0}, count_domains, &domains), MIOU_NO_DOMAIN_AVAILABLE);
    expect_number(domains, 0);
}

/* ---- R1.15: texts ---- */

struct text {
    int code;
    const char *text;
};

static const struct text texts[] = {
    {MIOU_STILL_HAS_CHILDREN, "still has children"},
    {MIOU_RESOURCE_LEAKED, "resource leaked"},
    {MIOU_NOT_A_CHILD, "not a child"},
    {MIOU_NOT_OWNER, "not owner"},
    {MIOU_NO_DOMAIN_AVAILABLE, "no domain available"},
    {MIOU_CANCELLED, "cancelled"},
    {MIOU_IN_FINALISER, "in finaliser"},
    {MIOU_NOT_RUNNING, "not running"},
    {MIOU_NO_MONITOR, "no monitor"},
    {MIOU_DEADLOCK, "deadlock"},
    {MIOU_UNDEFINED, "undefined"},
    {MIOU_END_OF_FILE, "end of file"},
    {MIOU_ON_CANCELLATION_FAILED, "on cancellation failed"},
    {0, "success"},
    {1, "unknown error"},
    {INT_MAX, "unknown error"},
    {INT_MIN, "unknown error"},
    {-10000, "unknown error"},
    {-4000, "unknown error"}, /* no system has an error of this number */
    {MIOU_LAST, "unknown error"},
    {MIOU_LAST + 1, "unknown error"}, /* those before it may be codes of a part [R1.15] */
    {MIOU_LAST - 1, "unknown error"},
};

enum { TEXTS = sizeof texts / sizeof *texts };

CHECK("R1.15", texts_of_codes)
{
    const char *kept[TEXTS];
    int i;

    for (i = 0; i < TEXTS; i++) {
        with_index(i);

        kept[i] = miou_strerror(texts[i].code);
        expect_true(kept[i] != NULL);
        expect_text(kept[i], texts[i].text);
    }
    for (i = 0; i < TEXTS; i++) {
        with_index(i);

        expect_text(kept[i], texts[i].text);
    }
}

CHECK("R1.15", texts_of_the_system)
{
    static const int errors[] = {
        EPERM,      EINTR,  EINVAL,     EAGAIN,       ENOMEM,     EBUSY,     EBADF, EMFILE,  EPIPE,
        ECONNRESET, ENFILE, EADDRINUSE, ECONNREFUSED, ETIMEDOUT,  EOVERFLOW, EDOM,  EDEADLK, EILSEQ,
        EALREADY,   ESTALE, EDQUOT,     ECANCELED,    EOWNERDEAD, ENOTSOCK,  ELOOP};
    const int count = sizeof errors / sizeof *errors;
    const char *first = miou_strerror(-EPERM);
    int i;

    for (i = 0; i < count; i++) {
        with_index(i);

        expect_text(miou_strerror(-errors[i]), strerror(errors[i]));
    }
    expect_text(first, strerror(EPERM));
}

static void ask_in_finaliser(void *value)
{
    *(const char **)value = miou_strerror(MIOU_NOT_OWNER);
}

static int ask_for_texts(void *arg)
{
    const char **said = arg;
    miou_resource *resource;

    said[0] = miou_strerror(MIOU_NOT_A_CHILD);
    TRY(miou_resource_create(&resource, ask_in_finaliser, &said[1]));
    TRY(miou_own(resource));
    return miou_release(resource);
}

CHECK("R1.15", texts_inside_a_run)
{
    const char *said[2] = {"", ""};

    expect_code(run_with(0, ask_for_texts, said), 0);
    expect_text(said[0], "not a child");
    expect_text(said[1], "not owner");
}

/* ---- R1.18: two runs at once ---- */

struct runner {
    struct runner *other;
    int end; /* what its main returns, unless it forgets a child */
    bool forgets;
    miou_promise *_Atomic promise; /* of a child that has not ended yet */
    atomic_bool worked, over;
    int sum, result, foreign_await, foreign_cancel;
};

static int tenfold(void *arg)
{
    return miou_yield() < 0 ? -1 : (int)(intptr_t)arg * 10;
}

enum { CHILDREN = 100 };

/* Children here and on the run's other domain, which work as if the run were alone. */
static int work(struct runner *t)
{
    miou_promise *promises[CHILDREN];
    int i, outcome;

    for (i = 0; i < CHILDREN; i++) {
        int (*spawn)(miou_promise **, const miou_spawn *, miou_task *, void *) =
            i % 2 ? miou_call : miou_async;

        TRY(spawn(&promises[i], NULL, tenfold, (void *)(intptr_t)i));
    }
    for (i = 0; i < CHILDREN; i++) {
        TRY(miou_await(promises[i], &outcome));
        t->sum += outcome;
    }
    return 0;
}

static int run_beside(void *arg)
{
    struct runner *t = arg;
    miou_promise *mine, *theirs = NULL;

    TRY(miou_async(&mine, NULL, yield_for_ever, NULL));
    atomic_store(&t->promise, mine);
    while (!theirs && !atomic_load(&t->other->over)) {
        TRY(miou_yield());
        theirs = atomic_load(&t->other->promise);
    }
    NOTE(t->foreign_await, miou_await(theirs, NULL));
    NOTE(t->foreign_cancel, miou_cancel(theirs));
    TRY(work(t));
    atomic_store(&t->worked, true);
    while (!atomic_load(&t->other->worked) && !atomic_load(&t->other->over))
        TRY(miou_yield());
    if (t->forgets)
        return 0;
    TRY(yield_until(&t->other->over));
    TRY(work(t));
    TRY(miou_cancel(mine));
    return t->end;
}

static void *run_in_a_thread(void *arg)
{
    struct runner *t = arg;

    NOTE(t->result, miou_run(&(miou_options){.domains = 1}, run_beside, t));
    atomic_store(&t->over, true);
    return NULL;
}

CHECK("R1.18", runs_on_two_threads)
{
    struct runner one = {.end = 5}, two = {.forgets = true};
    pthread_t thread;

    need_tasks(2 * (CHILDREN + 2));
    one.other = &two;
    two.other = &one;
    start_thread(&thread, run_in_a_thread, &two);
    run_in_a_thread(&one);
    pthread_join(thread, NULL);
    expect_noted(one.result, 5);
    expect_number(one.sum, 2 * 49500);
    expect_one_of(one.foreign_await, MIOU_NOT_A_CHILD, -EINVAL);
    expect_one_of(one.foreign_cancel, MIOU_NOT_A_CHILD, -EINVAL);
    expect_noted(two.result, MIOU_STILL_HAS_CHILDREN);
    expect_number(two.sum, 49500);
    expect_one_of(two.foreign_await, MIOU_NOT_A_CHILD, -EINVAL);
}
