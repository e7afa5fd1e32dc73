/* Rules R13.1 to R13.4: deadlocks. */
#include "answers.h"
#include "refused_calls.h"
#include "sockets.h"
#include "station.h"
#include "waits.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TOLD = 16 };

static int deadlock_run(int (*run)(const miou_options *, miou_task *, void *), int domains,
                        miou_deadlock *deadlock, void *state, miou_task *fn, void *arg)
{
    return run(&(miou_options){.domains = domains, .deadlock = deadlock, .deadlock_state = state},
               fn, arg);
}

static void count_told(void *state, const miou_waiting *waiting)
{
    (void)waiting;
    ++*(int *)state;
}

/* ---- R13.1, R13.2: the end, and what is left ---- */

struct grave {
    miou_computation *computation;
    atomic_int errors, finalised, begun;
    bool everywhere;
    int returned; /* by main; the run returns MIOU_DEADLOCK instead */
};

static void finalise(void *value)
{
    ((struct grave *)value)->finalised++;
}

static int wait_in_vain(void *arg)
{
    struct grave *t = arg;
    miou_resource *resource;
    int error;

    TRY(miou_resource_create(&resource, finalise, t));
    TRY(miou_own(resource));
    t->begun++;
    error = miou_computation_await(t->computation, NULL);
    t->errors += error == MIOU_CANCELLED;
    t->errors += miou_yield() == MIOU_CANCELLED;
    return error;
}

enum { WAITING = 10 };

static int all_wait_in_vain(void *arg)
{
    struct grave *t = arg;
    miou_promise *promises[WAITING];
    int i, error;

    TRY(miou_computation_create(&t->computation));
    for (i = 0; i < WAITING; i++)
        TRY((i % 2 && t->everywhere ? miou_call : miou_async)(&promises[i], NULL, wait_in_vain, t));
    error = miou_await(promises[0], NULL);
    t->errors += error == MIOU_CANCELLED;
    return t->returned;
}

static void assert_dead(int (*run)(const miou_options *, miou_task *, void *), int domains)
{
    struct grave t = {.everywhere = domains > 0, .returned = domains % 2 ? 7 : -7};
    int told = 0;

    expect_code(deadlock_run(run, domains, count_told, &told, all_wait_in_vain, &t), MIOU_DEADLOCK);
    expect_number(told, WAITING + 1);
    expect_number(t.begun, WAITING);
    expect_number(t.finalised, WAITING);
    expect_number(t.errors, 2 * WAITING + 1);
}
#define assert_dead(...) IN_HELPER(assert_dead, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R13.1 R13.2 R13.4", a_deadlock_ends_the_run)
{
    int domains;

    for (domains = 0; domains <= 3; domains++) {
        with_index(domains);

        assert_dead(miou_run, domains);
        assert_dead(miou_unix_run, domains);
    }
}

CHECK("R13.1 R11.9", a_deadlock_with_a_monitor_of_the_users)
{
    struct stations stations = {.made = 0};
    struct grave t = {.everywhere = true};

    expect_code(station_run(&stations, 2, all_wait_in_vain, &t), MIOU_DEADLOCK);
    expect_number(t.finalised, WAITING);
    stations_assert_sound(&stations, 2);
}

/* Again and again, so that the domains fall asleep in every order. */
CHECK("R13.1", a_deadlock_is_always_noticed)
{
    int i, told = 0;

    for (i = 0; i < 200; i++) {
        with_index(i);
        struct grave t = {.everywhere = true};

        expect_code(deadlock_run(miou_run, 3, count_told, &told, all_wait_in_vain, &t),
                    MIOU_DEADLOCK);
    }
}

CHECK("R13.2 R1.16", nothing_left_of_a_deadlock)
{
    struct grave first = {.everywhere = true};
    int threads, descriptors, told = 0, i;

    /* A sanitizer starts a thread of its own along with the first other one. */
    deadlock_run(miou_unix_run, 2, count_told, &told, all_wait_in_vain, &first);
    threads = threads_running();
    descriptors = descriptors_open();
    for (i = 0; i < 10; i++) {
        struct grave t = {.everywhere = true};

        deadlock_run(miou_unix_run, 2, count_told, &told, all_wait_in_vain, &t);
    }
    expect_true(threads_fall_to(threads));
    expect_number(descriptors_open(), descriptors);
}

/* ---- R13.1: in steered runs ---- */

static int await_nothing(void *arg)
{
    struct grave *t = arg;
    miou_trigger *trigger;
    miou_resource *resource;

    TRY(miou_trigger_create(&trigger));
    TRY(miou_resource_create(&resource, finalise, t));
    TRY(miou_own(resource));
    return miou_trigger_await(trigger);
}

static int all_await_nothing(void *arg)
{
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, await_nothing, arg));
    return miou_await(promise, NULL);
}

CHECK("R13.1 R13.2 R13.5", a_steered_run_can_be_in_deadlock)
{
    int seed;

    for (seed = 0; seed < 20; seed++) {
        with_index(seed);
        struct answers answers = {.state = (uint64_t)seed, .running = true};
        struct grave t = {.finalised = 0};
        int told = 0;
        miou_options options = {.domains = 2,
                                .choose = answer_at_random,
                                .choose_state = &answers,
                                .deadlock = count_told,
                                .deadlock_state = &told};

        expect_code(run_by(seed % 2 ? miou_run : miou_unix_run, &options, all_await_nothing, &t),
                    MIOU_DEADLOCK);
        expect_number(told, 2);
        expect_number(t.finalised, 1);
    }
}

/* ---- R13.3: no deadlock ---- */

/* Two tasks wake each other in turn, so one of them can always go on. */
enum { HANDOVERS = 1000 };

struct turn {
    miou_mutex *mutex;
    miou_condition *condition;
    int whose;
    int domains;
};

struct player {
    struct turn *turn;
    int number;
};

static int play(void *arg)
{
    struct player *t = arg;
    struct turn *turn = t->turn;
    int i;

    for (i = 0; i < HANDOVERS; i++) {
        TRY(miou_mutex_lock(turn->mutex));
        while (turn->whose != t->number)
            TRY(miou_condition_wait(turn->condition, turn->mutex));
        turn->whose = 1 - t->number;
        TRY(miou_condition_signal(turn->condition));
        TRY(miou_mutex_unlock(turn->mutex));
    }
    return 0;
}

static int let_them_play(void *arg)
{
    struct turn *t = arg;
    struct player players[2] = {{t, 0}, {t, 1}};
    miou_promise *promises[2];
    int i, outcome;

    TRY(miou_mutex_create(&t->mutex));
    TRY(miou_condition_create(&t->condition));
    for (i = 0; i < 2; i++)
        TRY(spawn_on(i < t->domains ? 1 + i : 0, &promises[i], play, &players[i]));
    for (i = 0; i < 2; i++) {
        TRY(miou_await(promises[i], &outcome));
        TRY(outcome);
    }
    return 0;
}

CHECK("R13.3", tasks_that_wake_each_other)
{
    int domains;

    for (domains = 0; domains <= 2; domains++) {
        with_index(domains);
        struct turn t = {.domains = domains}, u = {.domains = domains};

        expect_code(run_with(domains, let_them_play, &t), 0);
        expect_code(unix_run_with(domains, let_them_play, &u), 0);
    }
}

/* A child that is suspended on a point, or reads, signals what main waits for. */
struct hope {
    struct stations stations;
    struct passenger passenger;
    struct pair pair;
    miou_trigger *trigger;
    int domain;
    double used;
    atomic_bool waiting;
};

static int signal_after(int error, struct hope *t)
{
    TRY(error);
    return miou_trigger_signal(t->trigger);
}

static int wait_and_signal(void *arg)
{
    struct hope *t = arg;

    return signal_after(passenger_wait(&t->passenger), t);
}

static int read_and_signal(void *arg)
{
    struct hope *t = arg;
    char byte;

    atomic_store(&t->waiting, true);
    return signal_after((int)miou_read(t->pair.fd, &byte, 1), t);
}

static int await_trigger(struct hope *t, miou_task *fn)
{
    miou_promise *promise;

    TRY(miou_trigger_create(&t->trigger));
    TRY(spawn_on(t->domain, &promise, fn, t));
    TRY(miou_trigger_await(t->trigger));
    return miou_await(promise, NULL);
}

static int await_passenger(void *arg)
{
    return await_trigger(arg, wait_and_signal);
}

static int await_reader(void *arg)
{
    struct hope *t = arg;

    TRY(pair_open(&t->pair, 0));
    TRY(await_trigger(t, read_and_signal));
    return miou_close(t->pair.fd);
}

static void *call_passenger(void *arg)
{
    struct hope *t = arg;

    until(&t->passenger.waits);
    until(&t->stations.at[t->domain].asleep);
    t->used = used_beside_us();
    passenger_call(&t->passenger);
    return NULL;
}

static void *send_to_reader(void *arg)
{
    struct hope *t = arg;

    until(&t->waiting);
    t->used = used_beside_us();
    peer_send(t->pair.peer, "x", 1);
    return NULL;
}

CHECK("R13.3", one_that_is_suspended_on_a_monitor)
{
    int domain;

    for (domain = 0; domain < 2; domain++) {
        with_index(domain);
        struct hope t = {.domain = domain};
        pthread_t thread;
        int result;

        start_thread(&thread, call_passenger, &t);
        NOTE(result, station_run(&t.stations, 1, await_passenger, &t));
        expect_number(pthread_join(thread, NULL), 0);
        expect_noted(result, 0);
    }
}

CHECK("R13.3", one_that_reads)
{
    int domain;

    for (domain = 0; domain < 2; domain++) {
        with_index(domain);
        struct hope t = {.domain = domain};
        pthread_t thread;
        int result;

        start_thread(&thread, send_to_reader, &t);
        NOTE(result, unix_run_with(1, await_reader, &t));
        expect_number(pthread_join(thread, NULL), 0);
        expect_noted(result, 0);
        peer_close(t.pair.peer);
    }
}

/* ---- R13.4: the report ---- */

/* Main awaits the first of these tasks, which holds the mutex and awaits the last one. The others
 * wait for what their names say. */
enum { HOLDER, LOCKER, WAITER, COMPUTER, FORCER, CHOOSER, COMPUTATION, PEOPLE };

struct village {
    miou_mutex *mutex, *other;
    miou_condition *condition;
    miou_lazy *lazy;
    miou_trigger *trigger;
    miou_computation *computation;
    uint64_t ids[PEOPLE];
    uint64_t below[2]; /* the chooser's children */
    miou_waiting told[TOLD];
    char texts[TOLD][200];
    int count;
    atomic_int gone_on;
    int gone_on_then; /* when the function was called */
};

static int after(struct village *t, int error)
{
    t->gone_on++;
    return error;
}

static int lock_mutex(void *arg)
{
    struct village *t = arg;

    return after(t, miou_mutex_lock(t->mutex));
}

static int wait_for_condition(void *arg)
{
    struct village *t = arg;

    TRY(miou_mutex_lock(t->other));
    return after(t, miou_condition_wait(t->condition, t->other));
}

static int compute(void *arg)
{
    struct village *t = arg;

    return after(t, miou_trigger_await(t->trigger));
}

static int force(void *arg)
{
    struct village *t = arg;

    return after(t, miou_lazy_force(t->lazy, NULL));
}

static int await_computation(void *arg)
{
    struct village *t = arg;

    return after(t, miou_computation_await(t->computation, NULL));
}

static int await_one_of_two(void *arg)
{
    struct village *t = arg;
    miou_promise *promises[2];
    int i;

    for (i = 0; i < 2; i++) {
        TRY(miou_async(&promises[i], NULL, await_computation, t));
        TRY(miou_promise_id(&t->below[i], promises[i]));
    }
    return after(t, miou_await_one(NULL, NULL, promises, 2));
}

static int hold(void *arg)
{
    static miou_task *const tasks[PEOPLE] = {
        [LOCKER] = lock_mutex, [WAITER] = wait_for_condition, [COMPUTER] = force,
        [FORCER] = force,      [CHOOSER] = await_one_of_two,  [COMPUTATION] = await_computation};
    struct village *t = arg;
    miou_promise *promises[PEOPLE];
    int i;

    TRY(miou_mutex_lock(t->mutex));
    for (i = LOCKER; i < PEOPLE; i++) {
        TRY((i == COMPUTATION ? miou_call : miou_async)(&promises[i], NULL, tasks[i], t));
        TRY(miou_promise_id(&t->ids[i], promises[i]));
    }
    return after(t, miou_await(promises[COMPUTATION], NULL));
}

static int build_village(void *arg)
{
    struct village *t = arg;
    miou_promise *promise;

    TRY(miou_mutex_create(&t->mutex));
    TRY(miou_mutex_create(&t->other));
    TRY(miou_condition_create(&t->condition));
    TRY(miou_trigger_create(&t->trigger));
    TRY(miou_computation_create(&t->computation));
    TRY(miou_lazy_create(&t->lazy, compute, t));
    TRY(miou_async(&promise, NULL, hold, t));
    TRY(miou_promise_id(&t->ids[HOLDER], promise));
    return after(t, miou_await(promise, NULL));
}

static void note(void *state, const miou_waiting *waiting)
{
    struct village *t = state;

    if (t->count < TOLD) {
        t->told[t->count] = *waiting;
        snprintf(t->texts[t->count], sizeof t->texts[0], "%s", waiting->text);
    }
    t->count++;
    t->gone_on_then += t->gone_on;
}

/* What was reported of a task. 0 stands for main, whose number is not known. */
static const miou_waiting *told_of(const struct village *t, uint64_t task)
{
    const miou_waiting *found = NULL;
    int i, j;

    for (i = 0; i < t->count; i++) {
        with_index(i);
        bool known = t->told[i].task == t->below[0] || t->told[i].task == t->below[1];

        for (j = 0; j < PEOPLE; j++)
            known |= t->told[i].task == t->ids[j];
        if (task ? t->told[i].task == task : !known) {
            expect_true(found == NULL); /* each task is reported once */
            found = &t->told[i];
        }
    }
    expect_true(found != NULL);
    return found;
}
#define told_of(...) IN_HELPER(told_of, (__VA_ARGS__), #__VA_ARGS__)

/* Whether one of the numbers in a text is this one. */
static bool has_number(const char *text, uint64_t number)
{
    static const char digits[] = "0123456789";

    while (*(text += strcspn(text, digits))) {
        if (strtoull(text, NULL, 10) == number)
            return true;
        text += strspn(text, digits);
    }
    return false;
}

static void assert_text(const char *text, const miou_waiting *waiting)
{
    expect_true(strchr(text, '\n') == NULL);
    expect_true(has_number(text, waiting->task));
    expect_true(has_number(text, (uint64_t)waiting->domain));
    expect_true(waiting->on == 0 || has_number(text, waiting->on));
}
#define assert_text(...) IN_HELPER(assert_text, (__VA_ARGS__), #__VA_ARGS__)

static const char *name_of(enum miou_wait what)
{
    static const char *const names[] = {[MIOU_WAIT_CHILDREN] = "MIOU_WAIT_CHILDREN",
                                        [MIOU_WAIT_MUTEX] = "MIOU_WAIT_MUTEX",
                                        [MIOU_WAIT_CONDITION] = "MIOU_WAIT_CONDITION",
                                        [MIOU_WAIT_LAZY] = "MIOU_WAIT_LAZY",
                                        [MIOU_WAIT_TRIGGER] = "MIOU_WAIT_TRIGGER",
                                        [MIOU_WAIT_COMPUTATION] = "MIOU_WAIT_COMPUTATION"};

    return what < sizeof names / sizeof *names ? names[what] : "no enum miou_wait";
}

static void assert_told(const struct village *t, uint64_t task, enum miou_wait what, uint64_t on,
                        int domain)
{
    const miou_waiting *waiting = told_of(t, task);

    expect_text(name_of(waiting->what), name_of(what));
    expect_number(waiting->on, on);
    expect_number(waiting->domain, domain);
}
#define assert_told(...) IN_HELPER(assert_told, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R13.4", each_task_that_waits_is_reported)
{
    struct village t = {.count = 0};
    int i;

    expect_code(deadlock_run(miou_run, 1, note, &t, build_village, &t), MIOU_DEADLOCK);
    expect_number(t.count, 1 + PEOPLE + 2);
    expect_number(t.gone_on_then, 0);
    assert_told(&t, 0, MIOU_WAIT_CHILDREN, t.ids[HOLDER], 0);
    expect_true(told_of(&t, 0)->task != 0);
    assert_told(&t, t.ids[HOLDER], MIOU_WAIT_CHILDREN, t.ids[COMPUTATION], 0);
    assert_told(&t, t.ids[LOCKER], MIOU_WAIT_MUTEX, t.ids[HOLDER], 0);
    assert_told(&t, t.ids[WAITER], MIOU_WAIT_CONDITION, 0, 0);
    assert_told(&t, t.ids[COMPUTER], MIOU_WAIT_TRIGGER, 0, 0);
    assert_told(&t, t.ids[FORCER], MIOU_WAIT_LAZY, t.ids[COMPUTER], 0);
    assert_told(&t, t.ids[CHOOSER], MIOU_WAIT_CHILDREN, 0, 0);
    assert_told(&t, t.ids[COMPUTATION], MIOU_WAIT_COMPUTATION, 0, 1);
    for (i = 0; i < 2; i++) {
        with_index(i);

        assert_told(&t, t.below[i], MIOU_WAIT_COMPUTATION, 0, 0);
    }
    for (i = 0; i < t.count; i++) {
        with_index(i);

        assert_text(t.texts[i], &t.told[i]);
    }
}

/* The function is called once at a time, while no task of the run runs. */
struct telling {
    struct grave grave;
    atomic_int calls, inside;
    atomic_int together; /* calls while another was not over */
    atomic_int late;     /* calls when a task had gone on */
    atomic_int in_tasks;
};

static void tell_slowly(void *state, const miou_waiting *waiting)
{
    struct telling *t = state;

    (void)waiting;
    t->calls++;
    t->together += atomic_fetch_add(&t->inside, 1) > 0;
    t->in_tasks += miou_domain_self() != MIOU_NOT_RUNNING;
    nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    t->late += t->grave.errors > 0;
    t->inside--;
}

CHECK("R13.4", a_deadlock_is_reported_while_no_task_runs)
{
    static struct telling t = {.grave.everywhere = true};

    expect_code(deadlock_run(miou_run, 3, tell_slowly, &t, all_wait_in_vain, &t.grave),
                MIOU_DEADLOCK);
    expect_number(t.calls, WAITING + 1);
    expect_number(t.together, 0);
    expect_number(t.late, 0);
    expect_number(t.in_tasks, 0);
}

/* More tasks than a runtime might hold in one piece. */
enum { MANY = 1100 };

static int many_wait_in_vain(void *arg)
{
    static miou_promise *promises[MANY];
    struct grave *t = arg;
    int i;

    TRY(miou_computation_create(&t->computation));
    for (i = 0; i < MANY; i++)
        TRY(miou_async(&promises[i], NULL, wait_in_vain, t));
    return miou_await(promises[0], NULL);
}

CHECK("R13.4", each_of_many_is_reported)
{
    struct grave t = {.errors = 0};
    int told = 0;

    need_tasks(MANY);
    expect_code(deadlock_run(miou_run, 0, count_told, &told, many_wait_in_vain, &t), MIOU_DEADLOCK);
    expect_number(told, MANY + 1);
}

/* In that function the calls are refused as outside a run. */
struct asking {
    struct objects objects;
    enum call_group group;
    const char *accepted;
    int told;
};

static void try_all_calls(void *state, const miou_waiting *waiting)
{
    struct asking *t = state;

    (void)waiting;
    t->told++;
    if (!t->accepted)
        t->accepted = first_accepted(t->group, EVERY_CALL, MIOU_NOT_RUNNING, &t->objects);
}

static int wait_with_objects(void *arg)
{
    struct asking *t = arg;
    miou_trigger *trigger;

    TRY(objects_create(&t->objects, t->group));
    TRY(miou_trigger_create(&trigger));
    return miou_trigger_await(trigger);
}

static void assert_refused_in_report(enum call_group group)
{
    struct asking t = {.group = group};

    expect_code(deadlock_run(miou_run, 1, try_all_calls, &t, wait_with_objects, &t), MIOU_DEADLOCK);
    assert_all_refused(t.accepted);
    expect_number(t.told, 1);
}
#define assert_refused_in_report(...)                                                              \
    IN_HELPER(assert_refused_in_report, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R13.4", calls_in_the_report_are_refused)
{
    assert_refused_in_report(TASK_CALLS);
    assert_refused_in_report(COMBINATOR_CALLS);
    assert_refused_in_report(SYNC_CALLS);
}

CHECK("R13.4 R11.18", calls_of_monitors_in_the_report_are_refused)
{
    assert_refused_in_report(MONITOR_CALLS);
}

/* Without that function there is one line for each task on standard error. */
CHECK("R13.4", each_task_that_waits_is_reported_on_standard_error)
{
    struct village t = {.count = 0};
    FILE *file = fdopen(need_file(), "w+");
    int character, lines = 0, length = 0, kept, result;

    expect_true(file != NULL);
    kept = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    NOTE(result, run_with(1, build_village, &t));
    dup2(kept, STDERR_FILENO);
    close(kept);
    expect_noted(result, MIOU_DEADLOCK);
    rewind(file);
    while ((character = fgetc(file)) != EOF) {
        length++;
        if (character == '\n') {
            expect_true(length > 1);
            length = 0;
            lines++;
        }
    }
    fclose(file);
    expect_number(lines, 1 + PEOPLE + 2);
    expect_number(length, 0);
}

/* ---- R13.1: whatever the tasks have waited for before ---- */

/* What comes before the deadlock. */
struct history {
    miou_task *fn;
    int domain;
    struct waits waits;
    struct pair pair;
    struct waiter waiter;
    miou_syscall *point;
    atomic_bool handled;
    int told, others; /* tasks reported; those that wait for something else than the trigger */
};

static int await_in_vain(void *arg)
{
    struct history *t = arg;
    miou_trigger *trigger;

    TRY(t->fn(t));
    TRY(miou_trigger_create(&trigger));
    return miou_trigger_await(trigger);
}

static int have_a_history(void *arg)
{
    struct history *t = arg;

    return run_on(t->domain, await_in_vain, t);
}

/* The parent awaits the task, which awaits the trigger. */
static void note_told(void *state, const miou_waiting *waiting)
{
    struct history *t = state;

    t->told++;
    t->others += waiting->what != MIOU_WAIT_TRIGGER && waiting->what != MIOU_WAIT_CHILDREN;
}

static void assert_deadlock_after(miou_task *fn, struct waits waits)
{
    int domain;

    for (domain = 0; domain < 2; domain++) {
        with_index(domain);
        struct history t = {.fn = fn, .domain = domain, .waits = waits, .pair.peer = -1};
        miou_options options = {.domains = 1, .deadlock = note_told, .deadlock_state = &t};

        expect_code(run_by(miou_unix_run, &options, have_a_history, &t), MIOU_DEADLOCK);
        expect_number(t.told, 2);
        expect_number(t.others, 0);
        if (t.pair.peer >= 0)
            peer_close(t.pair.peer);
    }
}
#define assert_deadlock_after(...) IN_HELPER(assert_deadlock_after, (__VA_ARGS__), #__VA_ARGS__)

/* ---- sleeping ---- */

static int sleep_once(void *arg)
{
    (void)arg;
    return miou_sleep(1000);
}

static int sleep_long(void *arg)
{
    (void)arg;
    return miou_sleep(INT64_MAX);
}

static int cancel_a_sleeper(void *arg)
{
    return cancel_waiting(sleep_long, arg, NULL);
}

static int spawn_sleepers(void *arg)
{
    miou_promise *promises[3];
    int i;

    for (i = 0; i < 3; i++)
        TRY(miou_async(&promises[i], NULL, sleep_once, arg));
    return miou_await_all(NULL, promises, 3);
}

CHECK("R13.1", a_deadlock_after_sleeping)
{
    assert_deadlock_after(sleep_once, (struct waits){0});
    assert_deadlock_after(cancel_a_sleeper, (struct waits){0});
    assert_deadlock_after(spawn_sleepers, (struct waits){0});
}

/* ---- descriptors ---- */

static int send_byte(void *arg)
{
    struct history *t = arg;

    return peer_send(t->pair.peer, "x", 1) == 1 ? 0 : -1;
}

static int read_once_served(void *arg)
{
    struct history *t = arg;
    miou_promise *promise;

    TRY(pair_open(&t->pair, 0));
    t->waiter.fd = t->pair.fd;
    TRY(miou_async(&promise, NULL, send_byte, t));
    TRY(read_once(&t->waiter));
    return miou_await(promise, NULL);
}

static int close_beside_a_reader(void *arg)
{
    struct history *t = arg;
    miou_promise *promise;

    TRY(pair_open(&t->pair, 0));
    t->waiter.fd = t->pair.fd;
    TRY(miou_async(&promise, NULL, read_once, &t->waiter));
    TRY(let_others_run());
    TRY(miou_close(t->pair.fd));
    return miou_await(promise, NULL);
}

static int cancel_all_waits(void *arg)
{
    struct history *t = arg;

    TRY(waits_start(&t->waits, miou_async));
    FOR_EACH_WAIT(kind, &t->waits)
    TRY(miou_cancel(t->waits.promises[kind]));
    return 0;
}

CHECK("R13.1", a_deadlock_after_waiting_for_descriptors)
{
    assert_deadlock_after(read_once_served, (struct waits){0});
    assert_deadlock_after(close_beside_a_reader, (struct waits){0});
    assert_deadlock_after(cancel_all_waits, (struct waits){WAITS_OF_STREAMS});
    assert_deadlock_after(cancel_all_waits, (struct waits){OTHER_WAITS});
}

/* ---- points and hooks ---- */

static int suspend_once(void *arg)
{
    struct history *t = arg;

    TRY(miou_syscall_create(&t->point));
    return miou_suspend(t->point, NULL, NULL);
}

static int signal_a_point(void *arg)
{
    struct history *t = arg;
    miou_promise *promise;

    TRY(miou_async(&promise, NULL, suspend_once, t));
    TRY(let_others_run());
    TRY(miou_signal(t->point));
    return miou_await(promise, NULL);
}

static int cancel_a_suspended_task(void *arg)
{
    return cancel_waiting(suspend_once, arg, NULL);
}

static int make_a_point(void *arg)
{
    struct history *t = arg;

    return miou_syscall_create(&t->point);
}

static int have_a_hook(void *arg)
{
    miou_hook *hook;

    (void)arg;
    return miou_hook_add(&hook, return_0, NULL);
}

CHECK("R13.1", a_deadlock_after_points_and_hooks)
{
    assert_deadlock_after(signal_a_point, (struct waits){0});
    assert_deadlock_after(cancel_a_suspended_task, (struct waits){0});
    assert_deadlock_after(make_a_point, (struct waits){0});
    assert_deadlock_after(have_a_hook, (struct waits){0});
}

/* ---- signals ---- */

static void note_handled(int number, void *arg)
{
    (void)number;
    atomic_store((atomic_bool *)arg, true);
}

static int remove_a_handler(void *arg)
{
    struct history *t = arg;

    TRY(miou_signal_handle(SIGUSR1, note_handled, &t->handled));
    TRY(miou_yield());
    return miou_signal_handle(SIGUSR1, MIOU_SIGNAL_DEFAULT, NULL);
}

static int handle_one_signal(void *arg)
{
    struct history *t = arg;

    TRY(miou_signal_handle(SIGUSR1, note_handled, &t->handled));
    kill(getpid(), SIGUSR1);
    TRY(yield_until(&t->handled));
    return miou_signal_handle(SIGUSR1, MIOU_SIGNAL_DEFAULT, NULL);
}

static int ignore_a_signal(void *arg)
{
    (void)arg;
    return miou_signal_handle(SIGUSR1, MIOU_SIGNAL_IGNORE, NULL);
}

CHECK("R13.1", a_deadlock_after_handlers_were_removed)
{
    assert_deadlock_after(remove_a_handler, (struct waits){0});
    assert_deadlock_after(handle_one_signal, (struct waits){0});
    assert_deadlock_after(ignore_a_signal, (struct waits){0});
}
